"""Reckon what the offer costs and may save, from the programme's prices and the events of both arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from smartstart.analysing.files import typed_counts
from smartstart.errors import UsageError
from smartstart.numbers import euros, percent, short, stated
from smartstart.support.costs import BudgetEffect, MeanCost, Prices, budget_effect, mean_cost
from smartstart.trial.flow import OFFER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.analysing.reading import TrialData
    from smartstart.programme.sections import Costs, Programme


HOURS_WITH_HER: Final = (
    "The log has the hours with the mother alone: state a price of an hour that covers travel and records too."
)


@dataclass(frozen=True)
class ByContacts:
    """What the log says that support cost: for each woman drawn for the offer, and for each family that was helped.

    ``places`` is the cost of days in a house for mother and child by arm, empty while the arms may not be told apart
    or a day has no price: those days are no part of the offer's price.
    """

    offered: MeanCost
    helped: MeanCost | None
    places: Mapping[str, MeanCost]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "per_woman_offered": self.offered.as_dict(),
            "per_family_helped": self.helped.as_dict() if self.helped else None,
            "places_per_woman": {arm: one.as_dict() for arm, one in self.places.items()},
        }


@dataclass(frozen=True)
class Reckoned:
    """The effect on the budget, in words, and the prices with their sources: what, how much, where from."""

    effect: BudgetEffect
    sentences: tuple[str, ...]
    sources: tuple[tuple[str, str, str], ...]
    by_contacts: ByContacts | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        sources = [{"price": what, "amount": amount, "source": source} for what, amount, source in self.sources]
        return self.effect.as_dict() | {
            "sources": sources,
            "sentences": list(self.sentences),
            "by_contacts": self.by_contacts.as_dict() if self.by_contacts else None,
        }


def reckon(programme: Programme, treated: str, control: str, log: TrialData | None = None) -> Reckoned:
    """Return what it costs and may save, with events/women of the offer and of care as usual.

    With a ``log`` of contacts the price of the offer is that of the hours it took, instead of the stated one. Raises
    UsageError when the programme lacks a price, counts cannot be read, or no log was delivered.
    """
    costs = programme.costs
    if costs is None:
        raise UsageError("programme.yaml has no section 'costs': state each price there, with its source and year.")
    took = _by_contacts(costs, log) if log else None
    offer = took.offered.cost.mean if took else costs.offer_per_woman
    prices = Prices(offer, costs.placement, costs.placement_years, costs.discount_rate)
    found = budget_effect(prices, typed_counts(treated), typed_counts(control))
    return Reckoned(found, (*_of_contacts(took), *_sentences(found)), _sources(costs, took), took)


def _by_contacts(costs: Costs, data: TrialData) -> ByContacts:
    if not costs.support_hour:
        raise UsageError("programme.yaml, costs, support_hour: state the price of an hour of support, with its source.")
    offered = [woman.care for woman in data.women if woman.arm == OFFER]
    if not any(care.logged for care in offered):
        raise UsageError("No log of contacts was delivered: load it with 'smartstart run support', or leave this out.")
    hours = [care.minutes / 60 for care in offered]
    helped = [care.minutes / 60 for care in offered if care.helped]
    places = {}
    if data.named and costs.place_day:
        for arm in data.compared:
            days = [float(woman.care.days_housed) for woman in data.women if woman.arm == arm]
            if days:
                places[arm] = mean_cost(days, costs.place_day)
    return ByContacts(
        mean_cost(hours, costs.support_hour), mean_cost(helped, costs.support_hour) if helped else None, places
    )


def _of_contacts(took: ByContacts | None) -> tuple[str, ...]:
    if took is None:
        return ()
    said = [
        f"By the log an offer took {took.offered.units:.1f} hours for each of {took.offered.women} women drawn for it: "
        f"{_with_interval(took.offered)}; who said no is in it."
    ]
    if took.helped:
        said.append(
            f"For each of the {took.helped.women} families that were helped that is {took.helped.units:.1f} hours, "
            f"{_with_interval(took.helped)}."
        )
    said += [
        f"Days in a house for mother and child ({arm.replace('_', ' ')}): {one.units:.1f} for each woman, "
        f"{_with_interval(one)}; no part of the price of the offer."
        for arm, one in took.places.items()
    ]
    return (*said, HOURS_WITH_HER)


def _with_interval(one: MeanCost) -> str:
    return f"{euros(one.cost.mean)} (95 % {euros(one.cost.lower)} to {euros(one.cost.upper)})"


def _sentences(found: BudgetEffect) -> tuple[str, ...]:
    prices, saving = found.prices, found.saving
    fewer = 100 * prices.break_even
    return (
        f"The offer costs {euros(prices.offer)} for each woman, and a placement {euros(prices.placement)} in all. It "
        f"pays for itself when {fewer:.1f} fewer of every 100 women who are offered see a child placed.",
        f"By these counts it saves {euros(saving.mean)} for each woman who is offered, with a 95 % interval from "
        f"{euros(saving.lower)} to {euros(saving.upper)}: below zero it costs more than it saves.",
        f"The probability that it pays for itself is {percent(found.probability_pays)}.",
        "What children and mothers gain is not in euros and not in here.",
    )


def _sources(costs: Costs, took: ByContacts | None) -> tuple[tuple[str, str, str], ...]:
    year = f" (prices of {costs.price_year})" if costs.price_year else " (year not stated)"
    offer = ("offer, for each woman", euros(costs.offer_per_woman), costs.offer_source + year)
    if took:
        offer = ("hour of support", euros(costs.support_hour), costs.support_hour_source + year)
    place = ("day in a house", euros(costs.place_day), costs.place_day_source + year)
    return (
        offer,
        *((place,) if took and took.places else ()),
        ("placement, a year", euros(costs.placement), costs.placement_source + year),
        ("years that a placement lasts", short(costs.placement_years), costs.reason),
        ("discount rate, a year", stated(costs.discount_rate), costs.reason),
    )
