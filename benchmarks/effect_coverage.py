"""How often each default interval holds the truth: by complete enumeration for small arms, else by simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isnan, log

import numpy as np
from effect_many import in_parallel
from scipy.stats import binom

from smartstart.trial.analysis.ancova import ancova, mean_difference
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.hazards import cox
from smartstart.trial.analysis.proportion import proportion_interval
from smartstart.trial.analysis.ratio import odds_ratio, risk_ratio
from smartstart.trial.analysis.records import Counts, Estimate
from smartstart.trial.analysis.standardisation import standardise
from smartstart.trial.analysis.survival import rmst_difference

SIZES, RATES = (20, 50, 150, 1000), (0.005, 0.01, 0.02, 0.05, 0.1, 0.3)
ENUMERATED = 150  # women in an arm; beyond it tables are drawn
DRAWN_TABLES, DRAWN_TRIALS = 2000, 500
NEGLIGIBLE = 1e-8  # chance of a table that is left out
LOW, HIGH = 0.94, 0.97
SEED = 2026
MEASURES: dict[str, Callable[[Counts], Estimate]] = {
    "risk difference": risk_difference,
    "risk ratio": risk_ratio,
    "odds ratio": odds_ratio,
}


@dataclass(frozen=True)
class Cell:
    """The share of intervals that hold the truth, with its standard error; ``open`` is without an end or undefined."""

    row: str
    column: str
    share: float
    error: float = 0.0
    undefined: float = 0.0

    @property
    def verdict(self) -> str:
        """Return the word for a share outside 0.94-0.97, allowing for two Monte-Carlo errors."""
        if self.share + 2 * self.error < LOW:
            return "BELOW"
        return "conservative" if self.share - 2 * self.error > HIGH else ""


def print_coverage() -> None:
    """Print the coverage of every default interval."""
    print(f"Coverage of the default 95 % intervals; outside {LOW}-{HIGH}: c conservative, B BELOW (beyond 2 MC errors)")
    print(
        f"Counts: every table of arms up to {ENUMERATED}; {DRAWN_TABLES:,} drawn tables at 1,000 "
        f"(MC error {100 * (0.95 * 0.05 / DRAWN_TABLES) ** 0.5:.1f} points).\n"
        "Truth: control at the rate, treated at it or at half.\n"
    )
    jobs = [(n, halved) for n in reversed(SIZES) for halved in (False, True)]
    found = [cell for cells in in_parallel(of_counts, jobs, "coverage of counts") for cell in cells]
    _table([*found, *(of_proportion(n, rate) for n in SIZES for rate in RATES)])
    print(
        f"\nModels: {DRAWN_TRIALS:,} simulated trials each, MC error {100 * (0.95 * 0.05 / DRAWN_TRIALS) ** 0.5:.1f} "
        "points; undefined intervals (no events in an arm) are left out, their share is in brackets.\n"
    )
    jobs_of_models = [(name, n) for n in reversed(SIZES) for name in MODELS]
    _table([cell for cells in in_parallel(of_model, jobs_of_models, "coverage of models") for cell in cells])
    print()


def of_counts(job: tuple[int, bool]) -> list[Cell]:
    """Return the coverage of the three measures at every rate, for one size of the arms."""
    n, halved = job
    intervals = cache(lambda x1, x0: tuple(measure(Counts(x1, n, x0, n)) for measure in MEASURES.values()))
    rng, cells = np.random.default_rng((SEED, n, halved)), []
    for rate in RATES:
        treated = rate / 2 if halved else rate
        truths = (treated - rate, treated / rate, treated / (1 - treated) / (rate / (1 - rate)))
        if n <= ENUMERATED:
            one, other = (binom.pmf(np.arange(n + 1), n, p) for p in (treated, rate))
            tables = [(a, b, one[a] * other[b]) for a, b in np.argwhere(np.outer(one, other) > NEGLIGIBLE).tolist()]
        else:
            drawn = rng.binomial(n, (treated, rate), (DRAWN_TABLES, 2)).tolist()
            tables = [(a, b, 1 / DRAWN_TABLES) for a, b in drawn]
        for place, (name, truth) in enumerate(zip(MEASURES, truths, strict=True)):
            share = sum(chance * _holds(intervals(a, b)[place], truth) for a, b, chance in tables)
            share /= sum(chance for *_, chance in tables)
            error = 0.0 if n <= ENUMERATED else (share * (1 - share) / DRAWN_TABLES) ** 0.5
            row = f"{name}, {'halved' if halved else 'no effect'}, {n:,} an arm"
            cells.append(Cell(row, f"{rate:.1%}", share, error))
    return sorted(cells, key=lambda cell: cell.row)


def of_proportion(n: int, rate: float) -> Cell:
    """Return the exact coverage of the interval of one arm's risk."""
    chances = binom.pmf(np.arange(n + 1), n, rate)
    share = sum(c * _holds(proportion_interval(x, n), rate) for x, c in enumerate(chances.tolist()) if c > NEGLIGIBLE)
    return Cell(f"risk of one arm, {n:,} women", f"{rate:.1%}", float(share))


# --- models -----------------------------------------------------------------------------------------------


