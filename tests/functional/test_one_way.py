"""One way to do a thing: each is done in the places named here, and a second way is a decision to write down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import smartstart

SOURCE = Path(smartstart.__file__).parent
# what is done, how it looks, and where it may stand
WAYS: dict[str, tuple[str, set[str]]] = {
    "the clock is asked": (r"datetime\.now\(|date\.today\(|utcnow\(|\btime\.time\(", {"clock.py"}),
    "people are made up by chance": (r"^\s*(import random|from random)", {"synthetic/chance.py"}),
    "a secret is drawn": (
        r"^\s*(import|from) secrets|os\.urandom",
        {"identity/keys.py", "identity/vault.py", "sealing.py", "second_officer.py", "new_workspace.py", "recording.py",
         "modelling/history.py"},
    ),
    "a generator has no seed": (r"default_rng\(\)", set()),
    "a date of a file is parsed": (r"strptime\(|\.to_date\(", {"contracts/values.py"}),
    "DuckDB is opened": (r"duckdb\.connect", {"engine.py"}),
    "DuckDB is locked": (r"lock_configuration|enable_external_access", {"engine.py"}),
    "SQLite is opened": (r"sqlite3\.connect", {"identity/vault.py"}),
    "a file is written": (r"write_text\(|write_bytes\(|(?<!tarfile\.)open\([^)]*[\"']w", {"outputs.py"}),
    "JSON is written for people": (r"json\.dumps\([^\n]*indent=", {"outputs.py", "cli/show.py"}),
    "a table is drawn on screen": (r"^\s*from rich", {"cli/show.py"}),
    "YAML is read": (r"yaml\.load|yaml\.safe_load|SafeLoader", {"resources.py"}),
}  # fmt: skip


@pytest.mark.parametrize("what", WAYS)
def test_each_thing_is_done_in_its_own_place_alone(what: str) -> None:
    pattern, places = WAYS[what]
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(pattern, path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == places
