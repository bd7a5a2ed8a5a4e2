"""The draw over time, through the command line: a second officer, a leaked key, another design, capacity, the end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import (
    WEEKLY,
    Town,
    all_listed,
    arms,
    bsn,
    client,
    documents,
    in_a_process,
    init,
    is_one_sentence,
    listed,
    ok,
    quarterly,
    smartstart,
    town_of,
    weekly,
    women_of,
)
from openpyxl import load_workbook

from smartstart.trial.allocation import key_commitment
from smartstart.workspace import find_workspace

AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
OWNED = ("--owner", "projectleider", "--reason", "a made-up reason")
NEXT = ("2024Q2", "2024-07-02")


def entries(workspace: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (workspace / "ledger" / "ledger.jsonl").read_text("ascii").splitlines()]


def allocations(workspace: Path) -> list[dict[str, Any]]:
    with find_workspace(workspace).open() as (warehouse, _):
        return warehouse.rows("FROM allocation ORDER BY research_id")


def second_quarter(folder: Path, first: int = 101, last: int = 125, **woman: Any) -> Path:
    town = Town()
    for nth in range(first, last):
        town.woman(nth, filled=date(2024, 6, 10), **woman)
    return town.write(folder)


def set_in_programme(workspace: Path, line: str, other: str) -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    assert re.search(line, text), line
    path.write_text(re.sub(line, other, text, count=1), "utf-8")


def keys_folder(workspace: Path) -> Path:
    return find_workspace(workspace).keys_folder


@pytest.fixture
def own_keys(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copied workspace shares its keys with the one it was copied from: give it a copy of them too."""
    shutil.copytree(keys_folder(loaded), tmp_path / "keys" / keys_folder(loaded).name)
    monkeypatch.setenv("SMARTSTART_KEYS", str(tmp_path / "keys"))
    return loaded


