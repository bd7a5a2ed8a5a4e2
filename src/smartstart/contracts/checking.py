"""Contracts compiled to pandera schemas, and breaches as (row, column, rule): never a value.

pandera's own messages quote the failing value, so none of them is used: only the truth value of each check
per row, under the rule id that the check was named with.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from smartstart.contracts.values import EARLIEST, LATEST, MANY_ROWS, OLDEST_DAY, TYPED, is_unknown_date

if TYPE_CHECKING:
    from smartstart.contracts.odcs import Comparison, Contract, Field

ROW = "_row"  # record number in the delivered file, from 1, without the header
BREACHES = {"row": pl.UInt32, "column": pl.String, "rule": pl.String}


@dataclass(frozen=True)
class _Rule:
    """A rule of a contract on a column: its id, and the expression that is true or null where it holds."""

    column: str
    rule: str
    holds: pl.Expr


def check_rows(frame: pl.DataFrame, contract: Contract, as_of: date) -> pl.DataFrame:
    """Hold every row of a typed frame against the contract, all faults at once.

    ``frame`` has ROW, the tidied text columns and their typed neighbours; ``as_of`` is the day after which a
    date lies in the future. Returns a frame of ``row``, ``column`` (the Dutch header), ``rule``; empty when all
    is well.
    """
    broken = _broken_somewhere(frame, contract, as_of)
    if not broken:
        return pl.DataFrame(schema=BREACHES)
    pa = _pandera()
    failures: list[Any] = []
    try:
        _schema(broken).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as refusal:
        failures = refusal.schema_errors
    found = [_breaches(frame, contract, failure) for failure in failures]
    return pl.concat([pl.DataFrame(schema=BREACHES), *found]).unique().sort("row", "column", "rule")


def _broken_somewhere(frame: pl.DataFrame, contract: Contract, as_of: date) -> list[_Rule]:
    """Return the rules that some row breaks; pandera then names the rows of these.

    Of many rows, what a column's own rules say of a text is asked once for each distinct text.
    """
    own = {f.name: [_Rule(f.name, rule, holds) for rule, holds in _field_rules(f, as_of)] for f in contract.fields}
    between = [_Rule(one.column, one.rule, _comparison_holds(contract, one)) for one in contract.comparisons]
    if frame.height < MANY_ROWS:
        return _broken(frame, [*(rule for rules in own.values() for rule in rules), *between])
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        alone = threads.map(lambda name: _broken(_each_once(frame, name), own[name]), own)
        return [*(rule for rules in alone for rule in rules), *_broken(frame, between)]


def _each_once(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the distinct texts of a column with what was read of them."""
    neighbours = [column for column in frame.columns if column.startswith(f"{name}::")]
    return frame.select(name, *neighbours).unique(name)


def _broken(frame: pl.DataFrame, rules: list[_Rule]) -> list[_Rule]:
    asked = [rule.holds.fill_null(value=True).all().alias(str(place)) for place, rule in enumerate(rules)]
    kept = frame.select(asked).row(0) if asked else ()
    return [rule for rule, holds in zip(rules, kept, strict=True) if not holds]


def _breaches(frame: pl.DataFrame, contract: Contract, failure: Any) -> pl.DataFrame:
    """Turn one failed pandera check into rows; the failure itself, which holds values, is dropped here."""
    held: pl.DataFrame = failure.check_output
    rule, column = failure.check.name, failure.schema.name
    failed = frame.select(ROW).filter(~held.to_series().fill_null(value=False))
    return failed.select(
        pl.col(ROW).cast(pl.UInt32).alias("row"),
        pl.lit(contract.field(column).header).alias("column"),
        pl.lit(rule).alias("rule"),
    )


@cache
def _pandera() -> Any:
    """Import pandera without the pandas of PySpark, which it takes along where it can: half a second, and a warning."""
    modules: dict[str, Any] = sys.modules
    aside = modules.setdefault("pyspark.pandas", None)  # whoever imports it meanwhile is told that there is none
    import pandera.polars as pa

    if aside is None:
        del modules["pyspark.pandas"]
    return pa


def _schema(rules: list[_Rule]) -> Any:
    pa = _pandera()
    checks: dict[str, list[Any]] = {}
    for rule in rules:
        checks.setdefault(rule.column, []).append(_check(rule.rule, rule.holds))
    return pa.DataFrameSchema(
        {name: pa.Column(pl.String, nullable=True, checks=own) for name, own in checks.items()}, strict=False
    )


def _check(rule: str, holds: pl.Expr) -> Any:
    pa = _pandera()

    def truth_by_row(data: Any) -> pl.LazyFrame:
        answer: pl.LazyFrame = data.lazyframe.select(holds.fill_null(value=True).alias("holds"))
        return answer

    return pa.Check(truth_by_row, name=rule, ignore_na=False)


