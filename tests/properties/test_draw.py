"""Whatever design, whatever batches, in whatever order: the draw keeps its promises, and a second program agrees."""

from __future__ import annotations

import importlib.util
from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.trial.allocation import Allocation, Sequence, Unit
from smartstart.trial.design import Design, Factor, Minimisation
from smartstart.trial.entries import Stamp, from_jsonl, to_jsonl
from smartstart.trial.ledger import Ledger, verify

ARMS = ("offer", "care_as_usual", "wait")
STAMP = Stamp("2024-04-02T08:30:00Z", "one officer")
LEVELS = ("a", "b", "c")

keys = st.binary(min_size=32, max_size=32)


def auditors_program() -> Any:
    path = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
    spec = importlib.util.spec_from_file_location("verify_ledger", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


AUDITOR = auditors_program()


@st.composite
def designs(draw: st.DrawFn) -> Design:
    arms = ARMS[: draw(st.integers(2, 3))]
    ratio = tuple(draw(st.lists(st.integers(1, 3), min_size=len(arms), max_size=len(arms))))
    unit = draw(st.sampled_from(["woman", "household"]))
    method = draw(st.sampled_from(["permuted_blocks", "minimisation", "simple", "big_stick"]))
    if method == "permuted_blocks":
        times = draw(st.lists(st.integers(2, 5), min_size=2, max_size=3, unique=True))
        return Design("t", arms, ratio, block_sizes=tuple(sorted(sum(ratio) * n for n in times)), unit=unit)
    if method == "minimisation":
        factors = tuple(Factor(name, LEVELS) for name in "xyz"[: draw(st.integers(1, 3))])
        rule = Minimisation(
            factors,
            tuple(draw(st.lists(st.integers(1, 3), min_size=len(factors), max_size=len(factors)))),
            draw(st.sampled_from(["range", "variance"])),
            draw(st.sampled_from(["2/3", "4/5", "9/10"])),
            draw(st.sampled_from(["equal_shares", "biased_coin"])),
        )
        return Design("t", arms, ratio, "minimisation", minimisation=rule, unit=unit)
    if method == "big_stick":
        return Design("t", ARMS[:2], (1, 1), "big_stick", bound=draw(st.integers(2, 4)), unit=unit)
    return Design("t", arms, ratio, method, unit=unit)


@st.composite
def batches(draw: st.DrawFn, design: Design) -> list[list[Unit]]:
    """Return up to four batches of women who are in one batch each."""
    factors = len(design.minimisation.factors) if design.minimisation else 0
    sizes = draw(st.lists(st.integers(0, 15), min_size=1, max_size=4))
    number, found = 0, []
    for size in sizes:
        batch = []
        for _ in range(size):
            levels = tuple(draw(st.sampled_from(LEVELS)) for _ in range(factors))
            household = f"home {draw(st.integers(0, 20))}" if design.unit == "household" else ""
            batch.append(Unit(f"{number:03}", draw(st.sampled_from(["s", "t"])), levels, household))
            number += 1
        found.append(batch)
    return found


@st.composite
def trials(draw: st.DrawFn) -> tuple[Design, list[list[Unit]]]:
    design = draw(designs())
    return design, draw(batches(design))


def conducted(design: Design, key: bytes, plan: list[list[Unit]]) -> Ledger:
    ledger = Ledger()
    ledger.begin(design, key, programme="p", rehearsal=True, stamp=STAMP)
    for number, units in enumerate(plan):
        made = {"recorded_at": STAMP.recorded_at, "delivery": "de11" * 16}
        ledger.freeze(f"b{number}", as_of=date(2024, 4, 1), units=units, **made)
        ledger.draw(design, key, recorded_at=STAMP.recorded_at)
    return ledger


def allocations(design: Design, key: bytes, plan: list[list[Unit]]) -> list[Allocation]:
    sequence = Sequence(design, key, 1)
    return [row for number, units in enumerate(plan) for row in sequence.allocate(f"b{number}", units)]


@settings(max_examples=150, deadline=None)
@given(trial=trials(), key=keys)
def test_an_independent_program_repeats_every_draw_by_every_method(
    trial: tuple[Design, list[list[Unit]]], key: bytes
) -> None:
    ledger = conducted(trial[0], key, trial[1])
    content = to_jsonl(ledger.entries)
    assert AUDITOR.faults(content, [key], ledger.head) == []
    assert verify(from_jsonl(content), keys=[key], head=ledger.head).ok


@settings(deadline=None)
@given(trial=trials(), key=keys, data=st.data())
def test_the_order_of_rows_does_not_matter(
    trial: tuple[Design, list[list[Unit]]], key: bytes, data: st.DataObject
) -> None:
    design, plan = trial
    shuffled = [data.draw(st.permutations(units)) for units in plan]
    assert allocations(design, key, plan) == allocations(design, key, shuffled)


@settings(deadline=None)
@given(trial=trials(), key=keys)
def test_every_woman_is_drawn_once_with_a_chance_she_really_had(
    trial: tuple[Design, list[list[Unit]]], key: bytes
) -> None:
    design, plan = trial
    rows = allocations(design, key, plan)
    assert sorted(row.token for row in rows) == sorted(unit.token for units in plan for unit in units)
    for row in rows:
        assert row.marginal == str(design.probability(row.arm))
        assert 0 < Fraction(row.conditional) <= 1


@settings(deadline=None)
@given(trial=trials(), key=keys)
def test_women_of_one_home_get_one_arm(trial: tuple[Design, list[list[Unit]]], key: bytes) -> None:
    design, plan = trial
    households: dict[str, set[str]] = defaultdict(set)
    household_of = {unit.token: unit.cluster for units in plan for unit in units if unit.cluster}
    for row in allocations(design, key, plan):
        if row.token in household_of:
            households[household_of[row.token]].add(row.arm)
    assert all(len(arms) == 1 for arms in households.values())


@given(key=keys, sizes=st.lists(st.integers(0, 20), max_size=5))
def test_the_arms_of_a_stratum_never_differ_by_more_than_half_the_largest_block(key: bytes, sizes: list[int]) -> None:
    design = Design("t", block_sizes=(4, 6, 8))
    sequence, number, count = Sequence(design, key, 1), 0, Counter[str]()
    for batch, size in enumerate(sizes):
        units = [Unit(f"{number + n:03}", "s") for n in range(size)]
        number += size
        count.update(row.arm for row in sequence.allocate(f"b{batch}", units))
        assert abs(count["offer"] - count["care_as_usual"]) <= max(design.block_sizes) / 2


@given(key=keys, number=st.integers(0, 60), bound=st.integers(2, 5))
def test_a_big_stick_holds_the_arms_within_its_bound(key: bytes, number: int, bound: int) -> None:
    design = Design("t", method="big_stick", bound=bound)
    count = Counter(
        row.arm for row in Sequence(design, key, 1).allocate("b", [Unit(f"{n:02}", "s") for n in range(number)])
    )
    assert abs(count["offer"] - count["care_as_usual"]) <= bound
