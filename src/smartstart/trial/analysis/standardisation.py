"""Two arms compared on an event, standardised to all women drawn (g-computation).

A logistic working model gives every woman a risk under either arm; each arm's risk is the mean of those over all
women, corrected by the mean residual of the arm's own women. That correction is zero when the model is fitted by
maximum likelihood, and keeps the comparison right when it is not: the model need not be true, it only saves variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np
from scipy.special import expit

from smartstart.errors import UsageError, nearest
from smartstart.trial.analysis.columns import Columns, checked_arms, model_columns
from smartstart.trial.analysis.logistic import Logistic, fit_logistic
from smartstart.trial.analysis.records import Bools, Estimate, Floats, Ints, Significance
from smartstart.trial.analysis.wald import ONE_ARM, difference, joined, ratio, test_of

# By name: the variance in words, and where it stands.
VARIANCES: Final[Mapping[str, tuple[str, str]]] = {
    "ge": (
        "delta method with the model's covariance",
        "Ge et al., Drug Inf J 2011;45:481-493; FDA, Adjusting for Covariates in Randomized Clinical Trials, 2023",
    ),
    "ye": (
        "influence functions, robust to the model and to stratified allocation",
        "Ye, Shao, Yi and Zhao, JASA 2023;118:2370-2382; Bannick et al., Biometrika 2025",
    ),
}
LEAST_IN_CELL: Final = 10  # fewer women of an arm in a stratum: their mean residual is chance, and not the stratum's
RARE: Final = "No interval from a model: an arm has no women with, or none without the event; use an exact method."
PENALISED: Final = "The working model separates events from others; it is fitted with Firth's penalty."


@dataclass(frozen=True)
class Standardised:
    """The arms' risks, standardised to all women, and their marginal measures; ``p_value`` tests the difference."""

    risk_treated: float
    risk_control: float
    risk_difference: Estimate
    risk_ratio: Estimate
    odds_ratio: Estimate
    p_value: Significance
    note: str = ""


@dataclass(frozen=True)
class _Arms:
    """The two risks (treated, control), their covariance (2, 2) and its degrees of freedom."""

    risks: Floats
    covariance: Floats
    df: float


@dataclass(frozen=True)
class _Women:
    event: Bools
    treated: Bools
    columns: Columns
    stratum: Ints | None
    cluster: Ints | None
    weight: Floats | None

    @property
    def shares(self) -> Floats:
        """Return the weights, adding up to one."""
        n = len(self.event)
        return np.full(n, 1 / n) if self.weight is None else self.weight / self.weight.sum()


def standardise(
    event: Bools,
    treated: Bools,
    covariates: Floats | None,
    *,
    stratum: Ints | None = None,
    cluster: Ints | None = None,
    weight: Floats | None = None,
    variance: str | None = None,
) -> Standardised:
    """Return the arms' standardised risks and the marginal difference, ratio and odds ratio between them.

    The working model holds the arm, the covariates and an indicator for each stratum. ``variance`` is one of
    ``VARIANCES``: "ge" by default, "ye" by default with strata, clusters or weights, which it alone honours. Intervals
    use t with the number of women (or clusters) less the model's terms as degrees of freedom: a little wider than
    normal ones in small trials, the same in large ones. When an arm has no women with the event, or none without it,
    there is no interval: an exact method is asked for. Raises UsageError for an unknown variance, "ge" with clusters
    or weights, a missing covariate, or columns of different lengths.
    """
    treated, event = checked_arms(treated, event, stratum, cluster, weight), np.asarray(event, dtype=bool)
    kind = _variance(variance, plain=cluster is None and weight is None, stratified=stratum is not None)
    used = np.ones(len(event), dtype=bool) if weight is None else np.asarray(weight) > 0
    note = _nothing_to_say(event[used], treated[used])
    if note:
        return _without_interval(event, treated, used, weight, kind, note)
    women = _Women(event, treated, model_columns(treated, covariates, stratum, weight), stratum, cluster, weight)
    x = np.column_stack([np.ones(len(event)), treated.astype(float), women.columns.matrix])
    fit = fit_logistic(event, x, weight)
    if not fit.converged:  # not even with the penalty: the arm alone always fits here
        women = _Women(event, treated, Columns(x[:, :0], "Not adjusted: no model fits."), stratum, cluster, weight)
        x = x[:, :2]
        fit = fit_logistic(event, x, weight)
    kind = "ye" if fit.penalised else kind
    arms = _by_the_model(women, x, fit) if kind == "ge" else _by_influence(women, x, fit)
    note = joined(women.columns.note, PENALISED if fit.penalised else "")
    return _measures(arms, _words(kind, women), note)


