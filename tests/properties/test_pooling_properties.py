"""Whatever tables municipalities bring: what pooling never does."""

from __future__ import annotations

import json
import warnings
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.trial.analysis.records import Estimate
from smartstart.trial.pooling.additive import answers_of_events, components
from smartstart.trial.pooling.events import NO_BOTH, PooledEvents, pool_tables
from smartstart.trial.pooling.random_effects import random_effects
from smartstart.trial.pooling.records import ScaleSums, Table2
from smartstart.trial.pooling.scales import PooledScale, pool_scales

SIZES = st.one_of(st.integers(0, 3), st.integers(0, 40), st.just(1500))
RATIOS = ("risk_ratio", "odds_ratio", "peto_odds_ratio", "exact_odds_ratio")
DIFFERENCES = ("risk_difference", "mantel_haenszel_difference")


@st.composite
def municipalities(draw: st.DrawFn, least: int = 1) -> list[Table2]:
    found = []
    for town in range(draw(st.integers(least, 5))):
        for stratum in range(draw(st.integers(1, 2))):
            treated, control = draw(SIZES), draw(SIZES)
            share = draw(st.sampled_from(["none", "all", "some"]))
            events = [
                0 if share == "none" else n if share == "all" else draw(st.integers(0, n)) for n in (treated, control)
            ]
            found.append(Table2(f"town {town}", f"{stratum}", events[0], treated, events[1], control))
    return found


def ends(found: Estimate) -> tuple[float, float, float]:
    return found.estimate, found.lower, found.upper


def turned(value: float) -> float:
    return value if isnan(value) else inf if value == 0 else 1 / value


def same(one: float, other: float) -> bool:
    return one == pytest.approx(other, rel=1e-6, abs=1e-8, nan_ok=True)


@given(municipalities())
@settings(deadline=None, max_examples=30)
def test_every_table_of_whole_numbers_is_answered_in_silence(tables: list[Table2]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pool_tables(tables)
        answers_of_events(components(tables)).as_dict()
    if isinstance(found, str):
        assert found == NO_BOTH
        return
    json.dumps(found.as_dict(), allow_nan=False)
    assert -1 <= found.risk_difference.lower <= found.risk_difference.estimate <= found.risk_difference.upper <= 1
    assert 0 <= found.significance.p_value <= 1 and 0 < found.exact.p_value <= 1
    assert sum(town.weight for town in found.by_municipality) == pytest.approx(1)
    k = len(found.by_municipality)
    assert len(found.leave_one_out) == (k if k > 1 else 0)


@given(municipalities(2), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=10)
def test_the_order_of_municipalities_does_not_matter(tables: list[Table2], chance: object) -> None:
    other = sorted(tables, key=lambda _: chance.random())  # type: ignore[attr-defined]
    one, two = pool_tables(tables), pool_tables(other)
    if isinstance(one, str) or isinstance(two, str):
        assert one == two
        return
    for name in (*RATIOS, *DIFFERENCES):
        assert all(map(same, ends(getattr(one, name)), ends(getattr(two, name))))
    assert same(one.exact.p_value, two.exact.p_value)
    assert {row.without for row in one.leave_one_out} == {row.without for row in two.leave_one_out}


@given(municipalities())
@settings(deadline=None, max_examples=10)
def test_swapped_arms_turn_differences_and_ratios_over(tables: list[Table2]) -> None:
    swapped = [Table2(t.label, t.stratum, t.control_events, t.control, t.treated_events, t.treated) for t in tables]
    one, two = pool_tables(tables), pool_tables(swapped)
    if isinstance(one, str) or isinstance(two, str):
        assert one == two
        return
    for name in DIFFERENCES:
        estimate, lower, upper = ends(getattr(two, name))
        assert all(map(same, ends(getattr(one, name)), (-estimate, -upper, -lower)))
    for name in ("risk_ratio", "odds_ratio", "exact_odds_ratio"):
        estimate, lower, upper = map(turned, ends(getattr(two, name)))
        assert all(map(same, ends(getattr(one, name)), (estimate, upper, lower)))
    assert same(one.significance.p_value, two.significance.p_value)


@given(municipalities(), st.integers(1, 500), st.integers(1, 500))
@settings(deadline=None, max_examples=10)
def test_a_municipality_without_events_changes_no_ratio(tables: list[Table2], treated: int, control: int) -> None:
    before, after = pool_tables(tables), pool_tables([*tables, Table2("quiet", "a", 0, treated, 0, control)])
    assert isinstance(after, PooledEvents)
    if isinstance(before, str):
        return
    for name in RATIOS:
        assert all(map(same, ends(getattr(before, name)), ends(getattr(after, name))))
    assert after.n.treated == before.n.treated + treated
    assert abs(after.risk_difference.estimate) <= abs(before.risk_difference.estimate) + 1e-12


@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(1e-4, 50)), min_size=3, max_size=8))
@settings(deadline=None, max_examples=30)
def test_what_a_next_municipality_may_expect_is_no_narrower_than_the_mean(parts: list[tuple[float, float]]) -> None:
    effect, variance = np.array(parts).T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = random_effects(effect, variance, "difference")
    assert found is not None
    assert found.prediction_lower <= found.lower <= found.estimate <= found.upper <= found.prediction_upper
    assert 0 <= found.tau2_lower <= found.tau2_upper
    assert 0 <= found.i2 <= 1 and 0 <= found.q_p <= 1


@given(st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40)), max_size=8), min_size=1,
                max_size=4))  # fmt: skip
@settings(deadline=None, max_examples=50)
def test_every_scale_of_whole_points_is_answered_in_silence(towns: list[list[tuple[bool, int, int]]]) -> None:
    parts = []
    for place, women in enumerate(towns):
        arms = [[(y, x) for arm, y, x in women if arm is which] for which in (True, False)]
        n1, n0 = map(len, arms)
        sums = [tuple(float(sum(of(y, x) for y, x in arm)) for arm in arms) for of in (
            lambda y, x: y, lambda y, x: x, lambda y, x: y * y, lambda y, x: x * x, lambda y, x: x * y
        )]  # fmt: skip
        parts.append(ScaleSums(f"town {place}", "a", (n1, n0), *sums))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pool_scales(parts)
    if isinstance(found, PooledScale):
        json.dumps(found.as_dict(), allow_nan=False)
        assert len(found.leave_one_out) == (len(towns) if len(towns) > 1 else 0)
