"""Intervals for the risk ratio and the odds ratio, treated over control; ``se`` is of the logarithm."""

from __future__ import annotations

from functools import partial
from math import exp, inf, log, nan, sqrt
from typing import Final, Protocol

import numpy as np

from smartstart.trial.analysis.conditional import conditional, conditional_odds
from smartstart.trial.analysis.interval import QUANTILE, Interval, IntervalOf, as_estimate, last_kept
from smartstart.trial.analysis.proportion import wilson
from smartstart.trial.analysis.records import Counts, Estimate, Floats, Named, chosen, named
from smartstart.trial.analysis.score import odds_score, ratio_score

FARTHEST: Final = 60.0  # of a log ratio that is looked at: beyond it there is no bound
NO_BOUND: Final = "The method gives no bound with a zero in the table: choose miettinen-nurminen."


class Score(Protocol):
    """A score statistic of a 2×2 table under a ratio."""

    def __call__(self, x1: int, n1: int, x0: int, n0: int, ratio: float, *, corrected: bool) -> Floats:
        """Return the distance in standard errors."""


def risk_ratio(counts: Counts, method: str | None = None) -> Estimate:
    """Return the risk ratio, treated over control, with its interval by the method of that name.

    The default is Koopman's score interval: it is made for every table and is near its level where events are few.
    Raises UsageError for an unknown method.
    """
    picked = chosen(RISK_RATIO, method)
    return as_estimate(picked, picked.compute(counts), zero_in_words(counts))


def odds_ratio(counts: Counts, method: str | None = None) -> Estimate:
    """Return the odds ratio, treated over control, with its interval by the method of that name.

    The default is the score interval of Miettinen and Nurminen: it leaves out 1 exactly when their interval for the
    risk difference leaves out 0, needs nothing added to empty cells, and is narrower than the exact conditional one.
    Raises UsageError for an unknown method.
    """
    picked = chosen(ODDS_RATIO, method)
    return as_estimate(picked, picked.compute(counts), zero_in_words(counts))


def zero_in_words(counts: Counts) -> str:
    """Return what a ratio can say when an arm has no events, or an empty string."""
    if counts.events == 0:
        return "No events in either arm: a ratio says nothing here, the risk difference does."
    if counts.events_treated == 0:
        return "No events in the treated arm: only the upper bound says something."
    if counts.events_control == 0:
        return "No events in the control arm: only the lower bound says something."
    return ""


def divided(above: float, below: float) -> float:
    """Return the ratio; infinite over zero, and nan for zero over zero."""
    if below == 0:
        return inf if above > 0 else nan
    return above / below


def observed_ratio(counts: Counts) -> float:
    """Return the observed risk ratio."""
    return divided(counts.events_treated * counts.n_control, counts.events_control * counts.n_treated)


def observed_odds(counts: Counts) -> float:
    """Return the observed odds ratio: ad/bc."""
    a, b, c, d = cells(counts)
    return divided(a * d, b * c)


def cells(counts: Counts) -> tuple[int, int, int, int]:
    """Return treated with and without the event, and control with and without."""
    x1, x0 = counts.events_treated, counts.events_control
    return x1, counts.n_treated - x1, x0, counts.n_control - x0


def log_risk_error(counts: Counts) -> float:
    """Return the standard error of the log risk ratio, nan without events. Katz et al., Biometrics 1978;34:469."""
    x1, x0 = counts.events_treated, counts.events_control
    if x1 == 0 or x0 == 0:
        return nan
    return sqrt((1 - x1 / counts.n_treated) / x1 + (1 - x0 / counts.n_control) / x0)


def log_odds_error(counts: Counts, added: float = 0.0) -> float:
    """Return the standard error of the log odds ratio, nan with an empty cell. Woolf, Ann Hum Genet 1955;19:251."""
    parts = [cell + added for cell in cells(counts)]
    return nan if min(parts) == 0 else sqrt(sum(1 / part for part in parts))


def around_log(estimate: float, se: float) -> Interval:
    """Return the interval that is symmetric for the logarithm; without bounds where the error is not defined."""
    if not se > 0:
        note = "The method gives no width here: choose miettinen-nurminen." if se == 0 else NO_BOUND
        ends = (estimate, estimate) if se == 0 else (0.0, inf)
        return Interval(estimate, *ends, se, note)
    half = QUANTILE * se
    return Interval(estimate, exp(log(estimate) - half), exp(log(estimate) + half), se)


def score_interval(counts: Counts, *, statistic: Score, estimate: float, corrected: bool) -> Interval:
    """Return the ratios that the score test does not reject; an end that no table can rule out is 0 or infinite."""
    z = QUANTILE
    table = counts.events_treated, counts.n_treated, counts.events_control, counts.n_control

    def fits(log_ratio: float) -> bool:
        return abs(float(statistic(*table, exp(log_ratio), corrected=corrected))) <= z

    if np.isnan(estimate):
        return Interval(nan, 0.0, inf)
    start = FARTHEST if estimate == inf else -FARTHEST if estimate == 0 else log(estimate)
    low, high = last_kept(start, -FARTHEST, fits), last_kept(start, FARTHEST, fits)
    return Interval(
        estimate,
        0.0 if low <= -FARTHEST or estimate == 0 else exp(low),
        inf if high >= FARTHEST or estimate == inf else exp(high),
    )


def score_ratio(counts: Counts, *, corrected: bool) -> Interval:
    """Return the score interval of the risk ratio. Koopman 1984; Miettinen & Nurminen 1985 when corrected."""
    found = score_interval(counts, statistic=ratio_score, estimate=observed_ratio(counts), corrected=corrected)
    return Interval(found.estimate, found.lower, found.upper, log_risk_error(counts))


