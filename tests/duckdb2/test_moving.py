"""A workspace that one version of DuckDB made goes on under the other, in both directions, and is made anew."""

from __future__ import annotations

import os
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pytest
from harness import Done, Town, documents, ok, quarterly, town_of

from smartstart.identity.keys import read_key
from smartstart.warehouse.cipher import load_cipher
from smartstart.warehouse.warehouse import rebuild
from smartstart.workspace import find_workspace

pytestmark = pytest.mark.skipif(
    duckdb.__version__.startswith("1."), reason="this is DuckDB 1: 'make duckdb2' runs it under both versions"
)
# the environment to which this one is joined, with the version that users have
OTHER = Path(pytest.__file__).parents[4] / "bin" / "smartstart"


def asked_of_the_other(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([OTHER, *map(str, words)], capture_output=True, text=True, check=False, env={**os.environ})


def with_the_other(*words: object) -> Done:
    done = asked_of_the_other(*words)
    assert done.returncode == 0, done.stderr
    return Done(("other",), done.returncode, done.stdout, done.stderr)


def begun(place: Path, town: Town) -> Path:
    """Return a workspace with a first quarter, both made under the version that users have."""
    folder, first = place / "workspace", town.write(place / "2024Q1")
    with_the_other("init", folder, "--rehearsal")
    asked = ("--extracts", first, "--period", "2024Q1", "--as-of", "2024-04-02")
    with_the_other("run", "quarterly", *asked, "-w", folder)
    return folder


def test_a_workspace_goes_on_under_the_next_version_and_back(tmp_path: Path) -> None:
    town = town_of(24)
    folder = begun(tmp_path, town)
    for nth in range(25, 41):
        town.woman(nth, filled=date(2024, 5, 13))
    second = town.write(tmp_path / "2024Q2")
    before = with_the_other("status", "--json", "-w", folder).json
    lists = documents(folder)

    assert ok("status", "--json", w=folder).json == before
    done = quarterly(folder, second, "2024Q2", "2024-07-02")
    assert done.code == 0, done.err
    assert done.json["allocated"]["offer"] > 0
    assert {name: content for name, content in documents(folder).items() if "2024Q1" in name} == {
        name: content for name, content in lists.items() if "2024Q1" in name
    }

    assert with_the_other("status", "--json", "-w", folder).json == ok("status", "--json", w=folder).json != before
    assert with_the_other("trial", "verify", "--json", "-w", folder).json["ok"]


def test_a_file_that_the_next_version_made_anew_is_read_by_the_one_before(tmp_path: Path) -> None:
    folder = begun(tmp_path, town_of(24))
    workspace = find_workspace(folder)
    told = with_the_other("status", "--json", "-w", folder).json
    made = rebuild(workspace.warehouse_file, read_key(workspace.keys_folder, "warehouse"))
    assert made.rows > 0
    assert with_the_other("status", "--json", "-w", folder).json == told == ok("status", "--json", w=folder).json


def test_a_file_in_the_form_of_the_next_version_is_refused_by_what_it_is(tmp_path: Path) -> None:
    folder = begun(tmp_path, town_of(2))
    workspace = find_workspace(folder)
    key = read_key(workspace.keys_folder, "warehouse")
    workspace.warehouse_file.unlink()
    with duckdb.connect() as connection:
        load_cipher(connection)
        connection.execute(f"ATTACH '{workspace.warehouse_file}' AS fresh (ENCRYPTION_KEY '{key.hex()}')")
    assert asked_of_the_other("status", "-w", folder).stderr == (
        "Error: 'warehouse.duckdb' was written by a newer DuckDB: install the smartstart that has it.\n"
    )
