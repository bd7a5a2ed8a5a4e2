"""Which method analyses an event: by the pooled number of events, before anybody looks at the arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Approach = Literal["exact", "few", "standardised"]


@dataclass(frozen=True)
class MethodRule:
    """Below ``exact_below`` pooled events the stratified exact analysis, below ``few_below`` that for few events
    (Mantel and Haenszel by stratum, Firth with covariates), from there on g-computation.

    Large-sample variances need events in each arm: with under ten in both together an arm can easily have none.
    From thirty on, a model with a handful of covariates has its ten events for each of three (Peduzzi et al., J Clin
    Epidemiol 1996;49:1373-1379); the numbers themselves are a convention, simulated in ``make bench-effect``.
    """

    exact_below: int = 10
    few_below: int = 30

    def approach(self, events: int, persons: int) -> Approach:
        """Return how a pooled number of events is analysed; who had no event counts as rare in the same way."""
        rarer = min(events, persons - events)
        if rarer < self.exact_below:
            return "exact"
        return "few" if rarer < self.few_below else "standardised"

    def sentences(self) -> tuple[str, ...]:
        """Return the rule in words."""
        return (
            f"Under {self.exact_below} events in both arms together: an exact test and odds ratio, stratified as "
            "drawn; score intervals for the difference.",
            f"From {self.exact_below} to {self.few_below - 1}: Mantel and Haenszel by stratum; Firth with covariates.",
            f"From {self.few_below}: g-computation with a robust variance.",
            "Where an arm has no women with, or none without the event, a model has no variance: as under "
            f"{self.exact_below}.",
        )


RULE: Final = MethodRule()
