"""What women were given: reach, uptake and dose of the offer, and care as usual beside it, in both arms.

Reach runs from drawn to listed, accepted, first contact, and first contact in time. Shares have Clopper and Pearson's
exact interval, differences between the arms that of Miettinen and Nurminen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles
from typing import TYPE_CHECKING, Any, Final

from smartstart.calendar import LAST_WEEK_OF_FIRST_TALK, days_after, end_of_week
from smartstart.trial.analysis.difference import risk_difference
from smartstart.trial.analysis.proportion import proportion_interval
from smartstart.trial.analysis.records import Counts
from smartstart.trial.flow import OFFER, answer_of

if TYPE_CHECKING:
    from datetime import date

    from smartstart.trial.analysis.records import Estimate
    from smartstart.trial.flow import Participant

DAYS_AFTER_LIST: Final = 28  # an assumption: ten working days to invite her, and two weeks to meet
PLANNED: Final = 3  # weeks 13 to 15, late in pregnancy, after the birth
IN_TIME: Final = (
    f"In time is by the end of week {LAST_WEEK_OF_FIRST_TALK}, or within {DAYS_AFTER_LIST} days of the list she stood "
    "on, whichever is later (the days are an assumption)."
)


@dataclass(frozen=True)
class Care:
    """What one woman drawn was given since she was asked; ``logged`` tells whether any log was delivered.

    ``first_on`` is the first time that she was spoken to for the offer; a written message is none. ``planned`` is how
    many of the three planned contacts she had, ``untimed`` how many contacts of the offer have no minutes.
    """

    logged: bool = False
    listed_on: date | None = None
    due_date: date | None = None
    first_on: date | None = None
    contacts: int = 0
    home_visits: int = 0
    minutes: int = 0
    untimed: int = 0
    planned: int = 0
    prenatal_visits: int = 0
    usual_contacts: int = 0
    ending: str | None = None
    handed_to: str | None = None
    youth_care: bool = False
    days_housed: int = 0
    next_place: str | None = None

    @property
    def helped(self) -> bool | None:
        """Tell whether anybody of the offer spoke to her; None while no log was delivered."""
        return self.first_on is not None if self.logged else None

    @property
    def in_time(self) -> bool:
        """Tell whether the first contact came in time, by the rule ``IN_TIME``."""
        if self.first_on is None or self.due_date is None:
            return False
        last = end_of_week(LAST_WEEK_OF_FIRST_TALK, self.due_date)
        if self.listed_on:
            last = max(last, days_after(self.listed_on, DAYS_AFTER_LIST))
        return self.first_on <= last


@dataclass(frozen=True)
class Spread:
    """A number for each of some women: how many they are, their mean, median and quartiles; None without anybody."""

    women: int
    mean: float | None = None
    median: float | None = None
    lower_quartile: float | None = None
    upper_quartile: float | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the spread of some values."""
        if not values:
            return cls(0)
        low, middle, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else 3 * [float(values[0])]
        return cls(len(values), fmean(values), float(middle), float(low), float(high))


@dataclass(frozen=True)
class Step:
    """One step: how many women of how many, and their share with its interval; None where there is nobody."""

    name: str
    women: int
    of: int
    share: Estimate | None

    @classmethod
    def counted(cls, name: str, women: int, of: int) -> Step:
        """Return a step with its share."""
        return cls(name, women, of, proportion_interval(women, of) if of else None)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "share": self.share.as_dict() if self.share else None}


@dataclass(frozen=True)
class Contrast:
    """One kind of care in both arms, the offer first, and the difference in shares; None where an arm is empty."""

    name: str
    arms: Mapping[str, Step]
    difference: Estimate | None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "name": self.name,
            "arms": {arm: step.as_dict() for arm, step in self.arms.items()},
            "difference": self.difference.as_dict() if self.difference else None,
        }


