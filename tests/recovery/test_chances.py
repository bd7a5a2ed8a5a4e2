"""The real draw over many made-up keys: its arms come as often as the exact chances say, and as the ledger keeps."""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from fractions import Fraction
from math import sqrt

import pytest

from smartstart.trial.allocation import Allocation, Sequence, Unit
from smartstart.trial.design import Design, Factor, Minimisation
from smartstart.trial.simulation import paths, played_departure

FACTORS = (Factor("smoking", ("yes", "no")), Factor("gestation", ("<16", ">=16")))
COMING = [("yes", "<16"), ("no", "<16"), ("yes", ">=16"), ("yes", "<16"), ("no", ">=16")]
KEYS = 4000


def minimising(ratio: tuple[int, int] = (1, 1), **parts: str) -> Design:
    return Design("t", ratio=ratio, method="minimisation", minimisation=Minimisation(FACTORS, (2, 1), **parts))


DESIGNS = {
    "blocks": Design("t", block_sizes=(4, 6)),
    "blocks 2:1": Design("t", ratio=(2, 1), block_sizes=(3, 6)),
    "simple 2:1": Design("t", ratio=(2, 1), method="simple"),
    "big stick": Design("t", method="big_stick", bound=2),
    "minimisation": minimising(),
    "variance": minimising(imbalance="variance"),
    "equal shares 2:1": minimising((2, 1)),
    "biased coin 2:1": minimising((2, 1), unequal="biased_coin"),
}


def key(number: int) -> bytes:
    return hashlib.sha256(f"made-up key {number}".encode()).digest()


def drawn(design: Design, number: int) -> list[Allocation]:
    """Draw the five women one by one, so that their order is known."""
    sequence = Sequence(design, key(number), 1)
    coming = COMING if design.minimisation else [()] * len(COMING)
    return [sequence.allocate(str(n), [Unit(str(n), "s", hers)])[0] for n, hers in enumerate(coming)]


@pytest.fixture(scope="module", params=DESIGNS)
def played(request: pytest.FixtureRequest) -> tuple[Design, list[list[Allocation]]]:
    design = DESIGNS[request.param]
    return design, [drawn(design, number) for number in range(KEYS)]


def test_the_real_draw_takes_every_path_as_often_as_enumeration_says(
    played: tuple[Design, list[list[Allocation]]],
) -> None:
    design, trials = played
    exact: dict[tuple[str, ...], Fraction] = defaultdict(Fraction)
    for path in paths(design, COMING if design.minimisation else [()] * len(COMING)):
        exact[tuple(design.arms[arm] for arm in path.arms)] += path.chance
    seen = Counter(tuple(row.arm for row in trial) for trial in trials)
    assert set(seen) <= set(exact)
    chi_square = sum((seen[arms] - KEYS * p) ** 2 / float(KEYS * p) for arms, p in exact.items())
    freedom = len(exact) - 1
    assert chi_square < freedom + 4 * sqrt(2 * freedom)


def test_the_chance_that_is_kept_is_one_that_enumeration_knows_for_that_beginning(
    played: tuple[Design, list[list[Allocation]]],
) -> None:
    design, trials = played
    known = defaultdict(set)
    for path in paths(design, COMING if design.minimisation else [()] * len(COMING)):
        for step, conditional in enumerate(path.conditionals):
            known[path.arms[: step + 1]].add(conditional)
    for trial in trials[:1000]:
        arms = tuple(design.arms.index(row.arm) for row in trial)
        for step, row in enumerate(trial):
            assert Fraction(row.conditional) in known[arms[: step + 1]]
            assert row.marginal == str(design.probability(row.arm))


def test_arms_come_as_often_as_the_chance_that_is_kept(played: tuple[Design, list[list[Allocation]]]) -> None:
    _, trials = played
    told: dict[Fraction, list[bool]] = defaultdict(list)
    for trial in trials:
        for row in trial:
            chance = Fraction(row.conditional)
            offered = row.arm == "offer"
            told[chance if offered else 1 - chance].append(offered)
    for chance, came in told.items():
        error = sqrt(float(chance * (1 - chance)) / len(came))
        assert abs(sum(came) / len(came) - chance) <= 4.5 * error, f"{chance} over {len(came)}"


@pytest.mark.parametrize("name", ["blocks", "blocks 2:1", "simple 2:1", "minimisation", "equal shares 2:1"])
def test_playing_finds_no_departure_in_a_fair_design(name: str) -> None:
    assert played_departure(DESIGNS[name], random.Random(3).randrange, steps=25, trials=300) is None


def test_playing_finds_the_planted_departure_also_after_the_first_step() -> None:
    found = played_departure(DESIGNS["biased coin 2:1"], random.Random(3).randrange)
    assert found is not None
    assert found.step == 1
    assert found.chance == pytest.approx(0.9)
