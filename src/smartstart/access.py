"""The access log: who opened which level of the data, when, with which command; nothing else, and nobody's data.

One line of JSON for each command and level, in the workspace. It says that somebody looked, never at whom.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from getpass import getuser
from pathlib import Path
from typing import Final, Literal

from smartstart import clock
from smartstart.errors import StateError
from smartstart.outputs import PRIVATE_FILE, write_file

Level = Literal["pseudonymised", "identified"]  # the warehouse alone; the vault too, with names and numbers

FILE: Final = "access.jsonl"
_FIELDS: Final = ("at", "user", "command", "level")
_command: ContextVar[str] = ContextVar("command", default="python")
_noted: ContextVar[frozenset[tuple[str, str]]] = ContextVar("noted", default=frozenset())


@dataclass(frozen=True)
class Access:
    """One line: when (UTC), which user of the operating system, which command, and which level of the data."""

    at: datetime
    user: str
    command: str
    level: str

    def as_dict(self) -> dict[str, str]:
        """Return plain JSON values."""
        return {**vars(self), "at": self.at.isoformat(timespec="seconds")}


def begin(command: str) -> None:
    """Say which command is at work from here on; it holds no argument of it, which may name somebody."""
    _command.set(command)
    _noted.set(frozenset())


def note(folder: Path, level: Level) -> None:
    """Append that this command opens data of a level in a workspace, once. Raises StateError when it cannot be told."""
    place = (str(folder), level)
    if place in _noted.get():
        return
    entry = Access(clock.now(), _user(), _command.get(), level)
    try:
        opened = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        try:
            os.write(opened, as_lines([entry]))
        finally:
            os.close(opened)
    except OSError as fault:
        raise StateError(
            f"The access log '{folder / FILE}' cannot be written ({fault.strerror}), and nothing is read without it: "
            "mend the permissions, or make room."
        ) from None
    _noted.set(_noted.get() | {place})


def read_log(folder: Path) -> list[Access]:
    """Return the log, the oldest first. Raises StateError when a line is no entry."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            raw = json.loads(line)
            found.append(Access(datetime.fromisoformat(raw["at"]), *(str(raw[name]) for name in _FIELDS[1:])))
        except (ValueError, KeyError, TypeError):
            raise StateError(f"{FILE}, line {number}: this is no entry; restore the log from a backup.") from None
    return found


def keep_since(folder: Path, first: date) -> int:
    """Destroy the entries of before a day; returns how many."""
    entries = read_log(folder)
    kept = [entry for entry in entries if entry.at.date() >= first]
    if len(kept) < len(entries):
        write_file(folder / FILE, as_lines(kept))
    return len(entries) - len(kept)


def as_lines(entries: Iterable[Access]) -> bytes:
    """Return entries as the file holds them."""
    return "".join(f"{json.dumps(entry.as_dict())}\n" for entry in entries).encode()


def as_csv(entries: Iterable[Access]) -> bytes:
    """Return entries as CSV; no cell of it can be taken for a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(_FIELDS)
    for entry in entries:
        writer.writerow(f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in entry.as_dict().values())
    return text.getvalue().encode()


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"
