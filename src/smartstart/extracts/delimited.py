"""Text files with separators: records that a broken neighbour cannot swallow.

DuckDB's and pandas' CSV readers let one unclosed quotation mark take every line up to the next mark with it.
Here a quoted field that runs over a line end counts only when it is closed properly and took no line that is a
whole record by itself; otherwise only the line with the odd mark is set aside.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from smartstart.errors import DataRefused

DELIMITERS = ";,\t"
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


def split(text: str, name: str) -> Records:
    """Split text into a header and records. Blank lines are not records. Raises DataRefused without a header."""
    (records,) = split_in_turn([text], name)
    return records


def split_in_turn(texts: Iterable[str], name: str) -> Iterator[Records]:
    """Split a text that comes in parts, each cut behind a line, as ``split`` does the whole: rows are numbered through.

    A record that is not over at the end of a part is left to the next. Raises DataRefused without a header.
    """
    header: tuple[str, ...] | None = None
    delimiter, rest, line, row = "", "", 0, 1
    for text, last in _with_last(texts):
        lines = _lines(rest + text)
        del text  # it can be large, and nothing asks for it again
        start = 0
        if header is None:
            first = next((i for i, line in enumerate(lines) if line.strip()), None)
            if first is None and last:
                raise DataRefused(f"{name}: the file is empty; deliver it with at least its header.")
            if first is None:
                line += len(lines)
                continue
            delimiter, header = _head(lines, first, line, name)
            start = first + 1
        records, read = _records(lines, start, delimiter, header, (row, line), last=last)
        yield records
        row, line = row + records.rows_in, line + read
        rest = "".join(f"{left}\n" for left in lines.slice(read))


def _with_last(texts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield each text, and whether it is the last."""
    several = iter(texts)
    text = next(several)
    for following in several:
        yield text, False
        text = following
    yield text, True


