"""What may leave: no count under ten, all rounded to five, and totals only of what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartstart.report.disclosure import released, released_table, total

counts = st.dictionaries(
    st.sampled_from(["0–1", "2+", "unknown"]),
    st.fixed_dictionaries({"offer": st.integers(0, 60), "care_as_usual": st.integers(0, 60)}),
    min_size=1,
)


@pytest.mark.parametrize(
    ("count", "shown"), [(0, None), (9, None), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (102, 100)]
)
def test_small_counts_are_hidden_and_others_rounded(count: int, shown: int | None) -> None:
    assert released(count) == shown


@given(count=st.integers(0, 10_000))
def test_a_released_count_is_a_multiple_of_five_within_two(count: int) -> None:
    shown = released(count)
    assert shown is None if count < 10 else shown is not None and shown % 5 == 0 and abs(shown - count) <= 2


@given(table=counts)
def test_a_table_shows_all_groups_or_only_their_sum(table: dict[str, dict[str, int]]) -> None:
    shown = released_table(table)
    if any(count < 10 for row in table.values() for count in row.values()):
        assert list(shown) == [""]
        assert shown[""] == {arm: released(sum(row[arm] for row in table.values())) for arm in shown[""]}
    else:
        assert shown == {group: {arm: released(n) for arm, n in row.items()} for group, row in table.items()}


def test_a_total_is_the_sum_of_what_is_shown() -> None:
    assert total([10, None, 25]) == 35
    assert total([None, None]) is None


def test_an_arm_that_a_group_lacks_counts_as_nobody_in_the_sum() -> None:
    assert released_table({"0–1": {"offer": 18}, "2+": {"offer": 9, "care_as_usual": 22}}) == {
        "": {"offer": 25, "care_as_usual": 20}
    }
