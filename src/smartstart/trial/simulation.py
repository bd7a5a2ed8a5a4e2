"""What a design does, before anybody is drawn: who could guess, how alike the arms become, whether it is fair.

Small designs are worked out exactly, over every path that the draw can take; larger ones are played with a generator
that is passed in. Arms stand here by their place in the design.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, lcm, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

from smartstart.errors import PolicyRefused
from smartstart.trial.allocation import KEY_BYTES, Words
from smartstart.trial.methods import method_of

if TYPE_CHECKING:
    from smartstart.trial.design import Design
    from smartstart.trial.methods import Below, Method

ALL: Final = "all women"
FALSE_ALARM: Final = 0.001  # how often a fair design may be called unfair, over all steps and arms together
_EXACT_STEPS: Final = 3
_PLAYED_STEPS, _PLAYED_TRIALS = 30, 400

Possible = frozenset[tuple[int, ...]]  # what the open block may have left, as far as an observer knows


class Woman(NamedTuple):
    """A made-up woman: the place of her cell among the design's cells, her minimised levels, her household or none."""

    cell: int = 0
    levels: tuple[str, ...] = ()
    household: str = ""


class Drawn(NamedTuple):
    """What a woman was given: ``chances`` per arm, as whole numbers; none when she followed her household."""

    woman: Woman
    arm: int
    chances: tuple[int, ...]


@dataclass(frozen=True)
class Path:
    """One way in which a whole draw can go: its chance, its arms, and the chance that each arm had then."""

    chance: Fraction
    arms: tuple[int, ...] = ()
    conditionals: tuple[Fraction, ...] = ()


@dataclass(frozen=True)
class Predictability:
    """What an observer of a stratum's arms can tell of the next one; shares of ``slots``, from 0 to 1.

    ``certain``: the next arm is the only possible one. ``guessed``: guesses that are right when the arm is guessed that
    is furthest behind (the convergence strategy of Blackwell and Hodges, Ann Math Stat 1957;28:449-460). ``informed``:
    guesses that are right of somebody who knows all that the draw rests on but the key. ``fair`` is what anybody
    reaches by always naming the likeliest arm.
    """

    certain: float
    guessed: float
    informed: float
    fair: float
    slots: int
    trials: int


@dataclass(frozen=True)
class Difference:
    """How far the arms differ in one group of women, over the played trials, in women.

    For an unequal ratio each arm is divided by its part of it first. ``empty_arm`` is the share of trials in which an
    arm has nobody of the group, ``nobody`` the share in which the group itself is empty.
    """

    group: str
    women: float
    median: float
    p95: float
    worst: float
    empty_arm: float
    nobody: float


@dataclass(frozen=True)
class Balance:
    """The differences over all women, by cell of the strata and by minimised level.

    ``empty_cells`` is the mean share of cells with nobody; ``any_empty_arm`` the share of trials in which at least one
    cell with women has an arm without any.
    """

    differences: tuple[Difference, ...]
    empty_cells: float
    any_empty_arm: float
    trials: int


@dataclass(frozen=True)
class Departure:
    """A step, from 1, at which an arm's chance is not the one that the ratio promises."""

    step: int
    arm: str
    chance: Fraction | float
    promised: Fraction


def play(design: Design, women: Iterable[Woman], below: Below) -> list[Drawn]:
    """Draw made-up women one after another with a generator: the same methods as the draw, without its key."""
    methods: dict[int, Method] = {}
    households: dict[str, int] = {}
    shares, arms = design.shares, len(design.arms)
    drawn = []
    for woman in women:
        if woman.household in households:
            drawn.append(Drawn(woman, households[woman.household], ()))
            continue
        method = methods.get(woman.cell)
        if method is None:
            method = methods[woman.cell] = method_of(design)
        chances, _ = method.chances(woman.levels, below)
        by_arm = tuple(chances) if len(shares) == arms else tuple(_by_arm(design, chances))
        number = below(sum(chances))
        share = next(place for place, limit in enumerate(accumulate(chances)) if number < limit)
        method.took(share, woman.levels)
        arm = shares[share]
        if woman.household:
            households[woman.household] = arm
        drawn.append(Drawn(woman, arm, by_arm))
    return drawn


