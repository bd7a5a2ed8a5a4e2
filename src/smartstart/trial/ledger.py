"""The ledger of the draw: entries chained by their hashes, only ever added to.

One entry a line in a JSON Lines file. Each entry holds the hash of the one before, so that the last hash
(the head, printed after each batch) stands for the whole: whoever noted it can see any later change.

There is no way to change or remove an entry; a correction is a new one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from smartstart.errors import PolicyRefused, StateError
from smartstart.trial.allocation import Allocation, Sequence, Unit, key_commitment
from smartstart.trial.book import ACTORS, FORMAT, Book, Frozen, drawn_body, epoch_body, repeats, why_not_this_nonce
from smartstart.trial.canonical import sha256_of
from smartstart.trial.entries import BEFORE_GENESIS, Body, Entry, Stamp, is_sealed, is_well_formed, sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Sequence as Row
    from datetime import date

    from smartstart.trial.design import Design

Why = Literal["rekey", "redesign", "close"]


@dataclass(frozen=True)
class Nonce:
    """Where the nonce of a batch will come from, said when the batch is frozen, and what is promised of it.

    ``source`` is none (one officer alone), second_officer (``promise`` is the commitment), dice, or beacon
    (``promise`` says which public beacon and which of its coming rounds).
    """

    source: Literal["none", "second_officer", "dice", "beacon"] = "none"
    promise: str = ""


NO_NONCE = Nonce()
MALFORMED: Final = (StateError, "its kind, time, actor or content does not have the form that the ledger keeps")
UNKNOWN_HEAD: Final = "The head given is not in the ledger: it was cut, rebuilt or replaced by an older copy."


@dataclass(frozen=True)
class Verification:
    """What a check of the ledger found.

    ``faults`` are sentences that name the entry. ``allocations`` counts women by arm, arms without any
    included. ``replayed`` tells whether the draws were repeated with the keys, and not only the chain checked.
    ``covered`` is the number of entries that the head given stands for: those after it were added since.
    """

    ok: bool
    faults: tuple[str, ...]
    entries: int
    allocations: dict[str, int]
    replayed: bool
    covered: int | None = None


class Ledger:
    """A sound ledger in memory, to be added to; the caller keeps the entries.

    Raises StateError when the entries given are damaged.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = list(entries)
        self._book, faults = _read(self._entries, None)
        if faults:
            raise StateError(f"The ledger is damaged, so nothing was done; restore it from its backup. {faults[0]}")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries, in order."""
        return tuple(self._entries)

    @property
    def head(self) -> str:
        """The hash of the last entry, which stands for the whole ledger; 64 zeros when it is empty."""
        return self._entries[-1].hash if self._entries else BEFORE_GENESIS

    @property
    def epoch(self) -> int:
        """The number of the present epoch; 0 before the genesis."""
        return self._book.epoch

    @property
    def design(self) -> Design | None:
        """The design of the present epoch."""
        return self._book.design

    @property
    def commitment(self) -> str:
        """The commitment to the key of the present epoch."""
        return self._book.commitment

    @property
    def closed(self) -> bool:
        """Tell whether the trial was closed, so that everyone is offered."""
        return self._book.closed

    @property
    def pending(self) -> Frozen | None:
        """The batch that is frozen and not drawn yet."""
        return self._book.pending

    @property
    def arms(self) -> Mapping[str, str]:
        """Each woman's arm by her token."""
        return dict(self._book.arms)

    def begin(self, design: Design, key: bytes, *, programme: str, rehearsal: bool, stamp: Stamp) -> Entry:
        """Add the genesis: the design and the commitment to the key, before any woman is known."""
        body = {"format": FORMAT, "trial_id": design.trial_id, "programme": programme, "rehearsal": rehearsal}
        return self._add("genesis", body | epoch_body(1, design, key), stamp)

    def open_epoch(self, why: Why, design: Design, key: bytes, *, reason: str, owner: str, stamp: Stamp) -> Entry:
        """Add an epoch: from here on another key, another design, or the offer for everyone."""
        body = {"why": why, "reason": reason, "owner": owner, **epoch_body(self.epoch + 1, design, key)}
        return self._add("epoch", body, stamp)

    def freeze(
        self,
        batch: str,
        *,
        as_of: date,
        units: Iterable[Unit],
        recorded_at: str,
        delivery: str,
        nonce: Nonce = NO_NONCE,
    ) -> Entry:
        """Add who is in a batch, before anybody can know what the draw gives.

        ``delivery`` is the SHA-256 of the files that the batch was made of: edited files can be held against those
        that were sent. Raises PolicyRefused when the batch was frozen before or a woman already stands in a batch.
        """
        rows = [unit.as_dict() for unit in sorted(units)]
        promised = {"source": nonce.source, "promise": nonce.promise}
        body = {"batch": batch, "epoch": self.epoch, "as_of": as_of.isoformat(), "delivery": delivery}
        body |= {"nonce": promised, "units": rows, "root": sha256_of(rows)}
        return self._add("freeze", body, Stamp(recorded_at, ACTORS[nonce.source]))

    def draw(self, design: Design, key: bytes, *, recorded_at: str, nonce: str = "") -> list[Allocation]:
        """Draw the frozen batch with the committed key, add the draw, and return the allocations.

        Raises PolicyRefused when the design is not the one of the epoch or the nonce not the one promised,
        StateError when there is no frozen batch or the key is another one.
        """
        frozen = self._book.pending
        if frozen is None:
            raise StateError("There is no frozen batch: freeze one before the draw.")
        self.refuse_other(design, key)
        for error, sentence in why_not_this_nonce(frozen, nonce):
            raise error(f"Batch {frozen.batch} was not drawn: {sentence}.")
        sequence = self._book.sequence(key)
        allocations = sequence.allocate(frozen.batch, frozen.units, nonce)
        body = drawn_body(sequence, frozen, allocations, nonce)
        self._add("draw", body, Stamp(recorded_at, ACTORS[frozen.source]))
        return allocations

    def refuse_other(self, design: Design, key: bytes) -> None:
        """Raise PolicyRefused when the design is not the present epoch's, StateError when the key is not."""
        mine = self._book.design
        if mine is None:
            raise StateError("The trial has not begun: write its genesis before the first draw.")
        if mine != design:
            raise PolicyRefused(
                f"The programme's design has hash {design.hash()}, but this epoch's has {mine.hash()}: restore the "
                "programme, or open a new epoch with 'smartstart trial redesign'."
            )
        if not hmac.compare_digest(self._book.commitment, key_commitment(key)):
            raise StateError("The allocation key is not the one committed to: restore that key file.")

    def event(self, seal: str, *, stamp: Stamp) -> Entry:
        """Add that something was told of a woman, as a keyed code: it can be checked and not read."""
        return self._add("event", {"seal": seal}, stamp)

    @property
    def plans(self) -> tuple[Entry, ...]:
        """The entries of every analysis plan that was locked, the newest last."""
        return tuple(self._book.plans)

    @property
    def unblinded(self) -> Entry | None:
        """The entry by which the arms were unblinded, or None."""
        return self._book.unblinded

    def lock_plan(self, plan: Mapping[str, Any], *, owner: str, reason: str, stamp: Stamp) -> Entry:
        """Add the plan of the analysis with its hash, before anybody knows which arm is which."""
        body = {"plan": dict(plan), "plan_hash": sha256_of(plan), "owner": owner, "reason": reason}
        return self._add("plan", body, stamp)

    def unblind(self, *, owner: str, reason: str, stamp: Stamp) -> Entry:
        """Add that the arms are known from here on; it is done once, under the plan that is locked."""
        plan_hash = self.plans[-1].body["plan_hash"] if self.plans else ""
        return self._add("unblind", {"plan_hash": plan_hash, "owner": owner, "reason": reason}, stamp)

    @property
    def looks(self) -> tuple[Entry, ...]:
        """The entries of every planned comparison of the arms, in order."""
        return tuple(self._book.looks)

    @property
    def summaries(self) -> tuple[Entry, ...]:
        """The entries of every summary by arm that left for a reader, in order."""
        return tuple(self._book.summaries)

    def look(self, *, information: float, as_of: date, reader: str, owner: str, reason: str, stamp: Stamp) -> Entry:
        """Add that the arms are compared at this share of the planned information; never what was found.

        Raises PolicyRefused without a locked plan, StateError when the plan of the look is another one.
        """
        plan_hash = self.plans[-1].body["plan_hash"] if self.plans else ""
        body = {"look": len(self.looks) + 1, "information": f"{information:.6f}", "as_of": as_of.isoformat()}
        body |= {"reader": reader, "plan_hash": plan_hash, "owner": owner, "reason": reason}
        return self._add("look", body, stamp)

    def summary(self, body: Mapping[str, str], *, stamp: Stamp) -> Entry:
        """Add that exact numbers by arm left for a reader: tier, as_of, reader, agreement, round and SHA-256.

        Raises PolicyRefused when another content was sent in the same round of an agreement.
        """
        return self._add("summary", dict(body), stamp)

    def note(self, text: str, *, stamp: Stamp) -> Entry:
        """Add a remark, such as a correction and its reason; it changes no allocation."""
        return self._add("note", {"text": text}, stamp)

    def _add(self, kind: str, body: Body, stamp: Stamp) -> Entry:
        entry = sealed(len(self._entries) + 1, kind, body, self.head, stamp)
        for error, sentence in self._book.judge(entry) if is_well_formed(entry) else [MALFORMED]:
            raise error(f"The {kind} was not added to the ledger: {sentence}.")
        self._book.take(entry)
        self._entries.append(entry)
        return entry


