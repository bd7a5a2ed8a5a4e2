"""Intervals and alarms that hold at every moment: published values, exact enumeration, and looking all the time."""

from __future__ import annotations

from math import inf, isnan, sqrt

import numpy as np
import pytest
from scipy.stats import binom

from smartstart.errors import UsageError
from smartstart.trial.sequential.sequences import (
    always_valid,
    always_valid_p,
    harm_alarm,
    mixture_bound,
    rare_events,
    tuned_mixture,
)


def test_the_normal_mixture_is_that_of_confseq() -> None:
    """confseq, test of uniform_boundaries: information 100, tuned to 100, alpha 0.05, two-sided."""
    assert tuned_mixture(100, 0.05) == pytest.approx(12.60056, abs=1e-5)
    assert mixture_bound(100, 100, 0.05) == pytest.approx(30.35209, abs=1e-5)
    assert always_valid_p(10 / 100, 1 / 10, 100) == 1.0  # its log evidence is -0.6510052
    assert np.log(always_valid_p(30.35209 / 100, 1 / 10, 100)) == pytest.approx(np.log(0.05), abs=1e-5)


def test_the_interval_is_narrowest_in_the_sense_of_its_tuning() -> None:
    at = [mixture_bound(100, tuned, 0.05) for tuned in (20, 50, 100, 200, 500)]
    assert min(at) == at[2]
    found = always_valid(0.3, 0.1, 100)
    assert found.lower < 0.3 - 1.96 * 0.1 and found.upper - found.lower == pytest.approx(2 * 0.3035209, abs=1e-6)


@pytest.mark.parametrize("every", [1, 10, 200])
def test_looking_all_the_time_still_covers(every: int) -> None:
    trials, moments = 4000, 200
    steps = np.random.default_rng(3).standard_normal((trials, moments))
    information = np.arange(1, moments + 1.0)
    scores = np.abs(np.cumsum(steps, axis=1))[:, every - 1 :: every]
    bounds = np.array([mixture_bound(one, 100, 0.05) for one in information])[every - 1 :: every]
    missed = (scores > bounds).any(axis=1).mean()
    assert missed <= 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5
    naive = (scores > 1.96 * np.sqrt(information)[every - 1 :: every]).any(axis=1).mean()
    assert every == 200 or naive > 0.15  # what the usual interval does


@pytest.mark.parametrize("share", [0.5, 2 / 3])
@pytest.mark.parametrize("ratio", [1.0, 0.4])
def test_the_interval_of_rare_events_covers_exactly_at_all_events_together(share: float, ratio: float) -> None:
    """Every path of up to 60 events, by their exact chances: those that the interval ever misses are few enough."""
    chance = share * ratio / (share * ratio + 1 - share)
    here, missed = {0: 1.0}, 0.0
    for events in range(1, 61):
        after: dict[int, float] = {}
        for treated, mass in here.items():
            after[treated + 1] = after.get(treated + 1, 0.0) + mass * chance
            after[treated] = after.get(treated, 0.0) + mass * (1 - chance)
        here = {}
        for treated, mass in after.items():
            found = rare_events(treated, events - treated, share)
            if found.lower <= ratio <= found.upper:
                here[treated] = mass
            else:
                missed += mass
    assert 0.001 < missed <= 0.05


@pytest.mark.parametrize("share", [0.5, 2 / 3])
@pytest.mark.parametrize("ratio", [1.0, 0.6])
def test_without_harm_the_alarm_is_raised_at_most_as_often_as_its_alpha(share: float, ratio: float) -> None:
    chance = share * ratio / (share * ratio + 1 - share)
    here, raised = {0: 1.0}, 0.0
    for events in range(1, 101):
        after: dict[int, float] = {}
        for treated, mass in here.items():
            after[treated + 1] = after.get(treated + 1, 0.0) + mass * chance
            after[treated] = after.get(treated, 0.0) + mass * (1 - chance)
        here = {}
        for treated, mass in after.items():
            if harm_alarm(treated, events - treated, share).raised:
                raised += mass
            else:
                here[treated] = mass
    assert raised <= 0.05
    assert ratio < 1 or raised > 0.005


def test_the_evidence_of_no_harm_is_worth_one_on_average() -> None:
    share, events = 0.6, 12

    worth = sum(
        binom.pmf(treated, events, share) * harm_alarm(treated, events - treated, share).e_value
        for treated in range(events + 1)
    )
    assert worth == pytest.approx(1, abs=1e-10)


def test_much_harm_raises_the_alarm_and_its_sentence_says_what_to_do() -> None:
    found = harm_alarm(10, 1, 0.5)
    assert found.raised and "stop and look into it" in found.sentence()
    assert found.p_value == pytest.approx(1 / found.e_value)
    assert found.as_dict()["threshold"] == 20
    assert not harm_alarm(1, 10, 0.5).raised and "no alarm" in harm_alarm(1, 10, 0.5).sentence()


def test_the_ratio_of_rates_allows_for_unequal_arms() -> None:
    assert rare_events(10, 5, 2 / 3).estimate == pytest.approx(1)
    found = rare_events(6, 20, 0.5)
    assert found.lower < 0.3 < found.upper


def test_arms_without_events_give_bounds_and_no_warnings() -> None:
    nothing = rare_events(0, 0, 0.5)
    assert isnan(nothing.estimate) and (nothing.lower, nothing.upper) == (0, inf) and nothing.note
    none = rare_events(0, 9, 0.5)
    assert none.estimate == 0 and none.lower == 0 and none.upper < 1
    all_of_them = rare_events(9, 0, 0.5)
    assert all_of_them.estimate == inf and all_of_them.upper == inf and all_of_them.lower > 1
    assert harm_alarm(0, 0, 0.5).e_value == 1
    for events in ((0, 5000), (5000, 0), (5000, 5000)):
        assert 0 <= harm_alarm(*events, 0.5).p_value <= 1
        assert rare_events(*events, 0.5).as_dict()


def test_what_cannot_be_is_refused() -> None:
    for wrong in (
        lambda: always_valid(1, 0, 100),
        lambda: always_valid(1, 1, 0),
        lambda: always_valid(1, 1, 1, level=1.0),
        lambda: rare_events(-1, 2, 0.5),
        lambda: rare_events(1, 2, 1.0),
        lambda: always_valid_p(1, 0, 100),
        lambda: harm_alarm(1, 2, 0.5, alpha=0.7),
    ):
        with pytest.raises(UsageError):
            wrong()


def test_the_price_of_looking_all_the_time_is_stated() -> None:
    assert 1.4 < mixture_bound(100, 100, 0.05) / (1.959964 * sqrt(100)) < 1.6
