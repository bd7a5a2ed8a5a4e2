"""What is known of a trial, exactly: the restricted tier. Only the gate reads this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from smartstart.support.costs import Prices
    from smartstart.trial.analysis.records import Estimate

BOTH = "all"  # both arms together
Kind = Literal["scale", "event"]


@dataclass(frozen=True)
class Taken:
    """Who took part: women not drawn by reason, and by arm (or ``BOTH``) drawn, excluded by reason, and analysed."""

    not_drawn: Mapping[str, int]
    drawn: Mapping[str, int]
    excluded: Mapping[str, Mapping[str, int]]
    analysed: Mapping[str, int]


@dataclass(frozen=True)
class AtStart:
    """How alike the arms were at the start in one thing: the standardised difference, and the women behind it.

    ``cells`` are the women with and without it in each arm, for a yes or no; of a scale the women with an answer.
    """

    name: str
    level: str
    difference: float
    cells: tuple[int, ...]


@dataclass(frozen=True)
class Wave:
    """A scale at one moment, of an arm or of both: women with an answer, their mean with its 95 % interval."""

    scale: str
    moment: str
    arm: str
    n: int
    mean: Estimate | None


@dataclass(frozen=True)
class Outcome:
    """One planned outcome: due and known by arm (or ``BOTH``), events among the known, the effect on a scale.

    The effect of an event is reckoned by the gate, from the counts that it lets through.
    """

    outcome: str
    kind: Kind
    at: str
    primary: bool
    due: Mapping[str, int]
    known: Mapping[str, int]
    events: Mapping[str, int] | None
    effect: Estimate | None


@dataclass(frozen=True)
class Looks:
    """The planned looks in shares of the information, the boundary at each, the answers in and those asked for."""

    planned: tuple[float, ...]
    boundary: tuple[float | None, ...]
    taken: int
    answers: int
    asked: int


@dataclass(frozen=True)
class Ahead:
    """What is expected: the day of the answer, the power of a comparison now, what could be seen, and with whom.

    ``detectable`` is a difference in standard deviations that the answers so far could show, None without any.
    ``municipalities`` is how many together would answer the primary question, and the event, within ``within`` years.
    """

    answer_on: date
    power: float | None
    detectable: float | None
    difference: float
    within: float
    municipalities: int
    event_municipalities: int | None


@dataclass(frozen=True)
class Given:
    """What women were given: of those drawn for the offer how many came how far, and kinds of care by arm.

    ``offered`` are the women drawn for the offer whose data may be used; ``reach`` goes from accepted to spoken to, and
    spoken to in time: each is a part of the one before it. ``care`` has for each kind of care the women who had it, by
    arm, ``needs`` for each life domain the mothers whose plan names a need in it.
    """

    offered: int
    reach: Mapping[str, int]
    care: Mapping[str, Mapping[str, int]]
    needs: Mapping[str, int]


@dataclass(frozen=True)
class Price:
    """An amount in euros with where it comes from."""

    euros: float
    source: str


@dataclass(frozen=True)
class Costs:
    """What the offer costs for each woman it is made to, and what one placement costs in all; ``prices`` reckon it."""

    offer: Price
    placement: Price
    prices: Prices


@dataclass(frozen=True)
class How:
    """How it was done: the design in words and its hash, the plan and what departs from it, versions."""

    design_hash: str
    chance: str
    consent_model: str
    plan_hash: str
    locked_on: str
    departs: tuple[str, ...]
    version: str
    ledger_head: str


@dataclass(frozen=True)
class Facts:
    """Everything that the page rests on. ``arms`` is empty until the arms may be told apart.

    ``ahead`` tells what is expected from a number of answers and of women drawn: the gate asks it with rounded ones.
    ``events_by_half_year`` are cumulative, both arms together: half years after birth, events, women followed.
    ``model`` is an evaluation that passed the gate of models, None where no model scores. ``given`` is None until
    the arms may be told apart, and where no log of contacts was delivered.
    """

    municipality: str
    as_of: date
    started: date
    rehearsal: bool
    arms: tuple[str, ...]
    taken: Taken
    practices: Mapping[str, int]
    at_start: tuple[AtStart, ...]
    waves: tuple[Wave, ...]
    outcomes: tuple[Outcome, ...]
    events_by_half_year: tuple[tuple[int, int, int], ...]
    looks: Looks
    ahead: Callable[[int, int], Ahead]
    how: How
    contact: str
    costs: Costs | None = None
    model: Mapping[str, Any] | None = None
    given: Given | None = None
