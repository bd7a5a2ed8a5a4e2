"""What is not known: counted, filled in many times, pooled by the published rules, and never taken for nought."""

from __future__ import annotations

from functools import partial
from math import exp, inf, isnan, log, sqrt

import numpy as np
import pytest
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.analysis.imputation import impute_events, impute_scales
from smartstart.trial.analysis.missing import (
    NO_REASON,
    best_and_worst,
    missing_by_reason,
    rubin,
    rubin_df,
    shifted,
    tipping_point,
)
from smartstart.trial.analysis.records import Bools, Counts, Floats


def difference(outcome: Floats, treated: Bools) -> tuple[float, float]:
    a, b = outcome[treated], outcome[~treated]
    return float(a.mean() - b.mean()), float(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def trial(n: int, seed: int, effect: float = 1.0) -> tuple[Floats, Floats, Bools]:
    """A trial in which who does badly at the start is lost, and more so in one arm: missing at random."""
    rng = np.random.default_rng(seed)
    baseline, treated = rng.normal(size=n), np.arange(n) % 2 == 0
    outcome = 2 * baseline + effect * treated + rng.normal(size=n)
    lost = rng.random(n) < np.where(treated, 0.9 * (baseline < 0), 0.1)
    outcome[lost] = np.nan
    return outcome, baseline, treated


def test_missing_outcomes_are_counted_by_reason_and_arm() -> None:
    known = np.array([True, False, False, False, False])
    treated = np.array([True, True, False, True, False])
    found = missing_by_reason(known, ["moved", "moved", "moved", None, ""], treated)
    assert [(one.reason, one.treated, one.control) for one in found] == [("moved", 1, 1), (NO_REASON, 1, 1)]


def test_rubins_rules_give_the_numbers_worked_by_hand() -> None:
    # Q = 1, 2, 3 and U = 1: mean 2, between 1, total 1 + 4/3 = 7/3, share 4/7, df = 2 / (4/7)^2 = 6.125
    found = rubin(np.array([1.0, 2.0, 3.0]), np.ones(3))
    assert found.estimate == pytest.approx(2) and found.se == pytest.approx(sqrt(7 / 3))
    assert found.upper - 2 == pytest.approx(stats.t.ppf(0.975, 6.125) * sqrt(7 / 3))
    # with 20 degrees of freedom in complete data (Barnard & Rubin): observed 21/23 * 20 * 3/7
    observed = 21 / 23 * 20 * 3 / 7
    assert rubin_df(3, 4 / 7, 20) == pytest.approx(1 / (1 / 6.125 + 1 / observed))
    assert rubin_df(3, 4 / 7, inf) == pytest.approx(6.125)


def test_nothing_missing_leaves_the_complete_interval() -> None:
    found = rubin(np.full(5, 0.3), np.full(5, 0.04))
    assert (found.lower, found.upper) == pytest.approx((0.3 - 1.959964 * 0.2, 0.3 + 1.959964 * 0.2), abs=1e-6)
    ratio = rubin(np.full(5, log(2)), np.full(5, 0.04), of_log=True)
    assert ratio.estimate == pytest.approx(2) and ratio.upper == pytest.approx(2 * exp(1.959964 * 0.2), rel=1e-6)


def test_one_imputation_has_no_interval() -> None:
    assert isnan(rubin(np.ones(1), np.ones(1)).lower) and rubin(np.ones(1), np.ones(1)).note
    assert isnan(rubin(np.array([1.0, np.nan]), np.ones(2)).estimate)


def test_imputation_finds_the_planted_effect_where_complete_cases_do_not() -> None:
    complete, imputed, covered = [], [], 0
    for seed in range(60):
        outcome, baseline, treated = trial(400, seed)
        known = np.isfinite(outcome)
        complete.append(difference(outcome[known], treated[known])[0])
        found = impute_scales(outcome, treated, baseline[:, None], m=20, seed=seed)
        assert np.array_equal(found.values[:, known], np.tile(outcome[known], (20, 1)))
        pooled = rubin(*np.array([difference(one, treated) for one in found.values]).T, complete_df=398)
        imputed.append(pooled.estimate)
        covered += pooled.lower <= 1 <= pooled.upper
    assert abs(np.mean(imputed) - 1) < 4 * np.std(imputed) / sqrt(60)
    assert np.mean(complete) > 1.5 and covered >= 51


def test_an_earlier_wave_helps_those_who_have_it_and_is_not_needed_for_the_others() -> None:
    rng = np.random.default_rng(2)
    n = 2000
    treated, baseline = np.arange(n) % 2 == 0, rng.normal(size=n)
    between = baseline + rng.normal(size=n)
    outcome = 3 * between + treated + 0.1 * rng.normal(size=n)
    truth = outcome.copy()
    outcome[(rng.random(n) < 0.8) & (between < -0.5)] = np.nan  # lost by the earlier wave, not by the baseline
    unseen = np.isnan(outcome) & (rng.random(n) < 0.05)
    lost = np.isnan(outcome) & ~unseen
    wave = np.where(unseen, np.nan, between)
    found = impute_scales(outcome, treated, baseline[:, None], intermediate=wave, m=5, seed=1)
    assert np.isfinite(found.values).all()
    assert np.abs(found.values[:, lost] - truth[lost]).mean() < 0.2
    assert found.values[:, lost].mean() == pytest.approx(truth[lost].mean(), abs=0.1)


def test_the_same_seed_gives_the_same_imputations() -> None:
    outcome, baseline, treated = trial(50, 1)
    first, again = (impute_scales(outcome, treated, baseline[:, None], m=3, seed=9).values for _ in range(2))
    assert np.array_equal(first, again)


def test_an_event_is_imputed_by_logistic_regression_or_where_few_by_beta_draws() -> None:
    rng = np.random.default_rng(3)
    n = 4000
    x, treated = rng.normal(size=n), np.arange(n) % 2 == 0
    outcome = (rng.random(n) < 1 / (1 + np.exp(1 - x))).astype(float)
    truth = outcome.mean()
    outcome[(x > 0) & (rng.random(n) < 0.6)] = np.nan
    many = impute_events(outcome, treated, covariates=x[:, None], m=20, seed=1)
    assert "logistic" in many.method and abs(many.values.mean() - truth) < 0.02 < truth - np.nanmean(outcome)
    rare = np.where(np.arange(300) < 3, 1.0, 0.0)
    rare[250:] = np.nan
    few = impute_events(
        rare, np.arange(300) % 2 == 0, covariates=np.zeros((300, 1)), stratum=np.arange(300) // 60, seed=1
    )
    assert "beta" in few.method and few.values[:, 250:].mean() < 0.03  # a stratum of ten without events stays rare


@pytest.mark.parametrize("treated", [[True, False, True, False], [True] * 4])
@pytest.mark.parametrize("outcome", [[np.nan] * 4, [1, 0, np.nan, np.nan], [1, 1, 1, np.nan], [1, 0, 1, 0]])
@pytest.mark.filterwarnings("error")
def test_four_women_are_imputed_or_stay_missing_with_a_note(outcome: list[float], treated: list[bool]) -> None:
    values, arms = np.array(outcome, float), np.array(treated)
    for found in (impute_scales(values, arms, np.ones((4, 1)), m=3, seed=1), impute_events(values, arms, m=3, seed=1)):
        assert np.array_equal(found.values[:, np.isfinite(values)], np.tile(values[np.isfinite(values)], (3, 1)))
        assert found.note or np.isfinite(found.values).all()


def test_a_covariate_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match="covariate is not known"):
        impute_scales(np.ones(2), np.array([True, False]), np.array([[np.nan], [1.0]]), seed=1)


