"""A folder of extracts read as a history: as of which day, whoever it is of, and in whatever order its rows come."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from histories import write_history

from smartstart import clock
from smartstart.errors import UsageError
from smartstart.modelling.history import History, Source, read_history
from smartstart.workspace import find_workspace

NEXT_YEAR = date.today().year + 1  # noqa: DTZ011 - the reader's own clock is what is tested


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_history(tmp_path_factory.mktemp("history") / "register", mothers=80)


@pytest.fixture
def mine(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "register")


def read(workspace: Path, extracts: Path, as_of: date | None = None) -> History:
    return read_history(find_workspace(workspace), Source(extracts, as_of, clock.today()), 24)


def rewrite(file: Path, change: Callable[[list[str]], list[str]]) -> None:
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([head, *change(rows)]) + "\n", encoding="utf-8")


def dated(rows: list[str], day: str) -> list[str]:
    """Give the household row of one woman another reference date, as a typing mistake does."""
    first = rows[0].split(";")
    return [";".join([first[0], day, *first[2:]]), *rows[1:]]


@pytest.mark.parametrize("day", [f"{NEXT_YEAR + 25}1103", f"{NEXT_YEAR - 1}0101"], ids=["of the future", "alone"])
def test_one_mistyped_date_moves_nobodys_follow_up(empty: Path, folder: Path, mine: Path, day: str) -> None:
    rewrite(mine / "huishoudens.csv", lambda rows: dated(rows, day))
    whole, mistyped = read(empty, folder), read(empty, mine)
    assert mistyped.as_of == whole.as_of
    assert (mistyped.cohort.known == whole.cohort.known).all()
    assert mistyped.quarantined == whole.quarantined + 1


def test_a_day_long_after_everything_in_the_files_is_refused(empty: Path, folder: Path) -> None:
    as_of = read(empty, folder).as_of
    real = replace(find_workspace(empty), rehearsal=False)  # made-up histories may stop early
    with pytest.raises(UsageError, match="--as-of"):
        read_history(real, Source(folder, as_of.replace(year=as_of.year + 1), clock.today()), 24)
    with pytest.raises(UsageError, match="future"):
        read_history(real, Source(folder, date(NEXT_YEAR + 1, 1, 1), clock.today()), 24)


def test_the_same_rows_in_another_order_are_the_same_history(empty: Path, folder: Path, mine: Path) -> None:
    for file in mine.iterdir():
        rewrite(file, lambda rows: random.Random(7).sample(rows, len(rows)))
    whole, shuffled = read(empty, folder), read(empty, mine)
    assert shuffled.fingerprint == whole.fingerprint
    assert shuffled.cohort.frame.equals(whole.cohort.frame)


def test_who_is_registered_elsewhere_now_is_no_child_that_stayed_at_home(empty: Path, folder: Path, mine: Path) -> None:
    def moved(rows: list[str]) -> list[str]:
        return [row.replace("0797", "0344") if place % 4 == 0 else row for place, row in enumerate(rows)]

    rewrite(mine / "personen.csv", moved)
    whole, left = read(empty, folder), read(empty, mine)
    assert left.cohort.known.sum() < whole.cohort.known.sum()
    assert len(left.cohort) == len(whole.cohort)


def test_a_register_of_many_municipalities_follows_everybody(empty: Path, folder: Path, mine: Path) -> None:
    def spread(rows: list[str]) -> list[str]:
        return [row.replace("0797", f"{1000 + place % 40}") for place, row in enumerate(rows)]

    rewrite(mine / "personen.csv", spread)
    assert read(empty, mine).cohort.known.sum() == read(empty, folder).cohort.known.sum()


def test_a_model_of_another_outcome_than_the_programmes_is_judged_by_its_own(empty: Path, mine: Path) -> None:
    placed = {row.split(";")[0] for row in (mine / "jeugdhulp.csv").read_text(encoding="utf-8").splitlines()[1:]}
    children = [row.split(";")[1:3] for row in (mine / "kinderen.csv").read_text(encoding="utf-8").splitlines()[1:]]
    child, born = next((child, born) for child, born in children if child not in placed)
    rewrite(mine / "maatregelen.csv", lambda rows: [*rows, f"{child};11;{born};"])  # an order, and the child at home
    ordered = read_history(find_workspace(empty), Source(mine, None, clock.today()), 24, "ots").cohort.event.sum()
    assert ordered == read(empty, mine).cohort.event.sum() + 1
