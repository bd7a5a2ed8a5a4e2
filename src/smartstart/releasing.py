"""Release the lists: who was given the offer and may be invited now, per practice, as files.

What stood on a list is kept without names; the files are made from that, from the vault, and from what has been
told since. So they can be made again at any time, with the same bytes, and a woman whom an event has blocked in
the meantime is on none of them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartstart.calendar import weeks_pregnant
from smartstart.contracts.outgoing import hold_outgoing
from smartstart.errors import StateError
from smartstart.extracts.reading import checksum
from smartstart.identity.vault import Contact
from smartstart.intake.storing import client_kind
from smartstart.outputs import write_file
from smartstart.outreach.invitations import (
    Invitation,
    PracticeList,
    contact_moment,
    display_name,
    invite_before,
)
from smartstart.register.build import select_of

if TYPE_CHECKING:
    from smartstart.deliveries import Delivery
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

LIST_CONTRACT = "uitnodigingslijst"
RECALL_DAYS = 42  # a list asks to invite within ten working days; four weeks are added for whoever was away


@dataclass(frozen=True)
class ListFile:
    """One file of one practice, as bytes; ``path`` is relative to the workspace."""

    path: str
    content: bytes


def release_batch(warehouse: Warehouse, vault: Vault, delivery: Delivery, batch: str) -> None:
    """Put the women of a batch who were given the offer on the list of their practice.

    Client number and name are sealed in the vault as they are now, so that the list stays the same on paper.
    """
    women = warehouse.rows(
        "SELECT a.research_id, a.practice, c.due_date FROM allocation AS a"
        " INNER JOIN register.candidate AS c ON c.person_id = a.research_id"
        " WHERE a.batch = $batch AND a.arm = 'offer' ORDER BY a.research_id",
        {"batch": batch},
    )
    common = {"batch": batch, "period": delivery.period, "as_of": delivery.as_of}
    warehouse.insert_rows("invitation", [common | woman for woman in women])
    sealed = [
        Contact(woman["research_id"], _list_kind(batch), _as_known(vault, woman["research_id"], woman["practice"]))
        for woman in women
    ]
    vault.store_contacts(sealed, delivery.delivery_id, delivery.sequence)


def list_files(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[ListFile]:
    """Make every list of every batch, without whom an event has blocked since."""
    from smartstart.outreach.pdf import invitation_pdf
    from smartstart.outreach.workbook import invitation_workbook

    rows: dict[tuple[str, str, date, str], list[dict[str, Any]]] = defaultdict(list)
    for row in _still_invited(warehouse, workspace.programme.municipality.code):
        rows[row["batch"], row["period"], row["as_of"], row["practice"]].append(row)
    found = []
    for (batch, period, as_of, practice), women in rows.items():
        page = PracticeList(
            practice=practice,
            municipality=workspace.programme.municipality.name,
            contact=workspace.programme.contact.line,
            period=period,
            as_of=as_of,
            batch=batch,
            rehearsal=workspace.rehearsal,
            invitations=tuple(_invitation(vault, woman) for woman in women),
        )
        hold_outgoing(workspace.contracts[LIST_CONTRACT], [asdict(one) for one in page.invitations], as_of)
        place = f"{workspace.lists_folder.name}/{batch}/{practice}"
        found.append(ListFile(f"{place}.xlsx", invitation_workbook(page)))
        found.append(ListFile(f"{place}.pdf", invitation_pdf(page)))
    return found


def has_run(warehouse: Warehouse) -> bool:
    """Tell whether anything was ever loaded, and so whether there is a register."""
    return bool(warehouse.rows("SELECT 1 AS one FROM run LIMIT 1"))


def with_places(workspace: Workspace, report: dict[str, Any]) -> dict[str, Any]:
    """Turn stored list paths, which move with the workspace, into where the files are now."""
    return report | {"lists": [str(workspace.folder / path) for path in report["lists"]]}


def blocked_since(warehouse: Warehouse, municipality: str) -> list[dict[str, Any]]:
    """Return batch, practice and number of women on lists in use who may no longer be invited.

    A list is in use for RECALL_DAYS: by then everybody on it has been invited or never will be.
    """
    return warehouse.rows(
        "SELECT i.batch, i.practice, count(*) AS women FROM invitation AS i"
        f" INNER JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " WHERE i.as_of + $recall >= (SELECT max(as_of) FROM run)"
        " GROUP BY i.batch, i.practice ORDER BY i.batch, i.practice",
        {"municipality": municipality, "recall": RECALL_DAYS},
    )


def _still_invited(warehouse: Warehouse, municipality: str) -> list[dict[str, Any]]:
    return warehouse.rows(
        "SELECT i.batch, i.period, i.as_of, i.practice, i.research_id, i.due_date FROM invitation AS i"
        f" LEFT JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " WHERE b.research_id IS NULL ORDER BY i.batch, i.practice, i.research_id",
        {"municipality": municipality},
    )


def write_outputs(workspace: Workspace, files: list[ListFile], ledger: bytes) -> None:
    """Write lists and ledger, and remove the list of a practice that has nobody left to invite on it."""
    for file in files:
        write_file(workspace.folder / file.path, file.content)
    if ledger:
        write_file(workspace.ledger_file, ledger)
    wanted = {workspace.folder / file.path for file in files}
    for path in _list_files_on_disk(workspace.lists_folder):
        if path not in wanted:
            try:
                path.unlink()
            except OSError as fault:
                raise StateError(
                    f"'{path}' names women who may no longer be invited and could not be removed "
                    f"({fault.strerror}): remove it by hand."
                ) from None


def altered_lists(workspace: Workspace, warehouse: Warehouse) -> list[str]:
    """Return the list files that are not as they were written, in sentences."""
    faults = []
    for row in warehouse.rows("SELECT path, sha256 FROM output ORDER BY path"):
        path = workspace.folder / row["path"]
        if not path.is_file():
            faults.append(f"{row['path']} is missing: make it again with 'smartstart lists build'.")
        elif checksum(path) != row["sha256"]:
            faults.append(f"{row['path']} was changed since it was written: 'smartstart lists build' restores it.")
    return faults


def _list_files_on_disk(folder: Path) -> list[Path]:
    return [path for suffix in ("xlsx", "pdf") for path in sorted(folder.glob(f"*/*.{suffix}"))]


def _invitation(vault: Vault, woman: dict[str, Any]) -> Invitation:
    known = vault.contact(woman["research_id"], _list_kind(woman["batch"]))
    if not known:
        raise StateError("The vault lacks the contact data of a woman on a list: restore the vault from its backup.")
    as_of, due = woman["as_of"], woman["due_date"]
    return Invitation(
        client_number=known["client_number"],
        name=known["name"],
        weeks_pregnant=weeks_pregnant(as_of, due),
        contact_moment=contact_moment(as_of, due),
        invite_before=invite_before(as_of, due),
    )


def _as_known(vault: Vault, research_id: str, practice: str) -> dict[str, str]:
    """Return the client number and the name by which a practice knows a woman."""
    person = vault.contact(research_id, "person")
    client = vault.contact(research_id, client_kind(practice))
    name = display_name(person.get("given_names"), person.get("surname_prefix"), person.get("surname"))
    # a name of marks that cannot be printed leaves the number, by which the practice knows her too
    return {"client_number": client["client_number"], "name": name or client["client_number"]}


def _list_kind(batch: str) -> str:
    return f"list/{batch}"
