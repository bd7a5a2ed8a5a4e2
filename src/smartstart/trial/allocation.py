"""The draw, from a secret key by HMAC-SHA256 and nothing else.

No library generator is used, as none promises the same stream in its next release. All that the draw needs
from outside is the key and, where there is one, the nonce of the batch; who has them can repeat the draw, and
nobody else can predict it.

Every keyed code is HMAC-SHA256 over a JSON list whose first item says what the code is for, so that no two
purposes can ever share a message. The random numbers of a stratum in a batch are the digests of
``["smartstart/2/draw", trial id, epoch, batch, nonce, stratum, counter]`` for counter 0, 1, 2, …, each cut into
eight unsigned 32-bit big-endian words. A change to any of this is a new label (``smartstart/3/…``).
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from smartstart.errors import PolicyRefused, StateError
from smartstart.trial.canonical import canonical_json, sha256_of
from smartstart.trial.methods import Method, method_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from smartstart.trial.design import Design

KEY_BYTES = 32
TOKEN_HEX = 32  # 128 bits: no two women share one by accident
CODE_HEX = 16
_WORD_VALUES = 2**32


@dataclass(frozen=True, order=True)
class Unit:
    """A woman in a batch: her opaque token, and the codes of her stratum, her minimised levels and her household.

    ``levels`` has one code for each minimised factor. ``cluster`` is empty unless the household is drawn. ``facts``
    binds what else is known of her at that moment, by a key that no auditor gets; the draw does not use it.
    """

    token: str
    stratum: str
    levels: tuple[str, ...] = ()
    cluster: str = ""
    facts: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the unit as plain JSON values, as the ledger keeps it."""
        return {**vars(self), "levels": list(self.levels)}


@dataclass(frozen=True)
class Allocation:
    """What the draw gave one woman.

    ``marginal`` is the design's chance of this arm, for the analysis; ``conditional`` is the chance it had at
    that moment, after all earlier allocations, for an audit; both are exact fractions such as ``1/2``. ``step`` is
    what the conditional chance rests on, by method: ``block`` and ``position`` from 1, the ``imbalances`` that
    each share would have left and the ``share`` drawn, by how many the first arm was ``ahead``, or ``cluster``
    when a woman of her household was drawn before her.
    """

    token: str
    stratum: str
    arm: str
    marginal: str
    conditional: str
    step: dict[str, Any]

    def as_dict(self) -> dict[str, str]:
        """Return what the ledger shows of it while the trial runs: nothing that tells what comes next."""
        return {"token": self.token, "stratum": self.stratum, "arm": self.arm, "marginal": self.marginal}


