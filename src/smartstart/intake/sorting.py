"""Sort the rows of a delivery: pure functions over frames, in which no row is ever lost.

For every file, rows in = accepted + quarantined + exact duplicates + superseded + refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from smartstart.contracts.checking import BREACHES, ROW, check_rows
from smartstart.contracts.odcs import Contract
from smartstart.contracts.rules import WHOLE_ROW
from smartstart.contracts.values import EARLIEST, TYPED, tidy, typed
from smartstart.extracts.reading import Extract

QUESTIONNAIRE, PERSONS, CHILDREN, NOTIFICATIONS = "vragenlijst", "personen", "kinderen", "meldingen"
_BSN_RULES = ["required", "bsn_form", "bsn_unknown", "bsn_unborn", "bsn_elfproef"]


@dataclass(frozen=True)
class SortedFile:
    """One file after intake. ``frame`` holds the rows still in play, typed; the others are known by number.

    ``breaches``: row, column, rule. ``refused``: row, rule, practice (null where there is none).
    """

    extract: Extract
    frame: pl.DataFrame
    breaches: pl.DataFrame
    refused: pl.DataFrame
    duplicates: int = 0

    @property
    def contract(self) -> Contract:
        """The contract that the file was held against."""
        return self.extract.contract

    @property
    def accepted(self) -> pl.DataFrame:
        """The rows without any breach, typed."""
        return self.frame.join(self.breaches, left_on=ROW, right_on="row", how="anti", maintain_order="left")

    @property
    def quarantined_rows(self) -> list[int]:
        """Numbers of the rows that were set aside."""
        return self.breaches["row"].unique().sort().to_list()

    def counts(self) -> dict[str, int]:
        """Return the reconciliation: rows_in and the five ways a row can go."""
        return {
            "rows_in": self.extract.rows_in,
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
        return self.frame.join(broken, left_on=ROW, right_on="row", how="anti")[column].drop_nulls().unique()


@dataclass(frozen=True)
class KnownPeople:
    """Whom earlier deliveries brought, asked by BSN; each function returns the subset that is known."""

    consented: Callable[[pl.Series], set[str]]
    persons: Callable[[pl.Series], set[str]]
    children: Callable[[pl.Series], set[str]]


def sort_delivery(
    extracts: Mapping[str, Extract], as_of: date, *, only_consented: bool, known: KnownPeople
) -> dict[str, SortedFile]:
    """Sort every row of a delivery.

    ``as_of`` is the day after which a date lies in the future. ``only_consented`` refuses the rows of persons who
    belong to no questionnaire with consent, as the quarterly and weekly pipelines do.
    """
    files = {name: _hold_against_contract(extract, as_of) for name, extract in extracts.items()}
    if QUESTIONNAIRE in files:
        files[QUESTIONNAIRE] = _refuse_without_consent(files[QUESTIONNAIRE], as_of)
    if only_consented:
        files = _refuse_strangers(files, known)
    files = {name: _set_aside_repeats(_count_duplicates(file)) for name, file in files.items()}
    return _set_aside_unmatched(files, known)


def _hold_against_contract(extract: Extract, as_of: date) -> SortedFile:
    frame = typed(tidy(extract.frame, extract.contract), extract.contract)
    structural = pl.DataFrame([(f.row, WHOLE_ROW, f.rule) for f in extract.faults], schema=BREACHES, orient="row")
    found = check_rows(frame, extract.contract, as_of)
    nobody = pl.DataFrame(schema={"row": pl.UInt32, "rule": pl.String, "practice": pl.String})
    return SortedFile(extract, frame, pl.concat([structural, found]), nobody)


def _refuse_without_consent(file: SortedFile, as_of: date) -> SortedFile:
    """Refuse each questionnaire without a consent that can be read and was given on or before its date."""
    consent, filled = pl.col("consented_on" + TYPED), pl.col("filled_on" + TYPED)
    valid = consent.is_not_null() & (consent <= as_of) & (filled.is_null() | (consent <= filled))
    practice = pl.when(pl.col("practice").str.contains(r"^\d{8}$")).then("practice")
    return _refuse(file, ~valid, "consent_missing", practice)


def _refuse_strangers(files: dict[str, SortedFile], known: KnownPeople) -> dict[str, SortedFile]:
    """Refuse rows of persons who belong to no questionnaire with consent: a whole population is not wanted here.

    Notifications are kept: an objection that comes before the questionnaire must still be heard.
    """
    consented = _owners(files, QUESTIONNAIRE, "person_id", known.consented)
    family = set(consented)
    for file in files.values():
        owner = owner_column(file.contract)
        family |= known.consented(file.frame[owner].drop_nulls().unique())
    children: set[str] = set()
    if CHILDREN in files:
        frame = files[CHILDREN].frame
        children = set(frame.filter(pl.col("mother_id").is_in(list(family)))["child_id"].drop_nulls())
    if PERSONS in files:
        children |= known.children(files[PERSONS].frame["person_id"].drop_nulls().unique())
    sorted_files = {}
    for name, file in files.items():
        if name in {QUESTIONNAIRE, NOTIFICATIONS}:
            sorted_files[name] = file
            continue
        belongs = family | children if owner_column(file.contract) != "mother_id" else family
        column = owner_column(file.contract)
        header = file.contract.field(column).header
        illegible = file.breaches.filter((pl.col("column") == header) & pl.col("rule").is_in(_BSN_RULES))["row"]
        stranger = ~pl.col(column).is_in(list(belongs)) & ~pl.col(ROW).is_in(illegible.implode())
        sorted_files[name] = _refuse(file, stranger, "no_consented_questionnaire", pl.lit(None, pl.String))
    return sorted_files


def _owners(
    files: Mapping[str, SortedFile], name: str, column: str, earlier: Callable[[pl.Series], set[str]]
) -> set[str]:
    if name not in files:
        return set()
    here = files[name].readable_owners(column)
    return set(here) | earlier(here)


def owner_column(contract: Contract) -> str:
    """Return the column that says whose row it is: the first identifier of the contract."""
    return next(f.name for f in contract.fields if f.classification == "identifier")


def _refuse(file: SortedFile, rows: pl.Expr, rule: str, practice: pl.Expr) -> SortedFile:
    """Take rows out of play by number; what else is wrong with them is not said, since they are not looked at."""
    refused = file.frame.filter(rows).select(
        pl.col(ROW).alias("row"), pl.lit(rule).alias("rule"), practice.alias("practice")
    )
    return replace(
        file,
        frame=file.frame.filter(~rows),
        breaches=file.breaches.join(refused, on="row", how="anti"),
        refused=pl.concat([file.refused, refused]),
    )


def _count_duplicates(file: SortedFile) -> SortedFile:
    """Keep the first of rows that say exactly the same; the others are counted and let go."""
    texts = [f.name for f in file.contract.fields]
    kept = file.frame.unique(subset=texts, keep="first", maintain_order=True)
    gone = file.frame.height - kept.height
    if not gone:
        return file
    dropped = file.frame.join(kept, on=ROW, how="anti").select(pl.col(ROW).alias("row"))
    return replace(file, frame=kept, breaches=file.breaches.join(dropped, on="row", how="anti"), duplicates=gone)


def _set_aside_repeats(file: SortedFile) -> SortedFile:
    """Set aside all rows that share a key and differ: no program can tell which of them is right."""
    key = list(file.contract.key)
    if not key:
        return file
    repeated = file.accepted.filter(pl.len().over(key) > 1)
    if repeated.is_empty():
        return file
    columns = {"row": pl.col(ROW), "column": pl.lit(WHOLE_ROW), "rule": pl.lit("key_repeated")}
    if file.contract.file == PERSONS:
        dates_differ = pl.col("birth_date" + EARLIEST).n_unique().over(key) > 1
        columns["column"] = pl.when(dates_differ).then(pl.lit("geboortedatum")).otherwise(pl.lit(WHOLE_ROW))
        columns["rule"] = pl.when(dates_differ).then(pl.lit("bsn_two_birth_dates")).otherwise(pl.lit("key_repeated"))
    return file.with_breaches(repeated.select(**columns))


def _set_aside_unmatched(files: dict[str, SortedFile], known: KnownPeople) -> dict[str, SortedFile]:
    """Set aside a questionnaire without its person and a child without its mother.

    A person whose own row is in quarantine counts as present: her questionnaire is not at fault.
    """
    here = set(files[PERSONS].frame["person_id"].drop_nulls()) if PERSONS in files else set()
    for name, column, rule in (
        (QUESTIONNAIRE, "person_id", "no_person"),
        (CHILDREN, "mother_id", "no_mother"),
    ):
        if name not in files:
            continue
        file = files[name]
        present = here | known.persons(file.readable_owners(column))
        missing = pl.Series(sorted(set(file.readable_owners(column)) - present), dtype=pl.String)
        header = pl.lit(file.contract.field(column).header)
        unmatched = file.frame.filter(pl.col(column).is_in(missing.implode())).select(
            row=pl.col(ROW), column=header, rule=pl.lit(rule)
        )
        files[name] = file.with_breaches(unmatched)
    return files
