"""Contracts: the shipped ones hold, and a promise that nobody checks is refused by name and place."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from smartstart.contracts.checking import ROW, check_rows
from smartstart.contracts.odcs import Contract, load_contract, load_contracts
from smartstart.contracts.rules import HERSTEL, REMEDIES
from smartstart.contracts.values import EARLIEST, LATEST, TYPED, tidy, typed
from smartstart.errors import UsageError
from smartstart.resources import shipped

FOLDER = shipped("data_contracts")
CONTRACTS = load_contracts(FOLDER)
AS_OF = date(2024, 4, 2)


def altered(tmp_path: Path, change: Any) -> Path:
    raw = yaml.safe_load((FOLDER / "kinderen.yaml").read_text(encoding="utf-8"))
    change(raw)
    path = tmp_path / "kinderen.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False), encoding="utf-8")
    return path


def frame_of(contract: Contract, *rows: dict[str, str | None]) -> pl.DataFrame:
    names = [f.name for f in contract.fields]
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)).with_row_index(ROW, 1)


def breaches(contract: Contract, *rows: dict[str, str | None]) -> list[tuple[int, str, str]]:
    return check_rows(typed(tidy(frame_of(contract, *rows), contract), contract), contract, AS_OF).rows()


CHILD = {"mother_id": "111222333", "child_id": "123456782", "born_on": "20200229"}


def test_every_file_of_the_design_has_a_contract() -> None:
    assert {name for name, c in CONTRACTS.items() if c.incoming} == {
        "personen", "kinderen", "huishoudens", "inkomen", "wonen", "vragenlijst", "jeugdhulp", "maatregelen",
        "meldingen", "voorzieningen", "contactmomenten", "ondersteuningsplan", "verblijven",
    }  # fmt: skip
    assert {name for name, c in CONTRACTS.items() if not c.incoming} == {
        "uitnodigingslijst", "terugkoppeling", "terugroeplijst", "meetlijst", "overdracht", "quarantaine",
        "stappenlijst", "samenvatting_besloten", "samenvatting_uitwisseling", "samenvatting_openbaar",
    }  # fmt: skip


def test_every_contract_says_why_we_may_have_the_data() -> None:
    for contract in CONTRACTS.values():
        assert contract.aim and contract.legal_ground and contract.source


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda raw: raw.update(tennant="x"), "'tennant' is not a key"),
        (lambda raw: raw["schema"][0].update(colums=[]), "schema: 'colums' is not a key"),
        (
            lambda raw: raw["schema"][0]["properties"][0].update(requird=True),
            "mother_id: 'requird' is not a key.*required",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][2]["logicalTypeOptions"].update(pattern="x"),
            "'pattern' is not a key",
        ),
        (lambda raw: raw["schema"][0]["properties"][0].update(classification="secret"), "mother_id, classification"),
        (lambda raw: raw["schema"][0]["properties"][0].update(logicalType="number"), "mother_id, logicalType"),
        (lambda raw: raw.update(apiVersion="v2.0.0"), "apiVersion must be v3.2.0"),
        (lambda raw: raw.update(version={"a": 1}), "not as the Open Data Contract Standard"),
    ],
)
def test_what_we_do_not_check_is_refused_by_name_and_place(tmp_path: Path, change: Any, place: str) -> None:
    with pytest.raises(UsageError, match=place):
        load_contract(altered(tmp_path, change))


@pytest.mark.parametrize("key", ["doel", "grondslag", "bron"])
def test_a_source_without_purpose_ground_or_owner_is_refused(tmp_path: Path, key: str) -> None:
    def drop(raw: Any) -> None:
        raw["customProperties"] = [item for item in raw["customProperties"] if item["property"] != key]

    with pytest.raises(UsageError, match=key):
        load_contract(altered(tmp_path, drop))


def test_a_good_row_keeps_its_contract() -> None:
    assert breaches(CONTRACTS["kinderen"], CHILD) == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("mother_id", None, "required"),
        ("mother_id", "1234", "bsn_form"),
        ("mother_id", "11122233a", "bsn_form"),
        ("mother_id", "111222334", "bsn_elfproef"),
        ("mother_id", "000000000", "bsn_unknown"),
        ("mother_id", "999999999", "bsn_unborn"),
        ("born_on", "20230229", "date_invalid"),
        ("born_on", "20231301", "date_invalid"),
        ("born_on", "45321", "date_invalid"),
        ("born_on", "3-4-2001", "date_invalid"),
        ("born_on", "20240403", "date_in_future"),
        ("born_on", "18991231", "date_implausible"),
    ],
)
def test_each_fault_is_found_under_its_own_rule(column: str, value: str | None, rule: str) -> None:
    contract = CONTRACTS["kinderen"]
    assert breaches(contract, CHILD, CHILD | {column: value}) == [(2, contract.field(column).header, rule)]


def test_all_faults_of_a_row_are_reported_at_once() -> None:
    found = breaches(CONTRACTS["kinderen"], {"mother_id": "1", "child_id": None, "born_on": "x"})
    assert {(column, rule) for _, column, rule in found} == {
        ("burgerservicenummer_moeder", "bsn_form"),
        ("burgerservicenummer_kind", "required"),
        ("geboortedatum_kind", "date_invalid"),
    }


@pytest.mark.parametrize(
    "text", ["20240301", "01-03-2024", "2024-03-01", "2024-03-01 00:00:00", " 20240301 ", "20240301.0"]
)
def test_a_day_is_read_in_each_of_its_forms(text: str) -> None:
    contract = CONTRACTS["huishoudens"]
    row = typed(tidy(frame_of(contract, {"reference_date": text}), contract), contract).row(0, named=True)
    assert row["reference_date" + TYPED] == date(2024, 3, 1)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("19850312", date(1985, 3, 12), date(1985, 3, 12)),
        ("19850300", date(1985, 3, 1), date(1985, 3, 31)),
        ("20240200", date(2024, 2, 1), date(2024, 2, 29)),
        ("19850000", date(1985, 1, 1), date(1985, 12, 31)),
        ("00000000", None, None),
    ],
)
def test_an_incomplete_date_becomes_its_bounds(text: str, earliest: date | None, latest: date | None) -> None:
    contract = CONTRACTS["kinderen"]
    row = typed(tidy(frame_of(contract, CHILD | {"born_on": text}), contract), contract).row(0, named=True)
    assert (row["born_on" + EARLIEST], row["born_on" + LATEST]) == (earliest, latest)
    assert breaches(contract, CHILD | {"born_on": text}) == []


def test_a_death_on_an_unknown_day_is_still_a_death() -> None:
    contract = CONTRACTS["personen"]
    row = typed(tidy(frame_of(contract, {"died_on": "00000000"}), contract), contract).row(0, named=True)
    assert row["died_on" + EARLIEST] is not None
    row = typed(tidy(frame_of(contract, {"died_on": ""}), contract), contract).row(0, named=True)
    assert row["died_on" + EARLIEST] is None


def test_a_lost_leading_zero_comes_back_and_a_missing_digit_does_not() -> None:
    contract = CONTRACTS["vragenlijst"]
    row = tidy(frame_of(contract, {"person_id": "12345672", "practice": "8990011"}), contract).row(0, named=True)
    assert (row["person_id"], row["practice"]) == ("012345672", "08990011")
    row = tidy(frame_of(contract, {"person_id": "42663"}), contract).row(0, named=True)
    assert row["person_id"] == "000042663"  # typed as a number in a spreadsheet; the elfproef still judges it
    row = tidy(frame_of(contract, {"person_id": "1234"}), contract).row(0, named=True)
    assert row["person_id"] == "1234"


@pytest.mark.parametrize(("text", "number"), [("14", 14), ("14.0", 14), ("14,0", 14), ("acht", None), ("14.5", None)])
def test_a_number_is_whole_or_no_number(text: str, number: int | None) -> None:
    contract = CONTRACTS["vragenlijst"]
    row = typed(tidy(frame_of(contract, {"first_visit_week": text}), contract), contract).row(0, named=True)
    assert row["first_visit_week" + TYPED] == number


@pytest.mark.parametrize("name", ["NA", "Null", "None", "-", "=1+1", "Ångström 😀", "x" * 500, "אבג"])
def test_a_strange_surname_stays_what_it_is(name: str) -> None:
    contract = CONTRACTS["personen"]
    row = tidy(frame_of(contract, {"surname": f" {name} "}), contract).row(0, named=True)
    assert row["surname"] == name


def test_a_due_date_before_the_questionnaire_is_a_fault_in_pregnancy_only() -> None:
    contract = CONTRACTS["vragenlijst"]
    row = {
        "client_number": "C1", "person_id": "111222333", "practice": "08990011", "filled_on": "01-03-2024",
        "due_date": "01-02-2024", "moment": "nulmeting", "consented_on": "01-03-2024",
    }  # fmt: skip
    assert breaches(contract, row) == [(1, "aterme_datum", "due_before_questionnaire")]
    assert breaches(contract, row | {"moment": "tussenmeting"}) == []
    assert breaches(contract, row | {"due_date": "31-12-2024"}) == [(1, "aterme_datum", "due_too_late")]


def test_the_bsn_rule_agrees_with_the_elfproef_computed_by_hand() -> None:
    numbers = [f"{n:09d}" for n in range(10_000_000, 10_000_400)]
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    by_hand = [n for n in numbers if sum(w * int(d) for w, d in zip(weights, n, strict=True)) % 11 == 0]
    found = {
        row for row, _, rule in breaches(CONTRACTS["kinderen"], *(CHILD | {"child_id": n} for n in numbers)) if rule
    }
    assert [n for i, n in enumerate(numbers, start=1) if i not in found] == by_hand


def test_every_rule_has_a_remedy_that_tells_what_to_do() -> None:
    for rule, remedy in REMEDIES.items():
        assert rule == rule.lower() and remedy.endswith(".") and len(remedy.split()) > 4


def test_every_remedy_has_its_dutch_for_who_delivered_the_file() -> None:
    assert HERSTEL.keys() == REMEDIES.keys() and all(text.endswith(".") for text in HERSTEL.values())


def test_no_breach_ever_holds_a_value() -> None:
    canary = "CANARY990"
    contract = CONTRACTS["personen"]
    found = breaches(contract, {f.name: canary for f in contract.fields})
    assert found and canary not in repr(found)
