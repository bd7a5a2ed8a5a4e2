"""A model's evaluation as it may be shown: no count under ten, none that can be worked out, nobody by herself.

A share of few women gives their number away (1 of 12 is 8 %). Where fewer than ten stand behind a share, its bound is
released instead: ``ppv_below`` says that it is less than ten of those flagged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil, sqrt
from typing import Any, Final

from smartstart.report.disclosure import released
from smartstart.small_numbers import MINIMUM

Plain = Mapping[str, Any]

_RATES: Final = ("sensitivity", "ppv", "false_positive_share")
_NORMAL_95: Final = 1.959964


def released_evaluation(evaluation: Plain) -> dict[str, Any]:
    """Return an evaluation (as ``Evaluation.as_dict`` gives it) as it may leave; what was released stays as it is.

    Counts go through the disclosure gate; groups of calibration are put together until each holds ten events; curves
    stop where fewer than ten children are left; in a breakdown one hidden cell hides its column.
    """
    if evaluation.get("released"):
        return dict(evaluation)
    shown = dict(evaluation) | {
        "released": True,
        "n": released(int(evaluation["n"])),
        "events": released(int(evaluation["events"])),
        "thresholds": [_threshold(row, evaluation) for row in evaluation.get("thresholds", ())],
        "calibration_groups": [
            row | {"n": released(row["n"]), "events": released(row["events"])}
            for row in put_together(evaluation.get("calibration_groups", ()))
        ],
        "calibration_curve": without_tails(evaluation.get("calibration_curve", ()), int(evaluation["n"])),
    }
    if "groups" in evaluation:
        shown["groups"] = _breakdown(evaluation["groups"])
    if "baselines" in evaluation:
        shown["baselines"] = {name: released_evaluation(one) for name, one in evaluation["baselines"].items()}
    return shown


def put_together(groups: Sequence[Plain]) -> list[dict[str, Any]]:
    """Return neighbouring groups of calibration put together until each has ten events and ten children without.

    Observed shares get Wilson's interval (Wilson 1927). Too few altogether gives no group at all.
    """
    whole: list[dict[str, Any]] = []
    n = events = 0
    expected = 0.0
    for row in groups:
        n, events = n + int(row["n"]), events + int(row["events"])
        expected += float(row["risk"]) * int(row["n"])
        if min(events, n - events) >= MINIMUM:
            whole.append({"n": n, "events": events, "expected": expected})
            n = events = 0
            expected = 0.0
    if n and whole:
        last = whole[-1]
        whole[-1] = {"n": last["n"] + n, "events": last["events"] + events, "expected": last["expected"] + expected}
    return [
        {"risk": one["expected"] / one["n"], "n": one["n"], "events": one["events"]}
        | dict(zip(("observed", "lower", "upper"), wilson(one["events"], one["n"]), strict=True))
        for one in whole
    ]


def without_tails(curve: Sequence[Plain], n: int) -> list[dict[str, Any]]:
    """Return a curve over risk without the ends in which fewer than ten of ``n`` children lie.

    ``density`` is the share of children whose risk is nearest to a point.
    """
    if not curve:
        return []
    weights = [float(point.get("density") or 0) for point in curve]
    whole = sum(weights)
    if not whole:
        return []
    below = [n * part / whole for part in accumulate(weights)]
    above = [n * part / whole for part in accumulate(reversed(weights))][::-1]
    return [
        dict(point)
        for point, under, over in zip(curve, below, above, strict=True)
        if under >= MINIMUM and over >= MINIMUM
    ]


def wilson(events: int, n: int) -> tuple[float, float, float]:
    """Return a share with its 95 % score interval (Wilson 1927)."""
    share, square = events / n, _NORMAL_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _NORMAL_95 / (1 + square / n) * sqrt(share * (1 - share) / n + square / (4 * n * n))
    return share, middle - half, middle + half


def _threshold(row: Plain, evaluation: Plain) -> dict[str, Any]:
    flagged, ppv = int(row["n_flagged"]), row.get("ppv")
    shown = dict(row) | {"n_flagged": released(flagged)}
    if ppv is None:
        return shown
    right = round(flagged * ppv)
    missed = int(evaluation["events"]) - right
    if min(right, flagged - right, missed) >= MINIMUM:  # in whole percents, or a rate gives its exact count away
        rates = {key: shown.get(key) for rate in _RATES for key in (rate, f"{rate}_lower", f"{rate}_upper")}
        return shown | {key: None if value is None else round(value, 2) for key, value in rates.items()}
    for rate in _RATES:
        shown |= {rate: None, f"{rate}_lower": None, f"{rate}_upper": None}
    if right < MINIMUM <= flagged:
        shown["ppv_below"] = bound(flagged)
    if right < MINIMUM <= int(evaluation["events"]):
        shown["sensitivity_below"] = bound(int(evaluation["events"]))
    return shown


def bound(n: int) -> float:
    """Return the share that ten of ``n`` are, in whole percents rounded up: what a hidden share lies below."""
    return min(1.0, ceil(100 * MINIMUM / n) / 100)


def _breakdown(groups: Sequence[Plain]) -> list[dict[str, Any]]:
    shown = []
    for attribute in dict.fromkeys(row["attribute"] for row in groups):
        rows = [dict(row) for row in groups if row["attribute"] == attribute]
        sizes, events = (_all_or_none([row[key] for row in rows]) for key in ("n", "events"))
        for row, size, count in zip(rows, sizes, events, strict=True):
            kept = row | {"n": size, "events": count, "observed_expected": _coarse(row.get("observed_expected"))}
            for key in ("selection_rate", "missing_share"):
                kept |= _rate(row, key, int(row["n"] or 0))
            shown.append(kept)
    return shown


def _rate(row: Plain, key: str, n: int) -> dict[str, Any]:
    """Return a share of a group of ``n``, or its bound where fewer than ten stand behind it or behind the rest."""
    rate = row.get(key)
    if rate is None:
        return {}
    if n < MINIMUM:
        return _without_rate(row, key)
    if round(n * rate) < MINIMUM:
        return _without_rate(row, key) | {f"{key}_below": bound(n)}
    if round(n * (1 - rate)) < MINIMUM:
        return _without_rate(row, key) | {f"{key}_above": 1 - bound(n)}
    return {}


def _coarse(ratio: Plain | None) -> dict[str, float | None] | None:
    """Return observed/expected to one decimal: the width of its interval would give the number observed."""
    if ratio is None:
        return None
    return {key: None if value is None else round(value, 1) for key, value in ratio.items()}


def _without_rate(row: Plain, key: str) -> dict[str, Any]:
    return {name: None for name in (key, f"{key}_lower", f"{key}_upper") if name in row}


def _all_or_none(counts: Sequence[int | None]) -> list[int | None]:
    """Return counts as they may be shown; with a hidden one all are hidden, for a total would give it away."""
    cells = [None if count is None else released(count) for count in counts]
    return cells if None not in cells else [None] * len(cells)
