"""Every command end to end, happy and unhappy, to the letter of what is promised of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from harness import (
    FILE_FIELDS,
    PRACTICES,
    QUARTERLY,
    RUN_FIELDS,
    WEEKLY,
    Town,
    arms,
    bsn,
    by,
    change_header,
    copied,
    everything,
    finished,
    in_a_process,
    init,
    is_one_sentence,
    list_rows,
    listed,
    ok,
    quarterly,
    read_csv,
    reconciles,
    smartstart,
    town_of,
    weekly,
    write_csv,
)
from openpyxl import load_workbook
from pypdf import PdfReader

from smartstart.cli.main import IN_ORDER_OF_USE
from smartstart.synthetic.deliveries import Story, write_story
from smartstart.workspace import find_workspace

COMMANDS = (
    ("demo",), ("init",), ("check",), ("run",), ("status",), ("quarantine",), ("doctor",),
    ("lists", "build"), ("lists", "handover"), ("lists", "pack"), ("lists", "return"),
    ("letters", "information"), ("letters", "invitation"), ("letters", "own-page"),
    ("provision", "find"), ("provision", "capacity"),
    ("request",), ("export",), ("dpia-annex",), ("checklist",), ("register-entry",),
    ("trial", "close"), ("trial", "design"), ("trial", "draw"), ("trial", "erase"), ("trial", "event"),
    ("trial", "flow"), ("trial", "redesign"), ("trial", "rehearse"), ("trial", "rekey"), ("trial", "verify"),
)  # fmt: skip
OWNED = ("--owner", "gemeente", "--reason", "a made-up reason")
NEEDS = {
    ("lists", "handover"): ("--out", "overdracht.pdf"),
    ("lists", "return"): ("list.xlsx",),
    ("lists", "pack"): ("--out", "uit"),
    ("letters", "information"): ("--out", "brieven"),
    ("letters", "invitation"): ("--out", "brieven"),
    ("letters", "own-page"): ("--out", "eigen.pdf"),
    ("request",): ("vragenlijst.csv", "--out", "aanvraag.zip"),
    ("export",): ("--out", "set.zip", *OWNED),
    ("checklist",): ("consort",),
    ("trial", "erase"): OWNED,
    ("trial", "event"): ("aanvaard", "--on", "2024-04-05", *OWNED),
    **{("trial", epoch): OWNED for epoch in ("close", "redesign", "rekey")},
}
WITHOUT_WORKSPACE = {"demo", "init", "check", "run", "doctor", "provision"}
FIRST_LINE = "Is de zwangerschap beëindigd? Nodig niet uit; meld het ons."
MANDATE = ("legal_ground", "dpia", "ethics_ruling", "trial_registration")


@pytest.fixture(scope="module")
def demo(demo_played: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The whole story, as a newcomer plays it."""
    folder = tmp_path_factory.mktemp("demo") / "story"
    return copied(demo_played.folder, folder), demo_played.printed


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return write_story(tmp_path_factory.mktemp("story"))


@pytest.fixture
def delivery(first_quarter: Path, tmp_path: Path) -> Path:
    """The first quarter's extracts, to be spoilt."""
    return copied(first_quarter, tmp_path / "delivery")


def nothing_is_loaded(workspace: Path) -> bool:
    state = ok("status", "--json", w=workspace).json
    return state["periods"] == [] and state["batches"] == [] and arms(workspace) == {}


# --- help and usage ---------------------------------------------------------------------------------------


def test_the_version_is_told_without_a_workspace() -> None:
    assert ok("--version").out == f"smartstart {version('smartstart')}\n"


@pytest.mark.parametrize("group", [(), ("lists",), ("trial",)], ids=["smartstart", "lists", "trial"])
def test_the_help_of_a_group_of_commands_has_an_example_too(group: tuple[str, ...]) -> None:
    assert "Example: smartstart" in ok(*group, "--help").out


def test_the_help_lists_all_commands_in_the_order_of_their_use() -> None:
    names = re.findall(r"^  ([a-z-]+) {2,}\S", ok("--help").out.split("Commands:")[1], re.MULTILINE)
    assert tuple(names) == IN_ORDER_OF_USE
    assert names[:7] == ["demo", "init", "check", "run", "status", "quarantine", "lists"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_help_text_has_an_example_and_the_workspace_option(command: tuple[str, ...]) -> None:
    done = ok(*command, "--help")
    assert f"Example: smartstart {' '.join(command)}" in done.out
    assert "--workspace" in done.out
    assert "-w" in done.out


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (("init",), ("--programme", "--rehearsal", "--keys")),
        (("check",), ("--json",)),
        (
            ("run",),
            ("--extracts", "--period", "--as-of", "--delivered", "--corrects", "--reason", "--dry-run", "--json"),
        ),
        (("status",), ("--json",)),
        (("quarantine",), ("--period", "--xlsx", "--json")),
        (("run",), ("--second-officer", "--dice", "--beacon")),
        (("lists", "build"), ("--as-of",)),
        (("trial", "design"), ("--json", "--programme")),
        (("trial", "rehearse"), ("--json", "--programme", "--towns", "--years", "--out")),
        (("trial", "close"), ("--owner", "--reason")),
        (("trial", "event"), ("--on", "--owner", "--reason")),
        (("trial", "rekey"), ("--owner", "--reason")),
        (("trial", "verify"), ("--head", "--json")),
    ],
    ids=" ".join,
)
def test_every_promised_option_is_there(command: tuple[str, ...], options: tuple[str, ...]) -> None:
    text = ok(*command, "--help").out
    assert [option for option in options if option not in text] == []


