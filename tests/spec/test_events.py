"""What an event changes, by the cases that midwives can read in events.yaml, and by the table in the documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from smartstart.bookkeeping import DrawKeys
from smartstart.contracts.odcs import load_contracts
from smartstart.errors import UsageError
from smartstart.flow import participants
from smartstart.identity.vault import Vault, VaultKeys, open_vault
from smartstart.programme.loading import load_programme
from smartstart.recording import Provenance, Report, record_events
from smartstart.register.build import build_register, select_of
from smartstart.resources import shipped
from smartstart.trial.events import EVENTS, REPORTABLE, RULES, reportable
from smartstart.trial.flow import AnalysisSet, analysis_set
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

SPEC = yaml.safe_load(Path(__file__).with_name("events.yaml").read_text("utf-8"))
CASES: list[dict[str, Any]] = SPEC["cases"]
CONTRACTS = load_contracts(shipped("data_contracts"))
PROGRAMME = load_programme(shipped("configs") / "programmes" / "heusden.yaml")
HEUSDEN = {"municipality": "0797"}
KEY = bytes(range(32))
FILLED, DUE = date(2024, 3, 11), date(2024, 9, 9)
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "events.md"


@dataclass(frozen=True)
class Answer:
    """What follows for one woman."""

    on_list: bool
    replace: bool
    questionnaire: bool
    hand_over: bool | str
    counts: str
    why: str | None


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answer]]:
    """What follows for each case's woman: all live in one warehouse, as in one municipality."""
    folder = tmp_path_factory.mktemp("events")
    with (
        open_warehouse(folder / "w.duckdb", KEY, CONTRACTS) as warehouse,
        open_vault(folder / "v.sqlite", VaultKeys(KEY, (KEY,))) as vault,
    ):
        begin(warehouse)
        for nth, case in enumerate(CASES):
            live(warehouse, f"W{nth}", SPEC["usual"] | case)
        build_register(warehouse, PROGRAMME, date(2026, 1, 1), "d1")
        for nth, case in enumerate(CASES):
            tell(warehouse, vault, f"W{nth}", (SPEC["usual"] | case)["told"])
        yield {case["title"]: answer for case, answer in zip(CASES, read_answers(warehouse), strict=True)}


def begin(warehouse: Warehouse) -> None:
    delivered = date(2025, 12, 1)
    row = {"sequence": 1, "pipeline": "quarterly", "period": "2024Q1", "as_of": delivered, "delivered": delivered}
    state = {"is_current": True, "was_corrected": False, "reason": None, "fingerprint": "f"}
    warehouse.insert_rows("delivery", [row | state | {"delivery_id": "d1"}])
    warehouse.insert_rows("run", [filled_in(warehouse, "run", row | {"delivery_id": "d1"})])


