"""An evaluation says everything with its interval; a comparison decides by a rule; groups are judged or not at all."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from smartstart.errors import UsageError
from smartstart.risk import metrics
from smartstart.risk.comparison import Risks, compare, verdict
from smartstart.risk.evaluation import FORMULAS, Evaluation, evaluate, with_baselines, with_groups
from smartstart.risk.fairness import Predictors, by_group, poisson_ratio
from smartstart.risk.metrics import Floats, Interval, Ints
from smartstart.risk.stability import learning_curve, prediction_instability

MEASURES = (
    "auroc",
    "average_precision",
    "brier",
    "scaled_brier",
    "calibration_slope",
    "calibration_intercept",
    "observed_expected",
    "ici",
)
N = 1500


def sample(n: int = N, seed: int = 11) -> tuple[metrics.Bools, Floats, Ints]:
    rng = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-(1.1 * rng.normal(size=n) - 3)))
    return rng.random(n) < risk, risk, rng.integers(0, n // 2, n)


def judged(**changed: Any) -> Evaluation:
    event, risk, mother = sample()
    asked = {
        "name": "made up",
        "horizon": 60,
        "event": event,
        "risk": risk,
        "mother": mother,
        "thresholds": [0.05],
        "rng": np.random.default_rng(1),
        "replicates": 100,
    }
    return evaluate(**{**asked, **changed})


def test_the_record_has_the_promised_names() -> None:
    record = judged().as_dict()
    assert list(record) == [
        "model",
        "horizon_months",
        "n",
        "events",
        *MEASURES,
        "thresholds",
        "calibration_curve",
        "calibration_groups",
        "decision_curve",
        "groups",
        "baselines",
    ]
    assert all(set(record[name]) == {"estimate", "lower", "upper"} for name in MEASURES)
    cut = {"by", "top_share", "threshold", "n_flagged"} | {
        f"{name}{limit}"
        for name in ("sensitivity", "ppv", "false_positive_share")
        for limit in ("", "_lower", "_upper")
    }
    assert all(set(one) == cut for one in record["thresholds"])
    assert set(record["calibration_curve"][0]) == {"risk", "observed", "lower", "upper", "density"}
    assert set(record["calibration_groups"][0]) == {"risk", "observed", "lower", "upper", "n", "events"}
    assert set(record["decision_curve"][0]) == {
        "threshold",
        "model",
        "model_lower",
        "model_upper",
        "treat_all",
        "treat_none",
    }
    json.dumps(record, allow_nan=False)


def test_estimates_are_the_formulas_own_and_lie_within_their_limits() -> None:
    event, risk, _ = sample()
    found = judged()
    assert (found.n, found.events) == (N, int(event.sum()))
    for name, formula in FORMULAS.items():
        one = found.measures[name]
        assert one.estimate == pytest.approx(formula(event, risk)), name
        assert one.lower < one.estimate < one.upper, name


def test_every_cut_says_how_many_are_flagged_and_how_many_of_them_in_vain() -> None:
    event, risk, _ = sample()
    cuts = judged().thresholds
    assert [(cut.by, cut.top_share) for cut in cuts[:4]] == [("share", share) for share in metrics.TOP_SHARES]
    assert [cut.n_flagged for cut in cuts[:4]] == [15, 75, 150, 300]
    top = np.argsort(risk)[-150:]
    assert cuts[2].threshold == risk[top].min()
    assert cuts[2].ppv.estimate == pytest.approx(event[top].mean())
    assert cuts[2].sensitivity.estimate == pytest.approx(event[top].sum() / event.sum())
    above = risk >= 0.05
    assert (cuts[4].by, cuts[4].threshold, cuts[4].n_flagged) == ("risk", 0.05, int(above.sum()))
    assert cuts[4].ppv.estimate == pytest.approx(event[above].mean())
    for cut in cuts:
        assert cut.false_positive_share.estimate == pytest.approx(1 - cut.ppv.estimate)
        assert cut.false_positive_share.lower == pytest.approx(1 - cut.ppv.upper)


def test_groups_of_equal_risk_hold_all_children_and_events() -> None:
    found = judged()
    assert sum(group.n for group in found.calibration_groups) == found.n
    assert sum(group.events for group in found.calibration_groups) == found.events
    assert [group.risk for group in found.calibration_groups] == sorted(
        group.risk for group in found.calibration_groups
    )


def test_the_programme_s_thresholds_stand_in_the_decision_curve() -> None:
    found = judged(thresholds=[0.0333])
    assert 0.0333 in [point.threshold for point in found.decision_curve]


def test_the_order_of_the_children_does_not_matter() -> None:
    event, risk, mother = sample()
    order = np.random.default_rng(3).permutation(N)
    here = judged().as_dict()
    there = judged(event=event[order], risk=risk[order], mother=mother[order]).as_dict()
    assert here == there


def test_two_models_judged_with_one_seed_share_their_replicates() -> None:
    _, risk, _ = sample()
    here, there = judged(), judged(risk=risk**2)
    assert here.measures["auroc"] == there.measures["auroc"], "the same order of the same children"


def test_with_too_few_events_there_are_estimates_without_limits() -> None:
    event, _, _ = sample()
    few = np.zeros(N, dtype=bool)
    few[np.flatnonzero(event)[:9]] = True
    record = judged(event=few).as_dict()
    assert record["auroc"]["estimate"] is not None
    assert record["auroc"]["lower"] is None
    json.dumps(record, allow_nan=False)


def test_without_any_event_the_record_still_stands() -> None:
    record = judged(event=np.zeros(N, dtype=bool)).as_dict()
    assert record["events"] == 0
    assert record["auroc"] == {"estimate": None, "lower": None, "upper": None}
    assert record["brier"]["estimate"] is not None
    json.dumps(record, allow_nan=False)


def test_a_count_of_factors_can_be_judged() -> None:
    _, risk, _ = sample()
    record = judged(risk=np.array([0.01, 0.03, 0.08])[np.digitize(risk, [0.03, 0.1])]).as_dict()
    assert len(record["calibration_groups"]) == 3
    json.dumps(record, allow_nan=False)


def test_a_threshold_outside_nought_to_one_is_refused() -> None:
    with pytest.raises(UsageError, match="probability"):
        judged(thresholds=[5])


def test_baselines_stand_beside_the_model_without_baselines_of_their_own() -> None:
    record = with_baselines(judged(), {"factor_count": judged(name="factor_count")}).as_dict()
    assert set(record["baselines"]["factor_count"]) == set(record) - {"baselines", "groups"}


def test_a_baseline_of_other_children_is_refused() -> None:
    event, risk, mother = sample(1200)
    other = judged(event=event, risk=risk, mother=mother)
    with pytest.raises(UsageError, match="same children"):
        with_baselines(judged(), {"factor_count": other})


# --- Comparison -----------------------------------------------------------------------------------------------------


def test_the_better_model_beats_a_blunt_one() -> None:
    event, risk, mother = sample(4000)
    blunt = np.where(risk > 0.05, 0.1, 0.03)
    found = compare(Risks("m", risk), Risks("b", blunt), event, mother, np.random.default_rng(1), 200)
    assert found.beats_baseline
    assert found.auroc_difference.estimate == pytest.approx(metrics.auroc(event, risk) - metrics.auroc(event, blunt))
    assert found.brier_difference.estimate < 0
    back = compare(Risks("b", blunt), Risks("m", risk), event, mother, np.random.default_rng(1), 200)
    assert not back.beats_baseline
    assert back.auroc_difference.lower == pytest.approx(-found.auroc_difference.upper)
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_paired_interval_is_narrower_than_the_two_apart() -> None:
    event, risk, mother = sample(4000)
    near = 1 / (1 + np.exp(-(metrics.log_odds(risk) + np.random.default_rng(2).normal(size=4000) * 0.2)))
    found = compare(Risks("m", risk), Risks("b", near), event, mother, np.random.default_rng(1), 200).auroc_difference
    alone = evaluate("m", 60, event, risk, mother, [], np.random.default_rng(1), 200).measures["auroc"]
    assert found.upper - found.lower < (alone.upper - alone.lower) / 2


@pytest.mark.parametrize(
    ("auroc", "brier", "beats"),
    [
        (Interval(0.02, -0.005, 0.04), Interval(-0.001, -0.002, 0.001), True),
        (Interval(0.02, -0.010, 0.04), Interval(-0.001, -0.002, 0.001), False),
        (Interval(0.02, 0.010, 0.04), Interval(0.0, -0.002, 0.001), False),
        (Interval(0.02, float("nan"), float("nan")), Interval(-0.001, float("nan"), float("nan")), False),
    ],
)
def test_the_rule_of_approval(auroc: Interval, brier: Interval, beats: bool) -> None:
    verdict_, reason = verdict(auroc, brier)
    assert verdict_ is beats
    assert reason.endswith(".")


def test_a_model_does_not_beat_itself() -> None:
    event, risk, mother = sample()
    found = compare(Risks("m", risk), Risks("m", risk), event, mother, np.random.default_rng(1), 50)
    assert not found.beats_baseline
    assert "same order" in found.reason


# --- Groups ---------------------------------------------------------------------------------------------------------


def test_poisson_limits_are_the_exact_ones() -> None:
    found = poisson_ratio(20, 10.0)  # Garwood: 12.217 to 30.888 for 20
    assert found == Interval(2.0, pytest.approx(1.2217, abs=1e-4), pytest.approx(3.0888, abs=1e-4))


@pytest.mark.parametrize(("observed", "expected"), [(9, 50.0), (50, 9.9)])
def test_under_ten_observed_or_expected_there_is_no_ratio(observed: int, expected: float) -> None:
    assert poisson_ratio(observed, expected) is None


def groups_of(n: int = 4000) -> list[Any]:
    event, risk, mother = sample(n)
    language: list[str | None] = ["nl"] * (n - 60) + ["en"] * 55 + [None] * 5
    known = np.where(np.array(language, dtype=object) == "en", 4, 8)
    return by_group(
        event, risk, mother, {"language": np.array(language, dtype=object)}, Predictors(known, 8),
        np.random.default_rng(1), 100,
    )  # fmt: skip


def test_every_group_has_its_selection_rate_and_missingness_and_a_verdict() -> None:
    found = {group.group: group for group in groups_of()}
    assert set(found) == {"nl", "en", "unknown"}
    assert (found["nl"].verdict, found["en"].verdict, found["unknown"].verdict) == (
        "sufficient",
        "insufficient",
        "insufficient",
    )
    assert found["en"].missing_share == 0.5
    assert found["en"].observed_expected is None
    assert found["en"].auroc is None
    assert found["nl"].observed_expected is not None
    assert found["nl"].auroc is not None and found["nl"].auroc.lower < found["nl"].auroc.upper
    flagged = sum(group.selection_rate.estimate * group.n for group in found.values())
    assert flagged == pytest.approx(400), "the groups together hold the top ten per cent"
    record = with_groups(judged(), groups_of()).as_dict()["groups"]
    assert {"attribute", "group", "n", "events", "missing_share", "selection_rate", "verdict"} <= set(record[0])
    json.dumps(record, allow_nan=False)


def test_an_attribute_of_another_length_is_refused() -> None:
    event, risk, mother = sample()
    with pytest.raises(UsageError, match="one per child"):
        by_group(event, risk, mother, {"part": ["a"]}, Predictors(np.ones(N), 1), np.random.default_rng(1), 5)


# --- Stability ------------------------------------------------------------------------------------------------------


def share_of(event: metrics.Bools) -> Any:
    def fit(rows: Ints) -> Any:
        share = float(event[rows].mean())
        return lambda asked: np.full(len(asked), share)

    return fit


def test_instability_of_a_share_is_the_spread_of_shares() -> None:
    event, _, _ = sample(2000)
    share = float(event.mean())
    found = prediction_instability(
        share_of(event), np.full(2000, share), np.arange(2000), np.random.default_rng(1), models=400
    )
    spread = np.sqrt(share * (1 - share) / 2000)
    assert found.mean == pytest.approx(spread * np.sqrt(2 / np.pi), rel=0.1)
    assert found.per_child == pytest.approx(found.mean)
    assert len(found.groups) == 1
    assert "per_child" not in json.dumps(found.as_dict())


def test_a_model_that_learns_nothing_is_stable() -> None:
    _, risk, mother = sample()
    found = prediction_instability(lambda rows: lambda asked: risk[asked], risk, mother, np.random.default_rng(1), 5)
    assert found.mean == 0


def test_drawn_mothers_bring_all_their_children() -> None:
    seen: list[Ints] = []
    mother = np.array([5, 5, 8, 9, 9, 9])

    def fit(rows: Ints) -> Any:
        seen.append(rows)
        return lambda asked: np.zeros(len(asked))

    prediction_instability(fit, np.zeros(6), mother, np.random.default_rng(1), models=20)
    for rows in seen:
        times = np.bincount(rows, minlength=6)
        assert times[0] == times[1]
        assert times[3] == times[4] == times[5]
        assert times[0] + times[2] + times[3] == 3


def test_a_learning_curve_grows_by_mothers_and_uses_all_of_them_once() -> None:
    event, _, mother = sample()
    seen: list[Ints] = []

    def fit(rows: Ints) -> Any:
        seen.append(rows)
        return share_of(event)(rows)

    def judge(predict: Any) -> dict[str, float]:
        return {"brier": metrics.brier(event, predict(np.arange(N)))}

    points = learning_curve(fit, judge, mother, np.random.default_rng(1), fractions=(0.2, 1.0), repeats=3)
    assert [(point.fraction, point.measure) for point in points] == [(0.2, "brier"), (1.0, "brier")]
    assert [point.mothers for point in points] == [round(0.2 * len(set(mother))), len(set(mother))]
    assert len(seen) == 4
    assert sorted(seen[-1]) == list(range(N))
    for rows in seen:
        assert len(set(rows)) == len(rows)
        assert set(np.flatnonzero(np.isin(mother, mother[rows]))) == set(rows)
    assert points[0].lowest <= points[0].mean <= points[0].highest
