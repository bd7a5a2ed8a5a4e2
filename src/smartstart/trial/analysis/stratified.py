"""A common effect over strata: Mantel–Haenszel, the stratified score interval, and the exact conditional one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, nan, sqrt
from typing import Final, Literal

import numpy as np

from smartstart.errors import UsageError
from smartstart.trial.analysis.conditional import conditional, conditional_odds, two_sided
from smartstart.trial.analysis.interval import QUANTILE, Interval, as_estimate, last_kept
from smartstart.trial.analysis.records import (
    Bools,
    Counts,
    Estimate,
    Floats,
    Ints,
    Named,
    Significance,
    chosen,
    named,
)
from smartstart.trial.analysis.score import correction, difference_variance, standardised
from smartstart.trial.analysis.significance import SMALLEST, normal_tails

Measure = Literal["risk_difference", "risk_ratio", "odds_ratio"]


@dataclass(frozen=True)
class Tables:
    """The 2×2 tables of the strata with women in both arms; ``left_out`` counts the women of the others."""

    tables: tuple[Counts, ...]
    left_out: int


@dataclass(frozen=True)
class Strata:
    """The tables as arrays, one place a stratum: events and women of the treated (1) and of the control arm (0)."""

    x1: Floats
    n1: Floats
    x0: Floats
    n0: Floats

    @property
    def n(self) -> Floats:
        """Return the women of each stratum."""
        return self.n1 + self.n0

    @property
    def weight(self) -> Floats:
        """Return the Mantel–Haenszel weights n₁n₀/N."""
        return self.n1 * self.n0 / self.n


def tables_by_stratum(event: Bools, treated: Bools, stratum: Ints) -> Tables:
    """Return one table for each stratum, and how many women are in strata without both arms."""
    names, place = np.unique(np.asarray(stratum), return_inverse=True)
    arms = np.asarray(treated, dtype=bool), ~np.asarray(treated, dtype=bool)
    women = [np.bincount(place[arm], minlength=names.size) for arm in arms]
    events = [np.bincount(place[arm & np.asarray(event, dtype=bool)], minlength=names.size) for arm in arms]
    both = (women[0] > 0) & (women[1] > 0)
    columns = (column[both].tolist() for column in (events[0], women[0], events[1], women[1]))
    tables = tuple(Counts(*cells) for cells in zip(*columns, strict=True))
    return Tables(tables, int((women[0] + women[1])[~both].sum()))


def strata_of(tables: Sequence[Counts]) -> Strata:
    """Return the tables as arrays. Raises UsageError when there is none."""
    if not tables:
        raise UsageError("No stratum has women in both arms: choose wider strata, or compare without them.")
    rows = np.array([(t.events_treated, t.n_treated, t.events_control, t.n_control) for t in tables], dtype=float)
    return Strata(*rows.T)


def mantel_haenszel(tables: Sequence[Counts], measure: Measure) -> Estimate:
    """Return the common risk difference, risk ratio or odds ratio with Mantel–Haenszel weights.

    Raises UsageError without tables or for an unknown measure.
    """
    picked = chosen(MANTEL_HAENSZEL, measure)
    return as_estimate(picked, picked.compute(sums_of(strata_of(tables))))


def common_difference(strata: Strata) -> float:
    """Return the Mantel–Haenszel risk difference. Greenland & Robins, Biometrics 1985;41:55."""
    gaps = (strata.x1 * strata.n0 - strata.x0 * strata.n1) / strata.n
    return float(gaps.sum() / strata.weight.sum())


@dataclass(frozen=True)
class Sums:
    """What Mantel–Haenszel answers rest on, each a sum over tables, so that they add up over trials as well.

    Of the risk difference its weight, the weighted gap, and Sato's two parts of the variance; of the risk ratio what
    stands above, below and in the variance; of the odds ratio R, S, PR, PS + QR and QS of its paper.
    """

    weight: float
    gap: float
    sato_p: float
    sato_q: float
    risk_above: float
    risk_below: float
    risk_variance: float
    odds_above: float
    odds_below: float
    odds_pr: float
    odds_ps_qr: float
    odds_qs: float


def sums_of(strata: Strata) -> Sums:
    """Return the sums over the strata that Mantel and Haenszel's estimates and their variances are made of."""
    x1, n1, x0, n0, n = strata.x1, strata.n1, strata.x0, strata.n0, strata.n
    r, s = x1 * (n0 - x0) / n, x0 * (n1 - x1) / n
    p, q = (x1 + n0 - x0) / n, (x0 + n1 - x1) / n
    parts = (
        strata.weight,
        (x1 * n0 - x0 * n1) / n,
        (n1**2 * x0 - n0**2 * x1 + n1 * n0 * (n0 - n1) / 2) / n**2,
        (x1 * (n0 - x0) + x0 * (n1 - x1)) / (2 * n),
        x1 * n0 / n,
        x0 * n1 / n,
        (n1 * n0 * (x1 + x0) - x1 * x0 * n) / n**2,
        r,
        s,
        p * r,
        p * s + q * r,
        q * s,
    )
    return Sums(*(float(part.sum()) for part in parts))


def sato_difference(sums: Sums) -> Interval:
    """Return the risk difference with the variance that holds for few large and many small strata.

    Sato, Biometrics 1989;45:1323.
    """
    if sums.weight <= 0:
        return Interval(nan, nan, nan, nan, "No stratum has women in both arms.")
    seen = sums.gap / sums.weight
    variance = max(0.0, seen * sums.sato_p + sums.sato_q) / sums.weight**2
    if variance == 0:
        return Interval(seen, nan, nan, 0.0, "The method gives no width here: choose the stratified score interval.")
    half = QUANTILE * sqrt(variance)
    return Interval(seen, max(-1.0, seen - half), min(1.0, seen + half), sqrt(variance))


