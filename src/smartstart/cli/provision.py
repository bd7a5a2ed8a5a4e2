"""The commands under ``smartstart provision``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from smartstart.cli import show
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption, day

if TYPE_CHECKING:
    from smartstart.support.provision import Directory

provision_app = typer.Typer(
    help="Where a mother and her child can go, and how much room there is.",
    epilog="Example: smartstart provision capacity",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Code = TypeVar("Code", bound=str)
DirectoryOption = Annotated[
    Path | None,
    typer.Option("--directory", metavar="DIR", help="Folder with voorzieningen and gemeenten.yaml; default made up."),
]
MADE_UP = "A made-up directory: nothing in it exists. Name your own with --directory."


@provision_app.callback()
def provision() -> None:
    """Where a mother and her child can go, and how much room there is."""


@provision_app.command(
    "find", epilog="Example: smartstart provision find --need tienermoeder --municipality Droomdam --date 2024-01-08"
)
def find(
    need: Annotated[str, typer.Option(metavar="NEED", help="What is looked for; an unknown one names all.")],
    municipality: Annotated[str, typer.Option(metavar="NAME", help="Where she is registered.")],
    on: Annotated[str | None, typer.Option("--date", metavar="DATE", help="From when; default today.")] = None,
    age: Annotated[int | None, typer.Option(metavar="YEARS", help="The mother's age.")] = None,
    frame: Annotated[str, typer.Option(metavar="FRAME", help="vrijwillig, ots or terug_na_uhp.")] = "vrijwillig",
    father: Annotated[bool, typer.Option("--father", help="The father comes too.")] = False,
    wlz: Annotated[bool, typer.Option("--wlz", help="There is an indication under the Wlz.")] = False,
    contra: Annotated[list[str] | None, typer.Option(metavar="WHAT", help="agressie or verslaving.")] = None,
    directory: DirectoryOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say which provisions fit, nearest first, why others do not, and what to arrange; it asks for no name."""
    from smartstart.directories import need_named, place_named
    from smartstart.support.fitting import Situation
    from smartstart.support.fitting import find as find_in
    from smartstart.support.provision import CONTRAS, FRAMES

    when = day("--date", on)
    read = _directory(directory, workspace, when)
    situation = Situation(
        on=when,
        age=age,
        frame=_one_of("--frame", frame, FRAMES),
        father_too=father,
        wlz=wlz,
        contra=tuple(_one_of("--contra", one, CONTRAS) for one in contra or ()),
    )
    wanted = need_named(read, need)
    fits, others = find_in(read, wanted, place_named(read, municipality), situation)
    if as_json:
        show.as_json(
            {
                "need": wanted.need,
                "made_up": read.made_up,
                "fits": [fit.as_dict() for fit in fits],
                "others": [other.as_dict() for other in others],
            }
        )
        return
    show.found_provisions(wanted.title, fits, others)
    if read.made_up:
        show.say(MADE_UP)


@provision_app.command("capacity", epilog="Example: smartstart provision capacity --out plekken.html")
def capacity(
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write it as a page with a map.")] = None,
    directory: DirectoryOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show houses, places, free places and who waits, by target group and region, and which municipality has none."""
    from smartstart.outputs import write_file
    from smartstart.report.capacity_page import capacity_page
    from smartstart.support.capacity import capacity_of, sentences_of, spots_of

    read = _directory(directory, workspace, date.max)
    found = capacity_of(read)
    sentences = sentences_of(found)
    if out:
        groups, regions = found.by_target_group, found.by_region
        write_file(out, capacity_page(sentences, groups, regions, spots_of(read), made_up=read.made_up))
        show.say(f"Written: {out}")
    if as_json:
        show.as_json(found.as_dict())
        return
    show.paragraphs(sentences)
    for title, rooms in (("By target group", found.by_target_group), ("By region", found.by_region)):
        rows = ((name.replace("_", " "), *vars(room).values()) for name, room in rooms.items() if room.houses)
        show.table(title, ("", "houses", "places", "free", "waiting"), rows)
    if read.made_up:
        show.say(MADE_UP)


def _directory(folder: Path | None, workspace: Path, as_of: date) -> Directory:
    from smartstart.check_files import contracts_here
    from smartstart.directories import NAME, read_directory

    contracts, _ = contracts_here(workspace)
    return read_directory(contracts[NAME], folder, as_of)


def _one_of(option: str, given: str, known: tuple[Code, ...]) -> Code:
    from smartstart.errors import UsageError, nearest

    for one in known:
        if one == given:
            return one
    raise UsageError(f"{option}: must be one of {', '.join(known)}{nearest(given, list(known))}.")
