"""Write what women read: the information sheet, the invitation, and a woman's own page when she asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartstart import bookkeeping
from smartstart.designing import design_of
from smartstart.outputs import write_file
from smartstart.outreach import letters
from smartstart.outreach.house import PLAIN
from smartstart.outreach.invitations import display_name
from smartstart.outreach.pdf import letter_pdf
from smartstart.outreach.word import letter_docx
from smartstart.recording import find_person
from smartstart.sealing import sealed_pdf, write_sealed
from smartstart.stationery import house_style_of, letters_of, template_of
from smartstart.trial.events import EVENTS

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from smartstart.identity.vault import Vault
    from smartstart.outreach.house import HouseStyle
    from smartstart.outreach.letters import Letter
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

SHEET, INVITATION, OWN_PAGE = "informatieblad", "uitnodiging", "eigen-bladzijde"
_HERS = ("person_id", "mother_id")  # the columns by which a delivered row is about a woman herself


@dataclass(frozen=True)
class OwnPage:
    """A woman's own page, encrypted, and the file of its passphrase."""

    file: Path
    passphrase_file: Path


def write_sheet(workspace: Workspace, out: Path, dated: date) -> list[Path]:
    """Write the information sheet for all women into ``out``, as DOCX and PDF. Raises UsageError without letters."""
    programme = workspace.programme
    sheet = letters.information_sheet(
        programme,
        letters_of(workspace),
        workspace.contracts,
        design_of(programme).probability(programme.trial.arms[0]),
        dated,
        rehearsal=workspace.rehearsal,
    )
    return _write(out, _both(workspace, SHEET, sheet, house_style_of(workspace)))


def write_invitation(workspace: Workspace, out: Path, dated: date) -> list[Path]:
    """Write the invitation for midwives to hand over into ``out``, as DOCX and PDF. Raises UsageError as above."""
    letters_of(workspace)
    return _write(out, invitation_files(workspace, dated))


def invitation_files(workspace: Workspace, dated: date) -> dict[str, bytes]:
    """Return the invitation by the name of its files; none where the programme says nothing of letters."""
    stated = workspace.programme.letters
    if stated is None:
        return {}
    letter = letters.invitation(workspace.programme, stated, workspace.contracts, dated, rehearsal=workspace.rehearsal)
    house = house_style_of(workspace) if stated.house_style_on_invitation else PLAIN
    return _both(workspace, INVITATION, letter, house)


def write_own_page(workspace: Workspace, whom: str, out: Path, today: date) -> OwnPage:
    """Write the page of one woman, as an encrypted PDF. ``whom`` is her BSN, or an AGB code and a client number.

    Raises UsageError when it fits nobody, or the programme says nothing of letters.
    """
    stated = letters_of(workspace)
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        record = _record_of(workspace, warehouse, vault, find_person(warehouse, vault, whom.strip()))
    letter = letters.own_page(workspace.programme, stated, record, today, rehearsal=workspace.rehearsal)
    page = letter_pdf(letter, house_style_of(workspace))
    kept = write_sealed(workspace, out, f"{OWN_PAGE}-{today.isoformat()}", lambda phrase: sealed_pdf(page, phrase))
    return OwnPage(out, kept)


def _record_of(workspace: Workspace, warehouse: Warehouse, vault: Vault, woman: str) -> letters.OwnRecord:
    who = {"woman": woman}
    consents = warehouse.rows(
        "SELECT DISTINCT q.consented_on, q.consent_version, q.practice FROM intake.questionnaire AS q"
        " INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id"
        " WHERE d.is_current AND q.person_id = $woman ORDER BY ALL",
        who,
    )
    drawn = warehouse.rows("SELECT arm FROM allocation WHERE research_id = $woman", who)
    stopping = [rule.code for rule in EVENTS if rule.fact in {"consent_withdrawn", "objected"}]
    told = warehouse.rows(
        "SELECT max(happened_on) AS day FROM register.notice"
        " WHERE person_id = $woman AND kind IN (SELECT unnest($kinds))",
        who | {"kinds": stopping},
    )[0]["day"]
    newest = max((row["consented_on"] for row in consents), default=None)
    person = vault.contact(woman, "person")
    return letters.OwnRecord(
        name=display_name(person.get("given_names"), person.get("surname_prefix"), person.get("surname")),
        consents=tuple(
            letters.Given(row["consented_on"], row["consent_version"] or "", row["practice"]) for row in consents
        ),
        sources=_sources(workspace, warehouse, woman),
        arm=drawn[0]["arm"] if drawn else None,
        stopped=told is not None and (newest is None or told >= newest),
    )


def _sources(workspace: Workspace, warehouse: Warehouse, woman: str) -> tuple[str, ...]:
    """Return the contracts whose delivered files hold a row about her."""
    found = []
    for contract in workspace.contracts.values():
        named = [field.name for field in contract.fields if field.name in _HERS]
        hers = " OR ".join(f'"{name}" = $woman' for name in named)
        if (
            contract.incoming
            and named
            and warehouse.rows(f'SELECT 1 AS one FROM intake."{contract.name}" WHERE {hers} LIMIT 1', {"woman": woman})
        ):
            found.append(contract.file)
    return tuple(found)


def _both(workspace: Workspace, name: str, letter: Letter, house: HouseStyle) -> dict[str, bytes]:
    template, template_name = template_of(workspace, name)
    return {
        f"{name}.docx": letter_docx(letter, template, template_name, house),
        f"{name}.pdf": letter_pdf(letter, house),
    }


def _write(out: Path, files: dict[str, bytes]) -> list[Path]:
    for name, content in files.items():
        write_file(out / name, content)
    return [out / name for name in files]
