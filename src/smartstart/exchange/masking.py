"""Masks that cancel: of the masked numbers of all municipalities only the sum can be read.

Every two municipalities share a secret that nobody else can know (X25519); one adds and the other subtracts what is
derived from it (Bonawitz and others, Practical secure aggregation, CCS 2017, without its recovery of who drops out:
when one file is missing, no sum can be read). Numbers are whole multiples of 2^-40, modulo 2^128.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from smartstart.errors import DataRefused
from smartstart.trial.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from smartstart.exchange.agreement import Agreement

_BYTES: Final = 16
_MODULUS: Final = 1 << (8 * _BYTES)
_UNIT: Final = 1 << 40  # of one; a rounding of 10^-12, far under what any answer shows

Numbers = dict[str, float]


def masked(numbers: Mapping[str, float], agreement: Agreement, code: str, mask_key: X25519PrivateKey) -> dict[str, str]:
    """Return the numbers under the masks of municipality ``code``, each as a whole number in hex."""
    agreement.partner(code)
    shared = {
        other.code: mask_key.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(other.mask_key)))
        for other in agreement.municipalities
        if other.code != code
    }
    found = {}
    for name, number in numbers.items():
        value = round(number * _UNIT)
        if abs(value) >= _MODULUS >> 20:
            raise DataRefused(f"The sum '{name}' is too large to be masked: check the scale's range.")
        for other, secret in shared.items():
            mask = _mask(secret, agreement, (code, other), name)
            value += mask if code < other else -mask
        found[name] = f"{value % _MODULUS:032x}"
    return found


def sum_of(parts: Sequence[Mapping[str, str]]) -> Numbers:
    """Return the sums over all municipalities, which is where the masks cancel.

    Raises DataRefused when the parts do not have the same names, or a sum is too large to be one: then a part is
    missing, stands there twice, or was made with another key.
    """
    names = set(parts[0])
    if any(set(part) != names for part in parts):
        raise DataRefused("The masked files do not hold the same sums: let every municipality make its file anew.")
    found = {}
    for name in parts[0]:
        value = sum(int(part[name], 16) for part in parts) % _MODULUS
        value -= _MODULUS if value >= _MODULUS >> 1 else 0
        if abs(value) >= _MODULUS >> 10:
            raise DataRefused(
                "The masks do not cancel: a key in the agreement is not the one a file was made with; "
                "let every municipality make its file anew under the same agreement."
            )
        found[name] = value / _UNIT
    return found


def missing(agreement: Agreement, senders: Iterable[str]) -> list[str]:
    """Return the municipalities of the agreement of which no file is there: without theirs no mask cancels."""
    there = set(senders)
    return [one.code for one in agreement.municipalities if one.code not in there]


def _mask(secret: bytes, agreement: Agreement, pair: tuple[str, str], name: str) -> int:
    info = canonical_json([agreement.agreement, agreement.round, sorted(pair), name])
    return int.from_bytes(HKDF(SHA256(), _BYTES, salt=None, info=info).derive(secret))
