"""The Dutch words of an invitation list (B1), the same on paper and in Excel.

Nothing here mentions risk: who is on the list was decided by lot, and the list says nothing else of her.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date, made_up, words

if TYPE_CHECKING:
    from smartstart.outreach.invitations import PracticeList

# What comes back is found by these words: they are a form, as the headers of a delivered file are.
CLIENT_NUMBER = "Cliëntnummer"
INVITED_ON = "Uitgenodigd op"
ANSWER = "Antwoord"
# To tick on paper; that a pregnancy has ended is told by phone, at once, and stands on no paper.
ANSWERS = ("ja", "nee", "niet bereikt")
PREGNANCY_ENDED = "zwangerschap beëindigd"
CELL_ANSWERS = (*ANSWERS, PREGNANCY_ENDED)  # to choose from in Excel, in the file that comes back
PRACTICE, PERIOD, AS_OF, BATCH = "Praktijk (AGB)", "Periode", "Stand op", "Loting"


class ListFacts(NamedTuple):
    """What identifies a list: the AGB code, the as-of day in words, and the batch."""

    practice: str
    as_of: str
    batch: str


def invitation_page(practice_list: PracticeList) -> Page:
    """Return the list in words; a line more when somebody stands on it for the second and last time."""
    w = words()
    asks = ("in_person", "hand_over", "no_is_no", *(("once_more",) if practice_list.reminds else ()))
    return Page(
        sheet=w.say("invitations.sheet"),
        # always the first line: the register knows no miscarriage, and the midwife is the last who can check
        first_line=w.say("pregnancy_first"),
        rehearsal=rehearsal_line() if practice_list.rehearsal else "",
        title=title(practice_list.municipality),
        facts=(
            (PRACTICE, harmless(practice_list.practice)),
            (PERIOD, harmless(practice_list.period)),
            (AS_OF, dutch_date(practice_list.as_of)),
            (BATCH, harmless(practice_list.batch)),
            (w.say("number_of_women"), str(len(practice_list.invitations))),
        ),
        ask_title=w.say("ask_title"),
        asks=tuple(w.say(f"invitations.ask.{name}") for name in asks),
        remark=w.say("invitations.for_everybody" if practice_list.after_closing else "invitations.drawn"),
        columns=_columns(),
        rows=_rows(practice_list),
        empty="" if practice_list.invitations else w.say("invitations.empty"),
        closing=(
            whom_to_call(practice_list.contact),
            *([w.say("invitations.until", day=dutch_date(practice_list.expires))] if practice_list.expires else []),
            # an auditor with this paper can check the ledger; a midwife need not read it
            *([w.say("invitations.ledger", head=practice_list.ledger_head)] if practice_list.ledger_head else []),
        ),
        dated=practice_list.as_of,
        answers=ANSWERS,
    )


def rehearsal_line() -> str:
    """Return the line that marks a list of women who do not exist."""
    return made_up("invite")


def title(municipality: str) -> str:
    """Return the heading of the lists of a municipality."""
    return words().say("invitations.title", municipality=harmless(municipality))


def read_facts(line: str) -> ListFacts | None:
    """Return what a cell with the line of facts says, or None for any other cell."""
    said = dict(re.findall(r"([^·:]+): ([^·]+?)\s*(?:·\s*|$)", line))
    if not {PRACTICE, AS_OF, BATCH} <= said.keys():
        return None
    return ListFacts(said[PRACTICE], said[AS_OF], said[BATCH])


def whom_to_call(contact: str) -> str:
    """Return the line that says where questions and reports go."""
    return words().say("whom_to_call", contact=harmless(contact))


def _columns() -> tuple[Column, ...]:
    w = words()
    return (
        Column(CLIENT_NUMBER, 14, 25, "code"),
        Column(w.say("column.name"), 29, 0, "bold"),
        Column(w.say("invitations.column.weeks"), 9, 16, "centre"),
        Column(w.say("invitations.column.moment"), 18, 27),
        Column(w.say("invitations.column.before"), 17, 25),
        Column(INVITED_ON, 14, 25, "blank"),
        Column(ANSWER, 16, 26, "ticks"),
    )


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
