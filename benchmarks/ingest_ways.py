"""Ways to take a file in: each makes ready, and returns what is timed; that says how many rows broke which rule."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ingest_data import AS_OF, CODES, COLUMNS

KEY = bytes(range(32))
Found = dict[str, int]


def _place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ingest-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def floor(file: str) -> Callable[[], Found]:
    """DuckDB reads the file as text into a table that is encrypted as ours is; nothing is checked."""
    import duckdb

    from smartstart.warehouse.cipher import load_cipher

    connection = duckdb.connect(":memory:")
    load_cipher(connection)
    connection.execute(f"ATTACH '{_place() / 'floor.duckdb'}' AS w (ENCRYPTION_KEY '{KEY.hex()}')")

    def run() -> Found:
        connection.execute(
            "CREATE TABLE w.register AS SELECT * FROM read_csv($file, delim=';', header=true, all_varchar=true,"
            " quote='', escape='', ignore_errors=true)",
            {"file": file},
        )
        connection.execute("CHECKPOINT w")
        return {"rows": connection.execute("SELECT count(*) FROM w.register").fetchone()[0]}  # type: ignore[index]

    return run


def ours(file: str) -> Callable[[], Found]:
    """Decode, read, check, set aside with reasons and sealed content, replace BSNs, store: a run, as far as intake."""
    import polars as pl

    from smartstart.contracts.odcs import load_contracts
    from smartstart.extracts.reading import read_extract
    from smartstart.identity.vault import VaultKeys, open_vault
    from smartstart.intake.sorting import KnownPeople, sort_delivery
    from smartstart.intake.storing import record_file, store_file, store_quarantine
    from smartstart.warehouse.warehouse import open_warehouse

    folder = _place()
    shutil.copy(Path(file).with_suffix(".yaml"), folder / "register.yaml")
    contracts = load_contracts(folder)
    nobody: Callable[[pl.Series], set[str]] = lambda _bsns: set()  # noqa: E731
    known = KnownPeople(nobody, nobody, nobody, nobody)
    kept_open = ExitStack()
    warehouse = kept_open.enter_context(open_warehouse(folder / "w.duckdb", KEY, contracts))
    vault = kept_open.enter_context(open_vault(folder / "v.sqlite", VaultKeys(KEY, (KEY[::-1],))))
    atexit.register(kept_open.close)

    def run() -> Found:
        extract = read_extract(Path(file), contracts["register"])
        (sorted_file,) = sort_delivery([extract], AS_OF, only_consented=False, known=known)
        with warehouse.transaction():
            store_file(warehouse, vault, sorted_file, "bench", 1)
            store_quarantine(vault, sorted_file, "bench", AS_OF)
            record_file(warehouse, sorted_file, "bench")
            vault.commit()
        warehouse.run("CHECKPOINT")
        found = Counter(sorted_file.breaches["rule"].to_list())
        return {"rows": sorted_file.accepted.height, **found}

    return run


def pandera_on_pandas(file: str) -> Callable[[], Found]:
    """pandera's own way: pandas reads text, a lazy schema with the same rules judges it, DuckDB stores what is good."""
    import duckdb
    import pandas as pd
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    checks: dict[str, Any] = {}
    for name, kind, options in COLUMNS:
        checks[name] = pa.Column(str, _pandas_checks(pa, pd, kind, options), nullable=not options.get("required"))
    schema = pa.DataFrameSchema(checks)
    connection = duckdb.connect(str(_place() / "w.duckdb"))

    def run() -> Found:
        table = pd.read_csv(file, sep=";", dtype=str, na_values=[""], keep_default_na=False, on_bad_lines="skip")
        found: Counter[str] = Counter()
        bad: set[int] = set()
        try:
            schema.validate(table, lazy=True)
        except SchemaErrors as failures:
            cases = failures.failure_cases
            bad = set(cases["index"].dropna().astype(int))
            found.update(cases["check"].astype(str))
        good = table[~table.index.isin(bad)]  # noqa: F841 - DuckDB reads it by name
        connection.execute("CREATE TABLE register AS SELECT * FROM good")
        return {"rows": len(table) - len(bad), **found}

    return run


