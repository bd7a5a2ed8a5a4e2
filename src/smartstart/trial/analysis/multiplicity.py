"""More than one outcome: p-values adjusted so that a false finding among all of them stays as rare as planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

from smartstart.errors import UsageError

HOLM: Final = "Holm, Scand J Stat 1979;6:65-70"
FIXED_SEQUENCE: Final = "Maurer, Hothorn & Lehmacher 1995; Westfall & Krishen, J Stat Plan Inference 2001;99:25-40"


@dataclass(frozen=True)
class Adjusted:
    """One p-value among several: ``adjusted`` may be held against the level as if it were the only one.

    A p-value that is not known is nan and stays so; for the others it counts as 1.
    """

    name: str
    p_value: float
    adjusted: float
    test: str
    reference: str
    note: str = ""


def holm(p_values: Mapping[str, float]) -> dict[str, Adjusted]:
    """Return Holm's step-down adjustment, in the order given; it holds whatever the outcomes share (Holm 1979)."""
    ordered, largest, adjusted = _ordered(p_values), 0.0, {}
    for rank, (name, p) in enumerate(ordered):
        largest = max(largest, min((len(ordered) - rank) * p, 1.0))
        adjusted[name] = largest
    return _records(p_values, adjusted, "Holm's step-down", HOLM)


def fixed_sequence(p_values: Mapping[str, float]) -> dict[str, Adjusted]:
    """Return the adjustment of a sequence: each outcome is tested only after all before it showed an effect."""
    largest, adjusted = 0.0, {}
    for name, p in _judged(p_values).items():
        largest = max(largest, p)
        adjusted[name] = largest
    return _records(p_values, adjusted, "fixed sequence", FIXED_SEQUENCE)


def gatekeeping(primary: tuple[str, float], others: Mapping[str, float]) -> dict[str, Adjusted]:
    """Return the primary p-value as it is, and the others by Holm behind it: none counts unless the primary does.

    Raises UsageError when the primary outcome stands among the others.
    """
    name, p = primary
    if name in others:
        raise UsageError("The primary outcome stands among the others: name each outcome once.")
    gate = _judged({name: p})[name]
    behind = {other: max(gate, 1.0 if isnan(one.adjusted) else one.adjusted) for other, one in holm(others).items()}
    return {
        **_records({name: p}, {name: gate}, "primary outcome, first in the sequence", FIXED_SEQUENCE),
        **_records(others, behind, "Holm's step-down behind the primary outcome", f"{FIXED_SEQUENCE}; {HOLM}"),
    }


def _judged(p_values: Mapping[str, float]) -> dict[str, float]:
    if any(not (isnan(p) or 0 <= p <= 1) for p in p_values.values()):
        raise UsageError("A p-value lies outside 0 to 1: give each as a share.")
    return {name: 1.0 if isnan(p) else p for name, p in p_values.items()}


def _ordered(p_values: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(_judged(p_values).items(), key=lambda one: one[1])


def _records(
    p_values: Mapping[str, float], adjusted: Mapping[str, float], test: str, reference: str
) -> dict[str, Adjusted]:
    return {
        name: Adjusted(
            name,
            p,
            nan if isnan(p) else adjusted[name],
            test,
            reference,
            "This p-value is not known; for the others it counts as 1." if isnan(p) else "",
        )
        for name, p in p_values.items()
    }
