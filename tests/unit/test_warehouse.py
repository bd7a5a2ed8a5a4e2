"""The warehouse: encrypted, locked down, all or nothing, and with errors that hold no values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from smartstart.contracts.odcs import load_contracts
from smartstart.errors import StateError
from smartstart.resources import shipped
from smartstart.warehouse.warehouse import migrations, open_warehouse

CONTRACTS = load_contracts(shipped("data_contracts"))
KEY = bytes(range(32))


def test_nothing_stands_in_the_file_in_plain(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        warehouse.insert_rows("output", [{"path": "CANARY990", "sha256": "x"}])
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"CANARY990" not in path.read_bytes()
    assert (tmp_path / "w.duckdb").stat().st_mode & 0o777 == 0o600


def test_another_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS):
        pass
    wrong = bytes(range(1, 33))
    with (
        pytest.raises(StateError, match="does not open") as refusal,
        open_warehouse(tmp_path / "w.duckdb", wrong, CONTRACTS),
    ):
        pass
    assert wrong.hex() not in str(refusal.value)


@pytest.mark.parametrize(
    "sql",
    [
        "COPY output TO 'leak.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "ATTACH 'other.duckdb'",
        "INSTALL spatial",
        "SET enable_external_access = true",
    ],
)
def test_sql_reaches_no_file_and_cannot_unlock_the_door(tmp_path: Path, sql: str) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse, pytest.raises(StateError):
        warehouse.run(sql)


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        with pytest.raises(ZeroDivisionError), warehouse.transaction():
            warehouse.insert_rows("output", [{"path": "a", "sha256": "b"}])
            raise ZeroDivisionError
        assert warehouse.rows("FROM output") == []


def test_an_error_names_its_kind_and_no_value(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        warehouse.insert_rows("output", [{"path": "CANARY990", "sha256": "b"}])
        with pytest.raises(StateError) as refusal:
            warehouse.insert_rows("output", [{"path": "CANARY990", "sha256": "b"}])
    assert "CANARY990" not in str(refusal.value) and refusal.value.__cause__ is None


def test_frames_are_stored_by_column_name(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        warehouse.insert("output", pl.DataFrame({"sha256": ["s"], "path": ["p"]}))
        assert warehouse.rows("SELECT path, sha256 FROM output") == [{"path": "p", "sha256": "s"}]


def test_a_second_process_is_told_to_wait_in_one_sentence(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from smartstart.warehouse.warehouse import open_warehouse\n"
        "with open_warehouse(Path(sys.argv[1]), bytes(range(32)), {}): pass"
    )
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS):
        other = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "w.duckdb")], capture_output=True, text=True, check=False
        )
    last = other.stderr.strip().splitlines()[-1]
    assert "is working in this workspace: wait until it has finished" in last


def test_migrations_are_numbered_without_gaps_and_make_or_change_the_table_they_are_named_for() -> None:
    steps = migrations()
    assert [number for number, _, _ in steps] == list(range(1, len(steps) + 1))
    for _, table, sql in steps:
        made = sql.count("CREATE TABLE") == 1 and f"CREATE TABLE {table} (" in sql
        assert made or f"ALTER TABLE {table} " in sql


def test_a_workspace_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        warehouse.insert_rows("migration", [{"number": 999}])
    with pytest.raises(StateError, match="newer"), open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS):
        pass


def test_no_name_address_or_bsn_has_a_column(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        columns = {row["column_name"] for row in warehouse.rows("SELECT column_name FROM duckdb_columns()")}
        comments = warehouse.rows(
            "SELECT comment FROM duckdb_columns() WHERE schema_name = 'intake' AND column_name = 'due_date'"
        )
    forbidden = {name for contract in CONTRACTS.values() for name in contract.contact_fields if contract.incoming}
    assert {"surname", "street", "client_number"} <= forbidden
    assert not columns & forbidden
    assert comments == [{"comment": "Due date (40 weeks)."}]
