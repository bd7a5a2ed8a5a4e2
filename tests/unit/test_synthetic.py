"""The made-up municipality: what it promises to those who test and demonstrate with it."""

from __future__ import annotations

import csv
import hashlib
import math
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from stdnum.nl import bsn as elfproef

from smartstart.calendar import age_on
from smartstart.synthetic.deliveries import COLUMNS, REGISTER_QUESTIONNAIRE, Story, write_story
from smartstart.synthetic.municipality import (
    BASE_ODDS,
    ODDS_RATIO_PER_FACTOR,
    Factors,
    Municipality,
    make_municipality,
    planted_probability,
)

if TYPE_CHECKING:
    from pathlib import Path

QUARTERS = ("2024Q1", "2024Q2", "2024Q3", "2024Q4")
QUARTERLY = {"personen", "kinderen", "huishoudens", "inkomen", "wonen", "vragenlijst", "meldingen"}
ITEMS = tuple(f"wb_{nth}" for nth in range(1, 7))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return write_story(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def large() -> Municipality:
    return make_municipality(11, births_per_year=10_000, women_per_quarter=425)


def text_of(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(text_of(path).splitlines(), delimiter=";"))


def header_of(path: Path) -> list[str]:
    return text_of(path).splitlines()[0].split(";")


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.csv"))
    }


def midwife_date(text: str) -> date:
    day, month, year = text.split("-")
    return date(int(year), int(month), int(day))


def good_bsns(story: Story, path: Path) -> set[str]:
    """Every BSN of a file, but those that are labelled as wrong."""
    folder = path.parent.relative_to(story.folder).as_posix()
    labelled = {
        (d.row, d.column)
        for d in story.defects
        if (d.folder, d.file) == (folder, path.name)
        and d.defect in {"elfproef_fout", "bsn_8_cijfers", "bijzonder_bsn_999999999"}
    }
    return {
        value.strip()
        for nth, row in enumerate(rows_of(path), start=1)
        for column, value in row.items()
        if column.startswith("burgerservicenummer") and (nth, column) not in labelled
    }


def test_same_seed_gives_same_bytes_and_another_seed_others(story: Story, tmp_path: Path) -> None:
    again = write_story(tmp_path / "again")
    other = write_story(tmp_path / "other", seed=798)
    assert fingerprint(again.folder) == fingerprint(story.folder)
    assert fingerprint(other.folder) != fingerprint(story.folder)
    assert [(d.row, d.file) for d in again.defects] == [(d.row, d.file) for d in story.defects]


def test_the_bytes_are_those_of_every_python(story: Story) -> None:
    """A known answer: whoever means to change the people changes this line too."""
    everything = hashlib.sha256(repr(fingerprint(story.folder)).encode()).hexdigest()
    assert everything == "a9e0811908781f4136ade364ab6a8f777afbd55d2ef9fe49616981a283dfeb40"


@pytest.mark.parametrize("seed", range(20))
def test_any_seed_tells_the_whole_story(seed: int, tmp_path: Path) -> None:
    told = write_story(tmp_path, seed)
    assert len(told.deliveries) == 6
    assert len(told.women) >= 19


def test_every_bsn_passes_the_elfproef_and_is_issued_to_nobody(story: Story) -> None:
    found = {bsn for path in story.folder.rglob("*.csv") for bsn in good_bsns(story, path)}
    assert len(found) > 2000
    assert all(elfproef.is_valid(bsn) and len(bsn) == 9 for bsn in found)
    assert all(bsn.startswith(("99", "0000")) for bsn in found)
    assert not found & {"000000000", "999999999"}


def test_no_two_persons_share_a_bsn_and_no_two_women_a_client_number(large: Municipality) -> None:
    persons = [mother.bsn for mother in large.mothers] + [child.person.bsn for child in large.children]
    assert len(persons) == len(set(persons))
    owner: dict[str, str] = {}
    for pregnancy in large.pregnancies:
        for contact in pregnancy.contacts:
            assert owner.setdefault(contact.client_number, pregnancy.mother) == pregnancy.mother


def test_headers_are_the_columns_of_the_design(story: Story) -> None:
    for path in story.folder.rglob("*.csv"):
        in_register = path.parent.name == "register"
        expected = REGISTER_QUESTIONNAIRE if in_register and path.stem == "vragenlijst" else COLUMNS[path.stem]
        assert sorted(header_of(path)) == sorted(expected), path
    assert COLUMNS["vragenlijst"][-6:] == ITEMS
    assert len(REGISTER_QUESTIONNAIRE) == 14


