"""The workbook that goes back to who delivered the files: which rows to mend, and which were not stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from smartstart.outreach.pages import made_up, words
from smartstart.outreach.workbook import A4, TEMPLATE_MADE, inert_workbook

REFUSED_HEADERS = ("periode", "bestand", "praktijk", "rijen", "reden")
_WIDTHS = (14, 22, 8, 28, 26, 70)
_REFUSED_WIDTHS = (14, 22, 12, 30, 80)
_LONGEST_SHEET_NAME = 31  # what Excel allows


def quarantine_workbook(
    headers: Sequence[str],
    sources: Mapping[str, Sequence[Sequence[Any]]],
    refused: Sequence[Sequence[str]],
    *,
    rehearsal: bool,
) -> bytes:
    """Return an XLSX with a sheet per source, so that each gets its own, and one of the rows that were not stored.

    ``sources`` has rows in the order of ``headers``, ``refused`` in that of REFUSED_HEADERS; none holds a value of
    the data.
    """
    content, w = BytesIO(), words()
    with inert_workbook(content, TEMPLATE_MADE, w.say("quarantine.title")) as book:
        for source, rows in (sources or {w.say("quarantine.nothing"): []}).items():
            _write_sheet(book, source, [headers, *rows], _WIDTHS, rehearsal=rehearsal)
        not_kept = w.say("quarantine.not_kept")
        _write_sheet(book, not_kept, [REFUSED_HEADERS, *refused], _REFUSED_WIDTHS, rehearsal=rehearsal)
    return content.getvalue()


def _write_sheet(
    book: Any, name: str, table: Sequence[Sequence[Any]], widths: Sequence[int], *, rehearsal: bool
) -> None:
    """Write a table, its first row the headers, on a sheet that prints one A4 wide."""
    sheet = book.add_worksheet(name[:_LONGEST_SHEET_NAME])
    bold = book.add_format({"bold": True, "bottom": 1})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    top = int(rehearsal)  # one line more above the table
    if rehearsal:
        sheet.write_string(0, 0, made_up(), bold)
    for line, row in enumerate(table, start=top):
        sheet.write_row(line, 0, row, bold if line == top else wrapped)
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(top + 1, 0)
    sheet.fit_to_pages(1, 0)
    sheet.set_landscape()
    sheet.set_paper(A4)
