"""A common effect over strata, and Firth's regression: published answers, closed forms and edges."""

from __future__ import annotations

from math import exp, isfinite, isnan, log

import numpy as np
import pytest
from scipy.optimize import minimize

from smartstart.errors import UsageError
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.firth import firth_odds_ratio, firth_test
from smartstart.trial.analysis.ratio import odds_ratio, risk_ratio
from smartstart.trial.analysis.records import Counts
from smartstart.trial.analysis.significance import significance
from smartstart.trial.analysis.stratified import (
    cochran_mantel_haenszel,
    exact_stratified,
    mantel_haenszel,
    stratified_score_difference,
    tables_by_stratum,
)

# Agresti, Categorical Data Analysis 1990, p. 231: penicillin in rabbits; answers of R's mantelhaen.test
RABBITS = [Counts(*row) for row in ((0, 6, 0, 5), (3, 6, 0, 6), (6, 6, 2, 6), (5, 6, 6, 6), (2, 2, 5, 5))]
# Heinze & Schemper, Stat Med 2002;21:2409: endometrial cancer, columns NV, PI, EH, HG
ENDOMETRIAL = """
0,13,1.64,0 0,16,2.26,0 0,8,3.14,0 0,34,2.68,0 0,20,1.28,0 0,5,2.31,0 0,17,1.8,0 0,10,1.68,0 0,26,1.56,0
0,17,2.31,0 0,8,2.01,0 0,7,1.89,0 0,20,3.15,0 0,10,1.23,0 0,18,1.27,0 0,16,1.76,0 0,18,2,0 0,8,2.64,1 0,29,0.88,1
0,12,1.27,1 0,20,1.37,1 1,38,0.97,1 1,22,1.14,1 1,7,0.88,1 1,25,0.91,1 1,15,0.58,1 0,7,0.97,1 0,28,1.5,0 0,11,1.33,0
0,19,2.37,0 0,10,1.82,0 0,10,3.13,0 0,18,1.31,0 0,14,1.92,0 0,21,1.64,0 0,11,2.01,0 0,17,1.88,0 0,25,1.93,0
0,16,2.11,0 0,19,1.29,0 0,15,1.72,0 0,33,0.75,0 0,24,1.92,0 0,48,1.84,1 0,12,1.11,1 0,19,1.61,1 0,2,1.18,1
1,22,1.44,1 1,40,1.18,1 1,5,0.93,1 1,0,1.17,1 0,21,1.19,1 0,15,1.06,1 0,29,2.02,0 0,15,2.29,0 0,12,2.33,0 0,3,2.9,0
0,20,1.7,0 0,23,1.41,0 0,12,2.25,0 0,22,1.54,0 0,42,1.97,0 0,15,1.75,0 0,13,2.16,0 0,14,2.57,0 0,19,1.37,0
0,12,3.61,0 0,13,2.04,0 0,10,2.17,0 0,12,1.69,1 1,49,0.27,1 0,6,1.84,1 0,5,1.3,1 0,17,0.96,1 1,11,1.01,1 1,21,0.98,1
0,5,0.35,1 1,19,1.02,1 0,33,0.85,1
"""
EDGES = [Counts(0, 2, 0, 2), Counts(2, 2, 2, 2), Counts(2, 2, 0, 2), Counts(0, 1, 1, 1), Counts(0, 20, 3, 20)]


def endometrial() -> np.ndarray:
    return np.array([[float(cell) for cell in row.split(",")] for row in ENDOMETRIAL.split()])


