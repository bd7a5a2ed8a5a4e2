"""Open the warehouse, migrate it, run SQL in it: encrypted, locked down, and with errors that hold no values."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from smartstart.crash_points import reached
from smartstart.engine import connected, lock_down
from smartstart.errors import StateError
from smartstart.outputs import PARTIAL, PRIVATE_FILE, flush_folder, make_folder
from smartstart.warehouse.cipher import load_cipher

if TYPE_CHECKING:
    import duckdb
    import polars as pl
    import pyarrow as pa

    from smartstart.contracts.odcs import Contract, Field

_STORED_TYPES = {
    "integer": "INTEGER", "decimal": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "incomplete_date": "DATE",
    "consent_date": "DATE",
}  # fmt: skip


T = TypeVar("T")
_IS_NEWER = re.compile("newer version of DuckDB|storage version of an existing database cannot be lowered")
_STORED_AS = "v1.5.0"  # also by a later DuckDB, so that who tried that one can go back
_PAGE = 4_096
_HEADS = 3 * _PAGE  # one of the file and two of the database


class WrongKey(StateError):
    """The key is not that of the file."""


@dataclass(frozen=True)
class Rebuilt:
    """A file made anew: its tables, their rows, and the bytes that were searched for what the old one held."""

    tables: int
    rows: int
    searched_bytes: int


class Warehouse:
    """An open warehouse; SQL is text from this package, values are bound, identifiers come from contracts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> None:
        """Run one statement. Raises StateError without a value in it."""
        self._execute(sql, values)

    def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a query and return its rows as dictionaries."""
        cursor = self._execute(sql, values)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def frame(self, sql: str, values: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Run a query and return its rows as a frame."""
        import polars as pl

        return pl.DataFrame(pl.from_arrow(_told(self._asked(sql, values).to_arrow_table)))

    def batches(self, sql: str, rows: int) -> Iterator[pl.DataFrame]:
        """Run a query and yield its rows, ``rows`` at a time, at least one frame; run nothing else before the last."""
        import polars as pl

        asked = self._asked(sql)
        reader = _told(lambda: asked.to_arrow_reader(rows))
        batch = _told(lambda: next(reader, reader.schema.empty_table()), OSError)  # so Arrow tells a fault of DuckDB's
        while batch is not None:
            yield pl.DataFrame(pl.from_arrow(batch))
            batch = _told(lambda: next(reader, None), OSError)

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        """Append a frame to a table, columns matched by name."""
        self.insert_parts(table, [frame])

    def insert_parts(self, table: str, frames: Iterable[pl.DataFrame]) -> None:
        """Append frames of one form to a table, columns matched by name.

        They are asked for one by one, and go in one statement: what a statement reads is kept until the transaction
        ends. What goes wrong while a frame is made is raised as it is.
        """
        import pyarrow as pa

        parts = (_as_arrow(frame) for frame in frames if not frame.is_empty())
        if (first := next(parts, None)) is None:
            return
        columns, schema = ", ".join(f'"{name}"' for name in first.column_names), first.schema
        faults: list[BaseException] = []

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for part in chain([first], parts):
                    yield from part.select(schema.names).to_batches()
            except GeneratorExit:  # DuckDB wants no more: the fault is its own
                raise
            except BaseException as fault:  # DuckDB would tell of it as a fault of its own
                faults.append(fault)
                raise

        try:
            with self._incoming(pa.RecordBatchReader.from_batches(schema, batches())):
                self._execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming")
        except StateError:
            if faults:
                raise faults[0] from None
            raise

    def replace(self, table: str, frame: pl.DataFrame) -> None:
        """Make a table anew from a frame."""
        with self._incoming(_as_arrow(frame)):
            self._execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM incoming")

    def insert_rows(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append dictionaries, all with the same keys, to a table, columns matched by name."""
        import polars as pl

        self.insert(table, pl.DataFrame([dict(row) for row in rows], infer_schema_length=None))

    @contextmanager
    def _incoming(self, rows: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        import duckdb

        self._connection.register("incoming", rows)
        try:
            yield
        finally:
            with suppress(duckdb.Error):  # of a transaction that failed nothing can be taken away; the next replaces it
                self._connection.unregister("incoming")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything within happens together or not at all."""
        self._execute("BEGIN")
        try:
            yield
            reached("warehouse_before_commit")
            self._execute("COMMIT")
            reached("warehouse_committed")
        except BaseException:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        import duckdb

        try:
            self._connection.execute("ROLLBACK")
        except duckdb.Error:
            return  # after a failed COMMIT there is nothing left to roll back; the first error is the one to tell

    def _asked(self, sql: str, values: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyRelation:
        """Ask for rows as Arrow: without values DuckDB hands them out as they come, with values it holds them first."""
        return _told(lambda: self._connection.sql(sql, params=dict(values) if values else None))

    def _execute(self, sql: str, values: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
        return _told(lambda: self._connection.execute(sql, dict(values) if values else None))


def _as_arrow(frame: pl.DataFrame) -> pa.Table:
    """Return a frame as an Arrow table whose texts are views, as they are in the frame: DuckDB reads them uncopied."""
    import polars as pl

    return frame.to_arrow(compat_level=pl.CompatLevel.newest())


def _told(step: Callable[[], T], *kinds: type[Exception]) -> T:
    """Take a step. Raises StateError without what DuckDB, or one of ``kinds``, says of it, which may quote a value."""
    import duckdb

    faults: tuple[type[Exception], ...] = (duckdb.Error, *kinds)
    try:
        return step()
    except faults as fault:
        kind = type(fault).__name__.removesuffix("Exception")
        raise StateError(f"The warehouse refused a step ({kind}): run 'smartstart doctor', then try again.") from None


@contextmanager
def open_warehouse(path: Path, key: bytes, contracts: Mapping[str, Contract]) -> Iterator[Warehouse]:
    """Open the encrypted warehouse at ``path``, make what it lacks, and close it afterwards.

    The order matters: load the cipher, attach with the key, then close the door (no file access from SQL, no
    extension fetched, spilled data encrypted) and lock it.
    """
    connection = _engine()
    try:
        connection.execute("SET temp_directory = $folder", {"folder": str(make_folder(path.parent / "tmp"))})
        _attach(connection, path, key)
        connection.execute("SET temp_file_encryption = true")
        lock_down(connection)
        warehouse = Warehouse(connection)
        _migrate(warehouse, contracts)
        yield warehouse
    finally:
        connection.close()


def opens(path: Path, key: bytes) -> bool:
    """Tell whether a key opens the warehouse. Raises StateError when another command is at work in it."""
    connection = _engine()
    try:
        _attach(connection, path, key)
    except WrongKey:
        return False
    finally:
        connection.close()
    return True


def rebuild(path: Path, key: bytes, new_key: bytes | None = None) -> Rebuilt:
    """Make the file of the warehouse anew from its living rows, so that no byte of a deleted row stays in it.

    With ``new_key`` it is sealed under that one from then on.

    The new file replaces the old one while that is still locked. Every page is sealed anew; afterwards the bytes are
    searched: no page of the old file may stand in the new one. Raises StateError, and leaves the old file, when the
    tables of both differ or an old page is found.
    """
    import duckdb

    fresh = path.with_name(f"{PARTIAL}{path.name}")
    fresh.unlink(missing_ok=True)
    connection = _engine()
    try:
        connection.execute("SET temp_directory = $folder", {"folder": str(make_folder(path.parent / "tmp"))})
        connection.execute("SET temp_file_encryption = true")
        _attach(connection, path, key)
        try:
            connection.execute("CHECKPOINT warehouse")
            connection.execute(
                f"ATTACH '{str(fresh).replace(chr(39), chr(39) * 2)}' AS fresh "
                f"(ENCRYPTION_KEY '{(new_key or key).hex()}', STORAGE_VERSION '{_STORED_AS}')"
            )
            fresh.chmod(PRIVATE_FILE)
            connection.execute("COPY FROM DATABASE warehouse TO fresh")
            tables = _counted(connection, "warehouse")
            same = tables == _counted(connection, "fresh")
            connection.execute("DETACH fresh")
        except duckdb.Error as fault:
            kind = type(fault).__name__.removesuffix("Exception")
            raise StateError(f"The warehouse could not be made anew ({kind}): make room, then try again.") from None
        old = set(_pages(path))
        left = any(page in old for page in _pages(fresh))
        if not same or left:
            raise StateError("The warehouse was not made anew as it should be: nothing was replaced; try again.")
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        reached("warehouse_copied")
        fresh.replace(path)
        reached("warehouse_replaced")
        flush_folder(path.parent)
        return Rebuilt(len(tables), sum(tables.values()), path.stat().st_size)
    finally:
        connection.close()
        fresh.unlink(missing_ok=True)


def _engine() -> duckdb.DuckDBPyConnection:
    """Return a database that can write encrypted files. Raises StateError when its cipher is not as was signed."""
    connection = connected()
    try:
        load_cipher(connection)
    except StateError:
        connection.close()
        raise
    return connection


def _counted(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    names = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = $name ORDER BY ALL",
        {"name": database},
    ).fetchall()
    found = {}
    for schema, table in names:
        row = connection.execute(f'SELECT count(*) FROM "{database}"."{schema}"."{table}"').fetchone()
        found[f"{schema}.{table}"] = int(row[0]) if row else 0
    return found


def _pages(path: Path) -> Iterator[bytes]:
    """Yield a short hash of each page of a file but its heads, which are alike in every file of this kind."""
    with path.open("rb") as opened:
        opened.seek(_HEADS)
        while page := opened.read(_PAGE):
            if len(page) == _PAGE and any(page):
                yield hashlib.blake2b(page, digest_size=16).digest()


def migrations() -> list[tuple[int, str, str]]:
    """Return (number, table, SQL) of every migration, in order; a file's name is its number and its table."""
    found = []
    for entry in files("smartstart.warehouse").joinpath("migrations").iterdir():
        number, _, table = entry.name.removesuffix(".sql").partition("_")
        found.append((int(number), table, entry.read_text(encoding="utf-8")))
    return sorted(found)


def intake_table(contract: Contract) -> str:
    """Return the table that a contract's accepted rows live in."""
    return f"intake.{contract.name}"


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, key: bytes) -> None:
    import duckdb

    place = str(path).replace("'", "''")
    try:
        connection.execute(
            f"ATTACH '{place}' AS warehouse (ENCRYPTION_KEY '{key.hex()}', STORAGE_VERSION '{_STORED_AS}')"
        )
    except duckdb.Error as fault:
        holder = re.search(r"PID (\d+)", str(fault))
        if "could not set lock" in str(fault).lower():
            who = f" (process {holder.group(1)})" if holder else ""
            raise StateError(
                f"Another smartstart command{who} is working in this workspace: wait until it has finished."
            ) from None
        if "encryption key" in str(fault).lower():
            raise WrongKey(
                f"The warehouse key does not open '{path.name}': restore the key of this workspace."
            ) from None
        if _IS_NEWER.search(str(fault)):
            raise StateError(
                f"'{path.name}' was written by a newer DuckDB: install the smartstart that has it."
            ) from None
        if path.exists() and not os.access(path, os.W_OK):
            raise StateError(f"'{path}' may not be written: mend the permissions of the workspace.") from None
        raise StateError(f"'{path.name}' cannot be opened: restore the workspace from its backup.") from None
    path.chmod(PRIVATE_FILE)
    connection.execute("USE warehouse")


def _migrate(warehouse: Warehouse, contracts: Mapping[str, Contract]) -> None:
    warehouse.run("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)")
    done = {row["number"] for row in warehouse.rows("SELECT number FROM migration")}
    steps = migrations()
    if done - {number for number, _, _ in steps}:
        raise StateError("This workspace was made by a newer smartstart: install that version.")
    if len(done) < len(steps):
        with warehouse.transaction():
            for number, _, sql in steps:
                if number not in done:
                    warehouse.run(sql)
                    warehouse.run("INSERT INTO migration VALUES ($number)", {"number": number})
            warehouse.run("CREATE SCHEMA IF NOT EXISTS intake")
            warehouse.run("CREATE SCHEMA IF NOT EXISTS register")
    known = {
        (row["table_name"], row["column_name"])
        for row in warehouse.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'intake'")
    }
    with warehouse.transaction():
        for contract in contracts.values():
            columns = {name: f for f in contract.fields for name in f.stored_names}
            lacking = {name: f for name, f in columns.items() if (contract.name, name) not in known}
            if contract.incoming and lacking:
                _make_intake_table(warehouse, intake_table(contract), lacking, there=len(lacking) < len(columns))


def _make_intake_table(warehouse: Warehouse, table: str, lacking: Mapping[str, Field], *, there: bool) -> None:
    """Make the table of a contract with all its columns, or add those that a newer contract has."""
    typed = {name: f'"{name}" {_STORED_TYPES.get(f.kind, "VARCHAR")}' for name, f in lacking.items()}
    if there:
        for column in typed.values():
            warehouse.run(f"ALTER TABLE {table} ADD COLUMN {column}")
    else:
        standing = "delivery_id VARCHAR NOT NULL, file_row INTEGER NOT NULL"
        warehouse.run(f"CREATE TABLE {table} ({', '.join([standing, *typed.values()])})")
    for name, f in lacking.items():
        comment = f.description.replace("'", "''")
        warehouse.run(f"COMMENT ON COLUMN {table}.\"{name}\" IS '{comment}'")
