"""Boundaries for planned looks: what Z must reach to stop, what that costs, and what it saves.

One-sided: high values of Z speak for the treatment. Efficacy boundaries hold the error ``alpha`` over all looks
together. A futility boundary that does not bind is left out of that reckoning, so that nobody who goes on regardless
raises the error; of the power it takes its share either way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from smartstart.errors import UsageError
from smartstart.trial.sequential.crossing import (
    FARTHEST,
    START,
    GoingOn,
    crossing,
    exit_above,
    go_on,
    lower_for,
    upper_for,
)
from smartstart.trial.sequential.judging import chosen_parameter, judged_error, judged_fractions, judged_futility
from smartstart.trial.sequential.planned import Boundaries, Expected
from smartstart.trial.sequential.spending import CLASSICAL, SPENDING, judged_name

INTEGRATION: Final = "recursive numerical integration (Armitage, McPherson and Rowe, J R Stat Soc A 1969;132:235-244)"
_WANG_TSIATIS: Final = "Wang and Tsiatis, Biometrics 1987;43:193-199"
_BETA_SPENDING: Final = "Pampallona, Tsiatis and Kim, Drug Information Journal 2001;35:1113-1121"
_TOO_HIGH: Final = "--futility: binds so high that the error is never spent: lower it, or let it not bind."
Lows = tuple[float, ...]


@dataclass(frozen=True)
class _Asked:
    """What was asked for, judged."""

    fractions: tuple[float, ...]
    alpha: float
    spending: str
    parameter: float | None
    power: float
    futility: str | None
    binding: bool


@dataclass(frozen=True)
class _Walls:
    """Both boundaries and what they spend: alpha without an effect, beta under the drift."""

    upper: tuple[float, ...]
    lower: Lows  # -inf where there is none; of the last look the upper one
    alpha_spent: tuple[float, ...]


def boundaries(  # noqa: PLR0913 - one for each promised option
    looks: int,
    alpha: float,
    spending: str,
    fractions: Sequence[float] | None = None,
    *,
    futility: str | Sequence[float] | None = None,
    binding: bool = False,
    power: float = 0.8,
    parameter: float | None = None,
) -> Boundaries:
    """Return the boundaries of ``looks`` looks at ``fractions`` of the information, evenly spread without them.

    ``futility`` is a spending function for the other error, 1 - ``power``, as ``kim-demets`` or, with a parameter of
    its own, ``kim-demets:2``; or values of Z for every look but the last. ``parameter`` belongs to ``spending``.
    Raises UsageError for a design that cannot be.
    """
    judged_error(alpha)
    times = judged_fractions(looks, fractions)
    if not alpha < power < 1:
        raise UsageError("--power: must lie between alpha and 1, for example 0.8.")
    chosen = chosen_parameter(judged_name(spending), parameter)
    build = _builder(times, alpha, spending, chosen, binding=binding)
    given, spender = judged_futility(futility, looks, 1 - power, binding=binding)
    if spender is None:
        walls = build(lambda place, _: given[place], 0.0)
        _must_leave_room(walls, looks)
        drift = _drift_for(power, lambda drift: sum(crossing(times, walls.upper, walls.lower, drift).above))
    else:
        drift, walls = _spent_on_futility(times, power, spender, build)
    _must_be_reachable(walls)
    name = futility if isinstance(futility, str) else None if futility is None else "given"
    asked = _Asked(times, alpha, spending, chosen, power, name, binding)
    return _described(asked, drift, walls)


def fixed_drift(alpha: float, power: float) -> float:
    """Return the mean of Z that one look needs for this power at one-sided ``alpha``."""
    return float(ndtri(1 - alpha) + ndtri(power))


Low = Callable[[int, GoingOn], float]  # of a look: its place and the trials that go on to it under the planned effect
Build = Callable[[Low, float], _Walls]


def _builder(times: tuple[float, ...], alpha: float, spending: str, parameter: float | None, *, binding: bool) -> Build:
    """Return what makes both boundaries from a rule for the lower one and the drift under which that rule holds."""
    if spending in CLASSICAL:
        shape = [time ** (CLASSICAL[spending][0] - 0.5) for time in times]

        def shaped(constant: float, low: Low, drift: float) -> _Walls:
            return _walls(times, lambda place, _: constant * shape[place], low, drift, binding=binding)

        # what does not bind leaves the constant as it is, so it is solved once
        alone = None if binding else _constant(alpha, len(times), lambda one: shaped(one, lambda *_: -inf, 0.0))

        def classical(low: Low, drift: float) -> _Walls:
            constant = _constant(alpha, len(times), lambda one: shaped(one, low, drift)) if alone is None else alone
            return shaped(constant, low, drift)

        return classical
    function = SPENDING[spending]
    to_spend = [function.spent(time, alpha, parameter) for time in times]

    def by_spending(low: Low, drift: float) -> _Walls:
        def upper(place: int, walk: GoingOn) -> float:
            return upper_for(walk, times[place], to_spend[place] - (to_spend[place - 1] if place else 0.0))

        return _walls(times, upper, low, drift, binding=binding)

    return by_spending


def _constant(alpha: float, looks: int, at: Callable[[float], _Walls]) -> float:
    """Return the constant of a classical boundary that spends ``alpha`` over all looks."""
    least = float(ndtri(1 - alpha))
    if looks == 1:
        return least
    low = 0.2 * least  # with a binding lower boundary the constant may lie below that of one look
    if at(low).alpha_spent[-1] < alpha:
        raise UsageError(_TOO_HIGH)
    return float(brentq(lambda one: at(one).alpha_spent[-1] - alpha, low, 3 * least + 3, xtol=1e-11, rtol=1e-12))


def _walls(
    times: tuple[float, ...], upper: Callable[[int, GoingOn], float], low: Low, drift: float, *, binding: bool
) -> _Walls:
    """Walk over the looks twice at once: without an effect, which sets the upper boundary, and under the drift."""
    none, real, spent = START, START, 0.0
    highs, lows, alphas = [], [], []
    for place, time in enumerate(times):
        last = place + 1 == len(times)
        after = None if last else times[place + 1]
        high = upper(place, none)
        bottom = high if last else min(low(place, real), high)
        spent += exit_above(none, time, high)
        highs.append(high)
        lows.append(bottom)
        alphas.append(spent)
        if not last:
            none = go_on(none, time, (bottom if binding else -inf, high), 0.0, after)
            real = none if drift == 0 and binding else go_on(real, time, (bottom, high), drift, after)
    return _Walls(tuple(highs), tuple(lows), tuple(alphas))


def _spent_on_futility(
    times: tuple[float, ...], power: float, spender: Callable[[float], float], build: Build
) -> tuple[float, _Walls]:
    """Find the drift under which the lower boundary that spends 1 - power meets the upper one at the last look."""
    to_spend = [spender(time) for time in times]

    def at(drift: float) -> _Walls:
        def low(place: int, walk: GoingOn) -> float:
            share = to_spend[place] - (to_spend[place - 1] if place else 0.0)
            return lower_for(walk, times[place], share, drift)

        return build(low, drift)

    def reached(drift: float) -> float:
        walls = at(drift)
        return sum(crossing(times, walls.upper, walls.lower, drift).above)

    drift = _drift_for(power, reached)
    return drift, at(drift)


def _drift_for(power: float, reached: Callable[[float], float]) -> float:
    high = 4.0
    while reached(high) < power:
        high *= 1.5
        if high > 60:
            raise UsageError(
                "--futility: with these boundaries the power is never reached: lower them, or spend later."
            )
    return float(brentq(lambda drift: reached(drift) - power, 0.0, high, xtol=1e-11, rtol=1e-12))


def _described(asked: _Asked, drift: float, walls: _Walls) -> Boundaries:
    times, any_futility = asked.fractions, asked.futility is not None
    fixed = fixed_drift(asked.alpha, asked.power)
    under = [crossing(times, walls.upper, walls.lower, share * drift) for share in (0.0, 0.5, 1.0)]
    inflation = (drift / fixed) ** 2
    used = [inflation * sum(t * (a + b) for t, a, b in zip(times, one.above, one.below, strict=True)) for one in under]
    words, reference = _words_of(asked.spending)
    by_function = any_futility and asked.futility != "given"
    found = under[2]
    return Boundaries(
        looks=len(times),
        **vars(asked),
        z=walls.upper,
        p=tuple(float(ndtr(-z)) for z in walls.upper),
        cumulative_spending=walls.alpha_spent,
        inflation_factor=inflation,
        futility_z=walls.lower[:-1] if any_futility else None,
        cumulative_futility=_summed(found.below) if any_futility else None,
        drift=drift,
        stopped_for_efficacy=_summed(found.above),
        stopped_for_futility=(*_summed(found.below)[:-1], 1 - sum(found.above))
        if any_futility
        else (0.0,) * len(times),
        expected_information=Expected(*used),
        method=f"{words}; {INTEGRATION}",
        reference="; ".join(filter(None, (reference, _BETA_SPENDING if by_function else ""))),
    )


def _words_of(spending: str) -> tuple[str, str]:
    if spending in CLASSICAL:
        _, words, reference = CLASSICAL[spending]
        return words, f"{reference}; {_WANG_TSIATIS}"
    return SPENDING[spending].words, SPENDING[spending].reference


def _must_be_reachable(walls: _Walls) -> None:
    if min(walls.upper) <= -FARTHEST:
        raise UsageError(_TOO_HIGH)


def _must_leave_room(walls: _Walls, looks: int) -> None:
    if any(low >= high - 1e-9 for low, high in zip(walls.lower[: looks - 1], walls.upper, strict=False)):
        raise UsageError("--futility: lies at or above the boundary for efficacy: lower it, so that a trial can go on.")


def _summed(shares: Sequence[float]) -> tuple[float, ...]:
    total, sums = 0.0, []
    for share in shares:
        total += share
        sums.append(total)
    return tuple(sums)
