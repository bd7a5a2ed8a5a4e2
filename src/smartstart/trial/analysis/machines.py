"""The methods of the draw for many re-draws at once: one step a woman, one row a re-draw.

They say what :mod:`smartstart.trial.methods` says, in arrays; tests hold the two against each other exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import comb, lcm, log
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import Bools, Floats, Ints
from smartstart.trial.design import Design

Choose = Callable[[Floats], Ints]  # (options, rows) of chances -> the option of each row; it may split the rows
Compared = tuple[int, int]


class Machine(Protocol):
    """One stratum in many re-draws. ``state`` is all that it remembers: (…, rows); whoever splits rows indexes it."""

    state: npt.NDArray[Any]

    def __len__(self) -> int:
        """Return the number of units in the stratum."""

    def step(self, place: int, choose: Choose) -> Bools:
        """Draw the unit at ``place`` in every row: whether it is treated; False too for one outside the comparison."""


def machine_of(design: Design, levels: Sequence[tuple[str, ...]], compared: Compared, kept: Ints, rows: int) -> Machine:
    """Return the machine of the design's method for one stratum; ``kept`` has the arm of who is not compared, or -1."""
    if design.method == "permuted_blocks":
        return _Blocks(design, compared, kept, rows)
    if design.method == "minimisation":
        return _Minimising(design, levels, compared, kept, rows)
    if design.method == "big_stick":
        return _BigStick(design, compared, kept, rows)
    return _Simple(design, compared, kept, rows)


class _Simple:
    """Every unit by the ratio; given that it is one of the two arms, by their parts of it."""

    def __init__(self, design: Design, compared: Compared, kept: Ints, rows: int) -> None:
        first, second = (design.ratio[arm] for arm in compared)
        self.state = np.zeros((1, rows), np.int8)
        self._kept, self._chance = kept, first / (first + second)

    def __len__(self) -> int:
        return len(self._kept)

    def step(self, place: int, choose: Choose) -> Bools:
        if self._kept[place] >= 0:
            return np.zeros(self.state.shape[1], bool)
        even = np.full(self.state.shape[1], self._chance)
        return _treated(even, choose)


class _BigStick:
    """A fair coin until one arm is ``bound`` ahead; the state is by how many the treated arm is ahead."""

    def __init__(self, design: Design, compared: Compared, kept: Ints, rows: int) -> None:  # noqa: ARG002 - two arms, alike
        assert design.bound is not None  # noqa: S101 - the design was judged
        self.state = np.zeros((1, rows), np.int64)
        self._kept, self._bound = kept, design.bound

    def __len__(self) -> int:
        return len(self._kept)

    def step(self, place: int, choose: Choose) -> Bools:  # noqa: ARG002
        ahead = self.state[0]
        chance = np.where(ahead >= self._bound, 0.0, np.where(ahead <= -self._bound, 1.0, 0.5))
        treated = _treated(chance, choose)
        self.state[0] += np.where(treated, 1, -1)
        return treated


