"""Columns and what they mean: one description from which every format takes its names, labels and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Kind = Literal["code", "number", "text"]
Cell = int | float | str | None

NO_YES: Final = {0: "no", 1: "yes"}


@dataclass(frozen=True)
class Column:
    """One variable: its name, its label, and what its cells are.

    ``code`` is a whole number that stands for one of ``codes``; ``number`` has a ``unit``; ``text`` are words. An empty
    cell is not known; ``why`` names the column that says why, where there is one.
    """

    name: str
    label: str
    kind: Kind
    codes: Mapping[int, str] = field(default_factory=dict)
    unit: str = ""
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        codes = {str(code): label for code, label in self.codes.items()}
        return vars(self) | {"codes": codes}


@dataclass(frozen=True)
class AnalysisSet:
    """The table: a column for each variable, a row for each woman, and sentences that a reader must know."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]

    def cells(self, name: str) -> list[Cell]:
        """Return the cells of one column, in the order of the rows."""
        at = [column.name for column in self.columns].index(name)
        return [row[at] for row in self.rows]


def numbered(values: Sequence[str]) -> dict[str, int]:
    """Return a number from 1 for each different value, in the order of the values."""
    return {value: number for number, value in enumerate(sorted(set(values)), start=1)}
