"""What lies on top in a practice's container: the cover, and what changed since the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import Column, Page, dutch_date
from smartstart.outreach.wording import (
    AS_OF,
    CLIENT_NUMBER,
    PRACTICE,
    PREGNANCY_FIRST,
    REHEARSAL,
    whom_to_call,
)

if TYPE_CHECKING:
    from datetime import date

What = Literal["new", "reminder", "gone"]

IN_WORDS: Final[dict[What, str]] = {
    "new": "nieuw: nodig haar uit",
    "reminder": "tweede en laatste keer",
    "gone": "niet meer uitnodigen",
}
NOTHING_CHANGED: Final = "Er is niets veranderd sinds de vorige keer."
UNNAMED: Final = "Iemand staat niet meer op uw lijst en wij kunnen haar niet noemen: gebruik alleen de nieuwe lijst."
_COVER_ASKS: Final = (
    "Lees eerst de wijzigingen. Staat een vrouw daar als “niet meer uitnodigen”? Nodig haar niet uit.",
    "Nodig de vrouwen op de uitnodigingslijst persoonlijk uit. Geef ieder de uitnodiging mee.",
    "Vul de antwoorden in het Excel-bestand in en stuur het beveiligd terug.",
    "Vernietig dit pakket, en elk ouder pakket, na de datum hierboven.",
)
_CHANGES_ASKS: Final = (
    "Vergelijk dit met de lijst die u al hebt. Gebruik daarna alleen de nieuwe.",
    "Nodigde u een vrouw uit bij wie nu “niet meer uitnodigen” staat? Bel ons vandaag.",
)


@dataclass(frozen=True)
class Packet:
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


def cover_page(packet: Packet, enclosed: tuple[Enclosed, ...]) -> Page:
    """Return the cover: for whom, until when, whom to call, and what lies in it."""
    rows = tuple(
        (one.name, "" if one.women is None else str(one.women), dutch_date(one.until) if one.until else "")
        for one in enclosed
    )
    return _page(
        packet,
        sheet="Voorblad",
        title=f"Smart Start gemeente {harmless(packet.municipality)}",
        facts=(*_facts(packet), ("Geldig tot en met", dutch_date(packet.expires))),
        asks=_COVER_ASKS,
        remark="Het wachtwoord krijgt u langs een andere weg. Bewaar het niet bij dit pakket.",
        columns=(Column("In dit pakket", 44, 0, "bold"), Column("Vrouwen", 12, 22, "centre"),
                 Column("Te gebruiken tot en met", 24, 46)),
        rows=rows,
        empty="",
    )  # fmt: skip


def changes_page(packet: Packet, changes: tuple[Change, ...], since: date | None, *, unnamed: bool) -> Page:
    """Return what changed since the container of ``since``, or that this is the first; the client's number orders."""
    ordered = sorted(changes, key=lambda one: (one.client_number, one.batch, one.what))
    last = f"Sinds het pakket van {dutch_date(since)}." if since else "Dit is uw eerste pakket: iedereen is nieuw."
    return _page(
        packet,
        sheet="Wijzigingen",
        title="Wat is er veranderd?",
        facts=_facts(packet),
        asks=_CHANGES_ASKS,
        remark=" ".join([last, "Wij noemen nooit een reden.", *([UNNAMED] if unnamed else [])]),
        columns=(Column(CLIENT_NUMBER, 18, 32, "code"), Column("Naam", 40, 0, "bold"),
                 Column("Wijziging", 28, 48), Column("Loting", 16, 28)),
        rows=tuple(
            (harmless(one.client_number), harmless(one.name), IN_WORDS[one.what], harmless(one.batch))
            for one in ordered
        ),
        empty="" if ordered or unnamed else NOTHING_CHANGED,
    )  # fmt: skip


def _facts(packet: Packet) -> tuple[tuple[str, str], ...]:
    return ((PRACTICE, harmless(packet.practice)), (AS_OF, dutch_date(packet.as_of)))


def _page(packet: Packet, **own: Any) -> Page:
    return Page(
        first_line=PREGNANCY_FIRST,
        rehearsal=REHEARSAL if packet.rehearsal else "",
        ask_title="Wat vragen wij u?",
        closing=(whom_to_call(packet.contact),),
        dated=packet.as_of,
        **own,
    )
