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

from smartstart.calendar import GESTATION_DIVIDES_AT
from smartstart.describing import levels_by_factor, made_up_woman
from smartstart.designing import ALWAYS_VALID, design_of, inflation_of, looks_of
from smartstart.errors import UsageError
from smartstart.report.page import Facts, Question, Rehearsed, Said, Taking, council_page
from smartstart.risk.factor_count import CAUTION
from smartstart.synthetic.arrivals import ASSUMPTIONS, NOT_ELIGIBLE_FOR_EACH, Arrival, arrivals
from smartstart.synthetic.chance import Chance
from smartstart.trial.allocation import KEY_BYTES, Sequence, Unit
from smartstart.trial.planning.event import women_for_two_risks
from smartstart.trial.planning.inflow import YEARS_UNTIL_THE_LAST_ANSWER, Plan, plan_for
from smartstart.trial.planning.scale import women_for_a_difference
from smartstart.trial.simulation import ALL, Balance, Drawn, Woman, balance, judge_marginal

if TYPE_CHECKING:
    from smartstart.programme.sections import Programme
    from smartstart.trial.design import Design
    from smartstart.trial.sequential.played import Played

TOWNS: Final = 1000
MOST_TOWNS, MOST_YEARS = 100_000, 20
SEED: Final = 1  # fixed, so that the same command gives the same page
TELL_EVERY: Final = 250
MOST_ROWS_ON_THE_PAGE: Final = 8

_GROUPS = {
    "risk_band": "kenmerken",
    "practice": "praktijk",
    "gestation": "weken zwanger",
    "smoking": "rookt",
    "language": "taal",
}
_LEVELS = {
    "unknown": "niet bekend",
    "none": "alle",
    "other": "andere",
    "yes": "ja",
    "no": "nee",
    "dutch": "Nederlands",
    f"<{GESTATION_DIVIDES_AT}": f"minder dan {GESTATION_DIVIDES_AT}",
    f">={GESTATION_DIVIDES_AT}": f"{GESTATION_DIVIDES_AT} of meer",
}


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
    plans: tuple[Plan, ...]
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
        f"[A] {100 * assumed.consent:.0f} % of the eligible women consent; only they are drawn.",
        f"[A] The scale at one year correlates {assumed.correlation:g} with the scale at the start.",
        f"[A] {100 * assumed.answered:.0f} % of the women drawn answer at one year.",
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


