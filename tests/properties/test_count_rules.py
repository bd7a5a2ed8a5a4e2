"""Whatever the table: swapped arms, nested levels, the estimate inside, and p-values that are chances."""

from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.trial.analysis.difference import RISK_DIFFERENCE, risk_difference
from smartstart.trial.analysis.proportion import PROPORTION, proportion_interval
from smartstart.trial.analysis.ratio import ODDS_RATIO, RISK_RATIO, odds_ratio, risk_ratio
from smartstart.trial.analysis.records import Counts
from smartstart.trial.analysis.significance import TESTS, significance

SLACK = 1e-7


@st.composite
def tables(draw: st.DrawFn, most: int = 40) -> Counts:
    n1, n0 = draw(st.integers(1, most)), draw(st.integers(1, most))
    return Counts(draw(st.integers(0, n1)), n1, draw(st.integers(0, n0)), n0)


def swapped(counts: Counts) -> Counts:
    return Counts(counts.events_control, counts.n_control, counts.events_treated, counts.n_treated)


def turned(value: float) -> float:
    return float("inf") if value == 0 else 1 / value


def same(left: float, right: float) -> bool:
    return (isnan(left) and isnan(right)) or left == pytest.approx(right, rel=1e-6, abs=SLACK)


@settings(max_examples=40, deadline=None)
@given(counts=tables(15), method=st.sampled_from(list(RISK_DIFFERENCE)))
def test_swapping_the_arms_negates_the_risk_difference(counts: Counts, method: str) -> None:
    found, other = risk_difference(counts, method), risk_difference(swapped(counts), method)
    assert same(found.estimate, -other.estimate)
    assert same(found.lower, -other.upper)
    assert same(found.upper, -other.lower)
    assert -1 <= found.lower <= found.upper <= 1


@settings(max_examples=80, deadline=None)
@given(counts=tables(), ratio=st.sampled_from([(risk_ratio, name) for name in RISK_RATIO]))
def test_swapping_the_arms_turns_the_risk_ratio_over(counts: Counts, ratio: tuple) -> None:
    swapping_turns_over(counts, *ratio)


@settings(max_examples=80, deadline=None)
@given(counts=tables(), ratio=st.sampled_from([(odds_ratio, name) for name in ODDS_RATIO]))
def test_swapping_the_arms_turns_the_odds_ratio_over(counts: Counts, ratio: tuple) -> None:
    swapping_turns_over(counts, *ratio)


def swapping_turns_over(counts: Counts, measure, method: str) -> None:  # noqa: ANN001
    found, other = measure(counts, method), measure(swapped(counts), method)
    assert same(found.estimate, turned(other.estimate))
    assert same(found.lower, turned(other.upper))
    assert same(found.upper, turned(other.lower))
    assert same(found.se, other.se)


@settings(max_examples=80, deadline=None)
@given(counts=tables())
def test_a_default_interval_holds_its_estimate(counts: Counts) -> None:
    for measure in (risk_difference, risk_ratio, odds_ratio):
        found = measure(counts)
        assert isnan(found.estimate) or found.lower - SLACK <= found.estimate <= found.upper + SLACK


@settings(max_examples=60, deadline=None)
@given(counts=tables(), method=st.sampled_from(list(PROPORTION)))
def test_an_interval_of_a_proportion_turns_over_with_the_event(counts: Counts, method: str) -> None:
    found = proportion_interval(counts.events_treated, counts.n_treated, method)
    other = proportion_interval(counts.n_treated - counts.events_treated, counts.n_treated, method)
    assert same(found.lower, 1 - other.upper)
    assert 0 <= found.lower - SLACK <= found.estimate or found.lower == 0
    assert found.lower <= found.estimate + SLACK <= found.upper + 2 * SLACK


@settings(max_examples=40, deadline=None)
@given(counts=tables(), test=st.sampled_from(list(TESTS)))
def test_a_p_value_is_a_chance_and_does_not_care_which_arm_is_which(counts: Counts, test: str) -> None:
    p_value = significance(counts, test).p_value
    assert 0 < p_value <= 1
    assert same(p_value, significance(swapped(counts), test).p_value)


@settings(max_examples=40, deadline=None)
@given(counts=tables())
def test_boschloo_is_never_above_fisher_and_mid_p_never_either(counts: Counts) -> None:
    fisher = significance(counts, "fisher").p_value
    assert significance(counts, "boschloo").p_value <= fisher + 1e-12
    assert significance(counts, "fisher-mid-p").p_value <= fisher
