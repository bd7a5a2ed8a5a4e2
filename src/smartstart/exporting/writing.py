"""Write the analysis set as one encrypted container, with where it came from; the ledger says that it left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartstart import bookkeeping
from smartstart.analysing.reading import read_trial
from smartstart.errors import PolicyRefused
from smartstart.exporting.analysis_set import analysis_set
from smartstart.exporting.formats import CSV, NAME, in_every_format
from smartstart.outputs import json_bytes, make_folder
from smartstart.pipeline import add_to_ledger
from smartstart.provenance import described, sha256
from smartstart.sealing import sealed_container, write_sealed
from smartstart.statements import judge_statement

if TYPE_CHECKING:
    from smartstart.workspace import Workspace

NOTED: Final = "analysis set exported: "  # in the ledger: the day, its checksum, by whom and why


@dataclass(frozen=True)
class Exported:
    """The container and its passphrase's file; how many women and variables, and the checksum of each file in it."""

    file: Path
    passphrase_file: Path
    women: int
    variables: int
    with_arm: bool
    sha256: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return vars(self) | {"file": str(self.file), "passphrase_file": str(self.passphrase_file)}


def export(workspace: Workspace, out: Path, *, owner: str, reason: str, with_arm: bool) -> Exported:
    """Write the analysis set, encrypted, to ``out``.

    Raises PolicyRefused while the trial is blind and the arm is asked for, StateError before the first draw, UsageError
    for an owner or a reason that names somebody.
    """
    judge_statement("--owner", owner)
    judge_statement("--reason", reason)
    data = read_trial(workspace)
    if with_arm and not data.named:
        raise PolicyRefused(
            "Outcomes beside arms would be a look: unblind the trial with 'smartstart trial unblind' first, "
            "or export with --without-arm."
        )
    table = analysis_set(workspace.programme, data, bookkeeping.draw_keys(workspace).tokens, with_arm=with_arm)
    scratch = make_folder(workspace.folder / "tmp")
    files = in_every_format(table, scratch)
    sums = {name: sha256(content) for name, content in files.items()}
    ledger = data.ledger
    origin = described(
        workspace,
        activity="export",
        used={"ledger_head": ledger.head, "plan": ledger.plans[-1].body["plan_hash"] if ledger.plans else None},
        generated=sums,
        facts={"as_of": data.as_of.isoformat(), "owner": owner, "reason": reason, "with_arm": with_arm},
    )
    content = files | {"provenance.json": json_bytes(origin)}
    name = f"{NAME}-{data.as_of.isoformat()}"
    arms = "with arms" if with_arm else "without arms"
    text = f"{NOTED}{data.as_of.isoformat()} {sums[CSV]} {arms} by {owner}: {reason}"
    kept = write_sealed(workspace, out, name, partial(sealed_container, content))
    add_to_ledger(workspace, lambda book, stamp: book.note(text, stamp=stamp), owner=owner, reason=reason)
    return Exported(out, kept, len(table.rows), len(table.columns), with_arm, sums)
