"""Intervals and tests for 2×2 tables: published answers, edges, and coverage by complete enumeration."""

from __future__ import annotations

import csv
import warnings
from math import inf, isnan
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from smartstart.errors import UsageError
from smartstart.trial.analysis.difference import RISK_DIFFERENCE, risk_difference
from smartstart.trial.analysis.needed import number_needed
from smartstart.trial.analysis.proportion import PROPORTION, proportion_interval
from smartstart.trial.analysis.ratio import ODDS_RATIO, RISK_RATIO, odds_ratio, risk_ratio
from smartstart.trial.analysis.records import Counts, Estimate
from smartstart.trial.analysis.score import difference_score, odds_score, ratio_score
from smartstart.trial.analysis.significance import EXACT_TABLES, TESTS, significance
from smartstart.trial.analysis.unconditional import largest_chance

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "trials" / "vectors_2x2.csv"
ELSIPS = Counts(61, 489, 87, 519)
EDGES = [
    Counts(*cells)
    for cells in (
        (0, 2, 0, 2), (2, 2, 2, 2), (2, 2, 0, 2), (0, 1, 1, 1), (0, 1, 0, 1), (0, 10, 0, 20), (10, 10, 20, 20),
        (10, 10, 0, 20), (0, 10, 20, 20), (0, 20, 3, 20), (3, 20, 0, 20), (20, 20, 18, 20), (17, 20, 20, 20),
    )
]  # fmt: skip
MEASURES = [(risk_difference, RISK_DIFFERENCE), (risk_ratio, RISK_RATIO), (odds_ratio, ODDS_RATIO)]


def vectors() -> list[dict[str, str]]:
    if not VECTORS.exists():
        return []
    with VECTORS.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def decimals(published: str) -> float:
    return 0.51 * 10.0 ** -len(published.partition(".")[2])


@pytest.mark.skipif(not VECTORS.exists(), reason="the published vectors are not in ../shared/data/trials")
@pytest.mark.parametrize("row", vectors(), ids=lambda row: f"{row['id']}-{row['method']}")
def test_every_published_interval_and_p_value_is_reproduced_to_its_last_decimal(row: dict[str, str]) -> None:
    method, events, n = row["method"].replace("_", "-"), int(row["x1"]), int(row["n1"])
    if row["measure"] == "P":
        found = proportion_interval(events, n, method)
    else:
        counts = Counts(events, n, int(row["x0"]), int(row["n0"]))
        if row["measure"] == "test":
            p_value = significance(counts, method).p_value
            assert p_value == pytest.approx(float(row["pvalue"]), abs=decimals(row["pvalue"]))
            return
        found = risk_difference(counts, method)
    for end in ("lower", "upper"):
        # a whole number in the file (0, 1.0) is an edge and meant exactly
        slack = decimals(row[end]) if len(row[end]) > 3 else 1e-12
        assert getattr(found, end) == pytest.approx(float(row[end]), abs=slack)


def test_elsips_gives_its_published_ratio_number_needed_and_p_value() -> None:
    ratio, needed = risk_ratio(ELSIPS), number_needed(risk_difference(ELSIPS))
    assert [round(value, 2) for value in (ratio.estimate, ratio.lower, ratio.upper)] == [0.74, 0.55, 1.01]
    assert needed is not None
    assert round(needed.estimate) == 23
    assert significance(ELSIPS, "chi2").p_value == pytest.approx(0.05, abs=0.006)
    assert significance(ELSIPS).p_value == pytest.approx(0.0587, abs=1e-4)


def test_voorzorg_has_the_risk_ratio_of_reports_and_not_of_no_reports() -> None:
    found = risk_ratio(Counts(26, 237, 42, 223))  # 11 % of 237 and 19 % of 223
    assert found.estimate == pytest.approx(0.58, abs=0.005)


def test_statsmodels_score_interval_of_a_difference_is_not_the_published_one_and_ours_is() -> None:
    # Newcombe, Stat Med 1998;17:873, Table II, 56/70 v 48/80: 0.0528 to 0.3382; statsmodels issue 10269
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    theirs = proportion.confint_proportions_2indep(56, 70, 48, 80, method="score", compare="diff")
    ours = risk_difference(Counts(56, 70, 48, 80))
    assert (ours.lower, ours.upper) == pytest.approx((0.0528, 0.3382), abs=5e-5)
    assert theirs == pytest.approx((0.0526, 0.3440), abs=5e-5)


@pytest.mark.parametrize("cells", [(9, 10, 3, 10), (10, 10, 0, 20)])
def test_statsmodels_score_interval_of_a_difference_fails_on_small_tables(cells: tuple[int, ...]) -> None:
    proportion = pytest.importorskip("statsmodels.stats.proportion")
    with warnings.catch_warnings(), pytest.raises(ValueError, match="different signs"):
        warnings.simplefilter("ignore")
        proportion.confint_proportions_2indep(*cells, method="score", compare="diff")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("counts", EDGES, ids=str)
