"""The register and the predictors of a country, from monthly spells that are made on the spot, in little memory."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

AS_OF = date(2025, 6, 30)
MONTHS = 48  # of each woman's income, a row a month
PLACED = 25  # of so many children one has youth care with residence, each month a row of its own as well


def register(spells: int, memory: str) -> Callable[[], dict[str, int]]:
    """Fill an encrypted warehouse with so many monthly spells; what is timed builds the register and its predictors.

    Returns how many rows were read and built.
    """
    os.environ["SMARTSTART_MEMORY"] = memory
    from smartstart.contracts.odcs import load_contracts
    from smartstart.programme.loading import load_programme, programme_file
    from smartstart.register.build import build_register
    from smartstart.resources import shipped
    from smartstart.warehouse.warehouse import open_warehouse

    kept = tempfile.TemporaryDirectory(prefix="spells-")
    contracts = load_contracts(shipped("data_contracts"))
    opened = open_warehouse(Path(kept.name) / "w.duckdb", secrets.token_bytes(32), contracts)
    warehouse = opened.__enter__()
    programme = load_programme(programme_file("heusden"))
    women = spells * PLACED // (MONTHS * (PLACED + 1))
    for table, select in FILLED.items():
        named = {"women": women, "months": MONTHS, "placed": PLACED}
        used = {name: value for name, value in named.items() if f"${name}" in select}
        warehouse.run(f"INSERT INTO {table} BY NAME SELECT 'bench' AS delivery_id, {select}", used)
    warehouse.run("CHECKPOINT")

    def run() -> dict[str, int]:
        with warehouse.transaction():
            build_register(warehouse, programme, AS_OF, "bench", lives_in=None)
        read = sum(_count(warehouse, f"intake.{table}") for table in ("income", "youth_care"))
        found = {table: _count(warehouse, f"register.{table}") for table in ("outcome", "factor", "predictor")}
        opened.__exit__(None, None, None)
        kept.cleanup()
        return {"spells": read, **found}

    return run


def _count(warehouse: Any, table: str) -> int:
    return int(warehouse.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"])


_WOMAN, _CHILD = "printf('%016x', w)", "printf('%016x', w + 1000000000)"
_BORN = "DATE '2018-01-01' + CAST(w % 1800 AS INTEGER)"
FILLED = {
    "delivery": "1 AS sequence, 'register' AS pipeline, 'all' AS period, '' AS fingerprint, DATE '2025-06-30' AS as_of,"
    " DATE '2025-06-30' AS delivered, true AS is_current, false AS was_corrected",
    "intake.person": f"w AS file_row, {_WOMAN} AS person_id, {_BORN} - 9000 AS birth_date_earliest,"
    f" {_BORN} - 9000 AS birth_date_latest, '0797' AS municipality FROM range($women) AS t(w)"
    f" UNION ALL BY NAME SELECT 'bench' AS delivery_id, w AS file_row, {_CHILD} AS person_id,"
    f" {_BORN} AS birth_date_earliest, {_BORN} AS birth_date_latest, '0797' AS municipality FROM range($women) AS t(w)",
    "intake.child": f"w AS file_row, {_WOMAN} AS mother_id, {_CHILD} AS child_id, {_BORN} AS born_on_earliest,"
    f" {_BORN} AS born_on_latest FROM range($women) AS t(w)",
    "intake.questionnaire": f"w AS file_row, {_WOMAN} AS person_id, '08990101' AS practice, {_BORN} - 180 AS filled_on,"
    f" {_BORN} AS due_date, 'nulmeting' AS moment, {_BORN} - 180 AS consented_on, w % 9 = 0 AS smokes"
    " FROM range($women) AS t(w)",
    "intake.household": f"w AS file_row, {_WOMAN} AS person_id, {_BORN} - 200 AS reference_date,"
    " CASE WHEN w % 5 = 0 THEN 'alleenstaand' ELSE 'gehuwd_paar' END AS household_type, 0 AS children_at_home"
    " FROM range($women) AS t(w)",
    "intake.housing": f"w AS file_row, {_WOMAN} AS person_id, {_BORN} - 200 AS reference_date, 'huur' AS tenure,"
    " w % 4 = 0 AS rent_allowance FROM range($women) AS t(w)",
    "intake.income": f"w AS file_row, {_WOMAN} AS person_id,"
    f" CAST({_BORN} - m * INTERVAL 1 MONTH AS DATE) AS reference_date, (w + m) % 3 > 0 AS paid_work, 'geen' AS benefit"
    " FROM range($women) AS t(w), range($months) AS u(m)",
    "intake.youth_care": f"w AS file_row, {_CHILD} AS child_id, '12' AS care_type, '' AS product,"
    f" CAST({_BORN} + (m + 3) * INTERVAL 1 MONTH AS DATE) AS started_on_earliest,"
    " started_on_earliest AS started_on_latest,"
    f" CAST({_BORN} + (m + 4) * INTERVAL 1 MONTH AS DATE) AS ended_on_earliest, ended_on_earliest AS ended_on_latest"
    " FROM range($women) AS t(w), range($months) AS u(m) WHERE w % $placed = 0",
    "intake.measure": f"w AS file_row, {_CHILD} AS child_id, '11' AS measure_type,"
    f" CAST({_BORN} + INTERVAL 3 MONTH AS DATE) AS started_on_earliest, started_on_earliest AS started_on_latest"
    " FROM range($women) AS t(w) WHERE w % $placed = 0",
}
