"""A model whose effects add up, as one SELECT: a country's risks are computed where the register lies.

It says the same as ``RiskModel.risk``, to 1e-12, in SQL that DuckDB and Spark read alike. Every number is written with
all its digits and an exponent, which makes it a double in both; without one they would read a decimal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from smartstart.risk.candidates import FactorCount
from smartstart.risk.cohort import FACTORS, Floats
from smartstart.risk.metrics import SMALLEST_RISK
from smartstart.risk.predictors import PREDICTORS
from smartstart.risk.scorecard import AGE_LIMITS, Scorecard

if TYPE_CHECKING:
    from smartstart.risk.hazard import DiscreteTimeHazard
    from smartstart.risk.model import RiskModel


@dataclass(frozen=True)
class Piece:
    """A polynomial in (value - ``origin``), the highest power first, of the values below ``below``.

    ``and_at``: that value itself as well. The last piece of an effect has no end.
    """

    coefficients: tuple[float, ...]
    origin: float = 0.0
    below: float = np.inf
    and_at: bool = False


@dataclass(frozen=True)
class Effect:
    """What one predictor adds: by its value in pieces, in order, or ``missing`` when it is not known."""

    name: str
    missing: float
    pieces: tuple[Piece, ...]


def risk_in_sql(model: RiskModel, seen: str) -> str:
    """Return the SELECT of person_id, number, risk, and known_predictors (how many of what it looks at are known).

    ``seen`` is a SELECT of person_id, number, the predictors as numbers and the four factors as booleans, one row per
    pregnancy. Raises ValueError for a model whose effects do not add up.
    """
    if isinstance(model.fitted, FactorCount):
        risk = _by_case(_present(), model.fitted.risks_)
        known = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in FACTORS)
        parts = {"seen": seen, "given": f"SELECT person_id, number, {known} AS known, {risk} AS risk FROM seen"}
    elif model.adds_up:
        parts = {"seen": seen, **_by_effects(model)}
    else:
        raise ValueError("the effects of this model do not add up")
    named = ",\n".join(f"{name} AS (\n{text}\n)" for name, text in parts.items())
    told = _recalibrated("risk", model.intercept, model.slope)
    return f"WITH {named}\nSELECT person_id, number, {told} AS risk, known AS known_predictors\nFROM given"


def _by_effects(model: RiskModel) -> dict[str, str]:
    """Return the parts of the SELECT: predictors within their bounds, odds, the chance to come through, the risk."""
    estimator = model.fitted.estimator  # type: ignore[union-attr]  # no FactorCount here
    effects = _points(estimator) if isinstance(estimator, Scorecard) else _log_odds(estimator, model.predictors)
    line = "\n    + ".join(_in_sql(effect) for effect in effects)
    if isinstance(estimator, Scorecard):
        line = f"({line}) / {_number(estimator.points)} * {_number(estimator.slope_)}"
    known = " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in model.predictors)
    held = ",\n    ".join(f"{_within_bounds(name)} AS {name}" for name in model.predictors)
    through = " * ".join(f"(1e0 + odds * {_number(factor)})" for factor in np.exp(estimator.base_))
    return {
        "held": f"SELECT person_id, number,\n    {held}\nFROM seen",
        "line": f"SELECT person_id, number, {known} AS known, exp(\n    {line}\n    ) AS odds\nFROM held",
        "hazard": f"SELECT person_id, number, known, 1e0 - 1e0 / ({through}) AS risk FROM line",
        "given": "SELECT person_id, number, known, "
        f"{_clipped('risk', SMALLEST_RISK, 1 - SMALLEST_RISK)} AS risk FROM hazard",
    }


def _log_odds(estimator: DiscreteTimeHazard, names: Sequence[str]) -> list[Effect]:
    """Return the effects of a hazard model, from its columns: those of its parts, in their order, and their weights."""
    import pandas as pd

    effects: list[Effect] = []
    weights = iter(estimator.coef_)
    for part, steps, held in estimator.prepare_.transformers_:
        if part == "remainder":
            continue
        usual = steps.named_steps["fill"].transform(pd.DataFrame(np.nan, index=[0], columns=list(held)))[0]
        if part == "bent":
            effects += _curves(held, usual, steps.named_steps["bend"], weights)
        else:
            effects += _lines(held, usual, steps, weights)
    if next(weights, None) is not None or sorted(effect.name for effect in effects) != sorted(names):
        raise ValueError("the columns of this model are not those of its predictors")
    return effects


def _curves(names: Sequence[str], usual: Floats, bend: Any, weights: Iterator[float]) -> Iterator[Effect]:
    """Return the effect of each bent predictor: cubic pieces between its knots, lines beyond the outer ones."""
    from scipy.interpolate import BSpline, PPoly

    for name, filled, basis in zip(names, usual, bend.bsplines_, strict=True):
        count = len(basis.t) - basis.k - 1
        # the last basis function was left out, since all of them add up to one
        curve = BSpline(basis.t, np.array([*islice(weights, count - 1), 0.0]), basis.k)
        powers = PPoly.from_spline(curve)
        first, last = (float(basis.t[place]) for place in (basis.k, -basis.k - 1))
        pieces = [_tangent(curve, first, below=first)]
        for place, (start, end) in enumerate(pairwise(powers.x)):
            if first <= start < end <= last:
                coefficients = tuple(float(one) for one in powers.c[:, place])
                pieces.append(Piece(coefficients, float(start), float(end), and_at=end == last))
        pieces.append(_tangent(curve, last))
        yield Effect(name, _value(pieces, float(filled)), tuple(pieces))


def _tangent(curve: Any, at: float, below: float = np.inf) -> Piece:
    return Piece((float(curve(at, nu=1)), float(curve(at))), at, below)


def _lines(names: Sequence[str], usual: Floats, steps: Any, weights: Iterator[float]) -> list[Effect]:
    """Return the effect of each straight predictor; of some, that it is not known has an effect of its own."""
    fill, scale = steps.named_steps["fill"], steps.named_steps["scale"]
    own = islice(weights, len(scale.mean_))
    columns = [tuple(map(float, column)) for column in zip(scale.mean_, scale.scale_, own, strict=True)]
    learned = [name for name, value in zip(names, fill.statistics_, strict=True) if not np.isnan(value)]
    kept = list(names) if fill.keep_empty_features else learned
    told = [names[place] for place in fill.indicator_.features_] if fill.add_indicator else []
    gaps = {name: columns[len(kept) + place] for place, name in enumerate(told)}
    effects = []
    for name, filled, (mean, spread, weight) in zip(kept, usual, columns, strict=False):
        slope, (share, its_spread, its_weight) = weight / spread, gaps.get(name, (0.0, 1.0, 0.0))
        line = Piece((slope, -share / its_spread * its_weight), mean)
        missing = slope * (float(filled) - mean) + (1 - share) / its_spread * its_weight
        effects.append(Effect(name, missing, (line,)))
    return effects + [Effect(name, 0.0, (Piece((0.0,)),)) for name in names if name not in kept]


def _points(card: Scorecard) -> list[Effect]:
    """Return the effects of a scorecard, in points: steps of an age, and whole numbers of everything else."""
    usual = card.fill_.transform(np.full((1, len(card.columns_)), np.nan))[0]
    effects, points = [], iter(float(one) for one in card.points_)
    for name, filled in zip(card.columns_, usual, strict=True):
        if PREDICTORS[name].kind == "number":
            below = [next(points) for _ in AGE_LIMITS]
            pieces = [Piece((sum(below[place:]),), below=limit) for place, limit in enumerate(AGE_LIMITS)]
            pieces.append(Piece((0.0,)))
        else:
            each, most = next(points), int(PREDICTORS[name].most)
            # a half goes to the even number, as numpy rounds
            pieces = [Piece((each * one,), below=one + 0.5, and_at=one % 2 == 0) for one in range(most)]
            pieces.append(Piece((each * most,)))
        effects.append(Effect(name, _value(pieces, float(filled)), tuple(pieces)))
    return effects


def _value(pieces: Sequence[Piece], value: float) -> float:
    """Return what an effect adds at a value."""
    piece = next(one for one in pieces if value < one.below or (one.and_at and value == one.below))
    return float(np.polyval(piece.coefficients, value - piece.origin))


def _in_sql(effect: Effect) -> str:
    branches = [f"WHEN {effect.name} IS NULL THEN {_number(effect.missing)}"]
    for piece in effect.pieces[:-1]:
        sign = "<=" if piece.and_at else "<"
        branches.append(f"WHEN {effect.name} {sign} {_number(piece.below)} THEN {_polynomial(effect.name, piece)}")
    return f"CASE {' '.join(branches)} ELSE {_polynomial(effect.name, effect.pieces[-1])} END"


def _polynomial(name: str, piece: Piece) -> str:
    """Return Horner's form, from the origin of the piece: powers of a small number lose nothing."""
    text, away = _number(piece.coefficients[0]), f"({name} - {_number(piece.origin)})"
    for coefficient in piece.coefficients[1:]:
        text = f"({text} * {away} + {_number(coefficient)})"
    return text


