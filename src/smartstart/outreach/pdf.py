"""A list on paper: A4, black and white, the same bytes on every machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from importlib.resources import files
from typing import TYPE_CHECKING

from smartstart.errors import SmartstartError
from smartstart.outreach import wording
from smartstart.outreach.pages import CONFIDENTIAL

if TYPE_CHECKING:
    from smartstart.outreach.invitations import PracticeList
    from smartstart.outreach.pages import Page

ACCESSIBLE = "ua-1"


def invitation_pdf(practice_list: PracticeList) -> bytes:
    """Return an invitation list as a PDF; see ``page_pdf``."""
    return page_pdf(wording.invitation_page(practice_list))


def page_pdf(page: Page) -> bytes:
    """Return a list as a PDF (A4 portrait, tagged, Dutch), byte for byte the same for the same list.

    It conforms to PDF/UA-1 unless a name holds a character that none of the embedded fonts can draw: that
    one prints as an empty box, a line says so, and the PDF is tagged but not declared PDF/UA.

    Raises SmartstartError when typst cannot lay it out at all.
    """
    from typst import TypstError

    try:
        return _typeset(page, [ACCESSIBLE], every_glyph_known=True)
    except TypstError:
        pass  # PDF/UA refuses what no font can draw; a woman with such a name is invited all the same
    try:
        return _typeset(page, [], every_glyph_known=False)
    except TypstError:  # its message may quote a name
        raise SmartstartError("The PDF of a list could not be laid out: use the XLSX and report this.") from None


def _typeset(page: Page, standards: list[str], *, every_glyph_known: bool) -> bytes:
    import typst

    compiler = typst.Compiler(
        files(__package__).joinpath("list.typ").read_bytes(),
        ignore_system_fonts=True,  # the machine's fonts would change the bytes
    )
    pdf, _ = compiler.compile_with_warnings(
        format="pdf",
        sys_inputs={"list": json.dumps(_content(page, every_glyph_known=every_glyph_known))},
        pdf_standards=standards,  # type: ignore[arg-type]
        timestamp=datetime.combine(page.dated, time(), UTC),
    )
    if not isinstance(pdf, bytes):
        raise SmartstartError("The PDF of a list came out empty: report this.")
    return pdf


def _content(page: Page, *, every_glyph_known: bool) -> dict[str, object]:
    """Return every text of the page; the template has the layout and no words of its own but "blad".

    The texts travel as JSON strings, which typst prints and never reads as markup or code.
    """
    return {
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
        "footer": [*page.closing, CONFIDENTIAL],
    }
