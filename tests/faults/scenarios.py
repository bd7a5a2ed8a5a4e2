"""The commands into which faults are injected, each on a workspace that is ready for it."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Final, get_args
from unittest import mock

from harness import (
    QUARTERLY,
    WEEKLY,
    Town,
    bsn,
    client,
    init,
    invitation_workbooks,
    list_rows,
    ok,
    quarterly,
    smartstart,
    town_of,
)
from histories import AS_OF as END_OF_HISTORY
from histories import write_history
from judging import WORKSPACE, Scenario
from openpyxl import load_workbook

from smartstart.risk.candidates import DEFAULT, Candidate
from smartstart.rotating import Rotating
from smartstart.workspace import find_workspace

OWNED: Final = ("--owner", "FG", "--reason", "made up")
ERASED: Final = 5
LOST: Final = 7
CODE, CHOICE, DAY = 0, 6, 5  # columns of an invitation list


def loaded(folder: Path) -> Path:
    """A workspace in which the first quarter ran; one row is in quarantine. Made once, and copied with its keys."""
    return _copied_with_keys(_made_once(os.environ["SMARTSTART_KEYS"]), folder)


def _copied_with_keys(made: Path, folder: Path) -> Path:
    keys = find_workspace(made).keys_folder
    shutil.rmtree(keys)  # another scenario may have left others
    shutil.copytree(made.parent / "keys", keys)
    return Path(shutil.copytree(made, folder))


@cache
def _made_once(_keys: str) -> Path:
    place = Path(tempfile.mkdtemp(prefix="loaded-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    workspace, town = init(place / "w"), town_of()
    town.tables["inkomen"][0]["soort_uitkering"] = "onbekend"
    done = quarterly(workspace, town.write(place / "q1"))
    assert done.code == 0, done.err
    shutil.copytree(find_workspace(workspace).keys_folder, place / "keys")
    return workspace


@cache
def _trained_once(_keys: str) -> Path:
    """A workspace with a model that was learned on made-up families, with few repeats: learning is not on trial."""
    place = Path(tempfile.mkdtemp(prefix="trained-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    workspace, history = init(place / "w"), write_history(place / "register")
    few = (DEFAULT, Candidate("logistic", {"penalty_c": 0.3, "beyond": 0.0}))
    with (
        mock.patch("smartstart.modelling.training.INSTABILITY_MODELS", 2),
        mock.patch("smartstart.modelling.training.LEARNING_REPEATS", 1),
        mock.patch("smartstart.risk.learning.candidates", lambda: few),
    ):
        ok("model", "train", "--extracts", history, "--as-of", END_OF_HISTORY, w=workspace)
    shutil.copytree(find_workspace(workspace).keys_folder, place / "keys")
    return workspace


def _approval(folder: Path) -> tuple[str, ...]:
    _copied_with_keys(_trained_once(os.environ["SMARTSTART_KEYS"]), folder)
    return ("model", "approve", *OWNED, "-w", "{w}")


def _workspace(folder: Path) -> tuple[str, ...]:
    init(folder)
    return ("init", "{w}/nieuw", "--rehearsal")


def _first_quarter(folder: Path) -> tuple[str, ...]:
    init(folder)
    extracts = town_of().write(folder.parent / "q1")
    return _run("quarterly", extracts, "2024Q1", "2024-04-02")


def _next_week(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    town = town_of()
    for nth in range(30, 36):
        town.woman(nth, filled=date(2024, 4, 8))
    town.event(3, "zwangerschap_beeindigd", "05-04-2024")
    return _run("weekly", town.write(folder.parent / "week", WEEKLY), "2024-W15", "2024-04-15")


def _last_of_her_list(folder: Path) -> tuple[str, ...]:
    """A week in which the only woman on a practice's list loses her child: the list goes."""
    init(folder)
    assert quarterly(folder, town_of(12).write(folder.parent / "q1")).code == 0
    practice = min({path.stem for path in invitation_workbooks(folder)})
    listed = {row[0] for path in invitation_workbooks(folder) if path.stem == practice for row in list_rows(path)}
    week = Town()
    for nth in range(1, 13):
        if client(nth) in listed:
            week.event(nth, "doodgeboorte", "05-04-2024")
    return _run("weekly", week.write(folder.parent / "week", WEEKLY), "2024-W15", "2024-04-15")


