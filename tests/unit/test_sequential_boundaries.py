"""Boundaries of planned looks: published constants, bounds and inflation factors, and what is refused."""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from smartstart.errors import UsageError
from smartstart.trial.sequential import crossing as integration
from smartstart.trial.sequential.boundaries import boundaries
from smartstart.trial.sequential.crossing import crossing
from smartstart.trial.sequential.spending import CLASSICAL, NAMES, SPENDING

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "trials" / "vectors_group_sequential.csv"
PUBLISHED_AS = {"OF": "obrien-fleming", "asOF_LanDeMets": "lan-demets-obf", "Pocock": "pocock"}


@pytest.mark.skipif(not VECTORS.exists(), reason="the published vectors are not in ../shared/data/trials")
def test_the_published_vectors_are_reproduced() -> None:
    published = defaultdict(list)
    with VECTORS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            published[row["design"], int(row["K"]), float(row["alpha"])].append(row)
    for (design, looks, alpha), rows in published.items():
        fractions = [float(row["info_fraction"]) for row in rows]
        found = boundaries(looks, alpha, PUBLISHED_AS[design], fractions)
        assert found.z == pytest.approx([float(row["z"]) for row in rows], abs=5e-7)


# Jennison and Turnbull, Group Sequential Methods, 2000, tables 2.1, 2.2 (Pocock) and 2.4 (O'Brien-Fleming), for one
# to ten looks; two-sided error first. The tables hold two-sided tests, which differ from one-sided ones by the chance
# to cross both boundaries: at most one in the third decimal.
POCOCK = {
    0.01: (2.576, 2.772, 2.873, 2.939, 2.986, 3.023, 3.053, 3.078, 3.099, 3.117),
    0.05: (1.960, 2.178, 2.289, 2.361, 2.413, 2.453, 2.485, 2.512, 2.535, 2.555),
    0.10: (1.645, 1.875, 1.992, 2.067, 2.122, 2.164, 2.197, 2.225, 2.249, 2.270),
}
INFLATION = {
    ("pocock", 0.05, 0.8): (1.000, 1.110, 1.166, 1.202, 1.229, 1.249, 1.265, 1.279, 1.291, 1.301),
    ("pocock", 0.05, 0.9): (1.000, 1.100, 1.151, 1.183, 1.207, 1.225, 1.239, 1.252, 1.262, 1.271),
    ("pocock", 0.01, 0.9): (1.000, 1.084, 1.125, 1.152, 1.170, 1.185, 1.197, 1.206, 1.215, 1.222),
    ("obrien-fleming", 0.05, 0.8): (1.000, 1.008, 1.017, 1.024, 1.028, 1.032, 1.035, 1.037, 1.038, 1.040),
    ("obrien-fleming", 0.05, 0.9): (1.000, 1.007, 1.016, 1.022, 1.026, 1.030, 1.032, 1.034, 1.036, 1.037),
    ("obrien-fleming", 0.01, 0.9): (1.000, 1.001, 1.006, 1.010, 1.014, 1.016, 1.018, 1.020, 1.021, 1.022),
}


@pytest.mark.parametrize("both_sides", POCOCK)
def test_pococks_constants_are_those_of_the_tables_for_one_to_ten_looks(both_sides: float) -> None:
    found = [boundaries(looks, both_sides / 2, "pocock").z[0] for looks in range(1, 11)]
    assert found == pytest.approx(POCOCK[both_sides], abs=1.6e-3 if both_sides == 0.1 else 6e-4)


@pytest.mark.parametrize(("spending", "both_sides", "power"), INFLATION)
def test_inflation_factors_are_those_of_the_tables_for_one_to_ten_looks(
    spending: str, both_sides: float, power: float
) -> None:
    found = [boundaries(looks, both_sides / 2, spending, power=power).inflation_factor for looks in range(1, 11)]
    assert found == pytest.approx(INFLATION[spending, both_sides, power], abs=1.1e-3)


