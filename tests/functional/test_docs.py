"""The documents say what the program does: complete where they list, true where they show, and free of machines."""

from __future__ import annotations

import ast
import inspect
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer
import yaml
from harness import copied, smartstart

from smartstart.cli.main import app
from smartstart.contracts import odcs
from smartstart.contracts.rules import REFUSALS, REMEDIES
from smartstart.programme import sections
from smartstart.risk.factor_count import CAUTION
from smartstart.trial.eligibility import REASONS, WAITS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(DOCS.rglob("*.md"))

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documents are not part of this installation")


# --- what is listed is complete ---------------------------------------------------------------------------


def commands(group: Any = None, above: str = "smartstart") -> Iterator[tuple[str, list[str]]]:
    """Every command by its full name, with its long options."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{above} {name}")
        else:
            longs = (opt for param in command.params for opt in param.opts if opt.startswith("--"))
            options = [opt for opt in longs if opt != "--help"]
            yield f"{above} {name}", options


# what each prints as JSON on the demo's workspace; named by the data, or by a standard of others, are only these
ASKED = (
    "status", "doctor", "quarantine", "access-log", "dpia-annex", "provision capacity", "retention status",
    "support plans", "support uptake", "trial analyse", "trial design", "trial flow", "trial plan", "trial rehearse",
    "trial verify", "register-entry", "report --draft",
)  # fmt: skip
# by arm, by cell, by reason, by code of a contract; and those of the Algoritmeregister
NAMED_BY_OTHERS = {
    "allocated", "allocations", "probability", "drawn", "known", "events", "analysed", "excluded", "cells", "reasons",
    "not_eligible", "answers", "endings", "handed_over_to", "next_places", "planned_contacts", "care", "needs",
    "by_region", "by_target_group", "practices", "estimands", "definitions", "fields",
}  # fmt: skip


def fields(value: Any) -> Iterator[str]:
    """Every name of a field in a JSON value, but those under a name that is given by the data."""
    for one in value if isinstance(value, list) else []:
        yield from fields(one)
    for name, one in value.items() if isinstance(value, dict) else []:
        yield name
        yield from () if name in NAMED_BY_OTHERS else fields(one)


@pytest.mark.parametrize("words", ASKED)
def test_every_field_of_what_is_printed_as_json_is_in_the_reference(
    demo_played: Any, tmp_path: Path, words: str
) -> None:
    workspace = copied(demo_played.folder / "workspace", tmp_path / "workspace")
    told = smartstart(*words.split(), "--json", w=workspace)
    assert told.code in {0, 1}, told.err
    assert sorted({*fields(told.json)} - described(words.partition(" --")[0])) == []


def described(command: str) -> set[str]:
    """Every word in the font of code under the heading of a command, and on what it refers to."""
    page = (REFERENCE / "commands.md").read_text("utf-8")
    text = section(page, f"smartstart {command}")
    text += "".join((REFERENCE / name).read_text("utf-8") for name in re.findall(r"\]\(([a-z-]+\.md)", text))
    for other in re.findall(r"`([a-z -]+?) --json`", text):
        text += section(page, f"smartstart {other}")
    return set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", text))))


def section(page: str, title: str) -> str:
    """The text under a heading, up to the next one of that level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"no heading '{title}'"
    return found[1]


@pytest.mark.parametrize(("command", "options"), list(commands()))
def test_every_command_and_option_is_described(command: str, options: list[str]) -> None:
    text = section((REFERENCE / "commands.md").read_text("utf-8"), command)
    assert [option for option in options if f"`{option}" not in text] == []


