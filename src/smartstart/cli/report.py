"""The command ``smartstart report``: the council's page, its workbook and its PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption

report_app = typer.Typer(rich_markup_mode=None)


@report_app.command("report", epilog="Example: smartstart report --out report --draft")
def report(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where; default report in the workspace.")
    ] = None,
    language: Annotated[str, typer.Option("--lang", metavar="LANG", help="nl or en.")] = "nl",
    draft: Annotated[bool, typer.Option("--draft", help="Mark it as not for release.")] = False,
    owner: Annotated[
        str, typer.Option(metavar="TEXT", help="Who releases it: a function, no name; without one it is a draft.")
    ] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it is released, in a few words.")] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write the page that answers the council, with a workbook and a PDF; small numbers never leave."""
    from smartstart.reporting.writing import Request
    from smartstart.reporting.writing import report as write_report
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    folder = out or found.folder / "report"
    with show.progress() as tell:
        reported = write_report(found, Request(folder, language, draft, owner, reason), tell)
    if as_json:
        show.as_json(reported.as_dict())
        return
    show.paragraphs(reported.sentences)
    show.lines(["", *(f"Written: {file}" for file in reported.files)])
    if reported.draft:
        show.say("A draft: not for release. Release it with --owner and --reason.")