@pytest.mark.parametrize(
    "words",
    [
        ("statsu",),
        ("run",),
        ("run", "quarterly"),
        ("run", "quartely", "--extracts", "."),
        ("run", "quarterly", "--extracts", ".", "--perod", "2024Q1"),
        ("run", "quarterly", "--extracts", "."),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q5"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024-13"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024-W54"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q1", "--as-of", "02-04-2024"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q1", "--as-of", "2024-02-30"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q1", "--as-of", "2024-04-02", "--corrects"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q1", "--as-of", "2024-04-02", "--reason", "x"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q2", "--as-of", "2024-03-01"),
        ("run", "register", "--extracts", ".", "--period", "2024Q1"),
        ("run", "quarterly", "--extracts", ".", "--period", "2024Q1", "--as-of", "2024-04-02",
         "--delivered", "2024-04-09"),
        ("check",),
        ("check", "does-not-exist"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_does_not_exist_is_a_usage_error_in_one_sentence(made_empty: Path, words: tuple[str, ...]) -> None:
    assert is_one_sentence(smartstart(*words, w=None if words[0] == "statsu" else made_empty), 2)


def test_the_nearest_pipeline_is_named(made_empty: Path) -> None:
    done = smartstart("run", "quartely", "--extracts", ".", "--period", "2024Q1", w=made_empty)
    assert "'quarterly'" in done.err


@pytest.mark.parametrize("command", [c for c in COMMANDS if c[0] not in WITHOUT_WORKSPACE])
def test_a_folder_that_is_no_workspace_is_told_in_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert is_one_sentence(smartstart(*command, *NEEDS.get(command, ()), w=tmp_path), 5)
    assert list(tmp_path.iterdir()) == []


def test_the_installed_script_works_in_a_process_of_its_own(made_empty: Path) -> None:
    script = Path(sys.executable).parent / "smartstart"
    assert script.is_file()
    done = finished(in_a_process("status", "--json", "-w", made_empty))
    assert done.code == 0, done.err
    assert done.json["periods"] == []
    assert is_one_sentence(finished(in_a_process("run", "register", "-w", made_empty)), 2)


# --- init -------------------------------------------------------------------------------------------------


def test_init_makes_all_that_is_promised_for_its_owner_only(tmp_path: Path) -> None:
    keys = tmp_path / "safe"
    done = ok("init", tmp_path / "w", "--programme", "heusden", "--rehearsal", "--keys", keys)
    made = {path.name for path in (tmp_path / "w").iterdir()}
    assert {"programme.yaml", "warehouse.duckdb", "vragenlijst-sjabloon.xlsx", "extracts", "lists", "ledger"} <= made
    purposes = {"warehouse", "vault", "pseudonym", "allocation", "tombstone"}
    assert {path.stem for path in keys.rglob("*.key")} == purposes
    assert str(keys) in done.out
    for path in [*(tmp_path / "w").rglob("*"), *keys.rglob("*.key")]:
        assert path.stat().st_mode & 0o077 == 0, path
    assert not list((tmp_path / "w").rglob("*.key"))


def test_keys_may_not_lie_beside_the_data(tmp_path: Path) -> None:
    assert is_one_sentence(smartstart("init", tmp_path / "w", "--keys", tmp_path / "w" / "keys"), 4)
    assert not (tmp_path / "w").exists()


def test_a_workspace_is_not_made_twice_nor_over_something_else(made_empty: Path, tmp_path: Path) -> None:
    before = everything(made_empty)
    assert is_one_sentence(smartstart("init", made_empty), 5)
    assert everything(made_empty) == before
    (tmp_path / "note.txt").write_text("mine")
    assert is_one_sentence(smartstart("init", tmp_path), 5)


def test_an_unknown_programme_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    done = smartstart("init", tmp_path / "w", "--programme", "heusdn")
    assert is_one_sentence(done, 2)
    assert "'heusden'" in done.err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [("max_age: 28", "max_aeg: 28", "max_aeg"), ("max_age: 28", "max_age: young", "max_age"),
     ("ratio: [1, 1]", "ratio: [1]", "ratio")],
    ids=["unknown key", "wrong type", "half a ratio"],
)  # fmt: skip
def test_a_mistake_in_the_programme_is_refused_by_name(
    empty: Path, first_quarter: Path, old: str, new: str, named: str
) -> None:
    path = empty / "programme.yaml"
    assert old in path.read_text("utf-8")
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    done = quarterly(empty, first_quarter)
    assert done.code in {2, 4}
    assert is_one_sentence(done, done.code)
    assert named in done.err


def test_a_template_that_a_midwife_filled_in_is_accepted(empty: Path, delivery: Path) -> None:
    rows = read_csv(delivery / "vragenlijst.csv")
    (delivery / "vragenlijst.csv").unlink()
    book = load_workbook(empty / "vragenlijst-sjabloon.xlsx")
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    assert "clientnummer" in header
    for nth, row in enumerate(rows, start=2):
        for column, name in enumerate(header, start=1):
            if row.get(name):
                sheet.cell(nth, column, row[name])
    book.save(delivery / "vragenlijst.xlsx")
    done = quarterly(empty, delivery)
    assert done.code == 0, done.err
    assert sum(done.json["allocated"].values()) == 24


# --- check ------------------------------------------------------------------------------------------------


def test_check_finds_nothing_in_clean_files_and_writes_nothing(empty: Path, first_quarter: Path) -> None:
    before = everything(empty), everything(first_quarter)
    done = ok("check", first_quarter, "--as-of", "2024-04-02", "--json", w=empty)
    assert (everything(empty), everything(first_quarter)) == before
    assert {file["contract"] for file in done.json["files"]} == set(QUARTERLY)
    assert all(set(file) == FILE_FIELDS and reconciles(file) for file in done.json["files"])


def test_check_works_without_a_workspace(first_quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Every row keeps its contract" in ok("check", first_quarter, "--as-of", "2024-04-02").out
    assert list(tmp_path.iterdir()) == []


def test_check_exits_0_with_faulty_rows_and_names_them_by_record_number(empty: Path, story: Story) -> None:
    folder = story.folder / "quarters" / "2024Q2"
    done = ok("check", folder, "--as-of", "2024-07-02", "--json", w=empty)
    faults = {(d.file, d.row, d.column) for d in story.defects if d.folder == "quarters/2024Q2" and not d.harmless}
    asked = {f for f in faults if f[2] != "toestemming_datum"}
    assert asked
    assert {(b["file"], b["row"], b["column"]) for b in done.json["breaches"]} == asked


def test_check_exits_3_when_a_file_is_refused(empty: Path, delivery: Path) -> None:
    change_header(delivery / "personen.csv", "geboortedatum", "geboortedatm")
    one = smartstart("check", delivery / "personen.csv", "--json", w=empty)
    assert one.code == 3
    assert "geboortedatum" in one.err
    assert isinstance(json.loads(one.out), dict)
    assert smartstart("check", delivery, w=empty).code == 3


# --- run --------------------------------------------------------------------------------------------------


def test_run_json_prints_one_object_with_exactly_the_promised_fields(empty: Path, first_quarter: Path) -> None:
    report = quarterly(empty, first_quarter).json
    assert set(report) == RUN_FIELDS
    assert all(set(file) == FILE_FIELDS for file in report["files"])
    assert set(report["allocated"]) == {"offer", "care_as_usual"}
    assert report["period"] == "2024Q1"
    assert report["eligible"] == sum(report["allocated"].values()) == 24
    assert re.fullmatch(r"[0-9a-f]{64}", report["ledger_head"])
    assert all(Path(path).is_file() for path in report["lists"])
    assert {Path(path).suffix for path in report["lists"]} == {".xlsx", ".pdf"}


def test_a_run_again_prints_the_same_object_with_nobody_allocated(loaded: Path, first_quarter: Path) -> None:
    report = quarterly(loaded, first_quarter).json
    assert set(report) == RUN_FIELDS
    assert report["allocated"] == {"offer": 0, "care_as_usual": 0}


@pytest.mark.parametrize("pipeline", ["quarterly", "weekly", "register", "follow_up"])
def test_a_dry_run_tells_the_steps_and_touches_nothing(empty: Path, first_quarter: Path, pipeline: str) -> None:
    before = everything(empty)
    words = ("run", pipeline, "--extracts", first_quarter, "--dry-run")
    period = () if pipeline in {"register", "follow_up"} else ("--period", "2024Q1")
    plain, as_json = ok(*words, *period, w=empty), ok(*words, *period, "--json", w=empty)
    assert everything(empty) == before
    assert "sort_rows" in plain.out
    assert all({"step", "reads", "writes", "sensitivity"} <= set(step) for step in as_json.json["steps"])
    assert as_json.json["steps"][0]["step"] == "read_extracts"


def test_the_human_report_names_every_file_and_every_list(empty: Path, first_quarter: Path) -> None:
    done = ok("run", "quarterly", "--extracts", first_quarter, "--period", "2024Q1", "--as-of", "2024-04-02", w=empty)
    assert all(f"{name}.csv" in done.out for name in QUARTERLY)
    assert "Ledger head" in done.out
    assert all(practice in done.out for practice in PRACTICES)


@pytest.mark.parametrize("missing", ["personen", "kinderen", "vragenlijst", "meldingen", "huishoudens", "inkomen"])
def test_a_missing_required_file_refuses_the_delivery(empty: Path, delivery: Path, missing: str) -> None:
    (delivery / f"{missing}.csv").unlink()
    done = quarterly(empty, delivery)
    assert is_one_sentence(done, 3)
    assert missing in done.err


def test_an_optional_file_may_be_absent(empty: Path, delivery: Path) -> None:
    (delivery / "wonen.csv").unlink()
    done = quarterly(empty, delivery)
    assert done.code == 0, done.err
    assert sum(done.json["allocated"].values()) == 24


def test_without_a_score_questionnaire_and_status_are_enough(empty: Path, delivery: Path) -> None:
    path = empty / "programme.yaml"
    text = re.sub(r"(?m)^score:.*\n(?:[ ].*\n)+", "score: none\n", path.read_text("utf-8"))
    text = re.sub(r"(?m)^model:.*\n(?:[ ].*\n)+", "", text)  # without a score there is no ground for one
    text = re.sub(r"(?m)^  strata:.*\n    risk_band.*\n", "  strata: {}\n", text)
    assert "score: none" in text.splitlines() and "  strata: {}" in text.splitlines()
    path.write_text(text, "utf-8")
    for name in ("huishoudens", "inkomen", "wonen"):
        (delivery / f"{name}.csv").unlink()
    done = quarterly(empty, delivery)
    assert done.code == 0, done.err
    assert sum(done.json["allocated"].values()) == 24


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("geboortedatum", "geboortedatm", "'geboortedatum'"),
        ("burgerservicenummer", "burgerservicenumer", "'burgerservicenummer'"),
        ("geslachtsnaam", "onbekend", "'geslachtsnaam'"),
        ("voorvoegsel", "geslachtsnaam", "'geslachtsnaam' stands there twice"),
    ],
    ids=["renamed", "mistyped", "replaced", "doubled"],
)
def test_a_wrong_column_refuses_the_file_with_the_nearest_name(
    empty: Path, delivery: Path, old: str, new: str, named: str
) -> None:
    change_header(delivery / "personen.csv", old, new)
    done = quarterly(empty, delivery)
    assert is_one_sentence(done, 3)
    assert "personen.csv" in done.err
    assert named in done.err
    assert nothing_is_loaded(empty)


