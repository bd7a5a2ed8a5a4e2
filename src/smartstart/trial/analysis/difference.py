"""Intervals for the risk difference, treated minus control."""

from __future__ import annotations

from functools import partial
from math import isfinite, sqrt
from typing import Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.numbers import grouped
from smartstart.trial.analysis.conditional import TIE
from smartstart.trial.analysis.interval import (
    QUANTILE,
    TAIL,
    Interval,
    IntervalOf,
    as_estimate,
    difference_error,
    difference_of,
    last_kept,
)
from smartstart.trial.analysis.proportion import wilson
from smartstart.trial.analysis.records import Counts, Estimate, Named, chosen, named
from smartstart.trial.analysis.score import difference_score
from smartstart.trial.analysis.unconditional import largest_chance, score_of_all

EXACT_TABLES: Final = 25_000  # women treated × control: about 150 v 150, a few seconds
SCAN: Final = 24  # differences looked at before halving: the chance need not fall steadily


def risk_difference(counts: Counts, method: str | None = None) -> Estimate:
    """Return the risk difference, treated minus control, with its interval by the method of that name.

    The default is the score interval of Miettinen and Nurminen: it is made for every table, also without events, and
    leaves out 0 exactly when the score test (``chi2-n-1``) rejects.
    Raises UsageError for an unknown method, or too many women for the exact one.
    """
    picked = chosen(RISK_DIFFERENCE, method)
    return as_estimate(picked, picked.compute(counts), edge_in_words(counts))


def edge_in_words(counts: Counts) -> str:
    """Return what to know when neither arm, or everybody, had the event."""
    if counts.events == 0:
        return "No events in either arm: the interval says how large a difference could have gone unseen."
    if counts.events == counts.n_treated + counts.n_control:
        return "An event in every woman: the interval says how large a difference could have gone unseen."
    return ""


def score(counts: Counts, *, corrected: bool) -> Interval:
    """Return the differences that the score test does not reject. Miettinen & Nurminen 1985 (corrected), Mee 1984."""
    z, seen = QUANTILE, difference_of(counts)
    table = counts.events_treated, counts.n_treated, counts.events_control, counts.n_control

    def fits(difference: float) -> bool:
        return abs(float(difference_score(*table, difference, corrected=corrected))) <= z

    return Interval(seen, last_kept(seen, -1.0, fits), last_kept(seen, 1.0, fits), difference_error(counts))


def newcombe(counts: Counts) -> Interval:
    """Return the interval that joins Wilson's limits of both arms. Newcombe, Stat Med 1998;17:873, method 10."""
    seen, p1, p0 = difference_of(counts), counts.risk_treated, counts.risk_control
    l1, u1 = wilson(counts.events_treated, counts.n_treated)
    l0, u0 = wilson(counts.events_control, counts.n_control)
    lower, upper = seen - sqrt((p1 - l1) ** 2 + (u0 - p0) ** 2), seen + sqrt((u1 - p1) ** 2 + (p0 - l0) ** 2)
    return Interval(seen, lower, upper, difference_error(counts))


def wald(counts: Counts) -> Interval:
    """Return the difference and its standard error times the normal quantile. Newcombe 1998, method 1."""
    seen, se = difference_of(counts), difference_error(counts)
    half = QUANTILE * se
    note = "" if se else "The method gives no width here: choose miettinen-nurminen."
    return Interval(seen, max(-1.0, seen - half), min(1.0, seen + half), se, note)


def agresti_caffo(counts: Counts) -> Interval:
    """Return Wald's interval with an event and a non-event added to each arm. Agresti & Caffo, Am Stat 2000;54:280."""
    added = Counts(counts.events_treated + 1, counts.n_treated + 2, counts.events_control + 1, counts.n_control + 2)
    around = wald(added)
    return Interval(difference_of(counts), around.lower, around.upper, difference_error(counts))


def exact(counts: Counts) -> Interval:
    """Return the exact unconditional interval: two one-sided tests of the score statistic, inverted.

    Chan & Zhang, Biometrics 1999;55:1202. Raises UsageError when there are more tables than can be gone through.
    """
    if counts.n_treated * counts.n_control > EXACT_TABLES:
        raise UsageError(
            f"--method exact goes through every table, at most {grouped(EXACT_TABLES)} (treated × control): "
            "choose miettinen-nurminen, which is near its level for arms of this size."
        )
    seen, outside = difference_of(counts), TAIL
    lower = farthest_exact(counts, -1.0, seen, outside)
    mirrored = Counts(counts.events_control, counts.n_control, counts.events_treated, counts.n_treated)
    return Interval(seen, lower, -farthest_exact(mirrored, -1.0, -seen, outside), difference_error(counts))


def farthest_exact(counts: Counts, edge: float, seen: float, outside: float) -> float:
    """Return the smallest difference under which tables with a score as high as this one have chance enough."""

    def kept(difference: float) -> bool:
        if difference <= -1:
            return seen <= -1
        scores = score_of_all(counts.n_treated, counts.n_control, difference)
        this = float(scores[counts.events_treated, counts.events_control])
        slack = TIE * abs(this) if isfinite(this) else 0.0
        return largest_chance(scores >= this - slack, difference) > outside

    # from the edge inwards: the first difference that is kept counts, also when one nearer by is not
    steps = [float(step) for step in np.linspace(edge, seen, SCAN + 1)]
    first = next((at for at, step in enumerate(steps[:-1]) if kept(step)), SCAN)
    return last_kept(steps[first], steps[max(first - 1, 0)], kept, within=1e-8)


RISK_DIFFERENCE: Final[dict[str, Named[IntervalOf]]] = named(
    (
        Named(
            "miettinen-nurminen",
            "Miettinen–Nurminen score",
            "Miettinen & Nurminen, Stat Med 1985;4:213",
            partial(score, corrected=True),
        ),
        Named("newcombe", "Newcombe hybrid score", "Newcombe, Stat Med 1998;17:873, method 10", newcombe),
        Named("mee", "Mee score", "Mee, Biometrics 1984;40:1175", partial(score, corrected=False)),
        Named("wald", "Wald", "Newcombe, Stat Med 1998;17:873, method 1", wald),
        Named("agresti-caffo", "Agresti–Caffo", "Agresti & Caffo, Am Stat 2000;54:280", agresti_caffo),
        Named("exact", "Chan–Zhang exact unconditional", "Chan & Zhang, Biometrics 1999;55:1202", exact),
    )
)
