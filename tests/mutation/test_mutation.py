"""The tests bite: what `make mutation` found is complete, high enough, and every survivor has its reason."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src" / "smartstart"
RESULTS: dict[str, Any] = json.loads((HERE / "results.json").read_text("utf-8"))
TABLE: dict[str, Any] = yaml.safe_load((HERE / "areas.yaml").read_text("utf-8"))
WITHOUT: list[str] = TABLE.pop("without")
SURVIVORS: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "survivors.yaml").read_text("utf-8"))
LEAST = 0.9
MODULES = {name: files for part in TABLE.values() for name, files in part.items()}


def caught(names: Iterable[str]) -> float:
    rows = [RESULTS[name] for name in names]
    return sum(row["killed"] + row["timed_out"] for row in rows) / sum(row["mutants"] for row in rows)


def test_every_module_of_the_table_was_mutated() -> None:
    assert list(RESULTS) == list(MODULES)
    for name, row in RESULTS.items():
        assert (SOURCE / name).is_file() and row["mutants"] > 0
        assert row["mutants"] == row["killed"] + row["timed_out"] + row["survived"]
        assert len(row["survivors"]) == len(set(row["survivors"])) == row["survived"]


@pytest.mark.parametrize("area", TABLE)
def test_nine_of_ten_faults_in_an_area_make_a_test_fail(area: str) -> None:
    assert caught(TABLE[area]) >= LEAST


@pytest.mark.parametrize("name", MODULES)
def test_nine_of_ten_faults_in_each_module_make_a_test_fail(name: str) -> None:
    assert caught([name]) >= LEAST


@pytest.mark.parametrize("name", MODULES)
def test_every_fault_that_no_test_notices_has_a_reason(name: str) -> None:
    parts = SURVIVORS.get(name, [])
    explained = [key for part in parts for key in part["mutants"]]
    assert sorted(explained) == sorted(RESULTS[name]["survivors"])
    assert all(part["why"].endswith(".") and len(part["why"].split()) > 3 for part in parts)


@pytest.mark.parametrize("name", MODULES)
def test_every_branch_of_these_modules_is_taken_by_a_test(name: str) -> None:
    assert RESULTS[name]["branch_coverage"]["missing"] == []


def test_the_tests_that_hold_a_module_are_there() -> None:
    tests = [path.read_text("utf-8") for path in HERE.parent.rglob("test_*.py")]
    assert all((HERE.parent / file).is_file() for files in MODULES.values() for file in files)
    assert all(any(f"def {name}(" in text for text in tests) for name in WITHOUT)
