"""The figures of the council's page, drawn from released values only: what is in the picture is in its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING

from smartstart.report.risk_figures import BLUE, BROWN, GREY, drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from smartstart.report.council.released import Range, ShownWave
    from smartstart.wording import Wording


@dataclass(frozen=True)
class Frame:
    """What every figure needs: its name on the page, its title, what it says in words, and the reader's language."""

    name: str
    title: str
    words: str
    w: Wording
    paths: bool

    def drawn(self, draw: Callable[[Canvas], None], height: float) -> str:
        """Return the figure as SVG, its height in inches."""
        return drawn(self.name, self.title, self.words, draw, height, paths=self.paths)


_MARKS = (("o", "-", BLUE), ("s", (0, (5, 2)), BROWN), ("D", (0, (1, 2)), GREY))


def dots(f: Frame, rows: Sequence[tuple[str, float]], axis: str) -> str:
    """Draw a dot for each row on one axis from 0."""

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, (_, value) in enumerate(rows):
            axes.plot([0, value], [place, place], color=GREY, linewidth=1)
            axes.plot([value], [place], marker="o", color=BLUE, markersize=7, clip_on=False)
        axes.axvline(0.1, color=GREY, linestyle=(0, (1, 2)), linewidth=1.2)
        axes.set(xlim=(0, max(0.3, *(value for _, value in rows)) * 1.05), ylim=(len(rows) - 0.4, -0.6), xlabel=axis)
        axes.set_yticks(range(len(rows)), [_short(label, 30) for label, _ in rows])
        axes.tick_params(axis="y", length=0)
        _local(axes, f.w)

    return f.drawn(draw, height=0.9 + 0.3 * len(rows))


def effects(f: Frame, rows: Sequence[tuple[str, Range]]) -> str:
    """Draw an effect for each row with its interval, each on an axis of its own since units differ."""

    def draw(canvas: Canvas) -> None:
        panels = canvas.subplots(len(rows), 1, squeeze=False)[:, 0]
        for axes, (label, one) in zip(panels, rows, strict=True):
            axes.axvline(0, color=GREY, linestyle=(0, (1, 2)), linewidth=1.2)
            axes.plot([one.lower, one.upper], [0, 0], color=BLUE, linewidth=1.8)
            axes.plot([one.estimate], [0], marker="s", color=BLUE, markersize=7)
            axes.set(ylim=(-1, 1), yticks=[], title=_short(label, 60))
            axes.title.set_size(10)
            axes.spines["left"].set_visible(False)
            most = max(abs(one.lower), abs(one.upper), 0.1) * 1.15
            axes.set_xlim(-most, most)
            _local(axes, f.w)

    return f.drawn(draw, height=0.2 + 1.0 * len(rows))


def waves(f: Frame, rows: Sequence[ShownWave], names: Mapping[str, str]) -> str:
    """Draw the mean at each moment with its interval, a line for each arm."""

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        moments = list(dict.fromkeys(one.moment for one in rows))
        arms = list(dict.fromkeys(one.arm for one in rows))
        for number, arm in enumerate(arms):
            marker, line, colour = _MARKS[number % len(_MARKS)]
            shown = [(moments.index(one.moment) + 0.06 * number, one.mean) for one in rows
                     if one.arm == arm and one.mean is not None]  # fmt: skip
            axes.plot([x for x, _ in shown], [mean.estimate for _, mean in shown], marker=marker, linestyle=line,
                      color=colour, label=names[f"arm.{arm}"])  # fmt: skip
            for x, mean in shown:
                axes.plot([x, x], [mean.lower, mean.upper], color=colour, linewidth=1.2)
        axes.set_xticks(range(len(moments)), [fill(names[f"moment.{moment}"], 16) for moment in moments])
        axes.margins(x=0.15, y=0.2)
        if len(arms) > 1:
            axes.legend(loc="best")
        _local(axes, f.w, x=False)

    return f.drawn(draw, height=3.0)


