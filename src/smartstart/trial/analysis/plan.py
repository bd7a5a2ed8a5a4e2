"""The plan of the analysis: what is compared, how, and what is done with what goes otherwise; all before unblinding.

Its hash stands in the ledger. Whoever changes the plan afterwards sees every result stamped with what departs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from smartstart.trial.analysis.estimands import EVENTS, PLACEMENT_TIME, SCALE, UHP, Estimand
from smartstart.trial.analysis.rule import RULE, MethodRule
from smartstart.trial.canonical import sha256_of

FORMAT: Final = "smartstart/plan/1"
ALPHA: Final = "1/20"  # two-sided, of the primary outcome and of the others together
TIMED: Final = "placed_without_mother"  # the event of which the time is looked at as well
# Named in every plan: raised whenever a default method, or a number in the code of the analysis, is changed.
METHODS: Final = "smartstart/methods/1"
SEED: Final = 797  # of imputations and re-randomisations: fixed beforehand, so that nobody picks a lucky one


@dataclass(frozen=True)
class PlannedComparison:
    """One outcome: its name, a scale at a wave or an event by a month, and whether it is the primary one."""

    outcome: str
    kind: Literal["scale", "event"]
    at: str
    primary: bool

    @property
    def name(self) -> str:
        """Return the outcome with its time, as ``welbevinden at eindmeting``."""
        return f"{self.outcome} at {self.at}" + (" months" if self.kind == "event" else "")

    @property
    def estimand(self) -> Estimand:
        """Return what is estimated."""
        if self.kind == "scale":
            return replace(SCALE, outcome=f"the scale {self.outcome} of the questionnaire at the {self.at}")
        return replace(
            UHP, outcome=EVENTS[self.outcome], clock=f"from the birth to {self.at} months, if followed so long"
        )


@dataclass(frozen=True)
class Plan:
    """Everything that is decided beforehand.

    ``monitoring`` holds the looks, what each may conclude and what the information is reckoned from; ``definitions``
    holds the parts of the programme that say what an outcome is: windows of the questionnaires, the
    products where mother and child stay together, the items of the scales, as plain JSON values without floats.
    """

    trial_id: str
    comparisons: tuple[PlannedComparison, ...]
    covariates: tuple[str, ...] = ()
    rule: MethodRule = RULE
    sparse_stratum: int = 8
    multiplicity: Literal["holm", "fixed_sequence"] = "holm"
    subgroups: tuple[str, ...] = ()
    imputations: int = 20
    rerandomisations: int = 10_000
    monitoring: Mapping[str, Any] = field(default_factory=dict)
    definitions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def primary(self) -> PlannedComparison:
        """Return the primary comparison."""
        return next(one for one in self.comparisons if one.primary)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain JSON values, the form in which the ledger keeps it."""
        return {
            "format": FORMAT,
            "trial_id": self.trial_id,
            "alpha": ALPHA,
            "comparisons": [vars(one) for one in self.comparisons],
            "estimands": {name: _plain(estimand) for name, estimand in table_of(self.comparisons).items()},
            "covariates": list(self.covariates),
            "rule": {**vars(self.rule), "in_words": list(self.rule.sentences())},
            "sparse_stratum": self.sparse_stratum,
            "multiplicity": self.multiplicity,
            "subgroups": list(self.subgroups),
            "imputations": self.imputations,
            "rerandomisations": self.rerandomisations,
            "seed": SEED,
            "methods": METHODS,
            "monitoring": dict(self.monitoring),
            "definitions": dict(self.definitions),
        }

    def hash(self) -> str:
        """Return the SHA-256, in hex, of the canonical JSON of the plan."""
        return sha256_of(self.as_dict())

    def sentences(self) -> list[str]:
        """Return in words how the analysis goes."""
        rest = "Holm's step-down" if self.multiplicity == "holm" else "a fixed sequence, in the order of the plan"
        adjusted = " and ".join(name.replace("_", " ") for name in self.covariates) or "nothing"
        return [
            f"Primary: {self.primary.name}. Every woman counts in the arm that was drawn for her.",
            f"Adjusted for {adjusted}, and for the strata of the draw; strata with fewer than {self.sparse_stratum} "
            "women are merged.",
            "A scale: analysis of covariance with a variance that allows for unequal spread (HC2), by household where "
            "households were drawn; an estimating equation over the waves beside it.",
            *self.rule.sentences(),
            f"Beside each: {self.rerandomisations} re-draws by the trial's own scheme, {self.imputations} imputations "
            "of what is missing, and the shift at which the conclusion would change.",
            f"The outcomes after the primary one: {rest}, alpha {ALPHA} for them together.",
            *self._of_looks(),
        ]

    def _of_looks(self) -> list[str]:
        m = self.monitoring
        if not m:
            return []
        when = " and ".join(f"{percent} %" for percent in m["looks"])
        if m["spending"] == "always-valid":
            when = "any moment from 30 % on"
        return [
            f"The arms are compared at {when} of the planned information, first by: {m['first_reader']}. One-sided "
            f"alpha {m['alpha']} over all looks, spent by {m['spending']}; each harm is watched with "
            f"{m['harm_alpha']}.",
        ]


def departures(plan: Mapping[str, Any], locked: Mapping[str, Any]) -> list[str]:
    """Return the parts of a plan that are not as they were locked, by name."""
    return sorted(name for name in plan.keys() | locked.keys() if plan.get(name) != locked.get(name))


def table_of(comparisons: Sequence[PlannedComparison]) -> dict[str, Estimand]:
    """Return the table of estimands by name: each comparison, and the time until placement beside that of the event."""
    table = {one.name: one.estimand for one in comparisons}
    if any(one.outcome == TIMED for one in comparisons):
        table["time until placement (beside it)"] = PLACEMENT_TIME
    return table


def _plain(estimand: Estimand) -> dict[str, Any]:
    found = estimand.as_dict()
    return {**found, "intercurrent_events": [dict(event) for event in found["intercurrent_events"]]}
