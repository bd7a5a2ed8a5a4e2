"""What the commands of the analysis print."""

from __future__ import annotations

from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from smartstart.cli import show
from smartstart.numbers import hyphened, interval, measured, p_value, percent
from smartstart.trial.analysis.estimands import MEASURES

if TYPE_CHECKING:
    from smartstart.analysing.locking import Locked
    from smartstart.analysing.pooled import PooledReport
    from smartstart.analysing.trial import OutcomeAnalysis, TrialAnalysis
    from smartstart.trial.analysis.comparison import Comparison
    from smartstart.trial.analysis.records import Estimate


def comparison(found: Comparison) -> None:
    """Print one comparison: who was compared, every measure with its interval and method, and the tests."""
    treated, control = found.arms
    show.paragraphs([found.estimand.sentence(), f"Compared: {treated} with {control}."])
    show.paragraphs(f"  {one.event}: {one.handling}." for one in found.estimand.intercurrent_events)
    show.lines([""])
    _counts(found)
    _measures(found)
    _tests(found)
    show.paragraphs([*found.notes, *found.effects.notes])


def plan(locked: Locked) -> None:
    """Print the plan that was locked, and its table of estimands."""
    from smartstart.trial.analysis.plan import table_of

    show.paragraphs(locked.plan.sentences())
    for name, estimand in table_of(locked.plan.comparisons).items():
        rows = [(part, getattr(estimand, part)) for part in ("population", "outcome", "clock", "summary")]
        rows += [(one.event, f"{one.handling} ({one.strategy})") for one in estimand.intercurrent_events]
        show.paragraphs([f"Estimand: {name}", *(f"  {part}: {words}" for part, words in rows), ""])
    show.lines([f"Hash of the plan: {locked.plan_hash}", f"Ledger head: {locked.ledger_head}"])
    if locked.after_unblinding:
        show.say("The arms were known already: every result will say that this plan came afterwards.")


def unblinded(result: dict[str, Any]) -> None:
    """Print that the arms have their names from here on."""
    show.lines(["The arms are unblinded: 'smartstart trial analyse' names them from here on.",
                f"Hash of the plan: {result['plan_hash']}", f"Ledger head: {result['ledger_head']}"])  # fmt: skip


def analysis(found: TrialAnalysis) -> None:
    """Print the whole analysis of the trial."""
    show.lines([show.NOT_FOR_PUBLICATION])
    show.paragraphs([found.plan.sentence, *found.notes, "", *found.look_sentences, ""])
    for outcome in found.outcomes:
        _outcome(outcome)


def pooled(found: PooledReport) -> None:
    """Print what everybody may see between the looks: both arms together."""
    show.lines([show.NOT_FOR_PUBLICATION])
    show.paragraphs([*found.look_sentences, ""])
    rows = []
    for one in found.outcomes:
        if one.planned.kind == "scale":
            told = "" if isnan(one.mean) else f"mean {_number(one.mean)}, SD {_number(one.spread)}"
        else:
            told = f"{one.events} with the event" + (f", risk {_interval(one.risk)}" if one.risk else "")
        rows.append((one.planned.name, one.due, one.known, one.awaited, told))
    show.table("Both arms together", ("outcome", "due", "known", "awaited", ""), rows)
    missing = [(one.planned.name, reason, count) for one in found.outcomes for reason, count in one.missing.items()]
    if missing:
        show.table("Not known, and why", ("outcome", "reason", "women"), missing)
    if found.excluded:
        show.table("Left out", ("reason", "women"), list(found.excluded.items()))


