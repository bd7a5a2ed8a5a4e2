"""Measure the draw: how fast, how alike the arms, how predictable, and whether damage to a ledger is noticed.

Run by ``make bench-trial``, which installs the peers of ``peers.lock`` in an environment of their own. A peer that is
not there is said to be absent; nothing is put in its place but a plain reference of ours, named as such.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "benchmarks")]

import ledger_faults  # noqa: E402 - found by the path above

from smartstart.trial.allocation import Sequence, Unit  # noqa: E402
from smartstart.trial.design import Design, Factor, Minimisation  # noqa: E402
from smartstart.trial.methods import method_of  # noqa: E402
from smartstart.trial.simulation import (  # noqa: E402
    Woman,
    balance,
    exact_certainty,
    play,
    predictability,
)

BLOCK_WOMEN, MINIMISED_WOMEN = 1_000_000, 100_000
BATCH = 1000
TRIALS, YEARS, PER_YEAR = 1000, 2, 65
STRATA = (Factor("risk_band", ("0–1", "2+", "unknown")),)
FACTORS = (
    Factor("gestation", ("<16", ">=16")),
    Factor("smoking", ("yes", "no", "unknown")),
    Factor("language", ("dutch", "other", "unknown")),
)
BLOCKS = Design("bench", strata=STRATA, block_sizes=(4, 6, 8))
MINIMISING = Design("bench", method="minimisation", minimisation=Minimisation(FACTORS, (1, 1, 1)))
SIDE_BY_SIDE = {
    "simple": Design("bench", method="simple"),
    "blocks 4, 6, 8": Design("bench", block_sizes=(4, 6, 8)),
    "blocks 4, 6, 8 by band": BLOCKS,
    "big stick 3": Design("bench", method="big_stick", bound=3),
    "minimisation 4/5": MINIMISING,
    "minimisation 2/3": Design(
        "bench", method="minimisation", minimisation=Minimisation(FACTORS, (1, 1, 1), coin="2/3")
    ),
}
BAND_SHARES, LEVEL_SHARES = (74, 16, 10), ((85, 15), (10, 85, 5), (85, 10, 5))  # percent [A]
PYTHONS = ("3.11", "3.12", "3.13")


def main() -> None:
    """Print every table."""
    print(f"Python {sys.version.split()[0]}, one core of {os.cpu_count()}; seconds are of this run on this machine.\n")
    speed()
    bounds()
    agreement()
    quality()
    certainty()
    detection()
    golden()


# --- speed ------------------------------------------------------------------------------------------------


def speed() -> None:
    """Time the same work by every way there is."""
    _timed(
        f"Permuted blocks of 4, 6 and 8 in 3 strata, {BLOCK_WOMEN:,} women",
        {
            "smartstart, keyed draw": lambda: keyed_draw(BLOCKS, _units(BLOCK_WOMEN)),
            "smartstart, method alone": lambda: method_alone(BLOCKS, BLOCK_WOMEN),
            "stochatreat": peer("stochatreat", lambda: with_stochatreat(BLOCK_WOMEN)),
            "plain reference": lambda: reference_blocks(BLOCK_WOMEN),
        },
    )
    _timed(
        f"Minimisation over 3 factors (8 levels), coin 4/5, {MINIMISED_WOMEN:,} women",
        {
            "smartstart, keyed draw": lambda: keyed_draw(MINIMISING, _units(MINIMISED_WOMEN, minimised=True)),
            "smartstart, method alone": lambda: method_alone(MINIMISING, MINIMISED_WOMEN),
            "smallerize": peer("smallerize", lambda: with_smallerize(MINIMISED_WOMEN)),
            "plain reference": lambda: reference_minimisation(MINIMISED_WOMEN),
        },
    )
    print(
        "The keyed draw also hides the order of the batch and keeps each chance as a fraction. stochatreat assigns\n"
        "a whole table at once, with no sequence. The plain references are ours: lists and Python's random, no more.\n"
    )


def bounds() -> None:
    """Print by how many women the arms of a stratum ever differed after a batch, beside the design's bound."""
    sequence, ahead, worst = Sequence(BLOCKS, bytes(32), 1), Counter[str](), 0
    for number, batch in enumerate(_units(BLOCK_WOMEN)):
        for row in sequence.allocate(f"batch {number}", batch):
            ahead[row.stratum] += 1 if row.arm == BLOCKS.arms[0] else -1
        worst = max(worst, *map(abs, ahead.values()))
    bound = max(BLOCKS.block_sizes) // 2
    print(
        f"Arms of a stratum never differed by more than {worst} women after a batch; the design's bound is {bound}.\n"
    )


