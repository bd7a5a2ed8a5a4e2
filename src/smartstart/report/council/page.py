"""The document as a page that stands by itself: no script, nothing to load, readable on a telephone and on paper."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.report.council.document import Document, Figure, Paragraph, Part, Section
from smartstart.report.markup import STYLE, notice, page, paragraph, scrolling

if TYPE_CHECKING:
    from smartstart.wording import Wording


def html_page(document: Document, w: Wording) -> bytes:
    """Return the page as HTML."""
    parts = [
        *(notice(text) for text in document.notices),
        f"<h1>{escape(document.title)}</h1>",
        paragraph(document.as_of),
        *(_section(section, w) for section in document.sections),
    ]
    return page(document.language, document.title, STYLE + _OWN, "\n".join(parts), paragraph(document.foot, "small"))


def _section(section: Section, w: Wording) -> str:
    inside = "".join(_part(part, w) for part in section.parts)
    return f'<section id="{escape(section.name)}"><h2>{escape(section.title)}</h2>{inside}</section>'


def _part(part: Part, w: Wording) -> str:
    if isinstance(part, Paragraph):
        return paragraph(part.text, {"plain": "", "lead": "lead", "note": "caution"}[part.kind])
    if isinstance(part, Figure):
        said = f"{escape(part.caption)}. {escape(w.say('same_as_table'))}"
        return f'<figure><div class="drawing">{part.draw(False)}</div><figcaption>{said}</figcaption></figure>'
    rows = [[cell.text for cell in row] for row in part.rows]
    return scrolling(part.caption, part.heads, rows, "words" if part.name in _WORDS else "")


_WORDS: Final = frozenset({"suppressed", "marks", "groups", "costs"})
_OWN: Final = """
.lead { font-size: 1.15rem; margin: .6rem 0 }
.flow { max-width: 40rem } td, tbody th { overflow-wrap: anywhere }
@media (max-width: 30rem) { body { padding: .6rem } table { font-size: .85rem } }
"""
