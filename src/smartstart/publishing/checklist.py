"""A checklist that is filled in where the program knows the answer, and marked open where a person must write it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any, Final, Literal

from smartstart.outputs import json_bytes
from smartstart.outreach.pages import made_up
from smartstart.report.markup import STYLE, listing, notice, page, paragraph, scrolling
from smartstart.tables import Table, tables_workbook
from smartstart.wording import Language, Wording, wording

State = Literal["known", "open", "not_applicable"]

_WIDE: Final = "body { max-width: 70rem } td:last-child { min-width: 24rem }"


@dataclass(frozen=True)
class Asked:
    """One item of a guideline: its number there, and in our words what it is about and what it asks."""

    item: str
    topic: str
    asks: str


@dataclass(frozen=True)
class Guideline:
    """A reporting guideline as ``configs/publication`` has it: its items, and where it was published."""

    checklist: str
    title: str
    source: str
    items: tuple[Asked, ...]


@dataclass(frozen=True)
class Answered:
    """An item with what the program knows of it; an open one may say what helps whoever writes the answer."""

    asked: Asked
    state: State
    answer: str

    def as_dict(self) -> dict[str, str]:
        """Return plain JSON values."""
        return vars(self.asked) | {"state": self.state, "answer": self.answer}


@dataclass(frozen=True)
class Checklist:
    """A guideline with its answers. ``name`` is that of its files; ``notes`` are for every reader."""

    name: str
    title: str
    source: str
    language: Language
    rehearsal: bool
    items: tuple[Answered, ...]
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Return how many items are known, open and not applicable."""
        found = Counter(one.state for one in self.items)
        return {state: found[state] for state in ("known", "open", "not_applicable")}

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "checklist": self.name,
            "title": self.title,
            "source": self.source,
            "rehearsal": self.rehearsal,
            "counts": self.counts,
            "items": [one.as_dict() for one in self.items],
            "notes": list(self.notes),
        }


def known(answer: str) -> tuple[State, str]:
    """Return an answer that the program knows; an empty one is open."""
    return ("known", answer) if answer else ("open", "")


def open_(hint: str = "") -> tuple[State, str]:
    """Return an answer that a person writes, with what may help."""
    return "open", hint


def files_of(checklist: Checklist) -> dict[str, bytes]:
    """Return the checklist as JSON, as a workbook and as a page that stands by itself, by the names of the files."""
    content = json_bytes(checklist.as_dict())
    return {
        f"{checklist.name}.json": content,
        f"{checklist.name}.xlsx": _workbook(checklist),
        f"{checklist.name}.html": _page(checklist),
    }


def _words(checklist: Checklist) -> Wording:
    return wording(checklist.language, __package__ or "")


def _rows(checklist: Checklist) -> list[tuple[str, ...]]:
    w = _words(checklist)
    return [
        (one.asked.item, one.asked.topic, one.asked.asks, w.say(f"checklist.{one.state}"), one.answer)
        for one in checklist.items
    ]


def _heads(checklist: Checklist) -> tuple[str, ...]:
    w = _words(checklist)
    return tuple(w.say(f"checklist.{name}") for name in ("item", "topic", "asks", "state", "answer"))


def _marks(checklist: Checklist) -> tuple[str, ...]:
    """Return what marks made-up data, before anything else."""
    return (_words(checklist).say("checklist.rehearsal", made_up=made_up()),) if checklist.rehearsal else ()


def _workbook(checklist: Checklist) -> bytes:
    said = [*_marks(checklist), checklist.source, *checklist.notes]
    return tables_workbook(
        checklist.title,
        [
            Table(checklist.name, _heads(checklist), _rows(checklist)),
            Table("notes", (checklist.title,), [(line,) for line in said]),
        ],
    )


def _page(checklist: Checklist) -> bytes:
    w = _words(checklist)
    parts = [
        f"<h1>{escape(checklist.title)}</h1>",
        *map(notice, _marks(checklist)),
        paragraph(w.say("checklist.count", **checklist.counts)),
        listing(checklist.notes) if checklist.notes else "",
        scrolling(checklist.title, _heads(checklist), _rows(checklist), "words"),
    ]
    foot = paragraph(w.say("checklist.source", source=checklist.source), "small")
    return page(checklist.language, checklist.title, STYLE + _WIDE, "\n".join(filter(None, parts)), foot)
