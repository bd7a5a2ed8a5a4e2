"""The records in which every comparison is given, and the one in which a named method is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from smartstart.errors import UsageError, nearest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEVEL: Final = 0.95  # of every interval, two-sided
Compute = TypeVar("Compute", bound=Callable[..., Any])


@dataclass(frozen=True)
class Estimate:
    """One measure of effect with its interval.

    ``estimate``, ``lower`` and ``upper`` are on the measure's own scale: probability, ratio, points or time.
    ``se`` is of the estimate, for ratios of its natural logarithm. What is not defined is ``nan``; an end that has
    no bound is infinite. ``method`` says in words how it was made, ``reference`` where the formula stands, and
    ``note`` what a reader has to know, such as a bound that is all that can be said.
    """

    estimate: float
    lower: float
    upper: float
    se: float
    method: str
    reference: str
    level: float = LEVEL
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values: None for what is undefined or without a bound."""
        return {name: plain(value) for name, value in vars(self).items() if name != "note" or value}


@dataclass(frozen=True)
class Significance:
    """A test of no effect: its two-sided ``p_value``, its name in words and where it stands."""

    p_value: float
    test: str
    reference: str
    note: str = ""


@dataclass(frozen=True)
class Counts:
    """A 2×2 table: women with the event and all women, in the treated and in the control arm.

    Raises UsageError when events or women are negative, or events exceed women, or an arm is empty.
    """

    events_treated: int
    n_treated: int
    events_control: int
    n_control: int

    def __post_init__(self) -> None:
        """Judge the counts once, so that a table that exists can be trusted."""
        for events, n in ((self.events_treated, self.n_treated), (self.events_control, self.n_control)):
            if n < 1 or not 0 <= events <= n:
                raise UsageError("An arm has no women, or more events than women: give events/women for each arm.")

    @property
    def risk_treated(self) -> float:
        """Return the share of treated women with the event."""
        return self.events_treated / self.n_treated

    @property
    def risk_control(self) -> float:
        """Return the share of control women with the event."""
        return self.events_control / self.n_control

    @property
    def events(self) -> int:
        """Return the pooled number of events."""
        return self.events_treated + self.events_control


@dataclass(frozen=True)
class Named(Generic[Compute]):
    """A method by the name under which ``--method`` picks it; ``words`` and ``reference`` stand in the result."""

    name: str
    words: str
    reference: str
    compute: Compute


def named(methods: tuple[Named[Compute], ...]) -> dict[str, Named[Compute]]:
    """Return the methods by name, in their order: the first is the default."""
    return {method.name: method for method in methods}


def chosen(methods: dict[str, Named[Compute]], name: str | None) -> Named[Compute]:
    """Return the method of that name, or the default. Raises UsageError that lists what there is."""
    if name is None:
        return next(iter(methods.values()))
    judge_method(name, methods)
    return methods[name]


def judge_method(method: str | None, methods: Iterable[str]) -> None:
    """Raise UsageError, with what there is, when no measure has a method of that name."""
    known = [*methods]
    if method is not None and method not in known:
        hint = nearest(method, known)
        raise UsageError(f"--method: '{method}' is unknown{hint}; there are {', '.join(known)}.")


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: a number that is not finite becomes None."""
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None
    return value
