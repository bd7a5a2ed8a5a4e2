"""``make bench``: how fast, against the floor and against what people use; ratios within one run, never alone.

Usage: bench.py [PART ...] [--rows N] [--runs N]; parts: ingest, worst, scoring, startup, sheets, spark. Results go to
``benchmarks/results/*.json`` and one Markdown table, ``benchmarks/results/README.md``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "src"), str(Path(__file__).parent)]

import ingest_data  # noqa: E402
from measure import (  # noqa: E402
    RESULTS,
    RUNS,
    Measured,
    Task,
    header,
    in_words,
    interleaved,
    keep,
    megabytes,
    ratio,
    seconds,
    table,
)

LIBRARIES = ("duckdb", "polars", "pyarrow", "pandas", "pandera", "dataframely", "pointblank", "scikit-learn", "typer")
WAYS = {
    "floor: DuckDB, text into an encrypted table": "floor",
    "smartstart": "ours",
    "pandera on pandas": "pandera_on_pandas",
    "dataframely on polars": "dataframely_on_polars",
    "pointblank on polars": "pointblank_on_polars",
}
SPARK_RUNS = 2  # each takes minutes, and what is asked is whether it is twice or twenty times as slow
Rows = list[dict[str, Any]]


def ingest(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """A register of mixed columns, 0.16 % of its rows bad in ten ways."""
    with tempfile.TemporaryDirectory() as name:
        file = ingest_data.write(Path(name), asked.rows)
        tasks = [Task(way, "ingest_ways", function, (str(file),)) for way, function in WAYS.items()]
        found = interleaved(tasks, asked.runs)
    floor, plain = found[tasks[0].name], found["pandera on pandas"]
    return [_row(one, asked.rows, floor, plain) for one in found.values()], found


def _row(one: Measured, rows: int, floor: Measured, plain: Measured) -> dict[str, Any]:
    if one.absent:
        return {
            "way": one.name,
            "seconds": one.absent,
            "times the floor": "",
            "pandera is slower by": "",
            "MB": "",
            "good": "",
        }
    slower = "" if plain.absent else f"{plain.median / one.median:.1f} ×"
    return {
        "way": f"{one.name} ({rows:,} rows)",
        "seconds": seconds(one),
        "times the floor": ratio(one, floor),
        "pandera is slower by": slower,
        "MB": megabytes(one),
        "good": f"{one.found['rows']:,}",
    }


def worst(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """Every row bad, beside the same rows clean but for the usual few."""
    with tempfile.TemporaryDirectory() as name:
        clean = ingest_data.write(Path(name) / "clean", asked.rows)
        bad = ingest_data.write(Path(name) / "bad", asked.rows, all_bad=True)
        tasks = [
            Task("0.16 % bad", "ingest_ways", "ours", (str(clean),)),
            Task("all bad", "ingest_ways", "ours", (str(bad),)),
        ]
        found = interleaved(tasks, asked.runs)
    usual = found["0.16 % bad"]
    rows = [
        {"case": one.name, "seconds": seconds(one), "times the usual": ratio(one, usual), "MB": megabytes(one),
         "set aside": f"{asked.rows - one.found['rows']:,}"}
        for one in found.values()
    ]  # fmt: skip
    return rows, found


def startup(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """``smartstart --help`` beside the least that Typer can do."""
    tasks = [
        Task("Typer's own hello, --help", "startup_ways", "hello"),
        Task("smartstart --help", "startup_ways", "ours"),
    ]
    found = interleaved(tasks, max(asked.runs, 11))
    rows = [
        {"what": one.name, "seconds": seconds(one), "times hello": ratio(one, found[tasks[0].name])}
        for one in found.values()
    ]
    return rows, found


def sheets(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """A workbook of 100,000 rows, read by calamine as we do, and by openpyxl."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "register.xlsx"
        ingest_data.write_workbook(file, 100_000)
        tasks = [
            Task("openpyxl, read only", "sheet_ways", "openpyxl", (str(file),)),
            Task("smartstart (calamine)", "sheet_ways", "ours", (str(file),)),
        ]
        found = interleaved(tasks, asked.runs)
    slow = found[tasks[0].name]
    rows = [
        {
            "way": one.name,
            "seconds": seconds(one),
            "times as fast": f"{slow.median / one.median:.1f}",
            "MB": megabytes(one),
        }
        for one in found.values()
    ]
    return rows, found


def spark(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """The register of as many women, a pregnancy each, by DuckDB and on Spark, both on this machine."""
    tasks = [
        Task("DuckDB, in the encrypted warehouse", "spark_ways", "duckdb", (asked.rows,)),
        Task("Spark on this machine, there and back", "spark_ways", "spark", (asked.rows,)),
    ]
    found = interleaved(tasks, min(asked.runs, SPARK_RUNS))
    rows = [
        {"way": f"{one.name} ({asked.rows:,} women)", "seconds": one.absent or seconds(one),
         "times DuckDB": "" if one.absent else ratio(one, found[tasks[0].name])}
        for one in found.values()
    ]  # fmt: skip
    return rows, found


PARTS: dict[str, tuple[str, Callable[[argparse.Namespace], tuple[Rows, Mapping[str, Measured]]]]] = {
    "ingest": ("Ingest: decode, read, check, set aside with reasons, store", ingest),
    "worst": ("The worst case: every row bad", worst),
    "startup": ("Start-up", startup),
    "sheets": ("Excel in: 100,000 rows", sheets),
    "spark": ("The register on Spark, on one machine", spark),
}


def main(words: Sequence[str]) -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=RUNS)
    asked = parser.parse_args(words)
    head = header(LIBRARIES)
    print(in_words(head))
    for name in asked.parts or PARTS:
        title, measure_it = PARTS[name]
        rows, found = measure_it(asked)
        keep(name, head, rows, found)
        print(f"\n## {title}\n\n{table(rows)}", flush=True)
    _page()
    return 0


def _page() -> None:
    """Write the tables of the newest results as one page."""
    import json

    parts = ["# What was measured\n", "Made by `make bench`; medians, with the lowest and the highest run.\n"]
    for name, (title, _) in PARTS.items():
        file = RESULTS / f"{name}.json"
        if file.is_file():
            kept = json.loads(file.read_text("utf-8"))
            parts += [f"## {title}\n", f"{table(kept['table'])}\n", f"{in_words(kept['with'])}.\n"]
    (RESULTS / "README.md").write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
