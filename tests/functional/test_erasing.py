"""Erasing: nothing leads to her any more, she does not come back, and the draw still verifies."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import (
    PRACTICES,
    Done,
    Town,
    all_listed,
    arms,
    bsn,
    client,
    counts_of,
    finished,
    in_a_process,
    is_one_sentence,
    ok,
    quarterly,
    reconciles,
    smartstart,
    town_of,
    women_of,
)

from smartstart.erasing import KEPT
from smartstart.identity.keys import key_file, make_key, read_key
from smartstart.identity.pseudonyms import pseudonym
from smartstart.workspace import find_workspace

WHY = ("--owner", "FG", "--reason", "AVG art. 17")


def erase(workspace: Path, typed: str, *more: str, monkeypatch: pytest.MonkeyPatch) -> Done:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return smartstart("trial", "erase", *WHY, *more, w=workspace)


def erased(workspace: Path, typed: str, monkeypatch: pytest.MonkeyPatch) -> Done:
    done = erase(workspace, f"{typed}\n", "--yes", monkeypatch=monkeypatch)
    assert done.code == 0, done.err
    return done


def research_id(workspace: Path, nth: int) -> str | None:
    with find_workspace(workspace).open() as (_, vault):
        return vault.known_ids([bsn(nth)]).get(bsn(nth))


def tables_with(workspace: Path, who: str) -> set[str]:
    """Every table of the warehouse in which this text stands, whatever its column is called."""
    found = set()
    with find_workspace(workspace).open() as (warehouse, _):
        for row in warehouse.rows(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns()"
            " WHERE database_name = current_database() AND data_type LIKE 'VARCHAR%' AND NOT internal"
        ):
            table = f'"{row["schema_name"]}"."{row["table_name"]}"'
            if warehouse.rows(
                f'SELECT 1 AS one FROM {table} WHERE contains("{row["column_name"]}", $who)', {"who": who}
            ):
                found.add(row["table_name"])
    return found


def vault_bytes(workspace: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(workspace.glob("vault.sqlite*")))


def an_offer(workspace: Path) -> int:
    return women_of("offer", workspace)[0]


def test_nothing_leads_to_an_erased_woman_and_the_draw_still_verifies(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nth, keys = an_offer(loaded), find_workspace(loaded).keys_folder
    who, name = research_id(loaded, nth), pseudonym(read_key(keys, "pseudonym"), bsn(nth))
    assert who and who.encode() in vault_bytes(loaded) and name.encode() in vault_bytes(loaded)
    assert tables_with(loaded, who) > KEPT - {"erasure"}
    done = erased(loaded, bsn(nth), monkeypatch)
    assert done.out.startswith("Erased: 1 woman, 0 children.\n") and "no old page is left" in done.out
    assert bsn(nth) not in done.text
    assert who.encode() not in vault_bytes(loaded) and name.encode() not in vault_bytes(loaded)
    assert tables_with(loaded, who) == KEPT
    assert client(nth) not in all_listed(loaded)
    assert len(arms(loaded)) == 23
    assert ok("trial", "verify", "--json", w=loaded).json["ok"]


def test_who_was_erased_is_not_taken_in_or_drawn_again(loaded: Path, tmp_path: Path, monkeypatch: Any) -> None:
    nth = an_offer(loaded)
    erased(loaded, bsn(nth), monkeypatch)
    town = Town()
    town.woman(nth, practice=PRACTICES[1], filled=date(2024, 6, 1))
    town.child(nth, 300, "20240601")
    town.event(nth, "bezwaar", "20240601")
    town.woman(200, filled=date(2024, 6, 1))
    done = quarterly(loaded, town.write(tmp_path / "2024Q2"), "2024Q2", "2024-07-02")
    counts = counts_of(done.json)
    assert {name: counts[name]["refused"] for name in ("personen", "vragenlijst", "kinderen", "meldingen")} == {
        "personen": 1, "vragenlijst": 1, "kinderen": 1, "meldingen": 1,
    }  # fmt: skip
    assert all(reconciles(file) for file in done.json["files"])
    assert sum(done.json["allocated"].values()) == 1
    assert research_id(loaded, nth) is None and research_id(loaded, 300) is None
    assert "erased for good" in done.err and bsn(nth) not in done.text
    assert ok("trial", "verify", "--json", w=loaded).json["ok"]
    ok("quarantine", "--xlsx", tmp_path / "terug.xlsx", w=loaded)


def test_her_children_go_with_her_but_a_daughter_with_her_own_questionnaire_stays(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = town_of(6)
    town.woman(100, questionnaire=False, geboortedatum="20200101")
    town.child(1, 100, "20200101")
    town.child(1, 2, "19990310")
    assert quarterly(empty, town.write(tmp_path / "2024Q1")).code == 0
    child = research_id(empty, 100)
    assert child
    assert erased(empty, f"{PRACTICES[1]} {client(1)}", monkeypatch).out.startswith("Erased: 1 woman, 1 child.\n")
    assert research_id(empty, 1) is None and research_id(empty, 100) is None and research_id(empty, 2)
    assert tables_with(empty, child) == {"erasure"}
    assert bsn(2) in arms(empty)


def test_all_who_objected_are_erased_and_nobody_else(loaded: Path, tmp_path: Path) -> None:
    town = town_of()
    for nth, kind in ((3, "bezwaar"), (4, "intrekking_toestemming"), (5, "bezwaar"), (6, "bezwaar")):
        town.event(nth, kind, "20240401")
    town.event(6, "vergissing", "20240402")
    assert quarterly(
        loaded, town.write(tmp_path / "again"), "2024Q1", "2024-04-03", "--corrects", "--reason", "meldingen",
        "--delivered", "2024-04-02",
    ).code == 0  # fmt: skip
    assert "2 women" in ok("trial", "erase", *WHY, "--objected", "--yes", w=loaded).out
    assert [nth for nth in range(1, 25) if research_id(loaded, nth) is None] == [3, 5]
    assert "1 woman," in ok("trial", "erase", *WHY, "--withdrawn", "--yes", w=loaded).out
    assert "0 women" in ok("trial", "erase", *WHY, "--objected", "--withdrawn", "--yes", w=loaded).out
    assert [nth for nth in range(1, 25) if research_id(loaded, nth) is None] == [3, 4, 5]


def test_a_row_in_quarantine_that_names_her_is_destroyed(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = town_of(6)
    for row in town.tables["inkomen"][:2]:
        row["soort_uitkering"] = "geen_code"
    assert quarterly(empty, town.write(tmp_path / "2024Q1")).code == 0
    kept = "SELECT count(*) FROM quarantined"
    with find_workspace(empty).open() as (_, vault):
        assert vault._connection.execute(kept).fetchone() == (2,)
    erased(empty, bsn(1), monkeypatch)
    with find_workspace(empty).open() as (_, vault):
        assert vault._connection.execute(kept).fetchone() == (1,)


@pytest.mark.parametrize("place", ["smartstart.pipeline.write_again", "smartstart.identity.vault.Vault.erase"])
def test_killed_in_between_she_is_refused_at_once_and_the_same_command_finishes(
    loaded: Path, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nth = an_offer(loaded)
    module, _, name = place.rpartition(".")
    owner = f"__import__('pydoc').locate('{module}')"
    killed = f"import os\nsetattr({owner}, '{name}', lambda *_: os._exit(9))"
    process = in_a_process("trial", "erase", *WHY, "--yes", "-w", loaded, before=killed)
    assert process.stdin
    process.stdin.write(f"{bsn(nth)}\n")
    assert finished(process).code == 9
    who = research_id(loaded, nth)
    assert who and tables_with(loaded, who) == KEPT
    town = Town()
    town.woman(nth, filled=date(2024, 6, 1))
    done = quarterly(loaded, town.write(tmp_path / "2024Q2"), "2024Q2", "2024-07-02")
    assert counts_of(done.json)["vragenlijst"]["refused"] == 1
    erased(loaded, bsn(nth), monkeypatch)
    assert research_id(loaded, nth) is None and tables_with(loaded, who) == KEPT
    assert client(nth) not in all_listed(loaded)
    assert erased(loaded, bsn(nth), monkeypatch).out.startswith("Erased: 0 women")


def test_an_older_vault_that_is_put_back_does_not_bring_her_back(loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nth, vault = an_offer(loaded), loaded / "vault.sqlite"
    before = vault.read_bytes()
    erased(loaded, bsn(nth), monkeypatch)
    vault.write_bytes(before)
    assert research_id(loaded, nth)
    ok("trial", "erase", *WHY, "--objected", "--yes", w=loaded)
    assert research_id(loaded, nth) is None


def test_a_workspace_without_the_key_of_tombstones_gets_it_at_the_first_erasure(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = find_workspace(loaded).keys_folder
    path, number = key_file(keys, "tombstone"), loaded.parent / "nummer.txt"
    kept = path.read_bytes()
    number.write_text(bsn(2), "utf-8")
    path.unlink()
    try:
        ok("privacy", "show", "--client", number, w=loaded)
        assert "copy the folder of keys" in erased(loaded, bsn(1), monkeypatch).err
        made = path.read_bytes()
        path.unlink()
        assert is_one_sentence(smartstart("privacy", "show", "--client", number, w=loaded), 5)
        make_key(keys, "tombstone")
        assert is_one_sentence(smartstart("privacy", "show", "--client", number, w=loaded), 5)
        path.write_bytes(made)
        ok("privacy", "show", "--client", number, w=loaded)
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(kept)
        path.chmod(0o600)


def test_without_a_yes_nobody_is_erased(loaded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = erase(loaded, f"{bsn(1)}\nn\n", monkeypatch=monkeypatch)
    assert done.code == 1 and research_id(loaded, 1)
    assert erase(loaded, f"{bsn(1)}\ny\n", monkeypatch=monkeypatch).code == 0
    assert research_id(loaded, 1) is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", WHY), ("12", WHY), ("123456789", WHY), (bsn(399), WHY), (f"{PRACTICES[0]} C999999", WHY),
        (bsn(1), ("--owner", " ", "--reason", "x")), (bsn(1), ("--owner", "FG", "--reason", f"bezwaar {bsn(1)}")),
    ],
)  # fmt: skip
def test_what_is_typed_wrong_is_refused_without_repeating_it(
    loaded: Path, typed: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    done = smartstart("trial", "erase", *words, "--yes", w=loaded)
    assert is_one_sentence(done, 2)
    assert not typed or typed not in done.text
    assert len(arms(loaded)) == 24
