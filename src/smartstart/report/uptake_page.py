"""What women were given, as a page for those who run the trial: exact counts, of the restricted tier."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.numbers import NOTHING, difference, fixed, percent_within, short
from smartstart.report.markup import STYLE, notice, page, paragraph, scrolling, section
from smartstart.report.risk_figures import BLUE, BROWN, GREY, drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

    from smartstart.trial.analysis.records import Estimate
    from smartstart.trial.uptake import Contrast, Spread, Step, Uptake

TITLE: Final = "What women were given"
RESTRICTED: Final = "Exact counts of the restricted tier, for those who run the trial: not for publication."
BLINDED: Final = "What both arms were given is told once the trial is unblinded: it would tell which arm is which."
NO_LOG: Final = "No log of contacts was delivered yet: load it with 'smartstart run support'."
FEW_YES: Final = "A no is an answer as good as a yes: mothers often cannot or will not accept help."
NAMES: Final = {
    "drawn": "drawn for the offer",
    "listed": "stood on a practice's list",
    "accepted": "accepted",
    "first_contact": "was spoken to",
    "first_contact_in_time": "was spoken to in time",
    "all_planned_contacts": "had all three planned contacts",
    "contact_of_the_offer": "contact of the offer",
    "prenatal_home_visit": "prenatal home visit (statutory)",
    "any_contact_of_youth_nurse": "any contact with a youth nurse",
    "ambulant_youth_care": "youth care at home for a child",
    "stay_with_child": "lived in a house with her child",
}


def sentences_of(found: Uptake) -> tuple[str, ...]:
    """Return uptake in words: acceptance first."""
    steps = {step.name: step for step in found.reach}
    accepted, met, in_time = (steps[name] for name in ("accepted", "first_contact", "first_contact_in_time"))
    if not found.logged:
        return (_in_words("Accepted", accepted), FEW_YES, NO_LOG)
    said = [
        _in_words("Accepted", accepted),
        FEW_YES,
        f"{met.women} were spoken to, {in_time.women} of them in time; "
        f"{steps['all_planned_contacts'].women} had all three planned contacts.",
    ]
    if found.contacts.median is not None and found.hours.median is not None:
        contacts, hours = short(found.contacts.median), fixed(found.hours.median, 1)
        said.append(f"Half of them had {contacts} contacts and {hours} hours or more.")
    if found.untimed:
        said.append(f"{found.untimed} contacts have no minutes: the hours are at least what is shown.")
    return tuple(said)


def rows_of_reach(found: Uptake) -> list[tuple[str, str, str]]:
    """Return each step with women and their share."""
    first, *rest = found.reach
    return [(NAMES[first.name], str(first.women), ""), *((NAMES[s.name], str(s.women), _share(s)) for s in rest)]


def rows_of_dose(found: Uptake) -> list[tuple[str, str, str, str]]:
    """Return what each woman who was spoken to was given: median, quartiles, mean."""
    return [
        _spread("contacts", found.contacts),
        _spread("home visits", found.home_visits),
        _spread("hours", found.hours),
    ]


def rows_of_ending(found: Uptake) -> list[tuple[str, str, str]]:
    """Return how contacts stand, to whom mothers were handed over, and where they went after a stay."""
    parts = (("contacts now", found.endings), ("handed over to", found.handed_to), ("after a stay", found.next_places))
    return [(what, name.replace("_", " "), str(count)) for what, counts in parts for name, count in counts.items()]


def rows_of_contrast(contrasts: Iterable[Contrast]) -> list[tuple[str, ...]]:
    """Return each kind of care with both arms and the difference."""
    return [
        (NAMES[one.name], *(_of(step) for step in one.arms.values()), _difference(one.difference)) for one in contrasts
    ]


def reach_figure(found: Uptake) -> str:
    """Draw how many women remain at each step."""

    def draw(canvas: Canvas) -> None:
        axes: Axes = canvas.subplots()
        steps = list(reversed(found.reach))
        axes.barh(range(len(steps)), [step.women for step in steps], color=BLUE, height=0.55)
        axes.set_yticks(range(len(steps)), [NAMES[step.name] for step in steps])
        axes.set_xlabel("women")

    words = "; ".join(f"{NAMES[step.name]}: {step.women}" for step in found.reach)
    return drawn("reach", "From drawn to spoken to in time", words, draw)


def contrast_figure(contrasts: Sequence[Contrast]) -> str:
    """Draw the share of women with each kind of care in both arms."""

    def draw(canvas: Canvas) -> None:
        axes: Axes = canvas.subplots()
        kinds = list(reversed(contrasts))
        for place, one in enumerate(kinds):
            for step, mark, colour in zip(one.arms.values(), ("o", "s"), (BLUE, BROWN), strict=False):
                share = step.women / step.of if step.of else 0
                hollow = "white" if colour == BROWN else colour
                axes.plot(100 * share, place, mark, color=colour, markerfacecolor=hollow)
            axes.axhline(place, color=GREY, linewidth=0.4)
        axes.set_yticks(range(len(kinds)), [NAMES[one.name] for one in kinds])
        axes.set_xlim(-3, 103)
        axes.set_xlabel("percent of women; dot: offer, square: care as usual")

    words = "; ".join(" ".join(row) for row in rows_of_contrast(contrasts))
    return drawn("contrast", "Care in both arms", words, draw)


def uptake_page(found: Uptake) -> bytes:
    """Return the page."""
    parts = [
        f"<h1>{escape(TITLE)}</h1>",
        notice(RESTRICTED),
        section("In short", *(paragraph(text) for text in sentences_of(found))),
        section(
            "Reach",
            f'<figure><div class="drawing">{reach_figure(found)}</div>'
            "<figcaption>The table says the same.</figcaption></figure>",
            scrolling("Of the women drawn for the offer", ("Step", "Women", "Share"), rows_of_reach(found)),
        ),
    ]
    if found.logged:
        heads = ("For each woman spoken to", "Median", "Quartiles", "Mean")
        parts.append(section("Dose", scrolling("What she was given", heads, rows_of_dose(found))))
    if rows := rows_of_ending(found):
        parts.append(section("How it goes on", scrolling("Now", ("What", "Which", "Women"), rows, "words")))
    if found.contrasts:
        arms = [arm.replace("_", " ") for arm in found.contrasts[0].arms]
        parts.append(
            section(
                "Both arms",
                f'<figure><div class="drawing">{contrast_figure(found.contrasts)}</div>'
                "<figcaption>The table says the same.</figcaption></figure>",
                scrolling(
                    "Women with each kind of care, and the difference with its 95 % interval",
                    ("Care", *arms, "Difference"),
                    rows_of_contrast(found.contrasts),
                ),
            )
        )
    else:
        parts.append(section("Both arms", paragraph(BLINDED)))
    return page("en", TITLE, STYLE, "\n".join(parts), paragraph(found.rule, "small"))


def _in_words(what: str, step: Step) -> str:
    if step.share is None:
        return "Nobody was drawn for the offer yet."
    return f"{what}: {step.women} of {step.of} women drawn for the offer, {_share(step)}."


def _share(step: Step) -> str:
    if step.share is None:
        return NOTHING
    return percent_within(step.share.estimate, step.share.lower, step.share.upper)


def _of(step: Step) -> str:
    return f"{step.women}/{step.of}"


def _difference(one: Estimate | None) -> str:
    return NOTHING if one is None else difference(one)


def _spread(name: str, one: Spread) -> tuple[str, str, str, str]:
    if one.mean is None or one.median is None:
        return name, NOTHING, NOTHING, NOTHING
    middle = f"{fixed(one.lower_quartile, 1)}–{fixed(one.upper_quartile, 1)}"
    return name, fixed(one.median, 1), middle, fixed(one.mean, 1)
