"""Intervals and alarms that hold at every moment, for programmes that cannot plan looks.

Whoever looks when they like, as often as they like, and stops when they like, still errs no more than is said. The
price is width: at the information for which it was tuned, such an interval is half as wide again as a fixed one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isfinite, log, nan, sqrt
from typing import Any, Final

from scipy.optimize import brentq
from scipy.special import betaincc, betaln, xlog1py, xlogy

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import LEVEL, Estimate, plain
from smartstart.trial.sequential.judging import judged_error

_NORMAL: Final = (
    "confidence sequence, normal mixture",
    "Robbins, Annals of Mathematical Statistics 1970;41:1397-1409; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "
    "Annals of Statistics 2024;52:2613-2640",
)
_BINOMIAL: Final = (
    "exact confidence sequence, beta-binomial mixture, given the events of both arms together",
    "Robbins, Annals of Mathematical Statistics 1970;41:1397-1409; Howard, Ramdas, McAuliffe and Sekhon, Annals of "
    "Statistics 2021;49:1055-1080",
)
_ALARM: Final = (
    "e-value, beta-binomial mixture over harm",
    "Ville, Étude critique de la notion de collectif, 1939; Robbins, Annals of Mathematical Statistics 1970;41:"
    "1397-1409",
)
_FAR: Final = 1e-12


@dataclass(frozen=True)
class Alarm:
    """What the events say of harm: with no harm, ``e_value`` ever reaches 1 / alpha with a chance of alpha at most.

    ``p_value`` is 1 over the e-value, at most 1, and holds at every moment.
    """

    e_value: float
    p_value: float
    threshold: float
    raised: bool
    method: str
    reference: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: plain(value) for name, value in vars(self).items()}

    def sentence(self) -> str:
        """Return what this means."""
        verdict = "stop and look into it" if self.raised else "no alarm"
        return f"The evidence for harm is {self.e_value:.3g}; the alarm is at {self.threshold:.3g}: {verdict}."


def always_valid(estimate: float, se: float, tuned_to: float, *, level: float = LEVEL) -> Estimate:
    """Return the interval of an estimate that holds at all moments together.

    ``tuned_to`` is the information (1 / SE²) at which it is narrowest; state it before any data. It supposes that the
    standard error comes from enough women for the estimate to be about normal: 30 or more in each arm.
    """
    _must_have_spread(estimate, se)
    half = mixture_bound(se**-2, tuned_to, 1 - level) * se**2
    return Estimate(float(estimate), estimate - half, estimate + half, float(se), *_NORMAL, level)


def always_valid_p(estimate: float, se: float, tuned_to: float) -> float:
    """Return the two-sided p-value of no effect that holds at all moments: the inverse of the mixture."""
    _must_have_spread(estimate, se)
    information = se**-2
    rho = tuned_mixture(tuned_to, 1 - LEVEL)
    score = estimate * information
    evidence = 0.5 * log(rho / (information + rho)) + score**2 / (2 * (information + rho))
    return exp(-max(0.0, evidence))


def tuned_mixture(information: float, alpha: float) -> float:
    """Return the variance of the mixture for which the bound is lowest at ``information`` (Howard et al., 2021).

    Raises UsageError for an information or a level that cannot be.
    """
    if not (information > 0 and isfinite(information) and 0 < alpha < 1):
        raise UsageError(
            "Give the information, above 0, at which the interval is to be narrowest, and a level below 1."
        )
    return information / (2 * log(1 / alpha) + log(1 + 2 * log(1 / alpha)))


def mixture_bound(information: float, tuned_to: float, alpha: float) -> float:
    """Return how far the score may be from its mean, ever: sqrt((V + rho) ln((V + rho) / (alpha² rho))); Robbins."""
    rho = tuned_mixture(tuned_to, alpha)
    total = information + rho
    return sqrt(total * (log(total / rho) - 2 * log(alpha)))


def rare_events(events_treated: int, events_control: int, share_treated: float) -> Estimate:
    """Return the ratio of the arms' rates with an interval that is exact and holds at all moments.

    Each event falls in the treated arm with a chance that depends on the ratio alone, given ``share_treated``: the
    share of women, or of their time, in that arm. It supposes that this share is the same at every event: arms that
    fill evenly, and events so rare that they take hardly anybody away.
    """
    treated, control = _judged(events_treated, events_control, share_treated)
    limit = log(1 / (1 - LEVEL))
    middle = treated / (treated + control) if treated + control else share_treated

    def beyond(chance: float) -> float:
        return _evidence(treated, control, chance) - limit

    low = brentq(beyond, _FAR, middle) if treated and beyond(_FAR) > 0 else 0.0
    high = brentq(beyond, middle, 1 - _FAR) if control and beyond(1 - _FAR) > 0 else 1.0
    found = treated / control * (1 - share_treated) / share_treated if control else (inf if treated else nan)
    note = "" if treated and control else "An arm without events gives no estimate of the ratio, only a bound."
    lower, upper = _ratio(low, share_treated), _ratio(high, share_treated)
    return Estimate(found, lower, upper, nan, *_BINOMIAL, LEVEL, note)


def harm_alarm(events_treated: int, events_control: int, share_treated: float, *, alpha: float = 0.05) -> Alarm:
    """Return the always-valid evidence that events come more often in the treated arm than by its share of women.

    May be looked at after every event. The mixture is uniform over the chances above ``share_treated``, so that it
    does not matter how much more often; under no harm, or less than none, it is a supermartingale.
    """
    judged_error(alpha, "harm_alpha")
    treated, control = _judged(events_treated, events_control, share_treated)
    tail = float(betaincc(treated + 1, control + 1, share_treated))
    evidence = -inf if tail <= 0 else (
        float(betaln(treated + 1, control + 1)) + log(tail) - log(1 - share_treated)
        - treated * log(share_treated) - control * log(1 - share_treated)
    )  # fmt: skip
    e_value = exp(min(evidence, 700.0))
    return Alarm(e_value, min(1.0, exp(-max(evidence, 0.0))), 1 / alpha, e_value >= 1 / alpha, *_ALARM)


def _evidence(treated: int, control: int, chance: float) -> float:
    """Return the log of the mixture, uniform over all chances, against this one chance."""
    mixed = float(betaln(treated + 1, control + 1))
    return mixed - float(xlogy(treated, chance)) - float(xlog1py(control, -chance))


def _ratio(chance: float, share: float) -> float:
    return inf if chance >= 1 else chance / (1 - chance) * (1 - share) / share


def _judged(treated: int, control: int, share: float) -> tuple[int, int]:
    if not (treated >= 0 and control >= 0):
        raise UsageError("Events are counts: none below 0.")
    if not 0 < share < 1:
        raise UsageError("The share of women in the treated arm lies between 0 and 1: 0.5 for arms of one size.")
    return int(treated), int(control)


def _must_have_spread(estimate: float, se: float) -> None:
    if not (isfinite(estimate) and isfinite(se) and se > 0):
        raise UsageError("The estimate needs a standard error above 0: without one nothing can be said of chance.")
