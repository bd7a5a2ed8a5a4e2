"""The rules that a row can break, and what to do about each. A rule id never changes its meaning."""

from __future__ import annotations

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

# The same in Dutch, for the workbook that goes back to who delivered the file.
HERSTEL: dict[str, str] = {
    "required": "Vul deze kolom in: zij mag niet leeg zijn.",
    "bsn_form": "Geef het BSN als negen cijfers, zonder letters of punten.",
    "bsn_elfproef": "Verbeter het BSN: het voldoet niet aan de elfproef, dus een cijfer klopt niet.",
    "bsn_unknown": "Zoek het BSN op: 000000000 betekent dat het onbekend is.",
    "bsn_unborn": "Geef het BSN van een ingeschreven persoon: 999999999 staat voor een ongeboren kind.",
    "agb_form": "Geef de AGB-code van de praktijk als acht cijfers.",
    "municipality_form": "Geef de gemeentecode als vier cijfers, zoals 0797.",
    "date_invalid": "Geef een datum die bestaat, als JJJJMMDD of dd-mm-jjjj.",
    "date_in_future": "Verbeter de datum: zij ligt na de dag waarop deze verwerking als gedaan geldt.",
    "date_implausible": "Verbeter de datum: zij ligt voor 1900.",
    "not_a_number": "Geef een heel getal, in cijfers.",
    "not_a_decimal": "Geef een getal, met een punt voor de decimalen.",
    "out_of_range": "Geef een getal dat binnen de grenzen van het contract ligt.",
    "code_unknown": "Gebruik een van de codes die het contract voor deze kolom noemt.",
    "too_long": "Maak de tekst korter: zij is langer dan het contract toestaat.",
    "due_before_questionnaire": "Verbeter de uitgerekende datum of de invuldatum: de eerste ligt voor de tweede.",
    "due_too_late": "Verbeter de uitgerekende datum: zij ligt meer dan 40 weken na de invuldatum.",
    "end_before_start": "Verbeter de datums: het einde ligt voor het begin.",
    "hand_over_to_whom": "Vul in aan wie is overgedragen: bij een warme overdracht hoort dat erbij.",
    "field_count": "Verbeter de regel: zij heeft een ander aantal velden dan de kop.",
    "unclosed_quote": "Verbeter de regel: een aanhalingsteken is niet gesloten, of te vroeg.",
    "control_character": "Lever de regel opnieuw: er staat een NUL-teken in.",
    "cell_error": "Herstel de formule of vul de waarde in: een cel in deze rij bevat een fout, zoals #N/B.",
    "bsn_two_birth_dates": "Zoek uit welke geboortedatum klopt: bij dit BSN staan er hier twee.",
    "key_repeated": "Houd een van deze rijen: ze gaan over hetzelfde en verschillen.",
    "no_person": "Zet deze vrouw in personen: bij een vragenlijst hoort een persoon.",
    "no_mother": "Zet de moeder in personen: bij een kind hoort een moeder.",
    "client_not_on_list": "Neem het cliëntnummer over zoals het op deze lijst staat: niemand erop heeft dit nummer.",
    "invited_before_list": "Verbeter de datum: zij ligt voor de dag van de lijst.",
    "no_is_final": "Laat haar weg: zij zei eerder nee. Was dat nee een vergissing, meld een vergissing; vroeg zij er "
    "zelf om, meld zelf_aangemeld.",
}

REFUSALS: dict[str, str] = {
    "consent_missing": "The questionnaire has no valid consent on or before its date: it is not stored.",
    "no_consented_questionnaire": "This person belongs to no questionnaire with consent: leave the row out.",
    "erased": "What was kept of this person was erased for good: leave the row out from now on.",
}

NIET_BEWAARD: dict[str, str] = {
    "consent_missing": "Zonder geldige toestemming op of voor de invuldatum is de vragenlijst niet bewaard.",
    "no_consented_questionnaire": "Bij deze persoon hoort geen vragenlijst met toestemming: laat de rij weg.",
    "erased": "De gegevens van deze persoon zijn voorgoed gewist: laat de rij voortaan weg.",
}

WHOLE_ROW = "*"