def filled_in(warehouse: Warehouse, table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row with something in every column that the case does not care about."""
    any_of = {"INTEGER": 1, "DATE": FILLED}
    columns = warehouse.rows(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = $table AND schema_name = 'main'",
        {"table": table},
    )
    anything = {c["column_name"]: any_of.get(c["data_type"], f"{row.get('research_id', 'x')}") for c in columns}
    return anything | {name: value for name, value in row.items() if name in anything}


def live(warehouse: Warehouse, who: str, woman: dict[str, Any]) -> None:
    """Put a woman in the warehouse, drawn and on her list, with all that the deliveries tell of her."""
    first = {"filled": FILLED, "due": DUE, "consent": FILLED}
    for asked in (first, *woman["also"]):
        answered = {
            "person_id": who, "practice": asked.get("practice", "08990011"), "moment": "nulmeting",
            "filled_on": asked["filled"], "due_date": asked["due"], "consented_on": asked["consent"],
        }  # fmt: skip
        add(warehouse, "questionnaire", answered)
    add(warehouse, "person", person(who, **woman["register"]))
    for nth, child in enumerate(woman["children"]):
        born = {"born_on_earliest": child["born"], "born_on_latest": child["born"]}
        add(warehouse, "child", {"child_id": f"{who}K{nth}", "mother_id": who} | born)
        add(warehouse, "person", person(f"{who}K{nth}", "0797", died=child.get("died")))
    for event in woman["told"]:
        if event.get("how", "melding") == "melding":
            add(warehouse, "notification", {"person_id": who, "kind": event["kind"], "happened_on": event["day"]})
    if woman["arm"] != "none":
        drawn = {"research_id": who, "batch": "2024Q1", "index_date": FILLED, "arm": woman["arm"], "epoch": 1}
        warehouse.insert_rows("allocation", [filled_in(warehouse, "allocation", drawn)])
    if woman["arm"] == "offer":
        listed = {"batch": "2024Q1", "period": "2024Q1", "as_of": date(2024, 4, 2), "practice": "08990011"}
        warehouse.insert_rows("invitation", [listed | {"research_id": who, "due_date": DUE}])


KEYS = DrawKeys((bytes(32),))  # nobody is drawn by it here: the arms are given


def person(who: str, municipality: str, secrecy: int = 0, died: date | None = None) -> dict[str, Any]:
    gone = {"died_on_earliest": died, "died_on_latest": died}
    return {"person_id": who, "municipality": municipality, "secrecy": secrecy} | gone


def add(warehouse: Warehouse, table: str, row: dict[str, Any]) -> None:
    warehouse.insert_rows(f"intake.{table}", [{"delivery_id": "d1", "file_row": 1} | row])


def tell(warehouse: Warehouse, vault: Vault, who: str, told: list[dict[str, Any]]) -> None:
    """Record what was told by command or on a list that came back."""
    sources = {"command": "command", "list": "terugkoppeling"}
    for event in told:
        if source := sources.get(event.get("how", "melding")):
            how = Provenance(source, "projectleider", "by telephone", "2024-05-02T09:00:00+00:00")
            record_events(warehouse, vault, KEYS, [Report(who, event["kind"], event["day"])], how)


def read_answers(warehouse: Warehouse) -> list[Answer]:
    """What follows for each woman, in the order of the cases, by the program's own tables."""
    invited = {row["research_id"] for row in warehouse.rows("SELECT research_id FROM invitation")}
    blocked = {row["research_id"]: row["recall"] for row in warehouse.rows(select_of("blocked"), HEUSDEN)}
    states = {row["research_id"]: row for row in warehouse.rows(select_of("participant"))}
    women = {woman.research_id: woman for woman in participants(warehouse)}
    found = []
    for nth in range(len(CASES)):
        who = f"W{nth}"
        made, state = analysis_set(women[who]), states[who]
        hand_over: bool | str = not state["hand_over_stopped"]
        if hand_over and state["secrecy"]:
            hand_over = "no address"
        found.append(
            Answer(
                on_list=who in invited and who not in blocked,
                replace=blocked.get(who, False),
                questionnaire=not state["questionnaires_stopped"],
                hand_over=hand_over,
                counts=in_words(made),
                why=made.reason if made else None,
            )
        )
    return found


def in_words(made: AnalysisSet | None) -> str:
    if made is None or not made.populations:
        return "not"
    if "blinded_assessment" not in made.populations:
        return "not assessor"
    return "as drawn and as helped" if "per_protocol" in made.populations else "as drawn"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"])
def test_case(case: dict[str, Any], answers: dict[str, Answer]) -> None:
    woman = SPEC["usual"] | case
    assert answers[case["title"]] == Answer(**{name: woman[name] for name in Answer.__annotations__})


def test_a_case_uses_only_known_words_and_its_own_title() -> None:
    assert all(set(case) <= {"title", *SPEC["usual"]} for case in CASES)
    titles = [case["title"] for case in CASES]
    assert len(titles) == len(set(titles))


def test_every_event_that_can_be_told_has_a_case() -> None:
    told = {event["kind"] for case in CASES for event in case.get("told", [])}
    assert told == {*REPORTABLE, "unreadable"}


# --- the rules themselves ---------------------------------------------------------------------------------


def test_the_contract_of_the_meldingen_has_exactly_the_events_that_people_report() -> None:
    assert set(CONTRACTS["meldingen"].field("kind").codes) == set(REPORTABLE)


@pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of this installation")
def test_the_document_and_the_code_have_the_same_events_in_the_same_sentences() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    written = [
        f"| `{rule.code}` | {rule.name} | {rule.comes} | {rule.on_list} | {rule.on_data} | {rule.on_analysis} |"
        for rule in EVENTS
    ]
    assert rows == written


def test_each_event_stands_once_and_each_sentence_ends() -> None:
    assert len(RULES) == len(EVENTS)
    assert all(s.endswith(".") for rule in EVENTS for s in (rule.on_list, rule.on_data, rule.on_analysis))


@pytest.mark.parametrize("rule", EVENTS, ids=lambda rule: rule.code)
def test_the_sentences_say_what_the_effects_do(rule: Any) -> None:
    assert ("taken off" in rule.on_list) == (rule.invitations != "none")
    assert ("no questionnaire" in rule.on_data) == (rule.questionnaires == "stopped")
    assert ("left out after the draw" in rule.on_analysis) == (rule.analysis == "excluded")
    assert ("sensitivity analysis" in rule.on_analysis) == (rule.analysis == "sensitivity")
    assert ("not in the per-protocol analysis" in rule.on_analysis.replace("she is not", "not")) == (
        rule.analysis == "per_protocol_out"
    )


def test_a_loss_or_a_death_stops_every_letter_and_questionnaire() -> None:
    for code in ("zwangerschap_beeindigd", "doodgeboorte", "overlijden", "overlijden_kind"):
        rule = RULES[code]
        assert (rule.questionnaires, rule.hand_over) == ("stopped", "stopped") and rule.invitations != "none"
        assert rule.analysis == "none"  # a loss never takes a woman out of her arm


def test_a_no_is_final_and_moving_is_not() -> None:
    assert RULES["bezwaar"].invitations == RULES["afgewezen"].invitations == "always"
    assert (RULES["verhuizing"].invitations, RULES["verhuizing"].analysis) == ("this_pregnancy", "none")


def test_what_the_deliveries_tell_needs_no_rule_in_the_tables() -> None:
    seen = [rule for rule in EVENTS if rule.comes == "delivery" and rule.code != "unreadable"]
    assert all(
        (rule.invitations, rule.questionnaires, rule.hand_over) == ("none", "asked", "unchanged") for rule in seen
    )


def test_an_unknown_kind_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'verhuizing'"):
        reportable("verhuisd_zing")
    for code in ("unreadable", "tweeling"):
        with pytest.raises(UsageError, match="No report"):
            reportable(code)
