"""Recalibration in the small: what a place that borrows a model may change, and only as far as its data show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from smartstart.risk.cohort import Bools, Floats
from smartstart.risk.metrics import log_odds

SIGNIFICANT = {1: 3.841458820694124, 2: 5.991464547107979}  # 95 % points of chi-squared, by degrees of freedom
SLOPES = (1 / 3, 3.0)  # a slope outside says that the model does not fit here at all: no turning mends that
FEWEST_EVENTS = 10  # fewer than this, or fewer without the event, and the borrowed model stays as it is


@dataclass(frozen=True)
class Recalibration:
    """The log odds become ``intercept`` + ``slope`` times what they were; ``choice`` names what was changed."""

    choice: Literal["none", "intercept", "intercept and slope"]
    intercept: float
    slope: float


def recalibrate(event: Bools, risk: Floats) -> Recalibration:
    """Return the smallest change that the data cannot do without (closed test: Vergouwe et al. 2017, Stat Med 36:4529).

    ``event`` and ``risk`` of the same children, shape (n,). The model as it is is held against intercept and slope
    together; if it holds, nothing changes. Else the intercept alone is tried; if it does as well, or the slope would be
    absurd, only that changes.
    """
    if min(event.sum(), (~event).sum()) < FEWEST_EVENTS:
        return Recalibration("none", 0.0, 1.0)
    line = log_odds(risk)
    intercept = _fit(event, line, slope_fixed=True)
    both = _fit(event, line, slope_fixed=False)
    as_it_is, moved, turned = (_log_likelihood(event, line, *one) for one in ((0.0, 1.0), intercept, both))
    if 2 * (turned - as_it_is) < SIGNIFICANT[2]:
        return Recalibration("none", 0.0, 1.0)
    if 2 * (turned - moved) < SIGNIFICANT[1] or not SLOPES[0] <= both[1] <= SLOPES[1]:
        return Recalibration("intercept", *intercept)
    return Recalibration("intercept and slope", *both)


def apply(recalibration: Recalibration, risk: Floats) -> Floats:
    """Return the recalibrated risks, shape (n,)."""
    line = recalibration.intercept + recalibration.slope * log_odds(risk)
    result: Floats = 1.0 / (1.0 + np.exp(-line))
    return result


def _fit(event: Bools, line: Floats, *, slope_fixed: bool) -> tuple[float, float]:
    """Return intercept and slope by Newton's method on the likelihood."""
    columns = np.ones((len(line), 1)) if slope_fixed else np.column_stack([np.ones(len(line)), line])
    offset = line if slope_fixed else np.zeros(len(line))
    beta = np.zeros(columns.shape[1]) if slope_fixed else np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-(columns @ beta + offset)))
        weight = chance * (1 - chance)
        step = np.linalg.solve(columns.T @ (columns * weight[:, None]), columns.T @ (event - chance))
        beta += step
        if np.abs(step).max() < 1e-10:
            break
    return (float(beta[0]), 1.0) if slope_fixed else (float(beta[0]), float(beta[1]))


def _log_likelihood(event: Bools, line: Floats, intercept: float, slope: float) -> float:
    moved = intercept + slope * line
    return float((event * moved - np.logaddexp(0.0, moved)).sum())
