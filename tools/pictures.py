"""Take pictures of the council's page: on a telephone, on a laptop, and as it comes out of a printer.

Every state of the answer is shown, in Dutch, and one in English; the women are made up. Chromium draws the pages.
"""

from __future__ import annotations

import shutil
import subprocess  # nosec B404
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "unit"))
from test_council_words import EN, NL, STATES, at  # noqa: E402 - the tests have made-up towns in every state

from smartstart.report.council.content import document  # noqa: E402
from smartstart.report.council.gate import release  # noqa: E402
from smartstart.report.council.page import html_page  # noqa: E402

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
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}/")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
