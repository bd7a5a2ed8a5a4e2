"""Pool the summaries of several municipalities: open them, refuse what would count double, and estimate jointly."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartstart.contracts.odcs import load_contracts
from smartstart.errors import DataRefused, PolicyRefused, UsageError
from smartstart.exchange.envelope import FORMAT as SEALED
from smartstart.exchange.envelope import opened
from smartstart.exchange.masking import missing, sum_of
from smartstart.exchange.pooled_numbers import Outcome, answers_of, outcomes_of, scale_sums_of, tables_of
from smartstart.exchange.summary import Summary, hold_summary, refuse_doubles, summary_from
from smartstart.identity.exchange_keys import seal_key
from smartstart.resources import shipped
from smartstart.trial.pooling.events import PooledEvents, pool_tables
from smartstart.trial.pooling.scales import PooledScale, pool_scales

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smartstart.exchange.agreement import Agreement
    from smartstart.trial.pooling.additive import SummedEvents, SummedScale
    from smartstart.trial.pooling.records import ScaleSums, Table2

MOST_BYTES: Final = 5_000_000
NOT_FOR_PUBLICATION: Final = (
    "Made of exact counts: not for publication. Cells of one are personal data, and the sums of few municipalities can "
    "give them away."
)


@dataclass(frozen=True)
class PooledOutcome:
    """One outcome over all municipalities that have it; ``answers`` is a sentence where there is nothing to compare."""

    outcome: str
    kind: str
    at: str
    municipalities: tuple[str, ...]
    answers: PooledEvents | PooledScale | SummedEvents | SummedScale | str

    @property
    def name(self) -> str:
        """Return the outcome with its time, as ``welbevinden at eindmeting``."""
        return f"{self.outcome} at {self.at}" + (" months" if self.kind == "event" else "")

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        told = {"outcome": self.outcome, "kind": self.kind, "at": self.at, "municipalities": list(self.municipalities)}
        if isinstance(self.answers, str):
            return told | {"why_not": self.answers}
        return told | {"why_not": None, **self.answers.as_dict()}


@dataclass(frozen=True)
class Pooled:
    """What all municipalities say together."""

    municipalities: tuple[str, ...]
    files: int
    masked: bool
    made_up: bool
    as_of: tuple[str, str]
    arms: tuple[str, str]
    outcomes: tuple[PooledOutcome, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "notice": NOT_FOR_PUBLICATION,
            "municipalities": list(self.municipalities),
            "files": self.files,
            "masked": self.masked,
            "made_up": self.made_up,
            "as_of": {"first": self.as_of[0], "last": self.as_of[1]},
            "arms": {"treated": self.arms[0], "control": self.arms[1]},
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class _Read:
    """One file: its summary, and its masked numbers where it has those instead of rows."""

    place: str
    summary: Summary
    masked: Mapping[str, str] | None


def pool_files(paths: Sequence[Path], agreement: Agreement | None, keys: Path | None) -> Pooled:
    """Return the joint answers of summary files of the tiers restricted and exchange.

    ``agreement`` and the folder of the reader's ``keys`` open those of the tier exchange. Raises DataRefused for a
    file that is damaged, counts women double or does not fit the others, PolicyRefused for what may not be pooled,
    UsageError when the agreement or the keys are missing.
    """
    contracts = load_contracts(shipped("data_contracts"))
    read = [_read(path, agreement, keys) for path in paths]
    for one in read:
        _refuse_unpoolable(one)
        hold_summary(one.summary, contracts, one.place)
    refuse_doubles([(one.place, one.summary) for one in read])
    arms = _refuse_unlike(read)
    is_masked = any(one.masked is not None for one in read)
    outcomes = _masked(read, agreement) if is_masked else _exact(read)
    summaries = [one.summary for one in read]
    days = sorted(summary.as_of for summary in summaries)
    return Pooled(
        municipalities=tuple(_names(summaries)),
        files=len(read),
        masked=is_masked,
        made_up=summaries[0].made_up,
        as_of=(days[0], days[-1]),
        arms=arms,
        outcomes=tuple(outcomes),
        notes=tuple(_notes(summaries)),
    )


# --- reading ----------------------------------------------------------------------------------------------


def _read(path: Path, agreement: Agreement | None, keys: Path | None) -> _Read:
    place = path.name
    raw = _json(path)
    if raw.get("format") != SEALED:
        if raw.get("tier") == "exchange":
            raise DataRefused(
                f"{place}: a summary for exchange comes sealed; ask the municipality for the sealed file."
            )
        return _Read(place, summary_from(raw, place), None)
    if agreement is None or keys is None:
        raise UsageError(
            f"{place} is sealed: name the agreement with --agreement, and the folder with the reader's key with --keys."
        )
    head, content = opened(raw, place, agreement, seal_key(keys))
    try:
        inside = json.loads(content)
        summary = summary_from(inside, place)
        masked = inside["masked"] if head.contents == "masked" else None
        if masked is not None and not all(len(number) == 32 and int(number, 16) >= 0 for number in masked.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataRefused(f"{place}: what is sealed in it is no summary: ask the municipality for it again.") from None
    if (summary.municipality, summary.agreement) != (head.sender, agreement.agreement):
        raise DataRefused(
            f"{place}: it tells of another municipality or agreement than who signed it: ask for it again."
        )
    if agreement.masked != (masked is not None):
        raise PolicyRefused(
            f"{place}: the agreement says {'masked' if agreement.masked else 'not masked'}, the file not."
        )
    return _Read(place, summary, masked)


def _json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataRefused(f"{path.name}: too large to be a summary: name a file that 'trial summary' made.")
        raw = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"'{path}' is not there: name the files of the municipalities.") from None
    except (OSError, ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise DataRefused(f"{path.name}: this is not a summary as 'trial summary' makes it: ask for it again.")
    return raw


def _refuse_unpoolable(one: _Read) -> None:
    if one.summary.tier == "public":
        raise PolicyRefused(
            f"{one.place}: rounded and hidden counts cannot be pooled, as rare events vanish in them: ask the "
            "municipality for the tier exchange, under an agreement."
        )


def _refuse_unlike(read: Sequence[_Read]) -> tuple[str, str]:
    """Return the arms that all files compare, the treated first. Raises DataRefused when they differ."""
    first = read[0]
    for one in read:
        if one.summary.made_up != first.summary.made_up:
            raise DataRefused(f"{one.place}: made-up and real women are not pooled: leave out the made-up files.")
        if one.summary.arms != first.summary.arms:
            raise DataRefused(
                f"{one.place}: it compares other arms than {first.place}: pool trials with the same arms."
            )
    return first.summary.arms


def _names(summaries: Sequence[Summary]) -> list[str]:
    return sorted({f"{summary.name} ({summary.municipality})" for summary in summaries})


def _notes(summaries: Sequence[Summary]) -> list[str]:
    notes = []
    if len({summary.plan_hash for summary in summaries}) > 1:
        notes.append(
            "The municipalities do not have the same plan of the analysis: see whether outcomes mean the same."
        )
    if len({summary.as_of for summary in summaries}) > 1:
        notes.append("The summaries are of different days.")
    return notes


# --- estimating -------------------------------------------------------------------------------------------


def _exact(read: Sequence[_Read]) -> list[PooledOutcome]:
    found: dict[Outcome, list[Summary]] = defaultdict(list)
    for one in read:
        for outcome in outcomes_of(one.summary):
            found[outcome].append(one.summary)
    outcomes = []
    for outcome, summaries in found.items():
        answers: PooledEvents | PooledScale | str
        if outcome[1] == "event":
            answers = pool_tables([table for summary in summaries for table in _periods_apart(summary, outcome)])
        else:
            answers = pool_scales([sums for summary in summaries for sums in _sums_apart(summary, outcome)])
        outcomes.append(PooledOutcome(*outcome, tuple(_names(summaries)), answers))
    return outcomes


def _periods_apart(summary: Summary, outcome: Outcome) -> list[Table2]:
    """Return the tables; strata of two periods of one municipality are strata of their own."""
    return [replace(table, stratum=f"{summary.drawn_from} {table.stratum}") for table in tables_of(summary, outcome)]


def _sums_apart(summary: Summary, outcome: Outcome) -> list[ScaleSums]:
    return [replace(sums, stratum=f"{summary.drawn_from} {sums.stratum}") for sums in scale_sums_of(summary, outcome)]


def _masked(read: Sequence[_Read], agreement: Agreement | None) -> list[PooledOutcome]:
    """Return the answers from the sums over all municipalities of the agreement."""
    if agreement is None or any(one.masked is None for one in read):
        raise DataRefused("Some files are masked and others are not: pool those of one round of one agreement.")
    senders = [one.summary.municipality for one in read]
    absent = missing(agreement, senders)
    if absent:
        raise DataRefused(
            f"No file of municipality {', '.join(absent)}: masks cancel only when all of the agreement are there, so "
            "ask for it, or agree on a new round without."
        )
    sums = sum_of([one.masked for one in read if one.masked is not None])
    names = tuple(_names([one.summary for one in read]))
    return [PooledOutcome(*outcome, names, answers) for outcome, answers in answers_of(sums).items()]
