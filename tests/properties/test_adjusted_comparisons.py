"""Whatever the women: what an adjusted comparison never does, down to four women and empty arms."""

from __future__ import annotations

import warnings
from math import inf, isfinite, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from smartstart.trial.analysis.ancova import VARIANCES, ancova, collapse_sparse, mean_difference
from smartstart.trial.analysis.compliance import complier_average
from smartstart.trial.analysis.hazards import cox, log_rank
from smartstart.trial.analysis.records import Bools, Estimate, Floats, Ints
from smartstart.trial.analysis.standardisation import standardise
from smartstart.trial.analysis.survival import aalen_johansen, kaplan_meier, risk_at, rmst_difference

Women = tuple[Bools, Bools, Floats, Floats, Ints, Ints, Floats]


@st.composite
def women(draw: st.DrawFn) -> Women:
    """Event, arm, outcome or time, two covariates, stratum, household and weight: few women, many ties."""
    n = draw(st.integers(4, 30))
    whole = st.integers(0, 5).map(float)
    return (
        draw(arrays.arrays(bool, n)),
        draw(arrays.arrays(bool, n)),
        draw(arrays.arrays(float, n, elements=whole)),
        draw(arrays.arrays(float, (n, 2), elements=whole)),
        draw(arrays.arrays(np.int64, n, elements=st.integers(0, 3))),
        draw(arrays.arrays(np.int64, n, elements=st.integers(0, 12))),
        draw(arrays.arrays(float, n, elements=st.sampled_from([0.0, 0.5, 1.0, 2.0]))),
    )


def sound(found: Estimate) -> None:
    """An estimate with limits lies within them; one without says why."""
    if isnan(found.lower) or isnan(found.upper):
        assert found.note
    else:
        assert found.lower - 1e-9 <= found.estimate <= found.upper + 1e-9 or found.note
    if found.estimate in {0.0, inf} and isnan(found.se):
        assert found.note


@settings(max_examples=60, deadline=None)
@given(women(), st.booleans(), st.booleans(), st.booleans())
def test_no_women_are_too_few_or_too_odd(sample: Women, strata: bool, households: bool, weights: bool) -> None:
    event, treated, outcome, x, stratum, cluster, weight = sample
    if weights and not weight.any():
        weight = weight + 1
    s, c, w = stratum if strata else None, cluster if households else None, weight if weights else None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = standardise(event, treated, x, stratum=s, cluster=c, weight=w)
        for one in (found.risk_difference, found.risk_ratio, found.odds_ratio):
            sound(one)
        for variance in VARIANCES[: 4 if households else 5]:
            sound(ancova(outcome, treated, x, stratum=s, cluster=c, weight=w, variance=variance).estimate)
        sound(mean_difference(outcome, treated, cluster=c, weight=w).estimate)
        sound(cox(outcome, event, treated, covariates=x, stratum=s, cluster=c, weight=w))
        log_rank(outcome, event, treated, stratum=s)
        sound(rmst_difference(outcome, event, treated, stratum=s))
        sound(risk_at(outcome, event, treated, 3.0))
        sound(complier_average(outcome, treated, event & treated, covariates=x, cluster=c))
        kaplan_meier(outcome, event, weight=w)


@settings(deadline=None)
@given(women(), st.integers(-1000, 1000))
def test_a_constant_added_to_all_outcomes_changes_no_difference(sample: Women, constant: int) -> None:
    _, treated, outcome, x, *_ = sample
    one, other = ancova(outcome, treated, x).estimate, ancova(outcome + constant, treated, x).estimate
    assert other.estimate == pytest.approx(one.estimate, abs=1e-7, nan_ok=True)
    assert other.se == pytest.approx(one.se, rel=1e-5, abs=1e-7, nan_ok=True)


@settings(deadline=None)
@given(women())
def test_the_arms_exchanged_turn_the_sign(sample: Women) -> None:
    event, treated, outcome, x, stratum, *_ = sample
    pairs = [
        (ancova(outcome, treated, x).estimate, ancova(outcome, ~treated, x).estimate),
        (rmst_difference(outcome, event, treated), rmst_difference(outcome, event, ~treated)),
        (
            standardise(event, treated, x, stratum=stratum).risk_difference,
            standardise(event, ~treated, x, stratum=stratum).risk_difference,
        ),
    ]
    for one, other in pairs:
        assert other.estimate == pytest.approx(-one.estimate, abs=1e-6, nan_ok=True)
        assert other.lower == pytest.approx(-one.upper, abs=1e-5, rel=1e-5, nan_ok=True)
    ratio, inverse = cox(outcome, event, treated), cox(outcome, event, ~treated)
    if isfinite(ratio.estimate) and ratio.estimate > 0:
        assert inverse.estimate == pytest.approx(1 / ratio.estimate, rel=1e-5)


@settings(deadline=None)
@given(women())
def test_a_covariate_that_is_constant_or_a_copy_changes_nothing(sample: Women) -> None:
    event, treated, outcome, x, *_ = sample
    twice = np.column_stack([x, np.full(len(x), 7.0), x[:, 0] * 3 + 1])
    for one, other in (
        (ancova(outcome, treated, x).estimate, ancova(outcome, treated, twice).estimate),
        (standardise(event, treated, x).risk_ratio, standardise(event, treated, twice).risk_ratio),
        (cox(outcome, event, treated, covariates=x), cox(outcome, event, treated, covariates=twice)),
    ):
        assert (other.estimate, other.se) == pytest.approx((one.estimate, one.se), rel=1e-6, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(women())
def test_without_competing_causes_the_incidence_is_what_survival_leaves(sample: Women) -> None:
    event, _, time, *_ = sample
    survival, incidence = kaplan_meier(time, event), aalen_johansen(time, event.astype(np.int64))
    assert incidence.estimate == pytest.approx(1 - survival.estimate, abs=1e-9)
    inside = survival.estimate > 1e-9
    assert incidence.se[inside] == pytest.approx(survival.se[inside], abs=1e-9)


@given(women(), st.integers(1, 4))
def test_merged_strata_hold_enough_women_or_are_one(sample: Women, least: int) -> None:
    _, _, _, _, stratum, *_ = sample
    merged = collapse_sparse(stratum, least)
    labels = np.unique(merged)
    counts = [(merged == label).sum() for label in labels]
    assert len(labels) == 1 or min(counts) >= least
    assert all(len(np.unique(merged[stratum == label])) == 1 for label in np.unique(stratum))
