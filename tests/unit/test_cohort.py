"""A cohort and what learns from it: small drawn tables, and the same numbers by another way."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from smartstart.risk.candidates import (
    Candidate,
    FactorCount,
    FourFactors,
    censoring_weights,
    fit,
    preparation,
)
from smartstart.risk.cohort import DAYS_PER_MONTH, FACTORS, Cohort
from smartstart.risk.explaining import Effect, effects, in_words, the_few
from smartstart.risk.hazard import DiscreteTimeHazard, periods, person_periods, risk_by_horizon
from smartstart.risk.model import RiskModel
from smartstart.risk.predictors import PREDICTORS, known_counts, matrix, usable
from smartstart.risk.recalibration import FEWEST_EVENTS, apply, recalibrate
from smartstart.risk.scorecard import Scorecard

NAN = float("nan")
PENALISED = Candidate("logistic", {"penalty_c": 1.0, "beyond": 0.0})
CARD = Candidate("scorecard", {"penalty_c": 0.3, "points": 10})
TREES = Candidate("boosting", {"depth": 2, "rounds": 30})
NAMES = ("age", "earlier_births", "years_since_birth", "without_partner", "unwanted")


def cohort(horizon: int = 60, **columns: list[Any]) -> Cohort:
    """Return a cohort as drawn: ``born`` (days), ``followed`` and ``happened`` in months; the rest follows."""
    followed, happened = (np.array(columns[name], dtype=float) for name in ("followed", "happened"))
    n = len(followed)
    known = followed >= horizon
    return Cohort(
        frame=pd.DataFrame(columns.get("frame", {"age": [25.0] * n})),
        mother=np.array(columns.get("mother", range(n)), dtype=np.int64),
        born=np.array(columns.get("born", ["2018-01-01"] * n), dtype="datetime64[D]"),
        followed=followed,
        happened=happened,
        start_unknown=np.array(columns.get("start_unknown", [False] * n)),
        known=known,
        event=known & (happened < horizon),
        horizon=horizon,
    )


def lives(n: int = 2500, seed: int = 1) -> Cohort:
    """Return a made-up cohort, everyone followed for 60 months, with planted effects."""
    rng = np.random.default_rng(seed)
    births = rng.integers(0, 3, n).astype(float)
    frame = pd.DataFrame(
        {
            "age": rng.uniform(17, 40, n),
            "earlier_births": births,
            "years_since_birth": np.where(births > 0, rng.uniform(1, 7, n), NAN),
            "without_partner": (rng.random(n) < 0.3).astype(float),
            "unwanted": (rng.random(n) < 0.2).astype(float),
            "alone": (rng.random(n) < 0.3).astype(float),
            "factor_without_work": (rng.random(n) < 0.3).astype(float),
            "young_at_first_child": (rng.random(n) < 0.5).astype(float),
            "factor_rent_allowance": np.full(n, NAN),
        }
    )
    line = -1.8 - 0.06 * (frame["age"] - 27) + 1.0 * frame["without_partner"] + 0.8 * frame["unwanted"]
    event = rng.random(n) < 1 / (1 + np.exp(-line.to_numpy()))
    happened = np.where(event, rng.uniform(0, 60, n), NAN)
    return cohort(followed=[60.0] * n, happened=list(happened), frame=frame)


# --- time -------------------------------------------------------------------------------------------------


def test_on_an_earlier_day_later_births_and_later_outcomes_are_not_there() -> None:
    told = cohort(
        horizon=24,
        born=["2015-01-01", "2015-01-01", "2016-06-01", "2018-06-01"],
        followed=[96.0, 96.0, 80.0, 55.0],
        happened=[10.0, 30.0, 20.0, 3.0],
    )
    seen = told.as_seen_on(np.datetime64("2017-01-02"))
    assert len(seen) == 3  # the fourth was not born
    assert list(seen.known) == [True, True, False]  # the third was followed for seven months by then
    assert list(seen.event) == [True, False, False]
    assert seen.happened[0] == 10.0
    assert np.isnan(seen.happened[1:]).all()
    assert seen.followed == pytest.approx([732 / DAYS_PER_MONTH] * 2 + [215 / DAYS_PER_MONTH])


def test_a_child_who_moved_away_before_that_day_is_followed_until_the_move_only() -> None:
    told = cohort(horizon=24, born=["2015-01-01"], followed=[6.0], happened=[NAN])
    seen = told.as_seen_on(np.datetime64("2020-01-01"))
    assert seen.followed[0] == 6.0
    assert not seen.known[0]


def test_an_outcome_is_known_only_of_who_was_followed_that_long_event_or_not() -> None:
    told = cohort(horizon=60, followed=[60.0, 59.0, 59.0], happened=[NAN, 5.0, NAN])
    judged = told.judged()
    assert len(judged) == 1
    assert not judged.event[0]


def test_taking_children_twice_keeps_each_with_her_own_row() -> None:
    told = cohort(followed=[60.0, 61.0, 62.0], happened=[NAN, 5.0, NAN], frame={"age": [20.0, 30.0, 40.0]})
    taken = told.take(np.array([2, 1, 1]))
    assert list(taken.frame["age"]) == [40.0, 30.0, 30.0]
    assert list(taken.frame.index) == [0, 1, 2]
    assert list(taken.followed) == [62.0, 61.0, 61.0]
    assert list(taken.event) == [False, True, True]
    assert list(taken.mother) == [2, 1, 1]


def test_a_child_counts_in_the_periods_it_was_followed_through_event_or_not() -> None:
    # followed through, event in the second, left within the second, event in the first, event after all limits
    followed = np.array([6.0, 6.0, 4.0, 1.0, 20.0])
    happened = np.array([NAN, 4.0, NAN, 0.5, 15.0])
    child, period, event = person_periods(followed, happened, np.array([0.0, 3.0, 6.0]))
    assert sorted(zip(child.tolist(), period.tolist(), event.tolist(), strict=True)) == [
        (0, 0, False), (0, 1, False), (1, 0, False), (1, 1, True), (2, 0, False), (4, 0, False), (4, 1, False),
    ]  # fmt: skip


@pytest.mark.parametrize(("horizon", "beyond"), [(24.0, 0.0), (24.0, 36.0), (60.0, 36.0), (7.0, 0.0)])
def test_the_horizon_is_a_limit_of_periods_and_the_last_one_lies_beyond_it(horizon: float, beyond: float) -> None:
    limits = periods(horizon, beyond)
    assert limits[0] == 0.0
    assert horizon in limits
    assert limits[-1] == horizon + beyond
    assert (np.diff(limits) > 0).all()


# --- the hazard model, by another way ---------------------------------------------------------------------


def bare(horizon: float, beyond: float = 0.0) -> DiscreteTimeHazard:
    """Return the hazard model without a penalty that matters and without any preparation."""
    logistic = LogisticRegression(C=1e8, max_iter=5000, tol=1e-9)
    return DiscreteTimeHazard(FunctionTransformer(), logistic, horizon, beyond)


def test_without_predictors_the_risk_is_that_of_the_life_table() -> None:
    rng = np.random.default_rng(5)
    happened = rng.exponential(80.0, 3000)
    limits = periods(24.0, 0.0)
    followed = rng.choice(limits, 3000)  # left at the end of a period, so that the table has no halves
    happened = np.where(happened < followed, happened, NAN)
    nothing = pd.DataFrame({"age": np.zeros(3000)})
    risk = bare(24.0).fit(nothing, followed, happened).predict_proba(nothing)[0, 1]
    survived = 1.0
    for start, end in pairwise(limits):
        events = int(((happened >= start) & (happened < end)).sum())
        at_risk = int(((followed >= end) & ~(happened < start)).sum())
        survived *= 1 - events / at_risk
    assert risk == pytest.approx(1 - survived, abs=2e-4)


def test_its_coefficients_are_those_of_logistic_regression_on_rows_written_out_by_hand() -> None:
    rng = np.random.default_rng(6)
    n = 1500
    x = pd.DataFrame({"age": rng.normal(size=n), "unwanted": (rng.random(n) < 0.3).astype(float)})
    happened = rng.exponential(60 * np.exp(-0.5 * x["age"] - 0.7 * x["unwanted"]))
    followed = rng.uniform(3, 40, n)
    happened = np.where(happened < followed, happened, NAN)
    fitted = bare(24.0, 12.0).fit(x, followed, happened)
    limits = [0, 3, 6, 12, 18, 24, 36]
    rows, outcomes = [], []
    for one in range(n):
        for start, end in pairwise(limits):
            here = start <= happened[one] < end
            if followed[one] >= end:
                rows.append([*x.iloc[one], *(float(start == other) for other in limits[:-1])])
                outcomes.append(here)
            if here or followed[one] < end:
                break
    beta = newton(np.array(rows), np.array(outcomes))
    assert fitted.coef_ == pytest.approx(beta[:2], abs=2e-3)
    assert fitted.base_ == pytest.approx(beta[2:7], abs=5e-3)
    survived = np.prod([1 / (1 + np.exp(beta[:2] @ x.iloc[3].to_numpy() + base)) for base in beta[2:7]])
    assert fitted.predict_proba(x.iloc[[3]])[0, 1] == pytest.approx(1 - survived, abs=1e-3)


def newton(x: Any, y: Any) -> Any:
    """Return the maximum likelihood estimate of logistic regression without intercept, by Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-x @ beta))
        beta += np.linalg.solve(x.T @ (x * (chance * (1 - chance))[:, None]), x.T @ (y - chance))
    return beta


