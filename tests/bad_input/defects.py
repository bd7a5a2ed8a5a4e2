"""The list of what can be wrong with a delivery, and the generator that plants each defect in a valid one.

Every entry is one labelled defect: what is wrong, the rule that must say so, where it is planted, and how. The list
is the one of FAILURES, "Deliveries". Not made: cents for euros and too many decimals, since no incoming contract has
an amount; ``not_a_decimal`` is a rule of summaries that leave.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from file_formats import (
    FORMATS,
    SHEET,
    as_csv,
    as_ods,
    as_parquet,
    as_xlsx,
    csv_lines,
    ods,
    ods_rows,
    unzipped,
    with_part,
    workbook,
    written,
    zipped,
)
from harness import bsn
from valid_delivery import CONTRACTS, Row, Table
from verdicts import Case, Place, kept_of, valid

# Rules that no delivered row or file can be given, and why.
NOT_DELIVERED: Mapping[str, str] = {
    "not_a_decimal": "only summaries that leave have columns with decimals",
    "client_not_on_list": "a list that came back: see test_returned_lists.py",
    "invited_before_list": "a list that came back: see test_returned_lists.py",
    "no_is_final": "a list that came back: see test_returned_lists.py",
}

# Where each kind of defect is planted: one column of a contract, chosen so that no second rule speaks about it.
ROLES: Mapping[str, Mapping[str, str]] = {
    "personen": {
        "bsn": "burgerservicenummer", "part": "geboortedatum", "future": "geboortedatum", "old": "geboortedatum",
        "code": "geslachtsaanduiding", "number": "indicatie_geheim", "long": "huisnummer", "needed": "geslachtsnaam",
        "municipality": "gemeentecode", "other": "geslachtsnaam",
    },
    "kinderen": {
        "bsn": "burgerservicenummer_moeder", "part": "geboortedatum_kind", "future": "geboortedatum_kind",
        "old": "geboortedatum_kind", "needed": "burgerservicenummer_kind", "other": "geboortedatum_kind",
    },
    "huishoudens": {
        "bsn": "burgerservicenummer", "day": "peildatum", "future": "peildatum", "old": "peildatum",
        "code": "huishoudtype", "number": "aantal_kinderen", "needed": "huishoudtype", "other": "aantal_kinderen",
    },
    "inkomen": {
        "bsn": "burgerservicenummer", "day": "peildatum", "future": "peildatum", "old": "peildatum",
        "code": "soort_uitkering", "flag": "betaald_werk", "needed": "peildatum", "other": "betaald_werk",
    },
    "wonen": {
        "bsn": "burgerservicenummer", "day": "peildatum", "future": "peildatum", "old": "peildatum",
        "code": "eigendom", "flag": "huurtoeslag", "needed": "peildatum", "other": "huurtoeslag",
    },
    "vragenlijst": {
        "bsn": "burgerservicenummer", "agb": "praktijk_agb", "day": "invuldatum", "future": "toestemming_gezag",
        "old": "toestemming_gezag", "code": "meetmoment", "flag": "roken", "number": "eerste_controle_week",
        "long": "clientnummer", "needed": "aterme_datum", "other": "roken",
    },
    "jeugdhulp": {
        "bsn": "burgerservicenummer_kind", "part": "datum_aanvang", "future": "datum_aanvang", "old": "datum_aanvang",
        "code": "hulpvorm", "long": "voorziening", "needed": "datum_aanvang",
    },
    "maatregelen": {
        "bsn": "burgerservicenummer_kind", "part": "datum_einde", "future": "datum_aanvang", "old": "datum_aanvang",
        "code": "soort_maatregel", "needed": "soort_maatregel",
    },
    "meldingen": {
        "bsn": "burgerservicenummer", "day": "datum", "future": "datum", "old": "datum", "code": "soort",
        "needed": "soort",
    },
    "contactmomenten": {
        "bsn": "burgerservicenummer", "day": "datum", "future": "datum", "old": "datum", "code": "wijze",
        "number": "duur_minuten", "needed": "afloop",
    },
    "ondersteuningsplan": {
        "bsn": "burgerservicenummer", "day": "uiterlijk", "future": "klaar_op", "old": "afgesproken_op",
        "code": "behoefte", "long": "begeleider", "needed": "wie", "other": "wie",
    },
    "verblijven": {
        "bsn": "burgerservicenummer", "day": "datum_aanvang", "future": "datum_einde", "old": "datum_aanvang",
        "code": "vervolg", "needed": "soort", "other": "vervolg",
    },
    "voorzieningen": {
        "day": "peildatum", "future": "peildatum", "old": "peildatum", "code": "betaler", "flag": "vaders",
        "number": "plaatsen", "needed": "naam", "other": "vrij",
    },
}  # fmt: skip

# Another valid value of the column "other": two rows of one key that differ.
OTHER_VALUE: Mapping[str, str] = {
    "personen": "Anderstra", "kinderen": "20230120", "huishoudens": "3", "inkomen": "", "wonen": "N",
    "vragenlijst": "J", "ondersteuningsplan": "moeder", "verblijven": "bij_familie", "voorzieningen": "7",
}  # fmt: skip


# --- one cell ---------------------------------------------------------------------------------------------


def wrong_digit(number: str) -> str:
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def swapped_digits(number: str) -> str:
    at = next(i for i in range(len(number) - 1) if number[i] != number[i + 1])
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def arabic_digits(number: str) -> str:
    return number.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)})


def with_points(number: str) -> str:
    return f"{number[:3]}.{number[3:6]}.{number[6:]}"


@dataclass(frozen=True)
class CellDefect:
    """What is wrong, the rule, the role of the column, and the text that comes there (or what makes it)."""

    name: str
    rule: str
    role: str
    text: str | Callable[[str], str]

    def spoil(self, good: str) -> str:
        return self.text if isinstance(self.text, str) else self.text(good)


CELLS: tuple[CellDefect, ...] = (
    CellDefect("no BSN", "required", "bsn", ""),
    CellDefect("a BSN with a wrong digit", "bsn_elfproef", "bsn", wrong_digit),
    CellDefect("a BSN with two digits swapped", "bsn_elfproef", "bsn", swapped_digits),
    CellDefect("a BSN that lost more zeros than can be given back", "bsn_form", "bsn", "4266"),
    CellDefect("a BSN with a letter", "bsn_form", "bsn", "11122233a"),
    CellDefect("a BSN with points", "bsn_form", "bsn", with_points),
    CellDefect("a BSN of ten digits", "bsn_form", "bsn", lambda number: f"{number}1"),
    CellDefect("a BSN as a spreadsheet shows a large number", "bsn_form", "bsn", "1,11E+08"),
    CellDefect("a BSN in digits of another script", "bsn_form", "bsn", arabic_digits),
    CellDefect("a BSN that says unknown", "bsn_unknown", "bsn", "000000000"),
    CellDefect("a BSN for a child not born", "bsn_unborn", "bsn", "999999999"),
    CellDefect("an AGB code that lost two zeros", "agb_form", "agb", "899001"),
    CellDefect("an AGB code with letters", "agb_form", "agb", "PRAKTIJK"),
    CellDefect("an AGB code in digits of another script", "agb_form", "agb", arabic_digits),
    CellDefect("a municipality by name", "municipality_form", "municipality", "Heusden"),
    CellDefect("a municipality code that lost two digits", "municipality_form", "municipality", "79"),
    CellDefect("a municipality code in digits of another script", "municipality_form", "municipality", arabic_digits),
    CellDefect("a day that does not exist", "date_invalid", "day", "31-02-2024"),
    CellDefect("29 February in a common year", "date_invalid", "day", "29-02-2023"),
    CellDefect("a thirteenth month", "date_invalid", "day", "2024-13-01"),
    CellDefect("a date that could be March or April", "date_invalid", "day", "3-4-2024"),
    CellDefect("a date with slashes", "date_invalid", "day", "03/04/2024"),
    CellDefect("a year of two digits", "date_invalid", "day", "03-04-24"),
    CellDefect("a day as Excel counts it", "date_invalid", "day", "45321"),
    CellDefect("a year alone", "date_invalid", "day", "2024"),
    CellDefect("a month in words", "date_invalid", "day", "3 maart 2024"),
    CellDefect("an incomplete date where a whole one is asked", "date_invalid", "day", "20240300"),
    CellDefect("a date with a time behind it", "date_invalid", "day", "2024-03-01 10:15:00"),
    CellDefect("an incomplete date that does not exist", "date_invalid", "part", "20241300"),
    CellDefect("a day without its month", "date_invalid", "part", "20230012"),
    CellDefect("29 February in a common year, complete", "date_invalid", "part", "20230229"),
    CellDefect("a day as Excel counts it, of birth or of a start", "date_invalid", "part", "45321"),
    CellDefect("a date that could be March or April, of birth or of a start", "date_invalid", "part", "3-4-2001"),
    CellDefect("a day far in the future", "date_in_future", "future", "20300101"),
    CellDefect("the day after the as-of date", "date_in_future", "future", "03-04-2024"),
    CellDefect("a day of the century before the last", "date_implausible", "old", "18991231"),
    CellDefect("a number in words", "not_a_number", "number", "acht"),
    CellDefect("a decimal comma in a whole number", "not_a_number", "number", "2,5"),
    CellDefect("a decimal point in a whole number", "not_a_number", "number", "2.5"),
    CellDefect("a point for thousands", "not_a_number", "number", "1.000"),
    CellDefect("a number larger than any", "not_a_number", "number", "99999999999"),
    CellDefect("a number below zero", "out_of_range", "number", "-1"),
    CellDefect("a number above the most", "out_of_range", "number", "999"),
    CellDefect("neither yes nor no", "code_unknown", "flag", "misschien"),
    CellDefect("a yes in numbers", "code_unknown", "flag", "1"),
    CellDefect("a code that nobody knows", "code_unknown", "code", "onzin"),
    CellDefect("HTML for a code", "code_unknown", "code", "<script>alert(1)</script>"),
    CellDefect("SQL for a code", "code_unknown", "code", "'; DROP TABLE person; --"),
    CellDefect("a required column left empty", "required", "needed", ""),
    CellDefect("a required column with blanks only", "required", "needed", " \u00a0\t"),
    CellDefect("a text too long for its column", "too_long", "long", "x" * 1_001),
)


@dataclass(frozen=True)
class FieldDefect:
    """A rule of one contract: what is wrong, the rule, contract and column, and the text that comes there."""

    name: str
    rule: str
    contract: str
    column: str
    text: str


FIELDS: tuple[FieldDefect, ...] = (
    FieldDefect("due before she was asked", "due_before_questionnaire", "vragenlijst", "aterme_datum", "10-03-2024"),
    FieldDefect("due more than forty weeks on", "due_too_late", "vragenlijst", "aterme_datum", "31-12-2024"),
    FieldDefect("care that ends before it starts", "end_before_start", "jeugdhulp", "datum_einde", "20231231"),
    FieldDefect("care that ends in a year before", "end_before_start", "jeugdhulp", "datum_einde", "20230000"),
    FieldDefect("a measure that ends before it starts", "end_before_start", "maatregelen", "datum_einde", "20231231"),
    FieldDefect("a stay that ends before it starts", "end_before_start", "verblijven", "datum_einde", "31-12-2023"),
    FieldDefect("a step due before it was agreed", "end_before_start", "ondersteuningsplan", "uiterlijk", "01-02-2024"),
    FieldDefect("a step done before it was agreed", "end_before_start", "ondersteuningsplan", "klaar_op", "01-02-2024"),
    FieldDefect("a step judged too early", "end_before_start", "ondersteuningsplan", "evaluatie_op", "01-02-2024"),
    FieldDefect("handed over to nobody", "hand_over_to_whom", "contactmomenten", "overgedragen_aan", ""),
    FieldDefect("an answer above its scale", "out_of_range", "vragenlijst", "wb_1", "6"),
    FieldDefect("an answer below its scale", "out_of_range", "vragenlijst", "wb_2", "0"),
)


def cell_cases(formats: Sequence[str] | None = None) -> Iterator[Case]:
    """Plant every defect of one cell in every contract that has such a column.

    Without ``formats`` in one format each, in turn, so that each rule is planted in each; with them in all.
    """
    turn = 0
    for defect in CELLS:
        for contract, roles in ROLES.items():
            if defect.role in roles:
                column = roles[defect.role]
                # the first row has no end, so that no end lies before a start that moved
                row = (
                    1 if defect.role in {"future", "old"} and contract in {"jeugdhulp", "maatregelen"} else turn % 6 + 1
                )
                if defect.role == "part" and contract == "maatregelen":
                    row = turn % 5 + 2
                for kind in formats or (FORMATS[turn % 4],):
                    yield _cell_case(defect.name, defect.rule, contract, column, row, defect.spoil, kind)
                turn += 1
    for number, one in enumerate(FIELDS):
        for kind in formats or (FORMATS[number % 4], FORMATS[(number + 1) % 4]):
            row = number % 5 + 2
            yield _cell_case(one.name, one.rule, one.contract, one.column, row, lambda _, to=one.text: to, kind)


def _cell_case(
    name: str, rule: str, contract: str, column: str, row: int, spoil: Callable[[str], str], kind: str
) -> Case:
    table = valid()[contract]
    spoiled = table.with_cell(row, column, spoil(table.rows[row - 1][column]))
    return _case(name, spoiled, kind, {(row, column): rule})


def _case(name: str, table: Table, kind: str, planted: Mapping[tuple[int, str], str], content: bytes = b"") -> Case:
    """Make a case of one file in which everything but the planted rows is as in the valid delivery."""
    file = f"{table.contract}.{kind}"
    rows = {row for row, _ in planted}
    kept = {row: texts for row, texts in kept_of(table.contract).items() if row not in rows}
    places: dict[Place, str] = {(file, row, column): rule for (row, column), rule in planted.items()}
    return Case(name, table.contract, kind, {file: content or written(table, kind)}, places, {file: kept})


# --- rows held against each other, and files ---------------------------------------------------------------


def repeated_cases() -> Iterator[Case]:
    for contract, other in OTHER_VALUE.items():
        table = valid()[contract]
        again = table.rows[1] | {ROLES[contract]["other"]: other}
        for kind in FORMATS:
            yield _case("two rows of one key that differ", table.with_rows(again), kind, _both("*", "key_repeated"))
    persons = valid()["personen"]
    twin = persons.with_rows(persons.rows[1] | {"geboortedatum": "19990311"})
    for kind in FORMATS:
        yield _case("one BSN with two birth dates", twin, kind, _both("geboortedatum", "bsn_two_birth_dates"))
    files = {
        "personen_a.csv": as_csv(persons),
        "personen_b.xlsx": as_xlsx(replace(persons, rows=(persons.rows[1] | {"geboortedatum": "19990000"},))),
    }
    places: dict[Place, str] = {
        ("personen_a.csv", 2, "geboortedatum"): "bsn_two_birth_dates",
        ("personen_b.xlsx", 1, "geboortedatum"): "bsn_two_birth_dates",
    }
    kept = {row: texts for row, texts in kept_of("personen").items() if row != 2}
    yield Case("one BSN with two birth dates, in two files", "personen", "csv", files, places, {"personen_a.csv": kept})


def _both(column: str, rule: str) -> dict[tuple[int, str], str]:
    return {(2, column): rule, (7, column): rule}


def missing_person_cases() -> Iterator[Case]:
    persons = valid()["personen"]
    without = replace(persons, rows=persons.rows[:3] + persons.rows[4:])
    for kind in FORMATS:
        for name, contract, column, rule in (
            ("a woman who is not in personen", "vragenlijst", "burgerservicenummer", "no_person"),
            ("a mother who is not in personen", "kinderen", "burgerservicenummer_moeder", "no_mother"),
        ):
            case = _case(name, valid()[contract], kind, {(4, column): rule})
            yield replace(case, files={**case.files, "personen.csv": as_csv(without)})


def refused_cases() -> Iterator[Case]:
    """Rows that are counted and not kept: without consent, of a stranger, of someone erased."""
    answers = valid()["vragenlijst"]
    for number, (name, text) in enumerate(
        {
            "no consent": "",
            "a consent nobody can read": "31-02-2024",
            "a consent after the questionnaire": "12-03-2024",
            "a consent in the future": "03-04-2024",
            "a consent in words": "ja",
        }.items()
    ):
        table = answers.with_cell(3, "toestemming_datum", text)
        for kind in (FORMATS[number % 4], FORMATS[(number + 1) % 4]):
            yield _case(name, table, kind, {(3, "*"): "consent_missing"})
    for contract in ("personen", "huishoudens", "wonen", "inkomen"):
        stranger = valid()[contract].rows[0] | {"burgerservicenummer": bsn(300)}
        for kind in FORMATS:
            case = _case(
                "a stranger", valid()[contract].with_rows(stranger), kind, {(7, "*"): "no_consented_questionnaire"}
            )
            yield replace(case, files={**case.files, "vragenlijst.csv": as_csv(answers)}, only_consented=True)
    for contract in ("personen", "vragenlijst", "kinderen", "meldingen", "verblijven"):
        for kind in FORMATS[:2]:
            yield replace(
                _case("someone who was erased", valid()[contract], kind, {(5, "*"): "erased"}), erased=(bsn(5),)
            )


# --- the line of a text file, and the row of a sheet -------------------------------------------------------


def a_field_too_few(line: str) -> str:
    return line.rpartition(";")[0]


def a_field_too_many(line: str) -> str:
    return f"{line};x"


def a_comma_for_a_separator(line: str) -> str:
    return line.replace(";", ",", 1)


def an_open_quote(line: str) -> str:
    return f'"{line}'


def text_behind_a_closed_quote(line: str) -> str:
    first, _, rest = line.partition(";")
    return f'"{first}"x;{rest}'


def a_nul(line: str) -> str:
    return line.replace(";", ";\x00", 1)


LINES: Mapping[str, tuple[Callable[[str], str], str]] = {
    "a field too few": (a_field_too_few, "field_count"),
    "a field too many": (a_field_too_many, "field_count"),
    "another separator in one line": (a_comma_for_a_separator, "field_count"),
    "a quotation mark that is not closed": (an_open_quote, "unclosed_quote"),
    "text behind a closed quotation mark": (text_behind_a_closed_quote, "unclosed_quote"),
    "a NUL in the line": (a_nul, "control_character"),
}


def line_cases() -> Iterator[Case]:
    for table in valid().values():
        lines = csv_lines(table)
        for number, (name, (spoil, rule)) in enumerate(LINES.items()):
            row = number % 6 + 1
            spoiled = [spoil(line) if at == row else line for at, line in enumerate(lines)]
            yield _case(name, table, "csv", {(row, "*"): rule}, "\n".join([*spoiled, ""]).encode())
        total = "\n".join([*lines, "Totaal 6", ""]).encode()
        yield _case("a total below the rows", table, "csv", {(7, "*"): "field_count"}, total)
        cut = "\n".join(lines).rpartition(";")[0].encode()
        yield _case("a file cut off in its last line", table, "csv", {(6, "*"): "field_count"}, cut)


def sheet_cases() -> Iterator[Case]:
    for contract in ("wonen", "personen", "vragenlijst", "voorzieningen"):
        table = valid()[contract]
        last = len(table.columns)
        error = {(3, "*"): "cell_error"}
        yield _case("#N/A in a cell", table, "xlsx", error, _with_error(table, last))
        yield _case("#N/A in a sheet that was moved", table, "xlsx", error, _moved(_with_error(table, last)))
        yield _case("#N/A in a sheet of another writer", table, "xlsx", error, _prefixed(_with_error(table, last)))
        yield _case("#N/A in a cell", table, "ods", error, _ods_error(table))
        wide = [[*row, "x"] if nth == 3 else row for nth, row in enumerate(table.texts(), start=1)]
        for kind, write in (("xlsx", as_xlsx), ("ods", as_ods)):
            yield _case("a cell beside the table", table, kind, {(3, "*"): "field_count"}, write(table, wide))
        nul = table.with_cell(4, table.columns[-1], "x\x00y")
        yield _case("a NUL in a value", nul, "parquet", {(4, "*"): "control_character"})
    table = valid()["wonen"]
    total = {(7, "burgerservicenummer"): "bsn_form", (7, "peildatum"): "required"}
    for kind, write in (("xlsx", as_xlsx), ("ods", as_ods)):
        yield _case("a total below the rows", table, kind, total, write(table, [*table.texts(), ["Totaal"]]))
    yield from _native_cases()


def _native_cases() -> Iterator[Case]:
    """Values that a spreadsheet holds as numbers, not as text."""
    table = valid()["huishoudens"]
    for name, column, value, rule in (
        (
            "a BSN as a number with a wrong digit",
            0,
            int(wrong_digit(table.rows[1]["burgerservicenummer"])),
            "bsn_elfproef",
        ),
        ("a day as the number that Excel keeps", 1, 45321, "date_invalid"),
        ("a day with a time", 1, 45321.5, "date_invalid"),
        ("a truth value for a number", 3, True, "not_a_number"),
        ("half a child", 3, 0.5, "not_a_number"),
    ):
        rows: list[list[object]] = [list(row) for row in table.texts()]
        rows[1][column] = value
        for kind, write in (("xlsx", as_xlsx), ("ods", as_ods)):
            yield _case(name, table, kind, {(2, table.columns[column]): rule}, write(table, rows))


def _with_error(table: Table, place: int) -> bytes:
    def spoil(book: openpyxl.Workbook) -> None:
        cell = book.active.cell(4, place)
        cell.value = "#N/A"
        cell.data_type = "e"

    return workbook([table.columns, *table.texts()], spoil)


def _moved(content: bytes) -> bytes:
    """Let the first sheet be kept in the second place, as Excel does after a sheet was moved to the front."""
    parts = unzipped(content)
    parts["xl/worksheets/sheet2.xml"] = parts[SHEET]
    parts[SHEET] = unzipped(workbook([["leeg"]]))[SHEET]
    book, rels = parts["xl/workbook.xml"], parts["xl/_rels/workbook.xml.rels"]
    sheet = book[book.index(b"<sheet ") : book.index(b"</sheets>")]
    second = (
        sheet.replace(b'sheetId="1"', b'sheetId="2"')
        .replace(b"rId1", b"rId91")
        .replace(b'name="Sheet"', b'name="Twee"')
    )
    parts["xl/workbook.xml"] = book.replace(sheet, second + sheet)
    relation = (
        b'<Relationship Id="rId91" Target="/xl/worksheets/sheet2.xml" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>'
    )
    parts["xl/_rels/workbook.xml.rels"] = rels.replace(b"</Relationships>", relation)
    kinds = parts["[Content_Types].xml"]
    at = kinds.index(b'<Override PartName="/xl/worksheets/sheet1.xml"')
    override = kinds[at : kinds.index(b"/>", at) + 2]
    parts["[Content_Types].xml"] = kinds.replace(override, override + override.replace(b"sheet1", b"sheet2"))
    return zipped(parts)


def _prefixed(content: bytes) -> bytes:
    """Write attributes in another order, as other programs do."""
    parts = unzipped(content)
    parts[SHEET] = parts[SHEET].replace(b'" t="e"', b"\"  t = 'e'")
    return zipped(parts)


def _ods_error(table: Table) -> bytes:
    lines = [list(table.columns), *table.texts()]
    rows = [ods_rows([line]) for line in lines]
    error = (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    )
    rows[3] = rows[3].rpartition("<table:table-cell")[0] + error + "</table:table-row>"
    return ods("".join(rows))


# --- whole files ------------------------------------------------------------------------------------------


def header_cases() -> Iterator[Case]:
    for contract in CONTRACTS:
        table = valid()[contract]
        needed = next(f.header for f in CONTRACTS[contract].fields if not f.may_be_absent)
        for number, (name, rule, spoiled) in enumerate(
            (
                ("a column more", "header_unknown", _with_column(table, "risicoscore")),
                ("a column less", "header_missing", _without_column(table, needed)),
                ("a column twice", "header_doubled", _doubled(table)),
            )
        ):
            for kind in (FORMATS[number % 3], FORMATS[(number + 1) % 3]):  # Parquet cannot hold a name twice
                yield _whole(name, table, kind, rule, written(spoiled, kind))
        yield _whole("a column more", table, "parquet", "header_unknown", written(_with_column(table, "x"), "parquet"))
        yield _whole(
            "a column less", table, "parquet", "header_missing", written(_without_column(table, needed), "parquet")
        )


def _with_column(table: Table, name: str) -> Table:
    return replace(table, columns=(*table.columns, name), rows=tuple(row | {name: "1"} for row in table.rows))


def _without_column(table: Table, name: str) -> Table:
    return replace(table, columns=tuple(column for column in table.columns if column != name))


def _doubled(table: Table) -> Table:
    return replace(table, columns=(*table.columns, table.columns[0]))


def whole_file_cases() -> Iterator[Case]:
    """Files that are refused as they are, before a row of them is believed; the file beside them is kept."""
    table = valid()["wonen"]
    text, book, sheet, parquet = as_csv(table), as_xlsx(table), as_ods(table), as_parquet(table)
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    late = b"<?xml version='1.0'?><!--" + b" " * 5_000 + b"-->" + entities
    far = ("xl/worksheets/sheet1.xml", b"</sheetData>")
    renamed = text.replace(b"huurtoeslag", b"huurtoeslagen", 1)
    sealed = b"\x9c\x01sealed" * 90
    umlaut = valid()["personen"].with_cell(1, "geslachtsnaam", "Reniëproef")
    mixed = as_csv(umlaut).replace(b"Proefstra2", "Façade".encode("cp1252"))
    for name, kind, rule, content in (
        ("nothing at all", "csv", "file_empty", b""),
        ("blank lines only", "csv", "file_empty", b"\n \n\r\n"),
        ("a header with an open quotation mark", "csv", "header_open_quote", b'"' + text),
        ("a workbook with the name of a text file", "csv", "not_text", book),
        ("a Parquet file with the name of a text file", "csv", "not_text", parquet),
        ("zeros for text", "csv", "not_text", bytes(400)),
        ("bytes of no encoding", "csv", "encoding_none", text + b"\x81\x8d\xff\n"),
        ("UTF-16 that lost a byte", "csv", "encoding_none", text.decode().encode("utf-16")[:-1]),
        ("an empty workbook", "xlsx", "header_empty", workbook([])),
        ("an empty sheet", "ods", "header_empty", ods("")),
        ("a title above the header", "xlsx", "header_empty", workbook([[], *[table.columns], *table.texts()])),
        ("text with the name of a workbook", "xlsx", "workbook_unreadable", text),
        ("text with the name of an ODS", "ods", "workbook_unreadable", text),
        ("nothing at all", "xlsx", "workbook_unreadable", b""),
        ("a workbook cut off", "xlsx", "workbook_unreadable", book[: len(book) // 2]),
        ("an ODS cut off", "ods", "workbook_unreadable", sheet[: len(sheet) // 2]),
        ("a workbook with a password", "xlsx", "workbook_password", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000)),
        ("an old .xls with a new name", "xlsx", "workbook_password", b"\xd0\xcf\x11\xe0" + b"\x09\x08" * 500),
        ("an ODS with a password", "ods", "workbook_unreadable", with_part(sheet, "content.xml", sealed)),
        ("macros", "xlsx", "workbook_macros", with_part(book, "xl/vbaProject.bin", b"\x00")),
        ("macros in an ODS", "ods", "workbook_macros", with_part(sheet, "Basic/Standard/Module1.xml", b"<x/>")),
        ("scripts in an ODS", "ods", "workbook_macros", with_part(sheet, "Scripts/python/a.py", b"import os")),
        ("links to other files", "xlsx", "workbook_links", with_part(book, "xl/externalLinks/e1.xml", b"<x/>")),
        ("XML entities", "xlsx", "workbook_entities", with_part(book, "xl/sharedStrings.xml", entities)),
        ("XML entities behind a long comment", "xlsx", "workbook_entities", with_part(book, "xl/styles.xml", late)),
        ("XML entities in an ODS", "ods", "workbook_entities", with_part(sheet, "meta.xml", entities)),
        ("a bomb", "xlsx", "workbook_bomb", with_part(book, "xl/media/a.xml", bytes(3_000_000))),
        ("a bomb in an ODS", "ods", "workbook_bomb", with_part(sheet, "Pictures/a.bin", bytes(3_000_000))),
        ("a cell in the last corner", "xlsx", "workbook_far_flung", _in(book, *far, b'<row r="9"><c r="XFD9"/></row>')),
        ("a row far below", "xlsx", "workbook_far_flung", _in(book, *far, b'<row r="1048576"><c r="A1048576"/></row>')),
        ("a far cell with its place written last", "xlsx", "workbook_far_flung",
         _in(book, *far, b'<row spans="1:1" r = "1048576"><c s="0" r = \'XFD1048576\'><v>3</v></c></row>')),
        ("a cell said again 16 billion times", "ods", "workbook_far_flung", _repeated(table)),
        ("a part that stands there twice", "xlsx", "workbook_unreadable", _twice(book)),
        ("a workbook without a list of its sheets", "xlsx", "workbook_no_first", _without(book, "xl/workbook.xml")),
        ("text with the name of a Parquet file", "parquet", "parquet_unreadable", text),
        ("nothing at all", "parquet", "parquet_unreadable", b""),
        ("a Parquet file cut off", "parquet", "parquet_unreadable", parquet[:-20]),
        ("a text that is meant in every row", "parquet", "parquet_bomb", _parquet_bomb()),
        ("a renamed column", "txt", "header_renamed", renamed),
        ("rows without a header", "csv", "header_gone", text.partition(b"\n")[2]),
        ("an old workbook", "xls", "format_unknown", b"\xd0\xcf\x11\xe0"),
        ("a web page", "html", "format_unknown", b"<table></table>"),
    ):  # fmt: skip
        yield _whole(name, table, kind, rule, content)
    yield _whole("UTF-8 but for a few bytes", valid()["personen"], "csv", "encoding_mixed", mixed)
    yield from _folder_cases(table)


def _whole(name: str, table: Table, kind: str, rule: str, content: bytes) -> Case:
    """Make a case of a refused file with a good one beside it."""
    file, beside = f"{table.contract}.{kind}", f"{table.contract}_2.csv"
    files = {file: content, beside: as_csv(table)}
    return Case(name, table.contract, kind, files, {(file, 0, ""): rule}, {beside: kept_of(table.contract)})


def _folder_cases(table: Table) -> Iterator[Case]:
    """What is said of a file by what stands beside it: a link, a list of checksums."""
    text = as_csv(table)

    def link(folder: Path) -> None:
        (folder / "wonen_3.csv").symlink_to("/etc/hostname")

    kept = {"wonen.csv": kept_of("wonen")}
    files = {"wonen.csv": text}
    yield Case("a link out of the folder", "wonen", "csv", files, {("wonen_3.csv", 0, ""): "link"}, kept, after=link)
    good = f"{hashlib.sha256(text).hexdigest()}  wonen.csv\n"
    for name, place, rule, promised in (
        ("other bytes than were promised", "wonen.csv", "manifest_other_bytes", f"{'0' * 64}  wonen.csv\n"),
        ("a file that was not promised", "wonen.csv", "manifest_not_listed", ""),
        (
            "a promised file that is not there",
            "manifest.sha256",
            "manifest_absent",
            f"{good}{'0' * 64}  kinderen.csv\n",
        ),
        (
            "a promised file of a name no disk can hold",
            "manifest.sha256",
            "manifest_absent",
            f"{good}{'0' * 64}  {'x' * 999}\n",
        ),
        ("a promise on a file elsewhere", "manifest.sha256", "manifest_line", f"{good}{'0' * 64}  ../wonen.csv\n"),
        ("a promise that is no checksum", "manifest.sha256", "manifest_line", f"{good}abc  wonen.csv\n"),
    ):
        own = {"wonen.csv": text, "manifest.sha256": promised.encode()}
        yield Case(name, "wonen", "csv", own, {(place, 0, ""): rule}, kept)


def _in(content: bytes, part: str, before: bytes, what: bytes) -> bytes:
    return with_part(content, part, unzipped(content)[part].replace(before, what + before))


def _repeated(table: Table) -> bytes:
    again = (
        '<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="string" '
        'table:number-columns-repeated="16000"><text:p>x</text:p></table:table-cell></table:table-row>'
    )
    return ods(ods_rows([table.columns]) + again)


def _twice(content: bytes) -> bytes:
    import warnings
    import zipfile

    stream = io.BytesIO(content)
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "a") as parts:
        warnings.simplefilter("ignore")
        parts.writestr(SHEET, unzipped(content)[SHEET])
    return stream.getvalue()


def _without(content: bytes, part: str) -> bytes:
    return zipped({name: body for name, body in unzipped(content).items() if name != part})


def _parquet_bomb() -> bytes:
    """Return a small file in which a text of a megabyte stands once, and is meant in 2,200 rows."""
    places = pa.array([0] * 2_200, pa.int32())
    long = pa.DictionaryArray.from_arrays(places, pa.array(["x" * 1_000_000]))
    short = pa.DictionaryArray.from_arrays(places, pa.array(["1"]))
    names = valid()["wonen"].columns
    stream = io.BytesIO()
    pq.write_table(pa.table({name: long if name == "eigendom" else short for name in names}), stream)
    return stream.getvalue()


def all_cases(formats: Sequence[str] | None = None) -> Iterator[Case]:
    """Return every case; with ``formats`` each defect of a cell in every format, else in one each."""
    yield from cell_cases(formats)
    yield from repeated_cases()
    yield from missing_person_cases()
    yield from refused_cases()
    yield from line_cases()
    yield from sheet_cases()
    yield from header_cases()
    yield from whole_file_cases()


__all__ = ["NOT_DELIVERED", "ROLES", "Row", "all_cases"]
