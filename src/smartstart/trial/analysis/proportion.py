"""Intervals for one proportion: how many of how many."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Final

from scipy.special import bdtr, bdtrc, betaincinv

from smartstart.errors import UsageError
from smartstart.numbers import stated
from smartstart.trial.analysis.interval import QUANTILE, TAIL, Interval, as_estimate, last_kept
from smartstart.trial.analysis.records import Estimate, Named, chosen, named

Ends = Callable[[int, int], tuple[float, float]]


def proportion_interval(events: int, n: int, method: str | None = None) -> Estimate:
    """Return the share of ``n`` women with the event, with its interval by the method of that name.

    The default is Clopper and Pearson's exact interval: it never falls below its level, where Wilson's dips
    to 0.91 at the rates that matter here; it is wider for it.
    Raises UsageError for counts that cannot be, or an unknown method.
    """
    if n < 1 or not 0 <= events <= n:
        raise UsageError("There are no women, or more events than women: give events and women.")
    picked = chosen(PROPORTION, method)
    share = events / n
    lower, upper = picked.compute(events, n)
    found = Interval(share, max(0.0, lower), min(1.0, upper), sqrt(share * (1 - share) / n))
    return as_estimate(picked, found, edge_in_words(events, n, found))


def edge_in_words(events: int, n: int, found: Interval) -> str:
    """Return what can be said when nobody or everybody had the event, or an empty string."""
    if found.lower == found.upper:
        return "The method gives no width here: choose clopper-pearson."
    if events == 0:
        return f"No events in {n} women: the risk is at most {stated(found.upper, 3)}."
    if events == n:
        return f"An event in each of {n} women: the risk is at least {stated(found.lower, 3)}."
    return ""


def wilson(events: int, n: int) -> tuple[float, float]:
    """Return the score interval. Wilson, J Am Stat Assoc 1927;22:209."""
    z = QUANTILE
    centre = events + z * z / 2
    half = z * sqrt(events * (n - events) / n + z * z / 4)
    lower = 0.0 if events == 0 else (centre - half) / (n + z * z)
    upper = 1.0 if events == n else (centre + half) / (n + z * z)
    return lower, upper


def clopper_pearson(events: int, n: int) -> tuple[float, float]:
    """Return the exact interval, each tail at most half of what the level leaves. Biometrika 1934;26:404."""
    return beta_ends(events, n - events + 1, events + 1, n - events, TAIL)


def jeffreys(events: int, n: int) -> tuple[float, float]:
    """Return the interval of the prior Beta(½, ½). Brown, Cai & DasGupta, Stat Sci 2001;16:101."""
    lower, upper = beta_ends(events + 0.5, n - events + 0.5, events + 0.5, n - events + 0.5, TAIL)
    return (0.0 if events == 0 else lower), (1.0 if events == n else upper)


def beta_ends(a_lower: float, b_lower: float, a_upper: float, b_upper: float, outside: float) -> tuple[float, float]:
    """Return the quantiles of two beta distributions; a parameter of zero gives the edge."""
    lower = 0.0 if a_lower == 0 else float(betaincinv(a_lower, b_lower, outside))
    upper = 1.0 if b_upper == 0 else float(betaincinv(a_upper, b_upper, 1 - outside))
    return lower, upper


def mid_p(events: int, n: int) -> tuple[float, float]:
    """Return the exact interval that counts half of the chance of what was seen. Lancaster, JASA 1961;56:223."""
    outside, share = TAIL, events / n

    def below(p: float) -> float:
        more = float(bdtr(events - 1, n, p)) if events else 0.0
        return (more + float(bdtr(events, n, p))) / 2

    def above(p: float) -> float:
        less = float(bdtrc(events - 1, n, p)) if events else 1.0
        return (less + float(bdtrc(events, n, p))) / 2

    lower = 0.0 if events == 0 else last_kept(share, 0.0, lambda p: above(p) >= outside)
    upper = 1.0 if events == n else last_kept(share, 1.0, lambda p: below(p) >= outside)
    return lower, upper


def agresti_coull(events: int, n: int) -> tuple[float, float]:
    """Return Wald's interval around Wilson's centre. Agresti & Coull, Am Stat 1998;52:119."""
    z = QUANTILE
    women = n + z * z
    centre = (events + z * z / 2) / women
    half = z * sqrt(centre * (1 - centre) / women)
    return centre - half, centre + half


def wald(events: int, n: int) -> tuple[float, float]:
    """Return the share and its standard error times the normal quantile; of no width at 0 and at n."""
    share = events / n
    half = QUANTILE * sqrt(share * (1 - share) / n)
    return share - half, share + half


PROPORTION: Final[dict[str, Named[Ends]]] = named(
    (
        Named("clopper-pearson", "Clopper–Pearson exact", "Clopper & Pearson, Biometrika 1934;26:404", clopper_pearson),
        Named("wilson", "Wilson score", "Wilson, J Am Stat Assoc 1927;22:209", wilson),
        Named("mid-p", "mid-p exact", "Lancaster, J Am Stat Assoc 1961;56:223", mid_p),
        Named("jeffreys", "Jeffreys", "Brown, Cai & DasGupta, Stat Sci 2001;16:101", jeffreys),
        Named("agresti-coull", "Agresti–Coull", "Agresti & Coull, Am Stat 1998;52:119", agresti_coull),
        Named("wald", "Wald", "Newcombe, Stat Med 1998;17:857, method 1", wald),
    )
)
