"""Who may be drawn: one pure rule per woman, decided on what is known on the as-of date.

Each woman gets one verdict with one reason. Several reasons can hold at once; the first that holds in the
order below is given, so that the reason is the same in every run:

1. definite reasons against: deceased, pregnancy_ended, child_born, objected, consent_withdrawn, moved_away,
   suspended, already_allocated, not_resident, too_old, gestation_too_early, gestation_too_late;
2. reasons to ask a person: report_unreadable, minor_without_guardian, consent_version_unknown, no_person_record,
   residence_uncertain, age_implausible, age_uncertain;
3. otherwise: eligible; who is eligible and yet not frozen now waits, for a reason of WAITS.

Definite reasons come first, as nobody should look up a birth date that changes nothing. A loss or a death
comes before all, as it decides what nobody may send. No score takes part: risk never selects who may join.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from smartstart.calendar import age_on, weeks_pregnant
from smartstart.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

AgeDay = Literal["questionnaire", "as_of", "due_date"]
Verdict = Literal["eligible", "uncertain", "not_eligible"]

# Facts that decide by themselves, in order; each is the name of a fact and of a reason.
_EVENTS = (
    "deceased",
    "pregnancy_ended",
    "child_born",
    "objected",
    "consent_withdrawn",
    "moved_away",
    "suspended",
    "already_allocated",
)

REASONS: Final[dict[str, str]] = {
    "deceased": "She has died; nothing is sent, and only a corrected report changes this.",
    "pregnancy_ended": "Her pregnancy has ended; a new pregnancy with its own questionnaire changes this.",
    "child_born": "Her child has been born; a new pregnancy with its own questionnaire changes this.",
    "objected": "She has objected to the use of her data; that is final, and only a corrected report changes it.",
    "consent_withdrawn": "She has withdrawn her consent; only a new consent of hers changes this.",
    "moved_away": "She has moved out of the municipality in this pregnancy; a report that she came back changes this.",
    "suspended": "Her entry in the population register is suspended; a newer register without that changes this.",
    "already_allocated": "She was drawn before and keeps that allocation; nothing changes this.",
    "not_resident": "She is registered in another municipality; moving here changes this.",
    "too_old": "She is older than the programme's limit on its reference date; only a corrected birth date "
    "changes this.",
    "gestation_too_early": "She has fewer completed weeks of pregnancy than the programme asks; a later draw "
    "changes this.",
    "gestation_too_late": "She has more completed weeks of pregnancy than the programme asks; only a "
    "corrected due date changes this.",
    "report_unreadable": "Something was reported of her that cannot be read, which may be a loss or an objection; "
    "mending that report changes this.",
    "minor_without_guardian": "She may have been too young at the questionnaire to consent alone, and no consent of a "
    "parent or guardian is known; that consent, or her full birth date, changes this.",
    "consent_version_unknown": "She did not consent on a version of the information sheet that the programme lists; "
    "asking her with that sheet changes this.",
    "no_person_record": "No person in the register belongs to her questionnaire; a delivery with her record, "
    "or a corrected number, changes this.",
    "residence_uncertain": "Her municipality is not known; a complete record of hers changes this.",
    "age_implausible": "By her birth date she was a child at the questionnaire, so a number may belong to somebody "
    "else; a corrected number or birth date changes this.",
    "age_uncertain": "Her birth date is incomplete and could lie on either side of the age limit; a person "
    "who finds her full birth date changes this.",
    "eligible": "She meets every condition; she is in the next draw.",
}

WAITING: Final = "waiting_for_capacity"
WAITING_FOR_DRAW: Final = "waiting_for_draw"
AFTER_CLOSING: Final = "offered_after_closing"

# Why a woman who meets every condition was not frozen: no fact of hers, so `decide` never says it.
WAITS: Final[dict[str, str]] = {
    WAITING: "The team can take on no more women this month; a later draw with room changes this.",
    WAITING_FOR_DRAW: "An earlier batch is frozen and not drawn yet; that draw, and a run after it, change this.",
    AFTER_CLOSING: "She was drawn for the control arm before the trial was closed and is pregnant again; she needs no "
    "draw, as everyone is offered.",
}


@dataclass(frozen=True)
class EligibilityRule:
    """The programme's conditions.

    ``max_age`` is in completed years on the day named by ``age_on``; inclusive means that a woman of that
    age may join. ``min_week`` and ``max_week`` are completed weeks on the as-of date, both inclusive.
    ``municipality`` is the four-digit code, or None where any will do. Younger than ``own_consent_from`` years at the
    questionnaire she needs a guardian's consent as well; younger than ``youngest`` is taken for a mistake.
    ``consent_versions`` are those of the information sheet that count; none means any. Raises UsageError when
    impossible.
    """

    max_age: int
    max_age_inclusive: bool
    age_on: AgeDay
    min_week: int
    max_week: int
    municipality: str | None
    own_consent_from: int
    youngest: int
    consent_versions: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a rule that is unknown or lets nobody in."""
        if self.age_on not in get_args(AgeDay):
            raise UsageError(f"The eligibility rule's `age_on` is unknown: choose {', '.join(get_args(AgeDay))}.")
        if self.max_age < 1 or not 0 <= self.min_week <= self.max_week:
            raise UsageError("The eligibility rule lets nobody in: mend `max_age`, `min_week` or `max_week`.")


