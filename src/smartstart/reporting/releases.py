"""What was released before: kept in the workspace, its checksum in the ledger, so that none can be lost unseen."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from smartstart import bookkeeping
from smartstart.crash_points import reached
from smartstart.errors import StateError
from smartstart.outputs import json_bytes, write_file
from smartstart.pipeline import add_to_ledger
from smartstart.releasing import write_ledger

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from smartstart.report.council.released import Released
    from smartstart.trial.ledger import Ledger
    from smartstart.workspace import Workspace

RELEASES: Final = "releases"  # in the workspace: what each release showed, and who released it
NOTED: Final = "report released: "  # in the ledger: the day, the checksum of what was shown, by whom and why


def earlier_releases(workspace: Workspace, *, until: date) -> list[dict[str, Any]]:
    """Return what was shown in the releases up to a day, in their order.

    Raises StateError when a release that the ledger knows of is missing or was changed: an attacker still has it.
    """
    with workspace.open_warehouse() as warehouse:
        notes = [one.body["text"] for one in bookkeeping.read_ledger(warehouse).entries if one.kind == "note"]
    found = []
    for note in notes:
        if not note.startswith(NOTED):
            continue
        day, checksum = note.removeprefix(NOTED).split(" ")[:2]
        path = _kept(workspace, day, checksum)
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != checksum:
            raise StateError(
                f"'{RELEASES}/{path.name}' is missing or was changed, and without it nobody knows what was shown "
                "before: restore it from a backup."
            )
        if day <= until.isoformat():
            found.append(json.loads(content)["shown"])
    return found


def _kept(workspace: Workspace, day: str, checksum: str) -> Path:
    return workspace.folder / RELEASES / f"{day}-{checksum[:12]}.json"


def head_without_releases(ledger: Ledger) -> str:
    """Return the ledger's head as it was before any note of a release: the same page again shows the same."""
    entries = (one for one in reversed(ledger.entries) if not str(one.body.get("text", "")).startswith(NOTED))
    return next(entries).hash


def record_release(workspace: Workspace, shown: Released, *, owner: str, reason: str) -> None:
    """Keep what was released, and note in the ledger by whom and why: later releases are held against it."""
    told = {"owner": owner, "reason": reason, "shown": shown.as_dict()}
    content = json_bytes(told)
    day = shown.as_of.isoformat()
    checksum = hashlib.sha256(content).hexdigest()
    write_file(_kept(workspace, day, checksum), content)
    reached("release_kept")
    text = f"{NOTED}{day} {checksum} by {owner}: {reason}"
    with workspace.open_warehouse() as warehouse:
        if any(one.body.get("text") == text for one in bookkeeping.read_ledger(warehouse).entries):
            write_ledger(workspace, bookkeeping.ledger_bytes(warehouse))  # a release that was cut off may lack it
            return  # the same release again
    add_to_ledger(workspace, lambda ledger, stamp: ledger.note(text, stamp=stamp), owner=owner, reason=reason)
