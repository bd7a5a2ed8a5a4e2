"""What the ledger's entries add up to, and the rules that the next one must keep.

The rules stand here once: the ledger refuses an entry that breaks them, and a check lists the entries that did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from smartstart.errors import PolicyRefused, SmartstartError, StateError
from smartstart.trial.allocation import Allocation, Sequence, Unit, key_commitment, nonce_commitment
from smartstart.trial.canonical import sha256_of
from smartstart.trial.design import Design, closed, design_from
from smartstart.trial.entries import Body, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT: Final = "smartstart/2"
Fault = tuple[type[SmartstartError], str]

# Who conducts a draw, by where its nonce comes from: a record must say who could do all alone.
ACTORS: Final = {
    "none": "one officer",
    "second_officer": "two officers",
    "dice": "one officer, with dice",
    "beacon": "one officer, with a public beacon",
}
# Where the nonce of a batch comes from, and what is promised of it when the batch is frozen.
NONCE_SOURCES: Final = {
    "none": "",  # one officer alone
    "second_officer": r"[0-9a-f]{64}",  # the commitment to a nonce that only the second officer knows
    "dice": r"",
    "beacon": r"[^\n]*\d{3}[^\n]*",  # which public beacon and which of its coming rounds
}
_NONCES: Final = {
    "none": "",
    "second_officer": r"[0-9a-f]{64}",  # 256 random bits: a sentence could be guessed
    "dice": r"[1-6]{20,200}",  # 20 throws are over 50 bits, which nobody tries out between two meetings
    "beacon": r"[0-9a-f]{32,256}",
}


@dataclass(frozen=True)
class Frozen:
    """A frozen batch: its entry's hash, its women, and what was promised of its nonce."""

    batch: str
    hash: str
    units: tuple[Unit, ...]
    source: str
    promise: str