def _outcome(outcome: OutcomeAnalysis) -> None:
    planned = outcome.planned
    show.lines([f"{'PRIMARY: ' if planned.primary else ''}{planned.name}"])
    if outcome.comparison is None:
        show.lines([outcome.why_not, ""])
    else:
        comparison(outcome.comparison)
    if outcome.awaited.treated or outcome.awaited.control:
        waiting = f"{outcome.awaited.treated} and {outcome.awaited.control} women"
        show.lines([f"Awaited: {waiting}, whose outcome cannot be known yet."])
    if outcome.missing:
        rows = [(one.reason, one.treated, one.control) for one in outcome.missing]
        arms = outcome.comparison.arms if outcome.comparison else ("X", "Y")
        show.table("Not known, and why", ("reason", *arms), rows)
    if outcome.beside:
        beside = [
            (one.name, MEASURES[one.measure], _number(one.estimate.estimate), _interval(one.estimate))
            for one in outcome.beside
        ]
        show.table("Beside it", ("analysis", "measure", "estimate", "95 % interval"), beside)
        show.lines(["What each supposes:"])
        show.paragraphs({f"  {one.name}: {one.supposes}": None for one in outcome.beside})
        show.lines([""])
    for name, subgroups in outcome.subgroups.items():
        rows_of = [
            (one.name, one.n_treated, one.n_control, _number(one.difference.estimate), _interval(one.difference))
            for one in subgroups.subgroups
        ]
        show.table(f"By {name.replace('_', ' ')}", ("group", "treated", "control", "difference", "interval"), rows_of)
        show.paragraphs(
            [f"Interaction: p {p_value(subgroups.test.p_value)} ({subgroups.test.test}).", subgroups.warning]
        )
    if outcome.adjusted:
        show.lines([f"With the other outcomes: p {p_value(outcome.adjusted.adjusted)} ({outcome.adjusted.test}).", ""])


def _counts(found: Comparison) -> None:
    rows: list[tuple[Any, ...]] = [("analysed", found.n.treated, found.n.control)]
    if found.events:
        rows.append(("with the event", found.events.treated, found.events.control))
    rows.append(("outcome not known", found.missing.treated, found.missing.control))
    show.table("Persons", ("", *found.arms), rows)
    if found.effects.level_of_arm:
        name = "risk" if found.kind == "binary" else "mean"
        levels = [
            (arm, _number(one.estimate), _interval(one), one.method)
            for arm, one in zip(found.arms, found.effects.level_of_arm, strict=True)
        ]
        show.table("Each arm", ("arm", name, "95 % interval", "method"), levels)


def _measures(found: Comparison) -> None:
    rows = []
    for name, measure in found.effects.measures.items():
        rows.append(_row(MEASURES[name], measure.unadjusted))
        if measure.adjusted is not None and measure.adjusted is not measure.unadjusted:
            rows.append(_row("  adjusted", measure.adjusted))
    if found.effects.imputed:
        rows.append(_row("  imputed", found.effects.imputed))
    if found.shift:
        rows.append(_row("  by re-draws", found.shift))
    show.table(
        f"Effect, {found.arms[0]} against {found.arms[1]}", ("measure", "estimate", "95 % interval", "method"), rows
    )
    notes = {
        estimate.note: None
        for measure in found.effects.measures.values()
        for estimate in (measure.unadjusted, measure.adjusted)
        if estimate and estimate.note
    }
    show.paragraphs(notes)
    if found.effects.needed:
        show.paragraphs([f"Number needed: {found.effects.needed.words}"])
    if found.effects.missing_bounds:
        bounds = found.effects.missing_bounds
        low, high = _number(bounds.risk_difference_lowest), _number(bounds.risk_difference_highest)
        show.paragraphs([f"Whatever became of those who are not known, the risk difference lies from {low} to {high}."])
    if found.effects.variance_saved is not None and isfinite(found.effects.variance_saved):
        show.lines([f"Adjusting saved {hyphened(percent(found.effects.variance_saved, 1))} of the variance."])


def _tests(found: Comparison) -> None:
    e, again = found.effects, found.randomised
    rows = [(p_value(e.significance.p_value), e.significance.test)]
    if e.unadjusted.test != e.significance.test:
        rows.append((p_value(e.unadjusted.p_value), f"unadjusted: {e.unadjusted.test}"))
    if again:
        rows.append((p_value(again.p_value), again.method))
    show.table("No effect at all?", ("p", "test"), rows)


def _row(name: str, one: Estimate) -> tuple[str, str, str, str]:
    return name, _number(one.estimate), _interval(one), one.method


def _interval(one: Estimate) -> str:
    return hyphened(interval(one))


def _number(value: float) -> str:
    return hyphened(measured(value))
