"""The plan of a programme before its answer: each question of its design in women and years, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, Any, Final

from smartstart.designing import ALWAYS_VALID, inflation_of
from smartstart.errors import StateError
from smartstart.trial.planning.inflow import YEARS_UNTIL_BIRTH, Inflow
from smartstart.trial.planning.power import Power, answer
from smartstart.trial.planning.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.analysing.reading import TrialData
    from smartstart.programme.sections import PlannedOutcome, Programme
    from smartstart.workspace import Workspace

AUC: Final = 0.75  # of a score for an event, perfectly calibrated [A] (docs/how-to/plan-the-trial.md)
KNOWN_AS_ANSWERED: Final = (
    "[A] The event is known of as many women as answer a questionnaire; a register may know more of them."
)


@dataclass(frozen=True)
class SoFar:
    """Women drawn whose data may be used, and of how many of them each outcome is known; both arms together."""

    drawn: int
    answers: Mapping[PlannedOutcome, int]


@dataclass(frozen=True)
class TrialPlan:
    """What each question of a design takes; ``looks`` are shares of the planned information on the primary outcome."""

    trial_id: str
    municipality: str
    looks: tuple[float, ...]
    spending: str
    drawn: int | None
    questions: tuple[Power, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "trial_id": self.trial_id,
            "municipality": self.municipality,
            "looks": list(self.looks),
            "spending": self.spending,
            "drawn": self.drawn,
            "questions": [one.as_dict() for one in self.questions],
        }


def plan_trial(programme: Programme, workspace: Workspace | None = None) -> TrialPlan:
    """Answer every question of the programme's design; with a workspace also what its women can tell by now."""
    trial, monitoring = programme.trial, programme.monitoring
    looks = tuple(percentage / 100 for percentage in trial.looks)
    factor, notes = _price_of_looks(programme)
    seen = so_far(workspace) if workspace else None
    questions: list[Power] = []
    for outcome in sorted(trial.outcomes, key=lambda one: not one.primary):
        looked = (factor, notes) if outcome.primary else (1.0, ())
        answers = seen.answers[outcome] if seen else None
        questions += [answer(one) for one in questions_of(programme, outcome, answers, *looked)]
    drawn = seen.drawn if seen else None
    return TrialPlan(trial.trial_id, programme.municipality.name, looks, monitoring.spending, drawn, tuple(questions))


def questions_of(
    programme: Programme, outcome: PlannedOutcome, answers: int | None, inflation: float, notes: tuple[str, ...]
) -> tuple[Question, ...]:
    """Return what is asked of a planned outcome: a scale with and without its nulmeting, or an event."""
    stated, monitoring = programme.planning, programme.monitoring
    inflow = Inflow(programme.trial.expected_per_year, stated.consent, stated.answered)
    name = outcome.outcome.replace("_", " ")
    same: dict[str, Any] = {
        "inflow": inflow,
        "alpha": 2 * monitoring.alpha,
        "power": monitoring.power,
        "ratio": _ratio(programme),
        "within_years": stated.within_years,
        "so_far": answers,
        "until_answer": YEARS_UNTIL_BIRTH + months_of(programme, outcome) / 12,
        "inflation": inflation,
        "notes": notes,
    }
    if outcome.kind == "event":
        same["notes"] = (*notes, KNOWN_AS_ANSWERED)
        return (Question(name=name, risk=stated.risk, lower_risk=stated.lower_risk, auc=AUC, **same),)
    prior = (stated.prior_mean, stated.prior_sd)
    plain = Question(name=name, difference=stated.difference, prior=prior, **same)
    if not stated.correlation:
        return (plain,)
    named = f"{name}, with baseline"
    same |= {"difference": stated.difference, "prior": prior, "correlation": stated.correlation}
    return Question(name=named, **same), plain


def _price_of_looks(programme: Programme) -> tuple[float, tuple[str, ...]]:
    """Return how many times the women the looks take, and what has to be said of it."""
    factor = inflation_of(programme)
    if programme.monitoring.spending != ALWAYS_VALID:
        return factor, ()
    return factor, (f"A comparison that is always valid takes {factor:.2f} times the women of one planned comparison.",)


def inflation_for(looks: int, spending: str, *, alpha: float, power: float) -> float:
    """Return how many times the women evenly spread looks take; ``alpha`` is two-sided."""
    if looks == 1:
        return 1.0
    from smartstart.trial.sequential.boundaries import boundaries

    return boundaries(looks, alpha / 2, spending, power=power).inflation_factor


def so_far(workspace: Workspace) -> SoFar:
    """Return how many women were drawn, and have each planned outcome by now: both arms together, never apart."""
    from smartstart.analysing.reading import read_trial

    planned = workspace.programme.trial.outcomes
    try:
        data = read_trial(workspace)
    except StateError as nothing_yet:
        if "Nobody was drawn yet" in str(nothing_yet):
            return SoFar(0, dict.fromkeys(planned, 0))
        raise
    answers = {outcome: _known(workspace.programme, outcome, data) for outcome in planned}
    return SoFar(len(data.women), answers)


def months_of(programme: Programme, outcome: PlannedOutcome) -> int:
    """Return how many months after the birth an outcome is known."""
    from smartstart.analysing.outcomes import wave_named

    return wave_named(programme, outcome.at).months if outcome.kind == "scale" else int(outcome.at)


def _known(programme: Programme, outcome: PlannedOutcome, data: TrialData) -> int:
    from smartstart.analysing.outcomes import EVENT_COLUMNS, event_of, scale_of, wave_named

    if outcome.kind == "scale":
        wave = wave_named(programme, outcome.at)
        values = [scale_of(woman, outcome.outcome, outcome.at, wave, data.as_of) for woman in data.women]
    else:
        columns = EVENT_COLUMNS[outcome.outcome]
        values = [event_of(woman, int(outcome.at), columns, data.as_of) for woman in data.women]
    return sum(not isnan(value) for value, _ in values)


def _ratio(programme: Programme) -> tuple[int, int]:
    """Return offer to care as usual; with equal arms the programme names no parts."""
    trial = programme.trial
    ratio = trial.ratio or (1,) * len(trial.arms)
    return ratio[0], ratio[-1]
