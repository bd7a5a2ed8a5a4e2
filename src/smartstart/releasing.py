"""Release the lists: who was given the offer and may be invited now, per practice, as files.

What stood on a list is kept without names; the files are made from that, from the vault, and from what has been
told since. So they can be made again at any time, with the same bytes, and a woman whom an event has blocked in
the meantime is on none of them. Who was erased is on none either: the vault cannot name her any more.

Beside the invitations lists are made from the same state: what a practice must call back, for youth health care whose
questionnaire is due, and for the support team which agreed steps are overdue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from smartstart.bookkeeping import heads_of_draws
from smartstart.calendar import PREGNANCY_DAYS, SAME_PREGNANCY_DAYS, weeks_pregnant
from smartstart.contracts.outgoing import hold_outgoing
from smartstart.crash_points import reached
from smartstart.deliveries import last_day
from smartstart.errors import StateError
from smartstart.extracts.finding import checksum
from smartstart.identity.vault import Contact
from smartstart.intake.storing import client_kind
from smartstart.outputs import write_file
from smartstart.outreach.invitations import (
    SECOND_AND_LAST_TIME,
    Invitation,
    PracticeList,
    contact_moment,
    display_name,
    invite_before,
    name_in_order,
)
from smartstart.outreach.overdue_steps import OverdueStep, OverdueSteps
from smartstart.outreach.questionnaires_due import QuestionnaireDue, QuestionnairesDue
from smartstart.outreach.recall import Recalled, RecallList
from smartstart.register.build import select_of
from smartstart.stationery import house_style_of
from smartstart.status_data import status_is_old
from smartstart.support.plans import AgreedStep, overdue_of
from smartstart.workspace import LISTS

if TYPE_CHECKING:
    from smartstart.deliveries import Delivery
    from smartstart.identity.vault import Vault
    from smartstart.outreach.pages import Page
    from smartstart.programme.sections import Programme
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

Basis = Literal["drawn", "reminder", "after_closing"]

LIST_CONTRACT, RECALL_CONTRACT, QUESTIONNAIRES_CONTRACT = "uitnodigingslijst", "terugroeplijst", "meetlijst"
STEPS_CONTRACT = "stappenlijst"
RECALLS, QUESTIONNAIRES, STEPS = "terugroep", "vragenlijsten", "ondersteuning"  # folders beside those of the batches
RECALL_DAYS = 42  # a list asks to invite within ten working days; four weeks are added for whoever was away


@dataclass(frozen=True)
class ListFile:
    """One file, as bytes; ``path`` is relative to the workspace, ``batch`` is that of a list of invitations."""

    path: str
    content: bytes
    batch: str | None = None


def release_batch(warehouse: Warehouse, vault: Vault, delivery: Delivery, batch: str) -> None:
    """Put the women of a batch who were given the offer on the list of their practice.

    Client number and name are sealed in the vault as they are now, so that the list stays the same on paper.
    """
    drawn = warehouse.rows(
        "SELECT a.research_id, a.practice, f.due_date FROM allocation AS a"
        " INNER JOIN frozen AS f ON f.research_id = a.research_id"
        " WHERE a.batch = $batch AND a.arm = 'offer' ORDER BY a.research_id",
        {"batch": batch},
    )
    _release(warehouse, vault, delivery, batch, drawn, "drawn")


def release_reminders(warehouse: Warehouse, vault: Vault, delivery: Delivery, batch: str, programme: Programme) -> None:
    """Put who was not reached, and may still be invited, on her practice's new list: once, and never again."""
    last_week = programme.eligibility.max_week
    unreached = warehouse.rows(
        "WITH latest AS (SELECT *, row_number() OVER (PARTITION BY research_id ORDER BY as_of DESC, batch DESC)"
        " AS recency FROM invitation)"
        " SELECT p.person_id AS research_id, p.practice, p.due_date"
        f" FROM ({select_of('invitation_answer')}) AS a"
        " INNER JOIN latest AS i ON i.research_id = a.person_id AND i.recency = 1 AND i.batch <> $batch"
        f" LEFT JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " INNER JOIN register.pregnancy AS p ON p.person_id = i.research_id"
        " AND p.due_date BETWEEN i.due_date - $near AND i.due_date + $near"
        " INNER JOIN register.status AS s ON s.person_id = p.person_id AND s.number = p.number"
        " WHERE a.answer = 'niet_bereikt' AND b.research_id IS NULL AND NOT s.child_born AND p.due_date >= $due"
        " AND i.research_id NOT IN (SELECT research_id FROM invitation WHERE basis = 'reminder')"
        " QUALIFY row_number() OVER (PARTITION BY p.person_id ORDER BY p.number DESC) = 1 ORDER BY p.person_id",
        {
            "batch": batch,
            "municipality": programme.municipality.code,
            "near": SAME_PREGNANCY_DAYS,
            # whoever is due before this day is past the last week in which anybody is invited
            "due": delivery.as_of + timedelta(days=PREGNANCY_DAYS - 7 * last_week - 6),
        },
    )
    _release(warehouse, vault, delivery, batch, unreached, "reminder")


