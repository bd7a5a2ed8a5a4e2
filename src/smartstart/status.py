"""What a workspace knows of itself: periods, quarantine, and whether the ledger verifies."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartstart import auditing, bookkeeping, releasing
from smartstart.approved import champion
from smartstart.attention import attention
from smartstart.contracts.outgoing import hold_outgoing
from smartstart.contracts.rules import REMEDIES, in_dutch
from smartstart.deliveries import NTH, label
from smartstart.errors import SmartstartError, StateError
from smartstart.outputs import write_file
from smartstart.trial import ledger
from smartstart.trial.entries import from_jsonl

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

QUARANTINE_COLUMNS = ("period", "file", "row", "column", "rule")
QUARANTINE_CONTRACT = "quarantaine"


def status_of(workspace: Workspace) -> dict[str, Any]:
    """Return what was loaded, drawn and released, and what needs attention; no names."""
    with workspace.open_warehouse() as warehouse:
        outputs = [row["path"] for row in warehouse.rows("SELECT path FROM output ORDER BY path")]
        return {
            "rehearsal": workspace.rehearsal,
            "periods": _period_reports(workspace, warehouse),
            "files": warehouse.rows(
                "SELECT d.period, f.file, f.contract, f.sha256, d.is_current FROM delivered_file AS f"
                " INNER JOIN delivery AS d ON d.delivery_id = f.delivery_id ORDER BY d.sequence, f.contract"
            ),
            "batches": warehouse.rows(
                "SELECT batch, count(*) AS allocated FROM allocation GROUP BY batch ORDER BY batch"
            ),
            "lists": [str(workspace.folder / path) for path in outputs],
            "ledger_head": bookkeeping.head(warehouse),
            "model": _model_in_use(warehouse),
            "analysis": _analysis(warehouse),
            "attention": attention(workspace, warehouse),
        }


def _analysis(warehouse: Warehouse) -> dict[str, str | None]:
    """Return which plan of the analysis is locked since when, and when the arms were unblinded; None for not yet."""
    ledger = bookkeeping.read_ledger(warehouse)
    locked = ledger.plans[-1] if ledger.plans else None
    return {
        "plan_hash": locked.body["plan_hash"] if locked else None,
        "locked_on": locked.recorded_at[:10] if locked else None,
        "unblinded_on": ledger.unblinded.recorded_at[:10] if ledger.unblinded else None,
    }


def _model_in_use(warehouse: Warehouse) -> dict[str, Any] | None:
    """Return which model was approved last, by whom and when, or None."""
    row = champion(warehouse)
    if row is None:
        return None
    kept = ("label", "sha256", "outcome", "horizon_months", "owner", "reason")
    return {name: row[name] for name in kept} | {"approved_on": row["approved_on"].isoformat()}


def _period_reports(workspace: Workspace, warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return, per period, the object that its run printed, with the counts of its files as they are now."""
    reports = []
    arms: dict[str, dict[str, int]] = defaultdict(dict)
    for row in warehouse.rows("SELECT batch, arm, count(*) AS n FROM allocation GROUP BY ALL"):
        arms[row["batch"]][row["arm"]] = row["n"]
    for row in warehouse.rows(
        f"SELECT r.pipeline, r.delivery_id, r.as_of, r.report, d.is_current, {NTH} AS nth FROM run AS r"
        " INNER JOIN delivery AS d ON d.delivery_id = r.delivery_id ORDER BY r.sequence"
    ):
        report = releasing.with_places(workspace, json.loads(row["report"]))
        report["files"] = warehouse.rows(
            "SELECT file, contract, rows_in, accepted, quarantined, duplicates, superseded, refused FROM delivered_file"
            " WHERE delivery_id = $delivery_id ORDER BY contract",
            {"delivery_id": row["delivery_id"]},
        )
        drawn = arms.get(label(report["period"], row["nth"]), {})
        report["allocated"] = {arm: drawn.get(arm, 0) for arm in report["allocated"]}  # also if drawn after the run
        facts = {"pipeline": row["pipeline"], "as_of": row["as_of"].isoformat(), "current": row["is_current"]}
        reports.append(facts | report)
    return reports