@pytest.mark.parametrize("change", ["missing", "extra"])
def test_a_missing_or_extra_column_refuses_the_file(empty: Path, delivery: Path, change: str) -> None:
    path = delivery / "huishoudens.csv"
    rows, columns = read_csv(path), path.read_text("utf-8").splitlines()[0].split(";")
    if change == "missing":
        columns = [name for name in columns if name != "huishoudtype"]
        rows = [{name: row[name] for name in columns} for row in rows]
    else:
        columns.append("nationaliteit")
    write_csv(path, columns, rows)
    done = quarterly(empty, delivery)
    assert is_one_sentence(done, 3)
    assert ("huishoudtype" if change == "missing" else "column 5") in done.err


def test_faults_of_all_files_are_listed_at_once_and_nothing_is_loaded(empty: Path, delivery: Path) -> None:
    change_header(delivery / "personen.csv", "geboortedatum", "geboortedatm")
    change_header(delivery / "inkomen.csv", "peildatum", "datum_van_peiling")
    (delivery / "meldingen.csv").unlink()
    (delivery / "wonen.csv").write_bytes(b"")
    (delivery / "kinderen.csv").rename(delivery / "kinderen.docx")
    done = quarterly(empty, delivery)
    assert done.code == 3
    assert done.out == ""
    for name in ("personen.csv", "inkomen.csv", "meldingen", "wonen.csv", "kinderen.docx"):
        assert name in done.err, name
    assert "Traceback" not in done.err
    assert nothing_is_loaded(empty)


