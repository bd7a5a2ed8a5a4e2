"""Put the tests' cipher in the place of the program's, in each process of the environment that has DuckDB 2.

That environment imports this when it starts; the program's own modules are imported as always.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType


class _Cipher(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the tests' cipher when the program's is asked for, and leave all else to others."""
        if name != "smartstart.warehouse.cipher":
            return None
        return spec_from_file_location(name, Path(__file__).with_name("cipher.py"))


sys.meta_path.insert(0, _Cipher())
