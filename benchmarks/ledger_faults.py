"""Damage ledgers in every small way, and see whether the auditor's tool notices when it is given the head."""

from __future__ import annotations

import hashlib
import json
import random
import runpy
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
OF_EACH_LEDGER = {
    "a bit flipped": 1600,
    "a row edited": 400,
    "a row edited, its hash made anew": 200,
    "a row edited, all hashes made anew": 200,
    "an entry taken out": 100,
    "a row taken out": 100,
    "an entry put in": 100,
    "a row put in": 100,
    "the end cut off": 100,
    "entries exchanged": 100,
}
Entry = dict[str, Any]


def measure(seed: int = 1) -> dict[str, tuple[int, int]]:
    """Return for each kind of damage how often it was done, and how often it was noticed."""
    faults: Callable[..., list[str]] = runpy.run_path(str(ROOT / "tools" / "verify_ledger.py"))["faults"]
    chance = random.Random(seed)  # noqa: S311 - damage, no secret
    done: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for folder in sorted(path for path in GOLDEN.iterdir() if (path / "heads").is_file()):
        for line in (folder / "heads").read_text("ascii").splitlines():
            head, name = line.split()
            content = (folder / f"{name}.jsonl").read_bytes()
            if faults(content, (), head):
                raise SystemExit(f"The golden ledger {name} does not verify: mend that first.")
            for kind, times in OF_EACH_LEDGER.items():
                for _ in range(times):
                    damaged = damage(kind, content, chance)
                    done[kind] += 1
                    noticed[kind] += bool(faults(damaged, (), head))
    return {kind: (done[kind], noticed[kind]) for kind in OF_EACH_LEDGER}


def damage(kind: str, content: bytes, chance: random.Random) -> bytes:
    """Return the ledger with one damage of this kind; it always differs."""
    damaged = content
    while damaged == content:
        damaged = _damaged(kind, content, chance)
    return damaged


def _damaged(kind: str, content: bytes, chance: random.Random) -> bytes:
    if kind == "a bit flipped":
        at = chance.randrange(len(content))
        return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
    if kind == "the end cut off":
        return content[: chance.randrange(len(content))]
    lines = content.splitlines(keepends=True)
    if kind == "an entry taken out":
        lines.pop(chance.randrange(len(lines)))
    elif kind == "an entry put in":
        # not after the last: a ledger that has grown since its head was noted is sound
        lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    elif kind == "entries exchanged":
        one, other = chance.sample(range(len(lines)), 2)
        lines[one], lines[other] = lines[other], lines[one]
    else:
        entries = [json.loads(line) for line in lines]
        at = chance.choice([place for place, entry in enumerate(entries) if entry["kind"] in {"freeze", "draw"}])
        _change_rows(kind, entries[at], chance)
        if "hash made anew" in kind:
            entries[at]["hash"] = _hash(entries[at])
        if "all hashes" in kind:
            _chain(entries)
        lines = [_canonical(entry) + b"\n" for entry in entries]
    return b"".join(lines)


def _change_rows(kind: str, entry: Entry, chance: random.Random) -> None:
    rows = entry["body"]["units" if entry["kind"] == "freeze" else "allocations"]
    at = chance.randrange(len(rows))
    if kind == "a row taken out":
        rows.pop(at)
    elif kind == "a row put in":
        rows.insert(at, rows[at] | {"token": f"{chance.getrandbits(128):032x}"})
    elif entry["kind"] == "draw" and chance.random() < 0.5:
        rows[at]["arm"] = "care_as_usual" if rows[at]["arm"] == "offer" else "offer"
    else:
        name = chance.choice(["token", "stratum"])
        rows[at][name] = f"{chance.getrandbits(4 * len(rows[at][name])):0{len(rows[at][name])}x}"


def _chain(entries: list[Entry]) -> None:
    previous = "0" * 64
    for entry in entries:
        entry["previous"] = previous
        previous = entry["hash"] = _hash(entry)


def _hash(entry: Entry) -> str:
    return hashlib.sha256(_canonical({key: value for key, value in entry.items() if key != "hash"})).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def main() -> None:
    """Print a row for each kind of damage."""
    found = measure()
    for kind, (times, noticed) in found.items():
        print(f"{kind:36}{times:>8}{noticed:>10}")
    times, noticed = (sum(column) for column in zip(*found.values(), strict=True))
    print(f"{'in all':36}{times:>8}{noticed:>10}")
    if noticed < times:
        raise SystemExit("Some damage was not noticed.")


if __name__ == "__main__":
    main()
