"""Make the Word templates that are shipped in configs/letters: ``python tools/word_templates.py``.

A municipality opens a copy in Word and changes what it likes; what a template may not leave out is judged when it is
used (``smartstart.outreach.word``).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "letters"
LETTERS = ("informatieblad", "uitnodiging", "eigen-bladzijde")
COLUMNS = (
    ("Cliëntnummer", "clientnummer", 26), ("Naam", "naam", 42), ("Weken zwanger", "weken", 17),
    ("Contactmoment", "contactmoment", 28), ("Uiterlijk uitnodigen op", "uiterlijk", 27),
    ("Uitgenodigd op", "", 24), ("Antwoord", None, 22),
)  # fmt: skip


def main() -> None:
    """Write the four templates."""
    FOLDER.mkdir(exist_ok=True)
    for name in LETTERS:
        _save(_letter(), FOLDER / f"{name}.docx")
    _save(_list(), FOLDER / "uitnodigingslijst.docx")


def _letter() -> Any:
    document = _paper(margin=20, size=10)
    _black_bar(document)
    document.add_paragraph("{{ logo }}").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_heading("{{ titel }}", 1)
    document.add_paragraph("{%p for onderdeel in onderdelen %}")
    document.add_paragraph("{%p if onderdeel.kop %}")
    document.add_heading("{{ onderdeel.kop }}", 2)
    document.add_paragraph("{%p endif %}")
    document.add_paragraph("{%p for alinea in onderdeel.alineas %}")
    document.add_paragraph("{{ alinea }}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p for regel in slot %}")
    document.add_paragraph().add_run("{{ regel }}").bold = True
    document.add_paragraph("{%p endfor %}")
    return document


def _list() -> Any:
    document = _paper(margin=12, size=10)
    first = document.add_paragraph()
    run = first.add_run("{{ eerste_regel }}")
    run.bold, run.font.size = True, Pt(13)
    _black_bar(document)
    document.add_paragraph("{{ logo }}").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_heading("{{ titel }}", 1)
    document.add_paragraph("{{ gegevens }}")
    document.add_heading("{{ vraag }}", 2)
    document.add_paragraph("{%p for regel in vragen %}")
    document.add_paragraph("{{ regel }}", style="List Number")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{{ toelichting }}")
    table = document.add_table(rows=4, cols=len(COLUMNS), style="Table Grid")
    table.autofit = False
    for at, (label, name, width) in enumerate(COLUMNS):
        table.columns[at].width = Mm(width)
        for row in table.rows:
            row.cells[at].width = Mm(width)
        table.rows[0].cells[at].paragraphs[0].add_run(label).bold = True
        words = "{{ antwoorden }}" if name is None else f"{{{{ vrouw.{name} }}}}" if name else ""
        table.rows[2].cells[at].text = words
    table.rows[1].cells[0].text = "{%tr for vrouw in vrouwen %}"
    table.rows[3].cells[0].text = "{%tr endfor %}"
    _repeat(table.rows[0])
    document.add_paragraph("{{ leeg }}")
    document.add_paragraph("{%p for regel in slot %}")
    document.add_paragraph("{{ regel }}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph().add_run("{{ vertrouwelijk }}").bold = True
    return document


def _paper(margin: int, size: int) -> Any:
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(margin)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size, normal.paragraph_format.space_after = "Calibri", Pt(size), Pt(4)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "nl-NL")
    normal.element.get_or_add_rPr().append(language)
    return document


def _black_bar(document: Any) -> None:
    document.add_paragraph("{%p if oefening %}")
    bar = document.add_paragraph()
    bar.add_run("{{ oefening }}").bold = True
    document.add_paragraph("{%p endif %}")


def _repeat(row: Any) -> None:
    header = OxmlElement("w:tblHeader")
    header.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(header)


def _save(document: Any, path: Path) -> None:
    properties = document.core_properties
    properties.author, properties.title, properties.comments = "Smart Start", path.stem, ""
    properties.created = properties.modified = datetime(2024, 1, 1)  # noqa: DTZ001 - Word's property has no time zone
    document.save(path)


if __name__ == "__main__":
    main()
