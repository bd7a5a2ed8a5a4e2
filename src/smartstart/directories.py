"""Read a directory of provisions: the made-up one that is shipped, or a folder of one's own, by the same contract.

A folder has ``voorzieningen`` (YAML, or any format of an extract) and ``gemeenten.yaml``, with each municipality's
region and where it lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartstart.contracts.checking import ROW, check_rows
from smartstart.contracts.rules import REMEDIES
from smartstart.contracts.values import TYPED, read_values
from smartstart.errors import DataRefused, UsageError, nearest
from smartstart.extracts.finding import FORMATS
from smartstart.extracts.reading import read_extract
from smartstart.programme.records import as_record
from smartstart.resources import read_yaml, shipped
from smartstart.support.provision import (
    CONTRAS,
    FRAMES,
    KINDS,
    REFERRERS,
    TARGET_GROUPS,
    Directory,
    Need,
    Place,
    Provision,
)

if TYPE_CHECKING:
    import polars as pl

    from smartstart.contracts.odcs import Contract

NAME, TOWNS, NEEDS = "voorzieningen", "gemeenten.yaml", "behoeften.yaml"
_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "target_groups": TARGET_GROUPS,
    "frames": FRAMES,
    "contra": CONTRAS,
    "referrers": REFERRERS,
    "next_places": KINDS,
}
Row = dict[str, Any]


@dataclass(frozen=True)
class _Towns:
    municipalities: tuple[Place, ...]


@dataclass(frozen=True)
class _Needs:
    needs: tuple[Need, ...]


def read_directory(contract: Contract, folder: Path | None, as_of: date) -> Directory:
    """Return the directory of a folder, or the made-up one. ``as_of`` is the day after which a date is in the future.

    Raises DataRefused that names every faulty row and column, UsageError for a folder without the two files.
    """
    place = folder or shipped("configs") / "provisions"
    towns: _Towns = as_record(_yaml(place / TOWNS), _Towns, TOWNS)
    needs: _Needs = as_record(read_yaml(shipped("configs") / "provisions" / NEEDS), _Needs, NEEDS)
    file = _file(place)
    frame = _from_yaml(file, contract) if file.suffix == ".yaml" else read_extract(file, contract).frame
    rows = _judged(frame, contract, file.name, as_of)
    return Directory(tuple(map(_provision, rows)), towns.municipalities, needs.needs, made_up=folder is None)


def need_named(directory: Directory, name: str) -> Need:
    """Return a need by its name. Raises UsageError that names those there are."""
    found = next((one for one in directory.needs if one.need == name), None)
    if found is None:
        names = [one.need for one in directory.needs]
        raise UsageError(f"--need: '{name}' is unknown{nearest(name, names)}; there are {', '.join(names)}.")
    return found


def place_named(directory: Directory, name: str) -> Place:
    """Return a municipality by its name. Raises UsageError with the nearest name."""
    found = directory.place(name)
    if found is None:
        hint = nearest(name, [one.name for one in directory.municipalities])
        raise UsageError(f"--municipality: '{name}' is not in the directory{hint}.")
    return found


def _yaml(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"'{path.parent}' has no {path.name}: it lists the municipalities with their regions.")
    return read_yaml(path)


def _file(folder: Path) -> Path:
    found = [folder / f"{NAME}{ending}" for ending in (".yaml", *FORMATS)]
    here = [path for path in found if path.is_file()]
    if len(here) != 1:
        raise UsageError(f"'{folder}' must have one file {NAME}, as YAML, CSV, XLSX, ODS or Parquet.")
    return here[0]


def _from_yaml(path: Path, contract: Contract) -> pl.DataFrame:
    """Return the rows of a YAML file as the text that a delivered file would hold."""
    import polars as pl

    raw = read_yaml(path)
    rows = raw.get("provisions") if isinstance(raw, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{path.name}: must hold 'provisions', a list of mappings.")
    headers = {field.header: field.name for field in contract.fields}
    for number, row in enumerate(rows, start=1):
        for key in row:
            if key not in headers:
                raise DataRefused(f"{path.name}, row {number}: unknown key '{key}'{nearest(str(key), list(headers))}.")
    columns = {name: ["" if row.get(at) is None else str(row.get(at)) for row in rows] for at, name in headers.items()}
    return pl.DataFrame(columns, schema=dict.fromkeys(headers.values(), pl.String)).with_row_index(ROW, 1)


def _judged(frame: pl.DataFrame, contract: Contract, file: str, as_of: date) -> list[Row]:
    """Return the rows as typed values. Raises DataRefused: a directory is small, and is mended before it is used."""
    frame = read_values(frame, contract)
    breaches = check_rows(frame, contract, as_of)
    found = breaches.sort("row", "column").rows()
    faults = [f"{file}, row {row}, column {column}: {REMEDIES[rule]}" for row, column, rule in found]
    rows = [{f.name: row[f.name + TYPED] for f in contract.fields} for row in frame.rows(named=True)]
    for number, row in enumerate(rows, start=1):
        for name, allowed in _LISTS.items():
            row[name] = tuple(part.strip() for part in (row[name] or "").split(",") if part.strip())
            if strange := [part for part in row[name] if part not in allowed]:
                header = contract.field(name).header
                hint = nearest(strange[0], list(allowed))
                faults.append(f"{file}, row {number}, column {header}: holds a code that is unknown{hint}.")
    numbers = [row["provision_id"] for row in rows]
    doubled = [number for number, one in enumerate(numbers, start=1) if numbers.index(one) != number - 1]
    faults += [
        f"{file}, row {number}, column nummer: stands there twice; each provision has its own." for number in doubled
    ]
    if faults:
        raise DataRefused(*faults)
    return rows


def _provision(row: Row) -> Provision:
    renamed = {"provision_name": "name", "seat": "municipality", "reference_date": "as_of"}
    return Provision(**{renamed.get(name, name): value for name, value in row.items()})
