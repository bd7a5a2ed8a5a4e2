"""The request to the data desk as a workbook: what is asked and why, of whom, and in which columns. In Dutch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import dutch_date, made_up, words
from smartstart.outreach.workbook import A4, inert_workbook

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class AskedFile:
    """One file to make: its name, what it is for, the column that says whose row it is, and its columns explained."""

    file: str
    aim: str
    key: str
    columns: tuple[tuple[str, str], ...]


def request_workbook(
    *, municipality: str, contact: str, persons: Sequence[str], files: Sequence[AskedFile], as_of: date, rehearsal: bool
) -> bytes:
    """Return the request as an XLSX of three sheets; a BSN is text and keeps its zeros."""
    content, w = BytesIO(), words()
    asks = [w.say(f"request.ask.{name}") for name in ("files", "by_bsn", "absent", "destroy")]
    with inert_workbook(content, datetime.combine(as_of, time()), w.say("request.subject")) as book:
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        bold = book.add_format({"num_format": "@", "bold": True, "text_wrap": True})
        lines = [
            *([(made_up(), bold)] if rehearsal else []),
            (w.say("request.title", municipality=harmless(municipality)), bold),
            (w.say("request.facts", day=dutch_date(as_of), persons=len(persons)), text),
            *((f"{number}. {ask}", text) for number, ask in enumerate(asks, start=1)),
            (w.say("request.consented"), text),
            (w.say("contact", contact=harmless(contact)), bold),
        ]
        _fill(book.add_worksheet(w.say("request.sheet")), [((line,), look) for line, look in lines], (100,))
        _fill(
            book.add_worksheet(w.say("request.persons")),
            [(("burgerservicenummer",), bold), *(((person,), text) for person in persons)],
            (24,),
        )
        heads = tuple(w.say(f"request.column.{name}") for name in ("file", "column", "what", "why"))
        columns = [
            ((one.file, column, w.say("request.by_this", what=what) if column == one.key else what, one.aim), text)
            for one in files
            for column, what in one.columns
        ]
        _fill(book.add_worksheet(w.say("request.columns")), [(heads, bold), *columns], (18, 30, 70, 60))
    return content.getvalue()


def _fill(sheet: Any, rows: Sequence[tuple[Sequence[str], Any]], widths: Sequence[int]) -> None:
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width)
    for number, (texts, look) in enumerate(rows):
        for at, written in enumerate(texts):
            sheet.write_string(number, at, written, look)
