"""How often each test finds nothing that is there, and something that is: ours beside what a careful analyst would do.

Women are drawn by our own stratified blocks; the risk, or the mean, differs between the strata.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import isnan, nan
from statistics import NormalDist

import numpy as np
from effect_many import in_parallel
from scipy import stats

from smartstart.trial.analysis.binary import _adjusted, counts_of
from smartstart.trial.analysis.records import Bools, Counts, Floats, Ints
from smartstart.trial.analysis.redraws import scheme
from smartstart.trial.analysis.rule import RULE
from smartstart.trial.analysis.samples import Sample
from smartstart.trial.analysis.scale import compare_scale
from smartstart.trial.analysis.significance import significance
from smartstart.trial.design import Design, Factor
from smartstart.trial.simulation import Woman

TRIALS, PER_DRAW = 500, 50  # trials of a setting; as many share their women, never their arms or outcomes
SIZES, RATES, SHIFTS = (50, 150, 500), (0.02, 0.05, 0.15), (0.0, 0.3, 0.5)  # women in an arm, of control, in SD
ALPHA, SEED = 0.05, 2026
BANDS = ("0–1", "2+", "unknown")
SHARES, TIMES = (0.74, 0.16, 0.10), (0.75, 2.0, 1.25)  # of women; their risk, times the mean risk
BLOCKS = Design("bench", strata=(Factor("risk_band", BANDS),), block_sizes=(4, 6, 8))
CORRELATION = 0.5  # of the scale with its baseline
Job = tuple[str, int, float, float]


def print_power() -> None:
    """Print size and power of the tests of an event and of a scale."""
    print(
        f"Size and power at {ALPHA}: {TRIALS:,} trials a row, blocks of 4, 6, 8 in three strata; MC error at most "
        f"{100 * 0.5 / TRIALS**0.5:.1f} points, {100 * (ALPHA * (1 - ALPHA) / TRIALS) ** 0.5:.1f} at {ALPHA}.\n"
        "* size above 0.05 by more than 2 MC errors. Without a p-value (nobody or everybody had the event) nothing is "
        "found. –: left out, as Boschloo's test of a thousand women takes a fifth of a second a trial.\n"
    )
    binary = [("event", n, rate, factor) for factor in (1.0, 0.5) for n in SIZES for rate in RATES]
    scale = [("scale", n, shift, 0.0) for shift in SHIFTS for n in SIZES]
    found = in_parallel(of_setting, [*binary, *scale], "power")
    for kind in ("event", "scale"):
        rows = [(job, one) for job, one in zip([*binary, *scale], found, strict=True) if job[0] == kind]
        print(f"{'':44}" + "".join(f"{name:>17}" for name in rows[0][1]))
        for job, shares in rows:
            print(f"{_named(job):44}" + "".join(f"{_said(job, share):>17}" for share in shares.values()))
        print()


def of_setting(job: Job) -> dict[str, float]:
    """Return the share of trials in which each test has p ≤ 0.05."""
    kind, n, value, factor = job
    rng = np.random.default_rng((SEED, n, int(1000 * value), int(10 * factor), len(kind)))
    tests = _tests_of_event if kind == "event" else _tests_of_scale
    found: dict[str, list[float]] = {}
    for stratum, treated in _trials(n, rng):
        for name, p in tests(stratum, treated, value, factor, rng).items():
            found.setdefault(name, []).append(nan if isnan(p) else p <= ALPHA)
    return {name: float(np.mean(called)) for name, called in found.items()}


def _trials(n: int, rng: np.random.Generator) -> Iterator[tuple[Ints, Bools]]:
    for _ in range(TRIALS // PER_DRAW):
        stratum = rng.choice(len(BANDS), 2 * n, p=SHARES)
        drawn = scheme(BLOCKS, [Woman(int(one)) for one in stratum]).draws(PER_DRAW, int(rng.integers(2**32)))
        for treated in drawn:
            yield stratum, treated


def _tests_of_event(
    stratum: Ints, treated: Bools, rate: float, factor: float, rng: np.random.Generator
) -> dict[str, float]:
    risk = rate * np.array(TIMES)[stratum] / np.dot(SHARES, TIMES) * np.where(treated, factor, 1.0)
    event = rng.random(len(stratum)) < risk
    counts = counts_of(event, treated)
    alone = _of_counts(counts)
    sample = Sample(("offer", "usual"), treated, event.astype(float), covariates=None, stratum=stratum)
    # what compare_binary reports with strata; its intervals, which are left out, take a hundred times as long
    by_rule = _adjusted(sample, event, None, RULE).significance
    return {
        "ours, by rule": by_rule.p_value if by_rule else significance(counts).p_value,
        **alone,
        "logistic, strata": _logistic(event, treated, stratum),
    }


@cache
def _of_counts(counts: Counts) -> dict[str, float]:
    cells = (
        counts.events_treated,
        counts.n_treated - counts.events_treated,
        counts.events_control,
        counts.n_control - counts.events_control,
    )
    table = np.reshape(cells, (2, 2))
    return {
        "ours, no strata": significance(counts).p_value if min(counts.n_treated, counts.n_control) < 300 else nan,
        "Fisher (scipy)": float(stats.fisher_exact(table).pvalue),
        "χ² (scipy)": float(stats.chi2_contingency(table, correction=False).pvalue) if counts.events else 1.0,
        "logistic, Wald": _wald(*cells) if min(cells) else 1.0,
    }


def _wald(a: int, b: int, c: int, d: int) -> float:
    """Return Wald's p of the arm in a logistic regression on the arm alone, which has this closed form."""
    z = np.log(a * d / (b * c)) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return 2 * NormalDist().cdf(-abs(float(z)))


