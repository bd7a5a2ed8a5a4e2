"""The commands under ``smartstart trial``."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartstart import clock
from smartstart.cli import show, show_privacy
from smartstart.cli.options import (
    HERE,
    AsOfOption,
    JsonOption,
    OwnerOption,
    ReasonOption,
    WorkspaceOption,
    day,
    typed_person,
)
from smartstart.errors import StateError, UsageError

if TYPE_CHECKING:
    from smartstart.programme.sections import Programme
    from smartstart.trial.ledger import Why

ProgrammeOption = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE", help="A shipped programme, or a YAML file; default that of the workspace."),
]

trial_app = typer.Typer(
    help="The draw and its ledger.",
    epilog="Example: smartstart trial verify",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@trial_app.callback()
def trial() -> None:
    """The draw and its ledger."""


@trial_app.command("close", epilog="Example: smartstart trial close --owner gemeente --reason 'enough women'")
def trial_close(
    owner: OwnerOption,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """End the draw: from now on everyone is offered, without a draw. For good."""
    _open_epoch(workspace, "close", owner, reason, as_json=as_json)


@trial_app.command("design", epilog="Example: smartstart trial design --programme minimisation")
def trial_design(
    programme: ProgrammeOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Say in words what the draw does, what is hidden, how predictable it is and how alike the arms become."""
    from smartstart.describing import describe_design

    stated = _programme(programme, workspace)
    with show.progress() as tell:
        described = describe_design(stated, tell)
    if as_json:
        show.as_json(asdict(described))
    else:
        show.design(described)


@trial_app.command("draw", epilog="Example: smartstart trial draw --nonce-file nonce.txt")
def trial_draw(
    nonce_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The nonce; default: typed on standard input.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(metavar="H", help="The head that the second officer noted after the freeze.")
    ] = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Draw the frozen batch with the nonce that was promised, and release its lists."""
    from smartstart.pipeline import draw_frozen
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    played = found.rehearsal and as_of is None  # in a rehearsal the last run's day counts as today
    nonce = _text_of(nonce_file) if nonce_file else _typed_nonce()
    result = draw_frozen(found, nonce, None if played else day("--as-of", as_of), head)
    if as_json:
        show.as_json(result)
    else:
        show.drawn(result)


@trial_app.command("erase", epilog="Example: smartstart trial erase --objected --owner FG --reason 'AVG art. 17'")
def trial_erase(
    owner: OwnerOption,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, in a few words without names.")],
    objected: Annotated[bool, typer.Option("--objected", help="Every woman whose objection stands.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Every woman whose consent is withdrawn.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is sure.")] = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Erase persons for good: one whose number is typed, or all who objected; the ledger stays as it is."""
    from smartstart.erasing import Request, erase
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    person = None if objected or withdrawn else typed_person()
    request = Request(owner, reason, clock.moment(), objected=objected, withdrawn=withdrawn, person=person)
    show_privacy.erased(erase(found, request, clock.day_on_the_wall(), lambda *n: yes or show_privacy.is_sure(*n)))


