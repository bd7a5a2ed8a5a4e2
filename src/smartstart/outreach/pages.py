"""What every list has, on paper and in Excel: a first line, a heading, what is asked, a table, whom to call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

Look = Literal["plain", "bold", "code", "centre", "blank", "ticks"]

CONFIDENTIAL = "Dit overzicht is vertrouwelijk: vernietig het als u klaar bent."
UNKNOWN_GLYPHS = "Een teken in een naam kan hier niet worden afgedrukt (□)."
IN_EXCEL = "In het Excel-bestand staat de naam goed."

_MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


@dataclass(frozen=True)
class Column:
    """One column: ``width`` in characters as Excel counts, ``millimetres`` on paper; 0 is what is left over.

    A ``blank`` one is to be written in, one of ``ticks`` to be ticked; neither has texts in the rows.
    """

    label: str
    width: int
    millimetres: int
    look: Look = "plain"


@dataclass(frozen=True)
class Page:
    """One list, in words: the same for paper and Excel. ``rehearsal`` is empty for real data.

    ``first_line`` stands first on every sheet of paper; ``closing`` and ``CONFIDENTIAL`` stand last. ``dated`` is the
    day that both files bear, so that the same list has the same bytes.
    """

    sheet: str
    first_line: str
    rehearsal: str
    title: str
    facts: tuple[tuple[str, str], ...]
    ask_title: str
    asks: tuple[str, ...]
    remark: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str
    closing: tuple[str, ...]
    dated: date
    answers: tuple[str, ...] = ()
    unknown_glyphs: str = f"{UNKNOWN_GLYPHS} {IN_EXCEL}"

    @property
    def facts_line(self) -> str:
        """Return what identifies the list as one line; ``return`` reads it back."""
        return " · ".join(f"{label}: {value}" for label, value in self.facts)

    @property
    def document_title(self) -> str:
        """Return the title by which a reader's window names the file."""
        named = " – ".join([self.title, *(value for _, value in self.facts[:2])])
        return f"OEFENING – {named}" if self.rehearsal else named


def dutch_date(day: date) -> str:
    """Return ``day`` as "5 april 2024"; no locale of the machine is asked."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
