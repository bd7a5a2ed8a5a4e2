"""A woman's rights, how long things are kept, who looked, and backups: each told without naming anybody."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from harness import Town, bsn, copied, is_one_sentence, ok, quarterly, smartstart, town_of
from pyzipper import AESZipFile

from smartstart import access
from smartstart.identity.keys import key_file, read_key
from smartstart.warehouse import warehouse as warehouse_module
from smartstart.warehouse.warehouse import rebuild
from smartstart.workspace import find_workspace

OWNED = ("--owner", "FG", "--reason", "made up")
TODAY = date.today()  # noqa: DTZ011 - the commands ask it too


def drawn_woman(workspace: Path) -> int:
    with find_workspace(workspace).open() as (warehouse, vault):
        known = vault.known_ids(bsn(nth) for nth in range(1, 25))
        drawn = {row["research_id"] for row in warehouse.rows("FROM allocation")}
    return next(nth for nth in range(1, 25) if known.get(bsn(nth)) in drawn)


def numbered(folder: Path, nth: int) -> Path:
    path = folder / "nummer.txt"
    path.write_text(f"{bsn(nth)}\n", "utf-8")
    return path


def hers(nth: int) -> tuple[str, ...]:
    """What names her: on no screen, in no log."""
    return bsn(nth), f"Proefstra{nth}", f"C{nth:06}", "Testdreef"


# --- what she may ask -------------------------------------------------------------------------------------


def test_what_is_kept_of_her_is_counted_by_table_and_never_shown(loaded: Path, tmp_path: Path) -> None:
    nth = drawn_woman(loaded)
    typed = smartstart("privacy", "show", "--json", w=loaded, typed=bsn(nth))
    from_file = ok("privacy", "show", "--client", numbered(tmp_path, nth), "--json", w=loaded)
    assert typed.code == 0 and typed.json == from_file.json
    tables = {part["table"]: part["rows"] for part in typed.json["parts"]}
    assert tables["intake.questionnaire"] == 1 and tables["intake.person"] == 1 and tables["main.allocation"] == 1
    assert typed.json["drawn"] and not typed.json["objected"] and "person" in typed.json["contact"]
    shown = ok("privacy", "show", "--client", numbered(tmp_path, nth), w=loaded).text
    assert not any(word in shown for word in hers(nth)) and "what the draw gave her" in shown


def test_every_table_that_names_a_person_has_words_for_her(loaded: Path) -> None:
    from smartstart.erasing import columns_of_persons
    from smartstart.privacy import WORDS

    with find_workspace(loaded).open_warehouse() as warehouse:
        named = {table for schema, table, _ in columns_of_persons(warehouse) if schema == "main"}
    assert named <= set(WORDS) and set(WORDS) - named == set()


def test_the_export_is_all_that_the_database_has_of_her_and_nothing_of_another(loaded: Path, tmp_path: Path) -> None:
    nth = drawn_woman(loaded)
    out = tmp_path / "inzage.zip"
    made = ok("privacy", "export", "--client", numbered(tmp_path, nth), "--out", out, "--json", w=loaded).json
    with AESZipFile(out) as container:
        container.setpassword(Path(made["passphrase_file"]).read_text().strip().encode())
        told = json.loads(container.read("gegevens.json"))
        assert "artikel 15" in container.read("lees-mij.txt").decode()
    counted = ok("privacy", "show", "--client", numbered(tmp_path, nth), "--json", w=loaded).json
    assert {one["table"]: len(one["rows"]) for one in told["tables"]} == {
        part["table"]: part["rows"] for part in counted["parts"]
    }
    text = json.dumps(told)
    assert (
        f"Proefstra{nth}" in text
        and f"C{nth:06}" in text
        and made["rows"] == sum(len(t["rows"]) for t in told["tables"])
    )
    assert not any(f'Proefstra{other}"' in text or bsn(other) in text for other in range(1, 25) if other != nth)
    assert not any(word.encode() in out.read_bytes() for word in hers(nth))


def test_what_is_kept_of_her_children_is_hers_to_see(empty: Path, tmp_path: Path) -> None:
    town = town_of(4)
    town.child(1, 100, "20230105")
    town.child(2, 101, "20230105")
    assert quarterly(empty, town.write(tmp_path / "in")).code == 0
    with find_workspace(empty).open() as (_warehouse, vault):
        own, other = (vault.known_ids([bsn(nth)])[bsn(nth)] for nth in (100, 101))
    out = tmp_path / "inzage.zip"
    made = ok("privacy", "export", "--client", numbered(tmp_path, 1), "--out", out, "--json", w=empty).json
    with AESZipFile(out) as container:
        container.setpassword(Path(made["passphrase_file"]).read_text().strip().encode())
        told = container.read("gegevens.json").decode()
    assert own in told and other not in told


def test_an_objection_counts_at_once_and_erasing_is_another_question(loaded: Path, tmp_path: Path) -> None:
    nth, file = drawn_woman(loaded), numbered(tmp_path, drawn_woman(loaded))
    done = ok("privacy", "object", "--client", file, *OWNED, w=loaded)
    assert "privacy erase" in done.err and not any(word in done.text for word in hers(nth))
    assert ok("privacy", "show", "--client", file, "--json", w=loaded).json["objected"]
    excluded = ok("trial", "flow", "--json", w=loaded).json["arms"]
    assert sum(one["women"] for arm in excluded for one in arm["excluded"] if one["reason"] == "objected") == 1


def test_who_was_erased_is_in_no_byte_and_the_record_names_nobody(loaded: Path, tmp_path: Path) -> None:
    nth = drawn_woman(loaded)
    with find_workspace(loaded).open() as (warehouse, vault):
        (research_id,) = vault.known_ids([bsn(nth)]).values()
        rows = warehouse.rows("SELECT count(*) AS n FROM intake.questionnaire")[0]["n"]
    done = ok("privacy", "erase", "--client", numbered(tmp_path, nth), "--yes", *OWNED, w=loaded)
    assert "no old page is left" in done.out and not any(word in done.text for word in hers(nth))
    with find_workspace(loaded).open() as (warehouse, vault):
        assert vault.known_ids([bsn(nth)]) == {} and vault.contacts(research_id) == {}
        assert warehouse.rows("SELECT count(*) AS n FROM intake.questionnaire")[0]["n"] == rows - 1
    assert is_one_sentence(smartstart("privacy", "show", "--client", numbered(tmp_path, nth), w=loaded), 2)


@pytest.mark.parametrize("content", ["", "123456782\n111222333\n", "geen nummer\n"])
def test_a_file_that_holds_no_one_number_is_said_without_it(loaded: Path, tmp_path: Path, content: str) -> None:
    path = tmp_path / "nummer.txt"
    path.write_text(content, "utf-8")
    done = smartstart("privacy", "show", "--client", path, w=loaded)
    assert is_one_sentence(done, 2) and not any(word in done.err for word in content.split())


def test_a_number_on_the_command_line_is_not_said_again(loaded: Path) -> None:
    done = smartstart("privacy", "show", "--client", bsn(1), w=loaded)
    assert is_one_sentence(done, 2) and bsn(1) not in done.err


# --- the bytes --------------------------------------------------------------------------------------------


def test_a_rebuilt_warehouse_holds_the_same_and_no_page_of_the_old_file(loaded: Path) -> None:
    found = find_workspace(loaded)

    def shape() -> list[Any]:
        with found.open_warehouse() as warehouse:
            own = "WHERE database_name = 'warehouse'"
            return [
                warehouse.rows(f"SELECT schema_name, table_name, column_name, data_type, comment, is_nullable"
                               f" FROM duckdb_columns() {own} ORDER BY ALL"),
                warehouse.rows(f"SELECT table_name, constraint_text FROM duckdb_constraints() {own} ORDER BY ALL"),
                warehouse.rows("FROM ledger ORDER BY seq"), warehouse.rows("FROM decision"),
                warehouse.rows("FROM allocation ORDER BY token"),
            ]  # fmt: skip

    before, old = shape(), found.warehouse_file.read_bytes()
    proof = rebuild(found.warehouse_file, read_key(found.keys_folder, "warehouse"))
    new = found.warehouse_file.read_bytes()
    assert shape() == before and proof.searched_bytes == len(new)
    pages = {old[at : at + 4096] for at in range(12_288, len(old) - 4095, 4096)} - {bytes(4096)}
    assert not any(new[at : at + 4096] in pages for at in range(0, len(new), 4096))
    assert not list(loaded.glob(".partial-*")) and not (loaded / "warehouse.duckdb.wal").exists()


def test_a_copy_that_kept_an_old_page_is_found_out_and_nothing_is_replaced(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_workspace(loaded)
    before = found.warehouse_file.read_bytes()
    monkeypatch.setattr(warehouse_module, "_pages", lambda _path: iter([b"the same page in both"]))
    with pytest.raises(Exception, match="not made anew"):
        rebuild(found.warehouse_file, read_key(found.keys_folder, "warehouse"))
    assert found.warehouse_file.read_bytes()[12_288:] == before[12_288:] and not list(loaded.glob(".partial-*"))


# --- how long ---------------------------------------------------------------------------------------------


def with_quarantine(empty: Path, tmp_path: Path) -> Path:
    town = town_of()
    town.tables["inkomen"][0]["soort_uitkering"] = "onbekend"
    assert quarterly(empty, town.write(tmp_path / "in")).code == 0
    return empty


def edit(workspace: Path, old: str, new: str) -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_what_is_due_is_told_and_destroyed_once_with_a_record_that_names_nobody(empty: Path, tmp_path: Path) -> None:
    workspace = with_quarantine(empty, tmp_path)
    edit(workspace, "linkage_years: 5", "linkage_years: 1")
    due = {item["what"]: item for item in ok("retention", "status", "--json", w=workspace).json["items"]}
    assert due["rows in quarantine"]["kept"] == due["rows in quarantine"]["due"] == 1
    assert due["women"]["due"] == due["women"]["kept"] == 24 and due["backups"]["kept"] == 0
    assert due["entries of the access log"]["due"] == 0
    done = ok("retention", "run", "--yes", "--json", w=workspace).json
    assert done["amounts"] == {
        "rows in quarantine": 1, "women": 24, "entries of the access log": 0, "backups": 0,
    }  # fmt: skip
    after = ok("retention", "status", "--json", w=workspace).json
    assert {item["what"]: item["due"] for item in after["items"]} == dict.fromkeys(due, 0)
    assert {one["what"]: one["amount"] for one in after["destroyed"]} == {"rows in quarantine": 1, "women": 24}
    assert all(one["searched_bytes"] > 0 for one in after["destroyed"])
    with find_workspace(workspace).open() as (warehouse, vault):
        assert warehouse.rows("SELECT count(*) AS n FROM intake.person")[0]["n"] == 0
        assert vault.known_ids(bsn(nth) for nth in range(1, 25)) == {} and vault.quarantine_days() == []
    assert ok("trial", "verify", "--json", w=workspace).json["ok"]  # the draw stays, of nobody any more
    again = ok("retention", "run", "--json", w=workspace).json  # nothing is due, so nothing is asked
    assert set(again["amounts"].values()) == {0}


def test_nothing_is_destroyed_without_a_yes(empty: Path, tmp_path: Path) -> None:
    workspace = with_quarantine(empty, tmp_path)
    done = smartstart("retention", "run", w=workspace, typed="n")
    assert done.code == 1 and "Nothing was destroyed" in done.err
    assert ok("retention", "status", "--json", w=workspace).json["items"][0]["kept"] == 1


def test_old_entries_of_the_access_log_go_and_young_ones_stay(loaded: Path) -> None:
    old = access.Access(access.read_log(loaded)[0].at - timedelta(days=4000), "iemand", "status", "pseudonymised")
    young = access.read_log(loaded)
    (loaded / access.FILE).write_bytes(access.as_lines([old, *young]))
    assert ok("retention", "run", "--yes", "--json", w=loaded).json["amounts"]["entries of the access log"] == 1
    assert access.read_log(loaded)[: len(young)] == young


# --- who looked -------------------------------------------------------------------------------------------


def test_every_command_that_opens_data_leaves_one_line_and_no_data(loaded: Path, tmp_path: Path) -> None:
    nth = drawn_woman(loaded)
    (loaded / access.FILE).unlink()
    ok("status", w=loaded)
    ok("trial", "flow", w=loaded)
    ok("lists", "build", "--as-of", "2024-04-02", w=loaded)
    ok("privacy", "show", "--client", numbered(tmp_path, nth), w=loaded)
    smartstart("privacy", "show", w=loaded, typed=bsn(nth))
    told = ok("access-log", "--json", "--csv", tmp_path / "toegang.csv", w=loaded).json
    assert [(one["command"], one["level"]) for one in told] == [
        ("status", "pseudonymised"), ("trial flow", "pseudonymised"), ("lists build", "identified"),
        ("privacy show", "identified"), ("privacy show", "identified"),
    ]  # fmt: skip
    assert not any(word in json.dumps(told) for word in (*hers(nth), str(tmp_path)))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "toegang.csv").read_text("utf-8")), delimiter=";"))
    assert [row["command"] for row in rows] == [one["command"] for one in told]
    assert (loaded / access.FILE).stat().st_mode & 0o777 == 0o600


def test_without_a_log_nothing_is_read(loaded: Path) -> None:
    (loaded / access.FILE).unlink()
    (loaded / access.FILE).mkdir()
    done = smartstart("status", w=loaded)
    assert is_one_sentence(done, 5) and "access log" in done.err


# --- keys and roles ---------------------------------------------------------------------------------------

WITHOUT_THE_VAULT = (
    ("status",), ("quarantine",), ("trial", "flow"), ("trial", "analyse"), ("support", "uptake"), ("support", "plans"),
    ("report", "--draft"), ("trial", "lock-plan", *OWNED), ("trial", "plan"), ("export", "--without-arm", *OWNED),
    ("trial", "close", *OWNED), ("access-log",), ("checklist", "consort"), ("dpia-annex",),
)  # fmt: skip
WITH_THE_VAULT = (
    ("lists", "build"), ("lists", "handover", "--out", "x.pdf"), ("lists", "pack", "--out", "x"),
    ("privacy", "show"), ("privacy", "export", "--out", "x.zip"), ("retention", "status"), ("backup", "--out", "x.tar"),
)  # fmt: skip


@pytest.fixture
def analysts(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace whose folder of keys lacks those of the vault: what an analyst is given."""
    keys = copied(find_workspace(loaded).keys_folder.parent, tmp_path / "keys")
    for name in ("vault", "pseudonym", "tombstone"):
        key_file(keys / find_workspace(loaded).workspace_id, name).unlink()
    monkeypatch.setenv("SMARTSTART_KEYS", str(keys))
    monkeypatch.chdir(tmp_path)
    return loaded


