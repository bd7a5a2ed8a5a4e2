"""How good one model is on children whose outcome is known at the horizon, with intervals for all of it.

Nothing is rounded and no cell is hidden here: what leaves the municipality goes through the disclosure gate first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from smartstart.errors import UsageError
from smartstart.risk.bootstrap import (
    REPLICATES,
    bootstrapped,
    enough,
    ici_interval,
    percentile_interval,
    share_interval,
)
from smartstart.risk.fairness import GroupRecord
from smartstart.risk.metrics import (
    TOP_SHARES,
    Bools,
    Flagged,
    Floats,
    Formula,
    Interval,
    Ints,
    SmoothCalibration,
    auroc,
    average_precision,
    brier,
    calibration_intercept,
    calibration_slope,
    curve_grid,
    density,
    flagged_at_risks,
    flagged_at_shares,
    group_shares,
    ici,
    ici_of,
    judged,
    observed_expected,
    risk_groups,
    scaled_brier,
    shown,
    weights_of,
    whole_share,
)

FORMULAS: Final[Mapping[str, Formula]] = {
    "auroc": auroc,
    "average_precision": average_precision,
    "brier": brier,
    "scaled_brier": scaled_brier,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
    "observed_expected": observed_expected,
    "ici": ici,
}
# Placement is rare (1.5 to 3 %): nobody would offer from 20 % on, and below 0.5 % everyone is offered.
DECISION_THRESHOLDS: Final = tuple(step / 200 for step in range(1, 41))


@dataclass(frozen=True)
class AtCut:
    """What one cut costs and finds; ``false_positive_share`` is the share of the flagged who are never placed."""

    by: Literal["share", "risk"]
    top_share: float  # asked for, or reached by a risk threshold
    threshold: float  # asked for, or the lowest risk that is flagged
    n_flagged: int
    sensitivity: Interval
    ppv: Interval
    false_positive_share: Interval

    def as_dict(self) -> dict[str, Any]:
        """Return one flat record; the limits have names of their own."""
        record: dict[str, Any] = {
            "by": self.by,
            "top_share": self.top_share,
            "threshold": self.threshold,
            "n_flagged": self.n_flagged,
        }
        for name in ("sensitivity", "ppv", "false_positive_share"):
            found: Interval = getattr(self, name)
            record |= {
                name: shown(found.estimate),
                f"{name}_lower": shown(found.lower),
                f"{name}_upper": shown(found.upper),
            }
        return record


@dataclass(frozen=True)
class CurvePoint:
    """One point of the smoothed calibration curve, with pointwise limits."""

    risk: float
    observed: Interval
    density: float  # share of the children whose risk is nearest to this point

    def as_dict(self) -> dict[str, Any]:
        """Return one flat record."""
        return {"risk": self.risk, **_flat("observed", self.observed), "density": self.density}


@dataclass(frozen=True)
class CalibrationGroup:
    """Children of about equal risk: their mean risk, and the share of them who were placed."""

    risk: float
    observed: Interval
    n: int
    events: int

    def as_dict(self) -> dict[str, Any]:
        """Return one flat record."""
        return {"risk": self.risk, **_flat("observed", self.observed), "n": self.n, "events": self.events}


@dataclass(frozen=True)
class DecisionPoint:
    """Net benefit per child at one risk threshold; offering to nobody has none."""

    threshold: float
    model: Interval
    treat_all: float

    def as_dict(self) -> dict[str, Any]:
        """Return one flat record."""
        return {
            "threshold": self.threshold,
            "model": shown(self.model.estimate),
            "model_lower": shown(self.model.lower),
            "model_upper": shown(self.model.upper),
            "treat_all": self.treat_all,
            "treat_none": 0.0,
        }


@dataclass(frozen=True)
class Evaluation:
    """All figures of one model at one horizon, on the children whose outcome is known there."""

    model: str
    horizon_months: int
    n: int
    events: int
    measures: Mapping[str, Interval]  # by the names of FORMULAS
    thresholds: Sequence[AtCut]
    calibration_curve: Sequence[CurvePoint]
    calibration_groups: Sequence[CalibrationGroup]
    decision_curve: Sequence[DecisionPoint]
    groups: Sequence[GroupRecord] = ()
    baselines: Mapping[str, Evaluation] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the evaluation as ``model evaluate --json`` prints it; what does not exist is None."""
        return {
            **self._own(),
            "groups": [group.as_dict() for group in self.groups],
            "baselines": {name: baseline._own() for name, baseline in (self.baselines or {}).items()},
        }

    def _own(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "horizon_months": self.horizon_months,
            "n": self.n,
            "events": self.events,
            **{name: self.measures[name].as_dict() for name in FORMULAS},
            "thresholds": [cut.as_dict() for cut in self.thresholds],
            "calibration_curve": [point.as_dict() for point in self.calibration_curve],
            "calibration_groups": [group.as_dict() for group in self.calibration_groups],
            "decision_curve": [point.as_dict() for point in self.decision_curve],
        }


