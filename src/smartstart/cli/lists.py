"""The commands under ``smartstart lists``."""

from __future__ import annotations

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, WorkspaceOption

lists_app = typer.Typer(
    help="The invitation lists.", epilog="Example: smartstart lists build", no_args_is_help=True, rich_markup_mode=None
)


@lists_app.callback()
def lists() -> None:
    """The lists for midwives, youth health care and the support team."""


@lists_app.command("build", epilog="Example: smartstart lists build -w heusden-2027")
def lists_build(workspace: WorkspaceOption = HERE) -> None:
    """Make the lists again from the ledger: the same bytes, without whom an event has blocked since."""
    from smartstart.pipeline import rebuild_lists
    from smartstart.workspace import find_workspace

    made = rebuild_lists(find_workspace(workspace))
    show.lines([str(path) for path in made])
    show.say(f"{len(made)} files of lists are in place.")
