"""What moved a risk, in words: each predictor as it is against what is typical, all others left as they are.

For a model whose log odds add up, this is exact: the effects sum to the difference from the typical woman. For others
it is the effect of changing one thing at a time, and is said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from smartstart.risk.predictors import PREDICTORS, matrix

if TYPE_CHECKING:
    import pandas as pd

    from smartstart.risk.cohort import Floats

FEW = 4  # factors that are told; more is a list, not an explanation
NOTICEABLE = 1.1  # an odds ratio nearer to 1 than this moved nothing


class Gives(Protocol):
    """Whatever gives risks and names what it looks at."""

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of the predictors."""
        ...

    def risk(self, frame: pd.DataFrame) -> Floats:
        """Return the risk of each row, shape (n,)."""
        ...

    def line(self, frame: pd.DataFrame) -> Floats:
        """Return a scale on which the effects of an additive model add up, shape (n,)."""
        ...


@dataclass(frozen=True)
class Effect:
    """One predictor's part: ``odds_ratio`` against the typical woman; above 1 it raises the risk."""

    predictor: str
    words: str
    odds_ratio: float

    @property
    def direction(self) -> str:
        """``raises`` or ``lowers``."""
        return "raises" if self.odds_ratio > 1 else "lowers"


def effects(model: Gives, row: pd.DataFrame, typical: Mapping[str, float]) -> list[Effect]:
    """Return the effect of every predictor of one pregnancy (a frame of one row), the largest first.

    What is not known of her counts as what was usual in training; where that is not what is typical, the gap has an
    effect too, and is told as a gap.
    """
    told = matrix(row, model.predictors).iloc[0]
    row = row.assign(**told)  # as the model sees her: one predictor then moves without the others
    own = float(model.line(row)[0])
    found = []
    for name in model.predictors:
        ratio = float(np.exp(own - float(model.line(row.assign(**{name: typical[name]}))[0])))
        found.append(Effect(name, _words_of(name, float(told[name]), row), ratio))
    return sorted(found, key=lambda effect: -abs(np.log(effect.odds_ratio)))


def _words_of(name: str, value: float, row: pd.DataFrame) -> str:
    if np.isnan(value):
        return f"{PREDICTORS[name].words}: not known"
    if name == "years_since_birth" and float(row["earlier_births"].iloc[0]) == 0:
        return "no earlier birth"
    return in_words(name, value)


def the_few(found: Sequence[Effect]) -> list[Effect]:
    """Return the few that matter: at most FEW, and none too small to notice."""
    return [one for one in found if max(one.odds_ratio, 1 / one.odds_ratio) >= NOTICEABLE][:FEW]


def in_words(name: str, value: float) -> str:
    """Return what is the case, in words, for a person who knows the woman."""
    predictor = PREDICTORS[name]
    if predictor.kind == "yes_no":
        return predictor.yes if value >= 0.5 else predictor.no
    return f"{predictor.words}: {int(value)}"  # a woman of 27.6 years is 27
