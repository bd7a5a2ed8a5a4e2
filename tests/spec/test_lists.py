"""Who stands on which list: one small town in a warehouse, the lists made of it, and each rule by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from openpyxl import load_workbook
from test_events import CONTRACTS, DUE, FILLED, KEY, PROGRAMME, add, filled_in, live, person, tell

from smartstart import releasing
from smartstart.deliveries import Delivery, last_day
from smartstart.errors import DataRefused, PolicyRefused, StateError
from smartstart.identity.vault import Contact, Vault, VaultKeys, open_vault
from smartstart.outreach.invitations import Invitation, PracticeList, invite_before
from smartstart.outreach.recall import Recalled, RecallList
from smartstart.register.build import build_register
from smartstart.releasing import ListFile
from smartstart.resources import read_yaml, shipped
from smartstart.status_data import DRAWING, refuse_old_status, refuse_stale_extracts, status_is_old
from smartstart.support.plans import AgreedStep
from smartstart.warehouse.warehouse import Warehouse, open_warehouse
from smartstart.workspace import Workspace

ONE, TWO = "08990011", "08990022"
FIRST, SECOND, THIRD = date(2024, 4, 2), date(2024, 5, 6), date(2024, 6, 3)
# who: her practice, what was drawn for her
WOMEN = {
    "anna": (ONE, "offer"), "bea": (TWO, "offer"), "cora": (ONE, "offer"), "dina": (ONE, "care_as_usual"),
    "eva": (ONE, "offer"), "fien": (TWO, "offer"), "gera": (ONE, "offer"), "hana": (TWO, "none"),
}  # fmt: skip
USUAL: dict[str, Any] = {"register": {"municipality": "0797"}, "children": [], "also": [], "told": [], "arm": "none"}


class Town(NamedTuple):
    workspace: Workspace
    warehouse: Warehouse
    vault: Vault


def delivery(sequence: int, as_of: date) -> Delivery:
    return Delivery("weekly", f"2024-W{sequence}", False, f"f{sequence}", sequence, as_of, as_of, None)


def deliver(warehouse: Warehouse, sequence: int, as_of: date) -> Delivery:
    """Record a delivery with its run, and the files that tell of deaths and losses."""
    one = delivery(sequence, as_of)
    row = {"sequence": sequence, "pipeline": "weekly", "period": one.period, "as_of": as_of, "delivered": as_of}
    told = row | {"delivery_id": one.delivery_id, "fingerprint": one.fingerprint, "was_corrected": False}
    warehouse.insert_rows("delivery", [filled_in(warehouse, "delivery", told) | {"is_current": True}])
    warehouse.insert_rows("run", [filled_in(warehouse, "run", row | {"delivery_id": one.delivery_id})])
    counts = dict.fromkeys(("rows_in", "accepted", "quarantined", "duplicates", "superseded", "refused"), 0)
    for name in ("personen", "meldingen"):
        file = {"delivery_id": one.delivery_id, "file": name, "contract": name, "sha256": "0" * 64}
        warehouse.insert_rows("delivered_file", [file | counts])
    return one


def settle(town: Town) -> None:
    """Give every woman a register entry, a questionnaire, a name and a client number, and draw some."""
    for who, (practice, arm) in WOMEN.items():
        live(town.warehouse, who, USUAL)
        town.warehouse.run(f"UPDATE intake.questionnaire SET practice = '{practice}' WHERE person_id = '{who}'")
        if arm != "none":
            drawn = {"research_id": who, "batch": "2024Q1", "index_date": FILLED, "arm": arm, "epoch": 1,
                     "practice": practice, "token": who}  # fmt: skip
            for table in ("allocation", "frozen"):
                row = filled_in(town.warehouse, table, drawn | {"due_date": DUE})
                town.warehouse.insert_rows(table, [row])
        names = {"given_names": who.title(), "surname_prefix": "van", "surname": "Proef"}
        known = [Contact(who, "person", names), Contact(who, f"client/{practice}", {"client_number": f"C-{who}"})]
        town.vault.store_contacts(known, "d1", 1)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town before any list was made, once: each test has a copy."""
    folder = tmp_path_factory.mktemp("settled")
    with opened(folder) as made:
        deliver(made.warehouse, 1, FIRST)
        for table in ("delivery", "run", "delivered_file"):
            made.warehouse.run(f"UPDATE {table} SET delivery_id = 'd1'")
        settle(made)
        made.vault.commit()
        build_register(made.warehouse, PROGRAMME, FIRST, "d1")
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Town]:
    workspace = Workspace(folder, "w", True, None, "c")
    vars(workspace).update(programme=PROGRAMME, contracts=CONTRACTS)
    with (
        open_warehouse(folder / "w.duckdb", KEY, CONTRACTS) as warehouse,
        open_vault(folder / "v.sqlite", VaultKeys(KEY, (KEY,))) as vault,
    ):
        yield Town(workspace, warehouse, vault)


