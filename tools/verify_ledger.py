"""Verify a ledger of the draw: python verify_ledger.py LEDGER [--key FILE] [--head H]

For an auditor: Python's standard library only, nothing of the program that made the ledger. Without the key it checks
the chain and the rules; with it (64 hex characters a line, one line for each key, revealed when the trial has ended) it
repeats every draw. Exit 0: no fault found, and the women by epoch, stratum and arm; 1: a fault; 2: a file could not be
read. `chances` and `replay` are the whole definition of the draw, `read` has the rules of the ledger.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction as F
from math import gcd, lcm
from pathlib import Path
from typing import Any

Below = Callable[[int], int]  # a random whole number under a limit, each as likely
FIELDS = {"seq", "kind", "recorded_at", "actor", "body", "previous", "hash"}
KINDS = {"genesis", "epoch", "freeze", "draw", "event", "plan", "unblind", "look", "summary", "note"}
NONCES = {"none": "", "second_officer": "[0-9a-f]{64}", "dice": "[1-6]{20,200}", "beacon": "[0-9a-f]{32,256}"}


def canonical(value: object) -> bytes:
    """Return the one JSON text of a value: sorted keys, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of that text, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def keyed(key: bytes, purpose: str, *message: object) -> bytes:
    """Return a keyed code: HMAC-SHA256 of a list that begins with its purpose."""
    return hmac.new(key, canonical([f"smartstart/2/{purpose}", *message]), hashlib.sha256).digest()


