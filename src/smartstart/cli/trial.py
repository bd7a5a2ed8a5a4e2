"""The commands under ``smartstart trial``."""

from __future__ import annotations

from typing import Annotated

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption
from smartstart.errors import StateError

trial_app = typer.Typer(
    help="The draw and its ledger.",
    epilog="Example: smartstart trial verify",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@trial_app.callback()
def trial() -> None:
    """The draw and its ledger."""


@trial_app.command("verify", epilog="Example: smartstart trial verify --head 1f0c…")
def trial_verify(
    head: Annotated[str | None, typer.Option(metavar="H", help="The head that was noted elsewhere.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Check the ledger: its chain, the replay with the key, and its agreement with allocations and lists."""
    from smartstart.status import verify_trial
    from smartstart.workspace import find_workspace

    result = verify_trial(find_workspace(workspace), head)
    if as_json:
        show.as_json(result)
    else:
        show.verification(result)
    if not result["ok"]:
        raise StateError("The ledger does not verify: draw nobody, and restore the workspace from its backup.")
