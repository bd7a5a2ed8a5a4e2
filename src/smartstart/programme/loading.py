"""Find and read a programme: a shipped one by its name, or a file of one's own."""

from __future__ import annotations

from pathlib import Path

from smartstart.errors import UsageError, nearest
from smartstart.programme.records import read_record
from smartstart.programme.rules import judge
from smartstart.programme.sections import Programme
from smartstart.resources import shipped


def programme_file(name: str) -> Path:
    """Return the file of a shipped programme by its name, or of a YAML file of one's own. Raises UsageError."""
    shipped_ones = {path.stem: path for path in sorted((shipped("configs") / "programmes").glob("*.yaml"))}
    if name in shipped_ones:
        return shipped_ones[name]
    if name.endswith((".yaml", ".yml")) and Path(name).is_file():
        return Path(name)
    hint = nearest(name, list(shipped_ones))
    raise UsageError(
        f"--programme: '{name}' is unknown{hint}; there are {', '.join(shipped_ones)}, or name a YAML file."
    )


def load_programme(path: Path) -> Programme:
    """Read a programme file. Raises UsageError that names the key and its place."""
    programme: Programme = read_record(path, Programme)
    judge(programme, path.name)
    return programme
