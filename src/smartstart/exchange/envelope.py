"""Sealed for one reader and signed by one municipality: HPKE (RFC 9180) and Ed25519 (RFC 8032).

The head can be read by anybody, and is bound to the content: the seal and the signature both cover it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from smartstart.errors import DataRefused, PolicyRefused
from smartstart.outputs import json_bytes
from smartstart.trial.canonical import canonical_json

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    from smartstart.exchange.agreement import Agreement

FORMAT: Final = "smartstart/exchange/1"
NOT_FOR_PUBLICATION: Final = (
    "Not for publication: exact counts of small groups are personal data. Only the reader of the agreement can open it."
)
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


@dataclass(frozen=True)
class Head:
    """What anybody may read of an exchange file: the agreement, the round, the sender, and what is inside."""

    agreement: str
    round: str
    sender: str
    contents: str  # "summary" or "masked"

    def bound(self) -> bytes:
        """Return the head as the bytes that seal and signature cover."""
        return canonical_json({"format": FORMAT, **asdict(self)})


def sealed(content: bytes, head: Head, agreement: Agreement, sign_key: Ed25519PrivateKey) -> bytes:
    """Return the file that only the agreement's reader can open, and of which everybody can see who made it."""
    reader = X25519PublicKey.from_public_bytes(bytes.fromhex(agreement.reader.seal_key))
    box = _SUITE.encrypt(content, reader, info=head.bound())
    signature = sign_key.sign(head.bound() + box)
    parts = {"sealed": b64encode(box).decode(), "signature": b64encode(signature).decode()}
    told = {"format": FORMAT, "notice": NOT_FOR_PUBLICATION, **asdict(head), **parts}
    return json_bytes(told)


def opened(raw: dict[str, Any], place: str, agreement: Agreement, seal_key: X25519PrivateKey) -> tuple[Head, bytes]:
    """Return head and content of an exchange file.

    Raises PolicyRefused when it stands under another agreement or round or is of somebody who takes no part, and
    DataRefused when it is damaged, was signed by somebody else, or was sealed for another reader.
    """
    try:
        head = Head(*(str(raw[name]) for name in ("agreement", "round", "sender", "contents")))
        box, signature = (b64decode(raw[name], validate=True) for name in ("sealed", "signature"))
    except (KeyError, TypeError, ValueError):
        raise DataRefused(
            f"{place}: this is not an exchange file as it was made: ask its sender for it again."
        ) from None
    if (head.agreement, head.round) != (agreement.agreement, agreement.round):
        raise PolicyRefused(
            f"{place}: it was made for another agreement or round: ask its sender for the file of this one."
        )
    sender = Ed25519PublicKey.from_public_bytes(bytes.fromhex(agreement.partner(head.sender).sign_key))
    try:
        sender.verify(signature, head.bound() + box)
    except InvalidSignature:
        raise DataRefused(
            f"{place}: its signature is not that of municipality {head.sender}, so nothing of it was used: "
            "ask the municipality for it again."
        ) from None
    try:
        return head, _SUITE.decrypt(box, seal_key, info=head.bound())
    except (InvalidTag, ValueError):
        raise DataRefused(
            f"{place}: it was sealed for another reader: give the folder with the key of the agreement's reader."
        ) from None
