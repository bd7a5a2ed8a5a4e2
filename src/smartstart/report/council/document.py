"""What the page says, in words and tables, before anybody decides how it looks: the same for HTML, XLSX and PDF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Value = int | float | None


@dataclass(frozen=True)
class Cell:
    """A cell: what a reader sees, and its number for a sheet where the text is that number and says no more."""

    text: str
    value: Value = None


@dataclass(frozen=True)
class Table:
    """A table; ``name`` is its sheet's. The first cell of a row names the row."""

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Figure:
    """A figure; ``draw`` returns it as SVG, with its letters as paths where a printer has no fonts."""

    name: str
    caption: str
    words: str
    draw: Callable[[bool], str]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; ``kind`` is plain, lead (the answer) or note."""

    text: str
    kind: str = "plain"


Part = Paragraph | Table | Figure


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading."""

    name: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Document:
    """The whole; ``notices`` stand before everything, ``foot`` after it."""

    language: str
    title: str
    notices: tuple[str, ...]
    as_of: str
    sections: tuple[Section, ...]
    foot: str
