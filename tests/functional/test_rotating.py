"""A new key after a leak: everything opens with it, nothing with the former one, and no woman becomes a stranger."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from harness import WEEKLY, Town, arms, bsn, copied, documents, is_one_sentence, ok, quarterly, smartstart, weekly

from smartstart import clock
from smartstart.errors import StateError
from smartstart.identity.keys import key_file, next_key_file, numbered_key_file, read_key
from smartstart.identity.pseudonyms import pseudonym
from smartstart.identity.vault import open_vault, opens_with
from smartstart.warehouse.warehouse import opens
from smartstart.workspace import find_workspace

ERASED = 5
OWNED = ("--owner", "FG", "--reason", "asked for")
KEYS = ("warehouse", "vault", "pseudonym", "tombstone")


@pytest.fixture
def own(loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with keys of its own, in which one woman was erased."""
    name = find_workspace(loaded).workspace_id
    copied(find_workspace(loaded).keys_folder, tmp_path / "keyring" / name)
    monkeypatch.setenv("SMARTSTART_KEYS", str(tmp_path / "keyring"))
    assert smartstart("trial", "erase", "--yes", *OWNED, w=loaded, typed=bsn(ERASED)).code == 0
    return loaded


def keys_of(workspace: Path) -> Path:
    return find_workspace(workspace).keys_folder


def is_whole(workspace: Path) -> bool:
    return bool(ok("trial", "verify", "--json", w=workspace).json["faults"] == [])


@pytest.mark.parametrize("name", KEYS)
def test_after_a_rotation_everybody_keeps_her_arm_and_the_same_files_come_out(own: Path, name: str) -> None:
    before, files = arms(own), documents(own)
    assert ok("keys", "rotate", name, "--json", w=own).json == {"key": name, "former_stays": name in KEYS[2:]}
    ok("keys", "rotate", name, w=own)  # and once more
    ok("lists", "build", "--as-of", "2024-04-02", w=own)
    assert arms(own) == before and is_whole(own)
    assert {path: text for path, text in documents(own).items() if path.startswith(("lists", "ledger"))} == {
        path: text for path, text in files.items() if path.startswith(("lists", "ledger"))
    }


def test_after_all_rotations_women_are_known_new_ones_are_drawn_and_the_erased_stay_out(
    own: Path, tmp_path: Path
) -> None:
    for name in KEYS:
        ok("keys", "rotate", name, w=own)
    before, week = arms(own), Town()
    for nth in (1, 2, ERASED, 40, 41, 42):
        week.woman(nth, filled=date(2024, 4, 8))
    done = weekly(own, week.write(tmp_path / "week", WEEKLY), "2024-W15", "2024-04-15")
    assert done.code == 0, done.err
    after = arms(own)
    assert {number: after[number] for number in before} == before
    assert after.keys() - before.keys() == {bsn(40), bsn(41), bsn(42)} and is_whole(own)
    for name in ("pseudonym", "vault"):  # with women in it who came after a rotation
        ok("keys", "rotate", name, w=own)
    assert arms(own) == after and is_whole(own)
    assert smartstart("privacy", "show", w=own, typed=bsn(40)).code == 0
    assert smartstart("trial", "erase", "--yes", *OWNED, w=own, typed=bsn(40)).code == 0
    assert is_one_sentence(smartstart("privacy", "show", w=own, typed=bsn(40)), 2)


def test_the_former_keys_open_nothing(own: Path) -> None:
    found, keys = find_workspace(own), keys_of(own)
    former = {name: read_key(keys, name) for name in ("warehouse", "vault", "pseudonym")}
    for name in former:
        ok("keys", "rotate", name, w=own)
    assert not opens(found.warehouse_file, former["warehouse"]) and not opens_with(found.vault_file, former["vault"])
    with sqlite3.connect(found.vault_file) as raw:
        looked_up_by = {row[0] for row in raw.execute("SELECT pseudonym FROM identity")}
        content = b"".join(bytes(row[0]) for row in raw.execute("SELECT name FROM identity"))
    raw.close()
    guessed = {pseudonym(former["pseudonym"], bsn(nth)) for nth in range(1, 25)}
    assert looked_up_by and not guessed & looked_up_by  # who tries all numbers with the leaked key finds nobody
    assert not any(bytes.fromhex(name) in content or name.encode() in content for name in guessed)
    with (
        pytest.raises(StateError, match="does not open"),
        open_vault(found.vault_file, replace(found._vault_keys(), vault=former["vault"])) as vault,
    ):
        vault.clients("08990101")


