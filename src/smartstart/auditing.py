"""Do the tables say what the ledger says? Allocations, probabilities, lists and events, each held against it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from smartstart import bookkeeping
from smartstart.drawing import facts_codes
from smartstart.errors import PolicyRefused
from smartstart.trial.allocation import stratum_code, subject_token
from smartstart.trial.design import Design, design_from
from smartstart.trial.ledger import redrawn

if TYPE_CHECKING:
    from smartstart.bookkeeping import DrawKeys
    from smartstart.identity.vault import Vault
    from smartstart.trial.ledger import Ledger
    from smartstart.warehouse.warehouse import Warehouse

_TOLD = ("batch", "epoch", "stratum", "arm", "marginal", "conditional", "step")


def disagreements(warehouse: Warehouse, vault: Vault, keys: DrawKeys) -> list[str]:
    """Return where the allocations or the lists say something else than the ledger, in sentences."""
    ledger = bookkeeping.read_ledger(warehouse)
    told = {
        a.token: (batch, epoch, a.stratum, a.arm, a.marginal, a.conditional, json.dumps(a.step))
        for batch, epoch, a in redrawn(ledger.entries, keys.by_commitment)
    }
    stored = warehouse.rows("FROM allocation ORDER BY token")
    here = {row["token"]: tuple(row[name] for name in _TOLD) for row in stored}
    faults = []
    if odd := len(told.keys() ^ here.keys()):
        faults.append(f"{odd} women stand in the ledger or in the allocations, not in both.")
    if differ := sum(told[token] != here[token] for token in told.keys() & here.keys()):
        faults.append(f"{differ} allocations differ from the ledger.")
    erased = {row["research_id"] for row in warehouse.rows("SELECT research_id FROM erasure")}
    names = vault.pseudonyms(row["research_id"] for row in stored)
    present = [row for row in stored if row["research_id"] not in erased]
    designs, frozen = _designs(ledger), _frozen_units(ledger)
    if strange := sum(not _is_hers(row, names.get(row["research_id"], ""), designs, keys) for row in present):
        faults.append(f"{strange} allocations are not of the woman, or not of the stratum, that the ledger tells of.")
    due = {row["research_id"]: row["due_date"] for row in warehouse.rows("SELECT research_id, due_date FROM frozen")}
    if altered := sum(
        not _is_as_frozen(row | {"due_date": due.get(row["research_id"])}, frozen.get(row["token"], {}), vault)
        for row in present
    ):
        faults.append(f"{altered} allocations have a band, practice, date or household that they were not frozen with.")
    faults += _faults_of_lists(warehouse, stored)
    if missing := bookkeeping.missing_events(warehouse, vault, keys):
        faults.append(f"{missing} events that the ledger sealed are not there, or were changed.")
    last = warehouse.rows("SELECT report FROM run ORDER BY sequence DESC LIMIT 1")
    head = json.loads(last[0]["report"])["ledger_head"] if last else None
    if head and head not in {entry.hash for entry in ledger.entries}:
        faults.append("The ledger does not hold the head at which the last run left it.")
    return faults


def _faults_of_lists(warehouse: Warehouse, stored: list[dict[str, Any]]) -> list[str]:
    offers = {(row["batch"], row["research_id"], row["practice"]) for row in stored if row["arm"] == "offer"}
    listed = warehouse.rows("SELECT batch, research_id, practice FROM invitation WHERE basis = 'drawn'")
    wrong = len(offers ^ {tuple(row.values()) for row in listed})
    return [f"{wrong} women were given the offer or stand on a practice's list, not both."] if wrong else []


def _designs(ledger: Ledger) -> dict[int, tuple[Design, str]]:
    """Return the design and the commitment to the key of each epoch."""
    bodies = [entry.body for entry in ledger.entries if entry.kind in {"genesis", "epoch"}]
    return {body["epoch"]: (design_from(body["design"]), body["key_commitment"]) for body in bodies}


def _frozen_units(ledger: Ledger) -> dict[str, dict[str, str]]:
    """Return each woman's unit by her token, as it was frozen."""
    bodies = [entry.body for entry in ledger.entries if entry.kind == "freeze"]
    return {unit["token"]: unit for body in bodies for unit in body["units"]}


def _is_as_frozen(row: dict[str, Any], unit: dict[str, str], vault: Vault) -> bool:
    cluster = unit.get("cluster") or row["token"]
    return bool(unit and row["cluster"] == cluster and unit["facts"] in facts_codes(vault, row["token"], row))


def _is_hers(row: dict[str, Any], pseudonym: str, designs: dict[int, tuple[Design, str]], keys: DrawKeys) -> bool:
    """Tell whether an allocation's token and stratum are those of the woman; what only she was at freezing is taken.

    Her band and practice stand in the row; of other factors nothing is kept here, so they are not looked at.
    """
    if row["epoch"] not in designs or row["token"] != subject_token(keys.tokens, pseudonym):
        return False
    design, commitment = designs[row["epoch"]]
    if not {factor.name for factor in design.strata} <= {"risk_band", "practice"}:
        return True
    try:
        levels = [factor.level_of(row[factor.name]) for factor in design.strata]
    except PolicyRefused:  # a level that the design does not have
        return False
    key = keys.committed(commitment)
    return bool(row["stratum"] == stratum_code(key, design.trial_id, row["epoch"], levels))
