"""Words and numbers in the reader's language: texts by name from a catalogue, numbers as they are written there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal, get_args

from smartstart.errors import UsageError, nearest
from smartstart.numbers import true_minus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

Language = Literal["nl", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


@dataclass(frozen=True)
class Wording:
    """One language, in the catalogue of one package. Every text that a reader sees comes through here."""

    language: Language
    package: str

    def say(self, name: str, /, **values: object) -> str:
        """Return the text of this name, filled in. Raises KeyError for a name that no catalogue has."""
        return catalogue(self.package, self.language)[name].format(**values)

    def known(self, name: str, otherwise: str) -> str:
        """Return the text of this name, or ``otherwise`` in plain words: a programme may name things of its own."""
        return catalogue(self.package, self.language).get(name, otherwise.replace("_", " "))

    def number(self, value: float, decimals: int | None = None) -> str:
        """Return a number as it is written in this language; all of its decimals, up to three, unless told."""
        from babel.numbers import format_decimal

        pattern = "#,##0.###" if decimals is None else f"#,##0.{'0' * decimals}".rstrip(".")
        written: str = format_decimal(value, format=pattern, locale=self.language)
        return true_minus(written)

    def day(self, day: date) -> str:
        """Return a day, as 4 maart 2027."""
        from babel.dates import format_date

        pattern = "d MMMM y"
        written: str = format_date(day, pattern, locale=self.language)
        return written

    def month(self, day: date) -> str:
        """Return the month of a day, as maart 2027."""
        from babel.dates import format_date

        written: str = format_date(day, "MMMM y", locale=self.language)
        return written


def wording(language: str, package: str) -> Wording:
    """Return the words of a language for a package. Raises UsageError for one that there is no catalogue of."""
    known = next((one for one in LANGUAGES if one == language), None)
    if known is None:
        raise UsageError(f"--lang: must be {' or '.join(LANGUAGES)}{nearest(language, list(LANGUAGES))}.")
    return Wording(known, package)


@cache
def catalogue(package: str, language: Language) -> Mapping[str, str]:
    """Return the texts of a language by name, from the message catalogue of a package."""
    from babel.messages.pofile import read_po

    with files(package).joinpath("messages", f"{language}.po").open("rb") as source:
        return {str(message.id): str(message.string) for message in read_po(source, locale=language) if message.id}