def _head(lines: pl.Series, first: int, before: int, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the delimiter and the header that stands in line ``first``, with so many lines of the file ``before``."""
    delimiter = max(DELIMITERS, key=lines[first].count)
    header, _ = _record(lines.slice(first, LONGEST_FIELD_IN_LINES + 2).to_list(), 0, delimiter, None, last=True)
    if header is None:
        raise DataRefused(f"{name}, line {before + first + 1}: the header has an unclosed quotation mark.")
    return delimiter, tuple(h.strip() for h in header)


def _lines(text: str) -> pl.Series:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return pl.scan_lines(io.BytesIO(text.encode()), name="text").collect().to_series()


def _records(
    lines: pl.Series, start: int, delimiter: str, header: tuple[str, ...], before: tuple[int, int], *, last: bool
) -> tuple[Records, int]:
    """Number the records and take them apart: whole columns at once, but for the few lines that want a closer look.

    ``before`` are the number of the first record and how many lines of the file went before. Also returns how many
    lines were read: all, unless a record runs on in lines that are still to come.
    """
    row, lines_before = before
    text, line = pl.col("text"), pl.int_range(start, start + pl.len(), dtype=pl.UInt32).alias("line")
    separators = text.str.count_matches(delimiter, literal=True).alias("separators")
    table = lines.slice(start).to_frame().with_columns(line, separators, _closer(lines.slice(start), delimiter))
    at = table.filter("closer")["line"].to_list()
    looked_at = _look_closer(lines.to_list(), at, delimiter, len(header), last=last) if at else []
    read = len(lines)
    if looked_at and looked_at[-1].following > len(lines):
        read = looked_at.pop().line
        table = table.filter(pl.col("line") < read)
    blank = table.filter(pl.col("separators") == 0).filter(text.str.strip_chars() == "")["line"]
    swallowed = [line for one in looked_at for line in range(one.line + 1, one.following)]
    no_records = pl.concat([blank, pl.Series(swallowed, dtype=pl.UInt32)])
    if not no_records.is_empty():
        table = table.filter(~pl.col("line").is_in(no_records.implode()))
    numbered = table.with_row_index("_row", row).with_columns(pl.col("line") + lines_before)
    row_of = dict(numbered.filter("closer").select("line", "_row").iter_rows())
    looked_at = [replace(one, line=one.line + lines_before) for one in looked_at]
    faults = [StructuralFault(row_of[one.line], one.line + 1, one.rule, one.fields) for one in looked_at if one.rule]
    quoted = [(row_of[one.line], *one.fields) for one in looked_at if not one.rule]
    frame, miscounted = _plain_frame(numbered.filter(~pl.col("closer")), delimiter, header)
    if quoted:
        frame = pl.concat([frame, pl.DataFrame(quoted, schema=frame.schema, orient="row")]).sort("_row")
    return Records(header, frame, tuple(sorted([*faults, *miscounted], key=lambda f: f.row)), numbered.height), read


def _closer(lines: pl.Series, delimiter: str) -> pl.Series:
    """Tell of each line whether it wants a closer look: it holds a NUL, or marks that are more than around a field.

    Programs that put marks around every field are common; without a separator or a mark between them, the marks say
    nothing, and the line is read as if they were not there.
    """
    marked = lines.str.contains('"', literal=True)
    closer = (marked | lines.str.contains("\x00", literal=True)).alias("closer")
    if not marked.any():
        return closer
    one = f'(?:"[^"{delimiter}\x00]*"|[^"{delimiter}\x00]*)'
    around_fields = lines.filter(marked).str.contains(f"^{one}(?:[{delimiter}]{one})*$")
    return closer.scatter(marked.arg_true().filter(around_fields), values=False)


@dataclass(frozen=True)
class _LookedAt:
    """A record with a mark or a NUL: its first line, the line after it, its fields, and the rule that it broke.

    A record that runs on in lines which are still to come is ``following`` them.
    """

    line: int
    following: int
    fields: tuple[str, ...]
    rule: str = ""


def _look_closer(lines: list[str], at: list[int], delimiter: str, width: int, *, last: bool) -> list[_LookedAt]:
    found: list[_LookedAt] = []
    following = 0
    for i in at:
        if i < following:
            continue  # within the record before it
        parts = tuple(lines[i].split(delimiter))
        if "\x00" in lines[i]:
            found.append(_LookedAt(i, i + 1, parts, "control_character"))
            continue
        fields, following = _record(lines, i, delimiter, width, last=last)
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
    """Take lines apart that have as many fields as the header, and marks around fields at most; empty means empty."""
    names = [f"c{i}" for i in range(width)]  # by position, since a header may hold the same name twice
    if lines.str.contains('"', literal=True).any():
        lines = lines.str.replace_all('"', "", literal=True)
    if width == 1 or lines.is_empty():
        return pl.DataFrame([lines.alias(names[0]), *(pl.Series(name, dtype=pl.String) for name in names[1:])])
    text = io.BytesIO()
    text.write(f"{delimiter.join(names)}\n".encode())  # the first line of all would lose a sign that marks byte orders
    lines.to_frame().write_csv(text, include_header=False, quote_style="never")
    text.seek(0)
    schema = dict.fromkeys(names, pl.String)
    return pl.read_csv(text, separator=delimiter, quote_char=None, schema=schema).fill_null("")


def _record(lines: list[str], i: int, delimiter: str, width: int | None, *, last: bool) -> tuple[list[str] | None, int]:
    """Read one record with quotation marks from line ``i``.

    Returns its fields and the index of the line after it; None as fields when a mark is not closed properly, and
    then the line after is ``i + 1``, so that the neighbours are read as if this line were not there. When the lines
    are not the ``last`` ones and end within the record, the line after lies beyond them.
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
                if j >= len(lines) and j - i <= LONGEST_FIELD_IN_LINES and not last:
                    return None, j + 1
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
