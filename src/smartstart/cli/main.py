"""The commands. Data goes to stdout, progress and notices to stderr, and every error is one sentence."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import typer.core
import typer.main

from smartstart import __version__, access
from smartstart.cli import show
from smartstart.cli.analysis import analysis_app
from smartstart.cli.contracts import contracts_app
from smartstart.cli.keys import keys_app
from smartstart.cli.letters import letters_app
from smartstart.cli.lists import lists_app
from smartstart.cli.model import model_app
from smartstart.cli.monitoring import monitoring_app
from smartstart.cli.options import HERE, AsOfOption, JsonOption, WorkbookOption, WorkspaceOption, day
from smartstart.cli.planning import planning_app
from smartstart.cli.pooling import pooling_app
from smartstart.cli.privacy import keeping_app, privacy_app, retention_app
from smartstart.cli.provision import provision_app
from smartstart.cli.publishing import publishing_app
from smartstart.cli.report import report_app
from smartstart.cli.support import support_app
from smartstart.cli.trial import trial_app
from smartstart.errors import DataRefused, SmartstartError

# As --help lists them: what is used first, and most, stands first.
IN_ORDER_OF_USE = (
    "demo", "init", "check", "run", "status", "quarantine", "lists",
    "request", "contracts", "letters", "doctor",
    "trial", "support", "provision", "model", "report", "export",
    "register-entry", "dpia-annex", "checklist",
    "privacy", "retention", "access-log", "keys", "backup", "restore", "reconcile",
)  # fmt: skip


class _Commands(typer.core.TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as Typer asks
        """Return the names of all commands in the order of their use."""
        return sorted(self.commands, key=IN_ORDER_OF_USE.index)


app = typer.Typer(
    name="smartstart",
    cls=_Commands,
    help="From municipal and midwife extracts to a verifiable draw and one invitation list per practice.",
    epilog="Example: smartstart demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(contracts_app, name="contracts")
app.add_typer(keys_app, name="keys")
app.add_typer(letters_app, name="letters")
app.add_typer(lists_app, name="lists")
app.add_typer(model_app, name="model")
app.add_typer(privacy_app, name="privacy")
app.add_typer(provision_app, name="provision")
app.add_typer(retention_app, name="retention")
app.add_typer(support_app, name="support")
trial_app.registered_commands = sorted(
    [
        *trial_app.registered_commands,
        *analysis_app.registered_commands,
        *monitoring_app.registered_commands,
        *planning_app.registered_commands,
        *pooling_app.registered_commands,
    ],
    key=lambda command: command.name or "",
)
app.add_typer(trial_app, name="trial")
app.registered_commands += [
    *report_app.registered_commands, *publishing_app.registered_commands, *keeping_app.registered_commands,
]  # fmt: skip


def main() -> NoReturn:
    """Run the command line; the only place where errors become sentences and exit codes."""
    os.umask(0o077)  # nothing that we write is for anybody but its owner
    access.begin(_command_of(sys.argv[1:]))
    try:
        code = _commands()(prog_name="smartstart", standalone_mode=False)
    except SmartstartError as error:
        _stop(str(error), error.exit_code)
    except typer.Abort:
        _stop("Stopped; what was not finished has not changed anything.", 1)
    except KeyboardInterrupt:
        _stop("Stopped; give the same command again to finish the job.", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as fault:
        where = f" at '{fault.filename}'" if fault.filename else ""
        _stop(f"The disk refused{where} ({fault.strerror}): mend the permissions or make room, then try again.", 5)
    except Exception as fault:
        if type(fault).__name__ == "NoArgsIsHelpError":
            show.echo(str(fault), err=True)
            sys.exit(2)
        if hasattr(fault, "format_message"):  # a usage error of the command line itself
            _stop(_usage_sentence(fault), 2)
        _stop(_unexpected(fault), 1)
    sys.exit(code or 0)


@cache
def _commands() -> Callable[..., Any]:
    """Return the tree of commands: its making is a good part of what a quick command takes, so it is made once."""
    return typer.main.get_command(app)


def _tell_version(asked: bool) -> None:
    if asked:
        show.echo(f"smartstart {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Tell the version.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: smartstart demo")
def demo(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where; default ./demo.")] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Play the whole story on a made-up municipality: register, four quarters, follow-up."""
    from smartstart.demo import play

    story = play(folder or workspace / "demo", show.progress(), show.say)
    show.lines(story)


