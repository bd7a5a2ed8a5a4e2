"""The draw on the warehouse's tables: candidates in, decisions and allocations out, every step in the ledger.

The rules themselves are in ``trial``, which knows no database.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from smartstart.errors import StateError
from smartstart.programme import Programme
from smartstart.risk.factor_count import NO_SCORE_BAND, UNKNOWN_BAND, bands
from smartstart.trial import ledger
from smartstart.trial.allocation import Unit, stratum_code, subject_token
from smartstart.trial.design import Design, crowded_cells
from smartstart.trial.eligibility import EligibilityRule, Facts, decide
from smartstart.trial.ledger import Entry

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

ACTOR = "one officer"  # two officers are a later step; a record must say which it was


@dataclass(frozen=True)
class Decided:
    """A woman, what the eligibility rule said of her, and what a stratum may be made of."""

    research_id: str
    verdict: str
    reason: str
    practice: str
    index_date: date
    due_date: date
    risk_band: str


@dataclass(frozen=True)
class Batch:
    """What the ledger says of a batch beside its women: its label, its day, when it was recorded, and for what."""

    label: str
    as_of: date
    recorded_at: str
    programme: str
    rehearsal: bool


def design_of(programme: Programme) -> Design:
    """Return the design that the programme states, judged."""
    t = programme.trial
    return Design(trial_id=t.trial_id, arms=t.arms, ratio=t.ratio, strata=t.strata, block_sizes=t.block_sizes)


def design_warning(programme: Programme, practices: int) -> str | None:
    """Return a sentence when the design's cells would stay emptier than a block a year."""
    levels = {
        "risk_band": len(band_names(programme)),
        "practice": max(practices, 1),
    }
    design = design_of(programme)
    return crowded_cells(design, {name: levels[name] for name in design.strata}, programme.trial.expected_per_year)


def rule_of(programme: Programme) -> EligibilityRule:
    """Return the eligibility rule that the programme states."""
    e = programme.eligibility
    return EligibilityRule(
        max_age=e.max_age,
        max_age_inclusive=e.max_age_inclusive,
        age_on=e.age_on,
        min_week=e.min_week,
        max_week=e.max_week,
        municipality=programme.municipality.code,
    )


def score_pregnancies(warehouse: Warehouse, programme: Programme) -> pl.DataFrame:
    """Return person_id, number and risk_band, with the counts behind it, for every pregnancy of the register.

    Without a score nothing is counted, and all share one band.
    """
    from smartstart.risk.factor_count import count_factors

    if programme.score is None:
        pregnancies = warehouse.frame("SELECT person_id, number FROM register.pregnancy")
        return pregnancies.with_columns(pl.lit(NO_SCORE_BAND).alias("risk_band"))
    counted = count_factors(warehouse.frame("FROM register.factor"), programme.score.band_from)
    return counted.select("person_id", "number", "present", "known", "all_four", "risk_band")


def band_names(programme: Programme) -> tuple[str, ...]:
    """Return the names of the risk bands that can occur under a programme."""
    if programme.score is None:
        return (NO_SCORE_BAND,)
    return (*bands(programme.score.band_from), UNKNOWN_BAND)


def decide_candidates(warehouse: Warehouse, programme: Programme, as_of: date) -> list[Decided]:
    """Apply the eligibility rule to every candidate of the register.

    A woman of an earlier delivery is looked at again until she is drawn; she is told of only when something may
    come of it, so that the counts of a period are those of its own questionnaires.
    """
    rule = rule_of(programme)
    frame = warehouse.frame(
        "SELECT c.*, s.risk_band FROM register.candidate AS c "
        "LEFT JOIN register.score AS s ON s.person_id = c.person_id AND s.number = c.number ORDER BY c.person_id"
    )
    decided = []
    for row in frame.iter_rows(named=True):
        decision = decide(_facts(row), rule, as_of)
        if decision.verdict == "not_eligible" and not row["delivered_now"]:
            continue
        decided.append(
            Decided(
                research_id=row["person_id"],
                verdict=decision.verdict,
                reason=decision.reason,
                practice=row["practice"],
                index_date=row["index_date"],
                due_date=row["due_date"],
                risk_band=row["risk_band"],
            )
        )
    return decided


