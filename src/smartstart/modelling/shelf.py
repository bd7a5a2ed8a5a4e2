"""Which model is meant: the approved one in the workspace, or one of the experiment store, held to its checksum."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartstart.approved import champion, next_number, open_model, read_approved
from smartstart.errors import SmartstartError, UsageError
from smartstart.experiments import CHALLENGER, CHAMPION, ModelVersion, open_store
from smartstart.modelling.showing import shareable

if TYPE_CHECKING:
    from smartstart.risk.model import RiskModel
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace


@dataclass(frozen=True)
class Shelved:
    """A model that was opened, and the checksum it was held against; ``approved`` is its row, if it is champion."""

    label: str
    sha256: str
    content: bytes
    model: RiskModel
    approved: Mapping[str, Any] | None = None
    notices: tuple[str, ...] = ()


def find_model(workspace: Workspace, asked: str | None) -> Shelved:
    """Open the model that is asked for: ``champion``, ``challenger``, NAME, NAME/3, or the champion if nothing is said.

    Without a champion, and with nothing said, it is the challenger, and a notice says so. Raises UsageError when there
    is none, StateError when a file is not the one that was recorded; then nothing of it was read.
    """
    if asked in {None, CHAMPION}:
        with workspace.open_warehouse() as warehouse:
            approved = champion(warehouse)
        if approved is not None:
            content = read_approved(workspace, approved["sha256"])
            return Shelved(approved["label"], approved["sha256"], content, open_model(content), approved)
        if asked == CHAMPION:
            raise UsageError("No model is approved in this workspace: approve one with 'smartstart model approve'.")
    store = open_store(workspace.folder)
    version = store.find(asked or CHALLENGER)
    content = store.load_bytes(version)
    notice = () if asked else (f"No model is approved yet: this is {version.label}, the last one trained.",)
    return Shelved(version.label, version.sha256, content, open_model(content), None, notice)


def record_evaluation(
    workspace: Workspace,
    shelved: Shelved,
    report: dict[str, Any],
    files: Mapping[str, bytes],
    fingerprint: str,
    recorded_at: str,
) -> None:
    """Keep an evaluation beside its model: exact in the warehouse, released in the experiment store."""
    with workspace.open_warehouse() as warehouse:
        row = {
            "number": next_number(warehouse, "evaluation"),
            "sha256": shelved.sha256,
            "label": shelved.label,
            "fingerprint": fingerprint,
            "recorded_at": recorded_at,
            "report": json.dumps(report),
        }
        with warehouse.transaction():
            warehouse.insert_rows("evaluation", [row])
    version = recorded_version(workspace, shelved)
    if version is not None:
        open_store(workspace.folder).add_evaluation(version, shareable(report), files)


def later_evaluations(warehouse: Warehouse, shelved: Shelved) -> list[dict[str, Any]]:
    """Return the reports of a model on extracts that it did not learn from, the last of each extracts, newest first.

    A model learned on real people is not judged by made-up ones.
    """
    rows = warehouse.rows(
        "SELECT fingerprint, report FROM evaluation WHERE sha256 = $sha256 ORDER BY number DESC",
        {"sha256": shelved.sha256},
    )
    taught, made_up = learned_from(shelved), shelved.model.about["made_up"]
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        report = json.loads(row["report"])
        if row["fingerprint"] not in taught and (made_up or not report["made_up"]):
            found.setdefault(row["fingerprint"], report)
    return list(found.values())


def learned_from(shelved: Shelved) -> set[str]:
    """Return the fingerprints of the extracts that a model was learned from, and recalibrated on."""
    about = shelved.model.about
    return {about["fingerprint"], *about["adapted_on"]}


def recorded_version(workspace: Workspace, shelved: Shelved) -> ModelVersion | None:
    """Return the model's version in the experiment store; an approved one serves without it, after a move too."""
    try:
        version = open_store(workspace.folder).find(shelved.label)
    except SmartstartError:
        if shelved.approved is None:
            raise
        return None
    return version if version.sha256 == shelved.sha256 else None
