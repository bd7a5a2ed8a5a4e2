"""Whose questionnaire is due, for youth health care: midwives leave after six weeks, JGZ knows every family.

Both arms are mixed and none is shown; there is no address, as JGZ has it or may not have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date, made_up, words
from smartstart.outreach.wording import AS_OF, whom_to_call

if TYPE_CHECKING:
    from datetime import date


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
        w = words()
        due = sorted(self.due, key=lambda one: (one.name.casefold(), one.child_born_on, one.from_day))
        return Page(
            sheet=w.say("due.sheet"),
            first_line=w.say("due.first_line"),
            rehearsal=made_up("ask") if self.rehearsal else "",
            title=w.say("due.title", municipality=harmless(self.municipality)),
            facts=(
                (w.say("for"), w.say("for.youth_health_care")),
                (AS_OF, dutch_date(self.as_of)),
                (w.say("due.number"), str(len(due))),
            ),
            ask_title=w.say("ask_title"),
            asks=tuple(w.say(f"due.ask.{name}") for name in ("in_time", "she_decides", "send")),
            remark=w.say("due.about"),
            columns=(
                Column(w.say("column.mother"), 36, 0, "bold"),
                Column(w.say("due.column.born"), 18, 28),
                Column(w.say("due.column.questionnaire"), 26, 42),
                Column(w.say("due.column.from"), 18, 28),
                Column(w.say("due.column.until"), 18, 29),
            ),
            rows=tuple(
                (
                    harmless(one.name),
                    dutch_date(one.child_born_on),
                    w.say(f"due.{one.questionnaire}"),
                    dutch_date(one.from_day),
                    dutch_date(one.until_day),
                )
                for one in due
            ),
            empty="",
            closing=(whom_to_call(self.contact),),
            dated=self.as_of,
        )
