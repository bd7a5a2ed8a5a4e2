"""All of it: every defect in every contract, the odd files, a file damaged at every byte and bit.

Usage: run.py [--whole] [--step N] [--results FILE]; with --whole every defect and oddity in every format as well.
It prints the confusion matrix, and returns 1 when anything was not as promised.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "functional")]

from damage import Post, Toll, cuts, flips, small  # noqa: E402
from defects import all_cases  # noqa: E402
from file_formats import FORMATS  # noqa: E402
from oddities import odd_files  # noqa: E402
from test_odd_but_valid import faults_of  # noqa: E402
from verdicts import Matrix, judged  # noqa: E402

PARTS = 8  # of the long lists, so that all processors have work


def planted(part: int, whole: bool, folder: Path) -> Matrix:
    """Judge one part of the defects; each of a cell in one format in turn, or with ``whole`` in all."""
    matrix = Matrix()
    for number, case in enumerate(islice(all_cases(FORMATS if whole else None), part, None, PARTS)):
        place = case.write(folder / str(number))
        matrix.add(case, judged(place, only_consented=case.only_consented, erased=case.erased))
    return matrix


def odd(part: int, whole: bool, folder: Path) -> tuple[Counter[str], list[str]]:
    """Read one part of the odd files; each in some contracts, or with ``whole`` in all and in every format."""
    files: Counter[str] = Counter()
    wrong: list[str] = []
    for number, one in enumerate(islice(odd_files(whole=whole), part, None, PARTS)):
        files[Path(one.file).suffix[1:]] += 1
        wrong += faults_of(one, folder / str(number))
    return files, wrong


def damaged(kind: str, way: str, step: int, folder: Path) -> Toll:
    """Cut a file, or flip its bits: of text every bit, of the others one bit of a byte."""
    post, toll = Post(folder, small(), kind), Toll()
    bits = range(8) if kind == "csv" else None
    for one in cuts(post.content, step) if way == "cut" else flips(post.content, step, bits):
        post.deliver(one, toll)
    return toll


def in_a_folder(work: Callable[..., Any], *words: Any) -> Any:
    with tempfile.TemporaryDirectory() as name:
        return work(*words, Path(name))


def main(words: list[str]) -> int:
    """Try, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", action="store_true", help="every defect and every oddity in every format")
    parser.add_argument("--step", type=int, default=1, help="of workbooks and Parquet, damage every Nth byte")
    parser.add_argument("--results", type=Path, help="a JSON file for the counts")
    asked = parser.parse_args(words)
    steps = {"csv": 1, "xlsx": asked.step, "ods": asked.step, "parquet": asked.step}
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        tolls = {
            (kind, way): pool.submit(in_a_folder, damaged, kind, way, step)
            for kind, step in steps.items()
            for way in ("cut", "flipped")
        }
        matrices = [pool.submit(in_a_folder, planted, part, asked.whole) for part in range(PARTS)]
        odds = [pool.submit(in_a_folder, odd, part, asked.whole) for part in range(PARTS)]
        matrix = Matrix()
        for running in matrices:
            matrix.take(running.result())
        files: Counter[str] = Counter()
        wrong = list(matrix.wrong)
        for one in odds:
            some, found = one.result()
            files, wrong = files + some, wrong + found
        results: dict[str, Any] = {"planted": matrix.as_dict()}
        results["odd_but_valid"] = {"files": files.total(), "files_by_format": dict(sorted(files.items()))}
        results["damaged"] = {}
        for (kind, way), running in tolls.items():
            toll: Toll = running.result()
            wrong += toll.wrong
            told = dict(sorted(toll.outcomes.items()))
            results["damaged"][f"{kind}, {way}"] = {
                "files": toll.damaged, "step": steps[kind], "noticed_by_manifest": toll.noticed_by_manifest, **told,
            }  # fmt: skip
    results["wrong"] = len(wrong)
    _say(matrix, results, wrong)
    if asked.results:
        asked.results.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 1 if wrong else 0


def _say(matrix: Matrix, results: dict[str, Any], wrong: list[str]) -> None:
    print("Planted rule, how often it was found as itself, and as what it was found:")
    for line in matrix.lines():
        print(f"  {line}")
    told = results["planted"]
    print(
        f"{told['files']} files with a defect, {told['files_right']} right; valid rows kept {told['valid_rows_kept']}, "
        f"lost {told['valid_rows_lost']}."
    )
    print(f"{results['odd_but_valid']['files']} odd but valid files.")
    for name, one in results["damaged"].items():
        print(f"{name}: {one}")
    for sentence in wrong:
        print(f"WRONG: {sentence}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
