"""The instruments in use: items, dimensions, totals, and the rules that a definition must keep."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Final, Literal

from smartstart.programme.records import must, read_record


@dataclass(frozen=True)
class Item:
    """One item of an instrument: an answer from ``minimum`` to ``maximum``, perhaps reversed."""

    item: str
    dimension: str
    minimum: int
    maximum: int
    reversed: bool


@dataclass(frozen=True)
class ImportantDifference:
    """The least difference in points that matters to the women themselves, and where that is shown."""

    points: float
    source: str


TOTAL: Final = "total"  # the dimension of all items


@dataclass(frozen=True)
class Instrument:
    """A questionnaire scale: a dimension is the mean of its answered items if ``share_answered`` of them are.

    ``least_answered`` is that number for the dimensions that have their own. With ``total`` there is a total as well,
    when all dimensions are scored. ``caution`` is what a reader of its scores has to know. ``important_difference``
    is by dimension, the total among them.
    """

    instrument: str
    title: str
    items: tuple[Item, ...]
    share_answered: float
    least_answered: dict[str, int] = field(default_factory=dict)
    total: Literal["all_dimensions", "none"] = "none"
    caution: str = ""
    important_difference: dict[str, ImportantDifference] = field(default_factory=dict)

    @property
    def dimensions(self) -> dict[str, tuple[Item, ...]]:
        """Return the items by dimension, in the order of the definition."""
        names = dict.fromkeys(item.dimension for item in self.items)
        return {name: tuple(item for item in self.items if item.dimension == name) for name in names}

    def least(self, dimension: str) -> int:
        """Return how many of a dimension's items must be answered: its own number, or the share rounded up."""
        share = ceil(Fraction(str(self.share_answered)) * len(self.dimensions[dimension]))
        return self.least_answered.get(dimension, max(share, 1))


def load_instrument(path: Path) -> Instrument:
    """Read the definition of an instrument. Raises UsageError."""
    instrument: Instrument = read_record(path, Instrument)
    _judge_instrument(instrument, path.name)
    return instrument


_PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _judge_instrument(i: Instrument, place: str) -> None:
    names = [item.item for item in i.items]
    must(bool(names) and len(set(names)) == len(names), f"{place}, items: each is named once, and one at least")
    for name in (i.instrument, *names, *i.dimensions):  # they become names of columns and of tables' keys
        must(
            bool(_PLAIN_NAME.fullmatch(name)),
            f"{place}: names of an instrument, its items and dimensions begin with a small letter, and have small "
            "letters, digits and _ only, 63 at most",
        )
    must(all(item.minimum < item.maximum for item in i.items), f"{place}, items: minimum must lie below maximum")
    must(0 <= i.share_answered <= 1, f"{place}, share_answered: must lie from 0 to 1")
    must(TOTAL not in i.dimensions, f"{place}, items: '{TOTAL}' is the name of the dimension of all items")
    for dimension, number in i.least_answered.items():
        must(dimension in i.dimensions, f"{place}, least_answered: '{dimension}' is no dimension of the items")
        most = len(i.dimensions[dimension])
        must(1 <= number <= most, f"{place}, least_answered, {dimension}: must lie from 1 to {most} items")
    alike = len({(item.minimum, item.maximum) for item in i.items}) == 1
    must(i.total == "none" or alike, f"{place}, total: the items have different ranges, so that they have no total")
    known = [*i.dimensions, *([TOTAL] if i.total != "none" else [])]
    for dimension, difference in i.important_difference.items():
        must(dimension in known, f"{place}, important_difference: '{dimension}' is no dimension that is scored")
        must(
            difference.points > 0 and bool(difference.source.strip()),
            f"{place}, important_difference, {dimension}: points must lie above 0, with their source",
        )
