"""The figures a risk model is judged by: one formula, one small function.

Every formula takes ``event`` (bool, n), ``risk`` (float in (0, 1), n) and case weights. Called plainly it gives one
float; its ``each`` takes a matrix of weights (replicates, n) and gives one figure per row, sorting the children once.
A weight of two is the same as the child standing there twice: that is what makes a clustered bootstrap fast. A figure
that does not exist (no events, nobody flagged, perfect separation) is nan, never nought.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from math import isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from smartstart.errors import StateError, UsageError

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOP_SHARES: Final = (0.01, 0.05, 0.10, 0.20)  # the sizes of an offer that are weighed at every evaluation
SMALLEST_RISK: Final = 1e-6  # a risk of 0 or 1 has no log-odds; below one in a million no register can tell them apart
CURVE_KNOTS: Final = (0.05, 0.35, 0.65, 0.95)  # Harrell (2015), table 2.3: places of four knots
CURVE_REACH: Final = (0.01, 0.99)  # beyond these quantiles a curve rests on, and shows, a few children
CURVE_POINTS: Final = 41
CALIBRATION_GROUPS: Final = 10  # deciles, as everyone draws them
MOST_STEPS: Final = 40  # Newton needs 3 to 8; what has not arrived by then runs away
LONGEST_STEP: Final = 2.0  # in standard deviations of the design: a full step from far away may overshoot
ARRIVED: Final = 1e-7


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % limits; a limit is nan where too little was seen to give one."""

    estimate: float
    lower: float
    upper: float

    def as_dict(self) -> dict[str, float | None]:
        """Return the three numbers, None for what does not exist."""
        return {"estimate": shown(self.estimate), "lower": shown(self.lower), "upper": shown(self.upper)}


def shown(value: float) -> float | None:
    """Return a number as JSON can hold it: nan and the infinities become None."""
    return float(value) if isfinite(value) else None


class Formula:
    """A figure of ``event``, ``risk`` and weights, for one weighting (call it) or for many (``each``)."""

    def __init__(self, each: Callable[[Bools, Floats, Floats], Floats]) -> None:
        self.each = each
        self.name = each.__name__
        update_wrapper(self, each)

    def __call__(self, event: Any, risk: Any, weight: Any = None) -> float:
        """Return the figure for these children, each counted once or as often as ``weight`` says."""
        events, risks = judged(event, risk)
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(self.each(events, risks, weights_of(weight, len(risks)))[0])


def judged(event: Any, risk: Any) -> tuple[Bools, Floats]:
    """Return events and risks, both (n,), in their types.

    Raises UsageError for lengths that differ or risks outside 0 to 1, StateError without children.
    """
    events, risks = np.asarray(event).astype(bool), np.asarray(risk, dtype=np.float64)
    if events.ndim != 1 or events.shape != risks.shape:
        raise UsageError("the events and the risks of an evaluation differ in length: give one of each per child")
    if not len(risks):
        raise StateError(
            "no child has an outcome that is known at the horizon: shorten the horizon or deliver later years"
        )
    if not (np.isfinite(risks).all() and (risks >= 0).all() and (risks <= 1).all()):
        raise UsageError("a risk in the evaluation is missing or lies outside 0 to 1: give probabilities")
    return events, risks


def weights_of(weight: Any, n: int) -> Floats:
    """Return weights as a matrix (replicates, n); None counts every child once."""
    return np.ones((1, n)) if weight is None else np.atleast_2d(np.asarray(weight, dtype=np.float64))


# --- Telling apart -----------------------------------------------------------------------------------------------