@pytest.fixture
def town(settled: Path, tmp_path: Path) -> Iterator[Town]:
    shutil.copytree(settled, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path) as made:
        yield made


def released(town: Town) -> Town:
    """The first batch on its lists, and what was told of some since."""
    releasing.release_batch(town.warehouse, town.vault, delivery(1, FIRST), "2024Q1")
    return town


def told(town: Town, who: str, kind: str, day: date, how: str = "command") -> None:
    tell(town.warehouse, town.vault, who, [{"kind": kind, "day": day, "how": how}])


def erase(town: Town, who: str, day: date) -> None:
    row = {"research_id": who, "erased_on": day, "owner": "fg", "reason": "asked"}
    town.warehouse.insert_rows("erasure", [row])


def invited(town: Town) -> dict[tuple[str, str], list[str]]:
    lists = releasing.invitation_lists(*town)
    return {(one.batch, one.practice): [woman.client_number for woman in one.invitations] for one in lists}


# --- invitations ------------------------------------------------------------------------------------------


def test_who_was_drawn_for_the_offer_and_nobody_else_stands_on_the_list_of_her_own_practice(town: Town) -> None:
    assert invited(released(town)) == {
        ("2024Q1", ONE): ["C-anna", "C-cora", "C-eva", "C-gera"], ("2024Q1", TWO): ["C-bea", "C-fien"],
    }  # fmt: skip
    kept = town.warehouse.rows("SELECT * FROM invitation WHERE research_id = 'anna'")
    assert kept == [
        {"batch": "2024Q1", "period": "2024-W1", "as_of": FIRST, "practice": ONE, "research_id": "anna",
         "due_date": DUE, "basis": "drawn"}
    ]  # fmt: skip


def test_a_list_says_all_that_a_practice_needs(town: Town) -> None:
    (one, two) = releasing.invitation_lists(*released(town))
    who = Invitation("C-bea", "Bea van Proef", 17, "zo snel mogelijk", invite_before(FIRST, DUE))
    assert two == PracticeList(
        TWO, "Heusden", PROGRAMME.contact.line, "2024-W1", FIRST, "2024Q1", True,
        (who, replace(who, client_number="C-fien", name="Fien van Proef")), False, "",
    )  # fmt: skip
    assert one.practice == ONE


def test_a_name_on_a_list_stays_as_it_was_when_the_list_was_made(town: Town) -> None:
    released(town)
    later = Contact("bea", "person", {"given_names": "Bea", "surname": "Anders"})
    town.vault.store_contacts([later], "d2", 2)
    assert releasing.invitation_lists(*town)[1].invitations[0].name == "Bea van Proef"


def test_without_a_printable_name_she_stands_on_the_list_by_her_number(town: Town) -> None:
    town.vault.store_contacts([Contact("bea", "person", {"surname": "\u202e"})], "d2", 2)
    assert releasing.invitation_lists(*released(town))[1].invitations[0].name == "C-bea"


def test_who_was_blocked_or_erased_since_is_on_no_list(town: Town) -> None:
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)
    erase(town, "bea", SECOND)
    assert invited(town) == {("2024Q1", ONE): ["C-anna", "C-eva", "C-gera"], ("2024Q1", TWO): ["C-fien"]}
    assert releasing.blocked_on_lists(town.warehouse, "0797") == {("2024Q1", "cora")}
    everyone = releasing.blocked_on_lists(town.warehouse, "0000")  # of another municipality all have moved
    assert ("2024Q1", "anna") in everyone


