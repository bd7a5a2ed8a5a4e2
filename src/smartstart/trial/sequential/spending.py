"""How the error is spent over the looks: functions of the information fraction, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import expm1, isfinite, log1p, sqrt
from typing import Final

from numpy import e
from scipy.special import ndtr, ndtri

from smartstart.errors import UsageError, nearest

RHO: Final = 3.0  # cubic: between Pocock and O'Brien-Fleming, close to the latter
GAMMA: Final = -4.0  # close to O'Brien-Fleming
_MOST_RHO: Final = 50.0
_MOST_GAMMA: Final = 40.0


@dataclass(frozen=True)
class SpendingFunction:
    """A spending function; ``compute`` takes fraction, error and parameter and gives the error spent by then.

    ``parameter`` is its default, or None where there is none; ``lowest`` and ``highest`` are its limits.
    """

    name: str
    words: str
    reference: str
    compute: Callable[[float, float, float], float]
    parameter: float | None = None
    lowest: float = 0.0
    highest: float = 0.0

    def spent(self, fraction: float, error: float, parameter: float | None = None) -> float:
        """Return the error spent when ``fraction`` of the information is in: all of it from 1 on, none at 0."""
        if fraction <= 0:
            return 0.0
        if fraction >= 1:
            return error
        return self.compute(fraction, error, self.chosen(parameter) or 0.0)

    def chosen(self, parameter: float | None, option: str = "--parameter") -> float | None:
        """Return the parameter to use. Raises UsageError when there is none to set, or it lies outside its limits."""
        if parameter is None:
            return self.parameter
        if self.parameter is None:
            raise UsageError(f"{option}: '{self.name}' has none; leave it out.")
        if not (isfinite(parameter) and self.lowest <= parameter <= self.highest):
            raise UsageError(
                f"{option}: that of '{self.name}' lies from {self.lowest:g} to {self.highest:g};"
                f" {self.parameter:g} is usual."
            )
        return float(parameter)


def obrien_fleming_type(fraction: float, error: float, _: float) -> float:
    """Return 2 - 2 Phi(z / sqrt(t)) with z the upper error/2 point: little early (Lan and DeMets, Biometrika 1983)."""
    return 2 * float(ndtr(ndtri(error / 2) / sqrt(fraction)))


def pocock_type(fraction: float, error: float, _: float) -> float:
    """Return error × ln(1 + (e - 1) t): much early (Lan and DeMets, Biometrika 1983)."""
    return error * log1p((e - 1) * fraction)


def power_family(fraction: float, error: float, rho: float) -> float:
    """Return error × t^rho (Kim and DeMets, Biometrika 1987)."""
    return float(error * fraction**rho)


def exponential_family(fraction: float, error: float, gamma: float) -> float:
    """Return error × (1 - exp(-gamma t)) / (1 - exp(-gamma)), in the limit error × t (Hwang, Shih and De Cani 1990)."""
    return error * (fraction if abs(gamma) < 1e-9 else expm1(-gamma * fraction) / expm1(-gamma))


_LAN_DEMETS: Final = "Lan and DeMets, Biometrika 1983;70:659-663"
SPENDING: Final = {
    one.name: one
    for one in (
        SpendingFunction(
            "lan-demets-obf", "spending function of the O'Brien-Fleming type", _LAN_DEMETS, obrien_fleming_type
        ),
        SpendingFunction("lan-demets-pocock", "spending function of the Pocock type", _LAN_DEMETS, pocock_type),
        SpendingFunction(
            "kim-demets",
            "spending function alpha × t^rho",
            "Kim and DeMets, Biometrika 1987;74:149-154",
            power_family,
            RHO,
            0.1,
            _MOST_RHO,
        ),
        SpendingFunction(
            "hwang-shih-decani",
            "spending function alpha × (1 - exp(-gamma t)) / (1 - exp(-gamma))",
            "Hwang, Shih and De Cani, Statistics in Medicine 1990;9:1439-1445",
            exponential_family,
            GAMMA,
            -_MOST_GAMMA,
            _MOST_GAMMA,
        ),
    )
}
# The classical boundaries are no spending functions: their shape is fixed, and they spend what that shape spends.
CLASSICAL: Final = {
    "obrien-fleming": (0.0, "O'Brien-Fleming boundaries", "O'Brien and Fleming, Biometrics 1979;35:549-556"),
    "pocock": (0.5, "Pocock boundaries", "Pocock, Biometrika 1977;64:191-199"),
}
NAMES: Final = (*CLASSICAL, *SPENDING)
# For beta spending the classical names stand for the spending function of that type.
_TYPE_OF: Final = {"obrien-fleming": "lan-demets-obf", "pocock": "lan-demets-pocock"}


def judged_name(name: str, option: str = "--spending") -> str:
    """Return the name, if there is such a one. Raises UsageError that names the nearest and lists what there is."""
    if name not in NAMES:
        raise UsageError(f"{option}: '{name}' is unknown{nearest(name, [*NAMES])}; there are {', '.join(NAMES)}.")
    return name


def spending_function(name: str, option: str = "--spending") -> SpendingFunction:
    """Return the spending function of that name; for a classical boundary the function of its type."""
    return SPENDING[_TYPE_OF.get(judged_name(name, option), name)]
