"""The commands under ``smartstart model``. Wherever a risk is shown, so is the sentence that belongs beside it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartstart import clock
from smartstart.cli import show, show_model
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption, day, typed_person

if TYPE_CHECKING:
    from smartstart.modelling.history import Source

model_app = typer.Typer(
    help="Risk models: learned, judged, approved by a person, and watched. A model selects nobody.",
    epilog="Example: smartstart model train --extracts register",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ExtractsOption = Annotated[Path, typer.Option(metavar="DIR", help="A folder of extracts in the register's form.")]
ModelAsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="The day of the extracts, jjjj-mm-dd; default the end of the month of their newest date.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="NAME", help="NAME, NAME/3, challenger or champion; default the champion, if there is one."
    ),
]
OwnerOption = Annotated[str, typer.Option(metavar="TEXT", help="Whose decision it is; a function, no name.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Also write the figures with their tables here.")
]


@model_app.command("train", epilog="Example: smartstart model train --extracts register --horizon 60")
def model_train(
    extracts: ExtractsOption,
    as_of: ModelAsOfOption = None,
    horizon: Annotated[
        int | None, typer.Option(metavar="MONTHS", min=1, max=216, help="Months after birth; default the programme's.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Under which name it is kept; default outcome and horizon.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Learn a model from the history, beside two baselines, and register it as challenger."""
    from smartstart.modelling.training import train
    from smartstart.workspace import find_workspace

    found, source = find_workspace(workspace), _source(extracts, as_of)
    with show.progress() as tell:
        trained = train(found, source, horizon, name, tell)
    _print(trained.report, show_model.trained, as_json=as_json)
    _say(trained.notices)


@model_app.command("evaluate", epilog="Example: smartstart model evaluate --extracts later --model champion")
def model_evaluate(
    extracts: ExtractsOption,
    model: ModelOption = None,
    as_of: ModelAsOfOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Judge a model and both baselines on other extracts: does it tell apart, and are its risks right?"""
    from smartstart.modelling.judging import evaluate_model
    from smartstart.workspace import find_workspace

    found, source = find_workspace(workspace), _source(extracts, as_of)
    with show.progress() as tell:
        judged = evaluate_model(found, source, model, clock.moment(), tell)
    _print(judged.report, show_model.evaluation, as_json=as_json)
    _write(out, judged.files)
    _say(judged.notices)


@model_app.command("compare", epilog="Example: smartstart model compare --extracts later --with factor_count")
def model_compare(
    extracts: ExtractsOption,
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="The one model.")] = "challenger",
    other: Annotated[
        str, typer.Option("--with", metavar="NAME", help="The other; also factor_count or four_factors.")
    ] = "champion",
    as_of: ModelAsOfOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Compare two models on the same children, with paired intervals."""
    from smartstart.modelling.judging import compare_models
    from smartstart.workspace import find_workspace

    found, source = find_workspace(workspace), _source(extracts, as_of)
    with show.progress() as tell:
        compared = compare_models(found, source, model, other, tell)
    notices = compared.pop("notices")
    _print(compared, show_model.comparison, as_json=as_json)
    _say(notices)


@model_app.command("approve", epilog="Example: smartstart model approve --owner onderzoeker --reason 'beats the count'")
def model_approve(
    owner: OwnerOption,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, in a few words without names.")],
    model: Annotated[str, typer.Option("--model", metavar="NAME", help="Which one.")] = "challenger",
    explained: Annotated[
        str, typer.Option(metavar="TEXT", help="Why an AUROC above 0.90 is no leak; needed for one.")
    ] = "",
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make a model the champion, if it beats both baselines on the same women, and copy it into the workspace."""
    from smartstart.modelling.approving import Approval, approve
    from smartstart.workspace import find_workspace

    approved = approve(find_workspace(workspace), model, Approval(owner, reason, explained), clock.today())
    _print(approved, show_model.approval, as_json=as_json)


@model_app.command("adapt", epilog="Example: smartstart model adapt --extracts register --model national")
def model_adapt(
    extracts: ExtractsOption,
    model: ModelOption = None,
    as_of: ModelAsOfOption = None,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Under which name the adapted one is kept.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Recalibrate a borrowed model for this municipality: intercept, then slope, and only if its data ask for it."""
    from smartstart.modelling.adapting import adapt
    from smartstart.workspace import find_workspace

    found, source = find_workspace(workspace), _source(extracts, as_of)
    with show.progress() as tell:
        adapted = adapt(found, source, model, name, tell)
    notices = adapted.pop("notices")
    _print(adapted, show_model.adaptation, as_json=as_json)
    _say(notices)


@model_app.command("explain", epilog="Example: smartstart model explain --owner gedragswetenschapper --reason 'asked'")
def model_explain(
    owner: Annotated[str, typer.Option(metavar="TEXT", help="Who asks: a function, no name.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; no names, no numbers. It is kept.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say what moved one risk: of the woman read from standard input, by BSN, or AGB code and client number."""
    from smartstart.modelling.explaining import explain
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    explained = explain(found, typed_person(), model, owner, reason, clock.moment())
    notices = explained.pop("notices")
    _print(explained, show_model.explanation, as_json=as_json)
    _say(notices)


@model_app.command("card", epilog="Example: smartstart model card --out card.html")
def model_card(
    model: ModelOption = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.html", help="Write the card as a page.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show all that must be known of a model, small counts hidden: as a page, or as JSON."""
    from smartstart.modelling.carding import card_of
    from smartstart.outputs import write_file
    from smartstart.report.model_card import card_html, card_json
    from smartstart.workspace import find_workspace

    card = card_of(find_workspace(workspace), model, clock.today())
    if as_json:
        show.lines([card_json(card).decode()])
    elif out is None:
        show_model.card(card)
    if out:
        write_file(out, card_html(card))
        show.say(f"Written: {out}")


@model_app.command("monitor", epilog="Example: smartstart model monitor -w heusden-2027")
def model_monitor(
    model: ModelOption = None, out: OutOption = None, as_json: JsonOption = False, workspace: WorkspaceOption = HERE
) -> None:
    """Hold the trial's women against those that the model learned from, and say what to do about each difference."""
    from smartstart.modelling.monitoring import watch
    from smartstart.workspace import find_workspace

    watched = watch(find_workspace(workspace), model)
    _print(watched.report, show_model.monitoring, as_json=as_json)
    _write(out, watched.files)
    _say(watched.notices)


def _source(extracts: Path, as_of: str | None) -> Source:
    from smartstart.modelling.history import Source

    return Source(extracts, day("--as-of", as_of) if as_of else None, clock.today())


def _print(report: dict[str, Any], for_people: Any, *, as_json: bool) -> None:
    if as_json:
        show.as_json(report)
    else:
        for_people(report)


def _say(notices: Iterable[str]) -> None:
    for notice in notices:
        show.say(notice)


def _write(folder: Path | None, files: dict[str, bytes]) -> None:
    from smartstart.outputs import write_file

    if folder is None:
        return
    for name, content in files.items():
        write_file(folder / name, content)
    show.say(f"Written to {folder}: {', '.join(files)}.")
