"""The methods of the draw: each says how many chances every share has for the next woman of a stratum.

That one question is all in which they differ. A method keeps what a stratum has come to; a share is an arm,
or, under minimisation with an unequal ratio, one of the equal parts of an arm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from smartstart.trial.design import Design

Below = Callable[[int], int]  # gives a random whole number under a limit, each as likely
Step = dict[str, list[int] | int]


class Method(Protocol):
    """What one stratum of one epoch has come to."""

    def chances(self, levels: Sequence[str], below: Below) -> tuple[list[int], Step]:
        """Return the chances of each share for a woman with these levels, as whole numbers, and what they rest on."""

    def took(self, share: int, levels: Sequence[str]) -> None:
        """Take note that a share was given to a woman with these levels."""


def method_of(design: Design) -> Method:
    """Return the design's method for a stratum in which nobody was drawn yet."""
    kinds: dict[str, Callable[[Design], Method]] = {
        "permuted_blocks": PermutedBlocks,
        "minimisation": Minimising,
        "simple": Simple,
        "big_stick": BigStick,
        "everyone": Everyone,
    }
    return kinds[design.method](design)


class PermutedBlocks:
    """Blocks of random size: a block is an urn with its arms in the ratio, emptied before the next is opened.

    Drawing without replacement gives every order of the block the same chance.
    """

    def __init__(self, design: Design) -> None:
        self._ratio, self._sizes = design.ratio, design.block_sizes
        self._parts = sum(design.ratio)
        self._left = [0] * len(design.ratio)
        self._block = self._size = 0

    def chances(self, levels: Sequence[str], below: Below) -> tuple[list[int], Step]:  # noqa: ARG002
        """Return what the open block has left of each arm; an empty one is followed by the next."""
        if not any(self._left):
            self._size = self._sizes[below(len(self._sizes))]
            self._left = [part * self._size // self._parts for part in self._ratio]
            self._block += 1
        return self._left, {"block": self._block, "position": self._size - sum(self._left) + 1}

    def took(self, share: int, levels: Sequence[str]) -> None:  # noqa: ARG002
        """Take one of the arm out of the open block."""
        self._left[share] -= 1


class Simple:
    """Every woman by the ratio, whatever went before."""

    def __init__(self, design: Design) -> None:
        self._ratio = list(design.ratio)

    def chances(self, levels: Sequence[str], below: Below) -> tuple[list[int], Step]:  # noqa: ARG002
        """Return the ratio."""
        return self._ratio, {}

    def took(self, share: int, levels: Sequence[str]) -> None:
        """Nothing is remembered."""


class BigStick:
    """A fair coin, until one arm is ``bound`` ahead: then the other (Soares and Wu 1983)."""

    def __init__(self, design: Design) -> None:
        assert design.bound is not None  # noqa: S101 - the design was judged
        self._bound, self._ahead = design.bound, 0

    def chances(self, levels: Sequence[str], below: Below) -> tuple[list[int], Step]:  # noqa: ARG002
        """Return 1 and 1, or all for the arm that is behind."""
        chances = [int(self._ahead < self._bound), int(self._ahead > -self._bound)]
        return chances, {"ahead": self._ahead}

    def took(self, share: int, levels: Sequence[str]) -> None:  # noqa: ARG002
        """Count by how many the first arm is ahead."""
        self._ahead += 1 - 2 * share


class Everyone:
    """No draw: everybody gets the first arm."""

    def __init__(self, design: Design) -> None:
        self._chances = [1] + [0] * (len(design.arms) - 1)

    def chances(self, levels: Sequence[str], below: Below) -> tuple[list[int], Step]:  # noqa: ARG002
        """Return all chances for the first arm."""
        return self._chances, {}

    def took(self, share: int, levels: Sequence[str]) -> None:
        """Nothing is remembered."""


class Minimising:
    """Minimisation: the share that would leave a woman's own levels least unbalanced is likelier."""

    def __init__(self, design: Design) -> None:
        assert design.minimisation is not None  # noqa: S101 - the design was judged
        self._rule = design.minimisation
        by_arm = self._rule.unequal == "biased_coin"
        ratio = design.ratio if by_arm else (1,) * len(design.shares)
        self._ratio = ratio
        # a share's count is divided by its part of the ratio; times the common multiple it stays whole
        self._scale = [lcm(*ratio) // part for part in ratio]
        self._counts: dict[tuple[int, str], list[int]] = {}
        self._coins = [_preferring(ratio, share, Fraction(self._rule.coin)) for share in range(len(ratio))]
        self._known: dict[tuple[int, ...], list[int]] = {}

    def chances(self, levels: Sequence[str], below: Below) -> tuple[list[int], Step]:  # noqa: ARG002
        """Return the coin's chances, with the imbalance that each share would leave (in whole units)."""
        left = [self._left_by(share, levels) for share in range(len(self._ratio))]
        least = min(left)
        preferred = tuple(share for share, value in enumerate(left) if value == least)
        if preferred not in self._known:
            self._known[preferred] = self._mixed(preferred)
        return self._known[preferred], {"imbalances": left}

    def took(self, share: int, levels: Sequence[str]) -> None:
        """Count her under each of her levels."""
        for place in enumerate(levels):
            self._counts.setdefault(place, [0] * len(self._ratio))[share] += 1

    def _left_by(self, share: int, levels: Sequence[str]) -> int:
        total = 0
        for (factor, level), weight in zip(enumerate(levels), self._rule.weights, strict=True):
            counts = self._counts.get((factor, level)) or [0] * len(self._ratio)
            scaled = [(n + (s == share)) * k for s, (n, k) in enumerate(zip(counts, self._scale, strict=True))]
            total += weight * (_spread(scaled) if self._rule.imbalance == "range" else _variance(scaled))
        return total

    def _mixed(self, preferred: tuple[int, ...]) -> list[int]:
        """Return the chances when several shares are as good: each is the preferred one by its part of the ratio."""
        of = sum(self._ratio[share] for share in preferred)
        mixed = [
            sum((Fraction(self._ratio[one], of) * self._coins[one][share] for one in preferred), Fraction())
            for share in range(len(self._ratio))
        ]
        common = lcm(*(chance.denominator for chance in mixed))
        return [int(chance * common) for chance in mixed]


def _preferring(ratio: Sequence[int], share: int, coin: Fraction) -> list[Fraction]:
    """Return the chance of each share when ``share`` is preferred (Han et al. 2009, section 2.3).

    The least of the ratio is preferred with ``coin``; the rest of a preference goes to the others by their ratio.
    With equal shares it is ``coin`` for the preferred and the rest in equal parts (Pocock and Simon 1975).
    """
    whole, least = sum(ratio), min(ratio)
    other = [part * (1 - coin) / (whole - least) for part in ratio]
    return [1 - sum(other) + chance if s == share else chance for s, chance in enumerate(other)]


def _spread(counts: Sequence[int]) -> int:
    return max(counts) - min(counts)


def _variance(counts: Sequence[int]) -> int:
    """Return the variance of the counts times the square of their number, a whole number."""
    return len(counts) * sum(n * n for n in counts) - sum(counts) ** 2
