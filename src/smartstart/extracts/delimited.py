"""Text files: strict decoding, and records that a broken neighbour cannot swallow.

DuckDB's and pandas' CSV readers let one unclosed quotation mark take every line up to the next mark with it.
Here a quoted field that runs over a line end counts only when it is closed properly and took no line that is a
whole record by itself; otherwise only the line with the odd mark is set aside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl

from smartstart.errors import DataRefused

DELIMITERS = ";,\t"
_UTF8_READ_AS_CP1252 = re.compile("[ÃÂ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")  # é becomes Ã and a sign behind it
LONGEST_FIELD_IN_LINES = 50  # bounds the look ahead for a closing quote, so that odd quotes cannot cost n² time


@dataclass(frozen=True)
class StructuralFault:
    """A line that is no record: ``row`` counts records from 1 without the header, ``line`` counts file lines."""

    row: int
    line: int
    rule: str
    fields: tuple[str, ...] = field(default=(), repr=False)  # what stands between its separators, unchecked


@dataclass(frozen=True)
class Records:
    """A file as text: ``frame`` has one text column per header (in order) and ``_row``; faults stand apart."""

    header: tuple[str, ...]
    frame: pl.DataFrame
    faults: tuple[StructuralFault, ...]
    rows_in: int


def decode(content: bytes, name: str) -> str:
    """Decode strictly: a byte order mark decides, then UTF-8, then Windows-1252. Raises DataRefused."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif content[:4].count(0) >= 1 and content[:2] != b"\x00\x00":
        encodings = ["utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252" and (pair := _UTF8_READ_AS_CP1252.search(text)):
            line = text.count("\n", 0, pair.start()) + 1
            raise DataRefused(f"{name}: some bytes are UTF-8 (line {line}) and others are not; save the file as UTF-8.")
        return text
    raise DataRefused(f"{name}: the bytes are neither UTF-8, UTF-16 nor Windows-1252; save the file as UTF-8.")


def split(text: str, name: str) -> Records:
    """Split text into a header and records. Blank lines are not records. Raises DataRefused without a header."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise DataRefused(f"{name}: the file is empty; deliver it with at least its header.")
    delimiter = max(DELIMITERS, key=lines[first].count)
    header, _ = _record(lines, first, delimiter, None)
    if header is None:
        raise DataRefused(f"{name}, line {first + 1}: the header has an unclosed quotation mark.")
    return _records(lines, first + 1, delimiter, tuple(h.strip() for h in header))


def _records(lines: list[str], start: int, delimiter: str, header: tuple[str, ...]) -> Records:
    width = len(header)
    plain: list[str] = []
    plain_rows: list[int] = []
    plain_lines: list[int] = []
    quoted: list[list[str]] = []
    quoted_rows: list[int] = []
    faults: list[StructuralFault] = []
    row, i = 0, start
    while i < len(lines):
        line = lines[i]
        if not line or (line.isspace() and delimiter not in line):
            i += 1
            continue
        row += 1
        if "\x00" in line:
            faults.append(StructuralFault(row, i + 1, "control_character", tuple(line.split(delimiter))))
            i += 1
        elif '"' not in line:
            plain.append(line)
            plain_rows.append(row)
            plain_lines.append(i + 1)
            i += 1
        else:
            fields, following = _record(lines, i, delimiter, width)
            if fields is None or len(fields) != width:
                rule = "unclosed_quote" if fields is None else "field_count"
                faults.append(StructuralFault(row, i + 1, rule, tuple(line.split(delimiter))))
            else:
                quoted.append(fields)
                quoted_rows.append(row)
            i = following
    frame, miscounted = _plain_frame(plain, plain_rows, plain_lines, delimiter, header)
    if quoted:
        columns = dict(zip(_positions(header), zip(*quoted, strict=True), strict=True))
        more = pl.DataFrame({"_row": quoted_rows, **columns}, schema=frame.schema)
        frame = pl.concat([frame, more]).sort("_row")
    return Records(header, frame, tuple(sorted([*faults, *miscounted], key=lambda f: f.row)), row)


def _positions(header: tuple[str, ...]) -> list[str]:
    """Name columns by position, since a header may hold the same name twice; the caller renames them."""
    return [f"c{i}" for i in range(len(header))]


def _plain_frame(
    lines: list[str], rows: list[int], numbers: list[int], delimiter: str, header: tuple[str, ...]
) -> tuple[pl.DataFrame, list[StructuralFault]]:
    names, width = _positions(header), len(header)
    table = pl.DataFrame(
        {"_row": rows, "line": numbers, "text": lines},
        {"_row": pl.UInt32, "line": pl.UInt32, "text": pl.String},
    )
    good = pl.col("text").str.count_matches(delimiter, literal=True) == width - 1
    miscounted = [
        StructuralFault(row, line, "field_count", tuple(text.split(delimiter)))
        for row, line, text in table.filter(~good).select("_row", "line", "text").rows()
    ]
    parts = pl.col("text").str.split_exact(delimiter, width - 1).struct.rename_fields(names)
    return table.filter(good).select("_row", parts.alias("parts")).unnest("parts"), miscounted


def _record(lines: list[str], i: int, delimiter: str, width: int | None) -> tuple[list[str] | None, int]:
    """Read one record with quotation marks from line ``i``.

    Returns its fields and the index of the line after it; None as fields when a mark is not closed properly, and
    then the line after is ``i + 1``, so that the neighbours are read as if this line were not there.
    """
    fields: list[str] = []
    text, j, at = lines[i], i, 0
    while True:
        if not text.startswith('"', at):
            end = text.find(delimiter, at)
            fields.append(text[at:] if end < 0 else text[at:end])
            if end < 0:
                return fields, j + 1
            at = end + 1
            continue
        value, at = "", at + 1
        while True:
            end = text.find('"', at)
            if end < 0:
                j += 1
                if j >= len(lines) or j - i > LONGEST_FIELD_IN_LINES or _is_whole_record(lines[j], delimiter, width):
                    return None, i + 1
                value, text, at = value + text[at:] + "\n", lines[j], 0
            elif text.startswith('""', end):
                value, at = value + text[at : end + 1], end + 2
            else:
                value, at = value + text[at:end], end + 1
                break
        fields.append(value)
        if at == len(text):
            return fields, j + 1
        if not text.startswith(delimiter, at):
            return None, i + 1
        at += 1


def _is_whole_record(line: str, delimiter: str, width: int | None) -> bool:
    return width is not None and width > 1 and line.count(delimiter) == width - 1