@pytest.mark.parametrize("name", KEYS)
def test_a_new_key_is_for_its_owner_only_and_no_key_waits_afterwards(own: Path, name: str) -> None:
    ok("keys", "rotate", name, w=own)
    for path in keys_of(own).glob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert not next_key_file(keys_of(own), name).exists()  # type: ignore[arg-type]
    assert {path.name for path in keys_of(own).glob(f"{name}*.key")} == (
        {f"{name}.key", f"{name}-2.key"}
        if name in KEYS[2:]
        else {f"{name}.key", f"{name}-until-{clock.day_on_the_wall()}.key"}
    )
    assert smartstart("doctor", w=own).code == 0


def test_two_rotations_on_one_day_keep_both_former_keys(own: Path) -> None:
    former = []
    for _ in range(2):
        former.append(read_key(keys_of(own), "warehouse"))
        ok("keys", "rotate", "warehouse", w=own)
    kept = [path.read_text("ascii").strip() for path in keys_of(own).glob("warehouse-until-*.key")]
    assert sorted(kept) == sorted(key.hex() for key in former)


def test_while_a_rotation_is_not_finished_every_command_says_how_to_finish_it(own: Path) -> None:
    key_file(keys_of(own), "vault").with_name("vault-next.key").write_text(f"{'ab' * 32}\n", "ascii")
    key_file(keys_of(own), "vault").with_name("vault-next.key").chmod(0o600)
    done = smartstart("lists", "build", w=own)
    assert is_one_sentence(done, 5) and "smartstart keys rotate vault" in done.err
    ok("keys", "rotate", "vault", w=own)
    ok("lists", "build", "--as-of", "2024-04-02", w=own)


@pytest.mark.parametrize("name", ["pseudonym", "tombstone"])
def test_a_backup_of_before_a_rotation_is_brought_up_to_date(own: Path, tmp_path: Path, name: str) -> None:
    before = arms(own)
    ok("backup", "--out", tmp_path / "b.tar", w=own)
    ok("keys", "rotate", name, w=own)
    back = tmp_path / "hersteld"
    ok("restore", tmp_path / "b.tar", back)
    done = smartstart("lists", "build", w=back)
    assert is_one_sentence(done, 5) and f"smartstart keys rotate {name}" in done.err
    ok("keys", "rotate", name, w=back)
    assert arms(back) == before
    assert not numbered_key_file(keys_of(back), name, 3).exists()  # type: ignore[arg-type]
    assert arms(own) == before  # and the first one still opens with the same keys


@pytest.mark.parametrize("name", KEYS[:3])
def test_a_workspace_without_any_delivery_gets_another_key_too(
    empty: Path, first_quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    copied(keys_of(empty), tmp_path / "keyring" / find_workspace(empty).workspace_id)
    monkeypatch.setenv("SMARTSTART_KEYS", str(tmp_path / "keyring"))
    ok("keys", "rotate", name, w=empty)
    assert quarterly(empty, first_quarter).code == 0 and is_whole(empty)


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("allocation", 4, "smartstart trial rekey"),
        ("warehous", 2, "did you mean 'warehouse'"),
        ("../vault", 2, "There is no key"),
    ],
)
def test_what_is_no_key_to_rotate_is_refused_with_what_to_do(own: Path, name: str, code: int, said: str) -> None:
    done = smartstart("keys", "rotate", name, w=own)
    assert is_one_sentence(done, code) and said in done.err


def test_a_tombstone_key_that_nobody_needed_yet_is_not_rotated(
    loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = find_workspace(loaded).workspace_id
    copied(find_workspace(loaded).keys_folder, tmp_path / "keyring" / name)
    monkeypatch.setenv("SMARTSTART_KEYS", str(tmp_path / "keyring"))
    key_file(keys_of(loaded), "tombstone").unlink(missing_ok=True)
    assert is_one_sentence(smartstart("keys", "rotate", "tombstone", w=loaded), 4)