def _pandas_checks(pa: Any, pd: Any, kind: str, options: dict[str, Any]) -> list[Any]:
    from stdnum.nl import bsn

    if kind == "bsn":
        return [
            pa.Check.str_matches(r"^\d{9}$", name="bsn_form"),
            pa.Check(lambda s: s.map(bsn.is_valid), name="bsn_elfproef"),
        ]
    if kind == "date":
        days = lambda s: pd.to_datetime(s, format="%Y%m%d", errors="coerce")  # noqa: E731
        return [
            pa.Check(lambda s: days(s).notna(), name="date_invalid"),
            pa.Check(lambda s: ~(days(s) > pd.Timestamp(AS_OF)), name="date_in_future"),
        ]
    if kind == "incomplete_date":
        return [pa.Check.str_matches(r"^\d{8}$", name="date_invalid")]
    if kind == "integer":
        low, high = options["minimum"], options["maximum"]
        number = lambda s: pd.to_numeric(s, errors="coerce")  # noqa: E731
        return [
            pa.Check(lambda s: number(s).notna(), name="not_a_number"),
            pa.Check(lambda s: ~((number(s) < low) | (number(s) > high)), name="out_of_range"),
        ]
    if kind == "code":
        return [pa.Check.isin(list(CODES), name="code_unknown")]
    if kind == "boolean":
        return [pa.Check.isin(["J", "N"], name="code_unknown")]
    return [pa.Check.str_length(max_value=options["maxLength"], name="too_long")]


def dataframely_on_polars(file: str) -> Callable[[], Found]:
    """dataframely's own way: a schema class with the same rules filters a polars frame, and says why."""
    import dataframely as dy
    import duckdb
    import polars as pl
    from stdnum.nl import bsn

    members: dict[str, Any] = {}
    for name, kind, options in COLUMNS:
        members[name] = dy.String(nullable=not options.get("required"), check=_polars_checks(pl, bsn, kind, options))
    schema = type("Register", (dy.Schema,), members)
    connection = duckdb.connect(str(_place() / "w.duckdb"))

    def run() -> Found:
        table = pl.read_csv(
            file, separator=";", infer_schema=False, truncate_ragged_lines=True,
            quote_char=None,
        )  # fmt: skip
        good, failed = schema.filter(table)
        arrow = good.to_arrow()  # noqa: F841 - DuckDB reads it by name
        connection.execute("CREATE TABLE register AS SELECT * FROM arrow")
        return {"rows": good.height, **failed.counts()}

    return run


def _polars_checks(pl: Any, bsn: Any, kind: str, options: dict[str, Any]) -> dict[str, Any]:
    if kind == "bsn":
        valid = lambda c: c.map_batches(  # noqa: E731
            lambda s: pl.Series([bsn.is_valid(v) if v else None for v in s], dtype=pl.Boolean), return_dtype=pl.Boolean
        )
        return {"bsn_form": lambda c: c.str.contains(r"^\d{9}$"), "bsn_elfproef": valid}
    if kind == "date":
        return {
            "date_invalid": lambda c: c.is_null() | c.str.to_date("%Y%m%d", strict=False).is_not_null(),
            "date_in_future": lambda c: c.str.to_date("%Y%m%d", strict=False) <= AS_OF,
        }
    if kind == "incomplete_date":
        return {"date_invalid": lambda c: c.str.contains(r"^\d{8}$")}
    if kind == "integer":
        low, high = options["minimum"], options["maximum"]
        return {
            "not_a_number": lambda c: c.is_null() | c.cast(pl.Int32, strict=False).is_not_null(),
            "out_of_range": lambda c: c.cast(pl.Int32, strict=False).is_between(low, high),
        }
    if kind == "code":
        return {"code_unknown": lambda c: c.is_in(list(CODES))}
    if kind == "boolean":
        return {"code_unknown": lambda c: c.is_in(["J", "N"])}
    most = options["maxLength"]
    return {"too_long": lambda c: c.str.len_chars() <= most}


