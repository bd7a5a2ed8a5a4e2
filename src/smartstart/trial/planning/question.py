"""One question, and everything that is assumed in order to answer it: judged once, then trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from smartstart.errors import UsageError
from smartstart.numbers import grouped, stated
from smartstart.trial.planning.assurance import PRIOR_WOMEN, judge_prior, prior_in_words
from smartstart.trial.planning.event import judge_risks
from smartstart.trial.planning.inflow import YEARS_UNTIL_THE_LAST_ANSWER, Inflow
from smartstart.trial.planning.prognosis import judge_score
from smartstart.trial.planning.scale import ALPHA, POWER, judge_difference, judge_errors, left_by

MOST_YEARS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of a trial: a ``difference`` in standard deviations, or a ``risk`` against a ``lower_risk``.

    ``ratio`` is offer to care as usual; ``alpha`` two-sided; ``within_years`` how long drawing may take; ``so_far`` the
    answers that are in. An answer comes ``until_answer`` years after the draw. ``prior`` is mean and standard
    deviation: of the difference, or of the logarithm of the risk ratio. ``r2`` or ``auc`` describe a prognostic score
    that might be used besides. ``inflation`` is what looks cost, ``notes`` are assumptions besides.
    """

    name: str
    inflow: Inflow
    difference: float | None = None
    risk: float | None = None
    lower_risk: float | None = None
    alpha: float = ALPHA
    power: float = POWER
    ratio: tuple[int, int] = (1, 1)
    correlation: float = 0.0
    within_years: float = 3
    until_answer: float = YEARS_UNTIL_THE_LAST_ANSWER
    so_far: int | None = None
    prior: tuple[float, float] | None = None
    r2: float | None = None
    auc: float | None = None
    inflation: float = 1.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Judge the question once. Raises UsageError that names the option."""
        _judge_effect(self)
        judge_errors(self.alpha, self.power)
        left_by(self.correlation)
        if not all(1 <= part <= 1_000 for part in self.ratio):
            raise UsageError("--ratio: give offer to care as usual in whole numbers from 1 to 1,000, such as 1:1.")
        if not 0 < self.within_years <= MOST_YEARS:
            raise UsageError(f"--years: give a number above 0, up to {MOST_YEARS}.")
        if self.so_far is not None and not 0 <= self.so_far <= 10_000_000:
            raise UsageError("--so-far: give the number of answers that are in, 0 or more.")
        if self.prior is not None:
            judge_prior(*self.prior)
        judge_score(self.r2, self.auc)
        if not 1 <= self.inflation < 10:
            raise UsageError("--looks: these looks would take more than ten times the women; plan fewer of them.")

    @property
    def risks(self) -> tuple[float, float]:
        """Return the risk with care as usual and the lower one with the offer."""
        assert self.risk is not None and self.lower_risk is not None  # noqa: S101 - judged above
        return self.risk, self.lower_risk

    def assumptions(self) -> tuple[str, ...]:
        """Return everything that is assumed, each sentence with its [A]."""
        flow = self.inflow
        found = [
            f"[A] {flow.eligible:g} women a year are eligible in one municipality; {stated(flow.consent, 3)} of them "
            f"consent and are drawn, {stated(flow.answered, 3)} of the women drawn answer.",
            f"[A] The last answer comes {self.until_answer:g} years after the last draw.",
            "[A] Several municipalities draw at the same pace as this one, with the same offer and the same effect.",
            "[A] Women are drawn one by one, within each municipality. So a municipality is a stratum, not a cluster: "
            "it costs no women. Women of one household are taken as independent; few share a household.",
        ]
        found += self._about_the_scale() if self.difference is not None else self._about_the_event()
        if self.inflation > 1:
            found.append(f"[A] The looks are held as planned; together they take {self.inflation:.3f} times the women.")
        return (*found, *self.notes)

    def _about_the_scale(self) -> list[str]:
        found = [f"[A] {self.difference:g} standard deviations is the least difference that is worth finding."]
        if self.correlation:
            found.append(f"[A] The scale at the start correlates {self.correlation:g} with the scale at the end.")
        if self.prior:
            mean, sd = self.prior
            found.append(f"[A] The difference is believed to be {mean:g}, give or take {sd:g} (normal prior).")
        if self.r2 is not None:
            found.append(f"[A] A prognostic score explains {stated(self.r2, 3)} of the variance that is left.")
        return found

    def _about_the_event(self) -> list[str]:
        risk, lower = self.risks
        found = [f"[A] The risk is {stated(risk, 3)} with care as usual; {stated(lower, 3)} would be worth finding."]
        if self.prior:
            found.append(
                f"[A] The risk ratio is believed to be lognormal ({prior_in_words(self.prior)}), and the risk with "
                f"care as usual to be as sure as after {grouped(PRIOR_WOMEN)} women."
            )
        if self.auc is not None:
            found.append(
                f"[A] A perfectly calibrated score ranks two women rightly in {stated(self.auc, 3)} (its AUC)."
            )
        if self.r2 is not None:
            found.append(f"[A] A prognostic score explains {stated(self.r2, 3)} of the variance.")
        return found


def _judge_effect(question: Question) -> None:
    if (question.difference is None) == (question.risk is None):
        raise UsageError("Say what is to be seen: --difference for a scale, or --risk with --lower-risk for an event.")
    if question.difference is not None:
        if question.lower_risk is not None:
            raise UsageError("--lower-risk goes with --risk: leave it out for a difference.")
        if question.auc is not None:
            raise UsageError("--auc is for an event: of a scale, give the score's --r2.")
        judge_difference(question.difference)
        return
    if question.lower_risk is None or question.risk is None:
        raise UsageError("--risk goes with --lower-risk: the risk that would be worth finding.")
    judge_risks(question.risk, question.lower_risk)
    if question.lower_risk > question.risk:
        raise UsageError("--lower-risk: give a risk below --risk; for a rising risk exchange the two.")
    if question.correlation:
        raise UsageError("--correlation is of a scale with its nulmeting: leave it out for an event.")
    if question.r2 is not None and question.auc is not None:
        raise UsageError("--r2 and --auc say the same of a score: give one of them.")
