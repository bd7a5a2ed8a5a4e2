"""What the offer costs and what it may save: break-even, and the effect on the budget with how unsure it is.

Every price is given, with its source and year; nothing here is a constant of ours but the ranges of the tornado.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any, Final

import numpy as np

DRAWS: Final = 100_000
RESAMPLED: Final = 10_000
SEED: Final = 20_270_101  # the same counts give the same answer
PRIOR: Final = 0.5  # Jeffreys: Beta(0.5, 0.5) for each arm's risk (Proc R Soc A 1946;186:453)
# How far each input is moved by itself, as factors; the discount rate runs over what guidelines ask.
MOVED: Final = {"offer": (0.75, 1.25), "placement": (0.75, 1.25), "years": (0.5, 2.0)}
DISCOUNTS: Final = (0.0, 0.05)


@dataclass(frozen=True)
class Prices:
    """In euros: the offer for each woman, a placement for each year; the years that it lasts, and the discount rate.

    A placement's years begin at the placement; what comes later than a year after counts for less, by ``discount_rate``
    a year.
    """

    offer: float
    placement_a_year: float
    years: float
    discount_rate: float

    @property
    def placement(self) -> float:
        """Return the present value of one placement: each year's price at its beginning, the last one in part."""
        whole = floor(self.years)
        weights = [(1 + self.discount_rate) ** -year for year in range(whole + 1)]
        return self.placement_a_year * (sum(weights[:whole]) + (self.years - whole) * weights[whole])

    @property
    def break_even(self) -> float:
        """Return the absolute risk reduction at which the offer pays for itself."""
        return self.offer / self.placement


@dataclass(frozen=True)
class Interval:
    """A posterior mean with its 95 % interval (equal tails)."""

    mean: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Bar:
    """One bar of the tornado: the saving for each woman when one input alone lies at its low and at its high value."""

    name: str
    low_input: float
    high_input: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Return how far the saving moves."""
        return abs(self.high - self.low)


@dataclass(frozen=True)
class BudgetEffect:
    """The effect on the budget of offering it to one woman; positive is a saving. Bars are the widest first."""

    prices: Prices
    risk_reduction: Interval
    saving: Interval
    probability_pays: float
    bars: tuple[Bar, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "prices": vars(self.prices) | {"placement": self.prices.placement},
            "break_even_risk_reduction": self.prices.break_even,
            "risk_reduction": vars(self.risk_reduction),
            "saving_per_woman": vars(self.saving),
            "probability_pays": self.probability_pays,
            "tornado": [vars(bar) for bar in self.bars],
        }


def budget_effect(
    prices: Prices, treated: tuple[int, int], control: tuple[int, int], *, draws: int = DRAWS, seed: int = SEED
) -> BudgetEffect:
    """Return the effect on the budget from events and women of each arm, by simulation over the posterior.

    Each arm's risk has the posterior Beta(0.5 + events, 0.5 + others); the saving for a woman who is offered is the
    reduction in risk times the value of a placement, less the offer. Its Monte-Carlo error is below 0.2 % of a
    probability with the default number of draws.
    """
    rng = np.random.default_rng(seed)
    treated_risk, control_risk = (
        rng.beta(PRIOR + events, PRIOR + women - events, draws) for events, women in (treated, control)
    )
    reduction = control_risk - treated_risk
    saving = reduction * prices.placement - prices.offer
    told = _interval(reduction)
    return BudgetEffect(prices, told, _interval(saving), float((saving > 0).mean()), _tornado(prices, told))


@dataclass(frozen=True)
class MeanCost:
    """The mean amount for each of some women, in euros, with its 95 % interval, and of what it is made."""

    women: int
    units: float  # hours or days, in the mean
    price: float
    cost: Interval

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "cost": vars(self.cost)}


def mean_cost(units: Sequence[float], price: float, *, draws: int = RESAMPLED, seed: int = SEED) -> MeanCost:
    """Return the mean cost for each woman from her hours or days and the price of one.

    The interval is the percentile bootstrap over women (Efron & Tibshirani 1993, chapter 13): amounts are skewed and
    many are nought. It is too narrow with fewer than about twenty women. Raises ValueError without anybody.
    """
    values = np.asarray(units, dtype=np.float64)
    if not len(values):
        raise ValueError("the mean of nobody")
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), (draws, len(values)))].mean(axis=1) * price
    lower, upper = np.quantile(means, (0.025, 0.975))
    return MeanCost(
        len(values), float(values.mean()), price, Interval(float(values.mean()) * price, float(lower), float(upper))
    )


def _interval(values: np.ndarray[Any, np.dtype[np.float64]]) -> Interval:
    lower, upper = np.quantile(values, (0.025, 0.975))
    return Interval(float(values.mean()), float(lower), float(upper))


def _tornado(prices: Prices, reduction: Interval) -> tuple[Bar, ...]:
    """Return the saving at the mean effect when each input alone is moved, the widest bar first."""

    def saving(changed: Prices, effect: float = reduction.mean) -> float:
        return effect * changed.placement - changed.offer

    def moved(name: str, low: float, high: float, change: Callable[[float], Prices]) -> Bar:
        return Bar(name, low, high, saving(change(low)), saving(change(high)))

    low, high = MOVED["offer"]
    bars = [
        Bar(
            "effect", reduction.lower, reduction.upper,
            saving(prices, reduction.lower), saving(prices, reduction.upper),
        ),
        moved("offer", prices.offer * low, prices.offer * high, lambda value: replace(prices, offer=value)),
        moved(
            "placement",
            prices.placement_a_year * MOVED["placement"][0],
            prices.placement_a_year * MOVED["placement"][1],
            lambda value: replace(prices, placement_a_year=value),
        ),
        moved(
            "years", prices.years * MOVED["years"][0], prices.years * MOVED["years"][1],
            lambda value: replace(prices, years=value),
        ),
        moved("discount rate", *DISCOUNTS, lambda value: replace(prices, discount_rate=value)),
    ]  # fmt: skip
    return tuple(sorted(bars, key=lambda bar: -bar.width))
