"""Long work says what it does, on stderr and for people only."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest

from smartstart import steps
from smartstart.cli import show
from smartstart.pipeline import find_pipeline
from smartstart.workspace import find_workspace


def test_of_a_large_file_the_rows_and_their_rate_are_told(demo_played: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = find_workspace(demo_played.folder / "workspace")
    required, optional = find_pipeline("quarterly").files(workspace.programme)
    heard: list[str] = []
    folder = demo_played.folder / "extracts" / "quarters" / "2024Q1"
    steps.read_extracts(workspace, folder, required, optional, heard.append)
    assert heard == []  # a town's files are read before anybody could read that
    monkeypatch.setattr("smartstart.steps.MANY_ROWS", 200)
    extracts, _ = steps.read_extracts(workspace, folder, required, optional, heard.append)
    large = [extract for extract in extracts if extract.rows_in >= 200]
    assert len(heard) == len(large) >= 1
    assert all(re.fullmatch(rf"{large[0].file}: [\d,]+ rows, [\d,]+ a second", line) for line in heard[:1])


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
