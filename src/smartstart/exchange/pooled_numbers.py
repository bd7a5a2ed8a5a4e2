"""From the rows of a summary to what is pooled: tables, sums of a scale, or one number by name for each mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from smartstart.errors import DataRefused
from smartstart.exchange.summary import Cell, Summary
from smartstart.trial.pooling.additive import (
    SummedEvents,
    SummedScale,
    answers_of_events,
    answers_of_scale,
    components,
    components_from,
)
from smartstart.trial.pooling.records import Pair, ScaleSums, Table2
from smartstart.trial.pooling.scales import Within, added

Outcome = tuple[str, str, str]  # outcome, kind, at
_BETWEEN: Final = "|"  # of outcome, kind, wave or month, and sum; none of them holds it


def outcomes_of(summary: Summary) -> list[Outcome]:
    """Return the outcomes of an exact summary, in its order."""
    return list(dict.fromkeys((row.outcome, row.kind, row.at) for row in summary.cells()))


def tables_of(summary: Summary, outcome: Outcome) -> list[Table2]:
    """Return the 2×2 tables of an event, one for each stratum. Raises DataRefused when an arm is missing or strange."""
    return [
        Table2(_label(summary), stratum, t.events or 0, t.known, c.events or 0, c.known)
        for stratum, (t, c) in _by_stratum(summary, outcome).items()
    ]


def scale_sums_of(summary: Summary, outcome: Outcome) -> list[ScaleSums]:
    """Return the sums of a scale, one for each stratum. Raises DataRefused when an arm is missing or strange."""
    found = []
    for stratum, (t, c) in _by_stratum(summary, outcome).items():
        pairs = [_pair(t, c, name) for name in ("sum_y", "sum_x", "sum_yy", "sum_xx", "sum_xy")]
        found.append(ScaleSums(_label(summary), stratum, (t.known, c.known), *pairs))
    return found


def numbers_of(summary: Summary) -> dict[str, float]:
    """Return everything of an exact summary that adds up over municipalities, by name."""
    found: dict[str, float] = {}
    for outcome in outcomes_of(summary):
        is_event = outcome[1] == "event"
        sums = components(tables_of(summary, outcome)) if is_event else added(scale_sums_of(summary, outcome))
        found |= {_BETWEEN.join((*outcome, name)): value for name, value in sums.as_numbers().items()}
    return found


def answers_of(sums: Mapping[str, float]) -> dict[Outcome, SummedEvents | SummedScale]:
    """Return the answers that summed numbers give. Raises DataRefused when a sum is missing or one too many."""
    by_outcome: dict[Outcome, dict[str, float]] = {}
    for name, value in sums.items():
        parts = name.split(_BETWEEN)
        if len(parts) != 4:
            raise _not_ours()
        by_outcome.setdefault((parts[0], parts[1], parts[2]), {})[parts[3]] = value
    found: dict[Outcome, SummedEvents | SummedScale] = {}
    for outcome, numbers in by_outcome.items():
        try:
            if outcome[1] == "event":
                found[outcome] = answers_of_events(components_from(numbers))
            else:
                found[outcome] = answers_of_scale(Within(**{f.name: numbers[f.name] for f in fields(Within)}))
        except KeyError:
            raise _not_ours() from None
    return found


def _by_stratum(summary: Summary, outcome: Outcome) -> dict[str, tuple[Cell, Cell]]:
    """Return the treated and the control cell of each stratum."""
    cells: dict[str, dict[str, Cell]] = {}
    for row in summary.cells():
        if (row.outcome, row.kind, row.at) == outcome:
            cells.setdefault(row.stratum, {})[row.arm] = row
    if any(set(pair) != set(summary.arms) for pair in cells.values()):
        raise DataRefused(
            f"The summary of municipality {summary.municipality} lacks an arm of a stratum, or has a strange one: ask "
            "for the file as it was made."
        )
    return {stratum: (pair[summary.treated], pair[summary.control]) for stratum, pair in cells.items()}


def _label(summary: Summary) -> str:
    return f"{summary.name} ({summary.municipality})"


def _pair(treated: Cell, control: Cell, name: str) -> Pair:
    return float(getattr(treated, name)), float(getattr(control, name))


def _not_ours() -> DataRefused:
    return DataRefused("The masked files do not hold the sums that 'trial summary' makes: ask for them again.")
