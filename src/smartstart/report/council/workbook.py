"""The tables of the page as a workbook: one sheet each, numbers as numbers, the same bytes for the same page."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from smartstart.outreach.workbook import A4, inert_workbook
from smartstart.report.council.content import about_counts
from smartstart.report.council.document import Document, Paragraph, Table

if TYPE_CHECKING:
    from datetime import datetime

    from smartstart.wording import Wording

_LONGEST_NAME: Final = 31  # Excel's own limit
_WIDEST: Final = 60


def workbook(document: Document, w: Wording, made_on: datetime) -> bytes:
    """Return the workbook: a first sheet with what it is and what is in it, then a sheet for each table."""
    content = BytesIO()
    tables = [part for section in document.sections for part in section.parts if isinstance(part, Table)]
    names = _sheet_names(tables)
    with inert_workbook(content, made_on, document.title) as book:
        looks = {name: book.add_format(how) for name, how in _LOOKS.items()}
        _about(book.add_worksheet(w.say("sheet.about")[:_LONGEST_NAME]), document, w, (tables, names), looks)
        for table, name in zip(tables, names, strict=True):
            _sheet(book.add_worksheet(name), table, document, looks)
    return content.getvalue()


_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "title": {"bold": True, "font_size": 14},
    "notice": {"bold": True, "font_color": "#7a1f00"},
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
}


def _about(
    sheet: Any, document: Document, w: Wording, found: tuple[list[Table], list[str]], looks: dict[str, Any]
) -> None:
    sheet.set_column(0, 0, 90)
    row = 0
    for text in document.notices:
        sheet.write_string(row, 0, text, looks["notice"])
        row += 1
    sheet.write_string(row, 0, document.title, looks["title"])
    sheet.write_string(row + 1, 0, document.as_of)
    row += 3
    for part in document.sections[0].parts:
        if isinstance(part, Paragraph):
            sheet.write_string(row, 0, part.text, looks["text"])
            row += 1
    sheet.write_string(row + 1, 0, w.say("sheet.contents"), looks["head"])
    row += 2
    for table, name in zip(*found, strict=True):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", string=f"{name}: {table.caption}")
        row += 1
    sheet.write_string(row + 1, 0, about_counts(w), looks["text"])


def _sheet(sheet: Any, table: Table, document: Document, looks: dict[str, Any]) -> None:
    row = 0
    for text in document.notices:
        sheet.write_string(row, 0, text, looks["notice"])
        row += 1
    sheet.write_string(row, 0, table.caption, looks["title"])
    sheet.write_string(row + 1, 0, document.as_of)
    row += 3
    for column, head in enumerate(table.heads):
        widest = max([len(head), *(len(cells[column].text) for cells in table.rows)])
        sheet.set_column(column, column, min(_WIDEST, widest + 3))
        sheet.write_string(row, column, head, looks["head"])
    for down, cells in enumerate(table.rows, start=row + 1):
        for column, cell in enumerate(cells):
            if cell.value is None:
                sheet.write_string(down, column, cell.text, looks["text"])
            else:
                sheet.write_number(down, column, cell.value)
    sheet.freeze_panes(row + 1, 1)
    sheet.fit_to_pages(1, 0)
    sheet.set_paper(A4)


def _sheet_names(tables: list[Table]) -> list[str]:
    """Return a name for each sheet, without the characters that Excel refuses, each once."""
    names: list[str] = []
    for table in tables:
        name = re.sub(r"[\[\]:*?/\\']", " ", table.name).strip()[:_LONGEST_NAME] or "tabel"
        while name.casefold() in {one.casefold() for one in names}:
            name = f"{name[: _LONGEST_NAME - 3]} {len(names)}"
        names.append(name)
    return names
