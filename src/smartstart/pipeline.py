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
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from smartstart import __version__, drawing, releasing, steps
from smartstart.errors import PolicyRefused, StateError, UsageError, nearest
from smartstart.intake.periods import read_period
from smartstart.programme import Programme, as_record, read_yaml
from smartstart.resources import shipped
from smartstart.trial.eligibility import REASONS

if TYPE_CHECKING:
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

Progress = Callable[[str], None]


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


@dataclass(frozen=True)
class Result:
    """What came out: the object for ``--json``, sentences for people, and whether this was loaded before."""

    report: dict[str, Any]
    notices: tuple[str, ...]
    already_loaded: bool


def load_pipelines() -> dict[str, Pipeline]:
    """Read the shipped pipelines. Raises UsageError for an unknown key or step."""
    found: dict[str, Pipeline] = {}
    for path in sorted(shipped("pipelines").glob("*.yaml")):
        pipeline: Pipeline = as_record(read_yaml(path), Pipeline, path.name)
        for step in pipeline.steps:
            if step.step not in {"read_extracts", *steps.STEPS}:
                raise UsageError(f"{path.name}: unknown step '{step.step}'{nearest(step.step, list(steps.STEPS))}.")
        found[pipeline.pipeline] = pipeline
    return found


def find_pipeline(name: str) -> Pipeline:
    """Return a pipeline by name. Raises UsageError that names those there are."""
    pipelines = load_pipelines()
    if name not in pipelines:
        hint = nearest(name, list(pipelines))
        raise UsageError(f"Pipeline '{name}' is unknown{hint}; there are {', '.join(pipelines)}.")
    return pipelines[name]


def run_pipeline(workspace: Workspace, request: Request, progress: Progress = lambda _: None) -> Result:
    """Run a pipeline. Raises DataRefused, PolicyRefused, StateError or UsageError; then nothing has changed."""
    pipeline = find_pipeline(request.pipeline)
    period, delivered = _judge_request(pipeline, request)
    _refuse_without_mandate(workspace, pipeline)
    _refuse_stale_status(workspace, pipeline, request.as_of, delivered)
    progress("read_extracts")
    required, optional = pipeline.files(workspace.programme)
    extracts, unread = steps.read_extracts(workspace, request.extracts, required, optional)
    fingerprint = _fingerprint(sorted((extract.contract.file, extract.sha256) for extract in extracts))
    with workspace.open() as (warehouse, vault):
        # an as-of date of long ago or far ahead replays data: it may not keep or destroy what is due today
        vault.remove_leftovers(_deliveries(warehouse), min(request.as_of, datetime.now(UTC).date()))
        if loaded := _already_loaded(warehouse, pipeline, period, fingerprint):
            return _finish_again(workspace, warehouse, vault, loaded)
        _refuse_out_of_order(warehouse, pipeline, request, period)
        sequence = _next_sequence(warehouse)
        run = steps.Run(
            workspace=workspace,
            warehouse=warehouse,
            vault=vault,
            pipeline=pipeline.pipeline,
            period=period,
            batch=_batch(warehouse, period),
            as_of=request.as_of,
            delivered=delivered,
            delivery_id=_fingerprint([pipeline.pipeline, period, fingerprint, sequence])[:24],
            fingerprint=fingerprint,
            sequence=sequence,
            recorded_at=datetime.now(UTC).isoformat(timespec="seconds"),
            only_consented=pipeline.only_consented,
            extracts=extracts,
        )
        with _lasting(warehouse, vault):
            _supersede(run, pipeline, request)
            for step in pipeline.steps[1:]:  # the first, reading, happened before anything was opened
                progress(step.step)
                steps.STEPS[step.step](run)
            report = steps.report_of(run)
            _record(run, report)
        progress("write_files")
        releasing.write_outputs(workspace, run.lists, drawing.ledger_bytes(warehouse))
        notices = (*_notices(run, unread), *attention(workspace, warehouse))
    return Result(_with_places(workspace, report), notices, already_loaded=False)


def rebuild_lists(workspace: Workspace) -> list[Path]:
    """Make the lists and the exported ledger again from what is stored; the same bytes while nothing happened."""
    with workspace.open() as (warehouse, vault):
        files = releasing.list_files(workspace, warehouse, vault) if _has_run(warehouse) else []
        releasing.write_outputs(workspace, files, drawing.ledger_bytes(warehouse))
        with warehouse.transaction():
            _record_outputs(warehouse, files)
    return [workspace.folder / file.path for file in files]


