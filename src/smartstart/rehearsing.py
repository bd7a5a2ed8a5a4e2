"""Play the draw in many made-up municipalities before the first woman is drawn, and make the page for the council.

The draw is the real one, with keys that were made up for it; the keys of a workspace are never read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any, Final

from smartstart.describing import levels_by_factor, made_up_woman
from smartstart.designing import ALWAYS_VALID, design_of, inflation_of, looks_of
from smartstart.errors import UsageError
from smartstart.numbers import dutch, fixed, percent, short
from smartstart.report.rehearsal_page import Facts, Question, Rehearsed, Said, Taking, council_page, words
from smartstart.risk.factor_count import CAUTION
from smartstart.synthetic.arrivals import ASSUMPTIONS, NOT_ELIGIBLE_FOR_EACH, Arrival, arrivals
from smartstart.synthetic.chance import Chance
from smartstart.trial.allocation import KEY_BYTES, Sequence, Unit
from smartstart.trial.planning.event import women_for_two_risks
from smartstart.trial.planning.inflow import YEARS_UNTIL_THE_LAST_ANSWER, Effort, effort_for
from smartstart.trial.planning.scale import women_for_a_difference
from smartstart.trial.simulation import ALL, Balance, Drawn, Woman, balance, judge_marginal

if TYPE_CHECKING:
    from smartstart.programme.sections import Programme
    from smartstart.trial.design import Design
    from smartstart.trial.sequential.played import Played
    from smartstart.wording import Wording

TOWNS: Final = 1000
MOST_TOWNS, MOST_YEARS = 100_000, 20
SEED: Final = 1  # fixed, so that the same command gives the same page
TELL_EVERY: Final = 250
MOST_ROWS_ON_THE_PAGE: Final = 8


@dataclass(frozen=True)
class Request:
    """How to rehearse; without ``years`` as long as it takes to see the smallest planned difference.

    What is assumed and left out here is what the programme's planning states.
    """

    towns: int = TOWNS
    years: int | None = None
    correlation: float | None = None
    answered: float | None = None
    consent: float | None = None


@dataclass(frozen=True)
class Assumed:
    """What is reckoned with: a correlation, and shares of the women drawn and of the eligible women."""

    correlation: float
    answered: float
    consent: float


@dataclass(frozen=True)
class Rehearsal:
    """What the made-up municipalities showed, what an answer takes, and the council's page (HTML, made-up figures).

    ``looks_played`` is what would be said of the primary scale at the planned looks, one for each true effect.
    ``caution`` is what must be said where a risk band is shown, and empty where none is.
    """

    trial_id: str
    towns: int
    years: int
    women: float
    balance: Balance
    plans: tuple[Effort, ...]
    looks_played: tuple[Played, ...]
    assumptions: tuple[str, ...]
    caution: str
    page: bytes

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the page, for a program."""
        from dataclasses import asdict

        told = {key: value for key, value in asdict(self).items() if key != "page"}
        return told | {"looks_played": [one.as_dict() for one in self.looks_played]}


def rehearse(programme: Programme, request: Request, tell: Callable[[str], None]) -> Rehearsal:
    """Draw the women of ``request.towns`` made-up municipalities with the real draw.

    Raises PolicyRefused when the design is not a fair one, UsageError when the request makes no sense.
    """
    _judge(request)
    design = design_of(programme)
    judge_marginal(design)
    assumed = assumed_by(programme, request)
    plans = plans_for(programme, assumed)
    years = request.years or min(MOST_YEARS, ceil(plans[0].recruitment_years))
    chance = Chance(SEED)
    towns = []
    for number in range(request.towns):
        if number % TELL_EVERY == 0:
            tell(f"town {number} of {request.towns}")
        towns.append(_town(programme, design, chance, years, assumed.consent))
    tell("counting")
    found = balance(design, towns)
    tell("looking as planned")
    said = tuple(play_looks(programme, assumed, request.towns))
    assumptions = (
        *ASSUMPTIONS,
        f"[A] {percent(assumed.consent)} of the eligible women consent; only they are drawn.",
        f"[A] The scale at one year correlates {assumed.correlation:g} with the scale at the start.",
        f"[A] {percent(assumed.answered)} of the women drawn answer at one year.",
    )
    return Rehearsal(
        trial_id=design.trial_id,
        towns=request.towns,
        years=years,
        women=sum(map(len, towns)) / len(towns),
        balance=found,
        plans=plans,
        looks_played=said,
        assumptions=assumptions,
        caution=CAUTION if "risk_band" in levels_by_factor(design) else "",
        page=_page(programme, design, assumed, years, (towns[0], found, plans, said)),
    )


