"""Backups of a workspace: one file with what cannot be made again, held against its checksums when it is restored.

The databases in it are encrypted as they lie; the keys are not in it, and neither is what names people in plain text:
lists, which are made again, and extracts, which their sources have. A restored older state may not draw until a person
has held it against the newest head that is known elsewhere.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from smartstart import __version__, access, bookkeeping
from smartstart.crash_points import reached
from smartstart.errors import DataRefused, PolicyRefused, StateError
from smartstart.outputs import PARTIAL, PRIVATE_FILE, flush_folder, json_bytes, make_folder, write_file
from smartstart.statements import judge_statement
from smartstart.workspace import MARK, find_workspace

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

MANIFEST: Final = "manifest.json"
# Not extracts and lists: in plain text, and made again.
FILES: Final = (MARK, "programme.yaml", "warehouse.duckdb", "vault.sqlite", access.FILE)
FOLDERS: Final = ("ledger", "provenance", "releases", "models", "experiments", "instruments", "huisstijl")
_FORMAT: Final = "smartstart/backup/1"


@dataclass(frozen=True)
class Backup:
    """One backup: where it is, its checksum, what it holds, and until when it may be kept."""

    file: Path
    sha256: str
    files: int
    ledger_head: str
    expires_on: date

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "file": str(self.file), "expires_on": self.expires_on.isoformat()}


@dataclass(frozen=True)
class Restored:
    """A workspace made from a backup, and the last entry that its ledger has."""

    folder: Path
    made_on: date
    ledger_head: str


def make_backup(workspace: Workspace, out: Path, today: date) -> Backup:
    """Write a backup of the workspace to ``out`` and note it. Raises StateError when ``out`` lies within it."""
    if out.resolve().is_relative_to(workspace.folder.resolve()):
        raise StateError("--out lies in the workspace itself: a backup belongs on another disk.")
    expires = today + timedelta(days=workspace.programme.retention.backup_days)
    with workspace.open() as (warehouse, _vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        warehouse.run("CHECKPOINT")
        head = bookkeeping.head(warehouse) or ""
        content = {name: (workspace.folder / name).read_bytes() for name in _names(workspace.folder)}
        about = {
            "format": _FORMAT,
            "version": __version__,
            "made_on": today.isoformat(),
            "expires_on": expires.isoformat(),
            "workspace": workspace.workspace_id,
            "ledger_head": head,
            "files": {name: sha256(data).hexdigest() for name, data in content.items()},
        }
        packed = _packed({MANIFEST: json_bytes(about), **content})
        checksum = write_file(out, packed)
        reached("backup_written")
        row = {"made_on": today, "sha256": checksum, "path": str(out.resolve()), "ledger_head": head}
        with warehouse.transaction():
            warehouse.insert_rows("backup", [row | {"expires_on": expires, "destroyed_on": None}])
    return Backup(out, checksum, len(content), head, expires)


def restore(file: Path, folder: Path, today: date) -> Restored:
    """Make a workspace in ``folder`` from a backup; it may not draw until ``reconcile``.

    Raises DataRefused when the file is no whole backup, StateError when the folder is not empty or a key is missing;
    then nothing is left behind that could pass for a workspace.
    """
    about, content = _unpacked(file)
    if folder.exists() and any(folder.iterdir()):
        raise StateError(
            f"'{folder}' is not empty: restore into a new folder, and compare before you replace anything."
        )
    place = folder.resolve()  # also of "."
    building = place.with_name(f"{PARTIAL}{place.name}")
    shutil.rmtree(building, ignore_errors=True)  # of a restore that was cut off
    try:
        for name, data in content.items():
            write_file(make_folder(building) / name, data)
        make_folder(building / "tmp")
        workspace = find_workspace(building)
        with workspace.open_warehouse() as warehouse:  # its vault may be of before a rotation
            head, made = bookkeeping.head(warehouse) or "", date.fromisoformat(about["made_on"])
            if head != about["ledger_head"]:
                raise DataRefused(
                    f"{file.name}: its ledger ends otherwise than its manifest says; take another backup."
                )
            bookkeeping.refuse_foreign_ledger(workspace, warehouse)
            row = {"restored_on": today, "made_on": made, "ledger_head": head}
            with warehouse.transaction():
                warehouse.insert_rows("restoration", [row | dict.fromkeys(("reconciled_on", "owner", "reason"))])
        reached("restored_not_in_place")
        if place.is_dir():
            place.rmdir()  # an empty folder in its place
        building.rename(place)  # last: until it waits to be reconciled it stands nowhere as a workspace
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    flush_folder(place.parent)
    return Restored(folder, made, head)


def reconcile(workspace: Workspace, head: str, *, owner: str, reason: str, today: date) -> None:
    """Let a restored workspace draw again: ``head`` is the newest that is known elsewhere, and is its own last one.

    Raises PolicyRefused when the workspace lacks what was done up to that head; StateError when nothing was restored.
    """
    judge_statement("--owner", owner)
    judge_statement("--reason", reason)
    with workspace.open_warehouse() as warehouse:
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        if not awaits(warehouse):
            raise StateError("This workspace waits for nothing: it was not restored, or was reconciled before.")
        own = bookkeeping.head(warehouse) or ""
        if head.strip().lower() != own:
            known = any(entry.hash == head.strip().lower() for entry in bookkeeping.read_ledger(warehouse).entries)
            raise PolicyRefused(
                "This head is not the last one here: give the newest that is known elsewhere."
                if known
                else "The ledger here does not have this head: women may have been drawn after this backup was made; "
                "restore a newer one."
            )
        done = {"day": today, "owner": owner, "reason": reason}
        with warehouse.transaction():
            warehouse.run(
                "UPDATE restoration SET reconciled_on = $day, owner = $owner, reason = $reason"
                " WHERE reconciled_on IS NULL",
                done,
            )


def awaits(warehouse: Warehouse) -> bool:
    """Tell whether this workspace was restored and not reconciled yet."""
    return bool(warehouse.rows("SELECT 1 AS one FROM restoration WHERE reconciled_on IS NULL LIMIT 1"))


def refuse_restored(warehouse: Warehouse) -> None:
    """Raise PolicyRefused while a restored older state was not held against what is known elsewhere."""
    if awaits(warehouse):
        raise PolicyRefused(
            "Nobody is drawn in a restored workspace before it is reconciled: hold its head against the newest that is "
            "known elsewhere with 'smartstart reconcile --head H'."
        )


def backups(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return the backups that were not destroyed, the oldest first."""
    return warehouse.rows("SELECT * FROM backup WHERE destroyed_on IS NULL ORDER BY made_on, sha256")


