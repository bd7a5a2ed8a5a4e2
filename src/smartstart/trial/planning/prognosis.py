"""What a prognostic score saves: of the variance, and so of the women and the years."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import expit, ndtri

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Floats

WOMEN: Final = 100_000  # simulated, to learn what a score of a certain AUC can tell
LARGEST_AUC: Final = 0.999


def judge_score(r2: float | None, auc: float | None) -> None:
    """Raise UsageError where no score can be so good, or so bad. R² is itself the share of the variance saved."""
    if r2 is not None and not 0 <= r2 < 1:
        raise UsageError("--r2: give a share of the variance from 0 up to, not including, 1.")
    if auc is not None and not 0.5 <= auc <= LARGEST_AUC:
        raise UsageError(f"--auc: give a number from 0.5 (tells nothing) to {LARGEST_AUC}.")


def saved_by_auc(risk: float, auc: float, generator: np.random.Generator, *, women: int = WOMEN) -> float:
    """Return the share of an event's variance that a perfectly calibrated score with this AUC saves.

    The score's log odds are normal over simulated women, their mean and spread such that the mean risk and the AUC
    are those asked for. What it saves is var(p) / (risk (1 - risk)): what covariates explain of a 0/1 outcome.
    """
    judge_score(None, auc)
    if auc == 0.5:
        return 0.0
    scores = ndtri((np.arange(women) + generator.uniform(size=women)) / women)  # one in each slice: little noise
    low, high = 0.0, 1.0
    while auc_of(_risks(scores, high, risk)) < auc and high < 64:
        low, high = high, 2 * high
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if auc_of(_risks(scores, middle, risk)) < auc else (low, middle)
    found = _risks(scores, high, risk)
    return min(1 - 1e-9, float(found.var() / (risk * (1 - risk))))


def auc_of(risks: Floats) -> float:
    """Return the AUC of calibrated risks in rising order: how often a woman with the event has the higher one."""
    without = np.cumsum(1 - risks) - 0.5 * (1 - risks)
    return float(risks @ without / (risks.sum() * (1 - risks).sum()))


def _risks(scores: Floats, spread: float, risk: float) -> Floats:
    """Return risks with this mean whose log odds have this spread."""
    low, high = -700.0, 700.0
    thinned = scores[:: max(1, scores.size // 4_000)]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(middle + spread * thinned).mean() < risk else (low, middle)
    found: Floats = expit(high + spread * scores)
    return found
