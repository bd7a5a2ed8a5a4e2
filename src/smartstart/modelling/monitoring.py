"""``smartstart model monitor``: are the women still like those that the model learned from, and are its risks right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from smartstart.approved import live_frame, refuse_without_predictors
from smartstart.errors import StateError
from smartstart.modelling.history import stated_model
from smartstart.modelling.judging import SEED
from smartstart.modelling.shelf import find_model
from smartstart.modelling.showing import figure_files
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    import pandas as pd

    from smartstart.programme.sections import Programme
    from smartstart.risk.drift import Followed, Quarter
    from smartstart.risk.model import RiskModel
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace


@dataclass(frozen=True)
class Watched:
    """What ``model monitor --json`` prints, the figure with its table, and sentences."""

    report: dict[str, Any]
    files: dict[str, bytes]
    notices: tuple[str, ...]


def watch(workspace: Workspace, asked: str | None) -> Watched:
    """Hold the women of the trial's quarters against those of training; never by arm."""
    from smartstart.risk.drift import Reference, monitor

    stated_model(workspace.programme)  # or there is no ground
    shelved = find_model(workspace, asked)
    about = shelved.model.about
    with workspace.open_warehouse() as warehouse:
        refuse_without_predictors(warehouse, workspace.programme)
        ids, frame = live_frame(warehouse, "s.in_trial")
        followed = _followed(warehouse, shelved.model, ids, frame, about)
    asked_for = of_age(frame, workspace.programme)
    ids, frame = ids.filter(pl.Series(asked_for)), frame[asked_for].reset_index(drop=True)
    if not len(frame):
        raise StateError("No woman of the trial is in the register yet: run a quarterly or weekly pipeline first.")
    reference = Reference.from_dict(about["reference"])
    found = monitor(reference, _quarters(ids, frame, reference), np.random.default_rng(SEED), followed).as_dict()
    report = {"model": shelved.label, **found, "caution": CAUTION}
    return Watched(report, figure_files("drift", found), shelved.notices)


def of_age(frame: pd.DataFrame, programme: Programme) -> Any:
    """Tell of each row whether she is no older than the programme asks, shape (n,); an unknown age counts as asked."""
    e = programme.eligibility
    most = e.max_age + (1 if e.max_age_inclusive else 0)  # 28 inclusive is until the day before she turns 29
    return ~(frame["age"].to_numpy(dtype=float) >= most)


def _quarters(ids: pl.DataFrame, frame: pd.DataFrame, reference: Any) -> list[Quarter]:
    """Return the women by the quarter of their index date, the oldest first."""
    from smartstart.risk.drift import Quarter
    from smartstart.risk.predictors import matrix

    names = [one.name for one in reference.predictors]
    x = matrix(frame, names)
    labels = [f"{day.year}Q{(day.month + 2) // 3}" for day in ids["index_date"]]
    quarters = []
    for label in sorted(set(labels)):
        part = x[[one == label for one in labels]]
        columns = {name: [None if np.isnan(value) else float(round(value)) for value in part[name]] for name in names}
        quarters.append(Quarter(label, columns))
    return quarters


def _followed(
    warehouse: Warehouse, model: RiskModel, ids: pl.DataFrame, frame: pd.DataFrame, about: dict[str, Any]
) -> Followed | None:
    """Return observed and expected of the trial's children who reached the horizon, both arms together."""
    from smartstart.risk.drift import Followed

    column = {"uhp": ("known", "uhp"), "ots": ("known_ots", "ots"), "either": ("known_either", "either")}[
        about["outcome"]
    ]
    rows = warehouse.rows(
        f"SELECT o.mother_id, o.number, u.{column[1]} AS event FROM register.offspring AS o"
        f" INNER JOIN register.outcome AS u ON u.child_id = o.child_id AND u.months = $months AND u.{column[0]}",
        {"months": about["horizon_months"]},
    )
    risk = dict(zip(zip(ids["person_id"], ids["number"], strict=True), model.risk(frame), strict=True))
    seen = [
        (row["event"], risk[row["mother_id"], row["number"]])
        for row in rows
        if (row["mother_id"], row["number"]) in risk
    ]
    if not seen:
        return None
    return Followed(len(seen), sum(event for event, _ in seen), float(sum(one for _, one in seen)))
