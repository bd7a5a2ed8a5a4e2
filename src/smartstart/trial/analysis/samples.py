"""From the columns of a table, as text, to the arrays that a comparison looks at.

A fault is named by file, row and column, and never by the value that stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Final

import numpy as np

from smartstart.errors import DataRefused, UsageError, nearest
from smartstart.trial.analysis.columns import filled_columns, indicators
from smartstart.trial.analysis.estimands import Kind
from smartstart.trial.analysis.records import Bools, Floats, Ints

MISSING: Final = frozenset({"", "na", "n/a", "nan", "null", "none", "."})  # as exports write "not known"
YES: Final = frozenset({"yes", "y", "ja", "j", "true"})
NO: Final = frozenset({"no", "n", "nee", "false"})
NO_ARM: Final = MISSING - {"none", "null"}  # an arm may well be called none
MOST_LEVELS: Final = 20  # of a covariate in words; with more it is hardly a covariate but a name or a number


@dataclass(frozen=True)
class Question:
    """Which columns are compared, and how. ``control`` is the value of ``arm`` that the others are compared with.

    ``outcome`` is 0/1 (``binary``), a number (``scale``); for ``time`` it is ``time`` that is compared, and ``event``
    says how it ended: 0 not yet, 1 the event, 2 or more something that made it impossible.
    """

    arm: str
    control: str
    kind: Kind
    outcome: str | None = None
    time: str | None = None
    event: str | None = None
    baseline: str | None = None
    covariates: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    cluster: str | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        """Judge which columns go together. Raises UsageError."""
        if self.kind == "time" and not (self.time and self.ending):
            raise UsageError("--kind time needs --time and --event: the time that was seen, and how it ended.")
        if self.kind != "time" and not self.outcome:
            raise UsageError(f"--kind {self.kind} needs --outcome: the column that is compared.")

    @property
    def ending(self) -> str | None:
        """Return the column that says how a time ended."""
        return self.event or self.outcome

    @property
    def columns(self) -> dict[str, list[str]]:
        """Return the columns asked for, by the option that names them."""
        asked: dict[str, list[str | None]] = {
            "--arm": [self.arm],
            "--outcome": [self.outcome],
            "--time": [self.time],
            "--event": [self.event],
            "--baseline": [self.baseline],
            "--covariates": [*self.covariates],
            "--strata": [*self.strata],
            "--cluster": [self.cluster],
            "--weights": [self.weights],
        }
        return {option: [name for name in names if name] for option, names in asked.items()}


@dataclass(frozen=True)
class Table:
    """A table as text, by column; ``rows`` are the numbers by which a person finds a record in ``file``."""

    file: str
    rows: Sequence[int]
    columns: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Sample:
    """What one comparison looks at; arrays of length n, one place a person, the same in all.

    ``outcome`` is 0 or 1, a value, or a time; ``nan`` is not known. ``cause`` (time only) is 0 for not yet, 1 for the
    event, 2 and above for what made it impossible. ``covariates`` has shape (n, k) and is complete. ``stratum`` and
    ``cluster`` are labels from 0. ``earlier`` is the scale at an earlier wave, ``nan`` where it is not known, which
    only imputation looks at. ``notes`` say what was done on the way.
    """

    arms: tuple[str, str]
    treated: Bools
    outcome: Floats
    cause: Ints | None = None
    covariates: Floats | None = None
    stratum: Ints | None = None
    cluster: Ints | None = None
    weight: Floats | None = None
    earlier: Floats | None = None
    notes: tuple[str, ...] = ()

    @property
    def known_ones(self) -> Bools:
        """Return whose outcome is known, shape (n,)."""
        return np.isfinite(self.outcome)

    def known(self) -> Sample:
        """Return those whose outcome is known."""
        return self.where(self.known_ones)

    def where(self, chosen: Bools) -> Sample:
        """Return those who were chosen, in the same order."""
        arrays = ("treated", "outcome", "cause", "covariates", "stratum", "cluster", "weight", "earlier")
        kept = {name: getattr(self, name)[chosen] for name in arrays if getattr(self, name) is not None}
        return replace(self, **kept)

    @property
    def has_clusters(self) -> bool:
        """Tell whether anybody shares her cluster with another."""
        return self.cluster is not None and len(np.unique(self.cluster)) < self.size

    @property
    def splits_clusters(self) -> bool:
        """Tell whether a cluster has persons in both arms, so that it was not drawn as a whole."""
        if self.cluster is None:
            return False
        ever, always = np.zeros(self.cluster.max() + 1, bool), np.ones(self.cluster.max() + 1, bool)
        np.logical_or.at(ever, self.cluster, self.treated)
        np.logical_and.at(always, self.cluster, self.treated)
        return bool(np.any((ever & ~always)[self.cluster]))

    def no_covariates(self) -> Floats:
        """Return covariates of shape (n, 0)."""
        return np.empty((self.size, 0))

    def with_strata(self) -> Floats:
        """Return the covariates and an indicator for each stratum but the first, shape (n, k)."""
        parts = [self.no_covariates() if self.covariates is None else self.covariates]
        if self.stratum is not None:
            parts.append(indicators(self.stratum, self.size))
        return np.hstack(parts)

    @property
    def size(self) -> int:
        """Return the number of persons."""
        return len(self.treated)


def sample_of(table: Table, question: Question) -> Sample:
    """Return the arrays that a question asks for, of everyone in the table with an arm.

    Raises UsageError when a column or an arm is not there, DataRefused when values are not what they must be.
    """
    _judge_columns(table, question)
    arm = [value.strip() for value in table.columns[question.arm]]
    with_arm = [place for place, value in enumerate(arm) if value.lower() not in NO_ARM]
    notes = [f"{len(arm) - len(with_arm)} rows have no arm and are left out."] if len(with_arm) < len(arm) else []
    reader = _Reader(
        Table(
            table.file,
            [table.rows[place] for place in with_arm],
            {
                name: [table.columns[name][place].strip() for place in with_arm]
                for names in question.columns.values()
                for name in names
            },
        )
    )
    treated, arms = _arms(reader.table, question)
    covariates, filled = reader.covariates([*([question.baseline] if question.baseline else []), *question.covariates])
    if question.kind == "time":
        outcome, cause = reader.times(question.time or "", question.ending or "")
    else:
        cause = None
        outcome = (reader.binary if question.kind == "binary" else reader.numbers)(question.outcome or "")
    return Sample(
        arms=arms,
        treated=treated,
        outcome=outcome,
        cause=cause,
        covariates=covariates,
        stratum=reader.labels(question.strata) if question.strata else None,
        cluster=reader.labels((question.cluster,)) if question.cluster else None,
        weight=reader.weights(question.weights) if question.weights else None,
        notes=(*notes, *filled),
    )


def number(text: str) -> float:
    """Return the number that a text holds, with a point or a Dutch decimal comma; ``nan`` where it is missing.

    Raises ValueError when it is no number.
    """
    if _is_missing(text):
        return float("nan")
    value = float(text if "." in text else text.replace(",", "."))
    if not isfinite(value) or "_" in text:
        raise ValueError
    return value


class _Reader:
    """Reads one table's columns into arrays."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def numbers(self, column: str) -> Floats:
        return self._read(
            column, number, "no number: write numbers, with a point or a comma, and leave unknown ones empty"
        )

    def binary(self, column: str) -> Floats:
        return self._read(column, _yes_or_no, "not 0 or 1 (or yes and no): recode it, and leave unknown ones empty")

    def weights(self, column: str) -> Floats:
        return self._read(column, _positive, "no number above 0, which a weight must be: mend or leave out the row")

    def times(self, time: str, event: str) -> tuple[Floats, Ints]:
        seen = self._read(time, _not_negative, "no number from 0 on, which a time must be: mend it or leave it empty")
        ended = self._read(
            event, _cause, "not 0, 1 or a whole number above it: 0 not yet, 1 the event, 2 made impossible"
        )
        seen[np.isnan(ended)] = np.nan
        return seen, np.where(np.isnan(ended), 0, ended).astype(np.int64)

    def labels(self, columns: Sequence[str]) -> Ints:
        """Number the combinations of values, in the order of the values, from 0; what is missing is a value too."""
        keys = list(zip(*(self.table.columns[name] for name in columns), strict=True))
        place = {key: number for number, key in enumerate(sorted(set(keys)))}
        return np.array([place[key] for key in keys], dtype=np.int64)

    def covariates(self, columns: Sequence[str]) -> tuple[Floats | None, list[str]]:
        """Return (n, k) numbers: a column of numbers as it is, one of words as an indicator for each level but one.

        What is missing gets the mean of all arms together, which is unbiased where chance drew the arms (White and
        Thompson, Stat Med 2005;24:993-1007); among words it is a level of its own.
        """
        if not columns:
            return None, []
        blocks, notes = [], []
        for column in dict.fromkeys(columns):
            try:
                values = np.array([number(text) for text in self.table.columns[column]])
            except ValueError:
                blocks.append(self._indicators(column))
                continue
            gaps = np.isnan(values)
            if gaps.all():
                notes.append(f"Covariate '{column}' is not known of anybody and is left out.")
                continue
            if gaps.any():
                notes.append(f"Covariate '{column}' is missing for {gaps.sum()} and taken as its mean there.")
            blocks.append(filled_columns(values))
        return (np.hstack(blocks) if blocks else None), notes

    def _indicators(self, column: str) -> Floats:
        labels = self.labels((column,))
        levels = int(labels.max()) + 1
        if levels > MOST_LEVELS:
            raise UsageError(
                f"--covariates: column '{column}' has more than {MOST_LEVELS} different words: group them first."
            )
        return indicators(labels, len(labels))

    def _read(self, column: str, judge: Callable[[str], float], fault: str) -> Floats:
        values, wrong = np.full(len(self.table.rows), np.nan), []
        for place, text in enumerate(self.table.columns[column]):
            try:
                values[place] = judge(text)
            except ValueError:
                wrong.append(self.table.rows[place])
        if wrong:
            raise DataRefused(
                f"{self.table.file}: column '{column}' has {len(wrong)} cells, the first in row {wrong[0]}, "
                f"of which the content is {fault}."
            )
        return values


