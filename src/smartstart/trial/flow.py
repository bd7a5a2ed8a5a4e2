"""The flow of participants, in CONSORT's words: each woman ever seen is in exactly one box.

Before the draw the boxes say why she was not drawn. After it they say in which analyses of her arm she counts.
(Schulz, Altman, Moher: CONSORT 2010 statement, the flow diagram; Hopewell et al., CONSORT 2025.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from smartstart.trial.events import EVENTS

if TYPE_CHECKING:
    from datetime import date

    from smartstart.trial.eligibility import Verdict

OFFER: Final = "offer"  # the arm in which accepting is following the protocol; in any other it is a crossover

Population = Literal["intention_to_treat", "per_protocol", "blinded_assessment"]
Stage = Literal[
    "erased", "frozen_not_drawn", "waiting", "offered_without_draw", "not_eligible", "uncertain",
    "excluded_after_allocation", "not_per_protocol", "per_protocol",
]  # fmt: skip
NOT_DRAWN: Final = ("not_eligible", "uncertain", "waiting", "frozen_not_drawn", "offered_without_draw", "erased")

# Why a woman's data may not be used after the draw, in the order in which one reason is given.
EXCLUSIONS: Final = (
    "erased",
    *dict.fromkeys(rule.fact for rule in EVENTS if rule.analysis == "excluded" and rule.fact),
    "consent_missing",
)
# Why there is no answer to an invitation, before "no answer" itself.
_NO_ANSWER_BECAUSE: Final = ("deceased", "pregnancy_ended", "moved_away")
# What is told of a woman who was not drawn yet, and goes before what was decided then.
_TOLD_SINCE: Final = (
    "deceased", "pregnancy_ended", "objected", "consent_withdrawn", "moved_away", "consent_missing",
)  # fmt: skip


@dataclass(frozen=True)
class Participant:
    """What the flow needs to know of one woman.

    ``verdict`` and ``why`` are the last decision on her, None before the first. ``frozen``: her batch is frozen and not
    drawn yet. ``past``: her due date has passed, so she waits no longer. ``arm`` is None when she has none;
    ``by_chance`` is false when she was given the offer with everyone, in the epoch after the trial was closed: chance
    did not choose, so she counts in no comparison. ``facts`` are the facts of ``trial.events`` that hold of her now,
    and ``consent_missing``. An answer to the invitation is the day on which it was last told. ``helped`` tells whether
    the log has a contact of the offer with her, None where no log was delivered.
    """

    research_id: str
    verdict: Verdict | None = None
    why: str | None = None
    frozen: bool = False
    past: bool = False
    arm: str | None = None
    by_chance: bool = True
    epoch: int = 1
    erased: bool = False
    facts: frozenset[str] = frozenset()
    accepted_on: date | None = None
    declined_on: date | None = None
    not_reached_on: date | None = None
    helped: bool | None = None


@dataclass(frozen=True)
class AnalysisSet:
    """In which analyses a drawn woman counts; ``reason`` says why not in all of them.

    ``intention_to_treat``: everybody drawn whose data may be used. ``per_protocol``: who took up the offer, and in the
    arm without it who was not given it; by the support workers' log where there is one, else by the answer.
    ``blinded_assessment``: a sensitivity analysis without the women whose outcome assessor knew the arm.
    """

    research_id: str
    arm: str
    epoch: int
    populations: frozenset[Population]
    reason: str | None


@dataclass(frozen=True)
class Box:
    """One box: the stage, its reason, and after the draw the epoch and arm."""

    stage: Stage
    reason: str | None = None
    epoch: int | None = None
    arm: str | None = None


@dataclass(frozen=True)
class Count:
    """How many women are in a box of one stage, for one reason."""

    stage: Stage
    reason: str | None
    women: int


@dataclass(frozen=True)
class ArmFlow:
    """One arm in one epoch: allocated = excluded + intention to treat, which is per protocol + not per protocol."""

    epoch: int
    arm: str
    allocated: int
    excluded: tuple[Count, ...]
    intention_to_treat: int
    per_protocol: int
    not_per_protocol: tuple[Count, ...]
    blinded_assessment: int


@dataclass(frozen=True)
class Flow:
    """All women: seen = not drawn + drawn, and drawn is the sum of what the arms were allocated."""

    seen: int
    not_drawn: tuple[Count, ...]
    drawn: int
    arms: tuple[ArmFlow, ...]


def box_of(woman: Participant) -> Box:
    """Return the one box of a woman."""
    drawn = analysis_set(woman)
    if drawn is None:
        return _box_before_the_draw(woman)
    if "intention_to_treat" not in drawn.populations:
        return Box("excluded_after_allocation", drawn.reason, drawn.epoch, drawn.arm)
    if "per_protocol" not in drawn.populations:
        return Box("not_per_protocol", drawn.reason, drawn.epoch, drawn.arm)
    return Box("per_protocol", None, drawn.epoch, drawn.arm)


def analysis_set(woman: Participant) -> AnalysisSet | None:
    """Return in which analyses a woman counts, or None when chance gave her no arm."""
    if woman.arm is None or not woman.by_chance:
        return None
    held = woman.facts | ({"erased"} if woman.erased else set())
    excluded = next((reason for reason in EXCLUSIONS if reason in held), None)
    if excluded:
        return AnalysisSet(woman.research_id, woman.arm, woman.epoch, frozenset(), excluded)
    populations: set[Population] = {"intention_to_treat"}
    departure = _departure(woman)
    if departure is None:
        populations.add("per_protocol")
    if "unblinded" not in woman.facts:
        populations.add("blinded_assessment")
    reason = departure or ("unblinded" if "unblinded" in woman.facts else None)
    return AnalysisSet(woman.research_id, woman.arm, woman.epoch, frozenset(populations), reason)


def flow_of(women: Iterable[Participant], arms: Sequence[str]) -> Flow:
    """Count the boxes; every one of ``arms`` is shown in every epoch, also when it is empty."""
    women = list(women)
    boxes = Counter(box_of(woman) for woman in women)
    drawn = [made for woman in women if (made := analysis_set(woman))]
    blinded = Counter((made.epoch, made.arm) for made in drawn if "blinded_assessment" in made.populations)
    named = [*arms, *sorted({made.arm for made in drawn} - {*arms})]
    epochs = sorted({made.epoch for made in drawn})
    return Flow(
        seen=len(women),
        not_drawn=_counts(boxes, NOT_DRAWN),
        drawn=len(drawn),
        arms=tuple(_arm_flow(boxes, epoch, arm, blinded[epoch, arm]) for epoch in epochs for arm in named),
    )


def _box_before_the_draw(woman: Participant) -> Box:
    told = next((fact for fact in _TOLD_SINCE if fact in woman.facts), None)
    if woman.erased:
        return Box("erased")
    if woman.arm:
        return Box("offered_without_draw")
    if woman.frozen:  # she is drawn with her batch, whatever was told since
        return Box("frozen_not_drawn")
    if told:
        return Box("not_eligible", told)
    if woman.past:
        return Box("not_eligible", "gestation_too_late")
    if woman.verdict is None or woman.verdict == "eligible":
        return Box("waiting", None if woman.why == "eligible" else woman.why)
    return Box(woman.verdict, woman.why)


def _departure(woman: Participant) -> str | None:
    """Return how a woman's care departed from the protocol of her arm, or None when it did not.

    Who accepted the offer without being drawn for it was helped outside her arm. Where a log was delivered, being
    helped is what counts, and a yes that led to no contact is a departure too; a no always is. Where there is no
    answer, what happened to her says why.
    """
    answer = answer_of(woman)
    if woman.arm != OFFER:
        return "crossover" if "crossover" in woman.facts or answer == "accepted" or woman.helped else None
    if answer == "declined":
        return answer
    if woman.helped or (woman.helped is None and answer == "accepted"):
        return None
    if answer == "accepted":
        return "no_contact"
    return next((fact for fact in _NO_ANSWER_BECAUSE if fact in woman.facts), answer)


def answer_of(woman: Participant) -> str:
    """Return the latest answer to the invitation; of a yes and a no on one day the no counts."""
    if woman.declined_on and not (woman.accepted_on and woman.accepted_on > woman.declined_on):
        return "declined"
    if woman.accepted_on:
        return "accepted"
    return "not_reached" if woman.not_reached_on else "no_answer"


def _arm_flow(boxes: Counter[Box], epoch: int, arm: str, blinded: int) -> ArmFlow:
    here = Counter({box: n for box, n in boxes.items() if (box.epoch, box.arm) == (epoch, arm)})
    excluded = _counts(here, ("excluded_after_allocation",))
    departed = _counts(here, ("not_per_protocol",))
    followed = sum(n for box, n in here.items() if box.stage == "per_protocol")
    return ArmFlow(
        epoch=epoch,
        arm=arm,
        allocated=here.total(),
        excluded=excluded,
        intention_to_treat=followed + sum(count.women for count in departed),
        per_protocol=followed,
        not_per_protocol=departed,
        blinded_assessment=blinded,
    )


def _counts(boxes: Counter[Box], stages: Sequence[Stage]) -> tuple[Count, ...]:
    found = Counter({(box.stage, box.reason): 0 for box in boxes})
    for box, women in boxes.items():
        found[box.stage, box.reason] += women
    chosen = sorted((key for key in found if key[0] in stages), key=lambda key: (stages.index(key[0]), key[1] or ""))
    return tuple(Count(stage, reason, found[stage, reason]) for stage, reason in chosen)