def split_by_practice(folder: Path) -> list[str]:
    """Give each practice a questionnaire file of its own."""
    rows, names = read_csv(folder / "vragenlijst.csv"), []
    (folder / "vragenlijst.csv").unlink()
    for practice, own in sorted(by(rows, "praktijk_agb").items()):
        names.append(f"vragenlijst_{practice}.csv")
        write_csv(folder / names[-1], own[0].keys(), own)
    return names


def test_each_practice_may_deliver_a_questionnaire_file_of_its_own(empty: Path, tmp_path: Path) -> None:
    town = town_of()
    for nth in (1, 2, 3):  # the first row of each practice's file: the same row number in three files
        town.tables["vragenlijst"][nth - 1]["eerste_controle_week"] = f"fout{nth}"
    folder = town.write(tmp_path / "2024Q1")
    names = split_by_practice(folder)
    done = quarterly(empty, folder)
    assert done.code == 0, done.err
    files = {file["file"]: file for file in done.json["files"] if file["contract"] == "vragenlijst"}
    assert sorted(files) == names
    assert all(reconciles(file) and (file["rows_in"], file["quarantined"]) == (8, 1) for file in files.values())
    assert sum(done.json["allocated"].values()) == 21
    rows = ok("quarantine", "--json", w=empty).json
    assert sorted((row["file"], row["row"]) for row in rows) == [(name, 1) for name in names]
    with find_workspace(empty).open() as (_, vault):
        kept = vault._connection.execute("SELECT count(*) FROM quarantined").fetchone()[0]
    assert kept == 3  # none of the three has overwritten another