@dataclass(frozen=True)
class Uptake:
    """What the women in the offer were reached with, and what both arms were given.

    ``contrasts`` is empty while the arms may not be told apart. ``answers`` counts the answers to the invitation.
    """

    logged: bool
    reach: tuple[Step, ...]
    answers: Mapping[str, int]
    contacts: Spread
    home_visits: Spread
    hours: Spread
    untimed: int
    planned: Mapping[int, int]
    endings: Mapping[str, int]
    handed_to: Mapping[str, int]
    next_places: Mapping[str, int]
    contrasts: tuple[Contrast, ...]
    rule: str = IN_TIME

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "logged": self.logged,
            "reach": [step.as_dict() for step in self.reach],
            "answers": dict(self.answers),
            "contacts": vars(self.contacts),
            "home_visits": vars(self.home_visits),
            "hours": vars(self.hours),
            "contacts_without_minutes": self.untimed,
            "planned_contacts": {str(number): women for number, women in self.planned.items()},
            "endings": dict(self.endings),
            "handed_over_to": dict(self.handed_to),
            "next_places": dict(self.next_places),
            "contrasts": [one.as_dict() for one in self.contrasts],
            "rule": self.rule,
        }


_CONTRASTS: Final[Mapping[str, Callable[[Care], bool]]] = {
    "contact_of_the_offer": lambda care: bool(care.contacts),
    "prenatal_home_visit": lambda care: bool(care.prenatal_visits),
    "any_contact_of_youth_nurse": lambda care: bool(care.usual_contacts),
    "ambulant_youth_care": lambda care: care.youth_care,
    "stay_with_child": lambda care: care.days_housed > 0,
}


def accepted(woman: Participant, care: Care) -> bool:
    """Tell whether she took the offer up: she said yes, or was helped and never said no since."""
    answer = answer_of(woman)
    return answer == "accepted" or (answer != "declined" and bool(care.helped))


def uptake_of(women: Iterable[tuple[str, Participant, Care]], arms: Sequence[str], *, named: bool) -> Uptake:
    """Count what was given. ``women`` are those whose data may be used, with their arm; ``named``: arms may be told.

    Every share is of all women drawn for the offer, so that who was not reached stays in it. A woman helped outside
    her arm is in the contrasts, in the arm that was drawn for her.
    """
    women = list(women)
    offered = [(told, care) for arm, told, care in women if arm == OFFER]
    taken = [care for told, care in offered if accepted(told, care)]
    met = [care for care in taken if care.first_on]
    logged = any(care.logged for _, _, care in women)
    counts = {
        "drawn": len(offered),
        "listed": sum(care.listed_on is not None for _, care in offered),
        "accepted": len(taken),
        "first_contact": len(met),
        "first_contact_in_time": sum(care.in_time for care in met),
        "all_planned_contacts": sum(care.planned >= PLANNED for care in met),
    }
    return Uptake(
        logged=logged,
        reach=tuple(Step.counted(name, count, len(offered)) for name, count in counts.items()),
        answers=dict(sorted(Counter(answer_of(told) for told, _ in offered).items())),
        contacts=Spread.of([care.contacts for care in met]),
        home_visits=Spread.of([care.home_visits for care in met]),
        hours=Spread.of([care.minutes / 60 for care in met]),
        untimed=sum(care.untimed for care in met),
        planned={number: sum(care.planned == number for care in met) for number in range(PLANNED + 1)},
        endings=_counted(care.ending for care in met),
        handed_to=_counted(care.handed_to for care in met),
        next_places=_counted(care.next_place for _, care in offered),
        contrasts=tuple(_contrast(name, had, women, arms) for name, had in _CONTRASTS.items()) if named else (),
    )


def _counted(values: Iterable[str | None]) -> dict[str, int]:
    found = Counter(value for value in values if value)
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def _contrast(
    name: str, had: Callable[[Care], bool], women: Sequence[tuple[str, Participant, Care]], arms: Sequence[str]
) -> Contrast:
    steps = {}
    for arm in arms:
        hers = [had(care) for own, _, care in women if own == arm]
        steps[arm] = Step.counted(name, sum(hers), len(hers))
    (one, other), difference = list(steps.values())[:2], None
    if one.of and other.of:
        difference = risk_difference(Counts(one.women, one.of, other.women, other.of))
    return Contrast(name, steps, difference)
