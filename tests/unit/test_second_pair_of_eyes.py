"""What an outside statistician tried on the analysis, and what came of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from smartstart.trial.analysis.binary import UNCLUSTERED, compare_binary
from smartstart.trial.analysis.hazards import cox, log_rank
from smartstart.trial.analysis.records import Counts
from smartstart.trial.analysis.samples import Sample
from smartstart.trial.analysis.standardisation import standardise
from smartstart.trial.analysis.stratified import cochran_mantel_haenszel, mantel_haenszel
from smartstart.trial.analysis.timing import compare_times

# Bickel, Hammel & O'Connell, Science 1975;187:398-404: men and women admitted, by department (UCBAdmissions in R).
BERKELEY = (
    Counts(512, 825, 89, 108),
    Counts(353, 560, 17, 25),
    Counts(120, 325, 202, 593),
    Counts(138, 417, 131, 375),
    Counts(53, 191, 94, 393),
    Counts(22, 373, 24, 341),
)
# Freireich et al., Blood 1963;21:699-716; Gehan, Biometrika 1965;52:203-223: weeks in remission.
REMISSION = (
    (6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
    (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23),
)
RELAPSED = (1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)


def remission() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    time = np.array(REMISSION[0] + REMISSION[1], dtype=float)
    event = np.array(RELAPSED + (1,) * 21, dtype=bool)
    return time, event, np.arange(42) < 21


def test_the_admissions_of_berkeley_have_their_published_common_odds_ratio() -> None:
    found = mantel_haenszel(BERKELEY, "odds_ratio")
    # mantelhaen.test(UCBAdmissions, correct = FALSE) in R: 0.9046968, 0.7719074 to 1.0603298, p 0.2169
    assert (found.estimate, found.lower, found.upper) == pytest.approx((0.9046968, 0.7719074, 1.0603298), abs=1e-6)
    assert cochran_mantel_haenszel(BERKELEY).p_value == pytest.approx(0.2169, abs=1e-4)


def test_the_remissions_of_freireich_have_their_published_hazard_ratio_and_log_rank_test() -> None:
    time, event, treated = remission()
    found = cox(time, event, treated)
    assert (np.log(found.estimate), found.se) == pytest.approx((-1.5721, 0.4124), abs=5e-5)  # coxph in R, Efron
    assert log_rank(time, event, treated).p_value == pytest.approx(4.17e-5, rel=2e-3)  # chi-square 16.79


def test_the_robust_variance_of_the_hazard_ratio_is_what_weighing_each_cluster_a_little_more_shows() -> None:
    time, event, treated = remission()
    cluster, step, slopes = np.arange(42) // 3, 1e-4, []
    for one in np.unique(cluster):
        more, less = (
            np.log(cox(time, event, treated, weight=np.where(cluster == one, 1 + sign * step, 1.0)).estimate)
            for sign in (1, -1)
        )
        slopes.append((more - less) / (2 * step))
    assert cox(time, event, treated, cluster=cluster).se == pytest.approx(np.sqrt(np.sum(np.square(slopes))), rel=1e-5)


@pytest.mark.parametrize("of_stratum", [(1, 0), (1, 1, 0), (1, 1, 1, 0)])
def test_many_tiny_strata_do_not_make_the_standardised_difference_look_surer_than_it_is(
    of_stratum: tuple[int, ...],
) -> None:
    rng, strata, found = np.random.default_rng(11), 45, []
    stratum = np.repeat(np.arange(strata), len(of_stratum))
    for _ in range(200):
        treated = np.concatenate([rng.permutation(of_stratum) for _ in range(strata)]).astype(bool)
        event = rng.random(len(stratum)) < expit(rng.normal(size=strata)[stratum] - 1)
        made = standardise(event, treated, None, stratum=stratum).risk_difference
        found.append((made.estimate, made.se))
    estimates, errors = np.array(found).T
    assert np.sqrt(np.mean(errors**2)) > 0.88 * np.std(estimates)  # it was 0.70 for pairs, and 0.79 for 3 to 1


def test_whoever_stands_in_the_file_ten_times_as_one_cluster_makes_no_time_surer() -> None:
    time, event, treated = remission()
    time = time + np.arange(42) / 1000  # no ties, which repeating would add to
    once = Sample(("a", "b"), treated, time, cause=event.astype(np.int64))
    rows = np.repeat(np.arange(42), 10)
    ten = Sample(("a", "b"), treated[rows], time[rows], cause=event[rows].astype(np.int64), cluster=rows)
    assert compare_times(ten).significance.p_value == pytest.approx(compare_times(once).significance.p_value, abs=1e-3)
    assert np.isnan(compare_times(ten).measures["rmst_difference"].main.lower)
    assert np.isnan(compare_times(ten).measures["risk_difference"].main.upper)


def test_one_shared_household_does_not_take_the_answer_from_an_arm_without_events() -> None:
    women = np.arange(400)
    treated, stratum = women % 2 == 0, women // 100
    outcome = np.where(np.isin(women, (1, 3, 5, 7, 9)), 1.0, 0.0)
    alone = compare_binary(Sample(("a", "b"), treated, outcome, stratum=stratum))
    home = np.where(women == 102, 100, women)
    shared = compare_binary(Sample(("a", "b"), treated, outcome, stratum=stratum, cluster=home))
    assert shared.significance.p_value == alone.significance.p_value
    assert shared.measures["risk_difference"].main == alone.measures["risk_difference"].main
    assert UNCLUSTERED in shared.notes


def test_very_unequal_weights_count_as_no_more_women_than_they_are_worth() -> None:
    rng, rejected = np.random.default_rng(1), 0
    for _ in range(300):
        treated, event = rng.permutation(80) < 40, rng.random(80) < 0.4
        weight = np.exp(2 * rng.normal(size=80))
        rejected += standardise(event, treated, None, weight=weight).p_value.p_value < 0.05
    assert rejected / 300 < 0.11  # by the number of women alone it was 0.22