def test_a_list_of_which_the_vault_knows_nobody_is_not_made(town: Town) -> None:
    released(town)
    row = {"batch": "2024Q1", "period": "p", "as_of": FIRST, "practice": ONE, "research_id": "hana", "due_date": DUE}
    town.warehouse.insert_rows("invitation", [row])
    with pytest.raises(StateError, match="vault lacks the contact data"):
        releasing.invitation_lists(*town)


def test_a_list_that_breaks_its_contract_is_not_made(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "weeks_pregnant", lambda *_: -700)
    with pytest.raises(DataRefused, match="uitnodigingslijst"):
        releasing.invitation_lists(*released(town))


def test_each_kind_of_list_has_a_contract_and_a_folder_of_its_own() -> None:
    contracts = (
        releasing.LIST_CONTRACT, releasing.RECALL_CONTRACT, releasing.QUESTIONNAIRES_CONTRACT, releasing.STEPS_CONTRACT,
    )  # fmt: skip
    assert contracts == ("uitnodigingslijst", "terugroeplijst", "meetlijst", "stappenlijst")
    assert set(contracts) <= set(CONTRACTS)
    folders = (releasing.RECALLS, releasing.QUESTIONNAIRES, releasing.STEPS)
    assert folders == ("terugroep", "vragenlijsten", "ondersteuning")


def test_every_list_is_held_to_its_contract_on_its_own_day(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[tuple[str, int, date]] = []
    names = {id(contract): name for name, contract in CONTRACTS.items()}
    monkeypatch.setattr(
        releasing, "hold_outgoing", lambda one, rows, day: held.append((names[id(one)], len(rows), day))
    )
    monkeypatch.setattr(releasing, "_as_files", lambda *_: [])
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)
    releasing.list_files(*town)
    assert held == [
        ("uitnodigingslijst", 3, FIRST), ("uitnodigingslijst", 2, FIRST), ("terugroeplijst", 1, date(2024, 5, 2)),
    ]  # fmt: skip
    held.clear()
    born(town, "anna", as_of=due_day())
    plan(town, "anna", FIRST)
    releasing.list_files(*town)
    assert held[2:] == [("meetlijst", 1, due_day()), ("stappenlijst", 1, due_day())]


# --- reminders, and after the trial -----------------------------------------------------------------------


def reminded(town: Town, as_of: date = SECOND) -> dict[tuple[str, str], list[str]]:
    releasing.release_reminders(town.warehouse, town.vault, delivery(2, as_of), "2024Q2", PROGRAMME)
    return {key: women for key, women in invited(town).items() if key[0] == "2024Q2"}


def test_who_was_not_reached_is_reminded_once_and_never_again(town: Town) -> None:
    released(town)
    told(town, "eva", "niet_bereikt", FIRST)
    told(town, "anna", "aanvaard", FIRST)
    assert reminded(town) == {("2024Q2", ONE): ["C-eva"]}
    (again,) = [one for one in releasing.invitation_lists(*town) if one.batch == "2024Q2"]
    assert again.reminds and again.invitations[0].contact_moment == "tweede en laatste keer" and not again.after_closing
    assert again.period == "2024-W2" and again.as_of == SECOND
    releasing.release_reminders(town.warehouse, town.vault, delivery(3, THIRD), "2024Q3", PROGRAMME)
    assert not [key for key in invited(town) if key[0] == "2024Q3"]


def test_in_the_batch_of_her_own_list_nobody_is_reminded(town: Town) -> None:
    released(town)
    told(town, "eva", "niet_bereikt", FIRST)
    releasing.release_reminders(town.warehouse, town.vault, delivery(1, FIRST), "2024Q1", PROGRAMME)
    assert len(town.warehouse.rows("SELECT 1 AS one FROM invitation WHERE research_id = 'eva'")) == 1


def test_of_two_lists_of_one_day_the_later_batch_is_her_own(town: Town) -> None:
    released(town)
    releasing.release_after_closing(town.warehouse, town.vault, delivery(1, FIRST), "2024Q1b", ["eva"])
    told(town, "eva", "niet_bereikt", FIRST)
    releasing.release_reminders(town.warehouse, town.vault, delivery(1, FIRST), "2024Q1b", PROGRAMME)
    lists = town.warehouse.rows("SELECT batch FROM invitation WHERE research_id = 'eva' ORDER BY batch")
    assert [row["batch"] for row in lists] == ["2024Q1", "2024Q1b"]


