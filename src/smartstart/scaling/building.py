"""Build the register on Spark: rows out as Parquet, the same statements there, tables back, risks over Arrow only."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from smartstart.errors import StateError
from smartstart.outputs import PRIVATE_FOLDER, write_file
from smartstart.register.build import Statement, make, put_lists, statements
from smartstart.scaling.dialect import in_spark, named_in
from smartstart.scaling.session import in_full, refuse_without_spark, spark_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from smartstart.programme.sections import Programme
    from smartstart.warehouse.warehouse import Warehouse

OF_THE_DRAW: Final = ("candidate",)  # made from allocations: those never leave the machine that owns them
OWN_TABLES: Final = ("delivery", "event", "answer")  # of the warehouse, that statements read by their bare names
ROWS: Final = 1_000_000  # in a file, and in memory on the way


def build_on_spark(
    warehouse: Warehouse,
    programme: Programme,
    as_of: date,
    delivery_id: str,
    *,
    place: Path,
    scoring: str | None = None,
) -> pl.DataFrame | None:
    """Make every table of the schema ``register`` anew, as ``register.build.build_register`` does, on Spark.

    ``scoring`` is a SELECT over the register that gives risks; returns its rows, which no file ever holds. ``place``
    is the folder for the files on the way, made for it and removed, also after a failure; the workspace's own, since
    what an interrupted run left there goes first. Raises UsageError without Spark, StateError when it refuses a step or
    the folder cannot be used.
    """
    refuse_without_spark()
    put_lists(warehouse, programme)
    made = statements(programme, as_of, delivery_id)
    there = [one for one in made if one.sql and one.table not in OF_THE_DRAW]
    with _folder(place) as folder, spark_session(folder) as spark:
        _give(warehouse, spark, there, folder / "given")
        _build(spark, there, folder / "made")
        risks = None if scoring is None else _risks(spark, scoring)
        for one in made:
            make(warehouse, one, empty=one in there)
            if one in there:
                _take(warehouse, one.table, folder / "made" / one.table)
    return risks


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=PRIVATE_FOLDER)
    except OSError as fault:
        raise StateError(
            f"programme.yaml, spark_folder: '{folder.parent}' cannot be used ({fault.strerror}): make it, or mend its "
            "permissions."
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _give(warehouse: Warehouse, spark: SparkSession, there: Sequence[Statement], folder: Path) -> None:
    """Write what the statements read, only the columns that one of them names, and make it known to Spark."""
    tables, columns = named_in(str(one.sql) for one in there)
    made = {f"register.{one.table}" for one in there}
    for table in sorted({*tables, *OWN_TABLES} - made):
        schema, _, name = table.rpartition(".")
        there_are = warehouse.rows(
            "SELECT column_name AS name FROM duckdb_columns() WHERE schema_name = $schema AND table_name = $name"
            " AND database_name = current_database()",
            {"schema": schema or "main", "name": name},
        )
        kept = ", ".join(f'"{row["name"]}"' for row in there_are if row["name"] in columns)
        for number, rows in enumerate(warehouse.batches(f"SELECT {kept} FROM {table}", ROWS)):
            content = io.BytesIO()
            rows.write_parquet(content)
            write_file(folder / table / f"{number:06d}.parquet", content.getvalue())
        with _told(table):
            if schema:
                spark.sql(f"CREATE DATABASE IF NOT EXISTS {schema}")
            spark.catalog.createTable(table, path=in_full(folder / table), source="parquet")


def _build(spark: SparkSession, there: Sequence[Statement], folder: Path) -> None:
    """Make the tables, each from those before it; the catalogue is the session's own and goes with it."""
    spark.sql("CREATE DATABASE IF NOT EXISTS register")
    for one in there:
        with _told(one.table):
            rows = spark.sql(in_spark(str(one.sql)), args=dict(one.values))
            rows.write.mode("overwrite").saveAsTable(f"register.{one.table}", path=in_full(folder / one.table))


def _risks(spark: SparkSession, scoring: str) -> pl.DataFrame:
    with _told("score"):
        return pl.DataFrame(pl.from_arrow(spark.sql(in_spark(scoring)).toArrow()))


def _take(warehouse: Warehouse, table: str, folder: Path) -> None:
    """Put the rows of a table into the warehouse, a part at a time."""
    import pyarrow.dataset

    for batch in pyarrow.dataset.dataset(folder, format="parquet").to_batches():
        warehouse.insert(f"register.{table}", pl.DataFrame(pl.from_arrow(batch)))


@contextmanager
def _told(table: str) -> Iterator[None]:
    """Tell a fault of Spark's without what it says, which may quote a value."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as fault:
        raise StateError(
            f"Spark refused to make '{table}' ({type(fault).__name__}): look in the log of the cluster, or take "
            "engine: duckdb, then give the same command again."
        ) from None
