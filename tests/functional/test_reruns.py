"""Whatever is interrupted, repeated, copied or told late: nobody is drawn twice, no letter goes to who is blocked."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import (
    PRACTICES,
    QUARTERLY,
    WEEKLY,
    Town,
    all_listed,
    arms,
    bsn,
    client,
    copied,
    documents,
    everything,
    in_a_process,
    init,
    invitation_workbooks,
    is_one_sentence,
    list_rows,
    listed,
    ok,
    quarterly,
    read_csv,
    smartstart,
    town_of,
    weekly,
    women_of,
    write_csv,
)
from pypdf import PdfReader

from smartstart import releasing, steps
from smartstart.errors import StateError
from smartstart.warehouse.warehouse import Warehouse
from smartstart.workspace import find_workspace


def an_offer(workspace: Path) -> int:
    return women_of("offer", workspace)[0]


def drawn(done: Any) -> int:
    return sum(done.json["allocated"].values())


def stands_in_a_pdf(workspace: Path, nth: int) -> bool:
    pages = (page for path in (workspace / "lists").glob("[0-9]*/*.pdf") for page in PdfReader(path).pages)
    return any(client(nth) in page.extract_text() for page in pages)


# --- the same again ---------------------------------------------------------------------------------------


def test_the_first_run_draws_everybody_eligible(loaded: Path) -> None:
    assert len(arms(loaded)) == 24
    assert all_listed(loaded) == {client(nth) for nth in women_of("offer", loaded)}


def test_a_second_run_draws_nobody_and_leaves_the_same_bytes(loaded: Path, first_quarter: Path) -> None:
    before, drawn_before = documents(loaded), arms(loaded)
    done = quarterly(loaded, first_quarter)
    assert done.code == 0
    assert not [name for name in everything(loaded) if ".partial-" in name]
    assert drawn(done) == 0
    assert documents(loaded) == before
    assert arms(loaded) == drawn_before


def test_the_same_bytes_under_other_file_names_draw_nobody(loaded: Path, first_quarter: Path, tmp_path: Path) -> None:
    for path in first_quarter.iterdir():
        (tmp_path / "renamed").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "renamed" / f"{path.stem.capitalize()}_2024Q1.csv")
    before = documents(loaded)
    done = quarterly(loaded, tmp_path / "renamed")
    assert done.code == 0
    assert drawn(done) == 0
    assert documents(loaded) == before


def test_the_same_bytes_on_a_later_day_draw_nobody(loaded: Path, first_quarter: Path) -> None:
    before = documents(loaded)
    done = quarterly(loaded, first_quarter, "2024Q1", "2024-04-05")
    assert done.code == 0
    assert drawn(done) == 0
    assert documents(loaded) == before


def test_the_same_bytes_under_another_period_are_refused(loaded: Path, first_quarter: Path) -> None:
    done = quarterly(loaded, first_quarter, "2024Q2", "2024-07-02")
    assert is_one_sentence(done, 5)


def test_deleted_lists_come_back_with_identical_bytes(loaded: Path) -> None:
    before = documents(loaded)
    shutil.rmtree(loaded / "lists")
    shutil.rmtree(loaded / "ledger")
    ok("lists", "build", w=loaded)
    assert documents(loaded) == before


def test_an_altered_list_comes_back_with_identical_bytes(loaded: Path) -> None:
    before = documents(loaded)
    for path in (loaded / "lists").glob("*/*.xlsx"):
        path.write_bytes(b"altered")
    ok("lists", "build", w=loaded)
    assert documents(loaded) == before


def test_a_copied_workspace_keeps_working(loaded: Path, first_quarter: Path, tmp_path: Path) -> None:
    other = copied(loaded, tmp_path / "elsewhere" / "copy")
    assert drawn(quarterly(other, first_quarter)) == 0
    assert ok("trial", "verify", "--json", w=other).json["ok"]
    ok("lists", "build", w=other)
    assert documents(other) == documents(loaded)
    assert all(str(other) in path for path in ok("status", "--json", w=other).json["lists"])


def test_a_moved_workspace_keeps_working(loaded: Path, first_quarter: Path, tmp_path: Path) -> None:
    before = documents(loaded)
    moved = Path(shutil.move(loaded, tmp_path / "moved"))
    assert drawn(quarterly(moved, first_quarter)) == 0
    assert documents(moved) == before


def test_keys_are_found_where_init_was_told_to_put_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMARTSTART_KEYS")
    workspace = init(tmp_path / "first", "--keys", tmp_path / "safe")
    moved = Path(shutil.move(workspace, tmp_path / "moved"))
    ok("status", w=moved)
    shutil.move(tmp_path / "safe", tmp_path / "safer")
    assert is_one_sentence(smartstart("status", w=moved), 5)
    monkeypatch.setenv("SMARTSTART_KEYS", str(tmp_path / "safer"))
    ok("status", w=moved)


# --- order does not matter --------------------------------------------------------------------------------


def shuffled(source: Path, folder: Path, seed: int) -> Path:
    """Write the same records in another order of rows and of columns."""
    dice = random.Random(seed)
    folder.mkdir()
    for path in source.glob("*.csv"):
        rows = read_csv(path)
        columns = path.read_text("utf-8").splitlines()[0].split(";")
        dice.shuffle(rows)
        dice.shuffle(columns)
        write_csv(folder / path.name, columns, rows)
    return folder


def with_the_same_keys(workspace: Path, as_of: Path, keys_root: Path) -> Path:
    """Give a fresh workspace the keys on which the draw rests; those of its files stay its own."""
    theirs, ours = (keys_root / find_workspace(folder).workspace_id for folder in (as_of, workspace))
    for name in ("pseudonym.key", "allocation.key"):
        shutil.copy(theirs / name, ours / name)
    marks = [json.loads((folder / "workspace.json").read_text("utf-8")) for folder in (as_of, workspace)]
    (workspace / "workspace.json").write_text(json.dumps(marks[1] | {"commitment": marks[0]["commitment"]}), "utf-8")
    return workspace


def test_the_order_of_rows_and_columns_changes_no_allocation_and_no_list(
    loaded: Path, first_quarter: Path, tmp_path: Path, keys_root: Path
) -> None:
    other = with_the_same_keys(init(tmp_path / "other"), loaded, keys_root)
    done = quarterly(other, shuffled(first_quarter, tmp_path / "shuffled", 7))
    assert done.code == 0, done.err
    assert arms(other) == arms(loaded)
    pages = {path.relative_to(loaded): list_rows(path) for path in invitation_workbooks(loaded)}
    assert {path.relative_to(other): list_rows(path) for path in invitation_workbooks(other)} == pages
    for path in (loaded / "lists").glob("*/*.pdf"):  # but for the head of the draw, which holds when it was made
        same = [PdfReader(folder / path.relative_to(loaded)).pages[0].extract_text() for folder in (loaded, other)]
        assert len({re.sub("[0-9a-f]{64}", "", text) for text in same}) == 1


@pytest.mark.parametrize("latest_first", [True, False], ids=["latest first", "latest last"])
def test_of_two_client_numbers_at_a_practice_the_latest_is_on_the_list_in_any_order_of_rows(
    empty: Path, tmp_path: Path, latest_first: bool
) -> None:
    town = town_of(6)
    for nth in range(1, 7):
        town.woman(nth, practice=PRACTICES[nth % 3], client=f"D{nth:06}", filled=date(2024, 3, 18), week=14)
    if latest_first:
        town.tables["vragenlijst"].reverse()
    done = weekly(empty, town.write(tmp_path / "W13", WEEKLY), "2024-W13", "2024-04-02")
    assert done.code == 0, done.err
    assert all_listed(empty) == {f"D{nth:06}" for nth in women_of("offer", empty)}


# --- first allocation wins --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def second_quarter(tmp_path_factory: pytest.TempPathFactory, made_loaded: Path) -> tuple[Path, dict[str, str]]:
    """A workspace after a second quarter in which every woman comes again: pregnant again, or at a second practice."""
    place = tmp_path_factory.mktemp("second")
    workspace = copied(made_loaded, place / "workspace")
    before = arms(workspace)
    town = Town()
    for nth in range(1, 13):  # a second pregnancy
        town.event(nth, "zwangerschap_beeindigd", "20240410")
        town.woman(nth, practice=PRACTICES[nth % 3], client=f"E{nth:06}", filled=date(2024, 6, 24), week=10)
    for nth in range(13, 25):  # a second practice, in the same pregnancy
        town.woman(nth, practice=PRACTICES[(nth + 1) % 3], client=f"F{nth:06}", filled=date(2024, 5, 6), week=21)
    for nth in range(31, 41):
        town.woman(nth, filled=date(2024, 6, 10))
    done = quarterly(workspace, town.write(place / "2024Q2"), "2024Q2", "2024-07-02")
    assert done.code == 0, done.err
    assert done.json["not_eligible"] == {"already_allocated": 24}
    assert drawn(done) == 10
    return workspace, before


def test_second_pregnancies_and_second_practices_keep_the_first_allocation(
    second_quarter: tuple[Path, dict[str, str]],
) -> None:
    workspace, before = second_quarter
    after = arms(workspace)
    assert {number: after[number] for number in before} == before
    assert len(after) == 34


def test_who_was_drawn_before_stands_on_no_list_of_a_later_batch(second_quarter: tuple[Path, dict[str, str]]) -> None:
    workspace, _ = second_quarter
    later = {c for (batch, _), clients in listed(workspace).items() if batch == "2024Q2" for c in clients}
    assert later == {client(nth) for nth in women_of("offer", workspace) if nth > 30}


def test_a_list_is_the_same_after_a_quarter_that_blocked_nobody_on_it(
    second_quarter: tuple[Path, dict[str, str]], made_loaded: Path
) -> None:
    workspace, _ = second_quarter
    standing = {c for (batch, _), clients in listed(workspace).items() if batch == "2024Q1" for c in clients}
    offered = set(women_of("offer", made_loaded))
    assert standing == {client(nth) for nth in offered if nth > 12}


# --- told later -------------------------------------------------------------------------------------------

KINDS = (
    "zwangerschap_beeindigd", "doodgeboorte", "overlijden", "overlijden_kind", "bezwaar", "intrekking_toestemming",
    "verhuizing",
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, made_loaded: Path) -> tuple[Path, dict[str, int]]:
    """A workspace in which, after the first lists, something has happened to one woman on a list for each kind."""
    place = tmp_path_factory.mktemp("told")
    workspace = copied(made_loaded, place / "workspace")
    offered = women_of("offer", workspace)
    whom = dict(zip(KINDS, offered, strict=False))
    assert len(whom) == len(KINDS)
    town = Town()
    for kind, nth in whom.items():
        assert stands_in_a_pdf(workspace, nth)
        town.event(nth, kind, "20240403")
    done = weekly(workspace, town.write(place / "W14", WEEKLY), "2024-W14", "2024-04-08")
    assert done.code == 0, done.err
    assert "may no longer be invited" in done.err
    return workspace, whom


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_blocked_later_disappears_from_the_earlier_list(told: tuple[Path, dict[str, int]], kind: str) -> None:
    workspace, whom = told
    assert client(whom[kind]) not in all_listed(workspace)
    assert not stands_in_a_pdf(workspace, whom[kind])


def test_who_is_not_blocked_stays_on_the_earlier_list(told: tuple[Path, dict[str, int]]) -> None:
    workspace, whom = told
    assert all_listed(workspace) == {client(nth) for nth in women_of("offer", workspace) if nth not in whom.values()}


def test_lists_build_does_not_bring_the_blocked_back(told: tuple[Path, dict[str, int]], tmp_path: Path) -> None:
    workspace = copied(told[0], tmp_path / "workspace")
    before = documents(workspace)
    shutil.rmtree(workspace / "lists")
    ok("lists", "build", w=workspace)
    assert documents(workspace) == before


def test_the_first_command_again_does_not_bring_the_blocked_back(
    told: tuple[Path, dict[str, int]], first_quarter: Path, tmp_path: Path
) -> None:
    workspace = copied(told[0], tmp_path / "workspace")
    before = documents(workspace)
    assert quarterly(workspace, first_quarter).code == 0
    assert documents(workspace) == before


def test_the_allocations_of_the_blocked_stay(told: tuple[Path, dict[str, int]], made_loaded: Path) -> None:
    assert arms(told[0]) == arms(made_loaded)
    assert ok("trial", "verify", "--json", w=told[0]).json["ok"]


def test_an_earlier_as_of_of_another_pipeline_does_not_bring_the_blocked_back(
    told: tuple[Path, dict[str, int]], tmp_path: Path
) -> None:
    """The register may come late, as of an earlier day: what is known of the trial's women stays known."""
    workspace = copied(told[0], tmp_path / "workspace")
    before = all_listed(workspace)
    town = Town()
    for nth in range(201, 231):
        town.woman(nth, filled=date(2023, 3, 13))
    history = town.write(tmp_path / "register", ("personen", "kinderen", "vragenlijst"))
    done = smartstart("run", "register", "--extracts", history, "--as-of", "2024-03-20", "--json", w=workspace)
    assert done.code == 0, done.err
    assert all_listed(workspace) == before


