"""Instruments by their definition: what is scored, when a questionnaire counts, and who got better by enough."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from smartstart.errors import UsageError
from smartstart.programme.instruments import ImportantDifference, Instrument, load_instrument
from smartstart.programme.loading import load_programme
from smartstart.programme.sections import Wave
from smartstart.register.scales import score_scales
from smartstart.resources import shipped
from smartstart.trial.analysis.instruments import months_after, responders, score, timing_of

FILE = shipped("configs") / "instruments" / "ph22.yaml"
PH22 = load_instrument(FILE)
DOMAINS = {"physical_fitness": 5, "contentment": 9, "daily_life_management": 5, "future_perspective": 3}
WAVES = {"tussenmeting": Wave(3, -14, 42, -14, 42), "eindmeting": Wave(12, -14, 42, -30, 91)}


def answers(**by_domain: list[int]) -> dict[str, int | None]:
    """The first items of each domain answered so, the others not."""
    return {
        item.item: value
        for dimension, values in by_domain.items()
        for item, value in zip(PH22.dimensions[dimension], values, strict=False)
    }


def altered(tmp_path: Path, change: Callable[[Any], Any]) -> Path:
    raw = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(raw)
    path = tmp_path / "ph22.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    return path


def test_ph22_has_22_items_in_four_domains_and_no_texts() -> None:
    assert {dimension: len(items) for dimension, items in PH22.dimensions.items()} == DOMAINS
    assert [item.item for item in PH22.items] == [f"ph22_{number:02}" for number in range(1, 23)]
    assert PH22.total == "all_dimensions" and "pregnancy" in PH22.caution and PH22.important_difference == {}


def test_half_of_a_domain_must_be_answered_and_of_three_items_two() -> None:
    assert {dimension: PH22.least(dimension) for dimension in DOMAINS} == {
        "physical_fitness": 3, "contentment": 5, "daily_life_management": 3, "future_perspective": 2,
    }  # fmt: skip
    assert score(answers(future_perspective=[4]), PH22)["future_perspective"].score is None
    assert score(answers(future_perspective=[4, 7]), PH22)["future_perspective"].score == 5.5
    assert score(answers(contentment=[8] * 4), PH22)["contentment"].score is None
    assert score(answers(contentment=[8] * 5), PH22)["contentment"].answered == 5


def test_there_is_a_total_only_when_all_domains_are_scored() -> None:
    full = {"physical_fitness": [5] * 5, "contentment": [8] * 9, "daily_life_management": [6] * 5}
    assert score(answers(**full, future_perspective=[9]), PH22)["total"].score is None
    found = score(answers(**full, future_perspective=[9, 9, 9]), PH22)["total"]
    assert found.answered == 22 and found.score == pytest.approx((25 + 72 + 30 + 27) / 22)
    fewer = score(answers(**full, future_perspective=[9, 9]), PH22)["total"]
    assert fewer.answered == 21 and fewer.score == found.score  # the missing item counts as the mean of its domain


def test_nothing_answered_is_no_score_and_never_nought() -> None:
    assert all(one.score is None and one.answered == 0 for one in score({}, PH22).values())
    assert score({"ph22_20": None, "ph22_21": 0, "ph22_22": 0}, PH22)["future_perspective"].score == 0


def test_an_answer_outside_its_range_is_refused() -> None:
    with pytest.raises(UsageError, match="'ph22_01' lies outside 0 to 10"):
        score({"ph22_01": 11}, PH22)


@pytest.mark.parametrize("path", sorted(FILE.parent.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_register_and_a_single_questionnaire_are_scored_alike(path: Path) -> None:
    instrument, dice = load_instrument(path), random.Random(5)
    rows, expected = [], {}
    for number in range(200):
        share = dice.choice([0.3, 0.6, 0.95, 1.0])
        hers = {i.item: dice.randint(i.minimum, i.maximum) for i in instrument.items if dice.random() < share}
        key = (f"M{number}", "nulmeting", date(2024, 1, 1), instrument.instrument)
        rows += [(*key, item, answer) for item, answer in hers.items()]
        expected |= {
            (key[0], one.dimension): (one.answered, one.score)
            for one in score(hers, instrument).values()
            if one.answered
        }
    columns = ["person_id", "moment", "filled_on", "instrument", "item", "answer"]
    scored = score_scales(pl.DataFrame(rows, schema=columns, orient="row"), [instrument])
    found = {(person, dimension): (n, value) for person, _, _, _, dimension, n, value in scored.iter_rows()}
    assert found.keys() == expected.keys()
    assert any(value is None for _, value in found.values())
    for key, (n, value) in found.items():
        assert n == expected[key][0] and value == pytest.approx(expected[key][1])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda raw: raw["least_answered"].update(future=2), "'future' is no dimension of the items"),
        (lambda raw: raw["least_answered"].update(future_perspective=4), "must lie from 1 to 3 items"),
        (lambda raw: raw["items"].append(dict(raw["items"][0])), "items: each is named once"),
        (lambda raw: raw["items"][0].update(maximum=5), "different ranges"),
        (lambda raw: raw["items"][0].update(maximum=0), "minimum must lie below maximum"),
        (lambda raw: raw["items"][0].update(dimension="total"), "'total' is the name of the dimension of all items"),
        (lambda raw: raw["items"][0].update(item="PH 22"), "begin with a small letter"),
        (lambda raw: raw["items"][0].update(item='x"; DROP TABLE ledger; --'), "begin with a small letter"),
        (lambda raw: raw["items"][0].update(dimension="=1+1"), "begin with a small letter"),
        (lambda raw: raw.update(instrument="../ph22"), "begin with a small letter"),
        (lambda raw: raw.update(share_answered=50), "share_answered: must lie from 0 to 1"),
        (lambda raw: raw.update(total="yes"), "total: must be one of all_dimensions, none"),
        (lambda raw: raw.update(important_difference={"total": {"points": 0.5, "source": " "}}), "with their source"),
        (lambda raw: raw.update(important_difference={"x": {"points": 1, "source": "s"}}), "'x' is no dimension"),
    ],
)
def test_a_mistake_in_a_definition_is_refused_by_its_place(
    tmp_path: Path, change: Callable[[Any], Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        load_instrument(altered(tmp_path, change))


def test_an_important_difference_is_given_with_its_source(tmp_path: Path) -> None:
    given = {"total": {"points": 0.5, "source": "a made-up paper"}}
    found: Instrument = load_instrument(altered(tmp_path, lambda raw: raw.update(important_difference=given)))
    assert found.important_difference == {"total": ImportantDifference(0.5, "a made-up paper")}


@pytest.mark.parametrize(
    ("days_from_due", "months", "wave", "verdict"),
    [
        (-15, 3, "tussenmeting", "early"),
        (-14, 3, "tussenmeting", "in_window"),
        (42, 3, "tussenmeting", "in_window"),
        (43, 3, "tussenmeting", "late"),
        (-31, 12, "eindmeting", "early"),
        (-30, 12, "eindmeting", "in_window"),
        (91, 12, "eindmeting", "in_window"),
        (92, 12, "eindmeting", "late"),
    ],
)
def test_a_wave_counts_from_and_until_its_days_after_the_birth(
    days_from_due: int, months: int, wave: str, verdict: str
) -> None:
    born_on = date(2024, 2, 29)
    filled_on = months_after(born_on, months) + timedelta(days=days_from_due)
    assert timing_of(born_on, filled_on, WAVES[wave]) == verdict


def test_the_windows_of_the_shipped_programmes_are_those_of_the_analysis() -> None:
    for path in sorted((shipped("configs") / "programmes").glob("*.yaml")):
        found = load_programme(path).questionnaires
        assert (found.tussenmeting.counts, found.eindmeting.counts) == ((-14, 42), (-30, 91))
    assert Wave(3, -14, 42).counts == (-14, 42)  # a programme of before keeps the days of its list


def test_a_month_is_counted_as_the_register_counts_it() -> None:
    import duckdb

    for day in (date(2024, 1, 31), date(2023, 11, 30), date(2024, 2, 29), date(2024, 12, 1)):
        for months in (3, 12, 60):
            row = duckdb.execute("SELECT CAST($1 + $2 * INTERVAL '1' MONTH AS DATE)", [day, months]).fetchone()
            assert row == (months_after(day, months),)


def test_a_woman_whose_change_is_not_known_did_not_respond_and_did_not_fail_to() -> None:
    found = responders(np.array([0.5, 0.49, np.nan, 2.0]), 0.5)
    assert found.responded.tolist() == [True, False, False, True]
    assert found.known.tolist() == [True, True, False, True]
    with pytest.raises(UsageError, match="above 0"):
        responders(np.array([1.0]), 0)
