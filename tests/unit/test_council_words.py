"""The words of the council's page: both languages complete, plain, and never saying more than is known."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from made_up_evaluation import evaluation
from test_council_gate import ARMS, facts, given, mean

from smartstart.errors import UsageError
from smartstart.report import council
from smartstart.report.council.content import document, three_sentences
from smartstart.report.council.document import Paragraph, Table
from smartstart.report.council.facts import BOTH, Costs, Facts, Price
from smartstart.report.council.gate import release
from smartstart.report.released_evaluation import released_evaluation
from smartstart.small_numbers import MINIMUM
from smartstart.support.costs import Prices
from smartstart.wording import LANGUAGES, Wording, catalogue, wording

SOURCE = Path(__file__).parents[2] / "src" / "smartstart"
PACKAGE = council.__name__
NL, EN = (wording(language, PACKAGE) for language in LANGUAGES)
N = dict(zip(ARMS, (60, 61), strict=True))
PRICES = Prices(offer=3000.0, placement_a_year=90000.0, years=1.0, discount_rate=0.0)

STATES = {
    "no_data": facts({BOTH: 30}, {BOTH: 4}),
    "too_early": facts({BOTH: 57}, {BOTH: 44}),
    "no_difference": facts(N, N, arms=ARMS, effect=mean(0.1, 0.3)),
    "difference": facts(N, N, arms=ARMS, effect=mean(0.4, 0.3)),
    "harm": facts(N, N, arms=ARMS, effect=mean(-0.5, 0.3)),
}
SAID = {
    "no_data": (
        "Sinds 2 april 2024 lootten we bij ongeveer 30 vrouwen wie het aanbod van Smart Start kreeg; de anderen kregen "
        "de gewone zorg.",
        "We weten nog niet hoe het met de vrouwen gaat, want bijna niemand heeft de laatste vragenlijst al ingevuld.",
        "Een antwoord over welbevinden, 1 jaar na de geboorte verwachten we rond november 2034; over uithuisplaatsing "
        "kan één gemeente alleen geen antwoord geven.",
    ),
    "too_early": (
        "Sinds 2 april 2024 lootten we bij ongeveer 55 vrouwen wie het aanbod van Smart Start kreeg; de anderen kregen "
        "de gewone zorg.",
        "We vergelijken de groepen nog niet, want te vroeg kijken geeft vaak een verkeerd antwoord; tot nu toe is 15 "
        "procent van de antwoorden binnen die we nodig hebben.",
        "Een antwoord over welbevinden, 1 jaar na de geboorte verwachten we rond november 2034; over uithuisplaatsing "
        "kan één gemeente alleen geen antwoord geven.",
    ),
    "no_difference": (
        "Sinds 2 april 2024 lootten we bij ongeveer 120 vrouwen wie het aanbod van Smart Start kreeg; de anderen "
        "kregen de gewone zorg.",
        "We zagen geen duidelijk verschil in welbevinden, 1 jaar na de geboorte: het verschil is 0,1 punt en kan met "
        "95 procent zekerheid liggen tussen −0,2 en 0,4.",
        "De laatste vergelijking is gedaan; over uithuisplaatsing kan één gemeente alleen geen antwoord geven.",
    ),
    "difference": (
        "Sinds 2 april 2024 lootten we bij ongeveer 120 vrouwen wie het aanbod van Smart Start kreeg; de anderen "
        "kregen de gewone zorg.",
        "Vrouwen met het aanbod doen het beter op welbevinden, 1 jaar na de geboorte: het verschil is 0,4 punt, en "
        "ligt met 95 procent zekerheid tussen 0,1 en 0,7.",
        "De laatste vergelijking is gedaan; over uithuisplaatsing kan één gemeente alleen geen antwoord geven.",
    ),
    "harm": (
        "Sinds 2 april 2024 lootten we bij ongeveer 120 vrouwen wie het aanbod van Smart Start kreeg; de anderen "
        "kregen de gewone zorg.",
        "Let op: er zijn tekenen dat het aanbod niet helpt of het erger maakt; mensen moeten dit nu uitzoeken.",
        "De laatste vergelijking is gedaan; over uithuisplaatsing kan één gemeente alleen geen antwoord geven.",
    ),
}


def at(state: str) -> Facts:
    one = STATES[state]
    return replace(one, looks=replace(one.looks, taken=2)) if one.arms else one


# --- the answer -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_the_answer_is_worded_exactly_so(state: str) -> None:
    shown = release(at(state))
    assert shown.state == state
    assert three_sentences(shown, NL) == SAID[state]


@pytest.mark.parametrize("state", ["no_data", "too_early", "no_difference", "harm"])
def test_no_page_says_that_it_helps_unless_it_was_seen(state: str) -> None:
    for w, claims in ((NL, r"doen het beter|het aanbod helpt\b(?! niet)"), (EN, r"do better|the offer helps")):
        text = " ".join(three_sentences(release(at(state)), w))
        assert not re.search(claims, text.replace("dat het aanbod niet helpt", "")), text


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("w", [NL, EN])
def test_every_answer_is_three_sentences_and_leaves_placements_to_many_municipalities(state: str, w: object) -> None:
    for text in three_sentences(release(at(state)), w):  # type: ignore[arg-type]
        assert text.endswith(".") and len(re.findall(r"[.!?](?:\s|$)", text)) == 1
    assert "één gemeente" in three_sentences(release(at(state)), NL)[2]


# --- catalogues -------------------------------------------------------------------------------------------


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_places_to_fill() -> None:
    dutch, english = (catalogue(PACKAGE, language) for language in LANGUAGES)
    assert dutch.keys() == english.keys() and all(dutch.values()) and all(english.values())
    assert [name for name in dutch if placeholders(dutch[name]) != placeholders(english[name])] == []


def test_every_text_that_is_asked_for_exists_and_every_text_is_asked_for() -> None:
    paths = [*(SOURCE / "report" / "council").glob("*.py"), SOURCE / "wording.py"]
    code = "".join(path.read_text("utf-8") for path in paths)
    asked = set(re.findall(r'\.(?:say|known)\(\s*f?"([a-z_.]+)"', code))
    known = catalogue(PACKAGE, "nl")
    assert asked - set(known) == set()
    families = re.findall(r'f"([a-z_]+(?:\.[a-z_]+)*\.)\{', code)
    unused = [name for name in known if name not in code and not any(name.startswith(start) for start in families)]
    assert unused == []


def test_every_word_for_what_is_held_back_exists() -> None:
    code = (SOURCE / "report" / "council" / "gate.py").read_text("utf-8")
    whys = {"under_ten", "merged", "rests_on_hidden", "gives_away"}
    assert whys <= set(re.findall(r'"(\w+)"', code))
    for why in whys:
        assert all(w.say(f"why.{why}", minimum=MINIMUM) for w in (NL, EN))


def test_an_unknown_language_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="--lang: must be nl or en"):
        wording("de", PACKAGE)


def test_numbers_are_written_as_the_language_does() -> None:
    assert NL.number(12345.5) == "12.345,5" and EN.number(12345.5) == "12,345.5"
    assert NL.number(-0.25, 1) == "−0,2" and NL.say("too_few", minimum=MINIMUM) == "minder dan 10"
    assert NL.month(date(2034, 11, 1)) == "november 2034" and EN.day(date(2027, 3, 4)) == "4 March 2027"


# --- plain language ---------------------------------------------------------------------------------------


def test_dutch_texts_are_short_and_plain() -> None:
    """A proxy for B1: sentences of at most 32 words and on average under 14, few long words, no jargon."""
    lengths = []
    for name, text in catalogue(PACKAGE, "nl").items():
        for sentence in re.split(r"(?<=[.!?;:])\s+", text):
            words = re.findall(r"[\w'{}-]+", sentence)
            lengths.append(len(words))
            assert len(words) <= 32, (name, sentence)
        assert not re.search(r"significan|interventie|randomis|cohort|estimand|stratif|p-waarde", text, re.IGNORECASE)
    long_sentences = [n for n in lengths if n > 4]
    assert sum(long_sentences) / len(long_sentences) < 14


# --- the rest of the page ---------------------------------------------------------------------------------


def test_the_page_has_eight_parts_and_a_table_for_every_figure() -> None:
    for state in STATES:
        made = document(release(at(state)), NL, draft=False)
        assert len(made.sections) == 8
        for section in made.sections:
            kinds = [type(part).__name__ for part in section.parts]
            assert kinds.count("Figure") <= kinds.count("Table")


def test_a_draft_says_so_at_the_top_and_a_release_says_by_whom() -> None:
    shown = release(at("too_early"))
    assert any("CONCEPT" in text for text in document(shown, NL, draft=True).notices)
    made = document(shown, EN, draft=False, released_by="programme board")
    assert "programme board" in made.foot and not any("DRAFT" in text for text in made.notices)


def test_costs_are_reckoned_from_stated_prices_only() -> None:
    one = at("too_early")
    without = document(release(one), NL, draft=False).sections[6]
    assert [type(part) for part in without.parts] == [Paragraph]
    costs = Costs(Price(3000.0, "begroting 2027"), Price(90000.0, "een persbericht, zonder bron"), PRICES)
    priced = replace(one, costs=costs)
    said = document(release(priced), NL, draft=False).sections[6]
    text = " ".join(part.text for part in said.parts if isinstance(part, Paragraph))
    assert "3,3 plaatsingen minder" in text and "weten we niet" in text
    assert any(isinstance(part, Table) and "begroting 2027" in str(part.rows) for part in said.parts)


@pytest.mark.parametrize("language", [NL, EN])
def test_what_women_were_given_has_a_chapter_that_begins_with_acceptance(language: Wording) -> None:
    shown = release(given(60, (41, 36, 30)))
    made = document(shown, language, draft=False)
    assert len(made.sections) == 9
    chapter = made.sections[3]
    first = chapter.parts[0]
    assert isinstance(first, Paragraph) and "60" in first.text and "40" in first.text and "{" not in first.text
    tables = [part for part in chapter.parts if isinstance(part, Table)]
    assert [len(table.rows) for table in tables] == [3, 1, 1]
    assert len(document(release(facts(N, N, arms=ARMS)), language, draft=False).sections) == 8


def test_a_hidden_acceptance_says_why_and_gives_no_number() -> None:
    first = document(release(given(60, (55, 40, 30))), NL, draft=False).sections[3].parts[0]
    assert isinstance(first, Paragraph) and not re.search(r"\d", first.text)


def test_a_saving_is_told_only_where_placements_may_be_shown_by_arm() -> None:
    n = dict(zip(ARMS, (300, 300), strict=True))
    costs = Costs(Price(3000.0, "begroting 2027"), Price(90000.0, "een persbericht, zonder bron"), PRICES)
    for events, told in (((12, 31), True), ((3, 31), False)):
        one = facts(n, n, arms=ARMS, events=dict(zip(ARMS, events, strict=True)), effect=mean(0.1, 0.3))
        section = document(release(replace(one, costs=costs)), NL, draft=False).sections[6]
        text = " ".join(part.text for part in section.parts if isinstance(part, Paragraph))
        assert ("De kans dat het aanbod zichzelf terugbetaalt" in text) == told
        assert ("weten we niet" in text) != told


def test_a_model_is_shown_with_who_is_flagged_wrongly_and_which_groups_are_too_small() -> None:
    model = released_evaluation(evaluation())
    said = document(release(replace(at("too_early"), model=model)), NL, draft=False).sections[5]
    tables = {part.name: part for part in said.parts if isinstance(part, Table)}
    text = " ".join(part.text for part in said.parts if isinstance(part, Paragraph))
    assert "helling 1" in text and NL.say("fair.caution") in text
    rows = {row[0].text: row for row in tables["thresholds"].rows}
    assert rows["de hoogste 20 %"][2].text == "95 %"  # flagged, and without a placement
    assert rows["de hoogste 1 %"][2].text == NL.say("hidden")
    assert "een kans van 5 % of meer" in rows
    assert NL.say("score.insufficient") in [row[1].text for row in tables["groups"].rows]
