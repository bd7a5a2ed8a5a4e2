"""What is known of this trial, collected for the report: exact, of the restricted tier."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smartstart import __version__
from smartstart.analysing.looks import look_state
from smartstart.analysing.outcomes import compared, nulmeting_of, scale_of, time_of, value_of, wave_named
from smartstart.analysing.reading import trial_data
from smartstart.analysing.trial import analyse, plan_status
from smartstart.approved import champion, open_model, read_approved
from smartstart.designing import ALWAYS_VALID, design_of, looks_of, plan_of
from smartstart.planning_ahead import plan_trial
from smartstart.report.council import facts as exact
from smartstart.report.council.facts import BOTH, Facts
from smartstart.report.released_evaluation import released_evaluation
from smartstart.reporting.releases import head_without_releases
from smartstart.support.costs import Prices
from smartstart.supporting import totals_now
from smartstart.trial.analysis.records import LEVEL, Estimate
from smartstart.trial.analysis.wald import critical
from smartstart.trial.flow import flow_of
from smartstart.trial.planning.power import answer
from smartstart.trial.planning.scale import detectable_difference
from smartstart.trial.sequential.boundaries import boundaries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smartstart.analysing.looks import LookState
    from smartstart.analysing.reading import Drawn, TrialData
    from smartstart.analysing.trial import TrialAnalysis
    from smartstart.programme.sections import Programme
    from smartstart.support.plans import SupportPlanTotals
    from smartstart.trial.analysis.plan import Plan, PlannedComparison
    from smartstart.trial.uptake import Uptake
    from smartstart.workspace import Workspace

_HALF_YEARS: Final = 10
_LEAST: Final = 2  # answers for a mean with an interval
_LEAST_TO_DETECT: Final = 5  # answers in an arm, to say what could be seen with them


@dataclass(frozen=True)
class _Read:
    """What the report reads of a workspace: ``asked`` are the practices of the register, ``model`` the one in use."""

    data: TrialData
    asked: tuple[str, ...]
    plans: SupportPlanTotals
    model: dict[str, Any] | None


def _read(workspace: Workspace) -> _Read:
    """Read all that the report rests on, at one opening of the warehouse."""
    with workspace.open_warehouse() as warehouse:
        asked = warehouse.rows("SELECT DISTINCT practice FROM register.candidate WHERE practice <> ''")
        return _Read(
            data=trial_data(workspace, warehouse),
            asked=tuple(row["practice"] for row in asked),
            plans=totals_now(warehouse),
            model=champion(warehouse),
        )


def facts_of(workspace: Workspace, tell: Callable[[str], None] = lambda _: None) -> Facts:
    """Return everything that the report rests on, exactly: of the restricted tier."""
    programme, plan = workspace.programme, plan_of(workspace.programme, workspace.instruments)
    read = _read(workspace)
    data = read.data
    arms = data.compared if data.ledger.unblinded else ()
    analysis = analyse(data, programme, workspace.instruments, plan, tell) if arms else None
    state = analysis.looks if analysis else look_state(data, programme, plan)
    return Facts(
        municipality=programme.municipality.name,
        as_of=data.as_of,
        started=_started(data),
        rehearsal=workspace.rehearsal,
        arms=arms,
        taken=_taken(programme, data, arms),
        practices=_practices(read.asked, data),
        at_start=tuple(_at_start(data, plan)),
        waves=tuple(_waves(data, programme, plan, arms)),
        outcomes=tuple(_outcome(data, programme, planned, arms, analysis) for planned in plan.comparisons),
        events_by_half_year=_over_time(data, programme),
        looks=_looks(programme, state),
        ahead=_expected(programme, data.as_of, state.women),
        how=_how(data, programme, plan),
        contact=programme.contact.line,
        costs=_costs(programme),
        model=_model(workspace, read.model),
        given=_given(read.plans, analysis.uptake) if analysis else None,
    )


def _started(data: TrialData) -> date:
    return date.fromisoformat(min(entry.body["as_of"] for entry in data.ledger.entries if entry.kind == "freeze"))


def _taken(programme: Programme, data: TrialData, arms: Sequence[str]) -> exact.Taken:
    not_drawn: Counter[str] = Counter()
    for count in flow_of(data.seen, programme.trial.arms).not_drawn:
        not_drawn[count.stage] += count.women
    analysed = {arm: len(_of(data.women, arm)) for arm in arms or (BOTH,)}
    left = data.excluded
    together: Counter[str] = sum((Counter(reasons) for reasons in left.values()), Counter())
    excluded = {arm: dict(left[arm]) for arm in arms} or {BOTH: dict(together)}
    drawn = {arm: analysed[arm] + sum(excluded[arm].values()) for arm in analysed}
    return exact.Taken(not_drawn, drawn, excluded, analysed)


def _practices(asked: Sequence[str], data: TrialData) -> dict[str, int]:
    """Return the women drawn by practice; a practice that asked women of whom nobody was drawn has none."""
    drawn = Counter(woman.practice for woman in data.women)
    return {practice: drawn[practice] for practice in sorted({*drawn, *asked})}


def _of(women: Sequence[Drawn], arm: str) -> list[Drawn]:
    return [woman for woman in women if arm in {BOTH, woman.arm}]


def _at_start(data: TrialData, plan: Plan) -> list[exact.AtStart]:
    """Return the standardised differences: of means over the pooled SD, of shares over the pooled Bernoulli SD.

    Austin, Stat Med 2009;28:3083.
    """
    one, other = (_of(data.women, arm) for arm in data.compared)
    found = []
    for scale in dict.fromkeys(planned.outcome for planned in plan.comparisons if planned.kind == "scale"):
        values = [np.array([nulmeting_of(woman, scale) for woman in women]) for women in (one, other)]
        known = [v[np.isfinite(v)] for v in values]
        if min(map(len, known)) >= _LEAST:
            spread = sqrt((float(known[0].var(ddof=1)) + float(known[1].var(ddof=1))) / 2)
            apart = float(known[0].mean() - known[1].mean())
            found.append(exact.AtStart(scale, "", apart / spread if spread else 0.0, tuple(map(len, known))))
    for name in ("risk_band", "practice"):
        for level in sorted({str(getattr(woman, name)) for woman in data.women}):
            there = [sum(str(getattr(woman, name)) == level for woman in women) for women in (one, other)]
            cells = (*there, len(one) - there[0], len(other) - there[1])
            found.append(exact.AtStart(name, level, _apart(cells), cells))
    return found


def _apart(cells: Sequence[int]) -> float:
    """Return the standardised difference of two shares; ``cells`` are those with it and those without, by arm."""
    p, q = (have / max(have + rest, 1) for have, rest in zip(cells[:2], cells[2:], strict=True))
    spread = sqrt((p * (1 - p) + q * (1 - q)) / 2)
    return (p - q) / spread if spread else 0.0


def _waves(data: TrialData, programme: Programme, plan: Plan, arms: Sequence[str]) -> list[exact.Wave]:
    found = []
    for scale in dict.fromkeys(planned.outcome for planned in plan.comparisons if planned.kind == "scale"):
        for moment in ("nulmeting", "tussenmeting", "eindmeting"):
            for arm in arms or (BOTH,):
                values = np.array([_at(woman, scale, moment, programme, data.as_of) for woman in _of(data.women, arm)])
                values = values[np.isfinite(values)] if len(values) else values
                found.append(exact.Wave(scale, moment, arm, len(values), _mean(values)))
    return found


def _at(woman: Drawn, scale: str, moment: str, programme: Programme, as_of: date) -> float:
    if moment == "nulmeting":
        return nulmeting_of(woman, scale)
    return scale_of(woman, scale, moment, wave_named(programme, moment), as_of)[0]


def _mean(values: np.ndarray[Any, Any]) -> Estimate | None:
    """Return a mean with the interval of Student's t."""
    n = len(values)
    if n < _LEAST:
        return None
    mean, se = float(values.mean()), float(values.std(ddof=1)) / sqrt(n)
    half = critical(n - 1) * se
    return Estimate(mean, mean - half, mean + half, se, "mean, t interval", "Student, Biometrika 1908;6:1", LEVEL)


