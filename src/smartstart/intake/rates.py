"""How far the intake of a large file is, for who waits for it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from smartstart.contracts.values import MANY_ROWS
from smartstart.numbers import grouped


def rates_told(tell: Callable[[str], None]) -> Callable[[str, int], None]:
    """Return what hears how many rows of a file are done, and tells it of large files with how fast they go."""
    begun: dict[str, float] = {}

    def hear(file: str, rows: int) -> None:
        seconds = perf_counter() - begun.setdefault(file, perf_counter())
        if rows >= MANY_ROWS and seconds:
            tell(f"{file}: {grouped(rows)} rows checked, {grouped(rows / seconds)} a second")

    return hear
