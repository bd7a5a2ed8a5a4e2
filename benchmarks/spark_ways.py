"""The register of many women, built by DuckDB and on Spark: the same statements, rows in and rows out."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from smartstart.contracts.odcs import load_contracts
from smartstart.engine import MEMORY_VARIABLE
from smartstart.programme.loading import load_programme, programme_file
from smartstart.register.build import build_register
from smartstart.resources import shipped
from smartstart.warehouse.warehouse import Warehouse, open_warehouse

AS_OF = date(2024, 1, 1)
FIRST = np.datetime64("2014-01-01")
Found = dict[str, int]

os.environ.setdefault(MEMORY_VARIABLE, "8GB")  # for both: without a word Spark takes one, and fails where DuckDB spills


def duckdb(women: int) -> Callable[[], Found]:
    """The warehouse builds its register, as every run does."""
    warehouse, _ = _country(women)
    programme = load_programme(programme_file("heusden"))

    def run() -> Found:
        with warehouse.transaction():
            build_register(warehouse, programme, AS_OF, "d1")
        return _found(warehouse)

    return run


def spark(women: int) -> Callable[[], Found]:
    """Spark builds it on this machine: rows out as Parquet, a session, the tables back."""
    import pyspark  # noqa: F401 - or it is said to be absent

    from smartstart.scaling.building import build_on_spark

    warehouse, place = _country(women)
    programme = load_programme(programme_file("heusden"))

    def run() -> Found:
        with warehouse.transaction():
            build_on_spark(warehouse, programme, AS_OF, "d1", place=place / "on-the-way")
        return _found(warehouse)

    return run


def _found(warehouse: Warehouse) -> Found:
    return {"rows": int(warehouse.rows("SELECT count(*) AS n FROM register.predictor")[0]["n"])}


def _country(women: int) -> tuple[Warehouse, Path]:
    """Return a warehouse with one delivery: women, a questionnaire and a child each, and what registers know."""
    place = Path(tempfile.mkdtemp(prefix="country-"))
    open_ones = ExitStack()
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    atexit.register(open_ones.close)
    opened = open_warehouse(place / "country.duckdb", bytes(range(32)), load_contracts(shipped("data_contracts")))
    warehouse = open_ones.enter_context(opened)
    delivery = {
        "delivery_id": "d1", "sequence": 1, "pipeline": "register", "period": "d1", "fingerprint": "d1",
        "as_of": AS_OF, "delivered": AS_OF, "is_current": True, "was_corrected": False, "reason": None,
    }  # fmt: skip
    warehouse.insert_rows("delivery", [delivery])
    for table, rows in _rows(women, np.random.default_rng(0)).items():
        standing = [pl.lit("d1").alias("delivery_id"), pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("file_row")]
        warehouse.insert(f"intake.{table}", rows.with_columns(standing))
    return warehouse, place


def _rows(women: int, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    mother = pl.Series("person_id", [f"M{n:09d}" for n in range(women)])
    child = pl.Series("child_id", [f"K{n:09d}" for n in range(women)])
    index = FIRST + rng.integers(0, 3000, women)
    due, before = index + rng.integers(150, 200, women), index - rng.integers(10, 300, women)
    born = due + rng.integers(-20, 10, women)
    own = index - rng.integers(18 * 365, 40 * 365, women)
    known = pl.DataFrame([mother, pl.Series("reference_date", before)])
    placed = rng.random(women) < 0.05
    started = born[placed] + rng.integers(0, 700, placed.sum())
    spell = pl.DataFrame([child.filter(pl.Series(placed))]).with_columns(
        pl.Series("started_on_earliest", started), pl.Series("started_on_latest", started)
    )
    return {
        "person": pl.DataFrame([mother]).with_columns(
            pl.Series("birth_date_earliest", own), pl.Series("birth_date_latest", own),
            pl.lit("0797").alias("municipality"),
        ),
        "child": pl.DataFrame([child, mother.alias("mother_id")]).with_columns(
            pl.Series("born_on_earliest", born), pl.Series("born_on_latest", born)
        ),
        "questionnaire": pl.DataFrame([mother]).with_columns(
            pl.lit("08990101").alias("practice"), pl.lit("nulmeting").alias("moment"), pl.Series("filled_on", index),
            pl.Series("due_date", due), pl.Series("consented_on", index),
            *(pl.Series(name, rng.random(women) < 0.3) for name in ("smokes", "pregnancy_wanted", "without_partner")),
        ),
        "household": known.with_columns(
            pl.Series("household_type", rng.choice(["zonder_partner", "gehuwd_paar"], women)),
            pl.Series("children_at_home", rng.integers(0, 3, women)),
        ),
        "income": known.with_columns(
            pl.Series("paid_work", rng.random(women) < 0.6),
            pl.Series("benefit", rng.choice(["geen", "participatiewet"], women)),
        ),
        "housing": known.with_columns(
            pl.Series("tenure", rng.choice(["huur", "koop"], women)),
            pl.Series("rent_allowance", rng.random(women) < 0.4),
        ),
        "youth_care": spell.with_columns(pl.lit("14").alias("care_type")),
        "measure": spell.with_columns(pl.lit("11").alias("measure_type")),
    }  # fmt: skip