def test_a_child_that_counts_twice_is_the_same_as_two_children() -> None:
    told = lives(600)
    x = matrix(told.frame, ("age", "unwanted"))
    twice = np.concatenate([np.arange(600), np.arange(300)])
    weight = np.where(np.arange(600) < 300, 2.0, 1.0)
    by_weight = bare(60.0).fit(x, told.followed, told.happened, weight)
    by_rows = bare(60.0).fit(x.iloc[twice], told.followed[twice], told.happened[twice])
    assert by_weight.coef_ == pytest.approx(by_rows.coef_, abs=1e-4)


def test_the_risk_by_the_horizon_is_one_minus_coming_through_every_period() -> None:
    assert risk_by_horizon(np.array([0.0]), np.array([0.0, 0.0, 0.0]))[0] == pytest.approx(7 / 8)


# --- weights for who left early ---------------------------------------------------------------------------


def test_without_censoring_every_child_weighs_one() -> None:
    counted, early, weight = censoring_weights(cohort(followed=[60.0] * 3, happened=[NAN, 10.0, NAN]))
    assert counted.all()
    assert list(early) == [False, True, False]
    assert list(weight) == [1.0, 1.0, 1.0]


def test_who_was_followed_stands_for_who_was_not() -> None:
    # of four children one was followed for 30 months only; two had an early event
    told = cohort(followed=[60.0, 60.0, 30.0, 80.0], happened=[NAN, 40.0, 20.0, 70.0])
    counted, early, weight = censoring_weights(told)
    assert list(counted) == [True, True, True, True]
    assert list(early) == [False, True, True, False]
    assert weight == pytest.approx([4 / 3, 4 / 3, 1.0, 4 / 3])


