"""The analysis set in the formats of those who go on: CSV and R, Parquet, SPSS; and its codebook."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from smartstart.outputs import json_bytes
from smartstart.tables import Table, tables_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from smartstart.exporting.codebook import AnalysisSet, Cell, Column

NAME: Final = "analysis-set"
CSV, PARQUET, SAV, R, BOOK = f"{NAME}.csv", f"{NAME}.parquet", f"{NAME}.sav", f"{NAME}.R", "codebook"
_MOST_LABEL: Final = 256  # bytes of a variable's label in SPSS


def in_every_format(table: AnalysisSet, scratch: Path) -> dict[str, bytes]:
    """Return the files by name. ``scratch`` is a private folder, for a system on which no file lives in memory."""
    return {
        CSV: _csv(table),
        R: _r_script(table).encode(),
        PARQUET: _parquet(table),
        SAV: _sav(table, scratch),
        f"{BOOK}.json": json_bytes({"columns": [one.as_dict() for one in table.columns], "notes": list(table.notes)}),
        f"{BOOK}.xlsx": tables_workbook("Codebook", _sheets(table)),
    }


def _csv(table: AnalysisSet) -> bytes:
    """Return UTF-8 with commas and decimal points; a cell that is not known is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows(["" if cell is None else cell for cell in row] for row in table.rows)
    return text.getvalue().encode()


def _parquet(table: AnalysisSet) -> bytes:
    """Return Parquet; the label and the codes of each column are in its field's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"code": pa.int32(), "number": pa.float64(), "text": pa.string()}
    fields = [
        pa.field(
            column.name,
            kinds[column.kind],
            metadata={"label": column.label, "codes": json.dumps(column.as_dict()["codes"])},
        )
        for column in table.columns
    ]
    arrays = [pa.array(table.cells(field.name), field.type) for field in fields]
    content = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), content)
    return content.getvalue()


def _sav(table: AnalysisSet, scratch: Path) -> bytes:
    """Return an SPSS file with variable labels, value labels and measures; not known is the system's missing value."""
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame({column.name: _spss_cells(column, table.cells(column.name)) for column in table.columns})
    codes: dict[str, dict[int | float, str]] = {
        one.name: {float(code): label for code, label in one.codes.items()} for one in table.columns if one.codes
    }
    measures: dict[str, Any] = {one.name: "scale" if one.kind == "number" else "nominal" for one in table.columns}

    def write(path: str) -> None:
        pyreadstat.write_sav(
            frame,
            path,
            file_label="Analysis set",
            column_labels=[_short(column.label) for column in table.columns],
            variable_value_labels=codes,
            variable_measure=measures,
        )

    return _bytes_of(write, scratch)


def _bytes_of(write: Callable[[str], None], scratch: Path) -> bytes:
    """Return what ``write`` puts at a path: a file in memory where the system has those, else one that goes after."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create(NAME)
        try:
            write(f"/proc/self/fd/{handle}")
            with os.fdopen(os.dup(handle), "rb") as made:
                made.seek(0)
                return made.read()
        finally:
            os.close(handle)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        path = Path(folder) / SAV
        write(str(path))
        return path.read_bytes()


def _spss_cells(column: Column, cells: list[Cell]) -> list[Any]:
    if column.kind == "text":
        return ["" if cell is None else cell for cell in cells]
    return [float("nan") if cell is None else float(cell) for cell in cells]


def _short(label: str) -> str:
    return label.encode()[:_MOST_LABEL].decode(errors="ignore")


def _r_script(table: AnalysisSet) -> str:
    """Return a script of base R that reads the CSV with its types, factors and labels; no package is needed."""
    classes = {"code": "integer", "number": "numeric", "text": "character"}
    types = ",\n".join(f"    {_r(one.name)} = {_r(classes[one.kind])}" for one in table.columns)
    lines = [
        *(f"# {note}" for note in table.notes),
        f'analysis_set <- read.csv({_r(CSV)}, na.strings = "", encoding = "UTF-8", colClasses = c(\n{types}\n))',
    ]
    for one in table.columns:
        at = f"analysis_set[[{_r(one.name)}]]"
        if one.codes:
            levels = ", ".join(map(str, one.codes))
            labels = ", ".join(_r(label) for label in one.codes.values())
            lines.append(f"{at} <- factor({at}, levels = c({levels}), labels = c({labels}))")
        lines.append(f'attr({at}, "label") <- {_r(one.label)}')
    return "\n".join(lines) + "\n"


def _r(text: str) -> str:
    """Return a string of R: what JSON writes for ordinary text, R reads."""
    return json.dumps(text, ensure_ascii=False)


def _sheets(table: AnalysisSet) -> list[Table]:
    heads = ("variable", "label", "kind", "unit", "codes", "known of", "reason in")
    rows = []
    for one in table.columns:
        codes = "; ".join(f"{code} = {label}" for code, label in one.codes.items())
        known = sum(cell is not None for cell in table.cells(one.name))
        rows.append((one.name, one.label, one.kind, one.unit, codes, known, one.why))
    return [Table("variables", heads, rows), Table("read first", ("note",), [(note,) for note in table.notes])]