def test_a_quarter_as_of_an_earlier_day_than_a_week_does_not_bring_the_blocked_of_that_week_back(
    empty: Path, tmp_path: Path, first_quarter: Path
) -> None:
    week = Town()
    for nth in range(51, 71):
        week.woman(nth, filled=date(2024, 4, 3))
    assert weekly(empty, week.write(tmp_path / "W14", WEEKLY), "2024-W14", "2024-04-08").code == 0
    blocked = an_offer(empty)
    later = Town()
    later.event(blocked, "zwangerschap_beeindigd", "20240409")
    assert weekly(empty, later.write(tmp_path / "W15", WEEKLY), "2024-W15", "2024-04-15").code == 0
    assert client(blocked) not in all_listed(empty)
    done = quarterly(empty, first_quarter, "2024Q1", "2024-04-02")
    assert done.code == 0, done.err
    assert client(blocked) not in all_listed(empty)
    assert not stands_in_a_pdf(empty, blocked)


def test_an_event_blocks_also_when_a_correction_has_left_her_questionnaire_out(loaded: Path, tmp_path: Path) -> None:
    """She was drawn and stands on a list; that her row is gone from the corrected file undoes neither."""
    lost = an_offer(loaded)
    town = town_of()
    town.tables["vragenlijst"] = [r for r in town.tables["vragenlijst"] if r["burgerservicenummer"] != bsn(lost)]
    corrected = town.write(tmp_path / "corrected")
    done = quarterly(loaded, corrected, "2024Q1", "2024-04-03", "--corrects", "--reason", "a row too many")
    assert done.code == 0, done.err
    event = Town()
    event.event(lost, "zwangerschap_beeindigd", "20240404")
    assert weekly(loaded, event.write(tmp_path / "W14", WEEKLY), "2024-W14", "2024-04-08").code == 0
    assert client(lost) not in all_listed(loaded)


