"""Build the register as of a day: the tables in their order, each from its own SQL file."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from smartstart.programme import Programme

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse

TABLES = (
    "notice", "registration", "person", "child", "questionnaire", "answer", "pregnancy", "status", "factor",
    "stay", "protection", "placement", "outcome", "candidate",
)  # fmt: skip


SCORED = "factor"  # the one table that only a score needs


def build_register(warehouse: Warehouse, programme: Programme, as_of: date, delivery_id: str) -> None:
    """Make every table of the schema ``register`` anew from what was delivered on or before ``as_of``."""
    _list(warehouse, "horizon", "months INTEGER", [{"months": m} for m in programme.outcome.horizons_months])
    products = [{"product": p} for p in programme.outcome.parent_and_child_products]
    _list(warehouse, "parent_and_child_product", "product VARCHAR", products)
    values: dict[str, Any] = {"as_of": as_of, "delivery_id": delivery_id}
    if programme.score:
        values["young_mother_age"] = programme.score.young_mother_age
    for table in TABLES:
        if table == SCORED and not programme.score:
            warehouse.run(f"DROP TABLE IF EXISTS register.{SCORED}")  # no ground for it, so not even kept
            continue
        sql = select_of(table)
        used = {name: value for name, value in values.items() if re.search(rf"\${name}\b", sql)}
        warehouse.run(f"CREATE OR REPLACE TABLE register.{table} AS {sql}", used)


def select_of(table: str) -> str:
    """Return the SELECT that makes a table of the register."""
    return files("smartstart.register").joinpath(f"{table}.sql").read_text(encoding="utf-8")


def _list(warehouse: Warehouse, table: str, column: str, rows: list[dict[str, Any]]) -> None:
    warehouse.run(f"CREATE OR REPLACE TABLE register.{table} ({column})")
    warehouse.insert_rows(f"register.{table}", rows)
