"""G-computation: a published answer, the raw difference as its simplest case, and the refusal of empty cells."""

from __future__ import annotations

import csv
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from smartstart.errors import UsageError
from smartstart.trial.analysis.standardisation import standardise

TRIALS = Path(__file__).parents[3] / "shared" / "data" / "trials"


@pytest.mark.skipif(not TRIALS.is_dir(), reason=f"the real data are not in {TRIALS}")
def test_the_difference_and_error_are_those_of_sas_margins() -> None:
    """beeca's trial01, as SAS %margins: -0.068364, standard error 0.060716 (Ge et al. 2011)."""
    with (TRIALS / "beeca_trial01.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["aval"] and row["bl_cov"]]
    event, treated = (np.array([float(row[name]) == 1 for row in rows]) for name in ("aval", "trtp"))
    found = standardise(event, treated, np.array([[float(row["bl_cov"])] for row in rows])).risk_difference
    assert len(rows) == 267
    assert (round(found.estimate, 6), round(found.se, 6)) == (-0.068364, 0.060716)


def test_without_covariates_it_is_the_raw_difference() -> None:
    treated = np.arange(90) < 40
    event = np.arange(90) % 4 == 0
    p, q = event[treated].mean(), event[~treated].mean()
    found = standardise(event, treated, None)
    assert (found.risk_treated, found.risk_control) == pytest.approx((p, q))
    assert found.risk_difference.se == pytest.approx((p * (1 - p) / 40 + q * (1 - q) / 50) ** 0.5)
    assert found.risk_ratio.se == pytest.approx(
        (1 / event[treated].sum() - 1 / 40 + 1 / event[~treated].sum() - 1 / 50) ** 0.5
    )
    assert found.odds_ratio.estimate == pytest.approx(p / (1 - p) / (q / (1 - q)))


def test_households_of_one_and_equal_weights_change_nothing() -> None:
    rng = np.random.default_rng(1)
    treated, x = rng.random(200) < 0.5, rng.normal(size=(200, 2))
    event = rng.random(200) < expit(x[:, 0] - 0.5)
    plain = standardise(event, treated, x, variance="ye").risk_ratio
    for other in (
        standardise(event, treated, x, cluster=np.arange(200)).risk_ratio,
        standardise(event, treated, x, weight=np.full(200, 2.5)).risk_ratio,
    ):
        assert (other.estimate, other.se) == pytest.approx((plain.estimate, plain.se))


def test_a_household_counted_twice_does_not_sharpen_the_answer() -> None:
    rng = np.random.default_rng(2)
    treated, x = rng.random(300) < 0.5, rng.normal(size=(300, 1))
    event = rng.random(300) < expit(x[:, 0])
    once = standardise(event, treated, x, variance="ye").risk_difference
    twice = standardise(
        np.repeat(event, 2), np.repeat(treated, 2), np.repeat(x, 2, axis=0), cluster=np.repeat(np.arange(300), 2)
    ).risk_difference
    assert (twice.estimate, twice.se) == pytest.approx((once.estimate, once.se), rel=1e-6)


def test_an_arm_without_events_is_left_to_an_exact_method() -> None:
    treated = np.arange(40) < 20
    found = standardise(np.arange(40) > 36, treated, None)
    assert found.risk_treated == 0
    assert isnan(found.risk_difference.lower)
    assert isnan(found.p_value.p_value)
    assert "exact" in found.risk_ratio.note


def test_a_covariate_that_separates_is_fitted_with_a_penalty_and_said() -> None:
    rng = np.random.default_rng(3)
    treated, x = np.arange(80) % 2 == 0, rng.normal(size=(80, 1))
    found = standardise(x[:, 0] > 0.3, treated, x)
    assert "Firth" in found.note
    assert found.risk_difference.lower < found.risk_difference.estimate < found.risk_difference.upper


def test_strata_drawn_in_blocks_narrow_the_interval() -> None:
    """Against the spread over draws: the strata say much, and every block of four is half treated."""
    rng = np.random.default_rng(4)
    stratum, found, errors = np.repeat(np.arange(4), 40), [], []
    for _ in range(200):
        treated = np.concatenate([rng.permutation([True, True, False, False]) for _ in range(40)])
        event = rng.random(160) < np.where(treated, 1.1, 1.0) * np.array([0.1, 0.3, 0.6, 0.85])[stratum]
        one = standardise(event, treated, None, stratum=stratum).risk_difference
        found.append(one.estimate)
        errors.append(one.se)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.15)
    assert np.mean(errors) < 0.065  # without the strata it is 0.079


def test_a_variance_that_does_not_fit_is_refused() -> None:
    event, treated = np.arange(8) % 3 == 0, np.arange(8) % 2 == 0
    with pytest.raises(UsageError, match="there are ge, ye"):
        standardise(event, treated, None, variance="gee")
    with pytest.raises(UsageError, match="choose 'ye'"):
        standardise(event, treated, None, variance="ge", cluster=np.arange(8))
