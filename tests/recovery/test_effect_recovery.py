"""Planted effects in the made-up municipality come back, and where nothing helps the tests stay quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from smartstart.analysing.outcomes import compared, sample_of, value_of
from smartstart.analysing.reading import Drawn, TrialData, read_trial
from smartstart.analysing.trial import analyse
from smartstart.designing import plan_of
from smartstart.trial.analysis.plan import Plan
from smartstart.trial.analysis.scale import compare_scale
from smartstart.workspace import Workspace, find_workspace

GAIN = 0.9  # points of the made-up scale, which spreads by about 0.6


@pytest.fixture(scope="module")
def town(demo_played: Any) -> Workspace:
    return find_workspace(demo_played.folder / "workspace")


@pytest.fixture(scope="module")
def data(town: Workspace) -> TrialData:
    return read_trial(town)


def plan(town: Workspace) -> Plan:
    return replace(plan_of(town.programme, town.instruments), rerandomisations=199, imputations=5)


def changed(data: TrialData, change: Callable[[Drawn], Drawn]) -> TrialData:
    return replace(data, women=tuple(change(woman) for woman in data.women))


def gaining(woman: Drawn) -> Drawn:
    """Return her with GAIN points more at the later waves, if she was drawn for the offer."""

    def more(row: dict[str, Any]) -> dict[str, Any]:
        helped = woman.arm == "offer" and row["moment"] != "nulmeting"
        return row | {"score": row["score"] + GAIN * helped}

    return replace(woman, scales={name: [more(row) for row in rows] for name, rows in woman.scales.items()})


def primary(town: Workspace, data: TrialData) -> Any:
    return analyse(data, town.programme, town.instruments, plan(town)).outcomes[0]


def test_a_planted_gain_on_the_scale_comes_back_in_every_analysis_of_it(town: Workspace, data: TrialData) -> None:
    outcome = primary(town, changed(data, gaining))
    sign = 1 if data.compared[0] == "offer" else -1
    before = sign * primary(town, data).comparison.effects.measures["mean_difference"].main.estimate
    main = outcome.comparison.effects.measures["mean_difference"].main
    assert sign * main.estimate == pytest.approx(before + GAIN, abs=1e-9)
    assert main.lower < sign * GAIN < main.upper and outcome.comparison.randomised.p_value <= 0.02
    shift = outcome.comparison.shift
    assert shift.lower < sign * GAIN < shift.upper
    waves = next(one for one in outcome.beside if one.name == "all waves in one model")
    assert waves.estimate.lower < sign * GAIN < waves.estimate.upper


def test_placements_that_the_offer_prevents_come_back(town: Workspace, data: TrialData) -> None:
    def placed(woman: Drawn) -> Drawn:
        """Every woman followed, and the child placed of every other woman without the offer and of none with it."""
        happened = woman.arm != "offer" and woman.place % 2 == 0
        born = data.as_of - timedelta(days=900)
        row = woman.outcomes[24] | {"children": 1, "born_on": born, "followed_until": data.as_of, "lost": False}
        row |= {"placed_on": born + timedelta(days=99) if happened else None, "placed_unknown": False}
        row |= {name: True for name in row if "known" in name and name != "placed_unknown"}
        row |= dict.fromkeys(("uhp", "uhp_rivm", "later_uhp"), happened)
        return replace(woman, outcomes={**woman.outcomes, 24: row})

    found = analyse(changed(data, placed), town.programme, town.instruments, plan(town)).outcomes[1].comparison
    assert found is not None
    sign = 1 if data.compared[0] == "offer" else -1
    control = sum(woman.place % 2 == 0 for woman in data.women if woman.arm != "offer")
    truth = -control / sum(woman.arm != "offer" for woman in data.women)
    measure = found.effects.measures["risk_difference"]
    assert sign * measure.unadjusted.estimate == pytest.approx(truth)
    assert measure.main.lower < sign * truth < measure.main.upper
    assert found.effects.significance.p_value < 0.01 and found.randomised is not None
    assert found.randomised.p_value < 0.02


def test_without_an_effect_the_interval_covers_none_and_p_is_small_as_seldom_as_promised(
    town: Workspace, data: TrialData
) -> None:
    """The made-up outcomes do not know the arms: they stay as they are when the arms are drawn again."""
    stated, planned = plan(town), plan(town).comparisons[0]
    values = compared(data.women, value_of(town.programme, planned, data.as_of)).due()
    sample = sample_of(
        values, stated, treated=data.compared[0], labels=data.labels, dimension=planned.outcome, prognostic=False
    )
    draws = data.scheme_of(values.women).draws(400, seed=5)
    small = covered = 0
    for treated in draws:
        again = replace(sample, treated=treated, stratum=None).known()
        found = compare_scale(again, everyone=again, imputations=0, seed=0)
        main = found.measures["mean_difference"].main
        covered += main.lower <= 0 <= main.upper
        small += found.significance.p_value <= 0.05
    least, most = stats.binom.ppf([0.0005, 0.9995], 400, 0.05)
    assert least <= small <= most and small == 400 - covered


def test_which_arm_is_x_changes_nothing_but_the_sign(town: Workspace, data: TrialData) -> None:
    other = replace(data, compared=data.compared[::-1], redraws=replace(data.redraws, swapped=not data.redraws.swapped))
    for one, two in zip(
        analyse(data, town.programme, town.instruments, plan(town)).outcomes,
        analyse(other, town.programme, town.instruments, plan(town)).outcomes,
        strict=True,
    ):
        here, there = one.comparison, two.comparison
        if here is None or there is None:  # keys are made up anew: sometimes an arm has nobody who was followed so long
            assert here is there and one.planned.kind == "event"
            continue
        assert here.randomised is not None and there.randomised is not None
        name = "mean_difference" if one.planned.kind == "scale" else "risk_difference"
        first, second = here.effects.measures[name].main, there.effects.measures[name].main
        assert first.estimate == pytest.approx(-second.estimate, abs=1e-9)
        assert (first.lower, first.upper) == pytest.approx((-second.upper, -second.lower), abs=1e-6)
        assert here.randomised.p_value == pytest.approx(there.randomised.p_value)
        assert here.effects.significance.p_value == pytest.approx(there.effects.significance.p_value)
        if here.effects.imputed and there.effects.imputed:
            assert here.effects.imputed.estimate == pytest.approx(-there.effects.imputed.estimate, abs=1e-9)


def test_the_order_in_which_women_stand_in_the_warehouse_changes_nothing(town: Workspace, data: TrialData) -> None:
    other = replace(data, women=tuple(reversed(data.women)))
    one, two = primary(town, data).comparison, primary(town, other).comparison
    assert one.effects.measures["mean_difference"].main.estimate == pytest.approx(
        two.effects.measures["mean_difference"].main.estimate
    )


def test_a_later_answer_and_a_woman_who_moved_are_missing_and_not_nought(town: Workspace, data: TrialData) -> None:
    first = next(woman for woman in data.women if _answers(woman))

    def late(woman: Drawn) -> Drawn:
        if woman.place != first.place:
            return woman
        rows = [
            row | {"filled_on": row["filled_on"] + timedelta(days=150)} if row["moment"] == "eindmeting" else row
            for row in woman.scales["welbevinden"]
        ]
        gone = {m: row | {"known": False, "children": 1, "lost": True} for m, row in woman.outcomes.items()}
        return replace(woman, scales=dict(woman.scales) | {"welbevinden": rows}, outcomes=gone)

    found = analyse(changed(data, late), town.programme, town.instruments, plan(town)).outcomes
    assert "answered outside the window" in {one.reason for one in found[0].missing}
    assert "moved away" in {one.reason for one in found[1].missing}


def test_a_loss_counts_as_no_placement_once_the_month_has_come(town: Workspace, data: TrialData) -> None:
    early = [woman for woman in data.women if "pregnancy_ended" in woman.told.facts] or [
        replace(data.women[0], told=replace(data.women[0].told, facts=frozenset({"pregnancy_ended"})))
    ]
    woman = early[0]
    row = woman.outcomes[24] | {"known": False, "children": 0, "born_on": None}
    value = value_of(town.programme, plan(town).comparisons[1], data.as_of)
    due = data.as_of - timedelta(days=800)
    assert value(replace(woman, outcomes={24: row | {"due_date": due}})) == (0.0, None)
    soon = value(replace(woman, outcomes={24: row | {"due_date": data.as_of - timedelta(days=100)}}))
    assert np.isnan(soon[0]) and soon[1] == "not followed so long yet"


def _answers(woman: Drawn) -> bool:
    row = next((r for r in woman.scales.get("welbevinden", ()) if r["moment"] == "eindmeting"), None)
    return row is not None and row["born_on"] is not None
