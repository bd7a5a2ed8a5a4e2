"""Payloads in every cell that a stranger fills: they are shown as text, or set aside, and nothing of them ever acts."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from unittest import mock

import pytest
import yaml
from harness import PRACTICES, QUARTERLY, Done, Town, bsn, copied, init, smartstart, write_csv
from payloads import texts
from pyzipper import AESZipFile
from results import note, part
from watch import ACTING, COLOUR, Elements, acts_in, watched

from smartstart.outreach import pages
from smartstart.outreach.hand_over import HandedOver, HandOver
from smartstart.outreach.house import PLAIN
from smartstart.outreach.invitations import Invitation, PracticeList
from smartstart.outreach.pdf import page_pdf
from smartstart.outreach.questionnaires_due import QuestionnaireDue, QuestionnairesDue
from smartstart.outreach.recall import Recalled, RecallList
from smartstart.outreach.word import list_docx
from smartstart.outreach.wording import invitation_page
from smartstart.outreach.workbook import page_workbook
from smartstart.resources import shipped
from smartstart.workspace import find_workspace

AS_OF = date(2024, 4, 2)
OWNED = ("--owner", "FG", "--reason", "made up")
# What a stranger may write as she likes, in the files that a first quarter has.
FREE = {
    "personen": ("voornamen", "voorvoegsel", "geslachtsnaam", "straatnaam", "woonplaats"),
    "vragenlijst": ("clientnummer", "toestemming_versie"),
}
SHORT = {"personen": ("huisnummer", "huisletter", "postcode")}  # twenty characters at most
KEYS = {"burgerservicenummer", "burgerservicenummer_moeder", "burgerservicenummer_kind", "praktijk_agb"}


@dataclass
class Attacked:
    """A workspace into which every payload went by every column, what was said, and what it did meanwhile."""

    workspace: Path
    out: Path
    sentinel: Path
    payloads: tuple[str, ...]
    tried: set[tuple[str, str, str]] = field(default_factory=set)
    said: list[Done] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    def do(self, *words: object, code: int = 0, typed: str | None = None, w: bool = True) -> Done:
        with watched(self.workspace.parent) as seen:
            done = smartstart(*words, w=self.workspace if w else None, typed=typed)
        self.did += seen.all
        self.said.append(done)
        assert done.code == code, (done.command, done.code, done.err[:2000])
        return done


def hostile_town(found: Attacked) -> Town:
    """One woman for each payload in all free columns at once, one in the short ones, one in each other column."""
    town = Town()
    for nth, payload in enumerate(found.payloads):
        for table, columns in FREE.items():
            found.tried |= {(payload, table, column) for column in columns}
        town.woman(1000 + nth, practice=PRACTICES[nth % 2], client=payload, **dict.fromkeys(FREE["personen"], payload))
        town.tables["vragenlijst"][-1]["toestemming_versie"] = payload
        fits = len(payload) <= 20  # else her row is set aside, and she need not be drawn
        short = dict.fromkeys(SHORT["personen"], payload)
        town.woman(2000 + nth, practice=PRACTICES[nth % 2], questionnaire=fits, **short)
        found.tried |= {(payload, "personen", column) for column in SHORT["personen"]}
    others = [
        (table, column)
        for table in QUARTERLY
        for column in _columns(town, table)
        if column not in (*FREE.get(table, ()), *SHORT.get(table, ()))
    ]
    for nth, (table, column) in enumerate(others):
        for at, payload in enumerate(found.payloads):
            who = 10_000 + 1000 * nth + at
            row = dict(next(iter(town.tables[table] or [{}])))
            row |= {key: bsn(who) for key in row if key.startswith("burgerservicenummer")} | {column: payload}
            town.tables[table].append(row)
            found.tried.add((payload, table, column))
    return town


def _columns(town: Town, table: str) -> list[str]:
    if not town.tables[table]:
        town.event(900, "bezwaar", "20240301") if table == "meldingen" else town.child(900, 901, "20200101")
    return list(town.tables[table][0])


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    place = tmp_path_factory.mktemp("attacked")
    (place / "tmp").mkdir()
    sentinel = place / "it-lives"
    payloads = tuple(one for family in texts(str(sentinel)).values() for one in part(family, 10))
    found = Attacked(place / "w", place / "out", sentinel, payloads)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("TMPDIR", str(place / "tmp"))
        patch.setattr("tempfile.tempdir", None)
        import matplotlib.font_manager  # noqa: F401 - it asks the system for fonts, once, before anything is watched

        patch.setenv("SMARTSTART_KEYS", str(place / "keys"))
        town = hostile_town(found)
        extracts = town.write(place / "in", [name for name in QUARTERLY if name != "vragenlijst"])
        columns = dict.fromkeys(key for row in town.tables["vragenlijst"] for key in row)
        write_csv(extracts / "vragenlijst.csv", columns, town.tables["vragenlijst"])
        found.do("init", found.workspace, "--rehearsal", w=False)
        _hostile_programme(found)
        found.do("check", extracts, "--as-of", AS_OF, "--xlsx", found.out / "check.xlsx")
        run = ("run", "quarterly", "--extracts", extracts, "--period", "2024Q1", "--as-of", AS_OF)
        found.do(*run, "--json")
        _everything(found)
        yield found
    import tempfile

    tempfile.tempdir = None


def _hostile_programme(found: Attacked) -> None:
    """Every sixth payload, one after the other, in each text of the programme that is printed."""
    path = found.workspace / "programme.yaml"
    stated = yaml.safe_load(path.read_text("utf-8"))
    places = [("municipality", "name"), *(("contact", key) for key in ("name", "phone", "email"))]
    places += [("score", "owner"), ("score", "reason")]
    for nth, (section, key) in enumerate(places):
        stated[section][key] = " ".join(found.payloads[nth :: len(places)])
        found.tried |= {(one, section, key) for one in found.payloads[nth :: len(places)]}
    path.write_text(yaml.safe_dump(stated, allow_unicode=False), "utf-8")


def _everything(found: Attacked) -> None:
    """Everything that shows what strangers wrote."""
    out = found.out
    offered = [nth for nth in range(1000, 1000 + len(found.payloads)) if nth in found_offered(found)]
    how = ("--on", "2024-04-03", "--owner", "projectleider", "--reason", "by telephone")
    for nth in offered[:2]:
        found.do("trial", "event", "aanvaard", *how, typed=bsn(nth))
    found.do("quarantine", "--xlsx", out / "quarantine.xlsx")
    found.do("quarantine", "--json")
    found.do("status", "--xlsx", out / "status.xlsx")
    found.do("lists", "handover", "--out", out / "overdracht.pdf", "--as-of", "2024-04-05")
    found.do("lists", "pack", "--out", out / "uit", "--as-of", "2024-04-05")
    found.do("letters", "information", "--out", out / "brieven")
    found.do("letters", "own-page", "--out", out / "eigen.pdf", typed=bsn(offered[0]))
    found.do("report", "--out", out / "report", "--draft")
    found.do("register-entry", "--out", out / "register")
    found.do("dpia-annex", "--out", out / "dpia")
    found.do("checklist", "consort", "--out", out / "consort")
    found.do("trial", "plan", "--out", out / "plan.html")
    found.do("trial", "rehearse", "--towns", "5", "--years", "1", "--out", out / "raad.html")
    found.do("privacy", "show", typed=bsn(offered[1]))
    found.do("privacy", "export", "--out", out / "inzage.zip", typed=bsn(offered[1]))
    found.do("export", "--without-arm", "--out", out / "set.zip", *OWNED)
    found.do("trial", "verify")
    found.do("trial", "flow")


def found_offered(found: Attacked) -> set[int]:
    with find_workspace(found.workspace).open() as (warehouse, vault):
        drawn = {row["research_id"] for row in warehouse.rows("SELECT research_id FROM allocation WHERE arm = 'offer'")}
        known = vault.known_ids(bsn(nth) for nth in range(1000, 1000 + len(found.payloads)))
    return {nth for nth in range(1000, 1000 + len(found.payloads)) if known.get(bsn(nth)) in drawn}


def made_files(found: Attacked) -> Iterator[tuple[str, bytes]]:
    """Every file that the commands left, with those in the containers that its passphrase opens."""
    keys = find_workspace(found.workspace).keys_folder
    phrases = [path.read_text("utf-8").strip() for path in keys.glob("*.txt")]
    for folder in (found.out, found.workspace / "lists"):
        for path in sorted(folder.rglob("*")):
            if path.suffix == ".zip":
                yield from _opened(path, phrases)
            elif path.is_file() and path.name != "overdracht.pdf":
                yield path.name, path.read_bytes()


def _opened(path: Path, phrases: list[str]) -> Iterator[tuple[str, bytes]]:
    for phrase in phrases:
        with contextlib.suppress(RuntimeError), AESZipFile(path) as packed:
            packed.setpassword(phrase.encode())
            yield from [(name, packed.read(name)) for name in packed.namelist()]
            return
    raise AssertionError(f"{path.name} was opened by no passphrase")


def test_nothing_is_started_called_or_written_outside_its_place(attacked: Attacked) -> None:
    assert attacked.did == []
    assert not attacked.sentinel.exists()
    assert not (attacked.sentinel.parent / "kanarie").exists()


def test_no_file_that_is_made_can_act(attacked: Attacked) -> None:
    held = list(made_files(attacked))
    assert {Path(name).suffix for name, _ in held} >= {".xlsx", ".pdf", ".docx", ".html", ".csv"}
    assert {(name, what) for name, content in held for what in acts_in(name, content)} == set()


def test_most_payloads_stand_on_a_list_as_they_were_written(attacked: Attacked) -> None:
    words = "".join(
        "".join(_words(name, content).split()) for name, content in made_files(attacked) if name.endswith(".xlsx")
    )
    shown = [one for one in attacked.payloads if "".join(re.sub(ACTING, "", one).split()) in words]
    assert len(shown) > len(attacked.payloads) / 3  # the half that was offered, but for what its contract set aside


def _words(name: str, content: bytes) -> str:
    from openpyxl import load_workbook

    return " ".join(
        str(cell)
        for sheet in load_workbook(io.BytesIO(content))
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    )


def test_no_byte_that_a_terminal_obeys_is_printed(attacked: Attacked) -> None:
    assert [
        (done.command[:2], found.group()) for done in attacked.said for found in [ACTING.search(done.text)] if found
    ] == []


def test_the_tables_and_what_they_add_up_to_are_as_without_an_attack(attacked: Attacked, tmp_path: Path) -> None:
    plain = init(tmp_path / "plain")
    tables = (
        "SELECT schema_name AS s, table_name AS t FROM duckdb_tables()"
        " WHERE database_name = 'warehouse' AND schema_name <> 'register'"
    )
    with find_workspace(plain).open() as (warehouse, _):
        expected = {(row["s"], row["t"]) for row in warehouse.rows(tables)}
    with find_workspace(attacked.workspace).open() as (warehouse, _):
        found = {(row["s"], row["t"]) for row in warehouse.rows(tables)}
        drawn = warehouse.rows("SELECT count(*) AS n, count(DISTINCT research_id) AS women FROM allocation")[0]
    assert found == expected
    report = next(done for done in attacked.said if done.command[0] == "run").json
    assert drawn["n"] == drawn["women"] == sum(report["allocated"].values()) > len(attacked.payloads)
    for file in report["files"]:
        assert file["rows_in"] == sum(
            file[way] for way in ("accepted", "quarantined", "duplicates", "superseded", "refused")
        )


def test_a_page_has_the_same_elements_as_without_an_attack(attacked: Attacked, tmp_path: Path) -> None:
    plain = copied(attacked.workspace, tmp_path / "w")
    shutil_programme(plain)
    for words in (
        ("report", "--out", tmp_path / "report", "--draft"),
        ("trial", "plan", "--out", tmp_path / "plan.html"),
        ("register-entry", "--out", tmp_path / "register"),
        ("dpia-annex", "--out", tmp_path / "dpia"),
        ("checklist", "consort", "--out", tmp_path / "consort"),
        ("trial", "rehearse", "--towns", "5", "--years", "1", "--out", tmp_path / "raad.html"),
    ):
        assert smartstart(*words, w=plain).code == 0, words
    harmless = {path.name: Elements(path.read_text("utf-8")).found for path in tmp_path.rglob("*.html")}
    hostile = {
        name: Elements(content.decode()).found for name, content in made_files(attacked) if name.endswith(".html")
    }
    compared = [name for name in hostile if name in harmless]
    assert len(compared) >= 5
    assert {name: hostile[name] - harmless[name] for name in compared if hostile[name] - harmless[name]} == {}


def shutil_programme(workspace: Path) -> None:
    """Put ordinary names back."""
    path = workspace / "programme.yaml"
    stated = yaml.safe_load(path.read_text("utf-8"))
    shipped_one = yaml.safe_load((shipped("configs") / "programmes" / "heusden.yaml").read_text("utf-8"))
    stated |= {name: shipped_one[name] for name in ("municipality", "contact", "score")}
    path.write_text(yaml.safe_dump(stated), "utf-8")


def test_in_a_browser_no_page_runs_or_loads_anything(attacked: Attacked, tmp_path: Path) -> None:
    from test_pages_in_a_browser import CHROMIUM

    if CHROMIUM is None:
        pytest.skip("no Chromium: install the package chromium to see the pages in a real browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        shown: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        page.on("dialog", lambda one: shown.append(one.message))
        addresses = []
        for number, (name, content) in enumerate(made_files(attacked)):
            if name.endswith((".html", ".svg")):
                path = tmp_path / f"{number}-{Path(name).name}"
                path.write_bytes(content)
                addresses.append(path.as_uri())
                page.goto(path.as_uri())
                assert page.evaluate("typeof window.kanarie") == "undefined", name
        browser.close()
    assert len(addresses) >= 5
    assert sorted(asked) == sorted(addresses) and shown == []


# --- each payload on each kind of paper ------------------------------------------------------------------------


def papers(names: tuple[str, ...]) -> Iterator[pages.Page]:
    """Every list that names people, with these as names, client numbers, addresses, practice and municipality."""
    joined, numbered = " ".join(names), list(enumerate(names))
    invited = tuple(Invitation(x, x, 14, "week 13–15", AS_OF) for x in names)
    yield invitation_page(PracticeList(joined, joined, joined, "2024Q1", AS_OF, joined, False, invited))
    recalled = tuple(Recalled(x, x, x, AS_OF) for _, x in numbered)
    yield RecallList(joined, joined, joined, AS_OF, False, recalled, unnamed=False).page()
    due = tuple(QuestionnaireDue(x, AS_OF, "eindmeting", AS_OF, AS_OF) for x in names)
    yield QuestionnairesDue(joined, joined, AS_OF, False, due).page()
    yield HandOver(joined, joined, AS_OF, False, tuple(HandedOver(x, x, x, x) for x in names)).page()


def test_on_every_list_in_every_form_every_payload_is_only_text(tmp_path: Path) -> None:
    sentinel = tmp_path / "it-lives"
    names = tuple(one for family in texts(str(sentinel)).values() for one in family)
    template = (shipped("configs") / "letters" / "uitnodigingslijst.docx").read_bytes()
    found: list[tuple[str, str]] = []
    with watched(tmp_path, Path("/tmp")) as seen:
        for nth, page in enumerate(papers(names)):
            made = {"x.xlsx": page_workbook(page), "x.pdf": page_pdf(page)}
            if nth == 0:
                made["x.docx"] = list_docx(page, template, "x.docx", PLAIN)
            found += [(name, what) for name, content in made.items() for what in acts_in(name, content)]
            note("lists", len(names) * len(made) * len(page.columns))
    assert found == []
    assert seen.started == seen.called == []
    assert not sentinel.exists()


# --- the terminal ---------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    """A stream that says it is a terminal, so that nothing is taken out on the way."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(*words: object) -> str:
    out = Terminal()
    with (
        mock.patch.object(sys, "argv", ["smartstart", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        contextlib.suppress(SystemExit),
    ):
        from smartstart.cli.main import main

        main()
    return out.getvalue()


def test_a_name_of_a_file_moves_no_cursor_and_begins_no_line_on_a_terminal(attacked: Attacked, tmp_path: Path) -> None:
    names = [one.replace("/", "_").replace("\0", "")[:60] for one in attacked.payloads if one not in {".", ".."}]
    (tmp_path / "in").mkdir()
    for nth, name in enumerate(names):
        for stem in (f"personen_{nth}{name}.csv", f"vreemd_{nth}{name}.csv", f"wonen-{nth}{name}.exe"):
            (tmp_path / "in" / stem).write_text("a;b\n1;2\n", "utf-8")
            attacked.tried |= {(attacked.payloads[nth % len(attacked.payloads)], "file name", stem[:4])}
    told = on_a_terminal("check", tmp_path / "in")
    told += on_a_terminal(
        "run", "quarterly", "--extracts", tmp_path / "in", "--period", "2024Q1", "-w", attacked.workspace
    )
    told += on_a_terminal("lists", "return", *(tmp_path / "in").glob("wonen*"), "-w", attacked.workspace)
    told += on_a_terminal("check", "-w", attacked.workspace, *(tmp_path / "in").glob("vreemd*"))
    assert "personen_1" in told and "wonen-3" in told
    assert "\x1b[38;5;77m" not in told
    told = COLOUR.sub("", told.replace("\r\n", "\n").replace("\r\x1b", "\x1b"))
    obeyed = [repr(told[max(0, one.start() - 60) : one.end() + 60]) for one in ACTING.finditer(told)]
    assert obeyed == []
    assert not [line for line in told.splitlines() if line.startswith(("Error: all is well", "2024-04-02 INFO"))]


@pytest.mark.parametrize("typed", ["980000012", "Kanariënvliet", "KANARIE-00001", "\x1b[2J"])
@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("trial", "erase"),
        ("trial", "event"),
        ("privacy", "show"),
        ("privacy", "object"),
        ("lists", "build"),
        ("nobody",),
        ("model", "explain"),
        ("letters", "own-page"),
        ("doctor",),
        ("trial", "draw"),
        ("trial",),
    ],
)
def test_no_command_takes_a_person_as_an_argument_or_repeats_one(command: tuple[str, ...], typed: str) -> None:
    done = smartstart(*command, typed, typed)
    assert done.code == 2
    assert typed not in done.text


def test_payloads_times_columns_are_counted(attacked: Attacked) -> None:
    assert sum(map(len, texts(str(attacked.sentinel)).values())) >= 120
    assert len(attacked.tried) >= len(attacked.payloads) * 40
    for name, family in texts(str(attacked.sentinel)).items():
        note(
            name,
            len([1 for one, _, _ in attacked.tried if one in family]),
            payloads=len(family),
            columns=len({(table, column) for one, table, column in attacked.tried if one in family}),
        )
