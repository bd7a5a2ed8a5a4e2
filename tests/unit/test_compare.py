"""From columns to a comparison: the rules that do not depend on one formula."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartstart.errors import DataRefused, UsageError
from smartstart.trial.analysis.binary import compare_binary
from smartstart.trial.analysis.compare import Options, compare
from smartstart.trial.analysis.estimands import of_file
from smartstart.trial.analysis.rule import MethodRule
from smartstart.trial.analysis.samples import Question, Sample, Table, number, sample_of

ARMS = ("offer", "usual")
ROWS = {
    "arm": ["1", "0", "1.0", "", "0"],
    "y": ["ja", "nee", "", "1", "0"],
    "x": ["1,5", "2.5", "NA", "1", "3"],
    "word": ["a", "b", "a", "a", "c"],
    "home": ["p", "q", "p", "r", "q"],
}


def table(**changed: list[str]) -> Table:
    return Table("trial.csv", range(1, 6), ROWS | changed)


def events(treated: int, control: int, n: int = 100, *, strata: int = 2) -> Sample:
    arm = np.arange(2 * n) < n
    outcome = np.concatenate([np.arange(n) < treated, np.arange(n) < control]).astype(float)
    return Sample(ARMS, arm, outcome, stratum=np.arange(2 * n) % strata)


def test_an_arm_is_found_as_a_number_too_and_who_has_none_is_left_out() -> None:
    two = table(arm=["1", "0", "1", "", "0"])
    found = sample_of(two, Question("arm", "0.0", "binary", "y", covariates=("x", "word"), cluster="home"))
    assert found.treated.tolist() == [True, False, True, False]
    assert found.outcome.tolist()[:2] == [1, 0] and np.isnan(found.outcome[2])
    assert found.covariates is not None and found.covariates.shape == (4, 4)  # x, its gap, and two words of three
    assert found.cluster is not None and not found.splits_clusters and found.has_clusters
    assert "1 rows have no arm" in found.notes[0]


@pytest.mark.parametrize(
    ("question", "error", "words"),
    [
        (Question("arm", "9", "binary", "y"), UsageError, "--control"),
        (Question("word", "a", "binary", "y"), UsageError, "2 values besides"),
        (Question("arm", "0", "scale", "word"), DataRefused, "first in row 1"),
        (Question("arm", "0", "scale", "words"), UsageError, "did you mean 'word'"),
        (Question("arm", "0", "scale", "x", weights="y"), DataRefused, "weight"),
    ],
)
def test_a_refusal_names_option_file_column_and_row(question: Question, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        sample_of(table(arm=["1", "0", "1", "", "0"]), question)


@pytest.mark.parametrize(("text", "value"), [("1,5", 1.5), ("1.5", 1.5), (" 2", 2.0), ("-3", -3.0)])
def test_a_decimal_comma_is_read(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["1_000", "inf", "1.000,5", "x"])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        number(text)


@given(st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_the_method_goes_by_pooled_events_and_never_by_the_arms(one: int, other: int) -> None:
    rule = MethodRule(10, 30)
    apart, together = (
        compare_binary(events(one, other)),
        compare_binary(events((one + other) // 2, -(-(one + other) // 2))),
    )
    assert apart.significance.test == together.significance.test
    approach = rule.approach(one + other, 200)
    assert (approach == "exact") == (min(one + other, 200 - one - other) < 10)


def test_an_arm_without_events_is_compared_exactly_however_many_the_other_has() -> None:
    found = compare_binary(events(0, 40))
    assert "exact" in found.significance.test and found.significance.p_value < 1e-9
    assert found.measures["risk_difference"].main.upper < -0.2


def test_who_is_not_known_is_counted_and_bounds_the_difference() -> None:
    sample = events(20, 30)
    outcome = sample.outcome.copy()
    outcome[:5] = np.nan
    gaps = Sample(ARMS, sample.treated, outcome, stratum=sample.stratum)
    found = compare(gaps, "binary", of_file("binary", "y", ARMS, None), Options(redraws=99))
    assert found.missing.as_dict() == {"treated": 5, "control": 0} and found.n.treated == 95
    bounds = found.effects.missing_bounds
    assert bounds is not None
    low, high = bounds.risk_difference_lowest, bounds.risk_difference_highest
    assert (low, high) == pytest.approx((15 / 100 - 0.3, 20 / 100 - 0.3))
    assert found.effects.imputed is not None and found.effects.imputed.lower < found.effects.imputed.upper


def test_an_arm_of_which_nothing_is_known_is_no_comparison() -> None:
    sample = events(3, 4)
    nothing = Sample(ARMS, sample.treated, np.where(sample.treated, np.nan, sample.outcome))
    with pytest.raises(DataRefused, match="nothing to compare"):
        compare(nothing, "binary", of_file("binary", "y", ARMS, None))


@pytest.mark.parametrize("kind", ["binary", "scale", "time"])
def test_the_json_holds_no_number_that_json_has_not(kind: str) -> None:
    sample = events(0, 0, n=3)
    cause = np.zeros(6, dtype=np.int64)
    sample = Sample(ARMS, sample.treated, sample.outcome, cause=cause if kind == "time" else None)
    found = compare(sample, kind, of_file(kind, "y", ARMS, "t"), Options(redraws=9)).as_dict()  # type: ignore[arg-type]
    json.dumps(found, allow_nan=False)


def test_a_result_does_not_depend_on_the_order_of_the_rows() -> None:
    rng = np.random.default_rng(4)
    n = 300
    x, arm, stratum = rng.normal(size=(n, 2)), np.arange(n) % 2 == 0, np.arange(n) % 3
    y = (rng.random(n) < 0.3).astype(float)
    order = rng.permutation(n)
    one = compare_binary(Sample(ARMS, arm, y, covariates=x, stratum=stratum))
    other = compare_binary(Sample(ARMS, arm[order], y[order], covariates=x[order], stratum=stratum[order]))
    for name, measure in one.measures.items():
        assert measure.main.estimate == pytest.approx(other.measures[name].main.estimate, rel=1e-9)
        assert measure.main.upper == pytest.approx(other.measures[name].main.upper, rel=1e-9)