@trial_app.command(
    "event",
    epilog="Example: smartstart trial event verhuizing --on 2024-05-01 --owner projectleider --reason 'by phone'",
)
def trial_event(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What happened; 'trial events' shows the kinds.")],
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day on which it happened, jjjj-mm-dd.")],
    owner: Annotated[str, typer.Option(metavar="TEXT", help="Who decided to record it: a function, no name.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="How it became known; no names, no numbers.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Record what happened to one woman, read from standard input: her BSN, or AGB code and client number."""
    from smartstart.telling import Event, judge_event, tell_event
    from smartstart.workspace import find_workspace

    found, happened_on = find_workspace(workspace), day("--on", on)
    judge_event(kind, happened_on, clock.day_on_the_wall(), owner, reason)
    event = Event(kind, happened_on, owner, reason, whom=typed_person())
    show.told(tell_event(found, event, clock.day_on_the_wall(), clock.moment()))


@trial_app.command("events", epilog="Example: smartstart trial events")
def trial_events(as_json: JsonOption = False) -> None:
    """Show what can happen to a woman, and the rule of each: for her list, her data and the analysis."""
    from smartstart.trial.events import EVENTS

    if as_json:
        show.as_json([vars(rule) for rule in EVENTS])
    else:
        show.events(EVENTS)


@trial_app.command("flow", epilog="Example: smartstart trial flow -w heusden-2027")
def trial_flow(as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Show the flow of participants: every woman in exactly one box. Exact counts, not for publication."""
    from smartstart.flow import flow_of_workspace
    from smartstart.workspace import find_workspace

    flow = flow_of_workspace(find_workspace(workspace))
    if as_json:
        show.as_json({"notice": show.NOT_FOR_PUBLICATION, **asdict(flow)})
    else:
        show.flow(flow)


@trial_app.command("nonce", epilog="Example: smartstart trial nonce --out nonce.txt")
def trial_nonce(
    out: Annotated[Path, typer.Option(metavar="FILE", help="A new file for the nonce; show it to nobody before.")],
) -> None:
    """For the second officer: make a nonce and print the commitment to it, before the batch is frozen."""
    from smartstart.second_officer import make_nonce

    show.lines([make_nonce(out)])
    show.say(f"Keep {out} to yourself until the batch is frozen, then bring it to 'smartstart trial draw'.")


@trial_app.command(
    "redesign", epilog="Example: smartstart trial redesign --owner projectleider --reason 'a second nurse'"
)
def trial_redesign(
    owner: OwnerOption,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Open an epoch with the design that programme.yaml now states; earlier draws stay."""
    _open_epoch(workspace, "redesign", owner, reason, as_json=as_json)


@trial_app.command("rehearse", epilog="Example: smartstart trial rehearse --programme heusden --out raad.html")
def trial_rehearse(
    programme: ProgrammeOption = None,
    towns: Annotated[int, typer.Option(metavar="N", help="How many made-up municipalities.")] = 1000,
    years: Annotated[
        int | None, typer.Option(metavar="N", help="Years of drawing; default until the first answer is recruited.")
    ] = None,
    correlation: Annotated[
        float | None,
        typer.Option(
            metavar="R", help="Assumed: of the scale at the start with that at one year; default the programme's."
        ),
    ] = None,
    answered: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Assumed: women who answer at one year, of those drawn; default the programme's."
        ),
    ] = None,
    consent: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Assumed: eligible women who consent; default the programme's."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Also write the council's page, with made-up figures.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Play the draw in made-up municipalities, with made-up keys: how alike the arms become, when an answer comes."""
    from smartstart.outputs import write_file
    from smartstart.rehearsing import Request, rehearse

    stated = _programme(programme, workspace)
    with show.progress() as tell:
        rehearsal = rehearse(stated, Request(towns, years, correlation, answered, consent), tell)
    if out:
        write_file(out, rehearsal.page)
        show.say(f"Written: {out}")
    if as_json:
        show.as_json(rehearsal.as_dict())
    else:
        show.rehearsal(rehearsal)


@trial_app.command("rekey", epilog="Example: smartstart trial rekey --owner FG --reason 'the key was mailed'")
def trial_rekey(
    owner: OwnerOption,
    reason: ReasonOption,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Open an epoch with a new key, after a leak; earlier draws stay and verify for ever."""
    _open_epoch(workspace, "rekey", owner, reason, as_json=as_json)


@trial_app.command("verify", epilog="Example: smartstart trial verify --head 1f0c…")
def trial_verify(
    head: Annotated[str | None, typer.Option(metavar="H", help="The head that was noted elsewhere.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Check the ledger: its chain, the replay with the key, and its agreement with allocations and lists."""
    from smartstart.status import verify_trial
    from smartstart.trial.ledger import UNKNOWN_HEAD
    from smartstart.workspace import find_workspace

    if head is not None and not re.fullmatch("[0-9a-f]{64}", head):
        raise UsageError("--head is no head: give its 64 characters, as printed after a run or on a list.")
    result = verify_trial(find_workspace(workspace), head)
    if as_json:
        show.as_json(result)
    else:
        show.verification(result)
    if not result["ok"]:
        if result["faults"] == [UNKNOWN_HEAD]:
            raise StateError(
                "The ledger is sound and does not hold this head: compare it with where it was noted, and find out "
                "which copy of the workspace is the later one, before anybody is drawn or anything restored."
            )
        raise StateError("The ledger does not verify: draw nobody, and restore the workspace from its backup.")


def _open_epoch(workspace: Path, why: Why, owner: str, reason: str, *, as_json: bool) -> None:
    from smartstart.epochs import open_epoch
    from smartstart.workspace import find_workspace

    result = open_epoch(find_workspace(workspace), why, reason=reason, owner=owner)
    if as_json:
        show.as_json(result)
    else:
        show.epoch(result)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"--nonce-file: '{path}' cannot be read as a text.") from None


def _typed_nonce() -> str:
    if sys.stdin.isatty():
        show.say("Type the nonce: the second officer's, the dice in the minutes, or the beacon's round:")
    return "".join(sys.stdin.readline().split())


def _programme(name: str | None, workspace: Path) -> Programme:
    """Return the programme that was named, or that of the workspace."""
    from smartstart.programme.loading import load_programme, programme_file
    from smartstart.workspace import find_workspace

    return load_programme(programme_file(name)) if name else find_workspace(workspace).programme
