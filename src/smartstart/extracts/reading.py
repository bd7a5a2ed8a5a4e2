"""Open what was delivered: which files there are, their bytes, their columns.

Parquet is read on a DuckDB connection of its own, which has no key, sees that one file and nothing else, and
whose configuration is locked: a hostile file meets nothing that it could take.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from smartstart.contracts.checking import ROW
from smartstart.engine import connected, lock_down
from smartstart.errors import DataRefused, UsageError, nearest
from smartstart.extracts.delimited import (
    Records,
    StructuralFault,
    decode,
    is_utf8,
    lines_in_turn,
    split,
    split_in_turn,
)
from smartstart.extracts.sheets import MOST_ROWS, read_sheet

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from smartstart.contracts.odcs import Contract

FORMATS = (".csv", ".txt", ".tsv", ".xlsx", ".ods", ".parquet")
MOST_FILE_BYTES = 2 * 1024**3
HELD_BYTES = 256 * 1024**2  # of text: a larger file is not held in memory but read in parts
PART_BYTES = 64 * 1024**2
MANIFEST = "manifest.sha256"


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

    def __iter__(self) -> Iterator[Records]:
        """Yield the records of each part. Raises DataRefused when there are too many, or the file has changed."""
        rows = 0
        try:
            for part in _parts(self.path):
                rows += part.rows_in
                _refuse_too_many(rows, self.path.name)
                yield _under_our_names(part, self.names, self.contract)
        except Exception:  # of whatever kind: it was read before without one
            self._refuse_changed()
            raise
        self._refuse_changed()

    def _refuse_changed(self) -> None:
        if checksum(self.path) != self.sha256:
            raise DataRefused(f"{self.path.name}: the file changed while it was read; give the command again.")


@dataclass(frozen=True)
class Delivery:
    """A folder of extracts: the files of each contract, and what was there besides."""

    files: dict[str, list[Path]]
    others: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def all(self) -> list[tuple[str, Path]]:
        """Every file that is to be read, with the name of its contract."""
        return [(name, path) for name, paths in self.files.items() for path in paths]


def find_files(folder: Path, contracts: dict[str, Contract], wanted: set[str]) -> Delivery:
    """Match the files of a folder with contracts by name: ``personen.csv``, ``vragenlijst_08990011.xlsx``.

    ``wanted`` are the contracts that the pipeline reads; any other file is left unread and named in ``others``.
    A contract may have several files, such as one from each practice. Links out of the folder and unknown formats
    are faults.
    """
    if not folder.is_dir():
        raise DataRefused(f"'{folder}' is not a folder: name the folder that holds the extracts.")
    files: dict[str, list[Path]] = {}
    others: list[str] = []
    faults: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_dir() or path.name == MANIFEST:
            continue
        name = contract_of(path, contracts)
        if name not in wanted:
            others.append(_shown(path.name))
        elif not path.name.isprintable():  # a line break, or what a terminal obeys
            faults.append(f"{_shown(path.name)}: the name of the file holds what cannot be printed; rename it.")
        elif not path.is_file():
            faults.append(f"{path.name}: this is no ordinary file; put the file itself in the folder.")
        elif path.is_symlink():
            faults.append(f"{path.name}: this is a link to a file elsewhere; put the file itself in the folder.")
        elif path.suffix.lower() not in FORMATS:
            faults.append(f"{path.name}: the format is unknown; deliver CSV, XLSX, ODS or Parquet.")
        else:
            files.setdefault(name, []).append(path)
    return Delivery(files, tuple(others), (*faults, *_manifest_faults(folder)))


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def contract_of(path: Path, contracts: dict[str, Contract]) -> str:
    """Return the contract that a file's name points to, or an empty string."""
    stem = path.stem.lower()
    for name, contract in contracts.items():
        if contract.incoming and (stem == name or stem.startswith((f"{name}_", f"{name}-", f"{name} ", f"{name}."))):
            return name
    return ""


def read_extract(path: Path, contract: Contract, synonyms: dict[str, str] | None = None) -> Extract:
    """Read one file as text and name its columns. Raises DataRefused with every fault of the header.

    ``synonyms`` are the municipality's own headers: delivered header -> header of the contract. Of a file that is too
    large to be held only the header is read now.
    """
    _refuse_too_large(path)
    if sha256 := _in_parts(path):
        header = next(iter(_parts(path))).header
        names = _match_header(header, contract, synonyms or {}, path.name)
        parts: Iterable[Records] = _ReadInParts(path, sha256, tuple(names), contract)
    else:
        content, records = _read(path)
        header, sha256 = records.header, hashlib.sha256(content).hexdigest()
        names = _match_header(header, contract, synonyms or {}, path.name)
        parts = [_under_our_names(records, names, contract)]
    delivered = DeliveredFile(path.name, contract, sha256, headers=dict(zip(names, header, strict=True)))
    return Extract(delivered, parts, is_held=isinstance(parts, list))


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
    _, records = _read(path)
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


def _read(path: Path) -> tuple[bytes, Records]:
    _refuse_too_large(path)
    _refuse_unreadable(path)
    content = path.read_bytes()
    records = _parse(path, content)
    _refuse_too_many(records.rows_in, path.name)
    return content, records


def _refuse_too_large(path: Path) -> None:
    if path.stat().st_size > MOST_FILE_BYTES:
        raise DataRefused(f"{path.name}: larger than {MOST_FILE_BYTES // 1024**3} GiB; deliver it in parts.")


def _refuse_too_many(rows: int, file: str) -> None:
    if rows > MOST_ROWS * 10:
        raise DataRefused(f"{file}: more than {MOST_ROWS * 10} rows; deliver it in parts.")


