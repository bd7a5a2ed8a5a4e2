"""How things are measured here: each run in a process of its own, in turn, so that none profits from another.

A measurement is a module and a function in it, called with plain arguments. What is kept is the median of several
interleaved runs, with the lowest and the highest, and the most memory that any of them held.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "reference" / "speed-bench.md"
RUNS = 5
_CHILD = """
import importlib, json, resource, sys, time
sys.path[:0] = json.loads(sys.argv[1])
module, function, arguments = sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
prepare = getattr(importlib.import_module(module), function)(*arguments)
begun = time.perf_counter()
found = prepare()
taken = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print("\\n" + json.dumps({"seconds": taken, "peak": peak, "found": found}))
"""


@dataclass(frozen=True)
class Task:
    """One thing to measure: ``function`` of ``module`` makes ready, and returns what is timed."""

    name: str
    module: str
    function: str
    arguments: tuple[Any, ...] = ()


@dataclass
class Measured:
    """What came of a task: seconds of each run, the most bytes held, what the first found, or why it did not run."""

    name: str
    seconds: list[float] = field(default_factory=list)
    peak: int = 0
    found: Any = None
    absent: str = ""

    @property
    def median(self) -> float:
        """The median of the runs, in seconds."""
        return statistics.median(self.seconds)


def interleaved(tasks: Sequence[Task], runs: int = RUNS, tell: Callable[[str], None] = print) -> dict[str, Measured]:
    """Run all tasks in turn, ``runs`` times over; one that fails for want of a library is said to be absent."""
    found = {task.name: Measured(task.name) for task in tasks}
    for turn in range(runs):
        for task in tasks:
            one = found[task.name]
            if one.absent:
                continue
            told = _run(task)
            if isinstance(told, str):
                one.absent = told
                tell(f"  {task.name}: {told}")
                continue
            one.seconds.append(told["seconds"])
            one.peak = max(one.peak, told["peak"])
            if turn == 0:
                one.found = told["found"]
    return found


def _run(task: Task) -> dict[str, Any] | str:
    paths = json.dumps([str(ROOT / "benchmarks")])
    words = [sys.executable, "-c", _CHILD, paths, task.module, task.function, json.dumps(task.arguments)]
    quiet = {**os.environ, "GX_ANALYTICS_ENABLED": "false"}  # a peer would tell its maker else
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=quiet)  # noqa: S603 - our own
    if done.returncode == 0:
        told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return told
    last = (done.stderr.strip().splitlines() or ["no word"])[-1]
    return "not installed" if "ModuleNotFoundError" in last else f"failed ({last[:100]})"


# --- what is printed and kept -------------------------------------------------------------------------------


def header(libraries: Sequence[str]) -> dict[str, str]:
    """Return what the figures were measured with: machine, Python, libraries, day."""
    return {
        "day": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors, {_memory()} GiB",
        "python": platform.python_version(),
        **{name: _version(name) for name in libraries},
    }


def keep(
    name: str, head: Mapping[str, str], rows: Sequence[Mapping[str, Any]], measured: Mapping[str, Measured]
) -> None:
    """Write the results of one bench as JSON: what it was measured with, its table, and every single run."""
    RESULTS.mkdir(exist_ok=True)
    told = {
        "with": dict(head),
        "table": [dict(row) for row in rows],
        "runs": [asdict(one) for one in measured.values()],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(row[head]) for head in heads] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def in_words(head: Mapping[str, str]) -> str:
    """Return what the figures were measured with, as a line."""
    return "; ".join(f"{name} {value}" for name, value in head.items())


def ratio(one: Measured, other: Measured) -> str:
    """Return how many times the other's median one took; nothing where either is absent."""
    return "" if one.absent or other.absent else f"{one.median / other.median:.2f}"


def seconds(one: Measured) -> str:
    """Return the median and, in brackets, the lowest and highest, or why it is absent."""
    return one.absent or f"{one.median:.2f} ({min(one.seconds):.2f}–{max(one.seconds):.2f})"


def megabytes(one: Measured) -> str:
    """Return the most memory held; nothing of what is absent."""
    return "" if one.absent else f"{one.peak / 1024**2:,.0f}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)
