"""What somebody can work out who has every page that was released: integer programming over all their counts.

For each count the smallest and the largest value is sought that agrees with everything shown, in all releases together
(Fischetti & Salazar, Management Science 2001;47:1008, the attacker's problem). The gate attacks its own pages with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from smartstart.small_numbers import MINIMUM, ROUNDED_TO
from smartstart.trial.flow import OFFER

MOST: Final = 1_000_000  # more women than any municipality has
_WHOLE: Final = 1e-6  # a number nearer to a whole one than this is whole
_NEAR: Final = ROUNDED_TO // 2
Numbers = npt.NDArray[np.float64]
Cell = tuple[int, str]  # the release, and the name of the count in it


@dataclass
class _Puzzle:
    """Counts that are not known, what was shown of each (None: hidden), and how they hang together."""

    shown: dict[Cell, int | None] = field(default_factory=dict)
    rules: list[tuple[dict[Cell, int], float, float]] = field(default_factory=list)  # low <= sum of times x <= high

    def see(self, cell: Cell, shown: int | None) -> None:
        self.shown[cell] = shown

    def add_up(self, whole: Cell, parts: Sequence[Cell]) -> None:
        self.rules.append(({whole: -1, **dict.fromkeys(parts, 1)}, 0, 0))

    def within(self, part: Cell, whole: Cell) -> None:
        self.rules.append(({whole: 1, part: -1}, 0, np.inf))


def feasible(releases: Sequence[Mapping[str, Any]]) -> dict[Cell, tuple[int, int]]:
    """Return for each count that was shown or hidden the least and the largest value that agrees with all releases.

    ``releases`` are those of one trial in their order, as ``Released.as_dict`` gives them.
    """
    puzzle = _puzzle(releases)
    cells = list(dict.fromkeys([*puzzle.shown, *(cell for rule, _, _ in puzzle.rules for cell in rule)]))
    place = {cell: number for number, cell in enumerate(cells)}
    bounds = [_bounds(puzzle.shown.get(cell), hidden=cell in puzzle.shown) for cell in cells]
    low, high = np.array(bounds, dtype=float).reshape(-1, 2).T
    matrix = np.zeros((len(puzzle.rules), len(cells)))
    for row, (rule, _, _) in enumerate(puzzle.rules):
        for cell, times in rule.items():
            matrix[row, place[cell]] = times
    limits = LinearConstraint(matrix, [r[1] for r in puzzle.rules], [r[2] for r in puzzle.rules])
    found = {}
    for cell in puzzle.shown:
        ends = []
        for sign in (1, -1):
            aim = np.zeros(len(cells))
            aim[place[cell]] = sign
            solution = _solution(aim, limits, Bounds(low, high))
            if solution is None:
                return {}  # what was shown cannot all be true: an earlier page was corrected since
            ends.append(round(float(solution[place[cell]])))
        found[cell] = (ends[0], ends[1])
    return found


def _solution(aim: Numbers, limits: LinearConstraint, bounds: Bounds) -> Numbers | None:
    """Return the whole numbers within the limits that make the aim least, or None when there are none.

    Fractions are sought first: where they come out whole no whole numbers are better, and mostly they do. Else whole
    ones are, without the solver's presolve, which takes ends for the last that are not (HiGHS 1.14, its issue 2961).
    """
    solved = milp(aim, constraints=limits, bounds=bounds)
    if solved.x is not None and np.abs(solved.x - np.round(solved.x)).max() > _WHOLE:
        solved = milp(aim, constraints=limits, bounds=bounds, integrality=1, options={"presolve": False})
    found: Numbers | None = solved.x
    return found


def given_away(releases: Sequence[Mapping[str, Any]]) -> list[Cell]:
    """Return the counts of which more is known than the page says.

    Of a hidden one a value under ten is impossible, of a shown one a value that rounds to it.
    """
    puzzle = _puzzle(releases)
    away = []
    for cell, (low, high) in feasible(releases).items():
        shown = puzzle.shown[cell]
        least, most = _bounds(shown, hidden=True)
        if low > least or high < min(most, MINIMUM - 1 if shown is None else most):
            away.append(cell)
    return away


def _bounds(shown: int | None, *, hidden: bool) -> tuple[float, float]:
    """Return the values of a count by itself; a hidden one may also be larger, hidden for the sake of another."""
    if shown is None or not hidden:
        return 0, MOST
    return max(MINIMUM, shown - _NEAR), shown + _NEAR


# --- what a release says ----------------------------------------------------------------------------------


def _puzzle(releases: Sequence[Mapping[str, Any]]) -> _Puzzle:
    puzzle = _Puzzle()
    for number, one in enumerate(releases):
        for name, shown in _counts(one):
            puzzle.see((number, name), shown)
        _hang_together(puzzle, number, one)
        if number:
            for name in ("drawn", "seen", *(f"practice {name}" for name in one["practices"])):
                puzzle.within((number - 1, name), (number, name))  # who was seen or drawn stays so
    return puzzle


def _counts(one: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Return every count that a page shows or says it hides; totals are sums of these and tell nothing more."""
    taken = one["taken"]
    if taken["reasons"]:
        yield from ((f"reason {name}", shown) for name, shown in taken["reasons"].items())
    else:
        yield "not drawn", taken["not_drawn"]
    for part in ("drawn", "excluded", "analysed"):
        yield from ((f"{part} {arm}", shown) for arm, shown in taken[part].items())
    yield from ((f"practice {name}", shown) for name, shown in one["practices"].items())
    for outcome in one["outcomes"]:
        name = f"{outcome['outcome']} {outcome['at']}"
        for part in ("known", "events"):
            yield from ((f"{part} {name} {arm}", shown) for arm, shown in outcome[part].items())
    for name, shown, _ in _delivered(one):
        yield name, shown
    for wave in one["waves"]:
        yield f"wave {wave['scale']} {wave['moment']} {wave['arm']}", wave["n"]
    for half_year, events, women in one["events_by_half_year"]:
        yield f"events by {half_year}", events
        yield f"followed {half_year}", women


