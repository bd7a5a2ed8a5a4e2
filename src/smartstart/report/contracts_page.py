"""The data contracts as a page, for people who do not read YAML: every file, its columns, and the rules over them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from smartstart.contracts.rules import REMEDIES
from smartstart.report.markup import STYLE, listing, page, paragraph, scrolling, section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smartstart.contracts.odcs import Comparison, Contract, Field

TITLE: Final = "What comes in and what goes out: the data contracts"
FORMS: Final = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number, with a point before its decimals",
    "boolean": "J or N",
    "code": "one of the codes",
    "date": "day: JJJJMMDD, dd-mm-jjjj or jjjj-mm-dd",
    "incomplete_date": "day; unknown parts are zeros",
    "consent_date": "day; without a valid one the row is refused",
    "bsn": "nine digits",
    "agb": "eight digits",
    "municipality_code": "four digits",
}
KEPT: Final = {
    "identifier": "becomes a pseudonym before anything is stored",
    "contact": "sealed in the vault, never in the warehouse",
    "restricted": "in the warehouse, of the most sensitive kind",
    "confidential": "in the warehouse",
    "internal": "in the warehouse",
}


def contracts_page(contracts: Mapping[str, Contract], headers: Mapping[str, Mapping[str, str]]) -> bytes:
    """Return the page; ``headers`` are those that the programme maps to ours, by file."""
    coming = sorted((one for one in contracts.values() if one.incoming), key=lambda one: one.file)
    going = sorted((one for one in contracts.values() if not one.incoming), key=lambda one: one.file)
    parts = [
        f"<h1>{escape(TITLE)}</h1>",
        paragraph("A file is taken in only as its contract says, and nothing leaves but what a contract allows."),
        section("Files that come in", _overview("What comes in", coming)),
        section("Files that go out", _overview("What goes out", going)),
        *(_contract(one, headers.get(one.file, {})) for one in (*coming, *going)),
    ]
    return page(
        "en", TITLE, STYLE, "\n".join(parts), paragraph("Column names and aims are Dutch, as in the files.", "small")
    )


def _overview(caption: str, contracts: list[Contract]) -> str:
    rows = [(one.file, one.purpose, one.source, str(len(one.fields))) for one in contracts]
    return scrolling(caption, ("File", "What it holds", "From", "Columns"), rows, "words")


def _contract(one: Contract, mapped: Mapping[str, str]) -> str:
    own = {ours: theirs for theirs, ours in mapped.items()}
    rows = [
        (f.header, f.description, _form(f), "yes" if f.required else "no", _seen_as(f, own), KEPT[f.classification])
        for f in one.fields
    ]
    heads = ("Column", "Meaning", "Form", "Must be filled", "Also as", "Where it goes")
    rules = [f"{_header(one, rule.column)}: {_words(rule)}" for rule in one.comparisons]
    named = ", ".join(_header(one, name) for name in one.key)
    return section(
        f"{one.file}, version {one.version}",
        paragraph(one.purpose),
        f'<p lang="nl">{escape(f"Doel: {one.aim}")}</p><p lang="nl">{escape(f"Grondslag: {one.legal_ground}")}</p>',
        paragraph(f"One row for each: {named}." if named else "Rows may repeat."),
        scrolling(f"Columns of {one.file}", heads, rows, "words"),
        f"<p>Rules between columns:</p>{listing(rules)}" if rules else "",
    )


def _form(f: Field) -> str:
    found = FORMS[f.kind]
    if f.codes:
        found = f"{found}: {', '.join(f'{code} ({label})' for code, label in f.codes.items())}"
    if f.minimum is not None or f.maximum is not None:
        low = "" if f.minimum is None else f"from {f.minimum} "
        found += f", {low}{'' if f.maximum is None else f'to {f.maximum}'}".rstrip()
    if f.max_length is not None:
        found += f", at most {f.max_length} characters"
    return found + (", the column may be absent" if f.may_be_absent else "")


def _seen_as(f: Field, own: Mapping[str, str]) -> str:
    return ", ".join([*([own[f.header]] if f.header in own else []), *f.synonyms])


def _words(rule: Comparison) -> str:
    return REMEDIES[rule.rule]


def _header(one: Contract, name: str) -> str:
    return one.field(name).header
