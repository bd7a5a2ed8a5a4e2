"""The commands under ``smartstart trial`` that reckon before there is an answer: ``plan`` and ``power``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartstart.cli import show, show_planning
from smartstart.cli.options import HERE, JsonOption, WorkspaceOption
from smartstart.cli.trial import ProgrammeOption
from smartstart.errors import UsageError
from smartstart.numbers import grouped, hyphened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartstart.trial.planning.power import Power

planning_app = typer.Typer(rich_markup_mode=None)
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE.html", help="Also write it as a page with figures.")
]
Number = float | None


@planning_app.command("plan", epilog="Example: smartstart trial plan --programme heusden --out plan.html")
def trial_plan(
    programme: ProgrammeOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say how many women and years the answers of this design take, and what can be known by now."""
    from smartstart.planning_ahead import plan_trial
    from smartstart.programme.loading import load_programme, programme_file
    from smartstart.workspace import find_workspace

    judge_page(out)
    if programme:
        plan = plan_trial(load_programme(programme_file(programme)))
    else:
        found = find_workspace(workspace)
        plan = plan_trial(found.programme, found)
    if as_json:
        show.as_json(plan.as_dict())
    else:
        show_planning.plan(plan)
    if out:
        _write(out, f"When will we know? {plan.municipality}", plan.questions)


@planning_app.command("costs", epilog="Example: smartstart trial costs --counts 2/39 9/38 --out kosten.html")
def trial_costs(
    counts: Annotated[
        tuple[str, str], typer.Option(metavar="E/N E/N", help="Placed/women: of the offer, and of care as usual.")
    ],
    by_contacts: Annotated[
        bool, typer.Option("--by-contacts", help="Price the offer by the hours in the support workers' log.")
    ] = False,
    programme: ProgrammeOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say what the offer costs, at which effect it pays for itself, and how likely that is by these counts."""
    from smartstart.analysing.reading import read_trial
    from smartstart.costing import reckon
    from smartstart.outputs import write_file
    from smartstart.programme.loading import load_programme, programme_file
    from smartstart.report.costs_page import costs_page
    from smartstart.workspace import find_workspace

    judge_page(out)
    stated = load_programme(programme_file(programme)) if programme else find_workspace(workspace).programme
    found = reckon(stated, *counts, read_trial(find_workspace(workspace)) if by_contacts else None)
    if out:
        write_file(out, costs_page(found.effect, found.sentences, found.sources))
        show.say(f"Written: {out}")
    if as_json:
        show.as_json(found.as_dict())
        return
    show.paragraphs(found.sentences)
    show.table("Prices", ("price", "amount", "source"), found.sources)
    rows = ((bar.name, hyphened(grouped(bar.low)), hyphened(grouped(bar.high))) for bar in found.effect.bars)
    show.table("Saving for each woman when one input is moved", ("input", "at its low", "at its high"), rows)


@planning_app.command("power", epilog="Example: smartstart trial power --difference 0.3 --correlation 0.5 --years 3")
def trial_power(
    difference: Annotated[Number, typer.Option(metavar="D", help="Of a scale, in standard deviations.")] = None,
    risk: Annotated[Number, typer.Option(metavar="P", help="Of an event with care as usual, from 0 to 1.")] = None,
    lower_risk: Annotated[Number, typer.Option(metavar="Q", help="The lower one that is worth finding.")] = None,
    alpha: Annotated[float, typer.Option(metavar="A", help="Two-sided.")] = 0.05,
    power: Annotated[float, typer.Option(metavar="P", help="The probability to see the effect if it is real.")] = 0.8,
    ratio: Annotated[str, typer.Option(metavar="A:B", help="Offer to care as usual.")] = "1:1",
    correlation: Annotated[float, typer.Option(metavar="R", help="Of the scale with its nulmeting.")] = 0.0,
    per_year: Annotated[float, typer.Option(metavar="N", help="Eligible women a year in one municipality.")] = 65,
    consent: Annotated[float, typer.Option(metavar="SHARE", help="Of the eligible women.")] = 0.6,
    answered: Annotated[float, typer.Option(metavar="SHARE", help="Of the women drawn.")] = 0.8,
    municipalities: Annotated[int, typer.Option(metavar="K", help="That draw and answer together.")] = 1,
    years: Annotated[float, typer.Option(metavar="Y", help="How long drawing may take.")] = 3,
    so_far: Annotated[int | None, typer.Option(metavar="N", help="Answers that are in, in all arms.")] = None,
    prior_mean: Annotated[
        Number, typer.Option(metavar="X", help="Belief: of the difference, or of the log of the risk ratio.")
    ] = None,
    prior_sd: Annotated[Number, typer.Option(metavar="X", help="How far that belief may be off.")] = None,
    r2: Annotated[Number, typer.Option(metavar="R2", help="Of a prognostic score besides.")] = None,
    auc: Annotated[Number, typer.Option(metavar="AUC", help="Of a prognostic score for the event.")] = None,
    looks: Annotated[int, typer.Option(metavar="K", help="How often the arms are compared.")] = 1,
    spending: Annotated[
        str, typer.Option(metavar="NAME", help="Of the looks; 'trial boundaries' lists them.")
    ] = "lan-demets-obf",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many women and years one question takes, what would be found earlier, and how likely success is."""
    from smartstart.planning_ahead import inflation_for
    from smartstart.trial.planning.inflow import Inflow
    from smartstart.trial.planning.power import answer
    from smartstart.trial.planning.question import Question
    from smartstart.trial.planning.scale import judge_errors

    judge_page(out)
    judge_errors(alpha, power)
    found = answer(
        Question(
            name="a difference on a scale" if difference is not None else "an event",
            inflow=Inflow(per_year, consent, answered, municipalities),
            difference=difference,
            risk=risk,
            lower_risk=lower_risk,
            alpha=alpha,
            power=power,
            ratio=_ratio(ratio),
            correlation=correlation,
            within_years=years,
            so_far=so_far,
            prior=_prior(prior_mean, prior_sd, scale=difference is not None),
            r2=r2,
            auc=auc,
            inflation=inflation_for(looks, spending, alpha=alpha, power=power),
        )
    )
    if as_json:
        show.as_json(found.as_dict())
    else:
        show_planning.power(found)
    if out:
        _write(out, "When will we know?", (found,))


def judge_page(out: Path | None) -> None:
    """Raise UsageError where the page is not asked for as HTML."""
    if out and out.suffix != ".html":
        raise UsageError("--out: must end in .html.")


def _ratio(text: str) -> tuple[int, int]:
    parts = re.fullmatch(r"(\d{1,4}):(\d{1,4})", text.strip())
    if not parts:
        raise UsageError("--ratio: give offer to care as usual in whole numbers, such as 1:1 or 2:1.")
    return int(parts[1]), int(parts[2])


def _prior(mean: Number, sd: Number, *, scale: bool) -> tuple[float, float] | None:
    """Return the belief that was stated; of a difference what a programme assumes when it states none."""
    from smartstart.programme.sections import PLANNING

    if (mean is None) != (sd is None):
        raise UsageError("--prior-mean and --prior-sd belong together: give both, or neither.")
    if mean is None or sd is None:
        return (PLANNING.prior_mean, PLANNING.prior_sd) if scale else None
    return mean, sd


def _write(out: Path, title: str, questions: Sequence[Power]) -> None:
    from smartstart.outputs import write_file
    from smartstart.report.planning_figure import planning_page

    write_file(out, planning_page(title, questions))
    show.say(f"Written: {out}")
