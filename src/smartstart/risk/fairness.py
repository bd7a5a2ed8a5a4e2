"""The same judgement within groups: who is flagged, about whom is little known, and for whom is the model off?

The records hold exact counts of small groups: they are for the analyst's own eyes. What is shown to others goes
through ``smartstart.report.released_evaluation``, by the counting rule of the disclosure gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any, Final, Literal

import numpy as np

from smartstart.errors import UsageError
from smartstart.risk.bootstrap import REPLICATES, bootstrapped, enough, percentile_interval, share_interval
from smartstart.risk.drift import observed_expected
from smartstart.risk.metrics import Bools, Floats, Interval, auroc, chance_of_flag, judged, shown
from smartstart.small_numbers import MINIMUM

SELECTED_SHARE: Final = 0.10  # the offer of the pilot's size: one in ten
FEWEST_EXPECTED: Final = 10  # with under ten expected an exact interval of O/E spans a factor of four
UNKNOWN: Final = "unknown"  # the group of those of whom the attribute is not known; it is judged like any other

Verdict = Literal["sufficient", "insufficient"]


@dataclass(frozen=True)
class GroupRecord:
    """The figures of one group; ``observed_expected`` and ``auroc`` only where the verdict is sufficient."""

    attribute: str
    group: str
    n: int
    events: int
    missing_share: float  # of the group's predictors, how many were not known
    selection_rate: Interval  # share of the group within the top SELECTED_SHARE of all
    observed_expected: Interval | None
    auroc: Interval | None
    verdict: Verdict

    def as_dict(self) -> dict[str, Any]:
        """Return one record of the evaluation's ``groups``, with exact counts."""
        return {
            "attribute": self.attribute,
            "group": self.group,
            "n": self.n,
            "events": self.events,
            "missing_share": self.missing_share,
            "selection_rate": self.selection_rate.estimate,
            "selection_rate_lower": shown(self.selection_rate.lower),
            "selection_rate_upper": shown(self.selection_rate.upper),
            "observed_expected": self.observed_expected.as_dict() if self.observed_expected else None,
            "auroc": self.auroc.as_dict() if self.auroc else None,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Predictors:
    """How many of the model's ``asked`` predictors were known of each child."""

    known: Any
    asked: int


def by_group(
    event: Any,
    risk: Any,
    mother: Any,
    attributes: Mapping[str, Any],
    predictors: Predictors,
    rng: np.random.Generator,
    replicates: int = REPLICATES,
) -> list[GroupRecord]:
    """Judge the risks within each group of each attribute (an array of words or None per child).

    Selection rate and missing share are given for every group. O/E (exact Poisson limits) and the AUROC within the
    group (clustered bootstrap) are given from FEWEST_EXPECTED expected and MINIMUM observed events on;
    otherwise the verdict is ``insufficient``, which says nothing good and nothing bad about the group. Raises
    UsageError for lengths that differ.
    """
    events, risks = judged(event, risk)
    known = np.asarray(predictors.known, dtype=np.float64)
    columns = {name: np.array([_word(one) for one in column]) for name, column in attributes.items()}
    if any(len(column) != len(risks) for column in (known, np.asarray(mother), *columns.values())):
        raise UsageError(
            "an attribute, the known counts or the mothers differ in length from the risks: give one per child"
        )
    members = {(name, group): column == group for name, column in columns.items() for group in sorted(set(column))}
    flag = chance_of_flag(risks, SELECTED_SHARE)
    draws = bootstrapped(lambda weights: _figures(events, risks, flag, members, weights), mother, replicates, rng)
    missing = 1 - known / predictors.asked
    return [
        GroupRecord(
            attribute=name,
            group=group,
            n=int(member.sum()),
            events=int(events[member].sum()),
            missing_share=float(missing[member].mean()),
            selection_rate=share_interval(
                float(flag[member].mean()), int(member.sum()), draws[f"selected {name}/{group}"]
            ),
            observed_expected=poisson_ratio(int(events[member].sum()), float(risks[member].sum())),
            auroc=_auroc_within(events[member], risks[member], draws.get(f"auroc {name}/{group}")),
            verdict="sufficient" if _sufficient(events[member], risks[member]) else "insufficient",
        )
        for (name, group), member in members.items()
    ]


def _word(value: Any) -> str:
    """Return the group's name; None and a frame's nan are the group of those of whom it is not known."""
    return UNKNOWN if value is None or (isinstance(value, float) and isnan(value)) else str(value)


def _sufficient(event: Bools, risk: Floats) -> bool:
    return float(risk.sum()) >= FEWEST_EXPECTED and int(event.sum()) >= MINIMUM


def _figures(
    event: Bools, risk: Floats, flag: Floats, members: Mapping[tuple[str, str], Bools], weights: Floats
) -> dict[str, Floats]:
    figures: dict[str, Floats] = {}
    for (name, group), member in members.items():
        within = weights[:, member]
        figures[f"selected {name}/{group}"] = within @ flag[member] / within.sum(axis=1)
        if _sufficient(event[member], risk[member]):
            figures[f"auroc {name}/{group}"] = auroc.each(event[member], risk[member], within)
    return figures


def _auroc_within(event: Bools, risk: Floats, draws: Floats | None) -> Interval | None:
    if draws is None:
        return None
    return percentile_interval(auroc(event, risk), draws, informative=enough(event))


def poisson_ratio(observed: int, expected: float) -> Interval | None:
    """Return observed / expected with Garwood's exact Poisson limits, or None below ten observed or ten expected.

    Garwood (1936), Biometrika 28:437. Twins and siblings are counted as if they were strangers.
    """
    if observed < MINIMUM or expected < FEWEST_EXPECTED:
        return None
    return Interval(*observed_expected(observed, expected))
