"""How much room there is: houses, places, free places and waiting, as a whole, by target group and by region."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from smartstart.support.provision import HOUSES, TARGET_GROUPS

if TYPE_CHECKING:
    from smartstart.support.provision import Directory, Place, Provision

MANY_PLACES: Final = 12
# The national quick scan of 2024, as published; its mean does not fit its own totals, and both are kept.
PUBLISHED: Final = {
    "houses": 94,
    "places": 765,
    "municipalities_with": 73,
    "municipalities_without": 269,
    "mean_places": 6.0,
    "share_over_twelve": 0.15,
}
MEAN_NOTE: Final = "The quick scan says 6 places in the mean house, and 765 places in 94 houses, which is 8.1."


@dataclass(frozen=True)
class Room:
    """Counts of houses and places; ``waiting`` are women on a list."""

    houses: int
    places: int
    free: int
    waiting: int

    @classmethod
    def of(cls, houses: Iterable[Provision]) -> Room:
        """Return the room of some houses."""
        found = list(houses)
        return cls(
            len(found),
            sum(one.places or 0 for one in found),
            sum(one.free or 0 for one in found),
            sum(one.waiting or 0 for one in found),
        )


@dataclass(frozen=True)
class Capacity:
    """The room in all, by target group (a house may serve several) and by region."""

    total: Room
    municipalities_with: int
    municipalities_without: int
    over_twelve: int
    by_target_group: dict[str, Room]
    by_region: dict[str, Room]
    made_up: bool

    @property
    def mean_places(self) -> float:
        """Return the mean number of places of a house; 0 where there is none."""
        return self.total.places / self.total.houses if self.total.houses else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **vars(self.total),
            "municipalities_with": self.municipalities_with,
            "municipalities_without": self.municipalities_without,
            "mean_places": round(self.mean_places, 2),
            "houses_over_twelve": self.over_twelve,
            "by_target_group": {name: vars(room) for name, room in self.by_target_group.items()},
            "by_region": {name: vars(room) for name, room in self.by_region.items()},
            "made_up": self.made_up,
            "published": PUBLISHED,
            "note": MEAN_NOTE,
        }


def sentences_of(found: Capacity) -> tuple[str, ...]:
    """Return the room in words, with what does not add up in what was published."""
    total = found.total
    return (
        f"{total.houses} houses with {total.places} places: {total.free} free, {total.waiting} women waiting. "
        f"{found.over_twelve} houses have more than {MANY_PLACES} places.",
        f"{found.municipalities_with} municipalities have a house, {found.municipalities_without} have none.",
        f"The mean house has {found.mean_places:.1f} places. {MEAN_NOTE}",
    )


def spots_of(directory: Directory) -> list[tuple[Place, int, int]]:
    """Return every municipality with its places and free places, 0 where there is no house."""
    return [
        (town, room.places, room.free)
        for town in directory.municipalities
        for room in [Room.of(one for one in directory.provisions if one.is_house and one.municipality == town.name)]
    ]


def capacity_of(directory: Directory) -> Capacity:
    """Return the room of a directory: of the houses in which mother and child live together."""
    houses = [one for one in directory.provisions if one.kind in HOUSES]
    here = {one.municipality.casefold() for one in houses}
    known = {one.name.casefold() for one in directory.municipalities}
    regions = sorted({one.region for one in directory.municipalities} | {one.region for one in houses})

    def rooms(names: Iterable[str], belongs: Callable[[Provision, str], bool]) -> dict[str, Room]:
        return {name: Room.of(one for one in houses if belongs(one, name)) for name in names}

    return Capacity(
        total=Room.of(houses),
        municipalities_with=len(here & known),
        municipalities_without=len(known - here),
        over_twelve=sum((one.places or 0) > MANY_PLACES for one in houses),
        by_target_group=rooms(TARGET_GROUPS, lambda one, name: name in one.target_groups),
        by_region=rooms(regions, lambda one, name: one.region == name),
        made_up=directory.made_up,
    )
