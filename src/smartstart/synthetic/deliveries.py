"""The story of two years and a half, as files: in the form in which municipalities and midwives deliver.

Everything in them is made up (see municipality.py); the forms, gaps and defects are like those of real
deliveries. The outcomes do not depend on the arm, which is not known when they are written: whatever
difference between the arms the demo shows is chance. The made-up instrument ``welbevinden_voorbeeld``
(wb_1 … wb_6) has no texts and measures nothing.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from smartstart.outputs import write_file
from smartstart.synthetic.cast import SpecialWoman, cast
from smartstart.synthetic.chance import Chance
from smartstart.synthetic.municipality import (
    QUARTERS,
    WELLBEING_ITEMS,
    Child,
    Contact,
    Melding,
    Municipality,
    Person,
    Pregnancy,
    Spell,
    Wave,
    first_day,
    last_day,
    make_municipality,
)
from smartstart.synthetic.support_log import DrawnWoman, support_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Row = dict[str, str]
Tables = dict[str, list[Row]]

_ITEMS = tuple(f"wb_{nth}" for nth in range(1, WELLBEING_ITEMS + 1))
_ANSWERS = (
    "zwangerschap_gewenst",
    "roken",
    "eerste_controle_week",
    "startkwalificatie",
    "ouderlijk_gezin_intact",
    "eigen_moeder_tienermoeder",
    "eerder_kind_uit_huis",
)

COLUMNS: dict[str, tuple[str, ...]] = {
    "personen": (
        "burgerservicenummer",
        "voornamen",
        "voorvoegsel",
        "geslachtsnaam",
        "geboortedatum",
        "geslachtsaanduiding",
        "straatnaam",
        "huisnummer",
        "huisletter",
        "postcode",
        "woonplaats",
        "gemeentecode",
        "indicatie_geheim",
        "datum_overlijden",
        "reden_opschorting",
    ),
    "kinderen": ("burgerservicenummer_moeder", "burgerservicenummer_kind", "geboortedatum_kind"),
    "huishoudens": ("burgerservicenummer", "peildatum", "huishoudtype", "aantal_kinderen"),
    "inkomen": ("burgerservicenummer", "peildatum", "betaald_werk", "soort_uitkering"),
    "wonen": ("burgerservicenummer", "peildatum", "eigendom", "huurtoeslag"),
    "vragenlijst": (
        "clientnummer",
        "burgerservicenummer",
        "praktijk_agb",
        "invuldatum",
        "aterme_datum",
        "meetmoment",
        "toestemming_datum",
        *_ANSWERS,
        *_ITEMS,
    ),
    "jeugdhulp": ("burgerservicenummer_kind", "hulpvorm", "datum_aanvang", "datum_einde"),
    "maatregelen": ("burgerservicenummer_kind", "soort_maatregel", "datum_aanvang", "datum_einde"),
    "meldingen": ("burgerservicenummer", "soort", "datum"),
    "contactmomenten": (
        "burgerservicenummer",
        "datum",
        "contactmoment",
        "wijze",
        "beroep",
        "duur_minuten",
        "leefgebied",
        "afloop",
        "overgedragen_aan",
    ),
    "ondersteuningsplan": (
        "burgerservicenummer",
        "leefgebied",
        "behoefte",
        "stap",
        "wie",
        "begeleider",
        "afgesproken_op",
        "uiterlijk",
        "klaar_op",
        "evaluatie_op",
        "uitkomst",
    ),
    "verblijven": ("burgerservicenummer", "soort", "datum_aanvang", "datum_einde", "vervolg"),
}
REGISTER_QUESTIONNAIRE = tuple(column for column in COLUMNS["vragenlijst"] if column not in _ITEMS)

# What is wrong in each delivery, in otherwise good files: (file, column, defect).
_DEFECTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "2024Q1": (
        ("vragenlijst", "burgerservicenummer", "elfproef_fout"),
        ("vragenlijst", "invuldatum", "onmogelijke_datum"),
        ("vragenlijst", "toestemming_datum", "toestemming_ontbreekt"),
        ("inkomen", "soort_uitkering", "onbekende_code"),
        ("vragenlijst", "burgerservicenummer", "spaties_rondom"),
        ("vragenlijst", "roken", "kleine_letter_jn"),
        ("vragenlijst", "*", "dubbele_rij"),
    ),
    "2024Q2": (
        ("vragenlijst", "aterme_datum", "verplicht_leeg"),
        ("vragenlijst", "toestemming_datum", "toestemming_ontbreekt"),
        ("huishoudens", "aantal_kinderen", "tekst_in_getalkolom"),
        ("inkomen", "peildatum", "onmogelijke_datum"),
        ("vragenlijst", "burgerservicenummer", "bsn_8_cijfers"),
        ("wonen", "*", "dubbele_rij"),
    ),
    "2024Q3": (
        ("vragenlijst", "burgerservicenummer", "elfproef_fout"),
        ("vragenlijst", "eerste_controle_week", "tekst_in_getalkolom"),
        ("vragenlijst", "toestemming_datum", "toestemming_ontbreekt"),
        ("wonen", "eigendom", "onbekende_code"),
        ("inkomen", "betaald_werk", "kleine_letter_jn"),
        ("huishoudens", "*", "dubbele_rij"),
    ),
    "2024Q4": (
        ("vragenlijst", "invuldatum", "onmogelijke_datum"),
        ("vragenlijst", "aterme_datum", "verplicht_leeg"),
        ("vragenlijst", "toestemming_datum", "toestemming_ontbreekt"),
        ("huishoudens", "huishoudtype", "onbekende_code"),
        ("vragenlijst", "burgerservicenummer", "spaties_rondom"),
        ("wonen", "huurtoeslag", "kleine_letter_jn"),
        ("vragenlijst", "*", "dubbele_rij"),
    ),
    "followup": (
        ("maatregelen", "burgerservicenummer_kind", "bijzonder_bsn_999999999"),
        ("vragenlijst", "*", "dubbele_rij"),
    ),
}
HARMLESS = frozenset({"spaties_rondom", "kleine_letter_jn", "bsn_8_cijfers", "dubbele_rij"})

# In turn, the file of a quarter that has a byte-order mark, Windows line ends, or its columns reversed.
_MARKED = {1: "vragenlijst", 2: "kinderen", 3: "inkomen", 4: "huishoudens"}
_CRLF = {1: "huishoudens", 2: "vragenlijst", 3: "kinderen", 4: "wonen"}
_REVERSED = {1: "inkomen", 2: "huishoudens", 3: "vragenlijst", 4: "kinderen"}

_STORY_YEAR = 2024
_REGISTER_AS_OF = date(2023, 12, 31)
_FOLLOW_UP_AS_OF = date(2026, 6, 30)
_COMES_AGAIN = 3  # questionnaires that a practice sends again with the next quarter


@dataclass(frozen=True)
class Delivery:
    """One run of the story: which pipeline, on which folder, and on which day it counts as done."""

    pipeline: str
    folder: Path
    period: str | None
    as_of: date
    delivered: date


@dataclass(frozen=True)
class Defect:
    """A planted defect: folder and file, record (1-based, without the header) and column (* is the row)."""

    folder: str
    file: str
    row: int
    column: str
    defect: str
    harmless: bool
    bsn: str


@dataclass(frozen=True)
class Story:
    """What was written, and the truths that were planted in it."""

    folder: Path
    seed: int
    deliveries: tuple[Delivery, ...]
    defects: tuple[Defect, ...]
    women: tuple[SpecialWoman, ...]
    municipality: Municipality

    def woman(self, what: str) -> SpecialWoman:
        """Return the woman with this part; raises KeyError when nobody has it."""
        for woman in self.women:
            if woman.what == what:
                return woman
        raise KeyError(what)


def write_story(folder: Path, seed: int = 797, *, size: int = 1) -> Story:
    """Write the register, four quarters and the follow-up of a made-up municipality below ``folder``.

    ``size`` is how many times Heusden it is. The same seed and size give the same bytes, on any Python.
    """
    whole = make_municipality(seed, births_per_year=400 * size, women_per_quarter=17 * size, year=_STORY_YEAR)
    municipality, women = cast(whole)
    mothers = {mother.bsn: mother for mother in municipality.mothers}
    chance = Chance(seed + 1)  # apart from the people: another defect does not change anybody
    protected = {woman.bsn for woman in women}
    defects: list[Defect] = []
    deliveries = [Delivery("register", folder / "register", None, _REGISTER_AS_OF, _REGISTER_AS_OF)]
    _write(folder / "register", _register(municipality, mothers))
    for quarter in QUARTERS:
        period = f"{_STORY_YEAR}Q{quarter}"
        tables = _quarter(municipality, mothers, quarter)
        spared = protected | {p.mother for p, _ in _sent_again(municipality, quarter)}
        defects += _plant(tables, chance, period, f"quarters/{period}", spared)
        _write(folder / "quarters" / period, tables, quarter)
        end = last_day(_STORY_YEAR, quarter)
        deliveries.append(Delivery("quarterly", folder / "quarters" / period, period, end + timedelta(days=2), end))
    # Who did not get into the trial, because her only questionnaire was not good, is not followed.
    lost = {d.bsn for d in defects if d.file == "vragenlijst.csv" and not d.harmless}
    tables = _follow_up(municipality, mothers, lost)
    defects += _plant(tables, chance, "followup", "followup", protected)
    _write(folder / "followup", tables)
    deliveries.append(Delivery("follow_up", folder / "followup", None, _FOLLOW_UP_AS_OF, _FOLLOW_UP_AS_OF))
    return Story(folder, seed, tuple(deliveries), tuple(defects), women, municipality)


def write_support(story: Story, women: Iterable[DrawnWoman]) -> Delivery:
    """Write the support workers' log of the story, now that it is known who was drawn; returns its delivery."""
    folder = story.folder / "support"
    _write(folder, support_log(women, _FOLLOW_UP_AS_OF, story.seed))
    return Delivery("support", folder, None, _FOLLOW_UP_AS_OF, _FOLLOW_UP_AS_OF)


