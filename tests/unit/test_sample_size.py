"""The sample size a model needs is that of Riley et al. and of their program pmsampsize."""

from __future__ import annotations

import numpy as np
import pytest

from smartstart.errors import UsageError
from smartstart.risk.metrics import auroc
from smartstart.risk.sample_size import check_events, largest_r2, needed, r2_of_auroc, rare_margin


def test_the_manual_s_binary_example_needs_662() -> None:
    """pmsampsize's manual: 24 parameters, prevalence 0.174, Cox-Snell R2 0.288."""
    size = needed(24, 0.174, 0.288)
    assert (size.n_shrinkage, size.n_optimism, size.n_overall_risk) == (623, 662, 221)
    assert size.n == 662
    assert size.events == 116
    assert round(size.optimism_shrinkage, 3) == 0.905
    assert round(size.largest_r2, 2) == 0.60


def test_an_output_of_pmsampsize_that_others_published() -> None:
    """30 parameters, prevalence 0.47, R2 0.1845: 1308, 709, 383; shrinkage 0.831, largest R2 0.749, 615 events."""
    size = needed(30, 0.47, 0.1845)
    assert (size.n_shrinkage, size.n_optimism, size.n_overall_risk) == (1308, 709, 383)
    assert round(size.optimism_shrinkage, 3) == 0.831
    assert round(size.largest_r2, 3) == 0.749
    assert size.events == 615


def test_the_bmj_s_pre_eclampsia_example_needs_5143() -> None:
    """Riley et al. (2020): 30 parameters, 5 % events, R2 0.051 (15 % of the largest, 0.33)."""
    assert needed(30, 0.05, 0.051).n == 5143
    assert round(largest_r2(0.05), 2) == 0.33


def test_r2_from_an_auroc_is_that_of_drawn_people() -> None:
    """The second way: draw half a million people as Riley et al. (2021) do, and take the likelihoods."""
    rng = np.random.default_rng(1)
    placed = rng.random(500_000) < 0.3
    apart = 1.2
    at = rng.normal(size=500_000) + apart * placed
    line = np.log(0.3 / 0.7) + apart * at - apart**2 / 2
    gained = np.where(placed, -np.logaddexp(0, -line), -np.logaddexp(0, line)).mean()
    share = placed.mean()
    null = share * np.log(share) + (1 - share) * np.log(1 - share)
    reached = auroc(placed, 1 / (1 + np.exp(-line)))
    assert r2_of_auroc(reached, 0.3) == pytest.approx(1 - np.exp(-2 * (gained - null)), abs=0.003)


def test_r2_from_an_auroc_is_that_of_pmsampsize() -> None:
    """An AUROC of 0.81 at 18 % events: R2 0.1818, give or take its drawing of people; 6 parameters need 266."""
    r2 = r2_of_auroc(0.81, 0.18)
    assert r2 == pytest.approx(0.1818, abs=0.002)
    assert needed(6, 0.18, r2).n == pytest.approx(266, abs=2)
    assert needed(6, 0.18, r2_of_auroc(0.89, 0.18)).n == 227


def test_telling_apart_less_asks_for_more_children() -> None:
    sizes = [needed(10, 0.026, r2_of_auroc(auroc, 0.026)).n for auroc in (0.6, 0.7, 0.76, 0.85)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_rare_outcome_is_to_be_known_to_within_a_fifth_of_itself() -> None:
    assert rare_margin(0.026) == pytest.approx(0.0052)
    assert rare_margin(0.47) == 0.05


def test_too_few_events_are_said_in_one_sentence_with_a_remedy() -> None:
    check = check_events(n=800, events=12, parameters=20, auroc=0.75)
    assert not check.enough
    assert check.sentence.startswith("too few events for this many predictors: 12 events among 800 children")
    assert str(check.needed.n) in check.sentence
    assert "count of four factors" in check.sentence


def test_enough_events_are_said_too() -> None:
    check = check_events(n=100_000, events=2_600, parameters=10, auroc=0.75)
    assert check.enough
    assert check.sentence.startswith("Enough events")


@pytest.mark.parametrize(
    ("parameters", "prevalence", "r2"), [(0, 0.1, 0.1), (5, 0.0, 0.1), (5, 0.05, 0.34), (5, 0.5, 0)]
)
def test_an_impossible_question_is_refused(parameters: int, prevalence: float, r2: float) -> None:
    with pytest.raises(UsageError):
        needed(parameters, prevalence, r2)


def test_no_events_is_no_training_set() -> None:
    with pytest.raises(UsageError, match="use the count"):
        check_events(n=100, events=0, parameters=2, auroc=0.7)
