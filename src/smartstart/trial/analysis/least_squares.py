"""The arm's coefficient in a linear model, with a variance that holds whatever the spread in the arms.

Every variance here is a sandwich over clusters; a woman alone is a cluster of one. That makes HC2 the same formula as
CR2, and gives both their degrees of freedom. HC2: MacKinnon and White, J Econometrics 1985;29:305-325; CR2 and its
degrees of freedom: Pustejovsky and Tipton, J Bus Econ Stat 2018;36:672-683.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np

from smartstart.trial.analysis.columns import Columns
from smartstart.trial.analysis.records import Bools, Floats, Ints

FULL: Final = 1 - 1e-9  # a leverage from here on is 1: the fit goes through the point, which tells no variance


@dataclass(frozen=True)
class ArmEffects:
    """The arm's coefficient for each of q outcomes, their covariance (q, q) and its degrees of freedom."""

    effects: Floats
    covariance: Floats
    df: float


@dataclass(frozen=True)
class _Fitted:
    basis: Floats  # (n, p), orthonormal, of the weighted columns
    residuals: Floats  # (n, q), weighted
    direction: Floats  # (n,): the effect is direction @ weighted outcome
    effects: Floats


def arm_effects(
    outcomes: Floats,
    treated: Bools,
    columns: Columns,
    *,
    cluster: Ints | None = None,
    weight: Floats | None = None,
    variance: str = "hc2",
) -> ArmEffects:
    """Regress each of the outcomes (n, q) on arm and columns by (weighted) least squares.

    ``variance``: "ols" with one variance for all; "hc0" to "hc3" (MacKinnon and White, J Econometrics
    1985;29:305-325), which with clusters become CR0 to CR3 (Bell and McCaffrey, Survey Methodology 2002;28:169-181;
    Pustejovsky and Tipton, J Bus Econ Stat 2018;36:672-683). HC2 and CR2 come with the Satterthwaite degrees of
    freedom of Bell and McCaffrey, the others with those of the residuals (clusters: their number less two).
    """
    root = np.ones(len(treated)) if weight is None else np.sqrt(weight)
    fit = _fitted(outcomes, treated, columns, root)
    used, p = int(np.count_nonzero(root)), columns.k + 2
    q = outcomes.shape[1]
    if used <= p:
        return ArmEffects(fit.effects, np.full((q, q), nan), nan)
    if variance == "ols":
        spread = fit.residuals.T @ fit.residuals / (used - p)
        return ArmEffects(fit.effects, spread * float(fit.direction @ fit.direction), float(used - p))
    labels = np.arange(len(treated)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    return _sandwich(fit, labels[root > 0], root > 0, variance, alone=cluster is None)


def _fitted(outcomes: Floats, treated: Bools, columns: Columns, root: Floats) -> _Fitted:
    x = np.column_stack([np.ones(len(treated)), columns.matrix, treated.astype(float)]) * root[:, None]
    basis, upper = np.linalg.qr(x)
    y = outcomes * root[:, None]
    direction = basis[:, -1] / upper[-1, -1]  # the arm stands last: its coefficient is the last of Q'y over R's corner
    return _Fitted(basis, y - basis @ (basis.T @ y), direction, direction @ y)


def _sandwich(fit: _Fitted, labels: Ints, used: Bools, variance: str, *, alone: bool) -> ArmEffects:
    basis, residuals, direction = fit.basis[used], fit.residuals[used], fit.direction[used]
    scores, contrasts, squares = _cluster_scores(basis, residuals, direction, labels, _power(variance))
    groups, (n, p) = len(scores), basis.shape
    covariance = scores.T @ scores
    if variance == "hc1":
        covariance = covariance * (n / (n - p) if alone else groups / max(groups - 1, 1) * (n - 1) / (n - p))
    df = _satterthwaite(contrasts, squares) if variance == "hc2" else float(n - p if alone else groups - 2)
    enough = groups > 2 and np.isfinite(df) and df > 0
    return ArmEffects(fit.effects, covariance if enough else np.full_like(covariance, nan), df if enough else nan)


def _power(variance: str) -> float:
    """Return the power of (I - H) by which the residuals of a cluster are blown up."""
    return {"hc2": -0.5, "hc3": -1.0}.get(variance, 0.0)


def _cluster_scores(
    basis: Floats, residuals: Floats, direction: Floats, labels: Ints, power: float
) -> tuple[Floats, Floats, Floats]:
    """Return for each cluster its part of the error (g, q), its row of basis' u (g, p) and u'u, with u = A z.

    A is (I - H) of the cluster to ``power``, taken by the singular values of the cluster's rows of the basis, so that
    a large cluster costs no more than its rows. Clusters of one size are taken together.
    """
    order = np.argsort(labels, kind="stable")
    _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    scores = np.empty((len(sizes), residuals.shape[1]))
    contrasts = np.empty((len(sizes), basis.shape[1]))
    squares = np.empty(len(sizes))
    for size in np.unique(sizes):
        which = np.flatnonzero(sizes == size)
        rows = order[starts[which][:, None] + np.arange(size)[None, :]]  # (c, size)
        u = _blown_up(basis[rows], direction[rows], power)
        scores[which] = np.einsum("cm,cmq->cq", u, residuals[rows])
        contrasts[which] = np.einsum("cm,cmp->cp", u, basis[rows])
        squares[which] = np.einsum("cm,cm->c", u, u)
    return scores, contrasts, squares


def _blown_up(basis: Floats, direction: Floats, power: float) -> Floats:
    """Return (I - BB')^power z for each cluster: ``basis`` B (c, m, p), ``direction`` z (c, m)."""
    if power == 0.0:
        return direction
    if basis.shape[1] == 1:
        leverage = np.einsum("cmp,cmp->c", basis, basis)
        return direction * _to_the_power(leverage, power)[:, None]
    left, values, _ = np.linalg.svd(basis, full_matrices=False)
    extra = _to_the_power(values**2, power) - 1.0
    along = np.einsum("cmk,cm->ck", left, direction)
    blown: Floats = direction + np.einsum("cmk,ck->cm", left, extra * along)
    return blown


def _to_the_power(leverage: Floats, power: float) -> Floats:
    full = leverage >= FULL  # the generalised inverse: such a residual is zero and stays out
    return np.where(full, 0.0, (1.0 - np.where(full, 0.0, leverage)) ** power)


def _satterthwaite(contrasts: Floats, squares: Floats) -> float:
    """Return (tr G)² / tr(G²) for the matrix G with u_c'u_c - v_c'v_c on, and -v_c'v_d off its diagonal."""
    lengths = np.einsum("cp,cp->c", contrasts, contrasts)
    trace = float((squares - lengths).sum())
    crossed = contrasts.T @ contrasts
    trace_of_square = float((squares**2 - 2 * squares * lengths).sum() + (crossed**2).sum())
    scale = float(squares.sum())
    return trace**2 / trace_of_square if trace_of_square > 1e-12 * scale**2 else nan
