"""What the analysis reads of a trial: every woman drawn, her arm, her outcomes, and the scheme that drew her."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from datetime import date
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart import bookkeeping
from smartstart.errors import StateError
from smartstart.flow import care_of, participants
from smartstart.register.build import select_of
from smartstart.trial.allocation import Sequence, blind_order
from smartstart.trial.analysis.redraws import Redraws, joined, scheme
from smartstart.trial.design import design_from
from smartstart.trial.flow import analysis_set
from smartstart.trial.simulation import Woman

if TYPE_CHECKING:
    from smartstart.bookkeeping import DrawKeys
    from smartstart.programme.sections import Programme
    from smartstart.trial.design import Design
    from smartstart.trial.flow import AnalysisSet, Participant
    from smartstart.trial.ledger import Ledger
    from smartstart.trial.uptake import Care
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """One woman drawn by chance whose data may be used: where she stands in the draw, and what is known of her.

    ``place`` is hers in the order of all draws. ``stratum`` is her cell, epochs apart; ``cluster`` her household, or
    herself. ``outcomes`` has a row by months; ``scales`` the answers by dimension, each a row with moment, filled_on,
    score, born_on and at_draw. ``log_odds`` is the approved model's, None where there is none.
    """

    place: int
    arm: str
    stratum: str
    cluster: str
    risk_band: str
    practice: str
    analysed: AnalysisSet
    told: Participant
    care: Care
    outcomes: Mapping[int, Row]
    scales: Mapping[str, list[Row]]
    log_odds: float | None


@dataclass(frozen=True)
class TrialData:
    """Everything that the analysis looks at.

    ``compared`` are the arms, the treated one first; until the trial is unblinded their order is by a keyed code, and
    ``labels`` are X and Y. ``seen`` is everybody ever seen in the trial, ``women`` who was drawn of them and may be
    analysed; ``excluded`` counts by arm and reason whose data may not be used.
    """

    as_of: date
    ledger: Ledger
    compared: tuple[str, str]
    labels: tuple[str, str]
    seen: tuple[Participant, ...]
    women: tuple[Drawn, ...]
    excluded: Mapping[str, Mapping[str, int]]
    redraws: Redraws

    @property
    def named(self) -> bool:
        """Tell whether the arms have their names: after unblinding, and for the reader of a look."""
        return self.labels == self.compared

    def scheme_of(self, women: Many[Drawn]) -> Redraws:
        """Return the re-draws of some of the women, by the scheme that drew all of them."""
        places = np.array([woman.place for woman in women], dtype=np.int64)
        return replace(self.redraws, follows=self.redraws.follows[places])


def read_trial(workspace: Workspace, *, for_reader: bool = False) -> TrialData:
    """Open the warehouse and read what was drawn and what came of it. Raises StateError before the first draw."""
    with workspace.open_warehouse() as warehouse:
        return trial_data(workspace, warehouse, for_reader=for_reader)


def trial_data(workspace: Workspace, warehouse: Warehouse, *, for_reader: bool = False) -> TrialData:
    """Return what was drawn and what came of it, as of the last run; ``for_reader`` names the arms, also when blinded.

    Raises StateError before the first draw.
    """
    bookkeeping.refuse_foreign_ledger(workspace, warehouse)
    ledger = bookkeeping.read_ledger(warehouse)
    if not ledger.arms:
        raise StateError("Nobody was drawn yet, so there is nothing to compare: run the first draw.")
    return _read(workspace, warehouse, ledger, for_reader=for_reader)


def _read(workspace: Workspace, warehouse: Warehouse, ledger: Ledger, *, for_reader: bool) -> TrialData:
    programme = workspace.programme
    keys = bookkeeping.draw_keys(workspace)
    named = for_reader or ledger.unblinded is not None
    compared, labels = _compared(programme, keys, named=named)
    given = care_of(warehouse)
    seen = participants(warehouse, given)
    told = {one.research_id: one for one in seen}
    as_of: date = warehouse.rows("SELECT as_of FROM run ORDER BY sequence DESC LIMIT 1")[0]["as_of"]
    outcomes = {months: _outcomes(warehouse, months) for months in programme.outcome.horizons_months}
    scales = _scales(warehouse)
    odds = _log_odds(warehouse) if programme.score and programme.score.kind == "model" else {}
    places, redraws = _scheme(ledger, keys, compared)
    women, excluded = [], {arm: Counter[str]() for arm in compared}
    for row in warehouse.rows("FROM allocation ORDER BY token"):
        she = analysis_set(told[row["research_id"]])
        if she is None or row["arm"] not in excluded:
            continue  # nobody drew her by chance, or she is in an arm that is not compared
        if "intention_to_treat" not in she.populations:
            excluded[row["arm"]][she.reason or "excluded"] += 1
            continue
        women.append(
            Drawn(
                place=places[row["token"]],
                arm=row["arm"],
                stratum=f"{row['epoch']} {row['stratum']}",
                cluster=row["cluster"] or row["token"],
                risk_band=row["risk_band"],
                practice=row["practice"],
                analysed=she,
                told=told[row["research_id"]],
                care=given[row["research_id"]],
                outcomes={months: found[row["research_id"]] for months, found in outcomes.items()},
                scales=scales[row["research_id"]],
                log_odds=odds.get(row["research_id"]),
            )
        )
    women.sort(key=lambda woman: woman.place)
    return TrialData(as_of, ledger, compared, labels, tuple(seen), tuple(women), excluded, redraws)


def _compared(programme: Programme, keys: DrawKeys, *, named: bool) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return the two arms in the order in which they are compared, and what they are called."""
    trial = programme.trial
    first, second = trial.arms[:2]
    if named:
        return (first, second), (first, second)
    is_first = blind_order(keys.tokens, trial.trial_id)
    return ((first, second) if is_first else (second, first)), ("X", "Y")


