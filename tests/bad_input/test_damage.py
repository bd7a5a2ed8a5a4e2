"""A file cut at a byte or with a bit flipped is refused, set aside or noticed by its checksum; nothing else happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from damage import Damage, Post, Toll, cuts, flips, small

STEPS = {"xlsx": 199, "ods": 37, "parquet": 61}  # of these a sample; ``run.py`` takes every byte and every bit


@pytest.fixture(scope="module")
def a_text(tmp_path_factory: pytest.TempPathFactory) -> tuple[Post, Toll]:
    """The toll of a small text file cut at every byte, and flipped at every byte."""
    post, toll = Post(tmp_path_factory.mktemp("csv"), small(), "csv"), Toll()
    for damage in (*cuts(post.content), *flips(post.content)):
        post.deliver(damage, toll)
    return post, toll


def test_a_text_file_cut_or_flipped_at_every_byte_crashes_nothing_and_always_adds_up(
    a_text: tuple[Post, Toll],
) -> None:
    post, toll = a_text
    assert toll.wrong == [] and toll.damaged == 2 * len(post.content) > 300
    assert {*toll.outcomes} <= {"refused", "quarantined", "unnoticed", "harmless"}
    assert toll.outcomes["refused"] and toll.outcomes["quarantined"] > toll.outcomes["unnoticed"]


def test_the_list_of_checksums_notices_every_cut_and_every_flip(a_text: tuple[Post, Toll]) -> None:
    _, toll = a_text
    assert toll.outcomes["unnoticed"] > 0  # the reason why a delivery has one
    assert toll.noticed_by_manifest == toll.damaged


@pytest.mark.parametrize("kind", STEPS)
def test_a_workbook_or_parquet_file_damaged_anywhere_crashes_nothing(kind: str, tmp_path: Path) -> None:
    post, toll = Post(tmp_path, small(), kind), Toll()
    for damage in (*cuts(post.content, STEPS[kind]), *flips(post.content, STEPS[kind])):
        post.deliver(damage, toll)
    assert toll.wrong == [] and toll.damaged == toll.noticed_by_manifest > 40
    assert toll.outcomes["refused"] > toll.damaged // 2


def test_a_whole_file_is_no_damage_and_the_manifest_lets_it_pass(tmp_path: Path) -> None:
    """The judge can say no."""
    post, toll = Post(tmp_path, small(), "csv"), Toll()
    post.deliver(Damage("nothing", post.content), toll)
    assert toll.outcomes == {"harmless": 1} and toll.noticed_by_manifest == 0 and len(toll.wrong) == 1
