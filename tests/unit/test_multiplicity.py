"""More than one outcome: the adjusted p-values are the published ones."""

from __future__ import annotations

from math import isnan, nan

import pytest

from smartstart.errors import UsageError
from smartstart.trial.analysis.multiplicity import Adjusted, fixed_sequence, gatekeeping, holm


def adjusted(records: dict[str, Adjusted]) -> list[float]:
    return [record.adjusted for record in records.values()]


def by_name(*p_values: float) -> dict[str, float]:
    return dict(zip("abcde", p_values, strict=False))


def test_holm_gives_what_is_worked_by_hand() -> None:
    # 5 x 0.01 = 0.05, 4 x 0.02 = 0.08, 3 x 0.03 = 0.09, then 2 x 0.04 and 1 x 0.05 are raised to 0.09
    assert adjusted(holm(by_name(0.01, 0.02, 0.03, 0.04, 0.05))) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert adjusted(holm(by_name(0.04, 0.01, 0.03))) == pytest.approx([0.06, 0.03, 0.06])
    assert adjusted(holm(by_name(0.9, 0.8))) == [1, 1] and holm({}) == {}


def test_in_a_sequence_nothing_counts_after_an_outcome_without_effect() -> None:
    assert adjusted(fixed_sequence(by_name(0.01, 0.2, 0.001))) == [0.01, 0.2, 0.2]


def test_behind_the_primary_outcome_holm_holds_for_the_rest() -> None:
    found = gatekeeping(("wellbeing", 0.03), {"resilience": 0.01, "placed": 0.04})
    assert adjusted(found) == pytest.approx([0.03, 0.03, 0.04]) and next(iter(found)) == "wellbeing"
    closed = gatekeeping(("wellbeing", 0.3), {"resilience": 0.0001})
    assert closed["resilience"].adjusted == 0.3


def test_a_p_value_that_is_not_known_stays_so_and_counts_as_one_for_the_others() -> None:
    found = holm(by_name(0.02, nan))
    assert found["a"].adjusted == pytest.approx(0.04) and isnan(found["b"].adjusted) and found["b"].note
    behind = gatekeeping(("a", nan), {"b": 0.01})
    assert isnan(behind["a"].adjusted) and behind["b"].adjusted == 1


def test_what_is_no_p_value_is_refused() -> None:
    with pytest.raises(UsageError, match="outside 0 to 1"):
        holm({"a": 1.2})
    with pytest.raises(UsageError, match="stands among the others"):
        gatekeeping(("a", 0.1), {"a": 0.1})
