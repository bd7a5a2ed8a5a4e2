"""The interval and the test of an estimate that is about normal, and the estimate of which nothing can be said."""

from __future__ import annotations

from math import exp, inf, isfinite, log, nan

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from smartstart.trial.analysis.records import LEVEL, Estimate, Significance


def critical(df: float = inf) -> float:
    """Return the two-sided critical value of t with ``df`` degrees of freedom (normal where infinite)."""
    upper = (1 + LEVEL) / 2
    return float(ndtri(upper) if df == inf else stdtrit(df, upper)) if df > 0 else nan


def two_sided(statistic: float, df: float = inf) -> float:
    """Return the two-sided p-value of a t statistic (normal where ``df`` is infinite)."""
    if not (isfinite(statistic) and df > 0):
        return nan
    tail = ndtr(-abs(statistic)) if df == inf else stdtr(df, -abs(statistic))
    return min(1.0, 2 * float(tail))


def difference(
    estimate: float,
    se: float,
    made: tuple[str, str],
    *,
    df: float = inf,
    note: str = "",
    bound: float = inf,
) -> Estimate:
    """Return estimate ± critical value × se, within ±``bound``. ``made`` is the method in words and its reference."""
    if not (isfinite(estimate) and isfinite(se) and se > 0 and df > 0):
        return undefined(made, note=note or NO_SPREAD, estimate=estimate)
    half = critical(df) * se
    lower, upper = max(-bound, estimate - half), min(bound, estimate + half)
    return Estimate(float(estimate), float(lower), float(upper), float(se), *made, LEVEL, note)


def ratio(estimate: float, se: float, made: tuple[str, str], *, df: float = inf, note: str = "") -> Estimate:
    """Return a ratio with the interval that is symmetric on its logarithm; ``se`` is of the logarithm."""
    if not (isfinite(estimate) and estimate > 0 and isfinite(se) and se > 0 and df > 0):
        return undefined(made, note=note or NO_SPREAD, estimate=estimate)
    half = critical(df) * se
    lower, upper = _exp(log(estimate) - half), _exp(log(estimate) + half)
    return Estimate(float(estimate), lower, upper, float(se), *made, LEVEL, note)


def test_of(estimate: float, se: float, made: tuple[str, str], *, df: float = inf, note: str = "") -> Significance:
    """Return the test that an estimate (for ratios its logarithm) is zero. ``made`` names it and its reference."""
    statistic = estimate / se if isfinite(se) and se > 0 else nan
    p_value = two_sided(statistic, df)
    return Significance(p_value, *made, note or ("" if isfinite(p_value) else NO_SPREAD))


def undefined(made: tuple[str, str], *, note: str, estimate: float = nan) -> Estimate:
    """Return an estimate without an interval, and in ``note`` why."""
    return Estimate(float(estimate), nan, nan, nan, *made, LEVEL, note)


def joined(*notes: str) -> str:
    """Return the notes that say something, as one text."""
    return " ".join(note for note in dict.fromkeys(notes) if note)


def _exp(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(value)) if value < 700 else inf if value > 0 else exp(value)


NO_SPREAD = "No interval: the outcomes do not vary enough to say how far the estimate may be off."
ONE_ARM = "No comparison: an arm has no women in it."
