"""The ledger in the warehouse: read, added to, exported, and held against an older or foreign copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from smartstart.errors import StateError
from smartstart.trial.allocation import event_seal, key_commitment, subject_token
from smartstart.trial.book import ACTORS
from smartstart.trial.entries import Stamp, from_jsonl, to_jsonl
from smartstart.trial.ledger import Ledger

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

ONE_OFFICER = ACTORS["none"]
_SEALED = ("kind", "happened_on", "source", "owner", "reason", "recorded_at", "salt")


@dataclass(frozen=True)
class DrawKeys:
    """The keys of the draw, one for each time that a new one was made, the oldest first."""

    keys: tuple[bytes, ...]

    @property
    def tokens(self) -> bytes:
        """The key of the women's tokens: the first, for ever, so that a woman is known in every epoch."""
        return self.keys[0]

    @cached_property
    def by_commitment(self) -> dict[str, bytes]:
        """The keys by what the ledger shows of them."""
        return {key_commitment(key): key for key in self.keys}

    def committed(self, commitment: str) -> bytes:
        """Return the key of an epoch. Raises StateError when it is not there."""
        if commitment not in self.by_commitment:
            raise StateError("The allocation key is not the one committed to: restore the keys of this workspace.")
        return self.by_commitment[commitment]


def draw_keys(workspace: Workspace) -> DrawKeys:
    """Return the keys of the draw, from the workspace's folder of keys."""
    return DrawKeys(workspace.allocation_keys())


def read_ledger(warehouse: Warehouse) -> Ledger:
    """Return the ledger. Raises StateError when it is not what was written, or breaks a rule."""
    return Ledger(from_jsonl(ledger_bytes(warehouse)))


def ledger_bytes(warehouse: Warehouse) -> bytes:
    """Return the ledger as it is exported, one entry a line."""
    return "".join(f"{row['line']}\n" for row in warehouse.rows("SELECT line FROM ledger ORDER BY seq")).encode()


def store(warehouse: Warehouse, ledger: Ledger) -> None:
    """Append to the warehouse what was added to the ledger; nothing is ever changed or removed."""
    kept = int(warehouse.rows("SELECT count(*) AS n FROM ledger")[0]["n"])
    added = ledger.entries[kept:]
    lines = to_jsonl(added).decode().splitlines()
    rows = [{"seq": entry.seq, "line": line} for entry, line in zip(added, lines, strict=True)]
    warehouse.insert_rows("ledger", rows)


def head(warehouse: Warehouse) -> str | None:
    """Return the hash of the ledger's last entry, or None before the first draw."""
    rows = warehouse.rows("SELECT line FROM ledger ORDER BY seq DESC LIMIT 1")
    return json.loads(rows[0]["line"])["hash"] if rows else None


def heads_of_draws(warehouse: Warehouse) -> dict[str, str]:
    """Return the hash of each batch's draw, which stands on its lists: batch -> head."""
    entries = from_jsonl(ledger_bytes(warehouse))
    return {entry.body["batch"]: entry.hash for entry in entries if entry.kind == "draw"}


def note_correction(warehouse: Warehouse, period: str, reason: str, recorded_at: str) -> None:
    """Record in the ledger, once it has begun, that a period's data were corrected; allocations stay."""
    ledger = read_ledger(warehouse)
    if ledger.epoch:
        ledger.note(f"data of {period} corrected: {reason}", stamp=Stamp(recorded_at, ONE_OFFICER))
        store(warehouse, ledger)


def seal_events(warehouse: Warehouse, vault: Vault, keys: DrawKeys, event_ids: Iterable[str]) -> None:
    """Commit in the ledger to events that somebody recorded, so that none can be changed or lost unseen.

    The ledger shows that something was told, and when; not of whom, nor what, nor by whom.
    """
    ledger = read_ledger(warehouse)
    if ledger.epoch:
        for recorded_at, seal in _seals(warehouse, vault, keys, {"event_id": set(event_ids)}):
            ledger.event(seal, stamp=Stamp(recorded_at, ONE_OFFICER))
        store(warehouse, ledger)


def keep_seals(warehouse: Warehouse, vault: Vault, keys: DrawKeys, research_ids: Iterable[str]) -> None:
    """Keep the seals of the events of women who are to be erased, so that they are not missed afterwards."""
    seals = [{"seal": seal} for _, seal in _seals(warehouse, vault, keys, {"research_id": set(research_ids)})]
    warehouse.insert_rows("erased_seal", seals)


def missing_events(warehouse: Warehouse, vault: Vault, keys: DrawKeys) -> int:
    """Return how many seals in the ledger no event fits, nor one that went with an erased woman."""
    known = {seal for _, seal in _seals(warehouse, vault, keys, {})}
    known |= {row["seal"] for row in warehouse.rows("SELECT seal FROM erased_seal")}
    entries = from_jsonl(ledger_bytes(warehouse))
    return sum(entry.kind == "event" and entry.body["seal"] not in known for entry in entries)


def _seals(warehouse: Warehouse, vault: Vault, keys: DrawKeys, only: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Return when each event was recorded and its seal; ``only`` the events with these values, or all."""
    rows = warehouse.rows("FROM event ORDER BY recorded_at, event_id")
    wanted = [row for row in rows if all(row[name] in values for name, values in only.items())]
    names = vault.pseudonyms({row["research_id"] for row in wanted})
    return [
        (row["recorded_at"], event_seal(keys.tokens, subject_token(keys.tokens, names[row["research_id"]]), told))
        for row in wanted
        if row["research_id"] in names
        for told in [[str(row[name]) for name in _SEALED]]
    ]


def refuse_foreign_ledger(workspace: Workspace, warehouse: Warehouse) -> None:
    """Raise StateError when the exported ledger says more than, or something else than, the warehouse's.

    An interrupted run leaves the export behind the warehouse; an older backup of the warehouse leaves it ahead, and
    to draw on would give women a second draw.
    """
    exported = workspace.ledger_file.read_bytes() if workspace.ledger_file.is_file() else b""
    ours = ledger_bytes(warehouse)
    if not ours.startswith(exported):
        raise StateError(
            "ledger/ledger.jsonl is not the beginning of the warehouse's ledger: an older backup was restored, or the "
            "file was changed; find out which, and put the right one back."
        )
    first = ours.split(b"\n", 1)[0]
    if first and json.loads(first)["body"]["rehearsal"] != workspace.rehearsal:
        raise StateError("workspace.json and the ledger differ on whether this is a rehearsal: restore workspace.json.")
