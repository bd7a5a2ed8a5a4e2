"""A trial without treatment on real women: drawn by our own scheme, their real outcomes, nothing to be found."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from effect_many import in_parallel
from scipy.stats import kstest

from smartstart import clock
from smartstart.modelling.history import Source, read_history
from smartstart.new_workspace import make_workspace
from smartstart.risk.candidates import FactorCount
from smartstart.trial.analysis.binary import compare_binary, counts_of
from smartstart.trial.analysis.contrasts import difference_in_means
from smartstart.trial.analysis.records import Estimate, Floats, Ints
from smartstart.trial.analysis.redraws import scheme
from smartstart.trial.analysis.rerandomisation import randomisation_test
from smartstart.trial.analysis.samples import Sample
from smartstart.trial.analysis.scale import compare_scale
from smartstart.trial.analysis.significance import significance
from smartstart.trial.analysis.timing import compare_times
from smartstart.trial.design import Design, Factor, Minimisation
from smartstart.trial.simulation import Woman, play

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "pregnancies" / "nsfg2002" / "register"
TRIALS, REDRAWN, REDRAWS = 1000, 200, 499
SIZES = (150, 1000)  # women in a trial
HORIZON = 60
SEED = 2026
BANDS = ("0", "1", "2+")
YES_NO = ("no", "yes")
DESIGNS = {
    "blocks 4, 6, 8 by band": Design("bench", strata=(Factor("band", BANDS),), block_sizes=(4, 6, 8)),
    "minimisation": Design(
        "bench",
        method="minimisation",
        minimisation=Minimisation((Factor("band", BANDS), Factor("first_birth", YES_NO)), (1, 1)),
    ),
}


@dataclass(frozen=True)
class Women:
    """One real child a woman: placed by the horizon, the months until then or the horizon, and what she is drawn by."""

    placed: Floats
    months: Floats
    band: Ints
    first_birth: Ints


def print_register() -> None:
    """Print how often each test calls out, and how often each interval holds nought."""
    if not DATA.is_dir():
        print("The real pregnancies are not in ../shared/data: no trial without treatment was drawn.\n")
        return
    women = read_women()
    print(
        f"No treatment: {len(women.placed):,} real women (nsfg2002, one child each, {int(women.placed.sum())} placed "
        f"by {HORIZON} months), {TRIALS:,} trials of each kind, re-drawn tests in {REDRAWN} with {REDRAWS} re-draws"
    )
    print(
        "p: share at or under 0.05 and 0.01; KS: distance to uniform and its p (discrete p-values stay above uniform)"
    )
    parts = 10
    jobs = [(name, size, part, parts, women) for size in SIZES[::-1] for name in DESIGNS for part in range(parts)]
    gathered: dict[tuple[str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (name, size, *_), found in zip(jobs, in_parallel(trials, jobs, "no treatment"), strict=True):
        for what, values in found.items():
            gathered[name, size][what] += values
    for (name, size), found in gathered.items():
        print(f"\n{name}, {size:,} women{'':22}{'p ≤ 0.05':>10}{'p ≤ 0.01':>10}{'KS':>8}{'KS p':>9}{'trials':>8}")
        for what, values in found.items():
            known = np.array([value for value in values if np.isfinite(value)])
            if what.startswith("holds") and len(known):
                error = (known.mean() * (1 - known.mean()) / len(known)) ** 0.5
                low = " BELOW" if known.mean() + 2 * error < 0.95 else ""
                print(f"  {what:50}{known.mean():>8.3f} ± {2 * error:.3f}{low}{len(known):>12}")
                continue
            if not len(known):
                continue
            shares = [(known <= alpha).mean() for alpha in (0.05, 0.01)]
            over = [s > a + 2 * (a * (1 - a) / len(known)) ** 0.5 for s, a in zip(shares, (0.05, 0.01), strict=True)]
            distance = kstest(known, "uniform")
            print(
                f"  {what:46}{shares[0]:>10.3f}{shares[1]:>10.3f}{distance.statistic:>8.3f}{distance.pvalue:>9.3f}"
                f"{len(known):>8}{'   TOO OFTEN' if any(over) else ''}"
            )
    print()


def read_women() -> Women:
    """Read one child of each woman whose outcome at the horizon is known, as a municipality's files are read."""
    with tempfile.TemporaryDirectory() as place:
        workspace = make_workspace(Path(place) / "bench", "heusden", rehearsal=False, keys=Path(place) / "keys")
        cohort = read_history(workspace, Source(DATA, None, clock.today()), HORIZON).cohort.judged()
    cohort = cohort.take(np.unique(cohort.mother, return_index=True)[1])
    return Women(
        cohort.event.astype(float),
        np.fmin(np.where(cohort.event, cohort.happened, HORIZON), HORIZON),
        np.minimum(FactorCount().fit(cohort).present(cohort.frame), 2).astype(np.int64),
        (cohort.frame["first_birth"].to_numpy() == 1).astype(np.int64),
    )


