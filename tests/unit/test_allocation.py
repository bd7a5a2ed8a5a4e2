"""The draw gives the same answer for ever, and a second way of computing it agrees."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from pathlib import Path

import pytest

from smartstart.errors import PolicyRefused, StateError
from smartstart.trial import allocation
from smartstart.trial.allocation import (
    Unit,
    allocate,
    block,
    draw_order,
    key_commitment,
    stratum_code,
    subject_token,
)
from smartstart.trial.design import Design

KEY = bytes(range(32))
DESIGN = Design("heusden-1", strata=("risk_band",))
HIGH = "2a8595da5b7a10c4"
LETTERS = {"o": "offer", "c": "care_as_usual", "w": "wait"}
THREE_ARMS = Design("heusden-1", ("offer", "wait", "care_as_usual"), (2, 1, 1), (), (4, 8))


# --- known answers: computed once, true for ever -----------------------------------------------------------


def test_the_codes_of_a_key_never_change() -> None:
    assert key_commitment(KEY) == "fd4d1ffb810c405971b55ebf0aeacb0e70e59e35732e7b2fe620e97a22f94b19"
    assert subject_token(KEY, "research-1") == "67b6bc2b60b49f710995fbeaca72a7a4"
    assert stratum_code(KEY, "heusden-1", ("high",)) == HIGH


def test_the_order_of_a_batch_never_changes() -> None:
    assert draw_order(KEY, "heusden-1", "2024Q1", "abcde") == ["c", "d", "e", "b", "a"]


@pytest.mark.parametrize(
    ("design", "stratum", "number", "arms"),
    [
        (DESIGN, HIGH, 1, "coocco"),
        (DESIGN, HIGH, 2, "ccoccooo"),
        (DESIGN, HIGH, 3, "coocoocc"),
        (DESIGN, HIGH, 4, "coco"),
        (DESIGN, HIGH, 5, "occo"),
        (DESIGN, HIGH, 6, "occoococ"),
        (THREE_ARMS, "s", 1, "coow"),
        (THREE_ARMS, "s", 2, "owococow"),
        (THREE_ARMS, "s", 3, "wowococo"),
    ],
)
def test_the_arms_of_a_block_never_change(design: Design, stratum: str, number: int, arms: str) -> None:
    assert block(KEY, design, stratum, number) == tuple(LETTERS[letter] for letter in arms)


def test_a_whole_small_draw_never_changes() -> None:
    units = [Unit(token, "01" if place % 3 else "02") for place, token in enumerate("abcdefg")]
    drawn = allocate(KEY, DESIGN, "2024Q1", units, {"01": 3})
    assert [(row.token, row.stratum, row.arm, row.block, row.position) for row in drawn] == [
        ("c", "01", "offer", 1, 4),
        ("e", "01", "care_as_usual", 1, 5),
        ("b", "01", "offer", 1, 6),
        ("f", "01", "care_as_usual", 2, 1),
        ("g", "02", "care_as_usual", 1, 1),
        ("d", "02", "care_as_usual", 1, 2),
        ("a", "02", "offer", 1, 3),
    ]
    assert {row.probability for row in drawn} == {"1/2"}


# --- a second way ------------------------------------------------------------------------------------------


def arms_another_way(key: bytes, design: Design, stratum: str, number: int) -> list[str]:
    """The same block from the description in words: one long number stream, and a shuffle by slices."""
    stream = b""
    for counter in range(50):
        message = json.dumps(["smartstart/1/block", design.trial_id, stratum, number, counter], separators=(",", ":"))
        stream += hmac.new(key, message.encode(), hashlib.sha256).digest()
    numbers = [int(stream[i : i + 4].hex(), 16) for i in range(0, len(stream), 4)]

    def take(limit: int) -> int:
        while numbers[0] >= (2**32 // limit) * limit:
            numbers.pop(0)
        return numbers.pop(0) % limit

    size = design.block_sizes[take(len(design.block_sizes))]
    left = [
        arm
        for arm, part in zip(design.arms, design.ratio, strict=True)
        for _ in range(part * size // sum(design.ratio))
    ]
    arms: list[str] = []
    while len(left) > 1:  # the arm drawn goes to the end; the last of those left takes its place
        place = take(len(left))
        arms.insert(0, left[place])
        left[place] = left[-1]
        left.pop()
    return left + arms


@pytest.mark.parametrize("design", [DESIGN, THREE_ARMS, Design("t", ratio=(2, 1), block_sizes=(3, 6, 9))])
@pytest.mark.parametrize("stratum", ["a", "b", HIGH])
def test_two_independent_ways_give_the_same_blocks(design: Design, stratum: str) -> None:
    for number in range(1, 100):
        assert list(block(KEY, design, stratum, number)) == arms_another_way(KEY, design, stratum, number)


# --- chance ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", [DESIGN, THREE_ARMS])
def test_every_block_holds_the_arms_exactly_in_ratio(design: Design) -> None:
    for number in range(1, 300):
        arms = block(KEY, design, "any", number)
        repeats = len(arms) // sum(design.ratio)
        assert len(arms) in design.block_sizes
        assert Counter(arms) == {arm: part * repeats for arm, part in zip(design.arms, design.ratio, strict=True)}


def chi_square(observed: list[int]) -> float:
    expected = sum(observed) / len(observed)
    return sum((count - expected) ** 2 / expected for count in observed)


def test_each_block_size_is_as_likely_as_the_others() -> None:
    sizes = Counter(len(block(KEY, DESIGN, "sizes", number)) for number in range(1, 3001))
    assert chi_square([sizes[size] for size in DESIGN.block_sizes]) < 13.8  # 2 degrees of freedom, p = 0.001


def test_each_order_of_a_block_of_four_is_as_likely_as_the_others() -> None:
    orders = Counter(arms for number in range(1, 6001) if len(arms := block(KEY, DESIGN, "orders", number)) == 4)
    assert len(orders) == 6
    assert chi_square(list(orders.values())) < 20.5  # 5 degrees of freedom, p = 0.001


def test_a_number_past_the_last_whole_multiple_is_thrown_away() -> None:
    words = iter([2**32 - 1, 5])  # 2**32 - 1 is a whole multiple of 3, so only lower words are fair
    assert allocation._below(3, words) == 2


# --- refusals and separation -------------------------------------------------------------------------------


def test_a_woman_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(PolicyRefused, match="twice"):
        allocate(KEY, DESIGN, "2024Q1", [Unit("a", "01"), Unit("a", "02")], {})


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(StateError, match="32 bytes"):
        key_commitment(key)
    with pytest.raises(StateError, match="32 bytes"):
        subject_token(key, "research-1")


def test_fewer_than_no_earlier_allocations_is_refused() -> None:
    with pytest.raises(StateError, match="verify the ledger"):
        allocate(KEY, DESIGN, "2024Q1", [Unit("a", "01")], {"01": -1})


def test_an_empty_batch_gives_no_allocations() -> None:
    assert allocate(KEY, DESIGN, "2024Q1", [], {"01": 3}) == []


def test_names_that_run_together_give_different_codes() -> None:
    assert stratum_code(KEY, "t", ("a", "b")) != stratum_code(KEY, "t", ("ab",))
    assert stratum_code(KEY, "t", ("a", "b")) != stratum_code(KEY, "t", ('a","b',))
    assert stratum_code(KEY, "t", ("a",)) != stratum_code(KEY, "ta", ())


def test_another_key_trial_stratum_or_block_gives_another_stream() -> None:
    def run(key: bytes, trial: str, stratum: str, first: int) -> list[tuple[str, ...]]:
        return [block(key, Design(trial), stratum, number) for number in range(first, first + 20)]

    streams = [
        run(KEY, "t", "a", 1),
        run(bytes(32), "t", "a", 1),
        run(KEY, "u", "a", 1),
        run(KEY, "t", "b", 1),
        run(KEY, "t", "a", 21),
    ]
    assert all(one != other for place, one in enumerate(streams) for other in streams[place + 1 :])


def test_the_trial_folder_asks_no_clock_and_no_generator() -> None:
    folder = Path(allocation.__file__).parent
    for source in folder.glob("*.py"):
        text = source.read_text("utf-8")
        for word in (
            "import random",
            "import secrets",
            "import time",
            "urandom",
            "numpy",
            ".now(",
            ".today(",
        ):
            assert word not in text, f"{source.name} uses {word}"