@dataclass
class Book:
    """What the entries read so far add up to."""

    trial_id: str = ""
    epoch: int = 0
    design: Design | None = None
    commitment: str = ""
    closed: bool = False
    pending: Frozen | None = None
    batches: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    arms: dict[str, str] = field(default_factory=dict)  # by token
    households: dict[str, tuple[str, str]] = field(default_factory=dict)  # arm and marginal of each household, ever
    households_before: dict[str, tuple[str, str]] = field(default_factory=dict)  # those known when this epoch began
    commitments: set[str] = field(default_factory=set)  # to the keys of all epochs
    spent: set[str] = field(default_factory=set)  # promises and nonces of earlier batches
    draws: list[tuple[Frozen, Body]] = field(default_factory=list)  # of this epoch
    plans: list[Entry] = field(default_factory=list)  # every analysis plan that was locked, the newest last
    unblinded: Entry | None = None
    looks: list[Entry] = field(default_factory=list)  # every planned comparison of the arms, in order
    summaries: list[Entry] = field(default_factory=list)  # whenever exact numbers by arm left for a reader

    def take(self, entry: Entry) -> None:
        """Add what a well-formed entry says."""
        body = entry.body
        if entry.kind in {"genesis", "epoch"}:
            self.trial_id = self.trial_id or body.get("trial_id", "")
            self.epoch, self.commitment, self.design = body["epoch"], body["key_commitment"], _design_in(body)
            self.closed = bool(self.design and self.design.method == "everyone")
            self.commitments.add(self.commitment)
            self.households_before, self.draws = dict(self.households), []
        elif entry.kind == "freeze":
            units = tuple(Unit(**{**unit, "levels": tuple(unit["levels"])}) for unit in body["units"])
            self.pending = Frozen(body["batch"], entry.hash, units, body["nonce"]["source"], body["nonce"]["promise"])
            self.batches.add(body["batch"])
            self.spent.add(body["nonce"]["promise"])
            self.tokens.update(unit.token for unit in units)
        elif entry.kind == "draw":
            self._take_draw(body)
        elif entry.kind == "plan":
            self.plans.append(entry)
        elif entry.kind == "unblind":
            self.unblinded = self.unblinded or entry
        elif entry.kind == "look":
            self.looks.append(entry)
        elif entry.kind == "summary":
            self.summaries.append(entry)

    def judge(self, entry: Entry) -> Iterator[Fault]:
        """Return what is wrong with a well-formed entry as the next one, each as its class and half a sentence."""
        if entry.kind == "genesis":
            yield from self._judge_genesis(entry.body)
        elif not self.epoch:
            yield StateError, "no genesis comes before it, so begin the trial first"
        elif entry.kind == "epoch":
            yield from self._judge_epoch(entry.body)
        elif entry.kind == "freeze":
            yield from self._judge_freeze(entry.body)
            yield from _judge_actor(entry, entry.body["nonce"]["source"])
        elif entry.kind == "draw":
            yield from self._judge_draw(entry.body)
            yield from _judge_actor(entry, self.pending.source if self.pending else None)
        elif entry.kind == "plan":
            yield from self._judge_plan(entry.body)
        elif entry.kind == "unblind":
            yield from self._judge_unblind(entry.body)
        elif entry.kind == "look":
            yield from self._judge_look(entry.body)
        elif entry.kind == "summary":
            yield from self._judge_summary(entry.body)

    def sequence(self, key: bytes) -> Sequence:
        """Return the epoch's draw as it stands, by repeating it with the key.

        Raises StateError when the key does not give what the ledger has.
        """
        if self.design is None:
            raise StateError("The trial has not begun: write its genesis before the first draw.")
        sequence = Sequence(self.design, key, self.epoch, households=dict(self.households_before))
        for frozen, body in self.draws:
            if not repeats(sequence, frozen, body):
                raise StateError("The key does not give the earlier draws: restore the key, or verify the ledger.")
        return sequence

    def counts(self) -> dict[str, int]:
        """Return the number of women in each arm, arms without any included."""
        found = dict.fromkeys(self.design.arms if self.design else (), 0)
        for arm in self.arms.values():
            found[arm] = found.get(arm, 0) + 1
        return found

    def _take_draw(self, body: Body) -> None:
        frozen, self.pending = self.pending, None
        self.spent.add(body["nonce"])
        given = {}
        for row in body["allocations"]:
            self.arms.setdefault(row["token"], row["arm"])  # the first allocation stays
            given[row["token"]] = row["arm"], row["marginal"]
        if frozen:
            self.draws.append((frozen, body))
            for unit in frozen.units:
                if unit.cluster and unit.token in given:
                    self.households.setdefault(unit.cluster, given[unit.token])

    def _judge_genesis(self, body: Body) -> Iterator[Fault]:
        if self.epoch:
            yield PolicyRefused, "the trial has begun already, and a ledger has one genesis"
        if body["format"] != FORMAT:
            yield StateError, "it was written in another format, so use the release that wrote it"
        if body["epoch"] != 1:
            yield StateError, "it does not open epoch 1"
        yield from _judge_design(body, body["trial_id"])
        design = _design_in(body)
        if design and design.method == "everyone":
            yield PolicyRefused, "nobody would be drawn in it, so there is no trial to begin"

    def _judge_epoch(self, body: Body) -> Iterator[Fault]:
        design = _design_in(body)
        if self.pending:
            yield StateError, "a frozen batch is not drawn yet, so draw it first"
        if self.closed:
            yield PolicyRefused, "the trial was closed, and that is final"
        if body["epoch"] != self.epoch + 1:
            yield StateError, "its number does not follow the epoch before"
        yield from _judge_who_and_why(body, "an epoch")
        yield from _judge_design(body, self.trial_id)
        if design and self.design:
            same_key = body["key_commitment"] == self.commitment
            fits = {
                "rekey": body["key_commitment"] not in self.commitments and design == self.design,
                "redesign": same_key and design != self.design and design.method != "everyone",
                "close": same_key and design == closed(self.design),
            }
            if not fits.get(body["why"], False):
                yield (
                    PolicyRefused,
                    "what it changes is not what it says it is for; change programme.yaml first to redesign",
                )

    def _judge_freeze(self, body: Body) -> Iterator[Fault]:
        tokens = [row["token"] for row in body["units"]]
        source, promise = body["nonce"]["source"], body["nonce"]["promise"]
        if self.pending:
            yield StateError, "the batch frozen before it is not drawn yet, so draw that first"
        if body["batch"] in self.batches:
            yield PolicyRefused, "this batch was frozen before, and a batch is frozen once"
        if body["epoch"] != self.epoch:
            yield StateError, "it is not of the present epoch"
        if tokens != sorted(set(tokens)):
            yield PolicyRefused, "the batch holds a woman twice or is not in the order of the tokens"
        if not self.tokens.isdisjoint(tokens):
            yield PolicyRefused, "the batch holds a woman of an earlier batch, and the first allocation stays"
        if body["root"] != sha256_of(body["units"]):
            yield StateError, "its root is not that of its units"
        if not re.fullmatch(NONCE_SOURCES.get(source, "never"), promise):
            yield PolicyRefused, "its nonce is of an unknown source, or what must be said of it beforehand is missing"
        if promise and promise in self.spent:
            yield PolicyRefused, "its nonce was promised or used before, so it is known"
        if self.design and not all(_fits(row, self.design) for row in body["units"]):
            yield StateError, "a woman's levels or household are not what the design asks"

    def _judge_draw(self, body: Body) -> Iterator[Fault]:
        frozen, rows = self.pending, body["allocations"]
        if frozen is None or frozen.batch != body["batch"]:
            known = body["batch"] in self.batches
            yield (
                (PolicyRefused, "this batch was drawn before, and a batch is drawn once")
                if known
                else (StateError, "this batch is not frozen, so freeze it first")
            )
            return
        if body["freeze"] != frozen.hash:
            yield StateError, "it does not name the freeze of its batch"
        if [(row["token"], row["stratum"]) for row in rows] != [(unit.token, unit.stratum) for unit in frozen.units]:
            yield StateError, "its women and strata are not exactly those of the freeze"
        yield from why_not_this_nonce(frozen, body["nonce"])
        if body["nonce"] and body["nonce"] in self.spent:
            yield PolicyRefused, "its nonce was used before, so it was known"
        if self.design and not all(self._possible(unit, row) for unit, row in zip(frozen.units, rows, strict=False)):
            yield StateError, "it has an arm or a probability that the design does not have"

    def _judge_plan(self, body: Body) -> Iterator[Fault]:
        yield from _judge_who_and_why(body, "a plan")
        if body["plan_hash"] != sha256_of(body["plan"]):
            yield StateError, "its plan is not the one of its plan hash"
        if self.plans and self.plans[-1].body["plan_hash"] == body["plan_hash"]:
            yield PolicyRefused, "this very plan is locked already"

    def _judge_unblind(self, body: Body) -> Iterator[Fault]:
        yield from _judge_who_and_why(body, "unblinding")
        if not self.plans:
            yield PolicyRefused, "no analysis plan is locked, so lock it first"
        elif body["plan_hash"] != self.plans[-1].body["plan_hash"]:
            yield StateError, "it does not name the analysis plan that is locked"
        if self.unblinded:
            yield PolicyRefused, "the arms were unblinded before, and that is final"

    def _judge_look(self, body: Body) -> Iterator[Fault]:
        yield from _judge_who_and_why(body, "a look")
        if not body["reader"].strip():
            yield PolicyRefused, "a look needs an independent person who sees it first"
        if not self.plans:
            yield PolicyRefused, "no analysis plan is locked, so lock it first"
        elif body["plan_hash"] != self.plans[-1].body["plan_hash"]:
            yield StateError, "it does not name the analysis plan that is locked"
        if body["look"] != len(self.looks) + 1:
            yield StateError, "its number is not that of the next look"
        if self.looks and float(body["information"]) < float(self.looks[-1].body["information"]):
            yield PolicyRefused, "it has less information than the look before"

    def _judge_summary(self, body: Body) -> Iterator[Fault]:
        if not body["reader"].strip():
            yield PolicyRefused, "a summary needs the person whom it is for"
        for earlier in (entry.body for entry in self.summaries):
            same = all(earlier[name] == body[name] for name in ("tier", "agreement", "round"))
            if body["tier"] == "exchange" and same and earlier["content"] != body["content"]:
                yield (
                    PolicyRefused,
                    "another summary was sent in this round, and the difference of two would tell of few women; "
                    "agree on a new round",
                )
                return

    def _possible(self, unit: Unit, row: Mapping[str, str]) -> bool:
        """Tell whether the design has this arm and probability, or her household had them before."""
        if unit.cluster in self.households_before:
            return (row["arm"], row["marginal"]) == self.households_before[unit.cluster]
        design = self.design
        return bool(design and row["arm"] in design.arms and row["marginal"] == str(design.probability(row["arm"])))


