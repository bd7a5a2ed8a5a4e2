"""The vault: random research ids, sealed records, and nothing of an interrupted run left."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pytest

from smartstart.errors import StateError
from smartstart.identity.keys import KEY_NAMES, key_file, make_keys, read_key
from smartstart.identity.pseudonyms import pseudonym
from smartstart.identity.vault import Contact, open_vault

KEY, NAMES = bytes(range(32)), bytes(range(1, 33))
TODAY = date(2024, 4, 2)


def test_a_person_keeps_her_research_id(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        first = vault.research_ids(["111222333", "123456782"], "d1")
        vault.commit()
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        assert vault.research_ids(["123456782"], "d2") == {"123456782": first["123456782"]}
    assert len(set(first.values())) == 2


def test_a_research_id_says_nothing_of_the_bsn(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "b"):
        with open_vault(tmp_path / name, KEY, NAMES) as vault:
            ids.append(vault.research_ids(["111222333"], "d1")["111222333"])
    assert ids[0] != ids[1]


def test_the_pseudonym_needs_the_key() -> None:
    assert pseudonym(NAMES, "111222333") == pseudonym(NAMES, "111222333") != pseudonym(KEY, "111222333")


def test_no_bsn_and_no_name_stand_in_the_file(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        who = vault.research_ids(["111222333"], "d1")["111222333"]
        vault.store_contacts([Contact(who, "person", {"surname": "Proefstra"})], "d1", 1)
        vault.store_quarantined("d1", "personen", {7: {"naam": "Proefstra"}}, date(2024, 6, 30))
        vault.commit()
        assert vault.contact(who, "person") == {"surname": "Proefstra"}
    content = (tmp_path / "v").read_bytes()
    assert b"111222333" not in content and b"Proefstra" not in content


def test_the_newest_contact_data_count(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        for sequence, surname in ((2, "Nieuw"), (1, "Oud")):
            vault.store_contacts([Contact("R1", "person", {"surname": surname})], f"d{sequence}", sequence)
        assert vault.contact("R1", "person") == {"surname": "Nieuw"}


def test_a_record_moved_to_another_person_does_not_open(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        vault.store_contacts([Contact("R1", "person", {"a": "1"}), Contact("R2", "person", {"a": "2"})], "d1", 1)
        vault.commit()
    with sqlite3.connect(tmp_path / "v") as raw:
        raw.execute(
            "UPDATE contact SET sealed = (SELECT sealed FROM contact WHERE research_id='R1') WHERE research_id='R2'"
        )
    raw.close()
    with open_vault(tmp_path / "v", KEY, NAMES) as vault, pytest.raises(StateError, match="does not open"):
        vault.contact("R2", "person")


def test_what_an_interrupted_run_left_is_removed(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        vault.research_ids(["111222333"], "known")
        vault.research_ids(["123456782"], "interrupted")
        vault.store_contacts([Contact("R9", "person", {})], "interrupted", 2)
        vault.store_quarantined("interrupted", "personen", {1: {}}, date(2024, 6, 30))
        vault.remove_leftovers({"known"}, TODAY)
        assert set(vault.known_ids(["111222333", "123456782"])) == {"111222333"}
        assert vault.contact("R9", "person") == {}


def test_quarantine_past_its_day_is_destroyed(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        vault.store_quarantined("d1", "personen", {1: {"a": "b"}}, date(2024, 4, 1))
        vault.store_quarantined("d1", "personen", {2: {"a": "b"}}, TODAY)
        vault.remove_leftovers({"d1"}, TODAY)
    with sqlite3.connect(tmp_path / "v") as raw:
        assert raw.execute("SELECT row FROM quarantined").fetchall() == [(2,)]
    raw.close()


def test_what_was_not_committed_is_gone(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        vault.research_ids(["111222333"], "d1")
    with open_vault(tmp_path / "v", KEY, NAMES) as vault:
        assert vault.known_ids(["111222333"]) == {}


def test_another_pseudonym_key_is_refused_before_it_makes_everybody_a_stranger(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", KEY, NAMES):
        pass
    with pytest.raises(StateError, match="pseudonym key"), open_vault(tmp_path / "v", KEY, KEY):
        pass


def test_keys_are_for_their_owner_only_and_never_replaced(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    before = {name: read_key(tmp_path / "keys", name) for name in KEY_NAMES}
    make_keys(tmp_path / "keys")
    assert before == {name: read_key(tmp_path / "keys", name) for name in KEY_NAMES}
    assert len(set(before.values())) == 4
    key_file(tmp_path / "keys", "vault").chmod(0o644)
    with pytest.raises(StateError, match="can be read by others"):
        read_key(tmp_path / "keys", "vault")


@pytest.mark.parametrize("content", ["", "zz", "00" * 16])
def test_a_damaged_key_is_named_by_file_not_by_content(tmp_path: Path, content: str) -> None:
    path = key_file(tmp_path, "vault")
    path.write_text(content, encoding="ascii")
    path.chmod(0o600)
    with pytest.raises(StateError, match="holds no key") as refusal:
        read_key(tmp_path, "vault")
    assert not content or content not in str(refusal.value)
