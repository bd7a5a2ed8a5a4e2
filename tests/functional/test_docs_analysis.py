"""The reference of the analysis lists what the program has: methods, defaults, the rule, the estimands, the fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from smartstart.analysing.files import analyse_counts, analyse_file
from smartstart.analysing.trial import OutcomeAnalysis, PlanStatus
from smartstart.trial.analysis import ancova, standardisation
from smartstart.trial.analysis.compare import Options
from smartstart.trial.analysis.difference import RISK_DIFFERENCE
from smartstart.trial.analysis.estimands import PLACEMENT_TIME, SCALE, UHP, Estimand
from smartstart.trial.analysis.proportion import PROPORTION
from smartstart.trial.analysis.ratio import ODDS_RATIO, RISK_RATIO
from smartstart.trial.analysis.records import Named
from smartstart.trial.analysis.rule import RULE
from smartstart.trial.analysis.samples import Question
from smartstart.trial.analysis.significance import EXACT_TABLES, TESTS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "reference" / "analysis.md"
EXAMPLE = DOCS / "examples" / "made-up-trial.csv"

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documents are not part of this installation")


def under(title: str) -> list[str]:
    """Return the lines under a heading of any level, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"no heading '{title}'"
    return found[1].splitlines()


def rows(title: str) -> list[str]:
    """Return the rows of the tables under a heading, without heads."""
    lines = under(title)
    heads = {place - 1 for place, line in enumerate(lines) if line.startswith("|---")}
    return [
        line
        for place, line in enumerate(lines)
        if line.startswith("|") and not line.startswith("|---") and place not in heads
    ]


@pytest.mark.parametrize(
    ("title", "methods"),
    [
        ("Risk difference", RISK_DIFFERENCE),
        ("Risk ratio", RISK_RATIO),
        ("Odds ratio", ODDS_RATIO),
        ("One arm's risk", PROPORTION),
        ("Test of no effect", TESTS),
    ],
)
def test_every_method_stands_with_its_name_and_paper_and_the_first_is_the_default(
    title: str, methods: Mapping[str, Named[Any]]
) -> None:
    names = [f"`{name}`" + (" (default)" if place == 0 else "") for place, name in enumerate(methods)]
    expected = [f"| {name} | {m.words} | {m.reference} |" for name, m in zip(names, methods.values(), strict=True)]
    assert rows(title) == expected


def test_every_variance_stands_with_its_name() -> None:
    found = [f"| `{name}` | {words} | {paper} |" for name, (words, paper) in standardisation.VARIANCES.items()]
    assert rows("G-computation") == found
    text = " ".join(under("Difference in means"))
    assert re.findall(r"`(\w+)`", text)[: len(ancova.VARIANCES)] == [*ancova.VARIANCES]
    assert f"`{ancova.VARIANCES[0]}` (default)" in text


def test_the_size_from_which_fishers_test_is_the_default_is_that_of_the_program() -> None:
    assert f"{EXACT_TABLES:,}" in " ".join(under("Test of no effect"))


def test_the_rule_by_pooled_events_stands_in_its_own_words() -> None:
    assert [line.removeprefix("- ") for line in under("Which method") if line.startswith("- ")] == [*RULE.sentences()]


@pytest.mark.parametrize(
    ("title", "estimand"),
    [("Placement", UHP), ("A scale", SCALE), ("Time until placement", PLACEMENT_TIME)],
)
def test_the_table_of_an_estimand_is_that_of_the_plan(title: str, estimand: Estimand) -> None:
    parts = [f"| {part} | {getattr(estimand, part)} |" for part in ("population", "outcome", "clock", "summary")]
    events = [f"| {one.event} | {one.strategy} | {one.handling} |" for one in estimand.intercurrent_events]
    assert rows(title) == parts + events


def test_every_field_of_the_json_is_described() -> None:
    common = {"arm": "arm", "control": "usual", "strata": ("practice",)}
    questions = [
        Question(kind="scale", outcome="score_after", baseline="score_before", **common),  # type: ignore[arg-type]
        Question(kind="binary", outcome="placed", **common),  # type: ignore[arg-type]
        Question(kind="time", time="months", event="ended", **common),  # type: ignore[arg-type]
    ]
    found = [analyse_file(EXAMPLE, one, Options(redraws=200), lambda _: None).as_dict() for one in questions]
    found.append(analyse_counts("2/39", "9/38").as_dict())
    keys = {key for one in found for key in one}
    keys |= {key for one in found for part in ("nnt", "missing_bounds", "randomisation") for key in one.get(part) or ()}
    outcome = {field.name for field in fields(OutcomeAnalysis)} - {"planned", "missing", "adjusted"}
    keys |= outcome | {field.name for field in fields(PlanStatus)}
    text = "\n".join(under("JSON"))
    assert sorted(key for key in keys if f"`{key}`" not in text) == []
