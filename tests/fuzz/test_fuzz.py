"""What others send is read or refused in one sentence, whatever its bytes: a small budget here, ``run.py`` has more."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from fuzz_budget import fuzz
from fuzz_targets import CANARY, TARGETS, Target, regressions, spoiled

TIMES = {"parquet": 10, "delimited": 40, "exchange": 40}


def atheris() -> None:
    """See that the fuzzer is there; without it the test is skipped, or fails in continuous integration."""
    if importlib.util.find_spec("atheris") is None:
        sentence = "atheris is missing: install the development tools"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_seeds_spoiled_files_and_what_was_ever_found_are_read_or_refused_in_one_sentence(
    target: Target, tmp_path: Path
) -> None:
    one_input = target.make(tmp_path)
    seeds = target.seeds()
    for content in (b"", *seeds, *regressions(target.name), *spoiled(seeds, TIMES.get(target.name, 100), seed=7)):
        one_input(content)


def test_the_seeds_hold_a_value_that_no_sentence_may_repeat() -> None:
    for name in ("delimited", "exchange", "backup"):
        assert any(CANARY.encode() in seed for seed in TARGETS[name].seeds())


def test_the_fuzzer_spends_its_budget_and_finds_nothing(tmp_path: Path) -> None:
    atheris()
    found = fuzz("ledger", 300, seed=3, found=tmp_path)
    assert found.findings == 0, found.told
    assert found.executions >= 300 and found.edges > 10 and not list(tmp_path.iterdir())


def test_the_driver_sees_a_reader_with_a_fault(tmp_path: Path) -> None:
    atheris()
    found = fuzz("broken", 10, seed=3, found=tmp_path)
    assert found.findings == 1 and "KeyError" in found.told and len(list(tmp_path.iterdir())) == 1
