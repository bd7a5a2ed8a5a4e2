"""The pages that the code can tell are true, and the documents build as a site that needs nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))
make_reliability = pytest.importorskip("make_reliability", reason="the tools are not part of this installation")
pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not part of this installation")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_generated_reference_is_that_of_the_code() -> None:
    done = run("tools/make_reference.py", "--check")
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nMake it again with: make docs"


def test_every_failure_names_tests_that_exist() -> None:
    assert make_reliability.unknown_tests() == []


def test_the_page_of_failures_is_made_of_what_was_found(request: pytest.FixtureRequest) -> None:
    """How many cases a test has is known once all of them are collected; else that column is left out of it."""
    cases = make_reliability.collected(item.nodeid for item in request.session.items)
    whole = request.session.config.args == ["tests"]
    made, kept = make_reliability.page(cases), make_reliability.PAGE.read_text("utf-8")
    if not whole:
        made, kept = (re.sub(r"\d+ cases", "cases", text) for text in (made, kept))
    assert made == kept, "Make it again with: python tools/make_reliability.py"


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = run(
        "-m", "mkdocs", "build", "--quiet", "--strict", "--config-file", "tools/mkdocs.yml", "--site-dir", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    pages = {path: path.read_text("utf-8") for path in tmp_path.rglob("*.html")}
    assert len(pages) >= len([*(ROOT / "docs").rglob("*.md")])
    foreign = re.compile(r"""<(?:script|link|img|iframe|source)[^>]*?(?:src|href)=["']?(?:https?:)?//[^>]*""")
    assert {path.name: hit[0] for path, text in pages.items() if (hit := foreign.search(text))} == {}
    styles = [path.read_text("utf-8") for path in tmp_path.rglob("*.css")]
    assert not any(re.search(r"url\(\s*[\"']?https?:", style) for style in styles)
