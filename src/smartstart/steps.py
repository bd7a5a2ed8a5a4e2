"""The table of contents: what a run does, one short function per step, in the words of pipelines/*.yaml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartstart import approved, bookkeeping, deciding, drawing, releasing
from smartstart.contracts.rules import REFUSALS
from smartstart.errors import DataRefused, nearest
from smartstart.extracts import reading
from smartstart.extracts.finding import find_files
from smartstart.intake.rates import rates_told
from smartstart.intake.sorting import SortedFile, sort_delivery
from smartstart.intake.storing import known_people, record_file, store_file, store_quarantine
from smartstart.register import scales
from smartstart.register.build import build_register as build_tables
from smartstart.scaling.building import build_on_spark
from smartstart.trial.eligibility import WAITING_FOR_DRAW
from smartstart.trial.ledger import NO_NONCE, Nonce

if TYPE_CHECKING:
    import polars as pl

    from smartstart.deliveries import Delivery
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace


@dataclass
class Run:
    """What the steps of one run share. Each step reads what earlier ones left and adds its own."""

    workspace: Workspace
    warehouse: Warehouse
    vault: Vault
    delivery: Delivery
    batch: str
    recorded_at: str
    only_consented: bool
    nonce: Nonce = NO_NONCE
    tell: Callable[[str], None] = lambda _: None
    extracts: list[reading.Extract] = field(default_factory=list)
    files: list[SortedFile] = field(default_factory=list)
    risks: pl.DataFrame | None = None
    decided: list[deciding.Decided] = field(default_factory=list)
    arms: dict[str, int] = field(default_factory=dict)
    lists: list[releasing.ListFile] = field(default_factory=list)


def read_extracts(
    workspace: Workspace,
    folder: Path,
    required: tuple[str, ...],
    optional: tuple[str, ...],
) -> tuple[list[reading.Extract], tuple[str, ...]]:
    """Read the files of a delivery as text; also returns the names of files that were left unread.

    Raises DataRefused that lists every fault of every file; then nothing of the delivery is loaded.
    """
    delivery = find_files(folder, workspace.contracts, {*required, *optional})
    faults = list(delivery.faults)
    for name in required:
        if name not in delivery.files:
            hint = nearest(name, [Path(other).stem for other in delivery.others])
            faults.append(f"{name}: the file is not in the folder{hint}; deliver it, with its header only if empty.")
    extracts, refusals = reading.read_extracts(delivery.all, workspace.contracts, workspace.programme.sources)
    if faults or refusals:
        raise DataRefused(*faults, *refusals)
    return extracts, delivery.others


def sort_rows(run: Run) -> None:
    """Give every row one of its five ways: accepted, quarantined, duplicate, superseded or refused."""
    known = known_people(run.warehouse, run.vault)
    run.files = sort_delivery(
        run.extracts, run.delivery.as_of, only_consented=run.only_consented, known=known, tell=rates_told(run.tell)
    )
    run.extracts.clear()  # their text is asked for no more


def store_rows(run: Run) -> None:
    """Store the accepted rows, the quarantine, and the reconciliation of every file."""
    keep_until = run.delivery.delivered + timedelta(days=run.workspace.programme.retention.quarantine_days)
    for file in run.files:
        store_file(run.warehouse, run.vault, file, run.delivery.delivery_id, run.delivery.sequence)
        store_quarantine(run.vault, file, run.delivery.delivery_id, keep_until)
        record_file(run.warehouse, file, run.delivery.delivery_id)


def build_register(run: Run) -> None:
    """Build mothers, pregnancies, status, factors, placements and outcomes as of the run's day, here or on Spark."""
    programme, as_of, delivery_id = run.workspace.programme, run.delivery.as_of, run.delivery.delivery_id
    if programme.engine == "duckdb":
        build_tables(run.warehouse, programme, as_of, delivery_id)
        return
    scoring = approved.scoring(run.warehouse, run.workspace)  # while the predictors are there, so are the risks
    place = Path(programme.spark_folder) / f"smartstart-{run.workspace.workspace_id}"
    run.risks = build_on_spark(run.warehouse, programme, as_of, delivery_id, place=place, scoring=scoring)


def score_factors(run: Run) -> None:
    """Give every pregnancy its risk band: by the count of the four factors, by an approved model, or one for all."""
    scores = approved.score_pregnancies(run.warehouse, run.workspace, run.risks)
    run.warehouse.replace("register.score", scores)


