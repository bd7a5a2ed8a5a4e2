"""Made-up women who come to be drawn, for a trial that has not begun: how many a month, and with which levels.

The shares are assumptions [A]: none was measured anywhere. They only say how full the cells of a design become.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smartstart.synthetic.chance import Chance

MONTHS: Final = 12
SAME_HOUSEHOLD: Final = 0.03  # share of women who come from the household of a woman drawn before [A]
NOT_ELIGIBLE_FOR_EACH: Final = 0.25  # women with a questionnaire who are not drawn, for each who is [A]

_NUMBER_OF_FACTORS: Final = (0.44, 0.38, 0.14, 0.03, 0.01)  # of women, by how many of the four factors they have [A]
_BAND_UNKNOWN: Final = 0.10  # of women, whose band the missing answers leave open [A]
_SHARES: Final[Mapping[str, Mapping[str, float]]] = {  # [A], all of them
    "gestation": {"<16": 0.85, ">=16": 0.15},
    "smoking": {"yes": 0.10, "no": 0.85, "unknown": 0.05},
    "language": {"dutch": 0.85, "other": 0.10, "unknown": 0.05},
}

ASSUMPTIONS: Final = (
    "[A] Women come at random, as many a year as the programme expects on average.",
    "[A] Of the women 44, 38, 14, 3 and 1 % have 0, 1, 2, 3 and 4 factors; of 10 % the band is unknown.",
    "[A] 85 % are before week 16, 10 % smoke, 85 % speak Dutch; practices are of one size.",
)


@dataclass(frozen=True)
class Arrival:
    """A made-up woman: her level of every factor, in the order asked for, and her household."""

    levels: tuple[str, ...]
    household: str


def arrivals(
    chance: Chance, factors: Mapping[str, Sequence[str]], *, per_year: float, years: int
) -> Iterator[list[Arrival]]:
    """Yield the women of each month; ``factors`` gives the levels of each factor that is asked for."""
    shares = [level_shares(name, levels) for name, levels in factors.items()]
    households = 0
    for _ in range(years * MONTHS):
        month = []
        for _ in range(_poisson(chance, per_year / MONTHS)):
            household = chance.below(households) if households and chance.happens(SAME_HOUSEHOLD) else households
            households = max(households, household + 1)
            month.append(Arrival(tuple(chance.weighted(options) for options in shares), f"home {household}"))
        yield month


def level_shares(factor: str, levels: Sequence[str]) -> list[tuple[str, float]]:
    """Return each level with the share of women who have it; levels of which nothing is assumed are of one size."""
    assumed = _band_shares(levels) if factor == "risk_band" else _SHARES.get(factor, {})
    if set(assumed) != set(levels):
        return [(level, 1 / len(levels)) for level in levels]
    return [(level, assumed[level]) for level in levels]


def _band_shares(levels: Sequence[str]) -> dict[str, float]:
    """Return the shares of the bands of a count, the higher of which is named after where it begins: ``2+``.

    Of the bands of a model, such as ``5%+``, nothing is assumed.
    """
    begins = [int(level[:-1]) for level in levels if level[:-1].isdigit() and level.endswith("+")]
    if len(levels) == 1 or not begins:
        return {}
    higher = sum(_NUMBER_OF_FACTORS[begins[0] :]) * (1 - _BAND_UNKNOWN)
    return {
        level: _BAND_UNKNOWN if level == "unknown" else higher if level.endswith("+") else 1 - _BAND_UNKNOWN - higher
        for level in levels
    }


def _poisson(chance: Chance, mean: float) -> int:
    """Return a Poisson number (Knuth, The Art of Computer Programming 2, section 3.4.1)."""
    left, number = exp(-mean), 0
    product = chance.share()
    while product > left:
        product *= chance.share()
        number += 1
    return number
