"""What was given: reach only falls, shares are of all who were drawn, in time is a rule, plans name nobody."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartstart.calendar import LAST_WEEK_OF_FIRST_TALK, end_of_week
from smartstart.support.costs import mean_cost
from smartstart.support.plans import EVALUATION, LIFE_DOMAINS, AgreedStep, overdue_of, totals_of
from smartstart.synthetic.support_log import DrawnWoman, support_log
from smartstart.trial.flow import OFFER, Participant, analysis_set
from smartstart.trial.uptake import DAYS_AFTER_LIST, Care, Spread, accepted, uptake_of

ARMS = (OFFER, "care_as_usual")
DAY = date(2024, 4, 2)
some_day = st.integers(-30, 300).map(lambda n: DAY + timedelta(days=n))
days = st.none() | some_day


@st.composite
def women(draw: st.DrawFn) -> tuple[str, Participant, Care]:
    arm = draw(st.sampled_from(ARMS))
    first = draw(days)
    told = Participant(
        "w",
        arm=arm,
        accepted_on=draw(days),
        declined_on=draw(days),
        not_reached_on=draw(days),
        helped=first is not None,
    )
    contacts = draw(st.integers(1, 9)) if first else 0
    care = Care(
        logged=True, listed_on=DAY if arm == OFFER else None, due_date=DAY + timedelta(days=draw(st.integers(60, 200))),
        first_on=first, contacts=contacts, minutes=30 * contacts, planned=draw(st.integers(0, 3)) if first else 0,
        prenatal_visits=draw(st.integers(0, 1)), days_housed=draw(st.integers(0, 5)),
    )  # fmt: skip
    return arm, told, care


@given(st.lists(women(), max_size=40))
def test_reach_only_falls_and_every_share_is_of_all_who_were_drawn_for_the_offer(
    everyone: list[tuple[str, Participant, Care]],
) -> None:
    found = uptake_of(everyone, ARMS, named=True)
    steps = {step.name: step.women for step in found.reach}
    offered = sum(arm == OFFER for arm, _, _ in everyone)
    assert {step.of for step in found.reach} == {offered}
    assert offered >= steps["accepted"] >= steps["first_contact"] >= steps["first_contact_in_time"]
    assert steps["first_contact"] >= steps["all_planned_contacts"]
    assert sum(found.answers.values()) == offered and sum(found.planned.values()) == steps["first_contact"]
    for one in found.contrasts:
        assert {arm: step.of for arm, step in one.arms.items()} == {
            arm: sum(own == arm for own, _, _ in everyone) for arm in ARMS
        }
        assert (one.difference is None) == any(step.of == 0 for step in one.arms.values())
    assert uptake_of(everyone, ARMS, named=False).contrasts == ()


@given(women())
def test_a_no_is_final_and_helped_counts_as_a_yes_where_nobody_said_no(woman: tuple[str, Participant, Care]) -> None:
    _, told, care = woman
    no = told.declined_on and not (told.accepted_on and told.accepted_on > told.declined_on)
    yes = bool(told.accepted_on)
    assert accepted(told, care) == (not no and (yes or care.first_on is not None))


@given(women())
def test_who_follows_the_offer_by_the_log_was_helped_and_without_a_log_said_yes(
    woman: tuple[str, Participant, Care],
) -> None:
    from dataclasses import replace

    arm, told, care = woman
    drawn = analysis_set(told)
    assert drawn is not None
    no = told.declined_on and not (told.accepted_on and told.accepted_on > told.declined_on)
    if arm == OFFER:
        assert ("per_protocol" in drawn.populations) == (care.first_on is not None and not no)
        unlogged = analysis_set(replace(told, helped=None))
        assert unlogged and ("per_protocol" in unlogged.populations) == bool(told.accepted_on and not no)
    elif care.first_on:
        assert drawn.reason == "crossover"


@given(days, st.integers(60, 230), st.booleans())
def test_in_time_is_week_15_or_four_weeks_after_her_list(first: date | None, left: int, listed: bool) -> None:
    due = DAY + timedelta(days=left)
    care = Care(logged=True, listed_on=DAY if listed else None, due_date=due, first_on=first)
    last = end_of_week(LAST_WEEK_OF_FIRST_TALK, due)
    wanted = first is not None and (first <= last or (listed and first <= DAY + timedelta(days=DAYS_AFTER_LIST)))
    assert care.in_time == wanted


def test_without_anybody_there_is_no_share_and_no_spread() -> None:
    found = uptake_of([], ARMS, named=True)
    assert all(step.share is None for step in found.reach) and found.hours == Spread(0)
    assert all(one.difference is None for one in found.contrasts) and not found.logged


# --- plans ------------------------------------------------------------------------------------------------

steps = st.builds(
    AgreedStep,
    person=st.sampled_from("abc"), life_domain=st.sampled_from(LIFE_DOMAINS), need=st.sampled_from(["geen", "enige"]),
    step=st.just("gesprek"), done_by=st.just("samen"), worker_code=st.none(), agreed_on=st.just(DAY),
    due_on=some_day, done_on=days, evaluate_on=days,
    result=st.sampled_from([None, "behaald", "deels", "niet", "vervallen"]),
)  # fmt: skip


@given(st.lists(steps, max_size=30))
def test_totals_are_sums_and_say_nothing_of_whom(plan: list[AgreedStep]) -> None:
    as_of = DAY + timedelta(days=90)
    found = totals_of(plan, as_of)
    assert [one.life_domain for one in found.domains] == list(LIFE_DOMAINS)
    assert sum(one.steps for one in found.domains) == len(plan)
    assert sum(one.overdue for one in found.domains) == len(overdue_of(plan, as_of))
    assert found.mothers == len({one.person for one in plan})
    assert all(one.achieved <= one.evaluated <= one.steps and one.with_need <= one.mothers for one in found.domains)
    assert not {"a", "b", "c"} & {str(value) for one in found.domains for value in vars(one).values()}


@given(steps, st.integers(0, 200))
def test_what_is_overdue_is_past_undone_and_still_needed(step: AgreedStep, later: int) -> None:
    as_of = DAY + timedelta(days=later)
    found = Counter(one.what for one in overdue_of([step], as_of))
    needed = step.result != "vervallen"
    assert found["gesprek"] == (needed and step.done_on is None and step.due_on < as_of)
    looked_at = step.evaluate_on is not None and step.result is None and step.evaluate_on < as_of
    assert found[EVALUATION] == looked_at


# --- costs ------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 40), min_size=1, max_size=30), st.floats(1, 200))
def test_the_mean_cost_lies_within_its_interval_and_is_hours_times_price(hours: list[float], price: float) -> None:
    found = mean_cost(hours, price, draws=200)
    assert found.cost.mean == pytest.approx(sum(hours) / len(hours) * price)
    assert min(hours) * price - 1e-6 <= found.cost.lower <= found.cost.upper <= max(hours) * price + 1e-6


def test_the_interval_of_a_mean_cost_is_that_of_the_normal_where_women_are_many() -> None:
    hours = [float(n % 10) for n in range(2_000)]
    found = mean_cost(hours, 1.0)
    half = 1.96 * (8.25 / 2_000) ** 0.5  # the variance of 0 to 9, each as often
    assert found.cost.upper - found.cost.lower == pytest.approx(2 * half, rel=0.05)


def test_nobody_has_no_mean() -> None:
    with pytest.raises(ValueError, match="nobody"):
        mean_cost([], 80)


# --- the made-up log --------------------------------------------------------------------------------------


def test_one_woman_more_changes_the_made_up_log_of_nobody_else() -> None:
    town = [
        DrawnWoman(f"{nth:09}", nth % 2 == 0, DAY - timedelta(days=20), DAY, DAY + timedelta(days=150))
        for nth in range(30)
    ]
    whole, less = support_log(town, date(2026, 6, 30), 797), support_log(town[:-1], date(2026, 6, 30), 797)
    for name, rows in less.items():
        assert rows == [row for row in whole[name] if row["burgerservicenummer"] != town[-1].bsn]
    assert {row["contactmoment"] for row in whole["contactmomenten"]} >= {"week_13_15", "prenataal_huisbezoek"}
    assert all(len(rows) for rows in whole.values())
