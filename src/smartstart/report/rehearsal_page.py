"""The page for the council while there are no outcomes: who took part, whether the draw is fair, when an answer comes.

Nothing here compares the arms. Words are Dutch, B1, and stand in the catalogue of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.numbers import dutch, fixed
from smartstart.outreach.pages import as_rehearsal
from smartstart.report import council
from smartstart.report.disclosure import released, released_table, total
from smartstart.report.figure import flow_figure
from smartstart.report.markup import STYLE, listing, page, paragraph, scrolling, section
from smartstart.small_numbers import MINIMUM, ROUNDED_TO
from smartstart.wording import Wording, wording

if TYPE_CHECKING:
    from datetime import date

    from smartstart.trial.sequential.played import Played


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
    """What is said at the planned looks when ``truth`` (in words) holds, and on which day half of it is said."""

    truth: str
    played: Played
    answer_on: date


@dataclass(frozen=True)
class Facts:
    """What the page says beside the counts. ``chances`` are fractions by arm; ``method`` is a sentence.

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


def words() -> Wording:
    """Return the words of the page: a council has no other language than Dutch."""
    return wording("nl", __package__ or "")


def caution() -> str:
    """Return what stands wherever a risk band is shown, as the page after the first outcomes says it."""
    return wording("nl", council.__name__).say("fair.caution")


def council_page(taking: Taking, facts: Facts, *, rehearsal: bool) -> bytes:
    """Return the page as HTML that stands by itself: no script and nothing to load."""
    w = words()
    title = w.say("title", municipality=facts.municipality)
    parts = [
        f'<p class="rehearsal" role="note"><strong>{escape(as_rehearsal(w.say("rehearsal")))}</strong></p>'
        if rehearsal
        else "",
        f"<h1>{escape(title)}</h1>",
        paragraph(w.say("as_of", day=w.day(facts.as_of))),
        _about(w, facts),
        _who(w, taking),
        _fair(w, taking, facts),
        _when(w, facts),
        section(w.say("numbers.title"), paragraph(w.say("numbers.how", minimum=MINIMUM, rounded_to=ROUNDED_TO))),
        _assumptions(w, facts),
    ]
    return page(
        "nl",
        as_rehearsal(title) if rehearsal else title,
        STYLE + _OWN,
        "\n".join(part for part in parts if part),
        paragraph(w.say("questions", contact=facts.contact) if facts.contact else "")
        + paragraph(w.say("design_hash", hash=facts.design_hash), "small")
        + (paragraph(w.say("ledger_head", head=facts.ledger_head), "small") if facts.ledger_head else ""),
    )


def _about(w: Wording, facts: Facts) -> str:
    offer = facts.chances.get("offer")
    chance = [w.say("about.chance", chance=_chance(w, offer))] if offer else []
    return section(
        w.say("about.title"),
        paragraph(w.say("about.aim")),
        paragraph(" ".join([w.say("about.draw"), *chance])),
        paragraph(w.say(f"asked.{facts.consent_model}")),
        paragraph(w.say("about.help")),
    )


def _who(w: Wording, taking: Taking) -> str:
    shown = released_table(taking.drawn)
    arms = list(next(iter(shown.values())))
    by_arm = {arm: total(row[arm] for row in shown.values()) for arm in arms}
    drawn, aside = total(by_arm.values()), released(taking.not_drawn)
    seen = total([drawn, aside])
    given = [(w.say("who.drawn", arm=_arm(w, arm)), _count(w, count)) for arm, count in by_arm.items()]
    figure = flow_figure(
        w.say("who.figure"),
        [w.say("who.box.seen"), _count(w, seen)],
        [w.say("who.box.aside"), _count(w, aside)],
        given,
    )
    rows = [(w.say("who.row.seen"), _count(w, seen)), (w.say("who.row.aside"), _count(w, aside)), *given]
    return section(
        w.say("who.title"),
        f'<div class="beside"><figure>{figure}<figcaption>{escape(w.say("who.caption"))}</figcaption></figure>'
        f"{scrolling(w.say('who.table'), (w.say('who.step'), w.say('women')), rows)}</div>",
    )


