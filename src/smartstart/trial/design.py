"""The one design object: it makes the draw, gives its probabilities, and describes it to the analysis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from itertools import chain, product
from math import gcd
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from smartstart.errors import PolicyRefused, UsageError
from smartstart.trial.canonical import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Method = Literal["permuted_blocks", "minimisation", "simple", "big_stick", "everyone"]
DrawnUnit = Literal["woman", "household"]
Imbalance = Literal["range", "variance"]
Unequal = Literal["equal_shares", "biased_coin"]

# Past this size a block bounds nothing in a town that sees 65 women a year; it also bounds memory on replay.
LARGEST_BLOCK = 100
# Chances are whole numbers that one random word of 32 bits can tell apart; what people agree on is far smaller.
LARGEST_PART = 100
OTHER: Final = "other"  # the level that takes every value that the design does not name


@dataclass(frozen=True)
class Factor:
    """A stratifying or minimised factor with all its levels; ``other`` among them takes any other value."""

    name: str
    levels: tuple[str, ...]

    def level_of(self, value: str) -> str:
        """Return the level that ``value`` falls in. Raises PolicyRefused when there is none."""
        if value in self.levels:
            return value
        if OTHER in self.levels:
            return OTHER
        raise PolicyRefused(
            f"The design's factor '{self.name}' lacks a level that a woman of this batch has: give it the level "
            f"'{OTHER}' or name all its levels, in a new epoch once the trial has begun."
        )


@dataclass(frozen=True)
class Minimisation:
    """Minimisation after Pocock and Simon (Biometrics 1975;31:103-115).

    ``weights`` are whole numbers, one for each factor. ``imbalance`` is the range or the variance of the arms'
    counts over a woman's own level of a factor. ``coin`` is the chance, as an exact fraction, with which the arm
    that leaves the least imbalance is given. ``unequal`` says what an unequal ratio does to it: ``equal_shares``
    minimises over as many equal shares as the ratio adds up to, each of which belongs to an arm (Kuznetsova and
    Tymofyeyev, Stat Med 2012;31:701-723), ``biased_coin`` is that of Han, Enas and McEntegart (Stat Med
    2009;28:3329-3346), where ``coin`` is the chance of the arm with the smallest ratio when it is preferred.
    """

    factors: tuple[Factor, ...]
    weights: tuple[int, ...]
    imbalance: Imbalance = "range"
    coin: str = "4/5"
    unequal: Unequal = "equal_shares"


@dataclass(frozen=True)
class Design:
    """How women are drawn.

    ``arms`` and ``ratio`` go together: (2, 1) means two of the first arm for each of the second. ``strata`` are
    the stratifying factors, each with its levels. ``block_sizes`` are in women, from small to large; each block's
    size is drawn from them, all alike (``permuted_blocks`` only). ``minimisation`` and ``bound`` (the largest
    difference of the ``big_stick`` of Soares and Wu, Commun Stat 1983;12:2017-2034) belong to their methods.
    ``everyone`` draws nobody: all get the first arm, in the epoch after the trial was closed. With ``household``
    as ``unit``, women of one household get one arm. ``terms`` holds whatever else decides who is drawn or how the
    arms will be compared (eligibility, bands, start, outcomes, looks), as plain JSON values, so that a change
    to it is a change of design.

    Raises PolicyRefused when the parts do not fit together or when the draw would be predictable.
    """

    trial_id: str
    arms: tuple[str, ...] = ("offer", "care_as_usual")
    ratio: tuple[int, ...] = (1, 1)
    method: Method = "permuted_blocks"
    strata: tuple[Factor, ...] = ()
    block_sizes: tuple[int, ...] = ()
    minimisation: Minimisation | None = None
    bound: int | None = None
    unit: DrawnUnit = "woman"
    terms: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge the parts once, so that a design that exists can be trusted."""
        for refusal in chain(_names(self), _ratio(self), _method(self)):  # one by one: each trusts those before it
            raise PolicyRefused(refusal)

    def as_dict(self) -> dict[str, Any]:
        """Return the design as plain JSON values, the form in which the ledger keeps it."""
        m = self.minimisation
        return {
            "trial_id": self.trial_id,
            "arms": list(self.arms),
            "ratio": list(self.ratio),
            "method": self.method,
            "strata": _plain(self.strata),
            "block_sizes": list(self.block_sizes),
            "minimisation": None
            if m is None
            else {
                "factors": _plain(m.factors),
                "weights": list(m.weights),
                "imbalance": m.imbalance,
                "coin": m.coin,
                "unequal": m.unequal,
            },
            "bound": self.bound,
            "unit": self.unit,
            "terms": dict(self.terms),
        }

    def hash(self) -> str:
        """Return the SHA-256, in hex, of the canonical JSON of the design."""
        return sha256_of(self.as_dict())

    def probability(self, arm: str) -> Fraction:
        """Return the marginal probability: a woman's chance of ``arm`` before anything is known; it is exact.

        Raises UsageError when the design has no such arm.
        """
        if arm not in self.arms:
            raise UsageError(f"The design has no arm of that name: choose one of {', '.join(self.arms)}.")
        if self.method == "everyone":
            return Fraction(int(arm == self.arms[0]))
        return Fraction(self.ratio[self.arms.index(arm)], sum(self.ratio))

    @property
    def shares(self) -> tuple[int, ...]:
        """The arm (by its place) that each share of the draw belongs to; only equal shares differ from the arms."""
        m = self.minimisation
        if m is None or m.unequal == "biased_coin":
            return tuple(range(len(self.arms)))
        common = reduce(gcd, self.ratio)
        return tuple(arm for arm, part in enumerate(self.ratio) for _ in range(part // common))

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        """Every combination of levels of the strata; one empty one without strata."""
        return tuple(product(*(factor.levels for factor in self.strata)))


def closed(design: Design) -> Design:
    """Return the design of the epoch in which everyone is offered; strata and terms stay as they were."""
    return replace(design, method="everyone", block_sizes=(), minimisation=None, bound=None, unit="woman")


def design_from(values: Mapping[str, Any]) -> Design:
    """Return the design that :meth:`Design.as_dict` wrote.

    Raises PolicyRefused when a part is missing, unknown or of the wrong type, or the design is refused.
    """
    try:
        m = values["minimisation"]
        design = Design(
            **{
                **values,
                **{name: tuple(values[name]) for name in ("arms", "ratio", "block_sizes")},
                "strata": _factors(values["strata"]),
                "minimisation": None
                if m is None
                else Minimisation(
                    **{**m, "factors": _factors(m["factors"]), "weights": tuple(m["weights"])},
                ),
            }
        )
        complete = design.as_dict() == dict(values)
    except (TypeError, KeyError, AttributeError, ValueError):
        complete = False
    if not complete:
        raise PolicyRefused(
            "The stored design does not have exactly the parts of a design: read it with the release that wrote it."
        )
    return design


def crowded_cells(design: Design, expected_per_year: float) -> str | None:
    """Return a warning when a cell of the strata is not expected to fill one block a year, else None.

    ``expected_per_year`` counts the eligible women a year over all cells. Cells that never complete a block are
    not balanced by it, so that more strata make the arms *less* alike.
    """
    if design.method != "permuted_blocks":
        return None
    cells = len(design.cells)
    mean_block = sum(design.block_sizes) / len(design.block_sizes)
    per_cell = expected_per_year / cells
    if per_cell >= mean_block:
        return None
    return (
        f"The design has {cells} cells for {expected_per_year:g} women a year, {per_cell:.1f} in a cell, "
        f"fewer than a block of {mean_block:g} on average: use fewer strata or levels, or minimisation."
    )


def _plain(factors: tuple[Factor, ...]) -> list[dict[str, Any]]:
    return [{"name": factor.name, "levels": list(factor.levels)} for factor in factors]


def _factors(values: list[dict[str, Any]]) -> tuple[Factor, ...]:
    return tuple(Factor(value["name"], tuple(value["levels"])) for value in values)


def _names(design: Design) -> Iterator[str]:
    factors = (*design.strata, *(design.minimisation.factors if design.minimisation else ()))
    names = [design.trial_id, *design.arms, *(f.name for f in factors), *(level for f in factors for level in f.levels)]
    if not all(isinstance(name, str) and name for name in names):
        yield "The design has an empty name: name the trial, each arm, each factor and each level in words."
    if len(design.arms) < 2 or len(set(design.arms)) != len(design.arms):
        yield "The design needs two or more arms with different names: mend `arms`."
    if len({factor.name for factor in factors}) != len(factors):
        yield "The design names a factor twice: name each once, in `strata` or in `minimisation`."
    for factor in factors:
        if not factor.levels or len(set(factor.levels)) != len(factor.levels):
            yield f"The design's factor '{factor.name}' has no levels, or one twice: name each of its levels once."
    for name, known in ((design.method, Method), (design.unit, DrawnUnit)):
        if name not in get_args(known):
            yield f"The design has an unknown method or unit: choose one of {', '.join(get_args(known))}."


def _ratio(design: Design) -> Iterator[str]:
    if len(design.ratio) != len(design.arms):
        yield "The design's `ratio` and `arms` differ in length: give each arm one number."
    if not all(_is_positive(part) for part in design.ratio):
        yield "The design's `ratio` is not all whole numbers above 0: write it as 1, 1 or 2, 1."
    if max(design.ratio) > LARGEST_PART:
        yield f"The design's `ratio` has a number above {LARGEST_PART}: write it in its smallest terms, as 2, 1."


def _method(design: Design) -> Iterator[str]:
    for part, owner in (("block_sizes", "permuted_blocks"), ("minimisation", "minimisation"), ("bound", "big_stick")):
        given = getattr(design, part) not in ((), None)
        if given and design.method != owner:
            yield f"The design gives `{part}`, which belongs to the method {owner}: leave it out or change `method`."
        if not given and design.method == owner:
            yield f"The design lacks `{part}`, which the method {owner} needs: add it."
    if design.method == "permuted_blocks":
        yield from _blocks(design)
    if design.minimisation:
        yield from _minimisation(design, design.minimisation)
    if design.method == "big_stick":
        yield from _big_stick(design)


def _blocks(design: Design) -> Iterator[str]:
    sizes = design.block_sizes
    if not all(_is_positive(size) for size in sizes):
        yield "The design's `block_sizes` are not all whole numbers above 0: write 4, 6, 8."
    if list(sizes) != sorted(set(sizes)):  # one design, one hash, one draw
        yield "The design's `block_sizes` are doubled or unordered: list each once, small to large."
    if len(sizes) < 2:
        yield (
            "The design has fixed blocks: an observer of all earlier allocations knows the next one for "
            "certain in 33 % of slots with blocks of 4, in 2.3 % with 4, 6 and 8: give more block_sizes."
        )
    if 2 in sizes:
        yield (
            "The design has blocks of 2: an observer of all earlier allocations knows the next one for "
            "certain in 50 % of slots: leave 2 out of block_sizes."
        )
    if any(size % sum(design.ratio) for size in sizes):
        yield (
            f"The design has a block size that is no multiple of {sum(design.ratio)}, the sum of its ratio, "
            "so that a full block could not hold the ratio: change block_sizes or ratio."
        )
    if sizes and sizes[-1] > LARGEST_BLOCK:
        yield f"The design has a block of more than {LARGEST_BLOCK}, which balances nothing: use less."


def _minimisation(design: Design, m: Minimisation) -> Iterator[str]:
    if not m.factors or len(m.weights) != len(m.factors) or not all(_is_positive(weight) for weight in m.weights):
        yield "The design's minimisation needs factors, and for each a weight that is a whole number above 0."
    if m.imbalance not in get_args(Imbalance) or m.unequal not in get_args(Unequal):
        yield "The design's minimisation has an unknown `imbalance` or `unequal`: see docs/reference/programme.md."
    try:
        coin = Fraction(m.coin)
    except (ValueError, ZeroDivisionError, TypeError):
        yield "The design's `coin` is no fraction: write it as 4/5."
        return
    # Without chance the next allocation is known; without preference there is nothing to minimise.
    least = Fraction(min(design.ratio), sum(design.ratio)) if m.unequal == "biased_coin" else Fraction(1, 2)
    if str(coin) != m.coin or not least < coin < 1 or coin.denominator > LARGEST_PART:
        yield f"The design's `coin` must be a fraction in lowest terms, above {least} and below 1: write 4/5."


def _big_stick(design: Design) -> Iterator[str]:
    if len(design.arms) != 2 or design.ratio[0] != design.ratio[1]:
        yield "The design's big stick is for two arms in the ratio 1, 1: change `ratio` or `method`."
    if design.bound is None or not _is_positive(design.bound) or design.bound < 2:
        yield "The design's `bound` must be 2 or more: with 1, every second allocation is known."


def _is_positive(number: object) -> bool:
    return type(number) is int and number > 0  # bool is an int to Python, not to us
