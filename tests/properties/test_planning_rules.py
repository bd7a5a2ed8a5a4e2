"""What holds of every plan, whatever is asked."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planned_another_way import approximate_power_of_a_difference

from smartstart.trial.planning.event import approximate_power, women_for_two_risks
from smartstart.trial.planning.exact import exact_power
from smartstart.trial.planning.inflow import Inflow, municipalities_needed, together
from smartstart.trial.planning.power import answer
from smartstart.trial.planning.question import Question
from smartstart.trial.planning.scale import (
    filled,
    power_of_a_difference,
    women_for_a_difference,
)

differences = st.floats(0.05, 2.0)
shares = st.floats(0.05, 1.0)
ratios = st.tuples(st.integers(1, 4), st.integers(1, 4))
inflows = st.builds(Inflow, st.floats(5, 500), shares, shares, st.integers(1, 20))


@given(difference=differences, women=st.integers(1, 3_000), ratio=ratios, correlation=st.floats(0, 0.95))
def test_power_rises_with_every_woman(
    difference: float, women: int, ratio: tuple[int, int], correlation: float
) -> None:
    fewer, more = filled(women, ratio), filled(women + 1, ratio)
    for power in (approximate_power_of_a_difference, power_of_a_difference):
        assert power(difference, fewer, correlation=correlation) <= (
            power(difference, more, correlation=correlation) + 1e-9
        )


@given(difference=differences, ratio=ratios, correlation=st.floats(0, 0.95), power=st.floats(0.5, 0.99))
def test_the_number_of_women_is_the_least_with_the_power(
    difference: float, ratio: tuple[int, int], correlation: float, power: float
) -> None:
    women = women_for_a_difference(difference, correlation=correlation, ratio=ratio, power=power)
    exact_share = (women * ratio[0] / min(ratio), women * ratio[1] / min(ratio))
    assert approximate_power_of_a_difference(
        difference, exact_share, correlation=correlation  # type: ignore[arg-type]
    ) >= power - 1e-6  # fmt: skip


@given(risk=st.floats(0.02, 0.98), share=st.floats(0.1, 0.9), power=st.floats(0.5, 0.95))
def test_the_formula_turned_round_gives_the_power_back(risk: float, share: float, power: float) -> None:
    women = women_for_two_risks(risk, share * risk, power=power)
    assert approximate_power(risk, share * risk, (women, women)) >= power - 1e-6


@settings(max_examples=25)
@given(risk=st.floats(0.05, 0.95), women=st.integers(1, 25), other=st.integers(1, 25))
def test_no_exact_test_errs_more_often_than_allowed(risk: float, women: int, other: int) -> None:
    found = exact_power(risk, risk, (women, other))
    assert found is not None
    assert found <= 0.05 * 1.001


@given(inflow=inflows, women=st.integers(1, 100_000), within=st.floats(0.5, 20))
def test_more_municipalities_never_take_longer(inflow: Inflow, women: int, within: float) -> None:
    rows = together(women, inflow)
    assert [row.years for row in rows] == sorted((row.years for row in rows), reverse=True)
    needed = municipalities_needed(women, inflow, within)
    assert women / (needed * inflow.drawn / inflow.municipalities) <= within * 1.000001


@settings(max_examples=30, deadline=None)
@given(
    inflow=inflows,
    difference=differences,
    correlation=st.floats(0, 0.95),
    ratio=ratios,
    r2=st.none() | st.floats(0, 0.99),
    inflation=st.floats(1, 2),
    so_far=st.none() | st.integers(0, 5_000),
)
def test_every_plan_of_a_scale_is_plain_and_saves_less_than_everything(
    inflow: Inflow,
    difference: float,
    correlation: float,
    ratio: tuple[int, int],
    r2: float | None,
    inflation: float,
    so_far: int | None,
) -> None:
    found = answer(
        Question(name="q", inflow=inflow, difference=difference, correlation=correlation, ratio=ratio, r2=r2,
                 inflation=inflation, so_far=so_far, prior=(0.2, 0.1))
    )  # fmt: skip
    json.dumps(found.as_dict(), allow_nan=False)
    assert found.saving is None or (0 <= found.saving.variance < 1 and found.saving.women >= 0)
    assert found.assurance is not None
    assert 0 <= found.assurance <= 1
    assert found.power_now is None or 0 <= found.power_now <= 1
    assert found.women >= found.per_arm * sum(ratio) / min(ratio) - 1
    assert found.years == pytest.approx(found.recruitment_years + 1.5)
