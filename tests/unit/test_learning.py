"""Learning in time: splits that no mother crosses, and a choice that keeps to what adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from smartstart.risk.candidates import Candidate, FactorCount, candidates
from smartstart.risk.cohort import DAYS_PER_MONTH, FACTORS, Cohort
from smartstart.risk.learning import (
    HELD_OUT,
    LEAST_EVENTS,
    ORIGINS,
    Tried,
    best_of_kind,
    choose,
    fold_of,
    predict_ahead,
    splits,
    tune,
)

NAN = float("nan")
AS_OF = np.datetime64("2024-01-01")
HORIZON = 24
QUICK = Candidate("logistic", {"penalty_c": 0.3, "beyond": 0.0})


def history(n: int = 1500, risk: float = 0.15, seed: int = 3) -> Cohort:
    """Return made-up births of ten years, with one predictor that matters; three children of each mother."""
    rng = np.random.default_rng(seed)
    born = np.datetime64("2014-01-01") + rng.integers(0, 3650, n).astype("timedelta64[D]")
    followed = (AS_OF - born).astype(float) / DAYS_PER_MONTH
    unwanted = (rng.random(n) < 0.3).astype(float)
    event = rng.random(n) < risk * np.where(unwanted == 1, 2.0, 0.6)
    happened = np.where(event, rng.uniform(0, HORIZON, n), NAN)
    happened = np.where(happened < followed, happened, NAN)
    known = followed >= HORIZON
    frame = pd.DataFrame({"unwanted": unwanted, "age": rng.uniform(18, 40, n)})
    frame = frame.assign(**{name: (rng.random(n) < 0.4).astype(float) for name in FACTORS})
    return Cohort(
        frame=frame,
        mother=rng.integers(0, n // 3, n).astype(np.int64),
        born=born.astype("datetime64[D]"),
        followed=followed,
        happened=happened,
        start_unknown=np.zeros(n, dtype=bool),
        known=known,
        event=known & ~np.isnan(happened),
        horizon=HORIZON,
    )


@pytest.mark.parametrize("shares", [ORIGINS, (1 - HELD_OUT,)], ids=["origins", "held out"])
def test_no_mother_is_on_both_sides_of_a_split(shares: tuple[float, ...]) -> None:
    told = history()
    for split in splits(told, shares):
        assert not set(split.past.mother) & set(told.mother[split.ahead])


@pytest.mark.parametrize("shares", [ORIGINS, (1 - HELD_OUT,)], ids=["origins", "held out"])
def test_nothing_of_the_past_is_born_or_known_after_its_day(shares: tuple[float, ...]) -> None:
    told = history()
    for split in splits(told, shares):
        past, day = split.past, split.day
        age = (day - past.born).astype(float) / DAYS_PER_MONTH
        assert (past.born < day).all()
        assert (told.born[split.ahead] >= day).all()
        assert (past.followed <= age + 1e-9).all()
        assert (np.isnan(past.happened) | (past.happened <= age)).all()
        assert (age[past.known] >= HORIZON).all()


@pytest.mark.parametrize("shares", [ORIGINS, (1 - HELD_OUT,)], ids=["origins", "held out"])
def test_every_child_ahead_is_predicted_once_and_its_outcome_is_known(shares: tuple[float, ...]) -> None:
    told = history()
    found = splits(told, shares)
    ahead = np.concatenate([split.ahead for split in found])
    first = min(split.day for split in found)
    assert len(set(ahead)) == len(ahead)
    assert set(ahead) == set(np.flatnonzero(told.known & (told.born >= first)))


def test_a_risk_stands_beside_the_child_that_it_is_of() -> None:
    told = history()

    class Age:
        def risk(self, frame: pd.DataFrame) -> np.ndarray:
            return frame["age"].to_numpy() / 100

    ahead, risk = predict_ahead(told, splits(told, ORIGINS), lambda past: Age())
    assert risk == pytest.approx(told.frame["age"].to_numpy()[ahead] / 100)


def test_all_children_of_a_mother_are_in_one_fold_and_folds_are_of_about_one_size() -> None:
    mother = np.repeat(np.arange(3000), 2)
    fold = fold_of(mother, 3)
    assert (fold[::2] == fold[1::2]).all()
    assert np.bincount(fold, minlength=3) == pytest.approx([2000] * 3, rel=0.1)


def test_splits_and_tuning_are_the_same_every_time() -> None:
    told = history()
    names = ("age", "unwanted")
    assert tune(told, names, (), [QUICK]) == tune(told, names, (), [QUICK])


def test_what_became_known_later_has_no_say_in_what_the_past_teaches() -> None:
    told = history()
    day = min(split.day for split in splits(told, ORIGINS))
    age = (day - told.born).astype(float) / DAYS_PER_MONTH
    later = ~(told.happened <= age)  # not seen by then
    rewritten = replace(told, happened=np.where(later, 1e-3 + np.maximum(age, 0.0), told.happened))
    before, after = splits(told, ORIGINS)[0].past, splits(rewritten, ORIGINS)[0].past
    assert np.array_equal(before.happened, after.happened, equal_nan=True)
    assert FactorCount().fit(before).risks_ == pytest.approx(FactorCount().fit(after).risks_)


def test_too_few_events_before_an_origin_cannot_choose() -> None:
    told = history(600, risk=0.01)
    assert any((split.past.happened < HORIZON).sum() < LEAST_EVENTS for split in splits(told, ORIGINS))
    with pytest.raises(ValueError, match="too few events"):
        tune(told, ("age", "unwanted"), (), [QUICK])


def tried(kind: str, loss: float, error: float = 0.004, **settings: float) -> Tried:
    return Tried(Candidate(kind, settings), loss, error, 1000, 50, 0.7, 0.04)


def test_the_model_that_adds_up_is_kept_unless_another_is_surely_better() -> None:
    logistic = tried("logistic", 0.100)
    assert choose([tried("boosting", 0.097), logistic]) == logistic
    assert choose([logistic, tried("boosting", 0.101)]) == logistic
    surely = tried("boosting", 0.095)
    assert choose([surely, logistic]) == surely


def test_of_each_kind_the_best_setting_stands() -> None:
    best, worse = tried("logistic", 0.100, penalty_c=0.1), tried("logistic", 0.102, penalty_c=1.0)
    card = tried("scorecard", 0.101)
    assert best_of_kind([best, card, worse]) == {"logistic": best, "scorecard": card}
    assert choose([best, card, worse]) == best


def test_every_kind_of_candidate_is_tried() -> None:
    assert {one.kind for one in candidates()} == {"logistic", "boosting", "scorecard"}
