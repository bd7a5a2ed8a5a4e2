"""The card of a risk model: what it is for, what it was learned from, how good it is, whom it costs what.

One page of HTML, and the same content as JSON. Both pass the disclosure gate; neither holds a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Final

from smartstart.numbers import JOINED, estimate, fixed, percent
from smartstart.outputs import json_bytes
from smartstart.report.disclosure import released
from smartstart.report.markup import STYLE, listing, notice, page, paragraph, scrolling, section
from smartstart.report.released_evaluation import released_evaluation
from smartstart.report.risk_figures import FIGURES, flagged_words, number, threshold_words
from smartstart.risk.factor_count import CAUTION
from smartstart.small_numbers import MINIMUM, ROUNDED_TO

Plain = Mapping[str, Any]

MADE_UP: Final = "Made-up data: this model was learned on women who do not exist, and cannot be approved for real work."
NOT_APPROVED: Final = "Not approved: nobody may use this model for real work."
HIDDEN: Final = "hidden"  # small, or beside a small one that it would give away
SELECTS_NOBODY: Final = "It selects nobody: no risk decides who may take part, gets an offer or gets care."


@dataclass(frozen=True)
class Data:
    """A set of pregnancies: ``n`` children whose outcome is known at the horizon, exact; hidden on the card if few."""

    words: str  # where and when, for instance "births 2014-2019 of the municipality's register"
    as_of: str  # the date of the extracts, ISO
    n: int
    events: int
    fingerprint: str  # sha256 of the accepted rows, hex


@dataclass(frozen=True)
class Predictor:
    """What the model looks at; ``known`` is the share of women of whom it was known, in training and in judging."""

    name: str
    words: str
    known_training: float
    known_test: float | None


@dataclass(frozen=True)
class Candidate:
    """One model that was tried, judged inside the training data (``auroc`` is {estimate, lower, upper})."""

    words: str
    auroc: Plain
    brier: float
    chosen: bool


@dataclass(frozen=True)
class Approval:
    """Who approved the model file with this ``sha256``, when (ISO date), and in whose own words why."""

    by: str
    on: str
    sha256: str
    words: str = ""


@dataclass(frozen=True)
class Card:
    """All that the card says, in plain values. Whoever fills it needs nothing of the page's make-up."""

    name: str  # of the model in the register of models
    version: str
    made_on: str  # ISO date
    municipality: str
    outcome: str  # in words: "placed without its mother"
    horizon_months: int
    population: str  # for whom: who was in the data, in words
    intended_use: tuple[str, ...]  # what it is for
    not_for: tuple[str, ...]  # what it must not be used for, after SELECTS_NOBODY
    made_up: bool  # learned on the made-up register
    training: Data
    test: Data  # later in time, other mothers
    predictors: tuple[Predictor, ...]
    kind: str  # the chosen model in words: "penalised logistic regression with splines"
    missing: str  # how missing answers are handled, in training and in scoring
    sample_size: str  # what the sample-size check said
    candidates: tuple[Candidate, ...]
    chosen_because: str
    evaluation: Plain  # Evaluation.as_dict() on the test data, with baselines
    instability: tuple[Plain, ...] = ()  # as risk_figures.instability_figure takes it
    learning_curve: tuple[Plain, ...] = ()  # as risk_figures.learning_figure takes it
    limits: tuple[str, ...] = ()
    answers: Mapping[int, str] = field(default_factory=dict)  # TRIPOD+AI item to where it is answered, over TRIPOD
    approval: Approval | None = None


