"""The Excel files: a list as on paper, the invitation list that comes back, and the empty questionnaire to fill in.

Every cell is text: a client number keeps its zeros, and a name that looks like a formula stays a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

from smartstart.outreach import wording
from smartstart.outreach.house import PLAIN, HouseStyle
from smartstart.outreach.pages import as_rehearsal, confidential, dutch_date, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartstart.outreach.pages import Page

ROW_HEIGHT = 30  # points; room to write by hand
LINE_HEIGHT = 16
HIGHEST_ROW = 409  # what Excel allows
QUESTIONNAIRE_ROWS = 500
# Excel stamps a file with the moment it was made; the template is the same file whenever it is made.
TEMPLATE_MADE = datetime(2024, 1, 1)  # noqa: DTZ001 - Excel's property has no time zone
A4 = 9  # Excel's number for the paper

_FRAME = {"border": 1, "align": "left", "indent": 1, "valign": "vcenter", "text_wrap": True}
_TEXT = {"num_format": "@", "quote_prefix": True}  # stays text also when somebody edits the cell


@dataclass(frozen=True)
class TemplateColumn:
    """One column of the questionnaire template: its header, in Dutch what goes in, and what is allowed.

    ``allowed`` are the values of a drop-down and belong to kind "choice"; empty means anything.
    """

    header: str
    description_nl: str
    allowed: tuple[str, ...]
    required: bool
    kind: Literal["text", "date", "number", "choice"]


def page_workbook(page: Page, house: HouseStyle = PLAIN) -> bytes:
    """Return a list as an XLSX (one sheet, A4 portrait), byte for byte the same for the same list."""
    content = BytesIO()
    with inert_workbook(content, datetime.combine(page.dated, datetime.min.time()), page.title) as book:
        sheet = book.add_worksheet(page.sheet)
        _set_page(sheet, page, house)
        top = _write_heading(book, sheet, page, house)
        _write_table(book, sheet, page, top)
        if page.answers and page.rows:
            _ask_for_answers(sheet, page, top + 1, top + len(page.rows))
    return content.getvalue()


def questionnaire_template(columns: Sequence[TemplateColumn]) -> bytes:
    """Return the XLSX that midwives fill in: headers in row 1, text columns, drop-downs, an explanation.

    The rows below the header hold no cells at all, so that a reader meets no empty records.
    """
    content, w = BytesIO(), words()
    with inert_workbook(content, TEMPLATE_MADE, w.say("template.questionnaire")) as book:
        names = ("questionnaire", "explanation", "choices")
        sheet, explanation, choices = (book.add_worksheet(w.say(f"template.{name}")) for name in names)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        _write_headers(book, sheet, columns)
        _write_explanation(book, explanation, columns)
        _write_choices(book, sheet, choices, columns)
    return content.getvalue()


def inert_workbook(content: BytesIO, made: datetime, title: str) -> Any:
    """Return an open workbook in which nothing acts: no formula, no link, and no file beside it while it is made."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        content,
        {
            "in_memory": True,  # else the names pass through files in the system's temporary folder
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"title": title, "author": "Smart Start", "created": made})
    return book


def _set_page(sheet: Any, page: Page, house: HouseStyle) -> None:
    sheet.set_paper(A4)
    sheet.set_portrait()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.85)
    mark = ""
    if page.rehearsal or house.logo:
        banner = f'&C&"Calibri,Bold"&12{page.rehearsal}' if page.rehearsal else ""
        # in the head of the paper: on the sheet itself it would cover cells
        logo = {"image_right": "logo", "image_data_right": BytesIO(house.logo)} if house.logo else {}
        sheet.set_header(f"{banner}{'&R&G' if house.logo else ''}", logo)
    if page.rehearsal:
        mark = f'&"Calibri,Bold"{as_rehearsal("")}'
    # on every sheet of paper, since only the first one has the heading; Excel takes 255 characters here
    always = f'&"Calibri,Bold"{page.first_line}\n&"Calibri,Regular"{confidential()}'
    sheet.set_footer(f"&L{always}&R{mark}{words().say('excel.sheet_of')}")
    for number, column in enumerate(page.columns):
        sheet.set_column(number, number, column.width)


def _write_heading(book: Any, sheet: Any, page: Page, house: HouseStyle) -> int:
    """Write the lines above the table; return the row on which the table begins."""
    send_back = words().say("invitations.excel.send_back") if page.answers else ""
    plain: dict[str, object] = {}
    loud: dict[str, object] = {"bold": True, "font_size": 14, "font_color": "white", "bg_color": "black"}
    small_title: dict[str, object] = {"bold": True, "font_size": 12}
    bold: dict[str, object] = {"bold": True}
    lines: list[tuple[str, dict[str, object]]] = [
        (page.first_line, {"bold": True, "font_size": 14, "border": 2}),
        *([(page.rehearsal, loud)] if page.rehearsal else []),
        (page.title, {"bold": True, "font_size": 16, "font_color": house.colour}),
        (page.facts_line, plain),
        (page.ask_title, small_title),
        *((f"{number}. {line}", plain) for number, line in enumerate(page.asks, start=1)),
        *((line, plain) for line in (page.remark, send_back) if line),
        *((line, bold) for line in (*page.closing, page.empty) if line),
    ]
    page_width = sum(column.width for column in page.columns)
    for row, (line, look) in enumerate(lines):
        style = book.add_format({"text_wrap": True, "align": "left", "valign": "vcenter", **_TEXT, **look})
        sheet.merge_range(row, 0, row, len(page.columns) - 1, "", style)
        sheet.write_string(row, 0, line, style)
        sheet.set_row(row, _height(line, page_width) + (8 if look else 0))
    return len(lines) + 1