def release_after_closing(
    warehouse: Warehouse, vault: Vault, delivery: Delivery, batch: str, research_ids: Iterable[str]
) -> None:
    """Put women on the list of their practice without a draw: the trial is closed, and the offer is for everybody."""
    women = warehouse.rows(
        "SELECT person_id AS research_id, practice, due_date FROM register.candidate"
        " WHERE person_id IN (SELECT unnest($women)) ORDER BY person_id",
        {"women": sorted(research_ids)},
    )
    _release(warehouse, vault, delivery, batch, women, "after_closing")


def _release(
    warehouse: Warehouse, vault: Vault, delivery: Delivery, batch: str, women: list[dict[str, Any]], basis: Basis
) -> None:
    common = {"batch": batch, "period": delivery.period, "as_of": delivery.as_of, "basis": basis}
    warehouse.insert_rows("invitation", [common | woman for woman in women])
    sealed = [
        Contact(woman["research_id"], list_kind(batch), _as_known(vault, woman["research_id"], woman["practice"]))
        for woman in women
    ]
    vault.store_contacts(sealed, delivery.delivery_id, delivery.sequence)


def list_files(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[ListFile]:
    """Make every list: of every batch, without whom an event has blocked since; recalls; what is due or overdue."""
    return [
        *_invitation_files(workspace, warehouse, vault),
        *_recall_files(workspace, warehouse, vault),
        *_questionnaire_files(workspace, warehouse, vault),
        *_step_files(workspace, warehouse, vault),
    ]


def _invitation_files(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[ListFile]:
    from smartstart.outreach.wording import invitation_page

    return [
        file
        for one in invitation_lists(workspace, warehouse, vault)
        for file in _as_files(workspace, f"{one.batch}/{one.practice}", invitation_page(one), one.batch)
    ]


def invitation_lists(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[PracticeList]:
    """Return the invitation list of every batch and practice, without whom an event has blocked since."""
    rows: dict[tuple[str, str, date, str], list[dict[str, Any]]] = defaultdict(list)
    for row in _still_invited(warehouse, workspace.programme.municipality.code):
        rows[row["batch"], row["period"], row["as_of"], row["practice"]].append(row)
    found, heads = [], heads_of_draws(warehouse)
    for (batch, period, as_of, practice), women in rows.items():
        listed = PracticeList(
            practice=practice,
            municipality=workspace.programme.municipality.name,
            contact=workspace.programme.contact.line,
            period=period,
            as_of=as_of,
            batch=batch,
            rehearsal=workspace.rehearsal,
            invitations=tuple(_invitation(vault, woman) for woman in women),
            after_closing=any(woman["basis"] == "after_closing" for woman in women),
            ledger_head=heads.get(batch, ""),
        )
        hold_outgoing(workspace.contracts[LIST_CONTRACT], [asdict(one) for one in listed.invitations], as_of)
        found.append(listed)
    return found


def _recall_files(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[ListFile]:
    return [
        file
        for recall in recall_lists(workspace, warehouse, vault)
        for file in _as_files(workspace, f"{RECALLS}/{recall.practice}", recall.page())
    ]


def recall_lists(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[RecallList]:
    """Return the list of each practice that holds a list in use with somebody on it who may no longer be invited."""
    recalled: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _to_recall(warehouse, workspace.programme.municipality.code):
        recalled[row["practice"]].append(row)
    found = []
    for practice, women in recalled.items():
        named = [woman for woman in women if woman["erased_on"] is None]
        recall = RecallList(
            practice=practice,
            municipality=workspace.programme.municipality.name,
            contact=workspace.programme.contact.line,
            dated=max(_told_on(woman) for woman in women),
            rehearsal=workspace.rehearsal,
            women=tuple(
                Recalled(**on_list(vault, woman), batch=woman["batch"], list_date=woman["as_of"]) for woman in named
            ),
            unnamed=len(named) < len(women),
        )
        rows = [asdict(one) for one in recall.women]
        hold_outgoing(workspace.contracts[RECALL_CONTRACT], rows, recall.dated)
        found.append(recall)
    return found


def _questionnaire_files(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[ListFile]:
    """Make the one list of questionnaires that are due on the day of the last run; none while the status is too old."""
    rows, as_of = questionnaires_due(warehouse, workspace.programme), last_day(warehouse)
    if not rows or status_is_old(workspace.programme, warehouse, as_of):
        return []
    due = QuestionnairesDue(
        municipality=workspace.programme.municipality.name,
        contact=workspace.programme.contact.line,
        as_of=as_of,
        rehearsal=workspace.rehearsal,
        due=tuple(
            QuestionnaireDue(name, row["born_on"], row["moment"], row["from_day"], row["until_day"])
            for row in rows
            if (name := _name_in_order(vault, row["person_id"]))
        ),
    )
    if not due.due:
        return []
    hold_outgoing(workspace.contracts[QUESTIONNAIRES_CONTRACT], [asdict(one) for one in due.due], as_of)
    return _as_files(workspace, f"{QUESTIONNAIRES}/{as_of.isoformat()}", due.page())


def _step_files(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[ListFile]:
    """Make the one list of steps that are overdue on the day of the last run, of mothers who may still be handed on."""
    steps, as_of = agreed_steps(warehouse), last_day(warehouse)
    if not steps or status_is_old(workspace.programme, warehouse, as_of):
        return []
    contract = workspace.contracts[STEPS_CONTRACT]
    stopped = {
        row["research_id"]
        for row in warehouse.rows(f"SELECT research_id FROM ({select_of('participant')}) WHERE hand_over_stopped")
    }
    overdue = OverdueSteps(
        municipality=workspace.programme.municipality.name,
        contact=workspace.programme.contact.line,
        as_of=as_of,
        rehearsal=workspace.rehearsal,
        steps=tuple(
            OverdueStep(name, one.worker_code, one.life_domain, one.what, one.done_by, one.due_on)
            for one in overdue_of(steps, as_of)
            if one.person not in stopped and (name := _name_in_order(vault, one.person))
        ),
        labels={field.name: field.codes for field in contract.fields},
    )
    if not overdue.steps:
        return []
    hold_outgoing(contract, [asdict(one) for one in overdue.steps], as_of)
    return _as_files(workspace, f"{STEPS}/{as_of.isoformat()}", overdue.page())


def agreed_steps(warehouse: Warehouse) -> list[AgreedStep]:
    """Return every step of the newest plans, of mothers whose data may be used."""
    rows = warehouse.rows(
        "SELECT p.person_id AS person, p.life_domain, p.need, p.step, p.done_by, p.worker_code, p.agreed_on, p.due_on,"
        " p.done_on, p.evaluate_on, p.result FROM intake.support_plan AS p"
        " INNER JOIN delivery AS d ON d.delivery_id = p.delivery_id"
        f" INNER JOIN ({select_of('participant')}) AS w ON w.research_id = p.person_id"
        " WHERE d.is_current AND NOT (w.objected OR w.consent_withdrawn OR w.consent_missing OR w.erased)"
    )
    return [AgreedStep(**row) for row in rows]


def _as_files(workspace: Workspace, name: str, page: Page, batch: str | None = None) -> list[ListFile]:
    from smartstart.outreach.pdf import page_pdf
    from smartstart.outreach.workbook import page_workbook

    place, house = f"{LISTS}/{name}", house_style_of(workspace)
    contents = {"xlsx": page_workbook(page, house), "pdf": page_pdf(page, house)}
    return [ListFile(f"{place}.{kind}", content, batch) for kind, content in contents.items()]


def questionnaires_due(warehouse: Warehouse, programme: Programme) -> list[dict[str, Any]]:
    """Return the questionnaires due on the day of the last run: person_id, born_on, moment, from_day, until_day."""
    waves = {"tussenmeting": programme.questionnaires.tussenmeting, "eindmeting": programme.questionnaires.eindmeting}
    windows: dict[str, Any] = {"as_of": last_day(warehouse)}
    for name, wave in waves.items():
        windows |= {f"{name}_months": wave.months, f"{name}_from": wave.from_days, f"{name}_until": wave.until_days}
    return warehouse.rows(
        f"SELECT d.* FROM ({select_of('questionnaire_due')}) AS d"
        f" INNER JOIN ({select_of('participant')}) AS p ON p.research_id = d.person_id"
        " WHERE NOT p.questionnaires_stopped ORDER BY d.person_id, d.moment",
        windows,
    )


def said_yes_and_blocked(warehouse: Warehouse, programme: Programme) -> int:
    """Return how many women who said yes on a list in use were blocked since: the support team may have them."""
    return int(
        warehouse.rows(
            f"SELECT count(DISTINCT i.research_id) AS n FROM ({select_of('invitation_answer')}) AS a"
            " INNER JOIN invitation AS i ON i.research_id = a.person_id"
            f" INNER JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
            " WHERE a.answer = 'aanvaard' AND i.as_of + $recall >= (SELECT max(as_of) FROM run)",
            {"municipality": programme.municipality.code, "recall": RECALL_DAYS},
        )[0]["n"]
    )


def recall_list(practice: str) -> str:
    """Return where the recall list of a practice lies in the workspace."""
    return f"{LISTS}/{RECALLS}/{practice}.pdf"


def has_run(warehouse: Warehouse) -> bool:
    """Tell whether anything was ever loaded, and so whether there is a register."""
    return bool(warehouse.rows("SELECT 1 AS one FROM run LIMIT 1"))


def with_places(workspace: Workspace, report: dict[str, Any]) -> dict[str, Any]:
    """Turn stored list paths, which move with the workspace, into where the files are now."""
    return report | {"lists": [str(workspace.folder / path) for path in report["lists"]]}


def blocked_since(warehouse: Warehouse, municipality: str) -> list[dict[str, Any]]:
    """Return batch, practice and number of women on lists in use who may no longer be invited.

    What a practice told on the list that it sent back, it knows: for that it needs no other list. A list is in use
    for RECALL_DAYS: by then everybody on it has been invited or never will be.
    """
    return warehouse.rows(
        "SELECT i.batch, i.practice, count(*) AS women FROM invitation AS i"
        f" INNER JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " WHERE b.recall AND i.as_of + $recall >= (SELECT max(as_of) FROM run)"
        " GROUP BY i.batch, i.practice ORDER BY i.batch, i.practice",
        {"municipality": municipality, "recall": RECALL_DAYS},
    )


def blocked_on_lists(warehouse: Warehouse, municipality: str) -> set[tuple[str, str]]:
    """Return batch and research id of everybody who stood on a list and may no longer be invited from it."""
    rows = warehouse.rows(
        f"SELECT b.batch, b.research_id FROM ({select_of('blocked')}) AS b", {"municipality": municipality}
    )
    return {(row["batch"], row["research_id"]) for row in rows}


def _to_recall(warehouse: Warehouse, municipality: str) -> list[dict[str, Any]]:
    return warehouse.rows(
        "SELECT i.batch, i.practice, i.as_of, i.research_id, e.erased_on, d.last_day,"
        " (SELECT max(recorded_at) FROM event AS t WHERE t.research_id = i.research_id) AS recorded_at"
        " FROM invitation AS i"
        " CROSS JOIN (SELECT max(as_of) AS last_day FROM delivery) AS d"
        f" INNER JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " LEFT JOIN erasure AS e ON e.research_id = i.research_id"
        " WHERE b.recall AND i.as_of + $recall >= d.last_day ORDER BY i.practice, i.batch, i.research_id",
        {"municipality": municipality, "recall": RECALL_DAYS},
    )


def _told_on(woman: dict[str, Any]) -> date:
    """Return the day by which a practice can tell the newest recall list: the last run, or what was told after it."""
    day: date = woman["last_day"]
    told = date.fromisoformat(woman["recorded_at"][:10]) if woman["recorded_at"] else day
    return max(day, told, woman["erased_on"] or day)


def _still_invited(warehouse: Warehouse, municipality: str) -> list[dict[str, Any]]:
    return warehouse.rows(
        "SELECT i.batch, i.period, i.as_of, i.practice, i.research_id, i.due_date, i.basis FROM invitation AS i"
        f" LEFT JOIN ({select_of('blocked')}) AS b ON b.batch = i.batch AND b.research_id = i.research_id"
        " LEFT JOIN erasure AS e ON e.research_id = i.research_id"
        " WHERE b.research_id IS NULL AND e.research_id IS NULL ORDER BY i.batch, i.practice, i.research_id",
        {"municipality": municipality},
    )


def write_outputs(workspace: Workspace, files: list[ListFile], ledger: bytes) -> None:
    """Write lists and ledger, and remove the list of a practice that has nobody left to invite on it."""
    for file in files:
        write_file(workspace.folder / file.path, file.content)
    write_ledger(workspace, ledger)
    wanted = {workspace.folder / file.path for file in files}
    for path in _list_files_on_disk(workspace.lists_folder):
        if path not in wanted:
            reached("list_to_remove")
            try:
                path.unlink()
            except OSError as fault:
                raise StateError(
                    f"'{path}' names women who may no longer be invited and could not be removed "
                    f"({fault.strerror}): remove it by hand."
                ) from None


def write_ledger(workspace: Workspace, ledger: bytes) -> None:
    """Write the ledger for others to verify; nothing before the first entry."""
    if ledger:
        write_file(workspace.ledger_file, ledger)


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
    known, as_of, due = on_list(vault, woman), woman["as_of"], woman["due_date"]
    reminder = woman["basis"] == "reminder"
    return Invitation(
        client_number=known["client_number"],
        name=known["name"],
        weeks_pregnant=weeks_pregnant(as_of, due),
        contact_moment=SECOND_AND_LAST_TIME if reminder else contact_moment(as_of, due),
        invite_before=invite_before(as_of, due),
    )


def on_list(vault: Vault, woman: dict[str, Any]) -> dict[str, str]:
    """Return the client number and the name by which she stands on a list. Raises StateError."""
    known = vault.contact(woman["research_id"], list_kind(woman["batch"]))
    if not known:
        raise StateError("The vault lacks the contact data of a woman on a list: restore the vault from its backup.")
    return known


def _name_in_order(vault: Vault, research_id: str) -> str:
    """Return her name, surname first; empty when the vault knows her no more."""
    person = vault.contact(research_id, "person")
    return name_in_order(person.get("given_names"), person.get("surname_prefix"), person.get("surname"))


def _as_known(vault: Vault, research_id: str, practice: str) -> dict[str, str]:
    """Return the client number and the name by which a practice knows a woman."""
    person = vault.contact(research_id, "person")
    client = vault.contact(research_id, client_kind(practice))
    name = display_name(person.get("given_names"), person.get("surname_prefix"), person.get("surname"))
    # a name of marks that cannot be printed leaves the number, by which the practice knows her too
    return {"client_number": client["client_number"], "name": name or client["client_number"]}


def list_kind(batch: str) -> str:
    """Return the kind of contact data under which the vault holds how she stands on a batch's list."""
    return f"list/{batch}"
