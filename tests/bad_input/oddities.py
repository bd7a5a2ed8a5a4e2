"""The list of what is odd with a file and still valid: each is accepted with all its rows, and means what it means.

An oddity is a way to write a table (its values mean the same as in the plain file), or a value that looks wrong and
is right (it must come out as it went in).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import openpyxl
import polars as pl
from file_formats import (
    FORMATS,
    as_csv,
    as_ods,
    as_parquet,
    as_xlsx,
    csv_lines,
    ods,
    ods_rows,
    text_frame,
    workbook,
    written,
)
from openpyxl.styles import Font, PatternFill
from valid_delivery import CONTRACTS, Table
from verdicts import valid

Line = list[object]


@dataclass(frozen=True)
class Odd:
    """One odd file: what is odd, the bytes, and the table that it means; ``repeats`` are rows that say nothing new."""

    name: str
    file: str
    content: bytes
    means: Table
    repeats: int = 0


# --- ways to write a text file ----------------------------------------------------------------------------


def all_quoted(table: Table) -> bytes:
    return _by_writer(table, csv.QUOTE_ALL, ";")


def _by_writer(table: Table, quoting: int, separator: str) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, quoting=quoting, lineterminator="\r\n")  # type: ignore[arg-type]
    writer.writerows([table.columns, *table.texts()])
    return stream.getvalue().encode()


def blank_lines(table: Table) -> bytes:
    return ("\n\n" + "\n \n".join(csv_lines(table)) + "\n\n\t\n").encode()


def blanks_around(table: Table) -> bytes:
    lines = [";".join(f" {cell}\u00a0 " for cell in row) for row in [table.columns, *table.texts()]]
    return "\n".join(lines).encode()


def without_last_line_end(table: Table) -> bytes:
    return as_csv(table).rstrip(b"\n")


TEXT_FILES: Mapping[str, Callable[[Table], bytes]] = {
    "commas": lambda table: as_csv(table, separator=","),
    "tabs": lambda table: as_csv(table, separator="\t"),
    "lines that end as on Windows": lambda table: as_csv(table, line_end="\r\n"),
    "lines that end as on an old Macintosh": lambda table: as_csv(table, line_end="\r"),
    "a byte order mark": lambda table: as_csv(table, encoding="utf-8-sig"),
    "Windows-1252": lambda table: as_csv(table, encoding="cp1252"),
    "UTF-16 with a byte order mark": lambda table: as_csv(table, encoding="utf-16"),
    "UTF-16, little end first, unmarked": lambda table: as_csv(table, encoding="utf-16-le"),
    "UTF-16, big end first, unmarked": lambda table: as_csv(table, encoding="utf-16-be"),
    "every field in quotation marks": all_quoted,
    "every field in quotation marks, with commas": lambda table: _by_writer(table, csv.QUOTE_ALL, ","),
    "quotation marks where they are needed, with commas": lambda table: _by_writer(table, csv.QUOTE_MINIMAL, ","),
    "blank lines between and around": blank_lines,
    "blanks around every value": blanks_around,
    "no line end after the last line": without_last_line_end,
}


# --- ways to write a table in any format ------------------------------------------------------------------


def columns_reversed(table: Table) -> Table:
    return replace(table, columns=table.columns[::-1])


def headers_in_capitals(table: Table) -> Table:
    return _renamed(table, {column: column.upper() for column in table.columns})


def headers_by_synonym(table: Table) -> Table:
    fields = CONTRACTS[table.contract].fields
    return _renamed(table, {f.header: f.synonyms[-1] for f in fields if f.synonyms and f.header in table.columns})


def headers_with_blanks(table: Table) -> Table:
    return _renamed(table, {column: f" {column} " for column in table.columns})


def optional_columns_left_out(table: Table) -> Table:
    absent = {f.header for f in CONTRACTS[table.contract].fields if f.may_be_absent}
    return replace(table, columns=tuple(column for column in table.columns if column not in absent))


def optional_values_empty(table: Table) -> Table:
    optional = {f.header for f in CONTRACTS[table.contract].fields if not f.required} - {"toestemming_datum"}
    kept = optional - {"overgedragen_aan"}  # a warm hand-over needs it
    return replace(table, rows=tuple(row | dict.fromkeys(kept & row.keys(), "") for row in table.rows))


def one_row(table: Table) -> Table:
    return replace(table, rows=table.rows[:1])


def no_row(table: Table) -> Table:
    return replace(table, rows=())


def days_as(form: str) -> Callable[[Table], Table]:
    def change(table: Table) -> Table:
        days = {f.header for f in CONTRACTS[table.contract].fields if f.is_date}
        rows = [
            {column: _day(text).strftime(form) if text and column in days else text for column, text in row.items()}
            for row in table.rows
        ]
        return replace(table, rows=tuple(rows))

    return change


def lost_zeros(table: Table) -> Table:
    """Take off the zeros in front of what is really a number, as a spreadsheet does."""
    numbered = {f.header for f in CONTRACTS[table.contract].fields if f.kind in {"bsn", "agb", "municipality_code"}}
    return _each(table, lambda column, text: text.lstrip("0") if column in numbered else text)


def numbers_as_decimals(table: Table) -> Table:
    whole = {f.header for f in CONTRACTS[table.contract].fields if f.kind in {"integer", "bsn"}}
    return _each(table, lambda column, text: f"{text}.0" if text and column in whole else text)


def numbers_with_a_decimal_comma(table: Table) -> Table:
    whole = {f.header for f in CONTRACTS[table.contract].fields if f.kind == "integer"}
    return _each(table, lambda column, text: f"{text},0" if text and column in whole else text)


def yes_in_words(table: Table) -> Table:
    flags = {f.header for f in CONTRACTS[table.contract].fields if f.kind == "boolean"}
    words = {"J": "Ja", "N": "nee", "": ""}
    return _each(table, lambda column, text: words[text] if column in flags else text)


def codes_in_capitals(table: Table) -> Table:
    codes = {f.header for f in CONTRACTS[table.contract].fields if f.kind == "code"}
    return _each(table, lambda column, text: text.swapcase() if column in codes else text)


def _each(table: Table, change: Callable[[str, str], str]) -> Table:
    rows = [{column: change(column, text) for column, text in row.items()} for row in table.rows]
    return replace(table, rows=tuple(rows))


def _renamed(table: Table, names: Mapping[str, str]) -> Table:
    columns = tuple(names.get(column, column) for column in table.columns)
    rows = [{names.get(column, column): text for column, text in row.items()} for row in table.rows]
    return replace(table, columns=columns, rows=tuple(rows))


def _day(text: str) -> date:
    if "-" in text:
        day, month, year = text.split("-")
        return date(int(year), int(month), int(day))
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


# Each makes another table that means the same as the plain one.
TABLES: Mapping[str, Callable[[Table], Table]] = {
    "columns in another order": columns_reversed,
    "headers in capitals": headers_in_capitals,
    "headers by their other name": headers_by_synonym,
    "blanks around the headers": headers_with_blanks,
    "days as JJJJMMDD": days_as("%Y%m%d"),
    "days as dd-mm-jjjj": days_as("%d-%m-%Y"),
    "days as jjjj-mm-dd": days_as("%Y-%m-%d"),
    "days with a midnight": days_as("%Y-%m-%d 00:00:00"),
    "days with a midnight after a T": days_as("%Y-%m-%dT00:00:00"),
    "codes in another case": codes_in_capitals,
    "zeros lost in front": lost_zeros,
    "whole numbers with .0 behind them": numbers_as_decimals,
    "whole numbers with ,0 behind them": numbers_with_a_decimal_comma,
    "yes and no in words": yes_in_words,
}
# Each leaves something out: the file means less, and that is read.
LESS: Mapping[str, Callable[[Table], Table]] = {
    "optional columns left out": optional_columns_left_out,
    "optional values left empty": optional_values_empty,
    "one row": one_row,
    "a header and no row": no_row,
}


# --- workbooks and Parquet as programs make them ----------------------------------------------------------


def natively(table: Table) -> list[Line]:
    """Return rows in which numbers are numbers, days are days and truth values are truth values."""
    kinds = {f.header: f.kind for f in CONTRACTS[table.contract].fields}
    return [[_native(kinds[column], row[column]) for column in table.columns] for row in table.rows]


def _native(kind: str, text: str) -> object:
    if not text:
        return None
    if kind in {"integer", "bsn", "agb", "municipality_code"}:
        return int(text)
    if kind == "boolean":
        return text == "J"
    if kind in {"date", "consent_date", "incomplete_date"}:
        return _day(text)
    return int(text) if kind == "code" and text.isdigit() else text


def dressed_up(book: openpyxl.Workbook) -> None:
    """Give a sheet what people give it: colours, widths, a filter, a frozen header, a note, a second sheet."""
    sheet = book.active
    sheet.title = "Levering april"
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", "FFEEAA")
    sheet.column_dimensions["A"].width = 40
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    book.create_sheet("Toelichting").append(["Dit blad hoort er niet bij"])
    book.create_sheet("Leeg")


def with_formulas(book: openpyxl.Workbook) -> None:
    book.active.conditional_formatting.add("A1:A9", openpyxl.formatting.rule.CellIsRule("equal", ["1"]))
    book.defined_names.add(openpyxl.workbook.defined_name.DefinedName("bereik", attr_text="Sheet!$A$1:$B$2"))


def _lines(table: Table) -> list[Line]:
    return [list(table.columns), *([*row] for row in table.texts())]


def spread_out(table: Table) -> bytes:
    return workbook([line for row in _lines(table) for line in (row, [])])


def ods_of_libreoffice(table: Table) -> bytes:
    """Write the empty cells to the right and below as LibreOffice does, up to the last of a sheet."""
    wide = '<table:table-cell table:number-columns-repeated="16300"/></table:table-row>'
    rows = [ods_rows([line]).removesuffix("</table:table-row>") + wide for line in _lines(table)]
    below = (
        '<table:table-row table:number-rows-repeated="1048500">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    more = '<table:table table:name="Blad2"><table:table-row><table:table-cell/></table:table-row></table:table>'
    return ods("".join(rows) + below, more)


def parquet_natively(table: Table) -> bytes:
    columns = list(zip(*natively(table), strict=True))
    frame = pl.DataFrame([pl.Series(name, values) for name, values in zip(table.columns, columns, strict=True)])
    return as_parquet(table, frame)


def parquet_in_categories(table: Table) -> bytes:
    return as_parquet(table, text_frame(table).with_columns(pl.all().cast(pl.Categorical)))


def parquet_with_nulls(table: Table) -> bytes:
    return as_parquet(table, text_frame(table).with_columns(pl.all().replace({"": None})))


BOOKS: Mapping[str, tuple[str, Callable[[Table], bytes]]] = {
    "numbers, days and truth values of Excel": ("xlsx", lambda table: as_xlsx(table, natively(table))),
    "numbers, days and truth values of LibreOffice": ("ods", lambda table: as_ods(table, natively(table))),
    "a sheet dressed up, with others behind it": ("xlsx", lambda table: workbook(_lines(table), dressed_up)),
    "conditional formatting and a named range": ("xlsx", lambda table: workbook(_lines(table), with_formulas)),
    "empty rows between and below": ("xlsx", spread_out),
    "a sheet filled to its last cell with nothing": ("ods", ods_of_libreoffice),
    "numbers, days and truth values of Parquet": ("parquet", parquet_natively),
    "Parquet in categories": ("parquet", parquet_in_categories),
    "Parquet with nulls": ("parquet", parquet_with_nulls),
}


# --- values that look wrong and are right -----------------------------------------------------------------

NAMES: tuple[str, ...] = (
    "NA", "N/A", "Null", "NULL", "None", "nan", "-", "--", ".", "0", "1", "true", "Ja", "Nee", "Inf", "#N/B", "#REF!",
    "=1+1", "+31", "@jan", "-1+1", "=HYPERLINK(\"x\")", "'Aïda", "d'Été", "O'Brien", "Ångström", "Reniëproef", "İpek",
    "Łukasz", "Ñandú", "Straße", "Žižek", "Nguyễn", "e\u0301", "אבג", "محمد", "李雷", "ひかり", "😀", "👩‍👩‍👧",
    "<script>alert(1)</script>", "<b>&amp;</b>", "'; DROP TABLE person; --", "${jndi:ldap://x}", "../../etc/passwd",
    "\u202egnirts", "%s%n", "{{7*7}}", "a;b", "a,b", "a\tb", 'zij zei "ja"', '"', '""', "twee\nregels", "x" * 300,
    "2024-01-01", "1e5", "00012", "TRUE", "van der", "Sep-12", "\u200b", "1/2", "Van  Der", "Totaal",
)  # fmt: skip

DAYS: tuple[tuple[str, str, str], ...] = (
    ("personen", "geboortedatum", "20000229"),
    ("personen", "geboortedatum", "29-02-2000"),
    ("personen", "geboortedatum", "19850000"),
    ("personen", "geboortedatum", "19850300"),
    ("personen", "geboortedatum", "19000101"),
    ("personen", "geboortedatum", "00000000"),
    ("personen", "datum_overlijden", "00000000"),
    ("personen", "datum_overlijden", "20240200"),
    ("kinderen", "geboortedatum_kind", "20240229"),
    ("kinderen", "geboortedatum_kind", "20240400"),
    ("kinderen", "geboortedatum_kind", "20240000"),
    ("huishoudens", "peildatum", "20240229"),
    ("huishoudens", "peildatum", "02-04-2024"),
    ("vragenlijst", "aterme_datum", "11-03-2024"),
    ("vragenlijst", "aterme_datum", "16-12-2024"),
    ("jeugdhulp", "datum_einde", "20240000"),
    ("jeugdhulp", "datum_einde", "00000000"),
    ("maatregelen", "datum_einde", "20300101"),
    ("meldingen", "datum", "20240402"),
    ("ondersteuningsplan", "uiterlijk", "31-12-2030"),
)


def odd_files(*, whole: bool = False) -> Iterator[Odd]:
    """Return the odd files: each oddity in a few contracts in turn, or with ``whole`` in every contract and format."""
    tables = [*valid().values()]
    turn = 0
    for name, write in TEXT_FILES.items():
        for table in _some(tables, turn, 3, whole=whole):
            yield Odd(name, f"{table.contract}.csv", write(table), table)
        turn += 3
    for name, change in (TABLES | LESS).items():
        for nth, table in enumerate(_some(tables, turn, 3, whole=whole)):
            changed = change(table)
            for kind in FORMATS if whole else (FORMATS[(turn + nth) % 4],):
                means = changed if name in LESS else table
                yield Odd(name, f"{table.contract}.{kind}", written(changed, kind), means)
        turn += 3
    for name, (kind, write) in BOOKS.items():
        for table in _some(tables, turn, 3, whole=whole):
            yield Odd(name, f"{table.contract}.{kind}", write(table), table)
        turn += 3
    yield from _odd_values(whole=whole)
    yield from _repeats()


def _odd_values(*, whole: bool) -> Iterator[Odd]:
    persons = valid()["personen"]
    for number, text in enumerate(NAMES):
        table = persons.with_cell(number % 6 + 1, "geslachtsnaam", text)
        for kind in FORMATS if whole else (FORMATS[number % 4],):
            shown = "".join(c if c.isalnum() else "_" for c in text[:12])
            yield Odd(f"a surname like {shown}", f"personen.{kind}", written(table, kind), table)
    for number, (contract, column, text) in enumerate(DAYS):
        table = valid()[contract].with_cell(number % 4 + 1, column, text)
        for kind in FORMATS if whole else (FORMATS[number % 4],):
            yield Odd(f"{column} {text}", f"{contract}.{kind}", written(table, kind), table)


def _repeats() -> Iterator[Odd]:
    """Rows that say exactly the same are one row, and no fault."""
    for number, table in enumerate(valid().values()):
        kind = FORMATS[number % 4]
        again = table.with_rows(table.rows[2], table.rows[2])
        yield Odd("a row three times", f"{table.contract}.{kind}", written(again, kind), table, repeats=2)


def _some(tables: list[Table], turn: int, most: int, *, whole: bool) -> list[Table]:
    return tables if whole else [tables[(turn + step) % len(tables)] for step in range(most)]
