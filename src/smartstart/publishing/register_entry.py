"""The entry in the Algoritmeregister: filled in from the programme, the contracts and the approved model's card.

The register's fields and lengths stand in ``configs/publication/algoritmeregister-1.0.yaml``. Why the algorithm is in
proportion, its risks and its links are for a person to write: these fields stay empty and are named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from smartstart import __version__, bookkeeping
from smartstart.approved import champion, open_model, read_approved
from smartstart.designing import design_of
from smartstart.programme.records import as_record
from smartstart.resources import read_yaml, shipped
from smartstart.wording import Wording, wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.programme.sections import Programme
    from smartstart.trial.ledger import Ledger
    from smartstart.workspace import Workspace

STANDARD: Final = "algoritmeregister-1.0.yaml"
_CATEGORIES: Final = {
    "none": "Overige algoritmes",
    "factor_count": "Impactvolle algoritmes",
    "model": "Hoog-risico AI-systeem",
}  # a count of factors changes nobody's chance; a model is treated as high-risk (AI Act, annex III 5(a))
_TAGS: Final = frozenset({"div", "br", "p", "ul", "ol", "li"})
_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Field:
    """One field of the standard: its longest text, or what may stand in it, or the parts of each of its entries."""

    name: str
    required: bool = False
    longest: int | None = None
    one_of: tuple[str, ...] = ()
    form: str = ""
    parts: dict[str, int] | None = None
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standard:
    """The register's publication standard."""

    standard: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Entry:
    """An entry by field, the fields that a person must still write, and what breaks the standard."""

    fields: Mapping[str, Any]
    to_write: tuple[str, ...]
    breaches: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"fields": dict(self.fields), "to_write": list(self.to_write), "breaches": list(self.breaches)}


def standard() -> Standard:
    """Return the fields of the register as they are shipped."""
    path = shipped("configs") / "publication" / STANDARD
    found: Standard = as_record(read_yaml(path), Standard, path.name)
    return found


def entry_of(workspace: Workspace) -> Entry:
    """Return the register entry of a workspace's programme, as far as the program knows it."""
    with workspace.open_warehouse() as warehouse:
        ledger, model = bookkeeping.read_ledger(warehouse), champion(warehouse)
    about = open_model(read_approved(workspace, model["sha256"])).about if model else None
    programme, rules = workspace.programme, standard()
    w = wording("nl", __package__ or "")
    known = _known(workspace, ledger, w) | _of_the_score(programme, about, w)
    fields = {field.name: known.get(field.name, [] if field.parts else "") for field in rules.fields}
    to_write = tuple(name for name, value in fields.items() if value in ("", []) and name not in _NOT_OURS)
    return Entry(fields, to_write, tuple(breaches(fields, rules)))


# Fields that need not be filled in: an algorithm in use has no last month.
_NOT_OURS: Final = frozenset({"end_date"})


def breaches(fields: Mapping[str, Any], rules: Standard) -> list[str]:
    """Return what breaks the standard, a sentence each, without the texts themselves; empty fields are not judged."""
    found = []
    for field in rules.fields:
        value = fields[field.name]
        if value in ("", []):
            if field.required:
                found.append(f"{field.name}: must be filled in.")
            continue
        if field.parts is not None:
            found += _breaches_of_parts(field, value)
            continue
        if field.longest is not None and len(value) > field.longest:
            found.append(f"{field.name}: {len(value)} characters, at most {field.longest}: shorten it.")
        if field.one_of and value not in field.one_of:
            found.append(f"{field.name}: must be one of {', '.join(field.one_of)}.")
        if field.form == "month" and not _MONTH.fullmatch(value):
            found.append(f"{field.name}: must be a month, as 2027-03.")
        strange = set(re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", value)) - _TAGS
        if strange:
            found.append(f"{field.name}: holds a tag that the register refuses ({', '.join(sorted(strange))}).")
    return found


def _breaches_of_parts(field: Field, entries: list[Mapping[str, str]]) -> list[str]:
    found = []
    for number, entry in enumerate(entries, start=1):
        for part, longest in (field.parts or {}).items():
            text = entry.get(part, "")
            if part in field.needed and not text:
                found.append(f"{field.name}, entry {number}, {part}: must be filled in.")
            if len(text) > longest:
                found.append(f"{field.name}, entry {number}, {part}: {len(text)} characters, at most {longest}.")
    return found


# --- what the program knows -------------------------------------------------------------------------------


def _known(workspace: Workspace, ledger: Ledger, w: Wording) -> dict[str, Any]:
    programme = workspace.programme
    drawn = [entry for entry in ledger.entries if entry.kind == "draw"]
    mandate, state = programme.mandate, _status(ledger, rehearsal=workspace.rehearsal)
    return {
        "organization": w.say("organization", municipality=programme.municipality.name),
        "category": w.say("category"),
        "status": state,
        "begin_date": drawn[0].recorded_at[:7]
        if drawn and not workspace.rehearsal
        else f"{programme.trial.start:%Y-%m}",
        "end_date": ledger.entries[-1].recorded_at[:7] if state == "Buiten gebruik" else "",
        "contact_email": programme.contact.email,
        "goal": w.say("goal"),
        "human_intervention": w.say("human_intervention"),
        "lawful_basis": w.say("lawful_basis", ground=mandate.legal_ground) if mandate.legal_ground else "",
        "impacttoetsen": w.say("impacttoetsen", dpia=mandate.dpia) if mandate.dpia else "",
        "source_data": _sources(workspace, w),
        "provider": w.say("provider", version=__version__),
        "lang": "nld",
        "standard_version": "1.0",
        "source_id": programme.trial.trial_id,
        "tags": w.say("tags"),
    }


def _status(ledger: Ledger, *, rehearsal: bool) -> str:
    if rehearsal or not any(entry.kind == "draw" for entry in ledger.entries):
        return "In ontwikkeling"
    return "Buiten gebruik" if ledger.closed else "In gebruik"


def _of_the_score(programme: Programme, about: Mapping[str, Any] | None, w: Wording) -> dict[str, str]:
    """Return what depends on whether anything is scored, and by what."""
    score = programme.score
    kind = "none" if score is None else score.kind
    chance = str(design_of(programme).probability(programme.trial.arms[0]))
    methods = [w.say("methods_of_the_draw", chance=chance), w.say(f"methods.{kind}")]
    if about is not None and kind == "model":
        methods.append(w.say("methods.learned", predictors=", ".join(about["predictors"]).replace("_", " ")))
    return {
        "name": w.say(f"name.{kind}"),
        "description_short": w.say(f"description.{kind}"),
        "publication_category": _CATEGORIES[kind],
        "methods_and_models": "".join(f"<p>{text}</p>" for text in methods),
    }


def _sources(workspace: Workspace, w: Wording) -> str:
    """Return which files are used, from where and what for, from the contracts of what comes in."""
    rows = [
        w.say("source", file=contract.file, source=contract.source, aim=contract.aim)
        for contract in workspace.contracts.values()
        if contract.incoming
    ]
    return f"<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>"
