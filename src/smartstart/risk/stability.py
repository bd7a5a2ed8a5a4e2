"""How much a model would have been another one on other mothers.

Riley & Collins, Biometrical Journal 2023;65:2200302: a model that is trained again on mothers drawn with replacement
gives the same child another risk; by how much is the instability of that child's risk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.risk.metrics import Floats, Ints, risk_groups

MODELS: Final = 200  # Riley & Collins: at least 200 bootstrap models
FRACTIONS: Final = (0.1, 0.2, 0.35, 0.5, 0.7, 1.0)  # of the mothers; closer where the curve is steep
REPEATS: Final = 5
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)

Predict = Callable[[Ints], Floats]  # the risks of these rows
Fit = Callable[[Ints], Predict]  # train on these rows, of which some come more than once


@dataclass(frozen=True)
class InstabilityGroup:
    """Children of about equal original risk, and what the bootstrap models gave them."""

    risk: float
    lower: float  # 2.5 % of the bootstrap models' risks of these children
    lower_quarter: float
    median: float
    upper_quarter: float
    upper: float  # 97.5 %
    mean_absolute_error: float
    n: int

    def as_dict(self) -> dict[str, Any]:
        """Return one flat record."""
        return {
            "risk": self.risk,
            "lower": self.lower,
            "lower_quarter": self.lower_quarter,
            "median": self.median,
            "upper_quarter": self.upper_quarter,
            "upper": self.upper,
            "mean_absolute_error": self.mean_absolute_error,
            "n": self.n,
        }


@dataclass(frozen=True)
class Instability:
    """Mean absolute prediction error of every child, and its summaries."""

    models: int
    per_child: Floats  # (n,): personal, for the analyst's own eyes; not in as_dict
    mean: float
    quantiles: Mapping[float, float]
    groups: Sequence[InstabilityGroup]  # by tenths of the original risk

    def as_dict(self) -> dict[str, Any]:
        """Return the summaries; no child's own figure is among them."""
        return {
            "models": self.models,
            "mean_absolute_prediction_error": self.mean,
            "quantiles": {f"{share:g}": value for share, value in self.quantiles.items()},
            "groups": [group.as_dict() for group in self.groups],
        }


def prediction_instability(
    fit: Fit, risk: Any, mother: Any, rng: np.random.Generator, models: int = MODELS
) -> Instability:
    """Train ``models`` models on mothers drawn with replacement; return how far they lie from the original ``risk``.

    ``fit`` gets the rows of the drawn mothers' children and must repeat the whole of the training, its tuning too.
    Raises UsageError when mothers and risks differ in length.
    """
    original = np.asarray(risk, dtype=np.float64)
    children = _Children.of(mother)
    if children.n != len(original):
        raise UsageError("the mothers and the risks differ in length: give one mother per child")
    everyone = np.arange(children.n)
    drawn = np.stack([fit(children.rows(children.redrawn(rng)))(everyone) for _ in range(models)])
    error = np.abs(drawn - original).mean(axis=0)
    return Instability(
        models=models,
        per_child=error,
        mean=float(error.mean()),
        quantiles={share: float(np.quantile(error, share)) for share in QUANTILES},
        groups=_by_risk(original, drawn, error),
    )


def _by_risk(original: Floats, drawn: Floats, error: Floats) -> list[InstabilityGroup]:
    group = risk_groups(original)
    members = [group == at for at in range(int(group.max()) + 1)]
    limits = [np.quantile(drawn[:, member], (0.025, 0.25, 0.5, 0.75, 0.975)) for member in members]
    return [
        InstabilityGroup(
            risk=float(original[member].mean()),
            lower=float(lower),
            lower_quarter=float(lower_quarter),
            median=float(median),
            upper_quarter=float(upper_quarter),
            upper=float(upper),
            mean_absolute_error=float(error[member].mean()),
            n=int(member.sum()),
        )
        for member, (lower, lower_quarter, median, upper_quarter, upper) in zip(members, limits, strict=True)
    ]


@dataclass(frozen=True)
class LearningPoint:
    """What was reached with part of the mothers: the mean, lowest and highest of the repeats."""

    fraction: float
    mothers: int
    measure: str
    mean: float
    lowest: float
    highest: float

    def as_dict(self) -> dict[str, Any]:
        """Return one flat record."""
        return {
            "fraction": self.fraction,
            "mothers": self.mothers,
            "measure": self.measure,
            "mean": self.mean,
            "lowest": self.lowest,
            "highest": self.highest,
        }


def learning_curve(
    fit: Callable[[Ints], Any],
    judge: Callable[[Any], Mapping[str, float]],
    mother: Any,
    rng: np.random.Generator,
    fractions: Sequence[float] = FRACTIONS,
    repeats: int = REPEATS,
) -> list[LearningPoint]:
    """Train on growing parts of the mothers, drawn without replacement, and judge each model on children kept apart.

    ``fit`` gets rows of the history that ``mother`` describes; ``judge`` gets what ``fit`` returned and knows the
    test set. Within one repeat the smaller parts lie within the larger; with all mothers one training is enough.
    Raises UsageError for a fraction outside 0 to 1.
    """
    if not all(0 < fraction <= 1 for fraction in fractions):
        raise UsageError("a fraction of a learning curve lies outside 0 to 1: give shares of the mothers")
    children = _Children.of(mother)
    orders = [rng.permutation(children.mothers) for _ in range(repeats)]
    return [point for fraction in fractions for point in _points(fraction, fit, judge, children, orders)]


def _points(
    fraction: float,
    fit: Callable[[Ints], Any],
    judge: Callable[[Any], Mapping[str, float]],
    children: _Children,
    orders: Sequence[Ints],
) -> list[LearningPoint]:
    many = max(1, round(fraction * children.mothers))
    tried = orders if many < children.mothers else orders[:1]
    found = [judge(fit(children.rows(np.sort(order[:many])))) for order in tried]
    points = []
    for measure in found[0]:
        values = np.array([one[measure] for one in found])
        points.append(
            LearningPoint(fraction, many, measure, float(values.mean()), float(values.min()), float(values.max()))
        )
    return points


@dataclass(frozen=True)
class _Children:
    """Which rows belong to which mother."""

    n: int
    mothers: int
    order: Ints  # rows, mother by mother
    first: Ints  # where each mother's rows begin in ``order``
    size: Ints

    @classmethod
    def of(cls, mother: Any) -> _Children:
        cluster = np.unique(np.asarray(mother), return_inverse=True)[1]
        size = np.bincount(cluster)
        return cls(len(cluster), len(size), np.argsort(cluster, kind="stable"), np.cumsum(size) - size, size)

    def redrawn(self, rng: np.random.Generator) -> Ints:
        return rng.integers(0, self.mothers, size=self.mothers)

    def rows(self, mothers: Ints) -> Ints:
        """Return the rows of these mothers' children, as often as each mother is named."""
        return np.concatenate([self.order[self.first[one] : self.first[one] + self.size[one]] for one in mothers])