def audited(workspace: Path, folder: Path) -> tuple[int, str]:
    """Run the auditor's program with all keys of the draw in one file, one a line."""
    keys = sorted(keys_folder(workspace).glob("allocation*.key"), key=lambda path: (len(path.name), path.name))
    (folder / "revealed").write_text("".join(path.read_text("ascii") for path in keys), "ascii")
    ledger = workspace / "ledger" / "ledger.jsonl"
    command = [sys.executable, "-I", "-S", str(AUDITOR), str(ledger), "--key", str(folder / "revealed")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


# --- two officers ------------------------------------------------------------------------------------------


@pytest.fixture
def frozen(empty: Path, first_quarter: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A workspace with a batch that waits for the second officer, and the file of her nonce."""
    nonce = tmp_path / "nonce.txt"
    commitment = ok("trial", "nonce", "--out", nonce).out.strip()
    done = quarterly(empty, first_quarter, "2024Q1", "2024-04-02", "--second-officer", commitment)
    assert done.json["allocated"] == {"offer": 0, "care_as_usual": 0} and done.json["lists"] == []
    assert "frozen and not drawn" in done.err
    return empty, nonce


def test_with_two_officers_nobody_is_drawn_before_the_nonce(frozen: tuple[Path, Path]) -> None:
    workspace, nonce = frozen
    assert arms(workspace) == {} and all_listed(workspace) == set()
    assert "frozen and not drawn yet" in ok("status", w=workspace).out
    noted = ok("status", "--json", w=workspace).json["ledger_head"]
    drawn = ok("trial", "draw", "--nonce-file", nonce, "--head", noted, "--json", w=workspace).json
    assert (drawn["batch"], sum(drawn["allocated"].values())) == ("2024Q1", 24)
    assert {Path(path).suffix for path in drawn["lists"]} == {".xlsx", ".pdf"}
    assert all_listed(workspace) == {client(nth) for nth in women_of("offer", workspace)}
    assert drawn["ledger_head"] == ok("trial", "verify", "--json", w=workspace).json["ledger_head"]
    assert ok("status", "--json", w=workspace).json["periods"][-1]["allocated"] == drawn["allocated"]


def test_the_record_names_two_officers_and_the_auditor_can_check_them(
    frozen: tuple[Path, Path], tmp_path: Path
) -> None:
    workspace, nonce = frozen
    ok("trial", "draw", "--nonce-file", nonce, w=workspace)
    assert {entry["actor"] for entry in entries(workspace)} == {"two officers"}
    assert audited(workspace, tmp_path)[0] == 0


def test_the_head_on_a_list_lets_anybody_check_that_draw_later(loaded: Path, tmp_path: Path) -> None:
    book = load_workbook(next((loaded / "lists").glob("2024Q1/*.xlsx")))
    texts = [str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row if cell]
    (line,) = [text for text in texts if text.startswith("Controlegetal van de loting: ")]
    assert quarterly(loaded, second_quarter(tmp_path / "q2"), *NEXT).code == 0
    found = ok("trial", "verify", "--head", line.split()[-1], "--json", w=loaded).json
    assert (found["ok"], found["covered"], found["entries"]) == (True, 3, 5)


@pytest.mark.parametrize(
    ("head", "code", "said"), [("abc", 2, "64 characters"), ("0" * 64, 5, "is sound and does not")]
)
def test_a_mistyped_head_does_not_send_anybody_to_a_backup(loaded: Path, head: str, code: int, said: str) -> None:
    done = smartstart("trial", "verify", "--head", head, w=loaded)
    assert done.code == code and said in done.err


def test_one_officer_alone_is_named_as_such(loaded: Path) -> None:
    assert {entry["actor"] for entry in entries(loaded)} == {"one officer"}


def test_another_nonce_than_was_promised_draws_nobody(frozen: tuple[Path, Path], tmp_path: Path) -> None:
    workspace, _ = frozen
    other = tmp_path / "other.txt"
    ok("trial", "nonce", "--out", other)
    assert is_one_sentence(smartstart("trial", "draw", "--nonce-file", other, w=workspace), 4)
    assert is_one_sentence(smartstart("trial", "draw", "--nonce-file", tmp_path / "absent", w=workspace), 2)
    head = ("--head", "0" * 64)
    assert is_one_sentence(smartstart("trial", "draw", "--nonce-file", other, *head, w=workspace), 5)
    assert arms(workspace) == {}


def test_while_a_batch_waits_new_women_wait_and_what_happened_counts_at_once(
    frozen: tuple[Path, Path], tmp_path: Path
) -> None:
    workspace, nonce = frozen
    town = Town()
    for nth in range(101, 109):
        town.woman(nth, filled=date(2024, 4, 8))
    town.event(1, "zwangerschap_beeindigd", "20240409")
    week = weekly(workspace, town.write(tmp_path / "w15", WEEKLY), "2024-W15", "2024-04-14").json
    assert (week["eligible"], sum(week["allocated"].values())) == (8, 0)
    assert is_one_sentence(smartstart("trial", "rekey", *OWNED, w=workspace), 5)
    ok("trial", "draw", "--nonce-file", nonce, w=workspace)  # the status of that week is fresh enough
    assert len(arms(workspace)) == 24
    assert all_listed(workspace) == {client(nth) for nth in women_of("offer", workspace) if nth != 1}
    later = weekly(workspace, Town().write(tmp_path / "w16", WEEKLY), "2024-W16", "2024-04-21").json
    assert sum(later["allocated"].values()) == 8
    assert ok("trial", "verify", w=workspace)


def test_no_second_batch_is_frozen_with_a_nonce_while_one_waits(frozen: tuple[Path, Path], tmp_path: Path) -> None:
    done = quarterly(frozen[0], second_quarter(tmp_path / "q2"), *NEXT, "--dice")
    assert is_one_sentence(done, 5) and "trial draw" in done.err


def test_a_batch_is_drawn_once(frozen: tuple[Path, Path], tmp_path: Path) -> None:
    workspace, nonce = frozen
    ok("trial", "draw", "--nonce-file", nonce, w=workspace)
    before, written = arms(workspace), documents(workspace)
    for path in (workspace / "lists").rglob("*.pdf"):
        path.unlink()  # as if it was interrupted before they were written
    again = ok("trial", "draw", "--nonce-file", nonce, "--json", w=workspace).json
    assert set(again["allocated"].values()) == {0} and again["lists"]
    assert arms(workspace) == before and documents(workspace) == written
    other = tmp_path / "other.txt"
    ok("trial", "nonce", "--out", other)
    assert is_one_sentence(smartstart("trial", "draw", "--nonce-file", other, w=workspace), 5)


def test_the_same_run_again_finishes_the_job_but_cannot_be_frozen_with_another_nonce(
    frozen: tuple[Path, Path], first_quarter: Path
) -> None:
    workspace, _ = frozen
    assert quarterly(workspace, first_quarter, "2024Q1", "2024-04-02").code == 0
    assert is_one_sentence(quarterly(workspace, first_quarter, "2024Q1", "2024-04-02", "--dice"), 4)


def test_a_second_officers_commitment_serves_once(frozen: tuple[Path, Path], tmp_path: Path) -> None:
    workspace, nonce = frozen
    promise = entries(workspace)[1]["body"]["nonce"]["promise"]
    ok("trial", "draw", "--nonce-file", nonce, w=workspace)
    done = quarterly(workspace, second_quarter(tmp_path / "q2"), *NEXT, "--second-officer", promise)
    assert is_one_sentence(done, 4) and "promised or used before" in done.err


def test_a_nonce_is_never_written_over(tmp_path: Path) -> None:
    ok("trial", "nonce", "--out", tmp_path / "nonce.txt")
    assert is_one_sentence(smartstart("trial", "nonce", "--out", tmp_path / "nonce.txt"), 5)


def test_dice_from_the_minutes_are_typed_in(empty: Path, first_quarter: Path) -> None:
    quarterly(empty, first_quarter, "2024Q1", "2024-04-02", "--dice").json  # noqa: B018 - it must be JSON
    process = in_a_process("trial", "draw", "-w", empty)
    out, err = process.communicate("35142661425316245316\n", timeout=60)
    assert process.returncode == 0, err
    assert "is drawn" in out and "one officer, with dice" in {entry["actor"] for entry in entries(empty)}
    assert ok("trial", "verify", w=empty)


@pytest.mark.parametrize(
    "options",
    [
        ("--dice", "--beacon", "drand 12345"),
        ("--beacon", "drand"),
        ("--beacon", "0"),
        ("--beacon", "drand \udcff 12345"),
        ("--second-officer", "12"),
    ],
)
def test_a_nonce_that_is_not_said_clearly_beforehand_is_refused(
    empty: Path, first_quarter: Path, options: tuple[str, ...]
) -> None:
    assert is_one_sentence(quarterly(empty, first_quarter, "2024Q1", "2024-04-02", *options), 2)


# --- epochs ------------------------------------------------------------------------------------------------


def test_after_a_leak_the_next_draw_has_a_new_key_and_the_old_one_still_verifies(
    own_keys: Path, tmp_path: Path
) -> None:
    before = arms(own_keys)
    opened = ok("trial", "rekey", *OWNED, "--json", w=own_keys).json
    assert (opened["epoch"], opened["why"]) == (2, "rekey")
    assert quarterly(own_keys, second_quarter(tmp_path / "q2"), *NEXT).code == 0
    assert {nth: arm for nth, arm in arms(own_keys).items() if nth in before} == before
    assert {row["epoch"] for row in allocations(own_keys)} == {1, 2}
    assert ok("trial", "verify", w=own_keys) and audited(own_keys, tmp_path)[0] == 0
    (keys_folder(own_keys) / "allocation-2.key").unlink()
    assert is_one_sentence(quarterly(own_keys, second_quarter(tmp_path / "q3", 201, 203), "2024Q3", "2024-10-02"), 5)


def test_no_key_is_made_for_an_epoch_that_is_refused(own_keys: Path) -> None:
    ok("trial", "close", *OWNED, w=own_keys)
    assert is_one_sentence(smartstart("trial", "rekey", *OWNED, w=own_keys), 4)
    assert [path.name for path in keys_folder(own_keys).glob("allocation*.key")] == ["allocation.key"]


def test_a_rekey_makes_a_fresh_key_also_when_one_lay_there(own_keys: Path, tmp_path: Path) -> None:
    from smartstart.identity.keys import make_next_allocation_key

    lay_there = make_next_allocation_key(keys_folder(own_keys))[-1]
    opened = ok("trial", "rekey", *OWNED, "--json", w=own_keys).json
    assert opened["key_commitment"] != key_commitment(lay_there)
    assert quarterly(own_keys, second_quarter(tmp_path / "q2"), *NEXT).code == 0
    assert ok("trial", "verify", w=own_keys)


def test_another_key_than_init_showed_a_commitment_to_draws_nobody(empty: Path, first_quarter: Path,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    shutil.copytree(keys_folder(empty), tmp_path / "keys" / keys_folder(empty).name)
    monkeypatch.setenv("SMARTSTART_KEYS", str(tmp_path / "keys"))
    (keys_folder(empty) / "allocation.key").write_text("ab" * 32 + "\n", "ascii")
    assert is_one_sentence(quarterly(empty, first_quarter), 5)
    assert arms(empty) == {}


@pytest.mark.parametrize(
    ("line", "other"),
    [
        (r"block_sizes: \[4, 6, 8\]", "block_sizes: [4, 8]"),
        (r"max_age: 28", "max_age: 27"),
        (r"band_from: 2", "band_from: 3"),
        (r"looks: \[50, 100\]", "looks: [100]"),
    ],
)
def test_a_changed_design_is_refused_with_both_hashes_until_an_epoch_is_opened(
    loaded: Path, tmp_path: Path, line: str, other: str
) -> None:
    set_in_programme(loaded, line, other)
    if "band_from" in line:
        set_in_programme(loaded, r'\["0–1", "2\+", unknown\]', '["0–2", "3+", unknown]')
    done = quarterly(loaded, second_quarter(tmp_path / "q2"), *NEXT)
    assert is_one_sentence(done, 4)
    assert len(set(re.findall("[0-9a-f]{64}", done.err))) == 2
    opened = ok("trial", "redesign", *OWNED, "--json", w=loaded).json
    assert opened["design_hash"] in done.err
    assert quarterly(loaded, tmp_path / "q2", *NEXT).code == 0
    assert ok("trial", "verify", w=loaded) and audited(loaded, tmp_path)[0] == 0
    bodies = [entry["body"] for entry in entries(loaded) if entry["kind"] == "epoch"]
    assert [(body["owner"], body["reason"]) for body in bodies] == [("projectleider", "a made-up reason")]


def test_rewording_a_reason_changes_no_design(loaded: Path, tmp_path: Path) -> None:
    set_in_programme(loaded, "Ongeveer 65 vrouwen per jaar", "Naar schatting 65 vrouwen per jaar")
    assert quarterly(loaded, second_quarter(tmp_path / "q2"), *NEXT).code == 0


def test_an_epoch_before_the_first_draw_is_refused(empty: Path) -> None:
    assert is_one_sentence(smartstart("trial", "close", *OWNED, w=empty), 5)


@pytest.mark.parametrize("text", ["two\nlines", "\udcff", "\x1b[31mred", "x" * 400])
def test_what_stands_in_the_ledger_for_ever_is_one_short_line_of_text(loaded: Path, text: str) -> None:
    assert is_one_sentence(smartstart("trial", "rekey", "--owner", "FG", "--reason", text, w=loaded), 2)
    assert is_one_sentence(smartstart("trial", "erase", "--owner", text, "--reason", "r", "--objected", w=loaded), 2)


def test_an_epoch_without_a_change_or_a_reason_is_refused(loaded: Path) -> None:
    assert is_one_sentence(smartstart("trial", "redesign", *OWNED, w=loaded), 4)
    assert is_one_sentence(smartstart("trial", "rekey", "--owner", " ", "--reason", "a", w=loaded), 2)
    assert is_one_sentence(smartstart("trial", "rekey", "--owner", "FG", "--reason", "client 1234567", w=loaded), 2)


# --- the end: everyone is offered ---------------------------------------------------------------------------


def closed_with_a_later_pregnancy(loaded: Path, folder: Path) -> int:
    """Close the trial, deliver new women and a control woman who is pregnant again; return her number."""
    control = women_of("care_as_usual", loaded)[0]
    ok("trial", "close", *OWNED, w=loaded)
    town = Town()
    for nth in (101, 102, 103, control):
        town.woman(nth, filled=date(2025, 3, 10))
    assert quarterly(loaded, town.write(folder), "2025Q1", "2025-04-02").json["allocated"] == {
        "offer": 3,
        "care_as_usual": 0,
    }
    return control


def test_once_closed_everyone_is_offered_and_a_control_womans_later_pregnancy_too(loaded: Path, tmp_path: Path) -> None:
    before = arms(loaded)
    control = closed_with_a_later_pregnancy(loaded, tmp_path / "q")
    assert {client(nth) for nth in (101, 102, 103, control)} <= all_listed(loaded)
    assert arms(loaded)[bsn(control)] == "care_as_usual"  # analysed as drawn
    assert {nth: arm for nth, arm in arms(loaded).items() if nth in before} == before
    new = [row for row in allocations(loaded) if row["epoch"] == 2]
    assert {(row["marginal"], row["conditional"]) for row in new} == {("1", "1")}
    assert ok("trial", "verify", w=loaded) and audited(loaded, tmp_path)[0] == 0
    assert is_one_sentence(smartstart("trial", "rekey", *OWNED, w=loaded), 4)


def test_a_control_womans_later_pregnancy_is_offered_once_however_often_it_is_delivered(
    loaded: Path, tmp_path: Path
) -> None:
    control = closed_with_a_later_pregnancy(loaded, tmp_path / "q")
    town = Town()
    for nth in (control, 104):  # her practice delivers all its questionnaires once more
        town.woman(nth, filled=date(2025, 3, 10))
    assert weekly(loaded, town.write(tmp_path / "w", WEEKLY), "2025-W15", "2025-04-09").code == 0
    on_lists = [number for numbers in listed(loaded).values() for number in numbers]
    assert client(104) in on_lists and on_lists.count(client(control)) == 1
    assert ok("trial", "verify", w=loaded)


def test_where_the_programme_says_as_drawn_a_control_womans_later_pregnancy_is_not_offered(
    empty: Path, first_quarter: Path, tmp_path: Path
) -> None:
    set_in_programme(empty, "after_closing: offered", "after_closing: as_drawn")
    assert quarterly(empty, first_quarter).code == 0
    control = closed_with_a_later_pregnancy(empty, tmp_path / "q")
    assert client(control) not in all_listed(empty)


# --- capacity, households, methods, the first day -------------------------------------------------------------


def test_a_full_team_draws_fewer_women_the_furthest_on_first_and_the_others_next_month(
    empty: Path, tmp_path: Path
) -> None:
    set_in_programme(empty, "capacity_per_month: none", "capacity_per_month: 3")
    town = Town()
    for nth in range(1, 13):
        town.woman(nth, week=10 + nth, filled=date(2024, 4, 1))
    folder = town.write(tmp_path / "x")
    first = weekly(empty, folder, "2024-W14", "2024-04-07").json
    assert (first["eligible"], sum(first["allocated"].values())) == (12, 6)  # 3 places, one in two is offered
    assert set(arms(empty)) == {bsn(nth) for nth in range(7, 13)}
    again = weekly(empty, Town().write(tmp_path / "y"), "2024-W18", "2024-05-05").json
    assert sum(again["allocated"].values()) == 6 and len(arms(empty)) == 12
    assert ok("trial", "verify", w=empty)


def test_of_women_due_on_one_day_the_same_are_drawn_in_every_copy_of_a_workspace(empty: Path, tmp_path: Path) -> None:
    set_in_programme(empty, "capacity_per_month: none", "capacity_per_month: 2")
    folder = town_of(20).write(tmp_path / "x")
    drawn = []
    for nth in range(3):
        other = shutil.copytree(empty, tmp_path / f"copy{nth}")
        assert quarterly(other, folder).code == 0
        drawn.append(arms(other))
    assert len(drawn[0]) == 4 and drawn[0] == drawn[1] == drawn[2]


def test_whose_turn_it_is_in_a_month_does_not_depend_on_who_was_drawn_before(empty: Path, tmp_path: Path) -> None:
    set_in_programme(empty, "capacity_per_month: none", "capacity_per_month: 3")
    for week, (period, as_of) in enumerate((("2024-W14", "2024-04-07"), ("2024-W15", "2024-04-14")), start=1):
        town = Town()
        for nth in range(10 * week, 10 * week + 4):
            town.woman(nth, filled=date(2024, 4, 1))
        drawn = weekly(empty, town.write(tmp_path / period), period, as_of).json["allocated"]
        assert sum(drawn.values()) == (4 if week == 1 else 2)  # six a month, whatever their arms


def test_half_an_address_makes_no_household(empty: Path, tmp_path: Path) -> None:
    set_in_programme(empty, "unit: woman", "unit: household")
    town = Town()
    for nth in range(1, 13):
        town.woman(nth, huisnummer="")
    assert quarterly(empty, town.write(tmp_path / "q1")).code == 0
    assert len({row["cluster"] for row in allocations(empty)}) == 12


def test_sisters_in_one_home_get_one_arm(empty: Path, tmp_path: Path) -> None:
    set_in_programme(empty, "unit: woman", "unit: household")
    town = Town()
    for nth in range(1, 25):
        town.woman(nth, huisnummer=str(nth // 2))
    assert quarterly(empty, town.write(tmp_path / "q1")).code == 0
    late = second_quarter(tmp_path / "q2", 101, 102, huisnummer="3", postcode="5151ZZ")
    assert quarterly(empty, late, *NEXT).code == 0
    drawn = arms(empty)
    assert all(drawn[bsn(nth)] == drawn[bsn(nth + 1)] for nth in range(2, 24, 2))
    assert drawn[bsn(101)] == drawn[bsn(6)]
    rows = allocations(empty)
    assert sum(row["conditional"] == "1" and row["step"] == '{"cluster": 1}' for row in rows) == 12
    assert len({row["cluster"] for row in rows}) == 13
    assert ok("trial", "verify", w=empty) and audited(empty, tmp_path)[0] == 0


def test_the_minimised_scheme_draws_by_practice_gestation_smoking_and_language(tmp_path: Path) -> None:
    workspace = init(tmp_path / "w", "--programme", "minimisation")
    set_in_programme(workspace, 'code: "[0-9]{4}"', 'code: "0797"')
    assert quarterly(workspace, town_of(30).write(tmp_path / "q")).code == 0
    rows = allocations(workspace)
    assert {row["conditional"] for row in rows} <= {"1/2", "4/5", "1/5"}
    assert all(set(json.loads(row["step"])) == {"imbalances", "share"} for row in rows)
    assert ok("trial", "verify", w=workspace) and audited(workspace, tmp_path)[0] == 0


def test_nobody_is_drawn_before_the_first_day_of_the_trial(empty: Path, first_quarter: Path) -> None:
    set_in_programme(empty, 'start: "2024-01-01"', 'start: "2024-05-01"')
    assert is_one_sentence(quarterly(empty, first_quarter), 4)
