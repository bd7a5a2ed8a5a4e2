"""``smartstart model train``: the candidates, the two baselines, the held-out years, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart import __version__
from smartstart.errors import DataRefused, UsageError
from smartstart.experiments import Column, ModelVersion, TrainingRecord, judge_name, open_store
from smartstart.modelling.history import History, Source, read_history, stated_model
from smartstart.modelling.judging import SEED, judge
from smartstart.modelling.showing import figure_files, files_of, shareable
from smartstart.outputs import json_bytes
from smartstart.report.disclosure import released
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from smartstart.programme.sections import Model
    from smartstart.risk.candidates import FactorCount, Fitted
    from smartstart.risk.cohort import Cohort, Floats, Ints
    from smartstart.risk.learning import Predicts, Split, Tried
    from smartstart.risk.model import RiskModel
    from smartstart.workspace import Workspace

EXPECTED_AUROC = 0.73  # of placements, from what a municipality and a midwife know (CARE-NL)
FEWEST_EVENTS = 30  # below this nothing is learned, and the plain count of the four factors is the model
INSTABILITY_MODELS = 50
LEARNING_REPEATS = 3


@dataclass(frozen=True)
class Trained:
    """What ``model train --json`` prints, the registered version, and sentences for people."""

    report: dict[str, Any]
    version: ModelVersion
    notices: tuple[str, ...]


@dataclass(frozen=True)
class _Learned:
    """A model, how the candidates did ahead in time, and how it did on the held-out years: places, risks, figures."""

    model: RiskModel
    tried: list[Tried]
    ahead: Ints
    risks: dict[str, Floats]
    sample_size: str


def train(
    workspace: Workspace,
    source: Source,
    horizon: int | None,
    name: str | None,
    tell: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Learn a model from a register folder and register it as challenger. Raises DataRefused or PolicyRefused."""
    stated = stated_model(workspace.programme)
    months = horizon or stated.horizon_months
    title = name or f"{stated.outcome}-{months}"
    judge_name(title)
    tell("reading the extracts")
    history = read_history(workspace, source, months)
    learned = _learn(workspace, stated, history, title, tell)
    tell("judging on the held-out years")
    judged = _judge_held_out(history.cohort, learned, stated)
    stability = _stability(history.cohort, learned, tell)
    about = learned.model.about | {
        "held_out": shareable(judged),
        "tuning": [_tried(one) for one in learned.tried],
        "stability": stability,
    }
    model = _with_about(learned.model, about)
    tell("recording")
    version = _record(workspace, history, model, title, judged, learned.tried, stability)
    said = (*history.notices, *_sentences(about, learned.sample_size))
    return Trained(_report(version, about, history, judged, learned.sample_size), version, said)


def _learn(workspace: Workspace, stated: Model, history: History, title: str, tell: Callable[[str], None]) -> _Learned:
    from smartstart.risk.candidates import FactorCount, FourFactors
    from smartstart.risk.learning import predict_ahead
    from smartstart.risk.model import RiskModel
    from smartstart.risk.predictors import usable
    from smartstart.risk.sample_size import check_events

    cohort = history.cohort
    names, left_out = usable(cohort.frame, stated.predictors, stated.missing_alike)
    seen = cohort.judged()
    events = int(seen.event.sum())
    _refuse_unteachable(len(seen), events, names)
    check = check_events(len(seen), events, _parameters(names), EXPECTED_AUROC)
    tell(check.sentence)
    chosen = _choose(cohort, names, stated.missing_alike, events, tell)
    tell("predicting the held-out years")
    found, ahead_in_time = _held_out_years(cohort)
    ahead, risk = predict_ahead(cohort, found, chosen.learn)
    risks = {
        chosen.kind: risk,
        "factor_count": predict_ahead(cohort, found, lambda past: FactorCount().fit(past))[1],
        "four_factors": predict_ahead(cohort, found, lambda past: FourFactors().fit(past))[1],
    }
    about = _about(workspace, history, title) | {
        "kind": chosen.kind,
        "settings": dict(chosen.settings),
        "predictors": list(names) if chosen.kind != "factor_count" else [],
        "left_out": list(left_out),
        "missing_alike": list(stated.missing_alike),
        "enough_events": check.enough,
        "ahead_in_time": ahead_in_time,
        **_summaries(workspace, cohort, names),
    }
    model = RiskModel(chosen.final, FactorCount().fit(cohort), FourFactors().fit(cohort), about)
    return _Learned(model, chosen.tried, ahead, risks, check.sentence)


def _refuse_unteachable(children: int, events: int, names: Sequence[str]) -> None:
    """Raise DataRefused without events or without anything but events, UsageError without a predictor to learn from."""
    if not 0 < events < children:
        raise DataRefused("These extracts hold no child with the outcome, or no other: deliver a longer history.")
    if not names:
        raise UsageError(
            "None of the programme's predictors is known often enough here: deliver the files that hold them."
        )


@dataclass(frozen=True)
class _Chosen:
    """A way of learning: how it learns from the past of a year, what it learned from all, and what else was tried."""

    kind: str
    settings: Mapping[str, float]
    learn: Callable[[Cohort], Predicts]
    final: Fitted | FactorCount
    tried: list[Tried]


