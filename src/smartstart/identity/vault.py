"""The vault: the only place where a research id meets a person.

An SQLite file of its own. It links keyed pseudonyms to random research ids, and holds contact data and rows in
quarantine, each encrypted with AES-256-GCM with its owner as associated data, so that a record moved to another owner
does not open. Contact data are sealed under a key of the person's own, which lies here sealed under the vault key;
rows in quarantine are sealed under the vault key.

The vault is written before the warehouse commits. Every record names its delivery; what belongs to a delivery that
the warehouse does not know was left by an interrupted run, and the next run removes it.

To erase a person is to destroy her key, her records and the link from her pseudonym. What stays is a tombstone: a
keyed code that tells, when her number is delivered again, that she was erased.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartstart.crash_points import reached
from smartstart.errors import StateError
from smartstart.identity.keys import KEY_BYTES
from smartstart.identity.pseudonyms import bound, known_as, pseudonym, tombstone, wrapped
from smartstart.outputs import PRIVATE_FILE

_NONCE_BYTES = 12
_VERSION = 2  # of the file; 0 had no keys of persons, 1 no sealed names beside what people are looked up by
_MARK = "mark of the key"  # what is kept of a key, to recognise it by
_AT_ONCE = 10_000  # pseudonyms that are looked up by one statement
_TABLES = """
CREATE TABLE IF NOT EXISTS made_with (pseudonym_key TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS identity (
    pseudonym TEXT PRIMARY KEY, research_id TEXT NOT NULL UNIQUE, delivery_id TEXT NOT NULL, name BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS contact (
    research_id TEXT NOT NULL, kind TEXT NOT NULL, delivery_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (research_id, kind, delivery_id)
) STRICT;
CREATE TABLE IF NOT EXISTS quarantined (
    delivery_id TEXT NOT NULL, file TEXT NOT NULL, row INTEGER NOT NULL, keep_until TEXT NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (delivery_id, file, row)
) STRICT;
CREATE TABLE IF NOT EXISTS person_key (
    research_id TEXT PRIMARY KEY, delivery_id TEXT NOT NULL, sealed BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tombstone (code TEXT PRIMARY KEY, erased_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tombstones_made_with (tombstone_key TEXT PRIMARY KEY) STRICT;
"""


@dataclass(frozen=True)
class VaultKeys:
    """The keys of a vault, 32 bytes each; of pseudonyms and tombstones all that there have been, the oldest first."""

    vault: bytes
    pseudonym: tuple[bytes, ...]
    tombstone: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Contact:
    """Contact data of one person: ``kind`` is 'person', or 'client/' and the AGB code of the practice."""

    research_id: str
    kind: str
    values: dict[str, str]


class Vault:
    """An open vault. Use ``open_vault``; one process at a time, under the warehouse's lock."""

    def __init__(self, connection: sqlite3.Connection, keys: VaultKeys) -> None:
        self._connection = connection
        self._cipher = AESGCM(keys.vault)
        self._keys = keys
        self._persons: dict[str, AESGCM] = {}  # ciphers of persons whose records were asked for

    def known_ids(self, bsns: Iterable[str]) -> dict[str, str]:
        """Return BSN -> research id for those who have one."""
        wanted = {known_as(self._keys.pseudonym, bsn): bsn for bsn in set(bsns)}
        names, found = [*wanted], {}
        for begin in range(0, len(names), _AT_ONCE):
            some = names[begin : begin + _AT_ONCE]
            places = ", ".join("?" * len(some))
            sql = f"SELECT pseudonym, research_id FROM identity WHERE pseudonym IN ({places})"
            found.update({wanted[name]: research_id for name, research_id in self._connection.execute(sql, some)})
        return found

    def asked_of(self, *groups: set[str]) -> list[Callable[[Iterable[str]], set[str]]]:
        """Return for each group of research ids a function that says which of many BSNs are theirs.

        Unlike ``known_ids`` it looks nobody up: of a population few are known, and their names fit in memory.
        """
        names = dict(self._connection.execute("SELECT research_id, pseudonym FROM identity"))

        def asked(known: frozenset[str]) -> Callable[[Iterable[str]], set[str]]:
            return lambda bsns: (
                {bsn for bsn in bsns if known_as(self._keys.pseudonym, bsn) in known} if known else set()
            )

        return [asked(frozenset(names[one] for one in group & names.keys())) for group in groups]

    def research_ids(self, bsns: Iterable[str], delivery_id: str) -> dict[str, str]:
        """Return BSN -> research id, giving a random one to who has none yet."""
        bsns = set(bsns)
        ids = self.known_ids(bsns)
        new = {bsn: f"R{secrets.token_hex(8)}" for bsn in sorted(bsns - ids.keys())}
        self._make_person_keys(new.values(), delivery_id)
        rows = [
            (known_as(self._keys.pseudonym, bsn), new[bsn], delivery_id, self._kept_name(bsn, new[bsn])) for bsn in new
        ]
        self._connection.executemany(
            "INSERT INTO identity (pseudonym, research_id, delivery_id, name) VALUES (?, ?, ?, ?)", rows
        )
        return ids | new

    def _kept_name(self, bsn: str, research_id: str) -> bytes | None:
        """Return a pseudonym under the first key, sealed, where what is looked up by is wrapped in newer ones."""
        if len(self._keys.pseudonym) == 1:
            return None
        return self._seal_name(pseudonym(self._keys.pseudonym[0], bsn), research_id)

    def pseudonyms(self, research_ids: Iterable[str]) -> dict[str, str]:
        """Return research id -> pseudonym, which stays the same for ever: that under the first key."""
        wanted = set(research_ids)
        rows = self._connection.execute("SELECT research_id, pseudonym, name FROM identity").fetchall()
        return {
            research_id: self._open_name(sealed, research_id) if sealed else name
            for research_id, name, sealed in rows
            if research_id in wanted
        }

    def bound(self, purpose: str, *parts: str) -> tuple[str, ...]:
        """Return a code of some facts under each pseudonym key, which no auditor gets; the oldest key's first."""
        return tuple(bound(key, purpose, *parts) for key in self._keys.pseudonym)

    def store_contacts(self, contacts: Iterable[Contact], delivery_id: str, sequence: int) -> None:
        """Store contact data of one delivery; the highest ``sequence`` is the current one."""
        for contact in contacts:
            self._make_person_keys([contact.research_id], delivery_id)
            self._connection.execute(
                "INSERT OR REPLACE INTO contact VALUES (?, ?, ?, ?, ?)",
                (contact.research_id, contact.kind, delivery_id, sequence, self._seal_contact(contact)),
            )

    def contact(self, research_id: str, kind: str) -> dict[str, str]:
        """Return the current contact data of one person; empty when there are none. Raises StateError."""
        row = self._connection.execute(
            "SELECT sealed FROM contact WHERE research_id = ? AND kind = ? ORDER BY sequence DESC LIMIT 1",
            (research_id, kind),
        ).fetchone()
        return self._open_contact(row[0], research_id, kind) if row else {}

    def contacts(self, research_id: str) -> dict[str, dict[str, str]]:
        """Return all current contact data of one person by kind. Raises StateError."""
        rows = self._connection.execute(
            "SELECT kind, sealed FROM contact WHERE research_id = ? ORDER BY kind, sequence", (research_id,)
        ).fetchall()
        return {kind: self._open_contact(sealed, research_id, kind) for kind, sealed in dict(rows).items()}

    def clients(self, practice: str) -> dict[str, str]:
        """Return client number -> research id for the current clients of a practice (its AGB code).

        A number that two women have is left out: nobody guesses whose it is. Raises StateError.
        """
        kind = f"client/{practice}"
        rows = self._connection.execute(
            "SELECT research_id, sealed FROM contact WHERE kind = ? ORDER BY research_id, sequence", (kind,)
        ).fetchall()
        current = dict(rows)  # of one woman the highest sequence stands last
        women: dict[str, list[str]] = {}
        for research_id, sealed in current.items():
            number = self._open_contact(sealed, research_id, kind).get("client_number")
            if number:
                women.setdefault(number, []).append(research_id)
        return {number: ids[0] for number, ids in women.items() if len(ids) == 1}

    def store_quarantined(self, delivery_id: str, file: str, rows: Iterable[tuple[int, str]], keep_until: date) -> None:
        """Store the content of rows in quarantine until a day; each is a record number and, as JSON, header -> text."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO quarantined VALUES (?, ?, ?, ?, ?)",
            (
                (
                    delivery_id,
                    file,
                    row,
                    keep_until.isoformat(),
                    _seal(self._cipher, texts.encode(), delivery_id, file, str(row)),
                )
                for row, texts in rows
            ),
        )

    def remove_leftovers(self, deliveries: set[str], today: date) -> None:
        """Remove what interrupted runs left, contact data that newer data replaced, and quarantine past its day."""
        known = [(delivery,) for delivery in sorted(deliveries)]
        run = self._connection.execute
        run("CREATE TEMP TABLE IF NOT EXISTS known (delivery_id TEXT PRIMARY KEY)")
        run("DELETE FROM known")
        self._connection.executemany("INSERT INTO known VALUES (?)", known)
        for table in ("identity", "person_key", "contact", "quarantined"):
            run(f"DELETE FROM {table} WHERE delivery_id NOT IN (SELECT delivery_id FROM known)")
        run(
            "DELETE FROM contact WHERE EXISTS (SELECT 1 FROM contact AS newer WHERE newer.kind = contact.kind"
            " AND newer.research_id = contact.research_id AND newer.sequence > contact.sequence)"
        )
        run("DELETE FROM quarantined WHERE keep_until < ?", (today.isoformat(),))
        self._connection.commit()
        self._persons.clear()

    def quarantine_days(self) -> list[date]:
        """Return the last day of each row in quarantine, the earliest first."""
        rows = self._connection.execute("SELECT keep_until FROM quarantined ORDER BY keep_until")
        return [date.fromisoformat(day) for (day,) in rows]

    def destroy_quarantined(self, today: date) -> int:
        """Destroy the content of rows in quarantine past their day, rebuild the file; returns how many."""
        gone = self._connection.execute("DELETE FROM quarantined WHERE keep_until < ?", (today.isoformat(),)).rowcount
        self._connection.commit()
        self._connection.execute("VACUUM")  # deleted cells are overwritten, but a moved page may leave a copy behind
        return int(gone)

    def commit(self) -> None:
        """Make what was stored lasting; to be called before the warehouse commits."""
        reached("vault_before_commit")
        self._connection.commit()
        reached("vault_committed")

    # --- erasing ------------------------------------------------------------------------------------------

    def erased(self, bsns: Iterable[str]) -> set[str]:
        """Return the BSNs of who was erased: they have a tombstone."""
        keys, buried = self._keys, {code for (code,) in self._connection.execute("SELECT code FROM tombstone")}
        if not buried:  # the first erasure makes the key
            return set()
        return {bsn for bsn in bsns if tombstone(keys.tombstone, pseudonym(keys.pseudonym[0], bsn)) in buried}

    def erase(self, research_ids: Iterable[str], tombstone_keys: tuple[bytes, ...], erased_on: date) -> None:
        """Destroy the keys, contact data, quarantined rows and pseudonyms of these persons, and leave a tombstone.

        Lasting at once, and safe to do again. Afterwards the file is rebuilt, so that no page keeps what it held.
        Raises StateError when the tombstones that there are were made with another key.
        """
        _refuse_other_tombstone_key(self._connection, tombstone_keys)
        self._keys = replace(self._keys, tombstone=tombstone_keys)
        who = set(research_ids)
        names = set(self.pseudonyms(who).values())
        run, run_all = self._connection.execute, self._connection.executemany
        if names:
            run("INSERT OR IGNORE INTO tombstones_made_with VALUES (?)", (tombstone(tombstone_keys, _MARK),))
        codes = sorted(tombstone(tombstone_keys, name) for name in names)
        # the year only: a day would join the tombstone to her research id, which the warehouse keeps with its day
        run_all("INSERT OR IGNORE INTO tombstone VALUES (?, ?)", [(code, str(erased_on.year)) for code in codes])
        run_all("DELETE FROM quarantined WHERE delivery_id = ? AND file = ? AND row = ?", self._quarantined_of(names))
        for table in ("person_key", "contact", "identity"):
            run_all(f"DELETE FROM {table} WHERE research_id = ?", [(one,) for one in sorted(who)])
        self._connection.commit()
        self._persons.clear()
        run("VACUUM")  # deleted cells are overwritten, but a page that was moved may leave a copy behind

    def _quarantined_of(self, names: set[str]) -> list[tuple[str, str, int]]:
        """Return the quarantined rows in which a BSN of these pseudonyms stands, in whichever column."""
        found = []
        for delivery_id, file, row, sealed in self._connection.execute(
            "SELECT delivery_id, file, row, sealed FROM quarantined"
        ):
            values = self._open_quarantined(sealed, delivery_id, file, row)
            numbers = {number for text in values.values() if (number := _as_bsn(text))}
            if any(pseudonym(self._keys.pseudonym[0], number) in names for number in numbers):
                found.append((delivery_id, file, row))
        return found

    # --- rotation: each is lasting at once, and the file is rebuilt, so that no page keeps what it held ------

    def seal_anew(self, vault_key: bytes) -> None:
        """Seal the keys of persons and the rows in quarantine under another vault key. Raises StateError."""
        run, fresh = self._connection.execute, AESGCM(vault_key)
        for research_id, sealed in run("SELECT research_id, sealed FROM person_key").fetchall():
            owner = _key_of(research_id)
            again = _seal(fresh, _open(self._cipher, sealed, *owner), *owner)
            run("UPDATE person_key SET sealed = ? WHERE research_id = ?", (again, research_id))
        for delivery_id, file, row, sealed in run("SELECT delivery_id, file, row, sealed FROM quarantined").fetchall():
            again = _seal(fresh, _open(self._cipher, sealed, delivery_id, file, str(row)), delivery_id, file, str(row))
            run(
                "UPDATE quarantined SET sealed = ? WHERE delivery_id = ? AND file = ? AND row = ?",
                (again, delivery_id, file, row),
            )
        self._rotated()

    def wrap_pseudonyms(self, key: bytes) -> None:
        """Wrap what people are looked up by in a newer key; their pseudonyms stay, sealed. Raises StateError."""
        run = self._connection.execute
        for research_id, name, sealed in run("SELECT research_id, pseudonym, name FROM identity").fetchall():
            kept = sealed or self._seal_name(name, research_id)
            run(
                "UPDATE identity SET pseudonym = ?, name = ? WHERE research_id = ?",
                (wrapped(key, name), kept, research_id),
            )
        ((mark,),) = run("SELECT pseudonym_key FROM made_with").fetchall()
        run("UPDATE made_with SET pseudonym_key = ?", (wrapped(key, mark),))
        self._rotated()

    def wrap_tombstones(self, key: bytes) -> None:
        """Wrap the tombstones in a newer tombstone key."""
        run = self._connection.execute
        for (code,) in run("SELECT code FROM tombstone").fetchall():
            run("UPDATE tombstone SET code = ? WHERE code = ?", (wrapped(key, code), code))
        for (mark,) in run("SELECT tombstone_key FROM tombstones_made_with").fetchall():
            run("UPDATE tombstones_made_with SET tombstone_key = ?", (wrapped(key, mark),))
        self._rotated()

    def _rotated(self) -> None:
        reached("vault_before_commit")
        self._connection.commit()
        reached("vault_committed")
        self._persons.clear()
        self._connection.execute("VACUUM")

    # --- keys of persons ----------------------------------------------------------------------------------

    def give_persons_their_keys(self) -> None:
        """Seal every contact record anew under a key of its person; the caller commits."""
        run = self._connection.execute
        for research_id, delivery_id in run("SELECT research_id, delivery_id FROM identity").fetchall():
            self._make_person_keys([research_id], delivery_id)
        for research_id, kind, delivery_id, sealed in run(
            "SELECT research_id, kind, delivery_id, sealed FROM contact"
        ).fetchall():
            self._make_person_keys([research_id], delivery_id)
            values = _as_values(_open(self._cipher, sealed, research_id, kind))
            run(
                "UPDATE contact SET sealed = ? WHERE research_id = ? AND kind = ? AND delivery_id = ?",
                (self._seal_contact(Contact(research_id, kind, values)), research_id, kind, delivery_id),
            )

    def _make_person_keys(self, research_ids: Iterable[str], delivery_id: str) -> None:
        """Make a key for each person who has none; it goes when the delivery that brought her goes."""
        for research_id in research_ids:
            if not self._connection.execute(
                "SELECT 1 FROM person_key WHERE research_id = ?", (research_id,)
            ).fetchone():
                sealed = _seal(self._cipher, secrets.token_bytes(KEY_BYTES), *_key_of(research_id))
                self._connection.execute("INSERT INTO person_key VALUES (?, ?, ?)", (research_id, delivery_id, sealed))

    def _cipher_of(self, research_id: str) -> AESGCM:
        if research_id not in self._persons:
            row = self._connection.execute(
                "SELECT sealed FROM person_key WHERE research_id = ?", (research_id,)
            ).fetchone()
            if row is None:
                raise StateError("A record in the vault has lost its key: restore the vault from its backup.")
            self._persons[research_id] = AESGCM(_open(self._cipher, row[0], *_key_of(research_id)))
        return self._persons[research_id]

    def _seal_name(self, name: str, research_id: str) -> bytes:
        return _seal(self._cipher_of(research_id), name.encode("ascii"), *_name_of(research_id))

    def _open_name(self, sealed: bytes, research_id: str) -> str:
        return _open(self._cipher_of(research_id), sealed, *_name_of(research_id)).decode("ascii")

    def _seal_contact(self, contact: Contact) -> bytes:
        cipher = self._cipher_of(contact.research_id)
        return _seal(cipher, _as_bytes(contact.values), contact.research_id, contact.kind)

    def _open_quarantined(self, sealed: bytes, delivery_id: str, file: str, row: int) -> dict[str, str]:
        return _as_values(_open(self._cipher, sealed, delivery_id, file, str(row)))

    def _open_contact(self, sealed: bytes, research_id: str, kind: str) -> dict[str, str]:
        return _as_values(_open(self._cipher_of(research_id), sealed, research_id, kind))


def keys_behind(path: Path, name: Literal["pseudonym", "tombstone"], keys: tuple[bytes, ...]) -> int:
    """Return in how many of the newest of these keys a vault is not wrapped yet: 0 when it is up to date.

    A rotation that was cut off, or a vault of an older backup, is behind. Raises StateError when it was made with
    another first key.
    """
    if not path.exists():  # nothing was delivered yet
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        mark = _mark_of(connection, name)
    except sqlite3.DatabaseError:
        raise StateError(f"'{path.name}' is damaged or in use: restore it from its backup, or wait.") from None
    finally:
        connection.close()
    if mark is None:
        return 0
    behind = next((n for n in range(len(keys)) if _MARKS[name](keys[: len(keys) - n], _MARK) == mark), None)
    if behind is None:
        raise StateError(f"The {name} key is not the one that this vault was made with: restore that key.")
    return behind


def opens_with(path: Path, vault_key: bytes) -> bool:
    """Tell whether a vault key opens what is sealed in a vault; one with nothing in it is opened by any."""
    if not path.exists():
        return True
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        person = connection.execute("SELECT research_id, sealed FROM person_key LIMIT 1").fetchone()
        row = connection.execute("SELECT delivery_id, file, row, sealed FROM quarantined LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        raise StateError(f"'{path.name}' is damaged or in use: restore it from its backup, or wait.") from None
    finally:
        connection.close()
    sealed: list[tuple[bytes, tuple[str, ...]]] = [(person[1], _key_of(person[0]))] if person else []
    sealed += [(row[3], (row[0], row[1], str(row[2])))] if row else []
    try:
        for content, owner in sealed:
            _open(AESGCM(vault_key), content, *owner)
    except StateError:
        return False
    return True


@contextmanager
def open_vault(path: Path, keys: VaultKeys) -> Iterator[Vault]:
    """Open (or make) the vault; what was not committed is rolled back. Raises StateError when it is damaged.

    Without a tombstone key only a vault opens in which nobody was erased yet.
    """
    try:
        connection = sqlite3.connect(path, isolation_level="DEFERRED")
    except sqlite3.DatabaseError:
        raise _unusable(path) from None
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")  # nothing of it in a temporary file elsewhere
        connection.executescript(_TABLES)
        path.chmod(PRIVATE_FILE)
        _refuse_other_key(connection, keys.pseudonym)
        _refuse_other_tombstone_key(connection, keys.tombstone)
        vault = Vault(connection, keys)
        _migrate(connection, vault)
        yield vault
    except sqlite3.DatabaseError:
        raise _unusable(path) from None
    finally:
        connection.close()


def _unusable(path: Path) -> StateError:
    """Return why a vault does not open: its place may not be written, or it is damaged or in use."""
    if not all(os.access(place, os.W_OK) for place in (path.parent, path) if place.exists()):
        return StateError(f"'{path}' may not be written: mend the permissions of the workspace.")
    return StateError(f"'{path.name}' is damaged or in use: restore it from its backup, or wait.")


_MARKS: Final = {"pseudonym": known_as, "tombstone": tombstone}


def _mark_of(connection: sqlite3.Connection, name: Literal["pseudonym", "tombstone"]) -> str | None:
    """Return what is kept of the keys that a vault was made with, or None while it was made with none."""
    asked = {
        "pseudonym": "SELECT pseudonym_key FROM made_with",
        "tombstone": "SELECT tombstone_key FROM tombstones_made_with",
    }
    found = connection.execute(asked[name]).fetchone()
    return str(found[0]) if found else None


def _refuse_other_key(connection: sqlite3.Connection, keys: tuple[bytes, ...]) -> None:
    """Hold the keys to the pseudonyms that were made with them: others would make every woman a stranger."""
    made = _mark_of(connection, "pseudonym")
    if made is None:
        connection.execute("INSERT INTO made_with VALUES (?)", (known_as(keys, _MARK),))
        connection.commit()
    elif made != known_as(keys, _MARK):
        _refuse_older("pseudonym", keys, made)
        raise StateError("The pseudonym key is not the one that this vault was made with: restore that key.")


def _refuse_other_tombstone_key(connection: sqlite3.Connection, keys: tuple[bytes, ...]) -> None:
    """Hold the keys to the tombstones that were made with them: without them who was erased would come back."""
    made = _mark_of(connection, "tombstone")
    if made is None:
        return
    if not keys:
        raise StateError("The tombstone key is not with the other keys, and people were erased: restore that key.")
    if made != tombstone(keys, _MARK):
        _refuse_older("tombstone", keys, made)
        raise StateError("The tombstone key is not the one that people were erased with: restore that key.")


def _refuse_older(name: Literal["pseudonym", "tombstone"], keys: tuple[bytes, ...], made: str) -> None:
    if any(_MARKS[name](keys[:number], _MARK) == made for number in range(1, len(keys))):
        raise StateError(
            f"This vault is of before the {name} key was rotated: bring it up to date with "
            f"'smartstart keys rotate {name}'."
        )


def _migrate(connection: sqlite3.Connection, vault: Vault) -> None:
    """Bring a vault of an earlier version up to date, all of it or nothing."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        raise StateError("This vault was made by a newer smartstart: install that version.")
    if version < _VERSION:
        connection.execute("BEGIN IMMEDIATE")
        if version < 1:
            vault.give_persons_their_keys()
        columns = {row[1] for row in connection.execute("PRAGMA table_info(identity)")}
        if "name" not in columns:
            connection.execute("ALTER TABLE identity ADD COLUMN name BLOB")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.commit()


def _seal(cipher: AESGCM, plain: bytes, *owner: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plain, _owned_by(*owner))


def _open(cipher: AESGCM, sealed: bytes, *owner: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _owned_by(*owner))
    except InvalidTag:
        raise StateError(
            "A record in the vault does not open: the key is not this vault's, or the record was moved or "
            "changed; restore the vault from its backup."
        ) from None


def _as_bytes(values: dict[str, str]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()


def _as_values(plain: bytes) -> dict[str, str]:
    values: dict[str, str] = json.loads(plain)
    return values


def _as_bsn(text: str) -> str | None:
    """Return the nine digits that a cell may mean as a BSN, also without its zeros, with points, or as 123.0."""
    shown = re.sub(r"[.,]0+$", "", text.strip())
    digits = "".join(str(unicodedata.decimal(one)) for one in shown if one.isdecimal())  # of any alphabet or width
    return digits.zfill(9) if 5 <= len(digits) <= 9 else None


def _name_of(research_id: str) -> tuple[str, str]:
    return ("name", research_id)


def _key_of(research_id: str) -> tuple[str, str]:
    return ("person_key", research_id)


def _owned_by(*parts: str) -> bytes:
    return json.dumps(["smartstart/1", *parts]).encode()
