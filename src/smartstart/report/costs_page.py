"""The costs as a page: the answer in words, the prices with their sources, and which of them matters most."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.numbers import amount, grouped
from smartstart.report.markup import STYLE, page, paragraph, scrolling, section
from smartstart.report.risk_figures import BLUE, BROWN, GREY, drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure as Canvas

    from smartstart.support.costs import BudgetEffect

TITLE: Final = "What the offer costs, and what it may save"
BABYHUIS: Final = (
    "Beside it, and no effect: of the mothers who leave the Babyhuis in Dordrecht 94 % go on raising their child, by "
    "that house's own figure of 2018. Nobody knows how many would have without it."
)
_HEADS: Final = ("Input", "Low", "High", "Saving at low", "Saving at high")


def tornado_figure(found: BudgetEffect) -> str:
    """Draw how far the saving for each woman moves when one input alone moves, the widest at the top."""

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, bar in enumerate(reversed(found.bars)):
            base = found.saving.mean
            axes.barh(place, bar.low - base, left=base, facecolor="white", edgecolor=BROWN, height=0.55)
            axes.barh(place, bar.high - base, left=base, color=BLUE, height=0.55)
        axes.axvline(0, color=GREY, linestyle=(0, (1, 2)), linewidth=1.3)
        axes.set_yticks(range(len(found.bars)), [bar.name for bar in reversed(found.bars)])
        axes.set_xlabel("euros saved for each woman; hollow is the low value of the input")

    widest = found.bars[0]
    ends = f"from {grouped(widest.low)} to {grouped(widest.high)}"
    words = f"Most depends on the {widest.name}: {ends} euros saved for each woman."
    return drawn("tornado", "Which input matters most", words, draw)


def costs_page(found: BudgetEffect, sentences: Sequence[str], sources: Sequence[tuple[str, str, str]]) -> bytes:
    """Return the page; ``sources`` are the prices: what, how much, and where it comes from."""
    rows = [
        (bar.name, amount(bar.low_input), amount(bar.high_input), grouped(bar.low), grouped(bar.high))
        for bar in found.bars
    ]
    parts = (
        f"<h1>{escape(TITLE)}</h1>",
        section("In short", *(paragraph(sentence) for sentence in sentences)),
        section("Prices", scrolling("Each price with its source", ("Price", "Euros", "Source"), sources, "words")),
        section(
            "Which input matters most",
            f'<figure><div class="drawing">{tornado_figure(found)}</div>'
            "<figcaption>Each input moves by itself, the others stay. The table says the same.</figcaption></figure>",
            scrolling("Saving for each woman, in euros, when one input is moved", _HEADS, rows),
        ),
        section("Beside it", paragraph(BABYHUIS)),
    )
    return page("en", TITLE, STYLE, "\n".join(parts), paragraph("Amounts are rounded; no price here is ours.", "small"))
