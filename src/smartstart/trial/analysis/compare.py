"""One question to one comparison: the outcome's own method, and a re-randomisation test beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smartstart.errors import DataRefused
from smartstart.trial.analysis.binary import compare_binary
from smartstart.trial.analysis.comparison import Arms, Comparison
from smartstart.trial.analysis.contrasts import difference_in_means, log_rank_score
from smartstart.trial.analysis.plan import SEED
from smartstart.trial.analysis.redraws import permutation
from smartstart.trial.analysis.rerandomisation import randomisation_test, randomisation_test_with_shift
from smartstart.trial.analysis.rule import RULE, MethodRule
from smartstart.trial.analysis.scale import compare_scale
from smartstart.trial.analysis.timing import compare_times

if TYPE_CHECKING:
    from smartstart.trial.analysis.contrasts import Statistic
    from smartstart.trial.analysis.estimands import Estimand, Kind
    from smartstart.trial.analysis.records import Bools, Estimate
    from smartstart.trial.analysis.redraws import Redraws
    from smartstart.trial.analysis.rerandomisation import Randomised
    from smartstart.trial.analysis.samples import Sample


@dataclass(frozen=True)
class Options:
    """How a comparison is made, apart from what is compared.

    ``method`` picks a named interval for the measures that it is defined for. ``redraws`` are of the re-randomisation
    test, none for 0; ``imputations`` of a scale's missing values; ``until`` is the time to which a mean time without
    the event is taken, by default as long as both arms were followed. ``seed`` makes all of it repeatable.
    """

    method: str | None = None
    rule: MethodRule = RULE
    redraws: int = 10_000
    imputations: int = 20
    until: float | None = None
    seed: int = SEED


def compare(
    sample: Sample,
    kind: Kind,
    estimand: Estimand,
    options: Options = Options(),
    *,
    scheme: Redraws | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare the arms of a sample; those whose outcome is not known are counted and left out.

    ``scheme`` re-draws the arms of everybody in ``sample`` as the trial drew them; without one arms are exchanged
    within strata, whole clusters together, which keeps the numbers in each. Raises DataRefused when an arm has nobody
    whose outcome is known, UsageError when the method is unknown.
    """
    known = sample.known_ones
    left = sample.where(known)
    missing, n = Arms.of(sample.treated[~known]), Arms.of(left.treated)
    if not (n.treated and n.control):
        raise DataRefused("An arm has nobody whose outcome is known: there is nothing to compare yet.")
    tell("compare_arms")
    if kind == "binary":
        effects = compare_binary(
            left,
            everyone=sample,
            method=options.method,
            rule=options.rule,
            imputations=options.imputations,
            seed=options.seed,
        )
    elif kind == "scale":
        effects = compare_scale(
            left, everyone=sample, method=options.method, imputations=options.imputations, seed=options.seed
        )
    else:
        effects = compare_times(left, method=options.method, until=options.until)
    tell("draw_again")
    again = _drawn_again(sample, known, kind, options, scheme)
    return Comparison(
        estimand=estimand,
        kind=kind,
        arms=sample.arms,
        n=n,
        events=_events(left, kind),
        missing=missing,
        effects=effects,
        randomised=again[0] if again else None,
        shift=again[1] if again else None,
        notes=sample.notes,
    )


def _events(sample: Sample, kind: Kind) -> Arms | None:
    if kind == "scale":
        return None
    happened = sample.outcome > 0 if sample.cause is None else sample.cause == 1
    return Arms.of(sample.treated[happened])


def _drawn_again(
    sample: Sample, known: Bools, kind: Kind, options: Options, scheme: Redraws | None
) -> tuple[Randomised, Estimate | None] | None:
    """Return the re-randomisation test: of the outcome as it is left by covariates and strata, or of the log-rank.

    Of a scale also the constant shifts that the test does not refute.
    """
    if not options.redraws or sample.weight is not None or (scheme is None and sample.splits_clusters):
        return None  # weights are of a sample, and a cluster in both arms was not drawn: there is no draw to repeat
    left = sample if scheme else sample.where(known)
    redraws = scheme or permutation(left.treated, left.stratum, left.cluster)
    if kind == "scale":
        return randomisation_test_with_shift(
            left.outcome,
            left.treated,
            redraws,
            covariates=left.covariates,
            stratum=left.stratum,
            count=options.redraws,
            seed=options.seed,
        )
    if kind == "time":
        within = left.where(known) if scheme else left
        cause = within.cause if within.cause is not None else np.zeros(within.size)
        score = log_rank_score(within.outcome, cause == 1, stratum=within.stratum)
        statistic: Statistic = (lambda treated: score(treated[:, known])) if scheme else score
    else:
        statistic = difference_in_means(left.outcome, covariates=left.covariates, stratum=left.stratum)
    return randomisation_test(statistic, left.treated, redraws, count=options.redraws, seed=options.seed), None
