"""Judge how the arms are compared: coverage, power, a trial without treatment on real women, and speed.

Run by ``make bench-effect``, in the environment of the other benches. Every seed is fixed. What needs the real
pregnancies says so where they are absent.
"""

from __future__ import annotations

import os
import sys
import time

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # each process is one worker; set before numpy
    os.environ.setdefault(threads, "1")

from effect_coverage import print_coverage  # noqa: E402
from effect_power import print_power  # noqa: E402
from effect_register import print_register  # noqa: E402
from effect_speed import print_speed  # noqa: E402

PARTS = {"speed": print_speed, "coverage": print_coverage, "power": print_power, "register": print_register}


def main(asked: list[str]) -> None:
    """Print every table, or those of the parts that are named."""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} processors; seconds are of this run on this machine.\n")
    for name in asked or PARTS:
        start = time.perf_counter()
        PARTS[name]()
        print(f"({name}: {time.perf_counter() - start:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
