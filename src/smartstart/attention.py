"""What a person must look at, in sentences without names: the same after a run and in ``smartstart status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart import drawing, releasing
from smartstart.trial.eligibility import REASONS

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
                f"{row['batch']}: {_women(row['women'])} of practice {row['practice']} may no longer be invited; "
                "the list was made again: replace it at the practice today."
            )
    if warning := drawing.design_warning(workspace.programme, _practices(warehouse)):
        found.append(warning)
    return found


def _practices(warehouse: Warehouse) -> int:
    return int(warehouse.rows("SELECT count(DISTINCT practice) AS n FROM intake.questionnaire")[0]["n"])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _women(number: int) -> str:
    return "1 woman" if number == 1 else f"{number} women"
