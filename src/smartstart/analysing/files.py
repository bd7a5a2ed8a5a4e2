"""Compare two arms in a file of one's own, or in counts that were typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from smartstart.errors import UsageError
from smartstart.extracts.reading import read_table
from smartstart.trial.analysis.binary import compare_counts
from smartstart.trial.analysis.compare import Options, compare
from smartstart.trial.analysis.comparison import Arms, Comparison
from smartstart.trial.analysis.estimands import of_counts, of_file
from smartstart.trial.analysis.records import Counts
from smartstart.trial.analysis.samples import Question, Table, sample_of

if TYPE_CHECKING:
    from collections.abc import Callable

TYPED_ARMS = ("treated", "control")


def analyse_file(path: Path, question: Question, options: Options, tell: Callable[[str], None]) -> Comparison:
    """Compare the arms of a CSV, Excel or Parquet file.

    Raises UsageError when the question does not fit the file, DataRefused when the file cannot be read or a value is
    not what it must be; the message names file, row and column.
    """
    tell("read_file")
    records = read_table(path)
    named = {name: f"c{place}" for place, name in enumerate(records.header)}
    table = Table(
        file=path.name,
        rows=records.frame["_row"].to_list(),
        columns={name: _texts(records.frame[column].to_list()) for name, column in named.items()},
    )
    sample = sample_of(table, question)
    outcome = question.time if question.kind == "time" else question.outcome
    estimand = of_file(question.kind, outcome or "", sample.arms, question.time)
    return compare(sample, question.kind, estimand, options, tell=tell)


def analyse_counts(treated: str, control: str, method: str | None = None) -> Comparison:
    """Compare two arms by counts that were typed as events/women, the treated arm first. Raises UsageError."""
    counts = Counts(*typed_counts(treated), *typed_counts(control))
    return Comparison(
        estimand=of_counts(),
        kind="binary",
        arms=TYPED_ARMS,
        n=Arms(counts.n_treated, counts.n_control),
        events=Arms(counts.events_treated, counts.events_control),
        missing=Arms(0, 0),
        effects=compare_counts(counts, method),
    )


def _texts(values: list[str | None]) -> list[str]:
    return [value or "" for value in values]


def typed_counts(text: str) -> tuple[int, int]:
    """Return events and women of one arm, typed as 61/489. Raises UsageError."""
    if not re.fullmatch(r"[0-9]{1,9}/[0-9]{1,9}", text):
        raise UsageError("--counts: write events/women of the treated arm and of the control arm, as 61/489 87/519.")
    events, women = text.split("/")
    if not 0 <= int(events) <= int(women) or int(women) == 0:
        raise UsageError("--counts: there cannot be more events than women, nor an arm without women.")
    return int(events), int(women)
