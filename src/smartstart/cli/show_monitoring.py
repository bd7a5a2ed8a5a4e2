"""What the commands of planned looks print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart.cli import show
from smartstart.numbers import p_value

if TYPE_CHECKING:
    from smartstart.trial.sequential.planned import Boundaries


def boundaries(found: Boundaries) -> None:
    """Print the boundary of each look, what is spent by then, and what that costs."""
    heads: tuple[str, ...] = ("look", "information", "stop at Z", "p (one-sided)", "error spent")
    rows = [
        [str(place + 1), f"{t:.3f}", f"{z:.4f}", p_value(p, 6), p_value(spent, 6)]
        for place, (t, z, p, spent) in enumerate(
            zip(found.fractions, found.z, found.p, found.cumulative_spending, strict=True)
        )
    ]
    if found.futility_z:
        heads = (*heads, "futile at Z")
        for row, low in zip(rows, (*(f"{z:.4f}" for z in found.futility_z), "–"), strict=True):
            row.append(low)
    show.table(title(found), heads, rows)
    show.paragraphs([*found.sentences(), f"How: {found.method}.", f"Reference: {found.reference}."])


def title(found: Boundaries) -> str:
    """Return which boundaries these are."""
    parameter = "" if found.parameter is None else f", parameter {found.parameter:g}"
    return f"{found.looks} look{'s' if found.looks > 1 else ''}, {found.spending}{parameter}"
