"""The chance to cross boundaries at a series of looks, by recursive numerical integration.

Armitage, McPherson and Rowe, J R Stat Soc A 1969;132:235-244; Jennison and Turnbull, Group Sequential Methods with
Applications to Clinical Trials, 2000, chapter 19. The standardised statistics Z of the looks are jointly normal with
mean drift × sqrt(t) and covariance sqrt(t_j / t_k), so that the scores B = Z sqrt(t) have independent increments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf, sqrt
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

from smartstart.trial.analysis.records import Floats

_REACH: Final = 10.0  # standard deviations from the mean; beyond it lies less than 1e-22
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANEL: Final = 4.0  # standard deviations of the narrowest step for each 16 nodes: the error is below 1e-12
_TINY: Final = 1e-290
FARTHEST: Final = 37.0  # a boundary that nothing reaches


@dataclass(frozen=True)
class GoingOn:
    """Trials that go on after a look: places of the score, the probability that each stands for, and the fraction."""

    fraction: float
    score: Floats
    mass: Floats

    @property
    def probability(self) -> float:
        """Return the probability to go on."""
        return float(self.mass.sum())


START: Final = GoingOn(0.0, np.zeros(1), np.ones(1))


@dataclass(frozen=True)
class Crossing:
    """The probability at each look to stop at or above the upper boundary, and at or below the lower one."""

    above: tuple[float, ...]
    below: tuple[float, ...]


def crossing(
    fractions: Sequence[float], upper: Sequence[float], lower: Sequence[float] | None = None, drift: float = 0.0
) -> Crossing:
    """Return the exit probabilities of each look; boundaries are on the scale of Z, infinite where there is none.

    At a last look where the boundaries meet, they add up to one. ``fractions`` may be any rising amounts of
    information when ``drift`` is per square root of the same amount.
    """
    low = -inf if lower is None else lower[-1]
    earlier, going = paths(fractions[:-1], upper[:-1], None if lower is None else lower[:-1], drift, fractions[-1])
    return Crossing(
        (*earlier.above, exit_above(going, fractions[-1], upper[-1], drift)),
        (*earlier.below, exit_below(going, fractions[-1], low, drift)),
    )


def exit_above(going: GoingOn, fraction: float, z: float, drift: float = 0.0) -> float:
    """Return the probability to have gone on so far and to have Z at or above ``z`` at the look at ``fraction``."""
    return float(_tail(going, fraction, np.array([z]), drift, -1.0)[0])


def exit_below(going: GoingOn, fraction: float, z: float, drift: float = 0.0) -> float:
    """Return the probability to have gone on so far and to have Z at or below ``z`` at the look at ``fraction``."""
    return float(_tail(going, fraction, np.array([z]), drift, 1.0)[0])


def exits_above(going: GoingOn, fraction: float, z: Floats, drift: float = 0.0) -> Floats:
    """Return ``exit_above`` for many values at once."""
    return _tail(going, fraction, z, drift, -1.0)


def go_on(
    going: GoingOn, fraction: float, between: tuple[float, float], drift: float = 0.0, following: float | None = None
) -> GoingOn:
    """Return the trials whose Z lies between the boundaries at the look at ``fraction``.

    ``following`` is the fraction of the look after it: a short step needs a finer grid.
    """
    root, mean = sqrt(fraction), drift * sqrt(fraction)
    low, high = max(between[0], mean - _REACH), min(between[1], mean + _REACH)
    if low >= high or not going.mass.size:
        return GoingOn(fraction, np.zeros(0), np.zeros(0))
    step = sqrt(fraction - going.fraction)
    narrow = min(step, sqrt(following - fraction)) if following is not None and following > fraction else step
    score, weight = _grid(low * root, high * root, narrow)
    distance = (score[:, None] - going.score[None, :] - drift * (fraction - going.fraction)) / step
    density = np.exp(-0.5 * distance**2) @ going.mass / (step * sqrt(2 * np.pi))
    return GoingOn(fraction, score, weight * density)


def paths(
    fractions: Sequence[float],
    upper: Sequence[float],
    lower: Sequence[float] | None,
    drift: float,
    following: float,
) -> tuple[Crossing, GoingOn]:
    """Return the exit probabilities of these looks, and the trials that went on after the last of them.

    ``following`` is the fraction of the look to come; without looks every trial goes on.
    """
    floor = [-inf] * len(fractions) if lower is None else lower
    going, above, below = START, [], []
    for (fraction, after), high, low in zip(pairwise([*fractions, following]), upper, floor, strict=True):
        above.append(exit_above(going, fraction, high, drift))
        below.append(exit_below(going, fraction, low, drift))
        going = go_on(going, fraction, (low, high), drift, after)
    return Crossing(tuple(above), tuple(below)), going


def upper_for(going: GoingOn, fraction: float, probability: float, drift: float = 0.0) -> float:
    """Return the boundary at or above which Z ends with this probability; FARTHEST where there is none to spend."""
    if probability <= _TINY or not going.mass.size:
        return FARTHEST
    if exit_above(going, fraction, -FARTHEST, drift) <= probability:
        return -FARTHEST
    return _root(lambda z: exit_above(going, fraction, z, drift) - probability, -FARTHEST, FARTHEST)


def lower_for(going: GoingOn, fraction: float, probability: float, drift: float = 0.0) -> float:
    """Return the boundary at or below which Z ends with this probability; -FARTHEST where there is none to spend."""
    if probability <= _TINY or not going.mass.size:
        return -FARTHEST
    if exit_below(going, fraction, FARTHEST, drift) <= probability:
        return FARTHEST
    return _root(lambda z: exit_below(going, fraction, z, drift) - probability, -FARTHEST, FARTHEST)


def _tail(going: GoingOn, fraction: float, z: Floats, drift: float, sign: float) -> Floats:
    gap = fraction - going.fraction
    away = z[:, None] * sqrt(fraction) - going.score[None, :] - drift * gap
    tail: Floats = ndtr(sign * away / sqrt(gap)) @ going.mass
    return tail


def _grid(low: float, high: float, narrow: float) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights over panels from ``low`` to ``high``."""
    panels = max(1, ceil((high - low) / (_PANEL * narrow)))
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    middle = (edges[:-1, None] + edges[1:, None]) / 2
    return (middle + half * _NODES).ravel(), (half * _WEIGHTS).ravel()


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-12, rtol=1e-13))
