"""``smartstart model card``: all that is known of a model on one page, for whoever must answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from smartstart.approved import champion
from smartstart.modelling.shelf import find_model, later_evaluations

if TYPE_CHECKING:
    from smartstart.report.model_card import Candidate, Card, Data
    from smartstart.workspace import Workspace

OUTCOMES = {
    "uhp": "placed without its mother",
    "ots": "under a supervision order",
    "either": "placed without its mother, or under a supervision order",
}
KINDS = {
    "logistic": "penalised logistic regression in discrete time, with splines of age",
    "boosting": "gradient boosting that keeps to the known directions",
    "scorecard": "a scorecard of whole points, from a penalised logistic regression",
    "factor_count": "the count of the pilot's four factors",
}
USES = (
    "To form the risk bands that the draw is stratified by.",
    "To make the comparison of the two arms more precise.",
    "To notice when the women who come change.",
)
NOT_FOR = (
    "To decide who may join, who is invited, or who gets help.",
    "To judge a woman or a family; it knows a few facts and no person.",
    "Outside the municipality's programme, or for another outcome or horizon.",
)
MISSING = (
    "What is not known is filled in with what was usual in training, and every score says how many predictors were "
    "known; the gap itself teaches nothing, except of predictors that the programme declares to be missing alike."
)
LIMITS = (
    "Placements are rare: even at the highest risks most children stay with their mother.",
    "Children who moved away are followed until then only, and a move may have to do with trouble.",
    "A placement is a decision of people; the model learns from those decisions, also where they were unfair.",
)


def card_of(workspace: Workspace, asked: str | None, today: date) -> Card:
    """Return the card of a model, filled. Raises UsageError or StateError as opening a model does."""
    shelved = find_model(workspace, asked)
    with workspace.open_warehouse() as warehouse:
        later = next(iter(later_evaluations(warehouse, shelved)), None)
        row = champion(warehouse)
    approved = row if row and row["sha256"] == shelved.sha256 else None
    return fill_card(shelved.model.about, shelved.label.rpartition("/")[2], today, later, approved)


def fill_card(
    about: Mapping[str, Any],
    version: str,
    today: date,
    later: Mapping[str, Any] | None = None,
    approved: Mapping[str, Any] | None = None,
) -> Card:
    """Return the card from what a model says of itself, its last evaluation on other extracts, and its approval."""
    from smartstart.report.model_card import Approval, Card, Predictor
    from smartstart.risk.predictors import PREDICTORS

    known = (later or {}).get("known_predictors", {})
    return Card(
        name=about["name"],
        version=version,
        made_on=today.isoformat(),
        municipality=about["municipality"],
        outcome=OUTCOMES[about["outcome"]],
        horizon_months=about["horizon_months"],
        population=f"Pregnancies with a questionnaire; births from {about['births'][0]} to {about['births'][1]}",
        intended_use=USES,
        not_for=NOT_FOR,
        made_up=about["made_up"],
        training=_training(about),
        test=_test(about, later),
        predictors=tuple(
            Predictor(name, PREDICTORS[name].words, about["known"][name], known.get(name))
            for name in about["predictors"]
        ),
        kind=KINDS[about["kind"]],
        missing=MISSING,
        sample_size=_sample_size(about),
        candidates=_candidates(about),
        chosen_because=_because(about),
        evaluation=later or about["held_out"],
        instability=tuple(about["stability"]["instability"]),
        learning_curve=tuple(about["stability"]["learning"]),
        limits=(*LIMITS, *_own_limits(about)),
        answers={24: _update(about)} if about["adapted"] else {},
        approval=Approval(
            approved["owner"], approved["approved_on"].isoformat(), approved["sha256"], approved["reason"]
        )
        if approved
        else None,
    )


def _sample_size(about: Mapping[str, Any]) -> str:
    """Return what the check before training said, without its counts, which the card rounds."""
    if about["enough_events"]:
        return "Enough children for this many predictors, by the criteria of Riley et al. (2020)."
    return (
        "Fewer children with the outcome than Riley et al. (2020) ask for this many predictors, so the effects are "
        "penalised and the risks less sure."
    )


def _training(about: Mapping[str, Any]) -> Data:
    from smartstart.report.model_card import Data

    words = f"births from {about['births'][0]} to {about['births'][1]} in the register"
    return Data(words, about["as_of"], about["n"] or 0, about["events"] or 0, about["fingerprint"])


def _test(about: Mapping[str, Any], later: Mapping[str, Any] | None) -> Data:
    """Return what it was judged on: later extracts, or the newest years of its own."""
    from smartstart.report.model_card import Data

    if later:
        return Data(
            "other extracts than it was learned from", later["as_of"], later["n"], later["events"], later["fingerprint"]
        )
    judged = about["held_out"]
    then = "known before" if about["ahead_in_time"] else "known of earlier births"
    words = f"the newest births of the register, each predicted from what was {then}, by models without its mother"
    return Data(words, about["as_of"], judged["n"] or 0, judged["events"] or 0, about["fingerprint"])


def _candidates(about: Mapping[str, Any]) -> tuple[Candidate, ...]:
    from smartstart.report.model_card import Candidate

    return tuple(
        Candidate(
            one["candidate"],
            one["auroc"],
            one["brier"],
            chosen=one["kind"] == about["kind"] and one["settings"] == about["settings"],
        )
        for one in about.get("tuning", ())
    )


def _because(about: Mapping[str, Any]) -> str:
    if about["kind"] == "factor_count":
        return "Too few placements to learn from: the plain count stands."
    return (
        "By log loss ahead in time; a model whose effects add up is kept unless another is better by more than a "
        "standard error."
    )


def _update(about: Mapping[str, Any]) -> str:
    adapted = about["adapted"]
    return f"Recalibrated on local extracts of {adapted['as_of']}: {adapted['choice']} changed; predictors as they were"


def _own_limits(about: Mapping[str, Any]) -> tuple[str, ...]:
    left = about["left_out"]
    return (f"Left out, since they were seldom known in training: {', '.join(left)}.",) if left else ()
