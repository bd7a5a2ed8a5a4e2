"""Where a result came from: what it used and made, by checksum, with which versions, in the words of W3C PROV.

One record for every run, in the workspace's folder ``provenance``; it holds no data value and no name.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from smartstart import __version__
from smartstart.outputs import json_bytes, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

FOLDER: Final = "provenance"
# The libraries that decide what a number is; the lock file pins the rest.
LIBRARIES: Final = ("duckdb", "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "scipy", "statsmodels")


def described(
    workspace: Workspace,
    *,
    activity: str,
    used: Mapping[str, Any],
    generated: Mapping[str, Any],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a record of one activity: what it used and generated, by whom it was done, and with what."""
    programme = workspace.programme_file.read_bytes()
    return {
        "activity": activity,
        **facts,
        "rehearsal": workspace.rehearsal,
        "workspace": workspace.workspace_id,
        "used": {
            **used,
            "programme": sha256(programme),
            "contracts": {contract.file: contract.version for contract in workspace.contracts.values()},
        },
        "generated": dict(generated),
        "was_associated_with": {"smartstart": __version__, "python": platform.python_version(), **_versions()},
    }


def record_run(workspace: Workspace, warehouse: Warehouse, run: Mapping[str, Any], *, anew: bool) -> Path:
    """Write where a ``run``, by its record, had its results from, and return where that stands.

    Without ``anew`` a record that is there stays: it names the lists as that run made them.
    """
    path = workspace.folder / FOLDER / f"{run['sequence']:04}-{run['period']}.json"
    if path.exists() and not anew:
        return path
    files = warehouse.rows(
        "SELECT file, contract, sha256, rows_in, accepted, quarantined, duplicates, superseded, refused"
        " FROM delivered_file WHERE delivery_id = $delivery_id ORDER BY contract, file",
        {"delivery_id": run["delivery_id"]},
    )
    outputs = warehouse.rows("SELECT path, sha256 FROM output ORDER BY path")
    record = described(
        workspace,
        activity=f"run {run['pipeline']}",
        used={"files": files},
        generated={
            "outputs": {row["path"]: row["sha256"] for row in outputs},
            "ledger_head": run["report"]["ledger_head"],
        },
        facts={
            "run": run["sequence"],
            "period": run["period"],
            "as_of": run["as_of"].isoformat(),
            "delivered": run["delivered"].isoformat(),
            "recorded_at": run["recorded_at"],
        },
    )
    write_file(path, json_bytes(record))
    return path


def sha256(content: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


@cache
def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in LIBRARIES}
