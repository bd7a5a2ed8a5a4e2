"""The people of a municipality that does not exist, and what is true of them.

What is planted, is an assumption [A] and nothing else: how often a factor occurs, how the chance of a
placement rises with the number of factors, how wellbeing goes. None of it was estimated from anybody, and
none of it says anything about Heusden or any other place. Nothing depends on the offer: the arm is not yet
known when these people are made, so the true effect of the offer in them is nought.

Children can grow up without problems in any family here, and most do: also with four factors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from smartstart.calendar import PREGNANCY_DAYS, age_on
from smartstart.synthetic import names
from smartstart.synthetic.chance import Chance

# The planted risk model [A]: the odds that a child is placed out of home before its second birthday, and by
# what they are multiplied for each factor (so the log-odds rise in a straight line with the count).
BASE_ODDS = 0.005
ODDS_RATIO_PER_FACTOR = 2.5

OLDEST_YOUNG_AGE = 28  # the women of whom `women_per_quarter` counts how many there are
YOUNG_AT_FIRST_CHILD = 30  # the factor holds when she was younger than this at her first child's birth [A]
WELLBEING_ITEMS = 6  # of the made-up instrument welbevinden_voorbeeld, each 1 to 5; it has no texts
REGISTER_YEARS = (4, 3)  # birth years of the register, counted back: all have a two-year outcome by its end
QUARTERS = (1, 2, 3, 4)

_TWO_YEARS_LESS_A_MONTH = 700
_RETURNS = 0.12  # share of the year's women whose earlier child is in the register


@dataclass(frozen=True)
class Person:
    """Someone in the made-up population register."""

    bsn: str
    first_names: str
    prefix: str
    surname: str
    sex: str
    born: date
    registered_birth: str  # JJJJMMDD; an unknown part is zeros
    street: str
    number: int
    letter: str
    postcode: str
    town: str
    municipality: str = names.MUNICIPALITY
    secrecy: int = 0
    died: date | None = None


@dataclass(frozen=True)
class Spell:
    """A stay or a maatregel: its code, its start (None: not recorded) and its end (None: not ended)."""

    code: str
    start: date | None
    end: date | None = None


@dataclass(frozen=True)
class Child:
    """A child, what youth care recorded of it, and the planted truth: the day it was placed, or None."""

    person: Person
    mother: str
    care: tuple[Spell, ...] = ()
    maatregelen: tuple[Spell, ...] = ()
    placed_on: date | None = None


@dataclass(frozen=True)
class Factors:
    """The four factors as they truly are; a file may leave one out."""

    alone: bool
    no_work: bool
    young_at_first_child: bool
    rent_allowance: bool

    @property
    def count(self) -> int:
        """Return how many of the four hold."""
        return self.alone + self.no_work + self.young_at_first_child + self.rent_allowance


@dataclass(frozen=True)
class Home:
    """What the municipality's files say of a household on a day; an empty text is missing."""

    on: date
    household: str
    children: int
    work: str
    benefit: str
    tenure: str
    rent_allowance: str


@dataclass(frozen=True)
class Answers:
    """What she answers about herself; an empty text is missing."""

    wanted: str
    smokes: str
    first_check_week: str
    start_qualification: str
    parents_together: str
    teenage_mother: str
    earlier_child_away: str


@dataclass(frozen=True)
class Contact:
    """A questionnaire filled in at a practice, before birth."""

    practice: str
    client_number: str
    filled_in: date
    consent: date


@dataclass(frozen=True)
class Wave:
    """The answers to the wellbeing items at one of the three moments; an empty text is missing."""

    moment: str
    on: date
    items: tuple[str, ...]


@dataclass(frozen=True)
class Melding:
    """Something that a practice or the woman herself told later."""

    kind: str
    on: date


@dataclass(frozen=True)
class Pregnancy:
    """One pregnancy, with what is true of it and what was planted for its child."""

    cohort: str  # "register", or the quarter of the questionnaire: "2024Q1"
    mother: str
    due: date
    contacts: tuple[Contact, ...]
    factors: Factors
    probability: float  # of a placement before the second birthday, by the planted model [A]
    home: Home
    answers: Answers
    older: tuple[Child, ...]
    children: tuple[Child, ...]
    waves: tuple[Wave, ...] = ()
    meldingen: tuple[Melding, ...] = ()

    @property
    def filled_in(self) -> date:
        """Return the day of the first questionnaire."""
        return self.contacts[0].filled_in