def score_scales(run: Run) -> None:
    """Turn the answers of the three waves into the scales on which the arms will be compared."""
    answers = run.warehouse.frame("FROM register.answer")
    run.warehouse.replace("register.scale", scales.score_scales(answers, run.workspace.instruments))


def decide_eligibility(run: Run) -> None:
    """Decide for each candidate: eligible, not and why, or uncertain and for a person to decide."""
    everyone = bookkeeping.read_ledger(run.warehouse).closed
    run.decided = deciding.decide_candidates(
        run.warehouse, run.workspace.programme, run.delivery.as_of, everyone=everyone
    )


def draw_batch(run: Run) -> None:
    """Freeze the eligible women and draw them, once and for ever; with a nonce to come, freeze them only."""
    keys = bookkeeping.draw_keys(run.workspace)
    draw = drawing.Draw(run.workspace.programme, bookkeeping.read_ledger(run.warehouse), keys)
    drawing.begin_trial(run.warehouse, run.workspace, draw, run.recorded_at, run.nonce)
    batch = drawing.Batch(run.batch, run.delivery.as_of, run.recorded_at, run.delivery.fingerprint, run.nonce)
    if draw.ledger.pending:  # new women wait until it is drawn; what happened to others counts at once
        deciding.record_decisions(run.warehouse, run.batch, run.decided, [], waiting=WAITING_FOR_DRAW)
        return
    known = drawing.known_as(run.vault, keys, [woman.research_id for woman in run.decided])
    tokens = {research_id: hers.token for research_id, hers in known.items()}
    women = deciding.within_capacity(run.decided, drawing.places(draw, run.delivery.as_of), tokens)
    deciding.record_decisions(run.warehouse, run.batch, run.decided, women)
    drawing.freeze_batch(run.warehouse, run.vault, draw, women, known, batch)
    if run.nonce.source == "none":
        _, run.arms = drawing.draw_batch(run.warehouse, draw, run.recorded_at)


def release_lists(run: Run) -> None:
    """Release the new batch, and make every list without whom an event has blocked."""
    if run.arms:
        releasing.release_batch(run.warehouse, run.vault, run.delivery, run.batch)
    if not run.delivery.snapshot:  # a run that draws: its batch has lists to stand on
        programme = run.workspace.programme
        releasing.release_reminders(run.warehouse, run.vault, run.delivery, run.batch, programme)
    if later := [woman.research_id for woman in run.decided if woman.later and woman.verdict == "eligible"]:
        releasing.release_after_closing(run.warehouse, run.vault, run.delivery, run.batch, later)
    run.lists = releasing.list_files(run.workspace, run.warehouse, run.vault)


def report_of(run: Run) -> dict[str, Any]:
    """Return the object that ``run --json`` prints; list paths are relative to the workspace."""
    arms = run.workspace.programme.trial.arms
    ledger_head = bookkeeping.head(run.warehouse)
    return {
        "period": run.delivery.period,
        "files": [file.summary() for file in run.files],
        **deciding.summary_of(run.decided),
        "allocated": {arm: run.arms.get(arm, 0) for arm in arms},
        "lists": [file.path for file in run.lists if file.batch == run.batch],
        "ledger_head": ledger_head,
    }


def refusals_in_words(run: Run) -> list[str]:
    """Return one line per file and practice with refused rows, by row number, for who delivered them."""
    lines = []
    for file in run.files:
        for (rule, practice), rows in file.refused.group_by("rule", "practice", maintain_order=True):
            shown = ", ".join(map(str, rows["row"].head(10))) + (", …" if rows.height > 10 else "")
            whose = f" of practice {practice}" if practice else ""
            noun = "row" if rows.height == 1 else "rows"
            lines.append(f"{file.delivered.file}{whose}: {rows.height} {noun} refused ({shown}). {REFUSALS[str(rule)]}")
    return lines


STEPS: dict[str, Callable[[Run], None]] = {
    "sort_rows": sort_rows,
    "store_rows": store_rows,
    "build_register": build_register,
    "score_factors": score_factors,
    "score_scales": score_scales,
    "decide_eligibility": decide_eligibility,
    "draw_batch": draw_batch,
    "release_lists": release_lists,
}