def _outcomes(warehouse: Warehouse, months: int) -> dict[str, Row]:
    return {row["research_id"]: row for row in warehouse.rows(select_of("drawn_outcome"), {"months": months})}


def _scales(warehouse: Warehouse) -> defaultdict[str, dict[str, list[Row]]]:
    found: defaultdict[str, dict[str, list[Row]]] = defaultdict(dict)
    for row in warehouse.rows(select_of("drawn_scale")):
        found[row["research_id"]].setdefault(row["dimension"], []).append(row)
    return found


def _log_odds(warehouse: Warehouse) -> dict[str, float]:
    """Return the model's log odds of the pregnancy that each woman was drawn with."""
    rows = warehouse.rows(
        "SELECT a.research_id, s.risk FROM allocation AS a"
        " INNER JOIN register.pregnancy AS p ON p.person_id = a.research_id AND p.index_date = a.index_date"
        " INNER JOIN register.score AS s ON s.person_id = p.person_id AND s.number = p.number"
        " WHERE s.risk > 0 AND s.risk < 1"
    )
    return {row["research_id"]: log(row["risk"] / (1 - row["risk"])) for row in rows}


def _scheme(ledger: Ledger, keys: DrawKeys, compared: tuple[str, str]) -> tuple[dict[str, int], Redraws]:
    """Return each woman's place in the order of the draws, and what can have been drawn, epoch by epoch.

    Codes stand for strata, levels and households, which is all that the scheme looks at. A woman whose household was
    drawn in an earlier epoch follows it.
    """
    places: dict[str, int] = {}
    first_of: dict[str, int] = {}  # by household: the place among all that were drawn anew
    parts: list[Redraws] = []
    anew: list[int] = []  # by woman: whom she follows among these
    number, swapped = 0, False
    for design, units, arms in _epochs(ledger, keys):
        known = set(first_of)
        fresh = [u for u in units if u["cluster"] not in known]
        cells: dict[str, int] = {}
        women = [Woman(cells.setdefault(u["stratum"], len(cells)), tuple(u["levels"]), u["cluster"]) for u in fresh]
        drawn = [design.arms.index(arms[u["token"]]) for u in fresh]
        first, second = sorted(design.arms.index(arm) for arm in compared)
        swapped = design.arms.index(compared[0]) == second
        if fresh:
            parts.append(scheme(design, women, compared=(first, second), drawn=drawn))
        for unit in units:
            places[unit["token"]] = len(places)
            if unit["cluster"] in known:
                anew.append(first_of[unit["cluster"]])
                continue
            anew.append(number)
            if unit["cluster"]:
                first_of.setdefault(unit["cluster"], number)
            number += 1
    drawn_anew = joined(parts)
    follows = drawn_anew.follows[np.array(anew, dtype=np.int64)]
    return places, replace(drawn_anew, follows=follows, swapped=swapped)


def _epochs(ledger: Ledger, keys: DrawKeys) -> list[tuple[Design, list[Row], dict[str, str]]]:
    """Return each epoch in which somebody was drawn by chance: its design, its women as drawn in turn, their arms."""
    found: list[tuple[Design, list[Row], dict[str, str]]] = []
    frozen: dict[str, list[Row]] = {}
    sequence: Sequence | None = None
    for entry in ledger.entries:
        body = entry.body
        if entry.kind in {"genesis", "epoch"}:
            design = design_from(body["design"])
            sequence = Sequence(design, keys.committed(body["key_commitment"]), body["epoch"])
            found.append((design, [], {}))
        elif entry.kind == "freeze":
            frozen[body["batch"]] = body["units"]
        elif entry.kind == "draw" and sequence:
            units = {unit["token"]: unit for unit in frozen[body["batch"]]}
            found[-1][1].extend(units[token] for token in sequence.order(body["batch"], body["nonce"], units))
            found[-1][2].update({row["token"]: row["arm"] for row in body["allocations"]})
    return [epoch for epoch in found if epoch[1] and epoch[0].method != "everyone"]
