"""The support workers' log of a made-up municipality: written once it is known who was drawn for the offer.

Every rate is invented, like the people; what the demo shows of uptake says nothing about any real offer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from smartstart.synthetic.chance import Chance

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, str]

_ACCEPTS: Final = 0.7
_CROSSES: Final = 0.02
_PRENATAL_VISIT: Final = 0.6
_STAYS: Final = 0.06
_WORKERS: Final = ("SP1", "SP2", "SP3")
_DOMAINS: Final = (
    "huishouden", "geld_en_schulden", "wonen", "relatie", "psychische_gezondheid", "werk_en_dagbesteding", "netwerk",
    "hechting_en_opvoeding",
)  # fmt: skip
_STEPS: Final = ("gesprek", "aanvraag", "verwijzing", "oefenen", "regelen", "volgen")
_HANDED_TO: Final = ("wijkteam", "jeugdgezondheidszorg", "schuldhulp", "mee")


@dataclass(frozen=True)
class DrawnWoman:
    """One made-up woman who was drawn: in which arm, when she was asked and listed, and when she is due."""

    bsn: str
    offered: bool
    asked_on: date
    listed_on: date
    due: date


def support_log(women: Iterable[DrawnWoman], as_of: date, seed: int) -> dict[str, list[Row]]:
    """Return the rows of ``contactmomenten``, ``ondersteuningsplan`` and ``verblijven``, up to ``as_of``."""
    tables: dict[str, list[Row]] = {"contactmomenten": [], "ondersteuningsplan": [], "verblijven": []}
    for nth, woman in enumerate(sorted(women, key=lambda one: one.bsn)):
        chance = Chance(seed * 10_000 + nth)  # her own dice: one woman more changes nobody else
        _usual(woman, chance, tables)
        if chance.happens(_ACCEPTS if woman.offered else _CROSSES):
            _helped(woman, chance, tables, as_of)
    tables["contactmomenten"] = [row for row in tables["contactmomenten"] if _day_of(row["datum"]) <= as_of]
    return tables


def _usual(woman: DrawnWoman, chance: Chance, tables: dict[str, list[Row]]) -> None:
    """Write what every woman may get: the statutory prenatal home visit, and the youth nurse after the birth."""
    if chance.happens(_PRENATAL_VISIT):
        day = max(woman.asked_on + timedelta(days=3), woman.due - timedelta(days=chance.between(40, 90)))
        tables["contactmomenten"].append(_contact(woman, day, "prenataal_huisbezoek", "huisbezoek", 60, nurse=True))
    for weeks in (4, 8):
        day = woman.due + timedelta(days=7 * weeks + chance.below(5))
        tables["contactmomenten"].append(_contact(woman, day, "jgz_contact", "op_locatie", 20, nurse=True))


def _helped(woman: DrawnWoman, chance: Chance, tables: dict[str, list[Row]], as_of: date) -> None:
    first = woman.listed_on + timedelta(days=chance.between(4, 40))
    nurse = chance.happens(0.5)
    planned = [(first, "week_13_15", "huisbezoek", 90)]
    if chance.happens(0.8):
        late = max(first + timedelta(days=14), woman.due - timedelta(days=chance.between(14, 35)))
        planned.append((late, "eind_zwangerschap", "op_locatie", 60))
    if chance.happens(0.75):
        planned.append((woman.due + timedelta(days=chance.between(14, 35)), "na_geboorte", "huisbezoek", 75))
    for _ in range(chance.below(7)):
        day = first + timedelta(days=chance.between(10, 300))
        planned.append((day, "op_verzoek", chance.one_of(("telefonisch", "huisbezoek", "bericht")), 30))
    rows = [
        _contact(woman, day, moment, manner, minutes, nurse=nurse, domain=chance.one_of(_DOMAINS))
        for day, moment, manner, minutes in sorted(planned)
    ]
    ending = chance.weighted((("loopt_door", 0.4), ("afgesloten", 0.35), ("warme_overdracht", 0.25)))
    rows[-1]["afloop"] = ending
    if ending == "warme_overdracht":
        rows[-1]["overgedragen_aan"] = chance.one_of(_HANDED_TO)
    tables["contactmomenten"] += rows
    tables["ondersteuningsplan"] += _plan(woman, chance, first, as_of)
    if chance.happens(_STAYS):
        moved_in = first + timedelta(days=chance.between(20, 60))
        moved_out = moved_in + timedelta(days=chance.between(120, 240))
        left = moved_out <= as_of
        tables["verblijven"].append(
            {
                "burgerservicenummer": woman.bsn,
                "soort": chance.one_of(("moederkindhuis", "babyhuis_intern")),
                "datum_aanvang": _written(moved_in),
                "datum_einde": _written(moved_out) if left else "",
                "vervolg": chance.one_of(("eigen_woning", "bij_familie", "begeleid_wonen")) if left else "",
            }
        )


def _plan(woman: DrawnWoman, chance: Chance, first: date, as_of: date) -> list[Row]:
    worker, rows = chance.one_of(_WORKERS), []
    for domain in _DOMAINS:
        if not chance.happens(0.4):
            continue
        agreed = first + timedelta(days=chance.between(0, 20))
        due, look = agreed + timedelta(days=chance.between(14, 90)), agreed + timedelta(days=120)
        done = due - timedelta(days=chance.below(10)) if chance.happens(0.93) else None
        judged = chance.weighted((("behaald", 0.6), ("deels", 0.25), ("niet", 0.1), ("vervallen", 0.05)))
        rows.append(
            {
                "burgerservicenummer": woman.bsn,
                "leefgebied": domain,
                "behoefte": chance.weighted((("geen", 0.15), ("enige", 0.55), ("veel", 0.3))),
                "stap": chance.one_of(_STEPS),
                "wie": chance.one_of(("moeder", "begeleider", "samen", "netwerk", "instantie")),
                "begeleider": worker,
                "afgesproken_op": _written(agreed),
                "uiterlijk": _written(due),
                "klaar_op": _written(max(done, agreed)) if done and done <= as_of else "",
                "evaluatie_op": _written(look),
                "uitkomst": judged if look <= as_of and chance.happens(0.9) else "",
            }
        )
    return [row for row in rows if _day_of(row["afgesproken_op"]) <= as_of]


def _contact(
    woman: DrawnWoman, day: date, moment: str, manner: str, minutes: int, *, nurse: bool, domain: str = ""
) -> Row:
    return {
        "burgerservicenummer": woman.bsn,
        "datum": _written(day),
        "contactmoment": moment,
        "wijze": manner,
        "beroep": "jeugdverpleegkundige" if nurse else "maatschappelijk_werker",
        "duur_minuten": "" if manner == "bericht" else str(minutes),
        "leefgebied": domain,
        "afloop": "loopt_door",
        "overgedragen_aan": "",
    }


def _written(day: date) -> str:
    return day.strftime("%d-%m-%Y")


def _day_of(written: str) -> date:
    day, month, year = (int(part) for part in written.split("-"))
    return date(year, month, day)