def test_the_same_file_under_two_names_counts_as_duplicates(empty: Path, delivery: Path) -> None:
    for name in ("personen", "vragenlijst"):
        shutil.copy(delivery / f"{name}.csv", delivery / f"{name}_2.csv")
    done = quarterly(empty, delivery)
    assert done.code == 0, done.err
    assert all(reconciles(file) for file in done.json["files"])
    for name in ("personen", "vragenlijst"):
        own = [file for file in done.json["files"] if file["contract"] == name]
        assert sum(file["accepted"] for file in own) == 24
        assert sum(file["duplicates"] for file in own) == 24
    assert sum(done.json["allocated"].values()) == 24


def test_a_folder_that_is_not_there_refuses_the_delivery(empty: Path, tmp_path: Path) -> None:
    assert is_one_sentence(quarterly(empty, tmp_path / "nowhere"), 3)


def test_a_manifest_that_does_not_match_refuses_the_delivery(empty: Path, delivery: Path) -> None:
    import hashlib

    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}" for p in sorted(delivery.glob("*.csv"))]
    (delivery / "manifest.sha256").write_text("\n".join(lines))
    with (delivery / "meldingen.csv").open("a") as stream:
        stream.write("\n")
    done = quarterly(empty, delivery)
    assert is_one_sentence(done, 3)
    assert "meldingen.csv" in done.err


def test_a_draw_without_mandate_is_refused_and_names_the_empty_fields(tmp_path: Path, first_quarter: Path) -> None:
    workspace = tmp_path / "serious"
    told = ok("init", workspace).err
    assert all(name in told for name in MANDATE)
    done = quarterly(workspace, first_quarter)
    assert is_one_sentence(done, 4)
    assert all(name in done.err for name in MANDATE)
    path = workspace / "programme.yaml"
    path.write_text(path.read_text("utf-8").replace('legal_ground: ""', 'legal_ground: "besluit 12"'), "utf-8")
    done = quarterly(workspace, first_quarter)
    assert is_one_sentence(done, 4)
    assert "legal_ground" not in done.err
    assert "dpia" in done.err
    assert nothing_is_loaded(workspace)
    text = path.read_text("utf-8")
    for name in MANDATE:
        text = text.replace(f'{name}: ""', f'{name}: "NR 1"')
    path.write_text(text, "utf-8")
    assert quarterly(workspace, first_quarter).code == 0
    lists = list((workspace / "lists").glob("*/*.xlsx"))
    assert lists
    assert not any("OEFENING" in str(cell) for path in lists for cell in _cells(path))


def test_a_register_needs_no_mandate(tmp_path: Path) -> None:
    workspace = tmp_path / "serious"
    ok("init", workspace)
    folder = town_of(4).write(tmp_path / "register", ("personen", "kinderen", "vragenlijst"))
    ok("run", "register", "--extracts", folder, "--as-of", "2024-04-02", w=workspace)


@pytest.mark.parametrize(
    "days",
    [("--as-of", "2024-04-08"), ("--as-of", "2024-04-02", "--delivered", "2024-03-25"), ()],
    ids=["run late", "delivered long ago", "today"],
)
def test_stale_status_is_refused(empty: Path, first_quarter: Path, days: tuple[str, ...]) -> None:
    done = smartstart("run", "quarterly", "--extracts", first_quarter, "--period", "2024Q1", *days, w=empty)
    assert is_one_sentence(done, 4)
    assert nothing_is_loaded(empty)


@pytest.mark.parametrize("days", [("--as-of", "2024-04-07"), ("--as-of", "2024-05-20", "--delivered", "2024-05-13")])
def test_status_of_seven_days_old_is_fresh_enough(empty: Path, first_quarter: Path, days: tuple[str, ...]) -> None:
    ok("run", "quarterly", "--extracts", first_quarter, "--period", "2024Q1", *days, w=empty)


@pytest.mark.parametrize("sizes", ["[4]", "[4, 7]", "[8, 4]"], ids=["fixed", "no multiple", "unordered"])
def test_block_sizes_that_the_design_refuses_stop_a_run_before_it_reads_and_the_doctor_says_so(
    empty: Path, tmp_path: Path, sizes: str
) -> None:
    path = empty / "programme.yaml"
    stated = path.read_text("utf-8")
    path.write_text(stated.replace("block_sizes: [4, 6, 8]", f"block_sizes: {sizes}"), "utf-8")
    done = quarterly(empty, tmp_path / "no such folder")
    assert is_one_sentence(done, 4)
    assert "block" in done.err
    doctor = smartstart("doctor", "--json", w=empty)
    assert doctor.code == 1
    assert [found["what"] for found in doctor.json if not found["well"]] == ["programme"]
    path.write_text(stated, "utf-8")
    assert nothing_is_loaded(empty)


def another_town(filled: date, first: int = 101) -> Town:
    town = Town()
    for nth in range(first, first + 8):
        town.woman(nth, filled=filled)
    return town


