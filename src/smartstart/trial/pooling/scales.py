"""Pool a scale over municipalities from sums alone: analysis of covariance as if the women stood in one file.

Centred within each stratum, squares and products add up over strata and municipalities. From their sums follows the
model with an intercept for each stratum and one slope of the nulmeting, exactly as least squares on all women gives it.
The variance is that of equal spread: the robust one (HC2) of a single trial needs each woman.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import nan, sqrt
from typing import Any, Final

import numpy as np

from smartstart.trial.analysis.comparison import Arms
from smartstart.trial.analysis.records import LEVEL, Estimate, Significance, plain
from smartstart.trial.analysis.wald import critical, test_of
from smartstart.trial.pooling.events import Without
from smartstart.trial.pooling.random_effects import RandomEffects, random_effects
from smartstart.trial.pooling.records import ScaleSums, refuse_repeated

METHOD: Final = "analysis of covariance, an intercept for each stratum, one slope, equal spread"
REFERENCE: Final = "Searle, Linear Models, 1971, chapter 8, from sums within strata"
NO_BOTH: Final = "No stratum of any municipality has answers in both arms: nothing can be compared."
_NOTHING: Final = 1e-10  # of a sum of squares: what is less is rounding


@dataclass(frozen=True)
class Within:
    """Sums of squares and products within strata: of arm (t), baseline (x) and outcome (y); they add up.

    ``strata`` counts those with an answer, each of which takes an intercept.
    """

    treated: float
    control: float
    strata: float
    tt: float
    tx: float
    xx: float
    ty: float
    xy: float
    yy: float

    def __add__(self, other: Within) -> Within:
        """Return the sums over both."""
        return Within(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def difference(self) -> Estimate:
        """Return the treated arm's mean minus the control arm's, adjusted for strata and baseline."""
        n, adjusts = self.treated + self.control, self.xx > _NOTHING
        fixed = np.array([[self.tt, self.tx], [self.tx, self.xx]])[: 1 + adjusts, : 1 + adjusts]
        product = np.array([self.ty, self.xy])[: 1 + adjusts]
        df = n - self.strata - len(product)
        if self.tt <= _NOTHING or abs(np.linalg.det(fixed)) <= _NOTHING * self.tt * (self.xx if adjusts else 1):
            return Estimate(nan, nan, nan, nan, METHOD, REFERENCE, LEVEL, NO_BOTH)
        inverse = np.linalg.inv(fixed)
        found = inverse @ product
        left = max(0.0, float(self.yy - found @ product))
        if df < 1 or left <= _NOTHING * max(self.yy, 1.0):
            note = "Too few answers, or all alike: there is no spread to judge the difference by."
            return Estimate(float(found[0]), nan, nan, nan, METHOD, REFERENCE, LEVEL, note)
        se = sqrt(left / df * float(inverse[0, 0]))
        half = critical(df) * se
        return Estimate(float(found[0]), float(found[0]) - half, float(found[0]) + half, se, METHOD, REFERENCE, LEVEL)

    @property
    def df(self) -> float:
        """Return the degrees of freedom of the residual."""
        return self.treated + self.control - self.strata - 1 - (self.xx > _NOTHING)

    def as_numbers(self) -> dict[str, float]:
        """Return the sums by name."""
        return asdict(self)


NOTHING: Final = Within(*[0.0] * 9)


@dataclass(frozen=True)
class MunicipalityScale:
    """One municipality by itself: its answers, its own adjusted difference, its share of the weight in the mean."""

    label: str
    n: Arms
    difference: Estimate
    weight: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        told = {"label": self.label, "n": self.n.as_dict(), "mean_difference": self.difference.as_dict()}
        return told | {"weight": self.weight}


@dataclass(frozen=True)
class PooledScale:
    """A scale pooled over municipalities: one common difference, and beside it random effects."""

    n: Arms
    mean_difference: Estimate
    significance: Significance
    random_effects: RandomEffects | None
    leave_one_out: tuple[Without, ...]
    by_municipality: tuple[MunicipalityScale, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "n": self.n.as_dict(),
            "mean_difference": self.mean_difference.as_dict(),
            "p_value": plain(self.significance.p_value),
            "test": self.significance.test,
            "random_effects": self.random_effects.as_dict() if self.random_effects else None,
            "leave_one_out": [one.as_dict() for one in self.leave_one_out],
            "by_municipality": [one.as_dict() for one in self.by_municipality],
            "notes": list(self.notes),
        }


def within(sums: ScaleSums) -> Within:
    """Return the squares and products of one stratum around its own means; nothing when nobody answered."""
    n1, n0 = sums.n
    n = n1 + n0
    if n == 0:
        return NOTHING
    y, x = sum(sums.y), sum(sums.x)
    return Within(
        treated=n1,
        control=n0,
        strata=1,
        tt=n1 * n0 / n,
        tx=sums.x[0] - n1 * x / n,
        xx=_spread(sum(sums.xx), x, n),
        ty=sums.y[0] - n1 * y / n,
        xy=sum(sums.xy) - x * y / n,
        yy=_spread(sum(sums.yy), y, n),
    )


def _spread(squares: float, total: float, n: int) -> float:
    # of equal values of which the squares are large, rounding would else stand as a nulmeting to adjust for
    found = squares - total * total / n
    return found if found > 1e-13 * squares else 0.0


def added(parts: Sequence[ScaleSums]) -> Within:
    """Return the sums over strata."""
    return sum((within(part) for part in parts), NOTHING)


def difference_test(found: Within) -> Significance:
    """Return the t test of no difference."""
    main = found.difference()
    return test_of(main.estimate, main.se, (f"t test in the {METHOD}", REFERENCE), df=max(1.0, found.df))


def pool_scales(sums: Sequence[ScaleSums]) -> PooledScale | str:
    """Return the scale pooled over all strata of all municipalities, or the sentence why there is nothing to pool.

    Raises UsageError without sums, or when a stratum of a municipality stands there twice.
    """
    refuse_repeated(sums)
    towns = {label: added([part for part in sums if part.label == label]) for label in {p.label: 0 for p in sums}}
    whole = sum(towns.values(), NOTHING)
    if whole.tt <= _NOTHING:
        return NO_BOTH
    own = {label: part.difference() for label, part in towns.items()}
    effect = np.array([one.estimate for one in own.values()], dtype=float)
    variance = np.array([one.se**2 for one in own.values()], dtype=float)
    return PooledScale(
        n=Arms(int(whole.treated), int(whole.control)),
        mean_difference=whole.difference(),
        significance=difference_test(whole),
        random_effects=random_effects(effect, variance, "difference in means"),
        leave_one_out=_without_each(towns),
        by_municipality=tuple(
            MunicipalityScale(label, Arms(int(part.treated), int(part.control)), own[label], part.tt / whole.tt)
            for label, part in towns.items()
        ),
        notes=("The slope of the scale at the start is taken as the same in every municipality.",),
    )


def _without_each(towns: dict[str, Within]) -> tuple[Without, ...]:
    if len(towns) < 2:
        return ()
    found = []
    for label in towns:
        rest = sum((part for other, part in towns.items() if other != label), NOTHING).difference()
        found.append(Without(label, rest.estimate, rest.lower, rest.upper))
    return tuple(found)
