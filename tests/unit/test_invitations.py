"""Whom a practice invites, when, and by what name: each test's title is a rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartstart.calendar import add_working_days, end_of_week, is_working_day
from smartstart.outreach.invitations import (
    Invitation,
    PracticeList,
    contact_moment,
    display_name,
    harmless,
    invite_before,
    name_in_order,
)

AS_OF = date(2024, 4, 2)  # the Tuesday after Easter

days = st.dates(date(2018, 1, 1), date(2035, 12, 31))
days_until_due = st.integers(-30, 280)


def due_when(weeks: int, days: int = 0, on: date = AS_OF) -> date:
    """Return the due date of a woman who is ``weeks`` weeks and ``days`` days pregnant ``on`` a day."""
    return on + timedelta(days=280 - 7 * weeks - days)


@pytest.mark.parametrize(
    ("weeks", "days", "moment"),
    [
        (8, 0, "week 13–15"),
        (15, 0, "week 13–15"),
        (15, 6, "week 13–15"),
        (16, 0, "zo snel mogelijk"),
        (30, 0, "zo snel mogelijk"),
    ],
)
def test_the_first_talk_is_in_weeks_13_to_15_until_the_last_day_of_week_15(weeks: int, days: int, moment: str) -> None:
    assert contact_moment(AS_OF, due_when(weeks, days)) == moment


@pytest.mark.parametrize(
    ("weeks", "days", "last_day"),
    [
        (9, 0, date(2024, 4, 16)),  # ten working days on, well before the end of week 15
        (14, 2, date(2024, 4, 13)),  # the end of week 15, a Saturday, falls between five and ten
        (15, 6, date(2024, 4, 9)),  # week 15 ends today: five working days all the same
        (30, 0, date(2024, 4, 9)),  # week 15 is long past: five working days
    ],
)
def test_invite_by_the_end_of_week_15_or_ten_working_days_but_never_within_five(
    weeks: int, days: int, last_day: date
) -> None:
    assert invite_before(AS_OF, due_when(weeks, days)) == last_day


def test_dutch_holidays_are_no_working_days_for_an_invitation() -> None:
    # King's Day (a Saturday in 2024), 9 May Ascension Day and 20 May Whit Monday
    assert invite_before(date(2024, 5, 8), due_when(20, on=date(2024, 5, 8))) == date(2024, 5, 16)


@given(days, days_until_due)
def test_the_last_day_lies_between_five_and_ten_working_days(as_of: date, until_due: int) -> None:
    last_day = invite_before(as_of, as_of + timedelta(days=until_due))
    assert add_working_days(as_of, 5) <= last_day <= add_working_days(as_of, 10)


@given(days, days_until_due)
def test_the_last_day_is_a_working_day_or_the_end_of_week_15(as_of: date, until_due: int) -> None:
    due = as_of + timedelta(days=until_due)
    last_day = invite_before(as_of, due)
    assert is_working_day(last_day) or last_day == end_of_week(15, due)


@given(days, days_until_due)
def test_the_last_day_passes_week_15_only_to_leave_five_working_days(as_of: date, until_due: int) -> None:
    due = as_of + timedelta(days=until_due)
    last_day = invite_before(as_of, due)
    assert last_day <= end_of_week(15, due) or last_day == add_working_days(as_of, 5)


@pytest.mark.parametrize(
    ("given_names", "prefix", "surname", "shown"),
    [
        ("Fenna", "van der", "Proefstra", "Fenna van der Proefstra"),
        ("Aïcha", None, "Denkbeeld", "Aïcha Denkbeeld"),
        ("Sanne", "d'", "Arcy", "Sanne d'Arcy"),
        ("Lotte", "van 't", "Voorbeeld", "Lotte van 't Voorbeeld"),
        ("", "", "Null", "Null"),
        (None, None, "NA", "NA"),
        ("Bo", "de", "", "Bo de"),
        ("  Noor ", "", " Testema", "Noor Testema"),
        (None, None, None, ""),
    ],
)
def test_a_name_is_shown_from_the_parts_that_are_present(
    given_names: str | None, prefix: str | None, surname: str | None, shown: str
) -> None:
    assert display_name(given_names, prefix, surname) == shown


@pytest.mark.parametrize(
    ("given_names", "prefix", "surname", "shown"),
    [
        ("Fenna", "van der", "Proefstra", "Proefstra, Fenna van der"),
        ("Aïcha", None, "Denkbeeld", "Denkbeeld, Aïcha"),
        (None, None, "NA", "NA"),
        (None, None, None, ""),
    ],
)
def test_a_name_to_look_up_has_the_surname_first(
    given_names: str | None, prefix: str | None, surname: str | None, shown: str
) -> None:
    assert name_in_order(given_names, prefix, surname) == shown


@pytest.mark.parametrize(
    "name", ["=1+1", "#panic()", "*x*", "<b>", "👩‍👩‍👧", "فاطمة", "שרה", "李", "Nguyễn", "W" * 300]
)
def test_a_name_in_any_script_is_kept_as_it_is(name: str) -> None:
    assert display_name(None, None, name) == name


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_shown_can_be_written_to_any_file_and_reorders_no_line(text: str) -> None:
    shown = harmless(text)
    shown.encode("utf-8")
    assert not set(shown) & set(
        "\n\r\t\0\x85\u2028\u2029\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"
    )
    assert harmless(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\x00c\x85d", "a b c d"),
        ("a\u2028b\u2029c", "a b c"),
        ("  a \t b  ", "a b"),
        ("a\u202eb\u200fc\u061cd\u2066e\u2069f\u200eg", "abcdefg"),
        ("\ud800 \udfff", "\ufffd \ufffd"),
        ("\ufdd0 \ufdef", "\ufffd \ufffd"),
        ("\ufffe \uffff \U0001fffe \U0010ffff", "\ufffd \ufffd \ufffd \ufffd"),
        ("\ud7ff\ue000\ufdcf\ufdf0\ufffd", "\ud7ff\ue000\ufdcf\ufdf0\ufffd"),
        ("\U0001fffd\U00020000", "\U0001fffd\U00020000"),
    ],
)
def test_what_acts_on_its_surroundings_goes_and_what_is_no_character_is_marked(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_a_prefix_that_ends_in_an_apostrophe_of_either_kind_joins_the_name() -> None:
    assert display_name(None, "d'", "Arcy") == "d'Arcy" and display_name(None, "d’", "Arcy") == "d’Arcy"


def woman(number: str) -> Invitation:
    return Invitation(number, f"Naam {number}", 14, "week 13–15", AS_OF + timedelta(days=int(number)))


EMPTY = PracticeList("08012345", "Heusden", "Hallo jij", "2024Q1", AS_OF, "1", True, ())


@given(st.permutations([woman(number) for number in ("1", "2", "3", "4")]))
def test_the_order_of_a_list_says_nothing(women: list[Invitation]) -> None:
    numbers = [one.client_number for one in replace(EMPTY, invitations=tuple(women)).invitations]
    assert numbers == ["1", "2", "3", "4"]


def test_a_list_expires_with_its_last_invitation() -> None:
    assert replace(EMPTY, invitations=(woman("9"), woman("3"))).expires == AS_OF + timedelta(days=9)
    assert EMPTY.expires is None


def test_a_list_reminds_when_anyone_on_it_is_asked_for_the_last_time() -> None:
    last = replace(woman("2"), contact_moment="tweede en laatste keer")
    assert replace(EMPTY, invitations=(woman("1"), last)).reminds
    assert not replace(EMPTY, invitations=(woman("1"),)).reminds and not EMPTY.reminds


def test_a_list_is_of_a_running_trial_and_of_no_draw_unless_it_says_so() -> None:
    assert EMPTY.after_closing is False and EMPTY.ledger_head == ""