def test_a_child_who_left_without_an_event_or_with_an_event_on_an_unknown_day_is_not_counted() -> None:
    told = cohort(followed=[60.0, 30.0, 60.0], happened=[NAN, NAN, NAN], start_unknown=[False, False, True])
    counted, _, weight = censoring_weights(told)
    assert list(counted) == [True, False, False]
    assert list(weight) == [2.0, 0.0, 0.0]


# --- predictors -------------------------------------------------------------------------------------------


def test_a_predictor_is_cut_off_at_its_bounds_and_unknown_stays_unknown() -> None:
    frame = pd.DataFrame({"age": [12.0, 50.0, NAN], "earlier_births": [9.0, 1.0, 0.0]})
    x = matrix(frame, ("age", "earlier_births"))
    assert x["age"].tolist()[:2] == [14.0, 45.0]
    assert np.isnan(x["age"].iloc[2])
    assert x["earlier_births"].tolist() == [4.0, 1.0, 0.0]


def test_years_since_a_birth_that_never_was_are_no_gap() -> None:
    frame = pd.DataFrame({"earlier_births": [0.0, 1.0, 2.0], "years_since_birth": [NAN, NAN, 3.0]})
    x = matrix(frame, ("years_since_birth",))["years_since_birth"]
    assert x.iloc[0] == PREDICTORS["years_since_birth"].most
    assert np.isnan(x.iloc[1])
    assert x.iloc[2] == 3.0


