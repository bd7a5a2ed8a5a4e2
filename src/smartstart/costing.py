"""Reckon what the offer costs and may save, from the programme's prices and the events of both arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartstart.analysing.files import typed_counts
from smartstart.errors import UsageError
from smartstart.support.costs import BudgetEffect, Prices, budget_effect

if TYPE_CHECKING:
    from smartstart.programme import Costs, Programme


@dataclass(frozen=True)
class Reckoned:
    """The effect on the budget, in words, and the prices with their sources: what, how much, where from."""

    effect: BudgetEffect
    sentences: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        sources = [{"price": what, "amount": amount, "source": source} for what, amount, source in self.sources]
        return self.effect.as_dict() | {"sources": sources, "sentences": list(self.sentences)}


def reckon(programme: Programme, treated: str, control: str) -> Reckoned:
    """Return what it costs and may save, with events/women of the offer and of care as usual.

    Raises UsageError when the programme has no prices, or counts cannot be read.
    """
    costs = programme.costs
    if costs is None:
        raise UsageError("programme.yaml has no section 'costs': state each price there, with its source and year.")
    prices = Prices(costs.offer_per_woman, costs.placement, costs.placement_years, costs.discount_rate)
    found = budget_effect(prices, typed_counts(treated), typed_counts(control))
    return Reckoned(found, _sentences(found), _sources(costs))


def _sentences(found: BudgetEffect) -> tuple[str, ...]:
    prices, saving = found.prices, found.saving
    fewer = 100 * prices.break_even
    return (
        f"The offer costs {_euros(prices.offer)} for each woman, and a placement {_euros(prices.placement)} in all. It "
        f"pays for itself when {fewer:.1f} fewer of every 100 women who are offered see a child placed.",
        f"By these counts it saves {_euros(saving.mean)} for each woman who is offered, with a 95 % interval from "
        f"{_euros(saving.lower)} to {_euros(saving.upper)}: below zero it costs more than it saves.",
        f"The probability that it pays for itself is {100 * found.probability_pays:.0f} %.",
        "What children and mothers gain is not in euros and not in here.",
    )


def _sources(costs: Costs) -> tuple[tuple[str, str, str], ...]:
    year = f" (prices of {costs.price_year})" if costs.price_year else " (year not stated)"
    return (
        ("offer, for each woman", _euros(costs.offer_per_woman), costs.offer_source + year),
        ("placement, a year", _euros(costs.placement), costs.placement_source + year),
        ("years that a placement lasts", f"{costs.placement_years:g}", costs.reason),
        ("discount rate, a year", f"{100 * costs.discount_rate:g} %", costs.reason),
    )


def _euros(value: float) -> str:
    return f"€ {value:,.0f}".replace("-", "\u2212")
