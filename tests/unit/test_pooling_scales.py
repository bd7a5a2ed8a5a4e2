"""A scale over municipalities from sums alone is what least squares on all women gives; random effects as published."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.errors import UsageError
from smartstart.trial.pooling.additive import answers_of_scale
from smartstart.trial.pooling.events import PooledEvents, pool_tables
from smartstart.trial.pooling.random_effects import random_effects
from smartstart.trial.pooling.records import ScaleSums, Table2
from smartstart.trial.pooling.scales import PooledScale, added, pool_scales


def women(seed: int, towns: int = 3, strata: int = 2, effect: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 40 * towns
    town, stratum = rng.integers(0, towns, n), rng.integers(0, strata, n)
    arm, x = rng.integers(0, 2, n), rng.normal(3, 0.8, n)
    y = 1 + 0.5 * x + effect * arm + 0.3 * town - 0.2 * stratum + rng.normal(0, 0.7, n)
    return pd.DataFrame({"town": town, "stratum": stratum, "arm": arm, "x": x, "y": y})


def sums_of(frame: pd.DataFrame) -> list[ScaleSums]:
    found = []
    for (town, stratum), own in frame.groupby(["town", "stratum"]):
        arms = [own[own.arm == 1], own[own.arm == 0]]
        pairs = [
            (float(part(arms[0])), float(part(arms[1])))
            for part in (
                lambda f: f.y.sum(), lambda f: f.x.sum(), lambda f: (f.y**2).sum(), lambda f: (f.x**2).sum(),
                lambda f: (f.x * f.y).sum(),
            )
        ]  # fmt: skip
        found.append(ScaleSums(f"town {town}", f"{stratum}", (len(arms[0]), len(arms[1])), *pairs))
    return found


def pooled(frame: pd.DataFrame) -> PooledScale:
    found = pool_scales(sums_of(frame))
    assert isinstance(found, PooledScale)
    return found


# --- a second way -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_sums_give_what_least_squares_on_all_women_gives(seed: int) -> None:
    frame = women(seed)
    fit = smf.ols("y ~ arm + x + C(town):C(stratum)", frame).fit()
    found = pooled(frame)
    one = found.mean_difference
    assert one.estimate == pytest.approx(fit.params["arm"]) and one.se == pytest.approx(fit.bse["arm"])
    assert (one.lower, one.upper) == pytest.approx(tuple(fit.conf_int().loc["arm"]))
    assert found.significance.p_value == pytest.approx(fit.pvalues["arm"])


def test_a_municipality_by_itself_is_its_own_least_squares() -> None:
    frame = women(7)
    for town, one in enumerate(pooled(frame).by_municipality):
        own = smf.ols("y ~ arm + x + C(stratum)", frame[frame.town == town]).fit()
        assert (one.difference.estimate, one.difference.se) == pytest.approx((own.params["arm"], own.bse["arm"]))


def test_leaving_one_out_is_pooling_the_others() -> None:
    frame = women(9)
    found = pooled(frame)
    assert sum(one.weight for one in found.by_municipality) == pytest.approx(1)
    for town, one in enumerate(found.leave_one_out):
        rest = pooled(frame[frame.town != town]).mean_difference
        assert (one.estimate, one.lower, one.upper) == pytest.approx((rest.estimate, rest.lower, rest.upper))


def test_sums_under_masks_give_the_same_common_answer() -> None:
    frame = women(11)
    summed, found = answers_of_scale(added(sums_of(frame))), pooled(frame)
    assert summed.mean_difference.estimate == pytest.approx(found.mean_difference.estimate)
    assert summed.mean_difference.se == pytest.approx(found.mean_difference.se)
    assert summed.p_value == pytest.approx(found.significance.p_value) and summed.n == found.n


def test_without_a_scale_at_the_start_it_is_the_difference_within_strata() -> None:
    frame = women(13).assign(x=0.0)
    fit = smf.ols("y ~ arm + C(town):C(stratum)", frame).fit()
    one = pooled(frame).mean_difference
    assert (one.estimate, one.se) == pytest.approx((fit.params["arm"], fit.bse["arm"]))


# --- edges ------------------------------------------------------------------------------------------------


def test_nothing_to_compare_is_said_and_too_few_answers_give_no_interval() -> None:
    lone = ScaleSums("a", "1", (3, 0), (9.0, 0.0), (9.0, 0.0), (27.0, 0.0), (27.0, 0.0), (27.0, 0.0))
    assert isinstance(pool_scales([lone]), str)
    pair = ScaleSums("a", "1", (1, 1), (3.0, 2.0), (0.0, 0.0), (9.0, 4.0), (0.0, 0.0), (0.0, 0.0))
    found = pool_scales([pair])
    assert isinstance(found, PooledScale) and found.mean_difference.estimate == pytest.approx(1)
    assert isnan(found.mean_difference.lower) and found.mean_difference.note
    with pytest.raises(UsageError, match="count double"):
        pool_scales([pair, pair])


def test_a_large_baseline_that_is_the_same_for_all_is_nothing_to_adjust_for() -> None:
    frame = women(15).assign(x=3333.3)
    fit = smf.ols("y ~ arm + C(town):C(stratum)", frame).fit()
    one = pooled(frame).mean_difference
    assert (one.estimate, one.se) == pytest.approx((fit.params["arm"], fit.bse["arm"]))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.floats(-3, 3), st.permutations(range(6)))
def test_a_shift_of_all_and_the_order_of_municipalities_change_nothing(
    seed: int, shift: float, order: list[int]
) -> None:
    frame = women(seed)
    found, moved = pooled(frame), pooled(frame.assign(y=frame.y + shift * frame.town))
    assert moved.mean_difference.estimate == pytest.approx(found.mean_difference.estimate, abs=1e-8)
    assert moved.mean_difference.se == pytest.approx(found.mean_difference.se, rel=1e-6)
    sums = sums_of(frame)
    mixed = pool_scales([sums[place] for place in order if place < len(sums)])
    assert isinstance(mixed, PooledScale)
    assert mixed.mean_difference.estimate == pytest.approx(found.mean_difference.estimate)
    turned = pooled(frame.assign(arm=1 - frame.arm))
    assert turned.mean_difference.estimate == pytest.approx(-found.mean_difference.estimate)


# --- random effects, beside what test_random_effects holds ------------------------------------------------


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 2)), min_size=3, max_size=12), st.floats(-1, 1))
def test_a_next_municipality_is_less_sure_than_the_mean_and_a_shift_moves_both(
    told: list[tuple[float, float]], shift: float
) -> None:
    effect, variance = np.array([e for e, _ in told]), np.array([v for _, v in told])
    found = random_effects(effect, variance, "difference in means")
    moved = random_effects(effect + shift, variance, "difference in means")
    assert found is not None and moved is not None
    assert found.prediction_lower <= found.lower <= found.estimate <= found.upper <= found.prediction_upper
    assert moved.estimate == pytest.approx(found.estimate + shift, abs=1e-5)
    assert moved.tau2 == pytest.approx(found.tau2, abs=1e-4)


def test_with_rare_events_random_effects_are_said_to_be_an_impression() -> None:
    tables = [Table2(f"town {k}", "1", k % 2, 300, (k + 1) % 3, 300) for k in range(5)]
    found = pool_tables(tables)
    assert isinstance(found, PooledEvents) and any("no more than an impression" in note for note in found.notes)