def verify(entries: Row[Entry], *, keys: Iterable[bytes] | None, head: str | None) -> Verification:
    """Check the chain and every rule; with the keys repeat every draw; with a head see that it is there.

    Never raises on what the ledger holds: it lists the faults. Without a head a ledger cut after a whole
    entry looks like an earlier one, so note the head elsewhere and give it here; that of an earlier batch shows that
    nothing was changed up to it. ``keys`` are those of all epochs,
    in any order. Raises StateError only when one is not 32 bytes.
    """
    known = None if keys is None else {key_commitment(key): key for key in keys}
    book, faults = _read(entries, known)
    if not book.epoch:
        faults.append("The ledger has no genesis: it is empty or its first entry was removed.")
    hashes = [entry.hash for entry in entries]
    covered = hashes.index(head) + 1 if head in hashes else None
    if head is not None and covered is None:
        faults.append(UNKNOWN_HEAD)
    replayed = known is not None
    return Verification(not faults, tuple(faults), len(entries), book.counts(), replayed=replayed, covered=covered)


def redrawn(entries: Iterable[Entry], keys: Mapping[str, bytes]) -> Iterator[tuple[str, int, Allocation]]:
    """Draw every batch again: its label, its epoch, and each allocation with its probabilities.

    ``keys`` are by commitment. The ledger is taken as sound. Raises KeyError when the key of an epoch is missing.
    """
    book, sequence = Book(), None
    for entry in entries:
        if entry.kind == "draw" and book.pending and book.design:
            if sequence is None or sequence.epoch != book.epoch:
                sequence = Sequence(
                    book.design, keys[book.commitment], book.epoch, households=dict(book.households_before)
                )
            for allocation in sequence.allocate(book.pending.batch, book.pending.units, entry.body["nonce"]):
                yield book.pending.batch, book.epoch, allocation
        book.take(entry)


