"""The design object: what it refuses, its hash and its probabilities."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from smartstart.errors import PolicyRefused, UsageError
from smartstart.trial.design import LARGEST_BLOCK, OTHER, Design, Factor, Minimisation, crowded_cells, design_from

BAND = Factor("risk_band", ("low", "high"))
BLOCKS = Design("heusden-1", strata=(BAND,), block_sizes=(4, 6, 8))
SMOKING = Factor("smoking", ("yes", "no"))
RULE = Minimisation((SMOKING,), (1,))
MINIMISED = Design("heusden-1", strata=(BAND,), method="minimisation", minimisation=RULE)
BIG_STICK = Design("heusden-1", method="big_stick", bound=3)
SIMPLE = Design("heusden-1", ("offer", "wait", "care"), (3, 2, 1), method="simple")
EVERYONE = Design("heusden-1", method="everyone")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"block_sizes": ()}, "lacks `block_sizes`"),
        ({"block_sizes": (4,)}, "fixed blocks"),
        ({"block_sizes": (4, 4)}, "doubled or unordered"),
        ({"block_sizes": (8, 4)}, "doubled or unordered"),
        ({"block_sizes": (2, 4)}, "blocks of 2"),
        ({"block_sizes": (4, 5)}, "multiple of 2"),
        ({"ratio": (2, 1)}, "multiple of 3"),
        ({"block_sizes": (0, 4)}, "above 0"),
        ({"block_sizes": (4.0, 6)}, "above 0"),
        ({"block_sizes": (4, LARGEST_BLOCK + 2)}, "more than"),
        ({"ratio": (1, 0)}, "above 0"),
        ({"ratio": (True, True)}, "above 0"),
        ({"ratio": (1, 1, 1)}, "length"),
        ({"arms": ("offer", "offer")}, "different names"),
        ({"arms": ("offer",), "ratio": (1,)}, "two or more arms"),
        ({"arms": ("offer", "")}, "empty name"),
        ({"strata": (BAND, BAND)}, "twice"),
        ({"strata": (Factor("risk_band", ()),)}, "no levels"),
        ({"strata": (Factor("risk_band", ("low", "low")),)}, "one twice"),
        ({"trial_id": ""}, "empty name"),
        ({"method": "alternation"}, "choose one of permuted_blocks, minimisation"),
        ({"unit": "village"}, "choose one of woman, household"),
        ({"bound": 3}, "belongs to the method big_stick"),
        ({"minimisation": RULE}, "belongs to the method minimisation"),
        ({"method": "simple"}, "belongs to the method permuted_blocks"),
    ],
)
def test_a_design_that_does_not_fit_or_can_be_predicted_is_refused(parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(PolicyRefused, match=reason):
        replace(BLOCKS, **parts)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"minimisation": None}, "lacks `minimisation`"),
        ({"minimisation": replace(RULE, weights=())}, "for each a weight"),
        ({"minimisation": replace(RULE, weights=(0,))}, "for each a weight"),
        ({"minimisation": replace(RULE, factors=(), weights=())}, "needs factors"),
        ({"minimisation": replace(RULE, factors=(BAND,))}, "a factor twice"),
        ({"minimisation": replace(RULE, coin="1")}, "below 1"),
        ({"minimisation": replace(RULE, coin="1/2")}, "above 1/2"),
        ({"minimisation": replace(RULE, coin="8/10")}, "lowest terms"),
        ({"minimisation": replace(RULE, coin="often")}, "no fraction"),
        ({"minimisation": replace(RULE, coin="1/0")}, "no fraction"),
        ({"minimisation": replace(RULE, imbalance="entropy")}, "unknown `imbalance`"),
    ],
)
def test_a_minimisation_without_chance_or_without_preference_is_refused(parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(PolicyRefused, match=reason):
        replace(MINIMISED, **parts)


@pytest.mark.parametrize(("bound", "ratio", "reason"), [(1, (1, 1), "2 or more"), (3, (2, 1), "ratio 1, 1")])
def test_a_big_stick_is_for_two_equal_arms_and_never_alternates(
    bound: int, ratio: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(PolicyRefused, match=reason):
        replace(BIG_STICK, bound=bound, ratio=ratio)


def test_the_refusal_of_fixed_blocks_gives_the_measured_reason() -> None:
    with pytest.raises(PolicyRefused, match=r"33 % .* 2\.3 %"):
        replace(BLOCKS, block_sizes=(4,))


def test_the_probability_of_an_arm_is_its_exact_share_of_the_ratio() -> None:
    assert [SIMPLE.probability(arm) for arm in SIMPLE.arms] == [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]
    with pytest.raises(UsageError, match="offer, wait, care"):
        SIMPLE.probability("nobody")


def test_when_everyone_is_offered_the_probability_is_one() -> None:
    assert [EVERYONE.probability(arm) for arm in EVERYONE.arms] == [1, 0]


def test_equal_shares_split_an_unequal_ratio_into_its_parts() -> None:
    assert replace(MINIMISED, ratio=(4, 2)).shares == (0, 0, 1)
    assert replace(MINIMISED, ratio=(2, 1), minimisation=replace(RULE, unequal="biased_coin")).shares == (0, 1)


def test_every_combination_of_levels_is_a_cell() -> None:
    assert BLOCKS.cells == (("low",), ("high",))
    assert len(replace(BLOCKS, strata=(BAND, Factor("practice", ("a", "b", OTHER)))).cells) == 6
    assert BIG_STICK.cells == ((),)


def test_a_value_that_no_level_names_falls_in_other_or_is_refused() -> None:
    assert Factor("practice", ("a", OTHER)).level_of("b") == OTHER
    with pytest.raises(PolicyRefused, match="lacks a level"):
        BAND.level_of("medium")


@pytest.mark.parametrize("design", [BLOCKS, MINIMISED, BIG_STICK, SIMPLE, EVERYONE], ids=lambda d: d.method)
def test_a_design_is_read_back_as_it_was_written(design: Design) -> None:
    assert design_from(design.as_dict()) == design


@pytest.mark.parametrize("part", ["arms", "ratio", "strata", "terms", "method", "minimisation"])
def test_a_stored_design_with_a_part_too_few_or_of_another_kind_is_refused(part: str) -> None:
    plain = MINIMISED.as_dict()
    for damaged in ({k: v for k, v in plain.items() if k != part}, plain | {part: 3}, plain | {"more": 1}):
        with pytest.raises(PolicyRefused):
            design_from(damaged)


@pytest.mark.parametrize("nothing", [{}, [], "", 0, False])
def test_only_null_says_that_a_stored_design_has_no_minimisation(nothing: object) -> None:
    with pytest.raises(PolicyRefused):
        design_from(MINIMISED.as_dict() | {"minimisation": nothing})


def test_whatever_decides_who_is_drawn_is_part_of_the_hash() -> None:
    hashes = {
        design.hash()
        for design in (
            BLOCKS,
            replace(BLOCKS, terms={"eligibility": {"max_age": 28}}),
            replace(BLOCKS, terms={"eligibility": {"max_age": 27}}),
            replace(BLOCKS, unit="household"),
            replace(BLOCKS, strata=(Factor("risk_band", ("high", "low")),)),
        )
    }
    assert len(hashes) == 5


def test_cells_that_do_not_fill_a_block_a_year_are_warned_of() -> None:
    assert crowded_cells(BLOCKS, expected_per_year=65) is None
    many = replace(BLOCKS, strata=(BAND, Factor("practice", tuple("abcdefgh"))))
    assert "16 cells for 65 women a year, 4.1 in a cell" in str(crowded_cells(many, expected_per_year=65))
    assert crowded_cells(MINIMISED, expected_per_year=1) is None
