"""The commands with which a municipality publishes what it must."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption

publishing_app = typer.Typer(rich_markup_mode=None)


@publishing_app.command("register-entry", epilog="Example: smartstart register-entry --out register")
def register_entry(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write it as JSON and XLSX.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Fill in the entry for the Algoritmeregister, standard 1.0, and say what a person must still write."""
    import json

    from smartstart.outputs import write_file
    from smartstart.publishing.entry_workbook import entry_workbook
    from smartstart.publishing.register_entry import entry_of
    from smartstart.workspace import find_workspace

    entry = entry_of(find_workspace(workspace))
    files = []
    if out:
        made_on = datetime(2000, 1, 1, tzinfo=UTC)  # the same bytes for the same entry
        contents = {"json": json.dumps(entry.fields, indent=2, ensure_ascii=False).encode() + b"\n",
                    "xlsx": entry_workbook(entry, made_on)}  # fmt: skip
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
