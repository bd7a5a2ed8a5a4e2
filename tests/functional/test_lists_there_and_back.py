"""The lists' way back and way onward: answers, one reminder, recalls, questionnaires that are due, the hand-over."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from harness import (
    WEEKLY,
    Done,
    Town,
    all_listed,
    bsn,
    client,
    copied,
    invitation_workbooks,
    is_one_sentence,
    list_rows,
    listed,
    ok,
    smartstart,
    weekly,
    women_of,
    write_csv,
)
from openpyxl import Workbook, load_workbook
from pypdf import PdfReader

from smartstart import releasing
from smartstart.deliveries import Delivery
from smartstart.synthetic.deliveries import COLUMNS, REGISTER_QUESTIONNAIRE
from smartstart.workspace import find_workspace

JA, NEE, NOT_REACHED, ENDED = "ja", "nee", "niet bereikt", "zwangerschap beëindigd"
Answers = Mapping[str, tuple[str, Any]]


def header_row(sheet: Any) -> int:
    return next(row[0].row for row in sheet.iter_rows() if row[0].value == "Cliëntnummer")


def filled_in(workbook: Path, answers: Answers, to: Path) -> Path:
    """Fill in a list as a practice does, and save it under another name."""
    book = load_workbook(workbook)
    sheet = book.worksheets[0]
    for row in sheet.iter_rows(min_row=header_row(sheet) + 1):
        if row[0].value in answers:
            row[6].value, row[5].value = answers[row[0].value]
    to.parent.mkdir(parents=True, exist_ok=True)
    book.save(to)
    return to


def list_of(workspace: Path, nth: int) -> Path:
    """Return the newest list on which a woman of ``Town`` stands."""
    return next(
        path for path in reversed(invitation_workbooks(workspace)) if client(nth) in {r[0] for r in list_rows(path)}
    )


def returned(workspace: Path, answers: Mapping[int, tuple[str, Any]], place: Path) -> Done:
    """Fill in and return the newest lists of these women."""
    files = {list_of(workspace, nth) for nth in answers}
    told = {client(nth): answer for nth, answer in answers.items()}
    back = [filled_in(path, told, place / f"terug-{n}.xlsx") for n, path in enumerate(sorted(files))]
    return ok("lists", "return", *back, "--json", w=workspace)


def answers_of(workspace: Path) -> dict[int, list[str]]:
    with find_workspace(workspace).open() as (warehouse, vault):
        ids = {who: number for number, who in vault.known_ids(bsn(nth) for nth in range(1, 60)).items()}
        told = warehouse.rows("SELECT research_id, kind FROM event ORDER BY recorded_at")
    nth_of = {bsn(nth): nth for nth in range(1, 60)}
    found: dict[int, list[str]] = {}
    for row in told:
        found.setdefault(nth_of[ids[row["research_id"]]], []).append(row["kind"])
    return found


def quiet_week(workspace: Path, place: Path, label: str, as_of: str, town: Town | None = None) -> Done:
    """Run a week in which nothing was delivered but the events of ``town``."""
    done = weekly(workspace, (town or Town()).write(place / label, WEEKLY), label, as_of)
    assert done.code == 0, done.err
    return done


@pytest.fixture
def offered(loaded: Path) -> list[int]:
    """The women on the lists of the first quarter."""
    return women_of("offer", loaded)


# --- a list comes back ------------------------------------------------------------------------------------


def test_answers_on_a_returned_list_are_recorded_once(loaded: Path, offered: list[int], tmp_path: Path) -> None:
    told = {offered[0]: (JA, "05-04-2024"), offered[1]: (NEE, "05-04-2024"), offered[2]: (NOT_REACHED, "08-04-2024")}
    first, again = returned(loaded, told, tmp_path), ok("lists", "return", *tmp_path.glob("*.xlsx"), "--json", w=loaded)
    assert answers_of(loaded) == {offered[0]: ["aanvaard"], offered[1]: ["afgewezen"], offered[2]: ["niet_bereikt"]}
    assert sum(one["new"] for one in first.json["lists"]) == 3
    assert sum(one["new"] for one in again.json["lists"]) == 0
    assert sum(one["known"] for one in again.json["lists"]) == 3
    assert first.json["faults"] == again.json["faults"] == []


def test_a_real_date_of_excel_is_read_like_one_in_text(loaded: Path, offered: list[int], tmp_path: Path) -> None:
    assert returned(loaded, {offered[0]: (JA, datetime(2024, 4, 5))}, tmp_path).json["faults"] == []  # noqa: DTZ001
    with find_workspace(loaded).open() as (warehouse, _):
        assert warehouse.rows("SELECT happened_on FROM event") == [{"happened_on": date(2024, 4, 5)}]


def test_order_and_number_of_the_rows_and_the_name_of_the_file_do_not_matter(loaded: Path, tmp_path: Path) -> None:
    path = max(invitation_workbooks(loaded), key=lambda one: len(list_rows(one)))
    women = list_rows(path)
    assert len(women) >= 3
    book = load_workbook(path)
    sheet = book.worksheets[0]
    top = header_row(sheet)
    for at, woman in enumerate(reversed(women[1:]), start=top + 1):  # turned round, and one left out
        for column, text in enumerate(woman[:5], start=1):
            sheet.cell(at, column).value = text
        sheet.cell(at, 6).value, sheet.cell(at, 7).value = "05-04-2024", JA
    for column in range(1, 8):
        sheet.cell(top + len(women), column).value = None
    book.save(tmp_path / "Kopie van map1.xlsx")
    done = ok("lists", "return", tmp_path / "Kopie van map1.xlsx", "--json", w=loaded)
    assert done.json["faults"] == []
    assert sorted(answers_of(loaded)) == sorted(int(woman[0][1:]) for woman in women[1:])


def test_a_faulty_row_is_told_by_row_and_column_and_takes_no_other_along(loaded: Path, tmp_path: Path) -> None:
    path = max(invitation_workbooks(loaded), key=lambda one: len(list_rows(one)))
    women = [row[0] for row in list_rows(path)]
    assert len(women) >= 4
    book = load_workbook(path)
    sheet = book.worksheets[0]
    top = header_row(sheet)
    filled = [(JA, "31-02-2024"), (JA, "01-01-2099"), ("misschien", "05-04-2024"), (JA, "05-04-2024")]
    for at, (answer, day) in enumerate(filled, start=top + 1):
        sheet.cell(at, 7).value, sheet.cell(at, 6).value = answer, day
    end = top + len(women) + 1
    sheet.cell(end, 1).value, sheet.cell(end, 7).value, sheet.cell(end, 6).value = "C999999", JA, "05-04-2024"
    back = tmp_path / "terug.xlsx"
    book.save(back)
    done = ok("lists", "return", back, "--json", w=loaded)
    assert [(f["row"], f["column"], f["rule"]) for f in done.json["faults"]] == [
        (top + 1, "Uitgenodigd op", "date_invalid"),
        (top + 2, "Uitgenodigd op", "date_in_future"),
        (top + 3, "Antwoord", "code_unknown"),
        (end, "Cliëntnummer", "client_not_on_list"),
    ]
    assert f"terug.xlsx, row {top + 1}, column Uitgenodigd op: date_invalid." in done.err
    assert "misschien" not in done.text and "C999999" not in done.text and "2099" not in done.text
    assert answers_of(loaded) == {int(women[3][1:]): ["aanvaard"]}


def test_a_day_before_the_list_and_a_yes_without_a_day_are_faults(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    done = returned(loaded, {offered[0]: (JA, "01-04-2024"), offered[1]: (JA, None)}, tmp_path)
    assert sorted(fault["rule"] for fault in done.json["faults"]) == ["invited_before_list", "required"]
    assert answers_of(loaded) == {}


def test_what_stops_an_invitation_counts_whatever_its_day_says(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    told = {offered[0]: (NEE, None), offered[1]: (ENDED, None), offered[2]: (ENDED, "vorige week")}
    done = returned(loaded, told, tmp_path)
    assert sorted(fault["rule"] for fault in done.json["faults"]) == ["date_invalid", "required"]
    assert {nth: kinds[0] for nth, kinds in answers_of(loaded).items()} == {
        offered[0]: "afgewezen", offered[1]: "zwangerschap_beeindigd", offered[2]: "zwangerschap_beeindigd",
    }  # fmt: skip
    gone = {client(nth) for nth in offered[:3]}
    assert not all_listed(loaded) & gone
    assert not list((loaded / "lists" / "terugroep").glob("*"))  # her practice told it and needs no recall


def test_a_file_that_is_no_list_of_ours_is_refused_and_the_lists_beside_it_are_taken(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    other = Workbook()
    other.worksheets[0]["A1"] = "geheim"
    other.save(tmp_path / "anders.xlsx")
    (tmp_path / "kapot.xlsx").write_bytes(b"geheim")
    good = filled_in(list_of(loaded, offered[0]), {client(offered[0]): (JA, "05-04-2024")}, tmp_path / "goed.xlsx")
    done = smartstart("lists", "return", tmp_path / "anders.xlsx", good, tmp_path / "kapot.xlsx", w=loaded)
    assert done.code == 3
    assert "anders.xlsx" in done.err and "kapot.xlsx" in done.err and "geheim" not in done.text
    assert answers_of(loaded) == {offered[0]: ["aanvaard"]}


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        ("Loting", "2024Q1", "2024Q4"),
        ("Loting", "2 april 2024", "3 april 2024"),
        ("OEFENING", "OEFENING", "Echt"),
        ("Uitnodigingslijst", "Heusden", "Voorbeeldstad"),
        ("Controlegetal", "loting: ", f"loting: {'0' * 64} "),
    ],
    ids=["another batch", "another day", "not a rehearsal", "another municipality", "another draw"],
)
def test_a_list_of_another_workspace_is_refused(loaded: Path, tmp_path: Path, line: str, old: str, new: str) -> None:
    book = load_workbook(invitation_workbooks(loaded)[0])
    for row in book.worksheets[0].iter_rows(max_row=14):
        if line in str(row[0].value):
            row[0].value = row[0].value.replace(old, new)
    book.save(tmp_path / "terug.xlsx")
    assert is_one_sentence(smartstart("lists", "return", tmp_path / "terug.xlsx", w=loaded), 3)


def test_a_later_answer_corrects_an_earlier_one_but_no_is_final(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    reached, refused = offered[0], offered[1]
    returned(loaded, {reached: (NOT_REACHED, "05-04-2024"), refused: (JA, "05-04-2024")}, tmp_path / "1")
    first = list_of(loaded, refused)
    kept = filled_in(first, {client(refused): (JA, "09-04-2024")}, tmp_path / "later.xlsx")
    returned(loaded, {reached: (JA, "05-04-2024"), refused: (NEE, "05-04-2024")}, tmp_path / "2")
    done = ok("lists", "return", kept, "--json", w=loaded)
    assert [fault["rule"] for fault in done.json["faults"]] == ["no_is_final"]
    assert answers_of(loaded) == {reached: ["niet_bereikt", "aanvaard"], refused: ["aanvaard", "afgewezen"]}
    assert client(refused) not in all_listed(loaded)


def test_a_no_is_not_lost_because_something_else_was_told_by_mistake(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    nth = offered[0]
    for kind, day in (("verhuizing", "2024-04-06"), ("vergissing", "2024-04-07")):
        told = ("trial", "event", kind, "--on", day, "--owner", "projectleider", "--reason", "gebeld")
        assert smartstart(*told, w=loaded, typed=bsn(nth)).code == 0
    assert client(nth) in all_listed(loaded)
    back = filled_in(list_of(loaded, nth), {client(nth): (NEE, "05-04-2024")}, tmp_path / "terug.xlsx")
    assert ok("lists", "return", back, "--json", w=loaded).json["lists"][0]["new"] == 1
    assert client(nth) not in all_listed(loaded)
    assert ok("lists", "return", back, "--json", w=loaded).json["lists"][0]["new"] == 0


# --- one reminder -----------------------------------------------------------------------------------------


def test_who_was_not_reached_stands_on_one_more_list_and_never_on_a_third(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    nth = offered[0]
    returned(loaded, {nth: (NOT_REACHED, "05-04-2024")}, tmp_path / "1")
    done = quiet_week(loaded, tmp_path, "2024-W14", "2024-04-08")
    (place,) = [place for place, women in listed(loaded).items() if client(nth) in women and place[0] == "2024-W14"]
    assert f"lists/{place[0]}/{place[1]}.pdf" in done.out
    (row,) = list_rows(loaded / "lists" / place[0] / f"{place[1]}.xlsx")
    assert row[3] == "tweede en laatste keer"
    text = PdfReader(loaded / "lists" / place[0] / f"{place[1]}.pdf").pages[0].extract_text()
    assert "Nodig haar nog één keer uit." in text
    assert ok("trial", "verify", "--json", w=loaded).json["ok"]
    returned(loaded, {nth: (NOT_REACHED, "09-04-2024")}, tmp_path / "2")
    quiet_week(loaded, tmp_path, "2024-W15", "2024-04-15")
    assert [place[0] for place, women in sorted(listed(loaded).items()) if client(nth) in women] == [
        "2024-W14",
        "2024Q1",
    ]


@pytest.mark.parametrize("ending", ["corrected to yes", "said no", "blocked", "too late", "reported by nobody"])
def test_nobody_is_reminded_who_answered_is_blocked_or_is_too_far_on(
    loaded: Path, offered: list[int], tmp_path: Path, ending: str
) -> None:
    nth = offered[0]
    if ending != "reported by nobody":
        returned(loaded, {nth: (NOT_REACHED, "05-04-2024")}, tmp_path / "1")
    if ending == "corrected to yes":
        returned(loaded, {nth: (JA, "05-04-2024")}, tmp_path / "2")
    if ending == "said no":
        returned(loaded, {nth: (NEE, "05-04-2024")}, tmp_path / "2")
    town = Town()
    if ending == "blocked":
        town.event(nth, "bezwaar", "20240404")
    # in week 13 on 11 March: past week 36 on 30 August
    label, as_of = ("2024-W34", "2024-08-30") if ending == "too late" else ("2024-W14", "2024-04-08")
    done = weekly(loaded, town.write(tmp_path / "week", WEEKLY), label, as_of, "--delivered", as_of)
    assert done.code == 0, done.err
    assert not [place for place in listed(loaded) if place[0] == label]


def test_after_closing_women_are_invited_without_a_draw_and_their_list_says_so(loaded: Path) -> None:
    controls = women_of("care_as_usual", loaded)[:2]
    workspace = find_workspace(loaded)
    delivery = Delivery("weekly", "2024-W14", False, "f", 9, date(2024, 4, 8), date(2024, 4, 7), None)
    with workspace.open() as (warehouse, vault):
        ids = vault.known_ids(bsn(nth) for nth in controls).values()
        releasing.release_after_closing(warehouse, vault, delivery, "2024-W14", ids)
        files = releasing.list_files(workspace, warehouse, vault)
        basis = warehouse.rows("SELECT DISTINCT basis FROM invitation WHERE batch = '2024-W14'")
    assert basis == [{"basis": "after_closing"}]
    texts = {f.path: PdfReader(BytesIO(f.content)).pages[0].extract_text() for f in files if f.path.endswith(".pdf")}
    new = " ".join(" ".join(text.split()) for path, text in texts.items() if "/2024-W14/" in path)
    assert all(client(nth) in new for nth in controls)
    assert "De loting is afgelopen" in new and "door loting bepaald" not in new


# --- recall -----------------------------------------------------------------------------------------------


def recalls(workspace: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((workspace / "lists" / "terugroep").glob("*"))}


def test_an_event_after_the_list_makes_a_recall_list_that_gives_no_reason(
    loaded: Path, offered: list[int], tmp_path: Path
) -> None:
    nth = offered[0]
    practice = list_of(loaded, nth).stem
    seen = []
    for kind in ("bezwaar", "overlijden", "zwangerschap_beeindigd", "overlijden_kind", "intrekking_toestemming"):
        workspace, town = copied(loaded, tmp_path / kind), Town()
        town.event(nth, kind, "20240404")
        done = quiet_week(workspace, tmp_path / f"in-{kind}", "2024-W14", "2024-04-08", town)
        assert f"lists/terugroep/{practice}.pdf" in done.err
        seen.append(recalls(workspace))
    assert all(one == seen[0] for one in seen)
    assert sorted(seen[0]) == [f"{practice}.pdf", f"{practice}.xlsx"]
    (row,) = list_rows(workspace / "lists" / "terugroep" / f"{practice}.xlsx")
    assert row[0] == client(nth) and row[2:4] == ("2024Q1", "2 april 2024")
    assert client(nth) not in all_listed(workspace)
    ok("trial", "verify", w=workspace)


def test_a_recall_list_is_gone_when_its_list_is_out_of_use(loaded: Path, offered: list[int], tmp_path: Path) -> None:
    town = Town()
    town.event(offered[0], "bezwaar", "20240404")
    quiet_week(loaded, tmp_path, "2024-W14", "2024-04-08", town)
    assert recalls(loaded)
    before = recalls(loaded)
    ok("lists", "build", w=loaded)
    assert recalls(loaded) == before
    quiet_week(loaded, tmp_path, "2024-W21", "2024-05-27")
    assert not recalls(loaded)


def test_an_erased_woman_is_recalled_without_her_name(
    loaded: Path, offered: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, nth = Town(), offered[0]
    practice = list_of(loaded, nth).stem
    town.event(nth, "bezwaar", "20240404")
    quiet_week(loaded, tmp_path, "2024-W14", "2024-04-08", town)
    ok("trial", "erase", "--objected", "--owner", "FG", "--reason", "AVG art. 17", "--yes", w=loaded)
    for again in (False, True):
        if again:
            ok("lists", "build", w=loaded)
        text = PdfReader(loaded / "lists" / "terugroep" / f"{practice}.pdf").pages[0].extract_text()
        assert client(nth) not in text and f"Proefstra{nth} " not in text
        assert "Vergelijk de oude uitnodigingslijst met de nieuwe" in " ".join(text.split())
        assert client(nth) not in all_listed(loaded)


# --- too old ----------------------------------------------------------------------------------------------


def test_no_list_is_built_on_status_data_that_are_too_old(loaded: Path) -> None:
    assert ok("lists", "build", "--as-of", "2024-04-07", w=loaded).out
    for command in (("lists", "build"), ("lists", "handover", "--out", loaded / "x.pdf")):
        done = smartstart(*command, "--as-of", "2024-04-08", w=loaded)
        assert is_one_sentence(done, 4) and "smartstart run weekly" in done.err
    assert not (loaded / "x.pdf").exists()


def test_without_any_status_data_no_list_is_built(empty: Path, tmp_path: Path) -> None:
    town = Town()
    town.woman(1)
    folder = town.write(tmp_path / "register", ("personen", "kinderen", "vragenlijst"))
    ok("run", "register", "--extracts", folder, "--as-of", "2024-04-02", w=empty)
    assert is_one_sentence(smartstart("lists", "build", w=empty), 4)


# --- questionnaires that are due --------------------------------------------------------------------------

DUE = date(2024, 3, 11) + timedelta(days=280 - 7 * 13)  # of every woman of the first quarter
CASES = (
    "plain", "twins", "moved", "no to the offer", "secret address", "together", "answered", "stillborn", "child died",
    "objected", "withdrew", "died", "placed", "too early", "not born",
)  # fmt: skip
ASKED = {"plain", "twins", "moved", "no to the offer", "secret address", "together"}
EVENTS = {
    "moved": "verhuizing", "no to the offer": "afgewezen", "stillborn": "doodgeboorte", "child died": "overlijden_kind",
    "objected": "bezwaar", "withdrew": "intrekking_toestemming", "died": "overlijden",
}  # fmt: skip


def due_rows(workspace: Path) -> list[tuple[str, ...]]:
    (path,) = (workspace / "lists" / "vragenlijsten").glob("*.xlsx")
    rows = [
        [str(cell) for cell in row if cell] for row in load_workbook(path).worksheets[0].iter_rows(values_only=True)
    ]
    top = next(at for at, row in enumerate(rows) if row and row[0] == "Moeder")
    return [tuple(row) for row in rows[top + 1 :] if row]


def followed_up(workspace: Path, place: Path, as_of: date) -> dict[str, int]:
    """Let a case happen to each of some women, of the arms in turn; return case -> woman."""
    arms = (women_of(arm, workspace) for arm in ("offer", "care_as_usual"))
    whom = dict(zip(CASES, (nth for pair in zip_longest(*arms) for nth in pair if nth), strict=False))
    path = workspace / "programme.yaml"
    products = 'parent_and_child_products: ["moederkindhuis"]'
    path.write_text(path.read_text("utf-8").replace("parent_and_child_products: []", products), "utf-8")
    town, care = Town(), []
    for case, nth in whom.items():
        secret = {"indicatie_geheim": "7"} if case == "secret address" else {}
        town.woman(nth, questionnaire=False, **secret)
        born = DUE + timedelta(days=60) if case == "too early" else DUE
        if case not in {"not born", "stillborn"}:
            town.child(nth, 100 + nth, f"{born:%Y%m%d}")
        if case == "twins":
            town.child(nth, 200 + nth, f"{born:%Y%m%d}")
        if case in EVENTS:
            town.event(nth, EVENTS[case], f"{DUE + timedelta(days=3):%Y%m%d}")
        if case in {"placed", "together"}:
            stay = dict.fromkeys(COLUMNS["jeugdhulp"], "") | {
                "burgerservicenummer_kind": bsn(100 + nth), "hulpvorm": "11", "datum_aanvang": "20240920",
                "voorziening": "moederkindhuis" if case == "together" else "pleegzorg",
            }  # fmt: skip
            care.append(stay)
        if case == "answered":
            town.woman(nth, filled=as_of - timedelta(days=1), week=53)
            town.tables["vragenlijst"][-1]["meetmoment"] = "tussenmeting"
    folder = town.write(place, ("personen", "kinderen", "meldingen", "maatregelen", "jeugdhulp"))
    columns = REGISTER_QUESTIONNAIRE
    write_csv(folder / "vragenlijst.csv", columns, town.tables["vragenlijst"])
    write_csv(folder / "jeugdhulp.csv", (*COLUMNS["jeugdhulp"], "voorziening"), care)
    ok("run", "follow_up", "--extracts", folder, "--as-of", as_of.isoformat(), w=workspace)
    return whom


@pytest.fixture
def later(loaded: Path, tmp_path: Path) -> tuple[Path, dict[str, int]]:
    """The workspace three months after the births."""
    return loaded, followed_up(loaded, tmp_path / "follow_up", DUE + timedelta(days=92))


def test_a_questionnaire_is_due_for_both_arms_until_it_is_answered_or_something_stops_it(
    later: tuple[Path, dict[str, int]],
) -> None:
    workspace, whom = later
    rows = due_rows(workspace)
    named = {f"Proefstra{nth}, Vrouwe{nth} van": case for case, nth in whom.items()}
    assert {named[row[0]] for row in rows} == ASKED
    assert len(rows) == len(ASKED)  # twins are one
    assert {row[1:] for row in rows} == {
        ("16 september 2024", "tussenmeting (3 maanden)", "2 december 2024", "27 januari 2025")
    }
    asked = {whom[case] for case in ASKED}
    assert asked & set(women_of("offer", workspace)) and asked & set(women_of("care_as_usual", workspace))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_the_list_of_questionnaires_is_the_same_when_the_arms_are_swapped(
    later: tuple[Path, dict[str, int]],
) -> None:
    workspace, _ = later

    def made() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (workspace / "lists" / "vragenlijsten").iterdir()}

    before = made()
    assert len(before) == 2
    with find_workspace(workspace).open() as (warehouse, _vault):
        warehouse.run("UPDATE allocation SET arm = CASE arm WHEN 'offer' THEN 'care_as_usual' ELSE 'offer' END")
    ok("lists", "build", w=workspace)
    assert made() == before


def test_the_list_of_questionnaires_has_no_address_and_no_arm(later: tuple[Path, dict[str, int]]) -> None:
    workspace, _ = later
    (path,) = (workspace / "lists" / "vragenlijsten").glob("*.pdf")
    text = " ".join(page.extract_text() for page in PdfReader(path).pages)
    for word in ("Testdreef", "5151", "Drunen", "offer", "aanbod", "loting", "geheim", "C0000"):
        assert word not in text


def test_an_event_takes_her_off_the_list_of_questionnaires_at_once(
    later: tuple[Path, dict[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    workspace, whom = later
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{bsn(whom['plain'])}\n"))
    ok("trial", "event", "overlijden_kind", "--on", "2024-12-10", "--owner", "p", "--reason", "gebeld", w=workspace)
    assert not [row for row in due_rows(workspace) if row[0].startswith(f"Proefstra{whom['plain']},")]


def test_no_questionnaire_is_listed_on_status_data_that_are_too_old(loaded: Path, tmp_path: Path) -> None:
    town = Town()
    town.child(1, 101, f"{DUE:%Y%m%d}")
    folder = town.write(tmp_path / "follow_up", ("kinderen", "maatregelen", "jeugdhulp"))
    done = ok("run", "follow_up", "--extracts", folder, "--as-of", "2024-12-09", w=loaded)
    assert not (loaded / "lists" / "vragenlijsten").exists()
    assert "no list was made" in done.err


# --- the hand-over ----------------------------------------------------------------------------------------


@pytest.fixture
def said_yes(loaded: Path, offered: list[int], tmp_path: Path) -> tuple[Path, list[int]]:
    """Four women say yes; then one asks for secrecy, and one loses her child. A fifth says no."""
    women = offered[:5]
    told: dict[int, tuple[str, Any]] = dict.fromkeys(women[:4], (JA, "05-04-2024"))
    returned(loaded, told | {women[4]: (NEE, "05-04-2024")}, tmp_path / "terug")
    town = Town()
    town.event(women[1], "geheimhouding", "20240406")
    town.event(women[2], "zwangerschap_beeindigd", "20240406")
    town.woman(women[3], questionnaire=False, indicatie_geheim="3")
    quiet_week(loaded, tmp_path, "2024-W14", "2024-04-08", town)
    return loaded, women


def test_the_hand_over_names_who_said_yes_and_hides_a_secret_address(
    said_yes: tuple[Path, list[int]], tmp_path: Path
) -> None:
    workspace, women = said_yes
    out = tmp_path / "overdracht.pdf"
    done = ok("lists", "handover", "--out", out, w=workspace)
    kept = Path(next(line for line in done.out.splitlines() if line.startswith("Passphrase: in ")).split(" in ")[1])
    passphrase = kept.read_text().strip()
    assert passphrase not in done.text
    assert stat.S_IMODE(kept.stat().st_mode) == stat.S_IMODE(out.stat().st_mode) == 0o600
    assert kept.parent == find_workspace(workspace).keys_folder
    reader = PdfReader(out)
    assert reader.is_encrypted and reader.decrypt("nee") == 0 and reader.decrypt("") == 0
    assert reader.decrypt(passphrase) > 0
    text = " ".join(page.extract_text() for page in reader.pages)
    for nth, place in (
        (women[0], f"Testdreef {women[0]},"),
        (women[1], "via de praktijk"),
        (women[3], "via de praktijk"),
    ):
        assert f"Proefstra{nth}, Vrouwe{nth} van" in text and client(nth) in text and place in text
    assert f"Testdreef {women[1]}," not in text and f"Testdreef {women[3]}," not in text
    assert client(women[2]) not in text and client(women[4]) not in text
    content = out.read_bytes()
    assert not [word for word in (b"Proefstra", b"Testdreef", b"Overdracht", b"Heusden") if word in content]
    assert b"/AESV3" in content


def test_each_hand_over_has_a_passphrase_of_its_own_and_leaves_nothing_else_behind(
    said_yes: tuple[Path, list[int]], tmp_path: Path
) -> None:
    workspace, _ = said_yes
    keys = find_workspace(workspace).keys_folder
    before, earlier = {*workspace.rglob("*")}, {*keys.glob("overdracht-*.txt")}
    for name in ("een.pdf", "twee.pdf"):
        ok("lists", "handover", "--out", tmp_path / "uit" / name, w=workspace)
    kept = [path.read_text() for path in {*keys.glob("overdracht-*.txt")} - earlier]
    assert len(kept) == len(set(kept)) == 2 and {len(text.strip()) for text in kept} == {29}
    assert {*workspace.rglob("*")} == before
    assert sorted(path.name for path in (tmp_path / "uit").iterdir()) == ["een.pdf", "twee.pdf"]


def test_nobody_to_hand_over_writes_nothing(loaded: Path, tmp_path: Path) -> None:
    done = ok("lists", "handover", "--out", tmp_path / "x.pdf", w=loaded)
    assert "nothing was written" in done.err and not (tmp_path / "x.pdf").exists()