def _fair(w: Wording, taking: Taking, facts: Facts) -> str:
    shown = released_table(taking.drawn)
    arms = list(next(iter(shown.values())))
    parts = [paragraph(w.say("fair.how")), paragraph(facts.method)]
    if len(shown) > 1:
        rows = [(group, *(_count(w, row[arm]) for arm in arms)) for group, row in shown.items()]
        heads = (w.say(f"bands.{facts.bands_by}"), *(_arm(w, arm).capitalize() for arm in arms))
        parts.append(scrolling(w.say(f"bands.table.{facts.bands_by}"), heads, rows))
    elif len(taking.drawn) > 1:
        parts.append(paragraph(w.say("bands.too_small")))
    if facts.rehearsed:
        parts.append(_rehearsed(w, facts.rehearsed))
    if len(taking.drawn) > 1:
        parts.append(paragraph(f"{w.say(f'bands.about.{facts.bands_by}')} {caution()}"))
    return section(w.say("fair.title"), *parts)


def _rehearsed(w: Wording, seen: Rehearsed) -> str:
    heads = tuple(w.say(f"played.{name}") for name in ("group", "median", "p95", "worst"))
    rows = [(name, *(_decimal(number) for number in numbers)) for name, *numbers in seen.rows]
    return (
        f"<h3>{escape(w.say('played.title'))}</h3>"
        + paragraph(w.say("played.how", towns=seen.towns, years=seen.years))
        + scrolling(w.say("played.table"), heads, rows)
        + paragraph(
            w.say("played.empty", any_empty=_percent(w, seen.any_empty_arm), empty=_percent(w, seen.empty_cells))
        )
    )


def _when(w: Wording, facts: Facts) -> str:
    heads = (w.say("when.question"), w.say("women"), w.say("when.years"))
    rows = [(q.question, str(q.women), _decimal(q.years)) for q in facts.questions]
    return section(
        w.say("when.title"),
        paragraph(w.say("when.patience")),
        scrolling(w.say("when.table"), heads, rows),
        _said(w, facts),
        paragraph(w.say("when.placements")),
    )


def _said(w: Wording, facts: Facts) -> str:
    """Return what the page would say at the planned looks, and how often that is wrong."""
    if not facts.said:
        return ""
    heads = tuple(w.say(f"said.{name}") for name in ("truth", "helps", "no_difference", "harms", "years", "half"))
    nothing = facts.said[0].played
    wrong, naive = _of_hundred(nothing.wrong), _of_hundred(nothing.naive_wrong)
    return (
        f"<h3>{escape(w.say('said.title'))}</h3>"
        + paragraph(w.say("said.how", trials=nothing.trials))
        + scrolling(w.say("said.table"), heads, [_said_row(w, one) for one in facts.said])
        + paragraph(w.say("said.wrong", wrong=wrong, naive=naive))
    )


def _said_row(w: Wording, one: Said) -> tuple[str, ...]:
    played = one.played
    years = {"years": played.years, "least": played.years_5, "most": played.years_95}
    return (
        one.truth,
        _of_hundred(played.says_helps),
        _of_hundred(played.says_no_difference),
        _of_hundred(played.says_harms),
        w.say("said.from_to", **{name: _decimal(value) for name, value in years.items()}),
        w.day(one.answer_on),
    )


def _assumptions(w: Wording, facts: Facts) -> str:
    if not facts.assumptions:
        return ""
    return section(w.say("assumed.title"), paragraph(w.say("assumed.sign")), listing(facts.assumptions))


def _arm(w: Wording, arm: str) -> str:
    return w.known(f"arm.{arm}", arm)


def _count(w: Wording, count: int | None) -> str:
    return w.say("too_few", minimum=MINIMUM) if count is None else str(count)


def _decimal(number: float) -> str:
    return dutch(fixed(number, 1).removesuffix(".0"))


def _of_hundred(share: float) -> str:
    return _decimal(100 * share)


def _percent(w: Wording, share: float) -> str:
    return w.say("percent", number=_of_hundred(share))


def _chance(w: Wording, fraction: str) -> str:
    part, _, whole = fraction.partition("/")
    return w.say("chance", part=part, whole=whole) if whole else w.say("chance", part=1, whole=1)


_OWN: Final = """
rect { fill: #fff; stroke: #1f2328; stroke-width: 1.5 } line { stroke: #1f2328; stroke-width: 1.5 }
svg text { font-size: 15px; text-anchor: middle; fill: #1f2328 } .number { font-weight: 700 }
.rehearsal { border: 3px solid #7a1f00; color: #7a1f00; background: #fff; padding: .6rem .8rem }
@media print { figure { max-width: 120mm } }
"""
