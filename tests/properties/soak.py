"""Let random lives go on for SOAK_MINUTES (default 30), on two processors: `make soak`.

Steps add up over sessions in `.soak/state.json`. What fails is kept in `.soak/examples`, is tried first in the next
session, and is told with every rule that led to it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

os.environ.setdefault("LIVES_BETWEEN_COMMANDS", "14")  # more often than in `make test`, which has to be short
sys.path.append(str(Path(__file__).parents[1] / "functional"))
import test_lives  # it needs the harness of the functional tests

FOLDER = Path(__file__).parents[2] / ".soak"
PROCESSES = 2
TOLD_EVERY = 30  # seconds


class TimeIsUp(BaseException):
    """The session has lasted long enough."""


def live_until(end: float, steps: Any, failures: Any, number: int) -> None:
    """Let lives go on in this process; ``steps`` and ``failures`` are shared with the one that counts."""
    os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="lives-")

    class Soak(test_lives.Lives):
        def teardown(self) -> None:
            super().teardown()
            steps.value = test_lives.Lives.ran
            if time.time() > end:
                raise TimeIsUp

    kept = DirectoryBasedExampleDatabase(FOLDER / "examples")
    try:
        while True:
            test_lives.live(Soak, max_examples=100, database=kept)
    except TimeIsUp:
        pass
    except BaseException:
        failures.value += 1
        (FOLDER / f"failure-{number}-{os.getpid()}.txt").write_text(traceback.format_exc(), "utf-8")
        traceback.print_exc()


def main() -> int:
    """Run a session; returns 1 when something failed."""
    minutes = float(os.environ.get("SOAK_MINUTES", "30"))
    FOLDER.mkdir(exist_ok=True)
    settings.register_profile("soak", print_blob=True)
    settings.load_profile("soak")
    state_file = FOLDER / "state.json"
    before = json.loads(state_file.read_text("utf-8")) if state_file.exists() else {"steps": 0, "failures": 0}
    context = multiprocessing.get_context("spawn")
    end = time.time() + 60 * minutes
    shared = [(context.Value("q", 0), context.Value("q", 0)) for _ in range(PROCESSES)]
    workers = [
        context.Process(target=live_until, args=(end, *counts, number)) for number, counts in enumerate(shared, 1)
    ]
    for worker in workers:
        worker.start()
    working = True
    while working:
        time.sleep(TOLD_EVERY if end - time.time() > TOLD_EVERY else 1)
        working = any(worker.is_alive() for worker in workers)
        steps, failures = (sum(counts[which].value for counts in shared) for which in (0, 1))
        total = {"steps": before["steps"] + steps, "failures": before["failures"] + failures}
        state_file.write_text(json.dumps(total), "utf-8")
    failures += sum(worker.exitcode != 0 for worker in workers)
    print(f"{steps} steps in this session, {failures} failed; {total['steps']} steps in all.")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
