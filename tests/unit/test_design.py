"""The design object: what it refuses, its hash and its probabilities."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from smartstart.errors import PolicyRefused, UsageError
from smartstart.trial.design import LARGEST_BLOCK, Design, crowded_cells, design_from


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"block_sizes": (4,)}, "fixed blocks"),
        ({"block_sizes": (4, 4)}, "doubled or unordered"),
        ({"block_sizes": (8, 4)}, "doubled or unordered"),
        ({"block_sizes": ()}, "fixed blocks"),
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
        ({"strata": ("risk_band", "risk_band")}, "twice"),
        ({"trial_id": ""}, "empty name"),
    ],
)
def test_a_design_that_does_not_fit_or_can_be_predicted_is_refused(parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(PolicyRefused, match=reason):
        Design(**{"trial_id": "heusden-1", **parts})


def test_the_refusal_of_fixed_blocks_gives_the_measured_reason() -> None:
    with pytest.raises(PolicyRefused, match=r"34 % .* 2\.6 %"):
        Design("heusden-1", block_sizes=(4,))


def test_the_probability_of_an_arm_is_its_exact_share_of_the_ratio() -> None:
    design = Design("heusden-1", ("offer", "wait", "care"), (3, 2, 1), (), (6, 12))
    assert [design.probability(arm) for arm in design.arms] == [
        Fraction(1, 2),
        Fraction(1, 3),
        Fraction(1, 6),
    ]
    with pytest.raises(UsageError, match="offer, wait, care"):
        design.probability("nobody")


def test_the_hash_of_a_design_never_changes() -> None:
    design = Design("heusden-1", strata=("risk_band",))
    assert design.hash() == "6f60b2c56e832a720284228e67c516b4cdb76adb44ae95ae1127781b82325145"


@pytest.mark.parametrize(
    "other",
    [
        Design("heusden-2", strata=("risk_band",)),
        Design("heusden-1"),
        Design("heusden-1", strata=("risk_band",), block_sizes=(4, 6)),
        Design("heusden-1", ("care_as_usual", "offer"), strata=("risk_band",)),
        Design("heusden-1", ratio=(2, 2), strata=("risk_band",), block_sizes=(4, 8)),
    ],
)
def test_another_design_has_another_hash(other: Design) -> None:
    assert other.hash() != Design("heusden-1", strata=("risk_band",)).hash()


def test_a_design_is_read_back_as_it_was_written() -> None:
    design = Design("heusden-1", strata=("risk_band", "practice"))
    assert design_from(design.as_dict()) == design


@pytest.mark.parametrize("change", [{"arms": "ab"}, {"extra": 1}, {"ratio": [1, [1]]}, {"trial_id": 3}])
def test_a_stored_design_with_a_wrong_part_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(PolicyRefused):
        design_from({**Design("heusden-1").as_dict(), **change})


def test_cells_that_never_fill_a_block_are_warned_of() -> None:
    design = Design("heusden-1", strata=("risk_band", "practice"))
    warning = crowded_cells(design, {"risk_band": 3, "practice": 5}, expected_per_year=65)
    assert warning is not None
    assert "15 cells" in warning
    assert "4.3 in a cell" in warning


def test_cells_that_fill_a_block_a_year_give_no_warning() -> None:
    design = Design("heusden-1", strata=("risk_band",))
    assert crowded_cells(design, {"risk_band": 3}, expected_per_year=65) is None
    assert crowded_cells(Design("heusden-1"), {}, expected_per_year=6) is None


def test_a_factor_without_levels_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'risk_bands'"):
        crowded_cells(Design("heusden-1", strata=("risk_band",)), {"risk_bands": 3}, 65)
