"""The form of the ledger: an entry, the members that each kind has, and the file of one entry a line."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from smartstart.errors import StateError
from smartstart.trial.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

BEFORE_GENESIS = "0" * 64  # what the first entry holds for the hash of the one before

Body = dict[str, Any]

_ENTRY: dict[str, type] = {
    "seq": int,
    "kind": str,
    "recorded_at": str,
    "actor": str,
    "body": dict,
    "previous": str,
    "hash": str,
}
_EPOCH: dict[str, type] = {"epoch": int, "design": dict, "design_hash": str, "key_commitment": str}
# The exact members of each body and of the rows in it.
_BODIES: dict[str, dict[str, type]] = {
    "genesis": {"format": str, "trial_id": str, "programme": str, "rehearsal": bool, **_EPOCH},
    "epoch": {"why": str, "reason": str, "owner": str, **_EPOCH},
    "freeze": {
        "batch": str,
        "epoch": int,
        "as_of": str,
        "delivery": str,
        "nonce": dict,
        "units": list,
        "root": str,
    },
    "draw": {"batch": str, "freeze": str, "nonce": str, "allocations": list, "steps": str},
    "event": {"seal": str},
    "plan": {"plan": dict, "plan_hash": str, "owner": str, "reason": str},
    "unblind": {"plan_hash": str, "owner": str, "reason": str},
    "look": {
        "look": int,
        "information": str,
        "as_of": str,
        "reader": str,
        "plan_hash": str,
        "owner": str,
        "reason": str,
    },
    "summary": {"tier": str, "as_of": str, "reader": str, "agreement": str, "round": str, "content": str},
    "note": {"text": str},
}
_NONCE: dict[str, type] = {"source": str, "promise": str}
_UNIT: dict[str, type] = {"token": str, "stratum": str, "levels": list, "cluster": str, "facts": str}
_ALLOCATION: dict[str, type] = {"token": str, "stratum": str, "arm": str, "marginal": str}
_SHARE = re.compile(r"\d{1,3}\.\d{6}", re.ASCII)  # of the planned information; a text, as the ledger keeps no fraction
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)


@dataclass(frozen=True)
class Stamp:
    """When something is recorded (UTC, ISO 8601) and by whom: "one officer" is one who can do all alone."""

    recorded_at: str
    actor: str


@dataclass(frozen=True)
class Entry:
    """One line of the ledger.

    ``seq`` counts from 1, as lines do. ``recorded_at`` is UTC in ISO 8601. ``previous`` is the hash of the
    entry before; ``hash`` is the SHA-256 of the canonical JSON of all the other fields.
    """

    seq: int
    kind: str
    recorded_at: str
    actor: str
    body: Body
    previous: str
    hash: str


def sealed(seq: int, kind: str, body: Body, previous: str, stamp: Stamp) -> Entry:
    """Return an entry with its hash. Raises StateError when the body is not plain JSON without fractions."""
    if not _is_plain(body):
        raise StateError(f"The {kind} was not added to the ledger: its content does not have the form that is kept.")
    plain = json.loads(canonical_json(body))  # a copy that nobody else holds, of the types a reader will see
    unsealed = Entry(seq, kind, stamp.recorded_at, stamp.actor, plain, previous, hash="")
    return Entry(**{**asdict(unsealed), "hash": hash_of(unsealed)})


def hash_of(entry: Entry) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of all fields but the hash."""
    content = {item.name: getattr(entry, item.name) for item in fields(entry) if item.name != "hash"}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def is_sealed(entry: Entry) -> bool:
    """Tell whether the hash is that of what the entry holds."""
    try:
        return hash_of(entry) == entry.hash
    except (TypeError, ValueError, RecursionError):  # it holds what JSON cannot, so it was never written by us
        return False


def to_jsonl(entries: Iterable[Entry]) -> bytes:
    """Return the ledger as a file: the canonical JSON of one entry a line, each line ended."""
    return b"".join(canonical_json(asdict(entry)) + b"\n" for entry in entries)


def from_jsonl(content: bytes) -> list[Entry]:
    """Return the entries of a ledger file, read strictly; :func:`ledger.verify` then judges them.

    Raises StateError, with the line, unless the file is byte for byte what :func:`to_jsonl` writes.
    """
    lines = content.split(b"\n")
    if lines.pop():
        raise StateError(f"The ledger's line {len(lines) + 1} is not ended, so the file was cut: restore it.")
    return [_entry(line, number) for number, line in enumerate(lines, start=1)]


def is_well_formed(entry: Entry) -> bool:
    """Tell whether kind, time, actor and body have the form that the ledger keeps."""
    shape = _BODIES.get(entry.kind) if isinstance(entry.kind, str) else None
    if shape is None or not _is_utc(entry.recorded_at) or not isinstance(entry.actor, str) or not entry.actor:
        return False
    body = entry.body
    if not _has_shape(body, shape) or not _is_plain(body):
        return False
    if entry.kind == "freeze":
        return _is_date(body["as_of"]) and _has_shape(body["nonce"], _NONCE) and all(map(_is_unit, body["units"]))
    if entry.kind == "look":
        return _is_date(body["as_of"]) and bool(_SHARE.fullmatch(body["information"]))
    if entry.kind == "summary":
        return _is_date(body["as_of"])
    if entry.kind == "draw":
        return all(_has_shape(row, _ALLOCATION) for row in body["allocations"])
    return True


def _entry(line: bytes, number: int) -> Entry:
    try:
        values = _READER.decode(line.decode("ascii"))
        exact = canonical_json(values) == line  # which has no way to write what is no number
    except (ValueError, RecursionError):
        exact = False
    if not exact or not _has_shape(values, _ENTRY):
        raise StateError(f"The ledger's line {number} is not an entry as it was written: restore the file.")
    return Entry(**values)


def _no_float(_: str) -> NoReturn:
    raise ValueError  # the ledger counts; a fraction is a text, exact


_READER = json.JSONDecoder(parse_float=_no_float)


def _has_shape(value: object, shape: dict[str, type]) -> bool:
    """Tell whether ``value`` has exactly these members of exactly these types (True is no number here)."""
    return (
        isinstance(value, dict)
        and value.keys() == shape.keys()
        and all(type(value[name]) is kind for name, kind in shape.items())
    )


def _is_unit(row: object) -> bool:
    return isinstance(row, dict) and _has_shape(row, _UNIT) and all(type(level) is str for level in row["levels"])


def _is_plain(body: Body) -> bool:
    """Tell whether a body comes back from its own JSON as the same value, with no float in it."""
    try:
        json.dumps(body, ensure_ascii=False).encode()  # half a character would stand there for ever
        return bool(_READER.decode(canonical_json(body).decode("ascii")) == body)
    except (TypeError, ValueError, RecursionError):
        return False


def _is_utc(text: object) -> bool:
    # Later entries may bear earlier times: a clock set back must not make an honest ledger look forged.
    if not isinstance(text, str) or not _UTC.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
