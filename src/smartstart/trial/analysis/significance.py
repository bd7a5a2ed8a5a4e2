"""Tests of no effect on a 2×2 table; every p-value is two-sided."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import Final

from scipy.special import ndtr

from smartstart.errors import UsageError
from smartstart.numbers import grouped
from smartstart.trial.analysis.conditional import TIE, conditional, two_sided
from smartstart.trial.analysis.records import Counts, Named, Significance, chosen, named
from smartstart.trial.analysis.unconditional import fisher_of_all, largest_chance, score_of_all

EXACT_TABLES: Final = 1_000_000  # women treated × control for an unconditional test: 1,000 v 1,000, about a second
SMALLEST: Final = 1e-300  # a p-value is never 0

PValue = Callable[[Counts], float]


def significance(counts: Counts, test: str | None = None) -> Significance:
    """Return the test of no effect of that name.

    The default goes by the size of the arms and never by the result: Boschloo's exact test, which is never less
    powerful than Fisher's, while treated × control is at most ``EXACT_TABLES``; above it Fisher's.
    Raises UsageError for an unknown test, or one that would have to go through too many tables.
    """
    small = counts.n_treated * counts.n_control <= EXACT_TABLES
    picked = chosen(TESTS, test or ("boschloo" if small else "fisher"))
    if picked.name in UNCONDITIONAL and not small:
        raise UsageError(
            f"--test {picked.name} goes through every table, at most {grouped(EXACT_TABLES)} (treated × control): "
            "choose fisher or fisher-mid-p."
        )
    note = "Nobody or everybody had the event: there is nothing to test." if without_choice(counts) else ""
    p_value = 1.0 if note else min(1.0, max(SMALLEST, picked.compute(counts)))
    return Significance(p_value, picked.words, picked.reference, note)


def without_choice(counts: Counts) -> bool:
    """Say whether nobody or everybody had the event."""
    return counts.events in {0, counts.n_treated + counts.n_control}


def normal_tails(distance: float) -> float:
    """Return the chance of a normal variable at least as far from 0."""
    return 2 * float(ndtr(-abs(distance)))


def chi_squared(counts: Counts, *, less: float = 0.0, continuity: bool = False) -> float:
    """Return the p-value of χ² = (N − ``less``)(|ad − bc| − ½N if ``continuity``)² over the product of the margins."""
    n, events = counts.n_treated + counts.n_control, counts.events
    gap = abs(counts.events_treated * counts.n_control - counts.events_control * counts.n_treated)
    shrunk = max(0.0, gap - n / 2) if continuity else float(gap)
    spread = sqrt(counts.n_treated) * sqrt(counts.n_control) * sqrt(events) * sqrt(n - events)
    return normal_tails(sqrt(n - less) * shrunk / spread)


def fisher(counts: Counts, *, mid_p: bool = False) -> float:
    """Return the exact conditional p-value. Fisher, J R Stat Soc 1935;98:39; mid-p Lancaster, JASA 1961;56:223."""
    return two_sided(conditional([counts]), mid_p=mid_p)


def boschloo(counts: Counts) -> float:
    """Return the largest chance of a Fisher p-value as small as this one. Boschloo, Stat Neerl 1970;24:1."""
    p_values = fisher_of_all(counts.n_treated, counts.n_control)
    this = p_values[counts.events_treated, counts.events_control]
    # the supremum on a grid can be no more than Fisher's own, but for rounding
    return min(float(this), largest_chance(p_values <= this * (1 + TIE)))


def suissa_shuster(counts: Counts) -> float:
    """Return the largest chance of a pooled z as far from 0 as this one. Suissa & Shuster, JRSS A 1985;148:317."""
    distances = abs(score_of_all(counts.n_treated, counts.n_control))
    this = distances[counts.events_treated, counts.events_control]
    return largest_chance(distances >= this * (1 - TIE))


TESTS: Final[dict[str, Named[PValue]]] = named(
    (
        Named("boschloo", "Boschloo exact unconditional", "Boschloo, Stat Neerl 1970;24:1", boschloo),
        Named("fisher", "Fisher exact", "Fisher, J R Stat Soc 1935;98:39", fisher),
        Named("fisher-mid-p", "Fisher mid-p", "Lancaster, J Am Stat Assoc 1961;56:223", partial(fisher, mid_p=True)),
        Named("chi2", "Pearson χ²", "Pearson, Philos Mag 1900;50:157", chi_squared),
        Named("chi2-n-1", "χ² with N − 1", "Campbell, Stat Med 2007;26:3661", partial(chi_squared, less=1.0)),
        Named(
            "chi2-cc",
            "χ² with continuity correction",
            "Yates, J R Stat Soc Suppl 1934;1:217",
            partial(chi_squared, continuity=True),
        ),
        Named(
            "suissa-shuster",
            "Suissa–Shuster exact unconditional",
            "Suissa & Shuster, J R Stat Soc A 1985;148:317",
            suissa_shuster,
        ),
    )
)
UNCONDITIONAL: Final = frozenset({"boschloo", "suissa-shuster"})
