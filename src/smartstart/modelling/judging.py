"""``smartstart model evaluate`` and ``compare``: a model on a folder of extracts, beside its baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.errors import UsageError
from smartstart.modelling.history import Source, read_history, stated_model
from smartstart.modelling.shelf import find_model, learned_from, record_evaluation
from smartstart.modelling.showing import files_of
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from smartstart.programme.sections import Model
    from smartstart.risk.cohort import Cohort, Floats
    from smartstart.risk.evaluation import Evaluation
    from smartstart.risk.model import RiskModel
    from smartstart.workspace import Workspace

SEED = 2026  # of every bootstrap, so that the same model on the same extracts gives the same intervals
LEARNED_FROM = (
    "The model learned from these very extracts, so these figures flatter it: approval and card do not look at them."
)
AGE_GROUPS = ((0.0, "19 and under"), (20.0, "20 to 24"), (25.0, "25 to 29"), (30.0, "30 and over"))  # years


@dataclass(frozen=True)
class Judged:
    """What ``model evaluate --json`` prints, files for people by name, and sentences."""

    report: dict[str, Any]
    files: dict[str, bytes]
    notices: tuple[str, ...]


def evaluate_model(
    workspace: Workspace, source: Source, asked: str | None, recorded_at: str, tell: Callable[[str], None]
) -> Judged:
    """Judge a model on a register folder, and keep the result beside the model. Raises DataRefused or UsageError."""
    stated = stated_model(workspace.programme)
    tell("opening the model")
    shelved = find_model(workspace, asked)
    tell("reading the extracts")
    about = shelved.model.about
    history = read_history(workspace, source, about["horizon_months"], about["outcome"])
    tell("judging, with 1,000 resamples of mothers")
    seen = history.cohort.judged()
    risks = {shelved.label: shelved.model.risk(seen.frame), **shelved.model.baseline_risks(seen)}
    report = judge(shelved.label, seen, shelved.model, stated, risks).as_dict()
    comparisons = compare_with_baselines(shelved.label, seen, shelved.model, risks)
    report |= {
        "as_of": history.as_of.isoformat(),
        "fingerprint": history.fingerprint,
        "sha256": shelved.sha256,
        "made_up": shelved.model.about["made_up"] or history.made_up,
        "comparisons": comparisons,
        "known_predictors": known_shares(seen, shelved.model),
        "caution": CAUTION,
    }
    files = files_of(report)
    record_evaluation(workspace, shelved, report, files, history.fingerprint, recorded_at)
    flattering = (LEARNED_FROM,) if history.fingerprint in learned_from(shelved) else ()
    return Judged(report, files, (*shelved.notices, *flattering, *history.notices))


def compare_models(
    workspace: Workspace, source: Source, one: str, other: str, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Compare two models, or a model and a baseline, on the same children with paired intervals."""
    from smartstart.risk.comparison import Risks, compare
    from smartstart.risk.model import BASELINES

    stated_model(workspace.programme)
    tell("opening the models")
    first = find_model(workspace, one)
    second = None if other in BASELINES else find_model(workspace, other)
    months = first.model.about["horizon_months"]
    if second and any(second.model.about[key] != first.model.about[key] for key in ("horizon_months", "outcome")):
        raise UsageError(
            "The two models are of different horizons or outcomes, so they cannot be compared: name two that are alike."
        )
    tell("reading the extracts")
    history = read_history(workspace, source, months, first.model.about["outcome"])
    seen = history.cohort.judged()
    tell("comparing")
    theirs = second.model.risk(seen.frame) if second else first.model.baseline_risks(seen)[other]
    ours = Risks(first.label, first.model.risk(seen.frame))
    compared = compare(ours, Risks(second.label if second else other, theirs), seen.event, seen.mother, _rng())
    plain = compared.as_dict()
    return {
        "horizon_months": months,
        "as_of": history.as_of.isoformat(),
        "model": plain["model"],
        "with": plain["baseline"],
        "n": plain["n"],
        "events": plain["events"],
        "auroc_difference": plain["auroc_difference"],
        "brier_difference": plain["brier_difference"],
        "better": compared.beats_baseline,
        "reason": plain["reason"],
        "notices": list(history.notices),
    }


def judge(
    name: str, seen: Cohort, model: RiskModel, stated: Model, risks: Mapping[str, Floats] | None = None
) -> Evaluation:
    """Return the evaluation of a model and its baselines on children with a known outcome.

    ``risks`` are those of ``name`` and of both baselines where they were predicted before, as on held-out years.
    """
    from smartstart.risk.evaluation import evaluate, with_baselines, with_groups
    from smartstart.risk.fairness import Predictors, by_group

    given = risks or {name: model.risk(seen.frame), **model.baseline_risks(seen)}

    def judged(key: str) -> Evaluation:
        return evaluate(key, seen.horizon, seen.event, given[key], seen.mother, stated.thresholds, _rng())

    known = Predictors(model.known(seen.frame), model.asked)
    groups = by_group(seen.event, given[name], seen.mother, attributes(seen, stated), known, _rng())
    others = {key: judged(key) for key in ("factor_count", "four_factors")}
    return with_groups(with_baselines(judged(name), others), groups)


def compare_with_baselines(
    name: str, seen: Cohort, model: RiskModel, risks: Mapping[str, Floats]
) -> list[dict[str, Any]]:
    """Return the paired comparison with each baseline: what approval asks for. The count is itself the baseline."""
    from smartstart.risk.comparison import Risks, compare

    if model.about["kind"] == "factor_count":
        return []
    ours = Risks(name, risks[name])
    return [
        compare(ours, Risks(key, risks[key]), seen.event, seen.mother, _rng()).as_dict()
        for key in ("factor_count", "four_factors")
    ]


def attributes(seen: Cohort, stated: Model) -> dict[str, Any]:
    """Return the groups by which fairness is looked at: age, parity, where she lives, and the audit-only ones."""
    age = seen.frame["age"].to_numpy(dtype=float)
    groups = np.full(len(seen), None, dtype=object)
    for limit, words in AGE_GROUPS:
        groups[age >= limit] = words
    births = seen.frame["earlier_births"].to_numpy(dtype=float)
    found = {"age": groups, "parity": np.where(births == 0, "first birth", "later birth")}
    for name in ("part", *stated.audit_only):
        if name in seen.frame and seen.frame[name].notna().any():
            found[name] = seen.frame[name].astype(object).where(seen.frame[name].notna(), None).to_numpy()
    return found


def known_shares(seen: Cohort, model: RiskModel) -> dict[str, float]:
    """Return of how many children each predictor of the model was known, as a share."""
    from smartstart.risk.predictors import matrix

    known = matrix(seen.frame, model.predictors).notna().mean()
    return {str(name): float(share) for name, share in known.items()}


def _rng() -> np.random.Generator:
    return np.random.default_rng(SEED)
