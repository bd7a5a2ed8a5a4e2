"""The dice of the made-up data: the same seed gives the same throws on every Python."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Chance:
    """A stream of throws that belongs to whoever made it; nothing global is touched.

    A library's generator is good enough here because nothing is decided about anybody: the draw of the
    trial has its own, keyed streams. Only ``random()`` is used, the one method whose sequence Python
    promises to keep; ``choice``, ``shuffle``, ``sample`` and ``gauss`` may change between versions.
    """

    def __init__(self, seed: int) -> None:
        self._stream = random.Random(seed)  # noqa: S311 - made-up data, no secret and no decision  # nosec B311

    def happens(self, probability: float) -> bool:
        """Tell whether something with this probability happens."""
        return self._stream.random() < probability

    def share(self) -> float:
        """Return a number in [0, 1)."""
        return self._stream.random()

    def below(self, limit: int) -> int:
        """Return a whole number from 0 up to, not including, ``limit``."""
        return int(self._stream.random() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + self.below(high - low + 1)

    def one_of(self, options: Sequence[T]) -> T:
        """Return one of the options, each as likely."""
        return options[self.below(len(options))]

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        """Return one of the options, as likely as its weight; the weights add up to one."""
        left = self._stream.random()
        for option, weight in options:
            left -= weight
            if left < 0:
                return option
        return options[-1][0]

    def bell(self, mean: float, spread: float) -> float:
        """Return a bell-shaped number: a sum of twelve throws, so that no platform's logarithm matters."""
        total = 0.0
        for _ in range(12):
            total += self._stream.random()
        return mean + spread * (total - 6.0)
