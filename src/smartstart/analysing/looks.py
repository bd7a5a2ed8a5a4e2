"""Planned looks: how much information is in, whether the next look is due, and what it may conclude."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.analysing.outcomes import AWAITED, compared, nulmeting_of, value_of
from smartstart.designing import inflation_of, looks_of
from smartstart.numbers import percent
from smartstart.programme.sections import LEAST_LOOK
from smartstart.trial.analysis.comparison import Arms
from smartstart.trial.analysis.records import Estimate, plain
from smartstart.trial.sequential.information import asked_for, information_of, women_for
from smartstart.trial.sequential.monitoring import (
    LookBoundary,
    LooksPlan,
    Reestimated,
    next_boundary,
    pooled_variance_of_events,
    reestimated,
)
from smartstart.trial.sequential.sequences import Alarm, always_valid, harm_alarm
from smartstart.trial.sequential.stopping import AfterStopping, EarlierLooks, after_stopping

if TYPE_CHECKING:
    from smartstart.analysing.outcomes import Compared
    from smartstart.analysing.reading import Drawn, TrialData
    from smartstart.programme.sections import Programme
    from smartstart.trial.analysis.comparison import Comparison
    from smartstart.trial.analysis.plan import Plan, PlannedComparison

_LEAST_FOR_VARIANCE = 20  # answers of both arms together: before that the assumption holds
_REACHED = 1e-9


@dataclass(frozen=True)
class LookState:
    """Where the trial stands on the way to its looks; nothing in it tells how the arms differ.

    ``information`` is the share of what the plan asks for. ``answers`` are the known primary outcomes, ``awaited`` the
    women drawn of whom it cannot be known yet, ``women`` what the plan asks for at the variance that was assumed and
    ``reestimated`` at the one that is seen in both arms together (None before there is enough of it). ``due`` is
    the share at which the next look is due, None after the last one.
    """

    planned: tuple[int, ...]
    taken: tuple[float, ...]
    information: float
    answers: int
    awaited: int
    women: int
    reestimated: Reestimated | None
    due: int | None
    is_due: bool
    final: bool
    first_reader: str

    @property
    def sentence(self) -> str:
        """Return where the trial stands, in words."""
        share = f"{self.answers} answers are in, {percent(self.information)} of the planned information"
        if self.due is None:
            return f"{share}; all planned looks were taken."
        if self.is_due:
            last = "the last look" if self.final else "a look"
            return f"{share}: {last} is due. It is first for the {self.first_reader}: 'trial analyse --look'."
        return f"{share}. The arms are compared at {self.due} %, and not before."

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        again = self.reestimated
        told = {name: value for name, value in vars(self).items() if name != "reestimated"}
        told |= {"planned": list(self.planned), "taken": list(self.taken), "information": plain(self.information)}
        found = {**vars(again), "sentence": again.sentence()} if again else None
        return told | {"reestimated": found, "sentence": self.sentence}


@dataclass(frozen=True)
class Harm:
    """One kind of harm at this look: events by arm with their always-valid evidence, or the Z of the scale."""

    harm: str
    events: Arms | None
    alarm: Alarm | None
    z: float | None
    boundary: float | None
    raised: bool

    def sentence(self) -> str:
        """Return what was seen of it, in words."""
        raised = "THE ALARM IS RAISED" if self.raised else "no alarm"
        if self.events is None or self.alarm is None:
            at = "" if self.boundary is None else f", and the alarm is at {self.boundary:.3f} or lower"
            return f"Harm, {self.harm}: Z is {self.z:.3f}{at}: {raised}."
        return (
            f"Harm, {self.harm}: {self.events.treated} women with the offer and {self.events.control} without; the "
            f"evidence is {self.alarm.e_value:.3g}, and the alarm is at {self.alarm.threshold:.3g}: {raised}."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "harm": self.harm,
            "events": self.events.as_dict() if self.events else None,
            "alarm": self.alarm.as_dict() if self.alarm else None,
            "z": plain(self.z),
            "boundary": plain(self.boundary),
            "raised": self.raised,
        }


@dataclass(frozen=True)
class Decision:
    """What a look concludes; ``z`` counts so that high is better for the woman.

    ``boundary`` is None where looks are not planned and ``sequence``, the interval that holds at all moments, judges.
    ``after`` is the estimate that knows of the looks, when the trial stops or this is the last one.
    """

    look: int
    z: float
    boundary: LookBoundary | None
    sequence: Estimate | None
    efficacy: bool
    futility: bool
    final: bool
    harms: tuple[Harm, ...]
    after: AfterStopping | None

    @property
    def harm(self) -> bool:
        """Tell whether any harm raised its alarm."""
        return any(one.raised for one in self.harms)

    @property
    def verdict(self) -> str:
        """Return what the look concludes, in words; people decide."""
        if self.harm:
            named = " and ".join(one.harm for one in self.harms if one.raised)
            return f"Stop and look into it: the boundary for harm is crossed ({named}). People decide."
        if self.efficacy:
            return (
                "The boundary is crossed: the offer helps on the primary outcome. Close the trial, and offer it to all."
            )
        if self.final:
            return "The last look is taken: no difference was found; the interval says how far it can lie."
        if self.futility:
            return "So little is seen that a difference will hardly be found; this advises, and binds nobody."
        return "Go on: no boundary is crossed."

    def sentences(self) -> list[str]:
        """Return what was seen and what follows from it, in words."""
        s = self.sequence
        return [
            f"LOOK {self.look}: {self.verdict}",
            f"Z is {self.z:.3f}, counted so that high is better for the women.",
            *(self.boundary.sentences() if self.boundary else ()),
            *(
                [f"The interval that holds at all moments: {s.estimate:.3g} ({s.lower:.3g} to {s.upper:.3g})."]
                if s
                else ()
            ),
            *(harm.sentence() for harm in self.harms),
            *(self.after.sentences() if self.after else ()),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "look": self.look,
            "z": plain(self.z),
            "boundary": self.boundary.as_dict() if self.boundary else None,
            "confidence_sequence": self.sequence.as_dict() if self.sequence else None,
            "efficacy": self.efficacy,
            "futility": self.futility,
            "harm": self.harm,
            "harms": [one.as_dict() for one in self.harms],
            "final": self.final,
            "after_stopping": self.after.as_dict() if self.after else None,
            "verdict": self.verdict,
        }


def look_state(data: TrialData, programme: Programme, plan: Plan) -> LookState:
    """Return where the trial stands, from both arms together."""
    primary = plan.primary
    drawn = compared(data.women, value_of(programme, primary, data.as_of))
    known = np.isfinite(drawn.outcome)
    treated = np.array([woman.arm == data.compared[0] for woman in drawn.women], dtype=bool)
    arms = Arms.of(treated[known])
    awaited = sum(reason in AWAITED for reason in drawn.reasons)
    asked = _asked(programme, plan)
    assumed, seen = _variances(programme, plan, drawn, known)
    again = None
    if seen is not None:
        again = reestimated(_women(programme, asked, assumed), assumed, seen, cap=programme.monitoring.cap)
    varies = assumed if seen is None else seen
    share = information_of(arms.treated, arms.control, varies) / asked
    taken = tuple(float(entry.body["information"]) for entry in data.ledger.looks)
    over = data.ledger.closed and awaited == 0
    enough = again is not None and again.capped and int(known.sum()) >= again.women
    final = share >= 1 - _REACHED or over or enough
    done = len(taken) > 0 and taken[-1] >= 1 - _REACHED
    due = None if done or (over and _at_last(taken, share)) else _next(programme, taken)
    return LookState(
        planned=programme.trial.looks,
        taken=taken,
        information=share,
        answers=int(known.sum()),
        awaited=awaited,
        women=_women(programme, asked, assumed),
        reestimated=again,
        due=due,
        is_due=due is not None and (100 * share >= due - 100 * _REACHED or (final and share > 0)),
        final=final,
        first_reader=programme.monitoring.first_reader,
    )


def decide(
    data: TrialData, programme: Programme, plan: Plan, state: LookState, comparison: Comparison | None
) -> Decision | None:
    """Return what the look at ``state`` concludes from the primary comparison; None when there is none to judge.

    ``data`` name the arms, the offer first; the looks before this one are those in the ledger.
    """
    if comparison is None:
        return None
    harms = _event_harms(data, programme)
    z, main = _z(plan.primary, comparison)
    if not isfinite(z):
        return None
    look = len(state.taken) + 1
    if programme.monitoring.spending == "always-valid":
        return _always(programme, plan, state, (look, z, main), harms)
    planned = looks_of(programme)
    seen = (*state.taken, max(state.information, *(taken + 1e-6 for taken in state.taken), 1e-6))
    boundary = next_boundary(planned, seen, final=state.final)
    efficacy = boundary.z is not None and z >= boundary.z
    futility = boundary.futility_z is not None and z <= boundary.futility_z
    if plan.primary.kind == "scale" and boundary.harm_z is not None:
        harms = (Harm("a worse primary scale", None, None, z, boundary.harm_z, z <= boundary.harm_z), *harms)
    stops = efficacy or boundary.final or any(harm.raised for harm in harms)
    after = _after(planned, seen, z, main) if stops and isfinite(main.se) and main.se > 0 else None
    return Decision(look, z, boundary, None, efficacy, futility, boundary.final, harms, after)


def after_the_looks(
    programme: Programme, plan: Plan, state: LookState, comparison: Comparison | None
) -> AfterStopping | None:
    """Return the primary estimate that knows of the looks, once the last of them has stopped the trial.

    Answers that came in since are counted by leaving that look out. None without a look, or without an estimate.
    """
    if comparison is None or not state.taken or programme.monitoring.spending == "always-valid":
        return None
    z, main = _z(plan.primary, comparison)
    if not (isfinite(z) and isfinite(main.se) and main.se > 0):
        return None
    overrun = state.information > state.taken[-1] + 1e-6
    seen = (*state.taken[:-1], max(state.information, state.taken[-1]))
    return _after(looks_of(programme), seen, z, main, overrun=overrun)


# --- information ------------------------------------------------------------------------------------------


def _asked(programme: Programme, plan: Plan) -> float:
    m, p = programme.monitoring, programme.planning
    effect = p.difference if plan.primary.kind == "scale" else p.risk - p.lower_risk
    return asked_for(effect, alpha=m.alpha, power=m.power, inflation=inflation_of(programme))


def _women(programme: Programme, asked: float, variance: float) -> int:
    ratio = programme.trial.ratio
    return int(np.ceil(women_for(asked, variance, (ratio[0], ratio[1])) - 1e-9))


def _variances(
    programme: Programme, plan: Plan, drawn: Compared, known: np.ndarray[Any, Any]
) -> tuple[float, float | None]:
    """Return what one woman's outcome varies by: as was assumed, and as both arms together show."""
    p = programme.planning
    if plan.primary.kind == "event":
        risk = (p.risk + p.lower_risk) / 2
        events, women = int(np.nansum(drawn.outcome)), int(known.sum())
        enough = women >= _LEAST_FOR_VARIANCE and 0 < events < women
        return risk * (1 - risk), pooled_variance_of_events(events, women) if enough else None
    if "baseline" not in plan.covariates:
        return 1.0, None
    assumed = 1 - p.correlation**2
    start = np.array([nulmeting_of(woman, plan.primary.outcome) for woman in drawn.women], dtype=float)
    both = known & np.isfinite(start)
    y, x = drawn.outcome[both], start[both]
    if both.sum() < _LEAST_FOR_VARIANCE or not (np.ptp(y) > 0 and np.ptp(x) > 0):
        return assumed, None
    return assumed, max(1 - float(np.corrcoef(x, y)[0, 1]) ** 2, 0.05)


