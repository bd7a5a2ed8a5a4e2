"""A provision, a municipality and a need, as the directory has them. No person, no score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import hypot
from typing import Final, Literal, get_args

Kind = Literal[
    "moederkindhuis", "moeder_kind_gezinshuis", "gezinsopname", "babyhuis_intern", "babyhuis_extern", "voorzorg",
    "doorbraakmethode", "jim", "huisverbod", "veilig_thuis", "mee", "wijkteam", "schuldhulp",
]  # fmt: skip
Frame = Literal["vrijwillig", "ots", "terug_na_uhp"]
TargetGroup = Literal["tienermoeders", "lvb", "gezinsopname", "pasgeborenen", "langdurig", "algemeen"]
Contra = Literal["agressie", "verslaving"]
Referrer = Literal["ouders", "organisatie"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
FRAMES: Final[tuple[Frame, ...]] = get_args(Frame)
TARGET_GROUPS: Final[tuple[TargetGroup, ...]] = get_args(TargetGroup)
CONTRAS: Final[tuple[Contra, ...]] = get_args(Contra)
REFERRERS: Final[tuple[Referrer, ...]] = get_args(Referrer)
# Where mother and child live together: what the national quick scan counts as houses.
HOUSES: Final = frozenset({"moederkindhuis", "moeder_kind_gezinshuis", "gezinsopname", "babyhuis_intern"})


@dataclass(frozen=True, kw_only=True)
class Provision:
    """One provision. ``places`` is None where nobody stays; ``free`` and ``waiting`` are as of ``as_of``.

    Ages are the mother's, in completed years; stays are in months. ``next_places`` are the kinds to which a stay leads.
    """

    provision_id: str
    name: str
    kind: Kind
    municipality: str
    region: str
    places: int | None
    free: int | None
    waiting: int | None
    as_of: date
    target_groups: tuple[TargetGroup, ...]
    fathers: bool
    age_from: int
    age_until: int
    frames: tuple[Frame, ...]
    indication: str
    contra: tuple[Contra, ...]
    stay_from: int | None
    stay_until: int | None
    referrers: tuple[Referrer, ...]
    payer: str
    contact: str
    next_places: tuple[Kind, ...]

    @property
    def is_house(self) -> bool:
        """Tell whether mother and child live there together."""
        return self.kind in HOUSES


@dataclass(frozen=True)
class Place:
    """A municipality: its region, and where it lies in kilometres east and north of one point."""

    name: str
    region: str
    east: float
    north: float

    def kilometres_to(self, other: Place) -> float:
        """Return the distance in a straight line, in kilometres."""
        return hypot(self.east - other.east, self.north - other.north)


@dataclass(frozen=True)
class Need:
    """What is looked for: which kinds answer it, and in Dutch what it is."""

    need: str
    title: str
    kinds: tuple[Kind, ...]
    groups: tuple[TargetGroup, ...] = ()


@dataclass(frozen=True)
class Directory:
    """All provisions and municipalities; ``made_up`` for the one that is shipped."""

    provisions: tuple[Provision, ...]
    municipalities: tuple[Place, ...]
    needs: tuple[Need, ...]
    made_up: bool

    def place(self, name: str) -> Place | None:
        """Return a municipality by its name, whatever its capitals."""
        return next((one for one in self.municipalities if one.name.casefold() == name.casefold()), None)
