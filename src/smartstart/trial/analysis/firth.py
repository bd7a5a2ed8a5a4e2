"""Firth's logistic regression: finite also where an arm has no events, with less bias where events are few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, nan, sqrt
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_expit

from smartstart.errors import UsageError
from smartstart.trial.analysis.interval import QUANTILE
from smartstart.trial.analysis.records import LEVEL, Bools, Estimate, Floats, Significance
from smartstart.trial.analysis.significance import SMALLEST, normal_tails

STEPS: Final = 200
SMALLEST_STEP: Final = 1e-10
NEAR: Final = 1e-3
LARGEST_STEP: Final = 3.0  # in a coefficient of a standardised column
FARTHEST: Final = 40.0  # of a log odds ratio that is looked at
TREATED: Final = 1  # column of the design
SINGULAR: Final = 1e-7  # what is left of a standardised column that repeats others
METHOD: Final = "Firth logistic regression, profile penalised likelihood"
REFERENCE: Final = "Firth, Biometrika 1993;80:27; Heinze & Schemper, Stat Med 2002;21:2409"


@dataclass(frozen=True)
class Fit:
    """Coefficients with their penalised log-likelihood and the inverse of the information."""

    coefficients: Floats
    likelihood: float
    covariance: Floats


@dataclass(frozen=True)
class Model:
    """What is fitted: a design with 1, treated and the covariates, the event, and the columns left out as repeats."""

    design: Floats
    event: Floats
    left_out: int


def firth_odds_ratio(event: Bools, treated: Bools, covariates: Floats | None = None) -> Estimate:
    """Return the odds ratio of the treated, given the covariates, with its profile penalised likelihood interval.

    Covariates that repeat others are left out and counted in the note.
    Raises UsageError when all women are in one arm.
    """
    model, half = model_of(event, treated, covariates), QUANTILE**2 / 2
    best = fitted(model)
    at, se = float(best.coefficients[TREATED]), sqrt(float(best.covariance[TREATED, TREATED]))

    def above(b: float) -> float:
        return profile(model, best, b) - (best.likelihood - half)

    low, high = (end_of(above, at, side * QUANTILE * se) for side in (-1, 1))
    bounds = (0.0 if low == -inf else exp(low)), (inf if high == inf else exp(high))
    return Estimate(exp(at), *bounds, se, METHOD, REFERENCE, LEVEL, note_of(model))


def firth_test(event: Bools, treated: Bools, covariates: Floats | None = None) -> Significance:
    """Return the penalised likelihood ratio test of the treatment. Raises UsageError when all women are in one arm."""
    model = model_of(event, treated, covariates)
    best = fitted(model)
    gain = max(0.0, best.likelihood - profile(model, best, 0.0))
    p_value = max(SMALLEST, normal_tails(sqrt(2 * gain)))
    return Significance(p_value, "Firth penalised likelihood ratio", REFERENCE, note_of(model))


def model_of(event: Bools, treated: Bools, covariates: Floats | None) -> Model:
    """Return the design with standardised covariates (n, k); each column that the earlier ones give is left out.

    Raises UsageError when all women are in one arm.
    """
    arm, happened = np.asarray(treated, dtype=float), np.asarray(event, dtype=float)
    if arm.size == 0 or arm.min() == arm.max():
        raise UsageError("All women are in one arm: a comparison needs women in both.")
    columns, left_out = [np.ones_like(arm), arm], 0
    for column in np.asarray(np.empty((arm.size, 0)) if covariates is None else covariates, dtype=float).T:
        scaled = standard(column)
        base = np.column_stack(columns)
        rest = scaled - base @ np.linalg.lstsq(base, scaled, rcond=None)[0]
        if arm.size > len(columns) and float(rest @ rest) > SINGULAR * arm.size:
            columns.append(scaled)
        else:
            left_out += 1
    return Model(np.column_stack(columns), happened, left_out)


def standard(column: Floats) -> Floats:
    """Return the column with mean 0 and standard deviation 1; zeros when it does not vary."""
    centred = column - column.mean()
    spread = float(centred.std())
    scaled: Floats = centred / spread if spread > SINGULAR * (1 + abs(float(column.mean()))) else np.zeros_like(column)
    return scaled


def note_of(model: Model) -> str:
    """Return how many covariates were left out, or an empty string."""
    return f"{model.left_out} covariates repeat others and were left out." if model.left_out else ""


def penalised(model: Model, coefficients: Floats) -> tuple[float, Floats, Floats, Floats]:
    """Return the log-likelihood plus half the log determinant of the information, its score, the information and
    the curvature for the next step. Firth, Biometrika 1993;80:27, with Jeffreys' prior.
    """
    line = model.design @ coefficients
    risk = expit(line)
    weight = np.maximum(risk * (1 - risk), 1e-300)
    information = model.design.T @ (weight[:, None] * model.design)
    sign, size = np.linalg.slogdet(information)
    likelihood = float((model.event * log_expit(line) + (1 - model.event) * log_expit(-line)).sum())
    if sign <= 0 or not np.isfinite(size):
        return -inf, np.zeros_like(coefficients), information, information
    leverage = weight * np.einsum("ij,ij->i", model.design, np.linalg.solve(information, model.design.T).T)
    score = model.design.T @ (model.event - risk + leverage * (0.5 - risk))
    # with the leverages as weights too: exact for one table, where without them the steps swing to and fro
    curvature = model.design.T @ ((weight * (1 + leverage))[:, None] * model.design)
    return likelihood + size / 2, score, information, curvature


def fitted(model: Model, start: Floats | None = None, *, held: int | None = None) -> Fit:
    """Return the maximum of the penalised likelihood by Newton's steps, halved until they go up.

    ``held`` is a column whose coefficient stays as it starts.
    """
    found = np.zeros(model.design.shape[1]) if start is None else start.copy()
    free = np.arange(found.size) != (-1 if held is None else held)
    value, score, information, curvature = penalised(model, found)
    for _ in range(STEPS):
        step = np.zeros_like(found)
        step[free] = np.linalg.solve(curvature[np.ix_(free, free)], score[free])
        size = float(np.abs(step).max())
        if size < SMALLEST_STEP:
            break
        step *= min(1.0, LARGEST_STEP / size)
        # so near the top the likelihood has no digits left to climb by
        further = found + step if size < NEAR else climb(model, found, step, value)
        if further is None:
            break
        found = further
        value, score, information, curvature = penalised(model, found)
    covariance: Floats = np.linalg.inv(information).astype(np.float64)
    return Fit(found, value, covariance)


def climb(model: Model, found: Floats, step: Floats, value: float) -> Floats | None:
    """Return where the step, halved as often as needed, goes up; None when it nowhere does."""
    for halved in range(30):
        tried: Floats = found + step / 2**halved
        if penalised(model, tried)[0] > value:
            return tried
    return None


def profile(model: Model, best: Fit, log_odds: float) -> float:
    """Return the largest penalised log-likelihood with the coefficient of the treated held."""
    # from the fit along its own valley: few steps are left
    slope = best.covariance[:, TREATED] / best.covariance[TREATED, TREATED]
    start = best.coefficients + slope * (log_odds - best.coefficients[TREATED])
    start[TREATED] = log_odds
    return fitted(model, start, held=TREATED).likelihood


def end_of(above: Callable[[float], float], at: float, step: float) -> float:
    """Return where the profile comes down to its bound, on the side of ``step``; infinite when it never does."""
    near, far = at, at + step
    while above(far) > 0:
        near, far, step = far, far + step, step * 1.5
        if abs(far) > FARTHEST:
            return inf if step > 0 else -inf
    if above(near) <= 0:
        return nan if near != at else at
    return float(brentq(above, near, far, xtol=1e-9))
