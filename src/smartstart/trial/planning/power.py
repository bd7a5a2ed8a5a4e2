"""Everything that can be said of a question before the answer: women, years, what would be found, and how likely."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from math import ceil, floor
from typing import Any, Final

import numpy as np

from smartstart.trial.analysis.records import plain
from smartstart.trial.planning.assurance import assurance_of_a_difference, assurance_of_two_risks
from smartstart.trial.planning.event import (
    Women,
    approximate_power,
    detectable_risk,
    exact_women_for_two_risks,
)
from smartstart.trial.planning.exact import exact_power, test_for
from smartstart.trial.planning.inflow import Effort, Together, arms_of, effort_for, municipalities_needed, together
from smartstart.trial.planning.prognosis import saved_by_auc
from smartstart.trial.planning.question import Question
from smartstart.trial.planning.scale import (
    detectable_difference,
    exact_women_for_a_difference,
    filled,
    power_of_a_difference,
    women_for_a_difference,
)
from smartstart.trial.planning.sentences import Told, detectable_sentence, sentences_of

SEED: Final = 1  # of the simulated score, so that the same question has the same answer
_NORMAL: Final = "normal approximation (Julious, Stat Med 2004;23:1921-1986)"


@dataclass(frozen=True)
class Detectable:
    """What the women drawn within the stated years would find; ``value`` is None where no effect is large enough.

    ``answers`` are expected in all arms together. ``value`` is a difference in standard deviations or a risk.
    """

    kind: str
    value: float | None
    answers: int
    within_years: float
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values, the value under the name of its kind."""
        found = {self.kind: plain(self.value) if self.value is not None else None}
        return {**found, "answers": self.answers, "within_years": self.within_years, "sentence": self.sentence}


@dataclass(frozen=True)
class Saving:
    """What knowing more beforehand saves: a share of the variance, women to draw, years of recruitment."""

    by: str
    variance: float
    women: int
    years: float


@dataclass(frozen=True)
class Power:
    """The answer to one question; years are of recruitment and until the last answer is in.

    ``per_arm`` are women with an answer in the smaller arm, ``women`` those to draw in all. ``exact`` is the same by
    an exact test. ``power_now`` supposes that the arms were compared today; None where no answers were named.
    """

    question: Question
    per_arm: int
    rule: str
    exact: Women
    women: int
    recruitment_years: float
    years: float
    detectable: Detectable
    power_now: float | None
    assurance: float | None
    municipalities: tuple[Together, ...]
    municipalities_needed: int
    saving: Saving | None
    sentences: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        asked = self.question
        return {
            "question": asked.name,
            "per_arm": self.per_arm,
            "rule": self.rule,
            "exact": {**asdict(self.exact), "power": self.exact.power and plain(self.exact.power)},
            "women": self.women,
            "recruitment_years": self.recruitment_years,
            "years": self.years,
            "detectable": self.detectable.as_dict(),
            "power_now": self.power_now,
            "so_far": asked.so_far,
            "assurance": self.assurance,
            "municipalities": [one.as_dict() for one in self.municipalities],
            "municipalities_needed": self.municipalities_needed,
            "within_years": asked.within_years,
            "saving": asdict(self.saving) if self.saving else None,
            "inflation_factor": asked.inflation,
            "sentences": list(self.sentences),
            "assumptions": list(asked.assumptions()),
        }


def answer(asked: Question) -> Power:
    """Return everything that can be said of a question before there are data."""
    rule, exact = _women(asked)
    per_arm = ceil(exact.per_arm * asked.inflation - 1e-9) if asked.risk is not None else _by_formula(asked)
    effort = _effort(asked, per_arm)
    saving = _saving(asked, per_arm)
    detectable = _detectable(asked)
    needed = municipalities_needed(effort.women, asked.inflow, asked.within_years)
    now, sure = power_now(asked), _assurance(asked, per_arm)
    told = Told(
        per_arm,
        effort.women,
        effort.recruitment_years,
        effort.years,
        needed,
        now,
        sure,
        None if exact.exact else exact.power,
        None if saving is None else (saving.by, saving.variance, saving.women, saving.years),
    )
    return Power(
        question=asked,
        per_arm=per_arm,
        rule=rule,
        exact=exact,
        women=effort.women,
        recruitment_years=effort.recruitment_years,
        years=effort.years,
        detectable=detectable,
        power_now=now,
        assurance=sure,
        municipalities=together(effort.women, asked.inflow, asked.until_answer),
        municipalities_needed=needed,
        saving=saving,
        sentences=sentences_of(asked, told, detectable.sentence),
    )