def evaluate(  # noqa: PLR0913, PLR0917 - the three arrays of the children, what is asked of them, and the draw
    name: str,
    horizon: int,
    event: Any,
    risk: Any,
    mother: Any,
    thresholds: Sequence[float],
    rng: np.random.Generator,
    replicates: int = REPLICATES,
) -> Evaluation:
    """Judge the risks that model ``name`` gave to children whose outcome at ``horizon`` months is known.

    ``event``, ``risk`` and ``mother`` hold one value per child, in any order; ``thresholds`` are the programme's risk
    thresholds, beside which TOP_SHARES are always judged. Give models that are to stand side by side generators of the
    same seed: then they share their replicates. Raises UsageError for lengths that differ or thresholds outside 0 to 1.
    """
    events, risks = judged(event, risk)
    mothers = np.asarray(mother)
    if mothers.shape != risks.shape:
        raise UsageError("the mothers and the risks of an evaluation differ in length: give one mother per child")
    if any(not 0 < threshold < 1 for threshold in thresholds):
        raise UsageError("a risk threshold of the programme lies outside 0 to 1: give it as a probability")
    order = np.argsort(risks, kind="stable")  # every figure then finds the children sorted already
    judgement = _Judgement.of(events[order], risks[order], sorted(set(thresholds)))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {key: value[0] for key, value in judgement.figures(weights_of(None, len(risks))).items()}
    draws = bootstrapped(judgement.figures, mothers[order], replicates, rng)
    return Evaluation(
        model=name,
        horizon_months=horizon,
        n=len(risks),
        events=int(events.sum()),
        measures=judgement.measures(found, draws),
        thresholds=judgement.cuts(found, draws),
        calibration_curve=judgement.curve(found, draws),
        calibration_groups=judgement.by_risk(found, draws),
        decision_curve=judgement.decisions(found, draws),
    )


def with_baselines(evaluation: Evaluation, baselines: Mapping[str, Evaluation]) -> Evaluation:
    """Return the evaluation with those of its baselines. Raises UsageError when they are of other children."""
    for baseline in baselines.values():
        ours, theirs = (
            (evaluation.n, evaluation.events, evaluation.horizon_months),
            (baseline.n, baseline.events, baseline.horizon_months),
        )
        if ours != theirs:
            raise UsageError(
                "a baseline was judged on other children than the model: evaluate both on the same children"
            )
    return replace(evaluation, baselines=dict(baselines))


def with_groups(evaluation: Evaluation, groups: Sequence[GroupRecord]) -> Evaluation:
    """Return the evaluation with its figures by group."""
    return replace(evaluation, groups=tuple(groups))


