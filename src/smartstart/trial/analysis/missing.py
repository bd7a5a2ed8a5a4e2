"""What is not known: counted by its reason, filled in many times within the arm, and tried under other assumptions.

What is not known is nan here, and never 0. Imputation supposes that the women who are missing are like those of
their own arm with the same nulmeting, covariates and earlier wave (missing at random); the tipping point asks how far
they would have to differ from these before the conclusion changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, nan, sqrt
from typing import Final

import numpy as np
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import LEVEL, Bools, Counts, Estimate, Floats

NO_REASON: Final = "reason not known"
RUBIN_REFERENCE: Final = (
    "Rubin, Multiple Imputation for Nonresponse in Surveys 1987; Barnard & Rubin, Biometrika 1999;86:948-955"
)
TIPPING_REFERENCE: Final = "Yan, Lee & Li, J Biopharm Stat 2009;19:1085-1098"
BOUNDS_REFERENCE: Final = "Horowitz & Manski, JASA 2000;95:77-84"


@dataclass(frozen=True)
class MissingReason:
    """How many women have no outcome for one reason, in each arm."""

    reason: str
    treated: int
    control: int


@dataclass(frozen=True)
class Tried:
    """The result when the missing women of each arm differ by a delta from what imputation supposes."""

    delta_treated: float
    delta_control: float
    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class TippingPoint:
    """Every delta that was tried, and those nearest to none at which the conclusion is another.

    ``tips`` is empty when it never changes on the grid. The conclusion is which side of no effect the interval lies
    on, or neither.
    """

    tried: tuple[Tried, ...]
    tips: tuple[Tried, ...]
    note: str


@dataclass(frozen=True)
class BestAndWorst:
    """The two ends of what can be true of a binary outcome: all tables lie between ``lowest`` and ``highest``.

    ``lowest`` has no event among the missing treated and one for each missing control, ``highest`` the other way
    round; the risk differences are treated minus control.
    """

    lowest: Counts
    highest: Counts
    risk_difference_lowest: float
    risk_difference_highest: float
    reference: str = BOUNDS_REFERENCE


def missing_by_reason(known: Bools, reason: Sequence[str | None], treated: Bools) -> tuple[MissingReason, ...]:
    """Return how many women have no outcome, by reason and arm, the most frequent first.

    ``reason`` counts only where the outcome is not known; none given there is a reason of its own.
    """
    counts = Counter(
        (why or NO_REASON, bool(arm)) for here, why, arm in zip(known, reason, treated, strict=True) if not here
    )
    reasons = {why for why, _ in counts}
    found = [MissingReason(why, counts[why, True], counts[why, False]) for why in reasons]
    return tuple(sorted(found, key=lambda one: (-one.treated - one.control, one.reason)))


def rubin(estimates: Floats, variances: Floats, complete_df: float = inf, *, of_log: bool = False) -> Estimate:
    """Return the one estimate from as many imputed data sets, by Rubin's rules.

    ``complete_df`` are the degrees of freedom that the analysis would have without missing values (Barnard & Rubin).
    With ``of_log`` the estimates are logarithms of a ratio, and the ratio is returned.
    """
    words = f"Rubin's rules over {len(estimates)} imputations"
    if len(estimates) < 2 or not (np.isfinite(estimates).all() and np.isfinite(variances).all()):
        note = "Two or more imputations with an estimate and a variance are needed: this one is not defined."
        return Estimate(nan, nan, nan, nan, words, RUBIN_REFERENCE, LEVEL, note)
    between = (1 + 1 / len(estimates)) * float(np.var(estimates, ddof=1))
    centre, total = float(np.mean(estimates)), float(np.mean(variances)) + between
    df = rubin_df(len(estimates), between / total if total > 0 else 0.0, complete_df)
    se = sqrt(total)
    reach = float(stats.t.ppf((1 + LEVEL) / 2, df)) * se
    ends = (centre, centre - reach, centre + reach)
    estimate, lower, upper = (exp(end) for end in ends) if of_log else ends
    return Estimate(estimate, lower, upper, se, words, RUBIN_REFERENCE, LEVEL)


def rubin_df(imputations: int, share: float, complete_df: float) -> float:
    """Return the degrees of freedom for ``share``, the part of the variance that is due to what is missing.

    Those of Rubin (1987, p. 77) for as many complete cases as one likes, and of Barnard & Rubin (1999) for few.
    """
    old = (imputations - 1) / share**2 if share > 0 else inf
    if not isfinite(complete_df):
        return old
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    return max(1 / (1 / old + 1 / observed) if observed > 0 else 0.0, 1e-3)


def shifted(values: Floats, known: Bools, treated: Bools, delta_treated: float, delta_control: float) -> Floats:
    """Return imputed outcomes (imputations, n) with a delta added to those that were not known, by arm."""
    return np.asarray(values + np.where(known, 0.0, np.where(treated, delta_treated, delta_control)))


def tipping_point(
    imputed: Callable[[float, float], Floats],
    analyse: Callable[[Floats], tuple[float, float]],
    deltas_treated: Sequence[float],
    *,
    deltas_control: Sequence[float] = (0.0,),
    complete_df: float = inf,
    no_effect: float = 0.0,
) -> TippingPoint:
    """Return the result at every pair of deltas, and the smallest at which the conclusion is another than at none.

    ``imputed`` gives the outcomes (imputations, n) for a delta in the treated and one in the control arm, such as
    :func:`shifted` or ``impute_events``; ``analyse`` gives the estimate and its variance for one of them
    (Ratitch, O'Kelly & Tosiello, Pharm Stat 2013;12:337-347). Raises UsageError without deltas for both arms.
    """
    if not (len(deltas_treated) and len(deltas_control)):
        raise UsageError("The tipping point needs deltas to try: give at least one for each arm.")

    def tried(treated: float, control: float) -> Tried:
        results = np.array([analyse(outcome) for outcome in imputed(treated, control)], float).reshape(-1, 2)
        pooled = rubin(results[:, 0], results[:, 1], complete_df)
        return Tried(treated, control, pooled.estimate, pooled.lower, pooled.upper)

    grid = tuple(tried(treated, control) for treated in deltas_treated for control in deltas_control)
    at_none = _conclusion(tried(0.0, 0.0), no_effect)
    other = [one for one in grid if _conclusion(one, no_effect) != at_none]
    nearest = min((_size(one) for one in other), default=inf)
    tips = tuple(one for one in other if _size(one) <= nearest * (1 + 1e-9))
    if at_none is None:
        return TippingPoint(grid, (), "There is no result without a delta, so that nothing can tip.")
    return TippingPoint(grid, tips, "" if tips else "The conclusion is the same at every delta that was tried.")


def best_and_worst(counts: Counts, missing_treated: int, missing_control: int) -> BestAndWorst:
    """Return the bounds of a binary outcome, whatever became of the women of whom it is not known.

    ``counts`` are the women of whom it is known (Horowitz & Manski, JASA 2000;95:77-84). Raises UsageError for a
    negative number of women.
    """
    if missing_treated < 0 or missing_control < 0:
        raise UsageError("The number of women who are missing is negative: count them again.")
    n_treated, n_control = counts.n_treated + missing_treated, counts.n_control + missing_control
    lowest = Counts(counts.events_treated, n_treated, counts.events_control + missing_control, n_control)
    highest = Counts(counts.events_treated + missing_treated, n_treated, counts.events_control, n_control)
    return BestAndWorst(
        lowest,
        highest,
        risk_difference_lowest=lowest.risk_treated - lowest.risk_control,
        risk_difference_highest=highest.risk_treated - highest.risk_control,
    )


def _size(one: Tried) -> float:
    return abs(one.delta_treated) + abs(one.delta_control)


def _conclusion(one: Tried, no_effect: float) -> int | None:
    """Return the side of no effect on which the interval lies, 0 for neither and None where there is no interval."""
    if not (isfinite(one.lower) and isfinite(one.upper)):
        return None
    return int(one.lower > no_effect) - int(one.upper < no_effect)
