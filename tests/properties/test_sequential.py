"""Whatever looks are planned and whatever comes in: what boundaries never do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.trial.sequential.boundaries import boundaries
from smartstart.trial.sequential.crossing import crossing
from smartstart.trial.sequential.monitoring import LooksPlan, next_boundary
from smartstart.trial.sequential.spending import CLASSICAL, NAMES, SPENDING
from smartstart.trial.sequential.stopping import EarlierLooks, p_values

FRACTIONS = st.lists(st.integers(1, 39), min_size=0, max_size=5, unique=True).map(
    lambda places: (*(place / 40 for place in sorted(places)), 1.0)
)
ALPHAS = st.floats(0.001, 0.2)


@given(st.sampled_from([*SPENDING]), st.floats(0, 1), st.floats(0, 1), ALPHAS)
def test_spending_never_falls_and_never_passes_its_error(name: str, one: float, other: float, error: float) -> None:
    low, high = sorted((one, other))
    spent = SPENDING[name].spent
    assert 0 <= spent(low, error) <= spent(high, error) <= error * (1 + 1e-12)


@given(FRACTIONS, st.floats(-3, 5), st.data())
@settings(deadline=None, max_examples=40)
def test_every_trial_ends_above_or_below(fractions: tuple[float, ...], drift: float, data: st.DataObject) -> None:
    upper = [data.draw(st.floats(0.5, 5)) for _ in fractions]
    lower = [*(data.draw(st.floats(-4, 0.4)) for _ in fractions[1:]), upper[-1]]
    found = crossing(fractions, upper, lower, drift)
    assert min(found.above) >= 0 and min(found.below) >= 0
    assert sum(found.above) + sum(found.below) == pytest.approx(1, abs=1e-10)


@given(st.sampled_from(NAMES), FRACTIONS, ALPHAS)
@settings(deadline=None, max_examples=40)
def test_all_of_the_error_is_spent_over_the_looks(name: str, fractions: tuple[float, ...], alpha: float) -> None:
    found = boundaries(len(fractions), alpha, name, fractions)
    assert all(before <= after for before, after in pairwise((0.0, *found.cumulative_spending)))
    assert sum(crossing(fractions, found.z).above) == pytest.approx(alpha, rel=1e-6)
    assert found.inflation_factor >= 1 - 1e-9
    if name not in CLASSICAL:
        planned = [SPENDING[name].spent(fraction, alpha) for fraction in fractions]
        assert found.cumulative_spending == pytest.approx(planned, abs=1e-10)


@given(st.lists(st.integers(30, 120), min_size=1, max_size=5, unique=True), st.sampled_from(NAMES))
@settings(deadline=None, max_examples=25)
def test_what_was_seen_never_spends_more_than_alpha(percentages: list[int], name: str) -> None:
    seen: list[float] = []
    used: list[float] = []
    for percentage in sorted(percentages):
        seen.append(percentage / 100)
        found = next_boundary(LooksPlan((0.5, 1.0), spending=name), seen)
        used.append(np.inf if found.z is None else found.z)
        if found.final:
            break
    assert sum(crossing(seen, used).above) <= 0.025 + 1e-9


@given(st.floats(-3, 6), st.floats(0, 1), st.floats(-4, 4))
@settings(deadline=None)
def test_a_higher_z_has_a_lower_p_value_and_a_higher_effect_a_higher_one(z: float, more: float, effect: float) -> None:
    earlier = EarlierLooks((0.5,), (2.5,))
    low, high = p_values(np.array([z, z + more]), 1.0, earlier, effect)
    assert 0 <= high <= low <= 1 + 1e-12
    assert p_values(np.array([z]), 1.0, earlier, effect + more)[0] >= low - 1e-12
