"""What the page on architecture says is there, is there; and what it says of the code's weight is about right."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from smartstart.new_workspace import make_workspace
from smartstart.pipeline import Request, run_pipeline
from smartstart.reporting.writing import Request as Asked
from smartstart.reporting.writing import report
from smartstart.workspace import find_workspace

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "architecture.md"
sys.path.append(str(ROOT / "tools"))
weigh = pytest.importorskip("weigh", reason="the tools are not part of this installation")
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of this installation")


def part(title: str) -> str:
    return PAGE.read_text("utf-8").split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def functions(text: str) -> Iterator[tuple[str, str]]:
    """Return module and function of what is written `module.function`, below smartstart."""
    for name in re.findall(r"`([a-z_]+(?:\.[A-Za-z_]+)+)`", text):
        if not name.endswith((".csv", ".yaml", ".sql", ".po", ".py")) and not name.startswith(
            ("trial.block", "answer.")
        ):
            module, _, function = name.rpartition(".")
            yield f"smartstart.{module}", function


@pytest.mark.parametrize("title", ["Where it is", "A walk: one row to the council"])
def test_every_function_that_is_named_exists(title: str) -> None:
    named = list(functions(part(title)))
    assert len(named) >= 8
    assert [f"{m}.{f}" for m, f in named if not callable(getattr(import_module(m), f, None))] == []


def test_every_file_that_is_named_exists_and_holds_what_is_looked_for() -> None:
    rows = [line for line in part("Where it is").splitlines() if line.startswith("|")][2:]
    assert len(rows) == 8
    looked_for = {
        "src/smartstart/trial/eligibility.py": "WAITS",
        "src/smartstart/small_numbers.py": "MINIMUM",
        "src/smartstart/report/council/messages/nl.po": '"answer.see.too_early"',
        "src/smartstart/trial/events.py": "pregnancy_ended",
        "configs/programmes/heusden.yaml": "max_age:",
        "src/smartstart/register/blocked.sql": "SELECT",
        "src/smartstart/register/placement.sql": "SELECT",
    }
    named = re.findall(r"`((?:src|configs)/[^`]+)`", "\n".join(rows))
    assert set(named) == set(looked_for)
    for file, words in looked_for.items():
        assert words in (ROOT / file).read_text("utf-8"), file
    programme = (ROOT / "configs" / "programmes" / "heusden.yaml").read_text("utf-8")
    for section in ("eligibility:", "trial:", "sources:"):
        assert f"\n{section}" in programme


def test_a_run_and_a_report_pass_the_functions_of_the_walk_in_their_order(demo_played: Any, tmp_path: Path) -> None:
    walk = part("A walk: one row to the council").split("One error", 1)[0]
    row, answers = ([f"{module}.{name}" for module, name in functions(way)] for way in walk.split("Her answers", 1))
    report_at = row.index("smartstart.reporting.writing.report")
    extracts = demo_played.folder / "extracts" / "quarters" / "2024Q1"
    workspace = make_workspace(tmp_path / "work", "heusden", rehearsal=True, keys=tmp_path / "keys")
    request = Request("quarterly", extracts, date(2024, 4, 2), "2024Q1", date(2024, 3, 31))
    in_run = first_calls({*row, *answers}, lambda: run_pipeline(workspace, request))
    assert [name for name in in_run if name in row] == row[:report_at]
    assert [name for name in in_run if name in answers] == answers[:2]
    played = find_workspace(demo_played.folder / "workspace")
    asked = Asked(tmp_path / "report", draft=True)
    in_report = first_calls({*row[report_at:], *answers}, lambda: report(played, asked, lambda _: None))
    assert [name for name in in_report if name in row] == row[report_at:]
    assert [name for name in in_report if name in answers] == answers[2:]


def first_calls(wanted: set[str], work: Callable[[], object]) -> list[str]:
    """Return these functions in the order in which they are called for the first time."""
    seen: dict[str, None] = {}

    def notice(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and (name := f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}") in wanted:
            seen.setdefault(name)

    sys.setprofile(notice)
    try:
        work()
    finally:
        sys.setprofile(None)
    return list(seen)


def test_the_weight_of_the_code_is_about_what_the_page_says() -> None:
    row = next(line for line in part("Weight").splitlines() if line.startswith("| smartstart |"))
    said = [cell.strip() for cell in row.strip("|").split("|")]
    found = weigh.weigh(ROOT / "src" / "smartstart")
    assert int(said[1]) == pytest.approx(len(found.modules), rel=0.05)
    assert int(said[2].replace(",", "")) == pytest.approx(found.lines, rel=0.05)
    assert int(said[6].split()[0]) >= found.longest().lines, "a longer function than any: cut it, or weigh again"
    source = ROOT / "src" / "smartstart"
    assert weigh.repeated(source) <= int(said[9]), (
        "lines were written again: let one piece of code serve, or weigh again"
    )
    assert weigh.never_named(source) <= int(said[10]), "a function that nobody calls: delete it, or weigh again"


def test_a_line_counts_as_repeated_in_a_run_of_six_and_a_function_as_never_named_without_a_caller(
    tmp_path: Path,
) -> None:
    run = "".join(f"    x{nth} = {nth}\n" for nth in range(6))
    (tmp_path / "a.py").write_text(f"def called():\n{run}\n    # a remark\n    return 1\n", "utf-8")
    (tmp_path / "b.py").write_text(f"def dead():\n{run}    return called()\n", "utf-8")
    assert weigh.repeated(tmp_path) == 12 and weigh.never_named(tmp_path) == 1
    (tmp_path / "b.py").write_text(f"def dead():\n{run.replace('x3', 'y')}    return called()\n", "utf-8")
    assert weigh.repeated(tmp_path) == 0
