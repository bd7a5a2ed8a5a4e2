"""The plan of the analysis and the unblinding, as the ledger keeps them."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from smartstart.errors import PolicyRefused
from smartstart.trial.allocation import KEY_BYTES, blind_order
from smartstart.trial.analysis.plan import Plan, PlannedComparison, departures
from smartstart.trial.design import Design
from smartstart.trial.entries import BEFORE_GENESIS, Stamp, hash_of, to_jsonl
from smartstart.trial.ledger import Ledger, verify

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import verify_ledger

KEY = bytes(range(KEY_BYTES))
STAMP = Stamp("2027-01-05T09:00:00+00:00", "one officer")
WHO = {"owner": "onderzoeker", "reason": "SAP 1.0", "stamp": STAMP}
PLAN = Plan("trial", (PlannedComparison("welbevinden", "scale", "eindmeting", True),))


def begun() -> Ledger:
    ledger = Ledger()
    design = Design("trial", block_sizes=(4, 6, 8))
    ledger.begin(design, KEY, programme="heusden", rehearsal=True, stamp=STAMP)
    return ledger


def test_the_arms_are_unblinded_only_under_a_locked_plan() -> None:
    ledger = begun()
    with pytest.raises(PolicyRefused, match="lock it first"):
        ledger.unblind(**WHO)
    ledger.lock_plan(PLAN.as_dict(), **WHO)
    assert ledger.unblinded is None
    entry = ledger.unblind(**WHO)
    assert ledger.unblinded == entry and entry.body["plan_hash"] == PLAN.hash()


def test_unblinding_is_done_once() -> None:
    ledger = begun()
    ledger.lock_plan(PLAN.as_dict(), **WHO)
    ledger.unblind(**WHO)
    with pytest.raises(PolicyRefused, match="final"):
        ledger.unblind(**WHO)


def test_the_same_plan_is_not_locked_twice_and_another_one_is_added() -> None:
    ledger = begun()
    ledger.lock_plan(PLAN.as_dict(), **WHO)
    with pytest.raises(PolicyRefused, match="locked already"):
        ledger.lock_plan(PLAN.as_dict(), **WHO)
    other = replace(PLAN, multiplicity="fixed_sequence")
    ledger.lock_plan(other.as_dict(), **WHO)
    assert [entry.body["plan_hash"] for entry in ledger.plans] == [PLAN.hash(), other.hash()]
    assert departures(other.as_dict(), PLAN.as_dict()) == ["multiplicity"]


@pytest.mark.parametrize("missing", ["owner", "reason"])
def test_a_plan_needs_an_owner_and_a_reason(missing: str) -> None:
    with pytest.raises(PolicyRefused, match="owner"):
        begun().lock_plan(PLAN.as_dict(), **{**WHO, missing: " "})


def test_a_plan_that_was_changed_afterwards_is_seen_also_when_the_chain_was_made_again() -> None:
    ledger = begun()
    ledger.lock_plan(PLAN.as_dict(), **WHO)
    ledger.unblind(**WHO)
    forged, previous = [], BEFORE_GENESIS
    for entry in ledger.entries:
        body = json.loads(json.dumps(entry.body))
        if entry.kind == "plan":
            body["plan"]["covariates"] = ["baseline"]
        unsealed = replace(entry, body=body, previous=previous, hash="")
        forged.append(replace(unsealed, hash=hash_of(unsealed)))
        previous = forged[-1].hash
    assert not verify(forged, keys=None, head=None).ok
    assert any("plan hash" in fault for fault in verify_ledger.faults(to_jsonl(forged)))
    assert verify(ledger.entries, keys=None, head=None).ok and not verify_ledger.faults(to_jsonl(ledger.entries))


def test_which_arm_is_x_depends_on_the_key_alone() -> None:
    orders = {blind_order(bytes([n] * KEY_BYTES), "trial") for n in range(20)}
    assert orders == {True, False}
    assert blind_order(KEY, "trial") == blind_order(KEY, "trial")


def test_the_plan_holds_no_fraction_as_the_ledger_keeps_none() -> None:
    assert json.loads(json.dumps(PLAN.as_dict()), parse_float=_never) == PLAN.as_dict()


def _never(text: str) -> float:
    raise AssertionError(text)


# --- looks and summaries ----------------------------------------------------------------------------------

LOOK = {"as_of": date(2027, 1, 4), "reader": "onafhankelijk statisticus", **WHO}
SENT = {"tier": "exchange", "as_of": "2027-01-04", "reader": "lezer", "agreement": "7", "round": "1", "content": "a"}


def test_a_look_is_taken_under_a_locked_plan_in_turn_with_no_less_information_and_never_says_what_was_found() -> None:
    ledger = begun()
    with pytest.raises(PolicyRefused, match="lock it first"):
        ledger.look(information=0.5, **LOOK)
    ledger.lock_plan(PLAN.as_dict(), **WHO)
    with pytest.raises(PolicyRefused, match="sees it first"):
        ledger.look(information=0.5, **{**LOOK, "reader": " "})
    first = ledger.look(information=0.5123456789, **LOOK)
    assert (first.body["look"], first.body["information"]) == (1, "0.512346")
    with pytest.raises(PolicyRefused, match="less information"):
        ledger.look(information=0.5, **LOOK)
    ledger.look(information=1.0, **LOOK)
    assert [entry.body["look"] for entry in ledger.looks] == [1, 2]
    assert verify(ledger.entries, keys=None, head=None).ok
    assert verify_ledger.faults(to_jsonl(ledger.entries)) == []


def test_in_one_round_of_an_agreement_one_summary_is_sent() -> None:
    ledger = begun()
    ledger.summary(SENT, stamp=STAMP)
    with pytest.raises(PolicyRefused, match="agree on a new round"):
        ledger.summary({**SENT, "content": "b"}, stamp=STAMP)
    ledger.summary({**SENT, "content": "b", "round": "2"}, stamp=STAMP)
    ledger.summary({**SENT, "content": "c", "tier": "restricted", "agreement": "", "round": ""}, stamp=STAMP)
    with pytest.raises(PolicyRefused, match="the person whom it is for"):
        ledger.summary({**SENT, "reader": "", "round": "3"}, stamp=STAMP)
    assert len(ledger.summaries) == 3 and verify(ledger.entries, keys=None, head=None).ok
    assert verify_ledger.faults(to_jsonl(ledger.entries)) == []


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        ("look", {"look": 2}, "looks out of turn"),
        ("look", {"plan_hash": "0" * 64}, "looks under another plan"),
        ("summary", {"content": "z"}, "another summary in the same round"),
    ],
)
def test_the_auditor_finds_a_changed_look_or_summary(kind: str, change: dict[str, object], fault: str) -> None:
    ledger = begun()
    ledger.lock_plan(PLAN.as_dict(), **WHO)
    ledger.look(information=0.5, **LOOK)
    ledger.summary(SENT, stamp=STAMP)
    ledger.summary(SENT, stamp=STAMP)
    forged, previous = [], BEFORE_GENESIS
    last = max(entry.seq for entry in ledger.entries if entry.kind == kind)
    for entry in ledger.entries:
        body = {**entry.body, **(change if entry.seq == last else {})}
        changed = replace(entry, body=body, previous=previous)
        forged.append(replace(changed, hash=hash_of(changed)))
        previous = forged[-1].hash
    assert any(fault in found for found in verify_ledger.faults(to_jsonl(forged)))
    assert not verify(forged, keys=None, head=None).ok
