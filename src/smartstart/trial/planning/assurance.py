"""How likely success is before anything is known: power, averaged over what is believed of the effect.

O'Hagan, Stevens and Campbell, Pharmaceutical Statistics 2005;4:187-201. Success is a significant result in favour of
the offer.
"""

from __future__ import annotations

from math import exp, inf, sqrt
from typing import Final

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Floats
from smartstart.trial.analysis.unconditional import binomials
from smartstart.trial.planning.event import judge_risks
from smartstart.trial.planning.exact import boschloo_region, test_for
from smartstart.trial.planning.scale import ALPHA, standard_error

NODES: Final = 64  # of the quadrature in each direction
PRIOR_WOMEN: Final = 1_000  # the control risk is believed as firmly as if it had been seen in so many women [A]
HIGHEST: Final = 0.999  # of a risk


def assurance_of_a_difference(
    mean: float, sd: float, arms: tuple[int, int], *, correlation: float = 0.0, alpha: float = ALPHA
) -> float:
    """Return the probability of success under a normal prior on the difference, in closed form.

    O'Hagan, Stevens and Campbell, 2005, section 2: the estimate is normal around the prior mean, with both variances.
    """
    judge_prior(mean, sd)
    se = standard_error(arms, correlation)
    if se == inf:
        return 0.0
    return float(ndtr((mean + float(ndtri(alpha / 2)) * se) / sqrt(se**2 + sd**2)))


def assurance_of_two_risks(
    risk: float,
    log_ratio: tuple[float, float],
    arms: tuple[int, int],
    *,
    prior_women: float = PRIOR_WOMEN,
    alpha: float = ALPHA,
) -> float:
    """Return the probability of success under a Beta prior on the control risk and a lognormal one on the ratio.

    ``log_ratio`` is the mean and standard deviation of the logarithm of offer over control. ``arms`` are offer and
    control. Boschloo's test where the tables can be gone through, else the formula for the pooled test.
    """
    judge_risks(risk, 0.0)
    judge_prior(*log_ratio)
    if min(arms) < 1:
        return 0.0
    shares, weights = _legendre()
    controls = betaincinv(risk * prior_women, (1 - risk) * prior_women, shares)
    ratios = np.exp(log_ratio[0] + log_ratio[1] * ndtri(shares))
    control = np.repeat(np.clip(controls, 1e-12, HIGHEST), NODES)
    offer = np.minimum(control * np.tile(ratios, NODES), HIGHEST)
    return float(np.outer(weights, weights).ravel() @ success_chances(control, offer, arms, alpha=alpha))


def success_chances(control: Floats, offer: Floats, arms: tuple[int, int], *, alpha: float = ALPHA) -> Floats:
    """Return the chance of a significant result in favour of the offer, for each pair of risks."""
    if test_for(arms) == "boschloo":
        first, second = (np.arange(n + 1) / n for n in arms)
        region = boschloo_region(*arms, alpha) & (first[:, None] < second[None, :])
        found: Floats = np.einsum(
            "gj,gj->g", binomials(arms[0], offer) @ region.astype(float), binomials(arms[1], control)
        )
        return np.minimum(found, 1.0)
    pooled = (arms[0] * offer + arms[1] * control) / sum(arms)
    none = np.sqrt(pooled * (1 - pooled) * (1 / arms[0] + 1 / arms[1]))
    both = np.sqrt(offer * (1 - offer) / arms[0] + control * (1 - control) / arms[1])
    chances: Floats = ndtr((control - offer + float(ndtri(alpha / 2)) * none) / np.maximum(both, 1e-300))
    return chances


def prior_in_words(log_ratio: tuple[float, float]) -> str:
    """Return a lognormal prior on a risk ratio as its median and where 95 % of it lies."""
    mean, sd = log_ratio
    low, high = exp(mean - 1.96 * sd), exp(mean + 1.96 * sd)
    return f"median {exp(mean):.2f}, 95 % between {low:.2f} and {high:.2f}"


def judge_prior(mean: float, sd: float) -> None:
    """Raise UsageError where the prior is no belief at all."""
    if not (abs(mean) <= 10 and 0 <= sd <= 10):
        raise UsageError("--prior-mean and --prior-sd: give numbers up to 10, the second not negative.")


def _legendre() -> tuple[Floats, Floats]:
    """Return shares between 0 and 1 with their weights (Gauss-Legendre)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return (nodes + 1) / 2, weights / 2