def great_expectations_on_pandas(file: str) -> Callable[[], Found]:
    """Great Expectations' own way: a suite with the same rules but the elfproef, validated with the rows that fail."""
    import duckdb
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("files").add_dataframe_asset("register")
    whole = source.add_batch_definition_whole_dataframe("whole")
    expected = [one for name, kind, options in COLUMNS for one in _expectations(gx.expectations, name, kind, options)]
    suite = gx.ExpectationSuite(name="register", expectations=expected)
    connection = duckdb.connect(str(_place() / "w.duckdb"))

    def run() -> Found:
        table = pd.read_csv(file, sep=";", dtype=str, na_values=[""], keep_default_na=False, on_bad_lines="skip")
        table["row"] = range(len(table))
        told = whole.get_batch({"dataframe": table}).validate(
            suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]}
        )
        bad: set[int] = set()
        for one in told.results:
            bad |= {case["row"] for case in one.result.get("unexpected_index_list") or ()}
        good = table[~table["row"].isin(bad)]  # noqa: F841 - DuckDB reads it by name
        connection.execute("CREATE TABLE register AS SELECT * FROM good")
        return {"rows": len(table) - len(bad), "failed": len(bad)}

    return run


def _expectations(expect: Any, name: str, kind: str, options: dict[str, Any]) -> list[Any]:
    found = [expect.ExpectColumnValuesToNotBeNull(column=name)] if options.get("required") else []
    if kind in {"bsn", "incomplete_date"}:
        digits = 9 if kind == "bsn" else 8
        return [*found, expect.ExpectColumnValuesToMatchRegex(column=name, regex=rf"^\d{{{digits}}}$")]
    if kind == "date":  # days are texts of eight digits here, so that the last day allowed compares as text
        return [
            *found,
            expect.ExpectColumnValuesToMatchStrftimeFormat(column=name, strftime_format="%Y%m%d"),
            expect.ExpectColumnValuesToBeBetween(column=name, max_value=f"{AS_OF:%Y%m%d}"),
        ]
    if kind == "integer":
        low, high = options["minimum"], options["maximum"]
        allowed = [str(number) for number in range(low, high + 1)]
        return [*found, expect.ExpectColumnValuesToBeInSet(column=name, value_set=allowed)]
    if kind in {"code", "boolean"}:
        allowed = list(CODES) if kind == "code" else ["J", "N"]
        return [*found, expect.ExpectColumnValuesToBeInSet(column=name, value_set=allowed)]
    return [*found, expect.ExpectColumnValueLengthsToBeBetween(column=name, max_value=options["maxLength"])]


def pointblank_on_polars(file: str) -> Callable[[], Found]:
    """pointblank's own way: a plan of validation steps with the same rules, interrogated on a polars frame."""
    import duckdb
    import pointblank as pb
    import polars as pl

    connection = duckdb.connect(str(_place() / "w.duckdb"))

    def run() -> Found:
        table = pl.read_csv(file, separator=";", infer_schema=False, truncate_ragged_lines=True, quote_char=None)
        plan = pb.Validate(table)
        for name, kind, options in COLUMNS:
            plan = _pointblank_steps(plan, pl, name, kind, options)
        judged = plan.interrogate()
        good = judged.get_sundered_data(type="pass").to_arrow()  # noqa: F841 - DuckDB reads it by name
        connection.execute("CREATE TABLE register AS SELECT * FROM good")
        failed = judged.n_failed()
        return {"rows": connection.execute("SELECT count(*) FROM register").fetchone()[0],  # type: ignore[index]
                "failed": sum(int(n) for n in failed.values())}  # fmt: skip

    return run


def _pointblank_steps(plan: Any, pl: Any, name: str, kind: str, options: dict[str, Any]) -> Any:
    if options.get("required"):
        plan = plan.col_vals_not_null(name)
    if kind == "bsn":
        return plan.col_vals_regex(name, r"^\d{9}$", na_pass=True)
    if kind == "date":
        day = pl.col(name).str.to_date("%Y%m%d", strict=False)
        return plan.col_vals_expr(pl.col(name).is_null() | day.is_not_null()).col_vals_expr(
            (day <= AS_OF).fill_null(value=True)
        )
    if kind == "incomplete_date":
        return plan.col_vals_regex(name, r"^\d{8}$", na_pass=True)
    if kind == "integer":
        number = pl.col(name).cast(pl.Int32, strict=False)
        return plan.col_vals_expr(pl.col(name).is_null() | number.is_not_null()).col_vals_expr(
            number.is_between(options["minimum"], options["maximum"]).fill_null(value=True)
        )
    if kind in {"code", "boolean"}:
        return plan.col_vals_in_set(name, [*(CODES if kind == "code" else ("J", "N")), None])
    return plan.col_vals_expr((pl.col(name).str.len_chars() <= options["maxLength"]).fill_null(value=True))
