"""Options that several commands share, and how a day on the command line is read."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from smartstart import clock
from smartstart.errors import UsageError

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", "-w", metavar="DIR", help="The workspace.", show_default=True)
]
WorkbookOption = Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Also write it as a workbook.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="The day on which this counts as done, jjjj-mm-dd; default today."),
]
OwnerOption = Annotated[str, typer.Option(metavar="TEXT", help="Whose decision it is; a function, no name.")]
ReasonOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in a few words without names; it is public.")]
HERE = Path()


def day(option: str, text: str | None) -> date:
    """Return the day that was typed, or today. Raises UsageError that names the option."""
    if text is None:
        return clock.day_on_the_wall()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option}: write a day that exists as jjjj-mm-dd, such as 2024-04-02.") from None


ClientOption = Annotated[
    Path | None,
    typer.Option(
        "--client",
        metavar="FILE",
        help="A file with her BSN, or AGB code and client number; default: typed, never here.",
    ),
]


def person_of(file: Path | None) -> str:
    """Return the number of a person from a file, or from standard input. Raises UsageError without what it holds."""
    if file is None or file == Path("-"):
        return typed_person()
    try:
        lines = [line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        # a number that was typed here by mistake is not said again
        raise UsageError("--client names no file that can be read: put her number in a file, or type it.") from None
    if len(lines) != 1:
        raise UsageError(f"--client: the file must hold one line with one number; it has {len(lines)}.")
    return lines[0]


def typed_person() -> str:
    """Return the line on standard input: on the command line a number would stay in the shell's history."""
    if sys.stdin.isatty():
        typer.echo("Type a BSN, or an AGB code and a client number:", err=True)
    return sys.stdin.readline()
