"""A file of mixed columns for the ingest bench: its contract, its rows by a seed, and the faults that are planted."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from stdnum.nl import bsn

SEED = 20_261_128
AS_OF = date(2024, 4, 2)
BAD_SHARE = 0.0016
CODES = ("laag", "midden", "hoog", "onbekend")
DAYS = [f"{date(1985, 1, 1) + timedelta(days=nth):%Y%m%d}" for nth in range(14_000)]
BIRTHS = [f"{date(1975, 1, 1) + timedelta(days=nth):%Y%m%d}" for nth in range(11_000)]
# (name, kind, options): 30 columns
COLUMNS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("bsn", "bsn", {"required": True}),
    ("naam", "text", {"required": True, "maxLength": 40}),
    ("plaats", "text", {"maxLength": 40}),
    ("opmerking", "text", {"maxLength": 80}),
    *((f"datum{n}", "date", {"required": n < 3}) for n in range(1, 7)),
    *((f"geboren{n}", "incomplete_date", {}) for n in range(1, 3)),
    *((f"aantal{n}", "integer", {"minimum": 0, "maximum": 20}) for n in range(1, 8)),
    *((f"score{n}", "integer", {"minimum": 0, "maximum": 100}) for n in range(1, 4)),
    *((f"klasse{n}", "code", {}) for n in range(1, 5)),
    *((f"vlag{n}", "boolean", {}) for n in range(1, 5)),
)
# ten kinds: (rule, column, text); a text of None takes a field away
FAULTS: tuple[tuple[str, str, str | None], ...] = (
    ("bsn_elfproef", "bsn", "123456789"),
    ("bsn_form", "bsn", "12AB56789"),
    ("required", "naam", ""),
    ("too_long", "opmerking", "x" * 81),
    ("date_invalid", "datum1", "20230230"),
    ("date_in_future", "datum2", "20991231"),
    ("not_a_number", "aantal1", "twee"),
    ("out_of_range", "score1", "101"),
    ("code_unknown", "klasse1", "zeer hoog"),
    ("field_count", "vlag4", None),
)


def write(folder: Path, rows: int, *, all_bad: bool = False, mark: str = "") -> Path:
    """Write ``register.csv`` of so many rows, its contract, and ``planted.json``: row -> rule. Returns the file.

    ``mark`` stands around every field, as many programs put it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)  # noqa: S311 - rows to measure with
    names = [name for name, _, _ in COLUMNS]
    numbers = _numbers(rng, 5_000)
    place = {name: at for at, name in enumerate(names)}
    planted: dict[int, str] = {}
    every = 1 if all_bad else round(1 / BAD_SHARE)
    with (folder / "register.csv").open("w", encoding="utf-8", newline="") as out:
        out.write(";".join(names) + "\n")
        for row in range(1, rows + 1):
            cells = _row(rng, numbers)
            if row % every == 0:
                rule, column, text = FAULTS[row // every % len(FAULTS)]
                planted[row] = rule
                if text is None:
                    del cells[place[column]]
                else:
                    cells[place[column]] = text
            out.write(mark + f"{mark};{mark}".join(cells) + mark + "\n")
    (folder / "planted.json").write_text(json.dumps(planted), "utf-8")
    (folder / "register.yaml").write_text(contract(), "utf-8")
    return folder / "register.csv"


def write_workbook(file: Path, rows: int) -> None:
    """Write the same kind of rows as an XLSX."""
    import xlsxwriter

    rng = random.Random(SEED)  # noqa: S311 - rows to measure with
    numbers = _numbers(rng, 5_000)
    with xlsxwriter.Workbook(str(file), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [name for name, _, _ in COLUMNS])
        for row in range(1, rows + 1):
            sheet.write_row(row, 0, _row(rng, numbers))


def _numbers(rng: random.Random, many: int) -> list[str]:
    found = (f"{rng.randrange(10_000_000, 999_999_999):09}" for _ in iter(int, 1))
    return [number for number, _ in zip((n for n in found if bsn.is_valid(n)), range(many), strict=False)]


def _row(rng: random.Random, numbers: list[str]) -> list[str]:
    pick = rng.random
    cells = [numbers[int(pick() * len(numbers))], f"Proefstra{int(pick() * 9999)}", "Drunen", "geen bijzonderheden"]
    cells += [DAYS[int(pick() * len(DAYS))] for _ in range(6)]
    cells += [BIRTHS[int(pick() * len(BIRTHS))], f"{1975 + int(pick() * 30)}0000"]
    cells += [str(int(pick() * 21)) for _ in range(7)] + [str(int(pick() * 101)) for _ in range(3)]
    return cells + [CODES[int(pick() * 4)] for _ in range(4)] + ["J" if pick() < 0.5 else "N" for _ in range(4)]


def contract() -> str:
    """Return the data contract of the file, as YAML."""
    lines = [
        "apiVersion: v3.2.0", "kind: DataContract", "id: bench-register", "name: register", "version: 1.0.0",
        "status: active", "domain: bench", "description: {purpose: A file to measure with.}", "schema:",
        "  - name: register", "    physicalName: register", "    logicalType: object",
        "    description: A file to measure with.", "    properties:",
    ]  # fmt: skip
    for name, kind, options in COLUMNS:
        lines += [f"      - name: {name}", f"        physicalName: {name}", f"        description: Column {name}."]
        required = str(options.get("required", False)).lower()
        lines += [f"        logicalType: {_logical(kind)}", f"        required: {required}"]
        lines += [f"        classification: {'identifier' if kind == 'bsn' else 'confidential'}"]
        limits = {key: value for key, value in options.items() if key != "required"}
        if kind == "date":
            limits["format"] = "yyyyMMdd"
        if limits:
            lines += [f"        logicalTypeOptions: {json.dumps(limits)}"]
        if kind == "code":
            lines += ["        enum: " + json.dumps([{"value": code, "label": code} for code in CODES])]
        if kind in {"bsn", "incomplete_date"}:
            lines += [f"        customProperties: [{{property: soort, value: {kind}}}]"]
    lines += [
        "customProperties:", "  - {property: richting, value: in}", "  - {property: doel, value: Meten.}",
        "  - {property: grondslag, value: Verzonnen gegevens.}", "  - {property: bron, value: gemeente}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _logical(kind: str) -> str:
    return {"integer": "integer", "boolean": "boolean", "date": "date"}.get(kind, "string")
