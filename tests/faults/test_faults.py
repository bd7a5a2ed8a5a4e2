"""A few faults in each run of the suite; `make faults` tries many."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from injection import Traced, spread
from judging import Scenario, Tally
from scenarios import SCENARIOS

FEW = 2
QUICK = ("the draw with a second officer's nonce",)


def traceable() -> bool:
    """Tell whether strace is here and may trace: in some containers it may not."""
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
    )


pytestmark = pytest.mark.skipif(not traceable(), reason="strace (Debian package strace) is missing, or may not trace")


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.name in QUICK], ids=lambda one: one.name)
def test_killed_or_refused_by_the_disk_nothing_is_lost_and_the_same_command_finishes(
    scenario: Scenario, tmp_path: Path
) -> None:
    prepared, tally = Traced(scenario, tmp_path), Tally()
    for fault in spread(prepared.faults(), FEW, seed=11):
        prepared.judge(fault, tally)
    assert tally.tried == FEW and tally.wrong == []


def test_what_is_not_survived_is_seen(tmp_path: Path) -> None:
    """The judge can say no: here no end is the right one."""
    (scenario,) = [one for one in SCENARIOS if one.name == "a plan locked"]
    prepared, tally = Traced(scenario, tmp_path), Tally()
    prepared.ends = ("something else",)
    for fault in [one for one in prepared.faults() if one.call == "rename" and one.how == "EIO"][:1]:
        prepared.judge(fault, tally)
    assert sum(tally.fired.values()) == 1 and any("did not finish" in one for one in tally.wrong)
