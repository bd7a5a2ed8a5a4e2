"""Read a delivered file as text under our column names: at once, or in parts when it is too large to be held."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from smartstart.contracts.checking import ROW
from smartstart.errors import DataRefused, UsageError, nearest
from smartstart.extracts import limits
from smartstart.extracts.delimited import Records, split, split_in_turn
from smartstart.extracts.encoding import decode, encoding_of, lines_in_turn
from smartstart.extracts.finding import SHEETS, checksum
from smartstart.extracts.parquet import held_parquet, parquet_parts, read_parquet
from smartstart.extracts.sheets import read_sheet

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Contract


@dataclass(frozen=True)
class DeliveredFile:
    """A file that came, without its rows; ``headers`` maps our column names back to the delivered ones."""

    file: str
    contract: Contract
    sha256: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Extract:
    """A delivered file with its rows as text, under our column names.

    ``parts`` follow one another: one, held in memory, or those of a large file, which are read when they are asked for.
    """

    delivered: DeliveredFile
    parts: Iterable[Records]
    is_held: bool

    @property
    def frame(self) -> pl.DataFrame:
        """All its records, with ROW and a text column for each field of the contract."""
        return pl.concat([part.frame for part in self.parts])

    def is_empty(self) -> bool:
        """Tell whether it has a header only."""
        return not any(part.rows_in for part in self.parts)


@dataclass(frozen=True)
class _ReadInParts:
    """The parts of a file that is too large to be held; each look reads the bytes again, and they must be the same."""

    path: Path
    sha256: str
    names: tuple[str, ...]
    contract: Contract
    encoding: str | None  # of text

    def __iter__(self) -> Iterator[Records]:
        """Yield the records of each part. Raises DataRefused when there are too many, or the file has changed."""
        rows = 0
        try:
            for part in _parts(self.path, self.encoding):
                rows += part.rows_in
                limits.refuse_too_many(rows, self.path.name)
                yield _under_our_names(part, self.names, self.contract)
        except Exception:  # of whatever kind: it was read before without one
            self._refuse_changed()
            raise
        self._refuse_changed()

    def _refuse_changed(self) -> None:
        if checksum(self.path) != self.sha256:
            raise DataRefused(f"{self.path.name}: the file changed while it was read; give the command again.")


def read_extract(path: Path, contract: Contract, synonyms: dict[str, str] | None = None) -> Extract:
    """Read one file as text and name its columns. Raises DataRefused with every fault of the header.

    ``synonyms`` are the municipality's own headers: delivered header -> header of the contract. Of a file that is too
    large to be held only the header is read now.
    """
    sha256, records = _read(path)
    encoding = _encoding(path) if records is None else None
    header = next(_parts(path, encoding)).header if records is None else records.header
    names = _match_header(header, contract, synonyms or {}, path.name)
    delivered = DeliveredFile(path.name, contract, sha256, headers=dict(zip(names, header, strict=True)))
    if records is None:
        return Extract(delivered, _ReadInParts(path, sha256, tuple(names), contract, encoding), is_held=False)
    return Extract(delivered, [_under_our_names(records, names, contract)], is_held=True)


def read_extracts(
    files: Iterable[tuple[str, Path]], contracts: Mapping[str, Contract], sources: Mapping[str, dict[str, str]]
) -> tuple[list[Extract], list[str]]:
    """Read files, each given with the name of its contract; also returns why others cannot be read, in sentences.

    ``sources`` are the municipality's own headers, by contract.
    """
    extracts, refusals = [], []
    for name, path in files:
        try:
            extracts.append(read_extract(path, contracts[name], sources.get(name)))
        except DataRefused as refusal:
            refusals.append(str(refusal))
    return extracts, refusals


def _under_our_names(records: Records, names: Sequence[str], contract: Contract) -> Records:
    frame = records.frame.select(
        pl.col("_row").cast(pl.UInt32).alias(ROW),
        *(pl.col(f"c{i}").alias(name) for i, name in enumerate(names)),
        *(pl.lit(None, pl.String).alias(f.name) for f in contract.fields if f.name not in names),
    )
    return replace(records, frame=frame)


def read_table(path: Path) -> Records:
    """Read a file of whatever columns as text, with the number of each row in ``_row``.

    Raises UsageError when there is no such file, DataRefused when it cannot be read or a line does not fit its header.
    """
    if not path.is_file():
        raise UsageError(f"'{path}' is no file: give a CSV, Excel or Parquet file.")
    limits.refuse_too_large(path)
    records = read_parquet(path) if path.suffix.lower() == ".parquet" else _parse(path, _bytes(path))
    if records.faults:
        first = records.faults[0]
        raise DataRefused(
            f"{path.name}: {len(records.faults)} lines do not fit the header, the first is line {first.line} "
            f"({first.rule}): mend them and try again."
        )
    doubled = [name for name, times in Counter(records.header).items() if times > 1]
    if doubled:
        raise DataRefused(f"{path.name}: the column '{doubled[0]}' is there twice: rename one of them.")
    return records


def _read(path: Path) -> tuple[str, Records | None]:
    """Return the checksum of a file and its records, or None when it is to be read in parts.

    That is a large file that is no sheet.
    """
    limits.refuse_too_large(path)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        records = held_parquet(path)
        return checksum(path), records
    if suffix not in SHEETS and path.stat().st_size > limits.HELD_BYTES:
        with limits.readable(path):
            return checksum(path), None
    content = _bytes(path)
    return hashlib.sha256(content).hexdigest(), _parse(path, content)


def _parts(path: Path, encoding: str | None) -> Iterator[Records]:
    if encoding is None:
        return parquet_parts(path)
    return split_in_turn(lines_in_turn(_blocks(path), encoding), path.name)


def _encoding(path: Path) -> str | None:
    """Return the encoding of a file of text, None for Parquet, which has its own."""
    return None if path.suffix.lower() == ".parquet" else encoding_of(lambda: _blocks(path), path.name)


def _blocks(path: Path) -> Iterator[bytes]:
    with limits.readable(path), path.open("rb") as stream:
        while block := stream.read(limits.PART_BYTES):
            yield block


def _bytes(path: Path) -> bytes:
    with limits.readable(path):
        return path.read_bytes()


def _parse(path: Path, content: bytes) -> Records:
    if path.suffix.lower() in SHEETS:
        records = read_sheet(content, path.name)
    else:
        records = split(decode(content, path.name), path.name)
    limits.refuse_too_many(records.rows_in, path.name)
    return records


def _match_header(header: tuple[str, ...], contract: Contract, synonyms: dict[str, str], file: str) -> list[str]:
    """Return our name for each delivered column. Raises DataRefused that lists every fault of the header."""
    known = {name.lower(): f.name for f in contract.fields for name in (f.header, *f.synonyms)}
    by_header = {f.header: f.name for f in contract.fields}
    known |= {own.lower(): by_header[theirs] for own, theirs in synonyms.items() if theirs in by_header}
    names = [known.get(column.lower(), "") for column in header]
    missing = [f for f in contract.fields if f.name not in names and not f.may_be_absent]
    faults = [f"column '{f.header}' is missing" for f in missing]
    candidates = [f.header for f in contract.fields if f.name not in names]
    for position, (column, name) in enumerate(zip(header, names, strict=True), start=1):
        if not name:
            # a header can hold data when the header row itself is missing: its text is not repeated here
            hint = nearest(column.lower(), candidates)
            faults.append(f"column {position} has a header that the contract does not know{hint}")
        elif name in names[: position - 1]:
            faults.append(f"column '{contract.field(name).header}' stands there twice")
    if faults:
        raise DataRefused(f"{file}: {'; '.join(faults)}; correct the header or name it in the programme.")
    return names
