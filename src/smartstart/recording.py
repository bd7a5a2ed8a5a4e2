"""Record what was told of a woman by command or on a list that came back; find whom it was told of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from secrets import token_hex
from typing import TYPE_CHECKING, Literal

from smartstart.bookkeeping import DrawKeys, seal_events
from smartstart.errors import UsageError
from smartstart.register.build import build_told
from smartstart.trial.canonical import sha256_of
from smartstart.trial.events import reportable

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse

_CLIENT = re.compile(r"([0-9]{8})(?:\s*/\s*|\s+)(\S.*)")  # AGB code, then the number of a client


@dataclass(frozen=True)
class Report:
    """One thing that was told of one woman: ``kind`` is a code of the meldingen."""

    research_id: str
    kind: str
    happened_on: date


@dataclass(frozen=True)
class Provenance:
    """How something became known: by command or on a returned list, from whom, why, and when (UTC)."""

    source: Literal["command", "terugkoppeling"]
    owner: str
    reason: str
    recorded_at: str


def record_events(
    warehouse: Warehouse, vault: Vault, keys: DrawKeys, reports: Iterable[Report], how: Provenance
) -> int:
    """Append reports to the events, seal them in the ledger, and let them count at once; returns how many were new.

    The caller holds the transaction and has judged the reason: it holds no name and no number of a person.
    Raises UsageError for a kind that nobody can report.
    """
    told = {_event_id(report): report for report in reports}
    for report in told.values():
        reportable(report.kind)
    known = {row["event_id"] for row in warehouse.rows("SELECT event_id FROM event")}
    fresh = {event_id: report for event_id, report in told.items() if event_id not in known}
    rows = [{"event_id": key} | vars(fresh[key]) | vars(how) | {"salt": token_hex(16)} for key in sorted(fresh)]
    warehouse.insert_rows("event", rows)
    build_told(warehouse)
    seal_events(warehouse, vault, keys, fresh)
    return len(fresh)


def find_person(warehouse: Warehouse, vault: Vault, text: str) -> str:
    """Return the research id of the woman whom ``text`` names: a BSN, or an AGB code and a client number.

    Raises UsageError, without what was typed, when it fits nobody, or a child.
    """
    from stdnum.nl import bsn

    text = text.strip()
    if re.fullmatch("[0-9]{9}", text):
        if not bsn.is_valid(text):
            raise UsageError("The BSN fails the elfproef, so a digit is wrong: type it again.")
        found = vault.known_ids([text]).get(text)
    elif client := _CLIENT.fullmatch(text):
        found = vault.clients(client[1]).get(client[2])
    else:
        raise UsageError(
            "This is neither a BSN (nine digits) nor an AGB code (eight digits) with a client number: type one of them."
        )
    if found is None:
        raise UsageError(
            "Nobody in this workspace has this number: check it, or deliver the report in meldingen, which also takes "
            "women who are not known yet."
        )
    if _is_only_a_child(warehouse, found):
        raise UsageError("This is the number of a child: type that of the mother.")
    return found


def _event_id(report: Report) -> str:
    return sha256_of(["smartstart/1/event", report.research_id, report.kind, report.happened_on.isoformat()])


def _is_only_a_child(warehouse: Warehouse, research_id: str) -> bool:
    return bool(
        warehouse.rows(
            "SELECT 1 AS one WHERE $who IN (SELECT child_id FROM intake.child)"
            " AND $who NOT IN (SELECT person_id FROM intake.questionnaire)",
            {"who": research_id},
        )
    )
