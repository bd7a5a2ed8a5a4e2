"""The one gate between what is known and what may be shown.

A count under ten is not shown, others are rounded to five, totals are sums of what is shown, and a statistic that rests
on a hidden cell is hidden with it. Shares are reckoned from rounded counts, so that they say nothing more than those.
Effects are rounded and shown only from a stated number of women, events and non-events on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from smartstart.errors import PolicyRefused
from smartstart.report.council.attack import given_away
from smartstart.report.council.facts import BOTH
from smartstart.report.council.released import (
    Range,
    Released,
    Shown,
    ShownAtStart,
    ShownGiven,
    ShownLooks,
    ShownOutcome,
    ShownTaken,
    ShownWave,
    State,
    Suppressed,
)
from smartstart.report.disclosure import released, rounded, total
from smartstart.small_numbers import MINIMUM
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.ratio import risk_ratio
from smartstart.trial.analysis.records import Counts

if TYPE_CHECKING:
    from smartstart.report.council.facts import AtStart, Facts, Looks, Outcome, Taken, Wave
    from smartstart.trial.analysis.records import Estimate

OTHER: Final = "other"
LEAST_FOR_AN_EFFECT: Final = 10  # answers of a scale, or events and non-events, in each arm
LEAST_WOMEN_FOR_A_RISK: Final = 100  # in each arm: with fewer, rounding counts to five moves a risk too far
_POINTS: Final = 1  # decimals of a mean
_STANDARDISED: Final = 1  # decimals of a standardised difference


def release(facts: Facts, earlier: Sequence[Mapping[str, Any]] = ()) -> Released:
    """Return what may be shown of these facts beside the ``earlier`` releases, with a list of what was held back.

    What passes is attacked before it is returned: parts are left out until nothing gives a hidden count away. Raises
    PolicyRefused when even the smallest page would.
    """
    shown = _through(facts)
    for part, without in _LEAVE_OUT.items():
        if not given_away([*earlier, shown.as_dict()]):
            return shown
        less = without(shown)
        if less != shown:
            shown = replace(less, suppressed=(*shown.suppressed, Suppressed(part, "gives_away")))
    if given_away([*earlier, shown.as_dict()]):
        shown = _arms_together(shown, facts)
    if given_away([*earlier, shown.as_dict()]):
        raise PolicyRefused(
            "This page and the earlier ones together would give a small number away: wait a quarter before the next."
        )
    return shown


def _without_given(shown: Released) -> Released:
    return replace(shown, delivery=None)


def _without_practices(shown: Released) -> Released:
    return replace(shown, practices={})


def _without_reasons(shown: Released) -> Released:
    return replace(shown, taken=replace(shown.taken, reasons={}, excluded={}, analysed={}))


def _without_waves(shown: Released) -> Released:
    return replace(shown, waves=tuple(replace(one, n=None) for one in shown.waves))


def _without_time(shown: Released) -> Released:
    return replace(shown, events_by_half_year=())


def _arms_together(shown: Released, facts: Facts) -> Released:
    """Return the page with counts of both arms together, as earlier pages had them; effects on scales stay.

    Beside a total that was released before, counts by arm can narrow each other.
    """
    held: dict[tuple[str, str], None] = {("drawn", "gives_away"): None}
    taken = facts.taken
    drawn, analysed = sum(taken.drawn.values()), sum(taken.analysed.values())
    together = replace(
        taken, drawn={BOTH: drawn}, excluded={BOTH: {OTHER: drawn - analysed}}, analysed={BOTH: analysed}
    )
    outcomes = tuple(
        replace(
            one,
            known={BOTH: released(sum(exact.known.values()))},
            events={BOTH: None} if one.kind == "event" else {},
            effect=None if one.kind == "event" else one.effect,
            ratio=None,
        )
        for one, exact in zip(shown.outcomes, facts.outcomes, strict=True)
    )
    return replace(
        shown,
        taken=_taken(together, held),
        outcomes=outcomes,
        suppressed=(*shown.suppressed, *(Suppressed(*one) for one in held)),
    )


_LEAVE_OUT: Final = {
    "practices": _without_practices,
    "events_over_time": _without_time,
    "reasons": _without_reasons,
    "delivery": _without_given,
    "waves": _without_waves,
}  # in this order, until nothing is given away


def _through(facts: Facts) -> Released:
    """Return what each rule by itself lets through."""
    held: dict[tuple[str, str], None] = {}  # in order, each once
    taken = _taken(facts.taken, held)
    outcomes = tuple(_outcome(one, facts.arms, held) for one in facts.outcomes)
    return Released(
        state=_state(facts, outcomes),
        municipality=facts.municipality,
        as_of=facts.as_of,
        started=facts.started,
        rehearsal=facts.rehearsal,
        arms=facts.arms,
        taken=taken,
        practices=_practices(facts.practices, held),
        baseline=tuple(filter(None, (_at_start(one, held) for one in facts.at_start))),
        waves=tuple(_wave(one, held) for one in facts.waves),
        outcomes=outcomes,
        events_by_half_year=tuple(_followed(row, held) for row in facts.events_by_half_year),
        looks=_looks(facts.looks),
        ahead=facts.ahead(released(facts.looks.answers) or 0, total(taken.drawn.values()) or 0),
        how=facts.how,
        contact=facts.contact,
        costs=facts.costs,
        model=facts.model,
        delivery=_given(facts, held),
        suppressed=tuple(Suppressed(*one) for one in held),
    )


def _state(facts: Facts, outcomes: tuple[ShownOutcome, ...]) -> State:
    """Return what may be concluded; a difference is only said of a primary effect that is shown."""
    primary = next(one for one in outcomes if one.primary)
    if all(count is None for count in primary.known.values()):
        return "no_data"
    if not facts.arms or primary.effect is None:
        return "too_early"
    exact = next(one.effect for one in facts.outcomes if one.primary)
    assert exact is not None  # noqa: S101 - the effect is shown, so it is there
    better, worse = (
        (exact.lower > 0, exact.upper < 0) if primary.kind == "scale" else (exact.upper < 0, exact.lower > 0)
    )
    if worse or any(one.kind == "event" and one.effect and one.effect.lower > 0 for one in outcomes):
        return "harm"
    return "difference" if better else "no_difference"


def _count(count: int, what: str, held: dict[tuple[str, str], None]) -> Shown:
    shown = released(count)
    if shown is None:
        held[what, "under_ten"] = None
    return shown


# --- who took part ----------------------------------------------------------------------------------------


def _taken(taken: Taken, held: dict[tuple[str, str], None]) -> ShownTaken:
    reasons = merged(taken.not_drawn)
    if OTHER in reasons and OTHER not in taken.not_drawn:
        held["reasons", "merged"] = None
    not_drawn = total(reasons.values()) if reasons else _count(sum(taken.not_drawn.values()), "not_drawn", held)
    drawn = _complete({arm: released(count) for arm, count in taken.drawn.items()}, "drawn", held)
    excluded = {arm: released(sum(reasons.values())) for arm, reasons in taken.excluded.items()}
    analysed = {arm: released(count) for arm, count in taken.analysed.items()}
    if any(one is None for one in (*excluded.values(), *analysed.values())):
        # drawn less analysed would tell how few were left out, so neither is a box of its own
        held["excluded", "under_ten"] = None
        excluded, analysed = {}, {}
    return ShownTaken(
        seen=total([total(drawn.values()), not_drawn]),
        not_drawn=not_drawn,
        reasons=reasons,
        drawn=drawn,
        excluded=excluded,
        analysed=analysed,
    )


def merged(reasons: Mapping[str, int]) -> dict[str, int]:
    """Return counts by reason, rounded; those under ten are put together, with the least other one if need be.

    Nothing is returned when all together are under ten.
    """
    large = {name: count for name, count in reasons.items() if count >= MINIMUM and name != OTHER}
    rest = sum(count for name, count in reasons.items() if name not in large)
    if 0 < rest < MINIMUM and large:
        least = min(large, key=lambda name: (large[name], name))
        rest += large.pop(least)
    if rest >= MINIMUM:
        large[OTHER] = rest
    return {name: count for name, one in large.items() if (count := released(one)) is not None}


def _complete(counts: Mapping[str, Shown], what: str, held: dict[tuple[str, str], None]) -> dict[str, Shown]:
    """Return the counts, or none of them when one is hidden: arms of a known ratio give each other away."""
    if any(count is None for count in counts.values()):
        held[what, "under_ten"] = None
        return dict.fromkeys(counts)
    return dict(counts)


def _practices(practices: Mapping[str, int], held: dict[tuple[str, str], None]) -> dict[str, Shown]:
    """Return the women drawn by practice; a practice is named, so none is shown when one is too small."""
    shown = {name: released(count) for name, count in practices.items()}
    if len(shown) > 1 and all(count is not None for count in shown.values()):
        return dict(shown)
    if practices:
        held["practices", "under_ten"] = None
    return {}


def _at_start(one: AtStart, held: dict[tuple[str, str], None]) -> ShownAtStart | None:
    """Return a standardised difference, if none of the cells behind it is hidden."""
    if min(one.cells, default=0) < MINIMUM or not isfinite(one.difference):
        held["baseline", "rests_on_hidden"] = None
        return None
    return ShownAtStart(one.name, one.level, round(abs(one.difference), _STANDARDISED))


# --- outcomes ---------------------------------------------------------------------------------------------


def _wave(one: Wave, held: dict[tuple[str, str], None]) -> ShownWave:
    shown = _count(one.n, "waves", held)
    mean = _range(one.mean, _POINTS) if shown is not None else None
    return ShownWave(one.scale, one.moment, one.arm, shown, mean)


def _outcome(one: Outcome, arms: tuple[str, ...], held: dict[tuple[str, str], None]) -> ShownOutcome:
    known = _complete({arm: released(count) for arm, count in one.known.items()}, "known", held)
    events: dict[str, Shown] = {}
    if one.events is not None:
        without = {arm: one.known[arm] - count for arm, count in one.events.items()}
        enough = all(min(count, without[arm]) >= MINIMUM for arm, count in one.events.items())
        if not enough or any(count is None for count in known.values()):
            held["events", "under_ten"] = None
        events = {arm: released(count) if enough and known[arm] is not None else None
                  for arm, count in one.events.items()}  # fmt: skip
    effect = ratio = None
    if arms and _may_show_effect(one, known, events):
        effect, ratio = _of_rounded(arms, known, events) if one.kind == "event" else (_range(one.effect, _POINTS), None)
    elif arms:
        held["effect", "rests_on_hidden"] = None
    return ShownOutcome(one.outcome, one.kind, one.at, one.primary, known, events, effect, ratio)


def _may_show_effect(one: Outcome, known: Mapping[str, Shown], events: Mapping[str, Shown]) -> bool:
    if any(count is None or count < LEAST_FOR_AN_EFFECT for count in known.values()):
        return False
    if one.kind == "scale":
        return True
    return min(one.known.values()) >= LEAST_WOMEN_FOR_A_RISK and all(count is not None for count in events.values())


def _of_rounded(
    arms: tuple[str, ...], known: Mapping[str, Shown], events: Mapping[str, Shown]
) -> tuple[Range | None, Range | None]:
    """Return risk difference and ratio, reckoned from the rounded counts alone.

    An exact effect with its interval gives the counts behind it away, however it is rounded; this one tells nothing
    that the table does not.
    """
    treated, control = arms
    counts = Counts(events[treated] or 0, known[treated] or 0, events[control] or 0, known[control] or 0)
    return _range(risk_difference(counts), 0, 100), _range(risk_ratio(counts), 1)


def _range(one: Estimate | None, decimals: int, times: float = 1.0) -> Range | None:
    if one is None or not all(isfinite(value) for value in (one.estimate, one.lower, one.upper)):
        return None
    if one.lower == one.upper:  # all gave the same answer, so it would be that of each of them
        return None
    estimate, lower, upper = (round(times * value, decimals) + 0.0 for value in (one.estimate, one.lower, one.upper))
    return Range(estimate, lower, upper)


def _followed(row: tuple[int, int, int], held: dict[tuple[str, str], None]) -> tuple[int, Shown, Shown]:
    """Return events and women followed at one moment: events only with ten women with and ten without them."""
    half_year, events, women = row
    if min(events, women - events) < MINIMUM:
        held["events_over_time", "under_ten"] = None
        return half_year, None, released(women)
    return half_year, released(events), released(women)


def _given(facts: Facts, held: dict[tuple[str, str], None]) -> ShownGiven | None:
    """Return what women were given.

    A step is shown only with ten women who came so far and ten who did not; after a hidden step none is shown, as each
    is a part of the one before it. Care is shown for both arms or for neither, with ten women with and without it; of
    the life domains those with ten mothers.
    """
    given = facts.given
    if given is None or not facts.arms:
        return None
    reach: dict[str, Shown] = {}
    hidden = False
    for name, women in given.reach.items():
        hidden = hidden or min(women, given.offered - women) < MINIMUM
        reach[name] = None if hidden else released(women)
    care: dict[str, dict[str, Shown]] = {}
    for name, by_arm in given.care.items():
        enough = all(min(women, facts.taken.analysed[arm] - women) >= MINIMUM for arm, women in by_arm.items())
        care[name] = {arm: released(women) if enough else None for arm, women in by_arm.items()}
    needs = {name: count for name, women in given.needs.items() if (count := released(women)) is not None}
    if hidden or len(needs) < len(given.needs) or any(None in by_arm.values() for by_arm in care.values()):
        held["delivery", "under_ten"] = None
    return ShownGiven(reach, care, needs)


def _looks(looks: Looks) -> ShownLooks:
    """Return the looks; how far the trial is follows from the rounded number of answers and tells no more."""
    answers = released(looks.answers)
    percent = min(100, rounded(100 * (answers or 0) / looks.asked))
    return ShownLooks(looks.planned, looks.boundary, looks.taken, percent, answers, looks.asked)
