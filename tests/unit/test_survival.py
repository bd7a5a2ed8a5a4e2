"""Times until an event: published hazard ratios, other libraries' numbers, areas by hand, and one bound when few."""

from __future__ import annotations

import csv
import warnings
from math import inf, isnan, log
from pathlib import Path

import numpy as np
import pytest

from smartstart.errors import UsageError
from smartstart.trial.analysis.hazards import cox, log_rank
from smartstart.trial.analysis.survival import aalen_johansen, kaplan_meier, restricted_mean, risk_at, rmst_difference

TRIALS = Path(__file__).parents[3] / "shared" / "data" / "trials"
Times = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def made_up() -> Times:
    """Time in whole weeks (many ties), event, arm, two covariates, stratum."""
    rng = np.random.default_rng(1)
    x, treated, stratum = rng.normal(size=(300, 2)), rng.random(300) < 0.5, rng.integers(0, 3, 300)
    time = np.ceil(rng.exponential(20 * np.exp(-0.5 * x[:, 0] + 0.4 * treated)))
    censored = np.ceil(rng.uniform(5, 40, 300))
    return np.minimum(time, censored), time <= censored, treated, x, stratum


@pytest.mark.skipif(not TRIALS.is_dir(), reason=f"the real data are not in {TRIALS}")
def test_treated_gums_left_preterm_birth_as_it_was() -> None:
    """Michalowicz et al., NEJM 2006;355:1885: hazard ratio by clinic, before 259 days, 0.93 (0.63-1.37), P 0.70."""
    with (TRIALS / "opt_pregnancy_rct.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    time, event = (np.array([float(row[name]) for row in rows]) for name in ("time_days_cens259", "event_lt259"))
    treated = np.array([row["arm"] == "T" for row in rows])
    clinic = np.unique([row["clinic"] for row in rows], return_inverse=True)[1]
    found = cox(time, event == 1, treated, stratum=clinic)
    assert [round(x, 2) for x in (found.estimate, found.lower, found.upper)] == [0.93, 0.63, 1.37]
    assert round(log_rank(time, event == 1, treated, stratum=clinic).p_value, 2) == 0.70


def test_financial_aid_of_rossi_is_the_published_one() -> None:
    """Rossi et al. (1980), as in Fox and Weisberg and in lifelines: -0.3794 (0.1914)."""
    frame = pytest.importorskip("lifelines.datasets").load_rossi()
    x = frame[["age", "race", "wexp", "mar", "paro", "prio"]].to_numpy(dtype=float)
    found = cox(frame.week.to_numpy(dtype=float), frame.arrest.to_numpy() == 1, frame.fin.to_numpy() == 1, covariates=x)
    assert (round(log(found.estimate), 4), round(found.se, 4)) == (-0.3794, 0.1914)


def test_the_stratified_hazard_ratio_is_that_of_statsmodels(made_up: Times) -> None:
    sm = pytest.importorskip("statsmodels.api")
    time, event, treated, x, stratum = made_up
    theirs = sm.PHReg(time, np.column_stack([treated, x]), event, strata=stratum, ties="efron").fit()
    found = cox(time, event, treated, covariates=x, stratum=stratum)
    assert (log(found.estimate), found.se) == pytest.approx((theirs.params[0], theirs.bse[0]), rel=1e-5)


def test_the_log_rank_test_is_that_of_statsmodels(made_up: Times) -> None:
    survdiff = pytest.importorskip("statsmodels.duration.survfunc").survdiff
    time, event, treated, _, stratum = made_up
    for by in (None, stratum):
        theirs = survdiff(time, event.astype(int), treated.astype(int), strata=by)[1]
        assert log_rank(time, event, treated, stratum=by).p_value == pytest.approx(theirs)


def test_without_ties_the_robust_variance_is_that_of_lifelines(made_up: Times) -> None:
    lifelines = pytest.importorskip("lifelines")
    pd = pytest.importorskip("pandas")
    time, event, treated, x, stratum = made_up
    time = time + np.random.default_rng(2).uniform(0, 0.5, len(time))
    weight = np.random.default_rng(3).uniform(0.5, 2, len(time))
    frame = pd.DataFrame({"t": time, "e": event, "arm": treated * 1.0, "x": x[:, 0], "w": weight, "c": stratum})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weighted = lifelines.CoxPHFitter().fit(frame.drop(columns="c"), "t", "e", weights_col="w", robust=True)
        clustered = lifelines.CoxPHFitter().fit(frame.drop(columns="w"), "t", "e", cluster_col="c")
    for theirs, found in (
        (weighted, cox(time, event, treated, covariates=x[:, :1], weight=weight)),
        (clustered, cox(time, event, treated, covariates=x[:, :1], cluster=stratum)),
    ):
        assert log(found.estimate) == pytest.approx(theirs.params_["arm"], rel=1e-4)
        assert found.se == pytest.approx(theirs.standard_errors_["arm"], rel=1e-4)


def test_a_weight_of_two_is_the_woman_twice_in_one_household_but_for_ties(made_up: Times) -> None:
    time, event, treated, *_ = made_up
    weight = np.random.default_rng(4).integers(1, 4, len(time))
    time = time + np.random.default_rng(5).uniform(0, 0.5, len(time))
    who = np.repeat(np.arange(len(time)), weight)
    later = time[who] + 1e-9 * np.arange(len(who))  # apart, so that nothing depends on how ties are handled
    heavy = cox(time, event, treated, weight=weight.astype(float))
    repeated = cox(later, event[who], treated[who], cluster=who)
    assert (heavy.estimate, heavy.se) == pytest.approx((repeated.estimate, repeated.se), rel=0.02)


def test_curves_are_those_of_lifelines(made_up: Times) -> None:
    lifelines = pytest.importorskip("lifelines")
    time, event, *_ = made_up
    theirs = lifelines.KaplanMeierFitter().fit(time, event)
    curve = kaplan_meier(time, event)
    limits = theirs.confidence_interval_.loc[curve.times].to_numpy()
    assert curve.estimate == pytest.approx(theirs.survival_function_.loc[curve.times].to_numpy()[:, 0])
    inside = ~np.isnan(curve.lower)
    assert curve.lower[inside] == pytest.approx(limits[inside, 0])
    assert curve.upper[inside] == pytest.approx(limits[inside, 1])


def test_competing_causes_share_what_survival_leaves(made_up: Times) -> None:
    time, event, treated, *_ = made_up
    cause = np.where(event, 1 + treated, 0)
    one, other = aalen_johansen(time, cause, 1), aalen_johansen(time, cause, 2)
    assert one.estimate + other.estimate == pytest.approx(1 - kaplan_meier(time, event).estimate)


def test_the_variance_with_competing_causes_is_that_of_counts_without_censoring() -> None:
    rng = np.random.default_rng(6)
    time, cause = rng.permutation(200).astype(float), rng.integers(1, 3, 200)
    curve = aalen_johansen(time, cause)
    risk = curve.estimate[curve.at(120)]
    assert risk == pytest.approx(np.mean((cause == 1) & (time <= 120)))
    assert curve.se[curve.at(120)] == pytest.approx((risk * (1 - risk) / 200) ** 0.5, rel=0.01)


def test_the_mean_time_is_the_area_by_hand() -> None:
    """Events at 1 and 3 of four women, censored at 2 and 4: 1 until 1, 3/4 until 3, 3/8 until 4."""
    mean, variance = restricted_mean(np.array([1.0, 2, 3, 4]), np.array([True, False, True, False]), 4.0)
    assert mean == pytest.approx(1 + 2 * 0.75 + 0.375)
    assert variance == pytest.approx((2 * 0.75 + 0.375) ** 2 / (4 * 3) + 0.375**2 / (2 * 1))


def test_the_difference_in_mean_time_stops_where_the_shorter_arm_does() -> None:
    time, treated = np.array([1.0, 2, 3, 4, 1, 2, 3, 9]), np.arange(8) < 4
    found = rmst_difference(time, np.ones(8, dtype=bool), treated)
    assert found.estimate == pytest.approx((1 + 2 + 3 + 4) / 4 - (1 + 2 + 3 + 4) / 4)
    assert rmst_difference(time, np.ones(8, dtype=bool), treated, until=9).estimate == pytest.approx(2.5 - 15 / 4)


def test_an_arm_without_events_gives_one_bound() -> None:
    """52 events, all in the control arm: the profile likelihood falls by about 52 times the hazard ratio."""
    time, treated = np.arange(800.0), np.arange(800) % 2 == 0
    event = ~treated & (time < 104)
    found, flipped = cox(time, event, treated), cox(time, event, ~treated)
    assert (found.estimate, found.lower) == (0.0, 0.0)
    assert found.upper == pytest.approx(1.9207 / 52, rel=0.05)
    assert "no events" in found.note
    assert (flipped.estimate, flipped.upper) == (inf, inf)
    assert flipped.lower == pytest.approx(1 / found.upper, rel=1e-6)


def test_a_horizon_nobody_was_followed_to_is_said() -> None:
    found = risk_at(np.arange(10.0), np.arange(10) % 2 == 0, np.arange(10) < 5, 8.0)
    assert isnan(found.estimate)
    assert "not followed" in found.note


def test_a_missing_time_is_refused() -> None:
    with pytest.raises(UsageError, match="time is missing"):
        kaplan_meier(np.array([1.0, np.nan]), np.array([True, False]))
