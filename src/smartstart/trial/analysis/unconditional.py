"""Exact unconditional chances: of all tables that could come out, whatever the unknown risk of the control arm.

A region is the set of tables at least as far from the hypothesis as what was seen; its chance is the largest over the
nuisance risk, found on a grid even in the angle asin √p and made finer around its top.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import xlog1py, xlogy

from smartstart.trial.analysis.conditional import TIE, log_choose, log_ways
from smartstart.trial.analysis.records import Bools, Counts, Floats
from smartstart.trial.analysis.score import difference_score

GRID: Final = 401  # of the nuisance risk: four points a standard error for 1,000 women in an arm
FINER: Final = 41  # points between the neighbours of the highest one, twice


def largest_chance(region: Bools, difference: float = 0.0) -> float:
    """Return the largest chance of a region of tables (treated, control), under a risk difference.

    ``region`` has shape (n₁+1, n₀+1) and holds whether each table counts.
    """
    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    inside = region.astype(float)
    angles = np.linspace(0, np.pi / 2, GRID)
    top = 0.0
    for _ in range(3):
        chances = chances_of(inside, low + (high - low) * np.sin(angles) ** 2, difference)
        at = int(chances.argmax())
        top = max(top, float(chances[at]))
        angles = np.linspace(angles[max(at - 1, 0)], angles[min(at + 1, angles.size - 1)], FINER)
    return min(1.0, top)


def chances_of(inside: Floats, control: Floats, difference: float) -> Floats:
    """Return the chance of the region at each risk of the control arm."""
    n1, n0 = inside.shape[0] - 1, inside.shape[1] - 1
    treated = np.clip(control + difference, 0, 1)
    chances: Floats = np.einsum("gj,gj->g", binomials(n1, treated) @ inside, binomials(n0, np.clip(control, 0, 1)))
    return chances


def binomials(n: int, risks: Floats) -> Floats:
    """Return the binomial chances of 0…n events, a row for each risk."""
    x, p = np.arange(n + 1, dtype=float), risks[:, None]
    chances: Floats = np.exp(log_choose(n, x) + xlogy(x, p) + xlog1py(n - x, -p))
    return chances


def fisher_of_all(n1: int, n0: int) -> Floats:
    """Return Fisher's two-sided p-value of each table (treated, control) of these arms."""
    p_values = np.ones((n1 + 1, n0 + 1))
    for events in range(1, n1 + n0):
        first = max(0, events - n0)
        ways = log_ways(Counts(first, n1, events - first, n0))
        chances = np.exp(ways - ways.max())
        order = np.sort(chances)
        upto = np.searchsorted(order, chances * (1 + TIE), side="right")
        treated = np.arange(first, first + chances.size)
        p_values[treated, events - treated] = np.cumsum(order)[upto - 1] / order.sum()
    return p_values


def score_of_all(n1: int, n0: int, difference: float = 0.0) -> Floats:
    """Return the score statistic of each table (treated, control) under a risk difference."""
    treated, control = np.arange(n1 + 1.0)[:, None], np.arange(n0 + 1.0)[None, :]
    return difference_score(treated, n1, control, n0, difference, corrected=False)
