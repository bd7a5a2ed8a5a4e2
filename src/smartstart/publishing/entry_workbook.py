"""The register entry as a workbook, for who fills in the rest by hand."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from smartstart.publishing.register_entry import standard
from smartstart.wording import wording

if TYPE_CHECKING:
    from datetime import datetime

    from smartstart.publishing.register_entry import Entry

_COLUMNS: Final = {"field": 26, "text": 90, "length": 9, "longest": 11, "to_do": 40}


def entry_workbook(entry: Entry, made_on: datetime) -> bytes:
    """Return the entry as a workbook: a row for each field, with its length and what a person must still write."""
    import xlsxwriter

    w = wording("nl", __package__ or "")
    rules = {field.name: field for field in standard().fields}
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "Algoritmeregister", "created": made_on})
    head, text, open_ = (book.add_format(look) for look in (
        {"bold": True, "bottom": 1}, {"text_wrap": True, "valign": "top"},
        {"text_wrap": True, "valign": "top", "bg_color": "#fff4ce"},
    ))  # fmt: skip
    sheet = book.add_worksheet("algoritmeregister")
    for column, (name, width) in enumerate(_COLUMNS.items()):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, w.say(f"entry.{name}"), head)
    broken = {breach.partition(":")[0].partition(",")[0]: breach for breach in entry.breaches}
    for row, (name, value) in enumerate(entry.fields.items(), start=1):
        shown = "; ".join(" – ".join(one.values()) for one in value) if isinstance(value, list) else value
        look = open_ if name in entry.to_write or name in broken else text
        sheet.write_string(row, 0, name, look)
        sheet.write_string(row, 1, shown, look)
        sheet.write_number(row, 2, len(shown), look)
        if rules[name].longest:
            sheet.write_number(row, 3, rules[name].longest, look)
        sheet.write_string(row, 4, broken.get(name, w.say("entry.person") if name in entry.to_write else ""), look)
    sheet.freeze_panes(1, 1)
    book.close()
    return out.getvalue()
