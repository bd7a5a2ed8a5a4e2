"""Whom a practice invites, when, and by what name; no more than that is known here."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.calendar import LAST_WEEK_OF_FIRST_TALK, add_working_days, end_of_week

if TYPE_CHECKING:
    from datetime import date

# A practice gets ten working days, and never fewer than five: it has to see the woman or reach her.
WORKING_DAYS_TO_INVITE = 10
WORKING_DAYS_AT_LEAST = 5

WEEK_13_TO_15 = "week 13–15"
AS_SOON_AS_POSSIBLE = "zo snel mogelijk"
SECOND_AND_LAST_TIME = "tweede en laatste keer"  # a reminder; there is never another one

# Invisible marks that turn the reading direction: one in a name can reorder the rest of its line.
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NOT_A_CHARACTER = "\ufffd"


@dataclass(frozen=True)
class Invitation:
    """One woman on the list of her own practice.

    ``weeks_pregnant`` counts completed weeks on the list's as-of date; ``invite_before`` is the last day
    on which to invite her, itself included.
    """

    client_number: str
    name: str
    weeks_pregnant: int
    contact_moment: str
    invite_before: date


@dataclass(frozen=True)
class PracticeList:
    """The invitations of one practice, in the order of their client numbers: order says nothing.

    ``practice`` is its AGB code (8 digits), ``municipality`` a name without "gemeente", ``contact`` the line
    (name, phone, e-mail) on which the programme is reached. ``rehearsal`` marks made-up or replayed data.
    ``after_closing``: the trial is over and the offer is for everybody, so nobody on it was drawn. ``ledger_head`` is
    the hash of the batch's draw (64 hex characters), by which anyone can see that it was not changed since.
    """

    practice: str
    municipality: str
    contact: str
    period: str
    as_of: date
    batch: str
    rehearsal: bool
    invitations: tuple[Invitation, ...]
    after_closing: bool = False
    ledger_head: str = ""

    def __post_init__(self) -> None:
        """Sort, so that no caller's order (by score, by time of entry) can come through."""
        ordered = sorted(self.invitations, key=lambda one: (one.client_number, one.name))
        object.__setattr__(self, "invitations", tuple(ordered))

    @property
    def reminds(self) -> bool:
        """Tell whether anyone stands on it for the second and last time."""
        return any(one.contact_moment == SECOND_AND_LAST_TIME for one in self.invitations)

    @property
    def expires(self) -> date | None:
        """The last day on which anyone on the list is still to be invited; None for an empty list."""
        return max((one.invite_before for one in self.invitations), default=None)


def contact_moment(as_of: date, due: date) -> str:
    """Return when the first talk is wanted: in weeks 13–15 while these are not over, else soon."""
    return WEEK_13_TO_15 if as_of <= end_of_week(LAST_WEEK_OF_FIRST_TALK, due) else AS_SOON_AS_POSSIBLE


def invite_before(as_of: date, due: date) -> date:
    """Return the last day to invite her: the end of week 15 or ten working days on, whichever is first.

    It is never before the fifth working day after ``as_of``: a practice needs time to reach her.
    """
    preferred = min(end_of_week(LAST_WEEK_OF_FIRST_TALK, due), add_working_days(as_of, WORKING_DAYS_TO_INVITE))
    return max(preferred, add_working_days(as_of, WORKING_DAYS_AT_LEAST))


def name_in_order(given_names: str | None, prefix: str | None, surname: str | None) -> str:
    """Return a name as it is looked up, "Proefstra, Fenna van der", from the parts that are present."""
    given, before, last = (harmless(part or "") for part in (given_names, prefix, surname))
    behind = " ".join(part for part in (given, before) if part)
    return ", ".join(part for part in (last, behind) if part)


def display_name(given_names: str | None, prefix: str | None, surname: str | None) -> str:
    """Return a name as one says it, "Fenna van der Proefstra", from the parts that are present.

    Letters are kept as they are, in any script; see ``harmless`` for what is not kept.
    """
    given, before, last = (harmless(part or "") for part in (given_names, prefix, surname))
    joint = "" if before.endswith(("'", "’")) else " "  # d'Arcy, but van der Proefstra
    return " ".join(part for part in (given, f"{before}{joint}{last}".strip()) if part)


def harmless(text: str) -> str:
    """Return ``text`` with nothing in it that acts on its surroundings on paper or in a file.

    Control characters and line breaks become spaces, marks that turn the reading direction go, and what is
    no character at all (half surrogates, U+FFFE) becomes U+FFFD: an XLSX holding one would not open.
    """
    kept = (_as_printed(character) for character in _DIRECTION_MARKS.sub("", text))
    return " ".join("".join(kept).split())


def _as_printed(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Zl", "Zp"}:
        return " "
    # U+FDD0–U+FDEF and the last two of every plane are set aside by Unicode as "noncharacters"
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF or 0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE:
        return _NOT_A_CHARACTER
    return character
