"""Whatever the children and the risks: what the figures of a risk model never do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from smartstart.risk import metrics
from smartstart.risk.metrics import Bools, Floats

Children = tuple[Bools, Floats, Floats]
ALL = (
    metrics.auroc,
    metrics.average_precision,
    metrics.brier,
    metrics.scaled_brier,
    metrics.observed_expected,
    metrics.calibration_intercept,
    metrics.calibration_slope,
    metrics.ici,
)


@st.composite
def children(draw: st.DrawFn) -> Children:
    """Events, risks (often equal ones) and whole weights."""
    n = draw(st.integers(4, 40))
    event = draw(arrays.arrays(bool, n))
    assume(event.any() and not event.all())
    risk = draw(arrays.arrays(float, n, elements=st.integers(1, 99).map(lambda one: one / 100)))
    weight = draw(arrays.arrays(float, n, elements=st.integers(0, 3).map(float)))
    assume(weight[event].any() and weight[~event].any())
    return event, risk, weight


@given(children())
def test_a_weight_of_two_is_the_child_twice(sample: Children) -> None:
    event, risk, weight = sample
    times = weight.astype(int)
    for formula in ALL[:-1]:  # the ICI's knots are those of the children as they are
        heavy, repeated = formula(event, risk, weight), formula(np.repeat(event, times), np.repeat(risk, times))
        assert heavy == pytest.approx(repeated, rel=1e-5, abs=1e-5, nan_ok=True), formula.name


@given(children())
def test_the_auroc_knows_only_the_order(sample: Children) -> None:
    event, risk, weight = sample
    here = metrics.auroc(event, risk, weight)
    assert metrics.auroc(event, risk**3, weight) == pytest.approx(here)
    assert metrics.auroc(event, 1 - risk, weight) == pytest.approx(1 - here)
    assert metrics.auroc(~event, risk, weight) == pytest.approx(1 - here)


@given(children())
def test_observed_over_expected_times_expected_is_observed(sample: Children) -> None:
    event, risk, weight = sample
    ratio = metrics.observed_expected(event, risk, weight)
    assert ratio * (weight @ risk) == pytest.approx(weight @ event)


@given(children())
def test_figures_keep_to_their_ranges(sample: Children) -> None:
    event, risk, weight = sample
    for formula in (metrics.auroc, metrics.average_precision, metrics.brier):
        assert -1e-12 <= formula(event, risk, weight) <= 1 + 1e-12, formula.name
    assert metrics.scaled_brier(event, risk, weight) <= 1
    ici = metrics.ici(event, risk, weight)
    assert np.isnan(ici) or 0 <= ici <= 1


@given(children())
def test_after_recalibration_the_intercept_is_nought_and_the_slope_one(sample: Children) -> None:
    event, risk, weight = sample
    slope = metrics.calibration_slope(event, risk, weight)
    assume(not np.isnan(slope) and 0.05 < abs(slope) < 20)
    line = slope * metrics.log_odds(risk)
    assume(np.abs(line).max() < 12)  # beyond this a risk is held at one in a million
    line = line + metrics.calibration_intercept(event, 1 / (1 + np.exp(-line)), weight)
    assume(np.abs(line).max() < 12)
    put_right = 1 / (1 + np.exp(-line))
    assert metrics.calibration_intercept(event, put_right, weight) == pytest.approx(0, abs=1e-4)
    assert metrics.calibration_slope(event, put_right, weight) == pytest.approx(1, abs=1e-4)
    assert metrics.observed_expected(event, put_right, weight) == pytest.approx(1, abs=1e-4)


@given(children(), st.sampled_from(metrics.TOP_SHARES))
def test_a_top_share_flags_its_number_and_never_more_than_there_are(sample: Children, share: float) -> None:
    event, risk, weight = sample
    flagged = metrics.flagged_at_shares(event, risk, weight[None, :], (share,))
    assert flagged.n[0, 0] == metrics.whole_share(share, weight.sum())
    assert -1e-9 <= flagged.placed[0, 0] <= min(flagged.n[0, 0], (weight * event).sum()) + 1e-9
    assert metrics.chance_of_flag(risk, share).sum() == pytest.approx(
        float(metrics.whole_share(share, np.array(len(risk))))
    )


@given(children(), st.floats(0.01, 0.9))
def test_net_benefit_of_offering_to_all_is_that_of_a_risk_above_the_threshold(sample: Children, at: float) -> None:
    event, _, weight = sample
    everyone = np.full(len(event), 0.95)
    assert metrics.net_benefit(event, everyone, at, weight) == pytest.approx(metrics.treat_all(event, at, weight))
    assert metrics.net_benefit(event, np.full(len(event), 0.001), at, weight) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_risks_that_are_true_are_found_calibrated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-(rng.normal(size=20_000) - 2)))
    event = rng.random(20_000) < risk
    assert metrics.calibration_intercept(event, risk) == pytest.approx(0, abs=0.15)
    assert metrics.calibration_slope(event, risk) == pytest.approx(1, abs=0.15)
    assert metrics.observed_expected(event, risk) == pytest.approx(1, abs=0.12)
    assert metrics.ici(event, risk) < 0.02