@dataclass(frozen=True)
class _Judgement:
    """The children, and the places at which they are looked at; the same in every replicate."""

    event: Bools
    risk: Floats
    thresholds: Floats
    decisions_at: Floats
    grid: Floats
    group: Ints

    @classmethod
    def of(cls, event: Bools, risk: Floats, thresholds: Sequence[float]) -> _Judgement:
        asked = np.array(thresholds, dtype=np.float64)
        at = np.unique(np.concatenate([asked, DECISION_THRESHOLDS]))
        return cls(event, risk, asked, at, curve_grid(risk), risk_groups(risk))

    def figures(self, weights: Floats) -> dict[str, Floats]:
        """Return every figure for each row of weights."""
        smooth = SmoothCalibration.of(self.event, self.risk, weights)
        shares = flagged_at_shares(self.event, self.risk, weights, TOP_SHARES)
        risks = flagged_at_risks(self.event, self.risk, weights, self.thresholds)
        decisions = flagged_at_risks(self.event, self.risk, weights, self.decisions_at)
        return {
            **{
                name: formula.each(self.event, self.risk, weights)
                for name, formula in FORMULAS.items()
                if name != "ici"
            },
            "ici": ici_of(smooth, self.risk, weights),
            "curve": smooth.at(self.grid),
            "groups": group_shares(self.group, self.event.astype(np.float64), weights),
            "net_benefit": decisions.net_benefit(self.decisions_at),
            **_of_cuts("share", shares),
            **_of_cuts("risk", risks),
        }

    def measures(self, found: Mapping[str, Floats], draws: Mapping[str, Floats]) -> dict[str, Interval]:
        informative = enough(self.event)
        return {
            name: (ici_interval if name == "ici" else percentile_interval)(
                float(found[name]), draws[name], informative=informative
            )
            for name in FORMULAS
        }

    def cuts(self, found: Mapping[str, Floats], draws: Mapping[str, Floats]) -> list[AtCut]:
        n = len(self.risk)
        flagged = [int(whole_share(share, np.array(float(n)))) for share in TOP_SHARES]
        lowest = [float(self.risk[n - count]) for count in flagged]
        informative = enough(self.event)
        by_share = [
            _cut("share", TOP_SHARES[at], lowest[at], flagged[at], _column(found, draws, "share", at, informative))
            for at in range(len(TOP_SHARES))
        ]
        counts = [int((self.risk >= threshold).sum()) for threshold in self.thresholds]
        by_risk = [
            _cut("risk", counts[at] / n, float(threshold), counts[at], _column(found, draws, "risk", at, informative))
            for at, threshold in enumerate(self.thresholds)
        ]
        return by_share + by_risk

    def curve(self, found: Mapping[str, Floats], draws: Mapping[str, Floats]) -> list[CurvePoint]:
        shares, informative = density(self.risk, self.grid), enough(self.event)
        return [
            CurvePoint(
                float(risk),
                percentile_interval(float(found["curve"][at]), draws["curve"][:, at], informative=informative),
                float(shares[at]),
            )
            for at, risk in enumerate(self.grid)
        ]

    def by_risk(self, found: Mapping[str, Floats], draws: Mapping[str, Floats]) -> list[CalibrationGroup]:
        counted = np.bincount(self.group)
        placed = np.bincount(self.group, weights=self.event)
        expected = np.bincount(self.group, weights=self.risk) / counted
        return [
            CalibrationGroup(
                float(expected[at]),
                share_interval(float(found["groups"][at]), int(counted[at]), draws["groups"][:, at]),
                int(counted[at]),
                int(placed[at]),
            )
            for at in range(len(counted))
        ]

    def decisions(self, found: Mapping[str, Floats], draws: Mapping[str, Floats]) -> list[DecisionPoint]:
        share, informative = float(self.event.mean()), enough(self.event)
        return [
            DecisionPoint(
                float(threshold),
                percentile_interval(
                    float(found["net_benefit"][at]), draws["net_benefit"][:, at], informative=informative
                ),
                share - (1 - share) * float(threshold / (1 - threshold)),
            )
            for at, threshold in enumerate(self.decisions_at)
        ]


def _of_cuts(by: str, flagged: Flagged) -> dict[str, Floats]:
    return {f"sensitivity by {by}": flagged.sensitivity(), f"ppv by {by}": flagged.ppv()}


def _column(
    found: Mapping[str, Floats], draws: Mapping[str, Floats], by: str, at: int, informative: bool
) -> tuple[Interval, Interval]:
    """Return sensitivity and PPV at one cut."""
    sensitivity, ppv = (
        percentile_interval(float(found[key][at]), draws[key][:, at], informative=informative)
        for key in (f"sensitivity by {by}", f"ppv by {by}")
    )
    return sensitivity, ppv


def _cut(
    by: Literal["share", "risk"], share: float, threshold: float, flagged: int, at: tuple[Interval, Interval]
) -> AtCut:
    sensitivity, ppv = at
    false = Interval(1 - ppv.estimate, 1 - ppv.upper, 1 - ppv.lower)
    return AtCut(by, share, threshold, flagged, sensitivity, ppv, false)


def _flat(name: str, found: Interval) -> dict[str, float | None]:
    return {name: shown(found.estimate), "lower": shown(found.lower), "upper": shown(found.upper)}
