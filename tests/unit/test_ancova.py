"""Means of two arms: published answers, other libraries' numbers, and what happens at the edges."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.analysis.ancova import (
    ancova,
    collapse_sparse,
    mean_difference,
    mean_of,
)
from smartstart.trial.analysis.columns import filled_at_mean, filled_columns


@pytest.fixture(scope="module")
def nsw() -> dict[str, np.ndarray]:
    """The NSW trial, as Dehejia and Wahba (JASA 1999;94:1053-1062) have it."""
    causaldata = pytest.importorskip("causaldata")
    frame = causaldata.nsw_mixtape.load_pandas().data.drop(columns="data_id").astype(float)  # int8 squares overflow
    return {name: frame[name].to_numpy() for name in frame.columns}


def test_the_nsw_trial_raised_earnings_by_1794(nsw: dict[str, np.ndarray]) -> None:
    """1794.34: standard error 632.85 with one variance for both arms, 671.00 with HC2."""
    y, t = nsw["re78"], nsw["treat"] == 1
    robust, usual = mean_difference(y, t).estimate, mean_difference(y, t, variance="ols").estimate
    assert (round(robust.estimate, 2), round(robust.se, 2)) == (1794.34, 671.00)
    assert (round(usual.estimate, 2), round(usual.se, 2)) == (1794.34, 632.85)


def test_the_nsw_trial_adjusted_gives_1672(nsw: dict[str, np.ndarray]) -> None:
    """1672.20 (638.40): age and its square, education, no degree, black, Hispanic, both earlier earnings; OLS."""
    names = ("age", "educ", "nodegree", "black", "hisp", "re74", "re75")
    x = np.column_stack([*(nsw[name] for name in names), nsw["age"] ** 2])
    found = ancova(nsw["re78"], nsw["treat"] == 1, x, variance="ols").estimate
    assert (round(found.estimate, 2), round(found.se, 2)) == (1672.20, 638.40)


def test_unadjusted_hc2_is_welch_s_test() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(25) < 9
    y = rng.normal(size=25) * np.where(t, 3, 1)
    welch = stats.ttest_ind(y[t], y[~t], equal_var=False)
    found = mean_difference(y, t)
    assert (found.significance.p_value, found.df) == pytest.approx((welch.pvalue, welch.df))
    assert (found.estimate.lower, found.estimate.upper) == pytest.approx(tuple(welch.confidence_interval()))


@pytest.mark.parametrize(("name", "theirs"), [("hc0", "HC0"), ("hc1", "HC1"), ("hc2", "HC2"), ("hc3", "HC3")])
def test_the_variances_are_those_of_statsmodels(name: str, theirs: str) -> None:
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(2)
    t, x, w = np.arange(60) % 3 == 0, rng.normal(size=(60, 2)), rng.uniform(0.5, 2, 60)
    y = x @ [1, 2] + rng.normal(size=60) * (1 + t)
    design = np.column_stack([np.ones(60), t, x])
    for weight, fit in ((None, sm.OLS(y, design)), (w, sm.WLS(y, design, weights=w))):
        fitted = fit.fit(cov_type=theirs)
        found = ancova(y, t, x, weight=weight, variance=name).estimate
        assert (found.estimate, found.se) == pytest.approx((fitted.params[1], fitted.bse[1]))


def test_cr2_and_its_degrees_of_freedom_are_those_of_the_definition() -> None:
    """The plain way: whole matrices, as Pustejovsky and Tipton (2018) write them."""
    rng = np.random.default_rng(3)
    n, cluster = 40, np.repeat(np.arange(14), 3)[:40]
    t, x = cluster % 2 == 0, rng.normal(size=(40, 1))
    y = x[:, 0] + rng.normal(size=14)[cluster] + rng.normal(size=n)
    design = np.column_stack([np.ones(n), t, x])
    bread = np.linalg.inv(design.T @ design)
    rest = np.eye(n) - design @ bread @ design.T
    g, variance = [], 0.0
    for one in np.unique(cluster):
        rows = np.flatnonzero(cluster == one)
        values, vectors = np.linalg.eigh(rest[np.ix_(rows, rows)])
        root = vectors @ np.diag(np.where(values > 1e-9, np.maximum(values, 1e-12) ** -0.5, 0)) @ vectors.T
        u = root @ design[rows] @ bread[:, 1]
        variance += (u @ (rest @ y)[rows]) ** 2
        g.append(rest[:, rows] @ u)
    gram = np.array(g) @ np.array(g).T
    found = ancova(y, t, x, cluster=cluster)
    assert found.estimate.se == pytest.approx(variance**0.5)
    assert found.df == pytest.approx(np.trace(gram) ** 2 / np.trace(gram @ gram))


def test_women_alone_in_their_household_are_as_without_households() -> None:
    rng = np.random.default_rng(4)
    t, x, y = np.arange(30) % 2 == 0, rng.normal(size=(30, 2)), rng.normal(size=30)
    one, other = ancova(y, t, x), ancova(y, t, x, cluster=np.arange(30))
    assert (one.estimate.se, one.df) == pytest.approx((other.estimate.se, other.df))


def test_a_planted_effect_comes_back_and_the_baseline_saves_its_variance() -> None:
    rng = np.random.default_rng(5)
    t = rng.permutation(np.arange(4000) < 2000)
    baseline = rng.normal(size=4000)
    y = 0.5 * t + 0.6 * baseline + 0.8 * rng.normal(size=4000)
    found = ancova(y, t, baseline[:, None])
    assert abs(found.estimate.estimate - 0.5) < 4 * found.estimate.se
    assert found.variance_saved == pytest.approx(0.36, abs=0.03)


def test_a_constant_outcome_has_no_interval_and_says_why() -> None:
    found = mean_difference(np.full(8, 3.3), np.arange(8) < 4)
    assert found.estimate.estimate == 0
    assert isnan(found.estimate.lower)
    assert isnan(found.significance.p_value)
    assert found.estimate.note


def test_what_cannot_be_analysed_is_refused_in_a_sentence() -> None:
    y, t = np.arange(6.0), np.arange(6) < 3
    with pytest.raises(UsageError, match="outcome is missing"):
        mean_difference(np.where(t, y, np.nan), t)
    with pytest.raises(UsageError, match="there are hc2"):
        mean_difference(y, t, variance="hc4")
    with pytest.raises(UsageError, match="covariate has missing"):
        ancova(y, t, np.where(t, y, np.nan)[:, None])
    with pytest.raises(UsageError, match="different lengths"):
        mean_difference(y, t[:4])


def test_a_missing_baseline_is_at_the_mean_and_marked_when_often_missing() -> None:
    seldom, often = np.array([np.nan] + [1.0, 3.0] * 15), np.array([np.nan, 1.0, 3.0])
    assert filled_at_mean(seldom)[0] == 2.0
    assert filled_columns(seldom).shape == (31, 1)
    assert filled_columns(often).tolist() == [[2.0, 1.0], [1.0, 0.0], [3.0, 0.0]]
    assert filled_at_mean(np.array([np.nan])).tolist() == [0.0]


def test_sparse_strata_become_one() -> None:
    stratum = np.array([1, 1, 1, 1, 2, 2, 3, 4, 4, 4, 4])
    assert collapse_sparse(stratum, 4).tolist() == [1] * 7 + [4] * 4  # 2 and 3 together want a woman: 1 joins
    assert collapse_sparse(stratum, 3).tolist() == [1] * 4 + [2] * 3 + [4] * 4
    assert collapse_sparse(stratum, 0).tolist() == stratum.tolist()


def test_a_mean_has_the_interval_of_one_sample() -> None:
    found = mean_of(np.array([1.0, 2.0, 4.0]))
    low, high = stats.t.interval(0.95, 2, loc=7 / 3, scale=found.se)
    assert (found.lower, found.upper) == pytest.approx((low, high))
