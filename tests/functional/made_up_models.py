"""Risk models that are learned in a second from made-up pregnancies, one of each kind."""

from __future__ import annotations

import numpy as np
import pandas as pd

from smartstart.risk.candidates import Candidate, FactorCount, FourFactors, fit
from smartstart.risk.cohort import FACTORS, Cohort
from smartstart.risk.model import RiskModel
from smartstart.risk.predictors import PREDICTORS

NAN = float("nan")
NAMES = tuple(PREDICTORS)
ALIKE = ("smokes", "years_since_birth", "on_benefit")
WAYS = {
    "logistic": Candidate("logistic", {"penalty_c": 1.0, "beyond": 0.0}),
    "scorecard": Candidate("scorecard", {"penalty_c": 0.3, "points": 10}),
    "boosting": Candidate("boosting", {"depth": 2, "rounds": 5}),
}
MODELS: dict[str, RiskModel] = {}


def pregnancies(n: int, seed: int) -> pd.DataFrame:
    """Return n pregnancies: some values missing, some beyond their bounds, some just at a limit."""
    rng, columns = np.random.default_rng(seed), {}
    for name, predictor in PREDICTORS.items():
        if predictor.kind == "yes_no":
            values = rng.integers(0, 2, n).astype(float)
        else:
            values = rng.uniform(predictor.least - 2, predictor.most + 2, n)
            values = np.where(rng.random(n) < 0.3, np.rint(values * 2) / 2, values)
        columns[name] = np.where(rng.random(n) < 0.15, NAN, values)
    for name in FACTORS:
        columns[name] = np.where(rng.random(n) < 0.2, NAN, rng.integers(0, 2, n))
    return pd.DataFrame(columns)


def history() -> Cohort:
    frame = pregnancies(3000, seed=1)
    rng, n = np.random.default_rng(2), len(frame)
    event = rng.random(n) < 0.05 + 0.2 * np.nan_to_num(frame["unwanted"]) + 0.1 * (frame["age"] < 22)
    happened = np.where(event, rng.uniform(0, 60, n), NAN)
    known = np.ones(n, dtype=bool)
    return Cohort(
        frame=frame, mother=np.arange(n), born=np.full(n, np.datetime64("2010-01-01")), followed=np.full(n, 96.0),
        happened=happened, start_unknown=~known, known=known, event=event, horizon=60,
    )  # fmt: skip


def model(kind: str, recalibration: tuple[float, float] = (0.0, 1.0)) -> RiskModel:
    """Return a model of a kind, learned once."""
    if kind not in MODELS:
        told = history()
        count, names = FactorCount().fit(told), () if kind == "factor_count" else NAMES
        learned = fit(WAYS[kind], told, NAMES, ALIKE) if names else count
        about = {"kind": kind, "predictors": list(names)}
        MODELS[kind] = RiskModel(learned, count, FourFactors().fit(told), about)
    MODELS[kind].intercept, MODELS[kind].slope = recalibration
    return MODELS[kind]
