"""`python -m tests.browser.pictures` draws the README's pictures of the status page anew."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT
from tests.browser.gallery import staged
from tests.observe.stage import served

FOLDER = ROOT / "docs" / "pictures"
PICTURES = {"status-light": ("light", 1280, 1130), "status-dark": ("dark", 390, 844)}
"""Colour scheme, width, height."""


def draw(folder: Path) -> None:
    """Write them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with staged() as stage, served(stage) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        for name, (scheme, width, height) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="en-GB",
                timezone_id="Europe/Berlin",
            )
            page.goto(f"http://127.0.0.1:{server.port}/")
            page.wait_for_selector(".line .seen")
            if scheme == "dark":
                page.evaluate("document.getElementById('card-frankfurt').scrollIntoView()")
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    draw(FOLDER)
