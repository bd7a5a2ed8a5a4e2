"""The annex to the DPIA, in Dutch: what data, why, from whom, how long, for whom, and which safeguards protect them.

From the contracts and the programme; what only people can weigh stays open and is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smartstart import __version__
from smartstart.outreach.letters import nobody_supervises
from smartstart.publishing.checklist import Answered, Asked, Checklist, State, known
from smartstart.small_numbers import MINIMUM, ROUNDED_TO
from smartstart.wording import Wording, wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartstart.contracts.odcs import Contract
    from smartstart.programme.sections import Programme
    from smartstart.workspace import Workspace

# What a DPIA asks that no program can answer (AVG art. 35; the model DPIA of the Dutch government).
PEOPLE_WRITE: Final = ("necessity", "proportionality", "subjects_view", "risks", "officer", "review")
SAFEGUARDS: Final = (
    "pseudonyms", "encryption", "keys", "quarantine", "lists", "containers", "draw", "gate", "erasure", "logging",
)  # fmt: skip


def dpia_annex_of(workspace: Workspace) -> Checklist:
    """Return the annex for this workspace: no data of anybody, only of files, columns, terms and safeguards."""
    w, programme = wording("nl", __package__ or ""), workspace.programme
    parts = (
        _part("1", _basis(w, programme)),
        _part("2", (_source(w, one) for one in workspace.contracts.values() if one.incoming)),
        _part("3", (_recipient(w, one) for one in workspace.contracts.values() if one.recipient)),
        _part("4", _terms(w, programme)),
        _part("5", _safeguards(w, workspace)),
        _part("6", ((w.say(f"dpia.{one}.topic"), w.say(f"dpia.{one}.asks"), "open", "") for one in PEOPLE_WRITE)),
    )
    return Checklist(
        name="dpia-bijlage",
        title=w.say("dpia.title", municipality=programme.municipality.name),
        source=w.say("dpia.source", version=__version__),
        language="nl",
        rehearsal=workspace.rehearsal,
        items=tuple(one for part in parts for one in part),
        notes=(w.say("dpia.decides"), w.say("dpia.kept")),
    )


Line = tuple[str, str, State, str]


def _part(number: str, lines: Iterator[Line] | tuple[Line, ...]) -> list[Answered]:
    return [
        Answered(Asked(f"{number}.{at}", topic, asks), state, answer)
        for at, (topic, asks, state, answer) in enumerate(lines, start=1)
    ]


def _basis(w: Wording, programme: Programme) -> Iterator[Line]:
    mandate = programme.mandate
    for name in ("legal_ground", "dpia", "ethics_ruling", "trial_registration"):
        yield w.say(f"dpia.{name}"), w.say("dpia.mandate"), *known(getattr(mandate, name))
    consent = programme.consent
    versions = ", ".join(consent.versions) or w.say("dpia.any_version")
    answer = w.say(
        "dpia.consent.answer", versions=versions, own=consent.own_consent_from, model=w.say(f"dpia.{consent.model}")
    )
    yield w.say("dpia.consent"), w.say("dpia.consent.asks"), "known", answer


def _source(w: Wording, one: Contract) -> Line:
    columns = ", ".join(f"{f.header} ({w.say(f'dpia.class.{f.classification}')})" for f in one.fields)
    answer = w.say("dpia.source_file", source=one.source, aim=one.aim, ground=one.legal_ground, columns=columns)
    return one.file, w.say("dpia.source.asks"), "known", answer


def _recipient(w: Wording, one: Contract) -> Line:
    columns = ", ".join(f.header for f in one.fields)
    return (
        one.file,
        w.say("dpia.recipient.asks"),
        "known",
        w.say("dpia.recipient", recipient=one.recipient, aim=one.aim, columns=columns),
    )


def _terms(w: Wording, programme: Programme) -> Iterator[Line]:
    asks = w.say("dpia.term.asks")
    yield (
        w.say("dpia.quarantine"), asks, "known",
        w.say("dpia.quarantine.answer", days=programme.retention.quarantine_days),
    )  # fmt: skip
    yield w.say("dpia.linkage"), asks, "known", w.say("dpia.linkage.answer", years=programme.consent.linkage_years)
    yield w.say("dpia.lists"), asks, "known", w.say("dpia.lists.answer", days=programme.lists.status_max_age_days)
    yield w.say("dpia.trial"), asks, "open", w.say("dpia.trial.answer")


def _safeguards(w: Wording, workspace: Workspace) -> Iterator[Line]:
    asks, programme = w.say("dpia.safeguard.asks"), workspace.programme
    numbers = {"minimum": MINIMUM, "rounded_to": ROUNDED_TO}
    for name in SAFEGUARDS:
        yield w.say(f"dpia.safeguard.{name}"), asks, "known", w.say(f"dpia.safeguard.{name}.answer", **numbers)
    kind = "none" if programme.score is None else programme.score.kind
    yield w.say("dpia.safeguard.score"), asks, "known", w.say(f"dpia.safeguard.score.{kind}")
    letters = programme.letters
    calm = letters is not None and nobody_supervises(letters, workspace.contracts.values())
    yield (
        w.say("dpia.supervision"),
        w.say("dpia.supervision.asks"),
        *(known(w.say("dpia.supervision.answer")) if calm else ("open", w.say("dpia.supervision.open"))),
    )
