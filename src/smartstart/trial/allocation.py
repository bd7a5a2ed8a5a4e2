"""The draw: stratified permuted blocks of random size, from a secret key by HMAC-SHA256 and nothing else.

No library generator is used, as none promises the same stream in its next release. All that the draw needs
from outside is the key, so whoever has it can repeat the draw, and nobody else can predict it.

Every keyed code is HMAC-SHA256 over a JSON list whose first item says what the code is for, so that no two
purposes can ever share a message. The random numbers of a block are the digests of
``["smartstart/1/block", trial id, stratum, block number, counter]`` for counter 0, 1, 2, …, each cut into
eight unsigned 32-bit big-endian words. A change to any of this is a new label (``smartstart/2/…``).
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass
from itertools import count, islice
from typing import TYPE_CHECKING

from smartstart.errors import PolicyRefused, StateError
from smartstart.trial.canonical import canonical_json, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from smartstart.trial.design import Design

KEY_BYTES = 32
TOKEN_HEX = 32  # 128 bits: no two women share one by accident
STRATUM_HEX = 16
_WORD_VALUES = 2**32


@dataclass(frozen=True, order=True)
class Unit:
    """A woman in a batch: her opaque token and the code of her stratum."""

    token: str
    stratum: str


@dataclass(frozen=True)
class Allocation:
    """What the draw gave one woman.

    ``block`` and ``position`` count from 1 within the stratum and the block. ``probability`` is the
    design's chance of this arm as an exact fraction, such as ``1/2``.
    """

    token: str
    stratum: str
    arm: str
    block: int
    position: int
    probability: str


def key_commitment(key: bytes) -> str:
    """Return the 64 hex characters that bind us to ``key`` without showing it (the key is 256 random bits).

    Raises StateError when the key is not 32 bytes.
    """
    return sha256_of(["smartstart/1/commitment", _judged(key).hex()])


def subject_token(key: bytes, pseudonym: str) -> str:
    """Return a woman's token in the ledger, 32 hex characters; without the key it means nothing."""
    return _code(key, "smartstart/1/subject", pseudonym).hex()[:TOKEN_HEX]


def stratum_code(key: bytes, trial_id: str, levels: tuple[str, ...]) -> str:
    """Return the code of a stratum, 16 hex characters, so that the ledger shows nobody's risk band.

    ``levels`` are the woman's levels in the order of the design's strata.
    """
    return _code(key, "smartstart/1/stratum", trial_id, list(levels)).hex()[:STRATUM_HEX]


def block(key: bytes, design: Design, stratum: str, number: int) -> tuple[str, ...]:
    """Return the arms of the ``number``-th block (from 1) of a stratum, in the order of allocation.

    The size is drawn from the design's sizes, all alike; then the arms, in the design's ratio, are put in
    random order by Fisher and Yates' shuffle (from the last place down, as in Knuth's algorithm P).
    """
    words = _words(key, design.trial_id, stratum, number)
    size = design.block_sizes[_below(len(design.block_sizes), words)]
    repeats = size // sum(design.ratio)
    arms = [arm for arm, part in zip(design.arms, design.ratio, strict=True) for _ in range(part * repeats)]
    for last in range(size - 1, 0, -1):
        other = _below(last + 1, words)
        arms[last], arms[other] = arms[other], arms[last]
    return tuple(arms)


def draw_order(key: bytes, trial_id: str, batch: str, tokens: Iterable[str]) -> list[str]:
    """Return ``tokens`` in the order in which they are drawn: by a keyed code, so row order never matters."""
    return sorted(tokens, key=lambda token: (_code(key, "smartstart/1/order", trial_id, batch, token), token))


def allocate(
    key: bytes, design: Design, batch: str, units: Iterable[Unit], filled: Mapping[str, int]
) -> list[Allocation]:
    """Return the allocations of a batch, ordered by stratum and then by the sequence within it.

    ``filled`` has the number of earlier allocations in each stratum: an unfinished block is first filled
    up. Raises PolicyRefused when a woman stands in the batch twice, StateError when ``filled`` is impossible.
    """
    stratum_of: dict[str, str] = {}
    for unit in units:
        if unit.token in stratum_of:
            raise PolicyRefused("The batch holds a woman twice: give each woman one row before the draw.")
        stratum_of[unit.token] = unit.stratum
    chances = {arm: str(design.probability(arm)) for arm in design.arms}
    waiting: dict[str, list[str]] = {}
    for token in draw_order(key, design.trial_id, batch, stratum_of):
        waiting.setdefault(stratum_of[token], []).append(token)
    return [
        Allocation(token, stratum, arm, number, position, chances[arm])
        for stratum in sorted(waiting)
        for token, (arm, number, position) in zip(
            waiting[stratum], _slots(key, design, stratum, filled.get(stratum, 0)), strict=False
        )
    ]


def _slots(key: bytes, design: Design, stratum: str, used: int) -> Iterator[tuple[str, int, int]]:
    """Return the endless slots of a stratum after the first ``used``: arm, block and position."""
    if used < 0:
        raise StateError("A stratum has fewer than 0 earlier allocations: verify the ledger before the draw.")
    slots = (
        (arm, number, position)
        for number in count(1)
        for position, arm in enumerate(block(key, design, stratum, number), start=1)
    )
    return islice(slots, used, None)


def _below(limit: int, words: Iterator[int]) -> int:
    """Return the next number from 0 up to but not including ``limit``, each exactly as likely.

    Words past the last whole multiple of ``limit`` are thrown away: a bare remainder favours low numbers.
    """
    usable = _WORD_VALUES - _WORD_VALUES % limit
    word = next(words)
    while word >= usable:
        word = next(words)
    return word % limit


def _words(key: bytes, trial_id: str, stratum: str, number: int) -> Iterator[int]:
    for counter in count():
        yield from struct.unpack(">8I", _code(key, "smartstart/1/block", trial_id, stratum, number, counter))


def _code(key: bytes, *message: str | int | list[str]) -> bytes:
    return hmac.digest(_judged(key), canonical_json(list(message)), "sha256")


def _judged(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise StateError(f"The allocation key is not {KEY_BYTES} bytes long: restore the key file from its backup.")
    return key
