"""Lists and letters on paper: A4, the same bytes on every machine."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from smartstart.outreach.house import PLAIN, HouseStyle
from smartstart.outreach.pages import confidential
from smartstart.typesetting import NotTypeset, typeset

if TYPE_CHECKING:
    from datetime import date

    from smartstart.outreach.letters import Letter
    from smartstart.outreach.pages import Page


def page_pdf(page: Page, house: HouseStyle = PLAIN) -> bytes:
    """Return a list as a PDF (A4 portrait, tagged, Dutch), byte for byte the same for the same list.

    It conforms to PDF/UA-1 unless a name holds a character that none of the embedded fonts can draw: that
    one prints as an empty box, a line says so, and the PDF is tagged but not declared PDF/UA.

    Raises NotTypeset when it cannot be laid out at all.
    """
    made_on = _midnight(page.dated)
    try:
        return typeset(__package__ or "", "list.typ", _content(page, house, every_glyph_known=True), made_on)
    except NotTypeset:  # PDF/UA refuses what no font can draw; a woman with such a name is invited all the same
        content = _content(page, house, every_glyph_known=False)
        return typeset(__package__ or "", "list.typ", content, made_on, accessible=False)


def letter_pdf(letter: Letter, house: HouseStyle = PLAIN) -> bytes:
    """Return a letter as a PDF (A4 portrait, tagged, Dutch). Raises NotTypeset when it cannot be laid out."""
    content = {
        "title": letter.title,
        "rehearsal": letter.rehearsal,
        "sections": [{"title": part.title, "texts": list(part.texts)} for part in letter.sections],
        "closing": list(letter.closing),
        "date": [letter.dated.year, letter.dated.month, letter.dated.day],
        "house": _house(house),
    }
    try:
        return typeset(__package__ or "", "letter.typ", content, _midnight(letter.dated))
    except NotTypeset:  # as above: her own page bears her name
        return typeset(__package__ or "", "letter.typ", content, _midnight(letter.dated), accessible=False)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _house(house: HouseStyle) -> dict[str, object]:
    return {"colour": house.colour, "logo": list(house.logo), "sender": house.sender}


def _content(page: Page, house: HouseStyle, *, every_glyph_known: bool) -> dict[str, object]:
    """Return every text of the page; the template has the layout and no words of its own but "blad".

    The texts travel as JSON strings, which typst prints and never reads as markup or code.
    """
    return {
        "house": _house(house),
        "first_line": page.first_line,
        "rehearsal": page.rehearsal,
        "title": page.title,
        "document_title": page.document_title,
        "date": [page.dated.year, page.dated.month, page.dated.day],
        "facts": page.facts,
        "ask_title": page.ask_title,
        "ask": page.asks,
        "remark": page.remark,
        "columns": [vars(column) for column in page.columns],
        "answers": page.answers,
        "rows": page.rows,
        "unknown_glyphs": "" if every_glyph_known else page.unknown_glyphs,
        "empty": page.empty,
        "footer": [*page.closing, confidential()],
    }
