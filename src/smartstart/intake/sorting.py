"""Sort the rows of a delivery: pure functions over frames, in which no row is ever lost.

For every file, rows in = accepted + quarantined + exact duplicates + superseded + refused.

A row is held against its contract alone, part by part. What holds rows against each other, and against other files,
looks at an index with a few columns of each; so a file need not be in memory to be sorted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import polars as pl

from smartstart.contracts.checking import BREACHES, ROW, check_rows
from smartstart.contracts.odcs import Contract
from smartstart.contracts.rules import WHOLE_ROW
from smartstart.contracts.values import EARLIEST, TYPED, read_values
from smartstart.extracts.delimited import StructuralFault
from smartstart.extracts.reading import DeliveredFile, Extract
from smartstart.intake.waiting import WaitingRows

QUESTIONNAIRE, PERSONS, CHILDREN, MELDINGEN = "vragenlijst", "personen", "kinderen", "meldingen"
_FILE = "_file"  # which of the files of one contract a row came from
_SAYS = ("_says", "_says_as_well")  # two hashes of all that a row says: no two rows share 128 bits by chance
# what rules between rows ask for besides persons and keys, where a contract has it
_ASKED_FOR = ("practice", "filled_on" + TYPED, "consented_on" + TYPED, "birth_date" + EARLIEST, "died_on", "suspension")
_BSN_RULES = ["required", "bsn_form", "bsn_unknown", "bsn_unborn", "bsn_elfproef"]


@dataclass(frozen=True)
class SortedFile:
    """One file after intake.

    ``index`` has the rows still in play, by number, with what holds them against each other; the others are known by
    number only. ``rows`` are all that were read, typed, in parts. ``breaches``: row, column, rule. ``refused``: row,
    rule, practice (null where there is none).
    """

    delivered: DeliveredFile
    rows: Iterable[pl.DataFrame]
    rows_in: int
    faults: tuple[StructuralFault, ...]
    index: pl.DataFrame
    breaches: pl.DataFrame
    refused: pl.DataFrame
    duplicates: int = 0

    @property
    def contract(self) -> Contract:
        """The contract that the file was held against."""
        return self.delivered.contract

    @cached_property
    def accepted(self) -> pl.DataFrame:
        """The index of the rows without any breach."""
        return self.index.filter(~pl.col(ROW).is_in(self.breaches["row"].implode()))

    def accepted_rows(self) -> Iterator[pl.DataFrame]:
        """Yield the rows without any breach, typed, in parts."""
        return self.rows_of(self.accepted[ROW])

    def rows_of(self, numbers: pl.Series) -> Iterator[pl.DataFrame]:
        """Yield the rows with these numbers, which are in order, typed, in parts."""
        for rows in self.rows:
            if rows.is_empty():
                yield rows
                continue
            begin, end = numbers.search_sorted(rows[ROW][0]), numbers.search_sorted(rows[ROW][-1], side="right")
            here = numbers.slice(begin, end - begin)
            yield rows if len(here) == rows.height else rows.filter(pl.col(ROW).is_in(here.implode()))

    @cached_property
    def quarantined_rows(self) -> list[int]:
        """Numbers of the rows that were set aside."""
        return self.breaches["row"].unique().sort().to_list()

    def summary(self) -> dict[str, str | int]:
        """Return the file, its contract and its reconciliation, as they are told to people and programs."""
        return {"file": self.delivered.file, "contract": self.contract.file} | self.counts()

    def breaches_as_delivered(self) -> pl.DataFrame:
        """Return row, column and rule in order, each column by the header that it has in the delivered file."""
        headers = {f.header: self.delivered.headers.get(f.name, f.header) for f in self.contract.fields}
        return self.breaches.sort("row", "column", "rule").with_columns(pl.col("column").replace(headers))

    def counts(self) -> dict[str, int]:
        """Return the reconciliation: rows_in and the five ways a row can go."""
        return {
            "rows_in": self.rows_in,
            "accepted": self.accepted.height,
            "quarantined": len(self.quarantined_rows),
            "duplicates": self.duplicates,
            "superseded": 0,  # rises later, when a correction or a newer snapshot replaces this delivery
            "refused": self.refused.height,
        }

    def with_breaches(self, more: pl.DataFrame) -> SortedFile:
        """Return this file with more breaches."""
        return replace(self, breaches=pl.concat([self.breaches, more.select(list(BREACHES))]).unique())

    def readable_owners(self, column: str) -> pl.Series:
        """Return the BSNs in ``column`` that are well formed, also of rows that break another rule."""
        header = self.contract.field(column).header
        broken = self.breaches.filter((pl.col("column") == header) & pl.col("rule").is_in(_BSN_RULES))
        return self.index.join(broken, left_on=ROW, right_on="row", how="anti")[column].drop_nulls().unique()


@dataclass(frozen=True)
class KnownPeople:
    """Whom earlier deliveries brought, asked by BSN; each function returns the subset that is known."""

    consented: Callable[[pl.Series], set[str]]
    persons: Callable[[pl.Series], set[str]]
    children: Callable[[pl.Series], set[str]]
    erased: Callable[[pl.Series], set[str]]


def sort_delivery(
    extracts: Iterable[Extract],
    as_of: date,
    *,
    only_consented: bool,
    known: KnownPeople,
    tell: Callable[[str, int], None] = lambda _file, _rows: None,
) -> list[SortedFile]:
    """Sort every row of a delivery; one contract may have several files, such as a questionnaire per practice.

    ``as_of`` is the day after which a date lies in the future. ``only_consented`` refuses the rows of persons who
    belong to no questionnaire with consent, as the quarterly and weekly pipelines do. ``tell`` hears a file's name and
    how many of its rows are done, at its start and after each part. Raises DataRefused for a large file that cannot be
    read to its end.
    """
    files = [_hold_against_contract(extract, as_of, tell) for extract in extracts]
    files = _refuse_erased(files, known)
    files = [_refuse_without_consent(f, as_of) if f.contract.file == QUESTIONNAIRE else f for f in files]
    if only_consented:
        files = _refuse_strangers(files, known)
    of_contract: dict[str, list[SortedFile]] = defaultdict(list)
    for file in files:
        of_contract[file.contract.file].append(file)
    files = [file for group in of_contract.values() for file in _set_aside_repeats(_count_duplicates(group))]
    return [_set_aside_unmatched(file, files, known) for file in files]


def _hold_against_contract(extract: Extract, as_of: date, tell: Callable[[str, int], None]) -> SortedFile:
    file, contract = extract.delivered.file, extract.delivered.contract
    faults: list[StructuralFault] = []
    rows_in, index, breaches = 0, [], []
    typed: list[pl.DataFrame] | WaitingRows = [] if extract.is_held else WaitingRows()
    tell(file, 0)
    for part in extract.parts:
        rows = read_values(part.frame, contract)
        rows_in += part.rows_in
        faults += part.faults
        index.append(_index_of(rows, contract))
        breaches.append(check_rows(rows, contract, as_of))
        typed.append(rows)
        tell(file, rows_in)
    structural = pl.DataFrame([(f.row, WHOLE_ROW, f.rule) for f in faults], schema=BREACHES, orient="row")
    return SortedFile(
        extract.delivered,
        rows=typed,
        rows_in=rows_in,
        faults=tuple(faults),
        index=pl.concat(index),
        breaches=pl.concat([structural, *breaches]),
        refused=pl.DataFrame(schema={"row": pl.UInt32, "rule": pl.String, "practice": pl.String}),
    )


def _index_of(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Return of each row what is held against other rows: its number, persons, key, and hashes of all that it says."""
    asked = {*identifiers(contract), *contract.key, *(name for name in _ASKED_FOR if name in rows.columns)}
    texts = rows.select(f.name for f in contract.fields)
    says = [texts.hash_rows(seed=seed).alias(name) for seed, name in enumerate(_SAYS)]
    return rows.select(ROW, *sorted(asked)).with_columns(says)


