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
from smartstart.report.council.attack import feasible, given_away
from smartstart.report.council.facts import BOTH, Ahead, Baseline, Delivery, Facts, How, Looks, Outcome, Taken, Wave
from smartstart.report.council.gate import OTHER, merged, release
from smartstart.report.council.released import Released
from smartstart.report.disclosure import MINIMUM
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
        baseline=(Baseline("welbevinden", "", 0.21, tuple(known.values())),),
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
    events = dict(zip(ARMS, (40, 12), strict=True))
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
    some = replace(base, baseline=(Baseline("risk_band", "2+", 0.3, (9, 12, 20, 20)),))
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
    told = Delivery(offered, steps, care, {"wonen": 14, "netwerk": 4})
    return replace(facts(n, n, arms=ARMS, effect=mean(0.1, 0.3)), delivery=told)


def test_uptake_is_shown_only_once_the_arms_may_be_told_apart() -> None:
    one = given(60, (41, 36, 30))
    shown = release(one).delivery
    assert shown and shown.reach == {"accepted": 40, "first_contact": 35, "first_contact_in_time": 30}
    assert shown.needs == {"wonen": 15} and shown.care == {
        "prenatal_home_visit": dict(zip(ARMS, (30, 30), strict=True))
    }
    assert release(replace(facts({BOTH: 120}, {BOTH: 100}), delivery=one.delivery)).delivery is None


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
