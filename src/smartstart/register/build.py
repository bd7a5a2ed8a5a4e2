"""Build the register as of a day: the tables in their order, each from its own SQL file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from smartstart import calendar
from smartstart.programme.sections import Programme
from smartstart.trial.events import EVENTS

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse

TABLES = (
    "notice", "registration", "person", "child", "questionnaire", "answer", "pregnancy", "status", "subject",
    "household", "income", "housing", "factor", "stay", "protection", "placement", "followed", "event", "outcome",
    "offspring", "predictor", "candidate",
)  # fmt: skip


# Numbers that statements share with one another and with Python, by the name that stands for them in the SQL.
NUMBERS: Final = {
    "pregnancy_days": calendar.PREGNANCY_DAYS,
    "same_pregnancy_days": calendar.SAME_PREGNANCY_DAYS,
    "earliest_birth_days": calendar.EARLIEST_BIRTH_DAYS,
    "overdue_days": calendar.OVERDUE_DAYS,
    "late_birth_days": calendar.LATE_BIRTH_DAYS,
}
PREDICTORS = "predictor"  # what only a model needs
SCORED = ("household", "income", "housing", "factor", PREDICTORS)  # the tables that only a score needs
TOLD = "notice"  # the one table that can change between two runs
RULE_COLUMNS = ("code", "invitations", "questionnaires", "hand_over", "analysis", "fact", "undoes", "fits_pregnancy")


@dataclass(frozen=True)
class Statement:
    """The SELECT that makes a table, with its bound values; None where the programme has no ground for the table."""

    table: str
    sql: str | None
    values: Mapping[str, Any]


def build_register(
    warehouse: Warehouse, programme: Programme, as_of: date, delivery_id: str, *, lives_in: str | None = ""
) -> None:
    """Make every table of the schema ``register`` anew from what was delivered on or before ``as_of``.

    ``lives_in`` is the municipality whose leavers are no longer followed, by default the programme's; None, as for the
    register of a country, follows children everywhere.
    """
    put_lists(warehouse, programme)
    for one in statements(programme, as_of, delivery_id, lives_in=lives_in):
        make(warehouse, one)


def statements(programme: Programme, as_of: date, delivery_id: str, *, lives_in: str | None = "") -> list[Statement]:
    """Return what makes the register, table by table, each from those before it; as for ``build_register``."""
    values: dict[str, Any] = {
        "as_of": as_of,
        "delivery_id": delivery_id,
        "municipality": programme.municipality.code if lives_in == "" else lives_in,
    }
    if programme.score:
        values["young_mother_age"] = programme.score.young_mother_age
    found = []
    for table in TABLES:
        if (table in SCORED and not programme.score) or (table == PREDICTORS and not programme.model):
            found.append(Statement(table, None, {}))
            continue
        sql = select_of(table)
        used = {name: value for name, value in values.items() if re.search(rf"\${name}\b", sql)}
        found.append(Statement(table, sql, used))
    return found


def make(warehouse: Warehouse, one: Statement, *, empty: bool = False) -> None:
    """Make a table anew, or take it away; ``empty`` makes its columns only, for rows that were computed elsewhere."""
    if one.sql is None:
        warehouse.run(f"DROP TABLE IF EXISTS register.{one.table}")  # no ground for it, so not even kept
    else:
        sql = f"SELECT * FROM ({one.sql}) LIMIT 0" if empty else one.sql
        warehouse.run(f"CREATE OR REPLACE TABLE register.{one.table} AS {sql}", one.values)


def put_lists(warehouse: Warehouse, programme: Programme) -> None:
    """Put the programme's horizons and products, and the rules of events, beside the tables that follow them."""
    _list(warehouse, "horizon", "months INTEGER", [{"months": m} for m in programme.outcome.horizons_months])
    products = [{"product": p} for p in programme.outcome.parent_and_child_products]
    _list(warehouse, "parent_and_child_product", "product VARCHAR", products)
    _list_rules(warehouse)


def build_told(warehouse: Warehouse) -> None:
    """Make anew what was told of women, which knows no "as of"; an event counts at once, not at the next run."""
    _list_rules(warehouse)
    warehouse.run(f"CREATE OR REPLACE TABLE register.{TOLD} AS {select_of(TOLD)}")


def select_of(table: str) -> str:
    """Return the SELECT that makes a table of the register, with the numbers that it names in braces.

    They are constants of the package, and part of the statement; what comes from outside is bound.
    """
    sql = files("smartstart.register").joinpath(f"{table}.sql").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda name: str(NUMBERS[name[1]]), sql)


def _list_rules(warehouse: Warehouse) -> None:
    """Put the rules of the events beside the tables that follow them; they have an effect through these alone."""
    columns = ", ".join(f"{name} {'BOOLEAN' if name == 'fits_pregnancy' else 'VARCHAR'}" for name in RULE_COLUMNS)
    _list(warehouse, "event_rule", columns, [{name: getattr(rule, name) for name in RULE_COLUMNS} for rule in EVENTS])


def _list(warehouse: Warehouse, table: str, column: str, rows: list[dict[str, Any]]) -> None:
    warehouse.run(f"CREATE OR REPLACE TABLE register.{table} ({column})")
    warehouse.insert_rows(f"register.{table}", rows)
