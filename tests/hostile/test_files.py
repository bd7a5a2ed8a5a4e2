"""Hostile files at every door: refused in a sentence with a documented exit code, and nothing of them ever acts."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
import yaml
from docx import Document
from harness import copied, init, quarterly, smartstart, town_of
from hostile_files import SHEET, everything, with_parts, workbook
from payloads import texts
from results import note, part
from watch import ACTING, Elements, watched

from smartstart.errors import UsageError
from smartstart.extracts.reading import read_table
from smartstart.programme.instruments import load_instrument
from smartstart.report.contracts_page import contracts_page
from smartstart.resources import shipped
from smartstart.workspace import contracts_with, find_workspace

Door = Callable[[Path, bytes], tuple[object, ...]]


def by_name(*names: str, command: tuple[object, ...] = ("check",)) -> Door:
    def put(place: Path, content: bytes) -> tuple[object, ...]:
        paths = [place / name for name in names]
        for path in paths:
            path.write_bytes(content)
        return (*command, *paths)

    return put


def in_workspace(name: str, *command: object) -> Door:
    def put(place: Path, content: bytes) -> tuple[object, ...]:
        path = place / "w" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return (*command, "-w", place / "w")

    return put


def a_directory(place: Path, content: bytes) -> tuple[object, ...]:
    for name in ("voorzieningen.yaml", "gemeenten.yaml"):
        (place / name).write_bytes(content)
    return ("provision", "capacity", "--directory", place)


def a_delivery(place: Path, content: bytes) -> tuple[object, ...]:
    for name in ("personen.csv", "vragenlijst.xlsx", "inkomen.ods", "wonen.parquet", "manifest.sha256"):
        (place / name).write_bytes(content)
    return ("run", "quarterly", "--extracts", place, "--period", "2024Q2", "--as-of", "2024-07-02", "-w", place / "w")


# Where a file of a stranger comes in, and which families are tried there.
DOORS: dict[str, tuple[set[str], Door]] = {
    "check, workbook": ({"zip", "xml", "pickle", "tar", "json", "yaml"}, by_name("personen.xlsx")),
    "check, ODS": ({"zip", "xml", "pickle"}, by_name("personen.ods")),
    "check, Parquet": ({"zip", "pickle", "json"}, by_name("personen.parquet")),
    "check, CSV": ({"zip", "xml", "pickle", "tar", "json", "yaml"}, by_name("personen.csv")),
    "run, delivery": ({"zip", "xml", "pickle"}, a_delivery),
    "programme for init": (
        {"yaml", "json", "pickle", "xml"},
        by_name("own.yaml", command=("init", "new", "--programme")),
    ),
    "programme of a workspace": ({"yaml", "json", "pickle"}, in_workspace("programme.yaml", "status")),
    "provisions": ({"yaml", "json", "pickle"}, a_directory),
    "agreement": (
        {"yaml", "json", "pickle"},
        by_name("agreement.yaml", command=("trial", "pool", "none.json", "--agreement")),
    ),
    "summary": ({"json", "pickle", "zip"}, by_name("a.json", "b.json", command=("trial", "pool"))),
    "backup": ({"tar", "zip", "pickle", "json"}, by_name("b.tar", command=("restore",))),
    "mark of a workspace": ({"json", "yaml", "pickle"}, in_workspace("workspace.json", "status")),
    "analysed file": (
        {"zip", "xml", "pickle", "json"},
        by_name(
            "t.xlsx", command=("trial", "analyse", "--arm", "a", "--control", "0", "--outcome", "b", "--kind", "binary")
        ),
    ),
    "ledger": ({"json", "pickle", "zip"}, in_workspace("ledger/ledger.jsonl", "trial", "verify")),
    "nonce": ({"json", "pickle", "zip"}, by_name("nonce.txt", command=("trial", "draw", "--nonce-file"))),
    "number of a client": ({"json", "pickle", "zip"}, by_name("nummer.txt", command=("privacy", "show", "--client"))),
    "returned list": ({"zip", "xml", "pickle"}, by_name("terug.xlsx", command=("lists", "return"))),
    "letter template": ({"zip", "xml", "pickle"}, in_workspace("huisstijl/uitnodigingslijst.docx", "lists", "pack")),
}
NEED_WORKSPACE = {"nonce", "number of a client", "returned list", "analysed file"}
HARMLESS_SHEET = {"xlsx: xinclude", "formula with a cached value"}  # read as what they show


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ready")
    workspace = init(place / "w")
    assert quarterly(workspace, town_of(12).write(place / "in")).code == 0
    return workspace


@pytest.fixture(scope="module")
def sentinel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sentinel") / "it-lives"


@pytest.fixture(scope="module")
def hostile(sentinel: Path) -> list[tuple[str, str, bytes]]:
    return list(everything(str(sentinel)))


@pytest.mark.parametrize("door", DOORS)
def test_at_every_door_a_hostile_file_is_refused_in_a_sentence(
    door: str,
    ready: Path,
    hostile: list[tuple[str, str, bytes]],
    sentinel: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    families, put = DOORS[door]
    keys = find_workspace(ready).keys_folder
    secret = Path("/etc/passwd").read_text("utf-8").splitlines()[0]
    wrong, tried = [], 0
    place = tmp_path / "place"
    place.mkdir()
    copied(ready, place / "w")  # each file takes the place of the one before: nothing of them is ever taken in
    monkeypatch.chdir(place)
    for _family, name, content in part([one for one in hostile if one[0] in families], 9):
        words = put(place, content)
        if door == "backup":
            words = (*words, place / f"restored{tried}")
        if door in NEED_WORKSPACE:
            words = (*words, "-w", place / "w")
        if door == "letter template":
            words = (*words, "--out", place / "out", "--as-of", "2024-04-05")
        before = set(keys.rglob("*"))
        with watched(tmp_path, keys) as seen:
            done = smartstart(*words, typed="")
        tried += 1
        told = done.err.splitlines()
        broken = (
            "unexpected fault" in done.err or "Traceback" in done.text or ACTING.search(done.text.replace("\r\n", "\n"))
        )
        lied = [line for line in told if line.startswith("Error: all is well")]
        if done.code not in {2, 3, 4, 5} or broken or lied or not told:
            wrong.append((name, done.code, done.err[:200]))
        if seen.all or sentinel.exists() or secret in done.text or set(keys.rglob("*")) - before:
            wrong.append((name, "it lives", *map(str, seen.all)))
    assert tried >= 2
    assert wrong == []
    note(f"files: {door}", tried, payloads=tried, columns=1)


def test_hostile_files_are_many(hostile: list[tuple[str, str, bytes]]) -> None:
    assert len(hostile) >= 120


@pytest.mark.parametrize(
    "acts",
    [
        'TargetMode="External"',
        "<w:instrText>DDEAUTO c:\\x</w:instrText>",
        "<w:instrText> INCLUDEPICTURE x </w:instrText>",
        "<w:object><o:OLEObject/></w:object><!-- oleObject -->",
        "<!DOCTYPE x>",
        '<w:altChunk r:id="x"/>',
    ],
)
def test_a_template_that_acts_when_it_is_opened_is_refused(acts: str, ready: Path, tmp_path: Path) -> None:
    from hostile_files import with_parts

    workspace = copied(ready, tmp_path / "w")
    document = Document()
    document.add_paragraph("{{ eerste_regel }}")
    (workspace / "huisstijl").mkdir()
    path = workspace / "huisstijl" / "uitnodigingslijst.docx"
    document.save(str(path))
    path.write_bytes(with_parts(path.read_bytes(), {"word/more.xml": f"<x {acts}/>".encode()}))
    done = smartstart("lists", "pack", "--out", tmp_path / "out", "--as-of", "2024-04-05", w=workspace)
    assert done.code == 2
    assert "take that out" in done.err and not list((tmp_path / "out").glob("*.zip"))
    note("letter template that acts", 1)


def test_a_file_named_as_the_wrong_thing_is_named_and_never_followed(ready: Path, tmp_path: Path) -> None:
    """Links, devices and folders in a delivery, and a manifest that names what lies elsewhere."""
    folder = town_of(6).write(tmp_path / "in")
    (folder / "personen_2.csv").symlink_to("/etc/passwd")
    (folder / "wonen_2.xlsx").symlink_to(tmp_path / "nowhere")
    (folder / "inkomen_2.csv").mkdir()
    (folder / "manifest.sha256").write_text(f"{'0' * 64} ../../../etc/passwd\n{'0' * 64} /etc/passwd\n", "utf-8")
    done = smartstart("run", "quarterly", "--extracts", folder, "--period", "2024Q2", "--as-of", "2024-07-02", w=ready)
    assert done.code == 3
    assert done.err.count("not a checksum and a file name") == 2
    assert "a link to a file elsewhere" in done.err and "root:" not in done.text


@pytest.mark.parametrize("option", ["../../../uit.zip", "/proc/nope/uit.zip", "uit.zip/x"])
def test_an_output_goes_where_its_name_says_or_nowhere(
    option: str, ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c" / "uit.zip").write_text("a file", "utf-8")
    monkeypatch.chdir(tmp_path / "a" / "b" / "c")
    done = smartstart(
        "export",
        "--without-arm",
        "--out",
        option,
        "--owner",
        "FG",
        "--reason",
        "made up",
        w=copied(ready, tmp_path / "w"),
    )
    assert done.code == (0 if option.startswith("..") else 5), done.err
    assert "unexpected" not in done.err


def test_the_sheet_that_is_used_here_can_be_read() -> None:
    assert "{}" in SHEET and workbook().startswith(b"PK")


def test_the_names_of_sheets_are_never_looked_at(tmp_path: Path) -> None:
    """The first sheet is read whatever it is called, and what the others are called is neither read nor said."""
    path = tmp_path / "personen.xlsx"
    names = [one for family in texts(str(tmp_path / "it-lives")).values() for one in family]
    title = b'name="Sheet"'
    read = []
    for name in part(names, 5):
        book = workbook([["a", "b"], ["1", "2"]])
        with zipfile.ZipFile(io.BytesIO(book)) as parts:
            listed = parts.read("xl/workbook.xml")
        assert title in listed
        said = f"name={quoteattr(''.join(filter(str.isprintable, name)))}".encode()
        path.write_bytes(with_parts(book, {"xl/workbook.xml": listed.replace(title, said)}))
        with watched(tmp_path) as seen:
            records = read_table(path)
        assert seen.all == []
        read.append((records.header, records.frame.rows()))
    assert len(read) >= 30 and all(one == (("a", "b"), [(1, "1", "2")]) for one in read)
    assert not (tmp_path / "it-lives").exists()


def test_what_an_instrument_says_is_only_text_on_pages_and_in_columns(tmp_path: Path) -> None:
    """Its title and its caution are shown; its items are names of columns, and those are plain."""
    names = [one for family in texts(str(tmp_path / "it-lives")).values() for one in family]
    shipped_one = yaml.safe_load((shipped("configs") / "instruments" / "welbevinden_voorbeeld.yaml").read_text("utf-8"))
    path, shown = tmp_path / "eigen.yaml", 0
    path.write_text(yaml.safe_dump(shipped_one), "utf-8")
    ordinary = Elements(contracts_page(contracts_with([load_instrument(path)]), {}).decode()).found
    for name in part(names, 5):
        path.write_text(yaml.safe_dump(shipped_one | {"title": name, "caution": name}), "utf-8")
        with watched(tmp_path) as seen, contextlib.suppress(UsageError):
            load_instrument(path)
            page = contracts_page(contracts_with([load_instrument(path)]), {})
            assert Elements(page.decode()).found <= ordinary
            shown += 1
        assert seen.all == []
        path.write_text(yaml.safe_dump(shipped_one | {"items": [shipped_one["items"][0] | {"item": name}]}), "utf-8")
        with pytest.raises(UsageError, match=r"eigen\.yaml"):
            load_instrument(path)
    assert shown >= 30 and not (tmp_path / "it-lives").exists()
