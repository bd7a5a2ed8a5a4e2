"""The council's report, from the command line: three files that say the same, drafts, releases, and what is refused."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from harness import is_one_sentence, ok, smartstart
from openpyxl import load_workbook
from pypdf import PdfReader

from smartstart.report.council.attack import given_away

OWNED = ("--owner", "stuurgroep", "--reason", "voor de raad")


@pytest.fixture(scope="module")
def real(demo_as_if_real: Any) -> Path:
    return Path(demo_as_if_real.folder / "workspace")


@pytest.fixture
def town(real: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(real, tmp_path / "workspace"))


def test_the_report_is_a_page_a_workbook_and_a_pdf_that_say_the_same(real: Path, tmp_path: Path) -> None:
    made = ok("report", "--out", tmp_path / "out", "--json", w=real).json
    html, xlsx, pdf = (Path(file) for file in made["files"])
    assert [file.suffix for file in (html, xlsx, pdf)] == [".html", ".xlsx", ".pdf"]
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in (html, xlsx, pdf))
    page = html.read_text("utf-8")
    assert 'lang="nl"' in page and not re.search(r"<script|https?://(?!www\.w3\.org)|src=|@import|url\((?!#)", page)
    assert page.count("<section") == 8 and page.count("<caption>") >= 6
    printed = " ".join(PdfReader(io.BytesIO(pdf.read_bytes())).pages[0].extract_text().split())
    book = load_workbook(xlsx)
    about = " ".join(str(row[0].value) for row in book.worksheets[0].iter_rows())
    for sentence in made["sentences"]:
        assert sentence in page and sentence in printed and sentence in about
    women = {row[0].value: row[1].value for row in book["who"].iter_rows(min_row=5)}
    assert women["Geloot: alle groepen samen"] == made["shown"]["taken"]["drawn"]["all"]
    assert len(book.worksheets) == 1 + page.count("<caption>")


def test_the_same_data_give_the_same_bytes(real: Path, tmp_path: Path) -> None:
    first, second = (ok("report", "--out", tmp_path / name, "--json", w=real).json["files"] for name in ("a", "b"))
    for one, other in zip(first, second, strict=True):
        assert Path(one).read_bytes() == Path(other).read_bytes()


def test_between_the_looks_no_arm_stands_by_itself_anywhere(real: Path, tmp_path: Path) -> None:
    made = ok("report", "--out", tmp_path, "--lang", "en", "--json", w=real)
    assert made.json["state"] == "too_early" and "care_as_usual" not in made.out
    texts = [Path(made.json["files"][0]).read_text("utf-8")]
    book = load_workbook(made.json["files"][1])
    texts += [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any("Drawn: the offer" in text or "Drawn: care as usual" in text for text in texts)


def test_everything_that_is_written_passed_the_gate(real: Path, tmp_path: Path) -> None:
    """No number in the files but those that were released, years, hashes and what the programme states."""
    made = ok("report", "--out", tmp_path, "--json", w=real).json
    assert given_away([made["shown"]]) == []
    book = load_workbook(made["files"][1])
    sheets = [book[name] for name in ("who", "practices") if name in book.sheetnames]
    cells = [cell.value for sheet in sheets for row in sheet.iter_rows(min_row=5) for cell in row[1:]]
    counts = [value for value in cells if isinstance(value, int)]
    assert counts and all(count >= 10 and count % 5 == 0 for count in counts)


def test_real_data_released_by_nobody_are_a_draft(real: Path, tmp_path: Path) -> None:
    drafted = ok("report", "--out", tmp_path / "a", "--json", w=real).json
    assert drafted["draft"] and "CONCEPT" in Path(drafted["files"][0]).read_text("utf-8")
    again = ok("report", "--draft", "--out", tmp_path / "b", "--json", w=real).json
    assert again["draft"] and not (real / "releases").exists()


def test_a_release_is_recorded_with_who_and_why_and_what_was_shown(town: Path, tmp_path: Path) -> None:
    made = ok("report", *OWNED, "--out", tmp_path / "out", "--json", w=town).json
    assert not made["draft"]
    page = Path(made["files"][0]).read_text("utf-8")
    assert "CONCEPT" not in page and "stuurgroep" in page
    kept = [json.loads(path.read_text("utf-8")) for path in (town / "releases").glob("*.json")]
    assert [(one["owner"], one["reason"]) for one in kept] == [("stuurgroep", "voor de raad")]
    assert kept[0]["shown"] == made["shown"]
    entries = [json.loads(line) for line in (town / "ledger" / "ledger.jsonl").read_text("ascii").splitlines()]
    assert entries[-1]["kind"] == "note" and "by stuurgroep: voor de raad" in entries[-1]["body"]["text"]


def test_the_same_release_again_is_noted_once_and_stands_beside_the_first(town: Path, tmp_path: Path) -> None:
    for _ in range(2):
        ok("report", *OWNED, "--out", tmp_path / "out", w=town)
    assert len(list((town / "releases").glob("*.json"))) == 1
    entries = (town / "ledger" / "ledger.jsonl").read_text("ascii")
    assert entries.count("report released") == 1


def test_a_release_that_is_gone_or_changed_stops_the_next_report(town: Path, tmp_path: Path) -> None:
    ok("report", *OWNED, "--out", tmp_path / "first", w=town)
    kept = next((town / "releases").glob("*.json"))
    for spoil in (lambda: kept.write_text(kept.read_text("utf-8").replace("55", "60"), "utf-8"), kept.unlink):
        spoil()
        refused = smartstart("report", "--out", tmp_path / "out", w=town)
        assert is_one_sentence(refused, 5) and kept.name in refused.err and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [("--lang", "de"), ("--owner", "stuurgroep"), ("--reason", "x"), ("--draft", *OWNED)],
)
def test_what_does_not_go_together_is_refused_and_nothing_is_written(
    real: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    assert is_one_sentence(smartstart("report", *words, "--out", tmp_path / "out", w=real), 2)
    assert not (tmp_path / "out").exists()


def test_before_the_first_draw_there_is_nothing_to_report(empty: Path, tmp_path: Path) -> None:
    assert is_one_sentence(smartstart("report", "--out", tmp_path / "out", w=empty), 5)
