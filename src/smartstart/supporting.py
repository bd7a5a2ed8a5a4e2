"""What is read of the support of mothers for those who run it: totals of their plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart.errors import StateError
from smartstart.releasing import agreed_steps, has_run
from smartstart.support.plans import SupportPlanTotals, totals_of

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace


def plan_totals(workspace: Workspace) -> SupportPlanTotals:
    """Return totals of all plans as of the last run. Raises StateError before the first run."""
    with workspace.open_warehouse() as warehouse:
        if not has_run(warehouse):
            raise StateError("Nothing was loaded yet: run a pipeline first.")
        return totals_now(warehouse)


def totals_now(warehouse: Warehouse) -> SupportPlanTotals:
    """Return totals of all plans as of the last run, of which there is one."""
    day = warehouse.rows("SELECT as_of FROM run ORDER BY sequence DESC LIMIT 1")[0]["as_of"]
    return totals_of(agreed_steps(warehouse), day)
