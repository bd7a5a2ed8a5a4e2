"""Write docs/explanation/reliability.md: what can go wrong, how it was tried, and what came of it. [--check]

From ``tools/failures.yaml`` (which test holds which failure) and ``tests/faults/results.json`` (of `make faults`).
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "reliability.md"
RESULTS = ROOT / "tests" / "faults" / "results.json"
HEAD = """# Reliability: what was tried, and what came of it

This page is made by `tools/make_reliability.py`. Each failure below has tests that fail when the behaviour is gone; all
of them run in `make test`. Faults in system calls are injected with strace into whole commands by `make faults`: the
process is killed at the call, the disk is full from there on, or the call fails once. After each the ledger verifies,
rows in are the sum of their ways, nobody was drawn twice, no file names anybody but lists, the same command finishes
the job, and a third time changes nothing.
"""


def page() -> str:
    """Return the page."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    by_how: Counter[str] = Counter()
    for row in kept.values():
        for name, count in row["fired"].items():
            by_how[name.split()[1]] += count
    parts = [HEAD, "## Faults injected\n", _table(("command", "tried", "fired", "not survived"), _rows(kept))]
    total, lost = sum(by_how.values()), sum(row["not_survived"] for row in kept.values())
    kinds = f"{by_how['KILL']} kills, {by_how['ENOSPC']} full disks, {by_how['EIO']} errors"
    parts.append(f"{total} faults fired: {kinds}; {lost} not survived.\n")
    for title, failures in failures_by_part().items():
        rows = [(one["what"], one["holds"], _tried(one, by_how)) for one in failures]
        parts += [f"## {title}\n", _table(("what goes wrong", "what holds", "how it was tried"), rows)]
    return "\n".join(parts)


def failures_by_part() -> dict[str, list[dict[str, Any]]]:
    """Return the failures by part."""
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load((ROOT / "tools" / "failures.yaml").read_text("utf-8"))
    return found


def unknown_tests() -> list[str]:
    """Return the tests that the list names and nobody wrote."""
    sources = " ".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    written = set(re.findall(r"^def (test_\w+)", sources, re.MULTILINE))
    named = {test for failures in failures_by_part().values() for one in failures for test in one["tests"]}
    return sorted(named - written)


def _rows(kept: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, str(row["tried"]), str(sum(row["fired"].values())), str(row["not_survived"]))
        for name, row in kept.items()
    ]


def _tried(one: dict[str, Any], by_how: Counter[str]) -> str:
    tests = ", ".join(f"`{test.removeprefix('test_')}`" for test in one["tests"])
    return f"{by_how[one['faults']]} faults fired; {tests}" if "faults" in one else tests


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(words: list[str]) -> int:
    """Write the page, or say that it is stale."""
    if missing := unknown_tests():
        print("No such test: " + ", ".join(missing))
        return 1
    made = page()
    if "--check" in words:
        fresh = PAGE.is_file() and PAGE.read_text("utf-8") == made
        if not fresh:
            print("docs/explanation/reliability.md is stale: make it again with tools/make_reliability.py.")
        return 0 if fresh else 1
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
