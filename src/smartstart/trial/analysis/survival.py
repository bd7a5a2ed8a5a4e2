"""Time until an event: curves, the mean time without it, and how many had it before a horizon.

Who moves away or is not seen any longer is censored; who dies cannot have the event any more, and is a competing cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Any, Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.columns import checked_arms
from smartstart.trial.analysis.records import LEVEL, Bools, Estimate, Floats, Ints, plain
from smartstart.trial.analysis.wald import ONE_ARM, critical, difference, joined, undefined

KAPLAN_MEIER: Final = (
    "Kaplan-Meier, log-log interval",
    "Kaplan and Meier, JASA 1958;53:457-481; Greenwood 1926; weighted: Xie and Liu, Stat Med 2005;24:3089-3110",
)
AALEN_JOHANSEN: Final = (
    "Aalen-Johansen, log-log interval",
    "Aalen and Johansen, Scand J Stat 1978;5:141-150; Marubini and Valsecchi, Analysing Survival Data, 1995",
)
RMST: Final = (
    "Difference in restricted mean time without the event",
    "Royston and Parmar, BMC Med Res Methodol 2013;13:152; Uno et al., J Clin Oncol 2014;32:2380-2385",
)
AT_HORIZON: Final = (
    "Difference in cumulative incidence, square-and-add of log-log intervals",
    "Zou and Donner, Stat Med 2008;27:1693-1702; Kalbfleisch and Prentice, Failure Time Data, 2002, section 1.4",
)
MOST_POINTS: Final = 200  # of a curve in JSON or in a figure; its numbers are always of all steps


@dataclass(frozen=True)
class Curve:
    """A step curve: its value from each of ``times`` (rising, those with an ending of any kind) until the next.

    ``at_risk`` are the women (or their weight) just before the time; ``se`` is of the estimate.
    """

    times: Floats
    at_risk: Floats
    estimate: Floats
    lower: Floats
    upper: Floats
    se: Floats
    method: str
    reference: str
    level: float = LEVEL

    def at(self, time: float) -> int:
        """Return the place of the last step at or before ``time``; -1 before the first."""
        return int(np.searchsorted(self.times, time, side="right")) - 1

    def thinned(self, most: int = MOST_POINTS) -> Ints:
        """Return the places of at most so many steps: where the curve changes, evenly, and always its last."""
        last = len(self.times) - 1
        steps = np.flatnonzero(np.diff(self.estimate, prepend=nan) != 0)
        steps = np.unique(np.concatenate([steps, [last]]))
        even = np.linspace(0, len(steps) - 1, min(most, len(steps))).round().astype(np.int64)
        return np.asarray(steps[even], dtype=np.int64)

    def as_dict(self) -> dict[str, Any]:
        """Return the thinned steps as plain JSON values: None for a limit that is not defined."""
        places = self.thinned()
        found: dict[str, Any] = {
            name: [plain(value) for value in getattr(self, name)[places]]
            for name in ("times", "at_risk", "estimate", "lower", "upper")
        }
        return {**found, "level": self.level, "method": self.method, "reference": self.reference}


@dataclass(frozen=True)
class _Steps:
    """By distinct time: weight at risk, of all events, of the event looked at, and squared weight at risk."""

    times: Floats
    at_risk: Floats
    ended: Floats
    looked_at: Floats
    squared: Floats

    @property
    def hazard_variance(self) -> Floats:
        """Return d / (Y (Y - d)) with weights as Xie and Liu; 0 where all end: no woman is left after it."""
        share = np.divide(self.ended, self.at_risk, out=np.zeros_like(self.ended), where=self.at_risk > 0)
        left = 1 - share
        effective = np.divide(self.at_risk**2, self.squared, out=np.ones_like(left), where=self.squared > 0)
        return np.where(left > 1e-12, share / (effective * np.where(left > 1e-12, left, 1.0)), 0.0)

    @property
    def survival(self) -> Floats:
        """Return the share still without any ending just after each time."""
        share = np.divide(self.ended, self.at_risk, out=np.zeros_like(self.ended), where=self.at_risk > 0)
        return np.asarray(np.cumprod(np.where(share > 1 - 1e-12, 0.0, 1 - share)), dtype=float)


def kaplan_meier(time: Floats, event: Bools, *, weight: Floats | None = None) -> Curve:
    """Return the share of women still without the event."""
    steps = _steps(time, np.asarray(event, dtype=np.int64), 1, weight)
    survival = steps.survival
    se = survival * np.sqrt(np.cumsum(steps.hazard_variance))
    return Curve(steps.times, steps.at_risk, survival, *_log_log(survival, se), se, *KAPLAN_MEIER, LEVEL)


def aalen_johansen(time: Floats, cause: Ints, of: int = 1) -> Curve:
    """Return the share of women that had cause ``of`` by each time.

    ``cause`` is 0 for who was censored, 1 for the event, 2 and above for what made the event impossible.
    """
    steps = _steps(time, np.asarray(cause), of, None)
    before = np.concatenate([[1.0], steps.survival[:-1]])
    y, d = steps.at_risk, steps.looked_at
    incidence = np.minimum(np.cumsum(before * d / y), 1.0)
    g = steps.hazard_variance
    middle, last = before**2 * (y - d) / y**3 * d, before * d / y**2
    spread = incidence**2 * np.cumsum(g) - 2 * incidence * np.cumsum(incidence * g) + np.cumsum(incidence**2 * g)
    spread += np.cumsum(middle) - 2 * (incidence * np.cumsum(last) - np.cumsum(incidence * last))
    se = np.sqrt(np.maximum(spread, 0.0))
    lower, upper = _log_log(incidence, se)
    return Curve(steps.times, y, incidence, lower, upper, se, *AALEN_JOHANSEN, LEVEL)


def rmst_difference(
    time: Floats,
    event: Bools,
    treated: Bools,
    *,
    until: float | None = None,
    stratum: Ints | None = None,
) -> Estimate:
    """Return how much longer treated women were without the event, on average, up to ``until``.

    By default ``until`` is the smaller of both arms' longest times (of each stratum's, when stratified), so that
    nothing is extrapolated. Strata count by their women; one without women in an arm compares nothing and is left out.
    """
    treated = checked_arms(treated, time, event, stratum)
    time, event = checked_times(time), np.asarray(event, dtype=bool)
    groups = [np.ones(len(time), dtype=bool)] if stratum is None else [stratum == one for one in np.unique(stratum)]
    both = [group for group in groups if treated[group].any() and (~treated[group]).any()]
    if not both:
        return undefined(RMST, note=ONE_ARM)
    cells = [(group & treated, group & ~treated) for group in both]
    common = min(float(time[cell].max()) for pair in cells for cell in pair)
    end = common if until is None else float(until)
    total, difference_, spread = sum(int(group.sum()) for group in both), 0.0, 0.0
    for (one, other), group in zip(cells, both, strict=True):
        share = int(group.sum()) / total
        (mean, variance), (base, base_variance) = (
            restricted_mean(time[cell], event[cell], end) for cell in (one, other)
        )
        difference_ += share * (mean - base)
        spread += share**2 * (variance + base_variance)
    note = joined(
        "" if len(both) == len(groups) else "Strata with one arm only are left out.",
        "" if end <= common else "Some arm was not followed so long: its last value is taken to go on.",
    )
    words = f"{RMST[0]} until {end:g}{', stratified' if stratum is not None else ''}"
    return difference(difference_, sqrt(spread), (words, RMST[1]), note=note)


def restricted_mean(time: Floats, event: Bools, until: float) -> tuple[float, float]:
    """Return the mean time without the event up to ``until``, the area under the curve, and its variance.

    Klein and Moeschberger, Survival Analysis, 2003, section 4.5.
    """
    steps = _steps(time, np.asarray(event, dtype=np.int64), 1, None)
    within = steps.times < until
    edges = np.concatenate([[0.0], steps.times[within], [until]])
    areas = np.diff(edges) * np.concatenate([[1.0], steps.survival[within]])
    still_to_come = np.cumsum(areas[::-1])[::-1][1:]
    return float(areas.sum()), float((still_to_come**2 * steps.hazard_variance[within]).sum())


def risk_at(time: Floats, cause: Ints | Bools, treated: Bools, horizon: float, *, of: int = 1) -> Estimate:
    """Return the difference between the arms in the share that had the event by ``horizon``.

    By Aalen and Johansen; without competing causes that is one minus Kaplan-Meier. The interval adds the squared
    distances to the arms' own limits (MOVER), which keeps it sensible when events are few.
    """
    treated = checked_arms(treated, time, cause)
    time, cause = checked_times(time), np.asarray(cause, dtype=np.int64)
    words = (f"{AT_HORIZON[0]}, at {horizon:g}", AT_HORIZON[1])
    if not treated.any() or treated.all():
        return undefined(words, note=ONE_ARM)
    if horizon > min(float(time[arm].max()) for arm in (treated, ~treated)):
        return undefined(words, note="No comparison: an arm was not followed until the horizon.")
    (one, low, high, se), (base, base_low, base_high, base_se) = (
        _at_horizon(aalen_johansen(time[arm], cause[arm], of), horizon) for arm in (treated, ~treated)
    )
    if not np.isfinite([low, high, base_low, base_high]).all():
        note = "No interval: an arm has no events by the horizon, or nobody without; use an exact method."
        return undefined(words, note=note, estimate=one - base)
    lower = one - base - sqrt((one - low) ** 2 + (base_high - base) ** 2)
    upper = one - base + sqrt((high - one) ** 2 + (base - base_low) ** 2)
    return Estimate(one - base, lower, upper, sqrt(se**2 + base_se**2), *words, LEVEL)


def _at_horizon(curve: Curve, horizon: float) -> tuple[float, float, float, float]:
    place = curve.at(horizon)
    if place < 0:
        return 0.0, nan, nan, 0.0
    values = (curve.estimate, curve.lower, curve.upper, curve.se)
    estimate, lower, upper, se = (float(value[place]) for value in values)
    return estimate, lower, upper, se


def _steps(time: Floats, cause: Any, of: int, weight: Floats | None) -> _Steps:
    t = checked_times(time)
    checked_arms(np.zeros(len(t), dtype=bool), cause, weight)
    w = np.ones(len(t)) if weight is None else np.asarray(weight, dtype=float)
    times, place = np.unique(t, return_inverse=True)
    sums = [
        np.asarray(np.bincount(place, weights=part, minlength=len(times)), dtype=float)
        for part in (w, w * (cause > 0), w * (cause == of), w**2)
    ]
    all_, ended, looked_at, squared = sums
    return _Steps(times, _still(all_), ended, looked_at, _still(squared))


def _still(ended: Floats) -> Floats:
    return np.asarray(np.cumsum(ended[::-1])[::-1], dtype=float)


def checked_times(time: Floats) -> Floats:
    """Return the times as numbers. Raises UsageError when one is missing, endless or negative."""
    t = np.asarray(time, dtype=float)
    if not (np.isfinite(t).all() and (t >= 0).all()):
        raise UsageError("A time is missing or negative: give the time from the draw, in one unit, for each woman.")
    return t


def _log_log(estimate: Floats, se: Floats) -> tuple[Floats, Floats]:
    """Return the limits that are symmetric on log(-log); nan where the curve is at 0 or 1.

    Kalbfleisch and Prentice (2002), section 1.4.
    """
    inside = (estimate > 1e-12) & (estimate < 1 - 1e-12) & (se > 0)
    value = np.where(inside, estimate, 0.5)
    half = np.minimum(critical() * se / np.abs(value * np.log(value)), 500.0)
    limits = [np.where(inside, value ** np.exp(sign * half), nan) for sign in (1, -1)]
    return limits[0], limits[1]
