"""Take back the invitation lists that practices filled in: who said yes, who said no, whom nobody could reach.

A row that cannot be read is told by file, row and column, and takes no other row along. What stops an invitation
counts as far as it is understood: a "nee" or an ended pregnancy is recorded whatever the day beside it says.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from smartstart import bookkeeping
from smartstart.bookkeeping import heads_of_draws
from smartstart.contracts.checking import ROW, check_rows
from smartstart.contracts.rules import REMEDIES, WHOLE_ROW
from smartstart.contracts.values import TYPED, read_values
from smartstart.crash_points import reached
from smartstart.errors import DataRefused
from smartstart.extracts.sheets import read_cells
from smartstart.outreach.invitations import harmless
from smartstart.outreach.pages import dutch_date
from smartstart.outreach.wording import (
    ANSWER,
    CLIENT_NUMBER,
    INVITED_ON,
    PREGNANCY_ENDED,
    ListFacts,
    read_facts,
    rehearsal_line,
    title,
)
from smartstart.pipeline import write_again
from smartstart.recording import Provenance, Report, record_events
from smartstart.register.build import select_of
from smartstart.releasing import list_kind

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Contract
    from smartstart.identity.vault import Vault
    from smartstart.warehouse.warehouse import Warehouse
    from smartstart.workspace import Workspace

CONTRACT = "terugkoppeling"
KINDS = {
    "ja": "aanvaard",
    "nee": "afgewezen",
    "niet bereikt": "niet_bereikt",
    PREGNANCY_ENDED: "zwangerschap_beeindigd",
}
STOPS = ("nee", PREGNANCY_ENDED)
MOST_BYTES = 20 * 1024**2  # a list has some tens of rows
_HEADERS = {"client_number": CLIENT_NUMBER, "invited_on": INVITED_ON, "answer": ANSWER}
_ASK = "ask the practice for the XLSX as it got it, filled in"


@dataclass(frozen=True)
class Fault:
    """One fault: ``row`` is the line of the sheet, as Excel numbers it."""

    file: str
    row: int
    column: str
    rule: str
    remedy: str


@dataclass(frozen=True)
class TakenBack:
    """What one list brought: how many answers were new, were known, and how many rows are without an answer."""

    file: str
    practice: str
    batch: str
    new: int
    known: int
    unanswered: int


@dataclass(frozen=True)
class Result:
    """What came of all files; ``refusals`` are sentences on files that are no list of this workspace."""

    lists: list[TakenBack]
    faults: list[Fault]
    refusals: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return the object that ``lists return --json`` prints."""
        return {"lists": [asdict(one) for one in self.lists], "faults": [asdict(one) for one in self.faults]}


@dataclass(frozen=True)
class _Sheet:
    """A returned workbook as text: what identifies the list, and its rows with their line numbers."""

    file: str
    facts: ListFacts
    said: frozenset[str]
    frame: pl.DataFrame
    erroneous: frozenset[int]


@dataclass(frozen=True)
class _Listed:
    """A list as it was released: its as-of day, and client number -> research id."""

    practice: str
    batch: str
    as_of: date
    women: dict[str, str]


@dataclass(frozen=True)
class _Answer:
    row: int
    research_id: str
    answer: str
    invited_on: date | None
    faults: tuple[tuple[str, str], ...]  # column, rule

    @property
    def counts(self) -> bool:
        return self.answer in STOPS or not self.faults


def take_back(workspace: Workspace, files: Iterable[Path], as_of: date, recorded_at: str) -> Result:
    """Record the answers on returned lists and make the lists again; the same file again records nothing.

    ``as_of`` is the day after which a date lies in the future.
    """
    result = Result([], [], [])
    sheets = []
    for path in files:
        try:
            sheets.append(_read(path))
        except DataRefused as refusal:
            result.refusals.append(str(refusal))
    with workspace.open() as (warehouse, vault):
        bookkeeping.refuse_foreign_ledger(workspace, warehouse)
        found = []
        for sheet in sheets:
            try:
                found.append((sheet, _find_list(workspace, warehouse, vault, sheet)))
            except DataRefused as refusal:
                result.refusals.append(str(refusal))
        # a later list tells more, in whatever order the files were given
        for sheet, listed in sorted(found, key=lambda pair: pair[1].as_of):
            _take_back_one(workspace, warehouse, vault, (sheet, listed), as_of, recorded_at, result)
        if found:
            write_again(workspace, warehouse, vault)
    return result


