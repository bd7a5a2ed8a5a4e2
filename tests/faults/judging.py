"""What must hold after a fault, whatever it was: FAILURES, I1 to I8.

A scenario is one command on a prepared workspace. It is given undisturbed once, to see how it ends; then again and
again, each time with one fault. After each the invariants hold, the same command finishes the job, and a third time
changes nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness import Done, arms, bsn, documents, listed, ok, smartstart
from pyarrow.parquet import read_metadata

from smartstart.crash_points import watched
from smartstart.errors import StateError
from smartstart.reading_copy import FOLDER, files_of, refuse_altered
from smartstart.releasing import has_run
from smartstart.workspace import MARK, find_workspace

DOCUMENTED: Final = frozenset({0, 1, 2, 3, 4, 5, 130, 127})  # 127: the loader could not open Python itself
NAMES: Final = re.compile(rb"Proefstra|Testdreef|C0000\d\d")
WORKSPACE: Final = "w"  # where the copy lies that a fault is tried on, beside the starting point
DONE_BEFORE: Final = ("already", "is not empty", "the trial was closed")  # how a command is refused whose job is done


@dataclass(frozen=True)
class Scenario:
    """A command on a workspace: ``prepare`` makes the workspace that it begins with, and returns its words.

    ``{w}`` stands in them for the workspace. ``makes`` is the workspace within it that the command makes; ``typed`` is
    what is typed. What ``again`` does is done once more: its third time is not held against the second.
    """

    name: str
    prepare: Callable[[Path], tuple[str, ...]]
    erases: int | None = None  # the woman of the town whom it erases
    makes: str = ""
    typed: str | None = None
    again: bool = False


@dataclass
class Tally:
    """What came of the faults of one scenario."""

    tried: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Prepared:
    """A scenario made ready once: its starting point, what it passes undisturbed, and how it ends then."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        self.start = folder / "start"
        self.words = scenario.prepare(self.start)
        self.keys = Path(os.environ["SMARTSTART_KEYS"]) / find_workspace(self.start).workspace_id
        self.saved_keys = folder / "keys"
        shutil.copytree(self.keys, self.saved_keys)
        self.points: list[str] = []  # the named crash points that the command passes, in order
        control = self.fresh()
        with watched(self.points.append):
            done = self.given(control)
        assert done.code == 0, f"{scenario.name}: {done.err}"
        self.ends = state(control, scenario)

    def fresh(self) -> Path:
        """Return a copy of the starting point, always at the same place, and put the keys back as they were then."""
        place = self.folder / WORKSPACE
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.start, place)
        shutil.rmtree(self.keys)
        shutil.copytree(self.saved_keys, self.keys)
        return place

    def words_in(self, workspace: Path) -> list[str]:
        """Return the command's words for a workspace."""
        return [word.replace("{w}", str(workspace)) for word in self.words]

    def given(self, workspace: Path) -> Done:
        """Give the command, undisturbed, in this process."""
        return smartstart(*self.words_in(workspace), typed=self.scenario.typed)

    def survived(self, workspace: Path) -> Iterator[str]:
        """Yield what does not hold after a fault, and after the same command once and twice more."""
        yield from unsound(workspace, self.scenario, complete=False)
        again = self.given(workspace)
        if again.code != 0 and not any(words in again.err for words in DONE_BEFORE):
            yield f"the same command then gave {again.code}: {again.err.strip()}"
            return
        yield from unsound(workspace, self.scenario, complete=True)
        if state(workspace, self.scenario) != self.ends:
            yield "the same command did not finish the job"
        if self.scenario.again:
            return
        before = documents(workspace)
        self.given(workspace)
        changed = {name for name in documents(workspace) if before.get(name) != documents(workspace)[name]}
        if {name for name in changed if name.startswith(("lists/", "ledger/", f"{FOLDER}/"))}:
            yield "a third time changed what was written"


def told_badly(code: int, said: str) -> Iterator[str]:
    """Yield what is wrong with how a command ended that was not killed."""
    if code not in DOCUMENTED:
        yield f"exit code {code}"
    if "Traceback" in said or "unexpected fault" in said or NAMES.search(said.encode()):
        yield "a traceback, an unexpected fault or a value on the screen"