def test_an_earlier_period_after_a_later_one_is_refused(loaded: Path, tmp_path: Path) -> None:
    folder = another_town(date(2023, 11, 20)).write(tmp_path / "2023Q4")
    assert is_one_sentence(quarterly(loaded, folder, "2023Q4", "2024-01-02"), 5)
    late = quarterly(loaded, folder, "2023Q4", "2024-04-02", "--delivered", "2024-04-01")
    assert is_one_sentence(late, 5)


def test_other_bytes_for_a_loaded_period_need_a_correction_with_its_reason(loaded: Path, tmp_path: Path) -> None:
    folder = another_town(date(2024, 3, 4)).write(tmp_path / "other")
    refused = quarterly(loaded, folder)
    assert is_one_sentence(refused, 5)
    assert "--corrects" in refused.err
    assert len(arms(loaded)) == 24
    done = quarterly(loaded, folder, "2024Q1", "2024-04-02", "--corrects", "--reason", "wrong folder")
    assert done.code == 0, done.err
    assert len(arms(loaded)) == 32


def test_nothing_can_be_corrected_that_was_not_loaded(empty: Path, first_quarter: Path) -> None:
    done = quarterly(empty, first_quarter, "2024Q1", "2024-04-02", "--corrects", "--reason", "wrong folder")
    assert is_one_sentence(done, 5)


def test_a_week_after_a_quarter_draws_its_own_women_on_the_extracts_that_are_there(
    loaded: Path, tmp_path: Path
) -> None:
    week = another_town(date(2024, 4, 4))
    done = weekly(loaded, week.write(tmp_path / "W14", WEEKLY), "2024-W14", "2024-04-08")
    assert done.code == 0, done.err
    assert sum(done.json["allocated"].values()) == 8
    assert {batch for batch, _ in listed(loaded)} == {"2024Q1", "2024-W14"}
    month = another_town(date(2024, 4, 18), first=111)
    done = weekly(loaded, month.write(tmp_path / "04", WEEKLY), "2024-04", "2024-05-02")
    assert sum(done.json["allocated"].values()) == 8


def test_a_later_register_supersedes_an_earlier_one(empty: Path, tmp_path: Path) -> None:
    files = ("personen", "kinderen", "vragenlijst")
    town = town_of(6)
    for as_of in ("2024-04-02", "2024-05-02"):
        folder = town.write(tmp_path / as_of, files)
        ok("run", "register", "--extracts", folder, "--as-of", as_of, w=empty)
        town.woman(7)
    first, second = ok("status", "--json", w=empty).json["periods"]
    assert all(file["superseded"] == file["rows_in"] for file in first["files"])
    assert all(file["accepted"] == file["rows_in"] for file in second["files"])
    earlier = smartstart("run", "register", "--extracts", tmp_path / "2024-04-02", "--as-of", "2024-04-20", w=empty)
    assert is_one_sentence(earlier, 5)


def test_a_whole_population_is_refused_but_for_the_women_asked_about(empty: Path, tmp_path: Path) -> None:
    town = town_of(8)
    for nth in range(301, 321):
        town.woman(nth, questionnaire=False)
    done = quarterly(empty, town.write(tmp_path / "2024Q1"))
    files = {file["contract"]: file for file in done.json["files"]}
    for name in ("personen", "huishoudens", "inkomen", "wonen"):
        assert (files[name]["accepted"], files[name]["refused"]) == (8, 20), name


@pytest.mark.parametrize("consent", ["", "12-03-2024"], ids=["none", "given later"])
def test_a_questionnaire_without_valid_consent_is_refused_and_named_by_row(
    empty: Path, tmp_path: Path, consent: str
) -> None:
    town = town_of(6)
    town.woman(7, practice=PRACTICES[2], consent=consent)
    done = quarterly(empty, town.write(tmp_path / "2024Q1"))
    files = {file["contract"]: file for file in done.json["files"]}
    assert (files["vragenlijst"]["refused"], files["personen"]["refused"]) == (1, 1)
    assert f"practice {PRACTICES[2]}" in done.err
    assert "(7)" in done.err
    assert bsn(7) not in arms(empty)
    shown = ok("quarantine", w=empty).out
    assert PRACTICES[2] in shown


# --- status, quarantine, lists, doctor --------------------------------------------------------------------


def test_status_json_has_per_period_what_run_printed(loaded: Path, first_quarter: Path) -> None:
    state = ok("status", "--json", w=loaded).json
    assert {"periods", "batches", "lists", "ledger_head"} <= set(state)
    report = quarterly(loaded, first_quarter).json
    (period,) = state["periods"]
    assert set(period) >= RUN_FIELDS
    assert {name: period[name] for name in RUN_FIELDS - {"allocated"}} == {
        name: report[name] for name in RUN_FIELDS - {"allocated"}
    }
    assert sum(period["allocated"].values()) == 24
    assert set(state["lists"]) == set(report["lists"])
    assert state["ledger_head"] == report["ledger_head"]


def test_status_for_people_says_what_needs_attention(empty: Path, demo: tuple[Path, str]) -> None:
    assert "Nothing needs attention" in ok("status", w=empty).out
    shown = ok("status", w=demo[0] / "workspace").out
    assert "OEFENING" in shown
    assert "in quarantine" in shown