def _variance(name: str | None, *, plain: bool, stratified: bool) -> str:
    if name is None:
        return "ge" if plain and not stratified else "ye"
    if name not in VARIANCES:
        there = list(VARIANCES)
        raise UsageError(f"--method: '{name}' is unknown here{nearest(name, there)}; there are {', '.join(there)}.")
    if name == "ge" and not plain:
        raise UsageError(
            "--method: 'ge' takes women as strangers of equal weight; choose 'ye' with clusters or weights."
        )
    return name


def _nothing_to_say(event: Bools, treated: Bools) -> str:
    if not treated.any() or treated.all():
        return ONE_ARM
    return "" if all(event[arm].any() and not event[arm].all() for arm in (treated, ~treated)) else RARE


def _model_risks(x: Floats, fit: Logistic) -> Floats:
    """Return each woman's risk under treatment and under control, shape (n, 2)."""
    base = x @ fit.coefficients - x[:, 1] * fit.coefficients[1]
    return np.asarray(expit(np.column_stack([base + fit.coefficients[1], base])), dtype=float)


def _corrected(women: _Women, modelled: Floats) -> tuple[Floats, Floats]:
    """Return the two risks (mean of the modelled ones, plus the mean residual of the arm) and influences (n, 2)."""
    share = women.shares
    centre = share @ modelled
    own = np.column_stack([women.treated, ~women.treated]) * share[:, None]
    own = own / own.sum(axis=0)
    residual = women.event[:, None] - modelled
    correction = (own * residual).sum(axis=0)
    influence: Floats = share[:, None] * (modelled - centre) + own * (residual - correction)
    return centre + correction, influence


def _by_the_model(women: _Women, x: Floats, fit: Logistic) -> _Arms:
    """Ge's variance: how the mean modelled risks move with the coefficients, covariates taken as they are."""
    modelled = _model_risks(x, fit)
    spread = modelled * (1 - modelled) / len(x)
    slopes = spread.T @ x
    slopes[:, 1] = spread[:, 0].sum(), 0.0  # the arm is 1 for all, and then 0 for all
    risks, _ = _corrected(women, modelled)
    return _Arms(risks, slopes @ fit.covariance @ slopes.T, float(len(x) - x.shape[1]))


def _by_influence(women: _Women, x: Floats, fit: Logistic) -> _Arms:
    """Ye's variance: the spread of what each woman (or household) contributes, less what the strata took away."""
    risks, influence = _corrected(women, _model_risks(x, fit))
    # so many women of equal weight would tell as much (Kish, Survey Sampling 1965): all of them without weights
    groups, p = float(1 / (women.shares @ women.shares)), x.shape[1]
    if women.cluster is not None:
        _, place = np.unique(women.cluster, return_inverse=True)
        influence = np.column_stack([np.bincount(place, weights=column) for column in influence.T])
        groups = len(np.unique(place[women.shares > 0]))
    if groups <= p:
        return _Arms(risks, np.full((2, 2), nan), nan)
    covariance = influence.T @ influence * groups / (groups - p)
    if women.stratum is not None and women.cluster is None and women.weight is None:
        taken = _balance_of_strata(women, _model_risks(x, fit))
        lowered = covariance - taken
        covariance = lowered if (np.linalg.eigvalsh(lowered) > 0).all() else covariance
    return _Arms(risks, covariance, float(groups - p))


