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
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from smartstart import clock
from smartstart.modelling.history import Source, read_history
from smartstart.new_workspace import make_workspace
from smartstart.programme.loading import load_programme, programme_file
from smartstart.programme.sections import Model
from smartstart.risk.candidates import Candidate, FactorCount, FourFactors, fit
from smartstart.risk.cohort import Cohort, Floats
from smartstart.risk.comparison import Comparison, Risks, compare
from smartstart.risk.evaluation import AtCut, Evaluation, evaluate
from smartstart.risk.factor_count import CAUTION
from smartstart.risk.learning import best_of_kind, choose, tune
from smartstart.risk.metrics import Interval
from smartstart.risk.model import CHUNK, RiskModel
from smartstart.risk.predictors import PREDICTORS, matrix, usable

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "pregnancies"
OLD, NEW = "nsfg2002", "nsfg2006_2010"
PANELS = ((OLD, NEW, 60), (NEW, OLD, 60), (OLD, NEW, 24))  # learned on, judged on, months; the first is the test
SEED = 2026  # of every bootstrap: all models share their replicates
TOP = 0.1
MILLION = 1_000_000
REPEATS = 5  # of each timing; the fastest counts, since other work on the machine only slows
TWICE = 2.0  # the promise: scoring takes at most twice the bare estimator's time
REFERENCE = """\
Reference, from the data's own README and not run here (its predictors are partly not in the extracts): unpenalised
logistic on ten predictors 0.760 (0.724–0.787), slope 0.93, intercept −0.12, top 10 %: PPV 9.0 %, sensitivity 34 %;
boosting out of the box 0.743; from the extracts' own columns a logistic on seven 0.752, shallow boosting 0.739."""


PEERS = ("scikit-learn", "lightgbm", "interpret-core", "statsmodels", "dcurves")
CHOSEN, COUNT, FOUR = "ours, chosen", "ours, factor count", "ours, logistic on the four factors"


@dataclass(frozen=True)
class Row:
    """One model in the table; ``seconds`` to train and to score the judged children."""

    name: str
    risk: Floats
    evaluation: Evaluation
    seconds: tuple[float, float]


@dataclass(frozen=True)
class Peer:
    """A peer: the package that it comes from, and how it learns, which gives how it scores."""

    name: str
    package: str
    learn: Callable[[Cohort, Sequence[str]], Callable[[pd.DataFrame], Floats]]


def main() -> None:
    """Print every table."""
    if not DATA.is_dir():
        print(f"The real pregnancies are not in {DATA}: nothing was measured.")
        return
    stated = load_programme(programme_file("heusden")).model
    if stated is None:
        raise SystemExit("The shipped programme states no model: nothing can be measured.")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; seconds are of this run on this machine.")
    print(f"Peers: {', '.join(found or f'{name} (not installed)' for name, found in installed().items())}.\n")
    cohorts = read_cohorts()
    for old, new, horizon in PANELS:
        learned, judged = cohorts[old, horizon], cohorts[new, horizon].judged()
        models, choosing = our_models(learned, stated)
        rows = judge_all(models, learned, judged, stated)
        print_table(f"Learned on {old}, judged on {new}, {horizon} months after birth", rows, learned, judged)
        print(f"{CHOSEN}: by log loss ahead in time within {old} alone, which took {choosing:.1f} s more.\n")
        print_thresholds(rows)
        if (old, new, horizon) == PANELS[0]:
            print(REFERENCE + "\n")
            count_alone(learned, judged)
            net_benefit(rows[0], judged)
            speed(models, judged)
    print(CAUTION)


# --- what is learned and judged ---------------------------------------------------------------------------


def installed() -> dict[str, str]:
    """Return each peer's package with its version, or with nothing where it is not installed."""
    found = {}
    for name in PEERS:
        try:
            found[name] = f"{name} {version(name)}"
        except PackageNotFoundError:
            found[name] = ""
    return found


def read_cohorts() -> dict[tuple[str, int], Cohort]:
    """Read both cycles at both horizons, through the same intake and register as a municipality's extracts."""
    found = {}
    with tempfile.TemporaryDirectory() as place:
        workspace = make_workspace(Path(place) / "bench", "heusden", rehearsal=False, keys=Path(place) / "keys")
        for cycle, horizon in dict.fromkeys((one, months) for *both, months in PANELS for one in both):
            tell(f"reading {cycle} at {horizon} months")
            source = Source(DATA / cycle / "register", None, clock.today())
            found[cycle, horizon] = read_history(workspace, source, horizon).cohort
    return found