def _field_rules(f: Field, as_of: date) -> list[tuple[str, pl.Expr]]:
    """Return (rule, expression that is true or null where it holds); each rule speaks only where earlier ones hold."""
    text = pl.col(f.name)
    rules: list[tuple[str, pl.Expr]] = []
    if f.required:
        rules.append(("required", text.is_not_null()))
    if f.max_length is not None:
        rules.append(("too_long", text.str.len_chars() <= f.max_length))
    if f.codes and f.kind != "boolean":
        rules.append(("code_unknown", text.is_in(list(f.codes))))
    if f.kind in _KIND_RULES:
        rules += _KIND_RULES[f.kind](f, as_of)
    return rules


def _bsn_rules(f: Field, _as_of: date) -> list[tuple[str, pl.Expr]]:
    text = pl.col(f.name)
    nine_digits = text.str.contains(r"^[0-9]{9}$")
    special = text.is_in(["000000000", "999999999"])
    return [
        ("bsn_form", nine_digits),
        ("bsn_unknown", text != "000000000"),
        ("bsn_unborn", text != "999999999"),
        ("bsn_elfproef", ~nine_digits | special | _passes_elfproef(text)),
    ]


def _passes_elfproef(text: pl.Expr) -> pl.Expr:
    """Weigh the nine digits by 9, 8, ... 2 and -1: eleven divides their sum. Null for what is not nine digits.

    Whole columns at once: python-stdnum, against which a test holds it, takes a hundred times as long.
    """
    number = text.str.extract(r"^([0-9]{9})$").cast(pl.Int64)
    weighed = [(place + 1) * (number // 10**place % 10) for place in range(1, 9)]
    return (pl.sum_horizontal(weighed) - number % 10) % 11 == 0


def _date_rules(f: Field, as_of: date) -> list[tuple[str, pl.Expr]]:
    text, day = pl.col(f.name), pl.col(f.name + TYPED)
    return [("date_invalid", text.is_null() | day.is_not_null()), *_plausible(f, day, day, as_of)]


def _incomplete_date_rules(f: Field, as_of: date) -> list[tuple[str, pl.Expr]]:
    text, earliest, latest = pl.col(f.name), pl.col(f.name + EARLIEST), pl.col(f.name + LATEST)
    readable = text.is_null() | earliest.is_not_null() | is_unknown_date(text)
    return [("date_invalid", readable), *_plausible(f, earliest, latest, as_of)]


def _plausible(f: Field, earliest: pl.Expr, latest: pl.Expr, as_of: date) -> list[tuple[str, pl.Expr]]:
    rules = [("date_implausible", latest >= OLDEST_DAY)]
    if not f.future_allowed:
        rules.append(("date_in_future", earliest <= as_of))
    return rules


def _number_rules(f: Field, _as_of: date) -> list[tuple[str, pl.Expr]]:
    text, number = pl.col(f.name), pl.col(f.name + TYPED)
    low, high = f.minimum, f.maximum
    unread = "not_a_decimal" if f.kind == "decimal" else "not_a_number"
    rules = [(unread, text.is_null() | number.is_not_null())]
    if low is not None:
        rules.append(("out_of_range", number >= low))
    if high is not None:
        rules.append(("out_of_range", number <= high))
    return rules


def _matches(rule: str, pattern: str) -> Callable[[Field, date], list[tuple[str, pl.Expr]]]:
    return lambda f, _as_of: [(rule, pl.col(f.name).str.contains(pattern))]


_KIND_RULES: dict[str, Callable[[Field, date], list[tuple[str, pl.Expr]]]] = {
    "bsn": _bsn_rules,
    "date": _date_rules,
    "consent_date": _date_rules,
    "incomplete_date": _incomplete_date_rules,
    "integer": _number_rules,
    "decimal": _number_rules,
    "boolean": lambda f, _as_of: [("code_unknown", pl.col(f.name).is_in(["J", "N"]))],
    "agb": _matches("agb_form", r"^[0-9]{8}$"),
    "municipality_code": _matches("municipality_form", r"^[0-9]{4}$"),
}


def _comparison_holds(contract: Contract, rule: Comparison) -> pl.Expr:
    """Compare on bounds: an incomplete date breaks the rule only when no possible day could keep it."""
    from datetime import timedelta

    shift = timedelta(days=rule.plus_days)
    if rule.direction == "present":
        holds = pl.col(rule.column).is_not_null()
    elif rule.direction == "not_before":
        holds = _bound(contract, rule.column, LATEST) >= _bound(contract, rule.other, EARLIEST) + shift
    else:
        holds = _bound(contract, rule.column, EARLIEST) <= _bound(contract, rule.other, LATEST) + shift
    if rule.when is None:
        return holds
    column, value = rule.when
    return (pl.col(column) != value) | holds


def _bound(contract: Contract, name: str, side: str) -> pl.Expr:
    incomplete = contract.field(name).kind == "incomplete_date"
    return pl.col(name + (side if incomplete else TYPED))
