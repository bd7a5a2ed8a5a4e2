"""What everybody may see between the looks: the outcomes of both arms together, and when the arms are compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.analysing.looks import LookState, look_state
from smartstart.analysing.outcomes import compared, value_of
from smartstart.trial.analysis.proportion import proportion_interval
from smartstart.trial.analysis.records import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.analysing.reading import TrialData
    from smartstart.programme.sections import Programme
    from smartstart.trial.analysis.plan import Plan, PlannedComparison
    from smartstart.trial.analysis.records import Estimate


@dataclass(frozen=True)
class PooledOutcome:
    """One planned outcome of both arms together: ``mean`` and ``spread`` of a scale, ``risk`` of an event.

    ``due`` are the women of whom it can be known by now, ``known`` those of whom it is, ``missing`` why not.
    """

    planned: PlannedComparison
    due: int
    known: int
    awaited: int
    missing: Mapping[str, int]
    mean: float
    spread: float
    events: int | None
    risk: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **vars(self.planned),
            "due": self.due,
            "known": self.known,
            "awaited": self.awaited,
            "missing_by_reason": dict(self.missing),
            "mean": plain(self.mean),
            "spread": plain(self.spread),
            "events": self.events,
            "risk": self.risk.as_dict() if self.risk else None,
        }


@dataclass(frozen=True)
class PooledReport:
    """The report between the looks; ``excluded`` counts by reason the women whose data may not be used."""

    looks: LookState
    as_of: str
    drawn: int
    excluded: Mapping[str, int]
    outcomes: tuple[PooledOutcome, ...]

    @property
    def look_sentences(self) -> tuple[str, ...]:
        """Return where the trial stands on the way to its looks, in words."""
        again = self.looks.reestimated
        return (self.looks.sentence, *([f"By what varies in both arms together: {again.sentence()}"] if again else []))

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "looks": self.looks.as_dict(),
            "as_of": self.as_of,
            "women": self.drawn,
            "excluded": dict(self.excluded),
            "pooled": [outcome.as_dict() for outcome in self.outcomes],
        }


def pooled_report(data: TrialData, programme: Programme, plan: Plan) -> PooledReport:
    """Return the outcomes of both arms together."""
    excluded: Counter[str] = Counter()
    for reasons in data.excluded.values():
        excluded.update(reasons)
    return PooledReport(
        looks=look_state(data, programme, plan),
        as_of=data.as_of.isoformat(),
        drawn=len(data.women) + sum(excluded.values()),
        excluded=dict(sorted(excluded.items())),
        outcomes=tuple(_pooled(data, programme, planned) for planned in plan.comparisons),
    )


def _pooled(data: TrialData, programme: Programme, planned: PlannedComparison) -> PooledOutcome:
    drawn = compared(data.women, value_of(programme, planned, data.as_of))
    due = drawn.due()
    outcome = due.outcome
    values = outcome[np.isfinite(outcome)]
    is_scale = planned.kind == "scale"
    events = None if is_scale else int(values.sum())
    return PooledOutcome(
        planned=planned,
        due=len(due.women),
        known=len(values),
        awaited=len(drawn.women) - len(due.women),
        missing=dict(sorted(Counter(reason for reason in due.reasons if reason).items())),
        mean=float(values.mean()) if is_scale and len(values) else nan,
        spread=float(values.std(ddof=1)) if is_scale and len(values) > 1 else nan,
        events=events,
        risk=proportion_interval(events, len(values)) if events is not None and len(values) else None,
    )
