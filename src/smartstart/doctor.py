"""``smartstart doctor``: what could stop tomorrow's run, and how to mend it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from smartstart import __version__
from smartstart.approved import champion, open_model, read_approved
from smartstart.designing import design_of
from smartstart.errors import SmartstartError
from smartstart.identity.keys import KEY_NAMES, key_file, read_key, readable_by_others
from smartstart.reading_copy import FOLDER, refuse_altered
from smartstart.scaling.session import refuse_without_spark
from smartstart.trial.allocation import key_commitment
from smartstart.workspace import Workspace, find_workspace

LEAST_FREE_BYTES = 1024**3
_LIBRARIES = (
    "duckdb",
    "duckdb-extension-httpfs",
    "polars",
    "pandera",
    "pyarrow",
    "cryptography",
    "typst",
    "pandas",
    "scikit-learn",
    "skops",
    "mlflow-skinny",
    "matplotlib",
    "typer",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``found`` says what to do when it is not well."""

    what: str
    well: bool
    found: str


def examine(folder: Path) -> list[Finding]:
    """Look at the installation and at a workspace; never raises for what it finds."""
    findings = [_python(), *_versions()]
    try:
        workspace = find_workspace(folder)
    except SmartstartError as fault:
        return [*findings, Finding("workspace", False, str(fault))]
    return [
        *findings,
        *_keys(workspace),
        *_modes(workspace),
        _room("disk", workspace.folder),
        _room_for_waiting(),
        _programme(workspace),
        *_spark(workspace),
        *_database(workspace),
        _reading_copy(workspace),
    ]


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", (3, 11) <= sys.version_info[:2] <= (3, 13), f"{running} (3.11 to 3.13 are tested)")


def _versions() -> list[Finding]:
    findings = [Finding("smartstart", True, __version__)]
    for name in _LIBRARIES:
        try:
            findings.append(Finding(name, True, version(name)))
        except PackageNotFoundError:
            findings.append(Finding(name, False, "not installed: install from requirements.lock"))
    return findings


def _keys(workspace: Workspace) -> list[Finding]:
    folder, findings = workspace.keys_folder, []
    for name in KEY_NAMES:
        if name == "tombstone" and not key_file(folder, name).exists():
            continue  # the first erasure makes it; if there was one, the vault below does not open without it
        try:
            read_key(folder, name)
            findings.append(Finding(f"{name} key", True, "present, for its owner only"))
        except SmartstartError as fault:
            findings.append(Finding(f"{name} key", False, str(fault)))
    try:
        kept = key_commitment(read_key(folder, "allocation")) == workspace.commitment
        findings.append(
            Finding(
                "key of the draw", kept, "as committed to at init" if kept else "not the one of init: restore that key"
            )
        )
    except SmartstartError:
        pass  # told above
    apart = not folder.resolve().is_relative_to(workspace.folder)
    where = "apart from the data" if apart else "inside the workspace: move it out and set SMARTSTART_KEYS"
    return [*findings, Finding("folder of keys", apart, where)]


def _modes(workspace: Workspace) -> list[Finding]:
    files = [path for path in workspace.folder.rglob("*") if path.is_file() and "extracts" not in path.parts]
    keys = sorted(workspace.keys_folder.glob("*.key"))  # the numbered ones too
    open_ones = [path for path in [*files, *keys] if path.exists() and readable_by_others(path)]
    if not open_ones:
        return [Finding("file modes", True, "only their owner can read the files")]
    return [Finding("file modes", False, f"'{path}' can be read by others: chmod 600") for path in open_ones[:10]]


def _room_for_waiting() -> Finding:
    """Look at the disk on which the rows of a large file wait."""
    what = "disk of temporary files"
    try:
        return _room(what, Path(tempfile.gettempdir()))
    except OSError:
        return Finding(what, False, "no folder can be written: set TMPDIR to one that can")


def _room(what: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    return Finding(what, free >= LEAST_FREE_BYTES, f"{free / 1024**3:.0f} GiB free (at least 1 is needed)")


def _programme(workspace: Workspace) -> Finding:
    try:
        missing = workspace.programme.mandate.missing
        design_of(workspace.programme)
    except SmartstartError as fault:
        return Finding("programme", False, str(fault))
    if not (workspace.programme.contact.phone or workspace.programme.contact.email):
        return Finding("programme", False, "contact has neither phone nor e-mail: a midwife cannot reach anybody")
    if missing and not workspace.rehearsal:
        return Finding("programme", False, f"nobody may be drawn: fill in under mandate {', '.join(missing)}")
    return Finding("programme", True, "a rehearsal" if workspace.rehearsal else "complete")


def _spark(workspace: Workspace) -> list[Finding]:
    """Tell whether what ``engine: spark`` needs is there; nothing for who does not use it."""
    try:
        programme = workspace.programme
        if programme.engine != "spark":
            return []
        refuse_without_spark()
    except SmartstartError as fault:
        return [Finding("Spark", False, str(fault))]
    folder = Path(programme.spark_folder)
    there = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    told = (
        "PySpark, sqlglot and Java are there"
        if there
        else f"'{folder}' cannot be used: make it, or mend its permissions"
    )
    return [Finding("Spark", there, told)]


def _database(workspace: Workspace) -> list[Finding]:
    try:
        with workspace.open() as (warehouse, _):
            in_use = champion(warehouse)
    except SmartstartError as fault:
        return [Finding("warehouse and vault", False, str(fault))]
    opened = Finding("warehouse and vault", True, "open with their keys; nobody else is at work")
    return [opened, *([_model(workspace, in_use)] if in_use else [])]


def _reading_copy(workspace: Workspace) -> Finding:
    if not (workspace.folder / FOLDER).is_dir():
        return Finding("reading copy", True, "not there: the next run makes it")
    try:
        return Finding("reading copy", True, f"whole, of run {refuse_altered(workspace)}")
    except SmartstartError as fault:
        return Finding("reading copy", False, str(fault))


def _model(workspace: Workspace, in_use: dict[str, Any]) -> Finding:
    try:
        open_model(read_approved(workspace, in_use["sha256"]))
    except SmartstartError as fault:
        return Finding("approved model", False, str(fault))
    return Finding("approved model", True, f"{in_use['label']}, the file that was approved on {in_use['approved_on']}")
