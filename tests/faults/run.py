"""``make faults``: inject many faults into every command that writes, print what came of them, and keep the results.

Usage: run.py [--each N] [--seed N] [--results FILE]; results of several runs add up, one seed each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "functional")]

from injection import Prepared, Tally, spread  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

GOAL = 1_500


def try_one(number: int, each: int, seed: int) -> tuple[str, int, dict[str, int], list[str]]:
    """Try faults in one scenario, in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SMARTSTART_KEYS"] = str(folder / "keyring")
        own = folder / "scenario"
        own.mkdir()
        prepared, tally = Prepared(SCENARIOS[number], own), Tally()
        for fault in spread(prepared.faults(), each, seed):
            prepared.judge(fault, tally)
    return SCENARIOS[number].name, tally.tried, dict(tally.fired), tally.wrong


def main(words: list[str]) -> int:
    """Try, print, keep. Returns 1 when anything was not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=250, help="faults to try in each scenario")
    parser.add_argument("--seed", type=int, default=1, help="which faults are tried")
    parser.add_argument("--results", type=Path, help="a JSON file to which the results are added")
    asked = parser.parse_args(words)
    kept = json.loads(asked.results.read_text("utf-8")) if asked.results and asked.results.exists() else {}
    wrong: list[str] = []
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = [pool.submit(try_one, number, asked.each, asked.seed) for number in range(len(SCENARIOS))]
        for one in running:
            name, tried, fired, found = one.result()
            wrong += found
            print(f"{name}: {tried} tried, {sum(fired.values())} fired, {len(found)} not survived", flush=True)
            row = kept.setdefault(name, {"tried": 0, "fired": {}, "not_survived": 0})
            row["tried"] += tried
            row["fired"] = dict(sorted((Counter(row["fired"]) + Counter(fired)).items()))
            row["not_survived"] += len(found)
    for sentence in wrong:
        print(f"  {sentence}")
    total = sum(sum(row["fired"].values()) for row in kept.values())
    print(f"Faults that fired, in all: {total} (the goal is {GOAL}).")
    if asked.results:
        asked.results.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
