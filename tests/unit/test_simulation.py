"""Who could guess, how alike the arms become, and whether it is fair: each number in two ways."""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from itertools import product
from math import comb

import pytest

from smartstart.errors import PolicyRefused
from smartstart.trial.design import Design, Factor, Minimisation
from smartstart.trial.simulation import (
    ALL,
    Drawn,
    Woman,
    balance,
    exact_certainty,
    exact_departure,
    exact_marginals,
    judge_marginal,
    paths,
    play,
    predictability,
    spread,
)

FACTORS = (Factor("smoking", ("yes", "no", "unknown")), Factor("gestation", ("<16", ">=16")))
BLOCKS = Design("t", block_sizes=(4, 6, 8))
EQUAL_SHARES = Design("t", ratio=(2, 1), method="minimisation", minimisation=Minimisation(FACTORS, (1, 1)))
BIASED = Design(
    "t", ratio=(2, 1), method="minimisation", minimisation=Minimisation(FACTORS, (1, 1), unequal="biased_coin")
)
FAIR = {
    "blocks": BLOCKS,
    "blocks 2:1": Design("t", ratio=(2, 1), block_sizes=(3, 6)),
    "simple": Design("t", method="simple"),
    "simple 2:1": Design("t", ratio=(2, 1), method="simple"),
    "big stick": Design("t", method="big_stick", bound=2),
    "minimisation": Design("t", method="minimisation", minimisation=Minimisation(FACTORS, (2, 1))),
    "biased coin 1:1": Design(
        "t", method="minimisation", minimisation=Minimisation(FACTORS, (2, 1), unequal="biased_coin")
    ),
    "variance": Design("t", method="minimisation", minimisation=Minimisation(FACTORS, (1, 1), imbalance="variance")),
    "equal shares 2:1": EQUAL_SHARES,
}
COMING = [("yes", "<16"), ("no", "<16"), ("yes", ">=16"), ("yes", "<16")]


def fixed(size: int) -> Design:
    """Blocks of one size, which a design refuses: only to measure why."""
    design = Design("t", block_sizes=(4, 6, 8))
    object.__setattr__(design, "block_sizes", (size,))
    return design


def levels(design: Design, women: int) -> list[tuple[str, ...]]:
    return (COMING * women)[:women] if design.minimisation else [()] * women


# --- predictability ---------------------------------------------------------------------------------------


def certainty_another_way(design: Design, slots: int) -> list[Fraction]:
    """From all paths: an arm is certain where every path with the same beginning goes on alike."""
    every = list(paths(design, [()] * slots))
    certain = []
    for slot in range(slots):
        follow, weight = defaultdict(set), defaultdict(Fraction)
        for path in every:
            follow[path.arms[:slot]].add(path.arms[slot])
            weight[path.arms[:slot]] += path.chance
        certain.append(sum((weight[past] for past, arms in follow.items() if len(arms) == 1), Fraction()))
    return certain


@pytest.mark.parametrize("design", [BLOCKS, fixed(4), Design("t", ratio=(2, 1), block_sizes=(3, 6))])
def test_two_exact_ways_agree_on_what_an_observer_knows_for_certain(design: Design) -> None:
    assert exact_certainty(design, 9) == certainty_another_way(design, 9)


def test_an_observer_knows_half_of_blocks_of_two_a_third_of_four_and_one_in_forty_of_mixed_ones() -> None:
    assert [sum(exact_certainty(fixed(size), 48)) / 48 for size in (2, 4, 6)] == [
        Fraction(1, 2),
        Fraction(1, 3),
        Fraction(1, 4),
    ]
    assert sum(exact_certainty(BLOCKS, 200)) / 200 == pytest.approx(0.0231, abs=0.0001)


def test_playing_agrees_with_the_exact_certainty() -> None:
    below = random.Random(4).randrange
    played = predictability(BLOCKS, [play(BLOCKS, [Woman()] * 40, below) for _ in range(1500)])
    assert played.slots == 60_000
    assert played.certain == pytest.approx(float(sum(exact_certainty(BLOCKS, 40)) / 40), abs=0.003)


def test_no_shipped_method_but_the_big_stick_lets_three_percent_be_known() -> None:
    below = random.Random(5).randrange
    for name, design in FAIR.items():
        coming = [Woman(0, hers) for hers in levels(design, 60)]
        certain = predictability(design, [play(design, coming, below) for _ in range(300)]).certain
        assert (certain < 0.03) != (name in {"big stick", "blocks 2:1"}), name


@pytest.mark.parametrize("bound", [2, 3, 4])
def test_a_big_stick_is_known_in_one_of_twice_its_bound(bound: int) -> None:
    """The difference is a walk between two walls: at one of them in 1 / (2 bound) of the steps in the long run."""
    design = Design("t", method="big_stick", bound=bound)
    below = random.Random(6).randrange
    trials = [play(design, [Woman()] * 700, below)[100:] for _ in range(100)]
    at_a_wall = sum(max(drawn.chances) == sum(drawn.chances) for trial in trials for drawn in trial) / 60_000
    assert at_a_wall == pytest.approx(1 / (2 * bound), abs=0.01)