def our_models(learned: Cohort, stated: Model) -> tuple[dict[str, RiskModel], float]:
    """Return the best setting of each of our kinds, the chosen one first, and the seconds that choosing took."""
    names, _ = usable(learned.frame, stated.predictors, stated.missing_alike)
    began = time.perf_counter()
    tried = tune(learned, names, stated.missing_alike, tell=tell)
    choosing = time.perf_counter() - began
    kept = choose(tried)
    best = {kept.candidate.kind: kept} | {k: one for k, one in best_of_kind(tried).items() if k != kept.candidate.kind}
    count, four = FactorCount().fit(learned), FourFactors().fit(learned)
    models = {}
    for kind, one in best.items():
        fitted = fit(one.candidate, learned, names, stated.missing_alike)
        name = f"{CHOSEN if one is kept else 'ours'}: {one.candidate.label()}"
        models[name] = RiskModel(
            fitted, count, four, {"kind": kind, "predictors": list(names), "settings": dict(one.candidate.settings)}
        )
    return models, choosing


def judge_all(models: dict[str, RiskModel], learned: Cohort, judged: Cohort, stated: Model) -> list[Row]:
    """Return a row for each model and peer, all on the same children with the same replicates of mothers."""
    rows = []

    def add(name: str, train: Callable[[], Callable[[pd.DataFrame], Floats]]) -> None:
        tell(f"{name}: learning and judging")
        began = time.perf_counter()
        score = train()
        trained = time.perf_counter()
        risk = score(judged.frame)
        seconds = (trained - began, time.perf_counter() - trained)
        rng = np.random.default_rng(SEED)
        found = evaluate(name, judged.horizon, judged.event, risk, judged.mother, stated.thresholds, rng)
        rows.append(Row(name, risk, found, seconds))

    for name, model in models.items():
        about = model.about
        candidate = Candidate(about["kind"], about["settings"])
        add(name, lambda c=candidate, n=about["predictors"]: fit(c, learned, n, stated.missing_alike).risk)  # type: ignore[misc]
    add(COUNT, lambda: FactorCount().fit(learned).risk)
    add(FOUR, lambda: FourFactors().fit(learned).risk)

    seen = learned.judged()
    everything = [name for name in PREDICTORS if matrix(learned.frame, [name]).notna().to_numpy().any()]
    same = next(iter(models.values())).predictors
    present = installed()
    asked = [("", same), (", everything", everything)] if judged.horizon == PANELS[0][2] else [("", same)]
    for suffix, names in asked:
        for peer in peers():
            if present[peer.package]:
                add(peer.name + suffix, lambda p=peer, n=names: p.learn(seen, n))  # type: ignore[misc]
    return rows


# --- peers ------------------------------------------------------------------------------------------------


def peers() -> tuple[Peer, ...]:
    """Return what a careful analyst would try, with the settings that she would leave or set at first."""
    return (
        Peer("scikit-learn logistic", "scikit-learn", lambda seen, names: _classifier(
            make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000)), seen, names)),
        Peer("scikit-learn boosting", "scikit-learn", lambda seen, names: _classifier(
            HistGradientBoostingClassifier(random_state=0), seen, names)),
        Peer("LightGBM", "lightgbm", _lightgbm),
        Peer("interpret EBM", "interpret-core", _interpret),
        Peer("statsmodels Logit", "statsmodels", _statsmodels),
    )  # fmt: skip


def _classifier(estimator: Any, seen: Cohort, names: Sequence[str]) -> Callable[[pd.DataFrame], Floats]:
    """Learn from the children with a known outcome; what is missing comes as it is, unless the estimator fills it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(matrix(seen.frame, names), seen.event)

    def score(frame: pd.DataFrame) -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _inside(estimator.predict_proba(matrix(frame, names))[:, 1])

    return score


def _lightgbm(seen: Cohort, names: Sequence[str]) -> Callable[[pd.DataFrame], Floats]:
    """Learn slower and with larger leaves than LightGBM's own defaults, which chase single placements."""
    from lightgbm import LGBMClassifier

    trees = LGBMClassifier(
        n_estimators=100, learning_rate=0.05, num_leaves=15, min_child_samples=50, random_state=0, n_jobs=2, verbose=-1
    )
    return _classifier(trees, seen, names)


def _interpret(seen: Cohort, names: Sequence[str]) -> Callable[[pd.DataFrame], Floats]:
    from interpret.glassbox import ExplainableBoostingClassifier

    return _classifier(ExplainableBoostingClassifier(random_state=0, n_jobs=2), seen, names)


