"""Write the report: page, workbook and PDF from what passed the gate, and keep what was released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartstart.crash_points import reached
from smartstart.errors import UsageError
from smartstart.outputs import write_file
from smartstart.report import council
from smartstart.report.council.content import document, three_sentences
from smartstart.report.council.gate import release
from smartstart.report.council.page import html_page
from smartstart.report.council.paper import pdf
from smartstart.report.council.workbook import workbook
from smartstart.reporting.collecting import facts_of
from smartstart.reporting.releases import earlier_releases, record_release
from smartstart.statements import judge_statement
from smartstart.wording import wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartstart.report.council.released import Released
    from smartstart.workspace import Workspace


@dataclass(frozen=True)
class Reported:
    """What was written: three files, what they show, and whether that is a draft."""

    files: tuple[Path, ...]
    draft: bool
    sentences: tuple[str, str, str]
    shown: Released

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "files": [str(file) for file in self.files],
            "draft": self.draft,
            "state": self.shown.state,
            "sentences": list(self.sentences),
            "suppressed": [{"what": one.what, "why": one.why} for one in self.shown.suppressed],
            "shown": self.shown.as_dict(),
        }


@dataclass(frozen=True)
class Request:
    """How the report is asked for; ``owner`` and ``reason`` are of who releases it, empty for a draft."""

    folder: Path
    language: str = "nl"
    draft: bool = False
    owner: str = ""
    reason: str = ""


def report(workspace: Workspace, request: Request, tell: Callable[[str], None]) -> Reported:
    """Write the report as of the last run, and record the release unless it is a draft or a rehearsal.

    Raises StateError before the first draw; UsageError for an unknown language, or a release of real data by nobody;
    PolicyRefused when this page and earlier ones together would give a small number away.
    """
    w = wording(request.language, council.__name__)
    releases = bool(request.owner)
    _judge(request)
    draft = request.draft or not (releases or workspace.rehearsal)
    tell("read_outcomes")
    facts = facts_of(workspace, tell)
    tell("disclosure")
    shown = release(facts, earlier_releases(workspace, until=facts.as_of))
    made = document(shown, w, draft=draft, released_by=request.owner)
    made_on = datetime.combine(facts.as_of, time(), UTC)
    tell("writing")
    contents = {"html": html_page(made, w), "xlsx": workbook(made, w, made_on), "pdf": pdf(made, w, made_on)}
    files = tuple(request.folder / f"rapport-{facts.as_of.isoformat()}-{w.language}.{kind}" for kind in contents)
    for file, content in zip(files, contents.values(), strict=True):
        write_file(file, content)
    reached("page_written")
    if releases and not request.draft:
        record_release(workspace, shown, owner=request.owner, reason=request.reason)
    return Reported(files, draft, three_sentences(shown, w), shown)


def _judge(request: Request) -> None:
    if bool(request.owner) != bool(request.reason):
        raise UsageError("--owner and --reason go together: they say who releases the report, and why.")
    if request.owner and request.draft:
        raise UsageError("A draft is not released: leave out --draft, or --owner and --reason.")
    for option, text in (("--owner", request.owner), ("--reason", request.reason)):
        if text:
            judge_statement(option, text)
