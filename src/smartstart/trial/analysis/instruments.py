"""Instruments by their definition: the score of one questionnaire, its wave, and who got better by enough.

The scoring stands beside :mod:`smartstart.register.scales`, which does the same for a whole register; a test holds the
two against each other.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from typing import Literal

import numpy as np

from smartstart.errors import UsageError
from smartstart.programme.instruments import TOTAL, Instrument, Item
from smartstart.programme.sections import Wave
from smartstart.trial.analysis.records import Bools, Floats

Verdict = Literal["in_window", "early", "late"]


@dataclass(frozen=True)
class Score:
    """One dimension of one questionnaire; ``score`` is None when fewer items are answered than are needed."""

    dimension: str
    answered: int
    score: float | None


@dataclass(frozen=True)
class Responders:
    """Who changed by the important difference or more (n,); who is not ``known`` did neither."""

    responded: Bools
    known: Bools


def score(answers: Mapping[str, int | None], instrument: Instrument) -> dict[str, Score]:
    """Return every dimension of one questionnaire, and its total where the instrument has one.

    ``answers`` are by item, None where there is none. A dimension is the mean of its answered items, reversed ones
    turned round. The total is the mean of all items, an unanswered one counting as the mean of its dimension; it is
    None unless all dimensions are scored. Raises UsageError when an answer lies outside the range of its item.
    """
    scores = {
        dimension: _dimension(dimension, items, answers, instrument.least(dimension))
        for dimension, items in instrument.dimensions.items()
    }
    if instrument.total == "all_dimensions":
        scores[TOTAL] = _total(scores, instrument)
    return scores


def timing_of(born_on: date, filled_on: date, wave: Wave) -> Verdict:
    """Return whether a questionnaire of this very wave was filled in within its window for the analysis."""
    outside = _days_outside(born_on, filled_on, wave)
    return "in_window" if outside == 0 else "late" if outside > 0 else "early"


def responders(change: Floats, important_difference: float) -> Responders:
    """Return who changed by the important difference or more; a higher score is the better one.

    ``change`` is nan where it is not known. Raises UsageError when the difference is not above 0.
    """
    if not (isfinite(important_difference) and important_difference > 0):
        raise UsageError("The important difference must lie above 0: give it, with its source, in the instrument.")
    known = np.isfinite(change)
    return Responders(known & (np.where(known, change, 0.0) >= important_difference - 1e-9), known)


def months_after(day: date, months: int) -> date:
    """Return the same day of the month some months later, or the last of that month, as the register counts too."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _dimension(dimension: str, items: tuple[Item, ...], answers: Mapping[str, int | None], least: int) -> Score:
    values = [_turned(item, answer) for item in items if (answer := answers.get(item.item)) is not None]
    return Score(dimension, len(values), sum(values) / len(values) if len(values) >= least else None)


def _turned(item: Item, answer: int) -> int:
    if not item.minimum <= answer <= item.maximum:
        raise UsageError(
            f"An answer to item '{item.item}' lies outside {item.minimum} to {item.maximum}: hold the file against its "
            "contract."
        )
    return item.minimum + item.maximum - answer if item.reversed else answer


def _total(scores: Mapping[str, Score], instrument: Instrument) -> Score:
    answered = sum(one.answered for one in scores.values())
    means = {dimension: one.score for dimension, one in scores.items() if one.score is not None}
    if len(means) < len(scores):
        return Score(TOTAL, answered, None)
    whole = sum(means[dimension] * len(items) for dimension, items in instrument.dimensions.items())
    return Score(TOTAL, answered, whole / len(instrument.items))


def _days_outside(born_on: date, filled_on: date, wave: Wave) -> int:
    """Return by how many days it was too early (below 0) or too late (above 0)."""
    due = months_after(born_on, wave.months)
    first, last = (due + timedelta(days=days) for days in wave.counts)
    return min((filled_on - first).days, 0) + max((filled_on - last).days, 0)