def test_an_analyst_without_the_vault_key_can_do_everything_but_what_names_people(analysts: Path) -> None:
    for command in WITHOUT_THE_VAULT:
        out = ("--out", "uit.zip") if command[0] == "export" else ("--out", "uit") if command[0] == "report" else ()
        assert smartstart(*command, *out, w=analysts).code == 0, command
    for command in WITH_THE_VAULT:
        done = smartstart(*command, w=analysts, typed=bsn(1))
        assert is_one_sentence(done, 5) and "key is not in" in done.err, command


# --- backups ----------------------------------------------------------------------------------------------


def test_a_backup_comes_back_whole_and_draws_nobody_before_it_is_reconciled(loaded: Path, tmp_path: Path) -> None:
    made = ok("backup", "--out", tmp_path / "kluis" / "b.tar", "--json", w=loaded).json
    head = ok("trial", "verify", "--json", w=loaded).json["ledger_head"]
    assert made["ledger_head"] == head
    back = tmp_path / "hersteld"
    assert ok("restore", made["file"], back, "--json").json["ledger_head"] == head
    before, after = (ok("trial", "flow", "--json", w=one).json for one in (loaded, back))
    assert before == after
    ok("lists", "build", "--as-of", "2024-04-02", w=back)
    lists = {path.relative_to(back).as_posix(): path.read_bytes() for path in (back / "lists").rglob("*.*")}
    assert lists == {path.relative_to(loaded).as_posix(): path.read_bytes() for path in (loaded / "lists").rglob("*.*")}
    town = Town()
    town.woman(40, filled=date(2024, 6, 3))
    folder = town.write(tmp_path / "q2")
    refused = quarterly(back, folder, "2024Q2", "2024-07-02")
    assert refused.code == 4 and "reconcile" in refused.err
    for wrong in ("0" * 64, json.loads((back / "ledger" / "ledger.jsonl").read_text("utf-8").splitlines()[0])["hash"]):
        assert is_one_sentence(smartstart("reconcile", "--head", wrong, *OWNED, w=back), 4)
    ok("reconcile", "--head", head, *OWNED, w=back)
    assert quarterly(back, folder, "2024Q2", "2024-07-02").code == 0
    assert is_one_sentence(smartstart("reconcile", "--head", head, *OWNED, w=back), 5)


