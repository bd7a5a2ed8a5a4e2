"""The commands under ``smartstart support``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartstart.cli import show, show_support
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption
from smartstart.cli.planning import judge_page

support_app = typer.Typer(
    help="What mothers were given: contacts, plans and stays.",
    epilog="Example: smartstart support uptake",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@support_app.callback()
def support() -> None:
    """What mothers were given: contacts, plans and stays."""


@support_app.command("plans", epilog="Example: smartstart support plans -w heusden-2027")
def plans(as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Count the plans on the eight life domains: needs, steps, what is overdue, what was achieved; never of whom."""
    from smartstart.supporting import plan_totals
    from smartstart.workspace import find_workspace

    found = plan_totals(find_workspace(workspace))
    show.as_json(found.as_dict()) if as_json else show_support.plans(found)


@support_app.command("uptake", epilog="Example: smartstart support uptake --out bereik.html")
def uptake(
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Also write it as a page with figures.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Count who accepted, was spoken to and was spoken to in time, and how much she was given; both arms once named."""
    from smartstart.analysing.reading import read_trial
    from smartstart.analysing.uptake import uptake_of_trial
    from smartstart.outputs import write_file
    from smartstart.report.uptake_page import uptake_page
    from smartstart.workspace import find_workspace

    judge_page(out)
    found = uptake_of_trial(read_trial(find_workspace(workspace)))
    if out:
        write_file(out, uptake_page(found))
        show.say(f"Written: {out}")
    show.as_json(found.as_dict()) if as_json else show_support.uptake(found)
