"""What an attacker can work out, on pages small enough to reckon by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from smartstart.report.council import attack
from smartstart.report.council.attack import MOST, _solution, feasible, given_away
from smartstart.report.council.facts import BOTH

OFFER, CARE = "offer", "care_as_usual"
Counts = dict[str, int | None]


def page(drawn: Counts | None = None, **parts: Any) -> dict[str, Any]:
    """Return a page of two arms of twenty (each 18 to 22) with these parts, and nothing else."""
    of_taken = ("reasons", "not_drawn", "excluded", "analysed")
    taken = {"reasons": {}, "not_drawn": None, "excluded": {}, "analysed": {}}
    taken |= {"drawn": {OFFER: 20, CARE: 20} if drawn is None else drawn}
    taken |= {name: parts.pop(name) for name in of_taken if name in parts}
    return {"taken": taken, "practices": {}, "outcomes": [], "waves": [], "events_by_half_year": []} | parts


def outcome(known: Counts, events: Counts | None = None) -> dict[str, Any]:
    return {"outcome": "o", "at": "24", "known": known, "events": events or {}}


def wave(arm: str, n: int | None) -> dict[str, Any]:
    return {"scale": "s", "moment": "m", "arm": arm, "n": n}


def given(**parts: Any) -> dict[str, Any]:
    return {"reach": {}, "care": {}, "needs": {}} | parts


def ends(*pages: dict[str, Any], **names: Any) -> tuple[int, int]:
    return feasible(pages)[len(pages) - 1, names["of"]]


# --- a count by itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shown", "known"), [(10, (10, 12)), (15, (13, 17)), (20, (18, 22)), (100, (98, 102))])
def test_of_a_rounded_count_all_that_round_to_it_are_possible_and_none_under_ten(
    shown: int, known: tuple[int, int]
) -> None:
    assert ends(page({BOTH: shown}), of=f"drawn {BOTH}") == known


def test_a_hidden_count_may_be_anything_also_more_than_nine() -> None:
    assert feasible([page({BOTH: None})]) == {(0, f"drawn {BOTH}"): (0, MOST), (0, "not drawn"): (0, MOST)}
    assert MOST == 1_000_000 and given_away([page({BOTH: None})]) == []


def test_who_was_not_drawn_is_one_count_unless_reasons_are_told() -> None:
    assert ends(page(not_drawn=30), of="not drawn") == (28, 32)
    by_reason = feasible([page(not_drawn=30, reasons={"waiting": 30})])
    assert by_reason[0, "reason waiting"] == (28, 32) and (0, "not drawn") not in by_reason


# --- sums -------------------------------------------------------------------------------------------------


def test_arms_and_practices_are_the_same_women_twice() -> None:
    one = page(practices={"a": 35})  # 33 to 37 of the 36 to 44 in both arms
    assert feasible([one]) == {
        (0, "not drawn"): (0, MOST - 36), (0, f"drawn {OFFER}"): (18, 19), (0, f"drawn {CARE}"): (18, 19),
        (0, "practice a"): (36, 37),
    }  # fmt: skip
    assert given_away([one]) == [(0, f"drawn {OFFER}"), (0, f"drawn {CARE}"), (0, "practice a")]


def test_a_shown_count_is_given_away_when_its_largest_value_alone_is_impossible() -> None:
    narrowed = page({OFFER: 20, CARE: 20}, practices={"a": 20, "b": 15})  # 31 to 39, of which 36 to 39 are possible
    assert feasible([narrowed])[0, f"drawn {OFFER}"] == (18, 21)
    assert (0, f"drawn {OFFER}") in given_away([narrowed])


def test_a_shown_count_is_given_away_when_its_least_value_alone_is_impossible() -> None:
    narrowed = page({OFFER: 20, CARE: 20}, practices={"a": 25, "b": 20})  # 41 to 49, of which 41 to 44 are possible
    assert feasible([narrowed])[0, f"drawn {OFFER}"] == (19, 22)
    assert (0, f"drawn {OFFER}") in given_away([narrowed])


@pytest.mark.parametrize(("other", "most", "away"), [(35, 11, False), (37, 9, False), (38, 8, True), (45, 1, True)])
def test_a_hidden_part_is_given_away_when_it_cannot_be_nine(other: int, most: int, away: bool) -> None:
    one = page(practices={"a": other, "b": None})  # 44 women at most, of whom so many at least stand in the other
    assert feasible([one])[0, "practice b"] == (0, most)
    assert ((0, "practice b") in given_away([one])) is away


def test_a_hidden_part_that_cannot_be_nought_is_given_away() -> None:
    one = page(practices={"a": 30, "b": None})  # at least 36 women, of whom at most 32 stand in the other
    assert feasible([one])[0, "practice b"][0] == 4 and (0, "practice b") in given_away([one])


def test_excluded_and_analysed_are_all_who_were_drawn() -> None:
    one = page({BOTH: 60}, excluded={BOTH: 10}, analysed={BOTH: 45})  # 58 to 62; 10 to 12 with 43 to 47
    found = feasible([one])
    assert found[0, f"drawn {BOTH}"] == (58, 59)
    assert found[0, f"excluded {BOTH}"] == (11, 12) and found[0, f"analysed {BOTH}"] == (46, 47)


def test_the_arms_of_a_page_are_judged_each_by_itself() -> None:
    one = page({OFFER: 60, CARE: 60}, excluded={OFFER: 10, CARE: 10}, analysed={OFFER: 45, CARE: 50})
    found = feasible([one])
    assert found[0, f"drawn {OFFER}"] == (58, 59) and found[0, f"drawn {CARE}"] == (58, 62)


# --- parts and wholes -------------------------------------------------------------------------------------

ALONE = {"drawn": {BOTH: 20}}  # told together: 18 to 22


@pytest.mark.parametrize(
    ("name", "part", "whole"),
    [
        (f"known o 24 {OFFER}", page(outcomes=[outcome({OFFER: 20})]), 22),
        (f"known o 24 {OFFER}", page({OFFER: None}, excluded={OFFER: 10}, analysed={OFFER: 15},
                                     outcomes=[outcome({OFFER: None})]), 17),
        (f"events o 24 {OFFER}", page(outcomes=[outcome({OFFER: 15}, {OFFER: None})]), 17),
        ("reach accepted", page(delivery=given(reach={"accepted": None})), 22),
        ("reach accepted", page(**ALONE, delivery=given(reach={"accepted": None})), 22),
        ("reach met", page(delivery=given(reach={"accepted": 15, "met": None})), 17),
        (f"care visit {CARE}", page(delivery=given(care={"visit": {CARE: None}})), 22),
        (f"care visit {CARE}", page(**ALONE, delivery=given(care={"visit": {CARE: None}})), 22),
        ("need wonen", page(not_drawn=30, delivery=given(needs={"wonen": None})), 76),
        ("need wonen", page(reasons={"waiting": 20, "left": 10}, delivery=given(needs={"wonen": None})), 78),
        (f"wave s m {OFFER}", page(waves=[wave(OFFER, None)]), 22),
        (f"wave s m {OFFER}", page(**ALONE, waves=[wave(OFFER, None)]), 22),
        (f"wave s m {BOTH}", page(waves=[wave(BOTH, None)]), 44),
        ("events by 1", page(events_by_half_year=[(1, None, 15)]), 17),
        ("followed 1", page(events_by_half_year=[(1, None, None)]), 44),
    ],
)  # fmt: skip
def test_a_part_is_at_most_its_whole(name: str, part: dict[str, Any], whole: int) -> None:
    low, high = feasible([part])[0, name]
    assert low in {0, 18} and high == whole


@pytest.mark.parametrize(
    "impossible",
    [
        page(outcomes=[outcome({OFFER: 30})]),
        page({OFFER: 60}, excluded={OFFER: 20}, analysed={OFFER: 40}, outcomes=[outcome({OFFER: 50})]),
        page(outcomes=[outcome({OFFER: 15}, {OFFER: 25})]),
        page(delivery=given(reach={"accepted": 30})),
        page(delivery=given(reach={"accepted": 10, "met": 20})),
        page(delivery=given(care={"visit": {CARE: 30}})),
        page(**ALONE, delivery=given(care={"visit": {CARE: 30}})),
        page(not_drawn=30, delivery=given(needs={"wonen": 90})),
        page(waves=[wave(CARE, 30)]),
        page(**ALONE, waves=[wave(CARE, 30)]),
        page(events_by_half_year=[(1, 20, 10)]),
        page(events_by_half_year=[(1, None, 60)]),
        page(practices={"a": 90}),
        page({BOTH: 60}, excluded={BOTH: 10}, analysed={BOTH: 30}),
    ],
)
def test_on_a_page_that_cannot_be_true_nothing_can_be_worked_out(impossible: dict[str, Any]) -> None:
    assert feasible([impossible]) == {} and given_away([impossible]) == []


def test_each_count_has_the_name_of_its_place() -> None:
    whole = page(
        reasons={"waiting": 30, "left": None}, excluded={OFFER: 10}, analysed={OFFER: 10}, practices={"a": None},
        outcomes=[outcome({OFFER: 10}, {OFFER: None})], waves=[wave(OFFER, 10)], events_by_half_year=[(2, None, 10)],
        delivery=given(reach={"accepted": 10}, care={"visit": {CARE: 10}}, needs={"wonen": 10}),
    )  # fmt: skip
    assert list(feasible([whole])) == [
        (0, name) for name in (
            "reason waiting", "reason left", f"drawn {OFFER}", f"drawn {CARE}", f"excluded {OFFER}",
            f"analysed {OFFER}", "practice a", f"known o 24 {OFFER}", f"events o 24 {OFFER}", "reach accepted",
            f"care visit {CARE}", "need wonen", f"wave s m {OFFER}", "events by 2", "followed 2",
        )
    ]  # fmt: skip


# --- one page after the other -----------------------------------------------------------------------------


def test_who_was_drawn_stays_drawn() -> None:
    assert feasible([page({BOTH: 25}), page({BOTH: 20})]) == {}  # 23 to 27, and then 18 to 22
    found = feasible([page({OFFER: 15, CARE: 15}), page({BOTH: 30})])
    assert found[0, f"drawn {OFFER}"] == (13, 17) and found[1, f"drawn {BOTH}"] == (28, 32)
    found = feasible([page({OFFER: 15, CARE: 20}), page({BOTH: 30})])  # 31 to 39, and then 28 to 32
    assert found[1, f"drawn {BOTH}"] == (31, 32) and found[0, f"drawn {OFFER}"] == (13, 14)
    assert (1, f"drawn {BOTH}") in given_away([page({OFFER: 15, CARE: 20}), page({BOTH: 30})])


def test_a_later_page_may_show_more() -> None:
    assert given_away([page({BOTH: 20}), page({BOTH: 60})]) == []


@pytest.mark.parametrize("told", [{"reasons": {"waiting": 20}}, {"reasons": {"a": 10, "b": 10}}, {"not_drawn": 20}])
def test_who_was_seen_stays_seen_for_whatever_reason_she_was_not_drawn(told: dict[str, Any]) -> None:
    before = page(reasons={"waiting": 40})
    assert feasible([before, page(**told)]) == {} != feasible([before, page()])
    # as many more were drawn: 38 to 42 and 36 to 44, and then 18 to 24 and 58 to 62
    assert feasible([before, page({BOTH: 60}, **told)])


def test_a_practice_keeps_those_who_were_drawn_in_it() -> None:
    before, after = page(practices={"a": 20, "b": 20}), page({BOTH: 60}, practices={"a": 15, "b": 45})
    assert feasible([before, after]) == {}
    found = feasible([before, page({BOTH: 60}, practices={"a": 20, "b": 40})])
    assert found[0, "practice a"] == (18, 22) == found[1, "practice a"]


def test_a_practice_that_was_not_named_before_had_any_number_and_one_that_is_not_any_more_keeps_them() -> None:
    found = feasible([page({BOTH: 20}, practices={"a": 20}), page({BOTH: 20}, practices={"b": 20})])
    assert found[1, "practice b"] == (18, 22) == found[0, "practice a"]


def test_each_page_is_held_against_the_one_before_it() -> None:
    pages = [page({BOTH: 20}), page({BOTH: 25}), page({BOTH: 30})]
    assert [name for name in feasible(pages) if name[1] == f"drawn {BOTH}"] == [
        (number, f"drawn {BOTH}") for number in range(3)
    ]
    assert feasible([page({BOTH: 30}), page({BOTH: None}), page({BOTH: 20})]) == {}


# --- all at once ------------------------------------------------------------------------------------------


def test_the_ends_are_those_of_trying_every_town() -> None:
    """Two arms, two practices, one hidden: every way in which the page can be true, counted."""
    one = page({OFFER: 10, CARE: 15}, practices={"a": 20, "b": None})
    towns = [
        (offer, care, a, offer + care - a)
        for offer, care, a in product(range(10, 13), range(13, 18), range(18, 23))
        if offer + care - a >= 0
    ]
    columns = list(zip(*towns, strict=True))
    found = feasible([one])
    for name, column in zip((f"drawn {OFFER}", f"drawn {CARE}", "practice a", "practice b"), columns, strict=True):
        assert found[0, name] == (min(column), max(column))


def test_the_solver_finds_the_last_ends_and_takes_no_earlier_ones_for_them() -> None:
    """Pages of which nothing is known but what each count says: a simplification before solving lost some values."""
    first = page({CARE: None}, reasons={"v": 10, "w": 20}, practices={"a": None, "b": 20})
    second = page(
        {OFFER: None, CARE: 30}, reasons={"w": 25}, practices={"a": None, "b": None}, excluded={OFFER: None},
        outcomes=[outcome({OFFER: None}, {OFFER: None})], delivery=given(needs={"wonen": 20}),
    )  # fmt: skip
    found = feasible([first, second])
    assert found[0, "practice b"] == (18, 22) == found[0, "reason w"] and found[1, "reason w"] == (23, 27)
    assert found[0, "practice a"][0] == 0 == found[1, "practice a"][0]


def test_where_fractions_would_do_whole_numbers_are_sought_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three counts, each two of which are at least one woman together: a half of each, or two whole women."""
    asked: list[Any] = []
    monkeypatch.setattr(attack, "milp", lambda *a, **k: asked.append(k.get("options")) or milp(*a, **k))
    pairs = LinearConstraint(np.array([[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 1, 0]]), 1, np.inf)
    found = _solution(np.ones(4), pairs, Bounds([0, 0, 0, 2], 5))
    assert found is not None and sorted(found) == pytest.approx([0, 1, 1, 2])
    assert asked == [None, {"presolve": False}]
    assert _solution(np.ones(4), pairs, Bounds(0, 0)) is None and len(asked) == 3
    assert _solution(np.ones(4), pairs, Bounds([1, 1, 1, 0], 5)) == pytest.approx([1, 1, 1, 0]) and len(asked) == 4
