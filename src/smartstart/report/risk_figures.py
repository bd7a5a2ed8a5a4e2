"""The figures by which a risk model is judged, each with its table; SVG that stands inside a page and loads nothing.

Figures take the plain values that ``Evaluation.as_dict`` and ``Monitoring.as_dict`` give. They draw grids, groups and
quantiles, never a person, and everything passes the disclosure gate first. Lines and markers differ in form as well as
in colour. The same values give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

from smartstart.numbers import JOINED, NOTHING, estimate, fixed, grouped, percent, stated
from smartstart.report.disclosure import released
from smartstart.report.released_evaluation import bound, released_evaluation
from smartstart.risk.drift import ACT, LOOK
from smartstart.risk.factor_count import CAUTION
from smartstart.small_numbers import MINIMUM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

Plain = Mapping[str, Any]

# Contrast with white: ink 15:1, blue 7:1, brown 6:1, grey 6:1.
INK, BLUE, BROWN, GREY, PALE = "#1f2328", "#0b5394", "#9a4a00", "#59636e", "#d5e3f0"
WIDTH: Final = 5.0  # inches; narrow, so that the words stay readable on a telephone
TOO_FEW: Final = "too few to show"
NAMES: Final = {
    "model": "this model",
    "factor_count": "four-factor count",
    "four_factors": "logistic on the four",
    "treat_all": "offer to all",
    "treat_none": "offer to nobody",
}
_LOOKS: Final[Any] = {  #  everything that a user's own settings could change is set
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 1.8,
    "hatch.linewidth": 0.8,
    "hatch.color": BROWN,
}
_NO_METADATA: Final = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True)
class Table:
    """The numbers of a figure in words: a caption, the heads of the columns and a row of texts for each line."""

    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Figure:
    """One kind of figure: ``draw`` gives its SVG and ``table`` its table, both from the same plain values."""

    name: str
    title: str
    draw: Callable[[Any], str]
    table: Callable[[Any], Table]


def calibration_figure(evaluation: Plain) -> str:
    """Draw observed against predicted risk: the smooth curve with its band, groups of children, and where risks lie."""
    shown = released_evaluation(evaluation)
    curve, groups = shown["calibration_curve"], shown["calibration_groups"]

    def draw(canvas: Canvas) -> None:
        axes, below = canvas.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [5, 1]})
        top = max([0.01, *(_of(point, "risk") for point in curve), *(_of(group, "upper") for group in groups)])
        axes.plot([0, top], [0, top], color=GREY, linestyle=(0, (1, 2)), label="as predicted")
        risks = [point["risk"] for point in curve]
        if curve:
            low, high = ([_of(point, key) for point in curve] for key in ("lower", "upper"))
            axes.fill_between(risks, low, high, color=PALE, label="95 % interval", linewidth=0)
            axes.plot(risks, [_of(point, "observed") for point in curve], color=BLUE, label="observed, smoothed")
        _points(axes, groups)
        axes.set(xlim=(0, top), ylim=(0, top), ylabel="observed risk")
        axes.legend(loc="upper left")
        below.fill_between(risks, _heights(curve), color=PALE, edgecolor=BLUE, linewidth=1)
        below.set(xlabel="predicted risk", ylabel="children", yticks=[], ylim=(0, None))
        _percents(axes.xaxis)
        _percents(axes.yaxis)

    words = "; ".join(
        f"predicted {percent(g['risk'], 1, JOINED)}, observed {percent(g['observed'], 1, JOINED)}" for g in groups
    )
    return _drawn("calibration", FIGURES["calibration"].title, words or TOO_FEW, draw, height=4.5)


def calibration_table(evaluation: Plain) -> Table:
    """Return the groups of the calibration figure."""
    groups = released_evaluation(evaluation)["calibration_groups"]
    return Table(
        "Observed risk by predicted risk, in groups of children",
        ("Predicted risk", "Observed risk", "95 % interval", "Children", "Placed"),
        tuple(
            (
                percent(group["risk"], 1, JOINED),
                percent(group["observed"], 1, JOINED),
                f"{percent(group['lower'], 1, JOINED)} to {percent(group['upper'], 1, JOINED)}",
                number(group["n"]),
                number(group["events"]),
            )
            for group in groups
        )
        or ((TOO_FEW, "", "", "", ""),),
    )


def decision_figure(evaluation: Plain) -> str:
    """Draw net benefit over thresholds: the model, both baselines, an offer to all and to nobody."""
    points = evaluation["decision_curve"]
    lines: dict[str, tuple[Any, str, str, Any]] = {
        "model": (points, "model", BLUE, "-"),
        "treat_all": (points, "treat_all", INK, (0, (5, 2))),
    }
    for name, style in zip(evaluation.get("baselines", {}), ((0, (1, 1.2)), (0, (6, 2, 1, 2))), strict=False):
        lines[name] = (evaluation["baselines"][name].get("decision_curve", ()), "model", BROWN, style)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        thresholds = [point["threshold"] for point in points]
        low, high = ([_of(point, key) for point in points] for key in ("model_lower", "model_upper"))
        axes.fill_between(thresholds, low, high, color=PALE, linewidth=0)
        for name, (curve, key, colour, style) in lines.items():
            xs, ys = [p["threshold"] for p in curve], [_of(p, key) for p in curve]
            axes.plot(xs, ys, color=colour, linestyle=style, label=NAMES.get(name, name))
        axes.axhline(0, color=GREY, linewidth=1, label=NAMES["treat_none"])
        best = max([0.001, *(_of(point, key) for point in points for key in ("model", "model_upper"))])
        ends = (min(thresholds, default=0), max(thresholds, default=1))
        axes.set(xlim=ends, ylim=(-0.25 * best, 1.1 * best), xlabel="risk from which one would offer help")
        axes.set_ylabel("net benefit")
        axes.legend(loc="upper right")
        _percents(axes.xaxis)

    better = sum(_of(p, "model") > max(_of(p, "treat_all"), 0) for p in points)
    words = f"The model does better than an offer to all and to nobody at {better} of {len(points)} thresholds."
    return _drawn("decision", FIGURES["decision"].title, words, draw)


def decision_table(evaluation: Plain) -> Table:
    """Return about ten points of the decision curves; net benefit per 1,000 children."""
    points = evaluation["decision_curve"]
    baselines = {
        name: {p["threshold"]: p.get("model") for p in one.get("decision_curve", ())}
        for name, one in evaluation.get("baselines", {}).items()
    }
    return Table(
        "Net benefit per 1,000 children, by the risk from which one would offer help",
        ("Threshold", "Model", "95 % interval", *(NAMES.get(b, b).capitalize() for b in baselines), "Offer to all"),
        tuple(
            (
                percent(point["threshold"], 1, JOINED),
                _per_thousand(point["model"]),
                _interval(point, "model", _per_thousand),
                *(_per_thousand(by.get(point["threshold"])) for by in baselines.values()),
                _per_thousand(point["treat_all"]),
            )
            for point in _about(points, 10)
        ),
    )


def flagged_figure(evaluation: Plain) -> str:
    """Draw, of 100 children flagged at each threshold, how many had the outcome in that time and how many had not."""
    rows = released_evaluation(evaluation)["thresholds"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, row in enumerate(rows):
            if row.get("ppv") is None:
                below = row.get("ppv_below")
                words = f"fewer than {100 * below:.0f} of 100 placed" if below else TOO_FEW
                axes.text(1, place, words, va="center", color=GREY)
                continue
            share = 100 * row["ppv"]
            axes.barh(place, share, color=PALE, edgecolor=BLUE, height=0.56)
            axes.barh(place, 100 - share, left=share, color="white", edgecolor=BROWN, hatch="///", height=0.56)
            ends = [
                [share - 100 * _of(row, "ppv_lower", row["ppv"])],
                [100 * _of(row, "ppv_upper", row["ppv"]) - share],
            ]
            axes.errorbar([share], [place], xerr=ends, color=INK, capsize=4, linewidth=1.4)
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 2}
            axes.text(97, place, f"{100 - share:.0f} without", va="center", ha="right", bbox=paper)
        labels = [threshold_words(row) for row in rows]
        axes.set(
            xlim=(0, 100),
            xlabel="of 100 children flagged: with and without the outcome",
            yticks=range(len(rows)),
            yticklabels=labels,
        )
        axes.tick_params(axis="y", length=0)
        axes.invert_yaxis()

    words = "; ".join(f"{threshold_words(row)}: {flagged_words(row)}" for row in rows)
    return _drawn("flagged", FIGURES["flagged"].title, words, draw, height=0.9 + 0.48 * max(len(rows), 2))


def flagged_table(evaluation: Plain) -> Table:
    """Return what each threshold costs and finds."""
    rows = released_evaluation(evaluation)["thresholds"]
    return Table(
        "What each threshold finds and costs (95 % intervals)",
        (
            "Flagged",
            "Children",
            "Of 100 flagged, with the outcome",
            "Without: false positives",
            "Of 100 with it, flagged",
        ),
        tuple(
            (
                threshold_words(row),
                number(row["n_flagged"]),
                _rate(row, "ppv"),
                _rate(row, "false_positive_share"),
                _rate(row, "sensitivity"),
            )
            for row in rows
        ),
    )


def comparison_figure(evaluation: Plain) -> str:
    """Draw the AUROC of the model and of both baselines, each with its interval."""
    compared = _compared(evaluation)

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, one in enumerate(compared.values()):
            auroc, (marker, colour) = one["auroc"], ("o", BLUE) if place == 0 else (("s", "D")[place % 2], BROWN)
            middle = _of(auroc, "estimate", 0.5)
            ends = [[middle - _of(auroc, "lower", middle)], [_of(auroc, "upper", middle) - middle]]
            axes.errorbar([middle], [place], xerr=ends, fmt=marker, color=colour, capsize=4, markersize=7)
            axes.annotate(f"{middle:.3f}", (middle, place), (0, 9), textcoords="offset points", ha="center")
        axes.axvline(0.5, color=GREY, linestyle=(0, (1, 2)), label="chance")
        least = min([0.5, *(_of(one["auroc"], "lower", 0.5) for one in compared.values())])
        most = max([0.8, *(_of(one["auroc"], "upper", 0.5) + 0.02 for one in compared.values())])
        axes.set(xlim=(least - 0.01, most), ylim=(len(compared) - 0.5, -0.7), xlabel="AUROC with 95 % interval")
        axes.set_yticks(range(len(compared)), list(compared))
        axes.tick_params(axis="y", length=0)
        axes.annotate("chance", (0.5, len(compared) - 0.6), (4, 0), textcoords="offset points", color=GREY, size=9)

    words = "; ".join(f"{name} {estimate(one['auroc'], 3, JOINED)}" for name, one in compared.items())
    return _drawn("comparison", FIGURES["comparison"].title, words, draw, height=0.9 + 0.55 * len(compared))


def comparison_table(evaluation: Plain) -> Table:
    """Return the measures of the model and of both baselines beside each other."""
    compared = _compared(evaluation)
    measures = {
        "auroc": "AUROC",
        "average_precision": "Average precision",
        "brier": "Brier score",
        "scaled_brier": "Scaled Brier score",
        "calibration_intercept": "Calibration intercept",
        "calibration_slope": "Calibration slope",
        "observed_expected": "Observed / expected",
        "ici": "ICI",
    }
    return Table(
        "Performance with 95 % intervals",
        ("Measure", *(name.capitalize() for name in compared)),
        tuple(
            (words, *(estimate(one.get(key), 4 if key in {"brier", "ici"} else 3, JOINED) for one in compared.values()))
            for key, words in measures.items()
        ),
    )


def instability_figure(points: Sequence[Plain]) -> str:
    """Draw how a risk moves when the model is learned again on resampled mothers: quantiles per level of risk.

    Each point holds ``risk`` (of the model), ``lower`` and ``upper`` (2.5th and 97.5th percentile), ``lower_quarter``,
    ``median`` and ``upper_quarter`` of the risks that the relearned models give (Riley and Collins 2023).
    """

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        risks = [point["risk"] for point in points]
        top = max([0.01, *(_of(point, "upper") for point in points)])
        for ends, shade, words in (
            (("lower", "upper"), PALE, "95 % of models"),
            (("lower_quarter", "upper_quarter"), "#9bbfdf", "half of the models"),
        ):
            low, high = ([_of(point, key) for point in points] for key in ends)
            axes.fill_between(risks, low, high, color=shade, linewidth=0, label=words)
        axes.plot(risks, [_of(point, "median") for point in points], color=BLUE, label="median")
        axes.plot(risks, risks, color=GREY, linestyle=(0, (1, 2)), label="the same risk")
        axes.set(xlim=(0, max(risks, default=top)), ylim=(0, top), xlabel="risk by this model")
        axes.set_ylabel("risk by relearned models")
        axes.legend(loc="upper left")
        _percents(axes.xaxis)
        _percents(axes.yaxis)

    words = "; ".join(
        f"at {percent(p['risk'], 1, JOINED)}: {percent(p['lower'], 1, JOINED)} to {percent(p['upper'], 1, JOINED)}"
        for p in _about(points, 5)
    )
    return _drawn("instability", FIGURES["instability"].title, words or TOO_FEW, draw)


def instability_table(points: Sequence[Plain]) -> Table:
    """Return about ten levels of risk with the spread of what relearned models give."""
    return Table(
        "What relearned models give, by the risk of this model",
        ("Risk by this model", "Median", "Half of the models", "95 % of the models"),
        tuple(
            (
                percent(point["risk"], 1, JOINED),
                percent(point["median"], 1, JOINED),
                f"{percent(point['lower_quarter'], 1, JOINED)} to {percent(point['upper_quarter'], 1, JOINED)}",
                f"{percent(point['lower'], 1, JOINED)} to {percent(point['upper'], 1, JOINED)}",
            )
            for point in _about(points, 10)
        ),
    )


def learning_figure(points: Sequence[Plain]) -> str:
    """Draw the AUROC on the same later children of models learned on ever more births.

    Each point holds ``n`` (mothers learned from), ``events``, and ``auroc``: as ``estimate`` the mean of models learned
    on different parts of that size, as ``lower`` and ``upper`` the lowest and the highest of them.
    """
    known = [point for point in points if (point.get("auroc") or {}).get("estimate") is not None]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        events, middles = [p["events"] for p in known], [p["auroc"]["estimate"] for p in known]
        ends = [
            [m - _of(p["auroc"], "lower", m) for p, m in zip(known, middles, strict=True)],
            [_of(p["auroc"], "upper", m) - m for p, m in zip(known, middles, strict=True)],
        ]
        axes.errorbar(events, middles, yerr=ends, fmt="o-", color=BLUE, capsize=4, markersize=6)
        axes.axhline(0.5, color=GREY, linestyle=(0, (1, 2)))
        axes.annotate("chance", (0, 0.5), (4, 4), textcoords="offset points", color=GREY, size=9)
        axes.set(
            xlim=(0, 1.08 * max(events, default=1)),
            xlabel="placements learned from",
            ylabel="AUROC: mean, lowest, highest",
        )

    words = "; ".join(f"{number(released(p['events']))} placements: {estimate(p['auroc'], 3, JOINED)}" for p in known)
    return _drawn("learning", FIGURES["learning"].title, words or TOO_FEW, draw)


def learning_table(points: Sequence[Plain]) -> Table:
    """Return the points of the learning curve."""
    return Table(
        "Performance by how much was learned from",
        ("Placements learned from", "Mothers", "AUROC (lowest to highest)"),
        tuple(
            (number(released(point["events"])), number(released(point["n"])), estimate(point.get("auroc"), 3, JOINED))
            for point in points
        ),
    )


def drift_figure(monitoring: Plain) -> str:
    """Draw per predictor how far the women of now are from those the model learned from."""
    rows = monitoring["predictors"]

    def draw(canvas: Canvas) -> None:
        axes = canvas.subplots()
        for place, row in enumerate(rows):
            if row["psi"] is None:
                axes.text(0.004, place, "nobody answered", va="center", color=GREY)
                continue
            alarm = bool(row["level"])
            colour, marker = (BROWN, "D") if alarm else (BLUE, "o")
            axes.plot([0, row["psi"]], [place, place], color=colour, linewidth=1.4)
            axes.plot([row["psi"]], [place], marker=marker, color=colour, markersize=8 if alarm else 6)
            if alarm:
                axes.annotate(f"{row['level']}", (row["psi"], place), (8, -4), textcoords="offset points", color=BROWN)
        most = max([0.3, *(1.15 * _of(row, "psi") for row in rows)])
        for limit, words, height in ((LOOK, "look", -1.2), (ACT, "act", -0.7)):
            axes.axvline(limit, color=GREY, linestyle=(0, (4, 3)), linewidth=1)
            axes.annotate(f"{words} {limit}", (limit, height), (3, 0), textcoords="offset points", color=GREY, size=9)
        axes.set(xlim=(0, most), ylim=(len(rows) - 0.4, -1.5), xlabel="population stability index (PSI)")
        axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
        axes.tick_params(axis="y", length=0)

    alarms = [row["name"] for row in rows if row["level"]]
    words = (
        f"Shifted by more than chance explains: {', '.join(alarms)}."
        if alarms
        else "No predictor shifted by more than chance explains."
    )
    return _drawn("drift", FIGURES["drift"].title, words, draw, height=1.0 + 0.36 * max(len(rows), 2))


def drift_table(monitoring: Plain) -> Table:
    """Return per predictor the shift, its chance if nothing changed, and the share without an answer.

    For who runs the monitoring: of a few women even an index gives counts away, so that no card shows it.
    """
    return Table(
        "Shift of each predictor since the model learned",
        ("Predictor", "PSI", "Chance if nothing changed", "Without an answer", "Was", "Alarm"),
        tuple(
            (
                row["name"],
                fixed(row["psi"], 2),
                fixed(row["chance"], 3),
                _bounded(row["missing"], monitoring["women"]),
                percent(row["missing_reference"], gap=JOINED),
                row["level"] or row["missing_level"] or "none",
            )
            for row in monitoring["predictors"]
        ),
    )


FIGURES: Final = {
    one.name: one
    for one in (
        Figure("calibration", "Are the risks right? Observed against predicted", calibration_figure, calibration_table),
        Figure("decision", "Is it worth using? Net benefit by threshold", decision_figure, decision_table),
        Figure("flagged", "What a threshold costs: of 100 children flagged", flagged_figure, flagged_table),
        Figure("comparison", "The model beside both baselines", comparison_figure, comparison_table),
        Figure("instability", "How much a risk moves when learned again", instability_figure, instability_table),
        Figure("learning", "Would more births help? The learning curve", learning_figure, learning_table),
        Figure("drift", "Are the women still alike? Shift per predictor", drift_figure, drift_table),
    )
}


def threshold_words(row: Plain) -> str:
    """Return a threshold in words: the highest 10 %, or a risk of 8 % or more."""
    if row["by"] == "share":
        return f"highest {stated(row['top_share'], gap=JOINED)}"
    return f"risk of {percent(row['threshold'], 1, JOINED)} or more"


WITHOUT: Final = "did not have the outcome in that time"


def flagged_words(row: Plain) -> str:
    """Return what a released threshold costs, as a sentence for everybody."""
    if row.get("ppv") is not None:
        return f"Of 100 children flagged, {100 - round(100 * row['ppv'])} {WITHOUT}"
    if row.get("ppv_below"):
        return f"Of 100 children flagged, more than {100 - round(100 * row['ppv_below'])} {WITHOUT}"
    return "too few to show"


def number(count: int | None) -> str:
    """Return a released count with its thousands apart, or that it is hidden."""
    return f"under {MINIMUM}" if count is None else grouped(count)


def _drawn(name: str, title: str, words: str, draw: Callable[[Canvas], None], height: float = 3.3) -> str:
    """Return a figure of risks, with the sentence that stands beside every risk."""
    return drawn(name, title, f"{words} {CAUTION}", draw, height)


def drawn(
    name: str, title: str, words: str, draw: Callable[[Canvas], None], height: float = 3.3, *, paths: bool = False
) -> str:
    """Return a figure as SVG that says in words what it shows; ``name`` is its own on the page.

    With ``paths`` letters are drawn as shapes, for where there are no fonts.
    """
    import matplotlib
    from matplotlib.figure import Figure as NewCanvas

    with matplotlib.rc_context():  # restores whatever was set when the figure is done
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOKS | {"svg.hashsalt": f"smartstart-{name}"})
        if paths:
            matplotlib.rcParams["svg.fonttype"] = "path"
        canvas = NewCanvas(figsize=(WIDTH, height), layout="constrained")
        draw(canvas)
        written = StringIO()
        canvas.savefig(written, format="svg", metadata=_NO_METADATA, transparent=True)
    return _accessible(written.getvalue(), name, title, words)


def _accessible(svg: str, name: str, title: str, words: str) -> str:
    """Return matplotlib's SVG fit for a page: named, described, in any sans-serif, with ids of its own."""
    box = re.search(r'viewBox="[^"]+"', svg)
    assert box is not None  # noqa: S101 - matplotlib always gives one
    inner = svg[svg.index(">", box.end()) + 1 :].strip()
    inner = re.sub(r"<style.*?</style>", "", inner, flags=re.DOTALL)  # it would style the whole page
    inner = re.sub(r'<g id="[^"]*"', "<g", inner)  # figure_1 would stand in the page once per figure
    inner = re.sub(r"<!--.*?-->", "", inner, flags=re.DOTALL)
    inner = inner.replace("'DejaVu Sans', sans-serif", "sans-serif")
    inner = re.sub(r"\n\s*", "\n", inner)
    return (
        f'<svg role="img" aria-labelledby="{name}-title {name}-desc" {box.group()} '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" stroke-linejoin="round">'
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">'
        f"{escape(words)}</desc>{inner}"
    )


