"""A made-up evaluation, monitoring and card, in the shapes that the figures and the card take."""

from __future__ import annotations

from typing import Any

import numpy as np

from smartstart.report.model_card import Approval, Candidate, Card, Data, Predictor
from smartstart.risk.drift import Followed, Quarter, monitor, reference_of

N, EVENTS = 8139, 213


def interval(estimate: float, half: float) -> dict[str, float | None]:
    return {"estimate": estimate, "lower": estimate - half, "upper": estimate + half}


def threshold(share: float, placed: int, n: int = N, events: int = EVENTS, by: str = "share") -> dict[str, Any]:
    flagged = round(share * n)
    ppv, found = placed / flagged, placed / events
    row: dict[str, Any] = {"by": by, "top_share": share, "threshold": 0.05, "n_flagged": flagged}
    for name, value in (("sensitivity", found), ("ppv", ppv), ("false_positive_share", 1 - ppv)):
        row |= {name: value, f"{name}_lower": max(0, value - 0.02), f"{name}_upper": value + 0.02}
    return row


def evaluation(auroc: float = 0.764, *, whole: bool = True) -> dict[str, Any]:
    grid = [place / 200 for place in range(1, 31)]
    net = [(0.026 - t) / (1 - t) for t in grid]
    best = [0.022 * np.exp(-22 * t) * (auroc - 0.5) / 0.26 for t in grid]
    made: dict[str, Any] = {
        "model": "made-up",
        "horizon_months": 60,
        "n": N,
        "events": EVENTS,
        "auroc": interval(auroc, 0.031),
        "average_precision": interval(0.089, 0.018),
        "brier": interval(0.0249, 0.0031),
        "scaled_brier": interval(0.027, 0.011),
        "calibration_slope": interval(0.97, 0.14),
        "calibration_intercept": interval(-0.04, 0.14),
        "observed_expected": interval(0.96, 0.13),
        "ici": interval(0.0031, 0.0022),
        "thresholds": [
            threshold(0.01, 7),
            threshold(0.05, 48),
            threshold(0.1, 76),
            threshold(0.2, 114),
            threshold(0.12, 83, by="risk"),
        ],
        "calibration_curve": [
            {
                "risk": t,
                "observed": 0.95 * t,
                "lower": max(0.0, 0.95 * t - 0.004 - 0.2 * t),
                "upper": 0.95 * t + 0.004 + 0.25 * t,
                "density": 0.2 * np.exp(-40 * t),
            }
            for t in grid
        ],
        "calibration_groups": [
            {"risk": r, "observed": e / 814, "lower": 0.0, "upper": 0.1, "n": 814, "events": e}
            for r, e in zip(
                (0.004, 0.006, 0.008, 0.011, 0.014, 0.018, 0.024, 0.033, 0.048, 0.101),
                (3, 4, 6, 8, 12, 15, 20, 28, 38, 79),
                strict=True,
            )
        ],
        "decision_curve": [
            {
                "threshold": t,
                "model": b,
                "model_lower": b - 0.002,
                "model_upper": b + 0.002,
                "treat_all": a,
                "treat_none": 0,
            }
            for t, b, a in zip(grid, best, net, strict=True)
        ],
    }
    if whole:
        made["groups"] = [
            group("age", "under 20", 1204, 51, 0.19),
            group("age", "20 to 27", 4968, 140, 0.12),
            group("age", "28 and over", 1967, 22, 0.04),
            group("language", "Dutch", 7902, 209, 0.10),
            group("language", "other", 237, 4, 0.01),
        ]
        made["baselines"] = {
            "factor_count": evaluation(0.702, whole=False),
            "four_factors": evaluation(0.721, whole=False),
        }
    return made


def group(attribute: str, name: str, n: int, events: int, selected: float) -> dict[str, Any]:
    enough = events >= 10
    return {
        "attribute": attribute,
        "group": name,
        "n": n,
        "events": events,
        "missing_share": 0.11,
        "selection_rate": selected,
        "observed_expected": interval(0.98, 0.2) if enough else None,
        "auroc": interval(0.75, 0.05) if enough else None,
        "verdict": "sufficient" if enough else "insufficient",
    }