@pytest.mark.parametrize(
    ("column", "value"),
    [("datum_overlijden", "20240404"), ("reden_opschorting", "E"), ("gemeentecode", "0796")],
    ids=["died", "emigrated", "moved"],
)
def test_who_has_died_or_moved_by_the_population_register_disappears_from_the_earlier_list(
    loaded: Path, tmp_path: Path, column: str, value: str
) -> None:
    nth = an_offer(loaded)
    town = Town()
    town.woman(nth, questionnaire=False, **{column: value})
    done = weekly(loaded, town.write(tmp_path / "W14", WEEKLY), "2024-W14", "2024-04-08")
    assert done.code == 0, done.err
    assert client(nth) not in all_listed(loaded)


def test_an_objection_before_the_questionnaire_prevents_the_draw(empty: Path, tmp_path: Path) -> None:
    early = Town()
    early.event(1, "bezwaar", "20240115")
    assert weekly(empty, early.write(tmp_path / "W03", WEEKLY), "2024-W03", "2024-01-22").code == 0
    done = quarterly(empty, town_of(12).write(tmp_path / "2024Q1"))
    assert done.json["not_eligible"] == {"objected": 1}
    assert bsn(1) not in arms(empty)


def test_a_list_with_nobody_left_on_it_is_gone(loaded: Path, tmp_path: Path) -> None:
    (batch, practice), clients = next(iter(listed(loaded).items()))
    town = Town()
    for number in clients:
        town.event(int(number[1:]), "bezwaar", "20240403")
    assert weekly(loaded, town.write(tmp_path / "W14", WEEKLY), "2024-W14", "2024-04-08").code == 0
    assert not (loaded / "lists" / batch / f"{practice}.xlsx").exists()
    assert not (loaded / "lists" / batch / f"{practice}.pdf").exists()
    assert ok("trial", "verify", "--json", w=loaded).json["ok"]