def plans_for(programme: Programme, assumed: Assumed) -> tuple[Plan, ...]:
    """Return what answers to the usual questions take, that of the trial's own primary analysis first."""
    trial = programme.trial
    ratio = (trial.ratio[0], trial.ratio[-1])

    def plan(question: str, per_arm: int) -> Plan:
        drawn = trial.expected_per_year * assumed.consent
        return plan_for(question, per_arm, ratio=ratio, answered=assumed.answered, per_year=drawn)

    def scale(difference: float, correlation: float) -> int:
        return women_for_a_difference(difference, baseline_correlation=correlation, ratio=ratio)

    return (
        plan("0.3 SD on the scale, with baseline", scale(0.3, assumed.correlation)),
        plan("0.3 SD on the scale", scale(0.3, 0)),
        plan("0.5 SD on the scale, with baseline", scale(0.5, assumed.correlation)),
        plan("0.5 SD on the scale", scale(0.5, 0)),
        plan("an event of 1.0 % v 0.5 %", women_for_two_risks(0.010, 0.005, ratio=ratio)),
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
    units = [Unit(token, str(woman.cell), woman.levels, woman.home) for token, woman in tokens.items()]
    return [Drawn(tokens[a.token], arms.index(a.arm), ()) for a in sequence.allocate(label, units)]


def _page(
    programme: Programme,
    design: Design,
    assumed: Assumed,
    years: int,
    found: tuple[list[Drawn], Balance, tuple[Plan, ...], tuple[Played, ...]],
) -> bytes:
    town, differences, plans, said = found
    start = programme.trial.start
    correlation = f"{assumed.correlation:g}".replace(".", ",")
    facts = Facts(
        municipality=programme.municipality.name,
        as_of=date(start.year + years, start.month, 1),
        chances={arm: str(design.probability(arm)) for arm in design.arms},
        method=_method_in_dutch(design),
        design_hash=design.hash(),
        contact=programme.contact.line,
        questions=_questions_in_dutch(plans),
        assumptions=(
            "[A] Hoe vaak kenmerken voorkomen, is een aanname. Het is nergens gemeten.",
            f"[A] Elk jaar mogen ongeveer {programme.trial.expected_per_year} vrouwen meedoen.",
            f"[A] Van elke 100 vrouwen die mogen meedoen, zeggen {100 * assumed.consent:.0f} ja. Alleen zij loten mee.",
            f"[A] Van elke 100 vrouwen die meeloten, vullen er {100 * assumed.answered:.0f} na een jaar de lijst in.",
            f"[A] De antwoorden aan het begin en na een jaar hangen samen (correlatie {correlation}).",
        ),
        consent_model=programme.consent.model,
        bands_by=programme.score.kind if programme.score else "factor_count",
        rehearsed=Rehearsed(
            towns=differences.trials,
            years=years,
            rows=_rows_in_dutch(differences),
            empty_cells=differences.empty_cells,
            any_empty_arm=differences.any_empty_arm,
        ),
        said=tuple(
            Said(_truth_in_dutch(one, programme.planning.difference), one, answer_on(programme, one)) for one in said
        ),
    )
    return council_page(_taking(design, town), facts, rehearsal=True)


def _taking(design: Design, town: list[Drawn]) -> Taking:
    """Return who took part in a made-up municipality: by risk band where the design knows one."""
    names = list(levels_by_factor(design))
    place = names.index("risk_band") if "risk_band" in names else None
    counts: Counter[tuple[str, str]] = Counter()
    groups = [""] if place is None else [_level("risk_band", level) for level in levels_by_factor(design)["risk_band"]]
    for drawn in town:
        levels = (*design.cells[drawn.woman.cell], *drawn.woman.levels)
        group = "" if place is None else _level("risk_band", levels[place])
        counts[group, design.arms[drawn.arm]] += 1
    table = {group: {arm: counts[group, arm] for arm in design.arms} for group in groups}
    return Taking(not_drawn=int(len(town) * NOT_ELIGIBLE_FOR_EACH), drawn=table)


def _method_in_dutch(design: Design) -> str:
    m = design.minimisation
    words = {
        "permuted_blocks": "We loten in blokken van wisselende grootte. In elk blok krijgt een vast deel van de "
        "vrouwen het aanbod. Zo blijven de groepen in verhouding.",
        "minimisation": f"Een vrouw krijgt met een kans van {m.coin if m else ''} de groep waarin nog weinig vrouwen "
        "zitten die op haar lijken. Zo gaan de groepen op elkaar lijken. Het lot beslist steeds mee.",
        "big_stick": f"We loten als met een munt. Is het verschil {design.bound} vrouwen, dan krijgt de volgende vrouw "
        "de kleinste groep.",
        "simple": "Elke vrouw wordt los van de anderen geloot.",
        "everyone": "Er wordt niet meer geloot: iedereen krijgt het aanbod.",
    }
    return words[design.method]


def _questions_in_dutch(plans: tuple[Plan, ...]) -> tuple[Question, ...]:
    words = (
        "Voelen vrouwen zich een beetje beter? (klein verschil, met meting vooraf)",
        "Hetzelfde, zonder meting vooraf",
        "Voelen vrouwen zich duidelijk beter? (groter verschil, met meting vooraf)",
        "Hetzelfde, zonder meting vooraf",
        "Wordt de kans op uithuisplaatsing half zo groot? (van 1,0 naar 0,5 procent)",
    )
    return tuple(Question(text, plan.women, plan.years) for text, plan in zip(words, plans, strict=True))


def _truth_in_dutch(played: Played, planned: float) -> str:
    if played.truth == 0:
        return "Het aanbod maakt geen verschil"
    if played.truth < 0:
        return "Het aanbod maakt het slechter"
    return "Het aanbod helpt zoveel als gehoopt" if played.truth == planned else "Het aanbod helpt half zoveel"


def _rows_in_dutch(found: Balance) -> tuple[tuple[str, float, float, float], ...]:
    shown = found.differences if len(found.differences) <= MOST_ROWS_ON_THE_PAGE else found.differences[:1]
    return tuple((_group(d.group), d.median, d.p95, d.worst) for d in shown)


def _group(name: str) -> str:
    if name == ALL:
        return "alle vrouwen"
    parts = (part.split(" ", 1) for part in name.split(", "))
    return ", ".join(f"{_GROUPS.get(factor, factor)}: {_level(factor, level)}" for factor, level in parts)


def _level(factor: str, level: str) -> str:
    if factor == "risk_band" and level.endswith("+"):
        return f"{level[:-1]} of meer"
    return _LEVELS.get(level, level)