# --- what each delivery holds ---------------------------------------------------------------------------


def _register(municipality: Municipality, mothers: dict[str, Person]) -> Tables:
    pregnancies = municipality.cohort("register")
    children = _unique(child for p in pregnancies for child in (*p.older, *p.children))
    return {
        "personen": _persons((mothers[p.mother] for p in pregnancies), children, _REGISTER_AS_OF),
        "kinderen": _kinships(children),
        **_homes(pregnancies),
        "vragenlijst": _sorted_questionnaires(
            _questionnaire(p, contact, None) for p in pregnancies for contact in p.contacts
        ),
        "jeugdhulp": _spells(children, "hulpvorm", _REGISTER_AS_OF),
        "maatregelen": _spells(children, "soort_maatregel", _REGISTER_AS_OF),
    }


def _quarter(municipality: Municipality, mothers: dict[str, Person], quarter: int) -> Tables:
    start, end = first_day(_STORY_YEAR, quarter), last_day(_STORY_YEAR, quarter)
    this_year = [p for p in municipality.pregnancies if p.cohort != "register"]
    contacts = [(p, c) for p in this_year for c in p.contacts if start <= c.filled_in <= end]
    if quarter > 1:
        contacts += _sent_again(municipality, quarter - 1)
    pregnancies = list(dict.fromkeys(p for p, _ in contacts))
    meldingen = [(p, n) for p in this_year for n in p.meldingen if start <= n.on <= end]
    present = [mothers[p.mother] for p in (*pregnancies, *(p for p, _ in meldingen))]
    children = _unique(child for p in pregnancies for child in p.older)
    return {
        "personen": _persons(present, children, end),
        "kinderen": _kinships(children),
        **_homes(pregnancies),
        "vragenlijst": _sorted_questionnaires(_questionnaire(p, c, p.waves[0]) for p, c in contacts),
        "meldingen": _meldingen(meldingen),
    }