def summary_of(decided: Sequence[Decided]) -> dict[str, Any]:
    """Return ``eligible``, ``uncertain`` and ``not_eligible`` by reason: every candidate once."""
    verdicts = Counter(d.verdict for d in decided)
    reasons = Counter(d.reason for d in decided if d.verdict == "not_eligible")
    return {
        "eligible": verdicts["eligible"],
        "uncertain": verdicts["uncertain"],
        "not_eligible": dict(sorted(reasons.items())),
    }


def draw_batch(
    warehouse: Warehouse, vault: Vault, design: Design, key: bytes, decided: Sequence[Decided], batch: Batch
) -> dict[str, int]:
    """Freeze the eligible women as a batch, then draw them; store ledger, allocations and decisions.

    Returns how many women each arm got.
    """
    entries = read_ledger(warehouse)
    before = len(entries)
    stamp = {"recorded_at": batch.recorded_at, "actor": ACTOR}
    if not entries:
        made = ledger.genesis(entries, design, key, programme=batch.programme, rehearsal=batch.rehearsal, **stamp)
        entries.append(made)
    eligible = {d.research_id: d for d in decided if d.verdict == "eligible"}
    tokens = {subject_token(key, name): who for who, name in vault.pseudonyms(eligible).items()}
    units = [
        Unit(token, stratum_code(key, design.trial_id, _levels(design, eligible[who]))) for token, who in tokens.items()
    ]
    entries.append(ledger.freeze(entries, batch=batch.label, as_of=batch.as_of, units=units, **stamp))
    entries.append(ledger.draw(entries, batch=batch.label, design=design, key=key, **stamp))
    _store_ledger(warehouse, entries[before:])
    allotted = entries[-1].body["allocations"]
    warehouse.insert_rows(
        "allocation", [_allocation_row(a, eligible[tokens[a["token"]]], batch.label) for a in allotted]
    )
    warehouse.insert_rows(
        "decision",
        [
            {"batch": batch.label, "research_id": d.research_id, "verdict": d.verdict, "reason": d.reason}
            for d in decided
        ],
    )
    arms = Counter(a["arm"] for a in allotted)
    return {arm: arms[arm] for arm in design.arms}


def read_ledger(warehouse: Warehouse) -> list[Entry]:
    """Return the ledger's entries in order. Raises StateError when a line is not what was written."""
    return ledger.from_jsonl(ledger_bytes(warehouse))


def head(warehouse: Warehouse) -> str | None:
    """Return the hash of the ledger's last entry, or None before the first draw."""
    entries = read_ledger(warehouse)
    return ledger.head(entries) if entries else None


def ledger_bytes(warehouse: Warehouse) -> bytes:
    """Return the ledger as it is exported, one entry a line."""
    return "".join(f"{row['line']}\n" for row in warehouse.rows("SELECT line FROM ledger ORDER BY seq")).encode()


def note_correction(warehouse: Warehouse, period: str, reason: str, recorded_at: str) -> None:
    """Record in the ledger, once it has begun, that a period's data were corrected; allocations stay."""
    entries = read_ledger(warehouse)
    if entries:
        text = f"data of {period} corrected: {reason}"
        _store_ledger(warehouse, [ledger.note(entries, text=text, recorded_at=recorded_at, actor=ACTOR)])