def test_every_delivery_has_its_files(story: Story) -> None:
    names = {delivery.folder: {path.stem for path in delivery.folder.iterdir()} for delivery in story.deliveries}
    register, *quarters, follow_up = names.values()
    assert register == (QUARTERLY - {"meldingen"}) | {"jeugdhulp", "maatregelen"}
    assert all(files == QUARTERLY for files in quarters)
    assert follow_up == {"personen", "kinderen", "vragenlijst", "meldingen", "jeugdhulp", "maatregelen"}
    assert [delivery.pipeline for delivery in story.deliveries] == [
        "register",
        *["quarterly"] * 4,
        "follow_up",
    ]


def test_each_quarter_has_one_file_in_each_peculiar_form(story: Story) -> None:
    for quarter in QUARTERS:
        files = {path.stem: path.read_bytes() for path in (story.folder / "quarters" / quarter).iterdir()}
        marked = [name for name, content in files.items() if content.startswith(b"\xef\xbb\xbf")]
        windows_ends = [name for name, content in files.items() if b"\r\n" in content]
        reversed_ = [
            name
            for name in files
            if header_of(story.folder / "quarters" / quarter / f"{name}.csv") == list(COLUMNS[name][::-1])
        ]
        assert (len(marked), len(windows_ends), len(reversed_)) == (1, 1, 1)
        with pytest.raises(UnicodeDecodeError):
            files["personen"].decode("utf-8")
        assert files["personen"].decode("cp1252")


def test_every_person_of_whom_a_file_speaks_is_in_personen(story: Story) -> None:
    for delivery in story.deliveries:
        persons = good_bsns(story, delivery.folder / "personen.csv")
        for path in delivery.folder.iterdir():
            assert good_bsns(story, path) <= persons, path


def test_a_person_has_one_row_a_delivery_and_one_birth_date_always(story: Story) -> None:
    births: dict[str, str] = {}
    for delivery in story.deliveries:
        rows = rows_of(delivery.folder / "personen.csv")
        assert len(rows) == len({row["burgerservicenummer"] for row in rows})
        for row in rows:
            known = births.setdefault(row["burgerservicenummer"], row["geboortedatum"])
            assert known == row["geboortedatum"]


def test_mothers_have_the_age_of_mothers(story: Story) -> None:
    mothers = {mother.bsn: mother for mother in story.municipality.mothers}
    for pregnancy in story.municipality.pregnancies:
        born = mothers[pregnancy.mother].born
        assert 16 <= age_on(pregnancy.filled_in, born) <= 42
        assert all(age_on(child.person.born, born) >= 16 for child in pregnancy.older)


def test_nothing_is_delivered_before_it_happened(story: Story) -> None:
    for delivery in story.deliveries:
        last = f"{delivery.as_of:%Y%m%d}"
        for path in delivery.folder.iterdir():
            for row in rows_of(path):
                days = [
                    value
                    for column, value in row.items()
                    if len(value) == 8 and column.startswith(("datum", "peildatum", "geboortedatum"))
                ]
                assert all(day <= last for day in days), path


def test_about_65_women_a_year_are_28_or_younger(story: Story) -> None:
    mothers = {mother.bsn: mother for mother in story.municipality.mothers}
    young = {
        pregnancy.mother
        for quarter in QUARTERS
        for pregnancy in story.municipality.cohort(quarter)
        if age_on(pregnancy.filled_in, mothers[pregnancy.mother].born) <= 28
    }
    assert 60 <= len(young) <= 72
    assert sum(len(story.municipality.cohort(quarter)) for quarter in QUARTERS) == 401  # one is pregnant twice


def test_the_register_has_two_birth_years_all_followed_for_two_years(story: Story) -> None:
    register = story.municipality.cohort("register")
    assert len(register) == 800
    for pregnancy in register:
        for child in pregnancy.children:
            assert child.person.born + timedelta(days=731) <= story.deliveries[0].as_of + timedelta(days=1)
    placed = sum(any(child.placed_on for child in pregnancy.children) for pregnancy in register)
    assert 8 <= placed <= 16


def test_some_women_of_the_year_are_known_from_the_register(story: Story) -> None:
    known = {pregnancy.mother for pregnancy in story.municipality.cohort("register")}
    again = [p for quarter in QUARTERS for p in story.municipality.cohort(quarter) if p.mother in known]
    assert 20 <= len(again) <= 80
    clients = {p.mother: p.contacts[0].client_number for p in story.municipality.cohort("register")}
    assert all(p.contacts[0].client_number == clients[p.mother] for p in again)


def test_the_planted_log_odds_rise_by_the_same_step_for_each_factor() -> None:
    none = Factors(False, False, False, False)
    all_four = Factors(True, True, True, True)
    assert planted_probability(none) == pytest.approx(BASE_ODDS / (1 + BASE_ODDS))
    odds = planted_probability(all_four) / (1 - planted_probability(all_four))
    assert odds == pytest.approx(BASE_ODDS * ODDS_RATIO_PER_FACTOR**4)


