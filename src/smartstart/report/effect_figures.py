"""The figures of a comparison of two arms: effects with their intervals, each arm's level, and curves over time.

Open and filled markers, and full and broken lines, tell apart what colours tell apart too. What is not defined is
said in words, and an end without a bound is an arrow. The same values give the same bytes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, isfinite, isnan, log10
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smartstart.numbers import grouped, interval, measured, short, stated
from smartstart.report.risk_figures import BLUE, BROWN, GREY, PALE, drawn
from smartstart.trial.analysis.estimands import MEASURES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from smartstart.trial.analysis.records import Estimate
    from smartstart.trial.analysis.survival import Curve

RATIOS: Final = frozenset({"risk_ratio", "odds_ratio", "hazard_ratio"})
FARTHEST: Final = 100.0  # a ratio's axis goes no further than this, or than its estimates; the rest is an arrow
_MARKERS: Final = {"unadjusted": ("o", "white"), "adjusted": ("o", BLUE), "beside it": ("D", BROWN)}


@dataclass(frozen=True)
class Effect:
    """A line of the forest plot; ``role`` is ``unadjusted``, ``adjusted`` or ``beside it``."""

    name: str
    measure: str
    role: str
    estimate: Estimate


def forest_figure(name: str, title: str, effects: Sequence[Effect], arms: tuple[str, str]) -> str:
    """Draw every effect with its interval: ratios on a log axis, differences in panels by their unit."""
    panels = _panels(effects)
    labels = [[_label(one) for one in rows] for _, rows in panels]
    heights = [0.75 + sum(0.4 + 0.17 * label.count("\n") for label in rows) for rows in labels]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        for panel, (unit, rows), words in zip(axes, panels, labels, strict=True):
            _forest_panel(panel, unit, rows, words, arms)
        used = [role for role in _MARKERS if any(one.role == role for one in effects)]
        if used:
            canvas.legend(handles=[_handle(role) for role in used], loc="outside upper left", ncols=len(used))

    words = "; ".join(f"{one.name}, {one.role}: {interval_words(one.estimate)}" for one in effects)
    return drawn(name, title, f"{words}.", draw, height=0.4 + sum(heights))


def levels_figure(name: str, title: str, levels: Sequence[tuple[str, Estimate]], axis: str) -> str:
    """Draw the mean or the risk of each arm with its interval."""

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, (_, one) in enumerate(levels):
            if not isfinite(one.estimate):
                continue
            marker, colour = (("o", BLUE), ("s", BROWN))[place % 2]
            low, high = (end if isfinite(end) else one.estimate for end in (one.lower, one.upper))
            axes.plot([low, high], [place, place], color=colour, linestyle=("-", (0, (4, 2)))[place % 2])
            axes.plot([one.estimate], [place], marker=marker, color=colour, markersize=7)
            at = (one.estimate, place)
            axes.annotate(measured(one.estimate), at, (0, 8), textcoords="offset points", ha="center")
        axes.set(ylim=(len(levels) - 0.5, -0.8), xlabel=axis)
        axes.set_yticks(range(len(levels)), [_short(arm, 16) for arm, _ in levels])
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.08)

    words = "; ".join(f"{arm}: {interval_words(one)}" for arm, one in levels)
    return drawn(name, title, f"{words}.", draw, height=1.9)


def curves_figure(name: str, title: str, curves: Sequence[tuple[str, Curve]], *, incidence: bool) -> str:
    """Draw the curve of each arm with its interval, and below it how many were at risk."""
    end = max([float(curve.times[-1]) for _, curve in curves]) or 1.0
    ticks = nice_ticks(0.0, end)

    def draw(canvas: Canvas) -> None:
        axes, below = canvas.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [5, 1.1]})
        for place, (arm, curve) in enumerate(curves):
            _step_curve(axes, arm, curve, place, incidence=incidence)
        axes.set(xlim=(0, end * 1.02), ylim=_reach(curves, incidence=incidence))
        axes.set_ylabel("share with the event" if incidence else "share without the event")
        axes.tick_params(axis="x", labelbottom=True)
        axes.set_xlabel("time")
        axes.set_xticks(ticks)
        axes.legend(loc="best")
        below.set(ylim=(len(curves) - 0.4, -1.4))
        below.set_yticks(range(len(curves)), [_short(arm, 12) for arm, _ in curves])
        below.tick_params(axis="both", length=0, labelbottom=False)
        below.tick_params(axis="y", pad=22)  # the first number stands at 0, half of it before the axis
        for spine in below.spines.values():
            spine.set_visible(False)
        below.annotate("at risk", (0, -0.95), color=GREY, size=9.5, va="center")
        for place, (_, curve) in enumerate(curves):
            for tick in ticks:
                below.annotate(grouped(at_risk(curve, tick)), (tick, place), ha="center", va="center", size=9.5)

    words = "; ".join(f"{arm}: {_end_words(curve)}" for arm, curve in curves)
    return drawn(name, title, f"{words}.", draw, height=4.3)


def at_risk(curve: Curve, time: float) -> float:
    """Return the women, or their weight, who were still followed without an ending just before ``time``."""
    place = int(np.searchsorted(curve.times, time, side="left"))
    return float(curve.at_risk[place]) if place < len(curve.times) else 0.0


def value_at(curve: Curve, time: float, *, incidence: bool) -> tuple[float, float, float]:
    """Return the curve and its limits at ``time``; before the first step nobody had the event."""
    place = curve.at(time)
    if place < 0:
        start = 0.0 if incidence else 1.0
        return start, float("nan"), float("nan")
    return float(curve.estimate[place]), float(curve.lower[place]), float(curve.upper[place])


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from ``low`` to ``high``."""
    from matplotlib.ticker import MaxNLocator

    return [float(tick) for tick in MaxNLocator(most).tick_values(low, high) if low <= tick <= high]


