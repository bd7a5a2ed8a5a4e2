"""Looks on the information that was really seen: what is spent, what is kept, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from smartstart.errors import PolicyRefused, UsageError
from smartstart.trial.sequential.boundaries import boundaries
from smartstart.trial.sequential.crossing import crossing
from smartstart.trial.sequential.monitoring import (
    CAP,
    LookBoundary,
    LooksPlan,
    next_boundary,
    pooled_variance_of_events,
    reestimated,
)
from smartstart.trial.sequential.spending import NAMES, SPENDING

PLAN = LooksPlan((0.5, 1.0))


def looks(plan: LooksPlan, seen: tuple[float, ...]) -> list[LookBoundary]:
    return [next_boundary(plan, seen[: place + 1], final=place + 1 == len(seen)) for place in range(len(seen))]


@pytest.mark.parametrize("spending", NAMES)
def test_information_as_planned_gives_the_planned_boundaries(spending: str) -> None:
    fractions = (0.4, 0.7, 1.0)
    planned = boundaries(3, 0.025, spending, fractions)
    found = looks(LooksPlan(fractions, spending=spending), fractions)
    assert [one.z for one in found] == pytest.approx(planned.z, abs=1e-8)
    assert [one.spent for one in found] == pytest.approx(planned.cumulative_spending, abs=1e-9)


@pytest.mark.parametrize("seen", [(0.41, 0.83), (0.6, 1.3), (0.35, 0.5, 0.52, 0.77, 1.0), (0.3, 0.95, 0.97)])
def test_whatever_comes_in_the_looks_together_spend_alpha_and_no_more(seen: tuple[float, ...]) -> None:
    found = looks(PLAN, seen)
    crossed = crossing(seen, [one.z or 0.0 for one in found]).above
    assert sum(crossed) == pytest.approx(0.025, abs=1e-9)
    for one, fraction in zip(found[:-1], seen, strict=False):
        assert one.spent == pytest.approx(SPENDING["lan-demets-obf"].spent(fraction, 0.025))


def test_information_beyond_the_planned_maximum_is_capped_and_ends_the_looks() -> None:
    found = next_boundary(PLAN, (0.5, 1.2))
    assert found.fraction == 1 and found.final and found.spent == 0.025 and found.information == 1.2
    with pytest.raises(UsageError, match="last one"):
        next_boundary(PLAN, (0.5, 1.2, 1.4))


def test_a_trial_that_ends_early_spends_all_that_is_left() -> None:
    found = next_boundary(PLAN, (0.5, 0.8), final=True)
    assert found.spent == 0.025 and found.z is not None
    assert found.z < (next_boundary(PLAN, (0.5, 0.8)).z or 0)


@pytest.mark.parametrize("seen", [(0.29,), (0.1, 0.2)])
def test_a_look_before_three_tenths_of_the_information_is_refused(seen: tuple[float, ...]) -> None:
    with pytest.raises(PolicyRefused, match="30 %"):
        next_boundary(PLAN, seen)


def test_boundaries_that_were_used_are_kept_when_the_maximum_is_re_estimated() -> None:
    first = next_boundary(PLAN, (0.5,))
    again = next_boundary(PLAN, (0.5, 1.0), [first], maximum=1.4)
    assert not again.final and again.fraction == pytest.approx(1 / 1.4)
    assert again.spent_before == pytest.approx(first.spent)
    last = next_boundary(PLAN, (0.5, 1.0, 1.4), [first, again], maximum=1.4)
    used = [one.z or 0.0 for one in (first, again, last)]
    assert sum(crossing((0.5, 1.0, 1.4), used).above) == pytest.approx(0.025, abs=1e-9)


def test_where_more_was_spent_than_the_new_maximum_allows_the_look_spends_nothing() -> None:
    first = next_boundary(LooksPlan((0.5, 1.0), harm_alpha=0.05), (0.6,))
    found = next_boundary(LooksPlan((0.5, 1.0), harm_alpha=0.05), (0.6, 0.7), [first], maximum=1.5)
    assert found.z is None and found.p is None and found.spent == found.spent_before
    assert "Nothing may be spent" in found.sentences()[0]
    assert found.as_dict()["z"] is None


def test_harm_has_an_error_of_its_own_and_speaks_earlier() -> None:
    seen = (0.5, 0.75, 1.0)
    found = looks(LooksPlan((0.5, 1.0), harm_alpha=0.05), seen)
    harms = [-(one.harm_z or 0.0) for one in found]
    assert sum(crossing(seen, harms).above) == pytest.approx(0.05, abs=1e-9)
    assert harms[0] < (found[0].z or 0.0)
    assert all("harm" in one.sentences()[-1] for one in found)
    assert [one.z for one in found] == [one.z for one in looks(PLAN, seen)]


def test_futility_advises_as_planned_and_leaves_efficacy_alone() -> None:
    plan = LooksPlan((0.4, 0.7, 1.0), futility="kim-demets")
    planned = boundaries(3, 0.025, "lan-demets-obf", (0.4, 0.7, 1.0), futility="kim-demets")
    found = looks(plan, (0.4, 0.7, 1.0))
    assert [one.futility_z for one in found] == pytest.approx([*planned.futility_z, None], abs=1e-6)
    assert [one.z for one in found] == pytest.approx(planned.z, abs=1e-8)
    assert "binds nobody" in found[0].sentences()[1]


def test_information_may_be_given_in_its_own_unit() -> None:
    plan = LooksPlan((0.5, 1.0), futility="kim-demets", information=400.0, harm_alpha=0.05)
    same = LooksPlan((0.5, 1.0), futility="kim-demets", harm_alpha=0.05)
    found, expected = next_boundary(plan, (180.0, 300.0)), next_boundary(same, (0.45, 0.75))
    for name in ("z", "futility_z", "harm_z", "fraction", "spent"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-8)


@pytest.mark.parametrize("seen", [(), (0.5, 0.5), (0.6, 0.4), (-0.1,), (float("nan"),), (0.5, float("inf"))])
def test_information_that_does_not_rise_is_refused(seen: tuple[float, ...]) -> None:
    with pytest.raises(UsageError):
        next_boundary(PLAN, seen)


def test_re_estimation_never_lowers_the_number_and_stops_at_the_cap() -> None:
    assert reestimated(200, 1.0, 0.7).women == 200
    more = reestimated(200, 1.0, 1.3)
    assert (more.women, more.capped, more.information) == (260, False, 1.0)
    most = reestimated(200, 1.0, 2.0)
    assert (most.women, most.capped, most.information) == (round(200 * CAP), True, CAP / 2)
    assert "may miss" in most.sentence()
    assert pooled_variance_of_events(10, 100) == pytest.approx(0.09)
    for wrong in ((0, 100), (100, 100)):
        with pytest.raises(UsageError):
            pooled_variance_of_events(*wrong)
    for numbers in ((200, 0.0, 1.0), (200, 1.0, float("nan")), (0, 1.0, 1.0)):
        with pytest.raises(UsageError):
            reestimated(*numbers)


@pytest.mark.parametrize("spending", NAMES)
def test_looks_at_times_that_nobody_chose_err_no_more_than_alpha(spending: str) -> None:
    generator, paths, crossed = np.random.default_rng(17), 40_000, 0.0
    times = [tuple(np.sort(generator.uniform(0.3, 0.99, generator.integers(1, 8)))) for _ in range(5)]
    plan = LooksPlan((0.25, 0.5, 0.75, 1.0), spending=spending)
    for earlier in times:
        seen = (*map(float, earlier), 1.05)
        found = np.array([one.z if one.z is not None else np.inf for one in looks(plan, seen)])
        scores = np.cumsum(generator.standard_normal((paths, len(seen))) * np.sqrt(np.diff([0, *seen])), axis=1)
        crossed += (scores / np.sqrt(seen) >= found).any(axis=1).mean() / len(times)
    assert crossed <= 0.025 + 3 * (0.025 * 0.975 / (paths * len(times))) ** 0.5
