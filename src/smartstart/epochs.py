"""The epochs of a trial: a new key after a leak, a new design, and the closing after which everyone is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartstart import bookkeeping
from smartstart.crash_points import reached
from smartstart.designing import design_of
from smartstart.errors import StateError
from smartstart.identity.keys import make_next_allocation_key
from smartstart.pipeline import add_to_ledger
from smartstart.trial.allocation import KEY_BYTES
from smartstart.trial.design import closed
from smartstart.trial.ledger import Ledger
from smartstart.trial.simulation import judge_marginal

if TYPE_CHECKING:
    from smartstart.trial.entries import Entry, Stamp
    from smartstart.trial.ledger import Why
    from smartstart.workspace import Workspace


def open_epoch(workspace: Workspace, why: Why, *, reason: str, owner: str) -> dict[str, Any]:
    """Open the next epoch and export the ledger; returns epoch, why, design_hash, key_commitment and ledger_head.

    ``rekey`` makes a new key and keeps the design; ``redesign`` takes the design that programme.yaml now states;
    ``close`` offers everyone from now on, for good. Earlier draws stay as they are and verify for ever.
    Raises StateError before the first draw or while a frozen batch waits, PolicyRefused when nothing changes.
    """

    def opened(ledger: Ledger, stamp: Stamp) -> Entry:
        design = ledger.design
        if design is None:
            raise StateError(
                "Nobody was drawn yet, so there is no epoch to end: edit programme.yaml, or run 'init' anew."
            )
        if why == "redesign":
            design = design_of(workspace.programme)
            judge_marginal(design)
        elif why == "close":
            design = closed(design)
        if why == "rekey":  # tried on a copy first: no key is made for an epoch that is refused
            Ledger(ledger.entries).open_epoch(why, design, bytes(KEY_BYTES), reason=reason, owner=owner, stamp=stamp)
        keys = bookkeeping.draw_keys(workspace)
        # always a fresh key: one that lay there could have been tried out, or leaked with the others
        key = (
            make_next_allocation_key(workspace.keys_folder)[-1] if why == "rekey" else keys.committed(ledger.commitment)
        )
        reached("epoch_key_made")
        return ledger.open_epoch(why, design, key, reason=reason, owner=owner, stamp=stamp)

    _, entry = add_to_ledger(workspace, opened, owner=owner, reason=reason)
    told = {name: entry.body[name] for name in ("epoch", "why", "design_hash", "key_commitment")}
    return told | {"ledger_head": entry.hash}