def assumed_by(programme: Programme, request: Request) -> Assumed:
    """Return what is reckoned with: what the request states, and else what the programme states."""
    stated = programme.planning
    return Assumed(
        correlation=stated.correlation if request.correlation is None else request.correlation,
        answered=stated.answered if request.answered is None else request.answered,
        consent=stated.consent if request.consent is None else request.consent,
    )


def plans_for(programme: Programme, assumed: Assumed) -> tuple[Effort, ...]:
    """Return what answers to the usual questions take, that of the trial's own primary analysis first."""
    trial = programme.trial
    ratio = (trial.ratio[0], trial.ratio[-1])

    def effort(question: str, per_arm: int) -> Effort:
        drawn = trial.expected_per_year * assumed.consent
        return effort_for(question, per_arm, ratio=ratio, answered=assumed.answered, per_year=drawn)

    def scale(difference: float, correlation: float) -> int:
        return women_for_a_difference(difference, correlation=correlation, ratio=ratio)

    return (
        effort("0.3 SD on the scale, with baseline", scale(0.3, assumed.correlation)),
        effort("0.3 SD on the scale", scale(0.3, 0)),
        effort("0.5 SD on the scale, with baseline", scale(0.5, assumed.correlation)),
        effort("0.5 SD on the scale", scale(0.5, 0)),
        effort("an event of 1.0 % v 0.5 %", women_for_two_risks(0.010, 0.005, ratio=ratio)),
    )


def play_looks(programme: Programme, assumed: Assumed, trials: int) -> Iterator[Played]:
    """Play the looks at the primary scale under no effect, half of the planned one, all of it, and as much harm.

    Nothing where the primary outcome is an event: its answer is not that of one municipality.
    """
    import numpy as np

    from smartstart.trial.sequential.information import asked_for, women_for
    from smartstart.trial.sequential.played import Setting
    from smartstart.trial.sequential.played import play as play_trials

    trial, monitoring, planned = programme.trial, programme.monitoring, programme.planning.difference
    primary = next(one for one in trial.outcomes if one.primary)
    if primary.kind != "scale":
        return
    variance = 1 - assumed.correlation**2
    ratio = (trial.ratio[0], trial.ratio[-1])
    asked = asked_for(planned, alpha=monitoring.alpha, power=monitoring.power, inflation=inflation_of(programme))
    setting = Setting(
        women=ceil(women_for(asked, variance, ratio) - 1e-9),
        answers_per_year=trial.expected_per_year * assumed.consent * assumed.answered,
        until_answer=YEARS_UNTIL_THE_LAST_ANSWER,
        spread=sqrt(variance),
        ratio=ratio,
        looks=None if monitoring.spending == ALWAYS_VALID else looks_of(programme),
        alpha=monitoring.alpha,
        harm_alpha=monitoring.harm_alpha,
    )
    for truth in (0.0, planned / 2, planned, -planned):
        yield play_trials(setting, truth, trials, np.random.default_rng(SEED))


def answer_on(programme: Programme, played: Played) -> date:
    """Return the day by which half of the trials have their answer, from the trial's first day."""
    return programme.trial.start + timedelta(days=round(365.25 * played.years))


def _judge(request: Request) -> None:
    if not 1 <= request.towns <= MOST_TOWNS:
        raise UsageError(f"--towns: give a number from 1 to {MOST_TOWNS}.")
    if request.years is not None and not 1 <= request.years <= MOST_YEARS:
        raise UsageError(f"--years: give a number from 1 to {MOST_YEARS}.")
    if request.correlation is not None and not 0 <= request.correlation < 1:
        raise UsageError("--correlation: give a number from 0 up to, not including, 1.")
    for name, share in (("answered", request.answered), ("consent", request.consent)):
        if share is not None and not 0 < share <= 1:
            raise UsageError(f"--{name}: give a share above 0, up to 1.")


def _town(programme: Programme, design: Design, chance: Chance, years: int, consent: float) -> list[Drawn]:
    """Draw the women of one made-up municipality, a batch a month, within the team's capacity."""
    sequence = Sequence(design, bytes(chance.below(256) for _ in range(KEY_BYTES)), epoch=1)
    capacity = programme.trial.capacity_per_month
    room = None if capacity is None else int(capacity / design.probability(design.arms[0]))
    waiting: list[Arrival] = []
    drawn: list[Drawn] = []
    per_year = programme.trial.expected_per_year * consent
    months = arrivals(chance, levels_by_factor(design), per_year=per_year, years=years)
    for month, come in enumerate(months):
        waiting += come
        now, waiting = (waiting, []) if room is None else (waiting[:room], waiting[room:])
        drawn += _batch(sequence, f"month {month}", [made_up_woman(design, arrival) for arrival in now])
    return drawn


