"""The commands under ``smartstart contracts``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, WorkspaceOption

_PAGE = Path("contracts.html")

contracts_app = typer.Typer(
    help="The data contracts: what comes in, what goes out.",
    epilog="Example: smartstart contracts html --out contracts.html",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@contracts_app.callback()
def contracts() -> None:
    """The data contracts: what comes in, what goes out."""


@contracts_app.command("html", epilog="Example: smartstart contracts html --out contracts.html")
def contracts_html(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help="The page to write.")] = Path(
        "contracts.html"
    ),
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write the contracts as a page for people who do not read YAML; in a workspace with its own headers and scales."""
    from smartstart.check_files import contracts_here
    from smartstart.cli.planning import judge_page
    from smartstart.outputs import write_file
    from smartstart.report.contracts_page import contracts_page

    judge_page(out)
    write_file(out, contracts_page(*contracts_here(workspace)))
    show.say(f"Written: {out}")