def paths(design: Design, women: Sequence[Sequence[str]]) -> Iterator[Path]:
    """Yield every path of one stratum, with its exact chance; ``women`` are their minimised levels, in order.

    The paths grow as a power of the number of women: this is for a dozen.
    """
    yield from _paths(design, method_of(design), women, Path(Fraction(1)))


def exact_marginals(design: Design, women: Sequence[Sequence[str]]) -> list[tuple[Fraction, ...]]:
    """Return for each step the exact chance of each arm, over everything that can have gone before."""
    chances = [[Fraction()] * len(design.arms) for _ in women]
    for path in paths(design, women):
        for step, arm in enumerate(path.arms):
            chances[step][arm] += path.chance
    return [tuple(step) for step in chances]


def exact_certainty(design: Design, slots: int) -> list[Fraction]:
    """Return for each slot of a stratum with permuted blocks the exact chance that its arm is known for certain.

    The observer saw all earlier allocations of the stratum in order, and keeps every state in which the open block
    may be; the chances of these states and of the true one are carried from slot to slot.
    """
    fresh = _fresh_blocks(design)
    start = {left: Fraction(1, len(design.block_sizes)) for left in fresh}
    now = {(left, fresh): chance for left, chance in start.items()}
    certain = []
    for _ in range(slots):
        certain.append(sum((p for (_, possible), p in now.items() if len(_next_arms(possible)) == 1), Fraction()))
        then: dict[tuple[tuple[int, ...], Possible], Fraction] = defaultdict(Fraction)
        for (left, possible), chance in now.items():
            for arm, number in enumerate(left):
                if number:
                    seen = _after(possible, arm, fresh)
                    taken, share = _less(left, arm), chance * number / sum(left)
                    for following, part in {taken: Fraction(1)}.items() if any(taken) else start.items():
                        then[following, seen] += share * part
        now = dict(then)
    return certain


def predictability(design: Design, trials: Sequence[Sequence[Drawn]]) -> Predictability:
    """Return what an observer of each stratum could have told, over played trials."""
    slots, certain, guessed, informed = 0, 0, 0.0, 0.0
    fresh = _fresh_blocks(design)
    for trial in trials:
        counts: dict[int, list[int]] = {}
        states: dict[int, Possible] = {}
        for woman, arm, chances in trial:
            if not chances:
                continue  # she followed her household: nothing was drawn
            count = counts.setdefault(woman.cell, [0] * len(design.arms))
            whole = sum(chances)
            slots += 1
            informed += max(chances) / whole
            behind = _furthest_behind(count, design.ratio)
            guessed += sum(chances[a] for a in behind) / (whole * len(behind))
            if fresh:
                possible = states.get(woman.cell, fresh)
                certain += len(_next_arms(possible)) == 1
                states[woman.cell] = _after(possible, arm, fresh)
            else:  # every other method shows the observer its state, so that the chance is his as well
                certain += max(chances) == whole
            count[arm] += 1
    fair = float(max(design.probability(name) for name in design.arms))
    several = max(slots, 1)
    return Predictability(certain / several, guessed / several, informed / several, fair, slots, len(trials))


def balance(design: Design, trials: Sequence[Sequence[Drawn]]) -> Balance:
    """Return how far the arms differ, over played trials: in all, by cell and by minimised level."""
    cells, groups = cell_names(design), group_names(design)
    minimised = design.minimisation.factors if design.minimisation else ()
    found: dict[str, list[list[int]]] = {name: [] for name in groups}
    empty = bare = 0
    for trial in trials:
        counts = {name: [0] * len(design.arms) for name in groups}
        for drawn in trial:
            hers = [f"{factor.name} {level}" for factor, level in zip(minimised, drawn.woman.levels, strict=True)]
            for name in {ALL, cells[drawn.woman.cell], *hers}:
                counts[name][drawn.arm] += 1
        for name, count in counts.items():
            found[name].append(count)
        empty += sum(not any(counts[name]) for name in cells)
        bare += any(any(counts[name]) and not all(counts[name]) for name in cells)
    several = max(len(trials), 1)
    return Balance(
        differences=tuple(_difference(name, counts, design.ratio) for name, counts in found.items()),
        empty_cells=empty / (several * len(cells)),
        any_empty_arm=bare / several,
        trials=len(trials),
    )


