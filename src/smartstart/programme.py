"""The programme of one municipality: configs/ and a workspace's ``programme.yaml`` into frozen objects.

Read once, judged once: an unknown key, a wrong type or a number out of range is refused by name and place.
"""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from smartstart.errors import UsageError, nearest
from smartstart.resources import read_yaml


@dataclass(frozen=True)
class Municipality:
    """Name for on paper and code for in the data (four digits)."""

    name: str
    code: str


@dataclass(frozen=True)
class ContactPoint:
    """Whom a midwife calls."""

    name: str
    phone: str
    email: str

    @property
    def line(self) -> str:
        """Return what is known of it as one line."""
        return " · ".join(part for part in (self.name, self.phone, self.email) if part)


@dataclass(frozen=True)
class Mandate:
    """What must be in order before anybody may be drawn, outside a rehearsal."""

    legal_ground: str
    dpia: str
    ethics_ruling: str
    trial_registration: str

    @property
    def missing(self) -> list[str]:
        """Return the names of the fields that are still empty."""
        return [f.name for f in fields(self) if not getattr(self, f.name).strip()]


@dataclass(frozen=True)
class Eligibility:
    """Who may take part; weeks are completed weeks of pregnancy on the as-of date."""

    max_age: int
    max_age_inclusive: bool
    age_on: Literal["questionnaire", "as_of", "due_date"]
    min_week: int
    max_week: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Score:
    """The count of the pilot's four factors, and from how many of them on the higher band begins."""

    kind: Literal["factor_count"]
    young_mother_age: int
    band_from: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Trial:
    """The design as the municipality states it; ``trial.design.Design`` judges it."""

    trial_id: str
    arms: tuple[Literal["offer", "care_as_usual"], ...]
    ratio: tuple[int, ...]
    strata: tuple[Literal["risk_band", "practice"], ...]
    block_sizes: tuple[int, ...]
    expected_per_year: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Lists:
    """How fresh the status data must be for a list, in days."""

    status_max_age_days: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Horizons in months after birth, and the places where mother and child stay together."""

    horizons_months: tuple[int, ...]
    parent_and_child_products: tuple[str, ...]
    owner: str
    reason: str


@dataclass(frozen=True)
class Retention:
    """How long rows in quarantine are kept, in days."""

    quarantine_days: int
    owner: str
    reason: str


@dataclass(frozen=True)
class Programme:
    """Everything a municipality decides."""

    programme: str
    municipality: Municipality
    contact: ContactPoint
    mandate: Mandate
    sources: dict[str, dict[str, str]]
    instruments: tuple[str, ...]
    eligibility: Eligibility
    score: Score | None  # written as `score: none` where there is no legal ground for one
    trial: Trial
    lists: Lists
    outcome: Outcome
    retention: Retention


@dataclass(frozen=True)
class Item:
    """One item of an instrument: an answer from ``minimum`` to ``maximum``, perhaps reversed."""

    item: str
    dimension: str
    minimum: int
    maximum: int
    reversed: bool


@dataclass(frozen=True)
class Instrument:
    """A questionnaire scale: a dimension is the mean of its answered items if ``share_answered`` of them are."""

    instrument: str
    title: str
    items: tuple[Item, ...]
    share_answered: float


def load_programme(path: Path) -> Programme:
    """Read a programme file. Raises UsageError that names the key and its place."""
    programme: Programme = _load(path, Programme)
    _judge(programme, path.name)
    return programme


def load_instrument(path: Path) -> Instrument:
    """Read the definition of an instrument. Raises UsageError."""
    instrument: Instrument = _load(path, Instrument)
    return instrument


def _load(path: Path, kind: type) -> Any:
    return as_record(read_yaml(path), kind, path.name)


def as_record(raw: Any, kind: Any, place: str) -> Any:
    """Turn what YAML gave into ``kind`` (a frozen dataclass, tuple, dict, literal or plain type), or refuse it."""
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _as_dataclass(raw, kind, place)
    if origin is Literal:
        if raw not in parts or isinstance(raw, bool):
            raise UsageError(
                f"{place}: must be one of {', '.join(map(str, parts))}{nearest(str(raw), [*map(str, parts)])}."
            )
        return raw
    if origin is UnionType:  # the only one there is: something, or the word none
        return None if raw == "none" else as_record(raw, parts[0], place)
    if origin is tuple:
        if not isinstance(raw, list):
            raise UsageError(f"{place}: must be a list.")
        return tuple(as_record(item, parts[0], f"{place}[{i}]") for i, item in enumerate(raw))
    if origin is dict:
        if not isinstance(raw, dict):
            raise UsageError(f"{place}: must be a mapping of keys to values.")
        return {as_record(k, parts[0], place): as_record(v, parts[1], f"{place}.{k}") for k, v in raw.items()}
    if kind is float and type(raw) is int:
        return float(raw)
    if type(raw) is not kind:
        words = {str: "text (in quotes)", int: "a whole number", bool: "true or false", float: "a number"}
        raise UsageError(f"{place}: must be {words[kind]}.")
    return raw


def _as_dataclass(raw: Any, kind: Any, place: str) -> Any:
    if not isinstance(raw, dict):
        raise UsageError(f"{place}: must be a mapping of keys to values.")
    hints = get_type_hints(kind)
    for key in raw:
        if key not in hints:
            raise UsageError(f"{place}: unknown key '{key}'{nearest(str(key), list(hints))}.")
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    for key in hints:
        if key not in raw and key in needed:
            raise UsageError(f"{place}: the key '{key}' is missing.")
    return kind(**{key: as_record(value, hints[key], f"{place}, {key}") for key, value in raw.items()})


def _judge(programme: Programme, place: str) -> None:
    """Hold numbers against what they can mean; each refusal names the key."""
    code = programme.municipality.code
    _must(len(code) == 4 and code.isdigit(), f"{place}, municipality, code: must be four digits in quotes")
    e, s, li, o = programme.eligibility, programme.score, programme.lists, programme.outcome
    _must(12 <= e.max_age <= 60, f"{place}, eligibility, max_age: must lie from 12 to 60 years")
    _must(0 <= e.min_week <= e.max_week <= 42, f"{place}, eligibility: weeks must rise within 0 to 42")
    if s is not None:
        _must(12 <= s.young_mother_age <= 60, f"{place}, score, young_mother_age: must lie from 12 to 60 years")
        _must(1 <= s.band_from <= 4, f"{place}, score, band_from: must lie from 1 to 4 factors")
    _must(0 <= li.status_max_age_days <= 31, f"{place}, lists, status_max_age_days: must lie from 0 to 31 days")
    months = o.horizons_months
    _must(bool(months) and min(months) > 0, f"{place}, outcome, horizons_months: must be positive months")
    _must(programme.retention.quarantine_days > 0, f"{place}, retention, quarantine_days: must be positive")
    _must(programme.trial.expected_per_year > 0, f"{place}, trial, expected_per_year: must be positive")
    owned: list[Any] = [e, *([s] if s else []), programme.trial, li, o, programme.retention]
    for section in owned:
        name = type(section).__name__.lower()
        _must(
            bool(section.owner.strip() and section.reason.strip()),
            f"{place}, {name}: owner and reason must be given",
        )


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise UsageError(f"{otherwise}.")
