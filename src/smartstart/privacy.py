"""A woman's rights: what is kept of her, as a list to look at and as a file to hand over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from smartstart import bookkeeping
from smartstart.erasing import children_of, columns_of_persons
from smartstart.outputs import json_bytes
from smartstart.outreach.pages import words
from smartstart.recording import find_person
from smartstart.sealing import sealed_container, write_sealed

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

NAME: Final = "inzage"
# What each table says of her; of the tables in 'intake' the contract says it.
WORDS: Final = {
    "allocation": "what the draw gave her",
    "answer": "her answers to the items of the questionnaires",
    "decision": "whether she could be drawn, and why",
    "erasure": "that she was erased",
    "event": "what was told of her by command or on a list",
    "explanation": "that a person had her score explained",
    "frozen": "that she was in a batch before its draw",
    "handed_list": "that she stood on a list that a practice was handed",
    "invitation": "on which lists she stood",
}
DERIVED: Final = "reckoned from what was delivered"


@dataclass(frozen=True)
class Part:
    """One table: what it says of her, and how many rows it has on her."""

    table: str
    what: str
    rows: int


@dataclass(frozen=True)
class Kept:
    """What is kept of one woman, counted; never the content. ``contact`` are the kinds of sealed contact data."""

    parts: tuple[Part, ...]
    contact: tuple[str, ...]
    drawn: bool
    objected: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "parts": [vars(part) for part in self.parts], "contact": list(self.contact)}


@dataclass(frozen=True)
class HandedOver:
    """The encrypted file with all that is kept of one woman, and where its passphrase lies."""

    file: Path
    passphrase_file: Path
    rows: int


def show(workspace: Workspace, whom: str) -> Kept:
    """Count what is kept of a woman. Raises UsageError when the number fits nobody."""
    with workspace.open() as (warehouse, vault):
        woman = find_person(warehouse, vault, whom)
        found = _rows_of(warehouse, woman)
        objected = warehouse.rows(
            "SELECT 1 AS one FROM register.notice WHERE person_id = $who AND kind = 'bezwaar'", {"who": woman}
        )
        return Kept(
            parts=tuple(Part(table, _what(workspace, table), len(rows)) for table, rows in found.items()),
            contact=tuple(sorted({kind.partition("/")[0] for kind in vault.contacts(woman)})),
            drawn=bool(found.get("main.allocation")),
            objected=bool(objected),
        )


def export(workspace: Workspace, whom: str, out: Path, today: date) -> HandedOver:
    """Write all that is kept of a woman to an encrypted file, machine-readable, for her alone.

    Her score and band are in it: whoever is profiled may know how (AVG art. 15(1)(h)). Raises UsageError when the
    number fits nobody.
    """
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        woman = find_person(warehouse, vault, whom)
        found, contact = _rows_of(warehouse, woman), vault.contacts(woman)
    told = {
        "made_on": today.isoformat(),
        "municipality": workspace.programme.municipality.name,
        "contact": [{"kind": kind, **values} for kind, values in sorted(contact.items())],
        "tables": [{"table": table, "what": _what(workspace, table), "rows": rows} for table, rows in found.items()],
    }
    content = json_bytes(told, default=str)
    files = {"gegevens.json": content, "lees-mij.txt": words().say("own_data.readme").encode()}
    kept = write_sealed(workspace, out, f"{NAME}-{today.isoformat()}", partial(sealed_container, files))
    return HandedOver(out, kept, sum(map(len, found.values())))


def _rows_of(warehouse: Warehouse, woman: str) -> dict[str, list[dict[str, Any]]]:
    """Return every row that names her or a child who is known through her, by table."""
    who = sorted({woman, *children_of(warehouse, {woman})})
    by_table: dict[str, list[str]] = {}
    for schema, table, column in columns_of_persons(warehouse):
        by_table.setdefault(f"{schema}.{table}", []).append(column)
    found = {}
    for table, columns in by_table.items():
        hers = " OR ".join(f'"{column}" IN (SELECT unnest($who))' for column in columns)
        if rows := warehouse.rows(f"SELECT * FROM {table} WHERE {hers}", {"who": who}):
            found[table] = rows
    return found


def _what(workspace: Workspace, table: str) -> str:
    schema, _, name = table.partition(".")
    if schema == "intake":
        return next(one.purpose for one in workspace.contracts.values() if one.incoming and one.name == name)
    return DERIVED if schema == "register" else WORDS.get(name, DERIVED)
