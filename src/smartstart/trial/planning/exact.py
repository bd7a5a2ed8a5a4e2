"""Exact power for two risks: every table that could come out is gone through.

A region holds, for each table (first arm, second arm), whether the two-sided test rejects; power is its chance.
"""

from __future__ import annotations

from math import ceil, sqrt
from typing import Final

import numpy as np
from scipy.special import bdtr, gammaln, xlog1py, xlogy

from smartstart.trial.analysis.conditional import TIE
from smartstart.trial.analysis.records import Bools, Floats
from smartstart.trial.analysis.unconditional import GRID, binomials, fisher_of_all, largest_chance
from smartstart.trial.planning.scale import ALPHA

BOSCHLOO_TABLES: Final = 62_500  # 250 by 250 women; above it Fisher's test, whose region is not searched for
NEGLIGIBLE: Final = 1e-12  # a chance that is left out of an exact power
MOST_TABLES: Final = 4_000_000  # that Fisher's test goes through for one power


def exact_power(risk: float, other: float, arms: tuple[int, int], *, alpha: float = ALPHA) -> float | None:
    """Return the chance that the trial's exact test rejects, or None where there are too many tables.

    ``other`` is of the first arm, ``risk`` of the second. The test goes by the size of the arms alone: Boschloo's up
    to ``BOSCHLOO_TABLES`` tables, above it Fisher's, which never has more power.
    """
    if min(arms) < 1:
        return 0.0
    if test_for(arms) == "boschloo":
        return power_of(boschloo_region(*arms, alpha), other, risk)
    return fisher_power(risk, other, arms, alpha=alpha)


def test_for(arms: tuple[int, int]) -> str:
    """Return the name of the exact test for arms of this size."""
    return "boschloo" if (arms[0] + 1) * (arms[1] + 1) <= BOSCHLOO_TABLES else "fisher"


def power_of(region: Bools, other: float, risk: float) -> float:
    """Return the chance of a region when the first arm has risk ``other`` and the second ``risk``."""
    first = binomials(region.shape[0] - 1, np.array([other]))[0]
    second = binomials(region.shape[1] - 1, np.array([risk]))[0]
    return min(1.0, float(first @ region.astype(float) @ second))


def boschloo_region(first: int, second: int, alpha: float) -> Bools:
    """Return the tables that Boschloo's test rejects: the largest region of Fisher p-values whose size is ``alpha``.

    Boschloo, Stat Neerl 1970;24:1. Tables beyond Fisher's own region are added in the order of their p-values while
    the size on the grid of the control's risk holds; the last step is judged on the finer grid of the trial's test.
    """
    p_values = fisher_of_all(first, second)
    order = np.unique(p_values)
    levels = [float(p) for p in order[np.append(True, order[1:] > order[:-1] * (1 + TIE))]]
    place = _last_level_on_grid(p_values, levels, alpha)
    while place >= 0:
        region: Bools = p_values <= levels[place] * (1 + 2 * TIE)
        if levels[place] <= alpha or largest_chance(region) <= alpha * (1 + TIE):
            return region
        place -= 1
    return np.zeros(p_values.shape, dtype=np.bool_)


def fisher_power(risk: float, other: float, arms: tuple[int, int], *, alpha: float = ALPHA) -> float | None:
    """Return the exact power of Fisher's test for large arms: only tables that can be expected are gone through.

    None where even these are too many. What is left out has a chance below ``NEGLIGIBLE`` for each arm and side.
    """
    (low1, high1), (low2, high2) = (_expected(n, p) for n, p in zip(arms, (other, risk), strict=True))
    if (high1 - low1 + 1) * (high2 - low2 + 1) > MOST_TABLES:
        return None
    chances1 = _chances(arms[0], other, (low1, high1))
    chances2 = _chances(arms[1], risk, (low2, high2))
    found = 0.0
    for events in range(low1 + low2, high1 + high2 + 1):
        rejected, least = _rejected(events, arms, alpha)
        if rejected is None:
            continue
        x = np.arange(max(low1, events - high2), min(high1, events - low2) + 1)
        inside = rejected[x - least]
        found += float(chances1[x[inside] - low1] @ chances2[events - x[inside] - low2])
    return min(1.0, found)


def _last_level_on_grid(p_values: Floats, levels: list[float], alpha: float) -> int:
    """Return the last level whose region keeps its size on the grid: chances are added table by table."""
    n1, n2 = p_values.shape[0] - 1, p_values.shape[1] - 1
    risks = np.sin(np.linspace(0, np.pi / 2, GRID)) ** 2
    first, second = binomials(n1, risks), binomials(n2, risks)
    base = max([k for k, level in enumerate(levels) if level <= alpha], default=-1)
    inside = p_values <= (levels[base] * (1 + 2 * TIE) if base >= 0 else -1.0)
    sizes = np.einsum("gj,gj->g", first @ inside.astype(float), second)
    place = base
    for k in range(base + 1, len(levels)):
        added = (p_values <= levels[k] * (1 + 2 * TIE)) & ~inside
        x1, x2 = np.nonzero(added)
        sizes = sizes + np.einsum("gk,gk->g", first[:, x1], second[:, x2])
        if sizes.max() > alpha * (1 + TIE):
            break
        inside |= added
        place = k
    return place


def _expected(n: int, risk: float) -> tuple[int, int]:
    """Return from and up to how many events can be expected in an arm."""
    if risk <= 0:
        return 0, 0
    spread = 8 * sqrt(n * risk * (1 - risk)) + 16
    low, high = max(0, int(n * risk - spread)), min(n, ceil(n * risk + spread))
    while low and bdtr(low - 1, n, risk) > NEGLIGIBLE:
        low -= 1
    return low, high


def _chances(n: int, risk: float, ends: tuple[int, int]) -> Floats:
    x = np.arange(ends[0], ends[1] + 1, dtype=float)
    chances: Floats = np.exp(_log_choose(n, x) + xlogy(x, risk) + xlog1py(n - x, -risk))
    return chances


def _rejected(events: int, arms: tuple[int, int], alpha: float) -> tuple[Bools | None, int]:
    """Return which events of the first arm Fisher's test rejects, from the least possible on, given all events."""
    first, second = arms
    least, most = max(0, events - second), min(first, events)
    if least == most:
        return None, least
    x = np.arange(least, most + 1, dtype=float)
    ways = _log_choose(first, x) + _log_choose(second, events - x)
    chances = np.exp(ways - ways.max())
    order = np.sort(chances)
    upto = np.searchsorted(order, chances * (1 + TIE), side="right")
    p_values = np.cumsum(order)[upto - 1] / order.sum()
    return p_values <= alpha * (1 + TIE), least


def _log_choose(n: int, x: Floats) -> Floats:
    ways: Floats = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return ways
