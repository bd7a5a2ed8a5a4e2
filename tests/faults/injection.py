"""Faults injected into system calls with strace: killed there, the disk full from there on, or one error."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from judging import Prepared, Tally, state, told_badly

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
_CALL: Final = re.compile(r"^(\d+) +(\w+)\((.*)$")


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


class Traced(Prepared):
    """A scenario whose system calls were counted, so that each of them can fail."""

    @cached_property
    def calls(self) -> dict[str, list[int]]:
        """The calls of the undisturbed command that may fail, by kind."""
        control, trace = self.fresh(), self.folder / "calls"
        done = self.command(control, trace, None)
        assert done.returncode == 0, f"{self.scenario.name}: {done.stderr}"
        return _calls(trace.read_text("utf-8", "replace"), str(control))

    def command(self, workspace: Path, log: Path, fault: Fault | None) -> subprocess.CompletedProcess[str]:
        """Run the command under strace, in a process of its own, with a fault or to count its calls."""
        traced = fault.call if fault else ",".join(FAULTS)
        inject = ("-e", f"inject={fault.inject}") if fault else ()
        fast = () if fault and fault.how == "KILL" else ("--seccomp-bpf",)  # with it strace injects no signal
        code = "import sys; from smartstart.cli.main import main; sys.argv[0] = 'smartstart'; main()"
        return subprocess.run(
            ["strace", "-f", *fast, "-qq", "-e", f"trace={traced}", *inject, "-o", str(log),
             sys.executable, "-c", code, *self.words_in(workspace)],
            capture_output=True, text=True, check=False, input=f"{self.scenario.typed or ''}\n", timeout=120,
        )  # fmt: skip

    def faults(self) -> list[Fault]:
        """Return every fault that may be tried, in a fixed order."""
        return [Fault(call, how, nth) for call, nths in self.calls.items() for how in FAULTS[call] for nth in nths]

    def judge(self, fault: Fault, tally: Tally) -> None:
        """Try one fault, and note what is not as it should be."""
        tally.tried += 1
        workspace, log = self.fresh(), self.folder / "trace"
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
            yield from told_badly(done.returncode, done.stderr)
            if done.returncode == 0 and fault.how == "ENOSPC" and state(workspace, self.scenario) != self.ends:
                yield "exit code 0, and the work is not done"
        yield from self.survived(workspace)


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
