"""See what the interpreter does while a command runs: which files it writes, what it starts, whom it calls."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from openpyxl import load_workbook
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "pty.spawn")
CALLS = (
    "socket.connect",
    "socket.getaddrinfo",
    "urllib.Request",
    "http.client.connect",
    "ftplib.connect",
    "smtplib.connect",
)
CHANGES = {
    "os.rename": 1,
    "os.mkdir": 0,
    "os.link": 1,
    "os.symlink": 1,
    "os.truncate": 0,
    "os.remove": 0,
    "shutil.rmtree": 0,
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Watched:
    """What happened while it was watched; ``inside`` are the folders in which anything may be written."""

    inside: tuple[Path, ...]
    started: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def all(self) -> list[str]:
        return [*self.started, *self.called, *self.written]

    def hear(self, event: str, words: tuple[Any, ...]) -> None:
        if event in STARTS:
            self.started.append(f"{event} {words[0]}")
        elif event in CALLS and "/" not in str(words[-1]):
            self.called.append(f"{event} {words[-1]}")
        elif event == "open" and isinstance(words[0], (str, bytes)) and self._writes(words[1], words[2]):
            self._judge(words[0])
        elif event in CHANGES and len(words) > CHANGES[event]:
            self._judge(words[CHANGES[event]])

    @staticmethod
    def _writes(mode: Any, flags: Any) -> bool:
        return bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(int(flags or 0) & WRITES)

    def _judge(self, name: Any) -> None:
        path = Path(os.path.abspath(os.fsdecode(name)))  # noqa: PTH100 - without looking at the disk
        if (
            path != Path(os.devnull)
            and "__pycache__" not in path.parts
            and not any(path.is_relative_to(folder) for folder in self.inside)
        ):
            self.written.append(str(path))


_now: list[Watched] = []


def _hook(event: str, words: tuple[Any, ...]) -> None:
    if _now:
        _now[-1].hear(event, words)


sys.addaudithook(_hook)


@contextmanager
def watched(*inside: Path) -> Iterator[Watched]:
    """Watch everything that happens within."""
    found = Watched(inside)
    _now.append(found)
    try:
        yield found
    finally:
        _now.remove(found)


# --- what can act in a file that was made -----------------------------------------------------------------

PDF_ACTS = {
    "/JS",
    "/JavaScript",
    "/URI",
    "/Launch",
    "/OpenAction",
    "/AA",
    "/EmbeddedFiles",
    "/GoToR",
    "/SubmitForm",
    "/RichMedia",
}
OFFICE_ACTS = re.compile(
    rb"TargetMode=.External|<f>|<f |<hyperlink[^>]* r:id|<!DOCTYPE|<w:instrText|<w:fldSimple|oleObject|vbaProject"
    rb"|altChunk"
)
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|1A|2K)")  # what rich itself writes: colours, and its line of progress


def acts_in(name: str, content: bytes) -> list[str]:
    """Return what could act in a file: a formula, a link, a script, a macro. Empty is what is promised."""
    if name.endswith(".xlsx"):
        return _in_workbook(content) + _in_office(content)
    if name.endswith(".docx"):
        return _in_office(content)
    if name.endswith(".pdf"):
        reader = PdfReader(BytesIO(content))
        return [] if reader.is_encrypted else sorted(_in_pdf(reader.trailer, set()))  # a passphrase of its own
    if name.endswith((".csv", ".tsv")):
        cells = [cell for line in content.decode("utf-8-sig").splitlines() for cell in re.split("[;,\t]", line)]
        return [f"cell {cell!r}" for cell in cells if cell.strip('"')[:1] in {"=", "+", "@", "\t", "\r"} and cell[:1]]
    return []


def _in_workbook(content: bytes) -> list[str]:
    cells = [cell for sheet in load_workbook(BytesIO(content)) for row in sheet.iter_rows() for cell in row]
    return [f"{cell.coordinate}: {cell.data_type}" for cell in cells if cell.data_type == "f" or _leads_out(cell)]


def _leads_out(cell: Any) -> bool:
    """Tell whether a cell links to elsewhere; our own pages lead to their other sheets."""
    return bool(cell.hyperlink and (cell.hyperlink.target or cell.hyperlink.id))


def _in_office(content: bytes) -> list[str]:
    with ZipFile(BytesIO(content)) as packed:
        return [
            f"{name}: {found.group()!r}"
            for name in packed.namelist()
            for found in [OFFICE_ACTS.search(packed.read(name))]
            if found
        ]


def _in_pdf(part: Any, seen: set[int]) -> set[str]:
    if isinstance(part, IndirectObject):
        if part.idnum in seen:
            return set()
        seen.add(part.idnum)
        part = part.get_object()
    if isinstance(part, DictionaryObject):
        inner = [_in_pdf(part.raw_get(key), seen) for key in part]
        return {str(key) for key in part if key in PDF_ACTS}.union(*inner)
    return set().union(*(_in_pdf(one, seen) for one in part)) if isinstance(part, ArrayObject) else set()


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes: what text may never add to."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[tuple[str, str]] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, ""), *((tag, name) for name, _ in attrs)}
        self.found |= {
            (tag, "runs") for name, value in attrs if (value or "").strip().lower().startswith("javascript:")
        }
        self.found |= {
            (tag, f"loads {value}")
            for name, value in attrs
            if name in {"src", "href", "xlink:href"} and "//" in (value or "")
        }