@pytest.fixture
def spoilt(demo: tuple[Path, str]) -> Path:
    return demo[0] / "workspace"


def test_quarantine_json_lists_exactly_the_planted_faults(spoilt: Path, story: Story) -> None:
    rows = ok("quarantine", "--period", "2024Q2", "--json", w=spoilt).json
    assert all(set(row) == {"period", "file", "row", "column", "rule", "remedy"} for row in rows)
    assert {row["period"] for row in rows} == {"2024Q2"}
    planted = {
        (d.file, d.row, d.column)
        for d in story.defects
        if d.folder == "quarters/2024Q2" and not d.harmless and d.defect != "toestemming_ontbreekt"
    }
    assert {(row["file"], row["row"], row["column"]) for row in rows} == planted
    assert all(row["remedy"].endswith(".") for row in rows)
    assert [row for row in ok("quarantine", "--json", w=spoilt).json if row in rows] == rows


def test_the_quarantine_is_by_source_on_paper_and_on_the_screen(spoilt: Path, tmp_path: Path) -> None:
    shown = ok("quarantine", "--xlsx", tmp_path / "q.xlsx", w=spoilt).out
    sources = re.findall(r"Back to: (.+)", shown)
    assert len(sources) >= 2
    book = load_workbook(tmp_path / "q.xlsx")
    assert [sheet.title for sheet in book.worksheets] == [*(source[:31] for source in sources), "Niet bewaard"]
    assert (tmp_path / "q.xlsx").stat().st_mode & 0o077 == 0
    rows = ok("quarantine", "--json", w=spoilt).json
    on_sheets = [
        (cells[1], int(cells[2]), cells[3])
        for sheet in book.worksheets[:-1]
        for cells in sheet.iter_rows(values_only=True)
        if any(str(cell).endswith(".csv") for cell in cells)
    ]
    assert sorted(on_sheets) == sorted((row["file"], row["row"], row["column"]) for row in rows)


def test_the_quarantine_of_an_unknown_period_is_refused(spoilt: Path) -> None:
    assert is_one_sentence(smartstart("quarantine", "--period", "2023Q1", w=spoilt), 5)


def test_all_faults_of_a_row_are_reported_at_once(empty: Path, tmp_path: Path) -> None:
    town = town_of(6)
    town.tables["vragenlijst"][3] |= {"praktijk_agb": "12", "aterme_datum": "31-02-2024", "roken": "soms"}
    done = quarterly(empty, town.write(tmp_path / "2024Q1"))
    assert done.code == 0, done.err
    rows = ok("quarantine", "--json", w=empty).json
    assert {(row["row"], row["column"]) for row in rows} == {
        (4, "praktijk_agb"), (4, "aterme_datum"), (4, "roken"),
    }  # fmt: skip
    assert sum(done.json["allocated"].values()) == 5


def test_a_fault_does_not_cost_its_neighbours(empty: Path, tmp_path: Path) -> None:
    folder = town_of(9).write(tmp_path / "2024Q1")
    lines = (folder / "personen.csv").read_text("utf-8").splitlines()
    lines[3] = lines[3].replace(";Testdreef", ';"Testdreef')
    (folder / "personen.csv").write_text("\n".join(lines), "utf-8")
    done = quarterly(empty, folder)
    files = {file["contract"]: file for file in done.json["files"]}
    assert (files["personen"]["accepted"], files["personen"]["quarantined"]) == (8, 1)
    assert sum(done.json["allocated"].values()) == 8
    found = {(q["file"], q["row"], q["rule"]) for q in ok("quarantine", "--json", w=empty).json}
    assert ("personen.csv", 3, "unclosed_quote") in found
    assert {row for _, row, _ in found} == {3}  # hers only


def _cells(path: Path) -> list[str]:
    return [str(cell) for row in load_workbook(path).worksheets[0].iter_rows(values_only=True) for cell in row if cell]


def test_a_list_says_what_is_promised_in_dutch(loaded: Path) -> None:
    path = sorted((loaded / "lists").glob("*/*.xlsx"))[0]
    cells = _cells(path)
    assert FIRST_LINE in cells[:2]
    assert any("OEFENING" in cell for cell in cells)
    assert any("Drunen" in cell or "Testdreef" in cell or "5151" in cell for cell in cells) is False
    for row in list_rows(path):
        assert re.fullmatch(r"C\d{6}", row[0])
        assert re.fullmatch(r"Vrouwe\d+ van Proefstra\d+", row[1])
        assert row[2] == "16"  # week 13 on 11 March, the list is of 2 April
        assert row[3] == "zo snel mogelijk"
        assert row[4] == "9 april 2024"  # as-of + 5 working days; 1 April is Easter Monday, before it
    reader = PdfReader(path.with_suffix(".pdf"))
    text = reader.pages[0].extract_text()
    assert text.strip().startswith(FIRST_LINE) or FIRST_LINE in text[:200]
    assert "OEFENING" in text
    width, height = (round(float(side)) for side in reader.pages[0].mediabox[2:])
    assert (width, height) == (595, 842)  # A4