def group_names(design: Design) -> list[str]:
    """Return the groups in which the arms are compared, the widest first."""
    minimised = design.minimisation.factors if design.minimisation else ()
    levels = [f"{factor.name} {level}" for factor in minimised for level in factor.levels]
    return list(dict.fromkeys([ALL, *cell_names(design), *levels]))


def cell_names(design: Design) -> list[str]:
    """Return a name for every cell of the strata, in the order of the design's cells."""
    names = [factor.name for factor in design.strata]
    return [", ".join(map(" ".join, zip(names, cell, strict=True))) or ALL for cell in design.cells]


def spread(counts: Sequence[int], ratio: Sequence[int]) -> Fraction:
    """Return by how much the arms differ, each divided by its part of the ratio (the least part counts as 1)."""
    least = min(ratio)
    parts = [Fraction(n * least, part) for n, part in zip(counts, ratio, strict=True)]
    return max(parts) - min(parts)


def judge_marginal(design: Design) -> None:
    """Raise PolicyRefused unless every woman has, before anything is known, the chance that the ratio promises.

    Where it is not so, the arms differ by the order in which women come, and the usual analyses are biased or lose
    power (Proschan, Brittain and Kammerman, Biometrics 2011;67:1135-1141).
    """
    departure = departure_of(design, Words(bytes(KEY_BYTES), "smartstart/2/simulation").below)
    if departure:
        chance = departure.chance
        found = str(chance) if isinstance(chance, Fraction) else f"{chance:.3f}"
        raise PolicyRefused(
            f"The design gives '{departure.arm}' the chance {found} at step {departure.step} where its ratio promises "
            f"{departure.promised}, which biases the analysis (Proschan, Brittain and Kammerman, Biometrics "
            "2011;67:1135-1141): set `unequal: equal_shares`."
        )


def departure_of(design: Design, below: Below) -> Departure | None:
    """Return the first step found at which an arm's chance is not the promised one, or None.

    Symmetric designs need no search; others are enumerated for the first steps and played after that.
    """
    if symmetric(design):
        return None
    return exact_departure(design) or played_departure(design, below)


def symmetric(design: Design) -> bool:
    """Tell whether the chance is the promised one at every step by symmetry alone.

    Every order of a block has the same chance, so that each place in it has the ratio; a simple draw and a big stick
    are so by themselves; and under minimisation all shares can be exchanged when they are alike.
    """
    m = design.minimisation
    return m is None or m.unequal == "equal_shares" or len(set(design.ratio)) == 1


def exact_departure(design: Design) -> Departure | None:
    """Look at the first steps of women who are all alike, exactly."""
    for step, chances in enumerate(exact_marginals(design, [_first_levels(design)] * _EXACT_STEPS), start=1):
        for arm, found in zip(design.arms, chances, strict=True):
            if found != design.probability(arm):
                return Departure(step, arm, found, design.probability(arm))
    return None


def played_departure(
    design: Design, below: Below, *, steps: int = _PLAYED_STEPS, trials: int = _PLAYED_TRIALS
) -> Departure | None:
    """Play women with levels at random, and hold each step's mean chance against the promised one.

    The bound allows for all steps and arms together (Bonferroni), so that a fair design is called unfair once in
    a thousand times at most; a conditional chance varies less than the allocation itself.
    """
    factors = design.minimisation.factors if design.minimisation else ()
    sums = [[0.0] * len(design.arms) for _ in range(steps)]
    squares = [[0.0] * len(design.arms) for _ in range(steps)]
    for _ in range(trials):
        women = (Woman(0, tuple(f.levels[below(len(f.levels))] for f in factors)) for _ in range(steps))
        for step, drawn in enumerate(play(design, women, below)):
            whole = sum(drawn.chances)
            for place, part in enumerate(drawn.chances):
                sums[step][place] += part / whole
                squares[step][place] += (part / whole) ** 2
    limit = NormalDist().inv_cdf(1 - FALSE_ALARM / (2 * steps * len(design.arms)))
    for step in range(steps):
        for place, arm in enumerate(design.arms):
            mean = sums[step][place] / trials
            error = sqrt(max(squares[step][place] / trials - mean * mean, 0) / trials)
            if abs(mean - design.probability(arm)) > limit * error + 1e-9:
                return Departure(step + 1, arm, mean, design.probability(arm))
    return None


