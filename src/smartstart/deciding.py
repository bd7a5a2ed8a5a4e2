"""Who may be drawn now: every candidate of the register gets a verdict with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from smartstart.calendar import GESTATION_DIVIDES_AT, weeks_pregnant
from smartstart.designing import rule_of
from smartstart.programme.sections import Programme
from smartstart.trial.eligibility import AFTER_CLOSING, WAITING, Facts, Verdict, decide

if TYPE_CHECKING:
    from smartstart.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Decided:
    """A woman, what the eligibility rule said of her, and what a stratum may be made of.

    ``factors`` has her value of everything that a design may stratify or minimise by. ``later`` marks a woman of
    the control arm whose later pregnancy falls in the time in which everyone is offered.
    """

    research_id: str
    verdict: Verdict
    reason: str
    practice: str
    index_date: date
    due_date: date
    factors: dict[str, str]
    later: bool = False


def decide_candidates(
    warehouse: Warehouse, programme: Programme, as_of: date, *, everyone: bool = False
) -> list[Decided]:
    """Apply the eligibility rule to every candidate of the register; ``everyone`` once the trial was closed.

    A woman of an earlier delivery is looked at again until she is drawn; she is told of only when something may
    come of it, so that the counts of a period are those of its own questionnaires.
    """
    rule = rule_of(programme)
    frame = warehouse.frame(
        "SELECT c.*, s.risk_band FROM register.candidate AS c "
        "LEFT JOIN register.score AS s ON s.person_id = c.person_id AND s.number = c.number ORDER BY c.person_id"
    )
    decided = []
    for row in frame.iter_rows(named=True):
        later = everyone and programme.trial.after_closing == "offered" and row["later_pregnancy_of_control"]
        decision = decide(_facts(row | ({"already_allocated": False} if later else {})), rule, as_of)
        if decision.verdict == "not_eligible" and not row["delivered_now"]:
            continue
        decided.append(
            Decided(
                research_id=row["person_id"],
                verdict=decision.verdict,
                reason=decision.reason,
                practice=row["practice"],
                index_date=row["index_date"],
                due_date=row["due_date"],
                factors=_factors(row, as_of),
                later=later,
            )
        )
    return decided


def within_capacity(decided: Sequence[Decided], places: int | None, tokens: Mapping[str, str]) -> list[Decided]:
    """Return who is frozen now: everybody eligible, or as many as there are ``places`` for, the furthest on first.

    Of women who are due on one day their ``tokens`` decide, which are the same however often a run is tried; a
    research id is made anew by each. Both arms wait alike, so that the draw stays fair.
    """
    eligible = [woman for woman in decided if woman.verdict == "eligible" and not woman.later]
    by_urgency = sorted(eligible, key=lambda woman: (woman.due_date, tokens[woman.research_id]))
    return by_urgency if places is None else by_urgency[: max(places, 0)]


def record_decisions(
    warehouse: Warehouse,
    batch: str,
    decided: Sequence[Decided],
    frozen: Sequence[Decided],
    waiting: str = WAITING,
) -> None:
    """Keep the verdict on every candidate; an eligible woman who was not frozen waits, and the reason says why."""
    drawn_now = {woman.research_id for woman in frozen}
    rows = []
    for woman in decided:
        waits = woman.verdict == "eligible" and woman.research_id not in drawn_now
        reason = (AFTER_CLOSING if woman.later else waiting) if waits else woman.reason
        rows.append({"batch": batch, "research_id": woman.research_id, "verdict": woman.verdict, "reason": reason})
    warehouse.insert_rows("decision", rows)


def summary_of(decided: Sequence[Decided]) -> dict[str, Any]:
    """Return ``eligible``, ``uncertain`` and ``not_eligible`` by reason: every candidate once."""
    verdicts = Counter(d.verdict for d in decided)
    reasons = Counter(d.reason for d in decided if d.verdict == "not_eligible")
    return {
        "eligible": verdicts["eligible"],
        "uncertain": verdicts["uncertain"],
        "not_eligible": dict(sorted(reasons.items())),
    }


def _factors(row: dict[str, Any], as_of: date) -> dict[str, str]:
    smokes, language, divides = row["smokes"], row["language"], GESTATION_DIVIDES_AT
    return {
        "risk_band": row["risk_band"],
        "practice": row["practice"],
        "gestation": f"<{divides}" if weeks_pregnant(as_of, row["due_date"]) < divides else f">={divides}",
        "smoking": "unknown" if smokes is None else ("yes" if smokes else "no"),
        "language": "unknown" if language is None else ("dutch" if language == "nederlands" else "other"),
    }


def _facts(row: dict[str, Any]) -> Facts:
    flags = (
        "municipality", "deceased", "suspended", "pregnancy_ended", "child_born", "objected", "consent_withdrawn",
        "moved_away", "already_allocated", "has_person", "report_unreadable", "index_date", "due_date",
        "consent_version", "guardian_consented_on",
    )  # fmt: skip
    return Facts(
        birth_earliest=row["birth_date_earliest"],
        birth_latest=row["birth_date_latest"],
        **{name: row[name] for name in flags},
    )
