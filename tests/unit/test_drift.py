"""Monitoring of inputs, missingness and calibration: quiet quarters stay quiet, real shifts are found."""

from __future__ import annotations

import json

import numpy as np
import pytest

from smartstart.errors import UsageError
from smartstart.risk.drift import (
    ENOUGH_WOMEN,
    FALSE_ALARMS,
    LOOK,
    Followed,
    Quarter,
    Reference,
    holm,
    monitor,
    observed_expected,
    psi,
    reference_of,
)
from smartstart.small_numbers import MINIMUM

Columns = dict[str, list[object]]
A_QUARTER = 16  # women under 28 in Heusden, about


def women(n: int, rng: np.random.Generator, alone: float = 0.3, age: float = 24.0, unasked: float = 0.1) -> Columns:
    """Made-up women: a number, three yes/no answers and one with three values; a share was not asked about work."""
    work = [
        None if skipped else float(yes)
        for skipped, yes in zip(rng.random(n) < unasked, rng.random(n) < 0.4, strict=True)
    ]
    return {
        "age": list(np.round(rng.normal(age, 3, n), 1)),
        "alone": list(rng.random(n) < alone),
        "without_work": work,
        "smokes": list(rng.random(n) < 0.2),
        "parity": list(rng.choice(["0", "1", "2+"], n, p=[0.6, 0.25, 0.15])),
    }


def reference() -> Reference:
    return reference_of(women(4000, np.random.default_rng(1)))


def test_with_few_women_a_psi_above_its_limit_cries_wolf_and_our_rule_does_not() -> None:
    rng, kept, quiet = np.random.default_rng(2), reference(), 400
    naive = ours = 0
    for _ in range(quiet):
        found = monitor(kept, [Quarter("2024Q1", women(A_QUARTER, rng))], rng, draws=400)
        naive += any(one.psi is not None and one.psi > LOOK for one in found.predictors)
        ours += bool(found.alarms)
    assert naive / quiet > 0.80  # a sound rule stays under 5 %
    assert ours / quiet <= FALSE_ALARMS + 0.01


def test_with_enough_women_quiet_quarters_stay_quiet() -> None:
    rng, kept, quiet = np.random.default_rng(3), reference(), 200
    alarms = sum(bool(monitor(kept, [Quarter("q", women(220, rng))], rng, draws=200).alarms) for _ in range(quiet))
    assert alarms / quiet <= FALSE_ALARMS


def test_a_real_shift_is_found_within_a_year_of_few_women() -> None:
    rng, kept, times = np.random.default_rng(4), reference(), 60
    found = 0
    for _ in range(times):
        year = [Quarter(f"2024Q{n}", women(A_QUARTER, rng, alone=0.65)) for n in range(1, 5)]
        alarms = monitor(kept, year, rng, draws=500).alarms
        found += any(alarm.kind == "input" and alarm.about == "alone" for alarm in alarms)
    assert found / times >= 0.8


def test_a_large_shift_among_enough_women_asks_to_act() -> None:
    rng = np.random.default_rng(5)
    found = monitor(reference(), [Quarter("q", women(300, rng, age=28.0))], rng)
    [alarm] = [alarm for alarm in found.alarms if alarm.about == "age"]
    assert (found.by, alarm.kind, alarm.level) == ("thresholds", "input", "act")
    assert alarm.action.startswith("Act: ")
    assert "model adapt" in alarm.action


def test_a_shift_under_the_limit_is_no_alarm_however_many_women() -> None:
    rng = np.random.default_rng(6)
    found = monitor(reference(), [Quarter("q", women(5000, rng, alone=0.37))], rng)
    [alone] = [one for one in found.predictors if one.name == "alone"]
    assert alone.chance is not None
    assert alone.chance < FALSE_ALARMS
    assert not found.alarms


def test_quarters_are_taken_together_until_there_are_enough_women_and_no_further() -> None:
    rng = np.random.default_rng(7)
    quarters = [Quarter(f"Q{n}", women(90, rng)) for n in range(5)]
    found = monitor(reference(), quarters, rng)
    assert found.quarters == ("Q2", "Q3", "Q4")
    assert (found.women, found.by) == (270, "thresholds")
    few = monitor(reference(), quarters[:2], rng)
    assert (few.women, few.by) == (180, "chance")
    assert few.women < ENOUGH_WOMEN


def test_a_question_no_longer_asked_raises_an_alarm_with_an_action() -> None:
    rng = np.random.default_rng(8)
    found = monitor(reference(), [Quarter("q", women(A_QUARTER, rng, unasked=1.0))], rng)
    [alarm] = [alarm for alarm in found.alarms if alarm.kind == "missing"]
    assert alarm.about == "without_work"
    assert alarm.finding == "Without an answer: 100 %, was 10 %."
    assert alarm.action
    [work] = [one for one in found.predictors if one.name == "without_work"]
    assert (work.psi, work.chance, work.level) == (None, None, "")