@dataclass(frozen=True)
class Municipality:
    """All that was made up, in the order in which it was made."""

    seed: int
    year: int
    mothers: tuple[Person, ...]
    pregnancies: tuple[Pregnancy, ...]

    @property
    def children(self) -> tuple[Child, ...]:
        """Return every child once, elder brothers and sisters included."""
        found = {child.person.bsn: child for woman in self.pregnancies for child in (*woman.older, *woman.children)}
        return tuple(found.values())

    def cohort(self, name: str) -> tuple[Pregnancy, ...]:
        """Return the pregnancies of ``register`` or of a quarter."""
        return tuple(pregnancy for pregnancy in self.pregnancies if pregnancy.cohort == name)


def make_municipality(
    seed: int, *, births_per_year: int = 400, women_per_quarter: int = 17, year: int = 2024
) -> Municipality:
    """Make up a municipality: two birth years of register, and the pregnancies of the quarters of ``year``.

    ``women_per_quarter`` is the number of women of 28 or younger among the ``births_per_year`` / 4 of a
    quarter; the defaults are of Heusden's size, about 65 a year (docs/how-to/plan-the-trial.md). The register holds
    the children born four and three years before ``year``, so that each has been followed for two years when it starts.
    """
    maker = _Maker(Chance(seed))
    for back in REGISTER_YEARS:
        for nth in range(births_per_year):
            maker.register_pregnancy(year - back, young=nth < 4 * women_per_quarter)
    maker.open_year()
    for quarter in QUARTERS:
        for nth in range(births_per_year // 4):
            # The first of the year is a pair of twins: chance alone might leave a small year without.
            maker.quarter_pregnancy(year, quarter, young=nth < women_per_quarter, twins=quarter == 1 and nth == 0)
    return Municipality(
        seed=seed, year=year, mothers=tuple(maker.mothers.values()), pregnancies=tuple(maker.pregnancies)
    )


def planted_probability(factors: Factors) -> float:
    """Return the chance of a placement before the second birthday by the planted model [A]."""
    odds = BASE_ODDS
    for _ in range(factors.count):  # no exp() or pow(): their last digit differs between platforms
        odds *= ODDS_RATIO_PER_FACTOR
    return odds / (1 + odds)


def first_day(year: int, quarter: int) -> date:
    """Return the first day of a quarter."""
    return date(year, 3 * quarter - 2, 1)


def last_day(year: int, quarter: int) -> date:
    """Return the last day of a quarter."""
    following = first_day(year + 1, 1) if quarter == QUARTERS[-1] else first_day(year, quarter + 1)
    return following - timedelta(days=1)


def years_before(day: date, years: int) -> date:
    """Return the same day some years earlier; the day before where 29 February does not exist."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


class _Maker:
    """Carries the dice, the numbers and what has been made so far."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.numbers = names.Numbers(chance)
        self.mothers: dict[str, Person] = {}
        self.pregnancies: list[Pregnancy] = []
        self.former: list[Pregnancy] = []
        self.placed = 0

    def register_pregnancy(self, birth_year: int, *, young: bool) -> None:
        chance = self.chance
        born = date(birth_year, 1, 1) + timedelta(days=chance.below(365))
        due = born + timedelta(days=chance.between(-8, 18))
        filled_in = due - timedelta(days=PREGNANCY_DAYS - _days_pregnant(chance))
        mother = _mother(chance, self.numbers.bsn(), filled_in, young=young)
        older = _older_children(chance, self.numbers, mother, filled_in)
        self._add("register", mother, older, (filled_in, due, born), twins=chance.happens(0.015))

    def open_year(self) -> None:
        self.former = list(self.pregnancies)

    def quarter_pregnancy(self, year: int, quarter: int, *, young: bool, twins: bool) -> None:
        chance = self.chance
        start = first_day(year, quarter)
        filled_in = start + timedelta(days=chance.below((last_day(year, quarter) - start).days + 1))
        due = filled_in + timedelta(days=PREGNANCY_DAYS - _days_pregnant(chance))
        born = due - timedelta(days=chance.between(-8, 18))
        before = self._returning(filled_in, young=young) if chance.happens(_RETURNS) and not twins else None
        if before is None:
            mother = _mother(chance, self.numbers.bsn(), filled_in, young=young)
            older = _older_children(chance, self.numbers, mother, filled_in)
        else:
            mother, older = self.mothers[before.mother], (*before.older, *before.children)
        twins = twins or chance.happens(0.015)
        self._add(f"{year}Q{quarter}", mother, older, (filled_in, due, born), twins=twins, before=before)

    def _returning(self, filled_in: date, *, young: bool) -> Pregnancy | None:
        """Take a mother out of the register who may be pregnant again, or nobody if none turns up soon."""
        for _ in range(40):
            at = self.chance.below(len(self.former)) if self.former else 0
            if not self.former:
                return None
            age = age_on(filled_in, self.mothers[self.former[at].mother].born)
            if (age <= OLDEST_YOUNG_AGE) == young and age <= 42:
                return self.former.pop(at)
        return None

    def _add(
        self,
        cohort: str,
        mother: Person,
        older: tuple[Child, ...],
        days: tuple[date, date, date],
        *,
        twins: bool,
        before: Pregnancy | None = None,
    ) -> None:
        chance = self.chance
        filled_in, due, born = days
        in_register = cohort == "register"
        factors = _factors(chance, mother, older, due)
        probability = planted_probability(factors)
        meldingen = () if in_register or twins else _meldingen(chance, filled_in)
        ended = any(melding.kind == "zwangerschap_beeindigd" for melding in meldingen)
        children: tuple[Child, ...] = ()
        if not ended:
            children = self._children(mother, born, probability, twins=twins, odd=in_register)
        away = any(child.placed_on is not None and child.placed_on < filled_in for child in older)
        self.mothers[mother.bsn] = mother
        self.pregnancies.append(
            Pregnancy(
                cohort=cohort,
                mother=mother.bsn,
                due=due,
                contacts=(
                    Contact(
                        practice=before.contacts[0].practice if before else chance.one_of(names.PRACTICES),
                        client_number=before.contacts[0].client_number if before else self.numbers.client(),
                        filled_in=filled_in,
                        consent=filled_in - timedelta(days=chance.below(7)),
                    ),
                ),
                factors=factors,
                probability=probability,
                home=_home(chance, factors, len(older), filled_in),
                answers=_answers(chance, factors, has_older=bool(older), away=away),
                older=older,
                children=children,
                waves=() if in_register else _waves(chance, filled_in, born if children else None),
                meldingen=meldingen,
            )
        )

    def _children(self, mother: Person, born: date, probability: float, *, twins: bool, odd: bool) -> tuple[Child, ...]:
        """Make the child, or both: of twins the chance is thrown once, they share a home."""
        chance = self.chance
        first = Child(_child(chance, self.numbers.bsn(), mother, born), mother.bsn)
        if chance.happens(probability):
            first = _placed(chance, first, self.placed if odd else len(_ODDITIES))
            self.placed += odd
        else:
            first = _not_placed(chance, first)
        if not twins:
            return (first,)
        return (first, replace(first, person=_child(chance, self.numbers.bsn(), mother, born)))


def _days_pregnant(chance: Chance) -> int:
    """Return how far she is at the questionnaire: mostly weeks 12 to 16, now and then much later."""
    if chance.happens(0.06):
        return chance.between(18 * 7, 34 * 7)
    return chance.between(12 * 7, 17 * 7 - 1)


def _mother(chance: Chance, bsn: str, on: date, *, young: bool) -> Person:
    # The larger of two throws makes the youngest ages rarer; the mean of two makes the middle common.
    if young:
        age = max(chance.between(17, OLDEST_YOUNG_AGE), chance.between(17, OLDEST_YOUNG_AGE))
    else:
        age = (chance.between(29, 41) + chance.between(29, 41)) // 2
    born = years_before(on, age) - timedelta(days=chance.below(365))
    registered = f"{born:%Y%m%d}"
    if age >= 33 and chance.happens(0.03):  # well away from any age limit: the doubtful case is cast apart
        registered = registered[:4] + "0000" if chance.happens(0.5) else registered[:6] + "00"
    return Person(
        bsn=bsn,
        first_names=chance.one_of(names.FIRST_NAMES),
        prefix=chance.one_of(names.PREFIXES),
        surname=chance.one_of(names.SURNAMES),
        sex="V",
        born=born,
        registered_birth=registered,
        street=chance.one_of(names.STREETS),
        number=chance.between(1, 240),
        letter=chance.one_of(("", "", "", "", "A", "B")),
        postcode=names.postcode(chance),
        town=chance.one_of(names.TOWNS),
        secrecy=chance.between(1, 7) if chance.happens(0.01) else 0,
    )


def _child(chance: Chance, bsn: str, mother: Person, born: date) -> Person:
    return replace(
        mother,
        bsn=bsn,
        first_names=chance.one_of(names.CHILD_NAMES),
        sex=chance.one_of(("M", "V")),
        born=born,
        registered_birth=f"{born:%Y%m%d}",
    )


def _older_children(chance: Chance, numbers: names.Numbers, mother: Person, on: date) -> tuple[Child, ...]:
    young = age_on(on, mother.born) <= OLDEST_YOUNG_AGE
    wanted = chance.weighted(
        ((0, 0.70), (1, 0.25), (2, 0.05)) if young else ((0, 0.40), (1, 0.38), (2, 0.16), (3, 0.06))
    )
    children: list[Child] = []
    born = on
    for _ in range(wanted):
        born -= timedelta(days=chance.between(600, 1400))
        if age_on(born, mother.born) < 17:
            break
        children.insert(0, Child(_child(chance, numbers.bsn(), mother, born), mother.bsn))
    return tuple(children)


def _factors(chance: Chance, mother: Person, older: tuple[Child, ...], due: date) -> Factors:
    young = age_on(due, mother.born) < YOUNG_AT_FIRST_CHILD
    first_birth = min((child.person.born for child in older), default=due)
    alone = chance.happens(0.18 if young else 0.08)
    return Factors(
        alone=alone,
        no_work=chance.happens(0.30 if young else 0.17),
        young_at_first_child=age_on(first_birth, mother.born) < YOUNG_AT_FIRST_CHILD,
        rent_allowance=chance.happens(0.40 if alone else 0.12),
    )


def _home(chance: Chance, factors: Factors, children: int, filled_in: date) -> Home:
    """Write the truth down as files do: with gaps."""
    together = "gehuwd_paar" if chance.happens(0.5) else "ongehuwd_paar"
    if factors.no_work:
        benefit = chance.weighted(
            (("participatiewet", 0.35), ("geen", 0.30), ("ww", 0.15), ("wia", 0.10), ("anders", 0.10))
        )
    else:
        benefit = "anders" if chance.happens(0.04) else "geen"
    tenure = "huur" if factors.rent_allowance or chance.happens(0.25) else "koop"
    work_known, tenure_known, allowance_known = (
        not chance.happens(0.05),
        not chance.happens(0.03),
        not chance.happens(0.06),
    )
    return Home(
        on=filled_in - timedelta(days=chance.between(14, 70)),
        household="onbekend" if chance.happens(0.02) else "zonder_partner" if factors.alone else together,
        children=children,
        work=_yes_no(not factors.no_work) if work_known else "",
        benefit=benefit if work_known else "",
        tenure=tenure if tenure_known else "",
        rent_allowance=_yes_no(factors.rent_allowance) if allowance_known else "",
    )


def _answers(chance: Chance, factors: Factors, *, has_older: bool, away: bool) -> Answers:
    def answer(probability: float, missing: float) -> str:
        value = _yes_no(chance.happens(probability))
        return "" if chance.happens(missing) else value

    return Answers(
        wanted=answer(0.95 - 0.10 * factors.alone, 0.0),
        smokes=answer(0.08 + 0.05 * factors.count, 0.10),
        first_check_week="" if chance.happens(0.15) else str(chance.between(6, 12)),
        start_qualification=answer(0.90 - 0.15 * factors.no_work, 0.03),
        parents_together=answer(0.70, 0.03),
        teenage_mother=answer(0.06, 0.03),
        earlier_child_away=_yes_no(away or (has_older and chance.happens(0.01))),
    )


def _waves(chance: Chance, filled_in: date, born: date | None) -> tuple[Wave, ...]:
    """Make the three waves; later ones miss for one in five [A], and there are none without a birth."""
    level = chance.bell(3.5, 0.6)
    waves = [Wave("nulmeting", filled_in, _items(chance, level))]
    if born is not None:
        for moment, after, spread in (("tussenmeting", 91, 14), ("eindmeting", 365, 20)):
            on = born + timedelta(days=after + chance.between(-spread, spread))
            items = _items(chance, level + chance.bell(0.0, 0.4))
            if not chance.happens(0.20):
                waves.append(Wave(moment, on, items))
    return tuple(waves)


def _items(chance: Chance, level: float) -> tuple[str, ...]:
    def item() -> str:
        value = min(5, max(1, int(chance.bell(level, 0.7) + 0.5)))
        return "" if chance.happens(0.04) else str(value)

    return tuple(item() for _ in range(WELLBEING_ITEMS))


def _meldingen(chance: Chance, filled_in: date) -> tuple[Melding, ...]:
    kind, within = chance.weighted(
        (
            (("zwangerschap_beeindigd", 50), 0.015),
            (("bezwaar", 40), 0.015),
            (("verhuizing", 500), 0.03),
            (("", 1), 0.94),
        )
    )
    return (Melding(kind, filled_in + timedelta(days=chance.between(1, within))),) if kind else ()


_ODDITIES = ("transfer", "before_birth", "start_unknown", "ended")


def _placed(chance: Chance, child: Child, nth: int) -> Child:
    """Place a child before its second birthday; the first few of the register show what records can be like.

    A placement is a stay that overlaps with a maatregel; it starts on the later of the two.
    """
    oddity = _ODDITIES[nth] if nth < len(_ODDITIES) else ""
    born = child.person.born
    age = 7 + int(_TWO_YEARS_LESS_A_MONTH * chance.share() ** 1.6)
    stay = born + timedelta(days=age)
    maatregel = max(born, stay + timedelta(days=chance.between(-20, 10)))
    if oddity == "before_birth":
        maatregel = born - timedelta(days=chance.between(14, 60))
    placed_on = max(stay, maatregel)
    ended = oddity == "ended" or (not oddity and chance.happens(0.2))
    end = placed_on + timedelta(days=chance.between(90, 400)) if ended else None
    hulpvorm = chance.weighted((("11", 0.60), ("12", 0.15), ("14", 0.25)))
    care: tuple[Spell, ...] = (Spell(hulpvorm, stay, end),)
    if oddity == "transfer":
        moved = placed_on + timedelta(days=chance.between(30, 90))
        care = (Spell("11", stay, moved), Spell("12", moved, end))
    if oddity == "start_unknown":
        care = (Spell(hulpvorm, None, end),)
    soort = chance.weighted((("11", 0.75), ("12", 0.15), ("21", 0.10)))
    return replace(child, care=care, maatregelen=(Spell(soort, maatregel, end),), placed_on=placed_on)


def _not_placed(chance: Chance, child: Child) -> Child:
    """Leave a child at home; a few have a record that looks like a placement and is none."""
    throw = chance.share()
    start = child.person.born + timedelta(days=chance.between(30, 600))
    if throw < 0.004:  # a voluntary stay: no maatregel
        return replace(child, care=(Spell("14", start),))
    if throw < 0.010:  # a supervision order at home: no stay
        return replace(child, maatregelen=(Spell("11", start),))
    if throw < 0.012:  # a stay that was over before the maatregel began
        over = start + timedelta(days=30)
        return replace(child, care=(Spell("14", start, over),), maatregelen=(Spell("11", over + timedelta(days=45)),))
    return child


def _yes_no(value: bool) -> str:
    return "J" if value else "N"
