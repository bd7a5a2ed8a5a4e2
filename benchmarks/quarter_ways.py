"""A quarter from extracts to lists, for places of several sizes, each in a process of its own."""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SEED = 797
BASE = 5  # Heusdens in what is copied
ROWS_AT_ONCE, FILE_ROWS = 500_000, 6_000_000
OWN = str(Path("src") / "smartstart")


def quarter(copies: int, profiled: bool = False, strangers: int = 0) -> Callable[[], dict[str, Any]]:
    """Make a quarter of a place; what is timed loads, checks, scores, draws and lists it.

    The place is Heusden's size for one copy; from two on, so many times a quarter of five Heusdens, each with people of
    its own. ``strangers`` are so many others in the register of persons, of whom nobody may be taken in. Returns rows,
    women and seconds by step; ``profiled`` adds the share of the time in our own code, which is then slower.
    """
    from smartstart.new_workspace import make_workspace
    from smartstart.pipeline import Request, run_pipeline
    from smartstart.synthetic.deliveries import write_story

    kept = tempfile.TemporaryDirectory(prefix="quarter-")
    folder = Path(kept.name)
    story = write_story(folder / "extracts", SEED, size=1 if copies == 1 else BASE)
    delivery = next(one for one in story.deliveries if one.period)
    if copies > 1:
        multiply([delivery.folder], copies)
    if strangers:
        _add_strangers(delivery.folder, strangers)
    workspace = make_workspace(folder / "work", "heusden", rehearsal=True, keys=folder / "keys")
    request = Request(delivery.pipeline, delivery.folder, delivery.as_of, delivery.period, delivery.delivered)

    def run() -> dict[str, Any]:
        begun: list[tuple[str, float]] = []
        profile = cProfile.Profile()
        if profiled:
            profile.enable()
        result = run_pipeline(workspace, request, lambda told: begun.append((told, time.perf_counter())))
        ended = time.perf_counter()
        profile.disable()
        begun = [(step, at) for step, at in begun if " " not in step]  # sentences tell how fast a file is read
        limits = [at for _, at in begun[1:]] + [ended]
        steps = {step: round(until - at, 4) for (step, at), until in zip(begun, limits, strict=True)}
        rows = sum(file["rows_in"] for file in result.report["files"])
        found = {"rows": rows, "eligible": result.report["eligible"], "steps": steps}
        kept.cleanup()
        return {**found, **_shares(profile)} if profiled else found

    return run


def _shares(profile: cProfile.Profile) -> dict[str, float]:
    """Return the share of the time in our own lines, and in libraries and Python itself."""
    stats = pstats.Stats(profile, stream=sys.stderr).stats  # type: ignore[attr-defined]
    own = sum(found[2] for (file, _, _), found in stats.items() if OWN in file)
    return {"own": own / sum(found[2] for found in stats.values())}


def multiply(folders: Sequence[Path], copies: int) -> None:
    """Put as many people more into every file, each with a number that passes the elfproef, and a client number.

    Who is in several files, or in several folders, is the same person in all of them.
    """
    import polars as pl

    from smartstart.extracts.delimited import split
    from smartstart.extracts.encoding import decode

    tables = {}
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        records = split(decode(path.read_bytes(), path.name), path.name)
        tables[path] = records.frame.drop("_row").rename(
            dict(zip(records.frame.columns[1:], records.header, strict=True))
        )
    people = pl.concat(frame[name] for frame in tables.values() for name in frame.columns if "servicenummer" in name)
    numbers = _numbers(people.n_unique() * copies).reshape(copies, -1)
    own = people.unique().sort()
    for path, frame in tables.items():
        named = [name for name in frame.columns if "servicenummer" in name]
        parts = []
        for copy in range(copies):
            new = [pl.col(name).replace_strict(own, pl.Series(numbers[copy])) for name in named]
            if "clientnummer" in frame.columns:
                new.append((pl.col("clientnummer") + f"-{copy}").alias("clientnummer"))
            parts.append(frame.with_columns(new))
        pl.concat(parts).write_csv(path, separator=";")


def _add_strangers(folder: Path, many: int) -> None:
    """Write files with so many persons more, of whom no other file knows: a file has no more than FILE_ROWS rows."""
    import polars as pl

    few = pl.read_csv(folder / "personen.csv", separator=";", infer_schema=False)
    some = pl.concat([few] * (ROWS_AT_ONCE // few.height + 1)).head(ROWS_AT_ONCE)
    for nth, begin in enumerate(range(0, many, ROWS_AT_ONCE)):
        file = folder / f"personen_{begin // FILE_ROWS:02}.csv"
        numbers = pl.Series(_numbers(ROWS_AT_ONCE, 300_000_000 + 12 * ROWS_AT_ONCE * nth))
        rows = some.with_columns(numbers.alias("burgerservicenummer")).head(many - begin)
        with file.open("ab") as out:
            rows.write_csv(out, separator=";", include_header=begin % FILE_ROWS == 0)


def _numbers(many: int, first: int = 100_000_000) -> np.ndarray:
    """Return so many numbers of nine digits, from the ``first`` on, that pass the elfproef, as text."""
    found = np.arange(first, first + 12 * many)
    digits = [found // 10**place % 10 for place in range(9)]
    passes = (sum((place + 1) * digits[place] for place in range(1, 9)) - digits[0]) % 11 == 0
    return found[passes][:many].astype(str)
