"""The plan of the analysis goes into the ledger, and then, once, the arms get their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smartstart.designing import plan_of
from smartstart.errors import PolicyRefused, StateError
from smartstart.pipeline import add_to_ledger

if TYPE_CHECKING:
    from smartstart.trial.analysis.plan import Plan
    from smartstart.trial.entries import Entry, Stamp
    from smartstart.trial.ledger import Ledger
    from smartstart.workspace import Workspace


@dataclass(frozen=True)
class Locked:
    """A plan in the ledger; ``after_unblinding`` tells that the arms were known when it was locked."""

    plan: Plan
    plan_hash: str
    ledger_head: str
    after_unblinding: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "plan": self.plan.as_dict()}


def lock_plan(workspace: Workspace, *, owner: str, reason: str) -> Locked:
    """Put the plan that programme.yaml states in the ledger, and export the ledger.

    Raises StateError before the first draw, PolicyRefused when this very plan is locked already, UsageError when the
    programme states none.
    """
    plan = plan_of(workspace.programme, workspace.instruments)

    def locked(ledger: Ledger, stamp: Stamp) -> Entry:
        _refuse_before_the_draw(ledger)
        return ledger.lock_plan(plan.as_dict(), owner=owner, reason=reason, stamp=stamp)

    ledger, entry = add_to_ledger(workspace, locked, owner=owner, reason=reason)
    return Locked(plan, entry.body["plan_hash"], entry.hash, after_unblinding=ledger.unblinded is not None)


def unblind(workspace: Workspace, *, owner: str, reason: str) -> dict[str, Any]:
    """Record in the ledger that the arms are known from here on; returns plan_hash and ledger_head.

    Raises PolicyRefused without a locked plan, when it was done before, or, outside a rehearsal, before a look has
    stopped the trial or all information is in; StateError before the first draw.
    """

    def unblinded(ledger: Ledger, stamp: Stamp) -> Entry:
        _refuse_before_the_draw(ledger)
        if not workspace.rehearsal:
            _refuse_before_the_end(ledger)
        return ledger.unblind(owner=owner, reason=reason, stamp=stamp)

    _, entry = add_to_ledger(workspace, unblinded, owner=owner, reason=reason)
    return {"plan_hash": entry.body["plan_hash"], "ledger_head": entry.hash}


def _refuse_before_the_draw(ledger: Ledger) -> None:
    if not ledger.epoch:
        raise StateError("Nobody was drawn yet, so there is no ledger to write in: do this after the first draw.")


def _refuse_before_the_end(ledger: Ledger) -> None:
    at_last = ledger.looks and float(ledger.looks[-1].body["information"]) >= 1
    if not (at_last or ledger.closed):
        raise PolicyRefused(
            "The trial goes on, so the arms stay X and Y: take the last planned look, or end the trial with "
            "'smartstart trial close' when a look says so."
        )