@Formula
def auroc(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return the chance that a placed child had a higher risk than one that was not, ties counting half.

    Hanley & McNeil (1982), Radiology 143:29. nan without events or without others.
    """
    placed, other = _by_risk(event, risk, weights)
    below = np.cumsum(other, axis=1) - other / 2
    return _ratio((placed * below).sum(axis=1), placed.sum(axis=1) * other.sum(axis=1))


@Formula
def average_precision(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return the mean PPV over the placed children, at each one's own risk as the cut; equal risks share one cut.

    Davis & Goadrich (2006), as scikit-learn's ``average_precision_score``. Its floor is the share of events.
    """
    placed, other = (side[:, ::-1] for side in _by_risk(event, risk, weights))
    true = np.cumsum(placed, axis=1)
    flagged = true + np.cumsum(other, axis=1)
    ppv = np.divide(true, flagged, out=np.zeros_like(true), where=flagged > 0)
    return _ratio((placed * ppv).sum(axis=1), placed.sum(axis=1))


def _by_risk(event: Bools, risk: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weight of the placed and of the other children at each distinct risk, from low to high."""
    order = np.argsort(risk, kind="stable")
    ordered = risk[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    placed = np.where(event[order], weights[:, order], 0.0)
    other = weights[:, order] - placed
    return np.add.reduceat(placed, first, axis=1), np.add.reduceat(other, first, axis=1)


# --- Being near ---------------------------------------------------------------------------------------------------


@Formula
def brier(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return the mean squared distance between risk and outcome. Brier (1950), Monthly Weather Review 78:1."""
    return _ratio(weights @ (event - risk) ** 2, weights.sum(axis=1))


@Formula
def scaled_brier(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return 1 - Brier / Brier of giving everyone the share of events: 0 is no use, 1 is perfect.

    Steyerberg et al. (2010), Epidemiology 21:128. Below 0 the model is worse than the share of events.
    """
    share = _ratio(weights @ event, weights.sum(axis=1))
    return 1 - _ratio(brier.each(event, risk, weights), share * (1 - share))


@Formula
def observed_expected(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return the events that came over the events that were expected; above 1 the risks were too low."""
    return _ratio(weights @ event, weights @ risk)


@Formula
def calibration_intercept(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return calibration in the large: the intercept of a logistic fit with the log-odds of the risk as offset.

    Cox (1958), Biometrika 45:562; Van Calster et al. (2019), BMC Medicine 17:230. 0 is perfect.
    """
    return logistic_fits(np.ones((len(risk), 1)), event, weights, log_odds(risk))[:, 0]


@Formula
def calibration_slope(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return the slope of a logistic fit of the event on the log-odds of the risk; below 1 the risks are too extreme.

    Cox (1958); Van Calster et al. (2019). nan where all risks are equal or the risks separate the events perfectly.
    """
    line = log_odds(risk)
    if np.ptp(line) == 0:
        return np.full(len(weights), np.nan)
    slope = 1 + logistic_fits(np.column_stack([np.ones_like(line), line]), event, weights, line)[:, 1]
    return np.where(_separated(event, line, weights), np.nan, slope)


def _separated(event: Bools, line: Floats, weights: Floats) -> Bools:
    """Say for each weighting whether one cut on the line parts all events from all others: then no slope exists."""
    there = weights > 0
    placed, other = there & event, there & ~event
    low = np.where(placed, line, np.inf).min(axis=1), np.where(other, line, np.inf).min(axis=1)
    high = np.where(placed, line, -np.inf).max(axis=1), np.where(other, line, -np.inf).max(axis=1)
    return np.asarray((low[0] >= high[1]) | (low[1] >= high[0]), dtype=np.bool_)


@dataclass(frozen=True)
class SmoothCalibration:
    """A smoothed calibration curve for each weighting: what came true at a given risk.

    Logistic regression on a restricted cubic spline of the log-odds of the risk, with Harrell's places for four
    knots. Austin & Steyerberg (2019) smooth with loess; Austin, Harrell & Van Klaveren (2020, Statistics in Medicine
    39:2714) take such a spline. It keeps the curve between 0 and 1, follows a few hundred events without wiggling, and
    can be fitted a thousand times in a second. The knots are those of the children as they are, also in the bootstrap.
    With fewer than three distinct knots (a count of factors) the curve is a straight line in log-odds.
    """

    knots: Floats
    coefficients: Floats  # (replicates, columns); around the log-odds of the risk itself

    @classmethod
    def of(cls, event: Bools, risk: Floats, weights: Floats) -> SmoothCalibration:
        """Fit the curve for every row of weights."""
        line = log_odds(risk)
        knots = np.unique(np.quantile(line, CURVE_KNOTS)) if np.ptp(line) > 0 else np.empty(0)
        return cls(knots, logistic_fits(_columns(line, knots), event, weights, line))

    def at(self, risk: Floats) -> Floats:
        """Return the smoothed share of events at these risks (replicates, risks)."""
        from scipy.special import expit

        line = log_odds(risk)
        return np.asarray(expit(self.coefficients @ _columns(line, self.knots).T + line), dtype=np.float64)


def _columns(line: Floats, knots: Floats) -> Floats:
    """Return the columns of a restricted cubic spline (Harrell 2015, 2.4.5); no knots at all give a constant."""
    if not len(knots):
        return np.ones((len(line), 1))
    columns = [np.ones_like(line), line]
    if len(knots) >= 3:
        last, before = knots[-1], knots[-2]
        size = (last - knots[0]) ** 2
        for knot in knots[:-2]:
            tail = (last - knot) * _cubed(line - before) - (before - knot) * _cubed(line - last)
            columns.append((_cubed(line - knot) - tail / (last - before)) / size)
    return np.column_stack(columns)


def _cubed(over: Floats) -> Floats:
    return np.asarray(np.maximum(over, 0.0) ** 3, dtype=np.float64)


def ici_of(smooth: SmoothCalibration, risk: Floats, weights: Floats) -> Floats:
    """Return the ICI of curves that were fitted already."""
    return _ratio((weights * np.abs(smooth.at(risk) - risk)).sum(axis=1), weights.sum(axis=1))


@Formula
def ici(event: Bools, risk: Floats, weights: Floats) -> Floats:
    """Return the integrated calibration index: the mean distance of the smoothed curve from the diagonal.

    Austin & Steyerberg (2019), Statistics in Medicine 38:4051. It cannot be negative, so that also a perfect model has
    a small positive one; how small depends on the number of events.
    """
    return ici_of(SmoothCalibration.of(event, risk, weights), risk, weights)


def curve_grid(risk: Floats) -> Floats:
    """Return the risks at which the curve is drawn: evenly in log-odds, where all but the outer children are."""
    low, high = np.quantile(log_odds(risk), CURVE_REACH)
    return np.asarray(1 / (1 + np.exp(-np.linspace(low, high, CURVE_POINTS if high > low else 1))), dtype=np.float64)


def density(risk: Floats, grid: Floats) -> Floats:
    """Return the share of children whose risk is nearest to each point of the grid, in log-odds."""
    middle = (log_odds(grid)[1:] + log_odds(grid)[:-1]) / 2
    return np.bincount(np.searchsorted(middle, log_odds(risk)), minlength=len(grid)) / len(risk)


def risk_groups(risk: Floats, groups: int = CALIBRATION_GROUPS) -> Ints:
    """Return the calibration group of each child, 0 for the lowest risks; equal risks stay together."""
    edges = np.unique(np.quantile(risk, np.linspace(0, 1, groups + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, risk, side="left"), return_inverse=True)[1].astype(np.int64)


def group_shares(group: Ints, values: Floats, weights: Floats) -> Floats:
    """Return the mean of ``values`` within each group for every row of weights (replicates, groups)."""
    member = (group[:, None] == np.arange(group.max() + 1)).astype(np.float64)
    return _ratio(weights @ (member * values[:, None]), weights @ member)


# --- Being of use ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Flagged:
    """How many children lie above each cut, and how many of them were placed (replicates, cuts)."""

    n: Floats
    placed: Floats
    events: Floats  # (replicates,): all who were placed
    total: Floats  # (replicates,): all children

    def sensitivity(self) -> Floats:
        """Return the share of the placed children who were flagged."""
        return _ratio(self.placed, self.events[:, None])

    def ppv(self) -> Floats:
        """Return the share of the flagged children who were placed; nan where nobody was flagged."""
        return _ratio(self.placed, self.n)

    def net_benefit(self, thresholds: Floats) -> Floats:
        """Return the true positives less the false ones at the exchange rate of the threshold, per child.

        Vickers & Elkin (2006), Medical Decision Making 26:565.
        """
        odds = thresholds / (1 - thresholds)
        return _ratio(self.placed - (self.n - self.placed) * odds, self.total[:, None])


def flagged_at_risks(event: Bools, risk: Floats, weights: Floats, thresholds: Floats) -> Flagged:
    """Count the children at or above each risk threshold."""
    above = (risk[:, None] >= thresholds).astype(np.float64)
    placed = weights @ (above * event[:, None])
    return Flagged(weights @ above, placed, weights @ event, weights.sum(axis=1))


def flagged_at_shares(event: Bools, risk: Floats, weights: Floats, shares: Sequence[float]) -> Flagged:
    """Count the children in each top share of the risks; ``ceil(share * n)`` are flagged.

    Where the cut falls among equal risks, nobody is picked by the order of the rows: the placed among them count
    for the share that a blind draw would flag on average.
    """
    placed, other = (side[:, ::-1] for side in _by_risk(event, risk, weights))
    cumulated = np.cumsum(placed + other, axis=1)
    true = np.cumsum(placed, axis=1)
    total = cumulated[:, -1]
    n = np.column_stack([whole_share(share, total) for share in shares])
    found = np.column_stack([_true_among(cumulated, true, column) for column in n.T])
    return Flagged(n, found, true[:, -1], total)


def whole_share(share: float, total: Floats) -> Floats:
    """Return ``ceil(share * total)``, of which binary fractions make no one more."""
    return np.asarray(np.ceil(share * total - 1e-9), dtype=np.float64)


def _true_among(cumulated: Floats, true: Floats, n: Floats) -> Floats:
    """Return the placed among the first ``n`` children, straight between two distinct risks."""
    rows = np.arange(len(n))
    at = np.minimum((cumulated < n[:, None]).sum(axis=1), cumulated.shape[1] - 1)
    before = np.maximum(at - 1, 0)
    n_before = np.where(at > 0, cumulated[rows, before], 0.0)
    true_before = np.where(at > 0, true[rows, before], 0.0)
    part = _ratio(n - n_before, cumulated[rows, at] - n_before)
    return np.asarray(true_before + np.nan_to_num(part) * (true[rows, at] - true_before), dtype=np.float64)


def chance_of_flag(risk: Floats, share: float) -> Floats:
    """Return for each child the chance to be in the top share: 1, 0, or between for those who are equal at the cut."""
    n = float(whole_share(share, np.asarray(len(risk), dtype=np.float64)))
    ordered = np.sort(risk)
    above = len(risk) - np.searchsorted(ordered, risk, side="right")
    equal = np.searchsorted(ordered, risk, side="right") - np.searchsorted(ordered, risk, side="left")
    return np.asarray(np.clip((n - above) / equal, 0.0, 1.0), dtype=np.float64)


def net_benefit(event: Any, risk: Any, threshold: float, weight: Any = None) -> float:
    """Return the net benefit of offering to everyone at or above the threshold. Vickers & Elkin (2006)."""
    events, risks = judged(event, risk)
    cut = np.array([threshold])
    return float(flagged_at_risks(events, risks, weights_of(weight, len(risks)), cut).net_benefit(cut)[0, 0])


def treat_all(event: Any, threshold: float, weight: Any = None) -> float:
    """Return the net benefit of offering to everyone. Vickers & Elkin (2006)."""
    share = float(np.average(np.asarray(event, dtype=np.float64), weights=weight))
    return share - (1 - share) * threshold / (1 - threshold)


# --- Fitting ----------------------------------------------------------------------------------------------------------


def log_odds(risk: Floats) -> Floats:
    """Return log(risk / (1 - risk)), with the risk held at SMALLEST_RISK or more from 0 and 1."""
    held = np.clip(risk, SMALLEST_RISK, 1 - SMALLEST_RISK)
    return np.asarray(np.log(held) - np.log1p(-held), dtype=np.float64)


def logistic_fits(design: Floats, event: Bools, weights: Floats, offset: Floats) -> Floats:
    """Return the coefficients of a logistic regression for each row of weights (replicates, columns).

    Newton's method for all rows at once, from the offset itself and, where that does not arrive, from nought. A row
    without events, without others, or without a largest likelihood is nan.
    """
    basis, turn = np.linalg.qr(design)
    size = np.sqrt(len(design))
    basis, turn = basis * size, turn / size
    placed = weights @ event
    usable = (placed > 0) & (placed < weights.sum(axis=1)) & (np.abs(np.diag(turn)).min() > ARRIVED)
    turned = np.full((len(weights), basis.shape[1]), np.nan)
    turned[usable] = _newton(basis, event, weights[usable], offset, np.zeros((int(usable.sum()), basis.shape[1])))
    lost = usable & np.isnan(turned).any(axis=1)
    if lost.any():
        back = np.tile(-basis.T @ offset / len(design), (int(lost.sum()), 1))
        turned[lost] = _newton(basis, event, weights[lost], offset, back)
    return np.linalg.solve(turn, turned.T).T if usable.any() else turned


def _newton(basis: Floats, event: Bools, weights: Floats, offset: Floats, start: Floats) -> Floats:
    from scipy.special import expit

    rows, columns = len(weights), basis.shape[1]
    products = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), columns * columns)
    target = (weights * event) @ basis
    # A saturated fit has no curvature left; this much of it keeps the step finite and moves no solution.
    floor = 1e-9 * weights.sum(axis=1)[:, None, None] * np.eye(columns)
    found, arrived, going = start.copy(), np.zeros(rows, dtype=bool), np.arange(rows)
    for _ in range(MOST_STEPS):
        if not len(going):
            break
        weight = weights if len(going) == rows else weights[going]
        fitted = expit(found[going] @ basis.T + offset)
        expected = weight * fitted
        slope = target[going] - expected @ basis
        curvature = ((expected * (1 - fitted)) @ products).reshape(-1, columns, columns) + floor[going]
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        length = np.linalg.norm(step, axis=1)
        found[going] += step * np.minimum(1.0, LONGEST_STEP / np.maximum(length, ARRIVED))[:, None]
        arrived[going] = length < ARRIVED
        going = going[~arrived[going]]
    found[~arrived] = np.nan
    return found


def _ratio(above: Floats, below: Floats) -> Floats:
    """Return above / below, nan where there is nothing below."""
    whole = np.broadcast_to(below, np.shape(above))
    return np.asarray(np.divide(above, whole, out=np.full(np.shape(above), np.nan), where=whole != 0))