def test_who_may_not_be_invited_any_more_is_not_reminded(town: Town) -> None:
    released(town)
    for who in ("eva", "gera"):
        told(town, who, "niet_bereikt", FIRST)
    told(town, "gera", "zwangerschap_beeindigd", FIRST + timedelta(days=1))
    assert reminded(town) == {("2024Q2", ONE): ["C-eva"]}


def test_whose_child_was_born_is_not_reminded_whoever_else_is_still_pregnant(town: Town) -> None:
    released(town)
    for who in ("eva", "gera"):
        told(town, who, "niet_bereikt", FIRST)
    town.warehouse.run("UPDATE register.status SET child_born = true WHERE person_id = 'eva'")
    assert reminded(town) == {("2024Q2", ONE): ["C-gera"]}


@pytest.mark.parametrize(("days", "some"), [(0, True), (1, False)])
def test_nobody_is_reminded_past_the_last_week_of_the_programme(town: Town, days: int, some: bool) -> None:
    released(town)
    told(town, "eva", "niet_bereikt", FIRST)
    last_day = DUE - timedelta(days=280) + timedelta(days=7 * PROGRAMME.eligibility.max_week + 6)
    assert bool(reminded(town, last_day + timedelta(days=days))) is some


def test_after_the_trial_women_stand_on_lists_without_a_draw(town: Town) -> None:
    releasing.release_after_closing(town.warehouse, town.vault, delivery(1, FIRST), "2024-W1", ["hana"])
    (one,) = releasing.invitation_lists(*town)
    assert one.after_closing and one.practice == TWO and [w.name for w in one.invitations] == ["Hana van Proef"]
    assert town.warehouse.rows("SELECT basis FROM invitation") == [{"basis": "after_closing"}]


# --- recalls ----------------------------------------------------------------------------------------------


def test_a_practice_is_told_whom_not_to_invite_after_all_and_never_why(town: Town) -> None:
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)
    deliver(town.warehouse, 2, SECOND)
    (one,) = releasing.recall_lists(*town)
    assert one == RecallList(
        ONE, "Heusden", PROGRAMME.contact.line, SECOND, True,
        (Recalled("C-cora", "Cora van Proef", "2024Q1", FIRST),), unnamed=False,
    )  # fmt: skip
    assert releasing.blocked_since(town.warehouse, "0797") == [{"batch": "2024Q1", "practice": ONE, "women": 1}]


def test_what_was_told_after_the_last_run_dates_the_recall(town: Town) -> None:
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)  # recorded on 2 May
    assert releasing.recall_lists(*town)[0].dated == date(2024, 5, 2)
    told(town, "fien", "zwangerschap_beeindigd", FIRST)
    erase(town, "fien", date(2024, 5, 9))
    lists = {one.practice: one for one in releasing.recall_lists(*town)}
    assert lists[TWO].dated == date(2024, 5, 9) and lists[TWO].unnamed and lists[TWO].women == ()


def test_what_a_practice_told_itself_needs_no_recall(town: Town) -> None:
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST, how="list")
    assert releasing.recall_lists(*town) == [] == releasing.blocked_since(town.warehouse, "0797")
    assert "C-cora" not in invited(town)["2024Q1", ONE]


@pytest.mark.parametrize(("days", "some"), [(42, True), (43, False)])
def test_a_list_is_recalled_for_six_weeks(town: Town, days: int, some: bool) -> None:
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)
    deliver(town.warehouse, 2, FIRST + timedelta(days=days))
    assert bool(releasing.recall_lists(*town)) is some
    assert bool(releasing.blocked_since(town.warehouse, "0797")) is some


def test_who_said_yes_and_was_blocked_since_is_counted_for_the_support_team(town: Town) -> None:
    released(town)
    for who in ("anna", "cora"):
        told(town, who, "aanvaard", FIRST)
    assert releasing.said_yes_and_blocked(town.warehouse, PROGRAMME) == 0
    told(town, "cora", "bezwaar", FIRST)
    told(town, "gera", "bezwaar", FIRST)
    assert releasing.said_yes_and_blocked(town.warehouse, PROGRAMME) == 1
    deliver(town.warehouse, 2, FIRST + timedelta(days=42))
    assert releasing.said_yes_and_blocked(town.warehouse, PROGRAMME) == 1
    deliver(town.warehouse, 3, FIRST + timedelta(days=43))
    assert releasing.said_yes_and_blocked(town.warehouse, PROGRAMME) == 0


