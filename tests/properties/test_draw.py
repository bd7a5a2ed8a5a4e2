"""Whatever batch comes, in whatever order: the draw keeps its promises."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smartstart.trial.allocation import Allocation, Unit, allocate
from smartstart.trial.design import Design

DESIGN = Design("heusden-1", strata=("risk_band",))

keys = st.binary(min_size=32, max_size=32)
batches = st.dictionaries(st.text(min_size=1, max_size=6), st.sampled_from(["low", "middle", "high"]), max_size=60)
earlier = st.dictionaries(st.sampled_from(["low", "middle", "high"]), st.integers(0, 40))


def units_of(batch: dict[str, str]) -> list[Unit]:
    return [Unit(token, stratum) for token, stratum in batch.items()]


def arms_by_stratum(rows: list[Allocation]) -> dict[str, list[str]]:
    arms: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        arms[row.stratum].append(row.arm)
    return dict(arms)


@given(key=keys, batch=batches, filled=earlier, data=st.data())
def test_the_order_of_rows_does_not_matter(
    key: bytes, batch: dict[str, str], filled: dict[str, int], data: st.DataObject
) -> None:
    units = units_of(batch)
    shuffled = data.draw(st.permutations(units))
    assert allocate(key, DESIGN, "b", units, filled) == allocate(key, DESIGN, "b", shuffled, filled)


@given(key=keys, batch=batches)
def test_the_arms_of_a_stratum_never_differ_by_more_than_half_the_largest_block(
    key: bytes, batch: dict[str, str]
) -> None:
    for arms in arms_by_stratum(allocate(key, DESIGN, "b", units_of(batch), {})).values():
        for women in range(1, len(arms) + 1):
            count = Counter(arms[:women])
            assert abs(count["offer"] - count["care_as_usual"]) <= max(DESIGN.block_sizes) / 2


@given(key=keys, batch=batches, data=st.data())
def test_splitting_a_batch_in_two_keeps_the_sequence_of_arms(
    key: bytes, batch: dict[str, str], data: st.DataObject
) -> None:
    units = units_of(batch)
    cut = data.draw(st.integers(0, len(units)))
    whole = arms_by_stratum(allocate(key, DESIGN, "whole", units, {}))
    first = allocate(key, DESIGN, "first", units[:cut], {})
    second = allocate(key, DESIGN, "second", units[cut:], Counter(row.stratum for row in first))
    assert arms_by_stratum(first + second) == whole


@given(key=keys, batch=batches, filled=earlier)
def test_every_woman_is_drawn_once_in_her_own_stratum(
    key: bytes, batch: dict[str, str], filled: dict[str, int]
) -> None:
    rows = allocate(key, DESIGN, "b", units_of(batch), filled)
    assert {row.token: row.stratum for row in rows} == batch
    assert len(rows) == len(batch)


@given(key=keys, batch=batches, filled=earlier)
def test_the_places_of_a_stratum_follow_one_another(key: bytes, batch: dict[str, str], filled: dict[str, int]) -> None:
    rows = allocate(key, DESIGN, "b", units_of(batch), filled)
    for row, following in pairwise(rows):
        if row.stratum == following.stratum:
            next_place = (row.block, row.position + 1)
            assert (following.block, following.position) in (next_place, (row.block + 1, 1))
        else:
            assert row.stratum < following.stratum
