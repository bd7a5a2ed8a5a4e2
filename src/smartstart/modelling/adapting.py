"""``smartstart model adapt``: train national, apply local; intercept, then slope, and only if the data ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.experiments import Column, TrainingRecord, judge_name, open_store
from smartstart.modelling.history import read_history, stated_model
from smartstart.modelling.judging import compare_with_baselines, judge
from smartstart.modelling.shelf import find_model
from smartstart.modelling.showing import files_of, shareable
from smartstart.report.disclosure import released
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from smartstart.risk.cohort import Cohort, Floats
    from smartstart.workspace import Workspace

FOLDS = 5  # of mothers: each is judged by what the others' children asked for


def adapt(
    workspace: Workspace,
    extracts: Path,
    asked: str | None,
    as_of: date | None,
    name: str | None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Recalibrate a borrowed model on local extracts, register it as challenger and return what was changed."""
    from smartstart.risk.artefact import to_bytes
    from smartstart.risk.model import RiskModel
    from smartstart.risk.recalibration import recalibrate

    stated = stated_model(workspace.programme)
    if name:
        judge_name(name)
    tell("opening the model")
    shelved = find_model(workspace, asked)
    tell("reading the extracts")
    taught = shelved.model.about
    history = read_history(workspace, extracts, as_of, taught["horizon_months"], taught["outcome"])
    seen = history.cohort.judged()
    borrowed = shelved.model
    tell("recalibrating")
    change = recalibrate(seen.event, borrowed.risk(seen.frame))
    title = name or f"{borrowed.about['name']}-local"
    risks = {title: _held_out(seen, borrowed.risk(seen.frame))}  # the baselines may adapt as well, or it wins unfairly
    risks |= {key: _held_out(seen, risk) for key, risk in borrowed.baseline_risks(seen).items()}
    judged = judge(title, seen, borrowed, stated, risks).as_dict()
    judged["comparisons"] = compare_with_baselines(title, seen, borrowed, risks)
    adapted = {
        "from_model": shelved.label,
        "from_sha256": shelved.sha256,
        "as_of": history.as_of.isoformat(),
        "fingerprint": history.fingerprint,
        "n": len(seen),
        "events": int(seen.event.sum()),
        **asdict(change),
    }
    report = {
        **adapted,
        "before": judge(shelved.label, seen, borrowed, stated).as_dict()["observed_expected"],
        "after": judged["observed_expected"],
        "notices": [*shelved.notices, *history.notices],
        "caution": CAUTION,
    }
    if change.choice == "none":
        made_up = borrowed.about["made_up"] or history.made_up
        return {"model": shelved.label, "alias": None, "sha256": shelved.sha256, "made_up": made_up, **report}
    about = borrowed.about | {
        "name": title,
        "municipality": workspace.programme.municipality.name,
        "made_up": borrowed.about["made_up"] or history.made_up,
        "held_out": shareable(judged),
        "adapted_on": [*borrowed.about["adapted_on"], history.fingerprint],
        "adapted": adapted | {"n": released(len(seen)), "events": released(int(seen.event.sum()))},
    }
    both = (change.intercept + change.slope * borrowed.intercept, change.slope * borrowed.slope)
    model = RiskModel(borrowed.fitted, borrowed.factor_count, borrowed.four_factors, about, both)
    tell("recording")
    version = open_store(workspace.folder).record(
        title,
        TrainingRecord(
            model=to_bytes(model),
            columns=tuple(Column(predictor, "double") for predictor in model.predictors),
            outcome=about["outcome"],
            horizon_months=about["horizon_months"],
            made_up=about["made_up"],
            data_fingerprint=history.fingerprint,
            contract_versions=history.contracts,
            parameters={"kind": about["kind"], "choice": change.choice, "from_sha256": shelved.sha256},
            evaluation=shareable(judged),
            artifacts=files_of(judged),
        ),
    )
    return {
        "model": version.label,
        "alias": "challenger",
        "sha256": version.sha256,
        "made_up": about["made_up"],
        **report,
    }


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
