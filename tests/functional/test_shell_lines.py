"""Every shell line in the documents runs, in the order in which a reader meets it, where the demo has played."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Done, init, ok, read_csv, smartstart, write_csv

from smartstart.risk.candidates import DEFAULT, candidates
from smartstart.workspace import find_workspace

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# CI and a newcomer run these two; benches take minutes and have their own targets.
BY_HAND = ("make ",)
PLAYED = "smartstart demo demo"
SHELL = re.compile(r"^ *```(sh|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
HEX = re.compile(r"\b[0-9a-f]{64}\b")
STANDS_FOR_ONE = re.compile(r"\b[0-9a-f]{4}…")  # such as 4be1…: the last of its kind that was printed before

pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the documents are not part of this installation")


def shell_lines(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every line that a reader would type, with what the page shows after it."""
    for kind, block in SHELL.findall(page.read_text("utf-8")):
        typed: str | None = None
        shown: list[str] = []
        for line in block.splitlines():
            is_typed = bool(line.strip()) if kind == "sh" else line.strip().startswith("$ ")
            if not is_typed:
                shown.append(line)
                continue
            if typed:
                yield typed, shown
            typed, shown = line.strip().removeprefix("$ "), []
        if typed:
            yield typed, shown


# Keys are made at random, so draws, hashes and places differ; and some sentences come only with some draws.
BY_CHANCE = re.compile(r"may no longer be invited|^List: |: no list|women? of practice")


def alike(line: str) -> str:
    """Return a line without what differs from one machine, or one draw, to another."""
    line = HEX.sub("#", line)
    line = re.sub(r"(?:…|/[^\s'(]*?)/keys\d*/\w+", "/keys/#", line)
    line = re.sub(r"(?:…|/[^\s'(]*?)(?=/(?:demo|mijn-oefening|docs))", "", line)
    return " ".join(re.sub(r"\d+(?:[.,]\d+)*|[0-9a-f]{12,}", "0", line).split())


PAGES = [page for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))] if any(shell_lines(page))]


# --- what a page takes for granted ------------------------------------------------------------------------


def a_woman(here: Path) -> str:
    """Return the BSN of a woman who was drawn in the demo."""
    rows = read_csv(here / "demo" / "extracts" / "quarters" / "2024Q4" / "vragenlijst.csv")
    with find_workspace(here / "demo" / "workspace").open() as (warehouse, vault):
        drawn = {row["research_id"] for row in warehouse.rows("SELECT research_id FROM allocation")}
        known = vault.known_ids(row["burgerservicenummer"] for row in rows)
    return next(number for number, who in sorted(known.items()) if who in drawn)


def audited(here: Path) -> None:
    """What lies before the auditor: the demo's ledger, the keys that were revealed, the program; and a workspace."""
    keys = find_workspace(here / "demo" / "workspace").keys_folder
    shutil.copy(here / "demo" / "workspace" / "ledger" / "ledger.jsonl", here / "ledger.jsonl")
    shutil.copy(keys / "allocation.key", here / "allocation.key")
    (here / "allocation-2.key").write_text("")
    shutil.copytree(ROOT / "tools", here / "tools")
    init(here / "oefening")


def delivered(here: Path) -> None:
    """Folders as the data desk fills them, and a workspace to practise in."""
    extracts = here / "demo" / "extracts"
    shutil.copytree(extracts / "quarters" / "2024Q1", here / "extracts" / "2024Q1")
    shutil.copytree(extracts / "quarters" / "2024Q2", here / "extracts" / "2024-W14")
    for name in ("huishoudens", "inkomen", "wonen", "kinderen"):
        (here / "extracts" / "2024-W14" / f"{name}.csv").unlink()
    shutil.copytree(extracts / "register", here / "extracts" / "register")
    shutil.copytree(extracts / "followup", here / "extracts" / "follow-up")
    init(here / "oefening")


def returned(here: Path) -> None:
    """Lists that came back, nobody having answered yet."""
    (here / "terug").mkdir()
    for path in (here / "demo" / "workspace" / "lists" / "2024Q4").glob("*.xlsx"):
        shutil.copy(path, here / "terug" / path.name)


def mended(here: Path) -> None:
    """The first quarter, as its source delivered it anew: a faulty row was taken out."""
    shutil.copytree(here / "demo" / "extracts" / "quarters" / "2024Q1", here / "hersteld")
    path = here / "hersteld" / "wonen.csv"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")


