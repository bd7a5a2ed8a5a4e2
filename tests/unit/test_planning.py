"""How many women and years an answer takes: the numbers that the domain states, and published ones, reproduced."""

from __future__ import annotations

from itertools import product
from math import comb, sqrt

import numpy as np
import pytest
from planned_another_way import (
    approximate_power_of_a_difference,
    assurance_by_quadrature,
    fisher_region,
    simulated_assurance_of_two_risks,
)

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Counts
from smartstart.trial.analysis.significance import significance
from smartstart.trial.planning.assurance import (
    assurance_of_a_difference,
    assurance_of_two_risks,
)
from smartstart.trial.planning.event import (
    approximate_power,
    detectable_risk,
    exact_women_for_two_risks,
    women_for_two_risks,
)
from smartstart.trial.planning.exact import (
    boschloo_region,
    exact_power,
    fisher_power,
    power_of,
)
from smartstart.trial.planning.inflow import Inflow, effort_for, municipalities_needed, together
from smartstart.trial.planning.power import answer
from smartstart.trial.planning.prognosis import auc_of, saved_by_auc
from smartstart.trial.planning.question import Question
from smartstart.trial.planning.scale import (
    detectable_difference,
    exact_women_for_a_difference,
    power_of_a_difference,
    women_for_a_difference,
)

HEUSDEN = Inflow(65, 0.6, 0.8)


# --- women for a scale ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("difference", "women"), [(0.3, 175), (0.5, 63)])
def test_a_difference_on_a_scale_takes_the_known_number_of_women_per_arm(difference: float, women: int) -> None:
    assert women_for_a_difference(difference) == women


@pytest.mark.parametrize(("difference", "women"), [(0.3, 176), (0.5, 64), (0.8, 26)])
def test_the_exact_number_is_that_of_the_t_test(difference: float, women: int) -> None:
    # the R package pwr, pwr.t.test(d, power = 0.8): n = 175.3847, 63.76561, 25.52458
    assert exact_women_for_a_difference(difference) == women


def test_a_simulated_trial_finds_the_difference_as_often_as_said() -> None:
    generator = np.random.default_rng(3)
    trials, women = 20_000, 175
    means = generator.normal([0.3, 0.0], 1 / sqrt(women), (trials, 2))
    variances = generator.chisquare(2 * women - 2, trials) / (2 * women - 2)
    found = np.mean(abs(means[:, 0] - means[:, 1]) / np.sqrt(2 * variances / women) > 1.9668)
    assert found == pytest.approx(power_of_a_difference(0.3, (women, women)), abs=3 * sqrt(0.16 / trials))
    assert power_of_a_difference(0.3, (women, women)) == pytest.approx(0.8, abs=0.002)


def test_a_baseline_that_correlates_a_half_saves_a_quarter() -> None:
    assert women_for_a_difference(0.3, correlation=0.5) == 131
    assert women_for_a_difference(0.03, correlation=0.5) == pytest.approx(0.75 * 17442, abs=2)


def test_an_unequal_ratio_takes_more_women_in_all() -> None:
    smaller = women_for_a_difference(0.3, ratio=(2, 1))
    assert smaller < 175
    assert 3 * smaller > 2 * 175


def test_what_would_be_found_is_the_number_of_women_turned_round() -> None:
    assert detectable_difference((175, 175)) == pytest.approx(0.3, abs=0.001)
    assert approximate_power_of_a_difference(0.3, (175, 175)) == pytest.approx(0.8, abs=0.002)


# --- women for an event -----------------------------------------------------------------------------------


def test_half_of_one_percent_takes_thousands_of_women_per_arm() -> None:
    assert women_for_two_risks(0.010, 0.005) == women_for_two_risks(0.005, 0.010) == 4673


def brute_fisher(x: int, y: int, m: int, n: int) -> float:
    """Fisher's two-sided p-value by whole numbers only."""
    ways = {k: comb(m, k) * comb(n, x + y - k) for k in range(max(0, x + y - n), min(m, x + y) + 1)}
    return sum(way for way in ways.values() if way <= ways[x]) / sum(ways.values())


def brute_power(m: int, n: int, risks: tuple[float, float], rejected: set[tuple[int, int]]) -> float:
    p, q = risks
    return sum(comb(m, x) * p**x * (1 - p) ** (m - x) * comb(n, y) * q**y * (1 - q) ** (n - y) for x, y in rejected)


