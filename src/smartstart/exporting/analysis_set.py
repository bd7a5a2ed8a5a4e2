"""The analysis set: a row for each woman drawn whose data may be used, with what the plan compares and adjusts for.

Nothing in it names anybody: no pseudonym of the register, no practice by its code, no day of a birth or a draw.
"""

from __future__ import annotations

import hmac
import re
from math import isnan
from typing import TYPE_CHECKING, Final

from smartstart.analysing.outcomes import (
    EVENT_COLUMNS,
    Value,
    event_of,
    has_live_birth,
    nulmeting_of,
    scale_of,
    time_of,
    wave_named,
)
from smartstart.exporting.codebook import NO_YES, AnalysisSet, Cell, Column, numbered
from smartstart.programme.sections import WAVES
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from smartstart.analysing.reading import Drawn, TrialData
    from smartstart.programme.sections import Programme
    from smartstart.trial.uptake import Care

_EVENT_LABELS: Final = {
    "placed_without_mother": "a child of the index pregnancy was placed without its mother",
    "placed_rivm": "youth care with residence beside a protection measure (the RIVM's proxy)",
    "supervision_order": "a supervision order, also a provisional one (a process outcome, no harm)",
    "placed_or_ordered": "placed without its mother, or a supervision order",
}
_ENDINGS: Final = {0: "still at home when last seen", 1: "placed without its mother", 2: "died before that"}
NOT_ANONYMOUS: Final = (
    "Pseudonymised, not anonymous: for those whom the DPIA names, and never for publication. Counts under ten are not "
    "published."
)
ESTIMAND: Final = "Everybody drawn whose data may be used, by the arm that the draw gave: intention to treat."

Variable = tuple[Column, "Callable[[Drawn], Cell]"]


def analysis_set(programme: Programme, data: TrialData, key: bytes, *, with_arm: bool) -> AnalysisSet:
    """Return the table and its codebook. ``key`` makes the ids: the same woman has the same one in every export."""
    women = sorted(data.women, key=lambda woman: _code(key, "woman", woman.told.research_id))
    variables = [
        *_who(key, women),
        *(_arms(programme) + _given() if with_arm else []),
        *_draw(programme, women),
        *_course(),
        *_events(programme, data.as_of),
        *_scales(programme, women, data.as_of),
    ]
    rows = tuple(tuple(read(woman) for _, read in variables) for woman in women)
    notes = [NOT_ANONYMOUS, ESTIMAND]
    if programme.score is not None:
        notes.append(f"The risk band stratified the draw and decides about nobody. {CAUTION}")
    return AnalysisSet(tuple(column for column, _ in variables), rows, tuple(notes))


def _code(key: bytes, what: str, value: str) -> str:
    """Return a keyed code, so that neither the value nor the order of the draw shows."""
    return hmac.digest(key, f"smartstart/1/export/{what}/{value}".encode(), "sha256").hex()[:16]


def _who(key: bytes, women: Sequence[Drawn]) -> list[Variable]:
    households = numbered([_code(key, "household", woman.cluster) for woman in women])
    return [
        (
            Column("id", "Woman: a keyed code, the same in every export", "text"),
            lambda woman: _code(key, "woman", woman.told.research_id),
        ),
        (
            Column("household", "Household, numbered: women with the same number share one", "number"),
            lambda woman: households[_code(key, "household", woman.cluster)],
        ),
    ]


def _arms(programme: Programme) -> list[Variable]:
    # 0 is care as usual, so that an effect of the code is the effect of the offer
    others = [arm for arm in programme.trial.arms if arm != "care_as_usual"]
    order = {"care_as_usual": 0} | {arm: number for number, arm in enumerate(others, start=1)}
    codes = {number: arm.replace("_", " ") for arm, number in order.items()}
    return [(Column("arm", "Arm that the draw gave", "code", codes), lambda woman: order[woman.arm])]


def _draw(programme: Programme, women: Sequence[Drawn]) -> list[Variable]:
    strata, practices = numbered([w.stratum for w in women]), numbered([w.practice for w in women])
    bands = numbered([w.risk_band for w in women])
    found: list[Variable] = [
        (
            Column("stratum", "Stratum of the draw, numbered", "code", {n: f"stratum {n}" for n in strata.values()}),
            lambda woman: strata[woman.stratum],
        ),
        (
            Column("practice", "Midwife practice, numbered", "code", {n: f"practice {n}" for n in practices.values()}),
            lambda woman: practices[woman.practice],
        ),
        (
            Column("due_quarter", "Quarter of the due date at the draw", "text"),
            lambda woman: _quarter(next(iter(woman.outcomes.values()))["due_date"]),
        ),
    ]
    if programme.score is not None:
        column = Column("risk_band", "Risk band at the draw", "code", _named(bands))
        found.insert(1, (column, lambda woman: bands[woman.risk_band]))
    if programme.analysis and "prognostic_score" in programme.analysis.covariates:
        column = Column("log_odds", "Log odds of the approved model, for adjustment only", "number", unit="log odds")
        found.append((column, lambda woman: woman.log_odds))
    return found