def of_model(job: tuple[str, int]) -> list[Cell]:
    """Return the coverage of one model's interval in simulated trials of one size, without and with an effect."""
    name, n = job
    cells = []
    for halved in (False, True):
        rng = np.random.default_rng((SEED, n, sum(map(ord, name)), halved))
        held, undefined = [], 0
        for _ in range(DRAWN_TRIALS):
            estimate, truth = MODELS[name](n, halved, rng)
            if isnan(estimate.lower) and isnan(estimate.upper):
                undefined += 1
            else:
                held.append(_holds(estimate, truth))
        share = float(np.mean(held)) if held else float("nan")
        error = (share * (1 - share) / max(len(held), 1)) ** 0.5
        column = f"{n:,}{' effect' if halved else ' none'}"
        cells.append(Cell(name, column, share, error, undefined / DRAWN_TRIALS))
    return cells


def _arms(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(np.repeat([True, False], n))


def _scale(kind: str, n: int, effect: bool, rng: np.random.Generator) -> tuple[Estimate, float]:
    treated, shift = _arms(n, rng), 0.3 if effect else 0.0
    baseline, noise = rng.normal(size=2 * n), rng.normal(size=2 * n)
    if "skewed" in kind:
        noise = rng.lognormal(size=2 * n) - np.exp(0.5)
    outcome = 0.5 * baseline + 0.75**0.5 * noise * np.where(treated, 1.5, 1) + shift * treated
    found = mean_difference(outcome, treated) if "mean" in kind else ancova(outcome, treated, baseline[:, None])
    return found.estimate, shift


def _gcomp(rate: float, strata: bool, n: int, effect: bool, rng: np.random.Generator) -> tuple[Estimate, float]:
    band, x = rng.integers(0, 3, 2 * n), rng.normal(size=2 * n)
    control = np.minimum(rate * np.array([0.5, 1, 1.5])[band] * np.exp(0.5 * x - 0.125), 0.95)
    treated = _by_blocks(band, rng) if strata else _arms(n, rng)
    factor = 0.5 if effect else 1.0
    event = rng.random(2 * n) < np.where(treated, factor * control, control)
    found = standardise(event, treated, x[:, None], stratum=band if strata else None)
    return found.risk_difference, (factor - 1) * _mean_risk(rate)


@cache
def _mean_risk(rate: float) -> float:
    x = np.random.default_rng(1).normal(size=2_000_000)
    return float(np.mean([np.minimum(rate * m * np.exp(0.5 * x - 0.125), 0.95).mean() for m in (0.5, 1, 1.5)]))


def _by_blocks(band: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the arms by permuted blocks of four in each band, the last one cut off."""
    treated = np.zeros(len(band), bool)
    for one in np.unique(band):
        women = np.flatnonzero(band == one)
        blocks = rng.permuted(np.tile([True, True, False, False], (len(women) // 4 + 1, 1)), axis=1)
        treated[women] = blocks.ravel()[: len(women)]
    return treated


def _times(kind: str, n: int, effect: bool, rng: np.random.Generator) -> tuple[Estimate, float]:
    treated, ratio, until = _arms(n, rng), 0.5 if effect else 1.0, 60.0
    hazard = np.where(treated, ratio, 1.0) * 0.3 / until
    time, left = rng.exponential(1 / hazard), rng.uniform(24, 120, 2 * n)
    end = np.minimum(np.minimum(time, left), until)
    event = time <= end
    if kind == "cox":
        return cox(end, event, treated), ratio
    mean = [(1 - np.exp(-h * 48)) / h for h in (ratio * 0.3 / until, 0.3 / until)]
    return rmst_difference(end, event, treated, until=48.0), float(mean[0] - mean[1])


Model = Callable[[int, bool, np.random.Generator], tuple[Estimate, float]]
MODELS: dict[str, Model] = {
    "mean difference, normal, unequal spread": lambda n, e, r: _scale("mean", n, e, r),
    "mean difference, skewed, unequal spread": lambda n, e, r: _scale("mean skewed", n, e, r),
    "ANCOVA HC2, normal, unequal spread": lambda n, e, r: _scale("ancova", n, e, r),
    "ANCOVA HC2, skewed, unequal spread": lambda n, e, r: _scale("ancova skewed", n, e, r),
    "g-computation, 5 %": lambda n, e, r: _gcomp(0.05, False, n, e, r),
    "g-computation, 5 %, strata (Ye)": lambda n, e, r: _gcomp(0.05, True, n, e, r),
    "g-computation, 30 %": lambda n, e, r: _gcomp(0.3, False, n, e, r),
    "g-computation, 30 %, strata (Ye)": lambda n, e, r: _gcomp(0.3, True, n, e, r),
    "Cox, a quarter with the event": lambda n, e, r: _times("cox", n, e, r),
    "RMST difference to 48 months": lambda n, e, r: _times("rmst", n, e, r),
}


def _holds(found: Estimate, truth: float) -> bool:
    """Tell whether the interval holds the truth; an undefined end excludes nothing."""
    slack = 1e-9 * max(1.0, abs(log(truth))) if truth > 0 else 1e-9
    return not (truth < found.lower - slack or truth > found.upper + slack)


def _table(cells: list[Cell]) -> None:
    columns = list(
        dict.fromkeys(
            cell.column
            for cell in sorted(cells, key=lambda c: float(c.column.split(" ")[0].replace(",", "").rstrip("%")))
        )
    )
    rows: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, {})[cell.column] = cell
    print(f"{'':46}" + "".join(f"{column:>15}" for column in columns))
    for row, by in rows.items():
        print(f"{row:46}" + "".join(f"{_said(by[column]):>15}" for column in columns))


def _said(cell: Cell) -> str:
    flag = {"BELOW": " B", "conservative": " c"}.get(cell.verdict, "  ")
    without = f" [{cell.undefined:.0%}]" if cell.undefined else ""
    return f"{cell.share:.3f}{without}{flag}"
