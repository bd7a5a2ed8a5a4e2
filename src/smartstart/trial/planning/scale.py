"""Women and power for the difference of two means, in standard deviations."""

from __future__ import annotations

from math import ceil, inf, nan, sqrt
from typing import Final

from scipy.special import nctdtr, ndtri, stdtrit

from smartstart.errors import UsageError

ALPHA: Final = 0.05  # two-sided
POWER: Final = 0.8
LEAST_DIFFERENCE: Final = 0.001  # standard deviations: below it the numbers of women mean nothing any more


def women_for_a_difference(
    difference: float,
    *,
    correlation: float = 0.0,
    ratio: tuple[int, int] = (1, 1),
    alpha: float = ALPHA,
    power: float = POWER,
    inflation: float = 1.0,
) -> int:
    """Return the women needed in the smaller arm to see a difference of ``difference`` standard deviations.

    The two-sided test of two means with the normal approximation (Julious, Stat Med 2004;23:1921-1986). Analysis of
    covariance on the nulmeting leaves ``1 - rho^2`` of the variance (Borm, Fransen and Lemmens, J Clin Epidemiol
    2007;60:1234-1238). ``inflation`` is what looks in between cost.
    """
    judge_difference(difference)
    judge_errors(alpha, power)
    allocation = max(ratio) / min(ratio)
    variance = (1 + 1 / allocation) * left_by(correlation)
    return max(2, ceil(inflation * variance * distance(alpha, power) ** 2 / difference**2 - 1e-9))


def exact_women_for_a_difference(
    difference: float,
    *,
    correlation: float = 0.0,
    ratio: tuple[int, int] = (1, 1),
    alpha: float = ALPHA,
    power: float = POWER,
) -> int:
    """Return the same by the noncentral t distribution: the least number whose exact power reaches ``power``."""
    smaller = women_for_a_difference(difference, correlation=correlation, ratio=ratio, alpha=alpha, power=power)
    least = 2  # the normal approximation is never above the exact number: it takes the variance as known
    for women in range(max(least, smaller - 2), smaller + 50):
        arms = filled(women, ratio)
        if power_of_a_difference(difference, arms, correlation=correlation, alpha=alpha) >= power:
            return women
    return smaller + 50


def power_of_a_difference(
    difference: float, arms: tuple[int, int], *, correlation: float = 0.0, alpha: float = ALPHA
) -> float:
    """Return the exact power of the two-sided t test, by the noncentral t (Julious, Stat Med 2004;23:1921-1986).

    The nulmeting takes one degree of freedom. Without two women in each arm there is no power at all.
    """
    used = 3 if correlation else 2
    freedom = sum(arms) - used
    if min(arms) < 1 or freedom < 1:
        return 0.0
    away = abs(difference) / standard_error(arms, correlation)
    critical = float(stdtrit(freedom, 1 - alpha / 2))
    beyond = 1 - _t_upto(freedom, away, critical) + _t_upto(freedom, away, -critical)
    return min(1.0, max(0.0, beyond))


def detectable_difference(
    arms: tuple[int, int],
    *,
    correlation: float = 0.0,
    alpha: float = ALPHA,
    power: float = POWER,
    inflation: float = 1.0,
) -> float:
    """Return the difference in standard deviations that these arms would find; ``nan`` where an arm has nobody.

    The formula of ``women_for_a_difference``, turned round.
    """
    if min(arms) < 1:
        return nan
    return distance(alpha, power) * standard_error(arms, correlation) * sqrt(inflation)


def standard_error(arms: tuple[int, int], correlation: float = 0.0) -> float:
    """Return the standard error of the difference of two means, in standard deviations; infinite without an arm."""
    if min(arms) < 1:
        return inf
    return sqrt((1 / arms[0] + 1 / arms[1]) * left_by(correlation))


def left_by(correlation: float) -> float:
    """Return the share of the variance that a covariate with this correlation leaves: 1 - rho² (Borm et al., 2007).

    Raises UsageError for a correlation outside -1 to 1.
    """
    if not -1 < correlation < 1:
        raise UsageError("--correlation: give a number above -1 and below 1.")
    return 1 - correlation**2


def distance(alpha: float, power: float) -> float:
    """Return how many standard errors the effect must lie from none: z of the error plus z of the power."""
    return float(ndtri(1 - alpha / 2) + ndtri(power))


def filled(smaller: int, ratio: tuple[int, int]) -> tuple[int, int]:
    """Return the women in each arm when the smaller arm has so many."""
    return ceil(smaller * ratio[0] / min(ratio)), ceil(smaller * ratio[1] / min(ratio))


def judge_difference(difference: float) -> None:
    """Raise UsageError where no number of women could find the difference."""
    if not LEAST_DIFFERENCE <= abs(difference) <= 10:
        raise UsageError(f"--difference: give standard deviations from {LEAST_DIFFERENCE:g} to 10, such as 0.3.")


def judge_errors(alpha: float, power: float) -> None:
    """Raise UsageError where the chances of being wrong make no sense."""
    if not 0 < alpha < 0.5:
        raise UsageError("--alpha: give a chance above 0 and below 0.5 (two-sided), such as 0.05.")
    if not alpha < power < 1:
        raise UsageError("--power: give a chance above alpha and below 1, such as 0.8.")


def _t_upto(freedom: int, away: float, at: float) -> float:
    """Return the noncentral t's chance of at most ``at``; far from none it is 0 beyond what a double can say."""
    chance = float(nctdtr(freedom, away, at))
    return chance if 0 <= chance <= 1 else float(at > away)
