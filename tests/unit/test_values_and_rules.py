"""What a text in a column becomes, by its kind, and which rule it breaks: small tables on contracts made here."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from stdnum.nl import bsn

from smartstart.contracts.checking import BREACHES, ROW, _passes_elfproef, check_rows
from smartstart.contracts.odcs import Comparison, Contract, Field
from smartstart.contracts.outgoing import breach_of, hold_outgoing
from smartstart.contracts.values import EARLIEST, LATEST, NO_END, OLDEST_DAY, TYPED, read_values
from smartstart.errors import DataRefused

AS_OF = date(2024, 4, 2)


def field(kind: Any, name: str = "it", **parts: Any) -> Field:
    return Field(name, f"Kop {name}", "", kind, **parts)


def contract(*fields: Field, rules: tuple[Comparison, ...] = ()) -> Contract:
    return Contract("made", "gemaakt", "1.0.0", "", False, "doel", "grond", "bron", fields, rules, "wie")


def frame_of(of: Contract, rows: list[dict[str, str | None]]) -> pl.DataFrame:
    names = [f.name for f in of.fields]
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)).with_row_index(ROW, 1)


def read(of: Contract, *rows: dict[str, str | None]) -> pl.DataFrame:
    return read_values(frame_of(of, list(rows)), of)


def breaches(of: Contract, *rows: dict[str, str | None]) -> list[tuple[int, str, str]]:
    return check_rows(read(of, *rows), of, AS_OF).rows()


def broken(f: Field, text: str | None) -> list[str]:
    """Return the rules that one value breaks."""
    return [rule for _, _, rule in breaches(contract(f), {"it": text})]


KINDS = (
    "text", "bsn", "agb", "municipality_code", "integer", "decimal", "boolean", "code", "date", "incomplete_date",
)  # fmt: skip
TEXTS = st.sampled_from(
    ["", " ", None, "7", " 7.0", "1.000", "12345672", "8990011", "899", "J", "nee", "ROOD", "3,5", "1e3", "20240229",
     "20230229", "29-02-2024", "2024-02-29T00:00:00", "19850000", "19850200", "00000000", "0", "NA", "\u00a0x"]
)  # fmt: skip


@given(st.lists(st.tuples(*[TEXTS] * len(KINDS)), max_size=30))
def test_of_many_rows_each_text_is_read_once_and_as_it_is_read_of_few(rows: list[tuple[str | None, ...]]) -> None:
    of = contract(*(field(kind, kind, codes={"Rood": ""} if kind == "code" else {}) for kind in KINDS))
    frame = frame_of(of, [dict(zip(KINDS, row, strict=True)) for row in rows])
    few = read_values(frame, of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartstart.contracts.values.MANY_ROWS", 0)
        many = read_values(frame, of)
    assert_frame_equal(many, few, check_column_order=False)


# --- text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "tidied"),
    [
        ("text", " \t\n\r\u00a0\u2007\u202f\ufeffA b\u00a0 ", "A b"),
        ("text", " ", None),
        ("text", "", None),
        ("text", "14.0", "14.0"),
        ("text", "x X x", "x X x"),
        ("bsn", "12345672", "012345672"),
        ("bsn", "12345", "000012345"),
        ("bsn", "1234", "1234"),
        ("bsn", "12345672.0", "012345672"),
        ("bsn", "12345672.00", "012345672"),
        ("bsn", "123.4", "123.4"),
        ("bsn", "1.0 2.0", "1.0 2.0"),
        ("bsn", "1111.22.333", "1111.22.333"),
        ("agb", "8990011", "08990011"),
        ("agb", "899001", "899001"),
        ("agb", "899001a", "899001a"),
        ("agb", "797", "797"),
        ("municipality_code", "797", "0797"),
        ("municipality_code", "79", "79"),
        ("municipality_code", "8990011", "8990011"),
        ("integer", "14.0", "14"),
        ("integer", "14,00", "14"),
        ("integer", "-14.0", "-14"),
        ("integer", "14.5", "14.5"),
        ("integer", "1.0 en 2.0", "1.0 en 2.0"),
        ("decimal", "14.0", "14.0"),
        ("date", "20240301.0", "20240301"),
        ("incomplete_date", "20240300,0", "20240300"),
        ("consent_date", "20240301.0", "20240301"),
        ("boolean", "j", "J"),
        ("boolean", "JA", "J"),
        ("boolean", "True", "J"),
        ("boolean", "WAAR", "J"),
        ("boolean", "n", "N"),
        ("boolean", "Nee", "N"),
        ("boolean", "FALSE", "N"),
        ("boolean", "onwaar", "N"),
        ("boolean", "Misschien", "Misschien"),
        ("code", "ROOD", "Rood"),
        ("code", "1.0", "1"),
        ("code", "1.00", "1"),
        ("code", "Blauw", "Blauw"),
        ("code", "2.0", "2.0"),
        ("code", "", None),
    ],
)
def test_only_what_can_be_read_in_one_way_is_mended(kind: str, text: str, tidied: str | None) -> None:
    of = contract(field(kind, codes={"Rood": "", "1": ""} if kind == "code" else {}))
    assert read(of, {"it": text}).row(0, named=True)["it"] == tidied


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "14", 14),
        ("integer", "-14", -14),
        ("integer", "123456789", 123456789),
        ("integer", "1234567890", None),
        ("integer", "12a", None),
        ("integer", "a12", None),
        ("integer", None, None),
        ("decimal", "14", 14.0),
        ("decimal", "-14.25", -14.25),
        ("decimal", "2e3", 2000.0),
        ("decimal", "2.5E-1", 0.25),
        ("decimal", "2.5e+2", 250.0),
        ("decimal", "14,25", None),
        ("decimal", "1e100", None),
        ("decimal", "inf", None),
        ("decimal", "1.", None),
        ("decimal", "123456789012345", 123456789012345.0),
        ("decimal", "1234567890123456", None),
        ("boolean", "J", True),
        ("boolean", "N", False),
        ("boolean", "x", None),
        ("text", "14", "14"),
        ("code", "14", "14"),
        ("date", "20240229", date(2024, 2, 29)),
        ("date", "29-02-2024", date(2024, 2, 29)),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", "2024-02-29T00:00:00", date(2024, 2, 29)),
        ("date", "2024-02-29 00:00:00.000", date(2024, 2, 29)),
        ("date", "2024-02-29 08:00:00", None),
        ("date", "20230229", None),
        ("date", "31-04-2024", None),
        ("date", "2024-13-01", None),
        ("date", "29/02/2024", None),
        ("date", "9-2-2024", None),
        ("date", "x20240229", None),
        ("consent_date", "29-02-2024", date(2024, 2, 29)),
    ],
)
def test_a_value_is_read_by_its_kind_or_not_at_all(kind: str, text: str | None, value: object) -> None:
    of = contract(field(kind, codes={"14": ""} if kind == "code" else {}))
    row = read(of, {"it": text}).row(0, named=True)
    assert row["it" + TYPED] == value and type(row["it" + TYPED]) is type(value)
    assert row["it"] == text


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("20240229", date(2024, 2, 29), date(2024, 2, 29)),
        ("20240200", date(2024, 2, 1), date(2024, 2, 29)),
        ("20231200", date(2023, 12, 1), date(2023, 12, 31)),
        ("20231000", date(2023, 10, 1), date(2023, 10, 31)),
        ("19850000", date(1985, 1, 1), date(1985, 12, 31)),
        ("20231300", None, None),
        ("30000000", None, None),
        ("x9850000", None, None),
        ("x19850300", None, None),
    ],
)
def test_a_date_with_unknown_parts_lies_between_its_bounds(
    text: str, earliest: date | None, latest: date | None
) -> None:
    row = read(contract(field("incomplete_date")), {"it": text}).row(0, named=True)
    assert (row["it" + EARLIEST], row["it" + LATEST]) == (earliest, latest)


@pytest.mark.parametrize("text", ["00000000", "0"])
def test_a_day_that_is_wholly_unknown_has_the_widest_bounds_where_it_may_be_empty_and_none_where_not(text: str) -> None:
    assert (date(1900, 1, 1), date(9999, 12, 30)) == (OLDEST_DAY, NO_END)
    row = read(contract(field("incomplete_date")), {"it": text}).row(0, named=True)
    assert (row["it" + EARLIEST], row["it" + LATEST]) == (OLDEST_DAY, NO_END)
    row = read(contract(field("incomplete_date", required=True)), {"it": text}).row(0, named=True)
    assert (row["it" + EARLIEST], row["it" + LATEST]) == (None, None)


# --- rules --------------------------------------------------------------------------------------------------

NUMBER = {"minimum": 4, "maximum": 8}


@pytest.mark.parametrize(
    ("kind", "parts", "text", "rules"),
    [
        ("text", {}, None, []),
        ("text", {"required": True}, None, ["required"]),
        ("text", {"required": True}, "a", []),
        ("text", {"max_length": 3}, "åß😀", []),
        ("text", {"max_length": 3}, "abcd", ["too_long"]),
        ("text", {"max_length": 0}, "a", ["too_long"]),
        ("code", {"codes": {"a": "A"}}, "b", ["code_unknown"]),
        ("code", {"codes": {"a": "A"}}, "a", []),
        ("boolean", {"codes": {"J": "", "N": ""}}, "x", ["code_unknown"]),
        ("boolean", {}, "x", ["code_unknown"]),
        ("boolean", {}, "j", []),
        ("boolean", {"codes": {"a": ""}}, "n", []),
        ("bsn", {}, None, []),
        ("bsn", {}, "111222333", []),
        ("bsn", {}, "111222334", ["bsn_elfproef"]),
        ("bsn", {}, "000000000", ["bsn_unknown"]),
        ("bsn", {}, "999999999", ["bsn_unborn"]),
        ("bsn", {}, "1112223334", ["bsn_form"]),
        ("bsn", {}, "a111222333", ["bsn_form"]),
        ("agb", {}, "08990011", []),
        ("agb", {}, "089900111", ["agb_form"]),
        ("agb", {}, "x", ["agb_form"]),
        ("municipality_code", {}, "0797", []),
        ("municipality_code", {}, "07977", ["municipality_form"]),
        ("municipality_code", {}, None, []),
        ("integer", NUMBER, "4", []),
        ("integer", NUMBER, "8", []),
        ("integer", NUMBER, "3", ["out_of_range"]),
        ("integer", NUMBER, "9", ["out_of_range"]),
        ("integer", NUMBER, "acht", ["not_a_number"]),
        ("integer", NUMBER, None, []),
        ("integer", {"minimum": 0}, "-1", ["out_of_range"]),
        ("integer", {"maximum": 0}, "1", ["out_of_range"]),
        ("integer", {}, "-1", []),
        ("decimal", NUMBER, "8.5", ["out_of_range"]),
        ("decimal", NUMBER, "8,5", ["not_a_decimal"]),
        ("date", {}, None, []),
        ("date", {}, "x", ["date_invalid"]),
        ("date", {}, "19000101", []),
        ("date", {}, "18991231", ["date_implausible"]),
        ("date", {}, "20240402", []),
        ("date", {}, "20240403", ["date_in_future"]),
        ("date", {"future_allowed": True}, "20240403", []),
        ("consent_date", {}, "20240403", ["date_in_future"]),
        ("incomplete_date", {}, None, []),
        ("incomplete_date", {}, "x", ["date_invalid"]),
        ("incomplete_date", {"required": True}, "x", ["date_invalid"]),
        ("incomplete_date", {}, "00000000", []),
        ("incomplete_date", {"required": True}, "00000000", []),
        ("incomplete_date", {}, "18990000", ["date_implausible"]),
        ("incomplete_date", {}, "19000000", []),
        ("incomplete_date", {}, "20240400", []),
        ("incomplete_date", {}, "20240500", ["date_in_future"]),
        ("incomplete_date", {"future_allowed": True}, "20240500", []),
    ],
)
def test_each_value_breaks_its_own_rule_and_no_other(
    kind: str, parts: dict[str, Any], text: str | None, rules: list[str]
) -> None:
    assert broken(field(kind, **parts), text) == rules


def test_breaches_stand_in_the_order_of_rows_with_the_header_of_the_file() -> None:
    of = contract(field("integer"), field("text", "other", required=True))
    rows: list[dict[str, str | None]] = [{"it": "x", "other": "a"}, {"it": "1", "other": "b"}, {"it": "x"}]
    found = check_rows(read(of, *rows), of, AS_OF)
    assert found.rows() == [(1, "Kop it", "not_a_number"), (3, "Kop it", "not_a_number"), (3, "Kop other", "required")]
    assert dict(found.schema) == BREACHES == {"row": pl.UInt32, "column": pl.String, "rule": pl.String}
    empty = check_rows(read(of), of, AS_OF)
    assert empty.is_empty() and dict(empty.schema) == BREACHES


def test_a_contract_that_asks_nothing_is_broken_by_nothing() -> None:
    assert breaches(contract(field("text")), {"it": None}, {"it": "anything"}) == []


def test_a_rule_that_is_broken_twice_in_a_row_is_told_once() -> None:
    of = contract(field("integer", minimum=5, maximum=3))
    assert breaches(of, {"it": "4"}) == [(1, "Kop it", "out_of_range")]


DAYS = (field("date", "first", future_allowed=True), field("incomplete_date", "last", future_allowed=True))


@pytest.mark.parametrize(
    ("rule", "first", "last", "broken_in"),
    [
        (Comparison("r", "last", "first", "not_before"), "20240302", "20240301", "Kop last"),
        (Comparison("r", "last", "first", "not_before"), "20240302", "20240302", None),
        (Comparison("r", "last", "first", "not_before"), "20240302", "20240300", None),
        (Comparison("r", "last", "first", "not_before"), "20240402", "20240300", "Kop last"),
        (Comparison("r", "last", "first", "not_before"), "20240302", None, None),
        (Comparison("r", "first", "last", "not_before"), "20240302", "20240300", None),
        (Comparison("r", "first", "last", "not_before"), "20240229", "20240300", "Kop first"),
        (Comparison("r", "last", "first", "not_before", plus_days=2), "20240301", "20240302", "Kop last"),
        (Comparison("r", "last", "first", "not_before", plus_days=2), "20240301", "20240303", None),
        (Comparison("r", "last", "first", "not_after"), "20240301", "20240302", "Kop last"),
        (Comparison("r", "last", "first", "not_after"), "20240301", "20240301", None),
        (Comparison("r", "last", "first", "not_after"), "20240301", "20240300", None),
        (Comparison("r", "last", "first", "not_after"), "20240229", "20240300", "Kop last"),
        (Comparison("r", "first", "last", "not_after"), "20240331", "20240300", None),
        (Comparison("r", "first", "last", "not_after"), "20240401", "20240300", "Kop first"),
        (Comparison("r", "last", "first", "not_after", plus_days=2), "20240301", "20240303", None),
        (Comparison("r", "last", "first", "not_after", plus_days=2), "20240301", "20240304", "Kop last"),
        (Comparison("r", "last", "first", "present"), "20240301", None, "Kop last"),
        (Comparison("r", "last", "first", "present"), "20240301", "20240301", None),
    ],
)
def test_two_days_are_compared_on_what_they_can_be(
    rule: Comparison, first: str, last: str | None, broken_in: str | None
) -> None:
    found = breaches(contract(*DAYS, rules=(rule,)), {"first": first, "last": last})
    assert found == ([(1, broken_in, "r")] if broken_in else [])


def test_a_rule_with_a_condition_speaks_of_rows_that_meet_it() -> None:
    rule = Comparison("r", "last", "first", "present", when=("it", "ja"))
    of = contract(field("text"), *DAYS, rules=(rule,))
    assert breaches(of, {"it": "ja"}, {"it": "nee"}, {"it": None}) == [(1, "Kop last", "r")]


# --- what leaves --------------------------------------------------------------------------------------------

LEAVES = contract(field("integer", minimum=1), field("text", "name", required=True))


def test_rows_that_keep_their_contract_may_leave() -> None:
    assert breach_of(LEAVES, [{"it": 1, "name": "a"}, {"it": 2, "name": "b"}], AS_OF) == ""
    hold_outgoing(LEAVES, [{"it": 1, "name": "a"}], AS_OF)
    hold_outgoing(LEAVES, [], AS_OF)


@pytest.mark.parametrize(
    "row", [{"it": 1, "name": "a", "score": 0.3}, {"it": 1}, {"name": "a", "it": 1}, {"it": 1, "Name": "a"}]
)
def test_a_column_more_or_less_or_in_another_place_does_not_leave(row: dict[str, Any]) -> None:
    with pytest.raises(DataRefused) as refusal:
        hold_outgoing(LEAVES, [{"it": 1, "name": "a"}, row], AS_OF)
    assert str(refusal.value) == ("gemaakt, row 2: it has other columns than its contract allows; it was not written.")


def test_a_value_that_its_contract_does_not_allow_does_not_leave_and_is_not_told() -> None:
    rows = [{"it": 1, "name": "a"}, {"it": -77, "name": ""}, {"it": 0, "name": "a"}]
    with pytest.raises(DataRefused) as refusal:
        hold_outgoing(LEAVES, rows, AS_OF)
    assert str(refusal.value) == "gemaakt, row 2, column Kop it: breaks 'out_of_range'; it was not written."


def test_a_day_that_leaves_is_judged_on_the_day_of_the_list() -> None:
    of = contract(field("date"))
    assert breach_of(of, [{"it": date(2024, 4, 2)}], AS_OF) == ""
    assert breach_of(of, [{"it": date(2024, 4, 3)}], AS_OF) == "row 1, column Kop it: breaks 'date_in_future'"
    with pytest.raises(DataRefused):
        hold_outgoing(of, [{"it": date(2024, 4, 3)}], AS_OF)


def test_rules_that_one_value_breaks_are_told_in_the_order_of_their_names() -> None:
    of = contract(field("code", codes={"a": ""}, max_length=1), field("bsn", "nr", max_length=3))
    rows: list[dict[str, str | None]] = [{"it": f"b{n}", "nr": "x123"} for n in range(40)]
    assert breaches(of, *rows) == [
        (n, *found)
        for n in range(1, 41)
        for found in (
            ("Kop it", "code_unknown"), ("Kop it", "too_long"), ("Kop nr", "bsn_form"), ("Kop nr", "too_long"),
        )
    ]  # fmt: skip


@given(st.lists(st.from_regex(r"[0-9]{9}", fullmatch=True).filter(lambda text: int(text) > 0), min_size=1))
def test_the_elfproef_of_whole_columns_is_that_of_stdnum(numbers: list[str]) -> None:
    found = pl.Series("x", numbers).to_frame().select(found=_passes_elfproef(pl.col("x")))["found"].to_list()
    assert found == [bsn.is_valid(number) for number in numbers]


def test_nine_digits_of_every_last_digit_are_judged_as_stdnum_does() -> None:
    numbers = [f"{start}{last}" for start in range(12_345_600, 12_345_700) for last in range(10)]
    found = pl.Series("x", numbers).to_frame().select(found=_passes_elfproef(pl.col("x")))["found"].to_list()
    assert found == [bsn.is_valid(number) for number in numbers]
    assert 80 < sum(found) < 100
