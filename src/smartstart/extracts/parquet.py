"""Parquet as text, read on a DuckDB connection of its own, which has no key and sees that one file and nothing else.

Its configuration is locked: a hostile file meets nothing that it could take.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from smartstart.engine import connected, lock_down
from smartstart.errors import DataRefused
from smartstart.extracts import limits
from smartstart.extracts.delimited import Records, StructuralFault

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def read_parquet(path: Path) -> Records:
    """Return all records of a Parquet file as text. Raises DataRefused for what is none, or too large."""
    with _opened(path) as (reader, _, _):
        return _at_once(reader, path)


def held_parquet(path: Path) -> Records | None:
    """Return what ``read_parquet`` does, or None for a file too large to be held. Raises DataRefused as it does."""
    with _opened(path) as (reader, _, text):
        return _at_once(reader, path) if text <= limits.HELD_BYTES else None


def parquet_parts(path: Path) -> Iterator[Records]:
    """Yield the records of a large Parquet file as text, in parts. Raises DataRefused as ``read_parquet`` does."""
    import pyarrow

    row = 1
    with _opened(path) as (reader, rows, text):
        at_once = max(rows * limits.PART_BYTES // max(text, 1), 1)
        for batch in _as_text(reader, path).to_arrow_reader(at_once):
            records = _of_arrow(pyarrow.Table.from_batches([batch]), row)
            yield records
            row += records.rows_in


def _at_once(reader: duckdb.DuckDBPyConnection, path: Path) -> Records:
    return _of_arrow(_as_text(reader, path).to_arrow_table(), 1)


def _as_text(reader: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    """Ask for all values of a file as text; with a bound value DuckDB would hold them all before it hands out any."""
    quoted = _literal(path).replace("'", "''")
    return reader.sql(f"SELECT COLUMNS(*)::VARCHAR FROM read_parquet('{quoted}')")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, int, int]]:
    """Open a Parquet file: what reads it, its rows, and the bytes of its values as text.

    Raises DataRefused for what is no Parquet, or too large.
    """
    import duckdb

    with limits.readable(path):
        path.open("rb").close()
    with _reader(path) as reader:
        try:
            ((counted,),) = reader.execute(
                "SELECT sum(num_rows) FROM parquet_file_metadata($path)", {"path": _literal(path)}
            ).fetchall()
            rows = int(counted or 0)
            limits.refuse_too_many(rows, path.name)
            (lengths,) = reader.execute(  # a text that stands there once can be meant in every row
                "SELECT sum(strlen(COLUMNS(*)::VARCHAR)) FROM read_parquet($path)", {"path": _literal(path)}
            ).fetchall()
            text = sum(int(length or 0) for length in lengths)
            if text > limits.MOST_FILE_BYTES:
                raise DataRefused(
                    f"{path.name}: more than {limits.MOST_FILE_BYTES // 1024**3} GiB of text; deliver it in parts."
                )
            yield reader, rows, text
        except duckdb.Error:
            raise DataRefused(f"{path.name}: this is no readable Parquet file; deliver it again.") from None


def _reader(path: Path) -> duckdb.DuckDBPyConnection:
    connection = connected()
    connection.execute("SET allowed_paths = $paths", {"paths": [str(path.resolve()), _literal(path)]})
    lock_down(connection)
    return connection


def _of_arrow(table: pa.Table, first: int) -> Records:
    """Turn a table of text into records, the first of which has this number; a row with a NUL is set aside."""
    header = tuple(name.strip() for name in table.column_names)
    frame = pl.DataFrame(pl.from_arrow(table.rename_columns([f"c{i}" for i in range(len(header))])))
    frame = frame.fill_null("").with_row_index("_row", first)
    nul = pl.any_horizontal(pl.exclude("_row").str.contains("\x00", literal=True))
    faults = [
        StructuralFault(row, row, "control_character", tuple(texts)) for row, *texts in frame.filter(nul).iter_rows()
    ]
    return Records(header, frame.filter(~nul), tuple(faults), frame.height)


def _literal(path: Path) -> str:
    """Escape what DuckDB would read as a pattern in a path."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path.resolve()))
