"""From text to typed values, once: the only place where dates, numbers, J/N and codes are parsed.

Everything is a Polars expression over whole columns. A value that cannot be read becomes null *beside* its text,
so that a check can tell "empty" from "unreadable".
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Contract, Field

TYPED = "::typed"  # suffix of the typed neighbour of a text column
EARLIEST = "::earliest"
LATEST = "::latest"
NO_END = date(9999, 12, 30)  # as the register writes it
OLDEST_DAY = date(1900, 1, 1)  # no date in any file lies before it
MANY_ROWS = 20_000  # from here on, finding the distinct texts takes less time than reading each text anew

_BLANKS = " \t\n\r\u00a0\u2007\u202f\ufeff"  # what people and spreadsheets leave around a value
_TRUE, _FALSE = ("j", "ja", "true", "waar"), ("n", "nee", "false", "onwaar")  # the latter from spreadsheets


def read_values(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Tidy the text columns of a contract, and put beside each what it says: one typed neighbour, or two bounds.

    Blanks around a value go, empty text becomes null, and what has one reading only is mended: a BSN or AGB code that
    lost its leading zeros gets them back, ``14.0`` in a number column becomes ``14``, and ``j`` becomes ``J``. Nothing
    else is changed: a surname ``NA`` stays a surname.
    """
    if frame.height < MANY_ROWS:
        tidied = frame.with_columns(_tidied(f).alias(f.name) for f in contract.fields)
        return tidied.with_columns(neighbour for f in contract.fields for neighbour in _neighbours(f))
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        read = threads.map(lambda f: _read_each_once(frame[f.name], f), contract.fields)
        return frame.with_columns(column for columns in read for column in columns)


def _read_each_once(column: pl.Series, f: Field) -> list[pl.Series]:
    """Read each distinct text of a column once, and put what came of it in every place where the text stands."""
    delivered = pl.col("delivered")
    distinct = column.alias("delivered").unique().to_frame().with_columns(delivered.alias(f.name))
    read = distinct.with_columns(_tidied(f).alias(f.name)).with_columns(_neighbours(f))
    rows = column.alias("delivered").to_frame()
    return (
        rows.join(read, on="delivered", how="left", nulls_equal=True, maintain_order="left")
        .drop("delivered")
        .get_columns()
    )


def _neighbours(f: Field) -> list[pl.Expr]:
    if f.kind != "incomplete_date":
        return [_typed(f).alias(f.name + TYPED)]
    earliest, latest = _date_bounds(pl.col(f.name))
    if not f.required:  # an end or a death of which the day is unknown did happen: it has bounds, not none
        unknown = is_unknown_date(pl.col(f.name))
        earliest = pl.when(unknown).then(pl.lit(OLDEST_DAY)).otherwise(earliest)
        latest = pl.when(unknown).then(pl.lit(NO_END)).otherwise(latest)
    return [earliest.alias(f.name + EARLIEST), latest.alias(f.name + LATEST)]


def is_unknown_date(text: pl.Expr) -> pl.Expr:
    """Tell whether an incomplete date is written as wholly unknown: ``00000000``."""
    return text.is_in(["00000000", "0"])


def _tidied(f: Field) -> pl.Expr:
    text = pl.col(f.name).str.strip_chars(_BLANKS)
    text = pl.when(text == "").then(None).otherwise(text)
    if f.kind == "bsn":
        text = text.str.replace_all(r"^(\d+)\.0+$", "$1")
        return pl.when(text.str.contains(r"^\d{5,8}$")).then(text.str.zfill(9)).otherwise(text)
    if f.kind in {"agb", "municipality_code"}:
        width = 8 if f.kind == "agb" else 4
        return pl.when(text.str.contains(rf"^\d{{{width - 1}}}$")).then(text.str.zfill(width)).otherwise(text)
    if f.kind == "integer":  # three zeros could be thousands: 1.000 stays what it is, and is no whole number
        return text.str.replace(r"^(-?\d+)[.,](?:0{1,2}|0{4,})$", "$1")
    if f.is_date:
        return text.str.replace(r"^(-?\d+)[.,]0+$", "$1")
    if f.kind == "boolean":
        lower = text.str.to_lowercase()
        return pl.when(lower.is_in(_TRUE)).then(pl.lit("J")).when(lower.is_in(_FALSE)).then(pl.lit("N")).otherwise(text)
    if f.kind == "code":
        as_listed = {value.lower(): value for value in f.codes}
        plain = text.str.replace(r"^(\d+)\.0+$", "$1").str.to_lowercase()
        return plain.replace_strict(as_listed, default=text, return_dtype=pl.String)
    return text


def _typed(f: Field) -> pl.Expr:
    text = pl.col(f.name)
    if f.kind == "integer":
        digits = pl.when(text.str.contains(r"^-?\d{1,9}$")).then(text)
        return digits.cast(pl.Int32, strict=False)
    if f.kind == "decimal":
        written = pl.when(text.str.contains(r"^-?\d{1,15}(\.\d+)?([eE][+-]?\d{1,2})?$")).then(text)
        return written.cast(pl.Float64, strict=False)
    if f.kind == "boolean":
        return pl.when(text == "J").then(pl.lit(True)).when(text == "N").then(pl.lit(False))
    if f.is_date:
        return _whole_date(text)
    return text


def _whole_date(text: pl.Expr) -> pl.Expr:
    """Read JJJJMMDD, dd-mm-jjjj or ISO jjjj-mm-dd (also with a midnight behind it); null when no such day exists."""
    return pl.coalesce(
        pl.when(text.str.contains(r"^\d{8}$")).then(text).str.to_date("%Y%m%d", strict=False),
        pl.when(text.str.contains(r"^\d{2}-\d{2}-\d{4}$")).then(text).str.to_date("%d-%m-%Y", strict=False),
        pl.when(text.str.contains(r"^\d{4}-\d{2}-\d{2}([T ]00:00:00(\.0+)?)?$"))
        .then(text.str.slice(0, 10))
        .str.to_date("%Y-%m-%d", strict=False),
    )


def _date_bounds(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Read an incomplete date as its earliest and latest possible day; both null when wholly unknown or unreadable.

    LO GBA writes unknown parts as zeros: 19850000 lies from 1 January to 31 December 1985.
    """
    whole = _whole_date(text)
    month_unknown = text.str.contains(r"^[12]\d{3}0000$")
    day_unknown = text.str.contains(r"^[12]\d{3}(0[1-9]|1[0-2])00$")
    first_of_year = pl.when(month_unknown).then(text.str.slice(0, 4) + "0101").str.to_date("%Y%m%d", strict=False)
    last_of_year = pl.when(month_unknown).then(text.str.slice(0, 4) + "1231").str.to_date("%Y%m%d", strict=False)
    first_of_month = pl.when(day_unknown).then(text.str.slice(0, 6) + "01").str.to_date("%Y%m%d", strict=False)
    return (
        pl.coalesce(whole, first_of_month, first_of_year),
        pl.coalesce(whole, first_of_month.dt.month_end(), last_of_year),
    )
