"""Women for two risks: searched with exact power, and by the formula where that is too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Floats
from smartstart.trial.planning.exact import boschloo_region, exact_power, fisher_power, power_of, test_for
from smartstart.trial.planning.scale import ALPHA, POWER, filled, judge_errors

EXACT_WOMEN: Final = 1_000  # in the smaller arm: beyond it the number of women is by the formula
ONE_BY_ONE: Final = 40  # women by the formula, up to which every number is tried
FORMULA: Final = "the formula of Fleiss, Levin and Paik (2003), without a correction for continuity"


@dataclass(frozen=True)
class Women:
    """Women with an answer in the smaller arm, and how that number was found.

    ``power`` is the exact power at that number, by ``test``; None where there are too many tables to go through.
    Power rises like a saw: ``first`` is where it reaches the target for the first time, and from ``per_arm`` on it no
    longer dips below. None where the number is by the formula.
    """

    per_arm: int
    first: int | None
    exact: bool
    test: str
    power: float | None
    rule: str


def women_for_two_risks(
    risk: float,
    other: float,
    *,
    ratio: tuple[int, int] = (1, 1),
    alpha: float = ALPHA,
    power: float = POWER,
    inflation: float = 1.0,
) -> int:
    """Return the women needed in the smaller arm to tell two risks apart; ``other`` is of the ratio's first arm.

    The two-sided test of two proportions with the pooled variance under no difference, without a correction for
    continuity (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 2003, sections 4.2 and 4.4).
    """
    judge_risks(risk, other)
    judge_errors(alpha, power)
    first, second = ratio[0] / min(ratio), ratio[1] / min(ratio)
    pooled = (first * other + second * risk) / (first + second)
    under_none = float(ndtri(1 - alpha / 2)) * sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
    under_both = float(ndtri(power)) * sqrt(other * (1 - other) / first + risk * (1 - risk) / second)
    return max(1, ceil(inflation * (under_none + under_both) ** 2 / (risk - other) ** 2 - 1e-9))


def exact_women_for_two_risks(
    risk: float, other: float, *, ratio: tuple[int, int] = (1, 1), alpha: float = ALPHA, power: float = POWER
) -> Women:
    """Return the least number in the smaller arm from which on the exact power stays at or above ``power``.

    Power rises like a saw, and nobody can plan how many answers come in to the last one: a tooth that reaches the
    target and falls back does not count. Where the formula asks more than ``EXACT_WOMEN`` it gives the number, and
    the exact power of Fisher's test is told beside it.
    """
    guess = women_for_two_risks(risk, other, ratio=ratio, alpha=alpha, power=power)
    if guess > EXACT_WOMEN:
        found = exact_power(risk, other, filled(guess, ratio), alpha=alpha)
        rule = f"By {FORMULA}: too many women to search exactly."
        return Women(guess, None, exact=False, test="fisher", power=found, rule=rule)

    def reaches(women: int) -> bool:
        found = exact_power(risk, other, filled(women, ratio), alpha=alpha)
        return found is not None and found >= power

    first = _first_that_reaches(reaches, guess)
    women = _from_which_on(reaches, first)
    arms = filled(women, ratio)
    rule = "The least number from which on the exact power stays at or above the target"
    rule += "." if first == women else f"; at {first} it reaches it for the first time, and then dips below it again."
    found = exact_power(risk, other, arms, alpha=alpha)
    return Women(women, first, exact=True, test=test_for(arms), power=found, rule=rule)


def approximate_power(risk: float, other: float, arms: tuple[int, int], *, alpha: float = ALPHA) -> float:
    """Return the power by the formula that gives the number of women, turned round."""
    return float(approximate_powers(np.array([risk]), np.array([other]), arms, alpha=alpha)[0])


def approximate_powers(risks: Floats, others: Floats, arms: tuple[int, int], *, alpha: float = ALPHA) -> Floats:
    """Return the chance, by the formula, to find each ``other`` (first arm) lower than each of ``risks``.

    Two proportions with the pooled variance under no effect (Fleiss, Levin and Paik 2003, section 4.2).
    """
    first, second = arms
    pooled = (first * others + second * risks) / (first + second)
    none = np.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
    both = np.sqrt(others * (1 - others) / first + risks * (1 - risks) / second)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = (abs(risks - others) - float(ndtri(1 - alpha / 2)) * none) / both
    powers: Floats = ndtr(np.nan_to_num(away, nan=-np.inf))
    return powers


def detectable_risk(risk: float, arms: tuple[int, int], *, alpha: float = ALPHA, power: float = POWER) -> float | None:
    """Return the highest risk of the first arm, below ``risk``, that these arms would find; None where none would.

    None means that even a risk of 0 would not be found with that power: no effect is large enough.
    """
    judge_errors(alpha, power)
    if min(arms) < 1:
        return None
    if test_for(arms) == "boschloo":
        region = boschloo_region(*arms, alpha)

    def power_at(other: float) -> float:
        if test_for(arms) == "boschloo":
            return power_of(region, other, risk)
        found = fisher_power(risk, other, arms, alpha=alpha)
        return approximate_power(risk, other, arms, alpha=alpha) if found is None else found

    if power_at(0.0) < power:
        return None
    low, high = 0.0, risk
    while high - low > 1e-4 * risk:
        middle = (low + high) / 2
        low, high = (middle, high) if power_at(middle) >= power else (low, middle)
    return low


def judge_risks(risk: float, other: float) -> None:
    """Raise UsageError unless there are two different risks."""
    if not (0 < risk < 1 and 0 <= other < 1):
        raise UsageError("--risk and --lower-risk: give shares of women from 0 to 1, such as 0.01 and 0.005.")
    if abs(risk - other) < 1e-5:
        raise UsageError("--lower-risk: give another risk than --risk: equal risks cannot be told apart.")


def _first_that_reaches(reaches: Callable[[int], bool], guess: int) -> int:
    """Return the first number that reaches the target.

    Small numbers are tried one by one. For larger ones the search begins well below the formula, and further down
    still as long as it begins where the target is reached.
    """
    start = 1 if guess <= ONE_BY_ONE else int(0.85 * guess)
    while start > 1 and reaches(start):
        start = max(1, int(0.9 * start))
    return next((women for women in range(start, 3 * guess + 100) if reaches(women)), guess)


def _from_which_on(reaches: Callable[[int], bool], first: int) -> int:
    """Return the start of the first run of numbers that all reach the target, a tenth of them and at least ten."""
    start = women = first
    while women < start + max(10, start // 10):
        women += 1
        if not reaches(women):
            start = women + 1
    return start
