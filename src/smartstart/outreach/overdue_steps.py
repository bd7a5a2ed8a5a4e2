"""Which agreed steps are overdue, for the support workers themselves: only their own clients, and no judgement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date
from smartstart.outreach.wording import AS_OF, whom_to_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

FIRST_LINE = "Is er iets ergs gebeurd in het gezin? Laat de stap dan rusten; meld het ons."
REHEARSAL = "OEFENING – verzonnen of nagespeelde gegevens; benader niemand"
ASK_TITLE = "Wat vragen wij u?"
ASK = (
    "Bespreek de stap met haar wanneer het haar past. Zij beslist of hij nog nodig is.",
    "Zet in uw eigen systeem wanneer hij klaar is, of dat hij vervalt.",
)
ABOUT = (
    "Deze stappen spraken u en de moeder samen af. De dag is voorbij; dat zegt niets over haar en niets over haar kind."
)
COLUMNS = (
    Column("Moeder", 36, 0, "bold"),
    Column("Begeleider", 12, 19, "code"),
    Column("Leefgebied", 30, 34),
    Column("Afgesproken stap", 26, 32),
    Column("Wie", 16, 22),
    Column("Uiterlijk", 18, 28),
)


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
        steps = sorted(self.steps, key=lambda one: (one.worker_code or "", one.due_on, one.name.casefold(), one.what))

        def said(column: str, code: str) -> str:
            return self.labels[column].get(code, code)

        return Page(
            sheet="Stappen",
            first_line=FIRST_LINE,
            rehearsal=REHEARSAL if self.rehearsal else "",
            title=f"Stappen over tijd gemeente {harmless(self.municipality)}",
            facts=(
                ("Voor", "ondersteuningsteam"),
                (AS_OF, dutch_date(self.as_of)),
                ("Aantal stappen", str(len(steps))),
            ),
            ask_title=ASK_TITLE,
            asks=ASK,
            remark=ABOUT,
            columns=COLUMNS,
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
