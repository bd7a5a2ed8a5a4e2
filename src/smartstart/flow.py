"""Read from the warehouse what the flow of participants needs, and count it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smartstart.register.build import select_of
from smartstart.releasing import has_run
from smartstart.trial.flow import Flow, Participant, flow_of
from smartstart.trial.uptake import Care

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

_FACTS = (
    "consent_missing", "deceased", "pregnancy_ended", "objected", "consent_withdrawn", "moved_away",
    "report_unreadable", "secrecy", "crossover", "unblinded",
)  # fmt: skip
_ANSWERS = ("accepted_on", "declined_on", "not_reached_on")


def participants(warehouse: Warehouse, given: Mapping[str, Care] | None = None) -> list[Participant]:
    """Return every woman ever seen in the trial, with what holds of her now; ``given`` is ``care_of``, if known."""
    if not has_run(warehouse):
        return []
    given = care_of(warehouse) if given is None else given
    decided = {
        row["research_id"]: row
        for row in warehouse.rows("SELECT research_id, verdict, reason FROM decision ORDER BY rowid")
    }  # the last decision on a woman counts
    drawn = {row["research_id"]: row for row in warehouse.rows("FROM allocation")}
    frozen = {row["research_id"] for row in warehouse.rows("SELECT research_id FROM frozen")}
    today = warehouse.rows("SELECT max(as_of) AS day FROM run")[0]["day"]
    return [
        replace(
            _participant(row, decided.get(row["research_id"]), drawn.get(row["research_id"])),
            frozen=row["research_id"] in frozen,
            helped=given[row["research_id"]].helped if row["research_id"] in given else None,
            past=row["due_date"] is not None and row["due_date"] < today,
        )
        for row in warehouse.rows(f"{select_of('participant')} ORDER BY research_id")
    ]


def care_of(warehouse: Warehouse) -> dict[str, Care]:
    """Return what each woman drawn was given, by research id, as of the last run."""
    day = warehouse.rows("SELECT max(as_of) AS day FROM run")[0]["day"]
    return {row.pop("research_id"): Care(**row) for row in warehouse.rows(select_of("care"), {"as_of": day})}


def flow_of_workspace(workspace: Workspace) -> Flow:
    """Return the flow of participants: exact counts of the restricted tier, not for publication."""
    with workspace.open_warehouse() as warehouse:
        return flow_of(participants(warehouse), workspace.programme.trial.arms)


def _participant(told: dict[str, Any], decided: dict[str, Any] | None, drawn: dict[str, Any] | None) -> Participant:
    return Participant(
        research_id=told["research_id"],
        verdict=decided["verdict"] if decided else None,
        why=decided["reason"] if decided else None,
        arm=drawn["arm"] if drawn else None,
        by_chance=drawn is None or drawn["marginal"] != "1",
        epoch=drawn["epoch"] if drawn else 1,
        erased=told["erased"],
        facts=frozenset(fact for fact in _FACTS if told[fact]),
        **{answer: told[answer] for answer in _ANSWERS},
    )
