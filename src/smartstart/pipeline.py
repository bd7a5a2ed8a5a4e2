"""Pipelines: the named runs of ``pipelines/*.yaml``, each one transaction with a record, files written after it.

The order in which things become lasting: the vault (idempotent), the warehouse's commit (the point of truth), the
files. Whatever is interrupted, the same command again finishes the job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from smartstart import __version__, bookkeeping, clock, deliveries, drawing, provenance, reading_copy, releasing, steps
from smartstart.attention import attention
from smartstart.backups import refuse_restored
from smartstart.crash_points import reached
from smartstart.designing import design_of
from smartstart.errors import PolicyRefused, StateError, UsageError, nearest
from smartstart.intake.periods import read_period
from smartstart.intake.sorting import QUESTIONNAIRE
from smartstart.programme.records import as_record
from smartstart.programme.sections import Programme
from smartstart.resources import read_yaml, shipped
from smartstart.statements import judge_statement
from smartstart.status_data import refuse_old_status, refuse_stale_extracts
from smartstart.trial.entries import Stamp
from smartstart.trial.ledger import NO_NONCE, Ledger, Nonce

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.trial.entries import Entry
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

Progress = Callable[[str], None]
READING = "read_extracts"  # the first step of every pipeline


@dataclass(frozen=True)
class Step:
    """One step, with what it reads and writes and how sensitive that is, for people to read."""

    step: str
    reads: str
    writes: str
    sensitivity: str


@dataclass(frozen=True)
class Pipeline:
    """A named run. A ``snapshot`` is superseded by a later one; ``only_consented`` refuses strangers' rows."""

    pipeline: str
    title: str
    period: Literal["required", "none"]
    snapshot: bool
    draws: bool
    only_consented: bool
    required: tuple[str, ...]
    optional: tuple[str, ...]
    steps: tuple[Step, ...]
    required_for_score: tuple[str, ...] = ()

    def files(self, programme: Programme) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the required and the optional files; without a score its sources are optional."""
        if programme.score is None:
            return self.required, self.optional + self.required_for_score
        return self.required + self.required_for_score, self.optional


@dataclass(frozen=True)
class Request:
    """What the analyst asks for; ``as_of`` is the day on which the run counts as done."""

    pipeline: str
    extracts: Path
    as_of: date
    period: str | None = None
    delivered: date | None = None
    corrects: bool = False
    reason: str | None = None
    nonce: Nonce = NO_NONCE


@dataclass(frozen=True)
class Result:
    """What came out: the object for ``--json``, sentences for people, and whether this was loaded before."""

    report: dict[str, Any]
    notices: tuple[str, ...]
    already_loaded: bool


def find_pipeline(name: str) -> Pipeline:
    """Read the shipped pipeline of this name, as its file is named. Raises UsageError that names those there are."""
    paths = {path.stem: path for path in sorted(shipped("pipelines").glob("*.yaml"))}
    if name not in paths:
        raise UsageError(f"Pipeline '{name}' is unknown{nearest(name, list(paths))}; there are {', '.join(paths)}.")
    path = paths[name]
    pipeline: Pipeline = as_record(read_yaml(path), Pipeline, path.name)
    for step in pipeline.steps:
        if step.step not in {READING, *steps.STEPS}:
            raise UsageError(f"{path.name}: unknown step '{step.step}'{nearest(step.step, list(steps.STEPS))}.")
    return pipeline


def run_pipeline(workspace: Workspace, request: Request, progress: Progress = lambda _: None) -> Result:
    """Run a pipeline. Raises DataRefused, PolicyRefused, StateError or UsageError; then nothing has changed."""
    pipeline = find_pipeline(request.pipeline)
    period, delivered = _judge_request(pipeline, request)
    _refuse_unread(workspace, pipeline, request, delivered)
    progress(READING)
    required, optional = pipeline.files(workspace.programme)
    extracts, unread = steps.read_extracts(workspace, request.extracts, required, optional)
    content = deliveries.fingerprint(sorted((one.delivered.contract.file, one.delivered.sha256) for one in extracts))
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        # an as-of date of long ago or far ahead replays data: it may not keep or destroy what is due today
        vault.remove_leftovers(deliveries.all_ids(warehouse), min(request.as_of, clock.today()))
        quiet = all(one.is_empty() for one in extracts if one.delivered.contract.file == QUESTIONNAIRE)
        may_recur = pipeline.snapshot or quiet
        loaded = deliveries.already_loaded(warehouse, pipeline.pipeline, period, content, may_recur=may_recur)
        if loaded:
            drawing.refuse_other_nonce(warehouse, loaded["batch"], request.nonce)
            return _finish_again(workspace, warehouse, vault, loaded)
        delivery = deliveries.Delivery(
            pipeline=pipeline.pipeline,
            period=period,
            snapshot=pipeline.snapshot,
            fingerprint=content,
            sequence=deliveries.next_sequence(warehouse),
            as_of=request.as_of,
            delivered=delivered,
            reason=request.reason if request.corrects else None,
        )
        _refuse_opened(workspace, warehouse, pipeline, request, delivery)
        run = steps.Run(
            workspace=workspace,
            warehouse=warehouse,
            vault=vault,
            delivery=delivery,
            batch=deliveries.batch_label(warehouse, period),
            recorded_at=clock.moment(),
            only_consented=pipeline.only_consented,
            nonce=request.nonce,
            extracts=extracts,
            tell=progress,
        )
        record = _carry_out(run, pipeline, progress)
        _leave_files(run, record, progress)
        notices = (*_notices(run, unread), *attention(workspace, warehouse))
    return Result(releasing.with_places(workspace, record["report"]), notices, already_loaded=False)


def _carry_out(run: steps.Run, pipeline: Pipeline, progress: Progress) -> dict[str, Any]:
    """Do every step and record the run, as one transaction; return its record, with the report of what came of it."""
    with lasting(run.warehouse, run.vault):
        deliveries.supersede(run.warehouse, run.delivery)
        if run.delivery.reason:
            bookkeeping.note_correction(run.warehouse, run.delivery.period, run.delivery.reason, run.recorded_at)
        for step in pipeline.steps:
            if step.step == READING:  # happened before anything was opened
                continue
            progress(step.step)
            steps.STEPS[step.step](run)
        record = _record(run)
    reached("run_committed")
    return record


def _leave_files(run: steps.Run, record: dict[str, Any], progress: Progress) -> None:
    """Write what people get of a run that is committed; what is interrupted, the same command does again."""
    progress("write_files")
    releasing.write_outputs(run.workspace, run.lists, bookkeeping.ledger_bytes(run.warehouse))
    reached("run_files_written")
    provenance.record_run(run.workspace, run.warehouse, record, anew=True)
    reading_copy.publish(run.workspace, run.warehouse)


def rebuild_lists(workspace: Workspace, as_of: date | None = None) -> list[Path]:
    """Make lists, exported ledger and reading copy again from what is stored; the same bytes while nothing happened.

    ``as_of`` is the day on which the lists will be used; None is that of the last run that brought status data.
    Raises PolicyRefused when the newest status data are absent or too old for it.
    """
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        refuse_old_status(workspace.programme, warehouse, as_of)
        files = write_again(workspace, warehouse, vault)
    return [workspace.folder / file.path for file in files]


def draw_frozen(workspace: Workspace, nonce: str, as_of: date | None = None, head: str | None = None) -> dict[str, Any]:
    """Draw the batch that waits for its nonce, and release its lists; returns batch, allocated, lists, ledger_head.

    ``as_of`` is the day on which the lists will be used; None is that of the last run that brought status data.
    ``head`` is the head that the second officer noted after the freeze; what was frozen then is what is drawn. With the
    nonce of the last draw nobody is drawn and its lists are written again: an interrupted command is finished so.
    Raises StateError when no batch waits or the freeze is another one, PolicyRefused when the nonce is not the one that
    was promised or the status data are too old for a list.
    """
    recorded_at = clock.moment()
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        refuse_restored(warehouse)
        ledger = bookkeeping.read_ledger(warehouse)
        pending = ledger.pending
        if pending is not None:
            refuse_old_status(workspace.programme, warehouse, as_of)
        if pending is None and (drawn := _drawn_with(ledger, nonce)):  # an interrupted one wants its lists
            files = write_again(workspace, warehouse, vault)
            return _as_drawn(workspace, warehouse, drawn, dict.fromkeys(workspace.programme.trial.arms, 0), files)
        if head is not None and pending is not None and pending.hash != head:
            raise StateError("--head is not that of the frozen batch: it was frozen anew, or the head was mistyped.")
        draw = drawing.Draw(workspace.programme, ledger, bookkeeping.draw_keys(workspace))
        with lasting(warehouse, vault):
            batch, arms = drawing.draw_batch(warehouse, draw, recorded_at, nonce)
            releasing.release_batch(warehouse, vault, deliveries.of_batch(warehouse, batch), batch)
        return _as_drawn(workspace, warehouse, batch, arms, write_again(workspace, warehouse, vault))


def _drawn_with(ledger: Ledger, nonce: str) -> str | None:
    """Return the label of the last batch if it was drawn with this very nonce: the command was given before."""
    last = next((entry for entry in reversed(ledger.entries) if entry.kind == "draw"), None)
    return last.body["batch"] if last and nonce and last.body["nonce"] == nonce else None


def _as_drawn(
    workspace: Workspace, warehouse: Warehouse, batch: str, arms: dict[str, int], files: list[releasing.ListFile]
) -> dict[str, Any]:
    own = [str(workspace.folder / file.path) for file in files if file.batch == batch]
    return {"batch": batch, "allocated": arms, "lists": own, "ledger_head": bookkeeping.head(warehouse)}


# --- what is allowed --------------------------------------------------------------------------------------


def _judge_request(pipeline: Pipeline, request: Request) -> tuple[str, date]:
    """Return the label of the period and the day of delivery."""
    if request.corrects != bool(request.reason and request.reason.strip()):
        raise UsageError("--corrects and --reason go together: say in a few words why the period is corrected.")
    if request.reason:
        judge_statement("--reason", request.reason)
    if pipeline.period == "required":
        if request.period is None:
            raise UsageError(f"The pipeline '{pipeline.pipeline}' needs --period, such as 2024Q1.")
        period = read_period(request.period)
        if period.first > request.as_of:
            raise UsageError("--period begins after --as-of: a period that has not begun cannot be loaded.")
        label, default = period.label, min(period.last, request.as_of)
    else:
        if request.period is not None:
            raise UsageError(f"The pipeline '{pipeline.pipeline}' is a snapshot as of a day: leave out --period.")
        label, default = f"{pipeline.pipeline}-{request.as_of.isoformat()}", request.as_of
    delivered = request.delivered or default
    if delivered > request.as_of:
        raise UsageError("--delivered lies after --as-of: a run cannot know what is delivered later.")
    return label, delivered


def _refuse_without_mandate(workspace: Workspace, pipeline: Pipeline) -> None:
    missing = workspace.programme.mandate.missing
    if pipeline.draws and missing and not workspace.rehearsal:
        raise PolicyRefused(
            f"Nobody may be drawn yet: in programme.yaml, mandate, these are empty: {', '.join(missing)}; "
            "fill them in, or make a workspace with 'init --rehearsal' for made-up data."
        )


def _refuse_unread(workspace: Workspace, pipeline: Pipeline, request: Request, delivered: date) -> None:
    """Refuse what can be refused before a file is opened."""
    _refuse_without_mandate(workspace, pipeline)
    _refuse_future(workspace, pipeline, request.as_of)
    design_of(workspace.programme)  # a design that is refused would otherwise stop the run at its draw, or after it
    if pipeline.draws and not request.corrects:
        refuse_stale_extracts(workspace.programme, None, request.as_of, delivered)


def _refuse_opened(
    workspace: Workspace, warehouse: Warehouse, pipeline: Pipeline, request: Request, delivery: deliveries.Delivery
) -> None:
    """Refuse a new delivery that the state of the warehouse does not allow."""
    deliveries.refuse_out_of_order(warehouse, delivery)
    if pipeline.draws:
        refuse_restored(warehouse)
        if request.nonce.source != "none":
            drawing.refuse_pending(warehouse)
        drawing.refuse_early(workspace.programme, request.as_of)
    if pipeline.draws and request.corrects:
        refuse_stale_extracts(workspace.programme, warehouse, request.as_of, delivery.delivered)


def _refuse_future(workspace: Workspace, pipeline: Pipeline, as_of: date) -> None:
    """A mistyped year would stand in the way of every later run; made-up data may play in any year."""
    if pipeline.draws and not workspace.rehearsal and as_of > clock.today() + timedelta(days=1):
        raise UsageError("--as-of lies in the future: give today, or the day on which this run counts as done.")


# --- bookkeeping ------------------------------------------------------------------------------------------


@contextmanager
def lasting(warehouse: Warehouse, vault: Vault) -> Iterator[None]:
    """Make all of a run lasting, or nothing: the vault just before the warehouse."""
    with warehouse.transaction():
        yield
        vault.commit()


def _record(run: steps.Run) -> dict[str, Any]:
    """Record the run and its lists, and return the record; its report is kept as JSON."""
    record = {
        "sequence": run.delivery.sequence,
        "pipeline": run.delivery.pipeline,
        "period": run.delivery.period,
        "as_of": run.delivery.as_of,
        "delivered": run.delivery.delivered,
        "delivery_id": run.delivery.delivery_id,
        "recorded_at": run.recorded_at,
        "version": __version__,
        "report": steps.report_of(run),
    }
    run.warehouse.insert_rows("run", [record | {"report": json.dumps(record["report"])}])
    _record_outputs(run.warehouse, run.lists)
    return record


def _record_outputs(warehouse: Warehouse, files: list[releasing.ListFile]) -> None:
    warehouse.run("DELETE FROM output")
    rows = [{"path": file.path, "sha256": hashlib.sha256(file.content).hexdigest()} for file in files]
    warehouse.insert_rows("output", rows)


def write_again(workspace: Workspace, warehouse: Warehouse, vault: Vault) -> list[releasing.ListFile]:
    """Write lists, ledger and reading copy from what is stored, and record the lists' checksums."""
    files = releasing.list_files(workspace, warehouse, vault) if releasing.has_run(warehouse) else []
    releasing.write_outputs(workspace, files, bookkeeping.ledger_bytes(warehouse))
    with warehouse.transaction():
        _record_outputs(warehouse, files)
    reading_copy.publish(workspace, warehouse)
    return files


