"""The Dutch words of an invitation list (B1), the same on paper and in Excel.

Nothing here mentions risk: who is on the list was decided by lot, and the list says nothing else of her.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless

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
DRAWN = (
    "Wie op deze lijst staat, is door loting bepaald, onder alle vrouwen die mee konden doen en daarvoor "
    "toestemming gaven. De lijst zegt niets over de situatie van een vrouw."
)
EMPTY = "Er staat niemand op deze lijst. U hoeft niemand uit te nodigen."
UNKNOWN_GLYPHS = "Een teken in een naam kan hier niet worden afgedrukt (□). In het Excel-bestand staat de naam goed."
CONFIDENTIAL = "Dit overzicht is vertrouwelijk: vernietig het als u klaar bent."
COLUMNS = ("Cliëntnummer", "Naam", "Weken zwanger", "Contactmoment", "Uiterlijk uitnodigen op")
INVITED_ON = "Uitgenodigd op"
ANSWERS = ("ja", "nee", "niet bereikt")
ANSWER = "Ja / nee / niet bereikt"

_MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)


def dutch_date(day: date) -> str:
    """Return ``day`` as "5 april 2024"; no locale of the machine is asked."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def title(practice_list: PracticeList) -> str:
    """Return the heading of the list."""
    return f"Uitnodigingslijst gemeente {harmless(practice_list.municipality)}"


def facts(practice_list: PracticeList) -> tuple[tuple[str, str], ...]:
    """Return what identifies the list, as pairs of label and value."""
    return (
        ("Praktijk (AGB)", harmless(practice_list.practice)),
        ("Periode", harmless(practice_list.period)),
        ("Stand op", dutch_date(practice_list.as_of)),
        ("Loting", harmless(practice_list.batch)),
        ("Aantal vrouwen", str(len(practice_list.invitations))),
    )


def rows(practice_list: PracticeList) -> tuple[tuple[str, ...], ...]:
    """Return one row of texts per woman, under ``COLUMNS``."""
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


def whom_to_call(practice_list: PracticeList) -> str:
    """Return the line that says where questions and reports go."""
    return f"Vragen, of iets melden? {harmless(practice_list.contact)}"


def expiry(practice_list: PracticeList) -> str:
    """Return the line that says until when the list may be used."""
    if practice_list.expires is None:
        return EMPTY
    return f"Deze lijst geldt tot en met {dutch_date(practice_list.expires)}. Nodig daarna niemand meer uit."
