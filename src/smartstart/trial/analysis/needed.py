"""The number needed: how many women for one event fewer or more."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan
from typing import Any

from smartstart.numbers import spoken
from smartstart.trial.analysis.records import Estimate, plain


@dataclass(frozen=True)
class Needed:
    """How many women to treat for one event fewer or more.

    ``estimate`` is one over the size of the risk difference, not rounded. ``lower`` and ``upper`` are the ends of the
    interval as numbers of women: counted towards the same side as the estimate while the difference's interval leaves
    out 0; otherwise ``lower`` is the smallest number for one event fewer and ``upper`` for one more, and the interval
    runs from the one through infinity to the other, as ``words`` say. An end that is not reached is infinite.
    """

    estimate: float
    lower: float
    upper: float
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values: None for what is without a bound."""
        return {name: plain(value) for name, value in vars(self).items()}


def number_needed(difference: Estimate) -> Needed | None:
    """Return the number needed, from a risk difference and its interval; None when there is no risk difference.

    Without any difference the number is infinite: what it could be either way is all that is said.

    Cook & Sackett, BMJ 1995;310:452; through infinity as Altman, BMJ 1998;317:1309.
    """
    seen, low, high = difference.estimate, difference.lower, difference.upper
    if isnan(seen):
        return None
    if seen == 0:
        return _without_difference(low, high)
    side = "fewer" if seen < 0 else "more"
    first = f"For one event {side}: {women(1 / abs(seen))}"
    if isnan(low) or isnan(high):
        return Needed(1 / abs(seen), inf, inf, f"{first}; without an interval.")
    fewer, more = women_for(max(-low, 0.0)), women_for(max(high, 0.0))
    if low < 0 < high:
        ends = (f"{women(fewer)} for one fewer", f"{women(more)} for one more")
        start, end = ends if seen < 0 else ends[::-1]
        return Needed(1 / abs(seen), fewer, more, f"{first}; the interval runs from {start} through infinity to {end}.")
    nearest, farthest = (fewer, women_for(-high)) if seen < 0 else (more, women_for(low))
    return Needed(
        1 / abs(seen), nearest, farthest, f"{first}; the interval runs from {women(nearest)} to {women(farthest)}."
    )


def _without_difference(low: float, high: float) -> Needed:
    fewer, more = (inf, inf) if isnan(low) or isnan(high) else (women_for(max(-low, 0.0)), women_for(max(high, 0.0)))
    words = (
        f"No difference, so no number; it could be {women(fewer)} for one event fewer or {women(more)} for one more."
    )
    return Needed(inf, fewer, more, words)


def women_for(difference: float) -> float:
    """Return one over the difference; infinite for no difference."""
    return inf if difference <= 0 else 1 / difference


def women(number: float) -> str:
    """Return a number of women in words, with a decimal while it is small."""
    if number == inf:
        return "infinity"
    text = spoken(number)
    return f"{text} {'woman' if text == '1' else 'women'}"