def test_a_score_says_how_many_of_its_predictors_were_known() -> None:
    frame = pd.DataFrame({"age": [20.0, NAN, NAN], "unwanted": [1.0, 0.0, NAN]})
    assert list(known_counts(frame, ("age", "unwanted"))) == [2, 1, 0]


def test_what_is_seldom_known_or_never_different_is_left_out_unless_it_is_missing_alike() -> None:
    frame = pd.DataFrame(
        {
            "age": [20.0, 21.0, 22.0, 23.0, 24.0],
            "smokes": [1.0, 0.0, 1.0, NAN, NAN],
            "unwanted": [0.0] * 5,
            "married": [1.0, 0.0, 1.0, 1.0, NAN],
        }
    )
    names = ("age", "smokes", "unwanted", "married")
    assert usable(frame, names, ()) == (("age", "married"), ("smokes", "unwanted"))
    assert usable(frame, names, ("smokes", "unwanted")) == (("age", "smokes", "married"), ("unwanted",))


def test_a_gap_teaches_nothing_unless_the_programme_declares_it_missing_alike() -> None:
    told = lives(800)
    spotty = told.frame.assign(unwanted=told.frame["unwanted"].where(np.arange(800) % 5 > 0))
    x = matrix(spotty, NAMES)
    plain = preparation(x, ()).fit_transform(x)
    declared = preparation(x, ("unwanted",)).fit_transform(x)
    assert declared.shape[1] == plain.shape[1] + 1
    bends = 4 - 1 + 3 - 1  # knots - 1 + degree, less the bias: columns of one spline
    assert plain.shape[1] == bends + len(NAMES) - 1
    trees = fit(TREES, replace(told, frame=spotty), NAMES).estimator
    filled = trees.named_steps["fill"].transform(x)
    assert not np.isnan(np.asarray(filled, dtype=float)).any()  # so that no tree can split on missing
    told_apart = fit(TREES, replace(told, frame=spotty), NAMES, ("unwanted",)).estimator.named_steps["fill"]
    assert np.isnan(np.asarray(told_apart.transform(x), dtype=float)).any(axis=0).sum() == 1


# --- the scorecard ----------------------------------------------------------------------------------------


def test_points_are_whole_the_largest_is_ten_and_a_sum_can_be_added_up_by_hand() -> None:
    told = lives()
    names = ("age", "without_partner", "unwanted")
    card = fit(CARD, told, names).estimator
    assert isinstance(card, Scorecard)
    assert card.points_.dtype.kind == "i"
    assert np.abs(card.points_).max() == 10
    woman = pd.DataFrame({"age": [19.0], "without_partner": [1.0], "unwanted": [0.0]})
    points = dict(card.items())
    by_hand = points.get("no partner at home", 0) + sum(
        points.get(f"her age, in years: younger than {limit}", 0) for limit in (20, 23, 26, 30)
    )
    assert card.total(woman)[0] == by_hand
    assert all(isinstance(value, int) and value for value in points.values())