def test_naming_the_arm_that_is_behind_is_right_as_often_as_blackwell_and_hodges_say() -> None:
    """For one block of 2m: m + (4^m / C(2m, m) - 1) / 2 of the 2m guesses."""
    below = random.Random(7).randrange
    for m in (2, 3, 4):
        design = fixed(2 * m)
        found = predictability(design, [play(design, [Woman()] * (2 * m), below) for _ in range(4000)])
        expected = (m + (4**m / comb(2 * m, m) - 1) / 2) / (2 * m)
        assert found.guessed == pytest.approx(expected, abs=0.01)
    assert predictability(FAIR["simple"], [play(FAIR["simple"], [Woman()] * 50, below)]).guessed == 0.5


def test_who_follows_her_home_is_no_guess() -> None:
    design = Design("t", method="simple", unit="household")
    women = [Woman(household="a"), Woman(household="a"), Woman(household="b")]
    played = play(design, women, random.Random(8).randrange)
    assert played[0].arm == played[1].arm
    assert predictability(design, [played]).slots == 2


# --- balance ----------------------------------------------------------------------------------------------


def test_the_difference_of_arms_is_counted_by_hand_the_same() -> None:
    design = Design("t", strata=(Factor("risk_band", ("low", "high")),), method="simple")
    trial = [Drawn(Woman(cell), arm, (1, 1)) for cell, arm in [(0, 0), (0, 0), (0, 0), (0, 1), (1, 0)]]
    found = balance(design, [trial, []])
    by_group = {d.group: d for d in found.differences}
    assert (by_group[ALL].median, by_group[ALL].worst, by_group[ALL].women) == (0, 3, 2.5)
    assert (by_group["risk_band low"].worst, by_group["risk_band high"].worst) == (2, 1)
    assert by_group["risk_band high"].empty_arm == 0.5
    assert by_group["risk_band high"].nobody == 0.5
    assert (found.empty_cells, found.any_empty_arm) == (0.5, 0.5)


def test_minimised_levels_are_groups_as_well() -> None:
    below = random.Random(9).randrange
    design = FAIR["minimisation"]
    found = balance(design, [play(design, [Woman(0, hers) for hers in levels(design, 40)], below) for _ in range(20)])
    assert [d.group for d in found.differences] == [
        ALL,
        *(f"smoking {level}" for level in FACTORS[0].levels),
        *(f"gestation {level}" for level in FACTORS[1].levels),
    ]


def test_an_unequal_ratio_is_no_difference() -> None:
    assert spread((20, 10), (2, 1)) == 0
    assert spread((22, 10), (2, 1)) == 1


# --- the chance that the ratio promises -------------------------------------------------------------------


@pytest.mark.parametrize("name", FAIR)
def test_over_every_path_each_arm_has_its_promised_chance_at_every_step(name: str) -> None:
    design = FAIR[name]
    promised = tuple(design.probability(arm) for arm in design.arms)
    women = 5 if design.method != "permuted_blocks" else 9
    women = 4 if len(design.shares) > 2 else women
    assert exact_marginals(design, levels(design, women)) == [promised] * women


@pytest.mark.parametrize("name", FAIR)
def test_the_paths_of_a_draw_add_up_to_one_and_each_is_the_product_of_its_steps(name: str) -> None:
    design = FAIR[name]
    every = list(paths(design, levels(design, 4)))
    assert sum(path.chance for path in every) == 1
    if design.method != "permuted_blocks" and len(design.shares) == 2:  # no other chance than that of the arms
        for path in every:
            product_of_steps = Fraction(1)
            for conditional in path.conditionals:
                product_of_steps *= conditional
            assert path.chance == product_of_steps


def test_every_order_of_a_block_is_as_likely() -> None:
    orders = defaultdict(Fraction)
    for path in paths(fixed(4), [()] * 4):
        orders[path.arms] += path.chance
    assert dict(orders) == {arms: Fraction(1, 6) for arms in product((0, 1), repeat=4) if sum(arms) == 2}


@pytest.mark.parametrize("name", FAIR)
def test_a_fair_design_is_judged_fair(name: str) -> None:
    judge_marginal(FAIR[name])


def test_a_biased_coin_with_two_to_one_fails_at_the_first_step() -> None:
    found = exact_departure(BIASED)
    assert found is not None
    assert (found.step, found.arm, found.chance, found.promised) == (1, "offer", Fraction(9, 10), Fraction(2, 3))
    with pytest.raises(PolicyRefused, match=r"9/10 at step 1 .* 2/3.*Proschan.*equal_shares"):
        judge_marginal(BIASED)
