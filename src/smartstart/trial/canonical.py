"""One way to write a value as bytes, so that a hash or a keyed code of it is the same for ever."""

from __future__ import annotations

import hashlib
import json

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical_json(value: object) -> bytes:
    """Return ``value`` as JSON in its only accepted form: sorted keys, no spaces, ASCII.

    A list written so cannot be confused with another list (quotes and commas inside texts are escaped),
    which is why every keyed code is computed over one. Raises ValueError on NaN and infinities.
    """
    return _ENCODER.encode(value).encode("ascii")


def sha256_of(value: object) -> str:
    """Return the SHA-256, in hex, of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
