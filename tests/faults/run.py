"""``make faults``: inject many faults into every command that writes, print what came of them, and keep the results.

Usage: run.py [--kinds KIND ...] [--scenarios NAME ...] [--each N] [--seed N] [--results FILE]

Faults in system calls are a sample: results of several runs add up, one seed each. The other kinds try all there is,
and take the place of what they found before.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "functional")]

os.environ.setdefault("SMARTSTART_THREADS", "1")  # two scenarios are tried at once

from cutting import cut_off, cuts, may_mount, on_a_small_disk, race, read_only  # noqa: E402
from harness import quick_engine  # noqa: E402
from injection import Traced, spread  # noqa: E402
from judging import Prepared, Tally  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

from smartstart.warehouse import warehouse  # noqa: E402

GOAL = 1_500
RACERS = range(2, 9)
SPARE = (0, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 12_288)  # kilobytes that are free
READ_ONLY = ("", "lists", "ledger", "reading-copy", "tmp")
CALLS = "system calls"


def _calls(folder: Path, scenario: int, each: int, seed: int) -> Tally:
    traced, tally = Traced(SCENARIOS[scenario], folder), Tally()
    for fault in spread(traced.faults(), each, seed):
        traced.judge(fault, tally)
    return tally


def _points(folder: Path, scenario: int, _each: int, _seed: int) -> Tally:
    prepared, tally = Prepared(SCENARIOS[scenario], folder), Tally()
    for cut in cuts(prepared):
        cut_off(prepared, cut, tally)
    return tally


def _races(folder: Path, scenario: int, _each: int, _seed: int) -> Tally:
    prepared, tally = Prepared(SCENARIOS[scenario], folder), Tally()
    for processes in RACERS:
        race(prepared, processes, tally)
    return tally


def _disks(folder: Path, scenario: int, _each: int, _seed: int) -> Tally:
    prepared, tally = Prepared(SCENARIOS[scenario], folder), Tally()
    for spare in SPARE if may_mount() else ():
        on_a_small_disk(prepared, spare, tally)
    return tally


def _folders(folder: Path, scenario: int, _each: int, _seed: int) -> Tally:
    prepared, tally = Prepared(SCENARIOS[scenario], folder), Tally()
    for place in READ_ONLY:
        if (prepared.start / place).is_dir():
            read_only(prepared, place, tally)
    return tally


KINDS: dict[str, Callable[[Path, int, int, int], Tally]] = {
    CALLS: _calls,
    "named points": _points,
    "races": _races,
    "small disks": _disks,
    "read-only folders": _folders,
}


def try_one(kind: str, scenario: int, each: int, seed: int) -> Tally:
    """Try faults of one kind in one scenario, in a folder and with keys of its own."""
    warehouse._engine = quick_engine  # for who judges; what is tried runs in processes of its own
    with tempfile.TemporaryDirectory() as name:
        os.environ["SMARTSTART_KEYS"] = str(Path(name) / "keyring")
        own = Path(name) / "scenario"
        own.mkdir()
        Path(name).chmod(0o755)  # another user is to work within it
        return KINDS[kind](own, scenario, each, seed)


def _kept(row: dict[str, Any] | None, tally: Tally) -> dict[str, Any]:
    """Return the results of a scenario, with those of before where they add up."""
    row = row or {"tried": 0, "fired": {}, "not_survived": 0}
    return {
        "tried": row["tried"] + tally.tried,
        "fired": dict(sorted((Counter(row["fired"]) + tally.fired).items())),
        "not_survived": row["not_survived"] + len(tally.wrong),
    }


def main(words: list[str]) -> int:
    """Try, print, keep. Returns 1 when anything was not as it should be."""
    names = [scenario.name for scenario in SCENARIOS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="kinds of faults")
    parser.add_argument("--scenarios", nargs="+", choices=names, default=names, help="commands to try them in")
    parser.add_argument("--each", type=int, default=100, help="faults in system calls to try in each scenario")
    parser.add_argument("--seed", type=int, default=1, help="which of them are tried")
    parser.add_argument("--results", type=Path, help="a JSON file in which the results are kept")
    asked = parser.parse_args(words)
    kept = json.loads(asked.results.read_text("utf-8")) if asked.results and asked.results.exists() else {}
    wrong: list[str] = []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        try_it = partial(try_one, each=asked.each, seed=asked.seed)
        pairs = [(kind, name) for kind in asked.kinds for name in asked.scenarios]
        running = [(kind, name, pool.submit(try_it, kind, names.index(name))) for kind, name in pairs]
        for kind, name, one in running:
            try:
                tally = one.result()
            except Exception as fault:  # what the others found is kept
                wrong.append(f"{kind}, {name}: it could not be tried: {fault}")
                continue
            wrong += tally.wrong
            fired = sum(tally.fired.values())
            print(f"{kind}, {name}: {tally.tried} tried, {fired} fired, {len(tally.wrong)} not survived", flush=True)
            rows = kept.setdefault(kind, {})
            rows[name] = _kept(rows.get(name) if kind == CALLS else None, tally)
            if asked.results:
                asked.results.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for sentence in wrong:
        print(f"  {sentence}")
    total = sum(sum(row["fired"].values()) for rows in kept.values() for row in rows.values())
    print(f"Faults that fired, in all: {total} (the goal is {GOAL}).")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