@app.command(epilog="Example: smartstart init heusden-2027 --programme heusden --rehearsal")
def init(
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="A new folder.")] = None,
    programme: Annotated[str, typer.Option(help="A shipped programme, or a YAML file.")] = "heusden",
    rehearsal: Annotated[
        bool, typer.Option("--rehearsal", help="Mark made-up or replayed data: every document says OEFENING.")
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where keys live; default SMARTSTART_KEYS or your own data folder."),
    ] = None,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Make a workspace: programme file, folders, database, keys, and the midwives' XLSX template."""
    from smartstart.new_workspace import make_workspace

    made = make_workspace(folder or workspace, programme, rehearsal=rehearsal, keys=keys)
    show.lines(
        [
            f"Workspace: {made.folder}",
            f"Programme: {made.programme_file}",
            f"Template for midwives: {made.folder / 'vragenlijst-sjabloon.xlsx'}",
            f"Commitment to the key of the draw: {made.commitment} (have somebody else keep it)",
            f"Keys: {made.keys_folder} (keep a copy of this folder in a safe place, apart from the data)",
        ]
    )
    if (missing := made.programme.mandate.missing) and not rehearsal:
        show.say(f"Before anybody may be drawn, fill in under 'mandate' in the programme: {', '.join(missing)}.")


@app.command(epilog="Example: smartstart check extracts/2024Q1 --as-of 2024-04-02")
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders of files.")],
    as_of: AsOfOption = None,
    xlsx: WorkbookOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Hold files against the data contracts and say which row breaks which rule; loads nothing."""
    from smartstart.check_files import check_paths

    with show.progress() as tell:
        result = check_paths(paths, day("--as-of", as_of), workspace, tell)
    if xlsx:
        from smartstart.tables import check_tables, write_tables

        write_tables(xlsx, "Check", check_tables(result.as_dict()))
        show.say(f"Written: {xlsx}")
    if as_json:
        show.as_json(result.as_dict())
    else:
        show.check(result)
    if result.refusals:
        raise DataRefused(*result.refusals)


@app.command(epilog="Example: smartstart run quarterly --extracts extracts/2024Q1 --period 2024Q1 --as-of 2024-04-02")
def run(
    pipeline: Annotated[
        str, typer.Argument(metavar="PIPELINE", help="quarterly, weekly, register, follow_up or support.")
    ],
    extracts: Annotated[Path, typer.Option(metavar="DIR", help="The folder of extracts.")],
    period: Annotated[str | None, typer.Option(metavar="P", help="2024Q1, 2024-03 or 2024-W13.")] = None,
    as_of: AsOfOption = None,
    delivered: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Date of the status extracts; default the period's last day."),
    ] = None,
    corrects: Annotated[bool, typer.Option("--corrects", help="Replace what was loaded for this period.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; goes with --corrects, no names.")] = None,
    second_officer: Annotated[
        str | None,
        typer.Option(metavar="COMMITMENT", help="Freeze only: a second officer's nonce comes; see 'trial nonce'."),
    ] = None,
    dice: Annotated[bool, typer.Option("--dice", help="Freeze only: dice are thrown after it.")] = False,
    beacon: Annotated[
        str | None, typer.Option(metavar="ROUND", help="Freeze only: which public beacon, which coming round.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the steps and what each reads and writes.")] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Run a pipeline: one transaction, a record, then lists and reading copy. The same command again is safe."""
    from smartstart.drawing import nonce_to_come
    from smartstart.pipeline import Request, find_pipeline, run_pipeline
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    if dry_run:
        show.dry_run(find_pipeline(pipeline), found.programme, in_json=as_json)
        return
    request = Request(
        pipeline=pipeline,
        extracts=extracts,
        as_of=day("--as-of", as_of),
        period=period,
        delivered=day("--delivered", delivered) if delivered else None,
        corrects=corrects,
        reason=reason,
        nonce=nonce_to_come(second_officer, beacon, dice=dice),
    )
    with show.progress() as progress:
        result = run_pipeline(found, request, progress)
    if as_json:
        show.as_json(result.report)
    else:
        show.report(result.report)
    for notice in result.notices:
        show.say(notice)


@app.command(epilog="Example: smartstart request vragenlijsten/ --out aanvraag.zip -w heusden-2027")
def request(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Questionnaires, or folders with some; default the workspace's own."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="First step: the encrypted request; default aanvraag.zip.")
    ] = None,
    returned: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Second step: the extracts that the data desk returned.")
    ] = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Ask the data desk for who consented and nobody else; then hold what came back against that."""
    from smartstart.errors import UsageError
    from smartstart.requesting import ask, hold_returned
    from smartstart.workspace import find_workspace

    found, today = find_workspace(workspace), day("--as-of", as_of)
    if out is not None and returned is not None:
        raise UsageError("Give --out to make the request, or --returned to hold what came back against it; not both.")
    if returned is None:
        asked = ask(found, paths or (), out or found.folder / "aanvraag.zip", today)
        show.as_json(asked.as_dict()) if as_json else show.asked(asked)
        return
    held = hold_returned(found, paths or (), returned, today)
    show.as_json(held.as_dict()) if as_json else show.returned(held)
    if held.refusals:
        raise DataRefused(*held.refusals)


@app.command(epilog="Example: smartstart status -w heusden-2027")
def status(xlsx: WorkbookOption = None, as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Show per period what was loaded, drawn and released, and what needs attention."""
    from smartstart.status import status_of
    from smartstart.workspace import find_workspace

    result = status_of(find_workspace(workspace))
    if xlsx:
        from smartstart.tables import status_tables, write_tables

        write_tables(xlsx, "Status", status_tables(result))
        show.say(f"Written: {xlsx}")
    if as_json:
        show.as_json(result)
    else:
        show.status(result)


