"""Workbooks: read as text, and refused before parsing when they are unsafe."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import openpyxl
import pytest

from smartstart.errors import DataRefused
from smartstart.extracts import sheets
from smartstart.extracts.sheets import read_sheet


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


PLAIN = workbook(
    [["bsn", "datum", "aantal", "werk"], ["000012345", date(2024, 3, 1), 14, True], [123456782, None, 2.5, "N"]]
)


def test_cells_become_the_text_that_a_csv_would_hold() -> None:
    records = read_sheet(PLAIN, "x.xlsx")
    assert records.header == ("bsn", "datum", "aantal", "werk")
    assert records.frame.rows() == [(1, "000012345", "2024-03-01", "14", "J"), (2, "123456782", "", "2.5", "N")]


def test_empty_rows_at_the_end_are_no_records() -> None:
    assert read_sheet(workbook([["a", "b"], ["1", "2"], [None, None], ["", ""]]), "x.xlsx").rows_in == 1


@pytest.mark.parametrize(
    ("name", "part", "word"),
    [
        ("xl/vbaProject.bin", b"x", "macros"),
        ("xl/externalLinks/externalLink1.xml", b"<x/>", "links to other files"),
        ("xl/evil.xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>', "XML entities"),
        ("xl/bomb.xml", b"0" * (sheets.MOST_EXPANSION * 20_000), "expands"),
    ],
)
def test_an_unsafe_workbook_is_refused_before_it_is_parsed(name: str, part: bytes, word: str) -> None:
    stream = io.BytesIO(PLAIN)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, part)
    with pytest.raises(DataRefused, match=word):
        read_sheet(stream.getvalue(), "x.xlsx")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04broken", PLAIN[: len(PLAIN) // 2], b"\xd0\xcf\x11\xe0" + b"0" * 600]
)
def test_what_is_no_workbook_is_refused_in_one_sentence(content: bytes) -> None:
    with pytest.raises(DataRefused) as refusal:
        read_sheet(content, "x.xlsx")
    assert str(refusal.value).startswith("x.xlsx: ") and "\n" not in str(refusal.value)


@pytest.mark.parametrize("cell", ["XFD1", "A1048576", "AAA2"])
def test_a_stray_cell_far_away_is_refused_before_the_parser_makes_room_for_all_between(cell: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active[cell] = "x"
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(DataRefused, match="far outside"):
        read_sheet(stream.getvalue(), "x.xlsx")


def test_a_cell_beyond_the_header_sets_its_row_aside() -> None:
    records = read_sheet(workbook([["a", "b"], ["1", "2"], ["3", "4", "5"]]), "x.xlsx")
    assert records.rows_in == 2 and records.frame.height == 1
    assert [(fault.row, fault.rule) for fault in records.faults] == [(2, "field_count")]


def test_a_cell_with_an_error_of_excel_sets_its_row_aside_and_is_never_empty() -> None:
    book = openpyxl.Workbook()
    for row in (["a", "b"], ["1", "2"], ["3", "#N/A"], ["5", "6"]):
        book.active.append(row)
    book.active["B3"].data_type = "e"
    stream = io.BytesIO()
    book.save(stream)
    records = read_sheet(stream.getvalue(), "x.xlsx")
    assert records.frame.rows() == [(1, "1", "2"), (3, "5", "6")]
    assert [(fault.row, fault.line, fault.rule) for fault in records.faults] == [(2, 3, "cell_error")]
