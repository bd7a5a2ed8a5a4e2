"""The same work for many settings, on every processor there is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from typing import TypeVar

Job = TypeVar("Job")
Found = TypeVar("Found")


def in_parallel(work: Callable[[Job], Found], jobs: Sequence[Job], doing: str) -> list[Found]:
    """Return what the work finds for each job, in their order."""
    found = []
    with get_context("fork").Pool(os.cpu_count()) as pool:
        for done, one in enumerate(pool.imap(work, jobs), 1):
            print(f"{doing}: {done} of {len(jobs)}", file=sys.stderr, flush=True)
            found.append(one)
    return found
