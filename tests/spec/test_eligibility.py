"""Who may be drawn, by the cases that midwives can read in eligibility.yaml."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from smartstart.calendar import PREGNANCY_DAYS
from smartstart.errors import UsageError
from smartstart.trial.eligibility import REASONS, EligibilityRule, Facts, decide

HEUSDEN = "0797"
SPEC = yaml.safe_load(Path(__file__).with_name("eligibility.yaml").read_text("utf-8"))
EVENTS = {
    "died": {"deceased": True},
    "pregnancy ended": {"pregnancy_ended": True},
    "child born": {"child_born": True},
    "objected": {"objected": True},
    "withdrew her consent": {"consent_withdrawn": True},
    "moved away": {"moved_away": True},
    "suspended in the register": {"suspended": True},
    "drawn before": {"already_allocated": True},
    "a report that nobody can read": {"report_unreadable": True},
    "not in the register": {"has_person": False},
}


def birth_bounds(born: str) -> tuple[date | None, date | None]:
    year, month, day = born.split("-")
    if "?" in year:
        return None, None
    if "?" in month:
        return date(int(year), 1, 1), date(int(year), 12, 31)
    if "?" in day:
        return date(int(year), int(month), 1), date(int(year), int(month), monthrange(int(year), int(month))[1])
    return date.fromisoformat(born), date.fromisoformat(born)


def facts_of(case: dict[str, Any]) -> Facts:
    earliest, latest = birth_bounds(case["born"])
    events: dict[str, bool] = {}
    for event in case["events"]:
        events |= EVENTS[event]
    return Facts(
        case["questionnaire"],
        case["due"],
        earliest,
        latest,
        case["municipality"],
        consent_version=case["sheet"],
        guardian_consented_on=case["guardian"],
        **events,
    )


def rule_with(other: dict[str, Any]) -> EligibilityRule:
    """The usual rule, with what is asked otherwise."""
    asked = SPEC["rule"] | other
    return EligibilityRule(**asked | {"consent_versions": tuple(asked["consent_versions"])})


@pytest.mark.parametrize("case", SPEC["cases"], ids=lambda case: case["title"])
def test_case(case: dict[str, Any]) -> None:
    woman = SPEC["usual"] | case
    decision = decide(facts_of(woman), rule_with(woman.get("rule", {})), woman["today"])
    assert (decision.verdict, decision.reason) == (woman["answer"], woman["why"])


@pytest.mark.parametrize("case", [case for case in SPEC["cases"] if "pregnant" in case], ids=lambda case: case["title"])
def test_the_weeks_that_a_case_states_follow_from_its_dates(case: dict[str, Any]) -> None:
    woman = SPEC["usual"] | case
    weeks, days = divmod(PREGNANCY_DAYS - (woman["due"] - woman["today"]).days, 7)
    assert f"{weeks}+{days}" == case["pregnant"]


def test_a_case_uses_only_known_words_and_its_own_title() -> None:
    known = {"title", "pregnant", "answer", "why", "rule", *SPEC["usual"]}
    assert all(set(case) <= known for case in SPEC["cases"])
    titles = [case["title"] for case in SPEC["cases"]]
    assert len(titles) == len(set(titles))


def test_every_reason_has_a_case_and_a_sentence() -> None:
    assert {case["why"] for case in SPEC["cases"]} == set(REASONS)
    assert all(sentence.endswith(".") for sentence in REASONS.values())


days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
births = st.dates(date(1975, 1, 1), date(2003, 12, 31))  # at least 16 years old in all that follows


@given(index=days, days_to_go=st.integers(-20, 280), today=days, one=births, other=births, inside=st.floats(0, 1))
def test_an_incomplete_birth_date_is_decided_only_when_every_possible_date_agrees(
    index: date, days_to_go: int, today: date, one: date, other: date, inside: float
) -> None:
    due = today + timedelta(days=days_to_go)
    rule = rule_with({})
    earliest, latest = min(one, other), max(one, other)
    between = earliest + (latest - earliest) * inside
    answer = decide(Facts(index, due, earliest, latest, HEUSDEN), rule, today)
    if answer.reason != "age_uncertain":
        assert decide(Facts(index, due, between, between, HEUSDEN), rule, today).verdict == answer.verdict
    else:
        ends = {decide(Facts(index, due, day, day, HEUSDEN), rule, today).reason for day in (earliest, latest)}
        assert ends == {"too_old", "eligible"}


@given(events=st.sets(st.sampled_from(sorted(EVENTS))), due=days, today=days, birth=births)
def test_no_event_ever_makes_a_woman_eligible(events: set[str], due: date, today: date, birth: date) -> None:
    rule = rule_with({})
    flags: dict[str, bool] = {}
    for event in events:
        flags |= EVENTS[event]
    decision = decide(Facts(today, due, birth, birth, HEUSDEN, **flags), rule, today)
    assert decision.reason in REASONS
    assert not (events and decision.verdict == "eligible")


def test_no_fact_is_left_out_of_the_cases() -> None:
    said = {name for flags in EVENTS.values() for name in flags}
    dated = {"index_date", "due_date", "birth_earliest", "birth_latest", "municipality"}
    dated |= {"consent_version", "guardian_consented_on"}
    assert said | dated == {fact.name for fact in fields(Facts)}


@pytest.mark.parametrize(
    "parts", [{"min_week": 20, "max_week": 10}, {"max_age": 0}, {"age_on": "birthday"}, {"min_week": -1}]
)
def test_a_rule_that_lets_nobody_in_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="eligibility rule"):
        rule_with(parts)