def interval_words(one: Estimate) -> str:
    """Return an estimate with its interval."""
    return f"{measured(one.estimate)} ({stated(one.level)} interval {interval(one)})"


def _panels(effects: Sequence[Effect]) -> list[tuple[str, list[Effect]]]:
    def unit(one: Effect) -> str:
        return "ratio" if one.measure in RATIOS else one.measure

    order = ["ratio", *MEASURES]
    ranked = sorted(effects, key=lambda one: order.index(unit(one)))
    return [(name, list(rows)) for name, rows in groupby(ranked, key=unit)]


def _label(one: Effect) -> str:
    return textwrap.fill(one.name if one.role == "beside it" else f"{one.name}, {one.role}", 38)


def _forest_panel(axes: Axes, unit: str, rows: Sequence[Effect], labels: Sequence[str], arms: tuple[str, str]) -> None:
    ratio = unit == "ratio"
    low, high = _limits((one.estimate for one in rows), ratio=ratio)
    treated, control = (_short(arm, 14) for arm in arms)
    if ratio:
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    ends = f"{treated} over {control} (log axis)" if ratio else f"{treated} minus {control}"
    axes.set_xlabel(f"{MEASURES.get(unit, unit)}, {ends}")
    axes.axvline(1.0 if ratio else 0.0, color=GREY, linestyle=(0, (1, 2)), linewidth=1.3)
    place = 0.0
    for one, label in zip(rows, labels, strict=True):
        lines = 1 + label.count("\n")
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        axes.text(0.0, place, label, transform=axes.get_yaxis_transform(), va="top", size=9.5, bbox=paper, zorder=3)
        shown = f"{measured(one.estimate.estimate)} ({interval(one.estimate)})"
        axes.text(1.0, place, shown, transform=axes.get_yaxis_transform(), va="top", ha="right", size=9, bbox=paper,
                  zorder=3)  # fmt: skip
        place += 0.17 * lines + 0.1
        _bar(axes, one, place, (low, high))
        place += 0.13
    axes.set_ylim(place + 0.02, -0.03)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = _ratio_ticks(low, high) if ratio else nice_ticks(low, high, 5)
    axes.set_xticks(ticks, [short(tick) for tick in ticks])
    axes.minorticks_off()


