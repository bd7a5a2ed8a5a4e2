"""The commands with which a municipality publishes what it must."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartstart import clock
from smartstart.cli import show
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from smartstart.publishing.checklist import Checklist

publishing_app = typer.Typer(rich_markup_mode=None)


@publishing_app.command("register-entry", epilog="Example: smartstart register-entry --out register")
def register_entry(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write it as JSON and XLSX.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Fill in the entry for the Algoritmeregister, standard 1.0, and say what a person must still write."""
    from smartstart.outputs import json_bytes, write_file
    from smartstart.publishing.entry_workbook import entry_workbook
    from smartstart.publishing.register_entry import entry_of
    from smartstart.workspace import find_workspace

    entry = entry_of(find_workspace(workspace))
    files = []
    if out:
        made_on = datetime(2000, 1, 1, tzinfo=UTC)  # the same bytes for the same entry
        contents = {"json": json_bytes(entry.fields), "xlsx": entry_workbook(entry, made_on)}
        for kind, content in contents.items():
            files.append(out / f"algoritmeregister.{kind}")
            write_file(files[-1], content)
    if as_json:
        show.as_json(entry.as_dict() | {"files": [str(file) for file in files]})
        return
    filled = [name for name, value in entry.fields.items() if value not in ("", [])]
    rows = [(name, "filled in") for name in filled] + [(name, "to be written") for name in entry.to_write]
    show.table("Algoritmeregister, standard 1.0", ("field", "state"), rows)
    show.paragraphs(entry.breaches)
    show.lines(f"Written: {file}" for file in files)


FormsOption = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write it as JSON, XLSX and HTML.")]


@publishing_app.command("dpia-annex", epilog="Example: smartstart dpia-annex --out dpia")
def dpia_annex(out: FormsOption = None, as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Fill in the annex to the DPIA: what data, why, how long, for whom, which safeguards; name what people write."""
    from smartstart.publishing.dpia_annex import dpia_annex_of
    from smartstart.workspace import find_workspace

    _show(dpia_annex_of(find_workspace(workspace)), out, as_json=as_json)


@publishing_app.command("checklist", epilog="Example: smartstart checklist consort --out verslag")
def checklist(
    name: Annotated[str, typer.Argument(metavar="NAME", help="consort or tripod.")],
    out: FormsOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Fill in CONSORT 2025 for the report of the trial, or TRIPOD+AI for the approved model; open items are named."""
    from smartstart.errors import UsageError, nearest
    from smartstart.workspace import find_workspace

    names = ("consort", "tripod")
    if name not in names:
        raise UsageError(f"The checklist '{name}' is unknown{nearest(name, list(names))}: take consort or tripod.")
    found = find_workspace(workspace)
    if name == "consort":
        from smartstart.publishing.consort import consort_of

        _show(consort_of(found), out, as_json=as_json)
        return
    from smartstart.publishing.tripod import tripod_of

    _show(tripod_of(found, clock.today()), out, as_json=as_json)


def _show(filled: Checklist, out: Path | None, *, as_json: bool) -> None:
    from smartstart.outputs import write_file
    from smartstart.publishing.checklist import files_of

    files = []
    for name, content in files_of(filled).items() if out else ():
        files.append((out or Path()) / name)
        write_file(files[-1], content)
    if as_json:
        show.as_json(filled.as_dict() | {"files": [str(file) for file in files]})
        return
    rows = [(one.asked.item, one.asked.topic, one.state.replace("_", " ")) for one in filled.items]
    show.table(filled.title, ("item", "topic", "state"), rows)
    told = (f"{number} {state.replace('_', ' ')}" for state, number in filled.counts.items())
    show.paragraphs([f"{', '.join(told)}.", *filled.notes])
    show.lines(f"Written: {file}" for file in files)
