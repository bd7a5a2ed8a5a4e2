"""The document on paper: A4, tagged for screen readers, the same bytes for the same page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartstart.report.council.document import Document, Figure, Paragraph, Part
from smartstart.typesetting import NotTypeset, typeset

if TYPE_CHECKING:
    from datetime import datetime

    from smartstart.wording import Wording


def pdf(document: Document, w: Wording, made_on: datetime) -> bytes:
    """Return the document as a PDF that conforms to PDF/UA-1. Raises NotTypeset when it cannot be laid out."""
    content = _content(document, w)
    try:
        return typeset(__package__ or "", "page.typ", content, made_on)
    except NotTypeset:  # PDF/UA refuses what no font can draw, such as in the name of a contact; the HTML shows it all
        return typeset(__package__ or "", "page.typ", content, made_on, accessible=False)


def _content(document: Document, w: Wording) -> dict[str, Any]:
    return {
        "language": document.language,
        "title": document.title,
        "notices": list(document.notices),
        "as_of": document.as_of,
        "foot": document.foot,
        "sections": [
            {"title": section.title, "parts": [_part(part, w) for part in section.parts]}
            for section in document.sections
        ],
    }


def _part(part: Part, w: Wording) -> dict[str, Any]:
    if isinstance(part, Paragraph):
        return {"is": "text", "kind": part.kind, "text": part.text}
    if isinstance(part, Figure):
        caption = f"{part.caption}. {w.say('same_as_table')}"
        return {"is": "figure", "svg": part.draw(True), "alt": f"{part.caption}: {part.words}", "caption": caption}
    rows = [[cell.text for cell in row] for row in part.rows]
    return {"is": "table", "caption": part.caption, "heads": list(part.heads), "rows": rows}
