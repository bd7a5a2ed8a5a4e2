"""A BSN becomes a pseudonym, a keyed hash; without the key all 10⁹ numbers could be hashed in minutes."""

from __future__ import annotations

import hashlib
import hmac

_PURPOSE = b"smartstart/1/pseudonym\x00"


def pseudonym(key: bytes, bsn: str) -> str:
    """Return HMAC-SHA256 of a nine-digit BSN under the pseudonym key, as 64 hexadecimal characters."""
    return hmac.new(key, _PURPOSE + bsn.encode("ascii"), hashlib.sha256).hexdigest()