# --- questionnaires and steps -----------------------------------------------------------------------------

BORN = date(2024, 9, 2)


def born(town: Town, *mothers: str, as_of: date) -> None:
    for who in mothers:
        child = {"child_id": f"K-{who}", "mother_id": who, "born_on_earliest": BORN, "born_on_latest": BORN}
        add(town.warehouse, "child", child)
        add(town.warehouse, "person", person(f"K-{who}", "0797"))
    one = deliver(town.warehouse, 2, as_of)
    build_register(town.warehouse, PROGRAMME, as_of, one.delivery_id)


def due_day() -> date:
    wave = PROGRAMME.questionnaires.tussenmeting
    return date(BORN.year + (BORN.month - 1 + wave.months) // 12, (BORN.month - 1 + wave.months) % 12 + 1, BORN.day)


def test_questionnaires_are_due_for_both_arms_on_one_list_that_shows_none(town: Town) -> None:
    born(town, "anna", "dina", as_of=due_day())
    rows = releasing.questionnaires_due(town.warehouse, PROGRAMME)
    assert [(row["person_id"], row["moment"], row["born_on"]) for row in rows] == [
        ("anna", "tussenmeting", BORN), ("dina", "tussenmeting", BORN),
    ]  # fmt: skip
    files = releasing.list_files(*town)
    place = f"lists/vragenlijsten/{due_day().isoformat()}"
    assert [file.path for file in files] == [f"{place}.xlsx", f"{place}.pdf"]
    assert all(file.content for file in files)
    told(town, "dina", "bezwaar", BORN)
    assert [row["person_id"] for row in releasing.questionnaires_due(town.warehouse, PROGRAMME)] == ["anna"]


def plan(town: Town, who: str, due: date) -> None:
    row = {
        "person_id": who, "life_domain": "wonen", "need": "veel", "step": "gesprek", "done_by": "samen",
        "worker_code": "W1",
        "agreed_on": FIRST, "due_on": due,
    }  # fmt: skip
    add(town.warehouse, "support_plan", row)


def test_steps_are_those_of_mothers_whose_data_may_be_used(town: Town) -> None:
    for who in ("anna", "cora"):
        plan(town, who, FIRST)
    step = AgreedStep("anna", "wonen", "veel", "gesprek", "samen", "W1", FIRST, FIRST, None, None, None)
    assert sorted(releasing.agreed_steps(town.warehouse), key=lambda one: one.person) == [
        step, replace(step, person="cora"),
    ]  # fmt: skip
    told(town, "cora", "bezwaar", FIRST)
    assert releasing.agreed_steps(town.warehouse) == [step]


def test_who_has_no_name_any_more_gets_no_questionnaire_by_name(town: Town) -> None:
    born(town, "anna", as_of=due_day())
    town.vault.store_contacts([Contact("anna", "person", {})], "d9", 9)
    assert releasing.questionnaires_due(town.warehouse, PROGRAMME) and releasing.list_files(*town) == []


def test_no_questionnaire_and_no_step_is_listed_while_the_status_is_old(town: Town) -> None:
    born(town, "anna", as_of=due_day())
    plan(town, "anna", FIRST)
    assert releasing.list_files(*town)
    town.warehouse.run("DELETE FROM delivered_file WHERE contract = 'meldingen'")
    assert releasing.list_files(*town) == []


def test_overdue_steps_are_listed_for_the_support_team_and_not_of_mothers_whom_nobody_may_hand_on(town: Town) -> None:
    for who in ("anna", "bea", "cora"):
        plan(town, who, FIRST)
    assert releasing.list_files(*town) == []  # the day itself is not past
    deliver(town.warehouse, 2, SECOND)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)
    town.vault.store_contacts([Contact("bea", "person", {})], "d9", 9)
    files = releasing.list_files(*town)
    assert [file.path for file in files] == [
        f"lists/ondersteuning/{SECOND.isoformat()}.xlsx", f"lists/ondersteuning/{SECOND.isoformat()}.pdf",
    ]  # fmt: skip
    sheet = load_workbook(BytesIO(files[0].content)).worksheets[0]
    cells = [cell.value for row in sheet.iter_rows() for cell in row]
    assert "Proef, Anna van" in cells and not any("Cora" in str(cell) or "Bea" in str(cell) for cell in cells)


