"""What women read promises only what is true of the programme and its data flows; each test's title is a rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from smartstart.contracts.odcs import load_contracts
from smartstart.outreach.letters import Letter, information_sheet, invitation, nobody_supervises
from smartstart.programme.loading import load_programme, programme_file
from smartstart.programme.sections import Programme
from smartstart.resources import shipped
from smartstart.wording import catalogue

CONTRACTS = load_contracts(shipped("data_contracts"))
DAY = date(2027, 1, 4)
SUPERVISION = "Dit gaat niet over toezicht."


@pytest.fixture
def programme() -> Programme:
    return load_programme(programme_file("heusden"))


def words(letter: Letter) -> str:
    return " ".join([letter.title, *(text for part in letter.sections for text in part.texts), *letter.closing])


def sheet(programme: Programme, chance: Fraction = Fraction(1, 2)) -> str:
    assert programme.letters
    return words(information_sheet(programme, programme.letters, CONTRACTS, chance, DAY, rehearsal=False))


def test_it_is_not_about_supervision_only_where_the_flows_make_it_true(programme: Programme) -> None:
    assert programme.letters
    claimed = replace(programme.letters, not_supervision=True)
    told_on = CONTRACTS | {"overdracht": replace(CONTRACTS["overdracht"], recipient="Veilig Thuis")}
    for letters, contracts, holds in (
        (programme.letters, CONTRACTS, False), (claimed, CONTRACTS, True), (claimed, told_on, False),
    ):  # fmt: skip
        assert nobody_supervises(letters, contracts.values()) is holds
        assert (SUPERVISION in words(invitation(programme, letters, contracts, DAY, rehearsal=False))) is holds


def test_every_source_of_the_municipality_is_named_in_plain_words() -> None:
    known = catalogue("smartstart.outreach", "nl")
    assert {f"source.{c.file}" for c in CONTRACTS.values() if c.incoming} <= known.keys()


def test_the_sheet_tells_the_chance_as_the_design_has_it(programme: Programme) -> None:
    assert "Uw kans is 2 op de 3." in sheet(programme, Fraction(2, 3))


def test_without_a_score_no_score_is_told_of(programme: Programme) -> None:
    assert "telt vier kenmerken" in sheet(programme) and "zonder problemen opgroeien" in sheet(programme)
    assert "kenmerken" not in sheet(replace(programme, score=None))


def test_the_offer_for_everybody_is_promised_only_where_the_programme_does(programme: Programme) -> None:
    later = "Dan is het aanbod er voor iedereen"
    as_drawn = replace(programme, trial=replace(programme.trial, after_closing="as_drawn"))
    assert later in sheet(programme) and later not in sheet(as_drawn)
