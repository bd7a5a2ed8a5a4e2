"""Names, places and numbers that belong to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartstart.synthetic.chance import Chance

# Every list fits in Windows-1252, the encoding in which many municipal systems still deliver.
FIRST_NAMES = (
    "Aïda", "Bregje", "Chloë", "Doortje", "Eefje", "Françoise", "Gijsje", "Hélène", "Iefke", "Jørgina",
    "Kaatje", "Loïs", "Mariëtte", "Noëmi", "Oda", "Pleuntje", "Quirine", "Roos Anne", "Señorita", "Tjitske",
    "Ursa", "Violè", "Wietske", "Xanthe", "Yaël", "Zoë",
)  # fmt: skip
CHILD_NAMES = ("Aard", "Bibi", "Cas", "Dirkje", "Ezra", "Floor", "Guusje", "Huub", "Joël", "Kee", "Lux")
PREFIXES = ("", "", "", "", "", "van", "de", "van der", "'t", "van 't", "in den", "d'")
SURNAMES = (
    "Bedenksel", "Cedillaçon", "Droombeeld", "Eénhoorn-Fabel", "Fantasma", "Gelegenheidsnaam", "Hersenschim",
    "Ingebeeldt", "Jansen-zonder-Bestaan", "Kletskoek", "Luchtkasteel", "Mirakelse", "Nergenshuizen",
    "O'Nergens", "Pseudoniem", "Quasimens", "Rookgordijn", "Schijngestalt", "Trémapunt-Coëfficiënt",
    "Utopiër", "Verbeeldinck", "Waanzinnigh", "Zogenaamd", "D'Apostrof",
)  # fmt: skip
STREETS = (
    "Bedenksellaan", "Dromenvangerpad", "'s-Fabelenstraat", "Hersenspinsel", "Luchtkasteeldreef",
    "Nergenswegje", "Onbestaandesteeg", "Puntkommaplein", "2e Verzinselstraat", "Wolkenkoekoeksheem",
    "Ypsilonbaan (ongerept)", "Zogenaamdestraat",
)  # fmt: skip
TOWNS = ("Drunen", "Vlijmen", "Elshout", "Heusden", "Nieuwkuijk", "Haarsteeg", "Oudheusden", "Herpt")
PRACTICES = ("08990101", "08990202", "08990303", "08990404")
MUNICIPALITY = "0797"
ELSEWHERE = "0796"

_POSTCODE_LETTERS = "ABCDEGHJKLMNPRSTVWXZ"
_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)
_STRIDE = 618_033  # no common factor with a power of ten: every body comes by once before any comes twice
_SMALL_EVERY = 25  # one number in 25 starts with 0000, because leading zeros are where files go wrong
_MOST = 240_000
_CLIENTS = 8_000_000  # C8… and C9… stay free for the second number of a woman with two practices


def check_digit(body: str) -> int:
    """Return the ninth digit that makes eight digits pass the elfproef; 10 means that there is none."""
    return sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, body, strict=True)) % 11


class Numbers:
    """Hands out numbers, none twice: BSNs that no municipality issues (99… and 0000…), and client numbers."""

    def __init__(self, chance: Chance) -> None:
        self._start = chance.below(10**6)
        self._bsns = 0
        self._clients = 0

    def bsn(self) -> str:
        """Return the next BSN: it passes the elfproef and belongs to nobody."""
        while True:
            self._bsns += 1
            if self._bsns > _MOST:
                raise ValueError(f"The made-up municipality has room for {_MOST} persons: ask for fewer births.")
            if self._bsns % _SMALL_EVERY:
                body = f"99{(self._start + self._bsns * _STRIDE) % 10**6:06d}"
            else:
                body = f"0000{(self._start + self._bsns // _SMALL_EVERY * _STRIDE) % 10**4:04d}"
            digit = check_digit(body)
            if digit < 10 and int(body):  # 000000000 passes, but means "unknown"
                return f"{body}{digit}"

    def client(self) -> str:
        """Return the next client number, as a midwife's system writes it."""
        self._clients += 1
        return f"C{(self._start + self._clients * _STRIDE * 7) % _CLIENTS:07d}"


def postcode(chance: Chance) -> str:
    """Return a postcode in the range of the municipality."""
    letters = chance.one_of(_POSTCODE_LETTERS) + chance.one_of(_POSTCODE_LETTERS)
    return f"{chance.between(5150, 5256)} {letters}"