# Collins et al., BMJ 2024;385:e078378, in our own words; an empty answer is "not answered".
TRIPOD: Final[Mapping[int, tuple[str, str]]] = {
    1: ("Title: a prediction model, its people and its outcome", "Head of this card"),
    2: ("Summary", "In short"),
    3: ("Why: the setting, the use, known unfairness", "In short; Fairness"),
    4: ("Aim: learning, judging or both", "In short"),
    5: ("Where the data come from, and from when", "What it was learned from"),
    6: ("Who was in the data, where, with what care", "In short; What it was learned from"),
    7: ("How the data were prepared, alike for all groups", "What it looks at"),
    8: ("The outcome: what, when, how known", "In short"),
    9: ("The predictors: what, when, how known", "What it looks at"),
    10: ("Whether there are enough data", "What it was learned from"),
    11: ("Missing data", "What it looks at"),
    12: ("How the model was made and judged", "How it was chosen; How good it is"),
    13: ("Rare outcome: what was done about it, and calibration after", "Are the risks right?"),
    14: ("What was done for fairness", "Fairness"),
    15: ("What the model gives, and how thresholds were set", "What a threshold costs"),
    16: ("How the data for learning and for judging differ", "What it was learned from"),
    17: ("Ethical approval, consent", ""),
    18: ("Openness: money, interests, protocol, registration, data, code", ""),
    19: ("How women, parents and midwives had a say", ""),
    20: ("Numbers of people and of events, and what they are like", "What it was learned from"),
    21: ("Numbers at each step of learning and judging", "What it was learned from; How it was chosen"),
    22: ("The whole model, so that others can use it", "Approval"),
    23: ("Performance with intervals, also by group", "How good it is; Fairness"),
    24: ("What updating did", ""),
    25: ("What it means, with fairness and earlier studies in mind", "Limits"),
    26: ("Limits", "Limits"),
    27: ("Use: poor input, the user's part, what comes next", "In short; What it looks at"),
}
_UNANSWERED: Final = {
    17: "it stands in the programme: its legal ground, DPIA and ruling",
    18: "it stands in the programme and in the repository's licence",
    19: "the municipality has not said so to this program",
    24: "this model was not updated",
}


def card_html(card: Card) -> bytes:
    """Return the card as a page that stands by itself: no script and nothing to load."""
    shown = released_evaluation(card.evaluation)
    title = f"Model card: {card.name}"
    parts = (
        paragraph(f"{card.municipality} · version {card.version} · made on {card.made_on}", "small"),
        f"<h1>{escape(title)}</h1>",
        notice(MADE_UP) if card.made_up else "",
        notice(NOT_APPROVED) if card.approval is None and not card.made_up else "",
        f'<p class="caution" role="note"><strong>{escape(CAUTION)}</strong></p>',
        _in_short(card, shown),
        _data(card),
        _predictors(card),
        _candidates(card),
        _performance(shown),
        _thresholds(shown),
        _calibration(shown),
        _decisions(shown),
        _fairness(shown),
        _stability(card),
        _limits(card),
        _tripod(card),
        _approval(card),
    )
    foot = paragraph(
        f"Counts under {MINIMUM} are not shown, others are rounded to {ROUNDED_TO}, and small groups are put together.",
        "small",
    )
    return page("en", ("Made-up data – " if card.made_up else "") + title, STYLE, "\n".join(filter(None, parts)), foot)


def card_json(card: Card) -> bytes:
    """Return the same content as JSON, through the same gate, with the sentence that stands beside every risk."""
    content = asdict(card) | {
        "caution": CAUTION,
        "selects_nobody": SELECTS_NOBODY,
        "training": _released_data(card.training),
        "test": _released_data(card.test),
        "predictors": [
            asdict(one) | {"known_training": _rounded(one.known_training), "known_test": _rounded(one.known_test)}
            for one in card.predictors
        ],
        "evaluation": _plain(released_evaluation(card.evaluation)),
        "instability": [
            _plain(point) | ({"n": released(point["n"])} if "n" in point else {}) for point in card.instability
        ],
        "learning_curve": [
            _plain(point) | {"n": released(point["n"]), "events": released(point["events"])}
            for point in card.learning_curve
        ],
        "tripod_ai": [
            {"item": item, "topic": topic, "answer": answer, "answered": answered}
            for item, topic, answer, answered in tripod_items(card)
        ],
    }
    del content["answers"]
    return json_bytes(content, allow_nan=False)


def tripod_items(card: Card) -> list[tuple[int, str, str, bool]]:
    """Return the 27 items of TRIPOD+AI: number, topic, where or why not answered, and whether it is answered."""
    items = []
    for item, (topic, where) in TRIPOD.items():
        answer = card.answers.get(item, where)
        why = f"Not answered, because {_UNANSWERED.get(item, 'nobody filled it in')}."
        items.append((item, topic, answer or why, bool(answer)))
    return items


