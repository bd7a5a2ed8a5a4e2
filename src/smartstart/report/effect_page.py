"""The page of a comparison: text first, every number in a table, and figures that say the same.

One page of HTML that stands by itself: of one comparison, or of all outcomes of a trial. It names no arm that the
comparison does not name: until a trial is unblinded, these are X and Y.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, Final, Protocol

from smartstart.numbers import grouped, interval, measured, p_value, percent, short
from smartstart.report.effect_figures import (
    Effect,
    at_risk,
    curves_figure,
    forest_figure,
    interval_words,
    levels_figure,
    nice_ticks,
    value_at,
)
from smartstart.report.markup import STYLE, listing, notice, page, paragraph, scrolling, section
from smartstart.trial.analysis.estimands import MEASURES

if TYPE_CHECKING:
    from smartstart.trial.analysis.comparison import Arms, Comparison
    from smartstart.trial.analysis.missing import MissingReason
    from smartstart.trial.analysis.multiplicity import Adjusted
    from smartstart.trial.analysis.plan import PlannedComparison
    from smartstart.trial.analysis.records import Estimate
    from smartstart.trial.analysis.subgroups import Interaction
    from smartstart.trial.analysis.survival import Curve

SAYS_THE_SAME: Final = "The table says the same."
FOOT: Final = "A dash is what is not defined; “no bound” is an end that could lie anywhere. Intervals are two-sided."


class AnalysisBeside(Protocol):
    """One analysis beside the main one."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def supposes(self) -> str: ...  # noqa: D102
    @property
    def measure(self) -> str: ...  # noqa: D102
    @property
    def estimate(self) -> Estimate: ...  # noqa: D102
    @property
    def n(self) -> Arms: ...  # noqa: D102


class AnalysedOutcome(Protocol):
    """One planned outcome with all that was made of it; ``why_not`` where there is no comparison yet."""

    @property
    def planned(self) -> PlannedComparison: ...  # noqa: D102
    @property
    def awaited(self) -> Arms: ...  # noqa: D102
    @property
    def comparison(self) -> Comparison | None: ...  # noqa: D102
    @property
    def why_not(self) -> str: ...  # noqa: D102
    @property
    def missing(self) -> Sequence[MissingReason]: ...  # noqa: D102
    @property
    def beside(self) -> Sequence[AnalysisBeside]: ...  # noqa: D102
    @property
    def subgroups(self) -> Mapping[str, Interaction]: ...  # noqa: D102
    @property
    def adjusted(self) -> Adjusted | None: ...  # noqa: D102


class StandingToPlan(Protocol):
    """How the analysis stands to the plan in the ledger."""

    @property
    def hash(self) -> str: ...  # noqa: D102
    @property
    def sentence(self) -> str: ...  # noqa: D102


