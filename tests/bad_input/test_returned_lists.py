"""A list that came back with one defect in it: found under its own rule, and the other answers on it are taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from harness import init, invitation_workbooks, list_rows, quarterly, town_of
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from smartstart.taking_back import take_back
from smartstart.workspace import find_workspace

AS_OF = date(2024, 4, 10)
GOOD_DAY, CLIENT, ANSWER, DAY = "05-04-2024", "Cliëntnummer", "Antwoord", "Uitgenodigd op"
Rules = Mapping[tuple[int, str], str]  # (row from the first woman, column) -> rule


@dataclass(frozen=True)
class Returned:
    """What is wrong with the first woman's row (or one below), how it is written, and what must be said."""

    name: str
    write: Callable[[Worksheet, int], None]
    rules: Rules


def answer(day: object, text: object) -> Callable[[Worksheet, int], None]:
    def write(sheet: Worksheet, row: int) -> None:
        sheet.cell(row, 6).value, sheet.cell(row, 7).value = day, text  # type: ignore[assignment]

    return write


def another_client(number: str | None) -> Callable[[Worksheet, int], None]:
    def write(sheet: Worksheet, row: int) -> None:
        answer(GOOD_DAY, "ja")(sheet, row)
        sheet.cell(row, 1).value = number

    return write


def an_error(sheet: Worksheet, row: int) -> None:
    answer("#N/A", "ja")(sheet, row)
    sheet.cell(row, 6).data_type = "e"


def two_answers(sheet: Worksheet, row: int) -> None:
    answer(GOOD_DAY, "ja")(sheet, row)
    answer(GOOD_DAY, "niet bereikt")(sheet, row + 1)
    sheet.cell(row + 1, 1).value = sheet.cell(row, 1).value


DEFECTS: tuple[Returned, ...] = (
    Returned("a yes without a day", answer(None, "ja"), {(0, DAY): "required"}),
    Returned("a day that does not exist", answer("31-04-2024", "ja"), {(0, DAY): "date_invalid"}),
    Returned("a day that could be two", answer("5-4-2024", "ja"), {(0, DAY): "date_invalid"}),
    Returned("a day in the future", answer("01-01-2030", "niet bereikt"), {(0, DAY): "date_in_future"}),
    Returned("a day before the list", answer("01-04-2024", "ja"), {(0, DAY): "invited_before_list"}),
    Returned("an answer that nobody knows", answer(GOOD_DAY, "misschien"), {(0, ANSWER): "code_unknown"}),
    Returned("a client number of nobody", another_client("C999999"), {(0, CLIENT): "client_not_on_list"}),
    Returned("no client number", another_client(None), {(0, CLIENT): "required"}),
    Returned("an error of Excel", an_error, {(0, "*"): "cell_error"}),
    Returned("two answers of one woman", two_answers, {(0, "*"): "key_repeated", (1, "*"): "key_repeated"}),
    Returned("a yes after a no", answer(GOOD_DAY, "ja"), {(0, ANSWER): "no_is_final"}),  # after the no below
)
SAID_NO = Returned("a no", answer(GOOD_DAY, "nee"), {})


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("returned")
    assert quarterly(init(place / "workspace"), town_of(15).write(place / "2024Q1")).code == 0
    return place / "workspace"


def spoiled(original: Path, defect: Returned, to: Path) -> int:
    """Fill in a list with one defect and a good answer on its last row; return the line of its first woman."""
    book = load_workbook(original)
    sheet: Any = book.worksheets[0]
    first = next(row[0].row for row in sheet.iter_rows() if row[0].value == CLIENT) + 1
    answer(GOOD_DAY, "niet bereikt")(sheet, first + len(list_rows(original)) - 1)
    defect.write(sheet, first)
    book.save(to)
    return int(first)


def test_a_defect_on_a_returned_list_is_found_under_its_own_rule_and_costs_no_other_answer(
    workspace: Path, tmp_path: Path
) -> None:
    original = max(invitation_workbooks(workspace), key=lambda path: len(list_rows(path)))
    assert len(list_rows(original)) >= 3
    expected, files = set(), []
    for number, defect in enumerate((*DEFECTS[:-1], SAID_NO, DEFECTS[-1])):
        files.append(tmp_path / f"{number:02d} {defect.name}.xlsx")
        first = spoiled(original, defect, files[-1])
        expected |= {(files[-1].name, first + row, column, rule) for (row, column), rule in defect.rules.items()}
    result = take_back(find_workspace(workspace), files, AS_OF, "2024-04-10T10:00:00Z")
    assert {(one.file, one.row, one.column, one.rule) for one in result.faults} == expected
    assert result.refusals == [] and len(result.lists) == len(files)
    assert all(one.new + one.known >= 1 for one in result.lists)  # the good answer of the last row
