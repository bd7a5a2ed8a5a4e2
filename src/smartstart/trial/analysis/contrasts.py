"""The statistics of a randomisation test: one number for each re-draw, all at once.

Each factory looks at the outcome and the covariates once, without the arms, so that one fit serves all re-draws.
Women whose outcome is not known are drawn again with the others, and count in no mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Bools, Floats, Ints

Statistic = Callable[[Bools], Floats]  # (re-draws, women) -> (re-draws,); nan where an arm has nobody
_CELLS: Final = 4_000_000  # women times re-draws that are turned into numbers at once


def difference_in_means(outcome: Floats, *, covariates: Floats | None = None, stratum: Ints | None = None) -> Statistic:
    """Return the difference of the arms' mean outcome, treated minus control.

    With ``covariates`` or ``stratum`` it is that of the residuals of the outcome on them, fitted without the arms
    (Rosenbaum, Stat Sci 2002;17:286-327).
    """
    known = np.isfinite(outcome)
    residual = residuals(outcome, covariates=covariates, stratum=stratum)

    def statistic(treated: Bools) -> Floats:
        n_treated, n_control, s_treated, s_control = _by_arm(treated, known, residual[:, None])
        return _mean(s_treated[:, 0], n_treated) - _mean(s_control[:, 0], n_control)

    return statistic


def log_rank_score(time: Floats, event: Bools, *, stratum: Ints | None = None) -> Statistic:
    """Return the log-rank statistic, observed minus expected events of the treated (Peto & Peto, JRSS A 1972;135:185).

    Each woman's score is her event minus the cumulative hazard of her stratum at her time, whatever the arms. Raises
    UsageError when a time is not known.
    """
    if not np.isfinite(time).all():
        raise UsageError("A time is not known: give each woman the time until which she was followed.")
    within = np.zeros(len(time), np.int64) if stratum is None else stratum
    score = np.zeros(len(time))
    for one in np.unique(within):
        here = within == one
        score[here] = event[here] - _hazard_at(time[here], event[here])

    def statistic(treated: Bools) -> Floats:
        return _sums(treated, score[:, None])[:, 0]

    return statistic


def residuals(outcome: Floats, *, covariates: Floats | None = None, stratum: Ints | None = None) -> Floats:
    """Return the outcome (n,) minus what stratum and covariates (n, k) tell of it (least squares); 0 where not known.

    Raises UsageError when a covariate is not known.
    """
    known = np.isfinite(outcome)
    if covariates is not None and not np.isfinite(covariates).all():
        raise UsageError("A covariate is not known for every woman: fill it by the plan's rule first.")
    within = np.zeros(len(outcome), np.int64) if stratum is None else stratum
    names, place = np.unique(within[known], return_inverse=True)
    left = np.zeros(len(outcome))
    if not known.any():
        return left
    y = _centred(outcome[known], place, len(names))
    if covariates is not None and covariates.size:
        x = np.column_stack([_centred(column, place, len(names)) for column in covariates[known].T])
        y = y - x @ np.linalg.lstsq(x, y, rcond=1e-10)[0]  # collinear ones share what they tell
    left[known] = y
    return left


def _centred(values: Floats, place: Ints, groups: int) -> Floats:
    means = np.bincount(place, values, minlength=groups) / np.bincount(place, minlength=groups)
    return np.asarray(values - means[place])


def _hazard_at(time: Floats, event: Bools) -> Floats:
    """Return the cumulative hazard at each time (Nelson, Technometrics 1972;14:945; Aalen, Ann Stat 1978;6:701)."""
    times, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, event, minlength=len(times))
    at_risk = np.bincount(place, minlength=len(times))[::-1].cumsum()[::-1]
    return np.asarray(np.cumsum(events / at_risk)[place])


def _by_arm(treated: Bools, known: Bools, values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return women and sums of the treated and of the control arm, among the women whose outcome is known."""
    found = _sums(treated, np.column_stack([known.astype(float), values]))
    n_treated, s_treated = found[:, 0], found[:, 1:]
    return n_treated, known.sum() - n_treated, s_treated, values.sum(axis=0) - s_treated


def _sums(treated: Bools, values: Floats) -> Floats:
    size = max(_CELLS // max(treated.shape[1], 1), 1)
    parts = [treated[first : first + size].astype(float) @ values for first in range(0, len(treated), size)]
    return np.concatenate(parts) if parts else np.zeros((0, values.shape[1]))


def _mean(total: Floats, n: Floats) -> Floats:
    return np.divide(total, n, out=np.full_like(total, np.nan), where=n > 0)