def test_every_method_answers_every_edge_table_without_a_warning(counts: Counts) -> None:
    for measure, methods in MEASURES:
        for method in methods:
            found = measure(counts, method)
            assert found.lower <= found.upper
            assert isnan(found.estimate) or found.lower - 1e-12 <= found.estimate <= found.upper + 1e-12, method
            if measure is risk_difference:
                assert -1 <= found.lower <= found.upper <= 1
    for test in TESTS:
        assert 0 < significance(counts, test).p_value <= 1
    for method in PROPORTION:
        found = proportion_interval(counts.events_treated, counts.n_treated, method)
        assert 0 <= found.lower <= found.estimate <= found.upper <= 1


def test_no_events_give_an_upper_bound_in_words() -> None:
    found = proportion_interval(0, 20, "mid-p")
    assert found.note == "No events in 20 women: the risk is at most 13.9 %."
    assert "only the upper bound" in risk_ratio(Counts(0, 20, 3, 20)).note
    none = risk_ratio(Counts(0, 20, 0, 20))
    assert isnan(none.estimate)
    assert (none.lower, none.upper) == (0.0, inf)
    assert "risk difference" in none.note


@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize("cells", [(3, 10, 7, 12), (0, 10, 3, 15), (1, 50, 1, 40), (12, 12, 9, 14)])
def test_score_intervals_hold_what_a_brute_force_score_test_does_not_reject(
    cells: tuple[int, int, int, int], corrected: bool
) -> None:
    counts, z = Counts(*cells), 1.959963984540054
    risks = np.linspace(0, 1, 400_001)
    table = (
        (risk_difference, "miettinen-nurminen" if corrected else "mee", difference_score, lambda p, d: p + d),
        (risk_ratio, "miettinen-nurminen" if corrected else "koopman", ratio_score, lambda p, r: p * r),
    )
    for measure, method, score, treated_under in table:
        found = measure(counts, method)
        for end, outwards in ((found.lower, -1), (found.upper, 1)):
            if abs(end) in {0.0, 1.0, inf}:
                continue
            assert abs(float(score(*cells, end, corrected=corrected))) == pytest.approx(z, abs=1e-6)
            beyond = end + outwards * 1e-3 * abs(end)
            treated = treated_under(risks, beyond)
            possible = (treated >= 0) & (treated <= 1)
            p1, p0 = treated[possible], risks[possible]
            likelihood = binom.logpmf(cells[0], cells[1], p1) + binom.logpmf(cells[2], cells[3], p0)
            at = int(np.argmax(likelihood))
            variance = p1[at] * (1 - p1[at]) / cells[1] + p0[at] * (1 - p0[at]) / cells[3]
            gap = cells[0] / cells[1] - cells[2] / cells[3] - beyond
            if measure is risk_ratio:
                variance += (beyond**2 - 1) * p0[at] * (1 - p0[at]) / cells[3]
                gap = cells[0] / cells[1] - beyond * cells[2] / cells[3]
            women = cells[1] + cells[3]
            variance *= women / (women - 1) if corrected else 1
            assert abs(gap) / np.sqrt(variance) > z - 2e-3
            assert abs(gap) / np.sqrt(variance) == pytest.approx(
                abs(float(score(*cells, beyond, corrected=corrected))), rel=2e-3
            )


@pytest.mark.parametrize("cells", [(3, 10, 7, 12), (0, 10, 3, 15), (12, 12, 9, 14)])
def test_odds_score_is_within_its_level_at_the_ends_and_nowhere_beyond(cells: tuple[int, int, int, int]) -> None:
    found = odds_ratio(Counts(*cells))
    for end, factor in ((found.lower, 0.999), (found.upper, 1.001)):
        if end not in {0.0, inf}:
            assert abs(float(odds_score(*cells, end, corrected=True))) == pytest.approx(1.95996, abs=1e-4)
            assert abs(float(odds_score(*cells, end * factor, corrected=True))) > 1.95996


@pytest.mark.parametrize("cells", [(3, 10, 7, 12), (0, 10, 5, 15), (9, 40, 17, 41)])
def test_the_three_miettinen_nurminen_intervals_and_the_n_minus_1_test_tell_one_story(
    cells: tuple[int, int, int, int],
) -> None:
    counts = Counts(*cells)
    rejected = significance(counts, "chi2-n-1").p_value < 0.05
    for measure, nothing in ((risk_difference, 0), (risk_ratio, 1), (odds_ratio, 1)):
        found = measure(counts, "miettinen-nurminen")
        assert rejected == (not found.lower <= nothing <= found.upper)


def test_fisher_agrees_with_scipy_and_boschloo_is_never_above_it() -> None:
    for cells in ((3, 4, 1, 4), (27, 295, 52, 307), (1, 30, 9, 25), (0, 12, 5, 12)):
        counts = Counts(*cells)
        table = [[cells[0], cells[1] - cells[0]], [cells[2], cells[3] - cells[2]]]
        assert significance(counts, "fisher").p_value == pytest.approx(fisher_exact(table).pvalue, rel=1e-9)
        assert significance(counts, "boschloo").p_value <= significance(counts, "fisher").p_value


