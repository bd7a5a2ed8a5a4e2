"""Random effects as R's metafor finds them, and as often right as they say."""

from __future__ import annotations

import numpy as np
import pytest

from smartstart.trial.analysis.records import Floats
from smartstart.trial.pooling.random_effects import (
    NARROW,
    RandomEffects,
    cochran_q,
    q_profile,
    random_effects,
    reml,
)

# Colditz et al., JAMA 1994;271:698, as in R's metadat, dat.bcg: tuberculosis yes and no, vaccinated and not
BCG = """
4 119 11 128; 6 300 29 274; 3 228 11 209; 62 13536 248 12619; 33 5036 47 5761; 180 1361 372 1079; 8 2537 10 619
505 87886 499 87892; 29 7470 45 7232; 17 1699 65 1600; 186 50448 141 27197; 5 2493 3 2338; 27 16886 29 17825
"""


def log_risk_ratios() -> tuple[Floats, Floats]:
    cells = [[float(cell) for cell in row.split()] for row in BCG.strip().replace("\n", ";").split(";")]
    a, b, c, d = np.array(cells).T
    return np.log(a / (a + b) * (c + d) / c), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def mean(effect: Floats, variance: Floats, *, ratio: bool = False) -> RandomEffects:
    found = random_effects(effect, variance, "difference", ratio=ratio)
    assert found is not None
    return found


def test_the_bcg_vaccine_is_as_metafor_finds_it() -> None:
    # metafor: rma(yi, vi, data=dat, test="knha") of log risk ratios, and confint() of it
    found = mean(*log_risk_ratios())
    assert round(found.estimate, 4) == -0.7145
    assert (round(found.lower, 4), round(found.upper, 4)) == (-1.1084, -0.3206)
    assert found.tau2 == pytest.approx(0.3132, abs=1e-4)
    assert (found.tau2_lower, found.tau2_upper) == pytest.approx((0.1197, 1.1115), abs=1e-4)
    assert round(found.q, 3) == 152.233
    assert found.municipalities == 13


def test_ratios_are_pooled_as_logarithms() -> None:
    effect, variance = log_risk_ratios()
    ratio, logs = mean(effect, variance, ratio=True), mean(effect, variance)
    for name in ("estimate", "lower", "upper", "prediction_lower", "prediction_upper"):
        assert getattr(ratio, name) == pytest.approx(np.exp(getattr(logs, name)))


def test_the_restricted_likelihood_is_highest_at_its_estimate() -> None:
    def height(tau2: float, effect: Floats, variance: Floats) -> float:
        # the density of the contrasts among municipalities, of which the mean is not part
        k = len(effect)
        contrast = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, 1:]]))[0][:, 1:].T
        spread = contrast @ np.diag(variance + tau2) @ contrast.T
        seen = contrast @ effect
        return float(-np.linalg.slogdet(spread)[1] - seen @ np.linalg.solve(spread, seen))

    rng = np.random.default_rng(11)
    for _ in range(20):
        variance = rng.uniform(0.01, 1, 5)
        effect = rng.normal(0, 0.7, 5)
        best = reml(effect, variance)
        grid = np.concatenate([[0.0], np.geomspace(1e-4, 20, 120)])
        assert height(best, effect, variance) >= max(height(t, effect, variance) for t in grid) - 1e-8


def test_cochrans_q_meets_its_quantiles_at_the_ends_of_the_profile() -> None:
    from scipy.stats import chi2

    effect, variance = log_risk_ratios()
    low, high = q_profile(effect, variance)
    assert chi2.cdf(cochran_q(effect, variance, low), 12) == pytest.approx(0.975)
    assert chi2.cdf(cochran_q(effect, variance, high), 12) == pytest.approx(0.025)


def test_of_equal_variances_the_interval_is_that_of_a_t_test_of_the_effects() -> None:
    from scipy.stats import ttest_1samp

    effect = np.array([0.4, -0.1, 0.9, 0.3, 1.2])
    found = mean(effect, np.full(5, 0.04))
    assert (found.lower, found.upper) == pytest.approx(tuple(ttest_1samp(effect, 0).confidence_interval(0.95)))
    assert found.tau2 == pytest.approx(np.var(effect, ddof=1) - 0.04, rel=1e-6)


def test_fewer_than_three_municipalities_have_no_random_effects() -> None:
    assert random_effects(np.array([1.0, 2, 3]), np.array([1.0, 1, 0]), "difference") is None


def test_effects_more_alike_than_chance_are_told_as_such() -> None:
    alike = mean(np.array([0.1, 0.1, 0.1, 0.1, 0.1]), np.full(5, 0.2))
    assert alike.tau2 == pytest.approx(0, abs=1e-9)
    assert NARROW in alike.note
    assert NARROW not in mean(*log_risk_ratios()).note


def test_five_municipalities_hold_the_mean_as_often_as_the_interval_says() -> None:
    draws, rng = 250, np.random.default_rng(20260102)
    variance = np.array([0.02, 0.04, 0.05, 0.08, 0.10])
    held = 0
    for _ in range(draws):
        found = mean(rng.normal(0.3, np.sqrt(variance + 0.05)), variance)
        held += found.lower <= 0.3 <= found.upper
    assert held / draws >= 0.93 - 2 * (0.05 * 0.95 / draws) ** 0.5
