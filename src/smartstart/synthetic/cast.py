"""The women on whom the story turns: each meets one rule that must not fail her.

They are made from ordinary young women of the quarters, so that in all else they are like the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from smartstart.calendar import PREGNANCY_DAYS, age_on
from smartstart.synthetic import names
from smartstart.synthetic.municipality import (
    OLDEST_YOUNG_AGE,
    Contact,
    Melding,
    Municipality,
    Person,
    Pregnancy,
    last_day,
    years_before,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Scene = tuple[Person, tuple[Pregnancy, ...]]


@dataclass(frozen=True)
class SpecialWoman:
    """A woman to look for: what is special, her client numbers (one a practice), BSN and first quarter."""

    what: str
    client_numbers: tuple[str, ...]
    bsn: str
    quarter: str


def cast(municipality: Municipality) -> tuple[Municipality, tuple[SpecialWoman, ...]]:
    """Give the parts to women of the municipality; return it so changed, and who plays what.

    Raises ValueError when a quarter has too few young women for its parts.
    """
    mothers = {mother.bsn: mother for mother in municipality.mothers}
    pregnancies = list(municipality.pregnancies)
    taken = {pregnancy.mother for pregnancy in municipality.cohort("register")}
    women: list[SpecialWoman] = []
    for quarter, what, play in _parts(municipality.year):
        cohort = f"{municipality.year}Q{quarter}"
        found = next((p for p in pregnancies if _fits(p, cohort, mothers[p.mother], taken)), None)
        if found is None:
            raise ValueError(f"Quarter {cohort} has too few young women for the story: ask for more.")
        mother, scenes = play(mothers[found.mother], found)
        mothers[mother.bsn] = mother
        at = pregnancies.index(found)
        pregnancies[at : at + 1] = scenes
        taken.add(mother.bsn)
        women.append(_special(what, scenes[0], scenes))
    for what, found in _found(municipality, pregnancies, mothers):
        women.append(_special(what, found, (found,)))
    return replace(municipality, mothers=tuple(mothers.values()), pregnancies=tuple(pregnancies)), tuple(women)


def _special(what: str, first: Pregnancy, scenes: tuple[Pregnancy, ...]) -> SpecialWoman:
    clients = dict.fromkeys(contact.client_number for scene in scenes for contact in scene.contacts)
    return SpecialWoman(what, tuple(clients), first.mother, first.cohort)


def _fits(pregnancy: Pregnancy, cohort: str, mother: Person, taken: set[str]) -> bool:
    """Tell whether she is young, new this quarter, in weeks 12 to 17, and nothing is special about her."""
    return (
        pregnancy.cohort == cohort
        and mother.bsn not in taken
        and 18 <= age_on(pregnancy.filled_in, mother.born) <= OLDEST_YOUNG_AGE
        and not pregnancy.meldingen
        and not mother.secrecy
        and len(pregnancy.children) == 1
        and (pregnancy.due - pregnancy.filled_in).days > PREGNANCY_DAYS - 17 * 7
    )


def _found(
    municipality: Municipality, pregnancies: list[Pregnancy], mothers: dict[str, Person]
) -> list[tuple[str, Pregnancy]]:
    """Point out women who need no change: chance made them."""
    register = {pregnancy.mother for pregnancy in municipality.cohort("register")}
    this_year = [pregnancy for pregnancy in pregnancies if pregnancy.cohort != "register"]
    twins = next(p for p in this_year if len(p.children) == 2)
    again = next((p for p in this_year if p.mother in register and not p.meldingen), None)
    late = next(
        (p for p in this_year if (p.due - p.filled_in).days <= 22 * 7 and not p.meldingen),
        None,
    )
    older = next(p for p in this_year if age_on(p.filled_in, mothers[p.mother].born) > OLDEST_YOUNG_AGE)
    found = {"twins": twins, "known_from_register": again, "late_in_pregnancy": late, "over_28": older}
    return [(what, pregnancy) for what, pregnancy in found.items() if pregnancy is not None]


def _parts(year: int) -> tuple[tuple[int, str, Callable[[Person, Pregnancy], Scene]], ...]:
    return (
        (1, "ordinary", lambda mother, p: (mother, (p,))),
        (1, "aged_exactly_28", _turned_28_today),
        (1, "second_pregnancy_within_the_year", lambda mother, p: _pregnant_again(mother, p, year)),
        (1, "address_secret", lambda mother, p: (replace(mother, secrecy=7), (p,))),
        (1, "surname_NA", lambda mother, p: (replace(mother, surname="NA", prefix=""), (p,))),
        (2, "surname_Null", lambda mother, p: (replace(mother, surname="Null", prefix="van"), (p,))),
        (2, "two_practices_in_one_quarter", lambda mother, p: _second_practice(mother, p, last_day(year, 2))),
        (2, "turns_29_soon", _turns_29_soon),
        (2, "pregnancy_ended", lambda mother, p: (mother, (_ended(p, 6),))),
        (2, "objected", lambda mother, p: (mother, (_silent(p, "bezwaar"),))),
        (3, "second_practice_a_quarter_later", _changes_practice),
        (3, "age_uncertain", _age_uncertain),
        (3, "withdrew_consent", lambda mother, p: (mother, (_silent(p, "intrekking_toestemming"),))),
        (3, "moved_away", lambda mother, p: (mother, (replace(p, meldingen=(_melding(p, "verhuizing", 4),)),))),
        (4, "died", _died),
        (4, "lives_elsewhere", _lives_elsewhere),
        (4, "control", lambda mother, p: (mother, (p,))),  # nothing happens: for following one woman through
    )


def _melding(pregnancy: Pregnancy, kind: str, days: int) -> Melding:
    """Report something within days of the questionnaire, and within the same quarter."""
    on = pregnancy.filled_in + timedelta(days=days)
    quarter_end = last_day(pregnancy.filled_in.year, int(pregnancy.cohort[-1]))
    return Melding(kind, min(on, quarter_end))


def _ended(pregnancy: Pregnancy, days: int) -> Pregnancy:
    """End a pregnancy: no child, and nobody asks her anything afterwards."""
    melding = _melding(pregnancy, "zwangerschap_beeindigd", days)
    return replace(pregnancy, children=(), waves=pregnancy.waves[:1], meldingen=(melding,))


def _silent(pregnancy: Pregnancy, kind: str) -> Pregnancy:
    """She said no: she fills in nothing more."""
    return replace(pregnancy, waves=pregnancy.waves[:1], meldingen=(_melding(pregnancy, kind, 5),))


def _reborn(mother: Person, born: date) -> Person:
    return replace(mother, born=born, registered_birth=f"{born:%Y%m%d}")


def _turned_28_today(mother: Person, pregnancy: Pregnancy) -> Scene:
    """Her 28th birthday is the day of the questionnaire."""
    return _reborn(mother, years_before(pregnancy.filled_in, 28)), (pregnancy,)


def _turns_29_soon(mother: Person, pregnancy: Pregnancy) -> Scene:
    """She is 28 at the questionnaire, and 29 the day after: which reference date counts, matters."""
    return _reborn(mother, years_before(pregnancy.filled_in + timedelta(days=1), 29)), (pregnancy,)


def _age_uncertain(mother: Person, pregnancy: Pregnancy) -> Scene:
    """Only her year of birth is known: by one end of it she is 28, by the other 29."""
    year = pregnancy.filled_in.year - 29
    return replace(mother, born=date(year, 11, 20), registered_birth=f"{year}0000"), (pregnancy,)


def _died(mother: Person, pregnancy: Pregnancy) -> Scene:
    melding = _melding(pregnancy, "overlijden", 7)
    ended = replace(pregnancy, children=(), waves=pregnancy.waves[:1], meldingen=(melding,))
    return replace(mother, died=melding.on), (ended,)


def _lives_elsewhere(mother: Person, pregnancy: Pregnancy) -> Scene:
    """A practice has clients from the next municipality too."""
    return replace(mother, municipality=names.ELSEWHERE, town="'s-Hertogenbosch"), (pregnancy,)


def _other_practice(pregnancy: Pregnancy, filled_in: date) -> Contact:
    first = pregnancy.contacts[0]
    at = names.PRACTICES.index(first.practice)
    return Contact(
        practice=names.PRACTICES[(at + 1) % len(names.PRACTICES)],
        client_number="C9" + first.client_number[2:],  # no first number begins with C9
        filled_in=filled_in,
        consent=filled_in,
    )


def _second_practice(mother: Person, pregnancy: Pregnancy, quarter_end: date) -> Scene:
    on = min(pregnancy.filled_in + timedelta(days=9), quarter_end)
    second = _other_practice(pregnancy, on)
    return mother, (replace(pregnancy, contacts=(*pregnancy.contacts, second)),)


def _changes_practice(mother: Person, pregnancy: Pregnancy) -> Scene:
    on = last_day(pregnancy.filled_in.year, int(pregnancy.cohort[-1])) + timedelta(days=10)
    return mother, (replace(pregnancy, contacts=(*pregnancy.contacts, _other_practice(pregnancy, on))),)


def _pregnant_again(mother: Person, pregnancy: Pregnancy, year: int) -> Scene:
    """Her first pregnancy ends in April, after the draw of the first quarter; the next begins in July."""
    again = date(year, 10, 15)
    if age_on(again, mother.born) > OLDEST_YOUNG_AGE:
        mother = _reborn(mother, mother.born + timedelta(days=366))
    early = _moved_to(pregnancy, date(year, 3, 20))
    first = replace(
        early,
        children=(),
        waves=early.waves[:1],
        meldingen=(Melding("zwangerschap_beeindigd", date(year, 4, 11)),),
    )
    second = replace(_moved_to(pregnancy, again), cohort=f"{year}Q4")
    return mother, (first, second)


def _moved_to(pregnancy: Pregnancy, filled_in: date) -> Pregnancy:
    """Shift a pregnancy in time, all its days alike."""
    by = filled_in - pregnancy.filled_in

    def later(day: date | None) -> date | None:
        return None if day is None else day + by

    children = tuple(
        replace(
            child,
            person=replace(
                child.person, born=child.person.born + by, registered_birth=f"{child.person.born + by:%Y%m%d}"
            ),
            care=tuple(replace(s, start=later(s.start), end=later(s.end)) for s in child.care),
            maatregelen=tuple(replace(s, start=later(s.start), end=later(s.end)) for s in child.maatregelen),
            placed_on=later(child.placed_on),
        )
        for child in pregnancy.children
    )
    return replace(
        pregnancy,
        due=pregnancy.due + by,
        contacts=tuple(replace(c, filled_in=c.filled_in + by, consent=c.consent + by) for c in pregnancy.contacts),
        home=replace(pregnancy.home, on=pregnancy.home.on + by),
        children=children,
        waves=tuple(replace(wave, on=wave.on + by) for wave in pregnancy.waves),
    )
