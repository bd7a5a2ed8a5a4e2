"""``smartstart model approve``: a person says that a model may be used, if it has earned it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from smartstart.approved import keep_copy, record_approval
from smartstart.crash_points import reached
from smartstart.errors import PolicyRefused
from smartstart.experiments import CHALLENGER, open_store
from smartstart.modelling.shelf import Shelved, find_model, later_evaluations, recorded_version
from smartstart.statements import judge_statement

if TYPE_CHECKING:
    from smartstart.workspace import Workspace

SUSPICIOUS_AUROC = 0.90  # above it, look for leakage: the honest band for such data is 0.65 to 0.80


@dataclass(frozen=True)
class Approval:
    """Who approves and why; ``explained`` says why an AUROC above SUSPICIOUS_AUROC is no leak."""

    owner: str
    reason: str
    explained: str = ""


def approve(workspace: Workspace, asked: str | None, approval: Approval, today: date) -> dict[str, Any]:
    """Make a model the champion and copy it into the workspace; returns label, sha256 and the grounds.

    It is judged on every evaluation on other extracts than it learned from, so that none of them can be passed over; or
    else on the held-out years. Raises PolicyRefused when it does not beat both baselines on the same women, looks too
    good without an explanation, or was learned on made-up people and this is no rehearsal.
    """
    judge_statement("--owner", approval.owner)
    judge_statement("--reason", approval.reason)
    if approval.explained:
        judge_statement("--explained", approval.explained)
    shelved = find_model(workspace, asked or CHALLENGER)
    about = shelved.model.about
    with workspace.open_warehouse() as warehouse:
        later = later_evaluations(warehouse, shelved)
    judged = later or [about["held_out"]]
    _refuse_made_up(workspace, shelved)
    for one in judged:
        _refuse_unbeaten(about["kind"], one)
    for one in (*later, about["held_out"]):
        _refuse_suspicious(one, approval)
    grounds = {
        "judged_on": _counted(len(later)) if later else "the held-out years of its training",
        "auroc": judged[0]["auroc"],
        "brier": judged[0]["brier"],
        "comparisons": judged[0]["comparisons"],
    }
    keep_copy(workspace, shelved.sha256, shelved.content)
    reached("model_copied")
    with workspace.open_warehouse() as warehouse, warehouse.transaction():
        row = {
            "sha256": shelved.sha256,
            "label": shelved.label,
            "outcome": about["outcome"],
            "horizon_months": about["horizon_months"],
            "approved_on": today,
            "owner": approval.owner,
            "reason": approval.reason,
            "explained": approval.explained,
            "grounds": json.dumps(grounds),
        }
        record_approval(warehouse, row)
    reached("approval_recorded")
    version = recorded_version(workspace, shelved)
    if version is not None:
        open_store(workspace.folder).set_champion(version)
    return {
        "model": shelved.label,
        "alias": "champion",
        "sha256": shelved.sha256,
        "kind": about["kind"],
        "made_up": about["made_up"],
        "approved_on": today.isoformat(),
        "owner": approval.owner,
        "file": f"models/{shelved.sha256}.skops",
        **grounds,
    }


def _counted(number: int) -> str:
    return "other extracts" if number == 1 else f"{number} other extracts, each of which it must win"


def _refuse_made_up(workspace: Workspace, shelved: Shelved) -> None:
    if shelved.model.about["made_up"] and not workspace.rehearsal:
        raise PolicyRefused(
            f"{shelved.label} was learned on made-up people, so it can't be approved for real work: train one on a "
            "real register, or approve it in a workspace made with 'init --rehearsal'."
        )


def _refuse_unbeaten(kind: str, judged: dict[str, Any]) -> None:
    """The count is the baseline itself; everything else must be better than both."""
    if kind == "factor_count":
        return
    lost = [one for one in judged["comparisons"] if not one["beats_baseline"]]
    if lost:
        names = " and ".join(one["baseline"].replace("_", " ") for one in lost)
        raise PolicyRefused(
            f"The model does not beat the baseline ({names}), so it may not be used. {lost[0]['reason']} Take the "
            "count (score, kind: factor_count), or evaluate the model on more children."
        )


def _refuse_suspicious(judged: dict[str, Any], approval: Approval) -> None:
    estimate = judged["auroc"]["estimate"]
    if estimate is not None and estimate > SUSPICIOUS_AUROC and not approval.explained.strip():
        raise PolicyRefused(
            f"An AUROC above {SUSPICIOUS_AUROC:g} is too good for such data: look for something known only after the "
            "index date, and say with --explained what was found."
        )
