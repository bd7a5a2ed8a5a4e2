"""What the commands with which municipalities answer together print."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from smartstart.cli import show

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
    from smartstart.report.effect_figures import interval, number
    from smartstart.report.pooling_page import effects_of, lines_of, main_p, measures_of, p_words
    from smartstart.trial.pooling.events import PooledEvents
    from smartstart.trial.pooling.scales import PooledScale

    answers = one.answers
    if isinstance(answers, str):
        show.paragraphs([f"{one.name}: {answers}", ""])
        return
    rows = [(name, number(e.estimate), interval(e), e.method) for name, e in measures_of(answers)]
    show.table(f"{one.name}, {arms[0]} against {arms[1]}", ("measure", "estimate", "95 % interval", "method"), rows)
    told = [f"No difference at all: p {p_words(main_p(answers))}."]
    if isinstance(answers, PooledEvents | PooledScale):
        each = [
            (line.name, line.words, number(line.effect.estimate), interval(line.effect), f"{100 * line.weight:.1f} %")
            for line in lines_of(answers)
        ]
        people = "with the event" if isinstance(answers, PooledEvents) else "answers"
        show.table("By municipality", ("municipality", people, "estimate", "95 % interval", "weight"), each)
        for name, effects in effects_of(answers):
            told.append(
                f"Random effects, {name}: {number(effects.estimate)} ({number(effects.lower)} to "
                f"{number(effects.upper)}); a next municipality {number(effects.prediction_lower)} to "
                f"{number(effects.prediction_upper)}; tau² {number(effects.tau2)}, I² {100 * effects.i2:.0f} %. "
                f"{effects.note}".strip()
            )
        for left in answers.leave_one_out:
            bounds = f" ({number(left.lower)} to {number(left.upper)})" if isfinite(left.lower + left.upper) else ""
            told.append(f"Without {left.without}: {number(left.estimate)}{bounds}.")
    show.paragraphs([*told, *answers.notes, ""])
