"""Trials played with their planned looks, before the first draw: what is said, when, and how often it is wrong.

Women come one by one and answer after their time; the looks are those of the plan, with its boundaries. Everything is
made up but the rules. Beside them stands who looks every quarter at 1.96, as if each time were the only one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import inf, sqrt
from typing import Any, Final

import numpy as np
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Bools, Floats, Ints, plain
from smartstart.trial.sequential.monitoring import LEAST_FRACTION, LooksPlan, next_boundary
from smartstart.trial.sequential.sequences import mixture_bound
from smartstart.trial.sequential.stopping import EarlierLooks, p_values

NAIVE_Z: Final = 1.96
NAIVE_FROM: Final = 20  # answers; nobody compares before
_QUARTER: Final = 0.25  # years between two deliveries
_AT_ONCE: Final = 2_000_000  # women in memory


@dataclass(frozen=True)
class Setting:
    """One municipality's trial: ``women`` with an answer at the last look, arms by ``ratio``, answers a year.

    ``looks`` are the planned ones, or None where looks cannot be planned: then every quarter is judged by the interval
    that is always valid, with ``alpha`` and ``harm_alpha`` one-sided. ``spread`` is the standard deviation that is left
    of the scale once its start is adjusted for; effects are in standard deviations of the scale. An answer comes
    ``until_answer`` years after the draw.
    """

    women: int
    answers_per_year: float
    until_answer: float
    spread: float
    ratio: tuple[int, int] = (1, 1)
    looks: LooksPlan | None = None
    alpha: float = 0.025
    harm_alpha: float = 0.05


@dataclass(frozen=True)
class Played:
    """What was said in many trials under one true effect, in standard deviations of the scale.

    Shares from 0 to 1. ``wrong``: an effect was said that is not there, or in the wrong direction. ``missed``: no
    difference was said though there is one. ``misses_truth``: the adjusted interval lies beside it, None where looks
    are not planned. Years run from the first draw to the page that says it. ``naive_wrong`` is ``wrong`` for who
    compares every quarter at 1.96 and stops there.
    """

    truth: float
    trials: int
    says_helps: float
    says_harms: float
    says_no_difference: float
    wrong: float
    missed: float
    misses_truth: float | None
    years: float
    years_5: float
    years_95: float
    naive_wrong: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: plain(value) for name, value in asdict(self).items()}


def play(setting: Setting, truth: float, trials: int, rng: np.random.Generator) -> Played:
    """Play trials under one true effect. Raises UsageError for a setting in which nobody answers."""
    if setting.women < 2 * sum(setting.ratio) or not setting.answers_per_year > 0:
        raise UsageError("Nothing can be played: the plan asks for too few women, or nobody answers.")
    at_once = max(1, _AT_ONCE // setting.women)
    sizes = [min(at_once, trials - done) for done in range(0, trials, at_once)]
    parts = [_some(setting, truth, size, rng) for size in sizes]
    said, look, z, years, naive = (np.concatenate([part[place] for part in parts]) for place in range(5))
    true_sign = float(np.sign(truth))
    wrong = (said != 0) & (said != true_sign)
    low, middle, high = np.quantile(years, (0.05, 0.5, 0.95))
    return Played(
        truth=truth,
        trials=trials,
        says_helps=float((said > 0).mean()),
        says_harms=float((said < 0).mean()),
        says_no_difference=float((said == 0).mean()),
        wrong=float(wrong.mean()),
        missed=float((said == 0).mean()) if truth else 0.0,
        misses_truth=_misses(setting, truth, look, z),
        years=float(middle),
        years_5=float(low),
        years_95=float(high),
        naive_wrong=float(((naive != 0) & (naive != true_sign)).mean()),
    )


Some = tuple[Ints, Ints, Floats, Floats, Ints]


def _some(setting: Setting, truth: float, trials: int, rng: np.random.Generator) -> Some:
    """Return for each trial what is said (1, 0, -1), at which look, with which Z, after how many years; and naively."""
    came = rng.exponential(1 / setting.answers_per_year, (trials, setting.women)).cumsum(axis=1)
    treated = _arms(setting, trials, rng)
    y = rng.normal(0, setting.spread, treated.shape) + truth * treated
    z = _z_after_each(y, treated)
    quarter = np.ceil((came + setting.until_answer) / _QUARTER)  # the delivery that brings her answer
    places, above, below = _looked(setting)
    said, look = np.zeros(trials, dtype=int), np.full(trials, len(places) - 1)
    going = np.ones(trials, dtype=bool)
    for number, place in enumerate(places):
        here = z[:, place]
        for sign, reached in ((1, here >= above[number]), (-1, here <= below[number])):
            said[going & reached], look[going & reached] = sign, number
            going &= ~reached
    at = np.array(places)[look]
    rows = np.arange(trials)
    return said, look, z[rows, at], quarter[rows, at] * _QUARTER, _naive(z, quarter)


def _arms(setting: Setting, trials: int, rng: np.random.Generator) -> Bools:
    """Return arms in permuted blocks of twice the ratio."""
    block = np.repeat([True, False], [2 * setting.ratio[0], 2 * setting.ratio[1]])
    blocks = -(-setting.women // len(block))
    order = rng.permuted(np.tile(block, (trials * blocks, 1)), axis=1)
    return order.reshape(trials, -1)[:, : setting.women]


def _z_after_each(y: Floats, treated: Bools) -> Floats:
    """Return the t test after every woman, as the Z with the same p-value; 0 while an arm has nobody."""
    n = np.arange(1, y.shape[1] + 1, dtype=float)
    n1, sum1 = treated.cumsum(axis=1).astype(float), (y * treated).cumsum(axis=1)
    n0, total = n - n1, y.cumsum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean1, mean0 = sum1 / n1, (total - sum1) / n0
        inside = (y**2).cumsum(axis=1) - n1 * mean1**2 - n0 * mean0**2
        t = (mean1 - mean0) / np.sqrt(inside / (n - 2) * (1 / n1 + 1 / n0))
    enough = (n > 4) & (n1 > 0) & (n0 > 0) & np.isfinite(t)
    df = np.broadcast_to(np.maximum(n - 2, 1), t.shape)
    found = np.zeros_like(t)
    found[enough] = -stats.norm.ppf(np.maximum(stats.t.sf(np.abs(t[enough]), df[enough]), 1e-300))
    return np.where(enough, np.copysign(found, t), 0.0)


def _looked(setting: Setting) -> tuple[list[int], list[float], list[float]]:
    """Return after which woman the arms are compared, the Z at which it helps, and at or under which it harms."""
    if setting.looks is None:
        least = max(2, round(LEAST_FRACTION * setting.women))
        places = sorted({*range(least, setting.women, _a_quarter(setting)), setting.women})
        shares = [place / setting.women for place in places]
        above, worse = (
            [mixture_bound(share, 1.0, 2 * alpha) / sqrt(share) for share in shares]
            for alpha in (setting.alpha, setting.harm_alpha)
        )
        return [place - 1 for place in places], above, [-bound for bound in worse]
    places = [max(2, round(share * setting.women)) for share in setting.looks.fractions]
    seen = [place / setting.women for place in places]
    found = [
        next_boundary(setting.looks, seen[: number + 1], final=number + 1 == len(seen)) for number in range(len(seen))
    ]
    return (
        [place - 1 for place in places],
        [inf if one.z is None else one.z for one in found],
        [-inf if one.harm_z is None else one.harm_z for one in found],
    )


def _a_quarter(setting: Setting) -> int:
    return max(1, round(setting.answers_per_year * _QUARTER))


def _naive(z: Floats, quarter: Floats) -> Ints:
    """Return what is said by who compares after every delivery at 1.96, and stops at the first time."""
    last_of_delivery = np.concatenate([quarter[:, 1:] > quarter[:, :-1], np.ones((len(z), 1), dtype=bool)], axis=1)
    last_of_delivery[:, : NAIVE_FROM - 1] = False
    crossed = last_of_delivery & (np.abs(z) >= NAIVE_Z)
    first = crossed.argmax(axis=1)
    rows = np.arange(len(z))
    return np.where(crossed.any(axis=1), np.sign(z[rows, first]), 0).astype(int)


def _misses(setting: Setting, truth: float, look: Ints, z: Floats) -> float | None:
    """Return the share of intervals beside the truth: those of the stage-wise order, by the look that stopped it."""
    if setting.looks is None:
        return None
    places, above, _ = _looked(setting)
    share = setting.ratio[0] / sum(setting.ratio)
    information = [(place + 1) * share * (1 - share) / setting.spread**2 for place in places]
    missed = 0
    for number in range(len(places)):
        here = z[look == number]
        if len(here):
            earlier = EarlierLooks(tuple(information[:number]), tuple(above[:number]))
            p = p_values(here, information[number], earlier, truth)
            missed += int(((p < 0.025) | (p > 0.975)).sum())
    return missed / len(z)
