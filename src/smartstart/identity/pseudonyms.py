"""A BSN becomes a pseudonym, a keyed hash; without the key all 10⁹ numbers could be hashed in minutes."""

from __future__ import annotations

import hashlib
import hmac
import json

_PURPOSE = b"smartstart/1/pseudonym\x00"
_TOMBSTONE = b"smartstart/1/tombstone\x00"


def pseudonym(key: bytes, bsn: str) -> str:
    """Return HMAC-SHA256 of a nine-digit BSN under the pseudonym key, as 64 hexadecimal characters."""
    return hmac.new(key, _PURPOSE + bsn.encode("ascii"), hashlib.sha256).hexdigest()


def tombstone(key: bytes, name: str) -> str:
    """Return HMAC-SHA256 of a pseudonym under the tombstone key: what stays of who was erased.

    It is made from the pseudonym, because a BSN is kept nowhere. With both keys a BSN can be held against it; from
    the tombstone nobody comes back to a BSN or a research id.
    """
    return hmac.new(key, _TOMBSTONE + name.encode("ascii"), hashlib.sha256).hexdigest()


def bound(key: bytes, purpose: str, *parts: str) -> str:
    """Return HMAC-SHA256 of some facts of a person under the pseudonym key, as 32 hexadecimal characters.

    Where facts are few, as addresses are, only a key that is never revealed keeps a code from being guessed.
    """
    message = json.dumps(["smartstart/2", purpose, *parts]).encode("ascii")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]
