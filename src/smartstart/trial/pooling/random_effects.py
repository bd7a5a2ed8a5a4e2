"""Municipalities whose effects differ by more than chance: their mean, how far they differ, what a next one may expect.

Between-variance by REML, interval by Hartung and Knapp, both with few municipalities in mind. With rare events each
municipality's own estimate is poor and this is not the main answer: it stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, nan, sqrt
from typing import Any, Final

import numpy as np
from scipy import stats
from scipy.optimize import brentq, minimize_scalar

from smartstart.trial.analysis.records import LEVEL, Floats, plain

METHOD: Final = "random effects, REML, Hartung–Knapp interval"
REFERENCE: Final = (
    "Raudenbush, in Cooper and Hedges, 2009, chapter 16 (REML); Hartung & Knapp, Stat Med 2001;20:3875; Higgins, "
    "Thompson & Spiegelhalter, J R Stat Soc A 2009;172:137 (prediction, with k - 1); Viechtbauer, Stat Med 2007;26:37"
)
FEWEST: Final = 3  # of two, the interval by Hartung and Knapp rests on one degree of freedom
FEW: Final = 5
NARROW: Final = (
    "The effects are more alike than chance makes them, so that this interval is too narrow: read it beside the common "
    "effect (Röver, Knapp & Friede, BMC Med Res Methodol 2015;15:99)."
)


@dataclass(frozen=True)
class RandomEffects:
    """The mean effect of municipalities, on the scale on which it was pooled (for ratios the logarithm is undone).

    ``se`` is of the mean on the scale of pooling. ``tau2`` is the variance between municipalities with its Q-profile
    interval, ``i2`` the share of the variation that is not chance, ``q`` Cochran's statistic with its p-value. The
    prediction interval is where the effect in a next municipality may lie.
    """

    municipalities: int
    estimate: float
    lower: float
    upper: float
    se: float
    tau2: float
    tau2_lower: float
    tau2_upper: float
    prediction_lower: float
    prediction_upper: float
    i2: float
    q: float
    q_p: float
    measure: str
    method: str
    reference: str
    level: float
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: plain(value) for name, value in vars(self).items()}


def random_effects(
    effect: Floats, variance: Floats, measure: str, *, ratio: bool = False, note: str = ""
) -> RandomEffects | None:
    """Return the mean of the municipalities' effects; ``ratio``: these are logarithms. None with fewer than three.

    ``effect`` and ``variance`` have shape (municipalities,); those without a variance above 0 are left out. Interval by
    Hartung and Knapp (Stat Med 2001;20:3875), prediction interval by Higgins, Thompson and Spiegelhalter (J R Stat Soc
    A 2009;172:137).
    """
    usable = np.isfinite(effect) & np.isfinite(variance) & (variance > 0)
    y, v = effect[usable], variance[usable]
    k = len(y)
    if k < FEWEST:
        return None
    tau2 = reml(y, v)
    weight = 1 / (v + tau2)
    mean = float((weight * y).sum() / weight.sum())
    se = sqrt(float((weight * (y - mean) ** 2).sum() / (k - 1) / weight.sum()))
    t = float(stats.t.ppf((1 + LEVEL) / 2, k - 1))
    apart = t * sqrt(tau2 + se**2)
    q = cochran_q(y, v, 0.0)
    low, high = q_profile(y, v)

    def shown(value: float) -> float:
        with np.errstate(over="ignore"):
            return float(np.exp(value)) if ratio else value

    narrow = NARROW if se < sqrt(1 / float(weight.sum())) * (1 - 1e-9) else ""
    few = f"{k} municipalities: the variance between them is hardly known." if k < FEW else ""
    return RandomEffects(
        municipalities=k,
        estimate=shown(mean),
        lower=shown(mean - t * se),
        upper=shown(mean + t * se),
        se=se,
        tau2=tau2,
        tau2_lower=low,
        tau2_upper=high,
        prediction_lower=shown(mean - apart),
        prediction_upper=shown(mean + apart),
        i2=max(0.0, (q - (k - 1)) / q) if q > 0 else 0.0,
        q=q,
        q_p=float(stats.chi2.sf(q, k - 1)),
        measure=measure,
        method=METHOD,
        reference=REFERENCE,
        level=LEVEL,
        note=" ".join(part for part in (note, few, narrow) if part),
    )


def reml(effect: Floats, variance: Floats) -> float:
    """Return the between-variance that maximises the restricted likelihood; 0 when none is better.

    Viechtbauer, J Educ Behav Stat 2005;30:261-293.
    """

    def loss(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        mean = (weight * effect).sum() / weight.sum()
        return float(-np.log(weight).sum() + log(weight.sum()) + (weight * (effect - mean) ** 2).sum())

    most = 10 * float(np.var(effect) + variance.max()) + 1e-12
    found = minimize_scalar(loss, bounds=(0.0, most), method="bounded", options={"xatol": 1e-10 * most})
    best = float(found.x)
    # the likelihood can have a hill of its own near 0, which a search over the whole range passes by
    near = minimize_scalar(loss, bounds=(0.0, best), method="bounded", options={"xatol": 1e-10 * most})
    return min((0.0, best, float(near.x)), key=loss)


def q_profile(effect: Floats, variance: Floats) -> tuple[float, float]:
    """Return the between-variances that Cochran's Q does not refute. Viechtbauer, Stat Med 2007;26:37."""
    df, outside = len(effect) - 1, (1 - LEVEL) / 2
    limits = float(stats.chi2.ppf(1 - outside, df)), float(stats.chi2.ppf(outside, df))
    low, high = (_where(effect, variance, limit) for limit in limits)
    return low, high


def cochran_q(effect: Floats, variance: Floats, tau2: float) -> float:
    """Return the weighted sum of squares around the mean (Cochran, Biometrics 1954;10:101-129)."""
    weight = 1 / (variance + tau2)
    mean = (weight * effect).sum() / weight.sum()
    return float((weight * (effect - mean) ** 2).sum())


def _where(effect: Floats, variance: Floats, wanted: float) -> float:
    """Return the between-variance at which Q, which falls, is ``wanted``; 0 when it lies below it from the start."""
    if cochran_q(effect, variance, 0.0) <= wanted:
        return 0.0
    if wanted <= 0:
        return nan
    high = float(np.var(effect) + variance.max()) + 1e-12
    while cochran_q(effect, variance, high) > wanted:
        high *= 2
        if high > 1e12:
            return inf
    return float(brentq(lambda tau2: cochran_q(effect, variance, tau2) - wanted, 0.0, high, xtol=1e-14, rtol=1e-12))
