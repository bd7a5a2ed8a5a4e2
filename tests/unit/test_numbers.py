"""Numbers in words: each kind of thing is written in one way, and no number that is none is."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from smartstart import numbers
from smartstart.trial.analysis.records import Estimate

WRITTEN = (
    (numbers.fixed(-0.126, 2), "−0.13"),
    (numbers.fixed(nan, 2), "–"),
    (numbers.fixed(None, 2), "–"),
    (numbers.grouped(-12345.6), "−12,346"),
    (numbers.grouped(1234.56, 1), "1,234.6"),
    (numbers.spoken(2.04), "2"),
    (numbers.spoken(9.26), "9.3"),
    (numbers.spoken(1234.5), "1,234"),
    (numbers.short(-0.5), "−0.5"),
    (numbers.amount(-1234.0), "−1,234"),
    (numbers.amount(-0.1234), "−0.123"),
    (numbers.measured(-0.12345), "−0.1235"),
    (numbers.measured(1234.5), "1,234.50"),
    (numbers.measured(12345678.0), "1.23e+07"),
    (numbers.measured(inf), "no bound"),
    (numbers.measured(nan), "–"),
    (numbers.euros(-3000), "€ −3,000"),
    (numbers.percent(0.126), "13 %"),
    (numbers.percent(0.126, 1, numbers.JOINED), "12.6\u00a0%"),
    (numbers.percent(None), "–"),
    (numbers.percent_within(0.5, 0.25, 0.75), "50 % (25–75)"),
    (numbers.percent_within(None, None, None), "–"),
    (numbers.stated(0.07), "7 %"),
    (numbers.stated(0.0253, 2), "2.5 %"),
    (numbers.chance(0.00001), "less than 0.01 %"),
    (numbers.chance(0.9999), "more than 99.9 %"),
    (numbers.chance(0.0123), "1.23 %"),
    (numbers.chance(0.8), "80 %"),
    (numbers.p_value(0.00001), "< 0.0001"),
    (numbers.p_value(0.0005, 3), "< 0.001"),
    (numbers.p_value(0.25, 3), "0.250"),
    (numbers.p_value(nan), "–"),
    (numbers.estimate({"estimate": -1.5, "lower": -2, "upper": 0.5}, 1), "−1.5 (−2.0 to 0.5)"),
    (numbers.estimate({"estimate": 1.5, "lower": None, "upper": None}, 1), "1.5"),
    (numbers.estimate(None, 1), "–"),
    (numbers.hyphened(numbers.fixed(-1.5, 1)), "-1.5"),
    (numbers.dutch(numbers.fixed(1.5, 1)), "1,5"),
)


@pytest.mark.parametrize(("written", "so"), WRITTEN)
def test_a_number_is_written_so(written: str, so: str) -> None:
    assert written == so


def test_an_interval_says_where_it_has_no_end_and_where_it_is_none() -> None:
    one = Estimate(estimate=0.05, lower=-0.031, upper=0.12, se=0.04, level=0.95, method="", reference="")
    assert numbers.interval(one) == "−0.0310 to 0.1200"
    assert numbers.difference(one) == "+5 (−3 to +12)"
    assert numbers.interval(replace(one, upper=inf)) == "−0.0310 to no bound"
    assert numbers.interval(replace(one, lower=nan, upper=nan)) == "not defined"