# --- corrections ------------------------------------------------------------------------------------------


def corrected_town() -> Town:
    town = town_of()
    town.tables["vragenlijst"][0]["roken"] = "J"
    return town


def test_a_correction_supersedes_and_draws_nobody_again(loaded: Path, tmp_path: Path) -> None:
    before = arms(loaded)
    folder = corrected_town().write(tmp_path / "corrected")
    done = quarterly(loaded, folder, "2024Q1", "2024-04-03", "--corrects", "--reason", "wrong column")
    assert done.code == 0, done.err
    assert drawn(done) == 0
    assert arms(loaded) == before
    first, second = ok("status", "--json", w=loaded).json["periods"]
    assert all(file["accepted"] == 0 and file["superseded"] == file["rows_in"] for file in first["files"])
    assert all(file["superseded"] == 0 and file["accepted"] == file["rows_in"] for file in second["files"])
    again = quarterly(loaded, folder, "2024Q1", "2024-04-03", "--corrects", "--reason", "wrong column")
    assert again.code == 0
    assert drawn(again) == 0


def test_a_correction_can_be_taken_back_by_the_first_files(loaded: Path, first_quarter: Path, tmp_path: Path) -> None:
    before = arms(loaded)
    folder = corrected_town().write(tmp_path / "corrected")
    assert quarterly(loaded, folder, "2024Q1", "2024-04-03", "--corrects", "--reason", "wrong column").code == 0
    back = quarterly(loaded, first_quarter, "2024Q1", "2024-04-04", "--corrects", "--reason", "it was right")
    assert back.code == 0, back.err
    assert arms(loaded) == before
    latest = ok("status", "--json", w=loaded).json["periods"][-1]
    assert all(file["accepted"] == file["rows_in"] for file in latest["files"])


