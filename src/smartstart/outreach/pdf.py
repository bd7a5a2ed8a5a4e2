"""The invitation list on paper: A4, black and white, the same bytes on every machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from importlib.resources import files
from typing import TYPE_CHECKING

from smartstart.errors import SmartstartError
from smartstart.outreach import wording

if TYPE_CHECKING:
    from smartstart.outreach.invitations import PracticeList

ACCESSIBLE = "ua-1"


def invitation_pdf(practice_list: PracticeList) -> bytes:
    """Return the list as a PDF (A4 portrait, tagged, Dutch), byte for byte the same for the same list.

    It conforms to PDF/UA-1 unless a name holds a character that none of the embedded fonts can draw: that
    one prints as an empty box, a line says so, and the PDF is tagged but not declared PDF/UA.

    Raises SmartstartError when typst cannot lay it out at all.
    """
    from typst import TypstError

    try:
        return _typeset(practice_list, [ACCESSIBLE], every_glyph_known=True)
    except TypstError:
        pass  # PDF/UA refuses what no font can draw; a woman with such a name is invited all the same
    try:
        return _typeset(practice_list, [], every_glyph_known=False)
    except TypstError:  # its message may quote a name
        raise SmartstartError(
            "The PDF of an invitation list could not be laid out: use the XLSX and report this."
        ) from None


def _typeset(practice_list: PracticeList, standards: list[str], *, every_glyph_known: bool) -> bytes:
    import typst

    compiler = typst.Compiler(
        files(__package__).joinpath("invitation_list.typ").read_bytes(),
        ignore_system_fonts=True,  # the machine's fonts would change the bytes
    )
    pdf, _ = compiler.compile_with_warnings(
        format="pdf",
        sys_inputs={"list": json.dumps(_content(practice_list, every_glyph_known=every_glyph_known))},
        pdf_standards=standards,  # type: ignore[arg-type]
        timestamp=datetime.combine(practice_list.as_of, time(), UTC),
    )
    if not isinstance(pdf, bytes):
        raise SmartstartError("The PDF of an invitation list came out empty: report this.")
    return pdf


def _content(practice_list: PracticeList, *, every_glyph_known: bool) -> dict[str, object]:
    """Return every text of the page; the template has the layout and no words of its own but "blad".

    The texts travel as JSON strings, which typst prints and never reads as markup or code.
    """
    as_of = practice_list.as_of
    return {
        "pregnancy_first": wording.PREGNANCY_FIRST,
        "rehearsal": wording.REHEARSAL if practice_list.rehearsal else "",
        "title": wording.title(practice_list),
        "document_title": _document_title(practice_list),
        "date": [as_of.year, as_of.month, as_of.day],
        "facts": wording.facts(practice_list),
        "ask_title": wording.ASK_TITLE,
        "ask": wording.ASK,
        "drawn": wording.DRAWN,
        "columns": [*wording.COLUMNS, wording.INVITED_ON, wording.ANSWER],
        "answers": wording.ANSWERS,
        "rows": wording.rows(practice_list),
        "unknown_glyphs": "" if every_glyph_known else wording.UNKNOWN_GLYPHS,
        "empty": "" if practice_list.invitations else wording.EMPTY,
        "footer": [
            wording.whom_to_call(practice_list),
            *([wording.expiry(practice_list)] if practice_list.invitations else []),
            wording.CONFIDENTIAL,
        ],
    }


def _document_title(practice_list: PracticeList) -> str:
    named = " – ".join([wording.title(practice_list), *(value for _, value in wording.facts(practice_list)[:2])])
    return f"OEFENING – {named}" if practice_list.rehearsal else named
