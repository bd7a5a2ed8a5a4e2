"""``smartstart model adapt``: train national, apply local; intercept, then slope, and only if the data ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.experiments import Column, ModelVersion, TrainingRecord, judge_name, open_store
from smartstart.modelling.history import History, Source, read_history, stated_model
from smartstart.modelling.judging import compare_with_baselines, judge
from smartstart.modelling.shelf import Shelved, find_model
from smartstart.modelling.showing import files_of, shareable
from smartstart.report.disclosure import released
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from smartstart.programme.sections import Model
    from smartstart.risk.cohort import Cohort, Floats
    from smartstart.risk.recalibration import Recalibration
    from smartstart.workspace import Workspace

FOLDS = 5  # of mothers: each is judged by what the others' children asked for


@dataclass(frozen=True)
class _Adapted:
    """A borrowed model on local extracts: what they ask to change, and how it is judged with that change."""

    borrowed: Shelved
    history: History
    title: str
    seen: Cohort
    change: Recalibration
    before: dict[str, Any]
    judged: dict[str, Any]

    @property
    def made_up(self) -> bool:
        """Whether the people behind either of both were made up."""
        return bool(self.borrowed.model.about["made_up"] or self.history.made_up)

    def summary(self) -> dict[str, Any]:
        """Return from which model, on what, and what was changed; counts are exact."""
        return {
            "from_model": self.borrowed.label,
            "from_sha256": self.borrowed.sha256,
            "as_of": self.history.as_of.isoformat(),
            "fingerprint": self.history.fingerprint,
            "n": len(self.seen),
            "events": int(self.seen.event.sum()),
            **asdict(self.change),
        }


def adapt(
    workspace: Workspace,
    source: Source,
    asked: str | None,
    name: str | None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Recalibrate a borrowed model on local extracts, register it as challenger and return what was changed."""
    stated = stated_model(workspace.programme)
    if name:
        judge_name(name)
    tell("opening the model")
    borrowed = find_model(workspace, asked)
    tell("reading the extracts")
    taught = borrowed.model.about
    history = read_history(workspace, source, taught["horizon_months"], taught["outcome"])
    tell("recalibrating")
    adapted = _adapted(borrowed, history, name or f"{taught['name']}-local", stated)
    kept: dict[str, Any] = {"model": borrowed.label, "alias": None, "sha256": borrowed.sha256}
    if adapted.change.choice != "none":
        tell("recording")
        version = _record(workspace, adapted)
        kept = {"model": version.label, "alias": "challenger", "sha256": version.sha256}
    return {
        **kept,
        "made_up": adapted.made_up,
        **adapted.summary(),
        "before": adapted.before["observed_expected"],
        "after": adapted.judged["observed_expected"],
        "notices": [*borrowed.notices, *history.notices],
        "caution": CAUTION,
    }


def _adapted(borrowed: Shelved, history: History, title: str, stated: Model) -> _Adapted:
    from smartstart.risk.recalibration import recalibrate

    model, seen = borrowed.model, history.cohort.judged()
    as_borrowed = model.risk(seen.frame)
    change = recalibrate(seen.event, as_borrowed)
    risks = {title: _held_out(seen, as_borrowed)}  # the baselines may adapt as well, or it wins unfairly
    risks |= {key: _held_out(seen, risk) for key, risk in model.baseline_risks(seen).items()}
    before = judge(borrowed.label, seen, model, stated).as_dict()
    judged = judge(title, seen, model, stated, risks).as_dict()
    judged["comparisons"] = compare_with_baselines(title, seen, model, risks)
    return _Adapted(borrowed, history, title, seen, change, before, judged)


def _record(workspace: Workspace, adapted: _Adapted) -> ModelVersion:
    """Register the recalibrated model as challenger, with counts that may be shown."""
    from smartstart.risk.artefact import to_bytes
    from smartstart.risk.model import RiskModel

    borrowed, change, history = adapted.borrowed.model, adapted.change, adapted.history
    counts = {"n": released(len(adapted.seen)), "events": released(int(adapted.seen.event.sum()))}
    about = borrowed.about | {
        "name": adapted.title,
        "municipality": workspace.programme.municipality.name,
        "made_up": adapted.made_up,
        "held_out": shareable(adapted.judged),
        "adapted_on": [*borrowed.about["adapted_on"], history.fingerprint],
        "adapted": adapted.summary() | counts,
    }
    both = (change.intercept + change.slope * borrowed.intercept, change.slope * borrowed.slope)
    model = RiskModel(borrowed.fitted, borrowed.factor_count, borrowed.four_factors, about, both)
    record = TrainingRecord(
        model=to_bytes(model),
        columns=tuple(Column(predictor, "double") for predictor in model.predictors),
        outcome=about["outcome"],
        horizon_months=about["horizon_months"],
        made_up=about["made_up"],
        data_fingerprint=history.fingerprint,
        contract_versions=history.contracts,
        parameters={"kind": about["kind"], "choice": change.choice, "from_sha256": adapted.borrowed.sha256},
        evaluation=shareable(adapted.judged),
        artifacts=files_of(adapted.judged),
    )
    return open_store(workspace.folder).record(adapted.title, record)


def _held_out(seen: Cohort, risk: Floats) -> Floats:
    """Return each child's risk after a recalibration that did not look at its mother."""
    from smartstart.risk.learning import fold_of
    from smartstart.risk.recalibration import apply, recalibrate

    fold = fold_of(seen.mother, FOLDS)
    moved = np.empty(len(risk))
    for one in range(FOLDS):
        apart = fold == one
        moved[apart] = apply(recalibrate(seen.event[~apart], risk[~apart]), risk[apart])
    return moved