def refuse_foreign_ledger(workspace: Workspace, warehouse: Warehouse) -> None:
    """Raise StateError when the exported ledger says more than, or something else than, the warehouse's.

    An interrupted run leaves the export behind the warehouse; an older backup of the warehouse leaves it ahead, and
    to draw on would give women a second draw.
    """
    entries = read_ledger(warehouse)
    exported = workspace.ledger_file.read_bytes() if workspace.ledger_file.is_file() else b""
    if not ledger_bytes(warehouse).startswith(exported):
        raise StateError(
            "ledger/ledger.jsonl is not the beginning of the warehouse's ledger: an older backup was restored, or the "
            "file was changed; find out which, and put the right one back."
        )
    if entries and entries[0].body["rehearsal"] != workspace.rehearsal:
        raise StateError("workspace.json and the ledger differ on whether this is a rehearsal: restore workspace.json.")


def disagreements(workspace: Workspace, warehouse: Warehouse, vault: Vault, key: bytes) -> list[str]:
    """Return where the allocations or the lists say something else than the ledger, in sentences."""
    entries = read_ledger(warehouse)
    told = {
        row["token"]: (entry.body["batch"], row["stratum"], row["arm"], row["probability"])
        for entry in entries
        if entry.kind == "draw"
        for row in entry.body["allocations"]
    }
    stored = warehouse.rows("FROM allocation ORDER BY token")
    here = {row["token"]: (row["batch"], row["stratum"], row["arm"], row["probability"]) for row in stored}
    faults = []
    if odd := len(told.keys() ^ here.keys()):
        faults.append(f"{odd} women stand in the ledger or in the allocations, not in both.")
    if differ := sum(told[token] != here[token] for token in told.keys() & here.keys()):
        faults.append(f"{differ} allocations differ from the ledger.")
    design = design_of(workspace.programme)
    names = vault.pseudonyms(row["research_id"] for row in stored)
    if strange := sum(not _is_hers(row, names.get(row["research_id"], ""), design, key) for row in stored):
        faults.append(f"{strange} allocations are not of the woman, or not of the stratum, that the ledger tells of.")
    offers = {(row["batch"], row["research_id"], row["practice"]) for row in stored if row["arm"] == "offer"}
    listed = warehouse.rows("SELECT batch, research_id, practice FROM invitation")
    if wrong := len(offers ^ {tuple(row.values()) for row in listed}):
        faults.append(f"{wrong} women were given the offer or stand on a practice's list, not both.")
    last = warehouse.rows("SELECT report FROM run ORDER BY sequence DESC LIMIT 1")
    if last and json.loads(last[0]["report"])["ledger_head"] != head(warehouse):
        faults.append("The ledger does not end where the last run left it.")
    return faults


def _is_hers(row: dict[str, Any], pseudonym: str, design: Design, key: bytes) -> bool:
    levels = tuple(row[name] for name in design.strata)
    return bool(
        row["token"] == subject_token(key, pseudonym) and row["stratum"] == stratum_code(key, design.trial_id, levels)
    )


def _store_ledger(warehouse: Warehouse, entries: Sequence[Entry]) -> None:
    lines = ledger.to_jsonl(entries).decode().splitlines()
    warehouse.insert_rows("ledger", [{"seq": json.loads(line)["seq"], "line": line} for line in lines])


def _facts(row: dict[str, Any]) -> Facts:
    flags = (
        "municipality", "deceased", "suspended", "pregnancy_ended", "child_born", "objected", "consent_withdrawn",
        "moved_away", "already_allocated", "has_person", "report_unreadable", "index_date", "due_date",
    )  # fmt: skip
    return Facts(
        birth_earliest=row["birth_date_earliest"],
        birth_latest=row["birth_date_latest"],
        **{name: row[name] for name in flags},
    )


def _levels(design: Design, woman: Decided) -> tuple[str, ...]:
    return tuple(getattr(woman, name) for name in design.strata)


def _allocation_row(allotted: dict[str, Any], woman: Decided, batch: str) -> dict[str, Any]:
    return {
        "research_id": woman.research_id,
        "token": allotted["token"],
        "batch": batch,
        "stratum": allotted["stratum"],
        "risk_band": woman.risk_band,
        "practice": woman.practice,
        "arm": allotted["arm"],
        "probability": allotted["probability"],
        "index_date": woman.index_date,
    }
