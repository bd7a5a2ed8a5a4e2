"""What may be shown of a trial. Made by the gate alone; None is what may not be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import date

    from smartstart.report.council.facts import Ahead, Costs, How, Kind

Shown = int | None
State = Literal["no_data", "too_early", "no_difference", "difference", "harm"]


@dataclass(frozen=True)
class Range:
    """A number with its 95 % interval, rounded."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class ShownTaken:
    """Who took part. Totals are sums of what is shown; reasons under ten were put together."""

    seen: Shown
    not_drawn: Shown
    reasons: Mapping[str, int]
    drawn: Mapping[str, Shown]
    excluded: Mapping[str, Shown]
    analysed: Mapping[str, Shown]


@dataclass(frozen=True)
class ShownAtStart:
    """A standardised difference, without its sign: which arm has more is not told."""

    name: str
    level: str
    difference: float


@dataclass(frozen=True)
class ShownWave:
    """A mean at one moment."""

    scale: str
    moment: str
    arm: str
    n: Shown
    mean: Range | None


@dataclass(frozen=True)
class ShownOutcome:
    """One outcome; ``effect`` of a scale in points, of an event in women of every hundred."""

    outcome: str
    kind: Kind
    at: str
    primary: bool
    known: Mapping[str, Shown]
    events: Mapping[str, Shown]
    effect: Range | None
    ratio: Range | None


@dataclass(frozen=True)
class ShownLooks:
    """The planned looks, and how far the information is, in whole percents rounded to five."""

    planned: tuple[float, ...]
    boundary: tuple[float | None, ...]
    taken: int
    percent: int
    answers: Shown
    asked: int


@dataclass(frozen=True)
class ShownGiven:
    """What women were given: how far those drawn for the offer came, kinds of care by arm, needs by life domain."""

    reach: Mapping[str, Shown]
    care: Mapping[str, Mapping[str, Shown]]
    needs: Mapping[str, Shown]


@dataclass(frozen=True)
class Suppressed:
    """What was held back, and by which rule: the words for both stand in the catalogue."""

    what: str
    why: str


@dataclass(frozen=True)
class Released:
    """Everything that a page, sheet or picture may show."""

    state: State
    municipality: str
    as_of: date
    started: date
    rehearsal: bool
    arms: tuple[str, ...]
    taken: ShownTaken
    practices: Mapping[str, Shown]
    baseline: tuple[ShownAtStart, ...]
    waves: tuple[ShownWave, ...]
    outcomes: tuple[ShownOutcome, ...]
    events_by_half_year: tuple[tuple[int, Shown, Shown], ...]
    looks: ShownLooks
    ahead: Ahead
    how: How
    contact: str
    costs: Costs | None
    model: Mapping[str, Any] | None
    suppressed: tuple[Suppressed, ...]
    delivery: ShownGiven | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values: what is kept of a release, and what an attacker would have."""
        return _plain(asdict(self))  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else value
