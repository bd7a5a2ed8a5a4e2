"""A model written as SQL gives the risks that the model gives, to 1e-12, whatever is missing or out of bounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_models import ALIKE, NAN, WAYS, history, model, pregnancies

from smartstart.approved import risks
from smartstart.risk.artefact import from_bytes, to_bytes
from smartstart.risk.as_sql import risk_in_sql
from smartstart.risk.candidates import FactorCount, FourFactors, fit
from smartstart.risk.cohort import FACTORS
from smartstart.risk.model import RiskModel
from smartstart.risk.predictors import PREDICTORS
from smartstart.warehouse.warehouse import open_warehouse

CLOSE = 1e-12
NAMES = tuple(PREDICTORS)


def by_sql(risky: RiskModel, frame: pd.DataFrame) -> pd.DataFrame:
    """Return risk and known_predictors of each row of the frame, in its order."""
    numbers = ", ".join(f'CASE WHEN isnan("{name}") THEN NULL ELSE "{name}" END AS "{name}"' for name in NAMES)
    factors = ", ".join(f'CASE WHEN isnan("{name}") THEN NULL ELSE "{name}" = 1 END AS "{name}"' for name in FACTORS)
    seen = f"SELECT 'M' AS person_id, number, {numbers}, {factors} FROM pregnancy"
    with duckdb.connect() as database:
        database.register("pregnancy", frame.astype(float).assign(number=range(len(frame))))
        return database.execute(f"FROM ({risk_in_sql(risky, seen)}) ORDER BY number").df()


def agree(risky: RiskModel, frame: pd.DataFrame) -> None:
    found = by_sql(risky, frame)
    assert np.abs(found["risk"].to_numpy() - risky.risk(frame)).max() <= CLOSE
    assert (found["known_predictors"].to_numpy() == risky.known(frame)).all()


@pytest.mark.parametrize("recalibration", [(0.0, 1.0), (-0.3, 1.0), (0.2, 0.7)])
@pytest.mark.parametrize("kind", ["logistic", "scorecard", "factor_count"])
def test_a_model_as_sql_gives_the_same_risks(kind: str, recalibration: tuple[float, float]) -> None:
    agree(model(kind, recalibration), pregnancies(5000, seed=3))


@pytest.mark.parametrize("kind", ["logistic", "scorecard", "factor_count"])
def test_a_model_that_was_read_from_its_file_gives_the_same_sql(kind: str) -> None:
    kept = model(kind)
    assert risk_in_sql(from_bytes(to_bytes(kept)), "FROM x") == risk_in_sql(kept, "FROM x")


def values_of(name: str) -> st.SearchStrategy[float]:
    predictor = PREDICTORS[name]
    if predictor.kind == "yes_no":
        return st.sampled_from([0.0, 1.0, NAN])
    at_a_limit = st.integers(int(2 * predictor.least) - 4, int(2 * predictor.most) + 4).map(lambda value: value / 2)
    anywhere = st.floats(-1e9, 1e9)
    return st.one_of(st.just(NAN), at_a_limit, st.floats(predictor.least, predictor.most), anywhere)


ROW = st.fixed_dictionaries(
    {name: values_of(name) for name in NAMES} | {name: st.sampled_from([0.0, 1.0, NAN]) for name in FACTORS}
)


@settings(max_examples=40)
@given(st.sampled_from(["logistic", "scorecard", "factor_count"]), st.lists(ROW, min_size=1, max_size=20))
def test_whatever_is_missing_or_out_of_bounds_the_risks_agree(kind: str, rows: list[dict[str, float]]) -> None:
    agree(model(kind), pd.DataFrame(rows))


@settings(max_examples=20)
@given(st.floats(-4, 4), st.floats(1 / 3, 3))
def test_however_it_was_recalibrated_the_risks_agree(intercept: float, slope: float) -> None:
    agree(model("logistic", (intercept, slope)), pregnancies(50, seed=4))


def test_a_predictor_that_was_never_known_in_training_adds_what_the_model_adds() -> None:
    told = history()
    told.frame["first_visit_week"] = NAN
    told.frame["smokes"] = NAN
    for kind in ("logistic", "scorecard"):
        learned = fit(WAYS[kind], told, NAMES, ALIKE)
        about = {"kind": kind, "predictors": list(NAMES)}
        count = FactorCount().fit(told)
        agree(RiskModel(learned, count, FourFactors().fit(told), about), pregnancies(500, seed=5))


def test_trees_are_no_sql() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        risk_in_sql(model("boosting"), "FROM x")


@pytest.mark.parametrize(
    "change", [lambda m: m.fitted.estimator.coef_[:-1], lambda m: [*m.fitted.estimator.coef_, 1.0]]
)
def test_a_model_whose_columns_are_others_is_refused(change: Callable[[RiskModel], Any]) -> None:
    other = from_bytes(to_bytes(model("logistic")))
    other.fitted.estimator.coef_ = np.asarray(change(other))
    with pytest.raises(ValueError):
        risk_in_sql(other, "FROM x")


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_the_register_is_scored_by_sql_or_in_batches_with_the_same_risks(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smartstart.risk.model.CHUNK", 100)
    frame = pregnancies(5000, seed=6)
    ids = pl.DataFrame({"person_id": [f"M{n:04}" for n in range(len(frame))], "number": 1, "index_date": None})
    told = pl.from_pandas(frame).fill_nan(None)
    factors = {"alone": FACTORS[0], "without_work": FACTORS[1], "young_at_first_child": FACTORS[2],
               "rent_allowance": FACTORS[3]}  # fmt: skip
    with open_warehouse(tmp_path / "w.duckdb", bytes(range(32)), {}) as warehouse:
        warehouse.run("CREATE SCHEMA IF NOT EXISTS register")
        warehouse.replace("register.predictor", pl.concat([ids, told.select(NAMES)], how="horizontal"))
        known = told.select(pl.col(column).cast(pl.Boolean).alias(name) for name, column in factors.items())
        warehouse.replace("register.factor", pl.concat([ids, known], how="horizontal"))
        found = risks(warehouse, model(kind)).sort("person_id")
    assert found["person_id"].to_list() == ids["person_id"].to_list()
    assert found["risk"].to_numpy() == pytest.approx(model(kind).risk(frame), rel=0, abs=CLOSE)
    assert found["known_predictors"].to_list() == list(model(kind).known(frame))


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_an_empty_register_has_no_risks(kind: str, tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb", bytes(range(32)), {}) as warehouse:
        warehouse.run("CREATE SCHEMA IF NOT EXISTS register")
        columns = ", ".join(f"{name} DOUBLE" for name in NAMES)
        warehouse.run(f"CREATE TABLE register.predictor (person_id VARCHAR, number INTEGER, {columns})")
        warehouse.run(
            "CREATE TABLE register.factor (person_id VARCHAR, number INTEGER, alone BOOLEAN, without_work BOOLEAN,"
            " young_at_first_child BOOLEAN, rent_allowance BOOLEAN)"
        )
        assert risks(warehouse, model(kind)).rows() == []