def _points(axes: Axes, groups: Sequence[Plain]) -> None:
    if not groups:
        return
    middles = [group["observed"] for group in groups]
    ends = [[g["observed"] - g["lower"] for g in groups], [g["upper"] - g["observed"] for g in groups]]
    axes.errorbar(
        [g["risk"] for g in groups], middles, yerr=ends, fmt="s", color=BROWN, capsize=3, linewidth=1.3, label="groups"
    )


def _heights(curve: Sequence[Plain]) -> list[float]:
    """Return how dense children lie around each point: the share nearest to it over the width of its place.

    The first and the last point also stand for all children beyond them, and are drawn as high as their neighbours.
    """
    inner = [
        _of(point, "density", 0.0) / ((float(after["risk"]) - float(before["risk"])) / 2 or 1.0)
        for before, point, after in zip(curve, curve[1:], curve[2:], strict=False)
    ]
    return [inner[0], *inner, inner[-1]] if inner else [0.0] * len(curve)


def _percents(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(FuncFormatter(lambda value, _: stated(round(value, 6), gap=JOINED)))


def _compared(evaluation: Plain) -> dict[str, Plain]:
    return {"this model": evaluation} | {
        NAMES.get(name, name): one for name, one in evaluation.get("baselines", {}).items()
    }


def _about(points: Sequence[Plain], many: int) -> list[Plain]:
    """Return about so many of the points, first and last among them."""
    if len(points) <= many:
        return list(points)
    return [points[round(place * (len(points) - 1) / (many - 1))] for place in range(many)]


def _of(row: Plain, key: str, otherwise: float = float("nan")) -> float:
    value = row.get(key)
    return otherwise if value is None else float(value)


def _bounded(share: float, women: int) -> str:
    """Return a share of women, or only that it is below what ten of them are."""
    return (
        f"under {percent(bound(women), gap=JOINED)}" if round(share * women) < MINIMUM else percent(share, gap=JOINED)
    )


def _of_hundred(share: float | None) -> str:
    return NOTHING if share is None else fixed(100 * share, 0)


def _per_thousand(value: float | None) -> str:
    return NOTHING if value is None else fixed(1000 * value, 1)


def _interval(row: Plain, key: str, words: Callable[[float | None], str]) -> str:
    return f"{words(row.get(f'{key}_lower'))}\u00a0to\u00a0{words(row.get(f'{key}_upper'))}"


def _rate(row: Plain, key: str) -> str:
    if row.get(key) is None:
        below = row.get(f"{key}_below")
        if key == "false_positive_share" and row.get("ppv_below"):
            return f"over {100 * (1 - row['ppv_below']):.0f}"
        return f"under {100 * below:.0f}" if below else TOO_FEW
    return f"{_of_hundred(row[key])} ({_interval(row, key, _of_hundred)})"
