"""What every interval for counts needs: the quantile of its level, and where a score or a tail stops fitting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan, sqrt
from typing import Any, Final

from scipy.special import ndtri

from smartstart.trial.analysis.records import LEVEL, Counts, Estimate, Named

TAIL: Final = (1 - LEVEL) / 2  # the probability outside each end of an interval
QUANTILE: Final = float(ndtri(1 - TAIL))  # how many standard errors an end lies away, where an estimate is normal
HALVINGS: Final = 200  # more than a float has bits: the search ends by itself


@dataclass(frozen=True)
class Interval:
    """An estimate with its ends, before its method is named."""

    estimate: float
    lower: float
    upper: float
    se: float = nan
    note: str = ""


IntervalOf = Callable[[Counts], Interval]


def last_kept(inside: float, outside: float, kept: Callable[[float], bool], within: float = 1e-12) -> float:
    """Return the value farthest from ``inside`` towards ``outside`` that is kept, by halving the distance.

    ``inside`` counts as kept, whatever the rounding; ``outside`` is returned when it is kept itself. Only the answer
    of ``kept`` is used, so a statistic may be infinite at the edge. The search stops
    ``within`` that distance, or at the last bit.
    """
    if kept(outside):
        return outside
    for _ in range(HALVINGS):
        middle = inside + (outside - inside) / 2
        if middle in {inside, outside} or abs(outside - inside) <= within:
            break
        if kept(middle):
            inside = middle
        else:
            outside = middle
    return inside


def risk_variance(counts: Counts) -> float:
    """Return the variance of the difference of the observed risks."""
    p1, p0 = counts.risk_treated, counts.risk_control
    return p1 * (1 - p1) / counts.n_treated + p0 * (1 - p0) / counts.n_control


def difference_of(counts: Counts) -> float:
    """Return the observed risk difference, treated minus control."""
    # one division of whole numbers: equal risks give 0 and swapped arms give exactly the opposite
    difference = counts.events_treated * counts.n_control - counts.events_control * counts.n_treated
    return difference / (counts.n_treated * counts.n_control)


def difference_error(counts: Counts) -> float:
    """Return the standard error of the observed risk difference."""
    return sqrt(risk_variance(counts))


def as_estimate(method: Named[Any], interval: Interval, note: str = "") -> Estimate:
    """Return the interval with the name and the reference of its method."""
    notes = " ".join(part for part in (interval.note, note) if part)
    ends = interval.estimate, interval.lower, interval.upper, interval.se
    return Estimate(*ends, method.words, method.reference, LEVEL, notes)