def test_a_backup_of_before_a_draw_cannot_be_reconciled_with_the_head_of_after_it(loaded: Path, tmp_path: Path) -> None:
    made = ok("backup", "--out", tmp_path / "b.tar", "--json", w=loaded).json
    town = Town()
    for nth in range(40, 46):
        town.woman(nth, filled=date(2024, 6, 3))
    assert quarterly(loaded, town.write(tmp_path / "q2"), "2024Q2", "2024-07-02").code == 0
    newest = ok("trial", "verify", "--json", w=loaded).json["ledger_head"]
    back = tmp_path / "hersteld"
    ok("restore", made["file"], back)
    done = smartstart("reconcile", "--head", newest, *OWNED, w=back)
    assert is_one_sentence(done, 4) and "restore a newer one" in done.err


def test_a_backup_has_no_name_no_key_and_no_list_in_plain_sight(loaded: Path, tmp_path: Path) -> None:
    (loaded / "extracts" / "vragenlijst.csv").write_text(bsn(1), "utf-8")
    (loaded / "namen.xlsx").write_text("Proefstra1", "utf-8")
    made = ok("backup", "--out", tmp_path / "b.tar", "--json", w=loaded).json
    content = Path(made["file"]).read_bytes()
    assert not any(word.encode() in content for word in hers(1))
    keys = [path.read_text().strip() for path in find_workspace(loaded).keys_folder.glob("*.key")]
    assert not any(key.encode() in content or bytes.fromhex(key) in content for key in keys)
    with tarfile.open(made["file"]) as packed:
        names = packed.getnames()
    assert not any(name.startswith(("lists/", "extracts/", "tmp/")) or name.endswith(".xlsx") for name in names)
    assert Path(made["file"]).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("how", ["cut", "flipped", "text", "path", "link", "extra"])