def _bar(axes: Axes, one: Effect, place: float, ends: tuple[float, float]) -> None:
    """Draw one effect: its marker, its line, and an arrow where the line goes on beyond the axis."""
    low, high = ends
    estimate = one.estimate
    marker, fill = _MARKERS[one.role]
    colour = BROWN if one.role == "beside it" else BLUE
    if not (isnan(estimate.lower) or isnan(estimate.upper)):
        left, right = max(estimate.lower, low), min(estimate.upper, high)
        axes.plot([left, right], [place, place], color=colour, linewidth=1.6, zorder=2)
        for beyond, at, shape in ((estimate.lower < low, low, "<"), (estimate.upper > high, high, ">")):
            if beyond:
                axes.plot([at], [place], marker=shape, color=colour, markersize=7, clip_on=False, zorder=3)
    if low <= estimate.estimate <= high:
        axes.plot([estimate.estimate], [place], marker=marker, markerfacecolor=fill, markeredgecolor=colour,
                  markersize=7, markeredgewidth=1.5, zorder=4)  # fmt: skip


def _limits(estimates: Iterable[Estimate], *, ratio: bool) -> tuple[float, float]:
    """Return the ends of an axis that shows what has a bound, and no effect."""
    none, found = (1.0, list(estimates)) if ratio else (0.0, list(estimates))
    middles = [one.estimate for one in found]
    ends = [end for one in found for end in (one.lower, one.upper)]
    if not ratio:
        seen = [none, *(value for value in (*middles, *ends) if isfinite(value))]
        spread = max(seen) - min(seen) or 1.0
        return min(seen) - 0.06 * spread, max(seen) + 0.06 * spread
    firm = [value for value in middles if isfinite(value) and value > 0]
    firm += [end for end in ends if isfinite(end) and 1 / FARTHEST <= end <= FARTHEST]
    low, high = min([0.8, *firm]), max([1.25, *firm])
    pad = (high / low) ** 0.06
    return low / pad, high * pad


def _ratio_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten; on a short axis evenly spaced numbers, on a long one powers only."""
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5)):
        ticks = [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]
        if len(ticks) >= 3:
            return ticks[:: 1 + len(ticks) // 8]
    return nice_ticks(low, high, 5)


def _step_curve(axes: Axes, arm: str, curve: Curve, place: int, *, incidence: bool) -> None:
    chosen = curve.thinned()
    start = 0.0 if incidence else 1.0
    times = np.concatenate([[0.0], curve.times[chosen]])
    values = np.concatenate([[start], curve.estimate[chosen]])
    low, high = (np.concatenate([[np.nan], limits[chosen]]) for limits in (curve.lower, curve.upper))
    colour, line, band = ((BLUE, "-", PALE), (BROWN, (0, (5, 2)), "none"))[place % 2]
    if np.isfinite(low).any():
        hatch: dict[str, Any] = {"hatch": "////", "edgecolor": "#d9b48f"} if place % 2 else {}
        axes.fill_between(times, low, high, where=np.isfinite(low), step="post", facecolor=band, linewidth=0, **hatch)
    axes.step(times, values, where="post", color=colour, linestyle=line, label=_short(arm, 24))


def _reach(curves: Sequence[tuple[str, Curve]], *, incidence: bool) -> tuple[float, float]:
    """Return the axis of the share: from 0 to 1, or the part of it where rare events can be seen."""
    known = [limits[np.isfinite(limits)] for _, c in curves for limits in (c.estimate, c.lower, c.upper)]
    seen = np.concatenate(known)
    if incidence:
        return 0.0, float(min(1.0, max(0.02, 1.1 * seen.max()))) + 0.001
    lowest = float(seen.min())
    return (0.0 if lowest < 0.5 else max(0.0, 1 - 1.1 * max(1 - lowest, 0.02))), 1.001


def _end_words(curve: Curve) -> str:
    return f"{measured(float(curve.estimate[-1]))} at the end of its follow-up, {measured(float(curve.times[-1]))}"


def _handle(role: str) -> Any:
    from matplotlib.lines import Line2D

    marker, fill = _MARKERS[role]
    colour = BROWN if role == "beside it" else BLUE
    return Line2D([], [], color=colour, marker=marker, markerfacecolor=fill, markeredgewidth=1.5, label=role,
                  markersize=7)  # fmt: skip


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
