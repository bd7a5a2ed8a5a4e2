"""The commands under ``smartstart letters``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, AsOfOption, JsonOption, WorkspaceOption, day, typed_person

letters_app = typer.Typer(
    help="What women read: the information sheet, the invitation, and a woman's own page.",
    epilog="Example: smartstart letters information --out brieven",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FolderOption = Annotated[Path, typer.Option(metavar="DIR", help="The folder to write into, as DOCX and PDF.")]


@letters_app.callback()
def letters() -> None:
    """What women read: the information sheet, the invitation, and a woman's own page."""


@letters_app.command("information", epilog="Example: smartstart letters information --out brieven")
def information(
    out: FolderOption, as_of: AsOfOption = None, as_json: JsonOption = False, workspace: WorkspaceOption = HERE
) -> None:
    """Write the sheet that every woman reads before the questionnaire: the draw, her data, how to say no."""
    from smartstart.letter_writing import write_sheet
    from smartstart.workspace import find_workspace

    _written(write_sheet(find_workspace(workspace), out, day("--as-of", as_of)), as_json=as_json)


@letters_app.command("invitation", epilog="Example: smartstart letters invitation --out brieven")
def invitation(
    out: FolderOption, as_of: AsOfOption = None, as_json: JsonOption = False, workspace: WorkspaceOption = HERE
) -> None:
    """Write the invitation that a midwife hands over: it bears no name, and by default no house style."""
    from smartstart.letter_writing import write_invitation
    from smartstart.workspace import find_workspace

    _written(write_invitation(find_workspace(workspace), out, day("--as-of", as_of)), as_json=as_json)


@letters_app.command("own-page", epilog="Example: smartstart letters own-page --out eigen-bladzijde.pdf")
def own_page(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The encrypted PDF to write.")],
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write, encrypted, one woman's consents, what happens with her data and how to stop; whom is asked, not given."""
    from smartstart.letter_writing import write_own_page
    from smartstart.workspace import find_workspace

    found, today = find_workspace(workspace), day("--as-of", as_of)
    made = write_own_page(found, typed_person(), out, today)
    if as_json:
        show.as_json({"file": str(made.file), "passphrase_file": str(made.passphrase_file)})
        return
    show.lines([f"Encrypted page: {made.file}", f"Passphrase: in {made.passphrase_file}"])
    show.say("Check that it is she who asks. Give her the passphrase apart from the page, and then destroy its file.")


def _written(files: list[Path], *, as_json: bool) -> None:
    if as_json:
        show.as_json({"files": [str(file) for file in files]})
        return
    show.lines(f"Written: {file}" for file in files)
