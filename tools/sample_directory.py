"""Make the directory of provisions that is shipped: made-up houses in a made-up country, that match published totals.

``python tools/sample_directory.py``. The totals are those of the national quick scan of moederkindhuizen (2024); names,
places on the map, free places and everything else belong to nobody. A test holds the result against the totals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "provisions"
DAY = "20240102"
FIRST = (
    "Bedenk", "Droom", "Fabel", "Gissen", "Hersen", "Iets", "Kwink", "Luchte", "Mijmer", "Niemands", "Onbe", "Peins",
    "Rook", "Schijn", "Toon", "Verzin", "Wolken", "IJdel", "Zogen",
)  # fmt: skip
LAST = (
    "beek", "berg", "burg", "dam", "dijk", "drecht", "geest", "horst", "kamp", "kerk", "laar", "lo", "meer", "rade",
    "stad", "veen", "wijk", "zand",
)  # fmt: skip
EVERY = 10  # kilometres between neighbours
HOUSES, WITH = 94, 73
BIG, MIDDLE = 14, 43  # houses of 20 places, and of 7; the others have 6, family homes 4
HOMES = {(at * 5 + 2) % HOUSES for at in range(19)}
TEENAGE, LVB, ADMISSION, NEWBORN = 19, 11, 8, 6


def main() -> None:
    """Write both files."""
    towns = municipalities()
    head = "# Made up by tools/sample_directory.py: nothing here exists. Totals match the quick scan of 2024.\n"
    _write("gemeenten.yaml", head, {"municipalities": towns})
    _write("voorzieningen.yaml", head, {"provisions": [*houses(towns), *help_at_home(towns)]})


def municipalities() -> list[dict[str, Any]]:
    """Return 342 municipalities on a grid, in regions of about eight."""
    return [
        {
            "name": first + last,
            "region": f"Regio {1 + (row // 3) * 7 + min(column // 3, 6)}",
            "east": EVERY * column + (row % 2) * 3,
            "north": EVERY * row + (column % 3) * 2,
        }
        for row, last in enumerate(LAST)
        for column, first in enumerate(FIRST)
    ]


BABYHUIS = 24  # one of those for newborns


def houses(towns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the houses: spread over 73 municipalities, the large ones among those that have two."""
    chosen = [towns[(at * 61) % len(towns)] for at in range(WITH)]  # 61 shares no factor with 342
    return [_house(number, chosen[number % WITH]) for number in range(HOUSES)]


def _house(number: int, town: dict[str, Any]) -> dict[str, Any]:
    home = number in HOMES
    rank = number - sum(other in HOMES for other in range(number))  # among the houses that are no family's home
    places = 4 if home else 20 if rank < BIG else 7 if rank < BIG + MIDDLE else 6
    group, kind = _group(number), "moeder_kind_gezinshuis" if home else "moederkindhuis"
    if group == "gezinsopname":
        kind = "gezinsopname"
    if number == BABYHUIS:
        kind = "babyhuis_intern"
    long_stay = not home and BIG + 22 <= rank < BIG + 40
    free = number % 4 if number % 3 else 0
    return {
        "nummer": f"H{number + 1:03}",
        "naam": f"Huis {town['name']}{' 2' if number >= WITH else ''}",
        "soort": kind,
        "gemeente": town["name"],
        "regio": town["region"],
        "plaatsen": places,
        "vrij": min(free, places),
        "wachtenden": 0 if free else 1 + number % 3,
        "peildatum": DAY,
        "doelgroepen": ", ".join([group, *(["langdurig"] if long_stay else [])]),
        "vaders": "J" if number * 9 % 11 < 4 else "N",
        "leeftijd_vanaf": 14 if group == "tienermoeders" else 16 if number % 2 else 18,
        "leeftijd_tot_en_met": 23 if group == "tienermoeders" else 45,
        "kaders": "vrijwillig" if kind == "babyhuis_intern" else "vrijwillig, ots, terug_na_uhp",
        "indicatie": "wlz" if long_stay else "jeugdwet",
        "contra_indicaties": "agressie" if number == 7 else "agressie, verslaving",
        "verblijf_vanaf": 3 if kind == "gezinsopname" else 4 if kind == "babyhuis_intern" else 6,
        "verblijf_tot_en_met": {"gezinsopname": 4, "babyhuis_intern": 6}.get(kind, 240 if long_stay else 24),
        "verwijzers": "ouders, organisatie" if kind == "babyhuis_intern" else "organisatie",
        "betaler": "wlz" if long_stay else "woonplaats",
        "contact": f"aanmelding@huis-{number + 1:03}.example",
        "vervolg": "moederkindhuis, moeder_kind_gezinshuis" if kind == "gezinsopname" else "babyhuis_extern, wijkteam",
    }


def _group(number: int) -> str:
    """Return for whom a house is, so that the shares of the groups come out."""
    order = number * 37 % HOUSES  # 37 shares no factor with 94
    for name, many in (
        ("tienermoeders", TEENAGE), ("lvb", LVB), ("gezinsopname", ADMISSION), ("pasgeborenen", NEWBORN),
    ):  # fmt: skip
        if order < many:
            return name
        order -= many
    return "algemeen"


HELP = {
    "babyhuis_extern": ("geen", "woonplaats", "ouders, organisatie", 14, 45, 4),
    "voorzorg": ("geen", "woonplaats", "organisatie", 14, 25, 30),
    "doorbraakmethode": ("geen", "woonplaats", "organisatie", 18, 99, 12),
    "jim": ("geen", "woonplaats", "ouders, organisatie", 12, 23, 12),
    "huisverbod": ("geen", "niemand", "organisatie", 12, 99, 1),
    "veilig_thuis": ("geen", "niemand", "ouders, organisatie", 10, 99, 3),
    "mee": ("geen", "niemand", "ouders, organisatie", 12, 99, 12),
    "wijkteam": ("geen", "niemand", "ouders, organisatie", 12, 99, 12),
    "schuldhulp": ("wmo", "woonplaats", "ouders, organisatie", 18, 99, 36),
}


def help_at_home(towns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what works in a region, without a place to stay: each kind once in each region."""
    seats = {town["region"]: town["name"] for town in reversed(towns)}
    return [
        {
            "nummer": f"R{at:02}-{kind}", "naam": f"{kind.replace('_', ' ').capitalize()} {region}", "soort": kind,
            "gemeente": seats[region], "regio": region, "plaatsen": "", "vrij": "", "wachtenden": "", "peildatum": DAY,
            "doelgroepen": "algemeen", "vaders": "J", "leeftijd_vanaf": young, "leeftijd_tot_en_met": old,
            "kaders": "vrijwillig, ots, terug_na_uhp", "indicatie": indication, "contra_indicaties": "",
            "verblijf_vanaf": 0, "verblijf_tot_en_met": months, "verwijzers": referrers, "betaler": payer,
            "contact": f"{kind.replace('_', '-')}@regio-{at:02}.example", "vervolg": "",
        }
        for at, region in enumerate(sorted(seats, key=lambda name: int(name.split()[1])), start=1)
        for kind, (indication, payer, referrers, young, old, months) in HELP.items()
    ]  # fmt: skip


def _write(name: str, head: str, content: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=4096, default_flow_style=None)
    (FOLDER / name).write_text(head + text, "utf-8")


if __name__ == "__main__":
    main()
