"""The commands under ``smartstart trial`` with which municipalities answer together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartstart.cli import show, show_pooling
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption
from smartstart.cli.planning import judge_page
from smartstart.errors import UsageError, nearest

if TYPE_CHECKING:
    from smartstart.exchange.summary import Tier
    from smartstart.pooling import Pooled

pooling_app = typer.Typer(rich_markup_mode=None)
AgreementOption = Annotated[
    Path | None, typer.Option("--agreement", metavar="FILE", help="The agreement between the municipalities, YAML.")
]
TierOption = Annotated[str, typer.Option("--tier", metavar="TIER", help="restricted, exchange or public.")]


@pooling_app.command(
    "exchange-keys", epilog="Example: smartstart trial exchange-keys --reader --keys keys-of-the-reader"
)
def trial_exchange_keys(
    reader: Annotated[
        bool, typer.Option("--reader", help="For the reader of an agreement; needs no workspace.")
    ] = False,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help="With --reader: the folder for the private key.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make the keys for exchange that are not there yet, and print the public halves for the agreement."""
    from smartstart.identity.exchange_keys import make_exchange_keys
    from smartstart.workspace import find_workspace

    if reader != (keys is not None):
        raise UsageError("--reader and --keys go together: a municipality's keys lie with those of its workspace.")
    folder = keys or find_workspace(workspace).keys_folder
    public = make_exchange_keys(folder, reader=reader)
    if as_json:
        show.as_json(public)
    else:
        show_pooling.keys(public)


@pooling_app.command("pool", epilog="Example: smartstart trial pool heusden.json altena.json --out together.html")
def trial_pool(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Summaries that 'trial summary' made.")],
    agreement: AgreementOption = None,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="DIR", help="The folder with the key of the agreement's reader.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Write all of it as a page with figures.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate jointly from the summaries of several municipalities; needs no workspace."""
    from smartstart.exchange.agreement import load_agreement
    from smartstart.pooling import pool_files

    judge_page(out)
    if (agreement is None) != (keys is None):
        raise UsageError("--agreement and --keys go together: they open what was sealed for the agreement's reader.")
    found = pool_files(files, load_agreement(agreement) if agreement else None, keys)
    if as_json:
        show.as_json(found.as_dict())
    else:
        show_pooling.pooled(found)
    if out:
        _write(out, found)


@pooling_app.command("summary", epilog="Example: smartstart trial summary --tier public --out summary.json")
def trial_summary(
    tier: TierOption,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
    agreement: AgreementOption = None,
    reader: Annotated[
        str, typer.Option(metavar="TEXT", help="With restricted: for whom, a function; default the first reader.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write this trial's summary: exact for a named person, sealed for exchange, or rounded for everybody."""
    from smartstart.exchange.agreement import load_agreement
    from smartstart.summarising import summarise
    from smartstart.workspace import find_workspace

    chosen = _tier(tier)
    if reader and chosen != "restricted":
        raise UsageError("--reader goes with --tier restricted: an agreement names its own, and all read public.")
    terms = load_agreement(agreement) if agreement else None
    summarised = summarise(find_workspace(workspace), chosen, out, terms, reader)
    if as_json:
        show.as_json(summarised.as_dict())
    else:
        show_pooling.summary(summarised)


def _tier(text: str) -> Tier:
    from smartstart.exchange.summary import TIERS

    tier = next((one for one in TIERS if one == text), None)
    if tier is None:
        raise UsageError(f"--tier: must be {', '.join(TIERS[:-1])} or {TIERS[-1]}{nearest(text, list(TIERS))}.")
    return tier


def _write(out: Path, found: Pooled) -> None:
    from smartstart.outputs import write_file
    from smartstart.pooling import NOT_FOR_PUBLICATION
    from smartstart.report.pooling_page import municipalities_page

    notices = (NOT_FOR_PUBLICATION, *(("A rehearsal: these women do not exist.",) if found.made_up else ()))
    write_file(out, municipalities_page(found, *notices))
    show.say(f"Written: {out}")