def test_a_first_talk_that_is_still_ahead_is_in_week_13_to_15(empty: Path, tmp_path: Path) -> None:
    town = Town()
    for nth in range(1, 9):
        town.woman(nth, filled=date(2024, 3, 25), week=10)
    assert quarterly(empty, town.write(tmp_path / "2024Q1")).code == 0
    (path,) = (empty / "lists").glob("*/*.xlsx")
    assert {row[2:5] for row in list_rows(path)} == {("11", "week 13–15", "16 april 2024")}  # as-of + 10 working days


def test_lists_build_on_a_fresh_workspace_builds_nothing(empty: Path) -> None:
    assert is_one_sentence(smartstart("lists", "build", w=empty), 4)
    assert not list((empty / "lists").rglob("*.*"))


def test_trial_verify_on_a_fresh_workspace_is_well(empty: Path) -> None:
    assert ok("trial", "verify", "--json", w=empty).json["ok"]


def test_doctor_finds_nothing_wrong_with_a_sound_workspace(loaded: Path) -> None:
    findings = ok("doctor", "--json", w=loaded).json
    assert all(finding["well"] for finding in findings)


@pytest.mark.parametrize(("room", "said"), [(10**6, "0 GiB free (at least 1 is needed)"), (None, "set TMPDIR")])
def test_doctor_finds_a_folder_for_temporary_files_without_room(
    loaded: Path, monkeypatch: pytest.MonkeyPatch, room: int | None, said: str
) -> None:
    def usage(folder: Path) -> Any:
        if folder != Path("/elsewhere"):
            return real(folder)
        if room is None:
            raise FileNotFoundError
        return real(loaded)._replace(free=room)

    real = shutil.disk_usage
    monkeypatch.setattr("shutil.disk_usage", usage)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/elsewhere")
    done = smartstart("doctor", "--json", w=loaded)
    assert done.code == 1
    (found,) = [found for found in done.json if not found["well"]]
    assert found["what"] == "disk of temporary files"
    assert said in found["found"]


def test_doctor_finds_a_key_that_others_can_read(tmp_path: Path, first_quarter: Path) -> None:
    if os.name == "nt":
        pytest.skip("Windows has no such file modes")
    keys = tmp_path / "safe"
    ok("init", tmp_path / "w", "--rehearsal", "--keys", keys)
    # SMARTSTART_KEYS goes before what init was given, but has no keys of this workspace
    (key,) = keys.rglob("vault.key")
    key.chmod(0o644)
    done = smartstart("doctor", w=tmp_path / "w")
    assert done.code == 1
    assert "vault" in done.out
    assert "chmod" in done.out
    assert is_one_sentence(quarterly(tmp_path / "w", first_quarter), 5)
    key.chmod(0o600)
    assert ok("doctor", w=tmp_path / "w")


def test_doctor_finds_a_missing_key_and_a_missing_workspace(tmp_path: Path) -> None:
    keys = tmp_path / "safe"
    ok("init", tmp_path / "w", "--rehearsal", "--keys", keys)
    next(keys.rglob("allocation.key")).unlink()
    done = smartstart("doctor", w=tmp_path / "w")
    assert done.code == 1
    assert "allocation" in done.out
    assert smartstart("doctor", w=tmp_path).code == 1


def test_every_file_that_a_run_leaves_is_for_its_owner_only(loaded: Path) -> None:
    for path in loaded.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.relative_to(loaded)


# --- demo -------------------------------------------------------------------------------------------------


def test_the_demo_ends_by_telling_where_lists_quarantine_and_database_are(demo: tuple[Path, str]) -> None:
    folder, printed = demo
    for name in ("lists", "quarantine.xlsx", "warehouse.duckdb"):
        found = next(Path(part) for part in printed.split() if part.endswith(name))
        assert found.exists()
    assert ok("trial", "verify", "--json", w=folder / "workspace").json["ok"]


def test_in_the_demo_every_special_woman_meets_the_rule_that_is_hers(demo: tuple[Path, str], story: Story) -> None:
    names = by(
        [
            {"client": number, "batch": batch}
            for (batch, _), clients in listed(demo[0] / "workspace").items()
            for number in clients
        ],
        "client",
    )
    never = {"objected", "withdrew_consent", "moved_away", "died", "pregnancy_ended", "lives_elsewhere", "over_28"}
    for what in never:
        assert not names.keys() & set(story.woman(what).client_numbers), what
    for woman in story.women:
        assert sum(len(names.get(number, ())) for number in woman.client_numbers) <= 1, woman.what


def test_the_demo_does_not_overwrite_a_folder_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    assert is_one_sentence(smartstart("demo", tmp_path), 5)


def test_the_workspace_is_the_current_folder_unless_said_otherwise(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(loaded)
    assert ok("status", "--json").json["periods"]


def test_init_helper_makes_a_rehearsal(tmp_path: Path) -> None:
    assert json.loads((init(tmp_path / "w") / "workspace.json").read_text("utf-8"))["rehearsal"] is True
