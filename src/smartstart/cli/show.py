"""What the commands print: tables for people, one JSON value for programs, notices on stderr."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from smartstart.numbers import percent
from smartstart.outputs import json_bytes

if TYPE_CHECKING:
    from rich.text import Text

    from smartstart.check_files import CheckResult
    from smartstart.describing import DesignDescription
    from smartstart.doctor import Finding
    from smartstart.pipeline import Pipeline
    from smartstart.programme.sections import Programme
    from smartstart.rehearsing import Rehearsal
    from smartstart.requesting import Asked, Returned
    from smartstart.support.fitting import Fit, Unfit
    from smartstart.telling import Told
    from smartstart.trial.events import EventRule
    from smartstart.trial.flow import ArmFlow, Count, Flow
    from smartstart.trial.simulation import Balance

_WIDTH_WITHOUT_TERMINAL = 80
# What a terminal obeys or cannot show: control characters, marks that turn the line, half surrogates.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def plain(text: str) -> str:
    """Return ``text`` with everything that a terminal would act upon written as JSON writes it, such as ``\\u001b``.

    The name of a file or a header comes from outside: it may be shown, and moves no cursor and clears no screen.
    """
    return _ACTING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def echo(text: str = "", *, err: bool = False) -> None:
    """Print one text; everything that a command prints goes through here or through :func:`table`."""
    typer.echo(plain(text), err=err)


def as_json(value: Any) -> None:
    """Print one JSON value on stdout."""
    echo(json_bytes(value).decode().removesuffix("\n"))


def lines(texts: Iterable[str]) -> None:
    """Print lines on stdout."""
    for text in texts:
        echo(text)


def say(notice: str) -> None:
    """Print a notice on stderr."""
    echo(notice, err=True)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show on stderr which step is at work; silent when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    with console.status("starting") as at_work:

        def tell(step: str) -> None:
            told = step if " " in step else step.replace("_", " ")  # a sentence may name a file
            at_work.update(Text(told))
            console.print(Text(f"  {told}"), style="dim")

        yield tell


def table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table on stdout that fits the terminal; numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [list(row) for row in rows]
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL, highlight=False)
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for position, name in enumerate(header):
        numeric = bool(rows) and all(isinstance(row[position], int) for row in rows)
        drawn.add_column(
            name, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric or position == 0
        )
    loud = [name in LOUD for name in header]
    for row in rows:
        drawn.add_row(*(_cell(cell, loud=at) for cell, at in zip(row, loud, strict=True)))
    console.print(Text(plain(title), style="bold"))
    console.print(drawn)
    console.print()


LOUD = frozenset({"quarantined", "refused", "not asked for"})  # what somebody must do something about


def _cell(cell: Any, *, loud: bool) -> Text:
    """Return a cell; a number above zero that asks for something is in colour too, on a terminal that has colours.

    Text, since a word in square brackets would be read as a style, and not be shown, in a plain string.
    """
    from rich.text import Text

    words = "" if cell is None else plain(str(cell))
    return Text(words, style="bold yellow" if loud and isinstance(cell, int) and cell else "")


FILE_COLUMNS = ("file", "rows_in", "accepted", "quarantined", "duplicates", "superseded", "refused")


def report(result: dict[str, Any]) -> None:
    """Print the report of one run."""
    heads = ("file", "rows in", "accepted", "quarantined", "duplicates", "superseded", "refused")
    table(result["period"], heads, ([f[name] for name in FILE_COLUMNS] for f in result["files"]))
    considered = result["eligible"] + result["uncertain"] + sum(result["not_eligible"].values())
    if considered:
        rows = [("eligible", result["eligible"]), ("uncertain: a person decides", result["uncertain"])]
        rows += [(f"not eligible: {reason.replace('_', ' ')}", n) for reason, n in result["not_eligible"].items()]
        table("Women considered", ("verdict", "women"), rows)
        drawn = [(arm.replace("_", " "), n) for arm, n in result["allocated"].items()]
        table("Allocated in this run", ("arm", "women"), drawn)
    lines(f"List: {path}" for path in result["lists"])
    if result["ledger_head"]:
        echo(f"Ledger head: {result['ledger_head']}")


def status(result: dict[str, Any]) -> None:
    """Print the state of a workspace."""
    if result["rehearsal"]:
        echo("OEFENING: this workspace holds made-up or replayed data.")
    rows = [
        (
            period["period"] + ("" if period["current"] else " (replaced)"),
            sum(f["rows_in"] for f in period["files"]),
            sum(f["quarantined"] for f in period["files"]),
            sum(f["refused"] for f in period["files"]),
            period["eligible"],
            *period["allocated"].values(),
        )
        for period in result["periods"]
    ]
    arms = next((list(period["allocated"]) for period in result["periods"]), [])
    head = (
        "period",
        "rows in",
        "quarantined",
        "refused",
        "eligible",
        *(arm.replace("_as_", " as\n") for arm in arms),
    )
    table("Periods", head, rows)
    echo(f"Batches: {len(result['batches'])}; files of lists: {len(result['lists'])}")
    lines(["Ledger head:", f"  {result['ledger_head']}"] if result["ledger_head"] else ["Ledger head: none yet"])
    if model := result["model"]:
        echo(f"Approved model: {model['label']}, on {model['approved_on']} by {model['owner']}.")
    plan = result["analysis"]
    locked = f"locked on {plan['locked_on']}" if plan["locked_on"] else "not locked"
    arms_known = f"known since {plan['unblinded_on']}" if plan["unblinded_on"] else "not unblinded"
    echo(f"Plan of the analysis: {locked}; arms: {arms_known}.")
    echo("Needs attention:" if result["attention"] else "Nothing needs attention.")
    paragraphs(f"- {sentence}" for sentence in result["attention"])


def quarantine(result: dict[str, Any]) -> None:
    """Print what is in quarantine by source, then what was refused by row number."""
    if not result["sources"]:
        echo("Nothing is in quarantine.")
    for source, rows in result["sources"].items():
        body = ((r["period"], r["file"], r["row"], r["column"], r["rule"]) for r in rows)
        table(f"Back to: {source}", ("period", "file", "row", "column", "rule"), body)
    _remedies(row["rule"] for rows in result["sources"].values() for row in rows)
    if result["refused"]:
        refused = ((r["period"], r["file"], r["practice"], r["rows"], r["rule"]) for r in result["refused"])
        heads = ("period", "file", "practice", "rows", "rule")
        table("Refused: not stored, known by row number only", heads, refused)


def check(result: CheckResult) -> None:
    """Print what a check found."""
    heads = ("file", "rows in", "accepted", "quarantined", "duplicates", "superseded", "refused")
    if result.files:
        table("Checked; nothing was written", heads, ([f[name] for name in FILE_COLUMNS] for f in result.files))
    if result.breaches:
        body = ((b["file"], b["row"], b["column"], b["rule"]) for b in result.breaches)
        table("What to mend", ("file", "row", "column", "rule"), body)
        _remedies(breach["rule"] for breach in result.breaches)
    elif not result.refusals:
        echo("Every row keeps its contract.")
    paragraphs(result.notices)


def asked(result: Asked) -> None:
    """Print where the request to the data desk is, and who was left out; never of whom."""
    lines([f"Encrypted request: {result.file}", f"Passphrase: in {result.passphrase_file}"])
    echo(f"Persons asked for: {result.persons}.")
    lines(f"Left out, {reason.replace('_', ' ')}: {number}." for reason, number in result.left_out.items())
    say("Give the passphrase by another channel than the request, and destroy its file when it was opened.")


def returned(result: Returned) -> None:
    """Print what the data desk returned, held against the request."""
    rows = ((one["file"], one["rows_in"], one["not_asked"]) for one in result.files)
    table("Returned; nothing was stored", ("file", "rows in", "not asked for"), rows)
    if result.missing:
        echo(f"{result.missing} persons who were asked for are not in personen: ask the data desk why.")
    if not result.refusals:
        echo("Nobody else is in these files.")


def found_provisions(need: str, fits: Sequence[Fit], others: Sequence[Unfit]) -> None:
    """Print what fits, nearest first, with what to arrange, and why the others do not."""
    rows = [
        (
            fit.provision.name,
            fit.provision.municipality,
            "–" if fit.kilometres is None else f"{fit.kilometres:.0f} km",
            "–" if fit.provision.free is None else f"{fit.provision.free}{', call first' if fit.call_first else ''}",
        )
        for fit in fits
    ]
    if rows:
        table(f"Fits: {need}", ("provision", "municipality", "distance", "free"), rows)
        for fit in fits:
            paragraphs([f"{fit.provision.name}: {'; '.join(fit.arrange)}. {fit.provision.contact}"])
        echo()
    else:
        echo(f"Nothing fits now: {need}.")
    table("Does not fit now", ("provision", "why"), ((one.provision.name, "; ".join(one.reasons)) for one in others))


def _remedies(rules: Iterable[str]) -> None:
    """Print once for each rule what to do."""
    from smartstart.contracts.rules import REMEDIES

    if broken := sorted(set(rules)):
        table("What to do", ("rule", "remedy"), [(rule, REMEDIES[rule]) for rule in broken])


def design(described: DesignDescription) -> None:
    """Print a design in words, then what playing it showed."""
    paragraphs(described.sentences)
    echo(f"Hash of the design: {described.hash}")
    echo()
    names = list(described.cells[0])
    if names:
        table("Cells of the draw", names, (list(cell.values()) for cell in described.cells))
    echo(
        f"Played {described.trials} times: {described.years} years, {described.drawn_per_year:.0f} women drawn a year "
        f"of the {described.expected_per_year} who may take part."
    )
    seen = described.predictability
    rows = [
        ("known for certain to an observer of the cell", percent(seen.certain, 1)),
        ("guessed right by naming the arm furthest behind", percent(seen.guessed, 1)),
        ("guessed right knowing all but the key", percent(seen.informed, 1)),
        ("guessed right by naming the likeliest arm", percent(seen.fair, 1)),
    ]
    table("Predictability", ("the next arm is", "share of draws"), rows)
    _differences(described.balance)
    paragraphs(described.assumptions)
    paragraphs(f"Warning: {warning}" for warning in described.warnings)


def rehearsal(played: Rehearsal) -> None:
    """Print what the made-up municipalities showed, and what an answer takes."""
    echo(f"OEFENING: {played.towns} made-up municipalities, {played.years} years, {played.women:.0f} women on average.")
    echo()
    _differences(played.balance)
    rows = [(p.question, p.per_arm, p.women, f"{p.recruitment_years:.1f}", f"{p.years:.1f}") for p in played.plans]
    heads = ("to see (alpha 0.05, power 0.8)", "per arm", "to draw", "years of\ndrawing", "years to\nthe answer")
    table("An answer takes", heads, rows)
    _looks_played(played)
    paragraphs([*played.assumptions, *filter(None, [played.caution])])


def _looks_played(played: Rehearsal) -> None:
    """Print what would be said at the planned looks, and how often it is wrong."""
    if not played.looks_played:
        return
    rows = [
        (
            f"{one.truth:+.2f} SD" if one.truth else "none",
            *(percent(share, 1) for share in (one.says_helps, one.says_no_difference, one.says_harms, one.wrong)),
            percent(one.misses_truth, 1),
            f"{one.years:.1f} ({one.years_5:.1f}–{one.years_95:.1f})",
            percent(one.naive_wrong, 1),
        )
        for one in played.looks_played
    ]
    heads = ("true\neffect", "says\nhelps", "no dif-\nference", "harms", "wrong", "interval\nbeside it",
             "years until\nit is said", "wrong, by\nquarters")  # fmt: skip
    table("At the planned looks the page", heads, rows)
    paragraphs(["'By quarters' is who compares the arms every quarter at 1.96 and stops at the first difference."])


def _differences(found: Balance) -> None:
    rows = [
        (d.group, round(d.women), *(f"{n:.3g}" for n in (d.median, d.p95, d.worst)), percent(d.empty_arm, 1))
        for d in found.differences
    ]
    heads = ("group", "women", "median", "95 %", "worst", "an arm\nempty")
    table(f"Difference between the arms, in women, over {found.trials} trials", heads, rows)
    echo(
        f"Cells with nobody: {percent(found.empty_cells, 1)}. "
        f"Trials with a cell of which one arm is empty: {percent(found.any_empty_arm, 1)}."
    )
    echo()


def paragraphs(texts: Iterable[str]) -> None:
    """Print texts, each folded to the width of a page."""
    for text in texts:
        echo(textwrap.fill(text, _WIDTH_WITHOUT_TERMINAL, subsequent_indent="  ", break_on_hyphens=False))


def dry_run(pipeline: Pipeline, programme: Programme, *, in_json: bool) -> None:
    """Print the steps of a pipeline, without touching anything."""
    required, optional = pipeline.files(programme)
    plan = {
        "pipeline": pipeline.pipeline,
        "required": list(required),
        "optional": list(optional),
        "steps": [vars(step) for step in pipeline.steps],
    }
    if in_json:
        as_json(plan)
        return
    echo(pipeline.title)
    echo(f"Required files: {', '.join(required)}. Optional: {', '.join(optional) or 'none'}.")
    table(
        "Steps",
        ("step", "reads", "writes", "sensitivity"),
        ((s.step, s.reads, s.writes, s.sensitivity) for s in pipeline.steps),
    )


def drawn(result: dict[str, Any]) -> None:
    """Show what a draw with a nonce gave."""
    arms = ", ".join(f"{number} {arm.replace('_', ' ')}" for arm, number in result["allocated"].items())
    if not any(result["allocated"].values()):
        arms = "nobody now; who was drawn before stays so, and the lists were written again"
    lines([f"Batch {result['batch']} is drawn: {arms}.", *result["lists"], f"Ledger head: {result['ledger_head']}"])


def epoch(result: dict[str, Any]) -> None:
    """Show the epoch that was opened."""
    lines(
        [
            f"Epoch {result['epoch']} is open ({result['why']}).",
            f"Design: {result['design_hash']}",
            f"Commitment to its key: {result['key_commitment']} (have somebody else keep it)",
            f"Ledger head: {result['ledger_head']}",
        ]
    )


def verification(result: dict[str, Any]) -> None:
    """Print what the verification of the ledger found."""
    if result["ok"]:
        echo(f"The ledger verifies: {result['entries']} entries, {sum(result['allocations'].values())} allocations")
        echo("replayed with the key; allocations and lists agree with it.")
    if result["covered"] is not None and result["covered"] < result["entries"]:
        later = result["entries"] - result["covered"]
        echo(f"The head given stands for the first {result['covered']} entries; {later} were added since.")
    lines(f"  - {fault}" for fault in result["faults"])
    echo(f"Ledger head: {result['ledger_head'] or 'none yet'}")


def doctor(findings: Sequence[Finding]) -> None:
    """Print what was examined and what to mend."""
    table(
        "Examined",
        ("what", "well", "found"),
        ((f.what, "yes" if f.well else "NO", f.found) for f in findings),
    )


def told(result: Told) -> None:
    """Print what the rule of a recorded event means; never of whom it was."""
    rule = result.rule
    echo(f"Recorded: {rule.name}." if result.is_new else f"Recorded before: {rule.name}; nothing was added.")
    _sentences(rule)
    lines(str(path) for path in result.lists)
    if result.not_understood:
        say(
            "The day fits no pregnancy of hers, so this counts as a report that cannot be read, and nothing is sent to "
            "her: if the day is wrong, record 'vergissing' for that same day, and then the right day."
        )
    say(f"{len(result.lists)} files of lists are in place.")


def events(rules: Iterable[EventRule]) -> None:
    """Print what can happen to a woman, and the rule of each."""
    for rule in rules:
        echo(f"{rule.code}: {rule.name} ({rule.comes})")
        _sentences(rule)
        echo()


def _sentences(rule: EventRule) -> None:
    lines((f"  list      {rule.on_list}", f"  data      {rule.on_data}", f"  analysis  {rule.on_analysis}"))


NOT_FOR_PUBLICATION = "Exact counts of the restricted tier, for those who run the trial: not for publication."


def flow(result: Flow) -> None:
    """Print the flow of participants."""
    echo(NOT_FOR_PUBLICATION)
    before = [(_label(count.stage, count.reason), count.women) for count in result.not_drawn]
    table("Before the draw", ("box", "women"), [("ever seen", result.seen), *before, ("drawn", result.drawn)])
    for epoch in dict.fromkeys(arm.epoch for arm in result.arms):
        arms = [arm for arm in result.arms if arm.epoch == epoch]
        heads = ("box", *(arm.arm.replace("_as_", " as\n") for arm in arms))
        table(f"After the draw, epoch {epoch}", heads, _boxes(arms))


def _boxes(arms: Sequence[ArmFlow]) -> list[tuple[Any, ...]]:
    """Return a row per box with the women of each arm."""
    return [
        ("allocated", *(arm.allocated for arm in arms)),
        *_reasons([arm.excluded for arm in arms]),
        ("analysed: intention to treat", *(arm.intention_to_treat for arm in arms)),
        ("analysed: per protocol", *(arm.per_protocol for arm in arms)),
        *_reasons([arm.not_per_protocol for arm in arms]),
        ("sensitivity: assessor blinded", *(arm.blinded_assessment for arm in arms)),
    ]


def _reasons(counts: Sequence[Sequence[Count]]) -> list[tuple[Any, ...]]:
    of_arm = [{_label(count.stage, count.reason): count.women for count in arm} for arm in counts]
    return [(label, *(arm.get(label, 0) for arm in of_arm)) for label in sorted({key for arm in of_arm for key in arm})]


def _label(stage: str, reason: str | None) -> str:
    return (stage if reason is None else f"{stage}: {reason}").replace("_", " ")
