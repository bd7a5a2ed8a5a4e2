"""Drawing again: the same women in the same order, by the trial's own scheme or by permuting the arms.

Every scheme is one small machine that takes one step a woman for many re-draws at once. The same machine serves the
random re-draws and the list of all of them with their chances, so that the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final, Protocol

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.machines import Choose, Machine, machine_of
from smartstart.trial.analysis.records import Bools, Floats, Ints
from smartstart.trial.design import Design
from smartstart.trial.simulation import Woman

ALL_DRAWS: Final = 50_000  # so many different allocations are listed; more are sampled
_LISTED_UNITS: Final = 24  # of a stratum: more have too many allocations, and to find that out takes time
_CELLS: Final = 20_000_000  # women times re-draws that are held at once
_Listed = tuple[Bools, Floats]

SCHEME_REFERENCE: Final = "Rosenberger, Uschner & Wang, Stat Med 2019;38:1-12"
PERMUTATION_REFERENCE: Final = "Proschan & Dodd, Stat Med 2019;38:2292-2302"


class Drawer(Protocol):
    """Draws the units of one stratum, which knows nothing of the other strata."""

    def sample(self, count: int, rng: np.random.Generator) -> Bools:
        """Return (units, count): who is treated in each of ``count`` re-draws."""

    def listed(self) -> _Listed | None:
        """Return every allocation (units, allocations) and its chance, or None when there are too many."""


@dataclass(frozen=True)
class Redraws:
    """What can have been drawn for ``women`` women: at random, or all of it where that is little.

    ``follows`` (women,) is the drawn unit whose arm each woman has; ``strata`` are the units of each stratum and what
    draws them. ``method`` says it in words; ``note`` what a reader has to know. ``swapped`` takes the control arm for
    the treated one: the same draws, looked at from the other side.
    """

    follows: Ints
    strata: tuple[tuple[Ints, Drawer], ...]
    method: str
    reference: str
    note: str = ""
    swapped: bool = False

    @property
    def women(self) -> int:
        """Return how many women there are."""
        return len(self.follows)

    def chunks(self, count: int, seed: int) -> Iterator[Bools]:
        """Yield ``count`` re-draws as Bools (some, women) in parts that fit in memory; the same for the same seed."""
        size = max(_CELLS // max(self.women, 1), 1)
        for number, first in enumerate(range(0, count, size)):
            yield self._part(min(size, count - first), np.random.default_rng((seed, number)))

    def draws(self, count: int, seed: int) -> Bools:
        """Return ``count`` re-draws as Bools (count, women)."""
        return np.concatenate([np.zeros((0, self.women), bool), *self.chunks(count, seed)])

    def all_draws(self) -> tuple[Bools, Floats] | None:
        """Return every allocation, Bools (allocations, women), with its exact chance; None when more than ALL_DRAWS."""
        units, chance = np.zeros((self._units, 1), bool), np.ones(1)
        for places, drawer in self.strata:
            found = drawer.listed()
            if found is None or found[1].size * chance.size > ALL_DRAWS:
                return None
            units = np.repeat(units, found[1].size, axis=1)
            units[places] = np.tile(found[0], chance.size)
            chance = np.outer(chance, found[1]).ravel()
        return self._turned(units[self.follows].T), chance

    @property
    def _units(self) -> int:
        return sum(len(places) for places, _ in self.strata)

    def _part(self, count: int, rng: np.random.Generator) -> Bools:
        units = np.zeros((self._units, count), bool)
        for places, drawer in self.strata:
            units[places] = drawer.sample(count, rng)
        together = len(self.follows) == len(units)  # then each woman is a unit, in her own place
        return self._turned(units.T if together else units[self.follows].T)

    def _turned(self, treated: Bools) -> Bools:
        return ~treated if self.swapped else treated


def scheme(
    design: Design, women: Sequence[Woman], *, compared: tuple[int, int] = (0, 1), drawn: Sequence[int] | None = None
) -> Redraws:
    """Return the re-draws of ``women``, in the order in which they were drawn, by the design that drew them.

    A batch ends no block, and the women of a household follow the first of them, as in the draw itself. ``compared``
    are the treated and the control arm by their place in the design. A design of three arms or more needs ``drawn``,
    the arm that each woman has: women of the other arms keep theirs, as a comparison of two arms says nothing of a
    third.
    Raises UsageError when nobody was drawn at random, or the arms cannot have come from this design.
    """
    arms = range(len(design.arms))
    if design.method == "everyone":
        raise UsageError("The design draws nobody at random: take the women of the epochs before the trial was closed.")
    if len(set(compared)) < 2 or not set(compared) <= set(arms):
        raise UsageError("The compared arms must be two different arms of the design: give their places in it.")
    if len(arms) > 2 and (drawn is None or len(drawn) != len(women)):
        raise UsageError("A design of three arms needs the arm that every woman was drawn: give `drawn` beside them.")
    follows, firsts = _first_of([woman.household for woman in women])
    kept = np.array([-1 if drawn is None or drawn[i] in compared else drawn[i] for i in firsts], np.int64)
    cells = np.array([women[i].cell for i in firsts], np.int64)
    levels = [women[i].levels for i in firsts]
    strata: list[tuple[Ints, Drawer]] = []
    for cell in np.unique(cells):
        units = np.flatnonzero(cells == cell)
        strata.append((units, _Drawn(design, [levels[i] for i in units], compared, kept[units])))
    return Redraws(follows, tuple(strata), _words(design, len(strata)), SCHEME_REFERENCE, _note(design, kept))


def permutation(treated: Bools, stratum: Ints | None = None, cluster: Ints | None = None) -> Redraws:
    """Return the re-draws that permute the arms within each stratum, whole clusters at a time.

    They keep the number of treated units of each stratum as it was. A cluster lies in the stratum of its first
    member. Raises UsageError when one cluster is in both arms.
    """
    names = np.arange(len(treated)) if cluster is None else cluster
    _, firsts, follows = np.unique(names, return_index=True, return_inverse=True)
    if np.any(treated[firsts][follows] != treated):
        raise UsageError(
            "A cluster has women in both arms, so that it was not drawn as a whole: leave the cluster out."
        )
    within = np.zeros(len(firsts), np.int64) if stratum is None else stratum[firsts]
    strata: list[tuple[Ints, Drawer]] = [
        (np.flatnonzero(within == one), _Permuted(treated[firsts][within == one])) for one in np.unique(within)
    ]
    words = (
        "arms permuted" + (" within strata" if len(strata) > 1 else "") + (" by cluster" if cluster is not None else "")
    )
    return Redraws(follows.astype(np.int64), tuple(strata), words, PERMUTATION_REFERENCE)


def joined(parts: Sequence[Redraws]) -> Redraws:
    """Return the re-draws of women of several epochs, one after another; each epoch was drawn by itself."""
    follows: list[Ints] = []
    strata: list[tuple[Ints, Drawer]] = []
    units = 0
    for part in parts:
        follows.append(part.follows + units)
        strata += [(places + units, drawer) for places, drawer in part.strata]
        units += sum(len(places) for places, _ in part.strata)
    words = "; ".join(dict.fromkeys(part.method for part in parts))
    notes = " ".join(dict.fromkeys(part.note for part in parts if part.note))
    return Redraws(np.concatenate(follows), tuple(strata), words, parts[0].reference, notes)


@dataclass(frozen=True)
class _Drawn:
    """The units of one stratum by the design; ``kept`` is the arm of a unit outside the comparison, or -1."""

    design: Design
    levels: list[tuple[str, ...]]
    compared: tuple[int, int]
    kept: Ints

    def sample(self, count: int, rng: np.random.Generator) -> Bools:
        machine = self._machine(count)
        return np.stack([machine.step(place, _sampling(rng)) for place in range(len(self.kept))])

    def listed(self) -> _Listed | None:
        if np.count_nonzero(self.kept < 0) > _LISTED_UNITS:
            return None
        branches = _Branches(self._machine(1))
        for place in range(len(self.kept)):
            branches.step(place)
            if branches.chance.size > ALL_DRAWS:
                return None
        return branches.taken, branches.chance

    def _machine(self, rows: int) -> Machine:
        return machine_of(self.design, self.levels, self.compared, self.kept, rows)


class _Branches:
    """Every way in which a stratum can go, with its chance; ways that can no longer be told apart become one."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.chance: Floats = np.ones(1)
        self.taken = np.zeros((0, 1), bool)

    def step(self, place: int) -> None:
        treated = self.machine.step(place, self._split)
        self.taken = np.vstack([self.taken, treated])
        # what matters of a way is whom it treated and the state it left
        told = np.vstack([self.taken, self.machine.state.reshape(-1, self.chance.size)])
        last = place == len(self.machine) - 1
        _, first, same = np.unique(self.taken if last else told, axis=1, return_index=True, return_inverse=True)
        self.chance = np.bincount(same.ravel(), self.chance, minlength=first.size).astype(float)
        self._keep(first)

    def _split(self, chances: Floats) -> Ints:
        option, row = np.nonzero(np.broadcast_to(chances, (len(chances), self.chance.size)))
        self.chance = self.chance[row] * np.broadcast_to(chances, (len(chances), self.chance.size))[option, row]
        self._keep(row)
        return option

    def _keep(self, rows: Ints) -> None:
        self.taken, self.machine.state = self.taken[:, rows], self.machine.state[..., rows]


