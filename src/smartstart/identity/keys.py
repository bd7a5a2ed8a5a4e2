"""Five keys with five purposes, each a file of 64 hexadecimal characters that only its owner can read."""

from __future__ import annotations

import os
import secrets
import stat
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from smartstart.errors import StateError
from smartstart.outputs import PRIVATE_FILE, flush_folder, make_folder, write_file

KeyName = Literal["warehouse", "vault", "pseudonym", "allocation", "tombstone"]
ExchangeKeyName = Literal["exchange-sign", "exchange-mask", "exchange-seal"]  # made when municipalities pool
ReadingKeyName = Literal["reading"]  # made when a programme wants its reading copy encrypted
AnyKeyName = KeyName | ExchangeKeyName | ReadingKeyName
KEY_NAMES: tuple[KeyName, ...] = get_args(KeyName)
KEY_BYTES = 32


def key_file(folder: Path, name: AnyKeyName) -> Path:
    """Return where the key of this name lives in a folder of keys."""
    return folder / f"{name}.key"


def make_keys(folder: Path) -> None:
    """Make the keys that ``folder`` lacks, from the operating system's random source; existing ones stay."""
    for name in KEY_NAMES:
        make_key(folder, name)


def make_key(folder: Path, name: AnyKeyName) -> bool:
    """Make one key if ``folder`` lacks it; tells whether it did. An existing key stays."""
    make_folder(folder)
    if key_file(folder, name).exists():
        return False
    write_file(key_file(folder, name), f"{secrets.token_hex(KEY_BYTES)}\n".encode())
    return True


def read_key(folder: Path, name: AnyKeyName) -> bytes:
    """Return the 32 bytes of a key. Raises StateError when it is absent, readable by others, or no key."""
    _refuse_unfinished(folder, name)
    return _read(key_file(folder, name), name)


def _read(path: Path, name: AnyKeyName) -> bytes:
    try:
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        raise StateError(
            f"The {name} key is not in '{path.parent}': set SMARTSTART_KEYS to the folder of keys, or restore the key."
        ) from None
    except (OSError, ValueError):
        raise StateError(f"'{path}' holds no key: restore it from where the municipality keeps its keys.") from None
    if len(key) != KEY_BYTES:
        raise StateError(f"'{path}' holds no key of {KEY_BYTES} bytes: restore it from its safe place.")
    if readable_by_others(path):
        raise StateError(f"'{path}' can be read by others: run 'chmod 600' on it, and consider a new key.")
    return key


def make_next_allocation_key(folder: Path) -> tuple[bytes, ...]:
    """Make one more key of the draw and return them all; it counts from the epoch that commits to it."""
    number = len(read_keys(folder, "allocation")) + 1
    write_file(numbered_key_file(folder, "allocation", number), f"{secrets.token_hex(KEY_BYTES)}\n".encode())
    return read_keys(folder, "allocation")


def readable_by_others(path: Path) -> bool:
    """Tell whether anybody but the owner may read or write the file (never known on Windows)."""
    return os.name != "nt" and bool(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_FILE)


def numbered_key_file(folder: Path, name: KeyName, number: int) -> Path:
    """Return where the ``number``-th key of this name lives; the first has no number in its name."""
    return folder / (f"{name}.key" if number == 1 else f"{name}-{number}.key")


def read_keys(folder: Path, name: KeyName) -> tuple[bytes, ...]:
    """Return all keys of this name, the oldest first. Raises StateError as :func:`read_key` does."""
    _refuse_unfinished(folder, name)
    return present_keys(folder, name)


# --- rotation: a new key waits while everything is sealed with it, and takes its place last ------------------


def next_key_file(folder: Path, name: AnyKeyName) -> Path:
    """Return where a new key waits; while it is there the rotation is not finished."""
    return folder / f"{name}-next.key"


def present_keys(folder: Path, name: KeyName) -> tuple[bytes, ...]:
    """Return the keys of this name, the oldest first, whether or not one waits. Raises StateError."""
    last = 1
    while numbered_key_file(folder, name, last + 1).exists():
        last += 1
    return tuple(_read(numbered_key_file(folder, name, number), name) for number in range(1, last + 1))


def waiting_key(folder: Path, name: KeyName) -> bytes:
    """Return the key that waits to follow the present one; it is made if there is none. Raises StateError."""
    waits = next_key_file(folder, name)
    if not waits.exists():
        write_file(waits, f"{secrets.token_hex(KEY_BYTES)}\n".encode())
    return _read(waits, name)


def take_waiting_key(folder: Path, name: KeyName, *, beside: bool, today: date) -> None:
    """Let the waiting key take its place: ``beside`` the earlier ones, under the next number, or instead of the one.

    The one is kept under the day until which it was in use: earlier backups and other copies open with it alone, and
    that they may be lost is for a person to say.
    """
    number = len(present_keys(folder, name)) + 1 if beside else 1
    if not beside:
        former, kept = key_file(folder, name).read_bytes(), folder / f"{name}-until-{today.isoformat()}.key"
        while kept.exists() and kept.read_bytes() != former:  # a second rotation on one day
            kept = kept.with_stem(f"{kept.stem}-again")
        write_file(kept, former)
    next_key_file(folder, name).replace(numbered_key_file(folder, name, number))
    flush_folder(folder)


def _refuse_unfinished(folder: Path, name: AnyKeyName) -> None:
    if next_key_file(folder, name).exists():
        raise StateError(
            f"The rotation of the {name} key was not finished: give 'smartstart keys rotate {name}' once more."
        )