def _write_table(book: Any, sheet: Any, page: Page, top: int) -> None:
    header = book.add_format({**_FRAME, **_TEXT, "bold": True, "bg_color": "#E1E1E1"})
    plain = book.add_format({**_FRAME, **_TEXT})
    bold = book.add_format({**_FRAME, **_TEXT, "bold": True})
    to_fill_in = {
        "blank": book.add_format({**_FRAME, "num_format": "dd-mm-yyyy"}),
        "ticks": book.add_format({**_FRAME, "num_format": "@"}),
    }
    for number, column in enumerate(page.columns):
        sheet.write_string(top, number, column.label, header)
    sheet.set_row(top, 2 * LINE_HEIGHT + 2)
    sheet.repeat_rows(top)
    bottom = top
    for bottom, texts in enumerate(page.rows, start=top + 1):
        needed = [ROW_HEIGHT]
        for number, column in enumerate(page.columns):
            if column.look in to_fill_in:
                sheet.write_blank(bottom, number, None, to_fill_in[column.look])
            else:
                sheet.write_string(bottom, number, texts[number], bold if column.look == "bold" else plain)
                needed.append(_height(texts[number], column.width))
        sheet.set_row(bottom, max(needed))
    sheet.print_area(0, 0, bottom, len(page.columns) - 1)


def _ask_for_answers(sheet: Any, page: Page, first: int, last: int) -> None:
    """Let the practice choose the answer and give the day; what is typed is judged again when the list comes back."""
    w = words()
    looks = [column.look for column in page.columns]
    day, answer = looks.index("blank"), looks.index("ticks")
    sheet.data_validation(
        first, day, last, day,
        {
            "validate": "date",
            "criteria": ">=",
            "value": page.dated,
            "ignore_blank": True,
            "input_title": wording.INVITED_ON,
            "input_message": w.say("invitations.excel.day"),
            "error_title": w.say("invitations.excel.no_day"),
            "error_message": w.say("invitations.excel.which_day", day=dutch_date(page.dated)),
        },
    )  # fmt: skip
    sheet.data_validation(
        first, answer, last, answer,
        {
            "validate": "list",
            "source": list(wording.CELL_ANSWERS),
            "ignore_blank": True,
            "input_title": wording.ANSWER,
            "input_message": w.say("invitations.excel.answer"),
            "error_title": w.say("excel.choose"),
            "error_message": w.say("invitations.excel.which_answer"),
        },
    )  # fmt: skip


def _height(text: str, width: int) -> int:
    """Return the points that ``text`` needs in a column ``width`` characters wide; some space to spare."""
    return min(HIGHEST_ROW, LINE_HEIGHT * max(1, ceil(len(text) / (width * 0.8))))


def _write_headers(book: Any, sheet: Any, columns: Sequence[TemplateColumn]) -> None:
    header = book.add_format({**_FRAME, **_TEXT, "bold": True, "bg_color": "#E1E1E1"})
    text = book.add_format({"num_format": "@"})  # a BSN keeps its zeros, a date stays as it was typed
    for number, column in enumerate(columns):
        sheet.set_column(number, number, max(14, len(column.header) + 3), text)
        sheet.write_string(0, number, column.header, header)
        sheet.write_comment(0, number, _explained(column), {"author": "Smart Start", "x_scale": 2})
    sheet.freeze_panes(1, 0)


def _write_explanation(book: Any, sheet: Any, columns: Sequence[TemplateColumn]) -> None:
    header = book.add_format({**_FRAME, **_TEXT, "bold": True, "bg_color": "#E1E1E1"})
    plain = book.add_format({**_FRAME, **_TEXT, "valign": "top"})
    w = words()
    for number, (name, width) in enumerate(
        (("column", 28), ("what", 60), ("required", 10), ("kind", 24), ("values", 40))
    ):
        sheet.set_column(number, number, width)
        sheet.write_string(0, number, w.say(f"template.{name}"), header)
    for row, column in enumerate(columns, start=1):
        required = w.say(f"template.required.{'yes' if column.required else 'no'}")
        values = ", ".join(column.allowed)
        texts = (column.header, column.description_nl, required, w.say(f"template.kind.{column.kind}"), values)
        for number, text in enumerate(texts):
            sheet.write_string(row, number, text, plain)
    sheet.freeze_panes(1, 0)
    sheet.set_paper(A4)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write_choices(
    book: Any,
    sheet: Any,
    choices: Any,
    columns: Sequence[TemplateColumn],
) -> None:
    """Give each column with choices a drop-down; its values stand on a sheet of their own.

    A list inside the drop-down itself may hold 255 characters and no comma; a sheet has no such limit.
    """
    from xlsxwriter.utility import xl_col_to_name

    w, text = words(), book.add_format(_TEXT)
    for number, column in enumerate(columns):
        choices.set_column(number, number, max(14, len(column.header) + 3), text)
        choices.write_string(0, number, column.header, text)
        for row, value in enumerate(column.allowed, start=1):
            choices.write_string(row, number, value, text)
        if column.allowed:
            letter = xl_col_to_name(number)
            validation = {
                "validate": "list",
                "source": f"={w.say('template.choices')}!${letter}$2:${letter}${len(column.allowed) + 1}",
                "ignore_blank": True,
                "error_title": w.say("excel.choose"),
                "error_message": w.say("template.choose"),
            }
            sheet.data_validation(1, number, QUESTIONNAIRE_ROWS, number, validation)


def _explained(column: TemplateColumn) -> str:
    w = words()
    required = w.say("template.required" if column.required else "template.optional")
    return f"{column.description_nl}\n{required}; {w.say(f'template.kind.{column.kind}')}."
