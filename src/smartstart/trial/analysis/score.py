"""Score statistics for two proportions: the most likely risks under a null hypothesis, and how far off the data are.

Risks and statistics are arrays of one shape, so that a whole table of outcomes or all strata go in one call. The
restricted risks are solved in closed form where that keeps its digits. Zero distance over zero variance is no distance.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from smartstart.trial.analysis.records import Floats

Number = Floats | float | int
NEWTON_STEPS: Final = 3  # take back the digits that the cosine loses near an edge


def restricted_difference(x1: Number, n1: Number, x0: Number, n0: Number, difference: Number) -> tuple[Floats, Floats]:
    """Return the most likely risks (treated, control) under a risk difference. Miettinen & Nurminen 1985, appendix."""
    d = np.asarray(difference, dtype=float)
    n = np.asarray(n1, dtype=float) + n0
    l2 = (n1 + 2 * np.asarray(n0, dtype=float)) * d - n - x1 - x0
    l1 = (n0 * d - n - 2 * np.asarray(x0, dtype=float)) * d + x1 + x0
    l0 = x0 * d * (1 - d)
    third = l2 / (3 * n)
    q = third**3 - l1 * l2 / (6 * n * n) + l0 / (2 * n)
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(third**2 - l1 / (3 * n), 0))
    cosine = np.divide(q, p**3, out=np.zeros(np.shape(q / n)), where=p**3 != 0)
    angle = (np.pi + np.arccos(np.clip(cosine, -1, 1))) / 3
    low, high = np.maximum(0, -d), np.minimum(1, 1 - d)
    risk = np.clip(2 * p * np.cos(angle) - third, low, high)
    for _ in range(NEWTON_STEPS):
        value = ((n * risk + l2) * risk + l1) * risk + l0
        slope = (3 * n * risk + 2 * l2) * risk + l1
        step = np.divide(value, slope, out=np.zeros_like(risk), where=np.abs(slope) > 1e-6 * n)
        risk = np.where(np.abs(step) < 1e-3, np.clip(risk - step, low, high), risk)
    return np.clip(risk + d, 0, 1), risk


def difference_variance(x1: Number, n1: Number, x0: Number, n0: Number, difference: Number) -> Floats:
    """Return the variance of the observed difference if ``difference`` were true. Mee, Biometrics 1984;40:1175."""
    p1, p0 = restricted_difference(x1, n1, x0, n0, difference)
    variance: Floats = p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0
    return variance


def difference_score(x1: Number, n1: Number, x0: Number, n0: Number, difference: Number, *, corrected: bool) -> Floats:
    """Return the distance of the observed risk difference from ``difference`` in standard errors.

    ``corrected`` multiplies the variance by N/(N−1): Miettinen & Nurminen, Stat Med 1985;4:213; without it Mee 1984.
    """
    # over one denominator: at the observed difference the distance is 0 and not a rounding
    distance = (x1 * np.asarray(n0, dtype=float) - x0 * np.asarray(n1, dtype=float)) / (np.asarray(n1) * n0)
    return standardised(
        distance - difference, correction(n1, n0, corrected) * difference_variance(x1, n1, x0, n0, difference)
    )


def restricted_ratio(x1: Number, n1: Number, x0: Number, n0: Number, ratio: Number) -> tuple[Floats, Floats]:
    """Return the most likely risks (treated, control) under a risk ratio. Koopman, Biometrics 1984;40:513."""
    theta = np.asarray(ratio, dtype=float)
    b = (n1 + x0) * theta + x1 + n0
    events = np.asarray(x1, dtype=float) + x0
    root = np.sqrt(np.maximum(b * b - 4 * (np.asarray(n1, dtype=float) + n0) * theta * events, 0))
    control = np.clip(2 * events / (b + root), 0, np.minimum(1, 1 / theta))
    return np.clip(theta * control, 0, 1), control


def ratio_score(x1: Number, n1: Number, x0: Number, n0: Number, ratio: Number, *, corrected: bool) -> Floats:
    """Return the distance of the data from a risk ratio in standard errors.

    Its square is Koopman's chi-squared (Biometrics 1984;40:513); ``corrected`` as Miettinen & Nurminen 1985.
    """
    theta = np.asarray(ratio, dtype=float)
    p1, p0 = restricted_ratio(x1, n1, x0, n0, theta)
    variance = p1 * (1 - p1) / n1 + theta * theta * p0 * (1 - p0) / n0
    return standardised(np.asarray(x1) / n1 - theta * x0 / n0, correction(n1, n0, corrected) * variance)


def restricted_odds(x1: Number, n1: Number, x0: Number, n0: Number, ratio: Number) -> tuple[Floats, Floats]:
    """Return the most likely risk of the controls under an odds ratio of at least 1, and 1 + p₀(ratio − 1).

    Miettinen & Nurminen 1985, appendix. The risk of the treated is ratio·p₀ over the second.
    """
    odds = np.asarray(ratio, dtype=float)
    events = np.asarray(x1, dtype=float) + x0
    a, b = n0 * (odds - 1), n1 * odds + n0 - events * (odds - 1)
    root = np.sqrt(np.maximum(b * b + 4 * a * events, 0))
    with np.errstate(divide="ignore", invalid="ignore"):  # the branch that loses its digits is not taken
        control = np.clip(np.where(b > 0, 2 * events / (b + root), (root - b) / (2 * a)), 0, 1)
    return control, 1 + control * (odds - 1)


def odds_score(x1: Number, n1: Number, x0: Number, n0: Number, ratio: Number, *, corrected: bool) -> Floats:
    """Return the distance of the data from an odds ratio in standard errors: Cornfield's, uncorrected.

    Cornfield, Proc 3rd Berkeley Symp 1956;4:135; ``corrected`` as Miettinen & Nurminen, Stat Med 1985;4:213.
    """
    odds = np.asarray(ratio, dtype=float)
    # below 1 the event is turned round, or the risk of the controls would lose its digits near 1
    turned = odds < 1
    odds = np.where(turned, 1 / odds, odds)
    treated, other = np.where(turned, n1 - x1, x1), np.where(turned, n0 - x0, x0)
    control, below = restricted_odds(treated, n1, other, n0, odds)
    spread = control * (1 - control)
    v1, v0 = n1 * odds * spread / below**2, n0 * spread
    total = v1 + v0
    variance = np.divide(v1 * v0, total, out=np.zeros(np.shape(total)), where=total > 0)
    gap = np.where(turned, -1, 1) * (treated - n1 * odds * control / below)
    return standardised(gap, correction(n1, n0, corrected) * variance)


def correction(n1: Number, n0: Number, corrected: bool) -> Floats:
    """Return N/(N−1) or 1."""
    n = np.asarray(n1, dtype=float) + n0
    return n / (n - 1) if corrected else np.ones_like(n)


def standardised(distance: Number, variance: Floats) -> Floats:
    """Return distance over standard error; infinite when only the variance is zero, 0 when both are."""
    gap, spread = np.broadcast_arrays(np.asarray(distance, dtype=float), np.sqrt(np.maximum(variance, 0)))
    infinite = np.where(np.abs(gap) < 1e-14, 0.0, np.copysign(np.inf, gap))
    distances: Floats = np.divide(gap, spread, out=infinite, where=spread > 0)
    return distances
