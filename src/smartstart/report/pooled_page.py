"""The page between the looks: the outcomes of both arms together, which anybody in the project may see."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING, Protocol

from smartstart.numbers import grouped, interval, measured
from smartstart.report.markup import STYLE, notice, page, paragraph, scrolling, section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartstart.trial.analysis.plan import PlannedComparison
    from smartstart.trial.analysis.records import Estimate


class Pooled(Protocol):
    """One planned outcome of both arms together."""

    @property
    def planned(self) -> PlannedComparison: ...  # noqa: D102
    @property
    def due(self) -> int: ...  # noqa: D102
    @property
    def known(self) -> int: ...  # noqa: D102
    @property
    def awaited(self) -> int: ...  # noqa: D102
    @property
    def missing(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def mean(self) -> float: ...  # noqa: D102
    @property
    def spread(self) -> float: ...  # noqa: D102
    @property
    def events(self) -> int | None: ...  # noqa: D102
    @property
    def risk(self) -> Estimate | None: ...  # noqa: D102


class Report(Protocol):
    """All outcomes, and where the trial stands on the way to its looks."""

    @property
    def look_sentences(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def as_of(self) -> str: ...  # noqa: D102
    @property
    def drawn(self) -> int: ...  # noqa: D102
    @property
    def excluded(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def outcomes(self) -> Sequence[Pooled]: ...  # noqa: D102


def pooled_page(found: Report, *notices: str) -> bytes:
    """Return the page; ``notices`` stand at its top."""
    title = "The trial so far, both arms together"
    heads = ("Outcome", "Due", "Known", "Awaited", "Seen")
    rows = [(_name(one), str(one.due), str(one.known), str(one.awaited), _seen(one)) for one in found.outcomes]
    missing = [(_name(one), why, str(count)) for one in found.outcomes for why, count in one.missing.items()]
    excluded = [(why, str(count)) for why, count in found.excluded.items()]
    parts = (
        f"<h1>{escape(title)}</h1>",
        *(notice(text) for text in notices),
        paragraph(f"Outcomes as of {found.as_of}. Women drawn: {grouped(found.drawn)}."),
        section("When the arms are compared", *(paragraph(text) for text in found.look_sentences)),
        section("Outcomes", scrolling("Both arms together", heads, rows)),
        section(
            "Not known, and why",
            scrolling("Women whose outcome is due and not known", ("Outcome", "Reason", "Women"), missing),
        )
        if missing
        else "",
        section("Who is left out", scrolling("Women whose data may not be used", ("Reason", "Women"), excluded))
        if excluded
        else "",
    )
    return page("en", title, STYLE, "\n".join(filter(None, parts)), paragraph("A dash is what is not known.", "small"))


def _name(one: Pooled) -> str:
    return f"{one.planned.name}{' (primary)' if one.planned.primary else ''}".replace("_", " ")


def _seen(one: Pooled) -> str:
    if one.events is None:
        return "–" if isnan(one.mean) else f"mean {measured(one.mean)}, SD {measured(one.spread)}"
    return f"{one.events} with the event" + (f", risk {interval(one.risk)}" if one.risk else "")