def _outcome(
    data: TrialData,
    programme: Programme,
    planned: PlannedComparison,
    arms: Sequence[str],
    found: TrialAnalysis | None,
) -> exact.Outcome:
    due: dict[str, int] = {}
    known: dict[str, int] = {}
    events: dict[str, int] = {}
    for arm in arms or (BOTH,):
        hers = compared(_of(data.women, arm), value_of(programme, planned, data.as_of)).due()
        values = hers.outcome[np.isfinite(hers.outcome)] if hers.women else np.array([])
        due[arm], known[arm] = len(hers.women), len(values)
        events[arm] = int(values.sum()) if planned.kind == "event" else 0
    return exact.Outcome(
        outcome=planned.outcome,
        kind="event" if planned.kind == "event" else "scale",
        at=planned.at,
        primary=planned.primary,
        due=due,
        known=known,
        events=events if planned.kind == "event" else None,
        effect=_effect(planned, found) if found else None,
    )


def _effect(planned: PlannedComparison, analysis: TrialAnalysis) -> Estimate | None:
    """Return the main effect on a scale, allowing for the looks where there were any."""
    found = next(one.comparison for one in analysis.outcomes if one.planned == planned)
    if found is None or planned.kind == "event":
        return None
    after = analysis.after_stopping if planned.primary else None
    return after.adjusted if after else found.effects.measures["mean_difference"].main


