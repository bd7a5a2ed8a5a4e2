"""Faults injected into system calls with strace, and what must hold after each.

A scenario is one command on a prepared workspace. It is run once to count its system calls; then again and again, each
time with one fault at one call: killed there, the disk full from there on, or one input/output error. After each the
invariants hold (FAILURES: I1 to I8), the same command finishes the job, and a third time changes nothing.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness import arms, bsn, documents, listed, ok, smartstart

from smartstart.workspace import find_workspace

# How each kind of call can fail; ENOSPC from that call on, as a full disk stays full.
FAULTS: Final = {
    "pwrite64": ("KILL", "ENOSPC", "EIO"),
    "write": ("KILL", "ENOSPC", "EIO"),
    "fdatasync": ("KILL", "EIO"),
    "fsync": ("KILL", "EIO"),
    "rename": ("KILL", "ENOSPC", "EIO"),
    "unlink": ("KILL", "EIO"),
    "openat": ("KILL", "ENOSPC", "EIO"),
}
DOCUMENTED: Final = frozenset({0, 1, 2, 3, 4, 5, 130, 127})  # 127: the loader could not open Python itself
NAMES: Final = re.compile(rb"Proefstra|Testdreef|C0000\d\d")
_CALL: Final = re.compile(r"^(\d+) +(\w+)\((.*)$")


@dataclass(frozen=True)
class Scenario:
    """A command on a workspace: ``words`` are its arguments, ``prepare`` makes the workspace that it begins with."""

    name: str
    prepare: Callable[[Path], tuple[str, ...]]
    erases: int | None = None  # the woman of the town whom it erases


@dataclass(frozen=True)
class Fault:
    """One fault: which call, how it fails, and at which of its calls (of a thread)."""

    call: str
    how: str
    nth: int

    @property
    def inject(self) -> str:
        """Return it in strace's words."""
        if self.how == "KILL":
            return f"{self.call}:signal=KILL:when={self.nth}"
        return f"{self.call}:error={self.how}:when={self.nth}{'+' if self.how == 'ENOSPC' else ''}"


