"""Two arms compared on a scale: by their means, and adjusted for what was known before the draw."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np

from smartstart.errors import UsageError, nearest
from smartstart.trial.analysis.columns import Columns, checked_arms, model_columns
from smartstart.trial.analysis.least_squares import ArmEffects, arm_effects
from smartstart.trial.analysis.records import Bools, Estimate, Floats, Ints, Significance
from smartstart.trial.analysis.wald import NO_SPREAD, ONE_ARM, difference, joined, test_of

# HC2 comes first: unbiased when the arms' spread is equal, and valid when it is not.
VARIANCES: Final = ("hc2", "hc3", "hc1", "hc0", "ols")
WELCH: Final = "Welch, Biometrika 1947;34:28-35 (HC2: MacKinnon and White, J Econometrics 1985;29:305-325)"
ANCOVA: Final = "Lin, Ann Appl Stat 2013;7:295-318; Pustejovsky and Tipton, J Bus Econ Stat 2018;36:672-683"


@dataclass(frozen=True)
class Adjusted:
    """A difference in means, treated less control, and its test.

    ``variance_saved`` is the share of the unadjusted difference's variance that adjustment saved, 0 without adjustment
    and negative where adjustment cost precision. ``df`` are the degrees of freedom of t.
    """

    estimate: Estimate
    significance: Significance
    variance_saved: float = 0.0
    df: float = nan


def mean_difference(
    outcome: Floats,
    treated: Bools,
    *,
    cluster: Ints | None = None,
    weight: Floats | None = None,
    variance: str | None = None,
) -> Adjusted:
    """Return the difference of the arms' (weighted) means.

    The default, "hc2", is Welch's standard error with the degrees of freedom of Welch and Satterthwaite; with clusters
    CR2, which allows for women of one household being alike. Raises UsageError for an unknown variance or a missing
    outcome.
    """
    return ancova(outcome, treated, None, cluster=cluster, weight=weight, variance=variance)


def ancova(
    outcome: Floats,
    treated: Bools,
    covariates: Floats | None,
    *,
    stratum: Ints | None = None,
    cluster: Ints | None = None,
    weight: Floats | None = None,
    variance: str | None = None,
) -> Adjusted:
    """Return the difference of the arms' means, adjusted for covariates and strata by least squares.

    ``variance`` is one of ``VARIANCES``; with clusters "hc2" becomes CR2 and so on. HC2 is the default because it
    needs no equal spread in the arms, and with its Satterthwaite degrees of freedom keeps its level in small samples.
    Columns that repeat others are left out, which the note says. Raises UsageError for an unknown variance, a missing
    outcome or covariate, or columns of different lengths.
    """
    treated, y = checked_arms(treated, outcome, stratum, cluster, weight), np.asarray(outcome, dtype=float)
    kind = _variance(variance, clusters=cluster is not None)
    if not np.isfinite(y).all():
        raise UsageError("An outcome is missing: leave those women out, or impute within the arms.")
    used = np.ones(len(y), dtype=bool) if weight is None else np.asarray(weight) > 0
    if not (treated[used].any() and (~treated[used]).any()):
        return _nothing(kind, ONE_ARM)
    columns = model_columns(treated, covariates, stratum, weight)
    plain = _effects(y, treated, Columns(np.empty((len(y), 0))), cluster, weight, kind)
    found = _effects(y, treated, columns, cluster, weight, kind) if columns.k else plain
    made = _made(kind, columns, clusters=cluster is not None, weighted=weight is not None)
    return _adjusted(found, plain, made, columns.note)


def mean_of(outcome: Floats) -> Estimate:
    """Return the mean of one arm with the interval of one-sample t."""
    y = np.asarray(outcome, dtype=float)
    made = ("Mean, t interval", "Student, Biometrika 1908;6:1-25")
    if not len(y):
        return difference(nan, nan, made, note=ONE_ARM)
    se = float(y.std(ddof=1)) / len(y) ** 0.5 if len(y) > 1 else nan
    return difference(float(y.mean()), se, made, df=len(y) - 1)


def collapse_sparse(stratum: Ints, least: int) -> Ints:
    """Return the strata with the sparse ones merged: those with fewer than ``least`` women.

    They become one stratum, under the lowest of their labels. While that one is sparse itself it takes in the
    smallest of the others (of equal ones the lowest label). Neither outcomes nor arms are looked at, so that drawing
    the arms again would merge the same strata.
    """
    labels, place = np.unique(stratum, return_inverse=True)
    sizes = np.bincount(place, minlength=len(labels))
    merged = sizes < least
    while merged.any() and not merged.all() and sizes[merged].sum() < least:
        others = np.flatnonzero(~merged)
        merged[others[np.argmin(sizes[others])]] = True
    target = labels.copy()
    if merged.any():
        target[merged] = labels[merged].min()
    collapsed: Ints = target[place].astype(np.int64)
    return collapsed


def _effects(
    y: Floats, treated: Bools, columns: Columns, cluster: Ints | None, weight: Floats | None, kind: str
) -> ArmEffects:
    centre, scale = float(y.mean()), float(np.abs(y - y.mean()).max())
    if scale <= 1e-12 * max(1.0, abs(centre)):  # nothing but rounding differs
        return ArmEffects(np.zeros(1), np.full((1, 1), nan), nan)
    unit = ((y - centre) / scale)[:, None]
    found = arm_effects(unit, treated, columns, cluster=cluster, weight=weight, variance=kind)
    df = found.df
    if kind == "hc2" and not columns.k and cluster is None and weight is None:
        df = welch_df(unit[treated, 0], unit[~treated, 0])
    covariance = np.where(found.covariance > 1e-20, found.covariance, nan)
    return ArmEffects(found.effects * scale, covariance * scale**2, df)


def welch_df(one: Floats, other: Floats) -> float:
    """Return the degrees of freedom of a difference of two means (Welch, Biometrika 1947;34:28-35; Satterthwaite)."""
    if min(len(one), len(other)) < 2:
        return nan
    parts = [float(sample.var(ddof=1)) / len(sample) for sample in (one, other)]
    below = sum(part**2 / (len(sample) - 1) for part, sample in zip(parts, (one, other), strict=True))
    return sum(parts) ** 2 / below if below > 0 else nan


def _adjusted(
    found: ArmEffects, plain: ArmEffects, made: tuple[tuple[str, str], tuple[str, str]], note: str
) -> Adjusted:
    effect, spread, before = float(found.effects[0]), float(found.covariance[0, 0]), float(plain.covariance[0, 0])
    se = spread**0.5 if spread > 0 else nan
    saved = 1 - spread / before if before > 0 else nan
    said = note if np.isfinite(se) and found.df > 0 else joined(note, NO_SPREAD)
    estimate = difference(effect, se, made[0], df=found.df, note=said)
    return Adjusted(estimate, test_of(effect, se, made[1], df=found.df, note=note), saved, found.df)


def _made(kind: str, columns: Columns, *, clusters: bool, weighted: bool) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the words and references of the estimate and of its test."""
    plain = not columns.k
    name = kind.upper().replace("HC", "CR") if clusters else kind.upper()
    means = "Difference in weighted means" if weighted else "Difference in means"
    what = means if plain else f"Analysis of covariance ({columns.k} covariate columns)"
    if plain and not clusters and not weighted and kind == "hc2":
        return (f"{what}, Welch (HC2)", WELCH), ("Welch's t test", WELCH)
    degrees = "Satterthwaite" if kind == "hc2" else "clusters less two" if clusters else "residual"
    household = " by cluster" if clusters else ""
    return (f"{what}, {name}{household}, t ({degrees} df)", ANCOVA), (f"t test, {name}{household}", ANCOVA)


def _nothing(kind: str, note: str) -> Adjusted:
    made = (f"Difference in means, {kind.upper()}", ANCOVA)
    return Adjusted(difference(nan, nan, made, note=note), test_of(nan, nan, made, note=note), nan)


def _variance(name: str | None, *, clusters: bool) -> str:
    if name is None:
        return VARIANCES[0]
    if name not in VARIANCES:
        raise UsageError(
            f"--method: '{name}' is unknown{nearest(name, [*VARIANCES])}; there are {', '.join(VARIANCES)}."
        )
    if name == "ols" and clusters:
        raise UsageError("--method: 'ols' takes women of one household as strangers; choose hc2 with clusters.")
    return name