def _statsmodels(seen: Cohort, names: Sequence[str]) -> Callable[[pd.DataFrame], Floats]:
    """Learn without a penalty, with the mean for what is missing."""
    import statsmodels.api as sm

    fill = SimpleImputer(keep_empty_features=True).fit(matrix(seen.frame, names))

    def columns(frame: pd.DataFrame) -> Any:
        return sm.add_constant(fill.transform(matrix(frame, names)), has_constant="add")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = sm.Logit(seen.event.astype(float), columns(seen.frame)).fit(disp=0, maxiter=200)
    return lambda frame: _inside(fitted.predict(columns(frame)))


def _inside(risk: Any) -> Floats:
    return np.clip(np.asarray(risk, dtype=float), 1e-6, 1 - 1e-6)


# --- tables -----------------------------------------------------------------------------------------------


def print_table(title: str, rows: Sequence[Row], learned: Cohort, judged: Cohort) -> None:
    """Print all models side by side; the differences are the chosen one less each other, on the same replicates."""
    seen = learned.judged()
    print(f"{title}: {len(judged):,} children known, {int(judged.event.sum())} placed")
    print(
        f"(learned from {len(learned):,} children; {len(seen):,} known at the horizon, {int(seen.event.sum())} placed)"
    )
    print(
        f"{'':50}{'AUROC':>20}{'chosen − it':>26}{'AP':>7}{'Brier':>9}{'chosen − it, 10⁻⁴':>24}{'scaled':>8}"
        f"{'slope':>7}{'interc.':>9}{'O/E':>6}{'ICI':>8}{'sens':>7}{'PPV':>7}{'false +':>9}{'train':>8}{'score':>8}"
    )
    for row in rows:
        found = row.evaluation.measures
        top = at_top(row.evaluation)
        compared = None if row is rows[0] else _compare(rows[0], row, judged)
        print(
            f"{row.name:50}{_interval(found['auroc'], '.3f'):>20}"
            f"{'' if compared is None else _interval(compared.auroc_difference, '+.3f'):>26}"
            f"{found['average_precision'].estimate:>7.3f}{found['brier'].estimate:>9.5f}"
            f"{'' if compared is None else _interval(_scaled(compared.brier_difference, 1e4), '+.1f'):>24}"
            f"{_signed(100 * found['scaled_brier'].estimate, '.1f'):>6} %{found['calibration_slope'].estimate:>7.2f}"
            f"{_signed(found['calibration_intercept'].estimate, '.2f'):>9}{found['observed_expected'].estimate:>6.2f}"
            f"{found['ici'].estimate:>8.4f}{100 * top.sensitivity.estimate:>5.0f} %{100 * top.ppv.estimate:>5.1f} %"
            f"{false_positives(top):>9,.0f}{row.seconds[0]:>6.1f} s{row.seconds[1]:>6.2f} s"
        )
    print(f"sens, PPV and false + (flagged and never placed by then): of the {TOP:.0%} with the highest risks.")
    sure = rows[0].evaluation.measures
    print(
        f"{CHOSEN}: slope {_interval(sure['calibration_slope'], '.2f')}, intercept "
        f"{_interval(sure['calibration_intercept'], '.2f')}, O/E {_interval(sure['observed_expected'], '.2f')}, "
        f"ICI {_interval(sure['ici'], '.4f')}."
    )
    print("chosen − it: above nought in AUROC and below it in Brier speaks for the chosen one.")


def print_thresholds(rows: Sequence[Row]) -> None:
    """Print what each threshold finds, and how many false positives it costs."""
    print(
        f"{'What each threshold costs':50}{'':16}{'flagged':>9}{'placed':>8}{'false +':>9}"
        f"{'of flagged':>27}{'per placed':>12}"
    )
    for row in rows:
        if not row.name.startswith((CHOSEN, COUNT, FOUR)):
            continue
        for cut in row.evaluation.thresholds:
            said = f"top {cut.top_share:.0%}" if cut.by == "share" else f"risk ≥ {cut.threshold:.0%}"
            false, n = false_positives(cut), cut.n_flagged
            share = _interval(_scaled(cut.false_positive_share, 100), ".1f") + " %"
            per = f"{false / (n - false):.1f}" if n > false else "–"
            print(f"{row.name:50}{said:>16}{n:>9,}{n - false:>8,.0f}{false:>9,.0f}{share if n else '–':>27}{per:>12}")
    print()


