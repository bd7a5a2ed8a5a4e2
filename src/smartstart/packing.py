"""Pack for every practice one encrypted container: cover, changes, lists, and the invitation to hand over.

The passphrase of each lies in the folder of keys, and travels by another way. What a practice was handed is noted
without names, so that its next container can say what changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartstart import bookkeeping, releasing
from smartstart.crash_points import reached
from smartstart.letter_writing import invitation_files
from smartstart.outreach import cover, wording
from smartstart.outreach.pages import words
from smartstart.outreach.pdf import page_pdf
from smartstart.outreach.word import list_docx
from smartstart.outreach.workbook import page_workbook
from smartstart.sealing import sealed_container, write_sealed
from smartstart.stationery import house_style_of, template_of
from smartstart.status_data import refuse_old_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smartstart.identity.vault import Vault
    from smartstart.outreach.house import HouseStyle
    from smartstart.outreach.invitations import PracticeList
    from smartstart.outreach.pages import Page
    from smartstart.outreach.recall import RecallList
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

LIST_TEMPLATE = "uitnodigingslijst"


@dataclass(frozen=True)
class Packed:
    """One practice's container and its passphrase's file; counts of women, and the last day of its use."""

    practice: str
    file: Path
    passphrase_file: Path
    listed: int
    new: int
    gone: int
    expires: date

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return vars(self) | {
            "file": str(self.file),
            "passphrase_file": str(self.passphrase_file),
            "expires": self.expires.isoformat(),
        }


@dataclass(frozen=True)
class _Content:
    """All that one practice is handed: lists in use, its recall list, what changed since when."""

    container: cover.Container
    lists: tuple[PracticeList, ...]
    recall: RecallList | None
    changes: tuple[cover.Change, ...]
    since: date | None
    unnamed: bool


def pack(workspace: Workspace, out: Path, used_on: date | None) -> tuple[Packed, ...]:
    """Write a container into ``out`` for every practice that has a list in use, or somebody to call back.

    ``used_on`` is the day of the hand-over; None is that of the last run that brought status data. The same day again
    makes the same contents. Raises PolicyRefused when the newest status data are absent or too old for that day,
    UsageError for a template or logo that cannot be used.
    """
    house = house_style_of(workspace)
    packed = []
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        as_of = refuse_old_status(workspace.programme, warehouse, used_on)
        invitation = invitation_files(workspace, as_of)
        contents = list(_contents(workspace, warehouse, vault, as_of))
        for content in contents:
            files = _files(workspace, content, house) | invitation
            name = f"praktijk-{content.container.practice}-{as_of.isoformat()}"
            file = out / f"{name}.zip"
            phrase = write_sealed(workspace, file, name, partial(sealed_container, files))
            packed.append(_summary(content, file, phrase))
        reached("containers_written")
        with warehouse.transaction():  # after the files: a change that is told twice harms nobody
            for content in contents:
                _note(warehouse, content, as_of)
    return tuple(packed)


# --- what each practice is handed -------------------------------------------------------------------------


def _contents(workspace: Workspace, warehouse: Warehouse, vault: Vault, as_of: date) -> Iterator[_Content]:
    every_list = releasing.invitation_lists(workspace, warehouse, vault)
    recalls = {one.practice: one for one in releasing.recall_lists(workspace, warehouse, vault)}
    in_use = [one for one in every_list if one.expires is not None and one.expires >= as_of]
    for practice in sorted({one.practice for one in in_use} | recalls.keys()):
        lists = tuple(one for one in in_use if one.practice == practice)
        since = _handed_before(warehouse, practice, as_of)
        changes, unnamed = _changes(workspace, warehouse, vault, practice, lists, since)
        recall = recalls.get(practice)
        week_on = as_of + timedelta(days=7)  # a recall has no last day of its own: within a week everybody is called
        container = cover.Container(
            practice=practice,
            municipality=workspace.programme.municipality.name,
            contact=workspace.programme.contact.line,
            as_of=as_of,
            expires=max((one.expires for one in lists if one.expires), default=week_on),
            rehearsal=workspace.rehearsal,
        )
        yield _Content(container, lists, recall, changes, since, unnamed or bool(recall and recall.unnamed))


def _handed_before(warehouse: Warehouse, practice: str, as_of: date) -> date | None:
    """Return the day of the container before this one; one of the same day is replaced by this one."""
    day: date | None = warehouse.rows(
        "SELECT max(handed_on) AS day FROM handed_list WHERE practice = $practice AND handed_on < $as_of",
        {"practice": practice, "as_of": as_of},
    )[0]["day"]
    return day


def _changes(
    workspace: Workspace,
    warehouse: Warehouse,
    vault: Vault,
    practice: str,
    lists: tuple[PracticeList, ...],
    since: date | None,
) -> tuple[tuple[cover.Change, ...], bool]:
    """Return what changed since a day, and whether somebody is gone whose name nobody has any more."""
    chosen = {"practice": practice, "since": since}
    before = warehouse.rows(
        "SELECT h.batch, h.research_id, e.erased_on FROM handed_list AS h"
        " LEFT JOIN erasure AS e ON e.research_id = h.research_id"
        " WHERE h.practice = $practice AND h.handed_on = $since ORDER BY h.batch, h.research_id",
        chosen,
    )
    erased = warehouse.rows(
        "SELECT 1 AS one FROM invitation AS i INNER JOIN erasure AS e ON e.research_id = i.research_id"
        " WHERE i.practice = $practice AND e.erased_on >= $since LIMIT 1",
        chosen,
    )
    known = {(row["batch"], row["research_id"]) for row in before}
    blocked = releasing.blocked_on_lists(warehouse, workspace.programme.municipality.code)
    gone = tuple(
        cover.Change(**releasing.on_list(vault, row), batch=row["batch"], what="gone")
        for row in before
        if (row["batch"], row["research_id"]) in blocked and row["erased_on"] is None
    )
    fresh = _fresh(warehouse, vault, practice, lists, known)
    return (*fresh, *gone), bool(erased)


def _fresh(
    warehouse: Warehouse, vault: Vault, practice: str, lists: tuple[PracticeList, ...], known: set[tuple[str, str]]
) -> tuple[cover.Change, ...]:
    """Return who stands on a list in use and stood on none that was handed before."""
    rows = warehouse.rows(
        "SELECT batch, research_id, basis FROM invitation WHERE practice = $practice"
        " AND batch IN (SELECT unnest($batches)) ORDER BY batch, research_id",
        {"practice": practice, "batches": [one.batch for one in lists]},
    )
    standing = {(one.batch, woman.client_number) for one in lists for woman in one.invitations}
    found = []
    for row in rows:
        if (row["batch"], row["research_id"]) in known:
            continue
        woman = vault.contact(row["research_id"], releasing.list_kind(row["batch"]))
        if woman and (row["batch"], woman["client_number"]) in standing:
            what: cover.What = "reminder" if row["basis"] == "reminder" else "new"
            found.append(cover.Change(**woman, batch=row["batch"], what=what))
    return tuple(found)


def _note(warehouse: Warehouse, content: _Content, as_of: date) -> None:
    """Note who stands on the lists of this container, for the next one."""
    which = {"practice": content.container.practice, "as_of": as_of}
    warehouse.run("DELETE FROM handed_list WHERE practice = $practice AND handed_on >= $as_of", which)
    warehouse.run(
        "INSERT INTO handed_list SELECT practice, $as_of, batch, research_id FROM invitation"
        " WHERE practice = $practice AND batch IN (SELECT unnest($batches))",
        which | {"batches": [one.batch for one in content.lists]},
    )


# --- the files --------------------------------------------------------------------------------------------


def _files(workspace: Workspace, content: _Content, house: HouseStyle) -> dict[str, bytes]:
    w = words()
    enclosed = [cover.Enclosed(w.say("changes.sheet"), len(content.changes), None)]
    files: dict[str, bytes] = {}
    for one in content.lists:
        page, name = wording.invitation_page(one), f"uitnodigingslijst-{one.batch}"
        template, template_name = template_of(workspace, LIST_TEMPLATE)
        files |= _both(name, page, house) | {f"{name}.docx": list_docx(page, template, template_name, house)}
        enclosed.append(
            cover.Enclosed(w.say("enclosed.invitations", batch=one.batch), len(one.invitations), one.expires)
        )
    if content.recall:
        files |= _both("terugroeplijst", content.recall.page(), house)
        enclosed.append(cover.Enclosed(w.say("enclosed.recall"), len(content.recall.women), None))
    if workspace.programme.letters is not None:
        enclosed.append(cover.Enclosed(w.say("enclosed.invitation"), None, None))
    changes = cover.changes_page(content.container, content.changes, content.since, unnamed=content.unnamed)
    top = {
        "1-voorblad.pdf": page_pdf(cover.cover_page(content.container, tuple(enclosed)), house),
        "2-wijzigingen.pdf": page_pdf(changes, house),
        "2-wijzigingen.xlsx": page_workbook(changes, house),
    }
    return top | files


def _both(name: str, page: Page, house: HouseStyle) -> dict[str, bytes]:
    return {f"{name}.pdf": page_pdf(page, house), f"{name}.xlsx": page_workbook(page, house)}


def _summary(content: _Content, file: Path, passphrase_file: Path) -> Packed:
    return Packed(
        practice=content.container.practice,
        file=file,
        passphrase_file=passphrase_file,
        listed=sum(len(one.invitations) for one in content.lists),
        new=sum(one.what != "gone" for one in content.changes),
        gone=sum(one.what == "gone" for one in content.changes),
        expires=content.container.expires,
    )
