"""The clock, asked in one place; what is pure (``risk``, ``trial``) gets its day and its moment passed in."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def moment() -> str:
    """Return this moment as it stands in records: UTC, to the second, in ISO 8601."""
    return now().isoformat(timespec="seconds")


def today() -> date:
    """Return today, in UTC: what a run may not lie after."""
    return now().date()


def day_on_the_wall() -> date:
    """Return today where the machine stands: what a person means who gives no day."""
    return date.today()  # noqa: DTZ011 - the day on the wall is meant