@app.command(epilog="Example: smartstart quarantine --period 2024Q1 --xlsx quarantine.xlsx")
def quarantine(
    period: Annotated[str | None, typer.Option(metavar="P", help="Only this period.")] = None,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a workbook, one sheet per source.")
    ] = None,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Show which file, row and column broke which rule, and what to do; by source, never a value."""
    from smartstart.status import quarantine_of, quarantine_rows, write_quarantine_workbook
    from smartstart.workspace import find_workspace

    found = find_workspace(workspace)
    result = quarantine_of(found, period)
    if xlsx:
        write_quarantine_workbook(found, result, xlsx)
        show.say(f"Written: {xlsx}")
    if as_json:
        show.as_json(quarantine_rows(result))
    else:
        show.quarantine(result)


@app.command(epilog="Example: smartstart export --out analysis-set.zip --owner projectleider --reason 'replication'")
def export(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The encrypted container to write.")],
    owner: Annotated[str, typer.Option(metavar="TEXT", help="Whose decision it is: a function, no name.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; stands in the ledger.")],
    without_arm: Annotated[
        bool, typer.Option("--without-arm", help="Leave out the arm: the only way before the trial is unblinded.")
    ] = False,
    as_json: JsonOption = False,
    workspace: WorkspaceOption = HERE,
) -> None:
    """Export the analysis set with its codebook, as CSV, R, Parquet and SPSS: pseudonymised and encrypted."""
    from smartstart.exporting.writing import export as export_set
    from smartstart.workspace import find_workspace

    made = export_set(find_workspace(workspace), out, owner=owner, reason=reason, with_arm=not without_arm)
    if as_json:
        show.as_json(made.as_dict())
        return
    show.lines([f"Encrypted container: {made.file}", f"Passphrase: in {made.passphrase_file}"])
    show.echo(f"Women: {made.women}; variables: {made.variables}. Pseudonymised, not anonymous.")
    show.say("Give the passphrase by another channel than the container, and destroy its file when it was opened.")


@app.command(epilog="Example: smartstart doctor -w heusden-2027")
def doctor(as_json: JsonOption = False, workspace: WorkspaceOption = HERE) -> None:
    """Look at versions, file modes, keys, disk and locks, and say what to mend."""
    from smartstart.doctor import examine

    findings = examine(workspace)
    if as_json:
        show.as_json([vars(finding) for finding in findings])
    else:
        show.doctor(findings)
    if any(not finding.well for finding in findings):
        raise typer.Exit(1)


def _command_of(words: list[str]) -> str:
    """Return the name of the command alone: what follows it may name somebody."""
    names = [word for word in words[:2] if re.fullmatch("[a-z-]+", word) and not word.startswith("-")]
    groups = {group.name for group in app.registered_groups}
    known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    if names and names[0] in groups:
        own = next(group.typer_instance for group in app.registered_groups if group.name == names[0])
        known = {command.name or "" for command in own.registered_commands} if own else set()
        return " ".join([names[0], *(name for name in names[1:] if name in known)])
    return names[0] if names and names[0] in known else "smartstart"


def _usage_sentence(fault: Any) -> str:
    """Say what the command line lacks, never with what was typed: it may be somebody's number or name."""
    command = getattr(getattr(fault, "ctx", None), "command_path", "smartstart")
    said = fault.format_message().replace("\n", " ")
    for typed in sorted({word for word in sys.argv[1:] if len(word) > 1}, key=len, reverse=True):
        if not (typed.startswith("-") and re.fullmatch("-{1,2}[a-z-]+", typed)):
            said = said.replace(typed, "…")
    return f"{said} See '{command} --help'."


def _unexpected(fault: Exception) -> str:
    """Say where it went wrong without saying with what: a message of a library may hold a value."""
    place = fault.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "an unknown place"
    return f"An unexpected fault ({type(fault).__name__} in {where}): report this line to the makers."


def _stop(sentence: str, code: int) -> NoReturn:
    with suppress(OSError):  # nobody can be told any more; the exit code still tells it
        sys.stdout.flush()
        show.echo(f"Error: {sentence}" if "\n" not in sentence else f"Errors:\n{sentence}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