def _given() -> list[Variable]:
    """Return whether she took up the offer and what she was given: it tells her arm, so it goes with the arm alone."""
    return [
        (
            Column("accepted", "She accepted the offer", "code", NO_YES),
            lambda woman: int(woman.told.accepted_on is not None),
        ),
        (
            Column("per_protocol", "Counts in the analysis per protocol", "code", NO_YES),
            lambda woman: int("per_protocol" in woman.analysed.populations),
        ),
        (
            Column("spoken_to", "Was spoken to for the offer, by the support workers' log", "code", NO_YES),
            lambda woman: None if woman.care.helped is None else int(woman.care.helped),
        ),
        *(
            (Column(name, label, "number", unit=unit), _logged(read))
            for name, label, unit, read in (
                ("contacts", "Contacts of the offer", "contacts", lambda care: care.contacts),
                ("hours", "Time in contacts of the offer, those without minutes left out", "hours", _hours),
                ("planned_contacts", "Of the three planned contacts", "contacts", lambda care: care.planned),
                ("usual_contacts", "Contacts with a youth nurse", "contacts", lambda care: care.usual_contacts),
                ("days_housed", "In a house for mother and child", "days", lambda care: care.days_housed),
            )
        ),
    ]


def _hours(care: Care) -> float:
    return round(care.minutes / 60, 2)


def _logged(read: Callable[[Care], float]) -> Callable[[Drawn], Cell]:
    return lambda woman: read(woman.care) if woman.care.logged else None


def _course() -> list[Variable]:
    """Return what ended the follow-up, and whether there was a birth."""
    return [
        (
            Column("moved_away", "Moved away, so that later outcomes may be missed", "code", NO_YES),
            lambda woman: int("moved_away" in woman.told.facts),
        ),
        (
            Column("live_birth", "A birth of the index pregnancy is known", "code", NO_YES),
            lambda woman: int(has_live_birth(woman, next(iter(woman.outcomes)))),
        ),
    ]


def _events(programme: Programme, as_of: date) -> list[Variable]:
    found: list[Variable] = []
    months = sorted(programme.outcome.horizons_months)
    for horizon in months:
        for name, label in _EVENT_LABELS.items():
            told = f"By {horizon} months after the birth: {label}"
            column = Column(f"{name}_{horizon}", told, "code", NO_YES, why=f"{name}_{horizon}_why")
            found += _with_reason(column, _event(horizon, name, as_of), _whole)
    last = months[-1]
    return [
        *found,
        (
            Column("days", "Time from the birth until placed, died or last seen", "number", unit="days"),
            lambda woman: _number(time_of(woman, last)[0]),
        ),
        (
            Column("ending", "How that time ended", "code", _ENDINGS),
            lambda woman: None if isnan(time_of(woman, last)[0]) else time_of(woman, last)[1],
        ),
    ]


def _scales(programme: Programme, women: Sequence[Drawn], as_of: date) -> list[Variable]:
    found: list[Variable] = []
    for dimension in sorted({dimension for woman in women for dimension in woman.scales}):
        name = _plain(dimension)
        column = Column(f"{name}_start", f"{dimension}, before the draw", "number", unit="points")
        found.append((column, _nulmeting(dimension)))
        for wave in WAVES:
            label = f"{dimension}, {wave_named(programme, wave).months} months after the birth, within its window"
            column = Column(f"{name}_{wave}", label, "number", unit="points", why=f"{name}_{wave}_why")
            found += _with_reason(column, _scale(programme, dimension, wave, as_of), _number)
    return found


def _with_reason(column: Column, of: Callable[[Drawn], Value], cell: Callable[[float], Cell]) -> list[Variable]:
    """Return a variable, and beside it the one that says why it is not known."""
    why = Column(column.why, f"Why {column.name} is not known", "text")
    return [(column, lambda woman: cell(of(woman)[0])), (why, lambda woman: of(woman)[1])]


def _event(months: int, name: str, as_of: date) -> Callable[[Drawn], Value]:
    return lambda woman: event_of(woman, months, EVENT_COLUMNS[name], as_of)


def _nulmeting(dimension: str) -> Callable[[Drawn], Cell]:
    return lambda woman: _number(nulmeting_of(woman, dimension))


def _scale(programme: Programme, dimension: str, wave: str, as_of: date) -> Callable[[Drawn], Value]:
    return lambda woman: scale_of(woman, dimension, wave, wave_named(programme, wave), as_of)


def _named(codes: dict[str, int]) -> dict[int, str]:
    return {number: name for name, number in codes.items()}


def _quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"


def _plain(name: str) -> str:
    """Return a name that SPSS and R both take: letters, figures and underscores, a letter first."""
    plain = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"v_{plain}"


def _number(value: float) -> float | None:
    return None if isnan(value) else value


def _whole(value: float) -> int | None:
    return None if isnan(value) else int(value)
