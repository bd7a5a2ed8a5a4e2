"""What a municipality proves: every item of the guideline, known where it is known, else open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from harness import bsn, is_one_sentence, ok, smartstart
from openpyxl import load_workbook

from smartstart.contracts.odcs import load_contracts
from smartstart.publishing.dpia_annex import PEOPLE_WRITE, SAFEGUARDS
from smartstart.resources import shipped

CONSORT = [
    "1a",
    "1b",
    "2",
    "3",
    "4",
    "5a",
    "5b",
    "6",
    "7",
    "8",
    "9",
    "10",
    "11",
    "12a",
    "12b",
    "13",
    "14",
    "15",
    "16a",
    "16b",
    "17a",
    "17b",
    "18",
    "19",
    "20a",
    "20b",
    "21a",
    "21b",
    "21c",
    "21d",
    "22a",
    "22b",
    "23a",
    "23b",
    "24a",
    "24b",
    "25",
    "26",
    "27",
    "28",
    "29",
    "30",
]
PEOPLE_ALONE = {"1b", "5a", "5b", "6", "8", "12b", "24a", "24b", "29"}


def items(found: dict[str, object]) -> dict[str, dict[str, str]]:
    listed = found["items"]
    assert isinstance(listed, list)
    return {one["item"]: one for one in listed}


def change(workspace: Path, section: str, **values: object) -> None:
    path = workspace / "programme.yaml"
    stated = yaml.safe_load(path.read_text("utf-8"))
    stated[section] |= values
    path.write_text(yaml.safe_dump(stated, allow_unicode=True), "utf-8")


def test_consort_has_its_thirty_items_and_leaves_to_people_what_only_they_know(loaded: Path, tmp_path: Path) -> None:
    found = ok("checklist", "consort", "--out", tmp_path, "--json", w=loaded).json
    by_item = items(found)
    assert list(by_item) == CONSORT
    assert all(by_item[item]["state"] == "open" and not by_item[item]["answer"] for item in PEOPLE_ALONE)
    assert all(one["answer"] for one in by_item.values() if one["state"] == "known")
    assert sum(found["counts"].values()) == len(CONSORT)
    book = load_workbook(tmp_path / "consort-2025.xlsx").worksheets[0]
    rows = list(book.iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[4] or "") for row in rows] == [(item, one["answer"]) for item, one in by_item.items()]
    page = (tmp_path / "consort-2025.html").read_text("utf-8")
    assert 'lang="en"' in page and "<script" not in page and page.count("<tr>") == len(CONSORT) + 1
    assert json.loads((tmp_path / "consort-2025.json").read_text("utf-8"))["items"] == found["items"]
    shown = ok("checklist", "consort", w=loaded).out
    assert max(map(len, shown.splitlines())) <= 80


def test_consort_tells_the_design_that_the_programme_states_and_no_result_while_the_trial_is_blind(
    loaded: Path,
) -> None:
    change(loaded, "eligibility", max_age=25, max_age_inclusive=False)
    change(loaded, "monitoring", harm_alpha=0.04)
    change(loaded, "mandate", trial_registration="NL-OMON99999")
    by_item = items(ok("checklist", "consort", "--json", w=loaded).json)
    assert "younger than 25" in by_item["12a"]["answer"] and "0.04" in by_item["15"]["answer"]
    assert "NL-OMON99999" in by_item["2"]["answer"] and "4, 6, 8" in by_item["17b"]["answer"]
    assert {by_item[item]["state"] for item in ("26", "27", "28")} == {"open"}
    assert by_item["3"]["state"] == "open" and "locked" not in by_item["3"]["answer"]
    ok("trial", "lock-plan", "--owner", "onderzoeker", "--reason", "made up", w=loaded)
    assert "locked on" in items(ok("checklist", "consort", "--json", w=loaded).json)["3"]["answer"]


def test_the_dpia_annex_has_every_source_every_recipient_and_what_people_weigh(empty: Path, tmp_path: Path) -> None:
    found = ok("dpia-annex", "--out", tmp_path, "--json", w=empty).json
    contracts = load_contracts(shipped("data_contracts")).values()
    by_part: dict[str, list[dict[str, str]]] = {}
    for one in found["items"]:
        by_part.setdefault(one["item"][0], []).append(one)
    assert {one["topic"] for one in by_part["2"]} == {c.file for c in contracts if c.incoming}
    assert {one["topic"] for one in by_part["3"]} == {c.file for c in contracts if c.recipient}
    for one in by_part["2"]:
        contract = next(c for c in contracts if c.file == one["topic"])
        assert all(f.header in one["answer"] for f in contract.fields) and contract.aim in one["answer"]
    assert len(by_part["5"]) == len(SAFEGUARDS) + 2 and len(by_part["6"]) == len(PEOPLE_WRITE)
    assert {one["state"] for one in by_part["6"]} == {"open"}
    assert any("90 dagen" in one["answer"] for one in by_part["4"])
    assert 'lang="nl"' in (tmp_path / "dpia-bijlage.html").read_text("utf-8")
    mandate = by_part["1"][0]
    assert mandate["state"] == "open"
    change(empty, "mandate", legal_ground="Jeugdwet, een verzonnen besluit")
    again = items(ok("dpia-annex", "--json", w=empty).json)[mandate["item"]]
    assert (again["state"], again["answer"]) == ("known", "Jeugdwet, een verzonnen besluit")


def test_no_list_names_anybody(loaded: Path) -> None:
    for command in (("checklist", "consort"), ("dpia-annex",)):
        said = ok(*command, "--json", w=loaded).out
        assert not any(bsn(nth) in said for nth in range(1, 25)) and "Proefstra" not in said


@pytest.mark.parametrize(("name", "code"), [("consrt", 2), ("tripod", 5)])
def test_an_unknown_checklist_and_one_without_its_model_are_refused(empty: Path, name: str, code: int) -> None:
    assert is_one_sentence(smartstart("checklist", name, w=empty), code)
