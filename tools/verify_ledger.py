"""Verify a ledger of the draw: python verify_ledger.py LEDGER [--key FILE] [--head H]

For an auditor: Python's standard library only, nothing of the program that made the ledger. Without the key it
checks the chain and the rules; with it (a line of 64 hex characters for each key used, revealed when the trial
has ended) it repeats every draw. Exit 0: no fault found, and the women by epoch, stratum and arm; 1: a fault;
2: a file could not be read. The whole definition of the draw stands in ``chances`` and ``replay``.
"""

import argparse
import hashlib
import hmac
import json
import re
import sys
from collections import Counter
from fractions import Fraction as F
from math import gcd, lcm
from pathlib import Path

FIELDS = {"seq", "kind", "recorded_at", "actor", "body", "previous", "hash"}
NONCES = {"none": "", "second_officer": ".{20,200}", "dice": "[1-6]{20,200}", "beacon": "[0-9a-f]{32,256}"}


def canonical(value):  # the one JSON text of a value: sorted keys, no spaces, ASCII
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(value):
    return hashlib.sha256(canonical(value)).hexdigest()


def keyed(key, purpose, *message):  # every keyed code: HMAC-SHA256 of a list that begins with its purpose
    return hmac.new(key, canonical([f"smartstart/2/{purpose}", *message]), hashlib.sha256).digest()