def attention(workspace: Workspace, warehouse: Warehouse) -> list[str]:
    """Return what a person must look at, in sentences without names."""
    found = []
    for row in warehouse.rows(
        "SELECT d.period, count(*) AS n FROM quarantine AS q INNER JOIN delivery AS d ON d.delivery_id = q.delivery_id"
        " WHERE d.is_current GROUP BY d.period, d.sequence ORDER BY d.sequence"
    ):
        found.append(
            f"{row['period']}: {_counted(row['n'], 'fault')} in quarantine; "
            f"see 'smartstart quarantine --period {row['period']}'."
        )
    for row in warehouse.rows(
        "SELECT batch, reason, count(*) AS n FROM decision WHERE verdict = 'uncertain'"
        " AND batch = (SELECT batch FROM decision ORDER BY rowid DESC LIMIT 1) GROUP BY ALL ORDER BY reason"
    ):
        found.append(
            f"{row['batch']}: {_women(row['n'])} could not be judged ({row['reason'].replace('_', ' ')}). "
            f"{REASONS[row['reason']]}"
        )
    if _has_run(warehouse):
        for row in releasing.blocked_since(warehouse, workspace.programme.municipality.code):
            found.append(
                f"{row['batch']}: {_women(row['women'])} of practice {row['practice']} may no longer be invited; "
                "the list was made again: replace it at the practice today."
            )
    if warning := drawing.design_warning(workspace.programme, _practices(warehouse)):
        found.append(warning)
    return found


# --- what is allowed --------------------------------------------------------------------------------------


def _judge_request(pipeline: Pipeline, request: Request) -> tuple[str, date]:
    """Return the label of the period and the day of delivery."""
    if request.corrects != bool(request.reason and request.reason.strip()):
        raise UsageError("--corrects and --reason go together: say in a few words why the period is corrected.")
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


def _refuse_stale_status(workspace: Workspace, pipeline: Pipeline, as_of: date, delivered: date) -> None:
    age, most = (as_of - delivered).days, workspace.programme.lists.status_max_age_days
    if pipeline.draws and age > most:
        raise PolicyRefused(
            f"The status extracts (personen, meldingen) are {age} days older than the as-of date and the programme "
            f"allows {most}: deliver fresh ones and say so with --delivered, or give the --as-of date of this run."
        )


def _refuse_out_of_order(warehouse: Warehouse, pipeline: Pipeline, request: Request, period: str) -> None:
    own = {"pipeline": pipeline.pipeline}
    loaded = {row["period"] for row in warehouse.rows("SELECT period FROM delivery WHERE pipeline = $pipeline", own)}
    if period in loaded and not request.corrects:
        raise StateError(
            f"{period} was loaded before from other files: give --corrects with --reason to replace it, "
            "or check the folder."
        )
    if request.corrects and period not in loaded:
        raise StateError(f"{period} was never loaded, so there is nothing to correct: leave out --corrects.")
    last = warehouse.rows("SELECT max(as_of) AS day FROM run WHERE pipeline = $pipeline", own)[0]["day"]
    if last is not None and request.as_of < last:
        raise StateError(
            f"The last '{pipeline.pipeline}' run counts as done on {last}: --as-of may not lie before that day."
        )
    if pipeline.period == "required" and not request.corrects:
        later = [label for label in loaded if read_period(label).first > read_period(period).first]
        if later:
            raise StateError(f"{max(later)} was loaded already: {period} comes too late to be loaded in order.")


# --- bookkeeping ------------------------------------------------------------------------------------------


@contextmanager
def _lasting(warehouse: Warehouse, vault: Vault) -> Iterator[None]:
    """Make all of a run lasting, or nothing: the vault just before the warehouse."""
    with warehouse.transaction():
        yield
        vault.commit()


def _supersede(run: steps.Run, pipeline: Pipeline, request: Request) -> None:
    """Take what this delivery replaces out of use, and count its accepted rows as superseded from now on."""
    own = {"pipeline": run.pipeline, "period": run.period}
    which = "pipeline = $pipeline" + ("" if pipeline.snapshot else " AND period = $period")
    used = own if not pipeline.snapshot else {"pipeline": run.pipeline}
    replaced = [
        row["delivery_id"]
        for row in run.warehouse.rows(f"SELECT delivery_id FROM delivery WHERE is_current AND {which}", used)
    ]
    for delivery_id in replaced:
        one = {"delivery_id": delivery_id}
        run.warehouse.run(
            "UPDATE delivery SET is_current = false, was_corrected = $corrects WHERE delivery_id = $delivery_id",
            one | {"corrects": request.corrects},
        )
        run.warehouse.run(
            "UPDATE delivered_file SET superseded = superseded + accepted, accepted = 0"
            " WHERE delivery_id = $delivery_id",
            one,
        )
    run.warehouse.insert_rows(
        "delivery",
        [
            own
            | {
                "delivery_id": run.delivery_id,
                "sequence": run.sequence,
                "fingerprint": run.fingerprint,
                "as_of": run.as_of,
                "delivered": run.delivered,
                "is_current": True,
                "was_corrected": False,
                "reason": request.reason,
            }
        ],
    )
    if request.corrects and request.reason:
        drawing.note_correction(run.warehouse, run.period, request.reason, run.recorded_at)


