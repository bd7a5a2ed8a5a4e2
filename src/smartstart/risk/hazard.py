"""A discrete-time hazard model: the chance per period of the child's life, so that children still young teach too.

The odds in each period are its own, times those of the mother's predictors (proportional odds over time; Singer and
Willett 1993, J Educ Stat 18:155). A child counts in every period that it was followed through, event or not. One that
could be followed for a part of a period only is left out there, or early events would count too heavily.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from smartstart.risk.cohort import Bools, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

PERIODS = (0.0, 3.0, 6.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0, 72.0, 96.0, 144.0)  # months; short where hazards are high
_FREE = 10.0  # the scale of the period indicators: large, so that the penalty leaves the base rate alone


def periods(horizon: float, beyond: float) -> Floats:
    """Return the limits of the periods in months, from 0 by way of the horizon to ``beyond`` months after it."""
    inner = [limit for limit in PERIODS if limit < horizon]
    outer = [limit for limit in PERIODS if horizon < limit < horizon + beyond]
    return np.array([*inner, horizon, *outer, *([horizon + beyond] if beyond else [])])


def person_periods(followed: Floats, happened: Floats, limits: Floats) -> tuple[Ints, Ints, Bools]:
    """Return (child, period, event): one place for each period that a child was at risk in and is known of."""
    children, places, events = [], [], []
    for place, (start, end) in enumerate(pairwise(limits)):
        event = (happened >= start) & (happened < end)
        # also where it happened: counting the events of a period begun, and not its other children, raises the risk
        at_risk = (np.isnan(happened) | (happened >= start)) & (followed >= end)
        found = np.flatnonzero(at_risk)
        children.append(found)
        places.append(np.full(len(found), place))
        events.append(event[found])
    return np.concatenate(children), np.concatenate(places), np.concatenate(events)


class DiscreteTimeHazard(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The risk of an event before ``horizon`` months, from hazards per period.

    ``prepare``: turns predictors into columns. ``logistic``: a linear classifier for the chance in one period.
    ``beyond``: months of follow-up after the horizon from which the effects of the predictors are learned as well.
    """

    def __init__(self, prepare: Any, logistic: Any, horizon: float = 60.0, beyond: float = 36.0) -> None:
        self.prepare = prepare
        self.logistic = logistic
        self.horizon = horizon
        self.beyond = beyond

    def fit(
        self, x: pd.DataFrame, followed: Floats, happened: Floats, weight: Floats | None = None
    ) -> DiscreteTimeHazard:
        """Learn from predictors (n, p), months of follow-up and months to the event (NaN: not seen), all of length n.

        ``weight`` is how much each child counts, such as its number of times in a bootstrap sample.
        """
        limits = periods(self.horizon, self.beyond)
        child, place, event = person_periods(followed, happened, limits)
        self.prepare_ = clone(self.prepare).fit(x)
        columns = np.asarray(self.prepare_.transform(x))
        indicators = np.eye(len(limits) - 1)[place] * _FREE
        long = np.hstack([columns[child], indicators])
        fitted = clone(self.logistic).fit(long, event, sample_weight=None if weight is None else weight[child])
        count = columns.shape[1]
        self.coef_: Floats = fitted.coef_[0, :count]
        self.base_: Floats = (fitted.coef_[0, count:] * _FREE + fitted.intercept_[0])[limits[1:] <= self.horizon]
        self.classes_ = np.array([False, True])
        return self

    def score_of(self, x: pd.DataFrame) -> Floats:
        """Return the linear predictor of each row: the log odds of its predictors, without the base rate."""
        result: Floats = np.asarray(self.prepare_.transform(x)) @ self.coef_
        return result

    def predict_proba(self, x: pd.DataFrame) -> Floats:
        """Return the chances of no event and of an event before the horizon, shape (n, 2)."""
        return both_chances(risk_by_horizon(self.score_of(x), self.base_))


def risk_by_horizon(score: Floats, base: Floats) -> Floats:
    """Return one minus the chance to come through every period, for log odds ``score`` + ``base`` in each."""
    survived = np.ones(len(score))
    factor = np.exp(score)
    for log_odds in base:
        survived /= 1.0 + factor * np.exp(log_odds)
    return 1.0 - survived


def both_chances(risk: Floats) -> Floats:
    """Return the chances of no and of yes, shape (n, 2), as classifiers give them."""
    return np.column_stack([1.0 - risk, risk])
