"""Which provisions fit a need now, nearest first, and why the others do not. It asks for facts, never for a score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartstart.support.provision import Contra, Directory, Frame, Need, Place, Provision

OLD: Final = timedelta(days=14)  # after two weeks nobody knows whether a place is still free
PAYERS: Final = {
    "woonplaats": "the municipality where she is registered pays",
    "wlz": "paid under the Wlz",
    "zvw": "paid by her health insurance",
    "niemand": "costs nothing",
}
INDICATIONS: Final = {
    "geen": "no indication needed",
    "jeugdwet": "a decision under the Jeugdwet is needed",
    "wmo": "a decision under the Wmo is needed",
    "wlz": "an indication under the Wlz is needed",
}
_REFERRED: Final = {"ouders": "the parents themselves", "organisatie": "an organisation"}


@dataclass(frozen=True)
class Situation:
    """What must be known to look: the mother's age in years, the legal frame, and what may keep a place from her."""

    on: date
    age: int | None = None
    frame: Frame = "vrijwillig"
    father_too: bool = False
    wlz: bool = False
    contra: tuple[Contra, ...] = ()


@dataclass(frozen=True)
class Fit:
    """A provision that fits: how far, and what to arrange. ``call_first``: its free places were told too long ago."""

    provision: Provision
    kilometres: float | None
    arrange: tuple[str, ...]
    call_first: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        p = self.provision
        return {
            "name": p.name,
            "kind": p.kind,
            "municipality": p.municipality,
            "kilometres": None if self.kilometres is None else round(self.kilometres, 1),
            "free": p.free,
            "as_of": p.as_of.isoformat(),
            "call_first": self.call_first,
            "stay_months": [p.stay_from, p.stay_until],
            "arrange": list(self.arrange),
            "next_places": list(p.next_places),
            "contact": p.contact,
        }


@dataclass(frozen=True)
class Unfit:
    """A provision that answers the need and does not fit now, with every reason."""

    provision: Provision
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"name": self.provision.name, "municipality": self.provision.municipality, "reasons": [*self.reasons]}


def find(
    directory: Directory, need: Need, place: Place, situation: Situation
) -> tuple[tuple[Fit, ...], tuple[Unfit, ...]]:
    """Return what fits, nearest first and then by free places, and what does not, by name."""
    fits, others = [], []
    for one in directory.provisions:
        if one.kind not in need.kinds or (need.groups and not set(need.groups) & set(one.target_groups)):
            continue
        reasons = tuple(_reasons(one, place, situation))
        if reasons:
            others.append(Unfit(one, reasons))
            continue
        there = directory.place(one.municipality)
        far = place.kilometres_to(there) if there else None
        fits.append(Fit(one, far, tuple(_arrange(one)), situation.on - one.as_of > OLD))
    fits.sort(key=lambda fit: (fit.kilometres is None, fit.kilometres or 0.0, -(fit.provision.free or 0)))
    others.sort(key=lambda other: other.provision.name)
    return tuple(fits), tuple(others)


def _reasons(one: Provision, place: Place, situation: Situation) -> Iterator[str]:
    if not one.is_house and one.region != place.region:
        yield "works in another region"
    if one.places is not None and not one.free:
        yield f"full{f', {one.waiting} waiting' if one.waiting else ''}"
    if situation.frame not in one.frames:
        yield f"does not take this legal frame ({situation.frame.replace('_', ' ')})"
    if situation.age is not None and not one.age_from <= situation.age <= one.age_until:
        yield f"for mothers from {one.age_from} to {one.age_until} years"
    if situation.father_too and not one.fathers:
        yield "does not take fathers"
    if one.indication == "wlz" and not situation.wlz:
        yield "needs an indication under the Wlz"
    for contra in situation.contra:
        if contra in one.contra:
            yield f"contra-indication: {contra}"


def _arrange(one: Provision) -> Iterator[str]:
    yield INDICATIONS[one.indication]
    yield PAYERS[one.payer]
    yield f"referred by {' or '.join(_REFERRED[by] for by in one.referrers)}"
