"""A cohort: children of pregnancies, what was known on the index date, and what became of them.

One row is one child; twins are two rows of one pregnancy, and all children of one mother are one cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 30.4375  # 365.25 / 12
FACTORS = ("alone", "factor_without_work", "young_at_first_child", "factor_rent_allowance")

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cohort:
    """Arrays of one length n, one place per child.

    ``frame``: the predictors, FACTORS (1, 0 or NaN) and groups, with the index 0 to n-1. ``mother``: the cluster, from
    0. ``born``: days. ``followed``: months from birth until follow-up ends, NaN where nobody knows. ``happened``:
    months from birth to the outcome, NaN where it was not seen. ``start_unknown``: it happened on an unknown day.
    ``known`` and ``event`` are the outcome at ``horizon`` months: known is potential follow-up of at least that, event
    or not; where it is not known, ``event`` is false and means nothing.
    """

    frame: pd.DataFrame
    mother: Ints
    born: NDArray[np.datetime64]
    followed: Floats
    happened: Floats
    start_unknown: Bools
    known: Bools
    event: Bools
    horizon: int

    def __len__(self) -> int:
        """Return the number of children."""
        return len(self.mother)

    def where(self, chosen: Bools) -> Cohort:
        """Return the cohort of the chosen children."""
        return self.take(np.flatnonzero(chosen))

    def take(self, chosen: Ints) -> Cohort:
        """Return the cohort of the children at these places, each as often as it is named."""
        return Cohort(
            frame=self.frame.iloc[chosen].reset_index(drop=True),
            mother=self.mother[chosen],
            born=self.born[chosen],
            followed=self.followed[chosen],
            happened=self.happened[chosen],
            start_unknown=self.start_unknown[chosen],
            known=self.known[chosen],
            event=self.event[chosen],
            horizon=self.horizon,
        )

    def judged(self) -> Cohort:
        """Return the children whose outcome is known at the horizon."""
        return self.where(self.known)

    def as_seen_on(self, day: np.datetime64) -> Cohort:
        """Return the cohort as it was known on an earlier day: later births and later outcomes are not there.

        The outcome at the horizon is known only of who was followed that long by then.
        """
        age = (day - self.born).astype("timedelta64[D]").astype(float) / DAYS_PER_MONTH
        followed = np.fmin(self.followed, age)
        seen = self.happened <= followed
        long_enough = self.known & (age >= self.horizon)
        cohort = Cohort(
            frame=self.frame,
            mother=self.mother,
            born=self.born,
            followed=followed,
            happened=np.where(seen, self.happened, np.nan),
            start_unknown=self.start_unknown,
            known=long_enough,
            event=self.event & long_enough,
            horizon=self.horizon,
        )
        return cohort.where(age >= 0)
