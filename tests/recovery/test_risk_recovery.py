"""A planted risk is found again by every way of learning, also where children are still young or much is missing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from smartstart.risk.candidates import Candidate, Fitted, censoring_weights, fit
from smartstart.risk.cohort import FACTORS, Bools, Cohort, Floats
from smartstart.risk.metrics import auroc, log_odds
from smartstart.risk.predictors import matrix

NAN = float("nan")
HORIZON = 60
NAMES = ("age", "earlier_births", "without_partner", "unwanted", "married")
LOGISTIC = Candidate("logistic", {"penalty_c": 1.0, "beyond": 36.0})
BOOSTING = Candidate("boosting", {"depth": 2, "rounds": 150})
CARD = Candidate("scorecard", {"penalty_c": 1.0, "points": 10})
ALL = pytest.mark.parametrize("candidate", [LOGISTIC, BOOSTING, CARD], ids=lambda one: one.kind)
PLANTED = {"age": -0.07, "without_partner": 0.9, "unwanted": 0.7, "married": -0.5, "earlier_births": 0.2}


def planted(frame: pd.DataFrame) -> Floats:
    """Return the true risk before the horizon: planted log odds, so that about one child in sixteen has it."""
    line = -2.6 + sum(effect * (frame[name] - (27 if name == "age" else 0)) for name, effect in PLANTED.items())
    risk: Floats = 1 / (1 + np.exp(-line.to_numpy()))
    return risk


def cohort(n: int, seed: int, *, least: float = 120.0, most: float = 120.0) -> Cohort:
    """Return a made-up cohort; each child is followed for between ``least`` and ``most`` months, whatever its risk."""
    rng = np.random.default_rng(seed)
    partner = rng.random(n) < 0.25
    frame = pd.DataFrame(
        {
            "age": rng.uniform(17, 40, n),
            "earlier_births": rng.integers(0, 4, n).astype(float),
            "without_partner": partner.astype(float),
            "unwanted": (rng.random(n) < 0.2).astype(float),
            "married": ((rng.random(n) < 0.5) & ~partner).astype(float),
        }
    ).assign(**{name: (rng.random(n) < 0.3).astype(float) for name in FACTORS})
    survival = 1 - planted(frame)
    # constant hazards that reach the planted risk at the horizon, whenever that is looked at
    happened = rng.exponential(1.0, n) / (-np.log(survival) / HORIZON)
    followed = rng.uniform(least, most, n)
    known = followed >= HORIZON
    happened = np.where(happened < followed, happened, NAN)
    return Cohort(
        frame=frame,
        mother=np.arange(n, dtype=np.int64),
        born=np.full(n, "2015-01-01", dtype="datetime64[D]"),
        followed=followed,
        happened=happened,
        start_unknown=np.zeros(n, dtype=bool),
        known=known,
        event=known & (happened < HORIZON),
        horizon=HORIZON,
    )


@cache
def learned(kind: str) -> Fitted:
    candidate = {one.kind: one for one in (LOGISTIC, BOOSTING, CARD)}[kind]
    return fit(candidate, cohort(8_000, 1), NAMES)


@cache
def fresh() -> Cohort:
    return cohort(30_000, 2)


def slope_of(event: Bools, risk: Floats) -> float:
    """Return the calibration slope by plain Newton steps, apart from the code under test."""
    x = np.column_stack([np.ones(len(risk)), log_odds(risk)])
    beta = np.array([0.0, 1.0])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-x @ beta))
        beta += np.linalg.solve(x.T @ (x * (chance * (1 - chance))[:, None]), x.T @ (event - chance))
    return float(beta[1])


def observed_expected(event: Bools, risk: Floats) -> float:
    return float(event.sum() / risk.sum())


# --- the truth is found -----------------------------------------------------------------------------------


@ALL
def test_on_fresh_children_the_risks_are_calibrated_and_tell_apart_as_well_as_the_truth_does(
    candidate: Candidate,
) -> None:
    later = fresh()
    risk = learned(candidate.kind).risk(later.frame)
    assert slope_of(later.event, risk) == pytest.approx(1.0, abs=0.15)
    assert observed_expected(later.event, risk) == pytest.approx(1.0, abs=0.1)
    assert auroc(later.event, risk) > auroc(later.event, planted(later.frame)) - 0.02


@ALL
def test_each_effect_has_its_planted_direction(candidate: Candidate) -> None:
    typical = {"age": 27.0, "earlier_births": 1.0, "without_partner": 0.0, "unwanted": 0.0, "married": 0.0}
    model = learned(candidate.kind)
    base = model.risk(pd.DataFrame([typical]))[0]
    for name in ("without_partner", "unwanted"):
        assert model.risk(pd.DataFrame([typical | {name: 1.0}]))[0] > base, name
    assert model.risk(pd.DataFrame([typical | {"married": 1.0}]))[0] < base
    assert model.risk(pd.DataFrame([typical | {"age": 19.0}]))[0] > base
    assert model.risk(pd.DataFrame([typical | {"age": 37.0}]))[0] < base


def test_the_logistic_model_finds_the_planted_odds_ratios() -> None:
    typical = {"age": 27.0, "earlier_births": 1.0, "without_partner": 0.0, "unwanted": 0.0, "married": 0.0}
    rows = [typical, *(typical | {name: typical[name] + 1.0} for name in ("without_partner", "unwanted", "married"))]
    found = log_odds(learned("logistic").risk(pd.DataFrame(rows)))
    assert found[1:] - found[0] == pytest.approx([0.9, 0.7, -0.5], abs=0.2)


# --- children still young ---------------------------------------------------------------------------------


@cache
def young() -> Cohort:
    """Return births up to the day of the extracts: of most children the outcome is not known yet."""
    return cohort(20_000, 3, least=0.0, most=90.0)


@ALL
def test_heavy_censoring_does_not_bias_the_risk(candidate: Candidate) -> None:
    told, later = young(), fresh()
    assert told.known.mean() < 0.4
    risk = fit(candidate, told, NAMES).risk(later.frame)
    assert observed_expected(later.event, risk) == pytest.approx(1.0, abs=0.08)
    assert slope_of(later.event, risk) == pytest.approx(1.0, abs=0.15)


def test_counting_the_early_events_of_young_children_would_raise_the_risk() -> None:
    told = young()
    truth = planted(told.frame).mean()
    early = told.happened < HORIZON
    tempting = early.sum() / (early | told.known).sum()
    assert tempting > 1.2 * truth
    counted, happened, weight = censoring_weights(told)
    assert (weight * happened).sum() / weight.sum() == pytest.approx(truth, rel=0.06)
    assert (weight[counted] > 0).all()
    assert weight.sum() == pytest.approx(len(told), rel=0.03)  # who counts stands for everybody
    assert told.event.sum() / told.known.sum() == pytest.approx(truth, rel=0.08)


# --- added gaps -------------------------------------------------------------------------------------------

SLOPE_MOVES, RATIO_MOVES, AUROC_FALLS = 0.15, 0.10, 0.06  # at most, with a quarter of every predictor gone at random


def with_gaps(told: Cohort, share: float, seed: int) -> Cohort:
    rng = np.random.default_rng(seed)
    gone = {name: told.frame[name].where(rng.random(len(told)) >= share) for name in NAMES}
    return replace(told, frame=told.frame.assign(**gone))


@ALL
def test_added_random_gaps_move_calibration_within_bounds_only(candidate: Candidate) -> None:
    share = 0.25
    told, later = cohort(8_000, 1), fresh()
    whole = learned(candidate.kind).risk(later.frame)
    spotty = with_gaps(later, share, 12)
    risk = fit(candidate, with_gaps(told, share, 11), NAMES).risk(spotty.frame)
    assert abs(slope_of(later.event, risk) - slope_of(later.event, whole)) < SLOPE_MOVES
    moved = observed_expected(later.event, risk) / observed_expected(later.event, whole)
    assert abs(moved - 1) < RATIO_MOVES
    assert auroc(later.event, whole) - auroc(later.event, risk) < AUROC_FALLS


@ALL
def test_gaps_in_use_alone_move_the_sum_of_the_risks_within_bounds_only(candidate: Candidate) -> None:
    later = fresh()
    risk = learned(candidate.kind).risk(with_gaps(later, 0.25, 13).frame)
    assert abs(observed_expected(later.event, risk) - 1) < 0.15


def test_no_column_tells_of_a_gap_unless_the_programme_declares_it() -> None:
    told = with_gaps(cohort(3_000, 1), 0.25, 14)
    plain, declared = fit(LOGISTIC, told, NAMES), fit(LOGISTIC, told, NAMES, ("unwanted",))
    whole = fit(LOGISTIC, cohort(3_000, 1), NAMES)
    columns = len(plain.estimator.coef_)
    assert columns == len(whole.estimator.coef_)
    assert len(declared.estimator.coef_) == columns + 1
    names = plain.estimator.prepare_.get_feature_names_out()
    assert not [name for name in names if "missing" in name]
    assert [n for n in declared.estimator.prepare_.get_feature_names_out() if "missing" in n] != []


@ALL
def test_a_gap_is_nothing_but_what_was_usual_in_training(candidate: Candidate) -> None:
    model = learned(candidate.kind)
    usual = cohort(8_000, 1).frame["unwanted"].median() if candidate is CARD else None
    told = matrix(cohort(8_000, 1).frame, NAMES)
    filled = told["unwanted"].mean() if usual is None else usual
    woman = {"age": 24.0, "earlier_births": 0.0, "without_partner": 1.0, "married": 0.0}
    gap, same = (pd.DataFrame([woman | {"unwanted": value}]) for value in (NAN, filled))
    assert model.risk(gap)[0] == pytest.approx(model.risk(same)[0], abs=1e-12)
