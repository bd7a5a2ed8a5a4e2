"""Fuzz one target in this process, guided by coverage: target.py NAME CORPUS [options of libFuzzer].

It ends when the budget (-runs=N) is spent, or at the first finding, which is written to the working folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ("fuzz", "bad_input", "functional")]
os.environ.setdefault("POLARS_MAX_THREADS", "1")

with atheris.instrument_imports(include=["smartstart"]):
    import smartstart.backups
    import smartstart.check_files
    import smartstart.contracts.odcs
    import smartstart.exchange.agreement
    import smartstart.pooling
    import smartstart.trial.ledger

from targets import BROKEN, TARGETS, regressions  # noqa: E402


def main() -> None:
    """Write the seeds into the corpus and fuzz; libFuzzer ends the process."""
    name, corpus, *options = sys.argv[1:]
    target = {**TARGETS, BROKEN.name: BROKEN}[name]
    for number, seed in enumerate([*target.seeds(), *regressions(name)]):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    one_input = target.make(Path(tempfile.mkdtemp()))
    if name == "ledger":
        one_input = atheris.instrument_func(one_input)
    atheris.Setup([sys.argv[0], corpus, *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
