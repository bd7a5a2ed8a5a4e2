"""Whatever is written as CSV is read back, and whatever bytes come in, no record is lost without a word."""

from __future__ import annotations

import csv
import io
from unittest import mock

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from smartstart.errors import DataRefused
from smartstart.extracts import delimited
from smartstart.extracts.delimited import split, split_in_turn
from smartstart.extracts.encoding import decode, encoding_of, lines_in_turn

# a field may hold separators, quotation marks and line ends; a reader that strips nothing must return it
fields = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r", exclude_categories=["Cs"]), max_size=12)
tables = st.integers(2, 6).flatmap(
    lambda width: st.lists(st.lists(fields, min_size=width, max_size=width), max_size=20)
)


@given(tables, st.sampled_from([";", ",", "\t"]))
def test_what_a_csv_writer_writes_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    width = len(rows[0]) if rows else 2
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([f"k{i}" for i in range(width)])
    writer.writerows(rows)
    records = split(stream.getvalue(), "f")
    # a field whose own line looks like a whole record cannot be told from an unclosed quote: set aside, not misread
    found = {row[0]: list(row[1:]) for row in records.frame.rows()}
    if not records.faults:
        assert [found[i + 1] for i in range(len(rows))] == rows
    else:
        suspicious = [
            row for row in rows if any(line.count(delimiter) == width - 1 for f in row for line in f.split("\n"))
        ]
        multiline = [row for row in rows if any("\n" in field for field in row)]
        assert suspicious or multiline


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_and_every_record_is_accounted_for(content: bytes) -> None:
    try:
        records = split(decode(content, "f"), "f")
    except DataRefused:
        return
    numbers = [*records.frame["_row"].to_list(), *(fault.row for fault in records.faults)]
    assert sorted(numbers) == list(range(1, records.rows_in + 1))


@given(st.lists(st.sampled_from(["1;2;3", "4;5", '6;"7;8', '9;"a";b', '"x\ny";2;3', "", "a;b;c;d"]), max_size=30))
def test_good_lines_survive_any_neighbours(lines: list[str]) -> None:
    records = split("\n".join(["p;q;r", *lines, ""]), "f")
    found = [tuple(row[1:]) for row in records.frame.rows()]
    assert found.count(("1", "2", "3")) == lines.count("1;2;3")
    assert found.count(("9", "a", "b")) == lines.count('9;"a";b')


def _every_mark(lines: pl.Series, _delimiter: str) -> pl.Series:
    return lines.str.contains('["\x00]').alias("closer")


@given(st.lists(st.text('a"";;; \x00', max_size=9), max_size=20), st.integers(1, 3))
def test_marks_around_fields_are_read_at_once_as_a_closer_look_reads_them(lines: list[str], width: int) -> None:
    text = "\n".join([";".join("pqr"[:width]), *lines, ""])
    with mock.patch.object(delimited, "_closer", _every_mark):
        closer = split(text, "f")
    assert (found := split(text, "f")).frame.equals(closer.frame)
    assert (found.faults, found.rows_in) == (closer.faults, closer.rows_in)


def test_a_file_with_marks_around_every_field_wants_no_closer_look() -> None:
    lines = pl.Series(['"a";"";"b c"', 'a;"b";', '""', '"a;b";c;d', '"a""b";c;d', 'a"b;c;d', '"a";"b', "a;b;c"])
    assert delimited._closer(lines, ";").to_list() == [False, False, False, True, True, True, True, False]


LINES = ["1;2;3", "4;5", '6;"7;8', '9;"a";b', '"x\ny";2;3', '"open', 'shut";2;3', '""', "", " ", "é;\x00;2", "a;b;c;d"]


ENCODINGS = ["utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]


@given(
    st.lists(st.sampled_from(LINES), max_size=30),
    st.integers(1, 40),
    st.sampled_from(["", "\n", "\ufeff", "\n\n"]),
    st.sampled_from(ENCODINGS),
)
def test_a_file_that_is_read_in_parts_is_read_as_it_is_at_once_wherever_it_is_cut(
    lines: list[str], size: int, begin: str, encoding: str
) -> None:
    text = begin + "\n".join(["p;q;r", *lines, ""])
    if encoding.startswith("utf-16"):
        text = text.replace("\x00", "")  # zeros in a row: such a file is taken for no text
    content = text.encode(encoding, errors="ignore")
    blocks = [content[at : at + size] for at in range(0, len(content), size)]
    whole = split(decode(content, "f"), "f")
    parts = list(split_in_turn(lines_in_turn(blocks, encoding_of(lambda: blocks, "f")), "f"))
    assert pl.concat([part.frame for part in parts]).equals(whole.frame)
    assert tuple(fault for part in parts for fault in part.faults) == whole.faults
    assert sum(part.rows_in for part in parts) == whole.rows_in
    assert {part.header for part in parts} == {whole.header}