def instability() -> tuple[dict[str, float], ...]:
    return tuple(
        {
            "risk": r,
            "lower": 0.6 * r,
            "lower_quarter": 0.87 * r,
            "median": 0.99 * r,
            "upper_quarter": 1.12 * r,
            "upper": 1.45 * r,
        }
        for r in (place / 160 for place in range(1, 21))
    )


def learning_curve() -> tuple[dict[str, Any], ...]:
    return tuple(
        {"n": n, "events": e, "auroc": interval(a, 0.1 / (e / 15) ** 0.5)}
        for n, e, a in ((520, 15, 0.66), (1040, 29, 0.71), (2080, 58, 0.738), (3600, 101, 0.755), (5190, 145, 0.763))
    )


def monitoring(women: int = 260) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    made = {name: list(rng.random(3000) < 0.3) for name in ("alone", "without_work", "rent_allowance")}
    made["age"] = list(np.round(rng.normal(24, 3, 3000)))
    later: dict[str, list[object]] = {
        name: list(rng.random(women) < 0.3) for name in ("without_work", "rent_allowance")
    }
    later |= {"alone": list(rng.random(women) < 0.62), "age": list(np.round(rng.normal(24, 3, women)))}
    return monitor(reference_of(made), [Quarter("2024Q1", later)], rng, Followed(900, 4, 6.0)).as_dict()


def card(**changes: Any) -> Card:
    filled: dict[str, Any] = {
        "name": "heusden-60",
        "version": "3",
        "made_on": "2025-04-02",
        "municipality": "Heusden",
        "outcome": "placed without its mother",
        "horizon_months": 60,
        "population": "women who are pregnant and filled in the questionnaire",
        "intended_use": (
            "To put women with about the same risk in the same stratum of the draw.",
            "To make the comparison of the arms sharper.",
            "To warn when the women of today differ from those of before.",
        ),
        "not_for": (
            "To judge a mother, or to report her to anybody.",
            "To stand on a midwife's list, in a letter or in a file about a family.",
        ),
        "made_up": False,
        "training": Data("births of the register, 2004 to 2014", "2025-03-31", 5190, 145, "9f2c41d0" * 8),
        "test": Data("births of the register, 2015 to 2020", "2025-06-30", N, EVENTS, "77ab01fe" * 8),
        "predictors": (
            Predictor("age", "age of the mother at the index date, in years", 1.0, 1.0),
            Predictor("alone", "no partner in the household", 0.97, 0.98),
            Predictor("without_work", "no paid work", 0.42, 0.44),
            Predictor("earlier_child_out", "an earlier child lives elsewhere", 0.89, 0.9),
        ),
        "kind": "penalised logistic regression with a spline for age",
        "missing": "A missing answer is filled with the training mean; a risk says how many answers were known.",
        "sample_size": "145 placements are enough for 12 parameters (Riley et al. 2020 asks for 118).",
        "candidates": (
            Candidate("Penalised logistic with splines", interval(0.771, 0.04), 0.0262, True),
            Candidate("Gradient boosting, monotone", interval(0.763, 0.041), 0.0263, False),
            Candidate("Scorecard of whole points", interval(0.755, 0.042), 0.0264, False),
        ),
        "chosen_because": "It had the best log loss in later years of the data learned from.",
        "evaluation": evaluation(),
        "instability": instability(),
        "learning_curve": learning_curve(),
        "limits": (
            "Placements of children whose family moved away are not seen.",
            "A risk says nothing about why, and nothing about what would help.",
        ),
        "answers": {17: "DPIA of 2025, in the programme"},
        "approval": Approval("J. Voorbeeld", "2025-04-10", "0123456789abcdef" * 4, "Better than both baselines."),
    }
    return Card(**(filled | changes))
