"""A quarter from extracts to lists, for places of several sizes, each in a process of its own."""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED = 797
OWN = str(Path("src") / "smartstart")


def quarter(size: int, profiled: bool = False) -> Callable[[], dict[str, Any]]:
    """Make a place ``size`` times as large as Heusden; what is timed loads, checks, scores, draws and lists a quarter.

    Returns rows, women and seconds by step; ``profiled`` adds the share of the time that passed in our own code, which
    is then slower.
    """
    from smartstart.new_workspace import make_workspace
    from smartstart.pipeline import Request, run_pipeline
    from smartstart.synthetic.deliveries import write_story

    kept = tempfile.TemporaryDirectory(prefix="quarter-")
    folder = Path(kept.name)
    delivery = next(one for one in write_story(folder / "extracts", SEED, size=size).deliveries if one.period)
    workspace = make_workspace(folder / "work", "heusden", rehearsal=True, keys=folder / "keys")
    request = Request(delivery.pipeline, delivery.folder, delivery.as_of, delivery.period, delivery.delivered)

    def run() -> dict[str, Any]:
        begun: list[tuple[str, float]] = []
        profile = cProfile.Profile()
        if profiled:
            profile.enable()
        result = run_pipeline(workspace, request, lambda step: begun.append((step, time.perf_counter())))
        ended = time.perf_counter()
        profile.disable()
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