def _logistic(event: Bools, treated: Bools, stratum: Ints, steps: int = 12) -> float:
    """Return Wald's p of the arm in a logistic regression with strata: twelve Newton steps, as far as they go."""
    x = np.column_stack([np.ones(len(event)), treated, stratum == 1, stratum == 2])
    beta = np.zeros(x.shape[1])
    for _ in range(steps):
        fitted = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        information = (x * (fitted * (1 - fitted))[:, None]).T @ x + 1e-10 * np.eye(x.shape[1])
        beta += np.linalg.solve(information, x.T @ (event - fitted))
    error = float(np.sqrt(np.linalg.inv(information)[1, 1]))
    return 2 * NormalDist().cdf(-abs(float(beta[1])) / error)


def _tests_of_scale(
    stratum: Ints, treated: Bools, shift: float, _: float, rng: np.random.Generator
) -> dict[str, float]:
    baseline, noise = rng.normal(size=(2, len(stratum)))
    outcome = CORRELATION * baseline + (1 - CORRELATION**2) ** 0.5 * noise + shift * treated
    sample = Sample(("offer", "usual"), treated, outcome, covariates=baseline[:, None], stratum=stratum)
    ours = compare_scale(sample, everyone=sample, imputations=0, seed=1)
    change = outcome - baseline
    return {
        "ours, ANCOVA": ours.significance.p_value,
        "ours, no baseline": ours.unadjusted.p_value,
        "Welch (scipy)": float(stats.ttest_ind(outcome[treated], outcome[~treated], equal_var=False).pvalue),
        "Welch, change": float(stats.ttest_ind(change[treated], change[~treated], equal_var=False).pvalue),
        "least squares": _least_squares(outcome, treated, baseline),
    }


def _least_squares(outcome: Floats, treated: Bools, baseline: Floats) -> float:
    """Return the textbook p of the arm beside the baseline, with equal spread supposed."""
    x = np.column_stack([np.ones(len(outcome)), treated, baseline])
    beta, squares, *_ = np.linalg.lstsq(x, outcome, rcond=None)
    df = len(outcome) - x.shape[1]
    error = float(np.sqrt(squares[0] / df * np.linalg.inv(x.T @ x)[1, 1]))
    return float(2 * stats.t.sf(abs(beta[1]) / error, df))


def _without_effect(job: Job) -> bool:
    return job[3] == 1.0 if job[0] == "event" else job[2] == 0


def _named(job: Job) -> str:
    kind, n, value, factor = job
    if _without_effect(job):
        of = f"control {value:.0%}" if kind == "event" else "no shift"
        return f"size:  {of}, {n} an arm"
    of = f"{value:.0%} v {value * factor:.1%}" if kind == "event" else f"shift of {value} SD"
    return f"power: {of}, {n} an arm"


def _said(job: Job, share: float) -> str:
    if isnan(share):
        return "– "
    over = _without_effect(job) and share > ALPHA + 2 * (ALPHA * (1 - ALPHA) / TRIALS) ** 0.5
    return f"{share:.3f}{'*' if over else ' '}"
