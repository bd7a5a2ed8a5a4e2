"""``smartstart init``: a workspace with everything in it, the midwives' template included.

It is built beside its place and renamed as the last act, so that an interrupted init leaves no half workspace.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from smartstart.crash_points import reached
from smartstart.errors import PolicyRefused, StateError
from smartstart.identity.keys import make_keys, read_key
from smartstart.outputs import PRIVATE_FOLDER, json_bytes, make_folder, write_file
from smartstart.programme.loading import load_programme, programme_file
from smartstart.trial.allocation import key_commitment
from smartstart.warehouse.warehouse import open_warehouse
from smartstart.workspace import KEYS_VARIABLE, LISTS, MARK, Workspace, default_keys_root, find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.contracts.odcs import Field
    from smartstart.outreach.workbook import TemplateColumn

TEMPLATE = "vragenlijst-sjabloon.xlsx"
_FOLDERS = ("extracts", LISTS, "ledger")


def make_workspace(folder: Path, programme: str, *, rehearsal: bool, keys: Path | None) -> Workspace:
    """Make a workspace for a programme: the name of a shipped one, or a YAML file.

    ``keys`` is the folder under which its keys will live, in a folder named by the workspace's id; by default that
    of SMARTSTART_KEYS or the user's own data folder. Raises StateError when something stands at ``folder``,
    PolicyRefused when the keys would lie within it.
    """
    folder = folder.resolve()
    _refuse_occupied(folder)
    source = programme_file(programme)
    load_programme(source)
    chosen = keys or (Path(os.environ[KEYS_VARIABLE]) if os.environ.get(KEYS_VARIABLE) else None)
    root = (chosen or default_keys_root()).resolve()
    if root.is_relative_to(folder):
        raise PolicyRefused("Keys may not lie beside the data: choose a folder for --keys outside the workspace.")
    workspace_id = secrets.token_hex(8)
    make_keys(root / workspace_id)
    make_folder(folder.parent)
    building = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".partial-{folder.name}-"))
    try:
        commitment = key_commitment(read_key(root / workspace_id, "allocation"))
        made = Workspace(building, workspace_id, rehearsal, str(root), commitment)
        _fill(made, source, str(root) if chosen else None)
        reached("workspace_built")
        if folder.is_dir():
            folder.rmdir()  # an empty folder in its place
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return find_workspace(folder)


def _fill(workspace: Workspace, programme: Path, keys: str | None) -> None:
    workspace.folder.chmod(PRIVATE_FOLDER)
    write_file(workspace.programme_file, programme.read_bytes())
    with open_warehouse(workspace.warehouse_file, read_key(workspace.keys_folder, "warehouse"), workspace.contracts):
        pass
    for name in _FOLDERS:
        make_folder(workspace.folder / name)
    from smartstart.outreach.workbook import questionnaire_template

    columns = template_columns(workspace)
    write_file(workspace.folder / TEMPLATE, questionnaire_template(columns))
    mark = {
        "workspace": workspace.workspace_id,
        "rehearsal": workspace.rehearsal,
        "keys": keys,
        "commitment": workspace.commitment,
    }
    write_file(workspace.folder / MARK, json_bytes(mark))


def _refuse_occupied(folder: Path) -> None:
    if (folder / MARK).exists():
        raise StateError(f"'{folder}' is a workspace already: use it as it is, or choose another folder.")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise StateError(f"'{folder}' is not empty: choose a new folder for the workspace.")


def template_columns(workspace: Workspace) -> list[TemplateColumn]:
    """Return the columns of the midwives' template: those of the questionnaire's contract, with the items."""
    from smartstart.outreach.workbook import TemplateColumn

    titles = {one.instrument: one.title for one in workspace.instruments}
    return [
        TemplateColumn(f.header, _explained(f, titles), _allowed(f), f.required or f.kind == "consent_date", _kind(f))
        for f in workspace.contracts["vragenlijst"].fields
    ]


def _explained(f: Field, titles: Mapping[str, str]) -> str:
    """Return in Dutch what goes into a column; an item of an instrument has no sentence of its own."""
    from smartstart.outreach.pages import words

    if f.instrument is None:
        return f.explanation
    return words().say("template.item", title=titles[f.instrument], item=f.header, least=f.minimum, most=f.maximum)


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