@dataclass(frozen=True)
class Facts:
    """What is known of one woman on the as-of date.

    ``index_date`` is the date of her questionnaire. ``birth_earliest`` and ``birth_latest`` bound an
    incomplete birth date and are equal for a full one; None means unbounded. ``suspended`` is the
    population register's opschorting, whatever its reason. ``consent_version`` is that of the information sheet;
    ``guardian_consented_on`` is the day on which a parent or guardian consented.
    """

    index_date: date
    due_date: date
    birth_earliest: date | None
    birth_latest: date | None
    municipality: str | None
    deceased: bool = False
    suspended: bool = False
    pregnancy_ended: bool = False
    child_born: bool = False
    objected: bool = False
    consent_withdrawn: bool = False
    moved_away: bool = False
    already_allocated: bool = False
    report_unreadable: bool = False
    has_person: bool = True
    consent_version: str | None = None
    guardian_consented_on: date | None = None


@dataclass(frozen=True)
class Decision:
    """The verdict on one woman, with the reason's name; REASONS has its sentence."""

    verdict: Verdict
    reason: str


def decide(facts: Facts, rule: EligibilityRule, as_of: date) -> Decision:
    """Return whether a woman may be drawn on ``as_of``, with the first reason in the documented order."""
    against = next(_definite(facts, rule, as_of), None)
    if against:
        return Decision("not_eligible", against)
    doubt = next(_doubtful(facts, rule, as_of), None)
    if doubt:
        return Decision("uncertain", doubt)
    return Decision("eligible", "eligible")


def _definite(facts: Facts, rule: EligibilityRule, as_of: date) -> Iterator[str]:
    for event in _EVENTS:
        if getattr(facts, event):
            yield event
    if rule.municipality and facts.municipality and facts.municipality != rule.municipality:
        yield "not_resident"
    if facts.birth_latest and not _young_enough(facts.birth_latest, facts, rule, as_of):
        yield "too_old"
    weeks = weeks_pregnant(as_of, facts.due_date)
    if weeks < rule.min_week:
        yield "gestation_too_early"
    if weeks > rule.max_week:
        yield "gestation_too_late"


def _doubtful(facts: Facts, rule: EligibilityRule, as_of: date) -> Iterator[str]:
    if facts.report_unreadable:
        yield "report_unreadable"
    if _may_be_a_minor(facts, rule) and not (facts.guardian_consented_on and facts.guardian_consented_on <= as_of):
        yield "minor_without_guardian"
    if rule.consent_versions and facts.consent_version not in rule.consent_versions:
        yield "consent_version_unknown"
    if not facts.has_person:
        yield "no_person_record"
    if rule.municipality and not facts.municipality:
        yield "residence_uncertain"
    if facts.birth_latest and age_on(facts.index_date, facts.birth_latest) < rule.youngest:
        yield "age_implausible"
    if not facts.birth_earliest or not _young_enough(facts.birth_earliest, facts, rule, as_of):
        yield "age_uncertain"  # too old at the latest possible birth date was definite, and is gone by now


def _may_be_a_minor(facts: Facts, rule: EligibilityRule) -> bool:
    """Tell whether some possible birth date makes her too young to consent alone; a child's is a mistake, not hers."""
    if not facts.birth_latest:
        return False  # her age is not known at all, which is a reason of its own
    return rule.youngest <= age_on(facts.index_date, facts.birth_latest) < rule.own_consent_from


def _young_enough(birth: date, facts: Facts, rule: EligibilityRule, as_of: date) -> bool:
    day = {"questionnaire": facts.index_date, "as_of": as_of, "due_date": facts.due_date}[rule.age_on]
    age = age_on(day, birth)
    return age < rule.max_age or (rule.max_age_inclusive and age == rule.max_age)
