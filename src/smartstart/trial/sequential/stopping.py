"""What may be said after a trial has stopped at a look: p-value, estimate and interval that know of the looks.

The naive estimate of a trial that stopped early is too large on average, and its interval covers too seldom. Here the
outcomes are ordered stage-wise: to have stopped earlier for efficacy is more extreme, and at the same look a higher Z
is (Fairbanks and Madsen, Biometrika 1982;69:69-74; Tsiatis, Rosner and Mehta, Biometrics 1984;40:797-803; Jennison and
Turnbull, Group Sequential Methods with Applications to Clinical Trials, 2000, chapter 8). This order needs to know
nothing of looks that never came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np
from scipy.optimize import brentq

from smartstart.errors import UsageError
from smartstart.numbers import stated
from smartstart.trial.analysis.records import LEVEL, Estimate, Floats, plain
from smartstart.trial.analysis.wald import critical
from smartstart.trial.sequential.crossing import exits_above, paths

_STAGEWISE: Final = (
    "median-unbiased, by stage-wise ordering",
    "Tsiatis, Rosner and Mehta, Biometrics 1984;40:797-803",
)
_NAIVE: Final = ("estimate ± critical value × standard error, as if there had been one look", "none: not adjusted")
_OVERRUN: Final = (
    "The look at which it stopped is left out, and the data that came in since are used as if that look had been made "
    "now (deletion method: Whitehead, Controlled Clinical Trials 1992;13:106-121)."
)


@dataclass(frozen=True)
class EarlierLooks:
    """The looks before the one that counts: information (1 / SE²), and Z at which each would have stopped.

    ``lower`` holds boundaries at which it would have stopped the other way; None when those bound nobody.
    """

    information: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    lower: tuple[float, ...] | None = None


@dataclass(frozen=True)
class AfterStopping:
    """The adjusted estimate with its interval, the naive one beside it, and both p-values, one-sided.

    ``look`` is that at which the trial stopped. ``overrun`` says whether data that came in afterwards are counted.
    """

    look: int
    z: float
    p_value: float
    naive_p_value: float
    adjusted: Estimate
    naive: Estimate
    overrun: bool
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        values = {name: plain(value) for name, value in vars(self).items()}
        return values | {
            "adjusted": self.adjusted.as_dict(), "naive": self.naive.as_dict(), "notes": [*self.notes]
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """Return what was found, in plain English."""
        one = self.adjusted
        return [
            f"The trial stopped at look {self.look}. The effect is estimated as {one.estimate:.4g} "
            f"({stated(one.level)} interval {one.lower:.4g} to {one.upper:.4g}; one-sided p {self.p_value:.4g}), "
            f"which allows for the looks; without that it would read {self.naive.estimate:.4g}.",
            *self.notes,
        ]


def after_stopping(estimate: float, se: float, earlier: EarlierLooks, *, overrun: bool = False) -> AfterStopping:
    """Return p-value, median-unbiased estimate and interval of a trial that stopped at the look after ``earlier``.

    ``estimate`` and ``se`` are of all data that count, on the scale of the estimate; for ratios give logarithms. With
    ``overrun`` they also hold data that came in after the look that stopped the trial, and ``earlier`` leaves that
    look out: the deletion method. It is chosen over others because it uses every woman's data, needs no weights and
    no model of who was still awaited, and cannot raise the error, as the trial had to cross its boundary first.
    Raises UsageError for information that does not rise, or a standard error that is not above 0.
    """
    _judge(estimate, se, earlier)
    z, information, half = estimate / se, se**-2, critical() * se
    p_of = p_value_function(z, information, earlier)
    tail = (1 - LEVEL) / 2
    middle, low, high = (_effect_at(p_of, share, estimate, se) for share in (0.5, tail, 1 - tail))
    return AfterStopping(
        look=len(earlier.information) + 1,
        z=z,
        p_value=p_of(0.0),
        naive_p_value=float(p_value_function(z, information, EarlierLooks())(0.0)),
        adjusted=Estimate(middle, low, high, se, *_STAGEWISE, LEVEL),
        naive=Estimate(float(estimate), estimate - half, estimate + half, se, *_NAIVE, LEVEL),
        overrun=overrun,
        notes=(_OVERRUN,) if overrun else (),
    )


def p_value_function(z: float, information: float, earlier: EarlierLooks) -> Callable[[float], float]:
    """Return the chance, as a function of the true effect, of an outcome as extreme as ``z`` at this look or more."""
    return lambda effect: float(p_values(np.array([z]), information, earlier, effect)[0])


def p_values(z: Floats, information: float, earlier: EarlierLooks, effect: float = 0.0) -> Floats:
    """Return the stage-wise p-values of many values of Z at this look, under this effect."""
    crossed, going = paths(earlier.information, earlier.upper, earlier.lower, effect, information)
    return sum(crossed.above) + exits_above(going, information, z, effect)


def _effect_at(p_of: Callable[[float], float], share: float, estimate: float, se: float) -> float:
    """Return the effect under which an outcome as extreme has this chance: it rises with the effect."""
    low, high, step = estimate - 4 * se, estimate + 4 * se, 4 * se
    for _ in range(30):
        if p_of(low) < share:
            break
        low, step = low - step, 2 * step
    step = 4 * se
    for _ in range(30):
        if p_of(high) > share:
            break
        high, step = high + step, 2 * step
    return float(brentq(lambda effect: p_of(effect) - share, low, high, xtol=1e-11 * se, rtol=1e-13))


def _judge(estimate: float, se: float, earlier: EarlierLooks) -> None:
    if not (isfinite(estimate) and isfinite(se) and se > 0):
        raise UsageError("The estimate needs a standard error above 0: without one nothing can be said of chance.")
    looks = earlier.information
    same = len(looks) == len(earlier.upper) and (earlier.lower is None or len(looks) == len(earlier.lower))
    if not same:
        raise UsageError("Each earlier look has its information and its boundary: give as many of one as of the other.")
    rising = all(before < after for before, after in zip((0.0, *looks), (*looks, se**-2), strict=False))
    if not rising:
        raise UsageError("The information of the looks must rise up to that of the estimate, 1 / SE².")