def numbers(key, *label):
    """Return a function that gives random numbers under a limit: digests for counter 0, 1, … in words of 32 bits."""
    words = (keyed(key, "draw", *label, n)[i : i + 4] for n in range(2**62) for i in range(0, 32, 4))

    def below(limit):  # words past the last whole multiple of the limit are thrown away
        return next(n for n in (int.from_bytes(w, "big") for w in words) if n < 2**32 // limit * limit) % limit

    return below


def coin(ratio, preferred, chance):  # the chance of each share when one is preferred; Han et al. 2009
    low = [r * (1 - chance) / (sum(ratio) - min(ratio)) for r in ratio]
    return [1 - sum(low) + x if s == preferred else x for s, x in enumerate(low)]


def chances(design, shares, cell, levels, below):
    """Return each share's chances for the next woman of a stratum, as whole numbers, and what they rest on."""
    method, ratio = design["method"], design["ratio"]
    if method == "permuted_blocks":  # an urn; an empty one is followed by the next, of a size drawn from the sizes
        if not any(cell["left"]):
            size = design["block_sizes"][below(len(design["block_sizes"]))]
            cell["left"], cell["size"], cell["block"] = [r * size // sum(ratio) for r in ratio], size, cell["block"] + 1
        return cell["left"], {"block": cell["block"], "position": cell["size"] - sum(cell["left"]) + 1}
    if method == "minimisation":  # the share that leaves the least imbalance over her levels is preferred by a coin
        rule = design["minimisation"]
        ratio, left = ratio if rule["unequal"] == "biased_coin" else [1] * len(shares), []
        for share in range(len(ratio)):
            left.append(0)
            for place, weight in zip(enumerate(levels), rule["weights"], strict=True):
                n = [(cell["n"][(*place, s)] + (s == share)) * lcm(*ratio) // r for s, r in enumerate(ratio)]
                spread = max(n) - min(n) if rule["imbalance"] == "range" else len(n) * sum(map(pow, n, [2] * len(n)))
                left[-1] += weight * (spread - (rule["imbalance"] == "variance") * sum(n) ** 2)
        best = [s for s, value in enumerate(left) if value == min(left)]
        of = sum(ratio[s] for s in best)
        coins = [(F(ratio[b], of), coin(ratio, b, F(rule["coin"]))) for b in best]
        mixed = [sum(part * coined[s] for part, coined in coins) for s in range(len(ratio))]
        return [int(x * lcm(*(y.denominator for y in mixed))) for x in mixed], {"imbalances": left}
    if method == "big_stick":  # a fair coin until one arm is `bound` ahead
        ahead = cell["n"][0] - cell["n"][1]
        return [int(ahead < design["bound"]), int(ahead > -design["bound"])], {"ahead": ahead}
    return (ratio, {}) if method == "simple" else ([1] + [0] * (len(ratio) - 1), {})  # else: everyone


def replay(key, epoch, freeze, nonce, cells, homes):
    """Return the allocations that the key gives a frozen batch, and the keyed code of their steps."""
    design, number = epoch["design"], epoch["epoch"]
    trial, arms, ratio, rule = design["trial_id"], design["arms"], design["ratio"], design["minimisation"]
    equal = rule and rule["unequal"] == "equal_shares"
    shares = [a for a, r in enumerate(ratio) for _ in range(r // gcd(*ratio) if equal else 1)]
    label, below, rows = (trial, number, freeze["batch"], nonce), {}, {}
    for unit in sorted(freeze["units"], key=lambda unit: keyed(key, "order", *label, unit["token"])):
        stratum, home, levels = unit["stratum"], unit["cluster"], unit["levels"]
        share, conditional, step = None, F(1), {"cluster": 1}
        if home not in homes:
            cell = cells.setdefault(stratum, {"left": [], "size": 0, "block": 0, "n": Counter()})
            random = below.setdefault(stratum, numbers(key, *label, stratum))
            weights, step = chances(design, shares, cell, levels, random)
            slots = [s for s, weight in enumerate(weights) for _ in range(weight)]
            share = slots[random(len(slots))]
            conditional = F(sum(w for s, w in enumerate(weights) if shares[s] == shares[share]), sum(weights))
            step = {**step, "share": share} if rule else step
            cell["n"].update([share, *((*place, share) for place in enumerate(levels))])
            if design["method"] == "permuted_blocks":
                cell["left"][share] -= 1
        arm = homes[home] if share is None else arms[shares[share]]
        homes.update({home: arm} if home else {})
        everyone = design["method"] == "everyone"
        marginal = F(int(arm == arms[0])) if everyone else F(ratio[arms.index(arm)], sum(ratio))
        rows[unit["token"]] = ({"stratum": stratum, "arm": arm, "marginal": str(marginal)}, str(conditional), step)
    steps = [[token, rows[token][1], rows[token][2]] for token in sorted(rows)]
    sealed = keyed(key, "steps", trial, number, freeze["batch"], steps).hex()
    return [{"token": token, **rows[token][0]} for token in sorted(rows)], sealed


def read(content, keys=(), head=None):
    """Return every fault found, the women by epoch, stratum and arm, and the lines that the head stands for."""
    known = {digest(["smartstart/2/commitment", key.hex()]): key for key in keys}
    found, previous, epoch, pending, batches, frozen, counts = [], "0" * 64, {}, None, set(), set(), Counter()
    cells, homes, heads = {}, {}, []
    for line, text in enumerate(content.split(b"\n")[:-1], start=1):
        entry = json.loads(text)
        body, kind, rest = entry["body"], entry["kind"], {k: v for k, v in entry.items() if k != "hash"}
        good = {
            "is not canonical": canonical(entry) == text and set(entry) == FIELDS,
            "is out of place": entry["seq"] == line and (kind == "genesis") == (line == 1),
            "breaks the chain": entry["previous"] == previous,
            "has a wrong hash": entry["hash"] == digest(rest),
            "is of an unknown kind": kind in {"genesis", "epoch", "freeze", "draw", "event", "note"},
        }
        previous = entry["hash"]
        heads.append(previous)
        if kind in {"genesis", "epoch"}:
            good["has a wrong design hash"] = body["design_hash"] == digest(body["design"])
            good["is not the next epoch"] = body["epoch"] == epoch.get("epoch", 0) + 1 and not pending
            good["commits to a key that was not given"] = not keys or body["key_commitment"] in known
            epoch, cells = body, {}
        elif kind == "freeze":
            tokens = [unit["token"] for unit in body["units"]]
            good["has a wrong root"] = body["root"] == digest(body["units"])
            good["freezes a batch again, or before the last was drawn"] = body["batch"] not in batches and not pending
            good["is of another epoch"] = body["epoch"] == epoch["epoch"]
            good["holds a woman twice"] = tokens == sorted(set(tokens)) and frozen.isdisjoint(tokens)
            batches, frozen, pending = batches | {body["batch"]}, frozen | set(tokens), (body, entry["hash"])
        elif kind == "draw":
            freeze, its_hash = pending
            rows, nonce, source = body["allocations"], body["nonce"], freeze["nonce"]["source"]
            women = [(unit["token"], unit["stratum"]) for unit in freeze["units"]]
            promised = source != "second_officer" or digest(["smartstart/2/nonce", nonce]) == freeze["nonce"]["promise"]
            good["is not of its freeze"] = (body["freeze"], body["batch"]) == (its_hash, freeze["batch"])
            good["draws other women"] = [(row["token"], row["stratum"]) for row in rows] == women
            good["has another nonce than was promised"] = promised and bool(re.fullmatch(NONCES[source], nonce))
            if key := known.get(epoch["key_commitment"]):
                again = replay(key, epoch, freeze, nonce, cells, homes)
                good["is not what the key gives"] = (rows, body["steps"]) == again
            counts.update((epoch["epoch"], row["stratum"], row["arm"]) for row in rows)
            pending = None
        found += [f"Line {line} {fault}." for fault, holds in good.items() if not holds]
    found += [] if content.endswith(b"\n") else ["The last line is not ended."]
    found += [] if epoch else ["The ledger has no genesis."]
    found += [] if head is None or head in heads else ["The head given is not in the ledger."]
    return found, counts, heads.index(head) + 1 if head in heads else len(heads)


def faults(content, keys=(), head=None):
    """Return every fault found, also when a line does not have the form of an entry."""
    try:
        return read(content, keys, head)[0]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ZeroDivisionError) as error:
        return [f"A line does not have the form of an entry ({type(error).__name__})."]


def main():
    parser = argparse.ArgumentParser(description="Verify a ledger of the draw.")
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--key", type=Path, help="file with 64 hex characters a line: repeat every draw")
    parser.add_argument("--head", help="the head that was noted elsewhere")
    options = parser.parse_args()
    try:
        content = options.ledger.read_bytes()
        keys = [bytes.fromhex(line) for line in options.key.read_text("ascii").split()] if options.key else []
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
    for (epoch, stratum, arm), number in sorted(counts.items()):
        print(f"{epoch}  {stratum}  {arm}  {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
