"""Ways to read a workbook as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def ours(file: str) -> Callable[[], int]:
    """As intake does: judged before it is parsed, then by calamine."""
    from smartstart.extracts.sheets import read_sheet

    return lambda: read_sheet(Path(file).read_bytes(), "register.xlsx").rows_in


def openpyxl(file: str) -> Callable[[], int]:
    """openpyxl's reader for large files."""
    from openpyxl import load_workbook

    def run() -> int:
        sheet = load_workbook(file, read_only=True).worksheets[0]
        return sum(1 for row in sheet.iter_rows(values_only=True) if [str(cell) for cell in row]) - 1

    return run
