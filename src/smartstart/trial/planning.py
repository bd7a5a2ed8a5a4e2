"""How many women an answer takes, and how many years that is."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final

ALPHA: Final = 0.05  # two-sided
POWER: Final = 0.8
# The first talk is at the draw, about week 15; birth follows five to six months later, the last questionnaire a year
# after birth (DOMAIN 2): the answer of the last woman comes eighteen months after her draw.
YEARS_UNTIL_THE_LAST_ANSWER: Final = 1.5


@dataclass(frozen=True)
class Plan:
    """What one question costs: women with an answer per arm (as in the ratio's smaller arm), women to draw, years.

    ``women`` allows for those who do not answer. ``years`` runs from the first draw until the last answer is in.
    """

    question: str
    per_arm: int
    women: int
    recruitment_years: float
    years: float


def women_for_a_difference(
    difference: float,
    *,
    baseline_correlation: float = 0.0,
    ratio: tuple[int, int] = (1, 1),
    alpha: float = ALPHA,
    power: float = POWER,
) -> int:
    """Return the women needed in the smaller arm to see a difference of ``difference`` standard deviations.

    The two-sided test of two means with the normal approximation (Julious, Stat Med 2004;23:1921-1986). Analysis of
    covariance on the baseline leaves ``1 - rho^2`` of the variance (Borm, Fransen and Lemmens, J Clin Epidemiol
    2007;60:1234-1238).
    """
    allocation = max(ratio) / min(ratio)
    variance = (1 + 1 / allocation) * (1 - baseline_correlation**2)
    return ceil(variance * (_z(1 - alpha / 2) + _z(power)) ** 2 / difference**2)


def women_for_two_risks(risk: float, other: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Return the women needed in each of two equal arms to tell two risks apart.

    The two-sided test of two proportions with the pooled variance under no difference, without a correction for
    continuity (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003, section 4.2).
    """
    pooled = (risk + other) / 2
    under_none = _z(1 - alpha / 2) * sqrt(2 * pooled * (1 - pooled))
    under_both = _z(power) * sqrt(risk * (1 - risk) + other * (1 - other))
    return ceil((under_none + under_both) ** 2 / (risk - other) ** 2)


def plan_for(question: str, per_arm: int, *, ratio: tuple[int, int], answered: float, per_year: float) -> Plan:
    """Return what ``per_arm`` women with an answer in the smaller arm take, at ``per_year`` women drawn.

    ``answered`` is the share of the women drawn whose outcome is known.
    """
    women = ceil(per_arm * sum(ratio) / min(ratio) / answered)
    recruitment = women / per_year
    return Plan(question, per_arm, women, recruitment, recruitment + YEARS_UNTIL_THE_LAST_ANSWER)


def _z(probability: float) -> float:
    return NormalDist().inv_cdf(probability)
