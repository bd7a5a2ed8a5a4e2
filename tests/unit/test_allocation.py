"""The draw gives the same answer for ever, by every method, and everybody's chances are exact."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from smartstart.errors import PolicyRefused, StateError
from smartstart.trial import allocation
from smartstart.trial.allocation import (
    Allocation,
    Sequence,
    Unit,
    Words,
    blind_order,
    event_seal,
    household_code,
    key_commitment,
    level_code,
    nonce_commitment,
    stratum_code,
    subject_token,
)
from smartstart.trial.design import Design, Factor, Minimisation

KEY = bytes(range(32))
BAND = Factor("risk_band", ("low", "high"))
BLOCKS = Design("heusden-1", strata=(BAND,), block_sizes=(4, 6, 8))
THREE_ARMS = Design("heusden-1", ("offer", "wait", "care_as_usual"), (2, 1, 1), block_sizes=(4, 8))
BIG_STICK = Design("heusden-1", method="big_stick", bound=3)
SIMPLE = Design("heusden-1", ratio=(3, 1), method="simple")
EVERYONE = Design("heusden-1", method="everyone")
MINIMISED = Design(
    "heusden-1",
    method="minimisation",
    minimisation=Minimisation((Factor("smoking", ("y", "n")), Factor("language", ("d", "o"))), (2, 1)),
)
UNEQUAL = replace(MINIMISED, ratio=(2, 1))
ALL = {
    "blocks": BLOCKS,
    "three arms": THREE_ARMS,
    "big stick": BIG_STICK,
    "simple": SIMPLE,
    "everyone": EVERYONE,
    "minimised": MINIMISED,
    "unequal": UNEQUAL,
}


def women(design: Design, number: int, first: int = 0) -> list[Unit]:
    """Return units in two strata, with levels that the design asks for."""
    factors = len(design.minimisation.factors) if design.minimisation else 0
    return [
        Unit(f"{n:04}", f"s{n % 2}", tuple(f"l{n // 3 % 2}" if f else f"l{n // 5 % 2}" for f in range(factors)))
        for n in range(first, first + number)
    ]


def drawn(design: Design, number: int = 12) -> str:
    letters = {"offer": "o", "wait": "w", "care_as_usual": "c"}
    return "".join(letters[a.arm] for a in Sequence(design, KEY, 1).allocate("2024Q1", women(design, number)))


def in_order(rows: list[Allocation], stratum: str) -> list[Allocation]:
    found = [row for row in rows if row.stratum == stratum]
    return sorted(found, key=lambda row: (row.step["block"], row.step["position"]))


# --- known answers: computed once, true for ever -----------------------------------------------------------


def test_the_codes_of_a_key_never_change() -> None:
    assert key_commitment(KEY) == "1b2c320d4eccd363a616ddb71f3b5a66f8b3dbf741949e93b7d42d8cd2ae12cf"
    assert nonce_commitment("dice of 3 April") == "f3a4ed977734458e066c86e3372e7d111900d0ae6ecb2117b9494487b0665772"
    assert subject_token(KEY, "research-1") == "e57b02f32bc976303f4501e7fca4885d"
    assert stratum_code(KEY, "heusden-1", 1, ("high",)) == "1cd78baadcca340b"
    assert level_code(KEY, "heusden-1", 1, "smoking", "y") == "c63fb31e39d94eac"
    assert household_code(KEY, "5151zz 1") == "4c29b45e7a58ae7b"
    assert (
        event_seal(KEY, "token", ["aanvaard", "2024-05-01"])
        == "d1f0a1f068020b78b6d45de17c64108338e782a212ef1166df18350d677844da"
    )


def test_which_arm_is_called_x_never_changes_and_follows_from_the_key_and_the_trial() -> None:
    def names(key: bytes) -> str:
        return "".join("X" if blind_order(key, f"t{n}") else "Y" for n in range(12))

    assert names(KEY) == "YXXXXXXYXXYY" and names(bytes(range(1, 33))) == "YYYYXXXXYYYY"


@pytest.mark.parametrize(
    ("name", "arms"),
    [
        ("blocks", "cccocoocoooc"),
        ("three arms", "ccwocoowowoo"),
        ("big stick", "cocccocooooc"),
        ("simple", "cocooocooooo"),
        ("everyone", "oooooooooooo"),
        ("minimised", "ooccccoccooc"),
        ("unequal", "occocccooooo"),
    ],
)
def test_a_draw_by_each_method_never_changes(name: str, arms: str) -> None:
    assert drawn(ALL[name]) == arms


def test_a_unit_is_kept_with_all_its_codes_and_what_it_has_not_is_empty() -> None:
    assert Unit("t", "s").as_dict() == {"token": "t", "stratum": "s", "levels": [], "cluster": "", "facts": ""}
    assert Unit("t", "s", ("a", "b"), "h", "f").as_dict() == {
        "token": "t", "stratum": "s", "levels": ["a", "b"], "cluster": "h", "facts": "f",
    }  # fmt: skip


# --- what a batch is ---------------------------------------------------------------------------------------


def test_a_woman_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(PolicyRefused, match="twice"):
        Sequence(BLOCKS, KEY, 1).allocate("2024Q1", [Unit("a", "01"), Unit("a", "02")])


def test_an_empty_batch_gives_no_allocations() -> None:
    assert Sequence(BLOCKS, KEY, 1).allocate("2024Q1", []) == []


@pytest.mark.parametrize("design", ALL.values(), ids=ALL)
def test_allocations_stand_in_the_order_of_the_tokens_which_says_nothing(design: Design) -> None:
    rows = Sequence(design, KEY, 1).allocate("2024Q1", women(design, 30)[::-1])
    assert [row.token for row in rows] == [unit.token for unit in women(design, 30)]
    assert {row.marginal for row in rows} <= {str(design.probability(arm)) for arm in design.arms}


def test_left_over_places_of_a_block_carry_over_to_the_next_batch() -> None:
    sequence = Sequence(BLOCKS, KEY, 1)
    rows = sequence.allocate("a", women(BLOCKS, 15)) + sequence.allocate("b", women(BLOCKS, 20, first=15))
    for stratum in ("s0", "s1"):
        blocks: dict[int, list[str]] = defaultdict(list)
        for row in in_order(rows, stratum):
            assert row.step["position"] == len(blocks[row.step["block"]]) + 1
            blocks[row.step["block"]].append(row.arm)
        for full in list(blocks.values())[:-1]:
            assert len(full) in BLOCKS.block_sizes and Counter(full)["offer"] == len(full) / 2


def test_a_nonce_changes_the_draw_also_inside_an_open_block() -> None:
    def second_batch(nonce: str) -> list[str]:
        sequence = Sequence(BLOCKS, KEY, 1)
        sequence.allocate("a", women(BLOCKS, 1))
        return [row.arm for row in sequence.allocate("b", women(BLOCKS, 24, first=1), nonce)]

    assert len({tuple(second_batch(f"nonce {n}")) for n in range(8)}) == 8


def test_another_key_trial_epoch_batch_or_stratum_gives_another_draw() -> None:
    def arms(key: bytes = KEY, trial: str = "t", epoch: int = 1, batch: str = "b", stratum: str = "s") -> list[str]:
        units = [Unit(f"{n:02}", stratum) for n in range(40)]
        design = Design(trial, method="simple")
        return [row.arm for row in Sequence(design, key, epoch).allocate(batch, units)]

    draws = [arms(), arms(bytes(32)), arms(trial="u"), arms(epoch=2), arms(batch="c"), arms(stratum="z")]
    assert all(one != other for place, one in enumerate(draws) for other in draws[place + 1 :])


# --- households --------------------------------------------------------------------------------------------


def test_sisters_in_one_home_get_one_arm_and_the_second_has_no_chance_of_her_own() -> None:
    design = replace(BLOCKS, unit="household")
    sequence = Sequence(design, KEY, 1)
    rows = sequence.allocate("a", [Unit(f"{n:03}", f"s{n % 2}", (), f"home {n // 2}") for n in range(60)])
    rows += sequence.allocate("b", [Unit("later", "s0", (), "home 0")])
    households: dict[str, list[Allocation]] = defaultdict(list)
    for row in rows:
        households["home 0" if row.token == "later" else f"home {int(row.token) // 2}"].append(row)
    for sisters in households.values():
        assert len({row.arm for row in sisters}) == 1
        assert sum(row.step == {"cluster": 1} and row.conditional == "1" for row in sisters) == len(sisters) - 1
        assert {row.marginal for row in sisters} == {"1/2"}


# --- chance ------------------------------------------------------------------------------------------------


def chi_square(observed: list[int]) -> float:
    expected = sum(observed) / len(observed)
    return sum((count - expected) ** 2 / expected for count in observed)


def test_each_block_size_and_each_order_of_a_block_of_four_is_as_likely_as_the_others() -> None:
    rows = Sequence(BLOCKS, KEY, 1).allocate("b", [Unit(f"{n:05}", "s") for n in range(24_000)])
    blocks: dict[int, str] = defaultdict(str)
    for row in in_order(rows, "s"):
        blocks[row.step["block"]] += row.arm[0]
    full = list(blocks.values())[:-1]
    sizes, orders = Counter(map(len, full)), Counter(block for block in full if len(block) == 4)
    assert chi_square([sizes[size] for size in BLOCKS.block_sizes]) < 13.8  # 2 degrees of freedom, p = 0.001
    assert len(orders) == 6 and chi_square(list(orders.values())) < 20.5  # 5 degrees of freedom, p = 0.001


def test_the_conditional_chance_is_what_the_open_block_has_left() -> None:
    for row in in_order(Sequence(BLOCKS, KEY, 1).allocate("b", women(BLOCKS, 200)), "s0"):
        if row.step["position"] == 1:
            assert row.conditional == "1/2"
    assert {Fraction(row.conditional) for row in Sequence(BLOCKS, KEY, 1).allocate("b", women(BLOCKS, 200))} >= {
        Fraction(1),
        Fraction(1, 3),
    }


def test_a_number_past_the_last_whole_multiple_is_thrown_away() -> None:
    words = Words(KEY, "any")
    words._words = iter([2**32 - 1, 5])  # 2**32 - 1 is a whole multiple of 3, so only lower words are fair
    assert words.below(3) == 2


# --- refusals and separation -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    for use in (lambda: key_commitment(key), lambda: subject_token(key, "r"), lambda: Words(key, "any").below(2)):
        with pytest.raises(StateError, match="32 bytes"):
            use()
    with pytest.raises(StateError, match="32 bytes"):
        Sequence(BLOCKS, key, 1).allocate("b", women(BLOCKS, 1))


def test_names_that_run_together_give_different_codes() -> None:
    assert stratum_code(KEY, "t", 1, ("a", "b")) != stratum_code(KEY, "t", 1, ("ab",))
    assert stratum_code(KEY, "t", 1, ("a", "b")) != stratum_code(KEY, "t", 1, ('a","b',))
    assert stratum_code(KEY, "t", 1, ("a",)) != stratum_code(KEY, "t", 11, ("a",))


def test_the_seal_of_the_steps_hides_them_and_binds_to_them() -> None:
    sequence = Sequence(BLOCKS, KEY, 1)
    rows = sequence.allocate("b", women(BLOCKS, 9))
    other = [replace(rows[0], conditional="9/10"), *rows[1:]]
    assert sequence.seal("b", rows) != sequence.seal("b", other)
    assert "block" not in rows[0].as_dict() and "conditional" not in rows[0].as_dict()


def test_the_trial_folder_asks_no_clock_and_no_generator() -> None:
    folder = Path(allocation.__file__).parent
    for source in folder.glob("*.py"):
        text = source.read_text("utf-8")
        for word in ("import random", "import secrets", "import time", "urandom", "numpy", ".now(", ".today("):
            assert word not in text, f"{source.name} uses {word}"
