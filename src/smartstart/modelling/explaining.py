"""``smartstart model explain``: what moved the risk of one pregnancy, for an authorised person; it is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartstart.approved import live_frame, refuse_without_predictors
from smartstart.errors import UsageError
from smartstart.modelling.history import stated_model
from smartstart.modelling.shelf import find_model
from smartstart.recording import find_person
from smartstart.risk.factor_count import CAUTION
from smartstart.statements import judge_statement

if TYPE_CHECKING:
    from smartstart.workspace import Workspace

EXACT = "All effects together, also those too small to tell, make up her difference from a typical woman."
COUNTED = "It goes by how many of the four factors are present; none has an effect of its own."
NOT_EXACT = "Each effect is of changing one thing at a time; together they need not add up."


def explain(
    workspace: Workspace, whom: str, asked: str | None, owner: str, reason: str, recorded_at: str
) -> dict[str, Any]:
    """Return the few factors that moved the risk of a woman's latest pregnancy, and record who asked.

    ``whom`` is a BSN, or an AGB code and a client number. Raises UsageError when it fits nobody with a pregnancy.
    """
    from smartstart.risk.explaining import effects, the_few

    judge_statement("--owner", owner)
    judge_statement("--reason", reason)
    stated_model(workspace.programme)
    shelved = find_model(workspace, asked)
    model, about = shelved.model, shelved.model.about
    with workspace.open() as (warehouse, vault):
        refuse_without_predictors(warehouse, workspace.programme)
        person = find_person(warehouse, vault, whom)
        ids, frame = live_frame(warehouse)
        places = [place for place, one in enumerate(ids["person_id"]) if one == person]
        if not places:
            raise UsageError(
                "No pregnancy of hers is in the register: check the number, or load her questionnaire first."
            )
        row = frame.iloc[[places[-1]]]
        found = the_few(effects(model, row, about["typical"])) if about["predictors"] else []
        entry = {
            "research_id": person,
            "model": shelved.sha256,
            "owner": owner,
            "reason": reason,
            "recorded_at": recorded_at,
        }
        with warehouse.transaction():
            warehouse.insert_rows("explanation", [entry])
    return {
        "model": shelved.label,
        "horizon_months": about["horizon_months"],
        "risk": round(float(model.risk(row)[0]), 3),
        "average_risk": about["base_rate"],
        "known": int(model.known(row)[0]),
        "of": model.asked,
        "factors": [
            {
                "predictor": one.predictor,
                "words": one.words,
                "effect": one.direction,
                "odds_ratio": round(one.odds_ratio, 2),
            }
            for one in found
        ],
        "exact": model.adds_up,
        "how": COUNTED if not model.predictors else EXACT if model.adds_up else NOT_EXACT,
        "caution": CAUTION,
        "notices": list(shelved.notices),
    }
