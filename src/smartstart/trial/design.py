"""The one design object: it makes the draw, gives its probabilities, and describes it to the analysis."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from smartstart.errors import PolicyRefused, UsageError, nearest
from smartstart.trial.canonical import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# Past this size a block bounds nothing in a town that sees 65 women a year; it also bounds memory on replay.
LARGEST_BLOCK = 100


@dataclass(frozen=True)
class Design:
    """A stratified draw in permuted blocks of random size.

    ``arms`` and ``ratio`` go together: (2, 1) means two of the first arm for each of the second.
    ``strata`` names the stratifying factors; their levels stand in the programme.
    ``block_sizes`` are in women, from small to large; each block's size is drawn from them, all alike.

    Raises PolicyRefused when the numbers do not fit together or when the draw would be predictable.
    """

    trial_id: str
    arms: tuple[str, ...] = ("offer", "care_as_usual")
    ratio: tuple[int, ...] = (1, 1)
    strata: tuple[str, ...] = ()
    block_sizes: tuple[int, ...] = (4, 6, 8)

    def __post_init__(self) -> None:
        """Judge the parts once, so that a design that exists can be trusted."""
        _judge_names(self)
        _judge_ratio(self)
        _judge_blocks(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the design as plain JSON values, the form in which the ledger keeps it."""
        return {
            "trial_id": self.trial_id,
            "arms": list(self.arms),
            "ratio": list(self.ratio),
            "strata": list(self.strata),
            "block_sizes": list(self.block_sizes),
        }

    def hash(self) -> str:
        """Return the SHA-256, in hex, of the canonical JSON of the design."""
        return sha256_of(self.as_dict())

    def probability(self, arm: str) -> Fraction:
        """Return a woman's chance of ``arm`` before anything is known of the draw; it is exact.

        Raises UsageError when the design has no such arm.
        """
        if arm not in self.arms:
            raise UsageError(f"The design has no arm of that name: choose one of {', '.join(self.arms)}.")
        return Fraction(self.ratio[self.arms.index(arm)], sum(self.ratio))


def design_from(values: Mapping[str, Any]) -> Design:
    """Return the design that :meth:`Design.as_dict` wrote.

    Raises PolicyRefused when a part is missing, unknown or of the wrong type, or the design is refused.
    """
    lists = ("arms", "ratio", "strata", "block_sizes")
    if set(values) != {"trial_id", *lists} or not all(isinstance(values[name], list) for name in lists):
        raise PolicyRefused(
            "The stored design does not have exactly the five parts of a design: "
            "read it with the release that wrote it."
        )
    return Design(values["trial_id"], *(tuple(values[name]) for name in lists))


def crowded_cells(design: Design, levels: Mapping[str, int], expected_per_year: float) -> str | None:
    """Return a warning when a cell of the strata is not expected to fill one block a year, else None.

    ``levels`` has the number of levels of each stratifying factor, ``expected_per_year`` the eligible women
    a year over all cells. Cells that never complete a block are not balanced by it, so that more strata
    make the arms *less* alike. Raises UsageError when a factor has no levels.
    """
    for factor in design.strata:
        if levels.get(factor, 0) < 1:
            raise UsageError(
                f"The design stratifies by '{factor}', which has no levels{nearest(factor, sorted(levels))}: "
                "name its levels in the programme or leave the factor out."
            )
    cells = prod(levels[factor] for factor in design.strata)
    mean_block = sum(design.block_sizes) / len(design.block_sizes)
    per_cell = expected_per_year / cells
    if per_cell >= mean_block:
        return None
    return (
        f"The design has {cells} cells for {expected_per_year:g} women a year, {per_cell:.1f} in a cell, "
        f"fewer than a block of {mean_block:g} on average: use fewer strata or levels."
    )


def _judge_names(design: Design) -> None:
    names = (design.trial_id, *design.arms, *design.strata)
    if not all(isinstance(name, str) and name for name in names):
        raise PolicyRefused("The design has an empty name: name the trial, each arm and each stratum in words.")
    if len(design.arms) < 2 or len(set(design.arms)) != len(design.arms):
        raise PolicyRefused("The design needs two or more arms with different names: mend `arms`.")
    if len(set(design.strata)) != len(design.strata):
        raise PolicyRefused("The design names a stratifying factor twice: name each once in `strata`.")


def _judge_ratio(design: Design) -> None:
    if len(design.ratio) != len(design.arms):
        raise PolicyRefused("The design's `ratio` and `arms` differ in length: give each arm one number.")
    if not all(_is_positive(part) for part in design.ratio):
        raise PolicyRefused("The design's `ratio` is not all whole numbers above 0: write it as 1, 1 or 2, 1.")


def _judge_blocks(design: Design) -> None:
    sizes = design.block_sizes
    if not all(_is_positive(size) for size in sizes):
        raise PolicyRefused("The design's `block_sizes` are not all whole numbers above 0: write 4, 6, 8.")
    if list(sizes) != sorted(set(sizes)):  # one design, one hash, one draw
        raise PolicyRefused("The design's `block_sizes` are doubled or unordered: list each once, small to large.")
    if len(sizes) < 2:
        raise PolicyRefused(
            "The design has fixed blocks: an observer of all earlier allocations knows the next one for "
            "certain in 34 % of slots with blocks of 4, in 2.6 % with 4, 6 and 8: give more block_sizes."
        )
    if 2 in sizes:
        raise PolicyRefused(
            "The design has blocks of 2: an observer of all earlier allocations knows the next one for "
            "certain in 50 % of slots: leave 2 out of block_sizes."
        )
    if any(size % sum(design.ratio) for size in sizes):
        raise PolicyRefused(
            f"The design has a block size that is no multiple of {sum(design.ratio)}, the sum of its ratio, "
            "so that a full block could not hold the ratio: change block_sizes or ratio."
        )
    if sizes[-1] > LARGEST_BLOCK:
        raise PolicyRefused(f"The design has a block of more than {LARGEST_BLOCK}, which balances nothing: use less.")


def _is_positive(number: object) -> bool:
    return type(number) is int and number > 0  # bool is an int to Python, not to us
