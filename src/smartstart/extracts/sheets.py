"""XLSX and ODS as text: bounded before they are parsed, values as they would stand in a CSV file."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import polars as pl

from smartstart.errors import DataRefused
from smartstart.extracts.delimited import Records, StructuralFault
from smartstart.extracts.limits import MOST_ROWS_OF_A_SHEET

MOST_EXPANDED_BYTES = 512 * 1024**2
MOST_EXPANSION = 100  # times; ordinary workbooks expand 5 to 20 times
MOST_ROOM = 10_000_000  # cells that the parser may make room for, however few are filled
_DECLARATION = re.compile(rb"<\0?!\0?[A-Za-z]")  # DOCTYPE, ENTITY, in UTF-16 too; no comment and no CDATA
_OLE = b"\xd0\xcf\x11\xe0"  # a workbook with a password, or the .xls of before 2007

# An attribute holds no "<", so what stands before the next one is the whole tag, in time that grows with the file.
_XLSX_TAG = re.compile(rb"<(?:[\w.-]{1,64}:)?(row|c)(?=[\s/>])([^<]*)")
_ODS_TAG = re.compile(rb"<(?:[\w.-]{1,64}:)?(covered-table-cell|table-cell|table-row|table)(?=[\s/>])([^<]*)")
_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_XLSX_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_ODS_ERROR = re.compile(rb"""value-type\s*=\s*["']error["']""")
_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d+)["']""")
_SHEET = re.compile(rb"""<(?:[\w.-]{1,64}:)?sheet\s[^<]*?\s[\w.-]{1,64}:id\s*=\s*["']([^"'<]*)["']""")
_RELATION = re.compile(rb"<(?:[\w.-]{1,64}:)?Relationship\s([^<]*)")


def read_sheet(content: bytes, name: str) -> Records:
    """Read the first sheet of a workbook; row 1 is the header. Raises DataRefused before parsing what is unsafe."""
    texts, erroneous = read_cells(content, name)
    header = _trimmed(texts[0]) if texts else []
    if not header:
        raise DataRefused(f"{name}: the first row of the first sheet is empty; put the header there.")
    width = len(header)
    whole: list[list[str]] = []
    numbers: list[int] = []
    faults: list[StructuralFault] = []
    for line, row in enumerate(texts[1:], start=2):
        if not any(row) and line not in erroneous:
            continue
        number = len(whole) + len(faults) + 1
        if line in erroneous or any(row[width:]):
            rule = "cell_error" if line in erroneous else "field_count"
            faults.append(StructuralFault(number, line, rule, tuple(row)))
        else:
            whole.append(row)
            numbers.append(number)
    columns = {f"c{i}": [row[i] if i < len(row) else "" for row in whole] for i in range(width)}
    frame = pl.DataFrame(
        {"_row": numbers, **columns}, {"_row": pl.UInt32, **{f"c{i}": pl.String for i in range(width)}}
    )
    return Records(tuple(header), frame, tuple(faults), len(whole) + len(faults))


def read_cells(content: bytes, name: str) -> tuple[list[list[str]], set[int]]:
    """Return the cells of the first sheet as text, line by line from line 1, and which lines hold an error of Excel.

    Raises DataRefused before parsing what is unsafe.
    """
    from python_calamine import CalamineWorkbook

    _refuse_unsafe(content, name)
    try:
        erroneous = _lines_with_errors(content)
    except (KeyError, UnicodeDecodeError):
        raise DataRefused(f"{name}: the workbook does not say which sheet comes first; save it again.") from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows: list[list[Any]] = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # a panic of the reader is no Exception; its own messages can quote cells
        raise DataRefused(f"{name}: this is no readable workbook; save it again as XLSX or CSV.") from None
    if len(rows) > MOST_ROWS_OF_A_SHEET:
        raise DataRefused(f"{name}: the sheet has more than {MOST_ROWS_OF_A_SHEET} rows; deliver it in parts.")
    return [[_as_text(cell) for cell in row] for row in rows], erroneous


