"""A delivery that is read in parts leaves what one leaves that is held in memory; what goes wrong meanwhile is told."""

from __future__ import annotations

import errno
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from harness import copied, quarterly, same_secrets, smartstart

from smartstart.intake.waiting import WaitingRows
from smartstart.warehouse.warehouse import Warehouse, open_warehouse
from smartstart.workspace import find_workspace

KEPT = ("intake", "register")


def in_parts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("smartstart.extracts.limits.HELD_BYTES", 0)
    patch.setattr("smartstart.extracts.limits.PART_BYTES", 400)


def everything(folder: Path) -> dict[str, Any]:
    """Return every table of the warehouse, and all contact data of the vault."""
    with find_workspace(folder).open() as (warehouse, vault):
        names = warehouse.rows(
            "SELECT schema_name || '.' || table_name AS name FROM duckdb_tables() WHERE database_name = 'warehouse'"
        )
        tables = {
            row["name"]: sorted(map(str, warehouse.rows(f"FROM {row['name']}")))
            for row in names
            if row["name"].split(".")[0] in KEPT or row["name"].split(".")[1] in {"answer", "quarantine", "refusal"}
        }
        people = {row["person_id"] for row in warehouse.rows("SELECT person_id FROM intake.person")}
        return tables | {"contacts": {one: vault.contacts(one) for one in sorted(people)}}


def test_a_quarter_that_is_read_in_parts_leaves_the_same_as_one_that_is_held(
    made_empty: Path, demo_played: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = tmp_path / "delivery"
    shutil.copytree(demo_played.folder / "extracts" / "quarters" / "2024Q1", delivery)
    with (delivery / "personen.csv").open("a", encoding="utf-8") as persons:
        persons.write("1;2\n")
    assert b"\xe9" in (delivery / "personen.csv").read_bytes()  # Windows-1252
    for name, encoding in (("kinderen", "utf-16"), ("wonen", "utf-8-sig")):
        text = (delivery / f"{name}.csv").read_text("utf-8")
        (delivery / f"{name}.csv").write_text(text, encoding)
    left = []
    for name in ("held", "parts"):
        workspace = copied(made_empty, tmp_path / name)
        if name == "parts":
            in_parts(monkeypatch)
        with same_secrets("large files"):
            done = quarterly(workspace, delivery)
        assert done.code == 0, done.err
        left.append(everything(workspace))
    assert all(left[0][f"main.{table}"] for table in ("answer", "quarantine", "refusal"))
    assert any(left[0]["contacts"].values())
    assert left[0] == left[1]


def test_a_full_disk_for_waiting_rows_is_told_with_its_folder_and_nothing_is_loaded(
    empty: Path, first_quarter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(monkeypatch)

    class Full(WaitingRows):
        def __init__(self) -> None:
            super().__init__()
            self._file = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115

    monkeypatch.setattr("smartstart.intake.sorting.WaitingRows", Full)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "the-folder")
    done = quarterly(empty, first_quarter)
    assert done.code == 5 and "the-folder" in done.err and "make room" in done.err
    assert everything(empty)["intake.person"] == []


def test_what_goes_wrong_while_rows_are_stored_in_parts_is_raised_as_it_is(tmp_path: Path) -> None:
    def parts(fault: BaseException) -> Any:
        yield pl.DataFrame({"a": [1], "b": ["x"]})
        raise fault

    with open_warehouse(tmp_path / "w.duckdb", bytes(32), {}) as warehouse:
        warehouse.run("CREATE TABLE told (a INTEGER, b VARCHAR)")
        for fault in (OSError(errno.ENOSPC, "full"), KeyboardInterrupt()):
            with pytest.raises(type(fault)), warehouse.transaction():
                warehouse.insert_parts("told", parts(fault))
        assert stored(warehouse) == []
        warehouse.insert_parts(
            "told", iter([pl.DataFrame({"a": [1], "b": ["x"]}), pl.DataFrame({"b": ["y"], "a": [2]})])
        )
        assert stored(warehouse) == [(1, "x"), (2, "y")]


def stored(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.frame("FROM told ORDER BY a").rows()


def test_a_check_tells_of_other_folders_when_a_large_file_of_one_cannot_be_read_to_its_end(
    first_quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts(monkeypatch)
    monkeypatch.setattr("smartstart.extracts.limits.MOST_ROWS", 10)
    (tmp_path / "many").mkdir()
    lines = (first_quarter / "personen.csv").read_text("utf-8").splitlines()
    (tmp_path / "many" / "personen.csv").write_text("\n".join([lines[0], *[lines[1]] * 11, ""]), "utf-8")
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "personen.csv").write_text("\n".join([*lines[:3], ""]), "utf-8")
    done = smartstart("check", tmp_path / "many", tmp_path / "few", "--as-of", date(2024, 4, 2), "--json")
    assert done.code == 3 and "more than 10 rows" in done.text
    assert [file["rows_in"] for file in done.json["files"]] == [2]