def add_to_ledger(
    workspace: Workspace, entry_of: Callable[[Ledger, Stamp], Entry], *, owner: str, reason: str
) -> tuple[Ledger, Entry]:
    """Add the one entry that ``entry_of`` makes for this owner and reason, and export the ledger; return both.

    Raises UsageError for an owner or a reason that names somebody, and what ``entry_of`` raises; then nothing changed.
    """
    judge_statement("--owner", owner)
    judge_statement("--reason", reason)
    stamp = Stamp(clock.moment(), bookkeeping.ONE_OFFICER)
    with workspace.open_warehouse() as warehouse:
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        ledger = bookkeeping.read_ledger(warehouse)
        try:
            entry = entry_of(ledger, stamp)
            with warehouse.transaction():
                bookkeeping.store(warehouse, ledger)
        finally:  # also when it stands there already: an interrupted command may have left the export behind
            releasing.write_ledger(workspace, bookkeeping.ledger_bytes(warehouse))  # no list changes with it
    return ledger, entry


def _finish_again(workspace: Workspace, warehouse: Warehouse, vault: Vault, loaded: dict[str, Any]) -> Result:
    """Write the files again, as an interrupted run may have left them undone; draw nobody."""
    write_again(workspace, warehouse, vault)
    provenance.record_run(workspace, warehouse, loaded, anew=False)
    report = loaded["report"]
    report["allocated"] = dict.fromkeys(report["allocated"], 0)
    notice = f"{report['period']} was loaded before from these very files: nothing was loaded or drawn again."
    return Result(
        releasing.with_places(workspace, report), (notice, *attention(workspace, warehouse)), already_loaded=True
    )


def _notices(run: steps.Run, unread: tuple[str, ...]) -> list[str]:
    notices = [f"{name}: not part of this pipeline, so it was not read." for name in unread]
    if run.nonce.source != "none":
        notices.append(
            f"Batch {run.batch} is frozen and not drawn: note the head {bookkeeping.head(run.warehouse)}, "
            "then bring in the nonce with 'smartstart trial draw'."
        )
    return notices + steps.refusals_in_words(run)
