"""The comparison of this trial: first the plan, then X and Y, then once and for good the names."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import init, is_one_sentence, ok, quarterly, smartstart, town_of

from smartstart.workspace import find_workspace

AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
OWNED = ("--owner", "onderzoeker", "--reason", "a made-up reason")


def analysed(workspace: Path) -> dict[str, Any]:
    def refused(constant: str) -> Any:
        raise AssertionError(f"{constant} is not JSON")

    found: dict[str, Any] = json.loads(ok("trial", "analyse", "--json", w=workspace).out, parse_constant=refused)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo, with fewer re-draws: they are tested elsewhere."""
    folder = tmp_path_factory.mktemp("played") / "demo"
    ok("demo", folder)
    path = folder / "workspace" / "programme.yaml"
    path.write_text(re.sub("rerandomisations: 10000", "rerandomisations: 100", path.read_text("utf-8")), "utf-8")
    return folder / "workspace"


@pytest.fixture
def demo(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "workspace"))


def change(workspace: Path, line: str, other: str) -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    assert re.search(line, text)
    path.write_text(re.sub(line, other, text, count=1), "utf-8")


def test_a_plan_is_locked_once_and_every_result_says_how_it_stands_to_it(demo: Path) -> None:
    assert analysed(demo)["plan"]["sentence"].startswith("NOT THE PLANNED ANALYSIS")
    assert is_one_sentence(smartstart("trial", "unblind", *OWNED, w=demo), 4)
    ok("trial", "lock-plan", *OWNED, w=demo)
    assert is_one_sentence(smartstart("trial", "lock-plan", *OWNED, w=demo), 4)
    assert analysed(demo)["plan"]["sentence"].startswith("As planned")
    change(demo, "imputations: 20", "imputations: 5")
    change(demo, "sparse_stratum: 8", "sparse_stratum: 2")
    found = analysed(demo)["plan"]
    assert found["departs"] == ["imputations", "sparse_stratum"]
    assert found["sentence"].startswith("DEPARTS FROM THE PLAN locked on")
    ok("trial", "unblind", *OWNED, w=demo)
    assert is_one_sentence(smartstart("trial", "unblind", *OWNED, w=demo), 4)
    ok("trial", "lock-plan", *OWNED, w=demo)
    assert "after the arms were unblinded" in analysed(demo)["plan"]["sentence"]
    assert ok("trial", "verify", "--json", w=demo).json["ok"]


def numbers(found: dict[str, Any], arms: tuple[str, str]) -> dict[str, Any]:
    """Return by arm how many were analysed, and the size of each difference, whichever arm comes first."""
    by_outcome = {}
    for outcome in found["outcomes"]:
        comparison = outcome["comparison"]
        if comparison:
            by_outcome[outcome["outcome"]] = (
                dict(zip(arms, (comparison["n"]["treated"], comparison["n"]["control"]), strict=True)),
                [
                    round(abs(comparison[name]["estimate"]), 9)
                    for name in ("risk_difference", "mean_difference")
                    if name in comparison and comparison[name]["estimate"] is not None
                ],
                round(comparison["unadjusted_p_value"], 6),
            )
    return by_outcome


def test_before_unblinding_the_arms_are_x_and_y_and_afterwards_the_same_numbers_have_names(demo: Path) -> None:
    ok("trial", "lock-plan", *OWNED, w=demo)
    blind, again = analysed(demo), analysed(demo)
    assert blind == again
    shown = ok("trial", "analyse", w=demo).out
    for text in (json.dumps(blind), shown):
        assert "care_as_usual" not in text and not re.search(r"\boffer\b(?! declined)", text.split("notes")[0])
    assert (blind["arms"], blind["unblinded"]) == (["X", "Y"], False)
    names = {one["name"] for outcome in blind["outcomes"] for one in outcome["beside"]}
    assert not names & {"per protocol", "complier average"}
    ok("trial", "unblind", *OWNED, w=demo)
    named = analysed(demo)
    assert (named["arms"], named["unblinded"]) == (["offer", "care_as_usual"], True)
    names = {one["name"] for outcome in named["outcomes"] for one in outcome["beside"]}
    assert "complier average" in names  # nobody accepted in the demo, so that no one of one arm is per protocol
    after = numbers(named, ("offer", "care_as_usual"))
    assert after in [numbers(blind, ("offer", "care_as_usual")), numbers(blind, ("care_as_usual", "offer"))]
    assert after


def test_the_auditor_accepts_plan_and_unblinding_and_finds_another_plan(demo: Path, tmp_path: Path) -> None:
    ok("trial", "lock-plan", *OWNED, w=demo)
    ok("trial", "unblind", *OWNED, w=demo)
    ledger = demo / "ledger" / "ledger.jsonl"
    keys = find_workspace(demo).keys_folder
    revealed = tmp_path / "revealed"
    revealed.write_text("".join(path.read_text("ascii") for path in sorted(keys.glob("allocation*.key"))), "ascii")

    def audited(file: Path) -> int:
        command = [sys.executable, "-I", "-S", str(AUDITOR), str(file), "--key", str(revealed)]
        return subprocess.run(command, capture_output=True, text=True, check=False).returncode

    assert audited(ledger) == 0
    forged = tmp_path / "forged.jsonl"
    content = ledger.read_text("ascii")
    assert '"imputations":20' in content
    forged.write_text(content.replace('"imputations":20', '"imputations":21'), "ascii")
    assert audited(forged) != 0


def test_nobody_drawn_is_one_sentence(empty: Path) -> None:
    for words in (("analyse",), ("lock-plan", *OWNED), ("unblind", *OWNED)):
        done = smartstart("trial", *words, w=empty)
        assert done.code == 5 and is_one_sentence(done, 5)


def test_right_after_the_first_draw_every_outcome_is_awaited_and_none_is_0(loaded: Path) -> None:
    found = analysed(loaded)
    for outcome in found["outcomes"]:
        assert outcome["comparison"] is None and outcome["why_not"]
        assert sum(outcome["awaited"].values()) == 24 and outcome["missing_by_reason"] == []


def test_a_draw_of_households_is_analysed_too(tmp_path: Path) -> None:
    workspace = init(tmp_path / "workspace")
    change(workspace, "unit: woman ", "unit: household ")
    assert quarterly(workspace, town_of(12).write(tmp_path / "extracts")).code == 0
    ok("trial", "lock-plan", *OWNED, w=workspace)
    assert analysed(workspace)["women"] == 12
