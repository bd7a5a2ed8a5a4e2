"""Give a workspace another key: what the former one sealed is sealed anew, and then the new one takes its place.

A new key waits beside the former one until all is sealed with it. Cut off in between, no command works with that key
until the same rotation is asked for again, which goes on where it was cut off. A pseudonym or a tombstone cannot be
made anew, since no BSN is kept: it is wrapped in the new key, and the former keys stay beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from smartstart.crash_points import reached
from smartstart.errors import PolicyRefused, UsageError, nearest
from smartstart.identity.keys import (
    KEY_NAMES,
    key_file,
    next_key_file,
    present_keys,
    read_keys,
    take_waiting_key,
    waiting_key,
)
from smartstart.identity.vault import VaultKeys, keys_behind, open_vault, opens_with
from smartstart.warehouse.warehouse import opens, rebuild

if TYPE_CHECKING:
    from datetime import date

    from smartstart.workspace import Workspace

Rotating = Literal["warehouse", "vault", "pseudonym", "tombstone"]
BESIDE: Final = ("pseudonym", "tombstone")  # a former key stays, under its number


@dataclass(frozen=True)
class Rotated:
    """Which key was rotated, and whether the former one must stay with it for ever."""

    key: Rotating
    former_stays: bool


def rotate(workspace: Workspace, name: str, today: date) -> Rotated:
    """Rotate one key, or finish a rotation that was cut off.

    Raises UsageError for a name that is no key, PolicyRefused for the key of the draw (an epoch has its own way) and
    for a tombstone key that nobody needed yet, StateError when a key is missing or another command is at work.
    """
    key = _judge(workspace, name)
    folder, beside = workspace.keys_folder, key in BESIDE
    if beside and not next_key_file(folder, key).exists() and (behind := _behind(workspace, key)):
        _wrap(workspace, key, present_keys(folder, key)[-behind:])  # of an older backup
        return Rotated(key, former_stays=True)
    fresh = waiting_key(folder, key)
    reached("next_key_made")
    if key == "warehouse":
        _seal_warehouse(workspace, fresh)
    elif key == "vault":
        _seal_vault(workspace, fresh)
    elif _behind(workspace, key, fresh):
        _wrap(workspace, key, (fresh,))
    reached("sealed_anew")
    take_waiting_key(folder, key, beside=beside, today=today)
    return Rotated(key, former_stays=beside)


def _judge(workspace: Workspace, name: str) -> Rotating:
    if name == "allocation":
        raise PolicyRefused(
            "The key of the draw has its own way, since the ledger commits to it: 'smartstart trial rekey' opens an "
            "epoch with a new one."
        )
    for key in get_args(Rotating):
        if key == name:
            if key == "tombstone" and not key_file(workspace.keys_folder, key).exists():
                raise PolicyRefused("Nobody was erased yet, so there is no tombstone key: there is nothing to rotate.")
            return key  # type: ignore[no-any-return]
    raise UsageError(f"There is no key '{name}'{nearest(name, list(KEY_NAMES))}: name one of {', '.join(KEY_NAMES)}.")


def _seal_warehouse(workspace: Workspace, fresh: bytes) -> None:
    (former,) = present_keys(workspace.keys_folder, "warehouse")
    if not opens(workspace.warehouse_file, fresh):
        rebuild(workspace.warehouse_file, former, fresh)


def _seal_vault(workspace: Workspace, fresh: bytes) -> None:
    keys = _vault_keys(workspace, "vault", present_keys(workspace.keys_folder, "vault"))
    with workspace.open_warehouse():  # its lock lets one command work at a time
        if not opens_with(workspace.vault_file, fresh):
            with open_vault(workspace.vault_file, keys) as vault:
                vault.seal_anew(fresh)


def _wrap(workspace: Workspace, name: Rotating, newer: tuple[bytes, ...]) -> None:
    """Wrap the pseudonyms or tombstones in keys that come after those with which the vault was made."""
    folder = workspace.keys_folder
    known = present_keys(folder, name)
    earlier = known[: -len(newer)] if known[-len(newer) :] == newer else known
    for nth, key in enumerate(newer):
        keys = _vault_keys(workspace, name, earlier + newer[:nth])
        with workspace.open_warehouse(), open_vault(workspace.vault_file, keys) as vault:
            vault.wrap_pseudonyms(key) if name == "pseudonym" else vault.wrap_tombstones(key)


def _behind(workspace: Workspace, name: Rotating, fresh: bytes | None = None) -> int:
    keys = present_keys(workspace.keys_folder, name) + ((fresh,) if fresh else ())
    return keys_behind(workspace.vault_file, "pseudonym" if name == "pseudonym" else "tombstone", keys)


def _vault_keys(workspace: Workspace, rotating: Rotating, its_keys: tuple[bytes, ...]) -> VaultKeys:
    """Return the keys of the vault, with these of the name that is being rotated."""

    def keys(name: Literal["vault", "pseudonym", "tombstone"]) -> tuple[bytes, ...]:
        if name == rotating:
            return its_keys
        absent = name == "tombstone" and not key_file(workspace.keys_folder, name).exists()
        return () if absent else read_keys(workspace.keys_folder, name)

    return VaultKeys(keys("vault")[0], keys("pseudonym"), keys("tombstone"))