def _take_back_one(
    workspace: Workspace,
    warehouse: Warehouse,
    vault: Vault,
    returned: tuple[_Sheet, _Listed],
    as_of: date,
    recorded_at: str,
    result: Result,
) -> None:
    """Record one list in one transaction, and add what came of it to ``result``."""
    sheet, listed = returned
    contract = workspace.contracts[CONTRACT]
    answered = sheet.frame.filter(pl.col("answer") != "")
    answers, faults = _judge(answered, contract, listed, as_of)
    # a cell with an error was read as empty, so that nothing else is said of its row
    faults = [fault for fault in faults if fault[0] not in sheet.erroneous]
    faults += [(row, WHOLE_ROW, "cell_error") for row in sorted(sheet.erroneous)]
    answers = [one for one in answers if one.row not in sheet.erroneous or one.answer in STOPS]
    standing = _standing(warehouse, listed)
    late = [one for one in answers if one.answer not in STOPS and standing.get(one.research_id) == "afgewezen"]
    faults += [(one.row, ANSWER, "no_is_final") for one in late]
    overtaken = _answered_on_a_later_list(warehouse, listed)
    reports = _heard_since_a_mistake(
        warehouse,
        [
            Report(one.research_id, KINDS[one.answer], one.invited_on or listed.as_of)
            for one in answers
            if one not in late and (one.answer in STOPS or one.research_id not in overtaken)
        ],
    )
    owner, reason = f"verloskundigenpraktijk {listed.practice}", f"teruggekomen lijst {listed.batch}"
    how = Provenance("terugkoppeling", owner, reason, recorded_at)
    with warehouse.transaction():
        new = record_events(warehouse, vault, bookkeeping.draw_keys(workspace), reports, how)
    reached("answers_recorded")
    result.faults.extend(
        Fault(sheet.file, row, column, rule, REMEDIES[rule]) for row, column, rule in sorted(set(faults))
    )
    result.lists.append(
        TakenBack(
            file=sheet.file,
            practice=listed.practice,
            batch=listed.batch,
            new=new,
            known=len(set(reports)) - new,
            unanswered=sheet.frame.height - answered.height,
        )
    )


# --- reading ----------------------------------------------------------------------------------------------


def _read(path: Path) -> _Sheet:
    """Read a workbook and find the list in it. Raises DataRefused when there is none, or it is not safe to open."""
    if not path.is_file():
        raise DataRefused(f"{path.name}: this is no file; name the workbook that the practice sent back.")
    if path.stat().st_size > MOST_BYTES:
        raise DataRefused(f"{path.name}: far larger than a list; ask the practice for the list itself.")
    lines, erroneous = read_cells(path.read_bytes(), path.name)
    said = [cell for line in lines for cell in line if cell]
    facts = next((found for cell in said if (found := read_facts(cell))), None)
    header = next((at for at, line in enumerate(lines) if {CLIENT_NUMBER, ANSWER} <= _trimmed(line)), None)
    if facts is None or header is None:
        raise DataRefused(f"{path.name}: this is no invitation list, or its heading is gone; {_ASK}.")
    columns = [cell.strip() for cell in lines[header]]
    for name in _HEADERS.values():
        if columns.count(name) != 1:
            raise DataRefused(f"{path.name}: the column '{name}' is missing or stands there twice; {_ASK}.")
    rows = [
        {ROW: number} | {name: _cell(line, columns.index(own)) for name, own in _HEADERS.items()}
        for number, line in enumerate(lines[header + 1 :], start=header + 2)
    ]
    frame = pl.DataFrame(
        [row for row in rows if row["client_number"] or row["answer"]],
        schema={ROW: pl.UInt32, **dict.fromkeys(_HEADERS, pl.String)},
    )
    broken = frozenset(line for line in erroneous if line > header + 1)
    return _Sheet(path.name, facts, frozenset(_trimmed(said)), frame, broken)


def _trimmed(cells: Sequence[str]) -> set[str]:
    return {cell.strip() for cell in cells}


def _cell(line: list[str], at: int) -> str:
    # some keyboards and programs write ë as e and a mark: one letter to the eye, two in the file
    return unicodedata.normalize("NFC", line[at]).strip() if at < len(line) else ""


def _find_list(workspace: Workspace, warehouse: Warehouse, vault: Vault, sheet: _Sheet) -> _Listed:
    """Return the list that a sheet says it is, as it was released. Raises DataRefused when there is no such one."""
    practice, stated_as_of, batch = sheet.facts
    rows = warehouse.rows(
        "SELECT i.research_id, i.as_of FROM invitation AS i LEFT JOIN erasure AS e ON e.research_id = i.research_id"
        " WHERE i.practice = $practice AND i.batch = $batch AND e.research_id IS NULL",
        {"practice": practice, "batch": batch},
    )
    as_of = rows[0]["as_of"] if rows else None
    # two municipalities can have a practice, a batch and a client number in common; a head of the draw they cannot
    heads = {word for cell in sheet.said for word in re.findall("[0-9a-f]{64}", cell)}
    elsewhere = (
        title(workspace.programme.municipality.name) not in sheet.said
        or not heads <= {*heads_of_draws(warehouse).values()}
        or (rehearsal_line() in sheet.said) != workspace.rehearsal
    )
    if as_of is None or dutch_date(as_of) != stated_as_of or elsewhere:
        raise DataRefused(
            f"{sheet.file}: this list was not made in this workspace; look whether it belongs to another one."
        )
    numbers: dict[str, list[str]] = {}
    for row in rows:
        known = vault.contact(row["research_id"], list_kind(batch))
        numbers.setdefault(harmless(known["client_number"]), []).append(row["research_id"])
    women = {number: ids[0] for number, ids in numbers.items() if len(ids) == 1}  # nobody guesses whose it is
    return _Listed(practice, batch, as_of, women)