def _refuse_unsafe(content: bytes, name: str) -> None:
    if content.startswith(_OLE):
        raise DataRefused(f"{name}: the workbook has a password or is an old .xls; save it as XLSX without one.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            infos = parts.infolist()
            expanded = sum(info.file_size for info in infos)
            if expanded > MOST_EXPANDED_BYTES or expanded > MOST_EXPANSION * max(len(content), 1):
                raise DataRefused(f"{name}: the workbook expands to far more than its size; deliver it as CSV.")
            if len({info.filename for info in infos}) < len(infos):
                raise ValueError  # two readers could take another part each
            for info in infos:
                part = info.filename.lower()
                if "vbaproject" in part or part.startswith(("basic/", "scripts/")):
                    raise DataRefused(f"{name}: the workbook holds macros; save it without them.")
                if "externallinks/" in part:
                    raise DataRefused(f"{name}: the workbook links to other files; save the values only.")
                body = parts.read(info)  # a sheet may have any name and any ending
                if _DECLARATION.search(body):
                    raise DataRefused(f"{name}: the workbook declares XML entities; save it again as XLSX or CSV.")
                if part.endswith((".xml", ".rels")) and b"\x00" in body:
                    raise ValueError  # UTF-16: no program writes it, and what is looked for here would be missed
                if (b"sheetData" in body and _is_far_flung(body)) or (part == "content.xml" and _is_repeated(body)):
                    raise DataRefused(f"{name}: a cell lies far outside the table; delete what is below and beside it.")
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, NotImplementedError, ValueError):
        raise DataRefused(f"{name}: this is no readable workbook; save it again as XLSX or CSV.") from None


def _is_far_flung(sheet: bytes) -> bool:
    """Tell whether the used area is mostly empty: the parser makes room for every cell of it, 17 billion at most."""
    rows = cells = last_row = last_column = column = 0
    for tag in _XLSX_TAG.finditer(sheet):
        place = _PLACE.search(tag[2])
        if tag[1] == b"row":
            rows, column = rows + 1, 0
            last_row = max(last_row + 1, int(place[2])) if place else last_row + 1
        else:
            cells += 1
            column = _column(place[1]) if place else column + 1
            last_column = max(last_column, column)
            last_row = max(last_row, int(place[2])) if place else last_row
    if last_column > _column(b"ZZ") or last_row > MOST_ROWS_OF_A_SHEET or last_row > 100 * rows + 10_000:
        return True
    return last_row * last_column > max(MOST_ROOM, 10 * cells)


@lru_cache(maxsize=1024)
def _column(letters: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - ord("A") + 1
    return number


def _is_repeated(content: bytes) -> bool:
    """Tell whether an ODS says "this cell again" so often that a few bytes become more cells than fit in memory.

    Empty cells at the end of a row, and empty rows, cost nothing: LibreOffice fills a whole sheet with them.
    """
    cells = room = times = used = width = 0
    for tag in _ODS_TAG.finditer(content):
        if tag[1] in {b"table", b"table-row"}:
            room += times * used
            used = width = 0
            times = _times(tag[2]) if tag[1] == b"table-row" else 0
        else:
            cells += 1
            width += _times(tag[2])
            if b"value-type" in tag[2] or b"formula" in tag[2]:
                used = width
    return room + times * used > max(MOST_ROOM, 10 * cells)


def _times(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1]) if found else 1


def _lines_with_errors(content: bytes) -> set[int]:
    """Return the lines of the first sheet with a cell such as #N/A, which the parser would pass off as empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if "content.xml" in parts.namelist():
            return _ods_errors(parts.read("content.xml"))
        sheet = parts.read(_first_sheet(parts))
    if not _XLSX_ERROR.search(sheet):  # nearly always: then no cell need be looked at
        return set()
    line, lines = 0, set()
    for tag in _XLSX_TAG.finditer(sheet):
        place = _PLACE.search(tag[2])
        if tag[1] == b"row":
            line = int(place[2]) if place else line + 1
        elif _XLSX_ERROR.search(tag[2]):
            lines.add(int(place[2]) if place else line)
    return lines


def _first_sheet(parts: zipfile.ZipFile) -> str:
    """Return the part that holds the first sheet: sheets that were moved keep their old names."""
    first = _SHEET.search(parts.read("xl/workbook.xml"))
    for relation in _RELATION.finditer(parts.read("xl/_rels/workbook.xml.rels")):
        named = re.search(rb"""\bId\s*=\s*["']([^"']*)["']""", relation[1])
        target = re.search(rb"""\bTarget\s*=\s*["']([^"']*)["']""", relation[1])
        if first and named and target and named[1] == first[1]:
            place = target[1].decode()
            return place.removeprefix("/") if place.startswith("/") else f"xl/{place}"
    raise KeyError


def _ods_errors(content: bytes) -> set[int]:
    line = times = tables = 0
    lines: set[int] = set()
    for tag in _ODS_TAG.finditer(content):
        if tag[1] == b"table":
            tables += 1
            if tables > 1:
                break
        elif tag[1] == b"table-row":
            line, times = line + times, _times(tag[2])
        elif _ODS_ERROR.search(tag[2]):
            lines.update(range(line + 1, line + times + 1))
    return lines


def _as_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "J" if cell else "N"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _trimmed(header: list[str]) -> list[str]:
    header = [name.strip() for name in header]
    while header and not header[-1]:
        header.pop()
    return header
