"""The Dutch words of an invitation list (B1), the same on paper and in Excel.

Nothing here mentions risk: who is on the list was decided by lot, and the list says nothing else of her.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date

if TYPE_CHECKING:
    from datetime import date

    from smartstart.outreach.invitations import PracticeList

# Always the first line: the register does not know a miscarriage, the midwife is the last who can check.
PREGNANCY_FIRST = "Is de zwangerschap beëindigd? Nodig niet uit; meld het ons."
REHEARSAL = "OEFENING – verzonnen of nagespeelde gegevens; nodig niemand uit"
ASK_TITLE = "Wat vragen wij u?"
ASK = (
    "Nodig elke vrouw persoonlijk uit, uiterlijk op de datum achter haar naam.",
    "Geef haar de uitnodiging mee. Zij beslist zelf of zij meedoet.",
    "Nee is nee: vraag niet naar de reden en vraag het haar niet opnieuw.",
)
ASK_ONCE_MORE = "Staat er “tweede en laatste keer”? Nodig haar nog één keer uit. Daarna vragen wij het u niet meer."
DRAWN = (
    "Wie op deze lijst staat, is door loting bepaald, onder alle vrouwen die mee konden doen en daarvoor "
    "toestemming gaven. De lijst zegt niets over de situatie van een vrouw."
)
FOR_EVERYBODY = (
    "De loting is afgelopen: het aanbod is nu voor alle vrouwen die mee kunnen doen en daarvoor toestemming gaven. "
    "De lijst zegt niets over de situatie van een vrouw."
)
EMPTY = "Er staat niemand op deze lijst. U hoeft niemand uit te nodigen."
CLIENT_NUMBER = "Cliëntnummer"
INVITED_ON = "Uitgenodigd op"
ANSWER = "Antwoord"
COLUMNS = (
    Column(CLIENT_NUMBER, 14, 25, "code"),
    Column("Naam", 29, 0, "bold"),
    Column("Weken zwanger", 9, 16, "centre"),
    Column("Contactmoment", 18, 27),
    Column("Uiterlijk uitnodigen op", 17, 25),
    Column(INVITED_ON, 14, 25, "blank"),
    Column(ANSWER, 16, 26, "ticks"),
)
# To tick on paper; that a pregnancy has ended is told by phone, at once, and stands on no paper.
ANSWERS = ("ja", "nee", "niet bereikt")
PREGNANCY_ENDED = "zwangerschap beëindigd"
CELL_ANSWERS = (*ANSWERS, PREGNANCY_ENDED)  # to choose from in Excel, in the file that comes back
DAY_IN_EXCEL = "De dag waarop u haar uitnodigde of dat probeerde, als dd-mm-jjjj."
ANSWER_IN_EXCEL = "Kies uit de lijst. Een reden vragen wij niet."
SEND_BACK = "In Excel vult u de laatste twee kolommen in. Stuur het bestand daarna beveiligd terug."
PRACTICE, PERIOD, AS_OF, BATCH = "Praktijk (AGB)", "Periode", "Stand op", "Loting"


class ListFacts(NamedTuple):
    """What identifies a list: the AGB code, the as-of day in words, and the batch."""

    practice: str
    as_of: str
    batch: str


def invitation_page(practice_list: PracticeList) -> Page:
    """Return the list in words; a line more when somebody stands on it for the second and last time."""
    return Page(
        sheet="Uitnodigingen",
        first_line=PREGNANCY_FIRST,
        rehearsal=REHEARSAL if practice_list.rehearsal else "",
        title=title(practice_list.municipality),
        facts=(
            (PRACTICE, harmless(practice_list.practice)),
            (PERIOD, harmless(practice_list.period)),
            (AS_OF, dutch_date(practice_list.as_of)),
            (BATCH, harmless(practice_list.batch)),
            ("Aantal vrouwen", str(len(practice_list.invitations))),
        ),
        ask_title=ASK_TITLE,
        asks=(*ASK, ASK_ONCE_MORE) if practice_list.reminds else ASK,
        remark=FOR_EVERYBODY if practice_list.after_closing else DRAWN,
        columns=COLUMNS,
        rows=_rows(practice_list),
        empty="" if practice_list.invitations else EMPTY,
        closing=(
            whom_to_call(practice_list.contact),
            *_until_when(practice_list.expires),
            *_drawn_by(practice_list.ledger_head),
        ),
        dated=practice_list.as_of,
        answers=ANSWERS,
    )


def title(municipality: str) -> str:
    """Return the heading of the lists of a municipality."""
    return f"Uitnodigingslijst gemeente {harmless(municipality)}"


def read_facts(line: str) -> ListFacts | None:
    """Return what a cell with the line of facts says, or None for any other cell."""
    said = dict(re.findall(r"([^·:]+): ([^·]+?)\s*(?:·\s*|$)", line))
    if not {PRACTICE, AS_OF, BATCH} <= said.keys():
        return None
    return ListFacts(said[PRACTICE], said[AS_OF], said[BATCH])


def whom_to_call(contact: str) -> str:
    """Return the line that says where questions and reports go."""
    return f"Vragen, of iets melden? {harmless(contact)}"


def _rows(practice_list: PracticeList) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            harmless(one.client_number),
            harmless(one.name),
            str(one.weeks_pregnant),
            one.contact_moment,
            dutch_date(one.invite_before),
        )
        for one in practice_list.invitations
    )


def _until_when(expires: date | None) -> list[str]:
    if expires is None:
        return []
    return [f"Deze lijst geldt tot en met {dutch_date(expires)}. Nodig daarna niemand meer uit."]


def _drawn_by(ledger_head: str) -> list[str]:
    """Return the line by which an auditor with this paper can check the ledger; a midwife need not read it."""
    return [f"Controlegetal van de loting: {ledger_head}"] if ledger_head else []
