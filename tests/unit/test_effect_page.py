"""The page of a comparison: what it says, that anybody can read it, and that it never says what is not known."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from smartstart.analysing.files import analyse_counts
from smartstart.report.effect_page import comparison_page, trial_page
from smartstart.trial.analysis.compare import Options, compare
from smartstart.trial.analysis.comparison import Arms, Comparison
from smartstart.trial.analysis.estimands import of_file
from smartstart.trial.analysis.missing import MissingReason
from smartstart.trial.analysis.plan import PlannedComparison
from smartstart.trial.analysis.records import Estimate
from smartstart.trial.analysis.samples import Sample

NEVER = re.compile(r"\b(?:[nN]a[nN]|[iI]nf|None)\b")


class Read(HTMLParser):
    """What a reader finds on the page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrongly_closed: list[str] = []
        self.words: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrongly_closed.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def comparison(kind: Any, n: int = 60, *, events: bool = True, competing: bool = False) -> Comparison:
    chance = np.random.default_rng(5)
    treated = np.arange(n) % 2 == 0
    happened = (chance.random(n) < 0.4) if events else np.zeros(n, dtype=bool)
    outcome = {"binary": happened.astype(float), "scale": chance.normal(7, 2, n), "time": chance.exponential(30, n)}
    cause = np.where(competing & ~happened & (np.arange(n) % 5 == 0), 2, happened.astype(int))
    sample = Sample(
        arms=("new", "usual"),
        treated=treated,
        outcome=outcome[kind],
        cause=cause.astype(np.int64) if kind == "time" else None,
        covariates=chance.normal(size=(n, 1)) if n > 10 else None,
    )
    estimand = of_file(kind, "made-up outcome", sample.arms, "day" if kind == "time" else None)
    return compare(sample, kind, estimand, Options(redraws=50, imputations=2))


@dataclass(frozen=True)
class Standing:
    hash: str = "ab" * 32
    sentence: str = "As planned: the plan was locked on 2026-01-01, before the arms were known."


@dataclass(frozen=True)
class BesideIt:
    name: str = "late answers too"
    supposes: str = "that they are as good"
    measure: str = "mean_difference"
    estimate: Estimate = field(
        default_factory=lambda: Estimate(0.2, float("-inf"), 0.5, float("nan"), "made up", "nowhere")
    )
    n: Arms = field(default_factory=lambda: Arms(20, 21))


@dataclass(frozen=True)
class Outcome:
    planned: PlannedComparison
    comparison: Comparison | None
    why_not: str = ""
    awaited: Arms = field(default_factory=lambda: Arms(3, 4))
    missing: tuple[MissingReason, ...] = (MissingReason("moved away", 1, 2),)
    beside: tuple[BesideIt, ...] = (BesideIt(),)
    subgroups: dict[str, Any] = field(default_factory=dict)
    adjusted: None = None


@dataclass(frozen=True)
class Trial:
    outcomes: tuple[Outcome, ...]
    plan: Standing = field(default_factory=Standing)
    labels: tuple[str, str] = ("X", "Y")
    as_of: str = "2026-06-30"
    drawn: int = 70
    excluded: dict[str, dict[str, int]] = field(default_factory=lambda: {"X": {"objection": 1}, "Y": {}})
    notes: tuple[str, ...] = ()
    look_sentences: tuple[str, ...] = ("No look at the arms was taken yet.",)


def trial() -> Trial:
    from dataclasses import replace

    found = replace(comparison("scale"), arms=("X", "Y"))
    none_yet = PlannedComparison("placed_rivm", "event", "24", primary=False)
    return Trial(
        (
            Outcome(PlannedComparison("welbevinden", "scale", "eindmeting", primary=True), found),
            Outcome(none_yet, None, "Nobody was followed so long.", beside=()),
        )
    )


PAGES = {
    "binary": lambda: comparison_page(comparison("binary")),
    "scale": lambda: comparison_page(comparison("scale")),
    "time": lambda: comparison_page(comparison("time")),
    "competing": lambda: comparison_page(comparison("time", competing=True)),
    "counts": lambda: comparison_page(analyse_counts("0/9", "3/9")),
    "four women": lambda: comparison_page(analyse_counts("0/2", "0/2")),
    "four women, all with it": lambda: comparison_page(analyse_counts("2/2", "2/2")),
    "time of four without events": lambda: comparison_page(comparison("time", 4, events=False)),
    "scale of four": lambda: comparison_page(comparison("scale", 4)),
    "trial": lambda: trial_page(trial(), "Not for publication."),
}
FIGURES = {"binary": 2, "scale": 2, "time": 2, "competing": 2, "counts": 2, "trial": 2}


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    return request.param, PAGES[request.param]()


def test_the_page_is_whole_english_and_stands_by_itself(page: tuple[str, bytes]) -> None:
    read = Read(page[1])
    assert (read.open, read.wrongly_closed) == ([], [])
    assert read.named("html")[0]["lang"] == "en"
    assert len(read.named("h1")) == 1
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in read.tags}
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]+"', "", page[1].decode().replace("http-equiv", ""))


def test_no_two_parts_of_the_page_share_an_id(page: tuple[str, bytes]) -> None:
    ids = [attrs["id"] for _, attrs in Read(page[1]).tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_every_table_has_a_caption_and_says_what_its_heads_are_of(page: tuple[str, bytes]) -> None:
    read = Read(page[1])
    assert len(read.named("caption")) == len(read.named("table")) >= 5
    assert all(attrs.get("scope") in {"col", "row"} for attrs in read.named("th"))


def test_every_figure_says_in_words_what_it_shows(page: tuple[str, bytes]) -> None:
    name, content = page
    read = Read(content)
    assert len(read.named("svg")) == len(read.named("title")) - 1 == len(read.named("desc"))
    assert len(read.named("svg")) == FIGURES.get(name, len(read.named("svg"))) >= 2
    assert all(attrs["role"] == "img" for attrs in read.named("svg"))


def test_what_is_not_defined_is_said_in_words(page: tuple[str, bytes]) -> None:
    assert not NEVER.search(Read(page[1]).text)


def test_every_method_stands_beside_its_reference() -> None:
    found = comparison("time")
    text = Read(comparison_page(found)).text
    for measure in found.effects.measures.values():
        assert measure.unadjusted.method in text
        assert measure.unadjusted.reference in text


def test_a_competing_cause_makes_it_the_share_with_the_event() -> None:
    assert "Share without the event over time" in Read(comparison_page(comparison("time"))).text
    assert "Share with the event over time" in Read(comparison_page(comparison("time", competing=True))).text


def test_a_trial_says_first_that_it_is_not_for_publication_and_how_it_stands_to_its_plan() -> None:
    text = Read(trial_page(trial(), "Not for publication.")).text
    assert text.index("Not for publication.") < text.index(Standing().sentence) < text.index("In short")
    assert "Nobody was followed so long." in text
    assert "late answers too" in text


def test_no_arm_is_named_before_the_trial_is_unblinded() -> None:
    text = Read(trial_page(trial(), "Not for publication.")).text
    told = text.replace("in the arm that is written", "")
    assert "X minus Y" in told
    assert "treated" not in re.sub(r"'(new|usual)'", "", told)


def test_the_curves_in_json_are_short_and_hold_numbers_or_nothing() -> None:
    found = comparison("time", 3000).as_dict()["curves"]
    for arm in ("treated", "control"):
        assert all(len(found[arm][key]) <= 200 for key in ("times", "at_risk", "estimate", "lower", "upper"))
        assert found[arm]["times"][-1] == max(found[arm]["times"])
