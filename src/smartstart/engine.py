"""The database engine in this process, and how much of the machine it may take: two variables of the environment."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from smartstart.errors import UsageError

if TYPE_CHECKING:
    import duckdb

MEMORY_VARIABLE: Final = "SMARTSTART_MEMORY"
THREADS_VARIABLE: Final = "SMARTSTART_THREADS"
_MEMORY: Final = re.compile(r"[1-9][0-9]{0,5}(\.[0-9]{1,3})? ?[MGT]i?B")
_THREADS: Final = re.compile(r"[1-9][0-9]{0,2}")


def connected() -> duckdb.DuckDBPyConnection:
    """Return a new, empty database in memory, within the limits that the environment sets.

    What does not fit in ``SMARTSTART_MEMORY`` goes to disk, where a folder for it is set. Raises UsageError when a
    variable holds no amount.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {}
    if memory := _memory():
        config["memory_limit"] = memory
    if threads := threads_asked():
        config["threads"] = threads
    return duckdb.connect(":memory:", config=config)


def lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """Close the door behind a connection and lock it: SQL reaches no file that was not named before, fetches nothing.

    Whatever the connection needs, a cipher, a path, a folder for what does not fit in memory, is set before: after
    this nothing can be set any more.
    """
    connection.execute(
        "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;"
        "SET enable_external_access = false; SET lock_configuration = true"
    )


def threads_asked() -> int | None:
    """Return how many threads the environment allows, None for all. Raises UsageError when it holds no number."""
    threads = _asked(THREADS_VARIABLE, _THREADS, "a number from 1 to 999")
    return int(threads) if threads else None


def memory_asked() -> int | None:
    """Return how many megabytes the environment allows, None for what is usual. Raises UsageError as above."""
    if not (memory := _memory()):
        return None
    amount, binary = re.sub("[^0-9.]", "", memory), "i" in memory
    size = (1024 if binary else 1000) ** ("MGT".index(memory.rstrip("iB")[-1]) + 2)
    return max(1, int(float(amount) * size / 1024**2))


def _memory() -> str:
    return _asked(MEMORY_VARIABLE, _MEMORY, "an amount such as 2GB")


def _asked(variable: str, form: re.Pattern[str], wanted: str) -> str:
    text = os.environ.get(variable, "").strip()
    if text and not form.fullmatch(text):
        raise UsageError(f"{variable} in the environment must be {wanted}: change it, or take it away.")
    return text
