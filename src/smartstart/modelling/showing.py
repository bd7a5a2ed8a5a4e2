"""What may be shown or kept of an evaluation: figures, tables and counts that went through the disclosure gate."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smartstart.outputs import json_bytes
from smartstart.risk.factor_count import CAUTION

if TYPE_CHECKING:
    from smartstart.report.risk_figures import Table

OF_AN_EVALUATION = ("calibration", "decision", "flagged", "comparison")


def files_of(report: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the figures (SVG), their tables (CSV) and the evaluation (JSON) as they may be shown, by name."""
    shown = shareable(report)
    files: dict[str, bytes] = {"evaluation.json": json_bytes(shown)}
    for name in OF_AN_EVALUATION:
        files |= figure_files(name, shown)
    return files


def figure_files(name: str, values: Any) -> dict[str, bytes]:
    """Return one figure and its table, by name."""
    from smartstart.report.risk_figures import FIGURES

    figure = FIGURES[name]
    return {
        f"figures/{name}.svg": figure.draw(values).encode(),
        f"tables/{name}.csv": as_csv(figure.table(values)),
    }


def as_csv(table: Table) -> bytes:
    """Return a table as CSV with semicolons, for the spreadsheets that municipalities use."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerows([table.heads, *table.rows, [], [CAUTION]])
    return text.getvalue().encode("utf-8-sig")


def shareable(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return an evaluation as it may be kept with a model or in the experiment store: no small count, none exact."""
    from smartstart.report.disclosure import released
    from smartstart.report.released_evaluation import released_evaluation

    shown = released_evaluation(report)
    if "comparisons" in report:
        counts = {"n": released(report["n"]), "events": released(report["events"])}
        shown["comparisons"] = [one | counts for one in report["comparisons"]]
    return shown