def _balance_of_strata(women: _Women, modelled: Floats) -> Floats:
    """Return the variance that balance within strata takes away: E[D(R) (diag(pi) - pi pi') D(R)] / n.

    R is a stratum's mean residual in an arm over the arm's share pi. Of Bannick et al. (2025), with arms that hold to
    their shares in each stratum. A stratum with fewer than LEAST_IN_CELL women in an arm takes nothing away: the square
    of so noisy a mean would be too large, and the interval too narrow.
    """
    place = np.unique(np.asarray(women.stratum), return_inverse=True)[1]
    n, size = len(place), np.bincount(place)
    arms = np.column_stack([women.treated, ~women.treated])
    pi = arms.mean(axis=0)
    residual = (women.event[:, None] - modelled - _corrections(women, modelled)) * arms
    sums = np.column_stack([np.bincount(place, weights=column) for column in residual.T])
    counts = np.column_stack([np.bincount(place, weights=column) for column in arms.T])
    means = np.where(np.all(counts >= LEAST_IN_CELL, axis=1, keepdims=True), sums / np.maximum(counts, 1), 0.0) / pi
    left = np.diag(pi) - np.outer(pi, pi)
    taken: Floats = np.einsum("s,sa,ab,sb->ab", size / n, means, left, means) / n
    return taken


def _corrections(women: _Women, modelled: Floats) -> Floats:
    return _corrected(women, modelled)[0] - women.shares @ modelled


def _words(kind: str, women: _Women) -> tuple[str, str]:
    words, reference = VARIANCES[kind]
    weighted = ", weighted" if women.weight is not None else ""
    cluster = ", summed by cluster" if women.cluster is not None else ""
    return f"Standardised by a logistic model ({women.columns.k} columns{weighted}), {words}{cluster}, t", reference


def _measures(arms: _Arms, made: tuple[str, str], note: str) -> Standardised:
    treated, control = (float(risk) for risk in arms.risks)
    proper = 0 < treated < 1 and 0 < control < 1
    note = note if proper else joined(note, RARE)
    covariance = arms.covariance if proper else np.full((2, 2), nan)
    se = _se(covariance, (1.0, -1.0))
    of_ratio = _se(covariance, (1 / treated, -1 / control)) if proper else nan
    odds = [risk / (1 - risk) if proper else nan for risk in (treated, control)]
    of_odds = _se(covariance, (1 / (treated * (1 - treated)), -1 / (control * (1 - control)))) if proper else nan
    rd = treated - control
    return Standardised(
        treated,
        control,
        difference(rd, se, made, df=arms.df, note=note, bound=1.0),
        ratio(treated / control if control > 0 else nan, of_ratio, made, df=arms.df, note=note),
        ratio(odds[0] / odds[1], of_odds, made, df=arms.df, note=note),
        test_of(rd, se, ("t test of the standardised risk difference", made[1]), df=arms.df, note=note),
        note,
    )


def _se(covariance: Floats, gradient: tuple[float, float]) -> float:
    slope = np.array(gradient)
    spread = float(slope @ covariance @ slope)
    return spread**0.5 if spread > 0 else nan


def _without_interval(
    event: Bools, treated: Bools, used: Bools, weight: Floats | None, kind: str, note: str
) -> Standardised:
    """Return the raw risks alone."""
    w = used.astype(float) if weight is None else weight
    risks = [float(w[arm] @ event[arm] / w[arm].sum()) if (w[arm] > 0).any() else nan for arm in (treated, ~treated)]
    words, reference = VARIANCES[kind]
    made = (f"Standardised, {words}", reference)
    odds = [risk / (1 - risk) if risk < 1 else nan for risk in risks]
    return Standardised(
        risks[0],
        risks[1],
        difference(risks[0] - risks[1], nan, made, note=note),
        ratio(risks[0] / risks[1] if risks[1] > 0 else nan, nan, made, note=note),
        ratio(odds[0] / odds[1] if odds[1] > 0 else nan, nan, made, note=note),
        test_of(nan, nan, ("t test of the standardised risk difference", reference), note=note),
        note,
    )