def _sent_again(municipality: Municipality, quarter: int) -> list[tuple[Pregnancy, Contact]]:
    """Take the same few questionnaires, those of the last women over 28, who have nothing else about them."""
    plain = [p for p in municipality.cohort(f"{_STORY_YEAR}Q{quarter}") if not p.meldingen]
    return [(p, p.contacts[0]) for p in plain[-_COMES_AGAIN:]]


def _follow_up(municipality: Municipality, mothers: dict[str, Person], lost: set[str]) -> Tables:
    as_of = _FOLLOW_UP_AS_OF
    followed = [
        p
        for p in municipality.pregnancies
        if p.cohort != "register"
        and p.mother not in lost
        and all(n.kind != "intrekking_toestemming" for n in p.meldingen)
    ]
    children = _unique(
        _as_seen(child, p) for p in followed for child in p.children if child.person.born <= min(as_of, _moved_on(p))
    )
    later = last_day(_STORY_YEAR, QUARTERS[-1])
    return {
        "personen": _persons((mothers[p.mother] for p in followed), children, as_of),
        "kinderen": _kinships(children),
        "jeugdhulp": _spells(children, "hulpvorm", as_of),
        "maatregelen": _spells(children, "soort_maatregel", as_of),
        "vragenlijst": _sorted_questionnaires(
            _questionnaire(p, p.contacts[0], wave) for p in followed for wave in p.waves[1:] if wave.on <= as_of
        ),
        "meldingen": _meldingen([(p, n) for p in followed for n in p.meldingen if later < n.on <= as_of]),
    }


