"""The hand-over to the support team: who said yes, and how to reach her."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import UNKNOWN_GLYPHS, Column, Page, dutch_date
from smartstart.outreach.wording import AS_OF, CLIENT_NUMBER, whom_to_call

if TYPE_CHECKING:
    from datetime import date

FIRST_LINE = "Is de zwangerschap beëindigd, of is er iets ergs gebeurd? Ga niet langs; bel ons."
REHEARSAL = "OEFENING – verzonnen of nagespeelde gegevens; benader niemand"
THROUGH_THE_PRACTICE = "via de praktijk"
ASK_TITLE = "Wat vragen wij u?"
ASK = (
    "Deze vrouwen zeiden ja. Maak een afspraak met ieder van hen.",
    f"Staat er “{THROUGH_THE_PRACTICE}”? Dan krijgt niemand haar adres. Vraag haar verloskundige om contact.",
    "Deze lijst vervangt elke eerdere. Wie er niet meer op staat, benadert u niet meer zonder ons te bellen.",
)
ABOUT = "De lijst zegt niets over de situatie van een vrouw. Zij mag altijd nog nee zeggen, zonder reden."
COLUMNS = (
    Column("Naam", 34, 0, "bold"),
    Column(CLIENT_NUMBER, 14, 30, "code"),
    Column("Praktijk (AGB)", 14, 26),
    Column("Adres", 40, 66),
)


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
        women = sorted(self.women, key=lambda one: (one.name.casefold(), one.client_number))
        return Page(
            sheet="Overdracht",
            first_line=FIRST_LINE,
            rehearsal=REHEARSAL if self.rehearsal else "",
            title=f"Overdracht gemeente {harmless(self.municipality)}",
            facts=(
                ("Voor", "ondersteuningsteam"),
                (AS_OF, dutch_date(self.as_of)),
                ("Aantal vrouwen", str(len(women))),
            ),
            ask_title=ASK_TITLE,
            asks=ASK,
            remark=ABOUT,
            columns=COLUMNS,
            rows=tuple(tuple(map(harmless, (one.name, one.client_number, one.practice, one.address))) for one in women),
            empty="",
            closing=(whom_to_call(self.contact),),
            dated=self.as_of,
            unknown_glyphs=f"{UNKNOWN_GLYPHS} Vraag ons de naam.",
        )


def address_line(parts: dict[str, str]) -> str:
    """Return "Testdreef 12a, 5151 ZZ Drunen" from the parts that are present; empty when there is no street."""
    street, town = parts.get("street", ""), parts.get("town", "")
    number = f"{parts.get('house_number', '')}{parts.get('house_letter', '')}"
    if not street:
        return ""
    return ", ".join(
        part for part in (f"{street} {number}".strip(), f"{parts.get('postcode', '')} {town}".strip()) if part
    )
