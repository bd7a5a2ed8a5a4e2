"""The same work by us and by others, in one run: seconds, and how closely the answers agree."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from math import inf
from statistics import median

import numpy as np
from scipy import stats

from smartstart.trial.analysis.ancova import mean_difference
from smartstart.trial.analysis.contrasts import difference_in_means
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.hazards import cox
from smartstart.trial.analysis.records import Counts
from smartstart.trial.analysis.redraws import Redraws, permutation, scheme
from smartstart.trial.analysis.rerandomisation import randomisation_test
from smartstart.trial.analysis.significance import significance
from smartstart.trial.analysis.standardisation import standardise
from smartstart.trial.design import Design, Factor, Minimisation
from smartstart.trial.simulation import Woman, play

SEED, TIMES, REDRAWS = 2026, 5, 10_000
BANDS = ("0–1", "2+", "unknown")
BLOCKS = Design("bench", strata=(Factor("risk_band", BANDS),), block_sizes=(4, 6, 8))
MINIMISING = Design("bench", method="minimisation", minimisation=Minimisation((Factor("risk_band", BANDS),), (1,)))
PEERS = ("statsmodels", "scipy", "lifelines", "tea-tasting")
Work = Callable[[], tuple[float, ...]]


@dataclass(frozen=True)
class Race:
    """One piece of work, ours and a peer's; each returns the numbers that should agree, none where they cannot."""

    what: str
    ours: Work
    peer: str
    theirs: Work
    times: int = TIMES


def print_speed() -> None:
    """Print seconds of ours and of each peer, and the largest relative difference of what they found."""
    print("Speed: median seconds, after a first run that is not counted; ours / peer under 1 is faster than the peer")
    print("; ".join(f"{name} {_version(name)}" for name in PEERS))
    print("agree to: the largest relative difference between the two answers\n")
    print(f"{'':58}{'ours, s':>10}  {'peer':42}{'peer, s':>10}{'ours / peer':>13}{'agree to':>11}")
    for race in _races():
        ours, found = _timed(race.ours, race.times)
        try:
            theirs, other = _timed(race.theirs, race.times)
        except ImportError:
            print(f"{race.what:58}{ours:>10.4f}  {race.peer + ': absent':42}")
            continue
        apart = max((abs(a - b) / max(abs(b), 1e-12) for a, b in zip(found, other, strict=True)), default=inf)
        agree = f"{apart:.0e}" if apart < inf else "–"
        print(f"{race.what:58}{ours:>10.4f}  {race.peer:42}{theirs:>10.4f}{ours / theirs:>13.2f}{agree:>11}")
    print("–: not to be compared: other re-draws, or another scheme than a permutation.\n")


def _timed(work: Work, times: int) -> tuple[float, tuple[float, ...]]:
    found, seconds = work(), []
    for _ in range(times):
        start = time.perf_counter()
        found = work()
        seconds.append(time.perf_counter() - start)
    return median(seconds), found


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _races() -> Iterator[Race]:
    for n in (1000, 20_000):
        yield _standardised(n)
    yield from _drawn_again(1000)
    for n in (1000, 20_000):
        yield from _means(n)
    for n in (1000, 20_000):
        yield from _times(n)
    yield from _counts()


def _standardised(n: int) -> Race:
    rng = np.random.default_rng(SEED)
    x, treated = rng.normal(size=(n, 4)), rng.permutation(np.arange(n) % 2 == 0)
    event = rng.random(n) < 1 / (1 + np.exp(2 + 0.5 * treated - x[:, 0]))

    def ours() -> tuple[float, ...]:
        found = standardise(event, treated, x, variance="ye").risk_difference
        return found.estimate, found.se

    def by_hand() -> tuple[float, ...]:
        import statsmodels.api as sm

        columns = np.column_stack([np.ones(n), treated, x])
        fit = sm.GLM(event.astype(float), columns, family=sm.families.Binomial()).fit()
        margins = []
        for arm in (1.0, 0.0):
            columns[:, 1] = arm
            margins.append(fit.predict(columns))
        one, other = margins
        influence = one - other + (treated / treated.mean()) * (event - one)
        influence -= (~treated / (~treated).mean()) * (event - other)
        p = columns.shape[1]
        difference = influence.mean()
        # the same influence function as ours, centred in each arm as the model's residuals are
        return float(difference), float(np.sqrt(((influence - difference) ** 2).sum() / n / (n - p)))

    return Race(f"g-computation, robust variance, {n:,} women", ours, "statsmodels GLM, margins by hand", by_hand)


