"""What the commands of the planning print: sentences to read aloud, then the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart.cli import show
from smartstart.numbers import chance, grouped

if TYPE_CHECKING:
    from smartstart.planning_ahead import TrialPlan
    from smartstart.trial.planning.power import Power


def power(found: Power) -> None:
    """Print the answer to one question."""
    _question(found)
    _assumptions((found,))


def plan(found: TrialPlan) -> None:
    """Print the answer to each question of a design."""
    rows = [
        (one.question.name, one.per_arm, one.women, _years(one.recruitment_years), _years(one.years))
        for one in found.questions
    ]
    heads = ("to see", "per arm", "to draw", "years of\ndrawing", "years to\nthe answer")
    show.table(f"When will we know? {found.municipality}", heads, rows)
    if found.drawn is not None:
        show.lines([f"Women drawn so far whose data may be used: {grouped(found.drawn)}.", ""])
    for one in found.questions:
        show.lines([f"{one.question.name[0].upper()}{one.question.name[1:]}"])
        _question(one)
    _assumptions(found.questions)


def _question(one: Power) -> None:
    show.paragraphs(one.sentences)
    show.lines([""])
    rows = [(k.municipalities, _years(k.recruitment_years), _years(k.years)) for k in one.municipalities]
    show.table("Together", ("municipalities", "years of drawing", "years to the answer"), rows)
    exact = "" if one.exact.power is None else f", power {chance(one.exact.power)}"
    show.paragraphs(
        [
            f"Women per arm: {one.rule}",
            f"Exact test ({one.exact.test}), without looks: {grouped(one.exact.per_arm)}{exact}.",
        ]
    )
    show.lines([""])


def _assumptions(questions: tuple[Power, ...]) -> None:
    show.lines(["Assumed; nothing of it was measured here:"])
    show.paragraphs(dict.fromkeys(text for one in questions for text in one.question.assumptions()))


def _years(number: float) -> str:
    return grouped(number, 1)
