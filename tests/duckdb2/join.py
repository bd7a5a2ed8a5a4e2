"""Join the environment that runs this to another one: what it lacks comes from there, and the tests' cipher from here.

Usage: join.py ENVIRONMENT
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path


def main(environment: Path) -> None:
    """Write a file that Python reads when it starts: one line, which looks in the other environment after its own."""
    (other,) = environment.resolve().glob("lib/python*/site-packages")
    here = Path(__file__).resolve().parent
    line = f"import site, sys; site.addsitedir({str(other)!r}); sys.path.append({str(here)!r}); import stand_in\n"
    (Path(sysconfig.get_path("purelib")) / "duckdb2.pth").write_text(line, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
