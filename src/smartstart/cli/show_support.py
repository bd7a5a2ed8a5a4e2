"""What was given to mothers, on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smartstart.cli import show

if TYPE_CHECKING:
    from smartstart.support.plans import SupportPlanTotals
    from smartstart.trial.uptake import Uptake


def uptake(found: Uptake) -> None:
    """Print reach, dose and, once the arms have names, care in both of them."""
    from smartstart.report import uptake_page as words

    show.lines([words.RESTRICTED])
    show.paragraphs([*words.sentences_of(found), ""])
    show.table("Of the women drawn for the offer", ("step", "women", "share, 95 %"), words.rows_of_reach(found))
    if found.logged:
        spread = ("for each woman spoken to", "median", "quartiles", "mean")
        show.table("Dose", spread, words.rows_of_dose(found))
    if rows := words.rows_of_ending(found):
        show.table("How it goes on", ("what", "which", "women"), rows)
    if found.contrasts:
        arms = [arm.replace("_as_", " as\n") for arm in found.contrasts[0].arms]
        show.table("Both arms", ("care", *arms, "difference, 95 %"), words.rows_of_contrast(found.contrasts))
    else:
        show.paragraphs([words.BLINDED])
    show.paragraphs([found.rule])


def plans(found: SupportPlanTotals) -> None:
    """Print the totals of the plans by life domain."""
    from smartstart.releasing import STEPS
    from smartstart.workspace import LISTS

    if not found.mothers:
        show.paragraphs(["No plan was delivered yet: load 'ondersteuningsplan' with 'smartstart run support'."])
        return
    show.lines([show.NOT_FOR_PUBLICATION])
    show.paragraphs([f"{found.mothers} mothers have a plan, as of {found.as_of}."])
    rows = [
        (one.life_domain.replace("_", " "), one.with_need, one.steps, one.done, one.overdue,
         f"{one.achieved}/{one.evaluated}")
        for one in found.domains
    ]  # fmt: skip
    heads = ("life domain", "mothers\nwith a need", "steps", "done", "overdue", "goals\nachieved")
    show.table("Plans", heads, rows)
    show.paragraphs([f"Overdue steps stand, by name, on the list for the support team in {LISTS}/{STEPS}."])
