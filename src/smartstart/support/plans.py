"""The plan of a mother and her support worker on eight life domains: what is overdue, and totals without persons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import date

LIFE_DOMAINS: Final = (
    "huishouden", "geld_en_schulden", "wonen", "relatie", "psychische_gezondheid", "werk_en_dagbesteding", "netwerk",
    "hechting_en_opvoeding",
)  # fmt: skip
EVALUATION: Final = "evaluatie"
_DROPPED: Final = "vervallen"


@dataclass(frozen=True)
class AgreedStep:
    """One step of a plan, in the codes of the contract; ``person`` is a research id."""

    person: str
    life_domain: str
    need: str
    step: str
    done_by: str
    worker_code: str | None
    agreed_on: date
    due_on: date
    done_on: date | None
    evaluate_on: date | None
    result: str | None


@dataclass(frozen=True)
class Overdue:
    """A step, or the evaluation of its goal, whose day has passed."""

    person: str
    worker_code: str | None
    life_domain: str
    what: str
    done_by: str
    due_on: date


@dataclass(frozen=True)
class DomainTotals:
    """Totals of one life domain: mothers with a plan in it and with a need, steps, and what came of the goals."""

    life_domain: str
    mothers: int
    with_need: int
    steps: int
    done: int
    overdue: int
    evaluated: int
    achieved: int


@dataclass(frozen=True)
class SupportPlanTotals:
    """Totals of all plans on a day: never of whom."""

    as_of: date
    mothers: int
    domains: tuple[DomainTotals, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "as_of": self.as_of.isoformat(),
            "mothers": self.mothers,
            "steps": sum(one.steps for one in self.domains),
            "overdue": sum(one.overdue for one in self.domains),
            "domains": [vars(one) for one in self.domains],
        }


def overdue_of(steps: Iterable[AgreedStep], as_of: date) -> list[Overdue]:
    """Return what is overdue on a day, the oldest first.

    A step is overdue from the day after it was to be done; an evaluation from the day after it was to be held, as long
    as it said nothing. What is no longer needed is never overdue.
    """
    found = []
    for one in steps:
        if one.result == _DROPPED:
            continue
        common = (one.person, one.worker_code, one.life_domain)
        if one.done_on is None and one.due_on < as_of:
            found.append(Overdue(*common, one.step, one.done_by, one.due_on))
        if one.evaluate_on is not None and one.result is None and one.evaluate_on < as_of:
            found.append(Overdue(*common, EVALUATION, "samen", one.evaluate_on))
    return sorted(found, key=lambda one: (one.due_on, one.person, one.life_domain, one.what))


def totals_of(steps: Iterable[AgreedStep], as_of: date) -> SupportPlanTotals:
    """Return totals by life domain, in their fixed order, also of a domain in which nobody asks for help."""
    steps = list(steps)
    late = overdue_of(steps, as_of)
    domains = []
    for name in LIFE_DOMAINS:
        own = [one for one in steps if one.life_domain == name]
        judged = [one for one in own if one.result not in {None, _DROPPED}]
        domains.append(
            DomainTotals(
                life_domain=name,
                mothers=len({one.person for one in own}),
                with_need=len({one.person for one in own if one.need != "geen"}),
                steps=len(own),
                done=sum(one.done_on is not None for one in own),
                overdue=sum(one.life_domain == name for one in late),
                evaluated=len(judged),
                achieved=sum(one.result == "behaald" for one in judged),
            )
        )
    return SupportPlanTotals(as_of, len({one.person for one in steps}), tuple(domains))
