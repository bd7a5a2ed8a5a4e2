"""What lies on top in a practice's container: the cover, and what changed since the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date, words
from smartstart.outreach.wording import AS_OF, BATCH, CLIENT_NUMBER, PRACTICE, rehearsal_line, whom_to_call

if TYPE_CHECKING:
    from datetime import date

What = Literal["new", "reminder", "gone"]


@dataclass(frozen=True)
class Container:
    """What identifies one container; ``expires`` is the last day on which anything in it is to be used."""

    practice: str
    municipality: str
    contact: str
    as_of: date
    expires: date
    rehearsal: bool


@dataclass(frozen=True)
class Enclosed:
    """One document in a container: its name, how many women stand on it (None: it names none), until when it holds."""

    name: str
    women: int | None
    until: date | None


@dataclass(frozen=True)
class Change:
    """What became of one woman since the last container, as her practice knows her. Never why."""

    client_number: str
    name: str
    batch: str
    what: What


def cover_page(container: Container, enclosed: tuple[Enclosed, ...]) -> Page:
    """Return the cover: for whom, until when, whom to call, and what lies in it."""
    w = words()
    rows = tuple(
        (one.name, "" if one.women is None else str(one.women), dutch_date(one.until) if one.until else "")
        for one in enclosed
    )
    return _page(
        container,
        sheet=w.say("cover.sheet"),
        title=w.say("cover.title", municipality=harmless(container.municipality)),
        facts=(*_facts(container), (w.say("cover.expires"), dutch_date(container.expires))),
        asks=tuple(w.say(f"cover.ask.{name}") for name in ("changes", "invite", "answers", "destroy")),
        remark=w.say("cover.passphrase"),
        columns=(
            Column(w.say("cover.column.enclosed"), 44, 0, "bold"),
            Column(w.say("cover.column.women"), 12, 22, "centre"),
            Column(w.say("cover.column.until"), 24, 46),
        ),
        rows=rows,
        empty="",
    )


def changes_page(container: Container, changes: tuple[Change, ...], since: date | None, *, unnamed: bool) -> Page:
    """Return what changed since the container of ``since``, or that this is the first; the client's number orders."""
    w = words()
    ordered = sorted(changes, key=lambda one: (one.client_number, one.batch, one.what))
    last = w.say("changes.since", day=dutch_date(since)) if since else w.say("changes.first")
    return _page(
        container,
        sheet=w.say("changes.sheet"),
        title=w.say("changes.title"),
        facts=_facts(container),
        asks=(w.say("changes.ask.compare"), w.say("changes.ask.gone")),
        remark=" ".join([last, w.say("changes.no_reason"), *([w.say("changes.unnamed")] if unnamed else [])]),
        columns=(
            Column(CLIENT_NUMBER, 18, 32, "code"),
            Column(w.say("column.name"), 40, 0, "bold"),
            Column(w.say("changes.column.what"), 28, 48),
            Column(BATCH, 16, 28),
        ),
        rows=tuple(
            (harmless(one.client_number), harmless(one.name), w.say(f"changes.{one.what}"), harmless(one.batch))
            for one in ordered
        ),
        empty="" if ordered or unnamed else w.say("changes.nothing"),
    )


def _facts(container: Container) -> tuple[tuple[str, str], ...]:
    return ((PRACTICE, harmless(container.practice)), (AS_OF, dutch_date(container.as_of)))


def _page(container: Container, **own: Any) -> Page:
    w = words()
    return Page(
        first_line=w.say("pregnancy_first"),
        rehearsal=rehearsal_line() if container.rehearsal else "",
        ask_title=w.say("ask_title"),
        closing=(whom_to_call(container.contact),),
        dated=container.as_of,
        **own,
    )
