"""The warehouse: encrypted, locked down, all or nothing, and with errors that hold no values."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from smartstart.contracts.odcs import load_contracts
from smartstart.engine import connected, memory_asked
from smartstart.errors import StateError, UsageError
from smartstart.extracts.parquet import _reader
from smartstart.resources import shipped
from smartstart.warehouse import cipher
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


REACHES_OUT = (
    "COPY output TO 'leak.csv'",
    "COPY output FROM '/etc/passwd'",
    "COPY (SELECT 1) TO 'leak.parquet' (FORMAT parquet)",
    "EXPORT DATABASE 'leak'",
    "IMPORT DATABASE 'leak'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_csv('http://127.0.0.1:9/x')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "ATTACH 'other.duckdb'",
    "ATTACH 'other.sqlite' (TYPE sqlite)",
    "INSTALL spatial",
    "FORCE INSTALL httpfs",
    "LOAD spatial",
    "LOAD '/dev/shm/x.duckdb_extension'",
    "CREATE SECRET (TYPE s3, KEY_ID 'x', SECRET 'y')",
)
UNLOCKS = (
    "SET enable_external_access = true",
    "SET GLOBAL enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "RESET lock_configuration",
    "SET allowed_paths = ['/etc/passwd']",
    "SET allowed_directories = ['/']",
    "SET temp_directory = '/tmp'",
    "SET temp_file_encryption = false",
    "SET autoload_known_extensions = true",
    "SET autoinstall_known_extensions = true",
    "SET allow_unsigned_extensions = true",
    "SET allow_community_extensions = true",
    "SET custom_extension_repository = 'http://127.0.0.1:9'",
    "SET extension_directory = '/tmp'",
    "SET secret_directory = '/tmp'",
    "SET log_query_path = 'leak.log'",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA profiling_output = 'leak.json'",
)
CLOSED = {
    "enable_external_access": "false",
    "lock_configuration": "true",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@pytest.mark.parametrize("sql", [*REACHES_OUT, *UNLOCKS])
def test_sql_reaches_no_file_and_cannot_unlock_the_door(
    tmp_path: Path, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        with pytest.raises(StateError) as refusal:
            warehouse.run(sql)
        assert _settings(warehouse._connection) == CLOSED | {"temp_file_encryption": "true"}
    assert "passwd" not in str(refusal.value)
    assert {path.name for path in tmp_path.iterdir()} == {"w.duckdb", "tmp"}


@pytest.mark.parametrize("sql", [*REACHES_OUT, *UNLOCKS])
def test_the_connection_that_reads_an_extract_sees_that_one_file_and_cannot_be_unlocked(
    tmp_path: Path, sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    extract = tmp_path / "personen.csv"
    extract.write_text("a;b\n1;2\n", "utf-8")
    (tmp_path / "wonen.csv").write_text("a\n", "utf-8")
    with _reader(extract) as reader:
        assert _settings(reader) == CLOSED | {"temp_file_encryption": "false"}
        with pytest.raises(duckdb.Error):
            reader.execute(sql.replace("COPY output", "COPY (SELECT 1)")).fetchall()
        with pytest.raises(duckdb.Error):
            reader.execute(f"SELECT * FROM read_text('{tmp_path}/wonen.csv')").fetchall()
        assert reader.execute(f"SELECT content FROM read_blob('{extract}')").fetchall() == [(b"a;b\n1;2\n",)]
        assert reader.execute("SELECT count(*) FROM duckdb_databases() WHERE NOT internal").fetchall() == [(1,)]
        assert _settings(reader) == CLOSED | {"temp_file_encryption": "false"}
    assert {path.name for path in tmp_path.iterdir()} == {"personen.csv", "wonen.csv"}


@pytest.mark.skipif(
    not hasattr(cipher, "cipher_extension"), reason="the tests' own cipher stands in: nothing that is signed is loaded"
)
def test_an_extension_that_is_not_as_it_was_signed_is_never_loaded(
    as_users_open_it: Callable[[], duckdb.DuckDBPyConnection], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = bytearray(cipher.cipher_extension().read_bytes())
    changed[len(changed) // 2] ^= 1
    other = tmp_path / "httpfs.duckdb_extension"
    other.write_bytes(changed)
    with as_users_open_it() as opened:
        assert opened.execute("SELECT current_setting('allow_unsigned_extensions')").fetchone() == (False,)
    monkeypatch.setattr(cipher, "cipher_extension", lambda: other)
    with pytest.raises(StateError, match=r"install again from requirements\.lock"):
        as_users_open_it()


@pytest.mark.parametrize(
    ("variable", "amount", "setting", "found"),
    [("SMARTSTART_MEMORY", "100MB", "memory_limit", "95.3 MiB"), ("SMARTSTART_THREADS", "3", "threads", 3)],
)
def test_the_environment_says_how_much_of_the_machine_is_taken(
    variable: str, amount: str, setting: str, found: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, amount)
    with connected() as opened:
        assert opened.execute(f"SELECT current_setting('{setting}')").fetchone() == (found,)


@pytest.mark.parametrize(
    ("told", "megabytes"), [("", None), ("100MB", 95), ("2GiB", 2048), ("1.5 GB", 1430), ("1TiB", 2**20)]
)
def test_the_memory_that_was_asked_for_is_known_in_megabytes(
    monkeypatch: pytest.MonkeyPatch, told: str, megabytes: int | None
) -> None:
    monkeypatch.setenv("SMARTSTART_MEMORY", told)
    assert memory_asked() == megabytes


@pytest.mark.parametrize("variable", ["SMARTSTART_MEMORY", "SMARTSTART_THREADS"])
@pytest.mark.parametrize("amount", ["much", "-1", "0", "2 GB; SELECT", "1e9", "٣"])
def test_an_amount_that_is_none_is_refused_by_the_name_of_its_variable(
    variable: str, amount: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, amount)
    with pytest.raises(UsageError, match=variable):
        connected()


def _settings(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    wanted = (*CLOSED, "temp_file_encryption")
    rows = connection.execute(
        "SELECT name, value FROM duckdb_settings() WHERE list_contains($names, name)", {"names": list(wanted)}
    ).fetchall()
    return {str(name): str(value) for name, value in rows}


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


def test_a_fault_in_rows_that_are_handed_out_in_turn_names_no_value(tmp_path: Path) -> None:
    words = "SELECT CAST(if(i > 300000, 'CANARY990', '1') AS INTEGER) AS i FROM range(400000) AS t(i)"
    with open_warehouse(tmp_path / "w.duckdb", KEY, CONTRACTS) as warehouse:
        with pytest.raises(StateError) as refusal:
            list(warehouse.batches(words, 1_000))
        assert "CANARY990" not in str(refusal.value) and refusal.value.__suppress_context__
        with pytest.raises(StateError) as refusal:
            warehouse.frame(words)
        assert "CANARY990" not in str(refusal.value) and refusal.value.__suppress_context__


def test_a_damaged_file_is_not_taken_for_one_that_others_work_in(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with open_warehouse(path, KEY, CONTRACTS):
        pass
    content = bytearray(path.read_bytes())
    content[150] ^= 1
    path.write_bytes(content)
    with pytest.raises(StateError, match="cannot be opened"), open_warehouse(path, KEY, CONTRACTS):
        pass


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
