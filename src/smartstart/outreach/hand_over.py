"""The hand-over to the support team: who said yes, and how to reach her."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date, made_up, unknown_glyphs, words
from smartstart.outreach.wording import AS_OF, CLIENT_NUMBER, PRACTICE, whom_to_call

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class HandedOver:
    """A woman who said yes: name (surname first), where she is known, and her address where that may be told."""

    name: str
    client_number: str
    practice: str
    address: str


@dataclass(frozen=True)
class HandOver:
    """Everybody who said yes and may still be visited on ``as_of``."""

    municipality: str
    contact: str
    as_of: date
    rehearsal: bool
    women: tuple[HandedOver, ...]

    def page(self) -> Page:
        """Return the list in words, in the order of the names: order says nothing."""
        w = words()
        women = sorted(self.women, key=lambda one: (one.name.casefold(), one.client_number))
        return Page(
            sheet=w.say("hand_over.sheet"),
            first_line=w.say("hand_over.first_line"),
            rehearsal=made_up("approach") if self.rehearsal else "",
            title=w.say("hand_over.title", municipality=harmless(self.municipality)),
            facts=(
                (w.say("for"), w.say("for.support_team")),
                (AS_OF, dutch_date(self.as_of)),
                (w.say("number_of_women"), str(len(women))),
            ),
            ask_title=w.say("ask_title"),
            asks=(
                w.say("hand_over.ask.appointment"),
                w.say("hand_over.ask.address", instead=through_the_practice()),
                w.say("hand_over.ask.newest"),
            ),
            remark=w.say("hand_over.about"),
            columns=(
                Column(w.say("column.name"), 34, 0, "bold"),
                Column(CLIENT_NUMBER, 14, 30, "code"),
                Column(PRACTICE, 14, 26),
                Column(w.say("hand_over.column.address"), 40, 66),
            ),
            rows=tuple(tuple(map(harmless, (one.name, one.client_number, one.practice, one.address))) for one in women),
            empty="",
            closing=(whom_to_call(self.contact),),
            dated=self.as_of,
            unknown_glyphs=unknown_glyphs("ask"),
        )


def through_the_practice() -> str:
    """Return what stands in the place of an address that nobody may have."""
    return words().say("hand_over.through_the_practice")


def address_line(parts: dict[str, str]) -> str:
    """Return "Testdreef 12a, 5151 ZZ Drunen" from the parts that are present; empty when there is no street."""
    street, town = parts.get("street", ""), parts.get("town", "")
    number = f"{parts.get('house_number', '')}{parts.get('house_letter', '')}"
    if not street:
        return ""
    return ", ".join(
        part for part in (f"{street} {number}".strip(), f"{parts.get('postcode', '')} {town}".strip()) if part
    )