def test_the_power_of_fisher_is_that_of_every_table_by_hand() -> None:
    for m, n in [(k, k) for k in range(1, 13)] + [(5, 12), (12, 7)]:
        rejected = {(x, y) for x, y in product(range(m + 1), range(n + 1)) if brute_fisher(x, y, m, n) <= 0.05}
        for risks in ((0.0, 0.5), (0.1, 0.6), (0.9, 0.2)):
            by_hand = brute_power(m, n, risks, rejected)
            assert power_of(fisher_region(m, n, 0.05), *risks) == pytest.approx(by_hand, abs=1e-12)
            assert fisher_power(risks[1], risks[0], (m, n)) == pytest.approx(by_hand, abs=1e-10)


@pytest.mark.parametrize("arms", [(1, 1), (3, 3), (1, 12), (8, 8), (12, 12), (6, 11)])
@pytest.mark.parametrize("alpha", [0.05, 0.01])
def test_the_region_of_boschloo_is_that_of_the_test_of_the_trial_table_by_table(
    arms: tuple[int, int], alpha: float
) -> None:
    region = boschloo_region(*arms, alpha)
    for x, y in product(range(arms[0] + 1), range(arms[1] + 1)):
        p_value = significance(Counts(x, arms[0], y, arms[1]), "boschloo").p_value
        assert region[x, y] == (p_value <= alpha), (x, y)


def test_fishers_power_is_as_published() -> None:
    # Exact::power.exact.test(method = "fisher", n1 = n2 = 40, p1 = 0.3, p2 = 0.1), as zzfisher's tests cite it
    assert power_of(fisher_region(40, 40, 0.05), 0.1, 0.3) == pytest.approx(0.5339897, abs=1e-7)


@pytest.mark.parametrize(
    ("risks", "alpha", "power"),
    [((0.3, 0.1), 0.01, 0.1493), ((0.6, 0.1), 0.01, 0.7394), ((0.7, 0.2), 0.01, 0.6796), ((0.8, 0.2), 0.01, 0.8723),
     ((0.3, 0.1), 0.05, 0.3531), ((0.6, 0.1), 0.05, 0.9189), ((0.7, 0.2), 0.05, 0.8962), ((0.8, 0.2), 0.05, 0.9744)],
)  # fmt: skip
def test_boschloos_power_is_as_he_published_it(risks: tuple[float, float], alpha: float, power: float) -> None:
    # Boschloo, Stat Neerl 1970;24:1, fifteen in each arm, as the tests of the R package s-kilian/binary cite it;
    # one-sided, for equal arms two-sided at twice alpha. Ours differ by at most 0.0007 (0.3538 for 0.3531).
    assert power_of(boschloo_region(15, 15, 2 * alpha), *risks) == pytest.approx(power, abs=8e-4)


@pytest.mark.parametrize(
    ("risk", "women"), [(0.1, 126), (0.2, 168), (0.3, 190), (0.4, 204), (0.5, 190), (0.6, 168), (0.7, 126)]
)
def test_the_number_of_women_for_boschloos_test_is_as_published(risk: float, women: int) -> None:
    # Kieser, Fallzahlberechnung in der medizinischen Forschung, 2018, table 5.3: exact, equal arms, power 0.8,
    # one-sided 0.025, risks 0.2 apart; as the tests of the R package goseberg/samplesizr cite it. Its column for a
    # ratio of 2 is of a one-sided test, which for unequal arms is another one than ours.
    assert 2 * exact_women_for_two_risks(risk + 0.2, risk).per_arm == women


def test_a_tooth_that_falls_back_below_the_target_does_not_count() -> None:
    found = exact_women_for_two_risks(0.4, 0.2)
    assert (found.first, found.per_arm) == (81, 84)
    powers = {n: exact_power(0.4, 0.2, (n, n)) or 0.0 for n in range(80, 92)}
    assert powers[80] < 0.8 <= powers[81]
    assert powers[83] < 0.8
    assert all(powers[n] >= 0.8 for n in range(84, 92))
    assert "at 81 it reaches it for the first time" in found.rule


def test_too_many_women_to_search_are_by_the_formula_with_the_exact_power_beside_it() -> None:
    found = exact_women_for_two_risks(0.010, 0.005)
    assert (found.per_arm, found.exact, found.test) == (4673, False, "fisher")
    assert found.power == pytest.approx(0.777, abs=0.001)
    generator = np.random.default_rng(7)
    offer, usual = generator.binomial(4673, 0.005, 300), generator.binomial(4673, 0.010, 300)
    seen = [significance(Counts(int(x), 4673, int(y), 4673), "fisher").p_value <= 0.05
            for x, y in zip(offer, usual, strict=True)]  # fmt: skip
    assert np.mean(seen) == pytest.approx(found.power, abs=0.08)


