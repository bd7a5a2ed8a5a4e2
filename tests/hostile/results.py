"""Count what was tried; with INJECTION_RESULTS set, keep the counts in that file, for the documentation."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def part(of: Sequence[T], every: int) -> tuple[T, ...]:
    """Return what is tried: everything when it is counted (`make hostile`), else one in so many, the same each time."""
    return tuple(of if os.environ.get("INJECTION_RESULTS") else of[::every])


def note(family: str, combinations: int, **more: int) -> None:
    """Add what was tried of one family, none of which was live: a test that finds one fails."""
    name = os.environ.get("INJECTION_RESULTS")
    if not name:
        return
    path = Path(name)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    before = kept.get(family, {})
    kept[family] = {**before, **more, "combinations": before.get("combinations", 0) + combinations, "live": 0}
    path.write_text(f"{json.dumps(kept, indent=1, sort_keys=True)}\n", "utf-8")