def state(workspace: Path, scenario: Scenario) -> tuple[object, ...]:
    """Return what a command leads to, apart from what is random: arms, lists, what was loaded, what was recorded."""
    place = workspace / scenario.makes
    found = ok("status", "--json", w=place).json
    files = [
        {name: value for name, value in file.items() if name != "sha256"}
        for period in found["periods"]
        for file in period["files"]
    ]
    known = None
    with find_workspace(place).open() as (warehouse, vault):
        if scenario.erases:
            known = bool(vault.known_ids([bsn(scenario.erases)]))
        recorded = [
            warehouse.rows("SELECT what, amount, searched_bytes > 0 AS done FROM destruction ORDER BY ALL"),
            warehouse.rows("SELECT destroyed_on IS NULL AS kept FROM backup GROUP BY ALL ORDER BY ALL"),
            warehouse.rows("SELECT reconciled_on FROM restoration"),
            warehouse.rows("SELECT kind, happened_on, source FROM event ORDER BY ALL"),
            warehouse.rows("SELECT DISTINCT label, horizon_months FROM approved_model ORDER BY ALL"),
        ]
    periods = [period["period"] for period in found["periods"]]
    return arms(place), listed(place), periods, files, known, recorded


def unsound(workspace: Path, scenario: Scenario, *, complete: bool) -> Iterator[str]:
    """Yield which invariants do not hold; what only a finished job has is asked when it is ``complete``."""
    place = workspace / scenario.makes
    if not (place / MARK).exists():
        if complete:
            yield "I8: no workspace was made"
        return  # what is not there yet cannot pass for a workspace
    if not complete and any(find_workspace(place).keys_folder.glob("*-next.key")):
        yield from named_outside(workspace)  # no command works until the rotation is finished
        return
    verified = smartstart("trial", "verify", "--json", w=place)
    faults = json.loads(verified.out)["faults"] if verified.out else [verified.err.strip()]
    whole = complete and not scenario.makes  # a restored workspace has no lists yet
    yield from (f"I4 or I7: {one}" for one in faults if whole or not one.startswith(("lists/", "ledger/")))
    status = ok("status", "--json", w=place).json
    for period in status["periods"]:
        for file in period["files"]:
            parts = ("accepted", "quarantined", "duplicates", "superseded", "refused")
            if file["rows_in"] != sum(file[part] for part in parts):
                yield "I1: rows in are not the sum of their ways"
    with find_workspace(place).open() as (warehouse, _vault):
        drawn = warehouse.rows("SELECT count(*) AS n, count(DISTINCT token) AS women FROM allocation")[0]
        people = warehouse.rows("SELECT count(DISTINCT research_id) AS women FROM allocation")[0]
    if not drawn["n"] == drawn["women"] == people["women"]:
        yield "I2: a woman was drawn twice"
    yield from _copied_wrongly(place, whole=whole)
    yield from named_outside(workspace)


def _copied_wrongly(place: Path, *, whole: bool) -> Iterator[str]:
    """Yield what is wrong with the reading copy: a torn table, or, of a job that is finished, another state."""
    for path in sorted((place / FOLDER).glob("*.parquet")):
        read_metadata(path)  # raises for a file that is not whole
    workspace = find_workspace(place)
    with workspace.open_warehouse() as warehouse:
        wanted = files_of(workspace, warehouse)
        if not (whole and has_run(warehouse)):
            return
    try:
        refuse_altered(workspace)
    except StateError as fault:
        yield f"I7: {fault}"
    if any((place / FOLDER / name).read_bytes() != content for name, content in wanted.items()):
        yield "I8: the reading copy is not of what is stored"


def named_outside(workspace: Path) -> Iterator[str]:
    """Yield I6: the files in which a name or number of a person stands, but for lists and extracts."""
    for path in sorted(workspace.rglob("*")):
        own = path.relative_to(workspace).as_posix()
        if path.is_file() and not own.startswith(("lists/", "extracts/")):
            content = path.read_bytes()
            if NAMES.search(content) or any(bsn(nth).encode() in content for nth in range(1, 25)):
                yield f"I6: {own} names somebody"
