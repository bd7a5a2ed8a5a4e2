"""Periods as people write them: ``2024Q1``, ``2024-03`` or ``2024-W13``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from smartstart.errors import UsageError


@dataclass(frozen=True)
class Period:
    """A quarter, month or ISO week, with its first and last day."""

    label: str
    first: date
    last: date


def read_period(text: str) -> Period:
    """Read a period. Raises UsageError that names the three forms."""
    try:
        if match := re.fullmatch(r"(\d{4})Q([1-4])", text):
            year, quarter = int(match[1]), int(match[2])
            return Period(text, date(year, 3 * quarter - 2, 1), _month_end(year, 3 * quarter))
        if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
            year, month = int(match[1]), int(match[2])
            return Period(text, date(year, month, 1), _month_end(year, month))
        if match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
            monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
            return Period(text, monday, monday + timedelta(days=6))
    except ValueError:
        pass  # a thirteenth month, a week that the year does not have
    raise UsageError("--period: write a quarter as 2024Q1, a month as 2024-03 or a week as 2024-W13.")


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
