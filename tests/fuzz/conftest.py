"""The fuzz targets make their seeds from the valid delivery of tests/bad_input and the harness."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / name) for name in ("bad_input", "functional")]
