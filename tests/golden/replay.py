"""Replay the golden ledgers with the program and with the auditor's tool; run by every supported Python.

It imports nothing but the trial, which needs nothing but Python, so that no environment has to be made.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "src"))

from smartstart.trial.allocation import key_commitment  # noqa: E402 - found by the path above
from smartstart.trial.entries import from_jsonl  # noqa: E402
from smartstart.trial.ledger import redrawn, verify  # noqa: E402


def main() -> None:
    """Print one line for each ledger: release, name, head, faults, and a mark of every probability."""
    import hashlib

    auditor = runpy.run_path(str(ROOT / "tools" / "verify_ledger.py"))
    for folder in sorted(path for path in HERE.iterdir() if (path / "keys").is_file()):
        keys = [bytes.fromhex(line) for line in (folder / "keys").read_text("ascii").split()]
        for line in (folder / "heads").read_text("ascii").splitlines():
            head, name = line.split()
            content = (folder / f"{name}.jsonl").read_bytes()
            entries = from_jsonl(content)
            faults = [*verify(entries, keys=keys, head=head).faults, *auditor["faults"](content, keys, head)]
            drawn = [(a.token, a.arm, a.marginal, a.conditional, a.step)
                     for _, _, a in redrawn(entries, {key_commitment(key): key for key in keys})]  # fmt: skip
            mark = hashlib.sha256(repr(drawn).encode()).hexdigest()[:16]
            print(folder.name, name, len(faults), len(drawn), mark)


if __name__ == "__main__":
    main()
