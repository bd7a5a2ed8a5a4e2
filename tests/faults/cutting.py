"""Commands in processes of their own that are cut off at a named point, race each other, or find no room.

The processes are forked from one that has loaded the program and started nothing, so that each begins at once.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

from harness import Done
from judging import Prepared, Tally, state, told_badly

KILLED: Final = -signal.SIGKILL
NOBODY: Final = 65534
_LOADED: Final = ("smartstart.cli.main", "smartstart.pipeline", "pandera.polars", "duckdb", "polars")


@dataclass(frozen=True)
class Cut:
    """Where a command is cut off: the nth time that it passes a point."""

    point: str
    nth: int


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED))
    return context


def started(prepared: Prepared, workspace: Path, said: Path, cut: Cut | None = None, user: int | None = None) -> Any:
    """Start the command of a scenario in a process of its own, which writes what it says to a file."""
    words, typed = prepared.words_in(workspace), prepared.scenario.typed
    # another user may not be allowed to read this Python's own files: what the command took undisturbed comes along
    standard = [name for name in sys.modules if name.partition(".")[0] in sys.stdlib_module_names]
    own = {} if user is None else {"HOME": str(prepared.folder), "MPLCONFIGDIR": str(prepared.folder / "figures")}
    asked = (tuple(words), typed, str(said), cut, user, {**os.environ, **own}, standard)
    process = _server().Process(target=_command, args=asked)
    process.start()
    return process


def ended(process: Any, said: Path) -> Done:
    """Wait for a command that was started."""
    process.join(120)
    text = said.read_text("utf-8", "replace") if said.exists() else ""
    return Done(("process",), process.exitcode, "", text)


def _command(
    words: tuple[str, ...],
    typed: str | None,
    said: str,
    cut: Cut | None,
    user: int | None,
    environment: dict[str, str],
    standard: list[str],
) -> None:
    from smartstart.cli.main import main
    from smartstart.crash_points import watched

    os.environ.update(environment)
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    reading, writing = os.pipe()
    os.write(writing, f"{typed or ''}\n".encode())
    os.close(writing)
    sys.stdin = os.fdopen(reading)
    sys.argv = ["smartstart", *words]
    os.umask(0o022)
    if user is not None:
        for module in standard:
            with suppress(ImportError):
                importlib.import_module(module)
        os.setgid(user)
        os.setuid(user)
    passed: Counter[str] = Counter()

    def watch(point: str) -> None:
        passed[point] += 1
        if cut and point == cut.point and passed[point] == cut.nth:
            os.kill(os.getpid(), signal.SIGKILL)

    with watched(watch):
        main()


# --- cut off at a named point -------------------------------------------------------------------------------


def cuts(prepared: Prepared) -> list[Cut]:
    """Return every place where this command can be cut off, in the order in which it passes them."""
    passed: Counter[str] = Counter()
    found = []
    for point in prepared.points:
        passed[point] += 1
        found.append(Cut(point, passed[point]))
    return found


def cut_off(prepared: Prepared, cut: Cut, tally: Tally) -> None:
    """Kill the command at a point, and note what is not as it should be afterwards."""
    tally.tried += 1
    workspace, said = prepared.fresh(), prepared.folder / "said"
    done = ended(started(prepared, workspace, said, cut), said)
    where = f"{prepared.scenario.name}, killed at {cut.point} {cut.nth}"
    if done.code != KILLED:
        tally.wrong.append(f"{where}: it never came there and gave {done.code}: {done.err.strip()}")
        return
    tally.fired[f"{cut.point} KILL"] += 1
    tally.wrong += [f"{where}: {sentence}" for sentence in prepared.survived(workspace)]


# --- at the same time ---------------------------------------------------------------------------------------


def race(prepared: Prepared, processes: int, tally: Tally) -> None:
    """Give the same command in several processes at once: one works, the others wait or are told to."""
    tally.tried += 1
    workspace = prepared.fresh()
    said = [prepared.folder / f"said-{number}" for number in range(processes)]
    running = [started(prepared, workspace, one) for one in said]
    done = [ended(process, one) for process, one in zip(running, said, strict=True)]
    tally.fired[f"race of {processes}"] += 1
    wrong = [sentence for one in done for sentence in told_badly(one.code, one.err)]
    if not any(one.code == 0 for one in done):
        wrong.append("nobody got through")
    if any(one.code not in {0, 5} and "already" not in one.err for one in done):
        wrong.append(f"exit codes {sorted(one.code for one in done)}")
    wrong += prepared.survived(workspace)
    tally.wrong += [f"{prepared.scenario.name}, {processes} at once: {sentence}" for sentence in wrong]


# --- no room, no permission ---------------------------------------------------------------------------------


def may_mount() -> bool:
    """Tell whether small file systems can be made here, as root may."""
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("mount") is not None and _mounts()


@cache
def _mounts() -> bool:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False)
        if done.returncode == 0:
            subprocess.run(["umount", folder], check=True)
        return done.returncode == 0


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """Make a folder a file system of its own, of this size."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def on_a_small_disk(prepared: Prepared, spare: int, tally: Tally) -> None:
    """Give the command where only so many kilobytes are free; then there is room, and it is given again."""
    tally.tried += 1
    start = prepared.fresh()
    size = sum(-(-path.stat().st_size // 4096) * 4 for path in start.rglob("*") if path.is_file())
    folders = sum(4 for path in start.rglob("*") if path.is_dir())
    disk, said = prepared.folder / "disk", prepared.folder / "said"
    with small_disk(disk, size + folders + spare):
        workspace = Path(shutil.copytree(start, disk / "w"))
        done = ended(started(prepared, workspace, said), said)
        wrong = list(_not_killed(prepared, workspace, done))
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
        wrong += prepared.survived(workspace)
    tally.fired["small disk" if done.code else "room enough"] += 1
    tally.wrong += [f"{prepared.scenario.name}, {spare} kB free: {sentence}" for sentence in wrong]


def read_only(prepared: Prepared, folder: str, tally: Tally) -> None:
    """Give the command, as a user who may not write in one folder of the workspace; then it may."""
    tally.tried += 1
    workspace, said = prepared.fresh(), prepared.folder / "said"
    place, user = workspace / folder, NOBODY if os.geteuid() == 0 else None
    own = [prepared.folder, *(path for path in prepared.folder.rglob("*") if path.is_dir() or path.is_file())]
    keys = [prepared.keys.parent, prepared.keys, *prepared.keys.rglob("*")]
    with _owned_by(user, [*own, *keys]):
        place.chmod(0o500)
        done = ended(started(prepared, workspace, said, user=user), said)
        place.chmod(0o700)
    tally.fired["read-only" if done.code else "not written there"] += 1
    wrong = [*_not_killed(prepared, workspace, done), *prepared.survived(workspace)]
    where = f"'{folder or 'the workspace'}' is read-only"
    tally.wrong += [f"{prepared.scenario.name}, {where}: {sentence}" for sentence in wrong]


def _not_killed(prepared: Prepared, workspace: Path, done: Done) -> Iterator[str]:
    if done.code == -signal.SIGABRT:  # DuckDB ends the process itself when its own flush fails
        return
    yield from told_badly(done.code, done.err)
    if done.code == 0 and state(workspace, prepared.scenario) != prepared.ends:
        yield "exit code 0, and the work is not done"


@contextmanager
def _owned_by(user: int | None, paths: list[Path]) -> Iterator[None]:
    """Give files to a user for a while; root itself is stopped by no permission."""
    if user is not None:
        for path in paths:
            os.chown(path, user, user)
    try:
        yield
    finally:
        if user is not None:
            for path in paths:
                if path.exists():
                    os.chown(path, os.geteuid(), os.getegid())
