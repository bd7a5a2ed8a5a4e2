"""Compare the arms of this trial by its plan: at its looks, as X and Y until it is unblinded, with what departs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from smartstart.analysing.beside import Beside, Look, beside_event, beside_scale
from smartstart.analysing.looks import Decision, LookState, after_the_looks, decide, look_state
from smartstart.analysing.outcomes import Compared, compared, earlier_of, sample_of, value_of
from smartstart.analysing.pooled import PooledReport, pooled_report
from smartstart.analysing.reading import TrialData, read_trial
from smartstart.analysing.uptake import uptake_of_trial
from smartstart.designing import plan_of
from smartstart.errors import DataRefused, PolicyRefused
from smartstart.numbers import percent
from smartstart.pipeline import add_to_ledger
from smartstart.statements import judge_statement
from smartstart.trial.analysis.compare import Options, compare
from smartstart.trial.analysis.comparison import Arms
from smartstart.trial.analysis.missing import missing_by_reason
from smartstart.trial.analysis.multiplicity import fixed_sequence, gatekeeping
from smartstart.trial.analysis.plan import departures
from smartstart.trial.analysis.records import plain
from smartstart.trial.analysis.subgroups import interaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smartstart.programme.instruments import Instrument
    from smartstart.programme.sections import Programme
    from smartstart.trial.analysis.comparison import Comparison
    from smartstart.trial.analysis.missing import MissingReason
    from smartstart.trial.analysis.multiplicity import Adjusted
    from smartstart.trial.analysis.plan import Plan, PlannedComparison
    from smartstart.trial.analysis.samples import Sample
    from smartstart.trial.analysis.subgroups import Interaction
    from smartstart.trial.entries import Entry, Stamp
    from smartstart.trial.ledger import Ledger
    from smartstart.trial.sequential.stopping import AfterStopping
    from smartstart.trial.uptake import Uptake
    from smartstart.workspace import Workspace

BLIND: Final = (
    "X and Y are the two arms, and 'treated' is X, whichever it is; which is which is not shown until 'trial unblind'. "
    "Who also reads 'trial flow' can tell arms of different size apart: leave that to another person until then."
)
FOR_THE_READER: Final = (
    "This is a planned look, for the independent reader alone: say to others whether the trial goes on, and no number."
)
REHEARSED: Final = (
    "A rehearsal: with real women the arms are compared at planned looks only, and in between this command shows both "
    "arms together."
)


@dataclass(frozen=True)
class PlanStatus:
    """How the analysis stands to the plan in the ledger; ``departs`` names the parts that are not as locked."""

    hash: str
    locked_hash: str | None
    locked_on: str | None
    departs: tuple[str, ...]
    after_unblinding: bool

    @property
    def sentence(self) -> str:
        """Return it in words."""
        if self.locked_hash is None:
            return "NOT THE PLANNED ANALYSIS: no plan is locked; lock one with 'smartstart trial lock-plan'."
        if self.after_unblinding:
            return "DEPARTS FROM THE PLAN: the plan was locked after the arms were unblinded."
        if self.departs:
            return f"DEPARTS FROM THE PLAN locked on {self.locked_on}, in: {', '.join(self.departs)}."
        return f"As planned: the plan was locked on {self.locked_on}, before the arms were known."


@dataclass(frozen=True)
class OutcomeAnalysis:
    """One planned outcome: the comparison, or why there is none yet; what is missing; and what stands beside it.

    ``awaited`` are the women of whom the outcome cannot be known yet: they are in neither.
    """

    planned: PlannedComparison
    awaited: Arms
    comparison: Comparison | None
    why_not: str
    missing: tuple[MissingReason, ...]
    beside: tuple[Beside, ...]
    subgroups: Mapping[str, Interaction]
    adjusted: Adjusted | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **vars(self.planned),
            "awaited": self.awaited.as_dict(),
            "comparison": self.comparison.as_dict() if self.comparison else None,
            "why_not": self.why_not or None,
            "missing_by_reason": [asdict(one) for one in self.missing],
            "beside": [one.as_dict() for one in self.beside],
            "subgroups": {name: _of_subgroups(found) for name, found in self.subgroups.items()},
            "multiplicity": _plain(asdict(self.adjusted)) if self.adjusted else None,
        }


@dataclass(frozen=True)
class TrialAnalysis:
    """The whole analysis; ``excluded`` counts by arm and reason the women whose data may not be used.

    ``decision`` is what a look concludes; ``after_stopping`` the primary estimate that knows of the looks, once the
    arms are unblinded. ``uptake`` is left out until then: it would tell which arm is which.
    """

    plan: PlanStatus
    unblinded: bool
    labels: tuple[str, str]
    as_of: str
    drawn: int
    excluded: Mapping[str, Mapping[str, int]]
    outcomes: tuple[OutcomeAnalysis, ...]
    notes: tuple[str, ...]
    looks: LookState
    decision: Decision | None = None
    after_stopping: AfterStopping | None = None
    uptake: Uptake | None = None

    @property
    def look_sentences(self) -> tuple[str, ...]:
        """Return where the trial stands on the way to its looks, and what a look concludes, in words."""
        after = self.after_stopping
        return (
            self.looks.sentence,
            *(self.decision.sentences() if self.decision else ()),
            *(["The primary outcome, with what the looks cost:", *after.sentences()] if after else ()),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "plan": {**asdict(self.plan), "sentence": self.plan.sentence},
            "unblinded": self.unblinded,
            "arms": list(self.labels),
            "as_of": self.as_of,
            "women": self.drawn,
            "excluded": {arm: dict(found) for arm, found in self.excluded.items()},
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
            "notes": list(self.notes),
            "looks": self.looks.as_dict(),
            "decision": self.decision.as_dict() if self.decision else None,
            "after_stopping": self.after_stopping.as_dict() if self.after_stopping else None,
            "uptake": self.uptake.as_dict() if self.uptake else None,
        }


def analyse_trial(workspace: Workspace, tell: Callable[[str], None]) -> TrialAnalysis | PooledReport:
    """Compare the arms on every outcome of the plan, as of the last run.

    Until the arms are unblinded this is the report of both arms together; a rehearsal compares them as X and Y.
    Raises StateError before the first draw, UsageError when the programme states no analysis.
    """
    programme, instruments = workspace.programme, workspace.instruments  # each is read from its files
    plan = plan_of(programme, instruments)
    tell("read_outcomes")
    data = read_trial(workspace)
    if not (data.named or workspace.rehearsal):
        return pooled_report(data, programme, plan)
    found = analyse(data, programme, instruments, plan, tell)
    return found if data.named else replace(found, notes=(REHEARSED, *found.notes))


def take_look(workspace: Workspace, tell: Callable[[str], None], *, owner: str, reason: str) -> TrialAnalysis:
    """Take the planned look that is due: record it in the ledger, compare the arms by name, and say what follows.

    A look that was taken on these very data is shown again and recorded once. Raises PolicyRefused when no plan is
    locked, the programme departs from it, or no look is due; StateError before the first draw.
    """
    judge_statement("--owner", owner)
    judge_statement("--reason", reason)
    programme, instruments = workspace.programme, workspace.instruments
    plan = plan_of(programme, instruments)
    tell("read_outcomes")
    data = read_trial(workspace, for_reader=True)
    status = plan_status(plan, data.ledger)
    if status.locked_hash is None or status.departs:
        raise PolicyRefused(
            "The arms are compared by a locked plan only: lock it first, or restore what departs from it."
        )
    state = look_state(data, programme, plan)
    last = data.ledger.looks[-1].body if data.ledger.looks else None
    if last and last["as_of"] == data.as_of.isoformat() and last["information"] == f"{state.information:.6f}":
        state = replace(state, taken=state.taken[:-1])
    elif not state.is_due:
        when = "all planned ones were taken" if state.due is None else f"the arms are compared at {state.due} %"
        share = f"{percent(state.information)} of the planned information"
        raise PolicyRefused(f"No look is due with {share}: {when}.")
    else:

        def looked(ledger: Ledger, stamp: Stamp) -> Entry:
            reader = state.first_reader
            return ledger.look(
                information=state.information, as_of=data.as_of, reader=reader, owner=owner, reason=reason, stamp=stamp
            )

        add_to_ledger(workspace, looked, owner=owner, reason=reason)
    found = analyse(data, programme, instruments, plan, tell)
    primary = next(one.comparison for one in found.outcomes if one.planned.primary)
    decision = decide(data, programme, plan, state, primary)
    return replace(found, looks=state, decision=decision, notes=(FOR_THE_READER, *found.notes))


def analyse(
    data: TrialData,
    programme: Programme,
    instruments: tuple[Instrument, ...],
    plan: Plan,
    tell: Callable[[str], None] = lambda _: None,
) -> TrialAnalysis:
    """Compare the arms on every outcome of the plan, from what was read of the trial."""
    unblinded = data.ledger.unblinded is not None
    looks = look_state(data, programme, plan)
    found = []
    for planned in plan.comparisons:
        tell(planned.name)
        important = _important(instruments, planned.outcome)
        found.append(_analyse(data, programme, plan, planned, important, unblinded=data.named))
    names = dict(zip(data.compared, data.labels, strict=True))
    primary = next(one.comparison for one in found if one.planned.primary)
    return TrialAnalysis(
        plan=plan_status(plan, data.ledger),
        unblinded=unblinded,
        labels=data.labels,
        as_of=data.as_of.isoformat(),
        drawn=len(data.women) + sum(sum(reasons.values()) for reasons in data.excluded.values()),
        excluded={names[arm]: reasons for arm, reasons in data.excluded.items()},
        outcomes=_with_multiplicity(plan, found),
        notes=(*(() if data.named else (BLIND,)), *(one.caution for one in instruments if one.caution)),
        looks=looks,
        after_stopping=after_the_looks(programme, plan, looks, primary) if unblinded else None,
        uptake=uptake_of_trial(data) if data.named else None,
    )


def plan_status(plan: Plan, ledger: Ledger) -> PlanStatus:
    """Hold the plan that is stated now against the one that was locked last before the arms were known."""
    opened = ledger.unblinded.seq if ledger.unblinded else len(ledger.entries) + 1
    before = [entry for entry in ledger.plans if entry.seq < opened]
    if not before:
        return PlanStatus(plan.hash(), None, None, (), after_unblinding=bool(ledger.plans))
    locked, last = before[-1], ledger.plans[-1]
    departs = departures(plan.as_dict(), locked.body["plan"])
    replaced = last.seq > opened and last.body["plan_hash"] == plan.hash() and bool(departs)
    return PlanStatus(
        plan.hash(), locked.body["plan_hash"], locked.recorded_at[:10], tuple(departs), after_unblinding=replaced
    )


def _analyse(
    data: TrialData,
    programme: Programme,
    plan: Plan,
    planned: PlannedComparison,
    important: float | None,
    *,
    unblinded: bool,
) -> OutcomeAnalysis:
    drawn = compared(data.women, value_of(programme, planned, data.as_of))
    values = drawn.due()
    awaited = _awaited(drawn, values, data.compared[0])
    dimension = planned.outcome if planned.kind == "scale" else first_scale(plan)
    sample = sample_of(
        values,
        plan,
        treated=data.compared[0],
        labels=data.labels,
        dimension=dimension,
        prognostic=planned.kind == "event",
    )
    if planned.kind == "scale":
        sample = replace(sample, earlier=earlier_of(values.women, programme, planned, data.as_of))
    missing = missing_by_reason(sample.known_ones, values.reasons, sample.treated)
    options = Options(rule=plan.rule, redraws=plan.rerandomisations, imputations=plan.imputations)
    kind: Literal["scale", "binary"] = "scale" if planned.kind == "scale" else "binary"
    try:
        comparison = compare(sample, kind, planned.estimand, options, scheme=data.scheme_of(values.women))
    except DataRefused as refusal:
        return OutcomeAnalysis(planned, awaited, None, str(refusal), missing, (), {})
    look = Look(data, values.women, programme, plan, planned, sample, dimension, important)
    looked = beside_scale if planned.kind == "scale" else beside_event
    return OutcomeAnalysis(
        planned=planned,
        awaited=awaited,
        comparison=comparison,
        why_not="",
        missing=missing,
        beside=tuple(looked(look, unblinded=unblinded)),
        subgroups={name: _interaction(values, sample, name, kind) for name in plan.subgroups},
    )


def first_scale(plan: Plan) -> str | None:
    """Return the scale whose nulmeting adjusts the events: that of the primary outcome, or of the first scale."""
    scales = [one.outcome for one in (plan.primary, *plan.comparisons) if one.kind == "scale"]
    return scales[0] if scales else None


def _interaction(values: Compared, sample: Sample, name: str, kind: Literal["scale", "binary"]) -> Interaction:
    group = [str(getattr(woman, name)) for woman in values.women]
    covariates = sample.covariates if kind == "scale" else None
    return interaction(sample.outcome, sample.treated, group, kind=kind, covariates=covariates)


def _awaited(drawn: Compared, due: Compared, treated: str) -> Arms:
    here = {woman.place for woman in due.women}
    waiting = [woman.arm == treated for woman in drawn.women if woman.place not in here]
    return Arms(sum(waiting), len(waiting) - sum(waiting))


def _important(instruments: tuple[Instrument, ...], dimension: str) -> float | None:
    """Return the least important difference of a scale, where its instrument states one."""
    found = [one.important_difference[dimension] for one in instruments if dimension in one.important_difference]
    return found[0].points if found else None


def _with_multiplicity(plan: Plan, found: list[OutcomeAnalysis]) -> tuple[OutcomeAnalysis, ...]:
    """Put beside each outcome its p-value as the plan adjusts it; the primary one comes first and is the gate."""
    tests = {one.planned.name: one.comparison.effects.significance.p_value for one in found if one.comparison}
    primary = plan.primary.name
    if primary not in tests:
        return tuple(found)
    others = {name: p for name, p in tests.items() if name != primary}
    adjusted = (
        gatekeeping((primary, tests[primary]), others)
        if plan.multiplicity == "holm"
        else fixed_sequence({primary: tests[primary], **others})
    )
    return tuple(replace(one, adjusted=adjusted.get(one.planned.name)) for one in found)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items()}


def _of_subgroups(found: Interaction) -> dict[str, Any]:
    return {
        "p_value": plain(found.test.p_value),
        "test": found.test.test,
        "warning": found.warning,
        "subgroups": [{**vars(one), "difference": one.difference.as_dict()} for one in found.subgroups],
    }
