"""Subgroups: the effect in each, one test of interaction, and always the warning."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from scipy import stats

from smartstart.errors import UsageError
from smartstart.trial.analysis.subgroups import WARNING, interaction


def test_the_difference_in_a_subgroup_is_that_of_its_means_with_welchs_error() -> None:
    rng = np.random.default_rng(1)
    outcome, treated = rng.normal(size=80), np.arange(80) % 2 == 0
    group = ["old" if i < 50 else "young" for i in range(80)]
    found = interaction(outcome, treated, group, kind="scale")
    assert [one.name for one in found.subgroups] == ["old", "young"] and found.warning == WARNING
    old = found.subgroups[0]
    a, b = outcome[:50][treated[:50]], outcome[:50][~treated[:50]]
    assert (old.n_treated, old.n_control) == (25, 25)
    assert old.difference.estimate == pytest.approx(a.mean() - b.mean())
    assert old.difference.se**2 == pytest.approx(a.var(ddof=1) / 25 + b.var(ddof=1) / 25)  # HC2 of a saturated model


def test_a_covariate_adjusts_and_statsmodels_gives_the_same() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    x, treated, young = rng.normal(size=60), np.arange(60) % 2 == 0, np.arange(60) % 3 == 0
    outcome = x + treated * young + rng.normal(size=60)
    group = ["young" if one else "old" for one in young]
    found = interaction(outcome, treated, group, kind="scale", covariates=x[:, None])
    design = np.column_stack([np.ones(60), young, treated, treated & young, x]).astype(float)
    fit = sm.OLS(outcome, design).fit(cov_type="HC2", use_t=True)
    assert found.test.p_value == pytest.approx(fit.pvalues[3])
    assert found.subgroups[0].difference.se == pytest.approx(fit.bse[2])


def test_a_planted_interaction_is_found_and_none_is_seldom() -> None:
    rng, found = np.random.default_rng(3), []
    for _ in range(200):
        outcome, treated = rng.normal(size=60), np.arange(60) % 2 == 0
        group = [str(i // 20) for i in range(60)]
        found.append(interaction(outcome, treated, group, kind="scale").test.p_value)
    assert stats.kstest(found, "uniform").pvalue > 0.001
    planted = rng.normal(size=400) + 2.0 * (np.arange(400) % 2 == 0) * (np.arange(400) < 200)
    group = ["a" if i < 200 else "b" for i in range(400)]
    assert interaction(planted, np.arange(400) % 2 == 0, group, kind="scale").test.p_value < 1e-6


def test_risks_differ_by_subgroup_with_the_interval_of_agresti_and_caffo() -> None:
    event = np.array([1] * 4 + [0] * 16 + [0] * 20 + [0] * 40, float)  # no event at all in the second subgroup
    treated, group = np.array(([True] * 20 + [False] * 20) * 2), ["a"] * 40 + ["b"] * 40
    found = interaction(event, treated, group, kind="binary")
    p, q = 5 / 22, 1 / 22
    first = found.subgroups[0].difference
    assert first.estimate == pytest.approx(0.2)
    half = 1.959964 * np.sqrt(p * (1 - p) / 22 + q * (1 - q) / 22)
    assert (first.lower, first.upper) == pytest.approx((p - q - half, p - q + half), abs=1e-6)
    assert found.subgroups[1].difference.estimate == 0 and 0 < found.test.p_value < 1
    with pytest.raises(UsageError, match="must be 0 or 1"):
        interaction(event + 0.5, treated, group, kind="binary")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("outcome", [[1, 1, 1, 1], [0, 1, 0, 1], [np.nan] * 4, [np.nan, 0, 1, 1]])
@pytest.mark.parametrize("group", ["aaaa", "aabb", "abcd"])
@pytest.mark.parametrize("kind", ["scale", "binary"])
def test_four_women_give_a_result_or_a_note(outcome: list[float], group: str, kind: str) -> None:
    arms = np.array([True, False, True, False])
    found = interaction(np.array(outcome, float), arms, list(group), kind=kind)  # type: ignore[arg-type]
    assert isnan(found.test.p_value) and found.test.note
    assert all(one.difference.note or not isnan(one.difference.estimate) for one in found.subgroups)


@pytest.mark.filterwarnings("error")
def test_a_constant_outcome_cannot_be_compared() -> None:
    arms = np.arange(40) % 2 == 0
    found = interaction(np.ones(40), arms, ["a", "b"] * 10 + ["b", "a"] * 10, kind="scale")
    assert isnan(found.test.p_value) and found.test.note