def in_quarantine(here: Path) -> None:
    """The tutorial's workspace, and a folder in which two of the three faults were mended."""
    extracts, oefening = here / "demo" / "extracts" / "quarters" / "2024Q1", init(here / "mijn-oefening")
    ok("run", "quarterly", "--extracts", extracts, "--period", "2024Q1", "--as-of", "2024-04-02", w=oefening)
    shutil.copytree(extracts, here / "hersteld")
    for name, row, column, right in (
        ("inkomen", 92, "soort_uitkering", "geen"), ("vragenlijst", 43, "invuldatum", "15-03-2024"),
    ):  # fmt: skip
        rows = read_csv(here / "hersteld" / f"{name}.csv")
        rows[row - 1][column] = right
        write_csv(here / "hersteld" / f"{name}.csv", rows[0], rows)


def agreed(here: Path) -> None:
    """An agreement between one rehearsing municipality and its reader."""
    reader = ok("trial", "exchange-keys", "--reader", "--keys", here / "reader-keys", "--json").json
    ours = ok("trial", "exchange-keys", "--json", w=here / "demo" / "workspace").json
    town = find_workspace(here / "demo" / "workspace").programme.municipality
    agreement = {
        "agreement": "2027-03", "round": "1", "masked": False,
        "reader": {"function": "onafhankelijk statisticus", "seal_key": reader["seal_key"]},
        "municipalities": [{"code": town.code, "name": town.name, **ours}],
    }  # fmt: skip
    (here / "agreement.yaml").write_text(yaml.safe_dump(agreement), "utf-8")


def priced(here: Path) -> None:
    """The prices of this page, in the demo's programme."""
    page = (DOCS / "how-to" / "reckon-the-costs.md").read_text("utf-8")
    block = page.split("```yaml\n")[1].split("```")[0]
    with (here / "demo" / "workspace" / "programme.yaml").open("a", encoding="utf-8") as programme:
        programme.write(f"\n{block}")


PREPARED: dict[str, Callable[[Path], None]] = {
    "docs/how-to/audit-the-draw.md": audited,
    "docs/how-to/deliver-a-quarter.md": delivered,
    "docs/how-to/lists-there-and-back.md": returned,
    "docs/how-to/a-correction.md": mended,
    "docs/how-to/mend-a-quarantine.md": in_quarantine,
    "docs/how-to/pool-municipalities.md": agreed,
    "docs/how-to/reckon-the-costs.md": priced,
}
ASKING = ("trial event ", "letters own-page ", "model explain ", "privacy ")  # whom it is of, on standard input
REFUSES = {"request": 3}  # the demo's municipality hands over some whom nobody asked for


def run(line: str, here: Path, woman: str) -> Done:
    words = [
        name for word in shlex.split(line) for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    if words[0] == "smartstart":
        asks = line.removeprefix("smartstart ").startswith(ASKING)
        return smartstart(*words[1:], typed=woman if asks else None)
    command = line.replace("python3", sys.executable, 1)
    done = subprocess.run(["bash", "-c", command], cwd=here, capture_output=True, text=True, check=False)
    return Done((line,), done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module", autouse=True)
def fewer_repeats() -> Iterator[None]:
    """Learn again twice instead of fifty times, and try two ways: the words of a page do not hang on how many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("smartstart.risk.learning.candidates", lambda: (DEFAULT, candidates()[0]))
        patch.setattr("smartstart.modelling.training.INSTABILITY_MODELS", 2)
        patch.setattr("smartstart.modelling.training.LEARNING_REPEATS", 1)
        yield


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_shell_line_runs_and_prints_what_the_page_shows(
    page: Path, demo_played: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(demo_played.folder, tmp_path / "demo")
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    PREPARED.get(page.relative_to(ROOT).as_posix(), lambda _: None)(tmp_path)
    ledger = (tmp_path / "demo" / "workspace" / "ledger" / "ledger.jsonl").read_text("utf-8")
    last = HEX.findall(ledger.splitlines()[-1])[-1]
    woman = a_woman(tmp_path)
    stale: list[str] = []
    for line, shown in shell_lines(page):
        if line.startswith(BY_HAND):
            continue
        if line == PLAYED:  # here, and its folder was copied
            done = Done((line,), 0, demo_played.printed, "")
        else:
            done = run(STANDS_FOR_ONE.sub(last, line), tmp_path, woman)
        said = done.out + done.err
        printed = {alike(one) for one in said.splitlines()}
        wanted = [one for one in shown if one.strip() not in {"", "…"} and not BY_CHANCE.search(one)]
        stale += [f"{line}: {one}" for one in wanted if alike(one) not in printed]
        allowed = {0, REFUSES.get(line.split()[1], 0)} if "--returned" in line else {0}
        assert done.code in allowed, f"{line}\n{done.err}"
        last = (HEX.findall(done.out + done.err) or [last])[-1]
    assert stale == [], "\n".join(stale)


def test_no_page_of_commands_escapes() -> None:
    """Blocks of other kinds hold no command: they would not be run."""
    escaped = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]:
        for kind, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            if kind not in {"sh", "console"} and re.search(r"^ *\$ ", block, re.MULTILINE):
                escaped.append(page.name)
    assert escaped == []
