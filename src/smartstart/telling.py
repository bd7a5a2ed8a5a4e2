"""Tell of one event: record it, let it count, and make the lists again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from smartstart import bookkeeping
from smartstart.errors import UsageError
from smartstart.pipeline import write_again
from smartstart.recording import Provenance, Report, find_person, record_events
from smartstart.statements import judge_statement
from smartstart.trial.events import EVERYTHING, EventRule, reportable

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace


@dataclass(frozen=True)
class Event:
    """What somebody tells of one woman. ``whom`` is her BSN, or an AGB code and a client number; it is never kept."""

    kind: str
    happened_on: date
    owner: str
    reason: str
    whom: str


@dataclass(frozen=True)
class Told:
    """What was recorded: the rule that follows, whether it was told before, and the lists as they are now."""

    rule: EventRule
    is_new: bool
    not_understood: bool
    lists: tuple[Path, ...]


def judge_event(kind: str, happened_on: date, today: date, owner: str, reason: str) -> None:
    """Judge all of an event but whom it is of. Raises UsageError."""
    reportable(kind)
    if happened_on > today:
        raise UsageError("--on lies in the future: give the day on which it happened.")
    judge_statement("--owner", owner)
    judge_statement("--reason", reason)


def tell_event(workspace: Workspace, event: Event, today: date, recorded_at: str) -> Told:
    """Record an event of one woman and make the lists again; the same event again changes nothing.

    Raises UsageError when it is not judged well, fits nobody, or would be taken back at once; StateError.
    """
    judge_event(event.kind, event.happened_on, today, event.owner, event.reason)
    rule = reportable(event.kind)
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        report = Report(find_person(warehouse, vault, event.whom), event.kind, event.happened_on)
        with warehouse.transaction():
            how = Provenance("command", event.owner, event.reason, recorded_at)
            new = record_events(warehouse, vault, bookkeeping.draw_keys(workspace), [report], how)
            counts_as = _counts_as(warehouse, report)
            if rule.undoes != EVERYTHING and not counts_as and _mistake_since(warehouse, report):
                raise UsageError(
                    "--on: a mistake was told of her for this day or a later one, which takes this event back too: "
                    "give the day on which you heard of it."
                )
        files = write_again(workspace, warehouse, vault)
    return Told(rule, new == 1, counts_as == {"unreadable"}, tuple(workspace.folder / file.path for file in files))


def _counts_as(warehouse: Warehouse, report: Report) -> set[str]:
    """Return the kinds under which a report counts now: its own, ``unreadable``, or none."""
    rows = warehouse.rows(
        "SELECT kind FROM register.notice WHERE person_id = $research_id AND happened_on = $happened_on"
        " AND kind IN ($kind, 'unreadable')",
        vars(report),
    )
    kinds = {row["kind"] for row in rows}
    return {report.kind} if report.kind in kinds else kinds


def _mistake_since(warehouse: Warehouse, report: Report) -> bool:
    mistakes = warehouse.rows(
        "SELECT happened_on FROM event WHERE research_id = $who AND kind = 'vergissing' AND happened_on >= $day"
        " UNION ALL SELECT happened_on FROM intake.notification"
        " WHERE person_id = $who AND kind = 'vergissing' AND happened_on >= $day",
        {"who": report.research_id, "day": report.happened_on},
    )
    return bool(mistakes)
