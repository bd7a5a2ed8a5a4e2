"""Two risks of the same children, side by side: is the model better than the baseline, and by how much?"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any, Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.risk.bootstrap import FEWEST_EVENTS, REPLICATES, bootstrapped, enough, percentile_interval
from smartstart.risk.metrics import Floats, Interval, auroc, brier, judged

# A model may tell apart a hair less well than a count that a midwife makes by hand if its risks are nearer the truth;
# a hundredth of AUROC is one pair in a hundred put the other way round. Owner: the programme's methodologist.
AUROC_MARGIN: Final = -0.01


@dataclass(frozen=True)
class Comparison:
    """Model less baseline on the same children; a negative difference of Brier speaks for the model."""

    model: str
    baseline: str
    n: int
    events: int
    auroc_difference: Interval
    brier_difference: Interval
    beats_baseline: bool
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as it is printed and recorded."""
        return {
            "model": self.model,
            "baseline": self.baseline,
            "n": self.n,
            "events": self.events,
            "auroc_difference": self.auroc_difference.as_dict(),
            "brier_difference": self.brier_difference.as_dict(),
            "beats_baseline": self.beats_baseline,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Risks:
    """The risks that one model gave, one per child."""

    model: str
    risk: Any


def compare(
    model: Risks, baseline: Risks, event: Any, mother: Any, rng: np.random.Generator, replicates: int = REPLICATES
) -> Comparison:
    """Compare two risks of the same children, on the same replicates of mothers.

    The rule of approval: the lower limit of the AUROC difference lies above AUROC_MARGIN *and* the Brier score is
    lower. Without events enough for a limit no model beats its baseline. Raises UsageError for lengths that differ.
    """
    events, ours = judged(event, model.risk)
    _, theirs = judged(event, baseline.risk)
    if np.shape(mother) != ours.shape:
        raise UsageError("the mothers and the risks of a comparison differ in length: give one mother per child")

    def differences(weights: Floats) -> dict[str, Floats]:
        return {
            formula.name: formula.each(events, ours, weights) - formula.each(events, theirs, weights)
            for formula in (auroc, brier)
        }

    draws = bootstrapped(differences, mother, replicates, rng)
    told_apart, nearer = (
        percentile_interval(
            formula(events, ours) - formula(events, theirs), draws[formula.name], informative=enough(events)
        )
        for formula in (auroc, brier)
    )
    beats, reason = verdict(told_apart, nearer)
    return Comparison(model.model, baseline.model, len(events), int(events.sum()), told_apart, nearer, beats, reason)


def verdict(auroc_difference: Interval, brier_difference: Interval) -> tuple[bool, str]:
    """Return whether the rule of approval is met, and the sentence that says why or why not."""
    if isnan(auroc_difference.lower):
        if auroc_difference.estimate == 0 and brier_difference.estimate >= 0:
            return False, "Both put the children in the same order and the Brier score is not lower."
        return (
            False,
            f"Too few events to compare: at least {FEWEST_EVENTS} events and {FEWEST_EVENTS} others are needed.",
        )
    apart = auroc_difference.lower > AUROC_MARGIN
    nearer = brier_difference.estimate < 0
    limit = f"the lower limit of the AUROC difference ({auroc_difference.lower:+.4f}) is"
    limit += f" above {AUROC_MARGIN}" if apart else f" not above {AUROC_MARGIN}"
    score = f"the Brier score is {'lower' if nearer else 'not lower'} ({brier_difference.estimate:+.6f})"
    if apart and nearer:
        return True, f"Beats the baseline: {limit} and {score}."
    return False, f"Does not beat the baseline: {limit} {'but' if apart != nearer else 'and'} {score}."
