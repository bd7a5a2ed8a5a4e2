"""Read the data contracts: Open Data Contract Standard YAML into frozen objects, judged once.

Only the keys listed here are understood, and any other is refused by name and place: a promise in a contract
that nobody checks is worse than none. ``docs/reference/contracts.md`` describes the subset.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from smartstart.errors import UsageError, nearest
from smartstart.resources import read_yaml

Kind = Literal[
    "text", "integer", "decimal", "boolean", "code", "date", "incomplete_date", "consent_date", "bsn", "agb",
    "municipality_code",
]  # fmt: skip
Direction = Literal["not_before", "not_after", "present"]
Classification = Literal["identifier", "contact", "restricted", "confidential", "internal"]

_TOP = {
    "apiVersion",
    "kind",
    "id",
    "name",
    "version",
    "status",
    "domain",
    "description",
    "schema",
    "customProperties",
}
_DESCRIPTION = {"purpose", "usage", "limitations"}
_SCHEMA = {"name", "physicalName", "logicalType", "description", "properties", "quality"}
_PROPERTY = {
    "name", "physicalName", "description", "logicalType", "logicalTypeOptions", "required", "primaryKey",
    "classification", "synonyms", "enum", "customProperties",
}  # fmt: skip
_OPTIONS = {"format", "minimum", "maximum", "maxLength"}
_QUALITY = {"name", "type", "engine", "description", "implementation"}
_COMPARISON = {"column", "not_before", "not_after", "present", "plus_days", "when"}
_CONTRACT_CUSTOM = {"richting", "doel", "grondslag", "bron", "ontvanger"}
_PROPERTY_CUSTOM = {"soort", "uitleg", "kolom_mag_ontbreken", "mag_in_toekomst"}
_LOGICAL_TYPES = {"string", "integer", "boolean", "date"}


@dataclass(frozen=True)
class Field:
    """One column: ``name`` is ours, ``header`` is the Dutch one in the file, ``kind`` says how it is read."""

    name: str
    header: str
    description: str
    kind: Kind
    required: bool = False
    key: bool = False
    classification: Classification = "confidential"
    synonyms: tuple[str, ...] = ()
    codes: dict[str, str] = field(default_factory=dict)  # value -> label
    may_be_absent: bool = False
    future_allowed: bool = False
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None
    explanation: str = ""  # in Dutch, for whoever fills in a template
    instrument: str | None = None  # an item of a scale: kept as an answer, not as a column

    @property
    def is_date(self) -> bool:
        """Tell whether the value is a day, be it incomplete."""
        return self.kind in {"date", "incomplete_date", "consent_date"}

    @property
    def stored_names(self) -> tuple[str, ...]:
        """Columns of the warehouse that this field becomes; an incomplete date becomes its two bounds."""
        if self.classification == "contact" or self.instrument:
            return ()
        if self.kind == "incomplete_date":
            return (f"{self.name}_earliest", f"{self.name}_latest")
        return (self.name,)


@dataclass(frozen=True)
class Comparison:
    """A rule within one row, where ``when`` holds: a date not before or not after an ``other``, or a column present."""

    rule: str
    column: str
    other: str
    direction: Direction
    plus_days: int = 0
    when: tuple[str, str] | None = None  # (column, value)


@dataclass(frozen=True)
class Contract:
    """One file that enters or leaves: its columns, the rules over them, and why we may have it."""

    name: str
    file: str
    version: str
    purpose: str
    incoming: bool
    aim: str  # doel
    legal_ground: str  # grondslag
    source: str  # bron: who delivers, and so who mends
    fields: tuple[Field, ...]
    comparisons: tuple[Comparison, ...] = ()
    recipient: str = ""  # ontvanger: who gets it, of what leaves

    def field(self, name: str) -> Field:
        """Return the field with this internal name."""
        return next(f for f in self.fields if f.name == name)

    @property
    def key(self) -> tuple[str, ...]:
        """Internal names of the columns that together name one row; empty where rows may repeat."""
        return tuple(f.name for f in self.fields if f.key)

    @property
    def contact_fields(self) -> tuple[str, ...]:
        """Fields that go to the vault and never to the warehouse."""
        return tuple(f.name for f in self.fields if f.classification == "contact")


def load_contracts(folder: Path) -> dict[str, Contract]:
    """Read every contract in ``folder``; the key is the file it describes (``personen``). Raises UsageError."""
    contracts = [load_contract(path) for path in sorted(folder.glob("*.yaml"))]
    return {contract.file: contract for contract in contracts}


def load_contract(path: Path) -> Contract:
    """Read one contract, judge it against the standard and against our subset. Raises UsageError."""
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise UsageError(f"{path.name}: a contract is a list of keys with values; correct the contract.")
    _only(raw, _TOP, path.name)
    try:
        OpenDataContractStandard.model_validate(raw)
    except ValidationError as fault:
        place = ".".join(str(part) for part in fault.errors()[0]["loc"])
        raise UsageError(f"{path.name}, {place}: not as the Open Data Contract Standard 3.2 asks.") from None
    try:
        return _contract(raw, path.name)
    except (AttributeError, LookupError, TypeError, ValueError):
        raise UsageError(
            f"{path.name}: a key is missing or holds another kind of value than the contracts that are shipped."
        ) from None


def _contract(raw: dict[str, Any], place: str) -> Contract:
    if raw.get("apiVersion") != "v3.2.0" or raw.get("kind") != "DataContract":
        raise UsageError(f"{place}: apiVersion must be v3.2.0 and kind DataContract.")
    _only(raw.get("description") or {}, _DESCRIPTION, f"{place}, description")
    custom = _custom(raw.get("customProperties"), _CONTRACT_CUSTOM, place)
    for key, meaning in (("doel", "purpose"), ("grondslag", "legal ground"), ("bron", "source")):
        if not str(custom.get(key) or "").strip():
            raise UsageError(f"{place}, customProperties: '{key}' ({meaning}) is empty; no file is read without it.")
    if custom.get("richting") not in {"in", "uit", "terug"}:  # terug: our own list, filled in; no extract
        raise UsageError(f"{place}, customProperties: 'richting' must be 'in', 'uit' or 'terug'.")
    if (custom["richting"] == "uit") != bool(str(custom.get("ontvanger") or "").strip()):
        raise UsageError(
            f"{place}, customProperties: 'ontvanger' (who gets it) goes with 'richting: uit', and only there."
        )
    schemas = raw.get("schema") or []
    if len(schemas) != 1:
        raise UsageError(f"{place}, schema: one contract describes one file; this one describes {len(schemas)}.")
    schema = schemas[0]
    _only(schema, _SCHEMA, f"{place}, schema")
    fields = tuple(_field(item, f"{place}, {item.get('name')}") for item in schema.get("properties") or [])
    _no_doubles([f.name for f in fields], place)
    _no_doubles([name for f in fields for name in (f.header, *f.synonyms)], place)
    names = {f.name for f in fields}
    return Contract(
        name=schema["name"],
        file=schema["physicalName"],
        version=str(raw.get("version")),
        purpose=(raw.get("description") or {}).get("purpose", ""),
        incoming=custom["richting"] == "in",
        aim=custom["doel"],
        legal_ground=custom["grondslag"],
        source=custom["bron"],
        fields=fields,
        comparisons=tuple(_comparison(item, names, place) for item in schema.get("quality") or []),
        recipient=custom.get("ontvanger", ""),
    )


def _field(raw: dict[str, Any], place: str) -> Field:
    _only(raw, _PROPERTY, place)
    options = raw.get("logicalTypeOptions") or {}
    _only(options, _OPTIONS, f"{place}, logicalTypeOptions")
    custom = _custom(raw.get("customProperties"), _PROPERTY_CUSTOM, place)
    logical = raw.get("logicalType")
    if logical not in _LOGICAL_TYPES:
        raise UsageError(f"{place}, logicalType: must be one of {', '.join(sorted(_LOGICAL_TYPES))}.")
    codes = {str(item["value"]): str(item.get("label") or "") for item in raw.get("enum") or []}
    kind = custom.get("soort") or {"string": "code" if codes else "text"}.get(logical, logical)
    if kind not in get_args(Kind):
        raise UsageError(f"{place}, soort: unknown kind{nearest(str(kind), list(get_args(Kind)))}.")
    classification: Any = raw.get("classification")
    if classification not in get_args(Classification):
        raise UsageError(f"{place}, classification: must be one of {', '.join(get_args(Classification))}.")
    return Field(
        name=raw["name"],
        header=raw["physicalName"],
        description=raw.get("description") or "",
        kind=kind,
        required=bool(raw.get("required")),
        key=bool(raw.get("primaryKey")),
        classification=classification,
        synonyms=tuple(item["synonym"] for item in raw.get("synonyms") or []),
        codes=codes,
        may_be_absent=bool(custom.get("kolom_mag_ontbreken")),
        future_allowed=bool(custom.get("mag_in_toekomst")),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        max_length=options.get("maxLength"),
        explanation=str(custom.get("uitleg") or ""),
    )


def _comparison(raw: dict[str, Any], names: set[str], place: str) -> Comparison:
    from smartstart.contracts.rules import REMEDIES

    place = f"{place}, quality {raw.get('name')}"
    _only(raw, _QUALITY, place)
    body = raw.get("implementation")
    if raw.get("engine") != "smartstart" or not isinstance(body, dict):
        raise UsageError(f"{place}: only rules with 'engine: smartstart' and an implementation are checked.")
    _only(body, _COMPARISON, place)
    directions: tuple[Direction, ...] = get_args(Direction)
    direction = next((name for name in directions if name in body), directions[0])
    when = body.get("when")
    other = str(body.get("column" if direction == "present" else direction))
    used = [body.get("column"), other, *([when["column"]] if when else [])]
    for name in used:
        if name not in names:
            raise UsageError(f"{place}: '{name}' is no column of this contract{nearest(str(name), sorted(names))}.")
    if raw["name"] not in REMEDIES:
        raise UsageError(f"{place}: this rule has no remedy; add one to contracts/rules.py.")
    return Comparison(
        rule=raw["name"],
        column=body["column"],
        other=other,
        direction=direction,
        plus_days=int(body.get("plus_days", 0)),
        when=(when["column"], str(when["equals"])) if when else None,
    )


def _custom(items: list[dict[str, Any]] | None, known: set[str], place: str) -> dict[str, Any]:
    custom = {item.get("property"): item.get("value") for item in items or []}
    _only(custom, known, f"{place}, customProperties")
    return {str(key): value for key, value in custom.items()}


def _only(raw: dict[Any, Any], known: set[str], place: str) -> None:
    for key in raw:
        if key not in known:
            raise UsageError(
                f"{place}: '{key}' is not a key that smartstart checks{nearest(str(key), sorted(known))}; remove it."
            )


def _no_doubles(names: list[str], place: str) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UsageError(f"{place}: '{doubled[0]}' is used for two columns; give each its own name.")
