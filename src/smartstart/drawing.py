"""The draw on the warehouse's tables: eligible women in, a frozen batch, then allocations, every step in the ledger.

The rules themselves are in ``trial``, which knows no database. A batch is frozen and drawn by the same functions
whether one officer does both at once, or a second officer's nonce comes between.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from smartstart.bookkeeping import DrawKeys, read_ledger, store
from smartstart.designing import design_of
from smartstart.errors import PolicyRefused, StateError, UsageError
from smartstart.statements import judge_statement
from smartstart.trial.allocation import (
    Unit,
    household_code,
    key_commitment,
    level_code,
    stratum_code,
    subject_token,
)
from smartstart.trial.book import ACTORS
from smartstart.trial.design import Design, Factor, closed
from smartstart.trial.entries import Stamp
from smartstart.trial.ledger import NO_NONCE, Ledger, Nonce
from smartstart.trial.simulation import judge_marginal

if TYPE_CHECKING:
    from smartstart.deciding import Decided
    from smartstart.identity.vault import Vault
    from smartstart.programme.sections import Programme
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

_ADDRESS = ("postcode", "house_number", "house_letter")  # in the Netherlands these name one household
_ADDRESS_NEEDS = ("postcode", "house_number")
_FACTS = ("risk_band", "practice", "index_date", "due_date")


@dataclass(frozen=True)
class Batch:
    """What the ledger says of a batch beside its women: its label, its day, when it was recorded, and for what.

    ``delivery`` is the SHA-256 of the files that it was made of.
    """

    label: str
    as_of: date
    recorded_at: str
    delivery: str
    nonce: Nonce = NO_NONCE


def nonce_to_come(second_officer: str | None, beacon: str | None, *, dice: bool) -> Nonce:
    """Return which nonce a batch will be drawn with, as asked for on the command line; by default none.

    Raises UsageError when two are asked for, or what must be said of one beforehand has another form.
    """
    if sum((second_officer is not None, beacon is not None, dice)) > 1:
        raise UsageError(
            "--second-officer, --dice and --beacon exclude one another: choose where the nonce comes from."
        )
    if second_officer is not None:
        if not re.fullmatch("[0-9a-f]{64}", second_officer):
            raise UsageError("--second-officer: give the 64 characters that 'smartstart trial nonce' printed.")
        return Nonce("second_officer", second_officer)
    if beacon is not None:
        judge_statement("--beacon", beacon, numbers=True)
        if not re.search(r"[^\d\s].*\d{3}", beacon):
            raise UsageError("--beacon: name the beacon and a round that is still to come, such as 'drand 1234567'.")
        return Nonce("beacon", beacon)
    return Nonce("dice") if dice else NO_NONCE


@dataclass(frozen=True)
class Draw:
    """What every step of a draw goes by: the programme, the ledger as it stands, and the keys.

    The ledger is read once; what a step adds to it is seen by the next.
    """

    programme: Programme
    ledger: Ledger
    keys: DrawKeys

    @cached_property
    def design(self) -> Design:
        """The design that counts now: the programme's, or that of a closed trial, in which everyone is offered."""
        design = design_of(self.programme)
        return closed(design) if self.ledger.closed else design

    @property
    def key(self) -> bytes:
        """The key of the present epoch."""
        return self.keys.committed(self.ledger.commitment)


@dataclass(frozen=True)
class KnownAs:
    """By what a woman is known outside the warehouse: in the vault, and in the ledger."""

    pseudonym: str
    token: str


def begin_trial(
    warehouse: Warehouse, workspace: Workspace, draw: Draw, recorded_at: str, nonce: Nonce = NO_NONCE
) -> None:
    """Write the genesis before the first batch: the design, and the key that init showed a commitment to.

    Raises PolicyRefused when the design is refused, StateError when the key is another one.
    """
    ledger, first_key = draw.ledger, draw.keys.keys[0]
    if ledger.epoch:
        return
    if key_commitment(first_key) != workspace.commitment:
        raise StateError(
            "The allocation key is not the one that 'init' printed a commitment to: restore that key file."
        )
    judge_marginal(draw.design)
    stamp, programme = Stamp(recorded_at, ACTORS[nonce.source]), draw.programme.programme
    ledger.begin(draw.design, first_key, programme=programme, rehearsal=workspace.rehearsal, stamp=stamp)
    store(warehouse, ledger)


def freeze_batch(
    warehouse: Warehouse,
    vault: Vault,
    draw: Draw,
    women: Sequence[Decided],
    known: Mapping[str, KnownAs],
    batch: Batch,
) -> None:
    """Fix who is in a batch, in the ledger and in the table of frozen women.

    Raises PolicyRefused when the programme's design is not that of the present epoch.
    """
    ledger = draw.ledger
    ledger.refuse_other(draw.design, draw.key)
    coding = _Coding(vault, draw.keys, draw.design, draw.key, ledger.epoch)
    rows = [(coding.unit(woman, known[woman.research_id]), woman) for woman in women]
    ledger.freeze(
        batch.label,
        as_of=batch.as_of,
        units=[unit for unit, _ in rows],
        recorded_at=batch.recorded_at,
        delivery=batch.delivery,
        nonce=batch.nonce,
    )
    store(warehouse, ledger)
    warehouse.insert_rows("frozen", [_frozen_row(unit, woman, batch.label, ledger.epoch) for unit, woman in rows])