def peer(name: str, work: Callable[[], object]) -> Callable[[], object] | None:
    """Return the work of a peer, or None where it is not installed."""
    try:
        version(name)
    except PackageNotFoundError:
        return None
    return work


def keyed_draw(design: Design, units: Iterator[list[Unit]]) -> None:
    """Draw batches with the real draw."""
    sequence = Sequence(design, bytes(32), 1)
    for number, batch in enumerate(units):
        sequence.allocate(f"batch {number}", batch)


def method_alone(design: Design, women: int) -> None:
    """Draw with the same method and Python's generator, without keys, order or records."""
    below = random.Random(1).randrange  # noqa: S311
    everyone = (Woman(n % len(design.cells), _levels(below) if design.minimisation else ()) for n in range(women))
    for batch in _in_batches(everyone):
        play(design, batch, below)


def with_stochatreat(women: int) -> None:
    """Assign a table stratified by band."""
    import numpy as np
    import pandas as pd
    from stochatreat import stochatreat

    bands = np.random.default_rng(1).integers(0, 3, women)
    table = pd.DataFrame({"woman": np.arange(women), "band": bands})
    stochatreat(table, stratum_cols=["band"], treats=2, idx_col="woman", random_state=1)


def with_smallerize(women: int) -> None:
    """Minimise with the range of the counts and the same coin."""
    minimizer = _smallerize((1, 1), "best_only", 0.8)
    below = random.Random(1).randrange  # noqa: S311
    for _ in range(women):
        minimizer.assign_participant(dict(zip(_names(), _levels(below), strict=True)))


