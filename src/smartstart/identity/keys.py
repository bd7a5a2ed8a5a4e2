"""Four keys with four purposes, each a file of 64 hexadecimal characters that only its owner can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Literal, get_args

from smartstart.errors import StateError
from smartstart.outputs import PRIVATE_FILE, make_folder, write_file

KeyName = Literal["warehouse", "vault", "pseudonym", "allocation"]
KEY_NAMES: tuple[KeyName, ...] = get_args(KeyName)
KEY_BYTES = 32


def key_file(folder: Path, name: KeyName) -> Path:
    """Return where the key of this name lives in a folder of keys."""
    return folder / f"{name}.key"


def make_keys(folder: Path) -> None:
    """Make the keys that ``folder`` lacks, from the operating system's random source; existing ones stay."""
    make_folder(folder)
    for name in KEY_NAMES:
        if not key_file(folder, name).exists():
            write_file(key_file(folder, name), f"{secrets.token_hex(KEY_BYTES)}\n".encode())


def read_key(folder: Path, name: KeyName) -> bytes:
    """Return the 32 bytes of a key. Raises StateError when it is absent, readable by others, or no key."""
    path = key_file(folder, name)
    try:
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except FileNotFoundError:
        raise StateError(
            f"The {name} key is not in '{folder}': set SMARTSTART_KEYS to the folder of keys, or restore the key."
        ) from None
    except (OSError, ValueError):
        raise StateError(f"'{path}' holds no key: restore it from where the municipality keeps its keys.") from None
    if len(key) != KEY_BYTES:
        raise StateError(f"'{path}' holds no key of {KEY_BYTES} bytes: restore it from its safe place.")
    if readable_by_others(path):
        raise StateError(f"'{path}' can be read by others: run 'chmod 600' on it, and consider a new key.")
    return key


def readable_by_others(path: Path) -> bool:
    """Tell whether anybody but the owner may read or write the file (never known on Windows)."""
    return os.name != "nt" and bool(stat.S_IMODE(path.stat().st_mode) & ~PRIVATE_FILE)
