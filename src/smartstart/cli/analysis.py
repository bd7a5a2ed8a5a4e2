"""The commands under ``smartstart trial`` that compare the arms: ``analyse``, ``lock-plan`` and ``unblind``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from smartstart.cli import show, show_analysis
from smartstart.cli.options import HERE, JsonOption, OwnerOption, ReasonOption, WorkspaceOption
from smartstart.errors import UsageError

if TYPE_CHECKING:
    from smartstart.analysing.pooled import PooledReport
    from smartstart.analysing.trial import TrialAnalysis
    from smartstart.trial.analysis.comparison import Comparison
    from smartstart.trial.analysis.samples import Question

_KINDS: tuple[Literal["binary", "scale", "time"], ...] = ("binary", "scale", "time")
Column = str | None

analysis_app = typer.Typer(rich_markup_mode=None)


@analysis_app.command(
    "analyse",
    epilog="Example: smartstart trial analyse trial.csv --arm arm --control usual --outcome score --kind scale",
)
def trial_analyse(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A CSV, Excel or Parquet file; without one, this trial.")
    ] = None,
    counts: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="E/N E/N", help="Events/women instead of a file, the treated arm first."),
    ] = None,
    arm: Annotated[Column, typer.Option(metavar="COL", help="The column with the arm.")] = None,
    control: Annotated[str | None, typer.Option(metavar="VALUE", help="The control's value in that column.")] = None,
    outcome: Annotated[Column, typer.Option(metavar="COL", help="What is compared: 0/1, or a number.")] = None,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="binary, scale or time.")] = None,
    time: Annotated[Column, typer.Option(metavar="COL", help="The time that was seen.")] = None,
    event: Annotated[
        Column, typer.Option(metavar="COL", help="How it ended: 0 not yet, 1 the event, 2 or more: made impossible.")
    ] = None,
    baseline: Annotated[Column, typer.Option(metavar="COL", help="The same scale at the start.")] = None,
    covariates: Annotated[str, typer.Option(metavar="A,B", help="Columns to adjust for.")] = "",
    strata: Annotated[str, typer.Option(metavar="A,B", help="Columns within which was drawn.")] = "",
    cluster: Annotated[Column, typer.Option(metavar="COL", help="Persons who belong together: a household.")] = None,
    weights: Annotated[Column, typer.Option(metavar="COL", help="A weight for each person.")] = None,
    method: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A named interval, for the measures that have it."),
    ] = None,
    until: Annotated[
        float | None, typer.Option(metavar="TIME", help="Mean time without the event is taken up to here.")
    ] = None,
    redraws: Annotated[
        int, typer.Option(metavar="N", help="Of the re-randomisation test in a file; 0 leaves it out.")
    ] = 10_000,
    look: Annotated[
        bool, typer.Option("--look", help="Take the planned look of this trial that is due; for its first reader.")
    ] = False,
    owner: Annotated[str, typer.Option(metavar="TEXT", help="With --look: whose decision; a function, no name.")] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="With --look: why now, in a few words.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Write all of it as a page with figures.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Compare the arms: of a file, of counts, or of this trial by its plan; between its looks both arms together."""
    from smartstart.analysing.files import analyse_counts, analyse_file
    from smartstart.trial.analysis.compare import Options

    method = method and method.replace("_", "-")
    columns = any((arm, control, kind, outcome, time, event, baseline, covariates, strata, cluster, weights))
    if look and (counts or file):
        raise UsageError("--look is of this trial: leave out FILE and --counts.")
    if not look and (owner or reason):
        raise UsageError("--owner and --reason go with --look: add it, or leave them out.")
    if counts:
        if file or columns:
            raise UsageError("--counts stands alone: leave out FILE and the options that name columns.")
        comparison = analyse_counts(*counts, method)
    elif file:
        question = _question(
            arm, control, kind, outcome, time, event, baseline, _names(covariates), _names(strata), cluster, weights
        )
        with show.progress() as tell:
            comparison = analyse_file(file, question, Options(method=method, redraws=redraws, until=until), tell)
    else:
        if columns or method or until is not None:
            raise UsageError("FILE is missing: name the file with these columns; without them this trial is meant.")
        _analyse_trial(workspace, (owner, reason) if look else None, out, as_json=as_json)
        return
    if as_json:
        show.as_json(comparison.as_dict())
    else:
        show_analysis.comparison(comparison)
    if out:
        _write_comparison(out, comparison)


