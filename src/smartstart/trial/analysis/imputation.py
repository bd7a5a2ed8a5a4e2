"""Multiple imputation within the arm: outcomes (imputations, n) in which nothing that was known has changed.

The arms are imputed apart, so that no difference between them is put in or taken out. Where an arm has too little to
learn from, what is missing stays nan, and the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Bools, Floats, Ints
from smartstart.trial.analysis.wald import joined

IMPUTATIONS: Final = 50  # at least the percentage that is missing (White, Royston & Wood, Stat Med 2011;30:377-399)
EVENTS_A_COVARIATE: Final = (
    10  # fewer make a logistic model unsafe (Peduzzi et al., J Clin Epidemiol 1996;49:1373-1379)
)
LEAST_DF: Final = 5  # below this a regression is left for the arm's mean
SCALE_REFERENCE: Final = "Rubin 1987, chapter 5 (Bayesian normal regression)"
LOGISTIC_REFERENCE: Final = "Rubin 1987, chapter 5 (Bayesian logistic regression)"
BETA_REFERENCE: Final = "Rubin & Schenker, JASA 1986;81:366-374 (beta draws)"
LOGISTIC: Final = "logistic regression"
BETA: Final = "beta draws by stratum"
_WEAK: Final = 0.1  # prior precision of a standardised coefficient: keeps it finite when the arms of a table are empty


@dataclass(frozen=True)
class Imputed:
    """Imputed outcomes (imputations, n), and in words how each arm was imputed."""

    values: Floats
    method: str
    reference: str
    note: str = ""


def impute_scales(
    outcome: Floats,
    treated: Bools,
    covariates: Floats,
    *,
    intermediate: Floats | None = None,
    m: int = IMPUTATIONS,
    seed: int,
) -> Imputed:
    """Return ``m`` imputations of a scale by Bayesian normal regression within the arm.

    ``outcome`` is nan where it is not known; ``covariates`` (n, k) are complete and hold the nulmeting. Of women whose
    ``intermediate`` wave is known it is a predictor too; the others are imputed without it. Values are not cut off at
    the ends of the scale, as that would bias the mean.
    """
    _judge(m, len(outcome), covariates)
    rng = np.random.default_rng(seed)
    values = np.tile(outcome, (m, 1))
    known, notes = np.isfinite(outcome), []
    waves = [(np.ones(len(outcome), bool), covariates)]
    if intermediate is not None:
        seen = np.isfinite(intermediate)
        waves = [(~seen, covariates), (seen, np.column_stack([covariates, np.where(seen, intermediate, 0.0)]))]
    for arm in _in_order(treated):
        for whose, predictors in waves:
            ask = arm & whose & ~known
            if not ask.any():
                continue
            # who lacks the intermediate wave is imputed from all of her arm, as the covariates are known of all
            learn = arm & known & (whose if predictors is not covariates else True)
            x, note = _enough(predictors, learn)
            if x is None and predictors is not covariates:
                learn = arm & known
                x, note = _enough(covariates, learn)
            notes.append(note)
            if x is not None:
                values[:, ask] = _normal_draws(x[learn], outcome[learn], x[ask], m, rng)
    words = f"multiple imputation within arm by normal regression, {m} times"
    return Imputed(values, words, SCALE_REFERENCE, joined(*notes))


def impute_events(
    outcome: Floats,
    treated: Bools,
    *,
    covariates: Floats | None = None,
    stratum: Ints | None = None,
    m: int = IMPUTATIONS,
    log_odds: tuple[float, float] = (0.0, 0.0),
    seed: int,
) -> Imputed:
    """Return ``m`` imputations of an event (0, 1, or nan where it is not known) within the arm.

    The rule, for each arm: logistic regression on ``covariates`` when it has at least EVENTS_A_COVARIATE events and as
    many women without for each coefficient; else beta draws by ``stratum``, whose prior is worth one woman with the
    arm's own risk, so that a small stratum borrows from its arm and not from one half. ``log_odds`` are added for the
    missing women of the treated and of the control arm (delta adjustment).
    """
    _judge(m, len(outcome), covariates)
    rng = np.random.default_rng(seed)
    values = np.tile(outcome, (m, 1))
    known, event = np.isfinite(outcome), outcome == 1
    within = np.zeros(len(outcome), np.int64) if stratum is None else stratum
    coefficients = 1 + (0 if covariates is None else covariates.shape[1])
    rules, notes = set(), []
    for arm in _in_order(treated):
        delta = log_odds[0] if treated[arm].any() else log_odds[1]
        learn, ask = arm & known, arm & ~known
        if not ask.any():
            continue
        if not learn.any():
            notes.append("An arm has no woman whose outcome is known: it was not imputed.")
            continue
        events = int(event[learn].sum())
        if covariates is not None and min(events, int(learn.sum()) - events) >= EVENTS_A_COVARIATE * coefficients:
            rules.add(LOGISTIC)
            risk = _logistic_risks(covariates, event, learn, ask, (m, rng))
        else:
            rules.add(BETA)
            risk = _beta_risks(event, within, learn, ask, (m, rng))
        odds = risk / np.maximum(1 - risk, 1e-300) * np.exp(delta)
        values[:, ask] = rng.random(risk.shape) < odds / (1 + odds)
    words = f"multiple imputation within arm by {' and '.join(sorted(rules)) or 'nothing, as all is known'}, {m} times"
    reference = "; ".join(
        text for rule, text in ((LOGISTIC, LOGISTIC_REFERENCE), (BETA, BETA_REFERENCE)) if rule in rules
    )
    return Imputed(values, words, reference, joined(*notes))


def _in_order(treated: Bools) -> tuple[Bools, Bools]:
    """Return both arms, that of the first woman first: which of them is called treated must not change a draw."""
    first = treated == treated[0] if len(treated) else treated
    return first, ~first


def _judge(m: int, n: int, covariates: Floats | None) -> None:
    if m < 1:
        raise UsageError("The number of imputations must be 1 or more.")
    if covariates is not None and (len(covariates) != n or not np.isfinite(covariates).all()):
        raise UsageError("A covariate is not known for every woman: fill it by the plan's rule first.")


def _enough(predictors: Floats, learn: Bools) -> tuple[Floats | None, str]:
    """Return the predictors that the women can carry, with an intercept: all, none, or nothing at all."""
    n = int(learn.sum())
    full = np.column_stack([np.ones(len(learn)), predictors])
    if n - full.shape[1] >= LEAST_DF:
        return full, ""
    if n >= 2:
        return full[:, :1], "An arm is too small for a regression: it was imputed by its mean and spread."
    return None, "An arm has fewer than two women whose outcome is known: it was not imputed."


def _normal_draws(x: Floats, y: Floats, asked: Floats, m: int, rng: np.random.Generator) -> Floats:
    """Return (m, asked) draws from the posterior predictive of a normal regression with a flat prior."""
    left, sizes, right = np.linalg.svd(x, full_matrices=False)
    kept = sizes > 1e-10 * sizes.max()  # collinear predictors share what they tell
    basis = right[kept].T / sizes[kept]  # the columns of x @ basis are orthonormal
    fitted = left[:, kept].T @ y
    rest = float(((y - left[:, kept] @ fitted) ** 2).sum())
    sigma = np.sqrt(rest / rng.chisquare(max(len(y) - int(kept.sum()), 1), size=(m, 1)))
    drawn = fitted + sigma * rng.standard_normal((m, int(kept.sum())))
    return np.asarray(drawn @ (asked @ basis).T + sigma * rng.standard_normal((m, len(asked))))


def _logistic_risks(
    covariates: Floats, event: Bools, learn: Bools, ask: Bools, draws: tuple[int, np.random.Generator]
) -> Floats:
    """Return (m, asked) risks from the large-sample posterior of a logistic regression with a weak prior."""
    m, rng = draws
    spread = covariates[learn].std(axis=0)
    x = (covariates - covariates[learn].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    x = np.column_stack([np.ones(len(x)), np.where(spread > 0, x, 0.0)])
    prior = np.diag([0.0, *np.full(x.shape[1] - 1, _WEAK)])
    beta = np.zeros(x.shape[1])
    precision = np.eye(x.shape[1])
    for _ in range(50):
        risk = expit(x[learn] @ beta)
        precision = x[learn].T @ (x[learn] * (risk * (1 - risk))[:, None]) + prior
        step = np.linalg.lstsq(precision, x[learn].T @ (event[learn] - risk) - prior @ beta, rcond=None)[0]
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 2)  # no step so long that it overshoots
        if np.abs(step).max() < 1e-8:
            break
    values, vectors = np.linalg.eigh(precision)
    root = vectors / np.sqrt(np.maximum(values, 1e-9))
    drawn = beta + rng.standard_normal((m, len(beta))) @ root.T
    return np.asarray(expit(drawn @ x[ask].T), dtype=float)


def _beta_risks(
    event: Bools, stratum: Ints, learn: Bools, ask: Bools, draws: tuple[int, np.random.Generator]
) -> Floats:
    """Return (m, asked) risks: one of the arm by Jeffreys' prior, and one of each stratum around it."""
    m, rng = draws
    events, n = int(event[learn].sum()), int(learn.sum())
    of_arm = rng.beta(events + 0.5, n - events + 0.5, size=m)
    risks = np.empty((m, int(ask.sum())))
    for one in np.unique(stratum[ask]):
        here = learn & (stratum == one)
        events, n = int(event[here].sum()), int(here.sum())
        of_stratum = rng.beta(events + np.maximum(of_arm, 1e-12), n - events + np.maximum(1 - of_arm, 1e-12))
        risks[:, stratum[ask] == one] = of_stratum[:, None]
    return risks
