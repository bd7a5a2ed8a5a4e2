"""Lists as a printer sees them, by a renderer that is not the one that made them."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from smartstart.outreach.invitations import Invitation, PracticeList
from smartstart.outreach.pdf import page_pdf
from smartstart.outreach.wording import invitation_page


def debian_tool(name: str, package: str) -> str:
    """Return a program of a Debian package; without it the test is skipped, or fails in continuous integration."""
    found = shutil.which(name)
    if found is None:
        sentence = f"{name} is missing: install the Debian package {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


@pytest.fixture
def printed(tmp_path: Path) -> Path:
    women = tuple(
        Invitation(f"C{n:07d}", f"Fenna van der Proefstra-{n}", 14, "week 13–15", date(2024, 4, 12)) for n in range(15)
    )
    page = PracticeList("08990011", "Heusden", "Projectteam", "2024Q1", date(2024, 4, 2), "2024Q1", True, women)
    path = tmp_path / "list.pdf"
    path.write_bytes(page_pdf(invitation_page(page)))
    return path


def test_fifteen_women_print_on_one_a4_with_embedded_fonts(printed: Path) -> None:
    info = subprocess.run(
        [debian_tool("pdfinfo", "poppler-utils"), str(printed)], capture_output=True, text=True, check=True
    ).stdout
    assert "A4" in info and "Pages:           1" in info
    fonts = subprocess.run(
        [debian_tool("pdffonts", "poppler-utils"), str(printed)], capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    assert fonts and all(line.split()[-5] == "yes" for line in fonts)


def test_nothing_is_printed_in_the_margin_that_printers_leave_white(printed: Path, tmp_path: Path) -> None:
    tool = debian_tool("pdftoppm", "poppler-utils")
    subprocess.run([tool, "-gray", "-r", "50", str(printed), str(tmp_path / "page")], check=True)
    (picture,) = tmp_path.glob("page*.pgm")
    header, pixels = picture.read_bytes().split(b"\n255\n", 1)
    width, height = map(int, header.split()[-2:])
    margin = int(50 * 5 / 25.4)  # five millimetres
    dark = [divmod(i, width) for i, value in enumerate(pixels) if value < 200]
    assert len(dark) > 1000
    assert all(margin <= x < width - margin and margin <= y < height - margin for y, x in dark)
