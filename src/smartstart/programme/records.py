"""From YAML to frozen records: an unknown key, a missing one or a wrong type is refused by name and place."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from functools import cache
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from smartstart.errors import UsageError, nearest
from smartstart.resources import read_yaml


def read_record(path: Path, kind: type) -> Any:
    """Read a YAML file as ``kind``. Raises UsageError that names the key and its place."""
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
    if origin in {UnionType, Union}:  # the only one there is: something, or the word none
        return None if raw == "none" else as_record(raw, parts[0], place)
    if origin is tuple:
        if not isinstance(raw, list):
            raise UsageError(f"{place}: must be a list.")
        return tuple(as_record(item, parts[0], f"{place}[{i}]") for i, item in enumerate(raw))
    if origin is dict:
        if not isinstance(raw, dict):
            raise UsageError(f"{place}: must be a mapping of keys to values.")
        return {as_record(k, parts[0], place): as_record(v, parts[1], f"{place}.{k}") for k, v in raw.items()}
    if kind is date:
        return _as_day(as_record(raw, str, place), place)
    if kind is float and type(raw) is int and abs(raw) < 2**53:
        return float(raw)
    if type(raw) is not kind or (kind is float and not isfinite(raw)):
        words = {str: "text (in quotes)", int: "a whole number", bool: "true or false", float: "a number"}
        raise UsageError(f"{place}: must be {words[kind]}.")
    return raw


def _as_day(text: str, place: str) -> date:
    """Return the day that is written year-month-day: in any other form one day would have two designs."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(f'{place}: must be a day that exists, such as "2027-01-01".')
    return day


@cache
def _hints(kind: Any) -> dict[str, Any]:
    """Return the types of a record's keys, worked out once: that takes longer than reading the file."""
    return get_type_hints(kind)


def _as_dataclass(raw: Any, kind: Any, place: str) -> Any:
    if not isinstance(raw, dict):
        raise UsageError(f"{place}: must be a mapping of keys to values.")
    hints = _hints(kind)
    for key in raw:
        if key not in hints:
            raise UsageError(f"{place}: unknown key '{key}'{nearest(str(key), list(hints))}.")
    needed = {f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING}
    for key in hints:
        if key not in raw and key in needed:
            raise UsageError(f"{place}: the key '{key}' is missing.")
    return kind(**{key: as_record(value, hints[key], f"{place}, {key}") for key, value in raw.items()})


def must(holds: bool, otherwise: str) -> None:
    """Raise UsageError with this sentence, but for its full stop, unless a rule holds."""
    if not holds:
        raise UsageError(f"{otherwise}.")
