"""Nothing small leaves: the gate's rules, and an attacker with every page that was ever released."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from smartstart.errors import PolicyRefused
from smartstart.report.council import gate
from smartstart.report.council.attack import feasible, given_away
from smartstart.report.council.facts import BOTH, Ahead, AtStart, Facts, Given, How, Looks, Outcome, Taken, Wave
from smartstart.report.council.gate import OTHER, merged, release
from smartstart.report.council.released import (
    Range,
    Released,
    ShownAtStart,
    ShownGiven,
    ShownLooks,
    ShownOutcome,
    ShownTaken,
    ShownWave,
    Suppressed,
)
from smartstart.small_numbers import MINIMUM
from smartstart.trial.analysis.records import Estimate

ARMS = ("offer", "care_as_usual")
AHEAD = Ahead(date(2034, 11, 1), 0.22, 0.73, 0.3, 3, 3, 100)
HOW = How("d" * 64, "1/2", "before_draw", "p" * 64, "2024-03-01", (), "0.1.0", "h" * 64)


def mean(estimate: float, half: float) -> Estimate:
    return Estimate(estimate, estimate - half, estimate + half, half / 2, "mean", "none", 0.95)


def facts(
    drawn: dict[str, int], known: dict[str, int], *, arms: tuple[str, ...] = (), events: dict[str, int] | None = None,
    not_drawn: dict[str, int] | None = None, practices: dict[str, int] | None = None,
    excluded: dict[str, dict[str, int]] | None = None, as_of: date = date(2026, 6, 30), effect: Estimate | None = None,
) -> Facts:  # fmt: skip
    happened = events or dict.fromkeys(drawn, 0)
    excluded = excluded or {arm: {} for arm in drawn}
    return Facts(
        municipality="Voorbeeldstad",
        as_of=as_of,
        started=date(2024, 4, 2),
        rehearsal=True,
        arms=arms,
        taken=Taken(not_drawn or {"not_eligible": 40}, drawn, excluded,
                    {arm: drawn[arm] - sum(excluded[arm].values()) for arm in drawn}),
        practices=practices or {},
        at_start=(AtStart("welbevinden", "", 0.21, tuple(known.values())),),
        waves=tuple(Wave("welbevinden", "eindmeting", arm, n, mean(3.2, 0.2) if n > 1 else None)
                    for arm, n in known.items()),
        outcomes=(
            Outcome("welbevinden", "scale", "eindmeting", True, known, known, None, effect),
            Outcome("placed_without_mother", "event", "24", False, known, known, happened, None),
        ),
        events_by_half_year=((1, sum(happened.values()), sum(known.values())),),
        looks=Looks((0.5, 1.0), (2.96, 1.97), 0, sum(known.values()), 290),
        ahead=lambda answers, drawn: AHEAD,
        how=HOW,
        contact="Projectteam",
    )  # fmt: skip


def values(one: Any) -> Iterator[Any]:
    if isinstance(one, dict):
        for part in one.values():
            yield from values(part)
    elif isinstance(one, list | tuple):
        for part in one:
            yield from values(part)
    else:
        yield one


# --- rules ------------------------------------------------------------------------------------------------


def test_about_forty_women_leave_a_useful_page() -> None:
    shown = release(facts({BOTH: 41}, {BOTH: 27}))
    assert shown.taken.drawn == {BOTH: 40} and shown.outcomes[0].known == {BOTH: 25}
    assert shown.baseline[0].difference == 0.2 and shown.waves[0].mean is not None
    assert shown.outcomes[1].events == {BOTH: None} and shown.events_by_half_year[0][1] is None
    assert {(one.what, one.why) for one in shown.suppressed} >= {("events", "under_ten")}


def test_before_unblinding_nothing_is_shown_by_arm() -> None:
    told = release(facts({BOTH: 41}, {BOTH: 27})).as_dict()
    assert told["arms"] == [] and not any(str(value) in ARMS for value in values(told))
    assert not any(arm in part for arm in ARMS for part in (told["taken"]["drawn"], told["outcomes"][0]["known"]))


@pytest.mark.parametrize("n", range(30))
def test_no_count_under_ten_is_ever_shown_and_no_exact_one(n: int) -> None:
    shown = release(facts({BOTH: 60}, {BOTH: n}, not_drawn={"waiting": n}))
    counts = [shown.outcomes[0].known[BOTH], shown.taken.not_drawn, shown.waves[0].n]
    assert all(count is None or (count >= MINIMUM and count % 5 == 0) for count in counts)
    assert (counts[0] is None) == (n < MINIMUM) and (n >= MINIMUM or shown.waves[0].mean is None)


def test_when_one_arm_is_too_small_none_is_shown_by_itself() -> None:
    shown = release(facts(dict(zip(ARMS, (30, 31), strict=True)), dict(zip(ARMS, (24, 8), strict=True)), arms=ARMS,
                          effect=mean(0.4, 0.3)))  # fmt: skip
    assert shown.outcomes[0].known == dict.fromkeys(ARMS) and shown.outcomes[0].effect is None
    assert shown.state == "no_data"


def test_a_mean_difference_is_shown_once_ten_have_answered_in_each_arm() -> None:
    known = dict(zip(ARMS, (10, 11), strict=True))
    shown = release(facts(dict(zip(ARMS, (30, 31), strict=True)), known, arms=ARMS, effect=mean(0.4321, 0.3)))
    effect = shown.outcomes[0].effect
    assert effect and (effect.estimate, effect.lower, effect.upper) == (0.4, 0.1, 0.7) and shown.state == "difference"


@pytest.mark.parametrize(
    ("effect", "state"),
    [(mean(0.4, 0.3), "difference"), (mean(0.1, 0.3), "no_difference"), (mean(-0.5, 0.3), "harm"), (None, "too_early")],
)
def test_what_is_concluded_follows_from_the_interval(effect: Estimate | None, state: str) -> None:
    n = dict(zip(ARMS, (60, 61), strict=True))
    assert release(facts(n, n, arms=ARMS, effect=effect)).state == state


def test_more_placements_with_the_offer_beyond_chance_are_harm_whatever_the_scale_says() -> None:
    n = dict(zip(ARMS, (300, 300), strict=True))
    for offer, care in ((40, 12), (50, 30)):  # of the second the interval begins at one of every hundred women
        events = dict(zip(ARMS, (offer, care), strict=True))
        assert release(facts(n, n, arms=ARMS, events=events, effect=mean(0.4, 0.3))).state == "harm"


def test_a_mean_of_women_who_all_gave_the_same_answer_is_not_shown() -> None:
    base = facts({BOTH: 60}, {BOTH: 40})
    alike = replace(base, waves=(Wave("welbevinden", "eindmeting", BOTH, 40, mean(3.0, 0.0)),))
    assert release(alike).waves[0].mean is None and release(base).waves[0].mean is not None


def test_small_reasons_are_put_together_and_never_alone() -> None:
    assert merged({"a": 40, "b": 3, "c": 4}) == {OTHER: 45}
    assert merged({"a": 40, "b": 20, "c": 4}) == {"a": 40, OTHER: 25}
    assert merged({"a": 40, "b": 12}) == {"a": 40, "b": 10}
    assert merged({"a": 6, "b": 7}) == {OTHER: 15} and merged({"a": 6}) == {}


def test_a_standardised_difference_rests_on_no_hidden_cell() -> None:
    base = facts({BOTH: 60}, {BOTH: 50})
    some = replace(base, at_start=(AtStart("risk_band", "2+", 0.3, (9, 12, 20, 20)),))
    assert release(some).baseline == ()


def test_what_is_expected_is_reckoned_from_rounded_numbers() -> None:
    asked: list[tuple[int, int]] = []

    def ahead(answers: int, drawn: int) -> Ahead:
        asked.append((answers, drawn))
        return AHEAD

    shown = [
        release(replace(facts({BOTH: drawn}, {BOTH: known}), ahead=ahead)) for drawn, known in ((58, 43), (62, 47))
    ]
    assert asked == [(45, 60), (45, 60)] and shown[0].looks == shown[1].looks


def test_totals_are_sums_of_what_is_shown() -> None:
    shown = release(facts(dict(zip(ARMS, (33, 34), strict=True)), dict(zip(ARMS, (20, 20), strict=True)), arms=ARMS,
                          not_drawn={"not_eligible": 7})).taken  # fmt: skip
    assert shown.not_drawn is None and shown.seen == sum(count or 0 for count in shown.drawn.values()) == 70


def given(offered: int, reach: tuple[int, int, int], visits: tuple[int, int] = (30, 30)) -> Facts:
    n = dict(zip(ARMS, (offered, 60), strict=True))
    steps = dict(zip(("accepted", "first_contact", "first_contact_in_time"), reach, strict=True))
    care = {"prenatal_home_visit": dict(zip(ARMS, visits, strict=True))}
    told = Given(offered, steps, care, {"wonen": 14, "netwerk": 4})
    return replace(facts(n, n, arms=ARMS, effect=mean(0.1, 0.3)), given=told)


def test_uptake_is_shown_only_once_the_arms_may_be_told_apart() -> None:
    one = given(60, (41, 36, 30))
    shown = release(one).delivery
    assert shown and shown.reach == {"accepted": 40, "first_contact": 35, "first_contact_in_time": 30}
    assert shown.needs == {"wonen": 15} and shown.care == {
        "prenatal_home_visit": dict(zip(ARMS, (30, 30), strict=True))
    }
    assert release(replace(facts({BOTH: 120}, {BOTH: 100}), given=one.given)).delivery is None


@pytest.mark.parametrize(
    ("reach", "shown"),
    [
        ((41, 36, 30), (40, 35, 30)),
        ((41, 36, 9), (40, 35, None)),
        ((55, 40, 30), (None, None, None)),  # five said no, and whoever knows the first step knows of them
        ((9, 9, 9), (None, None, None)),
        ((0, 0, 0), (None, None, None)),
    ],
)
def test_a_step_needs_ten_women_who_came_so_far_and_ten_who_did_not(
    reach: tuple[int, int, int], shown: tuple[int | None, ...]
) -> None:
    found = release(given(60, reach))
    assert found.delivery and tuple(found.delivery.reach.values()) == shown
    held = {(one.what, one.why) for one in found.suppressed}
    assert ("delivery", "under_ten") in held and not given_away([found.as_dict()])


@pytest.mark.parametrize("visits", [(9, 30), (30, 9), (51, 30), (30, 60), (0, 0)])
def test_care_is_shown_for_both_arms_or_for_neither(visits: tuple[int, int]) -> None:
    found = release(given(60, (41, 36, 30), visits))
    assert found.delivery and set(found.delivery.care["prenatal_home_visit"].values()) == {None}
    assert not given_away([found.as_dict()])


@pytest.mark.parametrize("seed", range(8))
def test_whatever_was_given_the_attacker_learns_nothing_of_a_hidden_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    offered = int(rng.integers(12, 80))
    accepted = int(rng.integers(0, offered + 1))
    met = int(rng.integers(0, accepted + 1))
    found = release(
        given(offered, (accepted, met, int(rng.integers(0, met + 1))), (int(rng.integers(0, offered + 1)), 25))
    )
    assert given_away([found.as_dict()]) == []


# --- the attacker -----------------------------------------------------------------------------------------


def test_the_attack_is_that_of_trying_everything() -> None:
    shown = release(facts({BOTH: 13}, {BOTH: 11}, not_drawn={"waiting": 5})).as_dict()
    found = feasible([shown])
    able = [(drawn, known) for drawn, known in itertools.product(range(13, 18), range(10, 13)) if known <= drawn]
    assert found[0, f"drawn {BOTH}"] == (min(d for d, _ in able), max(d for d, _ in able))
    assert found[0, f"known welbevinden eindmeting {BOTH}"] == (10, 12)
    assert found[0, "not drawn"][0] == 0 and found[0, "not drawn"][1] >= 9


def test_an_exact_total_beside_hidden_parts_is_found_out() -> None:
    shown = release(facts({BOTH: 60}, {BOTH: 50})).as_dict()
    shown["practices"] = {"a": 30, "b": 30, "c": None}
    away = given_away([shown])
    assert (0, "practice c") in away  # drawn is 58 to 62, so c has six at most


def test_practices_that_would_narrow_each_other_are_left_out() -> None:
    shown = release(facts({BOTH: 44}, {BOTH: 30}, practices={"a": 22, "b": 22}))
    assert not given_away([shown.as_dict()])
    assert not shown.practices and ("practices", "gives_away") in {(one.what, one.why) for one in shown.suppressed}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_counts_all_quarters_together_give_nothing_away(seed: int) -> None:
    rng = np.random.default_rng(seed)
    earlier: list[dict[str, Any]] = []
    practice = rng.integers(0, 6, 3)
    reasons = rng.integers(0, 12, 3)
    for quarter in range(4):
        practice, reasons = practice + rng.integers(0, 9, 3), reasons + rng.integers(0, 6, 3)
        drawn = int(practice.sum())
        by = dict(zip(ARMS, (drawn // 2, drawn - drawn // 2), strict=True)) if quarter == 3 else {BOTH: drawn}
        known = {arm: int(rng.integers(0, n + 1)) for arm, n in by.items()}
        now = facts(
            by, known, arms=ARMS if quarter == 3 else (), events={arm: min(n, int(rng.integers(0, 3)))
                                                                  for arm, n in known.items()},
            not_drawn=dict(zip("abc", map(int, reasons), strict=True)),
            practices=dict(zip("xyz", map(int, practice), strict=True)),
            excluded={arm: {"objected": int(rng.integers(0, 2))} if n > 1 else {} for arm, n in by.items()},
            as_of=date(2024, 7, 1) + timedelta(days=91 * quarter),
        )  # fmt: skip
        try:
            earlier.append(release(now, earlier).as_dict())
        except PolicyRefused:
            continue  # it was held back, which gives nothing away
    assert earlier
    shown = [(number, name) for number, name in feasible(earlier)]
    assert shown and given_away(earlier) == []


def test_the_effect_on_an_event_says_nothing_that_the_rounded_counts_do_not() -> None:
    shown = []
    for a, n1, b, n0 in ((12, 102, 21, 101), (10, 100, 22, 102), (11, 101, 19, 100)):
        n, events = dict(zip(ARMS, (n1, n0), strict=True)), dict(zip(ARMS, (a, b), strict=True))
        outcome = release(facts(n, n, arms=ARMS, events=events, effect=mean(0.2, 0.3))).outcomes[1]
        assert outcome.effect and outcome.ratio
        shown.append(outcome)
    assert shown[0] == shown[1] == shown[2]
    few = dict(zip(ARMS, (60, 60), strict=True))
    hidden = release(facts(few, few, arms=ARMS, events=dict(zip(ARMS, (20, 25), strict=True)), effect=mean(0.2, 0.3)))
    assert hidden.outcomes[1].effect is None


def test_beside_a_total_of_the_same_day_arms_that_would_narrow_it_are_told_together() -> None:
    before = release(facts({BOTH: 299}, {BOTH: 200})).as_dict()
    n = dict(zip(ARMS, (147, 152), strict=True))
    shown = release(facts(n, dict(zip(ARMS, (98, 102), strict=True)), arms=ARMS, effect=mean(0.4, 0.3)), [before])
    assert shown.taken.drawn == {BOTH: 300} and shown.outcomes[0].known == {BOTH: 200}
    assert shown.outcomes[0].effect and shown.outcomes[1].effect is None and not given_away([before, shown.as_dict()])
    assert ("drawn", "gives_away") in {(one.what, one.why) for one in shown.suppressed}


def test_a_page_that_no_leaving_out_can_save_is_refused() -> None:
    first = release(facts({BOTH: 62}, {BOTH: 20})).as_dict()
    with pytest.raises(PolicyRefused, match="wait a quarter"):
        release(facts({BOTH: 60}, {BOTH: 20}, as_of=date(2026, 9, 30)), [first | {"taken": {
            **first["taken"], "drawn": {BOTH: 62}}}])  # fmt: skip


def test_what_is_kept_of_a_release_is_plain_json() -> None:
    import json

    shown = release(facts({BOTH: 41}, {BOTH: 27}))
    assert isinstance(shown, Released)
    assert json.loads(json.dumps(shown.as_dict())) == shown.as_dict()


# --- a whole page, and how it becomes smaller -------------------------------------------------------------


def by_arm(offer: Any, care: Any) -> dict[str, Any]:
    return dict(zip(ARMS, (offer, care), strict=True))


FULL = replace(
    facts(
        by_arm(161, 152), by_arm(121, 112), arms=ARMS, events=by_arm(21, 32), effect=mean(0.4321, 0.3),
        not_drawn={"waiting": 31, "not_eligible": 22, "left": 4}, practices={"a": 151, "b": 162},
        excluded=by_arm({"objected": 12, "moved": 9}, {"objected": 21}),
    ),
    given=Given(
        161, {"accepted": 121, "first_contact": 102}, {"visit": by_arm(61, 52)}, {"wonen": 44, "geld": 31}
    ),
    model={"auc": 0.7},
)  # fmt: skip


def test_a_page_holds_every_fact_rounded_and_nothing_else() -> None:
    score = Range(3.2, 3.0, 3.4)
    assert release(FULL) == Released(
        state="difference",
        municipality="Voorbeeldstad",
        as_of=date(2026, 6, 30),
        started=date(2024, 4, 2),
        rehearsal=True,
        arms=ARMS,
        taken=ShownTaken(
            365, 55, {"waiting": 30, OTHER: 25}, by_arm(160, 150), by_arm(20, 20), by_arm(140, 130),
        ),
        practices={"a": 150, "b": 160},
        baseline=(ShownAtStart("welbevinden", "", 0.2),),
        waves=tuple(ShownWave("welbevinden", "eindmeting", arm, n, score) for arm, n in by_arm(120, 110).items()),
        outcomes=(
            ShownOutcome("welbevinden", "scale", "eindmeting", True, by_arm(120, 110), {}, Range(0.4, 0.1, 0.7), None),
            ShownOutcome("placed_without_mother", "event", "24", False, by_arm(120, 110), by_arm(20, 30),
                         Range(-11.0, -21.0, 0.0), Range(0.6, 0.4, 1.0)),
        ),
        events_by_half_year=((1, 55, 235),),
        looks=ShownLooks((0.5, 1.0), (2.96, 1.97), 0, 80, 235, 290),
        ahead=AHEAD,
        how=HOW,
        contact="Projectteam",
        costs=None,
        model={"auc": 0.7},
        suppressed=(Suppressed("reasons", "merged"),),
        delivery=ShownGiven({"accepted": 120, "first_contact": 100},
                               {"visit": by_arm(60, 50)}, {"wonen": 45, "geld": 30}),
    )  # fmt: skip


PARTS = ("practices", "events_over_time", "reasons", "delivery", "waves")


def there(shown: Released) -> tuple[str, ...]:
    """Return which of the parts that can be left out a page still has."""
    has = (shown.practices, shown.events_by_half_year, shown.taken.reasons, shown.delivery, shown.waves[0].n)
    return tuple(name for name, part in zip(PARTS, has, strict=True) if part)


@pytest.mark.parametrize("times", range(6))
def test_parts_are_left_out_one_after_the_other_until_nothing_is_given_away(
    monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    asked: list[int] = []

    def attacker(releases: Any) -> list[Any]:
        asked.append(len(releases))
        return [(0, "drawn")] * (len(asked) <= times)

    monkeypatch.setattr(gate, "given_away", attacker)
    shown = release(FULL, [{"earlier": "page"}])
    assert there(shown) == PARTS[times:] and set(asked) == {2}
    assert shown.suppressed == (
        Suppressed("reasons", "merged"), *(Suppressed(name, "gives_away") for name in PARTS[:times]),
    )  # fmt: skip
    assert shown.taken.drawn == by_arm(160, 150) and shown.outcomes == release(FULL).outcomes
    assert shown.taken.excluded == ({} if times > 2 else by_arm(20, 20)) and bool(shown.taken.analysed) == (times < 3)
    assert all(wave.mean for wave in shown.waves)


def test_a_part_that_the_page_has_not_is_not_said_to_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[(0, "x")]] * 2 + [[]] * 9)
    monkeypatch.setattr(gate, "given_away", lambda _releases: next(answers))
    shown = release(replace(FULL, practices={}))
    assert {one.what for one in shown.suppressed if one.why == "gives_away"} == {"events_over_time"}


def test_when_leaving_out_does_not_help_both_arms_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[(0, "x")]] * 6 + [[]])
    monkeypatch.setattr(gate, "given_away", lambda _releases: next(answers))
    shown = release(FULL)
    assert shown.taken == ShownTaken(370, 55, {"waiting": 30, OTHER: 25}, {BOTH: 315}, {BOTH: 40}, {BOTH: 270})
    assert shown.outcomes == (
        ShownOutcome("welbevinden", "scale", "eindmeting", True, {BOTH: 235}, {}, Range(0.4, 0.1, 0.7), None),
        ShownOutcome("placed_without_mother", "event", "24", False, {BOTH: 235}, {BOTH: None}, None, None),
    )
    assert shown.suppressed[-2:] == (Suppressed("drawn", "gives_away"), Suppressed("reasons", "merged"))
    monkeypatch.setattr(gate, "given_away", lambda _releases: [(0, "x")])
    with pytest.raises(PolicyRefused, match="would give a small number away: wait a quarter"):
        release(FULL)


# --- each rule at its edge --------------------------------------------------------------------------------


def held(shown: Released) -> set[tuple[str, str]]:
    return {(one.what, one.why) for one in shown.suppressed}


def outcome_of(n: tuple[int, int], events: tuple[int, int], effect: Estimate | None = None) -> Released:
    return release(facts(by_arm(300, 300), by_arm(*n), arms=ARMS, events=by_arm(*events), effect=effect))


@pytest.mark.parametrize(
    ("n", "events", "shown"),
    [
        ((100, 100), (10, 12), (10, 10)),
        ((100, 100), (9, 12), (None, None)),
        ((100, 100), (12, 9), (None, None)),
        ((100, 100), (90, 12), (90, 10)),
        ((100, 100), (91, 12), (None, None)),
        ((100, 100), (12, 91), (None, None)),
    ],
)
def test_events_need_ten_women_with_and_ten_without_in_each_arm(
    n: tuple[int, int], events: tuple[int, int], shown: tuple[int | None, int | None]
) -> None:
    page = outcome_of(n, events)
    assert page.outcomes[1].events == by_arm(*shown) and (page.outcomes[1].effect is None) == (shown[0] is None)
    assert (("events", "under_ten") in held(page)) == (shown[0] is None)
    assert page.outcomes[0].events == {}


@pytest.mark.parametrize(("n", "told"), [((100, 100), True), ((99, 100), False), ((100, 99), False)])
def test_a_risk_is_compared_from_a_hundred_women_in_each_arm_on(n: tuple[int, int], told: bool) -> None:
    page = outcome_of(n, (20, 20), mean(0.4, 0.3))
    assert bool(page.outcomes[1].effect) is told and bool(page.outcomes[1].ratio) is told
    assert (("effect", "rests_on_hidden") in held(page)) is not told and page.outcomes[0].effect


@pytest.mark.parametrize(("n", "told"), [((10, 10), True), ((9, 30), False), ((30, 9), False)])
def test_a_scale_is_compared_from_ten_answers_in_each_arm_on(n: tuple[int, int], told: bool) -> None:
    page = outcome_of(n, (0, 0), mean(0.4, 0.3))
    assert bool(page.outcomes[0].effect) is told and (("known", "under_ten") in held(page)) is not told


def test_no_effect_is_shown_and_none_is_said_to_be_hidden_before_the_arms_may_be_told_apart() -> None:
    page = release(facts({BOTH: 300}, {BOTH: 250}, events={BOTH: 30}, effect=mean(0.4, 0.3)))
    assert [one.effect for one in page.outcomes] == [None, None] and page.state == "too_early"
    assert page.outcomes[1].events == {BOTH: 30} and ("effect", "rests_on_hidden") not in held(page)


@pytest.mark.parametrize(
    ("kind", "interval", "state"),
    [
        ("scale", (0.1, 0.5), "difference"),
        ("scale", (0.0, 0.5), "no_difference"),
        ("scale", (-0.5, 0.0), "no_difference"),
        ("scale", (-0.5, -0.1), "harm"),
        ("event", (-0.5, -0.1), "difference"),
        ("event", (-0.5, 0.0), "no_difference"),
        ("event", (0.0, 0.5), "no_difference"),
        ("event", (0.1, 0.5), "harm"),
    ],
)
def test_more_points_are_better_and_more_events_are_worse(kind: Any, interval: tuple[float, float], state: str) -> None:
    exact = Estimate(sum(interval) / 2, *interval, 0.1, "mean", "none", 0.95)
    base = facts(by_arm(300, 300), by_arm(200, 200), arms=ARMS, events=by_arm(40, 40), effect=exact)
    first = replace(base.outcomes[0], kind=kind, events=by_arm(40, 40) if kind == "event" else None)
    assert release(replace(base, outcomes=(first, base.outcomes[1]))).state == state


def test_the_primary_outcome_decides_wherever_it_stands() -> None:
    base = facts(by_arm(300, 300), by_arm(200, 200), arms=ARMS, events=by_arm(40, 40), effect=mean(0.4, 0.3))
    assert release(replace(base, outcomes=base.outcomes[::-1])).state == "difference"


@pytest.mark.parametrize(
    "values", [(float("nan"), 0.1, 0.5), (0.3, float("-inf"), 0.5), (0.3, 0.1, float("inf")), (0.3, 0.3, 0.3)]
)
def test_an_interval_without_width_or_end_is_not_shown(values: tuple[float, float, float]) -> None:
    estimate = Estimate(*values, 0.1, "mean", "none", 0.95)
    assert outcome_of((50, 50), (0, 0), estimate).outcomes[0].effect is None


def test_a_number_rounded_to_nothing_has_no_sign() -> None:
    effect = outcome_of((50, 50), (0, 0), Estimate(-0.01, -0.04, 0.26, 0.1, "mean", "none", 0.95)).outcomes[0].effect
    assert effect and str(effect) == "Range(estimate=0.0, lower=0.0, upper=0.3)"


@pytest.mark.parametrize(
    ("at_start", "shown"),
    [
        (AtStart("a", "b", -0.26, (10, 10, 10, 10)), (ShownAtStart("a", "b", 0.3),)),
        (AtStart("a", "b", 0.26, (10, 9, 10, 10)), ()),
        (AtStart("a", "b", 0.26, ()), ()),
        (AtStart("a", "b", float("nan"), (10, 10)), ()),
        (AtStart("a", "b", float("inf"), (10, 10)), ()),
    ],
)
def test_how_alike_arms_were_is_told_without_a_sign_if_ten_women_stand_behind_each_cell(
    at_start: AtStart, shown: tuple[ShownAtStart, ...]
) -> None:
    page = release(replace(facts({BOTH: 60}, {BOTH: 50}), at_start=(at_start,)))
    assert page.baseline == shown and (("baseline", "rests_on_hidden") in held(page)) == (not shown)


@pytest.mark.parametrize(
    ("practices", "shown", "told"),
    [
        ({"a": 150, "b": 160}, {"a": 150, "b": 160}, False),
        ({"a": 301, "b": 9}, {}, True),
        ({"a": 310}, {}, True),
        ({}, {}, False),
    ],
)
def test_practices_are_named_if_there_are_two_and_none_is_small(
    practices: dict[str, int], shown: dict[str, int], told: bool
) -> None:
    page = release(facts({BOTH: 310}, {BOTH: 200}, practices=practices))
    assert page.practices == shown and (("practices", "under_ten") in held(page)) is told


@pytest.mark.parametrize(
    ("reasons", "shown"),
    [
        ({"a": 10}, {"a": 10}),
        ({"a": 9}, {}),
        ({}, {}),
        ({"a": 12, "b": 12}, {"a": 10, "b": 10}),
        ({OTHER: 12, "b": 30}, {"b": 30, OTHER: 10}),
        ({OTHER: 4, "b": 30, "c": 20}, {"b": 30, OTHER: 25}),
        ({"c": 20, "b": 20, "d": 1}, {"c": 20, OTHER: 20}),
        ({"a": 40, "b": 5, "c": 5}, {"a": 40, OTHER: 10}),
        ({"a": 14, "b": 9}, {OTHER: 25}),
        ({"a": 10, "b": 1}, {OTHER: 10}),
    ],
)
def test_reasons_under_ten_go_together_with_the_least_of_the_others(
    reasons: dict[str, int], shown: dict[str, int]
) -> None:
    assert merged(reasons) == shown and list(merged(reasons)) == list(shown)


def test_that_reasons_were_merged_is_told_unless_other_was_a_reason_itself() -> None:
    page = release(facts({BOTH: 60}, {BOTH: 50}, not_drawn={"a": 40, "b": 12, OTHER: 30}))
    assert ("reasons", "merged") not in held(page) and page.taken.reasons == {"a": 40, "b": 10, OTHER: 30}
    assert ("reasons", "merged") in held(release(facts({BOTH: 60}, {BOTH: 50}, not_drawn={"a": 40, "b": 3})))
    few = release(facts({BOTH: 60}, {BOTH: 50}, not_drawn={"a": 4, "b": 3}))
    assert few.taken.not_drawn is None and few.taken.reasons == {} and ("not_drawn", "under_ten") in held(few)


@pytest.mark.parametrize("excluded", [by_arm(9, 20), by_arm(20, 9), by_arm(295, 20)])
def test_excluded_and_analysed_are_shown_for_both_arms_or_not_at_all(excluded: dict[str, int]) -> None:
    page = release(
        facts(by_arm(300, 300), by_arm(3, 3), arms=ARMS, excluded={arm: {"x": n} for arm, n in excluded.items()})
    )
    assert page.taken.excluded == {} == page.taken.analysed and ("excluded", "under_ten") in held(page)


def test_drawn_are_shown_for_both_arms_or_for_neither() -> None:
    page = release(facts(by_arm(9, 60), by_arm(5, 40), arms=ARMS))
    assert page.taken.drawn == by_arm(None, None) and ("drawn", "under_ten") in held(page)
    assert page.taken.seen == page.taken.not_drawn == 40


@pytest.mark.parametrize(
    ("events", "women", "shown"),
    [
        (10, 40, (1, 10, 40)), (9, 40, (1, None, 40)), (30, 40, (1, 30, 40)), (31, 40, (1, None, 40)),
        (3, 8, (1, None, None)),
    ],
)  # fmt: skip
def test_events_over_time_need_ten_women_with_and_ten_without(
    events: int, women: int, shown: tuple[int, int | None, int | None]
) -> None:
    page = release(replace(facts({BOTH: 60}, {BOTH: 50}), events_by_half_year=((1, events, women),)))
    assert page.events_by_half_year == (shown,)
    assert (("events_over_time", "under_ten") in held(page)) == (shown[1] is None)


@pytest.mark.parametrize(
    ("answers", "asked", "percent", "shown"),
    [(9, 290, 0, None), (100, 290, 35, 100), (290, 290, 100, 290), (400, 290, 100, 400), (10, 400, 0, 10)],
)
def test_how_far_the_trial_is_follows_from_the_rounded_answers_and_ends_at_a_hundred(
    answers: int, asked: int, percent: int, shown: int | None
) -> None:
    base = facts({BOTH: 500}, {BOTH: 450})
    asked_of: list[tuple[int, int]] = []
    page = release(
        replace(
            base,
            looks=Looks((0.5, 1.0), (None, 1.97), 1, answers, asked),
            ahead=lambda answers, drawn: asked_of.append((answers, drawn)) or AHEAD,  # type: ignore[func-returns-value]
        )
    )
    assert page.looks == ShownLooks((0.5, 1.0), (None, 1.97), 1, percent, shown, asked)
    assert asked_of == [(shown or 0, 500)]


def test_a_wave_of_too_few_has_no_mean_and_says_so() -> None:
    base = facts({BOTH: 60}, {BOTH: 50})
    few = release(replace(base, waves=(Wave("welbevinden", "nulmeting", BOTH, 9, mean(3.2, 0.2)),)))
    assert few.waves == (ShownWave("welbevinden", "nulmeting", BOTH, None, None),)
    assert ("waves", "under_ten") in held(few) and ("waves", "under_ten") not in held(release(base))


@pytest.mark.parametrize(
    ("had", "told"),
    [
        (Given(160, {"a": 100}, {"v": {"offer": 60, "care_as_usual": 50}}, {"n": 10}), False),
        (Given(160, {"a": 150}, {"v": {"offer": 60, "care_as_usual": 50}}, {"n": 10}), False),
        (Given(160, {"a": 151}, {"v": {"offer": 60, "care_as_usual": 50}}, {"n": 10}), True),
        (Given(160, {"a": 100}, {"v": {"offer": 60, "care_as_usual": 9}}, {"n": 10}), True),
        (Given(160, {"a": 100}, {"v": {"offer": 130, "care_as_usual": 50}}, {"n": 10}), False),
        (Given(160, {"a": 100}, {"v": {"offer": 131, "care_as_usual": 50}}, {"n": 10}), True),
        (Given(160, {"a": 100}, {"v": {"offer": 60, "care_as_usual": 50}}, {"n": 9}), True),
    ],
)
def test_that_something_of_what_women_were_given_is_hidden_is_told(had: Given, told: bool) -> None:
    page = release(replace(FULL, given=had))
    assert (("delivery", "under_ten") in held(page)) is told
    assert page.delivery and (None in page.delivery.care["v"].values()) == (
        told and had.reach["a"] == 100 and had.needs["n"] == 10
    )


# --- what everybody can know: parts are not larger than their whole ---------------------------------------


def shown_of(facts_of: Facts = FULL) -> dict[str, Any]:
    return release(facts_of).as_dict()


def put(*path: Any, to: int) -> Any:
    """Return a change of one number on a page."""

    def change(page: dict[str, Any]) -> None:
        place: Any = page
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = to

    return change


TOO_MANY = 800


@pytest.mark.parametrize(
    "change",
    [
        put("outcomes", 0, "known", "offer", to=145),  # 135 to 145 were analysed, at most 162 drawn
        put("outcomes", 0, "known", "care_as_usual", to=140),
        put("outcomes", 1, "events", "offer", to=130),
        put("outcomes", 1, "known", "offer", to=TOO_MANY),
        put("delivery", "reach", "accepted", to=165),
        put("delivery", "reach", "first_contact", to=130),
        put("delivery", "care", "visit", "care_as_usual", to=160),
        put("delivery", "needs", "wonen", to=TOO_MANY),
        put("waves", 0, "n", to=170),
        put("waves", 1, "n", to=160),
        put("events_by_half_year", 0, 1, to=245),
        put("events_by_half_year", 0, 2, to=TOO_MANY),
        put("taken", "excluded", "offer", to=40),
        put("taken", "analysed", "care_as_usual", to=145),
        put("practices", "a", to=170),
        put("taken", "drawn", "offer", to=200),
    ],
)
def test_a_page_on_which_a_part_is_larger_than_its_whole_cannot_be_true(change: Any) -> None:
    page = shown_of()
    assert feasible([page])
    change(page)
    assert feasible([page]) == {}


@pytest.mark.parametrize(
    "change",
    [
        put("taken", "drawn", "offer", to=140),
        put("taken", "reasons", "waiting", to=10),
        put("practices", "b", to=150),
    ],
)
def test_who_was_seen_or_drawn_stays_so_on_every_later_page(change: Any) -> None:
    first, second = shown_of(), shown_of()
    for page in (first, second):
        page.update(outcomes=[], delivery=None, waves=[], events_by_half_year=[])
        page["taken"].update(excluded={}, analysed={})
    assert feasible([first, second])
    change(second)
    later = feasible([first, second])
    assert later == {} or later != feasible([first, first])


def test_what_can_be_worked_out_of_each_count_is_its_own_rounding_and_no_more() -> None:
    found = feasible([shown_of()])
    assert set(found.values()) and given_away([shown_of()]) == []
    for (release_number, name), (low, high) in found.items():
        assert release_number == 0 and high - low == 4, name
    assert {name for _, name in found} == {
        "reason waiting", "reason other", "drawn offer", "drawn care_as_usual", "excluded offer",
        "excluded care_as_usual", "analysed offer", "analysed care_as_usual", "practice a", "practice b",
        "known welbevinden eindmeting offer", "known welbevinden eindmeting care_as_usual",
        "known placed_without_mother 24 offer", "known placed_without_mother 24 care_as_usual",
        "events placed_without_mother 24 offer", "events placed_without_mother 24 care_as_usual",
        "reach accepted", "reach first_contact", "care visit offer", "care visit care_as_usual", "need wonen",
        "need geld", "wave welbevinden eindmeting offer", "wave welbevinden eindmeting care_as_usual",
        "events by 1", "followed 1",
    }  # fmt: skip


def test_nothing_is_known_of_no_page() -> None:
    assert feasible([]) == {} and given_away([]) == []


def test_a_practice_that_is_new_on_a_page_and_counts_of_both_arms_narrow_nothing() -> None:
    first, second = shown_of(), shown_of()
    first["practices"] = {"a": 310}
    for page in (first, second):
        page["outcomes"] = page["outcomes"][:1]
        page["outcomes"][0]["known"] = {BOTH: 10}
        page.update(delivery=None, waves=[], events_by_half_year=[])
        page["taken"].update(excluded={}, analysed={})
    second["practices"] = {"b": 310}
    found = feasible([first, second])
    assert found[0, f"known welbevinden eindmeting {BOTH}"] == (10, 12) and found[1, "practice b"] == (308, 312)
