"""The page of a plan: how many years each answer takes, for one municipality and for several, with its figure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import log10
from typing import TYPE_CHECKING, Final

from smartstart.numbers import chance, grouped, short
from smartstart.report.effect_page import SAYS_THE_SAME
from smartstart.report.markup import STYLE, listing, page, paragraph, scrolling, section
from smartstart.report.risk_figures import BLUE, BROWN, GREY, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from smartstart.trial.planning.power import Power

FOOT: Final = "Made before the answer is known. [A] marks what is assumed; other assumptions give other years."
_LOOKS: Final = (("o", "-", BLUE), ("s", (0, (5, 2)), BROWN), ("D", (0, (1, 2)), GREY))


def planning_page(title: str, questions: Sequence[Power]) -> bytes:
    """Return the page of one question or of several."""
    caption = "Years until the last answer, by number of municipalities together"
    parts = (
        f"<h1>{escape(title)}</h1>",
        section("In short", _overview(questions)),
        section(
            "Together",
            _figure(years_figure("years", caption, questions), f"{caption}. Both axes are logarithmic"),
            scrolling(caption, ("Municipalities", *(one.question.name for one in questions)), _together(questions)),
        ),
        *(section(_capital(one.question.name), listing(one.sentences), _details(one)) for one in questions),
        section("Assumed", listing(dict.fromkeys(text for one in questions for text in one.question.assumptions()))),
    )
    return page("en", title, STYLE, "\n".join(parts), paragraph(FOOT, "small"))


def years_figure(name: str, title: str, questions: Sequence[Power]) -> str:
    """Draw the years until the last answer against the number of municipalities, a line for each question."""

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, one in enumerate(questions):
            marker, line, colour = _LOOKS[place % len(_LOOKS)]
            counts = [k.municipalities for k in one.municipalities]
            axes.plot(counts, [k.years for k in one.municipalities], marker=marker, linestyle=line, color=colour,
                      label=_short(one.question.name))  # fmt: skip
        counts = [k.municipalities for k in questions[0].municipalities]
        axes.set(xscale="log", yscale="log", xlabel="municipalities together", ylabel="years until the last answer")
        axes.set_xticks(counts, [str(count) for count in counts])
        _years_ticks(axes, questions)
        axes.minorticks_off()
        if len(questions) > 1:
            canvas.legend(loc="outside upper left", ncols=1)

    words = "; ".join(
        f"{one.question.name}: {grouped(one.municipalities[0].years, 1)} years for one municipality, "
        f"{grouped(one.municipalities[-1].years, 1)} for {one.municipalities[-1].municipalities}"
        for one in questions
    )
    return drawn(name, title, f"{words}.", draw, height=3.3 + 0.2 * len(questions))


def _years_ticks(axes: Axes, questions: Sequence[Power]) -> None:
    """Put round numbers on the axis of years, around what is drawn."""
    seen = [k.years for one in questions for k in one.municipalities]
    low, high = min(seen) / 1.2, max(seen) * 1.2
    powers = range(int(log10(low)) - 1, int(log10(high)) + 2)
    steps = (1, 2, 5) if high / low < 300 else (1,)
    ticks = [step * 10.0**p for p in powers for step in steps if low <= step * 10.0**p <= high]
    axes.set_ylim(low, high)
    axes.set_yticks(ticks, [grouped(tick) if tick >= 1 else short(tick) for tick in ticks])


def _overview(questions: Sequence[Power]) -> str:
    rows = [
        (one.question.name, grouped(one.per_arm), grouped(one.women), grouped(one.recruitment_years, 1),
         grouped(one.years, 1), grouped(one.municipalities_needed))
        for one in questions
    ]  # fmt: skip
    heads = ("To see", "Per arm", "To draw", "Years of drawing", "Years to the answer", "Municipalities needed")
    return scrolling("What each answer takes", heads, rows)


def _together(questions: Sequence[Power]) -> list[tuple[str, ...]]:
    counts = [k.municipalities for k in questions[0].municipalities]
    return [
        (str(count), *(grouped(one.municipalities[place].years, 1) for one in questions))
        for place, count in enumerate(counts)
    ]


def _details(one: Power) -> str:
    exact = "" if one.exact.power is None else f", power {chance(one.exact.power)}"
    return paragraph(
        f"{one.rule} Exact test ({one.exact.test}), without looks: {grouped(one.exact.per_arm)} per arm{exact}.",
        "small",
    )


def _figure(drawing: str, caption: str) -> str:
    said = f"<figcaption>{escape(caption)}. {SAYS_THE_SAME}</figcaption>"
    return f'<figure><div class="drawing">{drawing}</div>{said}</figure>'


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
