"""How old is what is known of deaths and losses: nobody is drawn, and no list is used, on status data that are too old.

Status data are the files personen and meldingen. A draw and its lists want those that came in the order of the
pipelines that draw; a list of what is due or overdue, those of whichever delivery.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from smartstart.errors import PolicyRefused

if TYPE_CHECKING:
    from smartstart.programme.sections import Programme
    from smartstart.warehouse.warehouse import Warehouse

DRAWING = ("quarterly", "weekly")  # the pipelines that draw
_RUNS = f"FROM run WHERE pipeline IN {DRAWING}"


def refuse_stale_extracts(programme: Programme, warehouse: Warehouse | None, as_of: date, delivered: date) -> None:
    """Raise PolicyRefused when status data of this day are too old for a draw that counts as done ``as_of``.

    With a warehouse what was loaded before counts as well: a correction may bring old data.
    """
    newest = max(delivered, (warehouse and _newest(warehouse)) or delivered)
    if not _too_old(programme, newest, as_of):
        return
    raise PolicyRefused(
        f"The status extracts (personen, meldingen) are {(as_of - newest).days} days older than the as-of date and the "
        f"programme allows {programme.lists.status_max_age_days}: deliver fresh ones and say so with --delivered, or "
        "give the --as-of date of this run."
    )


def refuse_old_status(programme: Programme, warehouse: Warehouse, as_of: date | None) -> date:
    """Return the day on which a list will be used: ``as_of``, or that of the last run that brought status data.

    Raises PolicyRefused when the newest status data are absent, or too old for a list on that day.
    """
    newest = _newest(warehouse)
    if newest is None:
        raise PolicyRefused(
            "No list is made without status data (personen, meldingen): load them with 'smartstart run weekly' or "
            "'smartstart run quarterly' first."
        )
    day = as_of or _day(warehouse, f"SELECT max(as_of) AS day {_RUNS}") or newest
    if _too_old(programme, newest, day):
        raise PolicyRefused(
            f"No list is made: the newest status data (personen, meldingen) are {(day - newest).days} days old, the "
            f"programme allows {programme.lists.status_max_age_days}, and a loss may have happened since; deliver "
            "fresh ones with 'smartstart run weekly'."
        )
    return day


def status_is_old(programme: Programme, warehouse: Warehouse, day: date) -> bool:
    """Tell whether deaths and losses were last told too long before a day, by whichever delivery."""
    told = _day(
        warehouse,
        "SELECT max(d.delivered) AS day FROM delivery AS d"
        " INNER JOIN delivered_file AS p ON p.delivery_id = d.delivery_id AND p.contract = 'personen'"
        " INNER JOIN delivered_file AS n ON n.delivery_id = d.delivery_id AND n.contract = 'meldingen'",
    )
    return told is None or _too_old(programme, told, day)


def _newest(warehouse: Warehouse) -> date | None:
    return _day(warehouse, f"SELECT max(delivered) AS day {_RUNS}")


def _too_old(programme: Programme, told: date, day: date) -> bool:
    return (day - told).days > programme.lists.status_max_age_days


def _day(warehouse: Warehouse, sql: str) -> date | None:
    day: date | None = warehouse.rows(sql)[0]["day"]
    return day
