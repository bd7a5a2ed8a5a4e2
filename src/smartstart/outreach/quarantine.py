"""The workbook that goes back to who delivered the files: which rows to mend, and which were not stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from smartstart.outreach.workbook import A4, TEMPLATE_MADE, inert_workbook

REHEARSAL = "OEFENING – verzonnen of nagespeelde gegevens"
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
    content = BytesIO()
    with inert_workbook(content, TEMPLATE_MADE, "Quarantaine") as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for source, rows in (sources or {"niets": []}).items():
            sheet = book.add_worksheet(source[:_LONGEST_SHEET_NAME])
            top = 0
            if rehearsal:
                sheet.write_string(0, 0, REHEARSAL, bold)
                top = 1
            _write_table(sheet, top, headers, rows, (bold, wrapped))
            _set_widths(sheet, _WIDTHS)
            sheet.freeze_panes(top + 1, 0)
            sheet.fit_to_pages(1, 0)
            sheet.set_landscape()
            sheet.set_paper(A4)
        sheet = book.add_worksheet("Niet bewaard")
        _write_table(sheet, 0, REFUSED_HEADERS, refused, (bold, wrapped))
        _set_widths(sheet, _REFUSED_WIDTHS)
    return content.getvalue()


def _write_table(
    sheet: Any, top: int, headers: Sequence[str], rows: Sequence[Sequence[Any]], formats: tuple[Any, Any]
) -> None:
    bold, wrapped = formats
    sheet.write_row(top, 0, headers, bold)
    for number, row in enumerate(rows, start=top + 1):
        sheet.write_row(number, 0, row, wrapped)


def _set_widths(sheet: Any, widths: Sequence[int]) -> None:
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