# --- how old what is known may be -------------------------------------------------------------------------


def test_no_list_is_used_on_status_data_that_are_absent_or_too_old(town: Town) -> None:
    most = PROGRAMME.lists.status_max_age_days
    assert refuse_old_status(PROGRAMME, town.warehouse, None) == FIRST
    assert refuse_old_status(PROGRAMME, town.warehouse, FIRST + timedelta(days=most))
    with pytest.raises(PolicyRefused, match=f"are {most + 1} days old, the programme allows {most}"):
        refuse_old_status(PROGRAMME, town.warehouse, FIRST + timedelta(days=most + 1))
    town.warehouse.run("DELETE FROM run")
    with pytest.raises(PolicyRefused, match="without status data"):
        refuse_old_status(PROGRAMME, town.warehouse, FIRST)


def test_of_several_runs_the_last_day_and_the_newest_data_count(town: Town) -> None:
    deliver(town.warehouse, 2, SECOND)
    assert refuse_old_status(PROGRAMME, town.warehouse, None) == SECOND
    assert refuse_old_status(PROGRAMME, town.warehouse, SECOND + timedelta(days=PROGRAMME.lists.status_max_age_days))


def test_the_pipelines_that_draw_are_those_whose_deliveries_count_for_it() -> None:
    drawing = [path.stem for path in shipped("pipelines").glob("*.yaml") if read_yaml(path)["draws"]]
    assert sorted(drawing) == sorted(DRAWING)


def test_nobody_is_drawn_on_extracts_that_are_too_old_unless_newer_ones_were_loaded_before(town: Town) -> None:
    most = PROGRAMME.lists.status_max_age_days
    today, old = FIRST + timedelta(days=most), FIRST - timedelta(days=1)
    refuse_stale_extracts(PROGRAMME, None, today, FIRST)
    with pytest.raises(PolicyRefused, match=f"are {most + 1} days older than the as-of date and the programme allows"):
        refuse_stale_extracts(PROGRAMME, None, today, old)
    refuse_stale_extracts(PROGRAMME, town.warehouse, today, old)
    with pytest.raises(PolicyRefused, match=f"are {most + 1} days older"):
        refuse_stale_extracts(PROGRAMME, town.warehouse, today + timedelta(days=1), old)
    refuse_stale_extracts(PROGRAMME, town.warehouse, today + timedelta(days=1), FIRST + timedelta(days=1))
    town.warehouse.run("DELETE FROM run")
    with pytest.raises(PolicyRefused):
        refuse_stale_extracts(PROGRAMME, town.warehouse, today, old)


def test_status_is_old_when_it_was_last_told_too_long_before_the_last_run(town: Town) -> None:
    most = PROGRAMME.lists.status_max_age_days
    assert not status_is_old(PROGRAMME, town.warehouse, last_day(town.warehouse))
    town.warehouse.run("UPDATE delivery SET as_of = $day", {"day": FIRST + timedelta(days=most)})
    assert not status_is_old(PROGRAMME, town.warehouse, last_day(town.warehouse))
    town.warehouse.run("UPDATE delivery SET as_of = $day", {"day": FIRST + timedelta(days=most + 1)})
    assert status_is_old(PROGRAMME, town.warehouse, last_day(town.warehouse))
    town.warehouse.run("DELETE FROM delivered_file WHERE contract = 'meldingen'")
    town.warehouse.run("UPDATE delivery SET as_of = $day", {"day": FIRST})
    assert status_is_old(PROGRAMME, town.warehouse, last_day(town.warehouse))


@pytest.mark.parametrize("file", ["personen", "meldingen"])
def test_status_is_old_without_deaths_and_without_losses(town: Town, file: str) -> None:
    town.warehouse.run(f"DELETE FROM delivered_file WHERE contract = '{file}'")
    assert status_is_old(PROGRAMME, town.warehouse, last_day(town.warehouse))


