"""Scales: the answers to an instrument's items become one value per dimension and questionnaire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from smartstart.programme import Instrument

SCALES = {
    "person_id": pl.String, "moment": pl.String, "filled_on": pl.Date, "instrument": pl.String,
    "dimension": pl.String, "answered": pl.UInt32, "score": pl.Float64,
}  # fmt: skip


def score_scales(answers: pl.DataFrame, instruments: Iterable[Instrument]) -> pl.DataFrame:
    """Return SCALES: per questionnaire and dimension the number of ``answered`` items and the ``score``.

    ``answers`` has person_id, moment, filled_on, instrument, item and answer (a whole number), each item once.
    The score is the mean of the answered items, reversed ones turned round (minimum + maximum - answer), on the
    items' own scale; null when less than the instrument's share of the items of the dimension is answered.
    """
    return pl.concat([pl.DataFrame(schema=SCALES), *(_score(answers, instrument) for instrument in instruments)])


def _score(answers: pl.DataFrame, instrument: Instrument) -> pl.DataFrame:
    items = pl.DataFrame([vars(item) for item in instrument.items], infer_schema_length=None)
    items = items.with_columns(pl.len().over("dimension").alias("of"))
    turned = pl.when("reversed").then(pl.col("minimum") + pl.col("maximum") - pl.col("answer")).otherwise("answer")
    enough = pl.len() >= instrument.share_answered * pl.col("of").first()
    return (
        answers.filter(pl.col("instrument") == instrument.instrument)
        .join(items, on="item")
        .group_by("person_id", "moment", "filled_on", "instrument", "dimension")
        .agg(pl.len().cast(pl.UInt32).alias("answered"), pl.when(enough).then(turned.mean()).alias("score"))
        .sort("person_id", "moment", "filled_on", "dimension")
        .select(list(SCALES))
    )
