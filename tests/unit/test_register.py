"""The register: small drawn tables in, small tables out; the UHP outcome and what was known when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from smartstart.contracts.odcs import load_contracts
from smartstart.programme.loading import load_programme
from smartstart.programme.sections import Programme
from smartstart.register.build import TABLES, build_register, select_of
from smartstart.resources import shipped
from smartstart.risk.factor_count import count_factors
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

CONTRACTS = load_contracts(shipped("data_contracts"))
PROGRAMME = load_programme(shipped("configs") / "programmes" / "heusden.yaml")
AS_OF = date(2026, 1, 1)
BORN = date(2022, 1, 31)


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "w.duckdb", bytes(range(32)), CONTRACTS) as opened:
        delivery(opened, "d1", date(2023, 1, 1))
        yield opened


def delivery(warehouse: Warehouse, name: str, delivered: date, pipeline: str = "quarterly", sequence: int = 1) -> None:
    row = {
        "delivery_id": name, "sequence": sequence, "pipeline": pipeline, "period": name, "fingerprint": name,
        "as_of": delivered, "delivered": delivered, "is_current": True, "was_corrected": False, "reason": None,
    }  # fmt: skip
    warehouse.insert_rows("delivery", [row])


def add(warehouse: Warehouse, table: str, *rows: dict[str, Any]) -> None:
    warehouse.insert_rows(
        f"intake.{table}", [{"delivery_id": "d1", "file_row": n} | row for n, row in enumerate(rows, 1)]
    )


def build(warehouse: Warehouse, as_of: date = AS_OF, programme: Programme = PROGRAMME) -> None:
    build_register(warehouse, programme, as_of, "d1")


def child(born: date = BORN) -> dict[str, Any]:
    return {"child_id": "K1", "mother_id": "M1", "born_on_earliest": born, "born_on_latest": born}


def care(start: str | None, end: str | None = None, kind: str = "11", product: str | None = None) -> dict[str, Any]:
    day = date.fromisoformat(start) if start else None
    until = date.fromisoformat(end) if end else None
    return {
        "child_id": "K1", "care_type": kind, "product": product,
        "started_on_earliest": day, "started_on_latest": day, "ended_on_earliest": until, "ended_on_latest": until,
    }  # fmt: skip


def measure(start: str | None, end: str | None = None, kind: str = "11") -> dict[str, Any]:
    row = care(start, end)
    return {key: row[key] for key in row if key not in {"care_type", "product"}} | {"measure_type": kind}


def outcome(warehouse: Warehouse, months: int = 24) -> tuple[bool, bool, bool]:
    row = warehouse.rows("SELECT known, uhp, uhp_rivm FROM register.outcome WHERE months = $m", {"m": months})[0]
    return row["known"], row["uhp"], row["uhp_rivm"]


@pytest.mark.parametrize(
    ("stay", "order", "expected"),
    [
        (care("2022-06-01"), measure("2022-06-01"), True),
        (care("2022-06-01"), measure("2022-09-01"), True),
        (care("2022-06-01", "2022-07-01"), measure("2022-09-01"), False),
        (care("2022-06-01", "2022-09-01"), measure("2022-09-01"), True),
        (care("2022-09-01"), measure("2022-01-31", "2022-06-01"), False),
        (care("2022-06-01", kind="21"), measure("2022-06-01"), False),
        (care("2022-06-01", kind="13"), measure("2022-06-01", kind="23"), True),
        (care("2024-01-30"), measure("2022-06-01"), True),
        (care("2024-01-31"), measure("2022-06-01"), False),
        (care("2022-06-01"), measure("2024-01-31"), False),
    ],
)
def test_a_placement_is_a_stay_and_a_measure_at_the_same_time_before_the_birthday(
    warehouse: Warehouse, stay: dict[str, Any], order: dict[str, Any], expected: bool
) -> None:
    add(warehouse, "child", child())
    add(warehouse, "youth_care", stay)
    add(warehouse, "measure", order)
    build(warehouse)
    assert outcome(warehouse) == (True, expected, expected)


def test_a_child_too_young_for_the_horizon_is_unknown_even_when_placed(warehouse: Warehouse) -> None:
    add(warehouse, "child", child(date(2025, 6, 1)))
    add(warehouse, "youth_care", care("2025-07-01"))
    add(warehouse, "measure", measure("2025-07-01"))
    build(warehouse)
    assert outcome(warehouse) == (False, False, False)


def test_an_unknown_start_makes_the_outcome_unknown_not_no(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    add(warehouse, "youth_care", care(None))
    add(warehouse, "measure", measure(None))
    build(warehouse)
    assert outcome(warehouse)[0] is False


def test_a_child_without_records_was_not_placed(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    build(warehouse)
    assert outcome(warehouse) == (True, False, False)


def test_mother_and_child_together_are_no_placement_but_stand_in_the_national_proxy(warehouse: Warehouse) -> None:
    programme = replace(PROGRAMME, outcome=replace(PROGRAMME.outcome, parent_and_child_products=("moederkindhuis",)))
    add(warehouse, "child", child())
    add(warehouse, "youth_care", care("2022-06-01", product="moederkindhuis"))
    add(warehouse, "measure", measure("2022-06-01"))
    build(warehouse, programme=programme)
    assert outcome(warehouse) == (True, False, True)


def test_a_transfer_is_one_placement(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    add(
        warehouse,
        "youth_care",
        care("2022-06-01", "2022-08-01"),
        care("2022-08-02", "2022-12-01", kind="14"),
        care("2023-06-01"),
    )
    add(warehouse, "measure", measure("2022-05-01"))
    build(warehouse)
    starts = [row["started_on"] for row in warehouse.rows("SELECT started_on FROM register.placement ORDER BY 1")]
    assert starts == [date(2022, 6, 1), date(2023, 6, 1)]


def answered(filled: str, due: str, practice: str = "08990011") -> dict[str, Any]:
    day = date.fromisoformat(filled)
    return {
        "person_id": "M1", "practice": practice, "filled_on": day, "due_date": date.fromisoformat(due),
        "moment": "nulmeting", "consented_on": day,
    }  # fmt: skip


def pregnancies(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    rows = warehouse.rows("SELECT number, index_date, due_date, practice FROM register.pregnancy ORDER BY number")
    return [tuple(row.values()) for row in rows]


def test_two_practices_are_one_pregnancy_and_the_latest_practice_counts(warehouse: Warehouse) -> None:
    add(
        warehouse,
        "questionnaire",
        answered("2022-03-01", "2022-09-01"),
        answered("2022-04-01", "2022-09-05", "08990022"),
    )
    build(warehouse)
    assert pregnancies(warehouse) == [(1, date(2022, 3, 1), date(2022, 9, 5), "08990022")]


def test_a_due_date_that_is_told_later_counts_also_when_it_is_earlier(warehouse: Warehouse) -> None:
    first, mended = answered("2024-03-01", "2024-08-20"), answered("2024-03-01", "2024-08-10")
    delivery(warehouse, "d2", date(2023, 1, 8), sequence=2)
    add(warehouse, "questionnaire", mended | {"delivery_id": "d2"}, first)
    build(warehouse)
    ((number, _, due, _),) = pregnancies(warehouse)
    assert (number, due) == (1, date(2024, 8, 10))


def test_due_dates_months_apart_are_two_pregnancies(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"), answered("2023-01-01", "2023-07-01"))
    build(warehouse, as_of=date(2023, 2, 1))
    assert [number for number, *_ in pregnancies(warehouse)] == [1, 2]


def test_the_same_questionnaire_delivered_twice_is_one(warehouse: Warehouse) -> None:
    delivery(warehouse, "d2", date(2023, 1, 2), sequence=2)
    row = answered("2022-03-01", "2022-09-01")
    add(warehouse, "questionnaire", row, row | {"delivery_id": "d2"})
    build(warehouse)
    assert len(warehouse.rows("FROM register.questionnaire")) == 1


def test_what_is_delivered_after_the_day_asked_about_is_not_known(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    build(warehouse, as_of=date(2022, 12, 31))
    assert pregnancies(warehouse) == []


def household(day: str, kind: str) -> dict[str, Any]:
    return {"person_id": "M1", "reference_date": date.fromisoformat(day), "household_type": kind, "children_at_home": 0}


def test_a_factor_is_the_latest_that_was_known_on_the_index_date(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    add(
        warehouse, "household", household("2021-01-01", "gehuwd_paar"), household("2022-02-01", "zonder_partner"),
        household("2022-03-02", "gehuwd_paar"),
    )  # fmt: skip
    build(warehouse)
    row = warehouse.rows("SELECT alone, alone_known_on, without_work FROM register.factor")[0]
    assert row == {"alone": True, "alone_known_on": date(2022, 2, 1), "without_work": None}


def test_everything_after_the_index_date_may_be_garbage(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    add(warehouse, "household", household("2022-02-01", "zonder_partner"))
    build(warehouse)
    before = count_factors(warehouse.frame("FROM register.factor"), 2)
    add(warehouse, "household", household("2022-03-02", "gehuwd_paar"), household("2022-12-01", "onbekend"))
    add(
        warehouse,
        "income",
        {"person_id": "M1", "reference_date": date(2022, 6, 1), "paid_work": True, "benefit": "geen"},
    )
    add(warehouse, "child", child(date(2022, 8, 30)))
    build(warehouse)
    assert count_factors(warehouse.frame("FROM register.factor"), 2).equals(before)


def test_an_answer_of_the_woman_fills_what_the_municipality_does_not_know(warehouse: Warehouse) -> None:
    add(
        warehouse,
        "questionnaire",
        answered("2022-03-01", "2022-09-01") | {"has_paid_work": False, "without_partner": True},
    )
    add(warehouse, "household", household("2022-02-01", "gehuwd_paar"))
    build(warehouse)
    row = warehouse.rows("SELECT alone, without_work FROM register.factor")[0]
    assert row == {"alone": False, "without_work": True}


@pytest.mark.parametrize(
    ("kind", "day", "column", "blocked"),
    [
        ("zwangerschap_beeindigd", "2022-04-01", "pregnancy_ended", True),
        ("doodgeboorte", "2022-08-01", "pregnancy_ended", True),
        ("zwangerschap_beeindigd", "2021-06-01", "pregnancy_ended", False),
        ("bezwaar", "2015-01-01", "objected", True),
        ("intrekking_toestemming", "2022-03-01", "consent_withdrawn", True),
        ("intrekking_toestemming", "2022-02-27", "consent_withdrawn", False),
        ("verhuizing", "2022-05-01", "moved_away", True),
        ("overlijden", "2022-05-01", "deceased", True),
    ],
)
def test_a_notice_blocks_the_pregnancy_that_it_is_about(
    warehouse: Warehouse, kind: str, day: str, column: str, blocked: bool
) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    add(warehouse, "notification", {"person_id": "M1", "kind": kind, "happened_on": date.fromisoformat(day)})
    build(warehouse)
    row = warehouse.rows("FROM register.status")[0]
    assert row[column] is blocked


@pytest.mark.parametrize(("died", "ended"), [("2022-05-01", True), ("2021-05-01", False)])
def test_the_death_of_a_child_by_the_register_counts_as_one_that_was_reported(
    warehouse: Warehouse, died: str, ended: bool
) -> None:
    day = date.fromisoformat(died)
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    add(warehouse, "child", child(date(2020, 1, 1)))
    add(warehouse, "person", {"person_id": "K1", "died_on_earliest": day, "died_on_latest": day})
    build(warehouse)
    assert warehouse.rows("SELECT pregnancy_ended FROM register.status") == [{"pregnancy_ended": ended}]


def test_a_notice_counts_in_whatever_order_it_was_delivered(warehouse: Warehouse) -> None:
    delivery(warehouse, "later", date(2030, 1, 1), sequence=2)
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    notice = {"person_id": "M1", "kind": "bezwaar", "happened_on": date(2022, 5, 1), "delivery_id": "later"}
    add(warehouse, "notification", notice)
    build(warehouse, as_of=date(2023, 1, 1))
    assert warehouse.rows("SELECT objected FROM register.status")[0]["objected"] is True


def test_every_table_is_one_select_from_the_listed_functions() -> None:
    import re

    allowed = {
        "row_number", "max", "min", "sum", "lag", "lower", "coalesce", "greatest", "nullif", "cast", "over", "in",
        "as", "and", "or", "on", "then", "when", "with", "count", "abs", "date_diff",
    }  # fmt: skip
    for table in (*TABLES, "invitation_answer", "questionnaire_due", "blocked", "participant"):
        sql = re.sub(r"--.*", "", select_of(table)).lower()
        assert ";" not in sql and not re.search(r"\b(create|insert|update|delete|qualify)\b", sql)
        called = set(re.findall(r"\b([a-z_]+)\s*\(", sql)) - set(re.findall(r"\b([a-z_]+) as \(", sql))
        assert called <= allowed, (table, called - allowed)
        # of days only: months and years are counted otherwise elsewhere
        assert sql.count("date_diff(") == sql.count("date_diff('day', ")


def invited(warehouse: Warehouse) -> None:
    row = {"batch": "2022Q1", "period": "2022Q1", "as_of": date(2022, 4, 2), "practice": "08990011"}
    warehouse.insert_rows("invitation", [row | {"research_id": "M1", "due_date": date(2022, 9, 1)}])


@pytest.mark.parametrize(
    ("kind", "day", "blocked"),
    [
        ("zwangerschap_beeindigd", "2022-04-01", True),
        ("zwangerschap_beeindigd", "2021-06-01", True),
        ("bezwaar", "2015-01-01", True),
        ("verhuizing", "2022-05-01", True),
        ("intrekking_toestemming", "2022-05-01", True),
        ("overlijden", "2022-05-01", True),
    ],
)
def test_a_list_is_blocked_even_when_the_register_was_last_built_for_an_earlier_day(
    warehouse: Warehouse, kind: str, day: str, blocked: bool
) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    add(warehouse, "notification", {"person_id": "M1", "kind": kind, "happened_on": date.fromisoformat(day)})
    invited(warehouse)
    build(warehouse, as_of=date(2010, 1, 1))
    assert bool(warehouse.rows(select_of("blocked"), {"municipality": "0797"})) is blocked


def test_a_woman_whose_consent_was_corrected_away_is_blocked(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    invited(warehouse)
    build(warehouse)
    assert warehouse.rows(select_of("blocked"), {"municipality": "0797"}) == []
    warehouse.run("UPDATE delivery SET is_current = false")
    assert len(warehouse.rows(select_of("blocked"), {"municipality": "0797"})) == 1


def test_only_a_report_of_a_mistake_takes_a_notice_back_and_a_correction_does_not(warehouse: Warehouse) -> None:
    delivery(warehouse, "d2", date(2022, 5, 2), sequence=2)
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    notice = {"person_id": "M1", "kind": "overlijden", "happened_on": date(2022, 5, 1), "delivery_id": "d2"}
    add(warehouse, "notification", notice)
    invited(warehouse)
    warehouse.run("UPDATE delivery SET is_current = false, was_corrected = true WHERE delivery_id = 'd2'")
    build(warehouse)
    assert len(blocked(warehouse)) == 1
    assert warehouse.rows("SELECT deceased FROM register.status") == [{"deceased": True}]
    add(warehouse, "notification", {"person_id": "M1", "kind": "vergissing", "happened_on": date(2022, 5, 3)})
    build(warehouse)
    assert blocked(warehouse) == []
    assert warehouse.rows("SELECT deceased FROM register.status") == [{"deceased": False}]
    add(warehouse, "notification", notice | {"happened_on": date(2022, 6, 1)})
    build(warehouse)
    assert len(blocked(warehouse)) == 1


def test_a_loss_dated_in_the_wrong_year_stops_the_letter_and_asks_a_person(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    notice = {"person_id": "M1", "kind": "zwangerschap_beeindigd", "happened_on": date(2021, 4, 5)}
    add(warehouse, "notification", notice)
    invited(warehouse)
    build(warehouse)
    assert warehouse.rows("SELECT pregnancy_ended, report_unreadable FROM register.status") == [
        {"pregnancy_ended": False, "report_unreadable": True}
    ]
    assert len(blocked(warehouse)) == 1


def test_a_loss_of_an_earlier_pregnancy_does_not_end_this_one(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2021-03-01", "2021-09-01"), answered("2022-03-01", "2022-09-01"))
    notice = {"person_id": "M1", "kind": "zwangerschap_beeindigd", "happened_on": date(2021, 4, 5)}
    add(warehouse, "notification", notice)
    invited(warehouse)
    build(warehouse)
    rows = warehouse.rows("SELECT number, pregnancy_ended, report_unreadable FROM register.status ORDER BY number")
    assert [tuple(row.values()) for row in rows] == [(1, True, False), (2, False, False)]
    assert blocked(warehouse) == []


def blocked(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.rows(select_of("blocked"), {"municipality": "0797"})


def test_the_newest_registration_counts_even_when_an_older_one_is_loaded_after_it(warehouse: Warehouse) -> None:
    delivery(warehouse, "older", date(2022, 1, 1), sequence=2)
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    person = {"person_id": "M1", "suspension": None}
    add(warehouse, "person", person | {"suspension": "E"}, person | {"delivery_id": "older"})
    invited(warehouse)
    build(warehouse)
    assert warehouse.rows("SELECT suspended FROM register.status") == [{"suspended": True}]
    assert len(warehouse.rows(select_of("blocked"), {"municipality": "0797"})) == 1


def test_a_woman_registered_elsewhere_since_is_blocked(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    invited(warehouse)
    add(warehouse, "person", {"person_id": "M1", "municipality": "0797"})
    build(warehouse)
    assert warehouse.rows(select_of("blocked"), {"municipality": "0797"}) == []
    warehouse.run("UPDATE intake.person SET municipality = '0796'")
    build(warehouse)
    assert len(warehouse.rows(select_of("blocked"), {"municipality": "0797"})) == 1


def test_a_report_that_cannot_be_read_blocks_until_it_is_mended(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    invited(warehouse)
    add(warehouse, "notification", {"person_id": "M1", "kind": "unreadable", "happened_on": None})
    build(warehouse)
    assert len(warehouse.rows(select_of("blocked"), {"municipality": "0797"})) == 1
    assert warehouse.rows("SELECT report_unreadable FROM register.status") == [{"report_unreadable": True}]


def test_a_questionnaire_told_later_moves_no_index_date_and_no_factor(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered("2022-03-01", "2022-09-01"))
    add(
        warehouse,
        "person",
        {"person_id": "M1", "birth_date_earliest": date(1992, 9, 10), "birth_date_latest": date(1992, 9, 10)},
    )
    build(warehouse)
    before = warehouse.frame("FROM register.factor")
    add(warehouse, "questionnaire", answered("2022-05-01", "2022-11-20"), answered("2022-08-01", "2023-02-20"))
    build(warehouse)
    assert warehouse.frame("FROM register.factor WHERE number = 1").equals(before)


def test_a_certain_placement_counts_beside_one_with_an_unknown_start(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    add(warehouse, "youth_care", care("2022-06-01"), care(None))
    add(warehouse, "measure", measure("2022-06-01"))
    build(warehouse)
    assert outcome(warehouse) == (True, True, True)


def test_a_start_of_which_only_the_year_is_known_is_unknown(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    bounds = {"started_on_earliest": date(2024, 1, 1), "started_on_latest": date(2024, 12, 31)}
    add(warehouse, "youth_care", care("2024-01-01") | bounds)
    add(warehouse, "measure", measure("2022-06-01"))
    build(warehouse)
    assert outcome(warehouse)[0] is False
