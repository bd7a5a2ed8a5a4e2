"""Two steps to the data desk, so that nobody hands over a whole population; and tables for who sorts and filters."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from harness import QUARTERLY, Town, bsn, is_one_sentence, ok, smartstart, town_of
from openpyxl import load_workbook
from pyzipper import AESZipFile

OWNED = ("--owner", "gemeente", "--reason", "zij belde")
AS_OF = ("--as-of", "2024-04-02")


def asked(workspace: Path, out: Path, *paths: Path) -> tuple[dict[str, object], list[str], list[tuple[str, ...]]]:
    """Return what the command says, the persons on the request, and its columns."""
    said = ok("request", *paths, "--out", out, *AS_OF, "--json", w=workspace).json
    with AESZipFile(said["file"]) as container:
        container.setpassword(Path(said["passphrase_file"]).read_text().strip().encode())
        book = load_workbook(BytesIO(container.read("aanvraag.xlsx")))
    persons = [row[0] for row in book["Personen"].iter_rows(min_row=2, values_only=True)]
    return said, persons, list(book["Kolommen"].iter_rows(min_row=2, values_only=True))


def test_only_who_consented_is_asked_for_and_only_in_the_columns_of_the_contracts(empty: Path, tmp_path: Path) -> None:
    town = town_of(6)
    town.woman(7, consent="")
    town.woman(8, questionnaire=False)
    folder = town.write(tmp_path / "in", ("vragenlijst",))
    said, persons, columns = asked(empty, tmp_path / "a.zip", folder)
    assert persons == sorted(bsn(nth) for nth in range(1, 7))
    assert (said["persons"], said["left_out"]) == (6, {"consent_missing": 1})
    assert {row[0] for row in columns} >= {"personen", "huishoudens", "kinderen", "jeugdhulp"} and not {
        row[0] for row in columns
    } & {"vragenlijst", "uitnodigingslijst"}
    assert not any(number.encode() in (tmp_path / "a.zip").read_bytes() for number in persons)
    assert not any(number in str(said) for number in persons)


def test_who_stopped_or_was_erased_is_not_asked_for_again(loaded: Path, first_quarter: Path, tmp_path: Path) -> None:
    for nth, event in ((1, "intrekking_toestemming"), (2, "bezwaar")):
        assert smartstart("trial", "event", event, "--on", "2024-04-01", *OWNED, w=loaded, typed=bsn(nth)).code == 0
    assert smartstart("trial", "erase", "--objected", "--yes", *OWNED, w=loaded).code == 0
    said, persons, _ = asked(loaded, tmp_path / "a.zip", first_quarter)
    assert persons == sorted(bsn(nth) for nth in range(3, 25))
    assert said["left_out"] == {"erased": 1, "stopped": 1}


def test_what_is_returned_may_hold_nobody_else(empty: Path, tmp_path: Path) -> None:
    questionnaires = town_of(6).write(tmp_path / "in", ("vragenlijst",))
    back = town_of(6).write(tmp_path / "back", [name for name in QUARTERLY if name != "vragenlijst"])
    held = ok("request", questionnaires, "--returned", back, *AS_OF, "--json", w=empty).json
    assert held["refusals"] == [] and held["missing"] == 0 and all(one["not_asked"] == 0 for one in held["files"])
    crowd = town_of(5)
    crowd.woman(30, questionnaire=False)
    back = crowd.write(tmp_path / "crowd", [name for name in QUARTERLY if name != "vragenlijst"])
    done = smartstart("request", questionnaires, "--returned", back, *AS_OF, "--json", w=empty)
    assert done.code == 3 and done.json["missing"] == 1
    of = {one["contract"]: one for one in done.json["files"]}
    assert (of["personen"]["not_asked"], of["personen"]["first_row"]) == (1, 6)
    assert "personen.csv: rows of persons whom nobody asked for: 1, the first is row 6" in done.err
    assert bsn(30) not in done.text


def test_the_two_steps_are_asked_for_apart(empty: Path, first_quarter: Path) -> None:
    done = smartstart("request", first_quarter, "--out", "a.zip", "--returned", ".", w=empty)
    assert is_one_sentence(done, 2)


def test_without_a_path_the_workspaces_own_extracts_are_read(empty: Path) -> None:
    assert is_one_sentence(smartstart("request", *AS_OF, w=empty), 2)
    town_of(3).write(empty / "extracts" / "2024Q1", ("vragenlijst",))
    town = Town()
    town.woman(9)
    town.write(empty / "extracts" / "2024-W14", ("vragenlijst",))
    said = ok("request", *AS_OF, "--json", w=empty).json
    assert said["persons"] == 4 and Path(said["file"]) == empty / "aanvraag.zip"


def test_a_folder_without_questionnaires_and_one_without_consent_are_named(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "leeg").mkdir()
    assert is_one_sentence(smartstart("request", tmp_path / "leeg", "--out", tmp_path / "a.zip", w=empty), 2)
    town = Town()
    town.woman(1, consent="")
    folder = town.write(tmp_path / "in", ("vragenlijst",))
    assert is_one_sentence(smartstart("request", folder, "--out", tmp_path / "a.zip", *AS_OF, w=empty), 3)
    assert not (tmp_path / "a.zip").exists()


# --- tables -----------------------------------------------------------------------------------------------


def faulty(tmp_path: Path) -> Path:
    town = town_of(4)
    town.tables["personen"][1]["geboortedatum"] = "19991399"
    return town.write(tmp_path / "in")


def test_status_quarantine_and_check_fit_eighty_columns(loaded: Path, tmp_path: Path) -> None:
    for command in (("status",), ("quarantine",), ("check", faulty(tmp_path), *AS_OF)):
        lines = ok(*command, w=loaded).out.splitlines()
        assert lines and max(map(len, lines)) <= 80, command


def test_the_workbooks_hold_what_the_json_holds_and_no_value(loaded: Path, tmp_path: Path) -> None:
    found = ok("check", faulty(tmp_path), *AS_OF, "--xlsx", tmp_path / "check.xlsx", "--json", w=loaded).json
    book = load_workbook(tmp_path / "check.xlsx")
    rows = list(book["what to mend"].iter_rows(min_row=2, values_only=True))
    columns = ("file", "row", "column", "rule", "remedy")
    assert rows == [tuple(one[name] for name in columns) for one in found["breaches"]] and rows
    assert "19991399" not in str(rows)
    status = ok("status", "--xlsx", tmp_path / "status.xlsx", "--json", w=loaded).json
    book = load_workbook(tmp_path / "status.xlsx")
    said = [row[0] for row in book["attention"].iter_rows(min_row=2, values_only=True)]
    periods = [row[0] for row in book["periods"].iter_rows(min_row=2, values_only=True)]
    assert said == status["attention"] and periods == [one["period"] for one in status["periods"]]
    assert book.sheetnames[0] == "attention"


def test_there_is_no_colour_where_nobody_looks_at_it(loaded: Path, tmp_path: Path) -> None:
    assert "\x1b" not in ok("check", faulty(tmp_path), *AS_OF, w=loaded).text
