"""One target fuzzed with a counted budget, in a process of its own: what was reached, and what was found."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
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
        words = [sys.executable, str(HERE / "fuzz_one.py"), name, corpus, f"-runs={runs}", f"-seed={seed}"]
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
