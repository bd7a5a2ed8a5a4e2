"""Contracts: the shipped ones hold, and a promise that nobody checks is refused by name and place."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from smartstart.contracts.checking import ROW, check_rows
from smartstart.contracts.odcs import Comparison, Contract, Field, load_contract, load_contracts
from smartstart.contracts.rules import REFUSALS, REMEDIES, WHOLE_ROW, in_dutch
from smartstart.contracts.values import EARLIEST, LATEST, TYPED, read_values
from smartstart.errors import UsageError
from smartstart.resources import shipped
from smartstart.wording import catalogue

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
    return check_rows(read_values(frame_of(contract, *rows), contract), contract, AS_OF).rows()


CHILD = {"mother_id": "111222333", "child_id": "123456782", "born_on": "20200229"}


def test_every_file_of_the_design_has_a_contract() -> None:
    assert {name for name, c in CONTRACTS.items() if c.incoming} == {
        "personen", "kinderen", "huishoudens", "inkomen", "wonen", "vragenlijst", "jeugdhulp", "maatregelen",
        "meldingen", "voorzieningen", "contactmomenten", "ondersteuningsplan", "verblijven",
    }  # fmt: skip
    assert {name for name, c in CONTRACTS.items() if not c.incoming} == {
        "uitnodigingslijst", "terugkoppeling", "terugroeplijst", "meetlijst", "overdracht", "quarantaine",
        "stappenlijst", "samenvatting_besloten", "samenvatting_uitwisseling", "samenvatting_openbaar",
        "kopie_bestanden", "kopie_gebreken", "kopie_oordelen", "kopie_runs",
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


def set_custom(key: str, value: Any) -> Any:
    """Return a change that sets one of a contract's customProperties."""

    def change(raw: Any) -> None:
        raw["customProperties"] = [item for item in raw["customProperties"] if item["property"] != key]
        raw["customProperties"].append({"property": key, "value": value})

    return change


def with_rule(**parts: Any) -> Any:
    """Return a change that adds a rule, sound but for these parts."""
    inside = {"column", "when", "extra"}
    rule: dict[str, Any] = {"name": "end_before_start", "type": "custom", "engine": "smartstart", "description": "d"}
    rule["implementation"] = {"column": "born_on", "not_before": "child_id"}
    rule["implementation"] |= {name: part for name, part in parts.items() if name in inside}
    rule |= {name: part for name, part in parts.items() if name not in inside}
    return lambda raw: raw["schema"][0].update(quality=[rule])


