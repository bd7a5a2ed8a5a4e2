"""The vault: the only place where a research id meets a person.

An SQLite file of its own. It links keyed pseudonyms to random research ids, and holds contact data and rows in
quarantine, each encrypted with AES-256-GCM under the vault key with its owner as associated data, so that a record
moved to another owner does not open.

The vault is written before the warehouse commits. Every record names its delivery; what belongs to a delivery that
the warehouse does not know was left by an interrupted run, and the next run removes it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartstart.errors import StateError
from smartstart.identity.pseudonyms import pseudonym

_NONCE_BYTES = 12
_TABLES = """
CREATE TABLE IF NOT EXISTS made_with (pseudonym_key TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS identity (
    pseudonym TEXT PRIMARY KEY, research_id TEXT NOT NULL UNIQUE, delivery_id TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS contact (
    research_id TEXT NOT NULL, kind TEXT NOT NULL, delivery_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (research_id, kind, delivery_id)
) STRICT;
CREATE TABLE IF NOT EXISTS quarantined (
    delivery_id TEXT NOT NULL, file TEXT NOT NULL, row INTEGER NOT NULL, keep_until TEXT NOT NULL,
    sealed BLOB NOT NULL, PRIMARY KEY (delivery_id, file, row)
) STRICT;
"""


@dataclass(frozen=True)
class Contact:
    """Contact data of one person: ``kind`` is 'person', or 'client/' and the AGB code of the practice."""

    research_id: str
    kind: str
    values: dict[str, str]


class Vault:
    """An open vault. Use ``open_vault``; one process at a time, under the warehouse's lock."""

    def __init__(self, connection: sqlite3.Connection, vault_key: bytes, pseudonym_key: bytes) -> None:
        self._connection = connection
        self._cipher = AESGCM(vault_key)
        self._pseudonym_key = pseudonym_key

    def known_ids(self, bsns: Iterable[str]) -> dict[str, str]:
        """Return BSN -> research id for those who have one."""
        wanted = {pseudonym(self._pseudonym_key, bsn): bsn for bsn in set(bsns)}
        found = self._connection.execute("SELECT pseudonym, research_id FROM identity")
        return {wanted[name]: research_id for name, research_id in found if name in wanted}

    def research_ids(self, bsns: Iterable[str], delivery_id: str) -> dict[str, str]:
        """Return BSN -> research id, giving a random one to who has none yet."""
        bsns = set(bsns)
        ids = self.known_ids(bsns)
        new = {bsn: f"R{secrets.token_hex(8)}" for bsn in sorted(bsns - ids.keys())}
        rows = [(pseudonym(self._pseudonym_key, bsn), new[bsn], delivery_id) for bsn in new]
        self._connection.executemany("INSERT INTO identity VALUES (?, ?, ?)", rows)
        return ids | new

    def pseudonyms(self, research_ids: Iterable[str]) -> dict[str, str]:
        """Return research id -> pseudonym."""
        wanted = set(research_ids)
        rows = self._connection.execute("SELECT research_id, pseudonym FROM identity")
        return {research_id: name for research_id, name in rows if research_id in wanted}

    def store_contacts(self, contacts: Iterable[Contact], delivery_id: str, sequence: int) -> None:
        """Store contact data of one delivery; the highest ``sequence`` is the current one."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO contact VALUES (?, ?, ?, ?, ?)",
            (
                (c.research_id, c.kind, delivery_id, sequence, self._seal(c.values, c.research_id, c.kind))
                for c in contacts
            ),
        )

    def contact(self, research_id: str, kind: str) -> dict[str, str]:
        """Return the current contact data of one person; empty when there are none. Raises StateError."""
        row = self._connection.execute(
            "SELECT sealed FROM contact WHERE research_id = ? AND kind = ? ORDER BY sequence DESC LIMIT 1",
            (research_id, kind),
        ).fetchone()
        return self._open(row[0], research_id, kind) if row else {}

    def store_quarantined(self, delivery_id: str, file: str, rows: dict[int, dict[str, str]], keep_until: date) -> None:
        """Store the content of rows in quarantine until a day; ``rows`` is record number -> header -> text."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO quarantined VALUES (?, ?, ?, ?, ?)",
            (
                (
                    delivery_id,
                    file,
                    row,
                    keep_until.isoformat(),
                    self._seal(values, delivery_id, file, str(row)),
                )
                for row, values in rows.items()
            ),
        )

    def remove_leftovers(self, deliveries: set[str], today: date) -> None:
        """Remove what interrupted runs left, contact data that newer data replaced, and quarantine past its day."""
        known = [(delivery,) for delivery in sorted(deliveries)]
        run = self._connection.execute
        run("CREATE TEMP TABLE IF NOT EXISTS known (delivery_id TEXT PRIMARY KEY)")
        run("DELETE FROM known")
        self._connection.executemany("INSERT INTO known VALUES (?)", known)
        for table in ("identity", "contact", "quarantined"):
            run(f"DELETE FROM {table} WHERE delivery_id NOT IN (SELECT delivery_id FROM known)")
        run(
            "DELETE FROM contact WHERE EXISTS (SELECT 1 FROM contact AS newer WHERE newer.kind = contact.kind"
            " AND newer.research_id = contact.research_id AND newer.sequence > contact.sequence)"
        )
        run("DELETE FROM quarantined WHERE keep_until < ?", (today.isoformat(),))
        self._connection.commit()

    def commit(self) -> None:
        """Make what was stored lasting; to be called before the warehouse commits."""
        self._connection.commit()

    def _seal(self, values: dict[str, str], *owner: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = json.dumps(values, ensure_ascii=False).encode()
        return nonce + self._cipher.encrypt(nonce, plain, _owned_by(*owner))

    def _open(self, sealed: bytes, *owner: str) -> dict[str, str]:
        try:
            plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _owned_by(*owner))
        except InvalidTag:
            raise StateError(
                "A record in the vault does not open: the key is not this vault's, or the record was moved or "
                "changed; restore the vault from its backup."
            ) from None
        values: dict[str, str] = json.loads(plain)
        return values


@contextmanager
def open_vault(path: Path, vault_key: bytes, pseudonym_key: bytes) -> Iterator[Vault]:
    """Open (or make) the vault; what was not committed is rolled back. Raises StateError when it is damaged."""
    connection = sqlite3.connect(path, isolation_level="DEFERRED")
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_TABLES)
        path.chmod(0o600)
        _refuse_other_key(connection, pseudonym_key)
        yield Vault(connection, vault_key, pseudonym_key)
    except sqlite3.DatabaseError:
        raise StateError(f"'{path.name}' is damaged or in use: restore it from its backup, or wait.") from None
    finally:
        connection.close()


def _refuse_other_key(connection: sqlite3.Connection, key: bytes) -> None:
    """Hold the key to the pseudonyms that were made with it: another one would make every woman a stranger."""
    mark = pseudonym(key, "mark of the key")
    made = connection.execute("SELECT pseudonym_key FROM made_with").fetchone()
    if made is None:
        connection.execute("INSERT INTO made_with VALUES (?)", (mark,))
        connection.commit()
    elif made[0] != mark:
        raise StateError("The pseudonym key is not the one that this vault was made with: restore that key.")


def _owned_by(*parts: str) -> bytes:
    return json.dumps(["smartstart/1", *parts]).encode()
