"""What every list has, on paper and in Excel: a first line, a heading, what is asked, a table, whom to call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from smartstart.wording import Wording, wording

if TYPE_CHECKING:
    from datetime import date

Look = Literal["plain", "bold", "code", "centre", "blank", "ticks"]


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

    ``first_line`` stands first on every sheet of paper; ``closing`` and ``confidential()`` stand last. ``dated`` is the
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
    unknown_glyphs: str = field(default_factory=lambda: unknown_glyphs("in_excel"))

    @property
    def facts_line(self) -> str:
        """Return what identifies the list as one line; ``return`` reads it back."""
        return " · ".join(f"{label}: {value}" for label, value in self.facts)

    @property
    def document_title(self) -> str:
        """Return the title by which a reader's window names the file."""
        named = " – ".join([self.title, *(value for _, value in self.facts[:2])])
        return as_rehearsal(named) if self.rehearsal else named


def words() -> Wording:
    """Return the words of everything that people here hold: it is all in Dutch."""
    return wording("nl", __package__ or "")


def dutch_date(day: date) -> str:
    """Return ``day`` as "5 april 2024"; no locale of the machine is asked."""
    return words().day(day)


def as_rehearsal(text: str) -> str:
    """Return a text that says first of all that it is a rehearsal."""
    return words().say("rehearsal", text=text)


def made_up(bid: str = "") -> str:
    """Return the line that marks made-up or replayed data; ``bid`` names what nobody may do with them."""
    w = words()
    return as_rehearsal("; ".join([w.say("rehearsal.data"), *([w.say(f"rehearsal.{bid}")] if bid else [])]))


def confidential() -> str:
    """Return the last line of every list."""
    return words().say("confidential")


def unknown_glyphs(instead: str) -> str:
    """Return the line about a name that no font can print; ``instead`` names where it can be read."""
    w = words()
    return f"{w.say('unknown_glyphs')} {w.say(f'unknown_glyphs.{instead}')}"