def looks(f: Frame, planned: Sequence[float], percent: int, now: str, axis: str) -> str:
    """Draw how much of the information is in, and where the planned looks lie."""

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        axes.barh([0], [100], color="white", edgecolor=GREY, height=0.5)
        axes.barh([0], [percent], color=BLUE, height=0.5)
        for number, share in enumerate(planned, start=1):
            axes.plot([100 * share] * 2, [-0.4, 0.4], color=BROWN, linewidth=2)
            axes.annotate(f.w.number(number), (100 * share, 0.5), ha="center", color=BROWN)
        axes.annotate(f"{f.w.number(percent)} % {now}", (percent, -0.62), ha="center", color=BLUE)
        axes.set(xlim=(-6, 106), ylim=(-0.9, 0.9), yticks=[], xlabel=axis)
        axes.spines["left"].set_visible(False)

    return f.drawn(draw, height=1.5)


def boxes(name: str, title: str, rows: Sequence[Sequence[tuple[str, str]]]) -> str:
    """Draw the flow: rows of boxes, each with a line of words and a number, joined from row to row.

    A box in a row of one stands in the middle; with ``<`` before its words it stands aside and is not joined on.
    """
    width, wide, tall, gap = 640, 300, 58, 34
    parts, lines, y = [], [], 0.0
    trunk: list[float] = []
    for row in rows:
        aside = len(row) == 1 and row[0][0].startswith("<")
        centres = [width - wide / 2] if aside else [width * (i + 1) / (len(row) + 1) for i in range(len(row))]
        if len(row) > 1:
            centres = [wide / 2 + i * (width - wide) / (len(row) - 1) for i in range(len(row))]
        if aside:
            centres, at = [width - (wide - 60) / 2], wide - 60
            middle = y + tall / 2
            lines.append((trunk[0], y - gap, trunk[0], y + tall if rows[-1] is not row else middle))
            lines.append((trunk[0], middle, width - at, middle))
        else:
            at = wide
            above = trunk or []
            if len(above) == len(centres):
                lines += [(a, y - gap, b, y) for a, b in zip(above, centres, strict=True)]
            elif above:
                lines += [
                    (above[0], y - gap, above[0], y - gap / 2),
                    (centres[0], y - gap / 2, centres[-1], y - gap / 2),
                ]
                lines += [(c, y - gap / 2, c, y) for c in centres]
            trunk = centres
        for centre, (text, number) in zip(centres, row, strict=True):
            parts.append(_box(centre, y, at, tall, text.removeprefix("<"), number))
        y += tall + gap
    strokes = "".join(f'<line x1="{a:g}" y1="{b:g}" x2="{c:g}" y2="{d:g}"/>' for a, b, c, d in lines)
    return (
        f'<svg role="img" class="flow" aria-labelledby="{name}-title" viewBox="-2 -2 {width + 4} {y - gap + 4:g}" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="15" text-anchor="middle" '
        f'stroke-width="1.5"><title id="{name}-title">{escape(title)}</title>'
        f'<g stroke="#1f2328">{strokes}</g>{"".join(parts)}</svg>'
    )


def _box(centre: float, y: float, wide: float, tall: float, text: str, number: str) -> str:
    left = centre - wide / 2
    return (
        f'<rect x="{left:g}" y="{y:g}" width="{wide:g}" height="{tall}" rx="4" fill="#fff" stroke="#1f2328"/>'
        f'<text x="{centre:g}" y="{y + 24:g}" fill="#1f2328">{escape(_short(text, 40))}</text>'
        f'<text x="{centre:g}" y="{y + 46:g}" fill="#1f2328" font-weight="700">{escape(number)}</text>'
    )


def _local(axes: Axes, w: Wording, *, x: bool = True) -> None:
    """Write the numbers on an axis as the language does."""
    from matplotlib.ticker import FuncFormatter

    (axes.xaxis if x else axes.yaxis).set_major_formatter(FuncFormatter(lambda value, _: w.number(round(value, 6))))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
