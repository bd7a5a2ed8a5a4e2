"""Compliers, and all waves in one model: planted effects come back, and simple cases are what they should be."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest

from smartstart.errors import UsageError
from smartstart.trial.analysis.ancova import ancova, mean_difference
from smartstart.trial.analysis.compliance import complier_average
from smartstart.trial.analysis.longitudinal import constrained_longitudinal


def test_when_all_do_as_drawn_the_complier_effect_is_the_effect_as_drawn() -> None:
    rng = np.random.default_rng(1)
    treated, x, y = np.arange(60) % 2 == 0, rng.normal(size=(60, 2)), rng.normal(size=60)
    found, itt = complier_average(y, treated, treated, covariates=x), ancova(y, treated, x).estimate
    assert (found.estimate, found.lower, found.upper) == pytest.approx((itt.estimate, itt.lower, itt.upper))


def test_a_planted_complier_effect_comes_back_and_as_drawn_it_is_smaller() -> None:
    rng = np.random.default_rng(2)
    treated, willing = rng.random(4000) < 0.5, rng.random(4000) < 0.6
    y = 2.0 * (treated & willing) - 1.0 * willing + rng.normal(size=4000)
    found = complier_average(y, treated, treated & willing)
    assert found.lower < 2 < found.upper
    assert mean_difference(y, treated).estimate.estimate == pytest.approx(1.2, abs=0.15)


def test_a_draw_that_hardly_moves_take_up_leaves_the_effect_unbounded() -> None:
    rng = np.random.default_rng(3)
    treated = np.arange(100) % 2 == 0
    received = np.arange(100) % 4 < 2
    received[0] = False
    found = complier_average(rng.normal(size=100), treated, received)
    assert (found.lower, found.upper) == (-inf, inf)
    assert "Weak" in found.note


def waves(n: int, seed: int, gone: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, wave, arm and woman: the effect is 0.5 at wave 1 and 1 at wave 2, the spread grows by wave."""
    rng = np.random.default_rng(seed)
    woman, wave = np.repeat(np.arange(n), 3), np.tile([0, 1, 2], n)
    treated = rng.permutation(np.arange(n) < n // 2)[woman]
    y = (rng.normal(size=n)[woman] + rng.normal(size=3 * n)) * (1 + 0.5 * wave) + treated * wave * 0.5
    y[(rng.random(3 * n) < gone) & (wave > 0)] = np.nan
    return y, wave, treated, woman


def test_with_every_wave_answered_it_is_close_to_analysis_of_covariance() -> None:
    y, wave, treated, woman = waves(400, 4)
    found = constrained_longitudinal(y, wave, treated, woman)
    for one in (1, 2):
        usual = ancova(y[wave == one], treated[wave == 0], y[wave == 0][:, None]).estimate
        assert found.by_wave[one].estimate == pytest.approx(usual.estimate, abs=0.15 * usual.se)
        assert found.by_wave[one].se == pytest.approx(usual.se, rel=0.05)


def test_planted_effects_come_back_with_waves_not_answered() -> None:
    y, wave, treated, woman = waves(900, 5, gone=0.25)
    found = constrained_longitudinal(y, wave, treated, woman)
    assert found.women == 900
    for one, effect in ((1, 0.5), (2, 1.0)):
        assert abs(found.by_wave[one].estimate - effect) < 4 * found.by_wave[one].se


def test_a_few_women_or_one_value_give_no_interval_and_no_error() -> None:
    y, wave, treated, woman = waves(4, 6)
    for outcome in (y, np.full(12, 2.0), np.where(treated & (wave == 2), np.nan, y)):
        for one in constrained_longitudinal(outcome, wave, treated, woman).by_wave.values():
            assert one.note or one.lower < one.upper


def test_waves_without_a_baseline_or_answered_twice_are_refused() -> None:
    y, wave, treated, woman = waves(6, 7)
    with pytest.raises(UsageError, match="nulmeting"):
        constrained_longitudinal(y, wave + 1, treated, woman)
    with pytest.raises(UsageError, match="two answers"):
        constrained_longitudinal(np.tile(y, 2), np.tile(wave, 2), np.tile(treated, 2), np.tile(woman, 2))
    with pytest.raises(UsageError, match="did you mean 'exchangeable'"):
        constrained_longitudinal(y, wave, treated, woman, correlation="exchangable")
