"""Learning in time: what would have been known then teaches, what came later judges, never by the same mother."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from smartstart.risk.candidates import Candidate, Fitted, candidates, fit
from smartstart.risk.cohort import Cohort, Floats, Ints
from smartstart.risk.metrics import auroc, brier

if TYPE_CHECKING:
    import pandas as pd


class Predicts(Protocol):
    """Whatever gives a risk for each row of a frame."""

    def risk(self, frame: pd.DataFrame) -> Floats:
        """Return the risk of each row, shape (n,)."""
        ...


HELD_OUT = 0.3  # the newest share of the children whose outcome is known, kept apart to judge on
ORIGINS = (0.5, 0.75)  # of the children with a known outcome: each is a day to stand on and look ahead from
FOLDS = 3  # of mothers: who is predicted never teaches, and no mother is lost to either side for good
SIMPLER_WITHIN = 1.0  # standard errors of log loss: a model that adds up is kept unless another is surely better
FEWEST_OF_A_KIND = 5  # children with the event, and without, in a past: fewer give no baseline worth beating
LEAST_EVENTS = 10  # fewer than this in the past of an origin, and nothing can be chosen by it


@dataclass(frozen=True)
class Split:
    """Children to learn from, as known on ``day``, and the places of those to predict: born later, of other mothers."""

    day: np.datetime64
    past: Cohort
    ahead: Ints


@dataclass(frozen=True)
class Tried:
    """A candidate and how it did ahead in time: log loss per child and its standard error, over ``n`` children.

    ``auroc`` and ``brier`` are of the same children.
    """

    candidate: Candidate
    log_loss: float
    standard_error: float
    n: int
    events: int
    auroc: float
    brier: float


def splits(cohort: Cohort, shares: Sequence[float], folds: int = FOLDS, *, matured: bool = False) -> list[Split]:
    """Split at the births of the children before which these shares of the known outcomes lie, per fold of mothers.

    From each day the children born until the next are predicted, each once: by a model of what was known on that day
    of the other mothers. Only children with a known outcome are predicted. ``matured`` lets the past be known as it is
    today: for a history so short that on the day itself no outcome was known.
    """
    births = np.sort(cohort.born[cohort.known])
    days = [births[min(int(len(births) * share), len(births) - 1)] for share in shares]
    ends = [*days[1:], births[-1] + np.timedelta64(1, "D")]
    fold = fold_of(cohort.mother, folds)
    found = []
    for day, end in zip(days, ends, strict=True):
        block = cohort.known & (cohort.born >= day) & (cohort.born < end)
        for one in range(folds):
            past = cohort.where((cohort.born < day) & (fold != one))
            found.append(Split(day, past if matured else past.as_seen_on(day), np.flatnonzero(block & (fold == one))))
    return found


def teachable(found: Sequence[Split]) -> bool:
    """Tell whether every past holds outcomes enough, with and without the event, for a baseline to be learned."""
    pasts = [split.past.judged().event for split in found]
    return all(min(event.sum(), (~event).sum()) >= FEWEST_OF_A_KIND for event in pasts)


def fold_of(mother: Ints, folds: int) -> Ints:
    """Return the fold of each child, the same for all children of a mother; mixed well, and the same every time."""
    mixed = (mother.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    result: Ints = ((mixed >> np.uint64(32)) % np.uint64(folds)).astype(np.int64)
    return result


def tune(
    cohort: Cohort,
    predictors: Sequence[str],
    missing_alike: Sequence[str],
    among: Sequence[Candidate] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Tried]:
    """Try every candidate ahead in time; the best by log loss first. Raises ValueError when too little had happened."""
    found = splits(cohort, ORIGINS)
    if any((split.past.happened < cohort.horizon).sum() < LEAST_EVENTS for split in found):
        raise ValueError("too few events before an origin")
    tried = []
    for candidate in among or candidates():
        tell(f"trying {candidate.label()}")
        ahead, risk = predict_ahead(cohort, found, partial(_fit_on, candidate, predictors, missing_alike))
        event = cohort.event[ahead]
        losses = -np.where(event, np.log(risk), np.log1p(-risk))
        error = float(losses.std(ddof=1) / np.sqrt(len(losses)))
        figures = {"auroc": auroc(event, risk), "brier": brier(event, risk)}
        tried.append(Tried(candidate, float(losses.mean()), error, len(losses), int(event.sum()), **figures))
    return sorted(tried, key=lambda one: one.log_loss)


def _fit_on(candidate: Candidate, predictors: Sequence[str], missing_alike: Sequence[str], past: Cohort) -> Fitted:
    return fit(candidate, past, predictors, missing_alike)


def predict_ahead(cohort: Cohort, found: Sequence[Split], learn: Callable[[Cohort], Predicts]) -> tuple[Ints, Floats]:
    """Return (places, risks): every child that a split looks ahead to, predicted by what ``learn`` made of its past."""
    ahead = np.concatenate([split.ahead for split in found])
    risks = [learn(split.past).risk(cohort.frame.iloc[split.ahead]) for split in found]
    return ahead, np.concatenate(risks)


def best_of_kind(tried: Sequence[Tried]) -> dict[str, Tried]:
    """Return the best setting of each kind, in the order of their log loss."""
    best: dict[str, Tried] = {}
    for one in tried:
        best.setdefault(one.candidate.kind, one)
    return best


def choose(tried: Sequence[Tried], preferred: str = "logistic") -> Tried:
    """Return the candidate to keep: the best of the preferred kind, which adds up exactly, unless one is surely better.

    Surely is: its log loss is lower by more than the standard error of the preferred one's.
    """
    best = best_of_kind(tried)
    kept, first = best[preferred], tried[0]
    return first if kept.log_loss - first.log_loss > SIMPLER_WITHIN * kept.standard_error else kept