def test_which_arm_is_the_larger_one_matters_for_a_rare_event() -> None:
    more_offered, fewer_offered = (women_for_two_risks(0.02, 0.01, ratio=ratio) for ratio in ((2, 1), (1, 2)))
    assert more_offered != fewer_offered
    for ratio, women in (((2, 1), more_offered), ((1, 2), fewer_offered)):
        arms = (women * ratio[0], women * ratio[1])
        assert approximate_power(0.02, 0.01, arms) == pytest.approx(0.8, abs=0.001)


# --- what would be found ----------------------------------------------------------------------------------


def test_none_is_said_where_even_elimination_would_not_be_seen() -> None:
    assert detectable_risk(0.01, (46, 46)) is None
    rejected = {(0, y) for y in range(13) if significance(Counts(0, 12, y, 12), "boschloo").p_value <= 0.05}
    for risk in (0.3, 0.4, 0.5):
        by_hand = brute_power(12, 12, (0.0, risk), rejected)
        assert (detectable_risk(risk, (12, 12)) is None) == (by_hand < 0.8)


def test_the_risk_that_would_be_found_has_the_power_and_a_higher_one_has_not() -> None:
    found = detectable_risk(0.3, (60, 60))
    assert found is not None
    assert (exact_power(0.3, found, (60, 60)) or 0) >= 0.8
    assert (exact_power(0.3, found + 0.001, (60, 60)) or 1) < 0.8


def test_without_women_nothing_is_found() -> None:
    assert detectable_risk(0.3, (0, 0)) is None
    assert exact_power(0.3, 0.1, (0, 5)) == 0.0
    assert power_of_a_difference(0.3, (1, 1)) == 0.0


# --- years ------------------------------------------------------------------------------------------------


def test_years_run_from_the_first_draw_to_the_last_answer_after_a_year() -> None:
    plan = effort_for("a question", 63, ratio=(1, 1), answered=1.0, per_year=63)
    assert (plan.women, plan.recruitment_years, plan.years) == (126, 2.0, 3.5)


def test_women_who_do_not_answer_are_drawn_besides() -> None:
    assert effort_for("a question", 80, ratio=(1, 1), answered=0.8, per_year=65).women == 200


def test_one_municipality_recruits_eleven_years_for_a_small_difference() -> None:
    found = answer(Question(name="a scale", inflow=HEUSDEN, difference=0.3))
    assert HEUSDEN.answers == pytest.approx(31.2)
    assert found.recruitment_years == pytest.approx(350 / 31.2, rel=0.002)
    assert found.years - found.recruitment_years == 1.5
    assert found.municipalities_needed == 4
    assert "That is about 11 years of recruitment and 1.5 more until the last answer." in found.sentences[1]


def test_several_municipalities_share_the_years_of_recruitment_but_not_those_of_waiting() -> None:
    for one in together(438, HEUSDEN):
        assert one.recruitment_years == pytest.approx(438 / 39 / one.municipalities)
        assert one.years == one.recruitment_years + 1.5
    assert municipalities_needed(438, HEUSDEN, 3) == 4
    assert municipalities_needed(117, HEUSDEN, 3) == 1
    pooled = Inflow(65, 0.6, 0.8, municipalities=4)
    assert together(438, pooled) == together(438, HEUSDEN)
    assert municipalities_needed(438, pooled, 3) == 4


def test_looks_inflate_the_women_and_the_years() -> None:
    plain, looked = (
        answer(Question(name="q", inflow=HEUSDEN, difference=0.3, inflation=factor)) for factor in (1.0, 1.2)
    )
    assert looked.per_arm == pytest.approx(1.2 * plain.per_arm, abs=1)
    assert looked.recruitment_years > plain.recruitment_years
    assert (looked.detectable.value or 0) > (plain.detectable.value or 9)
    assert looked.assurance is None


# --- assurance --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "sd"), [(0.2, 0.15), (0.3, 0.05), (0.0, 0.3), (-0.2, 0.1)])
def test_assurance_in_closed_form_is_the_mean_of_the_power(mean: float, sd: float) -> None:
    arms = (131, 140)
    for correlation in (0.0, 0.5):
        found = assurance_of_a_difference(mean, sd, arms, correlation=correlation)
        assert found == pytest.approx(assurance_by_quadrature(mean, sd, arms, correlation=correlation), abs=1e-4)


def test_a_belief_without_doubt_makes_assurance_the_power() -> None:
    found = assurance_of_a_difference(0.3, 0.0, (175, 175))
    assert found == pytest.approx(approximate_power_of_a_difference(0.3, (175, 175)))


def test_more_women_never_raise_assurance_above_the_belief_that_it_works() -> None:
    assert assurance_of_a_difference(0.2, 0.15, (10**7, 10**7)) == pytest.approx(0.9088, abs=1e-3)  # P(d > 0)