def _refuse_erased(files: list[SortedFile], known: KnownPeople) -> list[SortedFile]:
    """Refuse every row that names a person who was erased, or a child of hers, whatever the file.

    Her child is recognised by its row in this delivery. A child with a questionnaire of her own is a woman who
    decides for herself: only the row that names her mother is refused.
    """
    erased: set[str] = set()
    for file in files:
        for column in identifiers(file.contract):
            erased |= known.erased(file.index[column].drop_nulls().unique())
    if not erased:
        return files
    own = {bsn for f in _of(files, QUESTIONNAIRE) for bsn in f.readable_owners("person_id")}
    children: set[str] = set()
    for file in _of(files, CHILDREN):
        hers = file.index.filter(pl.col("mother_id").is_in(list(erased)))["child_id"].drop_nulls().unique()
        children |= set(hers) - own - known.consented(hers)
    gone = list(erased | children)
    return [
        _refuse(
            file,
            pl.any_horizontal(pl.col(column).is_in(gone) for column in identifiers(file.contract)),
            "erased",
            pl.lit(None, pl.String),
        )
        for file in files
    ]


def identifiers(contract: Contract) -> list[str]:
    """Return the columns that hold the number of a person."""
    return [f.name for f in contract.fields if f.classification == "identifier"]


def _refuse_without_consent(file: SortedFile, as_of: date) -> SortedFile:
    """Refuse each questionnaire without a consent that can be read and was given on or before its date."""
    consent, filled = pl.col("consented_on" + TYPED), pl.col("filled_on" + TYPED)
    valid = consent.is_not_null() & (consent <= as_of) & (filled.is_null() | (consent <= filled))
    practice = pl.when(pl.col("practice").str.contains(r"^[0-9]{8}$")).then("practice")
    return _refuse(file, ~valid, "consent_missing", practice)


