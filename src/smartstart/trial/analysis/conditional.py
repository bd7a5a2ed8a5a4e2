"""The conditional distribution of the events of the treated, given all events: one table, or the sum over strata.

Under a common odds ratio each stratum follows Fisher's noncentral hypergeometric distribution; their sum is the
convolution. Everything is a sum of positive terms, so the far tails keep their digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, nan, sqrt
from typing import Final

import numpy as np
from scipy.special import gammaln

from smartstart.trial.analysis.interval import TAIL, Interval, last_kept
from smartstart.trial.analysis.records import Counts, Floats

TIE: Final = 1e-7  # relative: two tables as likely may differ in their last digits
FARTHEST: Final = 60.0  # of a log odds ratio that is looked at


@dataclass(frozen=True)
class Conditional:
    """The tables of all strata, with the margins taken as given."""

    tables: tuple[Counts, ...]

    @cached_property
    def least(self) -> int:
        """Return the fewest events that the treated can have."""
        return sum(max(0, table.events - table.n_control) for table in self.tables)

    @cached_property
    def place(self) -> int:
        """Return how many events the treated had above the fewest: the index of what was seen."""
        return sum(table.events_treated for table in self.tables) - self.least

    @cached_property
    def weights(self) -> list[Floats]:
        """Return, for each stratum with any choice, the logarithm of the number of ways to each table."""
        return [found for found in map(log_ways, self.tables) if found.size > 1]

    @cached_property
    def central(self) -> Floats:
        """Return the distribution when the odds ratio is 1."""
        return self.under(0.0)

    def under(self, log_odds: float) -> Floats:
        """Return the probability of each possible number of events, under a common odds ratio."""
        total = np.ones(1)
        for ways in self.weights:
            tilted = ways + log_odds * np.arange(ways.size)
            chances = np.exp(tilted - tilted.max())
            total = np.convolve(total, chances / chances.sum())
        return total


def log_ways(table: Counts) -> Floats:
    """Return the logarithm of C(n₁, x)·C(n₀, X − x) for each x that the margins allow."""
    x = np.arange(max(0, table.events - table.n_control), min(table.n_treated, table.events) + 1, dtype=float)
    ways: Floats = log_choose(table.n_treated, x) + log_choose(table.n_control, table.events - x)
    return ways


def log_choose(n: int, k: Floats) -> Floats:
    """Return the logarithm of the binomial coefficient."""
    found: Floats = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return found


def conditional(tables: Sequence[Counts]) -> Conditional:
    """Return the distribution for these tables."""
    return Conditional(tuple(tables))


def two_sided(given: Conditional, *, mid_p: bool) -> float:
    """Return the chance of what is at most as likely as what was seen; mid-p counts half of what is as likely.

    Fisher, J R Stat Soc 1935;98:39 for one table, Zelen, Biometrika 1971;58:129 for strata; mid-p: Lancaster 1961.
    """
    seen = given.central[given.place]
    as_likely = np.abs(given.central - seen) <= TIE * seen
    less = float(given.central[(given.central < seen) & ~as_likely].sum())
    return min(1.0, less + float(given.central[as_likely].sum()) * (0.5 if mid_p else 1.0))


def tails(given: Conditional, log_odds: float, *, mid_p: bool) -> tuple[float, float]:
    """Return the chances of as few and of as many events among the treated as were seen."""
    chances = given.under(log_odds)
    half = float(chances[given.place]) * (0.5 if mid_p else 0.0)
    return float(chances[: given.place + 1].sum()) - half, float(chances[given.place :].sum()) - half


def mean_events(given: Conditional, log_odds: float) -> float:
    """Return the expected number of events of the treated, above the fewest."""
    chances = given.under(log_odds)
    return float(chances @ np.arange(chances.size))


def conditional_odds(given: Conditional, *, mid_p: bool) -> Interval:
    """Return the conditional maximum likelihood odds ratio and the interval from its two tails.

    Cornfield, Proc 3rd Berkeley Symp 1956;4:135; Gart, Biometrika 1970;57:471 for strata.
    """
    outside, most = TAIL, given.central.size - 1
    if most == 0:
        return Interval(nan, 0.0, inf, note="The margins leave no choice: the odds ratio cannot be told.")
    at = log_estimate(given, most)
    start = min(max(at, -FARTHEST), FARTHEST)
    low, high = -inf, inf
    if given.place > 0:
        low = last_kept(start, -FARTHEST, lambda b: tails(given, b, mid_p=mid_p)[1] >= outside)
    if given.place < most:
        high = last_kept(start, FARTHEST, lambda b: tails(given, b, mid_p=mid_p)[0] >= outside)
    return Interval(exp(at), exp(low), exp(high), conditional_error(given, at), one_sided_in_words(given, most))


def log_estimate(given: Conditional, most: int) -> float:
    """Return the log odds ratio under which what was seen is what is expected."""
    if given.place in {0, most}:
        return -inf if given.place == 0 else inf
    return last_kept(-FARTHEST, FARTHEST, lambda b: mean_events(given, b) <= given.place)


def conditional_error(given: Conditional, log_odds: float) -> float:
    """Return one over the root of the information about the log odds ratio; nan at the edge."""
    if abs(log_odds) == inf:
        return nan
    chances = given.under(log_odds)
    events = np.arange(chances.size)
    variance = float(chances @ (events - chances @ events) ** 2)
    return 1 / sqrt(variance) if variance > 0 else nan


def one_sided_in_words(given: Conditional, most: int) -> str:
    """Return what to know at the edge of what the margins allow, or an empty string."""
    if given.place == 0:
        return "The treated had the fewest events that the margins allow: only the upper bound says something."
    if given.place == most:
        return "The treated had the most events that the margins allow: only the lower bound says something."
    return ""
