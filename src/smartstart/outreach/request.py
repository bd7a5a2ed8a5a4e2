"""The request to the data desk as a workbook: what is asked and why, of whom, and in which columns. In Dutch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import dutch_date
from smartstart.outreach.workbook import A4, inert_workbook

if TYPE_CHECKING:
    from collections.abc import Sequence

REHEARSAL: Final = "OEFENING – verzonnen of nagespeelde gegevens"
_ASKS: Final = (
    "Maak de bestanden van het blad Kolommen, alleen van de personen op het blad Personen.",
    "Zoek met het burgerservicenummer. Bij kinderen, jeugdhulp en maatregelen gaat het om hun kinderen.",
    "Staat iemand niet in een bron? Laat haar dan weg uit dat bestand.",
    "Lever de bestanden beveiligd aan, en vernietig daarna deze lijst en het wachtwoord.",
)


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
    content = BytesIO()
    with inert_workbook(content, datetime.combine(as_of, time()), "Aanvraag van gegevens") as book:
        text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        bold = book.add_format({"num_format": "@", "bold": True, "text_wrap": True})
        lines = [
            *([(REHEARSAL, bold)] if rehearsal else []),
            (f"Aanvraag van gegevens, Smart Start gemeente {harmless(municipality)}", bold),
            (f"Stand op {dutch_date(as_of)} · {len(persons)} personen", text),
            *((f"{number}. {ask}", text) for number, ask in enumerate(_ASKS, start=1)),
            ("Deze vrouwen gaven toestemming. Wij vragen niemand anders en niets meer dan deze kolommen.", text),
            (f"Vragen? {harmless(contact)}", bold),
        ]
        _fill(book.add_worksheet("Aanvraag"), [((line,), look) for line, look in lines], (100,))
        _fill(
            book.add_worksheet("Personen"),
            [(("burgerservicenummer",), bold), *(((person,), text) for person in persons)],
            (24,),
        )
        heads = ("bestand", "kolom", "wat staat erin", "waarvoor")
        columns = [
            ((one.file, column, what + (" (hiermee zoekt u)" if column == one.key else ""), one.aim), text)
            for one in files
            for column, what in one.columns
        ]
        _fill(book.add_worksheet("Kolommen"), [(heads, bold), *columns], (18, 30, 70, 60))
    return content.getvalue()


def _fill(sheet: Any, rows: Sequence[tuple[Sequence[str], Any]], widths: Sequence[int]) -> None:
    sheet.set_paper(A4)
    sheet.fit_to_pages(1, 0)
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width)
    for number, (texts, look) in enumerate(rows):
        for at, words in enumerate(texts):
            sheet.write_string(number, at, words, look)
