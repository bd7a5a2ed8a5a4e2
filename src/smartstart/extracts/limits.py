"""What a file may be at most, and from where on it is read in parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smartstart.errors import DataRefused

MOST_FILE_BYTES = 2 * 1024**3
MOST_ROWS = 20_000_000
MOST_ROWS_OF_A_SHEET = 2_000_000
HELD_BYTES = 256 * 1024**2  # of text: a larger file is not held in memory but read in parts
PART_BYTES = 64 * 1024**2


def refuse_too_large(path: Path) -> None:
    """Raise DataRefused for a file of more bytes than are read."""
    if path.stat().st_size > MOST_FILE_BYTES:
        raise DataRefused(f"{path.name}: larger than {MOST_FILE_BYTES // 1024**3} GiB; deliver it in parts.")


def refuse_too_many(rows: int, file: str) -> None:
    """Raise DataRefused for a file of more rows than are read."""
    if rows > MOST_ROWS:
        raise DataRefused(f"{file}: more than {MOST_ROWS} rows; deliver it in parts.")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raise DataRefused for a file that the system does not let be read."""
    try:
        yield
    except OSError:
        raise DataRefused(f"{path.name}: the file could not be read; check its permissions.") from None
