"""What is estimated, before how: the estimand of each question, in the parts of ICH E9(R1)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Kind = Literal["binary", "scale", "time"]

REFERENCE: Final = "ICH E9(R1) addendum on estimands and sensitivity analysis, 2019"


@dataclass(frozen=True)
class Handled:
    """What is done with one intercurrent event, and under which of the addendum's strategies."""

    event: str
    strategy: str
    handling: str


@dataclass(frozen=True)
class Estimand:
    """What one comparison estimates: of whom, of what, by when, in which summary, and what else may happen to them."""

    population: str
    outcome: str
    clock: str
    summary: str
    intercurrent_events: tuple[Handled, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def sentence(self) -> str:
        """Return it as one sentence."""
        return f"{self.summary}: {self.outcome}; {self.clock}; {self.population}."


SUMMARIES: Final[dict[Kind, str]] = {
    "binary": "The difference between the arms in risk, and its ratio",
    "scale": "The difference between the arms in means",
    "time": "The ratio of the arms' hazards, and the difference in mean time without the event",
}

# The measures of effect, in words: differences and ratios, treated against control.
MEASURES: Final = {
    "risk_difference": "risk difference",
    "risk_ratio": "risk ratio",
    "odds_ratio": "odds ratio",
    "mean_difference": "difference in means",
    "hazard_ratio": "hazard ratio",
    "rmst_difference": "difference in mean time",
}

_AS_DRAWN: Final = "treatment policy"


def of_file(kind: Kind, outcome: str, arms: tuple[str, str], time: str | None) -> Estimand:
    """Return the estimand of a file of one's own: everyone with an arm, compared as drawn."""
    treated, control = arms
    return Estimand(
        population=f"everyone in the file with arm '{treated}' or '{control}', in the arm that is written there",
        outcome=f"'{outcome}'",
        clock=f"in the units of '{time}', from its zero" if time else "as the file was made",
        summary=SUMMARIES[kind],
        intercurrent_events=(
            Handled("care that departs from the arm", _AS_DRAWN, "counts in the arm that is written in the file"),
            Handled(
                "outcome missing",
                "none: it is missing, not an event",
                "left out of the main analysis, counted, and bounded or imputed beside it",
            ),
        ),
    )


def of_counts() -> Estimand:
    """Return the estimand of a 2×2 table that was typed."""
    return Estimand(
        population="everyone counted, in the arm in which she was counted",
        outcome="the event that was counted",
        clock="as the counts were made",
        summary=SUMMARIES["binary"],
    )


_EVERYONE: Final = "all women drawn whose data may be used, in the arm that was drawn for them"

_AS_ALLOCATED: Final = (
    Handled("offer declined, or no answer to it", _AS_DRAWN, "counts in the arm that was drawn for her"),
    Handled("help outside her arm (crossover)", _AS_DRAWN, "counts in the arm that was drawn for her"),
    Handled("objection or consent withdrawn", "principal stratum of consent", "her data are not used; counted"),
)

# Each event by its name in a programme; one outcome a woman, also with twins.
EVENTS: Final = {
    "placed_without_mother": "any child of the index pregnancy placed without its mother (UHP); one outcome a woman",
    "placed_rivm": "any child of the index pregnancy placed, also with its mother (the RIVM's proxy)",
    "supervision_order": "a supervision order (OTS) for any child of the index pregnancy: a process outcome, no harm",
    "placed_or_ordered": "any child of the index pregnancy placed without its mother, or under a supervision order",
}

UHP: Final = Estimand(
    population=_EVERYONE,
    outcome=EVENTS["placed_without_mother"],
    clock="from the birth to the horizon of the programme, of women followed so long",
    summary=SUMMARIES["binary"],
    intercurrent_events=(
        *_AS_ALLOCATED,
        Handled(
            "miscarriage, termination or stillbirth",
            "composite",
            "counts as no placement; in a sensitivity analysis only women with a live birth count",
        ),
        Handled(
            "death of the child", "while alive", "a placement before it counts, later none can come; harm by itself"
        ),
        Handled("death of the woman", _AS_DRAWN, "placements of her child count; harm by itself"),
        Handled(
            "moving away",
            "none: her outcome is missing",
            "left out with that reason; best and worst case beside it, and the time analysis censors her there",
        ),
        Handled("second pregnancy", _AS_DRAWN, "children born later do not count; they do in a sensitivity analysis"),
        Handled(
            "mother and child placed together", "none: no placement", "is no event; the RIVM's proxy stands beside it"
        ),
    ),
)

SCALE: Final = Estimand(
    population=_EVERYONE,
    outcome="the scale of the questionnaire at that wave",
    clock="filled in within the wave's window from the birth; later answers in a sensitivity analysis",
    summary=SUMMARIES["scale"],
    intercurrent_events=(
        *_AS_ALLOCATED,
        Handled(
            "miscarriage, stillbirth, death of the child or the woman",
            "while alive, hypothetical for the rest",
            "she is asked nothing any more: missing for that reason, shown by arm, bounded by the tipping point",
        ),
        Handled("moving away", _AS_DRAWN, "she is asked as long as she can be reached; else missing for that reason"),
        Handled("second pregnancy", _AS_DRAWN, "her answers count"),
        Handled("placement before the wave", _AS_DRAWN, "her answers count: how she fares is part of the effect"),
    ),
)

PLACEMENT_TIME: Final = Estimand(
    population=_EVERYONE,
    outcome=UHP.outcome,
    clock="days from the birth of the index pregnancy's first child",
    summary=SUMMARIES["time"],
    intercurrent_events=(
        *_AS_ALLOCATED,
        Handled("death of the child", "competing event", "told apart: Aalen and Johansen's risk beside the hazard"),
        Handled(
            "moving away", "hypothetical", "followed until then; it may tell of risk, so the bounds stand beside it"
        ),
    ),
)