def test_missing_answers_are_no_shift_of_the_answers() -> None:
    rng = np.random.default_rng(9)
    found = monitor(reference(), [Quarter("q", women(400, rng, unasked=0.6))], rng)
    [work] = [one for one in found.predictors if one.name == "without_work"]
    assert work.psi is not None
    assert work.psi < LOOK
    assert (work.level, work.missing_level) == ("", "act")


def test_the_reference_holds_no_person_and_survives_json() -> None:
    rng = np.random.default_rng(10)
    columns = women(500, rng)
    columns["parity"][:3] = ["11", "12", "13"]  # three women who could be known
    kept = reference_of(columns)
    assert Reference.from_dict(json.loads(json.dumps(kept.as_dict()))) == kept
    for one in kept.predictors:
        assert sum(one.shares) == pytest.approx(1, abs=1e-5)
        named = one.shares[:-1] if one.values else one.shares
        assert all(share * one.known >= MINIMUM - 0.01 for share in named)
    [parity] = [one for one in kept.predictors if one.name == "parity"]
    assert parity.values == ("0", "1", "2+", "other")


def test_a_value_is_one_value_whatever_type_its_column_came_in() -> None:
    yes_no: list[object] = [True, False] * 200
    kept = reference_of({"alone": yes_no})
    for column in ([1.0, 0.0] * 200, [1, 0] * 200, list(np.asarray(yes_no))):
        found = monitor(kept, [Quarter("q", {"alone": column})], np.random.default_rng(11))
        assert found.predictors[0].psi == pytest.approx(0, abs=1e-9)


def test_before_the_horizon_calibration_is_not_known_and_says_so() -> None:
    rng = np.random.default_rng(12)
    for followed in (None, Followed(0, 0, 0.0)):
        found = monitor(reference(), [Quarter("q", women(50, rng))], rng, followed)
        assert found.calibration.verdict == "not_known_yet"
        assert found.calibration.words.startswith("Not known yet")


@pytest.mark.parametrize("followed", [Followed(400, 9, 30.0), Followed(400, 30, 9.9)])
def test_under_ten_expected_or_observed_calibration_gives_no_number(followed: Followed) -> None:
    rng = np.random.default_rng(13)
    found = monitor(reference(), [Quarter("q", women(50, rng))], rng, followed).calibration
    assert (found.verdict, found.observed, found.expected, found.ratio) == ("insufficient", None, None, None)


@pytest.mark.parametrize(
    ("observed", "expected", "levels"), [(20, 20.0, []), (33, 20.0, ["look"]), (60, 20.0, ["act"]), (12, 40.0, ["act"])]
)
def test_calibration_alarms_only_when_its_interval_leaves_one(
    observed: int, expected: float, levels: list[str]
) -> None:
    rng = np.random.default_rng(14)
    found = monitor(reference(), [], rng, Followed(1000, observed, expected))
    assert [alarm.level for alarm in found.alarms] == levels
    assert all(alarm.action for alarm in found.alarms)


def test_the_poisson_interval_is_the_published_one() -> None:
    ratio, lower, upper = observed_expected(10, 10.0)  # Garwood: 4.795 to 18.390
    assert (ratio, round(lower, 4), round(upper, 4)) == (1.0, 0.4795, 1.8390)
    assert observed_expected(0, 10.0)[1] == 0


def test_psi_is_nought_for_the_same_shares_and_known_for_others() -> None:
    assert psi(np.array([100, 300]), np.array([100, 300])) == pytest.approx(0)
    by_hand = (0.5 - 0.25) * np.log(0.5 / 0.25) + (0.5 - 0.75) * np.log(0.5 / 0.75)
    assert psi(np.array([25e6, 75e6]), np.array([5e6, 5e6])) == pytest.approx(by_hand, abs=1e-6)


def test_holm_is_the_published_correction() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_the_same_generator_gives_the_same_monitoring() -> None:
    quarters = [Quarter("q", women(40, np.random.default_rng(15)))]
    first, again = (monitor(reference(), quarters, np.random.default_rng(16)) for _ in range(2))
    assert first == again
    json.dumps(first.as_dict(), allow_nan=False)


def test_a_quarter_without_a_predictor_is_refused_by_name() -> None:
    columns = women(20, np.random.default_rng(17))
    del columns["smokes"]
    with pytest.raises(UsageError, match="Quarter 2024Q3 has no column for the model's predictor 'smokes'"):
        monitor(reference(), [Quarter("2024Q3", columns)], np.random.default_rng(18))


def test_no_quarter_yet_is_no_alarm() -> None:
    found = monitor(reference(), [], np.random.default_rng(19))
    assert (found.women, found.predictors, found.alarms) == (0, (), ())
