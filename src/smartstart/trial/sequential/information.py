"""How much the answers say so far, and how much the plan asks for: the scale on which looks are planned.

Information is 1 / SE² of the difference between the arms: of a scale in standard deviations, of an event in risks. It
rests on numbers of women and on what varies in both arms together, and tells nothing of how the arms differ.
"""

from __future__ import annotations

from math import isfinite
from statistics import NormalDist
from typing import Final

from smartstart.errors import UsageError

REFERENCE: Final = (
    "Jennison and Turnbull, Group Sequential Methods with Applications to Clinical Trials, 2000, chapter 3"
)


def asked_for(effect: float, *, alpha: float, power: float, inflation: float = 1.0) -> float:
    """Return the information at which a one-sided test finds ``effect`` with this power: ((za + zb) / effect)² R.

    As in ``REFERENCE``. Raises UsageError for an effect that is not above 0.
    """
    if not (effect > 0 and isfinite(effect)):
        raise UsageError("The difference that is worth finding must lie above 0.")
    z = NormalDist().inv_cdf
    return ((z(1 - alpha) + z(power)) / effect) ** 2 * inflation


def information_of(treated: int, control: int, variance: float) -> float:
    """Return the information of so many answers, when one woman's outcome varies so much in both arms together.

    Of a scale the variance is in SD², 1 - rho² when the scale at the start is adjusted for; of an event p (1 - p).
    """
    return treated * control / (treated + control) / variance if treated and control else 0.0


def women_for(information: float, variance: float, ratio: tuple[int, int]) -> float:
    """Return the women with an answer, both arms together, that give this information."""
    share = ratio[0] / sum(ratio)
    return information * variance / (share * (1 - share))
