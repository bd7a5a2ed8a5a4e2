"""The ledger of the draw: entries chained by their hashes, only ever added to.

One entry a line in a JSON Lines file. Each entry holds the hash of the one before, so that the last hash
(the head, printed after each batch) stands for the whole: whoever noted it can see any later change.

The rules are judged in one place (:func:`_judge`): :func:`append` refuses what breaks them, :func:`verify`
lists what broke them. There is no function that changes or removes an entry; a correction is a new note.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from smartstart.errors import PolicyRefused, SmartstartError, StateError
from smartstart.trial.allocation import Allocation, Unit, allocate, key_commitment
from smartstart.trial.canonical import canonical_json, sha256_of
from smartstart.trial.design import Design, design_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FORMAT = "smartstart/1"
BEFORE_GENESIS = "0" * 64  # what the first entry holds for the hash of the one before

Body = dict[str, Any]
_Fault = tuple[type[SmartstartError], str]

_ENTRY: dict[str, type] = {
    "seq": int,
    "kind": str,
    "recorded_at": str,
    "actor": str,
    "body": dict,
    "previous": str,
    "hash": str,
}
# The exact members of each body and of the rows in it; a note needs its text and may hold more.
_BODIES: dict[str, dict[str, type]] = {
    "genesis": {
        "format": str,
        "trial_id": str,
        "design": dict,
        "design_hash": str,
        "key_commitment": str,
        "programme": str,
        "rehearsal": bool,
    },
    "freeze": {"batch": str, "as_of": str, "units": list, "root": str},
    "draw": {"batch": str, "freeze": str, "allocations": list},
    "note": {"text": str},
}
_UNIT: dict[str, type] = {"token": str, "stratum": str}
_ALLOCATION: dict[str, type] = {
    "token": str,
    "stratum": str,
    "arm": str,
    "block": int,
    "position": int,
    "probability": str,
}
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)


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


@dataclass(frozen=True)
class Verification:
    """What a check of the ledger found.

    ``faults`` are sentences that name the entry. ``allocations`` counts women by arm, arms without any
    included. ``replayed`` tells whether the draws were repeated with the key, and not only the chain checked.
    """

    ok: bool
    faults: tuple[str, ...]
    entries: int
    allocations: dict[str, int]
    replayed: bool


@dataclass
class _Book:
    """What the entries read so far add up to."""

    design: Design | None = None
    begun: bool = False
    commitment: str = ""
    freezes: dict[str, Entry] = field(default_factory=dict)  # by batch
    frozen_tokens: set[str] = field(default_factory=set)
    drawn: set[str] = field(default_factory=set)  # batches
    allocations: dict[str, Allocation] = field(default_factory=dict)  # by token

    def filled(self) -> dict[str, int]:
        return dict(Counter(allocation.stratum for allocation in self.allocations.values()))


# --- adding -----------------------------------------------------------------------------------------------


def genesis(
    entries: Sequence[Entry],
    design: Design,
    key: bytes,
    *,
    programme: str,
    rehearsal: bool,
    recorded_at: str,
    actor: str,
) -> Entry:
    """Return the first entry: the design and the commitment to the key, before any woman is known."""
    body = {
        "format": FORMAT,
        "trial_id": design.trial_id,
        "design": design.as_dict(),
        "design_hash": design.hash(),
        "key_commitment": key_commitment(key),
        "programme": programme,
        "rehearsal": rehearsal,
    }
    return append(entries, "genesis", body, recorded_at=recorded_at, actor=actor)


def freeze(
    entries: Sequence[Entry], *, batch: str, as_of: date, units: Iterable[Unit], recorded_at: str, actor: str
) -> Entry:
    """Return the entry that fixes who is in a batch, before anybody can know what the draw gives.

    Raises PolicyRefused when the batch was frozen before or a woman already stands in a batch.
    """
    rows = [asdict(unit) for unit in sorted(units)]
    body = {"batch": batch, "as_of": as_of.isoformat(), "units": rows, "root": sha256_of(rows)}
    return append(entries, "freeze", body, recorded_at=recorded_at, actor=actor)


def draw(entries: Sequence[Entry], *, batch: str, design: Design, key: bytes, recorded_at: str, actor: str) -> Entry:
    """Return the entry with the allocations of a frozen batch, made with the committed key.

    Raises PolicyRefused when the batch was drawn before or the design is not the one of the genesis,
    StateError when the batch is not frozen or the key is not the committed one.
    """
    book = _sound(entries)
    for kind, sentence in _why_no_draw(book, batch, design, key):
        raise kind(sentence)
    frozen = book.freezes[batch]
    allotted = allocate(key, design, batch, _units(frozen), book.filled())
    body = {"batch": batch, "freeze": frozen.hash, "allocations": [asdict(row) for row in allotted]}
    return append(entries, "draw", body, recorded_at=recorded_at, actor=actor)


def note(entries: Sequence[Entry], *, text: str, recorded_at: str, actor: str) -> Entry:
    """Return an entry with a remark, such as a correction and its reason; it changes no allocation."""
    return append(entries, "note", {"text": text}, recorded_at=recorded_at, actor=actor)


def append(entries: Sequence[Entry], kind: str, body: Body, *, recorded_at: str, actor: str) -> Entry:
    """Return the entry that follows ``entries``; the caller keeps it.

    Raises StateError when the ledger is damaged or the entry is out of order or malformed, PolicyRefused
    when the protocol forbids it.
    """
    book = _sound(entries)
    previous = entries[-1].hash if entries else BEFORE_GENESIS
    unsealed = Entry(len(entries) + 1, kind, recorded_at, actor, body, previous, hash="")
    for error, sentence in _judge(book, unsealed):
        raise error(f"The {kind} was not added to the ledger: {sentence}.")
    plain = json.loads(canonical_json(body))  # a copy that nobody else holds, of the types a reader will see
    complete = replace(unsealed, body=plain)
    return replace(complete, hash=_hash(complete))


# --- the file ---------------------------------------------------------------------------------------------


def to_jsonl(entries: Iterable[Entry]) -> bytes:
    """Return the ledger as a file: the canonical JSON of one entry a line, each line ended."""
    return b"".join(canonical_json(asdict(entry)) + b"\n" for entry in entries)


def from_jsonl(content: bytes) -> list[Entry]:
    """Return the entries of a ledger file, read strictly; :func:`verify` then judges them.

    Raises StateError, with the line, unless the file is byte for byte what :func:`to_jsonl` writes.
    """
    lines = content.split(b"\n")
    if lines.pop():
        raise StateError(f"The ledger's line {len(lines) + 1} is not ended, so the file was cut: restore it.")
    return [_entry(line, number) for number, line in enumerate(lines, start=1)]


def _entry(line: bytes, number: int) -> Entry:
    try:
        values = json.loads(line.decode("ascii"), parse_float=_no_float, parse_constant=_no_float)
        exact = canonical_json(values) == line
    except (ValueError, RecursionError):
        exact = False
    if not exact or not _has_shape(values, _ENTRY):
        raise StateError(f"The ledger's line {number} is not an entry as it was written: restore the file.")
    return Entry(**values)


def _no_float(_: str) -> NoReturn:
    raise ValueError  # the ledger counts; a fraction is a text, exact


# --- reading ----------------------------------------------------------------------------------------------


def head(entries: Sequence[Entry]) -> str:
    """Return the hash of the last entry, which stands for the whole ledger; 64 zeros when it is empty."""
    return entries[-1].hash if entries else BEFORE_GENESIS


def allocations(entries: Sequence[Entry]) -> dict[str, Allocation]:
    """Return each woman's allocation by her token. Raises StateError when the ledger is damaged."""
    return _sound(entries).allocations