@pytest.mark.parametrize("arms", [(4673, 4673), (1500, 3000)])
def test_assurance_of_an_event_is_that_of_simulated_trials(arms: tuple[int, int]) -> None:
    found = assurance_of_two_risks(0.1, (-0.2, 0.2), arms)
    simulated = simulated_assurance_of_two_risks(0.1, (-0.2, 0.2), arms, np.random.default_rng(5))
    assert found == pytest.approx(simulated, abs=0.006)


def test_assurance_of_a_small_trial_is_by_the_exact_test() -> None:
    arms, sure = (60, 60), (np.log(1 / 3), 0.0)
    found = assurance_of_two_risks(0.3, sure, arms, prior_women=1e7)
    assert found == pytest.approx(exact_power(0.3, 0.1, arms), abs=0.002)


# --- what a score saves -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("risk", "saved"), [(0.01, 0.01), (0.026, 0.03)])
def test_a_score_saves_little_of_a_rare_event(risk: float, saved: float) -> None:
    assert round(saved_by_auc(risk, 0.75, np.random.default_rng(1)), 2) == saved


def test_a_score_that_tells_nothing_saves_nothing_and_a_better_one_more() -> None:
    savings = [saved_by_auc(0.1, auc, np.random.default_rng(1)) for auc in (0.5, 0.6, 0.75, 0.9, 0.99)]
    assert savings == sorted(savings)
    assert savings[0] == 0.0
    assert savings[-1] < 1


def test_the_auc_of_calibrated_risks_is_that_of_simulated_women() -> None:
    generator = np.random.default_rng(2)
    risks = np.sort(generator.beta(1, 6, 4_000))
    happened = generator.uniform(size=(200, 4_000)) < risks
    ranks = np.arange(1, 4_001)
    n1 = happened.sum(axis=1)
    simulated = ((happened * ranks).sum(axis=1) - n1 * (n1 + 1) / 2) / (n1 * (4_000 - n1))
    assert auc_of(risks) == pytest.approx(simulated.mean(), abs=0.003)


def test_what_a_score_saves_is_said_in_variance_women_and_years() -> None:
    found = answer(Question(name="q", inflow=HEUSDEN, difference=0.3, r2=0.25)).saving
    assert found is not None
    assert (found.variance, found.women) == (0.25, 438 - 330)
    assert found.years == pytest.approx(found.women / 39)
    baseline = answer(Question(name="q", inflow=HEUSDEN, difference=0.3, correlation=0.5)).saving
    assert baseline is not None
    assert (baseline.by, baseline.variance) == ("the scale at the start", 0.25)


# --- what makes no sense ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"difference": 0.0}, {"difference": float("nan")}, {"difference": 0.3, "risk": 0.1},
        {"risk": 0.1}, {"risk": 0.1, "lower_risk": 0.1}, {"risk": 0.1, "lower_risk": 0.2},
        {"risk": 1.0, "lower_risk": 0.5},
        {"difference": 0.3, "alpha": 0.0}, {"difference": 0.3, "power": 1.0}, {"difference": 0.3, "power": 0.01},
        {"difference": 0.3, "ratio": (0, 1)}, {"difference": 0.3, "correlation": 1.0},
        {"difference": 0.3, "within_years": 0}, {"difference": 0.3, "so_far": -1}, {"difference": 0.3, "auc": 0.7},
        {"difference": 0.3, "prior": (0.2, -1.0)}, {"difference": 0.3, "lower_risk": 0.1},
        {"risk": 0.1, "lower_risk": 0.05, "correlation": 0.5}, {"difference": 0.3, "inflation": 0.5},
        {"risk": 0.1, "lower_risk": 0.05, "r2": 0.1, "auc": 0.7}, {"risk": 0.1, "lower_risk": 0.05, "auc": 0.4},
        {"difference": 0.3, "r2": 1.0}, {"difference": 0.3, "r2": -0.1},
    ],
)  # fmt: skip
def test_a_question_without_sense_is_refused_by_its_option(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="--"):
        Question(name="q", inflow=HEUSDEN, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "numbers", [(0, 0.6, 0.8), (65, 0, 0.8), (65, 0.6, 1.2), (65, 0.6, 0.8, 0), (float("nan"), 0.6, 0.8)]
)
def test_an_inflow_of_nobody_is_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="--"):
        Inflow(*numbers)  # type: ignore[arg-type]


def test_every_assumption_carries_its_mark() -> None:
    found = answer(Question(name="q", inflow=HEUSDEN, risk=0.3, lower_risk=0.1, auc=0.7, prior=(-0.7, 0.3)))
    assumed = found.as_dict()["assumptions"]
    assert len(assumed) == 7
    assert all(text.startswith("[A] ") for text in assumed)