@dataclass(frozen=True)
class _Coding:
    """How a woman becomes a unit of the ledger: codes under the keys of her epoch, and of the vault."""

    vault: Vault
    keys: DrawKeys
    design: Design
    key: bytes
    epoch: int

    def unit(self, woman: Decided, known: KnownAs) -> Unit:
        """Return her unit. Raises PolicyRefused when the design lacks a level that she has."""
        minimised = self.design.minimisation.factors if self.design.minimisation else ()
        return Unit(
            known.token,
            stratum_code(self.key, self.design.trial_id, self.epoch, [_level(f, woman) for f in self.design.strata]),
            tuple(level_code(self.key, self.design.trial_id, self.epoch, f.name, _level(f, woman)) for f in minimised),
            self._household(woman, known.pseudonym) if self.design.unit == "household" else "",
            facts_codes(self.vault, known.token, _facts(woman))[-1],
        )

    def _household(self, woman: Decided, pseudonym: str) -> str:
        """Return the code of her household; a woman without a whole address is a household of her own."""
        person = self.vault.contact(woman.research_id, "person")
        address = [person.get(name, "").replace(" ", "").casefold() for name in _ADDRESS]
        whole = all(person.get(name, "").strip() for name in _ADDRESS_NEEDS)
        first, *_ = self.vault.bound("home", *(address if whole else [pseudonym]))  # the same code after a rotation
        return household_code(self.keys.tokens, first)


def draw_batch(warehouse: Warehouse, draw: Draw, recorded_at: str, nonce: str = "") -> tuple[str, dict[str, int]]:
    """Draw the frozen batch: ledger and allocations; returns its label and how many women each arm got.

    Raises StateError when no batch is frozen, PolicyRefused when the nonce is not the one promised.
    """
    ledger = draw.ledger
    frozen = ledger.pending
    if frozen is None:
        raise StateError("No batch is frozen and waiting to be drawn: run 'smartstart status' to see the last one.")
    drawn = ledger.draw(draw.design, draw.key, nonce=nonce, recorded_at=recorded_at)
    store(warehouse, ledger)
    women = {
        row.pop("token"): row
        for row in warehouse.rows(
            "SELECT * EXCLUDE (due_date) FROM frozen WHERE batch = $batch", {"batch": frozen.batch}
        )
    }
    found = [
        women[a.token]
        | {"token": a.token, "arm": a.arm, "marginal": a.marginal, "conditional": a.conditional}
        | {"step": json.dumps(a.step)}
        for a in drawn
    ]
    warehouse.insert_rows("allocation", found)
    arms = Counter(a.arm for a in drawn)
    return frozen.batch, {arm: arms[arm] for arm in draw.design.arms}


def known_as(vault: Vault, keys: DrawKeys, research_ids: Iterable[str]) -> dict[str, KnownAs]:
    """Return by what vault and ledger know these women: the same in every copy of a workspace."""
    names = vault.pseudonyms(research_ids)
    return {research_id: KnownAs(name, subject_token(keys.tokens, name)) for research_id, name in names.items()}


def places(draw: Draw, as_of: date) -> int | None:
    """Return how many women may still be frozen in the calendar month of ``as_of``; None without a limit.

    It is the team's capacity of women with the offer, divided by the chance of the offer, less those who were frozen
    this month *whatever their arms*: room that depended on arms would make a woman's chance depend on who was drawn
    just before her.
    """
    capacity = draw.programme.trial.capacity_per_month
    if capacity is None:
        return None
    month = as_of.isoformat()[:7]
    batches = [entry.body for entry in draw.ledger.entries if entry.kind == "freeze"]
    frozen = sum(len(body["units"]) for body in batches if body["as_of"].startswith(month))
    return max(int(capacity / draw.design.probability("offer")) - frozen, 0)


def refuse_pending(warehouse: Warehouse) -> None:
    """Raise StateError while a frozen batch waits for its draw: nobody can be frozen or drawn past it."""
    if pending := read_ledger(warehouse).pending:
        raise StateError(
            f"Batch {pending.batch} is frozen and not drawn yet: finish it with 'smartstart trial draw', then run this "
            "again."
        )


def refuse_other_nonce(warehouse: Warehouse, batch: str, nonce: Nonce) -> None:
    """Raise PolicyRefused when a batch is asked for again with another nonce than it was frozen with.

    Without a word on the nonce the same run again only finishes the job.
    """
    bodies = [entry.body for entry in read_ledger(warehouse).entries if entry.kind == "freeze"]
    frozen = next((body["nonce"] for body in bodies if body["batch"] == batch), None)
    if nonce.source != "none" and frozen != vars(nonce):
        raise PolicyRefused(
            f"Batch {batch} was loaded and frozen before, not with this nonce: it cannot be frozen again, so draw it "
            "as it was frozen."
        )


def refuse_early(programme: Programme, as_of: date) -> None:
    """Raise PolicyRefused before the first day of the trial."""
    if as_of < programme.trial.start:
        raise PolicyRefused(
            f"The trial starts on {programme.trial.start} (programme.yaml, trial, start): draw nobody before that day."
        )


def _level(factor: Factor, woman: Decided) -> str:
    return factor.level_of(woman.factors[factor.name])


def facts_codes(vault: Vault, token: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the codes that bind what a woman's batch knew of her: band, practice, index date and due date.

    One under each pseudonym key, the newest last: that one is put in the ledger.
    """
    return vault.bound("facts", token, *(str(facts[name]) for name in _FACTS))


def _facts(woman: Decided) -> dict[str, Any]:
    return {**vars(woman), "risk_band": woman.factors["risk_band"]}


def _frozen_row(unit: Unit, woman: Decided, batch: str, epoch: int) -> dict[str, Any]:
    return {
        "research_id": woman.research_id,
        "token": unit.token,
        "batch": batch,
        "epoch": epoch,
        "stratum": unit.stratum,
        "cluster": unit.cluster or unit.token,
        "risk_band": woman.factors["risk_band"],
        "practice": woman.practice,
        "index_date": woman.index_date,
        "due_date": woman.due_date,
    }
