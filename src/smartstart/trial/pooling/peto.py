"""The one-step odds ratio of Peto: for events so rare that most tables have an empty cell."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, nan, sqrt
from typing import Final

from smartstart.trial.analysis.interval import QUANTILE
from smartstart.trial.analysis.records import LEVEL, Counts, Estimate

METHOD: Final = "Peto, one step"
REFERENCE: Final = "Yusuf, Peto, Lewis, Collins & Sleight, Prog Cardiovasc Dis 1985;27:335"
NO_EVENTS: Final = "No table has women with the event and women without it: nothing can be said of the ratio."


def score_and_information(tables: Sequence[Counts]) -> tuple[float, float]:
    """Return the sum of observed minus expected events of the treated, and of its hypergeometric variance.

    A table without events, or with nothing but events, adds nothing to either.
    """
    observed = [t.events_treated - t.n_treated * _events(t) / _women(t) for t in tables]
    return sum(observed), sum(hypergeometric_variance(t) for t in tables)


def hypergeometric_variance(table: Counts) -> float:
    """Return the variance of the treated arm's events when the margins are given."""
    n, events = _women(table), _events(table)
    if n < 2:
        return 0.0
    return table.n_treated * table.n_control * events * (n - events) / (n**2 * (n - 1))


def peto(score: float, information: float) -> Estimate:
    """Return the odds ratio exp(score / information); biased for large effects and arms of very different size."""
    if information <= 0:
        return Estimate(nan, 0.0, inf, nan, METHOD, REFERENCE, LEVEL, NO_EVENTS)
    middle, se = score / information, 1 / sqrt(information)
    half = QUANTILE * se
    return Estimate(_exp(middle), _exp(middle - half), _exp(middle + half), se, METHOD, REFERENCE, LEVEL)


def _exp(value: float) -> float:
    # one event in an arm of one against a thousand gives a logarithm near a thousand
    return exp(value) if value < 700 else inf


def _women(table: Counts) -> int:
    return table.n_treated + table.n_control


def _events(table: Counts) -> int:
    return table.events_treated + table.events_control
