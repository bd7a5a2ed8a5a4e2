"""What the programme states, as the objects of the trial: the design of the draw and the eligibility rule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from smartstart.errors import UsageError, nearest
from smartstart.programme.instruments import Instrument
from smartstart.programme.sections import FactorName, Programme
from smartstart.risk.factor_count import NO_SCORE_BAND, UNKNOWN_BAND, bands, risk_bands
from smartstart.trial.analysis.plan import Plan, PlannedComparison
from smartstart.trial.analysis.rule import MethodRule
from smartstart.trial.canonical import canonical_json
from smartstart.trial.design import Design, Factor, Minimisation, crowded_cells
from smartstart.trial.eligibility import EligibilityRule

if TYPE_CHECKING:
    from smartstart.trial.sequential.monitoring import LooksPlan

ALWAYS_VALID: Final = "always-valid"


def design_of(programme: Programme) -> Design:
    """Return the design that the programme states, judged. Raises PolicyRefused or UsageError."""
    t = programme.trial
    m = t.minimisation
    bands_named = t.strata.get("risk_band") or (m.factors.get("risk_band") if m else None)
    if bands_named and set(bands_named) != set(band_names(programme)):
        names = ", ".join(band_names(programme))
        raise UsageError(
            f"programme.yaml, trial, risk_band: its levels must be those of the score ({names}); without a score leave "
            "risk_band out, as in 'strata: {}'."
        )
    return Design(
        trial_id=t.trial_id,
        arms=t.arms,
        ratio=t.ratio,
        method=t.method,
        strata=_factors(t.strata),
        block_sizes=t.block_sizes,
        minimisation=Minimisation(_factors(m.factors), m.weights, m.imbalance, m.coin, m.unequal) if m else None,
        bound=t.bound,
        unit=t.unit,
        terms=_terms(programme),
    )


def _factors(named: Mapping[FactorName, tuple[str, ...]]) -> tuple[Factor, ...]:
    return tuple(Factor(name, levels) for name, levels in named.items())


def _terms(programme: Programme) -> dict[str, Any]:
    """Return what else decides who is drawn or how the arms are compared; owners and reasons may be reworded."""
    t, decided = programme.trial, {"owner", "reason"}
    sections = {"eligibility": programme.eligibility, "score": programme.score, "consent": programme.consent}
    terms: dict[str, Any] = {
        "start": t.start.isoformat(),
        "outcomes": [vars(outcome) for outcome in t.outcomes],
        "looks": list(t.looks),
        "capacity_per_month": t.capacity_per_month,
        "after_closing": t.after_closing,
        **{
            name: section and {key: value for key, value in vars(section).items() if key not in decided}
            for name, section in sections.items()
        },
    }
    score = programme.score
    if score and score.kind == "factor_count":  # a count has neither
        terms["score"] = {key: value for key, value in terms["score"].items() if key not in {"model", "risk_bands"}}
    elif score:  # as text: the ledger keeps no floats, which other programs write differently
        terms["score"] |= {"risk_bands": [f"{risk:g}" for risk in score.risk_bands]}
    return _as_json(terms)


def _as_json(terms: dict[str, Any]) -> dict[str, Any]:
    """Return the terms as JSON gives them back: lists for tuples, so that a stored design equals this one."""
    plain: dict[str, Any] = json.loads(canonical_json(terms))
    return plain


def plan_of(programme: Programme, instruments: Iterable[Instrument]) -> Plan:
    """Return the plan of the analysis that the programme states. Raises UsageError without the section ``analysis``."""
    a = programme.analysis
    if a is None:
        raise UsageError("programme.yaml has no section 'analysis': say in it how the arms will be compared.")
    _refuse_unknown_scales(programme, list(instruments))
    return Plan(
        trial_id=programme.trial.trial_id,
        comparisons=tuple(PlannedComparison(**vars(outcome)) for outcome in programme.trial.outcomes),
        covariates=a.covariates,
        rule=MethodRule(a.exact_below, a.few_below),
        sparse_stratum=a.sparse_stratum,
        multiplicity=a.multiplicity,
        subgroups=a.subgroups,
        imputations=a.imputations,
        rerandomisations=a.rerandomisations,
        monitoring=_monitoring(programme),
        definitions=_definitions(programme, instruments),
    )


def _monitoring(programme: Programme) -> dict[str, Any]:
    """Return the looks, what they may conclude and what the information is reckoned from; fractions as text."""
    m, p = asdict(programme.monitoring), asdict(programme.planning)
    told = {"looks": list(programme.trial.looks), **{name: m[name] for name in m if name not in {"owner", "reason"}}}
    told |= {name: p[name] for name in ("difference", "correlation", "risk", "lower_risk")}
    return {name: f"{value:g}" if isinstance(value, float) else value or "none" for name, value in told.items()}


def _definitions(programme: Programme, instruments: Iterable[Instrument]) -> dict[str, Any]:
    """Return what says what an outcome is, as plain JSON without floats: these stand in the ledger as text."""
    sections = {"outcome": asdict(programme.outcome), "questionnaires": asdict(programme.questionnaires)}
    told = {name: {k: v for k, v in s.items() if k not in {"owner", "reason"}} for name, s in sections.items()}
    score = programme.score
    told["score"] = {"kind": score.kind if score else "none", "model": score.model if score else ""}
    plain = json.dumps(told | {"instruments": [asdict(instrument) for instrument in instruments]}, ensure_ascii=False)
    found: dict[str, Any] = json.loads(plain, parse_float=str)
    return found


def _refuse_unknown_scales(programme: Programme, instruments: list[Instrument]) -> None:
    known = sorted({item.dimension for instrument in instruments for item in instrument.items} | {"total"})
    for outcome in programme.trial.outcomes:
        if outcome.kind == "scale" and outcome.outcome not in known:
            hint = nearest(outcome.outcome, known)
            raise UsageError(
                f"programme.yaml, trial, outcomes: '{outcome.outcome}' is no scale of the instruments{hint}; there are "
                f"{', '.join(known)}."
            )


def design_warning(programme: Programme) -> str | None:
    """Return a sentence when the design's cells would stay emptier than a block a year."""
    return crowded_cells(design_of(programme), programme.trial.expected_per_year)


