"""Pool an event over municipalities: one common effect, exact where events are few, and how far they differ.

Which is the main answer follows from the events of all arms and municipalities together, never from the result:
a common risk difference by the stratified score (every woman counts, also where nothing happened), and beside it the
ratios. Peto and Mantel–Haenszel need no correction for empty cells, and leave out tables in which nothing happened or
everything did (Bradburn, Deeks, Berlin & Localio, Stat Med 2007;26:53).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Final

import numpy as np

from smartstart.trial.analysis.comparison import Arms
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.interval import difference_error
from smartstart.trial.analysis.ratio import log_odds_error, observed_odds
from smartstart.trial.analysis.records import Counts, Estimate, Significance, plain
from smartstart.trial.analysis.rule import RULE
from smartstart.trial.analysis.stratified import (
    cochran_mantel_haenszel,
    exact_stratified,
    mantel_haenszel,
    stratified_score_difference,
)
from smartstart.trial.pooling.peto import peto, score_and_information
from smartstart.trial.pooling.random_effects import RandomEffects, random_effects
from smartstart.trial.pooling.records import Table2, refuse_repeated

RARE: Final = 0.01  # of all women: below it one common effect is the main answer and random effects stand beside it
NO_BOTH: Final = "No stratum of any municipality has women in both arms with a known outcome: nothing can be compared."
_CORRECTED: Final = "A municipality with an empty cell had 0.5 added to its cells here, and only here."


@dataclass(frozen=True)
class Municipality:
    """One municipality by itself, its strata together: women, events, its risk difference and its weight in the mean.

    ``weight`` is its share of the Mantel–Haenszel weights, from 0 to 1.
    """

    label: str
    n: Arms
    events: Arms
    difference: Estimate
    weight: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        told = {"label": self.label, "n": self.n.as_dict(), "events": self.events.as_dict()}
        return told | {"risk_difference": self.difference.as_dict(), "weight": self.weight}


@dataclass(frozen=True)
class Without:
    """The main answer when one municipality is left out."""

    without: str
    estimate: float
    lower: float
    upper: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class PooledEvents:
    """An event pooled over municipalities.

    ``risk_difference`` is the main answer, the stratified score. ``exact_odds_ratio`` is conditional on the margins.
    ``random_effects`` are of the log odds ratio and of the risk difference, None where there are too few.
    ``heterogeneity`` asks whether the odds ratio is the same everywhere.
    """

    n: Arms
    events: Arms
    risk_difference: Estimate
    risk_ratio: Estimate
    odds_ratio: Estimate
    peto_odds_ratio: Estimate
    exact_odds_ratio: Estimate
    mantel_haenszel_difference: Estimate
    significance: Significance
    exact: Significance
    random_effects: RandomEffects | None
    random_effects_difference: RandomEffects | None
    heterogeneity: Significance | None
    leave_one_out: tuple[Without, ...]
    by_municipality: tuple[Municipality, ...]
    notes: tuple[str, ...]

    @property
    def main(self) -> Significance:
        """Return the test of no difference at all: by the rule for one trial, on the events of all together."""
        events, women = self.events.treated + self.events.control, self.n.treated + self.n.control
        return self.exact if RULE.approach(events, women) == "exact" else self.significance

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        measures = ("risk_difference", "risk_ratio", "odds_ratio", "peto_odds_ratio", "exact_odds_ratio")
        found: dict[str, Any] = {"n": self.n.as_dict(), "events": self.events.as_dict()}
        found |= {name: getattr(self, name).as_dict() for name in (*measures, "mantel_haenszel_difference")}
        found |= {"p_value": plain(self.main.p_value), "test": self.main.test}
        found |= {"score_p_value": plain(self.significance.p_value), "score_test": self.significance.test}
        found |= {"exact_p_value": plain(self.exact.p_value), "exact_test": self.exact.test}
        for name in ("random_effects", "random_effects_difference"):
            effects: RandomEffects | None = getattr(self, name)
            found[name] = effects.as_dict() if effects else None
        h = self.heterogeneity
        found["heterogeneity"] = {"p_value": plain(h.p_value), "test": h.test, "reference": h.reference} if h else None
        found["leave_one_out"] = [one.as_dict() for one in self.leave_one_out]
        found["by_municipality"] = [one.as_dict() for one in self.by_municipality]
        return found | {"notes": list(self.notes)}


def pool_tables(tables: Sequence[Table2]) -> PooledEvents | str:
    """Return the event pooled over all strata of all municipalities, or the sentence why there is nothing to pool.

    Raises UsageError without tables, or when a stratum of a municipality stands there twice.
    """
    refuse_repeated(tables)
    both = [table for table in tables if table.has_both_arms]
    if not both:
        return NO_BOTH
    counts = [table.counts for table in both]
    odds, exact = exact_stratified(counts, mid_p=True)
    labels = list(dict.fromkeys(table.label for table in both))
    towns = {label: [table.counts for table in both if table.label == label] for label in labels}
    whole = {label: _together(own) for label, own in towns.items()}
    left = sum(table.treated + table.control for table in tables if not table.has_both_arms)
    return PooledEvents(
        n=Arms(sum(c.n_treated for c in counts), sum(c.n_control for c in counts)),
        events=Arms(sum(c.events_treated for c in counts), sum(c.events_control for c in counts)),
        risk_difference=stratified_score_difference(counts),
        risk_ratio=mantel_haenszel(counts, "risk_ratio"),
        odds_ratio=mantel_haenszel(counts, "odds_ratio"),
        peto_odds_ratio=peto(*score_and_information(counts)),
        exact_odds_ratio=odds,
        mantel_haenszel_difference=mantel_haenszel(counts, "risk_difference"),
        significance=cochran_mantel_haenszel(counts),
        exact=exact,
        random_effects=_of_log_odds(list(whole.values())),
        random_effects_difference=_of_differences(list(whole.values())),
        heterogeneity=_same_odds(list(whole.values())),
        leave_one_out=_without_each(towns),
        by_municipality=tuple(_municipality(label, own, towns[label], counts) for label, own in whole.items()),
        notes=tuple(_notes(counts, left)),
    )


def _together(own: Sequence[Counts]) -> Counts:
    """Return the strata of one municipality as one table, for showing it by itself."""
    return Counts(
        sum(c.events_treated for c in own),
        sum(c.n_treated for c in own),
        sum(c.events_control for c in own),
        sum(c.n_control for c in own),
    )


def _municipality(label: str, whole: Counts, own: Sequence[Counts], counts: Sequence[Counts]) -> Municipality:
    return Municipality(
        label,
        Arms(whole.n_treated, whole.n_control),
        Arms(whole.events_treated, whole.events_control),
        risk_difference(whole),
        sum(map(_weight, own)) / sum(map(_weight, counts)),
    )


def _weight(c: Counts) -> float:
    return c.n_treated * c.n_control / (c.n_treated + c.n_control)


def _of_log_odds(towns: Sequence[Counts]) -> RandomEffects | None:
    """Return the mean log odds ratio of the municipalities in which something happened, and not to all."""
    told = [c for c in towns if 0 < c.events_treated + c.events_control < c.n_treated + c.n_control]
    empty = [_has_empty_cell(c) for c in told]
    effect = np.array([_log_odds(c, corrected=zero) for c, zero in zip(told, empty, strict=True)], dtype=float)
    se = np.array([log_odds_error(c, 0.5 if zero else 0.0) for c, zero in zip(told, empty, strict=True)], dtype=float)
    return random_effects(effect, se**2, "odds ratio", ratio=True, note=_CORRECTED if any(empty) else "")


def _of_differences(towns: Sequence[Counts]) -> RandomEffects | None:
    """Return the mean risk difference; where each arm had no event or nothing else there is no variance."""
    effect = np.array([c.risk_treated - c.risk_control for c in towns], dtype=float)
    variance = np.array([difference_error(c) ** 2 for c in towns], dtype=float)
    dropped = int((~(variance > 0)).sum())
    note = (
        f"Left out here, as no arm has women with and without: {dropped} of {len(towns)} municipalities."
        if dropped
        else ""
    )
    return random_effects(effect, variance, "risk difference", note=note)


def _has_empty_cell(c: Counts) -> bool:
    return 0 in {c.events_treated, c.events_control, c.n_treated - c.events_treated, c.n_control - c.events_control}


def _log_odds(c: Counts, *, corrected: bool) -> float:
    if not corrected:
        return float(np.log(observed_odds(c)))
    a, b = c.events_treated + 0.5, c.n_treated - c.events_treated + 0.5
    x, y = c.events_control + 0.5, c.n_control - c.events_control + 0.5
    return float(np.log(a * y / (b * x)))


def _same_odds(towns: Sequence[Counts]) -> Significance | None:
    """Return Tarone's test that the odds ratio is the same everywhere; None with fewer than two that tell of it."""
    told = [c for c in towns if 0 < c.events_treated + c.events_control < c.n_treated + c.n_control]
    common = mantel_haenszel(told, "odds_ratio").estimate if told else 0.0
    if len(told) < 2 or not (isfinite(common) and common > 0):
        return None
    from statsmodels.stats.contingency_tables import StratifiedTable

    cells = [
        [[c.events_treated, c.n_treated - c.events_treated], [c.events_control, c.n_control - c.events_control]]
        for c in told
    ]
    with np.errstate(all="ignore"):
        p_value = float(StratifiedTable(np.array(cells, dtype=float).transpose(1, 2, 0)).test_equal_odds(True).pvalue)
    if not isfinite(p_value):
        return None
    return Significance(p_value, "Breslow–Day test, Tarone's correction", "Tarone, Biometrika 1985;72:91")


def _without_each(towns: dict[str, list[Counts]]) -> tuple[Without, ...]:
    if len(towns) < 2:
        return ()
    found = []
    for label in towns:
        rest = stratified_score_difference([c for other, own in towns.items() if other != label for c in own])
        found.append(Without(label, rest.estimate, rest.lower, rest.upper))
    return tuple(found)


def _notes(counts: Sequence[Counts], left: int) -> list[str]:
    women = sum(c.n_treated + c.n_control for c in counts)
    events = sum(c.events_treated + c.events_control for c in counts)
    empty = sum(c.events_treated + c.events_control == 0 for c in counts)
    notes = []
    if events < RARE * women or events == 0:
        notes.append(
            "The event is rare: the common risk difference is the main answer, and random effects, which rest on each "
            "municipality by itself, are no more than an impression."
        )
    if empty:
        told = "they count in the differences and tell nothing of the ratios"
        notes.append(f"Without an event: {empty} of {len(counts)} tables; {told}.")
    if left:
        notes.append(f"Not compared, as their stratum has one arm alone: {left} women.")
    return notes
