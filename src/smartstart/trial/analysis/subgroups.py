"""Subgroups: the effect in each, one test of whether it differs between them, and the warning that belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import Final, Literal

import numpy as np
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.analysis.records import LEVEL, Bools, Estimate, Floats, Ints, Significance

WARNING: Final = (
    "Subgroups are exploratory: they are small, they are several, and one of them will often differ by chance. Read "
    "the test of interaction first: one subgroup that is significant beside one that is not is no evidence of a "
    "difference (Wang et al., N Engl J Med 2007;357:2189-2194)."
)
HC2: Final = "MacKinnon & White, J Econom 1985;29:305-325 (HC2)"
AGRESTI_CAFFO: Final = "Agresti & Caffo, Am Stat 2000;54:280-288"
INTERACTION: Final = "Altman & Bland, BMJ 2003;326:219; Cochran, Biometrics 1954;10:101-129"

Kind = Literal["scale", "binary"]


@dataclass(frozen=True)
class Subgroup:
    """The women of one subgroup whose outcome is known, and the difference there, treated minus control."""

    name: str
    n_treated: int
    n_control: int
    difference: Estimate


@dataclass(frozen=True)
class Interaction:
    """The difference in every subgroup, and the test that they are all the same; always shown with ``warning``."""

    subgroups: tuple[Subgroup, ...]
    test: Significance
    warning: str = WARNING


def interaction(
    outcome: Floats,
    treated: Bools,
    group: Sequence[str],
    *,
    kind: Kind,
    covariates: Floats | None = None,
) -> Interaction:
    """Return the mean difference (HC2) or the risk difference by subgroup, and the test of interaction.

    ``outcome`` is nan where it is not known; for ``binary`` it is 0 or 1. ``covariates`` adjust a scale, with the same
    slope in all subgroups. A subgroup with fewer than two women in an arm has no estimate and is left out of the test.
    Raises UsageError when the values do not fit the kind.
    """
    known = np.isfinite(outcome)
    if kind == "binary" and (covariates is not None or not np.isin(outcome[known], (0, 1)).all()):
        raise UsageError("A binary outcome must be 0 or 1, without covariates: a scale can be adjusted.")
    names, place = np.unique(np.asarray(group, dtype=str), return_inverse=True)
    arms = [(known & (place == g) & treated, known & (place == g) & ~treated) for g in range(len(names))]
    usable = [g for g, arm in enumerate(arms) if min(map(np.count_nonzero, arm)) >= 2]
    if kind == "binary":
        found, df = {g: _risk_difference(outcome, arms[g]) for g in usable}, np.inf
        covariance = np.diag([found[g][2] for g in usable])
        words, reference = "risk difference, Agresti–Caffo", AGRESTI_CAFFO
    else:
        centres, covariance, df = _mean_differences(outcome, arms, usable, covariates)
        found = {g: (c, c, v) for g, c, v in zip(usable, centres, np.diag(covariance), strict=True)}
        words, reference = "difference in means, HC2", HC2
    reach = float(stats.t.ppf((1 + LEVEL) / 2, max(df, 1)))
    subgroups = []
    for g, name in enumerate(names):
        if g in found:
            estimate, centre, variance = found[g]
            half = reach * sqrt(variance)
            one = Estimate(estimate, centre - half, centre + half, sqrt(variance), words, reference, LEVEL)
        else:
            one = Estimate(nan, nan, nan, nan, words, reference, LEVEL, "An arm has fewer than two women here.")
        counts = [int(np.count_nonzero(arm)) for arm in arms[g]]
        subgroups.append(Subgroup(str(name), counts[0], counts[1], one))
    left_out = "" if len(usable) == len(names) else "A subgroup with fewer than two women in an arm is left out."
    return Interaction(tuple(subgroups), _same(np.array([found[g][1] for g in usable]), covariance, df, left_out))


def _risk_difference(outcome: Floats, arms: tuple[Bools, Bools]) -> tuple[float, float, float]:
    """Return the risk difference, and its centre and variance with one event and one other woman added to each arm."""
    risks = [float(outcome[arm].mean()) for arm in arms]
    added = [(float(outcome[arm].sum()) + 1, int(arm.sum()) + 2) for arm in arms]
    (a, n), (c, m) = added
    p, q = a / n, c / m
    return risks[0] - risks[1], p - q, p * (1 - p) / n + q * (1 - q) / m


def _mean_differences(
    outcome: Floats, arms: list[tuple[Bools, Bools]], usable: list[int], covariates: Floats | None
) -> tuple[Floats, Floats, float]:
    """Return the differences, their HC2 covariance, and the degrees of freedom of the one regression."""
    if not usable:
        return np.zeros(0), np.zeros((0, 0)), 1.0
    columns = [side for g in usable for side in (arms[g][0] | arms[g][1], arms[g][0])]
    rows = np.any(columns, axis=0)
    x = np.column_stack(columns)[rows].astype(float)
    if covariates is not None and covariates.size:
        z = covariates[rows] - covariates[rows].mean(axis=0)
        x = np.column_stack([x, z])
    y = outcome[rows]
    inverse = np.linalg.pinv(x)
    leverage = np.einsum("ij,ji->i", x, inverse)
    residual = y - x @ (inverse @ y)
    free = 1 - leverage
    weight = np.divide(residual**2, free, out=np.zeros_like(free), where=free > 1e-10)
    covariance = (inverse * weight) @ inverse.T
    effects = np.arange(1, 2 * len(usable), 2)
    df = float(len(y) - np.linalg.matrix_rank(x))
    return (inverse @ y)[effects], covariance[np.ix_(effects, effects)], df


def _same(differences: Floats, covariance: Floats, df: float, note: str) -> Significance:
    """Return the Wald test that all differences are the same: by F with the regression's df, else by chi-square."""
    words = f"interaction of treatment and subgroup, Wald test ({'F' if np.isfinite(df) else 'chi-square'})"
    several = len(differences)
    if several < 2:
        return Significance(nan, words, INTERACTION, f"{note} Fewer than two subgroups can be compared.".strip())
    contrast = np.column_stack([-np.ones(several - 1), np.eye(several - 1)])
    middle: Floats = contrast @ covariance @ contrast.T
    gaps: Ints | Floats = contrast @ differences
    if np.linalg.matrix_rank(middle, tol=1e-14) < several - 1 or df < 1:
        return Significance(nan, words, INTERACTION, f"{note} The outcome does not vary enough to compare.".strip())
    wald = float(gaps @ np.linalg.solve(middle, gaps))
    p = stats.f.sf(wald / (several - 1), several - 1, df) if np.isfinite(df) else stats.chi2.sf(wald, several - 1)
    return Significance(float(p), words, INTERACTION, note)