def _moved_on(pregnancy: Pregnancy) -> date:
    return min((n.on for n in pregnancy.meldingen if n.kind == "verhuizing"), default=date.max)


def _as_seen(child: Child, pregnancy: Pregnancy) -> Child:
    """Leave out what happened after she moved: another municipality knows it, this one does not."""

    def seen(spells: tuple[Spell, ...]) -> tuple[Spell, ...]:
        return tuple(s for s in spells if s.start is None or s.start <= _moved_on(pregnancy))

    return replace(child, care=seen(child.care), maatregelen=seen(child.maatregelen))


# --- rows -----------------------------------------------------------------------------------------------


def _unique(children: Iterable[Child]) -> list[Child]:
    return list({child.person.bsn: child for child in children}.values())


def _persons(mothers: Iterable[Person], children: Iterable[Child], as_of: date) -> list[Row]:
    people = {person.bsn: person for person in (*mothers, *(child.person for child in children))}
    return [_person(people[bsn], as_of) for bsn in sorted(people)]


def _person(person: Person, as_of: date) -> Row:
    died = person.died if person.died is not None and person.died <= as_of else None
    values = (
        person.bsn,
        person.first_names,
        person.prefix,
        person.surname,
        person.registered_birth,
        person.sex,
        person.street,
        str(person.number),
        person.letter,
        person.postcode,
        person.town,
        person.municipality,
        str(person.secrecy),
        _municipal(died),
        "O" if died else "",
    )
    return dict(zip(COLUMNS["personen"], values, strict=True))


def _kinships(children: Iterable[Child]) -> list[Row]:
    rows = [
        {
            "burgerservicenummer_moeder": child.mother,
            "burgerservicenummer_kind": child.person.bsn,
            "geboortedatum_kind": _municipal(child.person.born),
        }
        for child in children
    ]
    return sorted(rows, key=lambda row: (row["burgerservicenummer_moeder"], row["burgerservicenummer_kind"]))


def _homes(pregnancies: Iterable[Pregnancy]) -> Tables:
    tables: Tables = {"huishoudens": [], "inkomen": [], "wonen": []}
    for p in sorted(pregnancies, key=lambda p: (p.mother, p.home.on)):
        at: Row = {"burgerservicenummer": p.mother, "peildatum": _municipal(p.home.on)}
        home, number = p.home, str(p.home.children)
        tables["huishoudens"].append({**at, "huishoudtype": home.household, "aantal_kinderen": number})
        tables["inkomen"].append({**at, "betaald_werk": home.work, "soort_uitkering": home.benefit})
        tables["wonen"].append({**at, "eigendom": home.tenure, "huurtoeslag": home.rent_allowance})
    return tables


def _questionnaire(pregnancy: Pregnancy, contact: Contact, wave: Wave | None) -> Row:
    """Write one questionnaire; the register's are of before the instrument, and have no items."""
    answers = pregnancy.answers
    later = wave is not None and wave.moment != "nulmeting"
    row = {
        "clientnummer": contact.client_number,
        "burgerservicenummer": pregnancy.mother,
        "praktijk_agb": contact.practice,
        "invuldatum": _midwife(wave.on if wave is not None and later else contact.filled_in),
        "aterme_datum": _midwife(pregnancy.due),
        "meetmoment": wave.moment if wave is not None else "nulmeting",
        "toestemming_datum": _midwife(contact.consent),
    }
    values = (
        answers.wanted,
        answers.smokes,
        answers.first_check_week,
        answers.start_qualification,
        answers.parents_together,
        answers.teenage_mother,
        answers.earlier_child_away,
    )
    row.update(zip(_ANSWERS, values, strict=True))
    if wave is not None:
        row.update(zip(_ITEMS, wave.items, strict=True))
    return row


def _sorted_questionnaires(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["clientnummer"], row["meetmoment"], row["invuldatum"]))


