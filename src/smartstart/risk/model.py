"""A risk model as it is kept: what gives the risks, its two baselines, and what must be known about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.risk.candidates import FactorCount, Fitted, FourFactors
from smartstart.risk.cohort import FACTORS, Cohort, Floats
from smartstart.risk.metrics import log_odds
from smartstart.risk.predictors import known_counts

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 100_000  # pregnancies that are scored at a time, so that memory stays the same however many there are
BASELINES = ("factor_count", "four_factors")


class RiskModel:
    """What a model file holds. ``about`` is plain and says what the model is; it holds nothing of any person.

    ``intercept`` and ``slope`` recalibrate the log odds for the place where it is used; 0 and 1 leave them.
    """

    def __init__(
        self,
        fitted: Fitted | FactorCount,
        factor_count: FactorCount,
        four_factors: FourFactors,
        about: Mapping[str, Any],
        recalibration: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.fitted = fitted
        self.factor_count = factor_count
        self.four_factors = four_factors
        self.about_text = json.dumps(about, sort_keys=True)
        self.intercept, self.slope = recalibration

    @property
    def about(self) -> dict[str, Any]:
        """What the model is: kind, outcome, horizon_months, predictors, made_up, how it was learned and judged."""
        plain: dict[str, Any] = json.loads(self.about_text)
        return plain

    @property
    def predictors(self) -> tuple[str, ...]:
        """Names of what it looks at; none for the plain count."""
        return tuple(self.about["predictors"])

    def risk(self, frame: pd.DataFrame) -> Floats:
        """Return the risk at the horizon of each row, shape (n,), a chunk at a time."""
        chunks = [self._risk(frame.iloc[start : start + CHUNK]) for start in range(0, len(frame), CHUNK)]
        return np.concatenate(chunks) if chunks else np.empty(0)

    def line(self, frame: pd.DataFrame) -> Floats:
        """Return the scale on which the effects of the predictors add up, shape (n,)."""
        result: Floats = self.slope * self.fitted.line(frame)
        return result

    @property
    def adds_up(self) -> bool:
        """Tell whether its effects add up exactly, so that an explanation is exact."""
        return bool(self.about["kind"] != "boosting")

    def _risk(self, frame: pd.DataFrame) -> Floats:
        risk = self.fitted.risk(frame)
        if (self.intercept, self.slope) == (0.0, 1.0):
            return risk
        result: Floats = 1.0 / (1.0 + np.exp(-(self.intercept + self.slope * log_odds(risk))))
        return result

    def known(self, frame: pd.DataFrame) -> Any:
        """Return of how many of its predictors the value is known, shape (n,): it belongs beside every score.

        The plain count looks at the four factors.
        """
        if not self.predictors:
            return frame[list(FACTORS)].notna().sum(axis=1).to_numpy(dtype=int)
        return known_counts(frame, self.predictors)

    @property
    def asked(self) -> int:
        """How many predictors, or factors, it looks at."""
        return len(self.predictors) or len(FACTORS)

    def baseline_risks(self, cohort: Cohort) -> dict[str, Floats]:
        """Return the risks by the two baselines for the same children."""
        return {
            "factor_count": self.factor_count.risk(cohort.frame),
            "four_factors": self.four_factors.risk(cohort.frame),
        }