def _judge_columns(table: Table, question: Question) -> None:
    for option, names in question.columns.items():
        for name in names:
            if name not in table.columns:
                hint, known = nearest(name, list(table.columns)), ", ".join(table.columns)
                raise UsageError(f"{option}: {table.file} has no column '{name}'{hint}; it has {known}.")


def _arms(table: Table, question: Question) -> tuple[Bools, tuple[str, str]]:
    values = table.columns[question.arm]
    levels = sorted(set(values))
    control = [level for level in levels if _same(level, question.control)]
    others = [level for level in levels if level not in control]
    if not control:
        raise UsageError(f"--control: nobody in {table.file} has this value in column '{question.arm}'.")
    if len(others) != 1:
        raise UsageError(
            f"--arm: column '{question.arm}' has {len(others)} values besides the control, and one is compared "
            "with it: leave the other rows out of the file."
        )
    return np.array([value == others[0] for value in values], dtype=np.bool_), (others[0], control[0])


def _same(one: str, other: str) -> bool:
    """Tell whether two values are the same text or the same number: 0 is 0.0."""
    try:
        return one == other.strip() or number(one) == number(other)
    except ValueError:
        return False


def _is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING


def _yes_or_no(text: str) -> float:
    word = text.lower()
    if word in YES or word in NO:
        return float(word in YES)
    value = number(text)
    if value not in {0.0, 1.0} and not np.isnan(value):
        raise ValueError
    return value


def _not_negative(text: str) -> float:
    value = number(text)
    if value < 0:
        raise ValueError
    return value


def _positive(text: str) -> float:
    value = number(text)
    if not value > 0:
        raise ValueError
    return value


def _cause(text: str) -> float:
    word = text.lower()
    if word in YES or word in NO:
        return float(word in YES)
    value = _not_negative(text)
    if value % 1 and not np.isnan(value):
        raise ValueError
    return value
