"""Judge our risk models beside peers on real pregnancies of another cycle: how well, how calibrated, how fast.

Run by ``make bench-risk``, in the environment that ``make bench-trial`` uses as well. Everything is learned on one
cycle and judged on the other, which has other mothers and other years. A peer that is not installed is said to be
absent. The data are not part of the project: without them nothing is measured.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import tracemalloc
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from smartstart.modelling.history import read_history
from smartstart.new_workspace import make_workspace
from smartstart.programme import Model, load_programme, programme_file
from smartstart.risk.candidates import FactorCount, FourFactors, fit
from smartstart.risk.cohort import Cohort, Floats
from smartstart.risk.comparison import Comparison, Risks, compare
from smartstart.risk.evaluation import DECISION_THRESHOLDS, AtCut, Evaluation, evaluate
from smartstart.risk.factor_count import CAUTION
from smartstart.risk.learning import best_of_kind, choose, tune
from smartstart.risk.metrics import Interval
from smartstart.risk.model import CHUNK, RiskModel
from smartstart.risk.predictors import PREDICTORS, matrix, usable

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "pregnancies"
OLD, NEW = "nsfg2002", "nsfg2006_2010"
PANELS = ((OLD, NEW, 60), (OLD, NEW, 24), (NEW, OLD, 60), (NEW, OLD, 24))
SEED = 2026  # of every bootstrap: all models share their replicates
TOP = 0.1
MILLION = 1_000_000
REPEATS = 3  # of each timing; the fastest counts, since other work on the machine only slows
TWICE = 2.0  # the promise: scoring takes at most twice the bare estimator's time
REFERENCE = """\
Reference, from the data's own README and not run here (its predictors are partly not in the extracts): unpenalised
logistic on ten predictors 0.760 (0.724–0.787), slope 0.93, intercept −0.12, top 10 %: PPV 9.0 %, sensitivity 34 %;
boosting out of the box 0.743; from the extracts' own columns a logistic on seven 0.752, shallow boosting 0.739."""


@dataclass(frozen=True)
class Row:
    """One model in the table; ``seconds`` to train and to score the judged children."""

    name: str
    risk: Floats
    evaluation: Evaluation
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Peer:
    """A peer: the package that it comes from, and a learner that takes columns and outcomes and gives a scorer."""

    name: str
    package: str
    learn: Callable[[pd.DataFrame, Any], Callable[[pd.DataFrame], Floats]]


def main() -> None:
    """Print every table."""
    if not DATA.is_dir():
        print(f"The real pregnancies are not in {DATA}: nothing was measured.")
        return
    stated = load_programme(programme_file("heusden")).model
    if stated is None:
        raise SystemExit("The shipped programme states no model: nothing can be measured.")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; seconds are of this run on this machine.")
    print(f"Peers: {', '.join(_versions())}.\n")
    cohorts = read_cohorts(stated)
    first = True
    for learned_on, judged_on, horizon in PANELS:
        learned, judged = cohorts[learned_on, horizon], cohorts[judged_on, horizon].judged()
        models, chosen, choosing = our_models(learned, stated)
        rows = judge_all(models, chosen, learned, judged, stated)
        print_table(f"Learned on {learned_on}, judged on {judged_on}, {horizon} months", rows, learned, judged)
        print(f"  → chosen among our own by log loss within {learned_on} alone; choosing took {choosing:.1f} s more.\n")
        print_thresholds([rows[0], *(row for row in rows if row.name in {"factor count", "logistic, four factors"})])
        if first:
            print(REFERENCE + "\n")
            count_alone(learned, judged)
            net_benefit(rows[0], judged)
            speed(models, judged)
            first = False
    print(CAUTION)


# --- what is learned and judged ---------------------------------------------------------------------------


def read_cohorts(stated: Model) -> dict[tuple[str, int], Cohort]:
    """Read both cycles at both horizons, through the same intake and register as a municipality's extracts."""
    del stated  # the workspace states it: the shipped programme
    with tempfile.TemporaryDirectory() as place:
        workspace = make_workspace(Path(place) / "bench", "heusden", rehearsal=False, keys=Path(place) / "keys")
        found = {}
        for cycle in (OLD, NEW):
            for horizon in (60, 24):
                tell(f"reading {cycle} at {horizon} months")
                found[cycle, horizon] = read_history(workspace, DATA / cycle / "register", None, horizon).cohort
    return found


def our_models(learned: Cohort, stated: Model) -> tuple[dict[str, RiskModel], str, float]:
    """Return the best setting of each of our kinds and both baselines, which kind is chosen, and seconds to choose."""
    names, _ = usable(learned.frame, stated.predictors, stated.missing_alike)
    began = time.perf_counter()
    tried = tune(learned, names, stated.missing_alike, tell=tell)
    choosing = time.perf_counter() - began
    chosen = choose(tried).candidate.kind
    count, four = FactorCount().fit(learned), FourFactors().fit(learned)
    best = {choose(tried).candidate.kind: choose(tried), **{k: v for k, v in best_of_kind(tried).items() if k != chosen}}
    models = {}
    for kind, one in best.items():
        fitted = fit(one.candidate, learned, names, stated.missing_alike)
        models[one.candidate.label()] = RiskModel(fitted, count, four, {"kind": kind, "predictors": list(names)})
    return models, next(iter(models)), choosing
