"""Trials played with their planned looks: how often what is said is wrong, and how often who looks too often is."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.sequential.boundaries import boundaries
from smartstart.trial.sequential.information import asked_for, women_for
from smartstart.trial.sequential.monitoring import LooksPlan
from smartstart.trial.sequential.played import Played, Setting, play

LOOKS = LooksPlan(fractions=(0.5, 1.0), alpha=0.025, harm_alpha=0.05)
TRIALS = 2000


def women(effect: float, spread: float, ratio: tuple[int, int] = (1, 1)) -> int:
    inflation = boundaries(2, 0.025, "lan-demets-obf", (0.5, 1.0), power=0.8).inflation_factor
    return ceil(women_for(asked_for(effect, alpha=0.025, power=0.8, inflation=inflation), spread**2, ratio))


SETTING = Setting(women=women(0.3, 0.85), answers_per_year=31.2, until_answer=1.5, spread=0.85, looks=LOOKS)


def played(truth: float, setting: Setting = SETTING, trials: int = TRIALS) -> Played:
    return play(setting, truth, trials, np.random.default_rng(63))


def at_most(share: float) -> float:
    return float(stats.binom.ppf(0.999, TRIALS, share) / TRIALS)


@pytest.fixture(scope="module")
def nothing() -> Played:
    return played(0.0)


def test_where_nothing_helps_the_page_says_so_as_often_as_the_plan_promises(nothing: Played) -> None:
    assert nothing.says_helps <= at_most(0.025)
    assert nothing.says_harms <= at_most(0.05)
    assert nothing.wrong == nothing.says_helps + nothing.says_harms
    assert nothing.says_no_difference == pytest.approx(1 - nothing.wrong) and nothing.missed == 0


def test_who_looks_every_quarter_at_1_96_is_wrong_several_times_as_often(nothing: Played) -> None:
    assert nothing.naive_wrong > 0.2 > 3 * nothing.says_helps


def test_the_planned_effect_is_found_with_the_planned_power() -> None:
    found = played(0.3)
    assert found.says_helps == pytest.approx(0.8, abs=0.03)
    assert found.missed == found.says_no_difference and found.wrong == found.says_harms <= at_most(0.001)


def test_a_smaller_effect_is_found_less_often_and_later_and_harm_is_found_as_harm() -> None:
    half, whole, harm = played(0.15, trials=500), played(0.3, trials=500), played(-0.3, trials=500)
    assert half.says_helps < whole.says_helps and half.years >= whole.years
    assert harm.says_harms > 0.8 and harm.says_helps < 0.01 and harm.wrong == harm.says_helps


@pytest.mark.parametrize("truth", [0.0, 0.15, 0.3])
def test_the_interval_at_stopping_lies_beside_the_truth_one_in_twenty_times(truth: float) -> None:
    without_harm = replace(SETTING, looks=replace(LOOKS, harm_alpha=None))
    found = played(truth, without_harm)
    assert found.misses_truth is not None
    assert stats.binom.ppf(0.001, TRIALS, 0.05) / TRIALS <= found.misses_truth <= at_most(0.05)


def test_eight_looks_spend_no_more_than_they_may() -> None:
    eight = LooksPlan(fractions=(0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0), alpha=0.025, harm_alpha=0.025)
    found = played(0.0, replace(SETTING, looks=eight))
    assert found.wrong <= at_most(0.05)


def test_looking_whenever_one_likes_is_held_by_the_interval_that_is_always_valid() -> None:
    always = replace(SETTING, looks=None, women=2 * SETTING.women)
    found = played(0.0, always)
    assert found.says_helps <= at_most(0.025) and found.misses_truth is None
    assert played(0.3, always, 500).says_helps > 0.8


def test_years_are_those_of_the_last_answer_rounded_up_to_a_delivery(nothing: Played) -> None:
    assert nothing.years == pytest.approx(SETTING.women / 31.2 + 1.5, abs=0.5)
    assert nothing.years_5 < nothing.years < nothing.years_95 and (4 * nothing.years) % 1 == pytest.approx(0)
    together = played(0.0, replace(SETTING, answers_per_year=312.0), 200)
    assert together.years < nothing.years / 3


def test_the_same_seed_plays_the_same_and_arms_may_differ_in_size() -> None:
    two = replace(SETTING, ratio=(2, 1), women=women(0.3, 0.85, (2, 1)))
    assert played(0.3, two, 400) == played(0.3, two, 400)
    assert played(0.3, two, 1000).says_helps == pytest.approx(0.8, abs=0.05)


def test_a_plan_without_women_is_refused() -> None:
    with pytest.raises(UsageError, match="Nothing can be played"):
        play(replace(SETTING, women=3), 0.0, 10, np.random.default_rng(1))
    with pytest.raises(UsageError, match="Nothing can be played"):
        play(replace(SETTING, answers_per_year=0.0), 0.0, 10, np.random.default_rng(1))
