"""``make bench``: how fast, against the floor and against what people use; ratios within one run, never alone.

Usage: bench.py [PART ...] [--rows N] [--runs N], with the parts of PARTS. Results go to ``benchmarks/results/*.json``
and as one page of tables to ``docs/reference/speed-bench.md``.
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
    PAGE,
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

LIBRARIES = (
    "duckdb", "polars", "pyarrow", "pandas", "pandera", "dataframely", "pointblank", "great-expectations",
    "scikit-learn", "typer", "stochatreat", "smallerize",
)  # fmt: skip
WAYS = {
    "floor: DuckDB, text into an encrypted table": "floor",
    "smartstart": "ours",
    "pandera on pandas": "pandera_on_pandas",
    "dataframely on polars": "dataframely_on_polars",
    "pointblank on polars": "pointblank_on_polars",
}
PLACES = {"a town": 1, "a region": 15, "a country": 85}  # copies: about 65, 5,000 and 29,000 young women a year
EVERYBODY = ("a country, everybody in its register delivered", 85, 18_000_000)
TRIALS = ((16, 1), (5, 320))  # times the size of Heusden, and copies: about 1,000 and 100,000 women
PAGE_OF = "the council's page, workbook and PDF, of a trial"
DATABASE_MEMORY = "1400MB"  # of the 2 GB that the whole process may take
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
    absent = plain.absent or one.absent
    return {
        "way": f"{one.name} ({rows:,} rows)",
        "seconds": seconds(one),
        "times the floor": ratio(one, floor),
        "pandera is slower by": "" if absent else f"{plain.median / one.median:.1f} ×",
        "MB": megabytes(one),
        "good": "" if one.absent else f"{one.found['rows']:,}",
    }


def worst(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """Every row bad, or with marks around every field, beside the same rows clean but for the usual few."""
    with tempfile.TemporaryDirectory() as name:
        files = {
            "0.16 % bad": ingest_data.write(Path(name) / "clean", asked.rows),
            "0.16 % bad, marks around every field": ingest_data.write(Path(name) / "marked", asked.rows, mark='"'),
            "all bad": ingest_data.write(Path(name) / "bad", asked.rows, all_bad=True),
        }
        tasks = [Task(case, "ingest_ways", "ours", (str(file),)) for case, file in files.items()]
        found = interleaved(tasks, asked.runs)
    usual = found["0.16 % bad"]
    rows = [
        {"case": one.name, "seconds": seconds(one), "times the usual": ratio(one, usual), "MB": megabytes(one),
         "set aside": f"{asked.rows - one.found['rows']:,}"}
        for one in found.values()
    ]  # fmt: skip
    return rows, found


def many_rows(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """The same file at several sizes: how time and memory grow with it."""
    sizes = (asked.rows // 10, asked.rows, asked.rows * 10)
    with tempfile.TemporaryDirectory() as name:
        files = {rows: ingest_data.write(Path(name) / str(rows), rows) for rows in sizes}
        tasks = [Task(f"{rows:,} rows", "ingest_ways", "ours", (str(file),)) for rows, file in files.items()]
        found = interleaved(tasks, asked.runs)
    usual = found[f"{asked.rows:,} rows"]
    rows = [
        {"file": one.name, "seconds": seconds(one), "times the second": ratio(one, usual), "MB": megabytes(one),
         "MB, times the second": f"{one.peak / usual.peak:.2f}"}
        for one in found.values()
    ]  # fmt: skip
    return rows, found


def beside_great_expectations(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """A tenth of the rows: the peer takes minutes for all of them."""
    with tempfile.TemporaryDirectory() as name:
        file = ingest_data.write(Path(name), asked.rows // 10)
        ways = {"smartstart": "ours", "Great Expectations on pandas": "great_expectations_on_pandas"}
        tasks = [Task(way, "ingest_ways", function, (str(file),)) for way, function in ways.items()]
        found = interleaved(tasks, asked.runs)
    ours = found["smartstart"]
    rows = [
        {
            "way": f"{one.name} ({asked.rows // 10:,} rows)",
            "seconds": seconds(one),
            "times our time": ratio(one, ours),
            "MB": megabytes(one),
        }
        for one in found.values()
    ]
    return rows, found


def quarter(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """From extracts to lists, for places of several sizes; the share of our own code is of a run under a profiler."""
    tasks = [Task(name, "quarter_ways", "quarter", (size,)) for name, size in PLACES.items()]
    shares = [Task(f"{name}, profiled", "quarter_ways", "quarter", (size, True)) for name, size in PLACES.items()]
    everybody, size, strangers = EVERYBODY
    tasks.append(Task(everybody, "quarter_ways", "quarter", (size, False, strangers)))
    found = interleaved(tasks, asked.runs) | interleaved(shares, 1)
    rows = []
    for name in (*PLACES, everybody):
        one, steps = found[name], found[name].found["steps"]
        slowest = sorted(steps, key=lambda step: -float(steps[step]))[:3]
        rows.append(
            {
                "place": name,
                "rows": f"{one.found['rows']:,}",
                "eligible": f"{one.found['eligible']:,}",
                "seconds": seconds(one),
                "ms a row": f"{one.median / one.found['rows'] * 1000:.2f}",
                "most of it": ", ".join(f"{step} {steps[step] / sum(steps.values()):.0%}" for step in slowest),
                "in our own code": "" if name == everybody else f"{found[f'{name}, profiled'].found['own']:.0%}",
                "MB": megabytes(one),
            }
        )
    return rows, found


def spells(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """The register and the predictors from monthly spells, in little memory."""
    sizes = (asked.rows, asked.rows * 10, asked.rows * 100)
    tasks = [Task(f"{size:,} spells", "spells_ways", "register", (size, DATABASE_MEMORY)) for size in sizes]
    rows, found = [], interleaved(tasks, asked.runs)
    for number, task in zip(sizes, tasks, strict=True):
        one = found[task.name]
        rows.append(
            {
                "from": task.name,
                "pregnancies": f"{one.found['predictor']:,}",
                "seconds": seconds(one),
                "microseconds a spell": f"{one.median / number * 1e6:.2f}",
                "MB of the whole process": megabytes(one),
            }
        )
    return rows, found


def scoring(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """A million pregnancies: SQL in the warehouse and trees in batches, beside bare scikit-learn on a frame."""
    ways = {"linear, SQL in the warehouse": "linear", "linear, bare scikit-learn": "bare_linear"}
    ways |= {"trees, in batches": "trees", "trees, bare scikit-learn": "bare_trees"}
    tasks = [Task(way, "scoring_ways", function, (asked.rows,)) for way, function in ways.items()]
    found = interleaved(tasks, asked.runs)
    rows = []
    for way, one in found.items():
        bare = found[f"{way.split(',')[0]}, bare scikit-learn"]
        told = {"seconds": seconds(one), "times bare": ratio(one, bare), "MB": megabytes(one)}
        rows.append({"way": way, **told, "largest difference": one.found["difference"]})
    return rows, found


def draw(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """The draw of many women, beside its peers."""
    work = {
        f"blocks of 4, 6 and 8 in 3 strata, {asked.rows:,} women": ("blocks", "stochatreat", asked.rows),
        f"minimisation over 3 factors, {asked.rows // 10:,} women": ("minimisation", "smallerize", asked.rows // 10),
    }
    rows, found = [], {}
    for title, (ours, peer, women) in work.items():
        tasks = [Task(f"{title}: {way}", "draw_ways", way, (women,)) for way in (ours, peer)]
        measured = interleaved(tasks, asked.runs)
        found |= measured
        mine = measured[tasks[0].name]
        rows += [
            {
                "work": title,
                "by": "smartstart" if nth == 0 else peer,
                "seconds": seconds(one),
                "times our time": ratio(one, mine),
                "MB": megabytes(one),
            }
            for nth, one in enumerate(measured.values())
        ]
    return rows, found


def audit(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """Read a ledger, check its chain, and draw every batch again."""
    sizes = (asked.rows // 100, asked.rows)
    with tempfile.TemporaryDirectory(prefix="audit-") as name:
        files = {size: f"{name}/{size}.jsonl" for size in sizes}
        interleaved([Task(file, "draw_ways", "make_ledger", (file, size)) for size, file in files.items()], 1)
        tasks = [Task(f"{size:,} entries", "draw_ways", "audit", (file,)) for size, file in files.items()]
        rows, found = [], interleaved(tasks, asked.runs)
    for entries, task in zip(sizes, tasks, strict=True):
        one = found[task.name]
        each = f"{one.median / entries * 1e6:.0f}"
        rows.append(
            {
                "ledger": task.name,
                "women": f"{one.found['women']:,}",
                "seconds": seconds(one),
                "microseconds an entry": each,
                "MB": megabytes(one),
            }
        )
    return rows, found


def reports(asked: argparse.Namespace) -> tuple[Rows, Mapping[str, Measured]]:
    """The council's page, and a comparison of a file, of a thousand and of a hundred thousand women."""
    with tempfile.TemporaryDirectory(prefix="reports-") as name:
        trials = [Path(name) / f"{size}-{copies}" for size, copies in TRIALS]
        for folder, trial in zip(trials, TRIALS, strict=True):
            making = Task("making a trial", "report_ways", "make", (str(folder), *trial))
            (made,) = interleaved([making], 1).values()
            print(f"  made a trial in {made.median:.0f} s, {megabytes(made)} MB", file=sys.stderr, flush=True)
        tasks = [Task(f"{PAGE_OF}, {folder.name}", "report_ways", "page", (str(folder),)) for folder in trials]
        tasks += [
            Task(f"a comparison of a file: {outcome}, {women}", "report_ways", "compared", (women, outcome))
            for women in (asked.rows // 1000, asked.rows // 10)
            for outcome in ("placed", "score")
        ]
        found = interleaved(tasks, asked.runs)
    rows = [
        {"work": name.rpartition(",")[0], "women": f"{one.found['women']:,}", "seconds": seconds(one),
         "MB": megabytes(one)}
        for name, one in found.items()
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
            "times as fast": "" if slow.absent or one.absent else f"{slow.median / one.median:.1f}",
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
    found = interleaved(tasks, asked.runs)
    rows = [
        {"way": f"{one.name} ({asked.rows:,} women)", "seconds": seconds(one),
         "times DuckDB": ratio(one, found[tasks[0].name])}
        for one in found.values()
    ]  # fmt: skip
    return rows, found


PARTS: dict[str, tuple[str, Callable[[argparse.Namespace], tuple[Rows, Mapping[str, Measured]]]]] = {
    "ingest": ("Ingest: decode, read, check, set aside with reasons, store", ingest),
    "great_expectations": ("Ingest beside Great Expectations", beside_great_expectations),
    "many_rows": ("Ingest of smaller and larger files", many_rows),
    "worst": ("The worst case: every row bad", worst),
    "quarter": ("A quarter, end to end", quarter),
    "spells": ("Register and predictors from monthly spells", spells),
    "scoring": ("Scoring a million pregnancies", scoring),
    "draw": ("The draw", draw),
    "audit": ("The audit of a ledger", audit),
    "startup": ("Start-up", startup),
    "report": ("Reports", reports),
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


HEAD = """# Speed

```sh
make bench
```

prints every number of this page, and keeps each single run in `benchmarks/results/`. One part, and less of it:
`.venv-bench/bin/python benchmarks/bench.py ingest --rows 100000 --runs 1`. Times are medians, with the lowest and the
highest run in brackets; each run is a process of its own, in turn with those that it is held against. *MB* is the most
that any of these processes held. Read the ratios: the seconds are of one machine. What they mean stands in
[where time goes](../explanation/performance.md).

"""


def _page() -> None:
    """Write the tables of the newest results as one page."""
    import json

    parts = []
    for name, (title, _) in PARTS.items():
        file = RESULTS / f"{name}.json"
        if file.is_file():
            kept = json.loads(file.read_text("utf-8"))
            parts += [f"## {title}\n", f"{table(kept['table'])}\n", f"Measured with {in_words(kept['with'])}.\n"]
    PAGE.write_text(HEAD + "\n".join(parts), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
