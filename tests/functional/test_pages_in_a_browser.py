"""Our pages in a real browser: accessible by axe-core, readable on a telephone and on paper, and loading nothing."""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "unit"))
from test_council_words import EN, NL, STATES, at

from smartstart.planning_ahead import plan_trial
from smartstart.programme.loading import load_programme, programme_file
from smartstart.publishing.checklist import Answered, Asked, Checklist, files_of
from smartstart.rehearsing import Request, rehearse
from smartstart.report.boundary_figure import boundary_page
from smartstart.report.capacity_page import capacity_page
from smartstart.report.contracts_page import contracts_page
from smartstart.report.costs_page import costs_page
from smartstart.report.council.content import document
from smartstart.report.council.gate import release
from smartstart.report.council.page import html_page
from smartstart.report.planning_figure import planning_page
from smartstart.support.capacity import Room
from smartstart.support.costs import Prices, budget_effect
from smartstart.support.provision import Place
from smartstart.trial.sequential.boundaries import boundaries
from smartstart.workspace import contracts_with, shipped_instruments

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium: install the package chromium to see the pages in a real browser"
)
TELEPHONE, LAPTOP = {"width": 320, "height": 640}, {"width": 1280, "height": 800}


def a_checklist() -> Checklist:
    """A checklist with every state, and an answer as long as a file's columns."""
    asked = Asked("1a", "Title", "What the title says")
    long = Answered(asked, "known", ", ".join(f"kolom_met_een_lange_naam_{number}" for number in range(40)))
    items = (long, Answered(asked, "open", ""), Answered(asked, "not_applicable", "It has not ended."))
    return Checklist("made-up", "A made-up checklist", "made up", "en", rehearsal=True, items=items, notes=("A note.",))


ROOM, TOWN = {"tienermoeders": Room(3, 20, 1, 2)}, Place("Droomdam", "Regio 1", 1.0, 2.0)
PAGES = {
    **{f"report, {state}": lambda state=state: html_page(document(release(at(state)), NL, draft=True), NL)
       for state in STATES},
    "report in English": lambda: html_page(document(release(at("difference")), EN, draft=False), EN),
    "boundaries": lambda: boundary_page(boundaries(3, 0.025, "lan-demets-obf")),
    "plan": lambda: planning_page("When?", plan_trial(load_programme(programme_file("heusden"))).questions),
    "contracts": lambda: contracts_page(contracts_with(shipped_instruments()), {}),
    "costs": lambda: costs_page(budget_effect(Prices(2500, 90000, 2, 0.03), (5, 1000), (10, 1000)), ("So.",),
                                [("offer", "€ 2,500", "made up")]),
    "capacity": lambda: capacity_page(("A sentence.",), ROOM, ROOM, [(TOWN, 5, 1), (TOWN, 0, 0)], made_up=True),
    "checklist": lambda: files_of(a_checklist())["made-up.html"],
    "rehearsal": lambda: rehearse(load_programme(programme_file("heusden")), Request(20, 1), lambda _: None).page,
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module", params=PAGES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "page.html"
    path.write_bytes(PAGES[request.param]())
    return path


@pytest.fixture(scope="module")
def shown(browser: Any, file: Path) -> Iterator[Any]:
    """A page, opened once for all that is asked of it: opening takes longer than asking."""
    context = browser.new_context(reduced_motion="reduce")
    opened = context.new_page()
    opened.asked = []
    opened.on("request", lambda asked: opened.asked.append(asked.url))
    opened.goto(file.as_uri())
    yield opened
    context.close()


@pytest.fixture
def page(shown: Any) -> Any:
    shown.emulate_media(media="screen")
    shown.set_viewport_size(LAPTOP)
    return shown


def test_axe_finds_nothing_that_keeps_anybody_out(page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_nothing_is_loaded_but_the_page_itself(page: Any, file: Path) -> None:
    assert page.asked == [file.as_uri()]


def test_on_a_telephone_and_at_four_times_the_size_nobody_scrolls_sideways(page: Any) -> None:
    page.set_viewport_size(TELEPHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"]


def test_on_paper_nothing_is_cut_off(page: Any) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots an inch
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    wide = "[...document.querySelectorAll('table, svg')].filter(e => e.getBoundingClientRect().right > 796).length"
    assert page.evaluate(wide) == 0


def test_whatever_scrolls_by_itself_can_be_reached_by_keyboard_and_shows_where_one_is(page: Any) -> None:
    regions = page.evaluate("document.querySelectorAll('[role=region][tabindex=\"0\"]').length")
    reached = set()
    for _ in range(regions):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        reached.add(label)
    assert len(reached) == regions


def test_nothing_moves_and_headings_go_down_step_by_step(page: Any) -> None:
    assert page.evaluate("document.getAnimations().length") == 0
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_every_figure_has_a_name_a_text_and_a_table(page: Any) -> None:
    figures = page.evaluate(
        "[...document.querySelectorAll('figure')].map(f => [!!f.querySelector('svg[role=img] title')?.textContent,"
        " !!f.querySelector('figcaption')?.textContent])"
    )
    assert all(all(one) for one in figures)
    assert page.evaluate("document.querySelectorAll('table').length") >= len(figures)