def _batch(sequence: Sequence, label: str, women: Iterable[Woman]) -> list[Drawn]:
    arms = sequence.design.arms
    tokens = {f"{number:032x}": woman for number, woman in enumerate(women)}
    units = [Unit(token, str(woman.cell), woman.levels, woman.household) for token, woman in tokens.items()]
    return [Drawn(tokens[a.token], arms.index(a.arm), ()) for a in sequence.allocate(label, units)]


def _page(
    programme: Programme,
    design: Design,
    assumed: Assumed,
    years: int,
    found: tuple[list[Drawn], Balance, tuple[Effort, ...], tuple[Played, ...]],
) -> bytes:
    town, differences, plans, said = found
    w = words()
    start = programme.trial.start
    planned = programme.planning.difference
    facts = Facts(
        municipality=programme.municipality.name,
        as_of=date(start.year + years, start.month, 1),
        chances={arm: str(design.probability(arm)) for arm in design.arms},
        method=_method(w, design),
        design_hash=design.hash(),
        contact=programme.contact.line,
        questions=_questions(w, plans),
        assumptions=_assumptions(w, programme, assumed),
        consent_model=programme.consent.model,
        bands_by=programme.score.kind if programme.score else "factor_count",
        rehearsed=Rehearsed(
            towns=differences.trials,
            years=years,
            rows=_rows(w, differences),
            empty_cells=differences.empty_cells,
            any_empty_arm=differences.any_empty_arm,
        ),
        said=tuple(Said(_truth(w, one, planned), one, answer_on(programme, one)) for one in said),
    )
    return council_page(_taking(w, design, town), facts, rehearsal=True)


def _taking(w: Wording, design: Design, town: list[Drawn]) -> Taking:
    """Return who took part in a made-up municipality: by risk band where the design knows one."""
    names = list(levels_by_factor(design))
    place = names.index("risk_band") if "risk_band" in names else None
    counts: Counter[tuple[str, str]] = Counter()
    groups = (
        [""] if place is None else [_level(w, "risk_band", level) for level in levels_by_factor(design)["risk_band"]]
    )
    for drawn in town:
        levels = (*design.cells[drawn.woman.cell], *drawn.woman.levels)
        group = "" if place is None else _level(w, "risk_band", levels[place])
        counts[group, design.arms[drawn.arm]] += 1
    table = {group: {arm: counts[group, arm] for arm in design.arms} for group in groups}
    return Taking(not_drawn=int(len(town) * NOT_ELIGIBLE_FOR_EACH), drawn=table)


def _assumptions(w: Wording, programme: Programme, assumed: Assumed) -> tuple[str, ...]:
    return (
        w.say("assumed.shares"),
        w.say("assumed.women", women=programme.trial.expected_per_year),
        w.say("assumed.consent", of_hundred=fixed(100 * assumed.consent, 0)),
        w.say("assumed.answered", of_hundred=fixed(100 * assumed.answered, 0)),
        w.say("assumed.correlation", correlation=dutch(short(assumed.correlation))),
    )


def _method(w: Wording, design: Design) -> str:
    coin = design.minimisation.coin if design.minimisation else ""
    return w.say(f"method.{design.method}", coin=coin, bound=design.bound)


def _questions(w: Wording, plans: tuple[Effort, ...]) -> tuple[Question, ...]:
    names = ("small", "same", "large", "same", "event")  # in the order of ``plans_for``
    return tuple(
        Question(w.say(f"question.{name}"), plan.women, plan.years) for name, plan in zip(names, plans, strict=True)
    )


def _truth(w: Wording, played: Played, planned: float) -> str:
    if played.truth == 0:
        return w.say("truth.none")
    if played.truth < 0:
        return w.say("truth.harm")
    return w.say("truth.planned" if played.truth == planned else "truth.half")


def _rows(w: Wording, found: Balance) -> tuple[tuple[str, float, float, float], ...]:
    shown = found.differences if len(found.differences) <= MOST_ROWS_ON_THE_PAGE else found.differences[:1]
    return tuple((_group(w, d.group), d.median, d.p95, d.worst) for d in shown)


def _group(w: Wording, name: str) -> str:
    if name == ALL:
        return w.say("group.all")
    parts = (part.split(" ", 1) for part in name.split(", "))
    return ", ".join(f"{w.known(f'factor.{factor}', factor)}: {_level(w, factor, level)}" for factor, level in parts)


def _level(w: Wording, factor: str, level: str) -> str:
    if factor == "risk_band" and level.endswith("+"):
        return w.say("level.or_more", least=level[:-1])
    if factor == "gestation":
        return w.say("level.or_more" if level.startswith(">=") else "level.less_than", least=level.lstrip("<>="))
    return w.known(f"level.{level}", level)
