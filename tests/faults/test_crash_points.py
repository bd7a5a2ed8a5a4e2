"""Commands killed at named points, in the places where several things must become lasting; `make faults` tries all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cutting import Cut, cut_off, may_mount, on_a_small_disk, race, read_only
from judging import Prepared, Tally
from scenarios import SCENARIOS

from smartstart.crash_points import CRASH_POINTS, reached, watched

ROOT = Path(__file__).parents[2]
WORST = (
    ("the first quarter", "vault_committed"),
    ("a corrected quarter", "copy_before_manifest"),
    ("a loss told by telephone", "warehouse_committed"),
    ("an erasure", "erasure_lists_made"),
    ("retention", "backup_emptied"),
    ("another pseudonym key", "sealed_anew"),
    ("a backup restored", "restored_not_in_place"),
)


def prepared(name: str, folder: Path) -> Prepared:
    (scenario,) = [one for one in SCENARIOS if one.name == name]
    return Prepared(scenario, folder)


@pytest.mark.parametrize(("name", "point"), WORST, ids=[f"{name}, {point}" for name, point in WORST])
def test_killed_at_a_named_point_nothing_is_lost_and_the_same_command_finishes(
    name: str, point: str, tmp_path: Path
) -> None:
    assert point in CRASH_POINTS
    tally = Tally()
    cut_off(prepared(name, tmp_path), Cut(point, 1), tally)
    assert tally.wrong == [] and sum(tally.fired.values()) == 1


def test_three_operators_who_load_the_same_quarter_at_once_draw_everybody_once(tmp_path: Path) -> None:
    tally = Tally()
    race(prepared("the first quarter", tmp_path), 3, tally)
    assert tally.wrong == []


@pytest.mark.skipif(not may_mount(), reason="a small file system can only be made by root, on Linux")
@pytest.mark.parametrize(("name", "spare"), [("lists made again", 24), ("an erasure", 512)])
def test_on_a_disk_without_room_a_sentence_is_said_and_with_room_the_same_command_finishes(
    name: str, spare: int, tmp_path: Path
) -> None:
    tally = Tally()
    on_a_small_disk(prepared(name, tmp_path), spare, tally)
    assert tally.wrong == [] and tally.fired == {"small disk": 1}


def others_may_read(place: Path) -> bool:
    """Tell whether another user comes to this place: root itself is stopped by no permission, so another must try."""
    return os.geteuid() != 0 or all(one.stat().st_mode & 0o005 == 0o005 for one in (place, *place.parents))


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that another user comes to, with the keys in it; that of a test lies where nobody else does."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        if not (others_may_read(place) and others_may_read(ROOT)):
            pytest.skip("another user must try it, and may not read this checkout")
        monkeypatch.setenv("SMARTSTART_KEYS", str(place / "keyring"))
        (place / "scenario").mkdir()
        yield place / "scenario"


@pytest.mark.parametrize(
    ("name", "folder", "refused"),
    [("lists made again", "lists/2024Q1", "lists/2024Q1"), ("the first quarter", "", "vault.sqlite")],
)
def test_where_nothing_may_be_written_a_sentence_is_said_and_nothing_is_lost(
    name: str, folder: str, refused: str, public: Path
) -> None:
    tally = Tally()
    read_only(prepared(name, public), folder, tally)
    assert tally.wrong == [] and tally.fired == {"read-only": 1}
    assert f"/w/{refused}" in (public / "said").read_text("utf-8")


def test_nobody_who_does_not_watch_notices_a_crash_point() -> None:
    seen: list[str] = []
    with watched(seen.append):
        reached("file_in_place")
    reached("file_not_in_place")
    assert seen == ["file_in_place"]
