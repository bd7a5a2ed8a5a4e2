"""What is said after stopping: published examples, median-unbiased by simulation, and women still awaited."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from scipy.stats import norm

from smartstart.errors import UsageError
from smartstart.trial.sequential.boundaries import boundaries
from smartstart.trial.sequential.stopping import EarlierLooks, after_stopping, p_values

FRACTIONS = (0.5, 0.75, 1.0)


@pytest.mark.parametrize(
    ("boundary", "p", "estimate", "interval"),
    [(4.049, 0.001362486, 0.452, (0.157, 0.748)), (2.361, 0.009819342, 0.419, (0.074, 0.729))],
    ids=["O'Brien-Fleming", "Pocock"],
)
def test_the_example_of_wassmer_and_brannath_is_reproduced(
    boundary: float, p: float, estimate: float, interval: tuple[float, float]
) -> None:
    """Group Sequential and Confirmatory Adaptive Designs, 2016, section 4.1: 22 a look, stopped at the second, Z 3."""
    found = after_stopping(3 / sqrt(44), 1 / sqrt(44), EarlierLooks((22,), (boundary,), (-boundary,)))
    assert found.p_value == pytest.approx(p, abs=2e-9)
    assert found.adjusted.estimate == pytest.approx(estimate, abs=6e-4)
    assert (found.adjusted.lower, found.adjusted.upper) == pytest.approx(interval, abs=6e-4)
    assert found.look == 2


def test_the_hazard_ratio_of_rpacts_example_is_reproduced() -> None:
    """rpact, test-f_analysis_base_survival.R: 29 events at the third of four looks, log-rank 2.9."""
    se = 2 / sqrt(29)
    found = after_stopping(2.9 * se, se, EarlierLooks((29 / 12, 29 / 6), (2.4878815, 2.4031352)))
    assert found.p_value == pytest.approx(0.013371274, abs=2e-9)
    adjusted = found.adjusted
    assert exp(adjusted.estimate) == pytest.approx(2.632639, abs=2e-6)
    assert exp(adjusted.lower) == pytest.approx(1.1294538, abs=2e-6)
    assert exp(adjusted.upper) == pytest.approx(5.6956842, abs=5e-6)


def test_with_one_look_it_is_the_usual_estimate() -> None:
    found = after_stopping(0.3, 0.1, EarlierLooks())
    for name in ("estimate", "lower", "upper"):
        assert getattr(found.adjusted, name) == pytest.approx(getattr(found.naive, name))
    assert found.p_value == found.naive_p_value == pytest.approx(norm.sf(3))


def test_an_early_stop_takes_the_estimate_back_towards_none() -> None:
    bound = boundaries(3, 0.025, "pocock", FRACTIONS)
    for z in (bound.z[1], 3.0, 4.0):
        se = 1 / sqrt(0.75)
        found = after_stopping(z * se, se, EarlierLooks((0.5,), bound.z[:1]))
        assert found.adjusted.estimate < found.naive.estimate
        assert found.p_value > found.naive_p_value


def test_the_p_value_at_a_boundary_is_the_error_spent_by_then() -> None:
    bound = boundaries(3, 0.025, "kim-demets", FRACTIONS)
    for place, (fraction, spent) in enumerate(zip(FRACTIONS, bound.cumulative_spending, strict=True)):
        earlier = EarlierLooks(FRACTIONS[:place], bound.z[:place])
        se = fraction**-0.5
        assert after_stopping(bound.z[place] * se, se, earlier).p_value == pytest.approx(spent, abs=1e-9)


@pytest.mark.parametrize("effect", [0.0, 2.0, 3.5])
@pytest.mark.parametrize("futility", [None, (0.2, 0.9)])
def test_the_estimate_is_median_unbiased_and_the_interval_covers(
    effect: float, futility: tuple[float, ...] | None
) -> None:
    trials = 100_000
    bound = boundaries(3, 0.025, "pocock", FRACTIONS, futility=futility, binding=futility is not None)
    lows = None if futility is None else (*futility, -np.inf)
    steps = np.diff([0, *FRACTIONS])
    generator = np.random.default_rng(11)
    scores = np.cumsum(generator.standard_normal((trials, 3)) * np.sqrt(steps) + effect * steps, axis=1)
    z = scores / np.sqrt(FRACTIONS)
    stops = z >= bound.z if lows is None else (z >= bound.z) | (z <= lows)
    stops[:, -1] = True
    at, chances = stops.argmax(axis=1), np.zeros(trials)
    for place, fraction in enumerate(FRACTIONS):
        here = at == place
        earlier = EarlierLooks(FRACTIONS[:place], bound.z[:place], None if lows is None else lows[:place])
        chances[here] = p_values(z[here, place], fraction, earlier, effect)
    # the estimate lies above the effect where this chance is below a half, and the interval covers between its tails
    assert abs((chances < 0.5).mean() - 0.5) < 3 * 0.5 / trials**0.5
    covered = ((chances >= 0.025) & (chances <= 0.975)).mean()
    assert abs(covered - 0.95) < 3 * (0.95 * 0.05 / trials) ** 0.5
    naive = np.abs(z[np.arange(trials), at] - effect * np.sqrt(np.array(FRACTIONS)[at])) < 1.959964
    assert effect == 0.0 or naive.mean() < covered + 0.002


def test_estimate_and_interval_are_where_their_chances_are() -> None:
    earlier = EarlierLooks((0.5,), (2.3,), (0.1,))
    se = 1 / sqrt(0.75)
    found = after_stopping(2.6 * se, se, earlier)
    for effect, chance in (
        (found.adjusted.lower, 0.025),
        (found.adjusted.estimate, 0.5),
        (found.adjusted.upper, 0.975),
    ):
        assert p_values(np.array([2.6]), 0.75, earlier, effect)[0] == pytest.approx(chance, abs=1e-9)


@pytest.mark.parametrize("spending", ["pocock", "lan-demets-obf"])
def test_women_who_were_still_awaited_do_not_raise_the_error(spending: str) -> None:
    trials, extra = 200_000, 0.2
    bound = boundaries(3, 0.025, spending, FRACTIONS)
    times = np.array([0.5, 0.7, 0.75, 0.95, 1.0])  # looks at 0.5, 0.75 and 1; overrun at 0.7 and 0.95
    scores = np.cumsum(np.random.default_rng(5).standard_normal((trials, 5)) * np.sqrt(np.diff([0, *times])), axis=1)
    z = scores / np.sqrt(times)
    first, second = z[:, 0] >= bound.z[0], (z[:, 0] < bound.z[0]) & (z[:, 2] >= bound.z[1])
    ends = (z[:, 0] < bound.z[0]) & (z[:, 2] < bound.z[1])
    errs = (p_values(z[first, 1], 0.5 + extra, EarlierLooks()) <= 0.025).sum()
    errs += (p_values(z[second, 3], 0.75 + extra, EarlierLooks((0.5,), bound.z[:1])) <= 0.025).sum()
    errs += (p_values(z[ends, 4], 1.0, EarlierLooks(FRACTIONS[:2], bound.z[:2])) <= 0.025).sum()
    assert errs / trials <= 0.025 + 3 * (0.025 * 0.975 / trials) ** 0.5


def test_an_overrun_leaves_out_the_look_that_stopped_and_says_so() -> None:
    se = 1 / sqrt(0.9)
    found = after_stopping(2.7 * se, se, EarlierLooks((0.5,), (2.9,)), overrun=True)
    assert found.overrun and "deletion method" in found.sentences()[-1]
    assert found.as_dict()["adjusted"]["method"].startswith("median-unbiased")


@pytest.mark.parametrize("z", [-40.0, -8.0, 0.0, 8.0, 40.0])
def test_estimates_far_from_anything_still_have_an_interval(z: float) -> None:
    found = after_stopping(z, 1.0, EarlierLooks((0.5,), (2.9,)))
    one = found.adjusted
    assert one.lower < one.estimate < one.upper
    assert 0 <= found.p_value <= 1


@pytest.mark.parametrize(
    ("estimate", "se", "earlier"),
    [
        (1.0, 0.0, EarlierLooks()),
        (float("nan"), 1.0, EarlierLooks()),
        (1.0, 1.0, EarlierLooks((2.0,), (2.0,))),
        (1.0, 1.0, EarlierLooks((0.5,), ())),
        (1.0, 1.0, EarlierLooks((0.5, 0.4), (2.0, 2.0))),
        (1.0, 1.0, EarlierLooks((0.5,), (2.0,), ())),
    ],
)
def test_what_cannot_be_is_refused(estimate: float, se: float, earlier: EarlierLooks) -> None:
    with pytest.raises(UsageError):
        after_stopping(estimate, se, earlier)
