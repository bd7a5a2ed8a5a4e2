"""Randomisation inference: how often the trial's own draw would have shown a difference as large, had nothing helped.

It rests on the draw alone and on no model of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, nan, sqrt
from typing import Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.contrasts import Statistic, difference_in_means
from smartstart.trial.analysis.records import LEVEL, Bools, Estimate, Floats, Ints
from smartstart.trial.analysis.redraws import Redraws

COUNT: Final = 10_000  # re-draws: the Monte-Carlo error of a p of 0.05 is then 0.002
_TIE: Final = 1e-9  # two statistics this close, as a part of the observed one, are equal but for rounding
_STEPS: Final = 60
SAMPLED_REFERENCE: Final = "Phipson & Smyth, Stat Appl Genet Mol Biol 2010;9:39"
MID_P_REFERENCE: Final = "Lancaster, JASA 1961;56:223-234"


@dataclass(frozen=True)
class Randomised:
    """The two-sided p-value of a randomisation test.

    ``more_extreme`` and ``tied`` are the shares of the re-draws, the observed draw among them, whose statistic is
    further from the centre than the observed one, and as far; ``p_value`` is their sum and ``mid_p`` counts the ties
    half. ``exact`` says that every allocation was counted with its chance; else ``count`` were drawn and
    ``monte_carlo_error`` is the standard error that this leaves.
    """

    p_value: float
    mid_p: float
    more_extreme: float
    tied: float
    monte_carlo_error: float
    count: int
    exact: bool
    method: str
    reference: str
    note: str = ""


def randomisation_test(
    statistic: Statistic, observed: Bools, redraws: Redraws, *, count: int = COUNT, seed: int
) -> Randomised:
    """Return the test of no effect on any woman, by ``statistic`` over the draws that could have been.

    Exact where all allocations can be listed, else from ``count`` re-draws with p = (b + 1) / (m + 1). Two-sided by
    the distance of the statistic to its mean over all draws, the observed one among them. Where a re-draw leaves an
    arm empty the statistic says nothing, so that its distance is 0. Raises UsageError when the women differ in number.
    """
    values, weights, exact = _values([statistic], observed, redraws, count, seed)
    return _judged(values[0], weights, redraws, exact=exact)


def randomisation_test_with_shift(
    outcome: Floats,
    treated: Bools,
    redraws: Redraws,
    *,
    covariates: Floats | None = None,
    stratum: Ints | None = None,
    count: int = COUNT,
    seed: int,
) -> tuple[Randomised, Estimate]:
    """Return the test of the difference in means, and the constant shifts that it does not refute, from the same draws.

    The interval, by bisection, supposes that the treatment adds the same to every woman (Rosenbaum, Observational
    Studies 2002, chapter 2).
    An end that no shift reaches, as with very few allocations, is infinite.
    """
    shift = np.where(np.isfinite(outcome), treated.astype(float), np.nan)
    # the statistic is linear in the outcome: that of the outcome minus a shift needs no further re-draws
    both = [difference_in_means(values, covariates=covariates, stratum=stratum) for values in (outcome, shift)]
    (of_outcome, of_shift), weights, exact = _values(both, treated, redraws, count, seed)

    def p_value(delta: float) -> float:
        return _judged(of_outcome - delta * of_shift, weights, redraws, exact=exact).p_value

    test = _judged(of_outcome, weights, redraws, exact=exact)
    words = f"constant shifts not refuted, {redraws.method}"
    if not (isfinite(of_outcome[-1]) and abs(of_shift[-1]) > 0):
        note = "An arm has no woman with a known outcome."
        return test, Estimate(nan, nan, nan, nan, words, redraws.reference, LEVEL, note)
    estimate = float(of_outcome[-1] / of_shift[-1])
    width = float(np.nanstd(outcome)) or 1.0
    lower, upper = (_end(p_value, estimate, side * width, 1 - LEVEL) for side in (-1, 1))
    note = "" if isfinite(lower) and isfinite(upper) else "So few allocations are possible that no shift is refuted."
    return test, Estimate(estimate, lower, upper, nan, words, redraws.reference, LEVEL, note)


def _values(
    statistics: list[Statistic], observed: Bools, redraws: Redraws, count: int, seed: int
) -> tuple[Floats, Floats, bool]:
    """Return (statistics, draws + 1) with the observed draw last, the weight of each draw, and whether that is all.

    In the full list the observed draw stands already: its extra weight is then 0.
    """
    if len(observed) != redraws.women:
        raise UsageError("The arms and the re-draws differ in their number of women: give both the same women.")
    hers = observed[None, :]
    listed = redraws.all_draws()
    if listed:
        draws, chance = listed
        return _stacked(statistics, [draws, hers]), np.append(chance, 0.0), True
    found = [_stacked(statistics, [part]) for part in redraws.chunks(count, seed)]
    values = np.concatenate([*found, _stacked(statistics, [hers])], axis=1)
    return values, np.full(values.shape[1], 1 / values.shape[1]), False


def _stacked(statistics: list[Statistic], draws: list[Bools]) -> Floats:
    return np.stack([np.concatenate([statistic(part) for part in draws]) for statistic in statistics])


def _judged(values: Floats, weights: Floats, redraws: Redraws, *, exact: bool) -> Randomised:
    finite = np.isfinite(values)
    whole = weights[finite].sum()
    centre = float(weights[finite] @ values[finite] / whole) if whole > 0 else 0.0
    distance = np.where(finite, np.abs(np.where(finite, values, centre) - centre), 0.0)
    here, slack = distance[-1], _TIE * max(distance.max(initial=0.0), 1e-300)
    more = float(weights[distance > here + slack].sum())
    tied = float(weights[np.abs(distance - here) <= slack].sum())
    p_value = min(more + tied, 1.0)
    count = len(weights) - 1
    return Randomised(
        p_value=p_value,
        mid_p=min(more + tied / 2, 1.0),
        more_extreme=more,
        tied=tied,
        monte_carlo_error=0.0 if exact else sqrt(p_value * (1 - p_value) / max(count, 1)),
        count=count,
        exact=exact,
        method=redraws.method + (", every allocation counted" if exact else f", {count} re-draws"),
        reference=redraws.reference if exact else f"{redraws.reference}; {SAMPLED_REFERENCE}",
        note=" ".join(filter(None, (redraws.note, _note(distance, here, exact=exact, tied=tied, p=p_value)))),
    )


def _note(distance: Floats, here: float, *, exact: bool, tied: float, p: float) -> str:
    if exact and p == 0:
        return "The arms cannot have come from these re-draws: give the women in the order of the draw."
    if here == 0 and not distance.any():
        return "The statistic is the same whatever is drawn, so that it tells nothing."
    if tied > 0.01:  # a hundredth of all draws is as far as the observed one
        return f"The statistic is discrete: the mid-p counts ties half ({MID_P_REFERENCE})."
    return ""


def _end(p_value: Callable[[float], float], estimate: float, step: float, alpha: float) -> float:
    """Return the shift, from the estimate in the direction of ``step``, at which p falls to ``alpha``."""
    inside, outside = estimate, estimate + step
    while p_value(outside) > alpha:
        inside, outside = outside, estimate + 2 * (outside - estimate)
        if abs(outside - estimate) > 2**20 * abs(step):
            return inf if step > 0 else -inf
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_value(middle) > alpha else (inside, middle)
        if abs(outside - inside) < 1e-6 * abs(step):
            break
    return inside
