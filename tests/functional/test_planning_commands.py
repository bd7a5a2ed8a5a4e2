"""The commands ``trial power`` and ``trial plan``: what a project leader and her analyst read before the answer."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from harness import smartstart

from smartstart.planning_ahead import plan_trial
from smartstart.programme.loading import load_programme, programme_file

KEYS = {
    "per_arm", "women", "recruitment_years", "years", "detectable", "power_now", "assurance", "municipalities",
    "municipalities_needed", "saving", "inflation_factor", "assumptions",
}  # fmt: skip


def test_the_years_of_the_pilot_are_said_without_a_workspace(tmp_path: Path) -> None:
    done = smartstart("trial", "power", "--difference", "0.3", "--json")
    assert done.code == 0, done.err
    found = done.json
    assert set(found) >= KEYS
    assert (found["per_arm"], found["women"], found["municipalities_needed"]) == (175, 438, 4)
    assert found["recruitment_years"] == pytest.approx(11.2, abs=0.05)
    assert found["years"] == pytest.approx(12.7, abs=0.05)
    assert [row["municipalities"] for row in found["municipalities"]] == [1, 2, 5, 10, 20, 50]
    assert found["detectable"]["difference"] == pytest.approx(0.58, abs=0.01)
    said = " ".join(smartstart("trial", "power", "--difference", "0.3").out.split())
    assert "With 65 eligible women a year in one municipality" in said
    assert "about 11 years of recruitment and 1.5 more until the last answer" in said


def test_none_is_null_with_its_sentence() -> None:
    found = smartstart("trial", "power", "--risk", "0.01", "--lower-risk", "0.005", "--auc", "0.75", "--json").json
    assert found["per_arm"] == 4673
    assert found["detectable"]["risk"] is None
    assert "none. Even if the offer took the risk away altogether" in found["detectable"]["sentence"]
    assert 0.005 < found["saving"]["variance"] < 0.015
    assert found["saving"]["women"] > 0


def test_looks_take_the_inflation_of_their_boundaries() -> None:
    asked = ("trial", "power", "--difference", "0.3", "--looks", "2", "--spending", "pocock", "--json")
    assert smartstart(*asked).json["inflation_factor"] == pytest.approx(1.110, abs=0.001)
    assert smartstart(*asked).json["per_arm"] == 194


def test_what_was_answered_so_far_gives_the_power_now() -> None:
    found = smartstart("trial", "power", "--difference", "0.5", "--so-far", "128", "--json").json
    assert found["power_now"] == pytest.approx(0.8015, abs=0.0005)


@pytest.mark.parametrize(
    "wrong",
    [
        (), ("--difference", "0"), ("--difference", "nan"), ("--risk", "0.1"), ("--difference", "0.3", "--ratio", "x"),
        ("--difference", "0.3", "--ratio", "0:1"), ("--difference", "0.3", "--looks", "0"),
        ("--difference", "0.3", "--spending", "x", "--looks", "2"), ("--difference", "0.3", "--prior-mean", "0.2"),
        ("--difference", "0.3", "--out", "x.pdf"), ("--difference", "0.3", "--consent", "0"),
        ("--risk", "0.1", "--lower-risk", "0.05", "--auc", "1"), ("--difference", "0.3", "--years", "0"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_sentence(wrong: tuple[str, ...]) -> None:
    done = smartstart("trial", "power", *wrong)
    assert done.code == 2
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    assert "--" in done.err


@pytest.mark.parametrize(
    "asked",
    [
        ("--difference", "0.001"), ("--difference", "10"), ("--difference", "0.3", "--per-year", "0.1"),
        ("--risk", "0.9", "--lower-risk", "0"), ("--risk", "0.5", "--lower-risk", "0.49999"),
        ("--risk", "0.3", "--lower-risk", "0.1", "--ratio", "20:1"), ("--difference", "0.3", "--so-far", "1"),
        ("--risk", "0.3", "--lower-risk", "0.1", "--so-far", "0", "--prior-mean", "-0.5", "--prior-sd", "0"),
        ("--difference", "0.3", "--correlation", "0.999"),
        ("--risk", "0.01", "--lower-risk", "0.005", "--auc", "0.999"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("error")
def test_the_edges_of_what_can_be_asked_are_answered(asked: tuple[str, ...]) -> None:
    done = smartstart("trial", "power", *asked, "--json")
    assert done.code == 0, done.err
    assert done.json["per_arm"] >= 1


def test_a_design_is_planned_question_by_question_with_the_looks_of_its_primary_outcome() -> None:
    found = smartstart("trial", "plan", "--programme", "heusden", "--json").json
    with_baseline, without, event = found["questions"]
    assert all(set(one) >= KEYS for one in found["questions"])
    assert (with_baseline["per_arm"], without["per_arm"], event["per_arm"]) == (132, 176, 4673)
    assert with_baseline["inflation_factor"] == pytest.approx(1.004, abs=0.001)
    assert event["inflation_factor"] == 1.0
    assert with_baseline["saving"]["variance"] == 0.25
    assert (with_baseline["power_now"], found["drawn"]) == (None, None)
    assert event["years"] - event["recruitment_years"] == pytest.approx(2.5)  # the event is at 24 months
    assert all(text.startswith("[A] ") for one in found["questions"] for text in one["assumptions"])


def test_a_comparison_that_is_always_valid_has_its_price_said(tmp_path: Path) -> None:
    text = programme_file("heusden").read_text("utf-8").replace("spending: lan-demets-obf", "spending: always-valid")
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    primary = plan_trial(load_programme(path)).questions[0]
    assert "always valid takes 1." in " ".join(primary.question.assumptions())


def test_a_workspace_tells_what_can_be_known_by_now(empty: Path) -> None:
    found = smartstart("trial", "plan", "--json", w=empty).json
    assert found["drawn"] == 0
    assert [one["power_now"] for one in found["questions"]] == [0.0, 0.0, 0.0]


def test_the_women_drawn_are_counted_and_the_arms_never_apart(loaded: Path) -> None:
    drawn = sum(batch["allocated"] for batch in smartstart("status", "--json", w=loaded).json["batches"])
    found = smartstart("trial", "plan", "--json", w=loaded)
    assert found.json["drawn"] == drawn > 0
    assert [one["so_far"] for one in found.json["questions"]] == [0, 0, 0]
    assert "Women drawn so far" in smartstart("trial", "plan", w=loaded).out
    assert not re.search('care_as_usual|offer"', found.out)


class Read(HTMLParser):
    """What a screen reader finds on a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_the_page_has_a_figure_a_table_that_says_the_same_and_every_assumption(tmp_path: Path) -> None:
    pages = [tmp_path / name for name in ("a.html", "b.html")]
    for path in pages:
        assert smartstart("trial", "plan", "--programme", "heusden", "--out", path).code == 0
    assert pages[0].read_bytes() == pages[1].read_bytes()
    page = pages[0].read_text("utf-8")
    read = Read(page)
    assert read.tags.count("h1") == read.tags.count("figure") == 1
    assert not {"script", "img", "link"} & set(read.tags)
    assert read.tags.count("caption") == read.tags.count("table") == 2
    assert "about 8.5 years of recruitment and 1.5 more" in page
    assert page.count("[A] ") >= 8
    assert re.search(r"302\.1", page)


def test_the_tables_fit_eighty_columns() -> None:
    done = smartstart("trial", "plan", "--programme", "minimisation")
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if len(line) > 80] == []
