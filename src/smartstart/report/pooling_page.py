"""The page of municipalities together: for each outcome the common answer, a forest plot, and what it rests on."""

from __future__ import annotations

from html import escape
from math import isfinite
from typing import TYPE_CHECKING, Final, Protocol

from smartstart.numbers import fixed, grouped, interval, measured, p_value, percent
from smartstart.report.effect_page import SAYS_THE_SAME
from smartstart.report.forest import MOST, Diamond, Line, municipalities_figure
from smartstart.report.markup import STYLE, listing, notice, page, paragraph, scrolling, section
from smartstart.trial.pooling.additive import SummedEvents, SummedScale
from smartstart.trial.pooling.events import PooledEvents
from smartstart.trial.pooling.scales import PooledScale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartstart.trial.analysis.records import Estimate
    from smartstart.trial.pooling.events import Without
    from smartstart.trial.pooling.random_effects import RandomEffects

Answers = PooledEvents | PooledScale | SummedEvents | SummedScale
FOOT: Final = "A dash is what is not defined. Intervals are 95 % intervals."
_RATIOS: Final = (
    ("risk_difference", "risk difference"),
    ("risk_ratio", "risk ratio"),
    ("odds_ratio", "odds ratio"),
    ("peto_odds_ratio", "odds ratio, Peto"),
    ("exact_odds_ratio", "odds ratio, exact"),
    ("mantel_haenszel_difference", "risk difference, Mantel–Haenszel"),
    ("mean_difference", "difference in means"),
)


