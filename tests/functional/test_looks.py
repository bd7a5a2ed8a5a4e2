"""Looks: between them both arms together, at them a decision for one reader, and the ledger knows of each."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from harness import is_one_sentence, ok, smartstart

AUDITOR = Path(__file__).parents[2] / "tools" / "verify_ledger.py"
OWNED = ("--owner", "onderzoeker", "--reason", "a made-up reason")


@pytest.fixture
def real(demo_as_if_real: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(demo_as_if_real.folder / "workspace", tmp_path / "workspace"))


def change(workspace: Path, line: str, other: str) -> None:
    path = workspace / "programme.yaml"
    text = path.read_text("utf-8")
    assert re.search(line, text)
    path.write_text(re.sub(line, other, text, count=1), "utf-8")


def analysed(workspace: Path, *words: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok("trial", "analyse", *words, "--json", w=workspace).json
    return found


def test_between_the_looks_both_arms_are_shown_together_and_no_arm_by_itself(real: Path, tmp_path: Path) -> None:
    found = analysed(real)
    assert "outcomes" not in found and not re.search('care_as_usual|treated|control|"X"', json.dumps(found))
    looks = found["looks"]
    assert looks["due"] == 50 and not looks["is_due"] and 0 < looks["information"] < 0.5
    primary = found["pooled"][0]
    assert primary["primary"] and primary["known"] == looks["answers"] > 0
    assert primary["due"] == primary["known"] + sum(primary["missing_by_reason"].values())
    assert primary["mean"] and primary["spread"]
    shown = ok("trial", "analyse", "--out", tmp_path / "pooled.html", w=real).out
    page = (tmp_path / "pooled.html").read_text("utf-8")
    for text in (shown, page):
        assert "care_as_usual" not in text and "Both arms together" in text
        assert "not before" in text.replace("\n", " ")


def test_a_look_before_its_time_or_without_a_locked_plan_is_refused(real: Path) -> None:
    assert is_one_sentence(smartstart("trial", "analyse", "--look", *OWNED, w=real), 4)
    ok("trial", "lock-plan", *OWNED, w=real)
    early = smartstart("trial", "analyse", "--look", *OWNED, w=real)
    assert is_one_sentence(early, 4) and "No look is due" in early.err
    assert is_one_sentence(smartstart("trial", "unblind", *OWNED, w=real), 4)
    assert is_one_sentence(smartstart("trial", "analyse", "--look", w=real), 2)
    assert is_one_sentence(smartstart("trial", "analyse", *OWNED, w=real), 2)
    assert is_one_sentence(smartstart("trial", "analyse", "--look", "--counts", "1/9", "2/9", w=real), 2)
    change(real, "alpha: 0.025", "alpha: 0.05")
    departs = smartstart("trial", "analyse", "--look", *OWNED, w=real)
    assert is_one_sentence(departs, 4) and "restore what departs" in departs.err


def test_a_look_that_is_due_is_recorded_once_decides_and_names_the_arms_for_its_reader(
    real: Path, tmp_path: Path
) -> None:
    change(real, "difference: 0.3 ", "difference: 0.65 ")
    ok("trial", "lock-plan", *OWNED, w=real)
    assert analysed(real)["looks"]["is_due"]
    found = analysed(real, "--look", *OWNED, "--out", tmp_path / "look.html")
    assert found["arms"] == ["offer", "care_as_usual"]
    decision = found["decision"]
    assert decision["look"] == 1 and not decision["final"]
    assert decision["boundary"]["fraction"] == pytest.approx(found["looks"]["information"])
    assert {harm["harm"] for harm in decision["harms"]} == {
        "a worse primary scale", "a child placed without its mother", "a death, of a mother or a child",
    }  # fmt: skip
    assert decision["efficacy"] == (decision["z"] >= decision["boundary"]["z"])
    assert decision["verdict"] in (tmp_path / "look.html").read_text("utf-8")
    again = analysed(real, "--look", *OWNED)
    assert again["decision"] == decision
    entries = [json.loads(line) for line in (real / "ledger" / "ledger.jsonl").read_text("ascii").splitlines()]
    looks = [entry["body"] for entry in entries if entry["kind"] == "look"]
    assert len(looks) == 1 and looks[0]["reader"] == "onafhankelijk statisticus"
    assert set(looks[0]) == {"look", "information", "as_of", "reader", "plan_hash", "owner", "reason"}
    command = [sys.executable, "-I", "-S", str(AUDITOR), str(real / "ledger" / "ledger.jsonl")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert "pooled" in analysed(real)  # to everybody else nothing has changed
    assert is_one_sentence(smartstart("trial", "unblind", *OWNED, w=real), 4)
    ok("trial", "close", *OWNED, w=real)
    ok("trial", "unblind", *OWNED, w=real)
    after = analysed(real)["after_stopping"]
    assert after["look"] == 1 and after["adjusted"]["estimate"] == pytest.approx(after["naive"]["estimate"], abs=1e-6)


def test_the_last_look_comes_when_all_information_is_in_and_then_the_arms_may_be_named(real: Path) -> None:
    change(real, "difference: 0.3 ", "difference: 1.0 ")
    ok("trial", "lock-plan", *OWNED, w=real)
    found = analysed(real, "--look", *OWNED)
    assert found["decision"]["final"] and found["decision"]["boundary"]["spent"] == pytest.approx(0.025)
    assert found["decision"]["after_stopping"]["look"] == 1
    ok("trial", "unblind", *OWNED, w=real)
    named = analysed(real)
    assert named["after_stopping"] and named["looks"]["due"] is None


def test_who_cannot_plan_looks_gets_an_interval_that_holds_at_all_moments(real: Path) -> None:
    change(real, "difference: 0.3 ", "difference: 0.65 ")
    change(real, "spending: lan-demets-obf", "spending: always-valid")
    ok("trial", "lock-plan", *OWNED, w=real)
    decision = analysed(real, "--look", *OWNED)["decision"]
    sequence, main = decision["confidence_sequence"], decision["z"]
    assert decision["boundary"] is None and sequence["lower"] < sequence["estimate"] < sequence["upper"]
    assert sequence["estimate"] / sequence["se"] == pytest.approx(main)
    assert decision["efficacy"] == (sequence["lower"] > 0)