def test_more_points_are_never_a_lower_risk() -> None:
    told = lives()
    card = fit(CARD, told, NAMES)
    total = card.estimator.total(matrix(told.frame, NAMES))
    risk = card.risk(told.frame)
    order = np.argsort(total)
    assert (np.diff(risk[order]) >= -1e-12).all()
    assert all(len(set(np.round(risk[total == one], 9))) == 1 for one in set(total))


# --- the baselines ----------------------------------------------------------------------------------------


def test_the_count_gives_the_share_with_the_outcome_smoothed_by_the_overall_one() -> None:
    frame = {name: [1.0, 1.0, 0.0, NAN] for name in FACTORS}
    told = cohort(followed=[60.0] * 4, happened=[5.0, NAN, NAN, NAN], frame=frame)
    overall = 1.5 / 5
    risks = FactorCount().fit(told).risk(told.frame)
    assert risks == pytest.approx([(1 + 4 * overall) / 6, (1 + 4 * overall) / 6] + [4 * overall / 6] * 2, abs=1e-4)


# --- recalibration in the small ---------------------------------------------------------------------------


def simulated(rng: np.random.Generator, intercept: float = 0.0, slope: float = 1.0, n: int = 1500) -> tuple[Any, Any]:
    line = rng.normal(-2.0, 1.0, n)
    event = rng.random(n) < 1 / (1 + np.exp(-(intercept + slope * line)))
    return event, 1 / (1 + np.exp(-line))


def test_a_calibrated_model_stays_as_it_is_in_95_of_100_municipalities() -> None:
    rng = np.random.default_rng(7)
    kept = [recalibrate(*simulated(rng)).choice == "none" for _ in range(400)]
    assert 0.92 <= np.mean(kept) <= 0.98


def test_a_shift_is_met_with_an_intercept_alone() -> None:
    rng = np.random.default_rng(8)
    found = [recalibrate(*simulated(rng, intercept=0.8, n=3000)) for _ in range(60)]
    assert np.mean([one.choice == "intercept" for one in found]) > 0.85
    assert np.mean([one.intercept for one in found if one.choice == "intercept"]) == pytest.approx(0.8, abs=0.05)
    assert all(one.slope == 1.0 for one in found if one.choice == "intercept")


def test_a_stretch_is_met_with_a_slope() -> None:
    rng = np.random.default_rng(9)
    found = [recalibrate(*simulated(rng, intercept=0.3, slope=0.5, n=4000)) for _ in range(40)]
    assert {one.choice for one in found} == {"intercept and slope"}
    assert np.mean([one.slope for one in found]) == pytest.approx(0.5, abs=0.03)
    assert np.mean([one.intercept for one in found]) == pytest.approx(0.3, abs=0.08)


def test_after_recalibration_as_many_are_expected_as_were_observed() -> None:
    event, risk = simulated(np.random.default_rng(10), intercept=-0.7)
    assert apply(recalibrate(event, risk), risk).sum() == pytest.approx(event.sum(), rel=1e-6)


def test_with_few_events_a_borrowed_model_stays_as_it_is() -> None:
    event = np.zeros(500, dtype=bool)
    event[: FEWEST_EVENTS - 1] = True
    assert recalibrate(event, np.full(500, 0.5)).choice == "none"


# --- explaining -------------------------------------------------------------------------------------------


def model_of(candidate: Candidate, told: Cohort, recalibration: tuple[float, float] = (0.0, 1.0)) -> RiskModel:
    about = {"kind": candidate.kind, "predictors": list(NAMES)}
    fitted = fit(candidate, told, NAMES)
    return RiskModel(fitted, FactorCount().fit(told), FourFactors().fit(told), about, recalibration)


TYPICAL = {"age": 28.0, "earlier_births": 1.0, "years_since_birth": 4.0, "without_partner": 0.0, "unwanted": 0.0}
WOMEN = [
    {"age": 19.0, "earlier_births": 2.0, "years_since_birth": 2.0, "without_partner": 1.0, "unwanted": 1.0},
    {"age": 49.0, "earlier_births": 0.0, "years_since_birth": NAN, "without_partner": 1.0, "unwanted": 0.0},
]


