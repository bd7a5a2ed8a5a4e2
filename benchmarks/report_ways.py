"""The council's page of a trial, and the comparison of a file of one's own, each in a process of its own."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartstart.synthetic.deliveries import Delivery

SEED = 797


def make(place: str, size: int, copies: int) -> Callable[[], dict[str, int]]:
    """Make a trial in a place ``size`` times as large as Heusden, until its follow-up, in the folder ``place``.

    ``copies`` are so many such places together, each with people of its own. Returns how many women were drawn.
    """
    from quarter_ways import multiply

    from smartstart.new_workspace import make_workspace
    from smartstart.synthetic.deliveries import write_story

    def run() -> dict[str, int]:
        folder = Path(place)
        told = write_story(folder / "extracts", SEED, size=size).deliveries
        if copies > 1:
            told = [one for one in told if one.pipeline != "register"]  # whom nobody draws would be most of the work
            multiply([one.folder for one in told], copies)
        make_workspace(folder / "work", "heusden", rehearsal=True, keys=folder / "keys")
        drawn = 0
        for one in told:  # each in a process of its own, as commands are
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                drawn += process.submit(_load, folder / "work", one).result()
        (folder / "women.txt").write_text(str(drawn), "utf-8")
        return {"women": drawn}

    return run


def _load(workspace: Path, one: Delivery) -> int:
    from smartstart.pipeline import Request, run_pipeline
    from smartstart.workspace import find_workspace

    asked = Request(one.pipeline, one.folder, one.as_of, one.period, one.delivered)
    return sum(run_pipeline(find_workspace(workspace), asked).report["allocated"].values())


def page(place: str) -> Callable[[], dict[str, int]]:
    """Take the trial that ``make`` left in ``place``; what is timed writes its page, workbook and PDF.

    Every number goes behind the gate. Returns how many women the page is about.
    """
    from smartstart.reporting.writing import Request as Asked
    from smartstart.reporting.writing import report
    from smartstart.workspace import find_workspace

    workspace = find_workspace(Path(place) / "work")
    kept = tempfile.TemporaryDirectory(prefix="report-")

    def run() -> dict[str, int]:
        report(workspace, Asked(Path(kept.name), draft=True), lambda _step: None)
        kept.cleanup()
        return {"women": int((Path(place) / "women.txt").read_text("utf-8"))}

    return run


def compared(women: int, outcome: str) -> Callable[[], dict[str, int]]:
    """Write a file of so many women; what is timed compares its arms, with the re-randomisation test of 10,000."""
    from smartstart.analysing.files import analyse_file
    from smartstart.trial.analysis.compare import Options
    from smartstart.trial.analysis.samples import Question

    kept = tempfile.TemporaryDirectory(prefix="compared-")
    file = Path(kept.name) / "women.csv"
    rng = random.Random(SEED)  # noqa: S311 - made-up women
    rows = (
        f"{'ab'[nth % 2]};{int(rng.random() < 0.03)};{rng.gauss(60, 15):.1f};{rng.randrange(3)}" for nth in range(women)
    )
    file.write_text("\n".join(["arm;placed;score;stratum", *rows, ""]), "utf-8")
    kind = "binary" if outcome == "placed" else "scale"
    question = Question(arm="arm", control="b", kind=kind, outcome=outcome, strata=("stratum",))

    def run() -> dict[str, int]:
        analyse_file(file, question, Options(redraws=10_000), lambda _step: None)
        kept.cleanup()
        return {"women": women}

    return run