def _refuse_strangers(files: list[SortedFile], known: KnownPeople) -> list[SortedFile]:
    """Refuse rows of persons who belong to no questionnaire with consent: a whole population is not wanted here.

    Meldingen are kept: an objection that comes before the questionnaire must still be heard.
    """
    family = {bsn for f in _of(files, QUESTIONNAIRE) for bsn in f.readable_owners("person_id")}
    for file in files:
        family |= known.consented(file.index[owner_column(file.contract)].drop_nulls().unique())
    children: set[str] = set()
    for file in _of(files, CHILDREN):
        children |= set(file.index.filter(pl.col("mother_id").is_in(list(family)))["child_id"].drop_nulls())
    for file in _of(files, PERSONS):
        children |= known.children(file.index["person_id"].drop_nulls().unique())
    return [_refuse_strangers_in(file, family, children) for file in files]


def _refuse_strangers_in(file: SortedFile, family: set[str], children: set[str]) -> SortedFile:
    if file.contract.file in {QUESTIONNAIRE, MELDINGEN}:
        return file
    column = owner_column(file.contract)
    belongs = family if column == "mother_id" else family | children
    header = file.contract.field(column).header
    illegible = file.breaches.filter((pl.col("column") == header) & pl.col("rule").is_in(_BSN_RULES))["row"]
    stranger = ~pl.col(column).is_in(list(belongs)) & ~pl.col(ROW).is_in(illegible.implode())
    return _refuse(file, stranger, "no_consented_questionnaire", pl.lit(None, pl.String))


def _of(files: Iterable[SortedFile], contract: str) -> list[SortedFile]:
    return [file for file in files if file.contract.file == contract]


def owner_column(contract: Contract) -> str:
    """Return the column that says whose row it is: the first identifier of the contract."""
    return identifiers(contract)[0]


def _refuse(file: SortedFile, rows: pl.Expr, rule: str, practice: pl.Expr) -> SortedFile:
    """Take rows out of play by number; what else is wrong with them is not said, since they are not looked at."""
    rows = rows.fill_null(value=False)  # of whom nothing can be said stays in play
    refused = file.index.filter(rows).select(
        pl.col(ROW).alias("row"), pl.lit(rule).alias("rule"), practice.alias("practice")
    )
    return replace(
        file,
        index=file.index.filter(~rows),
        breaches=file.breaches.join(refused, on="row", how="anti"),
        refused=pl.concat([file.refused, refused]),
    )


