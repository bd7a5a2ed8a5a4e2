"""What leaves has the columns of its contract and no other: with a score, an income, a J or an N it is not written."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import smartstart
from smartstart.contracts.odcs import Contract, load_contracts
from smartstart.contracts.outgoing import breach_of, hold_outgoing
from smartstart.errors import DataRefused
from smartstart.resources import shipped

AS_OF = date(2024, 4, 2)
CONTRACTS = load_contracts(shipped("data_contracts"))
OUTGOING = {name: one for name, one in CONTRACTS.items() if one.recipient}
# What is too short to search for in bytes, and what no column of an output is called.
EXTRA = {
    "risico": 0.0123,
    "risk_band": "2+",
    "score": 3,
    "inkomen": "ioaw",
    "betaald_werk": "N",
    "huurtoeslag": "J",
    "geheim": 7,
    "arm": "offer",
    "bsn": "980000012",
    "geboortedatum": "19990310",
    "": "J",
}


def value_of(contract: Contract, name: str) -> Any:
    """A value that the contract allows in this column."""
    field = contract.field(name)
    if field.codes:
        return next(iter(field.codes))
    if field.kind in {"date", "incomplete_date"}:
        return AS_OF + timedelta(days=1) if field.future_allowed else AS_OF - timedelta(days=20)
    return {"integer": 14, "decimal": "1.5", "agb": "08990101", "boolean": "J"}.get(field.kind, "tekst")


def row_of(contract: Contract) -> dict[str, Any]:
    return {field.name: value_of(contract, field.name) for field in contract.fields}


def test_every_output_with_rows_of_people_or_counts_has_a_contract() -> None:
    assert set(OUTGOING) == {
        "kopie_bestanden", "kopie_gebreken", "kopie_oordelen", "kopie_runs", "meetlijst", "overdracht", "quarantaine",
        "samenvatting_besloten", "samenvatting_openbaar", "samenvatting_uitwisseling", "stappenlijst",
        "terugroeplijst", "uitnodigingslijst",
    }  # fmt: skip


@pytest.mark.parametrize("name", OUTGOING)
def test_what_the_contract_describes_may_leave(name: str) -> None:
    assert breach_of(OUTGOING[name], [row_of(OUTGOING[name])], AS_OF) == ""


@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("name", OUTGOING)
def test_a_column_more_is_a_breach_wherever_it_stands(name: str, extra: str) -> None:
    contract = OUTGOING[name]
    row = row_of(contract)
    for planted in (row | {f"{extra}_": EXTRA[extra]}, {f"{extra}_": EXTRA[extra]} | row):
        with pytest.raises(DataRefused, match="other columns") as refusal:
            hold_outgoing(contract, [row, planted], AS_OF)
        assert str(EXTRA[extra]) not in str(refusal.value).replace("row 2", "")


@pytest.mark.parametrize("name", OUTGOING)
def test_a_column_less_renamed_or_moved_is_a_breach(name: str) -> None:
    contract = OUTGOING[name]
    row = row_of(contract)
    others = list(row)[1:]
    changed = [{key: row[key] for key in others}, {"x": 1, **{key: row[key] for key in others}}]
    changed.append({key: row[key] for key in reversed(row)})
    for one in changed:
        with pytest.raises(DataRefused, match="it was not written"):
            hold_outgoing(contract, [one], AS_OF)


def test_every_outgoing_contract_is_held_somewhere() -> None:
    source = {path: path.read_text("utf-8") for path in Path(smartstart.__file__).parent.rglob("*.py")}
    held = {path for path, text in source.items() if _calls(text, {"hold_outgoing", "breach_of"})}
    for name in OUTGOING:
        assert [path.name for path in held if f'"{name}"' in source[path]], name


def _calls(text: str, names: set[str]) -> bool:
    called = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return any(isinstance(function, ast.Name) and function.id in names for function in called)