@analysis_app.command("lock-plan", epilog="Example: smartstart trial lock-plan --owner onderzoeker --reason 'SAP 1.0'")
def trial_lock_plan(
    owner: OwnerOption,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Put the plan of the analysis, as programme.yaml states it, in the ledger; before the arms are unblinded."""
    from smartstart.analysing.locking import lock_plan
    from smartstart.workspace import find_workspace

    locked = lock_plan(find_workspace(workspace), owner=owner, reason=reason)
    if as_json:
        show.as_json(locked.as_dict())
    else:
        show_analysis.plan(locked)


@analysis_app.command(
    "unblind", epilog="Example: smartstart trial unblind --owner stuurgroep --reason 'all answers in'"
)
def trial_unblind(
    owner: OwnerOption,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Let the analysis say which arm is which, from here on; once and for good, under the plan that is locked."""
    from smartstart.analysing.locking import unblind
    from smartstart.workspace import find_workspace

    result = unblind(find_workspace(workspace), owner=owner, reason=reason)
    if as_json:
        show.as_json(result)
    else:
        show_analysis.unblinded(result)


def _analyse_trial(workspace: Path, look: tuple[str, str] | None, out: Path | None, *, as_json: bool) -> None:
    """Show this trial; ``look`` is the owner and the reason of a look that is to be taken."""
    from smartstart.analysing.pooled import PooledReport
    from smartstart.analysing.trial import analyse_trial, take_look
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    with show.progress() as tell:
        analysis = take_look(found, tell, owner=look[0], reason=look[1]) if look else analyse_trial(found, tell)
    if as_json:
        show.as_json({"notice": show.NOT_FOR_PUBLICATION, **analysis.as_dict()})
    elif isinstance(analysis, PooledReport):
        show_analysis.pooled(analysis)
    else:
        show_analysis.analysis(analysis)
    if out:
        _write_trial(out, analysis, made_up=found.rehearsal)


def _write_comparison(out: Path, comparison: Comparison) -> None:
    from smartstart.outputs import write_file
    from smartstart.report.effect_page import comparison_page

    write_file(out, comparison_page(comparison))
    show.say(f"Written: {out}")


def _write_trial(out: Path, analysis: TrialAnalysis | PooledReport, *, made_up: bool) -> None:
    from smartstart.analysing.pooled import PooledReport
    from smartstart.outputs import write_file
    from smartstart.report.effect_page import trial_page
    from smartstart.report.pooled_page import pooled_page

    notices = (show.NOT_FOR_PUBLICATION, *(("A rehearsal: these women do not exist.",) if made_up else ()))
    content = pooled_page(analysis, *notices) if isinstance(analysis, PooledReport) else trial_page(analysis, *notices)
    write_file(out, content)
    show.say(f"Written: {out}")


def _question(
    arm: Column, control: str | None, kind: str | None, outcome: Column, time: Column, event: Column,
    baseline: Column, covariates: tuple[str, ...], strata: tuple[str, ...], cluster: Column, weights: Column,
) -> Question:  # fmt: skip
    from smartstart.trial.analysis.samples import Question

    asked = next((one for one in _KINDS if one == kind), None)
    if arm is None or control is None or asked is None:
        raise UsageError(
            f"--arm, --control and --kind ({', '.join(_KINDS)}) say what is compared: give them with a file."
        )
    return Question(arm, control, asked, outcome, time, event, baseline, covariates, strata, cluster, weights)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
