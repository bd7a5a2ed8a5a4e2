"""Hand over to the support team who said yes: one encrypted PDF, its passphrase in a file of its own.

Nothing unencrypted touches the disk: the page is made, encrypted and only then written.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartstart import bookkeeping
from smartstart.contracts.outgoing import hold_outgoing
from smartstart.outreach.hand_over import HandedOver, HandOver, address_line, through_the_practice
from smartstart.outreach.invitations import name_in_order
from smartstart.outreach.pdf import page_pdf
from smartstart.register.build import select_of
from smartstart.releasing import on_list
from smartstart.sealing import sealed_pdf, write_sealed
from smartstart.stationery import house_style_of
from smartstart.status_data import refuse_old_status

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

CONTRACT = "overdracht"


@dataclass(frozen=True)
class Handed:
    """The encrypted file, where its passphrase is, and how many women are in it; none is written for nobody."""

    file: Path
    passphrase_file: Path
    women: int


def hand_over(workspace: Workspace, out: Path, used_on: date | None) -> Handed | None:
    """Write the encrypted hand-over list of everybody who said yes and may still be visited; None if there is nobody.

    ``used_on`` is the day of the list; None is that of the last run that brought status data. Raises PolicyRefused
    when the newest status data are absent or too old for it.
    """
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        as_of = refuse_old_status(workspace.programme, warehouse, used_on)
        women = tuple(_handed_over(vault, row) for row in _who_said_yes(warehouse, workspace))
    if not women:
        return None
    hold_outgoing(workspace.contracts[CONTRACT], [asdict(one) for one in women], as_of)
    programme = workspace.programme
    listed = HandOver(programme.municipality.name, programme.contact.line, as_of, workspace.rehearsal, women)
    made = page_pdf(listed.page(), house_style_of(workspace))
    kept = write_sealed(workspace, out, f"overdracht-{as_of.isoformat()}", lambda phrase: sealed_pdf(made, phrase))
    return Handed(out, kept, len(women))


def _who_said_yes(warehouse: Warehouse, workspace: Workspace) -> list[dict[str, Any]]:
    """Return research_id, practice and whether the address is secret, of whose yes stands and who is not blocked.

    Who is not in the population register, or has asked for secrecy in any way, is reached through her practice.
    """
    return warehouse.rows(
        "WITH latest AS (SELECT *, row_number() OVER (PARTITION BY research_id ORDER BY as_of DESC, batch DESC)"
        " AS recency FROM invitation)"
        " SELECT i.research_id, i.practice, i.batch, coalesce(r.secrecy, true) OR i.research_id IN (SELECT n.person_id"
        " FROM register.notice AS n INNER JOIN register.event_rule AS e ON e.code = n.kind"
        " WHERE e.hand_over = 'no_address') AS secret"
        f" FROM ({select_of('invitation_answer')}) AS a"
        " INNER JOIN latest AS i ON i.research_id = a.person_id AND i.recency = 1"
        f" LEFT JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " LEFT JOIN register.registration AS r ON r.person_id = i.research_id"
        " WHERE a.answer = 'aanvaard' AND b.research_id IS NULL"
        " AND i.research_id NOT IN (SELECT research_id FROM erasure) ORDER BY i.research_id",
        {"municipality": workspace.programme.municipality.code},
    )


def _handed_over(vault: Vault, woman: dict[str, Any]) -> HandedOver:
    person = vault.contact(woman["research_id"], "person")
    number = on_list(vault, woman)["client_number"]
    return HandedOver(
        name=name_in_order(person.get("given_names"), person.get("surname_prefix"), person.get("surname")) or number,
        client_number=number,
        practice=woman["practice"],
        address=("" if woman["secret"] else address_line(person)) or through_the_practice(),
    )
