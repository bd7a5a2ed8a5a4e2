"""Ways to score many pregnancies: from the warehouse as we do, and bare scikit-learn on a frame that lies ready."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from smartstart.risk.candidates import Candidate, FactorCount, FourFactors, fit, preparation
from smartstart.risk.cohort import FACTORS
from smartstart.risk.model import RiskModel
from smartstart.risk.predictors import PREDICTORS, matrix

sys.path.append(str(Path(__file__).parents[1] / "tests" / "functional"))
import made_up_models as made_up

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse

NAMES = tuple(PREDICTORS)
LINEAR = Candidate("logistic", {"penalty_c": 0.1, "beyond": 36.0})
TREES = Candidate("boosting", {"depth": 2, "rounds": 150})


def linear(rows: int) -> Callable[[], dict[str, str]]:
    """The default model, as SQL where the register lies."""
    return _from_warehouse(rows, LINEAR)


def trees(rows: int) -> Callable[[], dict[str, str]]:
    """Boosted trees, which get their predictors in batches."""
    return _from_warehouse(rows, TREES)


def bare_linear(rows: int) -> Callable[[], dict[str, str]]:
    """A logistic regression behind the same preparation of the columns."""
    told = made_up.history()
    x = matrix(told.frame, NAMES)
    return _bare(rows, make_pipeline(preparation(x, ()), LogisticRegression(max_iter=2000)).fit(x, told.event))


def bare_trees(rows: int) -> Callable[[], dict[str, str]]:
    """The same boosted trees."""
    return _bare(rows, fit(TREES, made_up.history(), NAMES).estimator)


def _bare(rows: int, estimator: Any) -> Callable[[], dict[str, str]]:
    x = matrix(made_up.pregnancies(rows, seed=3), NAMES)

    def run() -> dict[str, str]:
        estimator.predict_proba(x)
        return {"difference": ""}

    return run


def _from_warehouse(rows: int, way: Candidate) -> Callable[[], dict[str, str]]:
    from smartstart.approved import risks

    told = made_up.history()
    about = {"kind": way.kind, "predictors": list(NAMES)}
    model = RiskModel(fit(way, told, NAMES), FactorCount().fit(told), FourFactors().fit(told), about)
    kept_open = ExitStack()
    warehouse, expected = _filled(kept_open, rows, model)
    found = risks(warehouse, model).sort("number")["risk"].to_numpy()
    difference = f"{np.abs(found - expected).max():.0e}"

    def run() -> dict[str, str]:
        risks(warehouse, model)
        kept_open.close()
        return {"difference": difference}

    return run


def _filled(kept_open: ExitStack, rows: int, model: RiskModel) -> tuple[Warehouse, np.ndarray]:
    """Return an encrypted warehouse with what a model looks at, and the risks that the model itself gives."""
    import polars as pl

    from smartstart.warehouse.warehouse import open_warehouse

    frame = made_up.pregnancies(rows, seed=3)
    place = Path(kept_open.enter_context(tempfile.TemporaryDirectory(prefix="scoring-"))) / "w.duckdb"
    warehouse = kept_open.enter_context(open_warehouse(place, secrets.token_bytes(32), {}))
    whole = pl.from_pandas(frame).with_columns(pl.lit("M").alias("person_id"), pl.int_range(rows).alias("number"))
    whole = whole.with_columns(pl.col(pl.Float64).fill_nan(None))
    warehouse.replace("register.predictor", whole.select("person_id", "number", *NAMES))
    factors = {"alone": "alone", "factor_without_work": "without_work", "young_at_first_child": "young_at_first_child"}
    factors |= {"factor_rent_allowance": "rent_allowance"}
    named = [pl.col(name).cast(pl.Boolean).alias(factors[name]) for name in FACTORS]
    warehouse.replace("register.factor", whole.select("person_id", "number", *named))
    return warehouse, model.risk(frame)
