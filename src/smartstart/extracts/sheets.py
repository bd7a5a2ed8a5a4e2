"""XLSX and ODS as text: bounded before they are parsed, values as they would stand in a CSV file."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from typing import Any

import polars as pl

from smartstart.errors import DataRefused
from smartstart.extracts.delimited import Records, StructuralFault

MOST_EXPANDED_BYTES = 512 * 1024**2
MOST_EXPANSION = 100  # times; ordinary workbooks expand 5 to 20 times
MOST_ROWS = 2_000_000
_FIRST_SHEET = "xl/worksheets/sheet1.xml"
_OLE = b"\xd0\xcf\x11\xe0"  # a workbook with a password, or the .xls of before 2007


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
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows: list[list[Any]] = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except Exception:  # the reader's own messages can quote cells
        raise DataRefused(f"{name}: this is no readable workbook; save it again as XLSX or CSV.") from None
    if len(rows) > MOST_ROWS:
        raise DataRefused(f"{name}: the sheet has more than {MOST_ROWS} rows; deliver it in parts.")
    return [[_as_text(cell) for cell in row] for row in rows], _lines_with_errors(content)


def _refuse_unsafe(content: bytes, name: str) -> None:
    if content.startswith(_OLE):
        raise DataRefused(f"{name}: the workbook has a password or is an old .xls; save it as XLSX without one.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            infos = parts.infolist()
            expanded = sum(info.file_size for info in infos)
            if expanded > MOST_EXPANDED_BYTES or expanded > MOST_EXPANSION * max(len(content), 1):
                raise DataRefused(f"{name}: the workbook expands to far more than its size; deliver it as CSV.")
            for info in infos:
                part = info.filename.lower()
                if "vbaproject" in part or part.startswith(("basic/", "scripts/")):
                    raise DataRefused(f"{name}: the workbook holds macros; save it without them.")
                if "externallinks/" in part:
                    raise DataRefused(f"{name}: the workbook links to other files; save the values only.")
                body = parts.read(info) if part.endswith((".xml", ".rels")) else b""
                if part.startswith("xl/worksheets/") and _is_far_flung(body):
                    raise DataRefused(f"{name}: a cell lies far outside the table; delete what is below and beside it.")
                if b"<!" in body[:2048].replace(b"<!--", b""):
                    raise DataRefused(f"{name}: the workbook declares XML entities; save it again as XLSX or CSV.")
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, NotImplementedError, ValueError):
        raise DataRefused(f"{name}: this is no readable workbook; save it again as XLSX or CSV.") from None


def _is_far_flung(sheet: bytes) -> bool:
    """Tell whether the used area is mostly empty: the parser makes room for every cell of it, 17 billion at most."""
    if re.search(rb'<c r="[A-Z]{3}', sheet):  # column AAA is the 703rd
        return True
    last = max((int(number) for number in re.findall(rb'<row r="(\d+)"', sheet)), default=0)
    return last > MOST_ROWS or last > 100 * sheet.count(b"<row ") + 10_000


def _lines_with_errors(content: bytes) -> set[int]:
    """Return the lines of an XLSX's first sheet with a cell such as #N/A, which the parser would pass off as empty."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        if _FIRST_SHEET not in parts.namelist():
            return set()  # an ODS, or a workbook that names its sheets in its own way
        sheet = parts.read(_FIRST_SHEET)
    return {int(line) for line in re.findall(rb'<c r="[A-Z]+(\d+)"[^>]* t="e"', sheet)}


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
