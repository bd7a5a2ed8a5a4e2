"""Write docs/explanation/reliability.md: what can go wrong, how and how often it was tried, and what came of it.

From ``tools/failures.yaml`` (which tests hold which failure), the number of cases of each test as pytest collects them,
and the results of the experiments, each beside the code that made them.
"""

from __future__ import annotations

import json
import re
import subprocess  # nosec B404
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "reliability.md"
RESULTS = ROOT / "tests" / "faults" / "results.json"
KINDS = {  # of faults, as failures.yaml calls them
    "calls": "system calls",
    "points": "named points",
    "races": "races",
    "disks": "small disks",
    "folders": "read-only folders",
}
HEAD = """# Reliability: what was tried, and what came of it

This page is made by `tools/make_reliability.py`. Each failure below has tests that fail when the behaviour is gone.
"How often" counts their cases in each `make test`, and the faults that fired in `make faults` beside them. A test
that does not hold fails the suite; of the experiments the result says how many were not survived.

## Faults injected

Whole commands are killed at a named point or at a system call, meet a disk that is full from there on, an error, a
file system of a few kilobytes, a folder that they may not write in, or as many as eight of themselves at the same
time. After each the ledger verifies, rows in are the sum of their ways, nobody was drawn twice, no file names anybody
but lists, the same command finishes the job, and a third time changes nothing. `make faults` does it again; a point
that no command passes fails `make test`.
"""
BITE = """Small faults are put into the code, one at a time, and the tests must notice: `make mutation`. Where a module
has hundreds of places, some are drawn by lot. What no test noticed is listed with its reason in
`tests/mutation/survivors.yaml`.
"""
COLUMNS = ("what goes wrong", "what holds", "how it was tried", "how often", "result")


def page(cases: Mapping[str, int]) -> str:
    """Return the page; ``cases`` says how many cases each test has."""
    kept = results()
    parts = [HEAD, _table(("kind", "commands", "tried", "fired", "not survived"), _by_kind(kept))]
    fired, lost = _count(kept, KINDS.values(), "all")
    parts.append(f"{fired} faults fired; {lost} not survived.\n")
    parts += ["## Tried besides\n", _table(("what", "how often", "result", "again with"), _experiments())]
    parts += [
        "## Do the tests bite?\n",
        BITE,
        _table(("part", "faults tried", "noticed", "share", "branches"), _mutation()),
    ]
    for title, failures in failures_by_part().items():
        rows = [_row(one, kept, cases) for one in failures]
        parts += [f"## {title}\n", _table(COLUMNS, rows)]
    return "\n".join(parts)


def _experiments() -> list[tuple[str, ...]]:
    """Return what else was tried at length, each from the results that its own run keeps."""
    bad, fuzz = _found("bad_input"), _found("fuzz")
    planted, odd = bad["planted"], bad["odd_but_valid"]
    damaged = bad["damaged"].values()
    harmed = sum(rows["files"] for rows in damaged)
    noticed = sum(rows["noticed_by_manifest"] for rows in damaged)
    hostile = _found("hostile")
    payloads = sum(row["combinations"] for row in hostile.values())
    return [
        (
            "one labelled defect in a delivery, in every contract and format",
            f"{planted['files']} files, {len(planted['planted_by_rule'])} rules and refusals",
            f"{planted['files_right']} under the right rule; {planted['valid_rows_lost']} valid rows lost",
            "`make bad-input`",
        ),
        ("odd but valid files", f"{odd['files']} files", "all accepted, with the same values", "`make bad-input`"),
        (
            "a file cut or changed at a byte",
            f"{harmed} files",
            f"{noticed} noticed by the manifest; without it each was refused, set aside, harmless, or one of "
            f"{sum(rows.get('unnoticed', 0) for rows in damaged)} other values that keep their contract",
            "`make bad-input`",
        ),
        (
            "readers, configuration and ledger under a fuzzer guided by coverage",
            f"{fuzz['executions']} executions of {len(fuzz['targets'])} targets",
            f"{fuzz['findings']} not mended",
            "`make fuzz`",
        ),
        (
            "hostile texts and files at every place where a stranger can write",
            f"{payloads} combinations of {len(hostile)} families and doors",
            f"{sum(row['live'] for row in hostile.values())} live",
            "`make hostile`",
        ),
    ]


def _mutation() -> list[tuple[str, ...]]:
    """Return for each part how many small faults were tried in it, and how many a test noticed."""
    found = _found("mutation")
    table: dict[str, Any] = yaml.safe_load((ROOT / "tests" / "mutation" / "areas.yaml").read_text("utf-8"))
    rows = []
    for part, modules in table.items():
        if part == "without":
            continue
        tried = sum(found[name]["mutants"] for name in modules)
        noticed = sum(found[name]["killed"] + found[name]["timed_out"] for name in modules)
        missing = sum(len(found[name]["branch_coverage"]["missing"]) for name in modules)
        rows.append(
            (part, str(tried), str(noticed), f"{noticed / tried:.1%}", "all" if not missing else f"{missing} not")
        )
    return rows


def _found(experiment: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "tests" / experiment / "results.json").read_text("utf-8"))
    return found


def results() -> dict[str, dict[str, Any]]:
    """Return the results of the faults, by kind and command."""
    kept: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text("utf-8"))
    return kept


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


def collected(names: Iterable[str]) -> Counter[str]:
    """Return how many cases each test has, from pytest's own names of them."""
    return Counter(name.partition("[")[0].rpartition("::")[2] for name in names)


def _by_kind(kept: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (kind, str(len(rows)), str(sum(row["tried"] for row in rows.values())), *map(str, _count(kept, [kind], "all")))
        for kind, rows in kept.items()
    ]


def _count(kept: Mapping[str, Any], kinds: Iterable[str], how: str) -> tuple[int, int]:
    """Return how many faults of these kinds fired, of one way to fail or all, and how many were not survived."""
    rows = [row for kind in kinds for row in kept.get(kind, {}).values()]
    fired = sum(n for row in rows for name, n in row["fired"].items() if how == "all" or name.split()[-1] == how)
    return fired, sum(row["not_survived"] for row in rows)


def _row(one: Mapping[str, Any], kept: Mapping[str, Any], cases: Mapping[str, int]) -> tuple[str, ...]:
    tests = ", ".join(f"`{test.removeprefix('test_')}`" for test in one["tests"])
    often, result = [f"{sum(cases[test] for test in one['tests'])} cases"], "holds"
    for kind, how in one.get("experiments", {}).items():
        fired, lost = _count(kept, [KINDS[kind]], how)
        often.append(f"{fired} faults ({KINDS[kind]})")
        result = f"holds; {lost} not survived"
    return one["what"], one["holds"], tests, ", ".join(often), result


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> int:
    """Write the page; returns 1 when a test that is named does not exist."""
    if missing := unknown_tests():
        print("No such test: " + ", ".join(missing))
        return 1
    asked = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "-p", "no:cacheprovider"]
    asked += ["-o", "addopts="]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own  # nosec B603
    names = [line for line in listed.stdout.splitlines() if "::" in line]
    PAGE.write_text(page(collected(names)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