def test_every_described_command_exists() -> None:
    described = re.findall(r"^## (smartstart .+)$", (REFERENCE / "commands.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(name for name, _ in commands())


@pytest.mark.parametrize(
    ("page", "sentences"),
    [("rules.md", REMEDIES), ("rules.md", REFUSALS), ("eligibility.md", REASONS), ("eligibility.md", WAITS)],
    ids=["remedies", "refusals", "reasons", "waits"],
)
def test_every_rule_and_reason_is_described_in_the_programs_own_words(page: str, sentences: dict[str, str]) -> None:
    rows = [line for line in (REFERENCE / page).read_text("utf-8").splitlines() if line.startswith("|")]
    missing = [
        name
        for name, sentence in sentences.items()
        if not any(row.startswith(f"| `{name}` |") and row.endswith(f"| {sentence} |") for row in rows)
    ]
    assert missing == []


def test_every_rule_of_the_programme_is_among_the_errors() -> None:
    page = (REFERENCE / "errors.md").read_text("utf-8")
    trees = [ast.parse(path.read_text("utf-8")) for path in Path(sections.__file__).parent.glob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    told = [call.args[1] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "must"]
    ends = [words.values[-1].value for words in told if isinstance(words, ast.JoinedStr)
            and isinstance(words.values[-1], ast.Constant)]  # fmt: skip
    assert len(ends) > 50
    assert [end for end in ends if f"{end}. | `programme/" not in page] == []


def keys(programme: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in programme.items():
        if isinstance(value, dict) and value:
            yield from keys(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


def test_every_key_of_the_programme_is_described() -> None:
    programme = yaml.safe_load((ROOT / "configs" / "programmes" / "heusden.yaml").read_text("utf-8"))
    page = (REFERENCE / "programme.md").read_text("utf-8")
    assert [key for key in keys(programme) if f"`{key}`" not in page] == []


def test_every_section_of_the_programme_has_an_owner_and_a_reason_or_the_reference_says_why_it_needs_none() -> None:
    page = section((REFERENCE / "programme.md").read_text("utf-8"), "What has no owner")
    excused = re.findall(r"^\| `(\w+)` \| .+ \|$", page, re.MULTILINE)
    without = [
        name
        for name, kind in get_type_hints(sections.Programme).items()
        if not any(hasattr(one, "__dataclass_fields__") and {"owner", "reason"} <= one.__dataclass_fields__.keys()
                   for one in (kind, *get_args(kind)))
    ]  # fmt: skip
    assert without == excused


def test_every_key_of_a_contract_that_is_understood_is_described() -> None:
    page = (REFERENCE / "contracts.md").read_text("utf-8")
    members = inspect.getmembers(odcs, lambda value: type(value) is set)
    groups = [name for name, _ in members if re.fullmatch(r"_[A-Z_]+", name)]
    assert len(groups) >= 9
    words = {word for name in groups for word in getattr(odcs, name)}
    words |= {*get_args(odcs.Kind), *get_args(odcs.Classification)}
    assert sorted(word for word in words if f"`{word}`" not in page) == []


def test_every_column_of_every_file_is_described() -> None:
    page = (REFERENCE / "contracts.md").read_text("utf-8")
    contracts = odcs.load_contracts(ROOT / "data_contracts").values()
    missing = [
        f"{contract.file}.{field.header}"
        for contract in contracts
        for field in contract.fields
        if f"| `{field.header}` | {field.kind}" not in page.split(f"### {contract.file}\n", 1)[1].split("### ")[0]
    ]
    assert missing == []


def test_every_decision_is_in_the_index() -> None:
    index = (DOCS / "adr" / "README.md").read_text("utf-8")
    assert [path.name for path in sorted((DOCS / "adr").glob("0*.md")) if f"({path.name})" not in index] == []


def test_every_how_to_is_on_the_first_page_and_every_other_document_on_the_first_of_the_site() -> None:
    readme, index = ((page).read_text("utf-8") for page in (ROOT / "README.md", DOCS / "index.md"))
    assert [
        page.name for page in sorted((DOCS / "how-to").glob("*.md")) if f"(docs/how-to/{page.name})" not in readme
    ] == []
    others = [page for kind in ("tutorial", "reference", "explanation") for page in sorted((DOCS / kind).glob("*.md"))]
    assert [page.name for page in others if f"({page.relative_to(DOCS).as_posix()}" not in index] == []


def test_every_page_is_in_the_sites_navigation() -> None:
    navigation = (ROOT / "tools" / "mkdocs.yml").read_text("utf-8")
    pages = (page.relative_to(DOCS).as_posix() for page in sorted(DOCS.rglob("*.md")))
    assert [page for page in pages if page not in navigation] == []


# --- links, machines, and what is said of risk ------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


# Written in parts, so that this file does not name what it looks for.
_REGISTRIES = re.compile("|".join(["py" + "pi", "python" + "hosted", "npm" + "js", "crates" + r"\.io"]))
_MACHINE_PATHS = re.compile(r"(?<![\w.…)}-])/(?:home|Users|root|work|tmp|mnt|srv)/[\w.-]+|[A-Z]:\\+Users")


def repository_files() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone, so the files of the repository are not known")
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found = []
    for path in repository_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # pictures and other bytes
        for pattern in (_REGISTRIES, _MACHINE_PATHS):
            if hit := pattern.search(text):
                found.append(f"{path.relative_to(ROOT)}: {hit[0]}")
    assert found == []


def test_wherever_a_risk_is_explained_the_caution_stands_beside_it() -> None:
    about_risk = re.compile(r"risk band|`risk_band`|stratif|`0–1`|risk group", re.IGNORECASE)
    others = {"CHANGELOG.md", "CONTRIBUTING.md"}
    explaining = {
        page.relative_to(ROOT).as_posix(): " ".join(page.read_text("utf-8").split())
        for page in PAGES
        if page.parent.name != "adr" and page.name not in others and about_risk.search(page.read_text("utf-8"))
    }
    assert explaining.keys() >= {"README.md", "docs/reference/programme.md", "docs/explanation/privacy.md"}
    assert [page for page, text in explaining.items() if CAUTION not in text] == []


def test_the_layers_in_the_docs_are_those_that_are_linted() -> None:
    import tomllib

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    linted = [layer.replace("smartstart.", "") for layer in contracts[0]["layers"]]
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text("utf-8")
    assert "```text\n" + "\n".join(linted) + "\n```" in page
