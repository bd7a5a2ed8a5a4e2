"""The approved models of a workspace: their rows, their files, and the risks that the one in use gives.

A file is opened only after its checksum was held against the one that a person approved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from smartstart.errors import PolicyRefused, StateError
from smartstart.outputs import write_file
from smartstart.register.build import select_of
from smartstart.risk.factor_count import NO_SCORE_BAND, count_factors, risk_bands

if TYPE_CHECKING:
    import pandas as pd

    from smartstart.programme.sections import Programme, Score
    from smartstart.risk.model import RiskModel
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

MODELS_FOLDER = "models"


def champion(warehouse: Warehouse) -> dict[str, Any] | None:
    """Return the row of the model that was approved last, or None."""
    rows = warehouse.rows("FROM approved_model ORDER BY number DESC LIMIT 1")
    return rows[0] if rows else None


def model_file(workspace: Workspace, sha256: str) -> Path:
    """Return where the workspace keeps an approved model."""
    return workspace.folder / MODELS_FOLDER / f"{sha256}.skops"


def keep_copy(workspace: Workspace, sha256: str, content: bytes) -> None:
    """Copy a model into the workspace: the experiment store keeps absolute paths, and workspaces move."""
    write_file(model_file(workspace, sha256), content)


def read_approved(workspace: Workspace, sha256: str) -> bytes:
    """Return the file of an approved model, unopened. Raises StateError when it was swapped or is missing."""
    path = model_file(workspace, sha256)
    if not path.is_file():
        raise StateError(f"The approved model '{path.name}' is missing: restore the workspace from its backup.")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StateError(
            f"'{path.name}' is not the model that was approved: it was not opened; restore the workspace from its "
            "backup, and find out who changed it."
        )
    return content


def open_model(content: bytes) -> RiskModel:
    """Open a model file whose checksum was judged; types that are not allowed are refused by ``risk.artefact``."""
    from smartstart.risk.artefact import from_bytes

    model: RiskModel = from_bytes(content)
    return model


def record_approval(warehouse: Warehouse, row: Mapping[str, Any]) -> None:
    """Record that a person approved a model, which makes it the champion."""
    warehouse.insert_rows("approved_model", [{"number": next_number(warehouse, "approved_model"), **row}])


def next_number(warehouse: Warehouse, table: str) -> int:
    """Return the next number of a table that is only ever appended to."""
    return int(warehouse.rows(f"SELECT coalesce(max(number), 0) + 1 AS next FROM {table}")[0]["next"])


def score_pregnancies(
    warehouse: Warehouse, workspace: Workspace, elsewhere: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return person_id, number and risk_band, with the counts behind it, for every pregnancy of the register.

    By a model there is ``risk`` besides, and ``known_predictors`` is the number that it knew. Without a score nothing
    is counted, and all share one band. ``elsewhere`` are the rows of ``scoring``, where they were computed already.
    """
    score = workspace.programme.score
    if score is None:
        pregnancies = warehouse.frame("SELECT person_id, number FROM register.pregnancy")
        return pregnancies.with_columns(pl.lit(NO_SCORE_BAND).alias("risk_band"))
    counted = count_factors(warehouse.frame("FROM register.factor"), score.band_from)
    counted = counted.select("person_id", "number", "present", "known", "all_four", "risk_band")
    if score.kind == "factor_count":
        return counted
    found = risks(warehouse, _in_use(warehouse, workspace, score)) if elsewhere is None else elsewhere
    scored = found.with_columns(_band(score.risk_bands))
    return counted.drop("risk_band").join(scored, on=["person_id", "number"], how="left")


def scoring(warehouse: Warehouse, workspace: Workspace) -> str | None:
    """Return the SELECT over the register that gives the risks of the programme's model, as ``risks`` does.

    None where the score is by no model, or by one whose effects do not add up. Refuses as ``score_pregnancies`` does.
    """
    score = workspace.programme.score
    if score is None or score.kind == "factor_count":
        return None
    return _select_of(_in_use(warehouse, workspace, score))


def _in_use(warehouse: Warehouse, workspace: Workspace, score: Score) -> RiskModel:
    """Return the model that the programme scores by. Raises PolicyRefused when it may not be used."""
    approved = warehouse.rows("FROM approved_model WHERE sha256 = $sha256", {"sha256": score.model})
    if not approved:
        raise PolicyRefused(
            "programme.yaml, score, model: nobody approved a model with this checksum here; approve one with "
            "'smartstart model approve', or take kind: factor_count."
        )
    stated, row = workspace.programme.model, approved[0]
    if stated is None or (row["outcome"], row["horizon_months"]) != (stated.outcome, stated.horizon_months):
        raise PolicyRefused(
            "programme.yaml, score, model: that model is of another outcome or horizon than the section 'model' "
            "states: name one that fits, or change the section."
        )
    return open_model(read_approved(workspace, score.model))


def risks(warehouse: Warehouse, model: RiskModel) -> pl.DataFrame:
    """Return person_id, number, risk and known_predictors of the pregnancies that have a factor and a predictor.

    A model whose effects add up is computed in the warehouse; trees get their predictors in batches, so that only the
    risks of a country are ever held together.
    """
    from smartstart.risk.model import CHUNK

    if sql := _select_of(model):
        return warehouse.frame(sql)
    return pl.concat(_by_trees(model, part) for part in warehouse.batches(select_of("seen"), CHUNK))


def _select_of(model: RiskModel) -> str | None:
    from smartstart.risk.as_sql import risk_in_sql

    return risk_in_sql(model, select_of("seen")) if model.adds_up else None


def _by_trees(model: RiskModel, seen: pl.DataFrame) -> pl.DataFrame:
    frame = _numbers(seen)
    return seen.select(
        "person_id", "number", pl.Series("risk", model.risk(frame)), pl.Series("known_predictors", model.known(frame))
    )


def _band(limits: tuple[float, ...]) -> pl.Expr:
    """Return the name of the band of ``risk``: how many limits it has reached."""
    reached = pl.sum_horizontal(pl.col("risk") >= limit for limit in limits)
    names = dict(enumerate(risk_bands(limits)))
    return reached.replace_strict(names, return_dtype=pl.String).alias("risk_band")


def live_frame(warehouse: Warehouse, which: str = "true") -> tuple[pl.DataFrame, pd.DataFrame]:
    """Return who the pregnancies of the register are of, and what a model looks at, in the same order."""
    rows = warehouse.frame(f"SELECT * FROM ({select_of('seen')}) AS s WHERE {which} ORDER BY s.person_id, s.number")
    return rows.select("person_id", "number", "index_date"), _numbers(rows)


def _numbers(seen: pl.DataFrame) -> pd.DataFrame:
    """Return what a model looks at as floats; NaN is not known."""
    from smartstart.risk.cohort import FACTORS
    from smartstart.risk.predictors import PREDICTORS

    return seen.select(pl.col(name).cast(pl.Float64) for name in (*PREDICTORS, *FACTORS)).to_pandas()


def refuse_without_predictors(warehouse: Warehouse, programme: Programme) -> None:
    """Raise StateError when no run has built what a model looks at."""
    found = warehouse.rows(
        "SELECT 1 AS one FROM duckdb_tables() WHERE schema_name = 'register' AND table_name = 'predictor'"
    )
    if not found or programme.model is None:
        raise StateError(
            "The register holds no predictors yet: run a pipeline, with the section 'model' in programme.yaml, first."
        )