def _next(programme: Programme, taken: tuple[float, ...]) -> int | None:
    """Return the share, in percent, of the next look: planned ones that were passed by are not made up for."""
    if programme.monitoring.spending == "always-valid":
        return LEAST_LOOK
    reached = 100 * taken[-1] if taken else 0.0
    left = [percent for percent in programme.trial.looks if percent > reached + 100 * _REACHED]
    return left[0] if left else None


def _at_last(taken: tuple[float, ...], share: float) -> bool:
    return bool(taken) and share <= taken[-1] + 1e-6


# --- what it concludes ------------------------------------------------------------------------------------


def _z(primary: PlannedComparison, comparison: Comparison) -> tuple[float, Estimate]:
    """Return Z, high where the woman is better off, from the test of the main analysis; and its estimate."""
    name = "mean_difference" if primary.kind == "scale" else "risk_difference"
    main = comparison.effects.measures[name].main
    better = main.estimate if primary.kind == "scale" else -main.estimate
    p_value = comparison.effects.significance.p_value
    if not (isfinite(p_value) and isfinite(better)):
        return nan, main
    size = NormalDist().inv_cdf(1 - min(max(p_value, 1e-300), 1) / 2) if p_value < 1 else 0.0
    signed = size if better >= 0 else -size
    estimate = main if primary.kind == "scale" else replace(main, estimate=better, lower=-main.upper, upper=-main.lower)
    return signed, estimate


