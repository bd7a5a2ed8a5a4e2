"""Text files: a broken line is named, and takes no neighbour with it."""

from __future__ import annotations

import pytest

from smartstart.errors import DataRefused
from smartstart.extracts.delimited import split
from smartstart.extracts.encoding import decode, encoding_of, lines_in_turn


def rows_of(text: str) -> list[tuple[object, ...]]:
    return split(text, "personen.csv").frame.rows()


def faults_of(text: str) -> list[tuple[int, int, str]]:
    return [(f.row, f.line, f.rule) for f in split(text, "personen.csv").faults]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_gives_the_same_rows(ending: str) -> None:
    text = ending.join(["a;b", "1;2", "3;4", ""])
    assert rows_of(text) == [(1, "1", "2"), (2, "3", "4")]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_header_tells_the_separator(delimiter: str) -> None:
    text = "a;b\n1;2\n".replace(";", delimiter)
    assert rows_of(text) == [(1, "1", "2")]


def test_a_quoted_separator_and_a_quoted_line_end_stay_in_their_field() -> None:
    assert rows_of('a;b;c\n1;"x;y";"two\nlines"\n2;p;q\n') == [(1, "1", "x;y", "two\nlines"), (2, "2", "p", "q")]


def test_a_doubled_quotation_mark_is_one() -> None:
    assert rows_of('a;b\n"zij zei ""ja""";2\n') == [(1, 'zij zei "ja"', "2")]


def test_a_quotation_mark_inside_a_plain_field_is_a_character() -> None:
    assert rows_of('a;b\nJan "de Rode";2\n') == [(1, 'Jan "de Rode"', "2")]


def test_an_unclosed_quote_costs_its_own_line_only() -> None:
    text = 'a;b;c\n1;2;3\n4;"open;6\n7;8;9\n10;"closed";12\n'
    assert rows_of(text) == [(1, "1", "2", "3"), (3, "7", "8", "9"), (4, "10", "closed", "12")]
    assert faults_of(text) == [(2, 3, "unclosed_quote")]


def test_an_unclosed_quote_does_not_close_on_a_neighbours_quote() -> None:
    text = 'a;b;c\n1;2;"open\n7;"good";9\n'
    assert rows_of(text) == [(2, "7", "good", "9")]
    assert faults_of(text) == [(1, 2, "unclosed_quote")]


def test_text_after_a_closing_quote_is_a_fault_of_that_line() -> None:
    assert faults_of('a;b\n"x"y;2\n3;4\n') == [(1, 2, "unclosed_quote")]


def test_a_line_with_another_number_of_fields_is_named_by_row_and_line() -> None:
    text = "a;b;c\n1;2;3\n4;5\n\n6;7;8;9\n10;11;12\n"
    assert faults_of(text) == [(2, 3, "field_count"), (3, 5, "field_count")]
    assert rows_of(text) == [(1, "1", "2", "3"), (4, "10", "11", "12")]


def test_a_file_cut_off_in_the_middle_loses_its_last_line_only() -> None:
    assert faults_of("a;b;c\n1;2;3\n4;5") == [(2, 3, "field_count")]


def test_a_nul_character_sets_its_line_aside() -> None:
    assert faults_of("a;b\n1;\x002\n3;4\n") == [(1, 2, "control_character")]


def test_many_open_quotes_do_not_take_quadratic_time() -> None:
    lines = ["a;b", *['1;"open'] * 20_000]
    assert len(split("\n".join(lines), "f").faults) == 20_000


def test_rows_in_counts_every_record_good_or_not() -> None:
    records = split('a;b\n1;2\n\n"x\n3;4;5\n6;7\n', "f")
    assert records.rows_in == 4 == records.frame.height + len(records.faults)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_names_with_diacritics_survive_every_encoding(encoding: str) -> None:
    text = "naam;plaats\nReniëproef;Vlijmen\n"
    assert decode(text.encode(encoding), "f") == text


@pytest.mark.parametrize("begin", [b"\xef", b"\xef\xbb"])
def test_half_a_byte_order_mark_is_text_of_windows(begin: bytes) -> None:
    assert decode(begin, "f") == begin.decode("cp1252")


def test_byte_order_marks_of_files_that_were_joined_are_no_text() -> None:
    content = b"\xef\xbb\xbf" * 2 + b"naam\n"
    assert decode(content, "f") == "naam\n" == "".join(lines_in_turn([content[:3], content[3:]], "utf-8"))


def test_a_sign_that_marks_byte_orders_stays_in_a_field() -> None:
    assert split('naam;n\n\ufeffx;1\n\ufeffy;2\n"\ufeffz";3\n', "f").frame["c0"].to_list() == [
        "\ufeffx", "\ufeffy", "\ufeffz",
    ]  # fmt: skip


def test_a_text_whose_lines_end_in_carriage_returns_comes_in_parts_too() -> None:
    blocks = [b"a;b\r1;2\r", b"\n3;4\r5;", b"6\r"]
    assert list(lines_in_turn(blocks, "utf-8")) == ["a;b\r", "1;2\r\n3;4\r", "5;6\r"]


def test_bytes_of_no_encoding_are_refused() -> None:
    with pytest.raises(DataRefused, match="neither UTF-8"):
        decode(b"naam\n\x81\x8d\xff\n", "f")


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(DataRefused, match="empty"):
        split("\n \n", "f")


def test_a_file_that_is_utf8_but_for_a_few_bytes_is_refused_instead_of_misread() -> None:
    with pytest.raises(DataRefused, match="line 2"):
        decode("naam\nReniëproef\n".encode() + b"Fa\xe7ade\n", "f")


@pytest.mark.parametrize("cut", range(26))
def test_bytes_of_two_encodings_are_found_wherever_a_block_ends(cut: int) -> None:
    content = "naam\n\nReniëproef\n".encode() + b"Fa\xe7ade\n"
    with pytest.raises(DataRefused, match="line 3"):
        encoding_of(lambda: [content[:cut], content[cut:]], "f")
