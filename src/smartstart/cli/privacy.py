"""The commands under ``smartstart privacy`` and ``smartstart retention``, backups, and the access log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartstart import clock
from smartstart.cli import show, show_privacy
from smartstart.cli.options import (
    HERE,
    ClientOption,
    JsonOption,
    OwnerOption,
    WorkspaceOption,
    day,
    person_of,
)

privacy_app = typer.Typer(
    help="What a woman may ask: to see, to object, to be erased, to have her data.",
    epilog="Example: smartstart privacy show",
    no_args_is_help=True,
    rich_markup_mode=None,
)
retention_app = typer.Typer(
    help="How long things are kept.",
    epilog="Example: smartstart retention status",
    no_args_is_help=True,
    rich_markup_mode=None,
)
keeping_app = typer.Typer(rich_markup_mode=None)
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is sure.")]
WhyOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, in a few words without names.")]


@privacy_app.callback()
def privacy() -> None:
    """What a woman may ask: to see, to object, to be erased, to have her data."""


@privacy_app.command("erase", epilog="Example: smartstart privacy erase --owner FG --reason 'AVG art. 17'")
def erase(
    owner: OwnerOption,
    reason: WhyOption,
    client: ClientOption = None,
    yes: YesOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Erase one woman for good, and search the bytes; the draw and its ledger stay as they are."""
    from smartstart.erasing import Request
    from smartstart.erasing import erase as erase_for_good
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    request = Request(owner, reason, clock.moment(), person=person_of(client))
    show_privacy.erased(
        erase_for_good(found, request, clock.day_on_the_wall(), lambda *n: yes or show_privacy.is_sure(*n))
    )


@privacy_app.command("export", epilog="Example: smartstart privacy export --out inzage.zip")
def export(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The encrypted file to write, for her alone.")],
    client: ClientOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write all that is kept of one woman to an encrypted file that a program can read, for her alone."""
    from smartstart.privacy import export as hand_over
    from smartstart.workspace import find_workspace

    made = hand_over(find_workspace(workspace), person_of(client), out, clock.day_on_the_wall())
    if as_json:
        show.as_json({"file": str(made.file), "passphrase_file": str(made.passphrase_file), "rows": made.rows})
        return
    show.lines([f"Encrypted file: {made.file}", f"Passphrase: in {made.passphrase_file}", f"Rows: {made.rows}"])
    show.say("Make sure that it is she who asks, and give her the passphrase by another channel than the file.")


@privacy_app.command("object", epilog="Example: smartstart privacy object --owner FG --reason 'by letter'")
def object_(
    owner: OwnerOption,
    reason: WhyOption,
    client: ClientOption = None,
    on: Annotated[str | None, typer.Option("--on", metavar="DATE", help="The day of it; default today.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Record the objection of one woman: she is invited, asked and compared no more, from now on."""
    from smartstart.telling import Event, judge_event, tell_event
    from smartstart.workspace import find_workspace

    found, happened_on = find_workspace(workspace), day("--on", on)
    judge_event("bezwaar", happened_on, clock.day_on_the_wall(), owner, reason)
    event = Event("bezwaar", happened_on, owner, reason, whom=person_of(client))
    show.told(tell_event(found, event, clock.day_on_the_wall(), clock.moment()))
    show.say("Does she want to be erased too? That is another question: 'smartstart privacy erase'.")


@privacy_app.command("show", epilog="Example: smartstart privacy show -w heusden-2027")
def show_kept(client: ClientOption = None, as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Count what is kept of one woman, by table; never the content."""
    from smartstart.privacy import show as count_kept
    from smartstart.workspace import find_workspace

    found = count_kept(find_workspace(workspace), person_of(client))
    show.as_json(found.as_dict()) if as_json else show_privacy.kept(found)


@retention_app.callback()
def retention() -> None:
    """How long things are kept."""


@retention_app.command("run", epilog="Example: smartstart retention run --yes")
def retention_run(yes: YesOption = False, as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Destroy what is due by the programme's own rules, make the databases anew, and search their bytes."""
    from smartstart.retaining import run
    from smartstart.workspace import find_workspace

    today, moment = clock.day_on_the_wall(), clock.moment()
    found = run(find_workspace(workspace), today, moment, lambda due: yes or show_privacy.sure_of(due))
    show.as_json(found.as_dict()) if as_json else show_privacy.destroyed(found)


@retention_app.command("status", epilog="Example: smartstart retention status -w heusden-2027")
def retention_status(as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Show what is kept, what is due, which backups there are and until when, and what was destroyed."""
    from smartstart.retaining import status
    from smartstart.workspace import find_workspace

    found = status(find_workspace(workspace), clock.day_on_the_wall())
    show.as_json(found.as_dict()) if as_json else show_privacy.retention(found)


@keeping_app.command("backup", epilog="Example: smartstart backup --out kluis/heusden-2027.tar")
def backup(
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where; on another disk than the workspace.")],
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Write one file with what cannot be made again; the keys are not in it, and belong elsewhere."""
    from smartstart.backups import make_backup
    from smartstart.workspace import find_workspace

    made = make_backup(find_workspace(workspace), out, clock.day_on_the_wall())
    if as_json:
        show.as_json(made.as_dict())
        return
    show.lines(
        [f"Backup: {made.file}", f"sha256: {made.sha256}", f"Files: {made.files}; keep until {made.expires_on}."]
    )
    show.say("It opens with this workspace's keys alone: see that a copy of the folder of keys lies in another place.")


@keeping_app.command("restore", epilog="Example: smartstart restore kluis/heusden-2027.tar heusden-hersteld")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    as_json: JsonOption = False,
) -> None:
    """Make a workspace from a backup, held against its checksums; it draws nobody until it is reconciled."""
    from smartstart.backups import restore as make_again

    made = make_again(file, folder, clock.day_on_the_wall())
    if as_json:
        show.as_json({"folder": str(made.folder), "made_on": made.made_on.isoformat(), "ledger_head": made.ledger_head})
        return
    show.lines([f"Workspace: {made.folder}", f"As it was on: {made.made_on}", f"Ledger head: {made.ledger_head}"])
    show.say(
        "Lists are made again with 'smartstart lists build'. Before anybody is drawn, hold the head against the newest "
        "that is known elsewhere: 'smartstart reconcile --head H'."
    )


@keeping_app.command(
    "reconcile", epilog="Example: smartstart reconcile --head 4be1… --owner FG --reason 'after a fire'"
)
def reconcile(
    head: Annotated[str, typer.Option(metavar="H", help="The newest ledger head that is known elsewhere.")],
    owner: OwnerOption,
    reason: WhyOption,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Let a restored workspace draw again, once its ledger ends where the newest head known elsewhere says."""
    from smartstart.backups import reconcile as hold_against
    from smartstart.workspace import find_workspace

    hold_against(find_workspace(workspace), head, owner=owner, reason=reason, today=clock.day_on_the_wall())
    show.lines(["Reconciled: nothing was drawn after this backup was made, and this workspace may draw again."])


@keeping_app.command("access-log", epilog="Example: smartstart access-log --csv toegang.csv")
def access_log(
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Also write it as CSV.")] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show who opened which level of the data, when, with which command; never whose data."""
    from smartstart import access
    from smartstart.outputs import write_file
    from smartstart.workspace import find_workspace

    entries = access.read_log(find_workspace(workspace).folder)
    if csv:
        write_file(csv, access.as_csv(entries))
        show.say(f"Written: {csv}")
    show.as_json([entry.as_dict() for entry in entries]) if as_json else show_privacy.access(entries)
