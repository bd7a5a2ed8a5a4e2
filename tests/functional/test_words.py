"""One word for one thing: the glossary has it, and no other word stands for it, in code, contracts or documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
pytestmark = pytest.mark.skipif(not GLOSSARY.is_file(), reason="the documents are not part of this installation")

# what others call it: our word, as the glossary has it
STRANGERS = {
    r"patients?": "flow of participants",
    r"respondents?": "flow of participants",
    r"assigned|assignments?": "allocation",
    r"randomi[sz]ed (to|women|trials?|comparisons?|groups?)": "draw",
    r"(control|intervention|experimental|treatment) groups?": "arm",
    r"controlegroep|interventiegroep|behandelgroep": "arm",
    r"dropouts?|drop-outs?": "analysis set",
    r"anonymi[sz](ed|ation)": "pseudonym",
    r"(midwife|midwives') offices?": "practice",
    r"rejected rows?|invalid rows?|bad rows?": "quarantine",
    r"foster placements?|removals?": "UHP",
    r"blacklists?|whitelists?|sign-offs?": "approval",
    r"citizen service numbers?": "BSN",
    r"rent benefits?": "huurtoeslag",
    r"hash chains?|blockchains?": "ledger",
    r"training set|trainset": "held-out years",
    r"care workers?|case managers?|supporters": "support worker",
    r"baseline (scales?|scores?|values?|questionnaires?|answers?)": "nulmeting",
    r"traits?": "factor",
    r"exercises?": "rehearsal",
    r"packets?|parcels?": "container",
}
PLACES = {"src": (".py", ".sql", ".po", ".typ", ".yaml"), "docs": (".md",), "pipelines": (".yaml",),
          "configs": (".yaml",), "data_contracts": (".yaml",)}  # fmt: skip
STANDARDS = ROOT / "configs" / "publication"  # the words of the standards' own authors
HISTORY = ROOT / "docs" / "adr"  # decisions tell what was rejected, by its name


def tables() -> list[list[str]]:
    """Return the words of each table of the glossary."""
    parts = GLOSSARY.read_text("utf-8").split("| word | meaning |\n|---|---|\n")[1:]
    rows = ([line for line in part.splitlines() if line.startswith("| ")] for part in parts)
    return [[row.strip("|").split("|")[0].strip() for row in found] for found in rows]


def test_the_glossary_names_each_word_once_and_in_order() -> None:
    every = [term for table in tables() for term in table]
    assert len(every) > 150
    assert [term for term in every if every.count(term) > 1] == []
    for table in tables():
        assert table == sorted(table, key=str.casefold)


def test_every_stranger_has_a_word_of_ours() -> None:
    known = " | ".join(term for table in tables() for term in table).casefold()
    assert [ours for ours in STRANGERS.values() if ours.casefold() not in known] == []


def test_no_stranger_stands_for_a_thing_that_has_a_word() -> None:
    strangers = re.compile(rf"(?<![\w-])({'|'.join(STRANGERS)})(?![\w-])", re.IGNORECASE)
    found = []
    for folder, kinds in PLACES.items():
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in kinds and not path.is_relative_to(STANDARDS) and not path.is_relative_to(HISTORY):
                for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
                    said = line.partition("# type: ignore")[0]
                    found += [f"{path.relative_to(ROOT)}:{number}: {hit[0]}" for hit in strangers.finditer(said)]
    assert found == []