@dataclass
class Sequence:
    """The allocations of one epoch so far: each stratum's method, and what each household was drawn.

    ``households`` has the arm of the first woman of a household and her marginal probability: her sisters had the same
    chance, also when the ratio has changed since.
    """

    design: Design
    key: bytes
    epoch: int
    methods: dict[str, Method] = field(default_factory=dict)
    households: dict[str, tuple[str, str]] = field(default_factory=dict)
    _marginal: dict[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Compute once what is the same for every woman."""
        self._marginal = {arm: str(self.design.probability(arm)) for arm in self.design.arms}
        self._arm_of = tuple(self.design.arms[arm] for arm in self.design.shares)
        self._divided = len(self._arm_of) > len(self.design.arms)

    def allocate(self, batch: str, units: Iterable[Unit], nonce: str = "") -> list[Allocation]:
        """Draw a batch, and return its allocations in the order of the tokens, which says nothing.

        Raises PolicyRefused when a woman stands in the batch twice.
        """
        batch_units = list(units)
        waiting = {unit.token: unit for unit in batch_units}
        if len(waiting) < len(batch_units):
            raise PolicyRefused("The batch holds a woman twice: give each woman one row before the draw.")
        words: dict[str, Words] = {}
        drawn = []
        for token in self.order(batch, nonce, waiting):
            unit = waiting[token]
            if unit.stratum not in words:
                words[unit.stratum] = self._words(batch, nonce, unit.stratum)
            drawn.append(self._draw(unit, words[unit.stratum].below))
        return sorted(drawn, key=lambda allocation: allocation.token)

    def seal(self, batch: str, allocations: Iterable[Allocation]) -> str:
        """Return the keyed code of every conditional chance and its grounds: it commits to them and hides them.

        Shown while the trial runs they would tell how large the open block is, and so what comes next.
        """
        steps = [[a.token, a.conditional, a.step] for a in allocations]
        return _code(self.key, "smartstart/2/steps", self.design.trial_id, self.epoch, batch, steps).hex()

    def order(self, batch: str, nonce: str, tokens: Iterable[str]) -> list[str]:
        """Return ``tokens`` in the order in which they are drawn: by a keyed code, so row order never matters."""
        key = _judged(self.key)
        before = canonical_json(["smartstart/2/order", self.design.trial_id, self.epoch, batch, nonce, ""])[:-3]
        return sorted(
            tokens, key=lambda token: (hmac.digest(key, before + canonical_json(token) + b"]", "sha256"), token)
        )

    def _draw(self, unit: Unit, below: Callable[[int], int]) -> Allocation:
        if unit.cluster and unit.cluster in self.households:
            arm, marginal = self.households[unit.cluster]
            return Allocation(unit.token, unit.stratum, arm, marginal, "1", {"cluster": 1})
        if unit.stratum not in self.methods:
            self.methods[unit.stratum] = method_of(self.design)
        method = self.methods[unit.stratum]
        chances, step = method.chances(unit.levels, below)
        share = _pick(chances, below)
        conditional = self._chance_of_arm(share, chances)
        method.took(share, unit.levels)
        arm = self._arm_of[share]
        if unit.cluster:
            self.households[unit.cluster] = arm, self._marginal[arm]
        if self.design.minimisation:
            step = {**step, "share": share}
        return Allocation(unit.token, unit.stratum, arm, self._marginal[arm], conditional, step)

    def _chance_of_arm(self, share: int, chances: list[int]) -> str:
        mine = chances[share]
        if self._divided:
            arm = self._arm_of[share]
            mine = sum(chance for one, chance in zip(self._arm_of, chances, strict=True) if one == arm)
        return fraction(mine, sum(chances))

    def _words(self, batch: str, nonce: str, stratum: str) -> Words:
        return Words(self.key, "smartstart/2/draw", self.design.trial_id, self.epoch, batch, nonce, stratum)


class Words:
    """Random numbers from a key: endless, and the same for the same key and label."""

    def __init__(self, key: bytes, *label: str | int) -> None:
        self._key, self._label = key, label
        self._words = self._all()

    def below(self, limit: int) -> int:
        """Return the next number from 0 up to but not including ``limit``, each exactly as likely.

        Words past the last whole multiple of ``limit`` are thrown away: a bare remainder favours low numbers.
        """
        usable = _WORD_VALUES - _WORD_VALUES % limit
        word = next(self._words)
        while word >= usable:
            word = next(self._words)
        return word % limit

    def _all(self) -> Iterator[int]:
        eights = (struct.unpack(">8I", _code(self._key, *self._label, counter)) for counter in count())
        return chain.from_iterable(eights)


def key_commitment(key: bytes) -> str:
    """Return the 64 hex characters that bind us to ``key`` without showing it (the key is 256 random bits).

    Raises StateError when the key is not 32 bytes.
    """
    return sha256_of(["smartstart/2/commitment", _judged(key).hex()])


def nonce_commitment(nonce: str) -> str:
    """Return the 64 hex characters by which a second officer is bound to a nonce beforehand."""
    return sha256_of(["smartstart/2/nonce", nonce])


def subject_token(key: bytes, pseudonym: str) -> str:
    """Return a woman's token in the ledger, 32 hex characters; without the key it means nothing."""
    return _code(key, "smartstart/2/subject", pseudonym).hex()[:TOKEN_HEX]


def stratum_code(key: bytes, trial_id: str, epoch: int, levels: Iterable[str]) -> str:
    """Return the code of a stratum, 16 hex characters, so that the ledger shows nobody's risk band.

    ``levels`` are the woman's levels in the order of the design's strata.
    """
    return _code(key, "smartstart/2/stratum", trial_id, epoch, list(levels)).hex()[:CODE_HEX]


def level_code(key: bytes, trial_id: str, epoch: int, factor: str, level: str) -> str:
    """Return the code of a level of a minimised factor, 16 hex characters."""
    return _code(key, "smartstart/2/level", trial_id, epoch, factor, level).hex()[:CODE_HEX]


def household_code(key: bytes, household: str) -> str:
    """Return the code of a household, 16 hex characters; like a token it is the same in every epoch.

    ``household`` is no address but a code of one, under a key that is never revealed: addresses are public and few.
    """
    return _code(key, "smartstart/2/home", household).hex()[:CODE_HEX]


def blind_order(key: bytes, trial_id: str) -> bool:
    """Tell whether the first arm is X, and not Y, as long as the analysis is blind; nobody without the key can."""
    return _code(key, "smartstart/2/blind", trial_id)[0] % 2 == 0


def event_seal(key: bytes, token: str, content: list[str]) -> str:
    """Return the keyed code by which the ledger commits to what was told of a woman, without telling it.

    ``content`` holds a random salt: what can be told is so little that else the key alone would tell it.
    """
    return _code(key, "smartstart/2/event", token, content).hex()


@lru_cache(maxsize=4096)
def fraction(part: int, whole: int) -> str:
    """Return ``part / whole`` in lowest terms, such as ``1/2``."""
    return str(Fraction(part, whole))


def _pick(chances: list[int], below: Callable[[int], int]) -> int:
    """Return the place that a random number under the sum of the chances falls in."""
    number, place = below(sum(chances)), 0
    while number >= chances[place]:
        number -= chances[place]
        place += 1
    return place


def _code(key: bytes, *message: object) -> bytes:
    return hmac.digest(_judged(key), canonical_json(list(message)), "sha256")


def _judged(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise StateError(f"The allocation key is not {KEY_BYTES} bytes long: restore the key file from its backup.")
    return key
