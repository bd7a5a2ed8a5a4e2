"""A table as the bytes of a file, in each of the formats that a delivery may have."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from xml.sax.saxutils import escape

import openpyxl
import polars as pl
from valid_delivery import Table

FORMATS = ("csv", "xlsx", "ods", "parquet")
_ODS_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"))
)
_CALCEXT = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
_ODS_KIND = "application/vnd.oasis.opendocument.spreadsheet"
SHEET = "xl/worksheets/sheet1.xml"


def written(table: Table, kind: str) -> bytes:
    """Return the file: every value as text, as it stands in the table."""
    return _WRITERS[kind](table)


def as_csv(table: Table, *, separator: str = ";", line_end: str = "\n", encoding: str = "utf-8") -> bytes:
    return (line_end.join([*csv_lines(table, separator), ""])).encode(encoding)


def csv_lines(table: Table, separator: str = ";") -> list[str]:
    """Return the header and the rows as lines."""
    return [separator.join(_quoted(cell, separator) for cell in row) for row in [list(table.columns), *table.texts()]]


def _quoted(cell: str, separator: str) -> str:
    needs = separator in cell or "\n" in cell or cell.startswith('"')
    return '"' + cell.replace('"', '""') + '"' if needs else cell


def as_xlsx(table: Table, rows: Iterable[Sequence[object]] | None = None) -> bytes:
    """Return a workbook; ``rows`` instead of the texts may hold numbers, days and truth values."""
    return workbook([table.columns, *(table.texts() if rows is None else rows)])


def workbook(lines: Iterable[Sequence[object]], change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for number, line in enumerate(lines, start=1):
        for place, value in enumerate(line, start=1):
            if value is None or value == "":
                continue
            cell = book.active.cell(number, place)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"  # a text that looks like a formula is a text
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def as_ods(table: Table, rows: Iterable[Sequence[object]] | None = None) -> bytes:
    return ods(ods_rows([table.columns, *(table.texts() if rows is None else rows)]))


def ods_rows(lines: Iterable[Sequence[object]]) -> str:
    return "".join(f"<table:table-row>{''.join(map(ods_cell, line))}</table:table-row>" for line in lines)


def ods_cell(value: object) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, bool):
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(value).lower()}"/>'
    if isinstance(value, int | float):
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
    if isinstance(value, date):
        return f'<table:table-cell office:value-type="date" office:date-value="{value.isoformat()}"/>'
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'


def ods(rows: str, more: str = "", extra: Mapping[str, bytes] | None = None) -> bytes:
    """Return an ODS whose first sheet has these rows; ``more`` are further sheets, ``extra`` further parts."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_ODS_NAMES} {_CALCEXT} office:version="1.3">'
        f'<office:body><office:spreadsheet><table:table table:name="Blad1">{rows}</table:table>{more}'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest manifest:version="1.3" '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_ODS_KIND}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    parts = {
        "mimetype": _ODS_KIND.encode(),
        "META-INF/manifest.xml": manifest.encode(),
        "content.xml": content.encode(),
    }
    return zipped(parts | dict(extra or {}))


def zipped(parts: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in parts.items():
            packed.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def with_part(content: bytes, name: str, body: bytes) -> bytes:
    """Return a workbook with one part more, or another in its place."""
    return zipped(unzipped(content) | {name: body})


def as_parquet(table: Table, frame: pl.DataFrame | None = None) -> bytes:
    stream = io.BytesIO()
    (text_frame(table) if frame is None else frame).write_parquet(stream)
    return stream.getvalue()


def text_frame(table: Table) -> pl.DataFrame:
    columns = zip(*table.texts(), strict=True) if table.rows else [()] * len(table.columns)
    return pl.DataFrame(
        dict(zip(table.columns, map(list, columns), strict=True)), schema=dict.fromkeys(table.columns, pl.String)
    )


_WRITERS: Mapping[str, Callable[[Table], bytes]] = {
    "csv": as_csv,
    "xlsx": as_xlsx,
    "ods": as_ods,
    "parquet": as_parquet,
}
