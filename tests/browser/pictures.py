"""`python -m tests.browser.pictures` draws the README's pictures of the status page anew."""

from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ROOT, drawn
from tests.browser.gallery import staged
from tests.observe.stage import served

FOLDER = ROOT / "docs" / "pictures"
PICTURES = {
    "status-light": ("/", "light", 1760, 1240),
    "status-dark": ("/gateways/frankfurt", "dark", 390, 844),
    "gateway-light": ("/gateways/tokyo", "light", 1280, 980),
}
"""Path, colour scheme, width, height."""
GATEWAYS = 60


def draw(folder: Path) -> None:
    """Write them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with staged(GATEWAYS) as stage, served(stage) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        for name, (path, scheme, width, height) in PICTURES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                locale="en-GB",
                timezone_id="Europe/Berlin",
                reduced_motion="reduce",
            )
            page.goto(f"http://127.0.0.1:{server.port}{path}")
            drawn(page)
            if "gateways" in path:
                page.wait_for_selector("button.day")
            page.screenshot(path=folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    draw(FOLDER)
