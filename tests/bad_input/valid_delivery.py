"""One valid delivery of every incoming contract, from which all defects and all oddities are made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from harness import Town, bsn

from smartstart.contracts.odcs import Contract
from smartstart.synthetic.deliveries import COLUMNS
from smartstart.workspace import contracts_with, shipped_instruments

Row = dict[str, str]
AS_OF = date(2024, 4, 2)
CONTRACTS = {name: contract for name, contract in contracts_with(shipped_instruments()).items() if contract.incoming}
WOMEN = range(1, 7)
CHILD = 200  # the first child's number comes after it


@dataclass(frozen=True)
class Table:
    """A file before it has a format: its contract, its header, and rows of text by column."""

    contract: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def with_cell(self, row: int, column: str, text: str) -> Table:
        """Return the table with another text in one cell; rows count from 1."""
        changed = [one | {column: text} if nth == row else one for nth, one in enumerate(self.rows, start=1)]
        return replace(self, rows=tuple(changed))

    def with_rows(self, *more: Row) -> Table:
        return replace(self, rows=(*self.rows, *more))

    def texts(self) -> list[list[str]]:
        """Return the rows as lists in the order of the header."""
        return [[row[column] for column in self.columns] for row in self.rows]


def valid_delivery() -> dict[str, Table]:
    """Return the tables by contract: six rows each, without a fault, and with every column of the contract filled."""
    town = Town()
    for nth in WOMEN:
        town.woman(nth)
        town.child(nth, CHILD + nth, f"2023010{nth}")
        town.event(nth, "verhuizing", f"2024020{nth}")
    rows = {name: list(town.tables.get(name, [])) for name in CONTRACTS}
    for nth, row in enumerate(rows["vragenlijst"], start=1):
        row |= {"toestemming_versie": "2024-1", "toestemming_gezag": "11-03-2024", "eerste_controle_week": "9"}
        row |= {"startkwalificatie": "J", "ouderlijk_gezin_intact": "N", "eigen_moeder_tienermoeder": "N"}
        row |= {
            "eerder_kind_uit_huis": "N",
            "taal": "nederlands",
            **{f"wb_{item}": str(nth % 5 + 1) for item in (1, 2)},
        }
    for nth in WOMEN:
        woman, child = bsn(nth), bsn(CHILD + nth)
        end = "" if nth == 1 else f"2024030{nth}"
        rows["jeugdhulp"].append(
            {"burgerservicenummer_kind": child, "hulpvorm": "21", "datum_aanvang": f"2024010{nth}", "datum_einde": end}
            | {"voorziening": f"Proefhuis {nth}"}
        )
        rows["maatregelen"].append(
            {"burgerservicenummer_kind": child, "soort_maatregel": "11", "datum_aanvang": f"2024010{nth}"}
            | {"datum_einde": end}
        )
        rows["contactmomenten"].append(
            {"burgerservicenummer": woman, "datum": f"0{nth}-03-2024", "contactmoment": "week_13_15"}
            | {"wijze": "huisbezoek", "beroep": "anders", "duur_minuten": "45", "leefgebied": "wonen"}
            | {"afloop": "warme_overdracht", "overgedragen_aan": "wijkteam"}
        )
        rows["ondersteuningsplan"].append(
            {"burgerservicenummer": woman, "leefgebied": "wonen", "behoefte": "enige", "stap": "gesprek"}
            | {"wie": "samen", "begeleider": f"B{nth}", "afgesproken_op": f"0{nth}-03-2024", "uiterlijk": "01-05-2024"}
            | {"klaar_op": "20-03-2024", "evaluatie_op": "01-06-2024", "uitkomst": "behaald"}
        )
        rows["verblijven"].append(
            {"burgerservicenummer": woman, "soort": "moederkindhuis", "datum_aanvang": f"0{nth}-01-2024"}
            | {"datum_einde": f"0{nth}-03-2024", "vervolg": "eigen_woning"}
        )
        rows["voorzieningen"].append(
            {"nummer": f"H{nth}", "naam": f"Proefhuis {nth}", "soort": "moederkindhuis", "gemeente": "Heusden"}
            | {"regio": "Proefregio", "plaatsen": "8", "vrij": "2", "wachtenden": "0", "peildatum": "20240301"}
            | {"doelgroepen": "zwanger", "vaders": "N", "leeftijd_vanaf": "16", "leeftijd_tot_en_met": "40"}
            | {"kaders": "vrijwillig", "indicatie": "geen", "contra_indicaties": "", "verblijf_vanaf": "1"}
            | {"verblijf_tot_en_met": "12", "verwijzers": "wijkteam", "betaler": "woonplaats", "contact": "Testlijn"}
            | {"vervolg": ""}
        )
    return {name: Table(name, _columns(CONTRACTS[name]), tuple(_whole(rows[name], name))) for name in CONTRACTS}


def _columns(contract: Contract) -> tuple[str, ...]:
    every = tuple(f.header for f in contract.fields if not f.instrument or f.header in {"wb_1", "wb_2"})
    return COLUMNS.get(contract.file, every) if contract.file == "personen" else every


def _whole(rows: list[Row], name: str) -> list[Row]:
    return [dict.fromkeys(_columns(CONTRACTS[name]), "") | row for row in rows]
