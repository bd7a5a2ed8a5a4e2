"""The boundary of a look on the information that was really seen, which is seldom what was planned.

Alpha is spent on the information fraction (Lan and DeMets, Biometrika 1983;70:659-663). Boundaries that were used at
earlier looks are kept, whatever the later ones bring; the last look spends all that is left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt
from typing import Any, Final

import numpy as np
from scipy.special import ndtr

from smartstart.errors import PolicyRefused, UsageError
from smartstart.numbers import percent
from smartstart.programme.sections import LEAST_LOOK
from smartstart.trial.analysis.records import plain
from smartstart.trial.sequential.boundaries import boundaries
from smartstart.trial.sequential.crossing import FARTHEST, lower_for, paths, upper_for
from smartstart.trial.sequential.judging import futility_spending, judged_error
from smartstart.trial.sequential.spending import CLASSICAL, SPENDING, judged_name

LEAST_FRACTION: Final = LEAST_LOOK / 100  # a look that comes earlier than any may be planned
# Harm must be seen early, when few women are in: of the functions that we have this one spends most there.
HARM_SPENDING: Final = "lan-demets-pocock"
CAP: Final = 1.5  # how far re-estimated numbers may grow: beyond it the programme's money is another decision


@dataclass(frozen=True)
class LooksPlan:
    """What was planned, and the largest information; the values of ``boundaries`` have the same names there.

    ``information`` is what all fractions are fractions of, in the unit of 1 / SE²: with the default of 1, information
    is given as fractions. ``harm_alpha`` is one-sided, for each kind of harm, and None where harm is not watched.
    """

    fractions: tuple[float, ...]
    alpha: float = 0.025
    spending: str = "lan-demets-obf"
    parameter: float | None = None
    power: float = 0.8
    futility: str | None = None
    harm_alpha: float | None = None
    information: float = 1.0


@dataclass(frozen=True)
class LookBoundary:
    """The boundary of one look: stop for efficacy at ``z`` or higher, for harm at ``harm_z`` or lower (of the harm).

    ``p`` is the nominal one-sided level. ``spent_before`` and ``spent`` are cumulative. ``z`` is None when nothing is
    left to spend at this look; ``futility_z`` advises, and is None where none was planned. ``fraction`` is capped at
    1; ``information`` is as it was seen.
    """

    look: int
    information: float
    fraction: float
    final: bool
    z: float | None
    p: float | None
    spent_before: float
    spent: float
    futility_z: float | None
    harm_z: float | None
    harm_p: float | None
    reference: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: plain(value) for name, value in vars(self).items()}

    def sentences(self) -> list[str]:
        """Return what may be done at this look, in plain English."""
        share = f"Look {self.look}: {percent(self.fraction, 1)} of the planned information is in"
        last = " This is the last look: it spends all that is left of the error." if self.final else ""
        if self.z is None:
            found = [f"{share}. Nothing may be spent at this look, so it cannot stop the trial for efficacy.{last}"]
        else:
            found = [f"{share}. Stop for efficacy when Z is {self.z:.3f} or higher (one-sided p {self.p:.5f}).{last}"]
        if self.futility_z is not None:
            found.append(f"Futile when Z is {self.futility_z:.3f} or lower; this advises, and binds nobody.")
        if self.harm_z is not None:
            found.append(
                f"Stop for harm when the Z of a harm is {self.harm_z:.3f} or lower, counted so that low is worse."
            )
        return found


@dataclass(frozen=True)
class Reestimated:
    """How many women after all, when outcomes vary otherwise than was assumed.

    ``information`` is what these women will give, as a share of what was planned: below 1 only where the cap bites.
    """

    women: int
    factor: float
    capped: bool
    information: float
    reference: str = "Wittes and Brittain, Statistics in Medicine 1990;9:65-72"

    def sentence(self) -> str:
        """Return what this means."""
        if self.capped:
            return (
                f"{self.women} women, the most that the cap allows: they give {percent(self.information)} of the "
                "planned information, so the trial may miss an effect that it was planned to find."
            )
        return f"{self.women} women, {self.factor:.2f} times as planned, give the planned information."


def next_boundary(
    plan: LooksPlan,
    seen: Sequence[float],
    kept: Sequence[LookBoundary] | None = None,
    *,
    final: bool = False,
    maximum: float | None = None,
) -> LookBoundary:
    """Return the boundary of the look at which the last of ``seen`` is in; earlier ones are of the looks before it.

    ``kept`` are the boundaries that were used at those; without it they are reckoned again, which is the same as long
    as ``maximum`` is. ``maximum`` is the largest information as re-estimated from pooled data. Information beyond it
    is capped, and makes this look the last; ``final`` says that no look will follow although less came in. Raises
    PolicyRefused for a look too early, UsageError for information that does not rise or comes after the last look.
    """
    largest = plan.information if maximum is None else maximum
    _judge(seen, kept, largest)
    fraction = min(1.0, seen[-1] / largest)
    if fraction < LEAST_FRACTION and not final:
        raise PolicyRefused(
            f"A look at less than {percent(LEAST_FRACTION)} of the planned information is refused: it gives nothing "
            "and costs trust; wait until more women have answered."
        )
    last = final or fraction >= 1
    function = spender(plan)
    used = None if kept is None else [FARTHEST if one.z is None else one.z for one in kept]
    earlier = _reckoned(function, seen, largest) if used is None else used
    crossed, going = paths(seen[:-1], earlier, None, 0.0, seen[-1])
    spent_before = float(sum(crossed.above))
    target = plan.alpha if last else function(fraction)
    z = upper_for(going, seen[-1], target - spent_before)
    harm_z = _harm(plan, seen, kept, largest, last=last)
    return LookBoundary(
        look=len(seen),
        information=float(seen[-1]),
        fraction=fraction,
        final=last,
        z=z if z < FARTHEST else None,
        p=float(ndtr(-z)) if z < FARTHEST else None,
        spent_before=spent_before,
        spent=max(target, spent_before),
        futility_z=None if last else _futility(plan, seen, earlier, largest),
        harm_z=-harm_z if harm_z is not None and harm_z < FARTHEST else None,
        harm_p=float(ndtr(-harm_z)) if harm_z is not None and harm_z < FARTHEST else None,
        reference="Lan and DeMets, Biometrika 1983;70:659-663",
    )


def spender(plan: LooksPlan) -> Callable[[float], float]:
    """Return what the plan spends by a fraction.

    Classical boundaries spend at the planned fractions what their shape spends there; between them, in proportion.
    """
    judged_error(plan.alpha)
    if plan.spending in CLASSICAL:
        planned = boundaries(len(plan.fractions), plan.alpha, plan.spending, plan.fractions)
        known = (0.0, *planned.fractions), (0.0, *planned.cumulative_spending[:-1], plan.alpha)
        return lambda fraction: float(np.interp(fraction, *known))
    function = SPENDING[judged_name(plan.spending)]
    return lambda fraction: function.spent(fraction, plan.alpha, plan.parameter)


def reestimated(women: int, variance: float, pooled_variance: float, *, cap: float = CAP) -> Reestimated:
    """Return the women needed when outcomes of both arms together vary as ``pooled_variance``, not as ``variance``.

    It looks at no difference between the arms, so no error is spent. Never fewer women than planned, and never more
    than ``cap`` times as many. Raises UsageError when a variance is not above 0, or the cap is below 1.
    """
    if not (women > 0 and variance > 0 and isfinite(variance) and pooled_variance > 0 and isfinite(pooled_variance)):
        raise UsageError("Women and variances must be above 0: give those of the plan and of the pooled data.")
    if not cap >= 1:
        raise UsageError("The cap lies at 1 or above: 1.5 lets the number of women grow by half.")
    asked = pooled_variance / variance
    factor = min(max(1.0, asked), cap)
    share = min(1.0, factor / asked)
    return Reestimated(int(np.ceil(women * factor - 1e-9)), factor, asked > cap, share)


def pooled_variance_of_events(events: int, women: int) -> float:
    """Return the variance of an event from both arms together, p (1 - p), which tells nothing of their difference.

    Raises UsageError without women with the event and women without it.
    """
    if not 0 < events < women:
        raise UsageError("The variance of an event needs women with it and women without it: wait for more answers.")
    return events / women * (1 - events / women)


def _judge(seen: Sequence[float], kept: Sequence[LookBoundary] | None, largest: float) -> None:
    rising = all(before < after for before, after in zip((0.0, *seen), seen, strict=False))
    if not (seen and rising and all(isfinite(one) for one in seen)):
        raise UsageError("The information of the looks must rise from above 0: each look brings more women.")
    if not (largest > 0 and isfinite(largest)):
        raise UsageError("The largest information must be above 0.")
    if kept is not None and len(kept) != len(seen) - 1:
        raise UsageError(f"There are {len(kept)} boundaries for {len(seen) - 1} earlier looks: give one for each.")
    if any(one.final for one in kept) if kept is not None else any(one >= largest for one in seen[:-1]):
        raise UsageError("An earlier look was the last one: it spent all that there was.")


def _reckoned(function: Callable[[float], float], seen: Sequence[float], largest: float) -> list[float]:
    """Return the boundaries of the earlier looks as they were reckoned at the time."""
    found: list[float] = []
    for place, information in enumerate(seen[:-1]):
        crossed, going = paths(seen[:place], found, None, 0.0, information)
        found.append(upper_for(going, information, function(information / largest) - sum(crossed.above)))
    return found


def _harm(
    plan: LooksPlan, seen: Sequence[float], kept: Sequence[LookBoundary] | None, largest: float, *, last: bool
) -> float | None:
    """Return how far from zero the Z of a harm must lie: its own error, spent by its own function."""
    if plan.harm_alpha is None:
        return None
    judged_error(plan.harm_alpha, "harm_alpha")
    alpha = plan.harm_alpha

    def function(fraction: float) -> float:
        return SPENDING[HARM_SPENDING].spent(fraction, alpha)

    used = None if kept is None else [FARTHEST if one.harm_z is None else -one.harm_z for one in kept]
    earlier = _reckoned(function, seen, largest) if used is None else used
    crossed, going = paths(seen[:-1], earlier, None, 0.0, seen[-1])
    target = alpha if last else function(min(1.0, seen[-1] / largest))
    return upper_for(going, seen[-1], target - sum(crossed.above))


def _futility(plan: LooksPlan, seen: Sequence[float], earlier: Sequence[float], largest: float) -> float | None:
    """Return the lower boundary that has spent its share of 1 - power under the planned effect."""
    if plan.futility is None:
        return None
    planned = boundaries(
        len(plan.fractions), plan.alpha, plan.spending, plan.fractions,
        futility=plan.futility, power=plan.power, parameter=plan.parameter,
    )  # fmt: skip
    effect = planned.drift / sqrt(plan.information)  # per square root of information
    function = futility_spending(plan.futility, 1 - plan.power)
    lows: list[float] = []
    for place, information in enumerate(seen):
        high = earlier[place] if place < len(earlier) else inf
        crossed, going = paths(seen[:place], earlier[:place], lows, effect, information)
        share = function(min(1.0, information / largest)) - sum(crossed.below)
        lows.append(min(lower_for(going, information, share, effect), high))
    return lows[-1] if lows[-1] > -FARTHEST else None
