"""``smartstart demo``: the whole story on a made-up municipality, through the same functions as real work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from smartstart.errors import StateError
from smartstart.new_workspace import make_workspace
from smartstart.outputs import make_folder
from smartstart.pipeline import Progress, Request, Result, run_pipeline
from smartstart.reading_copy import FOLDER
from smartstart.register.build import select_of
from smartstart.status import quarantine_of, write_quarantine_workbook
from smartstart.synthetic.deliveries import Delivery, Story, write_story, write_support
from smartstart.synthetic.support_log import DrawnWoman
from smartstart.trial.flow import OFFER
from smartstart.workspace import Workspace, find_workspace

SEED = 797  # the municipality's code; any number gives another town


def play(folder: Path, progress: AbstractContextManager[Progress], say: Callable[[str], None]) -> list[str]:
    """Write the made-up extracts, make a rehearsal workspace, run every pipeline; return what to look at.

    The same call on the same folder loads and draws nothing again.
    """
    workspace = _workspace(folder)
    story = write_story(folder / "extracts", SEED)
    say("A made-up municipality: nobody in it exists, and no figure says anything about a real one.")
    with progress as tell:
        for delivery in story.deliveries:
            say(_in_one_line(run_pipeline(workspace, _asked(delivery), tell)))
        log = write_support(story, _drawn(workspace, story))
        say(_in_one_line(run_pipeline(workspace, _asked(log), tell)))
    quarantine = folder.resolve() / "quarantine.xlsx"
    write_quarantine_workbook(workspace, quarantine_of(workspace, None), quarantine)
    return _what_to_look_at(workspace, quarantine)


def _workspace(folder: Path) -> Workspace:
    place = folder / "workspace"
    try:
        return find_workspace(place)
    except StateError:
        if folder.is_dir() and any(folder.iterdir()):
            raise StateError(f"'{folder}' is not empty and no earlier demo: choose another folder.") from None
        make_folder(folder)
        return make_workspace(place, "heusden", rehearsal=True, keys=None)


def _asked(delivery: Delivery) -> Request:
    return Request(
        pipeline=delivery.pipeline,
        extracts=delivery.folder,
        as_of=delivery.as_of,
        period=delivery.period,
        delivered=delivery.delivered,
    )


def _drawn(workspace: Workspace, story: Story) -> list[DrawnWoman]:
    """Return the made-up women who were drawn and may still be helped, so that a log can be made up of them."""
    with workspace.open() as (warehouse, vault):
        known = vault.known_ids(mother.bsn for mother in story.municipality.mothers)
        numbers = {research_id: bsn for bsn, research_id in known.items()}
        rows = warehouse.rows(
            "SELECT a.research_id, a.arm, a.index_date, f.due_date, i.as_of FROM allocation AS a"
            " INNER JOIN frozen AS f ON f.research_id = a.research_id"
            " INNER JOIN (SELECT batch, min(as_of) AS as_of FROM invitation GROUP BY batch) AS i ON i.batch = a.batch"
            f" INNER JOIN ({select_of('participant')}) AS p ON p.research_id = a.research_id"
            " WHERE NOT p.hand_over_stopped"
        )
    return [
        DrawnWoman(numbers[row["research_id"]], row["arm"] == OFFER, row["index_date"], row["as_of"], row["due_date"])
        for row in rows
    ]


def _in_one_line(result: Result) -> str:
    report = result.report
    rows = sum(file["rows_in"] for file in report["files"])
    aside = sum(file["quarantined"] for file in report["files"])
    refused = sum(file["refused"] for file in report["files"])
    text = f"{report['period']}: {rows} rows in, {aside} to quarantine, {refused} refused"
    if report["allocated"]["offer"] + report["allocated"]["care_as_usual"]:
        text += f"; {report['eligible']} eligible, {report['allocated']['offer']} to the offer"
    return text + ("; loaded before, nothing drawn again." if result.already_loaded else ".")


def _what_to_look_at(workspace: Workspace, quarantine: Path) -> list[str]:
    option = f"-w {workspace.folder}"
    return [
        "",
        f"Lists:      {workspace.lists_folder} (what each midwife practice gets, and others)",
        f"Quarantine: {quarantine} (what goes back to who delivered it)",
        f"Tables:     {workspace.folder / FOLDER} (for Power BI, R and DuckDB)",
        f"Database:   {workspace.warehouse_file} (encrypted; keys in {workspace.keys_folder})",
        "",
        f"Next: smartstart status {option}",
        f"      smartstart quarantine {option}",
        f"      smartstart trial verify {option}",
        f"      smartstart report --draft {option}",
    ]