def rule_of(programme: Programme) -> EligibilityRule:
    """Return the eligibility rule that the programme states."""
    e, c = programme.eligibility, programme.consent
    return EligibilityRule(
        max_age=e.max_age,
        max_age_inclusive=e.max_age_inclusive,
        age_on=e.age_on,
        min_week=e.min_week,
        max_week=e.max_week,
        municipality=programme.municipality.code,
        own_consent_from=c.own_consent_from,
        youngest=c.youngest,
        consent_versions=c.versions,
    )


def band_names(programme: Programme) -> tuple[str, ...]:
    """Return the names of the risk bands that can occur under a programme."""
    if programme.score is None:
        return (NO_SCORE_BAND,)
    if programme.score.kind == "model":
        return risk_bands(programme.score.risk_bands)
    return (*bands(programme.score.band_from), UNKNOWN_BAND)


def looks_of(programme: Programme) -> LooksPlan:
    """Return the looks as the programme plans them, information as shares."""
    from smartstart.trial.sequential.monitoring import LooksPlan

    m = programme.monitoring
    return LooksPlan(
        fractions=tuple(percent / 100 for percent in programme.trial.looks),
        alpha=m.alpha,
        spending=m.spending,
        power=m.power,
        futility=m.futility,
        harm_alpha=m.harm_alpha,
    )


def inflation_of(programme: Programme) -> float:
    """Return by how much looking more than once raises the information that the plan asks for."""
    from smartstart.trial.sequential.boundaries import boundaries
    from smartstart.trial.sequential.sequences import mixture_bound

    m = programme.monitoring
    if m.spending == ALWAYS_VALID:
        z = NormalDist().inv_cdf
        return ((mixture_bound(1.0, 1.0, 2 * m.alpha) + z(m.power)) / (z(1 - m.alpha) + z(m.power))) ** 2
    fractions = looks_of(programme).fractions
    if len(fractions) <= 1:
        return 1.0
    found = boundaries(len(fractions), m.alpha, m.spending, fractions, futility=m.futility, power=m.power)
    return found.inflation_factor
