"""The flow of participants: every woman in exactly one box, and totals that add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartstart.trial.eligibility import REASONS, Verdict
from smartstart.trial.events import EVENTS
from smartstart.trial.flow import EXCLUSIONS, Box, Participant, analysis_set, box_of, flow_of

ARMS = ("offer", "care_as_usual")
FACTS = sorted({rule.fact for rule in EVENTS if rule.fact} | {"consent_missing"})

days = st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 5))
women = st.builds(
    Participant,
    research_id=st.uuids().map(str),
    verdict=st.none() | st.sampled_from(get_args(Verdict)),
    why=st.sampled_from(sorted(REASONS)),
    frozen=st.booleans(),
    past=st.booleans(),
    arm=st.none() | st.sampled_from(ARMS),
    by_chance=st.booleans(),
    epoch=st.integers(1, 3),
    erased=st.booleans(),
    facts=st.frozensets(st.sampled_from(FACTS), max_size=4),
    accepted_on=days,
    declined_on=days,
    not_reached_on=days,
)


@given(seen=st.lists(women, max_size=40))
def test_every_woman_is_in_exactly_one_box_of_each_level(seen: list[Participant]) -> None:
    flow = flow_of(seen, ARMS)
    assert flow.seen == len(seen)
    assert flow.seen == flow.drawn + sum(count.women for count in flow.not_drawn)
    assert (
        flow.drawn
        == sum(arm.allocated for arm in flow.arms)
        == sum(woman.arm is not None and woman.by_chance for woman in seen)
    )
    for arm in flow.arms:
        assert arm.allocated == arm.intention_to_treat + sum(count.women for count in arm.excluded)
        assert arm.intention_to_treat == arm.per_protocol + sum(count.women for count in arm.not_per_protocol)


@given(seen=st.lists(women, max_size=40))
def test_the_boxes_count_what_the_analysis_sets_say(seen: list[Participant]) -> None:
    sets = [made for woman in seen if (made := analysis_set(woman))]
    counted = Counter((made.epoch, made.arm, name) for made in sets for name in made.populations)
    for arm in flow_of(seen, ARMS).arms:
        for name in ("intention_to_treat", "per_protocol", "blinded_assessment"):
            assert getattr(arm, name) == counted[arm.epoch, arm.arm, name]


@given(seen=st.lists(women, max_size=20), data=st.data())
def test_the_order_of_the_women_changes_nothing(seen: list[Participant], data: st.DataObject) -> None:
    assert flow_of(data.draw(st.permutations(seen)), ARMS) == flow_of(seen, ARMS)


@given(woman=women)
def test_a_narrower_analysis_lies_within_the_intention_to_treat_and_a_reason_says_why(woman: Participant) -> None:
    made = analysis_set(woman)
    if made is None:
        assert woman.arm is None or not woman.by_chance
    else:
        assert (made.arm, made.epoch) == (woman.arm, woman.epoch)
        assert not made.populations or "intention_to_treat" in made.populations
        assert (made.reason is None) == (len(made.populations) == 3)


@given(woman=women)
def test_whose_data_may_not_be_used_counts_nowhere(woman: Participant) -> None:
    made = analysis_set(woman)
    if made and (woman.erased or woman.facts & {"objected", "consent_withdrawn", "consent_missing"}):
        assert made.populations == frozenset() and made.reason in EXCLUSIONS


@given(woman=women, fact=st.sampled_from(["pregnancy_ended", "deceased", "moved_away", "secrecy"]))
def test_a_loss_a_death_or_a_move_changes_no_analysis(woman: Participant, fact: str) -> None:
    with_it, without = (
        analysis_set(replace(woman, facts=facts)) for facts in (woman.facts | {fact}, woman.facts - {fact})
    )
    assert (with_it and with_it.populations) == (without and without.populations)


DAY, LATER = date(2024, 4, 10), date(2024, 5, 10)


@pytest.mark.parametrize(
    ("woman", "box"),
    [
        (Participant("a"), Box("waiting")),
        (Participant("a", "eligible", "eligible"), Box("waiting")),
        (Participant("a", "eligible", "eligible", frozen=True), Box("frozen_not_drawn")),
        (Participant("a", "eligible", "waiting_for_capacity"), Box("waiting", "waiting_for_capacity")),
        (Participant("a", "eligible", "waiting_for_capacity", past=True), Box("not_eligible", "gestation_too_late")),
        (Participant("a", "eligible", "eligible", arm="offer", by_chance=False), Box("offered_without_draw")),
        (Participant("a", "not_eligible", "too_old"), Box("not_eligible", "too_old")),
        (Participant("a", "uncertain", "age_uncertain"), Box("uncertain", "age_uncertain")),
        (
            Participant("a", "uncertain", "age_uncertain", facts=frozenset({"objected"})),
            Box("not_eligible", "objected"),
        ),
        (Participant("a", "uncertain", "age_uncertain", erased=True), Box("erased")),
    ],
)
def test_who_was_not_drawn_is_in_the_box_that_says_why(woman: Participant, box: Box) -> None:
    assert box_of(woman) == box


@pytest.mark.parametrize(
    ("arm", "known", "stage", "reason"),
    [
        ("offer", {"accepted_on": DAY}, "per_protocol", None),
        ("offer", {"accepted_on": DAY, "facts": frozenset({"crossover"})}, "per_protocol", None),
        ("offer", {}, "not_per_protocol", "no_answer"),
        ("offer", {"not_reached_on": DAY}, "not_per_protocol", "not_reached"),
        ("offer", {"accepted_on": DAY, "declined_on": LATER}, "not_per_protocol", "declined"),
        ("offer", {"accepted_on": DAY, "declined_on": DAY}, "not_per_protocol", "declined"),
        ("offer", {"accepted_on": LATER, "declined_on": DAY}, "per_protocol", None),
        ("care_as_usual", {}, "per_protocol", None),
        ("care_as_usual", {"facts": frozenset({"crossover"})}, "not_per_protocol", "crossover"),
        ("care_as_usual", {"erased": True}, "excluded_after_allocation", "erased"),
        ("offer", {"facts": frozenset({"objected", "consent_withdrawn"})}, "excluded_after_allocation", "objected"),
    ],
)
def test_who_was_drawn_stays_in_her_arm_whatever_became_of_her(
    arm: str, known: dict[str, object], stage: str, reason: str | None
) -> None:
    woman = Participant("a", "eligible", "eligible", arm=arm, epoch=2, **known)  # type: ignore[arg-type]
    box = box_of(woman)
    assert (box.arm, box.epoch, box.stage, box.reason) == (arm, 2, stage, reason)


def test_an_empty_arm_is_shown_as_zero() -> None:
    flow = flow_of([Participant("a", arm="offer")], ARMS)
    assert [(arm.arm, arm.allocated) for arm in flow.arms] == [("offer", 1), ("care_as_usual", 0)]


def test_nobody_seen_is_an_empty_flow() -> None:
    flow = flow_of([], ARMS)
    assert (flow.seen, flow.drawn, flow.not_drawn, flow.arms) == (0, 0, (), ())
