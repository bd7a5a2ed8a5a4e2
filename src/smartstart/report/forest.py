"""The forest plot of municipalities: each by itself, the common answer, and where a next one may lie.

Squares grow with the weight, a diamond is an answer over all, a bar below it the prediction interval: shapes tell
them apart, not colours. What is not defined is said in words, and the same values give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Final

from smartstart.numbers import interval, measured, short
from smartstart.report.effect_figures import interval_words, nice_ticks
from smartstart.report.risk_figures import BLUE, BROWN, GREY, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from smartstart.trial.analysis.records import Estimate

MOST: Final = 60  # municipalities in one figure; of more, the table beside it tells
_ROW: Final = 0.4  # inch: a line of words, and below it what is drawn
_WORDS: Final = 0.3  # of a row, from where its words stand to what is drawn
_LARGEST: Final = 11.0  # points, the side of the square with the largest weight
_HALF: Final = 0.16  # of a row, the height of a diamond


@dataclass(frozen=True)
class Line:
    """One municipality: what stands beside it in words, its effect, and its weight in the common answer, 0 to 1."""

    name: str
    words: str
    effect: Estimate
    weight: float


@dataclass(frozen=True)
class Diamond:
    """An answer over all municipalities; ``prediction`` is where that of a next one may lie."""

    name: str
    estimate: float
    lower: float
    upper: float
    prediction: tuple[float, float] | None = None


def municipalities_figure(name: str, title: str, lines: Sequence[Line], diamonds: Sequence[Diamond], axis: str) -> str:
    """Draw each municipality and the answers over all; ``axis`` names the measure."""
    shown = lines if len(lines) <= MOST else ()
    count = len(shown) + len(diamonds) + sum(one.prediction is not None for one in diamonds)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        ends = _ends(shown, diamonds)
        axes.set_xlim(*ends)
        axes.axvline(0.0, color=GREY, linestyle=(0, (1, 2)), linewidth=1.3)
        largest = max((line.weight for line in shown), default=0.0)
        for place, one in enumerate(shown):
            _words(axes, place, f"{one.name}, {one.words}", _numbers(one.effect))
            _municipality(axes, one, place + _WORDS, ends, largest)
        place = len(shown)
        for rank, answer in enumerate(diamonds):
            _words(axes, place, answer.name, _numbers(answer))
            _diamond(axes, answer, place + _WORDS, filled=rank == 0)
            place += 1
            if answer.prediction:
                low, high = answer.prediction
                _words(axes, place, "where that of a next municipality may lie", f"{measured(low)} to {measured(high)}")
                at = [place + _WORDS] * 2
                axes.plot([max(low, ends[0]), min(high, ends[1])], at, color=BROWN, linewidth=3.0)
                place += 1
        axes.set_ylim(count - 0.35, -0.4)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        ticks = nice_ticks(*ends, 5)
        axes.set_xticks(ticks, [short(tick) for tick in ticks])
        axes.set_xlabel(axis)

    words = [f"{one.name}, {one.words}: {interval_words(one.effect)}" for one in lines]
    for answer in diamonds:
        told = f"{answer.name}: {measured(answer.estimate)} ({measured(answer.lower)} to {measured(answer.upper)})"
        ahead = answer.prediction
        words.append(told + (f", a next one {measured(ahead[0])} to {measured(ahead[1])}" if ahead else ""))
    return drawn(name, title, f"{'; '.join(words)}.", draw, height=0.9 + _ROW * count)


def _words(axes: Axes, place: int, left: str, right: str) -> None:
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.4}
    for at, text, side in ((0.0, left if len(left) <= 46 else f"{left[:45]}…", "left"), (1.0, right, "right")):
        axes.text(at, place, text, transform=axes.get_yaxis_transform(), ha=side, va="center", size=9, bbox=paper,
                  zorder=3)  # fmt: skip


def _municipality(axes: Axes, one: Line, place: float, ends: tuple[float, float], largest: float) -> None:
    effect, (left, right) = one.effect, ends
    if not isfinite(effect.estimate):
        return  # its words say that there is nothing
    if isfinite(effect.lower) and isfinite(effect.upper):
        axes.plot([max(effect.lower, left), min(effect.upper, right)], [place, place], color=BLUE, linewidth=1.4)
        for beyond, at, shape in ((effect.lower < left, left, "<"), (effect.upper > right, right, ">")):
            if beyond:
                axes.plot([at], [place], marker=shape, color=BLUE, markersize=6, clip_on=False)
    side = max(2.5, _LARGEST * sqrt(one.weight / largest)) if largest > 0 else 2.5
    axes.plot([effect.estimate], [place], marker="s", color=BLUE, markersize=side)


def _diamond(axes: Axes, one: Diamond, place: float, *, filled: bool) -> None:
    if not all(isfinite(value) for value in (one.estimate, one.lower, one.upper)):
        return  # its words say that there is nothing
    x = [one.lower, one.estimate, one.upper, one.estimate]
    y = [place, place - _HALF, place, place + _HALF]
    axes.fill(x, y, facecolor=BROWN if filled else "white", edgecolor=BROWN, linewidth=1.4, zorder=3)


def _ends(lines: Sequence[Line], diamonds: Sequence[Diamond]) -> tuple[float, float]:
    """Return the ends of an axis on which the answers stand wide; a municipality with few women may run off it."""
    main = [value for one in diamonds for value in (one.lower, one.upper, *(one.prediction or ())) if isfinite(value)]
    middles = [one.effect.estimate for one in lines if isfinite(one.effect.estimate)]
    widest = sorted(abs(end) for one in lines for end in (one.effect.lower, one.effect.upper) if isfinite(end))
    most = max([abs(value) for value in (*main, *middles)], default=0.0) * 1.15
    most = max(most, widest[len(widest) // 2] * 1.1 if widest else 0.0) or 1.0
    return -most, most


def _numbers(one: Estimate | Diamond) -> str:
    if not isfinite(one.estimate):
        return "not defined"
    if not (isfinite(one.lower) and isfinite(one.upper)):
        return measured(one.estimate)
    return f"{measured(one.estimate)} ({interval(one)})"
