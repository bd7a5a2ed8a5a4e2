"""``trial boundaries``: its JSON, its table, its page, and what it refuses."""

from __future__ import annotations

import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest
from harness import is_one_sentence, ok, smartstart

from smartstart.trial.sequential import monitoring, spending

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "looks.md"
documented = pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of this installation")
PROMISED = {"looks", "alpha", "spending", "fractions", "z", "p", "cumulative_spending", "inflation_factor"}


def test_the_json_holds_what_is_promised() -> None:
    found = ok("trial", "boundaries", "--looks", 2, "--alpha", 0.025, "--spending", "pocock", "--json").json
    assert found.keys() >= PROMISED
    assert [round(z, 3) for z in found["z"]] == [2.178, 2.178]
    assert found["inflation_factor"] == pytest.approx(1.110, abs=5e-4)
    assert found["cumulative_spending"][-1] == pytest.approx(0.025, abs=1e-9)
    assert found["futility_z"] is None and found["parameter"] is None


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("obrien-fleming", None),
        ("lan-demets-obf", None),
        ("pocock", None),
        ("lan-demets-pocock", None),
        ("kim-demets", 3.0),
        ("hwang-shih-decani", -4.0),
    ],
)
def test_every_spending_has_a_name_and_shows_its_parameter(name: str, parameter: float | None) -> None:
    found = ok("trial", "boundaries", "--looks", 3, "--spending", name, "--json").json
    assert found["spending"] == name and found["parameter"] == parameter
    assert len(found["z"]) == len(found["p"]) == len(found["fractions"]) == 3
    assert all(0 < p < 0.5 for p in found["p"])


def test_fractions_alone_say_how_many_looks_and_futility_takes_names_and_values() -> None:
    uneven = ok("trial", "boundaries", "--fractions", "0.3,0.6,1", "--futility", "kim-demets:2", "--json").json
    assert uneven["looks"] == 3 and len(uneven["futility_z"]) == 2
    assert uneven["cumulative_futility"][-1] == pytest.approx(0.2)
    given = ok("trial", "boundaries", "--looks", 2, "--futility", "-0.5", "--binding", "--json").json
    assert given["futility_z"] == [-0.5] and given["binding"] and given["futility"] == "given"


def test_the_terminal_shows_a_table_and_sentences_that_fit_it() -> None:
    out = ok("trial", "boundaries", "--looks", 2, "--futility", "kim-demets").out
    assert "2.9626" in out and "futile at Z" in out
    assert "err in 2.5 % of trials" in out and "binds nobody" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_the_page_says_in_words_and_numbers_what_its_figure_shows(tmp_path: Path) -> None:
    for place in ("a.html", "b.html"):
        ok("trial", "boundaries", "--looks", 3, "--futility", "kim-demets", "--out", tmp_path / place)
    page = (tmp_path / "a.html").read_text("utf-8")
    assert page == (tmp_path / "b.html").read_text("utf-8")
    reader = Reader()
    reader.feed(page)
    assert {"table", "caption", "svg", "title", "desc", "figcaption"} <= {*reader.tags}
    assert "script" not in reader.tags and not re.search(r'(?:src|href)="(?!#)', page)
    assert "3.7103" in page and "err in 2.5 % of trials" in page


def test_the_figure_alone_is_an_svg(tmp_path: Path) -> None:
    ok("trial", "boundaries", "--looks", 20, "--spending", "obrien-fleming", "--out", tmp_path / "looks.svg")
    assert (tmp_path / "looks.svg").read_text("utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "--looks"),
        (("--looks", "0"), "--looks"),
        (("--looks", "2", "--spending", "obrien"), "--spending"),
        (("--looks", "2", "--alpha", "0.5"), "--alpha"),
        (("--looks", "2", "--fractions", "0.5;1"), "--fractions"),
        (("--looks", "2", "--fractions", "1"), "--fractions"),
        (("--looks", "2", "--fractions", "0.6,0.5"), "--fractions"),
        (("--looks", "2", "--futility", "1,x"), "--futility"),
        (("--looks", "2", "--binding"), "--binding"),
        (("--looks", "2", "--power", "1"), "--power"),
        (("--looks", "2", "--parameter", "3"), "--parameter"),
        (("--looks", "2", "--out", "looks.png"), "--out"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_that_names_the_option(words: tuple[str, ...], named: str) -> None:
    done = smartstart("trial", "boundaries", *words)
    assert named in done.err and is_one_sentence(done, 2)


def test_numbers_of_the_json_are_numbers() -> None:
    text = ok("trial", "boundaries", "--looks", 20, "--json").out

    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    assert len(json.loads(text, parse_constant=refused)["z"]) == 20


@documented
def test_the_example_in_the_documents_prints_what_is_shown() -> None:
    shown = re.findall(
        r"^```console\n\$ smartstart (.*?)\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert shown
    for command, output in shown:
        printed = [line.rstrip() for line in ok(*shlex.split(command)).out.splitlines()]
        assert printed == output.rstrip().splitlines(), command


@documented
def test_every_function_and_field_is_described_with_its_paper() -> None:
    page = PAGE.read_text("utf-8")
    for name, (_, words, paper) in spending.CLASSICAL.items():
        assert f"| `{name}` | {words} | none | {paper} |" in page
    for name, one in spending.SPENDING.items():
        parameter = "none" if one.parameter is None else f"{one.parameter:g}"
        assert f"| `{name}` | {one.words} | {parameter} | {one.reference} |" in page
    found = ok("trial", "boundaries", "--looks", 1, "--json").json
    assert [field for field in found if f"`{field}`" not in page] == []
    assert f"{100 * monitoring.LEAST_FRACTION:.0f} %" in page and f"{monitoring.CAP:g} times" in page