def quarantine_of(workspace: Workspace, period: str | None) -> dict[str, Any]:
    """Return rows in quarantine per source, and refused rows per file and practice, of current deliveries."""
    with workspace.open_warehouse() as warehouse:
        _refuse_unknown_period(warehouse, period)
        chosen = {"period": period}
        rows = warehouse.rows(
            'SELECT d.period, q.source, q.file, q."row", q."column", q.rule FROM quarantine AS q'
            " INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id"
            " WHERE d.is_current AND ($period IS NULL OR d.period = $period)"
            ' ORDER BY d.sequence, q.file, q."row", q."column", q.rule',
            chosen,
        )
        refused = warehouse.rows(
            'SELECT d.period, r.file, r.rule, r.practice, string_agg(r."row"::VARCHAR, \', \' ORDER BY r."row") AS rows'
            " FROM refusal AS r INNER JOIN delivery AS d ON d.delivery_id = r.delivery_id"
            " WHERE d.is_current AND ($period IS NULL OR d.period = $period)"
            " GROUP BY ALL ORDER BY d.period, r.file, r.practice",
            chosen,
        )
    sources: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        sources[row.pop("source")].append(row)
    return {"sources": dict(sources), "refused": refused}


def quarantine_rows(quarantine: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the list that ``quarantine --json`` prints: each row with its remedy."""
    rows = (row for rows in quarantine["sources"].values() for row in rows)
    return [{name: row[name] for name in QUARANTINE_COLUMNS} | {"remedy": REMEDIES[row["rule"]]} for row in rows]


def write_quarantine_workbook(workspace: Workspace, quarantine: dict[str, Any], path: Path) -> None:
    """Write the quarantine as XLSX, in Dutch, for who delivered the files; held against its contract, never a value."""
    from smartstart.outreach.quarantine import quarantine_workbook

    contract = workspace.contracts[QUARANTINE_CONTRACT]
    sources = {}
    for source, found in quarantine["sources"].items():
        told = [row | {"remedy": in_dutch(row["rule"])} for row in found]
        rows = [{f.name: row[f.name] for f in contract.fields} for row in told]
        hold_outgoing(contract, rows, date.max)
        sources[source] = [list(row.values()) for row in rows]
    refused = [
        [row["period"], row["file"], row["practice"] or "", row["rows"], in_dutch(row["rule"])]
        for row in quarantine["refused"]
    ]
    headers = [f.header for f in contract.fields]
    write_file(path, quarantine_workbook(headers, sources, refused, rehearsal=workspace.rehearsal))


def verify_trial(workspace: Workspace, head: str | None) -> dict[str, Any]:
    """Check the ledger's chain and replay, and that allocations, lists and the exported file agree with it."""
    with workspace.open() as (warehouse, vault):
        try:
            entries = from_jsonl(bookkeeping.ledger_bytes(warehouse))
        except SmartstartError as fault:
            return _broken([str(fault)])
        keys = bookkeeping.draw_keys(workspace)
        found = ledger.verify(entries, keys=keys.keys, head=head) if entries else _nothing_drawn(head)
        faults = [*found.faults]
        if found.ok:
            faults += auditing.disagreements(warehouse, vault, keys)
        faults += _export_faults(workspace, warehouse)
        faults += releasing.altered_lists(workspace, warehouse)
        return asdict(found) | {
            "ok": not faults,
            "faults": faults,
            "ledger_head": bookkeeping.head(warehouse),
        }


def _nothing_drawn(head: str | None) -> ledger.Verification:
    faults = () if head is None else ("The ledger is empty, and a head was given.",)
    return ledger.Verification(not faults, faults, 0, {}, replayed=True)


def _export_faults(workspace: Workspace, warehouse: Warehouse) -> list[str]:
    ours = bookkeeping.ledger_bytes(warehouse)
    if not workspace.ledger_file.is_file():
        return ["ledger/ledger.jsonl is missing: make it again with 'smartstart lists build'."] if ours else []
    if workspace.ledger_file.read_bytes() != ours:
        return ["ledger/ledger.jsonl is not the ledger of the warehouse: find out who changed which of the two."]
    return []


def _broken(faults: list[str]) -> dict[str, Any]:
    return {
        "ok": False,
        "faults": faults,
        "entries": 0,
        "allocations": {},
        "replayed": False,
        "covered": None,
        "ledger_head": None,
    }


def _refuse_unknown_period(warehouse: Warehouse, period: str | None) -> None:
    known = [row["period"] for row in warehouse.rows("SELECT DISTINCT period FROM delivery ORDER BY period")]
    if period is not None and period not in known:
        raise StateError(f"--period: nothing was loaded for it; there are {', '.join(known) or 'none yet'}.")
