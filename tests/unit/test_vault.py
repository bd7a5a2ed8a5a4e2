"""The vault: random research ids, sealed records, and nothing of an interrupted run left."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartstart.errors import StateError
from smartstart.identity.keys import KEY_NAMES, key_file, make_keys, read_key
from smartstart.identity.pseudonyms import pseudonym, tombstone
from smartstart.identity.vault import Contact, VaultKeys, _as_bsn, open_vault

KEY, NAMES, TOMBS = bytes(range(32)), bytes(range(1, 33)), bytes(range(2, 34))
WOMAN, OTHER = "111222333", "123456782"
TODAY = date(2024, 4, 2)


def test_a_person_keeps_her_research_id(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        first = vault.research_ids(["111222333", "123456782"], "d1")
        vault.commit()
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        assert vault.research_ids(["123456782"], "d2") == {"123456782": first["123456782"]}
    assert len(set(first.values())) == 2


def test_a_research_id_says_nothing_of_the_bsn(tmp_path: Path) -> None:
    ids = []
    for name in ("a", "b"):
        with open_vault(tmp_path / name, VaultKeys(KEY, (NAMES,))) as vault:
            ids.append(vault.research_ids(["111222333"], "d1")["111222333"])
    assert ids[0] != ids[1]


def test_the_pseudonym_needs_the_key() -> None:
    assert pseudonym(NAMES, "111222333") == pseudonym(NAMES, "111222333") != pseudonym(KEY, "111222333")


def test_no_bsn_and_no_name_stand_in_the_file(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        who = vault.research_ids(["111222333"], "d1")["111222333"]
        vault.store_contacts([Contact(who, "person", {"surname": "Proefstra"})], "d1", 1)
        vault.store_quarantined("d1", "personen", [(7, json.dumps({"naam": "Proefstra"}))], date(2024, 6, 30))
        vault.commit()
        assert vault.contact(who, "person") == {"surname": "Proefstra"}
    content = (tmp_path / "v").read_bytes()
    assert b"111222333" not in content and b"Proefstra" not in content


def test_the_newest_contact_data_count(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        for sequence, surname in ((2, "Nieuw"), (1, "Oud")):
            vault.store_contacts([Contact("R1", "person", {"surname": surname})], f"d{sequence}", sequence)
        assert vault.contact("R1", "person") == {"surname": "Nieuw"}


def test_a_record_moved_to_another_person_does_not_open(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.store_contacts([Contact("R1", "person", {"a": "1"}), Contact("R2", "person", {"a": "2"})], "d1", 1)
        vault.commit()
    with sqlite3.connect(tmp_path / "v") as raw:
        raw.execute(
            "UPDATE contact SET sealed = (SELECT sealed FROM contact WHERE research_id='R1') WHERE research_id='R2'"
        )
    raw.close()
    with (
        open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault,
        pytest.raises(StateError, match="does not open"),
    ):
        vault.contact("R2", "person")


def test_what_an_interrupted_run_left_is_removed(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.research_ids(["111222333"], "known")
        vault.research_ids(["123456782"], "interrupted")
        vault.store_contacts([Contact("R9", "person", {})], "interrupted", 2)
        vault.store_quarantined("interrupted", "personen", [(1, json.dumps({}))], date(2024, 6, 30))
        vault.remove_leftovers({"known"}, TODAY)
        assert set(vault.known_ids(["111222333", "123456782"])) == {"111222333"}
        assert vault.contact("R9", "person") == {}


def test_quarantine_past_its_day_is_destroyed(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.store_quarantined("d1", "personen", [(1, json.dumps({"a": "b"}))], date(2024, 4, 1))
        vault.store_quarantined("d1", "personen", [(2, json.dumps({"a": "b"}))], TODAY)
        vault.remove_leftovers({"d1"}, TODAY)
    with sqlite3.connect(tmp_path / "v") as raw:
        assert raw.execute("SELECT row FROM quarantined").fetchall() == [(2,)]
    raw.close()


def test_what_was_not_committed_is_gone(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.research_ids(["111222333"], "d1")
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        assert vault.known_ids(["111222333"]) == {}


def test_another_pseudonym_key_is_refused_before_it_makes_everybody_a_stranger(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))):
        pass
    with pytest.raises(StateError, match="pseudonym key"), open_vault(tmp_path / "v", VaultKeys(KEY, (KEY,))):
        pass


def test_keys_are_for_their_owner_only_and_never_replaced(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    before = {name: read_key(tmp_path / "keys", name) for name in KEY_NAMES}
    make_keys(tmp_path / "keys")
    assert before == {name: read_key(tmp_path / "keys", name) for name in KEY_NAMES}
    assert len(set(before.values())) == 5
    key_file(tmp_path / "keys", "vault").chmod(0o644)
    with pytest.raises(StateError, match="can be read by others"):
        read_key(tmp_path / "keys", "vault")


def test_of_many_numbers_those_of_a_group_are_told_and_no_others(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        ids = vault.research_ids(["111222333", "123456782"], "d1")
        hers, nobody, unknown = vault.asked_of({ids["111222333"]}, set(), {"R-nowhere"})
        asked = ["111222333", "123456782", "990000011", "111222333", "not a number"]
        assert hers(asked) == {"111222333"} and nobody(asked) == set() == unknown(asked)


@pytest.mark.parametrize("content", ["", "zz", "00" * 16])
def test_a_damaged_key_is_named_by_file_not_by_content(tmp_path: Path, content: str) -> None:
    path = key_file(tmp_path, "vault")
    path.write_text(content, encoding="ascii")
    path.chmod(0o600)
    with pytest.raises(StateError, match="holds no key") as refusal:
        read_key(tmp_path, "vault")
    assert not content or content not in str(refusal.value)


# --- keys of persons --------------------------------------------------------------------------------------


def client(research_id: str, number: str) -> Contact:
    return Contact(research_id, "client/08990011", {"client_number": number})


def old_vault(path: Path, women: int = 2) -> None:
    """Make a vault as version 0 did: contact data sealed under the vault key."""
    cipher, nonce = AESGCM(KEY), bytes(12)
    with sqlite3.connect(path) as raw:
        raw.executescript(
            "CREATE TABLE identity (pseudonym TEXT PRIMARY KEY, research_id TEXT NOT NULL UNIQUE,"
            " delivery_id TEXT NOT NULL) STRICT;"
            "CREATE TABLE contact (research_id TEXT NOT NULL, kind TEXT NOT NULL, delivery_id TEXT NOT NULL,"
            " sequence INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (research_id, kind, delivery_id)) STRICT;"
        )
        for nth in range(women):
            owner = json.dumps(["smartstart/1", f"R{nth}", "person"]).encode()
            sealed = nonce + cipher.encrypt(nonce, json.dumps({"surname": f"Naam{nth}"}).encode(), owner)
            raw.execute("INSERT INTO identity VALUES (?, ?, 'd1')", (pseudonym(NAMES, f"{nth:09}"), f"R{nth}"))
            raw.execute("INSERT INTO contact VALUES (?, 'person', 'd1', 1, ?)", (f"R{nth}", sealed))
    raw.close()


def test_a_vault_of_before_opens_and_gives_every_person_a_key(tmp_path: Path) -> None:
    old_vault(tmp_path / "v")
    for _ in range(2):  # the second time there is nothing left to do
        with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
            assert [vault.contact(f"R{nth}", "person")["surname"] for nth in range(2)] == ["Naam0", "Naam1"]
    with sqlite3.connect(tmp_path / "v") as raw:
        assert raw.execute("SELECT count(DISTINCT sealed) FROM person_key").fetchone() == (2,)
    raw.close()


def test_killed_while_it_is_brought_up_to_date_a_vault_is_as_before(tmp_path: Path) -> None:
    old_vault(tmp_path / "v")
    script = (
        "import os, sys; from pathlib import Path; from smartstart.identity import vault\n"
        "seal, done = vault.Vault._seal_contact, []\n"
        "def dying(self, contact):\n"
        "    done.append(1)\n"
        "    return seal(self, contact) if len(done) == 1 else os._exit(9)\n"
        "vault.Vault._seal_contact = dying\n"
        "with vault.open_vault(Path(sys.argv[1]), vault.VaultKeys(bytes(range(32)), (bytes(range(1, 33)),))): pass\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path / "v")], check=False)
    assert killed.returncode == 9
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        assert [vault.contact(f"R{nth}", "person")["surname"] for nth in range(2)] == ["Naam0", "Naam1"]


def test_with_another_vault_key_a_vault_of_before_is_left_as_it_is(tmp_path: Path) -> None:
    old_vault(tmp_path / "v")
    with pytest.raises(StateError, match="does not open"), open_vault(tmp_path / "v", VaultKeys(TOMBS, (NAMES,))):
        pass
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        assert vault.contact("R1", "person") == {"surname": "Naam1"}


def test_a_vault_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "v") as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StateError, match="newer"), open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))):
        pass


def test_without_her_key_a_record_does_not_open(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        who = vault.research_ids([WOMAN], "d1")[WOMAN]
        vault.store_contacts([Contact(who, "person", {"a": "1"})], "d1", 1)
        vault.commit()
    with sqlite3.connect(tmp_path / "v") as raw:
        raw.execute("DELETE FROM person_key")
    raw.close()
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault, pytest.raises(StateError, match="lost its key"):
        vault.contact(who, "person")


def test_a_key_of_an_interrupted_run_is_not_used_again(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.store_contacts([Contact("R1", "person", {"a": "1"})], "interrupted", 1)
        vault.remove_leftovers(set(), TODAY)
        vault.store_contacts([Contact("R1", "person", {"a": "2"})], "d1", 1)
        vault.commit()
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        assert vault.contact("R1", "person") == {"a": "2"}


def test_clients_are_those_of_the_newest_number_and_a_number_of_two_women_is_nobodys(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.store_contacts([client("R1", "C1"), client("R2", "C2"), client("R3", "C3")], "d1", 1)
        vault.store_contacts([client("R1", "C9"), client("R3", "C2")], "d2", 2)
        assert vault.clients("08990011") == {"C9": "R1"}
        assert vault.clients("08990022") == {}


# --- erasing ----------------------------------------------------------------------------------------------


def test_after_erasing_nothing_in_the_file_leads_to_her(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,), (TOMBS,))) as vault:
        for nth in range(300):  # enough for pages to be split and moved
            ids = vault.research_ids([f"{nth:09}"], "d1")
            vault.store_contacts([client(ids[f"{nth:09}"], f"C{nth}")], "d1", 1)
        who = ids["000000299"]
        others = vault.clients("08990011").items() - {("C299", who)}
        vault.commit()
        vault.erase([who], (TOMBS,), TODAY)
        assert vault.clients("08990011").items() == others
        assert vault.known_ids(["000000299"]) == {} and vault.contact(who, "client/08990011") == {}
    content = b"".join(path.read_bytes() for path in tmp_path.glob("v*"))
    assert who.encode() not in content and pseudonym(NAMES, "000000299").encode() not in content
    with sqlite3.connect(tmp_path / "v") as raw:
        assert raw.execute("SELECT erased_at FROM tombstone").fetchall() == [("2024",)]
    raw.close()


def test_an_erased_number_is_recognised_and_no_other(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        ids = vault.research_ids([WOMAN, OTHER], "d1")
        assert vault.erased([WOMAN, OTHER]) == set()
        vault.erase([ids[WOMAN]], (TOMBS,), TODAY)
        vault.erase([ids[WOMAN]], (TOMBS,), TODAY)  # again is safe
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,), (TOMBS,))) as vault:
        assert vault.erased([WOMAN, OTHER]) == {WOMAN}
        assert set(vault.known_ids([WOMAN, OTHER])) == {OTHER}


def test_what_was_not_stored_lastingly_before_a_failing_erasure_is_gone_and_she_is_still_there(tmp_path: Path) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        who = vault.research_ids([WOMAN], "d1")[WOMAN]
        vault.store_contacts([client(who, "C1")], "d1", 1)
        vault.store_quarantined("d1", "f", [(1, json.dumps({"bsn": WOMAN}))], TODAY)
        vault.commit()
    with sqlite3.connect(tmp_path / "v") as raw:
        raw.execute("UPDATE quarantined SET row = 2")  # a moved record does not open
    raw.close()
    with (
        open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault,
        pytest.raises(StateError, match="does not open"),
    ):
        vault.erase([who], (TOMBS,), TODAY)
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        assert vault.contact(who, "client/08990011") == {"client_number": "C1"}


@pytest.mark.parametrize("text", [WOMAN, f" {WOMAN} ", "1112.22.333", f"{WOMAN}.0"])
def test_a_quarantined_row_goes_with_her_however_her_number_is_written(tmp_path: Path, text: str) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        who = vault.research_ids([WOMAN, OTHER], "d1")[WOMAN]
        vault.store_quarantined(
            "d1", "kinderen", [(1, json.dumps({"kind": text})), (2, json.dumps({"kind": OTHER, "naam": "x"}))], TODAY
        )
        vault.erase([who], (TOMBS,), TODAY)
    with sqlite3.connect(tmp_path / "v") as raw:
        assert raw.execute("SELECT row FROM quarantined").fetchall() == [(2,)]
    raw.close()


@pytest.mark.parametrize(("key", "sentence"), [(None, "not with the other keys"), (KEY, "not the one")])
def test_without_its_tombstone_key_a_vault_of_which_people_were_erased_is_refused(
    tmp_path: Path, key: bytes | None, sentence: str
) -> None:
    with open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,))) as vault:
        vault.erase(vault.research_ids([WOMAN], "d1").values(), (TOMBS,), TODAY)
    with (
        pytest.raises(StateError, match=sentence),
        open_vault(tmp_path / "v", VaultKeys(KEY, (NAMES,), (key,) if key else ())),
    ):
        pass


def test_a_tombstone_leads_back_to_nobody_without_both_keys() -> None:
    name = pseudonym(NAMES, WOMAN)
    assert tombstone((TOMBS,), name) != tombstone((KEY,), name) and tombstone((TOMBS,), name) != name


@pytest.mark.parametrize("written", ["123456782", "123.456.782", "123456782.0", "１２３４５６７８２", "١٢٣٤٥٦٧٨٢"])
def test_a_number_means_the_same_woman_in_whatever_figures_it_is_written(written: str) -> None:
    assert _as_bsn(written) == "123456782"


def test_what_stands_in_the_place_of_a_number_and_is_none_is_nobodys() -> None:
    made = {pseudonym(bytes(32), text) for text in ("", "é", "１２３４５６７８２", "\ud800", "x" * 10_000)}
    assert len(made) == 5 and pseudonym(bytes(32), "123456782") not in made
