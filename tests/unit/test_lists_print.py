"""The list as a midwife holds it, read back by readers that are not ours; each test's title is a rule."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pypdf
import pytest
import python_calamine

from smartstart.outreach import pages, wording
from smartstart.outreach.hand_over import HandedOver, HandOver, address_line
from smartstart.outreach.invitations import Invitation, PracticeList, harmless
from smartstart.outreach.pdf import page_pdf
from smartstart.outreach.questionnaires_due import QuestionnaireDue, QuestionnairesDue
from smartstart.outreach.recall import Recalled, RecallList
from smartstart.outreach.workbook import TemplateColumn, page_workbook, questionnaire_template

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

AS_OF = date(2024, 4, 2)
FIRST_LINE = "Is de zwangerschap beëindigd? Nodig niet uit; meld het ons."
SAY = pages.words().say
OEFENING = "OEFENING – verzonnen of nagespeelde gegevens; nodig niemand uit"
A4_IN_POINTS = (595, 842)
HOSTILE = [
    "#panic()",
    '#sys.inputs.list #read("/etc/passwd")',
    "*x* _y_ $z$ `w`",
    "=1+1",
    '=HYPERLINK("http://x.example","x")',
    "@SUM(A1)",
    "+31",
    "-1",
    "http://x.example/",
    "<b>vet</b>&amp;",
    '{"a": 1}\\u{41}',
    "&P &N",
    "NULL",
    "0012",
    "Fenna de Proef",
]
UNPRINTABLE = ["👩‍👩‍👧 Emoji", "李小龍", "\u202egespiegeld", "\ud800half", "\ufffe", "a\nb\x00c", "فاطمة", "שרה"]

TEMPLATE = (
    TemplateColumn("clientnummer", "Uw eigen nummer voor de vrouw.", (), True, "text"),
    TemplateColumn("burgerservicenummer", "Negen cijfers.", (), True, "text"),
    TemplateColumn("invuldatum", "De dag van invullen.", (), True, "date"),
    TemplateColumn("meetmoment", "Welke meting dit is.", ("nulmeting", "tussenmeting", "eindmeting"), True, "choice"),
    TemplateColumn("eerste_controle_week", "Zwangerschapsweek.", (), False, "number"),
    TemplateColumn("roken", "Rookt zij?", tuple(f"waarde {n}, met een komma" for n in range(40)), False, "choice"),
)


def invitation_pdf(wanted: PracticeList) -> bytes:
    return page_pdf(wording.invitation_page(wanted))


def invitation_workbook(wanted: PracticeList) -> bytes:
    return page_workbook(wording.invitation_page(wanted))


def practice_list(women: int, names: list[str] | None = None, *, rehearsal: bool = False) -> PracticeList:
    invitations = tuple(
        Invitation(
            client_number=f"C{1000 + number}",
            name=names[number] if names else f"Vrouw{number:03d} van der Proefstra",
            weeks_pregnant=14,
            contact_moment="week 13–15",
            invite_before=AS_OF + timedelta(days=7 + number % 7),
        )
        for number in range(women)
    )
    return PracticeList(
        practice="08012345",
        municipality="Heusden",
        contact="Hallo jij, Jo Voorbeeld, 0416-000000, hallojij@voorbeeld.example",
        period="2024Q1",
        as_of=AS_OF,
        batch="2024Q1-1",
        rehearsal=rehearsal,
        invitations=invitations,
    )


def sheet_of(content: bytes) -> Worksheet:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return sheet


def cells_of(content: bytes) -> list[str]:
    return [cell.value for row in sheet_of(content).iter_rows() for cell in row if cell.value is not None]


def pdf_of(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content))


def pages_of(content: bytes) -> list[str]:
    return [page.extract_text() for page in pdf_of(content).pages]


def words_of(content: bytes) -> str:
    return " ".join(" ".join(pages_of(content)).split())


# both files


@pytest.mark.parametrize("women", [1, 8, 60])
def test_every_woman_is_on_both_files_once(women: int) -> None:
    wanted = practice_list(women)
    cells, words = cells_of(invitation_workbook(wanted)), words_of(invitation_pdf(wanted))
    for one in wanted.invitations:
        assert cells.count(one.name) == cells.count(one.client_number) == 1
        assert words.count(one.name) == words.count(one.client_number) == 1


@pytest.mark.parametrize("rehearsal", [True, False])
@pytest.mark.parametrize("women", [0, 8, 60])
def test_the_first_line_asks_whether_the_pregnancy_has_ended(women: int, rehearsal: bool) -> None:
    wanted = practice_list(women, rehearsal=rehearsal)
    assert sheet_of(invitation_workbook(wanted))["A1"].value == FIRST_LINE
    for page in pages_of(invitation_pdf(wanted)):
        assert page.splitlines()[0] == FIRST_LINE


def test_a_rehearsal_says_so_on_every_page_and_a_real_list_never() -> None:
    wanted = practice_list(60, rehearsal=True)
    sheet = sheet_of(invitation_workbook(wanted))
    assert sheet["A2"].value == OEFENING
    assert OEFENING in sheet.oddHeader.center.text
    assert "OEFENING" in sheet.oddFooter.right.text
    assert all(page.splitlines()[1] == OEFENING for page in pages_of(invitation_pdf(wanted)))
    real = practice_list(60)
    assert "OEFENING" not in words_of(invitation_pdf(real)) + str(pdf_of(invitation_pdf(real)).metadata)
    assert "OEFENING" not in " ".join(cells_of(invitation_workbook(real)))


def test_a_list_names_no_risk_and_holds_no_field_for_one() -> None:
    wanted = practice_list(8)
    everything = (words_of(invitation_pdf(wanted)) + " ".join(cells_of(invitation_workbook(wanted)))).lower()
    for word in ("risico", "score", "kwetsba", "stratum", "groep", "bsn", "burgerservice", "adres", "postcode"):
        assert word not in everything
    allowed = {"client_number", "name", "weeks_pregnant", "contact_moment", "invite_before"}
    assert {field.name for field in fields(Invitation)} == allowed


def test_a_list_says_whom_to_call_when_it_expires_and_to_destroy_it() -> None:
    wanted = practice_list(8)
    sheet = sheet_of(invitation_workbook(wanted))
    in_workbook = " ".join(cells_of(invitation_workbook(wanted))) + sheet.oddFooter.left.text
    for text in (words_of(invitation_pdf(wanted)), in_workbook):
        assert "Hallo jij, Jo Voorbeeld, 0416-000000" in text
        assert "Deze lijst geldt tot en met 15 april 2024." in text
        assert pages.confidential() in text


def test_the_same_list_gives_the_same_bytes_at_another_second_and_in_another_process() -> None:
    wanted = practice_list(8, rehearsal=True)
    workbook, pdf, template = invitation_workbook(wanted), invitation_pdf(wanted), questionnaire_template(TEMPLATE)
    time.sleep(2.1)  # a zip file counts time in steps of two seconds
    assert invitation_workbook(wanted) == workbook
    assert invitation_pdf(wanted) == pdf
    assert questionnaire_template(TEMPLATE) == template
    again = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_lists_print as t; "
        "one = t.practice_list(8, rehearsal=True); "
        "sys.stdout.buffer.write(t.invitation_workbook(one) + t.invitation_pdf(one))"
    )
    elsewhere = {**os.environ, "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    here = str(Path(__file__).parent)
    ran = subprocess.run([sys.executable, "-c", again, here], capture_output=True, check=True, env=elsewhere)
    assert ran.stdout == workbook + pdf


def test_an_empty_list_invites_nobody_and_does_not_crash() -> None:
    wanted = practice_list(0)
    assert SAY("invitations.empty") in words_of(invitation_pdf(wanted))
    assert SAY("invitations.empty") in cells_of(invitation_workbook(wanted))


def test_a_hostile_name_is_only_a_name() -> None:
    wanted = practice_list(len(HOSTILE), HOSTILE)
    cells, words = cells_of(invitation_workbook(wanted)), words_of(invitation_pdf(wanted))
    printed = "".join(words.split())  # a long word is broken where its column ends
    for name in HOSTILE:
        assert name in cells
        assert "".join(name.split()) in printed


def test_a_name_that_no_font_can_draw_is_printed_as_boxes_and_said_so() -> None:
    wanted = practice_list(len(UNPRINTABLE), UNPRINTABLE)
    pdf = invitation_pdf(wanted)
    assert SAY("unknown_glyphs") in words_of(pdf)
    assert pdf == invitation_pdf(wanted)
    assert all(one.client_number in words_of(pdf) for one in wanted.invitations)
    cells = cells_of(invitation_workbook(wanted))
    assert {"👩‍👩‍👧 Emoji", "李小龍", "gespiegeld", "a b c", "فاطمة", "שרה"} <= set(cells)


@pytest.mark.parametrize(
    ("name", "most_letters_a_line"), [("W" * 300, 9), ("W" * 3000, 9), ("Anna " * 59 + "Anna", 18), ("Ünal-" * 60, 20)]
)
def test_a_very_long_name_wraps_within_its_column(name: str, most_letters_a_line: int) -> None:
    wanted = practice_list(1, [name])
    # the reader glues the footer to a name that ends with the page
    pages = [page.replace("Vragen, of", "\nVragen, of") for page in pages_of(invitation_pdf(wanted))]
    lines = [line for page in pages for line in page.splitlines() if line.strip() and set(line) <= set(name) | {" "}]
    assert "".join("".join(lines).split()) == "".join(name.split())
    assert max(len(line.strip()) for line in lines) <= most_letters_a_line
    assert name in cells_of(invitation_workbook(wanted))


# paper


def test_fifteen_women_fit_on_one_a4() -> None:
    for rehearsal in (True, False):
        pdf = pdf_of(invitation_pdf(practice_list(15, rehearsal=rehearsal)))
        assert len(pdf.pages) == 1
        assert "blad 1 van 1" in pdf.pages[0].extract_text()


def test_every_page_is_a4_has_the_header_row_and_its_number() -> None:
    pages = pdf_of(invitation_pdf(practice_list(60))).pages
    assert len(pages) > 1
    for number, page in enumerate(pages, start=1):
        assert (int(page.mediabox.width), int(page.mediabox.height)) in {A4_IN_POINTS, (595, 841)}
        text = " ".join(page.extract_text().split())
        assert "Cliëntnummer Naam Weken zwanger Contactmoment" in text
        assert f"blad {number} van {len(pages)}" in text


def test_an_ordinary_list_is_an_accessible_dutch_pdf() -> None:
    content = invitation_pdf(
        practice_list(8, ["Aïcha d'Arcy", "Łucja Şahin", "Zoë", "Nguyễn", "Hülya", "Ωmega", "Жанна", "Bo"])
    )
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    pdf = pdf_of(content)
    assert pdf.trailer["/Root"]["/Lang"] == "nl-NL"
    assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Uitnodigingslijst gemeente Heusden – 08012345 – 2024Q1"


def test_a_pdf_is_dated_by_the_list_and_carries_no_script_link_or_attachment() -> None:
    content = invitation_pdf(practice_list(len(HOSTILE), HOSTILE))
    pdf = pdf_of(content)
    assert pdf.metadata is not None
    assert pdf.metadata["/CreationDate"] == "D:20240402000000Z"
    assert not pdf.attachments
    assert not any("/Annots" in page for page in pdf.pages)
    assert b"/JavaScript" not in content
    assert b"/OpenAction" not in content


# Excel


@pytest.mark.parametrize("names", [None, HOSTILE])
def test_every_cell_is_text_and_none_a_formula_or_a_link(names: list[str] | None) -> None:
    content = invitation_workbook(practice_list(15, names))
    for row in sheet_of(content).iter_rows():
        for cell in row:
            assert cell.value is None or isinstance(cell.value, str)
            assert cell.value is None or cell.data_type == "s"
            assert cell.hyperlink is None


def test_the_sheet_prints_on_a4_one_page_wide_with_its_header_row_repeated() -> None:
    sheet = sheet_of(invitation_workbook(practice_list(60)))
    assert sheet.page_setup.paperSize == 9
    assert sheet.page_setup.orientation == "portrait"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.page_setup.fitToWidth in {None, 1}  # one page wide is what a file means that says nothing
    assert sheet.page_setup.fitToHeight == 0  # as many pages long as it needs
    repeated = sheet.print_title_rows.replace("$", "").split(":")
    assert repeated[0] == repeated[1]
    assert sheet[int(repeated[0])][0].value == "Cliëntnummer"
    assert FIRST_LINE in sheet.oddFooter.left.text


def test_the_boxes_to_tick_are_empty_and_have_borders() -> None:
    sheet = sheet_of(invitation_workbook(practice_list(3)))
    header = next(row for row in sheet.iter_rows() if row[0].value == "Cliëntnummer")
    assert [cell.value for cell in header[5:]] == ["Uitgenodigd op", "Antwoord"]
    for row in list(sheet.iter_rows())[header[0].row :]:
        for cell in row[5:]:
            assert cell.value is None
            assert cell.border.bottom.style == "thin"


def test_answer_and_day_are_chosen_and_typed_under_a_check_and_nothing_else_is() -> None:
    sheet = sheet_of(invitation_workbook(practice_list(3)))
    first = next(row for row in sheet.iter_rows() if row[0].value == "Cliëntnummer")[0].row + 1
    rules = {str(one.sqref): one for one in sheet.data_validations.dataValidation}
    assert set(rules) == {f"F{first}:F{first + 2}", f"G{first}:G{first + 2}"}
    day, answer = rules[f"F{first}:F{first + 2}"], rules[f"G{first}:G{first + 2}"]
    assert (day.type, day.operator, day.formula1) == ("date", "greaterThanOrEqual", "45384")  # the list's as-of day
    assert (answer.type, answer.formula1) == ("list", '"ja,nee,niet bereikt,zwangerschap beëindigd"')
    assert not sheet_of(invitation_workbook(practice_list(0))).data_validations.dataValidation


def test_what_identifies_a_list_can_be_read_back_from_its_heading() -> None:
    cells = cells_of(invitation_workbook(practice_list(2)))
    assert [facts for cell in cells if (facts := wording.read_facts(cell))] == [
        ("08012345", "2 april 2024", "2024Q1-1")
    ]


def test_who_is_reminded_is_asked_for_once_more_and_never_again() -> None:
    wanted = practice_list(2)
    assert SAY("invitations.ask.once_more") not in words_of(invitation_pdf(wanted))
    again = replace(wanted.invitations[0], contact_moment="tweede en laatste keer")
    reminding = replace(wanted, invitations=(again, wanted.invitations[1]))
    assert SAY("invitations.ask.once_more") in words_of(invitation_pdf(reminding))
    assert f"4. {SAY('invitations.ask.once_more')}" in cells_of(invitation_workbook(reminding))


def test_after_closing_a_list_does_not_speak_of_a_draw_that_chose_these_women() -> None:
    words = words_of(invitation_pdf(replace(practice_list(2), after_closing=True)))
    assert SAY("invitations.for_everybody") in words and SAY("invitations.drawn") not in words


# the other lists

RECALL = RecallList("08012345", "Heusden", "Projectteam", AS_OF, False, (), unnamed=False)
DUE = QuestionnairesDue("Heusden", "Projectteam", AS_OF, False, ())
HAND_OVER = HandOver("Heusden", "Projectteam", AS_OF, False, ())


def other_pages(names: list[str], *, rehearsal: bool = False) -> list[pages.Page]:
    """Return a recall list, a list of questionnaires and a hand-over of these women."""
    numbered = list(enumerate(names))
    return [
        replace(
            RECALL, rehearsal=rehearsal, women=tuple(Recalled(f"C{1000 + n}", x, "2024Q1", AS_OF) for n, x in numbered)
        ).page(),
        replace(
            DUE,
            rehearsal=rehearsal,
            due=tuple(QuestionnaireDue(x, AS_OF, "eindmeting", AS_OF, AS_OF + timedelta(days=9)) for x in names),
        ).page(),
        replace(
            HAND_OVER,
            rehearsal=rehearsal,
            women=tuple(HandedOver(x, f"C{1000 + n}", "08012345", x) for n, x in numbered),
        ).page(),
    ]


@pytest.mark.parametrize("names", [HOSTILE, UNPRINTABLE, [f"Proefstra{n}, Vrouwe" for n in range(70)]])
def test_the_other_lists_name_everybody_on_paper_and_in_excel_and_nothing_acts(names: list[str]) -> None:
    for page in other_pages(names):
        content = page_workbook(page)
        for row in sheet_of(content).iter_rows():
            for cell in row:
                assert cell.value is None or (isinstance(cell.value, str) and cell.data_type == "s")
        pdf = pdf_of(page_pdf(page))
        texts = [sheet.extract_text() for sheet in pdf.pages]
        assert all(text.splitlines()[0] == page.first_line for text in texts)
        assert all(pages.confidential() in " ".join(text.split()) for text in texts)
        cells = cells_of(content)
        assert {harmless(name) for name in names} <= {*cells}
        if names is not UNPRINTABLE:
            printed = "".join("".join(texts).split())
            assert all("".join(name.split()) in printed for name in names)


def test_the_other_lists_say_that_they_are_a_rehearsal_on_every_sheet_or_never() -> None:
    for page in other_pages([f"Proefstra{n}" for n in range(70)], rehearsal=True):
        sheets = pages_of(page_pdf(page))
        assert len(sheets) > 1 and all("OEFENING" in text for text in sheets)
        assert page.rehearsal in sheet_of(page_workbook(page)).oddHeader.center.text
    for page in other_pages(["Proefstra"]):
        assert "OEFENING" not in words_of(page_pdf(page)) + " ".join(cells_of(page_workbook(page)))


def test_a_recall_list_gives_no_reason_and_asks_to_call() -> None:
    words = words_of(page_pdf(other_pages(["Fenna"])[0])).lower()
    assert words.startswith("nodig haar niet (meer) uit. is dat al gebeurd, bel ons.")
    for word in ("beëindigd", "overl", "bezwaar", "toestemming", "verhui", "miskraam", "gewist"):
        assert word not in words


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (("Testdreef", "12", "a", "5151 ZZ", "Drunen"), "Testdreef 12a, 5151 ZZ Drunen"),
        (("Testdreef", "12", "", "", ""), "Testdreef 12"),
        (("", "12", "", "5151 ZZ", "Drunen"), ""),
    ],
)
def test_an_address_is_a_line_of_the_parts_that_are_known(parts: tuple[str, ...], line: str) -> None:
    assert (
        address_line(dict(zip(("street", "house_number", "house_letter", "postcode", "town"), parts, strict=True)))
        == line
    )


def test_no_name_passes_through_the_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was made")

    for maker in ("mkstemp", "mkdtemp", "TemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(f"tempfile.{maker}", refuse)
    invitation_workbook(practice_list(3))
    invitation_pdf(practice_list(3))


# the questionnaire's template


def test_the_template_has_its_header_in_row_one_of_the_first_sheet_and_nothing_below() -> None:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(questionnaire_template(TEMPLATE)))
    assert book.sheet_names == ["Vragenlijst", "Uitleg", "Keuzes"]
    assert book.get_sheet_by_index(0).to_python() == [[column.header for column in TEMPLATE]]


def test_the_template_keeps_what_is_typed_as_text_and_offers_every_choice() -> None:
    book = openpyxl.load_workbook(io.BytesIO(questionnaire_template(TEMPLATE)))
    sheet = book["Vragenlijst"]
    assert all(dimension.number_format == "@" for dimension in sheet.column_dimensions.values())
    ranges = {str(one.sqref): one.formula1 for one in sheet.data_validations.dataValidation}
    assert ranges == {"D2:D501": "Keuzes!$D$2:$D$4", "F2:F501": "Keuzes!$F$2:$F$41"}
    assert [cell.value for cell in book["Keuzes"]["D"]][1:4] == ["nulmeting", "tussenmeting", "eindmeting"]
    assert all(cell.comment and "Smart Start" in cell.comment.author for cell in sheet[1])


def test_the_template_explains_every_column() -> None:
    book = openpyxl.load_workbook(io.BytesIO(questionnaire_template(TEMPLATE)))
    explained = [[cell.value for cell in row] for row in book["Uitleg"].iter_rows(min_row=2)]
    assert [row[0] for row in explained] == [column.header for column in TEMPLATE]
    assert explained[3][1:] == [
        "Welke meting dit is.",
        "ja",
        "keuze uit de lijst",
        "nulmeting, tussenmeting, eindmeting",
    ]


def test_a_template_filled_in_reads_back_as_it_was_typed() -> None:
    book = openpyxl.load_workbook(io.BytesIO(questionnaire_template(TEMPLATE)))
    typed = ["007", "012345678", "02-04-2024", "nulmeting", "14", ""]
    for column, text in enumerate(typed, start=1):
        book["Vragenlijst"].cell(2, column).value = text or None
    saved = io.BytesIO()
    book.save(saved)
    saved.seek(0)
    rows = python_calamine.CalamineWorkbook.from_filelike(saved).get_sheet_by_index(0).to_python()
    assert rows[1] == typed
    assert len(rows) == 2


def test_a_changed_list_gives_other_bytes() -> None:
    wanted = practice_list(2)
    other = replace(wanted, invitations=wanted.invitations[:1])
    assert invitation_pdf(wanted) != invitation_pdf(other)
    assert invitation_workbook(wanted) != invitation_workbook(other)