def test_a_list_is_used_on_the_day_of_the_last_run_also_when_its_data_are_older(town: Town) -> None:
    town.warehouse.run("UPDATE run SET delivered = $day", {"day": FIRST - timedelta(days=1)})
    assert refuse_old_status(PROGRAMME, town.warehouse, None) == FIRST
    most = PROGRAMME.lists.status_max_age_days
    town.warehouse.run("UPDATE run SET delivered = $day", {"day": FIRST - timedelta(days=most + 1)})
    with pytest.raises(PolicyRefused, match=f"are {most + 1} days old"):
        refuse_old_status(PROGRAMME, town.warehouse, None)


def test_before_anything_was_loaded_there_is_no_register(town: Town) -> None:
    assert releasing.has_run(town.warehouse) is True
    town.warehouse.run("DELETE FROM run")
    assert releasing.has_run(town.warehouse) is False


# --- files ------------------------------------------------------------------------------------------------


def test_every_list_becomes_a_workbook_and_a_paper_with_the_same_bytes_each_time(town: Town) -> None:
    released(town)
    told(town, "cora", "zwangerschap_beeindigd", FIRST)
    files = releasing.list_files(*town)
    assert [file.path for file in files] == [
        f"lists/2024Q1/{ONE}.xlsx", f"lists/2024Q1/{ONE}.pdf", f"lists/2024Q1/{TWO}.xlsx", f"lists/2024Q1/{TWO}.pdf",
        f"lists/terugroep/{ONE}.xlsx", f"lists/terugroep/{ONE}.pdf",
    ]  # fmt: skip
    assert [file.content[:4] for file in files] == [b"PK\x03\x04", b"%PDF"] * 3
    assert releasing.list_files(*town) == files
    assert releasing.recall_list(ONE) == f"lists/terugroep/{ONE}.pdf"


def test_files_are_written_with_the_ledger_and_a_list_of_nobody_is_removed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "w", True, None, "c")
    old = [tmp_path / "lists" / "2024Q1" / name for name in ("a.xlsx", "a.pdf", "b.pdf")]
    old[0].parent.mkdir(parents=True)
    for path in (*old, old[0].parent / "note.txt"):
        path.write_bytes(b"old")
    releasing.write_outputs(workspace, [ListFile("lists/2024Q1/b.pdf", b"new")], b"entry\n")
    assert {path.name: path.read_bytes() for path in old[0].parent.iterdir()} == {"b.pdf": b"new", "note.txt": b"old"}
    assert workspace.ledger_file.read_bytes() == b"entry\n"
    releasing.write_ledger(workspace, b"")
    assert workspace.ledger_file.read_bytes() == b"entry\n"


def test_a_list_that_cannot_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    workspace = Workspace(tmp_path, "w", True, None, "c")
    stays = tmp_path / "lists" / "2024Q1" / "a.pdf"
    stays.parent.mkdir(parents=True)
    stays.write_bytes(b"old")
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(StateError) as refusal:
        releasing.write_outputs(workspace, [], b"")
    assert str(refusal.value) == (
        f"'{stays}' names women who may no longer be invited and could not be removed (Permission denied): "
        "remove it by hand."
    )
    assert not workspace.ledger_file.exists()


def test_a_list_that_is_missing_or_was_changed_is_named(town: Town) -> None:
    folder = town.workspace.folder
    (folder / "lists").mkdir()
    for name in ("a", "b", "c"):
        (folder / "lists" / name).write_bytes(b"as it was")
    from smartstart.extracts.finding import checksum

    rows = [{"path": f"lists/{n}", "sha256": checksum(folder / "lists" / n)} for n in ("c", "b", "a")]
    town.warehouse.insert_rows("output", [filled_in(town.warehouse, "output", row) for row in rows])
    assert releasing.altered_lists(town.workspace, town.warehouse) == []
    (folder / "lists" / "a").unlink()
    (folder / "lists" / "b").write_bytes(b"changed")
    assert releasing.altered_lists(town.workspace, town.warehouse) == [
        "lists/a is missing: make it again with 'smartstart lists build'.",
        "lists/b was changed since it was written: 'smartstart lists build' restores it.",
    ]


def test_places_of_lists_move_with_the_workspace(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, "w", True, None, "c")
    assert releasing.with_places(workspace, {"lists": ["lists/a"], "files": 1}) == {
        "lists": [str(tmp_path / "lists" / "a")], "files": 1,
    }  # fmt: skip
