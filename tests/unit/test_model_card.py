"""The card of a model: what it says, what it hides, and that anybody can read it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from made_up_evaluation import card

from smartstart.report.model_card import (
    MADE_UP,
    NOT_APPROVED,
    SELECTS_NOBODY,
    TRIPOD,
    card_html,
    card_json,
    tripod_items,
)
from smartstart.report.risk_figures import FIGURES
from smartstart.risk.factor_count import CAUTION

EMPTY_TAGS = {"meta", "br"}


class Read(HTMLParser):
    """What a reader, or a screen reader, finds on the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrongly_closed: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrongly_closed.append(tag)

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


@pytest.fixture(scope="module")
def page() -> str:
    return card_html(card()).decode()


def test_the_page_is_whole_english_and_stands_by_itself(page: str) -> None:
    read = Read(page)
    assert (read.open, read.wrongly_closed) == ([], [])
    assert read.named("html")[0]["lang"] == "en"
    assert not {"script", "img", "link", "iframe"} & {tag for tag, _ in read.tags}
    assert "default-src 'none'" in page
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]+"', "", page.replace("http-equiv", ""))
    assert len(read.named("h1")) == 1


def test_no_two_parts_of_the_page_share_an_id(page: str) -> None:
    ids = [attrs["id"] for _, attrs in Read(page).tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_every_figure_stands_beside_its_table_and_every_table_can_be_read_aloud(page: str) -> None:
    read = Read(page)
    shown = [figure for name, figure in FIGURES.items() if name != "drift"]  # who monitors sees that one
    assert len(read.named("svg")) == len(shown)
    assert page.count("The table says the same") == len(shown)
    for figure in shown:
        after = page[page.index(f'<title id="{figure.name}-title">') :]
        assert "<table><caption>" in after.split("<svg")[0]
    assert len(read.named("caption")) == len(read.named("table")) > len(shown)
    assert all(attrs.get("scope") in {"col", "row"} for attrs in read.named("th"))


def test_a_table_too_wide_for_a_telephone_scrolls_by_keyboard_too(page: str) -> None:
    regions = [attrs for attrs in Read(page).named("div") if "scroll" in (attrs.get("class") or "")]
    assert len(regions) == len(Read(page).named("table"))
    assert all(attrs["tabindex"] == "0" and attrs["role"] == "region" and attrs["aria-label"] for attrs in regions)


def test_the_caution_stands_first_and_in_every_part_that_shows_a_risk(page: str) -> None:
    assert page.index(CAUTION) < page.index("<h2>")
    sections = {part.split("</h2>")[0]: part for part in page.split("<h2>")[1:]}
    for title in ("How good it is", "What a threshold costs", "Are the risks right?", "Is it worth using?", "Fairness"):
        assert CAUTION in sections[title]
    for title in ("How stable it is", "Limits"):
        assert CAUTION in sections[title]
    assert json.loads(card_json(card()))["caution"] == CAUTION


def test_the_card_says_that_it_selects_nobody_and_what_each_threshold_costs(page: str) -> None:
    text = Read(page).text
    assert SELECTS_NOBODY in text
    assert "Highest 10 %: of 100 children flagged, 91 did not have the outcome in that time." in text
    assert "Highest 1 %: of 100 children flagged, more than 87 did not have the outcome in that time." in text


def test_no_small_count_and_no_exact_count_leaves(page: str) -> None:
    text = Read(page).text
    assert "8,140" in text
    assert not re.search(r"8,?139|\b213\b|\b814\b|\b81\b", text)
    given = json.loads(card_json(card()))
    assert (given["test"]["n"], given["test"]["events"]) == (8140, 215)

    def counts(value: object) -> list[int]:
        if isinstance(value, list):
            return [n for one in value for n in counts(one)]
        if isinstance(value, dict):
            own = [value[key] for key in ("n", "events", "n_flagged") if isinstance(value.get(key), int)]
            return own + [n for one in value.values() for n in counts(one)]
        return []

    assert counts(given["evaluation"])
    assert all(n >= 10 and n % 5 == 0 for n in counts([given["evaluation"], given["test"], given["learning_curve"]]))


def test_a_group_too_small_is_hidden_and_so_is_what_would_give_it_away(page: str) -> None:
    rows = re.findall(r"<tr><th scope=\"row\">(language: \w+)</th><td>[^<]*</td><td>([^<]*)</td>", page)
    assert rows == [("language: Dutch", "hidden"), ("language: other", "hidden")]
    assert "insufficient" in page


@pytest.mark.parametrize(
    "field", ["name", "municipality", "population", "missing", "chosen_because", "kind", "version"]
)
def test_what_others_wrote_is_text_and_nothing_else(field: str) -> None:
    hostile = "<script>alert(1)</script>{0}%s&"
    page = card_html(card(**{field: hostile})).decode()
    assert "<script" not in page
    assert hostile in Read(page).text
    assert Read(page).wrongly_closed == []


def test_a_model_learned_on_made_up_data_says_so_in_its_title_and_first() -> None:
    page = card_html(card(made_up=True, approval=None)).decode()
    assert "<title>Made-up data" in page
    assert page.index(MADE_UP) < page.index("<h2>")


def test_a_card_without_approval_says_so_first_and_one_with_it_names_who_when_and_the_file(page: str) -> None:
    bare = card_html(card(approval=None)).decode()
    assert bare.index(NOT_APPROVED) < bare.index("<h2>")
    assert NOT_APPROVED not in page
    assert "Approved by J. Voorbeeld on 2025-04-10" in page
    assert "0123456789abcdef" * 4 in page


def test_all_27_items_of_tripod_are_answered_or_say_why_not(page: str) -> None:
    assert list(TRIPOD) == list(range(1, 28))
    items = tripod_items(card())
    assert all(answer for *_, answer, _ in items)
    assert {item for item, *_, answered in items if not answered} == {18, 19, 24}
    assert {item: answer for item, _, answer, _ in items}[17] == "DPIA of 2025, in the programme"
    assert "Not answered, because this model was not updated." in Read(page).text


def test_where_an_item_is_answered_there_is_such_a_part(page: str) -> None:
    titles = {part.split("</h2>")[0] for part in page.split("<h2>")[1:]} | {"Head of this card"}
    assert {where for _, answer in TRIPOD.values() if answer for where in answer.split("; ")} <= titles


def test_the_json_is_plain_and_the_same_each_time() -> None:
    assert card_json(card()) == card_json(card())
    assert card_html(card()) == card_html(card())
    broken = card(evaluation=card().evaluation | {"ici": {"estimate": float("nan"), "lower": None, "upper": None}})
    assert json.loads(card_json(broken))["evaluation"]["ici"]["estimate"] is None


def test_a_card_without_stability_or_groups_is_whole_still() -> None:
    evaluation = {key: value for key, value in card().evaluation.items() if key not in {"groups", "baselines"}}
    bare = card(evaluation=evaluation, instability=(), learning_curve=(), candidates=(), limits=())
    read = Read(card_html(bare).decode())
    assert (read.open, read.wrongly_closed) == ([], [])
    assert "Not judged by group" in read.text