def filled(entries: Sequence[Entry]) -> dict[str, int]:
    """Return the number of allocations in each stratum. Raises StateError when the ledger is damaged."""
    return _sound(entries).filled()


def verify(entries: Sequence[Entry], *, key: bytes | None, head: str | None) -> Verification:
    """Check the chain and every rule; with the key repeat every draw; with a head compare the last hash.

    Never raises on what the ledger holds: it lists the faults. Without a head a ledger cut after a whole
    entry looks like an earlier one, so note the head elsewhere and give it here. Raises StateError only when
    ``key`` is not 32 bytes.
    """
    if key is not None:
        key_commitment(key)  # judges its length before anything is blamed on the ledger
    book, faults = _read(entries, key)
    if not book.begun:
        faults.append("The ledger has no genesis: it is empty or its first entry was removed.")
    if head is not None:
        faults.extend(_faults_of_head(entries, head))
    counts = dict.fromkeys(book.design.arms if book.design else (), 0)
    for allocation in book.allocations.values():
        counts[allocation.arm] = counts.get(allocation.arm, 0) + 1
    return Verification(not faults, tuple(faults), len(entries), counts, replayed=key is not None)


def _faults_of_head(entries: Sequence[Entry], head: str) -> Iterator[str]:
    hashes = [entry.hash for entry in entries]
    if head in hashes[:-1]:
        place = hashes.index(head) + 1
        yield f"The head given is that of entry {place} of {len(hashes)}: it does not cover later ones."
    elif hashes[-1:] != [head]:
        yield "The head given is not in the ledger: it was cut, rebuilt or replaced by an older copy."


