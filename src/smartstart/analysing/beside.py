"""What stands beside the main analysis of an outcome: other populations, other definitions, other suppositions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.analysing.outcomes import (
    LATER,
    Compared,
    compared,
    event_of,
    has_live_birth,
    nulmeting_of,
    sample_of,
    scale_of,
    time_of,
    value_of,
    wave_named,
)
from smartstart.programme.sections import WAVES
from smartstart.trial.analysis.binary import compare_binary
from smartstart.trial.analysis.comparison import Arms
from smartstart.trial.analysis.compliance import ASSUMPTIONS, complier_average
from smartstart.trial.analysis.instruments import responders
from smartstart.trial.analysis.longitudinal import constrained_longitudinal
from smartstart.trial.analysis.missing import TIPPING_REFERENCE
from smartstart.trial.analysis.plan import SEED
from smartstart.trial.analysis.records import Estimate
from smartstart.trial.analysis.scale import TIPPING_REACH, compare_scale, impute, tipping
from smartstart.trial.analysis.timing import compare_times
from smartstart.trial.flow import answer_of

if TYPE_CHECKING:
    from smartstart.analysing.reading import Drawn, TrialData
    from smartstart.programme.sections import Programme
    from smartstart.trial.analysis.plan import Plan, PlannedComparison
    from smartstart.trial.analysis.records import Bools
    from smartstart.trial.analysis.samples import Sample

PER_PROTOCOL = (
    "women who followed their arm: with the offer those it spoke to (without a log, who said yes), without it those it "
    "did not; who does so is no matter of chance, so that the arms no longer need be alike"
)


@dataclass(frozen=True)
class Beside:
    """One analysis beside the main one: its name, what it supposes, the measure and its estimate, and who is in it."""

    name: str
    supposes: str
    measure: str
    estimate: Estimate
    n: Arms

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**vars(self), "estimate": self.estimate.as_dict(), "n": self.n.as_dict()}


@dataclass(frozen=True)
class Look:
    """What every analysis beside one outcome starts from."""

    data: TrialData
    women: Sequence[Drawn]  # of whom the outcome can be known by now
    programme: Programme
    plan: Plan
    planned: PlannedComparison
    main: Sample
    dimension: str | None
    important: float | None = None  # the least difference in points that matters, where the instrument states one

    def sample(self, values: Compared) -> Sample:
        """Return what is compared, with the covariates of the plan."""
        return sample_of(
            values, self.plan, treated=self.data.compared[0], labels=self.data.labels, dimension=self.dimension,
            prognostic=self.planned.kind == "event",
        )  # fmt: skip

    def event(self, name: str, supposes: str, values: Compared) -> Iterator[Beside]:
        """Yield the risk difference of other values or other women, where both arms have somebody."""
        sample = self.sample(values).known()
        if _both_arms(sample):
            found = compare_binary(sample, rule=self.plan.rule).measures["risk_difference"].main
            yield Beside(name, supposes, "risk_difference", found, _arms(sample))

    def scale(self, name: str, supposes: str, values: Compared) -> Iterator[Beside]:
        """Yield the difference in means of other values or other women, where both arms have somebody."""
        everyone = self.sample(values)
        sample = everyone.known()
        if _both_arms(sample):
            found = compare_scale(sample, everyone=sample, imputations=0, seed=0).measures["mean_difference"].main
            yield Beside(name, supposes, "mean_difference", found, _arms(sample))

    def only(self, women: Iterable[Drawn]) -> Compared:
        """Return the main outcome of some of the women."""
        return compared(list(women), value_of(self.programme, self.planned, self.data.as_of))

    def of(self, population: str) -> list[Drawn]:
        """Return the women of an analysis set."""
        return [woman for woman in self.women if population in woman.analysed.populations]


def beside_event(look: Look, *, unblinded: bool) -> Iterator[Beside]:
    """Yield what stands beside an event: live births only, the RIVM's proxy, later children, the time until it.

    Who followed her arm, and the effect on compliers, would tell which arm is which: only once ``unblinded``.
    """
    data, planned = look.data, look.planned
    months, as_of = int(planned.at), data.as_of
    yield from _blinded_and_per_protocol(look, unblinded=unblinded)
    if planned.outcome != "placed_without_mother":
        return
    own = ("known", "uhp")
    born = [woman for woman in look.women if has_live_birth(woman, months)]
    yield from look.event(
        "live births only", "loss of the pregnancy left out", compared(born, lambda w: event_of(w, months, own, as_of))
    )
    rivm = ("known_rivm", "uhp_rivm")
    yield from look.event(
        "the RIVM's proxy",
        "a stay of mother and child together counts as a placement",
        compared(look.women, lambda w: event_of(w, months, rivm, as_of)),
    )
    yield from look.event(
        "later children too",
        "any child born after the draw, each until the same month",
        compared(look.women, lambda w: event_of(w, months, LATER, as_of)),
    )
    yield from _in_time(look, months)


def beside_scale(look: Look, *, unblinded: bool) -> Iterator[Beside]:
    """Yield what stands beside a scale: late answers too, all waves at once, the tipping point."""
    data, planned = look.data, look.planned
    wave = wave_named(look.programme, planned.at)
    yield from _blinded_and_per_protocol(look, unblinded=unblinded)
    yield from look.scale(
        "late answers too",
        "an answer after the window means the same",
        compared(look.women, lambda w: scale_of(w, planned.outcome, planned.at, wave, data.as_of, late_too=True)),
    )
    yield from _responders(look)
    yield from _over_waves(look)
    yield from _tipping(look)


def _blinded_and_per_protocol(look: Look, *, unblinded: bool) -> Iterator[Beside]:
    yield_of = look.scale if look.planned.kind == "scale" else look.event
    blinded = look.of("blinded_assessment")
    if len(blinded) < len(look.women):
        yield from yield_of("assessor blinded", "women whose assessor did not know the arm", look.only(blinded))
    if not unblinded:
        return
    yield from yield_of("per protocol", PER_PROTOCOL, look.only(look.of("per_protocol")))
    known = look.main.known_ones
    sample = look.main.where(known)
    received = np.array([_received(woman) for woman, here in zip(look.women, known, strict=True) if here], bool)
    found = complier_average(
        sample.outcome, sample.treated, received, covariates=sample.covariates, cluster=sample.cluster
    )
    measure = "mean_difference" if look.planned.kind == "scale" else "risk_difference"
    yield Beside("complier average", " ".join(ASSUMPTIONS), measure, found, _arms(sample))


def _in_time(look: Look, months: int) -> Iterator[Beside]:
    """Yield the time analysis: women who moved away or whose child died are followed until then."""
    ends = [time_of(woman, months) for woman in look.data.women]
    everyone = look.sample(compared(look.data.women, lambda _: (nan, None)))
    times = replace(
        everyone, outcome=np.array([time for time, _ in ends]), cause=np.array([cause for _, cause in ends])
    )
    sample = times.known()
    if not _both_arms(sample) or not sample.outcome.max() > 0:
        return
    found = compare_times(sample).measures
    words = {
        "hazard_ratio": "moving away tells nothing of the risk; the death of the child ends the time at risk",
        "rmst_difference": "days at home, up to the shortest of both arms' follow-up; the same supposition",
        "risk_difference": "by the shortest of both arms' follow-up, with the death of the child as a competing event",
    }
    for measure, supposes in words.items():
        yield Beside("time until placement", supposes, measure, found[measure].main, _arms(sample))


def _responders(look: Look) -> Iterator[Beside]:
    """Yield the difference in the share of women who gained the least important difference since the start."""
    if look.important is None:
        return
    start = np.array([nulmeting_of(woman, look.planned.outcome) for woman in look.women])
    gained = responders(look.main.outcome - start, look.important)
    values = np.where(gained.known, gained.responded, nan)
    sample = replace(look.main, outcome=values).known()
    if _both_arms(sample):
        found = compare_binary(sample, rule=look.plan.rule).measures["risk_difference"].main
        supposes = f"a gain of {look.important:g} points or more is what counts"
        yield Beside("responders", supposes, "risk_difference", found, _arms(sample))


def _over_waves(look: Look) -> Iterator[Beside]:
    """Yield the difference at this wave from one model of all waves, in which both arms begin alike."""
    women, moments = look.women, ("nulmeting", *WAVES)
    rows: list[tuple[int, int, float]] = []
    for number, woman in enumerate(women):
        rows.append((number, 0, nulmeting_of(woman, look.planned.outcome)))
        for place, name in enumerate(WAVES, start=1):
            wave = wave_named(look.programme, name)
            rows.append((number, place, scale_of(woman, look.planned.outcome, name, wave, look.data.as_of)[0]))
    who, at, scores = (np.array(column) for column in zip(*rows, strict=True))
    if not np.isfinite(scores[at == 0]).any():
        return
    found = constrained_longitudinal(scores, at, look.main.treated[who], who)
    place = moments.index(look.planned.at)
    if place in found.by_wave:
        supposes = "who misses a wave can be foreseen from her arm and her earlier answers"
        answered = np.bincount(who[np.isfinite(scores)], minlength=len(women)) > 0
        yield Beside(
            "all waves in one model", supposes, "mean_difference", found.by_wave[place], _arms(look.main, answered)
        )


def _tipping(look: Look) -> Iterator[Beside]:
    """Yield for each arm the result at the shift of its missing women at which the conclusion would change."""
    if look.main.known_ones.all():
        return
    imputed = impute(look.main, look.plan.imputations, SEED)
    if not np.isfinite(imputed.values).all():
        return
    for label, treated in zip(look.data.labels, (True, False), strict=True):
        found = tipping(look.main, imputed, treated=treated)
        shown = min(found.tips or found.tried[-1:], key=lambda one: abs(one.delta_treated + one.delta_control))
        shift = f"{shown.delta_treated + shown.delta_control:+.2g} points"
        words = f"missing women of {label} fared {shift} otherwise than imputed" + (
            "" if found.tips else f", as far as was tried ({TIPPING_REACH:g} standard deviations)"
        )
        made = "here the conclusion changes" if found.tips else "the conclusion never changes"
        estimate = Estimate(shown.estimate, shown.lower, shown.upper, nan, made, TIPPING_REFERENCE)
        yield Beside(f"tipping point of {label}", words, "mean_difference", estimate, _arms(look.main))


def _received(woman: Drawn) -> bool:
    """Tell whether she was helped: by the log of contacts; without one took up the offer, or outside her arm."""
    helped = answer_of(woman.told) == "accepted" if woman.care.helped is None else woman.care.helped
    return helped or "crossover" in woman.told.facts


def _both_arms(sample: Sample) -> bool:
    return bool(sample.treated.any() and not sample.treated.all())


def _arms(sample: Sample, chosen: Bools | None = None) -> Arms:
    return Arms.of(sample.treated if chosen is None else sample.treated[chosen])
