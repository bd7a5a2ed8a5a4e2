"""The record of boundaries for planned looks, and what it says in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from smartstart.numbers import stated
from smartstart.trial.analysis.records import plain


@dataclass(frozen=True)
class Expected:
    """Information used on average, as a share of what one look at the end takes: by the effect there really is."""

    none: float
    half: float
    planned: float


@dataclass(frozen=True)
class Boundaries:
    """Boundaries of ``looks`` looks, of which each tuple has one value; ``futility_z`` has none for the last.

    ``alpha``, ``p`` and ``cumulative_spending`` are one-sided; ``p`` is the nominal level of each look.
    ``inflation_factor`` is the largest information over that of a design with one look and the same power, and
    ``drift`` the mean of Z at the end under the planned effect. ``stopped_for_efficacy`` and
    ``stopped_for_futility`` are the probabilities to have stopped by each look when the planned effect is real.
    """

    looks: int
    alpha: float
    spending: str
    fractions: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    cumulative_spending: tuple[float, ...]
    inflation_factor: float
    parameter: float | None
    power: float
    futility: str | None
    binding: bool
    futility_z: tuple[float, ...] | None
    cumulative_futility: tuple[float, ...] | None
    drift: float
    stopped_for_efficacy: tuple[float, ...]
    stopped_for_futility: tuple[float, ...]
    expected_information: Expected
    method: str
    reference: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        found = {
            name: [plain(one) for one in value] if isinstance(value, tuple) else plain(value)
            for name, value in vars(self).items()
        }
        return found | {"expected_information": dict(vars(self.expected_information))}

    def sentences(self) -> list[str]:
        """Return what a reader has to know, in plain English."""
        return [
            sentence
            for sentence in (
                f"The looks together err in {stated(self.alpha, 4)} of trials in which nothing helps (one-sided).",
                f"If the planned effect is real, they find it with {stated(self.power, 4)} probability"
                f"{self._of_the_first()}.",
                f"The whole takes {self.inflation_factor:.3f} times the women that one look at the end would take; on "
                f"average {self.expected_information.planned:.3f} times if the planned effect is real, and "
                f"{self.expected_information.none:.3f} times if there is none.",
                self._of_futility(),
            )
            if sentence
        ]

    def _of_the_first(self) -> str:
        if self.looks == 1:
            return ""
        share = 100 * self.stopped_for_efficacy[0]
        return f", and the first look alone finds it with {f'{share:.1f}' if share >= 0.1 else 'less than 0.1'} %"

    def _of_futility(self) -> str:
        if not self.futility_z:
            return ""
        if self.binding:
            return "The futility boundary binds: who goes on beyond it errs more often than is said here."
        return "The futility boundary advises and binds nobody: going on beyond it leaves the error as it is."