def test_the_tipping_point_is_the_smallest_delta_that_changes_the_conclusion() -> None:
    outcome, baseline, treated = trial(400, 5)
    known = np.isfinite(outcome)
    imputed = impute_scales(outcome, treated, baseline[:, None], m=10, seed=1).values
    deltas = [0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0]
    analyse = partial(difference, treated=treated)
    found = tipping_point(partial(shifted, imputed, known, treated), analyse, deltas, complete_df=398)
    assert [one.delta_treated for one in found.tried] == deltas
    (tip,) = found.tips
    holds = [one.lower > 0 for one in found.tried]
    assert holds[0] and tip == found.tried[holds.index(False)] and tip.lower <= 0
    assert np.all(np.diff([one.estimate for one in found.tried]) < 0)
    both = tipping_point(
        partial(shifted, imputed, known, treated), analyse, [0.0, -1.0], deltas_control=[0.0, 1.0], complete_df=398
    )
    assert len(both.tried) == 4
    never = tipping_point(partial(shifted, imputed, known, treated), analyse, [0.0, 0.1])
    assert never.tips == () and "same at every delta" in never.note


def test_an_event_tips_by_its_log_odds() -> None:
    rng = np.random.default_rng(8)
    treated = np.arange(600) % 2 == 0
    outcome = (rng.random(600) < np.where(treated, 0.15, 0.3)).astype(float)
    outcome[rng.random(600) < 0.2] = np.nan
    found = tipping_point(
        lambda t, c: impute_events(outcome, treated, m=10, log_odds=(t, c), seed=1).values,
        partial(difference, treated=treated),
        [0.0, 1.0, 2.0, 3.0],
    )
    assert found.tried[0].upper < 0 and found.tips and found.tips[0].delta_treated > 0


def test_bounds_put_every_missing_woman_at_either_end() -> None:
    found = best_and_worst(Counts(3, 50, 5, 48), 4, 6)
    assert found.lowest == Counts(3, 54, 11, 54) and found.highest == Counts(7, 54, 5, 54)
    assert (found.risk_difference_lowest, found.risk_difference_highest) == pytest.approx((-8 / 54, 2 / 54))
    with pytest.raises(UsageError, match="negative"):
        best_and_worst(Counts(3, 50, 5, 48), -1, 0)
