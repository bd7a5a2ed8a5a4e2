"""Ways to say what a command line can do, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

HELLO = "import typer\ndef hello(name: str) -> None:\n    typer.echo(name)\ntyper.run(hello)\n"
OURS = "import sys; from smartstart.cli.main import main; sys.argv[0] = 'smartstart'; main()"


def hello() -> Callable[[], int]:
    """Typer's first example."""
    return lambda: _help_of(HELLO)


def ours() -> Callable[[], int]:
    """The help of all our commands."""
    return lambda: _help_of(OURS)


def _help_of(code: str) -> int:
    words = [sys.executable, "-c", code, "--help"]
    return subprocess.run(words, capture_output=True, check=False).returncode  # noqa: S603 - our own