def _sound(entries: Sequence[Entry]) -> _Book:
    book, faults = _read(entries, None)
    if faults:
        raise StateError(f"The ledger is damaged, so nothing was done; restore it from its backup. {faults[0]}")
    return book


def _read(entries: Sequence[Entry], key: bytes | None) -> tuple[_Book, list[str]]:
    """Return what the entries add up to and the faults found on the way; a malformed entry adds nothing."""
    book = _Book()
    faults: list[str] = []
    previous = BEFORE_GENESIS
    for number, entry in enumerate(entries, start=1):
        found = [sentence for _, sentence in _judge(book, entry)]
        if entry.seq != number:
            found.append("its number is not its place, so entries were added, removed or moved")
        if entry.previous != previous:
            found.append("it does not hold the hash of the entry before")
        if not _is_sealed(entry):
            found.append("its hash is not that of what it holds")
        if key is not None:
            found.extend(_faults_of_replay(book, entry, key))
        faults.extend(f"Entry {number}: {sentence}." for sentence in found)
        _take(book, entry)
        previous = entry.hash
    return book, faults


def _take(book: _Book, entry: Entry) -> None:
    if not _is_well_formed(entry):
        return
    body = entry.body
    if entry.kind == "genesis" and not book.begun:
        book.begun = True
        book.commitment = body["key_commitment"]
        book.design = _design_in(body)
    elif entry.kind == "freeze":
        book.freezes.setdefault(body["batch"], entry)
        book.frozen_tokens.update(row["token"] for row in body["units"])
    elif entry.kind == "draw":
        book.drawn.add(body["batch"])
        for row in body["allocations"]:
            book.allocations.setdefault(row["token"], Allocation(**row))  # the first allocation stays


# --- the rules --------------------------------------------------------------------------------------------


def _judge(book: _Book, entry: Entry) -> Iterator[_Fault]:
    """Return what is wrong with ``entry`` as the next one, each as its class and half a sentence."""
    if not _is_well_formed(entry):
        yield StateError, "its kind, time, actor or content does not have the form that the ledger keeps"
    elif entry.kind == "genesis":
        yield from _judge_genesis(book, entry.body)
    elif not book.begun:
        yield StateError, "no genesis comes before it, so begin the trial first"
    elif entry.kind == "freeze":
        yield from _judge_freeze(book, entry.body)
    elif entry.kind == "draw":
        yield from _judge_draw(book, entry.body)


def _judge_genesis(book: _Book, body: Body) -> Iterator[_Fault]:
    if book.begun:
        yield PolicyRefused, "the trial has begun already, and a ledger has one genesis"
    if body["format"] != FORMAT:
        yield StateError, "it was written in another format, so use the release that wrote it"
    design = _design_in(body)
    if design is None:
        yield PolicyRefused, "its design is refused or incomplete"
    elif (design.hash(), design.trial_id) != (body["design_hash"], body["trial_id"]):
        yield StateError, "its design is not the one of its design hash and trial id"


def _judge_freeze(book: _Book, body: Body) -> Iterator[_Fault]:
    tokens = [row["token"] for row in body["units"]]
    if body["batch"] in book.freezes:
        yield PolicyRefused, "this batch was frozen before, and a batch is frozen once"
    if tokens != sorted(set(tokens)):
        yield PolicyRefused, "the batch holds a woman twice or is not in the order of the tokens"
    if not book.frozen_tokens.isdisjoint(tokens):
        yield PolicyRefused, "the batch holds a woman of an earlier batch, and the first allocation stays"
    if body["root"] != sha256_of(body["units"]):
        yield StateError, "its root is not that of its units"


