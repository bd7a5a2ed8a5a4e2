"""One way to do a thing: each is done in the places named here, and a second way is a decision to write down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import smartstart
from smartstart.wording import catalogue

SOURCE = Path(smartstart.__file__).parent
# what is done, how it looks, and where it may stand
WAYS: dict[str, tuple[str, set[str]]] = {
    "the clock is asked": (r"datetime\.now\(|date\.today\(|utcnow\(|\btime\.time\(", {"clock.py"}),
    "people are made up by chance": (r"^\s*(import random|from random)", {"synthetic/chance.py"}),
    "a secret is drawn": (
        r"^\s*(import|from) secrets|os\.urandom",
        {"identity/keys.py", "identity/vault.py", "sealing.py", "second_officer.py", "new_workspace.py", "recording.py",
         "modelling/history.py", "intake/waiting.py"},
    ),
    "a generator has no seed": (r"default_rng\(\)", set()),
    "a date of a file is parsed": (r"strptime\(|\.to_date\(", {"contracts/values.py"}),
    "DuckDB is opened": (r"duckdb\.connect", {"engine.py"}),
    "DuckDB is locked": (r"lock_configuration|enable_external_access", {"engine.py"}),
    "SQLite is opened": (r"sqlite3\.connect", {"identity/vault.py"}),
    "a file is written": (r"write_text\(|write_bytes\(|(?<!tarfile\.)open\([^)]*[\"']w", {"outputs.py"}),
    "JSON is written for people": (r"json\.dumps\([^\n]*indent=", {"outputs.py"}),
    "a file is its owner's only": (r"0o[67]00", {"outputs.py"}),
    "the folder of lists is named": (r"\blists/", set()),  # workspace.LISTS
    "a table is drawn on screen": (r"^\s*from rich", {"cli/show.py"}),
    "YAML is read": (r"yaml\.load|yaml\.safe_load|SafeLoader", {"resources.py"}),
    "a workbook is opened for writing": (r"xlsxwriter\.Workbook|openpyxl", {"outreach/workbook.py"}),
    "a number gets its minus sign": (r"replace\(\"-\", ?(\"[−\\]|MINUS)", {"numbers.py"}),
    "thousands stand apart": (r":,[.\w{}]*\}", {"numbers.py"}),
    "a number is rounded to five": (r"\b5 ?\* ?round\(|ROUNDED_TO \* round\(", {"report/disclosure.py"}),
    "a number of people is too small": (r"^(MINIMUM|LEAST_IN_BIN|FEWEST_OBSERVED)\b.*=", {"small_numbers.py"}),
    "a percentage is written": (r"[fg]\}(\{gap\}| |\\u00a0)?%", {"numbers.py"}),
    "a p-value is told to be small": (r"\"< (0\.|\{)", {"numbers.py"}),
    "euros are written": (r"€ ?\{", {"numbers.py"}),
    "a document is marked as a rehearsal": (r"OEFENING –", set()),  # the catalogues have it
}  # fmt: skip


@pytest.mark.parametrize("what", WAYS)
def test_each_thing_is_done_in_its_own_place_alone(what: str) -> None:
    pattern, places = WAYS[what]
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(pattern, path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == places


def test_no_comment_points_to_a_page_that_is_not_there() -> None:
    root = SOURCE.parents[1]
    if not (root / "docs").is_dir():
        pytest.skip("the documents are not part of this installation")
    code = {path: path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    pages = {page for text in code.values() for page in re.findall(r"\bdocs/[\w/-]+\.md", text)}
    assert pages and sorted(page for page in pages if not (root / page).is_file()) == []
    assert [path.name for path, text in code.items() if re.search(r"\bDOMAIN (section )?\d", text)] == []


# Words that make a sentence Dutch and that no English one has.
DUTCH = re.compile(
    r"\b(aan|als|bij|dan|dat|deze|dit|een|en|er|geen|haar|het|hoe|iedereen|iemand|ja|kan|kunnen|maar|meer|met|moet|naar"
    r"|niemand|niet|nog|ons|ook|op|te|tot|uit|uw|van|vanaf|voor|vraag|vrouw|vrouwen|waar|wie|wij|wordt|zij|zijn|zonder)\b"
)


def texts(module: ast.Module) -> Iterator[ast.Constant]:
    """Yield every text of a module that is no docstring."""
    bodies = [n.body[0] for n in ast.walk(module) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef)]
    documents = {id(first.value) for first in bodies if isinstance(first, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node


def test_no_dutch_sentence_stands_outside_the_catalogues() -> None:
    """Two words of Dutch in one text make a sentence; codes and headers of files are no sentences."""
    found = [
        f"{path.relative_to(SOURCE).as_posix()}:{text.lineno}"
        for path in sorted(SOURCE.rglob("*.py"))
        for text in texts(ast.parse(path.read_text("utf-8")))
        if len({*DUTCH.findall(text.value.lower())}) > 1
    ]
    assert found == []


def test_the_mark_of_a_rehearsal_stands_in_one_text_of_what_people_hold_and_one_of_the_councils_page() -> None:
    marked = {
        path.relative_to(SOURCE).as_posix(): path.read_text("utf-8").count("OEFENING –")
        for path in SOURCE.rglob("*.po")
    }
    assert {path: times for path, times in marked.items() if times} == {
        "outreach/messages/nl.po": 1,
        "report/council/messages/nl.po": 1,
    }


def test_every_text_of_a_catalogue_is_asked_for_and_every_text_asked_for_is_in_one() -> None:
    code = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    packages = {
        path.parents[1].relative_to(SOURCE.parent).as_posix().replace("/", ".") for path in SOURCE.rglob("*.po")
    }
    known = {name for package in packages for name in catalogue(package, "nl")}
    families = tuple(re.findall(r'f["\']([a-z_]+(?:\.[a-z_]+)*\.)\{', code))
    alone = {name for name in known if not name.startswith(families)}
    assert alone - {*re.findall(r"[\"']([a-z_.]+)[\"']", code)} == set()
    assert {*re.findall(r"\.say\(\s*[\"']([a-z_.]+)[\"']", code)} - known == set()


def test_no_catalogue_says_the_small_number_itself() -> None:
    """Who sets another threshold sets it in one place, and every text says the new one."""
    texts = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.po"))
    assert re.findall(r"\b(?:10|tien|ten)\b", texts) == []