def numbers(key: bytes, *label: object) -> Below:
    """Return random numbers under a limit: digests for counter 0, 1, … cut into words of 32 bits."""
    words = (keyed(key, "draw", *label, n)[i : i + 4] for n in range(2**62) for i in range(0, 32, 4))
    values = (int.from_bytes(word, "big") for word in words)  # those past the last whole multiple are thrown away
    return lambda limit: next(n for n in values if n < 2**32 // limit * limit) % limit


def chances(design: Any, shares: list[int], cell: Any, levels: list[str], below: Below) -> tuple[list[int], Any]:
    """Return each share's chances for the next woman of a stratum, as whole numbers, and what they rest on."""
    method, ratio, n = design["method"], design["ratio"], cell["n"]
    if method == "permuted_blocks":  # an urn; when it is empty the next is filled, of a size drawn from the sizes
        if not any(cell["left"]):
            size = design["block_sizes"][below(len(design["block_sizes"]))]
            cell.update(left=[r * size // sum(ratio) for r in ratio], size=size, block=cell["block"] + 1)
        return cell["left"], {"block": cell["block"], "position": cell["size"] - sum(cell["left"]) + 1}
    if method == "big_stick":  # a fair coin, until one arm is `bound` ahead
        ahead = n[0] - n[1]
        return [int(ahead < design["bound"]), int(ahead > -design["bound"])], {"ahead": ahead}
    if method != "minimisation":
        return (ratio, {}) if method == "simple" else ([1] + [0] * (len(ratio) - 1), {})  # else: everyone
    rule, imbalances, mixed = design["minimisation"], [], []
    ratio = ratio if rule["unequal"] == "biased_coin" else [1] * len(shares)
    for share in range(len(ratio)):  # the imbalance over her own levels if she got this share
        imbalances.append(0)
        for place, weight in zip(enumerate(levels), rule["weights"], strict=True):
            scaled = [(n[(*place, s)] + (s == share)) * lcm(*ratio) // r for s, r in enumerate(ratio)]
            variance = len(scaled) * sum(x * x for x in scaled) - sum(scaled) ** 2
            imbalances[-1] += weight * (variance if rule["imbalance"] == "variance" else max(scaled) - min(scaled))
    best = [s for s, value in enumerate(imbalances) if value == min(imbalances)]
    for share, part in enumerate(ratio):  # the coin's chance for the one preferred; among equals by the ratio
        low = part * (1 - F(rule["coin"])) / (sum(ratio) - min(ratio))
        high = 1 - (1 - F(rule["coin"])) * (sum(ratio) - part) / (sum(ratio) - min(ratio))
        mixed.append(sum(F(ratio[b], sum(ratio[x] for x in best)) * (high if b == share else low) for b in best))
    return [int(x * lcm(*(y.denominator for y in mixed))) for x in mixed], {"imbalances": imbalances}


def replay(key: bytes, epoch: Any, freeze: Any, nonce: str, cells: Any, homes: Any) -> tuple[list[Any], str]:
    """Return the allocations that the key gives a frozen batch, and the keyed code of their chances."""
    design, trial, everyone = epoch["design"], epoch["design"]["trial_id"], epoch["design"]["method"] == "everyone"
    arms, ratio, rule = design["arms"], design["ratio"], design["minimisation"]
    equal = rule and rule["unequal"] == "equal_shares"  # each share belongs to an arm
    shares = [a for a, r in enumerate(ratio) for _ in range(r // gcd(*ratio) if equal else 1)]
    label, streams, rows, steps = (trial, epoch["epoch"], freeze["batch"], nonce), {}, {}, {}
    for unit in sorted(freeze["units"], key=lambda unit: keyed(key, "order", *label, unit["token"])):
        stratum, home, levels, chance, step = unit["stratum"], unit["cluster"], unit["levels"], F(1), {"cluster": 1}
        if home in homes:  # a woman of her household was drawn before her, with the same chance
            arm, marginal = homes[home]
        else:
            cell = cells.setdefault(stratum, {"left": [], "size": 0, "block": 0, "n": Counter()})
            below = streams.setdefault(stratum, numbers(key, *label, stratum))
            weights, step = chances(design, shares, cell, levels, below)
            share = [s for s, weight in enumerate(weights) for _ in range(weight)][below(sum(weights))]
            chance = F(sum(w for s, w in enumerate(weights) if shares[s] == shares[share]), sum(weights))
            arm, step = arms[shares[share]], {**step, "share": share} if rule else step
            cell["n"].update([share, *((*place, share) for place in enumerate(levels))])
            cell["left"] = [left - (s == share) for s, left in enumerate(cell["left"])]
            marginal = str(F(arm == arms[0]) if everyone else F(ratio[arms.index(arm)], sum(ratio)))
            homes.update({home: (arm, marginal)} if home else {})
        steps[unit["token"]] = [unit["token"], str(chance), step]
        rows[unit["token"]] = {"token": unit["token"], "stratum": stratum, "arm": arm, "marginal": marginal}
    seal = keyed(key, "steps", trial, epoch["epoch"], freeze["batch"], [steps[token] for token in sorted(steps)])
    return [rows[token] for token in sorted(rows)], seal.hex()


def comparing(kind: str, body: Any, said: dict[Any, Any]) -> dict[str, bool]:
    """Judge an entry on the comparison of the arms; ``said`` is what earlier ones said, and is added to."""
    plan = said.get("plan")
    if kind == "plan":
        said["plan"] = body["plan_hash"]
        good = {"locks the same plan again": plan != body["plan_hash"]}
        return good | {"has a wrong plan hash": body["plan_hash"] == digest(body["plan"])}
    if kind == "unblind":
        before, said["unblinded"] = said.get("unblinded", False), True
        return {"unblinds without that plan, or again": body["plan_hash"] == plan and not before}
    if kind == "look":
        number, least = said.get("look", (0, 0.0))
        said["look"] = body["look"], float(body["information"])
        in_turn = body["look"] == number + 1 and said["look"][1] >= least
        good = {"looks out of turn, or with less information": in_turn}
        return good | {"looks under another plan": body["plan_hash"] == plan}
    if body["tier"] != "exchange":
        return {}
    first = said.setdefault((body["agreement"], body["round"]), body["content"])
    return {"sends another summary in the same round": first == body["content"]}


def read(content: bytes, keys: Iterable[bytes] = (), head: str | None = None) -> tuple[list[str], Any, int]:
    """Return every fault found, the women by epoch, stratum and arm, and the lines that the head stands for."""
    known = {digest(["smartstart/2/commitment", key.hex()]): key for key in keys}
    found, heads, epoch, pending, batches, frozen, counts = [], ["0" * 64], {}, None, set(), set(), Counter()
    cells, homes, spent, said = {}, {}, set(), {}
    for line, text in enumerate(content.split(b"\n")[:-1], start=1):
        entry = json.loads(text)
        body, kind = entry["body"], entry["kind"]
        good = {
            "is not canonical": canonical(entry) == text and set(entry) == FIELDS,
            "is out of place": str(entry["seq"]) == str(line) and (kind == "genesis") == (line == 1),
            "breaks the chain": entry["previous"] == heads[-1],
            "has a wrong hash": entry["hash"] == digest({name: entry[name] for name in FIELDS - {"hash"}}),
            "is of an unknown kind": kind in KINDS,
        }
        heads.append(entry["hash"])
        if kind in {"genesis", "epoch"}:
            good["has a wrong design hash"] = body["design_hash"] == digest(body["design"])
            good["is not the next epoch"] = body["epoch"] == epoch.get("epoch", 0) + 1 and not pending
            good["commits to a key that was not given"] = not keys or body["key_commitment"] in known
            epoch, cells = body, {}
        elif kind == "freeze":
            tokens, batch = [unit["token"] for unit in body["units"]], body["batch"]
            good["has a wrong root"] = body["root"] == digest(body["units"])
            good["freezes a batch again, or before the last was drawn"] = batch not in batches and not pending
            good["is of another epoch"] = body["epoch"] == epoch["epoch"]
            good["holds a woman twice"] = tokens == sorted(set(tokens)) and frozen.isdisjoint(tokens)
            good["promises a nonce that is known"] = body["nonce"]["promise"] not in spent
            batches, frozen, pending = batches | {batch}, frozen | set(tokens), (body, entry["hash"])
        elif kind == "draw":
            freeze, its_hash = pending
            rows, nonce, told = body["allocations"], body["nonce"], freeze["nonce"]
            women = [(unit["token"], unit["stratum"]) for unit in freeze["units"]]
            kept = told["source"] != "second_officer" or digest(["smartstart/2/nonce", nonce]) == told["promise"]
            good["is not of its freeze"] = (body["freeze"], body["batch"]) == (its_hash, freeze["batch"])
            good["draws other women"] = [(row["token"], row["stratum"]) for row in rows] == women
            good["has another nonce than was promised"] = kept and bool(re.fullmatch(NONCES[told["source"]], nonce))
            good["has a nonce that was known"] = nonce not in spent
            good["has an arm of no design"] = {row["arm"] for row in rows} <= {*epoch["design"]["arms"]}
            if key := known.get(epoch["key_commitment"]):
                given = replay(key, epoch, freeze, nonce, cells, homes)
                good["is not what the key gives"] = (rows, body["steps"]) == given
            counts.update((epoch["epoch"], row["stratum"], row["arm"]) for row in rows)
            pending, spent = None, spent | {nonce, told["promise"]} - {""}
        elif kind in {"plan", "unblind", "look", "summary"}:
            good |= comparing(kind, body, said)
        found += [f"Line {line} {fault}." for fault, holds in good.items() if not holds]
    found += [] if content.endswith(b"\n") and epoch else ["The last line is not ended, or there is no genesis."]
    found += [] if head is None or head in heads[1:] else ["The head given is not in the ledger."]
    return found, counts, heads.index(head) if head in heads else len(heads) - 1


def faults(content: bytes, keys: Iterable[bytes] = (), head: str | None = None) -> list[str]:
    """Return every fault found, also when a line does not have the form of an entry."""
    try:
        return read(content, keys, head)[0]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ZeroDivisionError) as error:
        return [f"A line does not have the form of an entry ({type(error).__name__})."]


def main() -> int:
    """Read the arguments, print what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description="Verify a ledger of the draw.")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--key", type=Path, help="file with 64 hex characters a line: repeat every draw")
    parser.add_argument("--head", help="the head that was noted elsewhere")
    options = parser.parse_args()
    try:
        content = options.ledger.read_bytes()
        keys = [bytes.fromhex(line) for line in options.key.read_text("ascii").split()] if options.key else []
        if options.key and not keys:
            raise ValueError
    except (OSError, ValueError) as error:
        print(f"A file could not be read: {type(error).__name__}.")
        return 2
    if found := faults(content, keys, options.head):
        print("\n".join(found))
        return 1
    _, counts, covered = read(content, keys, options.head)
    print(f"No fault found; the draws were {'' if keys else 'not '}repeated.")
    if options.head:
        print(f"The head given stands for lines 1 to {covered}.")
    kinds = Counter(json.loads(line)["kind"] for line in content.splitlines())
    print(f"Epochs: {kinds['epoch'] + 1}. Batches frozen: {kinds['freeze']}, drawn: {kinds['draw']}.")
    for (epoch, stratum, arm), number in sorted(counts.items()):
        print(ascii(f"{epoch}  {stratum}  {arm}  {number}").strip("'"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
