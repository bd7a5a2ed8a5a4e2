"""Answers from sums that add up over municipalities: all that a reader of masked files can see.

Of an event the components of Peto and of Mantel–Haenszel, of a scale the squares and products within strata. No random
effects, no municipality by itself, no score interval: these need each table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from math import erfc, nan, sqrt
from typing import Any, Final

from smartstart.trial.analysis.comparison import Arms
from smartstart.trial.analysis.interval import as_estimate
from smartstart.trial.analysis.records import Estimate, plain
from smartstart.trial.analysis.stratified import MANTEL_HAENSZEL, Measure, Sums, strata_of, sums_of
from smartstart.trial.pooling.peto import peto, score_and_information
from smartstart.trial.pooling.records import Table2
from smartstart.trial.pooling.scales import Within, difference_test

_NOTE: Final = "From masked sums: no municipality was seen by itself, so that nothing is known of how they differ."


@dataclass(frozen=True)
class Components:
    """What the fixed-effect answers of an event rest on: counts, the sums of Peto and those of Mantel–Haenszel."""

    treated: float
    treated_events: float
    control: float
    control_events: float
    score: float
    information: float
    sums: Sums

    def as_numbers(self) -> dict[str, float]:
        """Return all sums by name; those of several municipalities may be added."""
        told = {name: value for name, value in vars(self).items() if name != "sums"}
        return told | asdict(self.sums)


def components(tables: Sequence[Table2]) -> Components:
    """Return the sums over the tables that have both arms."""
    counts = [table.counts for table in tables if table.has_both_arms]
    if not counts:
        return Components(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, Sums(*[0.0] * len(fields(Sums))))
    strata = strata_of(counts)
    treated, treated_events, control, control_events = (
        float(part.sum()) for part in (strata.n1, strata.x1, strata.n0, strata.x0)
    )
    score, information = score_and_information(counts)
    return Components(treated, treated_events, control, control_events, score, information, sums_of(strata))


def components_from(numbers: Mapping[str, float]) -> Components:
    """Return the components by the names that :meth:`Components.as_numbers` gives."""
    sums = Sums(**{f.name: numbers[f.name] for f in fields(Sums)})
    return Components(**{f.name: numbers[f.name] for f in fields(Components) if f.name != "sums"}, sums=sums)


@dataclass(frozen=True)
class SummedEvents:
    """The fixed-effect answers of an event, from sums."""

    n: Arms
    events: Arms
    risk_difference: Estimate
    risk_ratio: Estimate
    odds_ratio: Estimate
    peto_odds_ratio: Estimate
    p_value: float
    notes: tuple[str, ...] = (_NOTE,)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        measures = ("risk_difference", "risk_ratio", "odds_ratio", "peto_odds_ratio")
        told: dict[str, Any] = {"n": self.n.as_dict(), "events": self.events.as_dict()}
        told |= {name: getattr(self, name).as_dict() for name in measures}
        return told | {"p_value": plain(self.p_value), "test": "Peto's score test", "notes": list(self.notes)}


@dataclass(frozen=True)
class SummedScale:
    """The common difference of a scale, from sums."""

    n: Arms
    mean_difference: Estimate
    p_value: float
    notes: tuple[str, ...] = (_NOTE,)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "n": self.n.as_dict(),
            "mean_difference": self.mean_difference.as_dict(),
            "p_value": plain(self.p_value),
            "notes": list(self.notes),
        }


def answers_of_events(c: Components) -> SummedEvents:
    """Return the answers that these sums give; the same as those of all tables together."""
    nothing = 1.0 if c.treated > 0 and c.control > 0 else nan  # as the test of all tables says it
    p_value = erfc(abs(c.score) / sqrt(2 * c.information)) if c.information > 0 else nothing
    return SummedEvents(
        n=Arms(round(c.treated), round(c.control)),
        events=Arms(round(c.treated_events), round(c.control_events)),
        risk_difference=_answer(c, "risk_difference"),
        risk_ratio=_answer(c, "risk_ratio"),
        odds_ratio=_answer(c, "odds_ratio"),
        peto_odds_ratio=peto(c.score, c.information),
        p_value=p_value,
    )


def answers_of_scale(sums: Within) -> SummedScale:
    """Return the common difference that these sums give."""
    n = Arms(round(sums.treated), round(sums.control))
    return SummedScale(n, sums.difference(), difference_test(sums).p_value)


def _answer(c: Components, measure: Measure) -> Estimate:
    method = MANTEL_HAENSZEL[measure]
    return as_estimate(method, method.compute(c.sums))