@pytest.mark.parametrize("woman", WOMEN, ids=["two births", "first birth"])
@pytest.mark.parametrize("candidate", [PENALISED, CARD], ids=["logistic", "scorecard"])
@pytest.mark.parametrize("recalibration", [(0.0, 1.0), (0.4, 0.7)], ids=["as learned", "adapted"])
def test_the_effects_of_a_model_that_adds_up_are_the_whole_difference_from_the_typical_woman(
    candidate: Candidate, woman: dict[str, float], recalibration: tuple[float, float]
) -> None:
    model = model_of(candidate, lives(), recalibration)
    assert model.adds_up
    found = effects(model, pd.DataFrame([woman], index=[17]), TYPICAL)
    difference = model.line(pd.DataFrame([woman]))[0] - model.line(pd.DataFrame([TYPICAL]))[0]
    assert sum(np.log(one.odds_ratio) for one in found) == pytest.approx(difference, abs=1e-9)
    sizes = [abs(np.log(one.odds_ratio)) for one in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("candidate", [PENALISED, CARD, TREES], ids=["logistic", "scorecard", "trees"])
def test_what_is_not_known_of_a_woman_is_told_as_a_gap_and_the_effects_still_add_up(candidate: Candidate) -> None:
    model = model_of(candidate, lives())
    row = pd.DataFrame([WOMEN[0] | {"unwanted": NAN, "age": NAN}])
    found = effects(model, row, TYPICAL)
    gaps = {one.predictor for one in found if one.words.endswith("not known")}
    assert gaps == {"unwanted", "age"}
    if model.adds_up:
        difference = model.line(row)[0] - model.line(pd.DataFrame([TYPICAL]))[0]
        assert sum(np.log(one.odds_ratio) for one in found) == pytest.approx(difference, abs=1e-9)


def test_only_a_few_factors_are_told_and_none_too_small_to_notice() -> None:
    found = [Effect(f"p{n}", "", ratio) for n, ratio in enumerate((3.0, 0.4, 2.0, 1.5, 1.4, 1.05))]
    assert [one.predictor for one in the_few(found)] == ["p0", "p1", "p2", "p3"]
    assert the_few([Effect("p", "", 1.05), Effect("q", "", 0.95)]) == []
    assert [one.direction for one in found[:2]] == ["raises", "lowers"]


def test_a_factor_is_told_as_what_is_the_case() -> None:
    assert in_words("unwanted", 1.0) == "it was not wanted"
    assert in_words("unwanted", 0.0) == "it was wanted"
    assert in_words("earlier_births", 2.0) == "number of earlier births: 2"


# --- a model as it is kept --------------------------------------------------------------------------------


def test_risks_in_chunks_are_the_risks_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = lives(500)
    model = model_of(PENALISED, told)
    whole = model.risk(told.frame)
    monkeypatch.setattr("smartstart.risk.model.CHUNK", 64)
    assert np.array_equal(model.risk(told.frame), whole)
    assert model.risk(told.frame.iloc[:0]).shape == (0,)


def test_recalibration_moves_the_log_odds_and_no_order() -> None:
    told = lives(500)
    plain, moved = model_of(PENALISED, told), model_of(PENALISED, told, (0.5, 0.8))
    before, after = plain.risk(told.frame), moved.risk(told.frame)
    assert np.log(after / (1 - after)) == pytest.approx(0.5 + 0.8 * np.log(before / (1 - before)))


def test_a_slope_that_turns_the_risks_round_is_never_adopted() -> None:
    rng = np.random.default_rng(3)
    risk = rng.uniform(0.02, 0.4, 3000)
    event = rng.random(3000) < 0.42 - risk  # the wrong way round
    assert recalibrate(event, risk).choice != "intercept and slope"
