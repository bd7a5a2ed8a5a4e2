"""The arms' hazards compared: the log-rank test, and the hazard ratio of Cox's model, both by stratum."""

from __future__ import annotations

from math import exp, inf, nan, sqrt
from typing import Final

import numpy as np

from smartstart.trial.analysis.columns import Columns, checked_arms, model_columns
from smartstart.trial.analysis.interval import last_kept
from smartstart.trial.analysis.partial_likelihood import Likelihood, RiskSets, maximise, risk_sets
from smartstart.trial.analysis.records import LEVEL, Bools, Estimate, Floats, Ints, Significance
from smartstart.trial.analysis.survival import checked_times
from smartstart.trial.analysis.wald import ONE_ARM, critical, joined, ratio, two_sided, undefined

LOG_RANK: Final = (
    "Log-rank test",
    "Mantel, Cancer Chemother Rep 1966;50:163-170; Peto and Peto, J R Stat Soc A 1972;135:185-207",
)
COX: Final = "Cox, J R Stat Soc B 1972;34:187-220; Efron, JASA 1977;72:557-565"
LIN_WEI: Final = "Lin and Wei, JASA 1989;84:1074-1078"
PROFILE: Final = "profile likelihood: Venzon and Moolgavkar, Appl Stat 1988;37:87-94"
NEVER: Final = 15.0  # a log hazard ratio so far out that the likelihood has come to its end
ENDLESS: Final = "No hazard ratio: the likelihood rises without end, or says nothing of the arms."
UNADJUSTED: Final = "The covariates separate events from others and are left out."


def log_rank(time: Floats, event: Bools, treated: Bools, *, stratum: Ints | None = None) -> Significance:
    """Return the test of equal hazards; within strata, whose differences are added up."""
    treated = checked_arms(treated, time, event, stratum)
    words = ("Stratified log-rank test" if stratum is not None else LOG_RANK[0], LOG_RANK[1])
    event = np.asarray(event, dtype=bool)
    if not treated.any() or treated.all():
        return Significance(nan, *words, ONE_ARM)
    sets = risk_sets(checked_times(time), event, stratum, None)
    arm = treated[sets.order].astype(float)
    at_risk, of_arm = sets.at_risk(np.ones(len(arm))), sets.at_risk(arm)
    deaths = np.bincount(sets.tied, minlength=len(at_risk))
    share = of_arm / at_risk
    left = (at_risk - deaths) / np.maximum(at_risk - 1, 1)
    variance = float((deaths * share * (1 - share) * left).sum())
    if not variance > 1e-12:
        return Significance(nan, *words, "No test: no event happened while women of both arms were followed.")
    return Significance(two_sided(float(arm[sets.event].sum() - deaths @ share) / sqrt(variance)), *words)


def cox(
    time: Floats,
    event: Bools,
    treated: Bools,
    *,
    covariates: Floats | None = None,
    stratum: Ints | None = None,
    cluster: Ints | None = None,
    weight: Floats | None = None,
) -> Estimate:
    """Return the hazard ratio of treated to control, with a baseline hazard for each stratum.

    Ties as Efron. The interval is Wald's on the logarithm; with clusters or weights by the robust variance of Lin and
    Wei. When an arm has no events there is only one bound, where the profile likelihood has dropped as far as at an
    end of the two-sided interval. Covariates that separate those with the event from the others are left out, which
    the note says. Who had a competing event counts as censored: this is the cause-specific hazard. Raises UsageError
    for a missing time or covariate.
    """
    treated = checked_arms(treated, time, event, stratum, cluster, weight)
    event, robust = np.asarray(event, dtype=bool), cluster is not None or weight is not None
    used = np.ones(len(event), dtype=bool) if weight is None else np.asarray(weight) > 0
    columns = model_columns(treated, covariates, None, weight)
    made = _made(columns, stratified=stratum is not None, robust=robust)
    if not (treated[used].any() and (~treated[used]).any()):
        return undefined(made, note=ONE_ARM)
    if not event[used].any():
        return undefined(made, note="No hazard ratio: nobody had the event.")
    sets = risk_sets(checked_times(time), event, stratum, weight)
    arm, covariate = treated[sets.order].astype(float), columns.matrix[sets.order]
    with_event = arm[sets.event]
    if with_event.all() or not with_event.any():
        return _one_bound(sets, arm, covariate, columns.note, made[0])
    note, zero = columns.note, np.zeros(len(arm))
    found = maximise(sets, np.column_stack([arm, covariate]), zero)
    if found is None and columns.k:
        note = joined(note, UNADJUSTED)
        made = _made(Columns(columns.matrix[:, :0]), stratified=stratum is not None, robust=robust)
        found = maximise(sets, arm[:, None], zero)
    if found is None:
        return undefined(made, note=joined(note, ENDLESS))
    beta, at = found
    labels = None if cluster is None else np.unique(cluster, return_inverse=True)[1][sets.order]
    spread = _lin_wei(sets, at, labels) if robust else float(np.linalg.inv(at.information)[0, 0])
    return ratio(exp(beta[0]), sqrt(max(spread, 0.0)), made, note=note)


def _lin_wei(sets: RiskSets, at: Likelihood, labels: Ints | None) -> float:
    """Return the arm's robust variance: the women's influences, summed within clusters, squared."""
    influence = (sets.weight[:, None] * at.scores @ np.linalg.inv(at.information))[:, 0]
    if labels is not None:
        influence = np.bincount(labels, weights=influence)
    groups = int(np.count_nonzero(sets.weight)) if labels is None else len(np.unique(labels[sets.weight > 0]))
    return float(influence @ influence) if groups > 2 else nan


def _one_bound(sets: RiskSets, arm: Floats, covariate: Floats, note: str, words: str) -> Estimate:
    """Return 0 (or infinity) with the one bound that a likelihood without an end still gives."""
    sign = 1.0 if arm[sets.event].all() else -1.0
    made = (f"{words.split(',', maxsplit=1)[0]}, bound by profile likelihood", f"{COX}; {PROFILE}")
    end = _profile(sets, arm, covariate, sign * NEVER)
    if end is None and covariate.shape[1]:
        covariate, note = covariate[:, :0], joined(note, UNADJUSTED)
        end = _profile(sets, arm, covariate, sign * NEVER)
    if end is None:
        return undefined(made, note=joined(note, ENDLESS))
    lowest = end - critical() ** 2 / 2

    def kept(beta: float) -> bool:
        value = _profile(sets, arm, covariate, beta)
        return value is not None and value >= lowest

    bound = exp(last_kept(sign * NEVER, -sign * NEVER, kept)) if not kept(-sign * NEVER) else None
    if bound is None:
        return undefined(made, note=joined(note, ENDLESS))
    arm_name = "control" if sign > 0 else "treated"
    note = joined(note, f"The {arm_name} arm has no events: one bound is all that can be said.")
    lower, upper, estimate = (bound, inf, inf) if sign > 0 else (0.0, bound, 0.0)
    return Estimate(estimate, lower, upper, nan, *made, LEVEL, note)


def _profile(sets: RiskSets, arm: Floats, covariate: Floats, beta: float) -> float | None:
    found = maximise(sets, covariate, beta * arm)
    return None if found is None else found[1].value


def _made(columns: Columns, *, stratified: bool, robust: bool) -> tuple[str, str]:
    parts = [
        "Cox regression",
        f"adjusted for {columns.k} columns" if columns.k else "",
        "stratified" if stratified else "",
        "Efron ties",
        "robust variance" if robust else "Wald interval on the logarithm",
    ]
    return ", ".join(part for part in parts if part), f"{COX}; {LIN_WEI}" if robust else COX
