"""The rules that a row can break, and what to do about each. A rule id never changes its meaning."""

from __future__ import annotations

from smartstart.wording import wording

REMEDIES: dict[str, str] = {
    # one field
    "required": "Fill in this column: it may not be empty.",
    "bsn_form": "Give the BSN as nine digits, without letters or points.",
    "bsn_elfproef": "Correct the BSN: it fails the elfproef, so a digit is wrong.",
    "bsn_unknown": "Look up the BSN: 000000000 means that it is unknown.",
    "bsn_unborn": "Give the BSN of a registered person: 999999999 stands for an unborn child.",
    "agb_form": "Give the AGB code of the practice as eight digits.",
    "municipality_form": "Give the municipality code as four digits, such as 0797.",
    "date_invalid": "Give a date that exists, as JJJJMMDD or dd-mm-jjjj.",
    "date_in_future": "Correct the date: it lies after the day on which this run counts as done.",
    "date_implausible": "Correct the date: it lies before 1900.",
    "not_a_number": "Give a whole number, in digits.",
    "not_a_decimal": "Give a number, with a point before its decimals.",
    "out_of_range": "Give a number within the range that the contract names.",
    "code_unknown": "Use one of the codes that the contract lists for this column.",
    "too_long": "Shorten the text: it is longer than the contract allows.",
    # two fields of one row
    "due_before_questionnaire": "Correct the due date or the questionnaire date: the due date lies before it.",
    "due_too_late": "Correct the due date: it lies more than 40 weeks after the questionnaire.",
    "end_before_start": "Correct the dates: the end lies before the start.",
    "hand_over_to_whom": "Say to whom she was handed over: a warm hand-over names it.",
    # the row as a line of the file
    "field_count": "Correct the line: it has another number of fields than the header.",
    "unclosed_quote": "Correct the line: a quotation mark is opened and not closed, or closed too early.",
    "control_character": "Deliver the line again: it holds a NUL character.",
    "cell_error": "Mend the formula or fill in the value: a cell of this row holds an error such as #N/A.",
    # rows held against each other
    "bsn_two_birth_dates": "Find out which birth date is right: the same BSN stands here with two.",
    "key_repeated": "Keep one of these rows: they describe the same thing and differ.",
    # files held against each other
    "no_person": "Add this woman to personen: a questionnaire needs its person.",
    "no_mother": "Add the mother to personen: a child needs its mother.",
    # a list that came back
    "client_not_on_list": "Take the client number as it stands on this list: nobody on it has this one.",
    "invited_before_list": "Correct the date: it lies before the day of the list.",
    "no_is_final": "Leave her out: she said no before. Was that no a mistake, report a vergissing; did she ask "
    "herself, report zelf_aangemeld.",
}

REFUSALS: dict[str, str] = {
    "consent_missing": "The questionnaire has no valid consent on or before its date: it is not stored.",
    "no_consented_questionnaire": "This person belongs to no questionnaire with consent: leave the row out.",
    "erased": "What was kept of this person was erased for good: leave the row out from now on.",
}

WHOLE_ROW = "*"


def in_dutch(rule: str) -> str:
    """Return what to do about a broken rule or a refused row, as who delivered the file reads it."""
    return wording("nl", __package__ or "").say(f"remedy.{rule}" if rule in REMEDIES else f"refusal.{rule}")
