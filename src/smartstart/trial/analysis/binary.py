"""Two arms compared on an event: exact where events are few, standardised where there are enough, by a rule.

The rule looks at the pooled number of events, which says nothing of the difference between the arms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, isnan
from typing import TYPE_CHECKING, Final

import numpy as np

from smartstart.trial.analysis.comparison import Arms, Effects, Measure
from smartstart.trial.analysis.difference import RISK_DIFFERENCE, risk_difference
from smartstart.trial.analysis.firth import firth_odds_ratio, firth_test
from smartstart.trial.analysis.imputation import impute_events
from smartstart.trial.analysis.missing import BestAndWorst, best_and_worst, rubin
from smartstart.trial.analysis.needed import number_needed
from smartstart.trial.analysis.proportion import PROPORTION, proportion_interval
from smartstart.trial.analysis.ratio import ODDS_RATIO, RISK_RATIO, odds_ratio, risk_ratio
from smartstart.trial.analysis.records import Bools, Counts, Estimate, Significance, judge_method
from smartstart.trial.analysis.rule import RULE, Approach, MethodRule
from smartstart.trial.analysis.significance import TESTS, significance
from smartstart.trial.analysis.standardisation import VARIANCES, Standardised, standardise
from smartstart.trial.analysis.stratified import (
    Tables,
    cochran_mantel_haenszel,
    exact_stratified,
    mantel_haenszel,
    stratified_score_difference,
    tables_by_stratum,
)

if TYPE_CHECKING:
    from smartstart.trial.analysis.samples import Sample

METHODS: Final = (*dict.fromkeys([*RISK_DIFFERENCE, *RISK_RATIO, *ODDS_RATIO, *TESTS, *PROPORTION, *VARIANCES]),)

UNCLUSTERED: Final = (
    "These intervals take no account of weights or clusters: an arm has no women with, or none without the event."
)


def counts_of(event: Bools, treated: Bools) -> Counts:
    """Return the 2×2 table. Raises UsageError when an arm has nobody."""
    return Counts(int(event[treated].sum()), int(treated.sum()), int(event[~treated].sum()), int((~treated).sum()))


def compare_counts(counts: Counts, method: str | None = None) -> Effects:
    """Compare two arms of which only the counts are known.

    ``method`` picks a named interval or test for every measure that it is defined for; the others keep their default.
    Raises UsageError when no measure has such a method.
    """
    judge_method(method, METHODS)
    difference = risk_difference(counts, _if_in(method, RISK_DIFFERENCE))
    test = significance(counts, _if_in(method, TESTS))
    return Effects(
        measures={
            "risk_difference": Measure(difference),
            "risk_ratio": Measure(risk_ratio(counts, _if_in(method, RISK_RATIO))),
            "odds_ratio": Measure(odds_ratio(counts, _if_in(method, ODDS_RATIO))),
        },
        significance=test,
        unadjusted=test,
        level_of_arm=(
            proportion_interval(counts.events_treated, counts.n_treated, _if_in(method, PROPORTION)),
            proportion_interval(counts.events_control, counts.n_control, _if_in(method, PROPORTION)),
        ),
        needed=number_needed(difference),
    )


def compare_binary(
    sample: Sample,
    *,
    everyone: Sample | None = None,
    method: str | None = None,
    rule: MethodRule = RULE,
    imputations: int = 0,
    seed: int = 0,
) -> Effects:
    """Compare two arms on an event; ``sample`` holds those whose outcome is known, ``everyone`` also the others.

    With others, the difference is bounded by what they could have had, and imputed ``imputations`` times where there
    are events enough for a model. Raises UsageError when an arm is empty or the method is unknown.
    """
    event = sample.outcome > 0
    crude = compare_counts(counts_of(event, sample.treated), method)
    plain = _unadjusted(sample, crude, event)
    adjusted = _adjusted(sample, event, method, rule)
    measures = {
        name: Measure(measure.unadjusted, adjusted.measures.get(name)) for name, measure in plain.measures.items()
    }
    main = measures["risk_difference"]
    return Effects(
        measures=measures,
        significance=adjusted.significance or plain.significance,
        unadjusted=plain.significance,
        level_of_arm=crude.level_of_arm,
        needed=number_needed(main.main),
        variance_saved=_variance_saved(main),
        missing_bounds=_bounds(counts_of(event, sample.treated), everyone),
        imputed=_imputed(sample, everyone, rule, imputations, seed),
        notes=(*plain.notes, *adjusted.notes),
    )


@dataclass(frozen=True)
class _Adjusted:
    measures: dict[str, Estimate] = field(default_factory=dict)
    significance: Significance | None = None
    notes: tuple[str, ...] = ()


def _if_in(method: str | None, known: Mapping[str, object]) -> str | None:
    return method if method in known else None


def _unadjusted(sample: Sample, crude: Effects, event: Bools) -> Effects:
    """Return the counts' own intervals, or robust ones where persons are weighted or come in clusters."""
    if sample.weight is None and not sample.has_clusters:
        return crude
    found = standardise(
        event, sample.treated, sample.no_covariates(), cluster=sample.cluster, weight=sample.weight, variance="ye"
    )
    if isnan(found.risk_difference.lower):  # no events in an arm: only the counts' own interval says something
        return replace(crude, notes=(UNCLUSTERED,))
    return replace(
        crude,
        measures={name: Measure(estimate) for name, estimate in _by_name(found).items()},
        significance=found.p_value,
        unadjusted=found.p_value,
        level_of_arm=None,
    )


