"""Drawing again: the trial's own scheme, exactly where it is small, and p-values that keep their promise."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from itertools import product
from math import comb, isinf, isnan, sqrt

import numpy as np
import pytest
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.allocation import KEY_BYTES, Sequence, Unit
from smartstart.trial.analysis.contrasts import (
    difference_in_means,
    log_rank_score,
)
from smartstart.trial.analysis.redraws import Redraws, joined, permutation, scheme
from smartstart.trial.analysis.rerandomisation import Randomised, randomisation_test, randomisation_test_with_shift
from smartstart.trial.design import Design, Factor, Minimisation, closed
from smartstart.trial.simulation import Woman, paths, play

FACTORS = (Factor("smoking", ("yes", "no")), Factor("gestation", ("<16", ">=16")))
COMING = [("yes", "<16"), ("no", "<16"), ("yes", ">=16"), ("yes", "<16"), ("no", ">=16"), ("no", "<16"), ("yes", "<16")]


def minimising(ratio: tuple[int, ...] = (1, 1), **parts: str) -> Design:
    arms = tuple("abc"[: len(ratio)])
    return Design("t", arms, ratio, "minimisation", minimisation=Minimisation(FACTORS, (2, 1), **parts))


DESIGNS = {
    "blocks": Design("t", block_sizes=(4, 6, 8)),
    "blocks 2:1": Design("t", ratio=(2, 1), block_sizes=(3, 6)),
    "simple 2:1": Design("t", ratio=(2, 1), method="simple"),
    "big stick": Design("t", method="big_stick", bound=2),
    "minimisation": minimising(),
    "variance": minimising(imbalance="variance"),
    "equal shares 2:1": minimising((2, 1)),
    "biased coin 2:1": minimising((2, 1), unequal="biased_coin"),
}
THREE = {
    "blocks": Design("t", ("a", "b", "c"), (1, 1, 1), block_sizes=(3, 6)),
    "simple": Design("t", ("a", "b", "c"), (2, 1, 1), "simple"),
}


def listed(redraws: Redraws) -> dict[tuple[bool, ...], float]:
    found = redraws.all_draws()
    assert found is not None
    return {tuple(map(bool, draw)): chance for draw, chance in zip(*found, strict=True)}


@pytest.mark.parametrize("name", DESIGNS)
def test_every_allocation_has_the_chance_that_the_draw_gives_it(name: str) -> None:
    design = DESIGNS[name]
    expected: dict[tuple[bool, ...], float] = defaultdict(float)
    for path in paths(design, COMING[:6]):
        expected[tuple(arm == 0 for arm in path.arms)] += float(path.chance)
    found = listed(scheme(design, [Woman(0, levels) for levels in COMING[:6]]))
    assert found == pytest.approx(dict(expected), abs=1e-12)


@pytest.mark.parametrize("name", THREE)
def test_two_arms_of_three_are_drawn_again_given_who_is_in_the_third(name: str) -> None:
    design, drawn = THREE[name], [0, 2, 1, 1, 2, 0, 1]
    expected: dict[tuple[bool, ...], float] = defaultdict(float)
    for path in paths(design, [()] * 7):
        if all((arm == 2) == (hers == 2) for arm, hers in zip(path.arms, drawn, strict=True)):
            expected[tuple(arm == 0 for arm in path.arms)] += float(path.chance)
    whole = sum(expected.values())
    found = listed(scheme(design, [Woman()] * 7, drawn=drawn))
    assert found == pytest.approx({draw: chance / whole for draw, chance in expected.items()})


@pytest.mark.parametrize("name", DESIGNS)
def test_random_redraws_come_as_often_as_played_ones(name: str) -> None:
    dice = random.Random(3)
    strata = (Factor("band", ("low", "high")),)
    design = replace(DESIGNS[name], strata=strata, unit="household")
    women = [
        Woman(
            dice.randrange(2), tuple(map(dice.choice, (("yes", "no"), ("<16", ">=16")))), f"h{i // 2}" if i < 8 else ""
        )
        for i in range(40)
    ]
    trials = 500
    played = np.array([[one.arm == 0 for one in play(design, women, dice.randrange)] for _ in range(trials)])
    again = scheme(design, women).draws(10_000, 5)
    assert np.array_equal(again[:, 0:8:2], again[:, 1:8:2])  # a household has one arm
    for measure in (
        lambda draws: draws,
        lambda draws: draws[:, :-1] == draws[:, 1:],  # what a woman tells of the next
        lambda draws: np.abs(2 * draws.sum(axis=1) - 40)[:, None] <= 2,
    ):
        here, there = measure(played).mean(axis=0), measure(again).mean(axis=0)
        assert np.abs(here - there).max() < 4.5 * sqrt(0.25 / trials + 0.25 / 10_000)


def test_a_batch_ends_no_block_so_that_the_draw_of_two_batches_is_among_the_redraws() -> None:
    design = Design("t", block_sizes=(4, 6))
    possible = listed(scheme(design, [Woman()] * 6))
    for number in range(40):
        sequence = Sequence(design, bytes([number]) * KEY_BYTES, 1)
        arms = []
        for batch, size in (("b1", 3), ("b2", 3)):
            units = [Unit(f"{batch}{i}", "s") for i in range(size)]
            order = sequence.order(batch, "", [unit.token for unit in units])
            arm_of = {one.token: one.arm for one in sequence.allocate(batch, units)}
            arms += [arm_of[token] == "offer" for token in order]
        assert tuple(arms) in possible


def test_the_same_seed_gives_the_same_redraws_and_another_gives_others() -> None:
    redraws = scheme(DESIGNS["minimisation"], [Woman(0, levels) for levels in COMING * 5])
    assert np.array_equal(redraws.draws(50, 1), redraws.draws(50, 1))
    assert not np.array_equal(redraws.draws(50, 1), redraws.draws(50, 2))
    parts = list(redraws.chunks(50, 1))
    assert np.array_equal(np.concatenate(parts), redraws.draws(50, 1))


def test_permuting_keeps_the_numbers_of_each_stratum_and_whole_clusters() -> None:
    treated = np.array([1, 1, 0, 0, 1, 1, 0, 0], bool)
    stratum, cluster = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 2, 3, 4, 5, 6])
    found = listed(permutation(treated, stratum, cluster))
    assert len(found) == comb(3, 1) * comb(4, 2) and sum(found.values()) == pytest.approx(1)
    assert all(draw[0] == draw[1] for draw in found)
    sampled = permutation(treated, stratum, cluster).draws(3000, 1)
    assert {tuple(map(bool, draw)) for draw in sampled} == set(found)
    with pytest.raises(UsageError, match="cluster has women in both arms"):
        permutation(treated, stratum, np.array([0, 0, 0, 2, 3, 4, 5, 6]))


def test_epochs_are_drawn_one_by_one() -> None:
    first = scheme(DESIGNS["blocks"], [Woman()] * 4)
    both = joined([first, scheme(DESIGNS["simple 2:1"], [Woman()] * 2)])
    found = listed(both)
    assert both.women == 6 and sum(found.values()) == pytest.approx(1)
    assert found[(True, False, True, False, True, True)] == pytest.approx(
        listed(first)[(True, False, True, False)] * 4 / 9
    )


def test_nobody_is_drawn_again_by_what_is_no_draw() -> None:
    with pytest.raises(UsageError, match="draws nobody at random"):
        scheme(closed(DESIGNS["blocks"]), [Woman()])
    with pytest.raises(UsageError, match="give `drawn`"):
        scheme(THREE["blocks"], [Woman()] * 3)
    with pytest.raises(UsageError, match="two different arms"):
        scheme(THREE["blocks"], [Woman()] * 3, compared=(0, 3))
    with pytest.raises(UsageError, match="cannot have come from this design"):
        listed(scheme(THREE["blocks"], [Woman()] * 7, drawn=[2] * 7))
    three = minimising((1, 1, 1))
    assert "approximate" in scheme(three, [Woman(0, levels) for levels in COMING], drawn=[0, 1, 2, 0, 1, 2, 0]).note


def test_the_exact_test_of_a_permuted_table_is_fishers() -> None:
    event = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 1], bool)
    treated = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], bool)
    found = randomisation_test(difference_in_means(event.astype(float)), treated, permutation(treated), seed=1)
    fisher = stats.fisher_exact([[4, 1], [1, 4]]).pvalue
    assert found.exact and found.count == comb(10, 5) and found.p_value == pytest.approx(fisher)
    assert found.mid_p == pytest.approx(found.more_extreme + found.tied / 2) and "discrete" in found.note
    assert found.monte_carlo_error == 0


def test_a_sampled_p_value_counts_the_observed_draw_and_is_never_nought() -> None:
    outcome = np.arange(60.0)
    treated = outcome >= 30
    found = randomisation_test(difference_in_means(outcome), treated, permutation(treated), count=99, seed=1)
    assert not found.exact and found.p_value == pytest.approx(1 / 100)


@pytest.mark.parametrize("name", ["blocks", "minimisation", "big stick"])
def test_under_no_effect_the_exact_test_is_valid_and_its_randomised_p_is_uniform(name: str) -> None:
    design, women = DESIGNS[name], [Woman(0, levels) for levels in COMING + COMING[:3]]
    rng = np.random.default_rng(7)
    outcome = rng.normal(size=10) + np.linspace(0, 3, 10)  # a trend in time, which the scheme knows of
    draws, chance = scheme(design, women).all_draws() or (None, None)
    assert draws is not None and chance is not None
    statistic = difference_in_means(outcome)
    values: dict[int, Randomised] = {}
    for place in rng.choice(len(draws), size=25, p=chance):
        if place not in values:
            values[place] = randomisation_test(statistic, draws[place], scheme(design, women), seed=1)
    # over all draws with their own chance it holds exactly, and not only for those that were taken
    value = statistic(draws)
    some = np.isfinite(value)  # with an empty arm it says nothing
    everyone = np.where(some, np.abs(value - chance[some] @ value[some] / chance[some].sum()), 0.0)
    p = np.array([chance[everyone >= one - 1e-9].sum() for one in everyone])
    for place, found in values.items():
        assert found.p_value == pytest.approx(p[place])
    for alpha in (0.01, 0.05, 0.1, 0.2, 0.5):
        assert chance[p <= alpha + 1e-12].sum() <= alpha + 1e-9
    taken = rng.choice(len(draws), size=400, p=chance)
    uniform = []
    for place in taken:
        tied = chance[np.abs(everyone - everyone[place]) < 1e-9].sum()
        uniform.append(p[place] - tied + rng.random() * tied)
    assert stats.kstest(uniform, "uniform").pvalue > 0.001


def test_a_sampled_p_value_is_valid_as_well() -> None:
    design, dice, rng = DESIGNS["blocks"], random.Random(11), np.random.default_rng(11)
    women, found = [Woman()] * 30, []
    for trial in range(300):
        treated = np.array([one.arm == 0 for one in play(design, women, dice.randrange)])
        statistic = difference_in_means(rng.exponential(size=30))
        found.append(randomisation_test(statistic, treated, scheme(design, women), count=199, seed=trial).p_value)
    assert stats.kstest(found, "uniform").pvalue > 0.001


def test_one_fit_of_covariates_serves_all_redraws_and_makes_the_test_stronger() -> None:
    rng = np.random.default_rng(1)
    baseline, stratum = rng.normal(size=(100, 1)), np.arange(100) % 3
    treated = np.arange(100) % 2 == 0
    outcome = 3 * baseline[:, 0] + stratum + 0.5 * treated + 0.3 * rng.normal(size=100)
    redraws = permutation(treated, stratum)
    plain = randomisation_test(difference_in_means(outcome), treated, redraws, count=999, seed=1)
    collinear = np.column_stack([baseline, 2 * baseline])
    adjusted = difference_in_means(outcome, covariates=collinear, stratum=stratum)
    assert randomisation_test(adjusted, treated, redraws, count=999, seed=1).p_value < 0.01 < plain.p_value


def test_the_log_rank_score_is_observed_minus_expected() -> None:
    time = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0])
    event = np.array([1, 1, 0, 1, 0, 1], bool)
    treated = np.array([1, 0, 1, 0, 1, 0], bool)
    expected = 0.0
    for t in np.unique(time[event]):
        at_risk = time >= t
        expected += (event & (time == t)).sum() * (at_risk & treated).sum() / at_risk.sum()
    found = log_rank_score(time, event)(treated[None, :])
    assert found == pytest.approx([(event & treated).sum() - expected])


def test_the_interval_holds_the_planted_shift_and_is_the_one_of_the_test() -> None:
    rng = np.random.default_rng(4)
    treated = np.array([one.arm == 0 for one in play(DESIGNS["blocks"], [Woman()] * 80, random.Random(4).randrange)])
    outcome = rng.normal(size=80) + 2.0 * treated
    redraws = scheme(DESIGNS["blocks"], [Woman()] * 80)
    _, found = randomisation_test_with_shift(outcome, treated, redraws, count=1999, seed=1)
    assert found.lower < 2.0 < found.upper and found.upper - found.lower < 1.3
    for shift, refuted in ((found.lower - 0.05, True), (found.lower + 0.05, False), (found.upper + 0.05, True)):
        statistic = difference_in_means(outcome - shift * treated)
        assert (randomisation_test(statistic, treated, redraws, count=1999, seed=1).p_value <= 0.05) is refuted


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("design", [DESIGNS["blocks"], DESIGNS["simple 2:1"]], ids=["blocks", "simple"])
@pytest.mark.parametrize("outcome", [[1, 1, 1, 1], [0, 1, 2, 3], [np.nan, 1, np.nan, 2], [np.nan] * 4])
def test_four_women_give_a_result_or_a_note(design: Design, outcome: list[float]) -> None:
    values, redraws = np.array(outcome, float), scheme(design, [Woman()] * 4)
    for treated in ([True, False, True, False], [True] * 4):
        observed = np.array(treated)
        found = randomisation_test(difference_in_means(values), observed, redraws, seed=1)
        assert 0 <= found.mid_p <= found.p_value <= 1
        _, interval = randomisation_test_with_shift(values, observed, redraws, seed=1)
        assert interval.note and (isnan(interval.estimate) or isinf(interval.upper))
    with pytest.raises(UsageError, match="differ in their number"):
        randomisation_test(difference_in_means(values), np.array([True]), redraws, seed=1)


def test_all_orders_of_a_block_are_as_likely() -> None:
    found = listed(scheme(Design("t", block_sizes=(4, 8)), [Woman()] * 4))
    assert all(draw in found for draw in product([True, False], repeat=4))  # a block of 8 may begin with four alike
