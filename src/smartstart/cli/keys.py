"""The commands under ``smartstart keys``."""

from __future__ import annotations

from typing import Annotated

import typer

from smartstart import clock
from smartstart.cli import show
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption

keys_app = typer.Typer(
    help="The keys of a workspace.",
    epilog="Example: smartstart keys rotate warehouse",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@keys_app.callback()
def keys() -> None:
    """The keys of a workspace."""


@keys_app.command("rotate", epilog="Example: smartstart keys rotate warehouse -w heusden-2027")
def rotate(
    name: Annotated[str, typer.Argument(metavar="KEY", help="warehouse, vault, pseudonym or tombstone.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make a new key and seal everything with it, after a leak or when somebody leaves; safe to give again."""
    from smartstart.rotating import rotate as seal_anew
    from smartstart.workspace import find_workspace

    done = seal_anew(find_workspace(workspace), name, clock.day_on_the_wall())
    if as_json:
        show.as_json(vars(done))
        return
    show.lines([f"Rotated: the {done.key} key."])
    show.say(
        "The former one stays beside it, under its number: keep both."
        if done.former_stays
        else "The former one lies beside it, with today in its name: earlier backups and copies open with it alone."
    )
    show.say("Copy the folder of keys to its safe place anew, and make a backup; after a leak destroy earlier ones.")
