"""The recall list of a practice: whom not to invite after all. Never why: every reason looks the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date, words
from smartstart.outreach.wording import AS_OF, BATCH, CLIENT_NUMBER, PRACTICE, rehearsal_line, whom_to_call

if TYPE_CHECKING:
    from datetime import date


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
        w = words()
        women = sorted(self.women, key=lambda one: (one.client_number, one.batch))
        return Page(
            sheet=w.say("recall.sheet"),
            first_line=w.say("recall.first_line"),
            rehearsal=rehearsal_line() if self.rehearsal else "",
            title=w.say("recall.title", municipality=harmless(self.municipality)),
            facts=((PRACTICE, harmless(self.practice)), (AS_OF, dutch_date(self.dated))),
            ask_title=w.say("ask_title"),
            asks=tuple(w.say(f"recall.ask.{name}") for name in ("not_these", "already", "newest")),
            remark=w.say("recall.no_reason"),
            columns=(
                Column(CLIENT_NUMBER, 18, 32, "code"),
                Column(w.say("column.name"), 45, 0, "bold"),
                Column(BATCH, 16, 28),
                Column(w.say("recall.column.list"), 20, 34),
            ),
            rows=tuple(
                (harmless(one.client_number), harmless(one.name), harmless(one.batch), dutch_date(one.list_date))
                for one in women
            ),
            empty="" if women and not self.unnamed else w.say("recall.nobody_named"),
            closing=(whom_to_call(self.contact),),
            dated=self.dated,
        )
