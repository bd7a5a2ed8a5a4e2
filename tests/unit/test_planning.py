"""How many women and years an answer takes: the numbers that the domain states, reproduced."""

from __future__ import annotations

import pytest

from smartstart.trial.planning import plan_for, women_for_a_difference, women_for_two_risks


@pytest.mark.parametrize(("difference", "women"), [(0.3, 175), (0.5, 63)])
def test_a_difference_on_a_scale_takes_the_known_number_of_women_per_arm(difference: float, women: int) -> None:
    assert women_for_a_difference(difference) == women


def test_a_baseline_that_correlates_a_half_saves_a_quarter() -> None:
    assert women_for_a_difference(0.3, baseline_correlation=0.5) == 131
    assert women_for_a_difference(0.03, baseline_correlation=0.5) == pytest.approx(0.75 * 17442, abs=2)


def test_half_of_one_percent_takes_thousands_of_women_per_arm() -> None:
    assert women_for_two_risks(0.010, 0.005) == women_for_two_risks(0.005, 0.010) == 4673


def test_an_unequal_ratio_takes_more_women_in_all() -> None:
    smaller = women_for_a_difference(0.3, ratio=(2, 1))
    assert smaller < 175
    assert 3 * smaller > 2 * 175


def test_years_run_from_the_first_draw_to_the_last_answer_after_a_year() -> None:
    plan = plan_for("a question", 63, ratio=(1, 1), answered=1.0, per_year=63)
    assert (plan.women, plan.recruitment_years, plan.years) == (126, 2.0, 3.5)


def test_women_who_do_not_answer_are_drawn_besides() -> None:
    assert plan_for("a question", 80, ratio=(1, 1), answered=0.8, per_year=65).women == 200
