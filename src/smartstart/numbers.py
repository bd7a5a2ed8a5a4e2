"""Numbers as people read them, in English: one way for each kind of thing, on pages, in sentences and in a terminal.

A minus is a minus sign, a number that does not exist is a dash. ``wording`` writes the numbers of a text that has
languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, isnan
from typing import Any, Final, Protocol

MINUS: Final = "−"
NOTHING: Final = "–"
JOINED: Final = "\u00a0"  # between a number and its sign where a line may not break: in a cell, on an axis


class Bounded(Protocol):
    """What has an interval."""

    @property
    def lower(self) -> float:
        """Its lower end."""

    @property
    def upper(self) -> float:
        """Its upper end."""


class Estimated(Bounded, Protocol):
    """What was estimated, with its interval."""

    @property
    def estimate(self) -> float:
        """What it is by the data."""


def true_minus(text: str) -> str:
    """Return a written number with a minus sign, which a hyphen is not."""
    return text.replace("-", MINUS)


def hyphened(text: str) -> str:
    """Return a written number with the hyphen of a keyboard: what a terminal prints is copied."""
    return text.replace(MINUS, "-")


def dutch(text: str) -> str:
    """Return a written number with the comma of Dutch."""
    return text.replace(".", ",")


def fixed(value: float | None, decimals: int) -> str:
    """Return a number with so many decimals."""
    return NOTHING if value is None or isnan(value) else true_minus(f"{value:.{decimals}f}")


def grouped(value: float, decimals: int = 0) -> str:
    """Return a number that may be large: its thousands stand apart."""
    return true_minus(f"{value:,.{decimals}f}")


def spoken(value: float) -> str:
    """Return a number as people say it: a decimal while it is small, and whole from ten on."""
    return fixed(value, 1).removesuffix(".0") if value < 10 else grouped(value)


def short(value: float) -> str:
    """Return a number that somebody chose, as it was given: the tick of an axis, a price's years."""
    return true_minus(f"{value:g}")


def amount(value: float) -> str:
    """Return an input that may be of any size: whole from 100 on, else three digits."""
    return grouped(value) if abs(value) >= 100 else true_minus(f"{value:.3g}")


def measured(value: float) -> str:
    """Return a number that was estimated; never an undefined one."""
    if isnan(value):
        return NOTHING
    if not isfinite(value):
        return "no bound"
    text = f"{value:.4f}" if abs(value) < 10 else f"{value:,.2f}" if abs(value) < 1e7 else f"{value:.2e}"
    return true_minus(text)


def interval(one: Bounded) -> str:
    """Return the ends of an interval that was estimated."""
    return "not defined" if isnan(one.lower) and isnan(one.upper) else f"{measured(one.lower)} to {measured(one.upper)}"


def estimate(found: Mapping[str, Any] | None, decimals: int, gap: str = " ") -> str:
    """Return the ``estimate`` of a report with its ``lower`` and ``upper``, as far as they are there."""
    if not found or found.get("estimate") is None:
        return NOTHING
    middle, lower, upper = (found.get(key) for key in ("estimate", "lower", "upper"))
    if lower is None or upper is None:
        return fixed(middle, decimals)
    return f"{fixed(middle, decimals)} ({fixed(lower, decimals)}{gap}to{gap}{fixed(upper, decimals)})"


def difference(one: Estimated) -> str:
    """Return a difference of shares in whole points of a percent, with its sign, and its interval."""
    middle, *ends = (true_minus(f"{100 * value:+.0f}") for value in (one.estimate, one.lower, one.upper))
    return f"{middle} ({' to '.join(ends)})"


def p_value(value: float, decimals: int = 4) -> str:
    """Return a p-value, or an error that is spent: never nought."""
    if not isfinite(value):
        return NOTHING
    least = 10.0**-decimals
    return f"< {least:.{decimals}f}" if value < least else f"{value:.{decimals}f}"


def euros(value: float) -> str:
    """Return whole euros."""
    return f"€ {grouped(value)}"


def percent(share: float | None, decimals: int = 0, gap: str = " ") -> str:
    """Return a share that was counted or estimated."""
    return NOTHING if share is None or isnan(share) else f"{fixed(100 * share, decimals)}{gap}%"


def percent_within(share: float | None, lower: float | None, upper: float | None) -> str:
    """Return a share in whole percents, with its interval as far as there is one."""
    if lower is None or upper is None:
        return percent(share)
    return f"{percent(share)} ({fixed(100 * lower, 0)}–{fixed(100 * upper, 0)})"


def stated(share: float, digits: int = 6, gap: str = " ") -> str:
    """Return a share that somebody stated, as it was given; ``digits`` where it was reckoned with."""
    return f"{100 * share:.{digits}g}{gap}%"


def chance(share: float) -> str:
    """Return a probability; never 0 or 100 where it is not."""
    if 0 < share < 0.0001:
        return "less than 0.01 %"
    if 0.999 < share < 1:
        return "more than 99.9 %"
    return stated(share, 3) if share < 0.1 else percent(share)
