"""A history of made-up families in the form of a register's extracts, with planted effects: what models learn from."""

from __future__ import annotations

import random
from datetime import date, timedelta
from math import exp
from pathlib import Path

from harness import Row, Town, bsn, write_csv

from smartstart.synthetic.deliveries import COLUMNS, REGISTER_QUESTIONNAIRE

AS_OF = "2024-03-31"
FILES = ("personen", "kinderen", "huishoudens", "inkomen", "wonen", "vragenlijst", "jeugdhulp", "maatregelen")
FIRST_WOMAN = 2_000  # those of ``Town`` come before her
FIRST_CHILD = 200_000
NAME = "Histovanger"


def write_history(folder: Path, mothers: int = 900, seed: int = 5, *, placed: bool = True, years: int = 17) -> Path:
    """Write births of ``years`` years until 2023; unwanted, without a partner and young raise the risk."""
    rng = random.Random(seed)
    town = Town()
    for nth in range(FIRST_WOMAN, FIRST_WOMAN + mothers):
        _family(town, rng, nth, placed=placed, years=years)
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(folder, town.tables)
    return folder


def write_tables(folder: Path, tables: dict[str, list[Row]]) -> None:
    for name in FILES:
        columns = REGISTER_QUESTIONNAIRE if name == "vragenlijst" else COLUMNS[name]
        write_csv(folder / f"{name}.csv", columns, tables[name])


def _family(town: Town, rng: random.Random, nth: int, *, placed: bool, years: int) -> None:
    born = date(2023 - rng.randrange(years), 1, 1) + timedelta(days=rng.randrange(365))
    age, alone, unwanted = rng.uniform(17, 39), rng.random() < 0.3, rng.random() < 0.25
    index, own = born - timedelta(days=182), bsn(nth)
    mother_born = index - timedelta(days=int(age * 365.25))
    person = town._person(nth) | {"geboortedatum": f"{mother_born:%Y%m%d}", "geslachtsnaam": f"{NAME}{nth}"}
    town.tables["personen"].append({"burgerservicenummer": own, **person})
    kind = "zonder_partner" if alone else rng.choice(["gehuwd_paar", "ongehuwd_paar"])
    before = index - timedelta(days=30)
    work, benefit = rng.choice([("N", "participatiewet"), ("J", "geen")])
    day = {"burgerservicenummer": own, "peildatum": f"{before:%Y%m%d}"}
    town.tables["huishoudens"].append({**day, "huishoudtype": kind, "aantal_kinderen": "0"})
    town.tables["inkomen"].append({**day, "betaald_werk": work, "soort_uitkering": benefit})
    town.tables["wonen"].append({**day, "eigendom": "huur", "huurtoeslag": rng.choice("JN")})
    town.tables["vragenlijst"].append(
        {
            "clientnummer": f"H{nth:06}", "burgerservicenummer": own, "praktijk_agb": "08990101",
            "invuldatum": f"{index:%d-%m-%Y}", "aterme_datum": f"{born:%d-%m-%Y}", "meetmoment": "nulmeting",
            "toestemming_datum": f"{index:%d-%m-%Y}", "zwangerschap_gewenst": "N" if unwanted else "J", "roken": "N",
        }
    )  # fmt: skip
    chance = 1 / (1 + exp(-(-4.0 + 1.6 * alone + 2.2 * unwanted - 0.15 * (age - 27))))
    for twin in range(2 if rng.random() < 0.03 else 1):
        child = bsn(FIRST_CHILD + 2 * nth + twin)
        kin = {"burgerservicenummer_moeder": own, "burgerservicenummer_kind": child}
        town.tables["kinderen"].append({**kin, "geboortedatum_kind": f"{born:%Y%m%d}"})
        since = born + timedelta(days=rng.randrange(1, 1800))
        if placed and rng.random() < chance and since < date.fromisoformat(AS_OF):
            stay = {"burgerservicenummer_kind": child, "datum_aanvang": f"{since:%Y%m%d}", "datum_einde": ""}
            town.tables["jeugdhulp"].append({**stay, "hulpvorm": "14"})
            town.tables["maatregelen"].append({**stay, "soort_maatregel": "11"})