def _judge_who_and_why(body: Body, what: str) -> Iterator[Fault]:
    if not body["reason"].strip() or not body["owner"].strip():
        yield PolicyRefused, f"{what} needs a reason and an owner"


def _judge_actor(entry: Entry, source: str | None) -> Iterator[Fault]:
    if source in ACTORS and entry.actor != ACTORS[source]:
        yield PolicyRefused, "its actor is not who conducts a draw with such a nonce"


def why_not_this_nonce(frozen: Frozen, nonce: str) -> Iterator[Fault]:
    """Return what is wrong with the nonce of a frozen batch."""
    if not re.fullmatch(_NONCES.get(frozen.source, "never"), nonce):
        yield PolicyRefused, f"the nonce does not have the form of one from '{frozen.source}'"
    elif frozen.source == "second_officer" and nonce_commitment(nonce) != frozen.promise:
        yield PolicyRefused, "the nonce is not the one that the second officer committed to"


def repeats(sequence: Sequence, frozen: Frozen, body: Body) -> bool:
    """Tell whether the key gives this draw; ``sequence`` goes on either way."""
    try:
        again = sequence.allocate(frozen.batch, frozen.units, body["nonce"])
    except (SmartstartError, ValueError):  # a woman twice, or levels that do not fit: named at the freeze already
        return False
    return drawn_body(sequence, frozen, again, body["nonce"]) == body


