"""What a model sees of a pregnancy, and what became of the child: small drawn tables in, small tables out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from smartstart.contracts.odcs import load_contracts
from smartstart.programme.loading import load_programme
from smartstart.register.build import build_register
from smartstart.resources import shipped
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

CONTRACTS = load_contracts(shipped("data_contracts"))
PROGRAMME = load_programme(shipped("configs") / "programmes" / "heusden.yaml")
AS_OF = date(2026, 1, 1)
INDEX, DUE, BORN = "2022-03-01", "2022-09-01", "2022-09-05"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "w.duckdb", bytes(range(32)), CONTRACTS) as opened:
        row = {
            "delivery_id": "d1", "sequence": 1, "pipeline": "register", "period": "d1", "fingerprint": "d1",
            "as_of": date(2023, 1, 1), "delivered": date(2023, 1, 1), "is_current": True, "was_corrected": False,
            "reason": None,
        }  # fmt: skip
        opened.insert_rows("delivery", [row])
        yield opened


def add(warehouse: Warehouse, table: str, *rows: dict[str, Any]) -> None:
    warehouse.insert_rows(
        f"intake.{table}", [{"delivery_id": "d1", "file_row": n} | row for n, row in enumerate(rows, 1)]
    )


def build(warehouse: Warehouse, *, anywhere: bool = False, together: tuple[str, ...] = ()) -> None:
    programme = replace(PROGRAMME, outcome=replace(PROGRAMME.outcome, parent_and_child_products=together))
    build_register(warehouse, programme, AS_OF, "d1", lives_in=None if anywhere else programme.municipality.code)


def spell(name: str, start: str | None, end: str | None = None) -> dict[str, Any]:
    first, last = (date.fromisoformat(day) if day else None for day in (start, end))
    return {
        "child_id": name, "started_on_earliest": first, "started_on_latest": first, "ended_on_earliest": last,
        "ended_on_latest": last,
    }  # fmt: skip


def care(name: str, start: str | None, product: str | None = None) -> dict[str, Any]:
    return spell(name, start) | {"care_type": "14", "product": product}


def order(name: str, start: str | None, kind: str = "11") -> dict[str, Any]:
    return spell(name, start) | {"measure_type": kind}


def child(name: str = "K1", born: str = BORN, mother: str = "M1") -> dict[str, Any]:
    day = date.fromisoformat(born)
    return {"child_id": name, "mother_id": mother, "born_on_earliest": day, "born_on_latest": day}


def answered(filled: str = INDEX, due: str = DUE, **answers: Any) -> dict[str, Any]:
    day = date.fromisoformat(filled)
    return {
        "person_id": "M1", "practice": "08990011", "filled_on": day, "due_date": date.fromisoformat(due),
        "moment": "nulmeting", "consented_on": day, **answers,
    }  # fmt: skip


def woman(**told: Any) -> dict[str, Any]:
    born = date(2000, 3, 1)
    return {"person_id": "M1", "birth_date_earliest": born, "birth_date_latest": born, "municipality": "0797"} | told


def household(day: str, kind: str, children: int = 0) -> dict[str, Any]:
    return {
        "person_id": "M1", "reference_date": date.fromisoformat(day), "household_type": kind,
        "children_at_home": children,
    }  # fmt: skip


def predictor(warehouse: Warehouse, name: str) -> Any:
    rows = warehouse.rows(f"SELECT {name} AS value FROM register.predictor ORDER BY number DESC LIMIT 1")
    return rows[0]["value"]


def offspring(warehouse: Warehouse) -> list[tuple[str, int]]:
    rows = warehouse.rows("SELECT child_id, number FROM register.offspring ORDER BY child_id")
    return [(row["child_id"], row["number"]) for row in rows]


# --- which child is of which pregnancy --------------------------------------------------------------------


def test_twins_are_two_children_of_one_pregnancy(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered())
    add(warehouse, "child", child("K1"), child("K2"))
    build(warehouse)
    assert offspring(warehouse) == [("K1", 1), ("K2", 1)]


def test_a_child_is_of_the_pregnancy_with_the_nearest_due_date(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered(), answered("2023-02-01", "2023-08-01"))
    add(warehouse, "child", child("K1", "2022-08-20"), child("K2", "2023-08-09"))
    build(warehouse)
    assert offspring(warehouse) == [("K1", 1), ("K2", 2)]


def test_a_birth_that_nobody_was_asked_about_counts_from_26_weeks_before_it(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered())
    add(warehouse, "child", child("K1"), child("K2", "2024-09-05"), child("K0", "2019-01-01"))
    build(warehouse)
    assert offspring(warehouse) == [("K1", 1), ("K2", 0)]  # that of before the first questionnaire is no history
    rows = warehouse.rows("SELECT index_date, in_trial FROM register.subject WHERE number = 0")
    assert rows == [{"index_date": date(2024, 3, 7), "in_trial": False}]


# --- until when it would be seen, and whether -------------------------------------------------------------


def followed(warehouse: Warehouse) -> Any:
    return warehouse.rows("SELECT followed_until FROM register.followed")[0]["followed_until"]


def test_a_move_after_the_birth_ends_what_is_seen(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    for day in ("2021-01-01", "2023-05-01"):
        notice = {"person_id": "M1", "kind": "verhuizing", "happened_on": date.fromisoformat(day)}
        add(warehouse, "notification", notice)
    build(warehouse)
    assert followed(warehouse) == date(2023, 5, 1)
    row = warehouse.rows("SELECT known, uhp FROM register.outcome WHERE months = 24")[0]
    assert row == {"known": False, "uhp": False}


@pytest.mark.parametrize(
    ("told", "anywhere", "until"),
    [
        ({}, False, AS_OF),
        ({"municipality": "0796"}, False, None),
        ({"municipality": "0796"}, True, AS_OF),
        ({"suspension": "E"}, False, None),
        ({"suspension": "E"}, True, None),
    ],
)
def test_who_left_on_an_unknown_day_has_an_unknown_end(
    warehouse: Warehouse, told: dict[str, Any], anywhere: bool, until: date | None
) -> None:
    add(warehouse, "child", child())
    add(warehouse, "person", woman(**told))
    build(warehouse, anywhere=anywhere)
    assert followed(warehouse) == until
    assert warehouse.rows("SELECT known FROM register.outcome WHERE months = 24")[0]["known"] is (until is not None)


def outcome(warehouse: Warehouse) -> dict[str, Any]:
    return warehouse.rows(
        "SELECT known, uhp, known_ots, ots, known_either, either FROM register.outcome WHERE months = 24"
    )[0]


@pytest.mark.parametrize(
    ("stay", "measures", "uhp", "ots", "either"),
    [
        (None, [], False, False, False),
        (None, [order("K1", "2023-01-01")], False, True, True),
        (None, [order("K1", "2023-01-01", "12")], False, True, True),
        (None, [order("K1", "2022-07-01")], False, True, True),  # of before the birth
        (None, [order("K1", "2024-09-05")], False, False, False),  # on the second birthday
        (care("K1", "2023-02-01"), [order("K1", "2023-01-01")], True, True, True),
        (care("K1", "2023-02-01"), [], False, False, False),
        (care("K1", "2023-02-01"), [order("K1", "2023-01-01", "21")], False, False, False),
        (care("K1", "2023-02-01", "samen"), [order("K1", "2023-01-01")], False, True, True),
    ],
)
def test_an_outcome_is_a_placement_an_order_or_either(
    warehouse: Warehouse,
    stay: dict[str, Any] | None,
    measures: list[dict[str, Any]],
    uhp: bool,
    ots: bool,
    either: bool,
) -> None:
    add(warehouse, "child", child())
    if stay:
        add(warehouse, "youth_care", stay)
    add(warehouse, "measure", *measures)
    build(warehouse, together=("samen",))
    row = outcome(warehouse)
    if not (stay and measures and measures[0]["measure_type"] == "21"):
        assert (row["uhp"], row["ots"], row["either"]) == (uhp, ots, either)
    assert row["known"] and row["known_ots"] and row["known_either"]


def test_an_order_from_an_unknown_day_is_not_a_no(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    add(warehouse, "measure", order("K1", None))
    build(warehouse)
    row = outcome(warehouse)
    assert (row["known"], row["known_ots"], row["known_either"]) == (True, False, False)


def test_either_happened_when_the_first_of_the_two_did(warehouse: Warehouse) -> None:
    add(warehouse, "child", child())
    add(warehouse, "youth_care", care("K1", "2023-06-01"))
    add(warehouse, "measure", order("K1", "2023-01-01"))
    build(warehouse)
    rows = warehouse.rows("SELECT outcome, happened_on FROM register.event")
    assert {row["outcome"]: row["happened_on"] for row in rows} == {
        "uhp": date(2023, 6, 1), "ots": date(2023, 1, 1), "either": date(2023, 1, 1),
    }  # fmt: skip


# --- predictors -------------------------------------------------------------------------------------------


def test_ages_are_in_years_on_the_index_date_and_at_the_first_birth(warehouse: Warehouse) -> None:
    add(warehouse, "person", woman())
    add(warehouse, "questionnaire", answered())
    build(warehouse)
    assert predictor(warehouse, "age") == pytest.approx(22.0, abs=0.01)
    assert predictor(warehouse, "age_at_first_birth") == pytest.approx(22.5, abs=0.01)  # the one she expects


def test_of_a_woman_who_gave_birth_before_the_history_is_what_was_known_then(warehouse: Warehouse) -> None:
    add(warehouse, "person", woman())
    add(warehouse, "questionnaire", answered())
    add(warehouse, "child", child("K8", "2018-03-01"), child("K9", "2020-03-01"), child("K1"))
    build(warehouse)
    assert predictor(warehouse, "earlier_births") == 2
    assert predictor(warehouse, "first_birth") == 0
    assert predictor(warehouse, "age_at_first_birth") == pytest.approx(18.0, abs=0.01)
    assert predictor(warehouse, "years_since_birth") == pytest.approx(2.0, abs=0.01)


def test_before_a_first_birth_there_are_no_years_since_one(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered())
    add(warehouse, "child", child("K1"))
    build(warehouse)
    names = ("earlier_births", "first_birth", "years_since_birth")
    assert [predictor(warehouse, name) for name in names] == [0, 1, None]


@pytest.mark.parametrize(
    ("kind", "answer", "married", "without_partner"),
    [
        ("gehuwd_paar", None, 1, 0),
        ("ongehuwd_paar", None, 0, 0),
        ("zonder_partner", None, 0, 1),
        ("gehuwd_paar", True, 1, 0),  # what the municipality knows goes before what she answered
        ("onbekend", True, 0, 1),
        ("onbekend", False, None, 0),
        (None, None, None, None),
    ],
)
def test_married_and_without_a_partner(
    warehouse: Warehouse, kind: str | None, answer: bool | None, married: int | None, without_partner: int | None
) -> None:
    add(warehouse, "questionnaire", answered(without_partner=answer))
    if kind:
        add(warehouse, "household", household("2022-02-01", kind))
    build(warehouse)
    assert (predictor(warehouse, "married"), predictor(warehouse, "without_partner")) == (married, without_partner)


@pytest.mark.parametrize(("at_home", "elsewhere", "others"), [(0, 2, 0), (1, 1, 0), (2, 0, 0), (3, 0, 1)])
def test_children_who_live_elsewhere_and_children_who_are_not_hers(
    warehouse: Warehouse, at_home: int, elsewhere: int, others: int
) -> None:
    add(warehouse, "questionnaire", answered())
    add(warehouse, "child", child("K8", "2018-03-01"), child("K9", "2020-03-01"))
    add(warehouse, "household", household("2022-02-01", "gehuwd_paar", at_home))
    build(warehouse)
    assert (predictor(warehouse, "children_elsewhere"), predictor(warehouse, "other_children")) == (elsewhere, others)


@pytest.mark.parametrize(
    ("name", "column", "yes", "no"),
    [
        ("unwanted", "pregnancy_wanted", False, True),
        ("smokes", "smokes", True, False),
        ("no_qualification", "starting_qualification", False, True),
        ("parents_apart", "family_of_origin_intact", False, True),
        ("own_mother_teenage", "own_mother_teenage", True, False),
        ("earlier_child_placed", "earlier_child_placed", True, False),
        ("without_work", "has_paid_work", False, True),
        ("rent_allowance", "rents_with_allowance", True, False),
    ],
)
def test_an_answer_is_yes_no_or_not_known(warehouse: Warehouse, name: str, column: str, yes: bool, no: bool) -> None:
    found = []
    for value in (yes, no, None):
        warehouse.run("DELETE FROM intake.questionnaire")
        add(warehouse, "questionnaire", answered(**{column: value}))
        build(warehouse)
        found.append(predictor(warehouse, name))
    assert found == [1, 0, None]


@pytest.mark.parametrize(
    ("work", "benefit", "expected"),
    [
        (True, "geen", (0, 0)),
        (False, "participatiewet", (1, 1)),
        (None, "wajong", (None, 1)),
        (None, None, (None, None)),
    ],
)
def test_work_and_benefit(
    warehouse: Warehouse, work: bool | None, benefit: str | None, expected: tuple[Any, Any]
) -> None:
    add(warehouse, "questionnaire", answered())
    add(
        warehouse, "income",
        {"person_id": "M1", "reference_date": date(2022, 2, 1), "paid_work": work, "benefit": benefit},
    )  # fmt: skip
    build(warehouse)
    assert (predictor(warehouse, "without_work"), predictor(warehouse, "on_benefit")) == expected


@pytest.mark.parametrize(
    ("tenure", "allowance", "expected"),
    [("huur", True, 1), ("huur", False, 0), ("koop", None, 0), ("huur", None, None), (None, None, None)],
)
def test_rent_allowance(warehouse: Warehouse, tenure: str | None, allowance: bool | None, expected: int | None) -> None:
    add(warehouse, "questionnaire", answered())
    row = {"person_id": "M1", "reference_date": date(2022, 2, 1), "tenure": tenure, "rent_allowance": allowance}
    add(warehouse, "housing", row)
    build(warehouse)
    assert predictor(warehouse, "rent_allowance") == expected


@pytest.mark.parametrize(("start", "expected"), [("2021-01-01", 1), ("2022-03-02", None)])
def test_an_earlier_child_placed_by_the_register_counts_when_it_was_before_the_index_date(
    warehouse: Warehouse, start: str, expected: int | None
) -> None:
    add(warehouse, "questionnaire", answered())
    add(warehouse, "child", child("K9", "2020-03-01"))
    add(warehouse, "youth_care", care("K9", start))
    add(warehouse, "measure", order("K9", start))
    build(warehouse)
    assert predictor(warehouse, "earlier_child_placed") == expected


def test_the_week_of_the_first_visit_and_the_language_are_as_answered(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered(first_visit_week=9))
    build(warehouse)
    assert predictor(warehouse, "first_visit_week") == 9


def test_of_two_answers_before_the_index_date_the_latest_counts_and_none_of_after_it(warehouse: Warehouse) -> None:
    add(warehouse, "questionnaire", answered())
    add(
        warehouse, "household", household("2021-01-01", "gehuwd_paar"), household("2022-02-01", "ongehuwd_paar"),
        household("2022-03-02", "zonder_partner"),
    )  # fmt: skip
    build(warehouse)
    assert (predictor(warehouse, "married"), predictor(warehouse, "without_partner")) == (0, 0)


def test_a_baby_born_after_the_households_row_is_no_child_who_lives_elsewhere(warehouse: Warehouse) -> None:
    add(warehouse, "person", woman())
    add(warehouse, "child", child("K1", "2018-03-01"), child("K2", "2021-06-01"))
    add(warehouse, "questionnaire", answered())
    add(warehouse, "household", household("2021-01-01", "gehuwd_paar", 1))
    build(warehouse)
    assert predictor(warehouse, "earlier_births") == 2
    assert predictor(warehouse, "children_elsewhere") == 0
    assert predictor(warehouse, "other_children") == 0
