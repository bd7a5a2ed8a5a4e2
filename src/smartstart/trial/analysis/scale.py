"""Two arms compared on a scale: means as they are, and adjusted for the nulmeting by analysis of covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from smartstart.trial.analysis.ancova import VARIANCES, Adjusted, ancova, mean_difference, mean_of
from smartstart.trial.analysis.comparison import Effects, Measure
from smartstart.trial.analysis.imputation import Imputed, impute_scales
from smartstart.trial.analysis.missing import TippingPoint, rubin, shifted, tipping_point
from smartstart.trial.analysis.records import Estimate, Floats, judge_method

if TYPE_CHECKING:
    from smartstart.trial.analysis.samples import Sample

TIPPING_STEPS: Final = 21  # deltas that are tried, from none to this many standard deviations to either side
TIPPING_REACH: Final = 2.0


def compare_scale(
    sample: Sample, *, everyone: Sample, method: str | None = None, imputations: int, seed: int
) -> Effects:
    """Compare two arms on a scale; ``sample`` holds those whose value is known, ``everyone`` also the others.

    Where values are missing, they are imputed within each arm beside the main analysis. ``method`` names the variance
    of both estimates. Raises UsageError when it is unknown.
    """
    judge_method(method, VARIANCES)
    crude = mean_difference(
        sample.outcome, sample.treated, cluster=sample.cluster, weight=sample.weight, variance=method
    )
    adjusts = sample.covariates is not None or sample.stratum is not None
    adjusted = _ancova(sample, sample.outcome, method) if adjusts else None
    main = adjusted or crude
    imputed = None
    if everyone.size > sample.size and imputations:
        made = impute(everyone, imputations, seed)
        imputed = _pooled(everyone, made.values, method) if np.isfinite(made.values).all() else None
    return Effects(
        measures={"mean_difference": Measure(crude.estimate, adjusted.estimate if adjusted else None)},
        significance=main.significance,
        unadjusted=crude.significance,
        level_of_arm=(mean_of(sample.outcome[sample.treated]), mean_of(sample.outcome[~sample.treated])),
        variance_saved=adjusted.variance_saved if adjusted else None,
        imputed=imputed,
    )


def impute(sample: Sample, imputations: int, seed: int) -> Imputed:
    """Return imputations of the values that are missing, within each arm, from its covariates and an earlier wave."""
    covariates = sample.covariates if sample.covariates is not None else sample.no_covariates()
    return impute_scales(
        sample.outcome, sample.treated, covariates, intermediate=sample.earlier, m=imputations, seed=seed
    )


def tipping(sample: Sample, imputed: Imputed, *, treated: bool) -> TippingPoint:
    """Return how much worse or better the missing women of one arm must have fared for another conclusion.

    The shifts go to TIPPING_REACH standard deviations of the known values either way.
    """
    known = np.isfinite(sample.outcome)
    reach = TIPPING_REACH * float(np.std(sample.outcome[known]))
    deltas = [float(delta) for delta in np.linspace(-reach, reach, TIPPING_STEPS)]

    def analyse(values: Floats) -> tuple[float, float]:
        found = _ancova(sample, values, None).estimate
        return found.estimate, found.se**2

    def moved(to_treated: float, to_control: float) -> Floats:
        return shifted(imputed.values, known, sample.treated, to_treated, to_control)

    return tipping_point(moved, analyse, deltas if treated else (0.0,), deltas_control=(0.0,) if treated else deltas)


def _ancova(sample: Sample, outcome: Floats, method: str | None) -> Adjusted:
    return ancova(
        outcome,
        sample.treated,
        sample.covariates,
        stratum=sample.stratum,
        cluster=sample.cluster,
        weight=sample.weight,
        variance=method,
    )


def _pooled(sample: Sample, values: Floats, method: str | None) -> Estimate:
    found = [_ancova(sample, one, method) for one in values]
    estimates = np.array([one.estimate.estimate for one in found])
    variances = np.array([one.estimate.se for one in found]) ** 2
    return rubin(estimates, variances, found[0].df)