def _choose(
    cohort: Cohort, names: Sequence[str], alike: Sequence[str], events: int, tell: Callable[[str], None]
) -> _Chosen:
    """Choose a candidate and its settings ahead in time; with few events the plain count is the model."""
    from smartstart.risk.candidates import DEFAULT, FactorCount, fit
    from smartstart.risk.learning import choose, tune

    if events < FEWEST_EVENTS:
        return _Chosen("factor_count", {}, lambda past: FactorCount().fit(past), FactorCount().fit(cohort), [])
    tried: list[Tried] = []
    candidate = DEFAULT
    try:
        tried = tune(cohort, names, alike, tell=tell)
        candidate = choose(tried).candidate
    except ValueError:
        tell("too few events to choose by: the default settings stand")

    def learn(past: Cohort) -> Predicts:
        try:  # nested: what is held out has no say in the settings
            inner = choose(tune(past, names, alike)).candidate
        except ValueError:
            inner = DEFAULT
        return fit(inner, past, names, alike)

    return _Chosen(candidate.kind, candidate.settings, learn, fit(candidate, cohort, names, alike), tried)


def _held_out_years(cohort: Cohort) -> tuple[list[Split], bool]:
    """Return what is learned from and what is predicted, and whether the past alone was enough to learn from."""
    from smartstart.risk.learning import HELD_OUT, splits, teachable

    found = splits(cohort, (1 - HELD_OUT,))
    if teachable(found):
        return found, True
    return splits(cohort, (1 - HELD_OUT,), matured=True), False


def _judge_held_out(cohort: Cohort, learned: _Learned, stated: Model) -> dict[str, Any]:
    """Return the evaluation on the newest children, each predicted by what was known before she was born."""
    from smartstart.modelling.judging import compare_with_baselines

    kind = learned.model.about["kind"]
    seen = cohort.take(learned.ahead)
    risks = {name: learned.risks[name] for name in (kind, "factor_count", "four_factors")}
    report = judge(kind, seen, learned.model, stated, risks).as_dict()
    return report | {
        "born_from": str(seen.born.min()),
        "born_until": str(seen.born.max()),
        "comparisons": compare_with_baselines(kind, seen, learned.model, risks),
    }


def _stability(cohort: Cohort, learned: _Learned, tell: Callable[[str], None]) -> dict[str, list[dict[str, Any]]]:
    """Return how far risks move when the model is learned again, and whether more births would help; groups only."""
    from smartstart.risk.candidates import Candidate, fit
    from smartstart.risk.metrics import auroc
    from smartstart.risk.stability import learning_curve, prediction_instability

    about = learned.model.about
    if about["kind"] == "factor_count":
        return {"instability": [], "learning": []}
    candidate = Candidate(about["kind"], about["settings"])
    names, alike = about["predictors"], about["missing_alike"]
    rng = np.random.default_rng(SEED)

    def relearn(rows: Ints) -> Callable[[Ints], Floats]:
        fitted = fit(candidate, cohort.take(rows), names, alike)
        return lambda wanted: fitted.risk(cohort.frame.iloc[wanted])

    tell(f"learning again on {INSTABILITY_MODELS} resamples of mothers")
    original = learned.model.fitted.risk(cohort.frame)
    instability = prediction_instability(relearn, original, cohort.mother, rng, models=INSTABILITY_MODELS)

    tell("drawing the learning curve")
    apart = np.zeros(len(cohort), dtype=bool)
    apart[learned.ahead] = True
    past = cohort.where(~np.isin(cohort.mother, cohort.mother[apart]))
    later = cohort.take(learned.ahead)

    def judge_later(fitted: Any) -> Mapping[str, float]:
        return {"auroc": auroc(later.event, fitted.risk(later.frame))}

    def learn_part(rows: Ints) -> Fitted:
        return fit(candidate, past.take(rows), names, alike)

    try:
        points = learning_curve(learn_part, judge_later, past.mother, rng, repeats=LEARNING_REPEATS)
    except ValueError:  # a part without any event teaches nothing
        points = []
    events = float((past.happened < past.horizon).sum())
    return {
        "instability": [group.as_dict() for group in instability.groups],
        "learning": [
            {
                "n": released(point.mothers) or 0,
                "events": released(round(point.fraction * events)) or 0,
                "auroc": {"estimate": point.mean, "lower": point.lowest, "upper": point.highest},
            }
            for point in points
        ],
    }


