"""What a risk may be told from: each predictor with its kind, its direction and its words.

Nationality, origin and religion are no predictors, since no extract has them. Whatever is missing here is no predictor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from smartstart.calendar import LONGEST_WEEKS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predictor:
    """One predictor, known on the index date.

    ``kind``: ``number`` (bent by a spline), ``count`` (a straight line) or ``yes_no`` (1 or 0). ``direction`` is that
    of the risk, for models that keep to it: 1 up, -1 down, 0 either. ``most`` is where a count is cut off.
    ``words`` say what it is; ``yes`` and ``no`` say what is the case when it is 1 or 0.
    """

    name: str
    kind: Literal["number", "count", "yes_no"]
    direction: Literal[-1, 0, 1]
    words: str
    yes: str = ""
    no: str = ""
    least: float = 0.0
    most: float = 1.0


_ALL = (
    Predictor("age", "number", -1, "her age, in years", least=14.0, most=45.0),
    Predictor("age_at_first_birth", "number", -1, "her age at her first birth, in years", least=13.0, most=45.0),
    Predictor("earlier_births", "count", 0, "number of earlier births", most=4.0),
    Predictor("first_birth", "yes_no", 0, "first birth", "this is her first birth", "she gave birth before"),
    Predictor("years_since_birth", "count", 0, "years since her last birth", most=8.0),
    Predictor("married", "yes_no", -1, "married", "she is married", "she is not married"),
    Predictor("without_partner", "yes_no", 1, "no partner in the home", "no partner at home", "a partner at home"),
    Predictor("children_elsewhere", "count", 1, "children of hers who live elsewhere", most=2.0),
    Predictor("other_children", "count", 0, "children in the home who are not known as hers", most=2.0),
    Predictor("unwanted", "yes_no", 1, "unwanted pregnancy", "it was not wanted", "it was wanted"),
    Predictor(
        "earlier_child_placed", "yes_no", 1, "an earlier child out of home", "an earlier child lives elsewhere",
        "no earlier child lives elsewhere",
    ),
    Predictor("without_work", "yes_no", 1, "without paid work", "she has no paid work", "she has paid work"),
    Predictor("on_benefit", "yes_no", 1, "on benefit", "she is on benefit", "she is not on benefit"),
    Predictor("rent_allowance", "yes_no", 1, "rents with huurtoeslag", "she rents with huurtoeslag", "no huurtoeslag"),
    Predictor("smokes", "yes_no", 1, "smokes", "she smokes", "she does not smoke"),
    Predictor("first_visit_week", "count", 1, "week of the first check-up", most=float(LONGEST_WEEKS)),
    Predictor("no_qualification", "yes_no", 1, "no startkwalificatie", "no startkwalificatie", "a startkwalificatie"),
    Predictor("parents_apart", "yes_no", 1, "parents apart", "she did not grow up with both parents",
              "she grew up with both parents"),
    Predictor("own_mother_teenage", "yes_no", 1, "her own mother was a teenage mother",
              "her own mother was a teenage mother", "her own mother was no teenage mother"),
)  # fmt: skip
PREDICTORS = {predictor.name: predictor for predictor in _ALL}
LEAST_KNOWN = 0.8  # a predictor that was known less often in training teaches about the asking, not about the risk


def matrix(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return these predictors as floats, one row per pregnancy, cut off at their bounds; NaN is not known.

    Of a woman without an earlier birth the years since her last one are nobody's gap: they count as the bound.
    """
    import pandas as pd

    columns = {}
    for name in names:
        predictor = PREDICTORS[name]
        values = frame[name].to_numpy(dtype=float, na_value=np.nan)
        if name == "years_since_birth":
            none_yet = frame["earlier_births"].to_numpy(dtype=float, na_value=np.nan) == 0
            values = np.where(np.isnan(values) & none_yet, predictor.most, values)
        columns[name] = np.clip(values, predictor.least, predictor.most)
    return pd.DataFrame(columns, columns=list(names), index=range(len(frame)))  # the plain count has no columns


def known_counts(frame: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return how many of these predictors are known of each pregnancy, shape (n,)."""
    counts: np.ndarray = matrix(frame, names).notna().sum(axis=1).to_numpy(dtype=int)
    return counts


def usable(
    frame: pd.DataFrame, names: Sequence[str], missing_alike: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which predictors can be learned from, and which are left out: too seldom known, or never different."""
    x = matrix(frame, names)
    kept = []
    for name in names:
        known = float(x[name].notna().mean())
        if x[name].nunique(dropna=True) > 1 and (known >= LEAST_KNOWN or name in missing_alike):
            kept.append(name)
    return tuple(kept), tuple(name for name in names if name not in kept)