@dataclass
class Tally:
    """What came of the faults of one scenario."""

    tried: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Prepared:
    """A scenario made ready once: its starting point, the calls it makes, and how it ends undisturbed."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario, self.folder = scenario, folder
        self.start = folder / "start"
        self.words = scenario.prepare(self.start)
        self.keys = Path(os.environ["SMARTSTART_KEYS"]) / find_workspace(self.start).workspace_id
        self.saved_keys = folder / "keys"
        shutil.copytree(self.keys, self.saved_keys)
        control = self.fresh("control")
        trace = folder / "calls"
        done = self.command(control, trace, None)
        assert done.returncode == 0, f"{scenario.name}: {done.stderr}"
        self.calls = _calls(trace.read_text("utf-8", "replace"), str(control))
        self.ends = state(control, scenario)

    def fresh(self, name: str) -> Path:
        """Return a copy of the starting point, and put the keys back as they were then."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.start, place)
        shutil.rmtree(self.keys)
        shutil.copytree(self.saved_keys, self.keys)
        return place

    def command(self, workspace: Path, log: Path, fault: Fault | None) -> subprocess.CompletedProcess[str]:
        """Run the command under strace, in a process of its own, with a fault or to count its calls."""
        traced = fault.call if fault else ",".join(FAULTS)
        inject = ("-e", f"inject={fault.inject}") if fault else ()
        fast = () if fault and fault.how == "KILL" else ("--seccomp-bpf",)  # with it strace injects no signal
        code = "import sys; from smartstart.cli.main import main; sys.argv[0] = 'smartstart'; main()"
        words = [word.replace("{w}", str(workspace)) for word in self.words]
        return subprocess.run(
            ["strace", "-f", *fast, "-qq", "-e", f"trace={traced}", *inject, "-o", str(log),
             sys.executable, "-c", code, *words],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip

    def faults(self) -> list[Fault]:
        """Return every fault that may be tried, in a fixed order."""
        return [Fault(call, how, nth) for call, nths in self.calls.items() for how in FAULTS[call] for nth in nths]

    def judge(self, fault: Fault, tally: Tally) -> None:
        """Try one fault, and note what is not as it should be."""
        tally.tried += 1
        workspace, log = self.fresh("tried"), self.folder / "trace"
        done = self.command(workspace, log, fault)
        killed = done.returncode in {-9, 137, -6, 134}  # DuckDB ends the process itself when its own flush fails
        if not (killed or "(INJECTED)" in log.read_text("utf-8", "replace")):
            return  # another thread made that call this time
        tally.fired[f"{fault.call} {fault.how}"] += 1
        for sentence in self._after(fault, workspace, done, killed=killed):
            tally.wrong.append(f"{self.scenario.name}, {fault.inject}: {sentence}")

    def _after(
        self, fault: Fault, workspace: Path, done: subprocess.CompletedProcess[str], *, killed: bool
    ) -> Iterator[str]:
        if not killed:
            if done.returncode not in DOCUMENTED:
                yield f"exit code {done.returncode}"
            if "Traceback" in done.stderr or NAMES.search(done.stderr.encode()):
                yield "a traceback or a value on the screen"
            if done.returncode == 0 and fault.how == "ENOSPC" and state(workspace, self.scenario) != self.ends:
                yield "exit code 0, and the work is not done"
        yield from unsound(workspace, self.scenario, complete=False)
        again = smartstart(*(word.replace("{w}", str(workspace)) for word in self.words))
        if again.code != 0 and "already" not in again.err:  # what stands in the ledger is not added twice
            yield f"the same command then gave {again.code}: {again.err.strip()}"
            return
        yield from unsound(workspace, self.scenario, complete=True)
        if state(workspace, self.scenario) != self.ends:
            yield "the same command did not finish the job"
        before = documents(workspace)
        smartstart(*(word.replace("{w}", str(workspace)) for word in self.words))
        changed = {name for name in documents(workspace) if before.get(name) != documents(workspace)[name]}
        if {name for name in changed if name.startswith(("lists/", "ledger/"))}:
            yield "a third time changed what was written"


def _calls(trace: str, workspace: str) -> dict[str, list[int]]:
    """Return for each call which of a thread's calls may fail: those of openat that touch the workspace, else all."""
    count: Counter[tuple[str, str]] = Counter()
    found: dict[str, set[int]] = {call: set() for call in FAULTS}
    for line in trace.splitlines():
        if not (match := _CALL.match(line)):
            continue
        pid, call, rest = match.groups()
        if call not in found:
            continue
        count[pid, call] += 1
        if call != "openat" or workspace in rest:
            found[call].add(count[pid, call])
    return {call: sorted(nths) for call, nths in found.items() if nths}


def state(workspace: Path, scenario: Scenario) -> tuple[object, ...]:
    """Return what a command leads to, apart from what is random: arms, lists, what was loaded, whether she is known."""
    found = ok("status", "--json", w=workspace).json
    files = [
        {name: value for name, value in file.items() if name != "sha256"}
        for period in found["periods"]
        for file in period["files"]
    ]
    known = None
    if scenario.erases:
        with find_workspace(workspace).open() as (_warehouse, vault):
            known = bool(vault.known_ids([bsn(scenario.erases)]))
    return arms(workspace), listed(workspace), [period["period"] for period in found["periods"]], files, known


def unsound(workspace: Path, scenario: Scenario, *, complete: bool) -> Iterator[str]:
    """Yield which invariants do not hold; what only a finished job has is asked when it is ``complete``."""
    verified = smartstart("trial", "verify", "--json", w=workspace)
    faults = json.loads(verified.out)["faults"] if verified.out else [verified.err.strip()]
    yield from (f"I4 or I7: {one}" for one in faults if complete or not one.startswith(("lists/", "ledger/")))
    status = ok("status", "--json", w=workspace).json
    for period in status["periods"]:
        for file in period["files"]:
            parts = ("accepted", "quarantined", "duplicates", "superseded", "refused")
            if file["rows_in"] != sum(file[part] for part in parts):
                yield "I1: rows in are not the sum of their ways"
    with find_workspace(workspace).open() as (warehouse, _vault):
        drawn = warehouse.rows("SELECT count(*) AS n, count(DISTINCT token) AS women FROM allocation")[0]
        offered = {row["token"] for row in warehouse.rows("SELECT token FROM allocation WHERE arm = 'offer'")}
    if drawn["n"] != drawn["women"] or len(offered) > drawn["n"]:
        yield "I2: a woman was drawn twice"
    yield from named_outside(workspace)


def named_outside(workspace: Path) -> Iterator[str]:
    """Yield I6: the files in which a name or number of a person stands, but for lists and extracts."""
    for path in sorted(workspace.rglob("*")):
        own = path.relative_to(workspace).as_posix()
        if path.is_file() and not own.startswith(("lists/", "extracts/")):
            content = path.read_bytes()
            if NAMES.search(content) or any(bsn(nth).encode() in content for nth in range(1, 25)):
                yield f"I6: {own} names somebody"


def spread(faults: list[Fault], most: int, seed: int) -> list[Fault]:
    """Return at most so many faults: each kind of call and each way to fail, then others at random."""
    if len(faults) <= most:
        return faults
    chance = random.Random(seed)
    mixed = chance.sample(faults, len(faults))
    first: dict[tuple[str, str], Fault] = {}
    for fault in mixed:
        first.setdefault((fault.call, fault.how), fault)
    chosen = dict.fromkeys([*first.values(), *mixed])
    return list(chosen)[:most]