def _record(
    workspace: Workspace,
    history: History,
    model: RiskModel,
    title: str,
    judged: Mapping[str, Any],
    tried: Sequence[Tried],
    stability: Mapping[str, list[dict[str, Any]]],
) -> ModelVersion:
    from smartstart.modelling.carding import fill_card
    from smartstart.report.model_card import card_html, card_json
    from smartstart.risk.artefact import to_bytes
    from smartstart.risk.cohort import FACTORS

    about = model.about
    files = files_of(judged)
    if stability["instability"]:
        files |= figure_files("instability", stability["instability"])
    if stability["learning"]:
        files |= figure_files("learning", stability["learning"])
    card = fill_card(about, "unnumbered", history.as_of)
    files |= {"card.html": card_html(card), "card.json": card_json(card)}
    files["tuning.json"] = json_bytes([_tried(one) for one in tried])
    return open_store(workspace.folder).record(
        title,
        TrainingRecord(
            model=to_bytes(model),
            columns=tuple(Column(name, "double") for name in (*about["predictors"], *FACTORS)),
            outcome=about["outcome"],
            horizon_months=about["horizon_months"],
            made_up=about["made_up"],
            data_fingerprint=history.fingerprint,
            contract_versions=history.contracts,
            parameters={"kind": about["kind"], **about["settings"], "predictors": ",".join(about["predictors"])},
            evaluation=shareable(judged),
            artifacts=files,
        ),
    )


def _about(workspace: Workspace, history: History, title: str) -> dict[str, Any]:
    """Return what the model file says of itself, without a clock: the same extracts give the same file."""
    cohort = history.cohort
    return {
        "name": title,
        "version": __version__,
        "municipality": workspace.programme.municipality.name,
        "outcome": stated_model(workspace.programme).outcome,
        "horizon_months": cohort.horizon,
        "as_of": history.as_of.isoformat(),
        "fingerprint": history.fingerprint,
        "made_up": history.made_up,
        "births": [str(cohort.born.min()), str(cohort.born.max())],
        "children": released(len(cohort)),
        "mothers": released(len(np.unique(cohort.mother))),
        "n": released(int(cohort.known.sum())),
        "events": released(int(cohort.event.sum())),
        "base_rate": round(float(cohort.event[cohort.known].mean()), 3),
        "adapted": None,
        "adapted_on": [],
    }


def _summaries(workspace: Workspace, cohort: Cohort, names: Sequence[str]) -> dict[str, Any]:
    """Return what is kept of the women it was learned from, nobody in particular: shares, typical values, bins.

    New women are held against those of the age that the programme asks for, or every quarter would look like a shift.
    """
    from smartstart.modelling.monitoring import of_age
    from smartstart.risk.drift import reference_of
    from smartstart.risk.predictors import PREDICTORS, matrix

    x = matrix(cohort.frame, names)
    typical = {
        name: float(round(x[name].median()) if PREDICTORS[name].kind != "yes_no" else x[name].mode().iloc[0])
        for name in names
    }
    alike = x[of_age(cohort.frame, workspace.programme)]
    # whole years and numbers: the limits of bins are nobody's own age to the day
    columns = {name: [None if np.isnan(v) else float(round(v)) for v in alike[name]] for name in names}
    return {
        "known": {name: round(float(x[name].notna().mean()), 2) for name in names},
        "typical": typical,
        "reference": reference_of(columns).as_dict(),
    }


def _parameters(names: Sequence[str]) -> int:
    """Return how many coefficients a logistic model with splines learns from these predictors."""
    from smartstart.risk.candidates import KNOTS
    from smartstart.risk.predictors import PREDICTORS

    return sum(KNOTS + 1 if PREDICTORS[name].kind == "number" else 1 for name in names)


def _with_about(model: RiskModel, about: Mapping[str, Any]) -> RiskModel:
    from smartstart.risk.model import RiskModel

    return RiskModel(model.fitted, model.factor_count, model.four_factors, about, (model.intercept, model.slope))


def _tried(one: Tried) -> dict[str, Any]:
    return {
        "candidate": one.candidate.label(),
        "kind": one.candidate.kind,
        "settings": dict(one.candidate.settings),
        "auroc": {"estimate": one.auroc, "lower": None, "upper": None},
        "brier": one.brier,
        "log_loss": one.log_loss,
        "standard_error": one.standard_error,
        "n": released(one.n),
        "events": released(one.events),
    }


def _report(
    version: ModelVersion, about: Mapping[str, Any], history: History, judged: Mapping[str, Any], sample_size: str
) -> dict[str, Any]:
    """Return what the analyst reads, with exact counts; what is kept with the model is rounded."""
    kept = ("kind", "settings", "outcome", "horizon_months", "as_of", "children", "mothers", "made_up", "predictors",
            "left_out", "enough_events", "tuning")  # fmt: skip
    return {
        "model": version.label,
        "alias": "challenger",
        "sha256": version.sha256,
        "n": int(history.cohort.known.sum()),
        "events": int(history.cohort.event.sum()),
        **{name: about[name] for name in kept},
        "sample_size": sample_size,
        "held_out": judged,
        "quarantined": history.quarantined,
        "caution": CAUTION,
    }


def _sentences(about: Mapping[str, Any], sample_size: str) -> tuple[str, ...]:
    said = [sample_size[0].upper() + sample_size[1:]]
    if about["left_out"]:
        said.append(f"Left out, since they were seldom known or never different: {', '.join(about['left_out'])}.")
    if about["kind"] == "factor_count":
        said.append(
            f"Fewer than {FEWEST_EVENTS} placements: nothing was learned, and the count of the four factors stands."
        )
    if not about["ahead_in_time"]:
        said.append("Too short a history to look ahead from: outcomes of the older years were taken as known today.")
    return tuple(said)