def _names(folder: Path) -> list[str]:
    """Return what the program itself keeps in a workspace; nothing that somebody put there, such as a sheet."""
    whole = (path for name in FOLDERS for path in sorted((folder / name).rglob("*")))
    found = [path for path in (*(folder / name for name in FILES), *whole) if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in found]


def _packed(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), PRIVATE_FILE
            packed.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def _unpacked(file: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest and the files of a backup, each held against its checksum."""
    damaged = DataRefused(f"{file.name}: this is no whole backup of smartstart; take another.")
    try:
        with tarfile.open(file, mode="r:") as packed:
            entries = packed.getmembers()
            # a sparse entry says how many zeros to write, and could fill the memory with them
            if any(not entry.isfile() or entry.issparse() or not _is_safe(entry.name) for entry in entries):
                raise damaged
            content = {entry.name: opened.read() for entry in entries if (opened := packed.extractfile(entry))}
        about = json.loads(content.pop(MANIFEST))
        sums = {name: sha256(data).hexdigest() for name, data in content.items()}
        if about["format"] != _FORMAT or about["files"] != sums or MARK not in content:
            raise damaged
        date.fromisoformat(about["made_on"])
        about["ledger_head"].lower()
    except (
        tarfile.TarError,
        OSError,
        EOFError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ):  # fmt: skip - tarfile raises what its arithmetic raises
        raise damaged from None
    return about, content


def _is_safe(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and not {"\\", ":", "\x00"} & {*name}
