"""What the offer costs and may save: break-even, discounting, and a probability that another way confirms."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from smartstart.costing import reckon
from smartstart.errors import UsageError
from smartstart.programme.loading import load_programme, programme_file
from smartstart.support.costs import Prices, budget_effect

PLAIN = Prices(offer=1_000, placement_a_year=90_000, years=1, discount_rate=0)
STATED = {
    "offer_per_woman": 2500.0, "offer_source": "een verzonnen begroting", "placement": 90000.0,
    "placement_source": "een bericht in de krant, zonder bron [A]", "price_year": 2024, "placement_years": 2.5,
    "discount_rate": 0.03, "owner": "financiën", "reason": "verzonnen",
}  # fmt: skip


def probability(prices: Prices, treated: tuple[int, int], control: tuple[int, int]) -> float:
    """The probability that it pays, by numerical integration: another way than simulation."""
    t, c = (stats.beta(0.5 + events, 0.5 + women - events) for events, women in (treated, control))
    found, _ = integrate.quad(
        lambda risk: t.pdf(risk) * c.sf(risk + prices.break_even), 0, 1, points=[0.001, 0.01, 0.1]
    )
    return float(found)


@pytest.mark.parametrize(
    ("treated", "control"), [((2, 39), (9, 38)), ((5, 1000), (10, 1000)), ((61, 489), (87, 519)), ((1, 30), (1, 30))]
)
def test_the_probability_that_it_pays_agrees_with_numerical_integration(
    treated: tuple[int, int], control: tuple[int, int]
) -> None:
    found = budget_effect(PLAIN, treated, control).probability_pays
    assert found == pytest.approx(probability(PLAIN, treated, control), abs=0.006)


def test_the_mean_effect_is_that_of_the_two_posteriors() -> None:
    found = budget_effect(PLAIN, (2, 39), (9, 38))
    exact = 9.5 / 39 - 2.5 / 40
    assert found.risk_reduction.mean == pytest.approx(exact, abs=0.001)
    assert found.saving.mean == pytest.approx(exact * 90_000 - 1_000, abs=90)


@pytest.mark.parametrize(
    ("years", "rate", "value"),
    [(1, 0.03, 90_000), (2, 0, 180_000), (2, 0.03, 90_000 * (1 + 1 / 1.03)), (0.5, 0.03, 45_000),
     (2.5, 0.03, 90_000 * (1 + 1 / 1.03 + 0.5 / 1.0609))],
)  # fmt: skip
def test_a_placement_is_worth_its_years_each_from_its_beginning(years: float, rate: float, value: float) -> None:
    assert Prices(1, 90_000, years, rate).placement == pytest.approx(value)


@given(
    offer=st.floats(1, 1e5), placement=st.floats(1, 1e6), years=st.floats(0.1, 18), rate=st.floats(0, 0.2),
)  # fmt: skip
def test_at_break_even_nothing_is_saved_and_nothing_lost(
    offer: float, placement: float, years: float, rate: float
) -> None:
    prices = Prices(offer, placement, years, rate)
    assert prices.break_even * prices.placement == pytest.approx(offer)
    assert prices.placement <= placement * years * (1 + 1e-12)  # what comes later never counts for more


def test_the_tornado_moves_one_input_at_a_time_and_shows_the_widest_first() -> None:
    found = budget_effect(Prices(2_500, 90_000, 2, 0.03), (5, 1000), (10, 1000))
    by = {bar.name: bar for bar in found.bars}
    assert [bar.width for bar in found.bars] == sorted((bar.width for bar in found.bars), reverse=True)
    assert by["offer"].low - by["offer"].high == pytest.approx(0.5 * 2_500)
    assert by["effect"].low == pytest.approx(found.saving.lower, rel=1e-9)
    assert found.bars[0].name == "effect"  # with so few placements nothing matters as much as what is not known


def test_the_same_counts_give_the_same_answer() -> None:
    assert budget_effect(PLAIN, (2, 39), (9, 38)) == budget_effect(PLAIN, (2, 39), (9, 38))


def with_costs(folder: Path, **change: object) -> Path:
    stated = yaml.safe_load(programme_file("heusden").read_text("utf-8")) | {"costs": STATED | change}
    path = folder / "p.yaml"
    path.write_text(yaml.safe_dump(stated, allow_unicode=True), "utf-8")
    return path


def test_every_price_comes_with_its_source_and_year(tmp_path: Path) -> None:
    found = reckon(load_programme(with_costs(tmp_path)), "5/1000", "10/1000").as_dict()
    said = {one["price"]: one["source"] for one in found["sources"]}
    assert "krant" in said["placement, a year"] and "2024" in said["placement, a year"]
    assert found["prices"]["placement"] == pytest.approx(90_000 * (1 + 1 / 1.03 + 0.5 / 1.0609))
    missing = reckon(load_programme(with_costs(tmp_path, price_year=0)), "5/1000", "10/1000").as_dict()
    assert "year not stated" in str(missing["sources"])


@pytest.mark.parametrize(("treated", "control"), [("5", "1/2"), ("3/2", "1/2"), ("0/0", "1/2"), ("-1/4", "1/2")])
def test_counts_that_cannot_be_are_refused(tmp_path: Path, treated: str, control: str) -> None:
    with pytest.raises(UsageError, match="--counts"):
        reckon(load_programme(with_costs(tmp_path)), treated, control)


def test_without_prices_nothing_is_reckoned() -> None:
    with pytest.raises(UsageError, match="source and year"):
        reckon(load_programme(programme_file("heusden")), "5/1000", "10/1000")


@pytest.mark.parametrize("change", [{"placement_years": 0.0}, {"discount_rate": 0.5}, {"price_year": 24}])
def test_prices_that_cannot_be_are_refused_by_key(tmp_path: Path, change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(change))):
        load_programme(with_costs(tmp_path, **change))
