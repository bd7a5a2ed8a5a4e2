"""How long things are kept: what is due, and destroying what is, with a record that names nobody."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartstart import access, bookkeeping, drawing, erasing
from smartstart.backups import backups
from smartstart.crash_points import reached
from smartstart.extracts.finding import checksum
from smartstart.identity.keys import read_key
from smartstart.warehouse.warehouse import rebuild

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

QUARANTINE, WOMEN, ACCESS, BACKUPS = "rows in quarantine", "women", "entries of the access log", "backups"
RULES: Final = {
    QUARANTINE: "retention.quarantine_days after their delivery",
    WOMEN: "consent.linkage_years after her last consent",
    ACCESS: "retention.access_days after the access",
    BACKUPS: "retention.backup_days after they were made",
}


@dataclass(frozen=True)
class Due:
    """One kind of thing: how many are kept, how many of them are due, and on which day the next one is."""

    what: str
    rule: str
    kept: int
    due: int
    next_on: date | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "next_on": self.next_on.isoformat() if self.next_on else None}


@dataclass(frozen=True)
class Retention:
    """What is kept and due on a day, the backups with their last day, and what was destroyed before."""

    as_of: date
    items: tuple[Due, ...]
    backups: tuple[dict[str, Any], ...]
    destroyed: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "as_of": self.as_of.isoformat(),
            "items": [item.as_dict() for item in self.items],
            "backups": [_plain(one) for one in self.backups],
            "destroyed": [_plain(one) for one in self.destroyed],
        }


@dataclass(frozen=True)
class Destroyed:
    """How many of what were destroyed, the bytes that were searched then, and what a person must still destroy."""

    amounts: dict[str, int]
    searched_bytes: int
    by_hand: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "by_hand": list(self.by_hand)}


def status(workspace: Workspace, today: date) -> Retention:
    """Return what is kept and what is due."""
    with workspace.open() as (warehouse, vault):
        days = {
            QUARANTINE: [day + timedelta(days=1) for day in vault.quarantine_days()],
            WOMEN: sorted(_last_days(workspace, warehouse).values()),
            ACCESS: [_access_until(workspace, entry) for entry in access.read_log(workspace.folder)],
            BACKUPS: [row["expires_on"] for row in backups(warehouse)],
        }
        return Retention(
            as_of=today,
            items=tuple(_due(what, found, today) for what, found in days.items()),
            backups=tuple(backups(warehouse)),
            destroyed=tuple(warehouse.rows("SELECT * FROM destruction ORDER BY destroyed_on, what")),
        )


def run(workspace: Workspace, today: date, recorded_at: str, confirm: Callable[[dict[str, int]], bool]) -> Destroyed:
    """Destroy what is due. ``confirm`` is asked once, with how much of what. Raises Declined, StateError.

    Women go as by ``trial erase``. Both database files are made anew and searched; the record says how much of what
    went, under whose rule, and never of whom. It is written before anything is destroyed, so that nothing can be gone
    without a record; its searched bytes are 0 until all of it is done, and the same command finishes what was cut off.
    """
    found = {item.what: item.due for item in status(workspace, today).items}
    if any(found.values()) and not confirm(found):
        raise erasing.Declined("Nothing was destroyed: the question was not answered with yes.")
    keep = workspace.programme.retention
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        women = _women_due(workspace, warehouse, today)
        if women:
            drawing.refuse_pending(warehouse)
        amounts = _announce(workspace, warehouse, vault, today)
        reached("destruction_announced")
        vault.destroy_quarantined(today)
        by_hand = _destroy_backups(warehouse, today)
    access.keep_since(workspace.folder, today - timedelta(days=keep.access_days))
    if women:  # an erasure makes the file anew itself
        request = erasing.Request(keep.owner, keep.reason, recorded_at)
        proof = erasing.erase_these(workspace, women, request, today).proof
    else:
        proof = rebuild(workspace.warehouse_file, read_key(workspace.keys_folder, "warehouse"))
    reached("destroyed_not_recorded")
    with workspace.open_warehouse() as warehouse, warehouse.transaction():
        warehouse.run(
            "UPDATE destruction SET searched_bytes = $bytes WHERE searched_bytes = 0", {"bytes": proof.searched_bytes}
        )
    return Destroyed(amounts, proof.searched_bytes, by_hand)


def _announce(workspace: Workspace, warehouse: Warehouse, vault: Vault, today: date) -> dict[str, int]:
    """Record what is about to be destroyed; returns how much of what, with what an interrupted run announced."""
    open_rows = warehouse.rows("SELECT destroyed_on, what, amount FROM destruction WHERE searched_bytes = 0")
    amounts = _amounts(workspace, warehouse, vault, today)
    if open_rows:  # what is left of it stands in its record already
        left = _amounts(workspace, warehouse, vault, max(row["destroyed_on"] for row in open_rows))
        amounts = {what: amount - left[what] for what, amount in amounts.items()}
    keep = workspace.programme.retention
    common = {"destroyed_on": today, "owner": keep.owner, "reason": keep.reason, "searched_bytes": 0}
    rows = [common | {"what": what, "amount": amount} for what, amount in amounts.items() if amount]
    if rows:
        with warehouse.transaction():
            warehouse.insert_rows("destruction", rows)
    told = Counter(amounts)
    for row in open_rows:
        told[row["what"]] += row["amount"]
    return {what: told[what] for what in RULES}


def _amounts(workspace: Workspace, warehouse: Warehouse, vault: Vault, day: date) -> dict[str, int]:
    """Return how much of what is due on a day and can be destroyed by the program."""
    entries = access.read_log(workspace.folder)
    return {
        QUARANTINE: sum(last < day for last in vault.quarantine_days()),
        WOMEN: len(_women_due(workspace, warehouse, day)),
        ACCESS: sum(_access_until(workspace, entry) <= day for entry in entries),
        BACKUPS: sum(row["expires_on"] <= day and _is_here(row) for row in backups(warehouse)),
    }


def _women_due(workspace: Workspace, warehouse: Warehouse, day: date) -> set[str]:
    return {who for who, last in _last_days(workspace, warehouse).items() if last <= day}


def _last_days(workspace: Workspace, warehouse: Warehouse) -> dict[str, date]:
    """Return for each woman known by consent the first day on which her data are due."""
    years = workspace.programme.consent.linkage_years
    rows = warehouse.rows(
        "SELECT q.person_id, max(q.consented_on) AS given FROM intake.questionnaire AS q"
        " INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id WHERE d.pipeline <> 'register'"
        " GROUP BY q.person_id HAVING max(q.consented_on) IS NOT NULL"
    )
    return {row["person_id"]: _years_after(row["given"], years) for row in rows}


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)


def _access_until(workspace: Workspace, entry: access.Access) -> date:
    return entry.at.date() + timedelta(days=workspace.programme.retention.access_days + 1)


def _due(what: str, days: list[date], today: date) -> Due:
    later = [day for day in days if day > today]
    return Due(what, RULES[what], len(days), len(days) - len(later), min(later, default=None))


def _is_here(row: dict[str, Any]) -> bool:
    """Tell whether a backup lies where it was written, whole, or emptied by a run that was cut off."""
    path = Path(row["path"])
    return path.is_file() and (not path.stat().st_size or checksum(path) == row["sha256"])


def _destroy_backups(warehouse: Warehouse, today: date) -> tuple[str, ...]:
    """Remove expired backups that lie where they were written; return what a person must look for."""
    by_hand = []
    for row in backups(warehouse):
        if row["expires_on"] > today:
            continue
        if not _is_here(row):
            by_hand.append(
                f"The backup of {row['made_on']} (sha256 {row['sha256'][:12]}…) is not where it was written: destroy "
                "it where it lies now."
            )
            continue
        # emptied, noted, removed: cut off in between, what is left is an empty file that is known as ours
        os.truncate(row["path"], 0)
        reached("backup_emptied")
        with warehouse.transaction():
            warehouse.run(
                "UPDATE backup SET destroyed_on = $day WHERE sha256 = $sha", {"sha": row["sha256"], "day": today}
            )
        Path(row["path"]).unlink()
    return tuple(by_hand)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
