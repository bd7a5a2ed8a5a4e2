"""Keys, and the codes that are made with them: the same for ever, and each for one purpose."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest

from smartstart.errors import StateError
from smartstart.identity import keys
from smartstart.identity.keys import (
    KEY_NAMES,
    key_file,
    make_key,
    make_keys,
    make_next_allocation_key,
    next_key_file,
    numbered_key_file,
    present_keys,
    read_key,
    read_keys,
    readable_by_others,
    take_waiting_key,
    waiting_key,
)
from smartstart.identity.pseudonyms import bound, known_as, pseudonym, tombstone, wrapped

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


def hmac_by_its_definition(key: bytes, message: bytes) -> str:
    """RFC 2104, with a key that is shorter than a block of 64 bytes."""
    inner, outer = (bytes(byte ^ pad for byte in key.ljust(64, b"\0")) for pad in (0x36, 0x5C))
    return hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).hexdigest()


# --- pseudonyms: whoever is known keeps her name in the next release ----------------------------------------


def test_a_pseudonym_a_tombstone_and_the_code_of_a_home_never_change() -> None:
    assert pseudonym(KEY, "111222333") == "1991e55dd55ed55b76eac59033324746de1948c4fb23f8c77937554081d95c16"
    assert tombstone((KEY,), "ab" * 32) == "3e6dc37646da2935e77ea89be231d1a0294ebae4975c53c72613928be94b4446"
    assert bound(KEY, "home", "5151ZZ", "1") == "e77108ef85bfa614d1bd6f091da0c802"


def test_each_code_is_the_hmac_of_its_purpose_and_what_it_is_of() -> None:
    assert pseudonym(OTHER, "123456782") == hmac_by_its_definition(OTHER, b"smartstart/1/pseudonym\x00123456782")
    assert tombstone((OTHER,), "name") == hmac_by_its_definition(OTHER, b"smartstart/1/tombstone\x00name")
    assert bound(OTHER, "home", "é") == hmac_by_its_definition(OTHER, b'["smartstart/2", "home", "\\u00e9"]')[:32]


def test_facts_that_run_together_give_different_codes() -> None:
    codes = [bound(KEY, *parts) for parts in (("home", "ab"), ("home", "a", "b"), ("home", 'a", "b'), ("homea", "b"))]
    assert len(set(codes)) == 4


# --- keys ---------------------------------------------------------------------------------------------------


def test_every_key_is_a_file_of_its_own_with_32_random_bytes_in_hexadecimals(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    assert KEY_NAMES == ("warehouse", "vault", "pseudonym", "allocation", "tombstone")
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {f"{name}.key" for name in KEY_NAMES}
    for name in KEY_NAMES:
        path = key_file(tmp_path / "keys", name)
        assert path.read_text("ascii") == f"{read_key(tmp_path / 'keys', name).hex()}\n"
        assert len(read_key(tmp_path / "keys", name)) == 32 and path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_making_a_key_tells_whether_it_was_made_and_never_replaces_one(tmp_path: Path) -> None:
    assert make_key(tmp_path, "vault") is True
    first = read_key(tmp_path, "vault")
    assert make_key(tmp_path, "vault") is False
    assert read_key(tmp_path, "vault") == first


def test_a_key_that_is_not_there_is_named_with_its_folder(tmp_path: Path) -> None:
    with pytest.raises(StateError) as refusal:
        read_key(tmp_path, "pseudonym")
    assert str(refusal.value) == (
        f"The pseudonym key is not in '{tmp_path}': set SMARTSTART_KEYS to the folder of keys, or restore the key."
    )
    with pytest.raises(StateError, match="The allocation key is not in"):
        read_keys(tmp_path, "allocation")


@pytest.mark.parametrize(
    ("content", "fault"), [(b"zz" * 32, "holds no key:"), (b"\xe9" * 64, "holds no key:"), (b"00" * 31, "of 32 bytes")]
)
def test_a_file_that_holds_no_key_is_named_and_what_it_holds_is_not(tmp_path: Path, content: bytes, fault: str) -> None:
    path = key_file(tmp_path, "vault")
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(StateError, match=fault) as refusal:
        read_key(tmp_path, "vault")
    assert str(refusal.value).startswith(f"'{path}'") and "00" * 4 not in str(refusal.value)[len(str(path)) :]
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__  # it would quote the file


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o700, 0o610])
def test_a_file_is_for_its_owner_to_read_and_write_and_no_more(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "vault.key"
    path.write_text("00" * 32, "ascii")
    path.chmod(mode)
    assert readable_by_others(path)
    with pytest.raises(StateError, match="can be read by others: run 'chmod 600'"):
        read_key(tmp_path, "vault")
    for closed in (0o600, 0o400):
        path.chmod(closed)
        assert not readable_by_others(path) and read_key(tmp_path, "vault") == bytes(32)


def test_where_files_have_no_modes_nobody_is_told_that_a_key_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vault.key"
    path.write_text("00" * 32, "ascii")
    path.chmod(0o644)
    monkeypatch.setattr(keys.os, "name", "nt")
    assert not keys.readable_by_others(path)


def test_keys_of_the_draw_are_read_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    make_key(tmp_path, "allocation")
    first = read_keys(tmp_path, "allocation")
    second = make_next_allocation_key(tmp_path)
    third = make_next_allocation_key(tmp_path)
    assert second == (*first, second[1]) and third == (*second, third[2]) and len(set(third)) == 3
    assert read_keys(tmp_path, "allocation") == third
    assert [numbered_key_file(tmp_path, "allocation", number).name for number in (1, 2, 3)] == [
        "allocation.key", "allocation-2.key", "allocation-3.key",
    ]  # fmt: skip
    assert numbered_key_file(tmp_path, "allocation", 3).read_text("ascii") == f"{third[2].hex()}\n"
    assert numbered_key_file(tmp_path, "allocation", 3).stat().st_mode & 0o777 == 0o600


# --- rotation -----------------------------------------------------------------------------------------------


def test_a_name_is_wrapped_in_each_newer_key_the_oldest_first() -> None:
    name = pseudonym(KEY, "111222333")
    assert wrapped(OTHER, "name") == hmac_by_its_definition(OTHER, b"smartstart/1/wrapped\x00name")
    assert known_as((KEY,), "111222333") == name
    assert known_as((KEY, OTHER, KEY), "111222333") == wrapped(KEY, wrapped(OTHER, name))
    assert tombstone((KEY, OTHER, KEY), "name") == wrapped(KEY, wrapped(OTHER, tombstone((KEY,), "name")))


def test_a_key_waits_beside_the_former_one_until_it_takes_its_place(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (former,), day = present_keys(tmp_path, "vault"), date(2026, 1, 31)
    fresh = waiting_key(tmp_path, "vault")
    assert waiting_key(tmp_path, "vault") == fresh != former and len(fresh) == 32
    assert next_key_file(tmp_path, "vault").name == "vault-next.key"
    assert next_key_file(tmp_path, "vault").stat().st_mode & 0o777 == 0o600
    for read in (read_key, read_keys):
        with pytest.raises(
            StateError, match=r"vault key was not finished: give 'smartstart keys rotate vault' once more"
        ):
            read(tmp_path, "vault")
    assert read_key(tmp_path, "warehouse") and present_keys(tmp_path, "vault") == (former,)
    take_waiting_key(tmp_path, "vault", beside=False, today=day)
    assert read_keys(tmp_path, "vault") == (fresh,)
    assert (tmp_path / "vault-until-2026-01-31.key").read_text("ascii") == f"{former.hex()}\n"
    last = waiting_key(tmp_path, "vault")
    take_waiting_key(tmp_path, "vault", beside=False, today=day)
    assert (tmp_path / "vault-until-2026-01-31-again.key").read_text("ascii") == f"{fresh.hex()}\n"
    assert read_keys(tmp_path, "vault") == (last,) and not next_key_file(tmp_path, "vault").exists()


def test_a_key_that_stays_gets_the_next_one_beside_it(tmp_path: Path) -> None:
    make_keys(tmp_path)
    keys_so_far = read_keys(tmp_path, "pseudonym")
    for number in (2, 3):
        keys_so_far += (waiting_key(tmp_path, "pseudonym"),)
        take_waiting_key(tmp_path, "pseudonym", beside=True, today=date(2026, 1, 31))
        assert read_keys(tmp_path, "pseudonym") == keys_so_far
        assert numbered_key_file(tmp_path, "pseudonym", number).name == f"pseudonym-{number}.key"
    assert not list(tmp_path.glob("*-until-*"))


def test_half_a_sign_in_the_place_of_a_number_is_a_name_of_its_own() -> None:
    assert pseudonym(KEY, "\ud800") == hmac_by_its_definition(KEY, b"smartstart/1/pseudonym\x00\xed\xa0\x80")
