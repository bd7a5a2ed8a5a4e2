"""Odd but valid files: each is accepted with all its rows, and with the same values as the plain file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from file_formats import FORMATS
from oddities import Odd, odd_files
from valid_delivery import CONTRACTS
from verdicts import judged, typed_frame

from smartstart.contracts.odcs import Contract
from smartstart.contracts.values import EARLIEST, LATEST, TYPED

LEAST = 200


def faults_of(odd: Odd, folder: Path) -> list[str]:
    """Return what is wrong with how an odd file was read, in words."""
    folder.mkdir()
    (folder / odd.file).write_bytes(odd.content)
    verdict = judged(folder)
    named = f"{odd.name} ({odd.file})"
    if verdict.said or odd.file not in verdict.files:
        return [f"{named}: {dict(verdict.said)}"]
    file = verdict.files[odd.file]
    values = values_of(CONTRACTS[odd.means.contract])
    kept, meant = pl.concat(file.accepted_rows()).select(values), typed_frame(odd.means).select(values)
    if file.duplicates != odd.repeats or not verdict.reconciles or kept.height != len(odd.means.rows):
        return [f"{named}: {file.counts()}"]
    return [] if kept.equals(meant) else [f"{named}: other values"]


def values_of(contract: Contract) -> list[pl.Expr]:
    """Return what a row means: text where it is kept as text, else the typed value; never how it was written."""
    typed = {"integer": [TYPED], "boolean": [TYPED], "date": [TYPED], "consent_date": [TYPED]}
    typed["incomplete_date"] = [EARLIEST, LATEST]
    return [pl.col(f.name + part) for f in contract.fields for part in typed.get(f.kind, [""])]


def test_every_odd_file_is_accepted_with_all_its_rows_and_the_values_of_the_plain_file(tmp_path: Path) -> None:
    odd = list(odd_files())
    assert len(odd) >= LEAST
    assert {Path(one.file).suffix[1:] for one in odd} == {*FORMATS}
    assert {one.means.contract for one in odd} == {*CONTRACTS}
    assert [fault for number, one in enumerate(odd) for fault in faults_of(one, tmp_path / str(number))] == []


def test_an_odd_file_that_means_something_else_is_seen(tmp_path: Path) -> None:
    """The judge can say no: one day later is another value."""
    one = next(odd for odd in odd_files() if odd.means.contract == "huishoudens")
    other = Odd(one.name, one.file, one.content, one.means.with_cell(1, "peildatum", "20240202"))
    assert len(faults_of(other, tmp_path / "0")) == 1
