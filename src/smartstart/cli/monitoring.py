"""The command under ``smartstart trial`` for planned looks: ``boundaries``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartstart.cli import show, show_monitoring
from smartstart.cli.options import JsonOption
from smartstart.errors import UsageError

if TYPE_CHECKING:
    from smartstart.trial.sequential.planned import Boundaries

monitoring_app = typer.Typer(rich_markup_mode=None)


@monitoring_app.command(
    "boundaries",
    epilog="Example: smartstart trial boundaries --looks 2 --spending lan-demets-obf --fractions 0.5,1",
)
def trial_boundaries(
    looks: Annotated[int | None, typer.Option(metavar="K", help="How often the arms are compared.")] = None,
    alpha: Annotated[float, typer.Option(metavar="A", help="One-sided error of all looks together.")] = 0.025,
    spending: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="obrien-fleming, lan-demets-obf, pocock, lan-demets-pocock, kim-demets or hwang-shih-decani.",
        ),
    ] = "lan-demets-obf",
    fractions: Annotated[
        str | None, typer.Option(metavar="T,T", help="Share of the information at each look; default evenly spread.")
    ] = None,
    futility: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|Z,Z", help="A function, as kim-demets or kim-demets:2, or Z of all but the last look."
        ),
    ] = None,
    binding: Annotated[bool, typer.Option("--binding", help="The futility boundary must be followed.")] = False,
    power: Annotated[float, typer.Option(metavar="P", help="Under the planned effect.")] = 0.8,
    parameter: Annotated[
        float | None, typer.Option(metavar="X", help="rho of kim-demets (3), gamma of hwang-shih-decani (-4).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write a page (.html) or its figure (.svg).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what Z must reach at each planned look, what that costs in women, and what it saves."""
    from smartstart.trial.sequential.boundaries import boundaries

    times = _numbers("--fractions", fractions)
    if looks is None and times is None:
        raise UsageError("--looks: say how often the arms are compared, for example --looks 2.")
    if out and out.suffix not in {".html", ".svg"}:
        raise UsageError("--out: must end in .html for the page, or in .svg for its figure.")
    found = boundaries(
        len(times or ()) if looks is None else looks,
        alpha,
        spending,
        times,
        futility=_futility(futility),
        binding=binding,
        power=power,
        parameter=parameter,
    )
    if as_json:
        show.as_json(found.as_dict())
    else:
        show_monitoring.boundaries(found)
    if out:
        _write(out, found)


def _write(out: Path, found: Boundaries) -> None:
    from smartstart.outputs import write_file
    from smartstart.report.boundary_figure import boundary_figure, boundary_page

    write_file(out, boundary_page(found) if out.suffix == ".html" else boundary_figure(found).encode())
    show.say(f"Written: {out}")


def _futility(text: str | None) -> str | tuple[float, ...] | None:
    """Return a name as it stands, and values as numbers."""
    if text is None or text.lstrip()[:1].isalpha():
        return None if text is None else text.strip()
    return _numbers("--futility", text)


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"{option}: give numbers with a comma between them, as in 0.5,1.") from None
