"""The methods of the draw, each against its definition: computed another way, whatever comes."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import groupby, product
from statistics import pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartstart.trial.allocation import Allocation, Sequence, Unit
from smartstart.trial.design import Design, Factor, Minimisation, closed
from smartstart.trial.methods import Everyone, method_of

FACTORS = (Factor("smoking", ("yes", "no", "unknown")), Factor("gestation", ("<16", ">=16")))
seeds = st.integers(0, 2**32)
women = st.lists(st.tuples(st.sampled_from(FACTORS[0].levels), st.sampled_from(FACTORS[1].levels)), max_size=40)


def minimising(**parts: object) -> Design:
    ratio = parts.pop("ratio", (1, 1))
    rule = Minimisation(FACTORS, **{"weights": (1, 1), **parts})
    return Design("t", ratio=ratio, method="minimisation", minimisation=rule)


def drawn_one_by_one(design: Design, key: bytes, levels: list[tuple[str, ...]]) -> list[Allocation]:
    """Each woman in a batch of her own, so that the order is known."""
    sequence = Sequence(design, key, 1)
    return [sequence.allocate(str(n), [Unit(str(n), "s", of_her)])[0] for n, of_her in enumerate(levels)]


# --- blocks and the big stick -----------------------------------------------------------------------------


@given(key=st.binary(min_size=32, max_size=32), ratio=st.sampled_from([(1, 1), (2, 1), (3, 2)]))
def test_every_full_block_holds_the_arms_exactly_in_the_ratio(key: bytes, ratio: tuple[int, int]) -> None:
    parts = sum(ratio)
    design = Design("t", ratio=ratio, block_sizes=(2 * parts, 3 * parts))
    drawn = drawn_one_by_one(design, key, [()] * 40)
    blocks = [list(rows) for _, rows in groupby(drawn, key=lambda row: row.step["block"])]
    for rows in blocks[:-1]:
        arms = Counter(row.arm for row in rows)
        assert len(rows) in design.block_sizes
        assert [arms[arm] * parts for arm in design.arms] == [part * len(rows) for part in ratio]
        assert [row.step["position"] for row in rows] == list(range(1, len(rows) + 1))


@given(key=st.binary(min_size=32, max_size=32), bound=st.integers(2, 5))
def test_a_big_stick_never_lets_an_arm_get_further_ahead_than_its_bound(key: bytes, bound: int) -> None:
    ahead = 0
    for row in drawn_one_by_one(Design("t", method="big_stick", bound=bound), key, [()] * 60):
        assert row.step["ahead"] == ahead
        assert row.conditional == ("1" if abs(ahead) == bound else "1/2")
        ahead += 1 if row.arm == "offer" else -1
        assert abs(ahead) <= bound


# --- minimisation -----------------------------------------------------------------------------------------


def imbalances_another_way(
    design: Design, before: list[tuple[tuple[str, ...], int]], hers: tuple[str, ...]
) -> list[Fraction]:
    """What each share would leave, counted anew from all earlier women."""
    rule = design.minimisation
    assert rule is not None
    by_arm = rule.unequal == "biased_coin"
    parts = design.ratio if by_arm else (1,) * len(design.shares)
    left = []
    for candidate in range(len(parts)):
        total = Fraction()
        for factor, level in enumerate(hers):
            counts = [
                Fraction(sum(share == s and levels[factor] == level for levels, share in before) + (s == candidate))
                / parts[s]
                for s in range(len(parts))
            ]
            unbalance = max(counts) - min(counts) if rule.imbalance == "range" else pvariance(counts)
            total += rule.weights[factor] * unbalance
        left.append(total)
    return left


def in_order(numbers: list[Fraction] | list[int]) -> list[int]:
    """Ranks, equal numbers alike: all that a choice of the least can rest on."""
    return [sorted(set(numbers)).index(number) for number in numbers]


@given(
    seed=seeds,
    come=women,
    ratio=st.sampled_from([(1, 1), (2, 1), (3, 2)]),
    imbalance=st.sampled_from(["range", "variance"]),
    weights=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    unequal=st.sampled_from(["equal_shares", "biased_coin"]),
)
def test_the_imbalances_are_those_that_a_recount_of_all_women_gives(
    seed: int,
    come: list[tuple[str, str]],
    ratio: tuple[int, int],
    imbalance: str,
    weights: tuple[int, int],
    unequal: str,
) -> None:
    design = minimising(ratio=ratio, imbalance=imbalance, weights=weights, unequal=unequal)
    method, below = method_of(design), random.Random(seed).randrange
    before: list[tuple[tuple[str, ...], int]] = []
    for hers in come:
        chances, step = method.chances(hers, below)
        told, ours = step["imbalances"], imbalances_another_way(design, before, hers)
        assert isinstance(told, list)
        assert in_order(told) == in_order(ours)
        assert len({Fraction(t) / o for t, o in zip(told, ours, strict=True) if o}) <= 1  # one unit for all shares
        share = below(len(chances))
        method.took(share, hers)
        before.append((hers, share))


@pytest.mark.parametrize("ratio", [(1, 1), (2, 1), (3, 2)])
@pytest.mark.parametrize("coin", ["4/5", "9/10", "2/3"])
def test_a_biased_coin_has_the_published_chances(ratio: tuple[int, int], coin: str) -> None:
    """Han, Enas and McEntegart 2009: p_H,l = 1 - (S - r_l)(1 - p) / (S - r_1), with r_1 the least of the ratio."""
    design = minimising(ratio=ratio, coin=coin, unequal="biased_coin")
    whole, least, p = sum(ratio), min(ratio), Fraction(coin)
    seen = set()
    for before in product((0, 1), repeat=5):
        method = method_of(design)
        for share in before:
            method.took(share, ("yes", "<16"))
        chances, step = method.chances(("yes", "<16"), lambda limit: 0)
        left = step["imbalances"]
        assert isinstance(left, list)
        if left[0] != left[1]:
            preferred = left.index(min(left))
            seen.add(preferred)
            published = 1 - (whole - ratio[preferred]) * (1 - p) / (whole - least)
            assert Fraction(chances[preferred], sum(chances)) == published
    assert seen == {0, 1}


def test_equal_shares_give_the_preferred_share_the_coin_and_the_others_the_rest_alike() -> None:
    method = method_of(minimising(ratio=(2, 1), coin="4/5"))
    method.took(0, ("yes", "<16"))
    method.took(1, ("yes", "<16"))
    chances, _ = method.chances(("yes", "<16"), lambda limit: 0)
    assert [Fraction(chance, sum(chances)) for chance in chances] == [Fraction(1, 10), Fraction(1, 10), Fraction(4, 5)]


def test_shares_that_are_as_good_have_the_same_chance() -> None:
    chances, _ = method_of(minimising()).chances(("yes", "<16"), lambda limit: 0)
    assert chances[0] == chances[1]


@pytest.mark.parametrize(
    ("ratio", "before", "chances"),
    [((2, 1), (), [1, 1, 1]), ((2, 1), (0,), [1, 2, 2]), ((2, 1), (0, 1), [1, 1, 3]), ((1, 1), (), [1, 1]),
     ((1, 1), (1,), [3, 2])],
)  # fmt: skip
def test_chances_are_the_smallest_whole_numbers_of_their_proportion(
    ratio: tuple[int, int], before: tuple[int, ...], chances: list[int]
) -> None:
    method = method_of(minimising(ratio=ratio, coin="3/5"))
    for share in before:
        method.took(share, ("yes", "<16"))
    found, step = method.chances(("yes", "<16"), lambda limit: 0)
    assert found == chances and {type(value) for value in found} == {int}
    assert isinstance(step["imbalances"], list) and {type(value) for value in step["imbalances"]} == {int}


@pytest.mark.parametrize("unequal", ["equal_shares", "biased_coin"])
def test_the_ledger_keeps_no_fraction_so_that_imbalances_are_whole_numbers(unequal: str) -> None:
    method = method_of(minimising(ratio=(3, 2), unequal=unequal))
    method.took(0, ("yes", "<16"))
    _, step = method.chances(("yes", ">=16"), lambda limit: 0)
    assert isinstance(step["imbalances"], list) and {type(value) for value in step["imbalances"]} == {int}


# --- the others -------------------------------------------------------------------------------------------


def test_blocks_are_numbered_one_after_the_other() -> None:
    drawn = drawn_one_by_one(Design("t", block_sizes=(4, 6)), bytes(32), [()] * 12)
    numbers = [row.step["block"] for row in drawn]
    assert [number for number, _ in groupby(numbers)] in ([1, 2], [1, 2, 3])


def test_without_a_draw_all_chances_are_for_the_first_arm() -> None:
    method = method_of(closed(Design("t", block_sizes=(4, 6))))
    assert isinstance(method, Everyone) and method.chances((), lambda limit: 0) == ([1, 0], {})


def test_simple_draws_have_the_ratio_whatever_went_before() -> None:
    method = method_of(Design("t", method="simple", ratio=(3, 2)))
    for _ in range(3):
        assert method.chances((), lambda limit: 0) == ([3, 2], {})
        method.took(0, ())


# --- households -------------------------------------------------------------------------------------------


@given(key=st.binary(min_size=32, max_size=32), households=st.lists(st.integers(0, 6), max_size=30))
def test_women_of_one_home_get_one_arm_and_only_the_first_is_drawn(key: bytes, households: list[int]) -> None:
    design = Design("t", block_sizes=(4, 6, 8), unit="household")
    sequence, first = Sequence(design, key, 1), {}
    for n, household in enumerate(households):
        [row] = sequence.allocate(str(n), [Unit(str(n), "s", (), f"home {household}")])
        if household in first:
            assert (row.arm, row.conditional, row.step) == (first[household], "1", {"cluster": 1})
        else:
            assert "block" in row.step
        first.setdefault(household, row.arm)
        assert row.marginal == "1/2"
