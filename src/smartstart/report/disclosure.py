"""Which counts may leave: none under ten, all others rounded to five, and totals only of what is shown.

A total that was counted exactly gives hidden cells away: with exact totals 76 % of suppressed cells could be recovered.
So a total here is the sum of the released cells, and a row of which one cell is hidden gives nothing but that sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smartstart.small_numbers import MINIMUM, ROUNDED_TO


def released(count: int) -> int | None:
    """Return a count as it may be shown, or None when it may not: also nought is under ten."""
    if count < MINIMUM:
        return None
    return (2 * count + ROUNDED_TO) // (2 * ROUNDED_TO) * ROUNDED_TO


def rounded(value: float) -> int:
    """Return a number that is no count, such as percents of what is shown, as coarsely as counts are shown."""
    return ROUNDED_TO * round(value / ROUNDED_TO)


def total(cells: Iterable[int | None]) -> int | None:
    """Return the sum of the released cells, or None when none is released."""
    shown = [cell for cell in cells if cell is not None]
    return sum(shown) if shown else None


def released_table(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int | None]]:
    """Return counts by group and arm as they may be shown.

    When any cell of the groups is too small, the groups are put together: a town in which some groups are shown and
    others are not would say of a small group that it is small.
    """
    cells = {group: {arm: released(count) for arm, count in row.items()} for group, row in counts.items()}
    if all(cell is not None for row in cells.values() for cell in row.values()):
        return cells
    arms = dict.fromkeys(arm for row in counts.values() for arm in row)
    together = {arm: released(sum(row.get(arm, 0) for row in counts.values())) for arm in arms}
    return {"": dict(together)}
