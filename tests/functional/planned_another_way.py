"""Second ways to the numbers of the planning, which the tests hold the first ones against."""

from __future__ import annotations

from math import inf

import numpy as np
from scipy.special import ndtr, ndtri

from smartstart.trial.analysis.conditional import TIE
from smartstart.trial.analysis.records import Bools
from smartstart.trial.planning.assurance import HIGHEST, PRIOR_WOMEN, _legendre, judge_prior
from smartstart.trial.planning.exact import fisher_of_all
from smartstart.trial.planning.scale import ALPHA, standard_error


def assurance_by_quadrature(
    mean: float, sd: float, arms: tuple[int, int], *, correlation: float = 0.0, alpha: float = ALPHA
) -> float:
    """Return the same as the mean of the power over the prior: the second way to the number."""
    judge_prior(mean, sd)
    se = standard_error(arms, correlation)
    if se == inf:
        return 0.0
    shares, weights = _legendre()
    return float(weights @ ndtr((mean + sd * ndtri(shares)) / se + float(ndtri(alpha / 2))))


def simulated_assurance_of_two_risks(
    risk: float,
    log_ratio: tuple[float, float],
    arms: tuple[int, int],
    generator: np.random.Generator,
    *,
    trials: int = 100_000,
    prior_women: float = PRIOR_WOMEN,
    alpha: float = ALPHA,
) -> float:
    """Return the share of simulated trials that succeed by the pooled test: the second way to the number."""
    control = generator.beta(risk * prior_women, (1 - risk) * prior_women, trials)
    offer = np.minimum(control * np.exp(generator.normal(*log_ratio, trials)), HIGHEST)
    first, second = generator.binomial(arms[0], offer), generator.binomial(arms[1], control)
    pooled = (first + second) / sum(arms)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / arms[0] + 1 / arms[1]))
    gap = second / arms[1] - first / arms[0]
    return float(np.mean((spread > 0) & (gap > -float(ndtri(alpha / 2)) * spread)))


def fisher_region(first: int, second: int, alpha: float) -> Bools:
    """Return the tables that Fisher's exact test rejects."""
    region: Bools = fisher_of_all(first, second) <= alpha * (1 + TIE)
    return region


def approximate_power_of_a_difference(
    difference: float, arms: tuple[int, int], *, correlation: float = 0.0, alpha: float = ALPHA
) -> float:
    """Return the power of the two-sided test with the variance known: the side of the effect only."""
    if min(arms) < 1:
        return 0.0
    return float(ndtr(abs(difference) / standard_error(arms, correlation) + ndtri(alpha / 2)))