def _in_short(card: Card, shown: Plain) -> str:
    most = next((row for row in shown["thresholds"] if row["by"] == "share" and row["top_share"] == 0.1), None)
    cost = f"At the highest 10\u00a0% of risks: {flagged_words(most).lower()}." if most else ""
    return section(
        "In short",
        paragraph(
            f"How likely it is that the child of a pregnancy is {card.outcome} within {card.horizon_months} months of "
            f"birth, from what is known at the questionnaire. For whom: {card.population}."
        ),
        paragraph(cost),
        "<h3>What it is for</h3>",
        listing(card.intended_use),
        "<h3>What it must not be used for</h3>",
        listing((SELECTS_NOBODY, *card.not_for)),
    )


def _data(card: Card) -> str:
    columns = (card.training, card.test)
    return section(
        "What it was learned from",
        paragraph(
            "What it was judged on stands beside it; no mother is on both sides of a judgement within one register."
        ),
        scrolling(
            "The data",
            ("", "Learned from", "Judged on"),
            (
                ("Which births", *(one.words for one in columns)),
                ("Extracts as of", *(one.as_of for one in columns)),
                ("Children, outcome known", *(number(released(one.n)) for one in columns)),
                (f"Placed within {card.horizon_months} months", *(number(released(one.events)) for one in columns)),
                ("Made-up or real", *("made-up" if card.made_up else "real" for _ in columns)),
                ("Fingerprint", *(_fingerprint(one.fingerprint) for one in columns)),
            ),
            "words",
        ),
        paragraph(card.sample_size),
    )


def _predictors(card: Card) -> str:
    return section(
        "What it looks at",
        scrolling(
            "Predictors, and of how many women each was known",
            ("Predictor", "What it says", "Known, learned from", "Known, judged on"),
            (
                (one.name, one.words, _known(one.known_training, card.training.n), _known(one.known_test, card.test.n))
                for one in card.predictors
            ),
            "second-words",
        ),
        paragraph(card.missing),
    )


def _candidates(card: Card) -> str:
    return section(
        "How it was chosen",
        paragraph(f"The model: {card.kind}."),
        scrolling(
            "Models tried, judged inside the data learned from",
            ("Model", "AUROC (95 % interval)", "Brier score", "Chosen"),
            (
                (one.words, estimate(one.auroc, 3, JOINED), fixed(one.brier, 4), "yes" if one.chosen else "no")
                for one in card.candidates
            ),
        )
        if card.candidates
        else "",
        paragraph(card.chosen_because),
    )


def _performance(shown: Plain) -> str:
    return section(
        "How good it is",
        paragraph(
            f"Judged on {number(shown['n'])} children, {number(shown['events'])} of them with the outcome. "
            "AUROC: how often, of a child with the outcome and one without, the "
            "first had the higher risk (0.5 is chance). Beside it the two baselines, on the same children."
        ),
        _figure("comparison", shown),
    )


def _thresholds(shown: Plain) -> str:
    sentences = [f"{threshold_words(row).capitalize()}: {flagged_words(row).lower()}." for row in shown["thresholds"]]
    return section(
        "What a threshold costs",
        paragraph(
            "A child is flagged when the risk is at or above a threshold. Who is flagged and did not have the outcome "
            "in that time is a false positive. Nobody is flagged in real life: this says what it would cost."
        ),
        listing(sentences),
        _figure("flagged", shown),
    )


def _calibration(shown: Plain) -> str:
    return section(
        "Are the risks right?",
        paragraph(
            f"Observed over expected: {estimate(shown.get('observed_expected'), 2, JOINED)}. Slope: "
            f"{estimate(shown.get('calibration_slope'), 2, JOINED)}; under 1, high risks are too high and low ones too "
            "low."
        ),
        _figure("calibration", shown),
    )


def _decisions(shown: Plain) -> str:
    if not shown.get("decision_curve"):
        return ""
    return section(
        "Is it worth using?",
        paragraph(
            "Net benefit weighs children found against women flagged wrongly, by the risk from which one would offer "
            "help. A model is worth using only where its line is above all others."
        ),
        _figure("decision", shown),
    )


