"""The models that compete, and the two baselines that each must beat, on scikit-learn.

All of them give the risk at the horizon. What is missing is filled in with what was usual in training: no model learns
from a gap, except of the predictors that the programme declares to be missing for the same reasons in training and use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from smartstart.risk.cohort import FACTORS, Bools, Cohort, Floats
from smartstart.risk.hazard import DiscreteTimeHazard
from smartstart.risk.metrics import SMALLEST_RISK, log_odds
from smartstart.risk.predictors import PREDICTORS, matrix
from smartstart.risk.scorecard import Scorecard

if TYPE_CHECKING:
    import pandas as pd

KNOTS = 4  # of the splines: more would chase single placements
ITERATIONS = 2000


@dataclass(frozen=True)
class Candidate:
    """A way of learning: ``kind``, and one of the settings it is tuned over."""

    kind: str
    settings: Mapping[str, float]

    def label(self) -> str:
        """Return the kind with its settings, for people."""
        return f"{self.kind} ({', '.join(f'{name} {value:g}' for name, value in self.settings.items())})"


def candidates() -> tuple[Candidate, ...]:
    """Return every candidate with every setting that tuning tries."""
    logistic = [
        Candidate("logistic", {"penalty_c": c, "beyond": beyond})
        for c in (0.03, 0.1, 0.3, 1.0)
        for beyond in (0.0, 36.0)
    ]
    boosting = [Candidate("boosting", {"depth": d, "rounds": rounds}) for d, rounds in ((2, 150), (3, 80))]
    scorecard = [Candidate("scorecard", {"penalty_c": c, "points": 10}) for c in (0.1, 0.3)]
    return (*logistic, *boosting, *scorecard)


DEFAULT = Candidate("logistic", {"penalty_c": 0.1, "beyond": 36.0})  # where nothing can be chosen by


class Fitted:
    """A candidate that has learned: predictors in, risks out. Also what a model file holds.

    ``estimator`` has ``predict_proba`` on the frame of ``predictors``.
    """

    def __init__(self, kind: str, predictors: tuple[str, ...], estimator: Any) -> None:
        self.kind = kind
        self.predictors = predictors
        self.estimator = estimator

    def risk(self, frame: pd.DataFrame) -> Floats:
        """Return the risk at the horizon of each row, shape (n,), strictly between 0 and 1."""
        result: Floats = self.estimator.predict_proba(matrix(frame, self.predictors))[:, 1]
        return np.clip(result, SMALLEST_RISK, 1 - SMALLEST_RISK)

    def line(self, frame: pd.DataFrame) -> Floats:
        """Return the scale on which effects add up, shape (n,): log odds per period, or of the whole risk for trees."""
        x = matrix(frame, self.predictors)
        if hasattr(self.estimator, "score_of"):
            result: Floats = self.estimator.score_of(x)
            return result
        return log_odds(self.risk(frame))


def fit(candidate: Candidate, cohort: Cohort, predictors: Sequence[str], missing_alike: Sequence[str] = ()) -> Fitted:
    """Learn a candidate from a cohort. Raises ValueError when there is no event to learn from."""
    names = tuple(predictors)
    x = matrix(cohort.frame, names)
    if candidate.kind == "boosting":
        estimator = _boosting(candidate.settings, names, missing_alike)
        counted, early, weight = censoring_weights(cohort)
        estimator.fit(x[counted], early[counted], model__sample_weight=weight[counted])
    elif candidate.kind == "scorecard":
        estimator = Scorecard(float(cohort.horizon), candidate.settings["penalty_c"], int(candidate.settings["points"]))
        estimator.fit(x, *_followed(cohort))
    else:
        estimator = DiscreteTimeHazard(
            preparation(x, missing_alike), _logistic(candidate.settings["penalty_c"]), float(cohort.horizon),
            candidate.settings["beyond"],
        )  # fmt: skip
        estimator.fit(x, *_followed(cohort))
    return Fitted(candidate.kind, names, estimator)


def _followed(cohort: Cohort) -> tuple[Floats, Floats]:
    """Return follow-up and time to the event; an event on an unknown day ends what is known at birth."""
    return np.where(cohort.start_unknown, 0.0, np.nan_to_num(cohort.followed, nan=0.0)), cohort.happened


def preparation(x: pd.DataFrame, missing_alike: Sequence[str]) -> Any:
    """Return the step from predictors to columns: fill in what is missing, bend ages, put the rest on one scale.

    Ages bend at whole half years near their 5th, 35th, 65th and 95th percentiles: the oldest woman's own age would else
    stand in the model's file.
    """
    names = list(x.columns)
    bent = [name for name in names if PREDICTORS[name].kind == "number"]
    straight = [name for name in names if name not in bent]
    told = [name for name in straight if name in missing_alike]
    spline = Pipeline(
        [
            ("fill", SimpleImputer(strategy="mean", keep_empty_features=True)),
            ("bend", SplineTransformer(knots=_knots(x[bent]), include_bias=False, extrapolation="linear")),
        ]
    )
    line = Pipeline([("fill", SimpleImputer(strategy="mean", keep_empty_features=True)), ("scale", StandardScaler())])
    gap = Pipeline([("fill", SimpleImputer(strategy="mean", add_indicator=True)), ("scale", StandardScaler())])
    parts = [
        ("bent", spline, bent),
        ("straight", line, [name for name in straight if name not in told]),
        ("told", gap, told),
    ]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0.0)


def _knots(x: pd.DataFrame) -> Floats:
    """Return the knots of each column, shape (KNOTS, columns): half years, each above the one before."""
    knots = np.round(np.nanquantile(x.to_numpy(), np.linspace(0.05, 0.95, KNOTS), axis=0) * 2) / 2
    for place in range(1, KNOTS):
        knots[place] = np.maximum(knots[place], knots[place - 1] + 0.5)
    result: Floats = knots
    return result


def _logistic(penalty_c: float) -> LogisticRegression:
    return LogisticRegression(C=penalty_c, max_iter=ITERATIONS)


def _boosting(settings: Mapping[str, float], names: Sequence[str], missing_alike: Sequence[str]) -> Any:
    """Gradient boosting that keeps to the known directions; no early stopping, whose split would be of random rows."""
    trees = HistGradientBoostingClassifier(
        max_depth=int(settings["depth"]),
        max_iter=int(settings["rounds"]),
        learning_rate=0.05,
        min_samples_leaf=60,
        l2_regularization=5.0,
        monotonic_cst=[PREDICTORS[name].direction for name in names],
        early_stopping=False,
        random_state=0,
    )
    filled = [name for name in names if name not in missing_alike]
    fill = ColumnTransformer(
        [(name, SimpleImputer(strategy="mean", keep_empty_features=True) if name in filled else "passthrough", [name])
         for name in names]
    )  # fmt: skip
    return Pipeline([("fill", fill), ("model", trees)])


def censoring_weights(cohort: Cohort) -> tuple[Bools, Bools, Floats]:
    """Return who counts at the horizon, who had the event before it, and weights for who left earlier (IPCW).

    Counted are all whose event was seen before the horizon and all who were followed until it. The weight is one over
    the chance to be followed until then, by Kaplan and Meier of the follow-up (Robins and Rotnitzky 1992).
    """
    followed, happened = _followed(cohort)
    horizon = float(cohort.horizon)
    early = happened < horizon
    counted = ~cohort.start_unknown & (early | (followed >= horizon))
    at = np.minimum(np.where(early, happened, horizon), horizon)
    # potential follow-up is known of everybody, so the chance to be followed until t is a plain share
    usable = np.sort(followed[~cohort.start_unknown])
    share = 1.0 - np.searchsorted(usable, at, side="left") / max(len(usable), 1)
    weight = np.where(counted, 1.0 / np.maximum(share, 0.05), 0.0)
    return counted, early, weight


class FactorCount:
    """The pilot's count: the risk is the share with the outcome among children whose mothers had as many factors.

    What is not known of a factor counts as absent, as in the count itself. Shares are smoothed by the overall one, as
    if four children more had been seen in each class.
    """

    def fit(self, cohort: Cohort) -> FactorCount:
        """Learn the share with the outcome per number of factors."""
        seen = cohort.judged()
        present = self.present(seen.frame)
        overall = (seen.event.sum() + 0.5) / (len(seen) + 1)
        self.risks_ = np.array(
            [
                round((seen.event[present == count].sum() + 4 * overall) / ((present == count).sum() + 4), 4)
                for count in range(len(FACTORS) + 1)
            ]
        )
        return self

    @staticmethod
    def present(frame: pd.DataFrame) -> Any:
        """Return the number of factors that are surely present, shape (n,)."""
        return np.nansum(frame[list(FACTORS)].to_numpy(dtype=float), axis=1).astype(int)

    def risk(self, frame: pd.DataFrame) -> Floats:
        """Return the risk by the count, shape (n,)."""
        result: Floats = self.risks_[self.present(frame)]
        return result

    def line(self, frame: pd.DataFrame) -> Floats:
        """Return the log odds of the risk, shape (n,)."""
        return log_odds(self.risk(frame))


class FourFactors:
    """A logistic model on the pilot's four factors, the second baseline; barely penalised, so that it is a fair one."""

    def fit(self, cohort: Cohort) -> FourFactors:
        """Learn from the children whose outcome is known at the horizon."""
        seen = cohort.judged()
        self.overall_ = float((seen.event.sum() + 0.5) / (len(seen) + 1))
        self.model_ = None
        if seen.event.any() and not seen.event.all():  # else there is nothing to tell apart, and all have one risk
            self.model_ = Pipeline(
                [
                    ("fill", SimpleImputer(strategy="mean", keep_empty_features=True)),
                    ("model", LogisticRegression(C=100.0, max_iter=ITERATIONS)),
                ]
            ).fit(seen.frame[list(FACTORS)].to_numpy(dtype=float), seen.event)
        return self

    def risk(self, frame: pd.DataFrame) -> Floats:
        """Return the risk by the four factors, shape (n,)."""
        if self.model_ is None:
            return np.full(len(frame), self.overall_)
        result: Floats = self.model_.predict_proba(frame[list(FACTORS)].to_numpy(dtype=float))[:, 1]
        return result