def test_the_planted_gradient_is_recovered_from_the_outcomes(large: Municipality) -> None:
    risks, points = [], []
    for count in range(4):
        group = [p for p in large.cohort("register") if p.factors.count == count]
        events = sum(any(child.placed_on for child in p.children) for p in group)
        odds = (events + 0.5) / (len(group) - events + 0.5)
        risks.append(events / len(group))
        points.append((count, math.log(odds), events))
    assert risks == sorted(risks)
    weight = sum(events for *_, events in points)
    mean_count = sum(count * events for count, _, events in points) / weight
    mean_log = sum(log * events for _, log, events in points) / weight
    covariance = sum(events * (count - mean_count) * (log - mean_log) for count, log, events in points)
    slope = covariance / sum(events * (count - mean_count) ** 2 for count, _, events in points)
    error = 1 / math.sqrt(sum(events * (count - mean_count) ** 2 for count, _, events in points))
    assert abs(slope - math.log(ODDS_RATIO_PER_FACTOR)) < 3 * error
    register = large.cohort("register")
    placed = sum(any(child.placed_on for child in p.children) for p in register)
    assert 0.010 < placed / len(register) < 0.020


def test_a_placement_is_a_stay_that_overlaps_with_a_measure(large: Municipality) -> None:
    for child in large.children:
        overlaps = [
            max(stay.start, maatregel.start)
            for stay in child.care
            for maatregel in child.maatregelen
            if stay.start is not None
            and maatregel.start is not None
            and stay.start < (maatregel.end or date.max)
            and maatregel.start < (stay.end or date.max)
        ]
        if all(stay.start is not None for stay in child.care):
            assert min(overlaps, default=None) == child.placed_on


def test_the_records_of_the_register_have_the_oddities_of_real_ones(story: Story) -> None:
    folder = story.folder / "register"
    care, measures = rows_of(folder / "jeugdhulp.csv"), rows_of(folder / "maatregelen.csv")
    born = {row["burgerservicenummer_kind"]: row["geboortedatum_kind"] for row in rows_of(folder / "kinderen.csv")}
    assert any(
        one["burgerservicenummer_kind"] == two["burgerservicenummer_kind"]
        and one["datum_einde"] == two["datum_aanvang"] != ""
        for one in care
        for two in care
    ), "a transfer: two rows that touch"
    assert any(row["datum_aanvang"] < born[row["burgerservicenummer_kind"]] for row in measures)
    assert any(row["datum_aanvang"] == "00000000" for row in care)
    assert any(row["datum_einde"] for row in measures)
    assert {row["hulpvorm"] for row in care} <= {"11", "12", "13", "14"}
    assert {row["soort_maatregel"] for row in measures} <= {"11", "12", "21", "22", "23"}
    persons = rows_of(folder / "personen.csv")
    assert any(row["geboortedatum"].endswith("0000") for row in persons)


def test_labelled_defects_are_where_the_label_says(story: Story) -> None:
    present = {
        "elfproef_fout": lambda v: len(v) == 9 and not elfproef.is_valid(v),
        "onmogelijke_datum": lambda v: v in {"31-02-2024", "20240231"},
        "toestemming_ontbreekt": lambda v: v == "",
        "verplicht_leeg": lambda v: v == "",
        "onbekende_code": lambda v: v == "zie_notitie",
        "tekst_in_getalkolom": lambda v: v.isalpha(),
        "spaties_rondom": lambda v: v != v.strip() and elfproef.is_valid(v.strip()),
        "kleine_letter_jn": lambda v: v in {"j", "n"},
        "bsn_8_cijfers": lambda v: len(v) == 8 and elfproef.is_valid("0" + v),
        "bijzonder_bsn_999999999": lambda v: v == "999999999",
    }
    for defect in story.defects:
        rows = rows_of(story.folder / defect.folder / defect.file)
        row = rows[defect.row - 1]
        if defect.defect == "dubbele_rij":
            assert rows.count(row) == 2, defect
        else:
            assert present[defect.defect](row[defect.column]), defect
    for quarter in QUARTERS:
        mine = [d for d in story.defects if d.folder == f"quarters/{quarter}"]
        assert {"toestemming_ontbreekt", "dubbele_rij"} <= {d.defect for d in mine}
        assert len({d.bsn for d in mine}) == len(mine) >= 6


def test_what_is_not_labelled_is_good(story: Story) -> None:
    for quarter in QUARTERS:
        folder = story.folder / "quarters" / quarter
        labelled = {(d.file, d.row) for d in story.defects if d.folder == f"quarters/{quarter}"}
        for nth, row in enumerate(rows_of(folder / "vragenlijst.csv"), start=1):
            if ("vragenlijst.csv", nth) not in labelled:
                filled_in, due = midwife_date(row["invuldatum"]), midwife_date(row["aterme_datum"])
                assert midwife_date(row["toestemming_datum"]) <= filled_in < due
                assert (due - filled_in).days < 280
                assert row["praktijk_agb"].startswith("0899")
                assert set(row["zwangerschap_gewenst"] + row["roken"]) <= set("JN")
                assert all(row[item] in {"", "1", "2", "3", "4", "5"} for item in ITEMS)