def trials(job: tuple[str, int, int, int, Women]) -> dict[str, list[float]]:
    """Draw and analyse one part of the trials; returns p-values and 1 or 0 for "holds", by what they are of."""
    name, size, part, parts, women = job
    design, found = DESIGNS[name], defaultdict(list)
    for trial in range(part, TRIALS, parts):
        rng = np.random.default_rng((SEED, size, trial, len(name)))
        chosen = rng.choice(len(women.placed), size, replace=False)
        band, first = women.band[chosen], women.first_birth[chosen]
        if design.minimisation:
            drawn = [Woman(0, (BANDS[b], YES_NO[f])) for b, f in zip(band, first, strict=True)]
        else:
            drawn = [Woman(int(b)) for b in band]
        below = random.Random(int(rng.integers(2**32))).randrange  # noqa: S311
        treated = np.array([one.arm == 0 for one in play(design, drawn, below)])
        factors = (band[:, None] == (1, 2)).astype(float)
        by = (
            {"covariates": np.column_stack([factors, first]), "stratum": None}
            if design.minimisation
            else {"covariates": None, "stratum": band}
        )
        sample = Sample(("offer", "usual"), treated, women.placed[chosen], **by)
        scale = 0.5 * (baseline := rng.normal(size=size)) + 0.5 * band + rng.normal(size=size)
        for what, value in _analysed(sample, women.months[chosen], scale, baseline).items():
            found[what].append(value)
        if trial < REDRAWN:
            redraws = scheme(design, drawn)
            for what, outcome in (("placed", sample.outcome), ("scale", scale)):
                statistic = difference_in_means(outcome, covariates=by["covariates"], stratum=by["stratum"])
                test = randomisation_test(statistic, treated, redraws, count=REDRAWS, seed=trial)
                found[f"re-randomisation, {what}"].append(test.p_value)
                found[f"re-randomisation, {what}, mid-p"].append(test.mid_p)
                found[f"re-randomisation, {what}, randomised p"].append(test.more_extreme + rng.random() * test.tied)
    return dict(found)


def _analysed(sample: Sample, months: Floats, scale: Floats, baseline: Floats) -> dict[str, float]:
    event = sample.outcome > 0
    binary = compare_binary(sample)
    counts = counts_of(event, sample.treated)
    others = sample.no_covariates() if sample.covariates is None else sample.covariates
    of_scale = Sample(
        sample.arms, sample.treated, scale, covariates=np.column_stack([others, baseline]), stratum=sample.stratum
    )
    ancova = compare_scale(of_scale, everyone=of_scale, imputations=0, seed=1)
    of_time = Sample(
        sample.arms, sample.treated, months, cause=event.astype(np.int64), covariates=sample.covariates,
        stratum=sample.stratum,
    )  # fmt: skip
    times = compare_times(of_time)
    found = {
        "placed: by the rule": binary.significance.p_value,
        "placed: Boschloo, unadjusted": binary.unadjusted.p_value,
        "placed: Fisher": significance(counts, "fisher").p_value,
        "placed: Fisher mid-p": significance(counts, "fisher-mid-p").p_value,
        "scale: Welch": ancova.unadjusted.p_value,
        "scale: ANCOVA": ancova.significance.p_value,
        "time: log-rank by the design": times.unadjusted.p_value,
    }
    for name, effects, nought in (("placed", binary, None), ("scale", ancova, 0.0), ("time", times, None)):
        for measure, both in effects.measures.items():
            truth = nought if nought is not None else float(measure.endswith("ratio"))
            for kind, one in (("unadjusted", both.unadjusted), ("adjusted", both.adjusted)):
                found[f"holds no effect, {name}: {measure.replace('_', ' ')}, {kind}"] = _holds(one, truth)
    return found


def _holds(one: Estimate | None, truth: float) -> float:
    if one is None or (np.isnan(one.lower) and np.isnan(one.upper)):
        return float("nan")
    return float(not (truth < one.lower or truth > one.upper))
