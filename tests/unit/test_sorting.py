"""Intake: every row goes one of five ways, and a fault never costs a good row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.nl import bsn

from smartstart.contracts.odcs import load_contracts
from smartstart.errors import DataRefused
from smartstart.extracts.finding import contract_of
from smartstart.extracts.reading import read_extract
from smartstart.intake.sorting import KnownPeople, SortedFile, sort_delivery
from smartstart.intake.waiting import WaitingRows
from smartstart.resources import shipped

CONTRACTS = load_contracts(shipped("data_contracts"))
AS_OF = date(2024, 4, 2)
NOBODY = KnownPeople(
    consented=lambda _: set(), persons=lambda _: set(), children=lambda _: set(), erased=lambda _: set()
)

MOTHER, OTHER, CHILD = "111222333", "123456782", "990000011"
PERSON = "{bsn};Fenna;van der;Proefstra;{born};V;Proefdreef;1;;5256 AA;Heusden;0797;0;;"
PERSON_HEADER = (
    "burgerservicenummer;voornamen;voorvoegsel;geslachtsnaam;geboortedatum;geslachtsaanduiding;straatnaam;huisnummer;"
    "huisletter;postcode;woonplaats;gemeentecode;indicatie_geheim;datum_overlijden;reden_opschorting"
)
ANSWERS_HEADER = "clientnummer;burgerservicenummer;praktijk_agb;invuldatum;aterme_datum;meetmoment;toestemming_datum"
ANSWERS = "{client};{bsn};08990011;01-03-2024;01-09-2024;nulmeting;{consent}"


def deliver(folder: Path, **files: list[str]) -> list[Path]:
    for name, lines in files.items():
        (folder / f"{name}.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    return sorted(folder.glob("*.csv"))


def sort(
    folder: Path, *, only_consented: bool = True, known: KnownPeople = NOBODY, **files: list[str]
) -> dict[str, SortedFile]:
    return sorted_from(deliver(folder, **files), only_consented=only_consented, known=known)


def sorted_from(
    paths: list[Path], *, only_consented: bool = True, known: KnownPeople = NOBODY
) -> dict[str, SortedFile]:
    extracts = [read_extract(path, CONTRACTS[contract_of(path, CONTRACTS)]) for path in paths]
    found = sort_delivery(extracts, AS_OF, only_consented=only_consented, known=known)
    return {file.delivered.file.partition(".")[0]: file for file in found}


def answers(*rows: tuple[str, str, str]) -> list[str]:
    return [ANSWERS_HEADER, *(ANSWERS.format(client=c, bsn=b, consent=d) for c, b, d in rows)]


def persons(*rows: tuple[str, str]) -> list[str]:
    return [PERSON_HEADER, *(PERSON.format(bsn=b, born=d) for b, d in rows)]


def rules(file: SortedFile) -> set[tuple[int, str]]:
    return {(row, rule) for row, _, rule in file.breaches.rows()}


CONSENTED = ("C1", MOTHER, "01-03-2024")


def test_a_questionnaire_without_consent_is_refused_and_named_to_its_practice(tmp_path: Path) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED, ("C2", OTHER, "")), personen=persons((MOTHER, "19990101")))
    assert files["vragenlijst"].refused.rows() == [(2, "consent_missing", "08990011")]
    assert files["vragenlijst"].accepted["person_id"].to_list() == [MOTHER]


def test_consent_after_the_questionnaire_or_unreadable_is_no_consent(tmp_path: Path) -> None:
    rows = [("C1", MOTHER, "02-03-2024"), ("C2", OTHER, "31-02-2024")]
    files = sort(tmp_path, vragenlijst=answers(*rows))
    assert files["vragenlijst"].refused["row"].to_list() == [1, 2]
    assert files["vragenlijst"].breaches.is_empty()


def test_persons_without_a_consented_questionnaire_are_refused(tmp_path: Path) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), personen=persons((MOTHER, "19990101"), (OTHER, "19800101")))
    assert files["personen"].refused.select("row", "rule").rows() == [(2, "no_consented_questionnaire")]


def test_the_history_keeps_persons_without_a_questionnaire(tmp_path: Path) -> None:
    files = sort(
        tmp_path,
        only_consented=False,
        vragenlijst=answers(CONSENTED),
        personen=persons((MOTHER, "19990101"), (OTHER, "19800101")),
    )
    assert files["personen"].accepted.height == 2


def test_a_woman_who_consented_earlier_may_be_delivered_alone(tmp_path: Path) -> None:
    known = replace(NOBODY, consented=lambda b: {OTHER} & set(b))
    files = sort(
        tmp_path,
        known=known,
        vragenlijst=answers(CONSENTED),
        personen=persons((MOTHER, "19990101"), (OTHER, "19800101")),
    )
    assert files["personen"].refused.is_empty()


def test_a_faulty_questionnaire_with_consent_does_not_cost_her_other_rows(tmp_path: Path) -> None:
    lines = [ANSWERS_HEADER, f"C1;{MOTHER};08990011;01-03-2024;;nulmeting;01-03-2024"]
    files = sort(tmp_path, vragenlijst=lines, personen=persons((MOTHER, "19990101")))
    assert rules(files["vragenlijst"]) == {(1, "required")}
    assert files["personen"].accepted.height == 1


def test_an_objection_of_a_woman_not_yet_known_is_kept(tmp_path: Path) -> None:
    notices = ["burgerservicenummer;soort;datum", f"{OTHER};bezwaar;20240301"]
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), meldingen=notices)
    assert files["meldingen"].accepted.height == 1


def test_children_of_a_consented_mother_belong_to_her(tmp_path: Path) -> None:
    children = ["burgerservicenummer_moeder;burgerservicenummer_kind;geboortedatum_kind", f"{MOTHER};{CHILD};20200101"]
    files = sort(
        tmp_path,
        vragenlijst=answers(CONSENTED),
        kinderen=children,
        personen=persons((MOTHER, "19990101"), (CHILD, "20200101")),
    )
    assert files["personen"].accepted.height == 2 and files["kinderen"].accepted.height == 1


ERASED = replace(NOBODY, erased=lambda b: {MOTHER} & set(b))
CHILDREN_HEADER = "burgerservicenummer_moeder;burgerservicenummer_kind;geboortedatum_kind"


@pytest.mark.parametrize("only_consented", [True, False])
def test_every_row_of_who_was_erased_is_refused_in_every_file_and_names_no_practice(
    tmp_path: Path, only_consented: bool
) -> None:
    files = sort(
        tmp_path,
        known=ERASED,
        only_consented=only_consented,
        vragenlijst=answers(CONSENTED, ("C2", OTHER, "01-03-2024"), ("C1", MOTHER, "")),
        personen=persons((MOTHER, "19990101"), (OTHER, "19990101"), (MOTHER, "onzin")),
        meldingen=["burgerservicenummer;soort;datum", f"{MOTHER};bezwaar;20240301", f"{MOTHER};onzin;"],
    )
    refused = {name: file.refused.rows() for name, file in files.items()}
    assert refused == {
        "vragenlijst": [(1, "erased", None), (3, "erased", None)],
        "personen": [(1, "erased", None), (3, "erased", None)],
        "meldingen": [(1, "erased", None), (2, "erased", None)],
    }
    assert all(file.breaches.is_empty() for file in files.values())


def test_the_children_of_who_was_erased_are_refused_with_her(tmp_path: Path) -> None:
    files = sort(
        tmp_path,
        known=ERASED,
        only_consented=False,
        kinderen=[CHILDREN_HEADER, f"{MOTHER};{CHILD};20200101"],
        personen=persons((CHILD, "20200101")),
    )
    assert [file.refused.rows() for file in files.values()] == [[(1, "erased", None)]] * 2


def test_a_child_with_a_questionnaire_of_her_own_is_not_refused_for_her_mother(tmp_path: Path) -> None:
    files = sort(
        tmp_path,
        known=ERASED,
        vragenlijst=answers(("C2", OTHER, "01-03-2024")),
        kinderen=[CHILDREN_HEADER, f"{MOTHER};{OTHER};19990101"],
        personen=persons((OTHER, "19990101")),
    )
    assert files["kinderen"].refused.rows() == [(1, "erased", None)]
    assert files["vragenlijst"].accepted.height == 1 and files["personen"].accepted.height == 1


def test_exact_duplicates_are_counted_once(tmp_path: Path) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED, CONSENTED, CONSENTED), personen=persons((MOTHER, "19990101")))
    assert files["vragenlijst"].duplicates == 2 and files["vragenlijst"].accepted.height == 1


def test_one_bsn_with_two_birth_dates_sets_both_rows_aside_and_nothing_else(tmp_path: Path) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), personen=persons((MOTHER, "19990101"), (MOTHER, "19990102")))
    assert rules(files["personen"]) == {(1, "bsn_two_birth_dates"), (2, "bsn_two_birth_dates")}
    assert files["vragenlijst"].accepted.height == 1


def test_a_questionnaire_file_from_each_practice_is_one_delivery(tmp_path: Path) -> None:
    files = sort(
        tmp_path,
        vragenlijst_08990011=answers(CONSENTED),
        vragenlijst_08990022=answers(CONSENTED, ("C2", OTHER, "01-03-2024")),
        personen=persons((MOTHER, "19990101"), (OTHER, "19990101")),
    )
    assert files["personen"].accepted.height == 2
    assert files["vragenlijst_08990011"].accepted.height == files["vragenlijst_08990022"].accepted.height == 1
    assert files["vragenlijst_08990022"].duplicates == 1


def test_one_bsn_with_two_birth_dates_in_two_files_sets_both_aside(tmp_path: Path) -> None:
    files = sort(
        tmp_path,
        vragenlijst=answers(CONSENTED),
        personen_a=persons((MOTHER, "19990101")),
        personen_b=persons((MOTHER, "19990102")),
    )
    assert rules(files["personen_a"]) == rules(files["personen_b"]) == {(1, "bsn_two_birth_dates")}


def test_rows_of_one_key_that_differ_are_all_set_aside(tmp_path: Path) -> None:
    homes = [
        "burgerservicenummer;peildatum;huishoudtype;aantal_kinderen",
        f"{MOTHER};20240101;gehuwd_paar;0",
        f"{MOTHER};20240101;zonder_partner;0",
    ]
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), huishoudens=homes)
    assert rules(files["huishoudens"]) == {(1, "key_repeated"), (2, "key_repeated")}


def test_a_broken_row_does_not_take_the_good_row_of_its_key_along(tmp_path: Path) -> None:
    homes = [
        "burgerservicenummer;peildatum;huishoudtype;aantal_kinderen",
        f"{MOTHER};20240101;villa;0",
        f"{MOTHER};20240101;zonder_partner;0",
    ]
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), huishoudens=homes)
    assert rules(files["huishoudens"]) == {(1, "code_unknown")}
    assert files["huishoudens"].accepted.height == 1


def test_a_questionnaire_without_its_person_is_set_aside(tmp_path: Path) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), personen=[PERSON_HEADER])
    assert rules(files["vragenlijst"]) == {(1, "no_person")}


@pytest.mark.parametrize("line", [f'{MOTHER};"Fenna;van der;Proefstra', f"{MOTHER};too;few", f'"{MOTHER}";x"y;z'])
def test_a_person_on_a_broken_line_does_not_cost_her_questionnaire(tmp_path: Path, line: str) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), personen=[PERSON_HEADER, line])
    assert len(files["personen"].quarantined_rows) == 1
    assert files["vragenlijst"].accepted.height == 1


def test_a_child_without_its_mother_is_set_aside(tmp_path: Path) -> None:
    children = ["burgerservicenummer_moeder;burgerservicenummer_kind;geboortedatum_kind", f"{MOTHER};{CHILD};20200101"]
    files = sort(tmp_path, only_consented=False, kinderen=children, personen=[PERSON_HEADER])
    assert rules(files["kinderen"]) == {(1, "no_mother")}


def test_an_unreadable_bsn_is_set_aside_not_refused(tmp_path: Path) -> None:
    files = sort(tmp_path, vragenlijst=answers(CONSENTED), personen=persons((MOTHER, "19990101"), ("12x", "19990101")))
    assert rules(files["personen"]) == {(2, "bsn_form")} and files["personen"].refused.is_empty()


ROW = st.sampled_from(
    [
        PERSON.format(bsn=MOTHER, born="19990101"),
        PERSON.format(bsn=MOTHER, born="19990202"),
        PERSON.format(bsn=OTHER, born="19990101"),
        PERSON.format(bsn="12", born="x"),
        PERSON.format(bsn=MOTHER, born="20300101"),
        "too;few",
        '"open',
        "",
    ]
)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=12), only_consented=st.booleans())
def test_rows_in_is_the_sum_of_the_five_ways(tmp_path_factory: object, rows: list[str], only_consented: bool) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        files = sort(
            Path(folder), only_consented=only_consented, vragenlijst=answers(CONSENTED), personen=[PERSON_HEADER, *rows]
        )
    for file in files.values():
        counts = file.counts()
        assert counts.pop("rows_in") == sum(counts.values())
    assert files["personen"].counts()["rows_in"] == sum(1 for row in rows if row)


@settings(max_examples=30, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_changes_no_verdict(order: list[int]) -> None:
    import tempfile

    rows = [
        (MOTHER, "19990101"),
        (MOTHER, "19990202"),
        (OTHER, "19990101"),
        ("12", "x"),
        (CHILD, "20200101"),
        (OTHER, "19990101"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        files = sort(Path(folder), only_consented=False, personen=persons(*(rows[i] for i in order)))
    accepted = files["personen"].accepted.select(pl.col("person_id").sort())["person_id"].to_list()
    assert accepted == sorted([OTHER, CHILD])
    assert files["personen"].duplicates == 1


def lines_of_many_kinds() -> dict[str, list[str]]:
    """Return a delivery with good rows, faults of several kinds, a repeat, a duplicate and a stranger."""
    numbers = (f"{nth:09}" for nth in range(100_000_000, 100_010_000))
    women = [(f"C{nth}", number, "2024-02-01") for nth, number in enumerate(filter(bsn.is_valid, numbers))][:300]
    return {
        "vragenlijst": [*answers(*women, women[7], ("X", MOTHER, "")), "1;2;3", '"an open quote'],
        "personen": persons(
            *[(own, "19980101") for _, own, _ in women], (MOTHER, "19980101"), (women[3][1], "19990101")
        ),
    }


def told_of(files: dict[str, SortedFile]) -> list[object]:
    return [
        (
            file.counts(),
            sorted(file.breaches.rows()),
            sorted(file.refused.rows()),
            [fault.line for fault in file.faults],
            pl.concat(file.accepted_rows()).rows(),
            sorted(file.accepted.rows()),
        )
        for file in files.values()
    ]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_that_is_too_large_to_be_held_is_sorted_as_one_that_is_not(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = lines_of_many_kinds()
    if form == "parquet":
        for path in deliver(tmp_path, **{name: lines[:-2] for name, lines in delivery.items()}):
            pl.read_csv(path, separator=";", infer_schema=False).write_parquet(path.with_suffix(".parquet"))
    paths = deliver(tmp_path, **delivery) if form == "csv" else sorted(tmp_path.glob("*.parquet"))
    at_once = told_of(sorted_from(paths))
    monkeypatch.setattr("smartstart.extracts.limits.HELD_BYTES", 0)
    monkeypatch.setattr("smartstart.extracts.limits.PART_BYTES", 500)
    in_parts = sorted_from(paths)
    assert all(len(list(file.rows)) > 20 for file in in_parts.values())  # it was in parts indeed
    assert told_of(in_parts) == at_once


@pytest.mark.parametrize("other", [b"1989", b"19\xe98", b'";"";"', b""])
def test_what_changes_while_it_is_read_in_parts_is_refused(
    other: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smartstart.extracts.limits.HELD_BYTES", 0)
    (path,) = deliver(tmp_path, personen=persons((MOTHER, "19980101")))
    extract = read_extract(path, CONTRACTS["personen"])
    path.write_bytes(path.read_bytes().replace(b"1998", other) if other else b"another;header\n1;2\n")
    with pytest.raises(DataRefused, match=r"personen\.csv: the file changed while it was read; give the command again"):
        sort_delivery([extract], AS_OF, only_consented=False, known=NOBODY)


def test_a_large_file_has_its_limit_of_rows_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartstart.extracts.limits.HELD_BYTES", 0)
    monkeypatch.setattr("smartstart.extracts.limits.MOST_ROWS", 10)
    (path,) = deliver(tmp_path, personen=persons(*[(MOTHER, "19980101")] * 11))
    extract = read_extract(path, CONTRACTS["personen"])
    with pytest.raises(DataRefused, match="more than 10 rows"):
        sort_delivery([extract], AS_OF, only_consented=False, known=NOBODY)


def test_rows_that_wait_on_disk_cannot_be_read_there() -> None:
    waiting = WaitingRows()
    for nth in range(3):
        waiting.append(pl.DataFrame({"name": ["Proefstra" * 40], "nth": [nth]}))
    waiting._file.seek(0)
    on_disk = waiting._file.read()
    assert b"Proefstra" not in on_disk and b"ARROW" not in on_disk
    assert [frame["nth"].item() for frame in waiting] == [0, 1, 2] == [frame["nth"].item() for frame in waiting]