def count_alone(learned: Cohort, judged: Cohort) -> None:
    """Print what the pilot's count alone tells apart."""
    print("The count of the four factors alone (huurtoeslag is known of nobody in these data, so that 3 is the most)")
    print(f"{'factors present':>18}{'children':>10}{'placed':>8}{'share':>9}{'risk told':>11}")
    model = FactorCount().fit(learned)
    present = model.present(judged.frame)
    for number in np.unique(present):
        n, events = int((present == number).sum()), int(judged.event[present == number].sum())
        print(f"{number:>18}{n:>10,}{events:>8}{100 * events / n:>7.2f} %{100 * model.risks_[number]:>9.2f} %")
    print()


def at_top(evaluation: Evaluation) -> AtCut:
    """Return the figures of those with the highest risks."""
    return next(cut for cut in evaluation.thresholds if cut.by == "share" and cut.top_share == TOP)


def false_positives(cut: AtCut) -> float:
    """Return how many are flagged and not placed; a share of each where a cut falls within equal risks."""
    return cut.n_flagged * cut.false_positive_share.estimate if cut.n_flagged else 0.0


def _compare(one: Row, other: Row, judged: Cohort) -> Comparison:
    rng = np.random.default_rng(SEED)
    return compare(Risks(one.name, one.risk), Risks(other.name, other.risk), judged.event, judged.mother, rng)


def _interval(found: Interval, how: str) -> str:
    return _signed(found.estimate, how) + f" ({_signed(found.lower, how)} to {_signed(found.upper, how)})"


def _signed(number: float, how: str) -> str:
    return f"{number:{how}}".replace("-", "−")


def _scaled(found: Interval, factor: float) -> Interval:
    return Interval(factor * found.estimate, factor * found.lower, factor * found.upper)


# --- net benefit, and speed -------------------------------------------------------------------------------


def net_benefit(row: Row, judged: Cohort) -> None:
    """Hold the decision curve against the one that dcurves computes of the same risks."""
    if not installed()["dcurves"]:
        print("Net benefit: dcurves is not installed here, so that it was held against nothing.\n")
        return
    from dcurves import dca

    tell("net benefit by dcurves")
    frame = pd.DataFrame({"placed": judged.event.astype(int), "ours": row.risk})
    ours = {round(point.threshold, 6): point for point in row.evaluation.decision_curve}
    theirs = dca(data=frame, outcome="placed", modelnames=["ours"], thresholds=sorted(ours))
    gaps = {
        name: max(abs(told(ours[round(at, 6)]) - benefit) for at, benefit in zip(
            theirs.loc[theirs["model"] == name, "threshold"], theirs.loc[theirs["model"] == name, "net_benefit"],
            strict=True))
        for name, told in (("ours", lambda point: point.model.estimate), ("all", lambda point: point.treat_all))
    }  # fmt: skip
    print(
        f"Net benefit of the chosen model at {len(ours)} thresholds, against dcurves {version('dcurves')}: largest "
        f"difference {gaps['ours']:.1e}, of offering to all {gaps['all']:.1e}.\n"
    )


def speed(models: dict[str, RiskModel], judged: Cohort) -> None:
    """Time a million pregnancies, in chunks from the frame, against the bare estimator on a ready matrix."""
    drawn = np.random.default_rng(SEED).integers(0, len(judged), MILLION)
    frame = judged.frame.iloc[drawn].reset_index(drop=True)
    print(f"Scoring {MILLION:,} pregnancies, in chunks of {CHUNK:,}")
    print(f"{'':50}{'ours':>9}{'bare':>9}{'ratio':>8}{'extra memory':>15}{'bare':>9}")
    for name, model in models.items():
        tell(f"{name}: scoring a million")
        ready, bare = matrix(frame, model.predictors), model.fitted.estimator.predict_proba
        ours_s, bare_s = zip(*((_timed(model.risk, frame), _timed(bare, ready)) for _ in range(REPEATS)), strict=True)
        ratio = min(ours_s) / min(bare_s)
        print(
            f"{name:50}{min(ours_s):>7.2f} s{min(bare_s):>7.2f} s{ratio:>8.2f}{_peak(model.risk, frame):>12,.0f} MB"
            f"{_peak(bare, ready):>6,.0f} MB{'' if ratio <= TWICE else '   MORE THAN TWICE'}"
        )
    print(f"The fastest of {REPEATS}, in turns. Ours makes the matrix too; 8 MB of its memory are the risks.\n")


def _timed(work: Callable[[Any], object], on: Any) -> float:
    began = time.perf_counter()
    work(on)
    return time.perf_counter() - began


def _peak(work: Callable[[Any], object], on: Any) -> float:
    tracemalloc.start()
    work(on)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return peak


def tell(doing: str) -> None:
    """Say on the terminal what is being done; quiet where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{doing} ...", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