def power_now(asked: Question) -> float | None:
    """Return the power of one comparison today, with the answers so far; None where these were not named."""
    if asked.so_far is None:
        return None
    arms = arms_of(asked.so_far, asked.ratio)
    if asked.difference is not None:
        return power_of_a_difference(asked.difference, arms, correlation=asked.correlation, alpha=asked.alpha)
    if min(arms) < 1:
        return 0.0
    found = exact_power(*asked.risks, arms, alpha=asked.alpha)
    return approximate_power(*asked.risks, arms, alpha=asked.alpha) if found is None else found


def _women(asked: Question) -> tuple[str, Women]:
    """Return how the number of women was found, and the number by an exact test without looks."""
    if asked.risk is not None:
        found = exact_women_for_two_risks(*asked.risks, ratio=asked.ratio, alpha=asked.alpha, power=asked.power)
        return found.rule, found
    assert asked.difference is not None  # noqa: S101 - judged by the question
    women = exact_women_for_a_difference(
        asked.difference,
        correlation=asked.correlation,
        ratio=asked.ratio,
        alpha=asked.alpha,
        power=asked.power,
    )
    power = power_of_a_difference(
        asked.difference,
        filled(women, asked.ratio),
        correlation=asked.correlation,
        alpha=asked.alpha,
    )
    rule = "The least number whose power by the noncentral t reaches the target."
    return f"The {_NORMAL}.", Women(women, women, exact=True, test="t", power=power, rule=rule)


def _by_formula(asked: Question) -> int:
    assert asked.difference is not None  # noqa: S101 - judged by the question
    return women_for_a_difference(
        asked.difference,
        correlation=asked.correlation,
        ratio=asked.ratio,
        alpha=asked.alpha,
        power=asked.power,
        inflation=asked.inflation,
    )


def _effort(asked: Question, per_arm: int) -> Effort:
    flow = asked.inflow
    return effort_for(
        asked.name,
        per_arm,
        ratio=asked.ratio,
        answered=flow.answered,
        per_year=flow.drawn,
        until_answer=asked.until_answer,
    )


def _detectable(asked: Question) -> Detectable:
    """Return what the women drawn within the stated years would find at the expected inflow."""
    answers = asked.inflow.answers_in(asked.within_years)
    kind = "difference" if asked.difference is not None else "risk"
    test, value = "", None
    if asked.difference is not None:
        found = detectable_difference(
            arms_of(answers, asked.ratio),
            correlation=asked.correlation,
            alpha=asked.alpha,
            power=asked.power,
            inflation=asked.inflation,
        )
        value = plain(found)
    else:
        used = arms_of(floor(answers / asked.inflation), asked.ratio)  # what is left when looks have taken their share
        test = test_for(used)
        value = detectable_risk(asked.risks[0], used, alpha=asked.alpha, power=asked.power)
    return Detectable(kind, value, answers, asked.within_years, detectable_sentence(asked, value, answers, test))


def _assurance(asked: Question, per_arm: int) -> float | None:
    """Return how likely success is with the planned women, under the stated prior; None without one."""
    if asked.prior is None:
        return None
    arms = filled(max(1, floor(per_arm / asked.inflation)), asked.ratio)
    if asked.difference is not None:
        return assurance_of_a_difference(*asked.prior, arms, correlation=asked.correlation, alpha=asked.alpha)
    return assurance_of_two_risks(asked.risks[0], asked.prior, arms, alpha=asked.alpha)


def _saving(asked: Question, per_arm: int) -> Saving | None:
    """Return what the prognostic score would save besides, or else what the nulmeting saves already."""
    if asked.r2 is not None or asked.auc is not None:
        by, variance = "the prognostic score", _saved(asked)
        more, less = per_arm, max(1, ceil(per_arm * (1 - variance) - 1e-9))
    elif asked.correlation:
        by, variance = "the scale at the start", asked.correlation**2
        more, less = _by_formula(replace(asked, correlation=0.0)), per_arm
    else:
        return None
    efforts = _effort(asked, more), _effort(asked, less)
    years = efforts[0].recruitment_years - efforts[1].recruitment_years
    return Saving(by, variance, efforts[0].women - efforts[1].women, years)


def _saved(asked: Question) -> float:
    if asked.r2 is not None:
        return asked.r2
    assert asked.auc is not None  # noqa: S101 - asked for by the caller
    return saved_by_auc(asked.risks[0], asked.auc, np.random.default_rng(SEED))
