"""The commands into which faults are injected, each on a workspace that is ready for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from harness import WEEKLY, Town, bsn, init, ok, quarterly, smartstart, town_of, weekly
from injection import Scenario

OWNED: Final = ("--owner", "FG", "--reason", "made up")
ERASED: Final = 5


def loaded(folder: Path) -> Path:
    """A workspace in which the first quarter ran; one row is in quarantine."""
    init(folder)
    town = town_of()
    town.tables["inkomen"][0]["soort_uitkering"] = "onbekend"
    done = quarterly(folder, town.write(folder.parent / "q1"))
    assert done.code == 0, done.err
    return folder


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


def _erasure(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    number = folder.parent / "number.txt"
    number.write_text(bsn(ERASED), "utf-8")
    return ("privacy", "erase", "--client", str(number), "--yes", *OWNED, "-w", "{w}")


def _report(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("report", "--draft", "--out", "{w}/report", "-w", "{w}")


def _retention(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("retention", "run", "--yes", "-w", "{w}")


def _backup(folder: Path) -> tuple[str, ...]:
    loaded(folder)
    return ("backup", "--out", str(folder.parent / "kluis" / "b.tar"), "-w", "{w}")


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


SCENARIOS: Final = (
    Scenario("the first quarter", _first_quarter),
    Scenario("a week with a loss in it", _next_week),
    Scenario("the draw with a second officer's nonce", _second_officer),
    Scenario("lists made again", _lists),
    Scenario("the support team's log", _support),
    Scenario("an erasure", _erasure, erases=ERASED),
    Scenario("retention", _retention),
    Scenario("the council's page", _report),
    Scenario("a plan locked", _lock_plan),
    Scenario("a backup", _backup),
)
__all__ = ["SCENARIOS", "loaded", "smartstart", "weekly"]
