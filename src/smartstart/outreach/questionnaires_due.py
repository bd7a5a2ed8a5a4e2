"""Whose questionnaire is due, for youth health care: midwives leave after six weeks, JGZ knows every family.

Both arms are mixed and none is shown; there is no address, as JGZ has it or may not have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date
from smartstart.outreach.wording import AS_OF, whom_to_call

if TYPE_CHECKING:
    from datetime import date

FIRST_LINE = "Is er iets ergs gebeurd in het gezin? Vraag niets; meld het ons."
REHEARSAL = "OEFENING – verzonnen of nagespeelde gegevens; vraag niemand iets"
ASK_TITLE = "Wat vragen wij u?"
ASK = (
    "Vraag elke moeder om de vragenlijst achter haar naam in te vullen, niet eerder dan “vanaf” en niet later dan “tot "
    "en met”.",
    "Zij beslist zelf. Wil zij niet, vraag dan niet naar de reden.",
    "Zorg dat de ingevulde vragenlijst bij ons komt, met het meetmoment erop.",
)
ABOUT = (
    "Deze moeders gaven toestemming om mee te doen aan een onderzoek. De lijst zegt niets over hun situatie, en niet "
    "wie welke hulp kreeg. Is een gezin niet bij u bekend of verhuisd? Sla het over en meld het ons."
)
NAMES = {"tussenmeting": "tussenmeting (3 maanden)", "eindmeting": "eindmeting (1 jaar)"}
COLUMNS = (
    Column("Moeder", 36, 0, "bold"),
    Column("Kind geboren op", 18, 28),
    Column("Vragenlijst", 26, 42),
    Column("Vanaf", 18, 28),
    Column("Tot en met", 18, 29),
)


@dataclass(frozen=True)
class QuestionnaireDue:
    """One questionnaire that is due: of whom (surname first), after which birth, and between which days."""

    name: str
    child_born_on: date
    questionnaire: str
    from_day: date
    until_day: date


@dataclass(frozen=True)
class QuestionnairesDue:
    """All questionnaires that are due in a municipality on ``as_of``."""

    municipality: str
    contact: str
    as_of: date
    rehearsal: bool
    due: tuple[QuestionnaireDue, ...]

    def page(self) -> Page:
        """Return the list in words, in the order of the names: order says nothing."""
        due = sorted(self.due, key=lambda one: (one.name.casefold(), one.child_born_on, one.from_day))
        return Page(
            sheet="Vragenlijsten",
            first_line=FIRST_LINE,
            rehearsal=REHEARSAL if self.rehearsal else "",
            title=f"Vragenlijsten gemeente {harmless(self.municipality)}",
            facts=(
                ("Voor", "jeugdgezondheidszorg"),
                (AS_OF, dutch_date(self.as_of)),
                ("Aantal vragenlijsten", str(len(due))),
            ),
            ask_title=ASK_TITLE,
            asks=ASK,
            remark=ABOUT,
            columns=COLUMNS,
            rows=tuple(
                (
                    harmless(one.name),
                    dutch_date(one.child_born_on),
                    NAMES[one.questionnaire],
                    dutch_date(one.from_day),
                    dutch_date(one.until_day),
                )
                for one in due
            ),
            empty="",
            closing=(whom_to_call(self.contact),),
            dated=self.as_of,
        )