def _correction(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    extracts = town_of().write(folder.parent / "corrected", QUARTERLY)
    return (*_run("quarterly", extracts, "2024Q1", "2024-04-02"), "--corrects", "--reason", "a code put right")


def _run(pipeline: str, extracts: Path, period: str, as_of: str) -> tuple[str, ...]:
    return ("run", pipeline, "--extracts", str(extracts), "--period", period, "--as-of", as_of, "-w", "{w}")


def _second_officer(folder: Path) -> tuple[str, ...]:
    init(folder)
    nonce = folder.parent / "nonce.txt"
    promised = ok("trial", "nonce", "--out", nonce).out.strip()
    extracts = town_of().write(folder.parent / "q1")
    done = quarterly(folder, extracts, "2024Q1", "2024-04-02", "--second-officer", promised)
    assert done.code == 0, done.err
    return ("trial", "draw", "--nonce-file", str(nonce), "-w", "{w}")


def _lists(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    for path in (folder / "lists").rglob("*.pdf"):
        path.unlink()
    return ("lists", "build", "--as-of", "2024-04-02", "-w", "{w}")


def _answers(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    path = invitation_workbooks(folder)[0]
    book = load_workbook(path)
    women = {row[0] for row in list_rows(path)}
    for row in book.worksheets[0].iter_rows():
        if row[CODE].value in women:
            row[CHOICE].value, row[DAY].value = "nee", "10-04-2024"
    book.save(folder.parent / "terug.xlsx")
    return ("lists", "return", str(folder.parent / "terug.xlsx"), "--as-of", "2024-04-12", "-w", "{w}")


def _pack(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("lists", "pack", "--out", "{w}/uit", "--as-of", "2024-04-05", "-w", "{w}")


def _event(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("trial", "event", "doodgeboorte", "--on", "2024-04-09", *OWNED, "-w", "{w}")


def _erasure(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    number = folder.parent / "number.txt"
    number.write_text(bsn(ERASED), "utf-8")
    return ("privacy", "erase", "--client", str(number), "--yes", *OWNED, "-w", "{w}")


def _report(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("report", "--draft", "--out", "{w}/report", "-w", "{w}")


def _release(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("report", "--out", "{w}/report", *OWNED, "-w", "{w}")


def _summary(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("trial", "summary", "--tier", "restricted", "--out", "{w}/summary.json", "-w", "{w}")


def _retention(folder: Path) -> tuple[str, ...]:
    """A row in quarantine, a backup and an entry of the access log whose time has come."""
    loaded(folder)
    ok("backup", "--out", folder.parent / "oud.tar", w=folder)
    (folder.parent / "oud.tar").rename(folder / "oud.tar")  # within, so that it comes back with each copy
    with find_workspace(folder).open_warehouse() as warehouse:
        told = {"day": datetime.now(UTC).date(), "path": str(folder.with_name(WORKSPACE) / "oud.tar")}
        warehouse.run("UPDATE backup SET expires_on = $day, path = $path", told)
    return ("retention", "run", "--yes", "-w", "{w}")


def _backup(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("backup", "--out", str(folder.parent / "kluis" / "b.tar"), "-w", "{w}")


def _restore(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    ok("backup", "--out", folder.parent / "b.tar", w=folder)
    return ("restore", str(folder.parent / "b.tar"), "{w}/hersteld")


def _support(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    log = Town()
    for nth in range(1, 9):
        log._add(
            "contactmomenten", burgerservicenummer=bsn(nth), datum="10-04-2024", contactmoment="week_13_15",
            wijze="huisbezoek", beroep="anders", afloop="loopt_door",
        )  # fmt: skip
    log.write(folder.parent / "log", ("contactmomenten", "ondersteuningsplan", "verblijven"))
    return ("run", "support", "--extracts", str(folder.parent / "log"), "--as-of", "2024-05-01", "-w", "{w}")


def _lock_plan(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("trial", "lock-plan", *OWNED, "-w", "{w}")


def _rekey(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("trial", "rekey", *OWNED, "-w", "{w}")


def _close(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("trial", "close", *OWNED, "-w", "{w}")


def _rotated(name: str) -> Callable[[Path], tuple[str, ...]]:
    """Another key; one woman was erased before, so that there is a tombstone."""

    def prepare(folder: Path) -> tuple[str, ...]:
        loaded(folder)
        done = smartstart("trial", "erase", "--yes", *OWNED, w=folder, typed=bsn(ERASED))
        assert done.code == 0, done.err
        return ("keys", "rotate", name, "-w", "{w}")

    return prepare


SCENARIOS: Final = (
    Scenario("a workspace made", _workspace, makes="nieuw"),
    Scenario("the first quarter", _first_quarter),
    Scenario("a week with a loss in it", _next_week),
    Scenario("a list with nobody left on it", _last_of_her_list),
    Scenario("a corrected quarter", _correction),
    Scenario("the draw with a second officer's nonce", _second_officer),
    Scenario("lists made again", _lists),
    Scenario("answers on a list that came back", _answers),
    Scenario("containers for practices", _pack),
    Scenario("a loss told by telephone", _event, typed=bsn(LOST)),
    Scenario("the support team's log", _support),
    Scenario("an erasure", _erasure, erases=ERASED),
    Scenario("retention", _retention),
    Scenario("the council's page", _report),
    Scenario("a page released", _release),
    Scenario("a summary", _summary),
    Scenario("a plan locked", _lock_plan),
    Scenario("a new key of the draw", _rekey, again=True),
    Scenario("the trial closed", _close),
    Scenario("a model approved", _approval),
    *(Scenario(f"another {name} key", _rotated(name), again=True) for name in get_args(Rotating)),
    Scenario("a backup", _backup),
    Scenario("a backup restored", _restore, makes="hersteld"),
)
