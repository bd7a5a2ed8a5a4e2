"""What a woman reads: the information sheet before the questionnaire, the invitation, and her own page.

Every sentence holds for what the programme and the contracts really say; one that would not be true is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import dutch_date, made_up, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from fractions import Fraction

    from smartstart.contracts.odcs import Contract
    from smartstart.programme.sections import Letters, Programme
    from smartstart.wording import Wording

# Who may get a list with names on it while it is still true that nobody who supervises families sees one.
NOT_SUPERVISING: Final = frozenset({"verloskundigenpraktijk", "jeugdgezondheidszorg", "ondersteuningsteam"})


@dataclass(frozen=True)
class Section:
    """A heading, perhaps empty, with its paragraphs."""

    title: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Letter:
    """One letter in words; ``rehearsal`` is empty for real data. ``dated`` is the day that its files bear."""

    title: str
    sections: tuple[Section, ...]
    closing: tuple[str, ...]
    rehearsal: str
    dated: date


@dataclass(frozen=True)
class Given:
    """A consent: the day of it, the version of the sheet she had read, and the practice that asked her."""

    on: date
    version: str
    practice: str


@dataclass(frozen=True)
class OwnRecord:
    """What her own page tells: consents, the contracts whose files hold something of her, and what the draw gave."""

    name: str
    consents: tuple[Given, ...]
    sources: tuple[str, ...]
    arm: str | None
    stopped: bool


def information_sheet(
    programme: Programme,
    letters: Letters,
    contracts: Mapping[str, Contract],
    chance: Fraction,
    dated: date,
    *,
    rehearsal: bool,
) -> Letter:
    """Return the sheet that every woman reads before the questionnaire: whoever is not offered has read it too.

    ``chance`` is a woman's chance of the offer before anything is known.
    """
    w, p = words(), programme
    incoming = [contract for contract in contracts.values() if contract.incoming and contract.source == "gemeente"]
    linked = sorted(incoming, key=lambda contract: contract.file != "personen")  # her name first: so one tells it
    told = [w.known(f"source.{contract.file}", contract.aim.rstrip(".")) for contract in linked]
    draw = [w.say("sheet.draw.how", chance=_chance(w, chance)), w.say("sheet.draw.care")]
    if p.trial.after_closing == "offered":
        draw.append(w.say("sheet.draw.later"))
    data = [
        w.say("sheet.data.linked"),
        f"{'; '.join(told)}.",
        w.say("sheet.data.how_long", years=p.consent.linkage_years),
        w.say("sheet.data.safe"),
    ]
    if p.score is not None:
        data += [w.say(f"sheet.data.{p.score.kind}"), w.say("sheet.data.caution")]
    no = [w.say("sheet.no.free"), w.say("sheet.no.stop", contact=_contact(p)), w.say("sheet.no.erase")]
    young = [w.say("sheet.young", years=p.consent.own_consent_from)] if p.consent.own_consent_from > 12 else []
    version = p.consent.versions[-1] if p.consent.versions else ""
    return Letter(
        title=w.say("sheet.title", municipality=harmless(p.municipality.name)),
        sections=(
            Section(w.say("sheet.why.title"), (w.say("sheet.why.text", municipality=harmless(p.municipality.name)),)),
            Section(w.say("sheet.draw.title"), tuple(draw)),
            Section(w.say("sheet.data.title"), tuple(data)),
            Section(w.say("sheet.help.title"), (w.say("sheet.help.duty"), *_not_supervision(w, letters, contracts))),
            Section(w.say("sheet.no.title"), tuple(no)),
            *([Section(w.say("sheet.young.title"), tuple(young))] if young else []),
            Section(w.say("sheet.questions.title"), (w.say("sheet.questions.text", complaints=letters.complaints),)),
        ),
        closing=(_contact(p), *([w.say("sheet.version", version=version)] if version else [])),
        rehearsal=made_up("give") if rehearsal else "",
        dated=dated,
    )


def invitation(
    programme: Programme, letters: Letters, contracts: Mapping[str, Contract], dated: date, *, rehearsal: bool
) -> Letter:
    """Return the invitation that the midwife hands over. It bears no name: it may lie on any kitchen table."""
    w = words()
    return Letter(
        title=w.say("invitation.title"),
        sections=(
            Section("", (w.say("invitation.what", supporter=letters.supporter), w.say("invitation.about"))),
            Section(w.say("invitation.when.title"), (w.say("invitation.when"),)),
            Section(
                w.say("invitation.you.title"),
                (w.say("invitation.you"), w.say("invitation.no"), *_not_supervision(w, letters, contracts)),
            ),
            Section(w.say("invitation.yes.title"), (w.say("invitation.yes"),)),
        ),
        closing=(_contact(programme),),
        rehearsal=made_up("give") if rehearsal else "",
        dated=dated,
    )


def own_page(programme: Programme, letters: Letters, record: OwnRecord, dated: date, *, rehearsal: bool) -> Letter:
    """Return a woman's own page: her consents, what happens with her data, how to stop. No score and no band."""
    w = words()
    given = [
        w.say("own.consent", day=dutch_date(one.on), practice=harmless(one.practice))
        + (f" {w.say('own.version', version=harmless(one.version))}" if one.version else "")
        for one in record.consents
    ]
    draw = "own.draw.none" if record.arm is None else f"own.draw.{record.arm}"
    return Letter(
        title=w.say("own.title"),
        sections=(
            Section("", (w.say("own.for", name=harmless(record.name), day=dutch_date(dated)),)),
            Section(w.say("own.consents.title"), tuple(given) or (w.say("own.consents.none"),)),
            Section(w.say("own.draw.title"), (w.say(draw),)),
            Section(
                w.say("own.data.title"),
                (
                    w.say("own.data.sources", sources=_listed(w, record.sources)),
                    w.say("own.data.use"),
                    w.say("own.data.how_long", years=programme.consent.linkage_years),
                    w.say("own.data.all"),
                ),
            ),
            Section(
                w.say("own.stop.title"),
                (w.say("own.stopped") if record.stopped else w.say("own.stop"), w.say("own.erase")),
            ),
            Section(w.say("sheet.questions.title"), (w.say("sheet.questions.text", complaints=letters.complaints),)),
        ),
        closing=(_contact(programme),),
        rehearsal=made_up("give") if rehearsal else "",
        dated=dated,
    )


def nobody_supervises(letters: Letters, contracts: Iterable[Contract]) -> bool:
    """Tell whether "this is not about supervision" is true: the programme says so, and so do the lists that leave."""
    named = (contract for contract in contracts if contract.recipient and contract.contact_fields)
    return letters.not_supervision and all(contract.recipient in NOT_SUPERVISING for contract in named)


def _not_supervision(w: Wording, letters: Letters, contracts: Mapping[str, Contract]) -> tuple[str, ...]:
    return (w.say("not_supervision"),) if nobody_supervises(letters, contracts.values()) else ()


def _chance(w: Wording, chance: Fraction) -> str:
    return w.say("half") if chance * 2 == 1 else w.say("chance", part=chance.numerator, whole=chance.denominator)


def _contact(programme: Programme) -> str:
    return words().say("contact", contact=harmless(programme.contact.line))


def _listed(w: Wording, names: tuple[str, ...]) -> str:
    return "; ".join(w.known(f"source.{name}", name) for name in names) or w.say("own.data.nothing")