def women_of(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    x1, n1, x0, n0 = counts.events_treated, counts.n_treated, counts.events_control, counts.n_control
    return np.repeat([True, False, True, False], [x1, n1 - x1, x0, n0 - x0]), np.repeat([True, False], [n1, n0])


def test_the_rabbits_give_the_published_common_odds_ratios_and_exact_p_value() -> None:
    exact, test = exact_stratified(RABBITS)
    common = mantel_haenszel(RABBITS, "odds_ratio")
    assert exact.estimate == pytest.approx(10.36102, abs=5e-5)
    assert test.p_value == pytest.approx(0.0399449, abs=1e-7)
    assert common.estimate == pytest.approx(7)
    assert (common.lower, common.upper) == pytest.approx((1.026713, 47.725133), abs=1e-6)


def test_cochran_mantel_haenszel_agrees_with_statsmodels() -> None:
    contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
    arrays = [
        np.array(
            [[t.events_treated, t.n_treated - t.events_treated], [t.events_control, t.n_control - t.events_control]]
        )
        for t in RABBITS
    ]
    theirs = contingency.StratifiedTable(arrays)
    assert cochran_mantel_haenszel(RABBITS).p_value == pytest.approx(theirs.test_null_odds(correction=False).pvalue)
    assert mantel_haenszel(RABBITS, "odds_ratio").estimate == pytest.approx(theirs.oddsratio_pooled)


def test_one_stratum_gives_the_answers_of_one_table() -> None:
    counts = Counts(61, 489, 87, 519)
    exact, test = exact_stratified([counts])
    score = stratified_score_difference([counts])
    one = risk_difference(counts)
    assert (score.lower, score.upper) == pytest.approx((one.lower, one.upper), abs=1e-12)
    assert exact.lower == pytest.approx(odds_ratio(counts, "fisher").lower)
    assert test.p_value == pytest.approx(significance(counts, "fisher").p_value)
    assert cochran_mantel_haenszel([counts]).p_value == pytest.approx(significance(counts, "chi2-n-1").p_value)
    assert mantel_haenszel([counts], "odds_ratio").upper == pytest.approx(odds_ratio(counts, "woolf").upper)
    assert mantel_haenszel([counts], "risk_ratio").upper == pytest.approx(risk_ratio(counts, "katz-log").upper)
    assert mantel_haenszel([counts], "risk_difference").estimate == pytest.approx(one.estimate)


def test_strata_without_both_arms_are_left_out_and_their_women_counted() -> None:
    event = np.array([True, False, False, True, True, False])
    treated = np.array([True, False, True, True, True, False])
    found = tables_by_stratum(event, treated, np.array([7, 7, 9, 9, 2, 2]))
    assert found.tables == (Counts(1, 1, 0, 1), Counts(1, 1, 0, 1))
    assert found.left_out == 2


def test_no_stratum_with_both_arms_is_refused_in_one_sentence() -> None:
    with pytest.raises(UsageError, match="No stratum has women in both arms"):
        mantel_haenszel([], "odds_ratio")
    with pytest.raises(UsageError, match="No stratum has women in both arms"):
        exact_stratified([])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("counts", EDGES, ids=str)
def test_strata_at_the_edge_are_answered_without_a_warning(counts: Counts) -> None:
    tables = [counts, counts]
    for measure in ("risk_difference", "risk_ratio", "odds_ratio"):
        found = mantel_haenszel(tables, measure)
        assert found.note or isfinite(found.upper)
    exact, test = exact_stratified(tables, mid_p=True)
    assert exact.lower <= exact.upper
    assert 0 < test.p_value <= 1
    assert 0 < cochran_mantel_haenszel(tables).p_value <= 1
    score = stratified_score_difference(tables)
    assert -1 <= score.lower <= score.estimate <= score.upper <= 1
    event, treated = women_of(counts)
    firth = firth_odds_ratio(event, treated)
    assert 0 <= firth.lower <= firth.estimate <= firth.upper


def test_firth_gives_the_published_answer_where_maximum_likelihood_has_none() -> None:
    data = endometrial()
    found = firth_odds_ratio(data[:, 3] == 1, data[:, 0] == 1, data[:, 1:3])
    logs = [log(value) for value in (found.estimate, found.lower, found.upper)]
    assert logs == pytest.approx([2.92927330, 0.6097244, 7.85463171], abs=1e-5)


def test_firth_agrees_with_the_penalised_likelihood_maximised_by_scipy() -> None:
    data = endometrial()
    design, event = np.column_stack([np.ones(len(data)), data[:, :3]]), data[:, 3]

    def lost(b: np.ndarray) -> float:
        line = design @ b
        risk = 1 / (1 + np.exp(-line))
        information = design.T @ (design * (risk * (1 - risk))[:, None])
        return -float(event @ line - np.logaddexp(0, line).sum() + np.linalg.slogdet(information)[1] / 2)

    start = np.array([4.0, 2.0, 0.0, -2.0])
    best = minimize(lost, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 20_000})
    none = minimize(
        lambda b: lost(np.array([b[0], 0, b[1], b[2]])),
        start[[0, 2, 3]],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 20_000},
    )
    arguments = data[:, 3] == 1, data[:, 0] == 1, data[:, 1:3]
    assert log(firth_odds_ratio(*arguments).estimate) == pytest.approx(best.x[1], abs=1e-4)
    from scipy.stats import chi2

    assert firth_test(*arguments).p_value == pytest.approx(chi2.sf(2 * (none.fun - best.fun), 1), rel=1e-5)


@pytest.mark.parametrize("counts", [*EDGES, Counts(61, 489, 87, 519)], ids=str)
def test_firth_on_one_table_is_a_half_added_to_every_cell(counts: Counts) -> None:
    found = firth_odds_ratio(*women_of(counts))
    assert found.estimate == pytest.approx(odds_ratio(counts, "gart").estimate, rel=1e-7)


def test_firth_leaves_out_covariates_that_repeat_others_and_says_so() -> None:
    event, treated = women_of(Counts(2, 6, 4, 7))
    once = np.arange(13.0) % 4
    twice = np.column_stack([once, 2 * once + 1, np.ones(13), treated])
    found = firth_odds_ratio(event, treated, twice)
    assert found.note.startswith("3 covariates")
    assert found.estimate == pytest.approx(firth_odds_ratio(event, treated, once[:, None]).estimate)


def test_firth_refuses_one_arm_and_answers_a_constant_outcome() -> None:
    with pytest.raises(UsageError, match="one arm"):
        firth_odds_ratio(np.array([True, False]), np.array([True, True]))
    none = firth_odds_ratio(np.zeros(4, dtype=bool), np.array([True, True, False, False]))
    assert none.estimate == pytest.approx(1)
    assert not isnan(none.upper)


def test_a_planted_common_odds_ratio_comes_back_from_many_strata() -> None:
    draws = np.random.default_rng(20240101)
    stratum, treated = draws.integers(0, 300, 20_000), draws.random(20_000) < 0.5
    line = -3 + 0.5 * draws.normal(size=300)[stratum] + log(0.6) * treated
    event = draws.random(20_000) < 1 / (1 + np.exp(-line))
    tables = tables_by_stratum(event, treated, stratum).tables
    for found in (exact_stratified(tables)[0], mantel_haenszel(tables, "odds_ratio"), firth_odds_ratio(event, treated)):
        assert found.lower < 0.6 < found.upper
        assert found.estimate == pytest.approx(0.6, rel=3 * found.se)
        assert exp(found.se) < 1.2