PROPERTY = "^kinderen.yaml, mother_id"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda raw: raw.update(kind="Contract"), "^kinderen.yaml: apiVersion must be v3.2.0 and kind DataContract"),
        (lambda raw: raw["description"].update(aim="x"), "^kinderen.yaml, description: 'aim' is not a key"),
        (set_custom("ontvangers", "x"), "^kinderen.yaml, customProperties: 'ontvangers' is not a key.*'ontvanger'"),
        (set_custom("richting", "op"), "^kinderen.yaml, customProperties: 'richting' must be"),
        (set_custom("richting", None), "^kinderen.yaml, customProperties: 'richting' must be"),
        (set_custom("richting", "uit"), "^kinderen.yaml, customProperties: 'ontvanger'"),
        (set_custom("ontvanger", "praktijk"), "^kinderen.yaml, customProperties: 'ontvanger'"),
        (set_custom("doel", " "), r"^kinderen.yaml, customProperties: 'doel' \(purpose\) is empty"),
        (set_custom("grondslag", None), r"^kinderen.yaml, customProperties: 'grondslag' \(legal ground\) is empty"),
        (set_custom("bron", ""), r"^kinderen.yaml, customProperties: 'bron' \(source\) is empty"),
        (
            lambda raw: raw.update(schema=[*raw["schema"], *deepcopy(raw["schema"])]),
            "^kinderen.yaml, schema: .* this one describes 2",
        ),
        (lambda raw: raw.pop("schema"), "^kinderen.yaml, schema: .* this one describes 0"),
        (lambda raw: raw["schema"][0]["properties"][0].update(name="child_id"), "^kinderen.yaml: 'child_id' is used"),
        (
            lambda raw: raw["schema"][0]["properties"][0].update(physicalName="geboortedatum_kind"),
            "^kinderen.yaml: 'geboortedatum_kind' is used for two columns",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0].update(synonyms=[{"synonym": "bsn_kind"}]),
            "^kinderen.yaml: 'bsn_kind' is used for two columns",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0].update(logicalTypeOptions={"pattern": "x"}),
            f"{PROPERTY}, logicalTypeOptions: 'pattern' is not a key",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0]["customProperties"][0].update(property="sort"),
            f"{PROPERTY}, customProperties: 'sort' is not a key that smartstart checks.*'soort'",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0]["customProperties"][0].update(value="datum"),
            f"{PROPERTY}, soort: unknown kind",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0]["customProperties"][0].update(value="bsm"),
            f"{PROPERTY}, soort: unknown kind .did you mean 'bsn'",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0].update(logicalType="number"),
            f"{PROPERTY}, logicalType: must be one of boolean, date, integer, string",
        ),
        (
            lambda raw: raw["schema"][0]["properties"][0].pop("classification"),
            f"{PROPERTY}, classification: must be one of identifier, contact, restricted, confidential, internal",
        ),
        (lambda raw: raw.update(version={"a": 1}), "^kinderen.yaml, version: not as the Open Data Contract Standard"),
        (
            lambda raw: raw["schema"][0]["properties"][1].update(required={}),
            "^kinderen.yaml, schema.0.properties.1.required: not as the Open Data Contract Standard",
        ),
        (with_rule(name="no_such_rule"), "^kinderen.yaml, quality no_such_rule: this rule has no remedy"),
        (with_rule(engine="soda"), "^kinderen.yaml, quality end_before_start: only rules with 'engine: smartstart'"),
        (with_rule(implementation="x < y"), "quality end_before_start: only rules with 'engine: smartstart'"),
        (with_rule(column="born"), "quality end_before_start: 'born' is no column of this contract.*'born_on'"),
        (with_rule(when={"column": "at", "equals": "1"}), "quality end_before_start: 'at' is no column"),
        (with_rule(extra=1), "quality end_before_start: 'extra' is not a key"),
        (with_rule(mustBe=1), "quality end_before_start: 'mustBe' is not a key"),
    ],
)
def test_a_contract_that_is_not_sound_is_refused_with_the_place_of_its_fault(
    tmp_path: Path, change: Any, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_contract(altered(tmp_path, change))


def test_what_is_no_contract_at_all_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "leeg.yaml"
    path.write_text("- een\n- twee\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"^leeg.yaml: a contract is a list of keys"):
        load_contract(path)


def test_a_contract_says_of_a_column_all_that_is_used_of_it(tmp_path: Path) -> None:
    full = {
        "name": "it", "physicalName": "kop", "description": "what it is", "logicalType": "integer", "required": True,
        "primaryKey": True, "classification": "restricted", "synonyms": [{"synonym": "kolom"}],
        "enum": [{"value": "1", "label": "een"}, {"value": "2"}],
        "logicalTypeOptions": {"minimum": 0, "maximum": 9, "maxLength": 3},
        "customProperties": [
            {"property": "uitleg", "value": "hoe"}, {"property": "kolom_mag_ontbreken", "value": True},
            {"property": "mag_in_toekomst", "value": True},
        ],
    }  # fmt: skip
    bare = {"name": "bare", "physicalName": "kaal", "logicalType": "string", "classification": "internal"}
    coded = bare | {"name": "coded", "physicalName": "code", "enum": [{"value": "a", "label": "A"}]}
    made = load_contract(altered(tmp_path, lambda raw: raw["schema"][0].update(properties=[full, bare, coded])))
    assert made.fields == (
        Field("it", "kop", "what it is", "integer", True, True, "restricted", ("kolom",), {"1": "een", "2": ""}, True,
              True, 0, 9, 3, "hoe", None),
        Field("bare", "kaal", "", "text", False, False, "internal", (), {}, False, False, None, None, None, "", None),
        Field("coded", "code", "", "code", classification="internal", codes={"a": "A"}),
    )  # fmt: skip
    assert made.key == ("it",) and made.contact_fields == () and made.field("bare") is made.fields[1]


def test_a_contract_says_what_file_it_is_of_and_why_we_may_have_it(tmp_path: Path) -> None:
    made = load_contract(altered(tmp_path, lambda raw: None))
    assert (made.name, made.file, made.version, made.purpose, made.incoming, made.source, made.recipient) == (
        "child", "kinderen", "1.0.0", "Children of the women, from the BRP.", True, "gemeente", "",
    )  # fmt: skip
    assert made.aim.startswith("Vaststellen") and made.legal_ground.startswith("Taak van algemeen belang")
    assert made.comparisons == () and made.key == ("child_id",)
    terse = load_contract(altered(tmp_path, lambda raw: (raw.pop("description"), raw["schema"][0].pop("properties"))))
    assert (terse.purpose, terse.fields) == ("", ())
    leaves = load_contract(
        altered(tmp_path, lambda raw: (set_custom("richting", "uit")(raw), set_custom("ontvanger", "praktijk")(raw)))
    )
    assert (leaves.incoming, leaves.recipient) == (False, "praktijk")
    assert not load_contract(altered(tmp_path, set_custom("richting", "terug"))).incoming


def test_a_rule_over_two_columns_is_read_with_all_its_parts(tmp_path: Path) -> None:
    def rule(raw: Any) -> None:
        base = {"name": "end_before_start", "type": "custom", "engine": "smartstart", "description": "d"}
        raw["schema"][0]["quality"] = [
            base | {"implementation": {"column": "born_on", "not_before": "child_id"}},
            base | {"implementation": {"column": "born_on", "not_after": "child_id", "plus_days": "280",
                                       "when": {"column": "mother_id", "equals": 1}}},
            base | {"implementation": {"column": "born_on", "present": True}},
        ]  # fmt: skip

    assert load_contract(altered(tmp_path, rule)).comparisons == (
        Comparison("end_before_start", "born_on", "child_id", "not_before", 0, None),
        Comparison("end_before_start", "born_on", "child_id", "not_after", 280, ("mother_id", "1")),
        Comparison("end_before_start", "born_on", "born_on", "present", 0, None),
    )


def test_contact_data_and_answers_to_a_scale_have_no_column_in_the_warehouse() -> None:
    base = Field("it", "kop", "", "text")
    assert base.stored_names == ("it",)
    assert replace(base, kind="incomplete_date").stored_names == ("it_earliest", "it_latest")
    assert replace(base, classification="contact").stored_names == replace(base, instrument="x").stored_names == ()
    assert [replace(base, kind=kind).is_date for kind in ("date", "incomplete_date", "consent_date", "text")] == [
        True, True, True, False,
    ]  # fmt: skip
    assert CONTRACTS["personen"].contact_fields == tuple(
        f.name for f in CONTRACTS["personen"].fields if f.classification == "contact"
    )
    assert "surname" in CONTRACTS["personen"].contact_fields and "person_id" not in CONTRACTS["personen"].contact_fields


def test_contracts_are_found_by_the_name_of_their_file(tmp_path: Path) -> None:
    altered(tmp_path, lambda raw: None)
    (tmp_path / "leesmij.txt").write_text("geen contract", encoding="utf-8")
    assert load_contracts(tmp_path) == {"kinderen": CONTRACTS["kinderen"]}


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
    row = read_values(frame_of(contract, {"reference_date": text}), contract).row(0, named=True)
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
    row = read_values(frame_of(contract, CHILD | {"born_on": text}), contract).row(0, named=True)
    assert (row["born_on" + EARLIEST], row["born_on" + LATEST]) == (earliest, latest)
    assert breaches(contract, CHILD | {"born_on": text}) == []


def test_a_death_on_an_unknown_day_is_still_a_death() -> None:
    contract = CONTRACTS["personen"]
    row = read_values(frame_of(contract, {"died_on": "00000000"}), contract).row(0, named=True)
    assert row["died_on" + EARLIEST] is not None
    row = read_values(frame_of(contract, {"died_on": ""}), contract).row(0, named=True)
    assert row["died_on" + EARLIEST] is None


def test_a_lost_leading_zero_comes_back_and_a_missing_digit_does_not() -> None:
    contract = CONTRACTS["vragenlijst"]
    row = read_values(frame_of(contract, {"person_id": "12345672", "practice": "8990011"}), contract).row(0, named=True)
    assert (row["person_id"], row["practice"]) == ("012345672", "08990011")
    row = read_values(frame_of(contract, {"person_id": "42663"}), contract).row(0, named=True)
    assert row["person_id"] == "000042663"  # typed as a number in a spreadsheet; the elfproef still judges it
    row = read_values(frame_of(contract, {"person_id": "1234"}), contract).row(0, named=True)
    assert row["person_id"] == "1234"


@pytest.mark.parametrize(("text", "number"), [("14", 14), ("14.0", 14), ("14,0", 14), ("acht", None), ("14.5", None)])
def test_a_number_is_whole_or_no_number(text: str, number: int | None) -> None:
    contract = CONTRACTS["vragenlijst"]
    row = read_values(frame_of(contract, {"first_visit_week": text}), contract).row(0, named=True)
    assert row["first_visit_week" + TYPED] == number


@pytest.mark.parametrize("name", ["NA", "Null", "None", "-", "=1+1", "Ångström 😀", "x" * 500, "אבג"])
def test_a_strange_surname_stays_what_it_is(name: str) -> None:
    contract = CONTRACTS["personen"]
    row = read_values(frame_of(contract, {"surname": f" {name} "}), contract).row(0, named=True)
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
    told = {rule: in_dutch(rule) for rule in (*REMEDIES, *REFUSALS)}
    assert all(text.endswith(".") for text in told.values()) and len({*told.values()}) == len(told)
    assert len(catalogue("smartstart.contracts", "nl")) == len(told)


def test_why_a_row_is_not_stored_is_said_under_other_words_than_a_remedy() -> None:
    assert set(REFUSALS) == {"consent_missing", "no_consented_questionnaire", "erased"}
    assert all(text.endswith(".") for text in REFUSALS.values())
    assert not REFUSALS.keys() & REMEDIES.keys() and WHOLE_ROW == "*"  # no column is named so


def test_no_breach_ever_holds_a_value() -> None:
    canary = "CANARY990"
    contract = CONTRACTS["personen"]
    found = breaches(contract, {f.name: canary for f in contract.fields})
    assert found and canary not in repr(found)


def test_judging_rows_takes_no_spark_along_and_says_nothing_of_it() -> None:
    asked = (
        "import sys; from datetime import date; import polars as pl\n"
        "from smartstart.contracts.checking import check_rows\n"
        "from smartstart.contracts.odcs import Contract, Field\n"
        "from smartstart.contracts.values import read_values\n"
        "of = Contract('m', 'm', '1.0.0', '', False, 'd', 'g', 'b', (Field('it', 'It', '', 'integer'),), (), 'w')\n"
        "frame = read_values(pl.DataFrame({'it': ['x']}).with_row_index('_row', 1), of)\n"
        "assert check_rows(frame, of, date(2024, 1, 1)).rows() == [(1, 'It', 'not_a_number')]\n"
        "assert not [name for name in sys.modules if name.startswith('pyspark')]\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", asked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