def drawn_body(sequence: Sequence, frozen: Frozen, allocations: Iterable[Allocation], nonce: str) -> Body:
    """Return the body of the draw entry."""
    rows = list(allocations)
    return {
        "batch": frozen.batch,
        "freeze": frozen.hash,
        "nonce": nonce,
        "allocations": [row.as_dict() for row in rows],
        "steps": sequence.seal(frozen.batch, rows),
    }


def epoch_body(number: int, design: Design, key: bytes) -> Body:
    """Return what the genesis and every later epoch say of design and key."""
    return {
        "epoch": number,
        "design": design.as_dict(),
        "design_hash": design.hash(),
        "key_commitment": key_commitment(key),
    }


def _judge_design(body: Body, trial_id: str) -> Iterator[Fault]:
    design = _design_in(body)
    if design is None:
        yield PolicyRefused, "its design is refused or incomplete"
    elif (design.hash(), design.trial_id) != (body["design_hash"], trial_id):
        yield StateError, "its design is not the one of its design hash and trial id"


def _fits(row: Mapping[str, object], design: Design) -> bool:
    factors = design.minimisation.factors if design.minimisation else ()
    levels = row["levels"]
    household = bool(row["cluster"])
    return isinstance(levels, list) and len(levels) == len(factors) and household == (design.unit == "household")


def _design_in(body: Body) -> Design | None:
    try:
        return design_from(body["design"])
    except SmartstartError:
        return None
