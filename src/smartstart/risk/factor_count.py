"""The pilot's four factors, counted. The count is an assumption of ours; the pilot named them as one profile.

Children in the risk group can grow up without problems, and placements happen in other families too.
"""

from __future__ import annotations

from itertools import pairwise

import polars as pl

FACTORS = ("alone", "without_work", "young_at_first_child", "rent_allowance")
UNKNOWN_BAND = "unknown"
NO_SCORE_BAND = "none"  # the one band of a programme without a score
CAUTION = "Children in the risk group can grow up without problems, and placements happen in other families too."


def count_factors(factors: pl.DataFrame, band_from: int) -> pl.DataFrame:
    """Add ``present``, ``known``, ``all_four`` and ``risk_band`` to a frame with the four FACTORS (true, false, null).

    ``present`` counts factors that are true, ``known`` those that are not null (0 to 4). A missing factor is
    missing, not absent: the band is the one in which both bounds (all missing ones absent, all present) fall, and
    ``unknown`` where they disagree. ``all_four`` is null while it can still turn out either way.
    """
    present = pl.sum_horizontal(pl.col(name).fill_null(value=False).cast(pl.Int32) for name in FACTORS)
    known = pl.sum_horizontal(pl.col(name).is_not_null().cast(pl.Int32) for name in FACTORS)
    most = present + len(FACTORS) - known
    low, high = bands(band_from)
    return factors.with_columns(
        present.alias("present"),
        known.alias("known"),
        pl.when(present == len(FACTORS))
        .then(pl.lit(value=True))
        .when(most < len(FACTORS))
        .then(pl.lit(value=False))
        .alias("all_four"),
        pl.when(present >= band_from)
        .then(pl.lit(high))
        .when(most < band_from)
        .then(pl.lit(low))
        .otherwise(pl.lit(UNKNOWN_BAND))
        .alias("risk_band"),
    )


def bands(band_from: int) -> tuple[str, str]:
    """Return the names of the lower and the higher band: ``0–1`` and ``2+`` when the higher begins at 2."""
    return ("0" if band_from == 1 else f"0–{band_from - 1}"), f"{band_from}+"


def risk_bands(risks: tuple[float, ...]) -> tuple[str, ...]:
    """Return the names of the bands that a model's risk falls in: ``<3%``, ``3–5%``, ``5%+`` for 0.03 and 0.05."""
    named = [f"{100 * risk:g}" for risk in risks]
    between = [f"{low}–{high}%" for low, high in pairwise(named)]
    return (f"<{named[0]}%", *between, f"{named[-1]}%+")
