"""Take pictures of the council's page: on a telephone, on a laptop, and as it comes out of a printer.

Every state of the answer is shown, in Dutch, and one in English; the women are made up. Chromium draws the pages. The
picture of a list that the documents show is taken of the demo, which draws the same in every run.
"""

from __future__ import annotations

import shutil
import subprocess  # nosec B404
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "unit"), str(ROOT / "tests" / "functional")]
from harness import ok, same_secrets  # noqa: E402
from test_council_words import EN, NL, STATES, at  # noqa: E402 - the tests have made-up towns in every state

from smartstart.report.council.content import document  # noqa: E402
from smartstart.report.council.gate import release  # noqa: E402
from smartstart.report.council.page import html_page  # noqa: E402

SHOWN_LIST = ROOT / "docs" / "pictures" / "invitation-list.png"
PART_OF_PAGE = ("-r", "90", "-x", "0", "-y", "0", "-W", "745", "-H", "470")  # the upper half of an A4
SCREENS = {"telephone": (320, 640), "laptop": (1280, 800)}


def main(folder: Path) -> None:
    """Write the pictures into a folder, or say what is missing."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    pdftoppm = shutil.which("pdftoppm")
    if chromium is None or pdftoppm is None:
        sys.exit("Install the packages chromium and poppler-utils, then make pictures again.")
    folder.mkdir(parents=True, exist_ok=True)
    shown = [(state, NL) for state in STATES] + [("difference", EN)]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for state, words in shown:
            page = folder / f"{state}-{words.language}.html"
            page.write_bytes(html_page(document(release(at(state)), words, draft=True), words))
            for name, (width, height) in SCREENS.items():
                tab = browser.new_page(viewport={"width": width, "height": height})
                tab.goto(page.resolve().as_uri())
                tab.screenshot(path=folder / f"{page.stem}-{name}.png", full_page=True)
                tab.close()
            tab = browser.new_page()
            tab.goto(page.resolve().as_uri())
            tab.pdf(path=folder / f"{page.stem}-print.pdf", format="A4", prefer_css_page_size=True)
            tab.close()
            printed = folder / f"{page.stem}-print"
            subprocess.run([pdftoppm, "-r", "60", "-png", f"{printed}.pdf", printed], check=True)  # noqa: S603 - ours  # nosec B603
        browser.close()
    _shown_list(pdftoppm)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}/")


def _shown_list(pdftoppm: str) -> None:
    """Take the picture of the longest invitation list of the demo."""
    with tempfile.TemporaryDirectory() as name:
        with same_secrets("demo"):
            ok("demo", Path(name) / "demo")
        lists = sorted((Path(name) / "demo" / "workspace" / "lists").glob("20*/*.pdf"))
        longest = max(lists, key=lambda path: path.stat().st_size)
        words = [pdftoppm, *PART_OF_PAGE, "-singlefile", "-png", longest, SHOWN_LIST.with_suffix("")]
        subprocess.run(words, check=True)  # noqa: S603 - ours  # nosec B603


if __name__ == "__main__":
    main(Path(sys.argv[1]))