class _Blocks:
    """Blocks of random size; the state is what the open block has left of treated, control and all other arms."""

    def __init__(self, design: Design, compared: Compared, kept: Ints, rows: int) -> None:
        parts = [[part * size // sum(design.ratio) for part in design.ratio] for size in design.block_sizes]
        two = [[block[arm] for arm in compared] for block in parts]
        self._parts = np.array([[*one, sum(block) - sum(one)] for one, block in zip(two, parts, strict=True)]).T
        self._other = kept >= 0
        self._opening = _opening_chances(design.block_sizes, self._parts[2], self._other)
        self._stay = np.eye(len(design.block_sizes))[0][:, None]  # a block that is open asks for no size
        self.state = np.zeros((3, rows), np.int64)

    def __len__(self) -> int:
        return len(self._other)

    def step(self, place: int, choose: Choose) -> Bools:
        if self._empty().any():
            size = choose(np.where(self._empty(), self._opening[place][:, None], self._stay))
            empty = self._empty()  # again: the rows may have been split
            self.state[:, empty] = self._parts[:, size[empty]]
        if self._other[place]:
            self.state[2] -= 1
            return np.zeros(self.state.shape[1], bool)
        chance = self.state[0] / (self.state[0] + self.state[1])
        treated = _treated(chance, choose)
        self.state[0] -= treated
        self.state[1] -= ~treated
        return treated

    def _empty(self) -> Bools:
        return np.asarray(~np.any(self.state, axis=0), bool)


def _opening_chances(sizes: Sequence[int], others: Ints, is_other: Bools) -> Floats:
    """Return (places, sizes): the chance of each size for a block that opens at a place.

    All sizes are as likely in the draw. Where some units keep another arm, a size is likelier the better it fits what
    comes: the chance of those places for the other arms in a block of that size, over all ways to go on (backwards,
    in logarithms, as a product of hundreds of chances is too small for a number).
    """
    n = len(is_other)
    chances = np.full((n, len(sizes)), 1 / len(sizes))
    if not is_other.any():
        return chances
    before = np.concatenate([[0], np.cumsum(is_other)])
    ways = np.full(n + 1, -np.inf)
    ways[n] = 0.0
    for place in range(n - 1, -1, -1):
        fits = np.full(len(sizes), -np.inf)
        for s, size in enumerate(sizes):
            end, mine = min(place + size, n), int(others[s])
            rest, beyond = mine - int(before[end] - before[place]), place + size - end
            if 0 <= rest <= beyond:
                fits[s] = log(comb(beyond, rest)) - log(comb(size, mine)) + ways[end]
        if np.isfinite(fits).any():
            top = fits.max()
            shares = np.exp(fits - top)
            ways[place] = top + log(shares.sum() / len(sizes))
            chances[place] = shares / shares.sum()
    if not np.isfinite(ways[0]):
        raise UsageError("The arms cannot have come from this design: give the women in the order of the draw.")
    return chances


class _Minimising:
    """Minimisation; the state is the count of each share under each level: (levels, shares, rows)."""

    def __init__(
        self, design: Design, levels: Sequence[tuple[str, ...]], compared: Compared, kept: Ints, rows: int
    ) -> None:
        assert design.minimisation is not None  # noqa: S101 - the design was judged
        rule = design.minimisation
        ratio = design.ratio if rule.unequal == "biased_coin" else (1,) * len(design.shares)
        self._weights, self._by_range = rule.weights, rule.imbalance == "range"
        self._scale = np.array([lcm(*ratio) // part for part in ratio], np.int64)
        self._ratio = np.array(ratio, float)[:, None]
        self._coins = _coins(ratio, float(Fraction(rule.coin)))
        found: dict[tuple[int, str], int] = {}
        self._levels = [[found.setdefault(place, len(found)) for place in enumerate(hers)] for hers in levels]
        self._arm_of = np.array(design.shares)
        self._compared, self._kept = compared, kept
        self.state = np.zeros((len(found), len(ratio), rows), np.int64)

    def __len__(self) -> int:
        return len(self._kept)

    def step(self, place: int, choose: Choose) -> Bools:
        levels = self._levels[place]
        share = choose(self._chances(levels, place))
        given = share == np.arange(len(self._scale))[:, None]
        for level in levels:
            self.state[level] += given
        return np.asarray(self._arm_of[share] == self._compared[0])

    def _chances(self, levels: Sequence[int], place: int) -> Floats:
        left = self._left(levels)
        preferred = (left == left.min(axis=0)) * self._ratio  # of several, each by its part of the ratio
        chances = self._coins @ (preferred / preferred.sum(axis=0))
        arms = self._compared if self._kept[place] < 0 else (int(self._kept[place]),)
        possible = np.isin(self._arm_of, arms)
        if possible.all():
            return np.asarray(chances)
        chances[~possible] = 0.0
        return np.asarray(chances / chances.sum(axis=0))

    def _left(self, levels: Sequence[int]) -> Ints:
        """Return (shares, rows): the imbalance that each share would leave over her levels, in whole units."""
        shares = len(self._scale)
        total = np.zeros((shares, self.state.shape[2]), np.int64)
        for level, weight in zip(levels, self._weights, strict=True):
            counts = self.state[level] * self._scale[:, None]
            for share in range(shares):
                counts[share] += self._scale[share]
                total[share] += weight * (_range(counts) if self._by_range else _variance(counts))
                counts[share] -= self._scale[share]
        return total


def _treated(chance: Floats, choose: Choose) -> Bools:
    return np.asarray(choose(np.stack([chance, 1 - chance])) == 0)


def _range(counts: Ints) -> Ints:
    if len(counts) == 2:
        return np.asarray(np.abs(counts[0] - counts[1]))
    return np.asarray(counts.max(axis=0) - counts.min(axis=0))


def _variance(counts: Ints) -> Ints:
    return np.asarray(len(counts) * (counts * counts).sum(axis=0) - counts.sum(axis=0) ** 2)


def _coins(ratio: Sequence[int], coin: float) -> Floats:
    """Return (share, preferred): the chance of each share when one is preferred (Han et al. 2009, section 2.3)."""
    parts = np.array(ratio, float)
    other = parts * (1 - coin) / (parts.sum() - parts.min())
    return np.asarray(np.tile(other[:, None], len(parts)) + np.diag(1 - np.full(len(parts), other.sum())))
