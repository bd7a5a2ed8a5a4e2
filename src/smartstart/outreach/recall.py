"""The recall list of a practice: whom not to invite after all. Never why: every reason looks the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date
from smartstart.outreach.wording import AS_OF, CLIENT_NUMBER, PRACTICE, REHEARSAL, whom_to_call

if TYPE_CHECKING:
    from datetime import date

FIRST_LINE = "Nodig haar niet (meer) uit. Is dat al gebeurd, bel ons."
ASK_TITLE = "Wat vragen wij u?"
ASK = (
    "Nodig de vrouwen hieronder niet uit, ook niet als u dat al van plan was.",
    "Hebt u haar al uitgenodigd? Bel ons vandaag. Zeg haar niets voordat u ons sprak.",
    "Vernietig de oude uitnodigingslijst en gebruik de nieuwe. Staat zij op de oude en niet op de nieuwe? Nodig haar "
    "niet uit.",
)
NO_REASON = "Wij noemen nooit een reden: op deze lijst zien alle redenen er hetzelfde uit."
NOBODY_NAMED = "Wij kunnen hier geen naam noemen. Vergelijk de oude uitnodigingslijst met de nieuwe."
COLUMNS = (
    Column(CLIENT_NUMBER, 18, 32, "code"),
    Column("Naam", 45, 0, "bold"),
    Column("Loting", 16, 28),
    Column("Lijst van", 20, 34),
)


@dataclass(frozen=True)
class Recalled:
    """A woman on a list in use who may no longer be invited, as she stood there."""

    client_number: str
    name: str
    batch: str
    list_date: date


@dataclass(frozen=True)
class RecallList:
    """Whom one practice must not invite after all; ``dated`` is the day of what was last told of them.

    ``unnamed`` tells that somebody stood on its lists whose name nobody has any more.
    """

    practice: str
    municipality: str
    contact: str
    dated: date
    rehearsal: bool
    women: tuple[Recalled, ...]
    unnamed: bool

    def page(self) -> Page:
        """Return the list in words, in the order of the client numbers: order says nothing."""
        women = sorted(self.women, key=lambda one: (one.client_number, one.batch))
        return Page(
            sheet="Terugroepen",
            first_line=FIRST_LINE,
            rehearsal=REHEARSAL if self.rehearsal else "",
            title=f"Terugroeplijst gemeente {harmless(self.municipality)}",
            facts=((PRACTICE, harmless(self.practice)), (AS_OF, dutch_date(self.dated))),
            ask_title=ASK_TITLE,
            asks=ASK,
            remark=NO_REASON,
            columns=COLUMNS,
            rows=tuple(
                (harmless(one.client_number), harmless(one.name), harmless(one.batch), dutch_date(one.list_date))
                for one in women
            ),
            empty="" if women and not self.unnamed else NOBODY_NAMED,
            closing=(whom_to_call(self.contact),),
            dated=self.dated,
        )
