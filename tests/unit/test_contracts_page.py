"""The contracts as a page: every file and column is there, with what the programme calls it."""

from __future__ import annotations

from html import unescape
from typing import get_args

from smartstart.contracts.odcs import Classification, Kind
from smartstart.report.contracts_page import FORMS, KEPT, contracts_page
from smartstart.workspace import contracts_with, shipped_instruments

CONTRACTS = contracts_with(shipped_instruments())


def test_every_file_and_every_column_stands_on_the_page_with_its_aim() -> None:
    page = unescape(contracts_page(CONTRACTS, {}).decode())
    for contract in CONTRACTS.values():
        assert f"{contract.file}, version {contract.version}" in page and contract.aim in page
        for field in contract.fields:
            assert field.header in page and field.description in page


def test_own_headers_stand_beside_ours() -> None:
    page = contracts_page(CONTRACTS, {"personen": {"bsn_nummer_van_ons": "burgerservicenummer"}}).decode()
    assert "bsn_nummer_van_ons" in page


def test_every_form_and_every_place_has_its_words() -> None:
    assert FORMS.keys() == set(get_args(Kind)) and KEPT.keys() == set(get_args(Classification))
