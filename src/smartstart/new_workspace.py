"""``smartstart init``: a workspace with everything in it, the midwives' template included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from smartstart.outputs import write_file
from smartstart.workspace import Workspace, init_workspace

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Contract, Field
    from smartstart.outreach.workbook import TemplateColumn

TEMPLATE = "vragenlijst-sjabloon.xlsx"


def make_workspace(folder: Path, programme: str, *, rehearsal: bool, keys: Path | None) -> Workspace:
    """Make a workspace and put the template in it that midwives fill in."""
    from smartstart.outreach.workbook import questionnaire_template

    workspace = init_workspace(folder, programme, rehearsal=rehearsal, keys=keys)
    columns = template_columns(workspace.contracts["vragenlijst"])
    write_file(workspace.folder / TEMPLATE, questionnaire_template(columns))
    return workspace


def template_columns(contract: Contract) -> list[TemplateColumn]:
    """Return the columns of the midwives' template, from the questionnaire's contract."""
    from smartstart.outreach.workbook import TemplateColumn

    return [
        TemplateColumn(f.header, f.description, _allowed(f), f.required or f.kind == "consent_date", _kind(f))
        for f in contract.fields
    ]


def _allowed(f: Field) -> tuple[str, ...]:
    if f.instrument and f.minimum is not None and f.maximum is not None:
        return tuple(str(n) for n in range(f.minimum, f.maximum + 1))
    return tuple(f.codes)


def _kind(f: Field) -> Literal["text", "date", "number", "choice"]:
    if f.codes or f.instrument:
        return "choice"
    if f.is_date:
        return "date"
    return "number" if f.kind == "integer" else "text"
