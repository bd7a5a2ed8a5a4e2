"""Which agreed steps are overdue, for the support workers themselves: only their own clients, and no judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date, made_up, words
from smartstart.outreach.wording import AS_OF, whom_to_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True)
class OverdueStep:
    """One step that is overdue, in the codes of the contract; ``name`` is surname first."""

    name: str
    worker_code: str | None
    life_domain: str
    what: str
    done_by: str
    due_on: date


@dataclass(frozen=True)
class OverdueSteps:
    """All overdue steps of a municipality on ``as_of``; ``labels`` are the contract's words for its codes."""

    municipality: str
    contact: str
    as_of: date
    rehearsal: bool
    steps: tuple[OverdueStep, ...]
    labels: Mapping[str, Mapping[str, str]]

    def page(self) -> Page:
        """Return the list in words: by worker, then the oldest first."""
        w = words()
        steps = sorted(self.steps, key=lambda one: (one.worker_code or "", one.due_on, one.name.casefold(), one.what))

        def said(column: str, code: str) -> str:
            return self.labels[column].get(code, code)

        return Page(
            sheet=w.say("steps.sheet"),
            first_line=w.say("steps.first_line"),
            rehearsal=made_up("approach") if self.rehearsal else "",
            title=w.say("steps.title", municipality=harmless(self.municipality)),
            facts=(
                (w.say("for"), w.say("for.support_team")),
                (AS_OF, dutch_date(self.as_of)),
                (w.say("steps.number"), str(len(steps))),
            ),
            ask_title=w.say("ask_title"),
            asks=(w.say("steps.ask.talk"), w.say("steps.ask.write")),
            remark=w.say("steps.about"),
            columns=(
                Column(w.say("column.mother"), 36, 0, "bold"),
                Column(w.say("steps.column.worker"), 12, 19, "code"),
                Column(w.say("steps.column.domain"), 30, 34),
                Column(w.say("steps.column.step"), 26, 32),
                Column(w.say("steps.column.who"), 16, 22),
                Column(w.say("steps.column.due"), 18, 28),
            ),
            rows=tuple(
                (
                    harmless(one.name),
                    harmless(one.worker_code or ""),
                    said("life_domain", one.life_domain),
                    said("what", one.what),
                    said("done_by", one.done_by),
                    dutch_date(one.due_on),
                )
                for one in steps
            ),
            empty="",
            closing=(whom_to_call(self.contact),),
            dated=self.as_of,
        )
