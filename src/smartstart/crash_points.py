"""Named moments at which a command may be cut off: just before and just after something becomes lasting.

At each of them the process may die (a power cut, kill -9) and nothing is lost: what must hold afterwards is tried by
tests at every point, in every command that passes it, and a point that no command passes fails the suite. In a command
that nobody watches :func:`reached` does nothing; no setting and no environment variable can make it do more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, get_args

CrashPoint = Literal[
    # every file, every transaction, both databases
    "file_not_in_place",
    "file_in_place",
    "warehouse_before_commit",
    "warehouse_committed",
    "vault_before_commit",
    "vault_committed",
    "warehouse_copied",
    "warehouse_replaced",
    # what takes more than one of them
    "workspace_built",
    "run_committed",
    "run_files_written",
    "copy_before_manifest",
    "copy_published",
    "list_to_remove",
    "erasure_recorded",
    "erasure_lists_made",
    "erasure_vault_emptied",
    "destruction_announced",
    "backup_emptied",
    "destroyed_not_recorded",
    "backup_written",
    "restored_not_in_place",
    "epoch_key_made",
    "next_key_made",
    "sealed_anew",
    "passphrase_kept",
    "containers_written",
    "answers_recorded",
    "page_written",
    "release_kept",
    "summary_recorded",
    "model_copied",
    "approval_recorded",
]
CRASH_POINTS: Final[tuple[CrashPoint, ...]] = get_args(CrashPoint)

_watcher: ContextVar[Callable[[CrashPoint], None] | None] = ContextVar("watcher", default=None)


def reached(point: CrashPoint) -> None:
    """Say that the command is at this point."""
    if watcher := _watcher.get():
        watcher(point)


@contextmanager
def watched(watcher: Callable[[CrashPoint], None]) -> Iterator[None]:
    """Call ``watcher`` at every point that is reached within; it may end the process."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
