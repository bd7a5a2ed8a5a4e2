"""Scales: the mean of the answered items of a dimension, if enough of them are answered."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from smartstart.programme.instruments import Instrument, Item
from smartstart.register.scales import SCALES, score_scales

ITEMS = (
    Item("a", "wellbeing", 1, 5, reversed=False),
    Item("b", "wellbeing", 1, 5, reversed=False),
    Item("c", "wellbeing", 1, 5, reversed=True),
    Item("d", "resilience", 0, 10, reversed=False),
)
INSTRUMENT = Instrument("made-up", "Made up", ITEMS, 0.5)


def scores(**answers: int) -> dict[str, float | None]:
    of_one = {"person_id": "M1", "moment": "nulmeting", "filled_on": date(2024, 1, 1), "instrument": "made-up"}
    rows = [of_one | {"item": item, "answer": answer} for item, answer in answers.items()]
    found = score_scales(pl.DataFrame(rows), [INSTRUMENT])
    assert found.schema == pl.Schema(SCALES)
    return dict(found.select("dimension", "score").rows())


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"a": 1, "b": 3, "c": 5}, {"wellbeing": (1 + 3 + 1) / 3}),
        ({"a": 2, "c": 2}, {"wellbeing": 3.0}),
        ({"a": 5}, {"wellbeing": None}),
        ({"a": 4, "b": 4, "d": 0}, {"wellbeing": 4.0, "resilience": 0.0}),
    ],
)
def test_a_dimension_is_the_mean_of_its_answered_items_if_half_are(
    answers: dict[str, int], expected: dict[str, float | None]
) -> None:
    assert scores(**answers) == pytest.approx(expected)


def test_an_instrument_that_is_not_in_use_is_not_scored() -> None:
    other = Instrument("other", "Other", ITEMS, 0.5)
    rows = pl.DataFrame(
        [("M1", "nulmeting", date(2024, 1, 1), "made-up", "a", 1)],
        schema=["person_id", "moment", "filled_on", "instrument", "item", "answer"],
        orient="row",
    )
    assert score_scales(rows, [other]).is_empty() and score_scales(rows, []).is_empty()