def score_odds(counts: Counts, *, corrected: bool) -> Interval:
    """Return the score interval of the odds ratio. Miettinen & Nurminen, Stat Med 1985;4:213."""
    found = score_interval(counts, statistic=odds_score, estimate=observed_odds(counts), corrected=corrected)
    return Interval(found.estimate, found.lower, found.upper, log_odds_error(counts))


def katz(counts: Counts) -> Interval:
    """Return the log interval of the risk ratio. Katz, Baptista, Azen & Pike, Biometrics 1978;34:469."""
    return around_log(observed_ratio(counts), log_risk_error(counts))


def woolf(counts: Counts) -> Interval:
    """Return the log interval of the odds ratio. Woolf, Ann Hum Genet 1955;19:251."""
    return around_log(observed_odds(counts), log_odds_error(counts))


def gart(counts: Counts) -> Interval:
    """Return Woolf's interval with ½ added to every cell. Gart, Biometrika 1966;53:47; Haldane 1956, Anscombe 1956."""
    a, b, c, d = (cell + 0.5 for cell in cells(counts))
    return around_log(a * d / (b * c), log_odds_error(counts, 0.5))


def mover(treated: tuple[float, float, float], control: tuple[float, float, float]) -> tuple[float, float]:
    """Return the limits of a ratio from (estimate, lower, upper) of its parts. Donner & Zou, SMMR 2012;21:347.

    Written with the conjugate root, so that nothing is divided by a difference that may be zero.
    """
    (p1, l1, u1), (p0, l0, u0) = treated, control
    product = p1 * p0
    below = product + sqrt(max(0.0, product**2 - l1 * (2 * p1 - l1) * u0 * (2 * p0 - u0)))
    above = product + sqrt(max(0.0, product**2 - u1 * (2 * p1 - u1) * l0 * (2 * p0 - l0)))
    if p0 == 0:
        return (sqrt(l1 * (2 * p1 - l1)) / u0 if p1 else 0.0), inf
    return l1 * (2 * p1 - l1) / below if p1 else 0.0, above / (l0 * (2 * p0 - l0))


def mover_ratio(counts: Counts) -> Interval:
    """Return the interval of the risk ratio from Wilson's limits of both arms. Donner & Zou, SMMR 2012;21:347."""
    treated = (counts.risk_treated, *wilson(counts.events_treated, counts.n_treated))
    control = (counts.risk_control, *wilson(counts.events_control, counts.n_control))
    return Interval(observed_ratio(counts), *mover(treated, control), log_risk_error(counts))


def mover_odds(counts: Counts) -> Interval:
    """Return the interval of the odds ratio from Wilson's limits as odds. Fagerland et al., SMMR 2015;24:224.

    Where an arm had nothing but events the odds have no value: then the ratio of no event is taken and turned over.
    """
    a, b, c, d = cells(counts)
    estimate, se = observed_odds(counts), log_odds_error(counts)
    if (b == 0 or d == 0) and (a == 0 or c == 0):
        return Interval(estimate, 0.0, inf, se, NO_BOUND)
    turned = b == 0 or d == 0
    (x1, x0) = (b, d) if turned else (a, c)
    lower, upper = mover(odds_limits(x1, counts.n_treated), odds_limits(x0, counts.n_control))
    if turned:
        lower, upper = (0.0 if upper == inf else 1 / upper), divided(1.0, lower)
    return Interval(estimate, lower, upper, se)


def odds_limits(events: int, n: int) -> tuple[float, float, float]:
    """Return the odds of the event with Wilson's limits turned into odds."""
    lower, upper = wilson(events, n)
    return events / (n - events), lower / (1 - lower), upper / (1 - upper)


def conditional_interval(counts: Counts, *, mid_p: bool) -> Interval:
    """Return the conditional odds ratio with the exact interval. Cornfield 1956; mid-p Lancaster 1961."""
    found = conditional_odds(conditional([counts]), mid_p=mid_p)
    return Interval(found.estimate, found.lower, found.upper, found.se)


MIETTINEN: Final = "Miettinen & Nurminen, Stat Med 1985;4:213"
RISK_RATIO: Final[dict[str, Named[IntervalOf]]] = named(
    (
        Named("koopman", "Koopman score", "Koopman, Biometrics 1984;40:513", partial(score_ratio, corrected=False)),
        Named("miettinen-nurminen", "Miettinen–Nurminen score", MIETTINEN, partial(score_ratio, corrected=True)),
        Named("katz-log", "Katz log", "Katz et al., Biometrics 1978;34:469", katz),
        Named(
            "mover-wilson", "MOVER with Wilson limits", "Donner & Zou, Stat Methods Med Res 2012;21:347", mover_ratio
        ),
    )
)
ODDS_RATIO: Final[dict[str, Named[IntervalOf]]] = named(
    (
        Named("miettinen-nurminen", "Miettinen–Nurminen score", MIETTINEN, partial(score_odds, corrected=True)),
        Named("woolf", "Woolf log", "Woolf, Ann Hum Genet 1955;19:251", woolf),
        Named("gart", "Gart log, ½ added to each cell", "Gart, Biometrika 1966;53:47", gart),
        Named(
            "fisher",
            "exact conditional, conditional estimate",
            "Cornfield, Proc 3rd Berkeley Symp 1956;4:135",
            partial(conditional_interval, mid_p=False),
        ),
        Named(
            "mid-p",
            "mid-p conditional, conditional estimate",
            "Lancaster, J Am Stat Assoc 1961;56:223",
            partial(conditional_interval, mid_p=True),
        ),
        Named(
            "mover-wilson",
            "MOVER with Wilson limits",
            "Fagerland, Lydersen & Laake, Stat Methods Med Res 2015;24:224",
            mover_odds,
        ),
    )
)
