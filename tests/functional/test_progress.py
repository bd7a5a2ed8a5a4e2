"""Long work says what it does, on stderr and for people only."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

import pytest
from harness import copied

from smartstart.check_files import check_paths
from smartstart.cli import show
from smartstart.pipeline import Request, run_pipeline
from smartstart.workspace import find_workspace


def test_of_a_large_file_the_rows_and_their_rate_are_told_and_of_a_towns_file_nothing(
    made_empty: Path, first_quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        rates(copied(made_empty, tmp_path / "small"), first_quarter) == []
    )  # a town's files are read before anybody could read that
    monkeypatch.setattr("smartstart.intake.rates.MANY_ROWS", 3)
    heard = rates(copied(made_empty, tmp_path / "large"), first_quarter)
    assert heard and all(re.fullmatch(r"\S+\.csv: [\d,]+ rows checked, [\d,]+ a second", line) for line in heard)


def test_a_check_of_a_large_file_tells_its_rows_too(first_quarter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartstart.intake.rates.MANY_ROWS", 3)
    heard: list[str] = []
    check_paths([first_quarter], date(2024, 4, 2), first_quarter, heard.append)
    assert heard and all(" rows checked, " in line for line in heard)


def rates(workspace: Path, extracts: Path) -> list[str]:
    """Run a quarter, and return what is told besides the names of its steps."""
    heard: list[str] = []
    request = Request("quarterly", extracts, date(2024, 4, 2), "2024Q1", date(2024, 3, 31))
    run_pipeline(find_workspace(workspace), request, heard.append)
    return [line for line in heard if " " in line]


def test_progress_is_silent_without_a_terminal_and_plain_on_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with show.progress() as tell:
        tell("read_extracts")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with show.progress() as tell:
        tell("read_extracts")
        tell("vragenlijst_[bold].csv: 30,000 rows, 1 a second")
    told = capsys.readouterr().err
    assert "read extracts" in told
    assert "vragenlijst_[bold].csv: 30,000 rows" in told
