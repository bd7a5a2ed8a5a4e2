"""The figures of a risk model: each has its table, says in words what it shows, and draws nobody by herself."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib
import numpy as np
import pytest
from made_up_evaluation import EVENTS, N, evaluation, instability, interval, learning_curve, monitoring, threshold

from smartstart.report.released_evaluation import put_together, released_evaluation, wilson, without_tails
from smartstart.report.risk_figures import FIGURES, WIDTH, flagged_table, flagged_words
from smartstart.risk.evaluation import evaluate
from smartstart.risk.factor_count import CAUTION

SVG = "{http://www.w3.org/2000/svg}"


def values_of(name: str) -> Any:
    return {"instability": instability(), "learning": learning_curve(), "drift": monitoring()}.get(name) or evaluation()


@pytest.fixture(params=list(FIGURES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_figure_has_its_table_with_a_caption_and_whole_rows(name: str) -> None:
    table = FIGURES[name].table(values_of(name))
    assert table.caption
    assert table.rows
    assert all(len(row) == len(table.heads) for row in table.rows)
    assert all(isinstance(cell, str) and "nan" not in cell for row in table.rows for cell in row)


def test_every_figure_is_well_formed_named_and_described_for_who_cannot_see_it(name: str) -> None:
    root = ET.fromstring(FIGURES[name].draw(values_of(name)))
    assert root.attrib["role"] == "img"
    title, desc = root.attrib["aria-labelledby"].split()
    assert root.find(f"{SVG}title[@id='{title}']").text == FIGURES[name].title  # type: ignore[union-attr]
    words = root.find(f"{SVG}desc[@id='{desc}']").text or ""  # type: ignore[union-attr]
    assert words.endswith(CAUTION)
    assert len(words) > len(CAUTION) + 20


def test_words_in_a_figure_are_text_in_any_sans_serif_and_nothing_is_loaded(name: str) -> None:
    svg = FIGURES[name].draw(values_of(name))
    assert "<text" in svg
    assert "DejaVu" not in svg
    assert not re.search(r"<(style|script|image|metadata)|<!DOCTYPE|<\?xml", svg)
    assert not re.search(r'href="(?!#)', svg)
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]+"', "", svg)


def test_the_same_values_give_the_same_bytes_whatever_a_user_set_and_leave_the_settings_alone(name: str) -> None:
    first = FIGURES[name].draw(values_of(name))
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "path"}):
        assert FIGURES[name].draw(values_of(name)) == first
        assert matplotlib.rcParams["font.size"] == 30


def test_two_figures_on_one_page_share_no_id() -> None:
    ids = [one for name in FIGURES for one in re.findall(r' id="([^"]+)"', FIGURES[name].draw(values_of(name)))]
    assert len(ids) == len(set(ids))


def test_lines_that_differ_in_colour_differ_in_form_too() -> None:
    svg = FIGURES["decision"].draw(evaluation())
    dashes = set(re.findall(r"stroke-dasharray: ([^;\"]+)", svg))
    assert len(dashes) >= 3  # offer to all, the count, the logistic; the model is whole
    bars = FIGURES["flagged"].draw(evaluation())
    assert "<pattern" in bars  # wrongly flagged is hatched


def test_a_figure_is_narrow_enough_for_a_telephone() -> None:
    assert WIDTH * 72 <= 390


def test_a_name_from_outside_is_text_and_nothing_else() -> None:
    made = monitoring()
    made["predictors"][0]["name"] = "<script>$x^2$ & co"
    svg = FIGURES["drift"].draw(made)
    assert "<script" not in svg
    assert any("$x^2$ & co" in (one.text or "") for one in ET.fromstring(svg).iter(f"{SVG}text"))


def test_a_model_of_which_little_is_known_can_be_drawn_still() -> None:
    nothing = {"estimate": None, "lower": None, "upper": None}
    made = evaluation() | {
        "n": 60,
        "events": 2,
        "auroc": nothing,
        "thresholds": [threshold(0.1, 1, 60, 2)],
        "calibration_curve": [],
        "calibration_groups": [{"risk": 0.03, "observed": 0.03, "lower": 0, "upper": 0.1, "n": 60, "events": 2}],
        "decision_curve": [],
        "baselines": {},
    }
    for name in ("calibration", "decision", "flagged", "comparison"):
        ET.fromstring(FIGURES[name].draw(made))
        FIGURES[name].table(made)
    for name in ("instability", "learning"):
        ET.fromstring(FIGURES[name].draw(()))
    ET.fromstring(FIGURES["drift"].draw({"predictors": [], "women": 0}))


# --- what may leave ---------------------------------------------------------------------------------------


def test_groups_of_calibration_are_put_together_until_ten_were_placed_in_each() -> None:
    groups = put_together(evaluation()["calibration_groups"])
    assert all(group["events"] >= 10 for group in groups)
    assert sum(group["events"] for group in groups) == EVENTS
    assert sum(group["n"] for group in groups) == 8140
    assert groups[0]["n"] == 3 * 814
    assert groups[0]["observed"] == pytest.approx(13 / 2442)


def test_a_last_group_that_is_too_small_joins_the_one_before_and_too_few_give_none() -> None:
    rows = [{"risk": 0.1, "n": 50, "events": 12}, {"risk": 0.5, "n": 6, "events": 4}]
    [group] = put_together(rows)
    assert (group["n"], group["events"]) == (56, 16)
    assert group["risk"] == pytest.approx((5 + 3) / 56)
    assert put_together(rows[1:]) == []


def test_a_curve_stops_where_fewer_than_ten_children_are_left() -> None:
    curve = [{"risk": place / 10, "observed": 0.1, "density": many} for place, many in enumerate((4, 8, 60, 20, 6, 2))]
    assert [point["risk"] for point in without_tails(curve, 100)] == [0.1, 0.2, 0.3]
    assert without_tails([], 100) == []


def test_a_threshold_that_found_fewer_than_ten_gives_only_a_bound() -> None:
    few, enough = released_evaluation(evaluation())["thresholds"][:2]
    assert few["ppv"] is few["sensitivity"] is few["false_positive_share"] is few["ppv_lower"] is None
    assert few["ppv_below"] == 0.13  # ten of the 81 flagged are 12.3 %
    assert enough["ppv"] == 0.12  # 48 of 407, in whole percents: the exact share would give the 48 away
    table = flagged_table(evaluation())
    assert table.rows[0][1:] == ("80", "under 13", "over 87", "under 5")


def test_the_price_of_a_threshold_is_said_in_plain_words() -> None:
    few, _, tenth, *_ = released_evaluation(evaluation())["thresholds"]
    assert flagged_words(tenth) == "Of 100 children flagged, 91 did not have the outcome in that time"
    assert flagged_words(few) == "Of 100 children flagged, more than 87 did not have the outcome in that time"


def test_a_hidden_cell_of_a_breakdown_hides_its_column() -> None:
    groups = {row["group"]: row for row in released_evaluation(evaluation())["groups"]}
    assert groups["other"]["events"] is groups["Dutch"]["events"] is None
    assert (groups["under 20"]["events"], groups["20 to 27"]["events"]) == (50, 140)
    assert (groups["other"]["selection_rate"], groups["other"]["selection_rate_below"]) == (None, 0.05)


def test_counts_of_what_may_leave_are_rounded_and_releasing_twice_changes_nothing() -> None:
    once = released_evaluation(evaluation())
    assert (once["n"], once["events"]) == (8140, 215)
    assert once["baselines"]["factor_count"]["n"] == 8140
    assert released_evaluation(once) == once
    assert N % 5  # what went in was not round


def test_wilsons_interval_is_the_published_one() -> None:
    share, lower, upper = wilson(81, 263)  # Newcombe 1998: 0.2553 to 0.3662
    assert (round(share, 4), round(lower, 4), round(upper, 4)) == (0.3080, 0.2553, 0.3662)


def test_an_interval_without_limits_is_an_estimate_alone() -> None:
    made = evaluation() | {"ici": {"estimate": 0.002, "lower": None, "upper": None}, "auroc": interval(0.7, 0.1)}
    rows = {row[0]: row[1] for row in FIGURES["comparison"].table(made).rows}
    assert rows["ICI"] == "0.0020"
    assert rows["AUROC"].replace("\u00a0", " ") == "0.700 (0.600 to 0.800)"


def test_a_group_of_which_hardly_anything_is_known_shows_no_share() -> None:
    made = evaluation()
    made["groups"] = [made["groups"][4] | {"n": 9, "events": 0, "selection_rate_lower": 0.1}, made["groups"][3]]
    few, many = released_evaluation(made)["groups"]
    assert few["n"] is few["selection_rate"] is few["selection_rate_lower"] is few["missing_share"] is many["n"] is None
    assert many["selection_rate"] == 0.10


def test_what_evaluate_gives_can_be_drawn() -> None:
    rng = np.random.default_rng(1)
    risk = rng.beta(1, 30, 1500)
    event = rng.random(1500) < risk
    judged = evaluate("m", 60, event, risk, np.arange(1500), [0.05], np.random.default_rng(2), replicates=60).as_dict()
    for name in ("calibration", "decision", "flagged", "comparison"):
        ET.fromstring(FIGURES[name].draw(judged))
        assert FIGURES[name].table(judged).rows
