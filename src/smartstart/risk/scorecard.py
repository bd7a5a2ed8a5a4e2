"""A scorecard that a midwife could add up by hand: whole points for a few plain facts, and a risk for each sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression

from smartstart.risk.cohort import Floats
from smartstart.risk.hazard import both_chances, periods, person_periods, risk_by_horizon
from smartstart.risk.predictors import PREDICTORS

if TYPE_CHECKING:
    import pandas as pd

AGE_LIMITS = (18.0, 20.0, 23.0, 26.0, 30.0)  # years; the steps of an age on the card
BEYOND = 36.0  # months of follow-up after the horizon that teach the points as well


class Scorecard(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Points from a penalised hazard model on yes/no items, rounded so that the largest is ``points``.

    A risk belongs to each sum of points: a hazard model with the sum as its only predictor. What is not known counts
    as what was usual in training, rounded: an unknown answer changes nobody's sum by more than the card says.
    """

    def __init__(self, horizon: float = 60.0, penalty_c: float = 0.1, points: int = 10) -> None:
        self.horizon = horizon
        self.penalty_c = penalty_c
        self.points = points

    def fit(self, x: pd.DataFrame, followed: Floats, happened: Floats) -> Scorecard:
        """Learn from predictors (n, p), months of follow-up and months to the event (NaN: not seen)."""
        self.columns_ = list(x.columns)
        self.fill_ = SimpleImputer(strategy="median", keep_empty_features=True).fit(x.to_numpy(dtype=float))
        items = self._items(x)
        limits = periods(self.horizon, BEYOND)
        child, place, event = person_periods(followed, happened, limits)
        indicators = np.eye(len(limits) - 1)[place] * 10.0
        model = LogisticRegression(C=self.penalty_c, max_iter=2000)
        model.fit(np.hstack([items[child], indicators]), event)
        weights = model.coef_[0, : items.shape[1]]
        largest = float(np.abs(weights).max()) or 1.0
        self.points_ = np.rint(weights / largest * self.points).astype(int)
        total = (items @ self.points_).astype(float)[:, None]
        model = LogisticRegression(C=1e6, max_iter=2000)
        model.fit(np.hstack([total[child] / self.points, indicators]), event)
        self.slope_ = float(model.coef_[0, 0])
        self.base_: Floats = (model.coef_[0, 1:] * 10.0 + model.intercept_[0])[limits[1:] <= self.horizon]
        self.classes_ = np.array([False, True])
        return self

    def _items(self, x: pd.DataFrame) -> Floats:
        filled = self.fill_.transform(x.to_numpy(dtype=float))
        columns = []
        for place, name in enumerate(self.columns_):
            values = filled[:, place]
            if PREDICTORS[name].kind == "number":
                columns += [(values < limit).astype(float) for limit in AGE_LIMITS]
            else:
                columns.append(np.rint(values))
        return np.column_stack(columns)

    def items(self) -> list[tuple[str, int]]:
        """Return the card: what is the case, and its points; an age below several limits adds up their points."""
        named = []
        for name in self.columns_:
            predictor = PREDICTORS[name]
            if predictor.kind == "number":
                named += [f"{predictor.words}: younger than {limit:g}" for limit in AGE_LIMITS]
            else:
                named.append(predictor.yes or f"{predictor.words}: for each")
        return [(words, int(points)) for words, points in zip(named, self.points_, strict=True) if points]

    def total(self, x: pd.DataFrame) -> Floats:
        """Return the sum of points of each row, shape (n,)."""
        result: Floats = (self._items(x) @ self.points_).astype(float)
        return result

    def score_of(self, x: pd.DataFrame) -> Floats:
        """Return the log odds per period that the points stand for, without the base rate, shape (n,)."""
        return self.total(x) / self.points * self.slope_

    def predict_proba(self, x: pd.DataFrame) -> Floats:
        """Return the chances of no event and of an event before the horizon, shape (n, 2)."""
        return both_chances(risk_by_horizon(self.score_of(x), self.base_))
