"""The entry in the Algoritmeregister: what is known is filled in, the rest is named, and the standard's rules hold."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from harness import ok
from openpyxl import load_workbook

from smartstart.publishing.register_entry import breaches, entry_of, standard
from smartstart.workspace import Workspace, find_workspace

HAND_WRITTEN = {"website", "url", "proportionality", "risks", "process_index_url", "source_data_grouping"}


def filled(workspace: Path) -> dict[str, object]:
    return dict(entry_of(find_workspace(workspace)).fields)


def test_the_entry_has_every_field_of_the_standard_and_names_what_a_person_writes(empty: Path, tmp_path: Path) -> None:
    made = ok("register-entry", "--out", tmp_path, "--json", w=empty).json
    assert list(made["fields"]) == [field.name for field in standard().fields]
    assert set(made["to_write"]) >= HAND_WRITTEN and made["breaches"] == []
    for name in ("name", "description_short", "organization", "goal", "human_intervention", "methods_and_models"):
        assert made["fields"][name]
    assert "personen" in made["fields"]["source_data"]
    book = load_workbook(tmp_path / "algoritmeregister.xlsx").active
    rows = {row[0].value: row for row in book.iter_rows(min_row=2)}
    assert rows["risks"][4].value == "een mens schrijft dit" and rows["name"][3].value == 100
    assert json.loads((tmp_path / "algoritmeregister.json").read_text("utf-8")) == made["fields"]
    shown = ok("register-entry", w=empty).out
    assert "to be written" in shown and max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("score", "category"), [("none", "Overige algoritmes"), ("factor_count", "Impactvolle algoritmes")]
)
def test_what_it_is_called_follows_from_what_is_scored(empty: Path, score: str, category: str) -> None:
    found = find_workspace(empty)
    programme = found.programme
    if score == "none":
        programme = replace(programme, score=None, trial=replace(programme.trial, strata={}))
    with mock.patch.object(Workspace, "programme", new_callable=mock.PropertyMock, return_value=programme):
        fields = entry_of(found).fields
    assert fields["publication_category"] == category and len(fields["description_short"]) <= 350
    assert ("kenmerken" in fields["name"]) == (score == "factor_count")


def test_a_rehearsal_is_in_development_and_the_mandate_is_told_when_it_is_there(empty: Path) -> None:
    assert filled(empty)["status"] == "In ontwikkeling" and filled(empty)["lawful_basis"] == ""
    path = empty / "programme.yaml"
    path.write_text(
        path.read_text("utf-8").replace('legal_ground: ""', 'legal_ground: "Jeugdwet art. 2.1 [A]"'), "utf-8"
    )
    assert "Jeugdwet art. 2.1" in str(filled(empty)["lawful_basis"])


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("description_short", "x" * 351, "351 characters, at most 350"),
        ("status", "Gestopt", "must be one of"),
        ("begin_date", "maart 2027", "must be a month"),
        ("goal", "<script>x</script>", "refuses (script)"),
        ("name", "", "must be filled in"),
        ("lawful_basis_grouping", [{"title": "AVG"}], "link: must be filled in"),
    ],
)
def test_what_breaks_the_standard_is_said_without_the_text(empty: Path, field: str, text: object, says: str) -> None:
    found = breaches(filled(empty) | {field: text}, standard())
    assert len(found) == 1 and says in found[0] and found[0].startswith(field) and "xxx" not in found[0]
