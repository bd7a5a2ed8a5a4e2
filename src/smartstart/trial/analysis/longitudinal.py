"""All waves of a scale in one model: the sensitivity analysis beside the analysis of covariance of each wave.

The mean model is constrained: before the draw both arms have one mean, as the draw makes it, and the nulmeting
stands among the outcomes (Liang and Zeger, Sankhya B 2000;62:134-148). A woman with some of her waves still counts.

Fitted by generalised estimating equations with the bias-reduced sandwich of Mancl and DeRouen (Biometrics
2001;57:126-134), since no Python library has the mixed model with Kenward and Roger's degrees of freedom that is
usual here, and a mixed model with normal quantiles is too sure of itself in small trials. The sandwich holds when the
correlation is chosen wrongly; t with the number of women less the model's terms stands in for Kenward and Roger.
What it asks: that who misses a wave can be foreseen from the arm and the earlier waves, and that the working
correlation is then near the truth. Unstructured is the default for that reason; exchangeable is the fallback.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from smartstart.errors import UsageError, nearest
from smartstart.trial.analysis.columns import checked_arms, model_columns
from smartstart.trial.analysis.records import Bools, Estimate, Floats, Ints
from smartstart.trial.analysis.wald import NO_SPREAD, ONE_ARM, difference, joined, undefined

if TYPE_CHECKING:
    from collections.abc import Mapping

CORRELATIONS: Final = ("unstructured", "exchangeable", "independence")
REFERENCE: Final = (
    "Liang and Zeger, Sankhya B 2000;62:134-148; Liang and Zeger, Biometrika 1986;73:13-22; "
    "Mancl and DeRouen, Biometrics 2001;57:126-134"
)


@dataclass(frozen=True)
class Waves:
    """The difference between the arms at each wave after the nulmeting, by wave; ``women`` were in the model."""

    by_wave: Mapping[int, Estimate]
    women: int
    correlation: str
    note: str = ""


def constrained_longitudinal(
    outcome: Floats,
    wave: Ints,
    treated: Bools,
    woman: Ints,
    *,
    covariates: Floats | None = None,
    correlation: str | None = None,
) -> Waves:
    """Return the difference in means at each wave, with the arms equal at wave 0 (the nulmeting).

    Rows are answers: of one woman at one wave. A missing outcome (nan) is a wave not answered. Covariates are of the
    woman, with one effect at all waves, in standard deviations of the wave. Raises UsageError when a woman has a wave
    twice, no row is of wave 0, or the correlation is unknown.
    """
    known = np.isfinite(np.asarray(outcome, dtype=float))
    arm = checked_arms(treated, outcome, wave, woman, covariates)[known]
    y, at, who = np.asarray(outcome, dtype=float)[known], np.asarray(wave)[known], np.asarray(woman)[known]
    asked = _correlation(correlation)
    waves, place = np.unique(at, return_inverse=True)
    _check_waves(waves, at, who)
    later = [int(one) for one in waves[1:]]
    made = (f"Constrained longitudinal analysis (GEE, {asked}), Mancl-DeRouen variance, t", REFERENCE)
    unclear = _unclear(y, arm, at, later)
    if unclear:
        return Waves({one: undefined(made, note=unclear) for one in later}, _women(who), asked, unclear)
    columns = model_columns(arm, None if covariates is None else np.asarray(covariates)[known])
    levels = (place[:, None] == np.arange(len(waves))[None, :]).astype(float)
    x = np.column_stack([levels, columns.matrix, levels[:, 1:] * arm[:, None]])
    order = np.lexsort((place, who))
    scales = np.array([_spread(y[place == one], arm[place == one]) for one in range(len(waves))])
    unit = (y - y.mean()) / scales[place]  # a spread of its own for each wave, which GEE does not have
    found, used, note = _fitted(unit[order], x[order], who[order], place[order], asked)
    made = (f"Constrained longitudinal analysis (GEE, {used}), Mancl-DeRouen variance, t", REFERENCE)
    df = float(_women(who) - x.shape[1])
    note = joined(columns.note, note)
    if found is None or df <= 0:
        return Waves({one: undefined(made, note=joined(note, NO_SPREAD)) for one in later}, _women(who), used, note)
    effects, errors = found
    each = {
        one: difference(effect * scale, error * scale, made, df=df, note=note)
        for one, scale, effect, error in zip(
            later, scales[1:], effects[-len(later) :], errors[-len(later) :], strict=True
        )
    }
    return Waves(each, _women(who), used, note)


def _correlation(name: str | None) -> str:
    if name is not None and name not in CORRELATIONS:
        hint = nearest(name, [*CORRELATIONS])
        raise UsageError(f"The working correlation '{name}' is unknown{hint}; there are {', '.join(CORRELATIONS)}.")
    return name or CORRELATIONS[0]


def _check_waves(waves: Ints, at: Ints, who: Ints) -> None:
    if not len(waves) or waves[0] != 0 or len(waves) < 2:
        raise UsageError("A longitudinal analysis needs answers at wave 0 (the nulmeting) and at a later wave.")
    if len(np.unique(np.column_stack([who, at]), axis=0)) < len(at):
        raise UsageError("A woman has two answers at one wave: keep the one the protocol names.")


def _unclear(y: Floats, arm: Bools, at: Ints, later: list[int]) -> str:
    if any(not arm[at == one].any() or arm[at == one].all() for one in later):
        return ONE_ARM
    return NO_SPREAD if float(np.ptp(y)) <= 1e-12 * max(1.0, float(np.abs(y).max())) else ""


def _spread(y: Floats, arm: Bools) -> float:
    """Return the standard deviation around the arms' means; 1 where there is none."""
    around = np.concatenate([part - part.mean() for part in (y[arm], y[~arm]) if len(part)])
    spread = float(np.sqrt(np.mean(around**2)))
    return spread if spread > 1e-12 * max(1.0, float(np.abs(y).max())) else 1.0


def _women(who: Ints) -> int:
    return len(np.unique(who))


def _fitted(y: Floats, x: Floats, who: Ints, place: Ints, asked: str) -> tuple[tuple[Floats, Floats] | None, str, str]:
    """Return coefficients and their errors, the correlation they were fitted with, and a note on a fallback."""
    found = _gee(y, x, who, place, asked)
    if found is not None or asked != CORRELATIONS[0]:
        return found, asked, ""
    return (
        _gee(y, x, who, place, CORRELATIONS[1]),
        CORRELATIONS[1],
        "The unstructured correlation cannot be fitted to so few answers; exchangeable instead.",
    )


def _gee(y: Floats, x: Floats, who: Ints, place: Ints, correlation: str) -> tuple[Floats, Floats] | None:
    import statsmodels.api as sm

    structures: dict[str, Any] = {
        "unstructured": sm.cov_struct.Unstructured,
        "exchangeable": sm.cov_struct.Exchangeable,
        "independence": sm.cov_struct.Independence,
    }
    # its warnings (no convergence, a matrix that is no covariance) are judged here by what comes out
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = sm.GEE(y, x, who, time=place.astype(np.int64)[:, None], cov_struct=structures[correlation]())
            found = model.fit(cov_type="bias_reduced", maxiter=100)
        except (np.linalg.LinAlgError, ValueError, ZeroDivisionError, FloatingPointError):
            return None
    effects, spread = np.asarray(found.params), np.diag(np.asarray(found.cov_params()))
    sound = found.converged and np.isfinite(effects).all() and np.isfinite(spread).all() and (spread > 1e-20).all()
    return (effects, np.sqrt(spread)) if sound else None
