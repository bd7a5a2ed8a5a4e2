"""What support did for those who took it up because they were drawn for it, beside the comparison as drawn."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Final

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.columns import checked_arms, model_columns
from smartstart.trial.analysis.least_squares import ArmEffects, arm_effects
from smartstart.trial.analysis.records import LEVEL, Bools, Estimate, Floats, Ints
from smartstart.trial.analysis.wald import NO_SPREAD, ONE_ARM, critical, joined, undefined

WEAK: Final = 10.0  # a first-stage F below this: Staiger and Stock, Econometrica 1997;65:557-586
ASSUMPTIONS: Final = (
    "The draw was random.",
    "Being drawn changes the outcome only through taking up support, not by itself (exclusion restriction).",
    "Nobody takes up support only because she was not drawn for it (monotonicity).",
    "Whether one woman takes it up does not change the outcome of another (no interference).",
    "The draw does change who takes up support (relevance; the first stage shows it).",
    "The effect is that on women who take support up when drawn and not otherwise; who they are cannot be seen.",
)
MADE: Final = (
    "Complier-average effect: two-stage least squares with allocation as instrument, Anderson-Rubin interval",
    "Imbens and Angrist, Econometrica 1994;62:467-475; Anderson and Rubin, Ann Math Stat 1949;20:46-63; "
    "Andrews, Stock and Sun, Annu Rev Econ 2019;11:727-753",
)


@dataclass(frozen=True)
class FirstStage:
    """How much more often support was taken up by those drawn for it, and the F of that difference."""

    difference: float
    f: float


def complier_average(
    outcome: Floats | Bools,
    treated: Bools,
    received: Bools,
    *,
    covariates: Floats | None = None,
    cluster: Ints | None = None,
) -> Estimate:
    """Return the effect on the compliers: a difference in means, or in risks when the outcome is 0/1.

    It is the intention-to-treat difference over the difference in take-up (two-stage least squares), and rests on
    ``ASSUMPTIONS``. ``se`` is of the delta method. The interval is always that of Anderson and Rubin (Fieller's, as
    there is one instrument), with HC2 or CR2: it keeps its level however weak the draw moved take-up, and is unbounded
    when the draw hardly did. Raises UsageError when an outcome is missing.
    """
    treated = checked_arms(treated, outcome, received, cluster)
    y = np.asarray(outcome, dtype=float)
    if not np.isfinite(y).all():
        raise UsageError("An outcome is missing: leave those women out, or impute within the arms.")
    if not treated.any() or treated.all():
        return undefined(MADE, note=ONE_ARM)
    both, scale = _both(y, np.asarray(received, dtype=bool), treated, covariates, cluster)
    stage = _stage(both)
    if abs(stage.difference) < 1e-12:
        return undefined(MADE, note="No effect on compliers: take-up is the same in both arms.")
    effect = float(both.effects[0]) / stage.difference
    spread = _spread(both, effect)
    if not (np.isfinite(spread) and both.df > 0):
        return undefined(MADE, note=NO_SPREAD, estimate=effect * scale)
    lower, upper, note = anderson_rubin(both, critical(both.df))
    weak = f"Weak instrument: F below {WEAK:g}; only the interval can be trusted." if stage.f < WEAK else ""
    se = sqrt(spread) / abs(stage.difference)
    return Estimate(effect * scale, lower * scale, upper * scale, se * scale, *MADE, LEVEL, joined(weak, note))


def anderson_rubin(both: ArmEffects, t: float) -> tuple[float, float, str]:
    """Return the effects b for which (ITT - b × take-up)² is at most t² times its variance, and a note.

    A quadratic in b (Anderson and Rubin, Ann Math Stat 1949;20:46-63; Fieller, J R Stat Soc B 1954;16:175-185). In
    ``both`` the outcome comes first and take-up second.
    """
    (itt, taken), v = both.effects, both.covariance
    a = taken**2 - t**2 * v[1, 1]
    b = itt * taken - t**2 * v[0, 1]
    c = itt**2 - t**2 * v[0, 0]
    root = b**2 - a * c
    if a > 0:
        half = sqrt(max(root, 0.0))
        return float((b - half) / a), float((b + half) / a), ""
    if root <= 0 or a == 0:
        return -inf, inf, "Every effect agrees with the data: the draw hardly changed take-up."
    return -inf, inf, "Unbounded: the draw hardly changed take-up, and only a middle range of effects is excluded."


def _both(
    y: Floats, received: Bools, treated: Bools, covariates: Floats | None, cluster: Ints | None
) -> tuple[ArmEffects, float]:
    """Return the arms' differences in outcome (in units of its largest distance) and take-up, and that unit."""
    centred = y - y.mean()
    scale = float(np.abs(centred).max()) or 1.0
    outcomes = np.column_stack([centred / scale, received.astype(float)])
    return arm_effects(outcomes, treated, model_columns(treated, covariates), cluster=cluster), scale


def _spread(both: ArmEffects, effect: float) -> float:
    """Return the variance of the outcome's difference less the effect times that of take-up; nan when there is none."""
    v = both.covariance
    spread = float(v[0, 0] - 2 * effect * v[0, 1] + effect**2 * v[1, 1])
    return spread if spread > 1e-20 else nan


def _stage(both: ArmEffects) -> FirstStage:
    taken, spread = float(both.effects[1]), float(both.covariance[1, 1])
    if not np.isfinite(spread):
        return FirstStage(taken, nan)
    return FirstStage(taken, taken**2 / spread if spread > 1e-20 else inf)
