"""What leaves is held against its contract too: a column more, such as a score on a list, is a breach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from smartstart.errors import DataRefused

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Contract


def hold_outgoing(contract: Contract, rows: Sequence[Mapping[str, Any]], as_of: date) -> None:
    """Raise DataRefused when rows have other columns than the contract, or a value that it does not allow."""
    breach = breach_of(contract, rows, as_of)
    if breach:
        raise DataRefused(f"{contract.file}, {breach}; it was not written.")


def breach_of(contract: Contract, rows: Sequence[Mapping[str, Any]], as_of: date) -> str:
    """Return the first thing by which rows break their contract, in words without a value; empty when nothing does."""
    import polars as pl

    from smartstart.contracts.checking import ROW, check_rows
    from smartstart.contracts.values import read_values

    names = [f.name for f in contract.fields]
    wrong = next((number for number, row in enumerate(rows, start=1) if list(row) != names), None)
    if wrong is not None:
        return f"row {wrong}: it has other columns than its contract allows"
    columns = {name: [str(row[name]) for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)).with_row_index(ROW, 1)
    breaches = check_rows(read_values(frame, contract), contract, as_of)
    if breaches.is_empty():
        return ""
    row, column, rule = breaches.row(0)
    return f"row {row}, column {column}: breaks '{rule}'"