def _judge_draw(book: _Book, body: Body) -> Iterator[_Fault]:
    frozen = book.freezes.get(body["batch"])
    rows = [Allocation(**row) for row in body["allocations"]]
    if frozen is None:
        yield StateError, "this batch is not frozen, so freeze it first"
    else:
        if body["freeze"] != frozen.hash:
            yield StateError, "it does not name the freeze of its batch"
        if sorted(Unit(row.token, row.stratum) for row in rows) != _units(frozen):
            yield StateError, "its women and strata are not exactly those of the freeze"
    if body["batch"] in book.drawn:
        yield PolicyRefused, "this batch was drawn before, and a batch is drawn once"
    if not book.allocations.keys().isdisjoint(row.token for row in rows):
        yield PolicyRefused, "it allocates a woman again, and the first allocation stays"
    if [(row.stratum, row.block, row.position) for row in rows] != sorted(
        {(row.stratum, row.block, row.position) for row in rows}
    ):
        yield StateError, "its allocations are not in order or share a place in a block"
    if book.design and not all(_fits(row, book.design) for row in rows):
        yield StateError, "it has an arm or a probability that the design does not have"


def _why_no_draw(book: _Book, batch: str, design: Design, key: bytes) -> Iterator[_Fault]:
    """Return why a draw cannot even be tried, so that the error names the cause and not its effect."""
    if book.design is None:
        yield StateError, "The trial has not begun: write its genesis before the first draw."
    elif book.design != design:
        yield (
            PolicyRefused,
            f"The design has hash {design.hash()}, but the trial began with {book.design.hash()}: "
            "restore the design, as it cannot change under a running trial.",
        )
    elif not hmac.compare_digest(book.commitment, key_commitment(key)):
        yield StateError, "The allocation key is not the one committed at genesis: restore that key file."
    elif batch in book.drawn:
        yield PolicyRefused, "This batch was drawn before: use that draw, as a batch is drawn once."
    elif batch not in book.freezes:
        yield StateError, "This batch is not frozen: freeze it before the draw."


def _faults_of_replay(book: _Book, entry: Entry, key: bytes) -> Iterator[str]:
    if not _is_well_formed(entry):
        return
    if entry.kind == "genesis" and entry.body["key_commitment"] != key_commitment(key):
        yield "the key given is not the one committed to"
    if entry.kind == "draw":
        frozen = book.freezes.get(entry.body["batch"])
        if not _replays(book, frozen, entry, key):
            yield "the key does not give these allocations for this batch"


def _replays(book: _Book, frozen: Entry | None, entry: Entry, key: bytes) -> bool:
    if frozen is None or book.design is None:
        return False
    try:
        again = allocate(key, book.design, entry.body["batch"], _units(frozen), book.filled())
    except SmartstartError:  # a woman twice in the freeze: named there already
        return False
    return bool([asdict(row) for row in again] == entry.body["allocations"])


# --- forms ------------------------------------------------------------------------------------------------


def _is_well_formed(entry: Entry) -> bool:
    shape = _BODIES.get(entry.kind) if isinstance(entry.kind, str) else None
    if shape is None or not _is_utc(entry.recorded_at) or not isinstance(entry.actor, str) or not entry.actor:
        return False
    body = entry.body
    if entry.kind == "note":
        return isinstance(body, dict) and type(body.get("text")) is str and _is_plain(body)
    if not _has_shape(body, shape):
        return False
    if entry.kind == "freeze":
        return _is_date(body["as_of"]) and all(_has_shape(row, _UNIT) for row in body["units"])
    if entry.kind == "draw":
        return all(_has_shape(row, _ALLOCATION) for row in body["allocations"])
    return _is_plain(body)


def _has_shape(value: object, shape: dict[str, type]) -> bool:
    """Tell whether ``value`` has exactly these members of exactly these types (True is no number here)."""
    return (
        isinstance(value, dict)
        and value.keys() == shape.keys()
        and all(type(value[name]) is kind for name, kind in shape.items())
    )


def _is_plain(body: Body) -> bool:
    """Tell whether a body comes back from its own JSON as the same value, with no float in it."""
    try:
        return bool(json.loads(canonical_json(body), parse_float=_no_float, parse_constant=_no_float) == body)
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


def _fits(row: Allocation, design: Design) -> bool:
    return (
        row.arm in design.arms
        and row.probability == str(design.probability(row.arm))
        and row.block >= 1
        and 1 <= row.position <= design.block_sizes[-1]
    )


def _design_in(body: Body) -> Design | None:
    try:
        return design_from(body["design"])
    except SmartstartError:
        return None


def _units(frozen: Entry) -> list[Unit]:
    return sorted(Unit(**row) for row in frozen.body["units"])


def _hash(entry: Entry) -> str:
    content = {item.name: getattr(entry, item.name) for item in fields(entry) if item.name != "hash"}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _is_sealed(entry: Entry) -> bool:
    try:
        return _hash(entry) == entry.hash
    except (
        TypeError,
        ValueError,
        RecursionError,
    ):  # it holds what JSON cannot, so it was never written by us
        return False
