"""The keys with which municipalities exchange summaries: to sign, to mask, and of the reader to open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from smartstart.identity.keys import ExchangeKeyName, make_key, read_key

if TYPE_CHECKING:
    from pathlib import Path

_MINE: Final[tuple[ExchangeKeyName, ...]] = ("exchange-sign", "exchange-mask")


def make_exchange_keys(folder: Path, *, reader: bool) -> dict[str, str]:
    """Make the keys that ``folder`` lacks, of a municipality or of the reader; return the public halves in hex.

    Keys that are there stay: a file that was sealed for them must open, and a mask must cancel.
    """
    names: tuple[ExchangeKeyName, ...] = ("exchange-seal",) if reader else _MINE
    for name in names:
        make_key(folder, name)
    if reader:
        return {"seal_key": public_half(seal_key(folder))}
    return {"sign_key": public_half(sign_key(folder)), "mask_key": public_half(mask_key(folder))}


def sign_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key a municipality signs with. Raises StateError when it is not there."""
    return Ed25519PrivateKey.from_private_bytes(read_key(folder, "exchange-sign"))


def mask_key(folder: Path) -> X25519PrivateKey:
    """Return the key of a municipality's masks. Raises StateError when it is not there."""
    return X25519PrivateKey.from_private_bytes(read_key(folder, "exchange-mask"))


def seal_key(folder: Path) -> X25519PrivateKey:
    """Return the key that opens what was sealed for the reader. Raises StateError when it is not there."""
    return X25519PrivateKey.from_private_bytes(read_key(folder, "exchange-seal"))


def public_half(key: Ed25519PrivateKey | X25519PrivateKey) -> str:
    """Return the public half of a key in hex, as the agreement holds it."""
    return key.public_key().public_bytes_raw().hex()