def _read(entries: Iterable[Entry], keys: Mapping[str, bytes] | None) -> tuple[Book, list[str]]:
    """Return what the entries add up to and the faults found on the way; a malformed entry adds nothing."""
    book = Book()
    replay = _Replay(keys) if keys is not None else None
    faults: list[str] = []
    previous = BEFORE_GENESIS
    for number, entry in enumerate(entries, start=1):
        well_formed = is_well_formed(entry)
        found = [sentence for _, sentence in (book.judge(entry) if well_formed else [MALFORMED])]
        if entry.seq != number:
            found.append("its number is not its place, so entries were added, removed or moved")
        if entry.previous != previous:
            found.append("it does not hold the hash of the entry before")
        if not is_sealed(entry):
            found.append("its hash is not that of what it holds")
        if replay and well_formed:
            found.extend(replay.faults(book, entry))
        faults.extend(f"Entry {number}: {sentence}." for sentence in found)
        if well_formed:
            book.take(entry)
        previous = entry.hash
    return book, faults


class _Replay:
    """Every draw again, with the key that its epoch committed to."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = keys
        self._sequence: Sequence | None = None

    def faults(self, book: Book, entry: Entry) -> Iterator[str]:
        """Return what is wrong with a well-formed entry; ``book`` holds what came before it."""
        if entry.kind in {"genesis", "epoch"} and entry.body["key_commitment"] not in self._keys:
            yield "none of the keys given is the one committed to"
        if entry.kind == "draw" and book.pending and book.design and (key := self._keys.get(book.commitment)):
            if self._sequence is None or self._sequence.epoch != book.epoch:
                self._sequence = Sequence(book.design, key, book.epoch, households=dict(book.households_before))
            if not repeats(self._sequence, book.pending, entry.body):
                yield "the key does not give these allocations for this batch"
