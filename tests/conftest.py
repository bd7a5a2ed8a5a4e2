"""For every test: keys and user data go to a folder of this test run, never to the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

for threads in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS"):  # the suite uses every core already: more would only wait
    os.environ.setdefault(threads, "1")


# Files that take long go first: one of them at the end would keep one core waiting for the other.
SLOW = (
    "test_shell_lines", "test_lives", "test_model", "test_canaries", "test_real_data", "test_erasing", "test_epochs",
    "test_analyse_trial", "test_looks", "test_report", "test_pooling_commands", "test_packing", "test_cli",
    "test_reruns",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put slow files first, and leave all else in its order."""
    place = {name: number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: place.get(item.path.stem, len(SLOW)))


@pytest.fixture(scope="session", autouse=True)
def keys_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the keys of all workspaces of this test run lie."""
    root = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTSTART_KEYS", str(root))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data-home")))
        yield root
