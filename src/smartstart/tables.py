"""What a command prints, as a workbook: a sheet for each table, for who sorts and filters. Never a value of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from smartstart.outputs import write_file
from smartstart.outreach.workbook import inert_workbook

if TYPE_CHECKING:
    from pathlib import Path

_COUNTS = ("rows_in", "accepted", "quarantined", "duplicates", "superseded", "refused")
_MADE = datetime(2000, 1, 1)  # noqa: DTZ001 - the same bytes for the same tables
_WIDEST = 80


@dataclass(frozen=True)
class Table:
    """One sheet: its name, the columns, and rows of texts, numbers, true or false, and nothing."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]


def status_tables(status: Mapping[str, Any]) -> list[Table]:
    """Return the sheets of ``status``: what needs attention first."""
    arms = list(dict.fromkeys(arm for period in status["periods"] for arm in period["allocated"]))
    facts = ("period", "pipeline", "as_of", "current", "eligible", "uncertain")
    periods = [
        [*(period[name] for name in facts), *(period["allocated"].get(arm) for arm in arms)]
        for period in status["periods"]
    ]
    files = [
        [period["period"], file["file"], file["contract"], *(file[name] for name in _COUNTS)]
        for period in status["periods"]
        for file in period["files"]
    ]
    checksums = ("period", "file", "contract", "sha256", "is_current")
    return [
        Table("attention", ("needs attention",), [[sentence] for sentence in status["attention"]]),
        Table("periods", (*facts, *arms), periods),
        Table("files", ("period", "file", "contract", *_COUNTS), files),
        Table("checksums", checksums, [[file[name] for name in checksums] for file in status["files"]]),
        Table("lists", ("file",), [[path] for path in status["lists"]]),
    ]


def check_tables(check: Mapping[str, Any]) -> list[Table]:
    """Return the sheets of ``check``: what to mend, by file, row and column, and the reconciliation of each file."""
    columns = ("file", "row", "column", "rule", "remedy")
    told = [[sentence] for sentence in (*check["refusals"], *check["notices"])]
    return [
        Table("what to mend", columns, [[breach[name] for name in columns] for breach in check["breaches"]]),
        Table("files", ("file", *_COUNTS), [[file[name] for name in ("file", *_COUNTS)] for file in check["files"]]),
        Table("refusals and notices", ("said",), told),
    ]


def write_tables(path: Path, title: str, tables: Sequence[Table]) -> None:
    """Write the tables as XLSX; see ``tables_workbook``."""
    write_file(path, tables_workbook(title, tables))


def tables_workbook(title: str, tables: Sequence[Table]) -> bytes:
    """Return the tables as XLSX, a sheet each, the same bytes for the same tables."""
    content = BytesIO()
    with inert_workbook(content, _MADE, title) as book:
        bold, text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True, "valign": "top"})
        for table in tables:
            sheet = book.add_worksheet(table.name)
            rows = [["" if cell is None else cell for cell in row] for row in table.rows]
            for at, head in enumerate(table.heads):
                widest = max([len(head), *(len(str(row[at])) for row in rows)])
                sheet.set_column(at, at, min(_WIDEST, widest + 2), text)
                sheet.write_string(0, at, head, bold)
            for number, row in enumerate(rows, start=1):
                for at, cell in enumerate(row):
                    sheet.write(number, at, cell)
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, len(rows), len(table.heads) - 1)
    return content.getvalue()
