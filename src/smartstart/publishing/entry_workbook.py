"""The register entry as a workbook, for who fills in the rest by hand."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from smartstart.outreach.workbook import inert_workbook
from smartstart.publishing.register_entry import standard
from smartstart.wording import wording

if TYPE_CHECKING:
    from datetime import datetime

    from smartstart.publishing.register_entry import Entry

_COLUMNS: Final = {"field": 26, "text": 90, "length": 9, "longest": 11, "to_do": 40}
_LOOKS: Final[tuple[dict[str, object], ...]] = (
    {"bold": True, "bottom": 1},
    {"text_wrap": True, "valign": "top"},
    {"text_wrap": True, "valign": "top", "bg_color": "#fff4ce"},  # what is still open
)


def entry_workbook(entry: Entry, made_on: datetime) -> bytes:
    """Return the entry as a workbook: a row for each field, with its length and what a person must still write."""
    w, content = wording("nl", __package__ or ""), BytesIO()
    rules = {field.name: field for field in standard().fields}
    broken = {breach.partition(":")[0].partition(",")[0]: breach for breach in entry.breaches}
    with inert_workbook(content, made_on, w.say("entry.title")) as book:
        head, text, open_ = (book.add_format(look) for look in _LOOKS)
        sheet = book.add_worksheet(w.say("entry.sheet"))
        for column, (name, width) in enumerate(_COLUMNS.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, w.say(f"entry.{name}"), head)
        for row, (name, value) in enumerate(entry.fields.items(), start=1):
            shown = "; ".join(" – ".join(one.values()) for one in value) if isinstance(value, list) else value
            look = open_ if name in entry.to_write or name in broken else text
            sheet.write_string(row, 0, name, look)
            sheet.write_string(row, 1, shown, look)
            sheet.write_number(row, 2, len(shown), look)
            if rules[name].longest:
                sheet.write_number(row, 3, rules[name].longest, look)
            to_do = broken.get(name, w.say("entry.person") if name in entry.to_write else "")
            sheet.write_string(row, 4, to_do, look)
        sheet.freeze_panes(1, 1)
    return content.getvalue()
