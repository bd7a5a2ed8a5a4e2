"""What one municipality brings: a 2×2 table, or sums of a scale, for each stratum of its draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Counts

Pair = tuple[float, float]  # of the treated and of the control arm


@dataclass(frozen=True)
class Table2:
    """Women with the event and all women of one stratum of one municipality, in the treated and the control arm."""

    label: str
    stratum: str
    treated_events: int
    treated: int
    control_events: int
    control: int

    @property
    def has_both_arms(self) -> bool:
        """Tell whether there is anything to compare."""
        return self.treated > 0 and self.control > 0

    @property
    def counts(self) -> Counts:
        """Return the table as the analysis of one trial takes it. Raises UsageError when an arm is empty."""
        return Counts(self.treated_events, self.treated, self.control_events, self.control)


@dataclass(frozen=True)
class ScaleSums:
    """Sums over the women of one stratum of one municipality with a known outcome, each of both arms.

    Of the outcome y, the nulmeting x, their squares and their product: all that an analysis of covariance with an
    intercept for each stratum and one slope needs.
    """

    label: str
    stratum: str
    n: tuple[int, int]
    y: Pair
    x: Pair
    yy: Pair
    xx: Pair
    xy: Pair


def refuse_repeated(parts: Sequence[Table2] | Sequence[ScaleSums]) -> None:
    """Raise UsageError when there is nothing, or one stratum of one municipality stands there twice."""
    if not parts:
        raise UsageError("There is nothing to pool: give the tables of one municipality at least.")
    if len({(part.label, part.stratum) for part in parts}) < len(parts):
        raise UsageError("A stratum of a municipality stands there twice, and its women would count double.")
