"""A summary of one trial: no woman in it, but sums over few of them; every row is held against its tier's contract.

*restricted* and *exchange* hold exact counts and sums by stratum and arm, *public* what passed the disclosure gate.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from smartstart.contracts.outgoing import breach_of
from smartstart.errors import DataRefused
from smartstart.outputs import json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartstart.contracts.odcs import Contract

FORMAT: Final = "smartstart/summary/1"
Tier = Literal["restricted", "exchange", "public"]
TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
CONTRACTS: Final[Mapping[Tier, str]] = {
    "restricted": "samenvatting_besloten",
    "exchange": "samenvatting_uitwisseling",
    "public": "samenvatting_openbaar",
}
NOTICES: Final[Mapping[Tier, str]] = {
    "restricted": "Restricted: exact counts of small groups are personal data. For the named reader only.",
    "exchange": "Not for publication: exact counts of small groups are personal data. For the agreement's reader only.",
    "public": "May be published: no count under ten, the others rounded to five; it cannot be pooled.",
}


@dataclass(frozen=True)
class Cell:
    """One arm in one stratum, for one planned outcome, exact.

    ``drawn`` women of whom the outcome is due, ``known`` of them; for an event ``events`` among the known. For a scale
    the sums over the known: of the outcome y, the nulmeting x, their squares and their product.
    """

    outcome: str
    kind: Literal["scale", "event"]
    at: str
    stratum: str
    arm: str
    drawn: int
    known: int
    events: int | None = None
    sum_y: float | None = None
    sum_x: float | None = None
    sum_yy: float | None = None
    sum_xx: float | None = None
    sum_xy: float | None = None


@dataclass(frozen=True)
class PublicCell:
    """One arm, or both together as ``all``, for one planned outcome, as it may be shown; None is not shown."""

    outcome: str
    kind: Literal["scale", "event"]
    at: str
    arm: str
    drawn: int | None
    known: int | None
    events: int | None = None
    mean: float | None = None
    spread: float | None = None


@dataclass(frozen=True)
class Summary:
    """One trial of one municipality, whose women were drawn from ``drawn_from`` until ``drawn_until``, as of a day.

    ``reader`` is the function of the person it is meant for. ``trial`` names the trial, ``last_draw`` is the hash of
    its last draw in the ledger, ``treated`` and ``control`` are the arms that are compared. ``made_up`` tells that
    these women do not exist.
    """

    tier: Tier
    municipality: str
    name: str
    trial: str
    reader: str
    agreement: str
    drawn_from: str
    drawn_until: str
    as_of: str
    plan_hash: str
    last_draw: str
    treated: str
    control: str
    made_up: bool
    rows: tuple[Cell | PublicCell, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        head = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "rows"}
        publishable = self.tier == "public"
        told = {"format": FORMAT, "notice": NOTICES[self.tier], "publishable": publishable}
        return told | head | {"rows": [asdict(row) for row in self.rows]}

    def content(self) -> bytes:
        """Return the file: JSON, the same bytes for the same summary."""
        return json_bytes(self.as_dict())

    @property
    def arms(self) -> tuple[str, str]:
        """Return the arms that are compared, the treated one first."""
        return self.treated, self.control

    def cells(self) -> tuple[Cell, ...]:
        """Return the rows of an exact tier."""
        return tuple(row for row in self.rows if isinstance(row, Cell))


def hold_summary(summary: Summary, contracts: Mapping[str, Contract], place: str) -> None:
    """Raise DataRefused when a row breaks the contract of the summary's tier, or two rows tell of the same women."""
    contract = contracts[CONTRACTS[summary.tier]]
    rows = [{name: "" if value is None else value for name, value in asdict(row).items()} for row in summary.rows]
    breach = breach_of(contract, rows, date.fromisoformat(summary.as_of))
    if breach:
        raise DataRefused(f"{place}, {breach}: ask whoever made it for the file as it was made.")
    keys = [tuple(row[name] for name in contract.key) for row in rows]
    if len(set(keys)) < len(keys):
        raise DataRefused(f"{place}: two rows tell of the same women: ask whoever made it for the file as it was made.")
    for number, row in enumerate(summary.cells(), start=1):
        if not _adds_up(row):
            raise DataRefused(
                f"{place}, row {number}: its counts or sums do not go together: ask for the file as it was made."
            )


def summary_from(raw: Mapping[str, Any], place: str) -> Summary:
    """Return what a summary's file holds. Raises DataRefused when it is not one."""
    try:
        if raw["format"] != FORMAT or raw["tier"] not in TIERS:
            raise KeyError
        kind = PublicCell if raw["tier"] == "public" else Cell
        rows = tuple(kind(**row) for row in raw["rows"])
        told = {item.name: raw[item.name] for item in fields(Summary) if item.name != "rows"}
        for name, value in told.items():
            if type(value) is not (bool if name == "made_up" else str):
                raise TypeError
        for name in ("drawn_from", "drawn_until", "as_of"):
            date.fromisoformat(told[name])
    except (KeyError, TypeError, ValueError):
        raise DataRefused(f"{place}: this is not a summary as 'trial summary' makes it: ask for it again.") from None
    return Summary(**told, rows=rows)


def refuse_doubles(summaries: Sequence[tuple[str, Summary]]) -> None:
    """Raise DataRefused when women of one municipality are in two of the files, each given with its place."""
    for i, (place, one) in enumerate(summaries):
        for other_place, other in summaries[:i]:
            if one.last_draw == other.last_draw:
                raise DataRefused(
                    f"{place}: it tells of the same draw as {other_place}, so its women would count double: "
                    "give one file of each trial."
                )
            if one.municipality != other.municipality:
                continue
            if one.drawn_from <= other.drawn_until and other.drawn_from <= one.drawn_until:
                raise DataRefused(
                    f"{place}: municipality {one.municipality} is in {other_place} too, with women drawn in the same "
                    "period, who would count double: give one file of each municipality and period."
                )


def _adds_up(row: Cell) -> bool:
    """Tell whether the counts and sums can be those of women: known among drawn, events among known, a spread >= 0."""
    sums = (row.sum_y, row.sum_x, row.sum_yy, row.sum_xx, row.sum_xy)
    if not 0 <= row.known <= row.drawn:
        return False
    if row.kind == "event":
        return row.events is not None and 0 <= row.events <= row.known and all(s is None for s in sums)
    if row.events is not None or any(s is None for s in sums):
        return False
    y, x, yy, xx, xy = (float(s or 0) for s in sums)
    if row.known == 0:
        return not any((y, x, yy, xx, xy))
    slack = 1e-6 * (1 + yy + xx)
    inside = (yy - y * y / row.known, xx - x * x / row.known)
    product = xy - x * y / row.known
    return min(inside) >= -slack and product * product <= inside[0] * inside[1] + slack * (1 + max(inside))