def greenland_robins_ratio(sums: Sums) -> Interval:
    """Return the risk ratio. Greenland & Robins, Biometrics 1985;41:55."""
    above, below = sums.risk_above, sums.risk_below
    if above <= 0 or below <= 0:
        return without_events(above, below)
    return around_log(above / below, sums.risk_variance / (above * below))


def robins_odds(sums: Sums) -> Interval:
    """Return the odds ratio. Robins, Breslow & Greenland, Biometrics 1986;42:311."""
    above, below = sums.odds_above, sums.odds_below
    if above <= 0 or below <= 0:
        return without_events(above, below)
    variance = sums.odds_pr / (2 * above**2) + sums.odds_qs / (2 * below**2) + sums.odds_ps_qr / (2 * above * below)
    return around_log(above / below, variance)


def without_events(above: float, below: float) -> Interval:
    """Return a common ratio of which a side is zero: the method gives no bound."""
    estimate = (inf if above > 0 else nan) if below <= 0 else 0.0
    note = "An arm has no events, or nothing but events: the method gives no bound; choose the exact conditional one."
    return Interval(estimate, 0.0, inf, nan, note)


def around_log(estimate: float, variance: float) -> Interval:
    """Return the interval that is symmetric for the logarithm."""
    half = QUANTILE * sqrt(max(0.0, variance))
    note = "" if half else "The method gives no width here: choose the exact conditional one."
    return Interval(estimate, exp(log(estimate) - half), exp(log(estimate) + half), sqrt(max(0.0, variance)), note)


def stratified_score_difference(tables: Sequence[Counts]) -> Estimate:
    """Return the common risk difference with the differences that the stratified score test does not reject.

    Miettinen & Nurminen, Stat Med 1985;4:213, with Mantel–Haenszel weights. With one stratum it is their interval.
    Raises UsageError without tables.
    """
    strata, z = strata_of(tables), QUANTILE
    seen, share = common_difference(strata), strata.weight / strata.weight.sum()
    spread = share**2 * correction(strata.n1, strata.n0, True)

    def fits(difference: float) -> bool:
        variances = difference_variance(strata.x1, strata.n1, strata.x0, strata.n0, difference)
        return abs(float(standardised(seen - difference, np.asarray((spread * variances).sum())))) <= z

    p1, p0 = strata.x1 / strata.n1, strata.x0 / strata.n0
    se = sqrt(float((share**2 * (p1 * (1 - p1) / strata.n1 + p0 * (1 - p0) / strata.n0)).sum()))
    found = Interval(seen, last_kept(seen, -1.0, fits), last_kept(seen, 1.0, fits), se)
    return as_estimate(STRATIFIED_SCORE, found)


def cochran_mantel_haenszel(tables: Sequence[Counts]) -> Significance:
    """Return the test of no common effect, without continuity correction. Raises UsageError without tables.

    Cochran, Biometrics 1954;10:417; Mantel & Haenszel, J Natl Cancer Inst 1959;22:719.
    """
    strata = strata_of(tables)
    events = strata.x1 + strata.x0
    gap = float((strata.x1 - strata.n1 * events / strata.n).sum())
    variance = float((strata.n1 * strata.n0 * events * (strata.n - events) / (strata.n**2 * (strata.n - 1))).sum())
    p_value = max(SMALLEST, normal_tails(gap / sqrt(variance))) if variance > 0 else 1.0
    note = "" if variance > 0 else NOTHING_TO_TEST
    return Significance(min(1.0, p_value), "Cochran–Mantel–Haenszel χ²", "Mantel & Haenszel, JNCI 1959;22:719", note)


def exact_stratified(tables: Sequence[Counts], *, mid_p: bool = False) -> tuple[Estimate, Significance]:
    """Return the conditional common odds ratio with its exact interval, and the exact test of no common effect.

    Zelen, Biometrika 1971;58:129 (test); Gart, Biometrika 1970;57:471 (estimate and interval). The interval has half of
    what the level leaves in each tail, the test adds all that is at most as likely as what was seen: near the edge one
    may reject and the other not. With ``mid_p`` both count half of what is as likely. Raises UsageError without tables.
    """
    strata_of(tables)
    given = conditional(tables)
    method = EXACT_MID_P if mid_p else EXACT
    estimate = as_estimate(method, conditional_odds(given, mid_p=mid_p))
    note = "" if given.central.size > 1 else NOTHING_TO_TEST
    p_value = max(SMALLEST, two_sided(given, mid_p=mid_p)) if given.central.size > 1 else 1.0
    return estimate, Significance(p_value, method.words, method.reference, note)


NOTHING_TO_TEST: Final = "In no stratum do the margins leave a choice: there is nothing to test."
STRATIFIED_SCORE: Final = Named(
    "stratified-score",
    "stratified Miettinen–Nurminen score, Mantel–Haenszel weights",
    "Miettinen & Nurminen, Stat Med 1985;4:213",
    stratified_score_difference,
)
EXACT: Final = Named("exact", "exact conditional over strata", "Gart, Biometrika 1970;57:471", exact_stratified)
EXACT_MID_P: Final = Named("mid-p", "mid-p conditional over strata", "Gart, Biometrika 1970;57:471", exact_stratified)
MANTEL_HAENSZEL: Final = named(
    (
        Named("risk_difference", "Mantel–Haenszel, Sato variance", "Sato, Biometrics 1989;45:1323", sato_difference),
        Named("risk_ratio", "Mantel–Haenszel", "Greenland & Robins, Biometrics 1985;41:55", greenland_robins_ratio),
        Named("odds_ratio", "Mantel–Haenszel", "Robins, Breslow & Greenland, Biometrics 1986;42:311", robins_odds),
    )
)
