"""From what may be shown to what is said: eight sections, and one on what women were given once that may be told."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from smartstart.report.council import figures
from smartstart.report.council.document import Cell, Document, Figure, Paragraph, Part, Section, Table
from smartstart.report.council.figures import Frame
from smartstart.report.disclosure import rounded
from smartstart.small_numbers import MINIMUM, ROUNDED_TO
from smartstart.support.costs import budget_effect
from smartstart.trial.analysis.plan import TIMED
from smartstart.trial.flow import OFFER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.report.council.released import Range, Released, Shown, ShownOutcome
    from smartstart.wording import Wording


def document(shown: Released, w: Wording, *, draft: bool, released_by: str = "") -> Document:
    """Return the whole; a ``draft`` says at its top that it is not for release."""
    notices = [w.say("rehearsal")] if shown.rehearsal else []
    if draft:
        notices.append(w.say("draft"))
    given = (_given,) if shown.delivery else ()
    parts = (_answer, _who, _fair, *given, _helps, _sure, _score, _costs, _how)
    foot = [w.say("contact", contact=shown.contact)] if shown.contact else []
    if released_by:
        foot.append(w.say("released_by", day=w.day(shown.as_of), owner=released_by))
    return Document(
        language=w.language,
        title=w.say("title", municipality=shown.municipality),
        notices=tuple(notices),
        as_of=w.say("as_of", day=w.day(shown.as_of)),
        sections=tuple(part(shown, w) for part in parts),
        foot=" ".join(foot),
    )


# --- 1 in three sentences ---------------------------------------------------------------------------------


def three_sentences(shown: Released, w: Wording) -> tuple[str, str, str]:
    """Return what was done, what is seen and how sure that is, and when more is known."""
    primary = next(one for one in shown.outcomes if one.primary)
    named = _outcome(primary, w)
    women = _sum(shown.taken.drawn)
    start = w.day(shown.started)
    did = w.say("answer.did", start=start, women=w.number(women)) if women else w.say("answer.did.none", start=start)
    values: dict[str, Any] = {"outcome": named, "percent": w.number(shown.looks.percent)}
    if primary.effect and shown.state in {"difference", "no_difference"}:
        values |= _in_words(primary, primary.effect, w)
    see = w.say(f"answer.see.{shown.state}", **values)
    left = shown.looks.taken < len(shown.looks.planned)
    when = "ahead" if shown.state in {"no_data", "too_early"} else "more" if left else "done"
    return did, see, w.say(f"answer.when.{when}", outcome=named, month=w.month(shown.ahead.answer_on))


def _answer(shown: Released, w: Wording) -> Section:
    parts = tuple(Paragraph(text, "lead") for text in three_sentences(shown, w))
    return Section("answer", w.say("answer.title"), parts)


# --- 2 who took part --------------------------------------------------------------------------------------


def _who(shown: Released, w: Wording) -> Section:
    taken, primary = shown.taken, next(one for one in shown.outcomes if one.primary)
    named = _outcome(primary, w)
    steps: list[tuple[str, Shown]] = [(w.say("who.seen"), taken.seen), (w.say("who.not_drawn"), taken.not_drawn)]
    if len(taken.reasons) > 1:
        steps += [(w.say("who.reason", reason=_reason(name, w)), count) for name, count in taken.reasons.items()]
    for name, key in (("drawn", "who.drawn_arm"), ("excluded", "who.excluded"), ("analysed", "who.analysed")):
        steps += [(w.say(key, arm=_arm(arm, w)), count) for arm, count in getattr(taken, name).items()]
    steps += [(w.say("who.known", outcome=named, arm=_arm(arm, w)), count) for arm, count in primary.known.items()]
    several = len(taken.drawn) > 1
    rows = tuple((Cell(text), Cell(_or_hidden(count, w, several=several), count)) for text, count in steps)
    boxes = [
        [(w.say("who.seen"), _count(taken.seen, w))],
        [(f"<{w.say('who.not_drawn')}", _count(taken.not_drawn, w))],
        [
            (
                w.say("who.drawn_arm", arm=_arm(arm, w)) if several else w.say("who.drawn"),
                _or_hidden(count, w, several=several),
            )
            for arm, count in taken.drawn.items()
        ],
        [(w.say("who.known_box"), _or_hidden(count, w, several=several)) for count in primary.known.values()],
    ]
    title = w.say("who.figure")
    words = "; ".join(f"{cells[0].text}: {cells[1].text}" for cells in rows)
    parts: list[Part] = [
        Paragraph(w.say("who.text")),
        Figure("who", title, words, lambda _: figures.boxes("who", title, boxes)),
        Table("who", w.say("who.table"), (w.say("who.step"), w.say("who.women")), rows),
    ]
    if shown.practices:
        by = tuple((Cell(name), Cell(_count(count, w), count)) for name, count in shown.practices.items())
        parts.append(Table("practices", w.say("who.practices"), (w.say("who.practice"), w.say("who.women")), by))
    else:
        parts.append(Paragraph(w.say("who.no_practices"), "note"))
    return Section("who", w.say("who.title"), tuple(parts))


# --- 3 fair at the start ----------------------------------------------------------------------------------


def _fair(shown: Released, w: Wording) -> Section:
    parts: list[Part] = [Paragraph(w.say("fair.text"))]
    if not shown.baseline:
        return Section("fair", w.say("fair.title"), (*parts, Paragraph(w.say("fair.none"))))
    rows = []
    for one in shown.baseline:
        known = w.known(f"outcome.{one.name}", one.name)
        texts = {"risk_band": w.say("baseline.risk_band", level=one.level),
                 "practice": w.say("baseline.practice", level=one.level)}  # fmt: skip
        rows.append((texts.get(one.name, w.say("baseline.scale", name=known)), one.difference))
    title = w.say("fair.figure")
    words = "; ".join(f"{name}: {w.number(value, 1)}" for name, value in rows)
    parts += [
        Paragraph(w.say("fair.read")),
        Figure(
            "fair", title, words,
            lambda paths: figures.dots(Frame("fair", title, words, w, paths), rows, w.say("fair.axis")),
        ),
        Table(
            "fair",
            w.say("fair.table"),
            (w.say("fair.what"), w.say("fair.difference")),
            tuple((Cell(name), Cell(w.number(value, 1), value)) for name, value in rows),
        ),
    ]  # fmt: skip
    if any(one.name == "risk_band" for one in shown.baseline):
        parts.append(Paragraph(w.say("fair.caution"), "note"))
    return Section("fair", w.say("fair.title"), tuple(parts))


# --- what women were given: once the arms may be told apart -------------------------------------------------


def _given(shown: Released, w: Wording) -> Section:
    given = shown.delivery
    assert given is not None  # noqa: S101 - there is no such section without it
    accepted, drawn = given.reach["accepted"], shown.taken.drawn.get(OFFER)
    if accepted is None or drawn is None:
        headline = w.say("given.accepted.hidden")
    else:
        headline = w.say("given.accepted", accepted=w.number(accepted), drawn=w.number(drawn))
    steps = tuple((Cell(w.say(f"given.step.{name}")), Cell(_not_shown(n, w), n)) for name, n in given.reach.items())
    kinds = tuple(
        (Cell(w.say(f"given.{name}")), *(Cell(_not_shown(n, w), n) for n in by_arm.values()))
        for name, by_arm in given.care.items()
    )
    arms = [w.say("who.drawn_arm", arm=_arm(arm, w)) for arm in shown.taken.drawn] if given.care else []
    parts: list[Part] = [
        Paragraph(headline, "lead"),
        Paragraph(w.say("given.text")),
        Table("reach", w.say("given.reach"), (w.say("who.step"), w.say("who.women")), steps),
        Paragraph(w.say("given.both")),
    ]
    if kinds and len(arms) == len(kinds[0]) - 1:
        parts.append(Table("care", w.say("given.care"), (w.say("given.kind"), *arms), kinds))
    if given.needs:
        rows = tuple((Cell(w.say(f"domain.{name}")), Cell(w.number(n), n)) for name, n in given.needs.items() if n)
        heads = (w.say("given.domain"), w.say("given.mothers"))
        parts.append(Paragraph(w.say("given.needs", minimum=MINIMUM)))
        parts.append(Table("needs", w.say("given.needs.table"), heads, rows))
    return Section("given", w.say("given.title"), tuple(parts))


def _not_shown(count: Shown, w: Wording) -> str:
    """Return a count; a hidden one need not be small itself: those without it may be few."""
    return w.say("hidden") if count is None else w.number(count)


# --- 4 does it help ---------------------------------------------------------------------------------------


def _helps(shown: Released, w: Wording) -> Section:
    primary = next(one for one in shown.outcomes if one.primary)
    parts: list[Part] = []
    if primary.effect:
        parts.append(Paragraph(w.say("helps.primary", outcome=_outcome(primary, w),
                                     **_in_words(primary, primary.effect, w))))  # fmt: skip
    else:
        parts.append(Paragraph(w.say("helps.no_primary" if shown.arms else "helps.not_yet")))
    parts += _effects(shown, w)
    for scale in dict.fromkeys(one.scale for one in shown.waves):
        parts += _waves(shown, scale, w)
    parts += _placements(shown, w)
    return Section("helps", w.say("helps.title"), tuple(parts))


def _effects(shown: Released, w: Wording) -> list[Part]:
    compared = sorted((one for one in shown.outcomes if one.effect), key=lambda one: not one.primary)
    if not compared:
        return []
    rows, drawn = [], []
    for one in compared:
        assert one.effect is not None  # noqa: S101 - only those with an effect are here
        said = _in_words(one, one.effect, w)
        ratio = "–"
        if one.ratio:
            told = w.say("helps.range", **{k: w.number(v, 1) for k, v in _ends(one.ratio).items()})
            ratio = w.say("helps.ratio_of", ratio=told, outcome=_outcome(one, w))
        rows.append((Cell(_outcome(one, w)), Cell(w.say("helps.range", **said)), Cell(ratio)))
        drawn.append((_outcome(one, w), one.effect))
    title = w.say("helps.figure")
    words = "; ".join(f"{cells[0].text}: {cells[1].text}" for cells in rows)
    heads = (w.say("helps.outcome"), w.say("helps.effect"), w.say("helps.ratio"))
    note = [Paragraph(w.say("helps.rounded"), "note")] if any(one.kind == "event" for one in compared) else []
    return [
        Figure("effects", title, words, lambda paths: figures.effects(Frame("effects", title, words, w, paths), drawn)),
        Table("effects", w.say("helps.table"), heads, tuple(rows)),
        *note,
    ]


def _waves(shown: Released, scale: str, w: Wording) -> list[Part]:
    own = [one for one in shown.waves if one.scale == scale]
    rows = tuple(
        (
            Cell(_capital(_moment(one.moment, w))), Cell(_arm(one.arm, w)), Cell(_count(one.n, w), one.n),
            Cell(_mean(one.mean, w)),
        )
        for one in own
    )  # fmt: skip
    caption = w.say("helps.waves", scale=w.known(f"outcome.{scale}", scale).capitalize())
    heads = tuple(w.say(f"helps.{name}") for name in ("moment", "group", "answers", "mean"))
    table = Table(f"waves {scale}", caption, heads, rows)
    if not any(one.mean for one in own):
        return [table]
    names = {f"arm.{one.arm}": _arm(one.arm, w) for one in own}
    names |= {f"moment.{one.moment}": _moment(one.moment, w) for one in own}
    words = "; ".join(", ".join(cell.text for cell in row) for row in rows)
    name = f"waves-{scale}"
    return [
        Figure(name, caption, words, lambda paths: figures.waves(Frame(name, caption, words, w, paths), own, names)),
        table,
    ]


def _placements(shown: Released, w: Wording) -> list[Part]:
    if all(events is None for _, events, _ in shown.events_by_half_year):
        return [Paragraph(w.say("helps.placements_few"))]
    rows = tuple(
        (Cell(w.number(6 * half_year)), Cell(_count(events, w), events), Cell(_count(women, w), women))
        for half_year, events, women in shown.events_by_half_year
    )
    heads = tuple(w.say(f"helps.{name}") for name in ("months", "events", "followed"))
    return [Table("placements", w.say("helps.placements"), heads, rows)]


# --- 5 how sure, and when ---------------------------------------------------------------------------------


def _sure(shown: Released, w: Wording) -> Section:
    looks, ahead = shown.looks, shown.ahead
    parts: list[Part] = [
        Paragraph(w.say("sure.looks", count=w.number(len(looks.planned)), taken=w.number(looks.taken))),
    ]
    if shown.state in {"no_data", "too_early"} or looks.taken < len(looks.planned):
        parts.append(Paragraph(w.say("sure.when", month=w.month(ahead.answer_on))))
    difference = w.number(ahead.difference, 1)
    if ahead.power is not None and looks.answers is not None:
        percent = w.number(rounded(100 * ahead.power))
        parts.append(Paragraph(w.say("sure.power", power=percent, difference=difference)))
    if ahead.detectable is not None and looks.answers is not None:
        parts.append(Paragraph(w.say("sure.detectable", detectable=w.number(ahead.detectable, 1))))
    within = w.number(ahead.within)
    parts.append(Paragraph(w.say("sure.together", within=within, municipalities=w.number(ahead.municipalities))))
    if ahead.event_municipalities is None:
        parts.append(Paragraph(w.say("sure.never_event", within=within)))
    else:
        many = w.number(ahead.event_municipalities)
        parts.append(Paragraph(w.say("sure.together_event", within=within, municipalities=many)))
    title = w.say("sure.figure")
    words = f"{w.number(looks.percent)} % {w.say('sure.in')}; " + "; ".join(
        f"{w.say('sure.look')} {number}: {w.number(100 * share)} %" for number, share in enumerate(looks.planned, 1)
    )
    axis = w.say("sure.information")
    parts.append(
        Figure("looks", title, words,
               lambda paths: figures.looks(Frame("looks", title, words, w, paths), looks.planned, looks.percent,
                                           w.say("sure.in"), axis))
    )  # fmt: skip
    rows = tuple(
        (
            Cell(w.number(number), number),
            Cell(f"{w.number(100 * share)} %"),
            Cell("–" if boundary is None else w.number(boundary, 2), boundary),
            Cell(w.say("sure.yes" if number <= looks.taken else "sure.no")),
        )
        for number, (share, boundary) in enumerate(zip(looks.planned, looks.boundary, strict=True), start=1)
    )
    heads = tuple(w.say(f"sure.{name}") for name in ("look", "information", "boundary", "done"))
    parts += [Table("looks", w.say("sure.table"), heads, rows), Paragraph(w.say("sure.assumed"), "note")]
    return Section("sure", w.say("sure.title"), tuple(parts))


# --- 6 the score ------------------------------------------------------------------------------------------


def _score(shown: Released, w: Wording) -> Section:
    model = shown.model
    if model is None:
        return Section("score", w.say("score.title"), (Paragraph(w.say("score.count")),))
    parts: list[Part] = [Paragraph(w.say("score.model")), Paragraph(w.say("fair.caution"), "note")]
    slope, ratio = model.get("calibration_slope"), model.get("observed_expected")
    if slope and ratio:
        told = {"slope": w.number(slope["estimate"], 1), "ratio": w.number(ratio["estimate"], 1)}
        parts.append(Paragraph(w.say("score.calibration", **told)))
    rows = tuple(
        (
            Cell(_cut(row, w)),
            Cell(_count(row["n_flagged"], w), row["n_flagged"]),
            _share(row["false_positive_share"], w),
            _share(row["sensitivity"], w),
        )
        for row in model.get("thresholds", ())
    )
    if rows:
        heads = tuple(w.say(f"score.{name}") for name in ("threshold", "flagged", "false", "found"))
        parts.append(Table("thresholds", w.say("score.thresholds"), heads, rows))
    told_groups = [
        (
            Cell(f"{row['attribute']}: {row['group']}".replace("_", " ")),
            Cell(w.say("score.insufficient" if row["verdict"] == "insufficient" else "score.shown")),
        )
        for row in model.get("groups", ())
    ]
    if told_groups:
        heads = (w.say("score.group"), w.say("score.verdict"))
        parts.append(Table("groups", w.say("score.groups"), heads, tuple(told_groups)))
    return Section("score", w.say("score.title"), tuple(parts))


def _cut(row: Mapping[str, Any], w: Wording) -> str:
    if row["by"] == "share":
        return w.say("score.top", share=w.number(100 * row["top_share"]))
    return w.say("score.from", risk=w.number(100 * row["threshold"]))


def _share(share: float | None, w: Wording) -> Cell:
    if share is None:
        return Cell(w.say("hidden"))
    return Cell(f"{w.number(rounded(100 * share))} %")


# --- 7 costs ----------------------------------------------------------------------------------------------


def _costs(shown: Released, w: Wording) -> Section:
    if shown.costs is None:
        return Section("costs", w.say("cost.title"), (Paragraph(w.say("cost.none")),))
    offer, placement = shown.costs.offer, shown.costs.placement
    even = 100 * offer.euros / placement.euros
    said = w.say("cost.even", offer=w.number(offer.euros), placement=w.number(placement.euros), even=w.number(even, 1))
    rows = tuple(
        (Cell(w.say(f"cost.{name}")), Cell(w.number(price.euros), price.euros), Cell(price.source))
        for name, price in (("offer", offer), ("placement", placement))
    )
    heads = (w.say("cost.price"), w.say("cost.euros"), w.say("cost.source"))
    table = Table("costs", w.say("cost.table"), heads, rows)
    return Section("costs", w.say("cost.title"), (Paragraph(said), *_budget(shown, w), table))


def _budget(shown: Released, w: Wording) -> list[Paragraph]:
    """Return what the offer saves, reckoned from the rounded counts of the longest outcome that is shown by arm."""
    prices = shown.costs.prices if shown.costs else None
    placed = [
        one
        for one in shown.outcomes
        if one.outcome == TIMED and len(one.events) > 1 and None not in {*one.events.values(), *one.known.values()}
    ]
    if prices is None or not placed:
        return [Paragraph(w.say("cost.not_shown"))]
    longest = max(placed, key=lambda one: int(one.at))
    counts = [(longest.events[arm] or 0, longest.known[arm] or 0) for arm in shown.arms]
    found = budget_effect(prices, counts[0], counts[1])
    ends = {name: w.number(100 * round(value / 100)) for name, value in vars(found.saving).items()}
    chance = w.number(rounded(100 * found.probability_pays))
    return [Paragraph(w.say("cost.saving", **ends)), Paragraph(w.say("cost.pays", chance=chance))]


# --- 8 how it was done ------------------------------------------------------------------------------------


def _how(shown: Released, w: Wording) -> Section:
    how = shown.how
    parts: list[Part] = [Paragraph(w.say("how.text", chance=_chance(how.chance, w)))]
    if how.locked_on:
        parts.append(Paragraph(w.say("how.plan.locked", day=w.day(date.fromisoformat(how.locked_on)))))
    else:
        parts.append(Paragraph(w.say("how.plan.none")))
    if how.departs:
        parts.append(Paragraph(w.say("how.plan.departs", parts=", ".join(how.departs))))
    parts.append(Paragraph(about_counts(w)))
    if shown.suppressed:
        held = tuple(
            (Cell(w.say(f"what.{one.what}")), Cell(w.say(f"why.{one.why}", minimum=MINIMUM)))
            for one in shown.suppressed
        )
        parts.append(Table("suppressed", w.say("how.suppressed"), (w.say("how.what"), w.say("how.why")), held))
    else:
        parts.append(Paragraph(w.say("how.nothing")))
    marks = {"design": how.design_hash, "plan": how.plan_hash, "ledger": how.ledger_head, "version": how.version}
    rows = tuple((Cell(w.say(f"how.{name}")), Cell(value)) for name, value in marks.items() if value)
    parts.append(Table("marks", w.say("how.table"), (w.say("how.mark"), w.say("how.value")), rows))
    return Section("how", w.say("how.title"), tuple(parts))


# --- words ------------------------------------------------------------------------------------------------


def _outcome(one: ShownOutcome, w: Wording) -> str:
    named = w.known(f"outcome.{one.outcome}", one.outcome)
    if one.kind == "scale":
        return w.say("outcome.at_moment", outcome=named, moment=_moment(one.at, w))
    return w.say("outcome.at_months", outcome=named, months=one.at)


def _in_words(one: ShownOutcome, effect: Range, w: Wording) -> dict[str, str]:
    """Return an effect in the unit of its outcome: points of a scale, women of every hundred."""
    if one.kind == "scale":
        said = {name: w.number(value, 1) for name, value in _ends(effect).items()}
        return said | {"estimate": w.say("helps.points", number=said["estimate"])}
    said = {name: w.number(value, 0) for name, value in _ends(effect).items()}
    return said | {"estimate": w.say("helps.in_hundred", number=said["estimate"])}


def _ends(one: Range) -> dict[str, float]:
    return {"estimate": one.estimate, "lower": one.lower, "upper": one.upper}


def _mean(one: Range | None, w: Wording) -> str:
    if one is None:
        return w.say("hidden")
    return w.say("helps.range", **{name: w.number(value, 1) for name, value in _ends(one).items()})


def _count(count: Shown, w: Wording) -> str:
    return w.say("too_few", minimum=MINIMUM) if count is None else w.number(count)


def _or_hidden(count: Shown, w: Wording, *, several: bool) -> str:
    """Return a count; of several that hang together a hidden one need not be small itself."""
    return w.say("hidden") if count is None and several else _count(count, w)


def about_counts(w: Wording) -> str:
    """Return how the counts are to be read: which are not shown, and how the others are rounded."""
    return w.say("how.counts", minimum=MINIMUM, rounded_to=ROUNDED_TO)


def _moment(moment: str, w: Wording) -> str:
    return w.known(f"moment.{moment}", moment)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _arm(arm: str, w: Wording) -> str:
    return w.known(f"arm.{arm}", arm)


def _reason(reason: str, w: Wording) -> str:
    return w.known(f"reason.{reason}", reason)


def _chance(fraction: str, w: Wording) -> str:
    part, _, whole = fraction.partition("/")
    return w.say("how.chance", part=part, whole=whole or "1")


def _sum(counts: Mapping[str, Shown]) -> int:
    return sum(count for count in counts.values() if count is not None)
