"""The document on paper: A4, tagged for screen readers, the same bytes for the same page."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from smartstart.errors import SmartstartError
from smartstart.report.council.document import Document, Figure, Paragraph, Part

if TYPE_CHECKING:
    from datetime import datetime

    from smartstart.wording import Wording

_STANDARDS: Final = ("ua-1",)


def pdf(document: Document, w: Wording, made_on: datetime) -> bytes:
    """Return the document as a PDF that conforms to PDF/UA-1. Raises SmartstartError when it cannot be laid out."""
    import typst

    compiler = typst.Compiler(files(__package__).joinpath("page.typ").read_bytes(), ignore_system_fonts=True)
    try:
        made, _ = compiler.compile_with_warnings(
            format="pdf",
            sys_inputs={"page": json.dumps(_content(document, w))},
            pdf_standards=list(_STANDARDS),
            timestamp=made_on,
        )
    except typst.TypstError:
        raise SmartstartError(
            "The PDF of the report could not be laid out: use the HTML page and report this."
        ) from None
    if not isinstance(made, bytes):
        raise SmartstartError("The PDF of the report came out empty: report this.")
    return made


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
