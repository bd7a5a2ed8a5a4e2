"""What a municipality puts in the folder ``huisstijl`` of its workspace: its logo, and Word templates of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smartstart.errors import UsageError
from smartstart.outreach.house import PLAIN, HouseStyle
from smartstart.outreach.pages import words
from smartstart.resources import shipped

if TYPE_CHECKING:
    from pathlib import Path

    from smartstart.programme.sections import Letters
    from smartstart.workspace import Workspace

FOLDER: Final = "huisstijl"
MOST_LOGO_BYTES: Final = 200_000  # it stands in every file: a larger one is a photograph
_SIGNATURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def house_style_of(workspace: Workspace) -> HouseStyle:
    """Return the house style that the programme states, plain without one. Raises UsageError for no usable logo."""
    letters = workspace.programme.letters
    if letters is None:
        return PLAIN
    sender = words().say("sender", municipality=workspace.programme.municipality.name)
    return HouseStyle(letters.colour, _logo(workspace.folder / FOLDER / letters.logo) if letters.logo else b"", sender)


def template_of(workspace: Workspace, name: str) -> tuple[bytes, str]:
    """Return a Word template and how to name it in a message: the municipality's own, or else the shipped one."""
    own = workspace.folder / FOLDER / f"{name}.docx"
    if own.is_file():
        return own.read_bytes(), f"{FOLDER}/{name}.docx"
    return (shipped("configs") / "letters" / f"{name}.docx").read_bytes(), f"{name}.docx"


def letters_of(workspace: Workspace) -> Letters:
    """Return the programme's section ``letters``. Raises UsageError when there is none."""
    letters = workspace.programme.letters
    if letters is None:
        raise UsageError(
            "programme.yaml: no letter is written without the section 'letters', which says who helps and where a "
            "complaint goes."
        )
    return letters


def _logo(path: Path) -> bytes:
    place = f"{FOLDER}/{path.name}"
    if not path.is_file():
        raise UsageError(f"{place}: the logo that programme.yaml names under 'letters' is not there: put it in.")
    content = path.read_bytes()
    if len(content) > MOST_LOGO_BYTES:
        raise UsageError(f"{place}: the logo is larger than {MOST_LOGO_BYTES // 1000} kB: make it smaller.")
    if not content.startswith(_SIGNATURES):
        raise UsageError(f"{place}: the logo is no PNG or JPEG: save it as one of them.")
    return content
