"""The count of the four factors: a missing factor is missing, not absent."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from smartstart.risk.factor_count import FACTORS, bands, count_factors


@pytest.mark.parametrize(
    ("factors", "present", "known", "all_four", "band"),
    [
        ((True, True, True, True), 4, 4, True, "2+"),
        ((False, False, False, False), 0, 4, False, "0–1"),
        ((True, False, False, False), 1, 4, False, "0–1"),
        ((True, True, None, None), 2, 2, None, "2+"),
        ((True, None, False, False), 1, 3, False, "unknown"),
        ((None, None, None, None), 0, 0, None, "unknown"),
        ((False, None, False, False), 0, 3, False, "0–1"),
        ((False, None, None, False), 0, 2, False, "unknown"),
    ],
)
def test_the_band_is_the_one_in_which_both_bounds_fall(
    factors: tuple[bool | None, ...], present: int, known: int, all_four: bool | None, band: str
) -> None:
    frame = pl.DataFrame([factors], schema=dict.fromkeys(FACTORS, pl.Boolean), orient="row")
    row = count_factors(frame, 2).row(0, named=True)
    assert (row["present"], row["known"], row["all_four"], row["risk_band"]) == (present, known, all_four, band)


@pytest.mark.parametrize("band_from", [1, 2, 3, 4])
def test_the_bands_agree_with_filling_in_the_missing_in_every_way(band_from: int) -> None:
    low, high = bands(band_from)
    for factors in product([True, False, None], repeat=4):
        frame = pl.DataFrame([factors], schema=dict.fromkeys(FACTORS, pl.Boolean), orient="row")
        ways = product(*([f] if f is not None else [True, False] for f in factors))
        possible = {high if sum(way) >= band_from else low for way in ways}
        expected = possible.pop() if len(possible) == 1 else "unknown"
        assert count_factors(frame, band_from)["risk_band"][0] == expected
