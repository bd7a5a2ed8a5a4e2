"""TRIPOD+AI for the approved model: what its card knows of each of the 27 items, and the programme of the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smartstart.approved import champion
from smartstart.errors import StateError
from smartstart.modelling.carding import card_of
from smartstart.publishing.checklist import Answered, Asked, Checklist, State, known, open_
from smartstart.report.disclosure import released
from smartstart.report.model_card import SELECTS_NOBODY, TRIPOD
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from datetime import date

    from smartstart.programme.sections import Programme
    from smartstart.report.model_card import Card, Data
    from smartstart.workspace import Workspace

SOURCE: Final = "Collins GS, et al. TRIPOD+AI statement. BMJ 2024;385:e078378"


def tripod_of(workspace: Workspace, today: date) -> Checklist:
    """Return TRIPOD+AI for the model in use. Raises StateError when nobody approved one."""
    with workspace.open_warehouse() as warehouse:
        if champion(warehouse) is None:
            raise StateError("No model is approved in this workspace: approve one with 'smartstart model approve'.")
    card = card_of(workspace, "champion", today)
    answers = _answers(card) | _of_the_programme(workspace.programme, card)
    return Checklist(
        name="tripod-ai",
        title=f"TRIPOD+AI, the model {card.name} version {card.version}",
        source=SOURCE,
        language="en",
        rehearsal=workspace.rehearsal,
        items=tuple(
            Answered(Asked(str(number), topic.partition(":")[0], topic), *answers.get(number, open_()))
            for number, (topic, _) in TRIPOD.items()
        ),
        notes=(SELECTS_NOBODY, CAUTION, "Where an answer names a part, it is that of 'smartstart model card'."),
    )


def _answers(card: Card) -> dict[int, tuple[State, str]]:
    """Return what the card answers; an item that it only points to is answered with the part of the card."""
    outcome = f"{card.outcome}, within {card.horizon_months} months of birth"
    said = {
        1: f"A model of the risk that a child is {outcome}. {card.population}.",
        4: "It was learned and judged here; the parts 'What it was learned from' and 'How good it is'.",
        5: f"{card.training.words.capitalize()}, extracts as of {card.training.as_of}. Judged on: {card.test.words}.",
        6: f"{card.population}.",
        8: f"{outcome.capitalize()}, from the records of youth care and protection measures.",
        9: "; ".join(one.words for one in card.predictors) + ".",
        10: card.sample_size,
        11: card.missing,
        12: f"{card.kind.capitalize()}. {card.chosen_because}",
        16: f"Learned on: {card.training.words}. Judged on: {card.test.words}.",
        20: f"Learned from {_about(card.training)}; judged on {_about(card.test)}.",
        24: card.answers.get(24, ""),
        26: " ".join(card.limits),
        27: " ".join(("For:", *card.intended_use, "Not for:", *card.not_for)),
    }
    found: dict[int, tuple[State, str]] = {
        number: known(f"In the model card: {where}.") for number, (_, where) in TRIPOD.items() if where
    }
    found |= {number: known(words) for number, words in said.items() if words}
    if not said[24]:
        found[24] = ("not_applicable", "This model was not updated.")
    return found


def _of_the_programme(programme: Programme, card: Card) -> dict[int, tuple[State, str]]:
    mandate = programme.mandate
    ruling = f"Ruling: {mandate.ethics_ruling}. DPIA: {mandate.dpia}." if mandate.ethics_ruling and mandate.dpia else ""
    approved = f"The file's checksum is {card.approval.sha256}." if card.approval else ""
    return {
        17: known(ruling),
        18: open_("The code is open (EUPL-1.2). Say who paid, whose interests there are, and where the protocol is."),
        19: open_("Say how mothers and midwives had a say."),
        22: ("open", f"{approved} Say how others may get the file.".strip()),
        25: open_("The limits of the card may help; say what the results mean beside earlier models."),
    }


def _about(data: Data) -> str:
    children, events = released(data.n), released(data.events)
    if children is None:
        return "fewer children than may be told"
    return f"about {children} children, {'too few' if events is None else f'about {events}'} with the outcome"
