"""Bad input uses the harness of the functional tests, and reads many files at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "functional"))


@pytest.fixture(scope="module")
def quick_bytes() -> Iterator[None]:
    """Let the bytes of text files and workbooks come from the disk without a DuckDB connection for each.

    That connection costs more than all the judging. ``test_check_says_the_same_...`` and the defects and oddities of
    ``run.py`` keep it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartstart.extracts.reading._bytes", Path.read_bytes)
        yield
