"""What the commands print: tables for people, one JSON value for programs, notices on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from smartstart.check_files import CheckResult
    from smartstart.doctor import Finding
    from smartstart.pipeline import Pipeline
    from smartstart.programme import Programme

_WIDTH_WITHOUT_TERMINAL = 80


def as_json(value: Any) -> None:
    """Print one JSON value on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def lines(texts: Iterable[str]) -> None:
    """Print lines on stdout."""
    for text in texts:
        typer.echo(text)


def say(notice: str) -> None:
    """Print a notice on stderr."""
    typer.echo(notice, err=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show on stderr which step is at work; silent when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting") as at_work:

        def tell(step: str) -> None:
            at_work.update(step.replace("_", " "))
            console.print(f"  {step.replace('_', ' ')}", style="dim")

        yield tell


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout that fits the terminal; numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = [list(row) for row in rows]
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for position, name in enumerate(header):
        numeric = bool(rows) and all(isinstance(row[position], int) for row in rows)
        drawn.add_column(
            name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric or position == 0
        )
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(title, style="bold")
    console.print(drawn)
    console.print()


FILE_COLUMNS = ("file", "rows_in", "accepted", "quarantined", "duplicates", "superseded", "refused")


def report(result: dict[str, Any]) -> None:
    """Print the report of one run."""
    heads = ("file", "rows in", "accepted", "quarantined", "duplicates", "superseded", "refused")
    table(result["period"], heads, ([f[name] for name in FILE_COLUMNS] for f in result["files"]))
    considered = result["eligible"] + result["uncertain"] + sum(result["not_eligible"].values())
    if considered:
        rows = [("eligible", result["eligible"]), ("uncertain: a person decides", result["uncertain"])]
        rows += [(f"not eligible: {reason.replace('_', ' ')}", n) for reason, n in result["not_eligible"].items()]
        table("Women considered", ("verdict", "women"), rows)
        drawn = [(arm.replace("_", " "), n) for arm, n in result["allocated"].items()]
        table("Allocated in this run", ("arm", "women"), drawn)
    lines(f"List: {path}" for path in result["lists"])
    if result["ledger_head"]:
        typer.echo(f"Ledger head: {result['ledger_head']}")


def status(result: dict[str, Any]) -> None:
    """Print the state of a workspace."""
    if result["rehearsal"]:
        typer.echo("OEFENING: this workspace holds made-up or replayed data.")
    rows = [
        (
            period["period"] + ("" if period["current"] else " (replaced)"),
            sum(f["rows_in"] for f in period["files"]),
            sum(f["quarantined"] for f in period["files"]),
            sum(f["refused"] for f in period["files"]),
            period["eligible"],
            *period["allocated"].values(),
        )
        for period in result["periods"]
    ]
    arms = next((list(period["allocated"]) for period in result["periods"]), [])
    head = (
        "period",
        "rows in",
        "quarantined",
        "refused",
        "eligible",
        *(arm.replace("_as_", " as\n") for arm in arms),
    )
    table("Periods", head, rows)
    typer.echo(f"Batches: {len(result['batches'])}; files of lists: {len(result['lists'])}")
    typer.echo(f"Ledger head: {result['ledger_head'] or 'none yet'}")
    typer.echo("Needs attention:" if result["attention"] else "Nothing needs attention.")
    lines(f"  - {sentence}" for sentence in result["attention"])


def quarantine(result: dict[str, Any]) -> None:
    """Print what is in quarantine by source, then what was refused by row number."""
    if not result["sources"]:
        typer.echo("Nothing is in quarantine.")
    for source, rows in result["sources"].items():
        body = ((r["period"], r["file"], r["row"], r["column"], r["rule"]) for r in rows)
        table(f"Back to: {source}", ("period", "file", "row", "column", "rule"), body)
    _remedies(row for rows in result["sources"].values() for row in rows)
    if result["refused"]:
        refused = ((r["period"], r["file"], r["practice"], r["rows"], r["rule"]) for r in result["refused"])
        heads = ("period", "file", "practice", "rows", "rule")
        table("Refused: not stored, known by row number only", heads, refused)


def check(result: CheckResult) -> None:
    """Print what a check found."""
    heads = ("file", "rows in", "accepted", "quarantined", "duplicates", "superseded", "refused")
    if result.files:
        table("Checked; nothing was written", heads, ([f[name] for name in FILE_COLUMNS] for f in result.files))
    if result.breaches:
        body = ((b["file"], b["row"], b["column"], b["rule"]) for b in result.breaches)
        table("What to mend", ("file", "row", "column", "rule"), body)
        _remedies(result.breaches)
    elif not result.refusals:
        typer.echo("Every row keeps its contract.")
    lines(result.notices)


def _remedies(rows: Iterable[dict[str, Any]]) -> None:
    """Print once for each rule what to do."""
    remedies = {row["rule"]: row["remedy"] for row in rows}
    if remedies:
        table("What to do", ("rule", "remedy"), sorted(remedies.items()))


def dry_run(pipeline: Pipeline, programme: Programme, *, as_json: bool) -> None:
    """Print the steps of a pipeline, without touching anything."""
    required, optional = pipeline.files(programme)
    plan = {
        "pipeline": pipeline.pipeline,
        "required": list(required),
        "optional": list(optional),
        "steps": [vars(step) for step in pipeline.steps],
    }
    if as_json:
        typer.echo(json.dumps(plan, ensure_ascii=False, indent=2))
        return
    typer.echo(pipeline.title)
    typer.echo(f"Required files: {', '.join(required)}. Optional: {', '.join(optional) or 'none'}.")
    table(
        "Steps",
        ("step", "reads", "writes", "sensitivity"),
        ((s.step, s.reads, s.writes, s.sensitivity) for s in pipeline.steps),
    )


def verification(result: dict[str, Any]) -> None:
    """Print what the verification of the ledger found."""
    if result["ok"]:
        typer.echo(
            f"The ledger verifies: {result['entries']} entries, {sum(result['allocations'].values())} allocations"
        )
        typer.echo("replayed with the key; allocations and lists agree with it.")
    lines(f"  - {fault}" for fault in result["faults"])
    typer.echo(f"Ledger head: {result['ledger_head'] or 'none yet'}")


def doctor(findings: Sequence[Finding]) -> None:
    """Print what was examined and what to mend."""
    table(
        "Examined",
        ("what", "well", "found"),
        ((f.what, "yes" if f.well else "NO", f.found) for f in findings),
    )
