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
    import polars as pl

    from smartstart.contracts.checking import ROW, check_rows
    from smartstart.contracts.values import tidy, typed

    names = [f.name for f in contract.fields]
    if any(list(row) != names for row in rows):
        raise DataRefused(f"{contract.file}: it would hold other columns than its contract allows; it was not written.")
    columns = {name: [str(row[name]) for row in rows] for name in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String)).with_row_index(ROW, 1)
    breaches = check_rows(typed(tidy(frame, contract), contract), contract, as_of)
    if not breaches.is_empty():
        row, column, rule = breaches.row(0)
        raise DataRefused(f"{contract.file}, row {row}, column {column}: breaks '{rule}'; it was not written.")