class Outcome(Protocol):
    """One outcome over the municipalities that have it."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def municipalities(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def answers(self) -> Answers | str: ...  # noqa: D102


class Together(Protocol):
    """What all municipalities say together."""

    @property
    def municipalities(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def as_of(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def arms(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def outcomes(self) -> Sequence[Outcome]: ...  # noqa: D102
    @property
    def notes(self) -> Sequence[str]: ...  # noqa: D102


def municipalities_page(found: Together, *notices: str) -> bytes:
    """Return the page; ``notices`` stand at its top."""
    title = "Municipalities together"
    first, last = found.as_of
    parts = (
        f"<h1>{escape(title)}</h1>",
        *(notice(text) for text in notices),
        paragraph(f"Outcomes as of {first}." if first == last else f"Outcomes as of {first} to {last}."),
        paragraph(f"{found.arms[0]} against {found.arms[1]}. Municipalities: {', '.join(found.municipalities)}."),
        listing(found.notes) if found.notes else "",
        section("In short", scrolling("The common answer to each outcome", *_overview(found), "second-words")),
        *(_outcome(one, f"o{place}", found.arms) for place, one in enumerate(found.outcomes, 1)),
    )
    return page("en", title, STYLE, "\n".join(filter(None, parts)), paragraph(FOOT, "small"))


def measures_of(answers: Answers) -> list[tuple[str, Estimate]]:
    """Return every common answer with its name, the main one first."""
    return [(words, getattr(answers, name)) for name, words in _RATIOS if hasattr(answers, name)]


def main_p(answers: Answers) -> float:
    """Return the p-value of no difference at all."""
    if isinstance(answers, PooledEvents):
        return answers.main.p_value
    return answers.significance.p_value if isinstance(answers, PooledScale) else answers.p_value


def _overview(found: Together) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    rows: list[tuple[str, ...]] = []
    for one in found.outcomes:
        name = one.name.replace("_", " ")
        if isinstance(one.answers, str):
            rows.append((name, one.answers, "–", "–", "–", "–"))
            continue
        measure, main = measures_of(one.answers)[0]
        women = grouped(one.answers.n.treated + one.answers.n.control)
        rows.append((name, measure, women, measured(main.estimate), interval(main), p_value(main_p(one.answers), 3)))
    return ("Outcome", "Measure", "Women", "Estimate", "Interval", "p"), rows


def _outcome(one: Outcome, name: str, arms: tuple[str, str]) -> str:
    title, answers = one.name.replace("_", " "), one.answers
    if isinstance(answers, str):
        return section(title, paragraph(answers))
    rows = [(words, measured(e.estimate), interval(e), e.method) for words, e in measures_of(answers)]
    heads = ("Measure", "Estimate", "Interval", "Method")
    parts = [paragraph(_people(answers, arms))]
    if isinstance(answers, PooledEvents | PooledScale):
        parts += _each(answers, name, title, arms)
    parts.append(scrolling(f"One common effect: {title}", heads, rows, "words"))
    if isinstance(answers, PooledEvents | PooledScale):
        parts += _beside(answers, title)
    references = dict.fromkeys(f"{e.method}: {e.reference}." for _, e in measures_of(answers))
    parts += [listing(answers.notes) if answers.notes else "", *(paragraph(text, "small") for text in references)]
    return section(title, *parts)


def _people(answers: Answers, arms: tuple[str, str]) -> str:
    n = answers.n
    if isinstance(answers, PooledEvents | SummedEvents):
        events = answers.events
        return (
            f"{arms[0]}: {grouped(events.treated)} of {grouped(n.treated)} women with the event; "
            f"{arms[1]}: {grouped(events.control)} of {grouped(n.control)}."
        )
    return f"Answers: {grouped(n.treated)} in {arms[0]}, {grouped(n.control)} in {arms[1]}."


def _each(answers: PooledEvents | PooledScale, name: str, title: str, arms: tuple[str, str]) -> list[str]:
    """Return the forest plot, and the table that says the same."""
    is_event = isinstance(answers, PooledEvents)
    measure = "risk difference" if is_event else "difference in means"
    lines = lines_of(answers)
    caption = f"{title[0].upper()}{title[1:]}: {measure} by municipality"
    axis = f"{measure}, {arms[0]} minus {arms[1]}"
    figure = municipalities_figure(f"{name}-forest", caption, lines, _diamonds(answers), axis)
    many = (
        f" Over {MOST} municipalities: the figure has the answers over all, the table each one."
        if (len(lines) > MOST)
        else ""
    )
    said = f"<figcaption>{escape(caption + '.' + many)} {SAYS_THE_SAME}</figcaption>"
    rows = [
        (one.name, one.words, measured(one.effect.estimate), interval(one.effect), percent(one.weight, 1))
        for one in lines
    ]
    people = "With the event" if is_event else "Answers"
    heads = ("Municipality", people, "Estimate", "Interval", "Weight")
    return [f'<figure><div class="drawing">{figure}</div>{said}</figure>', scrolling(caption, heads, rows)]


def lines_of(answers: PooledEvents | PooledScale) -> list[Line]:
    """Return each municipality as a line of the forest plot."""
    if isinstance(answers, PooledEvents):
        return [
            Line(
                one.label,
                f"{one.events.treated}/{one.n.treated} v {one.events.control}/{one.n.control}",
                one.difference,
                one.weight,
            )
            for one in answers.by_municipality
        ]
    return [
        Line(one.label, f"{one.n.treated} v {one.n.control}", one.difference, one.weight)
        for one in answers.by_municipality
    ]


def effects_of(answers: PooledEvents | PooledScale) -> list[tuple[str, RandomEffects]]:
    """Return the answers that let the effect differ between municipalities."""
    if isinstance(answers, PooledScale):
        found = [("difference in means", answers.random_effects)]
    else:
        found = [
            ("odds ratio", answers.random_effects),
            ("risk difference", answers.random_effects_difference),
        ]
    return [(name, one) for name, one in found if one]


def _diamonds(answers: PooledEvents | PooledScale) -> list[Diamond]:
    main = answers.risk_difference if isinstance(answers, PooledEvents) else answers.mean_difference
    diamonds = [Diamond("one common effect", main.estimate, main.lower, main.upper)]
    beside = answers.random_effects_difference if isinstance(answers, PooledEvents) else answers.random_effects
    if beside:
        ahead = (beside.prediction_lower, beside.prediction_upper)
        diamonds.append(Diamond("random effects", beside.estimate, beside.lower, beside.upper, ahead))
    return diamonds


def _beside(answers: PooledEvents | PooledScale, title: str) -> list[str]:
    effects = effects_of(answers)
    parts = []
    if effects:
        rows = [
            (
                name, str(one.municipalities),
                f"{measured(one.estimate)} ({measured(one.lower)} to {measured(one.upper)})",
                f"{measured(one.prediction_lower)} to {measured(one.prediction_upper)}",
                f"{measured(one.tau2)} ({measured(one.tau2_lower)} to {measured(one.tau2_upper)})",
                percent(one.i2), f"{fixed(one.q, 1)}, p {p_value(one.q_p, 3)}",
            )
            for name, one in effects
        ]  # fmt: skip
        heads = ("Measure", "Municipalities", "Mean effect", "A next one", "Tau²", "I²", "Q")
        parts.append(scrolling(f"Effects that may differ: {title}", heads, rows))
        parts += [paragraph(one.note, "small") for _, one in effects if one.note]
        parts.append(paragraph(f"{effects[0][1].method}: {effects[0][1].reference}.", "small"))
    else:
        parts.append(paragraph("Random effects need three municipalities that tell of the effect; here are fewer."))
    if isinstance(answers, PooledEvents) and answers.heterogeneity:
        same = answers.heterogeneity
        parts.append(paragraph(f"The same odds ratio everywhere: p {p_value(same.p_value, 3)} ({same.test})."))
    if answers.leave_one_out:
        left = [_without(one) for one in answers.leave_one_out]
        parts.append(scrolling(f"Without one municipality: {title}", ("Without", "Estimate", "Interval"), left))
    return parts


def _without(one: Without) -> tuple[str, str, str]:
    bounds = f"{measured(one.lower)} to {measured(one.upper)}" if isfinite(one.lower + one.upper) else "not defined"
    return one.without, measured(one.estimate), bounds