def test_boschloo_is_the_largest_chance_of_a_fisher_p_value_as_small_by_brute_force() -> None:
    n1, n0 = 12, 11
    fisher = np.array([[fisher_exact([[a, n1 - a], [b, n0 - b]]).pvalue for b in range(n0 + 1)] for a in range(n1 + 1)])
    region, risks = fisher <= fisher[7, 2] * (1 + 1e-7), np.linspace(0, 1, 20_001)[:, None]
    p1, p0 = binom.pmf(np.arange(n1 + 1), n1, risks), binom.pmf(np.arange(n0 + 1), n0, risks)
    brute = ((p1 @ region) * p0).sum(axis=1).max()
    assert significance(Counts(7, n1, 2, n0), "boschloo").p_value == pytest.approx(brute, rel=1e-6)


@pytest.mark.parametrize("test", ["boschloo", "fisher", "suissa-shuster"])
@pytest.mark.parametrize("arms", [(5, 7), (10, 10)])
def test_an_exact_test_rejects_a_true_null_at_most_as_often_as_it_says(test: str, arms: tuple[int, int]) -> None:
    n1, n0 = arms
    p_values = np.array(
        [[significance(Counts(x1, n1, x0, n0), test).p_value for x0 in range(n0 + 1)] for x1 in range(n1 + 1)]
    )
    for alpha in (0.01, 0.05, 0.1, 0.3):
        assert largest_chance(p_values <= alpha) <= alpha + 1e-6


def test_the_default_test_goes_by_size_and_never_by_result() -> None:
    assert significance(Counts(1, 1000, 900, 1000)).test.startswith("Boschloo")
    assert significance(Counts(1, 1000, 3, EXACT_TABLES // 1000 + 1)).test.startswith("Fisher")
    with pytest.raises(UsageError, match="choose fisher"):
        significance(Counts(1, 10_000, 3, 10_000), "boschloo")


def test_an_exact_interval_refuses_too_many_tables_and_an_unknown_method_lists_what_there_is() -> None:
    with pytest.raises(UsageError, match="choose miettinen-nurminen"):
        risk_difference(ELSIPS, "exact")
    with pytest.raises(UsageError, match="did you mean 'newcombe'"):
        risk_difference(ELSIPS, "newcomb")


def test_the_exact_interval_covers_at_least_its_level_by_complete_enumeration() -> None:
    n1, n0 = 8, 6
    table = {(a, b): risk_difference(Counts(a, n1, b, n0), "exact") for a in range(n1 + 1) for b in range(n0 + 1)}
    for p0 in (0.02, 0.1, 0.3, 0.5):
        for p1 in (0.02, 0.2, 0.5, 0.9):
            assert covered(table, (n1, n0), (p1, p0), p1 - p0) >= 0.95 - 1e-6


def covered(
    table: dict[tuple[int, int], Estimate], arms: tuple[int, int], risks: tuple[float, float], truth: float
) -> float:
    """Add the chances of the tables of which the interval holds the truth."""
    chances = [binom.pmf(range(n + 1), n, risk) for n, risk in zip(arms, risks, strict=True)]
    return sum(
        float(chances[0][a] * chances[1][b])
        for (a, b), found in table.items()
        if found.lower - 1e-9 <= truth <= found.upper + 1e-9
    )


@pytest.mark.parametrize("n", [20, 50])
def test_default_intervals_cover_by_complete_enumeration_at_least_nearly_their_level(n: int) -> None:
    # the bounds are what enumeration gives: below 95 % by at most this much, above it where events are rare
    for measure, nothing in ((risk_difference, 0.0), (risk_ratio, 1.0), (odds_ratio, 1.0)):
        few = range(14)  # more events have a chance below 1 in 1,000 at these rates
        table = {(a, b): measure(Counts(a, n, b, n)) for a in few for b in few}
        for rate in (0.005, 0.01, 0.02, 0.05, 0.1):
            assert 0.94 <= covered(table, (n, n), (rate, rate), nothing) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (ELSIPS, "For one event fewer: 23 women; the interval runs from 12 women for one fewer through infinity to "
         "1,158 women for one more."),
        (Counts(10, 10, 0, 20), "For one event more: 1 woman; the interval runs from 1 woman to 1.4 women."),
        (Counts(3, 20, 0, 20), "For one event more: 6.7 women; the interval runs from 2.8 women for one more through "
         "infinity to 37 women for one fewer."),
    ],
)  # fmt: skip
def test_the_number_needed_goes_through_infinity_in_words(counts: Counts, words: str) -> None:
    needed = number_needed(risk_difference(counts))
    assert needed is not None
    assert needed.words == words


def test_no_difference_has_an_infinite_number_needed_and_says_what_it_could_be() -> None:
    needed = number_needed(risk_difference(Counts(2, 10, 2, 10)))
    assert needed is not None and needed.as_dict()["estimate"] is None
    assert needed.lower > 0 and needed.upper > 0 and "No difference" in needed.words