def test_a_correction_that_mends_a_row_draws_only_her(empty: Path, tmp_path: Path) -> None:
    town = town_of(12)
    town.tables["vragenlijst"][4]["aterme_datum"] = ""
    assert drawn(quarterly(empty, town.write(tmp_path / "wrong"))) == 11
    before = arms(empty)
    mended = town_of(12).write(tmp_path / "mended")
    done = quarterly(empty, mended, "2024Q1", "2024-04-03", "--corrects", "--reason", "due date")
    assert drawn(done) == 1
    after = arms(empty)
    assert {number: after[number] for number in before} == before
    assert ok("quarantine", "--json", w=empty).json == []


# --- interrupted ------------------------------------------------------------------------------------------


def failing_once(act: Callable[..., Any], seen: list[Any]) -> Callable[..., Any]:
    def fails(*given: Any, **named: Any) -> Any:
        if not seen:
            seen.append(given)
            raise OSError(28, "No space left on device")
        return act(*given, **named)

    return fails


def test_a_crash_between_commit_and_files_is_told_and_the_same_command_finishes_with_the_same_bytes(
    empty: Path, first_quarter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meant: list[Any] = []
    monkeypatch.setattr(releasing, "write_outputs", failing_once(releasing.write_outputs, meant))
    done = quarterly(empty, first_quarter)
    assert done.code != 0
    assert not list((empty / "lists").rglob("*.xlsx"))
    _, files, ledger = meant[0]
    again = quarterly(empty, first_quarter)
    assert again.code == 0, again.err
    assert drawn(again) == 0
    assert len(arms(empty)) == 24
    on_disk = documents(empty)
    assert {name: on_disk[name] for name in on_disk if name.startswith("lists/")} == {f.path: f.content for f in files}
    assert on_disk["ledger/ledger.jsonl"] == ledger
    assert ok("trial", "verify", "--json", w=empty).json["ok"]


@pytest.mark.parametrize("step", ["draw_batch"])
def test_a_crash_before_the_commit_leaves_nothing_loaded_and_the_same_command_then_works(
    empty: Path, first_quarter: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(steps.STEPS, step, failing_once(steps.STEPS[step], []))
    done = quarterly(empty, first_quarter)
    assert done.code != 0
    assert "Traceback" not in done.err
    state = ok("status", "--json", w=empty).json
    assert (state["periods"], state["batches"], state["lists"], state["ledger_head"]) == ([], [], [], None)
    assert arms(empty) == {}
    assert not list((empty / "lists").rglob("*.*"))
    again = quarterly(empty, first_quarter)
    assert again.code == 0, again.err
    assert drawn(again) == 24


def test_a_failed_commit_leaves_nothing_loaded_and_orphans_of_the_vault_are_removed(
    empty: Path, first_quarter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    act, seen = Warehouse._execute, []

    def fails_to_commit(self: Warehouse, sql: str, values: Any = None) -> Any:
        if sql == "COMMIT" and not seen:
            seen.append(sql)
            raise StateError("The warehouse refused a step.")
        return act(self, sql, values)

    monkeypatch.setattr(Warehouse, "_execute", fails_to_commit)
    assert is_one_sentence(quarterly(empty, first_quarter), 5)
    assert seen
    assert ok("status", "--json", w=empty).json["periods"] == []
    other = Town()
    other.woman(100)
    assert quarterly(empty, other.write(first_quarter.parent / "other")).code == 0
    with find_workspace(empty).open() as (_, vault):
        assert vault.known_ids(bsn(nth) for nth in range(1, 25)) == {}
        assert len(vault.known_ids([bsn(100)])) == 1


def test_of_two_processes_at_once_one_works_and_the_other_is_told_to_wait(
    empty: Path, first_quarter: Path, tmp_path: Path
) -> None:
    hold = (
        "from smartstart import steps\n"
        "act = steps.STEPS['draw_batch']\n"
        "def waits(run):\n"
        "    print('at work', file=sys.stderr, flush=True); sys.stdin.readline(); act(run)\n"
        "steps.STEPS['draw_batch'] = waits"
    )
    words = ("run", "quarterly", "--extracts", first_quarter, "--period", "2024Q1", "--as-of", "2024-04-02", "--json")
    first = in_a_process(*words, "-w", empty, before=hold)
    assert first.stderr
    assert first.stderr.readline() == "at work\n"
    second = quarterly(empty, first_quarter)
    reading = smartstart("status", w=empty)
    _, err = first.communicate("go\n", timeout=60)
    assert is_one_sentence(second, 5)
    assert is_one_sentence(reading, 5)
    assert str(first.pid) in second.err
    assert first.returncode == 0, err
    assert len(arms(empty)) == 24
    assert drawn(quarterly(empty, first_quarter)) == 0


# --- the ledger -------------------------------------------------------------------------------------------


def test_a_wrong_head_is_noticed(loaded: Path) -> None:
    done = smartstart("trial", "verify", "--head", "0" * 64, w=loaded)
    assert done.code == 5


@pytest.mark.parametrize("damage", ["edited", "truncated", "missing", "extended", "emptied"])
def test_an_exported_ledger_that_was_changed_is_noticed(loaded: Path, damage: str) -> None:
    path = loaded / "ledger" / "ledger.jsonl"
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        lines = content.splitlines(keepends=True)
        changed = {
            "edited": content.replace(b'"offer"', b'"offer" ', 1),
            "truncated": b"".join(lines[:-1]),
            "extended": content + lines[-1],
            "emptied": b"",
        }
        path.write_bytes(changed[damage])
    done = smartstart("trial", "verify", "--json", w=loaded)
    assert done.code == 5
    assert done.out
    if damage in {"edited", "extended"}:  # it says what the warehouse does not: evidence, which nothing overwrites
        before = path.read_bytes()
        assert smartstart("lists", "build", w=loaded).code == 5
        assert path.read_bytes() == before
    else:
        ok("lists", "build", w=loaded)
        assert path.read_bytes() == content


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE allocation SET arm = CASE arm WHEN 'offer' THEN 'care_as_usual' ELSE 'offer' END",
        "DELETE FROM allocation WHERE arm = 'offer'",
        "UPDATE ledger SET line = replace(line, '1/2', '1/3')",
        "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)",
        "INSERT INTO invitation SELECT i.batch, i.period, i.as_of, i.practice, a.research_id, i.due_date, i.basis"
        " FROM invitation AS i, allocation AS a WHERE a.arm = 'care_as_usual' LIMIT 1",
        "DELETE FROM ledger",
        "UPDATE allocation SET research_id = o.research_id || c.research_id FROM"
        " (SELECT min(research_id) AS research_id FROM allocation WHERE arm = 'offer') AS o,"
        " (SELECT min(research_id) AS research_id FROM allocation WHERE arm <> 'offer') AS c"
        " WHERE allocation.research_id = o.research_id",
        "DELETE FROM invitation WHERE research_id = (SELECT min(research_id) FROM invitation)",
        "UPDATE invitation SET practice = '08999999'",
        "UPDATE allocation SET batch = '2023Q4'",
        "UPDATE allocation SET marginal = '1/3'",
        "UPDATE allocation SET conditional = '1/5'",
        "UPDATE allocation SET epoch = 2",
        "UPDATE allocation SET risk_band = 'other'",
        "UPDATE allocation SET index_date = index_date + 1",
        "UPDATE allocation SET cluster = 'zzz'",
        "UPDATE allocation SET practice = '08999999'; UPDATE invitation SET practice = '08999999'",
    ],
    ids=[
        "arms swapped", "removed", "edited", "cut", "control on a list", "ledger gone", "woman swapped",
        "invitation gone", "practice changed", "batch changed", "marginal changed",
        "conditional changed", "epoch changed", "band changed", "date changed", "cluster changed", "all moved",
    ],
)  # fmt: skip
def test_a_forgery_in_the_warehouse_is_noticed(loaded: Path, forgery: str) -> None:
    with find_workspace(loaded).open() as (warehouse, _):
        warehouse.run(forgery)
    assert smartstart("trial", "verify", w=loaded).code == 5


def test_a_restored_older_backup_does_not_match_the_head_that_was_noted(
    second_quarter: tuple[Path, dict[str, str]], loaded: Path
) -> None:
    noted = ok("status", "--json", w=second_quarter[0]).json["ledger_head"]
    assert ok("trial", "verify", "--head", noted, "--json", w=second_quarter[0]).json["ok"]
    assert smartstart("trial", "verify", "--head", noted, w=loaded).code == 5


@pytest.mark.parametrize("damage", ["overwritten", "deleted"])
def test_a_list_that_was_changed_is_noticed_and_restored(loaded: Path, damage: str) -> None:
    path = next((loaded / "lists").glob("*/*.pdf"))
    content = path.read_bytes()
    path.write_bytes(b"garbage") if damage == "overwritten" else path.unlink()
    assert smartstart("trial", "verify", w=loaded).code == 5
    ok("lists", "build", w=loaded)
    assert path.read_bytes() == content
    ok("trial", "verify", w=loaded)


def test_a_restored_older_warehouse_cannot_draw_again(loaded: Path, first_quarter: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "fresh"
    ok("init", workspace, "--rehearsal")
    backup = (workspace / "warehouse.duckdb").read_bytes()
    assert quarterly(workspace, first_quarter, "2024Q1", "2024-04-02").code == 0
    newer = {name: (workspace / name).read_bytes() for name in ("warehouse.duckdb", "vault.sqlite")}
    ledger = (workspace / "ledger" / "ledger.jsonl").read_bytes()
    (workspace / "warehouse.duckdb").write_bytes(backup)
    again = quarterly(workspace, first_quarter, "2024Q1", "2024-04-02")
    assert again.code == 5 and "older backup" in again.err
    assert (workspace / "ledger" / "ledger.jsonl").read_bytes() == ledger
    assert (workspace / "vault.sqlite").read_bytes() == newer["vault.sqlite"]
    (workspace / "warehouse.duckdb").write_bytes(newer["warehouse.duckdb"])
    ok("lists", "build", w=workspace)
    ok("trial", "verify", w=workspace)


def test_the_mark_of_a_rehearsal_cannot_be_taken_off(loaded: Path, tmp_path: Path) -> None:
    mark = loaded / "workspace.json"
    mark.write_text(mark.read_text().replace('"rehearsal": true', '"rehearsal": false'))
    assert smartstart("lists", "build", w=loaded).code == 5


def test_a_list_is_text_only(loaded: Path) -> None:
    for path in (loaded / "lists").glob("*/*.xlsx"):
        assert all(isinstance(cell, str) for row in list_rows(path) for cell in row)


def test_the_files_of_a_quarter_are_those_that_the_harness_writes(first_quarter: Path) -> None:
    assert {path.stem for path in first_quarter.glob("*.csv")} == set(QUARTERLY)


# --- when in doubt, no letter -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [{"datum_overlijden": "20240404", "geslachtsaanduiding": "X"}, {"datum_overlijden": "00000000"}]
)
def test_a_death_stops_the_letter_also_on_a_faulty_row_and_on_an_unknown_day(
    loaded: Path, tmp_path: Path, fault: dict[str, str]
) -> None:
    nth = an_offer(loaded)
    town = Town()
    town.woman(nth, questionnaire=False, **fault)
    assert weekly(loaded, town.write(tmp_path / "W14", WEEKLY), "2024-W14", "2024-04-08").code == 0
    assert client(nth) not in all_listed(loaded)


def test_two_quiet_weeks_with_the_same_bytes_are_both_loaded(loaded: Path, tmp_path: Path) -> None:
    folder = Town().write(tmp_path / "quiet", WEEKLY)
    assert weekly(loaded, folder, "2024-W14", "2024-04-08").code == 0
    assert weekly(loaded, folder, "2024-W15", "2024-04-15").code == 0


def test_a_missing_vault_is_not_made_anew(loaded: Path, tmp_path: Path) -> None:
    (loaded / "vault.sqlite").unlink()
    done = smartstart("lists", "build", w=loaded)
    assert done.code == 5 and "vault" in done.err
    assert not (loaded / "vault.sqlite").exists()


def test_a_number_of_a_person_does_not_get_into_the_ledger_with_the_reason(loaded: Path, tmp_path: Path) -> None:
    folder = corrected_town().write(tmp_path / "corrected")
    done = quarterly(loaded, folder, "2024Q1", "2024-04-03", "--corrects", "--reason", "BSN 999990019 hersteld")
    assert done.code == 2 and "999990019" not in done.err
