"""What was asked of a series of looks, judged once: every refusal is one sentence that names the option."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isfinite
from typing import Final

from smartstart.errors import UsageError
from smartstart.trial.sequential.spending import CLASSICAL, SPENDING, spending_function

MOST_LOOKS: Final = 50
LEAST_RISE: Final = 0.001  # of the information, between looks and before the first


def judged_error(alpha: float, option: str = "--alpha") -> None:
    """Raise UsageError when a one-sided error is not between 0 and a half."""
    if not 1e-9 <= alpha < 0.5:  # also refuses what is no number
        raise UsageError(f"{option}: a one-sided error lies between 0 and 0.5; 0.025 is usual.")


def judged_fractions(looks: int, fractions: Sequence[float] | None) -> tuple[float, ...]:
    """Return the information fractions of the looks. Raises UsageError when they are not as many, or do not rise."""
    if not 1 <= looks <= MOST_LOOKS:
        raise UsageError(f"--looks: from 1 to {MOST_LOOKS}.")
    if fractions is None:
        return tuple((place + 1) / looks for place in range(looks))
    if len(fractions) != looks:
        raise UsageError(f"--fractions: there are {len(fractions)} for {looks} looks: give one for each look.")
    times = tuple(float(one) for one in fractions)
    rises = (after - before for before, after in zip((0.0, *times), times, strict=False))
    if not (all(isfinite(one) for one in times) and all(rise >= LEAST_RISE - 1e-12 for rise in rises)):
        raise UsageError(f"--fractions: must rise from above 0, by {LEAST_RISE:g} or more, as 0.5,1 does.")
    if abs(times[-1] - 1) > 1e-9:
        raise UsageError("--fractions: must end at 1, when all the planned information is in.")
    return (*times[:-1], 1.0)


def chosen_parameter(spending: str, parameter: float | None) -> float | None:
    """Return the parameter of a spending function. Raises UsageError when a classical boundary is given one."""
    if spending not in CLASSICAL:
        return SPENDING[spending].chosen(parameter)
    if parameter is not None:
        raise UsageError(f"--parameter: '{spending}' has none; leave it out.")
    return None


def judged_futility(
    futility: str | Sequence[float] | None, looks: int, beta: float, *, binding: bool
) -> tuple[tuple[float, ...], Callable[[float], float] | None]:
    """Return the given values (-inf for none), or what is spent on futility by each fraction.

    Raises UsageError when there is nothing to bind, or the values do not fit the looks.
    """
    if futility is None:
        if binding:
            raise UsageError("--binding: there is no futility boundary to bind: give --futility, or leave it out.")
        return (-inf,) * looks, None
    if isinstance(futility, str):
        return (), futility_spending(futility, beta)
    values = tuple(float(one) for one in futility)
    if len(values) != looks - 1 or not all(isfinite(one) for one in values):
        raise UsageError(
            f"--futility: give a value of Z for each look but the last, {looks - 1} in all, or the name of a function."
        )
    return (*values, -inf), None


def futility_spending(futility: str, beta: float) -> Callable[[float], float]:
    """Return what ``NAME`` or ``NAME:PARAMETER`` spends of ``beta`` by a fraction. Raises UsageError if unknown."""
    name, _, written = futility.partition(":")
    function = spending_function(name, "--futility")
    try:
        parameter = float(written) if written else None
    except ValueError:
        raise UsageError("--futility: what stands behind the colon must be a number, as in kim-demets:2.") from None
    function.chosen(parameter, "--futility")
    return lambda fraction: function.spent(fraction, beta, parameter)
