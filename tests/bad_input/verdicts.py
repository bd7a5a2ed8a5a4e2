"""What the program says of a folder, by the functions that ``check`` and ``run`` call, and what it should say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import polars as pl
from valid_delivery import AS_OF, CONTRACTS, Table, valid_delivery

from smartstart.check_files import _anybody
from smartstart.contracts.checking import ROW
from smartstart.contracts.values import read_values
from smartstart.errors import DataRefused
from smartstart.extracts.finding import find_files
from smartstart.extracts.reading import read_extract
from smartstart.intake.sorting import KnownPeople, SortedFile, sort_delivery

Place = tuple[str, int, str]  # file, row, column; row 0 and column "" for a file as a whole
NOTHING = "(nothing)"

# What a file as a whole can be refused for: our name for it, and words of the sentence that says it.
WHOLE_FILE: Mapping[str, str] = {
    "header_unknown": r"^\S+: column \d+ has a header that the contract does not know[^;]*;[^;]*$",
    "header_renamed": r"^\S+: column '\w+' is missing; column \d+ has a header[^;]* \(did you mean '\w+'\?\);[^;]*$",
    "header_gone": r"( is missing;[^;]*){2}(has a header[^;(]*;[^;]*){3}",
    "header_missing": r"^[^;]*column '\w+' is missing[^;]*;[^;]*$",
    "header_doubled": "stands there twice",
    "header_open_quote": "the header has an unclosed quotation mark",
    "header_empty": "the first row of the first sheet is empty",
    "file_empty": "the file is empty",
    "not_text": "this is not text",
    "encoding_none": "neither UTF-8, UTF-16 nor Windows-1252",
    "encoding_mixed": r"some bytes are UTF-8 \(line \d+\) and others are not",
    "workbook_unreadable": "this is no readable workbook",
    "workbook_password": "has a password",
    "workbook_macros": "holds macros",
    "workbook_links": "links to other files",
    "workbook_entities": "declares XML entities",
    "workbook_bomb": "expands to far more",
    "workbook_far_flung": "a cell lies far outside the table",
    "workbook_no_first": "does not say which sheet comes first",
    "parquet_unreadable": "this is no readable Parquet file",
    "parquet_bomb": "GiB of text",
    "format_unknown": "the format is unknown",
    "link": "this is a link to a file elsewhere",
    "manifest_other_bytes": "not the bytes that manifest.sha256 promises",
    "manifest_not_listed": "not listed in manifest.sha256",
    "manifest_absent": "the file it names is not in the folder",
    "manifest_line": "not a checksum and a file name",
}


@dataclass(frozen=True)
class Case:
    """One folder with one defect in it, and the only thing that may be said of it.

    ``planted``: where -> rule, for rows that must go to quarantine, be refused, or for files refused as a whole.
    ``kept``: file -> row -> the valid row, for every other row: it must be accepted as it stands there.
    """

    defect: str
    contract: str
    format: str
    files: Mapping[str, bytes]
    planted: Mapping[Place, str]
    kept: Mapping[str, Mapping[int, tuple[str, ...]]] = field(default_factory=dict)
    only_consented: bool = False
    erased: tuple[str, ...] = ()
    after: Callable[[Path], None] | None = None  # what cannot be written as bytes, such as a link

    @property
    def rules(self) -> set[str]:
        return {*self.planted.values()}

    def write(self, folder: Path) -> Path:
        folder.mkdir()
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        if self.after:
            self.after(folder)
        return folder


@dataclass(frozen=True)
class Verdict:
    """What was said: where -> rules, and what became of every file."""

    said: Mapping[Place, frozenset[str]]
    files: Mapping[str, SortedFile]

    @property
    def reconciles(self) -> bool:
        counts = [file.counts() for file in self.files.values()]
        return all(one.pop("rows_in") == sum(one.values()) for one in counts)


def judged(folder: Path, *, only_consented: bool = False, erased: tuple[str, ...] = ()) -> Verdict:
    """Read and sort a folder as ``check`` does (or, with ``only_consented``, as a run does), all faults by place."""
    delivery = find_files(folder, CONTRACTS, {*CONTRACTS})
    said: dict[Place, set[str]] = {}
    extracts = []
    sentences = list(delivery.faults)
    for name, path in delivery.all:
        try:
            extracts.append(read_extract(path, CONTRACTS[name]))
        except DataRefused as refusal:
            sentences.append(str(refusal))
    for sentence in sentences:
        place = (re.split("[:,]", sentence)[0], 0, "")
        said.setdefault(place, set()).add(whole_file_rule(sentence))
    anybody = _anybody(extracts)
    known = KnownPeople(anybody.consented, anybody.persons, anybody.children, lambda bsns: set(bsns) & set(erased))
    files = {f.delivered.file: f for f in sort_delivery(extracts, AS_OF, only_consented=only_consented, known=known)}
    for name, file in files.items():
        for row, column, rule in file.breaches.rows():
            said.setdefault((name, row, column), set()).add(rule)
        for row, rule, _ in file.refused.rows():
            said.setdefault((name, row, "*"), set()).add(rule)
    return Verdict({place: frozenset(rules) for place, rules in said.items()}, files)


def whole_file_rule(sentence: str) -> str:
    """Return our name for what a sentence refuses a file for. Its words are promised, so each is named once."""
    found = [rule for rule, words in WHOLE_FILE.items() if re.search(words, sentence)]
    return found[0] if len(found) == 1 else f"? {sentence}"


@dataclass
class Matrix:
    """The confusion matrix: how often each planted rule was found as which rule."""

    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)  # by format
    wrong: list[str] = field(default_factory=list)
    right: int = 0
    rows_kept: int = 0
    rows_lost: int = 0

    def add(self, case: Case, verdict: Verdict) -> None:
        """Hold what was said against what was planted, at exactly the same file, row and column."""
        self.files[case.format] += 1
        named = f"{case.defect} ({case.contract}, {case.format})"
        before = len(self.wrong)
        for place in {*case.planted, *verdict.said}:
            planted = case.planted.get(place, NOTHING)
            for found in verdict.said.get(place, {NOTHING}):
                self.cells[planted, found] += 1
                if planted != found:
                    self.wrong.append(f"{named} at {place}: {planted}, said {found}")
        for name, rows in case.kept.items():
            accepted = texts_by_row(verdict.files[name].accepted_rows(), case.contract) if name in verdict.files else {}
            for row, texts in rows.items():
                if accepted.get(row) == texts:
                    self.rows_kept += 1
                else:
                    self.rows_lost += 1
                    self.wrong.append(f"{named}: {name} lost row {row}")
            for row in accepted.keys() - rows.keys():
                self.wrong.append(f"{named}: {name} took row {row} as well")
        if not verdict.reconciles:
            self.wrong.append(f"{named}: rows do not add up")
        self.right += len(self.wrong) == before

    def take(self, other: Matrix) -> None:
        """Add what another matrix holds."""
        self.cells += other.cells
        self.files += other.files
        self.wrong += other.wrong
        self.right += other.right
        self.rows_kept += other.rows_kept
        self.rows_lost += other.rows_lost

    def lines(self) -> Iterator[str]:
        """Print the matrix: planted, found, how often; what is right stands on the diagonal."""
        width = max(len(rule) for rule, _ in self.cells)
        for rule in sorted({planted for planted, _ in self.cells}):
            found = {other: n for (planted, other), n in sorted(self.cells.items()) if planted == rule}
            total = sum(found.values())
            told = ", ".join(f"{other} {n}" for other, n in found.items())
            yield f"{rule:<{width}}  {found.get(rule, 0):>4} of {total:<4}  {told}"

    def as_dict(self) -> dict[str, object]:
        rules: Counter[str] = Counter()
        for (planted, _), n in self.cells.items():
            rules[planted] += n
        return {
            "files": sum(self.files.values()),
            "files_by_format": dict(sorted(self.files.items())),
            "planted_by_rule": dict(sorted(rules.items())),
            "files_right": self.right,
            "wrong": len(self.wrong),
            "valid_rows_kept": self.rows_kept,
            "valid_rows_lost": self.rows_lost,
        }


def texts_by_row(frames: Iterable[pl.DataFrame], contract: str) -> dict[int, tuple[str, ...]]:
    """Return the texts of rows, in whatever parts, in the order of the contract, by row number."""
    names = [f.name for f in CONTRACTS[contract].fields]
    rows = (row for frame in frames for row in frame.select(ROW, *names).iter_rows())
    return {number: tuple(text or "" for text in texts) for number, *texts in rows}


def kept_rows(table: Table) -> dict[int, tuple[str, ...]]:
    """Return the rows of a valid table as they must be accepted."""
    return texts_by_row([typed_frame(table)], table.contract)


def typed_frame(table: Table) -> pl.DataFrame:
    """Return the rows of a table typed, built without any reader."""
    contract = CONTRACTS[table.contract]
    header = {name.lower(): f.name for f in contract.fields for name in (f.header, *f.synonyms)}
    columns = {header[column.lower()]: [row[column] for row in table.rows] for column in table.columns}
    empty = dict.fromkeys(f.name for f in contract.fields)
    texts = {name: columns.get(name, [None] * len(table.rows)) for name in empty}
    frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)).with_row_index(ROW, 1)
    return read_values(frame, contract)


@cache
def valid() -> dict[str, Table]:
    return valid_delivery()


@cache
def kept_of(contract: str) -> dict[int, tuple[str, ...]]:
    return kept_rows(valid()[contract])