def test_no_special_woman_has_a_defect(story: Story) -> None:
    assert not {woman.bsn for woman in story.women} & {defect.bsn for defect in story.defects}


def test_special_women_are_as_described(story: Story) -> None:
    def questionnaires(what: str) -> list[tuple[str, dict[str, str]]]:
        return [
            (quarter, row)
            for quarter in QUARTERS
            for row in rows_of(story.folder / "quarters" / quarter / "vragenlijst.csv")
            if row["clientnummer"] in story.woman(what).client_numbers
        ]

    def person(what: str) -> dict[str, str]:
        woman = story.woman(what)
        rows = rows_of(story.folder / "quarters" / woman.quarter / "personen.csv")
        return next(row for row in rows if row["burgerservicenummer"] == woman.bsn)

    def notices(what: str) -> set[str]:
        woman = story.woman(what)
        paths = story.folder.rglob("meldingen.csv")
        return {r["soort"] for p in paths for r in rows_of(p) if r["burgerservicenummer"] == woman.bsn}

    def age(what: str, later: int = 0) -> int:
        born = next(m.born for m in story.municipality.mothers if m.bsn == story.woman(what).bsn)
        return age_on(midwife_date(questionnaires(what)[0][1]["invuldatum"]) + timedelta(days=later), born)

    assert (age("aged_exactly_28"), age("aged_exactly_28", -1)) == (28, 27)
    assert (age("turns_29_soon"), age("turns_29_soon", 1)) == (28, 29)
    assert person("age_uncertain")["geboortedatum"] == "19950000"
    assert person("address_secret")["indicatie_geheim"] == "7"
    assert person("surname_NA")["geslachtsnaam"] == "NA"
    assert person("surname_Null")["geslachtsnaam"] == "Null"
    assert person("lives_elsewhere")["gemeentecode"] == "0796"
    assert person("died")["datum_overlijden"] > "20241001"
    assert [quarter for quarter, _ in questionnaires("two_practices_in_one_quarter")] == ["2024Q2"] * 2
    assert [quarter for quarter, _ in questionnaires("second_practice_a_quarter_later")] == [
        "2024Q3",
        "2024Q4",
    ]
    for what in ("two_practices_in_one_quarter", "second_practice_a_quarter_later"):
        assert len({row["praktijk_agb"] for _, row in questionnaires(what)}) == 2
    twice = questionnaires("second_pregnancy_within_the_year")
    assert [quarter for quarter, _ in twice] == ["2024Q1", "2024Q4"]
    assert notices("second_pregnancy_within_the_year") == {"zwangerschap_beeindigd"}
    assert notices("pregnancy_ended") == {"zwangerschap_beeindigd"}
    assert notices("objected") == {"bezwaar"}
    assert notices("withdrew_consent") == {"intrekking_toestemming"}
    assert notices("moved_away") == {"verhuizing"}
    assert notices("ordinary") == notices("control") == set()
    followed = rows_of(story.folder / "followup" / "kinderen.csv")
    children = [r for r in followed if r["burgerservicenummer_moeder"] == story.woman("twins").bsn]
    assert len(children) == 2
    assert len({row["geboortedatum_kind"] for row in children}) == 1


def test_nobody_is_asked_again_after_a_loss_a_death_or_a_no(story: Story) -> None:
    folder = story.folder / "followup"
    answered = {row["burgerservicenummer"] for row in rows_of(folder / "vragenlijst.csv")}
    for what in ("pregnancy_ended", "died", "objected", "withdrew_consent"):
        assert story.woman(what).bsn not in answered
    withdrew = story.woman("withdrew_consent").bsn
    assert all(withdrew not in text_of(path) for path in folder.iterdir())


def test_a_fifth_of_the_later_questionnaires_is_missing(story: Story) -> None:
    rows = rows_of(story.folder / "followup" / "vragenlijst.csv")
    births = {row["burgerservicenummer_moeder"] for row in rows_of(story.folder / "followup" / "kinderen.csv")}
    after_3_months = {row["burgerservicenummer"] for row in rows if row["meetmoment"] == "tussenmeting"}
    assert {row["meetmoment"] for row in rows} == {"tussenmeting", "eindmeting"}
    assert 0.70 < len(after_3_months) / len(births) < 0.90


def test_nothing_planted_knows_of_an_arm(story: Story) -> None:
    """The draw comes after: no file and no record has a word for who got the offer."""
    for path in story.folder.rglob("*.csv"):
        assert not {"arm", "groep", "aanbod", "loting"} & set(header_of(path))
