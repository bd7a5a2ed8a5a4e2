"""The figure and the page of boundaries for planned looks; the table and the text say what the figure shows."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.numbers import NOTHING, fixed, p_value, percent
from smartstart.report.markup import STYLE, page, paragraph, scrolling, section
from smartstart.report.risk_figures import BLUE, BROWN, GREY, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from smartstart.trial.sequential.planned import Boundaries

TITLE: Final = "When the trial stops"
_TOP: Final = 6.0  # a boundary beyond this is not reached; an arrow says that it lies higher
_FEW: Final = 8  # looks, up to which each value stands beside its marker
FOOT: Final = "Z is the estimate over its standard error. Errors are one-sided. No data were used."


def boundary_figure(found: Boundaries) -> str:
    """Draw Z at which each look stops the trial, and below it the error spent by then, over the information."""

    def draw(canvas: Canvas) -> None:
        axes, below = canvas.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.1]})
        _efficacy(axes, found)
        if found.futility_z:
            axes.plot(found.fractions[:-1], found.futility_z, color=BROWN, linestyle=(0, (5, 2)), marker="s",
                      markerfacecolor="white", label="futile at or below")  # fmt: skip
        axes.axhline(0, color=GREY, linestyle=(0, (1, 2)), linewidth=1.2)
        axes.set_ylabel("Z")
        canvas.legend(loc="outside upper left", ncols=2)
        axes.margins(y=0.15)
        spent = (0.0, *found.cumulative_spending)
        below.step((0.0, *found.fractions), spent, where="post", color=BLUE)
        below.plot(found.fractions, spent[1:], "o", color=BLUE, markersize=4)
        below.set(xlim=(0, 1.04), ylim=(0, 1.25 * found.alpha), xlabel="share of the planned information")
        below.set_ylabel("error spent")

    return drawn("boundaries", TITLE, _words(found), draw, height=4.4)


def boundary_page(found: Boundaries) -> bytes:
    """Return one page that stands by itself: the text first, a table with every number, the figure."""
    number = f"{found.looks} planned look{'s' if found.looks > 1 else ''}"
    title = f"{TITLE}: {number}"
    parts = (
        f"<h1>{escape(title)}</h1>",
        section("In short", *(paragraph(text) for text in found.sentences())),
        section(
            "The boundaries",
            _table(found),
            f'<figure><div class="drawing">{boundary_figure(found)}</div>'
            "<figcaption>What Z must reach at each look. The table says the same.</figcaption></figure>",
        ),
        section(
            "How",
            paragraph(f"{found.method[0].upper()}{found.method[1:]}."),
            paragraph(f"Reference: {found.reference}.", "small"),
        ),
    )
    return page("en", title, STYLE, "\n".join(parts), paragraph(FOOT, "small"))


def _efficacy(axes: Axes, found: Boundaries) -> None:
    shown = [min(z, _TOP) for z in found.z]
    axes.plot(found.fractions, shown, color=BLUE, marker="o", label="stop at or above")
    for time, z, at in zip(found.fractions, found.z, shown, strict=True):
        if z > _TOP:
            axes.plot([time], [_TOP], marker="^", color=BLUE, markersize=9)
        if found.looks <= _FEW:
            axes.annotate(f"{z:.2f}", (time, at), (0, 8), textcoords="offset points", ha="center", size=9.5)


def _table(found: Boundaries) -> str:
    low = (*(fixed(z, 4) for z in found.futility_z), NOTHING) if found.futility_z else None
    rows = [
        (
            str(place + 1), fixed(found.fractions[place], 3), fixed(found.z[place], 4), p_value(found.p[place], 6),
            p_value(found.cumulative_spending[place], 6), *((low[place],) if low else ()),
        )
        for place in range(found.looks)
    ]  # fmt: skip
    heads = ("Look", "Information", "Stop at Z", "p", "Error spent", *(("Futile at Z",) if low else ()))
    return scrolling("Boundary of each look", heads, rows)


def _words(found: Boundaries) -> str:
    looks = zip(found.fractions, found.z, strict=True)
    return "; ".join(f"at {percent(time)} of the information stop at Z {z:.2f}" for time, z in looks) + "."
