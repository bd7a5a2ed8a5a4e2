"""Fuzz every target with a counted budget, each in a process of its own, and keep the counts.

Usage: run.py [--runs N] [--seed N] [--only NAME] [--results FILE] [--found DIR]; returns 1 when something was found.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bad_input"), str(HERE.parent / "functional")]

from fuzz_budget import SHARE, fuzz  # noqa: E402
from fuzz_targets import BROKEN, TARGETS  # noqa: E402


def main(words: list[str]) -> int:
    """Fuzz, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="inputs for the fastest targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*TARGETS, BROKEN.name], help="one target")
    parser.add_argument("--results", type=Path, help="a JSON file for the counts")
    parser.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()), help="where findings are kept")
    asked = parser.parse_args(words)
    asked.found.mkdir(parents=True, exist_ok=True)
    results = []
    for name in [asked.only] if asked.only else TARGETS:
        one = fuzz(name, max(int(asked.runs * SHARE.get(name, 1.0)), 1), asked.seed, asked.found)
        results.append(one)
        print(
            f"{name}: {one.executions} inputs, {one.edges} edges, {one.features} features, {one.findings} found",
            flush=True,
        )
        if one.told:
            print(one.told)
    total = sum(one.executions for one in results)
    print(f"Inputs in all: {total}; found: {sum(one.findings for one in results)}.")
    if asked.results:
        plain = {"executions": total, "findings": sum(one.findings for one in results)}
        told = plain | {"targets": {one.target: asdict(one) for one in results}}
        asked.results.write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    return 1 if any(one.findings for one in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