def _over_time(data: TrialData, programme: Programme) -> tuple[tuple[int, int, int], ...]:
    """Return by half year after birth how many were followed so long, and of them how many had a placement by then."""
    months = max(programme.outcome.horizons_months)
    times = [time_of(woman, months) for woman in data.women]
    rows = []
    for half_year in range(1, min(_HALF_YEARS, months // 6) + 1):
        until = 365.25 * half_year / 2
        followed = [(days, how) for days, how in times if isfinite(days) and (days >= until or how == 1)]
        events = sum(how == 1 and days < until for days, how in followed)
        rows.append((half_year, events, len(followed)))
    return tuple(rows)


def _looks(programme: Programme, state: LookState) -> exact.Looks:
    m, planned = programme.monitoring, looks_of(programme).fractions
    heights: tuple[float | None, ...] = (None,) * len(planned)
    if m.spending != ALWAYS_VALID:
        heights = tuple(boundaries(len(planned), m.alpha, m.spending, planned, power=m.power).z)
    return exact.Looks(planned, heights, len(state.taken), state.answers, state.women)


def _expected(programme: Programme, as_of: date, asked: int) -> Callable[[int, int], exact.Ahead]:
    """Return what is expected from so many answers and women drawn; more women come at the programme's inflow."""
    plan, p, ratio = plan_trial(programme), programme.planning, programme.trial.ratio
    primary = plan.questions[0]
    event = next((one for one in plan.questions if one.question.difference is None), None)
    per_year = programme.trial.expected_per_year * p.consent * p.answered

    def ahead(answers: int, drawn: int) -> exact.Ahead:
        awaited = max(0.0, drawn * p.answered - answers)
        to_draw = max(0.0, asked - answers - awaited)
        years = to_draw / per_year + (primary.question.until_answer if to_draw or awaited else 0.0)
        smaller = answers * min(ratio[0], ratio[-1]) // sum(ratio)
        now = answer(replace(primary.question, so_far=answers)) if answers else None
        return exact.Ahead(
            answer_on=as_of + timedelta(days=round(365.25 * years)),
            power=now.power_now if now else None,
            detectable=_detectable(smaller, p.correlation, programme) if smaller >= _LEAST_TO_DETECT else None,
            difference=p.difference,
            within=primary.question.within_years,
            municipalities=primary.municipalities_needed,
            event_municipalities=event.municipalities_needed if event else None,
        )

    return ahead


def _detectable(per_arm: int, correlation: float, programme: Programme) -> float:
    m, arms = programme.monitoring, (per_arm, per_arm)
    return detectable_difference(arms, correlation=correlation, alpha=2 * m.alpha, power=m.power)


def _how(data: TrialData, programme: Programme, plan: Plan) -> exact.How:
    design, status = design_of(programme), plan_status(plan, data.ledger)
    return exact.How(
        design_hash=design.hash(),
        chance=str(design.probability(design.arms[0])),
        consent_model=programme.consent.model,
        plan_hash=status.hash if status.locked_hash else "",
        locked_on=status.locked_on or "",
        departs=status.departs,
        version=__version__,
        ledger_head=head_without_releases(data.ledger),
    )


def _given(plans: SupportPlanTotals, uptake: Uptake | None) -> exact.Given | None:
    """Return what women were given, None where no log of contacts was delivered."""
    if uptake is None or not uptake.logged:
        return None
    steps = {step.name: step for step in uptake.reach}
    return exact.Given(
        offered=steps["drawn"].women,
        reach={name: steps[name].women for name in ("accepted", "first_contact", "first_contact_in_time")},
        care={one.name: {arm: step.women for arm, step in one.arms.items()} for one in uptake.contrasts},
        needs={one.life_domain: one.with_need for one in plans.domains},
    )


def _costs(programme: Programme) -> exact.Costs | None:
    c = programme.costs
    if c is None:
        return None
    prices = Prices(c.offer_per_woman, c.placement, c.placement_years, c.discount_rate)
    return exact.Costs(
        exact.Price(c.offer_per_woman, c.offer_source), exact.Price(prices.placement, c.placement_source), prices
    )


def _model(workspace: Workspace, in_use: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the held-out evaluation of the model in use, as it may be shown; None where the factors are counted."""
    score = workspace.programme.score
    if score is None or score.kind != "model" or in_use is None:
        return None
    return released_evaluation(open_model(read_approved(workspace, in_use["sha256"])).about["held_out"])
