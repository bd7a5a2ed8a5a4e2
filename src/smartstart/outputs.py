"""Every file that smartstart leaves behind is written here: whole or not at all, and for its owner only."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from smartstart.crash_points import reached
from smartstart.errors import StateError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PARTIAL = ".partial-"  # how the name of what is not finished begins


def write_file(path: Path, content: bytes) -> str:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Writes to a temporary neighbour (mode 0600), flushes it to disk, renames it, and flushes the folder.
    A file that already holds these bytes is left untouched.

    Returns the SHA-256 of ``content`` in hex. Raises StateError when the disk refuses.
    """
    checksum = hashlib.sha256(content).hexdigest()
    try:
        if path.is_file() and path.read_bytes() == content:
            path.chmod(PRIVATE_FILE)
            return checksum
        make_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=PARTIAL)
        try:
            with os.fdopen(handle, "wb") as temporary:
                temporary.write(content)
                temporary.flush()
                os.fsync(temporary.fileno())
            reached("file_not_in_place")
            Path(name).replace(path)
            reached("file_in_place")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        flush_folder(path.parent)
    except OSError as fault:
        raise StateError(
            f"'{path}' could not be written ({fault.strerror}): make room or mend the folder's permissions, "
            "then give the same command again."
        ) from None
    return checksum


def json_bytes(value: Any, **rules: Any) -> bytes:
    """Return a value as the JSON of a file: for people too, so indented, in UTF-8, its last line ended.

    ``rules`` are those of ``json.dumps``. What is no text, such as half a character in the name of a folder, is escaped
    and comes back as it was.
    """
    return f"{json.dumps(value, indent=2, ensure_ascii=False, **rules)}\n".encode("utf-8", "backslashreplace")


def make_folder(path: Path) -> Path:
    """Make ``path`` and the parents it lacks, readable by their owner only, and return it."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return path


def remove_partial_files(folder: Path) -> int:
    """Remove what an interrupted ``write_file`` left in ``folder`` and below; return how many there were."""
    left = list(folder.rglob(f"{PARTIAL}*")) if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, so that a rename lasts."""
    if os.name == "nt":  # Windows has no handle on a folder to flush
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
