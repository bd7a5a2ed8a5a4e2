"""Two arms compared on a time: its hazard, the mean time without the event, and the risk by a horizon."""

from __future__ import annotations

from dataclasses import replace
from math import log, nan
from typing import TYPE_CHECKING, Final

import numpy as np

from smartstart.trial.analysis.comparison import Effects, Measure
from smartstart.trial.analysis.hazards import cox, log_rank
from smartstart.trial.analysis.records import Bools, Estimate, Floats, Ints, Significance, judge_method
from smartstart.trial.analysis.rule import RULE
from smartstart.trial.analysis.survival import Curve, aalen_johansen, kaplan_meier, risk_at, rmst_difference
from smartstart.trial.analysis.wald import test_of

if TYPE_CHECKING:
    from smartstart.trial.analysis.samples import Sample

METHODS: Final = ("efron",)
FEW: Final = "With so few events the interval of the hazard ratio is too narrow: read the test and the risk difference."
NOT_BY_CLUSTER: Final = "No interval: this one takes persons as strangers; the hazard ratio allows for clusters."
NOT_WEIGHTED: Final = "Not given: this one takes no weights; the hazard ratio and the curves do."


def compare_times(sample: Sample, *, method: str | None = None, until: float | None = None) -> Effects:
    """Compare two arms on the time to an event, stratified as drawn; ``sample`` holds those with a time.

    What makes the event impossible ends the time at risk for the hazard, and is told apart in the risk (Aalen and
    Johansen). ``until`` is the horizon of mean time and risk, by default as long as both arms were followed. Raises
    UsageError when the method is unknown.

    With clusters or weights the test is Wald's of the hazard ratio by its robust variance, as the log-rank test and the
    differences in mean time and in risk take each person as one, and a stranger to the others.
    """
    judge_method(method, METHODS)
    cause = sample.cause if sample.cause is not None else np.zeros(sample.size, dtype=np.int64)
    event = cause == 1
    arms = [sample.outcome[sample.treated], sample.outcome[~sample.treated]]
    horizon = float(until if until is not None else min(times.max() for times in arms))
    crude = _cox(sample, event, None)
    robust = sample.has_clusters or sample.weight is not None
    test = _wald(crude) if robust else log_rank(sample.outcome, event, sample.treated, stratum=sample.stratum)
    adjusted = stratified = None
    significance = test
    if sample.covariates is not None:
        adjusted = _cox(sample, event, sample.covariates)
        significance = _wald(adjusted)
    elif sample.stratum is not None:
        adjusted = crude
    mean = rmst_difference(sample.outcome, event, sample.treated, until=horizon)
    if sample.stratum is not None:
        stratified = rmst_difference(sample.outcome, event, sample.treated, until=horizon, stratum=sample.stratum)
    return Effects(
        measures={
            "hazard_ratio": Measure(crude, adjusted),
            "rmst_difference": Measure(_honest(sample, mean), _honest(sample, stratified) if stratified else None),
            "risk_difference": Measure(_honest(sample, risk_at(sample.outcome, cause, sample.treated, horizon))),
        },
        significance=significance,
        unadjusted=test,
        notes=(
            f"Mean time and risk are taken up to {horizon:g}.",
            *((FEW,) if 0 < event.sum() < RULE.exact_below else ()),
        ),
        curves=(_curve(sample, cause, sample.treated), _curve(sample, cause, ~sample.treated)),
    )


def _honest(sample: Sample, found: Estimate) -> Estimate:
    """Return an estimate that knows no clusters or weights without what it would get wrong."""
    if sample.weight is not None:
        return replace(found, estimate=nan, lower=nan, upper=nan, se=nan, note=NOT_WEIGHTED)
    if sample.has_clusters:
        return replace(found, lower=nan, upper=nan, se=nan, note=NOT_BY_CLUSTER)
    return found


def _curve(sample: Sample, cause: Ints, arm: Bools) -> Curve:
    """Return the share of an arm without the event; with it, by Aalen and Johansen, when other causes compete."""
    if (cause > 1).any():
        return aalen_johansen(sample.outcome[arm], cause[arm])
    weight = None if sample.weight is None else sample.weight[arm]
    return kaplan_meier(sample.outcome[arm], cause[arm] == 1, weight=weight)


def _cox(sample: Sample, event: Bools, covariates: Floats | None) -> Estimate:
    return cox(
        sample.outcome,
        event,
        sample.treated,
        covariates=covariates,
        stratum=sample.stratum,
        cluster=sample.cluster,
        weight=sample.weight,
    )


def _wald(ratio: Estimate) -> Significance:
    """Return Wald's test of the hazard ratio, with the variance that its interval has."""
    on_log = log(ratio.estimate) if ratio.estimate > 0 else nan
    return test_of(on_log, ratio.se, ("Wald's test of the hazard ratio", ratio.reference))
