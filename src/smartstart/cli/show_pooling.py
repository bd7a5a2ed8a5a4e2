"""What the commands with which municipalities answer together print."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from smartstart.cli import show
from smartstart.numbers import interval, measured, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.pooling import Pooled, PooledOutcome
    from smartstart.summarising import Summarised


def keys(public: Mapping[str, str]) -> None:
    """Print the public halves as the agreement holds them."""
    show.lines([f"{name}: {key}" for name, key in public.items()])
    show.say("These are public: put them in the agreement, and read them to each other over the telephone.")


def summary(made: Summarised) -> None:
    """Print what was written and for whom; no number of it."""
    from smartstart.exchange.summary import NOTICES

    notes = [NOTICES[made.tier], f"Written: {made.file} ({made.rows} rows{', under masks' if made.masked else ''})"]
    notes.append(f"SHA-256: {made.sha256}")
    if made.tier != "public":
        notes.append(f"For: {made.reader}")
    if made.ledger_head:
        notes.append(f"Ledger head: {made.ledger_head}")
    show.paragraphs(notes)


def pooled(found: Pooled) -> None:
    """Print the common answers."""
    from smartstart.pooling import NOT_FOR_PUBLICATION

    show.paragraphs([NOT_FOR_PUBLICATION, *(("A rehearsal: these women do not exist.",) if found.made_up else ()), ""])
    show.paragraphs([f"Municipalities: {', '.join(found.municipalities)}.", *found.notes, ""])
    for one in found.outcomes:
        _outcome(one, found.arms)


def _outcome(one: PooledOutcome, arms: tuple[str, str]) -> None:
    from smartstart.report.pooling_page import effects_of, lines_of, main_p, measures_of
    from smartstart.trial.pooling.events import PooledEvents
    from smartstart.trial.pooling.scales import PooledScale

    answers = one.answers
    if isinstance(answers, str):
        show.paragraphs([f"{one.name}: {answers}", ""])
        return
    rows = [(name, measured(e.estimate), interval(e), e.method) for name, e in measures_of(answers)]
    show.table(f"{one.name}, {arms[0]} against {arms[1]}", ("measure", "estimate", "95 % interval", "method"), rows)
    told = [f"No difference at all: p {p_value(main_p(answers), 3)}."]
    if isinstance(answers, PooledEvents | PooledScale):
        each = [
            (line.name, line.words, measured(line.effect.estimate), interval(line.effect), percent(line.weight, 1))
            for line in lines_of(answers)
        ]
        people = "with the event" if isinstance(answers, PooledEvents) else "answers"
        show.table("By municipality", ("municipality", people, "estimate", "95 % interval", "weight"), each)
        for name, effects in effects_of(answers):
            told.append(
                f"Random effects, {name}: {measured(effects.estimate)} ({measured(effects.lower)} to "
                f"{measured(effects.upper)}); a next municipality {measured(effects.prediction_lower)} to "
                f"{measured(effects.prediction_upper)}; tau² {measured(effects.tau2)}, I² {percent(effects.i2)}. "
                f"{effects.note}".strip()
            )
        for left in answers.leave_one_out:
            bounds = f" ({measured(left.lower)} to {measured(left.upper)})" if isfinite(left.lower + left.upper) else ""
            told.append(f"Without {left.without}: {measured(left.estimate)}{bounds}.")
    show.paragraphs([*told, *answers.notes, ""])
