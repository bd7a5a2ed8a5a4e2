"""The calendar of pregnancies and of Dutch working days; every date is passed in, none is asked of a clock."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Final

PREGNANCY_DAYS: Final = 280  # the due date (à terme datum) is the end of week 40
LONGEST_WEEKS: Final = 42  # no pregnancy lasts longer: what says so is a mistake
LAST_WEEK_OF_FIRST_TALK: Final = 15  # the project's brief: the first talk belongs in weeks 13 to 15
GESTATION_DIVIDES_AT: Final = 16  # completed weeks, for a stratum: by then the weeks of the first talk are over
SAME_PREGNANCY_DAYS: Final = 120  # due dates of one pregnancy are corrected by weeks, those of two lie months apart
EARLIEST_BIRTH_DAYS: Final = 140  # before the due date; a birth from 20 weeks of pregnancy on is that of this one
OVERDUE_DAYS: Final = 30  # after the due date; by then this pregnancy has ended, and what comes later is not of it
LATE_BIRTH_DAYS: Final = 60  # after the due date; due dates are told wrongly too, so a birth may come so much later


def weeks_pregnant(day: date, due: date) -> int:
    """Return the completed weeks of pregnancy on ``day``, counted back from the due date (40 weeks)."""
    return (PREGNANCY_DAYS - (due - day).days) // 7


def end_of_week(week: int, due: date) -> date:
    """Return the last day on which a pregnancy has ``week`` completed weeks (week 15 ends on day 15+6)."""
    return due - timedelta(days=PREGNANCY_DAYS - week * 7 - 6)


def days_after(day: date, number: int) -> date:
    """Return the day so many days later."""
    return day + timedelta(days=number)


def is_working_day(day: date) -> bool:
    """Tell whether ``day`` is from Monday to Friday and no Dutch public holiday."""
    return day.weekday() < 5 and day not in _dutch_holidays(day.year)


def add_working_days(day: date, number: int) -> date:
    """Return the ``number``-th working day after ``day``."""
    while number:
        day += timedelta(days=1)
        number -= is_working_day(day)
    return day


@cache
def _dutch_holidays(year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays("NL", years=year))


def age_on(day: date, birth: date) -> int:
    """Return the age in completed years on ``day``; who was born on 29 February turns on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
