"""Fuzz every target with a counted budget, each in a process of its own, and keep the counts.

Usage: run.py [--runs N] [--seed N] [--only NAME] [--results FILE] [--found DIR]; returns 1 when something was found.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bad_input"), str(HERE.parent / "functional")]

from targets import BROKEN, TARGETS  # noqa: E402

SECONDS_FOR_ONE = 30  # an input that takes longer is a finding
MOST_MEGABYTES = 4_096
# How many runs a target gets for each run asked: reading through DuckDB takes far longer than splitting text.
SHARE = {"delimited": 1.0, "sheets": 1.0, "parquet": 0.05, "manifest": 1.0, "configuration": 0.5, "exchange": 0.3}


@dataclass(frozen=True)
class Fuzzed:
    """What came of one target: inputs tried, edges and features of the code that were reached, findings."""

    target: str
    executions: int
    edges: int
    features: int
    corpus: int
    findings: int
    told: str  # the end of what the fuzzer said, when it found something


def fuzz(name: str, runs: int, seed: int, found: Path) -> Fuzzed:
    """Fuzz one target; an input that breaks the rule is kept in ``found``."""
    with tempfile.TemporaryDirectory() as corpus:
        words = [sys.executable, str(HERE / "target.py"), name, corpus, f"-runs={runs}", f"-seed={seed}"]
        words += [f"-timeout={SECONDS_FOR_ONE}", f"-rss_limit_mb={MOST_MEGABYTES}", "-print_final_stats=1"]
        words += [f"-artifact_prefix={found}/{name}-", "-max_len=20000"]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
        kept = len(list(Path(corpus).iterdir()))
    said = done.stderr + done.stdout
    executions = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said) or re.findall(r"^#(\d+)\s", said, re.M)
    reached = re.findall(r"cov: (\d+) ft: (\d+)", said)
    edges, features = map(int, reached[-1]) if reached else (0, 0)
    broken = done.returncode != 0
    return Fuzzed(
        name,
        int(executions[-1]) if executions else 0,
        edges,
        features,
        kept,
        int(broken),
        said[-2_000:] if broken else "",
    )


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
