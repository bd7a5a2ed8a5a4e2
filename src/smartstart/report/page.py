"""The page for the council while there are no outcomes: who took part, whether the draw is fair, when an answer comes.

Nothing here compares the arms. Words are Dutch, B1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.outreach.pages import dutch_date
from smartstart.report.disclosure import MINIMUM, ROUNDED_TO, released, released_table, total
from smartstart.report.figure import flow_figure
from smartstart.report.markup import STYLE, page, paragraph, scrolling, section

if TYPE_CHECKING:
    from datetime import date

    from smartstart.trial.sequential.played import Played

REHEARSAL: Final = "OEFENING – alle aantallen op deze pagina zijn verzonnen. Er is nog niemand geloot."
CAUTION: Final = (
    "Kinderen in de risicogroep kunnen zonder problemen opgroeien, en ook in andere gezinnen komt plaatsing voor."
)
ABOUT_BANDS: Final = {
    "factor_count": (
        "Het gaat om vier kenmerken van een gezin. Zij bepalen niet wie mee mag doen: de loting houdt de groepen "
        f"alleen vergelijkbaar. {CAUTION}"
    ),
    "model": (
        "Het gaat om een geschatte kans, volgens een rekenmodel dat een mens heeft goedgekeurd. Die kans bepaalt "
        f"niet wie mee mag doen: de loting houdt de groepen alleen vergelijkbaar. {CAUTION}"
    ),
}
ARMS: Final = {"offer": "het aanbod", "care_as_usual": "gewone zorg"}
ASKED: Final = {
    "before_draw": "Alle vrouwen die geloot zijn, wisten dat en gaven daar vooraf toestemming voor.",
    "zelen": "De vrouwen die de gewone zorg kregen, is niet gevraagd of zij aan de loting wilden meedoen.",
    "trial_within_cohort": (
        "De vrouwen die de gewone zorg kregen, is niet gevraagd of zij aan deze loting wilden meedoen. Zij gaven wel "
        "toestemming om hen te volgen."
    ),
}
TOO_FEW: Final = f"minder dan {MINIMUM}"


@dataclass(frozen=True)
class Question:
    """What the trial can answer, how many women that takes, and after how many years the answer is there."""

    question: str
    women: int
    years: float


@dataclass(frozen=True)
class Rehearsed:
    """What playing the draw in made-up municipalities showed; differences in women, shares from 0 to 1."""

    towns: int
    years: int
    rows: tuple[tuple[str, float, float, float], ...]  # group, difference: median, 95th percentile, largest
    empty_cells: float
    any_empty_arm: float


@dataclass(frozen=True)
class Said:
    """What is said at the planned looks when ``truth`` (in Dutch) holds, and on which day half of it is said."""

    truth: str
    played: Played
    answer_on: date


@dataclass(frozen=True)
class Facts:
    """What the page says beside the counts. ``chances`` are fractions by arm; ``method`` is a Dutch sentence.

    ``consent_model`` is the programme's: who was asked for the draw. ``bands_by`` says what forms the risk bands: the
    count of the factors or a model. ``ledger_head`` stands for the whole ledger.
    """

    municipality: str
    as_of: date
    chances: Mapping[str, str]
    method: str
    design_hash: str
    contact: str
    questions: tuple[Question, ...]
    assumptions: tuple[str, ...]
    consent_model: str
    bands_by: str = "factor_count"
    rehearsed: Rehearsed | None = None
    said: tuple[Said, ...] = ()
    ledger_head: str = ""


@dataclass(frozen=True)
class Taking:
    """Who took part, exactly: women not drawn, and women drawn by group of the strata (or one) and by arm."""

    not_drawn: int
    drawn: Mapping[str, Mapping[str, int]]


def council_page(taking: Taking, facts: Facts, *, rehearsal: bool) -> bytes:
    """Return the page as HTML that stands by itself: no script and nothing to load."""
    title = f"Smart Start in de gemeente {facts.municipality}: de loting"
    parts = [
        f'<p class="exercise" role="note"><strong>{escape(REHEARSAL)}</strong></p>' if rehearsal else "",
        f"<h1>{escape(title)}</h1>",
        paragraph(f"Stand op {dutch_date(facts.as_of)}."),
        _about(facts),
        _who(taking),
        _fair(taking, facts),
        _when(facts),
        _numbers(),
        _assumptions(facts),
    ]
    foot = f"Vragen? {facts.contact}" if facts.contact else ""
    return page(
        "nl",
        ("OEFENING – " if rehearsal else "") + title,
        STYLE + _OWN,
        "\n".join(part for part in parts if part),
        paragraph(foot)
        + paragraph(f"Kenmerk van de opzet: {facts.design_hash}", "small")
        + (paragraph(f"Controlegetal van de loting: {facts.ledger_head}", "small") if facts.ledger_head else ""),
    )


def _about(facts: Facts) -> str:
    offer = facts.chances.get("offer")
    return section(
        "Waar gaat dit over?",
        paragraph(
            "De gemeente wil weten of vroege hulp in de zwangerschap ertoe bijdraagt dat kinderen thuis kunnen blijven "
            "wonen. Daarom krijgt een deel van de zwangere vrouwen het aanbod van Smart Start. De andere vrouwen "
            "krijgen de gewone zorg."
        ),
        paragraph(
            "Het lot bepaalt wie het aanbod krijgt. Zo lijken de groepen op elkaar, en kunnen we later eerlijk "
            "vergelijken." + (f" De kans op het aanbod is {_chance(offer)}." if offer else "")
        ),
        paragraph(ASKED[facts.consent_model]),
        paragraph("Een vrouw die zelf om hulp vraagt, krijgt hulp. Ook als zij door het lot het aanbod niet kreeg."),
    )


def _who(taking: Taking) -> str:
    shown = released_table(taking.drawn)
    arms = list(next(iter(shown.values())))
    by_arm = {arm: total(row[arm] for row in shown.values()) for arm in arms}
    drawn, aside = total(by_arm.values()), released(taking.not_drawn)
    seen = total([drawn, aside])
    figure = flow_figure(
        "Van vragenlijst naar groep",
        ["Vragenlijst en toestemming", _number(seen)],
        ["Niet geloot", _number(aside)],
        [[f"Geloot: {ARMS.get(arm, arm)}", _number(count)] for arm, count in by_arm.items()],
    )
    rows = [
        ("Vragenlijst ingevuld en toestemming gegeven", _number(seen)),
        ("Niet geloot, bijvoorbeeld omdat zij al te lang zwanger waren", _number(aside)),
        *((f"Geloot: {ARMS.get(arm, arm)}", _number(count)) for arm, count in by_arm.items()),
    ]
    return section(
        "Wie deden er mee?",
        f'<div class="beside"><figure>{figure}<figcaption>Van vragenlijst naar groep. De tabel zegt hetzelfde.'
        f"</figcaption></figure>{scrolling('Aantal vrouwen', ('Stap', 'Vrouwen'), rows)}</div>",
    )


def _fair(taking: Taking, facts: Facts) -> str:
    shown = released_table(taking.drawn)
    arms = list(next(iter(shown.values())))
    parts = [
        paragraph(
            "Ja, zo is het gemaakt. Een geheime sleutel bepaalt het lot. Die sleutel lag vast voordat de eerste vrouw "
            "meedeed. Niemand kan de uitkomst kiezen of veranderen, en voorspellen lukt bijna nooit. Na afloop kan een "
            "controleur de hele loting narekenen."
        ),
        paragraph(facts.method),
    ]
    if len(shown) > 1:
        rows = [(group, *(_number(row[arm]) for arm in arms)) for group, row in shown.items()]
        named, title = (
            ("Kans", "Geloot per groep met ongeveer dezelfde kans")
            if facts.bands_by == "model"
            else ("Kenmerken", "Geloot per aantal kenmerken")
        )
        heads = (named, *(ARMS.get(arm, arm).capitalize() for arm in arms))
        parts.append(scrolling(title, heads, rows))
    elif len(taking.drawn) > 1:
        parts.append(paragraph("De groepen binnen de loting zijn te klein om te tonen."))
    if facts.rehearsed:
        parts.append(_rehearsed(facts.rehearsed))
    if len(taking.drawn) > 1:
        parts.append(paragraph(ABOUT_BANDS[facts.bands_by]))
    return section("Is de loting eerlijk?", *parts)


def _rehearsed(seen: Rehearsed) -> str:
    rows = [(name, *(_decimal(number) for number in numbers)) for name, *numbers in seen.rows]
    return (
        "<h3>Wat de oefening liet zien</h3>"
        + paragraph(
            f"We speelden de loting na in {seen.towns} verzonnen gemeenten, {_years(seen.years)} lang. Het verschil is "
            "het aantal vrouwen dat de ene groep groter is dan de andere."
        )
        + scrolling(
            "Verschil tussen de groepen, in vrouwen",
            ("Groep", "In de helft van de gemeenten hoogstens", "In 95 van de 100 hoogstens", "Het grootste"),
            rows,
        )
        + paragraph(
            f"In {_percent(seen.any_empty_arm)} van de gemeenten bleef een deel van de loting zonder vrouwen in een "
            f"van de groepen. Van alle delen bleef {_percent(seen.empty_cells)} helemaal leeg."
        )
    )


def _when(facts: Facts) -> str:
    rows = [(q.question, str(q.women), _decimal(q.years)) for q in facts.questions]
    return section(
        "Wanneer komt er een antwoord?",
        paragraph(
            "Het eerste antwoord komt pas als genoeg vrouwen een jaar na de geboorte de vragenlijst hebben ingevuld. "
            "Tot die tijd vergelijken we de groepen niet. Te vroeg kijken geeft een verkeerd beeld."
        ),
        scrolling("Hoeveel vrouwen en hoeveel jaar een antwoord kost", ("Vraag", "Vrouwen", "Jaren"), rows),
        _said(facts),
        paragraph(
            "Uithuisplaatsing komt weinig voor. Eén gemeente alleen kan daarover geen antwoord geven. Daarvoor zijn "
            "meer gemeenten samen nodig."
        ),
    )


def _said(facts: Facts) -> str:
    """Return what the page would say at the planned looks, and how often that is wrong."""
    if not facts.said:
        return ""
    rows = [
        (
            one.truth,
            _of_hundred(one.played.says_helps),
            _of_hundred(one.played.says_no_difference),
            _of_hundred(one.played.says_harms),
            f"{_decimal(one.played.years)} (van {_decimal(one.played.years_5)} tot {_decimal(one.played.years_95)})",
            dutch_date(one.answer_on),
        )
        for one in facts.said
    ]
    heads = ("Als dit waar is", "zegt de pagina: het helpt", "geen verschil gezien", "het is slechter",
             "na hoeveel jaar", "de helft weet het op")  # fmt: skip
    nothing = facts.said[0].played
    return (
        "<h3>Wat zal deze pagina dan zeggen?</h3>"
        + paragraph(
            f"Ook dat speelden we na, {nothing.trials} keer. De groepen worden alleen vergeleken op de momenten die "
            "vooraf vastliggen. De tabel zegt van elke 100 keer wat de pagina dan zegt."
        )
        + scrolling("Hoe vaak de pagina wat zegt, van elke 100 keer", heads, rows)
        + paragraph(
            f"Maakt het aanbod geen verschil? Dan zegt de pagina {_of_hundred(nothing.wrong)} van de 100 keer toch "
            f"iets anders. Wie elk kwartaal kijkt, doet dat {_of_hundred(nothing.naive_wrong)} van de 100 keer. "
            "Daarom kijken we niet vaker."
        )
    )


def _of_hundred(share: float) -> str:
    return _decimal(round(100 * share, 1))


def _numbers() -> str:
    return section(
        "Hoe lezen we de aantallen?",
        paragraph(
            f"Aantallen onder de {MINIMUM} tonen we niet. Andere aantallen ronden we af op {ROUNDED_TO}. Een totaal is "
            "de som van wat u ziet. Zo is niemand te herkennen."
        ),
    )


def _assumptions(facts: Facts) -> str:
    if not facts.assumptions:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in facts.assumptions)
    return section("Wat nemen we aan?", paragraph("Met [A] geven we aan: dit is een aanname."), f"<ul>{items}</ul>")


def _number(count: int | None) -> str:
    return TOO_FEW if count is None else str(count)


def _decimal(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0").replace(".", ",")


def _percent(share: float) -> str:
    return f"{_decimal(100 * share)} procent"


def _chance(fraction: str) -> str:
    part, _, whole = fraction.partition("/")
    return f"{part} op {whole}" if whole else "1 op 1"


def _years(number: int) -> str:
    return f"{number} jaar"


_OWN: Final = """
rect { fill: #fff; stroke: #1f2328; stroke-width: 1.5 } line { stroke: #1f2328; stroke-width: 1.5 }
svg text { font-size: 15px; text-anchor: middle; fill: #1f2328 } .number { font-weight: 700 }
.exercise { border: 3px solid #7a1f00; color: #7a1f00; background: #fff; padding: .6rem .8rem }
@media print { figure { max-width: 120mm } }
"""
