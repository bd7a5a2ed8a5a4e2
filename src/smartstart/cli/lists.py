"""The commands under ``smartstart lists``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartstart import clock
from smartstart.cli import show
from smartstart.cli.options import HERE, AsOfOption, JsonOption, WorkspaceOption, day
from smartstart.errors import DataRefused

lists_app = typer.Typer(
    help="The lists for midwives, youth health care and the support team.",
    epilog="Example: smartstart lists build",
    no_args_is_help=True,
    rich_markup_mode=None,
)

UsedOnOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="The day on which the lists are used, jjjj-mm-dd; default today, in a rehearsal that of its last run.",
    ),
]


@lists_app.callback()
def lists() -> None:
    """The lists for midwives, youth health care and the support team."""


@lists_app.command("build", epilog="Example: smartstart lists build -w heusden-2027")
def lists_build(as_of: UsedOnOption = None, workspace: WorkspaceOption = HERE) -> None:
    """Make lists and reading copy again from what is stored: the same bytes, without whom an event blocked since."""
    from smartstart.pipeline import rebuild_lists
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    played = found.rehearsal and as_of is None
    made = rebuild_lists(found, None if played else day("--as-of", as_of))
    show.lines([str(path) for path in made])
    show.say(f"{len(made)} files of lists are in place.")


@lists_app.command("handover", epilog="Example: smartstart lists handover --out overdracht.pdf")
def lists_handover(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The encrypted PDF to write.")],
    as_of: UsedOnOption = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write, encrypted, who said yes and how to reach her, for the support team; the passphrase goes apart."""
    from smartstart.handing_over import hand_over
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    played = found.rehearsal and as_of is None
    handed = hand_over(found, out, None if played else day("--as-of", as_of))
    if handed is None:
        show.say("Nobody said yes and may still be visited: nothing was written.")
        return
    show.lines([f"Encrypted list: {handed.file}", f"Passphrase: in {handed.passphrase_file}"])
    show.say("Give the passphrase by another channel than the list, such as by phone, and then destroy its file.")


@lists_app.command("pack", epilog="Example: smartstart lists pack --out uit -w heusden-2027")
def lists_pack(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder for the containers.")],
    as_of: UsedOnOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Pack for each practice one encrypted container: cover, changes, lists, invitation; passphrases go apart."""
    from smartstart.packing import pack
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    played = found.rehearsal and as_of is None
    packed = pack(found, out, None if played else day("--as-of", as_of))
    if as_json:
        show.as_json([one.as_dict() for one in packed])
        return
    if not packed:
        show.say("No practice has a list in use or anybody to call back: nothing was written.")
        return
    rows = [(one.practice, one.listed, one.new, one.gone, one.expires.isoformat()) for one in packed]
    show.table("Packed", ("practice", "on lists", "new", "gone", "to be used until"), rows)
    show.lines(f"Container: {one.file}" for one in packed)
    show.lines(f"Passphrase of {one.practice}: in {one.passphrase_file}" for one in packed)
    show.say("Give each passphrase by another channel than its container, and destroy its file when it was opened.")


@lists_app.command("return", epilog="Example: smartstart lists return terug/*.xlsx -w heusden-2027")
def lists_return(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Workbooks that practices sent back.")],
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Record the answers on invitation lists that came back, and make the lists again."""
    from smartstart.taking_back import take_back
    from smartstart.workspace import find_workspace

    recorded_at = clock.now().isoformat(timespec="microseconds")  # two lists in a second keep their order
    result = take_back(find_workspace(workspace), files, day("--as-of", as_of), recorded_at)
    if as_json:
        show.as_json(result.as_dict())
    elif result.lists:
        heads = ("file", "practice", "batch", "new", "known", "no answer")
        rows = ((one.file, one.practice, one.batch, one.new, one.known, one.unanswered) for one in result.lists)
        show.table("Answers taken back", heads, rows)
    for fault in result.faults:
        show.say(f"{fault.file}, row {fault.row}, column {fault.column}: {fault.rule}. {fault.remedy}")
    if result.refusals:
        raise DataRefused(*result.refusals)