def _in_parts(path: Path) -> str:
    """Return the checksum of a file that is read in parts, or nothing: it is large, and either UTF-8 or Parquet.

    Another encoding is judged whole.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        with _parquet(path) as (_, _, text):
            large = text > HELD_BYTES
        return checksum(path) if large else ""
    if suffix in {".xlsx", ".ods"} or path.stat().st_size <= HELD_BYTES:
        return ""
    seen = hashlib.sha256()
    return seen.hexdigest() if is_utf8(_noted(_blocks(path), seen)) else ""


def _noted(blocks: Iterable[bytes], seen: hashlib._Hash) -> Iterator[bytes]:
    for block in blocks:
        seen.update(block)
        yield block


def _parts(path: Path) -> Iterator[Records]:
    if path.suffix.lower() == ".parquet":
        return _parquet_parts(path)
    return split_in_turn(lines_in_turn(_blocks(path)), path.name)


def _blocks(path: Path) -> Iterator[bytes]:
    _refuse_unreadable(path)
    with path.open("rb") as stream:
        while block := stream.read(PART_BYTES):
            yield block


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hex, without holding it in memory."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _parse(path: Path, content: bytes) -> Records:
    suffix = path.suffix.lower()
    if suffix in {".xlsx", ".ods"}:
        return read_sheet(content, path.name)
    if suffix == ".parquet":
        return _read_parquet(path)
    if b"\x00\x00\x00" in content[:4096] or content[:4] == b"PK\x03\x04":
        raise DataRefused(f"{path.name}: this is not text; give the file the ending of its real format.")
    return split(decode(content, path.name), path.name)


def _reader(path: Path) -> duckdb.DuckDBPyConnection:
    connection = connected()
    connection.execute("SET allowed_paths = $paths", {"paths": [str(path.resolve()), _literal(path)]})
    lock_down(connection)
    return connection


def _refuse_unreadable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError:
        raise DataRefused(f"{path.name}: the file could not be read; check its permissions.") from None


def _read_parquet(path: Path) -> Records:
    with _parquet(path) as (reader, _, _):
        table = reader.execute(_AS_TEXT, {"path": _literal(path)}).to_arrow_table()
    return _of_arrow(table, 1)


def _parquet_parts(path: Path) -> Iterator[Records]:
    import pyarrow

    row = 1
    with _parquet(path) as (reader, rows, text):
        at_once = max(rows * PART_BYTES // max(text, 1), 1)
        for batch in reader.execute(_AS_TEXT, {"path": _literal(path)}).to_arrow_reader(at_once):
            records = _of_arrow(pyarrow.Table.from_batches([batch]), row)
            yield records
            row += records.rows_in


_AS_TEXT = "SELECT COLUMNS(*)::VARCHAR FROM read_parquet($path)"


@contextmanager
def _parquet(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, int, int]]:
    """Open a Parquet file: what reads it, its rows, and the bytes of its values as text.

    Raises DataRefused for what is no Parquet, or too large.
    """
    import duckdb

    _refuse_unreadable(path)
    with _reader(path) as reader:
        try:
            counted = reader.execute(
                "SELECT sum(num_rows) FROM parquet_file_metadata($path)", {"path": _literal(path)}
            ).fetchone()
            rows = int(counted[0] or 0) if counted else 0
            _refuse_too_many(rows, path.name)
            lengths = reader.execute(  # a text that stands there once can be meant in every row
                "SELECT sum(strlen(COLUMNS(*)::VARCHAR)) FROM read_parquet($path)", {"path": _literal(path)}
            ).fetchone()
            text = sum(int(length or 0) for length in lengths or ())
            if text > MOST_FILE_BYTES:
                raise DataRefused(
                    f"{path.name}: more than {MOST_FILE_BYTES // 1024**3} GiB of text; deliver it in parts."
                )
            yield reader, rows, text
        except duckdb.Error:
            raise DataRefused(f"{path.name}: this is no readable Parquet file; deliver it again.") from None


def _of_arrow(table: pa.Table, first: int) -> Records:
    """Turn a table of text into records, the first of which has this number; a row with a NUL is set aside."""
    header = tuple(name.strip() for name in table.column_names)
    frame = pl.DataFrame(pl.from_arrow(table.rename_columns([f"c{i}" for i in range(len(header))])))
    frame = frame.fill_null("").with_row_index("_row", first)
    nul = pl.any_horizontal(pl.exclude("_row").str.contains("\x00", literal=True))
    faults = [
        StructuralFault(row, row, "control_character", tuple(texts)) for row, *texts in frame.filter(nul).iter_rows()
    ]
    return Records(header, frame.filter(~nul), tuple(faults), frame.height)


def _literal(path: Path) -> str:
    """Escape what DuckDB would read as a pattern in a path."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path.resolve()))


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


def _manifest_faults(folder: Path) -> list[str]:
    """Hold the files against ``manifest.sha256`` (lines of checksum and name), when the sender gave one."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return []
    faults: list[str] = []
    listed: set[str] = set()
    for number, line in enumerate(manifest.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        expected, _, name = line.strip().partition(" ")
        name = name.strip().lstrip("*")
        path = folder / name
        if Path(name).name != name or len(expected) != 64:
            faults.append(f"{MANIFEST}, line {number}: not a checksum and a file name; ask the sender again.")
            continue
        listed.add(name)
        if not _is_there(path):
            faults.append(f"{MANIFEST}, line {number}: the file it names is not in the folder; deliver it.")
        elif checksum(path) != expected.lower():
            faults.append(f"{name}: not the bytes that {MANIFEST} promises; ask the sender to deliver again.")
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix.lower() in FORMATS and path.name not in listed:
            faults.append(f"{path.name}: not listed in {MANIFEST}; ask the sender whether it belongs here.")
    return faults


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no disk could hold
        return False