# --- judging ----------------------------------------------------------------------------------------------


def _judge(
    answered: pl.DataFrame, contract: Contract, listed: _Listed, as_of: date
) -> tuple[list[_Answer], list[tuple[int, str, str]]]:
    """Return the answers that count, and every fault as row, column, rule."""
    frame = read_values(answered, contract)
    breaches: dict[int, list[tuple[str, str]]] = {}
    for row, column, rule in check_rows(frame, contract, as_of).rows():
        breaches.setdefault(row, []).append((column, rule))
    answers, faults = [], [(row, *fault) for row, own in breaches.items() for fault in own]
    for row in frame.iter_rows(named=True):
        own = breaches.get(row[ROW], [])
        research_id = listed.women.get(row["client_number"] or "")
        if research_id is None and row["client_number"]:
            faults.append((row[ROW], CLIENT_NUMBER, "client_not_on_list"))
        if research_id is None or row["answer"] not in KINDS:
            continue
        day: date | None = row["invited_on" + TYPED]
        if day is None and not row["invited_on"] and row["answer"] != PREGNANCY_ENDED:
            own = [*own, (INVITED_ON, "required")]
        if day is not None and day < listed.as_of:
            own = [*own, (INVITED_ON, "invited_before_list")]
        faults += [(row[ROW], *fault) for fault in own]
        # a day with a fault is not used; what stops an invitation then counts from the day of the list
        answers.append(_Answer(row[ROW], research_id, row["answer"], None if own else day, tuple(own)))
    said = Counter(one.research_id for one in {(a.research_id, a.answer, a.invited_on): a for a in answers}.values())
    twice = [one for one in answers if said[one.research_id] > 1]
    faults += [(one.row, WHOLE_ROW, "key_repeated") for one in twice]
    return [one for one in answers if one.counts and (one not in twice or one.answer in STOPS)], faults


def _heard_since_a_mistake(warehouse: Warehouse, reports: list[Report]) -> list[Report]:
    """Let a new "no" or a loss count that an earlier report of a mistake would take back at once, by its day alone.

    The mistake was about something else: it was told before this list came back. What was recorded before stays taken
    back, however often its list comes again.
    """
    mistakes = {
        row["person_id"]: row["day"]
        for row in warehouse.rows(
            "WITH told AS (SELECT research_id AS person_id, kind, happened_on FROM event"
            " UNION ALL SELECT person_id, kind, happened_on FROM intake.notification)"
            " SELECT person_id, max(happened_on) AS day FROM told WHERE kind = 'vergissing' GROUP BY person_id"
        )
    }
    known = {Report(**row) for row in warehouse.rows("SELECT research_id, kind, happened_on FROM event")}
    stopping = {KINDS[answer] for answer in STOPS}
    return [
        replace(one, happened_on=day + timedelta(days=1))
        if one.kind in stopping
        and one not in known
        and (day := mistakes.get(one.research_id)) is not None
        and day >= one.happened_on
        else one
        for one in reports
    ]


def _standing(warehouse: Warehouse, listed: _Listed) -> dict[str, str]:
    """Return the answer that stands of each woman on the list; "afgewezen" is final, whatever was told later."""
    rows = warehouse.rows(
        f"SELECT person_id, answer FROM ({select_of('invitation_answer')})"
        " UNION ALL SELECT person_id, kind FROM register.notice WHERE kind = 'afgewezen'"
    )
    women = {*listed.women.values()}
    return {row["person_id"]: row["answer"] for row in rows if row["person_id"] in women}


def _answered_on_a_later_list(warehouse: Warehouse, listed: _Listed) -> set[str]:
    """Return whose answer on a later list is known: what an older list says of her is overtaken."""
    rows = warehouse.rows(
        f"SELECT a.person_id FROM ({select_of('invitation_answer')}) AS a"
        " INNER JOIN invitation AS i ON i.research_id = a.person_id AND i.as_of > $as_of AND a.happened_on >= i.as_of",
        {"as_of": listed.as_of},
    )
    return {row["person_id"] for row in rows}
