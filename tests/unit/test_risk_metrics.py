"""Every figure by hand, by a second program, and at its edges."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pytest

from smartstart.errors import StateError, UsageError
from smartstart.risk import metrics
from smartstart.risk.bootstrap import (
    FEWEST_EVENTS,
    bootstrapped,
    ici_interval,
    percentile_interval,
    replicate_weights,
    share_interval,
)
from smartstart.risk.metrics import Floats, Interval, SmoothCalibration

EVENT = np.array([1, 0, 1, 0, 0, 0], dtype=bool)
RISK = np.array([0.6, 0.5, 0.3, 0.3, 0.1, 0.2])
ONCE = np.ones((1, 6))


def made_up(n: int = 3000, seed: int = 7) -> tuple[metrics.Bools, Floats]:
    rng = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-(rng.normal(size=n) - 3)))
    return rng.random(n) < risk, risk


def test_auroc_counts_pairs_and_half_a_tie() -> None:
    # 0.6 beats four others; 0.3 beats two, loses from one, is equal to one
    assert metrics.auroc(EVENT, RISK) == pytest.approx((4 + 2.5) / 8)


def test_average_precision_takes_equal_risks_as_one_cut() -> None:
    assert metrics.average_precision(EVENT, RISK) == pytest.approx((1 / 1 + 2 / 4) / 2)


def test_brier_by_hand() -> None:
    squares = [0.16, 0.25, 0.49, 0.09, 0.01, 0.04]
    assert metrics.brier(EVENT, RISK) == pytest.approx(sum(squares) / 6)
    assert metrics.scaled_brier(EVENT, RISK) == pytest.approx(1 - (sum(squares) / 6) / (2 / 6 * 4 / 6))


def test_the_share_of_events_as_risk_has_a_scaled_brier_of_nought() -> None:
    assert metrics.scaled_brier(EVENT, np.full(6, 2 / 6)) == pytest.approx(0)


def test_observed_over_expected_by_hand() -> None:
    assert metrics.observed_expected(EVENT, RISK) == pytest.approx(2 / 2.0)


def test_scikit_learn_finds_the_same() -> None:
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    event, exact = made_up()
    for risk in (exact, np.round(exact, 2).clip(0.01, 0.99)):
        weight = np.random.default_rng(1).integers(0, 4, len(event)).astype(float)
        for w in (None, weight):
            assert metrics.auroc(event, risk, w) == pytest.approx(roc_auc_score(event, risk, sample_weight=w))
            assert metrics.average_precision(event, risk, w) == pytest.approx(
                average_precision_score(event, risk, sample_weight=w)
            )
            assert metrics.brier(event, risk, w) == pytest.approx(brier_score_loss(event, risk, sample_weight=w))


def test_the_slope_is_that_of_scikit_learn_without_penalty() -> None:
    from sklearn.linear_model import LogisticRegression

    event, truth = made_up()
    risk = 1 / (1 + np.exp(-(1.7 * metrics.log_odds(truth) + 2)))
    weight = np.random.default_rng(1).integers(0, 4, len(event)).astype(float)
    line = metrics.log_odds(risk)[:, None]
    for w in (None, weight):
        second = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(line, event, sample_weight=w)
        assert metrics.calibration_slope(event, risk, w) == pytest.approx(second.coef_[0, 0], abs=1e-5)


def test_the_intercept_makes_expected_events_equal_to_observed() -> None:
    event, risk = made_up()
    risk = risk**0.8
    shifted = metrics.log_odds(risk) + metrics.calibration_intercept(event, risk)
    assert (1 / (1 + np.exp(-shifted))).sum() == pytest.approx(event.sum(), abs=1e-6)


def test_the_intercept_of_equal_risks_is_the_difference_of_log_odds() -> None:
    risk = np.full(6, 0.2)
    assert metrics.calibration_intercept(EVENT, risk) == pytest.approx(np.log(0.5) - np.log(0.25))


@pytest.mark.parametrize("moved", [0.0, -6.0, 6.0])
def test_the_slope_is_found_from_far_away(moved: float) -> None:
    event, risk = made_up()
    far = 1 / (1 + np.exp(-(0.3 * metrics.log_odds(risk) + moved)))
    assert metrics.calibration_slope(event, far) == pytest.approx(
        metrics.calibration_slope(event, risk) / 0.3, rel=1e-4
    )


def test_perfect_separation_has_no_slope() -> None:
    assert isnan(metrics.calibration_slope([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]))
    assert isnan(metrics.calibration_slope([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]))
    assert isnan(metrics.calibration_slope([0, 0, 1, 1], [0.1, 0.3, 0.3, 0.4])), "one equal risk parts them too"


def test_equal_risks_have_no_slope() -> None:
    assert isnan(metrics.calibration_slope(EVENT, np.full(6, 0.2)))


@pytest.mark.parametrize("all_of_them", [False, True])
def test_without_events_or_without_others_nothing_is_made_up(all_of_them: bool) -> None:
    event = np.full(6, all_of_them)
    for formula in (metrics.auroc, metrics.calibration_intercept, metrics.calibration_slope, metrics.scaled_brier):
        assert isnan(formula(event, RISK)), formula.name
    assert metrics.brier(event, RISK) > 0


def test_a_risk_of_nought_or_one_is_judged_without_an_infinity() -> None:
    assert np.isfinite(metrics.calibration_intercept([1, 0, 0], [1.0, 0.0, 0.5]))


def test_the_ici_of_a_straight_miscalibration_is_the_mean_distance() -> None:
    event, truth = made_up(60_000)
    doubled = 1 / (1 + np.exp(-(metrics.log_odds(truth) + 0.7)))
    assert metrics.ici(event, doubled) == pytest.approx(np.abs(doubled - truth).mean(), rel=0.05)
    assert metrics.ici(event, truth) < 0.004


def test_the_smooth_curve_follows_a_bend() -> None:
    rng = np.random.default_rng(4)
    risk = rng.uniform(0.02, 0.6, 80_000)
    truth = np.clip(0.05 + risk**2, 0, 1)
    smooth = SmoothCalibration.of(rng.random(80_000) < truth, risk, np.ones((1, 80_000)))
    at = np.array([0.1, 0.2, 0.4, 0.5])
    assert smooth.at(at)[0] == pytest.approx(0.05 + at**2, abs=0.02)


def test_the_spline_is_straight_outside_its_outer_knots() -> None:
    line = np.array([4.0, 5.0, 6.0])
    columns = metrics._columns(line, np.array([-2.0, 0.0, 1.0, 3.0]))
    assert np.diff(columns, n=2, axis=0) == pytest.approx(0)


def test_a_count_of_factors_has_a_curve_and_groups_of_its_own() -> None:
    rng = np.random.default_rng(3)
    risk = np.array([0.01, 0.02, 0.05])[rng.integers(0, 3, 4000)]
    event = rng.random(4000) < risk
    assert metrics.ici(event, risk) < 0.01
    group = metrics.risk_groups(risk)
    assert set(group) == {0, 1, 2}
    assert metrics.group_shares(group, event.astype(float), np.ones((1, 4000)))[0] == pytest.approx(
        [event[risk == one].mean() for one in (0.01, 0.02, 0.05)]
    )


def test_one_risk_for_everyone_has_a_curve_of_one_point() -> None:
    risk = np.full(6, 0.2)
    assert metrics.ici(EVENT, risk) == pytest.approx(abs(2 / 6 - 0.2))
    assert metrics.curve_grid(risk) == pytest.approx([0.2])


def test_density_adds_up_to_all_children() -> None:
    _, risk = made_up()
    grid = metrics.curve_grid(risk)
    assert len(grid) == metrics.CURVE_POINTS
    assert metrics.density(risk, grid).sum() == pytest.approx(1)


def test_a_top_share_flags_at_least_its_share() -> None:
    flagged = metrics.flagged_at_shares(EVENT, RISK, ONCE, (0.01, 0.2, 0.5))
    assert flagged.n[0].tolist() == [1, 2, 3]
    assert metrics.whole_share(0.1, np.array([8140.0, 30.0])).tolist() == [814, 3], "0.1 is not exact in binary"


def test_ties_at_the_cut_count_for_what_a_blind_draw_would_flag() -> None:
    flagged = metrics.flagged_at_shares(EVENT, RISK, ONCE, (0.5,))
    assert flagged.placed[0, 0] == pytest.approx(1 + 0.5)  # two above, and one of the two at 0.3
    assert flagged.ppv()[0, 0] == pytest.approx(1.5 / 3)
    assert flagged.sensitivity()[0, 0] == pytest.approx(1.5 / 2)
    assert metrics.chance_of_flag(RISK, 0.5).tolist() == [1, 1, 0.5, 0.5, 0, 0]


def test_the_order_of_equal_risks_does_not_matter() -> None:
    event, risk = made_up()
    risk = np.round(risk, 2).clip(0.01, 0.99)
    order = np.random.default_rng(2).permutation(len(risk))
    once = np.ones((1, len(risk)))
    here = metrics.flagged_at_shares(event, risk, once, metrics.TOP_SHARES)
    there = metrics.flagged_at_shares(event[order], risk[order], once, metrics.TOP_SHARES)
    assert here.placed == pytest.approx(there.placed)


def test_a_risk_at_the_threshold_is_flagged() -> None:
    flagged = metrics.flagged_at_risks(EVENT, RISK, ONCE, np.array([0.3, 0.99]))
    assert flagged.n[0].tolist() == [4, 0]
    assert flagged.placed[0].tolist() == [2, 0]
    assert isnan(flagged.ppv()[0, 1])


def test_net_benefit_by_hand() -> None:
    assert metrics.net_benefit(EVENT, RISK, 0.25) == pytest.approx(2 / 6 - 2 / 6 * (1 / 3))
    assert metrics.treat_all(EVENT, 0.25) == pytest.approx(2 / 6 - 4 / 6 * (1 / 3))


def test_net_benefit_is_that_of_dcurves_on_its_own_data() -> None:
    dcurves = pytest.importorskip("dcurves", reason="dcurves is a development dependency: install the extra dev")
    import pandas as pd

    data = pd.read_csv(Path(dcurves.data) / "df_binary.csv")
    thresholds = [0.05, 0.1, 0.15, 0.25, 0.35]
    theirs = dcurves.dca(data=data, outcome="cancer", modelnames=["cancerpredmarker"], thresholds=thresholds)
    event, risk = data["cancer"].to_numpy(), data["cancerpredmarker"].to_numpy()
    for threshold in thresholds:
        row = theirs[np.isclose(theirs["threshold"], threshold)].set_index("model")["net_benefit"]
        assert metrics.net_benefit(event, risk, threshold) == pytest.approx(row["cancerpredmarker"])
        assert metrics.treat_all(event, threshold) == pytest.approx(row["all"])
    assert metrics.net_benefit(event, risk, 0.25) == pytest.approx(0.0640, abs=5e-5)
    assert metrics.treat_all(event, 0.25) == pytest.approx(-0.14667, abs=5e-6)


def test_many_weightings_at_once_are_the_same_as_one_by_one() -> None:
    event, risk = made_up(800)
    weights = np.random.default_rng(5).integers(0, 3, (7, 800)).astype(float)
    for formula in (
        metrics.auroc,
        metrics.average_precision,
        metrics.brier,
        metrics.scaled_brier,
        metrics.observed_expected,
        metrics.calibration_intercept,
        metrics.calibration_slope,
        metrics.ici,
    ):
        together = formula.each(event, risk, weights)
        assert together == pytest.approx([formula(event, risk, row) for row in weights], rel=1e-5), formula.name


def test_no_children_are_refused_with_a_remedy() -> None:
    with pytest.raises(StateError, match="shorten the horizon"):
        metrics.auroc([], [])


@pytest.mark.parametrize("risk", [[0.1, 0.2], [0.1, float("nan"), 0.3], [0.1, 1.2, 0.3]])
def test_risks_that_are_no_risks_are_refused_without_a_value(risk: list[float]) -> None:
    with pytest.raises(UsageError) as refused:
        metrics.auroc([True, False, False], risk)
    assert "1.2" not in str(refused.value)


# --- Intervals ----------------------------------------------------------------------------------------------------


def test_children_of_one_mother_come_together() -> None:
    mother = np.array([3, 9, 3, 7, 9, 9])
    weights = np.concatenate(list(replicate_weights(mother, 50, np.random.default_rng(1))))
    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all(), "as many mothers as there are"


def test_the_same_seed_gives_the_same_replicates() -> None:
    def drawn(seed: int) -> Floats:
        return np.concatenate(list(replicate_weights(np.arange(50), 20, np.random.default_rng(seed))))

    assert (drawn(1) == drawn(1)).all()
    assert not (drawn(1) == drawn(2)).all()


def test_a_percentile_interval_holds_the_middle_of_the_replicates() -> None:
    found = percentile_interval(0.5, np.arange(1001) / 1000, informative=True)
    assert found == Interval(0.5, pytest.approx(0.025), pytest.approx(0.975))


def test_too_few_events_or_equal_replicates_give_no_limits() -> None:
    assert isnan(percentile_interval(0.5, np.arange(10.0), informative=False).lower)
    assert isnan(percentile_interval(0.0, np.zeros(10), informative=True).upper)
    assert isnan(percentile_interval(0.5, np.array([0.1] * 8 + [np.nan] * 2), informative=True).lower)
    assert Interval(0.5, float("nan"), float("nan")).as_dict() == {"estimate": 0.5, "lower": None, "upper": None}
    assert FEWEST_EVENTS == 10


def test_the_ici_s_limits_are_on_both_sides_of_it() -> None:
    found = ici_interval(0.01, np.linspace(0.011, 0.03, 100), informative=True)
    assert 0 <= found.lower <= found.estimate <= found.upper


def test_a_share_of_nought_has_an_upper_limit() -> None:
    found = share_interval(0.0, 80, np.zeros(100))
    assert found.lower == 0
    assert found.upper == pytest.approx(0.0458, abs=1e-4)  # Wilson's for 0 of 80


def test_a_share_without_clusters_has_wilson_s_interval() -> None:
    spread = np.sqrt(15 / 148 * 133 / 148 / 148)
    found = share_interval(15 / 148, 148, np.array([-spread, spread]) + 15 / 148)
    assert (found.lower, found.upper) == (pytest.approx(0.0624, abs=1e-4), pytest.approx(0.1605, abs=1e-4))


def test_the_clustered_interval_covers_where_the_plain_one_does_not() -> None:
    """Four children share a mother's risk and a chance of her own: in 200 samples of 150 mothers."""
    rng = np.random.default_rng(20)
    mothers, children, samples = 150, 4, 200
    mother = np.repeat(np.arange(mothers), children)

    def share(weights: Floats) -> dict[str, Floats]:
        return {"share": weights @ event / weights.sum(axis=1), "auroc": metrics.auroc.each(event, risk, weights)}

    def sample() -> tuple[metrics.Bools, Floats]:
        line = np.repeat(rng.normal(size=mothers), children) - 1.5
        own = np.repeat(rng.normal(size=mothers) * 1.5, children)
        return rng.random(len(line)) < 1 / (1 + np.exp(-line - own)), 1 / (1 + np.exp(-line))

    many = [sample() for _ in range(400)]
    truth = {"share": np.mean([one.mean() for one, _ in many]), "auroc": np.mean([metrics.auroc(*one) for one in many])}
    covered = {"clustered": dict.fromkeys(truth, 0), "plain": dict.fromkeys(truth, 0)}
    for _ in range(samples):
        event, risk = sample()
        for kind, cluster in (("clustered", mother), ("plain", np.arange(len(mother)))):
            draws = bootstrapped(share, cluster, 200, rng)
            for name, true in truth.items():
                found = percentile_interval(0, draws[name], informative=True)
                covered[kind][name] += found.lower <= true <= found.upper
    for name in truth:
        assert 0.90 <= covered["clustered"][name] / samples <= 0.99, name
        assert covered["plain"][name] < covered["clustered"][name] - 10, name