@dataclass(frozen=True)
class _Permuted:
    """The units of one stratum in any order, with as many treated as there were."""

    treated: Bools

    def sample(self, count: int, rng: np.random.Generator) -> Bools:
        return rng.permuted(np.tile(self.treated, (count, 1)), axis=1).T

    def listed(self) -> _Listed | None:
        units, treated = len(self.treated), int(self.treated.sum())
        ways = comb(units, treated)
        if ways > ALL_DRAWS:
            return None
        found = np.zeros((units, ways), bool)
        for way, chosen in enumerate(combinations(range(units), treated)):
            found[list(chosen), way] = True
        return found, np.full(ways, 1 / ways)


def _sampling(rng: np.random.Generator) -> Choose:
    def choose(chances: Floats) -> Ints:
        """Return an option for each row; ``chances`` is (options, rows) and adds up to 1."""
        number = np.asarray(rng.random(chances.shape[1]))
        if len(chances) == 2:
            return np.asarray(number >= chances[0], np.int64)
        option = np.zeros(number.size, np.int64)
        for limit in np.cumsum(chances, axis=0)[:-1]:
            option += number >= limit
        return option

    return choose


def _first_of(households: Sequence[str]) -> tuple[Ints, list[int]]:
    """Return the unit that each woman follows, and the place of each unit's first woman; one alone is a unit."""
    unit_of: dict[str, int] = {}
    follows: list[int] = []
    firsts: list[int] = []
    for place, household in enumerate(households):
        if not household or household not in unit_of:
            unit_of[household] = len(firsts)
            firsts.append(place)
        follows.append(unit_of[household])
    return np.array(follows, np.int64), firsts


def _words(design: Design, strata: int) -> str:
    kind: Callable[[], str] = {
        "permuted_blocks": lambda: f"permuted blocks of {', '.join(map(str, design.block_sizes))}",
        "minimisation": lambda: "minimisation",
        "simple": lambda: "simple draw",
        "big_stick": lambda: f"big stick of {design.bound}",
    }[design.method]
    among = f" in {strata} strata" if strata > 1 else ""
    households = ", whole households" if design.unit == "household" else ""
    return f"re-drawn by the trial's own scheme: {kind()}{among}{households}"


def _note(design: Design, kept: Ints) -> str:
    if design.method == "minimisation" and np.any(kept >= 0):
        return (
            "Women of the other arms kept theirs, and each later chance follows from that; how likely their own arms "
            "were is left out, so that with minimisation the re-draws of two arms out of three are approximate."
        )
    return ""
