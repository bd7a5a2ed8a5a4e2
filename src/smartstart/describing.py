"""A design in words and in numbers, before anybody is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smartstart.designing import design_of, design_warning
from smartstart.risk.factor_count import CAUTION
from smartstart.synthetic.arrivals import ASSUMPTIONS, Arrival, arrivals
from smartstart.synthetic.chance import Chance
from smartstart.trial.simulation import (
    Balance,
    Predictability,
    Woman,
    balance,
    judge_marginal,
    play,
    predictability,
)

if TYPE_CHECKING:
    from smartstart.programme.sections import Programme
    from smartstart.trial.design import Design, Factor, Minimisation

TRIALS: Final = 1000
YEARS: Final = 2
SEED: Final = 1  # fixed, so that the same design is described with the same numbers
PUBLIC: Final = (
    "Public: this design and its hash, the commitment to the key, and of every woman drawn a code, her arm and the "
    "chance she had of it before the trial began."
)
HIDDEN: Final = (
    "Hidden while the trial runs: the key, where in a block or how unequal the counts are, and which code belongs to "
    "which woman, cell or level."
)


@dataclass(frozen=True)
class DesignDescription:
    """What is said of a design: in sentences, and played ``trials`` times for ``years`` at the expected inflow."""

    trial_id: str
    hash: str
    sentences: tuple[str, ...]
    cells: tuple[dict[str, str], ...]
    probability: dict[str, str]
    warnings: tuple[str, ...]
    assumptions: tuple[str, ...]
    expected_per_year: int
    drawn_per_year: float
    years: int
    trials: int
    predictability: Predictability
    balance: Balance


def describe_design(
    programme: Programme, tell: Callable[[str], None], *, trials: int = TRIALS, years: int = YEARS
) -> DesignDescription:
    """Describe the design of a programme, and play it. Raises PolicyRefused when it is not a fair one."""
    design = design_of(programme)
    judge_marginal(design)
    chance = Chance(SEED)
    drawn = programme.trial.expected_per_year * programme.planning.consent
    tell(f"playing {trials} trials")
    played = [play(design, _women(design, chance, drawn, years), chance.below) for _ in range(trials)]
    tell("counting")
    warning = design_warning(programme)
    names = [factor.name for factor in design.strata]
    return DesignDescription(
        trial_id=design.trial_id,
        hash=design.hash(),
        sentences=tuple(sentences(design)),
        cells=tuple(dict(zip(names, cell, strict=True)) for cell in design.cells),
        probability={arm: str(design.probability(arm)) for arm in design.arms},
        warnings=(warning,) if warning else (),
        assumptions=ASSUMPTIONS,
        expected_per_year=programme.trial.expected_per_year,
        drawn_per_year=drawn,
        years=years,
        trials=trials,
        predictability=predictability(design, played),
        balance=balance(design, played),
    )


def sentences(design: Design) -> list[str]:
    """Return the design in plain English."""
    chances = " and ".join(f"{design.probability(arm)} of {_words(arm)}" for arm in design.arms)
    said = [
        f"The trial {design.trial_id} compares {_and([_words(arm) for arm in design.arms])}, in the ratio "
        f"{' : '.join(map(str, design.ratio))}.",
        f"Before anything is known every woman has a chance of {chances}.",
        _method(design),
        "Women of one household get one arm: the first of them is drawn for all."
        if design.unit == "household"
        else "Each woman is drawn for herself; a later pregnancy keeps the arm of the first.",
    ]
    if design.strata:
        said.append(f"The draw is kept apart in each of {_count(len(design.cells), 'cell')}: {_of(design.strata)}.")
    else:
        said.append("The draw is not stratified: all women are in one cell.")
    factors = (*design.strata, *(design.minimisation.factors if design.minimisation else ()))
    if any(factor.name == "risk_band" for factor in factors):
        said.append(f"The risk band decides about nobody. {CAUTION}")
    return [*said, PUBLIC, HIDDEN]


def made_up_woman(design: Design, arrival: Arrival) -> Woman:
    """Return an arrival, whose levels are those of the strata and then the minimised ones, as the draw sees her."""
    strata = len(design.strata)
    cell = design.cells.index(arrival.levels[:strata])
    return Woman(cell, arrival.levels[strata:], arrival.household if design.unit == "household" else "")


def levels_by_factor(design: Design) -> dict[str, tuple[str, ...]]:
    """Return the levels of the strata and then of the minimised factors, by name."""
    minimised = design.minimisation.factors if design.minimisation else ()
    return {factor.name: factor.levels for factor in (*design.strata, *minimised)}


def _women(design: Design, chance: Chance, per_year: float, years: int) -> list[Woman]:
    months = arrivals(chance, levels_by_factor(design), per_year=per_year, years=years)
    return [made_up_woman(design, arrival) for month in months for arrival in month]


def _method(design: Design) -> str:
    if design.method == "permuted_blocks":
        sizes = [str(size) for size in design.block_sizes]
        return (
            f"Permuted blocks: women are drawn from blocks of {_and(sizes, 'or')}, each size as likely, and every "
            "block holds the arms exactly in the ratio, in an order of which each is as likely."
        )
    if design.method == "minimisation" and design.minimisation:
        return _minimisation(design, design.minimisation)
    if design.method == "big_stick":
        return (
            f"Big stick: a fair coin, until an arm is {design.bound} women ahead in the cell; then the next woman gets "
            "the other."
        )
    if design.method == "everyone":
        return f"Nobody is drawn: everyone gets {_words(design.arms[0])}."
    return "Simple: every woman is drawn by the ratio, whatever went before."


def _minimisation(design: Design, m: Minimisation) -> str:
    weights = _and([f"{factor.name} {weight}" for factor, weight in zip(m.factors, m.weights, strict=True)])
    shares = len(design.shares)
    what = (
        "arm"
        if shares == len(design.arms)
        else f"one of {shares} equal shares (each of which belongs to an arm, as the ratio says)"
    )
    return (
        f"Minimisation: the {what} that leaves the {m.imbalance} of the counts of her own levels smallest is given "
        f"with a chance of {m.coin}, and chance decides between equals; the levels are {_of(m.factors)}; the weights "
        f"are {weights}."
    )


def _of(factors: tuple[Factor, ...]) -> str:
    return "; ".join(f"{factor.name} ({', '.join(factor.levels)})" for factor in factors)


def _and(words: list[str], last: str = "and") -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _words(arm: str) -> str:
    return arm.replace("_", " ")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
