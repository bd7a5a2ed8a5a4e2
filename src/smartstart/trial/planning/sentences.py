"""What was found, in sentences that a project leader can read aloud."""

from __future__ import annotations

from typing import NamedTuple

from smartstart.numbers import chance, grouped, spoken
from smartstart.trial.planning.question import Question


class Told(NamedTuple):
    """The numbers that the sentences say; ``saving`` is by what, and a share of the variance, women and years.

    ``exact_power`` is that of an exact test where the number of women is by the formula.
    """

    per_arm: int
    women: int
    recruitment_years: float
    years: float
    municipalities_needed: int
    power_now: float | None
    assurance: float | None
    exact_power: float | None
    saving: tuple[str, float, int, float] | None


def sentences_of(asked: Question, told: Told, detectable: str) -> tuple[str, ...]:
    """Return the answer to a question in words."""
    flow = asked.inflow
    found = [
        f"With {flow.eligible:g} eligible women a year in {_municipalities(flow.municipalities)}, "
        f"{chance(flow.consent)} who consent and {chance(flow.answered)} of them who answer, {flow.answers:.1f} "
        "answers come in for every year of drawing.",
        f"To see {effect(asked)} with {chance(asked.power)} probability takes {grouped(told.per_arm)} women with an "
        f"answer in {'each arm' if len(set(asked.ratio)) == 1 else 'the smaller arm'}: {grouped(told.women)} women to "
        f"draw. That is {about(told.recruitment_years)} of recruitment and {asked.until_answer:g} more until the last "
        "answer.",
        f"To draw them within {years(asked.within_years)} takes {_municipalities(told.municipalities_needed)}.",
        detectable,
    ]
    if told.exact_power is not None:
        found.insert(2, f"That is by the formula; Fisher's exact test of so many women finds it with "
                        f"{chance(told.exact_power)} probability.")  # fmt: skip
    if told.power_now is not None and asked.so_far is not None:
        found.append(
            f"Were the arms compared now, with {grouped(asked.so_far)} answers, {effect(asked)} would be seen with "
            f"{chance(told.power_now)} probability."
        )
    if told.assurance is not None:
        found.append(
            f"By what is believed of the effect, a trial of this size ends in a significant result in favour of the "
            f"offer with {chance(told.assurance)} probability (assurance)."
        )
    if told.saving:
        by, variance, women, saved = told.saving
        found.append(
            f"{by[0].upper()}{by[1:]} {'saves' if by == 'the scale at the start' else 'would save'} "
            f"{chance(variance)} of the variance: {grouped(women)} women to draw, {about(saved)} of recruitment."
        )
    return tuple(found)


def detectable_sentence(asked: Question, value: float | None, answers: int, test: str) -> str:
    """Return what would be found within the stated years, or that nothing would."""
    number = f"{grouped(answers)} answer{'' if answers == 1 else 's'}"
    start = (
        f"Drawing for {years(asked.within_years)} brings {number}, "
        f"the last of them {asked.until_answer:g} years later: "
    )
    if asked.difference is not None:
        if value is None:
            return f"{start}too few to see any difference: none."
        return f"{start}enough to see a difference of {value:.2f} standard deviations."
    risk = chance(asked.risks[0])
    if value is None:
        return (
            f"{start}too few to see any effect: none. Even if the offer took the risk away altogether, from {risk} to "
            f"0, this would be seen with less than {chance(asked.power)} probability (by {test.capitalize()}'s exact "
            "test)."
        )
    return f"{start}enough to see the risk fall from {risk} to {chance(value)}."


def effect(asked: Question) -> str:
    """Return the effect that is asked for."""
    if asked.difference is not None:
        return f"a difference of {asked.difference:g} standard deviations"
    risk, lower = asked.risks
    return f"a risk of {chance(lower)} against {chance(risk)}"


def about(number: float) -> str:
    """Return a number of years as people say it."""
    if number < 0.05:
        return "less than a month"
    if number < 0.95:
        months = max(1, round(12 * number))
        return f"about {months} month{'s' if months > 1 else ''}"
    text = spoken(number)
    return f"about {text} year{'' if text == '1' else 's'}"


def years(number: float) -> str:
    """Return a stated number of years."""
    return f"{number:g} year{'' if number == 1 else 's'}"


def _municipalities(number: int) -> str:
    return "one municipality" if number == 1 else f"{grouped(number)} municipalities"
