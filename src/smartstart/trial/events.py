"""What can happen to a woman, and the one written rule of each: for her list, her data and the analysis.

The table of ``docs/reference/events.md`` has the same sentences, and the SQL of the register joins these very
effects, so that no list, questionnaire or analysis can follow another rule than the one that people read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from smartstart.calendar import SAME_PREGNANCY_DAYS
from smartstart.errors import UsageError, nearest

Comes = Literal["report", "delivery", "report or delivery"]
Invitations = Literal["none", "this_pregnancy", "always", "until_new_consent", "recall"]
Questionnaires = Literal["asked", "stopped"]
HandOver = Literal["unchanged", "no_address", "stopped"]
Analysis = Literal["none", "excluded", "per_protocol_out", "sensitivity"]

EVERYTHING: Final = "everything"  # what a report of a mistake undoes


@dataclass(frozen=True)
class EventRule:
    """One kind of event: how it comes in, what it changes, and the three sentences that say so.

    ``comes``: a report (a melding, ``trial event``, a list that came back), or seen in the deliveries.
    ``invitations``: what stops them, and how long; ``recall`` is until a person has found out what was meant.
    ``questionnaires``: ``stopped`` as long as invitations are. ``hand_over``: of her name to the support team.
    ``analysis``: ``excluded`` after allocation, ``per_protocol_out`` of that analysis only, or left out in a
    ``sensitivity`` analysis. ``fact`` is the name under which status and flow know it. ``undoes`` is the kind that it
    takes back, when that was told for an earlier day. ``fits_pregnancy``: dated outside every pregnancy of hers it is
    not understood, and counts as ``unreadable``.
    """

    code: str
    name: str
    comes: Comes
    on_list: str
    on_data: str
    on_analysis: str
    invitations: Invitations = "none"
    questionnaires: Questionnaires = "asked"
    hand_over: HandOver = "unchanged"
    analysis: Analysis = "none"
    fact: str | None = None
    undoes: str | None = None
    fits_pregnancy: bool = False


_ON_THE_LIST = "She stays on her list."
_OFF_THE_LIST = "She is taken off her list at once, and stands on no new one for this pregnancy."
_NO_LETTER = "What she filled in before is kept; no letter and no questionnaire goes to her any more."
_AS_BEFORE = "Nothing changes: she gets her questionnaires."
_COUNTS = "She counts in the arm that was drawn for her."
_COUNTS_WITHOUT_ANSWERS = (
    "She counts in the arm that was drawn for her; what she was not asked is missing, with its reason."
)

EVENTS: Final[tuple[EventRule, ...]] = (
    # --- a loss (a miscarriage, a stillbirth) or a death: nothing is sent any more ---
    EventRule(
        code="zwangerschap_beeindigd",
        name="pregnancy ended",
        comes="report",
        on_list=_OFF_THE_LIST,
        on_data=_NO_LETTER,
        on_analysis=_COUNTS_WITHOUT_ANSWERS,
        invitations="this_pregnancy",
        questionnaires="stopped",
        hand_over="stopped",
        fact="pregnancy_ended",
        fits_pregnancy=True,
    ),
    EventRule(
        code="doodgeboorte",
        name="stillbirth",
        comes="report",
        on_list=_OFF_THE_LIST,
        on_data=_NO_LETTER,
        on_analysis=_COUNTS_WITHOUT_ANSWERS,
        invitations="this_pregnancy",
        questionnaires="stopped",
        hand_over="stopped",
        fact="pregnancy_ended",
        fits_pregnancy=True,
    ),
    EventRule(
        code="overlijden_kind",
        name="death of a child",
        comes="report or delivery",
        on_list=_OFF_THE_LIST,
        on_data=_NO_LETTER,
        on_analysis="She counts in the arm that was drawn for her; a death is counted as harm.",
        invitations="this_pregnancy",
        questionnaires="stopped",
        hand_over="stopped",
        fact="pregnancy_ended",
    ),
    EventRule(
        code="overlijden",
        name="death of the woman",
        comes="report or delivery",
        on_list="She is taken off every list at once and for ever.",
        on_data="What she filled in before is kept; no letter and no questionnaire goes to her home any more.",
        on_analysis="She counts in the arm that was drawn for her; a death is counted as harm.",
        invitations="always",
        questionnaires="stopped",
        hand_over="stopped",
        fact="deceased",
    ),
    # --- her own no ---
    EventRule(
        code="bezwaar",
        name="objection (AVG art. 21)",
        comes="report",
        on_list="She is taken off every list at once and for ever: an objection is final.",
        on_data="Her data are not used any more, and she gets no questionnaire.",
        on_analysis="She is left out after the draw, and counted with the reason: objection.",
        invitations="always",
        questionnaires="stopped",
        hand_over="stopped",
        analysis="excluded",
        fact="objected",
    ),
    EventRule(
        code="intrekking_toestemming",
        name="consent withdrawn",
        comes="report",
        on_list="She is taken off her list at once, until she gives a new consent herself.",
        on_data="Her data are not used and she gets no questionnaire, until she gives a new consent herself.",
        on_analysis="She is left out after the draw, and counted with the reason: consent withdrawn.",
        invitations="until_new_consent",
        questionnaires="stopped",
        hand_over="stopped",
        analysis="excluded",
        fact="consent_withdrawn",
    ),
    EventRule(
        code="afgewezen",
        name="offer declined",
        comes="report",
        on_list="She is taken off her list and is never invited again: no is no.",
        on_data="Her data stay and she gets her questionnaires, unless she also withdraws her consent.",
        on_analysis="She counts in the arm that was drawn for her, and not in the per-protocol analysis.",
        invitations="always",
        hand_over="stopped",
        analysis="per_protocol_out",
        fact="declined",
    ),
    # --- what came of the invitation ---
    EventRule(
        code="aanvaard",
        name="offer accepted",
        comes="report",
        on_list=_ON_THE_LIST,
        on_data=_AS_BEFORE,
        on_analysis="She counts in the arm that was drawn for her, also in the per-protocol analysis.",
        fact="accepted",
    ),
    EventRule(
        code="niet_bereikt",
        name="not reached",
        comes="report",
        on_list="She stays on her list until the list's last day.",
        on_data=_AS_BEFORE,
        on_analysis="She counts in the arm that was drawn for her, and not in the per-protocol analysis unless she "
        "accepts later.",
        analysis="per_protocol_out",
        fact="not_reached",
    ),
    EventRule(
        code="zelf_aangemeld",
        name="asked for the offer herself",
        comes="report",
        on_list="She is helped, whatever was drawn for her; no list of hers changes.",
        on_data=_AS_BEFORE,
        on_analysis="Her arm stays; in the arm without the offer this is a crossover, and she is not in the "
        "per-protocol analysis.",
        analysis="per_protocol_out",
        fact="crossover",
    ),
    EventRule(
        code="hulp_buiten_arm",
        name="helped outside her arm",
        comes="report",
        on_list="She keeps the help, whatever was drawn for her; no list of hers changes.",
        on_data=_AS_BEFORE,
        on_analysis="Her arm stays; in the arm without the offer this is a crossover, and she is not in the "
        "per-protocol analysis.",
        analysis="per_protocol_out",
        fact="crossover",
    ),
    # --- where she lives ---
    EventRule(
        code="verhuizing",
        name="moved out of the municipality",
        comes="report or delivery",
        on_list=_OFF_THE_LIST,
        on_data="Her data stay, and she gets her questionnaires where she lives now.",
        on_analysis="She counts in the arm that was drawn for her: moving ends the invitations, not the analysis.",
        invitations="this_pregnancy",
        hand_over="stopped",
        fact="moved_away",
    ),
    EventRule(
        code="vestiging",
        name="moved into the municipality, or came back",
        comes="report or delivery",
        on_list="An earlier move out no longer counts; she can be invited again once the population register shows "
        "her here.",
        on_data=_AS_BEFORE,
        on_analysis=_COUNTS,
        undoes="verhuizing",
    ),
    EventRule(
        code="geheimhouding",
        name="secrecy of address",
        comes="report or delivery",
        on_list="She stays on the list of her own midwife, who invites her in person; no list has an address.",
        on_data="She gets her questionnaires like others; her address goes on no paper and to nobody.",
        on_analysis=_COUNTS,
        hand_over="no_address",
        fact="secrecy",
    ),
    # --- about what was told, or about the trial itself ---
    EventRule(
        code="vergissing",
        name="what was told was a mistake",
        comes="report",
        on_list="What was told of her for this day or before is taken back; she may stand on her list again.",
        on_data="What was told of her for this day or before is taken back.",
        on_analysis="What was taken back does not count.",
        undoes=EVERYTHING,
    ),
    EventRule(
        code="unreadable",
        name="a report that cannot be read",
        comes="delivery",
        on_list="She is taken off her list until the report is mended: it may be a loss or an objection.",
        on_data="No letter and no questionnaire goes to her until the report is mended.",
        on_analysis=_COUNTS,
        invitations="recall",
        questionnaires="stopped",
        hand_over="stopped",
        fact="report_unreadable",
    ),
    EventRule(
        code="beoordelaar_ontblind",
        name="outcome assessor unblinded",
        comes="report",
        on_list=_ON_THE_LIST,
        on_data=_AS_BEFORE,
        on_analysis="She counts in the arm that was drawn for her; a sensitivity analysis is done without her.",
        analysis="sensitivity",
        fact="unblinded",
    ),
    # --- seen in the deliveries: nobody has to report these ---
    EventRule(
        code="tweede_praktijk",
        name="second practice",
        comes="delivery",
        on_list="She is one woman; a list that was released before stays at the practice that it went to.",
        on_data="Questionnaires of both practices are kept; the latest practice counts.",
        on_analysis="She is drawn and counted once.",
    ),
    EventRule(
        code="geboortedatum_gecorrigeerd",
        name="correction of a birth date",
        comes="delivery",
        on_list="Who was drawn keeps her place; who was not drawn yet is judged again.",
        on_data="The corrected date counts from then on.",
        on_analysis="Her allocation stays, and she counts in the arm that was drawn for her.",
    ),
    EventRule(
        code="aterme_gecorrigeerd",
        name="correction of a due date",
        comes="delivery",
        on_list="Who was drawn keeps her place and the dates on her list; who was not drawn yet is judged again.",
        on_data="The latest date counts from then on; "
        f"up to {SAME_PREGNANCY_DAYS} days apart it is the same pregnancy.",
        on_analysis="Her allocation stays, and she counts in the arm that was drawn for her.",
    ),
    EventRule(
        code="tweede_zwangerschap",
        name="second pregnancy",
        comes="delivery",
        on_list="She is not drawn again and stands on no new list: the first allocation stays.",
        on_data="Her questionnaires are kept for each pregnancy; the first one that was drawn counts.",
        on_analysis="She counts once, with the pregnancy for which she was drawn.",
    ),
    EventRule(
        code="tweeling",
        name="twins",
        comes="delivery",
        on_list="Twins are one mother: she stands on her list once.",
        on_data="Each child has its own outcome; she gets one questionnaire a time.",
        on_analysis="She is drawn once, and her children count together, never as two women.",
    ),
    EventRule(
        code="late_vragenlijst",
        name="late questionnaire",
        comes="delivery",
        on_list=_ON_THE_LIST,
        on_data="It is kept with the day on which it was filled in.",
        on_analysis="She counts in the arm that was drawn for her; late answers count in a sensitivity analysis.",
        analysis="sensitivity",
    ),
)  # fmt: skip

RULES: Final[dict[str, EventRule]] = {rule.code: rule for rule in EVENTS}
REPORTABLE: Final[tuple[str, ...]] = tuple(rule.code for rule in EVENTS if rule.comes.startswith("report"))


def reportable(kind: str) -> EventRule:
    """Return the rule of a kind that people can report. Raises UsageError that names the nearest kind."""
    if kind not in REPORTABLE:
        hint = nearest(kind, list(REPORTABLE))
        raise UsageError(
            f"No report is of the kind '{kind}'{hint}: choose one that 'smartstart trial events' shows as a report."
        )
    return RULES[kind]
