"""The second officer's part in the draw: a nonce of her own, and a commitment to it that the other may see."""

from __future__ import annotations

import secrets
from pathlib import Path

from smartstart.errors import StateError
from smartstart.outputs import write_file
from smartstart.trial.allocation import nonce_commitment


def make_nonce(path: Path) -> str:
    """Write a new nonce of 256 random bits to ``path`` and return the commitment to it, 64 hex characters.

    Raises StateError when the file is there already: a nonce that somebody was told of may not be lost.
    """
    if path.exists():
        raise StateError(f"'{path}' is there already: name a new file, so that no nonce is lost.")
    nonce = secrets.token_hex(32)
    write_file(path, f"{nonce}\n".encode())
    return nonce_commitment(nonce)
