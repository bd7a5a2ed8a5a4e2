"""Try every payload at every place where a stranger can write, print how many of what, and keep the counts.

Usage: run.py [--results FILE]. Returns 1 when one was live. The counts are for the documentation.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def main(words: list[str]) -> int:
    """Run the tests of this folder with counting on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=HERE / "results.json", help="a JSON file for the counts")
    results: Path = parser.parse_args(words).results.resolve()
    results.unlink(missing_ok=True)
    os.environ["INJECTION_RESULTS"] = str(results)
    failed = int(pytest.main(["-q", "-n0", "-p", "no:cacheprovider", str(HERE)]))
    counted = json.loads(results.read_text("utf-8"))
    for family, told in counted.items():
        print(f"{family}: {told['combinations']} tried, {told['live']} live")
    print(f"{sum(told['combinations'] for told in counted.values())} combinations; failed: {bool(failed)}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