def _within_bounds(name: str) -> str:
    """Return a predictor cut off at its bounds, as ``predictors.matrix`` does; null stays null."""
    predictor, value = PREDICTORS[name], f"CAST({name} AS DOUBLE)"
    none_yet = f" WHEN {name} IS NULL AND earlier_births = 0 THEN {_number(predictor.most)}"
    special = none_yet if name == "years_since_birth" else ""
    return _clipped(value, predictor.least, predictor.most, special)


def _clipped(value: str, least: float, most: float, special: str = "") -> str:
    low, high = _number(least), _number(most)
    return f"CASE{special} WHEN {value} < {low} THEN {low} WHEN {value} > {high} THEN {high} ELSE {value} END"


def _present() -> str:
    return " + ".join(f"CASE WHEN {name} THEN 1 ELSE 0 END" for name in FACTORS)


def _by_case(value: str, results: Iterable[float]) -> str:
    branches = " ".join(f"WHEN {place} THEN {_number(result)}" for place, result in enumerate(results))
    return f"CASE {value} {branches} END"


def _recalibrated(risk: str, intercept: float, slope: float) -> str:
    if (intercept, slope) == (0.0, 1.0):
        return risk
    held = f"({_clipped(risk, SMALLEST_RISK, 1 - SMALLEST_RISK)})"
    odds = f"ln({held}) - ln(1e0 - {held})"
    return f"1e0 / (1e0 + exp(-({_number(intercept)} + {_number(slope)} * ({odds}))))"


def _number(value: float) -> str:
    """Return a number with all its digits, as a double in every dialect."""
    text = repr(float(value))
    if not np.isfinite(value):
        raise ValueError("a number of this model is not finite")
    exact = text if "e" in text else f"{text}e0"
    return f"({exact})" if exact.startswith("-") else exact