class AnalysedTrial(Protocol):
    """All outcomes of a trial, with its plan; ``labels`` are X and Y until it is unblinded."""

    @property
    def plan(self) -> StandingToPlan: ...  # noqa: D102
    @property
    def labels(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def as_of(self) -> str: ...  # noqa: D102
    @property
    def drawn(self) -> int: ...  # noqa: D102
    @property
    def excluded(self) -> Mapping[str, Mapping[str, int]]: ...  # noqa: D102
    @property
    def outcomes(self) -> Sequence[AnalysedOutcome]: ...  # noqa: D102
    @property
    def notes(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def look_sentences(self) -> Sequence[str]: ...  # noqa: D102


def comparison_page(found: Comparison) -> bytes:
    """Return the page of one comparison."""
    title = f"{found.arms[0]} compared with {found.arms[1]}"
    parts = (
        f"<h1>{escape(title)}</h1>",
        paragraph("Counts on this page are exact: keep it as you keep the data it was made of.", "small"),
        section("In short", paragraph(found.estimand.sentence()), paragraph(_main(found)), paragraph(_sides(found))),
        *_parts(found, "c", 2, ()),
    )
    return page("en", title, STYLE, "\n".join(filter(None, parts)), paragraph(FOOT, "small"))


def trial_page(found: AnalysedTrial, *notices: str) -> bytes:
    """Return the page of a whole trial; ``notices`` stand at its top, first of all that it is not for publication."""
    title = "The analysis of the trial"
    parts = (
        f"<h1>{escape(title)}</h1>",
        *(notice(text) for text in notices),
        notice(found.plan.sentence),
        paragraph(f"Outcomes as of {found.as_of}. Women drawn: {grouped(found.drawn)}."),
        *(paragraph(text) for text in found.notes),
        section("Looks at the arms", *(paragraph(text) for text in found.look_sentences)),
        _overview(found),
        _excluded(found),
        *(_outcome(outcome, f"o{place}", found.labels) for place, outcome in enumerate(found.outcomes, 1)),
        section("The plan", paragraph(f"Hash of the plan: {found.plan.hash}", "small")),
    )
    return page("en", title, STYLE, "\n".join(filter(None, parts)), paragraph(FOOT, "small"))


def _overview(found: AnalysedTrial) -> str:
    rows = []
    for one in found.outcomes:
        name = f"{one.planned.name}{' (primary)' if one.planned.primary else ''}".replace("_", " ")
        if one.comparison is None:
            rows.append((name, one.why_not, "–", "–", "–", "–"))
            continue
        measure, estimate = _first(one.comparison)
        p = p_value(one.comparison.effects.significance.p_value)
        with_others = p_value(one.adjusted.adjusted) if one.adjusted else "–"
        rows.append((name, MEASURES[measure], measured(estimate.estimate), interval(estimate), p, with_others))
    heads = ("Outcome", "Measure", "Estimate", "Interval", "p", "p with the other outcomes")
    return section("In short", scrolling("Main analysis of each outcome", heads, rows, "second-words"))


def _excluded(found: AnalysedTrial) -> str:
    rows = [(reason, *(str(found.excluded.get(arm, {}).get(reason, 0)) for arm in found.labels))
            for reason in sorted({reason for reasons in found.excluded.values() for reason in reasons})]  # fmt: skip
    caption = "Women whose data may not be used, by reason"
    return section(
        "Who is left out",
        scrolling(caption, ("Reason", *found.labels), rows) if rows else paragraph("Nobody: all data may be used."),
    )


def _outcome(one: AnalysedOutcome, name: str, labels: tuple[str, str]) -> str:
    found = one.comparison
    awaited = one.awaited
    waiting = (
        f"Awaited: {awaited.treated} in {labels[0]} and {awaited.control} in {labels[1]}; they are in no count below."
        if awaited.treated or awaited.control
        else ""
    )
    reasons = [(missing.reason, str(missing.treated), str(missing.control)) for missing in one.missing]
    head = f"{'Primary outcome: ' if one.planned.primary else ''}{one.planned.name}".replace("_", " ")
    return section(
        head,
        paragraph(one.why_not),
        *((paragraph(found.estimand.sentence()), paragraph(_main(found)), paragraph(_sides(found))) if found else ()),
        paragraph(waiting),
        scrolling(f"Outcome not known, and why: {head}", ("Reason", *labels), reasons) if reasons else "",
        *(_parts(found, name, 3, one.beside) if found else ()),
        *(_subgroups(group, of, labels) for group, of in one.subgroups.items()),
        _multiplicity(one.adjusted),
    )


def _parts(found: Comparison, name: str, level: int, beside: Sequence[AnalysisBeside]) -> list[str]:
    def part(title: str, *content: str) -> str:
        return f"<h{level}>{escape(title)}</h{level}>{''.join(content)}" if any(content) else ""

    return [
        part("Persons", _persons(found)),
        part("Each arm", *_levels(found, name)),
        part("Effect", *_effects(found, name, beside)),
        part("Over time", *_curves(found, name)),
        part("No effect at all?", _tests(found)),
        part("Beside it", _beside(beside, found.arms)),
        part("What is estimated", *_estimand(found)),
        part("Methods and references", _methods(found, beside)),
        part("Notes", *([listing(notes)] if (notes := _notes(found)) else [])),
    ]


def _persons(found: Comparison) -> str:
    counts = [("Analysed", found.n)]
    counts += [("With the event", found.events)] if found.events else []
    counts.append(("Outcome not known", found.missing))
    rows = [(words, grouped(count.treated), grouped(count.control)) for words, count in counts]
    return scrolling("Persons in each arm", ("Who", *found.arms), rows)


def _levels(found: Comparison, name: str) -> list[str]:
    if not found.effects.level_of_arm:
        return []
    word = "Risk" if found.kind == "binary" else "Mean"
    levels = list(zip(found.arms, found.effects.level_of_arm, strict=True))
    title = f"{word} of each arm with its interval"
    rows = [(arm, measured(one.estimate), interval(one)) for arm, one in levels]
    return [
        _figure(levels_figure(f"{name}-levels", title, levels, word.lower()), title),
        scrolling(title, ("Arm", word, "Interval"), rows),
    ]


def _effects(found: Comparison, name: str, beside: Sequence[AnalysisBeside]) -> list[str]:
    effects = _all_effects(found)
    rows = [
        (f"{one.name}, {one.role}", measured(one.estimate.estimate), interval(one.estimate), one.estimate.method)
        for one in effects
    ]
    others = [Effect(f"{one.name}: {MEASURES[one.measure]}", one.measure, "beside it", one.estimate) for one in beside]
    title = f"Effects with their intervals, {found.arms[0]} against {found.arms[1]}"
    extra = []
    if found.effects.needed:
        extra.append(f"Number needed: {found.effects.needed.words}")
    if bounds := found.effects.missing_bounds:
        low, high = measured(bounds.risk_difference_lowest), measured(bounds.risk_difference_highest)
        extra.append(f"Whatever became of those who are not known, the risk difference lies from {low} to {high}.")
    saved = found.effects.variance_saved
    if saved is not None and isfinite(saved):
        extra.append(f"Adjusting saved {percent(saved, 1)} of the variance.")
    say = " Dotted: no effect. An arrow: the interval goes on."
    return [
        _figure(forest_figure(f"{name}-forest", title, [*effects, *others], found.arms), title + "." + say),
        scrolling(title, ("Measure", "Estimate", "Interval", "Method"), rows, "words"),
        *(paragraph(text) for text in extra),
    ]


def _all_effects(found: Comparison) -> list[Effect]:
    effects = []
    for measure, one in found.effects.measures.items():
        effects.append(Effect(MEASURES[measure], measure, "unadjusted", one.unadjusted))
        if one.adjusted is not None and one.adjusted is not one.unadjusted:
            effects.append(Effect(MEASURES[measure], measure, "adjusted", one.adjusted))
    first = next(iter(found.effects.measures))
    if found.effects.imputed:
        effects.append(Effect(f"{MEASURES[first]}, imputed", first, "beside it", found.effects.imputed))
    if found.shift:
        effects.append(Effect(f"{MEASURES[first]}, by re-draws", first, "beside it", found.shift))
    return effects


def _curves(found: Comparison, name: str) -> list[str]:
    if not found.effects.curves:
        return []
    curves = list(zip(found.arms, found.effects.curves, strict=True))
    incidence = curves[0][1].method.startswith("Aalen")
    title = f"Share {'with' if incidence else 'without'} the event over time"
    ticks = nice_ticks(0.0, max(float(curve.times[-1]) for _, curve in curves))
    rows = [
        (short(tick), *(cell for _, curve in curves for cell in _at(curve, tick, incidence=incidence)))
        for tick in ticks
    ]
    heads = ("Time", *(f"{arm}: {what}" for arm in found.arms for what in ("share", "interval", "at risk")))
    say = " The axis of the share need not start at 0 or end at 1. Below: how many were at risk."
    return [
        _figure(curves_figure(f"{name}-curves", title, curves, incidence=incidence), title + "." + say),
        scrolling(title, heads, rows),
    ]


def _at(curve: Curve, time: float, *, incidence: bool) -> tuple[str, str, str]:
    if time > curve.times[-1]:
        return "–", "not followed", "0"
    value, low, high = value_at(curve, time, incidence=incidence)
    bounds = "not defined" if isnan(low) and isnan(high) else f"{measured(low)} to {measured(high)}"
    return measured(value), bounds, grouped(at_risk(curve, time))


def _tests(found: Comparison) -> str:
    effects, again = found.effects, found.randomised
    rows = [(effects.significance.test, p_value(effects.significance.p_value))]
    if effects.unadjusted.test != effects.significance.test:
        rows.append((f"unadjusted: {effects.unadjusted.test}", p_value(effects.unadjusted.p_value)))
    if again:
        rows.append((again.method, p_value(again.p_value)))
    return scrolling("Tests of no effect, two-sided", ("Test", "p"), rows)


def _beside(beside: Sequence[AnalysisBeside], arms: tuple[str, str]) -> str:
    rows = [
        (one.name, MEASURES[one.measure], measured(one.estimate.estimate), interval(one.estimate),
         grouped(one.n.treated), grouped(one.n.control), one.supposes)
        for one in beside
    ]  # fmt: skip
    heads = ("Analysis", "Measure", "Estimate", "Interval", *arms, "Supposes")
    return scrolling("Analyses beside the main one, and what each supposes", heads, rows, "words") if rows else ""


def _subgroups(group: str, found: Interaction, labels: tuple[str, str]) -> str:
    rows = [
        (one.name, grouped(one.n_treated), grouped(one.n_control), measured(one.difference.estimate),
         interval(one.difference))
        for one in found.subgroups
    ]  # fmt: skip
    words = group.replace("_", " ")
    return (
        f"<h3>By {escape(words)}</h3>"
        + scrolling(f"Difference by {words}", ("Group", *labels, "Difference", "Interval"), rows)
        + paragraph(f"Interaction: p {p_value(found.test.p_value)} ({found.test.test}). {found.warning}")
    )


def _multiplicity(adjusted: Adjusted | None) -> str:
    if adjusted is None:
        return ""
    return paragraph(
        f"With the other outcomes: p {p_value(adjusted.adjusted)} ({adjusted.test}; {adjusted.reference})."
    )


def _estimand(found: Comparison) -> list[str]:
    estimand = found.estimand
    rows = [(part.capitalize(), getattr(estimand, part)) for part in ("population", "outcome", "clock", "summary")]
    events = [(one.event, one.strategy, one.handling) for one in estimand.intercurrent_events]
    heads = ("What may happen", "Strategy", "What is done")
    return [
        scrolling("The estimand", ("Part", "In words"), rows, "words"),
        scrolling("Intercurrent events", heads, events, "words") if events else "",
    ]


def _methods(found: Comparison, beside: Sequence[AnalysisBeside]) -> str:
    effects, rows = found.effects, dict[tuple[str, str], None]()

    def cite(one: Any, method: str) -> None:
        rows[(method, one.reference or "–")] = None

    for estimate in _estimates(found, beside):
        cite(estimate, estimate.method)
    for test in (effects.significance, effects.unadjusted):
        cite(test, test.test)
    if found.randomised:
        cite(found.randomised, found.randomised.method)
    if effects.missing_bounds:
        cite(effects.missing_bounds, "Best and worst case of what is not known")
    for curve in effects.curves or ():
        cite(curve, curve.method)
    return scrolling("Every method, and where it stands", ("Method", "Reference"), rows, "words")


def _estimates(found: Comparison, beside: Sequence[AnalysisBeside]) -> Iterable[Estimate]:
    yield from found.effects.level_of_arm or ()
    yield from (one.estimate for one in _all_effects(found))
    yield from (one.estimate for one in beside)


def _notes(found: Comparison) -> list[str]:
    said = [one.note for one in _estimates(found, ()) if one.note]
    tests = [one.note for one in (found.effects.significance, found.effects.unadjusted) if one.note]
    again = [found.randomised.note] if found.randomised and found.randomised.note else []
    return list(dict.fromkeys([*found.notes, *found.effects.notes, *said, *tests, *again]))


def _first(found: Comparison) -> tuple[str, Estimate]:
    measure, one = next(iter(found.effects.measures.items()))
    return measure, one.main


def _main(found: Comparison) -> str:
    measure, one = _first(found)
    test = found.effects.significance
    return f"{MEASURES[measure].capitalize()}: {interval_words(one)}; p {p_value(test.p_value)} ({test.test})."


def _sides(found: Comparison) -> str:
    one, other = found.arms
    return f"A difference is {one} minus {other}; a ratio is {one} over {other}."


def _figure(drawing: str, caption: str) -> str:
    said = f"{caption.removesuffix('.')}. {SAYS_THE_SAME}"
    return f'<figure><div class="drawing">{drawing}</div><figcaption>{escape(said)}</figcaption></figure>'
