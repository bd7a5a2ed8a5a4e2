"""From what is known of each woman drawn to what is compared: her outcome, or the reason why it is not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import nan
from typing import TYPE_CHECKING, Final

import numpy as np

from smartstart.calendar import LATE_BIRTH_DAYS
from smartstart.programme.sections import WAVES
from smartstart.trial.analysis.ancova import collapse_sparse
from smartstart.trial.analysis.columns import filled_columns
from smartstart.trial.analysis.instruments import months_after, timing_of
from smartstart.trial.analysis.samples import Sample

if TYPE_CHECKING:
    from smartstart.analysing.reading import Drawn, Row
    from smartstart.programme.sections import Programme, Wave
    from smartstart.trial.analysis.plan import Plan, PlannedComparison
    from smartstart.trial.analysis.records import Floats

# Which columns of drawn_outcome say whether an event is known and happened, by the programme's name of it.
EVENT_COLUMNS: Final = {
    "placed_without_mother": ("known", "uhp"),
    "placed_rivm": ("known_rivm", "uhp_rivm"),
    "supervision_order": ("known_ots", "ots"),
    "placed_or_ordered": ("known_either", "either"),
}
LATER: Final = ("later_known", "later_uhp")
# After the due date: by then a birth stands in the register, or there is none.
BIRTH_IS_LATE: Final = timedelta(days=LATE_BIRTH_DAYS)
_STOPPED: Final = ("deceased", "pregnancy_ended", "moved_away")  # why no questionnaire went to her, in this order

NOT_FOLLOWED_YET: Final = "not followed so long yet"
NOT_BORN_YET: Final = "not born yet"
NOT_DUE_YET: Final = "not due yet"
# Women of whom no outcome can be known yet: they are awaited, which is not the same as missing.
AWAITED: Final = frozenset({NOT_FOLLOWED_YET, NOT_BORN_YET, NOT_DUE_YET})

Value = tuple[float, str | None]  # nan where it is not known, with the reason


@dataclass(frozen=True)
class Compared:
    """The women of one comparison, and in their order their values and why they are not known."""

    women: tuple[Drawn, ...]
    values: tuple[Value, ...]

    @property
    def outcome(self) -> Floats:
        """Return the values; nan is not known."""
        return np.array([value for value, _ in self.values], dtype=np.float64)

    def due(self) -> Compared:
        """Return those whose outcome can be known by now."""
        chosen = [place for place, (_, reason) in enumerate(self.values) if reason not in AWAITED]
        return Compared(tuple(self.women[i] for i in chosen), tuple(self.values[i] for i in chosen))

    @property
    def reasons(self) -> list[str | None]:
        """Return why each value is not known."""
        return [reason for _, reason in self.values]


def compared(women: Sequence[Drawn], value_of: Callable[[Drawn], Value]) -> Compared:
    """Return the women with their values."""
    return Compared(tuple(women), tuple(value_of(woman) for woman in women))


def value_of(programme: Programme, planned: PlannedComparison, as_of: date) -> Callable[[Drawn], Value]:
    """Return what gives each woman her value of a planned outcome."""
    if planned.kind == "scale":
        wave = wave_named(programme, planned.at)
        return lambda woman: scale_of(woman, planned.outcome, planned.at, wave, as_of)
    columns = EVENT_COLUMNS[planned.outcome]
    return lambda woman: event_of(woman, int(planned.at), columns, as_of)


def wave_named(programme: Programme, name: str) -> Wave:
    """Return the window of a wave of the questionnaires."""
    wave: Wave = getattr(programme.questionnaires, name)
    return wave


def event_of(woman: Drawn, months: int, columns: tuple[str, str], as_of: date) -> Value:
    """Return 1 or 0: did it happen before the month, to any child of the index pregnancy?

    A pregnancy that ended without a birth counts as no event, from the day on which the outcome would have been known.
    """
    row = woman.outcomes[months]
    known, happened = columns
    if row[known]:
        return float(row[happened]), None
    if not row["children"]:
        return _without_birth(woman, row, months, as_of)
    if row["lost"] or row["followed_until"] < as_of:
        return nan, "moved away"
    if months_after(row["born_on"], months) > as_of:
        return nan, NOT_FOLLOWED_YET
    return nan, "a start is unknown"


def time_of(woman: Drawn, months: int) -> tuple[float, int]:
    """Return the days from birth to the first placement, and how they ended: 0 still at home, 1 placed, 2 died.

    She is followed until she moved away, the death of her last child, or the last run; nan without a birth or a start.
    """
    row = woman.outcomes[months]
    born, until = row["born_on"], row["followed_until"]
    if born is None or until is None or row["placed_unknown"]:
        return nan, 0
    placed, died = row["placed_on"], row["died_on"] if row["all_died"] else None
    if placed is not None and placed <= until:
        return float(max((placed - born).days, 0)), 1
    if died is not None and died <= until:
        return float(max((died - born).days, 0)), 2
    return float(max((until - born).days, 0)), 0


def has_live_birth(woman: Drawn, months: int) -> bool:
    """Tell whether a birth of the index pregnancy is known."""
    return bool(woman.outcomes[months]["children"])


def nulmeting_of(woman: Drawn, dimension: str) -> float:
    """Return the scale of the questionnaire that she was drawn with, or of another before the birth; nan: none."""
    rows = [row for row in woman.scales.get(dimension, ()) if row["moment"] == "nulmeting" and _before_birth(row)]
    chosen = next((row for row in rows if row["at_draw"]), rows[-1] if rows else None)
    return nan if chosen is None else float(chosen["score"])


def scale_of(woman: Drawn, dimension: str, name: str, wave: Wave, as_of: date, *, late_too: bool = False) -> Value:
    """Return the scale at a wave, filled in within its window from the birth; ``late_too`` also later ones."""
    rows = [row for row in woman.scales.get(dimension, ()) if row["moment"] == name and row["born_on"] is not None]
    wanted = {"in_window", "late"} if late_too else {"in_window"}
    for row in rows:
        if timing_of(row["born_on"], row["filled_on"], wave) in wanted:
            return float(row["score"]), None
    if rows:
        return nan, "answered outside the window"
    return nan, _why_no_answer(woman, wave, as_of)


def earlier_of(women: Sequence[Drawn], programme: Programme, planned: PlannedComparison, as_of: date) -> Floats | None:
    """Return the scale at the wave before the planned one, nan where it is not known; None when there is none."""
    place = WAVES.index(planned.at)
    if not place:
        return None
    name = WAVES[place - 1]
    wave = wave_named(programme, name)
    return np.array([scale_of(woman, planned.outcome, name, wave, as_of)[0] for woman in women])


def sample_of(
    data: Compared,
    plan: Plan,
    *,
    treated: str,
    labels: tuple[str, str],
    dimension: str | None,
    prognostic: bool,
) -> Sample:
    """Return what is compared, with the covariates of the plan, the strata of the draw and the households.

    ``dimension`` is the scale whose nulmeting adjusts, ``prognostic`` whether the model's log odds may. What is missing
    of a covariate is taken as its mean, over both arms.
    """
    women, notes = data.women, []
    columns = []
    if "baseline" in plan.covariates and dimension:
        columns.append(np.array([nulmeting_of(woman, dimension) for woman in women]))
    if "prognostic_score" in plan.covariates and prognostic:
        columns.append(np.array([nan if w.log_odds is None else w.log_odds for w in women]))
    filled = []
    for column in columns:
        gaps = np.isnan(column)
        if gaps.all() or len(np.unique(column[~gaps])) < 2:
            continue
        if gaps.any():
            notes.append(f"A covariate is missing for {gaps.sum()} women and taken as its mean there.")
        filled.append(filled_columns(column))
    arm = np.array([woman.arm == treated for woman in women], dtype=np.bool_)
    stratum = _numbered([woman.stratum for woman in women])
    households = _numbered([woman.cluster for woman in women])
    shared = len(np.unique(households)) < len(households)
    return Sample(
        arms=labels,
        treated=arm,
        outcome=data.outcome,
        covariates=np.column_stack(filled) if filled else None,
        stratum=collapse_sparse(stratum, plan.sparse_stratum),
        cluster=households if shared else None,
        notes=tuple(notes),
    )


def _numbered(names: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)


def _before_birth(row: Row) -> bool:
    return bool(row["born_on"] is None or row["filled_on"] <= row["born_on"])


def _without_birth(woman: Drawn, row: Row, months: int, as_of: date) -> Value:
    due: date = row["due_date"]
    if "pregnancy_ended" in woman.told.facts:
        return (0.0, None) if months_after(due, months) <= as_of else (nan, NOT_FOLLOWED_YET)
    if "moved_away" in woman.told.facts:
        return nan, "moved away"
    return nan, "no birth in the register" if due + BIRTH_IS_LATE < as_of else NOT_BORN_YET


def _why_no_answer(woman: Drawn, wave: Wave, as_of: date) -> str:
    row = next(iter(woman.outcomes.values()))
    born: date | None = row["born_on"]
    day = months_after(born or row["due_date"], wave.months) + timedelta(days=wave.counts[1])
    told = next((fact for fact in _STOPPED if fact in woman.told.facts), None)
    if told:
        return told.replace("_", " ")
    return NOT_DUE_YET if day > as_of else "no answer"