def _spells(children: Iterable[Child], column: str, as_of: date) -> list[Row]:
    """Write what had begun by ``as_of``; an end is filled in only once it has come."""
    rows = []
    for child in children:
        for spell in child.care if column == "hulpvorm" else child.maatregelen:
            if (spell.start or child.placed_on or date.max) > as_of:
                continue
            ended = spell.end if spell.end is not None and spell.end <= as_of else None
            rows.append(
                {
                    "burgerservicenummer_kind": child.person.bsn,
                    column: spell.code,
                    "datum_aanvang": _municipal(spell.start) or "00000000",
                    "datum_einde": _municipal(ended),
                }
            )
    return sorted(rows, key=lambda row: (row["burgerservicenummer_kind"], row["datum_aanvang"]))


def _meldingen(meldingen: Iterable[tuple[Pregnancy, Melding]]) -> list[Row]:
    rows = [
        {"burgerservicenummer": p.mother, "soort": melding.kind, "datum": _municipal(melding.on)}
        for p, melding in meldingen
    ]
    return sorted(rows, key=lambda row: (row["burgerservicenummer"], row["datum"]))


def _municipal(day: date | None) -> str:
    return "" if day is None else f"{day:%Y%m%d}"


def _midwife(day: date) -> str:
    return f"{day:%d-%m-%Y}"


# --- defects --------------------------------------------------------------------------------------------


def _plant(tables: Tables, chance: Chance, delivery: str, folder: str, protected: set[str]) -> list[Defect]:
    """Spoil a few rows, of different women and never of a special one; return what was spoilt where."""
    planted: list[Defect] = []
    spared = set(protected)
    for file, column, defect in _DEFECTS[delivery]:
        rows = tables[file]
        at = _place(rows, chance, column, defect, spared)
        key = "burgerservicenummer_kind" if file == "maatregelen" else "burgerservicenummer"
        bsn = rows[at][key]
        spared.add(bsn)
        if defect == "dubbele_rij":
            rows.append(dict(rows[at]))
            at = len(rows) - 1
        elif defect == "bijzonder_bsn_999999999":  # of a child not yet born: nobody knows whose
            rows.append({**rows[at], column: "999999999"})
            at = len(rows) - 1
        else:
            rows[at] = {**rows[at], column: _spoilt(rows[at][column], defect, file)}
        planted.append(Defect(folder, f"{file}.csv", at + 1, column, defect, defect in HARMLESS, bsn))
    return planted


def _place(rows: Sequence[Row], chance: Chance, column: str, defect: str, spared: set[str]) -> int:
    """Find a row that can have the defect, from a thrown one on; raises ValueError when there is none."""
    start = chance.below(len(rows))
    for step in range(len(rows)):
        at = (start + step) % len(rows)
        row = rows[at]
        bsn = row.get("burgerservicenummer", "")
        fits = bsn.startswith("0000") if defect == "bsn_8_cijfers" else column == "*" or row[column] != ""
        if fits and bsn not in spared:
            return at
    raise ValueError(f"No row can have the defect '{defect}': take another seed.")


def _spoilt(value: str, defect: str, file: str) -> str:
    changed = {
        "bsn_8_cijfers": value[1:],
        "spaties_rondom": f" {value}  ",
        "kleine_letter_jn": value.lower(),
        "onmogelijke_datum": "31-02-2024" if file == "vragenlijst" else "20240231",
        "tekst_in_getalkolom": "twee",
        "onbekende_code": "zie_notitie",
        "verplicht_leeg": "",
        "toestemming_ontbreekt": "",
    }
    if defect == "elfproef_fout":  # the last digit weighs one, so the next one is always wrong
        return value[:-1] + str((int(value[-1]) + 1) % 10)
    return changed[defect]


# --- bytes ----------------------------------------------------------------------------------------------


def _write(folder: Path, tables: Tables, quarter: int = 0) -> None:
    """Write the files of a delivery; ``quarter`` tells which of them has which peculiarity."""
    for file, rows in tables.items():
        columns = COLUMNS[file]
        if file == "vragenlijst" and rows and _ITEMS[0] not in rows[0]:
            columns = REGISTER_QUESTIONNAIRE
        if _REVERSED.get(quarter) == file:
            columns = columns[::-1]
        text = _as_csv(columns, rows, "\r\n" if _CRLF.get(quarter) == file else "\n")
        encoding = "utf-8-sig" if _MARKED.get(quarter) == file else "utf-8"
        if quarter and file == "personen":
            encoding = "cp1252"
        write_file(folder / f"{file}.csv", text.encode(encoding))


def _as_csv(columns: Sequence[str], rows: Iterable[Row], line_end: str) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, delimiter=";", lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