# rpact, tests/testthat/test-f_design_group_sequential.R (getDesignInverseNormal, getDesignGroupSequential and
# getDesignCharacteristics): critical values, futility bounds, power by stage, inflation factor, information under
# none, half and the planned effect.
RPACT = [
    (
        (3, 0.03, "hwang-shih-decani", (0.2, 0.4, 1)), {"parameter": 0, "power": 0.86},
        (2.5121443, 2.4228747, 2.0280392), None, (0.12783451, 0.34055165, 0.86),
        1.0788327, (1.0697705, 1.0142116, 0.83081135),
    ),
    (
        (3, 0.07, "hwang-shih-decani", (0.2, 0.4, 1)),
        {"parameter": -1, "power": 0.86, "futility": "hwang-shih-decani:-2"},
        (2.364813, 2.1928805, 1.5660474), (-1.1063623, -0.35992439), (0.12038953, 0.32895265, 0.86),
        1.0869177, (0.79471657, 0.916142, 0.82636428),
    ),
    (
        (3, 0.03, "kim-demets", (0.3, 0.7, 1)), {"parameter": 2.2, "power": 0.66, "futility": "kim-demets:3.2"},
        (2.8594012, 2.2435708, 1.9735737), (-1.1558435, 0.72836893), (0.058336437, 0.398246, 0.66),
        1.0555891, (0.75480974, 0.87361707, 0.86740735),
    ),
    (
        (3, 0.03, "lan-demets-obf"), {"futility": "lan-demets-pocock"},
        (3.5815302, 2.417863, 1.9175839), (0.42062972, 1.2539286), (0.03410434, 0.52267986, 0.8), None, None,
    ),
    (
        (4, 0.13, "lan-demets-obf", (0.4, 0.75, 0.85, 1)), {"power": 0.59, "futility": "kim-demets:2.5"},
        (2.1280732, 1.4368565, 1.422873, 1.2970881), (-0.82676531, 0.3743303, 0.65077266),
        (0.1110095, 0.43099683, 0.50326205, 0.59), None, None,
    ),
    (
        (3, 0.13, "lan-demets-obf", (0.4, 0.75, 1)), {"power": 0.59, "futility": "kim-demets:2.5", "binding": True},
        (2.1280732, 1.4362896, 1.2218662), (-0.84937686, 0.34328914), (0.1067887, 0.41918821, 0.59), None, None,
    ),
    (
        (3, 0.025, "obrien-fleming"), {},
        (3.4710914, 2.4544323, 2.0040356), None, None, None, None,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("design", "options", "z", "futility", "power", "inflation", "expected"), RPACT)
def test_bounds_power_and_expected_information_are_those_of_rpact(
    design: Any, options: Any, z: Any, futility: Any, power: Any, inflation: Any, expected: Any
) -> None:
    found = boundaries(*design, **options)
    assert found.z == pytest.approx(z, abs=2e-7)
    if futility:
        assert found.futility_z == pytest.approx(futility, abs=2e-7)
    if power:
        assert found.stopped_for_efficacy == pytest.approx(power, abs=2e-7)
    if inflation:
        assert found.inflation_factor == pytest.approx(inflation, abs=2e-7)
        assert list(vars(found.expected_information).values()) == pytest.approx(expected, abs=2e-7)


def test_one_look_is_the_fixed_design() -> None:
    for name in NAMES:
        found = boundaries(1, 0.025, name)
        assert found.z == pytest.approx([norm.isf(0.025)])
        assert found.inflation_factor == pytest.approx(1)
        assert found.cumulative_spending == pytest.approx([0.025])


@pytest.mark.parametrize("name", NAMES)
def test_twenty_looks_take_less_than_seconds_and_spend_all_of_the_error(name: str) -> None:
    start = time.perf_counter()
    found = boundaries(20, 0.025, name, futility=None if name in CLASSICAL else "kim-demets")
    assert time.perf_counter() - start < 5
    assert found.cumulative_spending[-1] == pytest.approx(0.025, abs=1e-9)
    assert sum(crossing(found.fractions, found.z).above) == pytest.approx(0.025, abs=1e-9)


def test_the_classical_shapes_hold_for_uneven_looks() -> None:
    fractions = (0.2, 0.55, 0.8, 1)
    flat = boundaries(4, 0.025, "pocock", fractions)
    assert flat.z == pytest.approx([flat.z[0]] * 4)
    falling = boundaries(4, 0.025, "obrien-fleming", fractions)
    assert [z * t**0.5 for z, t in zip(falling.z, fractions, strict=True)] == pytest.approx([falling.z[-1]] * 4)


@pytest.mark.parametrize("drift", [0.0, 2.5, -1.0])
def test_probabilities_by_recursion_are_those_of_the_joint_normal_distribution(drift: float) -> None:
    fractions, upper, lower = (0.3, 0.6, 1.0), (2.5, 2.2, 2.0), (-0.5, 0.3, 2.0)
    found = crossing(fractions, upper, lower, drift)
    assert sum(found.above) + sum(found.below) == pytest.approx(1, abs=1e-11)
    mean = drift * np.sqrt(fractions)
    covariance = [[(min(s, t) / max(s, t)) ** 0.5 for s in fractions] for t in fractions]
    goes_on = multivariate_normal.cdf(
        [2.5, 2.2, 20], mean, covariance, lower_limit=[-0.5, 0.3, 2.0], abseps=1e-8, releps=1e-8, maxpts=1_000_000
    )
    assert found.above[2] == pytest.approx(goes_on, abs=1e-6)


def test_a_finer_grid_changes_no_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    found = boundaries(20, 0.025, "pocock", futility="kim-demets")
    lows = (*(found.futility_z or ()), found.z[-1])
    close = (0.3, 0.302, 0.31, 1.0)
    asked = [(found.fractions, found.z, lows, found.drift), (close, (2.5,) * 4, None, 1.0)]
    coarse = [crossing(*one) for one in asked]
    monkeypatch.setattr(integration, "_PANEL", integration._PANEL / 2)
    monkeypatch.setattr(integration, "_REACH", 12.0)
    for one, before in zip(asked, coarse, strict=True):
        after = crossing(*one)
        assert before.above == pytest.approx(after.above, abs=1e-12)
        assert before.below == pytest.approx(after.below, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fractions", [None, (0.02, 0.31, 0.33, 0.5, 0.71, 0.72, 0.9, 1.0)])
def test_eight_looks_err_no_more_than_alpha(name: str, fractions: tuple[float, ...] | None) -> None:
    found = boundaries(8, 0.025, name, fractions)
    paths = 100_000
    steps = np.sqrt(np.diff([0, *found.fractions]))
    scores = np.cumsum(np.random.default_rng(6).standard_normal((paths, 8)) * steps, axis=1)
    crossed = (scores / np.sqrt(found.fractions) >= found.z).any(axis=1).mean()
    error = (0.025 * 0.975 / paths) ** 0.5
    assert abs(crossed - 0.025) <= 3 * error


def test_futility_that_does_not_bind_leaves_the_boundary_for_efficacy_as_it_was() -> None:
    alone = boundaries(3, 0.025, "kim-demets")
    advised = boundaries(3, 0.025, "kim-demets", futility=(0.0, 0.5))
    bound = boundaries(3, 0.025, "kim-demets", futility=(0.0, 0.5), binding=True)
    assert advised.z == alone.z and advised.inflation_factor > alone.inflation_factor
    assert bound.z[-1] < alone.z[-1]
    assert sum(crossing(bound.fractions, bound.z, (*bound.futility_z, bound.z[-1])).above) == pytest.approx(0.025)


def test_beta_is_spent_as_its_function_says_and_the_power_is_reached() -> None:
    found = boundaries(4, 0.025, "lan-demets-obf", futility="hwang-shih-decani", power=0.9)
    spent = [SPENDING["hwang-shih-decani"].spent(t, 0.1) for t in found.fractions]
    assert found.cumulative_futility == pytest.approx(spent, abs=1e-9)
    assert found.stopped_for_efficacy[-1] == pytest.approx(0.9, abs=1e-9)


def test_spending_rises_from_nothing_to_all() -> None:
    for function in SPENDING.values():
        spent = [function.spent(t / 50, 0.025) for t in range(51)]
        assert spent[0] == 0 and spent[-1] == 0.025
        assert all(after > before for before, after in pairwise(spent[5:]))


@pytest.mark.parametrize(
    ("arguments", "options", "named"),
    [
        ((2, 0.025, "pocok"), {}, "--spending: 'pocok' is unknown (did you mean 'pocock'?)"),
        ((2, 0.5, "pocock"), {}, "--alpha"),
        ((2, 0.0, "pocock"), {}, "--alpha"),
        ((2, float("nan"), "pocock"), {}, "--alpha"),
        ((0, 0.025, "pocock"), {}, "--looks"),
        ((51, 0.025, "pocock"), {}, "--looks"),
        ((2, 0.025, "pocock", (0.5, 0.7, 1)), {}, "--fractions: there are 3 for 2 looks"),
        ((2, 0.025, "pocock", (1, 0.5)), {}, "--fractions: must rise"),
        ((2, 0.025, "pocock", (0.5, 0.5)), {}, "--fractions: must rise"),
        ((2, 0.025, "pocock", (float("nan"), 1)), {}, "--fractions: must rise"),
        ((2, 0.025, "pocock", (0.5, 0.9)), {}, "--fractions: must end at 1"),
        ((2, 0.025, "pocock"), {"power": 1.0}, "--power"),
        ((2, 0.025, "pocock"), {"power": 0.01}, "--power"),
        ((2, 0.025, "pocock"), {"parameter": 2.0}, "--parameter: 'pocock' has none"),
        ((2, 0.025, "kim-demets"), {"parameter": -1.0}, "--parameter: that of 'kim-demets' lies from"),
        ((2, 0.025, "kim-demets"), {"futility": "kim-demet"}, "--futility: 'kim-demet' is unknown (did you mean"),
        ((2, 0.025, "kim-demets"), {"futility": "kim-demets:x"}, "--futility"),
        ((2, 0.025, "kim-demets"), {"futility": "kim-demets:-3"}, "--futility"),
        ((2, 0.025, "kim-demets"), {"futility": (0.1, 0.2)}, "--futility: give a value of Z for each look"),
        ((2, 0.025, "kim-demets"), {"futility": (5.0,)}, "--futility: lies at or above"),
        ((2, 0.025, "kim-demets"), {"binding": True}, "--binding"),
        ((3, 0.025, "obrien-fleming"), {"futility": (3.3, 2.4), "binding": True}, "--futility"),
        ((3, 0.025, "kim-demets"), {"futility": (3.1, 2.46), "binding": True}, "--futility"),
    ],
)
def test_a_design_that_cannot_be_is_refused_in_one_sentence_that_names_the_option(
    arguments: Any, options: Any, named: str
) -> None:
    with pytest.raises(UsageError) as refused:
        boundaries(*arguments, **options)
    assert str(refused.value).startswith(named)
    assert "\n" not in str(refused.value)
