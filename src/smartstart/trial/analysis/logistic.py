"""The logistic working model: by maximum likelihood, or with Firth's penalty where that has no end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from smartstart.trial.analysis.records import Bools, Floats

STEPS: Final = 50
PENALISED_STEPS: Final = 400  # the penalty is not in the information: the steps are safe and smaller
FURTHEST: Final = 15.0  # a linear predictor beyond this is a fitted probability of 0 or 1: the likelihood has no end


@dataclass(frozen=True)
class Logistic:
    """Coefficients (p,), the inverse of their information (p, p), and whether Firth's penalty was needed."""

    coefficients: Floats
    covariance: Floats
    penalised: bool
    converged: bool = True


def fit_logistic(event: Bools, x: Floats, weight: Floats | None = None) -> Logistic:
    """Fit by Newton and Raphson; where that separates or does not settle, by Firth's penalised likelihood.

    Firth (Biometrika 1993;80:27-38); for separation Heinze and Schemper (Stat Med 2002;21:2409-2419).
    """
    w = np.ones(len(event)) if weight is None else weight
    plain = _newton(event.astype(float), x, w, penalised=False)
    return plain if plain.converged else _newton(event.astype(float), x, w, penalised=True)


def _newton(y: Floats, x: Floats, w: Floats, *, penalised: bool) -> Logistic:
    """Climb, halving a step that does not rise; the scale of ``x`` is about one."""
    beta = np.zeros(x.shape[1])
    value, information, score = _at(beta, y, x, w, penalised=penalised)
    for _ in range(PENALISED_STEPS if penalised else STEPS):
        inverse = _inverse(information)
        if inverse is None:
            break
        step = inverse @ score
        step *= min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        for _ in range(30):
            raised, information, score = _at(beta + step, y, x, w, penalised=penalised)
            if raised >= value - 1e-12 * (1 + abs(value)):
                break
            step = step / 2
        beta, value = beta + step, raised
        if not penalised and np.abs(x[w > 0] @ beta).max() > FURTHEST:
            break
        if np.abs(step).max() < (1e-6 if penalised else 1e-10):
            final = _inverse(information)
            return Logistic(beta, np.eye(len(beta)) if final is None else final, penalised, final is not None)
    return Logistic(beta, np.full_like(information, np.nan), penalised, converged=False)


def _at(beta: Floats, y: Floats, x: Floats, w: Floats, *, penalised: bool) -> tuple[float, Floats, Floats]:
    """Return the log likelihood, its information and its score, with Firth's terms when ``penalised``."""
    eta = x @ beta
    risk = expit(eta)
    spread = w * risk * (1 - risk)
    value = float(w @ (y * eta - np.logaddexp(0, eta)))
    information = (x * spread[:, None]).T @ x
    residual = w * (y - risk)
    if penalised:
        inverse = _inverse(information)
        if inverse is None:
            return -np.inf, information, x.T @ residual
        value += 0.5 * float(np.linalg.slogdet(information)[1])
        residual = residual + spread * np.einsum("ij,jk,ik->i", x, inverse, x) * (0.5 - risk)
    return value, information, x.T @ residual


def _inverse(information: Floats) -> Floats | None:
    try:
        inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    return inverse if np.isfinite(inverse).all() and (np.diag(inverse) > 0).all() else None