def _delivered(one: Mapping[str, Any]) -> Iterator[tuple[str, int | None, str]]:
    """Yield each count of what women were given, with what it is a part of."""
    given, arms = one.get("delivery"), list(one["taken"]["drawn"])
    if not given:
        return
    whole = f"drawn {OFFER}" if OFFER in arms else "drawn"
    for name, shown in given["reach"].items():
        yield f"reach {name}", shown, whole
        whole = f"reach {name}"
    for name, by_arm in given["care"].items():
        for arm, shown in by_arm.items():
            yield f"care {name} {arm}", shown, f"drawn {arm}" if arm in arms else "drawn"
    for name, shown in given["needs"].items():
        yield f"need {name}", shown, "seen"


def _hang_together(puzzle: _Puzzle, number: int, one: Mapping[str, Any]) -> None:
    """Say which counts are parts of which: everybody can know that."""

    def cell(name: str) -> Cell:
        return number, name

    taken = one["taken"]
    reasons = [cell(f"reason {name}") for name in taken["reasons"]]
    if reasons:
        puzzle.add_up(cell("not drawn"), reasons)
    arms = list(taken["drawn"])
    puzzle.add_up(cell("drawn"), [cell(f"drawn {arm}") for arm in arms])
    puzzle.add_up(cell("seen"), [cell("drawn"), cell("not drawn")])
    if one["practices"]:
        puzzle.add_up(cell("drawn"), [cell(f"practice {name}") for name in one["practices"]])
    for arm in taken["excluded"]:
        puzzle.add_up(cell(f"drawn {arm}"), [cell(f"excluded {arm}"), cell(f"analysed {arm}")])
    for outcome in one["outcomes"]:
        name = f"{outcome['outcome']} {outcome['at']}"
        for arm in outcome["known"]:
            puzzle.within(cell(f"known {name} {arm}"), cell(f"drawn {arm}"))
            puzzle.within(cell(f"known {name} {arm}"), cell(f"analysed {arm}"))
        for arm in outcome["events"]:
            puzzle.within(cell(f"events {name} {arm}"), cell(f"known {name} {arm}"))
    for name, _, whole in _delivered(one):
        puzzle.within(cell(name), cell(whole))
    for wave in one["waves"]:
        whole = f"drawn {wave['arm']}" if wave["arm"] in arms else "drawn"
        puzzle.within(cell(f"wave {wave['scale']} {wave['moment']} {wave['arm']}"), cell(whole))
    for half_year, _, _ in one["events_by_half_year"]:
        puzzle.within(cell(f"events by {half_year}"), cell(f"followed {half_year}"))
        puzzle.within(cell(f"followed {half_year}"), cell("drawn"))