def _fairness(shown: Plain) -> str:
    rows = shown.get("groups", ())
    if not rows:
        return section("Fairness", paragraph("Not judged by group: no group was given."))
    return section(
        "Fairness",
        paragraph(
            "Whether risks are right in each group. “Insufficient” means that nobody can tell: fewer than ten "
            "placements expected or observed. It does not mean that the model is fair there."
        ),
        scrolling(
            "By group (95 % intervals)",
            ("Group", "Children", "Placed", "Flagged", "Without answers", "Observed / expected", "AUROC", "Verdict"),
            (
                (
                    f"{row['attribute']}: {row['group']}",
                    HIDDEN if row["n"] is None else number(row["n"]),
                    HIDDEN if row["events"] is None else number(row["events"]),
                    _share(row, "selection_rate"),
                    _share(row, "missing_share"),
                    estimate(row.get("observed_expected"), 1, JOINED),
                    estimate(row.get("auroc"), 2, JOINED),
                    str(row["verdict"]),
                )
                for row in rows
            ),
        ),
        _caution(),
    )


def _stability(card: Card) -> str:
    if not card.instability and not card.learning_curve:
        return ""
    return section(
        "How stable it is",
        _figure("instability", card.instability) if card.instability else "",
        _figure("learning", card.learning_curve, caution=False) if card.learning_curve else "",
    )


def _limits(card: Card) -> str:
    return section(
        "Limits", listing(card.limits) if card.limits else paragraph("Nobody wrote down limits yet."), _caution()
    )


def _tripod(card: Card) -> str:
    return section(
        "TRIPOD+AI",
        paragraph("The 27 items of the reporting guideline (Collins et al., BMJ 2024), in our own words."),
        scrolling(
            "Where each item is answered",
            ("Item", "Topic", "Where"),
            ((str(item), topic, answer) for item, topic, answer, _ in tripod_items(card)),
            "words",
        ),
    )


def _approval(card: Card) -> str:
    if card.approval is None:
        return section("Approval", paragraph(MADE_UP if card.made_up else NOT_APPROVED))
    return section(
        "Approval",
        paragraph(f"Approved by {card.approval.by} on {card.approval.on}. {card.approval.words}".strip()),
        paragraph(f"sha256 of the model file: {card.approval.sha256}", "small"),
    )


def _figure(name: str, values: Any, *, caution: bool = True) -> str:
    """Return a figure, the sentence that stands beside every risk, and the figure's table."""
    figure = FIGURES[name]
    numbers = figure.table(values)
    return (
        f'<figure><div class="drawing">{figure.draw(values)}</div><figcaption>{escape(figure.title)}. The table says '
        f"the same.{f' <em>{escape(CAUTION)}</em>' if caution else ''}</figcaption></figure>"
        + scrolling(numbers.caption, numbers.heads, numbers.rows)
    )


def _caution() -> str:
    return f'<p class="small"><em>{escape(CAUTION)}</em></p>'


def _fingerprint(text: str) -> str:
    return text[:16] + ("…" if len(text) > 16 else "")


def _known(share: float | None, n: int) -> str:
    """Return the share known in whole percents; of a few women with or without an answer only the bound."""
    if share is None:
        return "–"
    if round(n * share) < MINIMUM:
        return "none or hardly any"
    if round(n * (1 - share)) < MINIMUM:
        return "all or nearly all"
    return percent(share, gap=JOINED)


def _share(row: Plain, key: str) -> str:
    if row.get(key) is not None:
        return percent(row[key], gap=JOINED)
    if row.get(f"{key}_below") is not None:
        return f"under {percent(row[f'{key}_below'], gap=JOINED)}"
    if row.get(f"{key}_above") is not None:
        return f"over {percent(row[f'{key}_above'], gap=JOINED)}"
    return HIDDEN


def _released_data(data: Data) -> dict[str, Any]:
    return asdict(data) | {"n": released(data.n), "events": released(data.events)}


def _rounded(share: float | None) -> float | None:
    """Return a share of women in whole percents."""
    return None if share is None else round(share, 2)


def _plain(values: Any) -> Any:
    """Return values as JSON holds them: numbers that do not exist become null."""
    if isinstance(values, Mapping):
        return {str(key): _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    if isinstance(values, float) and values - values != 0:
        return None
    return values