def test_a_damaged_or_hostile_backup_is_refused_and_leaves_nothing(loaded: Path, tmp_path: Path, how: str) -> None:
    good = Path(ok("backup", "--out", tmp_path / "b.tar", "--json", w=loaded).json["file"])
    content = bytearray(good.read_bytes())
    bad = tmp_path / "bad.tar"
    if how == "cut":
        content = content[: len(content) // 2]
    elif how == "flipped":
        content[len(content) // 2] ^= 1
    elif how == "text":
        content = bytearray(b"no tar at all")
    bad.write_bytes(content)
    if how in {"path", "link", "extra"}:
        with tarfile.open(bad, "a") as packed:
            entry = tarfile.TarInfo({"path": "../buiten.txt", "link": "link", "extra": "models/x.skops"}[how])
            if how == "link":
                entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed.addfile(entry, io.BytesIO(b""))
    done = smartstart("restore", bad, tmp_path / "hersteld")
    assert is_one_sentence(done, 3) and not (tmp_path / "hersteld").exists() and not (tmp_path / "buiten.txt").exists()


def test_a_backup_belongs_elsewhere_and_a_restore_in_a_new_folder(loaded: Path, tmp_path: Path) -> None:
    assert is_one_sentence(smartstart("backup", "--out", loaded / "b.tar", w=loaded), 5)
    made = ok("backup", "--out", tmp_path / "b.tar", "--json", w=loaded).json
    assert is_one_sentence(smartstart("restore", made["file"], loaded), 5)


def test_an_expired_backup_is_destroyed_where_it_lies_and_asked_for_where_it_does_not(
    loaded: Path, tmp_path: Path
) -> None:
    edit(loaded, "retention:\n", "retention:\n  backup_days: 1\n")
    here, moved = (Path(ok("backup", "--out", tmp_path / f"{n}.tar", "--json", w=loaded).json["file"]) for n in "ab")
    moved.rename(tmp_path / "elders.tar")
    with find_workspace(loaded).open_warehouse() as warehouse:
        warehouse.run("UPDATE backup SET expires_on = $day", {"day": TODAY})
    told = ok("retention", "status", "--json", w=loaded).json
    assert len(told["backups"]) == 2 and {one["expires_on"] for one in told["backups"]} == {TODAY.isoformat()}
    done = ok("retention", "run", "--yes", "--json", w=loaded).json
    assert done["amounts"]["backups"] == 1 and not here.exists() and (tmp_path / "elders.tar").exists()
    assert len(done["by_hand"]) == 1 and "destroy it where it lies" in done["by_hand"][0]
