"""Fuzz one target in this process, guided by coverage: fuzz_one.py NAME CORPUS [options of libFuzzer].

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

from fuzz_targets import BROKEN, TARGETS, regressions  # noqa: E402


def main() -> None:
    """Write the seeds into the corpus and fuzz; libFuzzer ends the process."""
    name, corpus, *options = sys.argv[1:]
    target = {**TARGETS, BROKEN.name: BROKEN}[name]
    with atheris.instrument_imports(include=["smartstart"]):  # what is imported as the seeds are read gives guidance
        one_input = target.make(Path(tempfile.mkdtemp()))
        for seed in () if target is BROKEN else target.seeds():
            one_input(seed)
    for number, seed in enumerate([*target.seeds(), *regressions(name)]):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], corpus, *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