def _record(run: steps.Run, report: dict[str, Any]) -> None:
    run.warehouse.insert_rows(
        "run",
        [
            {
                "sequence": run.sequence,
                "pipeline": run.pipeline,
                "period": run.period,
                "as_of": run.as_of,
                "delivered": run.delivered,
                "delivery_id": run.delivery_id,
                "recorded_at": run.recorded_at,
                "version": __version__,
                "report": json.dumps(report),
            }
        ],
    )
    _record_outputs(run.warehouse, run.lists)


def _record_outputs(warehouse: Warehouse, files: list[releasing.ListFile]) -> None:
    warehouse.run("DELETE FROM output")
    rows = [{"path": file.path, "sha256": hashlib.sha256(file.content).hexdigest()} for file in files]
    warehouse.insert_rows("output", rows)


def _already_loaded(warehouse: Warehouse, pipeline: Pipeline, period: str, fingerprint: str) -> dict[str, Any] | None:
    """Return the run that loaded these very bytes for this period; refuse them under another period's name."""
    found = warehouse.rows(
        "SELECT r.report, d.period, d.is_current FROM delivery AS d"
        " INNER JOIN run AS r ON r.delivery_id = d.delivery_id"
        " WHERE d.pipeline = $pipeline AND d.fingerprint = $fingerprint ORDER BY d.sequence DESC",
        {"pipeline": pipeline.pipeline, "fingerprint": fingerprint},
    )
    for row in found:
        if row["period"] == period and row["is_current"]:
            return row
    other = next((row["period"] for row in found if row["period"] != period), None)
    if other is not None and not pipeline.snapshot:
        raise StateError(f"These very files were loaded as {other}: check --period and the folder.")
    return None


def _finish_again(workspace: Workspace, warehouse: Warehouse, vault: Vault, loaded: dict[str, Any]) -> Result:
    """Write the files again, as an interrupted run may have left them undone; draw nobody."""
    files = releasing.list_files(workspace, warehouse, vault)
    releasing.write_outputs(workspace, files, drawing.ledger_bytes(warehouse))
    report = json.loads(loaded["report"])
    report["allocated"] = dict.fromkeys(report["allocated"], 0)
    notice = f"{report['period']} was loaded before from these very files: nothing was loaded or drawn again."
    return Result(_with_places(workspace, report), (notice, *attention(workspace, warehouse)), already_loaded=True)


def period_reports(workspace: Workspace, warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return, per period, the object that its run printed, with the counts of its files as they are now."""
    reports = []
    for row in warehouse.rows(
        "SELECT r.pipeline, r.delivery_id, r.as_of, r.report, d.is_current FROM run AS r"
        " INNER JOIN delivery AS d ON d.delivery_id = r.delivery_id ORDER BY r.sequence"
    ):
        report = _with_places(workspace, json.loads(row["report"]))
        report["files"] = warehouse.rows(
            "SELECT file, contract, rows_in, accepted, quarantined, duplicates, superseded, refused FROM delivered_file"
            " WHERE delivery_id = $delivery_id ORDER BY contract",
            {"delivery_id": row["delivery_id"]},
        )
        facts = {"pipeline": row["pipeline"], "as_of": row["as_of"].isoformat(), "current": row["is_current"]}
        reports.append(facts | report)
    return reports


def _with_places(workspace: Workspace, report: dict[str, Any]) -> dict[str, Any]:
    """Turn stored list paths, which move with the workspace, into where the files are now."""
    return report | {"lists": [str(workspace.folder / path) for path in report["lists"]]}


def _notices(run: steps.Run, unread: tuple[str, ...]) -> list[str]:
    notices = [f"{name}: not part of this pipeline, so it was not read." for name in unread]
    return notices + steps.refusals_in_words(run)


def _batch(warehouse: Warehouse, period: str) -> str:
    """Return the period, with a number behind it from the second delivery of that period on."""
    earlier = warehouse.rows("SELECT count(*) AS n FROM delivery WHERE period = $period", {"period": period})[0]["n"]
    return period if not earlier else f"{period}-{earlier + 1}"


def _next_sequence(warehouse: Warehouse) -> int:
    return int(warehouse.rows("SELECT coalesce(max(sequence), 0) + 1 AS next FROM delivery")[0]["next"])


def _deliveries(warehouse: Warehouse) -> set[str]:
    return {row["delivery_id"] for row in warehouse.rows("SELECT delivery_id FROM delivery")}


def _practices(warehouse: Warehouse) -> int:
    return int(warehouse.rows("SELECT count(DISTINCT practice) AS n FROM intake.questionnaire")[0]["n"])


def _has_run(warehouse: Warehouse) -> bool:
    return bool(warehouse.rows("SELECT 1 AS one FROM run LIMIT 1"))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _women(number: int) -> str:
    return "1 woman" if number == 1 else f"{number} women"


def _fingerprint(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
