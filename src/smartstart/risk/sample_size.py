"""Are there events enough for this many predictors? Asked before training (Riley et al. 2019, 2020).

Riley, Snell, Ensor et al., Statistics in Medicine 2019;38:1276; BMJ 2020;368:m441. The figures are those of the
authors' program pmsampsize.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, exp, log
from typing import Any, Final

from smartstart.errors import UsageError
from smartstart.risk.bootstrap import NORMAL_975

SHRINKAGE: Final = 0.9  # Riley et al.: predictors' effects overstated by a tenth at most
OPTIMISM: Final = 0.05  # Riley et al.: apparent less adjusted Nagelkerke R2
OVERALL_MARGIN: Final = 0.05  # Riley et al.: the overall risk known to within five percentage points
RARE_MARGIN: Final = 0.2  # of the overall risk itself: for placement (2 %) five points would be no demand at all


@dataclass(frozen=True)
class SampleSize:
    """How many children a model needs, by each criterion and in all."""

    parameters: int
    prevalence: float
    r2: float  # Cox-Snell, anticipated
    largest_r2: float  # what a perfect model could reach at this prevalence
    optimism_shrinkage: float
    n_shrinkage: int
    n_optimism: int
    n_overall_risk: int

    @property
    def n(self) -> int:
        """The children that all three criteria ask."""
        return max(self.n_shrinkage, self.n_optimism, self.n_overall_risk)

    @property
    def events(self) -> int:
        """The events among them."""
        return ceil(self.n * self.prevalence)

    def as_dict(self) -> dict[str, Any]:
        """Return the calculation as the model card shows it."""
        return {
            "parameters": self.parameters,
            "prevalence": self.prevalence,
            "cox_snell_r2": self.r2,
            "largest_r2": self.largest_r2,
            "n_shrinkage": self.n_shrinkage,
            "n_optimism": self.n_optimism,
            "n_overall_risk": self.n_overall_risk,
            "n": self.n,
            "events": self.events,
        }


def needed(parameters: int, prevalence: float, r2: float, margin: float = OVERALL_MARGIN) -> SampleSize:
    """Return the children needed to estimate ``parameters`` coefficients of a model with Cox-Snell ``r2``.

    ``parameters`` counts coefficients (spline terms, levels less one), chosen or not. ``margin`` is the precision of
    the overall risk; see ``rare_margin``. Raises UsageError for numbers that cannot be.
    """
    if parameters < 1 or not 0 < prevalence < 1:
        raise UsageError("a sample size needs at least one parameter and a prevalence between 0 and 1")
    largest = largest_r2(prevalence)
    if not 0 < r2 < min(largest, SHRINKAGE):
        raise UsageError("the anticipated R2 must lie above 0 and below the largest that the prevalence allows")
    optimism = optimism_shrinkage(r2, largest)
    return SampleSize(
        parameters=parameters,
        prevalence=prevalence,
        r2=r2,
        largest_r2=largest,
        optimism_shrinkage=optimism,
        n_shrinkage=n_for_shrinkage(parameters, r2, SHRINKAGE),
        n_optimism=n_for_shrinkage(parameters, r2, optimism),
        n_overall_risk=n_for_overall_risk(prevalence, margin),
    )


def n_for_shrinkage(parameters: int, r2: float, shrinkage: float) -> int:
    """Return n at which the expected uniform shrinkage is ``shrinkage``. Riley et al. (2019), first criterion."""
    return ceil(parameters / ((shrinkage - 1) * log(1 - r2 / shrinkage)))


def optimism_shrinkage(r2: float, largest: float, optimism: float = OPTIMISM) -> float:
    """Return the shrinkage at which Nagelkerke's R2 is ``optimism`` too high. Riley et al. (2019), second criterion."""
    return r2 / (r2 + optimism * largest)


def n_for_overall_risk(prevalence: float, margin: float) -> int:
    """Return n at which the overall risk is known to within ``margin``. Riley et al. (2019), third criterion."""
    return ceil((round(NORMAL_975, 2) / margin) ** 2 * prevalence * (1 - prevalence))


def rare_margin(prevalence: float) -> float:
    """Return five points, or a fifth of the overall risk where that is less."""
    return min(OVERALL_MARGIN, RARE_MARGIN * prevalence)


def largest_r2(prevalence: float) -> float:
    """Return the largest Cox-Snell R2 at this prevalence. Riley et al. (2019), equation 23."""
    return 1 - exp(2 * (prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)))


def r2_of_auroc(auroc: float, prevalence: float) -> float:
    """Return about which Cox-Snell R2 goes with this AUROC at this prevalence.

    Riley, Van Calster & Collins, Statistics in Medicine 2021;40:859: the linear predictor is normal in both outcome
    groups with equal spread. They draw a million people; here the same integral is taken over a grid, so that no
    chance is in it. Raises UsageError for an AUROC or a prevalence that cannot be.
    """
    import numpy as np
    from scipy.stats import norm

    if not 0.5 < auroc < 1 or not 0 < prevalence < 1:
        raise UsageError("an AUROC must lie between 0.5 and 1 and a prevalence between 0 and 1")
    apart = float(np.sqrt(2) * norm.ppf(auroc))
    at = np.linspace(-9.0, 9.0 + apart, 20_001)
    placed, other = prevalence * norm.pdf(at - apart), (1 - prevalence) * norm.pdf(at)
    # Bayes: with normal predictors of equal spread the log-odds are exactly linear, so this is the logistic fit itself.
    line = log(prevalence / (1 - prevalence)) + apart * at - apart**2 / 2
    fitted = placed * -np.logaddexp(0, -line) + other * -np.logaddexp(0, line)
    null = prevalence * log(prevalence) + (1 - prevalence) * log(1 - prevalence)
    return 1 - exp(-2 * (float(fitted.sum() * (at[1] - at[0])) - null))


@dataclass(frozen=True)
class EventsCheck:
    """Whether a history holds enough, and the sentence that says so."""

    enough: bool
    needed: SampleSize
    sentence: str


def check_events(n: int, events: int, parameters: int, auroc: float) -> EventsCheck:
    """Say before training whether ``n`` children with ``events`` events can carry ``parameters`` coefficients.

    ``auroc`` is what such a model may be expected to reach (from the literature or an earlier model, never from the
    same data): the less it tells apart, the more children it needs. Raises UsageError without events, or others.
    """
    if not 0 < events < n:
        raise UsageError("the history has no events, or nothing but events: deliver more years, or use the count")
    prevalence = events / n
    size = needed(parameters, prevalence, r2_of_auroc(auroc, prevalence), rare_margin(prevalence))
    have = f"{events} events among {n} children"
    if n >= size.n:
        return EventsCheck(True, size, f"Enough events for {parameters} predictor parameters: {have}, {size.n} needed.")
    return EventsCheck(
        False,
        size,
        f"too few events for this many predictors: {have}, but {parameters} predictor parameters need {size.events}"
        f" events among {size.n}; the penalty shrinks the effects; use fewer predictors, more years, or the"
        " count of four factors.",
    )
