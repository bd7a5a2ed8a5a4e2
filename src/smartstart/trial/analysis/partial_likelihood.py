"""Cox's partial likelihood with Efron's ties, by stratum: its value, score, information and the women's parts of it.

Cox (J R Stat Soc B 1972;34:187-220); ties: Efron (JASA 1977;72:557-565); robust variance: Lin and Wei (JASA
1989;84:1074-1078). Sorted once; nothing here loops over women, times or strata.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from smartstart.trial.analysis.records import Bools, Floats, Ints

STEPS: Final = 40
LOST: Final = 1e-13  # a risk set that weighs less than this share of all is rounding
FURTHEST: Final = 12.0  # a linear predictor beyond this means that the likelihood has no end


@dataclass(frozen=True)
class RiskSets:
    """Women sorted by stratum and time: who is at risk when.

    ``group`` numbers the distinct pairs of stratum and time, one number a woman. ``start`` is where a group starts,
    ``end`` where its stratum ends, ``first`` the first group of its stratum. ``tied`` has the group of each event,
    ``part`` Efron's share of the tied events that has left: 0, 1/d, ... (d - 1)/d.
    """

    order: Ints
    event: Bools
    weight: Floats
    group: Ints
    start: Ints
    end: Ints
    first: Ints
    tied: Ints
    part: Floats
    mean_weight: Floats

    def at_risk(self, of_women: Floats) -> Floats:
        """Return for each group the sum over those at risk of a column (n,) or columns (n, k)."""
        running = np.concatenate([np.zeros_like(of_women[:1]), np.cumsum(of_women, axis=0)])
        total: Floats = running[self.end] - running[self.start]
        return total

    def by_group(self, groups: Ints, values: Floats) -> Floats:
        """Return sums (groups, k) of values (m, k) by group."""
        sums = np.zeros((len(self.start), values.shape[1]))
        for column, one in enumerate(values.T):
            sums[:, column] = np.bincount(groups, weights=one, minlength=len(self.start))
        return sums

    def before(self, of_groups: Floats) -> Floats:
        """Return for each group the sum over the earlier groups of its stratum, (groups, k)."""
        running = np.concatenate([np.zeros_like(of_groups[:1]), np.cumsum(of_groups, axis=0)])
        total: Floats = running[:-1] - running[self.first]
        return total


@dataclass(frozen=True)
class Likelihood:
    """The log likelihood at some coefficients, its score (k,), information (k, k) and the women's scores (n, k)."""

    value: float
    score: Floats
    information: Floats
    scores: Floats


def risk_sets(time: Floats, event: Bools, stratum: Ints | None, weight: Floats | None) -> RiskSets:
    """Sort women by stratum and time, and find who is at risk when."""
    n = len(time)
    label = np.zeros(n, dtype=np.int64) if stratum is None else np.unique(stratum, return_inverse=True)[1]
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    order = np.lexsort((time, label))
    time, label, event, w = time[order], label[order], event[order], w[order]
    fresh = np.ones(n, dtype=bool)
    fresh[1:] = (np.diff(time) != 0) | (np.diff(label) != 0)
    group, start = np.cumsum(fresh) - 1, np.flatnonzero(fresh)
    stratum_of_group = label[start]
    first = np.searchsorted(stratum_of_group, stratum_of_group, side="left")
    end = np.searchsorted(label, stratum_of_group, side="right")
    counts = event & (w > 0)
    tied = group[counts]
    deaths = np.bincount(tied, minlength=len(start))
    place = np.arange(len(tied)) - (np.cumsum(deaths) - deaths)[tied]
    weights = np.bincount(group[counts], weights=w[counts], minlength=len(start))
    return RiskSets(
        order, counts, w, group, start, end, first, tied, place / deaths[tied], weights[tied] / deaths[tied]
    )


def likelihood(sets: RiskSets, x: Floats, beta: Floats, offset: Floats) -> Likelihood:
    """Return the partial likelihood at ``beta``; ``x`` (n, k) and ``offset`` (n,) stand in the order of the sets."""
    eta = x @ beta + offset
    eta = eta - eta.max()
    relative = np.exp(eta)
    r = sets.weight * relative
    sums = np.column_stack([r, r[:, None] * x])
    leaving = sets.by_group(sets.group[sets.event], sums[sets.event])[sets.tied]
    left = sets.at_risk(sums)[sets.tied] - sets.part[:, None] * leaving
    if (left[:, 0] <= LOST * r.sum()).any():
        return Likelihood(-np.inf, np.zeros_like(beta), np.zeros((len(beta), len(beta))), np.zeros_like(x))
    total, mean = left[:, 0], left[:, 1:] / left[:, :1]
    hazard = sets.mean_weight / total
    value = float(sets.weight[sets.event] @ eta[sets.event] - sets.mean_weight @ np.log(total))
    full, own = _hazards(sets, hazard, mean)
    cumulative = sets.before(full)[sets.group] + np.where(sets.event[:, None], own[sets.group], full[sets.group])
    information = (x * (r * cumulative[:, 0])[:, None]).T @ x - (mean * sets.mean_weight[:, None]).T @ mean
    deaths = np.bincount(sets.tied, minlength=len(sets.start))
    usual = sets.by_group(sets.tied, mean) / np.maximum(deaths, 1)[:, None]
    observed = np.where(sets.event[:, None], x - usual[sets.group], 0.0)
    scores = observed - relative[:, None] * (x * cumulative[:, :1] - cumulative[:, 1:])
    return Likelihood(value, sets.weight @ scores, information, scores)


def _hazards(sets: RiskSets, hazard: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Return by group the hazard and hazard times mean, (groups, 1 + k): for all at risk, and for the tied ones."""
    steps = np.column_stack([hazard, hazard[:, None] * mean])
    return sets.by_group(sets.tied, steps), sets.by_group(sets.tied, (1 - sets.part)[:, None] * steps)


def maximise(sets: RiskSets, x: Floats, offset: Floats) -> tuple[Floats, Likelihood] | None:
    """Return the coefficients of the highest likelihood, or None when there are none (it rises without end)."""
    beta = np.zeros(x.shape[1])
    at = likelihood(sets, x, beta, offset)
    if not np.isfinite(at.value):
        return None
    for _ in range(STEPS):
        if not x.shape[1]:
            return beta, at
        try:
            step = np.linalg.solve(at.information, at.score)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(step).all():
            return None
        step *= min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-300))
        raised = likelihood(sets, x, beta + step, offset)
        for _ in range(30):
            if raised.value >= at.value - 1e-11 * (1 + abs(at.value)):
                break
            step = step / 2
            raised = likelihood(sets, x, beta + step, offset)
        if not np.isfinite(raised.value):
            return None
        beta, at = beta + step, raised
        if np.abs(x @ beta).max() > FURTHEST:
            return None
        if np.abs(step).max() < 1e-9:
            return (beta, at) if (np.linalg.eigvalsh(at.information) > 1e-9).all() else None
    return None
