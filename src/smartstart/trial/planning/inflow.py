"""From women to years: who is eligible, says yes and answers, in one municipality or in several together."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Any, Final

from smartstart.errors import UsageError

# The first talk is at the draw, about week 15; birth follows five to six months later, the last questionnaire a year
# after birth (docs/how-to/lists-there-and-back.md): the answer of the last woman comes eighteen months after her draw.
YEARS_UNTIL_BIRTH: Final = 0.5
YEARS_UNTIL_THE_LAST_ANSWER: Final = YEARS_UNTIL_BIRTH + 1
MUNICIPALITIES: Final = (1, 2, 5, 10, 20, 50)


@dataclass(frozen=True)
class Effort:
    """What one question costs: women with an answer per arm (as in the ratio's smaller arm), women to draw, years.

    ``women`` allows for those who do not answer. ``years`` runs from the first draw until the last answer is in.
    """

    question: str
    per_arm: int
    women: int
    recruitment_years: float
    years: float


@dataclass(frozen=True)
class Inflow:
    """Whom a trial can reckon with: eligible women a year in each municipality, and the shares who consent and answer.

    Raises UsageError when a share is not above 0 and at most 1, or nobody is eligible anywhere.
    """

    eligible: float
    consent: float
    answered: float
    municipalities: int = 1

    def __post_init__(self) -> None:
        """Judge the inflow once: years without anybody never end."""
        if not 0 < self.eligible <= 1e6:
            raise UsageError("--per-year: give the eligible women a year in one municipality, above 0.")
        for name, share in (("consent", self.consent), ("answered", self.answered)):
            if not 0 < share <= 1:
                raise UsageError(f"--{name}: give a share above 0, up to 1.")
        if not 1 <= self.municipalities <= 10_000:
            raise UsageError("--municipalities: give a number from 1 to 10,000.")

    @property
    def drawn(self) -> float:
        """Return the women drawn in a year, in all municipalities together."""
        return self.municipalities * self.eligible * self.consent

    @property
    def answers(self) -> float:
        """Return the women drawn in a year whose answer will come, in all municipalities together."""
        return self.drawn * self.answered

    def answers_in(self, years: float) -> int:
        """Return the answers that the women drawn in these years will give."""
        return floor(self.answers * years + 1e-9)


@dataclass(frozen=True)
class Together:
    """How long it takes when so many municipalities draw at the same pace and answer together."""

    municipalities: int
    recruitment_years: float
    years: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dict(vars(self))


def effort_for(
    question: str,
    per_arm: int,
    *,
    ratio: tuple[int, int],
    answered: float,
    per_year: float,
    until_answer: float = YEARS_UNTIL_THE_LAST_ANSWER,
) -> Effort:
    """Return what ``per_arm`` women with an answer in the smaller arm take, at ``per_year`` women drawn.

    ``answered`` is the share of the women drawn whose outcome is known, ``until_answer`` years after her draw.
    """
    women = ceil(per_arm * sum(ratio) / min(ratio) / answered - 1e-9)
    recruitment = women / per_year
    return Effort(question, per_arm, women, recruitment, recruitment + until_answer)


def arms_of(women: int, ratio: tuple[int, int]) -> tuple[int, int]:
    """Return the women in each arm when ``women`` answer and the arms fill in this ratio."""
    first = floor(women * ratio[0] / sum(ratio))
    return first, floor(women * ratio[1] / sum(ratio))


def together(women: int, inflow: Inflow, until_answer: float = YEARS_UNTIL_THE_LAST_ANSWER) -> tuple[Together, ...]:
    """Return how long ``women`` to draw take for one municipality and for several."""
    one = women * inflow.municipalities / inflow.drawn
    return tuple(Together(k, one / k, one / k + until_answer) for k in MUNICIPALITIES)


def municipalities_needed(women: int, inflow: Inflow, within_years: float) -> int:
    """Return how many municipalities draw ``women`` within so many years."""
    return ceil(women * inflow.municipalities / inflow.drawn / within_years - 1e-9)