def _drawn_again(n: int) -> Iterator[Race]:
    rng = np.random.default_rng(SEED)
    band = rng.choice(3, n, p=(0.74, 0.16, 0.10))
    outcome = rng.normal(size=n)
    below = random.Random(SEED).randrange  # noqa: S311

    def permuted_by_scipy() -> tuple[float, ...]:
        def apart(one: np.ndarray, other: np.ndarray, axis: int = -1) -> np.ndarray:
            return one.mean(axis=axis) - other.mean(axis=axis)

        stats.permutation_test(
            (outcome[: n // 2], outcome[n // 2 :]), apart, permutation_type="independent", vectorized=True,
            n_resamples=REDRAWS, rng=np.random.default_rng(SEED),
        )  # fmt: skip
        return ()

    def again(redraws: Redraws, treated: np.ndarray) -> Work:
        def ours() -> tuple[float, ...]:
            randomisation_test(difference_in_means(outcome), treated, redraws, count=REDRAWS, seed=SEED)
            return ()

        return ours

    half = np.arange(n) < n // 2
    drawn = {"permutation": (permutation(half), half)}
    for name, design in (("blocks 4, 6, 8 in 3 strata", BLOCKS), ("minimisation", MINIMISING)):
        women = [Woman(0, (BANDS[b],)) if design.minimisation else Woman(int(b)) for b in band]
        drawn[name] = (scheme(design, women), np.array([one.arm == 0 for one in play(design, women, below)]))
    for name, (redraws, treated) in drawn.items():
        yield Race(
            f"{REDRAWS:,} re-draws, {n:,} women: {name}", again(redraws, treated), "scipy permutation_test",
            permuted_by_scipy, 3,
        )  # fmt: skip


def _means(n: int) -> Iterator[Race]:
    rng = np.random.default_rng(SEED)
    treated = rng.permutation(np.arange(n) % 2 == 0)
    outcome = rng.normal(size=n) * np.where(treated, 1.5, 1.0) + 0.2 * treated

    def ours() -> tuple[float, ...]:
        found = mean_difference(outcome, treated).estimate
        return found.estimate, found.se

    def ends() -> tuple[float, ...]:
        found = mean_difference(outcome, treated).estimate
        return found.estimate, found.lower, found.upper

    def least_squares() -> tuple[float, ...]:
        import statsmodels.api as sm

        fit = sm.OLS(outcome, np.column_stack([np.ones(n), treated])).fit(cov_type="HC2")
        return float(fit.params[1]), float(fit.bse[1])

    def tasted() -> tuple[float, ...]:
        import pandas as pd
        import tea_tasting as tt

        frame = pd.DataFrame({"variant": treated.astype(int), "outcome": outcome})
        found = tt.Experiment(outcome=tt.Mean("outcome")).analyze(frame)["outcome"]
        return tuple(float(getattr(found, f"effect_size{end}")) for end in ("", "_ci_lower", "_ci_upper"))

    yield Race(f"mean difference, HC2, {n:,} women", ours, "statsmodels OLS, HC2", least_squares)
    yield Race(f"mean difference, interval, {n:,} women", ends, "tea-tasting Mean (Welch)", tasted)


def _times(n: int) -> Iterator[Race]:
    rng = np.random.default_rng(SEED)
    treated, x = rng.permutation(np.arange(n) % 2 == 0), rng.normal(size=(n, 2))
    happened = rng.exponential(200 / np.exp(0.3 * x[:, 0] - 0.5 * treated))
    left = rng.uniform(24, 60, n)
    months, event = np.ceil(np.minimum(happened, left)), happened <= left  # whole months, so that there are ties

    def ours() -> tuple[float, ...]:
        found = cox(months, event, treated, covariates=x)
        return float(np.log(found.estimate)), found.se

    def lifelines() -> tuple[float, ...]:
        import pandas as pd
        from lifelines import CoxPHFitter

        frame = pd.DataFrame({"treated": treated.astype(float), "a": x[:, 0], "b": x[:, 1]})
        fit = CoxPHFitter().fit(frame.assign(months=months, event=event), "months", "event")
        return float(fit.params_["treated"]), float(fit.standard_errors_["treated"])

    def phreg() -> tuple[float, ...]:
        from statsmodels.duration.hazard_regression import PHReg

        fit = PHReg(months, np.column_stack([treated, x]), status=event, ties="efron").fit()
        return float(fit.params[0]), float(fit.bse[0])

    yield Race(f"Cox, ties as Efron, {n:,} women", ours, "lifelines CoxPHFitter", lifelines, 3)
    yield Race(f"Cox, ties as Efron, {n:,} women", ours, "statsmodels PHReg, efron", phreg, 3)


def _counts() -> Iterator[Race]:
    counts = Counts(7, 150, 18, 150)

    def newcombe() -> tuple[float, ...]:
        found = risk_difference(counts, "newcombe")
        return found.lower, found.upper

    def by_statsmodels() -> tuple[float, ...]:
        from statsmodels.stats.proportion import confint_proportions_2indep

        lower, upper = confint_proportions_2indep(7, 150, 18, 150, method="newcomb", compare="diff")
        return float(lower), float(upper)

    def boschloo() -> tuple[float, ...]:
        return (significance(counts, "boschloo").p_value,)

    def by_scipy() -> tuple[float, ...]:
        return (float(stats.boschloo_exact([[7, 18], [143, 132]]).pvalue),)

    yield Race("Newcombe, 7/150 v 18/150", newcombe, "statsmodels, newcomb", by_statsmodels)
    yield Race("Boschloo, 7/150 v 18/150", boschloo, "scipy boschloo_exact", by_scipy)
