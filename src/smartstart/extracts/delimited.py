"""Text files: strict decoding, and records that a broken neighbour cannot swallow.

DuckDB's and pandas' CSV readers let one unclosed quotation mark take every line up to the next mark with it.
Here a quoted field that runs over a line end counts only when it is closed properly and took no line that is a
whole record by itself; otherwise only the line with the odd mark is set aside.
"""

from __future__ import annotations

import io
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
    lines = _lines(text)
    del text  # it can be large, and nothing asks for it again
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise DataRefused(f"{name}: the file is empty; deliver it with at least its header.")
    delimiter = max(DELIMITERS, key=lines[first].count)
    header, _ = _record(lines.slice(first, LONGEST_FIELD_IN_LINES + 2).to_list(), 0, delimiter, None)
    if header is None:
        raise DataRefused(f"{name}, line {first + 1}: the header has an unclosed quotation mark.")
    return _records(lines, first + 1, delimiter, tuple(h.strip() for h in header))


def _lines(text: str) -> pl.Series:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return pl.scan_lines(io.BytesIO(text.encode()), name="text").collect().to_series()


def _records(lines: pl.Series, start: int, delimiter: str, header: tuple[str, ...]) -> Records:
    """Number the records and take them apart: whole columns at once, but for the few lines that want a closer look."""
    text, line = pl.col("text"), pl.int_range(start, start + pl.len(), dtype=pl.UInt32).alias("line")
    separators = text.str.count_matches(delimiter, literal=True).alias("separators")
    closer = text.str.contains('"', literal=True) | text.str.contains("\x00", literal=True)
    table = lines.slice(start).to_frame().with_columns(line, separators, closer.alias("closer"))
    blank = table.filter(pl.col("separators") == 0).filter(text.str.strip_chars() == "")["line"]
    at = table.filter("closer")["line"].to_list()
    looked_at = _look_closer(lines.to_list(), at, delimiter, len(header)) if at else []
    swallowed = [line for one in looked_at for line in range(one.line + 1, one.following)]
    no_records = pl.concat([blank, pl.Series(swallowed, dtype=pl.UInt32)])
    if not no_records.is_empty():
        table = table.filter(~pl.col("line").is_in(no_records.implode()))
    numbered = table.with_row_index("_row", 1)
    row_of = dict(numbered.filter("closer").select("line", "_row").iter_rows())
    faults = [StructuralFault(row_of[one.line], one.line + 1, one.rule, one.fields) for one in looked_at if one.rule]
    quoted = [(row_of[one.line], *one.fields) for one in looked_at if not one.rule]
    frame, miscounted = _plain_frame(numbered.filter(~pl.col("closer")), delimiter, header)
    if quoted:
        frame = pl.concat([frame, pl.DataFrame(quoted, schema=frame.schema, orient="row")]).sort("_row")
    return Records(header, frame, tuple(sorted([*faults, *miscounted], key=lambda f: f.row)), numbered.height)


@dataclass(frozen=True)
class _LookedAt:
    """A record with a mark or a NUL: its first line, the line after it, its fields, and the rule that it broke."""

    line: int
    following: int
    fields: tuple[str, ...]
    rule: str = ""


def _look_closer(lines: list[str], at: list[int], delimiter: str, width: int) -> list[_LookedAt]:
    found: list[_LookedAt] = []
    following = 0
    for i in at:
        if i < following:
            continue  # within the record before it
        parts = tuple(lines[i].split(delimiter))
        if "\x00" in lines[i]:
            found.append(_LookedAt(i, i + 1, parts, "control_character"))
            continue
        fields, following = _record(lines, i, delimiter, width)
        if fields is None or len(fields) != width:
            found.append(_LookedAt(i, following, parts, "unclosed_quote" if fields is None else "field_count"))
        else:
            found.append(_LookedAt(i, following, tuple(fields)))
    return found


def _plain_frame(
    table: pl.DataFrame, delimiter: str, header: tuple[str, ...]
) -> tuple[pl.DataFrame, list[StructuralFault]]:
    width = len(header)
    good = pl.col("separators") == width - 1
    miscounted = [
        StructuralFault(row, line + 1, "field_count", tuple(text.split(delimiter)))
        for row, line, text in table.filter(~good).select("_row", "line", "text").rows()
    ]
    counted = table.filter(good)
    return _fields(counted["text"], delimiter, width).insert_column(0, counted["_row"]), miscounted


def _fields(lines: pl.Series, delimiter: str, width: int) -> pl.DataFrame:
    """Take lines apart that hold no mark and have as many fields as the header; an empty field is an empty text."""
    names = [f"c{i}" for i in range(width)]  # by position, since a header may hold the same name twice
    if width == 1 or lines.is_empty():
        return pl.DataFrame([lines.alias(names[0]), *(pl.Series(name, dtype=pl.String) for name in names[1:])])
    text = io.BytesIO()
    lines.to_frame().write_csv(text, include_header=False, quote_style="never")
    text.seek(0)
    schema = dict.fromkeys(names, pl.String)
    return pl.read_csv(text, separator=delimiter, has_header=False, quote_char=None, schema=schema).fill_null("")


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