def _paths(design: Design, method: Method, women: Sequence[Sequence[str]], so_far: Path) -> Iterator[Path]:
    if not women:
        yield so_far
        return
    for opened, chances, part in _openings(method, women[0]):
        whole = sum(chances)
        by_arm = list(_by_arm(design, chances))
        for share, number in enumerate(chances):
            if number:
                following, arm = deepcopy(opened), design.shares[share]
                following.took(share, women[0])
                path = Path(
                    so_far.chance * part * Fraction(number, whole),
                    (*so_far.arms, arm),
                    (*so_far.conditionals, Fraction(by_arm[arm], whole)),
                )
                yield from _paths(design, following, women[1:], path)


def _openings(method: Method, levels: Sequence[str]) -> Iterator[tuple[Method, list[int], Fraction]]:
    """Yield the method after each answer that its one question to the generator, if it asks any, can get."""
    answers, answer = 1, 0
    while answer < answers:
        asked: list[int] = []

        def below(limit: int, said: int = answer, asked: list[int] = asked) -> int:
            asked.append(limit)
            return said

        opened = deepcopy(method)
        chances, _ = opened.chances(levels, below)
        answers = asked[0] if asked else 1
        yield opened, list(chances), Fraction(1, answers)
        answer += 1


def _by_arm(design: Design, chances: Sequence[int]) -> Iterator[int]:
    shares = design.shares
    for arm in range(len(design.arms)):
        yield sum(chance for share, chance in zip(shares, chances, strict=True) if share == arm)


def _fresh_blocks(design: Design) -> Possible:
    """Return every block that can be opened; none for a method without blocks."""
    parts = sum(design.ratio)
    return frozenset(tuple(part * size // parts for part in design.ratio) for size in design.block_sizes)


def _after(possible: Possible, arm: int, fresh: Possible) -> Possible:
    """Return what is possible once the observer saw ``arm``: an emptied block is followed by any fresh one."""
    left = {_less(block, arm) for block in possible if block[arm]}
    going_on = frozenset(block for block in left if any(block))
    return going_on if going_on == left else going_on | fresh


def _less(left: tuple[int, ...], arm: int) -> tuple[int, ...]:
    return (*left[:arm], left[arm] - 1, *left[arm + 1 :])


def _next_arms(possible: Possible) -> set[int]:
    return {arm for block in possible for arm, number in enumerate(block) if number}


def _furthest_behind(count: Sequence[int], ratio: Sequence[int]) -> list[int]:
    """Return the arms that are furthest behind their part; of those as far, the ones with the largest part."""
    common = lcm(*ratio)
    behind = [n * common // part for n, part in zip(count, ratio, strict=True)]
    least = min(behind)
    last = [arm for arm, value in enumerate(behind) if value == least]
    return [arm for arm in last if ratio[arm] == max(ratio[a] for a in last)]


def _difference(name: str, counts: Sequence[Sequence[int]], ratio: Sequence[int]) -> Difference:
    spreads = sorted(float(spread(count, ratio)) for count in counts)
    several = len(counts)
    return Difference(
        group=name,
        women=sum(map(sum, counts)) / several,
        median=spreads[ceil(0.5 * several) - 1],
        p95=spreads[ceil(0.95 * several) - 1],
        worst=spreads[-1],
        empty_arm=sum(any(count) and not all(count) for count in counts) / several,
        nobody=sum(not any(count) for count in counts) / several,
    )


def _first_levels(design: Design) -> tuple[str, ...]:
    return tuple(f.levels[0] for f in design.minimisation.factors) if design.minimisation else ()
