"""Lists and letters as DOCX, in the municipality's own Word template. The templates speak Dutch: so do their makers."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from smartstart.errors import UsageError
from smartstart.outreach.house import PLAIN, HouseStyle
from smartstart.outreach.pages import confidential

if TYPE_CHECKING:
    from datetime import date

    from smartstart.outreach.letters import Letter
    from smartstart.outreach.pages import Page

ROW_NAMES: Final = ("clientnummer", "naam", "weken", "contactmoment", "uiterlijk")
# What a template may not leave out: the question about the pregnancy stands on every list, whoever designs it.
LIST_NEEDS: Final = frozenset({"eerste_regel", "oefening", "titel", "gegevens", "vrouwen", "slot", "vertrouwelijk"})
LETTER_NEEDS: Final = frozenset({"oefening", "titel", "onderdelen", "slot"})
_LOGO_MILLIMETRES: Final = 16
# What a document does by itself when it is opened: fetch something from elsewhere, run a macro, start a program.
_ACTING: Final = re.compile(
    rb"TargetMode\s*=\s*[\"']External|<\0?!\0?[A-Za-z]|macroEnabled|vnd\.ms-office\.vbaProject|oleObject|altChunk"
    rb"|\b(DDE|DDEAUTO|INCLUDEPICTURE|INCLUDETEXT|IMPORT|LINK)\s",
)
_MOST_EXPANDED: Final = 50_000_000
_EPOCH: Final = (2000, 1, 1, 0, 0, 0)  # a ZIP has no earlier day than 1980, and none of ours says when it was made


def list_docx(page: Page, template: bytes, name: str, house: HouseStyle = PLAIN) -> bytes:
    """Return an invitation list as DOCX; ``name`` is the template's, for messages.

    Raises UsageError when the template is no DOCX, cannot be filled in, or leaves out what must stand on a list.
    """
    content = {
        "eerste_regel": page.first_line,
        "oefening": page.rehearsal,
        "titel": page.title,
        "gegevens": page.facts_line,
        "vraag": page.ask_title,
        "vragen": list(page.asks),
        "toelichting": page.remark,
        "vrouwen": [dict(zip(ROW_NAMES, row, strict=True)) for row in page.rows],
        "antwoorden": "  ".join(f"☐ {answer}" for answer in page.answers),
        "leeg": page.empty,
        "slot": list(page.closing),
        "vertrouwelijk": confidential(),
    }
    return _filled(template, name, content, LIST_NEEDS, house, page.dated)


def letter_docx(letter: Letter, template: bytes, name: str, house: HouseStyle = PLAIN) -> bytes:
    """Return a letter as DOCX; see ``list_docx``."""
    content = {
        "oefening": letter.rehearsal,
        "titel": letter.title,
        "onderdelen": [{"kop": part.title, "alineas": list(part.texts)} for part in letter.sections],
        "slot": list(letter.closing),
    }
    return _filled(template, name, content, LETTER_NEEDS, house, letter.dated)


def _filled(
    template: bytes, name: str, content: dict[str, Any], needs: frozenset[str], house: HouseStyle, dated: date
) -> bytes:
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage
    from jinja2.sandbox import SandboxedEnvironment

    _refuse_acting(template, name)
    environment = SandboxedEnvironment(autoescape=True)  # a template comes from outside: it shows, and runs nothing
    try:
        document = DocxTemplate(BytesIO(template))
        lacking = needs - document.get_undeclared_template_variables(environment)
    except Exception:  # whatever Word, XML and Jinja make of a broken file; the message may quote it
        raise UsageError(f"{name}: this is no Word template (DOCX) that can be filled in.") from None
    if lacking:
        raise UsageError(f"{name}: the template leaves out {', '.join(sorted(lacking))}: put it in, then try again.")
    logo = InlineImage(document, BytesIO(house.logo), height=Mm(_LOGO_MILLIMETRES)) if house.logo else ""
    try:
        document.render(content | {"logo": logo, "kleur": house.colour.lstrip("#")}, environment)
    except Exception:
        raise UsageError(f"{name}: the template could not be filled in: start from the shipped one.") from None
    made = BytesIO()
    _bear(document.docx.core_properties, content["titel"], dated)  # get_docx() would begin anew
    document.save(made)
    return _settled(made)


def _refuse_acting(template: bytes, name: str) -> None:
    """Raise UsageError for a template that would act when it, or what is made of it, is opened, or that is a bomb."""
    broken = UsageError(f"{name}: this is no Word template (DOCX) that can be filled in.")
    try:
        with ZipFile(BytesIO(template)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > _MOST_EXPANDED:
                raise broken
            parts = [entry for entry in packed.infolist() if entry.filename.lower().endswith((".xml", ".rels"))]
            acting = any(_ACTING.search(packed.read(entry)) for entry in parts)
    except (BadZipFile, RuntimeError, EOFError, OSError, NotImplementedError, ValueError, zlib.error):
        raise broken from None
    if acting:
        raise UsageError(f"{name}: the template links to elsewhere, or acts when it is opened: take that out of it.")


def _bear(properties: Any, title: str, dated: date) -> None:
    from datetime import datetime, time

    properties.title = title[:255]  # Word takes no more
    properties.author = properties.last_modified_by = "Smart Start"
    properties.language = "nl-NL"
    properties.created = properties.modified = datetime.combine(dated, time())


def _settled(made: BytesIO) -> bytes:
    """Return the same DOCX without the moment at which it was packed, so that the same list has the same bytes."""
    settled = BytesIO()
    with ZipFile(made) as packed, ZipFile(settled, "w", ZIP_DEFLATED) as out:
        for entry in packed.infolist():
            out.writestr(ZipInfo(entry.filename, _EPOCH), packed.read(entry), ZIP_DEFLATED)
    return settled.getvalue()
