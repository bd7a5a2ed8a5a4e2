"""Scales: the answers to an instrument's items become one value per dimension and questionnaire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from smartstart.programme.instruments import TOTAL

if TYPE_CHECKING:
    from smartstart.programme.instruments import Instrument

SCALES = {
    "person_id": pl.String, "moment": pl.String, "filled_on": pl.Date, "instrument": pl.String,
    "dimension": pl.String, "answered": pl.UInt32, "score": pl.Float64,
}  # fmt: skip
_QUESTIONNAIRE = ("person_id", "moment", "filled_on", "instrument")


def score_scales(answers: pl.DataFrame, instruments: Iterable[Instrument]) -> pl.DataFrame:
    """Return SCALES: per questionnaire and dimension the number of ``answered`` items and the ``score``.

    ``answers`` has person_id, moment, filled_on, instrument, item and answer (a whole number), each item once.
    The score is the mean of the answered items, reversed ones turned round (minimum + maximum - answer), on the
    items' own scale; null when fewer items of the dimension are answered than the instrument asks for. Where it has a
    total, that is the mean of all its items, an unanswered one counting as the mean of its dimension; null unless all
    dimensions have a score.
    """
    return pl.concat([pl.DataFrame(schema=SCALES), *(_score(answers, instrument) for instrument in instruments)])


def _score(answers: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    items = pl.DataFrame([vars(item) for item in instrument.items], infer_schema_length=None)
    least = {dimension: instrument.least(dimension) for dimension in instrument.dimensions}
    items = items.with_columns(pl.col("dimension").replace_strict(least, return_dtype=pl.UInt32).alias("least"))
    turned = pl.when("reversed").then(pl.col("minimum") + pl.col("maximum") - pl.col("answer")).otherwise("answer")
    enough = pl.len() >= pl.col("least").first()
    scored = (
        answers.filter(pl.col("instrument") == instrument.instrument)
        .join(items, on="item")
        .group_by(*_QUESTIONNAIRE, "dimension")
        .agg(pl.len().cast(pl.UInt32).alias("answered"), pl.when(enough).then(turned.mean()).alias("score"))
    )
    if instrument.total == "all_dimensions":
        scored = pl.concat([scored, _total(scored, instrument).select(scored.columns)])
    return scored.sort("person_id", "moment", "filled_on", "dimension").select(list(SCALES))


def _total(scored: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    sizes = {dimension: len(items) for dimension, items in instrument.dimensions.items()}
    items = pl.col("dimension").replace_strict(sizes, return_dtype=pl.Float64)
    every = pl.col("score").count() == len(sizes)  # counts what is not null
    return scored.group_by(*_QUESTIONNAIRE).agg(
        pl.lit(TOTAL).alias("dimension"),
        pl.col("answered").sum(),
        pl.when(every).then((pl.col("score") * items).sum() / sum(sizes.values())).alias("score"),
    )
