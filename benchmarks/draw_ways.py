"""The draw by blocks and by minimisation, and the audit of long ledgers, each in a process of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import trial

from smartstart.bookkeeping import ONE_OFFICER
from smartstart.trial.allocation import Sequence, Unit
from smartstart.trial.book import Frozen, drawn_body
from smartstart.trial.canonical import sha256_of
from smartstart.trial.entries import Stamp, from_jsonl, sealed, to_jsonl
from smartstart.trial.ledger import Ledger, verify

KEY = bytes(range(32))
DRAWN = "2024-04-02T09:00:00+00:00"
A_BATCH = 16  # women: a quarter of a small town; each batch is two entries
STAMP = Stamp(DRAWN, ONE_OFFICER)


def blocks(women: int) -> Callable[[], int]:
    """Ours: permuted blocks in strata, with the keyed order of each batch and the chances as fractions."""
    return lambda: _done(trial.keyed_draw(trial.BLOCKS, trial._units(women)), women)


def stochatreat(women: int) -> Callable[[], int]:
    """A whole table at once, with no sequence."""
    return lambda: _done(trial.with_stochatreat(women), women)


def minimisation(women: int) -> Callable[[], int]:
    """Ours: minimisation over three factors."""
    return lambda: _done(trial.keyed_draw(trial.MINIMISING, trial._units(women, minimised=True)), women)


def smallerize(women: int) -> Callable[[], int]:
    """The peer's minimisation over the same factors."""
    return lambda: _done(trial.with_smallerize(women), women)


def _done(_result: object, women: int) -> int:
    return women


def make_ledger(place: str, entries: int) -> Callable[[], int]:
    """Write a ledger of so many entries to a file, and its head beside it."""

    def run() -> int:
        content, head = _ledger(entries)
        Path(place).with_suffix(".head").write_text(head, "utf-8")
        return Path(place).write_bytes(content)

    return run


def audit(place: str) -> Callable[[], dict[str, int]]:
    """Take a ledger's bytes; what is timed reads them, checks the chain and draws every batch again."""
    content, head = Path(place).read_bytes(), Path(place).with_suffix(".head").read_text("utf-8")

    def run() -> dict[str, int]:
        found = verify(from_jsonl(content), keys=[KEY], head=head)
        if not found.ok:
            raise SystemExit("the ledger of the bench does not verify")
        return {"entries": found.entries, "women": sum(found.allocations.values()), "MB": len(content) // 2**20}

    return run


def _ledger(entries: int) -> tuple[bytes, str]:
    """Batch upon batch, each frozen and drawn, with an event for every second woman, until there are enough entries.

    One sequence draws them all: the ledger's own ``draw`` repeats what came before it each time, as it should.
    """
    ledger = Ledger()
    ledger.begin(trial.BLOCKS, KEY, programme="bench", rehearsal=True, stamp=STAMP)
    made, sequence = list(ledger.entries), Sequence(trial.BLOCKS, KEY, 1)
    chance = random.Random(1)  # noqa: S311 - made-up women
    batch = 0
    while len(made) < entries:
        batch += 1
        units = sorted(Unit(f"{chance.getrandbits(128):032x}", str(n % 3)) for n in range(A_BATCH))
        rows = [unit.as_dict() for unit in units]
        nonce = {"source": "none", "promise": ""}
        body = {"batch": f"B{batch}", "epoch": 1, "as_of": "2024-04-02", "delivery": "0" * 64, "nonce": nonce}
        made.append(
            sealed(len(made) + 1, "freeze", body | {"units": rows, "root": sha256_of(rows)}, made[-1].hash, STAMP)
        )
        frozen = Frozen(f"B{batch}", made[-1].hash, tuple(units), "none", "")
        drawn = drawn_body(sequence, frozen, sequence.allocate(frozen.batch, frozen.units, ""), "")
        made.append(sealed(len(made) + 1, "draw", drawn, made[-1].hash, STAMP))
        for _ in range(A_BATCH // 2):
            seal = {"seal": f"{chance.getrandbits(256):064x}"}
            made.append(sealed(len(made) + 1, "event", seal, made[-1].hash, STAMP))
    return to_jsonl(made), made[-1].hash
