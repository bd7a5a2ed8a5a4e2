"""The ledgers of every release replay for ever, on each Python that the project supports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden"
SUPPORTED = ("3.11", "3.12", "3.13")


def interpreter(version: str) -> str | None:
    """Return a Python of this version: the running one, one on the PATH, or one that pyenv has."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which(f"python{version}"), *map(str, root.glob(f"versions/{version}.*/bin/python"))]
    for candidate in filter(None, found):
        asked = subprocess.run([candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True,
                               text=True, check=False)  # fmt: skip
        if asked.stdout.strip() == str(tuple(map(int, version.split(".")))):
            return candidate
    return None


def replayed(python: str) -> list[str]:
    done = subprocess.run([python, "-I", str(GOLDEN / "replay.py")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("version", SUPPORTED)
def test_the_golden_ledgers_replay_the_same_on_every_python(version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not present, so the golden ledgers were not replayed on it")
    lines = replayed(python)
    ledgers = len(list(GOLDEN.glob("*/*.jsonl")))
    assert len(lines) == ledgers >= 8
    assert all(line.split()[2] == "0" for line in lines), lines
    assert lines == replayed(sys.executable)
