"""A BSN becomes a pseudonym, a keyed hash; without the key all 10⁹ numbers could be hashed in minutes."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from functools import reduce

_PURPOSE = b"smartstart/1/pseudonym\x00"
_TOMBSTONE = b"smartstart/1/tombstone\x00"
_WRAPPED = b"smartstart/1/wrapped\x00"


def pseudonym(key: bytes, bsn: str) -> str:
    """Return HMAC-SHA256 of a nine-digit BSN under the pseudonym key, as 64 hexadecimal characters.

    What stands in the place of a BSN and is none, in whatever alphabet, is nobody's: it stops no delivery.
    """
    return _code(key, _PURPOSE + bsn.encode("utf-8", "surrogatepass"))


def wrapped(key: bytes, name: str) -> str:
    """Return HMAC-SHA256 of a pseudonym or tombstone under a newer key: what is kept of it after a rotation.

    A BSN is kept nowhere, so that nothing can be made anew from it. Who has the former key alone cannot come from a
    BSN to what is kept.
    """
    return _code(key, _WRAPPED + name.encode("ascii"))


def tombstone(keys: Sequence[bytes], name: str) -> str:
    """Return what stays of who was erased: HMAC-SHA256 of a pseudonym under each tombstone key, the oldest first.

    It is made from the pseudonym, because a BSN is kept nowhere. With all keys a BSN can be held against it; from
    the tombstone nobody comes back to a BSN or a research id.
    """
    first = _code(keys[0], _TOMBSTONE + name.encode("ascii"))
    return reduce(lambda code, key: wrapped(key, code), keys[1:], first)


def known_as(keys: Sequence[bytes], bsn: str) -> str:
    """Return what a vault knows a BSN by: its pseudonym under the first key, wrapped in each newer one."""
    return reduce(lambda name, key: wrapped(key, name), keys[1:], pseudonym(keys[0], bsn))


def bound(key: bytes, purpose: str, *parts: str) -> str:
    """Return HMAC-SHA256 of some facts of a person under the pseudonym key, as 32 hexadecimal characters.

    Where facts are few, as addresses are, only a key that is never revealed keeps a code from being guessed.
    """
    message = json.dumps(["smartstart/2", purpose, *parts]).encode("ascii")
    return _code(key, message)[:32]


def _code(key: bytes, message: bytes) -> str:
    """Return HMAC-SHA256 in hexadecimal, in one call: an object for each of millions would take five times as long."""
    return hmac.digest(key, message, "sha256").hex()
