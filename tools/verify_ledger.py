"""Verify a ledger of the draw: python verify_ledger.py LEDGER [--key FILE] [--head H]

Written for an auditor: it uses only Python's standard library and none of the program that made the ledger.
Without the key it checks the chain of hashes and the order of the entries; with the key (64 hex characters,
revealed at the end of the trial) it also repeats every draw. Exit code 0: no fault found; 1: a fault;
2: a file could not be read. See the file's functions for the whole definition of the draw.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

FIELDS = {"seq", "kind", "recorded_at", "actor", "body", "previous", "hash"}


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def keyed(key: bytes, *message: object) -> bytes:
    """Return HMAC-SHA256 of a list that begins with its purpose."""
    return hmac.new(key, canonical(list(message)), hashlib.sha256).digest()


class Words:
    """The random numbers of one block: digests for counter 0, 1, …, cut into 32-bit big-endian words."""

    def __init__(self, key: bytes, *label: object) -> None:
        self.key, self.label, self.counter, self.bytes = key, label, 0, b""

    def below(self, limit: int) -> int:
        """Return the next number under the limit; words past its last whole multiple are thrown away."""
        while True:
            if not self.bytes:
                self.bytes = keyed(self.key, "smartstart/1/block", *self.label, self.counter)
                self.counter += 1
            word, self.bytes = int.from_bytes(self.bytes[:4], "big"), self.bytes[4:]
            if word < 2**32 // limit * limit:
                return word % limit


def block(key: bytes, design: dict[str, Any], stratum: str, number: int) -> list[str]:
    """Return the arms of a block: its size, then the arms in ratio, shuffled from the last place down."""
    words = Words(key, design["trial_id"], stratum, number)
    size = design["block_sizes"][words.below(len(design["block_sizes"]))]
    times = size // sum(design["ratio"])
    arms = [arm for arm, part in zip(design["arms"], design["ratio"], strict=True) for _ in range(part * times)]
    for last in range(size - 1, 0, -1):
        other = words.below(last + 1)
        arms[last], arms[other] = arms[other], arms[last]
    return arms


def replay(key: bytes, design: dict[str, Any], freeze: dict[str, Any], used: Counter[str]) -> list[dict[str, Any]]:
    """Return the allocations that the key gives a frozen batch, after ``used`` slots of each stratum."""
    batch, trial, rows = freeze["batch"], design["trial_id"], []
    units = sorted(freeze["units"], key=lambda unit: keyed(key, "smartstart/1/order", trial, batch, unit["token"]))
    for stratum in sorted({unit["stratum"] for unit in units}):
        number, position, skip = 0, 0, used[stratum]
        arms: list[str] = []
        for unit in (unit for unit in units if unit["stratum"] == stratum):
            while position + skip >= len(arms):
                skip -= len(arms) - position
                number, position = number + 1, 0
                arms = block(key, design, stratum, number)
            position, skip = position + skip + 1, 0
            arm = arms[position - 1]
            share = Fraction(design["ratio"][design["arms"].index(arm)], sum(design["ratio"]))
            row = {"arm": arm, "block": number, "position": position, "probability": str(share)}
            rows.append({**unit, **row})
    return rows


def faults(content: bytes, key: bytes | None, head: str | None) -> list[str]:
    """Return every fault found, as a sentence with the line."""
    found: list[str] = []
    previous, design, freezes = "0" * 64, {}, {}
    drawn: set[str] = set()
    frozen: set[str] = set()
    used: Counter[str] = Counter()
    if not content.endswith(b"\n"):
        found.append("The last line is not ended.")
    for line, text in enumerate(content.split(b"\n")[:-1], start=1):
        entry = json.loads(text)
        body, kind, rest = entry["body"], entry["kind"], {k: v for k, v in entry.items() if k != "hash"}
        checks = {
            "is not canonical": canonical(entry) == text and set(entry) == FIELDS,
            "is out of place": entry["seq"] == line and (kind == "genesis") == (line == 1),
            "breaks the chain": entry["previous"] == previous,
            "has a wrong hash": entry["hash"] == digest(rest),
            "is of an unknown kind": kind in {"genesis", "freeze", "draw", "note"},
        }
        previous = entry["hash"]
        if kind == "genesis":
            design = body["design"]
            checks["has a wrong design hash"] = body["design_hash"] == digest(design)
            checks["commits to another key"] = key is None or body["key_commitment"] == digest(
                ["smartstart/1/commitment", key.hex()]
            )
        if kind == "freeze":
            tokens = {unit["token"] for unit in body["units"]}
            checks["has a wrong root"] = body["root"] == digest(body["units"])
            checks["freezes a batch again"] = body["batch"] not in freezes
            checks["holds a woman twice"] = len(tokens) == len(body["units"]) and not tokens & frozen
            freezes[body["batch"]] = (body, entry["hash"])
            frozen |= tokens
        if kind == "draw":
            freeze, its_hash = freezes[body["batch"]]
            rows = body["allocations"]
            units = [{"token": row["token"], "stratum": row["stratum"]} for row in rows]
            checks["is not of its freeze"] = body["freeze"] == its_hash
            checks["draws other women"] = sorted(map(canonical, units)) == sorted(map(canonical, freeze["units"]))
            checks["draws a batch again"] = body["batch"] not in drawn
            checks["is not what the key gives"] = key is None or rows == replay(key, design, freeze, used)
            drawn.add(body["batch"])
            used.update(row["stratum"] for row in rows)
        found += [f"Line {line} {fault}." for fault, good in checks.items() if not good]
    if not design:
        found.append("The ledger has no genesis.")
    if head is not None and head != previous:
        found.append("The head is not the one given.")
    return found


def counts(content: bytes) -> Counter[tuple[str, str]]:
    """Return the number of women by stratum and arm."""
    bodies = [entry["body"] for entry in map(json.loads, content.splitlines()) if entry["kind"] == "draw"]
    return Counter((row["stratum"], row["arm"]) for body in bodies for row in body["allocations"])


def main() -> int:
    """Read the arguments, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description="Verify a ledger of the draw.")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--key", type=Path, help="file with 64 hex characters: repeat every draw")
    parser.add_argument("--head", help="the head that was noted elsewhere")
    options = parser.parse_args()
    try:
        content = options.ledger.read_bytes()
        key = bytes.fromhex(options.key.read_text("ascii")) if options.key else None
    except (OSError, ValueError) as error:
        print(f"A file could not be read: {type(error).__name__}.")
        return 2
    try:
        found = faults(content, key, options.head)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        found = [f"A line does not have the form of an entry ({type(error).__name__})."]
    print("\n".join(found) if found else f"No fault found; the draws were {'' if key else 'not '}repeated.")
    if not found:
        for (stratum, arm), number in sorted(counts(content).items()):
            print(f"{stratum}  {arm}  {number}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