def _adjusted(sample: Sample, event: Bools, method: str | None, rule: MethodRule) -> _Adjusted:
    if sample.covariates is None and sample.stratum is None:
        return _Adjusted()
    approach = rule.approach(int(event.sum()), sample.size)
    if approach == "standardised" or sample.weight is not None or sample.has_clusters:
        found = _standardised(sample, event, method)
        if sample.weight is not None or not isnan(found.measures["risk_difference"].lower):
            return found
        approach = "exact"  # an arm has no women with, or none without the event: no model says anything of it
    if sample.stratum is None:
        return _for_few(sample, event, approach, _Adjusted())
    by_stratum = _by_stratum(tables_by_stratum(event, sample.treated, sample.stratum), approach)
    return by_stratum if sample.covariates is None else _for_few(sample, event, approach, by_stratum)


def _for_few(sample: Sample, event: Bools, approach: Approach, by_stratum: _Adjusted) -> _Adjusted:
    """Return what few events allow beyond the strata: Firth's odds ratio, and nothing but strata where exact."""
    if approach == "exact":
        note = "So few events are compared exactly, within strata at most; covariates would need more."
        return replace(by_stratum, notes=(*by_stratum.notes, note))
    x = sample.with_strata()
    return _Adjusted(
        {**by_stratum.measures, "odds_ratio": firth_odds_ratio(event, sample.treated, x)},
        firth_test(event, sample.treated, x),
        (
            *by_stratum.notes,
            "Few events: covariates adjust the odds ratio (Firth), the other measures have strata only.",
        ),
    )


def _standardised(sample: Sample, event: Bools, method: str | None) -> _Adjusted:
    found = standardise(
        event,
        sample.treated,
        sample.covariates if sample.covariates is not None else sample.no_covariates(),
        stratum=sample.stratum,
        cluster=sample.cluster,
        weight=sample.weight,
        variance=_if_in(method, VARIANCES),
    )
    return _Adjusted(_by_name(found), found.p_value)


def _by_stratum(tables: Tables, approach: Approach) -> _Adjusted:
    left_out = tables.left_out
    notes = (f"{left_out} persons are in strata with one arm only, which compare nothing.",) if left_out else ()
    if not tables.tables:
        return _Adjusted(notes=notes)
    ratio = mantel_haenszel(tables.tables, "risk_ratio")
    if approach == "exact":
        odds, test = exact_stratified(tables.tables)
        difference = stratified_score_difference(tables.tables)
    else:
        odds, test = mantel_haenszel(tables.tables, "odds_ratio"), cochran_mantel_haenszel(tables.tables)
        difference = mantel_haenszel(tables.tables, "risk_difference")
    return _Adjusted({"risk_difference": difference, "risk_ratio": ratio, "odds_ratio": odds}, test, notes)


def _by_name(found: Standardised) -> dict[str, Estimate]:
    return {name: getattr(found, name) for name in ("risk_difference", "risk_ratio", "odds_ratio")}


def _variance_saved(measure: Measure) -> float | None:
    """Return the share of the variance that adjusting saved, where both have a standard error."""
    if measure.adjusted is None or not isfinite(measure.unadjusted.se) or not measure.unadjusted.se > 0:
        return None
    saved = 1 - (measure.adjusted.se / measure.unadjusted.se) ** 2
    return saved if isfinite(saved) else None


def _bounds(counts: Counts, everyone: Sample | None) -> BestAndWorst | None:
    if everyone is None or everyone.known_ones.all():
        return None
    gone = Arms.of(everyone.treated[~everyone.known_ones])
    return best_and_worst(counts, gone.treated, gone.control)


def _imputed(sample: Sample, everyone: Sample | None, rule: MethodRule, imputations: int, seed: int) -> Estimate | None:
    """Return the risk difference with missing outcomes imputed within each arm, where a model has events enough."""
    enough = rule.approach(int((sample.outcome > 0).sum()), sample.size) == "standardised"
    if everyone is None or everyone.known_ones.all() or imputations < 2 or not enough:
        return None
    made = impute_events(
        everyone.outcome,
        everyone.treated,
        covariates=everyone.covariates,
        stratum=everyone.stratum,
        m=imputations,
        seed=seed,
    )
    found = [
        _standardised(everyone, values > 0, "ye").measures["risk_difference"]
        for values in made.values
        if np.isfinite(values).all()
    ]
    return rubin(np.array([one.estimate for one in found]), np.array([one.se for one in found]) ** 2)
