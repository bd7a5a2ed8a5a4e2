"""Events pooled over municipalities: published meta-analyses of rare events, and second ways to the same answer."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from smartstart.errors import UsageError
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.stratified import stratified_score_difference
from smartstart.trial.pooling.additive import answers_of_events, components, components_from
from smartstart.trial.pooling.events import NO_BOTH, PooledEvents, pool_tables
from smartstart.trial.pooling.peto import peto, score_and_information
from smartstart.trial.pooling.records import Table2

# Nissen & Wolski, N Engl J Med 2007;356:2457, tables 3 and 4, as in R's metadat, dat.nissen2007 (counts only):
# rosiglitazone women and men, infarctions, cardiovascular deaths; the same of the control arm
ROSIGLITAZONE = """
357 2 1 176 0 0; 391 2 0 207 1 0; 774 1 0 185 1 0; 213 0 0 109 1 0; 232 1 1 116 0 0; 43 0 0 47 1 0; 121 1 0 124 0 0
110 5 3 114 2 2; 382 1 0 384 0 0; 284 1 0 135 0 0; 294 0 2 302 1 1; 563 2 0 142 0 0; 278 2 0 279 1 1; 418 2 0 212 0 0
395 2 2 198 1 0; 203 1 1 106 1 1; 104 1 0 99 2 0; 212 2 1 107 0 0; 138 3 1 139 1 0; 196 0 1 96 0 0; 122 0 0 120 1 0
175 0 0 173 1 0; 56 1 0 58 0 0; 39 1 0 38 0 0; 561 0 1 276 2 0; 116 2 2 111 3 1; 148 1 2 143 0 0; 231 1 1 242 0 0
89 1 0 88 0 0; 168 1 1 172 0 0; 116 0 0 61 0 0; 1172 1 1 377 0 0; 706 0 1 325 0 0; 204 1 0 185 2 1; 288 1 1 280 0 0
254 1 0 272 0 0; 314 1 0 154 0 0; 162 0 0 160 0 0; 442 1 1 112 0 0; 394 1 1 124 0 0; 2635 15 12 2634 9 10
1456 27 2 2895 41 5; 25 0 0 24 0 0; 70 0 0 75 0 0; 101 0 0 51 0 0; 196 0 0 195 0 0; 232 0 0 115 0 0; 676 0 0 225 0 0
"""
# Yusuf, Peto, Lewis, Collins & Sleight, Prog Cardiovasc Dis 1985;27:335, table 6, as in R's metadat, dat.yusuf1985:
# deaths and all of the treated, deaths and all of the controls
BETA_BLOCKERS = """
14 56 15 58; 18 66 19 64; 15 100 12 95; 10 52 12 47; 21 226 24 228; 3 38 6 31; 2 20 3 20; 19 76 15 67; 15 106 9 114
5 62 4 57; 0 9 0 8; 8 133 11 127; 3 48 3 49; 0 16 0 13; 1 42 1 46; 0 25 3 25; 14 221 15 228; 0 11 0 11; 8 259 7 129
6 157 4 158; 3 177 2 136
"""


def rows(text: str) -> list[list[int]]:
    return [[int(cell) for cell in row.split()] for row in text.strip().replace("\n", ";").split(";")]


def tables(cells: list[tuple[int, int, int, int]]) -> list[Table2]:
    """Return one municipality for each row: events and all of the treated, events and all of the controls."""
    return [Table2(f"town {place}", "all", *row) for place, row in enumerate(cells)]


def pooled(parts: list[Table2]) -> PooledEvents:
    found = pool_tables(parts)
    assert isinstance(found, PooledEvents)
    return found


INFARCTIONS = tables([(r[1], r[0], r[4], r[3]) for r in rows(ROSIGLITAZONE)])
DEATHS = tables([(r[2], r[0], r[5], r[3]) for r in rows(ROSIGLITAZONE)])
YUSUF = tables([(a, b, c, d) for a, b, c, d in rows(BETA_BLOCKERS)])


@pytest.mark.parametrize(
    ("trials", "events", "published", "p_value"),
    [(INFARCTIONS, 158, (1.43, 1.03, 1.98), 0.03), (DEATHS, 61, (1.64, 0.98, 2.74), 0.06)],
)
def test_rosiglitazone_is_as_nissen_and_wolski_published_it(
    trials: list[Table2], events: int, published: tuple[float, float, float], p_value: float
) -> None:
    found = pooled(trials)
    ratio = found.peto_odds_ratio
    assert found.events.treated + found.events.control == events
    assert tuple(round(end, 2) for end in (ratio.estimate, ratio.lower, ratio.upper)) == published
    assert round(found.significance.p_value, 2) == p_value


def test_beta_blockers_are_as_yusuf_and_peto_published_them() -> None:
    ratio = pooled(YUSUF).peto_odds_ratio
    assert [round(end, 2) for end in (ratio.estimate, ratio.lower, ratio.upper)] == [0.93, 0.74, 1.18]


@pytest.mark.parametrize("trials", [INFARCTIONS, DEATHS, YUSUF])
def test_common_odds_their_interval_and_both_tests_are_those_of_statsmodels(trials: list[Table2]) -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    found = pooled(trials)
    told = [t for t in trials if t.treated_events + t.control_events]
    cells = [
        [[t.treated_events, t.treated - t.treated_events], [t.control_events, t.control - t.control_events]]
        for t in told
    ]
    other = StratifiedTable(np.array(cells, dtype=float).transpose(1, 2, 0))
    ratio = found.odds_ratio
    assert ratio.estimate == pytest.approx(other.oddsratio_pooled)
    assert (ratio.lower, ratio.upper) == pytest.approx(other.oddsratio_pooled_confint())
    assert found.significance.p_value == pytest.approx(other.test_null_odds().pvalue)
    assert found.heterogeneity is not None
    assert found.heterogeneity.p_value == pytest.approx(other.test_equal_odds(True).pvalue)


def test_one_stratum_pooled_is_the_table_by_itself() -> None:
    table = Table2("town", "all", 3, 40, 9, 42)
    found, alone = pooled([table]), risk_difference(table.counts)
    own = found.by_municipality[0].difference
    assert found.risk_difference.estimate == pytest.approx(alone.estimate)
    assert (own.estimate, own.lower, own.upper) == (alone.estimate, alone.lower, alone.upper)
    assert (found.risk_difference.lower, found.risk_difference.upper) == pytest.approx((alone.lower, alone.upper))
    assert found.leave_one_out == () and found.random_effects is None and found.heterogeneity is None


@pytest.mark.parametrize("trials", [INFARCTIONS, YUSUF, tables([(0, 5, 0, 6), (0, 8, 0, 2)])])
def test_sums_of_municipalities_added_answer_as_all_tables_do(trials: list[Table2]) -> None:
    each = [components([table]).as_numbers() for table in trials]
    summed = answers_of_events(components_from({name: sum(one[name] for one in each) for name in each[0]}))
    whole = pooled(trials)
    assert (summed.n, summed.events) == (whole.n, whole.events)
    assert summed.p_value == pytest.approx(whole.significance.p_value)
    for ours, theirs in (
        (summed.risk_difference, whole.mantel_haenszel_difference),
        (summed.risk_ratio, whole.risk_ratio),
        (summed.odds_ratio, whole.odds_ratio),
        (summed.peto_odds_ratio, whole.peto_odds_ratio),
    ):
        assert (ours.estimate, ours.lower, ours.upper, ours.se) == pytest.approx(
            (theirs.estimate, theirs.lower, theirs.upper, theirs.se), nan_ok=True
        )


def test_a_single_event_among_arms_of_very_different_size_gives_an_odds_ratio_without_bound() -> None:
    ratio = peto(*score_and_information([Table2("town", "all", 1, 1, 0, 1000).counts]))
    assert ratio.estimate == inf and ratio.as_dict()["estimate"] is None


def test_a_stratum_without_both_arms_is_not_compared_and_told() -> None:
    found = pooled([Table2("town", "a", 1, 10, 2, 11), Table2("town", "b", 1, 4, 0, 0)])
    assert found.n.treated == 10
    assert any("4 women" in note for note in found.notes)
    assert pool_tables([Table2("town", "b", 1, 4, 0, 0)]) == NO_BOTH


def test_nothing_and_the_same_stratum_twice_are_refused() -> None:
    table = Table2("town", "a", 1, 10, 2, 11)
    for parts in ([], [table, table]):
        with pytest.raises(UsageError):
            pool_tables(parts)


def test_the_score_interval_and_that_of_peto_hold_the_truth_as_often_as_they_say() -> None:
    draws, rng = 150, np.random.default_rng(20260101)
    arms = np.array([[60, 60], [90, 85], [150, 160], [40, 38], [220, 210]])
    risk = np.array([0.010, 0.020, 0.015, 0.030, 0.008])
    least = 0.93 - 2 * (0.05 * 0.95 / draws) ** 0.5
    same = rng.binomial(arms, risk[:, None], (draws, *arms.shape))
    apart = rng.binomial(arms, np.column_stack([risk + 0.015, risk]), (draws, *arms.shape))
    score = ratio = 0
    for equal, other in zip(same.tolist(), apart.tolist(), strict=True):
        sizes = arms.tolist()
        shifted = tables([(x[0], n[0], x[1], n[1]) for x, n in zip(other, sizes, strict=True)])
        level = tables([(x[0], n[0], x[1], n[1]) for x, n in zip(equal, sizes, strict=True)])
        found = stratified_score_difference([table.counts for table in shifted])
        score += found.lower <= 0.015 <= found.upper
        one = peto(*score_and_information([table.counts for table in level]))
        ratio += one.lower <= 1 <= one.upper
    assert score / draws >= least
    assert ratio / draws >= least