def reference_blocks(women: int) -> None:
    """Shuffle a list for each block: what a page of code would do."""
    chance = random.Random(1)  # noqa: S311
    open_blocks: list[list[int]] = [[], [], []]
    for n in range(women):
        block = open_blocks[n % 3]
        if not block:
            block += [0, 1] * (chance.choice((4, 6, 8)) // 2)
            chance.shuffle(block)
        block.pop()


def reference_minimisation(women: int) -> None:
    """Count in a table and toss a coin: what a page of code would do."""
    chance = random.Random(1)  # noqa: S311
    counts = {(f, level): [0, 0] for f, factor in enumerate(FACTORS) for level in factor.levels}
    for _ in range(women):
        hers = [counts[place] for place in enumerate(_levels(chance.randrange))]
        ahead = [sum(abs(c[arm] + 1 - c[1 - arm]) for c in hers) for arm in (0, 1)]
        arm = chance.randrange(2) if ahead[0] == ahead[1] else int(ahead[1] < ahead[0])
        arm = arm if chance.random() < 0.8 else 1 - arm
        for count in hers:
            count[arm] += 1


# --- agreement with a peer --------------------------------------------------------------------------------


def agreement(women: int = 2000) -> None:
    """Let smallerize judge the same women, one after another, and compare whom it prefers with what chance."""
    print(f"The same {women:,} women, one after another, judged by smallerize")
    if peer("smallerize", lambda: None) is None:
        print("smallerize is not installed here.\n")
        return
    for ratio, coin in (((1, 1), "4/5"), ((2, 1), "4/5"), ((3, 2), "9/10")):
        rule = Minimisation(FACTORS, (1, 1, 1), coin=coin, unequal="biased_coin")
        method = method_of(Design("bench", ratio=ratio, method="minimisation", minimisation=rule))
        part, _, whole = coin.partition("/")
        theirs = _smallerize(ratio, "biased_coin", int(part) / int(whole))
        below, alike, clear = random.Random(2).randrange, 0, 0  # noqa: S311
        for _ in range(women):
            hers = _levels(below)
            named = dict(zip(_names(), hers, strict=True))
            chances, _ = method.chances(hers, below)
            left = theirs.get_new_total_imbalances(named)
            told = theirs.get_arm_probability(left)
            if abs(left["0"] - left["1"]) > 1e-9:  # smallerize breaks ties by a coin before it gives the chance
                clear += 1
                alike += abs(told["0"] - chances[0] / sum(chances)) < 1e-9
            arm = int(below(sum(ratio)) >= ratio[0])
            method.took(arm, hers)
            theirs.add_existing_participant(named, str(arm))
        print(f"  ratio {ratio[0]}:{ratio[1]}, coin {coin}: the same chance for {alike:,} of {clear:,} without a tie")
    print(
        "With an unequal ratio smallerize adds the new woman to counts that were divided by it already, so that it\n"
        "prefers another arm now and then; we divide with her included, as the R package Minirand does.\n"
    )


# --- balance and predictability ---------------------------------------------------------------------------


def quality() -> None:
    """Play every method on women who come alike."""
    print(f"{TRIALS:,} trials of {YEARS * PER_YEAR} women in {YEARS} years; differences in women, 95th percentile")
    heads = ("method", "all", "band 2+", "smokes", "known", "guessed", "informed")
    print(f"{heads[0]:24}" + "".join(f"{head:>10}" for head in heads[1:]))
    for name, design in SIDE_BY_SIDE.items():
        below = random.Random(3).randrange  # noqa: S311
        trials, groups = [], []
        for _ in range(TRIALS):
            coming = [(_one(below, BAND_SHARES), _levels_by_share(below)) for _ in range(YEARS * PER_YEAR)]
            women = [
                Woman(band if design.strata else 0, levels if design.minimisation else ()) for band, levels in coming
            ]
            drawn = play(design, women, below)
            trials.append(drawn)
            groups.append([(band, levels[1], d.arm) for (band, levels), d in zip(coming, drawn, strict=True)])
        seen = predictability(design, trials)
        numbers = (
            balance(design, trials).differences[0].p95,
            _p95(groups, lambda band, _: band == 1),
            _p95(groups, lambda _, smoking: smoking == "yes"),
        )
        shares = (seen.certain, seen.guessed, seen.informed)
        print(f"{name:24}" + "".join(f"{n:>10.0f}" for n in numbers) + "".join(f"{100 * s:>8.1f} %" for s in shares))
    print(
        "known: the next arm is certain to an observer of the stratum; guessed: right by naming the arm behind;\n"
        "informed: right knowing all but the key. A fair coin is guessed in 50 %.\n"
    )


def certainty() -> None:
    """Enumerate what an observer of a stratum knows for certain."""
    print("Slots knowable with certainty, exact (mean over the first n slots of a stratum)")
    for women in (22, 65, 130, 400):
        exact = float(sum(exact_certainty(BLOCKS, women)) / women)
        print(
            f"  blocks of 4, 6 and 8, {women:3} slots: {100 * exact:.2f} %: {'under 3 %' if exact < 0.03 else 'MORE'}"
        )
    print()


# --- the ledger -------------------------------------------------------------------------------------------


def detection() -> None:
    """Damage the golden ledgers; everything must be noticed."""
    print("Damage to the golden ledgers, noticed by tools/verify_ledger.py given the head")
    print(f"{'damage':36}{'done':>8}{'noticed':>10}")
    ledger_faults.main()
    print()


def golden() -> None:
    """Replay the golden ledgers on every Python that is present."""
    print("Golden ledgers replayed, by the program and by the auditor's tool")
    answers = {}
    for name in PYTHONS:
        python = _python(name)
        if python is None:
            print(f"  Python {name} is not present here")
            continue
        done = subprocess.run(  # noqa: S603 - our own script, on a Python of this machine
            [python, "-I", str(ROOT / "tests" / "golden" / "replay.py")], capture_output=True, text=True, check=False
        )
        answers[name] = done.stdout
        lines = [line.split() for line in done.stdout.splitlines()]
        faults, women = (sum(int(line[at]) for line in lines) for at in (2, 3))
        print(f"  Python {name}: {len(lines)} ledgers, {women:,} women, faults: {faults}, exit code {done.returncode}")
    print(f"  the same answer on each: {'yes' if len(set(answers.values())) == 1 else 'NO'}")


# --- what the tables share --------------------------------------------------------------------------------


def _timed(title: str, ways: dict[str, Callable[[], object] | None]) -> None:
    print(title)
    print(f"{'by':28}{'seconds':>10}{'women a second':>18}{'times our time':>18}")
    women = int(title.rpartition(", ")[2].split()[0].replace(",", ""))
    ours = 0.0
    for name, work in ways.items():
        if work is None:
            print(f"{name:28}{'not installed here':>28}")
            continue
        begun = time.perf_counter()
        work()
        seconds = time.perf_counter() - begun
        ours = ours or seconds
        label = f"{name} {version(name)}" if name in {"stochatreat", "smallerize"} else name
        print(f"{label:28}{seconds:>10.1f}{women / seconds:>18,.0f}{seconds / ours:>18.2f}")
    print()


def _units(women: int, *, minimised: bool = False) -> Iterator[list[Unit]]:
    below = random.Random(1).randrange  # noqa: S311
    every = (
        Unit(f"{n:032x}", "0" if minimised else str(n % 3), _levels(below) if minimised else ()) for n in range(women)
    )
    yield from _in_batches(every)


def _in_batches(women: Iterator[Any]) -> Iterator[list[Any]]:
    while batch := [woman for _, woman in zip(range(BATCH), women, strict=False)]:
        yield batch


def _levels(below: Callable[[int], int]) -> tuple[str, ...]:
    return tuple(factor.levels[below(len(factor.levels))] for factor in FACTORS)


def _levels_by_share(below: Callable[[int], int]) -> tuple[str, ...]:
    return tuple(f.levels[_one(below, shares)] for f, shares in zip(FACTORS, LEVEL_SHARES, strict=True))


def _one(below: Callable[[int], int], percents: tuple[int, ...]) -> int:
    number = below(100)
    return next(place for place in range(len(percents)) if number < sum(percents[: place + 1]))


def _names() -> list[str]:
    return [factor.name for factor in FACTORS]


def _smallerize(ratio: tuple[int, int], method: str, coin: float) -> Any:
    from smallerize import Arm, Minimizer
    from smallerize import Factor as TheirFactor

    return Minimizer(
        factors=[TheirFactor(factor.name, factor.levels) for factor in FACTORS],
        arms=[Arm(str(place), part) for place, part in enumerate(ratio)],
        d_imbalance_method="range",
        probability_method=method,
        preferred_p=coin,
    )


def _p95(groups: list[list[tuple[int, str, int]]], belongs: Callable[[int, str], bool]) -> float:
    found = sorted(abs(sum(1 - 2 * arm for band, smoking, arm in trial if belongs(band, smoking))) for trial in groups)
    return float(found[int(0.95 * len(found))])


def _python(name: str) -> str | None:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    wanted = str(tuple(map(int, name.split("."))))
    for candidate in (shutil.which(f"python{name}"), *map(str, root.glob(f"versions/{name}.*/bin/python"))):
        if candidate:
            asked = subprocess.run(  # noqa: S603
                [candidate, "-c", "import sys; print(sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=False,
            )
            if asked.stdout.strip() == wanted:
                return candidate
    return None


if __name__ == "__main__":
    main()
