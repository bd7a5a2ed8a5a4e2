"""What a model is adjusted for: columns that each say something that the arm and the earlier columns do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Bools, Floats, Ints

DEPENDENT: Final = 1e-7  # a column of which less than this share of the length is new says nothing new
MANY_MISSING: Final = 0.05  # from this share on, a missing covariate gets an indicator of its own


@dataclass(frozen=True)
class Columns:
    """Columns (n, k) with mean 0 and standard deviation 1, independent of each other, the arm and the intercept."""

    matrix: Floats
    note: str = ""

    @property
    def k(self) -> int:
        """Return the number of columns."""
        return int(self.matrix.shape[1])


def model_columns(
    treated: Bools, covariates: Floats | None = None, stratum: Ints | None = None, weight: Floats | None = None
) -> Columns:
    """Return covariates and stratum indicators without the columns that repeat others.

    What repeats the arm is left out too: with it the arms could not be compared. When fewer women than columns are
    left over, nothing is adjusted for; that depends on numbers of women and columns, not on outcomes.
    Raises UsageError when a covariate has missing values or another length.
    """
    n = len(treated)
    asked = np.column_stack([as_columns(covariates, n), indicators(stratum, n)])
    if not np.isfinite(asked).all():
        raise UsageError("A covariate has missing values: fill it at its mean (filled_at_mean) or leave it out.")
    root = np.ones(n) if weight is None else np.sqrt(weight)
    kept = _independent(standardised(asked, weight), treated, root)
    repeated = asked.shape[1] - kept.shape[1]
    note = f"{repeated} columns that repeat others (or the arm, or are constant) are left out." if repeated else ""
    if np.count_nonzero(root) < 2 * (kept.shape[1] + 2) and kept.shape[1]:
        return Columns(np.empty((n, 0)), "Not adjusted: fewer than two women for each term of the model.")
    return Columns(kept, note)


def as_columns(covariates: Floats | None, n: int) -> Floats:
    """Return covariates as (n, k) numbers. Raises UsageError when their length is not that of the arm."""
    if covariates is None:
        return np.empty((n, 0))
    table = np.asarray(covariates, dtype=float)
    table = table.reshape(n, -1) if table.ndim == 1 and len(table) == n and n else table
    if table.ndim != 2 or len(table) != n:
        raise UsageError("The covariates have another number of rows than the arms: give one row a woman.")
    return table


def indicators(label: Ints | None, n: int) -> Floats:
    """Return a 0/1 column for each label but the first."""
    if label is None or n == 0:
        return np.empty((n, 0))
    levels, place = np.unique(label, return_inverse=True)
    return np.asarray(place[:, None] == np.arange(1, len(levels))[None, :], dtype=float)


def standardised(columns: Floats, weight: Floats | None = None) -> Floats:
    """Return columns with mean 0 and standard deviation 1; a constant one is 0."""
    if not columns.size:
        return columns
    scale = np.maximum(np.abs(columns).max(axis=0), np.finfo(float).tiny)
    shares = columns / scale
    centred = shares - np.average(shares, axis=0, weights=weight)
    sd = np.sqrt(np.average(centred**2, axis=0, weights=weight))
    flat = sd < DEPENDENT**1.5
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, sd))


def _independent(columns: Floats, treated: Bools, root: Floats) -> Floats:
    """Return the columns that add to the intercept, the arm and earlier ones (Gram and Schmidt, twice over)."""
    n = len(treated)
    basis = np.empty((n, columns.shape[1] + 2))
    taken, kept = 0, []
    for place, column in enumerate([np.ones(n), treated.astype(float), *columns.T]):
        new = column * root
        length = float(np.linalg.norm(new))
        for _ in range(2):
            new = new - basis[:, :taken] @ (basis[:, :taken].T @ new)
        left = float(np.linalg.norm(new))
        if length > 0 and left > DEPENDENT * length:
            basis[:, taken] = new / left
            taken += 1
            if place >= 2:
                kept.append(place - 2)
    return columns[:, kept]


def checked_arms(treated: Any, *others: Any) -> Bools:
    """Return the arm as booleans. Raises UsageError when another array has another length."""
    arm: Bools = np.asarray(treated, dtype=bool)
    if any(other is not None and len(other) != len(arm) for other in others):
        raise UsageError("The columns of a comparison have different lengths: give one value a woman in each.")
    return arm


def filled_at_mean(values: Floats) -> Floats:
    """Return a covariate with its missing values (nan) at the mean of the known ones, of both arms together.

    Where chance drew the arms this leaves the comparison of the arms unbiased, whatever the reason of the missing
    (White and Thompson, Stat Med 2005;24:993-1007). With nothing known it is 0 for all.
    """
    known = np.isfinite(values)
    return np.where(known, values, float(values[known].mean()) if known.any() else 0.0)


def filled_columns(values: Floats, *, many: float = MANY_MISSING) -> Floats:
    """Return a covariate filled at its mean and, when a share of ``many`` or more was missing, an indicator of that.

    Shape (n, 1) or (n, 2); White and Thompson (2005) as in ``filled_at_mean``.
    """
    missing = ~np.isfinite(values)
    columns = [filled_at_mean(values)]
    if missing.any() and missing.mean() >= many:
        columns.append(missing.astype(float))
    return np.column_stack(columns)