def _count_duplicates(files: list[SortedFile]) -> list[SortedFile]:
    """Keep the first of rows that say exactly the same; the others are counted and let go."""
    together = _together([file.index for file in files])
    if together[_SAYS[0]].n_unique() == together.height:  # the usual case, at little cost
        return files
    kept = together.unique(subset=_SAYS, keep="first", maintain_order=True)
    return [_keep_only(file, kept.filter(pl.col(_FILE) == nth).drop(_FILE)) for nth, file in enumerate(files)]


def _keep_only(file: SortedFile, kept: pl.DataFrame) -> SortedFile:
    dropped = file.index.join(kept, on=ROW, how="anti").select(pl.col(ROW).alias("row"))
    breaches = file.breaches.join(dropped, on="row", how="anti")
    return replace(file, index=kept, breaches=breaches, duplicates=dropped.height)


def _set_aside_repeats(files: list[SortedFile]) -> list[SortedFile]:
    """Set aside all rows that share a key and differ: no program can tell which of them is right."""
    contract = files[0].contract
    key = list(contract.key)
    if not key:
        return files
    repeated = _together([file.accepted for file in files]).filter(pl.len().over(key) > 1)
    if repeated.is_empty():
        return files
    column, rule = pl.lit(WHOLE_ROW), pl.lit("key_repeated")
    if contract.file == PERSONS:
        dates_differ = pl.col("birth_date" + EARLIEST).n_unique().over(key) > 1
        column = pl.when(dates_differ).then(pl.lit("geboortedatum")).otherwise(column)
        rule = pl.when(dates_differ).then(pl.lit("bsn_two_birth_dates")).otherwise(rule)
    found = repeated.select(_FILE, row=pl.col(ROW), column=column, rule=rule)
    return [file.with_breaches(found.filter(pl.col(_FILE) == nth)) for nth, file in enumerate(files)]


def _together(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of the files of one contract as one frame, with the number of their file beside them."""
    numbered = [frame.with_columns(pl.lit(nth, pl.Int32).alias(_FILE)) for nth, frame in enumerate(frames)]
    return pl.concat([frame.select(numbered[0].columns) for frame in numbered])


def owners_on_broken_lines(file: SortedFile) -> list[str]:
    """Return the BSNs (nine digits, not judged) that stand in their place on lines that are no records."""
    place = list(file.delivered.headers).index(owner_column(file.contract))
    texts = [fault.fields[place].strip(' "') for fault in file.faults if len(fault.fields) > place]
    return [text.zfill(9) for text in texts if text.isascii() and text.isdigit() and len(text) in {8, 9}]


def _set_aside_unmatched(file: SortedFile, files: list[SortedFile], known: KnownPeople) -> SortedFile:
    """Set aside a questionnaire without its person and a child without its mother.

    A person whose own row is in quarantine, or on a broken line, counts as present: her questionnaire is not at fault.
    """
    rules = {QUESTIONNAIRE: ("person_id", "no_person"), CHILDREN: ("mother_id", "no_mother")}
    if file.contract.file not in rules:
        return file
    column, rule = rules[file.contract.file]
    owners = file.readable_owners(column)
    persons = _of(files, PERSONS)
    broken = pl.Series([bsn for f in persons for bsn in owners_on_broken_lines(f)], dtype=pl.String)
    here = pl.concat([broken, *(f.index["person_id"] for f in persons)])
    absent = owners.filter(~owners.is_in(here.implode()))
    missing = pl.Series(sorted({*absent} - known.persons(absent)), dtype=pl.String)
    header = pl.lit(file.contract.field(column).header)
    return file.with_breaches(
        file.index.filter(pl.col(column).is_in(missing.implode())).select(
            row=pl.col(ROW), column=header, rule=pl.lit(rule)
        )
    )
