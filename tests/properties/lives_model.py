"""What must hold of each woman, in plain Python, written from docs/reference/events.md and eligibility.md.

It knows what was told, by delivery and by hand, and nothing of the program: no SQL, no table, no rule of it. It cannot
know what the lot gives; it learns each arm once, and says who may be drawn and who may stand on which list.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

PREGNANCY = timedelta(days=280)
SAME_PREGNANCY = timedelta(days=120)
UNREADABLE = "unreadable"
THIS_PREGNANCY = {"zwangerschap_beeindigd", "doodgeboorte", "overlijden_kind", "verhuizing"}
FOR_EVER = {"overlijden", "bezwaar", "afgewezen", UNREADABLE}
NO_QUESTIONNAIRE = {
    "zwangerschap_beeindigd", "doodgeboorte", "overlijden_kind", "overlijden", "bezwaar", "intrekking_toestemming",
    UNREADABLE,
}  # fmt: skip
NOT_DRAWN = (THIS_PREGNANCY | FOR_EVER) - {"afgewezen"}  # a no to the offer stops the list, not the lot
MUST_FIT = {"zwangerschap_beeindigd", "doodgeboorte"}
WAVES = {"tussenmeting": 3, "eindmeting": 12}
WEEKS, MAX_AGE, OWN_CONSENT = range(8, 37), 28, 16
STATUS_MAX_AGE, RECALL = timedelta(days=7), timedelta(days=42)


@dataclass(frozen=True)
class Person:
    """A registration: the bounds of the birth date, and what the register shows."""

    born: tuple[date, date]
    here: bool = True
    died: date | None = None
    suspended: bool = False
    secrecy: bool = False
    faulty: bool = False  # a row that breaks its contract


@dataclass(frozen=True)
class Form:
    """A questionnaire."""

    nth: int
    practice: int
    filled: date
    due: date
    consent: date | None
    moment: str = "nulmeting"


@dataclass(frozen=True)
class Report:
    """Something that was told; without a day that anybody can read it is ``unreadable``."""

    nth: int
    kind: str
    day: date | None


@dataclass(frozen=True)
class Rows:
    """A delivery as it was sent; ``status`` when both persons and reports are among its files."""

    persons: dict[int, Person] = field(default_factory=dict)
    forms: tuple[Form, ...] = ()
    reports: tuple[Report, ...] = ()
    children: dict[int, tuple[int, date]] = field(default_factory=dict)  # child -> mother, born on
    placed: frozenset[int] = frozenset()
    status: bool = True


@dataclass
class Delivery:
    """A delivery as it was taken in."""

    pipeline: str
    period: str
    as_of: date
    delivered: date
    rows: Rows
    current: bool = True
    corrected: bool = False


@dataclass(frozen=True)
class Pregnancy:
    """What is known of one pregnancy: first questionnaire, and due date, practice and consent as last told."""

    index: date
    due: date
    practice: int
    consent: date


@dataclass(frozen=True)
class Invited:
    """A woman on a list as it was released."""

    batch: str
    practice: int
    nth: int
    as_of: date
    due: date | None
    basis: str


@dataclass
class Trial:
    """All that was told, in order, and what follows from it."""

    deliveries: list[Delivery] = field(default_factory=list)
    events: dict[Report, bool] = field(default_factory=dict)  # True: her practice told it on its list
    erased: set[int] = field(default_factory=set)

    # --- taking in ------------------------------------------------------------------------------------------

    def take_in(self, pipeline: str, period: str, as_of: date, sent: Rows, *, corrects: bool = False) -> Delivery:
        """Take a delivery in: the rows of who was erased, of strangers and without consent are refused."""
        snapshot = pipeline == "follow_up"
        replaced = [
            d for d in self.deliveries if d.current and d.pipeline == pipeline and (snapshot or d.period == period)
        ]
        for one in replaced:
            one.current, one.corrected = False, corrects
        delivered = min(d.delivered for d in replaced) if corrects else as_of
        delivery = Delivery(pipeline, period, as_of, delivered, self._accepted(sent, strangers=snapshot))
        self.deliveries.append(delivery)
        return delivery

    def _accepted(self, sent: Rows, *, strangers: bool) -> Rows:
        gone = self.erased | {child for child, (mother, _) in sent.children.items() if mother in self.erased}
        forms = [f for f in sent.forms if f.nth not in gone and f.consent and f.consent <= f.filled]
        consented = {f.nth for f in forms} | self._consented()
        mothers = {f.nth for d in self.deliveries for f in d.rows.forms}
        belongs = consented | {
            c for d in self.deliveries if d.current for c, (m, _) in d.rows.children.items() if m in mothers
        }
        persons = {n: p for n, p in sent.persons.items() if n not in gone and (strangers or n in belongs)}
        present = persons.keys() | {n for d in self.deliveries if d.current for n in d.rows.persons}
        reports = [r if r.day else Report(r.nth, UNREADABLE, None) for r in sent.reports if r.nth not in gone]
        reports += [Report(n, UNREADABLE, None) for n, p in persons.items() if p.faulty and (p.died or p.suspended)]
        return Rows(
            {n: p for n, p in persons.items() if not p.faulty},
            tuple(f for f in forms if f.nth in present),
            tuple(reports),
            {c: (m, born) for c, (m, born) in sent.children.items() if c not in gone and m in present},
            frozenset(sent.placed - gone),
            sent.status,
        )

    def _consented(self) -> set[int]:
        """Whose data may come in: who consented, did not object, and did not withdraw since."""
        found = set()
        for nth in {f.nth for f in self._forms()}:
            consent = max(f.consent for f in self._forms() if f.nth == nth and f.consent)
            told = [(kind, day) for kind, day, _ in self.told_of(nth)]
            if not any(k == "bezwaar" or (k == "intrekking_toestemming" and d and d >= consent) for k, d in told):
                found.add(nth)
        return found

    def erase(self, women: Iterable[int]) -> None:
        """Forget women, and their children."""
        gone = set(women)
        gone |= {c for d in self.deliveries for c, (mother, _) in d.rows.children.items() if mother in gone}
        self.erased |= gone
        self.events = {report: known for report, known in self.events.items() if report.nth not in gone}
        for one in self.deliveries:
            rows = one.rows
            one.rows = Rows(
                {n: p for n, p in rows.persons.items() if n not in gone},
                tuple(f for f in rows.forms if f.nth not in gone),
                tuple(r for r in rows.reports if r.nth not in gone),
                {c: (m, born) for c, (m, born) in rows.children.items() if c not in gone and m not in gone},
                rows.placed - gone,
                rows.status,
            )

    # --- what is known --------------------------------------------------------------------------------------

    def _forms(self, *, ever: bool = False) -> list[Form]:
        return [f for d in self.deliveries if d.current or ever for f in d.rows.forms]

    def seen(self) -> set[int]:
        """Every woman of whom a questionnaire was ever taken in and who was not erased."""
        return {f.nth for f in self._forms(ever=True) if f.moment == "nulmeting"}

    def told_of(self, nth: int) -> list[tuple[str, date | None, bool]]:
        """What counts of all that was told of her: kind, day, and whether her practice knows."""
        told: dict[tuple[str, date | None], bool] = {}
        for d in self.deliveries:
            for r in d.rows.reports:
                if r.nth == nth and not (r.kind == UNREADABLE and d.corrected):
                    told.setdefault((r.kind, r.day), False)
        for r, known in self.events.items():
            if r.nth == nth:
                told[r.kind, r.day] = told.get((r.kind, r.day), False) or known
        mistake = max((day for kind, day in told if kind == "vergissing" and day), default=date.min)
        back = max((day for kind, day in told if kind == "vestiging" and day), default=date.min)
        counts: dict[tuple[str, date | None], bool] = {}
        for (kind, day), known in told.items():
            if kind == "vergissing" or (day and day <= mistake) or (kind == "verhuizing" and day and day < back):
                continue
            as_told = (UNREADABLE if kind in MUST_FIT and not self._fits(nth, day) else kind, day)
            counts[as_told] = counts.get(as_told, False) or known
        return [(kind, day, known) for (kind, day), known in counts.items()]

    def takes_back(self, nth: int, day: date) -> bool:
        """Whether a mistake was told of her for this day or a later one."""
        told = [r for d in self.deliveries for r in d.rows.reports] + list(self.events)
        return any(r.nth == nth and r.kind == "vergissing" and r.day and r.day >= day for r in told)

    def last_mistake(self, nth: int) -> date:
        """The latest day of which a mistake was told of her."""
        told = [r for d in self.deliveries for r in d.rows.reports] + list(self.events)
        return max(r.day for r in told if r.nth == nth and r.kind == "vergissing" and r.day)

    def _fits(self, nth: int, day: date | None) -> bool:
        return day is not None and any(
            f.due - PREGNANCY <= day <= f.due + timedelta(days=30) for f in self._forms(ever=True) if f.nth == nth
        )

    def registered(self, nth: int, *, current: bool = False) -> Person | None:
        """Her newest registration: that of deliveries in use, or also of replaced ones that nobody corrected."""
        found = [
            (d.delivered, at, d.rows.persons[nth])
            for at, d in enumerate(self.deliveries)
            if nth in d.rows.persons and (d.current if current else not d.corrected)
        ]
        return max(found, key=lambda one: one[:2])[2] if found else None

    def consent(self, nth: int) -> date | None:
        return max(
            (f.consent for f in self._forms() if f.nth == nth and f.moment == "nulmeting" and f.consent), default=None
        )

    def pregnancies(self, nth: int) -> list[Pregnancy]:
        """Her pregnancies in order: due dates more than 120 days apart are two."""
        latest: dict[tuple[date, date, int], tuple[date, int, Form]] = {}
        for at, d in enumerate(self.deliveries):
            for f in d.rows.forms:
                if d.current and f.nth == nth and f.moment == "nulmeting":
                    key, told = (f.filled, f.due, f.practice), (d.delivered, at, f)
                    latest[key] = max(latest.get(key, told), told, key=lambda one: one[:2])
        found: list[list[tuple[date, int, Form]]] = []
        # two rows of one day in one delivery say neither which is the later: then the later practice and due date
        for one in sorted(latest.values(), key=lambda one: (one[2].filled, *one[:2], one[2].practice, one[2].due)):
            if not found or one[2].due > found[-1][-1][2].due + SAME_PREGNANCY:
                found.append([])
            found[-1].append(one)
        made = []
        for group in found:
            last = group[-1][2]
            assert last.consent
            made.append(Pregnancy(min(f.filled for _, _, f in group), last.due, last.practice, last.consent))
        return made

    def children_of(self, nth: int, *, ever: bool = False) -> dict[int, date]:
        found: dict[int, tuple[date, int, int, date]] = {}
        for at, d in enumerate(self.deliveries):
            for child, (mother, born) in d.rows.children.items():
                if d.current or ever:
                    told = (d.delivered, at, mother, born)
                    found[child] = max(found.get(child, told), told)
        return {child: born for child, (_, _, mother, born) in found.items() if mother == nth}

    def _lost_a_child(self, nth: int, since: date) -> bool:
        for child in self.children_of(nth, ever=True):
            person = self.registered(child)
            if person and person.died and person.died >= since:
                return True
        return False

    # --- who may be drawn, invited, asked --------------------------------------------------------------------

    def eligible(self, delivery: Delivery, drawn: Iterable[int]) -> dict[int, Pregnancy]:
        """Who may be drawn on the day of this delivery, with the pregnancy she would be drawn for."""
        drawn = set(drawn)
        here = {f.nth for f in delivery.rows.forms if f.moment == "nulmeting"}
        found = {}
        for nth in self.seen() - drawn:
            pregnancies = self.pregnancies(nth)
            if pregnancies and (nth in here or pregnancies[-1].due >= delivery.as_of):
                one = pregnancies[-1]
                if self._may_be_drawn(nth, one, delivery.as_of):
                    found[nth] = one
        return found

    def _may_be_drawn(self, nth: int, one: Pregnancy, as_of: date) -> bool:
        for kind, day, _ in self.told_of(nth):
            if kind in NOT_DRAWN and (kind not in THIS_PREGNANCY or not day or day >= one.due - PREGNANCY):
                return False
            if kind == "intrekking_toestemming" and day and day >= one.consent:
                return False
        if self._lost_a_child(nth, one.due - PREGNANCY):
            return False
        status, person = self.registered(nth), self.registered(nth, current=True)
        if status is None or status.died or status.suspended or person is None or not person.here:
            return False
        if any(one.due - timedelta(days=140) <= born <= as_of for born in self.children_of(nth).values()):
            return False
        oldest, youngest = (_age(one.index, born) for born in person.born)
        return oldest <= MAX_AGE and youngest >= OWN_CONSENT and (280 - (one.due - as_of).days) // 7 in WEEKS

    def blocked(self, nth: int, due: date | None) -> str | None:
        """Why she may not be invited on a list for a pregnancy: ``practice`` when only her practice told it."""
        if nth in self.erased or due is None:
            return "erased"
        since, consent, person = due - PREGNANCY, self.consent(nth), self.registered(nth)
        if consent is None or (person and (person.died or person.suspended or not person.here)):
            return "gone"
        if self._lost_a_child(nth, since):
            return "child"
        stops = [
            known
            for kind, day, known in self.told_of(nth)
            if kind in FOR_EVER
            or (kind in THIS_PREGNANCY and (day is None or day >= since))
            or (kind == "intrekking_toestemming" and day and day >= consent)
        ]
        return None if not stops else ("practice" if all(stops) else "told")

    def last_day(self) -> date:
        return max(d.as_of for d in self.deliveries)

    def due(self, index_dates: dict[int, date]) -> set[tuple[int, str]]:
        """Whose questionnaire is due, of who was drawn with these index dates: the arm is not asked."""
        day = self.last_day()
        status = max((d.delivered for d in self.deliveries if d.rows.status), default=date.min)
        if status == date.min or day - status > STATUS_MAX_AGE:
            return set()
        return {(nth, wave) for nth, index in index_dates.items() for wave in self._due_of(nth, index, day)}

    def _due_of(self, nth: int, index: date, day: date) -> list[str]:
        pregnancies = self.pregnancies(nth)
        if not pregnancies or nth in self.erased:
            return []
        due = min(enumerate(pregnancies), key=lambda one: (abs(one[1].index - index), one[0]))[1].due
        near = (due - timedelta(days=140), due + timedelta(days=30))
        hers = {child: born for child, born in self.children_of(nth).items() if near[0] <= born <= min(day, near[1])}
        person, consent = self.registered(nth), self.consent(nth)
        placed = {child for d in self.deliveries if d.current for child in d.rows.placed}
        if not hers or consent is None or placed & hers.keys() or self._lost_a_child(nth, due - PREGNANCY):
            return []
        if person and (person.died or person.suspended):
            return []
        for kind, told, _ in self.told_of(nth):
            since = {"intrekking_toestemming": consent}.get(
                kind, due - PREGNANCY if kind in THIS_PREGNANCY else date.min
            )
            if kind in NO_QUESTIONNAIRE and (told is None or told >= since):
                return []
        born = min(hers.values())
        answered = {f.moment for f in self._forms() if f.nth == nth and f.filled >= born}
        return [
            wave
            for wave, months in WAVES.items()
            if wave not in answered
            and _months_on(born, months) - timedelta(days=14) <= day <= _months_on(born, months) + timedelta(days=42)
        ]


def _age(day: date, born: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