def _after(
    planned: LooksPlan, seen: tuple[float, ...], z: float, main: Estimate, *, overrun: bool = False
) -> AfterStopping:
    """Return the estimate that knows of the earlier looks; their information in the unit of the estimate's."""
    earlier = []
    for place in range(1, len(seen)):
        one = next_boundary(planned, seen[:place])
        earlier.append(inf if one.z is None else one.z)
    unit = main.se**-2 / seen[-1]
    looks = EarlierLooks(tuple(share * unit for share in seen[:-1]), tuple(earlier))
    return after_stopping(z * main.se, main.se, looks, overrun=overrun)


def _always(
    programme: Programme,
    plan: Plan,
    state: LookState,
    found: tuple[int, float, Estimate],
    harms: tuple[Harm, ...],
) -> Decision:
    """Judge by the interval that holds at all moments, tuned to the information that the plan asks for."""
    look, z, main = found
    se = main.se if isfinite(main.se) and main.se > 0 else 1.0
    full = se**-2 / state.information  # the information asked for, in the unit of the estimate
    sequence = always_valid(z * se, se, full, level=1 - 2 * programme.monitoring.alpha)
    if plan.primary.kind == "scale":
        worse = always_valid(z * se, se, full, level=1 - 2 * programme.monitoring.harm_alpha)
        harms = (Harm("a worse primary scale", None, None, z, None, worse.upper < 0), *harms)
    return Decision(look, z, None, sequence, sequence.lower > 0, futility=False, final=False, harms=harms, after=None)


def _event_harms(data: TrialData, programme: Programme) -> tuple[Harm, ...]:
    """Return the harms that are events, of all women drawn, as known until now; a report or an order is no harm."""
    treated = np.array([woman.arm == data.compared[0] for woman in data.women], dtype=bool)
    share = float(treated.mean()) if 0 < treated.sum() < len(treated) else nan
    kinds = (("a child placed without its mother", _placed), ("a death, of a mother or a child", _died))
    found = []
    for name, happened in kinds:
        here = np.array([happened(woman) for woman in data.women], dtype=bool)
        events = Arms.of(treated[here])
        alarm = None
        if isfinite(share):
            alarm = harm_alarm(events.treated, events.control, share, alpha=programme.monitoring.harm_alpha)
        found.append(Harm(name, events, alarm, None, None, alarm is not None and alarm.raised))
    return tuple(found)


def _placed(woman: Drawn) -> bool:
    return any(row["placed_on"] is not None or row["placed_unknown"] for row in woman.outcomes.values())


def _died(woman: Drawn) -> bool:
    return "deceased" in woman.told.facts or any(row["died_on"] is not None for row in woman.outcomes.values())
