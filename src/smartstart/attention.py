"""What a person must look at, in sentences without names: the same after a run and in ``smartstart status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart import bookkeeping, releasing
from smartstart.deliveries import last_day
from smartstart.designing import design_warning
from smartstart.status_data import status_is_old
from smartstart.trial.eligibility import REASONS, WAITING

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace


def attention(workspace: Workspace, warehouse: Warehouse) -> list[str]:
    """Return what a person must look at, in sentences without names."""
    found = []
    for row in warehouse.rows(
        "SELECT d.period, count(*) AS n FROM quarantine AS q INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id"
        " WHERE d.is_current GROUP BY d.period, d.sequence ORDER BY d.sequence"
    ):
        found.append(
            f"{row['period']}: {_counted(row['n'], 'fault')} in quarantine; "
            f"see 'smartstart quarantine --period {row['period']}'."
        )
    for row in warehouse.rows(
        "SELECT batch, reason, count(*) AS n FROM decision WHERE verdict = 'uncertain'"
        " AND batch = (SELECT batch FROM decision ORDER BY rowid DESC LIMIT 1) GROUP BY ALL ORDER BY reason"
    ):
        found.append(
            f"{row['batch']}: {_women(row['n'])} could not be judged ({row['reason'].replace('_', ' ')}). "
            f"{REASONS[row['reason']]}"
        )
    if releasing.has_run(warehouse):
        for row in releasing.blocked_since(warehouse, workspace.programme.municipality.code):
            found.append(
                f"{row['batch']}: {_women(row['women'])} of practice {row['practice']} may no longer be invited; give "
                f"the practice {releasing.recall_list(row['practice'])} and the new list, made again without her, "
                "today."
            )
        found += _later_questionnaires(workspace, warehouse)
    for row in warehouse.rows(
        "SELECT batch, count(*) AS n FROM decision WHERE reason = $waiting"
        " AND batch = (SELECT batch FROM decision ORDER BY rowid DESC LIMIT 1) GROUP BY batch",
        {"waiting": WAITING},
    ):
        found.append(f"{row['batch']}: {_women(row['n'])} wait for room in the team (trial, capacity_per_month).")
    if releasing.has_run(warehouse) and (stopped := releasing.said_yes_and_blocked(warehouse, workspace.programme)):
        found.append(
            f"{_women(stopped)} who said yes may no longer be visited: call the support team today, and replace its "
            "list with a new one ('smartstart lists handover')."
        )
    if pending := (bookkeeping.read_ledger(warehouse).pending):
        found.append(f"{pending.batch}: frozen and not drawn yet; finish it with 'smartstart trial draw'.")
    if warning := design_warning(workspace.programme):
        found.append(warning)
    return found


def _later_questionnaires(workspace: Workspace, warehouse: Warehouse) -> list[str]:
    due = releasing.questionnaires_due(warehouse, workspace.programme)
    if not due:
        return []
    if status_is_old(workspace.programme, warehouse, last_day(warehouse)):
        return [
            f"{_counted(len(due), 'questionnaire')} may be due, and no list was made of them: the status data "
            "(personen, meldingen) are too old; deliver them."
        ]
    return []


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _women(number: int) -> str:
    return "1 woman" if number == 1 else f"{number} women"
