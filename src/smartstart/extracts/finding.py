"""Find what was delivered in a folder: which file is of which contract, and whether the manifest promises it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from smartstart.errors import DataRefused

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Contract

SHEETS = (".xlsx", ".ods")
FORMATS = (".csv", ".txt", ".tsv", *SHEETS, ".parquet")
MANIFEST = "manifest.sha256"


@dataclass(frozen=True)
class DeliveredFolder:
    """A folder of extracts: the files of each contract, and what was there besides."""

    files: dict[str, list[Path]]
    others: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def all(self) -> list[tuple[str, Path]]:
        """Every file that is to be read, with the name of its contract."""
        return [(name, path) for name, paths in self.files.items() for path in paths]


def find_files(folder: Path, contracts: dict[str, Contract], wanted: set[str]) -> DeliveredFolder:
    """Match the files of a folder with contracts by name: ``personen.csv``, ``vragenlijst_08990011.xlsx``.

    ``wanted`` are the contracts that the pipeline reads; any other file is left unread and named in ``others``.
    A contract may have several files, such as one from each practice. Links out of the folder and unknown formats
    are faults.
    """
    if not folder.is_dir():
        raise DataRefused(f"'{folder}' is not a folder: name the folder that holds the extracts.")
    files: dict[str, list[Path]] = {}
    others: list[str] = []
    faults: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_dir() or path.name == MANIFEST:
            continue
        name = contract_of(path, contracts)
        if name not in wanted:
            others.append(_shown(path.name))
        elif not path.name.isprintable():  # a line break, or what a terminal obeys
            faults.append(f"{_shown(path.name)}: the name of the file holds what cannot be printed; rename it.")
        elif not path.is_file():
            faults.append(f"{path.name}: this is no ordinary file; put the file itself in the folder.")
        elif path.is_symlink():
            faults.append(f"{path.name}: this is a link to a file elsewhere; put the file itself in the folder.")
        elif path.suffix.lower() not in FORMATS:
            faults.append(f"{path.name}: the format is unknown; deliver CSV, XLSX, ODS or Parquet.")
        else:
            files.setdefault(name, []).append(path)
    return DeliveredFolder(files, tuple(others), (*faults, *_manifest_faults(folder)))


def contract_of(path: Path, contracts: dict[str, Contract]) -> str:
    """Return the contract that a file's name points to, or an empty string."""
    stem = path.stem.lower()
    for name, contract in contracts.items():
        if contract.incoming and (stem == name or stem.startswith((f"{name}_", f"{name}-", f"{name} ", f"{name}."))):
            return name
    return ""


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hex, without holding it in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def _manifest_faults(folder: Path) -> list[str]:
    """Hold the files against ``manifest.sha256`` (lines of checksum and name), when the sender gave one."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return []
    faults: list[str] = []
    listed: set[str] = set()
    for number, line in enumerate(manifest.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        expected, _, name = line.strip().partition(" ")
        name = name.strip().lstrip("*")
        path = folder / name
        if Path(name).name != name or len(expected) != 64:
            faults.append(f"{MANIFEST}, line {number}: not a checksum and a file name; ask the sender again.")
            continue
        listed.add(name)
        if not _is_there(path):
            faults.append(f"{MANIFEST}, line {number}: the file it names is not in the folder; deliver it.")
        elif checksum(path) != expected.lower():
            faults.append(f"{name}: not the bytes that {MANIFEST} promises; ask the sender to deliver again.")
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in FORMATS and path.name not in listed:
            faults.append(f"{path.name}: not listed in {MANIFEST}; ask the sender whether it belongs here.")
    return faults


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no disk could hold
        return False
